//! Amazon Route 53 Resolver query logs: what names were asked for in a VPC, and the answers.
//!
//! Source: Route 53 Developer Guide, "Values that appear in VPC Resolver query logs". A name ends with a dot there.

use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::text::write_member;
use homeostat_core::{JsonText, Outcome, Timestamp};
use homeostat_event::{
    Account, Cloud, DnsAnswer, DnsQuery, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, Product,
};
use std::borrow::Cow;

/// Amazon Route 53 Resolver query logs. Class 4003, activity 2: the log tells answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route53Resolver;

impl Source for Route53Resolver {
    fn name(&self) -> &'static str {
        "route53_resolver"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        has("query_name") && has("query_timestamp") && (has("srcaddr") || has("vpc_id"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let time = take_time(root).unwrap_or(Timestamp::UNKNOWN);
        let mut event = Event::dns_activity(
            Head::new(2, time, Product::new("AWS", "Route 53 Resolver")),
            Ends::Source(source(root)),
        );
        if let Some(time) = take(root, "query_timestamp") {
            event.set_original_time(&time);
        }
        event.set_query(query(root)).set_answers(answers(root));
        tell_rcode(root, &mut event);
        tell_firewall(root, &mut event);
        event.set_cloud(cloud(root, context)).set_connection_info(connection(root));
        event.metadata_mut().set_log_name("Resolver query log").set_log_version(take(root, "version"));
        events.push(event);
    }
}

fn take<'a>(root: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    root.member(name)?.take()
}

fn take_time(root: Field<'_>) -> Option<Timestamp> {
    moment::read(&root.member("query_timestamp")?.look()?)
}

fn source(root: Field<'_>) -> NetworkEndpoint {
    let address = root.member("srcaddr").filter(|text| text.look().is_some_and(|text| is_address(&text)));
    let mut source = match address.and_then(|address| address.take()) {
        Some(address) => NetworkEndpoint::of_ip(address),
        None => NetworkEndpoint::of_service("VPC"),
    };
    let inside = |name| root.member("srcids").and_then(|ids| take(ids, name));
    source.set_port(root.member("srcport").and_then(|port| port.take_as::<u16>()));
    source.set_vpc_uid(take(root, "vpc_id")).set_instance_uid(inside("instance"));
    source
}

fn query(root: Field<'_>) -> Option<DnsQuery> {
    let mut query = DnsQuery::new(without_dot(root.member("query_name")?)?);
    query.set_kind(take(root, "query_type")).set_class(take(root, "query_class"));
    Some(query)
}

/// A name without the dot that ends it; the root is the dot alone.
fn without_dot(name: Field<'_>) -> Option<Cow<'_, str>> {
    let text = name.look()?;
    match text.strip_suffix('.').filter(|text| !text.is_empty()) {
        Some(short) => {
            name.copy();
            Some(Cow::Owned(short.to_owned()))
        }
        None => name.take(),
    }
}

/// How many answers an event names. Default 64: more are a transfer of a zone; all stay in `unmapped`.
const ANSWERS: usize = 64;

fn answers(root: Field<'_>) -> Vec<DnsAnswer> {
    let Some(list) = root.member("answers") else { return Vec::new() };
    // Some collectors write one answer without a list.
    let answers: Vec<Field<'_>> =
        if list.is_object() { vec![list] } else { list.children().take(ANSWERS).collect() };
    let told = answers.into_iter().filter_map(|told| {
        let mut answer = DnsAnswer::new(told.member("Rdata")?.take()?);
        answer.set_kind(take(told, "Type")).set_class(take(told, "Class"));
        Some(answer)
    });
    told.collect()
}

/// The codes of RFC 6895 by their names, with the numbers that OCSF knows.
const CODES: [(&str, i32); 11] = [
    ("NOERROR", 0),
    ("FORMERR", 1),
    ("SERVFAIL", 2),
    ("NXDOMAIN", 3),
    ("NOTIMP", 4),
    ("REFUSED", 5),
    ("YXDOMAIN", 6),
    ("YXRRSET", 7),
    ("NXRRSET", 8),
    ("NOTAUTH", 9),
    ("NOTZONE", 10),
];

fn tell_rcode(root: Field<'_>, event: &mut Event) {
    let Some(name) = take(root, "rcode") else { return };
    let code = CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, code)| *code);
    match code {
        Some(code) => event.set_rcode_id(code),
        None => event.set_rcode_id(99).set_rcode(&*name),
    };
    let outcome = if code == Some(0) { Outcome::Success } else { Outcome::Failure };
    event.set_outcome(outcome, None).set_status_code(name);
}

/// What DNS Firewall did about the question, and by which rule.
fn tell_firewall(root: Field<'_>, event: &mut Event) {
    match root.member("firewall_rule_action").and_then(|action| action.look()).as_deref() {
        Some("BLOCK") => event.set_action_id(2).set_disposition_id(2),
        Some("ALERT" | "ALLOW") => event.set_action_id(1).set_disposition_id(1),
        _ => return,
    };
    let mut rule = String::from("{");
    for (name, field) in [("uid", "firewall_rule_group_id"), ("name", "firewall_domain_list_id")] {
        if let Some(text) = take(root, field) {
            write_member(name, &text, &mut rule);
        }
    }
    rule.push('}');
    if rule.len() > 2 {
        event.set_attribute("firewall_rule", &JsonText::new(rule));
    }
}

fn cloud(root: Field<'_>, context: &Context) -> Cloud {
    let mut cloud = Cloud::new("AWS");
    let account = take(root, "account_id").or_else(|| context.account.as_deref().map(Cow::Borrowed));
    cloud.set_account(account.map(|account| Account::of_uid(&*account))).set_region(take(root, "region"));
    cloud
}

/// A question leaves the machine that asks it.
fn connection(root: Field<'_>) -> NetworkConnectionInfo {
    let mut info = NetworkConnectionInfo::new(2);
    let protocol = root.member("transport").and_then(|name| name.copy()).map(|name| name.to_lowercase());
    info.set_protocol_num(match protocol.as_deref() {
        Some("udp") => Some(17),
        Some("tcp") => Some(6),
        _ => None,
    });
    info.set_protocol_name(protocol);
    info
}
