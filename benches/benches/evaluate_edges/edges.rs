//! The labelled edges, with three seeds of the tables.

use crate::ranking::Ranking;
use flate2::read::MultiGzDecoder;
use homeostat_baseline::{Edge, EdgeModel};
use homeostat_benches::cpu_seconds;
use homeostat_core::Timestamp;
use std::error::Error;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

/// Prints AUC, AP, TPR at 1e-3, macro AUC and speed for each seed, then the mean.
pub(crate) fn print(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    MultiGzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let mut cell = || cells.next().ok_or("a row with too few cells");
        let time = Timestamp::from_micros(cell()?.parse::<i64>()? * 1_000_000);
        rows.push(Edge { time, source: cell()?, destination: cell()? });
        labels.push(cell()?.to_owned());
    }
    println!("edges: {} of the corpus", rows.len());
    let mut sums = [0.0; 4];
    for seed in [1, 2, 3] {
        let started = Instant::now();
        let (before, mut model, mut scores) = (cpu_seconds(started), EdgeModel::new(seed), Vec::new());
        for edge in &rows {
            scores.push(model.learn(edge)?.bits().get());
        }
        let speed = rows.len() as f64 / (cpu_seconds(started) - before) / 1e6;
        let ranking = Ranking::of(&scores, &labels);
        let figures = [ranking.auc, ranking.ap, ranking.found, ranking.macro_auc()];
        tell(&format!("seed {seed}"), figures);
        println!("    {speed:.2} M edges/s, {} bytes, macro of {}", model.memory(), ranking.names.len());
        if seed == 1 {
            for (name, area) in &ranking.names {
                println!("    {name:<14} {area:.3}");
            }
            calibration(&scores, &labels);
        }
        for (sum, figure) in sums.iter_mut().zip(figures) {
            *sum += figure / 3.0;
        }
    }
    tell("mean", sums);
    Ok(())
}

fn tell(what: &str, [auc, ap, found, macro_auc]: [f64; 4]) {
    println!("  {what:<8} AUC {auc:.4}  AP {ap:.4}  TPR@1e-3 {found:.4}  macro {macro_auc:.4}");
}

/// How many ordinary edges reach so many bits, against how many should.
fn calibration(scores: &[f64], labels: &[String]) {
    let ordinary: Vec<f64> =
        scores.iter().zip(labels).filter(|(_, label)| *label == "-").map(|(bits, _)| *bits).collect();
    for bits in [2.0, 4.0, 7.0, 10.0] {
        let share = ordinary.iter().filter(|score| **score >= bits).count() as f64 / ordinary.len() as f64;
        println!(
            "    ordinary edges of {bits} bits and more: {:.2} of what is promised",
            share * bits.exp2()
        );
    }
}
