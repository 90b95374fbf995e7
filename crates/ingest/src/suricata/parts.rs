//! What all types of EVE records tell alike: when, between whom, in which flow, by which sensor.

use crate::address::{is_address, is_hardware};
use crate::json::{JsonObject, list};
use crate::moment;
use crate::record::{Field, Record};
use crate::wire::{both, protocol_number};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic, Product};

fn time_of(record: &Record<'_>) -> Timestamp {
    let time = record.root().look_at("timestamp");
    time.and_then(|text| moment::read(&text)).unwrap_or(Timestamp::UNKNOWN)
}

fn product() -> Product {
    Product::new("OISF", "Suricata")
}

pub(super) fn head(record: &Record<'_>, activity: u32) -> Head {
    Head::new(activity, time_of(record), product())
}

/// A head of an activity that its class does not number, in Suricata's word; of activity 0 without a word.
pub(super) fn head_named(record: &Record<'_>, word: Option<&str>) -> Head {
    match word {
        Some(word) => Head::other(word, time_of(record), product()),
        None => head(record, 0),
    }
}

pub(super) fn base(record: &Record<'_>) -> Event {
    Event::base_event(head(record, 0))
}

/// Tells what every event of Suricata has room for.
pub(super) fn tell_common(record: &Record<'_>, event: &mut Event) {
    let root = record.root();
    if let Some(time) = root.take_at("timestamp") {
        event.set_original_time(&time);
    }
    let metadata = event.metadata_mut();
    metadata.set_log_name("eve");
    if metadata.event_code().is_none() {
        metadata.set_event_code(root.take_at("event_type"));
    }
    metadata.set_sequence(root.whole_at::<u64>("pcap_cnt").and_then(|number| i64::try_from(number).ok()));
    metadata.set_log_source(root.take_at("host"));
    if let Some(name) = root.take_at("in_iface") {
        let device =
            JsonObject::default().text("interface_name", Some(name)).number("type_id", Some(13)).end();
        let logger = JsonObject::default().json("device", device).text("name", Some("suricata")).end();
        if let Some(loggers) = list(logger) {
            metadata.set_attribute("loggers", &loggers);
        }
    }
}

/// An event about the flow that the record names; `None`, and nothing is taken, when it names no end.
///
/// What Suricata logs it has seen on the wire, so the exchange took place unless the record tells otherwise.
pub(super) fn seen(record: &Record<'_>, make: impl FnOnce(Ends) -> Event) -> Option<Event> {
    let root = record.root();
    let mut event = make(ends(root)?);
    event.set_connection_info(connection_info(root)).set_outcome(Outcome::Success, None);
    event.set_app_protocol_name(protocol(root)).set_traffic(root.member("flow").and_then(traffic));
    Some(event)
}

/// The protocol that Suricata found spoken.
fn protocol(root: Field<'_>) -> Option<std::borrow::Cow<'_, str>> {
    let told = root.member("app_proto")?;
    told.look().filter(|name| !matches!(&**name, "failed" | "unknown"))?;
    told.take()
}

pub(super) fn ends(root: Field<'_>) -> Option<Ends> {
    both(end(root, &SOURCE), end(root, &DESTINATION))
}

/// The names of what is told of one end.
pub(super) struct Side {
    ip: &'static str,
    port: &'static str,
    hardware: &'static str,
}

pub(super) const SOURCE: Side = Side { ip: "src_ip", port: "src_port", hardware: "src_mac" };

pub(super) const DESTINATION: Side = Side { ip: "dest_ip", port: "dest_port", hardware: "dest_mac" };

pub(super) fn end(root: Field<'_>, side: &Side) -> Option<NetworkEndpoint> {
    let mut end = NetworkEndpoint::of_ip(address(root.member(side.ip)?)?);
    end.set_port(root.whole_at::<u16>(side.port));
    let hardware = root.part("ether", side.hardware);
    let hardware = hardware.filter(|address| address.look().is_some_and(|text| is_hardware(&text)));
    end.set_mac(hardware.and_then(|address| address.take()));
    if side.ip == SOURCE.ip {
        end.set_vlan_uid(root.member("vlan").and_then(|vlans| vlans.first()?.take()));
    }
    Some(end)
}

/// Takes an address.
pub(super) fn address(field: Field<'_>) -> Option<std::borrow::Cow<'_, str>> {
    field.look().filter(|text| is_address(text))?;
    field.take()
}

/// The flow's id and protocol; Suricata writes protocols in capitals, OCSF does not.
pub(super) fn connection_info(root: Field<'_>) -> NetworkConnectionInfo {
    let mut info = NetworkConnectionInfo::new(0);
    info.set_uid(root.take_at("flow_id")).set_community_uid(root.take_at("community_id"));
    if let Some(name) = root.member("proto").and_then(|name| name.copy()) {
        let name = match name.to_lowercase().as_str() {
            "ipv6-icmp" | "icmpv6" => "icmp6".to_owned(),
            name => name.to_owned(),
        };
        info.set_protocol_num(protocol_number(&name)).set_protocol_name(name);
    }
    info
}

/// What was sent each way; the server's answers come in.
pub(super) fn traffic(flow: Field<'_>) -> Option<NetworkTraffic> {
    let count = |name| flow.whole_at::<u64>(name).and_then(|number| i64::try_from(number).ok());
    let mut traffic = NetworkTraffic::new();
    let (bytes_out, bytes_in) = (count("bytes_toserver"), count("bytes_toclient"));
    let (packets_out, packets_in) = (count("pkts_toserver"), count("pkts_toclient"));
    let sum =
        |out: Option<i64>, back: Option<i64>| out.zip(back).and_then(|(out, back)| out.checked_add(back));
    traffic.set_bytes(sum(bytes_out, bytes_in)).set_bytes_in(bytes_in).set_bytes_out(bytes_out);
    traffic.set_packets(sum(packets_out, packets_in)).set_packets_in(packets_in).set_packets_out(packets_out);
    (traffic != NetworkTraffic::new()).then_some(traffic)
}
