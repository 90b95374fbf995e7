#![cfg(test)]
//! The chain of custody: what was written is read back, and whatever is changed is found.

use homeostat_core::Timestamp;
use homeostat_forensics::{Custody, CustodyError, Deed, Digest, MemoryStore, Problem, Record, Tool, verify};
use homeostat_response::{ActionId, MemoryStorage, PseudonymKey};
use proptest::prelude::*;

fn key() -> PseudonymKey {
    PseudonymKey::new([7; 32])
}

fn id() -> ActionId {
    ActionId::new("inc-7-capture").unwrap()
}

fn deeds() -> impl Strategy<Value = Vec<(String, Deed)>> {
    let deed = prop_oneof![
        ("\\PC{0,8}", "\\PC{0,8}").prop_map(|(to, purpose)| Deed::HandedOver { to, purpose }),
        any::<(u64, u64)>().prop_map(|(events, errors)| Deed::Processed { events, errors }),
        "\\PC{0,8}".prop_map(|why| Deed::Destroyed { digest: Digest::of(why.as_bytes()), why }),
        Just(Deed::Released),
    ];
    prop::collection::vec(("\\PC{0,8}", deed), 1..6)
}

fn written(deeds: &[(String, Deed)]) -> (MemoryStorage, MemoryStorage, Vec<Record>) {
    let (log, names) = (MemoryStorage::default(), MemoryStorage::default());
    let mut custody =
        Custody::open(log.clone(), names.clone(), key()).unwrap().with_tool(Tool::new("rtr", "7"));
    for (second, (who, deed)) in (0_i64..).zip(deeds) {
        custody.note(Timestamp::from_millis(second), &id(), who, deed.clone()).unwrap();
    }
    (log, names, custody.records().to_vec())
}

fn sample() -> (MemoryStorage, MemoryStorage) {
    let handed = |to: &str| Deed::HandedOver { to: to.to_owned(), purpose: "look".to_owned() };
    let deeds = ["jane", "Acme Labs", "joe"].map(|to| ("joe@acme.example".to_owned(), handed(to)));
    let (log, names, _) = written(&deeds);
    (log, names)
}

/// How many lines end in there.
fn ends(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

#[test]
fn a_change_of_any_bit_is_found() {
    let bytes = sample().0.durable();
    let head = verify(&bytes, &MemoryStore::default(), None).unwrap().head;
    for at in 0..bytes.len() {
        for bit in [at % 8, (at + 5) % 8] {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let report = verify(&changed, &MemoryStore::default(), None).unwrap();
            assert!(!report.is_sound(), "byte {at}, bit {bit}");
            let lines = ends(&bytes[..at]) as u64;
            let named = report.problems.iter().find_map(|problem| match problem {
                Problem::Altered { line, .. } => Some(*line),
                _ => None,
            });
            assert_eq!(named.unwrap_or(lines + 1), lines + 1, "the very line is named");
            // Nothing is appended to a log that was changed: it does not open, or what is cut off is told.
            match Custody::open(MemoryStorage::holding(changed), MemoryStorage::default(), key()) {
                Err(CustodyError::Altered { .. }) => {}
                Ok(custody) => {
                    assert_eq!(custody.records().last().unwrap().deed.word(), "recovered", "byte {at}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(verify(&bytes, &MemoryStore::default(), Some(head)).unwrap().is_sound());
}

#[test]
fn a_tail_that_is_cut_at_any_byte_leaves_a_clean_prefix() {
    let (log, names) = sample();
    let bytes = log.durable();
    let whole = Custody::open(log, names.clone(), key()).unwrap();
    for length in 0..bytes.len() {
        let cut = MemoryStorage::holding(bytes[..length].to_vec());
        let custody = Custody::open(cut.clone(), names.clone(), key()).unwrap();
        let kept = ends(&bytes[..length]);
        let whole_line = bytes.get(length) == Some(&b'\n');
        let at_line_end = length == 0 || bytes[length - 1] == b'\n';
        let expected = kept + usize::from(whole_line);
        assert_eq!(custody.records()[..expected], whole.records()[..expected], "cut at {length}");
        assert_eq!(
            custody.records().len(),
            expected + usize::from(!at_line_end && !whole_line),
            "the cut is told"
        );
        let report = verify(&cut.durable(), &MemoryStore::default(), None).unwrap();
        assert!(report.is_sound(), "what was opened is sound again");
        if custody.head() == whole.head() {
            continue; // only the end of the last line was cut off, and is there again
        }
        let other = Problem::OtherHead { found: report.head };
        assert_eq!(
            verify(&cut.durable(), &MemoryStore::default(), Some(whole.head())).unwrap().problems,
            [other]
        );
    }
}

#[test]
fn lines_that_are_swapped_left_out_or_doubled_are_found() {
    let bytes = sample().0.durable();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for (order, first_wrong) in [(vec![1, 0, 2], 1), (vec![0, 2], 2), (vec![0, 0, 1, 2], 2), (vec![2], 1)] {
        let changed: Vec<u8> = order.iter().flat_map(|number: &usize| lines[*number]).copied().collect();
        let report = verify(&changed, &MemoryStore::default(), None).unwrap();
        assert!(
            matches!(report.problems[..], [Problem::Altered { line, .. }] if line == first_wrong),
            "{order:?}"
        );
    }
}

#[test]
fn a_person_who_is_forgotten_leaves_the_chain_whole() {
    let (log, names) = sample();
    let mut custody = Custody::open(log.clone(), names.clone(), key()).unwrap();
    let (before, head) = (log.durable(), custody.head());
    assert!(
        !String::from_utf8_lossy(&before).contains("jane")
            && !String::from_utf8_lossy(&before).contains("joe")
    );
    custody.forget("jane").unwrap();
    assert_eq!((log.durable(), custody.head()), (before, head));
    assert!(!String::from_utf8_lossy(&names.durable()).contains("jane"));
    for custody in [&custody, &Custody::open(log, names, key()).unwrap()] {
        let shown = format!(
            "{:?}",
            custody.records().iter().map(|one| serde_json::to_string(one).unwrap()).collect::<Vec<_>>()
        );
        assert!(!shown.contains("jane") && shown.contains("joe@acme.example"));
    }
}

#[test]
fn debug_and_errors_show_no_value() {
    let (log, names) = sample();
    let custody = Custody::open(log, names, key()).unwrap();
    let item = homeostat_forensics::Item::new("secret-name").about("jane").with_facts("secret");
    let shown = format!("{custody:?} {:?} {item:?} {:?}", custody.records(), key());
    for word in ["jane", "joe", "secret", "Acme", "[7"] {
        assert!(!shown.contains(word), "{shown}");
    }
}

proptest! {
    #[test]
    fn what_was_noted_is_read_back(deeds in deeds()) {
        let (log, names, records) = written(&deeds);
        let custody = Custody::open(log.clone(), names, key()).unwrap();
        prop_assert_eq!(custody.records(), &records[..]);
        prop_assert_eq!(custody.bytes(), log.durable().len() as u64);
        prop_assert!(verify(&log.durable(), &MemoryStore::default(), Some(custody.head())).unwrap().is_sound());
    }
}
