//! A vendor's triage screen: three events of three classes, asked the same questions.
//!
//! `cargo run -p homeostat-event --example who_did_what`

use homeostat_event::{Event, Level, validate};

/// What arrived, as OCSF of three products; the last one is of a class nobody knows yet.
const EVENTS: [&str; 3] = [
    r#"{"class_uid":6003,"activity_id":3,"type_uid":600303,"category_uid":6,"severity_id":1,"time":1773649800000,
        "metadata":{"version":"1.8.0","product":{"name":"CloudTrail","vendor_name":"AWS"},"tenant_uid":"acme","profiles":["cloud"]},
        "cloud":{"provider":"AWS"},"api":{"operation":"PutUserPolicy"},"status_id":2,"status_code":"AccessDenied",
        "actor":{"user":{"uid":"arn:aws:iam::123456789012:user/jane"},"session":{"credential_uid":"AKIAIOSFODNN7EXAMPLE"}},
        "src_endpoint":{"ip":"203.0.113.7"},"resources":[{"uid":"arn:aws:iam::123456789012:user/bob"}],
        "unmapped":{"requestParameters":{"policyName":"all"},"homeostat_ref":"cloudtrail#4"}}"#,
    r#"{"class_uid":4003,"activity_id":1,"type_uid":400301,"category_uid":4,"severity_id":1,"time":1773649801250,
        "metadata":{"version":"1.8.0","product":{"name":"Zeek"},"tenant_uid":"acme","original_time":"1773649801.250417"},
        "src_endpoint":{"ip":"10.1.2.3"},"query":{"hostname":"updates.evil.example"},"rcode_id":3}"#,
    r#"{"class_uid":9009,"activity_id":1,"time":1773649802000,"user":{"name":"ACME\\jane"},"robot":{"arm":2}}"#,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for text in EVENTS {
        let event = Event::from_json(text)?;
        println!("{event:?} {} {} {}", event.when(), event.domain(), event.action());
        println!("  outcome  {} {}", event.outcome(), event.outcome_code().unwrap_or("-"));
        for (key, role) in event.entities() {
            println!("  {role:8} {key}");
        }
        if let Some(name) = event.unmapped("requestParameters.policyName") {
            println!("  leftover {}", name.as_str());
        }
        let errors = validate(&event).into_iter().filter(|broken| broken.level() == Level::Error);
        errors.for_each(|broken| println!("  schema   {broken}"));
    }
    Ok(())
}
