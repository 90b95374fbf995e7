#![cfg(test)]
//! The whole, whatever is in it: batches, and what nobody watches.

use homeostat::Pipeline;
use homeostat_core::{Domain, TenantId};
use homeostat_event::Event;
use homeostat_maturity::{Story, TENANT, Tenant, TenantOptions};

fn events() -> Vec<Event> {
    let company = Tenant::new(&TenantOptions::new(3).days(10).story(Story::MultiHop));
    let mut events = company.events().unwrap();
    events.sort_by_key(Event::when);
    // The last days, with the attack.
    events.split_off(events.len() * 3 / 4)
}

fn pipeline() -> Pipeline {
    Pipeline::new(TenantId::new(TENANT).unwrap())
}

#[test]
fn a_batch_is_its_events_one_by_one() {
    let events = events();
    let (mut one_by_one, mut batches) = (pipeline(), pipeline());
    let single: Vec<_> = events.iter().flat_map(|event| one_by_one.observe(event)).collect();
    let together: Vec<_> = events.chunks(777).flat_map(|batch| batches.observe_batch(batch)).collect();
    assert!(!single.is_empty());
    assert_eq!(single, together);
    assert_eq!(one_by_one.to_bytes(), batches.to_bytes());
}

#[test]
fn a_missing_source_leaves_its_questions_open() {
    let events = events();
    let open = |without: Option<Domain>| {
        let mut pipeline = pipeline();
        for event in events.iter().filter(|event| Some(event.domain()) != without) {
            pipeline.observe(event);
        }
        let open: Vec<Domain> = pipeline.open_questions().iter().map(|open| open.domain).collect();
        let again = Pipeline::from_bytes(&pipeline.to_bytes()).unwrap();
        assert_eq!(again.open_questions(), pipeline.open_questions());
        open
    };
    let whole = open(None);
    assert!(!whole.contains(&Domain::Network) && !whole.contains(&Domain::Identity), "{whole:?}");
    let blind = open(Some(Domain::Network));
    assert!(blind.contains(&Domain::Network) && blind.len() == whole.len() + 1, "{blind:?}");
}

#[test]
fn who_falls_silent_is_told_with_the_last_word() {
    let line = |hours: i64, class: u32| {
        let time = 1_773_563_400_000 + hours * 3_600_000;
        let text = format!(
            r#"{{"class_uid": {class}, "activity_id": 1, "time": {time}, "severity_id": 1,
            "metadata": {{"tenant_uid": "{TENANT}"}}, "unmapped": {{"homeostat_ref": "log#{hours}"}}}}"#
        );
        Event::from_json(&text).unwrap()
    };
    let mut pipeline = pipeline();
    pipeline.observe(&line(0, 4001));
    pipeline.observe(&line(24, 1007));
    let silent = |pipeline: &Pipeline| {
        let open = pipeline.open_questions();
        open.iter().find(|open| open.domain == Domain::Network).and_then(|open| open.silent_since)
    };
    assert_eq!(silent(&pipeline), None, "a day is not over");
    pipeline.observe(&line(25, 1007));
    assert_eq!(silent(&pipeline), Some(line(0, 4001).when()));
}
