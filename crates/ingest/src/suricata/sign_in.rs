//! Suricata's `krb5`: a client asks for a ticket.
//!
//! Source: docs.suricata.io, EVE JSON format. A record without a client's name is about the connection alone. A
//! server that asks for pre-authentication refuses nothing: the client asks again with it.

use super::parts::{head, seen};
use crate::json::{JsonObject, tell};
use crate::record::{Field, Record};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Ends, Event, Service, SignInTo, User};

pub(super) fn ticket(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let krb = root.member("krb5").filter(Field::is_object)?;
    let kind = krb.look_at("failed_request").or_else(|| krb.look_at("msg_type")).unwrap_or_default();
    let activity = match &*kind {
        kind if kind.contains("_AS_") => 3,
        kind if kind.contains("_TGS_") => 4,
        _ => 0,
    };
    let named = krb.look_at("cname").is_some_and(|name| name != "<empty>");
    let Some(ends) = super::parts::ends(root).filter(|_| named) else {
        let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
        event.set_app_protocol_name("kerberos");
        event.metadata_mut().set_event_code(krb.take_at("msg_type"));
        tell_outcome(krb, &mut event);
        return Some(event);
    };
    let (source, destination) = match ends {
        Ends::Both(source, destination) => (Some(source), Some(destination)),
        Ends::Source(source) => (Some(source), None),
        Ends::Destination(destination) => (None, Some(destination)),
    };
    let mut user = User::named(krb.take_at("cname")?);
    user.set_domain(krb.take_at("realm"));
    let to = destination.map_or_else(|| SignInTo::Service(Service::named("kerberos")), SignInTo::Endpoint);
    let mut event = Event::authentication(head(record, activity), user, to);
    event.set_src_endpoint(source).set_auth_protocol_id(2).set_is_remote(true);
    event.metadata_mut().set_correlation_uid(root.take_at("flow_id")).set_event_code(krb.take_at("msg_type"));
    event.set_service(krb.take_at("sname").filter(|name| name != "<empty>").map(Service::named));
    tell(&mut event, "authentication_token", token(krb, activity));
    tell_outcome(krb, &mut event);
    Some(event)
}

fn token(krb: Field<'_>, activity: u32) -> Option<JsonText> {
    let kind = match activity {
        3 => 1,
        4 => 2,
        _ => return None,
    };
    let cipher = krb.member("encryption").filter(|cipher| cipher.look().as_deref() != Some("<none>"));
    let cipher = JsonObject::default().text("type", cipher.and_then(|cipher| cipher.take())).end();
    JsonObject::default().json("encryption_details", cipher).number("type_id", Some(kind)).end()
}

fn tell_outcome(krb: Field<'_>, event: &mut Event) {
    match krb.look_at("error_code").as_deref() {
        Some("KDC_ERR_PREAUTH_REQUIRED") => {
            event.set_outcome(Outcome::Other, Some("Pre-authentication required"))
        }
        Some(_) => event.set_outcome(Outcome::Failure, None),
        None => event.set_outcome(Outcome::Success, None),
    };
    event.set_status_code(krb.take_at("error_code"));
}
