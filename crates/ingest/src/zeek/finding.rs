//! Zeek's `notice`, `signatures` and `intel` logs: what Zeek's own rules found.
//!
//! Source: docs.zeek.org, `base/frameworks/notice`, `signatures` and `intel`. A finding needs an id: Zeek gives
//! none, so it is the connection's or file's, else the kind and the time. Zeek rates nothing.

use super::flow::{connection_info, endpoint_at, ends, head, time_field};
use crate::record::{Field, Record};
use crate::wire::both;
use homeostat_event::{Analytic, Ends, Event, Evidence, File, FindingInfo, NetworkEndpoint};

pub(super) fn notice(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let kind = root.look_at("note")?;
    let mut info = FindingInfo::new(uid(record, &kind));
    info.set_title(&*kind).set_desc(root.take_at("sub"));
    info.set_analytic(rule(root.take_at("note")?.as_ref()));
    let mut event = found(record, info, evidence(record));
    event.set_message(root.take_at("msg")).set_count(root.whole_at::<i32>("n"));
    Some(event)
}

pub(super) fn signature(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let (kind, id) = (root.take_at("note"), root.take_at("sig_id"));
    let name = kind.clone().or_else(|| id.clone())?;
    let mut info = FindingInfo::new(uid(record, &name));
    let mut analytic = rule(&name);
    analytic.set_uid(id);
    info.set_title(&*name).set_desc(root.take_at("sub_msg")).set_analytic(analytic);
    let mut event = found(record, info, evidence(record));
    event.set_message(root.take_at("event_msg")).set_count(root.whole_at::<i32>("sig_count"));
    Some(event)
}

pub(super) fn indicator(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let seen = |name| root.part("seen", name).and_then(|part: Field<'_>| part.take());
    let indicator = seen("indicator")?;
    let kind = seen("indicator_type");
    let mut info = FindingInfo::new(uid(record, &indicator));
    let mut analytic = rule(kind.as_deref().unwrap_or("Intel"));
    analytic.set_desc(seen("where"));
    info.set_title(&*indicator).set_analytic(analytic);
    info.set_types(root.texts_at("matched")).set_data_sources(root.texts_at("sources"));
    let mut event = found(record, info, evidence(record));
    event.metadata_mut().set_log_source(seen("node"));
    Some(event)
}

/// A new finding (activity 1, status 1).
fn found(record: &Record<'_>, info: FindingInfo, evidence: Option<Evidence>) -> Event {
    let mut event = Event::detection_finding(head(record, 1), info);
    event.set_status_id(1).set_evidences(evidence.into_iter().collect::<Vec<_>>());
    event
}

fn rule(name: &str) -> Analytic {
    Analytic::new(name, 1)
}

fn uid(record: &Record<'_>, kind: &str) -> String {
    let root = record.root();
    let own = root.look_at("uid").or_else(|| root.look_at("fuid")).filter(|uid| !uid.is_empty());
    let own = own.or_else(|| time_field(record).and_then(|time| time.look()));
    own.map_or_else(|| kind.to_owned(), |own| format!("{own}:{kind}"))
}

/// Where the finding was made: on the connection, between two hosts, in a file.
fn evidence(record: &Record<'_>) -> Option<Evidence> {
    let root = record.root();
    let mut evidence = match told_ends(record) {
        Some(Ends::Both(source, destination)) => {
            let mut evidence = Evidence::of_source(source);
            evidence.set_dst_endpoint(destination);
            evidence
        }
        Some(Ends::Source(source)) => Evidence::of_source(source),
        Some(Ends::Destination(destination)) => Evidence::of_destination(destination),
        None => return None,
    };
    let told = ["uid", "proto"].iter().any(|name| root.look_at(name).is_some());
    evidence.set_connection_info(told.then(|| connection_info(root)));
    let file = root.look_at("fuid").map(|uid| {
        let mut file = File::new(&*uid, 0);
        file.set_uid(root.take_at("fuid")).set_mime_type(root.take_at("file_mime_type"));
        file
    });
    evidence.set_file(file);
    Some(evidence)
}

/// The ends that the finding itself names, else those of the connection.
fn told_ends(record: &Record<'_>) -> Option<Ends> {
    let root = record.root();
    let own = |names: [&str; 2], ports: [&str; 2]| -> Option<NetworkEndpoint> {
        names.iter().zip(ports).find_map(|(name, port)| endpoint_at(root, name, port))
    };
    let mut source = own(["src", "src_addr"], ["", "src_port"]);
    let mut destination = own(["dst", "dst_addr"], ["p", "dst_port"]);
    complete(root, source.as_mut(), ["orig_h", "orig_p"]);
    complete(root, destination.as_mut(), ["resp_h", "resp_p"]);
    both(source, destination).or_else(|| ends(record))
}

/// What the connection tells of an end that the finding names without a port.
fn complete(root: Field<'_>, end: Option<&mut NetworkEndpoint>, [host, port]: [&str; 2]) {
    let (Some(end), Some(host)) = (end, root.part("id", host)) else { return };
    if host.look().as_deref() != end.ip() {
        return;
    }
    host.take();
    let port = root.part("id", port);
    match end.port() {
        None => {
            end.set_port(port.and_then(|port| port.take_number::<u16>()));
        }
        Some(known) if port.as_ref().and_then(Field::look).as_deref() == Some(&*known.to_string()) => {
            port.map(|port| port.take());
        }
        Some(_) => {}
    }
}
