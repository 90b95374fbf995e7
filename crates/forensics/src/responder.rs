//! Capture as an action of `homeostat-response`: the actuator of `capture evidence`.
//!
//! Gate, rails, journal and budgets are response's; only a permit lets a capture begin. Its effect class is capture,
//! which changes nothing for anybody, and it has no way to touch containment. A capture that fails is a failed step of
//! its saga and never holds containment up. The end of the lease is written into custody; the evidence stays.

use crate::{
    AssetKind, Capture, CaptureError, CapturePlan, Collector, Cover, Coverage, Custody, Deed, EvidenceStore,
    Manifest, Moment, Order, Pace, Profile, Progress, Watch, Ways,
};
use homeostat_core::Timestamp;
use homeostat_response::{
    Act, ActError, Action, Applied, Descriptor, Observed, Permit, Plan, Request, Storage, Target, TargetKind,
};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time, and waits.
///
/// Laws: `wait` MUST return no earlier than `until`, or at once when that is past.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits until then.
    fn wait(&self, until: Timestamp);
}

/// The clock of the machine; it waits by letting its thread sleep.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_micros());
        micros
            .ok()
            .and_then(|micros| i64::try_from(micros).ok())
            .map_or(Timestamp::UNKNOWN, Timestamp::from_micros)
    }

    fn wait(&self, until: Timestamp) {
        let left = until.since(self.now()).and_then(|micros| u64::try_from(micros).ok());
        std::thread::sleep(Duration::from_micros(left.unwrap_or(0)));
    }
}

/// The actuator of [`Action::CaptureEvidence`].
///
/// `apply` carries the whole plan out and waits as the pace asks, so call it where it may take minutes; killed or
/// timed out, it goes on where it was when it is applied again. `observe` says in force when every step has its end.
pub struct CaptureActuator<S> {
    descriptor: Descriptor,
    collectors: Vec<Arc<dyn Collector>>,
    store: Arc<dyn EvidenceStore>,
    custody: Arc<Mutex<Custody<S>>>,
    watch: Arc<dyn Watch>,
    clock: Arc<dyn Clock>,
    profile: Profile,
    moment: Option<Moment>,
    pace: Pace,
}

impl<S: Storage> CaptureActuator<S> {
    /// Captures through `collectors`, the preferred first, into `store`, and writes `custody`; the triage profile, at
    /// the default pace, by the machine's clock.
    pub fn new(
        collectors: Vec<Arc<dyn Collector>>,
        store: Arc<dyn EvidenceStore>,
        custody: Arc<Mutex<Custody<S>>>,
        watch: Arc<dyn Watch>,
    ) -> Self {
        let mut descriptor = Descriptor::new("capture", Action::CaptureEvidence, TargetKind::Host);
        descriptor.target_kinds.extend([TargetKind::Instance, TargetKind::Workload, TargetKind::Mailbox]);
        descriptor.residual = vec!["what no channel supplies stands in custody as left out".to_owned()];
        let (clock, profile) = (Arc::new(SystemClock), Profile::Triage);
        Self {
            descriptor,
            collectors,
            store,
            custody,
            watch,
            clock,
            profile,
            moment: None,
            pace: Pace::default(),
        }
    }

    /// The same under that name: an executor may have one for before containment and one for after.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.descriptor.name);
        self
    }

    /// The same with the steps of that profile.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The same with the steps of that moment only.
    #[must_use]
    pub fn moment(self, moment: Moment) -> Self {
        Self { moment: Some(moment), ..self }
    }

    /// The same at another pace.
    #[must_use]
    pub fn pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The same by another clock.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The plan for `target`; an error when no plan fits its kind.
    fn plan_for(&self, target: &Target) -> Result<CapturePlan, ActError> {
        let asset = AssetKind::of(target).ok_or(ActError::permanent("tell the kind of asset"))?;
        let plan = CapturePlan::of(asset, self.profile);
        Ok(match self.moment {
            Some(moment) => plan.at(moment),
            None => plan,
        })
    }

    fn ways(&self) -> Ways<'_> {
        Ways { collectors: &self.collectors, store: &*self.store, watch: &*self.watch }
    }

    fn custody(&self) -> MutexGuard<'_, Custody<S>> {
        self.custody.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, plan: &Plan) -> Result<Order, ActError> {
        let capture = self.plan_for(&plan.target)?;
        let order = Order::new(plan.id.clone(), plan.target.clone(), capture).at(self.pace);
        Ok(order.asked_by("detector:homeostat-response", &format!("action {}", plan.id)))
    }

    /// Ticks until it is done, halted, or the lease is over.
    fn carry_out(&self, order: &Order, until: Timestamp) -> Result<Progress, ActError> {
        let mut custody = self.custody();
        let mut capture = Capture::open(order, self.ways(), &mut custody).map_err(|error| told(&error))?;
        loop {
            let now = self.clock.now();
            if now >= until {
                return Err(ActError::permanent("capture within the lease"));
            }
            match capture.tick(now).map_err(|error| told(&error))? {
                Progress::Stepped => {}
                Progress::Wait(moment) => self.clock.wait(moment.min(until)),
                end => return Ok(end),
            }
        }
    }
}

/// What a failure means to the executor. All is on disk, so a store that is full may be tried again.
fn told(error: &CaptureError) -> ActError {
    match error {
        CaptureError::Store(_) => ActError::transient("keep the evidence"),
        CaptureError::Custody(_) => ActError::permanent("write the custody log"),
        CaptureError::OtherPlan { .. } => ActError::conflict("go on under the same plan"),
    }
}

impl<S: Storage> Act for CaptureActuator<S> {
    type Done = Applied;
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        self.plan_for(&request.target).map(drop)
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        let plan = self.plan_for(&request.target)?;
        let coverage = Coverage::new(&plan, &self.ways().channels(), self.watch.look(&request.target));
        let carried = coverage.steps().iter().filter(|(_, cover)| matches!(cover, Cover::By(_))).count();
        if carried == 0 {
            return Err(ActError::permanent("find a channel that reaches the asset"));
        }
        let open: Vec<String> = coverage.open().map(|(step, why)| format!("{step} ({why})")).collect();
        let (took, of) = (plan.cost().0.as_secs(), coverage.steps().len());
        let without = if open.is_empty() { String::new() } else { format!("; without {}", open.join(", ")) };
        Ok(Plan::new(request).saying(&format!("capture {carried} of {of} steps, about {took} s{without}")))
    }

    async fn apply(&self, permit: &Permit, plan: &Plan) -> Result<Applied, ActError> {
        let order = self.order(plan)?;
        match self.carry_out(&order, permit.expires_at())? {
            Progress::Done(manifest) => Ok(Applied::with_evidence(vec![manifest.to_string()])),
            _ => Err(ActError::conflict("find the containment as it was")),
        }
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        let custody = self.custody();
        let mut seen = Observed::NotInForce;
        for record in custody.of(&plan.id) {
            seen = match record.deed {
                Deed::Finished { .. } => Observed::InForce,
                Deed::Released => Observed::NotInForce,
                Deed::Begun { .. } | Deed::StepBegun { .. } => Observed::Partial,
                _ => seen,
            };
        }
        Ok(seen)
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let mut custody = self.custody();
        let last = custody.of(&plan.id).next_back().map(|record| record.deed.clone());
        match last {
            None | Some(Deed::Released) => Ok(()),
            Some(_) => custody
                .note(self.clock.now(), &plan.id, "detector:homeostat-response", Deed::Released)
                .map_err(|_| ActError::permanent("write the custody log")),
        }
    }
}

impl<S: Storage> CaptureActuator<S> {
    /// What the capture of that action brought so far.
    pub fn manifest(&self, plan: &Plan) -> Manifest {
        Manifest::of(&self.custody(), &plan.id)
    }
}

impl<S> fmt::Debug for CaptureActuator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureActuator")
            .field("profile", &self.profile)
            .field("moment", &self.moment)
            .finish_non_exhaustive()
    }
}
