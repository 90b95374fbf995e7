#![cfg(test)]
//! Twice the load that a pipeline carries: memory stays flat, and what was shed is counted to the event.

use homeostat::{Intake, IntakeSettings, IntakeStats, Offered, Pipeline, WhenFull};
use homeostat_core::{Domain, EventRef, TenantId};
use homeostat_event::Event;
use serde_json::json;
use std::fs;

/// Events that come in a round, and those that are worked in it.
const COME: u64 = 200;
const WORKED: usize = 100;
const ROUNDS: u64 = 240;
/// From this round on the intake is full and the pipeline knows everybody.
const SETTLED: u64 = 60;
/// A tenth of what would have piled up.
const FLAT: u64 = 5 << 20;

/// One event of an office of 50 people: one in ten is a sign-in, the others are flows.
fn event(number: u64) -> Event {
    let (who, at) = (format!("p{}@acme.example", number % 50), 1_770_000_000_000 + number * 1_000);
    let mut told = json!({
        "time": at, "severity_id": 1, "activity_id": 1, "status_id": 1,
        "metadata": { "version": "1.8.0", "product": { "name": "made up" } },
        "src_endpoint": { "ip": format!("10.0.0.{}", number % 50) },
    });
    let more = if number.is_multiple_of(10) {
        json!({ "class_uid": 3_002, "actor": { "user": { "email_addr": who } }, "user": { "email_addr": who } })
    } else {
        let server = json!({ "ip": format!("10.0.1.{}", number % 7), "port": 443 });
        json!({ "class_uid": 4_001, "dst_endpoint": server, "traffic": { "bytes_out": 900 + number % 90 } })
    };
    let (Some(whole), Some(more)) = (told.as_object_mut(), more.as_object()) else { unreachable!() };
    whole.extend(more.clone());
    let mut event = Event::from_json(&told.to_string()).unwrap();
    event.set_tenant(&TenantId::new("acme").unwrap());
    event.set_reference(&EventRef::new("office", number).unwrap());
    event
}

/// The bytes of this process in memory, where Linux tells.
fn resident() -> Option<u64> {
    let told = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = told.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

/// What becomes of twice the load, and by how many bytes the process grew once all was settled.
fn twice_the_load(capacity: usize) -> (IntakeStats, [u64; 2], Option<u64>) {
    let settings = IntakeSettings::default().capacity(capacity).when_full(WhenFull::Shed);
    let mut intake = Intake::new(settings).unwrap();
    let mut pipeline = Pipeline::new(TenantId::new("acme").unwrap());
    let (mut shed, mut settled) = ([0; 2], None);
    for round in 0..ROUNDS {
        if round == SETTLED {
            settled = resident();
        }
        for number in round * COME..(round + 1) * COME {
            if intake.offer(event(number)).unwrap() == Offered::Shed {
                shed[usize::from(number.is_multiple_of(10))] += 1;
            }
        }
        intake.work(&mut pipeline, WORKED);
    }
    let grown = settled.zip(resident()).map(|(before, now)| now.saturating_sub(before));
    assert_eq!(pipeline.stats().events, intake.stats().worked, "nothing is lost on the way");
    assert_eq!(pipeline.stats().foreign, 0);
    (intake.stats(), shed, grown)
}

#[test]
fn at_twice_the_load_memory_is_flat_and_the_shed_count_exact() {
    let (stats, [flows, sign_ins], grown) = twice_the_load(1_000);
    assert_eq!((stats.offered, stats.worked), (ROUNDS * COME, ROUNDS * WORKED as u64));
    assert_eq!(stats.shed, stats.offered - stats.worked - stats.waiting);
    assert_eq!(stats.shed, flows + sign_ins);
    assert_eq!((stats.shed_of(Domain::Network), stats.shed_of(Domain::Identity)), (flows, sign_ins));
    assert!((900..=1_000).contains(&stats.most_waiting) && stats.refused == 0, "{stats:?}");
    assert_eq!(sign_ins, 0, "a tenth of the load fits into a tenth of the places");
    // The same load without a bound that is met: what waits piles up, and it shows.
    let (unbounded, _, piled_up) = twice_the_load(1_000_000);
    assert_eq!((unbounded.shed, unbounded.waiting), (0, ROUNDS * (COME - WORKED as u64)));
    if let Some((grown, piled_up)) = grown.zip(piled_up) {
        assert!(grown < FLAT, "grew by {grown} bytes");
        assert!(piled_up > 2 * FLAT, "piled up {piled_up} bytes");
    }
}
