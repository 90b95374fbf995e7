//! Zeek's `smb_files`, `smb_mapping`, `smb_cmd` and `dce_rpc` logs: files, shares and calls of Windows networks.
//!
//! Source: docs.zeek.org, `base/protocols/smb` and `dce-rpc`. OCSF numbers only how a file was opened; any other
//! act is told in Zeek's word.

use super::flow::{head, head_named, seen};
use crate::json::{self, tell};
use crate::record::{Field, Record};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Actor, Event, File, Head, User};

pub(super) fn file(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let action = root.look_at("action");
    let head = match action.as_deref() {
        Some("SMB::FILE_OPEN" | "SMB::PIPE_OPEN" | "SMB::PRINT_OPEN") => head(record, 2),
        other => head_named(record, other),
    };
    let mut event = seen(record, |ends| Event::smb_activity(head, ends))?;
    event.metadata_mut().set_event_code(root.take_at("action"));
    let mut file = file_at(root.member("name"));
    if let Some(file) = &mut file {
        file.set_uid(root.take_at("fuid")).set_size(root.whole_at::<i64>("size"));
        for (attribute, time) in
            [("accessed_time", "accessed"), ("created_time", "created"), ("modified_time", "modified")]
        {
            let time = root.part("times", time).and_then(|time| time.moment()?.millis());
            if let Some(time) = time {
                file.set_attribute(attribute, &JsonText::new(time.to_string()));
            }
        }
    }
    event.set_file(file);
    tell(&mut event, "share", root.take_at("path").map(|path| json::text(&path)));
    Some(event)
}

/// The file by its path or name.
fn file_at(name: Option<Field<'_>>) -> Option<File> {
    let name = name?;
    let path = name.take()?;
    Some(match path.rsplit_once(['\\', '/']) {
        Some((_, last)) if !last.is_empty() => {
            let mut file = File::new(last, 0);
            file.set_path(path);
            file
        }
        _ => File::new(path, 0),
    })
}

pub(super) fn mapping(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let mut event = seen(record, |ends| Event::smb_activity(head_named(record, Some("Tree Connect")), ends))?;
    tell(&mut event, "share", root.take_at("path").map(|path| json::text(&path)));
    tell(&mut event, "share_type_id", share_type(root).map(JsonText::new));
    event.set_app_name(root.take_at("service"));
    Some(event)
}

/// Kinds of share by OCSF's numbers.
fn share_type(root: Field<'_>) -> Option<&'static str> {
    match &*root.look_at("share_type")? {
        "DISK" => Some("1"),
        "PIPE" => Some("2"),
        "PRINT" => Some("3"),
        _ => None,
    }
}

pub(super) fn command(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let command = root.look_at("command");
    let head = match command.as_deref() {
        Some("CREATE" | "NT_CREATE_ANDX" | "OPEN" | "OPEN_ANDX") => head(record, 2),
        other => head_named(record, other),
    };
    let mut event = seen(record, |ends| Event::smb_activity(head, ends))?;
    let status = root.take_at("status");
    if status.as_deref().is_some_and(|status| !["SUCCESS", "STATUS_SUCCESS"].contains(&status)) {
        event.set_outcome(Outcome::Failure, None);
    }
    event.set_status_code(status).set_duration(root.millis_at("rtt"));
    event.metadata_mut().set_event_code(command);
    for (attribute, member) in
        [("command", "command"), ("dialect", "version"), ("share", "tree"), ("tree_uid", "tid")]
    {
        tell(&mut event, attribute, root.take_at(member).map(|text| json::text(&text)));
    }
    event.set_actor(root.take_at("username").map(|name| Actor::of_user(User::named(name))));
    let part = |name| root.part("referenced_file", name);
    let mut file = file_at(part("name").or_else(|| root.member("argument")));
    if let Some(file) = &mut file {
        file.set_size(part("size").and_then(|size: Field<'_>| size.take_number::<i64>()));
    }
    event.set_file(file);
    Some(event)
}

pub(super) fn call(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let operation = root.look_at("operation");
    let head: Head = head_named(record, operation.as_deref().or(Some("DCE/RPC")));
    let mut event = seen(record, |ends| Event::smb_activity(head, ends))?;
    event.metadata_mut().set_event_code(operation);
    event.set_app_name(root.take_at("endpoint")).set_app_protocol_name("dce_rpc");
    event.set_duration(root.millis_at("rtt"));
    for (attribute, member) in [("command", "operation"), ("share", "named_pipe")] {
        tell(&mut event, attribute, root.take_at(member).map(|text| json::text(&text)));
    }
    Some(event)
}
