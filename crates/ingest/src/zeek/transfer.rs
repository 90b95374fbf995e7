//! Zeek's `ftp` log: one command to a server of files, and its reply.
//!
//! Source: docs.zeek.org, `base/protocols/ftp`; commands and replies of RFC 959 and RFC 2428. Commands that only
//! prepare a transfer have no number in OCSF and keep their word.

use super::flow::{head, head_named, seen};
use crate::json::{self, tell};
use crate::record::{Field, Record};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Actor, Event, File, User};

pub(super) fn command(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let command = root.look_at("command");
    let head = match command.as_deref().map(activity_of) {
        Some(Some(activity)) => head(record, activity),
        _ => head_named(record, command.as_deref()),
    };
    let mut event = seen(record, |ends| Event::ftp_activity(head, ends))?;
    event.metadata_mut().set_event_code(command);
    let code = root.whole_at::<i32>("reply_code");
    event.set_outcome(outcome_of(code), None).set_status_code(code.map(|code| code.to_string()));
    tell(&mut event, "codes", code.map(|code| JsonText::new(format!("[{code}]"))));
    tell(&mut event, "command", root.take_at("command").map(|text| json::text(&text)));
    tell(&mut event, "command_responses", json::texts(root.take_at("reply_msg")));
    tell_file(root, &mut event);
    tell_channel(root, &mut event);
    let user = root.member("user").filter(|user| user.look().as_deref() != Some("<unknown>"));
    event.set_actor(user.and_then(|user| user.take()).map(|name| Actor::of_user(User::named(name))));
    Some(event)
}

fn activity_of(command: &str) -> Option<u32> {
    match command {
        "STOR" | "STOU" | "APPE" => Some(1),
        "RETR" => Some(2),
        "DELE" | "RMD" | "XRMD" => Some(4),
        "RNFR" | "RNTO" => Some(5),
        "LIST" | "NLST" | "MLSD" | "MLST" => Some(6),
        _ => None,
    }
}

/// Replies below 400 go on or are done.
fn outcome_of(code: Option<i32>) -> Outcome {
    match code {
        Some(100..=399) => Outcome::Success,
        Some(400..) => Outcome::Failure,
        _ => Outcome::Unknown,
    }
}

/// What was transferred, by the last part of its path.
fn tell_file(root: Field<'_>, event: &mut Event) {
    let moved = matches!(event.activity_id(), 1 | 2 | 4 | 5);
    let argument = root.take_at("arg");
    let last = argument.as_deref().and_then(|path| path.rsplit(['/', '\\']).next()).filter(|_| moved);
    let mut file = last.filter(|last| !last.is_empty()).map(|last| File::new(last, 0));
    if let Some(file) = &mut file {
        file.set_size(root.whole_at::<i64>("file_size")).set_mime_type(root.take_at("mime_type"));
        file.set_uid(root.take_at("fuid"));
    }
    event.set_file(file);
    tell(event, "name", argument.map(|path| json::text(&path)));
}

/// Where the data goes: the server's port, and who opens the connection.
fn tell_channel(root: Field<'_>, event: &mut Event) {
    let told = |name| root.part("data_channel", name);
    let port = told("resp_p").and_then(|port: Field<'_>| port.take_number::<u16>());
    tell(event, "port", port.map(|port| JsonText::new(port.to_string())));
    let passive = told("passive").and_then(|passive| passive.look());
    let kind = match passive.as_deref() {
        Some("true" | "T") => Some("passive"),
        Some("false" | "F") => Some("active"),
        _ => None,
    };
    tell(event, "type", kind.map(json::text));
}
