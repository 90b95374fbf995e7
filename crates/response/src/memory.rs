//! An actuator whose target system is a map: the reference of the contract, and a double for tests.
//!
//! Each pair of action and target is one setting, `open` until somebody changes it. Faults can be planted per
//! verb, half of an apply can be seen, and somebody else can change a setting behind the actuator's back.

use crate::{
    Act, ActError, Action, ActionId, Descriptor, Expiry, Impact, Observed, Permit, Plan, Request, Target,
    TargetKind, Undo,
};
use homeostat_core::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// What a target is set to while nobody changed it.
const OPEN: &str = "open";
/// The version of the undo value: the prior settings in the order of `touches`.
const UNDO: u16 = 1;

/// A verb that a fault can be planted at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// `plan`.
    Plan,
    /// `apply`.
    Apply,
    /// `observe`.
    Observe,
    /// `revert`.
    Revert,
}

/// What goes wrong at the next call of a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done and that error is told.
    Fails(ActError),
    /// It is done, and whether it was is not told.
    DoneUnknown,
    /// Nothing is done for now, whether it was is not told, and it is done at [`MemoryWorld::land`].
    LandsLate,
    /// That is told, whatever is so; of [`Verb::Observe`] alone. As of an effect that takes time to show, or of
    /// somebody who was quicker.
    Shows(Observed),
}

type Place = (Action, TargetKind, String);

#[derive(Clone, Default)]
struct World {
    settings: BTreeMap<Place, String>,
    groups: BTreeMap<(TargetKind, String), Vec<Target>>,
    faults: BTreeMap<Verb, VecDeque<Fault>>,
    calls: BTreeMap<Verb, u64>,
    writes: BTreeMap<(ActionId, Place), u64>,
    late: Vec<Plan>,
    leases: BTreeMap<ActionId, (Timestamp, Plan)>,
    stuck: bool,
}

/// The target system of [`MemoryActuator`]s; clones share it.
#[derive(Clone, Default)]
pub struct MemoryWorld(Arc<Mutex<World>>);

impl fmt::Debug for MemoryWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryWorld({} settings)", self.lock().settings.len())
    }
}

impl MemoryWorld {
    /// What `target` is set to for `action`.
    pub fn setting(&self, action: Action, target: &Target) -> String {
        self.lock().setting(&place(action, target))
    }

    /// Somebody else sets `target` for `action` to `value`.
    pub fn change(&self, action: Action, target: &Target, value: &str) {
        self.lock().settings.insert(place(action, target), value.to_owned());
    }

    /// Makes `group` stand for `members`.
    pub fn group(&self, group: &Target, members: Vec<Target>) {
        self.lock().groups.insert((group.kind, group.id.clone()), members);
    }

    /// Plants `fault` at the next call of `verb` that has none yet.
    pub fn plant(&self, verb: Verb, fault: Fault) {
        self.lock().faults.entry(verb).or_default().push_back(fault);
    }

    /// Lets every revert fail from now on.
    pub fn jam_reverts(&self) {
        self.lock().stuck = true;
    }

    /// Lets reverts go through again.
    pub fn free_reverts(&self) {
        self.lock().stuck = false;
    }

    /// Does what [`Fault::LandsLate`] put off.
    pub fn land(&self) {
        let mut world = self.lock();
        for plan in std::mem::take(&mut world.late) {
            for number in 0..plan.touches.len() {
                world.write(&plan, number);
            }
        }
    }

    /// Tells the world the time: it lifts what its own leases have run out for.
    pub fn tell_time(&self, now: Timestamp) {
        let mut world = self.lock();
        let over: Vec<ActionId> =
            world.leases.iter().filter(|(_, (end, _))| *end <= now).map(|(id, _)| id.clone()).collect();
        for id in over {
            if let Some((_, plan)) = world.leases.remove(&id) {
                world.restore(&plan);
            }
        }
    }

    /// How often `verb` was called.
    pub fn calls(&self, verb: Verb) -> u64 {
        self.lock().calls.get(&verb).copied().unwrap_or(0)
    }

    /// How often `id` took effect on the target where it did most often: more than 1 is a doubled effect.
    pub fn effects(&self, id: &ActionId) -> u64 {
        let world = self.lock();
        world.writes.iter().filter(|((by, _), _)| by == id).map(|(_, count)| *count).max().unwrap_or(0)
    }

    /// The actions that are in force somewhere.
    pub fn in_force(&self) -> BTreeSet<String> {
        let world = self.lock();
        world.settings.values().filter_map(|value| value.strip_prefix("by ")).map(str::to_owned).collect()
    }

    /// A copy that goes its own way from here.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    /// The whole state as text, the same for the same state.
    pub fn state(&self) -> String {
        let world = self.lock();
        let changed = world.settings.iter().filter(|(_, value)| *value != OPEN);
        let lines: Vec<String> =
            changed.map(|((action, kind, id), value)| format!("{action} {kind:?} {id} = {value}")).collect();
        lines.join("\n")
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and takes the fault planted for it.
    fn enter(&self, verb: Verb) -> Option<Fault> {
        let mut world = self.lock();
        *world.calls.entry(verb).or_default() += 1;
        world.faults.get_mut(&verb)?.pop_front()
    }
}

impl World {
    fn setting(&self, place: &Place) -> String {
        self.settings.get(place).map_or(OPEN, String::as_str).to_owned()
    }

    /// Puts touch `number` of `plan` into force; nothing when it is already.
    fn write(&mut self, plan: &Plan, number: usize) {
        let Some(target) = plan.touches.get(number) else { return };
        let place = place(plan.action, target);
        let own = own(&plan.id);
        if self.setting(&place) != own {
            self.settings.insert(place.clone(), own);
            *self.writes.entry((plan.id.clone(), place)).or_default() += 1;
        }
    }

    /// Puts back what is still ours; whether nothing foreign stood in the way.
    fn restore(&mut self, plan: &Plan) -> bool {
        let prior = prior(plan);
        let mut clean = true;
        for (target, prior) in plan.touches.iter().zip(&prior) {
            let place = place(plan.action, target);
            let now = self.setting(&place);
            if now == own(&plan.id) {
                self.settings.insert(place, prior.clone());
            } else if now != *prior {
                clean = false;
            }
        }
        clean
    }

    fn resolve(&self, target: &Target) -> Vec<Target> {
        let group = self.groups.get(&(target.kind, target.id.clone()));
        group.cloned().unwrap_or_else(|| vec![target.clone()])
    }
}

fn place(action: Action, target: &Target) -> Place {
    (action, target.kind, target.id.clone())
}

fn own(id: &ActionId) -> String {
    format!("by {id}")
}

fn prior(plan: &Plan) -> Vec<String> {
    plan.undo.read(UNDO).unwrap_or_default()
}

/// Gives the executor of futures one chance to drop this one: here an apply can be cut in half.
async fn step_aside() {
    let mut asked = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The reference implementation of the five verbs, on a [`MemoryWorld`].
///
/// ```
/// use homeostat_response::{Act, Action, MemoryActuator, MemoryWorld, TargetKind};
/// let actuator = MemoryActuator::new(MemoryWorld::default());
/// assert!(actuator.descriptor().serves(Action::Isolate, TargetKind::Host));
/// ```
#[derive(Clone, Debug)]
pub struct MemoryActuator {
    descriptor: Descriptor,
    world: MemoryWorld,
}

impl MemoryActuator {
    /// An actuator named `memory` that serves every action on every kind of target.
    pub fn new(world: MemoryWorld) -> Self {
        let mut descriptor = Descriptor::new("memory", Action::Notify, TargetKind::Host);
        descriptor.actions.extend(Action::ALL);
        descriptor.target_kinds.extend(ALL_KINDS);
        Self { descriptor, world }
    }

    /// The same saying `descriptor` of itself; with [`Expiry::TargetSide`] the world lifts leases by itself.
    #[must_use]
    pub fn described(mut self, descriptor: Descriptor) -> Self {
        self.descriptor = descriptor;
        self
    }

    fn prepare(&self, permit: &Permit, plan: &Plan) -> Result<(), ActError> {
        let mut world = self.world.lock();
        for (target, prior) in plan.touches.iter().zip(prior(plan)) {
            let now = world.setting(&place(plan.action, target));
            if now != own(&plan.id) && now != prior {
                return Err(ActError::conflict("compare with the prior setting"));
            }
        }
        if self.descriptor.expiry == Expiry::TargetSide {
            world.leases.insert(plan.id.clone(), (permit.expires_at(), plan.clone()));
        }
        Ok(())
    }
}

const ALL_KINDS: [TargetKind; 13] = [
    TargetKind::Person,
    TargetKind::ServiceAccount,
    TargetKind::Credential,
    TargetKind::Session,
    TargetKind::Host,
    TargetKind::Instance,
    TargetKind::Workload,
    TargetKind::Address,
    TargetKind::Name,
    TargetKind::Message,
    TargetKind::Mailbox,
    TargetKind::Application,
    TargetKind::Resource,
];

impl Act for MemoryActuator {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let served = self.descriptor.serves(request.action, request.target.kind);
        if served && !request.target.id.is_empty() { Ok(()) } else { Err(ActError::permanent("validate")) }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        if let Some(Fault::Fails(error)) = self.world.enter(Verb::Plan) {
            return Err(error);
        }
        let world = self.world.lock();
        let touches = world.resolve(&request.target);
        let prior: Vec<String> =
            touches.iter().map(|target| world.setting(&place(request.action, target))).collect();
        let undo = Undo::new(UNDO, &prior).map_err(|_| ActError::permanent("keep the prior settings"))?;
        let impact = Impact::new(u32::try_from(touches.len()).unwrap_or(u32::MAX), 0);
        let summary = format!("{} {} target(s) in memory", request.action, touches.len());
        Ok(Plan::new(request).touching(touches).with_undo(undo).saying(&summary).hitting(impact))
    }

    async fn apply(&self, permit: &Permit, plan: &Plan) -> Result<(), ActError> {
        let fault = self.world.enter(Verb::Apply);
        if let Some(Fault::Fails(error)) = fault {
            return Err(error);
        }
        self.prepare(permit, plan)?;
        if fault == Some(Fault::LandsLate) {
            self.world.lock().late.push(plan.clone());
            return Err(ActError::unknown("wait for the answer"));
        }
        for number in 0..plan.touches.len() {
            step_aside().await;
            self.world.lock().write(plan, number);
        }
        step_aside().await;
        if fault == Some(Fault::DoneUnknown) {
            return Err(ActError::unknown("wait for the answer"));
        }
        Ok(())
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        match self.world.enter(Verb::Observe) {
            Some(Fault::Fails(error)) => return Err(error),
            Some(Fault::Shows(seen)) => return Ok(seen),
            _ => {}
        }
        let world = self.world.lock();
        let (mut ours, mut foreign) = (0, 0);
        for (target, prior) in plan.touches.iter().zip(prior(plan)) {
            let now = world.setting(&place(plan.action, target));
            ours += usize::from(now == own(&plan.id));
            foreign += usize::from(now != own(&plan.id) && now != prior);
        }
        Ok(match (ours, foreign) {
            (_, 1..) => Observed::Conflict,
            (0, 0) => Observed::NotInForce,
            (ours, 0) if ours == plan.touches.len() => Observed::InForce,
            _ => Observed::Partial,
        })
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let fault = self.world.enter(Verb::Revert);
        if let Some(Fault::Fails(error)) = fault {
            return Err(error);
        }
        step_aside().await;
        let mut world = self.world.lock();
        if world.stuck {
            return Err(ActError::transient("put the prior settings back"));
        }
        world.leases.remove(&plan.id);
        let clean = world.restore(plan);
        drop(world);
        match (fault, clean) {
            (Some(_), _) => Err(ActError::unknown("wait for the answer")),
            (None, true) => Ok(()),
            (None, false) => Err(ActError::conflict("put the prior settings back")),
        }
    }
}
