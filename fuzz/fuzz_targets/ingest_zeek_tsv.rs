#![no_main]
//! Any bytes as rows, and as header and rows, of a text log of Zeek: no panic, no leaf dropped.

use homeostat_ingest::{Ingest, Registry};
use libfuzzer_sys::fuzz_target;

const HEADER: &[u8] =
    b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
    #fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tservice\tduration\tlocal_orig\ttunnel_parents\n\
    #types\ttime\taddr\taddr\tport\tstring\tinterval\tbool\tset[string]\n";

fuzz_target!(|bytes: &[u8]| {
    let mut ingest = Ingest::new(Registry::default()).with_coverage();
    let _ = ingest.read("conn.log", bytes).count();
    let rows = [HEADER, bytes].concat();
    let _ = ingest.read("conn.log", &rows[..]).count();
    assert!(ingest.coverage().sources.values().all(|counts| counts.leaves_dropped == 0));
});
