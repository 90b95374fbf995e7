//! What nodes may do without a role.
//!
//! Kubernetes documentation, "Using Node Authorization": a kubelet is `system:node:NAME` in the group `system:nodes`.
//! Which secrets, maps and volumes it may read follows from the pods that are bound to it, which roles do not tell.

use super::attempt::{Attempt, Target, User};
use crate::decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};

/// Verb, group, resource, and whether it must belong to the node or to a pod of it.
const RIGHTS: &[(&[&str], &str, &str, Of)] = &[
    (&["get", "list", "watch"], "", "services", Of::Anybody),
    (&["get", "list", "watch"], "", "endpoints", Of::Anybody),
    (&["get", "list", "watch", "create", "update", "patch"], "", "nodes", Of::Itself),
    (&["update", "patch"], "", "nodes/status", Of::Itself),
    (&["get", "list", "watch", "create", "delete"], "", "pods", Of::Itself),
    (&["update", "patch"], "", "pods/status", Of::Itself),
    (&["create"], "", "pods/eviction", Of::Itself),
    (&["get", "list", "watch"], "", "secrets", Of::Itself),
    (&["get", "list", "watch"], "", "configmaps", Of::Itself),
    (&["get"], "", "persistentvolumeclaims", Of::Itself),
    (&["get"], "", "persistentvolumes", Of::Itself),
    (&["create"], "", "serviceaccounts/token", Of::Itself),
    (&["create", "update", "patch"], "", "events", Of::Anybody),
    (&["create", "get", "list", "watch"], "certificates.k8s.io", "certificatesigningrequests", Of::Anybody),
    (&["create"], "authentication.k8s.io", "tokenreviews", Of::Anybody),
    (&["create"], "authorization.k8s.io", "subjectaccessreviews", Of::Anybody),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Anybody,
    Itself,
}

/// What the node authorizer says; `None` when it says nothing and the roles decide.
pub(super) fn answer(user: &User, attempt: &Attempt) -> Option<Answer> {
    const NAME: &str = "node authorizer";
    if !user.name().starts_with("system:node:") || !user.is_in("system:nodes") {
        return None;
    }
    let Target::Resource { group, resource, subresource, .. } = &attempt.target else { return None };
    let asked = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    let (index, (.., of)) = RIGHTS.iter().enumerate().find(|(_, (verbs, own, resource, _))| {
        verbs.contains(&attempt.verb.as_str()) && own == group && *resource == asked
    })?;
    let open = Open { policy: NAME.into(), statement: index, key: "node".into(), wanted: Wanted::Holds };
    let decision =
        if *of == Of::Anybody { Decision::Allowed } else { Decision::AllowedIf(Residual(vec![open])) };
    let because =
        Because { gate: Gate::Provider, policy: NAME.into(), statement: Some(index), says: Says::Allow };
    Some(Answer { decision, because: vec![because] })
}
