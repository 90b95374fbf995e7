//! Questions to Cloud DNS and its answers.

use super::{number, take, tell_entry, time_of};
use crate::address::is_address;
use crate::protocol::rcode_of;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{
    DnsAnswer, DnsQuery, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, Product, Severity,
};

/// Google Cloud DNS query logs. Class 4003.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpDns;

impl Source for GcpDns {
    fn name(&self) -> &'static str {
        "gcp_dns"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let payload = record.root().member("jsonPayload").filter(Field::is_object);
        payload.is_some_and(|payload| payload.member("queryName").is_some())
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let Some(payload) = record.root().member("jsonPayload") else { return };
        let head = Head::new(2, time_of(record), Product::new("Google Cloud", "Cloud DNS"));
        let mut event = Event::dns_activity(head, ends(payload));
        event.set_query(query(payload)).set_answers(answers(payload));
        let mut info = NetworkConnectionInfo::new(2);
        info.set_direction("Outbound").set_protocol_name(take(payload, "protocol"));
        event.set_connection_info(info);
        let code = payload.member("responseCode").and_then(|code| code.take());
        if let Some((number, word)) = code.as_deref().and_then(rcode_of) {
            event.set_rcode_id(number).set_rcode(word);
            event.set_outcome(if number == 0 { Outcome::Success } else { Outcome::Failure }, None);
        }
        event.set_status_code(code).set_duration(number::<u32>(payload, "serverLatency"));
        event.set_severity(Severity::INFORMATIONAL);
        tell_entry(record, context, &mut event);
        event.metadata_mut().set_event_code("dns-query");
        events.push(event);
    }
}

fn ends(payload: Field<'_>) -> Ends {
    let address = |name: &str| {
        let field = payload.member(name)?;
        if is_address(&field.look()?) { field.take() } else { None }
    };
    let machine = take(payload, "vmInstanceName");
    let mut source = match (address("sourceIP"), &machine) {
        (Some(ip), _) => NetworkEndpoint::of_ip(ip),
        (None, Some(machine)) => NetworkEndpoint::named(&**machine),
        (None, None) => NetworkEndpoint::of_service("dns.googleapis.com"),
    };
    source
        .set_name(machine)
        .set_zone(take(payload, "vmZoneName"))
        .set_vpc_uid(take(payload, "sourceNetwork"));
    let id = take(payload, "vmInstanceIdString");
    let other = payload.member("vmInstanceId").filter(|other| id.is_none() || other.look() == id);
    source.set_instance_uid(other.and_then(|other| other.take()).or(id));
    match address("destinationIP") {
        Some(ip) => Ends::Both(source, NetworkEndpoint::of_ip(ip)),
        None => Ends::Both(source, NetworkEndpoint::of_service("dns.googleapis.com")),
    }
}

fn query(payload: Field<'_>) -> Option<DnsQuery> {
    let field = payload.member("queryName")?;
    let name = field.look()?;
    let mut query = match name.strip_suffix('.').filter(|name| !name.is_empty()) {
        Some(short) => {
            field.copy();
            DnsQuery::new(short)
        }
        None => DnsQuery::new(field.take()?),
    };
    query.set_kind(take(payload, "queryType"));
    Some(query)
}

/// Answers as objects, else as lines `name\tttl\tclass\ttype\tvalue`.
fn answers(payload: Field<'_>) -> Vec<DnsAnswer> {
    if let Some(list) = payload.member("structuredRdata").filter(Field::is_array) {
        return list.children().filter_map(answer).collect();
    }
    let Some(text) = payload.member("rdata").and_then(|lines| lines.copy()) else { return Vec::new() };
    text.lines().filter_map(line).collect()
}

fn answer(told: Field<'_>) -> Option<DnsAnswer> {
    let mut answer = DnsAnswer::new(take(told, "rvalue")?);
    answer.set_kind(take(told, "type")).set_class(take(told, "class"));
    answer.set_ttl(number::<i32>(told, "ttl"));
    Some(answer)
}

fn line(text: &str) -> Option<DnsAnswer> {
    let mut parts = text.splitn(5, '\t').skip(1);
    let (ttl, class, kind, data) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let mut answer = DnsAnswer::new(data);
    answer.set_class(class).set_kind(kind.to_ascii_uppercase()).set_ttl(ttl.parse::<i32>().ok());
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_answers_are_taken_apart() {
        let found = line("www.example.com.\t300\tIN\ta\t192.0.2.7").unwrap();
        assert_eq!((found.rdata(), found.kind(), found.ttl()), (Some("192.0.2.7"), Some("A"), Some(300)));
        assert!(line("no tabs").is_none());
    }
}
