//! How well are odd records told from ordinary ones, how fast, in how many bytes, and what does each rule give?
//!
//! On the labelled sets that `HOMEOSTAT_CORPUS` holds: score, then learn, one pass in file order, one default
//! configuration. AUC and AP over all rows; macro is the mean AUC of each attack name with 20 rows or more against
//! all ordinary rows. Arguments choose sets by name.

use flate2::read::MultiGzDecoder;
use homeostat_baseline::{Cell, Record, RecordConfig, RecordLearning, RecordModel, RecordScore};
use homeostat_benches::cpu_seconds;
use homeostat_core::{Bits, Position, State as _};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Columns that hold categories, though some of them look like numbers.
const WORDS: [&str; 7] =
    ["protocol_type", "service", "flag", "land", "logged_in", "is_host_login", "is_guest_login"];

const SETS: [&str; 7] = [
    "kdd99/kdd10s",
    "kdd99/kdd10",
    "adbench/http",
    "adbench/shuttle",
    "adbench/cover",
    "adbench/mammography",
    "adbench/annthyroid",
];

/// How many rows an attack name needs to count in the macro figure.
const ENOUGH: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS").map(PathBuf::from) else {
        println!("HOMEOSTAT_CORPUS is not set: nothing to evaluate");
        return Ok(());
    };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    for set in SETS {
        let asked = wanted.is_empty() || wanted.iter().any(|name| set.ends_with(name.as_str()));
        let path = corpus.join(format!("baseline/{set}.csv.gz"));
        if asked && path.exists() {
            evaluate(set, &Table::read(&path)?)?;
        }
    }
    Ok(())
}

fn evaluate(set: &str, table: &Table) -> Result<(), Box<dyn Error>> {
    println!("{set}: {} records of {} columns", table.labels.len(), table.width);
    for (name, learning) in [
        ("learn everything", RecordLearning::Everything),
        ("only the gate", RecordLearning::Gated),
        ("only the flood limit", RecordLearning::FloodLimited),
        ("both", RecordLearning::Guarded),
    ] {
        let scored = table.score(learning)?;
        let rows = table.labels.len() as f64;
        println!(
            "  {name}: {:.0} k records per CPU second, {} bytes",
            rows / scored.seconds / 1e3,
            scored.bytes
        );
        for (channel, bits) in CHANNELS {
            let told: Vec<f64> = scored.scores.iter().map(|score| bits(score).get()).collect();
            let (auc, ap, per_name) = table.judge(&told);
            println!("    {channel:<8} AUC {auc:.4}  AP {ap:.4}  macro {per_name:.4}");
        }
    }
    Ok(())
}

type Channel = fn(&RecordScore) -> Bits;

const CHANNELS: [(&str, Channel); 4] = [
    ("rarity", RecordScore::rarity),
    ("context", RecordScore::context),
    ("burst", RecordScore::burst),
    ("joined", RecordScore::bits),
];

/// A labelled set.
struct Table {
    text: String,
    width: usize,
    words: Vec<bool>,
    labels: Vec<String>,
}

struct Scored {
    scores: Vec<RecordScore>,
    seconds: f64,
    bytes: usize,
}

impl Table {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut text = String::new();
        MultiGzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
        let header: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
        let width = header.len() - 1;
        let words = header.iter().map(|name| WORDS.contains(name)).collect();
        let label = |line: &str| line.rsplit(',').next().unwrap_or_default().to_owned();
        let labels = text.lines().skip(1).map(label).collect();
        Ok(Self { text, width, words, labels })
    }

    fn score(&self, learning: RecordLearning) -> Result<Scored, Box<dyn Error>> {
        let mut cells: Vec<Cell<'_>> = Vec::new();
        for line in self.text.lines().skip(1) {
            for (text, is_word) in line.split(',').zip(&self.words).take(self.width) {
                cells.push(if *is_word {
                    Cell::Word(text)
                } else {
                    text.parse().map_or(Cell::Word(text), Cell::Number)
                });
            }
        }
        let mut config = RecordConfig::default();
        config.learning = learning;
        let mut model = RecordModel::new(config)?;
        let mut scores = Vec::with_capacity(self.labels.len());
        let started = Instant::now();
        let before = cpu_seconds(started);
        for (offset, row) in (0..).zip(cells.chunks(self.width)) {
            scores.extend(model.observe(Position::at(offset), &Record::new(row))?.applied());
        }
        Ok(Scored { scores, seconds: cpu_seconds(started) - before, bytes: model.stats().bytes })
    }

    /// AUC, AP and macro AUC.
    fn judge(&self, scores: &[f64]) -> (f64, f64, f64) {
        let is_ordinary = |label: &str| matches!(label, "0" | "-" | "normal");
        let rows = || scores.iter().copied().zip(self.labels.iter().map(String::as_str));
        let (auc, ap) = auc_and_ap(rows().map(|(score, label)| (score, !is_ordinary(label))).collect());
        let mut names = BTreeMap::<&str, usize>::new();
        for (_, label) in rows().filter(|(_, label)| !is_ordinary(label)) {
            *names.entry(label).or_default() += 1;
        }
        let of_name = |name: &str| {
            let part = rows().filter(|(_, label)| is_ordinary(label) || *label == name);
            auc_and_ap(part.map(|(score, label)| (score, !is_ordinary(label))).collect()).0
        };
        let each: Vec<f64> =
            names.iter().filter(|(_, n)| **n >= ENOUGH).map(|(name, _)| of_name(name)).collect();
        (auc, ap, each.iter().sum::<f64>() / each.len() as f64)
    }
}

/// The area under ROC (ties count half) and the average precision.
fn auc_and_ap(mut rows: Vec<(f64, bool)>) -> (f64, f64) {
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut hits, mut misses, mut auc, mut ap) = (0.0, 0.0, 0.0, 0.0);
    for tied in rows.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let odd = tied.iter().filter(|(_, odd)| *odd).count() as f64;
        let ordinary = tied.len() as f64 - odd;
        auc += ordinary * (hits + odd / 2.0);
        (hits, misses) = (hits + odd, misses + ordinary);
        ap += odd * hits / (hits + misses);
    }
    (auc / (hits * misses), ap / hits)
}
