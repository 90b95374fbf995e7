//! Who may do what now: the inventory and its graph, kept true by the changes that events show.
//!
//! A change after which somebody has full authority who had none before is told as a signal: by whom, to whom,
//! and by which path. Rights that one gives oneself weigh most. O(what the change touches) an event.

use crate::act::{describe, party_of};
use crate::upkeep::Upkeep;
use homeostat_core::{Bits, EntityKey, EntityKind, Occurrence, Reason, Role, Signal, Technique};
use homeostat_event::Event;
use homeostat_graph::{Change, Graph, Inventory, Path, Touched};
use std::collections::BTreeMap;

mod kept;

/// The name under which gained rights are told.
const NAME: &str = "rights-gained";
/// Full authority that one gave oneself: nobody who may have it needs to.
const BY_ONESELF: Bits = Bits::CRITICAL;
/// Full authority that another gave: an administrator does so now and then.
const BY_ANOTHER: Bits = Bits::MEDIUM;

/// Inventory and graph of one tenant.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    inventory: Inventory,
    graph: Graph,
    upkeep: Option<Upkeep>,
    unclear: u64,
    // What posture said of the last event.
    word: Word,
}

/// Whether what posture says of a change is all there is to say, or others may weigh it too.
///
/// What mends, what somebody answers for, and what was given to another and is told as a finding about that one, is
/// no oddity of whoever did it: those who keep an estate in order do rare things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Word {
    #[default]
    First,
    Last,
}

/// How near somebody is to full authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Outside,
    Administrator,
}

impl Estate {
    /// The estate that `inventory` describes.
    pub fn new(inventory: Inventory) -> Self {
        Self { graph: Graph::build(&inventory), inventory, upkeep: None, unclear: 0, word: Word::First }
    }

    /// What there is.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Who can get to what.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// With posture as well: what is misconfigured, followed by the same changes.
    #[must_use]
    pub fn with_upkeep(self, upkeep: Upkeep) -> Self {
        Self { upkeep: Some(upkeep), ..self }
    }

    /// What is misconfigured; `None` when nobody asked for it.
    pub fn upkeep(&self) -> Option<&Upkeep> {
        self.upkeep.as_ref()
    }

    pub(crate) fn upkeep_mut(&mut self) -> Option<&mut Upkeep> {
        self.upkeep.as_mut()
    }

    /// Whether the last event's own oddity counts beside what was said of it here.
    pub(crate) fn word(&self) -> Word {
        self.word
    }

    /// How many events showed a change but not whose, or were another tenant's.
    pub fn unclear(&self) -> u64 {
        self.unclear
    }

    /// Applies the changes that `event` shows; gives a signal for each principal that gained full authority and for
    /// each finding that opened, each complete.
    pub fn observe(&mut self, event: &Event) -> Vec<Signal> {
        self.word = Word::First;
        let changes = match Change::from_event(event) {
            Ok(changes) if changes.is_empty() => {
                self.upkeep.iter_mut().for_each(|upkeep| upkeep.exercise(event));
                return Vec::new();
            }
            Ok(changes) => changes,
            Err(_) => {
                self.unclear = self.unclear.saturating_add(1);
                return Vec::new();
            }
        };
        let mut touched = Touched::default();
        for change in &changes {
            match self.inventory.apply(change) {
                Ok(more) => touched.objects.extend(more.objects),
                Err(_) => self.unclear = self.unclear.saturating_add(1),
            }
        }
        // The graph still is as it was before the change.
        let before: BTreeMap<EntityKey, Standing> =
            touched.objects.iter().map(|key| (key.clone(), self.standing(key))).collect();
        self.graph.update(&self.inventory, &touched);
        let Some(occurrence) = event.occurrence() else { return Vec::new() };
        let found = self.upkeep.as_mut().map(|upkeep| upkeep.follow(event, &changes)).unwrap_or_default();
        if self.upkeep.as_ref().is_some_and(Upkeep::is_answered) {
            self.word = Word::Last;
        }
        let rose = before.into_iter().filter(|(key, standing)| self.standing(key) > *standing);
        let rose = rose.map(|(key, _)| self.gained(&occurrence, event, key));
        // What a finding tells of the one who gained is not told once more as an oddity of the one who gave.
        let told = |gained: &Signal| {
            let other = gained.bits < BY_ONESELF;
            other && found.iter().any(|finding| finding.target.is_some() && finding.target == gained.target)
        };
        let mut signals: Vec<Signal> = rose.filter(|gained| !told(gained)).collect();
        signals.extend(found);
        signals
    }

    /// Applies a change that no event told.
    pub(crate) fn apply(&mut self, change: &Change) {
        match self.inventory.apply(change) {
            Ok(touched) => drop(self.graph.update(&self.inventory, &touched)),
            Err(_) => self.unclear = self.unclear.saturating_add(1),
        }
    }

    fn standing(&self, key: &EntityKey) -> Standing {
        let principal = matches!(key.kind(), EntityKind::IamUserArn | EntityKind::IamRoleArn);
        if principal && self.graph.is_administrator(key) {
            Standing::Administrator
        } else {
            Standing::Outside
        }
    }

    fn gained(&self, occurrence: &Occurrence, event: &Event, who: EntityKey) -> Signal {
        let actor = party_of(event).unwrap_or_else(|| who.clone());
        let bits = if actor == who { BY_ONESELF } else { BY_ANOTHER };
        let approved = self.upkeep.as_ref().is_some_and(|upkeep| upkeep.is_approved(&who));
        let mut signal = Signal::new(NAME, occurrence, &actor, bits);
        signal.techniques.extend(Technique::parse("T1098.003"));
        let path =
            self.graph.path_to_administrator(&who).map_or_else(String::new, |path| self.steps_of(&path));
        signal.reasons.push(Reason::new("rights", format!("full authority{path}"), "less than that", bits));
        signal.involve(who, Role::Target);
        describe(&mut signal, event);
        if approved {
            // Somebody answers for it.
            signal.bits = Bits::ZERO;
        }
        signal
    }

    /// The steps of a path in words, each with its kind.
    fn steps_of(&self, path: &Path) -> String {
        let kinds: Vec<&str> = path
            .steps
            .iter()
            .filter_map(|edge| self.graph.kinds().info(edge.kind))
            .map(|kind| &*kind.name)
            .collect();
        if kinds.is_empty() { String::new() } else { format!(" by {}", kinds.join(", ")) }
    }
}
