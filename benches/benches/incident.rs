//! How many signals a second find their story, what an entity costs in memory, how long an incident takes to open and
//! a report over a million events to be written? All in one run; computing time of one core, beside putting the same
//! signals into the order of their time.

use homeostat_benches::{Draw, Peer, contest, cpu_seconds, people, turns};
use homeostat_core::{
    Bits, Domain, EntityKey, EventRef, Occurrence, Position, Role, Signal, State as _, TenantId, Timestamp,
};
use homeostat_core::{MemoryReach, MemoryValues};
use homeostat_identity::{Directory, Resolved};
use homeostat_incident::{Investigator, Update};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

const DAY: i64 = 86_400_000_000;
const KINDS: [&str; 4] = ["rate", "country", "app", "address"];

/// What a log looks like.
#[derive(Clone, Copy)]
struct Shape {
    title: &'static str,
    signals: u64,
    people: u64,
    days: i64,
    /// One in so many is heavy and involves a second entity; 0 for none.
    heavy: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let tests = turns(2) == 1;
    let scale = if tests { 1_000 } else { 1 };
    let shapes = [
        Shape { title: "detectors repeat themselves", signals: 1_000_000, people: 300, days: 1, heavy: 0 },
        Shape { title: "mixed, one in 50 heavy", signals: 200_000, people: 2_000, days: 7, heavy: 50 },
        Shape {
            title: "100,000 entities, four signals each",
            signals: 400_000,
            people: 100_000,
            days: 7,
            heavy: 0,
        },
    ];
    for shape in shapes {
        throughput(Shape {
            signals: shape.signals / scale,
            people: shape.people.min(shape.signals / scale),
            ..shape
        })?;
    }
    opening(if tests { 3 } else { 400 })?;
    report(1_000_000 / scale)
}

fn throughput(shape: Shape) -> Result<(), Box<dyn Error>> {
    let made = signals(shape)?;
    let before = resident();
    let investigator = investigate(&made);
    let (stats, grown) = (investigator.stats(), resident().saturating_sub(before));
    let entities = stats.entities.max(1);
    println!(
        "{}: {} entities, {} episodes, {} incidents; counted {} bytes an entity, resident {} KiB more",
        shape.title,
        stats.entities,
        stats.episodes,
        stats.incidents,
        stats.bytes / entities,
        grown
    );
    drop(investigator);
    let mut peers = [
        Peer::new("find the story", || investigate(black_box(&made)).incidents().len()),
        Peer::new("sort by time", || {
            let mut order: Vec<&Resolved> = made.iter().collect();
            order.sort_by_key(|resolved| (resolved.signal.time, resolved.signal.id));
            order.len()
        }),
    ];
    contest(shape.title, (made.len(), 0), turns(3), &mut peers);
    Ok(())
}

/// Mostly weak signals about single people; now and then a heavy one that involves a second.
fn signals(shape: Shape) -> Result<Vec<Resolved>, Box<dyn Error>> {
    let tenant = TenantId::new("acme")?;
    let (keys, mut draw) = (people(shape.people)?, Draw::new(7));
    let mut directory = Directory::new(tenant.clone());
    let mut made = Vec::new();
    let step = shape.days * DAY / i64::try_from(shape.signals)?;
    for number in 0..shape.signals {
        let spread = shape.people > 10_000;
        let who = if spread { number % shape.people } else { draw.skewed(shape.people) };
        let heavy = shape.heavy > 0 && draw.below(shape.heavy) == 0;
        let bits = Bits::new(if heavy { 14.0 } else { 2.0 + draw.below(4) as f64 });
        let kind = KINDS.get(usize::try_from(draw.below(4))?).copied().unwrap_or("rate");
        let at = occurrence(&tenant, number, i64::try_from(number)? * step)?;
        let mut signal = Signal::new(kind, &at, pick(&keys, who)?, bits);
        if heavy {
            signal.involve(pick(&keys, draw.skewed(shape.people))?.clone(), Role::Target);
        }
        made.push(directory.resolve_signal(&signal)?);
    }
    Ok(made)
}

fn occurrence(tenant: &TenantId, number: u64, time: i64) -> Result<Occurrence, Box<dyn Error>> {
    let (event, time) = (EventRef::new("bench", number)?, Timestamp::from_micros(time));
    Ok(Occurrence { tenant: tenant.clone(), event, time, domain: Domain::Identity })
}

fn pick(keys: &[EntityKey], at: u64) -> Result<&EntityKey, Box<dyn Error>> {
    Ok(keys.get(usize::try_from(at)?).ok_or("no such person")?)
}

fn investigate(made: &[Resolved]) -> Investigator {
    let mut investigator = Investigator::default();
    for (offset, resolved) in (0..).zip(made) {
        drop(black_box(investigator.observe(Position::at(offset), resolved)));
    }
    investigator.finish();
    investigator
}

/// So many intrusions, each of twelve rare signals within minutes, among the days of a thousand people: computing
/// time of the one signal with which each opens.
fn opening(intrusions: u64) -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::new("acme")?;
    let (keys, mut directory) = (people(1_000)?, Directory::new(tenant.clone()));
    let mut investigator = Investigator::builder().lateness(std::time::Duration::ZERO).build()?;
    let (mut draw, mut number, mut opened, mut all) = (Draw::new(11), 0, Vec::new(), Vec::new());
    for intrusion in 0..intrusions {
        let start = 2 * DAY + i64::try_from(intrusion)? * DAY / 24;
        for weak in 0..1_000 {
            let kind = KINDS.get(usize::try_from(draw.below(4))?).copied().unwrap_or("rate");
            let at = occurrence(&tenant, number, start + weak * 3_000_000)?;
            let said = Signal::new(kind, &at, pick(&keys, draw.skewed(1_000))?, Bits::new(2.0));
            observe(&mut investigator, &directory.resolve_signal(&said)?, number)?;
            number += 1;
        }
        for rare in 0..12 {
            let kind = format!("rare {}", draw.below(64));
            let at = occurrence(&tenant, number, start + 3_000_000_000 + rare * 20_000_000)?;
            let mut said = Signal::new(&kind, &at, pick(&keys, 900 + intrusion % 100)?, Bits::new(9.0));
            said.involve(pick(&keys, 800 + draw.below(100))?.clone(), Role::Target);
            let resolved = directory.resolve_signal(&said)?;
            let (new, nanos) = observe(&mut investigator, &resolved, number)?;
            all.push(nanos);
            opened.extend(new.then_some(nanos));
            number += 1;
        }
    }
    println!("opening: {} of {number} signals opened an incident: {}", opened.len(), spread(&mut opened));
    println!("opening: any signal of an intrusion: {}", spread(&mut all));
    Ok(())
}

/// Whether the signal opened an incident, and its seconds of computing.
fn observe(book: &mut Investigator, resolved: &Resolved, number: u64) -> Result<(bool, f64), Box<dyn Error>> {
    let since = Instant::now();
    let updates = book.observe(Position::at(number), resolved)?.applied().unwrap_or_default();
    let passed = since.elapsed().as_secs_f64();
    Ok((updates.iter().any(|update| matches!(update, Update::Opened(_))), passed))
}

fn spread(times: &mut [f64]) -> String {
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(0.0) * 1e3;
    format!("p50 {:.3} ms, p99 {:.3} ms, most {:.3} ms", at(50), at(99), times.last().unwrap_or(&0.0) * 1e3)
}

/// An incident among so many stored events, told in full: read, answered, and written as JSON and HTML.
fn report(events: u64) -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::new("acme")?;
    let (keys, mut directory) = (people(2_000)?, Directory::new(tenant.clone()));
    let mut investigator = Investigator::default();
    let mut draw = Draw::new(5);
    let step = 7 * DAY / i64::try_from(events)?;
    for number in 0..events {
        let attack = number % 97 == 0 && number > events * 9 / 10;
        let kind =
            if attack { format!("rare {}", draw.below(24)) } else { KINDS.map(String::from)[0].clone() };
        let who = if attack { 1_999 } else { draw.skewed(1_900) };
        let at = occurrence(&tenant, number, i64::try_from(number)? * step)?;
        let bits = Bits::new(if attack { 12.0 } else { 2.0 });
        let mut said = Signal::new(&kind, &at, pick(&keys, who)?, bits);
        if attack {
            said.involve(pick(&keys, 1_900 + draw.below(99))?.clone(), Role::Target);
        }
        let resolved = directory.resolve_signal(&said)?;
        investigator.observe(Position::at(number), &resolved)?;
    }
    investigator.finish();
    let (mut times, mut told, started) = (Vec::new(), (0, 0), Instant::now());
    let first = investigator.incidents().first().map(homeostat_incident::Incident::id);
    for _ in 0..turns(21) {
        let before = cpu_seconds(started);
        let incident = first.and_then(|id| investigator.incident(id));
        let report =
            incident.map(|incident| incident.report(&MemoryReach::default(), &MemoryValues::default()));
        told = report.map_or((0, 0), |r| (r.events.len(), black_box(r.to_json().len() + r.to_html().len())));
        times.push(cpu_seconds(started) - before);
    }
    let (kept, bytes) = told;
    println!("report over {events} events: {kept} in the incident, {bytes} bytes: {}", spread(&mut times));
    Ok(())
}

/// Resident memory in KiB, from Linux; 0 elsewhere.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
