#![cfg(test)]
//! A capture that is killed anywhere and opened again brings what an undisturbed one brings.

use homeostat_core::Timestamp;
use homeostat_forensics::{
    AssetKind, Capture, CaptureError, CapturePlan, Channel, CollectError, Collector, Containment, Custody,
    Deed, Digest, Ending, EvidenceStore, Item, Manifest, MemoryCollector, MemoryStore, Order, Pace, Problem,
    Profile, Progress, Sink, Step, StoreError, Stored, Uncovered, Watch, Ways, verify,
};
use homeostat_response::{ActionId, MemoryStorage, PseudonymKey, Storage, Target, TargetKind};
use proptest::prelude::*;
use std::io::{self, Read};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_763_000_000_000 + second * 1_000)
}

fn order() -> Order {
    let target = Target::new(TargetKind::Host, "mkt-01").with("os", "linux");
    let plan = CapturePlan::of(AssetKind::Linux, Profile::Triage);
    let id = ActionId::new("inc-7-capture").unwrap();
    Order::new(id, target, plan).asked_by("joe@acme.example", "a beacon from this laptop")
}

fn laptop() -> MemoryCollector {
    let key = Item::new("/home/jane/.ssh/authorized_keys").about("jane").with_facts("mode 600");
    MemoryCollector::new(Channel::own_agent())
        .with("processes", "processes.jsonl", "{\"pid\":7}\n")
        .with("connections", "connections.jsonl", "{\"local\":\"10.0.0.7\"}\n")
        .with_item("keys", key, "ssh-ed25519 AAAA jane@mkt-01")
        .with("logs", "/var/log/auth.log", "Mar 16 08:30:00 mkt-01 sshd[7]: Accepted publickey for jane\n")
        .with("logs", "/var/log/kern.log", "")
        .with("logs", "/var/log/copy.log", "")
}

fn ways<'a>(
    collectors: &'a [Arc<dyn Collector>],
    store: &'a dyn EvidenceStore,
    watch: &'a dyn Watch,
) -> Ways<'a> {
    Ways { collectors, store, watch }
}

fn free(_: &Target) -> Containment {
    Containment::Free
}

/// The bytes of a log that can be cut off at any of its writes, as by a kill.
#[derive(Clone, Default)]
struct Mortal {
    inner: MemoryStorage,
    life: Arc<AtomicI64>,
    torn: usize,
}

impl Mortal {
    fn with(life: &Arc<AtomicI64>, inner: &MemoryStorage, torn: usize) -> Self {
        Self { inner: inner.clone(), life: Arc::clone(life), torn }
    }

    fn live(&self) -> io::Result<()> {
        if self.life.fetch_sub(1, Ordering::Relaxed) > 0 {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
}

impl Storage for Mortal {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.inner.read()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.live().is_err() {
            // The kill comes in the middle of the write.
            self.inner.append(&bytes[..self.torn.min(bytes.len())])?;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.inner.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.live()?;
        self.inner.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.inner.truncate(length)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.live()?;
        self.inner.replace(bytes)
    }
}

/// A store that dies with its process: before it keeps anything, or after.
struct MortalStore {
    inner: MemoryStore,
    life: Arc<AtomicI64>,
}

impl EvidenceStore for MortalStore {
    fn put(&self, content: &mut dyn Read) -> Result<Stored, StoreError> {
        let dead = || StoreError::Write(io::ErrorKind::BrokenPipe.into());
        if self.life.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return Err(dead());
        }
        let stored = self.inner.put(content)?;
        if self.life.fetch_sub(1, Ordering::Relaxed) <= 0 { Err(dead()) } else { Ok(stored) }
    }

    fn open<'a>(&'a self, digest: &Digest) -> Result<Box<dyn Read + 'a>, StoreError> {
        self.inner.open(digest)
    }

    fn list(&self) -> Result<Vec<Digest>, StoreError> {
        self.inner.list()
    }

    fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        self.inner.remove(digest)
    }
}

/// Runs until the end, or until `life` operations are over; tells whether it came to the end.
fn run(
    life: i64,
    torn: usize,
    (log, names, store): (&MemoryStorage, &MemoryStorage, &MemoryStore),
    second: &mut i64,
) -> bool {
    let life = Arc::new(AtomicI64::new(life));
    let opened = Custody::open(
        Mortal::with(&life, log, torn),
        Mortal::with(&life, names, 0),
        PseudonymKey::new([7; 32]),
    );
    let Ok(mut custody) = opened else { return false };
    let (order, store) = (order(), MortalStore { inner: store.clone(), life: Arc::clone(&life) });
    let collectors: [Arc<dyn Collector>; 1] = [Arc::new(laptop())];
    let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
    *second += 10;
    let result = capture.run(at(*second), &mut |until| {
        *second = until.since(at(0)).unwrap() / 1_000_000 + 1;
        until
    });
    matches!(result, Ok(Progress::Done(_)))
}

fn whole() -> (Manifest, i64) {
    let (log, names, store) = (MemoryStorage::default(), MemoryStorage::default(), MemoryStore::default());
    assert!(run(i64::MAX, 0, (&log, &names, &store), &mut 0));
    let used = (1..10_000).find(|life| {
        run(*life, 0, (&MemoryStorage::default(), &MemoryStorage::default(), &MemoryStore::default()), &mut 0)
    });
    let custody = Custody::open(log, names, PseudonymKey::new([7; 32])).unwrap();
    (Manifest::of(&custody, &order().id), used.unwrap())
}

#[test]
fn killed_at_any_operation_it_brings_what_an_undisturbed_one_brings() {
    let (expected, operations) = whole();
    assert_eq!(expected.pieces.len(), 6);
    assert_eq!(expected.endings.get("logs"), Some(&Ending::Whole));
    assert!(operations > 60, "{operations}");
    for life in 0..operations {
        // Nothing, a little, most or all of the write that the kill came into is there.
        let torn = [0, 1, 70, usize::MAX][usize::try_from(life % 4).unwrap()];
        let (log, names, store) =
            (MemoryStorage::default(), MemoryStorage::default(), MemoryStore::default());
        let mut second = 0;
        assert!(!run(life, torn, (&log, &names, &store), &mut second), "killed at {life}");
        assert!(run(i64::MAX, 0, (&log, &names, &store), &mut second), "goes on after {life}");
        let custody = Custody::open(log.clone(), names, PseudonymKey::new([7; 32])).unwrap();
        assert_eq!(Manifest::of(&custody, &order().id), expected, "killed at {life}, torn at {torn}");
        let report = verify(&log.durable(), &store, Some(custody.head())).unwrap();
        assert_eq!(report.problems, [], "killed at {life}");
    }
}

#[test]
fn a_finished_capture_is_done_and_does_nothing_more() {
    let (log, names, store) = (MemoryStorage::default(), MemoryStorage::default(), MemoryStore::default());
    assert!(run(i64::MAX, 0, (&log, &names, &store), &mut 0));
    let before = log.durable();
    assert!(run(i64::MAX, 0, (&log, &names, &store), &mut 5_000));
    assert_eq!(log.durable(), before);
}

/// A collector that counts how often it is asked, and gives what it is told to.
struct Counting {
    channel: Channel,
    asked: AtomicUsize,
    result: Result<(), CollectError>,
}

impl Collector for Counting {
    fn channel(&self) -> &Channel {
        &self.channel
    }

    fn collect(&self, _: &Step, _: &Target, _: &mut dyn Sink) -> Result<(), CollectError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.result
    }
}

fn custody() -> Custody<MemoryStorage> {
    Custody::open(MemoryStorage::default(), MemoryStorage::default(), PseudonymKey::new([7; 32])).unwrap()
}

#[test]
fn a_step_that_is_out_of_reach_is_tried_so_often_and_one_that_is_refused_once() {
    let steps = order().plan.steps().len();
    for (result, tries) in [
        (Err(CollectError::Unreachable { at: "connect" }), 3),
        (Err(CollectError::Refused { at: "read" }), 1),
        (Ok(()), 1),
    ] {
        let counting =
            Arc::new(Counting { channel: Channel::own_agent(), asked: AtomicUsize::new(0), result });
        let collectors: [Arc<dyn Collector>; 1] = [Arc::clone(&counting) as _];
        let (order, store, mut custody) = (order(), MemoryStore::default(), custody());
        let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
        assert!(matches!(capture.run(at(0), &mut |until| until).unwrap(), Progress::Done(_)));
        assert_eq!(counting.asked.load(Ordering::Relaxed), steps * tries, "{result:?}");
        let manifest = Manifest::of(&custody, &order.id);
        let ending = if result.is_ok() { Ending::Whole } else { Ending::Failed };
        assert!(manifest.endings.values().all(|one| *one == ending));
    }
}

#[test]
fn a_step_that_takes_its_process_with_it_is_not_tried_for_ever() {
    let (order, store, mut custody) = (order(), MemoryStore::default(), custody());
    for attempt in 1..=3 {
        let step = order.plan.steps()[0].id.clone();
        if attempt == 1 {
            let collectors: [Arc<dyn Collector>; 0] = [];
            let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
            capture.tick(at(0)).unwrap();
        }
        let deed = Deed::StepBegun { step, channel: "own_agent".to_owned(), attempt };
        custody.note(at(i64::from(attempt)), &order.id, "homeostat-forensics", deed).unwrap();
    }
    let collectors: [Arc<dyn Collector>; 1] = [Arc::new(laptop())];
    let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
    assert!(matches!(capture.run(at(10), &mut |until| until).unwrap(), Progress::Done(_)));
    assert_eq!(Manifest::of(&custody, &order.id).endings.get("connections"), Some(&Ending::Failed));
}

#[test]
fn the_pace_holds_over_a_restart() {
    let pace = || {
        let mut pace = Pace::default();
        (pace.bytes_per_second, pace.between_steps) = (1, Duration::from_secs(5));
        pace
    };
    let (order, store, mut custody) = (order().at(pace()), MemoryStore::default(), custody());
    let collectors: [Arc<dyn Collector>; 1] = [Arc::new(laptop())];
    let bytes = i64::try_from("{\"local\":\"10.0.0.7\"}\n".len()).unwrap();
    for expected in
        [Progress::Stepped, Progress::Stepped, Progress::Wait(at(bytes)), Progress::Wait(at(bytes))]
    {
        let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
        assert_eq!(capture.tick(at(0)).unwrap(), expected);
    }
    let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
    assert_eq!(capture.tick(at(bytes)).unwrap(), Progress::Stepped);
}

#[test]
fn a_containment_that_changes_stops_the_capture_and_is_told() {
    let state = Arc::new(Mutex::new(Containment::Contained));
    let watch = {
        let state = Arc::clone(&state);
        move |_: &Target| *state.lock().unwrap()
    };
    let (order, store, mut custody) = (order(), MemoryStore::default(), custody());
    let collectors: [Arc<dyn Collector>; 1] = [Arc::new(laptop())];
    let mut capture = Capture::open(&order, ways(&collectors, &store, &watch), &mut custody).unwrap();
    assert_eq!(capture.tick(at(0)).unwrap(), Progress::Stepped);
    assert_eq!(capture.tick(at(1)).unwrap(), Progress::Stepped);
    *state.lock().unwrap() = Containment::Free;
    let halted = Progress::Halted { before: Containment::Contained, now: Containment::Free };
    assert_eq!(capture.tick(at(9)).unwrap(), halted);
    assert_eq!(capture.tick(at(10)).unwrap(), halted);
    *state.lock().unwrap() = Containment::Contained;
    assert!(matches!(capture.run(at(11), &mut |until| until).unwrap(), Progress::Done(_)));
    let halts = custody.records().iter().filter(|record| matches!(record.deed, Deed::Halted { .. })).count();
    assert_eq!(halts, 1);
    let held = custody.records().iter().all(|record| match record.deed {
        Deed::StepEnded { containment, .. } | Deed::Finished { containment, .. } => {
            containment == Containment::Contained
        }
        _ => true,
    });
    assert!(held, "looked at after each step");
}

#[test]
fn what_needs_a_way_out_is_left_out_of_a_contained_host() {
    let mut channel = Channel::own_agent();
    channel.contained = homeostat_forensics::Contained::NeedsEgress;
    let counting = Arc::new(Counting { channel, asked: AtomicUsize::new(0), result: Ok(()) });
    let collectors: [Arc<dyn Collector>; 1] = [Arc::clone(&counting) as _];
    let (order, store, mut custody) = (order(), MemoryStore::default(), custody());
    let contained = |_: &Target| Containment::Contained;
    let mut capture = Capture::open(&order, ways(&collectors, &store, &contained), &mut custody).unwrap();
    assert!(matches!(capture.run(at(0), &mut |until| until).unwrap(), Progress::Done(_)));
    assert_eq!(counting.asked.load(Ordering::Relaxed), 0);
    let manifest = Manifest::of(&custody, &order.id);
    assert_eq!(manifest.left_out.len(), order.plan.steps().len());
    assert!(manifest.left_out.values().all(|why| *why == Uncovered::NeedsEgress));
}

#[test]
fn a_store_that_is_full_loses_nothing_and_the_capture_goes_on() {
    let (order, store, mut custody) = (order(), MemoryStore::default(), custody());
    let collectors: [Arc<dyn Collector>; 1] = [Arc::new(laptop())];
    store.room(Some(5));
    let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
    let error = capture.run(at(0), &mut |until| until).unwrap_err();
    assert_eq!(error.to_string(), "evidence could not be kept");
    assert!(matches!(error, CaptureError::Store(StoreError::Write(_))));
    assert_eq!(store.list().unwrap(), []);
    store.room(None);
    let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
    assert!(matches!(capture.run(at(60), &mut |until| until).unwrap(), Progress::Done(_)));
    assert_eq!(Manifest::of(&custody, &order.id), whole().0);
}

#[test]
fn the_same_id_under_another_plan_is_refused() {
    let (mut other, store, mut custody) = (order(), MemoryStore::default(), custody());
    let first = order();
    let collectors: [Arc<dyn Collector>; 1] = [Arc::new(laptop())];
    Capture::open(&first, ways(&collectors, &store, &free), &mut custody).unwrap().tick(at(0)).unwrap();
    other.plan = CapturePlan::of(AssetKind::Windows, Profile::Triage);
    let refused = Capture::open(&other, ways(&collectors, &store, &free), &mut custody).unwrap_err();
    assert_eq!(refused.to_string(), "`inc-7-capture` was begun under another plan");
}

/// Gives bytes for ever, or fails after some.
struct Endless {
    left: Option<u64>,
    read: Arc<AtomicUsize>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == Some(0) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let most = self.left.map_or(buffer.len(), |left| buffer.len().min(usize::try_from(left).unwrap()));
        buffer[..most].fill(b'x');
        self.left = self.left.map(|left| left - most as u64);
        self.read.fetch_max(buffer.len(), Ordering::Relaxed);
        Ok(most)
    }
}

struct Flood {
    channel: Channel,
    read: Arc<AtomicUsize>,
}

impl Collector for Flood {
    fn channel(&self) -> &Channel {
        &self.channel
    }

    fn collect(&self, step: &Step, _: &Target, sink: &mut dyn Sink) -> Result<(), CollectError> {
        if step.id != "logs" {
            return Ok(());
        }
        for (name, left) in
            [("endless", None), ("short", Some(10)), ("../../etc/passwd", None), ("more", None)]
        {
            sink.take(&Item::new(name), &mut Endless { left, read: Arc::clone(&self.read) })?;
        }
        panic!("the limit of the step stops before");
    }
}

#[test]
fn what_never_ends_is_cut_at_the_limits_and_marked() {
    let mut pace = Pace::default();
    (pace.max_item_bytes, pace.max_step_bytes) = (3 << 20, 4 << 20);
    let read = Arc::new(AtomicUsize::new(0));
    let (order, store, mut custody) = (order().at(pace), MemoryStore::default(), custody());
    let collectors: [Arc<dyn Collector>; 1] =
        [Arc::new(Flood { channel: Channel::own_agent(), read: Arc::clone(&read) })];
    let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
    assert!(matches!(capture.run(at(0), &mut |until| until).unwrap(), Progress::Done(_)));
    let manifest = Manifest::of(&custody, &order.id);
    let mut lengths: Vec<(u64, bool)> =
        manifest.pieces.iter().map(|piece| (piece.bytes, piece.cut)).collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [(1 << 20, true), (3 << 20, true)]);
    assert_eq!((manifest.missed, manifest.endings["logs"]), (1, Ending::Partly));
    assert!(read.load(Ordering::Relaxed) <= 64 * 1024, "streamed in pieces");
    assert!(manifest.pieces.iter().any(|piece| piece.item == "../../etc/passwd"), "a name is only a name");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hostile_names_go_through_custody_as_they_are(
        names in prop::collection::btree_set("\\PC{1,24}|[~\n\r\t\"\\\\/.\u{0}a-d]{1,24}", 1..6),
        people in prop::collection::vec("[a-d~]{1,3}", 0..3),
    ) {
        let mut laptop = MemoryCollector::new(Channel::own_agent());
        for name in &names {
            let item = people.iter().fold(Item::new(name.as_str()), |item, person| item.about(person.as_str()));
            laptop = laptop.with_item("logs", item, name.as_bytes());
        }
        let (log, names_kept) = (MemoryStorage::default(), MemoryStorage::default());
        let mut custody = Custody::open(log.clone(), names_kept.clone(), PseudonymKey::new([7; 32])).unwrap();
        let (order, store) = (order(), MemoryStore::default());
        let collectors: [Arc<dyn Collector>; 1] = [Arc::new(laptop)];
        let mut capture = Capture::open(&order, ways(&collectors, &store, &free), &mut custody).unwrap();
        prop_assert!(matches!(capture.run(at(0), &mut |until| until).unwrap(), Progress::Done(_)));
        let custody = Custody::open(log.clone(), names_kept, PseudonymKey::new([7; 32])).unwrap();
        let manifest = Manifest::of(&custody, &order.id);
        let read: std::collections::BTreeSet<&String> = manifest.pieces.iter().map(|piece| &piece.item).collect();
        prop_assert_eq!(read, names.iter().collect());
        prop_assert!(verify(&log.durable(), &store, None).unwrap().is_sound());
    }

    #[test]
    fn evidence_that_is_missing_changed_or_unnamed_is_named(which in 0_usize..6, how in 0_u8..3) {
        let (log, names, store) = (MemoryStorage::default(), MemoryStorage::default(), MemoryStore::default());
        assert!(run(i64::MAX, 0, (&log, &names, &store), &mut 0));
        let digests = store.list().unwrap();
        let digest = digests[which % digests.len()];
        let expected = match how {
            0 => {
                store.remove(&digest).unwrap();
                Problem::Missing(digest)
            }
            1 => {
                store.tamper(&digest, b"other".to_vec());
                Problem::Changed(digest)
            }
            _ => Problem::Unnamed(store.put(&mut &b"planted"[..]).unwrap().digest),
        };
        prop_assert_eq!(verify(&log.durable(), &store, None).unwrap().problems, [expected]);
    }
}
