//! Reads definitions and assignments as the management API returns them, with `properties` or flat as the command line
//! tool prints them.

use super::assignment::{Assignment, Denial, Depth, Permission, normal};
use crate::document::{Added, Misfit, MisfitCause, gather, shaped};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One object that has a say, by its id.
pub(super) enum Object {
    Definition(String, Vec<Permission>),
    Assignment(String, Assignment),
    Denial(String, Denial),
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Definition {
    permissions: Vec<Permissions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Permissions {
    #[serde(default)]
    actions: Option<Vec<String>>,
    #[serde(default)]
    not_actions: Option<Vec<String>>,
    #[serde(default)]
    data_actions: Option<Vec<String>>,
    #[serde(default)]
    not_data_actions: Option<Vec<String>>,
    #[serde(default)]
    condition: Option<String>,
    #[serde(default, rename = "conditionVersion")]
    _version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assigned {
    principal_id: String,
    role_definition_id: String,
    scope: String,
    #[serde(default)]
    condition: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Denied {
    principals: Vec<Principal>,
    #[serde(default)]
    exclude_principals: Option<Vec<Principal>>,
    permissions: Vec<Permissions>,
    scope: String,
    #[serde(default)]
    do_not_apply_to_child_scopes: Option<bool>,
    #[serde(default)]
    condition: Option<String>,
    #[serde(default)]
    deny_assignment_effect: Option<String>,
}

#[derive(Deserialize)]
struct Principal {
    id: String,
}

pub(super) fn objects(json: &str) -> Result<(Vec<Object>, Added), Misfit> {
    gather(json, "value", object)
}

fn object(json: &str) -> Result<Option<Object>, MisfitCause> {
    let head: Head<'_> = shaped(json)?;
    let body = head.properties.map_or(json, RawValue::get);
    let kind = head.kind.to_lowercase();
    let Some(kind) = kind.strip_prefix("microsoft.authorization/") else { return Ok(None) };
    let id = if head.id.is_empty() { &head.name } else { &head.id }.to_lowercase();
    if id.is_empty() {
        return Err(MisfitCause::Unnamed);
    }
    let name = if head.name.is_empty() { id.clone() } else { head.name };
    let eligible = kind.starts_with("roleeligibility").then_some("activation");
    Ok(Some(match kind {
        "roledefinitions" => {
            let read: Definition = shaped(body)?;
            Object::Definition(tail(&id), permissions(read.permissions))
        }
        "roleassignments"
        | "roleassignmentscheduleinstances"
        | "roleeligibilityscheduleinstances"
        | "roleeligibilityschedules" => {
            let read: Assigned = shaped(body)?;
            let assignment = Assignment {
                name: name.into(),
                principal: read.principal_id.to_lowercase(),
                definition: tail(&read.role_definition_id.to_lowercase()),
                scope: normal(&read.scope),
                rests_on: said(read.condition).or(eligible),
            };
            Object::Assignment(id, assignment)
        }
        "denyassignments" => match denial(&name, shaped(body)?) {
            Some(denial) => Object::Denial(id, denial),
            None => return Ok(None),
        },
        _ => return Ok(None),
    }))
}

/// `None` for one that is only watched.
fn denial(name: &str, read: Denied) -> Option<Denial> {
    if read.deny_assignment_effect.is_some_and(|effect| effect.eq_ignore_ascii_case("audit")) {
        return None;
    }
    let ids = |list: Vec<Principal>| list.into_iter().map(|one| one.id.to_lowercase()).collect();
    Some(Denial {
        name: name.into(),
        principals: ids(read.principals),
        but: ids(read.exclude_principals.unwrap_or_default()),
        permissions: permissions(read.permissions),
        scope: normal(&read.scope),
        depth: if read.do_not_apply_to_child_scopes == Some(true) { Depth::Scope } else { Depth::Below },
        rests_on: said(read.condition),
    })
}

/// That there is a condition.
fn said(condition: Option<String>) -> Option<&'static str> {
    condition.filter(|text| !text.trim().is_empty()).map(|_| "condition")
}

fn permissions(all: Vec<Permissions>) -> Vec<Permission> {
    let lower = |list: Option<Vec<String>>| {
        list.unwrap_or_default().into_iter().map(|one| one.to_lowercase()).collect()
    };
    let each = all.into_iter().map(|one| Permission {
        actions: lower(one.actions),
        not_actions: lower(one.not_actions),
        data_actions: lower(one.data_actions),
        not_data_actions: lower(one.not_data_actions),
        rests_on: said(one.condition),
    });
    each.collect()
}

/// The last part of an id: definitions are named at any scope.
fn tail(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_owned()
}
