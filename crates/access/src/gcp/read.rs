//! Reads roles, policies and bindings as the APIs return them.

use super::caller;
use super::policy::{Binding, BoundTo, DenyPolicy, DenyRule, normal};
use crate::document::{Added, Misfit, MisfitCause, gather, shaped};
use serde::Deserialize;
use std::collections::BTreeSet;

/// One object that has a say.
pub(super) enum Object {
    Role(String, BTreeSet<String>),
    Deny(DenyPolicy),
    Boundary(String, Vec<String>),
    Bound(String, BoundTo),
    Asset(String, Option<Vec<Binding>>, Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    #[serde(default)]
    name: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    included_permissions: Option<BTreeSet<String>>,
    #[serde(default)]
    rules: Option<Vec<Rule>>,
    #[serde(default)]
    details: Option<Details>,
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    policy: Option<serde_json::Value>,
    #[serde(default)]
    condition: Option<Expression>,
    #[serde(default)]
    iam_policy: Option<Allow>,
    #[serde(default)]
    ancestors: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Allow {
    #[serde(default)]
    bindings: Option<Vec<Bound>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bound {
    role: String,
    #[serde(default)]
    members: Option<Vec<String>>,
    #[serde(default)]
    condition: Option<Expression>,
}

#[derive(Deserialize)]
struct Expression {
    #[serde(default)]
    expression: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    deny_rule: Denied,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Denied {
    #[serde(rename = "deniedPrincipals", default)]
    principals: Vec<String>,
    #[serde(default)]
    exception_principals: Vec<String>,
    #[serde(rename = "deniedPermissions", default)]
    permissions: Vec<String>,
    #[serde(default)]
    exception_permissions: Vec<String>,
    #[serde(rename = "denialCondition", default)]
    condition: Option<Expression>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    rules: Vec<Reach>,
}

#[derive(Deserialize)]
struct Reach {
    resources: Vec<String>,
    effect: Effect,
}

#[derive(Deserialize)]
enum Effect {
    #[serde(rename = "ALLOW")]
    Allow,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    principal_set: String,
}

pub(super) fn objects(json: &str) -> Result<(Vec<Object>, Added), Misfit> {
    gather(json, "items", object)
}

/// The bindings of an allow policy.
pub(super) fn bindings(json: &str) -> Result<Vec<Binding>, MisfitCause> {
    shaped(json).map(bound)
}

fn object(json: &str) -> Result<Option<Object>, MisfitCause> {
    let read: Whole = shaped(json)?;
    let name = read.name;
    let object = if let Some(permissions) = read.included_permissions {
        // A role that was deleted gives nothing.
        Object::Role(name.clone(), if read.deleted { BTreeSet::new() } else { permissions })
    } else if let Some(rules) = read.rules {
        Object::Deny(deny(&name, rules)?)
    } else if let Some(details) = read.details {
        let reach =
            details.rules.into_iter().flat_map(|Reach { resources, effect: Effect::Allow }| resources);
        Object::Boundary(name.clone(), reach.map(|at| normal(&at)).collect())
    } else if let Some(target) = read.target {
        let policy =
            read.policy.as_ref().and_then(serde_json::Value::as_str).ok_or(MisfitCause::WrongShape)?;
        let set = caller::normal(&target.principal_set);
        Object::Bound(
            name.clone(),
            BoundTo { policy: policy.to_owned(), set, rests_on: said(read.condition) },
        )
    } else if read.iam_policy.is_some() || read.ancestors.is_some() {
        let above = read.ancestors.unwrap_or_default().iter().map(|at| normal(at)).collect();
        Object::Asset(normal(&name), read.iam_policy.map(bound), above)
    } else {
        return Ok(None);
    };
    if name.is_empty() { Err(MisfitCause::Unnamed) } else { Ok(Some(object)) }
}

fn bound(policy: Allow) -> Vec<Binding> {
    let each = policy.bindings.unwrap_or_default().into_iter().map(|one| Binding {
        role: one.role,
        members: one.members.unwrap_or_default().iter().map(|it| caller::normal(it)).collect(),
        rests_on: said(one.condition),
    });
    each.collect()
}

/// The name of a deny policy tells where it lies: `policies/ATTACHMENT/denypolicies/ID`, the slashes of the attachment
/// written as `%2F`.
fn deny(name: &str, rules: Vec<Rule>) -> Result<DenyPolicy, MisfitCause> {
    let attached = name.strip_prefix("policies/").and_then(|rest| rest.split_once("/denypolicies/"));
    let (at, _) = attached.ok_or(MisfitCause::Unnamed)?;
    let at = normal(&at.replace("%2F", "/").replace("%2f", "/"));
    let lower = |list: Vec<String>| list.into_iter().map(|one| one.to_lowercase()).collect();
    let whom = |list: Vec<String>| list.iter().map(|one| caller::normal(one)).collect();
    let rules = rules.into_iter().map(|Rule { deny_rule: one }| DenyRule {
        principals: whom(one.principals),
        but_principals: whom(one.exception_principals),
        permissions: lower(one.permissions),
        but_permissions: lower(one.exception_permissions),
        rests_on: said(one.condition),
    });
    Ok(DenyPolicy { name: name.into(), at, rules: rules.collect() })
}

/// That there is a condition.
fn said(condition: Option<Expression>) -> Option<&'static str> {
    condition.filter(|one| !one.expression.trim().is_empty()).map(|_| "condition")
}
