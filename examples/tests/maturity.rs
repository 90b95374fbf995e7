//! The maturity tests run on a plain stack and on the pipeline's target, on one small tenant.
#![cfg(test)]

use homeostat_core::{Domain, EntityKey, EntityKind, EventRef};
use homeostat_examples::{HomeostatTarget, PlainTarget, html_table};
use homeostat_maturity::{MaturityTarget, MaturityTest, Scorecard, Setting, SuiteOptions, TestBed, Verdict};

fn setting() -> Setting {
    let account = r#"{"UserDetailList": []}"#.to_owned();
    Setting { account, ..Setting::of_tenant("acme") }
}

#[test]
fn a_plain_stack_passes_nothing_and_is_told_why() {
    let bed = TestBed::new(3, &SuiteOptions::default().days(2));
    let mut card = Scorecard::default();
    card.add(bed.run(&mut |_| Box::new(PlainTarget::default())).unwrap());
    assert!(card.to_string().ends_with("\n0 of 12"), "{card}");
    assert!(!card.is_complete());
    for test in [MaturityTest::ShadowIdentity, MaturityTest::MultiHopReplay, MaturityTest::ClosedLoop] {
        assert!(matches!(card.of(test).unwrap().verdict(), Verdict::Failed(_)), "{card}");
    }
    assert!(html_table(&card).contains("<p>0 of 12</p>"));
}

#[test]
fn the_pipeline_knows_nothing_of_a_stranger() {
    let target = HomeostatTarget::new(&setting()).unwrap();
    let stranger = EntityKey::new(EntityKind::Upn, "acme", "jane@acme.example").unwrap();
    for domain in Domain::ALL {
        assert!(target.risk(&stranger, domain).unwrap().abs() < f64::EPSILON);
    }
    let thresholds = target.thresholds(&stranger).unwrap();
    assert!(thresholds.domains.values().all(|(base, now)| base == now));
    assert_eq!(target.report(&EventRef::new("okta", 1).unwrap()).unwrap().incident, None);
    assert!(target.findings().unwrap().is_empty() && target.plans().unwrap().is_empty());
}

#[test]
fn a_setting_that_is_no_account_is_refused() {
    let broken = Setting { account: "marked-secret".to_owned(), ..setting() };
    let error = HomeostatTarget::new(&broken).unwrap_err().to_string();
    assert_eq!(error, "the snapshot is no JSON");
}

/// What the pipeline passes on every company that was tried. Computing time is left to the program, where nothing runs
/// beside it.
#[cfg(not(debug_assertions))]
const PASSED: [MaturityTest; 12] = [
    MaturityTest::ShadowIdentity,
    MaturityTest::ContextPropagation,
    MaturityTest::ChainReaction,
    MaturityTest::AutonomousBoundary,
    MaturityTest::OneHourTimeline,
    MaturityTest::MultiHopReplay,
    MaturityTest::IntentBeforeImpact,
    MaturityTest::CveWindow,
    MaturityTest::ClosedLoop,
    MaturityTest::DriftRegression,
    MaturityTest::BaselineDrift,
    MaturityTest::CrossDomainConsistency,
];

/// A month of a company and eleven tests take minutes in a debug build.
#[cfg(not(debug_assertions))]
#[test]
fn the_pipeline_passes_what_it_is_said_to_pass() {
    let card = card(6, &PASSED);
    assert_eq!(card.passed(), PASSED.len(), "{card}");
}

/// What failed on companies that were not in view: the rest of the day told with a story of sessions (12), habits and busy
/// hours told with it (17), a machine that once held the address of today's (8).
#[cfg(not(debug_assertions))]
#[test]
fn a_story_is_told_without_the_everyday_life_around_it() {
    let intent = MaturityTest::IntentBeforeImpact;
    for (seed, test) in
        [(12, MaturityTest::OneHourTimeline), (17, MaturityTest::OneHourTimeline), (8, intent)]
    {
        let card = card(seed, &[test]);
        assert_eq!(card.passed(), 1, "{card}");
    }
}

/// How the pipeline does in `tests` on the company of `seed`.
#[cfg(not(debug_assertions))]
fn card(seed: u64, tests: &[MaturityTest]) -> Scorecard {
    let options = SuiteOptions::default().clock(std::time::Duration::default).tests(tests.iter().copied());
    let results =
        TestBed::new(seed, &options).run(&mut |setting| Box::new(HomeostatTarget::new(setting).unwrap()));
    let mut card = Scorecard::of_tests(options.tests.clone());
    card.add(results.unwrap());
    card
}
