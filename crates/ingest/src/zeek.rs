//! Zeek: connections, names asked for and addresses leased; every other log is kept whole as a base event.
//!
//! Source: docs.zeek.org, log files. Fields are found as `id.orig_h`, `id_orig_h` or nested; times as seconds
//! since 1970 or ISO. `orig` is taken for the source and `resp` for the destination, as Zeek saw them.

mod dhcp;

use crate::address::{is_address, is_hardware};
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    DnsAnswer, DnsQuery, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic, Product,
};
use std::borrow::Cow;

/// Zeek, as text or JSON. Classes 4001 (conn), 4003 (dns) and 4004 (dhcp); the other logs are base events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zeek;

impl Source for Zeek {
    fn name(&self) -> &'static str {
        "zeek"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        let flow = ["id.orig_h", "id_orig_h"].iter().any(|name| has(name)) || nested_flow(root);
        let timed = ["ts", "_write_ts", "@timestamp"].iter().any(|name| has(name));
        (timed && (flow || has("_path") || is_known_log(record))) || (flow && has("_path"))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let log = log_of(record);
        let mut event = match &*log {
            "conn" => connection(record),
            "dns" => name_question(record),
            "dhcp" => dhcp::lease(record),
            _ => Event::base_event(head(record, 0)),
        };
        if let Some(time) = time_field(record).and_then(|time| time.take()) {
            event.set_original_time(&time);
        }
        let metadata = event.metadata_mut();
        if !log.is_empty() {
            metadata.set_log_name(&*log);
        }
        events.push(event);
    }
}

/// Zeek's logs by the names of their files, the longer of two with one ending first.
const LOGS: [&str; 62] = [
    "analyzer",
    "broker",
    "capture_loss",
    "cluster",
    "conn",
    "dce_rpc",
    "dhcp",
    "dnp3",
    "dns",
    "dpd",
    "files",
    "ftp",
    "http",
    "intel",
    "irc",
    "kerberos",
    "known_certs",
    "known_hosts",
    "known_services",
    "ldap_search",
    "ldap",
    "loaded_scripts",
    "modbus",
    "mqtt_connect",
    "mqtt_publish",
    "mqtt_subscribe",
    "mysql",
    "notice",
    "ntlm",
    "ntp",
    "ocsp",
    "packet_filter",
    "pe",
    "postgresql",
    "print",
    "quic",
    "radius",
    "rdp",
    "redis",
    "reporter",
    "rfb",
    "signatures",
    "signature",
    "sip",
    "smb_cmd",
    "smb_files",
    "smb_mapping",
    "smtp",
    "snmp",
    "socks",
    "software",
    "ssh",
    "ssl",
    "stats",
    "syslog",
    "telemetry",
    "traceroute",
    "tunnel",
    "weird",
    "websocket",
    "wireguard",
    "x509",
];

/// A record of a file with one of Zeek's names, or in a shape that only one of Zeek's logs has.
fn is_known_log(record: &Record<'_>) -> bool {
    let shaped =
        ["fuid", "uid", "uids", "certificate.serial", "ts_delta", "port_num", "peer_descr", "@stream"];
    log_in(record.stream()).is_some() || shaped.iter().any(|name| record.root().member(name).is_some())
}

/// `conn.2020-01-01` and `test-conn` → `conn`.
fn log_in(stream: Option<&str>) -> Option<&'static str> {
    let name = stream?.split('.').next()?.replace(['-', ' '], "_");
    let fits = |log: &&&str| {
        name.strip_suffix(**log).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    LOGS.iter().find(fits).copied()
}

fn nested_flow(root: Field<'_>) -> bool {
    root.member("id").is_some_and(|id| id.member("orig_h").is_some())
}

/// Which of Zeek's logs a record is of: as it says, as its shape says, or as its file is called.
fn log_of<'a>(record: &Record<'a>) -> Cow<'a, str> {
    let root = record.root();
    if let Some(path) = root.member("_path").and_then(|path| path.take()) {
        return path;
    }
    let has = |name| root.member(name).is_some();
    if has("conn_state") {
        return Cow::Borrowed("conn");
    }
    if has("trans_id")
        && (has("qtype") || has("rcode") || has("query") || has("rejected"))
        && !has("assigned_addr")
    {
        return Cow::Borrowed("dns");
    }
    if has("assigned_addr") && has("mac") {
        return Cow::Borrowed("dhcp");
    }
    match root.member("@stream").and_then(|path| path.look()) {
        Some(stream) => stream,
        None => Cow::Borrowed(log_in(record.stream()).or(record.stream()).unwrap_or_default()),
    }
}

fn time_field<'a>(record: &Record<'a>) -> Option<Field<'a>> {
    let root = record.root();
    ["ts", "@timestamp", "_write_ts"].iter().find_map(|name| root.member(name).filter(|time| !time.is_null()))
}

fn head(record: &Record<'_>, activity: u32) -> Head {
    let time = time_field(record).and_then(|time| moment::read(&time.look()?));
    Head::new(activity, time.unwrap_or(Timestamp::UNKNOWN), Product::new("Zeek", "Zeek"))
}

fn connection(record: &Record<'_>) -> Event {
    let root = record.root();
    let state = root.member("conn_state").and_then(|state| state.look());
    let activity = activity_of(state.as_deref());
    let Some(ends) = ends(record) else { return Event::base_event(head(record, 0)) };
    let mut event = Event::network_activity(head(record, activity), ends);
    let outcome = match activity {
        4 | 5 => Outcome::Failure,
        2 | 3 | 6 => Outcome::Success,
        _ => Outcome::Unknown,
    };
    event.set_outcome(outcome, None).set_status_code(take(root, "conn_state"));
    let mut info = connection_info(root);
    info.set_flag_history(take(root, "history"));
    event.set_connection_info(info);
    event.set_app_protocol_name(take(root, "service"));
    event.set_traffic(traffic(root));
    event.set_is_src_dst_assignment_known(true);
    let duration = root.member("duration").and_then(|field| millis(&field.look()?));
    event.set_duration(duration);
    tell_metadata(root, &mut event);
    event
}

fn tell_metadata(root: Field<'_>, event: &mut Event) {
    let uid = root.member("uid").and_then(|uid| uid.look());
    event.metadata_mut().set_uid(uid);
}

/// How a connection ended, by Zeek's `conn_state`.
fn activity_of(state: Option<&str>) -> u32 {
    match state {
        Some("SF" | "S1" | "S2" | "S3" | "SH" | "SHR") => 2,
        Some("RSTO" | "RSTR" | "RSTOS0" | "RSTRH") => 3,
        Some("S0") => 4,
        Some("REJ") => 5,
        Some("OTH") => 6,
        _ => 0,
    }
}

/// Both ends, or the one that is told.
fn ends(record: &Record<'_>) -> Option<Ends> {
    let (source, destination) = (end(record, "orig"), end(record, "resp"));
    match (source, destination) {
        (Some(source), Some(destination)) => Some(Ends::Both(source, destination)),
        (Some(source), None) => Some(Ends::Source(source)),
        (None, destination) => destination.map(Ends::Destination),
    }
}

fn end(record: &Record<'_>, side: &str) -> Option<NetworkEndpoint> {
    let root = record.root();
    let field = |last: &str| {
        let nested = root.member("id").and_then(|id| id.member(&format!("{side}_{last}")));
        let dotted = || root.member(&format!("id.{side}_{last}"));
        let flat = || root.member(&format!("id_{side}_{last}"));
        nested.or_else(dotted).or_else(flat)
    };
    let address = field("h").filter(|address| address.look().is_some_and(|text| is_address(&text)))?;
    let mut end = NetworkEndpoint::of_ip(address.take()?);
    if let Some((port, number)) = field("p").and_then(|port| Some((port, port.look()?.parse::<u16>().ok()?)))
    {
        end.set_port(number);
        port.take();
    }
    let hardware = root.member(if side == "orig" { "orig_l2_addr" } else { "resp_l2_addr" });
    let hardware = hardware.filter(|address| address.look().is_some_and(|text| is_hardware(&text)));
    end.set_mac(hardware.and_then(|address| address.take()));
    Some(end)
}

fn connection_info(root: Field<'_>) -> NetworkConnectionInfo {
    let side = |name| root.member(name).and_then(|field: Field<'_>| truth(&field.look()?));
    let mut info = NetworkConnectionInfo::new(match (side("local_orig"), side("local_resp")) {
        (Some(true), Some(false)) => 2,
        (Some(false), Some(true)) => 1,
        (Some(true), Some(true)) => 3,
        _ => 0,
    });
    info.set_uid(take(root, "uid")).set_community_uid(take(root, "community_id"));
    let protocol = take(root, "proto");
    info.set_protocol_num(protocol.as_deref().and_then(protocol_number)).set_protocol_name(protocol);
    info
}

fn protocol_number(name: &str) -> Option<i32> {
    match name {
        "icmp" => Some(1),
        "tcp" => Some(6),
        "udp" => Some(17),
        _ => None,
    }
}

fn traffic(root: Field<'_>) -> Option<NetworkTraffic> {
    let count = |name| {
        let field: Field<'_> = root.member(name)?;
        let number = field.look()?.parse::<i64>().ok().filter(|number| *number >= 0)?;
        field.take();
        Some(number)
    };
    let mut traffic = NetworkTraffic::new();
    let (bytes_out, bytes_in) = (count("orig_bytes"), count("resp_bytes"));
    let (packets_out, packets_in) = (count("orig_pkts"), count("resp_pkts"));
    let sum =
        |out: Option<i64>, back: Option<i64>| out.zip(back).and_then(|(out, back)| out.checked_add(back));
    traffic.set_bytes(sum(bytes_out, bytes_in)).set_bytes_in(bytes_in);
    traffic.set_bytes_missed(count("missed_bytes")).set_bytes_out(bytes_out);
    traffic.set_packets(sum(packets_out, packets_in)).set_packets_in(packets_in).set_packets_out(packets_out);
    (traffic != NetworkTraffic::new()).then_some(traffic)
}

fn name_question(record: &Record<'_>) -> Event {
    let root = record.root();
    let rcode = root.member("rcode").and_then(|code| code.look()?.parse::<i32>().ok());
    let answered = rcode.is_some() || root.member("rcode_name").is_some_and(|name| name.look().is_some());
    let Some(ends) = ends(record) else { return Event::base_event(head(record, 0)) };
    let mut event = Event::dns_activity(head(record, if answered { 2 } else { 1 }), ends);
    event.set_query(query(root)).set_answers(answers(root));
    tell_rcode(root, rcode, &mut event);
    event.set_connection_info(connection_info(root));
    tell_metadata(root, &mut event);
    event
}

/// Codes up to 24 stand in the schema; a code of another meaning is 99 with Zeek's name for it.
fn tell_rcode(root: Field<'_>, rcode: Option<i32>, event: &mut Event) {
    let name = root.member("rcode_name");
    match rcode {
        Some(0) => event.set_outcome(Outcome::Success, None),
        Some(_) => event.set_outcome(Outcome::Failure, None),
        None => return,
    };
    let known = rcode.filter(|code| matches!(code, 0..=11 | 16..=24));
    let word = name.and_then(|name| if known.is_some() { name.copy() } else { name.take() });
    match (known, word) {
        (Some(code), _) => {
            root.member("rcode").map(|code| code.take());
            event.set_rcode_id(code);
        }
        (None, Some(word)) => drop(event.set_rcode_id(99).set_rcode(word)),
        (None, None) => {}
    }
}

/// ICMP and multicast records may have no question, and Zeek writes the root as an empty text.
fn query(root: Field<'_>) -> Option<DnsQuery> {
    let mut query = DnsQuery::new(root.member("query").and_then(|query| query.take())?);
    query.set_kind(take(root, "qtype_name")).set_class(take(root, "qclass_name"));
    if let Some(id) = root.member("trans_id").and_then(|id| Some((id, id.look()?.parse::<u16>().ok()?))) {
        query.set_packet_uid(id.1);
        id.0.take();
    }
    Some(query)
}

/// How many answers an event names. Default 64: more are a transfer of a zone; all stay in `unmapped`.
const ANSWERS: usize = 64;

fn answers(root: Field<'_>) -> Vec<DnsAnswer> {
    let Some(list) = root.member("answers").filter(Field::is_array) else { return Vec::new() };
    let lives: Vec<Field<'_>> =
        root.member("TTLs").filter(Field::is_array).iter().flat_map(Field::children).collect();
    let whole = list.children().count() <= ANSWERS;
    let mut answers = Vec::new();
    for (number, answer) in list.children().take(ANSWERS).enumerate() {
        let Some(data) = (if whole { answer.take() } else { answer.copy() }) else { continue };
        let mut answer = DnsAnswer::new(data);
        let life = lives.get(number).and_then(|life| seconds(&life.copy()?));
        answer.set_ttl(life);
        answers.push(answer);
    }
    answers
}

fn take<'a>(root: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    root.member(name)?.take()
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "T" => Some(true),
        "false" | "F" => Some(false),
        _ => None,
    }
}

/// Decimal seconds as whole milliseconds, what is below cut.
fn millis(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().chain(core::iter::repeat(b'0')).take(3);
    let sound = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let part = digits.fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')));
    let whole = whole.parse::<i64>().ok().filter(|whole| sound && *whole >= 0)?;
    whole.checked_mul(1_000)?.checked_add(part)
}

/// Decimal seconds as whole seconds.
fn seconds(text: &str) -> Option<i32> {
    text.split('.').next()?.parse::<i32>().ok().filter(|seconds| *seconds >= 0)
}
