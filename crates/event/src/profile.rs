//! Which profile an attribute of an event belongs to, so that setting it names the profile.

use crate::class::ClassUid;
use crate::table;

/// The profile that `attribute` of class `class` belongs to, if it is no attribute of the class itself.
///
/// The list spares most setters the search in the schema table; a test holds it against the table.
#[inline]
pub(crate) fn profile_of(class: ClassUid, attribute: &str) -> Option<&'static str> {
    // Calls of interfaces are the most events of all.
    match (class, attribute) {
        (ClassUid::API_ACTIVITY, "actor" | "api") => return None,
        (ClassUid::API_ACTIVITY, "cloud") => return Some("cloud"),
        _ => {}
    }
    let profiled = matches!(
        attribute,
        "action"
            | "action_id"
            | "actor"
            | "ai_model"
            | "api"
            | "attacks"
            | "authorizations"
            | "cloud"
            | "confidence"
            | "confidence_id"
            | "confidence_score"
            | "device"
            | "disposition"
            | "disposition_id"
            | "firewall_rule"
            | "impact"
            | "impact_id"
            | "impact_score"
            | "is_alert"
            | "is_suspected_breach"
            | "load_balancer"
            | "malware"
            | "malware_scan_info"
            | "message_context"
            | "osint"
            | "policy"
            | "priority"
            | "priority_id"
            | "src_url"
            | "ticket"
            | "tickets"
            | "trace"
            | "verdict"
            | "verdict_id"
    );
    let by_ending = attribute.ends_with("_dt");
    let by_start = attribute.starts_with("risk_")
        || attribute.starts_with("proxy_")
        || attribute.starts_with("assignee")
        || attribute.starts_with("data_class");
    if profiled || by_ending || by_start { table::profile_of(class.get(), attribute) } else { None }
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
