//! The answer: how many bits, made of what, resting on how much.

use crate::NegativeBinomial;
use crate::observation::Name;
use crate::threshold::Threshold;
use core::fmt;
use homeostat_core::{Bits, EntityKey, Occurrence, Reason, Signal, Timestamp};

/// How surprising one observation was, and why. A statement at its time: it is never rewritten.
///
/// ```
/// use homeostat_baseline::{Baseline, Observation};
/// use homeostat_core::{EntityKey, EntityKind, Position, State as _, Timestamp};
///
/// let jane = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example")?;
/// let mut baseline = Baseline::default();
/// for day in 0..30 {
///     let time = Timestamp::from_micros(day * 86_400_000_000);
///     baseline.observe(Position::at(day as u64), &Observation::new(jane.clone(), time).with("country", "DE"))?;
/// }
/// let abroad = Observation::new(jane, Timestamp::from_micros(30 * 86_400_000_000)).with("country", "BR");
/// let verdict = baseline.score(&abroad)?;
/// assert_eq!(verdict.contributions()[0].aspect(), "country");
/// assert!(verdict.without_top() < verdict.bits());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Verdict {
    pub(crate) entity: EntityKey,
    pub(crate) time: Timestamp,
    pub(crate) maturity: Maturity,
    pub(crate) mark: Option<Mark>,
    // What of it is the creep of the rate, the same all day.
    pub(crate) creep: Bits,
    // The sum of 1/p over all aspects, and their number. INVARIANT: odds >= aspects.
    pub(crate) odds: f64,
    pub(crate) aspects: u32,
    pub(crate) contributions: Vec<Contribution>,
}

impl Verdict {
    /// The most contributions that are kept, the heaviest first.
    pub const CONTRIBUTIONS: usize = 8;

    /// The surprise of all aspects together.
    pub fn bits(&self) -> Bits {
        bits_of(self.odds, self.aspects)
    }

    /// The surprise if the heaviest contribution said nothing: lower, whenever there is one.
    pub fn without_top(&self) -> Bits {
        let top = self.contributions.first().map_or(1.0, |top| 1.0 / top.bits.probability());
        bits_of(self.odds - top + 1.0, self.aspects)
    }

    /// What of it is the slow rise of the entity's rate: the same for all events of a day.
    pub fn creep(&self) -> Bits {
        self.creep
    }

    /// The surprise if the slow rise said nothing: what this one event adds.
    pub fn without_creep(&self) -> Bits {
        if self.creep > Bits::ZERO {
            bits_of(self.odds - 1.0 / self.creep.probability() + 1.0, self.aspects)
        } else {
            self.bits()
        }
    }

    /// Who it is about.
    pub fn entity(&self) -> &EntityKey {
        &self.entity
    }

    /// The time of the observation.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// What the score rests on, the heaviest first: each of more than one bit, at most [`Self::CONTRIBUTIONS`].
    pub fn contributions(&self) -> &[Contribution] {
        &self.contributions
    }

    /// How much of the entity was known.
    pub fn maturity(&self) -> Maturity {
        self.maturity
    }

    /// Whether it came after its minute had been learnt.
    pub fn is_late(&self) -> bool {
        self.mark == Some(Mark::Late)
    }

    /// Whether it claims to be further ahead than [`FUTURE_LIMIT`](homeostat_core::FUTURE_LIMIT).
    pub fn is_future(&self) -> bool {
        self.mark == Some(Mark::Future)
    }

    /// The reasons in words. Built only here; they hold values of the observation.
    pub fn reasons(&self) -> Vec<Reason> {
        self.contributions.iter().map(Contribution::reason).collect()
    }

    /// What `detector` says about the event of `occurrence`.
    pub fn signal(&self, detector: &str, occurrence: &Occurrence) -> Signal {
        let mut signal = Signal::new(detector, occurrence, &self.entity, self.bits());
        signal.reasons = self.reasons();
        signal
    }

    /// The signal, when the bits reach `threshold`; marked when only tightening let it through.
    pub fn signal_over(
        &self,
        threshold: &Threshold,
        detector: &str,
        occurrence: &Occurrence,
    ) -> Option<Signal> {
        let tightened = threshold.admits(self.bits())?;
        let mut signal = self.signal(detector, occurrence);
        signal.tightened = tightened;
        Some(signal)
    }
}

fn bits_of(odds: f64, aspects: u32) -> Bits {
    if aspects == 0 { Bits::ZERO } else { Bits::of_probability(f64::from(aspects) / odds) }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdict")
            .field("entity", &self.entity)
            .field("time", &self.time)
            .field("bits", &self.bits())
            .field("maturity", &self.maturity)
            .field("contributions", &self.contributions)
            .finish_non_exhaustive()
    }
}

/// What is out of order about an observation's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Late,
    Future,
}

/// How much is known of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maturity {
    /// Less than a week or few observations: its peers speak for it.
    Learning {
        /// Observations so far.
        observations: u64,
        /// Days since the first.
        days: u32,
    },
    /// Its own history speaks.
    Grown,
}

impl Maturity {
    /// Days and observations from which on an entity's own history speaks: each weekday seen once.
    const GROWN: (u32, u64) = (7, 50);

    pub(crate) fn of(observations: u64, days: u32) -> Self {
        let grown = days >= Self::GROWN.0 && observations >= Self::GROWN.1;
        if grown { Self::Grown } else { Self::Learning { observations, days } }
    }
}

/// How many peers show the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerShare {
    /// Peers that showed the value in the last weeks.
    pub holders: u32,
    /// All peers known.
    pub members: u32,
}

/// One aspect's part in a verdict.
#[derive(Clone, PartialEq)]
pub struct Contribution {
    pub(crate) aspect: Name,
    pub(crate) bits: Bits,
    pub(crate) detail: Detail,
    pub(crate) peers: Option<PeerShare>,
    pub(crate) support: u64,
    pub(crate) last_seen: Option<Timestamp>,
}

/// The numbers that the words are made of.
#[derive(Clone, PartialEq)]
pub(crate) enum Detail {
    Rate { count: u64, usual: NegativeBinomial, cell: usize },
    Value { value: String, distinct: f64 },
    Size { size: f64, usual_at_most: f64 },
    Silence { hours: u64, expected: f64 },
    Creep { week: f64, months: f64 },
}

impl Contribution {
    /// What was looked at: `rate`, `silence`, or the feature's name.
    pub fn aspect(&self) -> &str {
        &self.aspect
    }

    /// What this aspect alone weighs.
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// What the peers do; `None` where nothing is known of them.
    pub fn peers(&self) -> Option<PeerShare> {
        self.peers
    }

    /// Observations (for rates: hours) behind what is expected.
    pub fn support(&self) -> u64 {
        self.support
    }

    /// The day on which the value was last seen on this entity, at its beginning; `None` for never or too rare.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_seen
    }

    /// What was seen, in words.
    pub fn observed(&self) -> String {
        match &self.detail {
            Detail::Rate { count, cell, .. } => format!("{count} in the hour {}", hour_name(*cell)),
            Detail::Value { value, .. } => match self.last_seen {
                Some(day) => format!("{value}, last seen on {}", date(day)),
                None => format!("{value}, not seen before"),
            },
            Detail::Size { size, .. } => format!("{size}"),
            Detail::Silence { hours, .. } => format!("nothing for {hours} hours"),
            Detail::Creep { week, .. } => format!("{week:.1} a day in the last week"),
        }
    }

    /// What would have been normal, in words, with what the peers do.
    pub fn expected(&self) -> String {
        let own = match &self.detail {
            Detail::Rate { usual, .. } => {
                let most = usual.quantile(1e-3).saturating_sub(1);
                format!("{:.1} an hour, at most {most} in 999 of 1000", usual.mean())
            }
            Detail::Value { distinct, .. } => {
                format!("one of {distinct:.0} values in {} observations", self.support)
            }
            Detail::Size { usual_at_most, .. } => format!("at most {usual_at_most:.0} in 98 of 100"),
            Detail::Silence { expected, .. } => format!("{expected:.1} in that time"),
            Detail::Creep { months, .. } => format!("{months:.1} a day in the last two months"),
        };
        match self.peers {
            Some(PeerShare { holders, members }) => format!("{own}; {holders} of {members} peers"),
            None => own,
        }
    }

    /// This contribution as a reason.
    pub fn reason(&self) -> Reason {
        let mut reason = Reason::new(&self.aspect, self.observed(), self.expected(), self.bits);
        reason.support = self.support;
        reason
    }
}

impl fmt::Debug for Contribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contribution({} {} of {})", self.aspect, self.bits, self.support)
    }
}

fn date(day: Timestamp) -> String {
    day.to_string().chars().take(10).collect()
}

fn hour_name(cell: usize) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    format!("{} {:02}:00", DAYS.get(cell / 24).unwrap_or(&"-"), cell % 24)
}
