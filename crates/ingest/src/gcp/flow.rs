//! VPC flow logs: what virtual machines sent and got in some seconds, one direction a record.

use super::{LogEntry, is_log, region_of};
use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::vpc_flow::protocol_name;
use homeostat_core::Outcome;
use homeostat_event::{
    AutonomousSystem, Ends, Event, Head, Location, NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic,
    Product,
};
use std::borrow::Cow;

/// Google Cloud VPC flow logs. Class 4001, activity 6.
///
/// Only traffic that was let through is logged, so each record is a success. Each direction is a record of its own:
/// which end began the connection is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpVpcFlow;

impl Source for GcpVpcFlow {
    fn name(&self) -> &'static str {
        "gcp_vpc_flow"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        is_log(record, "jsonPayload", "vpc_flows")
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let entry = LogEntry::of(record);
        let flow = entry.payload("jsonPayload");
        let head = Head::new(6, entry.time(), Product::new("Google", "VPC Flow Logs"));
        let mut event = Event::network_activity(head, ends(flow, ["src", "dest"]));
        entry.tell(&mut event, context);
        let seen_by = flow.member("reporter").and_then(|end| end.copy());
        let seen_by = match seen_by.as_deref() {
            Some("SRC") => 1,
            Some("DEST") => 2,
            _ => 0,
        };
        // What its source saw goes out, what its destination saw comes in.
        event.set_connection_info(connection(flow, [0, 2, 1].get(seen_by).copied().unwrap_or(0)));
        event.set_observation_point_id(i32::try_from(seen_by).ok());
        event.set_traffic(traffic(flow)).set_is_src_dst_assignment_known(false);
        let time = |name| moment::read(&flow.member(name)?.copy()?);
        event.set_start_time(time("start_time")).set_end_time(time("end_time"));
        event.set_outcome(Outcome::Success, None);
        events.push(event);
    }
}

/// Both ends of the connection in `record`, with what is told of each under `sides`: its machine, network, place.
pub(super) fn ends(record: Field<'_>, sides: [&str; 2]) -> Ends {
    let [source, destination] = [("src", sides[0]), ("dest", sides[1])].map(|(end, side)| {
        let connection = record.member("connection").filter(Field::is_object).unwrap_or(record);
        let address = connection.member(&format!("{end}_ip"));
        let address = address.filter(|text| text.look().is_some_and(|text| is_address(&text)))?.take()?;
        let mut endpoint = NetworkEndpoint::of_ip(address);
        let port = connection.member(&format!("{end}_port"));
        endpoint.set_port(port.and_then(|port| port.take_as::<u16>()));
        place(record, side, &mut endpoint);
        Some(endpoint)
    });
    match (source, destination) {
        (Some(source), Some(destination)) => Ends::Both(source, destination),
        (Some(source), None) => Ends::Source(source),
        (None, Some(destination)) => Ends::Destination(destination),
        (None, None) => Ends::Source(NetworkEndpoint::named("unknown")),
    }
}

/// Tells what `record` has under `side_instance`, `side_vpc` and `side_location`; of no side without a prefix.
fn place(record: Field<'_>, side: &str, endpoint: &mut NetworkEndpoint) {
    let part = |name: &str| {
        let name = if side.is_empty() { name.to_owned() } else { format!("{side}_{name}") };
        record.member(&name).filter(Field::is_object)
    };
    let take = |part: Option<Field<'_>>, name| part?.member(name)?.take().map(Cow::into_owned);
    let machine = part("instance");
    endpoint.set_hostname(take(machine, "vm_name"));
    let zone = take(machine, "zone");
    if let Some(region) = machine.and_then(|machine| machine.member("region")) {
        // The zone tells the region; a region alone stands in its place.
        if zone.as_deref().and_then(region_of) == region.look().as_deref() {
            region.copy()
        } else {
            None
        };
    }
    endpoint.set_zone(zone);
    let network = part("vpc");
    endpoint.set_vpc_uid(take(network, "vpc_name")).set_subnet_uid(take(network, "subnetwork_name"));
    let owner = take(machine, "project_id").or_else(|| take(network, "project_id"));
    take(network, "project_id");
    endpoint.set_owner(
        owner.map(|project| homeostat_event::User::of_account(homeostat_event::Account::of_uid(project))),
    );
    let earth = part("location");
    endpoint.set_location(earth.and_then(location));
    let number = earth.and_then(|earth| earth.member("asn")?.take_as::<i64>());
    endpoint.set_autonomous_system(number.map(AutonomousSystem::of_number));
}

fn location(earth: Field<'_>) -> Option<Location> {
    let take = |name| earth.member(name)?.take();
    let mut location = Location::in_country(take("country")?);
    location.set_city(take("city")).set_region(take("region")).set_continent(take("continent"));
    Some(location)
}

pub(super) fn connection(record: Field<'_>, direction: i32) -> NetworkConnectionInfo {
    let mut info = NetworkConnectionInfo::new(direction);
    let connection = record.member("connection").filter(Field::is_object).unwrap_or(record);
    let number = connection.member("protocol").and_then(|number| number.take_as::<i32>());
    info.set_protocol_num(number).set_protocol_name(number.and_then(protocol_name));
    info
}

/// All of it went from source to destination.
fn traffic(flow: Field<'_>) -> Option<NetworkTraffic> {
    let count = |name| flow.member(name)?.take_as::<i64>().filter(|count| *count >= 0);
    let (bytes, packets) = (count("bytes_sent"), count("packets_sent"));
    let mut traffic = NetworkTraffic::new();
    traffic.set_bytes(bytes).set_bytes_out(bytes).set_packets(packets).set_packets_out(packets);
    (traffic != NetworkTraffic::new()).then_some(traffic)
}
