//! What in a cluster is asked for: an object, a kind of objects, or a path.

use super::who::{named, service_account};
use crate::record::Field;
use homeostat_event::{Group, ResourceDetails, User};
use std::borrow::Cow;

/// The object by its name. A list has none: the kind stands for it; a path that is no object stands for itself.
pub(super) fn resource(root: Field<'_>) -> ResourceDetails {
    let Some(object) = root.member("objectRef").filter(Field::is_object) else {
        let path = root.member("requestURI").and_then(|path| path.take());
        let mut thing = ResourceDetails::named(path.unwrap_or(Cow::Borrowed("unknown")));
        thing.set_kind("path");
        return thing;
    };
    let take = |name| object.member(name)?.take();
    let made = || root.get("responseObject.metadata.name").and_then(|name| name.look());
    let asked = || root.get("requestObject.metadata.name").and_then(|name| name.look());
    let kind = take("resource");
    let name = take("name").or_else(made).or_else(asked);
    let mut thing = match name.or_else(|| kind.clone()) {
        Some(name) => ResourceDetails::named(name),
        None => ResourceDetails::named("unknown"),
    };
    let part = take("subresource").map(|part| vec![part.into()]);
    thing.set_labels(part.unwrap_or_default());
    thing.set_uid(take("uid")).set_namespace(take("namespace")).set_kind(kind);
    thing.set_group(take("apiGroup").map(Group::named)).set_version(take("apiVersion"));
    thing
}

/// How many subjects of a binding become events. Default 64: bindings have a few.
const SUBJECTS: usize = 64;

/// To whom a binding binds which role, as asked for or, when deleted, as answered.
pub(super) fn bound(root: Field<'_>, cluster: Option<&str>) -> Vec<(User, String)> {
    let has_subjects = |body: &Field<'_>| body.member("subjects").is_some_and(|list| list.is_array());
    let body =
        ["requestObject", "responseObject"].iter().find_map(|name| root.member(name).filter(has_subjects));
    let Some(body) = body else { return Vec::new() };
    let Some(role) = body.get("roleRef.name").and_then(|role| role.look()) else { return Vec::new() };
    let subjects = body.member("subjects").into_iter().flat_map(|list| list.children()).take(SUBJECTS);
    let users = subjects.filter_map(|subject| {
        let look = |name| subject.member(name)?.look();
        let name = look("name")?;
        let mut user = match look("kind").as_deref() {
            Some("ServiceAccount") => {
                service_account(&look("namespace").unwrap_or(Cow::Borrowed("default")), &name, cluster)
            }
            _ => named(&name, cluster),
        };
        if look("kind").as_deref() == Some("Group") {
            user.set_type_id(99).set_kind("Group");
        }
        Some((user, role.clone().into_owned()))
    });
    users.collect()
}
