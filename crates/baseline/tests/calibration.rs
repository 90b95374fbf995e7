//! Seeded entities with hours of the week and over-dispersion: are alarms as rare as their bits say, and is what
//! is injected found? Prints its figures.

#![cfg(test)]

use homeostat_baseline::{Baseline, Observation};
use homeostat_core::{EntityKey, EntityKind, Position, State as _, Timestamp};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000_000;

/// `SplitMix64`: a published generator, enough for tests.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Gamma of an integer shape and mean 1.
    fn gamma(&mut self, shape: u32) -> f64 {
        (0..shape).map(|_| self.exponential()).sum::<f64>() / f64::from(shape)
    }

    fn poisson(&mut self, mean: f64) -> u32 {
        let mut left = mean;
        let mut count = 0;
        loop {
            left -= self.exponential();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "far below 2^53")]
fn whole(number: f64) -> i64 {
    number as i64
}

/// One simulated entity: its level, its hours, its scatter, the values it uses.
struct Actor {
    key: EntityKey,
    level: f64,
    shape: u32,
    starts: i64,
    home: u64,
}

impl Actor {
    fn new(number: u64, random: &mut Seeded) -> Self {
        Self {
            key: EntityKey::new(EntityKind::Upn, "acme", &format!("user{number}@acme.example")).unwrap(),
            level: 0.5 * (random.exponential() + 0.2) * 10.0,
            shape: 2 + u32::try_from(random.next() % 6).unwrap(),
            starts: 6 + (random.next() % 4).cast_signed(),
            home: random.next() % 5,
        }
    }

    fn expected(&self, hour: i64) -> f64 {
        let (day, of_day) = (hour.div_euclid(24).rem_euclid(7), hour.rem_euclid(24));
        let working = (self.starts..self.starts + 9).contains(&of_day) && day != 2 && day != 3;
        if working { self.level } else { self.level * 0.02 }
    }

    fn app(&self, random: &mut Seeded) -> u64 {
        // Twelve applications, the first ones far more often.
        (whole(12.0 * random.uniform() * random.uniform() * random.uniform()).unsigned_abs() + self.home) % 14
    }

    fn event(&self, micros: i64, random: &mut Seeded) -> Observation {
        let size = libm::exp(8.0 + 1.5 * (random.uniform() + random.uniform() + random.uniform() - 1.5));
        Observation::new(self.key.clone(), Timestamp::from_micros(micros))
            .of_group("staff")
            .with("country", format!("c{}", self.home))
            .with("app", format!("app{}", self.app(random)))
            .with("url", format!("{}", random.next()))
            .measure("bytes_out", size)
    }
}

struct Stream {
    baseline: Baseline,
    offset: u64,
    // Of each aspect, events scored at least 6.64 and 9.97 bits: 1 in 100 and 1 in 1,000.
    tally: BTreeMap<String, [u32; 2]>,
}

impl Stream {
    fn observe(&mut self, observation: &Observation) -> homeostat_baseline::Verdict {
        self.offset += 1;
        let verdict =
            self.baseline.observe(Position::at(self.offset), observation).unwrap().applied().unwrap();
        let parts = verdict.contributions().iter().map(|part| (part.aspect(), part.bits()));
        for (aspect, bits) in parts.chain([("together", verdict.bits())]) {
            let counts = self.tally.entry(aspect.to_owned()).or_default();
            counts[0] += u32::from(bits.get() >= 6.644);
            counts[1] += u32::from(bits.get() >= 9.966);
        }
        verdict
    }
}

/// Runs `hours` of ordinary life and gives, per entity-hour with events, the most bits of any event in it and
/// the most bits of its rate.
fn live(
    actors: &[Actor],
    stream: &mut Stream,
    hours: std::ops::Range<i64>,
    random: &mut Seeded,
) -> Vec<(f64, f64)> {
    let mut peaks = Vec::new();
    for hour in hours {
        let mut events = Vec::new();
        for (number, actor) in actors.iter().enumerate() {
            let scatter = random.gamma(actor.shape);
            for _ in 0..random.poisson(actor.expected(hour) * scatter) {
                events.push((hour * HOUR + whole(random.uniform() * HOUR as f64), number));
            }
        }
        events.sort_unstable();
        let mut peak = vec![(0.0_f64, 0.0_f64); actors.len()];
        for (micros, number) in events {
            let verdict = stream.observe(&actors[number].event(micros, random));
            let rate = verdict.contributions().iter().find(|part| part.aspect() == "rate");
            peak[number].0 = peak[number].0.max(verdict.bits().get());
            peak[number].1 = peak[number].1.max(rate.map_or(0.0, |part| part.bits().get()));
        }
        peaks.extend(peak);
    }
    peaks
}

#[test]
fn alarms_are_as_rare_as_their_bits_say_and_what_is_injected_is_found() {
    let mut random = Seeded(20_261_121);
    let actors: Vec<Actor> = (0..60).map(|number| Actor::new(number, &mut random)).collect();
    let mut stream = Stream { baseline: Baseline::default(), offset: 0, tally: BTreeMap::new() };
    let start = 20_773 * 24;
    live(&actors, &mut stream, start..start + 28 * 24, &mut random);
    let from = start + 28 * 24;
    let before = stream.offset;
    stream.tally.clear();
    let peaks = live(&actors, &mut stream, from..from + 14 * 24, &mut random);
    let events = (stream.offset - before) as f64;
    for (aspect, [hundredth, thousandth]) in &stream.tally {
        let (hundredth, thousandth) =
            (f64::from(*hundredth) / events * 100.0, f64::from(*thousandth) / events * 1e3);
        println!("{aspect}: {hundredth:.2} of the nominal 1 in 100 events, {thousandth:.2} of 1 in 1,000");
    }
    let entity_days = (actors.len() * 14) as f64;
    for per_day in [0.24, 0.024] {
        let bits = -(per_day / 24.0_f64).log2();
        let rate = peaks.iter().filter(|peak| peak.1 >= bits).count() as f64 / entity_days;
        let any = peaks.iter().filter(|peak| peak.0 >= bits).count() as f64 / entity_days;
        println!(
            "promised {per_day} a entity-day: rate {:.2} of it, all aspects {:.2}",
            rate / per_day,
            any / per_day
        );
        assert!(rate / per_day < 1.5, "rate alarms {rate} of {per_day}");
    }

    let now = (from + 14 * 24 + 2 * 168) * HOUR;
    let (mut bursts, mut strange, mut exports, mut quiet) = (0, 0, 0, 0);
    for actor in &actors {
        let burst = whole((actor.level * 8.0).max(40.0));
        let busiest = (from + 14 * 24) * HOUR + (actor.starts + 1) * HOUR;
        let mut most = 0.0_f64;
        for n in 0..burst {
            let score = stream.observe(&actor.event(busiest + n * HOUR / burst, &mut random));
            most = most.max(
                score
                    .contributions()
                    .iter()
                    .filter(|part| part.aspect() == "rate")
                    .map(|part| part.bits().get())
                    .fold(0.0, f64::max),
            );
        }
        bursts += usize::from(most >= 10.0);
        let at = Timestamp::from_micros(now);
        let odd = Observation::new(actor.key.clone(), at)
            .of_group("staff")
            .with("country", "never seen")
            .with("app", "app0");
        let verdict = stream.baseline.score(&odd.uncounted()).unwrap();
        strange +=
            usize::from(verdict.bits().get() >= 10.0 && verdict.contributions()[0].aspect() == "country");
        assert!(verdict.contributions().is_empty() || verdict.without_top() < verdict.bits());
        let export =
            Observation::new(actor.key.clone(), at).of_group("staff").measure("bytes_out", 5e9).uncounted();
        exports += usize::from(stream.baseline.score(&export).unwrap().bits().get() >= 10.0);
        let url =
            Observation::new(actor.key.clone(), at).of_group("staff").with("url", "never seen").uncounted();
        quiet += usize::from(stream.baseline.score(&url).unwrap().bits().get() < 2.0);
    }
    println!(
        "found of 60: bursts {bursts}, new countries {strange}, exports {exports}; new urls that are no news {quiet}"
    );
    assert!(bursts >= 51 && strange >= 54 && exports >= 54 && quiet >= 57);
    let bytes: Vec<usize> =
        actors.iter().filter_map(|actor| stream.baseline.entity_bytes(&actor.key)).collect();
    println!(
        "bytes an entity: mean {}, most {}",
        bytes.iter().sum::<usize>() / bytes.len(),
        bytes.iter().max().unwrap()
    );
    assert!(bytes.iter().all(|bytes| *bytes <= 2_048));
}

#[test]
fn a_newcomer_is_judged_by_its_peers_from_the_first_event() {
    let mut random = Seeded(7);
    let actors: Vec<Actor> = (0..40).map(|number| Actor::new(number, &mut random)).collect();
    let mut stream = Stream { baseline: Baseline::default(), offset: 0, tally: BTreeMap::new() };
    let start = 20_773 * 24;
    live(&actors, &mut stream, start..start + 14 * 24, &mut random);
    let new = || EntityKey::new(EntityKind::Upn, "acme", "new@acme.example").unwrap();
    let at = Timestamp::from_micros((start + 14 * 24 + 9) * HOUR);
    let usual = Observation::new(new(), at).of_group("staff").with("country", "c1").with("app", "app1");
    let odd = Observation::new(new(), at).of_group("staff").with("country", "c9").with("app", "tor");
    let (usual, odd) = (stream.observe(&usual).bits().get(), stream.observe(&odd).bits().get());
    println!("newcomer: usual for peers {usual:.1} bits, new to all {odd:.1} bits");
    assert!(usual < 2.5 && odd > usual + 3.0);
}

#[test]
fn silence_is_told_once_and_of_those_alone_who_used_to_speak() {
    let mut stream = Stream { baseline: Baseline::default(), offset: 0, tally: BTreeMap::new() };
    let beat = EntityKey::new(EntityKind::Hostname, "acme", "sensor-1").unwrap();
    let rare = EntityKey::new(EntityKind::Hostname, "acme", "printer").unwrap();
    for minute in 0..28 * 24 * 6 {
        let time = Timestamp::from_micros(minute * HOUR / 6);
        stream.observe(&Observation::new(beat.clone(), time));
        if minute % 700 == 0 {
            stream.observe(&Observation::new(rare.clone(), time));
        }
    }
    let later = |hours: i64| Timestamp::from_micros((28 * 24 + hours) * HOUR);
    assert_eq!(stream.baseline.tick(later(1)).len(), 0);
    let told = stream.baseline.tick(later(26));
    assert_eq!(told.iter().map(|silence| silence.verdict.entity().clone()).collect::<Vec<_>>(), [beat]);
    println!("a day's silence of a sensor: {}", told[0].verdict.bits());
    assert!(stream.baseline.tick(later(27)).is_empty(), "once");
}

#[test]
fn a_flood_does_not_become_the_normal_and_usual_repetition_is_learnt() {
    let mut stream = Stream { baseline: Baseline::default(), offset: 0, tally: BTreeMap::new() };
    let host = EntityKey::new(EntityKind::Hostname, "acme", "web").unwrap();
    let request = |micros: i64, path: &str| {
        Observation::new(host.clone(), Timestamp::from_micros(micros)).with("path", path.to_owned())
    };
    for hour in 0..14 * 24 {
        for n in 0..30 {
            stream.observe(&request(hour * HOUR + n * 1_000_000, "/health"));
        }
        stream.observe(&request(hour * HOUR + 31_000_000, "/login"));
    }
    let attack = 14 * 24 * HOUR;
    let before = stream.baseline.score(&request(attack, "/admin")).unwrap().bits().get();
    for n in 0..5_000 {
        stream.observe(&request(attack + n * 10_000, "/admin"));
    }
    let after = stream.baseline.score(&request(attack + HOUR, "/admin").uncounted()).unwrap().bits().get();
    let usual = stream.baseline.score(&request(attack + HOUR, "/health").uncounted()).unwrap().bits().get();
    println!("flood: {before:.1} bits before, {after:.1} after; usual repetition {usual:.1}");
    assert!(after > 4.0 && usual < 1.5 && before > 5.0);
}
