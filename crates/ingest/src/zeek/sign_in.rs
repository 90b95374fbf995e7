//! Zeek's `kerberos`, `ntlm` and `radius` logs: somebody proves who he is.
//!
//! Source: docs.zeek.org, `base/protocols/krb`, `ntlm` and `radius`. A record that names nobody is about the
//! connection alone. A server that asks for pre-authentication refuses nothing: the client asks again with it.

use super::flow::{ends, head, seen};
use crate::json::{JsonObject, tell};
use crate::record::{Field, Record};
use crate::wire::{of_destination, of_source};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Ends, Event, Service, SignInTo, User};

/// A sign-in of `user` at the far end of the record's connection; without a user what was seen of the protocol.
fn begin(record: &Record<'_>, activity: u32, protocol: Protocol, user: Option<User>) -> Option<Event> {
    let root = record.root();
    let Some(user) = user else {
        let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
        event.set_app_protocol_name(protocol.name);
        return Some(event);
    };
    let (source, destination) = match ends(record)? {
        Ends::Both(source, destination) => (Some(source), Some(destination)),
        Ends::Source(source) => (Some(source), None),
        Ends::Destination(destination) => (None, Some(destination)),
    };
    let to = destination.map_or_else(|| SignInTo::Service(Service::named(protocol.name)), SignInTo::Endpoint);
    let mut event = Event::authentication(head(record, activity), user, to);
    event.set_src_endpoint(source).set_auth_protocol_id(protocol.number).set_is_remote(true);
    event.metadata_mut().set_correlation_uid(root.take_at("uid"));
    Some(event)
}

/// A protocol by its name and OCSF's number.
#[derive(Clone, Copy)]
struct Protocol {
    name: &'static str,
    number: i32,
}

fn tell_outcome(root: Field<'_>, event: &mut Event) {
    match root.truth_at("success") {
        Some(true) => event.set_outcome(Outcome::Success, None),
        Some(false) => event.set_outcome(Outcome::Failure, None),
        None => event.set_outcome(Outcome::Unknown, None),
    };
}

pub(super) fn kerberos(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let activity = match root.look_at("request_type").as_deref() {
        Some("AS") => 3,
        Some("TGS") => 4,
        _ => 0,
    };
    let protocol = Protocol { name: "kerberos", number: 2 };
    ends(record)?;
    let mut event = begin(record, activity, protocol, principal(root))?;
    let kind = root.take_at("request_type");
    event.metadata_mut().set_event_code(kind);
    tell_outcome(root, &mut event);
    if root.look_at("error_msg").as_deref() == Some("KDC_ERR_PREAUTH_REQUIRED") {
        event.set_outcome(Outcome::Other, Some("Pre-authentication required"));
    }
    event.set_status_code(root.take_at("error_msg"));
    if event.user().is_some() {
        event.set_service(root.take_at("service").map(Service::named));
        tell(&mut event, "authentication_token", ticket(root, activity));
    }
    Some(event)
}

/// `jane/ACME.EXAMPLE`: the name may hold further parts, the realm stands last.
fn principal(root: Field<'_>) -> Option<User> {
    let client = root.look_at("client")?;
    let mut user = match client.rsplit_once('/') {
        Some(("", _)) => return None,
        Some((name, realm)) => {
            let mut user = User::named(name);
            user.set_domain(Some(realm).filter(|realm| !realm.is_empty()));
            user
        }
        None => User::named(&*client),
    };
    user.set_uid_alt(root.take_at("client"));
    Some(user)
}

/// What was asked for: a ticket to get tickets with (1), or one for a service (2).
fn ticket(root: Field<'_>, activity: u32) -> Option<JsonText> {
    let kind = match activity {
        3 => 1,
        4 => 2,
        _ => return None,
    };
    let cipher = JsonObject::default().text("type", root.take_at("cipher")).end();
    let till = root.member("till").and_then(|till| till.moment()).and_then(homeostat_core::Timestamp::millis);
    let renewable = root.member("renewable").filter(|flag| !flag.is_text());
    let renewable = renewable.and_then(|flag| flag.take_as::<bool>());
    let renewable = renewable.map(|flag| JsonText::new(flag.to_string()));
    JsonObject::default()
        .json("encryption_details", cipher)
        .number("expiration_time", till.filter(|till| *till > 0))
        .json("is_renewable", renewable)
        .number("type_id", Some(kind))
        .end()
}

pub(super) fn ntlm(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    ends(record)?;
    let user = root.take_at("username").map(|name| {
        let mut user = User::named(name);
        user.set_domain(root.take_at("domainname"));
        user
    });
    let mut event = begin(record, 1, Protocol { name: "ntlm", number: 1 }, user)?;
    tell_outcome(root, &mut event);
    event.set_status_code(root.take_at("status"));
    of_source(&mut event, |end| {
        end.set_hostname(root.take_at("hostname"));
    });
    of_destination(&mut event, |end| {
        end.set_hostname(root.take_at("server_dns_computer_name"));
        end.set_name(root.take_at("server_nb_computer_name"));
    });
    Some(event)
}

pub(super) fn radius(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    ends(record)?;
    let user = root.take_at("username").map(User::named);
    let mut event = begin(record, 1, Protocol { name: "radius", number: 10 }, user)?;
    match root.look_at("result").as_deref() {
        Some("success") => event.set_outcome(Outcome::Success, None),
        Some("failed" | "failure") => event.set_outcome(Outcome::Failure, None),
        _ => event.set_outcome(Outcome::Unknown, None),
    };
    event.set_status_code(root.take_at("result")).set_status_detail(root.take_at("reply_msg"));
    event.set_duration(root.millis_at("ttl"));
    Some(event)
}
