//! Zeek: what a sensor saw on the wire, one class a log, joined by the connection's id.
//!
//! Source: docs.zeek.org, log files. Fields are found as `id.orig_h`, `id_orig_h` or nested; times as seconds
//! since 1970 or ISO. `orig` is taken for the source and `resp` for the destination, as Zeek saw them. Zeek logs
//! what took place: an exchange that it logs counts as a success unless its record tells a failure or, as for
//! sign-ins, may leave the end open.

mod clock;
mod conn;
mod dhcp;
mod dns;
mod files;
mod finding;
mod flow;
mod inventory;
mod log;
mod mail;
mod remote;
mod share;
mod sign_in;
mod talk;
mod tls;
mod transfer;
mod web;

use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_event::{ClassUid, Event, Severity};

/// Zeek, as text or JSON.
///
/// | log | class |
/// |---|---|
/// | conn | 4001 by how the connection ended |
/// | dns, dhcp, http, ssl | 4003, 4004, 4002, 4001 with TLS |
/// | ssh, rdp, ftp, ntp, tunnel | 4007, 4005, 4008, 4013, 4014 |
/// | `smb_files`, `smb_mapping`, `smb_cmd`, `dce_rpc` | 4006 |
/// | smtp | 4009, without a mail 4001 |
/// | kerberos, ntlm, radius | 3002, without a user 4001 |
/// | files | 6006 |
/// | notice, signatures, intel | 2004 |
/// | `known_hosts`, `known_services`, `known_certs`; software | 5001; 5020 |
/// | reporter | 6008 |
/// | weird, dpd, analyzer, rfb, snmp, sip, syslog, irc, mysql, modbus, dnp3, socks, mqtt, ldap and other protocols | 4001, traffic |
/// | x509, ocsp, pe, and what the sensor tells of itself (stats, `capture_loss`, cluster and so on) | 0, base event |
#[derive(Clone, Copy, Debug, Default)]
pub struct Zeek;

impl Source for Zeek {
    fn name(&self) -> &'static str {
        "zeek"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let has = |name| root.member(name).is_some();
        let timed = ["ts", "_write_ts", "@timestamp"].iter().any(|name| has(name));
        let flow = || ["id.orig_h", "id_orig_h"].iter().any(|name| has(name)) || nested_flow(root);
        (timed && (flow() || has("_path") || log::is_known_log(record))) || (has("_path") && flow())
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let log = log::log_of(record);
        let mut event = event_of(record, log.kind).unwrap_or_else(|| {
            record.give_back();
            flow::base(record)
        });
        if let Some(time) = flow::time_field(record).and_then(|time| time.take()) {
            event.set_original_time(&time);
        }
        if let Some(path) = log::path_field(record.root()) {
            path.take();
        }
        if !log.name.is_empty() {
            event.metadata_mut().set_log_name(log.name);
        }
        flow::tell_sensor(record.root(), &mut event);
        events.push(event);
    }
}

fn nested_flow(root: Field<'_>) -> bool {
    root.member("id").is_some_and(|id| id.member("orig_h").is_some())
}

/// What the record of one log tells; `None` when it is too little for its class.
fn event_of(record: &Record<'_>, log: &str) -> Option<Event> {
    match log {
        "conn" => conn::connection(record),
        "dns" => dns::question(record),
        "ssl" => tls::handshake(record),
        "http" => Some(web::request(record)),
        "files" => files::file(record),
        "dhcp" => dhcp::lease(record),
        "dce_rpc" => share::call(record),
        "ftp" => transfer::command(record),
        "intel" => finding::indicator(record),
        "kerberos" => sign_in::kerberos(record),
        "known_certs" | "known_hosts" | "known_services" | "known_devices" => inventory::host(record),
        "notice" | "notice_alarm" => finding::notice(record),
        "ntlm" => sign_in::ntlm(record),
        "ntp" => clock::message(record),
        "radius" => sign_in::radius(record),
        "rdp" => remote::rdp(record),
        "reporter" => Some(report(record)),
        "rfb" => remote::rfb(record),
        "signatures" | "signature" => finding::signature(record),
        "smb_cmd" => share::command(record),
        "smb_files" => share::file(record),
        "smb_mapping" => share::mapping(record),
        "smtp" => mail::mail(record),
        "software" => inventory::software(record),
        "ssh" => remote::ssh(record),
        "tunnel" => talk::tunnel(record),
        other => talk::exchange(record, other),
    }
}

/// What a script of Zeek's complains of; what it only mentions is no error.
fn report(record: &Record<'_>) -> Event {
    let root = record.root();
    let level = root.look_at("level").unwrap_or_default();
    let (class, severity) = match level.rsplit(':').next().unwrap_or_default() {
        "ERROR" => (ClassUid::APPLICATION_ERROR, Severity::MEDIUM),
        "WARNING" => (ClassUid::APPLICATION_ERROR, Severity::LOW),
        _ => (ClassUid::BASE_EVENT, Severity::INFORMATIONAL),
    };
    let activity = u32::from(class == ClassUid::APPLICATION_ERROR);
    let mut event = Event::of_class(class, flow::head(record, activity));
    event.set_severity(severity).set_message(root.take_at("message"));
    event.metadata_mut().set_log_level(root.take_at("level"));
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;

    #[track_caller]
    fn check(members: &str, class: u32, activity: u32) {
        let flow = r#""id.orig_h":"10.1.2.3","id.orig_p":5,"id.resp_h":"192.0.2.9","id.resp_p":6"#;
        let nested = r#""id":{"orig_h":"10.1.2.3","orig_p":5,"resp_h":"192.0.2.9","resp_p":6}"#;
        for flow in [flow.to_owned(), flow.replace("id.", "id_"), nested.to_owned()] {
            let text = format!(r#"{{"ts":1773649800.5,"uid":"C1",{flow},{members}}}"#);
            let mut tape = Tape::default();
            tape.parse(text.as_bytes(), 16).unwrap();
            let record = Record::new(&text, &tape);
            assert!(Zeek.recognises(&record), "{text}");
            let mut events = Vec::new();
            Zeek.map(&record, &Context::default(), &mut events);
            let told = (events[0].class_uid().get(), events[0].activity_id());
            assert_eq!(told, (class, activity), "{text}");
            assert_eq!(events[0].origin().and_then(|origin| origin.port()), Some(5), "{text}");
            assert_eq!(homeostat_event::validate(&events[0]), [], "{text}");
        }
    }

    #[test]
    fn a_log_is_told_by_its_shape_too() {
        for (state, activity) in
            [("SF", 2), ("S1", 2), ("RSTO", 3), ("S0", 4), ("REJ", 5), ("OTH", 6), ("?", 0)]
        {
            check(&format!(r#""conn_state":"{state}""#), 4001, activity);
        }
        check(r#""trans_id":7,"query":"a.example""#, 4003, 1);
        check(r#""trans_depth":1,"method":"PATCH","request_body_len":0"#, 4002, 9);
        check(r#""established":true,"resumed":false"#, 4001, 6);
        check(r#""auth_attempts":1,"auth_success":true"#, 4007, 1);
        check(r#""request_type":"TGS","till":1.0,"client":"jane/ACME""#, 3002, 4);
        check(r#""security_protocol":"RDP","result":"Success""#, 4005, 6);
        check(r#""helo":"x","last_reply":"250 ok","mailfrom":"a@b.example""#, 4009, 2);
        check(r#""_path":"smb_files","action":"SMB::FILE_OPEN","name":"a""#, 4006, 2);
        check(r#""_path":"http_red","method":"BREW""#, 4002, 99);
    }

    #[test]
    fn what_tells_too_little_is_a_base_event() {
        let text =
            r#"{"_path":"ssl","ts":1773649800.5,"uid":"C1","version":"TLSv12","server_name":"a.example"}"#;
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let mut events = Vec::new();
        Zeek.map(&Record::new(text, &tape), &Context::default(), &mut events);
        assert_eq!(events[0].class_uid(), ClassUid::BASE_EVENT);
    }
}
