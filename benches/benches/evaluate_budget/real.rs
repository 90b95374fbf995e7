//! Counts of real entities, drawn out over weeks: blocks of their own hours, kept whole, in an order of chance.
//!
//! Logs of hours or days hold no weeks. So a log's span is cut into 240 bins, each taken for an hour, and every
//! entity lives on blocks of six of its own bins: its bursts, its silence and its scatter are real, its calendar is
//! not. The clock changes in the test all the same. With `HOMEOSTAT_CORPUS` alone.

use crate::watch::{PROMISES, Watch, keys};
use crate::world::{World, whole};
use crate::{LEARN_DAYS, TEST_DAYS, Table, berlin, print};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

const BINS: usize = 240;
const BLOCK: usize = 6;
/// Entities with fewer events are nobody's baseline.
const LEAST_EVENTS: usize = 24;

pub(crate) fn all() -> Result<(), Box<dyn Error>> {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS").map(PathBuf::from) else {
        println!("real counts: HOMEOSTAT_CORPUS names no corpus");
        return Ok(());
    };
    for (name, folder, who, when) in [
        (
            "CloudTrail",
            "events/cloudtrail_sans504",
            &["/userIdentity/arn", "/userIdentity/invokedBy"][..],
            &["/eventTime"][..],
        ),
        ("Zeek", "events/zeek_zed_sample", &["/id.orig_h"][..], &["/ts"][..]),
        (
            "Windows",
            "events/windows_otrf",
            &["/SubjectUserName", "/Hostname"][..],
            &["/@timestamp", "/EventTime"][..],
        ),
    ] {
        let mut times = BTreeMap::<String, Vec<f64>>::new();
        for file in files(&corpus.join(folder))? {
            read(&file, (who, when), &mut times)?;
        }
        let counts = binned(times);
        if counts.is_empty() {
            println!("{name}: no entity with {LEAST_EVENTS} events");
            continue;
        }
        let copies = 300_usize.div_ceil(counts.len()).min(10);
        println!("{name}: {} entities, each drawn {copies} times", counts.len());
        print(&format!("{name}, 90 days of its entities' own hours"), &[replay(&counts, copies)?]);
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    found.retain(|path| !path.ends_with("labels.json"));
    found.sort();
    Ok(found)
}

fn read(
    path: &Path,
    (who, when): (&[&str], &[&str]),
    times: &mut BTreeMap<String, Vec<f64>>,
) -> Result<(), Box<dyn Error>> {
    let file = File::open(path)?;
    let packed = path.extension().is_some_and(|end| end == "gz");
    let text: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    for line in BufReader::new(text).lines() {
        let Ok(Ok(record)) = line.map(|line| serde_json::from_str::<Value>(&line)) else { continue };
        let entity = who.iter().find_map(|place| field(&record, place)?.as_str());
        let time = when.iter().find_map(|place| seconds(field(&record, place)?));
        if let (Some(entity), Some(time)) = (entity, time) {
            times.entry(entity.to_owned()).or_default().push(time);
        }
    }
    Ok(())
}

fn field<'v>(record: &'v Value, place: &str) -> Option<&'v Value> {
    record.pointer(place)
}

fn seconds(value: &Value) -> Option<f64> {
    if let Some(number) = value.as_f64() {
        return Some(number);
    }
    let text = value.as_str()?;
    let time =
        text.parse::<homeostat_core::Timestamp>().or_else(|_| format!("{}Z", text.replace(' ', "T")).parse());
    Some(time.ok()?.micros()? as f64 / 1e6)
}

/// Each entity's counts in the bins of its whole log.
fn binned(times: BTreeMap<String, Vec<f64>>) -> Vec<Vec<u32>> {
    let all = times.values().flatten().copied();
    let (first, last) =
        all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), time| (a.min(time), b.max(time)));
    let width = ((last - first) / BINS as f64).max(1.0);
    let mut told = Vec::new();
    for times in times.into_values().filter(|times| times.len() >= LEAST_EVENTS) {
        let mut counts = vec![0_u32; BINS];
        for time in times {
            let bin = usize::try_from(whole((time - first) / width)).unwrap_or(0).min(BINS - 1);
            if let Some(count) = counts.get_mut(bin) {
                *count += 1;
            }
        }
        told.push(counts);
    }
    told
}

fn replay(counts: &[Vec<u32>], copies: usize) -> Result<Table, Box<dyn Error>> {
    let entities = counts.len() * copies;
    let (mut draw, keys) = (World::new(17, 0), keys(entities)?);
    let mut watch = Watch::new(&PROMISES, berlin()?)?;
    let (mut table, mut before) = (Table::default(), Vec::new());
    let mut starts = vec![0_usize; entities];
    for hour in 0..(LEARN_DAYS + TEST_DAYS) * 24 {
        if hour == LEARN_DAYS * 24 {
            before = watch.budgets.iter().map(homeostat_baseline::Budget::realised).collect();
        }
        let step = usize::try_from(hour)? % BLOCK;
        for (who, key) in keys.iter().enumerate() {
            let Some(own) = counts.get(who / copies) else { continue };
            if step == 0
                && let Some(start) = starts.get_mut(who)
            {
                *start = usize::try_from(whole(draw.unit() * (BINS - BLOCK) as f64))?;
            }
            let at = starts.get(who).map_or(0, |start| start + step);
            let count = own.get(at).copied().unwrap_or(0);
            let mean = own.iter().map(|count| f64::from(*count)).sum::<f64>() / BINS as f64;
            if before.is_empty() || mean < 1.0 || draw.unit() >= 1.0 / (TEST_DAYS as f64 * 24.0) {
                if count > 0 {
                    watch.count(key, hour, count)?;
                }
                continue;
            }
            let factor = 4.0 + 8.0 * draw.unit();
            let shown = watch.clone().count(key, hour, count.saturating_add(whole(factor * mean)))?;
            for (row, found) in table.iter_mut().zip(shown) {
                row[2] += 1.0;
                row[3] += f64::from(u8::from(found));
            }
            if count > 0 {
                watch.count(key, hour, count)?;
            }
        }
    }
    for ((row, budget), before) in table.iter_mut().zip(&watch.budgets).zip(before) {
        let now = budget.realised();
        (row[0], row[1]) = ((now.findings - before.findings) as f64, now.promised - before.promised);
    }
    Ok(table)
}
