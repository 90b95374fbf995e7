//! Zeek's `known_*` and `software` logs: which machines are there, what they offer and what runs on them.
//!
//! Source: docs.zeek.org, `policy/protocols/conn/known-hosts`, `known-services`, `ssl/known-certs` and
//! `base/frameworks/software`. Zeek logs what it found, once a day: a finding that took place.

use super::flow::{address, head};
use crate::json::{JsonObject, list, tell};
use crate::record::{Field, Record};
use crate::wire::protocol_number;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Device, DeviceId, Event};

pub(super) fn host(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let mut event = Event::inventory_info(head(record, 1), device(root, "port_num")?);
    event.set_outcome(Outcome::Success, None);
    Some(event)
}

pub(super) fn software(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let mut event = Event::software_info(head(record, 1), device(root, "host_p")?);
    let product = root.look_at("name").map(|_| {
        JsonObject::default().text("name", root.take_at("name")).text("version", version(root)).end()
    });
    tell(&mut event, "product", product.flatten());
    event.set_outcome(Outcome::Success, None).set_message(root.take_at("unparsed_version"));
    Some(event)
}

/// The machine by its address, and the port that it listens on.
fn device(root: Field<'_>, port: &str) -> Option<Device> {
    let ip = address(root.member("host")?)?;
    let mut device = Device::new(0, DeviceId::Ip((&*ip).into()));
    if let Some(interface) = interface(root, port, &ip).and_then(|interface| list([interface])) {
        device.set_attribute("network_interfaces", &interface);
    }
    Some(device)
}

fn interface(root: Field<'_>, port: &str, ip: &str) -> Option<JsonText> {
    let port = root.whole_at::<u16>(port)?;
    let protocol = root.take_at("port_proto");
    let number = protocol.as_deref().and_then(protocol_number).map(i64::from);
    let open = JsonObject::default()
        .number("port", Some(port.into()))
        .text("protocol_name", protocol)
        .number("protocol_num", number)
        .end()?;
    JsonObject::default().text("ip", Some(ip)).json("open_ports", list([open])).end()
}

/// `10.0.19041-beta`, of the parts that are told.
fn version(root: Field<'_>) -> Option<String> {
    let part = |name| root.part("version", name).and_then(|part: Field<'_>| part.look());
    let mut version = part("major")?.into_owned();
    for name in ["minor", "minor2", "minor3"] {
        let Some(number) = part(name) else { break };
        version.push('.');
        version.push_str(&number);
    }
    if let Some(more) = part("addl") {
        version.push('-');
        version.push_str(&more);
    }
    Some(version)
}
