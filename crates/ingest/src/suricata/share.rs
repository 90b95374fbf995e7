//! Suricata's `smb`: one command to a share and its answer.
//!
//! Source: docs.suricata.io, EVE JSON format. How a file is opened is told by the disposition; commands that open
//! none keep their word.

use super::parts::{head, head_named, seen};
use super::transfer::named;
use crate::json::{self, tell};
use crate::record::{Field, Record};
use homeostat_core::Outcome;
use homeostat_event::{Actor, Event, Str, User};

/// Dispositions in the order of OCSF's activities.
const OPENED: [&str; 6] =
    ["FILE_SUPERSEDE", "FILE_OPEN", "FILE_CREATE", "FILE_OPEN_IF", "FILE_OVERWRITE", "FILE_OVERWRITE_IF"];

pub(super) fn command(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let smb = root.member("smb").filter(Field::is_object)?;
    let command = smb.look_at("command");
    let opened = smb.look_at("disposition");
    let position = opened.as_deref().and_then(|word| OPENED.iter().position(|known| *known == word));
    let head = match position.and_then(|position| u32::try_from(position + 1).ok()) {
        Some(activity) => head(record, activity),
        None => head_named(record, command.as_deref()),
    };
    let mut event = seen(record, |ends| Event::smb_activity(head, ends))?;
    event.metadata_mut().set_event_code(command);
    event.set_outcome(outcome(smb), None).set_status_detail(smb.take_at("status"));
    event.set_status_code(smb.take_at("status_code"));
    let told = [
        ("command", "command"),
        ("dialect", "dialect"),
        ("open_type", "disposition"),
        ("tree_uid", "tree_id"),
        ("share", "share"),
    ];
    for (attribute, member) in told {
        tell(&mut event, attribute, smb.take_at(member).map(|text| json::text(&text)));
    }
    tell(&mut event, "client_dialects", json::texts(smb.texts_at("client_dialects").iter().map(Str::as_str)));
    event.set_file(smb.take_at("filename").or_else(|| smb.take_at("named_pipe")).map(|path| named(&path)));
    event.set_actor(smb.member("ntlmssp").and_then(user).map(Actor::of_user));
    Some(event)
}

fn outcome(smb: Field<'_>) -> Outcome {
    match smb.look_at("status").as_deref() {
        None | Some("STATUS_SUCCESS") => Outcome::Success,
        Some("STATUS_MORE_PROCESSING_REQUIRED" | "STATUS_PENDING") => Outcome::Unknown,
        Some(_) => Outcome::Failure,
    }
}

fn user(told: Field<'_>) -> Option<User> {
    let mut user = User::named(told.take_at("user")?);
    user.set_domain(told.take_at("domain"));
    Some(user)
}
