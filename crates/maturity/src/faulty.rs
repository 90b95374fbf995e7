//! A sound stack with one fault laid over it: what most reference mutants are.
//!
//! The fault changes answers only, so that the stack below sees all and does all: what a test then misses is that
//! fault and nothing else.

use crate::view::{
    Acceptance, ActionKind, ActionRecord, FindingView, IncidentView, PlanId, PlanView, ReportView, Thresholds,
};
use crate::{IntelItem, MaturityTarget, Mutant, Unsupported};
use homeostat_core::{Domain, EntityKey, EntityKind, EventRef, Stage, Timestamp};
use homeostat_event::Event;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Faulty {
    pub(crate) below: Box<dyn MaturityTarget>,
    pub(crate) fault: Mutant,
    pub(crate) desks: Desks,
}

/// Who was seen at which addresses and machines.
#[derive(Clone, Default)]
pub(crate) struct Desks {
    people: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
    places: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
}

impl Desks {
    fn learn(&mut self, event: &Event) {
        let named = event.entities();
        let is_person = |key: &EntityKey| matches!(key.kind(), EntityKind::Upn | EntityKind::Email);
        let is_place = |key: &EntityKey| matches!(key.kind(), EntityKind::Ip | EntityKind::Hostname);
        for (person, _) in named.iter().filter(|(key, _)| is_person(key)) {
            for (place, _) in named.iter().filter(|(key, _)| is_place(key)) {
                self.people.entry(place.clone()).or_default().insert(person.clone());
                self.places.entry(person.clone()).or_default().insert(place.clone());
            }
        }
    }

    /// Everybody who was seen where `who` was.
    fn beside(&self, who: &EntityKey) -> BTreeSet<EntityKey> {
        let places = self.places.get(who).into_iter().flatten();
        places.filter_map(|place| self.people.get(place)).flatten().cloned().collect()
    }
}

impl MaturityTarget for Faulty {
    fn feed(&mut self, event: Event) -> Result<(), Unsupported> {
        let absorbed = self.fault == Mutant::AbsorbsDrift;
        let actor = event.actor().filter(|_| absorbed);
        let who = actor.map(|actor| actor.keys().to_vec()).unwrap_or_default();
        let at = event.when();
        if matches!(self.fault, Mutant::JoinsByAddress | Mutant::Leaky) {
            self.desks.learn(&event);
        }
        let taken = self.below.feed(event);
        for who in who {
            // Nobody says so, and it is not counted.
            let _ = self.below.accept(&Acceptance { who, from: at, until: at });
        }
        taken
    }

    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        let desks = self.desks.clone();
        Some(Box::new(Self { below: self.below.fork()?, fault: self.fault, desks }))
    }

    fn tick(&mut self, now: Timestamp) -> Result<(), Unsupported> {
        self.below.tick(now)
    }

    fn risk(&self, who: &EntityKey, domain: Domain) -> Result<f64, Unsupported> {
        let mut risk = self.below.risk(who, domain)?;
        if self.fault == Mutant::Leaky {
            for other in self.desks.beside(who) {
                risk = risk.max(self.below.risk(&other, domain)?);
            }
        }
        let own = self.fault != Mutant::RiskOfDomain || matches!(domain, Domain::Identity | Domain::Saas);
        Ok(if own { risk } else { 0.0 })
    }

    fn fires(&self, event: &EventRef) -> Result<bool, Unsupported> {
        self.below.fires(event)
    }

    fn thresholds(&self, who: &EntityKey) -> Result<Thresholds, Unsupported> {
        self.below.thresholds(who)
    }

    fn actions(&self) -> Result<Vec<ActionRecord>, Unsupported> {
        let mut actions = self.below.actions()?;
        let first = actions.first().map(|action| action.domain);
        if self.fault == Mutant::ActsInOneDomain {
            actions.retain(|action| Some(action.domain) == first);
        }
        for action in &mut actions {
            match self.fault {
                Mutant::LocksOut if action.kind.contains() => action.kind = ActionKind::Lock,
                Mutant::NeverExpires => action.expires = Timestamp::NEVER,
                _ => {}
            }
        }
        Ok(actions)
    }

    fn plans(&self) -> Result<Vec<PlanView>, Unsupported> {
        self.below.plans()
    }

    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        let mut incidents = self.below.incidents()?;
        if self.fault == Mutant::Late {
            let harmed = |one: &IncidentView| one.steps.iter().any(|step| step.stage >= Stage::Collection);
            incidents.retain(harmed);
        }
        if self.fault == Mutant::JoinsByAddress {
            for group in incidents.iter_mut().flat_map(|incident| &mut incident.who) {
                let others: Vec<EntityKey> = group.iter().flat_map(|key| self.desks.beside(key)).collect();
                group.extend(others);
            }
        }
        if self.fault == Mutant::OutcomeOnly {
            for incident in &mut incidents {
                let setup = incident.steps.len().saturating_sub(1);
                let gone: Vec<EventRef> =
                    incident.steps.drain(..setup).flat_map(|step| step.events).collect();
                incident.events.retain(|event| !gone.contains(event));
            }
        }
        Ok(incidents)
    }

    fn findings(&self) -> Result<Vec<FindingView>, Unsupported> {
        let mut findings = self.below.findings()?;
        if self.fault == Mutant::ForgetsFixes {
            for finding in &mut findings {
                finding.regressed = None;
            }
        }
        Ok(findings)
    }

    fn report(&self, from: &EventRef) -> Result<ReportView, Unsupported> {
        self.below.report(from)
    }

    fn accept(&mut self, what: &Acceptance) -> Result<(), Unsupported> {
        self.below.accept(what)
    }

    fn approve(&mut self, plan: &PlanId) -> Result<(), Unsupported> {
        self.below.approve(plan)
    }

    fn intelligence(&mut self, item: &IntelItem) -> Result<(), Unsupported> {
        self.below.intelligence(item)
    }

    fn watched(&self, asset: &EntityKey) -> Result<f64, Unsupported> {
        self.below.watched(asset)
    }
}
