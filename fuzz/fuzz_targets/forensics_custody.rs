//! Whatever bytes lie on the disk: checking and opening a custody log never panics, what opened is sound and opens again,
//! and a log that was written is found out when any byte of it is another.
#![no_main]

use homeostat_forensics::{CapturePlan, Channel, Custody, CustodyError, Deed, MemoryStore, verify};
use homeostat_response::{ActionId, MemoryStorage, PseudonymKey, Storage};
use libfuzzer_sys::fuzz_target;

fn key() -> PseudonymKey {
    PseudonymKey::new([1; 32])
}

fn opens(log: &[u8], names: &[u8]) {
    let (log, names) = (MemoryStorage::holding(log.to_vec()), MemoryStorage::holding(names.to_vec()));
    match Custody::open(log.clone(), names.clone(), key()) {
        Ok(custody) => {
            let kept = log.clone().read().unwrap_or_default();
            assert_eq!(custody.bytes(), kept.len() as u64, "a torn tail is cut off");
            let report = verify(&kept, &MemoryStore::default(), Some(custody.head()));
            assert!(report.is_ok_and(|report| report.head == custody.head()));
            let again = Custody::open(log, names, key());
            assert!(again.is_ok_and(|again| again.records() == custody.records()), "what opened opens again");
        }
        Err(CustodyError::Altered { .. } | CustodyError::Names) => {}
        Err(error) => panic!("memory does not fail: {error}"),
    }
}

/// A log of the fuzzer's own words, with one byte made another.
fn altered(bytes: &[u8]) {
    let [at, by, words @ ..] = bytes else { return };
    let (log, id) = (MemoryStorage::default(), ActionId::derive(&["fuzz"]));
    let Ok(mut custody) = Custody::open(log.clone(), MemoryStorage::default(), key()) else { return };
    for word in String::from_utf8_lossy(words).split(' ').take(8) {
        let deed = Deed::HandedOver { to: word.to_owned(), purpose: word.to_owned() };
        assert!(custody.note("2026-01-01T00:00:00Z".parse().expect("a time"), &id, word, deed).is_ok());
    }
    let mut changed = log.durable();
    let place = usize::from(*at) * changed.len() / 256;
    changed[place] ^= (*by).max(1);
    let report = verify(&changed, &MemoryStore::default(), None);
    assert!(report.is_ok_and(|report| !report.is_sound()), "a byte is another and nobody says so");
}

fuzz_target!(|bytes: &[u8]| {
    let (log, names) = bytes.split_at(bytes.len() / 2);
    opens(bytes, &[]);
    opens(log, names);
    altered(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = (CapturePlan::from_toml(text), Channel::from_toml(text));
    }
});
