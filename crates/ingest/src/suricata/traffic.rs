//! Suricata's `flow`, `netflow`, `http` and `tls`: what went over a connection.
//!
//! Source: docs.suricata.io, EVE JSON format. A flow is told when it has ended or timed out; its state says how
//! far it came.

use super::parts::{head, head_named, seen};
use crate::json::{JsonObject, list};
use crate::record::{Field, Record};
use crate::wire::place;
use crate::{tls, web};
use homeostat_core::JsonText;
use homeostat_event::{
    Certificate, Event, Fingerprint, HttpRequest, HttpResponse, NetworkTraffic, Tls, WebExchange,
};

pub(super) fn flow(record: &Record<'_>, kind: &str) -> Option<Event> {
    let root = record.root();
    let flow = root.member(kind).filter(Field::is_object)?;
    let state = flow.look_at("state");
    let activity = if state.as_deref() == Some("closed") { 2 } else { 6 };
    let mut event = seen(record, |ends| Event::network_activity(head(record, activity), ends))?;
    event.set_is_src_dst_assignment_known(true);
    event.set_status_code(flow.take_at("state")).set_status_detail(flow.take_at("reason"));
    event.set_start_time(flow.member("start").and_then(|time| time.moment()));
    event.set_end_time(flow.member("end").and_then(|time| time.moment()));
    event.set_duration(flow.millis_at("age"));
    if event.traffic_told().is_none() {
        event.set_traffic(one_way(flow));
    }
    tell_flags(root, &mut event);
    Some(event)
}

/// A record of `netflow` counts one direction.
fn one_way(flow: Field<'_>) -> Option<NetworkTraffic> {
    let count = |name| flow.whole_at::<u64>(name).and_then(|number| i64::try_from(number).ok());
    let mut traffic = NetworkTraffic::new();
    let (bytes, packets) = (count("bytes"), count("pkts"));
    traffic.set_bytes(bytes).set_bytes_out(bytes).set_packets(packets).set_packets_out(packets);
    (traffic != NetworkTraffic::new()).then_some(traffic)
}

/// All flags of a TCP connection, a number to the base 16.
fn tell_flags(root: Field<'_>, event: &mut Event) {
    let flags = root.member("tcp").and_then(|tcp| tcp.look_at("tcp_flags"));
    let flags = flags.and_then(|flags| i32::from_str_radix(&flags, 16).ok());
    if let (Some(flags), Some(mut info)) = (flags, event.connection_info().cloned()) {
        info.set_tcp_flags(flags);
        event.set_connection_info(info);
    }
}

pub(super) fn request(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let http = root.member("http").filter(Field::is_object)?;
    let method = http.look_at("http_method");
    let head = match method.as_deref().map(web::activity_of) {
        Some(99) => head_named(record, method.as_deref()),
        activity => head(record, activity.unwrap_or(0)),
    };
    let mut event = seen(record, |ends| {
        let (asked, answered) = exchange_of(http);
        let exchange = match answered {
            Some(answered) => WebExchange::Both(asked, answered),
            None => WebExchange::Request(asked),
        };
        let mut event = Event::http_activity(head, exchange);
        place(&mut event, ends);
        event
    })?;
    let code = event.http_response().and_then(HttpResponse::code);
    event.set_outcome(web::outcome_of(code), None);
    Some(event)
}

/// What was asked of a web server and what it answered.
pub(super) fn exchange_of(http: Field<'_>) -> (HttpRequest, Option<HttpResponse>) {
    let mut request = HttpRequest::new();
    let mut url = web::url(http.member("hostname"), http.member("url"));
    if let Some(url) = &mut url {
        let port = http.whole_at::<u16>("http_port");
        url.set_port(port);
    }
    request.set_http_method(web::method_of(http.member("http_method"))).set_url(url);
    request.set_user_agent(http.take_at("http_user_agent")).set_version(http.take_at("protocol"));
    request.set_referrer(http.take_at("http_refer"));
    if let Some(headers) = headers(http, "request_headers") {
        request.set_attribute("http_headers", &headers);
    }
    (request, answer_of(http))
}

fn answer_of(http: Field<'_>) -> Option<HttpResponse> {
    let mut response = HttpResponse::new(http.whole_at::<i32>("status")?);
    response.set_content_type(http.take_at("http_content_type"));
    response.set_body_length(http.whole_at::<i32>("length"));
    if let Some(headers) = headers(http, "response_headers") {
        response.set_attribute("http_headers", &headers);
    }
    Some(response)
}

fn headers(http: Field<'_>, name: &str) -> Option<JsonText> {
    let headers = http.member(name).filter(Field::is_array)?;
    list(headers.children().filter_map(|header| {
        header.look_at("value")?;
        let name = header.take_at("name")?;
        JsonObject::default().text("name", Some(name)).text("value", header.take_at("value")).end()
    }))
}

pub(super) fn handshake(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let tls = root.member("tls").filter(Field::is_object)?;
    let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
    event.set_is_src_dst_assignment_known(true).set_tls(tls_of(tls));
    let print = tls.take_at("ja4");
    let print = print
        .and_then(|print| JsonObject::default().number("type_id", Some(1)).text("value", Some(print)).end());
    crate::json::tell(&mut event, "ja4_fingerprint_list", list(print));
    Some(event)
}

/// The handshake; a version that Suricata could not tell stands as it wrote it.
pub(super) fn tls_of(told: Field<'_>) -> Option<Tls> {
    let version = told.member("version")?;
    let text = version.look()?;
    let mut handshake = match tls::version(&text) {
        Some(number) => {
            version.copy();
            Tls::new(number)
        }
        None => Tls::new(version.take()?),
    };
    let print = |name| {
        let digest = told.member(name).and_then(|print: Field<'_>| print.take_at("hash"));
        digest.map(|digest| Fingerprint::new(1, digest))
    };
    handshake.set_sni(told.take_at("sni")).set_ja3_hash(print("ja3")).set_ja3s_hash(print("ja3s"));
    handshake.set_certificate(certificate(told));
    Some(handshake)
}

fn certificate(told: Field<'_>) -> Option<Certificate> {
    told.look_at("issuerdn").and(told.look_at("serial"))?;
    let mut certificate = Certificate::new(told.take_at("issuerdn")?, told.take_at("serial")?);
    certificate.set_subject(told.take_at("subject"));
    certificate.set_fingerprints(
        told.take_at("fingerprint").map(|digest| vec![Fingerprint::new(2, digest)]).unwrap_or_default(),
    );
    certificate.set_created_time(told.member("notbefore").and_then(|time| time.moment()));
    certificate.set_expiration_time(told.member("notafter").and_then(|time| time.moment()));
    Some(certificate)
}
