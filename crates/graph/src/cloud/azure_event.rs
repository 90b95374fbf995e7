//! What an operation in the Activity log changes.
//!
//! Microsoft Learn, "Azure Activity log event schema" and the references of the resource providers. The log tells a resource
//! as it is only where it holds the answer; what was asked tells all of an assignment and of a vault's policies.

use super::azure::{POLICIES, kind_of, last, normal};
use super::azure_way::VAULT;
use super::change::{CloudOp, CloudTie, VaultContent};
use super::event::{read, unfolded};
use homeostat_event::{Actor, Event, User};
use serde_json::{Map, Value, json};

/// User Access Administrator: what elevated access gives.
const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
const RIGHTS: &str = "microsoft.authorization/";
const ACCESS_POLICIES: &str = "/accesspolicies";

pub(super) fn ops(event: &Event) -> Vec<CloudOp> {
    let operation = event.action().to_lowercase();
    let Some((of, word)) = operation.rsplit_once('/') else { return Vec::new() };
    if operation == "microsoft.authorization/elevateaccess/action" {
        return vec![elevated(event)];
    }
    let resource = event.resources().first();
    let id = resource.and_then(|one| one.uid()).filter(|id| id.starts_with('/'));
    let (Some(id), true) = (id, ["write", "delete"].contains(&word)) else { return Vec::new() };
    let call = Call { event, id, writes: word == "write" };
    if of.starts_with(RIGHTS) {
        call.right(of)
    } else if of == "microsoft.keyvault/vaults/accesspolicies" {
        call.policies()
    } else {
        call.resource()
    }
}

/// Whoever elevates his access may assign roles everywhere.
fn elevated(event: &Event) -> CloudOp {
    match actor(event) {
        Some(from) => CloudOp::Link {
            from,
            tie: CloudTie::Role(USER_ACCESS_ADMINISTRATOR.to_owned()),
            to: "/".to_owned(),
        },
        None => CloudOp::Stale { id: "/".to_owned() },
    }
}

/// The object id of who acts.
pub(super) fn actor(event: &Event) -> Option<String> {
    let user = event.actor_told().and_then(Actor::user);
    user.and_then(User::uid).map(str::to_owned)
}

/// A call that writes or deletes.
struct Call<'a> {
    event: &'a Event,
    id: &'a str,
    writes: bool,
}

impl Call<'_> {
    /// What was answered.
    fn answer(&self) -> Option<Value> {
        self.body(["responseBody", "responsebody"])
    }

    /// What was asked: where the call has an id, beside that.
    fn question(&self) -> Option<Value> {
        let beside = self.event.api().and_then(|api| api.request()?.data()).and_then(read);
        beside.map(camel).or_else(|| self.body(["requestbody", "requestBody"]))
    }

    fn body(&self, names: [&str; 2]) -> Option<Value> {
        let properties = read(self.event.resources().first()?.data()?)?;
        let body = names.iter().find_map(|name| properties.get(*name))?;
        unfolded(body.clone()).map(camel)
    }

    fn stale(&self) -> Vec<CloudOp> {
        vec![CloudOp::Stale { id: self.id.to_owned() }]
    }

    /// A role assignment, a role definition or a denial.
    fn right(&self, of: &str) -> Vec<CloudOp> {
        let needs: &[&str] = match of.trim_start_matches(RIGHTS) {
            "roleassignments" => &["principalId", "roleDefinitionId"],
            "denyassignments" => &["principals", "permissions"],
            "roledefinitions" => &["permissions"],
            // Requests of the management of privileged identities tell what is asked for, not what becomes of it.
            "roleassignmentschedulerequests" | "roleeligibilityschedulerequests" => return self.stale(),
            _ => return Vec::new(),
        };
        let told = self.answer().into_iter().chain(self.question());
        let mut bodies = told.filter_map(|body| Some(body.get("properties")?.as_object()?.clone()));
        let body = bodies.find(|body| needs.iter().all(|name| body.contains_key(*name)));
        if !self.writes {
            let gone = CloudOp::Remove { id: self.id.to_owned() };
            return [gone].into_iter().chain(body.and_then(|body| self.held(&body))).collect();
        }
        let Some(mut body) = body else { return self.stale() };
        let scope = self.scope();
        body.entry("scope").or_insert_with(|| Value::from(scope));
        let name = last(self.id);
        vec![CloudOp::Put { record: json!({"id": self.id, "name": name, "properties": body}).to_string() }]
    }

    /// That a role is held no more, whatever the id under which it was assigned.
    fn held(&self, body: &Map<String, Value>) -> Option<CloudOp> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (from, role) = (text("principalId")?, last(text("roleDefinitionId")?));
        let to = text("scope").map_or_else(|| self.scope(), str::to_owned);
        Some(CloudOp::Unlink { from: from.to_owned(), tie: CloudTie::Role(role.to_lowercase()), to })
    }

    /// The scope at which a right is.
    fn scope(&self) -> String {
        let lower = self.id.to_lowercase();
        let end = lower.rfind("/providers/microsoft.authorization").unwrap_or(lower.len());
        self.id.get(..end).filter(|scope| !scope.is_empty()).unwrap_or("/").to_owned()
    }

    /// Access policies that are added to a vault's, put in the place of those of the same, or taken away.
    fn policies(&self) -> Vec<CloudOp> {
        let lower = self.id.to_lowercase();
        let end = lower.find(ACCESS_POLICIES).unwrap_or(lower.len());
        let vault = self.id.get(..end).unwrap_or(self.id);
        let told = self.question().or_else(|| self.answer());
        let all = told.as_ref().and_then(|body| body.get("properties")?.get("accessPolicies")?.as_array());
        match (all, last(&lower)) {
            (Some(all), how @ ("add" | "replace" | "remove")) if self.writes => {
                all.iter().flat_map(|policy| of_policy(vault, policy, how)).collect()
            }
            _ => vec![CloudOp::Stale { id: vault.to_owned() }],
        }
    }

    fn resource(&self) -> Vec<CloudOp> {
        if !self.writes {
            return vec![CloudOp::Remove { id: self.id.to_owned() }];
        }
        let own = |body: &Value| {
            let id = body.get("id").and_then(Value::as_str);
            id.is_some_and(|id| normal(id) == normal(self.id)) && body.get("properties").is_some()
        };
        let put = |record: Value| vec![CloudOp::Put { record: record.to_string() }];
        if let Some(answer) = self.answer().filter(own) {
            return put(answer);
        }
        // Of a vault what is put is all there is to know.
        let whole = kind_of(&normal(self.id)) == VAULT
            && self.event.http_request().and_then(|request| request.http_method()) == Some("PUT");
        let asked = self.question().filter(|body| whole && body.get("properties").is_some());
        match asked {
            Some(Value::Object(mut body)) => {
                body.insert("id".to_owned(), Value::from(self.id));
                put(Value::Object(body))
            }
            _ => self.stale(),
        }
    }
}

/// What an access policy gives to whom, or takes from him.
fn of_policy(vault: &str, policy: &Value, how: &str) -> Vec<CloudOp> {
    let Some(who) = policy.get("objectId").and_then(Value::as_str) else { return Vec::new() };
    let gets = |field: &str| {
        let granted = policy.get("permissions").and_then(|all| all.get(field)).and_then(Value::as_array);
        let is_it =
            |one: &Value| one.as_str().is_some_and(|it| ["get", "all"].contains(&it.to_lowercase().as_str()));
        granted.is_some_and(|all| all.iter().any(is_it))
    };
    let mut ops = Vec::new();
    for ((field, _), what) in POLICIES.iter().zip(VaultContent::ALL) {
        let (from, tie, to) = (who.to_owned(), CloudTie::Gets(what), vault.to_owned());
        match (how, gets(field)) {
            ("add" | "replace", true) => ops.push(CloudOp::Link { from, tie, to }),
            ("remove", true) | ("replace", false) => ops.push(CloudOp::Unlink { from, tie, to }),
            _ => {}
        }
    }
    ops
}

/// The same with names as the API spells them: what was asked begins them with capitals.
fn camel(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(camel).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (uncapital(&name), camel(value))).collect()
        }
        other => other,
    }
}

fn uncapital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
