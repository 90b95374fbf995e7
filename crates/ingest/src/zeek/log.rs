//! Which of Zeek's logs a record is of: as it says, as its file is called, or as its shape says.
//!
//! Source: docs.zeek.org, log files, and Corelight's names for shortened (`_red`) and early (`_long`) records.

use crate::record::{Field, Record};
use std::borrow::Cow;

/// Zeek's logs by the names of their files, the longer of two with one ending or one start first.
const LOGS: [&str; 72] = [
    "analyzer",
    "broker",
    "capture_loss",
    "cluster",
    "config",
    "conn",
    "corelight",
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
    "known_devices",
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
    "netcontrol",
    "notice_alarm",
    "notice",
    "ntlm",
    "ntp",
    "ocsp",
    "openflow",
    "packet_filter",
    "pe",
    "postgresql",
    "print",
    "prof",
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
    "unknown_protocols",
    "weird_stats",
    "weird",
    "websocket",
    "wireguard",
    "x509",
    "connection",
];

/// Logs by members that no other log has together.
const SHAPES: [(&[&str], &str); 38] = [
    (&["conn_state"], "conn"),
    (&["note", "msg"], "notice"),
    (&["ssl_history"], "ssl"),
    (&["established", "resumed"], "ssl"),
    (&["trans_depth", "method", "request_body_len", "call_id"], "sip"),
    (&["trans_depth", "request_body_len"], "http"),
    (&["certificate.serial"], "x509"),
    (&["certificate_serial"], "x509"),
    (&["fuid", "seen_bytes"], "files"),
    (&["auth_attempts"], "ssh"),
    (&["host_key_alg"], "ssh"),
    (&["request_type", "till"], "kerberos"),
    (&["client", "service", "success"], "kerberos"),
    (&["server_nb_computer_name"], "ntlm"),
    (&["domainname", "username"], "ntlm"),
    (&["security_protocol", "result"], "rdp"),
    (&["named_pipe", "operation"], "dce_rpc"),
    (&["share_type", "path"], "smb_mapping"),
    (&["action", "name", "times.modified"], "smb_files"),
    (&["reply_code", "command"], "ftp"),
    (&["helo", "last_reply"], "smtp"),
    (&["stratum", "root_delay"], "ntp"),
    (&["community", "get_requests"], "snmp"),
    (&["software_type"], "software"),
    (&["name", "notice", "peer"], "weird"),
    (&["seen.indicator"], "intel"),
    (&["sig_id", "event_msg"], "signatures"),
    (&["fc_request"], "dnp3"),
    (&["func", "unit"], "modbus"),
    (&["tunnel_type"], "tunnel"),
    (&["facility", "severity", "message"], "syslog"),
    (&["port_num", "port_proto"], "known_services"),
    (&["port_num", "issuer_subject"], "known_certs"),
    (&["subsystem", "section_names"], "pe"),
    (&["issuerNameHash"], "ocsp"),
    (&["percent_lost"], "capture_loss"),
    (&["analyzer", "failure_reason"], "dpd"),
    (&["analyzer_kind", "failure_reason"], "analyzer"),
];

/// The name a record's log goes by, and the log of Zeek's own that it is; empty when it is none.
pub(super) struct Log<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) kind: &'static str,
}

/// Which log the record is of.
pub(super) fn log_of<'a>(record: &Record<'a>) -> Log<'a> {
    let root = record.root();
    let told = path_field(root).and_then(|path| path.look());
    if let Some(name) = told {
        let kind = kind_in(&name).or_else(|| shape_of(root)).unwrap_or_default();
        return Log { name, kind };
    }
    // A file may hold records of several logs: the three that most others rest on are told by their shape.
    let sure = common_shape(root);
    let by_file = || log_in(record.stream());
    let kind = sure.or_else(by_file).or_else(|| shape_of(root)).unwrap_or_default();
    let kind = if kind == "connection" { "conn" } else { kind };
    let name = if kind.is_empty() { record.stream().unwrap_or_default() } else { kind };
    Log { name: Cow::Borrowed(name), kind }
}

/// Where a record names its log.
pub(super) fn path_field(root: Field<'_>) -> Option<Field<'_>> {
    ["_path", "@stream"].iter().find_map(|name| root.member(name).filter(|path| path.look().is_some()))
}

/// `conn_red`, `conn_long` and `conn` → `conn`.
fn kind_in(name: &str) -> Option<&'static str> {
    let fits = |log: &&&str| {
        name.strip_prefix(**log).is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '-', '.']))
    };
    LOGS.iter().filter(fits).max_by_key(|log| log.len()).copied()
}

fn common_shape(root: Field<'_>) -> Option<&'static str> {
    let has = |name| root.member(name).is_some();
    if has("conn_state") {
        return Some("conn");
    }
    if has("trans_id")
        && (has("qtype") || has("rcode") || has("query") || has("rejected"))
        && !has("assigned_addr")
    {
        return Some("dns");
    }
    (has("assigned_addr") && has("mac")).then_some("dhcp")
}

fn shape_of(root: Field<'_>) -> Option<&'static str> {
    let has = |name: &&str| root.member(name).is_some();
    SHAPES.iter().find(|(members, _)| members.iter().all(has)).map(|(_, log)| *log)
}

/// A record of a file with one of Zeek's names, or in a shape that only one of Zeek's logs has.
pub(super) fn is_known_log(record: &Record<'_>) -> bool {
    let shaped =
        ["fuid", "uid", "uids", "certificate.serial", "ts_delta", "port_num", "peer_descr", "@stream"];
    // The name of the file is looked at last, for it takes the longest.
    shaped.iter().any(|name| record.root().member(name).is_some())
        || shape_of(record.root()).is_some()
        || log_in(record.stream()).is_some()
}

/// `conn.2020-01-01` and `test-conn` → `conn`.
fn log_in(stream: Option<&str>) -> Option<&'static str> {
    let name = stream?.split('.').next()?;
    let fits = |log: &&&str| {
        let rest = name.len().checked_sub(log.len()).and_then(|start| name.split_at_checked(start));
        rest.is_some_and(|(before, end)| {
            (before.is_empty() || before.ends_with(['_', '-', ' ']))
                && end
                    .bytes()
                    .zip(log.bytes())
                    .all(|(one, other)| one == other || (other == b'_' && matches!(one, b'-' | b' ')))
        })
    };
    LOGS.iter().filter(fits).max_by_key(|log| log.len()).copied().or_else(|| kind_in(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_the_log() {
        for (stream, expected) in [
            ("conn", Some("conn")),
            ("test-conn", Some("conn")),
            ("smb_files", Some("smb_files")),
            ("json_streaming_smb_files", Some("smb_files")),
            ("test-known-certs", Some("known_certs")),
            ("conn_20260316", Some("conn")),
            ("reconn", None),
            ("zeek", None),
        ] {
            assert_eq!(log_in(Some(stream)), expected, "{stream}");
        }
        for (path, expected) in [
            ("conn_red", Some("conn")),
            ("smb_files", Some("smb_files")),
            ("weird_stats", Some("weird_stats")),
        ] {
            assert_eq!(kind_in(path), expected, "{path}");
        }
    }
}
