//! Zeek's `http` log: one request to a web server and its answer.
//!
//! Source: docs.zeek.org, `base/protocols/http`. Before version 2.1 the answer's type and digest stood in
//! `mime_type` and `md5`. A URL without a query goes to its path whole, else it is cut at the question mark.

use super::flow::{end, head, head_named, tell_connection};
use crate::address::is_address;
use crate::record::{Field, Record};
use crate::web;
use homeostat_event::{Actor, Event, File, Fingerprint, HttpRequest, HttpResponse, Str, User, WebExchange};

pub(super) fn request(record: &Record<'_>) -> Event {
    let root = record.root();
    let method = root.look_at("method");
    let head = match method.as_deref().map(web::activity_of) {
        Some(99) => head_named(record, method.as_deref()),
        Some(activity) => head(record, activity),
        None => head(record, 0),
    };
    let (asked, answered) = (asked(root), answered(root));
    let code = answered.as_ref().and_then(HttpResponse::code);
    let mut event = Event::http_activity(
        head,
        match answered {
            Some(answered) => WebExchange::Both(asked, answered),
            None => WebExchange::Request(asked),
        },
    );
    event.set_src_endpoint(end(record, "orig")).set_dst_endpoint(end(record, "resp"));
    tell_connection(root, &mut event);
    event.set_outcome(web::outcome_of(code), None).set_file(file(root));
    event.set_actor(root.take_at("username").map(|name| Actor::of_user(User::named(name))));
    event.metadata_mut().set_event_code(method).set_labels(root.texts_at("tags"));
    event
}

fn asked(root: Field<'_>) -> HttpRequest {
    let mut request = HttpRequest::new();
    request.set_http_method(web::method_of(root.member("method"))).set_referrer(root.take_at("referrer"));
    request.set_user_agent(root.take_at("user_agent")).set_version(root.take_at("version"));
    request.set_body_length(root.whole_at::<i32>("request_body_len"));
    request.set_url(web::url(root.member("host"), root.member("uri")));
    request.set_x_forwarded_for(forwarded_for(root));
    request
}

/// `X-FORWARDED-FOR -> 192.0.2.7, 192.0.2.8` among the headers of proxies.
fn forwarded_for(root: Field<'_>) -> Vec<Str> {
    let Some(list) = root.member("proxied").filter(Field::is_array) else { return Vec::new() };
    let mut found = Vec::new();
    for header in list.children().filter_map(|header| header.look()) {
        if let Some(addresses) = header.strip_prefix("X-FORWARDED-FOR -> ") {
            found.extend(addresses.split(", ").filter(|text| is_address(text)).map(Str::from));
        }
    }
    found
}

fn answered(root: Field<'_>) -> Option<HttpResponse> {
    let mut response = HttpResponse::new(root.whole_at::<i32>("status_code")?);
    response.set_message(root.take_at("status_msg"));
    response.set_body_length(root.whole_at::<i32>("response_body_len"));
    let kind = root.member("resp_mime_types").and_then(|kinds| kinds.first()?.take());
    response.set_content_type(kind.or_else(|| root.take_at("mime_type")));
    Some(response)
}

/// What was sent along: the first file of the answer, else of the request, by its name or Zeek's id of it.
fn file(root: Field<'_>) -> Option<File> {
    let first =
        |name| root.member(name).and_then(|list: Field<'_>| list.first()).filter(|one| one.look().is_some());
    let answer = (first("resp_fuids"), first("resp_filenames"), None);
    let request = || (first("orig_fuids"), first("orig_filenames"), first("orig_mime_types"));
    let (uid, name, kind) = if answer.0.is_some() || answer.1.is_some() { answer } else { request() };
    let name = name.or_else(|| first("filename"));
    let mut file = File::new(name.or(uid)?.take()?, 0);
    let take = |field: Option<Field<'_>>| field.and_then(|field| field.take().map(Str::from));
    file.set_uid(take(uid)).set_mime_type(take(kind));
    file.set_hashes(root.take_at("md5").map(|digest| vec![Fingerprint::new(1, digest)]).unwrap_or_default());
    Some(file)
}
