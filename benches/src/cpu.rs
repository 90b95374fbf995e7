//! Computing time of this thread, and contests of several ways to do one job.
//!
//! Peers take turns in one run, and the best turn of each counts: other work on the machine makes a turn longer
//! and none makes it shorter, so ratios of best turns hold where absolute figures do not.

use std::fs;
use std::time::Instant;

/// Seconds of computing that this thread has had, from Linux' scheduler; elsewhere, and where the scheduler does
/// not tell, seconds that have passed.
pub fn cpu_seconds(since: Instant) -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.as_deref().and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or_else(|| since.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// One way to do the job: its name, and the job, which gives a number that no optimiser can leave out.
pub struct Peer<'p> {
    name: &'p str,
    job: Box<dyn FnMut() -> usize + 'p>,
    best: f64,
}

impl<'p> Peer<'p> {
    /// A peer called `name`.
    pub fn new(name: &'p str, job: impl FnMut() -> usize + 'p) -> Self {
        Self { name, job: Box::new(job), best: f64::INFINITY }
    }
}

impl core::fmt::Debug for Peer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Peer").field("name", &self.name).field("best", &self.best).finish_non_exhaustive()
    }
}

/// Lets every peer do the job in turn, `turns` times, and prints what each made of `bytes` bytes in `records`
/// records, the first one's speed over each other's last. Gives the best seconds of each.
pub fn contest(
    title: &str,
    (records, bytes): (usize, usize),
    turns: usize,
    peers: &mut [Peer<'_>],
) -> Vec<f64> {
    let started = Instant::now();
    for _ in 0..turns {
        for peer in &mut *peers {
            let before = cpu_seconds(started);
            std::hint::black_box((peer.job)());
            peer.best = peer.best.min(cpu_seconds(started) - before);
        }
    }
    let first = peers.first().map_or(0.0, |peer| peer.best);
    println!("{title}: {records} records, {bytes} bytes, best of {turns}");
    for Peer { name, best, .. } in &*peers {
        let (megabytes, thousands) = (bytes as f64 / best / 1e6, records as f64 / best / 1e3);
        println!(
            "  {name:<44} {megabytes:>7.0} MB/s {thousands:>7.0} k/s   first is {:>5.2} x",
            best / first
        );
    }
    peers.iter().map(|peer| peer.best).collect()
}

/// How many turns to take: 1 when cargo only tests that the bench runs.
pub fn turns(wanted: usize) -> usize {
    if std::env::args().any(|argument| argument == "--test") { 1 } else { wanted }
}
