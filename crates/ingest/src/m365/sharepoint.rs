//! What SharePoint and OneDrive tell: files, sharing, lists and sites. What other workloads tell has the same parts.

use super::Parts;
use crate::act::{Act, Deed, Person, Thing, Word, deed};
use crate::number;
use homeostat_event::{Device, DeviceId, Event, File};

/// Operations on files and what they share.
const FILES: [(&str, u32); 33] = [
    ("fileaccessed", 14),
    ("fileaccessedextended", 14),
    ("filevisited", 14),
    ("pageviewed", 14),
    ("filepreviewed", 9),
    ("filedownloaded", 2),
    ("filesyncdownloadedfull", 2),
    ("filesyncdownloadedpartial", 2),
    ("fileuploaded", 1),
    ("fileuploadedpartial", 1),
    ("filesyncuploadedfull", 15),
    ("filesyncuploadedpartial", 15),
    ("filemodified", 3),
    ("filemodifiedextended", 3),
    ("filecheckedin", 11),
    ("filecheckedout", 10),
    ("filedeleted", 4),
    ("filerecycled", 4),
    ("filedeletedfirststagerecyclebin", 4),
    ("filedeletedsecondstagerecyclebin", 4),
    ("fileversionsalldeleted", 4),
    ("filerenamed", 5),
    ("filemoved", 7),
    ("filecopied", 6),
    ("filerestored", 8),
    ("sharingset", 12),
    ("securelinkcreated", 12),
    ("anonymouslinkcreated", 12),
    ("companylinkcreated", 12),
    ("sharinginvitationcreated", 12),
    ("addedtosecurelink", 12),
    ("anonymouslinkused", 14),
    ("companylinkused", 14),
];

fn deed_of(operation: &str, of_file: bool) -> Deed {
    if let Some((_, activity)) = FILES.iter().find(|(known, _)| *known == operation) {
        return deed(6006, *activity);
    }
    let folder = operation.strip_prefix("folder").map(|rest| format!("file{rest}"));
    if let Some((_, activity)) = folder.and_then(|folder| FILES.iter().find(|(known, _)| *known == folder)) {
        return deed(6006, *activity);
    }
    let link = operation.contains("link") || operation.starts_with("sharing");
    match operation {
        _ if link && ["removed", "revoked", "deleted"].iter().any(|end| operation.ends_with(end)) => {
            deed(6006, 13)
        }
        _ if link && operation.ends_with("updated") => deed(6006, 12),
        _ if operation.starts_with("foldercreated") => deed(6006, 1),
        "addedtogroup" => deed(3006, 3),
        "removedfromgroup" => deed(3006, 4),
        "groupadded" => deed(3006, 6),
        "groupremoved" => deed(3006, 5),
        "sitecollectionadminadded" | "sitepermissionsmodified" => deed(3005, 1),
        "sitecollectionadminremoved" => deed(3005, 2),
        _ if operation.starts_with("file") && of_file => match crate::verb::call_activity(&spaced(operation))
        {
            Some(1) => deed(6006, 1),
            Some(2) => deed(6006, 14),
            Some(4) => deed(6006, 4),
            _ => deed(6006, 3),
        },
        _ => Deed::web(&spaced(operation)),
    }
}

/// Words that name what an operation of one word is about.
const NOUNS: [&str; 21] = [
    "listitem",
    "listcolumn",
    "listcontenttype",
    "list",
    "sitecolumn",
    "sitecontenttype",
    "site",
    "file",
    "folder",
    "page",
    "search",
    "group",
    "web",
    "alert",
    "policy",
    "app",
    "comment",
    "user",
    "permission",
    "sharing",
    "label",
];

/// `listitemcreated` → `listitem created`: operations of one word end with their verb.
fn spaced(operation: &str) -> String {
    let noun = NOUNS.iter().find(|noun| operation.len() > noun.len() && operation.starts_with(*noun));
    match noun.and_then(|noun| operation.split_at_checked(noun.len())) {
        Some((noun, verb)) => format!("{noun} {verb}"),
        None => operation.to_owned(),
    }
}

pub(super) fn event(parts: &Parts<'_, '_>) -> Event {
    let of_file = parts.field("SourceFileName").is_some();
    let mut deed = deed_of(&parts.operation, of_file);
    if deed == Deed::web("") {
        deed = Deed::web(&parts.record.look("Operation").unwrap_or_default());
    }
    let mut act = parts.act();
    act.things = vec![if deed.class == 6006 { file(parts) } else { thing(parts) }];
    whom(parts, deed, &mut act);
    let mut event = act.event(deed);
    if deed.class == 6006 {
        event.set_file_result(result(parts));
    }
    event.set_device(device(parts));
    event
}

/// Whom a group or site takes in.
fn whom<'a>(parts: &Parts<'_, 'a>, deed: Deed, act: &mut Act<'a>) {
    if !matches!(deed.class, 3005 | 3006) {
        return;
    }
    act.person = parts.word("TargetUserOrGroupName").map(Person::named);
    let data = parts.field("EventData").map(Word::At);
    act.group = data.clone().map(Thing::named).or_else(|| parts.object("Group"));
    act.privileges = data.filter(|_| deed.class == 3005).into_iter().collect();
}

fn file<'a>(parts: &Parts<'_, 'a>) -> Thing<'a> {
    let kind = parts.record.copy("ItemType");
    let number = match kind.as_deref() {
        Some("Folder") => 2,
        Some("File") | None => 1,
        Some(_) => 0,
    };
    let object = parts.word("ObjectId");
    Thing {
        uid: parts.word("ListItemUniqueId"),
        name: parts.word("SourceFileName").or_else(|| object.clone()),
        url: object.filter(|url| url.look().is_some_and(|url| url.contains("://"))),
        folder: parts.word("SourceRelativeUrl"),
        ext: parts.word("SourceFileExtension"),
        size: parts.field("FileSizeBytes"),
        number,
        ..Thing::default()
    }
}

/// What a file has become: its new name and place.
fn result(parts: &Parts<'_, '_>) -> Option<File> {
    let mut file = File::new(parts.take("DestinationFileName")?, 1);
    file.set_ext(parts.take("DestinationFileExtension"));
    file.set_parent_folder(parts.take("DestinationRelativeUrl"));
    Some(file)
}

fn thing<'a>(parts: &Parts<'_, 'a>) -> Thing<'a> {
    let object = parts.word("ObjectId").or_else(|| parts.word("SiteUrl"));
    let title =
        ["ListTitle", "ListName", "ItemName", "SourceFileName"].into_iter().find_map(|name| parts.word(name));
    let url =
        object.clone().filter(|url| title.is_some() && url.look().is_some_and(|url| url.contains("://")));
    let uid = ["ListItemUniqueId", "ListId", "ItemId", "WebId", "Site"]
        .into_iter()
        .find_map(|name| parts.word(name));
    let fallback = Word::from("Microsoft 365");
    let name = title.or(object).or_else(|| uid.is_none().then_some(fallback));
    Thing { uid, name, url, kind: parts.word("ItemType"), ..Thing::default() }
}

fn device(parts: &Parts<'_, '_>) -> Option<Device> {
    let (uid, name) =
        (parts.take("MachineId"), parts.take("DeviceDisplayName").or_else(|| parts.take("DeviceName")));
    let id = match (uid, &name) {
        (Some(uid), _) => DeviceId::Uid(uid.into()),
        (None, Some(name)) => DeviceId::Name(name.clone().into()),
        (None, None) => return None,
    };
    let mut device = Device::new(0, id);
    device.set_name(name).set_is_managed(parts.field("IsManagedDevice").and_then(number::flag));
    Some(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_find_their_class() {
        for (operation, expected) in [
            ("filedownloaded", deed(6006, 2)),
            ("folderrenamed", deed(6006, 5)),
            ("foldercreated", deed(6006, 1)),
            ("anonymouslinkcreated", deed(6006, 12)),
            ("anonymouslinkremoved", deed(6006, 13)),
            ("filesensitivitylabelapplied", deed(6006, 3)),
            ("listitemcreated", deed(6001, 1)),
            ("listviewed", deed(6001, 2)),
            ("sitedeleted", deed(6001, 4)),
            ("searchqueryperformed", deed(6001, 2)),
            ("addedtogroup", deed(3006, 3)),
        ] {
            assert_eq!(deed_of(operation, true), expected, "{operation}");
        }
    }
}
