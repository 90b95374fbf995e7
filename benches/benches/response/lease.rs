//! How late does a lease end that the executor must end, when a timer wakes it at its deadline?

use crate::sample::{executor, gate, micros, rails, request};
use homeostat_benches::turns;
use homeostat_core::Timestamp;
use homeostat_response::MemoryStorage;
use homeostat_response::conformance::block_on;
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn now() -> Result<Timestamp, Box<dyn Error>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_micros(i64::try_from(since.as_micros())?))
}

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let leases: u32 = if turns(2) == 1 { 20 } else { 1_000 };
    let gate = gate(rails(10_000)?, (MemoryStorage::default(), MemoryStorage::default()))?;
    let mut executor = executor(gate, now()?)?;
    for number in 0..leases {
        // Spread over a second, so that some end at the same time and most do not.
        let span = Duration::from_millis(300 + u64::from(number.wrapping_mul(7_919) % 1_000));
        block_on(executor.submit(&request(number).lease(span), now()?))?;
    }
    let mut late = Vec::new();
    while let Some(deadline) = executor.next_deadline() {
        let wait = deadline.since(now()?).and_then(|micros| u64::try_from(micros).ok()).unwrap_or(0);
        std::thread::sleep(Duration::from_micros(wait));
        let before = executor.gate().stats().in_force;
        block_on(executor.tick(now()?))?;
        let ended = before - executor.gate().stats().in_force;
        let by = now()?.since(deadline).and_then(|micros| u64::try_from(micros).ok()).unwrap_or(0);
        late.extend(std::iter::repeat_n(Duration::from_micros(by), ended));
    }
    late.sort_unstable();
    let at = |share: usize| late.get(late.len() * share / 100).copied().unwrap_or_default();
    println!(
        "{:<64} p50 {:>9.2} µs   p99 {:>9.2} µs",
        format!("{leases} leases over and seen to be, after their time"),
        micros(at(50)),
        micros(at(99))
    );
    Ok(())
}
