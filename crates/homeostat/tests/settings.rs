#![cfg(test)]
//! Settings are what they say: the defaults are those of a pipeline without any, each error has its place, and what is
//! written reads back.

use homeostat::{Pipeline, Settings, WhenFull, Worth};
use homeostat_core::{EntityKey, EntityKind, TenantId};
use proptest::prelude::*;

/// The file that the crate brings, with every default.
const FILE: &str = include_str!("../settings.toml");

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn key(value: &str) -> EntityKey {
    EntityKey::new(EntityKind::Hostname, "acme", value).unwrap()
}

fn refused(text: &str) -> String {
    Settings::from_toml(&format!("tenant = 'acme'\n{text}")).unwrap_err().to_string()
}

#[test]
fn no_settings_and_the_file_are_the_pipeline_that_everybody_has() {
    let settings = Settings::new(acme());
    assert_eq!(settings.pipeline().unwrap().to_bytes(), Pipeline::new(acme()).to_bytes());
    assert_eq!(Settings::from_toml("tenant = 'acme'").unwrap(), settings);
    assert_eq!(Settings::from_toml(FILE).unwrap(), settings);
}

/// What is in the file, and no more, can be set: a setting that it does not name is found here.
#[test]
fn the_file_names_every_setting() {
    let told: serde_json::Value = serde_json::from_str(&Settings::new(acme()).to_json()).unwrap();
    let mut names = Vec::new();
    collect(&told, &mut names);
    for name in names {
        assert!(FILE.contains(&name), "`{name}` is missing");
    }
}

fn collect(value: &serde_json::Value, names: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        names.push(name.clone());
        collect(value, names);
    }
}

#[test]
fn each_setting_reaches_its_room() {
    let usual = Pipeline::new(acme()).to_bytes();
    for text in [
        "seed = 7",
        "anonymisers = ['203.0.113.9']",
        "windows_domains = { ACME = 'acme.example' }",
        "expected = [{ kind = 'ip', scope = 'acme', value = '10.0.0.9' }]",
        "exposed = [{ asset = { kind = 'hostname', scope = 'acme', value = 'shop' }, product = 'web' }]",
        "detectors_off = ['conduct']",
        "baseline = { memory_mib = 64 }",
        "baseline = { local_time = [{ from = '1970-01-01T00:00:00Z', ahead_minutes = 60 }] }",
        "stories = { lateness_ms = 0 }",
        "stories = { budget = 2 }",
        "stories = { threshold = 20 }",
        "stories = { early_threshold = 40 }",
        "stories = { prior = 'flat' }",
        "stories = { worth = [{ entity = { kind = 'hostname', scope = 'acme', value = 'shop' }, value = 9 }] }",
        "stories = { limits = { hops = 3 } }",
    ] {
        let settings = Settings::from_toml(&format!("tenant = 'acme'\n{text}")).unwrap();
        assert!(settings.pipeline().unwrap().to_bytes() != usual, "`{text}` changes nothing");
    }
    let settings = Settings::from_toml("tenant = 'acme'\nintake = { when_full = 'shed' }").unwrap();
    assert_eq!(settings.intake().unwrap().settings().when_full, WhenFull::Shed);
}

#[test]
fn what_was_learnt_keeps_what_it_was_learnt_with() {
    let usual = Pipeline::new(acme()).to_bytes();
    let other = Settings::from_toml("tenant = 'acme'\nseed = 7\nstories = { lateness_ms = 0 }").unwrap();
    assert_eq!(other.pipeline().unwrap().restored(&usual).unwrap().to_bytes(), usual);
    let quiet = Settings::from_toml("tenant = 'acme'\ndetectors_off = ['beats']").unwrap();
    assert!(quiet.pipeline().unwrap().restored(&usual).is_err(), "a memory is lost only by somebody's word");
    let by_word = Pipeline::from_bytes(&usual).unwrap().without_detector("beats");
    assert_eq!(by_word.to_bytes(), quiet.pipeline().unwrap().to_bytes());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, told) in [
        ("anonymiser = []", "line 2, column 1: unknown field `anonymiser`, expected"),
        ("[stories]\nbuget = 1", "line 3, column 1: unknown field `buget`, expected"),
        ("[stories.limits]\nhop = 1", "line 3, column 1: unknown field `hop`, expected"),
        ("[intake]\nwhen_full = 'drop'", "line 3, column 13: unknown variant `drop`, expected"),
        ("seed = 'seven'", "line 2, column 8: invalid type: string \"seven\", expected u64"),
        ("anonymisers = ['10.0.0.0/8', '10.0.0']", "anonymisers[1]: not an address or a network prefix"),
        ("expected = [{ kind = 'ip', scope = 'acme', value = '10.0.0.9', why = '' }]", "line 2, column"),
        ("expected = [{ kind = 'pet', scope = 'acme', value = 'rex' }]", "line 2, column"),
        (
            "exposed = [{ asset = { kind = 'hostname', scope = 'acme', value = 'shop' }, product = ' ' }]",
            "exposed[0].product: a product has a name",
        ),
        ("windows_domains = { '' = 'acme.example' }", "windows_domains: a domain has a name"),
        ("detectors_off = ['beat']", "detectors_off: there is no detector `beat`; there are `"),
        ("baseline = { memory_mib = 1 }", "baseline.memory_mib: `memory` must be at least 2097152 bytes"),
        (
            "baseline = { local_time = [{ from = '1970-01-01T00:00:00Z', ahead_minutes = 9999 }] }",
            "baseline.local_time: the moments of a table of offsets rise, and each offset is within a day",
        ),
        ("stories = { threshold = 15.9 }", "stories.threshold: a threshold lies between 16 and 64 bits"),
        ("stories = { early_threshold = nan }", "stories.early_threshold: a threshold lies between 16"),
        ("stories = { budget = 0 }", "stories.budget: an alert budget lies above 0 and at most at 1000"),
        ("stories = { lateness_ms = 86_400_001 }", "stories.lateness_ms: the lateness is at most 24 hours"),
        ("stories = { limits = { days = 0 } }", "stories.limits: a limit is at least 1"),
        (
            "stories = { worth = [{ entity = { kind = 'ip', scope = 'acme', value = '10.0.0.9' }, value = 101 }] }",
            "stories.worth[0].value: a worth lies between 0 and 100",
        ),
        ("intake = { capacity = 0 }", "intake: the capacity lies between 1 and 16777216 events"),
        ("intake = { reserved_percent = 100 }", "intake: at most 90 percent are reserved"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(&format!("settings, {told}")), "`{text}`: {error}");
    }
}

#[test]
fn json_tells_places_too() {
    let error = Settings::from_json("{\"tenant\": \"acme\",\n \"sede\": 7}").unwrap_err();
    assert_eq!(error.place(), "line 2, column 7");
    let told = error.to_string();
    assert!(told.starts_with("settings, line 2, column 7: unknown field `sede`, expected"), "{told}");
    assert!(!told.contains("at line"), "the place once: {told}");
    let error = Settings::from_json("{}").unwrap_err().to_string();
    assert_eq!(error, "settings, line 1, column 2: missing field `tenant`");
}

#[test]
fn nobody_is_named_in_debug() {
    let mut settings = Settings::new(acme());
    settings.seed = 987_654_321;
    settings.expected = vec![key("marked")];
    settings.stories.worth = vec![Worth { entity: key("marked"), value: 3 }];
    let shown = format!("{settings:?}");
    assert!(!shown.contains("marked") && !shown.contains("987"), "{shown}");
}

proptest! {
    /// What is in range builds, and is the same after it was written and read.
    #[test]
    fn settings_read_back_as_written(
        (seed, lateness, budget) in (any::<u64>(), 0..=86_400_000_u64, 0.001..=1_000.0),
        (threshold, early) in (16.0..=64.0, 16.0..=64.0),
        (memory, capacity, reserved) in (2..4_096_u64, 1..=16_777_216_usize, 0..=90_u8),
        (hops, days, sheds) in (1..=u8::MAX, 1..=u32::MAX, any::<bool>()),
        hosts in prop::collection::vec(("[a-z]{1,8}", 0..=100_u8), 0..4),
        blocks in prop::collection::vec((any::<[u8; 4]>(), 0..=32_u8), 0..4),
        off in prop::sample::subsequence(vec!["beats", "conduct", "servers", "travel"], 0..=4),
    ) {
        let mut settings = Settings::new(acme());
        settings.seed = seed;
        settings.stories.lateness_ms = lateness;
        settings.stories.budget = budget;
        (settings.stories.threshold, settings.stories.early_threshold) = (threshold, early);
        (settings.stories.limits.hops, settings.stories.limits.days) = (hops, days);
        settings.baseline.memory_mib = memory;
        let when_full = if sheds { WhenFull::Shed } else { WhenFull::Refuse };
        settings.intake = settings.intake.capacity(capacity).reserved_percent(reserved).when_full(when_full);
        settings.stories.worth =
            hosts.iter().map(|(host, value)| Worth { entity: key(host), value: *value }).collect();
        settings.expected = hosts.iter().map(|(host, _)| key(host)).collect();
        settings.anonymisers =
            blocks.iter().map(|([a, b, c, d], length)| format!("{a}.{b}.{c}.{d}/{length}")).collect();
        settings.detectors_off = off.into_iter().map(str::to_owned).collect();
        let again = Settings::from_json(&settings.to_json()).unwrap();
        prop_assert!(again == settings);
        prop_assert!(again.pipeline().unwrap().to_bytes() == settings.pipeline().unwrap().to_bytes());
    }

    /// No text panics, in either form.
    #[test]
    fn no_text_panics(text in "(tenant|seed|stories|\\[|\\]|=|\\{|\\}|'|\"|[a-z0-9 .:,\n])*") {
        let _ = Settings::from_toml(&text);
        let _ = Settings::from_json(&text);
    }
}
