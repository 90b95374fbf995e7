//! Questions to the resolver of a VPC.
//!
//! Source: docs.aws.amazon.com, "Values that appear in Route 53 Resolver query logs".

use super::{cloud, small, take, told};
use crate::address::is_address;
use crate::moment;
use crate::protocol::rcode_of;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{JsonText, Outcome, Timestamp};
use homeostat_event::{
    DnsAnswer, DnsQuery, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, Product,
};

/// Route 53 Resolver query logs. Class 4003.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route53;

impl Source for Route53 {
    fn name(&self) -> &'static str {
        "aws_route53"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        has("query_name") && has("query_timestamp") && (has("srcaddr") || has("vpc_id"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let time = record.look("query_timestamp").and_then(|text| moment::read(&text));
        let head = Head::new(2, time.unwrap_or(Timestamp::UNKNOWN), Product::new("AWS", "Route 53 Resolver"));
        let mut event = Event::dns_activity(head, Ends::Both(source(root), resolver(root)));
        event.set_query(query(root)).set_answers(answers(root));
        let mut info = NetworkConnectionInfo::new(2);
        info.set_direction("Outbound").set_protocol_name(take(root, "transport"));
        event.set_connection_info(info);
        let code = take(root, "rcode");
        if let Some((number, word)) = code.as_deref().and_then(rcode_of) {
            event.set_rcode_id(number).set_rcode(word);
            event.set_outcome(if number == 0 { Outcome::Success } else { Outcome::Failure }, None);
        }
        event.set_status_code(code);
        tell_firewall(root, &mut event);
        if let Some(time) = record.take("query_timestamp") {
            event.set_original_time(&time);
        }
        event.set_cloud(cloud(take(root, "account_id"), take(root, "region"), context));
        event.metadata_mut().set_log_version(take(root, "version"));
        events.push(event);
    }
}

fn source(root: Field<'_>) -> NetworkEndpoint {
    let ids = root.member("srcids").filter(Field::is_object);
    let id = |name| ids.and_then(|ids| take(ids, name));
    let address = root.member("srcaddr").filter(|field| field.look().is_some_and(|text| is_address(&text)));
    let mut source = match address.and_then(|address| address.take()) {
        Some(ip) => NetworkEndpoint::of_ip(ip),
        None => NetworkEndpoint::of_service("vpc"),
    };
    source.set_port(root.member("srcport").and_then(small)).set_vpc_uid(take(root, "vpc_id"));
    source.set_instance_uid(id("instance")).set_interface_uid(id("resolver_network_interface"));
    source
}

fn resolver(root: Field<'_>) -> NetworkEndpoint {
    let mut resolver = NetworkEndpoint::of_service("Route 53 Resolver");
    resolver.set_uid(root.member("srcids").and_then(|ids| take(ids, "resolver_endpoint")));
    resolver
}

fn query(root: Field<'_>) -> Option<DnsQuery> {
    let field = root.member("query_name")?;
    let name = field.look()?;
    let mut query = match name.strip_suffix('.').filter(|name| !name.is_empty()) {
        Some(short) => {
            field.copy();
            DnsQuery::new(short)
        }
        None => DnsQuery::new(field.take()?),
    };
    query.set_kind(take(root, "query_type")).set_class(take(root, "query_class"));
    Some(query)
}

/// A list; of one answer, which some copies write so, that answer.
fn answers(root: Field<'_>) -> Vec<DnsAnswer> {
    let Some(told) = root.member("answers") else { return Vec::new() };
    let answer = |told: Field<'_>| {
        let mut answer = DnsAnswer::new(take(told, "Rdata")?);
        answer.set_kind(take(told, "Type")).set_class(take(told, "Class"));
        Some(answer)
    };
    if told.is_object() {
        return answer(told).into_iter().collect();
    }
    told.children().filter(Field::is_object).filter_map(answer).collect()
}

/// Tells what the resolver's firewall did.
fn tell_firewall(root: Field<'_>, event: &mut Event) {
    let Some(action) = root.member("firewall_rule_action").and_then(told) else { return };
    match action.look().as_deref() {
        Some("BLOCK") => {
            event
                .set_action_id(2)
                .set_action_taken("Denied")
                .set_disposition_id(2)
                .set_disposition("Blocked");
        }
        Some("ALERT") => {
            event
                .set_action_id(1)
                .set_action_taken("Allowed")
                .set_disposition_id(19)
                .set_disposition("Alert");
        }
        _ => {
            event
                .set_action_id(1)
                .set_action_taken("Allowed")
                .set_disposition_id(1)
                .set_disposition("Allowed");
        }
    }
    let Some(group) = root.member("firewall_rule_group_id").and_then(told).filter(Field::is_text) else {
        return;
    };
    let mut text = format!(r#"{{"uid":{},"type":{}"#, group.json(), action.json());
    group.take();
    action.take();
    if let Some(list) = root.member("firewall_domain_list_id").and_then(told).filter(Field::is_text) {
        text.push_str(r#","condition":"#);
        text.push_str(list.json());
        list.take();
    }
    text.push('}');
    event.set_attribute("firewall_rule", &JsonText::new(text));
}
