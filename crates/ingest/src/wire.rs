//! What sensors of the network tell alike: two ends, a protocol, the programs that speak.

use crate::json::{JsonObject, list};
use crate::record::Field;
use homeostat_event::{Ends, Event, NetworkEndpoint};

/// The ends of which at least one is told.
pub(crate) fn both(source: Option<NetworkEndpoint>, destination: Option<NetworkEndpoint>) -> Option<Ends> {
    match (source, destination) {
        (Some(source), Some(destination)) => Some(Ends::Both(source, destination)),
        (Some(source), None) => Some(Ends::Source(source)),
        (None, destination) => destination.map(Ends::Destination),
    }
}

/// Sets the ends of an event whose class asks for none.
pub(crate) fn place(event: &mut Event, ends: Ends) {
    match ends {
        Ends::Both(source, destination) => event.set_src_endpoint(source).set_dst_endpoint(destination),
        Ends::Source(source) => event.set_src_endpoint(source),
        Ends::Destination(destination) => event.set_dst_endpoint(destination),
    };
}

/// A protocol's number by its name in lower case.
pub(crate) fn protocol_number(name: &str) -> Option<i32> {
    match name {
        "icmp" => Some(1),
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmp6" => Some(58),
        "sctp" => Some(132),
        _ => None,
    }
}

/// Tells more of the source of an event that has one.
pub(crate) fn of_source(event: &mut Event, tell: impl FnOnce(&mut NetworkEndpoint)) {
    if let Some(mut end) = event.src_endpoint().cloned() {
        tell(&mut end);
        event.set_src_endpoint(end);
    }
}

/// Tells more of the destination of an event that has one.
pub(crate) fn of_destination(event: &mut Event, tell: impl FnOnce(&mut NetworkEndpoint)) {
    if let Some(mut end) = event.dst_endpoint().cloned() {
        tell(&mut end);
        event.set_dst_endpoint(end);
    }
}

/// The program at one end, by what it says of itself: an agent of remote access (9).
pub(crate) fn tell_program(end: &mut NetworkEndpoint, name: Option<Field<'_>>) {
    let name = name.and_then(|name| name.take());
    let agent =
        name.and_then(|name| JsonObject::default().text("name", Some(name)).number("type_id", Some(9)).end());
    if let Some(agents) = list(agent) {
        end.set_attribute("agent_list", &agents);
    }
}
