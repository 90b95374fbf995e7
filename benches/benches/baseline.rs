//! How many observations a second are scored and learnt, and how many bytes does an entity take?
//!
//! Beside the least that any model does: counting per entity and hour, without a score.

use criterion::{Criterion, Throughput};
use homeostat_baseline::{Baseline, Observation};
use homeostat_benches::{Draw, people};
use homeostat_core::{Position, State as _, Timestamp};
use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;

const OBSERVATIONS: u64 = 50_000;
const ENTITIES: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let made = observations()?;
    let held = learn(&made).stats();
    println!("{} bytes an entity in memory, {} entities", held.bytes / held.entities.max(1), held.entities);
    let mut group = criterion.benchmark_group("baseline/observe");
    group.throughput(Throughput::Elements(OBSERVATIONS)).sample_size(10);
    group.bench_function("score and learn", |bencher| bencher.iter(|| learn(black_box(&made))));
    group.bench_function("count alone (peer)", |bencher| bencher.iter(|| count(black_box(&made))));
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// Four categories and a size each; a few entities do most.
fn observations() -> Result<Vec<Observation>, Box<dyn Error>> {
    let (keys, mut draw, mut made) = (people(ENTITIES)?, Draw::new(7), Vec::new());
    for number in 0..OBSERVATIONS {
        let who = draw.skewed(ENTITIES);
        let key = keys.get(usize::try_from(who)?).ok_or("no such person")?.clone();
        let time = Timestamp::from_micros(i64::try_from(number)? * 12_000_000);
        let observation = Observation::new(key, time)
            .with("country", if who % 3 == 0 { "DE" } else { "FR" })
            .with("app", format!("app{}", (number ^ who) % 4))
            .with("agent", "browser")
            .with("address", format!("192.0.2.{}", (who * 7 + number % 3) % 250))
            .measure("bytes_out", draw.below(10_000) as f64);
        made.push(observation);
    }
    Ok(made)
}

fn learn(made: &[Observation]) -> Baseline {
    let mut baseline = Baseline::default();
    for (offset, observation) in (0..).zip(made) {
        drop(black_box(baseline.observe(Position::at(offset), observation)));
    }
    baseline
}

fn count(made: &[Observation]) -> usize {
    let mut counts = BTreeMap::<_, u64>::new();
    for one in made {
        *counts
            .entry((one.entity().clone(), one.time().micros().unwrap_or(0) / 3_600_000_000))
            .or_default() += 1;
    }
    counts.len()
}
