#![cfg(test)]
//! The laws of the responder: it goes as far as its mode, every lease ends, a restart loses nothing.

use homeostat::{ActionTold, Answered, Responder, ResponderOptions};
use homeostat_core::{
    Bits, CalmRisk, EntityKey, EntityKind, MemoryReach, MemoryValues, Role, Stage, TenantId, Threat,
    Timestamp,
};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    ActError, Actuator, Declined, Ending, Erase, Fault, GateError, MemoryActuator, MemoryWorld, Mode, Person,
    Phase, PseudonymKey, Verb, View,
};
use std::sync::Arc;
use std::time::Duration;

const MARK: &str = "marked-secret";

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000 + minutes * 60_000_000)
}

fn threat(bits: f64, entities: &[(EntityKind, &str)]) -> Threat {
    let mut threat = Threat::new("inc-7", TenantId::new("acme").unwrap(), at(0), Bits::new(bits));
    threat.stages.push(Stage::Egress);
    for (kind, value) in entities {
        threat.entities.push((EntityKey::new(*kind, "acme", value).unwrap(), Role::Via));
    }
    threat
}

fn responder(mode: Mode) -> (Responder, MemoryWorld) {
    let world = MemoryWorld::default();
    let memory: Arc<dyn Actuator> = Arc::new(Erase(MemoryActuator::new(world.clone())));
    (Responder::new(TenantId::new("acme").unwrap(), mode, vec![memory]).unwrap(), world)
}

fn answer(responder: &mut Responder, threat: &Threat, now: Timestamp) -> Answered {
    let (reach, values) = (MemoryReach::default(), MemoryValues::default());
    let view = View { reach: &reach, criticality: &values, risk: &CalmRisk, now };
    block_on(responder.respond_to(threat, &view)).unwrap()
}

#[test]
fn each_mode_goes_as_far_as_it_says() {
    for (mode, phase, in_force) in
        [(Mode::Observe, "refused", 0), (Mode::Ask, "awaiting approval", 0), (Mode::Act, "active", 1)]
    {
        let (mut responder, world) = responder(mode);
        let answered = answer(&mut responder, &threat(40.0, &[(EntityKind::WebSession, "s-1")]), at(0));
        let told = responder.told_of(&answered.actions[0]).unwrap();
        assert_eq!((told.phase.as_str(), world.in_force().len()), (phase, in_force), "{told}");
        assert!(told.planned.is_some() && told.decided.is_some());
    }
}

#[test]
fn a_lease_ends_by_itself_and_asking_again_changes_nothing() {
    let (mut responder, world) = responder(Mode::Act);
    let threat = threat(40.0, &[(EntityKind::AccessKey, "AKIAEXAMPLE")]);
    let first = answer(&mut responder, &threat, at(0));
    assert_eq!(answer(&mut responder, &threat, at(1)), first);
    let told = responder.told_of(&first.actions[0]).unwrap();
    assert_eq!((told.applied, told.lease_end), (Some(at(0)), at(60)));
    block_on(responder.tick(at(59))).unwrap();
    assert!(!world.in_force().is_empty());
    block_on(responder.tick(at(60))).unwrap();
    assert!(world.in_force().is_empty());
    assert_eq!(answer(&mut responder, &threat, at(61)), first);
    assert!(world.in_force().is_empty(), "after its lease a person decides");
    let [told] = responder.told().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((told.ending, told.ended), (Some(Ending::Expired), Some(at(60))));
    assert!(told.to_string().contains("reverting: the lease is over"), "{told}");
}

#[test]
fn a_person_says_yes_to_the_plan_that_was_shown() {
    let (mut responder, world) = responder(Mode::Ask);
    let id =
        answer(&mut responder, &threat(40.0, &[(EntityKind::WebSession, "s-1")]), at(0)).actions[0].clone();
    let told = responder.told_of(&id).unwrap();
    assert_eq!(told.applied, None);
    let (plan, person) = (told.plan.unwrap(), Person::new("jane"));
    block_on(responder.approve((&id, plan), &person, at(1))).unwrap();
    assert_eq!(responder.told_of(&id).unwrap().applied, Some(at(1)));
    block_on(responder.revert(&id, &person, at(2))).unwrap();
    assert_eq!(responder.told_of(&id).unwrap().ending, Some(Ending::Asked));
    assert!(world.in_force().is_empty());
}

#[test]
fn administrators_and_emergency_accounts_are_spared() {
    let emergency = threat(90.0, &[(EntityKind::Upn, "break-glass@acme.example")]);
    let admin = threat(90.0, &[(EntityKind::Upn, "admin-jane@acme.example")]);
    for (threat, expected) in [(emergency, "protected by `break-glass`"), (admin, "`administrators`")] {
        let (mut responder, world) = responder(Mode::Act);
        let id = answer(&mut responder, &threat, at(0)).actions[0].clone();
        let told = responder.told_of(&id).unwrap();
        assert!(told.decided.as_ref().unwrap().to_string().contains(expected), "{told}");
        assert!(world.in_force().is_empty());
    }
}

#[test]
fn what_is_not_worth_it_or_not_ours_is_left_alone() {
    let (mut responder, world) = responder(Mode::Act);
    let nobody = answer(&mut responder, &threat(40.0, &[]), at(0));
    assert_eq!((nobody.actions.len(), nobody.declined), (0, Some(Declined::NoFoothold)));
    let mut foreign = threat(40.0, &[(EntityKind::WebSession, "s-1")]);
    foreign.tenant = TenantId::new("other").unwrap();
    let (reach, values) = (MemoryReach::default(), MemoryValues::default());
    let view = View { reach: &reach, criticality: &values, risk: &CalmRisk, now: at(0) };
    let refused = block_on(responder.respond_to(&foreign, &view)).unwrap_err();
    assert_eq!(refused.to_string(), "the request belongs to another tenant");
    assert!(world.in_force().is_empty());
}

#[test]
fn what_an_actuator_refuses_is_told_with_its_cause() {
    let (mut responder, world) = responder(Mode::Act);
    world.plant(Verb::Plan, Fault::Fails(ActError::permanent("find the account")));
    let answered = answer(&mut responder, &threat(40.0, &[(EntityKind::WebSession, "s-1")]), at(0));
    let told = responder.told_of(&answered.actions[0]).unwrap();
    assert_eq!(told.trouble, ["the action could not be planned: can not be done at `find the account`"]);
}

#[test]
fn a_restart_ends_what_was_begun() {
    let folder = tempfile::tempdir().unwrap();
    let world = MemoryWorld::default();
    let open = |now| {
        let memory: Arc<dyn Actuator> = Arc::new(Erase(MemoryActuator::new(world.clone())));
        let options = ResponderOptions::new(TenantId::new("acme").unwrap(), vec![memory])
            .mode(Mode::Act)
            .journal(folder.path().join("journal"), PseudonymKey::new([3; 32]));
        block_on(Responder::open(options, now)).unwrap()
    };
    let mut before = open(at(0));
    let id = answer(&mut before, &threat(40.0, &[(EntityKind::WebSession, "s-1")]), at(0)).actions[0].clone();
    drop(before);
    assert!(!world.in_force().is_empty());
    let mut after = open(at(5));
    let told = after.told_of(&id).unwrap();
    assert!(ActionTold::is_in_force(told), "{told}");
    assert_eq!(
        (told.incident.as_deref(), told.applied, told.lease_end),
        (Some("inc-7"), Some(at(0)), at(60))
    );
    block_on(after.tick(at(600))).unwrap();
    assert!(world.in_force().is_empty());
    assert_eq!(after.told_of(&id).unwrap().phase, Phase::Done);
}

#[test]
fn debug_names_nobody_and_futures_move_between_threads() {
    fn moves<T: Send>(future: T) -> T {
        future
    }
    let (mut responder, _) = responder(Mode::Act);
    let threat = threat(40.0, &[(EntityKind::Upn, MARK)]);
    let (reach, values) = (MemoryReach::default(), MemoryValues::default());
    let view = View { reach: &reach, criticality: &values, risk: &CalmRisk, now: at(0) };
    let answered = block_on(moves(responder.respond_to(&threat, &view))).unwrap();
    block_on(moves(responder.tick(at(1)))).unwrap();
    let options = ResponderOptions::new(TenantId::new("acme").unwrap(), Vec::new())
        .journal(format!("/{MARK}"), PseudonymKey::new([3; 32]));
    let told: Vec<_> = responder.told().collect();
    assert!(told[0].to_string().contains(MARK), "people are told whom it touches");
    let shown = format!("{responder:?} {told:?} {options:?} {answered:?}");
    assert!(!shown.contains(MARK), "{shown}");
    let person = EntityKey::new(EntityKind::Upn, "acme", MARK).unwrap();
    assert!(matches!(responder.forget(&person), Err(GateError::InForce)));
    block_on(responder.tick(at(20).plus(Duration::from_hours(5)).unwrap())).unwrap();
    assert!(responder.forget(&person).unwrap());
    assert_eq!(responder.told().count(), 0);
}
