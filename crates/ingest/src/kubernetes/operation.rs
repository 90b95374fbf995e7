//! What a verb of Kubernetes does, and to what class of events that belongs.

/// A class and its activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 3002: a token is asked for.
    Ticket,
    /// 3005: a role is bound or unbound.
    Access(u32),
    /// 6003.
    Call(u32),
}

pub(super) fn kind_of(verb: &str, resource: &str, subresource: &str) -> Kind {
    let binding = matches!(resource, "rolebindings" | "clusterrolebindings") && subresource.is_empty();
    match (verb, subresource) {
        ("create", "token") if resource == "serviceaccounts" => Kind::Ticket,
        ("create", _) if binding => Kind::Access(1),
        ("delete" | "deletecollection", _) if binding => Kind::Access(2),
        _ => Kind::Call(number_of(verb)),
    }
}

/// OCSF's number of a verb; those of plain paths are the methods of HTTP in lower case.
fn number_of(verb: &str) -> u32 {
    match verb {
        "create" | "post" | "connect" | "bind" => 1,
        "get" | "list" | "watch" | "head" | "options" | "proxy" => 2,
        "update" | "patch" | "put" | "approve" | "sign" => 3,
        "delete" | "deletecollection" => 4,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_find_their_class() {
        for (verb, resource, subresource, kind) in [
            ("create", "pods", "", Kind::Call(1)),
            ("create", "pods", "exec", Kind::Call(1)),
            ("watch", "pods", "", Kind::Call(2)),
            ("patch", "clusterrolebindings", "", Kind::Call(3)),
            ("deletecollection", "pods", "", Kind::Call(4)),
            ("create", "clusterroles", "", Kind::Call(1)),
            ("create", "clusterrolebindings", "", Kind::Access(1)),
            ("delete", "rolebindings", "", Kind::Access(2)),
            ("create", "serviceaccounts", "token", Kind::Ticket),
            ("", "", "", Kind::Call(99)),
        ] {
            assert_eq!(kind_of(verb, resource, subresource), kind, "{verb} {resource}/{subresource}");
        }
    }
}
