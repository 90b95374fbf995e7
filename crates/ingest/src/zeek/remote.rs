//! Zeek's `ssh`, `rdp` and `rfb` logs: somebody works on a machine from afar.
//!
//! Source: docs.zeek.org, `base/protocols/ssh`, `rdp` and `rfb`, and the package hassh. Zeek guesses from sizes
//! whether SSH let the client in: what it could not tell is unknown here too.

use super::flow::{head, seen};
use crate::json::{self, JsonObject, list, tell};
use crate::record::{Field, Record};
use crate::wire::{of_destination, of_source, tell_program};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Event, Location, NetworkEndpoint, Str};

pub(super) fn ssh(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let let_in = root.truth_at("auth_success");
    let activity = match let_in {
        Some(true) => 1,
        Some(false) => 4,
        None => 6,
    };
    let mut event = seen(record, |ends| Event::ssh_activity(head(record, activity), ends))?;
    event.set_outcome(told_outcome(let_in), None);
    tell(&mut event, "protocol_ver", root.take_at("version").map(|version| json::text(&version)));
    tell(&mut event, "client_hassh", hassh(root, "hassh", "hasshAlgorithms"));
    tell(&mut event, "server_hassh", hassh(root, "hasshServer", "hasshServerAlgorithms"));
    tell_direction(root, &mut event);
    of_source(&mut event, |end| tell_program(end, root.member("client")));
    of_destination(&mut event, |end| {
        tell_program(end, root.member("server"));
        tell_print(end, root.member("host_key"));
    });
    Some(event)
}

fn told_outcome(success: Option<bool>) -> Outcome {
    match success {
        Some(true) => Outcome::Success,
        Some(false) => Outcome::Failure,
        None => Outcome::Unknown,
    }
}

fn hassh(root: Field<'_>, digest: &str, algorithms: &str) -> Option<JsonText> {
    let digest = root.take_at(digest)?;
    let print = JsonObject::default().number("algorithm_id", Some(1)).text("value", Some(digest)).end();
    JsonObject::default().text("algorithm", root.take_at(algorithms)).json("fingerprint", print).end()
}

/// Which way it went, and where on earth the far end lies.
fn tell_direction(root: Field<'_>, event: &mut Event) {
    let direction = root.look_at("direction");
    let inbound = direction.as_deref() == Some("INBOUND");
    if let (Some(_), Some(mut info)) = (&direction, event.connection_info().cloned()) {
        info.set_direction_id(if inbound { 1 } else { 2 });
        event.set_connection_info(info);
    }
    let tell = |end: &mut NetworkEndpoint| {
        end.set_location(location(root));
    };
    if inbound { of_source(event, tell) } else { of_destination(event, tell) }
}

fn location(root: Field<'_>) -> Option<Location> {
    let place = |part| root.part("remote_location", part).and_then(|part: Field<'_>| part.take());
    let mut location = Location::in_country(place("country_code")?);
    location.set_city(place("city")).set_region(place("region"));
    Some(location)
}

/// A host key's digest: MD5 in pairs, or SHA-256 as newer versions write it.
fn tell_print(end: &mut NetworkEndpoint, key: Option<Field<'_>>) {
    let Some(key) = key.and_then(|key| key.take()) else { return };
    let algorithm = if key.starts_with("SHA256:") { 3 } else { 1 };
    let print = JsonObject::default().number("algorithm_id", Some(algorithm)).text("value", Some(key)).end();
    if let Some(prints) = list(print) {
        end.set_attribute("fingerprints", &prints);
    }
}

pub(super) fn rdp(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let mut event = seen(record, |ends| Event::rdp_activity(head(record, 6), ends))?;
    let refused = root
        .look_at("result")
        .is_some_and(|result| !["encrypted", "success"].iter().any(|word| result.eq_ignore_ascii_case(word)));
    match root.truth_at("auth_success") {
        Some(success) => event.set_outcome(told_outcome(Some(success)), None),
        None if refused => event.set_outcome(Outcome::Failure, None),
        None => &mut event,
    };
    event.set_status_code(root.take_at("result"));
    for (name, member) in [("identifier_cookie", "cookie"), ("protocol_ver", "security_protocol")] {
        tell(&mut event, name, root.take_at(member).map(|text| json::text(&text)));
    }
    tell(&mut event, "capabilities", json::texts(root.texts_at("client_channels").iter().map(Str::as_str)));
    let keyboard = JsonObject::default().text("keyboard_layout", root.take_at("keyboard_layout")).end();
    tell(&mut event, "keyboard_info", keyboard);
    tell(&mut event, "remote_display", display(root));
    of_source(&mut event, |end| {
        end.set_hostname(root.take_at("client_name"));
        tell_program(end, root.member("client_build"));
    });
    Some(event)
}

fn display(root: Field<'_>) -> Option<JsonText> {
    let depth = root.look_at("requested_color_depth");
    let depth = depth.and_then(|depth| depth.strip_suffix("bit")?.parse::<i64>().ok());
    JsonObject::default()
        .number("color_depth", depth)
        .number("physical_height", root.whole_at::<i32>("desktop_height").map(i64::from))
        .number("physical_width", root.whole_at::<i32>("desktop_width").map(i64::from))
        .end()
}

pub(super) fn rfb(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
    event.set_outcome(told_outcome(root.truth_at("auth")), None).set_app_protocol_name("rfb");
    event.set_status_detail(root.take_at("authentication_method"));
    of_destination(&mut event, |end| {
        end.set_name(root.take_at("desktop_name"));
    });
    Some(event)
}
