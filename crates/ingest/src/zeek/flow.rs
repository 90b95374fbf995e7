//! What Zeek's logs tell alike: when, between whom, in which connection, and by which sensor.

use crate::address::{is_address, is_hardware};
use crate::moment;
use crate::record::{Field, Record};
use crate::wire::{both, protocol_number};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{Ends, Event, Head, Location, NetworkConnectionInfo, NetworkEndpoint, Product};

/// The field that tells when, the most exact first.
pub(super) fn time_field<'a>(record: &Record<'a>) -> Option<Field<'a>> {
    let root = record.root();
    ["ts", "@timestamp", "_write_ts"].iter().find_map(|name| root.member(name).filter(|time| !time.is_null()))
}

fn time_of(record: &Record<'_>) -> Timestamp {
    time_field(record).and_then(|time| moment::read(&time.look()?)).unwrap_or(Timestamp::UNKNOWN)
}

fn product() -> Product {
    Product::new("Zeek", "Zeek")
}

pub(super) fn head(record: &Record<'_>, activity: u32) -> Head {
    Head::new(activity, time_of(record), product())
}

/// A head of an activity that its class does not number, in Zeek's word; of activity 0 without a word.
pub(super) fn head_named(record: &Record<'_>, word: Option<&str>) -> Head {
    match word {
        Some(word) => Head::other(word, time_of(record), product()),
        None => head(record, 0),
    }
}

/// What no class of OCSF fits, or what tells too little for its class.
pub(super) fn base(record: &Record<'_>) -> Event {
    Event::base_event(head(record, 0))
}

/// An event about the connection that the record names; `None`, and nothing is taken, when it names no end.
///
/// What Zeek logs it has seen on the wire, so the exchange took place unless the record tells otherwise.
pub(super) fn seen(record: &Record<'_>, make: impl FnOnce(Ends) -> Event) -> Option<Event> {
    let mut event = make(ends(record)?);
    tell_connection(record.root(), &mut event);
    event.set_outcome(Outcome::Success, None);
    Some(event)
}

/// Tells the connection's id and protocol, when the record does.
pub(super) fn tell_connection(root: Field<'_>, event: &mut Event) {
    let told = ["uid", "proto", "community_id"].iter().any(|name| root.look_at(name).is_some());
    if told {
        event.set_connection_info(connection_info(root));
    }
}

/// Both ends, or the one that is told.
pub(super) fn ends(record: &Record<'_>) -> Option<Ends> {
    both(end(record, "orig"), end(record, "resp"))
}

/// The names of what is told of one side of a connection, joined as one name by a dot and by an underscore.
struct Side {
    host: [&'static str; 3],
    port: [&'static str; 3],
    hardware: &'static str,
    country: &'static str,
}

const ORIGINATOR: Side = Side {
    host: ["id.orig_h", "id_orig_h", "orig_h"],
    port: ["id.orig_p", "id_orig_p", "orig_p"],
    hardware: "orig_l2_addr",
    country: "orig_cc",
};

const RESPONDER: Side = Side {
    host: ["id.resp_h", "id_resp_h", "resp_h"],
    port: ["id.resp_p", "id_resp_p", "resp_p"],
    hardware: "resp_l2_addr",
    country: "resp_cc",
};

pub(super) fn end(record: &Record<'_>, side: &str) -> Option<NetworkEndpoint> {
    let root = record.root();
    let side = if side == "orig" { ORIGINATOR } else { RESPONDER };
    let told = |[dotted, flat, inner]: [&str; 3]| {
        let joined = root.member(dotted).or_else(|| root.member(flat));
        joined.or_else(|| root.member("id")?.member(inner))
    };
    let mut end = NetworkEndpoint::of_ip(address(told(side.host)?)?);
    end.set_port(told(side.port).and_then(|port| port.take_number::<u16>()));
    let hardware = root.member(side.hardware);
    let hardware = hardware.filter(|address| address.look().is_some_and(|text| is_hardware(&text)));
    end.set_mac(hardware.and_then(|address| address.take()));
    end.set_location(root.take_at(side.country).map(Location::in_country));
    Some(end)
}

/// Takes an address.
pub(super) fn address(field: Field<'_>) -> Option<std::borrow::Cow<'_, str>> {
    field.look().filter(|text| is_address(text))?;
    field.take()
}

/// An endpoint by the address in the member `name`, and the port in the member `port`.
pub(super) fn endpoint_at(root: Field<'_>, name: &str, port: &str) -> Option<NetworkEndpoint> {
    let mut end = NetworkEndpoint::of_ip(address(root.member(name)?.first()?)?);
    end.set_port(root.whole_at::<u16>(port));
    Some(end)
}

pub(super) fn connection_info(root: Field<'_>) -> NetworkConnectionInfo {
    let mut info =
        NetworkConnectionInfo::new(match (root.truth_at("local_orig"), root.truth_at("local_resp")) {
            (Some(true), Some(false)) => 2,
            (Some(false), Some(true)) => 1,
            (Some(true), Some(true)) => 3,
            _ => 0,
        });
    info.set_uid(root.take_at("uid")).set_community_uid(root.take_at("community_id"));
    let protocol = root.take_at("proto");
    info.set_protocol_num(protocol.as_deref().and_then(protocol_number)).set_protocol_name(protocol);
    info
}

/// Tells who saw it and wrote it down, where the record does: a cluster's node, a sensor, a shipper.
pub(super) fn tell_sensor(root: Field<'_>, event: &mut Event) {
    let metadata = event.metadata_mut();
    let names = ["_system_name", "@system", "peer", "peer_descr", "peer_name", "node"];
    if metadata.log_source().is_none() {
        metadata.set_log_source(names.iter().find_map(|name| root.take_at(name)));
    }
    if metadata.log_provider().is_none() {
        metadata.set_log_provider(root.take_at("@proc"));
    }
    let written = root.member("_write_ts").and_then(|time| time.moment());
    metadata.set_logged_time(written);
}
