//! What each fixture becomes, event by event, to the last byte.
//!
//! Fixtures are written by this project in the shape of each source. After a wanted change of a mapping run with
//! `HOMEOSTAT_BLESS=1` and read the difference.
#![cfg(test)]

use homeostat_core::TenantId;
use homeostat_event::validate;
use homeostat_ingest::{Context, Ingest, Registry};
use std::fs::{self, File};
use std::path::Path;

#[track_caller]
fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let context =
        Context::new().with_tenant(TenantId::new("acme").unwrap()).with_directory("acme.okta.example");
    let mut ingest = Ingest::new(Registry::default()).with_context(context).with_coverage();
    let mut lines = Vec::new();
    for next in ingest.read(name, File::open(folder.join(name)).unwrap()) {
        let event = next.unwrap();
        assert_eq!(validate(&event), [], "{}", event.to_json());
        lines.push(event.to_json());
    }
    for counts in ingest.coverage().sources.values() {
        assert_eq!(counts.leaves_dropped, 0);
    }
    let golden = folder.join(format!("{name}.ocsf"));
    if std::env::var_os("HOMEOSTAT_BLESS").is_some() {
        fs::write(&golden, lines.join("\n") + "\n").unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap();
    for (line, expected) in lines.iter().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(lines.len(), expected.lines().count());
}

#[test]
fn cloudtrail() {
    check("cloudtrail.jsonl");
}

#[test]
fn okta() {
    check("okta.jsonl");
}

#[test]
fn windows() {
    check("windows.jsonl");
}

#[test]
fn zeek_connections() {
    check("conn.log");
}

#[test]
fn zeek_names() {
    check("dns.log");
}

#[test]
fn zeek_leases() {
    check("dhcp.log");
}

#[test]
fn other_logs() {
    check("others.jsonl");
}

#[test]
fn flows_as_text_and_json() {
    check("vpc_flow.log");
    check("vpc_flow_v2.log");
    check("vpc_flow.jsonl");
}

#[test]
fn names_asked_for_in_a_vpc() {
    check("route53.jsonl");
}

#[test]
fn findings_of_aws() {
    check("guardduty.jsonl");
    check("security_hub.json");
}

#[test]
fn entra_sign_ins() {
    check("entra_sign_in.jsonl");
}

#[test]
fn entra_changes() {
    check("entra_audit.json");
    check("entra_audit_graph.json");
}

#[test]
fn entra_risks() {
    check("entra_risk.jsonl");
}
