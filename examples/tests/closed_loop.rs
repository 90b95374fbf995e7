//! The loop, closed: what is found and what is done with it are one story, which is contained, repaired at its cause and
//! calm again, and which closes when nothing of either half is open.
#![cfg(test)]

mod days;

use days::Days;
use homeostat_core::EntityKey;
use homeostat_examples::HomeostatTarget;
use homeostat_maturity::{ActionRecord, ActionState, IncidentView, MaturityTarget, Story, Truth};
use std::time::Duration;

const STORY: Story = Story::WildcardPolicy;
/// Longer than any incident stays open by itself.
const QUIET: Duration = Duration::from_hours(24 * 9);

fn incident(target: &dyn MaturityTarget, truth: &Truth) -> IncidentView {
    let change = truth.steps[0].events.last().unwrap();
    let incidents = target.incidents().unwrap();
    let reads = |one: &IncidentView| truth.steps[1].events.iter().any(|read| one.events.contains(read));
    incidents
        .into_iter()
        .find(|one| one.events.contains(change) && reads(one))
        .expect("one story of both halves")
}

/// What stops something of these.
fn containments(target: &dyn MaturityTarget, who: &[EntityKey]) -> Vec<ActionRecord> {
    let mut actions = target.actions().unwrap();
    actions.retain(|action| action.kind.contains() && action.scope.iter().any(|key| who.contains(key)));
    actions
}

fn findings(target: &dyn MaturityTarget, who: &[EntityKey]) -> usize {
    target.findings().unwrap().iter().filter(|finding| who.contains(&finding.object)).count()
}

#[test]
fn a_fix_ends_the_path_lifts_the_blocks_and_closes_the_story() {
    let days = Days::of(&[STORY]);
    let truth = days.tenant.truth(STORY).unwrap();
    let mut target = HomeostatTarget::new(&days.setting()).unwrap();
    let before = findings(&target, &truth.who);
    for event in &days.events {
        target.feed(event.clone()).unwrap();
    }
    assert!(findings(&target, &truth.who) > before && incident(&target, truth).open);
    let in_force = |target: &dyn MaturityTarget| {
        let contained = containments(target, &truth.who);
        contained.iter().filter(|action| action.state == ActionState::InForce).count()
    };
    assert!(in_force(&target) > 0, "the key is stopped");
    // The cause: which rights are to go, and that the path goes with them.
    let plans = target.plans().unwrap();
    let plan = plans.iter().find(|plan| truth.who.contains(&plan.who)).expect("a repair of the cause");
    let (had, keeps) = plan.permissions;
    assert!(plan.path_gone == Some(true) && keeps * 10 <= had, "{keeps} of {had} stay");
    let now = days.events.last().unwrap().when();
    // However quiet it is: as long as the right is there, the story is open.
    let mut left_alone = target.fork().unwrap();
    left_alone.tick(now.plus(QUIET).unwrap()).unwrap();
    assert!(incident(&*left_alone, truth).open);
    target.approve(&plan.id).unwrap();
    assert_eq!((findings(&target, &truth.who), in_force(&target)), (before, 0), "mended and lifted");
    target.tick(now.plus(QUIET).unwrap()).unwrap();
    assert!(!incident(&target, truth).open, "both halves are closed");
}
