#![cfg(test)]
//! The quickstart from end to end on a short tenant: the same story twice, every containment with a lease, nothing
//! planned without an incident.

use homeostat_examples::{Answer, Material, Progress, Study, telling};
use homeostat_maturity::{Tenant, TenantOptions};
use homeostat_response::{Effect, Mode, Phase};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

/// The longest lease of the default rails, in microseconds.
const FOUR_HOURS: i64 = 4 * 3_600_000_000;

/// The folder of the shortest tenant under attack, as a collector would leave it: logs and account configuration.
/// Without the network the story is the same and this test is short.
fn folder() -> PathBuf {
    let [attacked, _] = Material::twins(7);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart_story");
    let tenant = Tenant::new(&attacked.days(TenantOptions::LEAST_DAYS));
    for (name, bytes) in tenant.files().filter(|(name, _)| !name.starts_with("zeek")) {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    folder
}

fn told(folder: &Path) -> (String, Vec<(String, Answer)>) {
    let material = Material::read(folder).unwrap();
    assert!(material.inventory.objects().next().is_some(), "the configuration is known by its content");
    let study = Study::of(&material, &Progress::hidden());
    let incidents = study.incidents();
    let mut story = telling::read(&material) + &telling::learnt(&study) + &telling::found(&study, &incidents);
    let mut answers = Vec::new();
    for incident in &incidents {
        let answer = study.answer(incident, Mode::Act).unwrap();
        story += &telling::response(&answer, "a target in memory");
        story += &study.report(incident).to_markdown();
        answers.push((incident.id().to_string(), answer));
    }
    (story, answers)
}

#[test]
fn the_story_is_the_same_twice_and_every_containment_ends() {
    let folder = folder();
    let other = folder.clone();
    let again = thread::spawn(move || told(&other));
    let first = told(&folder);
    assert!(first == again.join().unwrap(), "the same input tells the same story");
    let (story, answers) = first;
    assert!(!answers.is_empty(), "the attack is found");
    assert!(story.contains("TOP INCIDENT"));
    for (incident, answer) in &answers {
        check(incident, answer);
    }
}

/// The laws of every answer.
fn check(incident: &str, answer: &Answer) {
    assert_eq!(
        answer.declined.is_some(),
        answer.at_once.is_empty(),
        "nothing is done, or why nothing is said"
    );
    for told in &answer.at_once {
        assert_eq!(told.incident.as_deref(), Some(incident), "nothing is planned without an incident");
        assert!(told.decided.is_some(), "nothing is done undecided: {told:?}");
        let contains = told.action.is_some_and(|action| action.facts().effect == Effect::Containment);
        if let Some(applied) = told.applied.filter(|_| contains) {
            let lease = told.lease_end.since(applied);
            assert!(lease.is_some_and(|micros| (1..=FOUR_HOURS).contains(&micros)), "{told:?}");
        }
    }
    assert_eq!(answer.left, 0, "nothing outlives its lease");
    let over = |phase: &Phase| matches!(phase, Phase::Done | Phase::Refused);
    assert!(answer.at_last.iter().all(|told| over(&told.phase)));
}
