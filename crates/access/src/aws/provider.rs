//! What AWS itself decides, whatever the policies say.
//!
//! AWS STS API Reference, `GetCallerIdentity`: no permission is needed, and a denial does not forbid it.
//! AWS IAM User Guide, "Managed policies and inline policies", "Create a service-linked role", and AWS IAM
//! Identity Center User Guide, "Permission sets": what AWS made in an account can be read there, not changed.

use crate::aws::request::Request;

/// What AWS says of a request before any policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overruling {
    /// Nothing: the policies decide.
    None,
    /// Everybody may.
    Grants,
    /// Nobody may; a denial by policy is told as such.
    Withholds,
}

/// What may be done to a role that a service made for itself: it and its description, nothing of its rights.
const OF_SERVICE_LINKED: [&str; 7] = [
    "iam:createservicelinkedrole",
    "iam:deleteservicelinkedrole",
    "iam:passrole",
    "iam:tagrole",
    "iam:untagrole",
    "iam:updaterole",
    "iam:updateroledescription",
];

/// What AWS says of `request`.
pub(crate) fn overruling(request: &Request<'_>) -> Overruling {
    let action = request.action();
    if action == "sts:getcalleridentity" {
        return Overruling::Grants;
    }
    let Some(verb) = action.strip_prefix("iam:") else { return Overruling::None };
    let reads = ["get", "list", "generate", "simulate"].iter().any(|prefix| verb.starts_with(prefix));
    let mut parts = request.resource().splitn(6, ':').skip(4);
    let (account, resource) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let withheld = if resource.starts_with("role/aws-service-role/") {
        !OF_SERVICE_LINKED.contains(&action)
    } else {
        resource.starts_with("role/aws-reserved/") || (account == "aws" && resource.starts_with("policy/"))
    };
    if withheld && !reads { Overruling::Withholds } else { Overruling::None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::context::Context;

    #[test]
    fn what_aws_made_is_read_and_not_changed() {
        let context = Context::strict();
        for (action, resource, expected) in [
            ("sts:GetCallerIdentity", "*", Overruling::Grants),
            ("iam:GetPolicy", "arn:aws:iam::aws:policy/Billing", Overruling::None),
            ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/Billing", Overruling::Withholds),
            ("iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/own", Overruling::None),
            (
                "iam:PutRolePolicy",
                "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/a",
                Overruling::Withholds,
            ),
            (
                "iam:ListRolePolicies",
                "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/a",
                Overruling::None,
            ),
            (
                "iam:AttachRolePolicy",
                "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/a",
                Overruling::Withholds,
            ),
            (
                "iam:DeleteServiceLinkedRole",
                "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/a",
                Overruling::None,
            ),
            ("iam:PutRolePolicy", "arn:aws:iam::111122223333:role/aws-like", Overruling::None),
        ] {
            assert_eq!(
                overruling(&Request::new(action, resource, &context)),
                expected,
                "{action} {resource}"
            );
        }
    }
}
