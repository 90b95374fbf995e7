//! How many observations does one thread score and learn in a second of its computing time, and how many bytes does an
//! entity take: an active one, and one that was seen once?
//!
//! `cargo run --release -p homeostat-baseline --example throughput [ENTITIES]`

use homeostat_baseline::{Baseline, Observation};
use homeostat_core::{EntityKey, EntityKind, Position, State as _, Timestamp};
use std::collections::HashSet;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let entities: u64 = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let keys = (0..entities)
        .map(|n| EntityKey::new(EntityKind::Upn, "acme", &format!("user{n}@acme.example")))
        .collect::<Result<Vec<_>, _>>()?;
    let mut state = 7_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    // A few entities do most: the smaller of two draws, twice.
    let mut skewed = || (next() % entities).min(next() % entities).min(next() % entities);
    let made: Vec<Observation> = (0..1_000_000_u64)
        .filter_map(|n| {
            let who = skewed();
            let key = keys.get(usize::try_from(who).ok()?)?.clone();
            let time = Timestamp::from_micros(i64::try_from(n).ok()? * 600_000);
            Some(
                Observation::new(key, time)
                    .with("country", if who % 3 == 0 { "DE" } else { "FR" })
                    .with("app", format!("app{}", (n ^ who) % 4))
                    .with("agent", "browser")
                    .with("address", format!("192.0.2.{}", (who * 7 + n % 3) % 250))
                    .measure("bytes_out", (n % 10_000) as f64),
            )
        })
        .collect();
    let mut baseline = Baseline::default();
    let (began, mut bits) = (Instant::now(), 0.0);
    let start = computing(began);
    for (offset, observation) in (0..).zip(&made) {
        if let Some(verdict) = baseline.observe(Position::at(offset), observation)?.applied() {
            bits += verdict.bits().get();
        }
    }
    let seconds = computing(began) - start;
    let held = baseline.stats();
    println!(
        "{:.0} observations/s of 5 features and a rate, {} entities",
        made.len() as f64 / seconds,
        held.entities
    );
    println!(
        "{} bytes an entity in memory, mean {:.3} bits",
        held.bytes / held.entities.max(1),
        bits / made.len() as f64
    );
    let start = computing(began);
    let bytes = baseline.to_bytes();
    println!(
        "snapshot {} bytes an entity, {:.2} s",
        bytes.len() as u64 / held.entities.max(1),
        computing(began) - start
    );
    let idle = seen_once(&made)?.stats();
    println!("{} bytes an entity in memory that was seen once", idle.bytes / idle.entities.max(1));
    Ok(())
}

/// Every entity's first observation, and the minutes after it in which it is learnt.
fn seen_once(made: &[Observation]) -> Result<Baseline, Box<dyn std::error::Error>> {
    let (mut baseline, mut known) = (Baseline::default(), HashSet::new());
    for (offset, first) in (0..).zip(made.iter().filter(|made| known.insert(made.entity().clone()))) {
        baseline.observe(Position::at(offset), first)?;
    }
    if let Some(last) = made.last().and_then(|last| last.time().micros()) {
        baseline.tick(Timestamp::from_micros(last + 86_400_000_000));
    }
    Ok(baseline)
}

/// Seconds of computing that this thread has had, which other work on the machine does not lengthen; where the
/// scheduler does not tell, seconds that have passed.
fn computing(began: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.as_deref().and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or_else(|| began.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}
