//! What is acted on that is no user: which attributes tell it, and how each is named.
//!
//! OCSF gives an attribute one meaning in every class, so the table is one of attributes; the category only spares
//! looking for those that none of its classes has. O(attributes of the table).

use crate::class::ClassUid;
use crate::event::Event;
use crate::finding::Evidence;
use crate::identity::ManagedEntity;
use crate::naming::{Naming, domain_name, key};
use crate::party::Party;
use crate::seen::Seen;
use homeostat_core::{EntityKey, EntityKind, Timestamp};
use std::borrow::Cow;

/// How the value of an attribute is named.
#[derive(Clone, Copy)]
enum How {
    /// By id or name, as the source's.
    Thing,
    /// By its path on the host, by name where no host is told.
    File,
    /// By the file in it, else by its name.
    Holder,
    Process,
    /// By path or name on the host.
    Local,
    Container,
    Model,
    /// A mail, by those who get it.
    Recipients,
}

type Attributes = &'static [(&'static str, How)];

const SYSTEM: Attributes = &[
    ("file", How::File),
    ("process", How::Process),
    ("module", How::Holder),
    ("driver", How::Holder),
    ("kernel", How::Local),
    ("job", How::Local),
    ("script", How::Holder),
    ("peripheral_device", How::Local),
    ("log_name", How::Local),
    ("reg_key", How::Local),
    ("reg_value", How::Local),
    ("win_service", How::Local),
    ("win_resource", How::Local),
];
const FINDING: Attributes = &[
    ("database", How::Thing),
    ("databucket", How::Thing),
    ("table", How::Thing),
    ("application", How::Thing),
    ("applications", How::Thing),
    ("file", How::File),
    ("process", How::Process),
];
const NETWORK: Attributes = &[("email", How::Recipients), ("file", How::File), ("share", How::Local)];
const DISCOVERY: Attributes = &[
    ("container", How::Container),
    ("database", How::Thing),
    ("databucket", How::Thing),
    ("table", How::Thing),
    ("idp", How::Thing),
    ("file", How::File),
    ("folder", How::File),
    ("process", How::Process),
    ("module", How::Holder),
    ("job", How::Local),
    ("kernel", How::Local),
    ("peripheral_device", How::Local),
    ("reg_key", How::Local),
    ("reg_value", How::Local),
    ("service", How::Local),
    ("startup_item", How::Local),
    ("sbom.package", How::Thing),
    ("package", How::Thing),
    ("product", How::Thing),
    ("query_evidence.file", How::File),
    ("query_evidence.folder", How::File),
    ("query_evidence.process", How::Process),
    ("query_evidence.module", How::Holder),
    ("query_evidence.job", How::Local),
    ("query_evidence.reg_key", How::Local),
    ("query_evidence.reg_value", How::Local),
    ("query_evidence.service", How::Local),
    ("query_evidence.startup_item", How::Local),
];
const APPLICATION: Attributes = &[
    ("web_resources", How::Thing),
    ("app", How::Thing),
    ("database", How::Thing),
    ("databucket", How::Thing),
    ("table", How::Thing),
    ("file", How::File),
    ("scan", How::Thing),
    ("ai_model", How::Model),
    ("share", How::Local),
];
const REMEDIATION: Attributes = &[("file", How::File), ("process", How::Process), ("scan", How::Thing)];
const UNMANNED: Attributes = &[("unmanned_aerial_system", How::Thing), ("aircraft", How::Thing)];

fn attributes(class: ClassUid) -> [Attributes; 2] {
    match class.get() % 100_000 / 1_000 {
        1 => [SYSTEM, &[]],
        2 => [FINDING, &[]],
        3 => [&[], &[]],
        4 => [NETWORK, &[]],
        5 => [DISCOVERY, &[]],
        6 => [APPLICATION, &[]],
        7 => [REMEDIATION, &[]],
        8 => [UNMANNED, &[]],
        _ => [SYSTEM, APPLICATION],
    }
}

/// Groups, entities, resources, names asked for, and whatever else the class is about.
pub(crate) fn things<'a>(event: &'a Event, naming: &Naming<'_>) -> Vec<Party<'a>> {
    let mut found = Vec::new();
    let groups = event.group().into_iter().chain(event.subgroup());
    found.extend(groups.map(|group| thing(group.uid(), group.name(), naming.group(group))));
    if let Some(entity) = event.entity().filter(|entity| entity.user().is_none()) {
        found.push(managed(entity, naming));
    }
    let resources = event.resources().iter().chain(event.resource());
    found.extend(resources.map(|resource| {
        let names = [resource.uid(), resource.name()];
        let key = naming.thing_of_kind(resource.kind().unwrap_or_default(), resource.namespace(), names);
        thing(resource.uid(), resource.name(), key)
    }));
    names_asked_for(event, &mut found);
    if event.class_uid() == ClassUid::AUTHENTICATION
        && let Some(service) = event.service_told()
    {
        let key = naming.application(service.uid(), service.name());
        found.push(thing(service.uid(), service.name(), key));
    }
    for (path, how) in attributes(event.class_uid()).into_iter().flatten() {
        for seen in event.at(path).into_iter().flat_map(Seen::items) {
            name(seen, *how, naming, &mut found);
        }
    }
    found.retain(|party| !party.keys().is_empty() || party.uid().or(party.name()).is_some());
    found
}

fn thing<'a>(uid: Option<&'a str>, name: Option<&'a str>, key: Option<EntityKey>) -> Party<'a> {
    Party::thing(uid, name, key.into_iter().collect())
}

fn managed<'a>(entity: &'a ManagedEntity, naming: &Naming<'_>) -> Party<'a> {
    let group = entity.group().and_then(|group| naming.group(group));
    let device = || entity.device().and_then(|device| naming.device(device).into_iter().next());
    let (uid, name) = (entity.uid(), entity.name());
    let inner =
        [entity.policy().and_then(|policy| policy.uid()), entity.policy().and_then(|policy| policy.name())];
    let uid = uid.or(inner[0]).or_else(|| entity.device()?.uid()).or_else(|| entity.org()?.uid());
    let name = name.or(inner[1]).or_else(|| entity.device()?.hostname()).or_else(|| entity.org()?.name());
    let own = || naming.thing_of_kind(entity.kind().unwrap_or_default(), None, [uid, name]);
    thing(uid, name, group.or_else(device).or_else(own))
}

/// Names that a question, a handshake or a request is for.
fn names_asked_for<'a>(event: &'a Event, found: &mut Vec<Party<'a>>) {
    let asked = event.query().and_then(|query| query.hostname());
    let greeted = event.tls().and_then(|tls| tls.sni());
    let url = event.url().and_then(|url| url.hostname());
    let web = event.class_uid() == ClassUid::HTTP_ACTIVITY;
    let requested = event.http_request().filter(|_| web).and_then(|request| request.url());
    let requested =
        requested.and_then(|url| url.hostname().or(url.domain()).or_else(|| host_of(url.url_string()?)));
    let names = [asked, greeted, url, requested].into_iter().flatten();
    found.extend(names.map(|name| thing(None, Some(name), domain_name(name))));
}

/// The host in a URL.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    Some(host).filter(|host| host.parse::<std::net::IpAddr>().is_err() && !host.is_empty())
}

fn name<'a>(seen: Seen<'a>, how: How, naming: &Naming<'_>, found: &mut Vec<Party<'a>>) {
    let names = Names::of(seen);
    let [uid, own] = [names.uid.as_deref(), names.name.as_deref()];
    let id = uid.or(own);
    let key = match how {
        How::Thing => {
            let (kind, namespace) = (seen.whole_at("type"), seen.whole_at("namespace"));
            naming.thing_of_kind(kind.as_deref().unwrap_or_default(), namespace.as_deref(), [uid, own])
        }
        How::File => return found.push(file(seen, naming)),
        How::Holder => match seen.at("file") {
            Some(inner) => return found.push(file(inner, naming)),
            None => id.and_then(|name| naming.local(name)),
        },
        How::Process => process(seen, naming),
        How::Local => local(&names, naming),
        How::Container => id.and_then(|uid| naming.container(uid)),
        How::Model => {
            let provider = seen.whole_at("ai_provider").map(|provider| provider.to_lowercase());
            let scope = provider.as_deref().unwrap_or(EntityKey::UNSCOPED);
            id.and_then(|uid| key(EntityKind::AiModel, scope, uid))
        }
        How::Recipients => return recipients(seen, naming, found),
    };
    found.push(names.party(key));
}

/// What an object is called.
struct Names<'a> {
    uid: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    /// A text that is no object is the name itself.
    fn of(seen: Seen<'a>) -> Self {
        let name = seen.whole_at("name").or_else(|| seen.whole_text());
        Self { uid: seen.whole_at("uid"), name, path: seen.whole_at("path") }
    }

    /// A name that had to be unescaped cannot be borrowed: such a party has its key alone.
    fn party(&self, key: Option<EntityKey>) -> Party<'a> {
        let borrowed = |text: &Option<Cow<'a, str>>| match text {
            Some(Cow::Borrowed(text)) => Some(*text),
            _ => None,
        };
        let path = borrowed(&self.path);
        thing(borrowed(&self.uid).or(path), borrowed(&self.name).or(path), key)
    }
}

fn file<'a>(seen: Seen<'a>, naming: &Naming<'_>) -> Party<'a> {
    let names = Names::of(seen);
    let [uid, path] = [names.uid.as_deref(), names.path.as_deref()];
    let on_host = path.and_then(|path| naming.file(path));
    names.party(on_host.or_else(|| naming.thing(uid.or(path), names.name.as_deref())))
}

/// `path` and `name` together where both are told: a value of the registry is named by its key and its own name.
fn local(names: &Names<'_>, naming: &Naming<'_>) -> Option<EntityKey> {
    match (names.path.as_deref(), names.name.as_deref()) {
        (Some(path), Some(name)) => naming.local(&format!("{path}\\{name}")),
        (path, name) => naming.local(path.or(name).or(names.uid.as_deref())?),
    }
}

/// By its unique id, else by its number and start: numbers are used again.
pub(crate) fn process(seen: Seen<'_>, naming: &Naming<'_>) -> Option<EntityKey> {
    let unique = seen.at("uid").or_else(|| seen.at("cpid")).and_then(Seen::whole_text);
    if let Some(uid) = unique {
        return naming.process(&uid);
    }
    let (pid, start) = (seen.at("pid")?.number()?, seen.at("created_time")?.number()?);
    naming.process(&format!("{pid}@{}", Timestamp::from_millis(start)))
}

/// Whoever gets a mail, each once. The last four are what older releases call it.
fn recipients<'a>(mail: Seen<'a>, naming: &Naming<'_>, found: &mut Vec<Party<'a>>) {
    for list in ["to", "cc", "delivered_to_list", "smtp_to", "delivered_to"] {
        for address in mail.at(list).into_iter().flat_map(Seen::items).filter_map(Seen::whole_text) {
            let keys: Vec<_> = naming.mail_address(&address).into_iter().collect();
            if !keys.is_empty() && !found.iter().any(|known| known.keys() == keys) {
                found.push(Party::mailbox(&address, keys));
            }
        }
    }
}

/// What a finding's evidence names as acted on, the best first.
pub(crate) fn evidence<'a>(evidence: &'a Evidence, naming: &Naming<'_>) -> Vec<Party<'a>> {
    let mut found = Vec::new();
    found.extend(evidence.resources().iter().map(|resource| {
        let names = [resource.uid(), resource.name()];
        let key = naming.thing_of_kind(resource.kind().unwrap_or_default(), resource.namespace(), names);
        thing(resource.uid(), resource.name(), key)
    }));
    let end = evidence.dst_endpoint();
    found.extend(end.map(|end| thing(end.uid(), end.hostname(), naming.endpoint(end).into_iter().next())));
    let asked = evidence.query().and_then(|query| query.hostname());
    found.extend(asked.map(|name| thing(None, Some(name), domain_name(name))));
    found.retain(|party| !party.keys().is_empty() || party.uid().or(party.name()).is_some());
    found
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn the_host_of_a_url_is_a_name() {
        for (url, host) in [
            ("https://jane@wiki.acme.example:8443/a?b#c", Some("wiki.acme.example")),
            ("http://wiki.acme.example", Some("wiki.acme.example")),
            ("http://192.0.2.7/a", None),
            ("/a/b", None),
            ("http:///a", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
