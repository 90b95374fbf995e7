//! The protocols that Suricata reads and OCSF has no class for: one table, network activity for all.
//!
//! Source: docs.suricata.io, EVE JSON format. A type that is not in the table is a base event.

use super::parts::{head, seen};
use crate::record::{Field, Record};
use homeostat_core::Outcome;
use homeostat_event::{Actor, Event, User};

/// A type of record, the member that tells of it, what was asked for there, and how it ended.
struct Talk {
    kind: &'static str,
    inside: &'static str,
    action: &'static str,
    status: &'static str,
    user: &'static str,
}

const fn talk(kind: &'static str, told: [&'static str; 4]) -> Talk {
    let [inside, action, status, user] = told;
    Talk { kind, inside, action, status, user }
}

const TALKS: [Talk; 21] = [
    talk("bittorrent_dht", ["bittorrent_dht", "request_type", "", ""]),
    talk("dcerpc", ["dcerpc", "request", "", ""]),
    talk("dnp3", ["dnp3", "type", "", ""]),
    talk("doh2", ["http", "http_method", "status", ""]),
    talk("enip", ["enip", "command", "status", ""]),
    talk("ike", ["ike", "exchange_type_verbose", "", ""]),
    talk("ikev2", ["ikev2", "exchange_type", "", ""]),
    talk("ldap", ["ldap", "operation", "", ""]),
    talk("mdns", ["mdns", "type", "", ""]),
    talk("modbus", ["modbus", "type", "", ""]),
    talk("mqtt", ["mqtt", "type", "", ""]),
    talk("nfs", ["nfs", "procedure", "status", ""]),
    talk("pgsql", ["pgsql", "message", "", "user"]),
    talk("pop3", ["pop3", "command", "status", ""]),
    talk("quic", ["quic", "version", "", ""]),
    talk("rfb", ["rfb", "authentication", "", ""]),
    talk("sip", ["sip", "method", "code", ""]),
    talk("snmp", ["snmp", "pdu_type", "error", "usm"]),
    talk("telnet", ["telnet", "", "", ""]),
    talk("tftp", ["tftp", "packet", "", ""]),
    talk("websocket", ["websocket", "opcode", "", ""]),
];

pub(super) fn exchange(record: &Record<'_>, kind: &str) -> Option<Event> {
    let root = record.root();
    let talk = TALKS.iter().find(|talk| talk.kind == kind)?;
    let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
    event.set_app_protocol_name(kind);
    let Some(told) = root.member(talk.inside).filter(Field::is_object) else { return Some(event) };
    event.metadata_mut().set_event_code(told.take_at(talk.action));
    event.set_outcome(outcome(told, talk.status), None).set_status_code(told.take_at(talk.status));
    event.set_actor(told.take_at(talk.user).map(|name| Actor::of_user(User::named(name))));
    Some(event)
}

/// Codes below 400 and words for success are success; no status at all was seen to happen.
fn outcome(told: Field<'_>, status: &str) -> Outcome {
    let Some(status) = told.look_at(status) else { return Outcome::Success };
    let fine = match status.parse::<u32>() {
        Ok(number) => number < 400,
        Err(_) => ["ok", "success", "noerror"].iter().any(|word| status.eq_ignore_ascii_case(word)),
    };
    if fine { Outcome::Success } else { Outcome::Failure }
}
