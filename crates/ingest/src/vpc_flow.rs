//! AWS VPC flow logs: what went over a network interface in some seconds, one direction a record.
//!
//! Source: Amazon VPC User Guide, "Flow log records", versions 2 to 8. Text, JSON and Parquet's names are read
//! alike: `account-id`, `account_id` and `accountId` are one field. `-` is no value.

use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Account, Cloud, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic, Product,
};
use std::borrow::Cow;
use std::net::IpAddr;

/// AWS VPC flow logs. Class 4001, activity 6, and 0 where nothing was recorded.
///
/// A record is the traffic of one direction, so which end began the connection is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct VpcFlow;

impl Source for VpcFlow {
    fn name(&self) -> &'static str {
        "vpc_flow"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |names: [&str; 3]| names.iter().any(|name| root.member(name).is_some());
        has(["interface_id", "interface-id", "interfaceId"])
            && has(["srcaddr", "srcAddr", "log_status"])
            && (has(["dstaddr", "dstAddr", "log_status"])
                || has(["pkt_srcaddr", "pkt-srcaddr", "pktSrcAddr"]))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let row = Row::of(record);
        let mut event = Event::network_activity(row.head(), row.ends());
        row.tell_times(&mut event);
        row.tell_verdict(&mut event);
        event.set_cloud(row.cloud(context));
        event.set_connection_info(row.connection());
        event.set_traffic(row.traffic());
        event.set_is_src_dst_assignment_known(false);
        let metadata = event.metadata_mut();
        metadata.set_log_name("VPC Flow Logs").set_log_version(row.take("version"));
        events.push(event);
    }
}

/// The names of the fields that are read, in lower case without separators, sorted.
const FIELDS: [&str; 28] = [
    "account",
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
    "subnetid",
    "tcpflags",
    "type",
    "version",
    "vpcid",
];

/// The longest name of a field with its separators: longer ones are none of these.
const LONGEST: usize = 24;

/// The fields by the places of their names among [`FIELDS`].
struct Row<'a>([Option<Field<'a>>; FIELDS.len()]);

/// What is told of one end: address, the packet's own address, port, Amazon's service.
type Side = [&'static str; 4];

const SOURCE: Side = ["srcaddr", "pktsrcaddr", "srcport", "pktsrcawsservice"];
const DESTINATION: Side = ["dstaddr", "pktdstaddr", "dstport", "pktdstawsservice"];

impl<'a> Row<'a> {
    fn of(record: &Record<'a>) -> Self {
        let mut row = Self([None; FIELDS.len()]);
        for field in record.root().children() {
            let mut plain = [0; LONGEST];
            let name = field.name();
            let slot =
                place_of(crate::text::plain_in(&mut plain, &name)).and_then(|place| row.0.get_mut(place));
            if let Some(slot) = slot {
                slot.get_or_insert(field);
            }
        }
        row
    }

    fn field(&self, name: &str) -> Option<Field<'a>> {
        let field = (*self.0.get(place_of(name.as_bytes())?)?)?;
        (field.look()? != "-").then_some(field)
    }

    fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.take()
    }

    fn look(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.look()
    }

    fn count(&self, name: &str) -> Option<i64> {
        let count: i64 = self.look(name)?.parse().ok().filter(|count| *count >= 0)?;
        self.take(name).map(|_| count)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        moment::read(&self.field(name)?.look()?)
    }

    fn head(&self) -> Head {
        let nothing = matches!(self.look("logstatus").as_deref(), Some("NODATA" | "SKIPDATA"));
        let time = self.time("start").or_else(|| self.time("end")).unwrap_or(Timestamp::UNKNOWN);
        Head::new(if nothing { 0 } else { 6 }, time, Product::new("AWS", "Amazon VPC"))
    }

    /// Both ends; of a record without addresses the interface is all that is known.
    fn ends(&self) -> Ends {
        let local = self.local();
        match (self.end(SOURCE, local == Local::Source), self.end(DESTINATION, local == Local::Destination)) {
            (Some(source), Some(destination)) => Ends::Both(source, destination),
            (Some(source), None) => Ends::Source(source),
            (None, Some(destination)) => Ends::Destination(destination),
            (None, None) => Ends::Source(self.interface()),
        }
    }

    fn end(&self, [address, packet, port, service]: Side, is_local: bool) -> Option<NetworkEndpoint> {
        let told = |name| self.field(name).filter(|text| text.look().is_some_and(|text| is_address(&text)));
        let (address, packet) = (told(address), told(packet));
        let mut end = NetworkEndpoint::of_ip(address.or(packet)?.take()?);
        if is_local {
            self.place(&mut end);
        }
        // The packet's own address differs where a gateway or load balancer stands between.
        let packet = packet.and_then(|packet| packet.take()).filter(|packet| end.ip() != Some(&**packet));
        end.set_intermediate_ips(packet.map(|packet| vec![packet.into()]).unwrap_or_default());
        end.set_port(self.field(port).and_then(|port| port.take_as::<u16>()));
        end.set_svc_name(self.take(service));
        Some(end)
    }

    fn interface(&self) -> NetworkEndpoint {
        let mut end =
            NetworkEndpoint::of_interface(self.look("interfaceid").unwrap_or(Cow::Borrowed("unknown")));
        self.place(&mut end);
        end
    }

    fn place(&self, end: &mut NetworkEndpoint) {
        end.set_interface_uid(self.take("interfaceid")).set_instance_uid(self.take("instanceid"));
        end.set_vpc_uid(self.take("vpcid")).set_subnet_uid(self.take("subnetid"));
    }

    /// At which end the interface is: as the direction tells, else at the one end with a private address.
    fn local(&self) -> Local {
        match self.look("flowdirection").as_deref() {
            Some("egress") => return Local::Source,
            Some("ingress") => return Local::Destination,
            _ => {}
        }
        let private = |name| self.look(name).is_some_and(|text| is_private(&text));
        if private("dstaddr") && !private("srcaddr") { Local::Destination } else { Local::Source }
    }

    fn tell_times(&self, event: &mut Event) {
        event.set_start_time(self.time("start")).set_end_time(self.time("end"));
        for name in ["start", "end"] {
            self.field(name).map(|time| time.copy());
        }
        if let Some(start) = self.take("start") {
            event.set_original_time(&start);
        }
    }

    fn tell_verdict(&self, event: &mut Event) {
        match self.look("action").as_deref() {
            Some("ACCEPT") => {
                event.set_outcome(Outcome::Success, None).set_action_id(1).set_disposition_id(1)
            }
            Some("REJECT") => {
                event.set_outcome(Outcome::Failure, None).set_action_id(2).set_disposition_id(2)
            }
            _ => event,
        };
        event.set_status_code(self.take("action"));
        event.set_status_detail(self.take("rejectreason").or_else(|| self.take("logstatus")));
    }

    fn cloud(&self, context: &Context) -> Cloud {
        let mut cloud = Cloud::new("AWS");
        let account = self.take("accountid").or_else(|| self.take("account"));
        let account = account.or_else(|| context.account.as_deref().map(Cow::Borrowed));
        cloud.set_account(account.map(|account| Account::of_uid(&*account)));
        cloud.set_region(self.take("region")).set_zone(self.take("azid"));
        cloud
    }

    fn connection(&self) -> NetworkConnectionInfo {
        let direction = self.field("flowdirection");
        let mut info = NetworkConnectionInfo::new(match direction.and_then(|text| text.look()).as_deref() {
            Some("ingress") => 1,
            Some("egress") => 2,
            _ => 0,
        });
        let protocol = self.field("protocol").and_then(|number| number.take_as::<i32>());
        info.set_protocol_num(protocol).set_protocol_name(protocol.and_then(protocol_name));
        info.set_tcp_flags(self.field("tcpflags").and_then(|flags| flags.take_as::<i32>()));
        info.set_protocol_ver_id(match self.look("type").as_deref() {
            Some("IPv4") => Some(4),
            Some("IPv6") => Some(6),
            _ => None,
        });
        info
    }

    /// All of it went from source to destination.
    fn traffic(&self) -> Option<NetworkTraffic> {
        let (bytes, packets) = (self.count("bytes"), self.count("packets"));
        let mut traffic = NetworkTraffic::new();
        traffic.set_bytes(bytes).set_bytes_out(bytes).set_packets(packets).set_packets_out(packets);
        (traffic != NetworkTraffic::new()).then_some(traffic)
    }
}

fn place_of(name: &[u8]) -> Option<usize> {
    FIELDS.binary_search_by(|known| known.as_bytes().cmp(name)).ok()
}

/// The end of a flow at which the interface is that saw it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Local {
    Source,
    Destination,
}

/// Names of the protocols that flows have, by IANA's numbers.
fn protocol_name(number: i32) -> Option<&'static str> {
    match number {
        1 => Some("icmp"),
        2 => Some("igmp"),
        6 => Some("tcp"),
        17 => Some("udp"),
        47 => Some("gre"),
        50 => Some("esp"),
        58 => Some("ipv6-icmp"),
        132 => Some("sctp"),
        _ => None,
    }
}

fn is_private(text: &str) -> bool {
    match text.parse() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
        Err(_) => false,
    }
}
