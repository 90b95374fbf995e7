//! Suricata: alerts, flows and what it read of each protocol, as EVE JSON.
//!
//! Source: docs.suricata.io, EVE JSON format. Source and destination stay as Suricata writes them: for an alert
//! those of the packet, for an answer those of the answer. What the sensor tells of itself and of broken packets
//! (`stats`, `anomaly`, `engine`), and every type that is not in the table, is a base event.

mod alert;
mod dns;
mod lease;
mod mail;
mod parts;
mod protocol;
mod remote;
mod share;
mod sign_in;
mod traffic;
mod transfer;

use crate::record::Record;
use crate::source::{Context, Source};
use homeostat_event::Event;

/// Suricata, as EVE JSON.
///
/// | `event_type` | class |
/// |---|---|
/// | alert | 2004, with the profile `security_control` when it was blocked |
/// | flow, netflow | 4001 |
/// | dns, http, http2, dhcp | 4003, 4002, 4002, 4004 |
/// | tls, quic | 4001 with TLS |
/// | ssh, smb, ftp, `ftp_data`, rdp | 4007, 4006, 4008, 4008, 4005 |
/// | krb5 | 3002, without a client 4001 |
/// | smtp, email | 4009, without a mail 4001 |
/// | fileinfo | 6006 |
/// | other protocols (snmp, sip, nfs, tftp, mqtt, modbus, dnp3, rfb, ike, pgsql, ldap and so on) | 4001, traffic |
/// | stats, anomaly and every other type | 0, base event |
#[derive(Clone, Copy, Debug, Default)]
pub struct Suricata;

impl Source for Suricata {
    fn name(&self) -> &'static str {
        "suricata"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        root.member("event_type").is_some_and(|kind| kind.is_text())
            && has("timestamp")
            && ["flow_id", "src_ip", "stats", "anomaly", "engine", "pcap_cnt"].iter().any(|name| has(name))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let kind = record.look("event_type").unwrap_or_default();
        let mut event = event_of(record, &kind).unwrap_or_else(|| {
            record.give_back();
            parts::base(record)
        });
        parts::tell_common(record, &mut event);
        events.push(event);
    }
}

/// What a record of one type tells; `None` when it is too little for its class.
fn event_of(record: &Record<'_>, kind: &str) -> Option<Event> {
    match kind {
        "alert" => alert::alert(record),
        "flow" | "netflow" => traffic::flow(record, kind),
        "dns" => dns::question(record),
        "http" | "http2" => traffic::request(record),
        "tls" => traffic::handshake(record),
        "dhcp" => lease::lease(record),
        "fileinfo" => transfer::file(record),
        "ftp" | "ftp_data" => transfer::command(record, kind),
        "krb5" => sign_in::ticket(record),
        "rdp" => remote::screen(record),
        "smb" => share::command(record),
        "smtp" | "email" => mail::mail(record),
        "ssh" => remote::shell(record),
        other => protocol::exchange(record, other),
    }
}
