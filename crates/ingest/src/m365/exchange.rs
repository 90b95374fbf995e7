//! What Exchange tells: what is done in mailboxes, and what administrators do with cmdlets.

use super::{Parts, value_of};
use crate::act::{Act, Deed, Person, Thing, Word, deed, told};
use crate::number;
use crate::record::Field;
use homeostat_event::{Correspondents, Email, Event, File, Str};

/// What is done in a mailbox.
const IN_MAILBOX: [(&str, Deed); 17] = [
    ("send", deed(4009, 1)),
    ("sendas", deed(4009, 1)),
    ("sendonbehalf", deed(4009, 1)),
    ("mailitemsaccessed", deed(6003, 2)),
    ("messagebind", deed(6003, 2)),
    ("folderbind", deed(6003, 2)),
    ("searchqueryinitiatedexchange", deed(6003, 2)),
    ("create", deed(6003, 1)),
    ("copy", deed(6003, 1)),
    ("update", deed(6003, 3)),
    ("move", deed(6003, 3)),
    ("recordmark", deed(6003, 3)),
    ("harddelete", deed(6003, 4)),
    ("softdelete", deed(6003, 4)),
    ("movetodeleteditems", deed(6003, 4)),
    ("mailboxlogin", deed(3002, 1)),
    ("applyrecordlabel", deed(6003, 3)),
];

fn deed_of(operation: &str) -> Deed {
    if let Some((_, deed)) = IN_MAILBOX.iter().find(|(known, _)| *known == operation) {
        return *deed;
    }
    let (verb, noun) = operation.split_once('-').unwrap_or(("", operation));
    let adds = matches!(verb, "add" | "new" | "enable");
    let takes = matches!(verb, "remove" | "disable");
    match noun {
        "updateinboxrules" => deed(3004, 3),
        "addfolderpermissions"
        | "modifyfolderpermissions"
        | "updatecalendardelegation"
        | "updatefolderpermissions" => deed(3005, 1),
        "removefolderpermissions" => deed(3005, 2),
        _ if noun.ends_with("permission") || noun == "managementroleassignment" => {
            deed(3005, if takes { 2 } else { 1 })
        }
        _ if noun.ends_with("groupmember") => deed(3006, if takes { 4 } else { 3 }),
        _ if noun.ends_with("group") && (adds || takes) => deed(3006, if takes { 5 } else { 6 }),
        "mailbox" | "mailuser" if adds => deed(3001, 1),
        "mailbox" | "mailuser" if takes => deed(3001, 6),
        _ if verb == "get" || verb == "test" || verb == "search" => deed(6003, 2),
        _ if !verb.is_empty() => Deed::entity(&operation.replace('-', " ")),
        _ => Deed::call(operation),
    }
}

pub(super) fn event(parts: &Parts<'_, '_>) -> Event {
    let deed = deed_of(&parts.operation);
    let mut act = parts.act();
    if deed.class == 4009 {
        return sent(parts, &act);
    }
    if parts.operation.contains('-') || deed.class == 3004 {
        cmdlet(parts, deed, &mut act);
    } else {
        in_mailbox(parts, &mut act);
    }
    let mut event = act.event(deed);
    event.set_count(parts.field("OperationCount").and_then(number::int));
    event
}

fn mailbox<'a>(parts: &Parts<'_, 'a>) -> Thing<'a> {
    let name = parts.word("MailboxOwnerUPN");
    let owner = parts.word("MailboxOwnerSid").map(|sid| Person { uid: Some(sid), ..Person::default() });
    Thing { uid: parts.word("MailboxGuid"), name, owner: owner.map(Box::new), ..Thing::default() }
        .of_kind("Mailbox")
}

/// The mailbox, then the messages: those of `Folders[].FolderItems[]`, of `AffectedItems[]`, or the one `Item`.
fn in_mailbox<'a>(parts: &Parts<'_, 'a>, act: &mut Act<'a>) {
    let root = parts.record.root();
    act.things = Some(mailbox(parts)).filter(Thing::is_told).into_iter().collect();
    let list = |name| root.member(name).filter(Field::is_array);
    for folder in list("Folders").into_iter().flat_map(|list| list.children().collect::<Vec<_>>()) {
        let items = folder.member("FolderItems").filter(Field::is_array);
        act.things.extend(
            items.into_iter().flat_map(|items| items.children().collect::<Vec<_>>()).filter_map(message),
        );
        act.things.extend(folder_of(folder));
    }
    act.things.extend(
        list("AffectedItems")
            .into_iter()
            .flat_map(|list| list.children().collect::<Vec<_>>())
            .filter_map(message),
    );
    act.things.extend(root.member("Item").and_then(message));
    act.things.extend(root.member("Folder").and_then(folder_of));
    act.things.extend(root.member("DestFolder").and_then(folder_of));
    if act.things.is_empty() {
        act.things.extend(parts.object("Mailbox"));
    }
}

fn message(item: Field<'_>) -> Option<Thing<'_>> {
    let member = |name| item.member(name).and_then(told).map(Word::At);
    let uid = member("InternetMessageId");
    let uid_alt = member("Id").filter(|_| uid.is_some());
    let uid = uid.or_else(|| member("Id"));
    let path = item.get("ParentFolder.Path").and_then(told).map(Word::At);
    let thing = Thing { uid, uid_alt, name: member("Subject"), namespace: path, ..Thing::default() };
    thing.is_told().then(|| thing.of_kind("Email"))
}

fn folder_of(folder: Field<'_>) -> Option<Thing<'_>> {
    let member = |name| folder.member(name).and_then(told).map(Word::At);
    let thing = Thing { uid: member("Id"), name: member("Path"), ..Thing::default() };
    thing.is_told().then(|| thing.of_kind("Folder"))
}

fn cmdlet<'a>(parts: &Parts<'_, 'a>, deed: Deed, act: &mut Act<'a>) {
    let given = parts.record.root().member("Parameters").filter(Field::is_array);
    let parameter = |name| value_of(given, name).map(Word::At);
    let whom = ["User", "Trustee", "Member", "Members", "SecurityGroup", "Delegate"];
    let named = parts.word("ObjectId").or_else(|| parameter("Identity")).or_else(|| parameter("Name"));
    match deed.class {
        3005 => {
            act.person = whom.into_iter().find_map(parameter).map(Person::named);
            act.privileges =
                ["AccessRights", "Role", "Roles"].into_iter().find_map(parameter).into_iter().collect();
            act.things = named.map(|name| Thing::named(name).of_kind("Mailbox")).into_iter().collect();
            if act.things.is_empty() {
                act.things.extend(Some(mailbox(parts)).filter(Thing::is_told));
            }
        }
        3006 => {
            act.person = whom.into_iter().find_map(parameter).map(Person::named);
            act.group = named.map(Thing::named);
        }
        3001 => act.person = named.map(Person::named),
        _ => {
            let operations = parts.record.root().member("OperationProperties").filter(Field::is_array);
            let rule = value_of(operations, "RuleName").map(Word::At);
            let name = named.or(rule).or_else(|| parts.word("MailboxOwnerUPN"));
            let mut thing =
                Thing { name, data: given.or(operations).into_iter().collect(), ..Thing::default() };
            thing.kind = Some(kind_of(&parts.operation).into());
            act.things = vec![thing];
        }
    }
}

/// What a cmdlet works on.
fn kind_of(operation: &str) -> &'static str {
    match operation.split_once('-').map_or(operation, |(_, noun)| noun) {
        noun if noun.contains("rule") || noun.contains("policy") => "Policy",
        noun if noun.contains("mailbox") => "Email",
        noun if noun.contains("group") => "Group",
        noun if noun.contains("user") => "User",
        _ => "Setting",
    }
}

/// Sent in the name of the mailbox's owner, or of the one named.
fn sent(parts: &Parts<'_, '_>, act: &Act<'_>) -> Event {
    let item = parts.record.root().member("Item").filter(Field::is_object);
    let inside = |name| item.and_then(|item| item.member(name)).and_then(told);
    let names = ["SendAsUserSmtp", "SendOnBehalfOfUserSmtp", "MailboxOwnerUPN", "UserId"];
    let from = names.into_iter().find_map(|name| parts.take(name)).map(Str::from);
    let from = from.unwrap_or_else(|| crate::act::UNKNOWN.into());
    let mut mail = Email::new(Correspondents::From(from.clone()));
    mail.set_subject(inside("Subject").and_then(|subject| subject.take()));
    mail.set_message_uid(inside("InternetMessageId").and_then(|id| id.take()));
    mail.set_uid(inside("Id").and_then(|id| id.take()))
        .set_size(inside("SizeInBytes").and_then(number::long));
    mail.set_files(inside("Attachments").map(attachments).unwrap_or_default());
    mail.set_sender_mailbox(parts.take("MailboxGuid"));
    let mut event = act.mail(1, 0, mail);
    event.set_sent_from(from);
    event
}

/// `plan.pdf (12345b); notes.txt (12b)`: the names, the list staying as it is.
fn attachments(list: Field<'_>) -> Vec<File> {
    let text = list.copy().unwrap_or_default();
    let names = text.split(';').map(|name| name.rsplit_once(" (").map_or(name, |(name, _)| name).trim());
    names.filter(|name| !name.is_empty()).map(|name| File::new(name, 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_find_their_class() {
        for (operation, expected) in [
            ("send", deed(4009, 1)),
            ("mailitemsaccessed", deed(6003, 2)),
            ("harddelete", deed(6003, 4)),
            ("new-inboxrule", deed(3004, 1)),
            ("set-mailbox", deed(3004, 3)),
            ("updateinboxrules", deed(3004, 3)),
            ("add-mailboxpermission", deed(3005, 1)),
            ("remove-mailboxpermission", deed(3005, 2)),
            ("modifyfolderpermissions", deed(3005, 1)),
            ("add-rolegroupmember", deed(3006, 3)),
            ("new-mailbox", deed(3001, 1)),
            ("remove-transportrule", deed(3004, 4)),
            ("enable-organizationcustomization", deed(3004, 8)),
        ] {
            assert_eq!(deed_of(operation), expected, "{operation}");
        }
    }
}
