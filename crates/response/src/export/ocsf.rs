//! OCSF 1.8.0 Remediation Activity (7001) for each step that the journal tells.
//!
//! A revert is a `Restore` with its own countermeasure, tied to what it undoes by `command_uid`, the action's id.
//! OCSF has no fields for lease, rules and approvals; they stand in `unmapped`. Names of people stand in the events,
//! as whoever reads them needs them: redact before handing on.

use crate::journal::{Entry, Record};
use crate::lifecycle::{Event, Phase};
use crate::{Action, ActionId, Decision, Effect, Request};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Remediation Activity.
const CLASS: u32 = 7001;
/// The version of D3FEND whose ids [`Action::facts`] tells.
const D3FEND: &str = "1.0";

/// The tactics of D3FEND that OCSF has as activities.
#[derive(Clone, Copy)]
enum Activity {
    Isolate = 1,
    Evict = 2,
    Restore = 3,
    Harden = 4,
    Detect = 5,
}

#[derive(Clone, Copy)]
enum Status {
    Unknown,
    Success,
    Failure,
    Partial,
}

impl Status {
    fn told(self) -> (u8, &'static str) {
        match self {
            Self::Unknown => (0, "Unknown"),
            Self::Success => (1, "Success"),
            Self::Failure => (2, "Failure"),
            Self::Partial => (4, "Partial"),
        }
    }
}

/// Turns the journal's records, fed in their order, into events. It remembers the requests of actions that are not
/// over.
///
/// ```
/// use homeostat_response::{Entry, Record, RemediationLog};
/// # use homeostat_response::{Action, ActionId, Event, Request, Target, TargetKind};
/// # use homeostat_core::{TenantId, Timestamp};
/// # let id = ActionId::new("a")?;
/// # let target = Target::new(TargetKind::Host, "web-1");
/// # let request = Box::new(Request::new(id.clone(), TenantId::new("acme")?, Action::Isolate, target));
/// # let record = |event| Record { at: Timestamp::from_micros(0), entry: Entry::Action { id: id.clone(), event } };
/// # let records = [record(Event::Proposed { request }), record(Event::Applied)];
/// let mut log = RemediationLog::default();
/// let events: Vec<String> = records.iter().filter_map(|record| log.event(record)).collect();
/// assert!(events[1].contains(r#""activity_name":"Isolate""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RemediationLog {
    open: BTreeMap<ActionId, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    request: Request,
    effect: Effect,
    actuator: String,
    decision: Option<Decision>,
    phase: Phase,
}

impl RemediationLog {
    /// The event that `record` tells of, as JSON; `None` for records of no action, and for one whose request was
    /// never fed.
    pub fn event(&mut self, record: &Record) -> Option<String> {
        let Entry::Action { id, event } = &record.entry else { return None };
        if let Event::Proposed { request } = event {
            let effect = request.action.facts().effect;
            let (actuator, request) = (String::new(), request.as_ref().clone());
            let known = Known { request, effect, actuator, decision: None, phase: Phase::New };
            self.open.insert(id.clone(), known);
        }
        let known = self.open.get_mut(id)?;
        known.take(event);
        let told = known.told(record, event);
        if matches!(event, Event::Reverted | Event::Refused { .. } | Event::ApplyFailed) {
            self.open.remove(id);
        }
        Some(told.to_string())
    }
}

impl Known {
    fn take(&mut self, event: &Event) {
        if let Event::Planned { actuator, effect, decision, .. } = event {
            (self.actuator, self.effect) = (actuator.clone(), *effect);
            self.decision = Some(decision.clone());
        }
        self.phase = crate::step(self.phase.clone(), event).unwrap_or_default();
    }

    fn told(&self, record: &Record, event: &Event) -> Value {
        let request = &self.request;
        let undoes = matches!(event, Event::RevertIntent { .. } | Event::Reverted);
        let activity = if undoes { Activity::Restore } else { activity(request.action) };
        let name = activity_name(activity);
        let (status_id, status) = status(event).told();
        let facts = request.action.facts();
        let technique = if undoes { facts.d3fend_undo } else { facts.d3fend };
        let d3fend =
            |id: &str| json!({"d3f_technique": {"uid": id}, "d3f_tactic": {"name": name}, "version": D3FEND});
        json!({
            "category_uid": CLASS / 1_000,
            "category_name": "Remediation",
            "class_uid": CLASS,
            "class_name": "Remediation Activity",
            "activity_id": activity as u32,
            "activity_name": name,
            "type_uid": CLASS * 100 + activity as u32,
            "type_name": format!("Remediation Activity: {name}"),
            "severity_id": 1,
            "severity": "Informational",
            "status_id": status_id,
            "status": status,
            "status_detail": event.as_str(),
            "time": record.at.millis().unwrap_or(0),
            "command_uid": request.id.as_str(),
            "countermeasures": technique.map(d3fend).into_iter().collect::<Vec<_>>(),
            "message": request.reason,
            "metadata": {
                "version": "1.8.0",
                "product": {"name": "homeostat", "vendor_name": "homeostat"},
                "tenant_uid": request.tenant.as_str(),
                "correlation_uid": request.incident,
            },
            "unmapped": self.unmapped(event),
        })
    }

    fn unmapped(&self, event: &Event) -> Value {
        let mut told = Map::new();
        let mut tell = |name: &str, value: Value| drop(told.insert(name.to_owned(), value));
        tell("action", json!(self.request.action));
        tell("target", json!({"kind": self.request.target.kind, "id": self.request.target.id}));
        tell("effect", json!(self.effect));
        tell("phase", json!(self.phase.as_str()));
        if !self.actuator.is_empty() {
            tell("actuator", json!(self.actuator));
        }
        if let Some(decision) = &self.decision {
            let because: Vec<String> = decision.because.iter().map(ToString::to_string).collect();
            tell("decision", json!(decision.ruling.to_string()));
            tell("because", json!(because));
            tell("policy", json!(decision.policy));
        }
        match event {
            Event::ApplyIntent { expires_at } => tell("lease_end", json!(expires_at.to_string())),
            Event::Extended { expires_at, by } => {
                tell("lease_end", json!(expires_at.to_string()));
                tell("by", json!(by));
            }
            Event::Approved { by, .. } | Event::RevertIntent { by: Some(by), .. } => tell("by", json!(by)),
            _ => {}
        }
        Value::Object(told)
    }
}

const fn activity(action: Action) -> Activity {
    match action {
        Action::Challenge | Action::Tighten | Action::PostureRepair => Activity::Harden,
        Action::ReAuthenticate | Action::DisableCredential | Action::RevokeSession => Activity::Evict,
        Action::CaptureEvidence | Action::Notify => Activity::Detect,
        _ => Activity::Isolate,
    }
}

const fn activity_name(activity: Activity) -> &'static str {
    match activity {
        Activity::Isolate => "Isolate",
        Activity::Evict => "Evict",
        Activity::Restore => "Restore",
        Activity::Harden => "Harden",
        Activity::Detect => "Detect",
    }
}

const fn status(event: &Event) -> Status {
    match event {
        Event::Applied | Event::Extended { .. } | Event::Reverted => Status::Success,
        Event::Refused { .. } | Event::ApplyFailed => Status::Failure,
        Event::NeedsHuman => Status::Partial,
        _ => Status::Unknown,
    }
}
