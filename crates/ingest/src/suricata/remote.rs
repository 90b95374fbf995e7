//! Suricata's `ssh` and `rdp`: somebody works on a machine from afar.
//!
//! Source: docs.suricata.io, EVE JSON format. Suricata reads the greetings of SSH and not whether the client was
//! let in, so the end is unknown.

use super::parts::{head, head_named, seen};
use crate::json::{self, JsonObject, tell};
use crate::record::{Field, Record};
use crate::wire::{of_destination, of_source, tell_program};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Event, Str};

pub(super) fn shell(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let ssh = root.member("ssh").filter(Field::is_object)?;
    let mut event = seen(record, |ends| Event::ssh_activity(head(record, 6), ends))?;
    event.set_outcome(Outcome::Unknown, None);
    let side = |name| ssh.member(name).filter(Field::is_object);
    let (client, server) = (side("client"), side("server"));
    let version = client.and_then(|client| client.take_at("proto_version"));
    tell(&mut event, "protocol_ver", version.map(|version| json::text(&version)));
    tell(&mut event, "client_hassh", client.and_then(hassh));
    tell(&mut event, "server_hassh", server.and_then(hassh));
    of_source(&mut event, |end| {
        tell_program(end, client.and_then(|client| client.member("software_version")));
    });
    of_destination(&mut event, |end| {
        tell_program(end, server.and_then(|server| server.member("software_version")));
    });
    Some(event)
}

fn hassh(side: Field<'_>) -> Option<JsonText> {
    let told = side.member("hassh").filter(Field::is_object)?;
    let print = JsonObject::default()
        .number("algorithm_id", Some(1))
        .text("value", Some(told.take_at("hash")?))
        .end();
    JsonObject::default().text("algorithm", told.take_at("string")).json("fingerprint", print).end()
}

pub(super) fn screen(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let rdp = root.member("rdp").filter(Field::is_object)?;
    let kind = rdp.look_at("event_type");
    let head = match kind.as_deref() {
        Some("initial_request") => head(record, 1),
        Some("initial_response") => head(record, 2),
        Some("connect_request") => head(record, 3),
        Some("connect_response") => head(record, 4),
        Some("tls_handshake") => head(record, 5),
        other => head_named(record, other),
    };
    let mut event = seen(record, |ends| Event::rdp_activity(head, ends))?;
    if let Some(code) = rdp.take_at("error_code") {
        event.set_outcome(Outcome::Failure, None).set_status_code(code);
    }
    event.set_status_detail(rdp.take_at("reason"));
    for (name, member) in [("identifier_cookie", "cookie"), ("protocol_ver", "protocol")] {
        tell(&mut event, name, rdp.take_at(member).map(|text| json::text(&text)));
    }
    tell(&mut event, "capabilities", json::texts(rdp.texts_at("channels").iter().map(Str::as_str)));
    if let Some(client) = rdp.member("client").filter(Field::is_object) {
        let keyboard = JsonObject::default().text("keyboard_layout", client.take_at("keyboard_layout")).end();
        tell(&mut event, "keyboard_info", keyboard);
        tell(&mut event, "remote_display", display(client));
        of_source(&mut event, |end| {
            end.set_hostname(client.take_at("client_name"));
            tell_program(end, client.member("build"));
        });
    }
    Some(event)
}

fn display(client: Field<'_>) -> Option<JsonText> {
    let number = |name| client.whole_at::<i32>(name).map(i64::from);
    JsonObject::default()
        .number("color_depth", number("color_depth"))
        .number("physical_height", number("desktop_height"))
        .number("physical_width", number("desktop_width"))
        .end()
}
