//! Cloud DNS logs: names asked for by virtual machines, or by the internet of a public zone.

use super::{LogEntry, is_log};
use crate::address::is_address;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{
    DnsAnswer, DnsQuery, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, Product,
};
use std::borrow::Cow;

/// Google Cloud DNS logging. Class 4003, activity 2: the log tells answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpDns;

/// How many answers an event names. Default 64: more are a transfer of a zone; all stay in `unmapped`.
const ANSWERS: usize = 64;

/// The codes that the log spells, with the numbers of RFC 6895.
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

impl Source for GcpDns {
    fn name(&self) -> &'static str {
        "gcp_dns"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        is_log(record, "jsonPayload", "dns_queries")
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let entry = LogEntry::of(record);
        let asked = entry.payload("jsonPayload");
        let head = Head::new(2, entry.time(), Product::new("Google", "Cloud DNS"));
        let source = source(&entry, asked);
        let ends = match address(asked, "destinationIP") {
            Some(address) => Ends::Both(source, NetworkEndpoint::of_ip(address)),
            None => Ends::Source(source),
        };
        let mut event = Event::dns_activity(head, ends);
        entry.tell(&mut event, context);
        event.set_query(query(asked)).set_answers(answers(asked));
        tell_code(asked, &mut event);
        event.set_connection_info(connection(asked));
        event.set_duration(asked.member("serverLatency").and_then(|millis| millis.take_as::<i64>()));
        events.push(event);
    }
}

fn take<'a>(asked: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    asked.member(name)?.take()
}

fn address<'a>(asked: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    asked.member(name).filter(|text| text.look().is_some_and(|text| is_address(&text)))?.take()
}

/// Who asked: a machine, or whatever kind of source the log tells.
fn source(entry: &LogEntry<'_>, asked: Field<'_>) -> NetworkEndpoint {
    let kind = entry.take_label("source_type");
    let mut source = match (address(asked, "sourceIP"), &kind) {
        (Some(address), _) => NetworkEndpoint::of_ip(address),
        (None, Some(kind)) => NetworkEndpoint::named(&**kind),
        (None, None) => NetworkEndpoint::named("unknown"),
    };
    source.set_name(kind);
    let id = take(asked, "vmInstanceIdString").or_else(|| take(asked, "vmInstanceId"));
    source.set_instance_uid(id);
    asked.member("vmInstanceId").map(|id| id.take());
    // The name stands behind the number of its project.
    let machine = asked.member("vmInstanceName").and_then(|name| name.copy());
    source.set_hostname(machine.map(|name| name.rsplit('.').next().unwrap_or_default().to_owned()));
    source.set_vpc_uid(take(asked, "sourceNetwork")).set_zone(take(asked, "vmZoneName"));
    source
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

fn query(asked: Field<'_>) -> Option<DnsQuery> {
    let mut query = DnsQuery::new(without_dot(asked.member("queryName")?)?);
    query.set_kind(take(asked, "queryType"));
    Some(query)
}

/// The answers, as objects, else as lines of `name`, `ttl`, `class`, `type` and data with tabs between.
fn answers(asked: Field<'_>) -> Vec<DnsAnswer> {
    if let Some(list) = asked.member("structuredRdata").filter(Field::is_array) {
        let told = list.children().take(ANSWERS).filter_map(|told| {
            let mut answer = DnsAnswer::new(take(told, "rvalue")?);
            answer.set_kind(take(told, "type")).set_class(take(told, "class"));
            answer.set_ttl(told.member("ttl").and_then(|ttl| ttl.take_as::<i32>()));
            Some(answer)
        });
        return told.collect();
    }
    let lines = asked.member("rdata").and_then(|lines| lines.copy()).unwrap_or_default();
    lines.lines().take(ANSWERS).filter_map(answer).collect()
}

fn answer(line: &str) -> Option<DnsAnswer> {
    let mut parts = line.splitn(5, '\t').skip(1);
    let (ttl, class, kind, data) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let mut answer = DnsAnswer::new(data);
    answer.set_ttl(ttl.parse::<i32>().ok()).set_class(class).set_kind(kind.to_ascii_uppercase());
    Some(answer)
}

fn tell_code(asked: Field<'_>, event: &mut Event) {
    let Some(name) = take(asked, "responseCode") else { return };
    let code = CODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, code)| *code);
    match code {
        Some(code) => event.set_rcode_id(code),
        None => event.set_rcode_id(99).set_rcode(&*name),
    };
    let outcome = if code == Some(0) { Outcome::Success } else { Outcome::Failure };
    event.set_outcome(outcome, None).set_status_code(name);
}

/// A question leaves the machine that asks it.
fn connection(asked: Field<'_>) -> NetworkConnectionInfo {
    let mut info = NetworkConnectionInfo::new(2);
    let protocol = asked.member("protocol").and_then(|name| name.copy()).map(|name| name.to_lowercase());
    info.set_protocol_num(match protocol.as_deref() {
        Some("udp") => Some(17),
        Some("tcp") => Some(6),
        _ => None,
    });
    info.set_protocol_name(protocol);
    info
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn a_line_is_an_answer() {
        let told = answer("wiki.acme.example.\t300\tIN\tmx\t10 mail.acme.example.").unwrap();
        assert_eq!((told.ttl(), told.class(), told.kind()), (Some(300), Some("IN"), Some("MX")));
        assert_eq!(told.rdata(), Some("10 mail.acme.example."));
        assert!(answer("wiki.acme.example.").is_none());
    }
}
