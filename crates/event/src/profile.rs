//! Which profile an attribute of an event belongs to, so that setting it names the profile.

use crate::class::ClassUid;
use crate::table;

/// Attributes of which some class has them from a profile only.
const PROFILED: [&str; 34] = [
    "action",
    "action_id",
    "actor",
    "ai_model",
    "api",
    "attacks",
    "authorizations",
    "cloud",
    "confidence",
    "confidence_id",
    "confidence_score",
    "device",
    "disposition",
    "disposition_id",
    "firewall_rule",
    "impact",
    "impact_id",
    "impact_score",
    "is_alert",
    "is_suspected_breach",
    "load_balancer",
    "malware",
    "malware_scan_info",
    "message_context",
    "osint",
    "policy",
    "priority",
    "priority_id",
    "src_url",
    "ticket",
    "tickets",
    "trace",
    "verdict",
    "verdict_id",
];

/// How others of them start.
const STARTS: [&str; 4] = ["risk_", "proxy_", "assignee", "data_class"];

/// Whether some class may have `attribute` from a profile. A setter asks it when it is compiled, so that of most
/// setters nothing is left of it; a test holds it against the schema's table.
#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
pub(crate) const fn may_be_profiled(attribute: &str) -> bool {
    let name = attribute.as_bytes();
    let mut at = 0;
    while at < PROFILED.len() {
        if PROFILED[at].len() == name.len() && has_at(name, 0, PROFILED[at].as_bytes()) {
            return true;
        }
        at += 1;
    }
    at = 0;
    while at < STARTS.len() {
        if has_at(name, 0, STARTS[at].as_bytes()) {
            return true;
        }
        at += 1;
    }
    name.len() >= 3 && has_at(name, name.len() - 3, b"_dt")
}

/// Whether `part` stands in `name` from `start` on.
#[expect(clippy::indexing_slicing, reason = "its places are looked at before")]
const fn has_at(name: &[u8], start: usize, part: &[u8]) -> bool {
    if name.len() < start + part.len() {
        return false;
    }
    let mut at = 0;
    while at < part.len() {
        if name[start + at] != part[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The profile that `attribute` of class `class` belongs to, if it is no attribute of the class itself.
pub(crate) fn profile_of(class: ClassUid, attribute: &str) -> Option<&'static str> {
    // Calls of interfaces are the most events of all.
    match (class, attribute) {
        (ClassUid::API_ACTIVITY, "actor" | "api") => None,
        (ClassUid::API_ACTIVITY, "cloud") => Some("cloud"),
        _ if may_be_profiled(attribute) => table::profile_of(class.get(), attribute),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_profiled_attribute_of_any_class_is_missed() {
        for class in table::classes() {
            for slot in class.body.slots() {
                let expected = slot.profiles().first().copied();
                assert_eq!(profile_of(class.uid.into(), slot.name), expected, "{} {}", class.name, slot.name);
            }
        }
    }
}
