//! One record of custody: when, who, with what tool, and what was done.

use crate::{Containment, Digest, Format, Uncovered};
use core::fmt;
use homeostat_core::Timestamp;
use homeostat_response::ActionId;
use serde::{Deserialize, Serialize};

/// One record.
///
/// `Debug` shows capture, time and the kind of deed, never names, paths or reasons.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When, in UTC.
    pub at: Timestamp,
    /// In which capture: the id of its action.
    pub capture: ActionId,
    /// Who: a person or a program.
    pub who: String,
    /// With what tool.
    pub tool: Tool,
    /// What was done.
    pub deed: Deed,
}

/// A program and its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This crate.
    pub fn own() -> Self {
        Self::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    /// A program by name and version.
    pub fn new(name: &str, version: &str) -> Self {
        Self { name: name.to_owned(), version: version.to_owned() }
    }

    /// Whether `who` is a program, which needs no pseudonym: a name with `detector:` before it, or this crate.
    pub(crate) fn is_program(who: &str) -> bool {
        who.starts_with("detector:") || who == env!("CARGO_PKG_NAME")
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All of it is in.
    Whole,
    /// A limit cut it, or single items could not be read; the records before tell which.
    Partly,
    /// Nothing of it could be had.
    Failed,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Deed {
    /// A capture was begun.
    Begun {
        /// The kind and id of the target.
        target: String,
        /// The digest of the plan.
        plan: Digest,
        /// Why it is captured.
        why: String,
        /// How the target was contained before the first step.
        containment: Containment,
    },
    /// A step that nobody can carry out was left out.
    LeftOut {
        /// The step.
        step: String,
        /// Why.
        reason: Uncovered,
    },
    /// A step was begun, for the time of that number.
    StepBegun {
        /// The step.
        step: String,
        /// Through which channel.
        channel: String,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// An item came in.
    Acquired {
        /// The step.
        step: String,
        /// Its name on the asset.
        item: String,
        /// Its digest, by which the store names it.
        digest: Digest,
        /// How long it is, in bytes.
        bytes: u64,
        /// What form it has.
        format: Format,
        /// Whether a limit cut it.
        #[serde(default, skip_serializing_if = "is_false")]
        cut: bool,
        /// What the asset tells of it, such as its times and its owner.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        facts: String,
        /// Whom it is about.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        people: Vec<String>,
    },
    /// An item was seen and could not be read.
    Missed {
        /// The step.
        step: String,
        /// Its name on the asset.
        item: String,
        /// Why, in fixed words.
        reason: String,
    },
    /// A step could not be carried out, for now or for good.
    Tried {
        /// The step.
        step: String,
        /// What failed, in fixed words.
        reason: String,
    },
    /// A step ended.
    StepEnded {
        /// The step.
        step: String,
        /// How.
        ending: Ending,
        /// How the target was contained afterwards.
        containment: Containment,
    },
    /// The target's containment changed under the capture, which stopped.
    Halted {
        /// How it was contained before.
        before: Containment,
        /// How it is now.
        now: Containment,
    },
    /// Every step has its end.
    Finished {
        /// The digest of the manifest.
        manifest: Digest,
        /// How the target was contained at the end.
        containment: Containment,
    },
    /// What was captured was made events.
    Processed {
        /// How many events there are.
        events: u64,
        /// How many records could not be read.
        errors: u64,
    },
    /// It was handed over, or somebody looked at it.
    HandedOver {
        /// To whom.
        to: String,
        /// What for.
        purpose: String,
    },
    /// It was checked.
    Verified {
        /// How many objects were read whole.
        objects: u64,
        /// How many findings there were.
        problems: u64,
    },
    /// Evidence was destroyed on purpose.
    Destroyed {
        /// Which.
        digest: Digest,
        /// On whose authority and why.
        why: String,
    },
    /// The action that asked for the capture ended; the evidence stays.
    Released,
    /// A line that a crash had cut was taken off the end of this log.
    Recovered {
        /// How many bytes it had.
        bytes: u64,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Deed {
    /// The word on the wire.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Begun { .. } => "begun",
            Self::LeftOut { .. } => "left_out",
            Self::StepBegun { .. } => "step_begun",
            Self::Acquired { .. } => "acquired",
            Self::Missed { .. } => "missed",
            Self::Tried { .. } => "tried",
            Self::StepEnded { .. } => "step_ended",
            Self::Halted { .. } => "halted",
            Self::Finished { .. } => "finished",
            Self::Processed { .. } => "processed",
            Self::HandedOver { .. } => "handed_over",
            Self::Verified { .. } => "verified",
            Self::Destroyed { .. } => "destroyed",
            Self::Released => "released",
            Self::Recovered { .. } => "recovered",
        }
    }

    /// The people whom the deed itself names.
    pub(crate) fn people(&self) -> Vec<String> {
        match self {
            Self::Acquired { people, .. } => people.clone(),
            Self::HandedOver { to, .. } => vec![to.clone()],
            _ => Vec::new(),
        }
    }
}

impl Record {
    /// The same with `map` done to every text in which somebody may be named.
    pub(crate) fn map(&self, map: &mut dyn FnMut(&str) -> String) -> Self {
        let mut same = self.clone();
        same.who = map(&self.who);
        match &mut same.deed {
            Deed::Begun { target, why, .. } => (*target, *why) = (map(target), map(why)),
            Deed::Acquired { item, people, facts, .. } => {
                (*item, *facts) = (map(item), map(facts));
                *people = people.iter().map(|name| map(name)).collect();
            }
            Deed::Missed { item, .. } => *item = map(item),
            Deed::HandedOver { to, purpose } => (*to, *purpose) = (map(to), map(purpose)),
            Deed::Destroyed { why, .. } => *why = map(why),
            _ => {}
        }
        same
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("at", &self.at)
            .field("capture", &self.capture)
            .field("deed", &self.deed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
