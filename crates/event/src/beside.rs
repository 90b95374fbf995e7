//! What stands beside an event's parties: those on the way, those who saw it, what else is named.

use crate::event::Event;
use crate::keys;
use crate::metadata::Observable;
use crate::naming::{Naming, key};
use crate::network::{HttpRequest, NetworkEndpoint};
use crate::party::Party;
use crate::seen::Seen;
use crate::text::Str;
use homeostat_core::{EntityKey, EntityKind};

/// Whoever passed it on: proxies, load balancers, relays, and addresses that source, destination or request name
/// as on the way. `proxy` is what releases before 1.1 call it.
pub(crate) fn intermediaries<'a>(event: &'a Event, naming: &Naming<'_>) -> Vec<Party<'a>> {
    let mut found = Vec::new();
    for path in ["proxy_endpoint", "proxy", "load_balancer", "relay"] {
        found.extend(event.at(path).and_then(|place| place_of(place, naming)));
    }
    let ends = [event.src_endpoint(), event.dst_endpoint()].into_iter().flatten();
    let named = ends.flat_map(NetworkEndpoint::intermediate_ips).map(Str::as_str);
    let forwarded = event.http_request().map(HttpRequest::x_forwarded_for).unwrap_or_default();
    // The first is the client itself.
    let forwarded = forwarded.iter().skip(1).map(Str::as_str);
    for address in named.chain(forwarded) {
        let keys: Vec<_> = naming.address(address).into_iter().collect();
        if !found.iter().any(|known: &Party<'_>| {
            known.name() == Some(address) || known.keys().first() == keys.first() && !keys.is_empty()
        }) {
            found.push(Party::thing(None, Some(address), keys));
        }
    }
    found
}

/// A place by address, name or id.
fn place_of<'a>(place: Seen<'a>, naming: &Naming<'_>) -> Option<Party<'a>> {
    let text = |path: &str| place.text_at(path);
    let (uid, ip) = (text("uid").or_else(|| text("instance_uid")), text("ip"));
    let name = text("hostname").or_else(|| text("name")).or_else(|| text("svc_name"));
    let key = ip.and_then(|ip| naming.address(ip)).or_else(|| naming.host(text("hostname")?));
    let key = key.or_else(|| naming.thing(uid, name));
    (uid.is_some() || ip.is_some() || name.is_some())
        .then(|| Party::thing(uid, name.or(ip), key.into_iter().collect()))
}

/// Who saw it: the sensor, else the first that logged it or passed the log on.
pub(crate) fn observer<'a>(event: &'a Event, naming: &Naming<'_>) -> Option<Party<'a>> {
    if let Some(device) = keys::sensor(event) {
        let keys = naming.device(device).into_iter().take(1).collect();
        return Some(Party::thing(device.uid(), device.hostname().or(device.name()), keys));
    }
    let loggers = event.at("metadata.loggers").into_iter().flat_map(Seen::items);
    let logged = loggers.filter_map(|logger| logger.at("device").or(Some(logger)));
    logged.chain(event.at("metadata.reporter")).find_map(|place| place_of(place, naming))
}

/// Tells `each` the keys of whoever saw it.
pub(crate) fn observers(event: &Event, naming: &Naming<'_>, each: impl FnMut(EntityKey)) {
    let sensor = keys::sensor(event).map(|device| naming.device(device));
    let logger = || observer(event, naming).map(|seen| seen.keys().to_vec());
    sensor.or_else(logger).unwrap_or_default().into_iter().for_each(each);
}

/// Addresses answered and on the way, files and processes seen, their hashes, images, URLs, observables.
pub(crate) fn related(event: &Event, naming: &Naming<'_>) -> Vec<EntityKey> {
    let mut keys = Vec::new();
    keys.extend(event.answers().iter().filter_map(|answer| naming.address(answer.rdata()?)));
    keys.extend(intermediaries(event, naming).into_iter().flat_map(|party| party.keys().to_vec()));
    for path in ["evidences.process", "process.parent_process", "actor.process.parent_process"] {
        keys.extend(event.at(path).and_then(|process| crate::acted_on::process(process, naming)));
    }
    for path in ["actor.process.file", "evidences.file", "process.file"] {
        keys.extend(event.at(path).and_then(|file| naming.file(&file.whole_at("path")?)));
    }
    hashes(event, &mut keys);
    for path in ["container", "device.container", "actor.process.container", "process.container"] {
        let image = |part: &str| event.at(path)?.at("image")?.at(part)?.text();
        keys.extend(image("uid").or_else(|| image("name")).and_then(|image| naming.image(image)));
        let uid = event.at(path).and_then(|container| container.at("uid")?.text());
        keys.extend(uid.and_then(|uid| naming.container(uid)));
    }
    for path in ["url.url_string", "http_request.url.url_string", "evidences.url.url_string"] {
        keys.extend(event.at(path).and_then(Seen::whole_text).and_then(|text| url(&text)));
    }
    let links = event.at("email.urls").into_iter().flat_map(Seen::items);
    keys.extend(links.filter_map(|link| url(&link.whole_at("url_string")?)));
    keys.extend(event.observables().iter().filter_map(|observable| told_by(observable, naming)));
    keys
}

fn url(text: &str) -> Option<EntityKey> {
    if text.contains("://") { key(EntityKind::Url, EntityKey::INTERNET, text) } else { None }
}

/// The hashes of every file that is named.
fn hashes(event: &Event, keys: &mut Vec<EntityKey>) {
    const FILES: [&str; 8] = [
        "file",
        "process.file",
        "module.file",
        "driver.file",
        "actor.process.file",
        "email.files",
        "malware.files",
        "script",
    ];
    let files = FILES.into_iter().filter_map(|path| event.at(path)).flat_map(Seen::items);
    let evidences = event.at("evidences").into_iter().flat_map(Seen::items);
    let seen = evidences.flat_map(|evidence| [evidence.at("file"), evidence.at("process.file")]);
    for file in files.chain(seen.flatten()) {
        keys.extend(file.at("hashes").into_iter().flat_map(Seen::items).filter_map(hash));
    }
}

/// `algorithm:hex` for the algorithms in common use.
fn hash(print: Seen<'_>) -> Option<EntityKey> {
    let algorithm = match print.at("algorithm_id")?.number()? {
        1 => "md5",
        2 => "sha1",
        3 => "sha256",
        4 => "sha512",
        _ => return None,
    };
    key(EntityKind::FileHash, EntityKey::INTERNET, &format!("{algorithm}:{}", print.at("value")?.text()?))
}

fn told_by(observable: &Observable, naming: &Naming<'_>) -> Option<EntityKey> {
    let value = observable.value()?;
    match observable.type_id()? {
        1 => naming.host(value),
        2 => naming.address(value),
        5 => naming.mail_address(value),
        6 => url(value),
        _ => None,
    }
}
