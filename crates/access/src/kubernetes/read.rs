//! Reads roles and bindings as the API returns them, one object or a list.

use super::cluster::{Aggregation, Binding, Place, Role, Selector, Subject};
use super::rule::Rule;
use crate::document::{Added, Misfit, MisfitCause, items, shaped};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// One object that has a say.
pub(super) enum Object {
    Role(Place, Role),
    Binding(Place, Binding),
}

#[derive(Default, Deserialize)]
struct Head {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    metadata: Metadata,
    #[serde(default)]
    rules: Option<Vec<Rule>>,
    #[serde(default)]
    aggregation_rule: Option<Aggregated>,
    #[serde(default)]
    role_ref: Option<RoleRef>,
    #[serde(default)]
    subjects: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Aggregated {
    #[serde(default)]
    cluster_role_selectors: Option<Vec<Selector>>,
}

#[derive(Deserialize)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Deserialize)]
struct Named {
    kind: String,
    name: String,
    #[serde(default)]
    namespace: String,
}

/// The objects in `json`, and how many of other kinds there were.
pub(super) fn objects(json: &str) -> Result<(Vec<Object>, Added), Misfit> {
    let all = items(json, "items")?;
    // A list of one kind leaves out the kind of its objects.
    let list: Head = serde_json::from_str(json).unwrap_or_default();
    Ok(sorted(&all, list.kind.strip_suffix("List").unwrap_or_default()))
}

fn sorted(all: &[&RawValue], kind: &str) -> (Vec<Object>, Added) {
    let (mut objects, mut added) = (Vec::new(), Added::default());
    for (index, raw) in all.iter().enumerate() {
        match object(raw.get(), kind) {
            Ok(Some(object)) => objects.push(object),
            Ok(None) => added.skipped += 1,
            Err(cause) => added.bad.push(Misfit { index, cause }),
        }
    }
    added.read = objects.len();
    (objects, added)
}

fn object(json: &str, kind: &str) -> Result<Option<Object>, MisfitCause> {
    let head: Head = shaped(json)?;
    let kind = if head.kind.is_empty() { kind } else { &head.kind };
    if !["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"].contains(&kind) {
        return Ok(None);
    }
    let body: Body = shaped(json)?;
    let is_of_cluster = kind.starts_with("Cluster");
    let Metadata { name, namespace, labels } = body.metadata;
    if name.is_empty() || (!is_of_cluster && namespace.is_empty()) {
        return Err(MisfitCause::Unnamed);
    }
    let place = Place { namespace: (!is_of_cluster).then_some(namespace), name };
    if kind.ends_with("Role") {
        let selectors = body.aggregation_rule.map(|it| it.cluster_role_selectors.unwrap_or_default());
        let aggregation = selectors.filter(|_| is_of_cluster).map(Aggregation);
        let (rules, labels) = (body.rules.unwrap_or_default(), labels.unwrap_or_default());
        return Ok(Some(Object::Role(place, Role { rules, labels, aggregation })));
    }
    let reference = body.role_ref.ok_or(MisfitCause::WrongShape)?;
    let of = match reference.kind.as_str() {
        "ClusterRole" => None,
        "Role" if !is_of_cluster => place.namespace.clone(),
        _ => return Err(MisfitCause::WrongShape),
    };
    let role = Place { namespace: of, name: reference.name };
    let subjects = body.subjects.unwrap_or_default().into_iter();
    let subjects: Result<Vec<Subject>, MisfitCause> =
        subjects.map(|named| subject(named, place.namespace.as_deref())).collect();
    Ok(Some(Object::Binding(place, Binding { role, subjects: subjects? })))
}

fn subject(named: Named, own: Option<&str>) -> Result<Subject, MisfitCause> {
    match named.kind.as_str() {
        "User" => Ok(Subject::User(named.name)),
        "Group" => Ok(Subject::Group(named.name)),
        // Without a namespace it is one of the binding's.
        "ServiceAccount" => {
            let namespace = if named.namespace.is_empty() { own } else { Some(named.namespace.as_str()) };
            let namespace = namespace.ok_or(MisfitCause::Unnamed)?;
            Ok(Subject::User(super::attempt::service_account(namespace, &named.name)))
        }
        _ => Err(MisfitCause::WrongShape),
    }
}
