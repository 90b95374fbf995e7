//! What Entra tells in the unified audit: sign-ins, and changes of the directory.

use super::{Parts, is_guid, value_of};
use crate::act::{Deed, Person, Thing, Word, deed, told};
use crate::record::Field;
use homeostat_core::Outcome;
use homeostat_event::{Device, DeviceId, Event, Os};

/// Operations, without dress, by their beginning; the longer stand first.
const BEGINNINGS: [(&str, Deed); 31] = [
    ("userloggedin", deed(3002, 1)),
    ("userloginfailed", deed(3002, 1)),
    ("userloggedoff", deed(3002, 2)),
    ("passwordlogoninitialauthusingpassword", deed(3002, 1)),
    ("passwordlogoninitialauthusingadfederatedtoken", deed(3002, 1)),
    ("foreignrealmindexlogoninitialauthusingadfederatedtoken", deed(3002, 1)),
    ("add user", deed(3001, 1)),
    ("invite external user", deed(3001, 1)),
    ("redeem external user invite", deed(3001, 2)),
    ("delete user", deed(3001, 6)),
    ("hard delete user", deed(3001, 6)),
    ("restore user", deed(3001, 2)),
    ("enable account", deed(3001, 2)),
    ("disable account", deed(3001, 5)),
    ("change user password", deed(3001, 3)),
    ("change password", deed(3001, 3)),
    ("reset user password", deed(3001, 4)),
    ("reset password", deed(3001, 4)),
    ("set force change user password", deed(3001, 4)),
    ("enable strong authentication", deed(3001, 10)),
    ("user registered security info", deed(3001, 10)),
    ("disable strong authentication", deed(3001, 11)),
    ("user deleted security info", deed(3001, 11)),
    ("add member to group", deed(3006, 3)),
    ("add owner to group", deed(3006, 3)),
    ("remove member from group", deed(3006, 4)),
    ("remove owner from group", deed(3006, 4)),
    ("add group", deed(3006, 6)),
    ("create group", deed(3006, 6)),
    ("delete group", deed(3006, 5)),
    ("hard delete group", deed(3006, 5)),
];

/// Parts of operations that give a right, and of those that take one.
const RIGHTS: [&str; 9] = [
    "member to role",
    "member from role",
    "eligible member",
    "delegated permission grant",
    "oauth2permissiongrant",
    "app role assignment",
    "consent to application",
    "role assignment",
    "owner to application",
];

fn deed_of(operation: &str) -> Deed {
    if operation.contains(" license") {
        return Deed::entity(operation);
    }
    if let Some((_, deed)) = BEGINNINGS.iter().find(|(beginning, _)| operation.starts_with(beginning)) {
        return *deed;
    }
    if RIGHTS.iter().any(|part| operation.contains(part)) {
        let taken = operation.starts_with("remove") || operation.starts_with("delete");
        return deed(3005, if taken { 2 } else { 1 });
    }
    match Deed::entity(operation) {
        Deed { activity: 99, .. } => Deed::call(operation),
        known => known,
    }
}

pub(super) fn event(parts: &Parts<'_, '_>) -> Event {
    let deed = deed_of(&parts.operation);
    if deed.class == 3002 {
        return sign_in(parts, deed);
    }
    let target = Target::of(parts);
    let changes = parts.record.root().member("ModifiedProperties").filter(Field::is_array);
    let mut act = parts.act();
    act.person = target.person(parts);
    act.group = group(&target, changes);
    act.privileges = rights(changes);
    act.things = target.thing(changes).into_iter().collect();
    if deed.class == 3006 && act.person.is_none() {
        act.things.clear();
    }
    act.event(deed)
}

/// What `Target[]` names: a list of ids of one object, each with the type of the id.
#[derive(Default)]
struct Target<'a> {
    kind: Option<Field<'a>>,
    uid: Option<Field<'a>>,
    name: Option<Field<'a>>,
    upn: Option<Field<'a>>,
}

impl<'a> Target<'a> {
    fn of(parts: &Parts<'_, 'a>) -> Self {
        let mut target = Self::default();
        let list = parts.record.root().member("Target").filter(Field::is_array);
        for claim in list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>()) {
            let Some(id) = claim.member("ID").and_then(told) else { continue };
            let text = id.look().unwrap_or_default();
            let kind = claim.member("Type").and_then(|kind| kind.look());
            match kind.as_deref() {
                _ if is_guid(&text) => target.uid = target.uid.or(Some(id)),
                Some("5" | "UPN") => target.upn = target.upn.or(Some(id)),
                Some("1" | "Name" | "4" | "SPN") => target.name = target.name.or(Some(id)),
                Some("2" | "Other") if is_kind(&text) => target.kind = target.kind.or(Some(id)),
                _ => {}
            }
        }
        target
    }

    fn is_user(&self) -> bool {
        let kind = self.kind.and_then(|kind| kind.look());
        self.upn.is_some() || kind.is_some_and(|kind| kind == "User")
    }

    fn person(&self, parts: &Parts<'_, 'a>) -> Option<Person<'a>> {
        let object = || parts.field("ObjectId").filter(|id| id.look().is_some_and(|id| id.contains('@')));
        let upn = self.upn.or_else(object);
        (self.is_user() || upn.is_some()).then(|| Person {
            uid: self.uid.map(Word::At),
            name: upn.map(Word::At),
            account: parts.directory.clone().map(Word::Made),
            ..Person::default()
        })
    }

    fn thing(&self, changes: Option<Field<'a>>) -> Option<Thing<'a>> {
        if self.is_user() {
            return None;
        }
        let mut thing = Thing {
            uid: self.uid.map(Word::At),
            name: self.name.or(self.kind).map(Word::At),
            data: changes.into_iter().collect(),
            ..Thing::default()
        };
        thing.kind = self.kind.filter(|_| self.name.is_some()).map(Word::At);
        thing.is_told().then_some(thing)
    }
}

/// The type of an object stands alone among its ids: `User`, `ServicePrincipal`.
fn is_kind(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The new value of a property, freed of the JSON around it.
fn new_value<'a>(changes: Option<Field<'a>>, name: &str) -> Option<Word<'a>> {
    let change = changes?
        .children()
        .find(|change| change.member("Name").and_then(|name| name.look()).as_deref() == Some(name))?;
    let value = [change.member("NewValue"), change.member("OldValue")];
    value.into_iter().flatten().find_map(|value| {
        let text = value.look()?;
        let bare =
            text.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, '[' | ']' | '"'));
        if bare.is_empty() {
            return None;
        }
        if *bare == *text {
            return Some(Word::At(value));
        }
        value.copy();
        Some(Word::Made(bare.to_owned().into()))
    })
}

fn rights(changes: Option<Field<'_>>) -> Vec<Word<'_>> {
    let names =
        ["Role.DisplayName", "AppRole.Value", "DelegatedPermissionGrant.Scope", "ConsentAction.Permissions"];
    names.into_iter().find_map(|name| new_value(changes, name)).into_iter().collect()
}

fn group<'a>(target: &Target<'a>, changes: Option<Field<'a>>) -> Option<Thing<'a>> {
    let uid = new_value(changes, "Group.ObjectID");
    let name = new_value(changes, "Group.DisplayName");
    if uid.is_some() || name.is_some() {
        return Some(Thing { uid, name, ..Thing::default() });
    }
    let own = Thing { uid: target.uid.map(Word::At), name: target.name.map(Word::At), ..Thing::default() };
    (own.is_told() && !target.is_user()).then_some(own)
}

/// Errors of sign-in that only ask for more: another factor, a consent, a choice.
const INTERRUPTS: [&str; 14] = [
    "50055", "50058", "50072", "50074", "50076", "50079", "50125", "50127", "50129", "50140", "50144",
    "65001", "16000", "81010",
];

fn sign_in(parts: &Parts<'_, '_>, deed: Deed) -> Event {
    let target = Target::of(parts);
    let service =
        Thing { uid: target.uid.map(Word::At), name: target.name.map(Word::At), ..Thing::default() };
    let mut act = parts.act();
    act.things = Some(service).filter(Thing::is_told).into_iter().collect();
    let mut event = act.event(deed);
    let number = parts.field("ErrorNumber").or_else(|| parts.field("ErrorCode"));
    let number = number.and_then(|number| number.take());
    let outcome = match number.as_deref() {
        Some(number) if INTERRUPTS.contains(&number) => Outcome::Other,
        Some("0") => Outcome::Success,
        Some(_) => Outcome::Failure,
        None if parts.operation.contains("fail") => Outcome::Failure,
        None => Outcome::Success,
    };
    let detail = parts.take("LogonError");
    event.set_outcome(outcome, detail.as_deref().or(Some("interrupted"))).set_status_detail(detail);
    event.set_status_code(number);
    device(parts, &mut event);
    event
}

fn device(parts: &Parts<'_, '_>, event: &mut Event) {
    let told = parts.record.root().member("DeviceProperties");
    let value = |name| value_of(told, name).and_then(|field| field.take());
    if let Some(uid) = value("SessionId") {
        let mut session = event.session().cloned().unwrap_or_default();
        session.set_uid(uid);
        event.set_session(session);
    }
    let (uid, name) = (value("Id"), value("DisplayName"));
    let id = match (uid, &name) {
        (Some(uid), _) => DeviceId::Uid(uid.into()),
        (None, Some(name)) => DeviceId::Name(name.clone().into()),
        (None, None) => return,
    };
    let mut device = Device::new(0, id);
    device.set_name(name).set_os(value("OS").map(|os| {
        let lower = os.to_lowercase();
        let known = [("windows", 100), ("android", 201), ("linux", 200), ("mac", 300), ("ios", 301)];
        let number = known.iter().find(|(name, _)| lower.starts_with(name)).map_or(0, |(_, number)| *number);
        Os::new(os, number)
    }));
    device.set_is_compliant(value_of(told, "IsCompliant").and_then(crate::number::flag));
    event.set_device(device);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_find_their_class() {
        for (operation, expected) in [
            ("userloggedin", deed(3002, 1)),
            ("add user", deed(3001, 1)),
            ("reset user password", deed(3001, 4)),
            ("add member to role", deed(3005, 1)),
            ("remove eligible member from role", deed(3005, 2)),
            ("add member to group", deed(3006, 3)),
            ("consent to application", deed(3005, 1)),
            ("update application - certificates and secrets management", deed(3004, 3)),
            ("add service principal", deed(3004, 1)),
            ("change user license", deed(3004, 3)),
            ("update user", deed(3004, 3)),
            ("set company information", deed(3004, 3)),
        ] {
            assert_eq!(deed_of(operation), expected, "{operation}");
        }
    }
}
