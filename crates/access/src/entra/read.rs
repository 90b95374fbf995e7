//! Reads objects as Microsoft Graph returns them.

use super::directory::{Assignment, Condition, Granted, Permission};
use crate::document::{Added, Misfit, MisfitCause, gather, shaped};
use serde::Deserialize;

/// One object that has a say, by its id.
pub(super) enum Object {
    Definition(String, Vec<Permission>),
    Assignment(String, Assignment),
    Granted(String, Granted),
    /// Of an application, by the id of its service principal: what its permissions are called.
    Values(String, Vec<(String, String)>),
}

/// The fields by which the types are told apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(rename = "@odata.type", default)]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    role_permissions: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    role_definition_id: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    app_role_id: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    app_roles: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    role_permissions: Vec<RolePermission>,
    #[serde(default)]
    is_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RolePermission {
    #[serde(default)]
    allowed_resource_actions: Option<Vec<String>>,
    #[serde(default)]
    excluded_resource_actions: Option<Vec<String>>,
    #[serde(default)]
    condition: Option<String>,
}

#[derive(Deserialize)]
struct RoleAssignment {
    #[serde(rename = "principalId")]
    principal: String,
    #[serde(rename = "roleDefinitionId")]
    definition: String,
    #[serde(rename = "directoryScopeId", default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
struct AppRoleAssignment {
    #[serde(rename = "principalId")]
    principal: String,
    #[serde(rename = "resourceId")]
    of: String,
    #[serde(rename = "appRoleId")]
    permission: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    app_roles: Vec<AppRole>,
}

#[derive(Deserialize)]
struct AppRole {
    id: String,
    #[serde(default)]
    value: Option<String>,
}

pub(super) fn objects(json: &str) -> Result<(Vec<Object>, Added), Misfit> {
    gather(json, "value", object)
}

fn object(json: &str) -> Result<Option<Object>, MisfitCause> {
    let head: Head = shaped(json)?;
    let kind = head.kind.trim_start_matches("#microsoft.graph.").to_lowercase();
    let is = |named: &str, field: bool| kind == named || (kind.is_empty() && field);
    let id = head.id.to_lowercase();
    let eligible = kind.starts_with("unifiedroleeligibility");
    let object = if is("unifiedroledefinition", head.role_permissions.is_some()) {
        Object::Definition(id.clone(), definition(shaped(json)?))
    } else if is("unifiedroleassignment", head.role_definition_id.is_some())
        || kind.starts_with("unifiedroleassignmentschedule")
        || eligible
    {
        Object::Assignment(id.clone(), assignment(&head.id, shaped(json)?, eligible.then_some("activation")))
    } else if is("approleassignment", head.app_role_id.is_some()) {
        let read: AppRoleAssignment = shaped(json)?;
        let [principal, of, permission] =
            [read.principal, read.of, read.permission].map(|it| it.to_lowercase());
        Object::Granted(id.clone(), Granted { name: head.id.as_str().into(), principal, of, permission })
    } else if is("serviceprincipal", head.app_roles.is_some()) {
        let read: Application = shaped(json)?;
        let values =
            read.app_roles.into_iter().filter_map(|role| Some((role.id.to_lowercase(), role.value?)));
        Object::Values(id.clone(), values.collect())
    } else {
        return Ok(None);
    };
    if id.is_empty() { Err(MisfitCause::Unnamed) } else { Ok(Some(object)) }
}

fn assignment(name: &str, read: RoleAssignment, rests_on: Option<&'static str>) -> Assignment {
    let scope = read.scope.unwrap_or_else(|| "/".to_owned()).to_lowercase();
    Assignment {
        name: name.into(),
        principal: read.principal.to_lowercase(),
        definition: read.definition.to_lowercase(),
        scope,
        rests_on,
    }
}

/// A role that is off gives nothing.
fn definition(read: Definition) -> Vec<Permission> {
    if read.is_enabled == Some(false) {
        return Vec::new();
    }
    let each = read.role_permissions.into_iter().map(|one| {
        let lower = |list: Option<Vec<String>>| -> Vec<String> {
            list.unwrap_or_default().into_iter().map(|it| it.to_lowercase()).collect()
        };
        let excludes = one.excluded_resource_actions.as_ref().is_some_and(|list| !list.is_empty());
        let condition = match one.condition.as_deref().map(str::trim) {
            // What is excluded of the allowed is not said action by action.
            _ if excludes => Condition::Other,
            None | Some("") => Condition::None,
            Some("$SubjectIsOwner") => Condition::Owner,
            Some("$ResourceIsSelf") => Condition::Itself,
            Some(_) => Condition::Other,
        };
        Permission { actions: lower(one.allowed_resource_actions), condition }
    });
    each.collect()
}
