//! What would mend a finding about a principal: the rights it uses and no others, as a diff with its inverse, tried
//! out before anybody is asked.

use crate::estate::Estate;
use crate::upkeep::{Upkeep, WINDOW};
use core::fmt;
use homeostat_core::{EntityKey, EventRef, Occurrence, Signal, Timestamp};
use homeostat_graph::{Evidence, LinkKind, PolicySlot};
use homeostat_incident::IncidentId;
use homeostat_posture::{Change, Finding, FindingId, Op, Patch, Proposal};
use serde_json::Value;
use std::collections::BTreeSet;

/// The name of the policy that a repair leaves.
const LEFT: &str = "used-rights";

/// A proposed repair.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Repair {
    /// Which finding it mends.
    pub finding: FindingId,
    /// The incident that the finding belongs to.
    pub incident: Option<IncidentId>,
    /// Whose rights change.
    pub who: EntityKey,
    /// The actions granted now, as patterns.
    pub before: BTreeSet<String>,
    /// The actions granted afterwards.
    pub after: BTreeSet<String>,
    /// How many of the actions in `permissions.txt` of this crate are granted on something, now and afterwards.
    pub permissions: (u64, u64),
    /// What changes in the principal's document.
    pub patch: Patch,
    /// The way back.
    pub inverse: Patch,
    /// How many pairs of action and resource were used and stay allowed.
    pub kept: usize,
    /// How many would be lost; none, unless policies could not be read.
    pub lost: usize,
    /// Whether, tried out on a copy, the finding and every path to full authority are gone.
    pub path_gone: bool,
    policy: Option<String>,
}

impl Repair {
    /// Its id, the same whenever it is proposed for the same finding.
    pub fn id(&self) -> String {
        format!("repair-{}", self.finding)
    }
}

impl fmt::Debug for Repair {
    /// Shows whose rights and counts, no action.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.permissions;
        write!(f, "Repair({:?}, {before} to {after} permissions, {} lost)", self.who, self.lost)
    }
}

impl Estate {
    /// What would mend the findings that changes opened and nobody approved of. Tries each out on a copy of the
    /// estate: O(estate) a finding.
    pub fn repairs(&self) -> Vec<Repair> {
        let Some(upkeep) = self.upkeep() else { return Vec::new() };
        upkeep.posture().drift().filter_map(|finding| self.repair(upkeep, finding)).collect()
    }

    /// Says that `repair` was carried out at `done`; gives signals for what that opened, if anything.
    pub fn carry_out(&mut self, repair: &Repair, done: &Occurrence) -> Vec<Signal> {
        let evidence = Evidence::Event(done.event.clone());
        for op in self.grants(repair) {
            let (tenant, evidence) = (done.tenant.clone(), evidence.clone());
            self.apply(&homeostat_graph::Change { tenant, at: done.time, position: None, evidence, op });
        }
        let op = Op::Patch { object: repair.who.clone(), patch: repair.patch.clone() };
        let (tenant, at, evidence) = (done.tenant.clone(), done.time, done.event.clone());
        self.upkeep_mut()
            .map_or_else(Vec::new, |upkeep| upkeep.carry_out(&Change { tenant, at, evidence, op }))
    }

    fn repair(&self, upkeep: &Upkeep, finding: &Finding) -> Option<Repair> {
        let (posture, who) = (upkeep.posture(), finding.object());
        let since =
            posture.clock().micros().map_or(Timestamp::FIRST, |now| Timestamp::from_micros(now - WINDOW));
        let proposal = posture.least_privilege(who, upkeep.usage(), since)?;
        let document = posture.document(who)?;
        let patch = proposal.patch(&document)?;
        let after = actions(proposal.policy.as_deref());
        let unused = proposal.unused.iter().map(|unused| unused.action.clone());
        let mut repair = Repair {
            finding: finding.id(),
            incident: upkeep.incident_of(finding.id()),
            who: who.clone(),
            before: after.iter().cloned().chain(unused).collect(),
            after,
            permissions: counted(&proposal),
            inverse: patch.inverse(&document).ok()?,
            patch,
            kept: proposal.kept,
            lost: proposal.lost.len(),
            path_gone: false,
            policy: proposal.policy,
        };
        repair.path_gone = self.is_mended_by(&repair);
        Some(repair)
    }

    /// Carries `repair` out on a copy and looks.
    fn is_mended_by(&self, repair: &Repair) -> bool {
        let Some(upkeep) = self.upkeep() else { return false };
        let Some(tenant) = upkeep.posture().tenant().cloned() else { return false };
        let Ok(event) = EventRef::new("trial", 0) else { return false };
        let (time, domain) = (upkeep.posture().clock(), homeostat_core::Domain::Cloud);
        let mut trial = self.clone();
        trial.carry_out(repair, &Occurrence { tenant, event, time, domain });
        let open = trial.upkeep().is_some_and(|upkeep| upkeep.posture().finding(repair.finding).is_some());
        !open && trial.graph().path_to_administrator(&repair.who).is_none()
    }

    /// What the repair takes from the principal in the inventory, and what it leaves.
    fn grants(&self, repair: &Repair) -> Vec<homeostat_graph::Op> {
        use homeostat_graph::Op as Told;
        let who = &repair.who;
        let Some(known) = self.inventory().object(self.inventory().resolve(who)) else { return Vec::new() };
        let inline = known.policies().filter(|slot| matches!(slot, PolicySlot::Inline(_)));
        let mut ops: Vec<Told> =
            inline.map(|slot| Told::RemovePolicy { object: who.clone(), slot: slot.clone() }).collect();
        for kind in [LinkKind::Attached, LinkKind::MemberOf] {
            let gone = known.links(kind).map(|to| Told::Unlink { from: who.clone(), kind, to: to.clone() });
            ops.extend(gone);
        }
        if let Some(document) = repair.policy.clone() {
            let slot = PolicySlot::Inline(LEFT.to_owned());
            ops.push(Told::PutPolicy { object: who.clone(), slot, document });
        }
        ops
    }
}

/// The actions that a policy names.
fn actions(policy: Option<&str>) -> BTreeSet<String> {
    let value: Option<Value> = policy.and_then(|json| serde_json::from_str(json).ok());
    let statements = value.as_ref().and_then(|value| value.get("Statement")).and_then(Value::as_array);
    let allows = |statement: &&Value| statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let named =
        statements.into_iter().flatten().filter(allows).filter_map(|one| one.get("Action")?.as_array());
    named.flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// How many of the actions that matter are granted before and after.
fn counted(proposal: &Proposal) -> (u64, u64) {
    let lines = include_str!("permissions.txt").lines();
    let (before, after) = proposal.reduction(lines.filter(|line| !line.is_empty() && !line.starts_with('#')));
    (before as u64, after as u64)
}
