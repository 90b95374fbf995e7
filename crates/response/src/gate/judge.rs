//! What stands against an action: the rules, and what only the gate knows: budgets, floors, drills, mode, brake.

use super::{Brake, Gate, GateError, Mode, Proposal};
use crate::case::Hold;
use crate::decision::{Because, Decision};
use crate::journal::Storage;
use crate::policy::Ruling;
use crate::rails::{Asked, Fit};
use crate::{Action, ActionId, Effect};
use homeostat_core::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

impl<S: Storage> Gate<S> {
    pub(super) fn check(
        &self,
        proposal: &Proposal<'_>,
        effect: Effect,
        now: Timestamp,
    ) -> Result<(), GateError> {
        let Proposal { request, plan, .. } = proposal;
        let for_this = plan.id == request.id && plan.action == request.action;
        let may_last = matches!(effect, Effect::Remediation | Effect::Irreversible);
        match () {
            () if request.tenant != self.config.tenant => Err(GateError::OtherTenant),
            () if !for_this || !plan.target.is(&request.target) => Err(GateError::OtherPlan),
            () if !(0.0..=1.0).contains(&request.confidence) => Err(GateError::BadConfidence),
            () if request.ttl_ms.unwrap_or(0) == 0 && !may_last => Err(GateError::NoLease),
            () if !now.is_moment() => Err(GateError::NoTime),
            () => Ok(()),
        }
    }

    pub(super) fn decide(&mut self, asked: &Asked<'_>, actuator: &str) -> Decision {
        let mut decision = self.config.rails.decide(asked);
        match self.config.mode {
            Mode::Observe => decision.add(Because::ObserveMode),
            Mode::Ask => decision.add(Because::AskMode),
            Mode::Act => {}
        }
        let (charges, unknown) = self.ledger.charges(asked.request, asked.plan);
        let now = self.clock.now();
        let mut exceeded = self.ledger.exceeded(&charges, now);
        if self.config.mode == Mode::Observe {
            self.end_shadows(now);
            exceeded.append(&mut self.shadow.exceeded(&charges, now));
        }
        let floors = self.floors(asked);
        let undrilled = self.undrilled(&decision, (actuator, asked.request.action));
        unknown.into_iter().chain(exceeded).chain(floors).chain(undrilled).for_each(|one| decision.add(one));
        decision
    }

    /// The rules that let it pass only after a drill, and there was none.
    fn undrilled(&self, decision: &Decision, (actuator, action): (&str, Action)) -> Vec<Because> {
        let last = self.drills.get(&(actuator.to_owned(), action)).copied();
        let passing = decision.because.iter().filter_map(|because| match because {
            Because::Rule { id, then: Ruling::Autonomous } => Some(id),
            _ => None,
        });
        let fresh = |within: u64| {
            let until = last.and_then(|at| at.plus(Duration::from_millis(within)));
            until.is_some_and(|until| self.clock.now() <= until)
        };
        let rules =
            passing.filter(|id| self.config.rails.drill_within(id).is_some_and(|within| !fresh(within)));
        rules.map(|rule| Because::NoDrill { rule: rule.clone() }).collect()
    }

    /// The floors that doing this would break, or of which that is not known.
    fn floors(&self, asked: &Asked<'_>) -> Vec<Because> {
        let mut broken = Vec::new();
        if asked.effect == Effect::Capture {
            return broken;
        }
        for (floor, selector) in &self.config.rails.floors {
            let counts = |target: &&crate::Target| selector.selects(target) != Fit::No;
            let hit: BTreeSet<_> =
                asked.plan.touches.iter().chain([&asked.request.target]).filter(counts).collect();
            if hit.is_empty() {
                continue;
            }
            let in_force = self.live.iter().filter_map(|id| self.book.get(id));
            let in_force = in_force.filter(|case| case.cuts()).filter_map(|case| case.plan.as_ref());
            let held = in_force.flat_map(|plan| &plan.touches).filter(counts);
            let down: BTreeSet<_> = held.chain(hit).map(|target| (target.kind, &target.id)).collect();
            let id = floor.id.clone();
            match self.populations.get(&id).map(|all| all.saturating_sub(down.len() as u64)) {
                None => broken.push(Because::FloorUnknown { id }),
                Some(left) if left < floor.min_remaining => broken.push(Because::Floor { id }),
                Some(_) => {}
            }
        }
        broken
    }

    /// What keeps an allowed action from beginning now.
    pub(super) fn hold(&mut self, id: &ActionId, now: Timestamp) -> Result<Option<Hold>, GateError> {
        let lease_now = self.clock.advance(now);
        if self.brake != Brake::Run {
            return Ok(Some(Hold::Brake));
        }
        let case = self.book.get(id).ok_or(GateError::UnknownAction)?;
        let (Some(request), Some(plan), Some(known)) =
            (case.request.clone(), case.plan.clone(), case.decision.clone())
        else {
            return Err(GateError::UnknownAction);
        };
        let waited_until = case.asked_at.plus(self.patience()).unwrap_or(Timestamp::NEVER);
        if waited_until <= lease_now {
            return Ok(Some(Hold::TooLate));
        }
        let (offsets, actuator) = (self.offsets.clone(), case.actuator.clone());
        let asked = Asked { request: &request, plan: &plan, effect: case.effect, now, offsets: &offsets };
        let fresh = self.decide(&asked, &actuator);
        // What people said yes to is what they were shown; anything that came since holds.
        let new = fresh.because.difference(&known.because).filter(|one| one.demands() > Ruling::Autonomous);
        let new: BTreeSet<Because> = new.cloned().collect();
        Ok((!new.is_empty()).then_some(Hold::Changed(new)))
    }
}
