//! What Gmail tells of a message: its ends, its checks, what was attached.

use super::Parts;
use crate::act::{Act, UNKNOWN, told};
use crate::number;
use crate::record::Field;
use homeostat_core::Outcome;
use homeostat_event::{
    Correspondents, Email, EmailAuth, Event, File, Fingerprint, Location, NetworkEndpoint, Str, Url,
};
use std::borrow::Cow;

pub(super) fn event<'a>(parts: &Parts<'_, 'a>, act: &Act<'a>) -> Event {
    let inside = |path: &str| parts.given.inside("message_info", path);
    let take = |path: &str| inside(path).and_then(told).and_then(|field| field.take());
    let envelope = take("source.address").map(Str::from);
    let header = take("source.from_header_address").map(Str::from);
    let to = recipients(inside("destination"));
    let reader = || act.actor.as_ref()?.user()?.email_addr().map(|mail| vec![Str::from(mail)]);
    let ends = Correspondents::told(header.or_else(|| envelope.clone()), to.clone());
    let ends = ends.or_else(|| reader().map(Correspondents::To));
    let mut mail = Email::new(ends.unwrap_or_else(|| Correspondents::From(UNKNOWN.into())));
    mail.set_subject(take("subject"))
        .set_message_uid(take("rfc2822_message_id"))
        .set_sender(envelope.clone());
    mail.set_sent_from_mailbox(take("source.from_header_displayname"));
    mail.set_size(inside("payload_size").and_then(number::long))
        .set_files(file(parts).into_iter().collect::<Vec<_>>());
    mail.set_urls(links(inside("link_domain")));
    let internal = inside("connection_info.is_internal").and_then(|word| word.copy());
    let mut event = act.mail(2, if internal.as_deref() == Some("true") { 3 } else { 0 }, mail);
    event.set_sent_from(envelope).set_sent_to(to).set_email_auth(checks(parts));
    event.set_src_endpoint(sender(parts).or_else(|| parts.origin()));
    let success = parts.given.inside("event_info", "success").and_then(|word| word.copy());
    event.set_outcome(
        if success.as_deref() == Some("false") { Outcome::Failure } else { Outcome::Success },
        None,
    );
    event.set_status_code(take("connection_info.smtp_reply_code"));
    if inside("is_spam").and_then(|spam| spam.copy()).as_deref() == Some("true") {
        event.set_disposition_id(18).set_action_id(3);
    }
    event
}

fn recipients(list: Option<Field<'_>>) -> Vec<Str> {
    let list = list.filter(Field::is_array);
    let ends = list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
    ends.filter_map(|end| told(end.member("address")?)?.take()).map(Str::from).collect()
}

fn links(list: Option<Field<'_>>) -> Vec<Url> {
    let list = list.filter(Field::is_array);
    let names = list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
    names
        .filter_map(|name| told(name)?.take())
        .map(|name| {
            let mut url = Url::new(name.clone());
            url.set_hostname(name);
            url
        })
        .collect()
}

fn file(parts: &Parts<'_, '_>) -> Option<File> {
    let take =
        |name: &str| parts.given.inside("message_info", &format!("attachment.{name}")).and_then(told)?.take();
    let hash = take("sha256");
    let mut file = File::new(take("file_name").or_else(|| hash.clone())?, 1);
    file.set_hashes(hash.map(|hash| Fingerprint::new(3, hash)).into_iter().collect::<Vec<_>>());
    file.set_ext(take("file_extension_type"));
    Some(file)
}

fn sender(parts: &Parts<'_, '_>) -> Option<NetworkEndpoint> {
    let take = |name: &str| {
        let path = format!("connection_info.{name}");
        parts.given.inside("message_info", &path).and_then(told).and_then(|field| field.take())
    };
    let mut end = NetworkEndpoint::of_ip(take("client_ip")?);
    end.set_location(take("ip_geo_country").map(Location::in_country));
    Some(end)
}

/// The checks as words: Gmail writes truth values.
fn checks(parts: &Parts<'_, '_>) -> Option<EmailAuth> {
    let word = |name: &str| -> Option<Cow<'_, str>> {
        let field = parts.given.inside("message_info", &format!("connection_info.{name}"))?;
        match &*field.copy()? {
            "true" => Some("pass".into()),
            "false" => Some("fail".into()),
            _ => None,
        }
    };
    let (spf, dkim, dmarc) = (word("spf_pass"), word("dkim_pass"), word("dmarc_pass"));
    (spf.is_some() || dkim.is_some() || dmarc.is_some()).then(|| {
        let mut auth = EmailAuth::new();
        auth.set_spf(spf).set_dkim(dkim).set_dmarc(dmarc);
        auth
    })
}
