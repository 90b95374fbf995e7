//! A labelled beacon among the pairs of one real day.

use homeostat_baseline::{Pair, Periodicity, rank_beacons};
use homeostat_core::Timestamp;
use homeostat_ingest::{Ingest, Registry};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Fewer connections are no rhythm worth ranking.
const LEAST: usize = 8;

/// Prints where the pair of `label` (source, destination, port) ranks by regularity alone and among peers.
pub(crate) fn print(path: &Path, label: &[String]) -> Result<(), Box<dyn Error>> {
    let [source, destination, port] = label else {
        println!("no labelled pair: name it as SOURCE DESTINATION PORT to see where it ranks");
        return Ok(());
    };
    let labelled = (source.clone(), destination.clone(), port.parse::<u16>()?);
    let calls = calls(path)?;
    let pairs: Vec<Pair<'_>> = calls
        .iter()
        .map(|((source, destination, port), times)| {
            let mut rhythm = Periodicity::default();
            for time in times {
                rhythm.learn(Timestamp::from_micros(*time), Duration::from_secs(1));
            }
            Pair { source, destination, port: *port, rhythm }
        })
        .collect();
    let known: Vec<(bool, bool)> =
        calls.iter().map(|(pair, times)| (*pair == labelled, times.len() >= LEAST)).collect();
    let is = |index: usize| known.get(index).copied().unwrap_or_default();
    let mut ranked = rank_beacons(&pairs);
    ranked.retain(|beacon| is(beacon.index()).1);
    let among = ranked.iter().position(|beacon| is(beacon.index()).0).map_or(0, |at| at + 1);
    ranked.sort_by(|a, b| b.regular().get().total_cmp(&a.regular().get()));
    let alone = ranked.iter().position(|beacon| is(beacon.index()).0).map_or(0, |at| at + 1);
    println!("beacon of the labelled day: rank {among} of {}, {alone} by regularity alone", ranked.len());
    Ok(())
}

type Calls = BTreeMap<(String, String, u16), Vec<i64>>;

/// The times of each pair's connections, in order.
fn calls(path: &Path) -> Result<Calls, Box<dyn Error>> {
    let mut calls = Calls::new();
    for event in Ingest::new(Registry::default()).read("conn.log", File::open(path)?) {
        let event = event?;
        let ends = event.origin().zip(event.destination()).zip(event.when().micros());
        let Some(((from, to), time)) = ends else { continue };
        if let (Some(source), Some(destination)) = (from.ip(), to.ip()) {
            let pair = (source.to_owned(), destination.to_owned(), to.port().unwrap_or(0));
            calls.entry(pair).or_default().push(time);
        }
    }
    for times in calls.values_mut() {
        times.sort_unstable();
    }
    Ok(calls)
}
