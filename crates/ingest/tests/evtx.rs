//! Binary event logs of Windows, told by their first bytes and read like any other input.
//!
//! One is written here; those of the developers' corpus are read when `HOMEOSTAT_CORPUS` names it unpacked.
#![cfg(test)]
#![cfg(feature = "evtx")]

use flate2::Compression;
use flate2::write::GzEncoder;
use homeostat_event::{Event, Level, validate};
use homeostat_ingest::{Ingest, Reason, Registry};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

fn logs_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            logs_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "evtx") {
            found.push(path);
        }
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn read(ingest: &mut Ingest, log: &[u8]) -> (Vec<Event>, Vec<Reason>) {
    let (mut events, mut reasons) = (Vec::new(), Vec::new());
    for next in ingest.read("any.evtx", log) {
        match next {
            Ok(event) => events.push(event),
            Err(error) => reasons.push(error.reason()),
        }
    }
    (events, reasons)
}

#[test]
fn logs_of_the_corpus_are_read_whole_and_valid() {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS") else {
        println!("HOMEOSTAT_CORPUS is not set: skipped");
        return;
    };
    let mut logs = Vec::new();
    logs_below(&Path::new(&corpus).join("events"), &mut logs);
    assert!(!logs.is_empty());
    for path in logs {
        let log = fs::read(&path).unwrap();
        let mut ingest = Ingest::new(Registry::default()).with_coverage();
        let (events, reasons) = read(&mut ingest, &log);
        println!("{}: {} events", path.file_name().unwrap().display(), events.len());
        assert_eq!(reasons, []);
        assert!(!events.is_empty());
        for event in &events {
            let errors = validate(event).into_iter().filter(|found| found.level() == Level::Error).count();
            assert_eq!(errors, 0, "{}", event.reference().unwrap());
        }
        let counts = &ingest.coverage().sources["windows"];
        println!("{}", ingest.coverage().to_json());
        assert_eq!((ingest.coverage().sources.len(), counts.leaves_dropped), (1, 0));
        assert_eq!(read(&mut ingest, &packed(&log)).0, events);
    }
}

/// A chunk of a log, written token by token as [MS-EVEN6] 2.2.12 has them: without templates, all names in place.
struct Chunk(Vec<u8>);

impl Chunk {
    /// A chunk with one record: a sign-in of `user`.
    fn with_sign_in_of(user: &str) -> Vec<u8> {
        let mut chunk = Self(vec![0; 512]);
        let start = chunk.0.len();
        chunk
            .put(&[0x2A, 0x2A, 0, 0, 0, 0, 0, 0])
            .put(&1_u64.to_le_bytes())
            .put(&133_000_000_000_000_000_u64.to_le_bytes());
        chunk.put(&[0x0F, 1, 1, 0]);
        chunk.element("Event", &[], |chunk| {
            chunk.element("System", &[], |chunk| {
                chunk.element("Provider", &[("Name", "Microsoft-Windows-Security-Auditing")], |_| {});
                chunk.element("EventID", &[], |chunk| chunk.text("4624"));
                chunk.element("TimeCreated", &[("SystemTime", "2026-03-16T08:30:00.000000Z")], |_| {});
                chunk.element("Channel", &[], |chunk| chunk.text("Security"));
                chunk.element("Computer", &[], |chunk| chunk.text("desk.acme.example"));
            });
            chunk.element("EventData", &[], |chunk| {
                chunk.element("Data", &[("Name", "TargetUserName")], |chunk| chunk.text(user));
                chunk.element("Data", &[("Name", "LogonType")], |chunk| chunk.text("2"));
            });
        });
        chunk.put(&[0]);
        chunk.close(start)
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        self.put(&[if attributes.is_empty() { 0x01 } else { 0x41 }]).put(&[0; 4]).name(name);
        if !attributes.is_empty() {
            self.put(&[0; 4]);
        }
        for (name, value) in attributes {
            self.put(&[0x06]).name(name);
            self.text(value);
        }
        self.put(&[0x02]);
        inside(self);
        self.put(&[0x04]);
    }

    /// A name in its place, behind the offset that says so.
    fn name(&mut self, name: &str) {
        let here = u32::try_from(self.0.len() + 4).unwrap();
        self.put(&here.to_le_bytes()).put(&[0; 6]).signs(name).put(&[0; 2]);
    }

    fn text(&mut self, text: &str) {
        self.put(&[0x05, 0x01]).signs(text);
    }

    fn signs(&mut self, text: &str) -> &mut Self {
        let signs: Vec<u16> = text.encode_utf16().collect();
        self.put(&u16::try_from(signs.len()).unwrap().to_le_bytes());
        for sign in signs {
            self.0.extend_from_slice(&sign.to_le_bytes());
        }
        self
    }

    /// Ends the record at `start`, and writes the header of the chunk above it.
    fn close(mut self, start: usize) -> Vec<u8> {
        let size = u32::try_from(self.0.len() + 4 - start).unwrap().to_le_bytes();
        self.put(&size);
        let end = u32::try_from(self.0.len()).unwrap().to_le_bytes();
        let mut head = b"ElfChnk\0".to_vec();
        head.extend([1_u64; 4].iter().flat_map(|number| number.to_le_bytes()));
        head.extend(128_u32.to_le_bytes());
        head.extend(u32::try_from(start).unwrap().to_le_bytes());
        head.extend(end);
        self.0[..head.len()].copy_from_slice(&head);
        self.0[start + 4..start + 8].copy_from_slice(&size);
        // No sums are kept.
        self.0[120] = 4;
        self.0.resize(64 << 10, 0);
        self.0
    }
}

#[test]
fn a_log_of_our_own_is_read() {
    let mut log = b"ElfFile\0".to_vec();
    log.resize(4 << 10, 0);
    log[42] = 2;
    for user in ["jane", "bo"] {
        log.extend(Chunk::with_sign_in_of(user));
    }
    for log in [packed(&log), log] {
        let mut ingest = Ingest::new(Registry::default()).with_coverage();
        let (events, reasons) = read(&mut ingest, &log);
        assert_eq!(reasons, []);
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.class_uid().get(), event.user().unwrap().name().unwrap()))
            .collect();
        assert_eq!(told, [(3002, "jane"), (3002, "bo")]);
        assert_eq!(events[0].when(), "2026-03-16T08:30:00Z".parse().unwrap());
        assert!(events.iter().all(|event| validate(event).is_empty()));
        assert_eq!(ingest.coverage().sources["windows"].leaves_dropped, 0);
    }
}

#[test]
fn a_log_cut_off_or_broken_is_told() {
    let mut log = b"ElfFile\0".to_vec();
    let mut ingest = Ingest::new(Registry::default());
    assert!(matches!(read(&mut ingest, &log).1[..], [Reason::Unreadable(_)]));
    log.resize(4 << 10, 0);
    assert_eq!(read(&mut ingest, &log), (vec![], vec![]));
    // The header says that one chunk holds records.
    log[42] = 1;
    log.resize((4 << 10) + (64 << 10), 7);
    let (events, reasons) = read(&mut ingest, &log);
    assert_eq!((events.len(), reasons.len()), (0, 1));
}

#[test]
fn what_begins_alike_is_no_log() {
    let mut ingest = Ingest::new(Registry::default());
    for text in ["E", "ElfFile", "ElfFile of records", "\n"] {
        let (events, reasons) = read(&mut ingest, text.as_bytes());
        assert_eq!((events.len(), reasons), (usize::from(text != "\n"), vec![]), "{text:?}");
        assert!(events.iter().all(|event| event.to_json().contains(text)));
    }
}
