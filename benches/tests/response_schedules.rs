#![cfg(test)]
//! Nobody gets past a rail by being quick: every schedule of three actors, many of eight, and eight real threads.
//!
//! The libraries have no threads; what is tested is that one lock round the gate is enough, because decision, budget,
//! brake and intent are one step of it. A caller who looks first and acts then is caught by the same harness.

use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Action, ActionId, Admission, Brake, Budget, Descriptor, Erase, Executor, ExecutorConfig, Gate,
    GateConfig, Journal, MemoryActuator, MemoryStorage, MemoryWorld, Mode, Person, Phase, Plan, Policy,
    Proposal, PseudonymKey, Rails, Request, Rule, Ruling, Target, TargetKind,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

type Memory = Gate<MemoryStorage>;

fn rails(budget: u32) -> Rails {
    let mut policy = Policy::new("1", Budget::new("all", budget));
    policy.rules.push(Rule::new("anything", Ruling::Autonomous));
    policy.surge.beyond = 0;
    policy.compile().unwrap()
}

fn gate(rails: &Rails) -> Memory {
    let key = PseudonymKey::new([4; 32]);
    let (journal, records) = Journal::open(MemoryStorage::default(), MemoryStorage::default(), key).unwrap();
    let config = GateConfig::new(TenantId::new("acme").unwrap(), rails.clone()).mode(Mode::Act);
    Gate::open(config, journal, records).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

fn request(number: usize) -> Request {
    let id = ActionId::new(&format!("a-{number}")).unwrap();
    let target = Target::new(TargetKind::Host, &format!("web-{number}"));
    Request::new(id, TenantId::new("acme").unwrap(), Action::Isolate, target).sure(0.9)
}

/// Proposes one action; whether it passed.
fn propose(gate: &mut Memory, number: usize) -> bool {
    let request = request(number);
    let plan = Plan::new(&request);
    let descriptor = Descriptor::new("memory", Action::Isolate, TargetKind::Host);
    let proposal = Proposal { request: &request, plan: &plan, descriptor: &descriptor };
    matches!(gate.admit(proposal, now()), Ok(Admission::Go(_)))
}

#[test]
fn in_every_schedule_of_three_actors_the_budget_and_the_brake_hold() {
    let rails = rails(1);
    loom::model(move || {
        use loom::sync::{Arc, Mutex};
        let gate = Arc::new(Mutex::new(gate(&rails)));
        let proposers: Vec<_> = (0..2)
            .map(|number| {
                let gate = gate.clone();
                loom::thread::spawn(move || {
                    let mut gate = gate.lock().unwrap();
                    let braked = gate.brake() != Brake::Run;
                    let passed = propose(&mut gate, number);
                    assert!(!(braked && passed), "the brake is a barrier");
                    passed
                })
            })
            .collect();
        gate.lock().unwrap().set_brake(Brake::HoldNew, &Person::new("joe"), now()).unwrap();
        let passed = proposers.into_iter().map(|one| one.join().unwrap()).filter(|passed| *passed).count();
        let gate = gate.lock().unwrap();
        assert!(passed <= 1 && gate.stats().in_force == passed, "{passed} passed a budget of one");
    });
}

/// The mutant: looks whether there is room in one critical section, and acts in another.
fn look_then_act() {
    let rails = rails(u32::MAX);
    loom::model(move || {
        use loom::sync::{Arc, Mutex};
        let gate = Arc::new(Mutex::new(gate(&rails)));
        let act = |number: usize, gate: Arc<Mutex<Memory>>| {
            let room = gate.lock().unwrap().stats().in_force < 1;
            room && propose(&mut gate.lock().unwrap(), number)
        };
        let other = {
            let gate = gate.clone();
            loom::thread::spawn(move || act(0, gate))
        };
        act(1, gate.clone());
        other.join().unwrap();
        assert!(gate.lock().unwrap().stats().in_force <= 1);
    });
}

#[test]
fn looking_first_and_acting_then_is_caught() {
    assert!(catch_unwind(AssertUnwindSafe(look_then_act)).is_err());
}

#[test]
fn in_many_schedules_of_eight_actors_the_budget_holds() {
    let rails = rails(3);
    let schedules = 2_000;
    let most = Arc::new(AtomicUsize::new(0));
    let seen = most.clone();
    shuttle::check_random(
        move || {
            use shuttle::sync::{Arc, Mutex};
            let gate = Arc::new(Mutex::new(gate(&rails)));
            let actors: Vec<_> = (0..8)
                .map(|number| {
                    let gate = gate.clone();
                    shuttle::thread::spawn(move || {
                        let first = propose(&mut gate.lock().unwrap(), number);
                        let second = propose(&mut gate.lock().unwrap(), number + 8);
                        usize::from(first) + usize::from(second)
                    })
                })
                .collect();
            let passed: usize = actors.into_iter().map(|one| one.join().unwrap()).sum();
            assert_eq!(passed, 3, "the budget, exactly");
            most.fetch_max(passed, Ordering::Relaxed);
        },
        schedules,
    );
    assert_eq!(seen.load(Ordering::Relaxed), 3);
}

#[test]
fn eight_threads_never_hold_more_than_the_budget() {
    let world = MemoryWorld::default();
    let actuator = Arc::new(Erase(MemoryActuator::new(world.clone())));
    let config = ExecutorConfig::new(vec![actuator]);
    let executor = Mutex::new(block_on(Executor::open(gate(&rails(7)), config, now())).unwrap());
    let (most, passed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let joe = Person::new("joe");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (executor, world, joe) = (&executor, &world, &joe);
            let (most, passed) = (&most, &passed);
            scope.spawn(move || {
                for number in 0..500 {
                    let request = request(thread * 500 + number);
                    let phase = block_on(executor.lock().unwrap().submit(&request, now())).unwrap();
                    most.fetch_max(world.in_force().len(), Ordering::Relaxed);
                    if phase == Phase::Active {
                        passed.fetch_add(1, Ordering::Relaxed);
                        block_on(executor.lock().unwrap().revert(&request.id, joe, now())).unwrap();
                    }
                }
            });
        }
    });
    let (most, passed) = (most.into_inner(), passed.into_inner());
    println!("at most {most} at once, {passed} passed and came back");
    assert!(most <= 7 && passed > 0, "{most} at once, {passed} passed");
}
