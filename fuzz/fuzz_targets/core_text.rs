//! Texts and snapshots from outside: times, keys, event ids. None may panic, and what is read round-trips.
#![no_main]

use homeostat_core::{EntityKey, EntityKind, EventRef, SnapshotReader, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
    for kind in EntityKind::ALL {
        if let Ok(key) = EntityKey::new(kind, "scope", &text) {
            assert_eq!(EntityKey::new(kind, "scope", key.value()), Ok(key));
        }
    }
    if let Ok(event) = EventRef::parse(&text) {
        assert_eq!(EventRef::parse(event.as_str()), Ok(event));
    }
    if let Ok(mut fields) = SnapshotReader::open(bytes, *b"FUZZ", 0..=u16::MAX) {
        while fields.clone().finish().is_err() && (fields.key().is_ok() || fields.positions().is_ok()) {}
    }
});
