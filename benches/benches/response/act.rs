//! From a request to an effect that was looked at, in process: no disk and no network.

use crate::sample::{executor, gate, percentiles, rails, request, start};
use homeostat_response::MemoryStorage;
use homeostat_response::conformance::block_on;
use std::error::Error;

const ACTIONS: u32 = 5_000;

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let rails = rails(10_000)?;
    let requests: Vec<_> = (0..ACTIONS).map(request).collect();
    percentiles("propose to active and seen, 10,000 rules", (5, requests.len()), |time| {
        let gate = gate(rails.clone(), (MemoryStorage::default(), MemoryStorage::default()))?;
        let mut executor = executor(gate, start())?;
        for request in &requests {
            time(&mut || drop(block_on(executor.submit(request, start()))));
        }
        if executor.gate().stats().in_force != requests.len() {
            return Err("not all of them are in force".into());
        }
        Ok(())
    })
}
