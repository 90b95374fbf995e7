//! Flows of VPC networks, and the connections that their firewalls let through or stop.

use super::{is_of_log, number, take, tell_entry, time_of};
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use core::fmt::Write as _;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{
    AutonomousSystem, Ends, Event, Head, Location, NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic,
    Product,
};

/// Google Cloud VPC flow logs and firewall logs. Class 4001.
///
/// A flow log samples what flows, so a flow is a success; a firewall tells what it let through.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpFlow;

impl Source for GcpFlow {
    fn name(&self) -> &'static str {
        "gcp_flow"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let payload = record.root().member("jsonPayload").filter(Field::is_object);
        payload.is_some_and(|payload| payload.member("connection").is_some())
            && (is_of_log(record, &["vpc_flows", "networkanalyzer", "firewall", "vpc_flow"])
                || payload.is_some_and(|payload| payload.member("reporter").is_some()))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let Some(payload) = record.root().member("jsonPayload") else { return };
        let Some(connection) = payload.member("connection").filter(Field::is_object) else { return };
        let rule = payload.member("rule_details").filter(Field::is_object);
        let inbound = rule.and_then(|rule| rule.member("direction")?.copy()).map(|way| way == "INGRESS");
        let names = match (inbound, rule.is_some()) {
            (Some(true), _) => [REMOTE, OWN],
            (_, true) => [OWN, REMOTE],
            _ => [SOURCE, TARGET],
        };
        let source = end(payload, connection, ["src_ip", "src_port"], names[0]);
        let target = end(payload, connection, ["dest_ip", "dest_port"], names[1]);
        let product =
            Product::new("Google Cloud", if rule.is_some() { "VPC Firewall" } else { "VPC Flow Logs" });
        let head = Head::new(if is_denied(payload) { 5 } else { 6 }, time_of(record), product);
        let ends = match (source, target) {
            (Some(source), Some(target)) => Ends::Both(source, target),
            (Some(source), None) => Ends::Source(source),
            (None, target) => Ends::Destination(
                target.unwrap_or_else(|| NetworkEndpoint::of_service("compute.googleapis.com")),
            ),
        };
        let mut event = Event::network_activity(head, ends);
        event.set_connection_info(info(payload, connection, inbound)).set_traffic(traffic(payload));
        tell_side(payload, &mut event);
        tell_decision(payload, rule, &mut event);
        tell_entry(record, context, &mut event);
        event.metadata_mut().set_event_code(Some(if rule.is_some() { "firewall-rule" } else { "flow" }));
        events.push(event);
    }
}

fn is_denied(payload: Field<'_>) -> bool {
    payload.member("disposition").and_then(|told| told.look()).is_some_and(|told| told == "DENIED")
}

/// The members that tell of the machine, the network and the place at one end.
type Parts = [&'static str; 3];

const SOURCE: Parts = ["src_instance", "src_vpc", "src_location"];
const TARGET: Parts = ["dest_instance", "dest_vpc", "dest_location"];
/// As the log of a firewall names them.
const OWN: Parts = ["instance", "vpc", "location"];
const REMOTE: Parts = ["remote_instance", "remote_vpc", "remote_location"];

/// One end: its address and port, and what the log tells of the machine, the network and the place there.
fn end(
    payload: Field<'_>,
    connection: Field<'_>,
    [ip, port]: [&str; 2],
    [instance, vpc, location]: Parts,
) -> Option<NetworkEndpoint> {
    let mut end = NetworkEndpoint::of_ip(take(connection, ip)?);
    end.set_port(number::<u16>(connection, port));
    let of = |name: &str| payload.member(name).filter(Field::is_object);
    if let Some(machine) = of(instance) {
        end.set_name(take(machine, "vm_name")).set_zone(take(machine, "zone"));
        end.set_instance_uid(take(machine, "id"));
    }
    if let Some(network) = of(vpc) {
        end.set_vpc_uid(take(network, "vpc_name")).set_subnet_uid(take(network, "subnetwork_name"));
    }
    if let Some(place) = of(location) {
        if let Some(number) = number::<u32>(place, "asn") {
            end.set_autonomous_system(AutonomousSystem::of_number(number.into()));
        }
        if let Some(country) = take(place, "country") {
            let mut location = Location::in_country(country);
            location.set_city(take(place, "city")).set_region(take(place, "region"));
            location.set_continent(take(place, "continent"));
            end.set_location(location);
        }
    }
    Some(end)
}

fn info(payload: Field<'_>, connection: Field<'_>, inbound: Option<bool>) -> NetworkConnectionInfo {
    let reporter = payload.member("reporter").and_then(|reporter| reporter.look());
    let direction = match (reporter.as_deref(), inbound) {
        (Some("DEST" | "DEST_GATEWAY"), _) | (_, Some(true)) => (1, "Inbound"),
        (Some("SRC" | "SRC_GATEWAY"), _) | (_, Some(false)) => (2, "Outbound"),
        _ => (0, "Unknown"),
    };
    let mut info = NetworkConnectionInfo::new(direction.0);
    info.set_direction(direction.1);
    let protocol = number::<u8>(connection, "protocol").map(i32::from);
    info.set_protocol_name(protocol.and_then(crate::protocol::name_of)).set_protocol_num(protocol);
    info
}

fn traffic(payload: Field<'_>) -> Option<NetworkTraffic> {
    let bytes = number::<i64>(payload, "bytes_sent");
    let packets = number::<i64>(payload, "packets_sent");
    (bytes.is_some() || packets.is_some()).then(|| {
        let mut traffic = NetworkTraffic::new();
        traffic.set_bytes(bytes).set_packets(packets).set_bytes_out(bytes).set_packets_out(packets);
        traffic
    })
}

/// Tells which side reported it and when it began and ended.
fn tell_side(payload: Field<'_>, event: &mut Event) {
    let reporter = payload.member("reporter").and_then(|reporter| reporter.copy());
    match reporter.as_deref() {
        Some("SRC") => event.set_observation_point_id(1).set_observation_point("Source"),
        Some("DEST") => event.set_observation_point_id(2).set_observation_point("Destination"),
        _ => event,
    };
    let time = |name: &str| payload.member(name).and_then(|time| moment::read(&time.copy()?));
    event.set_start_time(time("start_time")).set_end_time(time("end_time"));
    event.set_is_src_dst_assignment_known(true);
}

/// Tells the rule of a firewall and what it did.
fn tell_decision(payload: Field<'_>, rule: Option<Field<'_>>, event: &mut Event) {
    if let Some(told) = payload.member("disposition") {
        told.copy();
        if is_denied(payload) {
            event
                .set_action_id(2)
                .set_action_taken("Denied")
                .set_disposition_id(2)
                .set_disposition("Blocked");
        } else {
            event
                .set_action_id(1)
                .set_action_taken("Allowed")
                .set_disposition_id(1)
                .set_disposition("Allowed");
        }
    }
    event.set_outcome(if is_denied(payload) { Outcome::Failure } else { Outcome::Success }, None);
    let Some(reference) = rule.and_then(|rule| rule.member("reference")).filter(Field::is_text) else {
        return;
    };
    let mut text = format!(r#"{{"uid":{}"#, reference.json());
    reference.take();
    let action = rule.and_then(|rule| rule.member("action")).filter(Field::is_text);
    if let Some(action) = action {
        // Writing to a String cannot fail.
        let _ = write!(text, r#","type":{}"#, action.json());
        action.take();
    }
    if let Some(details) = rule.and_then(|rule| rule.member("ip_port_info")?.copy_whole()) {
        text.push_str(r#","condition":"#);
        crate::text::write_text(details.as_str(), &mut text);
    }
    text.push('}');
    event.set_attribute("firewall_rule", &JsonText::new(text));
}
