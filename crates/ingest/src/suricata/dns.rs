//! Suricata's `dns`: a question or its answer, in the three forms that versions of Suricata write.
//!
//! Source: docs.suricata.io, EVE JSON format, DNS. Version 1 writes one record for each answer, flat; version 2
//! lists `answers` and groups them by type; version 3 lists `queries` and says `request` and `response`.

use super::parts::{head, seen};
use crate::record::{Field, Record};
use homeostat_core::Outcome;
use homeostat_event::{DnsAnswer, DnsQuery, Event};

/// Response codes by the names Suricata gives them, in the order of their numbers.
const CODES: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
    "NOTAUTH", "NOTZONE",
];

/// How many answers an event names. Default 64: more are a transfer of a zone; all stay in `unmapped`.
const ANSWERS: usize = 64;

pub(super) fn question(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let dns = root.member("dns").filter(Field::is_object)?;
    let answered = dns.look_at("type").is_some_and(|kind| matches!(&*kind, "answer" | "response"));
    let mut event =
        seen(record, |ends| Event::dns_activity(head(record, if answered { 2 } else { 1 }), ends))?;
    event.set_query(query(dns)).set_answers(answers(dns));
    tell_code(dns, &mut event);
    Some(event)
}

fn query(dns: Field<'_>) -> Option<DnsQuery> {
    let listed = dns.member("queries").and_then(|queries| queries.first());
    let told = listed.filter(Field::is_object).unwrap_or(dns);
    let mut query = DnsQuery::new(told.take_at("rrname")?);
    query.set_kind(told.take_at("rrtype"));
    query.set_packet_uid(dns.whole_at::<u16>("id"));
    Some(query)
}

fn answers(dns: Field<'_>) -> Vec<DnsAnswer> {
    let list = dns.member("answers").filter(Field::is_array);
    let Some(list) = list else { return answer(dns).into_iter().collect() };
    list.children().take(ANSWERS).filter_map(answer).collect()
}

fn answer(told: Field<'_>) -> Option<DnsAnswer> {
    let mut answer = DnsAnswer::new(told.take_at("rdata")?);
    answer.set_kind(told.member("rrtype").and_then(|kind| kind.take()));
    answer.set_ttl(told.whole_at::<u32>("ttl").and_then(|ttl| i32::try_from(ttl).ok()));
    Some(answer)
}

fn tell_code(dns: Field<'_>, event: &mut Event) {
    let Some(word) = dns.look_at("rcode") else {
        event.set_outcome(Outcome::Unknown, None);
        return;
    };
    event.set_outcome(if word == "NOERROR" { Outcome::Success } else { Outcome::Failure }, None);
    let number = CODES.iter().position(|code| *code == word).and_then(|number| i32::try_from(number).ok());
    match number {
        Some(number) => event.set_rcode_id(number),
        None => event.set_rcode_id(99).set_rcode(&*word),
    };
    event.set_status_code(dns.take_at("rcode"));
}
