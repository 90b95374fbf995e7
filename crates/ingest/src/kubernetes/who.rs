//! Who asks a cluster: people, service accounts, nodes, parts of the cluster itself.

use crate::record::Field;
use homeostat_event::{Account, Actor, Authorization, Group, Policy, Session, User};
use std::borrow::Cow;

/// Whoever asked, with the session that a cloud's identity opened, and what the cluster decided.
pub(super) fn actor(root: Field<'_>, cluster: Option<&str>) -> Actor {
    let mut actor = match root.member("user").and_then(|user| user_of(user, cluster)) {
        Some(user) => Actor::of_user(user),
        None => Actor::of_app("Kubernetes"),
    };
    actor.set_session(root.get("user.extra").and_then(session));
    actor.set_authorizations(decision(root).into_iter().collect::<Vec<_>>());
    actor
}

/// How many groups of a user an event names. Default 64: a token that names more is no usual one.
const GROUPS: usize = 64;

fn user_of(told: Field<'_>, cluster: Option<&str>) -> Option<User> {
    let name = told.member("username")?.take()?;
    let mut user = named(&name, cluster);
    user.set_uid(told.member("uid").and_then(|uid| uid.take()));
    let groups = told.member("groups");
    let groups = groups.iter().flat_map(Field::children).take(GROUPS).filter_map(|group| group.take());
    user.set_groups(groups.map(Group::named).collect::<Vec<_>>());
    Some(user)
}

/// A user by the name that the cluster gives it.
pub(super) fn named(name: &str, cluster: Option<&str>) -> User {
    let mut user = User::named(name);
    user.set_account(cluster.map(Account::of_uid));
    match () {
        () if name.starts_with("system:serviceaccount:") => user.set_type_id(4).set_kind("Service"),
        () if matches!(name, "system:anonymous" | "system:unauthenticated") => {
            user.set_type_id(99).set_kind("Anonymous")
        }
        () if name.starts_with("system:") => user.set_type_id(3).set_kind("System"),
        () => user.set_type_id(1).set_kind("User"),
    };
    user
}

pub(super) fn service_account(space: &str, name: &str, cluster: Option<&str>) -> User {
    named(&format!("system:serviceaccount:{space}:{name}"), cluster)
}

/// The session of AWS that EKS tells, or the token that the cluster gave out. Each value is a list of one.
fn session(extra: Field<'_>) -> Option<Session> {
    let first = |name| -> Option<Cow<'_, str>> { extra.member(name)?.children().next()?.take() };
    let mut session = Session::new();
    let token = || first("authentication.kubernetes.io/credential-id");
    session.set_credential_uid(first("accessKeyId").or_else(token));
    session.set_issuer(first("canonicalArn")).set_uid(first("sessionName")).set_uid_alt(first("arn"));
    (session != Session::new()).then_some(session)
}

fn decision(root: Field<'_>) -> Option<Authorization> {
    let notes = root.member("annotations")?;
    let mut decision = Authorization::new(notes.member("authorization.k8s.io/decision")?.take()?);
    let reason = notes.member("authorization.k8s.io/reason").and_then(|reason| reason.take());
    decision.set_policy(reason.map(|reason| {
        let mut policy = Policy::named("RBAC");
        policy.set_desc(reason);
        policy
    }));
    Some(decision)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn names_tell_the_kind() {
        for (name, kind) in [
            ("system:serviceaccount:web:api", "Service"),
            ("system:node:n1", "System"),
            ("system:anonymous", "Anonymous"),
            ("jane@acme.example", "User"),
            ("kubernetes-admin", "User"),
        ] {
            assert_eq!(named(name, None).kind(), Some(kind), "{name}");
        }
    }
}
