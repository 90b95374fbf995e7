//! The counters as text that Prometheus scrapes (text exposition format 0.0.4).

use crate::{Brake, ExecutorStats, GateStats};
use std::fmt::Write as _;

/// The text of all counters. Names begin with `homeostat_response_`; the unit stands in the name.
///
/// ```
/// use homeostat_response::{Brake, ExecutorStats, GateStats, metrics};
/// let text = metrics(&GateStats::default(), &ExecutorStats::default(), Brake::HoldNew);
/// assert!(text.contains("\nhomeostat_response_brake 1\n"));
/// ```
pub fn metrics(gate: &GateStats, executor: &ExecutorStats, brake: Brake) -> String {
    let seconds = executor.latest_expiry as f64 / 1e6;
    let mut out = String::new();
    let mut tell = |kind: &str, name: &str, help: &str, value: f64| {
        // Writing to a text does not fail.
        let _ = writeln!(out, "# HELP homeostat_response_{name} {help}");
        let _ = writeln!(out, "# TYPE homeostat_response_{name} {kind}");
        let _ = writeln!(out, "homeostat_response_{name} {value}");
    };
    let of = |count: usize| count as f64;
    tell("gauge", "actions", "Actions known by id.", of(gate.actions));
    tell("gauge", "in_force", "Actions that hold budget.", of(gate.in_force));
    tell("gauge", "needs_human", "Actions that a person must look at.", of(gate.needs_human));
    tell("gauge", "waiting", "Actions that wait for approval, budget or brake.", of(gate.waiting));
    tell(
        "gauge",
        "beyond_rails",
        "Proposals beyond budgets and floors in the surge window.",
        of(gate.beyond),
    );
    tell("gauge", "brake", "0 runs, 1 holds what is new, 2 reverts all.", f64::from(brake as u8));
    tell("counter", "duplicates_total", "Requests whose id was known.", gate.duplicates as f64);
    tell("counter", "journal_records_total", "Records in the journal.", gate.records as f64);
    tell("counter", "journal_bytes_total", "Bytes in the journal.", gate.bytes as f64);
    tell("counter", "applies_total", "Calls of apply.", executor.applies as f64);
    tell("counter", "applies_unknown_total", "Calls of apply of unknown outcome.", executor.unknown as f64);
    tell("counter", "reverts_total", "Calls of revert.", executor.reverts as f64);
    tell("counter", "drifted_total", "Lifted before its time by somebody else.", executor.drifted as f64);
    tell("counter", "calls_for_people_total", "Times a person was called.", executor.calls_for_people as f64);
    tell("counter", "surges_total", "Times the gate set its own brake.", executor.surges as f64);
    tell("counter", "notices_dropped_total", "Notices nobody took.", executor.notices_dropped as f64);
    tell("gauge", "latest_expiry_seconds", "The latest that a lease was ended after its time.", seconds);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_has_its_help_and_type_and_one_line() {
        let text = metrics(&GateStats::default(), &ExecutorStats::default(), Brake::Run);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len() % 3, 0);
        for three in lines.chunks(3) {
            let name = three[2].split(' ').next().unwrap();
            assert!(three[0].starts_with(&format!("# HELP {name} ")), "{three:?}");
            assert!(three[1].starts_with(&format!("# TYPE {name} ")), "{three:?}");
            assert_eq!(three[1].ends_with("counter"), name.ends_with("_total"), "{three:?}");
        }
    }
}
