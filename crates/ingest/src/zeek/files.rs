//! Zeek's `files` log: a file on its way over the network.
//!
//! Source: docs.zeek.org, `base/frameworks/files`. Up to version 5.0 a record names senders, receivers and
//! connections in sets; later ones name one connection as all logs do. What the originator sends is an upload.
//! Often no name is told: Zeek's own id of the file stands for it.

use super::flow::{connection_info, end, endpoint_at, head};
use crate::record::{Field, Record};
use crate::wire::both;
use homeostat_core::Outcome;
use homeostat_event::{Actor, Event, File, Fingerprint, NetworkConnectionInfo, NetworkEndpoint, Session};

pub(super) fn file(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let uid = root.look_at("fuid")?;
    let sent_up = root.truth_at("is_orig").unwrap_or(false);
    let (client, server) = ends(record, sent_up);
    let client = client.or_else(|| server.clone())?;
    let mut event =
        Event::of_class(homeostat_event::ClassUid::FILE_HOSTING, head(record, if sent_up { 1 } else { 2 }));
    let mut session = Session::new();
    session.set_is_remote(true);
    event.set_actor(Actor::of_session(session));
    event.set_src_endpoint(client).set_dst_endpoint(server).set_file(file_of(root, &uid));
    event.set_connection_info(connection(root)).set_duration(root.millis_at("duration"));
    event.set_outcome(Outcome::Success, None);
    Some(event)
}

/// Who opened the connection and who answered it.
fn ends(record: &Record<'_>, sent_up: bool) -> (Option<NetworkEndpoint>, Option<NetworkEndpoint>) {
    let told = (end(record, "orig"), end(record, "resp"));
    if both(told.0.clone(), told.1.clone()).is_some() {
        return told;
    }
    let root = record.root();
    let (sender, receiver) = (endpoint_at(root, "tx_hosts", ""), endpoint_at(root, "rx_hosts", ""));
    let (sender, receiver) =
        (sender.or_else(|| endpoint_at(root, "tx", "")), receiver.or_else(|| endpoint_at(root, "rx", "")));
    if sent_up { (sender, receiver) } else { (receiver, sender) }
}

fn connection(root: Field<'_>) -> NetworkConnectionInfo {
    let mut info = connection_info(root);
    if info.uid().is_none() {
        info.set_uid(root.member("conn_uids").and_then(|uids| uids.first()?.take()));
    }
    info
}

fn file_of(root: Field<'_>, uid: &str) -> File {
    let name = root.member("filename");
    let path = name.as_ref().and_then(Field::look);
    let mut file = match path.as_deref().and_then(|path| path.rsplit_once(['\\', '/'])) {
        Some((_, last)) if !last.is_empty() => {
            let mut file = File::new(last, 0);
            file.set_path(root.take_at("filename"));
            file
        }
        _ => match root.take_at("filename") {
            Some(name) => File::new(name, 0),
            None => File::new(uid, 0),
        },
    };
    file.set_uid(root.take_at("fuid")).set_mime_type(root.take_at("mime_type"));
    let size = root.whole_at::<i64>("total_bytes").or_else(|| root.whole_at::<i64>("seen_bytes"));
    file.set_size(size).set_hashes(digests(root));
    file
}

fn digests(root: Field<'_>) -> Vec<Fingerprint> {
    let digest = |(name, number)| root.take_at(name).map(|digest| Fingerprint::new(number, digest));
    [("md5", 1), ("sha1", 2), ("sha256", 3)].into_iter().filter_map(digest).collect()
}
