//! Suricata's `fileinfo`, `ftp` and `ftp_data`: files on their way over the network.
//!
//! Source: docs.suricata.io, EVE JSON format. The source of a `fileinfo` record sends the file. Suricata does not
//! tell which end is the server: the one with the lower port is taken for it, so what it sends is a download.

use super::parts::{connection_info, ends, head, head_named, seen};
use super::traffic::exchange_of;
use crate::json::{self, tell};
use crate::record::{Field, Record};
use crate::wire::place;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Actor, ClassUid, Event, File, Fingerprint, Session, Str};

pub(super) fn file(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let told = root.member("fileinfo").filter(Field::is_object)?;
    let name = told.member("filename").filter(|name| name.look().is_some())?;
    root.member("src_ip").and_then(|ip| ip.look().filter(|text| crate::address::is_address(text)))?;
    let port = |name| root.look_at(name).and_then(|port| port.parse::<u16>().ok()).unwrap_or_default();
    let download = port("src_port") <= port("dest_port");
    let mut event = Event::of_class(ClassUid::FILE_HOSTING, head(record, if download { 2 } else { 1 }));
    place(&mut event, ends(root)?);
    let mut session = Session::new();
    session.set_is_remote(true);
    event.set_actor(Actor::of_session(session)).set_connection_info(connection_info(root));
    event.set_file(file_of(told, name));
    let cut = told.look_at("state").is_some_and(|state| matches!(&*state, "TRUNCATED" | "ERROR"));
    event.set_outcome(if cut { Outcome::Failure } else { Outcome::Success }, None);
    event.set_status_code(told.take_at("state"));
    if let Some(http) = root.member("http").filter(Field::is_object) {
        let (request, response) = exchange_of(http);
        event.set_http_request(request).set_http_response(response);
    }
    Some(event)
}

fn file_of(told: Field<'_>, name: Field<'_>) -> File {
    let path = name.take().unwrap_or_default();
    let mut file = named(&path);
    let digest = |(name, number)| told.take_at(name).map(|digest| Fingerprint::new(number, digest));
    file.set_hashes(
        [("md5", 1), ("sha1", 2), ("sha256", 3)].into_iter().filter_map(digest).collect::<Vec<_>>(),
    );
    file.set_size(told.whole_at::<i64>("size")).set_uid(told.take_at("file_id"));
    if let Some(kind) = told.take_at("magic") {
        file.set_attribute("desc", &json::text(&kind));
    }
    file
}

/// A file by the last part of its path.
pub(super) fn named(path: &str) -> File {
    match path.rsplit_once(['\\', '/']) {
        Some((_, last)) if !last.is_empty() => {
            let mut file = File::new(last, 0);
            file.set_path(path);
            file
        }
        _ => File::new(path, 0),
    }
}

pub(super) fn command(record: &Record<'_>, kind: &str) -> Option<Event> {
    let root = record.root();
    let ftp = root.member(kind).filter(Field::is_object)?;
    let command = ftp.look_at("command");
    let head = match command.as_deref() {
        Some("STOR" | "STOU" | "APPE") => head(record, 1),
        Some("RETR") => head(record, 2),
        Some("DELE" | "RMD") => head(record, 4),
        Some("RNFR" | "RNTO") => head(record, 5),
        Some("LIST" | "NLST" | "MLSD") => head(record, 6),
        other => head_named(record, other),
    };
    let mut event = seen(record, |ends| Event::ftp_activity(head, ends))?;
    event.metadata_mut().set_event_code(command);
    tell(&mut event, "command", ftp.take_at("command").map(|text| json::text(&text)));
    tell(&mut event, "name", ftp.take_at("command_data").map(|text| json::text(&text)));
    event.set_file(ftp.take_at("filename").map(|path| named(&path)));
    tell(&mut event, "type", ftp.take_at("mode").map(|text| json::text(&text)));
    let port = ftp.whole_at::<u16>("dynamic_port");
    tell(&mut event, "port", port.map(|port| JsonText::new(port.to_string())));
    tell_reply(ftp, &mut event);
    Some(event)
}

/// Replies from 400 on are failures.
fn tell_reply(ftp: Field<'_>, event: &mut Event) {
    let codes = ftp.member("completion_code").filter(Field::is_array);
    let codes: Vec<i32> =
        codes.iter().flat_map(Field::children).filter_map(|code| code.take_number::<i32>()).collect();
    if let Some(last) = codes.last() {
        event.set_outcome(if *last < 400 { Outcome::Success } else { Outcome::Failure }, None);
        event.set_status_code(last.to_string());
    }
    tell(event, "codes", json::list(codes.iter().map(|code| JsonText::new(code.to_string()))));
    tell(event, "command_responses", json::texts(ftp.texts_at("reply").iter().map(Str::as_str)));
}
