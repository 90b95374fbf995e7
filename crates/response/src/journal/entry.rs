//! What stands in the journal: records, whom they name, and what can go wrong with them.

use super::spellings;
use crate::request::Proposer;
use crate::{Action, ActionId, Brake, Drill, Event, Opinion, Person, Plan, Request, Target};
use homeostat_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::io;

/// What one record tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// Something happened to an action.
    Action {
        /// To which.
        id: ActionId,
        /// What.
        event: Event,
    },
    /// The brake was set.
    Brake {
        /// To what.
        brake: Brake,
        /// By whom.
        by: Person,
    },
    /// The gate set its own brake to [`Brake::HoldNew`], as more was proposed than the rails let pass.
    Surged {
        /// How many proposals met a budget or a floor within the policy's window.
        beyond: u32,
    },
    /// An executor took the journal over. Whoever wrote before is fenced off.
    Opened {
        /// Which taking over this is, from 1.
        epoch: u64,
    },
    /// An actuator was tried on a canary: applied, seen in force, reverted, seen not to be in force.
    Drilled {
        /// The actuator's name.
        actuator: String,
        /// What it was asked.
        action: Action,
        /// How it went.
        drill: Drill,
    },
    /// A person tells what they think of an action that was only shown.
    Judged {
        /// Of which.
        id: ActionId,
        /// Who.
        by: Person,
        /// Whether it should have been done.
        opinion: Opinion,
    },
}

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When, by the clock of leases.
    pub at: Timestamp,
    /// What happened.
    pub entry: Entry,
}

/// Whether records must survive a crash before going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// They may be lost with the tail: what they tell can be seen again.
    Buffered,
    /// They are promises: one sync.
    Synced,
}

/// Why the journal can not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// The storage failed.
    Storage(io::Error),
    /// The bytes from `offset` on are not those that were written.
    Altered {
        /// Where the record begins.
        offset: u64,
    },
    /// The record at `offset` is whole but of no known form, or tells what can not have happened.
    Unreadable {
        /// Where the record begins.
        offset: u64,
    },
    /// A record would be longer than 16 MiB.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Another executor took the journal over; this one may do nothing more.
    Fenced,
    /// An earlier write failed; open the journal anew.
    Broken,
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(_) => f.write_str("the journal's storage failed"),
            Self::Altered { offset } => write!(f, "the journal was altered at byte {offset}"),
            Self::Unreadable { offset } => {
                write!(f, "the journal's record at byte {offset} can not be understood")
            }
            Self::TooLong { bytes } => write!(f, "a record of {bytes} bytes is too long for the journal"),
            Self::Fenced => f.write_str("another executor has taken the journal over"),
            Self::Broken => f.write_str("an earlier write to the journal failed"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Storage(cause) = self { Some(cause) } else { None }
    }
}

impl From<io::Error> for JournalError {
    fn from(cause: io::Error) -> Self {
        Self::Storage(cause)
    }
}

impl Record {
    /// The spellings of everybody the record names, longest first.
    pub(super) fn people(&self) -> Vec<String> {
        let mut names: Vec<&str> = Vec::new();
        match &self.entry {
            Entry::Brake { by, .. } | Entry::Judged { by, .. } => names.push(by.name()),
            Entry::Surged { .. } | Entry::Opened { .. } | Entry::Drilled { .. } => {}
            Entry::Action { event, .. } => match event {
                Event::Proposed { request } => {
                    if let Proposer::Person(person) = &request.proposer {
                        names.push(person.name());
                    }
                    names.extend(personal(&request.target));
                }
                Event::Planned { plan, .. } => {
                    names.extend(personal(&plan.target));
                    names.extend(plan.touches.iter().filter_map(personal));
                }
                Event::Approved { by, .. }
                | Event::Extended { by, .. }
                | Event::RevertIntent { by: Some(by), .. } => names.push(by.name()),
                _ => {}
            },
        }
        let spellings: BTreeSet<String> = names.into_iter().flat_map(spellings).collect();
        let mut people: Vec<String> = spellings.into_iter().collect();
        people.sort_by_key(|name| std::cmp::Reverse(name.len()));
        people
    }

    /// The record with `map` done to every text that may name a person.
    pub(super) fn map_texts(mut self, map: &impl Fn(&str) -> String) -> Self {
        let person = |by: &mut Person| *by = Person::new(&map(by.name()));
        match &mut self.entry {
            Entry::Brake { by, .. } | Entry::Judged { by, .. } => person(by),
            Entry::Surged { .. } | Entry::Opened { .. } | Entry::Drilled { .. } => {}
            Entry::Action { event, .. } => match event {
                Event::Proposed { request } => map_request(request, map),
                Event::Planned { plan, .. } => map_plan(plan, map),
                Event::Approved { by, .. }
                | Event::Extended { by, .. }
                | Event::RevertIntent { by: Some(by), .. } => person(by),
                _ => {}
            },
        }
        self
    }
}

fn personal(target: &Target) -> Option<&str> {
    target.kind.is_personal().then_some(target.id.as_str())
}

fn map_target(target: &mut Target, map: &impl Fn(&str) -> String) {
    target.id = map(&target.id);
    target.attrs.values_mut().for_each(|value| *value = map(value));
}

fn map_request(request: &mut Request, map: &impl Fn(&str) -> String) {
    map_target(&mut request.target, map);
    request.args.values_mut().flatten().for_each(|value| *value = map(value));
    request.reason = map(&request.reason);
    request.incident = request.incident.as_deref().map(map);
    if let Proposer::Person(person) = &mut request.proposer {
        *person = Person::new(&map(person.name()));
    }
}

fn map_plan(plan: &mut Plan, map: &impl Fn(&str) -> String) {
    map_target(&mut plan.target, map);
    plan.touches.iter_mut().for_each(|target| map_target(target, map));
    plan.args.values_mut().flatten().for_each(|value| *value = map(value));
    plan.summary = map(&plan.summary);
    plan.undo = plan.undo.map_text(map);
}
