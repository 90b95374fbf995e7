//! Is the promised number of findings kept, and is what is injected found within it?
//!
//! `cargo bench -p homeostat-benches --bench evaluate_budget`, with `HOMEOSTAT_CORPUS` for real counts too.
//! Prints, per promise, realised over promised findings and the share of injected bursts found; of slow ramps the
//! share found by ×2.5; and a tenant's first day. Bursts are shown to a copy, so that they cost no budget.

mod real;
mod watch;
mod world;

use homeostat_baseline::{Budget, LocalTime};
use homeostat_core::{EntityKey, Timestamp};
use std::error::Error;
use watch::{HOUR, MONDAY, PROMISES, Watch, keys};
use world::{World, whole};

const ENTITIES: usize = 300;
const LEARN_DAYS: i64 = 28;
const TEST_DAYS: i64 = 90;

fn main() -> Result<(), Box<dyn Error>> {
    let seeds: u64 = if std::env::args().any(|argument| argument == "--test") { 1 } else { 3 };
    let parts = std::env::var("PARTS").unwrap_or_else(|_| "budget,first,ramp,real".to_owned());
    if parts.contains("budget") {
        let mut tables = Vec::new();
        for seed in 0..seeds {
            tables.push(budget(seed)?);
        }
        print("300 seeded entities, 90 days, with a change of clock", &tables);
    }
    if parts.contains("first") {
        first_day(seeds * 5)?;
    }
    if parts.contains("ramp") {
        for percent in [1.0, 2.0, 3.0, 5.0] {
            ramps(seeds, percent)?;
        }
    }
    if parts.contains("real") {
        real::all()?;
    }
    Ok(())
}

/// Per promise: findings, findings promised, bursts, bursts found.
pub(crate) type Table = [[f64; 4]; 3];

pub(crate) fn print(title: &str, tables: &[Table]) {
    println!("{title}");
    for (at, promise) in PROMISES.iter().enumerate() {
        let sum = |part: usize| -> f64 { tables.iter().filter_map(|table| table.get(at)?.get(part)).sum() };
        println!(
            "  promised {promise} an entity-day: {:.0} of {:.1} findings, ratio {:.2}; {:.0} bursts, found {:.3}",
            sum(0),
            sum(1),
            sum(0) / sum(1),
            sum(2),
            sum(3) / sum(2).max(1.0)
        );
    }
}

fn berlin() -> Result<LocalTime, Box<dyn Error>> {
    let change = (MONDAY + (LEARN_DAYS + 20) * 24) * HOUR;
    Ok(LocalTime::new(&[(Timestamp::from_micros(0), 60), (Timestamp::from_micros(change), 120)])?)
}

/// Hours that local time is ahead, with a change of clock in the test.
fn ahead(hour: i64) -> i64 {
    if hour < (LEARN_DAYS + 20) * 24 { 1 } else { 2 }
}

fn budget(seed: u64) -> Result<Table, Box<dyn Error>> {
    let (mut world, keys) = (World::new(seed, ENTITIES), keys(ENTITIES)?);
    let mut watch = Watch::new(&PROMISES, berlin()?)?;
    let mut table = Table::default();
    let mut before = Vec::new();
    for hour in 0..(LEARN_DAYS + TEST_DAYS) * 24 {
        if hour == LEARN_DAYS * 24 {
            before = watch.budgets.iter().map(Budget::realised).collect();
        }
        if hour % 24 == 0 {
            world.drift();
        }
        if hour >= LEARN_DAYS * 24 {
            // One burst an entity in the whole test, wherever there is something to multiply.
            for (who, key) in keys.iter().enumerate() {
                let due = world.unit() < 1.0 / (TEST_DAYS as f64 * 9.0);
                if due && world.expected(who, hour + ahead(hour)) >= 1.0 {
                    burst(&mut world, (who, key), hour, &watch, &mut table)?;
                }
            }
        }
        for (who, key) in keys.iter().enumerate() {
            let mean = world.expected(who, hour + ahead(hour));
            let count = world.count(who, mean);
            if count > 0 {
                watch.count(key, hour, count)?;
            }
        }
    }
    for ((row, budget), before) in table.iter_mut().zip(&watch.budgets).zip(before) {
        let now = budget.realised();
        row[0] = (now.findings - before.findings) as f64;
        row[1] = now.promised - before.promised;
        println!(
            "    seed {seed}: {:?} rested {} withheld {} threshold {:.1}",
            budget.promise(),
            now.rested - before.rested,
            now.withheld - before.withheld,
            budget.threshold().get()
        );
    }
    Ok(table)
}

/// A burst of ×4 to ×12 over one to three hours, shown to a copy.
fn burst(
    world: &mut World,
    (who, key): (usize, &EntityKey),
    hour: i64,
    watch: &Watch,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    let mut copy = watch.clone();
    let factor = 4.0 + 8.0 * world.unit();
    let hours = 1 + whole(world.unit() * 3.0).min(2);
    let mut found = [false; 3];
    for at in hour..hour + i64::from(hours) {
        let mean = world.expected(who, at + ahead(at)) * factor;
        let count = world.count(who, mean);
        for (found, told) in found.iter_mut().zip(copy.count(key, at, count)?) {
            *found |= told;
        }
    }
    for (row, found) in table.iter_mut().zip(found) {
        row[2] += 1.0;
        row[3] += f64::from(u8::from(found));
    }
    Ok(())
}

/// Entities that a tenant, or a grown tenant, has never seen: findings of their first day.
fn first_day(seeds: u64) -> Result<(), Box<dyn Error>> {
    let mut sums = [[0.0; 2]; 3];
    for seed in 100..100 + seeds {
        let (mut world, keys) = (World::new(seed, ENTITIES), keys(ENTITIES)?);
        let mut watch = Watch::new(&PROMISES, LocalTime::default())?;
        for hour in 0..24 {
            for (who, key) in keys.iter().enumerate() {
                let mean = world.expected(who, hour);
                let count = world.count(who, mean);
                if count > 0 {
                    watch.count(key, hour, count)?;
                }
            }
        }
        for (sum, budget) in sums.iter_mut().zip(&watch.budgets) {
            sum[0] += budget.realised().findings as f64;
            sum[1] += ENTITIES as f64;
        }
    }
    for (promise, sum) in PROMISES.iter().zip(sums) {
        println!(
            "a tenant's first day, promised {promise}: {:.0} findings of {:.1}, ratio {:.2}",
            sum[0],
            sum[1] * promise,
            sum[0] / (sum[1] * promise)
        );
    }
    Ok(())
}

/// A few entities rise day by day to eight times: which are found by ×2.5, at 0.002 an entity-day?
fn ramps(seeds: u64, percent: f64) -> Result<(), Box<dyn Error>> {
    const START: i64 = 70;
    let (mut all, mut early, mut multiples) = (0, 0, Vec::new());
    let (mut findings, mut promised) = (0.0, 0.0);
    for seed in 200..200 + seeds {
        let (mut world, keys) = (World::new(seed, ENTITIES), keys(ENTITIES)?);
        let mut watch = Watch::new(&[0.002], LocalTime::default())?;
        let days = START + i64::from(whole((8_f64.ln() / (percent / 100.0_f64).ln_1p()).ceil()));
        let mut caught = vec![None; ENTITIES];
        for hour in 0..days * 24 {
            if hour % 24 == 0 {
                world.drift();
            }
            let risen = (1.0 + percent / 100.0).powf(((hour / 24 - START).max(0)) as f64);
            for (who, key) in keys.iter().enumerate() {
                let ramping = who % 60 == 7;
                let mean = world.expected(who, hour) * if ramping { risen } else { 1.0 };
                let count = world.count(who, mean);
                if count == 0 {
                    continue;
                }
                let told = watch.count(key, hour, count)?.contains(&true);
                if told && ramping && hour >= START * 24 {
                    if let Some(caught) = caught.get_mut(who) {
                        caught.get_or_insert(risen);
                    }
                } else if told && hour >= 28 * 24 {
                    findings += 1.0;
                }
            }
        }
        promised += 0.002 * (ENTITIES as f64) * (days - 28) as f64;
        all += ENTITIES / 60;
        let found: Vec<f64> = caught.into_iter().flatten().collect();
        early += found.iter().filter(|multiple| **multiple <= 2.5).count();
        multiples.extend(found);
    }
    multiples.sort_unstable_by(f64::total_cmp);
    let median = multiples.get(multiples.len() / 2).copied().unwrap_or(f64::NAN);
    println!(
        "ramps of {percent} % a day: {early} of {all} found by x2.5, median x{median:.2}; others {findings:.0} findings of {promised:.1}"
    );
    Ok(())
}
