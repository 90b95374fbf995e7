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

/// The place of an attribute that is none of [`PROFILED`] but starts or ends as others do.
const ELSEWHERE: u8 = u8::MAX;

/// Where among those that some class may have from a profile `attribute` stands. A setter asks it when it is compiled, so
/// that of most setters nothing is left of it; a test holds it against the schema's table.
#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
#[expect(clippy::cast_possible_truncation, reason = "the list is short")]
pub(crate) const fn place_of(attribute: &str) -> Option<u8> {
    let name = attribute.as_bytes();
    let mut at = 0;
    while at < PROFILED.len() {
        if PROFILED[at].len() == name.len() && has_at(name, 0, PROFILED[at].as_bytes()) {
            return Some(at as u8);
        }
        at += 1;
    }
    at = 0;
    while at < STARTS.len() {
        if has_at(name, 0, STARTS[at].as_bytes()) {
            return Some(ELSEWHERE);
        }
        at += 1;
    }
    if name.len() >= 3 && has_at(name, name.len() - 3, b"_dt") { Some(ELSEWHERE) } else { None }
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

/// For each attribute of [`PROFILED`] and each class, by number, which profiles it is of.
static BY_CLASS: [[u8; table::CLASSES]; PROFILED.len()] = by_class();

#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
const fn by_class() -> [[u8; table::CLASSES]; PROFILED.len()] {
    let mut found = [[0; table::CLASSES]; PROFILED.len()];
    let mut at = 0;
    while at < PROFILED.len() {
        found[at] = table::profiles_by_class(PROFILED[at]);
        at += 1;
    }
    found
}

/// The profile that `attribute` of class `class` belongs to, if it is no attribute of the class itself.
pub(crate) fn profile_of(class: ClassUid, attribute: &str) -> Option<&'static str> {
    profile_at(class, place_of(attribute)?, attribute)
}

/// The same of an attribute whose place is `place`.
pub(crate) fn profile_at(class: ClassUid, place: u8, attribute: &str) -> Option<&'static str> {
    match BY_CLASS.get(usize::from(place)) {
        Some(classes) => table::profile_number(classes, class.get()),
        None => table::profile_of(class.get(), attribute),
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
