//! DFIR: a laptop that Defender isolated is captured through Defender, killed in the middle, and trusted afterwards.
//!
//! `cargo run -p homeostat-forensics --features event --example contained_laptop`

use forensics::{Capture, CapturePlan, Channel, Containment, Custody, MemoryStore};
use homeostat_forensics::{self as forensics, EvidenceStore};
use homeostat_ingest::{Ingest, Registry};
use homeostat_response::{ActionId, MemoryStorage, PseudonymKey, Target, TargetKind};
use std::{error::Error, sync::Arc};

const SHELL: &str = r#"{"homeostat_triage":"process","host":"mkt-01","pid":812,"ppid":640,
"name":"powershell.exe","user":"jane","cmd_line":"powershell -enc SQBFAFgA","started":"2026-11-21T08:58:12Z"}"#;
const BEACON: &str = r#"{"homeostat_triage":"connection","state":"established","local_ip":"10.1.2.3","local_port":50112,
"remote_ip":"203.0.113.9","remote_port":443,"direction":"outbound","protocol":"tcp","seen":"2026-11-21T09:00:01Z"}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let laptop = Target::new(TargetKind::Host, "mkt-01").with("os", "windows 11");
    let full = CapturePlan::of(forensics::AssetKind::Windows, forensics::Profile::Full);
    for (step, why) in forensics::Coverage::new(&full, &[Channel::defender()], Containment::Contained).open()
    {
        println!("open with Defender alone: {step}, as {why}");
    }

    let defender = forensics::MemoryCollector::new(Channel::defender())
        .with("connections", "connections.jsonl", BEACON.replace('\n', ""))
        .with("processes", "processes.jsonl", SHELL.replace('\n', ""));
    let order = forensics::Order::new(ActionId::new("inc-7-capture")?, laptop, full)
        .asked_by("joe@acme.example", "a beacon every 60 s to 203.0.113.9");
    let (log, names, store) = (MemoryStorage::default(), MemoryStorage::default(), MemoryStore::default());
    let watch = |_: &Target| Containment::Contained;
    let ways = forensics::Ways { collectors: &[Arc::new(defender)], store: &store, watch: &watch };
    let start = "2026-11-21T09:00:00Z".parse()?;

    let open = || Custody::open(log.clone(), names.clone(), PseudonymKey::new([7; 32]));
    let mut custody = open()?;
    let mut capture = Capture::open(&order, ways, &mut custody)?;
    capture.tick(start)?;
    capture.tick(start)?;
    println!("killed after {} lines of custody", custody.records().len());
    let mut custody = open()?;
    let end = Capture::open(&order, ways, &mut custody)?.run(start, &mut |until| until)?;
    println!("went on: {end:?}");
    events(&mut custody, &order.id, &store)?;
    let bundle = forensics::case_bundle(&custody, &order.id, "https://acme.example/");
    println!("{} bytes of CASE", bundle.as_str().len());
    let head = custody.head(); // published elsewhere
    println!("sound: {}", forensics::verify(&log.durable(), &store, Some(head))?.is_sound());
    let first = store.list()?.into_iter().next().ok_or("nothing was captured")?;
    store.tamper(&first, b"nothing happened".to_vec());
    let altered = String::from_utf8(log.durable())?.replace("connections", "c0nnections");
    for log in [log.durable(), altered.into_bytes()] {
        let found = forensics::verify(&log, &store, None)?.problems;
        println!("found: {}", found.first().ok_or("nothing was found")?);
    }
    Ok(())
}

/// What was captured, as events.
fn events(
    custody: &mut Custody<MemoryStorage>,
    id: &ActionId,
    store: &MemoryStore,
) -> Result<(), Box<dyn Error>> {
    let now = "2026-11-21T09:05:00Z".parse()?;
    let mut ingest = Ingest::new(Registry::default().first(forensics::TriageSource));
    let made = forensics::unpack((custody, id, now), store, &mut ingest, &mut |event| match event {
        Ok(event) => {
            let custody = event.unmapped("homeostat_custody").map(|custody| custody.as_str().to_owned());
            println!(
                "class {} at {}: {}",
                event.class_uid().get(),
                event.when(),
                custody.unwrap_or_default()
            );
        }
        Err(error) => println!("not read: {error}"),
    })?;
    println!("{} events, {} bad records", made.events, made.errors);
    Ok(())
}
