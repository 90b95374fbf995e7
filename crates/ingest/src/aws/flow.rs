//! Flows of VPC networks.
//!
//! Source: docs.aws.amazon.com, "Flow log records", versions 2 to 8. Names come with hyphens, underscores or humps.

use super::{cloud, number, small, told};
use crate::address::is_address;
use crate::moment;
use crate::protocol::name_of;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic, Product};
use std::borrow::Cow;
use std::net::IpAddr;

/// AWS VPC flow logs. Class 4001.
///
/// `ACCEPT` is a success, `REJECT` a failure. A line that tells that there was no data, or that data was skipped, is
/// of no activity.
#[derive(Clone, Copy, Debug, Default)]
pub struct VpcFlow;

/// The fields in lower case without separators, sorted.
const NAMES: [&str; 30] = [
    "accountid",
    "action",
    "azid",
    "bytes",
    "dstaddr",
    "dstport",
    "end",
    "flowdirection",
    "instanceid",
    "interfaceid",
    "logstatus",
    "packets",
    "pktdstaddr",
    "pktdstawsservice",
    "pktsrcaddr",
    "pktsrcawsservice",
    "protocol",
    "region",
    "rejectreason",
    "srcaddr",
    "srcport",
    "start",
    "sublocationid",
    "sublocationtype",
    "subnetid",
    "tcpflags",
    "trafficpath",
    "type",
    "version",
    "vpcid",
];

/// The longest of the names, with room for separators.
const LONGEST: usize = 24;

impl Source for VpcFlow {
    fn name(&self) -> &'static str {
        "aws_vpcflow"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |names: &[&str]| names.iter().any(|name| root.member(name).is_some());
        let ends = has(&["srcaddr", "srcAddr", "src_addr"]) && has(&["dstaddr", "dstAddr", "dst_addr"]);
        let idle = || {
            has(&["interface-id", "interface_id", "interfaceId"])
                && has(&["log-status", "log_status", "logStatus"])
        };
        ends || idle()
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let flow = Flow::of(record);
        let status = flow.take("logstatus");
        let idle = status.as_deref().is_some_and(|status| matches!(status, "NODATA" | "SKIPDATA"));
        let head =
            Head::new(if idle { 0 } else { 6 }, flow.time("start"), Product::new("AWS", "VPC Flow Logs"));
        let mut event = Event::network_activity(head, flow.ends());
        event.set_connection_info(flow.info()).set_traffic(flow.traffic());
        event.set_is_src_dst_assignment_known(!idle);
        flow.tell_times(&mut event);
        flow.tell_decision(&mut event);
        if idle {
            event.set_outcome(Outcome::Other, status.as_deref());
        }
        event.set_status_code(status).set_status_detail(flow.take("rejectreason"));
        event.set_cloud(cloud(flow.take("accountid"), flow.take("region"), context));
        event.metadata_mut().set_log_version(flow.take("version")).set_log_name("VPC Flow Logs");
        events.push(event);
    }
}

/// The fields of a record, each found once.
struct Flow<'a> {
    fields: [Option<Field<'a>>; NAMES.len()],
}

impl<'a> Flow<'a> {
    fn of(record: &Record<'a>) -> Self {
        let mut fields = [None; NAMES.len()];
        for child in record.root().children() {
            if let Some(slot) = place_of(&child.name()).and_then(|place| fields.get_mut(place)) {
                *slot = Some(child);
            }
        }
        Self { fields }
    }

    fn field(&self, name: &str) -> Option<Field<'a>> {
        let place = NAMES.binary_search(&name).ok()?;
        (*self.fields.get(place)?).and_then(told)
    }

    fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.take()
    }

    fn time(&self, name: &str) -> Timestamp {
        let read = |field: Field<'_>| moment::read(&field.look()?);
        self.field(name).and_then(read).unwrap_or(Timestamp::UNKNOWN)
    }

    fn address(&self, name: &str) -> Option<Cow<'a, str>> {
        let field = self.field(name)?;
        if is_address(&field.look()?) { field.take() } else { None }
    }

    /// Where the log was taken: at the source of what goes out, at the destination of what comes in; where neither
    /// is told, at the private end.
    fn is_at_source(&self) -> bool {
        if let Some(way) = self.field("flowdirection").and_then(|way| way.look()) {
            return way.eq_ignore_ascii_case("egress");
        }
        let private = |name: &str| {
            let text = self.field(name).and_then(|field| field.look());
            text.and_then(|text| text.parse::<IpAddr>().ok()).is_some_and(is_private)
        };
        private("srcaddr") && !private("dstaddr")
    }

    fn ends(&self) -> Ends {
        let end = |address: &str, port: &str, packet: &str, service: &str| {
            let mut end = NetworkEndpoint::of_ip(self.address(address)?);
            end.set_port(self.field(port).and_then(small)).set_svc_name(self.take(service));
            end.set_intermediate_ips(self.address(packet).map(|hop| vec![hop.into()]).unwrap_or_default());
            Some(end)
        };
        let mut source = end("srcaddr", "srcport", "pktsrcaddr", "pktsrcawsservice");
        let mut target = end("dstaddr", "dstport", "pktdstaddr", "pktdstawsservice");
        let at_source = self.is_at_source();
        if let Some(local) = if at_source { source.as_mut() } else { target.as_mut() } {
            self.tell_interface(local);
        }
        match (source, target) {
            (Some(source), Some(target)) => Ends::Both(source, target),
            (Some(source), None) => Ends::Source(source),
            (None, Some(target)) => Ends::Destination(target),
            (None, None) => {
                let mut idle = NetworkEndpoint::of_service("vpc");
                self.tell_interface(&mut idle);
                Ends::Source(idle)
            }
        }
    }

    fn tell_interface(&self, local: &mut NetworkEndpoint) {
        local.set_interface_uid(self.take("interfaceid")).set_instance_uid(self.take("instanceid"));
        local
            .set_vpc_uid(self.take("vpcid"))
            .set_subnet_uid(self.take("subnetid"))
            .set_zone(self.take("azid"));
    }

    fn info(&self) -> NetworkConnectionInfo {
        let way = self.field("flowdirection").and_then(|way| way.copy()).map(|way| way.to_ascii_lowercase());
        let (number, word) = match way.as_deref() {
            Some("ingress") => (1, "Inbound"),
            Some("egress") => (2, "Outbound"),
            _ => (0, "Unknown"),
        };
        let mut info = NetworkConnectionInfo::new(number);
        let protocol = self.field("protocol").and_then(small);
        info.set_direction(word).set_protocol_num(protocol).set_protocol_name(protocol.and_then(name_of));
        info.set_tcp_flags(self.field("tcpflags").and_then(small));
        let version = self.field("type").and_then(|version| version.copy());
        info.set_protocol_ver_id(match version.as_deref() {
            Some("IPv4") => Some(4),
            Some("IPv6") => Some(6),
            _ => None,
        });
        info
    }

    fn traffic(&self) -> Option<NetworkTraffic> {
        let [bytes, packets] = ["bytes", "packets"].map(|name| self.field(name).and_then(number));
        (bytes.is_some() || packets.is_some()).then(|| {
            let mut traffic = NetworkTraffic::new();
            traffic.set_bytes(bytes).set_packets(packets);
            traffic
        })
    }

    fn tell_times(&self, event: &mut Event) {
        let read = |name: &str| self.field(name).and_then(|time| moment::read(&time.copy()?));
        event.set_start_time(read("start")).set_end_time(read("end"));
        if let Some(text) = self.take("start") {
            event.set_original_time(&text);
        }
    }

    fn tell_decision(&self, event: &mut Event) {
        let Some(action) = self.field("action") else {
            event.set_outcome(Outcome::Success, None);
            return;
        };
        let word = action.take();
        match word.as_deref() {
            Some("REJECT") => {
                event
                    .set_action_id(2)
                    .set_action_taken("Denied")
                    .set_disposition_id(2)
                    .set_disposition("Blocked");
                event.set_outcome(Outcome::Failure, None);
            }
            _ => {
                event
                    .set_action_id(1)
                    .set_action_taken("Allowed")
                    .set_disposition_id(1)
                    .set_disposition("Allowed");
                event.set_outcome(Outcome::Success, None);
            }
        }
        event.metadata_mut().set_event_code(word);
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local() || address.is_loopback(),
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback()
        }
    }
}

/// The place of a field among the names, however it is spelled.
fn place_of(name: &str) -> Option<usize> {
    if name.len() > LONGEST {
        return None;
    }
    let mut plain = [0; LONGEST];
    let mut length = 0;
    let letters = name.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
    for (slot, byte) in plain.iter_mut().zip(letters) {
        *slot = byte.to_ascii_lowercase();
        length += 1;
    }
    let plain = plain.get(..length)?;
    NAMES.binary_search_by(|known| known.as_bytes().cmp(plain)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_however_they_are_spelled() {
        assert!(NAMES.is_sorted());
        for name in ["pkt-src-aws-service", "pkt_src_aws_service", "pktSrcAwsService"] {
            assert_eq!(place_of(name).map(|place| NAMES[place]), Some("pktsrcawsservice"), "{name}");
        }
        assert_eq!(place_of("subNetId"), place_of("subnet-id"));
        assert_eq!(place_of("p_log_type"), None);
    }
}
