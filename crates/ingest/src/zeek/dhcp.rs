//! Zeek's `dhcp` log: which machine was given which address, and for how long.
//!
//! Source: docs.zeek.org, `base/protocols/dhcp`. A record sums up the messages of one exchange; its last one says
//! how it ended. The client is the source; it counts as having the address it was assigned, else the one it uses.

use super::dns::seconds;
use super::flow::{end, head};
use crate::address::{is_address, is_hardware};
use crate::record::{Field, Record};
use crate::wire::both;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Event, NetworkEndpoint};
use std::borrow::Cow;

/// Messages by the names Zeek gives them, with OCSF's activities.
const MESSAGES: [(&str, u32); 8] = [
    ("DISCOVER", 1),
    ("OFFER", 2),
    ("REQUEST", 3),
    ("DECLINE", 4),
    ("ACK", 5),
    ("NAK", 6),
    ("RELEASE", 7),
    ("INFORM", 8),
];

/// An exchange with a server that leases addresses; `None` when it names neither end.
pub(super) fn lease(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let activity = activity_of(root);
    let server = address(root, "server_addr").map(NetworkEndpoint::of_ip).or_else(|| end(record, "resp"));
    let ends = both(client(record), server)?;
    let mut event = Event::dhcp_activity(head(record, activity), ends);
    event.set_outcome(
        match activity {
            5 => Outcome::Success,
            4 | 6 => Outcome::Failure,
            _ => Outcome::Unknown,
        },
        None,
    );
    if let Some((field, length)) =
        root.member("lease_time").and_then(|time| Some((time, seconds(&time.look()?)?)))
    {
        field.copy();
        event.set_attribute("lease_dur", &JsonText::new(length.to_string()));
    }
    tell_transaction(root, &mut event);
    event.set_duration(root.millis_at("duration"));
    Some(event)
}

/// Before version 2.6 only answers that gave an address were told, and the messages were not.
fn activity_of(root: Field<'_>) -> u32 {
    let Some(messages) = root.member("msg_types").filter(Field::is_array) else {
        return if root.member("assigned_ip").is_some() { 5 } else { 0 };
    };
    let last = messages.children().last().and_then(|message| message.look()).unwrap_or_default();
    MESSAGES.iter().find(|(name, _)| *name == last).map_or(0, |(_, activity)| *activity)
}

/// Before version 2.6 a record told the number of its exchange.
fn tell_transaction(root: Field<'_>, event: &mut Event) {
    let number = root.member("trans_id").and_then(|id| Some((id, id.look()?.parse::<u64>().ok()?)));
    if let Some((field, number)) = number {
        field.copy();
        event.set_attribute("transaction_uid", &JsonText::new(format!("\"{number}\"")));
    }
}

/// A record that tells a hardware address alone names no endpoint by the schema; the address stays in `unmapped`.
fn client(record: &Record<'_>) -> Option<NetworkEndpoint> {
    let root = record.root();
    let own = address(root, "assigned_addr").or_else(|| address(root, "assigned_ip"));
    let name = name_of(root);
    let mut client = match (own.or_else(|| address(root, "client_addr")), &name) {
        (Some(address), _) => NetworkEndpoint::of_ip(address),
        (None, Some(name)) => NetworkEndpoint::of_hostname(&**name),
        (None, None) => end(record, "orig")?,
    };
    let hardware = root.member("mac").filter(|mac| mac.look().is_some_and(|text| is_hardware(&text)));
    client.set_mac(hardware.and_then(|mac| mac.take())).set_hostname(name);
    Some(client)
}

/// The full name when it is one, else the short one.
fn name_of(root: Field<'_>) -> Option<Cow<'_, str>> {
    let full = root.member("client_fqdn").filter(|name| name.look().is_some_and(|name| is_name(&name, 2)));
    match full {
        Some(full) => full.take(),
        None => {
            root.member("host_name").filter(|name| name.look().is_some_and(|name| is_name(&name, 1)))?.take()
        }
    }
}

/// Whether `text` is a host's name of at least `labels` labels: what a client sends may be anything.
fn is_name(text: &str, labels: usize) -> bool {
    let letters = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let text = text.trim_end_matches('.');
    text.split('.').all(letters) && text.split('.').count() >= labels && !is_address(text)
}

fn address<'a>(root: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    let given = |text: &str| is_address(text) && !matches!(text, "0.0.0.0" | "::" | "255.255.255.255");
    root.member(name).filter(|address| address.look().is_some_and(|text| given(&text)))?;
    root.take_at(name)
}
