//! Actions that are on the disk before they are done: alone, and in groups that share one sync.

use crate::sample::{executor, gate, micros, rails, request, start};
use homeostat_benches::{cpu_seconds, turns};
use homeostat_response::conformance::block_on;
use homeostat_response::{FileStorage, Request, Storage};
use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A file that counts its syncs.
struct Counting(FileStorage, Arc<AtomicU64>);

impl Storage for Counting {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.0.read()
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }
    fn append_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<bool> {
        self.0.append_at(at, bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.sync()
    }
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.replace(bytes)
    }
}

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?)?;
    let raw = raw_sync(&folder.path().join("raw"))?;
    println!("{:<64} p50 {:>9.2} µs", "the disk itself: 400 bytes and one sync", micros(raw));
    for (group, groups) in [(1, 300), (8, 200), (64, 100), (256, 40)] {
        let (mut best, mut computing, mut synced) = (0.0_f64, f64::INFINITY, 0.0);
        for turn in 0..turns(3) {
            let path = folder.path().join(format!("{group}-{turn}"));
            let found = run(&path, group, groups)?;
            (best, computing, synced) = (best.max(found.0), computing.min(found.1), found.2);
        }
        let title = format!("durable actions in groups of {group}");
        // What it would be with the machine to itself: its own computing, and the disk's sync.
        let alone = 1.0 / (computing + raw.as_secs_f64() / f64::from(group));
        println!(
            "{title:<64} {best:>9.0} /s    {:.1} µs of computing each, so {alone:.0} /s alone; syncs a group {synced:.2}",
            computing * 1e6
        );
    }
    Ok(())
}

/// Actions a second, seconds of computing an action, and syncs a group.
fn run(path: &Path, group: u32, groups: u32) -> Result<(f64, f64, f64), Box<dyn Error>> {
    let syncs = Arc::new(AtomicU64::new(0));
    let chain = Counting(FileStorage::open(path.with_extension("chain"))?, syncs.clone());
    let names = Counting(FileStorage::open(path.with_extension("names"))?, Arc::default());
    let mut executor = executor(gate(rails(10_000)?, (chain, names))?, start())?;
    let requests: Vec<Request> = (0..group * groups).map(request).collect();
    let before = syncs.load(Ordering::Relaxed);
    let started = Instant::now();
    let computed = cpu_seconds(started);
    for group in requests.chunks(usize::try_from(group)?) {
        block_on(executor.submit_all(group, start()))?;
    }
    let (spent, computed) = (started.elapsed().as_secs_f64(), cpu_seconds(started) - computed);
    if executor.gate().stats().in_force != requests.len() {
        return Err("not all of them are in force".into());
    }
    let synced = syncs.load(Ordering::Relaxed) - before;
    let count = requests.len() as f64;
    Ok((count / spent, computed / count, synced as f64 / f64::from(groups)))
}

fn raw_sync(path: &Path) -> Result<Duration, Box<dyn Error>> {
    let mut file = FileStorage::open(path)?;
    let mut spans = Vec::new();
    for _ in 0..turns(200) {
        let started = Instant::now();
        file.append(&[b'x'; 400])?;
        file.sync()?;
        spans.push(started.elapsed());
    }
    spans.sort_unstable();
    Ok(spans.get(spans.len() / 2).copied().unwrap_or_default())
}
