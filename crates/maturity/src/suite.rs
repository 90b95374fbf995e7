//! The runner: the twelve tests over several seeds, for one product.
//!
//! A tenant is written and read once a seed; each test runs over it with a fresh target, with the positive story
//! and its negative control in the same run, so that a control counts only for a stack that was alive.

use crate::exam::{Clock, Exam};
use crate::film::Film;
use crate::scorecard::{Figures, MaturityTest, Scorecard, SeedResult, Verdict};
use crate::{MaturityTarget, Story, TENANT, Tenant, TenantOptions};
use crate::{closed_loop, multi_hop, shadow_identity};
use core::fmt;
use homeostat_ingest::RecordError;
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
}

impl Default for SuiteOptions {
    fn default() -> Self {
        Self { seeds: 1..=5, days: 30, clock: None }
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

    /// Runs all tests on all seeds; `make` makes a fresh target for each run.
    ///
    /// # Errors
    ///
    /// [`RecordError`] when ingest does not read a record of the tenant, which is a fault of these crates.
    pub fn run(&self, make: &mut Maker<'_>) -> Result<Scorecard, RecordError> {
        let mut scorecard = Scorecard::default();
        for seed in self.options.seeds.clone() {
            scorecard.add(TestBed::new(seed, &self.options)?.run(make));
        }
        Ok(scorecard)
    }
}

/// One tenant, written and read once, on which any number of targets are tested.
#[derive(Debug)]
pub struct TestBed {
    film: Film,
    clock: Option<Clock>,
}

impl TestBed {
    /// The tenant of `seed` with every story.
    ///
    /// # Errors
    ///
    /// As [`Suite::run`].
    pub fn new(seed: u64, options: &SuiteOptions) -> Result<Self, RecordError> {
        let tenant =
            Story::ALL.into_iter().fold(TenantOptions::new(seed).days(options.days), TenantOptions::story);
        Ok(Self { film: Film::of(Tenant::new(&tenant))?, clock: options.clock })
    }

    /// The tenant, with all its stories.
    pub fn tenant(&self) -> &Tenant {
        &self.film.tenant
    }

    /// Runs the tests that are built; `make` makes a fresh target for each run.
    pub fn run(&self, make: &mut Maker<'_>) -> Vec<(MaturityTest, SeedResult)> {
        let built: [(MaturityTest, &[Scene]); 3] = [
            (MaturityTest::ShadowIdentity, &[shadow_identity::run]),
            (MaturityTest::MultiHopReplay, &[multi_hop::run, multi_hop::quiet]),
            (MaturityTest::ClosedLoop, &[closed_loop::run]),
        ];
        built.into_iter().map(|(test, scenes)| (test, self.test(scenes, make))).collect()
    }

    fn test(&self, scenes: &[Scene], make: &mut Maker<'_>) -> SeedResult {
        let setting = setting(&self.film.tenant);
        let runs = scenes.iter().map(|scene| {
            let mut exam = Exam::new(&self.film, make(&setting), self.clock);
            scene(&mut exam);
            exam.end()
        });
        let (verdict, figures) = runs.reduce(together).unwrap_or((Verdict::NotBuilt, Figures::default()));
        SeedResult { seed: self.film.tenant.options().seed, verdict, figures }
    }
}

/// One run of a test: feeds, asks, notes.
type Scene = fn(&mut Exam<'_>);

fn setting(tenant: &Tenant) -> Setting {
    Setting {
        tenant: TENANT,
        offset_minutes: tenant.offset_minutes(),
        account: tenant.account().to_owned(),
        buckets: tenant.buckets().collect(),
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
