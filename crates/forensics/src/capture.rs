//! Carries out a plan, step by step: idempotent, resumable after a kill at any point, rate-limited.
//!
//! A capture owns no clock, thread or state: each [`Capture::tick`] reads from the custody log where it stands, does
//! one thing, and writes what it did. So a capture that was killed is just opened again, and what is in already is
//! not taken again. The pace is read from the log too: a restart can not reset it.

mod intake;
mod standing;

use crate::custody::About;
use crate::{
    CapturePlan, Channel, CollectError, Collector, Containment, Cover, Coverage, Custody, CustodyError, Deed,
    Digest, Ending, EvidenceStore, Manifest, Record, Step, StoreError, Watch,
};
use homeostat_core::Timestamp;
use homeostat_response::{ActionId, Storage, Target};
use intake::Intake;
use standing::Standing;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What is to be captured, and on whose word.
///
/// `Debug` shows the id and the kind of asset.
#[derive(Clone)]
#[non_exhaustive]
pub struct Order {
    /// The id of the action that asks for it: the same id is the same capture.
    pub id: ActionId,
    /// From what.
    pub target: Target,
    /// By which plan.
    pub plan: CapturePlan,
    /// Who asks: a person, or `detector:` and the name of a program.
    pub who: String,
    /// Why.
    pub why: String,
    /// How fast, and up to which limits.
    pub pace: Pace,
}

impl Order {
    /// An order by this crate itself, at the default pace.
    pub fn new(id: ActionId, target: Target, plan: CapturePlan) -> Self {
        let who = env!("CARGO_PKG_NAME").to_owned();
        Self { id, target, plan, who, why: String::new(), pace: Pace::default() }
    }

    /// The same, asked for by `who` because of `why`.
    #[must_use]
    pub fn asked_by(self, who: &str, why: &str) -> Self {
        Self { who: who.to_owned(), why: why.to_owned(), ..self }
    }

    /// The same at another pace.
    #[must_use]
    pub fn at(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("id", &self.id)
            .field("asset", &self.plan.asset())
            .finish_non_exhaustive()
    }
}

/// How fast evidence comes in, and the limits that cut it. What a limit cuts is marked in custody and manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// The most bytes a second, averaged over a step. 8 MiB by default: less than a tenth of a gigabit line.
    pub bytes_per_second: u64,
    /// The shortest time between the beginnings of two steps. 1 s by default: a session of live response is not flooded.
    pub between_steps: Duration,
    /// How often a step is tried, also when the attempt before took the process with it. 3 by default.
    pub attempts: u32,
    /// The longest item, in bytes. 1 GiB by default: logs and dumps of processes fit, a disk comes as snapshot.
    pub max_item_bytes: u64,
    /// The most bytes of one step. 16 GiB by default: the memory of a laptop.
    pub max_step_bytes: u64,
    /// The most items of one step. 100,000 by default: each costs a synced line of custody.
    pub max_step_items: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            bytes_per_second: 8 << 20,
            between_steps: Duration::from_secs(1),
            attempts: 3,
            max_item_bytes: 1 << 30,
            max_step_bytes: 16 << 30,
            max_step_items: 100_000,
        }
    }
}

/// Through what a capture goes, where to, and who tells how the target is contained.
#[derive(Clone, Copy)]
pub struct Ways<'a> {
    /// The channels, the preferred first.
    pub collectors: &'a [Arc<dyn Collector>],
    /// Where evidence is kept.
    pub store: &'a dyn EvidenceStore,
    /// Who tells how the target is contained.
    pub watch: &'a dyn Watch,
}

impl Ways<'_> {
    /// The capability tables of the channels.
    pub fn channels(&self) -> Vec<Channel> {
        self.collectors.iter().map(|collector| collector.channel().clone()).collect()
    }
}

impl fmt::Debug for Ways<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.collectors.iter().map(|collector| &collector.channel().name)).finish()
    }
}

/// How far a capture came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// One thing was done; go on.
    Stepped,
    /// The pace wants to wait until then.
    Wait(Timestamp),
    /// The target's containment is not what it was at the beginning: nothing is done until it is again.
    Halted {
        /// How it was at the beginning.
        before: Containment,
        /// How it is now.
        now: Containment,
    },
    /// Every step has its end.
    Done(Digest),
}

/// Why a capture can not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The store failed. Nothing is lost: tick again when there is room.
    #[error("evidence could not be kept")]
    Store(#[source] StoreError),
    /// The custody log failed.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// A capture of that id was begun under another plan or of another target.
    #[error("`{id}` was begun under another plan")]
    OtherPlan {
        /// The id.
        id: ActionId,
    },
}

/// One capture, on its way.
#[derive(Debug)]
pub struct Capture<'a, S> {
    order: &'a Order,
    ways: Ways<'a>,
    custody: &'a mut Custody<S>,
}

impl<'a, S: Storage> Capture<'a, S> {
    /// Begins the capture, or goes on with it: the custody log tells which.
    ///
    /// # Errors
    ///
    /// [`CaptureError::OtherPlan`] when that id was begun under another plan.
    pub fn open(order: &'a Order, ways: Ways<'a>, custody: &'a mut Custody<S>) -> Result<Self, CaptureError> {
        let begun = Standing::of(custody, &order.id).begun;
        match begun {
            Some((plan, _)) if plan != order.plan.digest() => {
                Err(CaptureError::OtherPlan { id: order.id.clone() })
            }
            _ => Ok(Self { order, ways, custody }),
        }
    }

    /// Does the next thing, or tells why not. Call it until it is done; `now` is written into custody.
    ///
    /// # Errors
    ///
    /// [`CaptureError`]; the capture goes on from the same place when it is ticked again.
    pub fn tick(&mut self, now: Timestamp) -> Result<Progress, CaptureError> {
        let standing = Standing::of(self.custody, &self.order.id);
        if let Some(manifest) = standing.finished {
            return Ok(Progress::Done(manifest));
        }
        let seen = self.ways.watch.look(&self.order.target);
        let Some((_, before)) = standing.begun else { return self.begin(now, seen) };
        if before != seen {
            return self.halt(now, &standing, seen);
        }
        let coverage = Coverage::new(&self.order.plan, &self.ways.channels(), before);
        let steps = self.order.plan.steps();
        let Some(step) = steps.iter().find(|step| !standing.ended.contains(&step.id)) else {
            return self.finish(now, seen);
        };
        match coverage.of(&step.id) {
            Some(Cover::By(number)) => self.carry_out(now, &standing, (step, *number)),
            Some(Cover::Open(reason)) => {
                self.note(now, Deed::LeftOut { step: step.id.clone(), reason: *reason })
            }
            None => self.end(now, step, Ending::Failed),
        }
    }

    /// Ticks until it is done or halted; `wait` is told each moment that the pace wants to wait for, and gives the
    /// time after it.
    ///
    /// # Errors
    ///
    /// As [`Self::tick`].
    pub fn run(
        &mut self,
        start: Timestamp,
        wait: &mut dyn FnMut(Timestamp) -> Timestamp,
    ) -> Result<Progress, CaptureError> {
        let mut now = start;
        loop {
            match self.tick(now)? {
                Progress::Stepped => {}
                Progress::Wait(until) => now = wait(until),
                end => return Ok(end),
            }
        }
    }

    fn begin(&mut self, now: Timestamp, containment: Containment) -> Result<Progress, CaptureError> {
        let Order { target, plan, why, .. } = self.order;
        let deed = Deed::Begun {
            target: format!("{} {}", target.kind.as_str(), target.id),
            plan: plan.digest(),
            why: why.clone(),
            containment,
        };
        let record = self.record(now, deed);
        self.custody.note_about(record, About::Target(target))?;
        Ok(Progress::Stepped)
    }

    fn halt(
        &mut self,
        now: Timestamp,
        standing: &Standing,
        seen: Containment,
    ) -> Result<Progress, CaptureError> {
        let before = standing.begun.map_or(Containment::Unknown, |(_, before)| before);
        if standing.halted != Some(seen) {
            self.note(now, Deed::Halted { before, now: seen })?;
        }
        Ok(Progress::Halted { before, now: seen })
    }

    fn finish(&mut self, now: Timestamp, containment: Containment) -> Result<Progress, CaptureError> {
        let manifest = Manifest::of(self.custody, &self.order.id).digest();
        self.note(now, Deed::Finished { manifest, containment })?;
        Ok(Progress::Done(manifest))
    }

    fn carry_out(
        &mut self,
        now: Timestamp,
        standing: &Standing,
        (step, number): (&Step, usize),
    ) -> Result<Progress, CaptureError> {
        let Pace { attempts, .. } = self.order.pace;
        let attempt = standing.attempts.get(&step.id).copied().unwrap_or(0);
        if attempt >= attempts {
            return self.end(now, step, standing.ending_of(&step.id));
        }
        if let Some(until) = standing.next_at(&self.order.pace).filter(|until| *until > now) {
            return Ok(Progress::Wait(until));
        }
        let Some(collector) = self.ways.collectors.get(number) else {
            return self.end(now, step, Ending::Failed);
        };
        let collector = Arc::clone(collector);
        let channel = collector.channel().name.clone();
        self.note(
            now,
            Deed::StepBegun { step: step.id.clone(), channel, attempt: attempt.saturating_add(1) },
        )?;
        self.collect(now, step, &*collector)
    }

    /// Lets a collector carry out a step, and notes how it ended where it ended.
    fn collect(
        &mut self,
        now: Timestamp,
        step: &Step,
        collector: &dyn Collector,
    ) -> Result<Progress, CaptureError> {
        let mut intake = Intake::new(self.order, self.ways.store, self.custody, (step, now));
        let result = collector.collect(step, &self.order.target, &mut intake);
        let (failed, partly, came) = intake.end();
        if let Some(error) = failed {
            return Err(error);
        }
        let short = if came { Ending::Partly } else { Ending::Failed };
        match result {
            Ok(()) if !partly => self.end(now, step, Ending::Whole),
            Ok(()) | Err(CollectError::Stopped(_)) => self.end(now, step, Ending::Partly),
            Err(CollectError::Refused { at }) => {
                self.tried(now, step, at)?;
                self.end(now, step, short)
            }
            Err(CollectError::Unreachable { at }) => self.tried(now, step, at),
        }
    }

    fn tried(&mut self, now: Timestamp, step: &Step, at: &str) -> Result<Progress, CaptureError> {
        self.note(now, Deed::Tried { step: step.id.clone(), reason: at.to_owned() })
    }

    fn end(&mut self, now: Timestamp, step: &Step, ending: Ending) -> Result<Progress, CaptureError> {
        let containment = self.ways.watch.look(&self.order.target);
        self.note(now, Deed::StepEnded { step: step.id.clone(), ending, containment })
    }

    fn note(&mut self, now: Timestamp, deed: Deed) -> Result<Progress, CaptureError> {
        let record = self.record(now, deed);
        self.custody.note_about(record, About::Target(&self.order.target))?;
        Ok(Progress::Stepped)
    }

    fn record(&self, at: Timestamp, deed: Deed) -> Record {
        let Order { id, who, .. } = self.order;
        Record { at, capture: id.clone(), who: who.clone(), tool: self.custody.tool(), deed }
    }
}
