//! Captures the Linux machine it runs on into a folder, verifies it, exports it as CASE and makes events of it.
//!
//! `cargo run -p homeostat-forensics --features event,linux --example linux_triage -- DIR`

use homeostat_forensics::{
    AssetKind, Capture, CapturePlan, Clock as _, Custody, DirectoryStore, LinuxTriage, Manifest, Order, Pace,
    Profile, Progress, SystemClock, TriageSource, Unwatched, Ways, case_bundle, unpack, verify,
};
use homeostat_ingest::{Ingest, Registry};
use homeostat_response::{ActionId, PseudonymKey, Target, TargetKind};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("say into which folder")?);
    fs::create_dir_all(&folder)?;
    let store = DirectoryStore::open(&folder)?;
    let mut custody = Custody::in_folder(&folder, PseudonymKey::new(key()?))?;

    let host = fs::read_to_string("/proc/sys/kernel/hostname")?;
    let target = Target::new(TargetKind::Host, host.trim()).with("os", "linux");
    let order =
        Order::new(ActionId::new("triage")?, target, CapturePlan::of(AssetKind::Linux, Profile::Triage))
            .asked_by("operator", "triage of this machine")
            .at(Pace::default());
    let ways = Ways { collectors: &[Arc::new(LinuxTriage::new())], store: &store, watch: &Unwatched };
    let clock = SystemClock;
    let mut capture = Capture::open(&order, ways, &mut custody)?;
    let end = capture.run(clock.now(), &mut |until| {
        clock.wait(until);
        clock.now()
    })?;
    let Progress::Done(digest) = end else { return Err("containment changed".into()) };

    let manifest = Manifest::of(&custody, &order.id);
    for (step, ending) in &manifest.endings {
        let pieces = manifest.pieces.iter().filter(|piece| piece.step == *step);
        println!("{step:16} {ending:?}: {} pieces", pieces.count());
    }
    println!(
        "{} pieces, {} bytes, {} not readable; manifest {digest}",
        manifest.pieces.len(),
        manifest.bytes(),
        manifest.missed
    );

    let mut classes = BTreeMap::new();
    let mut ingest = Ingest::new(Registry::default().first(TriageSource));
    let mut events = fs::File::create(folder.join("events.jsonl"))?;
    let made = unpack((&mut custody, &order.id, clock.now()), &store, &mut ingest, &mut |event| {
        if let Ok(event) = event {
            *classes.entry(event.class_uid().get()).or_insert(0_u64) += 1;
            let _ = std::io::Write::write_all(&mut events, format!("{}\n", event.to_json()).as_bytes());
        }
    })?;
    println!("{} events, {} bad records; by class {classes:?}", made.events, made.errors);

    let bundle = case_bundle(&custody, &order.id, "https://example.org/case/");
    fs::write(folder.join("case.jsonld"), bundle.as_str())?;
    let report = verify(&fs::read(folder.join("custody.log"))?, &store, Some(custody.head()))?;
    println!(
        "{} lines, {} objects: sound {}; head {}",
        report.lines,
        report.objects,
        report.is_sound(),
        report.head
    );
    if report.is_sound() { Ok(()) } else { Err("what was captured is not sound".into()) }
}

/// A key that nobody keeps: names in this log are told only by the file `names` beside it.
fn key() -> std::io::Result<[u8; 32]> {
    let mut key = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
    Ok(key)
}
