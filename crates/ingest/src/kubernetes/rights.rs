//! Roles that are bound to users, groups and service accounts, or unbound.

use super::Asked;
use crate::record::Field;
use homeostat_event::{Account, Event, Head, User};
use std::borrow::Cow;

/// A binding made or taken away: of a deleted one only the name may be told.
pub(super) fn event(asked: &Asked<'_, '_>, head: Head) -> Event {
    let bodies = ["requestObject", "responseObject"];
    let body = |path: &str| bodies.iter().find_map(|name| asked.record.field(name)?.get(path));
    let role = body("roleRef.name").and_then(|role| role.copy());
    let name = asked.object.and_then(|object| object.member("name")?.look());
    let name = name.or_else(|| body("metadata.name").and_then(|name| name.copy()));
    let privilege = role.or_else(|| name.clone()).unwrap_or(Cow::Borrowed("unknown"));
    let subject = body("subjects").and_then(|subjects| subjects.children().next());
    let user = subject.and_then(|subject| user_of(subject, asked));
    let user = user.unwrap_or_else(|| {
        let mut user = User::named(name.unwrap_or(Cow::Borrowed("unknown")));
        user.set_account(asked.cluster.map(Account::of_uid));
        user
    });
    let mut thing = asked.thing();
    if let Some(data) = asked.record.field("requestObject").and_then(|body| body.copy_whole()) {
        thing.set_attribute("data", &data);
    }
    let mut event = Event::user_access(head, user, privilege);
    event.set_resources(vec![thing]);
    event
}

/// A subject under the name by which it signs in.
fn user_of(subject: Field<'_>, asked: &Asked<'_, '_>) -> Option<User> {
    let part = |name: &str| subject.member(name).and_then(|part| part.copy());
    let name = part("name")?;
    let mut user = match part("kind").as_deref() {
        Some("ServiceAccount") => {
            let namespace = part("namespace").unwrap_or(Cow::Borrowed("default"));
            let mut user = User::named(format!("system:serviceaccount:{namespace}:{name}"));
            user.set_type_id(4).set_kind("Service");
            user
        }
        Some("Group") => {
            let mut user = User::named(name);
            user.set_type_id(99).set_kind("Group");
            user
        }
        _ => User::named(name),
    };
    user.set_account(asked.cluster.map(Account::of_uid));
    Some(user)
}
