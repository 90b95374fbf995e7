//! Account dumps and inventory snapshots from outside: none may panic, and what is read is written back the same.
#![no_main]

use homeostat_core::State;
use homeostat_graph::{Change, Graph, Inventory, Reading, ReportOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(inventory) = <Inventory as State<Vec<Change>>>::from_bytes(bytes) {
        let written = State::<Vec<Change>>::to_bytes(&inventory);
        let again = <Inventory as State<Vec<Change>>>::from_bytes(&written).expect("own bytes are read");
        assert_eq!(State::<Vec<Change>>::to_bytes(&again), written);
    }
    let text = String::from_utf8_lossy(bytes);
    let Ok(inventory) = Inventory::from_account_authorization(&text, &Reading::default()) else { return };
    let graph = Graph::build(&inventory);
    let report = graph.report(ReportOptions::default());
    assert_eq!(report.counts.principals, report.principals.len());
    assert!(report.principals.iter().all(|one| one.can_reach_admin || !one.admin));
});
