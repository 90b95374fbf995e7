//! The laws of the simulated tenant: same seed, same bytes; stories only add; their truth is in the output.
#![cfg(test)]

use homeostat_core::EventRef;
use homeostat_maturity::{LogSource, Story, Tenant, TenantOptions};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Neither hostile nor to be passed over: whether a job that changed is right is for somebody to say.
const CHANGES: [Story; 2] = [Story::NewReports, Story::NewStock];

type Files = BTreeMap<String, Vec<u8>>;

fn files(tenant: &Tenant) -> Files {
    tenant.files().collect()
}

/// Every record of the logs, in order, with its id.
fn records(tenant: &Tenant) -> Vec<(EventRef, String)> {
    let mut all = Vec::new();
    for (name, bytes) in tenant.logs() {
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = match text.strip_prefix("{\"Records\":[") {
            Some(inner) => inner.strip_suffix("]}\n").unwrap().split(",\n").collect(),
            None => text.lines().filter(|line| !line.starts_with('#')).collect(),
        };
        for (number, line) in lines.into_iter().enumerate() {
            all.push((EventRef::new(&name, number as u64).unwrap(), line.to_owned()));
        }
    }
    all
}

fn short(seed: u64) -> TenantOptions {
    TenantOptions::new(seed).days(10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]
    #[test]
    fn equal_seeds_give_equal_bytes_and_others_do_not(seed: u64) {
        let first = files(&Tenant::new(&short(seed)));
        prop_assert_eq!(&first, &files(&Tenant::new(&short(seed))));
        prop_assert_ne!(&first, &files(&Tenant::new(&short(seed.wrapping_add(1)))));
    }

    #[test]
    fn a_story_only_adds_its_own_records(seed: u64, number in 0..Story::ALL.len()) {
        let story = Story::ALL[number];
        let told = Tenant::new(&short(seed).story(story));
        let truth = told.truth(story).unwrap();
        let events = truth.events();
        prop_assert!(!events.is_empty());
        let rest: Vec<String> = records(&told)
            .into_iter()
            .filter(|(id, _)| !events.contains(id))
            .map(|(_, line)| line)
            .collect();
        let twin: Vec<String> = records(&Tenant::new(&short(seed))).into_iter().map(|(_, line)| line).collect();
        prop_assert_eq!(rest, twin);
    }

    #[test]
    fn truth_points_into_the_output_and_steps_do_not_share(seed: u64) {
        let told = Tenant::new(&Story::ALL.into_iter().fold(short(seed), TenantOptions::story));
        let all: BTreeMap<EventRef, String> = records(&told).into_iter().collect();
        prop_assert_eq!(all.len(), told.len());
        let mut seen = std::collections::BTreeSet::new();
        for truth in Story::ALL.into_iter().map(|story| told.truth(story).unwrap()) {
            prop_assert!(!truth.who.is_empty() || truth.story.is_benign(), "{} stars nobody", truth.story);
            let hostile = truth.steps.iter().any(|step| step.stage.is_some());
            let calm = truth.story.is_benign() || CHANGES.contains(&truth.story);
            prop_assert_eq!(hostile, !calm, "{}", truth.story);
            for step in &truth.steps {
                prop_assert!(!step.events.is_empty(), "{}: {}", truth.story, step.what);
                prop_assert!(step.stage.is_none() || !truth.story.is_benign(), "{}", truth.story);
                for event in &step.events {
                    prop_assert!(all.contains_key(event), "{event}");
                    prop_assert!(seen.insert(event.clone()), "{event} twice");
                }
            }
        }
    }

    #[test]
    fn each_source_is_in_order_of_time(seed: u64) {
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        for (id, line) in records(&Tenant::new(&short(seed).story(Story::MultiHop))) {
            let time = time_of(&line);
            let before = last.insert(id.place().to_owned(), time.clone());
            prop_assert!(before.is_none_or(|before| before <= time), "{id}");
        }
    }
}

fn time_of(line: &str) -> String {
    for field in [
        "\"eventTime\":\"",
        "\"published\":\"",
        "\"SystemTime\":\"",
        "\"ts\":",
        "\"CreationTime\":\"",
        "\"Received\":\"",
        "\"time\":",
    ] {
        if let Some((_, rest)) = line.split_once(field) {
            return rest.split(['"', ',']).next().unwrap().to_owned();
        }
    }
    line.split('\t').next().unwrap().to_owned()
}

#[test]
fn the_size_is_that_of_a_small_company() {
    let acme = Tenant::new(&TenantOptions::new(7));
    assert!((60_000..=200_000).contains(&acme.len()), "{}", acme.len());
    let counts = acme.counts();
    let everyday =
        LogSource::ALL.iter().filter(|source| !matches!(source, LogSource::Ocsf | LogSource::ZeekHttp));
    assert!(everyday.into_iter().all(|source| counts[source] > 300), "{counts:?}");
}

#[test]
fn every_json_record_is_json_and_every_conn_line_has_its_fields() {
    let acme = Tenant::new(&short(3).story(Story::MultiHop));
    for (id, line) in records(&acme) {
        if id.place() == "zeek/conn" {
            assert_eq!(line.split('\t').count(), 21, "{id}");
        } else {
            assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{id}");
        }
    }
}

#[test]
fn the_hard_controls_are_there() {
    let acme = Tenant::new(&TenantOptions::new(7));
    let text: String =
        acme.logs().map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect::<Vec<_>>().join("\n");
    for needle in [
        "INVALID_CREDENTIALS",
        "Singapore",
        "GetCostAndUsage",
        "CreatePolicyVersion",
        "acme-finance-close/out",
    ] {
        assert!(text.contains(needle), "{needle}");
    }
    assert!(!text.contains("acme-customer-exports"), "the dormant bucket is used");
}

#[test]
fn debug_shows_counts_and_no_names() {
    let acme = Tenant::new(&short(7).story(Story::MultiHop));
    let truth = acme.truth(Story::MultiHop).unwrap();
    let shown = format!("{acme:?} {truth:?} {:?}", truth.steps);
    let name = truth.who[0].value();
    assert!(!shown.contains(name) && !shown.contains("@acme"), "{shown}");
}
