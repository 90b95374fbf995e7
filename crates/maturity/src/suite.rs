//! The runner: the twelve tests over several seeds, for one product.
//!
//! A tenant is written and read once a seed; each test has a target of its own, with the positive story and its
//! negative control in the same run, so that a control counts only for a stack that was alive. Tests whose targets have
//! seen the same so far share one, where it can be forked: the answers are the same, and the time is not spent again.

use crate::autonomous_boundary::AutonomousBoundary;
use crate::baseline_drift::BaselineDrift;
use crate::cast::{ANONYMISERS, APPROVAL_TAG, SHARED};
use crate::chain_reaction::ChainReaction;
use crate::closed_loop::ClosedLoop;
use crate::context_propagation::{Propagation, Unprobed, Unwarned};
use crate::cve_window::CveWindow;
use crate::drift_regression::DriftRegression;
use crate::endpoint::DOMAIN;
use crate::exam::{Clock, Exam, Scene};
use crate::film::{Film, Shot};
use crate::intent_before_impact::IntentBeforeImpact;
use crate::multi_hop::{Blind, MultiHop, Quiet, Sure};
use crate::one_risk::OneRisk;
use crate::scorecard::{Figures, MaturityTest, Scorecard, SeedResult, Verdict};
use crate::shadow_identity::ShadowIdentity;
use crate::shared::Shared;
use crate::{MaturityTarget, Story, TENANT, Tenant, TenantOptions};
use core::fmt;
use homeostat_core::EntityKey;
use homeostat_ingest::RecordError;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Over which tenants the tests run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SuiteOptions {
    /// The seeds. 1 to 5 by default: a bar must hold on each of five.
    pub seeds: RangeInclusive<u64>,
    /// Days of history. 30 by default: what is done once a month is in it once.
    pub days: u16,
    /// The caller's clock, for the bars on computing time. None by default: this crate reads no clock.
    pub clock: Option<Clock>,
    /// The tests that are run; all by default. A test that asks the target of another after it comes with that one.
    pub tests: BTreeSet<MaturityTest>,
}

impl Default for SuiteOptions {
    fn default() -> Self {
        Self { seeds: 1..=5, days: 30, clock: None, tests: MaturityTest::ALL.into() }
    }
}

impl SuiteOptions {
    /// Over these seeds.
    #[must_use]
    pub fn seeds(mut self, seeds: RangeInclusive<u64>) -> Self {
        self.seeds = seeds;
        self
    }

    /// With a history of `days`.
    #[must_use]
    pub fn days(mut self, days: u16) -> Self {
        self.days = days;
        self
    }

    /// With computing time told by `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// With these tests alone, such as the one at work on.
    #[must_use]
    pub fn tests(mut self, tests: impl IntoIterator<Item = MaturityTest>) -> Self {
        self.tests = tests.into_iter().collect();
        self
    }
}

/// What a stack is told of the tenant before its first event; no more than any vendor would be.
#[derive(Clone)]
pub struct Setting {
    /// The name of the tenant.
    pub tenant: &'static str,
    /// How far the office's clock is ahead of UTC, in minutes.
    pub offset_minutes: i32,
    /// The configuration of the AWS account before the first event, as `GetAccountAuthorizationDetails` answers.
    pub account: String,
    /// The ARNs of the account's buckets.
    pub buckets: Vec<String>,
    /// The tag that an administrator sets on what is about to be changed with approval.
    pub approval_tag: &'static str,
    /// Addresses of services that hide who comes from them, as CIDR blocks: the tenant's own list.
    pub anonymisers: Vec<String>,
    /// Addresses behind which many people of the tenant sit, as CIDR blocks: its offices and its VPN.
    pub shared: Vec<String>,
    /// Whose declared work it is to look round: the account and the host of the security team's scanner.
    pub scanners: Vec<EntityKey>,
    /// What runs where strangers reach it: asset and product, spelt as advisories spell it.
    pub software: Vec<(EntityKey, String)>,
    /// The Windows domains of the tenant, each with the mail domain in which its people have their logins.
    pub domains: Vec<(String, String)>,
}

impl Setting {
    /// The setting of a tenant of which nothing but the name is told.
    pub fn of_tenant(tenant: &'static str) -> Self {
        Self {
            tenant,
            offset_minutes: 0,
            account: r#"{"UserDetailList": []}"#.to_owned(),
            buckets: Vec::new(),
            approval_tag: APPROVAL_TAG,
            anonymisers: Vec::new(),
            shared: Vec::new(),
            scanners: Vec::new(),
            software: Vec::new(),
            domains: Vec::new(),
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting({}, {} buckets)", self.tenant, self.buckets.len())
    }
}

/// Makes the target of one run.
pub type Maker<'m> = dyn FnMut(&Setting) -> Box<dyn MaturityTarget> + 'm;

/// The twelve tests.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    options: SuiteOptions,
}

impl Suite {
    /// The tests, over the tenants that `options` tell.
    pub fn new(options: SuiteOptions) -> Self {
        Self { options }
    }

    /// Runs the tests on all seeds; `make` makes a fresh target for each run.
    ///
    /// # Errors
    ///
    /// [`RecordError`] when ingest does not read a record of the tenant, which is a fault of these crates.
    pub fn run(&self, make: &mut Maker<'_>) -> Result<Scorecard, RecordError> {
        let mut scorecard = Scorecard::of_tests(self.options.tests.clone());
        for seed in self.options.seeds.clone() {
            scorecard.add(TestBed::new(seed, &self.options).run(make)?);
        }
        Ok(scorecard)
    }
}

/// One tenant, written once, on which any number of targets are tested.
#[derive(Debug)]
pub struct TestBed {
    film: Film,
    clock: Option<Clock>,
    tests: BTreeSet<MaturityTest>,
}

impl TestBed {
    /// The tenant of `seed` with every story.
    pub fn new(seed: u64, options: &SuiteOptions) -> Self {
        let tenant =
            Story::ALL.into_iter().fold(TenantOptions::new(seed).days(options.days), TenantOptions::story);
        Self { film: Film::of(Tenant::new(&tenant)), clock: options.clock, tests: options.tests.clone() }
    }

    /// The tenant, with all its stories.
    pub fn tenant(&self) -> &Tenant {
        &self.film.tenant
    }

    /// Runs the tests that are built; `make` makes a fresh target for each run.
    ///
    /// # Errors
    ///
    /// As [`Suite::run`].
    pub fn run(&self, make: &mut Maker<'_>) -> Result<Vec<(MaturityTest, SeedResult)>, RecordError> {
        let setting = setting(&self.film.tenant);
        // All begin with one target; one that cannot be forked is left, and each has its own.
        let first = Shared::new(make(&setting));
        let shared = first.fork().is_some();
        let mut runs: Vec<Run<'_>> = scenes()
            .into_iter()
            .filter(|(test, scene)| {
                self.asks(*test) || scene.epilogue().is_some_and(|(after, _)| self.asks(after))
            })
            .map(|(test, scene)| {
                let target = if shared { first.clone() } else { Shared::new(make(&setting)) };
                Run { test, scene, exam: Exam::new(&self.film, target, self.clock) }
            })
            .collect();
        drop(first);
        self.film.show(|event, shot| {
            part(&mut runs, shot);
            for run in runs.iter_mut().filter(|run| run.sees(shot)) {
                run.exam.feed(event, shot);
                run.scene.watch(&mut run.exam, shot);
            }
        })?;
        let mut ended: BTreeMap<MaturityTest, (Verdict, Figures)> = BTreeMap::new();
        for (test, outcome) in runs.into_iter().flat_map(Run::end).filter(|(test, _)| self.asks(*test)) {
            let outcome = match ended.remove(&test) {
                Some(before) => together(before, outcome),
                None => outcome,
            };
            ended.insert(test, outcome);
        }
        let seed = self.film.tenant.options().seed;
        let result = |(test, (verdict, figures))| (test, SeedResult { seed, verdict, figures });
        Ok(ended.into_iter().map(result).collect())
    }

    fn asks(&self, test: MaturityTest) -> bool {
        self.tests.contains(&test)
    }
}

/// The runs of the tests that are built; a test is passed only in all its runs.
fn scenes() -> Vec<(MaturityTest, Box<dyn Scene>)> {
    let (sure, unprobed) = (Sure::default(), Unprobed::default());
    vec![
        (MaturityTest::ShadowIdentity, Box::new(ShadowIdentity::default())),
        (MaturityTest::ContextPropagation, Box::new(Propagation::beside(unprobed.curve()))),
        (MaturityTest::ContextPropagation, Box::new(Unwarned::beside(unprobed.calm()))),
        (MaturityTest::ContextPropagation, Box::new(unprobed)),
        (MaturityTest::MultiHopReplay, Box::new(MultiHop::telling(sure.clone()))),
        (MaturityTest::MultiHopReplay, Box::new(Blind::to_mail())),
        (MaturityTest::MultiHopReplay, Box::new(Blind::to_network(sure))),
        (MaturityTest::MultiHopReplay, Box::new(Quiet)),
        (MaturityTest::ChainReaction, Box::new(ChainReaction::default())),
        (MaturityTest::AutonomousBoundary, Box::new(AutonomousBoundary::default())),
        (MaturityTest::IntentBeforeImpact, Box::new(IntentBeforeImpact::default())),
        (MaturityTest::CveWindow, Box::new(CveWindow::default())),
        (MaturityTest::ClosedLoop, Box::new(ClosedLoop::default())),
        (MaturityTest::CrossDomainConsistency, Box::new(OneRisk::default())),
        (MaturityTest::DriftRegression, Box::new(DriftRegression::default())),
        (MaturityTest::BaselineDrift, Box::new(BaselineDrift::default())),
    ]
}

/// Parts the runs that see `shot` from those that share their target and do not.
fn part(runs: &mut [Run<'_>], shot: &Shot) {
    let staying: Vec<Shared> =
        runs.iter().filter(|run| !run.sees(shot)).map(|run| run.exam.shared().clone()).collect();
    let mut forks: Vec<(Shared, Option<Shared>)> = Vec::new();
    for run in runs.iter_mut().filter(|run| run.sees(shot)) {
        let own = run.exam.shared().clone();
        if !staying.iter().any(|other| other.is(&own)) {
            continue;
        }
        // Those that go on together share the fork as well.
        let known = forks.iter().find(|(of, _)| of.is(&own)).map(|(_, fork)| fork.clone());
        let fork = known.unwrap_or_else(|| own.fork());
        run.exam.part(fork.clone());
        forks.push((own, fork));
    }
}

/// One scene with its target; all runs of a seed go side by side through one reading of the logs.
struct Run<'a> {
    test: MaturityTest,
    scene: Box<dyn Scene>,
    exam: Exam<'a>,
}

impl Run<'_> {
    fn sees(&self, shot: &Shot) -> bool {
        let told = shot.mark.is_some() || !self.scene.is_alone();
        told && shot.belongs(self.scene.stories()) && self.scene.sees(shot)
    }

    fn end(mut self) -> Vec<(MaturityTest, (Verdict, Figures))> {
        self.exam.settle();
        self.scene.finish(&mut self.exam);
        let mut ended = vec![(self.test, self.exam.end())];
        if let Some((test, mut scene)) = self.scene.epilogue() {
            scene.finish(&mut self.exam);
            ended.push((test, self.exam.end()));
        }
        ended
    }
}

fn setting(tenant: &Tenant) -> Setting {
    Setting {
        tenant: TENANT,
        offset_minutes: tenant.offset_minutes(),
        account: tenant.account().to_owned(),
        buckets: tenant.buckets().collect(),
        approval_tag: APPROVAL_TAG,
        anonymisers: ANONYMISERS.iter().map(|block| (*block).to_owned()).collect(),
        shared: SHARED.iter().map(|block| (*block).to_owned()).collect(),
        scanners: crate::search::scanners(),
        software: crate::web_service::software(),
        domains: vec![(DOMAIN.0.to_owned(), DOMAIN.1.to_owned())],
    }
}

/// The verdict of two runs of one test: it holds only where both hold.
fn together(first: (Verdict, Figures), second: (Verdict, Figures)) -> (Verdict, Figures) {
    let verdict = match (first.0, second.0) {
        (Verdict::Failed(mut one), Verdict::Failed(other)) => {
            one.extend(other);
            Verdict::Failed(one)
        }
        (failed @ Verdict::Failed(_), _) | (_, failed @ Verdict::Failed(_)) => failed,
        (Verdict::Passed, other) => other,
        (one, _) => one,
    };
    let mut figures = first.1;
    figures.events += second.1.events;
    figures.scores.extend(second.1.scores);
    (verdict, figures)
}
