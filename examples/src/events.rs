//! Reads every event of some inputs into memory, in order of time.

use crate::{Input, Progress, Unreadable};
use homeostat_core::TenantId;
use homeostat_event::Event;
use homeostat_ingest::{Context, Ingest, Registry};

/// The events of `files` as `tenant`'s, in order of time, then of file and record.
///
/// Records that could not be read are told on standard error, at most ten a file; the run goes on.
///
/// # Errors
///
/// [`Unreadable`] for the first file that can not be opened.
pub fn read_events(files: &[Input], tenant: &TenantId) -> Result<Vec<Event>, Unreadable> {
    let context = Context::new().with_tenant(tenant.clone()).with_network(tenant.as_str());
    let mut ingest = Ingest::new(Registry::default()).with_context(context);
    let progress = Progress::new(files.iter().map(Input::size).sum(), "bytes");
    let mut events = Vec::new();
    for file in files {
        progress.say(file.name());
        let mut bad = 0_u64;
        for event in ingest.set_latest(file.changed()).read(file.name(), file.open()?) {
            match event {
                Ok(event) => events.push(event),
                Err(error) => {
                    bad += 1;
                    if bad <= 10 {
                        eprintln!("{error}");
                    }
                }
            }
        }
        if bad > 10 {
            eprintln!("{}: {} more records could not be read", file.name(), bad - 10);
        }
        progress.advance(file.size());
    }
    progress.finish();
    // Stable: what has the same time stays in the order of files and records.
    events.sort_by_key(Event::when);
    Ok(events)
}
