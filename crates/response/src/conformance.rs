//! The public conformance kit: the nine laws of [`Actuator`], run against your own implementation.
//!
//! You bring a [`Lab`]: an actuator on a target system that can be reset, read as a whole, and changed behind the
//! actuator's back. The kit drives a real gate with a policy that allows everything; it forges no permit.
//! A crash is a future dropped between two of its steps, at every step in turn.

use crate::{
    ActError, Action, ActionId, Actuator, Admission, Brake, Budget, Executor, ExecutorConfig, Gate,
    GateConfig, Journal, MemoryStorage, Mode, News, Observed, Permit, Person, Phase, Plan, Policy, Proposal,
    PseudonymKey, Request, Rule, Ruling,
};
use homeostat_core::Timestamp;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A target system for tests, with the actuator under test on it.
pub trait Lab {
    /// Puts the system into its starting state. Every resource that [`Self::requests`] touch MUST have a prior
    /// state that no default guess would hit.
    fn reset(&mut self);

    /// The actuator on that system.
    fn actuator(&self) -> Arc<dyn Actuator>;

    /// Requests the actuator serves, at least one, each touching at least one resource.
    fn requests(&self) -> Vec<Request>;

    /// The whole state of the system as text, the same for the same state.
    fn state(&self) -> String;

    /// The names and tags of all that the actuator creates in the system.
    fn names(&self) -> Vec<String>;

    /// Somebody else changes what `plan` touches.
    fn meddle(&mut self, plan: &Plan);

    /// Whether what [`Self::meddle`] last did still stands.
    fn stands(&self, plan: &Plan) -> bool;

    /// Makes the system refuse whatever would undo a plan, until the next reset.
    fn jam(&mut self);
}

/// A law that an actuator breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenLaw {
    law: u8,
    what: &'static str,
}

impl BrokenLaw {
    /// Its number, as [`Actuator`] lists them.
    pub fn law(&self) -> u8 {
        self.law
    }
}

impl fmt::Display for BrokenLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {}: {}", self.law, self.what)
    }
}

impl std::error::Error for BrokenLaw {}

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proof {
    /// How many requests.
    pub requests: usize,
    /// How many crashes within an apply.
    pub crashes: usize,
}

/// Tests all nine laws on every request of `lab`.
///
/// # Errors
///
/// The first [`BrokenLaw`].
pub fn actuator_laws(lab: &mut dyn Lab) -> Result<Proof, BrokenLaw> {
    let mut proof = Proof::default();
    for request in lab.requests() {
        for law in 1..=9 {
            proof.crashes += actuator_law(law, lab, &request)?;
        }
        proof.requests += 1;
    }
    Ok(proof)
}

/// Tests law number `law` on one request; how many crashes were tried. A number that is no law holds.
///
/// # Errors
///
/// The [`BrokenLaw`].
pub fn actuator_law(law: u8, lab: &mut dyn Lab, request: &Request) -> Result<usize, BrokenLaw> {
    lab.reset();
    let mut trial = Trial { law, lab, request };
    match law {
        1 => trial.looking_changes_nothing(),
        2 => trial.twice_is_once(),
        3 => return trial.revert_always_goes(),
        4 => trial.observe_tells_the_truth(),
        5 => trial.names_come_from_the_id(),
        6 => trial.the_prior_state_comes_back(),
        7 => trial.foreign_changes_stand(),
        8 => trial.validate_never_panics(),
        9 => trial.a_stuck_revert_calls_a_person(),
        _ => Ok(()),
    }
    .map(|()| 0)
}

struct Trial<'a> {
    law: u8,
    lab: &'a mut dyn Lab,
    request: &'a Request,
}

impl Trial<'_> {
    fn hold(&self, holds: bool, what: &'static str) -> Result<(), BrokenLaw> {
        if holds { Ok(()) } else { Err(BrokenLaw { law: self.law, what }) }
    }

    fn must<T>(&self, result: Result<T, ActError>, what: &'static str) -> Result<T, BrokenLaw> {
        result.map_err(|_| BrokenLaw { law: self.law, what })
    }

    fn plan(&self) -> Result<Plan, BrokenLaw> {
        let actuator = self.lab.actuator();
        self.must(actuator.validate(self.request), "a request of the lab is valid")?;
        let plan = self.must(block_on(actuator.plan(self.request)), "a request of the lab can be planned")?;
        self.hold(!plan.touches.is_empty(), "a plan touches something")?;
        Ok(plan)
    }

    fn apply(&self, pass: &Pass, plan: &Plan) -> Result<(), BrokenLaw> {
        let applied = block_on(self.lab.actuator().apply(&pass.permit, plan));
        self.must(applied, "a plan that was just made can be applied").map(drop)
    }

    fn observe(&self, plan: &Plan) -> Result<Observed, BrokenLaw> {
        self.must(block_on(self.lab.actuator().observe(plan)), "a plan can be observed")
    }

    fn looking_changes_nothing(&mut self) -> Result<(), BrokenLaw> {
        let before = self.lab.state();
        let plan = self.plan()?;
        self.hold(self.lab.state() == before, "`plan` changes nothing")?;
        self.observe(&plan)?;
        self.hold(self.lab.state() == before, "`observe` changes nothing before `apply`")?;
        self.apply(&self.pass(&plan)?, &plan)?;
        let applied = self.lab.state();
        self.observe(&plan)?;
        self.hold(self.lab.state() == applied, "`observe` changes nothing after `apply`")
    }

    fn twice_is_once(&mut self) -> Result<(), BrokenLaw> {
        let plan = self.plan()?;
        let mut pass = self.pass(&plan)?;
        self.apply(&pass, &plan)?;
        let once = self.lab.state();
        pass.permit =
            pass.again(&plan.id).ok_or(BrokenLaw { law: self.law, what: "the gate lets it retry" })?;
        self.apply(&pass, &plan)?;
        self.hold(self.lab.state() == once, "applying twice is applying once")
    }

    fn revert_always_goes(&mut self) -> Result<usize, BrokenLaw> {
        for cut in 0.. {
            self.lab.reset();
            let before = self.lab.state();
            let plan = self.plan()?;
            let pass = self.pass(&plan)?;
            let actuator = self.lab.actuator();
            let whole = run_for(cut, actuator.apply(&pass.permit, &plan));
            for _ in 0..2 {
                self.must(
                    block_on(actuator.revert(&plan)),
                    "`revert` goes, before, within and after `apply`",
                )?;
                self.hold(self.lab.state() == before, "`revert` leaves the prior state")?;
            }
            if whole {
                return Ok(cut);
            }
        }
        Ok(0)
    }

    fn observe_tells_the_truth(&mut self) -> Result<(), BrokenLaw> {
        let plan = self.plan()?;
        self.hold(self.observe(&plan)? == Observed::NotInForce, "before `apply` it is not in force")?;
        self.apply(&self.pass(&plan)?, &plan)?;
        self.hold(self.observe(&plan)? == Observed::InForce, "after `apply` it is in force")?;
        self.must(block_on(self.lab.actuator().revert(&plan)), "it can be reverted")?;
        self.hold(self.observe(&plan)? == Observed::NotInForce, "after `revert` it is not in force")
    }

    fn names_come_from_the_id(&mut self) -> Result<(), BrokenLaw> {
        let before: BTreeSet<String> = self.lab.names().into_iter().collect();
        let plan = self.plan()?;
        self.apply(&self.pass(&plan)?, &plan)?;
        let mut new = self.lab.names().into_iter().filter(|name| !before.contains(name));
        let own = new.all(|name| name.contains(plan.id.as_str()));
        self.hold(own, "every name that `apply` leaves holds the action's id")
    }

    fn the_prior_state_comes_back(&mut self) -> Result<(), BrokenLaw> {
        let before = self.lab.state();
        let plan = self.plan()?;
        self.apply(&self.pass(&plan)?, &plan)?;
        self.hold(self.lab.state() != before, "`apply` changes something")?;
        self.must(block_on(self.lab.actuator().revert(&plan)), "it can be reverted")?;
        self.hold(self.lab.state() == before, "what comes back is what was there, and no default")
    }

    fn foreign_changes_stand(&mut self) -> Result<(), BrokenLaw> {
        let plan = self.plan()?;
        self.lab.meddle(&plan);
        let foreign = self.lab.state();
        let pass = self.pass(&plan)?;
        let applied = block_on(self.lab.actuator().apply(&pass.permit, &plan));
        let conflict = matches!(applied, Err(ActError::Conflict { .. }));
        self.hold(conflict, "`apply` over a foreign change is a conflict")?;
        self.hold(self.lab.state() == foreign, "`apply` leaves a foreign change")?;

        self.lab.reset();
        let plan = self.plan()?;
        self.apply(&self.pass(&plan)?, &plan)?;
        self.lab.meddle(&plan);
        self.hold(self.observe(&plan)? == Observed::Conflict, "a foreign change is observed as a conflict")?;
        let reverted = block_on(self.lab.actuator().revert(&plan));
        let conflict = matches!(reverted, Err(ActError::Conflict { .. }));
        self.hold(conflict, "`revert` over a foreign change is a conflict")?;
        self.hold(self.lab.stands(&plan), "`revert` leaves a foreign change")
    }

    fn validate_never_panics(&mut self) -> Result<(), BrokenLaw> {
        let actuator = self.lab.actuator();
        for hostile in hostile(self.request) {
            let outcome = catch_unwind(AssertUnwindSafe(|| actuator.validate(&hostile).is_ok()));
            self.hold(outcome.is_ok(), "`validate` panics on no request")?;
        }
        Ok(())
    }

    fn a_stuck_revert_calls_a_person(&mut self) -> Result<(), BrokenLaw> {
        let plan = self.plan()?;
        self.apply(&self.pass(&plan)?, &plan)?;
        self.lab.jam();
        let reverted = block_on(self.lab.actuator().revert(&plan));
        self.hold(reverted.is_err(), "a `revert` that could not be done is an error")?;

        self.lab.reset();
        let called = block_on(self.revert_in_vain()).unwrap_or(false);
        self.hold(called, "a revert that fails again and again calls a person")
    }

    /// Carries the request through a real executor whose reverts fail; whether a person is called.
    async fn revert_in_vain(&mut self) -> Option<bool> {
        let (gate, start) = (open_gate(self.request)?, start());
        let config = ExecutorConfig::new(vec![self.lab.actuator()]);
        let tries = config.revert_attempts;
        let mut executor = Executor::open(gate, config, start).await.ok()?;
        executor.submit(self.request, start).await.ok()?;
        approve_all(&mut executor, self.request, start).await;
        self.lab.jam();
        let operator = Person::new("operator");
        executor.brake(Brake::RevertAll, &operator, start).await.ok()?;
        for hours in 1..=u64::from(tries) {
            executor.tick(start.plus(Duration::from_hours(hours))?).await.ok()?;
        }
        let loud = executor.take_notices().iter().any(|notice| notice.news == News::NeedsHuman);
        Some(loud && executor.gate().phase(&self.request.id) == Phase::NeedsHuman)
    }

    fn pass(&self, plan: &Plan) -> Result<Pass, BrokenLaw> {
        let what = "the gate lets the plan pass";
        Pass::new(self.request, plan, &*self.lab.actuator()).ok_or(BrokenLaw { law: self.law, what })
    }
}

/// A gate that let one action pass, and its permit.
struct Pass {
    gate: Gate<MemoryStorage>,
    permit: Permit,
}

impl Pass {
    fn new(request: &Request, plan: &Plan, actuator: &dyn Actuator) -> Option<Self> {
        let mut gate = open_gate(request)?;
        let proposal = Proposal { request, plan, descriptor: actuator.descriptor() };
        let mut admission = gate.admit(proposal, start()).ok()?;
        for name in APPROVERS {
            if let Admission::Awaiting { .. } = admission {
                admission = gate.approve(&plan.id, &Person::new(name), plan.hash(), start()).ok()?;
            }
        }
        match admission {
            Admission::Go(permit) => Some(Self { gate, permit }),
            _ => None,
        }
    }

    fn again(&mut self, id: &ActionId) -> Option<Permit> {
        self.gate.again(id, 2, start()).ok()
    }
}

/// Two persons, for what can not be undone.
const APPROVERS: [&str; 2] = ["first approver", "second approver"];

async fn approve_all(executor: &mut Executor<MemoryStorage>, request: &Request, now: Timestamp) {
    for name in APPROVERS {
        let Some(hash) = executor.gate().plan(&request.id).map(Plan::hash) else { return };
        // Who does not wait for approval is not approved: that is no failure here.
        drop(executor.approve(&request.id, &Person::new(name), hash, now).await);
    }
}

fn start() -> Timestamp {
    Timestamp::from_micros(1_750_000_000_000_000)
}

/// A real gate on memory whose policy allows everything.
fn open_gate(request: &Request) -> Option<Gate<MemoryStorage>> {
    let mut policy = Policy::new("conformance", Budget::new("everything", u32::MAX));
    policy.rules.push(Rule::new("everything", Ruling::Autonomous));
    policy.confidence_floor = 0.0;
    let key = PseudonymKey::new([0; 32]);
    let (journal, records) = Journal::open(MemoryStorage::default(), MemoryStorage::default(), key).ok()?;
    let config = GateConfig::new(request.tenant.clone(), policy.compile().ok()?).mode(Mode::Act);
    Gate::open(config, journal, records).ok()
}

/// Requests nobody would make.
fn hostile(request: &Request) -> Vec<Request> {
    let long = "x".repeat(100_000);
    let ids =
        ["", "\0", "*", "../../etc", "'; drop table", "{{7*7}}", "-1", "ü\u{202e}\u{feff}", "::1/0", &long];
    let mut requests = Vec::new();
    for id in ids {
        let mut hostile = request.clone().with_arg(id, &[id, ""]);
        id.clone_into(&mut hostile.target.id);
        hostile.target.attrs.insert(id.to_owned(), id.to_owned());
        hostile.confidence = f64::NAN;
        hostile.ttl_ms = None;
        requests.push(hostile);
    }
    for action in Action::ALL {
        let mut hostile = request.clone();
        (hostile.action, hostile.ttl_ms) = (action, Some(u64::MAX));
        requests.push(hostile);
    }
    requests
}

/// Polls `future` at most `steps` times and then drops it, as a crash does; whether it came to its end.
fn run_for<T>(steps: usize, future: impl Future<Output = T>) -> bool {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..steps).any(|_| future.as_mut().poll(&mut context).is_ready())
}

/// Runs a future to its end on this thread.
///
/// It knows no timers and no sockets: a future that needs a runtime is awaited inside that runtime instead.
///
/// ```
/// assert_eq!(homeostat_response::conformance::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
