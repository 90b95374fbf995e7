//! What does it cost to ask first, to write down first, and to come back? The figures of the response engine.
//!
//! `cargo bench -p homeostat-benches --bench response`. Each figure is the best of several turns, since other work on
//! the machine makes a turn longer and none makes it shorter; percentiles are those within one turn. What waits for a
//! disk is told beside what the disk itself takes in the same run.

mod act;
mod decide;
mod durable;
mod lease;
mod reopen;
mod sample;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    decide::print()?;
    act::print()?;
    durable::print()?;
    reopen::print()?;
    lease::print()
}
