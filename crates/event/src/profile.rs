//! Which profile an attribute of an event belongs to, so that setting it names the profile.
//!
//! The same facts stand in the schema table; a test compares the two for every class that is built here.

use crate::class::ClassUid;

/// The profile that `attribute` of class `class` belongs to, if it is no attribute of the class itself.
pub(crate) fn profile_of(class: ClassUid, attribute: &str) -> Option<&'static str> {
    match attribute {
        "cloud" => Some("cloud"),
        "api" if class != ClassUid::API_ACTIVITY => Some("cloud"),
        "actor" => {
            let host = [
                ClassUid::BASE_EVENT,
                ClassUid::DETECTION_FINDING,
                ClassUid::NETWORK_ACTIVITY,
                ClassUid::DNS_ACTIVITY,
            ];
            host.contains(&class).then_some("host")
        }
        "device" if class != ClassUid::DETECTION_FINDING => Some("host"),
        "action" | "action_id" | "attacks" | "authorizations" | "disposition" | "disposition_id"
        | "firewall_rule" => Some("security_control"),
        "policy" if class != ClassUid::ACCOUNT_CHANGE => Some("security_control"),
        "confidence" | "confidence_id" | "confidence_score" | "is_alert" | "malware"
        | "malware_scan_info" | "risk_details" | "risk_level" | "risk_level_id" | "risk_score"
            if class != ClassUid::DETECTION_FINDING =>
        {
            Some("security_control")
        }
        "time_dt" | "start_time_dt" | "end_time_dt" | "query_time_dt" | "response_time_dt" => {
            Some("datetime")
        }
        _ => None,
    }
}
