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
    let context = context.with_latest("2026-03-17T00:00:00Z".parse().unwrap());
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
fn m365() {
    check("m365.jsonl");
}

#[test]
fn okta() {
    check("okta.jsonl");
}

#[test]
fn audit_lines() {
    check("audit.log");
}

#[test]
fn sign_ins_in_syslog() {
    check("auth.log");
    check("journal.jsonl");
}

#[test]
fn audit_documents() {
    check("audit.jsonl");
}

#[test]
fn windows_as_xml() {
    check("windows.xml");
}

#[test]
fn ocsf() {
    check("ocsf.jsonl");
}

#[test]
fn suricata() {
    check("suricata.jsonl");
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
fn zeek_as_text() {
    check("zeek.log");
}

#[test]
fn zeek_of_every_kind() {
    check("zeek.jsonl");
}

#[test]
fn zeek_leases() {
    check("dhcp.log");
}

#[test]
fn alerts() {
    check("alerts.jsonl");
}

#[test]
fn anthropic() {
    check("anthropic.jsonl");
}

#[test]
fn bedrock() {
    check("bedrock.jsonl");
}

#[test]
fn lines_of_servers() {
    check("s3_access.log");
    check("s3_access.jsonl");
}

#[test]
fn exports_as_csv() {
    check("entra_sign_in.csv");
    check("message_summary.csv");
    check("message_trace.csv");
    check("message_trace_wide.csv");
    check("purview.csv");
}

#[test]
fn mail_as_pairs() {
    check("mimecast.log");
}

#[test]
fn stored_mails() {
    check("eml.jsonl");
}

#[test]
fn github() {
    check("github.jsonl");
}

#[test]
fn mail() {
    check("mail.jsonl");
}

#[test]
fn openai() {
    check("openai.jsonl");
}

#[test]
fn slack() {
    check("slack.jsonl");
}

#[test]
fn workspace() {
    check("workspace.jsonl");
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
fn what_came_out_goes_in_again_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["cloudtrail.jsonl", "okta.jsonl", "suricata.jsonl", "zeek.jsonl"] {
        let golden = fs::read_to_string(folder.join(format!("{name}.ocsf"))).unwrap();
        let mut ingest = Ingest::new(Registry::default()).with_coverage();
        let again: Vec<String> =
            ingest.read(name, golden.as_bytes()).map(|event| event.unwrap().to_json()).collect();
        assert_eq!(again.len(), golden.lines().count());
        for (number, (again, golden)) in again.iter().zip(golden.lines()).enumerate() {
            let (again, mut golden): (serde_json::Value, serde_json::Value) =
                (serde_json::from_str(again).unwrap(), serde_json::from_str(golden).unwrap());
            let stem = name.split('.').next().unwrap();
            golden["unmapped"]["homeostat_ref"] = format!("{stem}#{number}").into();
            assert_eq!(again, golden);
        }
        let counts = &ingest.coverage().sources["ocsf"];
        assert_eq!((counts.leaves_dropped, counts.errors), (0, 0));
    }
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

#[test]
fn azure_activity() {
    check("azure_activity.jsonl");
}

#[test]
fn google_calls() {
    check("gcp_audit.jsonl");
    check("gcp_pubsub.jsonl");
}

#[test]
fn google_flows() {
    check("gcp_flow.jsonl");
}

#[test]
fn google_names() {
    check("gcp_dns.jsonl");
}

#[test]
fn kubernetes() {
    check("kubernetes.jsonl");
    check("kubernetes_aks.jsonl");
    check("kubernetes_cloudwatch.json");
    check("kubernetes_list.json");
}

#[test]
fn aws_web_requests() {
    check("waf.jsonl");
}

#[test]
fn azure_firewall() {
    check("azure_firewall.jsonl");
}
