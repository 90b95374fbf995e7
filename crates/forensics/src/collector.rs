//! What carries out the steps of a plan: one trait for every channel, whatever product is behind it.

use crate::{Channel, Step};
use core::fmt;
use homeostat_response::Target;
use std::io::Read;

/// Carries out steps through one channel. This is what a vendor writes for the live response of a product.
///
/// Laws, which `conformance::collector_laws` tests where they show:
/// 1. It MUST change nothing on the asset but what the step says it touches, and never the asset's containment.
/// 2. It MUST hand each item to the sink as a stream, and never hold a whole one in memory.
/// 3. Names of items MUST differ within a step, and be the same when the step is taken again.
/// 4. It MUST end with the sink's [`Stop`] when the sink says so, and MUST NOT retry by itself.
/// 5. It MUST tell whom an item is about, where its name or place says so.
pub trait Collector: Send + Sync {
    /// What the channel can do.
    fn channel(&self) -> &Channel;

    /// Takes `step` on `target`, and hands what it finds to `sink`.
    ///
    /// # Errors
    ///
    /// [`CollectError`]; what the sink took before stays.
    fn collect(&self, step: &Step, target: &Target, sink: &mut dyn Sink) -> Result<(), CollectError>;
}

const _: Option<&dyn Collector> = None;

/// Takes the items of a step.
pub trait Sink {
    /// Whether an item of that name is in already, so that its content need not be fetched.
    fn has(&self, name: &str) -> bool;

    /// Takes an item, reading `content` to its end or to a limit.
    ///
    /// # Errors
    ///
    /// [`Stop`] when nothing more is taken; hand it on.
    fn take(&mut self, item: &Item, content: &mut dyn Read) -> Result<Kept, Stop>;

    /// Notes that an item was seen and could not be read; `reason` in fixed words.
    ///
    /// # Errors
    ///
    /// [`Stop`] when nothing more is taken.
    fn miss(&mut self, item: &Item, reason: &'static str) -> Result<(), Stop>;
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// It is in, whole.
    Whole,
    /// A limit cut it.
    Cut,
    /// It was in already.
    Before,
    /// It could not be read to its end, and nothing of it is in.
    Missed,
}

/// Nothing more is taken: a limit of the step, or a store that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing more is taken")]
pub struct Stop(pub(crate) ());

/// Why a step could not be carried out. Exhaustive: the capture decides on each.
///
/// `at` says what failed, in its author's own fixed words; never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// The asset is out of reach for now; the step is tried again.
    #[error("out of reach at `{at}`")]
    Unreachable {
        /// What failed.
        at: &'static str,
    },
    /// It will not go well later either: a right is missing, or the channel lost what its table says.
    #[error("refused at `{at}`")]
    Refused {
        /// What failed.
        at: &'static str,
    },
    /// The sink takes nothing more.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

/// What is known of an item before its content is read.
///
/// `Debug` shows how long the name is and never the name: it may name a person.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Item {
    /// Its name on the asset: a path, or the name of a listing. It is never used as a path here.
    pub name: String,
    /// What the asset tells of it: size, times, owner.
    pub facts: String,
    /// Whom it is about.
    pub people: Vec<String>,
}

impl Item {
    /// An item of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), facts: String::new(), people: Vec::new() }
    }

    /// The same, of which the asset tells `facts`.
    #[must_use]
    pub fn with_facts(self, facts: impl Into<String>) -> Self {
        Self { facts: facts.into(), ..self }
    }

    /// The same, being about `person` too.
    #[must_use]
    pub fn about(mut self, person: impl Into<String>) -> Self {
        self.people.push(person.into());
        self
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({} bytes of name)", self.name.len())
    }
}
