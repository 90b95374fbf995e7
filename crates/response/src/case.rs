//! What the gate knows of one action: its phase, and while it is not over its request, plan and lease.

use crate::decision::{Because, Decision};
use crate::lifecycle::{Event, Phase};
use crate::request::Proposer;
use crate::{Action, Effect, Plan, Request};
use homeostat_core::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What keeps an action that is allowed from beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The brake is set.
    Brake,
    /// This was not there when it was decided: a budget used up since, a floor, a calendar.
    Changed(BTreeSet<Because>),
    /// It waited longer than the policy lets it.
    TooLate,
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) phase: Phase,
    pub(crate) request: Option<Request>,
    pub(crate) plan: Option<Arc<Plan>>,
    pub(crate) action: Option<Action>,
    pub(crate) actuator: String,
    pub(crate) effect: Effect,
    pub(crate) decision: Option<Decision>,
    /// When it was asked for, by the clock of leases.
    pub(crate) asked_at: Timestamp,
    /// When its lease ends, by the clock of leases.
    pub(crate) expires_at: Timestamp,
}

impl Case {
    pub(crate) fn new(asked_at: Timestamp) -> Self {
        Self {
            phase: Phase::New,
            request: None,
            plan: None,
            action: None,
            actuator: String::new(),
            effect: Effect::Irreversible,
            decision: None,
            asked_at,
            expires_at: Timestamp::NEVER,
        }
    }

    /// Takes over one event, after which the phase is `next`.
    pub(crate) fn accept(&mut self, event: Event, next: Phase, _at: Timestamp) {
        self.phase = next;
        match event {
            Event::Proposed { request } => {
                self.action = Some(request.action);
                self.request = Some(*request);
            }
            Event::Planned { plan, actuator, effect, decision } => {
                self.plan = Some(Arc::new(*plan));
                self.actuator = actuator;
                self.effect = effect;
                self.decision = Some(decision);
            }
            Event::ApplyIntent { expires_at } | Event::Extended { expires_at, .. } => {
                self.expires_at = expires_at;
            }
            _ => {}
        }
    }

    /// By which actuator what was done.
    pub(crate) fn done_by(&self) -> Option<(String, Action)> {
        Some((self.actuator.clone(), self.action?))
    }

    /// Drops what only a live action needs.
    pub(crate) fn forget_details(&mut self) {
        self.request = None;
        self.plan = None;
    }

    /// Whether it may be in force and restricts somebody.
    pub(crate) fn cuts(&self) -> bool {
        self.phase.may_be_in_force() && self.effect > Effect::Capture
    }

    /// Whether it names this person.
    pub(crate) fn names(&self, name: &str) -> bool {
        let same = |id: &str| id.to_lowercase() == name.to_lowercase();
        let request = self.request.as_ref();
        let proposed = request.is_some_and(|request| {
            same(&request.target.id)
                || matches!(&request.proposer, Proposer::Person(person) if same(person.name()))
        });
        let approved = matches!(&self.phase, Phase::AwaitingApproval { approvers, .. }
            if approvers.iter().any(|person| same(person.name())));
        let touched = self.plan.as_ref().is_some_and(|plan| plan.touches.iter().any(|one| same(&one.id)));
        proposed || approved || touched
    }
}
