//! What a principal of AWS may do in effect, in whatever form it got there: inline, attached, through a group, or by
//! becoming a role, through as many roles as it takes.
//!
//! Documents have the shape of `GetAccountAuthorizationDetails`. Breadth first over the roles whose trust policy
//! could name the principal, O(principals reached × their policies); what was read is noted, so that each change
//! that could alter the answer asks again.

use crate::compiled::in_force;
use crate::estate::{Lookup, Object, word};
use crate::evaluate::Reading;
use crate::expression::Truth;
use crate::grant::may_all;
use homeostat_access::{Context, Policy, Principal, Request, ResourceSide, Subject};
use homeostat_core::EntityKey;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The lookups that this module asks of the estate: kind and path.
pub(crate) const LOOKUPS: [(&str, &str); 5] =
    [(POLICY, "Arn"), (GROUP, "GroupName"), (ROLE, TRUSTED), (ROLE, "Arn"), (USER, "Arn")];

pub(crate) const USER: &str = "aws.iam.user";
pub(crate) const ROLE: &str = "aws.iam.role";
pub(crate) const GROUP: &str = "aws.iam.group";
pub(crate) const POLICY: &str = "aws.iam.policy";
const TRUSTED: &str = "AssumeRolePolicyDocument.Statement[*].Principal.AWS[*]";

/// The members of a principal or group that hold policies.
pub(crate) const POLICIES: [&str; 3] = ["UserPolicyList", "GroupPolicyList", "RolePolicyList"];
/// The member of a role that says who may become it.
pub(crate) const TRUST: &str = "AssumeRolePolicyDocument";
/// The member of a managed policy that holds its documents.
pub(crate) const VERSIONS: &str = "PolicyVersionList";
const ATTACHED: &str = "AttachedManagedPolicies";
const GROUPS: &str = "GroupList";

static LOOKED_UP: LazyLock<Vec<Lookup>> =
    LazyLock::new(|| LOOKUPS.iter().filter_map(|(kind, by)| Lookup::new(kind, by)).collect());
/// AWS Managed Policy Reference: the two whose document is one line and gives control of an account.
static OWNED_BY_AWS: LazyLock<Vec<(&'static str, Option<Policy>)>> = LazyLock::new(|| {
    let known = ["AdministratorAccess", "IAMFullAccess"];
    known.map(|name| (name, owned_by_aws(name).and_then(|text| Policy::parse(name, &text).ok()))).into()
});

/// Whether `start`, or a role that it may become, may do all of `actions` on everything; with the roles taken.
pub(crate) fn holds(start: &Object, actions: &[String], reading: &Reading<'_>) -> (Truth, Vec<EntityKey>) {
    let mut seen = BTreeSet::from([start.key.clone()]);
    let mut open: Vec<(&Object, Vec<EntityKey>)> = vec![(start, Vec::new())];
    let (mut at, mut otherwise) = (0, Truth::No);
    while let Some((object, way)) = open.get(at).cloned() {
        at += 1;
        otherwise = otherwise.max(unread(object, reading));
        let Some(subject) = subject(object, reading) else { continue };
        if may_all(&subject, actions) {
            return (Truth::Yes, way);
        }
        for role in becomes(object, &subject, reading) {
            if seen.insert(role.key.clone()) {
                let mut longer = way.clone();
                longer.push(role.key.clone());
                open.push((role, longer));
            }
        }
    }
    (otherwise, Vec::new())
}

/// Unknown when a list of the principal's rights, or a policy of the account's own that is attached, was not read.
/// AWS's own policies without a document here grant no control of an account.
fn unread(object: &Object, reading: &Reading<'_>) -> Truth {
    let lists: &[&str] = match &*object.kind {
        USER => &["UserPolicyList", ATTACHED, GROUPS],
        ROLE => &["RolePolicyList", ATTACHED],
        _ => &[],
    };
    let mut attached = attached(object, reading);
    let closed = attached.any(|arn| !arn.contains(":iam::aws:policy/") && managed(&arn, reading).is_none());
    let missing = lists.iter().any(|list| {
        // What is missing is waited for.
        member(object, list, reading);
        object.member(list).is_none()
    });
    if missing || closed { Truth::Unknown } else { Truth::No }
}

/// The principal with all that is attached to it; `None` when its document does not name it.
pub(crate) fn subject(object: &Object, reading: &Reading<'_>) -> Option<Subject> {
    let arn = text(member(object, "Arn", reading))?;
    let mut subject = Subject::new(Principal::aws(&arn));
    for holder in holders(object, reading) {
        subject = own_policies(subject, holder, reading);
    }
    let boundary = member(object, "PermissionsBoundary", reading);
    if let Some(arn) = text(present(boundary.and_then(|known| known.get("PermissionsBoundaryArn")))) {
        subject = match managed(&arn, reading) {
            Some(policy) => subject.within(policy),
            None => subject.within_unread(&arn),
        };
    }
    Some(subject)
}

/// The principal and its groups.
fn holders<'e>(object: &'e Object, reading: &Reading<'e>) -> Vec<&'e Object> {
    let mut holders = vec![object];
    for name in each(member(object, GROUPS, reading)).filter_map(word) {
        let groups = found(GROUP, "GroupName", &name, reading);
        holders.extend(groups.into_iter().filter(|group| group.key.scope() == object.key.scope()));
    }
    holders
}

fn own_policies(mut subject: Subject, object: &Object, reading: &Reading<'_>) -> Subject {
    for list in POLICIES {
        for policy in policies(object, list, reading) {
            subject = match policy {
                Some(policy) => subject.with(policy.clone()),
                None => subject.with_unread(list),
            };
        }
    }
    for arn in attached(object, reading) {
        subject = match managed(&arn, reading) {
            Some(policy) => subject.with(policy),
            None => subject.with_unread(&arn),
        };
    }
    subject
}

/// The policies in a member, compiled.
fn policies<'o>(object: &'o Object, name: &str, reading: &Reading<'_>) -> &'o [Option<Policy>] {
    reading.note_member(object, name);
    let known = object.members.get(name).and_then(|member| Some((member, member.value.as_ref()?)));
    known.map_or(&[], |(member, value)| member.compiled.get(name, value))
}

/// The document of a managed policy: the one of the estate, or what AWS's own of that name is known to say.
fn managed(arn: &str, reading: &Reading<'_>) -> Option<Policy> {
    if let Some(object) = found(POLICY, "Arn", arn, reading).first() {
        return policies(object, VERSIONS, reading).first()?.clone();
    }
    let (_, name) = arn.split_once(":iam::aws:policy/")?;
    OWNED_BY_AWS.iter().find(|(own, _)| *own == name)?.1.clone()
}

fn managed_json(arn: &str, reading: &Reading<'_>) -> Option<String> {
    match found(POLICY, "Arn", arn, reading).first() {
        Some(object) => json(in_force(member(object, VERSIONS, reading)?)?.get("Document")?),
        None => owned_by_aws(arn.split_once(":iam::aws:policy/")?.1),
    }
}

fn owned_by_aws(name: &str) -> Option<String> {
    let actions = match name {
        "AdministratorAccess" => "*",
        "IAMFullAccess" => "iam:*",
        _ => return None,
    };
    Some(format!(r#"{{"Statement": {{"Effect": "Allow", "Action": "{actions}", "Resource": "*"}}}}"#))
}

/// The roles that `subject` may become now.
fn becomes<'e>(object: &Object, subject: &Subject, reading: &Reading<'e>) -> Vec<&'e Object> {
    let (arn, account) = (subject.principal().name(), object.key.scope());
    let names = [arn.to_owned(), format!("arn:aws:iam::{account}:root"), account.to_owned(), "*".to_owned()];
    let trusting = names.iter().flat_map(|name| found(ROLE, TRUSTED, name, reading));
    trusting.filter(|role| may_become(subject, role, reading)).collect()
}

fn may_become(subject: &Subject, role: &Object, reading: &Reading<'_>) -> bool {
    let Some(arn) = text(member(role, "Arn", reading)) else { return false };
    let Some(Some(trust)) = policies(role, TRUST, reading).first() else { return false };
    let context = Context::symbolic();
    let request = Request::new("sts:AssumeRole", &arn, &context);
    subject.decide_with(&request, ResourceSide::MustGrant(trust)).decision.is_allowed()
}

/// The objects of `kind` that have `value` at `by`, one of the lookups of this module.
fn found<'e>(kind: &str, by: &str, value: &str, reading: &Reading<'e>) -> Vec<&'e Object> {
    let own = LOOKUPS.iter().position(|own| *own == (kind, by)).and_then(|at| LOOKED_UP.get(at));
    own.map(|own| reading.looked_up(&own.kind, &own.by, value)).unwrap_or_default()
}

/// The member of this name, noted as read; `None` when it is not known or not set.
fn member<'o>(object: &'o Object, name: &str, reading: &Reading<'_>) -> Option<&'o Value> {
    reading.note_member(object, name);
    present(object.member(name))
}

pub(crate) fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// One or many values, as `[*]` of a path gives them.
pub(crate) fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> + Clone {
    let value = present(value);
    let many = value.and_then(Value::as_array);
    many.into_iter().flatten().chain(value.filter(|_| many.is_none()))
}

fn attached(object: &Object, reading: &Reading<'_>) -> impl Iterator<Item = String> {
    each(member(object, ATTACHED, reading)).filter_map(|entry| word(entry.get("PolicyArn")?))
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(word)
}

/// The policies of a principal, directly and through groups: name and JSON document.
pub(crate) fn documents(object: &Object, reading: &Reading<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for holder in holders(object, reading) {
        for list in POLICIES {
            for entry in each(member(holder, list, reading)) {
                let name = entry.get("PolicyName").and_then(Value::as_str).unwrap_or(list);
                all.extend(entry.get("PolicyDocument").and_then(json).map(|json| (name.to_owned(), json)));
            }
        }
        for arn in attached(holder, reading) {
            all.extend(managed_json(&arn, reading).map(|json| (arn, json)));
        }
    }
    all
}

pub(crate) fn json(value: &Value) -> Option<String> {
    match value {
        Value::Object(_) => Some(value.to_string()),
        Value::String(text) => Some(crate::grant::plain(text)?.into_owned()),
        _ => None,
    }
}
