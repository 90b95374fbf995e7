//! Zeek's logs of protocols that OCSF has no class for: a table of what their members are, one class for all.
//!
//! They become network activity (4001, traffic): who spoke with whom in which protocol, what was asked for and
//! with what end. Tunnels (4014) are told here too. Source: docs.zeek.org, the scripts under `base/protocols`.

use super::flow::{head, head_named, seen};
use crate::record::{Field, Record};
use crate::wire::of_source;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Actor, Event, Url, User};

/// Where one log tells what its records have in common with others. An empty name is none.
struct Talk {
    log: &'static str,
    protocol: &'static str,
    /// What was asked for.
    action: &'static str,
    /// Who asked.
    user: &'static str,
    /// How it ended, in a word or number of the protocol.
    status: &'static str,
    /// More on how it ended.
    detail: &'static str,
    /// What it is about, in words.
    message: &'static str,
}

const fn talk(log: &'static str, protocol: &'static str, told: [&'static str; 5]) -> Talk {
    let [action, user, status, detail, message] = told;
    Talk { log, protocol, action, user, status, detail, message }
}

const TALKS: [Talk; 23] = [
    talk("analyzer", "", ["cause", "", "", "failure_reason", ""]),
    talk("dnp3", "dnp3", ["fc_request", "", "", "", ""]),
    talk("dpd", "", ["", "", "", "failure_reason", ""]),
    talk("irc", "irc", ["command", "user", "", "", ""]),
    talk("ldap", "ldap", ["opcode", "", "result", "diagnostic_message", ""]),
    talk("ldap_search", "ldap", ["scope", "", "result", "diagnostic_message", ""]),
    talk("modbus", "modbus", ["func", "", "exception", "", ""]),
    talk("mqtt_connect", "mqtt", ["", "", "connect_status", "", ""]),
    talk("mqtt_publish", "mqtt", ["", "", "status", "", ""]),
    talk("mqtt_subscribe", "mqtt", ["action", "", "", "", ""]),
    talk("mysql", "mysql", ["cmd", "", "", "response", ""]),
    talk("postgresql", "postgresql", ["frontend", "user", "", "backend_arg", ""]),
    talk("quic", "quic", ["", "", "", "", ""]),
    talk("redis", "redis", ["cmd.name", "", "", "reply.value", ""]),
    talk("sip", "sip", ["method", "", "status_code", "status_msg", ""]),
    talk("snmp", "snmp", ["", "", "", "", ""]),
    talk("socks", "socks", ["", "user", "status", "", ""]),
    talk("syslog", "syslog", ["", "", "", "", "message"]),
    talk("traceroute", "", ["", "", "", "", ""]),
    talk("unknown_protocols", "", ["", "", "", "", ""]),
    talk("weird", "", ["name", "", "", "addl", ""]),
    talk("websocket", "websocket", ["", "", "", "", ""]),
    talk("wireguard", "wireguard", ["", "", "", "", ""]),
];

/// What was seen of the protocol that the log `log` is about; `None` for a log of another kind.
pub(super) fn exchange(record: &Record<'_>, log: &str) -> Option<Event> {
    let talk = TALKS.iter().find(|talk| talk.log == log)?;
    let root = record.root();
    let mut event = match log {
        "traceroute" => trace(record)?,
        _ => seen(record, |ends| Event::network_activity(head(record, 6), ends))?,
    };
    let protocol = Some(talk.protocol).filter(|protocol| !protocol.is_empty());
    event.set_app_protocol_name(protocol).set_duration(root.millis_at("duration"));
    event.set_outcome(outcome(root, talk), None);
    let code = root.take_at(talk.action).or_else(|| root.take_at("fc_reply"));
    event.metadata_mut().set_event_code(code);
    event.set_status_code(root.take_at(talk.status)).set_status_detail(root.take_at(talk.detail));
    event.set_message(root.take_at(talk.message));
    event.set_actor(root.take_at(talk.user).map(|name| Actor::of_user(User::named(name))));
    tell_more(root, log, &mut event);
    Some(event)
}

/// How it ended: what Zeek calls success, else the status in the protocol's own terms; else it was seen to happen.
fn outcome(root: Field<'_>, talk: &Talk) -> Outcome {
    if matches!(talk.log, "dpd" | "analyzer") {
        return Outcome::Failure;
    }
    if let Some(success) = root.truth_at("success") {
        return if success { Outcome::Success } else { Outcome::Failure };
    }
    let Some(status) = root.look_at(talk.status) else { return Outcome::Success };
    let number = status.parse::<u32>().ok();
    let good = ["success", "succeeded", "ok", "connection accepted"];
    let fine = match number {
        Some(number) => number < 400,
        None => talk.log != "modbus" && good.iter().any(|word| status.eq_ignore_ascii_case(word)),
    };
    if fine { Outcome::Success } else { Outcome::Failure }
}

/// What only one of the protocols tells.
fn tell_more(root: Field<'_>, log: &str, event: &mut Event) {
    match log {
        "syslog" => drop(event.metadata_mut().set_log_level(root.take_at("severity"))),
        "weird" => drop(event.metadata_mut().set_log_provider(root.take_at("source"))),
        "dpd" => drop(event.metadata_mut().set_log_provider(root.take_at("analyzer"))),
        "analyzer" => drop(event.metadata_mut().set_log_provider(root.take_at("analyzer_name"))),
        "sip" => {
            event.metadata_mut().set_correlation_uid(root.take_at("call_id"));
            event.set_url(root.take_at("uri").map(Url::new));
        }
        "socks" => {
            let host = root.part("request", "name").or_else(|| root.part("request", "host"));
            let mut url = host.and_then(|host| host.take()).map(Url::new);
            if let Some(url) = &mut url {
                url.set_port(root.whole_at::<u16>("request_p"));
            }
            event.set_url(url);
        }
        "irc" => of_source(event, |end| {
            end.set_name(root.take_at("nick"));
        }),
        _ => {}
    }
}

/// A path through the network that somebody traced.
fn trace(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let (source, destination) =
        (super::flow::endpoint_at(root, "src", ""), super::flow::endpoint_at(root, "dst", ""));
    let ends = crate::wire::both(source, destination)?;
    let mut event = Event::network_activity(head(record, 6), ends);
    super::flow::tell_connection(root, &mut event);
    Some(event)
}

/// A tunnel that Zeek looks into.
pub(super) fn tunnel(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let action = root.look_at("action");
    let head = match action.as_deref() {
        Some("Tunnel::DISCOVER") => head(record, 1),
        Some("Tunnel::CLOSE" | "Tunnel::EXPIRE") => head(record, 2),
        other => head_named(record, other),
    };
    let mut event = seen(record, |ends| Event::tunnel_activity(head, ends))?;
    event.metadata_mut().set_event_code(root.take_at("action"));
    // Zeek names the protocol; whether all traffic goes through the tunnel it cannot tell.
    crate::json::tell(&mut event, "tunnel_type_id", Some(JsonText::new("0")));
    let kind = root.take_at("tunnel_type");
    crate::json::tell(&mut event, "protocol_name", kind.map(|kind| crate::json::text(&kind)));
    Some(event)
}
