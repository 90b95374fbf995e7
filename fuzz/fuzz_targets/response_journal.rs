//! Whatever bytes lie on the disk: opening never panics, and what opened opens again, to the same records.
#![no_main]

use homeostat_response::{Journal, JournalError, MemoryStorage, PseudonymKey, Storage};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = PseudonymKey::new([1; 32]);
    let (chain, names) = bytes.split_at(bytes.len() / 2);
    for (chain, names) in [(bytes, &[][..]), (&[][..], bytes), (chain, names)] {
        let (chain, names) = (MemoryStorage::holding(chain.to_vec()), MemoryStorage::holding(names.to_vec()));
        match Journal::open(chain.clone(), names.clone(), key.clone()) {
            Ok((journal, records)) => {
                let kept = chain.clone().read().map_or(0, |bytes| bytes.len() as u64);
                assert_eq!(journal.bytes(), kept, "a torn tail is cut off");
                let again = Journal::open(chain, names, key.clone());
                assert!(again.is_ok_and(|(_, read)| read == records), "what opened opens again");
            }
            Err(JournalError::Altered { offset } | JournalError::Unreadable { offset }) => {
                assert!(offset <= bytes.len() as u64);
            }
            Err(error) => panic!("memory does not fail: {error}"),
        }
    }
});
