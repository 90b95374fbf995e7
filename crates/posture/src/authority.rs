//! What a principal of AWS may do in effect, in whatever form it got there: inline, attached, through a group, or by
//! becoming a role, through as many roles as it takes.
//!
//! Documents have the shape of `GetAccountAuthorizationDetails`. Breadth first over the roles whose trust policy
//! could name the principal, O(principals reached × their policies); what was read is noted, so that each change
//! that could alter the answer asks again.

use crate::estate::{Object, word};
use crate::evaluate::Reading;
use crate::expression::Truth;
use crate::grant::{may_all, policy};
use crate::path::Path;
use homeostat_access::{Context, Policy, Principal, Request, ResourceSide, Subject};
use homeostat_core::EntityKey;
use serde_json::Value;
use std::collections::BTreeSet;

/// The lookups that this module asks of the estate: kind and path.
pub(crate) const LOOKUPS: [(&str, &str); 5] =
    [(POLICY, "Arn"), (GROUP, "GroupName"), (ROLE, TRUSTED), (ROLE, "Arn"), (USER, "Arn")];

pub(crate) const USER: &str = "aws.iam.user";
pub(crate) const ROLE: &str = "aws.iam.role";
pub(crate) const GROUP: &str = "aws.iam.group";
pub(crate) const POLICY: &str = "aws.iam.policy";
const TRUSTED: &str = "AssumeRolePolicyDocument.Statement[*].Principal.AWS[*]";

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
        USER => &["UserPolicyList", "AttachedManagedPolicies", "GroupList"],
        ROLE => &["RolePolicyList", "AttachedManagedPolicies"],
        _ => &[],
    };
    let attached = texts(object, "AttachedManagedPolicies[*].PolicyArn", reading);
    let own = |arn: &&String| !arn.contains(":iam::aws:policy/");
    let missing = lists.iter().any(|list| {
        // What is missing is waited for.
        values(object, list, reading);
        object.member(list).is_none()
    });
    let closed = attached.iter().filter(own).any(|arn| managed(arn, reading).is_none());
    if missing || closed { Truth::Unknown } else { Truth::No }
}

/// The principal with all that is attached to it; `None` when its document does not name it.
pub(crate) fn subject(object: &Object, reading: &Reading<'_>) -> Option<Subject> {
    let arn = text(object, "Arn", reading)?;
    let mut subject = Subject::new(Principal::aws(&arn));
    subject = own_policies(subject, object, reading);
    for name in texts(object, "GroupList[*]", reading) {
        for group in reading.found(GROUP, "GroupName", &name) {
            if group.key.scope() == object.key.scope() {
                subject = own_policies(subject, group, reading);
            }
        }
    }
    if let Some(arn) = text(object, "PermissionsBoundary.PermissionsBoundaryArn", reading) {
        subject = match managed(&arn, reading) {
            Some(policy) => subject.within(policy),
            None => subject.within_unread(&arn),
        };
    }
    Some(subject)
}

fn own_policies(mut subject: Subject, object: &Object, reading: &Reading<'_>) -> Subject {
    for list in ["UserPolicyList", "GroupPolicyList", "RolePolicyList"] {
        for document in values(object, &format!("{list}[*].PolicyDocument"), reading) {
            subject = match policy(list, document) {
                Some(policy) => subject.with(policy),
                None => subject.with_unread(list),
            };
        }
    }
    for arn in texts(object, "AttachedManagedPolicies[*].PolicyArn", reading) {
        subject = match managed(&arn, reading) {
            Some(policy) => subject.with(policy),
            None => subject.with_unread(&arn),
        };
    }
    subject
}

/// The document of a managed policy: the one of the estate, or what AWS's own of that name is known to say.
fn managed(arn: &str, reading: &Reading<'_>) -> Option<Policy> {
    Policy::parse(arn, &managed_json(arn, reading)?).ok()
}

fn managed_json(arn: &str, reading: &Reading<'_>) -> Option<String> {
    let known = reading.found(POLICY, "Arn", arn).into_iter().next();
    let Some(object) = known else { return owned_by_aws(arn) };
    let versions = values(object, "PolicyVersionList[*]", reading);
    let default = versions.iter().find(|version| version.get("IsDefaultVersion") == Some(&Value::Bool(true)));
    json(default.or(versions.first())?.get("Document")?)
}

/// AWS Managed Policy Reference: the two whose document is one line and gives control of an account.
fn owned_by_aws(arn: &str) -> Option<String> {
    let actions = match arn.split_once(":iam::aws:policy/")?.1 {
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
    let trusting = names.iter().flat_map(|name| reading.found(ROLE, TRUSTED, name));
    trusting.filter(|role| may_become(subject, role, reading)).collect()
}

fn may_become(subject: &Subject, role: &Object, reading: &Reading<'_>) -> bool {
    let Some(arn) = text(role, "Arn", reading) else { return false };
    let documents = values(role, "AssumeRolePolicyDocument", reading);
    let Some(trust) = documents.first().and_then(|value| policy("trust", value)) else { return false };
    let context = Context::symbolic();
    let request = Request::new("sts:AssumeRole", &arn, &context);
    subject.decide_with(&request, ResourceSide::MustGrant(&trust)).decision.is_allowed()
}

fn values<'o>(object: &'o Object, path: &str, reading: &Reading<'_>) -> Vec<&'o Value> {
    let Ok(path) = Path::parse(path) else { return Vec::new() };
    reading.note(object, &path);
    object.values(&path).into_iter().map(|placed| placed.value).collect()
}

fn texts(object: &Object, path: &str, reading: &Reading<'_>) -> Vec<String> {
    values(object, path, reading).into_iter().filter_map(word).collect()
}

fn text(object: &Object, path: &str, reading: &Reading<'_>) -> Option<String> {
    texts(object, path, reading).into_iter().next()
}

/// The policies of a principal, directly and through groups: name and JSON document.
pub(crate) fn documents(object: &Object, reading: &Reading<'_>) -> Vec<(String, String)> {
    let mut holders = vec![object];
    for name in texts(object, "GroupList[*]", reading) {
        let groups = reading.found(GROUP, "GroupName", &name);
        holders.extend(groups.into_iter().filter(|group| group.key.scope() == object.key.scope()));
    }
    let mut found = Vec::new();
    for holder in holders {
        for list in ["UserPolicyList", "GroupPolicyList", "RolePolicyList"] {
            for entry in values(holder, &format!("{list}[*]"), reading) {
                let name = entry.get("PolicyName").and_then(Value::as_str).unwrap_or(list);
                found.extend(entry.get("PolicyDocument").and_then(json).map(|json| (name.to_owned(), json)));
            }
        }
        for arn in texts(holder, "AttachedManagedPolicies[*].PolicyArn", reading) {
            found.extend(managed_json(&arn, reading).map(|json| (arn, json)));
        }
    }
    found
}

fn json(value: &Value) -> Option<String> {
    match value {
        Value::Object(_) => Some(value.to_string()),
        Value::String(text) => Some(crate::grant::plain(text)?.into_owned()),
        _ => None,
    }
}
