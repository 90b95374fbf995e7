#![cfg(test)]
//! Stories: what operators fear, one after another.

use homeostat_core::{EntityKey, EntityKind, TenantId, Timestamp};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Act as _, ActError, Action, ActionId, Because, Brake, Budget, Descriptor, Erase, Executor,
    ExecutorConfig, Expiry, Fault, FileStorage, Gate, GateConfig, GateError, Journal, MemoryActuator,
    MemoryStorage, MemoryWorld, Mode, News, Observed, Person, Phase, Plan, Policy, Proposer, PseudonymKey,
    Request, Rule, Ruling, Storage, SubmitError, Target, TargetKind, Verb,
};
use std::sync::Arc;
use std::time::Duration;

struct Room {
    world: MemoryWorld,
    chain: MemoryStorage,
    names: MemoryStorage,
    policy: Policy,
    mode: Mode,
    descriptor: Descriptor,
}

impl Room {
    fn new() -> Self {
        let mut policy = Policy::new("1", Budget::new("five", 5));
        policy.rules.push(Rule::new("anything", Ruling::Autonomous));
        let world = MemoryWorld::default();
        let descriptor = MemoryActuator::new(world.clone()).descriptor().clone();
        Self {
            world,
            chain: MemoryStorage::default(),
            names: MemoryStorage::default(),
            policy,
            mode: Mode::Act,
            descriptor,
        }
    }

    fn open(&self, now: Timestamp) -> Executor<MemoryStorage> {
        let key = PseudonymKey::new([4; 32]);
        let (journal, records) = Journal::open(self.chain.clone(), self.names.clone(), key).unwrap();
        let rails = self.policy.clone().compile().unwrap();
        let config = GateConfig::new(TenantId::new("acme").unwrap(), rails).mode(self.mode);
        let gate = Gate::open(config, journal, records).unwrap();
        let actuator = MemoryActuator::new(self.world.clone()).described(self.descriptor.clone());
        let config = ExecutorConfig::new(vec![Arc::new(Erase(actuator))]);
        block_on(Executor::open(gate, config, now)).unwrap()
    }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).plus(Duration::from_secs(seconds)).unwrap()
}

fn host(name: &str) -> Target {
    Target::new(TargetKind::Host, name)
}

fn isolate(id: &str, target: &Target) -> Request {
    Request::new(ActionId::new(id).unwrap(), TenantId::new("acme").unwrap(), Action::Isolate, target.clone())
        .sure(0.9)
        .lease(Duration::from_mins(1))
}

fn id(name: &str) -> ActionId {
    ActionId::new(name).unwrap()
}

#[track_caller]
fn submit<S: Storage>(executor: &mut Executor<S>, request: &Request, now: u64) -> Phase {
    block_on(executor.submit(request, at(now))).unwrap()
}

#[track_caller]
fn tick<S: Storage>(executor: &mut Executor<S>, now: u64) {
    block_on(executor.tick(at(now))).unwrap();
}

fn told<S: Storage>(executor: &mut Executor<S>) -> Vec<String> {
    executor.take_notices().into_iter().map(|notice| notice.news.to_string()).collect()
}

#[test]
fn a_lease_is_planned_decided_applied_seen_and_lifted() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    assert_eq!(submit(&mut executor, &isolate("a", &host("web-1")), 1), Phase::Active);
    assert_eq!(executor.next_deadline(), Some(at(61)));
    tick(&mut executor, 60);
    assert!(!room.world.in_force().is_empty());
    tick(&mut executor, 61);
    assert!(room.world.in_force().is_empty());
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
    assert_eq!(executor.next_deadline(), None);
    assert_eq!(
        told(&mut executor),
        [
            "planned: isolate 1 target(s) in memory (1 resource(s))",
            "decided: autonomous: rule `anything` says autonomous",
            "applied",
            "observed: in force",
            "in force",
            "reverting: the lease is over",
            "observed: not in force",
            "over: done",
        ]
    );
    assert_eq!(room.chain.syncs(), 1, "one sync on the way, for the intent");
}

#[test]
fn asking_twice_is_asking_once() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    submit(&mut executor, &isolate("a", &host("web-1")), 1);
    assert_eq!(submit(&mut executor, &isolate("a", &host("web-1")), 2), Phase::Active);
    assert_eq!((room.world.calls(Verb::Apply), executor.gate().stats().duplicates), (1, 1));
    drop(executor);
    let mut executor = room.open(at(3));
    assert_eq!(submit(&mut executor, &isolate("a", &host("web-1")), 4), Phase::Active);
    assert_eq!(room.world.effects(&id("a")), 1);
}

#[test]
fn observing_does_nothing_and_asking_asks() {
    let mut room = Room::new();
    room.mode = Mode::Observe;
    assert_eq!(submit(&mut room.open(at(0)), &isolate("a", &host("web-1")), 1), Phase::Refused);
    assert_eq!((room.world.calls(Verb::Plan), room.world.calls(Verb::Apply)), (1, 0));
    room.mode = Mode::Ask;
    let mut executor = room.open(at(2));
    assert_eq!(submit(&mut executor, &isolate("b", &host("web-1")), 3).as_str(), "awaiting approval");
    let hash = executor.gate().plan(&id("b")).map(Plan::hash).unwrap();
    let (joe, other) = (Person::new("joe"), Plan::new(&isolate("b", &host("web-2"))).hash());
    let changed = block_on(executor.approve(&id("b"), &joe, other, at(4)));
    assert!(matches!(changed, Err(GateError::PlanChanged)));
    assert_eq!(block_on(executor.approve(&id("b"), &joe, hash, at(4))).unwrap(), Phase::Active);
}

#[test]
fn an_approval_outlives_a_restart_and_patience_ends() {
    let mut room = Room::new();
    room.mode = Mode::Ask;
    let proposer = Proposer::Person(Person::new("jane"));
    let request = isolate("a", &host("web-1")).proposed_by(proposer);
    submit(&mut room.open(at(0)), &request, 1);
    submit(&mut room.open(at(2)), &isolate("b", &host("web-2")), 2);
    let mut executor = room.open(at(3));
    let hash = executor.gate().plan(&id("a")).map(Plan::hash).unwrap();
    assert!(block_on(executor.approve(&id("a"), &Person::new("Jane"), hash, at(4))).is_err(), "the proposer");
    assert_eq!(
        block_on(executor.approve(&id("a"), &Person::new("joe"), hash, at(4))).unwrap(),
        Phase::Active
    );
    tick(&mut executor, 602);
    assert_eq!(executor.gate().phase(&id("b")), Phase::Refused);
}

#[test]
fn budgets_bound_what_is_done_alone_and_outlive_a_restart() {
    let mut room = Room::new();
    room.policy.budgets.push(toml::from_str("id = 'rate'\nmax_per_window = 6\nwindow_ms = 600000").unwrap());
    let mut executor = room.open(at(0));
    for number in 0..5 {
        assert_eq!(
            submit(&mut executor, &isolate(&format!("a{number}"), &host(&number.to_string())), 1),
            Phase::Active
        );
    }
    assert_eq!(submit(&mut executor, &isolate("b", &host("b")), 2).as_str(), "awaiting approval");
    let exhausted = Because::Budget { id: "five".into() };
    assert!(executor.gate().decision(&id("b")).unwrap().because.contains(&exhausted));
    drop(executor);
    let mut executor = room.open(at(3));
    assert_eq!(submit(&mut executor, &isolate("c", &host("c")), 3).as_str(), "awaiting approval");
    tick(&mut executor, 100);
    assert_eq!(submit(&mut executor, &isolate("d", &host("d")), 101), Phase::Active, "space again");
    drop(executor);
    let mut executor = room.open(at(102));
    let crash_loop = submit(&mut executor, &isolate("e", &host("e")), 103);
    assert_eq!(crash_loop.as_str(), "awaiting approval", "a restart resets no rate");
    assert_eq!(submit(&mut executor, &isolate("f", &host("f")), 700), Phase::Active, "the window is over");
}

#[test]
fn a_group_counts_by_its_members() {
    let room = Room::new();
    let members: Vec<Target> = (0..6).map(|number| host(&format!("m{number}"))).collect();
    room.world.group(&host("all"), members);
    let mut executor = room.open(at(0));
    assert_eq!(submit(&mut executor, &isolate("a", &host("all")), 1).as_str(), "awaiting approval");
}

#[test]
fn a_floor_holds_against_everybody() {
    let mut room = Room::new();
    let floor = "id = 'admins'\npopulation = 3\nmin_remaining = 2\nselector = { attr = { tier = 'admin' } }";
    room.policy.floors.push(toml::from_str(floor).unwrap());
    let mut executor = room.open(at(0));
    let admin = |name: &str| host(name).with("tier", "admin");
    assert_eq!(submit(&mut executor, &isolate("a", &admin("x")), 1), Phase::Active);
    assert_eq!(submit(&mut executor, &isolate("b", &admin("y")), 2), Phase::Refused);
    assert_eq!(submit(&mut executor, &isolate("c", &host("z").with("tier", "user")), 3), Phase::Active);
    executor.set_population("admins", 4);
    assert_eq!(submit(&mut executor, &isolate("d", &admin("y")), 4), Phase::Active);
    assert!(
        executor.gate().decision(&id("b")).unwrap().because.contains(&Because::Floor { id: "admins".into() })
    );
}

#[test]
fn the_brake_holds_what_is_new_and_lifts_what_is_not() {
    let room = Room::new();
    let joe = Person::new("joe");
    let mut executor = room.open(at(0));
    submit(&mut executor, &isolate("a", &host("a")), 1);
    block_on(executor.brake(Brake::HoldNew, &joe, at(2))).unwrap();
    assert_eq!(submit(&mut executor, &isolate("b", &host("b")), 3), Phase::Authorized);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Active);
    drop(executor);
    let mut executor = room.open(at(4));
    assert_eq!(executor.gate().brake(), Brake::HoldNew, "a restart does not loosen it");
    assert_eq!(submit(&mut executor, &isolate("c", &host("c")), 5), Phase::Authorized);
    block_on(executor.brake(Brake::Run, &joe, at(6))).unwrap();
    tick(&mut executor, 7);
    assert_eq!(executor.gate().phase(&id("c")), Phase::Active, "it goes on by itself");
    block_on(executor.brake(Brake::RevertAll, &joe, at(8))).unwrap();
    assert!(room.world.in_force().is_empty());
    assert_eq!(executor.gate().stats().in_force, 0);
}

#[test]
fn a_timeout_is_no_failure() {
    let mut room = Room::new();
    room.descriptor.settle_ms = 5_000;
    let mut executor = room.open(at(0));
    room.world.plant(Verb::Apply, Fault::DoneUnknown);
    assert_eq!(
        submit(&mut executor, &isolate("a", &host("a")), 1),
        Phase::Active,
        "it looked before anything"
    );

    room.world.plant(Verb::Apply, Fault::LandsLate);
    assert_eq!(submit(&mut executor, &isolate("b", &host("b")), 2), Phase::Applying);
    tick(&mut executor, 4);
    room.world.land();
    tick(&mut executor, 7);
    assert_eq!(executor.gate().phase(&id("b")), Phase::Active);
    assert_eq!(room.world.effects(&id("b")), 1);
}

#[test]
fn a_late_effect_of_what_was_reverted_is_no_zombie() {
    let mut room = Room::new();
    room.descriptor.settle_ms = 5_000;
    let mut executor = room.open(at(0));
    room.world.plant(Verb::Apply, Fault::LandsLate);
    assert_eq!(submit(&mut executor, &isolate("a", &host("a")), 1), Phase::Applying);
    assert_eq!(block_on(executor.revert(&id("a"), &Person::new("joe"), at(2))).unwrap(), Phase::Reverting);
    room.world.land();
    tick(&mut executor, 6);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
    assert!(room.world.in_force().is_empty());
}

#[test]
fn what_fails_for_now_is_tried_again_and_what_fails_for_good_is_not() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    room.world.plant(Verb::Apply, Fault::Fails(ActError::transient("connect")));
    assert_eq!(submit(&mut executor, &isolate("a", &host("a")), 1), Phase::Applying);
    tick(&mut executor, 2);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Active);
    room.world.plant(Verb::Apply, Fault::Fails(ActError::permanent("authorize")));
    assert_eq!(submit(&mut executor, &isolate("b", &host("b")), 3), Phase::Failed);
    for _ in 0..3 {
        room.world.plant(Verb::Apply, Fault::Fails(ActError::transient("connect")));
    }
    submit(&mut executor, &isolate("c", &host("c")), 4);
    for seconds in 5..20 {
        tick(&mut executor, seconds);
    }
    assert_eq!(executor.gate().phase(&id("c")), Phase::Failed);
    assert_eq!(executor.gate().stats().in_force, 1, "failures hold no budget");
}

#[test]
fn a_stuck_revert_calls_a_person_who_can_resolve_it() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    submit(&mut executor, &isolate("a", &host("a")), 1);
    room.world.jam_reverts();
    for seconds in 60..200 {
        tick(&mut executor, seconds);
    }
    assert_eq!(executor.gate().phase(&id("a")), Phase::NeedsHuman);
    assert!(executor.take_notices().iter().any(|notice| notice.news == News::NeedsHuman));
    assert_eq!(executor.gate().stats().needs_human, 1);
    executor.resolve(&id("a"), &Person::new("joe"), at(201)).unwrap();
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
}

#[test]
fn a_foreign_change_is_never_overwritten() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    submit(&mut executor, &isolate("a", &host("a")), 1);
    room.world.change(Action::Isolate, &host("a"), "set by an admin");
    tick(&mut executor, 61);
    assert_eq!(executor.gate().phase(&id("a")), Phase::NeedsHuman);
    assert_eq!(room.world.setting(Action::Isolate, &host("a")), "set by an admin");
}

#[test]
fn what_others_lift_early_is_told_and_not_fought() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    submit(&mut executor, &isolate("a", &host("a")).lease(Duration::from_hours(1)), 1);
    room.world.change(Action::Isolate, &host("a"), "open");
    tick(&mut executor, 61);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
    assert!(executor.take_notices().iter().any(|one| one.news == News::Drifted(Observed::NotInForce)));
    assert_eq!(room.world.effects(&id("a")), 1);
}

#[test]
fn the_target_lifts_by_itself_although_the_executor_never_returns() {
    let mut room = Room::new();
    room.descriptor.expiry = Expiry::TargetSide;
    let mut executor = room.open(at(0));
    submit(&mut executor, &isolate("a", &host("a")), 1);
    let extended = executor.extend(&id("a"), Duration::from_secs(90), &Person::new("joe"), at(2));
    assert!(matches!(extended, Err(GateError::TargetSide)));
    drop(executor);
    room.world.tell_time(at(61));
    assert!(room.world.in_force().is_empty());
    assert_eq!(room.open(at(4_000)).gate().phase(&id("a")), Phase::Done);
}

#[test]
fn an_extension_is_bounded_and_outlives_a_restart() {
    let mut room = Room::new();
    room.policy.rules[0].max_ttl_ms = Some(100_000);
    let mut executor = room.open(at(0));
    submit(&mut executor, &isolate("a", &host("a")).lease(Duration::from_hours(9)), 1);
    assert_eq!(executor.next_deadline(), Some(at(61)), "to look again; the lease ends at 101");
    let end = executor.extend(&id("a"), Duration::from_hours(9), &Person::new("joe"), at(51)).unwrap();
    assert_eq!(end, at(151));
    room.chain.lose_unsynced();
    drop(executor);
    let mut executor = room.open(at(140));
    assert_eq!(executor.gate().phase(&id("a")), Phase::Active);
    tick(&mut executor, 151);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
}

#[test]
fn a_clock_that_steps_back_lengthens_nothing() {
    let room = Room::new();
    let mut executor = room.open(at(1_000));
    submit(&mut executor, &isolate("a", &host("a")), 1_000);
    tick(&mut executor, 1_030);
    tick(&mut executor, 10);
    tick(&mut executor, 39);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Active);
    tick(&mut executor, 40);
    assert_eq!(
        executor.gate().phase(&id("a")),
        Phase::Done,
        "thirty seconds before the step and thirty after"
    );
}

#[test]
fn a_dropped_future_is_as_a_crash() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    room.world.group(&host("two"), vec![host("x"), host("y")]);
    let request = isolate("a", &host("two"));
    {
        let mut future = std::pin::pin!(executor.submit(&request, at(1)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(executor.gate().phase(&id("a")), Phase::Applying);
    tick(&mut executor, 2);
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done, "half in force is not in force");
    assert!(room.world.in_force().is_empty());
}

#[test]
fn a_person_is_forgotten_when_nothing_about_them_is_open() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    let jane = Target::new(TargetKind::Person, "jane@acme.example");
    let mut request = isolate("a", &jane);
    request.action = Action::Challenge;
    submit(&mut executor, &request, 1);
    let key = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example").unwrap();
    assert!(matches!(executor.forget(&key), Err(GateError::InForce)));
    tick(&mut executor, 61);
    assert!(executor.forget(&key).unwrap());
    for storage in [&room.chain, &room.names] {
        assert!(!String::from_utf8_lossy(&storage.clone().read().unwrap()).contains("jane"));
    }
    assert_eq!(room.open(at(70)).gate().phase(&id("a")), Phase::Done);
}

#[test]
fn unsound_requests_are_refused_with_their_cause() {
    let room = Room::new();
    let mut executor = room.open(at(0));
    let records = executor.gate().stats().records;
    let mut check = |request: &Request, expected: &str| {
        let error = block_on(executor.submit(request, at(1))).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let sound = isolate("a", &host("a"));
    check(&sound.clone().sure(f64::NAN), "a confidence lies between 0 and 1");
    check(&sound.clone().lease(Duration::ZERO), "such an action needs a lease");
    let mut other = sound.clone();
    other.tenant = TenantId::new("other").unwrap();
    check(&other, "the request belongs to another tenant");
    check(&isolate("a", &host("")), "the request is not valid for the actuator");
    assert!(room.world.in_force().is_empty());
    assert_eq!(executor.gate().stats().records, records);
    let mut narrow = Room::new();
    narrow.descriptor = Descriptor::new("memory", Action::Block, TargetKind::Address);
    let none = block_on(narrow.open(at(0)).submit(&sound, at(1)));
    assert!(matches!(none, Err(SubmitError::NoActuator)));
}

/// A storage that is no more than the trait asks for.
struct OnlySend(std::cell::Cell<u8>, MemoryStorage);

impl Storage for OnlySend {
    fn read(&mut self) -> std::io::Result<Vec<u8>> {
        self.1.read()
    }
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.set(self.0.get().wrapping_add(1));
        self.1.append(bytes)
    }
    fn sync(&mut self) -> std::io::Result<()> {
        self.1.sync()
    }
    fn truncate(&mut self, length: u64) -> std::io::Result<()> {
        self.1.truncate(length)
    }
    fn replace(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.1.replace(bytes)
    }
}

#[test]
fn futures_move_between_threads_whatever_the_storage() {
    fn moves<T: Send>(future: T) -> T {
        future
    }
    let storage = || OnlySend(std::cell::Cell::new(0), MemoryStorage::default());
    let (journal, records) = Journal::open(storage(), storage(), PseudonymKey::new([4; 32])).unwrap();
    let room = Room::new();
    let rails = room.policy.clone().compile().unwrap();
    let config = GateConfig::new(TenantId::new("acme").unwrap(), rails).mode(Mode::Act);
    let gate = Gate::open(config, journal, records).unwrap();
    let config = ExecutorConfig::new(vec![Arc::new(Erase(MemoryActuator::new(room.world.clone())))]);
    let mut executor = block_on(moves(Executor::open(gate, config, at(0)))).unwrap();
    let request = isolate("a", &host("a"));
    assert_eq!(block_on(moves(executor.submit(&request, at(1)))).unwrap(), Phase::Active);
    block_on(moves(executor.tick(at(61)))).unwrap();
    assert_eq!(executor.gate().phase(&id("a")), Phase::Done);
}

#[test]
fn it_works_on_files() {
    let folder = tempfile::tempdir().unwrap();
    let room = Room::new();
    for (start, phase) in [(0, Phase::Active), (100, Phase::Done)] {
        let open = |name: &str| FileStorage::open(folder.path().join(name)).unwrap();
        let (journal, records) =
            Journal::open(open("chain"), open("names"), PseudonymKey::new([4; 32])).unwrap();
        let rails = room.policy.clone().compile().unwrap();
        let config = GateConfig::new(TenantId::new("acme").unwrap(), rails).mode(Mode::Act);
        let gate = Gate::open(config, journal, records).unwrap();
        let actuator = Erase(MemoryActuator::new(room.world.clone()));
        let config = ExecutorConfig::new(vec![Arc::new(actuator)]);
        let mut executor = block_on(Executor::open(gate, config, at(start))).unwrap();
        assert_eq!(submit(&mut executor, &isolate("a", &host("a")), start + 1), phase);
    }
    assert!(room.world.in_force().is_empty());
}
