//! DFIR: a laptop that Defender isolated is captured through Defender, killed in the middle, and trusted afterwards.
//!
//! `cargo run -p homeostat-forensics --features event --example contained_laptop`

use homeostat_forensics::{
    AssetKind, Capture, CapturePlan, Channel, Containment, Coverage, Custody, CustodyKey, EvidenceStore as _,
    Manifest, MemoryCollector, MemoryStore, Order, Profile, Progress, TriageSource, Ways, case_bundle,
    unpack, verify,
};
use homeostat_ingest::{Ingest, Registry};
use homeostat_response::{ActionId, MemoryStorage, Target, TargetKind};
use std::sync::Arc;

const SHELL: &str = r#"{"homeostat_triage":"process","host":"mkt-01","pid":812,"ppid":640,"name":"powershell.exe","user":"jane","cmd_line":"powershell -enc SQBFAFgA","started":"2026-11-21T08:58:12Z"}"#;
const BEACON: &str = r#"{"homeostat_triage":"connection","state":"established","local_ip":"10.1.2.3","local_port":50112,"remote_ip":"203.0.113.9","remote_port":443,"direction":"outbound","protocol":"tcp","seen":"2026-11-21T09:00:01Z"}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let laptop = Target::new(TargetKind::Host, "mkt-01").with("os", "windows 11");
    let plan = CapturePlan::of(AssetKind::of(&laptop).ok_or("no plan fits")?, Profile::Full);
    let channels = [Channel::defender(), Channel::cloud_snapshot()];
    println!("with {} and {}:", channels[0].title, channels[1].title);
    for (step, why) in Coverage::new(&plan, &channels, Containment::Contained).open() {
        println!("  open: {step}: {why}");
    }

    let defender = MemoryCollector::new(Channel::defender())
        .with("connections", "connections.jsonl", BEACON)
        .with("processes", "processes.jsonl", SHELL)
        .with(
            "recent_files",
            "recent.jsonl",
            r#"{"homeostat_triage":"file","path":"C:\\Users\\jane\\a.ps1"}"#,
        );
    let (log, names, store) = (MemoryStorage::default(), MemoryStorage::default(), MemoryStore::default());
    let order = Order::new(
        ActionId::new("inc-7-capture")?,
        laptop,
        CapturePlan::of(AssetKind::Windows, Profile::Triage),
    )
    .asked_by("joe@acme.example", "a beacon every 60 s to 203.0.113.9");
    let watch = |_: &Target| Containment::Contained;
    let ways = Ways { collectors: &[Arc::new(defender)], store: &store, watch: &watch };

    let start = "2026-11-21T09:00:00Z".parse()?;
    {
        let mut custody = Custody::open(log.clone(), names.clone(), CustodyKey::new([7; 32]))?;
        let mut capture = Capture::open(&order, ways, &mut custody)?;
        for _ in 0..2 {
            capture.tick(start)?;
        }
        println!("killed after {} lines of custody", custody.records().len());
    }
    let mut custody = Custody::open(log.clone(), names, CustodyKey::new([7; 32]))?;
    let Progress::Done(digest) = Capture::open(&order, ways, &mut custody)?.run(start, &mut |until| until)?
    else {
        return Err("halted".into());
    };
    let manifest = Manifest::of(&custody, &order.id);
    println!("went on: {} pieces, {} bytes, manifest {digest}", manifest.pieces.len(), manifest.bytes());

    let mut ingest = Ingest::new(Registry::default().first(TriageSource));
    let made = unpack((&mut custody, &order.id, start), &store, &mut ingest, &mut |event| match event {
        Ok(event) => {
            let custody = event.unmapped("homeostat_custody");
            let step = custody.as_ref().map_or("", |custody| custody.as_str());
            println!(
                "event of class {} at {}: {}",
                event.class_uid().get(),
                event.when(),
                &step[..40.min(step.len())]
            );
        }
        Err(error) => println!("not read: {error}"),
    })?;
    println!("{} events, {} bad records", made.events, made.errors);
    println!(
        "CASE bundle of {} bytes",
        case_bundle(&custody, &order.id, "https://acme.example/case/").as_str().len()
    );

    let head = custody.head();
    let report = verify(&log.durable(), &store, Some(head))?;
    println!("{} lines and {} objects: sound {}", report.lines, report.objects, report.is_sound());
    store.tamper(&store.list()?[0], b"nothing happened".to_vec());
    let mut altered = log.durable();
    altered[600] ^= 1;
    for problem in verify(&altered, &store, Some(head))?.problems.iter().take(2) {
        println!("found: {problem}");
    }
    Ok(())
}
