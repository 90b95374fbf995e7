//! The outcome: which of the twelve tests are passed, with figures, and why the others are not.
//!
//! A test counts only when it is passed on every seed. The last line of the table is the honest `n of 12`.

use crate::object::Object;
use core::fmt;
use std::collections::BTreeMap;

/// One of the twelve maturity tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaturityTest {
    /// T1: a new account's first acts raise its risk everywhere at once.
    ShadowIdentity,
    /// T2: what one domain sees tightens the others.
    ContextPropagation,
    /// T3: several domains react together, reversibly.
    ChainReaction,
    /// T4: a spray is contained without locking people out.
    AutonomousBoundary,
    /// T5: the whole story from any of its signals.
    OneHourTimeline,
    /// T6: many hops under many names are one incident of one person.
    MultiHopReplay,
    /// T7: intent is seen before impact.
    IntentBeforeImpact,
    /// T8: exploitation is seen before the proof of concept.
    CveWindow,
    /// T9: posture, incident, containment and remediation close the loop.
    ClosedLoop,
    /// T10: what was fixed and comes back is named.
    DriftRegression,
    /// T11: accepted drift is learnt, other drift is not.
    BaselineDrift,
    /// T12: one identity has one risk.
    CrossDomainConsistency,
}

impl MaturityTest {
    /// Every test, in order.
    pub const ALL: [Self; 12] = [
        Self::ShadowIdentity,
        Self::ContextPropagation,
        Self::ChainReaction,
        Self::AutonomousBoundary,
        Self::OneHourTimeline,
        Self::MultiHopReplay,
        Self::IntentBeforeImpact,
        Self::CveWindow,
        Self::ClosedLoop,
        Self::DriftRegression,
        Self::BaselineDrift,
        Self::CrossDomainConsistency,
    ];

    /// Its number, from 1.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ShadowIdentity => "Shadow Identity",
            Self::ContextPropagation => "Context Propagation",
            Self::ChainReaction => "Chain Reaction",
            Self::AutonomousBoundary => "Autonomous Boundary",
            Self::OneHourTimeline => "One-Hour Timeline Build",
            Self::MultiHopReplay => "Multi-Hop Replay",
            Self::IntentBeforeImpact => "Intent-Before-Impact",
            Self::CveWindow => "CVE-Window",
            Self::ClosedLoop => "Closed-Loop Remediation",
            Self::DriftRegression => "Drift-Regression",
            Self::BaselineDrift => "Baseline Drift",
            Self::CrossDomainConsistency => "Cross-Domain Baseline Consistency",
        }
    }
}

impl fmt::Display for MaturityTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{} {}", self.number(), self.title())
    }
}

/// How a test ended on one seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every bar held, every negative control kept calm.
    Passed,
    /// These bars were missed.
    Failed(Vec<String>),
    /// What could be judged held, but these parts are missing: not passed.
    Lacking(Vec<String>),
    /// The test itself is not written yet: not passed.
    NotBuilt,
}

impl Verdict {
    /// Its name, in lower case.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Lacking(_) => "lacking",
            Self::NotBuilt => "not built",
        }
    }

    /// Why it is not passed.
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::Failed(reasons) | Self::Lacking(reasons) => reasons,
            Self::Passed | Self::NotBuilt => &[],
        }
    }
}

/// What was measured in one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Events the target was fed.
    pub events: u64,
    /// Seconds of event time from the first hostile event to what was asked for.
    pub seconds: Option<f64>,
    /// Scores and counts by name.
    pub scores: BTreeMap<&'static str, f64>,
    /// Actions the target took.
    pub actions: u64,
    /// Calls an analyst made.
    pub calls: u64,
}

/// One test on one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// What was measured.
    pub figures: Figures,
}

/// One test on all seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResult {
    /// Which test.
    pub test: MaturityTest,
    /// Each seed's result; empty when the test is not built.
    pub seeds: Vec<SeedResult>,
}

impl TestResult {
    /// Whether it is passed on every seed, and there was one.
    pub fn is_passed(&self) -> bool {
        !self.seeds.is_empty() && self.seeds.iter().all(|seed| seed.verdict == Verdict::Passed)
    }

    /// The worst verdict of all seeds, with the reasons of all of them, each once.
    pub fn verdict(&self) -> Verdict {
        if self.seeds.is_empty() {
            return Verdict::NotBuilt;
        }
        let reasons = |wanted: &str| -> Vec<String> {
            let those = self.seeds.iter().filter(|seed| seed.verdict.as_str() == wanted);
            let mut all: Vec<String> = Vec::new();
            for reason in those.flat_map(|seed| seed.verdict.reasons()) {
                if !all.contains(reason) {
                    all.push(reason.clone());
                }
            }
            all
        };
        let any = |wanted: &str| self.seeds.iter().any(|seed| seed.verdict.as_str() == wanted);
        match (any("failed"), any("lacking")) {
            (true, _) => Verdict::Failed(reasons("failed")),
            (_, true) => Verdict::Lacking(reasons("lacking")),
            _ => Verdict::Passed,
        }
    }
}

/// The outcome of the tests that were asked for, all twelve unless told otherwise, for one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// The tests, in order.
    pub tests: Vec<TestResult>,
}

impl Default for Scorecard {
    /// All twelve; none has run yet.
    fn default() -> Self {
        Self::of_tests(MaturityTest::ALL)
    }
}

impl Scorecard {
    /// The card of `tests` alone; none has run yet.
    pub fn of_tests(tests: impl IntoIterator<Item = MaturityTest>) -> Self {
        Self { tests: tests.into_iter().map(|test| TestResult { test, seeds: Vec::new() }).collect() }
    }

    /// Adds the results of one seed.
    pub fn add(&mut self, results: impl IntoIterator<Item = (MaturityTest, SeedResult)>) {
        for (test, result) in results {
            if let Some(known) = self.tests.iter_mut().find(|known| known.test == test) {
                known.seeds.push(result);
            }
        }
    }

    /// How many tests are passed on every seed.
    pub fn passed(&self) -> usize {
        self.tests.iter().filter(|test| test.is_passed()).count()
    }

    /// Whether all of its tests are passed: what the exit code says.
    pub fn is_complete(&self) -> bool {
        self.passed() == self.tests.len()
    }

    /// The result of one test.
    pub fn of(&self, test: MaturityTest) -> Option<&TestResult> {
        self.tests.iter().find(|result| result.test == test)
    }

    /// The outcome as one JSON object.
    pub fn json(&self) -> String {
        let tests: Vec<String> = self.tests.iter().map(test_json).collect();
        Object::default()
            .plain("passed", self.passed())
            .plain("of", self.tests.len())
            .list("tests", &tests)
            .end()
    }
}

fn test_json(result: &TestResult) -> String {
    let verdict = result.verdict();
    let reasons: Vec<&str> = verdict.reasons().iter().map(String::as_str).collect();
    let seeds: Vec<String> = result.seeds.iter().map(seed_json).collect();
    Object::default()
        .text("test", &format!("T{}", result.test.number()))
        .text("title", result.test.title())
        .text("verdict", verdict.as_str())
        .texts("because", &reasons)
        .list("seeds", &seeds)
        .end()
}

fn seed_json(result: &SeedResult) -> String {
    let reasons: Vec<&str> = result.verdict.reasons().iter().map(String::as_str).collect();
    let scores = result
        .figures
        .scores
        .iter()
        .fold(Object::default(), |scores, (name, value)| scores.plain(name, format_args!("{value:?}")));
    let seconds = result.figures.seconds.map_or("null".to_owned(), |seconds| format!("{seconds:?}"));
    Object::default()
        .plain("seed", result.seed)
        .text("verdict", result.verdict.as_str())
        .texts("because", &reasons)
        .plain("events", result.figures.events)
        .plain("seconds", seconds)
        .plain("actions", result.figures.actions)
        .plain("analyst_calls", result.figures.calls)
        .object("scores", &scores)
        .end()
}

impl fmt::Display for Scorecard {
    /// A table with a line a test, its reasons below it, and `n of 12` as the last line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in &self.tests {
            let held = result.seeds.iter().filter(|seed| seed.verdict == Verdict::Passed).count();
            let verdict = result.verdict();
            let name = result.test.to_string();
            writeln!(f, "{name:<38} {:<9} {held}/{} seeds", verdict.as_str(), result.seeds.len())?;
            for reason in verdict.reasons() {
                writeln!(f, "      {reason}")?;
            }
            if let Some(first) = result.seeds.first() {
                writeln!(f, "      {}", first.figures)?;
            }
        }
        write!(f, "{} of {}", self.passed(), self.tests.len())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events, {} actions, {} analyst calls", self.events, self.actions, self.calls)?;
        if let Some(seconds) = self.seconds {
            write!(f, ", {seconds:.1} s of event time")?;
        }
        for (name, value) in &self.scores {
            write!(f, "; {name} {value:.3}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(verdicts: &[Verdict]) -> Scorecard {
        let seeds = verdicts.iter().zip(1..).map(|(verdict, seed)| SeedResult {
            seed,
            verdict: verdict.clone(),
            figures: Figures::default(),
        });
        let mut card = Scorecard::default();
        card.add(seeds.map(|result| (MaturityTest::ShadowIdentity, result)));
        card
    }

    #[track_caller]
    fn check(verdicts: &[Verdict], passed: usize, word: &str) {
        let card = card(verdicts);
        assert_eq!(card.passed(), passed);
        assert_eq!(card.tests[0].verdict().as_str(), word);
        assert_eq!(card.to_string().lines().last(), Some(format!("{passed} of 12").as_str()));
        let json: serde_json::Value = serde_json::from_str(&card.json()).unwrap();
        assert_eq!(json["passed"], passed);
        assert_eq!(json["tests"].as_array().unwrap().len(), 12);
    }

    #[test]
    fn a_test_counts_only_when_every_seed_passes() {
        let (failed, lacking) = (Verdict::Failed(vec!["x".into()]), Verdict::Lacking(vec!["y".into()]));
        check(&[Verdict::Passed, Verdict::Passed], 1, "passed");
        check(&[Verdict::Passed, failed.clone()], 0, "failed");
        check(&[Verdict::Passed, lacking.clone()], 0, "lacking");
        check(&[lacking, failed], 0, "failed");
        check(&[], 0, "not built");
    }
}
