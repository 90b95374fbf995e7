//! What a change of an allow policy in Google's audit log changes.
//!
//! Google Cloud documentation, "Cloud Audit Logs" and the type `PolicyDelta`: the log tells each binding that came or went, and
//! ingest makes an event of each, with the member as the user and the role as the privilege.

use super::change::{CloudOp, CloudTie};
use super::event::read;
use super::google::full_name;
use homeostat_event::Event;
use serde_json::Value;

pub(super) fn ops(event: &Event) -> Option<CloudOp> {
    let action = event.action().to_lowercase();
    let sets = ["setiampolicy", "setiampermissions"].iter().any(|verb| action.ends_with(verb));
    let resource = event.resources().first().filter(|_| sets)?;
    let (user, role) = (event.user()?, event.privileges().first()?.as_str());
    let everybody = |name: &&str| ["allUsers", "allAuthenticatedUsers"].contains(name);
    let member = user.uid_alt().or_else(|| user.name().or(user.uid()).filter(everybody))?;
    let service = event.service().filter(|name| name.ends_with(".googleapis.com"));
    let to = format!("//{}/{}", service.unwrap_or("cloudresourcemanager.googleapis.com"), resource.uid()?);
    let data = resource.data().and_then(read);
    if data.is_some_and(|data| has_condition(&data)) {
        // Which of the bindings it is about is not told.
        return Some(CloudOp::Stale { id: full_name(&to) });
    }
    let (from, tie) = (member.to_owned(), CloudTie::Binding(role.to_owned()));
    match event.activity_id() {
        1 => Some(CloudOp::Link { from, tie, to }),
        2 => Some(CloudOp::Unlink { from, tie, to }),
        _ => None,
    }
}

/// Whether one of the bindings that came or went holds under a condition.
fn has_condition(data: &Value) -> bool {
    let deltas =
        data.get("policyDelta").and_then(|delta| delta.get("bindingDeltas")).and_then(Value::as_array);
    deltas.into_iter().flatten().any(|delta| delta.get("condition").is_some_and(|told| !told.is_null()))
}
