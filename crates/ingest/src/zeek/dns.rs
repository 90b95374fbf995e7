//! Zeek's `dns` log: what was asked of a name server and what it answered.
//!
//! Source: docs.zeek.org, `base/protocols/dns`.

use super::flow::{connection_info, ends, head};
use crate::record::{Field, Record};
use homeostat_core::Outcome;
use homeostat_event::{DnsAnswer, DnsQuery, Event};

pub(super) fn question(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let ends = ends(record)?;
    let rcode = root.member("rcode").and_then(|code| code.look()?.parse::<i32>().ok());
    let answered = rcode.is_some() || root.look_at("rcode_name").is_some();
    let mut event = Event::dns_activity(head(record, if answered { 2 } else { 1 }), ends);
    event.set_query(query(root)).set_answers(answers(root));
    tell_rcode(root, rcode, &mut event);
    event.set_connection_info(connection_info(root)).set_duration(root.millis_at("rtt"));
    let uid = root.look_at("uid");
    event.metadata_mut().set_uid(uid);
    Some(event)
}

/// Codes up to 24 stand in the schema; a code of another meaning is 99 with Zeek's name for it.
fn tell_rcode(root: Field<'_>, rcode: Option<i32>, event: &mut Event) {
    let name = root.member("rcode_name");
    match rcode {
        Some(0) => event.set_outcome(Outcome::Success, None),
        Some(_) => event.set_outcome(Outcome::Failure, None),
        None => {
            tell_rejection(root, event);
            return;
        }
    };
    let known = rcode.filter(|code| matches!(code, 0..=11 | 16..=24));
    let word = name.and_then(|name| if known.is_some() { name.copy() } else { name.take() });
    match (known, word) {
        (Some(code), _) => {
            root.whole_at::<i32>("rcode");
            event.set_rcode_id(code);
        }
        (None, Some(word)) => drop(event.set_rcode_id(99).set_rcode(word)),
        (None, None) => {}
    }
}

/// Of a question without an answer Zeek still tells whether a server rejected it.
fn tell_rejection(root: Field<'_>, event: &mut Event) {
    match root.truth_at("rejected") {
        Some(true) => event.set_outcome(Outcome::Failure, None),
        Some(false) => event.set_outcome(Outcome::Success, None),
        None => event,
    };
}

/// ICMP and multicast records may have no question, and Zeek writes the root as an empty text.
fn query(root: Field<'_>) -> Option<DnsQuery> {
    let mut query = DnsQuery::new(root.take_at("query")?);
    query.set_kind(root.take_at("qtype_name")).set_class(root.take_at("qclass_name"));
    query.set_packet_uid(root.whole_at::<u16>("trans_id"));
    Some(query)
}

/// How many answers an event names. Default 64: more are a transfer of a zone; all stay in `unmapped`.
const ANSWERS: usize = 64;

fn answers(root: Field<'_>) -> Vec<DnsAnswer> {
    let Some(list) = root.member("answers").filter(Field::is_array) else { return Vec::new() };
    let lives: Vec<Field<'_>> =
        root.member("TTLs").filter(Field::is_array).iter().flat_map(Field::children).collect();
    let whole = list.children().count() <= ANSWERS;
    let mut answers = Vec::new();
    for (number, answer) in list.children().take(ANSWERS).enumerate() {
        let Some(data) = (if whole { answer.take() } else { answer.copy() }) else { continue };
        let mut answer = DnsAnswer::new(data);
        let life = lives.get(number).and_then(|life| seconds(&life.copy()?));
        answer.set_ttl(life);
        answers.push(answer);
    }
    answers
}

/// Decimal seconds as whole seconds.
pub(super) fn seconds(text: &str) -> Option<i32> {
    text.split('.').next()?.parse::<i32>().ok().filter(|seconds| *seconds >= 0)
}
