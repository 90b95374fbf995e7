//! Generated beacons of each jitter, loss and noise, against chance and people.

use homeostat_baseline::Periodicity;
use homeostat_benches::Draw;
use homeostat_core::Timestamp;
use std::time::Duration;

/// Beacons in a cell, and twice as many others.
const BEACONS: usize = 200;
/// Calls of each.
const CALLS: usize = 100;
const PERIOD: f64 = 300.0;

/// Prints the area under ROC of each cell.
pub(crate) fn print() {
    println!("beacons of {CALLS} calls against chance and people: AUC, and TPR at 1 % false alarms");
    let mut draw = Draw::new(11);
    let streams = (0..BEACONS).flat_map(|_| [chance(&mut draw), person(&mut draw)]).collect::<Vec<_>>();
    let mut others: Vec<f64> = streams.iter().map(|times| bits(times)).collect();
    others.sort_unstable_by(f64::total_cmp);
    for noise in [0.0, 0.1, 0.3] {
        for drops in [0.0, 0.1, 0.3, 0.5] {
            print!("  noise {noise:.1} drops {drops:.1}:");
            for jitter in [0.0, 0.1, 0.3, 0.5, 0.7, 0.95] {
                let beacons: Vec<f64> =
                    (0..BEACONS).map(|_| bits(&beacon(&mut draw, [jitter, drops, noise]))).collect();
                let (area, found) = figures(&beacons, &others);
                print!("  {:.0} % {area:.4} {found:.2}", jitter * 100.0);
            }
            println!();
        }
    }
}

fn figures(beacons: &[f64], others: &[f64]) -> (f64, f64) {
    let below = |bits: f64| others.partition_point(|other| *other < bits) as f64;
    let upto = |bits: f64| others.partition_point(|other| *other <= bits) as f64;
    let wins: f64 = beacons.iter().map(|bits| f64::midpoint(below(*bits), upto(*bits))).sum();
    let few = others.get(others.len() * 99 / 100).copied().unwrap_or(f64::MAX);
    let found = beacons.iter().filter(|bits| **bits > few).count() as f64;
    let count = beacons.len() as f64;
    (wins / count / others.len() as f64, found / count)
}

fn bits(times: &[f64]) -> f64 {
    let mut rhythm = Periodicity::default();
    for time in times {
        let micros = i64::try_from(Duration::from_secs_f64(*time).as_micros()).unwrap_or(i64::MAX);
        rhythm.learn(Timestamp::from_micros(micros), Duration::from_secs(1));
    }
    rhythm.bits().get()
}

/// Calls whose next is due a period after the last, more or less; some are lost, and others come between.
fn beacon(draw: &mut Draw, [jitter, drops, noise]: [f64; 3]) -> Vec<f64> {
    let (mut at, mut times) = (0.0, Vec::new());
    while times.len() < CALLS {
        at += PERIOD * (1.0 + jitter * (2.0 * even(draw) - 1.0));
        if even(draw) >= drops {
            times.push(at);
        }
        if even(draw) < noise {
            times.push(at + even(draw) * PERIOD);
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    times
}

fn chance(draw: &mut Draw) -> Vec<f64> {
    let mut at = 0.0;
    (0..CALLS)
        .map(|_| {
            at += exponential(draw, PERIOD);
            at
        })
        .collect()
}

/// Sessions of a few clicks, seconds to a minute apart, hours between them.
fn person(draw: &mut Draw) -> Vec<f64> {
    let (mut at, mut times) = (0.0, Vec::new());
    while times.len() < CALLS {
        at += exponential(draw, 5_400.0);
        for _ in 0..3 + draw.below(20) {
            at += exponential(draw, 15.0);
            times.push(at);
        }
    }
    times
}

fn even(draw: &mut Draw) -> f64 {
    draw.below(1 << 30) as f64 / f64::from(1_u32 << 30)
}

fn exponential(draw: &mut Draw, mean: f64) -> f64 {
    -mean * (1.0 - even(draw)).ln()
}
