//! Suricata's `alert`: a rule matched.
//!
//! Source: docs.suricata.io, EVE JSON format, and the metadata that rule writers put into rules. Severity 1 is the
//! highest. Payload and packet stay in `unmapped` as they came. An alert has no id of its own: the flow's and the
//! rule's together are one.

use super::parts::{connection_info, ends, head};
use super::traffic::{exchange_of, tls_of};
use crate::json::JsonObject;
use crate::record::{Field, Record};
use homeostat_core::{JsonText, Technique};
use homeostat_event::{
    Analytic, Attack, AttackEntry, DnsQuery, Ends, Event, Evidence, FindingInfo, Severity,
};

pub(super) fn alert(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let alert = root.member("alert").filter(Field::is_object)?;
    let ends = ends(root)?;
    let mut event = Event::detection_finding(head(record, 1), finding(root, alert));
    event.set_status_id(1).set_severity(severity(alert)).set_evidences(vec![evidence(root, ends)]);
    event.set_start_time(root.member("flow").and_then(|flow| flow.member("start")?.moment()));
    event.set_message(alert.look_at("signature"));
    let verdict = root.member("verdict").and_then(|verdict| verdict.look_at("action"));
    let dropped = verdict.is_some_and(|verdict| matches!(&*verdict, "drop" | "reject" | "blocked"));
    match alert.look_at("action").as_deref() {
        Some("blocked") => event.set_action_id(2).set_disposition_id(2),
        _ if dropped => event.set_action_id(2).set_disposition_id(2),
        Some("allowed") => event.set_action_id(1).set_disposition_id(1),
        _ => &mut event,
    };
    Some(event)
}

fn severity(alert: Field<'_>) -> Severity {
    match alert.look_at("severity").as_deref() {
        Some("1") => Severity::HIGH,
        Some("2") => Severity::MEDIUM,
        Some("3") => Severity::LOW,
        Some(_) => Severity::INFORMATIONAL,
        None => Severity::UNKNOWN,
    }
}

fn finding(root: Field<'_>, alert: Field<'_>) -> FindingInfo {
    let told = |object: Field<'_>, name| object.look_at(name).unwrap_or_default().into_owned();
    let uid = format!("{}:{}", told(root, "flow_id"), told(alert, "signature_id"));
    let name = alert.look_at("signature").or_else(|| alert.look_at("signature_id")).unwrap_or_default();
    let mut analytic = Analytic::new(&*name, 1);
    analytic.set_category(alert.take_at("category")).set_uid(alert.take_at("signature_id"));
    analytic.set_version(alert.take_at("rev"));
    let mut info = FindingInfo::new(uid);
    info.set_title(alert.take_at("signature"))
        .set_types(analytic.category().map(|kind| vec![kind.into()]).unwrap_or_default());
    info.set_analytic(analytic).set_attacks(attacks(alert));
    info
}

/// The techniques that the rule's writer names, else the tactics.
fn attacks(alert: Field<'_>) -> Vec<Attack> {
    let Some(metadata) = alert.member("metadata").filter(Field::is_object) else { return Vec::new() };
    let list = |name| metadata.member(name).into_iter().flat_map(|list: Field<'_>| list.children());
    let tactic = metadata.member("mitre_tactic_id").and_then(|ids| ids.first());
    let techniques = list("mitre_technique_id").chain(list("mitre_attack"));
    techniques
        .filter_map(|field| {
            let technique = Technique::parse(&field.look()?.to_uppercase())?;
            field.copy();
            let mut attack = Attack::by(&technique);
            attack.set_tactic(tactic.and_then(|tactic| tactic.take()).map(AttackEntry::of_uid));
            Some(attack)
        })
        .collect()
}

fn evidence(root: Field<'_>, ends: Ends) -> Evidence {
    let mut evidence = match ends {
        Ends::Both(source, destination) => {
            let mut evidence = Evidence::of_source(source);
            evidence.set_dst_endpoint(destination);
            evidence
        }
        Ends::Source(source) => Evidence::of_source(source),
        Ends::Destination(destination) => Evidence::of_destination(destination),
    };
    evidence.set_connection_info(connection_info(root));
    if let Some(http) = root.member("http").filter(Field::is_object) {
        let (request, response) = exchange_of(http);
        evidence.set_http_request(request).set_http_response(response);
    }
    evidence.set_tls(root.member("tls").and_then(tls_of)).set_query(asked(root));
    if let Some(data) = packet(root) {
        evidence.set_attribute("data", &data);
    }
    evidence
}

fn asked(root: Field<'_>) -> Option<DnsQuery> {
    let query = root.member("dns")?.member("query")?.first()?;
    let mut asked = DnsQuery::new(query.take_at("rrname")?);
    asked.set_kind(query.take_at("rrtype"));
    Some(asked)
}

/// What was on the wire, as Suricata encodes it.
fn packet(root: Field<'_>) -> Option<JsonText> {
    let parts = ["payload", "packet"].map(|name| root.take_at(name));
    let [payload, packet] = parts;
    JsonObject::default().text("payload", payload).text("packet", packet).end()
}
