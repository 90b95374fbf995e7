//! What others read is what they can read: OCSF by its schema, CACAO by its own references.

use crate::room::{Room, allowing, ask, at, id};
use homeostat_event::{Event, validate};
use homeostat_response::conformance::block_on;
use homeostat_response::{Action, OnFailure, Person, RemediationLog, Saga, TargetKind};
use serde_json::Value;
use std::time::Duration;

fn saga() -> Saga {
    let all = Action::ALL.into_iter().enumerate();
    let requests = all.map(|(n, action)| {
        let kind = if action == Action::Block { TargetKind::Address } else { TargetKind::Host };
        let target = if action == Action::Block { "203.0.113.9" } else { "web-1" };
        ask(&format!("step-{n}"), action, kind, target).about("inc-7", "for a reason")
    });
    requests.fold(Saga::new("inc-7"), Saga::first)
}

#[test]
fn every_step_is_a_valid_remediation_activity() {
    let room = Room::new(&allowing("max_active = 50"));
    let mut executor = room.open(0);
    block_on(executor.carry(&saga(), at(1))).unwrap();
    let joe = Person::new("joe");
    executor.extend(&id("step-4"), Duration::from_mins(2), &joe, at(2)).unwrap();
    block_on(executor.revert(&id("step-5"), &joe, at(3))).unwrap();
    block_on(executor.tick(at(500))).unwrap();
    let mut log = RemediationLog::default();
    let records = room.records();
    let events: Vec<String> = records.iter().filter_map(|record| log.event(record)).collect();
    assert_eq!(events.len(), records.len() - 1, "one for each but the taking over");
    let mut names = std::collections::BTreeSet::new();
    for json in &events {
        let event = Event::from_json(json).unwrap();
        assert_eq!(validate(&event), [], "{json}");
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(value["class_uid"], 7001);
        assert!(value["command_uid"].as_str().unwrap().starts_with("step-"));
        names.insert(value["activity_name"].as_str().unwrap().to_owned());
    }
    let expected = ["Detect", "Evict", "Harden", "Isolate", "Restore"].map(str::to_owned);
    assert_eq!(names, expected.into());
    let undone =
        events.iter().filter(|json| json.contains("\"Restore\"") && json.contains("step-4\"")).count();
    assert_eq!(undone, 2, "a revert is a Restore under the same command_uid");
}

#[test]
fn every_reference_of_a_playbook_is_there() {
    for on_failure in [OnFailure::Keep, OnFailure::Compensate] {
        let [first, second] = ["one", "two"].map(|name| ask(name, Action::Isolate, TargetKind::Host, name));
        let saga = saga().then(first.clone(), &[&id("step-0"), &id("step-1")]).unwrap();
        let saga = saga.then(second, &[&first.id]).unwrap().on_failure(on_failure);
        let text = saga.to_cacao(at(0), "https://orchestrator.example/openc2");
        assert_eq!(text, saga.to_cacao(at(0), "https://orchestrator.example/openc2"), "the same bytes");
        let playbook: Value = serde_json::from_str(&text).unwrap();
        let workflow = playbook["workflow"].as_object().unwrap();
        let there = |id: &Value| assert!(workflow.contains_key(id.as_str().unwrap()), "{id}");
        there(&playbook["workflow_start"]);
        let mut reached = std::collections::BTreeSet::new();
        let mut open = vec![playbook["workflow_start"].as_str().unwrap().to_owned()];
        while let Some(id) = open.pop() {
            if !reached.insert(id.clone()) {
                continue;
            }
            let step = &workflow[&id];
            assert!(id.starts_with(&format!("{}--", step["type"].as_str().unwrap())), "{id}");
            for next in ["on_completion", "on_success", "on_failure"].map(|name| &step[name]) {
                if !next.is_null() {
                    there(next);
                    open.push(next.as_str().unwrap().to_owned());
                }
            }
            open.extend(
                step["next_steps"].as_array().into_iter().flatten().map(|id| id.as_str().unwrap().to_owned()),
            );
            for target in step["targets"].as_array().into_iter().flatten() {
                assert!(playbook["target_definitions"].get(target.as_str().unwrap()).is_some(), "{target}");
            }
            if let Some(agent) = step["agent"].as_str() {
                assert!(playbook["agent_definitions"].get(agent).is_some());
            }
        }
        assert_eq!(reached.len(), workflow.len(), "and nothing stands there that is never reached");
        let actions = reached.iter().filter(|id| id.starts_with("action--")).count();
        assert_eq!(actions, if on_failure == OnFailure::Keep { 17 } else { 17 + 15 });
    }
}
