//! Laws and stories of a client's queries, on names made up or generated.

use super::*;
use crate::seed::both;
use proptest::prelude::*;
use std::sync::LazyLock;

const WORDS: [&str; 12] = [
    "weather", "garden", "music", "travel", "school", "river", "market", "silver", "castle", "forest",
    "window", "paper",
];

/// A client of a small office and its group.
struct Office {
    client: DnsProfile,
    group: DnsProfile,
}

impl Office {
    /// After `days` of work: some dozen names an hour, a few mistyped ones a day.
    fn after(days: i64) -> Self {
        let mut office = Self { client: DnsProfile::new(1), group: DnsProfile::new(1) };
        for hour in 0..days * 24 {
            office.work(hour);
        }
        office
    }

    fn ask(&mut self, second: i64, name: &str, answer: DnsAnswer) -> DnsVerdict {
        let query =
            DnsQuery::new(Timestamp::from_micros(second * 1_000_000), DomainName::new(name).unwrap(), answer);
        self.client.observe(&query, Some(&mut self.group))
    }

    /// The most bits of an hour's work.
    fn work(&mut self, hour: i64) -> f64 {
        let mut most = 0.0_f64;
        for turn in 0..24 {
            let draw = both(hour.unsigned_abs(), turn);
            let at = |shift: u64| WORDS[usize::try_from(draw >> shift & 0xFFFF).unwrap() % WORDS.len()];
            let name = format!("www{}.{}{}.org", draw % 4, at(8), at(24));
            let answer = if draw.is_multiple_of(97) { DnsAnswer::Missing } else { DnsAnswer::Found };
            let second = hour * 3_600 + i64::try_from(turn).unwrap() * 150;
            most = most.max(self.ask(second, &name, answer).bits.get());
        }
        most
    }
}

/// A label without sense, of sixteen letters.
fn generated(seed: u64) -> String {
    (0..16_u64).map(|at| char::from(b'a' + u8::try_from(both(seed, at) >> 40 & 0xFF).unwrap() % 26)).collect()
}

#[test]
fn an_ordinary_week_is_quiet() {
    let mut office = Office::after(7);
    let hours: Vec<f64> = (7 * 24..14 * 24).map(|hour| office.work(hour)).collect();
    let told = hours.iter().filter(|bits| **bits >= 10.0).count();
    // 4,032 queries at one in a thousand.
    assert!(told <= 4, "{told}");
}

#[test]
fn generated_names_are_told_by_letters_and_by_their_number() {
    let mut office = Office::after(7);
    let second = 7 * 86_400;
    let one = office.ask(second, &format!("{}.org", generated(1)), DnsAnswer::Missing);
    assert!(one.letters.get() > 8.0, "{one:?}");
    let burst =
        (2..40).map(|seed| office.ask(second + 1, &format!("{}.org", generated(seed)), DnsAnswer::Missing));
    let last = burst.last().unwrap();
    assert!(last.missing.get() > 10.0 && last.bits.get() > 10.0 && last.missing_names > 25.0, "{last:?}");
}

#[test]
fn a_search_list_is_no_burst() {
    let mut office = Office::after(7);
    let asked = (0..200).map(|host| {
        office.ask(7 * 86_400, &format!("host{host}.corp.example.com"), DnsAnswer::Missing).missing.get()
    });
    assert!(asked.fold(0.0, f64::max) < 4.0);
}

#[test]
fn a_tunnel_is_told_and_repeating_a_name_is_none() {
    let mut office = Office::after(7);
    let second = 7 * 86_400;
    for _ in 0..1_000 {
        office.ask(second, "a-rather-long-name-that-is-asked-again-and-again.example.net", DnsAnswer::Found);
    }
    let again =
        office.ask(second, "a-rather-long-name-that-is-asked-again-and-again.example.net", DnsAnswer::Found);
    assert!(again.octets <= 0.0 && again.tunnel == Bits::ZERO, "{again:?}");
    let carried = (0..200).map(|part| {
        let name = format!("{}{}.x.example.net", generated(part), generated(part + 1_000));
        office.ask(second + 10, &name, DnsAnswer::Found)
    });
    let last = carried.last().unwrap();
    assert!(last.tunnel.get() > 10.0 && last.octets > 4_000.0, "{last:?}");
}

#[test]
fn a_name_that_always_carries_much_is_usual() {
    let mut office = Office::after(7);
    let mut last = None;
    for hour in 0..48 {
        for part in 0..60 {
            let name = format!("{}.scan.example.net", generated(hour * 100 + part));
            let second = 7 * 86_400 + i64::try_from(hour * 3_600 + part).unwrap();
            last = Some(office.ask(second, &name, DnsAnswer::Found));
        }
    }
    assert!(last.unwrap().tunnel.get() < 1.0, "{last:?}");
}

proptest! {
    #[test]
    fn any_queries_are_sound_and_survive_their_bytes(
        queries in prop::collection::vec((any::<i64>(), "[a-c.]{1,9}|\\PC{1,20}", any::<bool>()), 0..20), near: bool,
    ) {
        let (mut client, mut group) = (DnsProfile::new(3), DnsProfile::new(3));
        for (time, name, missing) in &queries {
            let time = if near { time % (100 * 3_600_000_000) } else { *time };
            let Some(name) = DomainName::new(name) else { continue };
            let answer = if *missing { DnsAnswer::Missing } else { DnsAnswer::Found };
            let query = DnsQuery::new(Timestamp::from_micros(time), name, answer);
            let mut restored = DnsProfile::from_bytes(&client.to_bytes()).unwrap();
            prop_assert!(restored == client);
            let mut copy = DnsProfile::from_bytes(&group.to_bytes()).unwrap();
            let told = client.observe(&query, Some(&mut group));
            prop_assert_eq!(told, restored.observe(&query, Some(&mut copy)));
            prop_assert!(restored == client && copy == group && told.bits.get().is_finite());
            prop_assert!(told.bits.get() <= told.letters.max(told.missing).max(told.tunnel).get() + 1e-9);
        }
    }

    #[test]
    fn damaged_bytes_are_refused(at in any::<usize>(), change in 1_u8..) {
        static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| Office::after(1).client.to_bytes());
        let mut bytes = BYTES.clone();
        let at = at % bytes.len();
        bytes[at] ^= change;
        prop_assert!(DnsProfile::from_bytes(&bytes).is_err());
    }
}
