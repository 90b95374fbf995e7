//! A saga as a playbook of CACAO Security Playbooks 2.0 (OASIS, Committee Specification 01, 2023).
//!
//! Each step becomes an action whose command is the `OpenC2` request that it stands for; steps that wait for the same
//! ones run in parallel, one layer after another. Ids derive from the saga's, so the same saga gives the same bytes.

use crate::saga::{OnFailure, Saga, Step};
use crate::{ActionId, Reversibility, Target, TargetKind};
use homeostat_core::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::IpAddr;

const AGENT: &str = "http-api";

impl Saga {
    /// The playbook as JSON, made at `at`, for an agent that takes `OpenC2` over HTTP at `agent_url`. It names the
    /// targets of the steps.
    pub fn to_cacao(&self, at: Timestamp, agent_url: &str) -> String {
        let pen = Pen { saga: self, agent: format!("{AGENT}--{}", self.uuid("agent")) };
        let mut workflow = Map::new();
        let start = pen.write(&mut workflow);
        let identity = format!("identity--{}", self.uuid("identity"));
        let (made, agent) = (at.to_string(), pen.agent.clone());
        let targets: Map<String, Value> = self.steps().iter().map(|step| pen.target(step)).collect();
        json!({
            "type": "playbook",
            "spec_version": "cacao-2.0",
            "id": format!("playbook--{}", self.uuid("playbook")),
            "name": format!("Response {}", self.id()),
            "description": "Made from what homeostat-response planned; each containment is a lease.",
            "playbook_types": ["mitigation"],
            "created_by": identity,
            "created": made,
            "modified": made,
            "derived_from": [],
            "workflow_start": start,
            "workflow": workflow,
            "agent_definitions": {agent: {
                "type": AGENT,
                "name": "homeostat executor",
                "address": {"url": [agent_url]},
                "category": ["orchestrator"],
            }},
            "target_definitions": targets,
        })
        .to_string()
    }

    /// A UUID of version 8 (RFC 9562) of the saga's id and `what`.
    fn uuid(&self, what: &str) -> String {
        let digest = Sha256::new()
            .chain_update((self.id().len() as u64).to_le_bytes())
            .chain_update(self.id())
            .chain_update(what)
            .finalize();
        let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let number = number & !(0xF << 76) & !(0x3 << 62) | 8 << 76 | 2 << 62;
        let text = format!("{number:032x}");
        let cut = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
        [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
    }
}

/// The CACAO type that comes nearest: whatever is no person's is something that an address leads to.
fn target_type(target: &Target) -> &'static str {
    if target.kind == TargetKind::Person { "individual" } else { "net-address" }
}

struct Pen<'a> {
    saga: &'a Saga,
    agent: String,
}

impl Pen<'_> {
    fn id(&self, kind: &str, what: &str) -> String {
        format!("{kind}--{}", self.saga.uuid(what))
    }

    fn action_id(&self, id: &ActionId) -> String {
        self.id("action", id.as_str())
    }

    fn target_id(&self, step: &Step) -> String {
        self.id(target_type(&step.request.target), &format!("target {}", step.request.id))
    }

    fn target(&self, step: &Step) -> (String, Value) {
        let target = &step.request.target;
        let kind = target_type(target);
        let mut told = json!({"type": kind, "name": format!("{} {}", target.kind.as_str(), target.id)});
        if let (Ok(address), Some(told)) = (target.id.parse::<IpAddr>(), told.as_object_mut()) {
            let family = if address.is_ipv4() { "ipv4" } else { "ipv6" };
            told.insert("address".to_owned(), json!({family: [target.id]}));
        }
        (self.target_id(step), told)
    }

    /// Writes all steps; the id of the first.
    fn write(&self, workflow: &mut Map<String, Value>) -> String {
        let (start, end) = (self.id("start", "start"), self.id("end", "end"));
        let compensate = self.compensation(&end, workflow);
        let mut next = end.clone();
        for (number, layer) in self.layers().into_iter().enumerate().rev() {
            next = self.layer((number, &layer), (&next, compensate.as_deref()), workflow);
        }
        workflow.insert(start.clone(), json!({"type": "start", "on_completion": next}));
        workflow.insert(end, json!({"type": "end"}));
        start
    }

    /// The steps by how many others they wait for, one after another.
    fn layers(&self) -> Vec<Vec<&Step>> {
        let mut depth: BTreeMap<&ActionId, usize> = BTreeMap::new();
        let mut layers: Vec<Vec<&Step>> = Vec::new();
        for step in self.saga.steps() {
            let before = step.after.iter().filter_map(|id| depth.get(id)).max();
            let own = before.map_or(0, |depth| depth + 1);
            depth.insert(&step.request.id, own);
            if layers.len() <= own {
                layers.push(Vec::new());
            }
            if let Some(layer) = layers.get_mut(own) {
                layer.push(step);
            }
        }
        layers
    }

    /// Writes one layer; the id under which it begins.
    fn layer(
        &self,
        (number, steps): (usize, &[&Step]),
        (next, compensate): (&str, Option<&str>),
        workflow: &mut Map<String, Value>,
    ) -> String {
        let alone = steps.len() == 1;
        let mut ids = Vec::with_capacity(steps.len());
        for step in steps {
            let after = if alone { next.to_owned() } else { self.branch_end(step, workflow) };
            let mut action = self.action(step, step.request.action.facts().openc2_action, &after);
            if let (Some(compensate), Some(action)) = (compensate, action.as_object_mut()) {
                action.remove("on_completion");
                action.insert("on_success".to_owned(), json!(after));
                action.insert("on_failure".to_owned(), json!(compensate));
            }
            let id = self.action_id(&step.request.id);
            workflow.insert(id.clone(), action);
            ids.push(id);
        }
        match ids.pop() {
            Some(only) if alone => only,
            last => {
                ids.extend(last);
                let id = self.id("parallel", &format!("layer {number}"));
                let parallel = json!({"type": "parallel", "next_steps": ids, "on_completion": next});
                workflow.insert(id.clone(), parallel);
                id
            }
        }
    }

    /// Branches of a parallel step end by themselves.
    fn branch_end(&self, step: &Step, workflow: &mut Map<String, Value>) -> String {
        let id = self.id("end", &format!("end {}", step.request.id));
        workflow.insert(id.clone(), json!({"type": "end"}));
        id
    }

    /// Reverts everything that can be, the last step first; the id of the first of them.
    fn compensation(&self, end: &str, workflow: &mut Map<String, Value>) -> Option<String> {
        if self.saga.failure() == OnFailure::Keep {
            return None;
        }
        let mut next = end.to_owned();
        for step in self.saga.steps() {
            if step.request.action.facts().reversibility == Reversibility::NothingToUndo {
                continue;
            }
            let id = self.id("action", &format!("revert {}", step.request.id));
            workflow.insert(id.clone(), self.action(step, "restore", &next));
            next = id;
        }
        (next != end).then_some(next)
    }

    fn action(&self, step: &Step, verb: &str, next: &str) -> Value {
        let request = &step.request;
        let facts = request.action.facts();
        let mut args = Map::new();
        if let Some(ttl) = request.ttl_ms.filter(|_| verb != "restore") {
            args.insert("duration".to_owned(), json!(ttl));
        }
        let command = json!({
            "action": verb,
            "target": {facts.openc2_target: request.target.id},
            "args": args,
            "command_id": request.id.as_str(),
        });
        json!({
            "type": "action",
            "name": format!("{verb}: {}", request.action),
            "description": request.reason,
            "commands": [{
                "type": "openc2-http",
                "command": "POST / HTTP/1.1",
                "headers": {"Content-Type": ["application/openc2+json;version=1.0"]},
                "content": command.to_string(),
            }],
            "agent": self.agent,
            "targets": [self.target_id(step)],
            "on_completion": next,
        })
    }
}
