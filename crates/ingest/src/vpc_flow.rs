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
        metadata.set_log_name("VPC Flow Logs").set_log_version(row.take(Name::Version));
        events.push(event);
    }
}

/// The fields that are read.
#[derive(Clone, Copy, Debug)]
enum Name {
    Account,
    AccountId,
    Action,
    AzId,
    Bytes,
    DstAddr,
    DstPort,
    End,
    FlowDirection,
    InstanceId,
    InterfaceId,
    LogStatus,
    Packets,
    PktDstAddr,
    PktDstAwsService,
    PktSrcAddr,
    PktSrcAwsService,
    Protocol,
    Region,
    RejectReason,
    SrcAddr,
    SrcPort,
    Start,
    SubnetId,
    TcpFlags,
    Type,
    Version,
    VpcId,
}

/// Their names as the text and Parquet's forms have them, in the order of [`PLAIN`].
const SPELT: [&str; 28] = [
    "account",
    "account_id",
    "action",
    "az_id",
    "bytes",
    "dstaddr",
    "dstport",
    "end",
    "flow_direction",
    "instance_id",
    "interface_id",
    "log_status",
    "packets",
    "pkt_dstaddr",
    "pkt_dst_aws_service",
    "pkt_srcaddr",
    "pkt_src_aws_service",
    "protocol",
    "region",
    "reject_reason",
    "srcaddr",
    "srcport",
    "start",
    "subnet_id",
    "tcp_flags",
    "type",
    "version",
    "vpc_id",
];

/// The others of the guide, which no attribute has a place for.
const UNREAD: [&str; 13] = [
    "ecs_cluster_arn",
    "ecs_cluster_name",
    "ecs_container_id",
    "ecs_container_instance_arn",
    "ecs_container_instance_id",
    "ecs_second_container_id",
    "ecs_service_name",
    "ecs_task_arn",
    "ecs_task_definition_arn",
    "ecs_task_id",
    "sublocation_id",
    "sublocation_type",
    "traffic_path",
];

/// The names of those that are read, in lower case without separators, sorted.
const PLAIN: [&str; SPELT.len()] = [
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

/// The fields by [`Name`].
struct Row<'a>([Option<Field<'a>>; SPELT.len()]);

/// What is told of one end: address, the packet's own address, port, Amazon's service.
type Side = [Name; 4];

const SOURCE: Side = [Name::SrcAddr, Name::PktSrcAddr, Name::SrcPort, Name::PktSrcAwsService];
const DESTINATION: Side = [Name::DstAddr, Name::PktDstAddr, Name::DstPort, Name::PktDstAwsService];

impl<'a> Row<'a> {
    fn of(record: &Record<'a>) -> Self {
        let root = record.root();
        let row = Self(SPELT.map(|name| root.member(name)));
        let unread = UNREAD.iter().filter(|name| root.member(name).is_some()).count();
        let found = row.0.iter().flatten().count() + unread;
        if found == root.children().count() { row } else { Self::in_any_spelling(root) }
    }

    fn in_any_spelling(root: Field<'a>) -> Self {
        let mut row = Self([None; SPELT.len()]);
        for field in root.children() {
            let mut plain = [0; LONGEST];
            let name = field.name();
            let plain = crate::text::plain_in(&mut plain, &name);
            let place = PLAIN.binary_search_by(|known| known.as_bytes().cmp(plain)).ok();
            if let Some(slot) = place.and_then(|place| row.0.get_mut(place)) {
                slot.get_or_insert(field);
            }
        }
        row
    }

    fn field(&self, name: Name) -> Option<Field<'a>> {
        let field = (*self.0.get(name as usize)?)?;
        (field.look()? != "-").then_some(field)
    }

    fn take(&self, name: Name) -> Option<Cow<'a, str>> {
        self.field(name)?.take()
    }

    fn look(&self, name: Name) -> Option<Cow<'a, str>> {
        self.field(name)?.look()
    }

    fn count(&self, name: Name) -> Option<i64> {
        let count: i64 = self.look(name)?.parse().ok().filter(|count| *count >= 0)?;
        self.take(name).map(|_| count)
    }

    fn time(&self, name: Name) -> Option<Timestamp> {
        moment::read(&self.field(name)?.look()?)
    }

    fn head(&self) -> Head {
        let nothing = matches!(self.look(Name::LogStatus).as_deref(), Some("NODATA" | "SKIPDATA"));
        let time = self.time(Name::Start).or_else(|| self.time(Name::End)).unwrap_or(Timestamp::UNKNOWN);
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
            NetworkEndpoint::of_interface(self.look(Name::InterfaceId).unwrap_or(Cow::Borrowed("unknown")));
        self.place(&mut end);
        end
    }

    fn place(&self, end: &mut NetworkEndpoint) {
        end.set_interface_uid(self.take(Name::InterfaceId)).set_instance_uid(self.take(Name::InstanceId));
        end.set_vpc_uid(self.take(Name::VpcId)).set_subnet_uid(self.take(Name::SubnetId));
    }

    /// At which end the interface is: as the direction tells, else at the one end with a private address.
    fn local(&self) -> Local {
        match self.look(Name::FlowDirection).as_deref() {
            Some("egress") => return Local::Source,
            Some("ingress") => return Local::Destination,
            _ => {}
        }
        let private = |name| self.look(name).is_some_and(|text| is_private(&text));
        if private(Name::DstAddr) && !private(Name::SrcAddr) { Local::Destination } else { Local::Source }
    }

    fn tell_times(&self, event: &mut Event) {
        event.set_start_time(self.time(Name::Start)).set_end_time(self.time(Name::End));
        for name in [Name::Start, Name::End] {
            self.field(name).map(|time| time.copy());
        }
        if let Some(start) = self.take(Name::Start) {
            event.set_original_time(&start);
        }
    }

    fn tell_verdict(&self, event: &mut Event) {
        match self.look(Name::Action).as_deref() {
            Some("ACCEPT") => {
                event.set_outcome(Outcome::Success, None).set_action_id(1).set_disposition_id(1)
            }
            Some("REJECT") => {
                event.set_outcome(Outcome::Failure, None).set_action_id(2).set_disposition_id(2)
            }
            _ => event,
        };
        event.set_status_code(self.take(Name::Action));
        event.set_status_detail(self.take(Name::RejectReason).or_else(|| self.take(Name::LogStatus)));
    }

    fn cloud(&self, context: &Context) -> Cloud {
        let mut cloud = Cloud::new("AWS");
        let account = self.take(Name::AccountId).or_else(|| self.take(Name::Account));
        let account = account.or_else(|| context.account.as_deref().map(Cow::Borrowed));
        cloud.set_account(account.map(|account| Account::of_uid(&*account)));
        cloud.set_region(self.take(Name::Region)).set_zone(self.take(Name::AzId));
        cloud
    }

    fn connection(&self) -> NetworkConnectionInfo {
        let direction = self.field(Name::FlowDirection);
        let mut info = NetworkConnectionInfo::new(match direction.and_then(|text| text.look()).as_deref() {
            Some("ingress") => 1,
            Some("egress") => 2,
            _ => 0,
        });
        let protocol = self.field(Name::Protocol).and_then(|number| number.take_as::<i32>());
        info.set_protocol_num(protocol).set_protocol_name(protocol.and_then(protocol_name));
        info.set_tcp_flags(self.field(Name::TcpFlags).and_then(|flags| flags.take_as::<i32>()));
        info.set_protocol_ver_id(match self.look(Name::Type).as_deref() {
            Some("IPv4") => Some(4),
            Some("IPv6") => Some(6),
            _ => None,
        });
        info
    }

    /// All of it went from source to destination.
    fn traffic(&self) -> Option<NetworkTraffic> {
        let (bytes, packets) = (self.count(Name::Bytes), self.count(Name::Packets));
        let mut traffic = NetworkTraffic::new();
        traffic.set_bytes(bytes).set_bytes_out(bytes).set_packets(packets).set_packets_out(packets);
        (traffic != NetworkTraffic::new()).then_some(traffic)
    }
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
