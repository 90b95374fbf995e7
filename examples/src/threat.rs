//! An incident as `investigate --out` writes it, read back as the threat that a response is planned against.
//!
//! A report names entities as people know them, without their kinds; the kind is told from the form of the name
//! and, where that says nothing, from the part it played. A name that tells nothing is left out and counted.

use homeostat_core::{
    Bits, EntityKey, EntityKind, EventRef, Role, Stage, Technique, TenantId, Threat, Timestamp,
};
use homeostat_graph::arn_key;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Where names are known: a report does not tell.
const SCOPE: &str = "local";

/// A text that is no incident.
#[derive(Debug, thiserror::Error)]
pub enum NoIncident {
    /// It is not JSON.
    #[error("the incident is not JSON: line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It lacks what every incident has.
    #[error("the incident lacks `{0}`, or it is of another form")]
    Lacks(&'static str),
}

/// The threat that the incident `json` poses to `tenant`, and how many names told nothing.
///
/// # Errors
///
/// [`NoIncident`] when it is not JSON or has no id, score, time, entities or roles.
pub fn threat_of(json: &str, tenant: TenantId) -> Result<(Threat, usize), NoIncident> {
    let told: Value = serde_json::from_str(json)
        .map_err(|error| NoIncident::NotJson { line: error.line(), column: error.column() })?;
    let id = text(&told, "id").ok_or(NoIncident::Lacks("id"))?;
    let score = told.get("score").and_then(Value::as_f64).ok_or(NoIncident::Lacks("score"))?;
    let time = text(&told, "updated").and_then(|text| text.parse().ok());
    let time: Timestamp = time.ok_or(NoIncident::Lacks("updated"))?;
    let mut threat = Threat::new(id, tenant, time, Bits::new(score));
    let mut untold = 0;
    for (names, roles) in list(&told, "entities")?.iter().zip(list(&told, "roles")?) {
        let roles: Vec<Role> = texts(roles).filter_map(Role::parse).collect();
        for name in texts(names) {
            match key(name, &roles) {
                Some(key) => threat.entities.extend(roles.iter().map(|role| (key.clone(), *role))),
                None => untold += 1,
            }
        }
    }
    let steps = list(&told, "steps")?;
    threat.stages = once(steps.iter().filter_map(|step| text(step, "stage")).filter_map(Stage::parse));
    threat.techniques =
        once(steps.iter().filter_map(|step| text(step, "technique")).filter_map(Technique::parse));
    threat.evidence = list(&told, "events")?.iter().filter_map(event).collect();
    Ok((threat, untold))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn list<'a>(value: &'a Value, name: &'static str) -> Result<&'a Vec<Value>, NoIncident> {
    value.get(name).and_then(Value::as_array).ok_or(NoIncident::Lacks(name))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn event(value: &Value) -> Option<EventRef> {
    EventRef::parse(value.as_str()?).ok()
}

/// Each once, in order of first sight.
fn once<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

/// The key that a name stands for.
fn key(name: &str, roles: &[Role]) -> Option<EntityKey> {
    if name.parse::<IpAddr>().is_ok() {
        return EntityKey::ip(SCOPE, name).ok();
    }
    if let Some(key) = arn_key(name) {
        let session = name.split_once(":role/").or_else(|| name.split_once(":assumed-role/"));
        let is_session = session.is_some_and(|(_, rest)| rest.contains('/'));
        return if is_session {
            EntityKey::new(EntityKind::RoleSession, SCOPE, name).ok()
        } else {
            Some(key)
        };
    }
    EntityKey::new(kind(name, roles)?, SCOPE, name).ok()
}

fn kind(name: &str, roles: &[Role]) -> Option<EntityKind> {
    let is_access_key = name.len() == 20 && (name.starts_with("AKIA") || name.starts_with("ASIA"));
    match name {
        _ if is_access_key => Some(EntityKind::AccessKey),
        _ if name.contains('@') => Some(EntityKind::Upn),
        _ if roles.contains(&Role::Device) => Some(EntityKind::Hostname),
        _ if roles.contains(&Role::Via) => Some(EntityKind::WebSession),
        _ if roles.contains(&Role::Actor) => Some(EntityKind::LocalUser),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, role: Role, expected: Option<EntityKind>) {
        assert_eq!(key(name, &[role]).map(|key| key.kind()), expected, "{name}");
    }

    #[test]
    fn a_name_tells_its_kind() {
        check("203.0.113.9", Role::Origin, Some(EntityKind::Ip));
        check("jane@acme.example", Role::Actor, Some(EntityKind::Upn));
        check("ASIAEXAMPLEEXAMPLE07", Role::Via, Some(EntityKind::AccessKey));
        check("arn:aws:iam::111122223333:role/build", Role::Actor, Some(EntityKind::IamRoleArn));
        check("arn:aws:iam::111122223333:role/build/jane", Role::Via, Some(EntityKind::RoleSession));
        check("arn:aws:s3:::ledger", Role::Target, Some(EntityKind::ResourceArn));
        check("102abc", Role::Via, Some(EntityKind::WebSession));
        check("web-1", Role::Device, Some(EntityKind::Hostname));
        check("something", Role::Target, None);
    }

    #[test]
    fn what_is_no_incident_is_told_and_nothing_is_planned_from_it() {
        for (json, expected) in [
            ("{", "the incident is not JSON: line 1, column 1"),
            ("[]", "the incident lacks `id`, or it is of another form"),
            (
                r#"{"id": "inc-1", "score": 40, "updated": "soon"}"#,
                "the incident lacks `updated`, or it is of another form",
            ),
        ] {
            let tenant = TenantId::new("local").unwrap();
            assert_eq!(threat_of(json, tenant).unwrap_err().to_string(), expected);
        }
    }
}
