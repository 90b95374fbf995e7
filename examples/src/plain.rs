//! A plain stack, for comparison: one rule, "signed in from an address where this account never was".
//!
//! It remembers addresses by account and makes an incident of each alert; nothing is joined, ranked or learnt.

use homeostat_core::{Domain, EntityKey, EntityKind, Role, Timestamp};
use homeostat_event::{ClassUid, Event, Severity};
use homeostat_maturity::{IncidentView, MaturityTarget, Unsupported};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The risk of an account with an alert.
const ALERTED: f64 = 0.5;

/// Alerts when an account signs in from an address that is new for it.
#[derive(Clone, Default)]
pub struct PlainTarget {
    places: BTreeMap<EntityKey, BTreeSet<EntityKey>>,
    alerts: Vec<IncidentView>,
}

impl PlainTarget {
    fn alert(&mut self, event: &Event, who: &EntityKey) {
        self.alerts.push(IncidentView {
            id: (self.alerts.len() + 1).to_string(),
            opened: event.when(),
            severity: Severity::MEDIUM,
            confidence: ALERTED,
            open: true,
            steps: Vec::new(),
            who: vec![vec![who.clone()]],
            objects: Vec::new(),
            events: event.reference().into_iter().collect(),
            answers: BTreeMap::new(),
        });
    }
}

impl MaturityTarget for PlainTarget {
    fn feed(&mut self, event: Event) -> Result<(), Unsupported> {
        if event.class_uid() != ClassUid::AUTHENTICATION {
            return Ok(());
        }
        let entities = event.entities();
        let actor = entities.iter().find(|(_, role)| *role == Role::Actor).map(|(key, _)| key);
        let place = entities.iter().find(|(key, _)| key.kind() == EntityKind::Ip).map(|(key, _)| key);
        if let (Some(actor), Some(place)) = (actor, place) {
            let places = self.places.entry(actor.clone()).or_default();
            let first = places.is_empty();
            if places.insert(place.clone()) && !first {
                self.alert(&event, actor);
            }
        }
        Ok(())
    }

    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        Some(Box::new(self.clone()))
    }

    fn tick(&mut self, _now: Timestamp) -> Result<(), Unsupported> {
        Ok(())
    }

    fn risk(&self, who: &EntityKey, domain: Domain) -> Result<f64, Unsupported> {
        let known = domain == Domain::Identity
            && self.alerts.iter().flat_map(|one| &one.who).flatten().any(|key| key == who);
        Ok(if known { ALERTED } else { 0.0 })
    }

    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        Ok(self.alerts.clone())
    }
}

impl fmt::Debug for PlainTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainTarget({} accounts, {} alerts)", self.places.len(), self.alerts.len())
    }
}
