//! Stored mails (`.eml`): one event a mail, from its header.
//!
//! The program that reads the file tells the mail as an object (see the reader's `eml`); what the mail says to its reader
//! stands under `body`, which is withheld. Hops are those of `Received`, the last first: a machine writes what the one
//! before it said, so only the hops of one's own servers are sure. Sources: RFC 5322, RFC 5321 section 4.4, RFC 8601.

use super::{Ends, Slip, link, product};
use crate::act::told;
use crate::address;
use crate::json;
use crate::moment;
use crate::number;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{Email, EmailAuth, Event, File, Head, NetworkEndpoint, Str};
use std::borrow::Cow;

/// Stored mails. Class 4009, Receive, or Send where no machine has passed it on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Eml;

impl Source for Eml {
    fn name(&self) -> &'static str {
        "eml"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let sized = root.member("eml").is_some_and(|eml| eml.member("size").is_some());
        sized
            && ["from", "to", "received"]
                .iter()
                .any(|name| root.member(name).is_some_and(|told| told.is_array()))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let slip = Slip { root: record.root() };
        let hops: Vec<Field<'_>> = elements(slip, "received").collect();
        let received = hops.first().and_then(|hop| hop.get("date"));
        let date = received.or_else(|| slip.field("date"));
        let time = date.and_then(|date| moment::read(&date.copy()?)).unwrap_or(Timestamp::UNKNOWN);
        let ends = Ends {
            envelope: slip.take("return_path").map(Str::from),
            header: addresses(slip, "from").into_iter().next(),
            to: addresses(slip, "to"),
        };
        let mut mail = ends.email();
        tell_mail(&mut mail, slip);
        let head =
            Head::new(if hops.is_empty() { 1 } else { 2 }, time, product("IETF", "Internet Message Format"));
        let mut event = Event::email_activity(head, ends.direction(), mail);
        ends.tell(&mut event);
        tell_hops(&mut event, &hops);
        event.set_email_auth(verdicts(slip)).set_outcome(Outcome::Success, None);
        if let Some(original) = date.and_then(|date| date.take()) {
            event.set_original_time(&original);
        }
        events.push(event);
    }
}

fn elements<'a>(slip: Slip<'a>, name: &str) -> impl Iterator<Item = Field<'a>> + use<'a> {
    let list = slip.root.member(name).filter(Field::is_array);
    list.into_iter().flat_map(|list| list.children())
}

fn addresses(slip: Slip<'_>, name: &str) -> Vec<Str> {
    elements(slip, name).filter_map(|one| told(one.member("address")?)?.take()).map(Str::from).collect()
}

fn tell_mail(mail: &mut Email, slip: Slip<'_>) {
    let name = elements(slip, "from").next().and_then(|from| from.member("name")?.take());
    mail.set_sent_from_mailbox(name)
        .set_cc(addresses(slip, "cc"))
        .set_reply_to_list(addresses(slip, "reply_to"));
    mail.set_delivered_to_list(addresses(slip, "delivered_to"));
    mail.set_subject(slip.take("subject")).set_message_uid(slip.take("message_id"));
    mail.set_size(slip.root.get("eml.size").and_then(number::long));
    let sender = slip.root.member("x_originating_ip").and_then(|ip| ip.take_if(address::is_address));
    mail.set_x_originating_ip(sender.map(Str::from).into_iter().collect::<Vec<_>>());
    mail.set_urls(elements(slip, "urls").filter_map(|url| url.take()).map(link).collect::<Vec<_>>());
    mail.set_files(elements(slip, "attachments").filter_map(attachment).collect::<Vec<_>>());
}

fn attachment(part: Field<'_>) -> Option<File> {
    let mut file = File::new(part.member("name")?.take()?, 1);
    file.set_mime_type(part.member("mime_type").and_then(|kind| kind.take()));
    file.set_size(part.member("size").and_then(number::long));
    Some(file)
}

/// From the machine that sent it, over those between, to the one that took it last.
fn tell_hops(event: &mut Event, hops: &[Field<'_>]) {
    let mut passed =
        hops.iter().rev().filter_map(|hop| Some((hop, hop.get("from_ip")?.take_if(address::is_address)?)));
    if let Some((hop, first)) = passed.next() {
        let mut sender = NetworkEndpoint::of_ip(first);
        sender.set_hostname(hop.get("from").and_then(|name| name.take_if(|name| !address::is_address(name))));
        sender.set_intermediate_ips(passed.map(|(_, ip)| Str::from(ip)).collect::<Vec<_>>());
        event.set_src_endpoint(sender);
    }
    let last = hops.first();
    let taker = last.and_then(|hop| hop.get("by")?.take_if(|name| !address::is_address(name)));
    event.set_dst_endpoint(taker.map(NetworkEndpoint::of_hostname));
    let protocol = last.and_then(|hop| hop.get("with")?.take());
    json::tell(event, "protocol_name", protocol.map(|word| json::text(&word)));
}

/// What the last server found out about the mail's origin: `spf=pass … dkim=pass header.d=… dmarc=pass`.
fn verdicts(slip: Slip<'_>) -> Option<EmailAuth> {
    let text = elements(slip, "authentication_results").find_map(|text| text.copy())?;
    let word = |name: &str| value_of(&text, name).map(Cow::into_owned);
    let mut auth = EmailAuth::new();
    auth.set_spf(word("spf")).set_dkim(word("dkim")).set_dmarc(word("dmarc"));
    auth.set_dkim_domain(word("header.d")).set_dmarc_policy(word("p").or_else(|| word("policy.dmarc")));
    (auth.spf().is_some() || auth.dkim().is_some() || auth.dmarc().is_some()).then_some(auth)
}

/// The first word after `name=`, where `name` is a whole word.
fn value_of<'t>(text: &'t str, name: &str) -> Option<Cow<'t, str>> {
    let pairs = text.split([' ', ';', '(', ')']).filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    values.find(|value| !value.is_empty()).map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_whole_words() {
        let text = "mx.acme.example; dkim=pass header.d=sender.example; spf=softfail (x) smtp.mailfrom=a; dmarc=fail (p=REJECT sp=NONE)";
        for (name, expected) in [
            ("spf", Some("softfail")),
            ("dkim", Some("pass")),
            ("dmarc", Some("fail")),
            ("p", Some("REJECT")),
            ("header.d", Some("sender.example")),
            ("arc", None),
        ] {
            assert_eq!(value_of(text, name).as_deref(), expected, "{name}");
        }
    }
}
