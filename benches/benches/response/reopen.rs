//! A journal of a hundred thousand actions, opened, verified and replayed.

use crate::sample::{gate, journal, rails, request, start, tenant};
use homeostat_benches::{cpu_seconds, turns};
use homeostat_response::{
    Descriptor, Durability, Entry, Event, Gate, GateConfig, MemoryStorage, Mode, Plan, Proposal, Record,
};
use std::error::Error;
use std::time::{Duration, Instant};

pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    let actions = if turns(2) == 1 { 2_000 } else { 100_000 };
    let storage = MemoryStorage::default();
    let mut gate = gate(rails(10_000)?, (storage.clone(), MemoryStorage::default()))?;
    let descriptor =
        Descriptor::new("bench", homeostat_response::Action::Isolate, homeostat_response::TargetKind::Host);
    let requests: Vec<_> = (0..actions).map(request).map(|one| (Plan::new(&one), one)).collect();
    for group in requests.chunks(64) {
        let proposals: Vec<_> =
            group.iter().map(|(plan, request)| Proposal { request, plan, descriptor: &descriptor }).collect();
        gate.admit_all(&proposals, start())?;
    }
    drop(gate);
    end_most(&storage, &requests)?;
    let (bytes, rails) = (storage.durable(), rails(10_000)?);
    let (mut best, mut live) = (f64::INFINITY, 0);
    let begun = Instant::now();
    for _ in 0..turns(5) {
        let before = cpu_seconds(begun);
        let (journal, records) = journal(MemoryStorage::holding(bytes.clone()), MemoryStorage::default())?;
        let config = GateConfig::new(tenant(), rails.clone()).mode(Mode::Act);
        let gate = Gate::open(config, journal, records)?;
        best = best.min(cpu_seconds(begun) - before);
        live = gate.stats().in_force;
    }
    println!(
        "{:<64} {best:>9.2} s     {} bytes an action, {live} in force",
        format!("a journal of {actions} actions opened, verified and replayed"),
        bytes.len() / usize::try_from(actions)?
    );
    Ok(())
}

/// Lets all but one in a hundred run to their end.
fn end_most(
    storage: &MemoryStorage,
    requests: &[(Plan, homeostat_response::Request)],
) -> Result<(), Box<dyn Error>> {
    let (mut journal, _) = journal(storage.clone(), MemoryStorage::default())?;
    let at = start().plus(Duration::from_mins(10)).ok_or("no such time")?;
    for (number, (_, request)) in requests.iter().enumerate() {
        let why = homeostat_response::Ending::Expired;
        let ended = [Event::RevertIntent { why, by: None }, Event::Reverted];
        let events =
            [Event::Applied].into_iter().chain((number % 100 != 0).then_some(ended).into_iter().flatten());
        let record = |event| Record { at, entry: Entry::Action { id: request.id.clone(), event } };
        journal.append(&events.map(record).collect::<Vec<_>>(), Durability::Buffered)?;
    }
    journal.append(&[], Durability::Synced)?;
    Ok(())
}
