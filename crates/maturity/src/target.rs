//! The seam through which any product is tested: feed it events, ask what it knows and does.
//!
//! Laws: a target MUST answer from what it was fed so far and nothing else; it MUST NOT read the clock; an answer
//! it cannot give is [`Unsupported`], never a guess. The test is then not passed, for lack of that part.

use crate::view::{
    Acceptance, ActionRecord, FindingView, IncidentView, PlanId, PlanView, ReportView, Thresholds,
};
use core::fmt;
use homeostat_core::{Bits, Domain, EntityKey, EventRef, Timestamp};
use homeostat_event::Event;

/// A part that a stack may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Taking events of a kind it was fed.
    Feed,
    /// Event time that goes on without events.
    Tick,
    /// The risk of an identity.
    Risk,
    /// Thresholds and what tightens them.
    Thresholds,
    /// Response actions.
    Actions,
    /// Proposed remediations.
    Plans,
    /// Incidents.
    Incidents,
    /// Findings about posture.
    Findings,
    /// The story, asked from an event.
    Report,
    /// Explicit acceptance of new behaviour.
    Accept,
    /// Approval of a plan.
    Approve,
    /// Intelligence from outside, and the watch it puts on assets.
    Intelligence,
    /// A copy of itself, from a target that gave one before.
    Fork,
}

impl Part {
    /// Its name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Tick => "tick",
            Self::Risk => "risk",
            Self::Thresholds => "thresholds",
            Self::Actions => "actions",
            Self::Plans => "plans",
            Self::Incidents => "incidents",
            Self::Findings => "findings",
            Self::Report => "report",
            Self::Accept => "accept",
            Self::Approve => "approve",
            Self::Intelligence => "intelligence",
            Self::Fork => "fork",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The target lacks a part. A test that needs it is not passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the target lacks `{0}`")]
pub struct Unsupported(pub Part);

/// What the outside says: a weakness of a product is public.
#[derive(Clone, PartialEq)]
pub struct IntelItem {
    /// Its id.
    pub id: String,
    /// The product, spelt as the tenant's list of software spells it.
    pub product: String,
    /// How bad it is.
    pub bits: Bits,
    /// When it was published.
    pub published: Timestamp,
}

impl fmt::Debug for IntelItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntelItem({} at {:?})", self.bits, self.published)
    }
}

/// A stack under test: ours, a vendor's, a buyer's own.
///
/// One target lives for one run over one tenant, with its forks. Every method but [`feed`](Self::feed) answers
/// [`Unsupported`] until it is written, so that a product is connected part by part.
///
/// ```
/// use homeostat_event::Event;
/// use homeostat_maturity::{MaturityTarget, Part, Unsupported};
///
/// #[derive(Default)]
/// struct Counter(u64);
///
/// impl MaturityTarget for Counter {
///     fn feed(&mut self, _event: Event) -> Result<(), Unsupported> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
///
/// let counter = Counter::default();
/// assert_eq!(counter.incidents().err(), Some(Unsupported(Part::Incidents)));
/// ```
pub trait MaturityTarget {
    /// Takes the next event. Events come in order of time, as `homeostat-ingest` made them.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target cannot take events of this kind; it is then fed on.
    fn feed(&mut self, event: Event) -> Result<(), Unsupported>;

    /// A second target that knows what this one knows; what either is fed or told from here on, the other never sees.
    ///
    /// The suite then feeds what several tests have in common once, which takes a small part of the time. `None` when
    /// the target has no such copy: each test then has a fresh target and feeds it everything. A target that forks
    /// once MUST fork whenever it is asked, and a fork MUST answer as a target that was fed the same would.
    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        None
    }

    /// Event time has come to `now`, without an event.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn tick(&mut self, _now: Timestamp) -> Result<(), Unsupported> {
        Err(Unsupported(Part::Tick))
    }

    /// The risk of `who` as `domain` sees it, in `0.0..=1.0`; 0 for whom nothing is known.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn risk(&self, _who: &EntityKey, _domain: Domain) -> Result<f64, Unsupported> {
        Err(Unsupported(Part::Risk))
    }

    /// Whether what was seen in the event `event` reached the threshold of whoever did it; the last event is asked for,
    /// at once.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn fires(&self, _event: &EventRef) -> Result<bool, Unsupported> {
        Err(Unsupported(Part::Thresholds))
    }

    /// The thresholds that hold for `who` now, with their base.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn thresholds(&self, _who: &EntityKey) -> Result<Thresholds, Unsupported> {
        Err(Unsupported(Part::Thresholds))
    }

    /// All actions so far, in order of time, whatever became of them.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn actions(&self) -> Result<Vec<ActionRecord>, Unsupported> {
        Err(Unsupported(Part::Actions))
    }

    /// All proposals so far.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn plans(&self) -> Result<Vec<PlanView>, Unsupported> {
        Err(Unsupported(Part::Plans))
    }

    /// All incidents so far, open or closed.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        Err(Unsupported(Part::Incidents))
    }

    /// All findings so far.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn findings(&self) -> Result<Vec<FindingView>, Unsupported> {
        Err(Unsupported(Part::Findings))
    }

    /// The story in which the event `from` stands.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn report(&self, _from: &EventRef) -> Result<ReportView, Unsupported> {
        Err(Unsupported(Part::Report))
    }

    /// An analyst says that this behaviour is expected from now on.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn accept(&mut self, _what: &Acceptance) -> Result<(), Unsupported> {
        Err(Unsupported(Part::Accept))
    }

    /// An analyst approves a plan, which is then carried out.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this or knows no such plan.
    fn approve(&mut self, _plan: &PlanId) -> Result<(), Unsupported> {
        Err(Unsupported(Part::Approve))
    }

    /// The outside says that a product is attacked.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn intelligence(&mut self, _item: &IntelItem) -> Result<(), Unsupported> {
        Err(Unsupported(Part::Intelligence))
    }

    /// How much more closely than others this asset is watched now, in bits; 0 for not at all.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] when the target lacks this.
    fn watched(&self, _asset: &EntityKey) -> Result<f64, Unsupported> {
        Err(Unsupported(Part::Intelligence))
    }
}
