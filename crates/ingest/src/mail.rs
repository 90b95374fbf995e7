//! What gateways and mailbox services tell of mail: traces, verdicts, clicks.
//!
//! Envelope and header sender are kept apart: `from` and `to` of the event are the envelope's, those of `email` the
//! header's where it is told. `src_endpoint` is the machine that handed the mail in.

mod defender;
mod eml;
mod message_trace;
mod mimecast;
mod proofpoint;

use crate::act::{UNKNOWN, told};
use crate::address;
use crate::record::Field;
pub use defender::DefenderMail;
pub use eml::Eml;
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    ClassUid, Correspondents, Email, Event, File, Fingerprint, Head, HttpRequest, NetworkEndpoint, Product,
    Str, Url,
};
pub use message_trace::MessageTrace;
pub use mimecast::Mimecast;
pub use proofpoint::Proofpoint;
use std::borrow::Cow;

/// One record of mail, or one object of it.
#[derive(Clone, Copy)]
struct Slip<'a> {
    root: Field<'a>,
}

impl<'a> Slip<'a> {
    fn field(&self, name: &str) -> Option<Field<'a>> {
        self.root.get(name).and_then(told)
    }

    fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.take()
    }

    /// The first of `names` that tells a value.
    fn first(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.take(name))
    }

    /// Addresses under `name`: one text, several apart by commas or semicolons, or a list.
    fn addresses(&self, name: &str) -> Vec<Str> {
        let Some(field) = self.root.member(name) else { return Vec::new() };
        if field.is_array() {
            return field.children().filter_map(|one| told(one)?.take()).map(Str::from).collect();
        }
        let text = told(field).and_then(|field| field.look()).unwrap_or_default();
        if !text.contains([',', ';']) {
            return told(field).and_then(|field| field.take()).map(Str::from).into_iter().collect();
        }
        field.copy();
        text.split([',', ';']).map(str::trim).filter(|one| !one.is_empty()).map(Str::from).collect()
    }

    fn moment(&self, names: &[&str]) -> (Timestamp, Option<Cow<'a, str>>) {
        let field = names.iter().find_map(|name| self.field(name));
        let time = field.and_then(|field| crate::moment::read(&field.copy()?)).unwrap_or(Timestamp::UNKNOWN);
        (time, field.and_then(|field| field.take()))
    }

    fn sender(&self, names: &[&str]) -> Option<NetworkEndpoint> {
        names.iter().find_map(|name| {
            let field = self.field(name)?;
            let text = field.look()?;
            let (address, _) = address::without_port(&text)?;
            if *address == *text {
                field.take()
            } else {
                field.copy()
            };
            Some(NetworkEndpoint::of_ip(address))
        })
    }

    fn hashes(&self, names: [&str; 3]) -> Vec<Fingerprint> {
        let numbers = [1, 2, 3];
        let found = numbers.into_iter().zip(names);
        found.filter_map(|(number, name)| Some(Fingerprint::new(number, self.take(name)?))).collect()
    }
}

/// Who a mail goes from and to: by envelope and by header.
struct Ends {
    envelope: Option<Str>,
    header: Option<Str>,
    to: Vec<Str>,
}

impl Ends {
    /// The mail between them; the header's sender, where it is told, else the envelope's.
    fn email(&self) -> Email {
        let from = self.header.clone().or_else(|| self.envelope.clone());
        let parties = Correspondents::told(from, self.to.clone());
        let mut email = Email::new(parties.unwrap_or_else(|| Correspondents::From(UNKNOWN.into())));
        if self.header.is_some() {
            email.set_sender(self.envelope.clone());
        }
        email
    }

    /// Within one domain it is internal; without the tenant's domains no more can be told.
    fn direction(&self) -> i32 {
        let domain = |address: &Str| {
            address.as_str().rsplit_once('@').map(|(_, domain)| domain.trim_end_matches('>').to_lowercase())
        };
        let from = self.envelope.as_ref().or(self.header.as_ref()).and_then(domain);
        let same = from.is_some() && self.to.first().is_some_and(|to| domain(to) == from);
        if same { 3 } else { 0 }
    }

    fn tell(self, event: &mut Event) {
        event.set_sent_from(self.envelope.or(self.header)).set_sent_to(self.to);
    }
}

/// What a control did with a mail or click, by OCSF's numbers.
#[derive(Clone, Copy)]
struct Decision {
    action: i32,
    disposition: i32,
    outcome: Outcome,
}

const ALLOWED: Decision = Decision { action: 1, disposition: 1, outcome: Outcome::Success };
const BLOCKED: Decision = Decision { action: 2, disposition: 2, outcome: Outcome::Failure };
const REJECTED: Decision = Decision { action: 2, disposition: 25, outcome: Outcome::Failure };
const HELD: Decision = Decision { action: 2, disposition: 3, outcome: Outcome::Other };
const TAGGED: Decision = Decision { action: 3, disposition: 18, outcome: Outcome::Other };
const REPLACED: Decision = Decision { action: 4, disposition: 11, outcome: Outcome::Other };
const DETECTED: Decision = Decision { action: 3, disposition: 15, outcome: Outcome::Other };

/// Tells a decision; `word` is the source's own.
fn decide<'e>(event: &'e mut Event, decision: Decision, word: &str) -> &'e mut Event {
    event.set_action_id(decision.action).set_disposition_id(decision.disposition);
    event.set_outcome(decision.outcome, Some(word))
}

/// A click on a link in a mail: a request (4002) that a control let through or stopped.
fn click(head: Head, url: Option<Cow<'_, str>>, agent: Option<Cow<'_, str>>) -> Event {
    let mut request = HttpRequest::new();
    request.set_http_method("GET").set_url(url.map(link)).set_user_agent(agent);
    let mut event = Event::of_class(ClassUid::HTTP_ACTIVITY, head);
    event.set_http_request(request);
    event
}

/// A link, with its host where it tells one.
fn link(text: Cow<'_, str>) -> Url {
    let host = text
        .split_once("://")
        .map(|(_, rest)| rest.split(['/', '?', '#', ':']).next().unwrap_or(rest).to_owned());
    let mut url = Url::new(text);
    url.set_hostname(host.filter(|host| !host.is_empty()));
    url
}

fn attached(name: Option<Cow<'_, str>>, hashes: Vec<Fingerprint>) -> Option<File> {
    let name = name.map(Str::from).or_else(|| hashes.first()?.value().map(Str::from))?;
    let mut file = File::new(name, 1);
    file.set_hashes(hashes);
    Some(file)
}

fn product(vendor: &str, name: &str) -> Product {
    Product::new(vendor, name)
}
