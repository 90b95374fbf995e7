//! The tests can be passed and can be failed: by a target that knows the truth, and by each mutant.
#![cfg(test)]

use homeostat_core::{Bits, Domain, EntityKey, EntityKind, EventRef, Risk, Stage, Timestamp};
use homeostat_event::{Event, Severity};
use homeostat_maturity::{
    Acceptance, ActionKind, ActionRecord, ActionState, FindingView, IncidentView, IntelItem, LineView,
    MaturityTarget, MaturityTest, Mutant, PlanId, PlanView, ReportView, Scorecard, Section, SeedResult,
    StepView, Story, SuiteOptions, Tenant, TestBed, Thresholds, Truth, Unsupported, Verdict,
};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::OnceLock;

/// The jobs that change overnight.
const CHANGES: [Story; 2] = [Story::NewReports, Story::NewStock];

/// Knows the truth, and tells of it what the events so far allow.
#[derive(Clone)]
struct Oracle {
    truths: BTreeMap<Story, Truth>,
    fed: BTreeMap<EventRef, Timestamp>,
    approved: bool,
    published: Option<Timestamp>,
    accepted: BTreeSet<Story>,
    now: Timestamp,
    // How often it was forked; without it, it can not be.
    forks: Option<Rc<Cell<usize>>>,
}

impl Oracle {
    fn of(tenant: &Tenant) -> Self {
        let truths = Story::ALL.into_iter().map(|story| (story, tenant.truth(story).unwrap().clone()));
        let (fed, approved, published, accepted) = Default::default();
        let now = Timestamp::UNKNOWN;
        Self { truths: truths.collect(), fed, approved, published, accepted, now, forks: None }
    }

    /// The steps of `story` seen so far.
    fn seen(&self, story: Story) -> Vec<StepView> {
        let step = |step: &homeostat_maturity::TruthStep| {
            let events: Vec<EventRef> =
                step.events.iter().filter(|event| self.fed.contains_key(event)).cloned().collect();
            let at = events.iter().map(|event| self.fed[event]).min()?;
            Some(StepView {
                at,
                stage: step.stage.unwrap_or(Stage::Entry),
                technique: step.technique.clone(),
                events,
            })
        };
        let mut steps: Vec<StepView> = self.truths[&story].steps.iter().filter_map(step).collect();
        steps.sort_by_key(|step| step.at);
        steps
    }

    fn has(&self, story: Story, step: usize) -> bool {
        self.fed.contains_key(self.truths[&story].steps[step].events.last().unwrap())
    }

    /// The change by which a right is back that was not taken away again yet.
    fn back(&self) -> Option<EventRef> {
        let ways = (1..=7).step_by(2);
        let mut back =
            ways.filter(|step| self.has(Story::Comeback, *step) && !self.has(Story::Comeback, step + 1));
        back.next().and_then(|step| self.truths[&Story::Comeback].steps[step].events.last().cloned())
    }

    /// An action for an hour from the event `step` of `story` ends with.
    fn act(&self, (story, step): (Story, usize), kind: ActionKind, domain: Domain) -> ActionRecord {
        let truth = &self.truths[&story];
        let at =
            truth.steps[step].events.iter().filter_map(|event| self.fed.get(event)).max().copied().unwrap();
        ActionRecord {
            id: format!("{story} {kind:?} {domain}"),
            kind,
            domain,
            scope: truth.who.clone(),
            at,
            expires: at.plus(std::time::Duration::from_hours(1)).unwrap(),
            reversible: true,
            state: ActionState::InForce,
            because: truth.steps[step].events.clone(),
            incident: Some(story.to_string()),
        }
    }

    /// What is done about a hidden sign-in and about guessed passwords.
    fn at_once(&self) -> Vec<ActionRecord> {
        let mut actions = Vec::new();
        if self.has(Story::HiddenSignIn, 1) {
            use ActionKind::{Challenge, ReAuthenticate as Again, Tighten};
            for (kind, domain) in [
                (Challenge, Domain::Identity),
                (Tighten, Domain::Email),
                (Again, Domain::Saas),
                (Again, Domain::Saas),
                (Again, Domain::Saas),
            ] {
                let action = self.act((Story::HiddenSignIn, 1), kind, domain);
                let over = self.has(Story::HiddenSignIn, 2);
                let state = if over { ActionState::Reverted } else { ActionState::InForce };
                actions.push(ActionRecord { state, ..action });
            }
        }
        let spray = &self.truths[&Story::PasswordSpray];
        if spray.steps[1].events.iter().filter(|event| self.fed.contains_key(event)).count() >= 8 {
            let scope = spray.objects.clone();
            let block = self.act((Story::PasswordSpray, 1), ActionKind::Block, Domain::Network);
            actions.push(ActionRecord { scope, ..block });
        }
        if self.has(Story::PasswordSpray, 2) {
            actions.push(self.act((Story::PasswordSpray, 2), ActionKind::Revoke, Domain::Identity));
        }
        actions
    }

    /// Less sure without the network sensor.
    fn confidence(&self) -> f64 {
        if self.fed.keys().any(|event| event.place().starts_with("zeek/")) { 1.0 } else { 0.5 }
    }

    fn answers(&self) -> BTreeMap<String, String> {
        let how = if self.has(Story::MultiHop, 0) { "by a mail" } else { "entry not observed" };
        BTreeMap::from([("how".to_owned(), how.to_owned())])
    }

    /// The risk of `who` after the theft.
    fn robbed(&self, who: &EntityKey) -> Risk {
        let theft = &self.truths[&Story::CredentialTheft];
        if !theft.who.contains(who) || !self.has(Story::CredentialTheft, 2) {
            return Risk::NONE;
        }
        Risk::new(Bits::new(30.0), self.fed[theft.steps[2].events.last().unwrap()])
    }

    fn begun(&self, story: Story, step: usize) -> Option<Timestamp> {
        self.fed.get(self.truths[&story].steps[step].events.first().unwrap()).copied()
    }
}

impl MaturityTarget for Oracle {
    fn feed(&mut self, event: Event) -> Result<(), Unsupported> {
        self.fed.insert(event.reference().unwrap(), event.when());
        self.now = self.now.max(event.when());
        Ok(())
    }

    fn tick(&mut self, now: Timestamp) -> Result<(), Unsupported> {
        self.now = now;
        Ok(())
    }

    /// A grey deed is told of whoever was robbed.
    fn fires(&self, event: &EventRef) -> Result<bool, Unsupported> {
        let grey = self.truths[&Story::Grey].step_of(event).is_some_and(|step| (1..=4).contains(&step));
        Ok(grey && self.has(Story::CredentialTheft, 2))
    }

    fn thresholds(&self, who: &EntityKey) -> Result<Thresholds, Unsupported> {
        let base = Bits::ONE_IN_A_THOUSAND;
        let now = base.above(self.robbed(who).tightening(self.now));
        Ok(Thresholds { domains: Domain::ALL.into_iter().map(|domain| (domain, (base, now))).collect() })
    }

    fn fork(&self) -> Option<Box<dyn MaturityTarget>> {
        let forks = self.forks.as_ref()?;
        forks.set(forks.get() + 1);
        Some(Box::new(self.clone()))
    }

    fn risk(&self, who: &EntityKey, _domain: Domain) -> Result<f64, Unsupported> {
        if ["walk-000@acme.example", "walk-198@acme.example"].contains(&who.value()) {
            return Ok(0.9);
        }
        if self.truths[&Story::Comeback].who.contains(who) {
            return Ok(if self.back().is_some() { 0.5 } else { 0.1 });
        }
        if let Some(story) = CHANGES.into_iter().find(|story| self.truths[story].who.contains(who)) {
            let changed = self.begun(story, 1).is_some() && !self.accepted.contains(&story);
            return Ok(if changed { 0.6 } else { 0.1 });
        }
        if self.truths[&Story::CredentialTheft].who.contains(who) {
            return Ok(self.robbed(who).score());
        }
        let story = Story::ShadowIdentity;
        let known = self.truths[&story].who.contains(who);
        Ok(match (known, self.has(story, 1), self.has(story, 2)) {
            (true, _, true) => 0.9,
            (true, true, _) => 0.4,
            _ => 0.0,
        })
    }

    fn incidents(&self) -> Result<Vec<IncidentView>, Unsupported> {
        let hostile = [
            Story::ShadowIdentity,
            Story::MultiHop,
            Story::WildcardPolicy,
            Story::Reconnaissance,
            Story::Exploit,
        ];
        let incident = |story: Story| {
            let steps = self.seen(story);
            let truth = &self.truths[&story];
            Some(IncidentView {
                id: story.to_string(),
                opened: steps.first()?.at,
                severity: if steps.len() > 4 { Severity::HIGH } else { Severity::MEDIUM },
                confidence: self.confidence(),
                open: !self.approved,
                events: steps.iter().flat_map(|step| step.events.clone()).collect(),
                who: vec![truth.who.clone()],
                objects: truth.objects.clone(),
                steps,
                answers: self.answers(),
            })
        };
        Ok(hostile.into_iter().filter_map(incident).collect())
    }

    fn findings(&self) -> Result<Vec<FindingView>, Unsupported> {
        let stories =
            [Story::WildcardPolicy, Story::ApprovedPolicy].into_iter().filter(|story| self.has(*story, 0));
        let stories = stories.filter(|story| !self.approved || *story != Story::WildcardPolicy);
        let finding = |story: Story| {
            let truth = &self.truths[&story];
            let because = truth.steps[0].events.last().cloned();
            let at = self.fed[because.as_ref().unwrap()];
            FindingView {
                rule: "wildcard".to_owned(),
                object: truth.who[0].clone(),
                at,
                because,
                regressed: None,
            }
        };
        let back = self.back().map(|because| FindingView {
            rule: "wildcard".to_owned(),
            object: self.truths[&Story::Comeback].who[0].clone(),
            at: self.fed[&because],
            because: Some(because),
            regressed: Some(Story::WildcardPolicy.to_string()),
        });
        Ok(stories.map(finding).chain(back).collect())
    }

    fn report(&self, from: &EventRef) -> Result<ReportView, Unsupported> {
        let Some(_) = self.truths[&Story::MultiHop].step_of(from) else { return Ok(ReportView::default()) };
        let line = |step: StepView| LineView { at: step.at, text: "a step".to_owned(), events: step.events };
        let lines = self.seen(Story::MultiHop).into_iter().map(line).collect();
        let empty = [Section::Privilege, Section::Movement, Section::Egress].map(|one| (one, Vec::new()));
        let sections = empty.into_iter().chain([(Section::Entry, lines)]).collect();
        let answers = (0..6).map(|number| (number.to_string(), "known".to_owned())).collect();
        Ok(ReportView { incident: Some("multi-hop".to_owned()), sections, answers })
    }

    fn actions(&self) -> Result<Vec<ActionRecord>, Unsupported> {
        let mut actions = self.at_once();
        if let Some(at) = self.begun(Story::WildcardPolicy, 1) {
            let action = self.act((Story::WildcardPolicy, 1), ActionKind::Revoke, Domain::Cloud);
            let state = if self.approved { ActionState::Reverted } else { ActionState::InForce };
            actions.push(ActionRecord { at, state, because: Vec::new(), ..action });
        }
        Ok(actions)
    }

    fn intelligence(&mut self, item: &IntelItem) -> Result<(), Unsupported> {
        self.published = Some(item.published);
        Ok(())
    }

    fn watched(&self, _asset: &EntityKey) -> Result<f64, Unsupported> {
        let now = self.fed.values().max();
        let days = self.published.zip(now).and_then(|(then, now)| Some(now.since(then)? as f64 / 86_400e6));
        Ok(days.map_or(0.0, |days| 8.0 * (1.0 - days / 14.0).max(0.0)))
    }

    fn plans(&self) -> Result<Vec<PlanView>, Unsupported> {
        let used = ["s3:ListBucket", "s3:GetObject", "s3:PutObject"];
        Ok(vec![PlanView {
            id: PlanId("fit".to_owned()),
            who: self.truths[&Story::WildcardPolicy].who[0].clone(),
            incident: None,
            before: vec!["*".to_owned()],
            after: used.map(str::to_owned).to_vec(),
            permissions: (18_000, 3),
            path_gone: Some(true),
        }])
    }

    fn accept(&mut self, what: &Acceptance) -> Result<(), Unsupported> {
        self.accepted.extend(CHANGES.into_iter().filter(|story| self.truths[story].who.contains(&what.who)));
        Ok(())
    }

    fn approve(&mut self, _plan: &PlanId) -> Result<(), Unsupported> {
        self.approved = true;
        Ok(())
    }
}

fn bed() -> &'static TestBed {
    static BED: OnceLock<TestBed> = OnceLock::new();
    BED.get_or_init(|| TestBed::new(3, &SuiteOptions::default().days(10)))
}

type Results = Vec<(MaturityTest, SeedResult)>;

/// The results of who knows the truth and can not be forked, run once.
fn of_truth() -> Results {
    static RESULTS: OnceLock<Results> = OnceLock::new();
    let run = || bed().run(&mut |_| Box::new(Oracle::of(bed().tenant()))).unwrap();
    RESULTS.get_or_init(run).clone()
}

/// The results of each mutant over the truth, run once.
fn of_mutant(mutant: Mutant) -> Results {
    static RESULTS: OnceLock<BTreeMap<Mutant, Results>> = OnceLock::new();
    let truth = || Box::new(Oracle::of(bed().tenant()));
    let run = |mutant: Mutant| (mutant, bed().run(&mut |_| mutant.over(truth())).unwrap());
    RESULTS.get_or_init(|| Mutant::ALL.map(run).into_iter().collect())[&mutant].clone()
}

#[test]
fn who_knows_the_truth_misses_no_bar_and_lacks_only_what_is_told() {
    let results: BTreeMap<MaturityTest, SeedResult> = of_truth().into_iter().collect();
    let lacks = |test: MaturityTest| match &results[&test].verdict {
        Verdict::Lacking(what) => what.iter().map(String::as_str).collect::<Vec<_>>().join("; "),
        other => panic!("{test}: {other:?}"),
    };
    assert_eq!(lacks(MaturityTest::ShadowIdentity), "a clock, by which computing time is judged");
    assert_eq!(results[&MaturityTest::MultiHopReplay].verdict, Verdict::Passed);
    assert_eq!(lacks(MaturityTest::OneHourTimeline), "a clock, by which computing time is judged");
    assert_eq!(results[&MaturityTest::CrossDomainConsistency].verdict, Verdict::Passed);
    for test in [
        MaturityTest::ContextPropagation,
        MaturityTest::ChainReaction,
        MaturityTest::AutonomousBoundary,
        MaturityTest::IntentBeforeImpact,
        MaturityTest::CveWindow,
        MaturityTest::BaselineDrift,
    ] {
        assert_eq!(results[&test].verdict, Verdict::Passed, "{test}");
    }
    assert_eq!(lacks(MaturityTest::DriftRegression), "a clock, by which computing time is judged");
    assert_eq!(
        lacks(MaturityTest::ClosedLoop),
        "28 days of use before the change: ask for a history of 30 days"
    );
}

/// Computing time is judged in release builds only, so only there can T1 be passed at all.
#[cfg(not(debug_assertions))]
#[test]
fn on_five_seeds_and_a_whole_month_the_truth_passes_what_can_be_passed() {
    fn clock() -> std::time::Duration {
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }
    let mut card = Scorecard::default();
    for seed in 1..=5 {
        let bed = TestBed::new(seed, &SuiteOptions::default().clock(clock));
        card.add(bed.run(&mut |_| Box::new(Oracle::of(bed.tenant()))).unwrap());
    }
    assert_eq!(card.passed(), 12, "{card}");
}

#[test]
fn every_mutant_fails_its_own_test_and_stacks_that_see_nothing_fail_all() {
    for mutant in Mutant::ALL {
        let blind = [Mutant::Silent, Mutant::Loud, Mutant::OneDomain].contains(&mutant);
        for (test, result) in of_mutant(mutant) {
            let failed = result.verdict.as_str() == "failed";
            assert!(failed || !blind && test != mutant.own_test(), "{} passes {test}", mutant.as_str());
        }
    }
}

#[test]
fn whoever_can_be_forked_is_judged_as_whoever_can_not() {
    let alone = of_truth();
    let (forks, mut made) = (Rc::new(Cell::new(0)), 0);
    let shared = bed().run(&mut |_| {
        made += 1;
        Box::new(Oracle { forks: Some(forks.clone()), ..Oracle::of(bed().tenant()) })
    });
    assert_eq!(shared.unwrap(), alone);
    assert!(made == 1 && forks.get() > 4, "one target begins for all, and {} part from it", forks.get());
    let (_, oracle) = alone.iter().find(|(test, _)| *test == MaturityTest::BaselineDrift).unwrap();
    assert_eq!(oracle.verdict, Verdict::Passed);
}

#[test]
fn equal_runs_give_equal_cards() {
    let card = |results: Results| {
        let mut card = Scorecard::default();
        card.add(results);
        assert!(card.to_string().ends_with("\n0 of 12"));
        (card.json(), card.to_string())
    };
    let again = bed().run(&mut |_| Mutant::OneDomain.over(Mutant::silent())).unwrap();
    assert_eq!(card(of_mutant(Mutant::OneDomain)), card(again));
}

#[test]
fn chosen_tests_run_alone_and_give_what_they_give_among_all() {
    // T5 asks the target of T6 after it.
    let chosen = [MaturityTest::OneHourTimeline, MaturityTest::AutonomousBoundary];
    let options = SuiteOptions::default().days(10).tests(chosen);
    let bed = TestBed::new(bed().tenant().options().seed, &options);
    let alone = bed.run(&mut |_| Mutant::OneDomain.over(Mutant::silent())).unwrap();
    let mut card = Scorecard::of_tests(chosen);
    card.add(alone.clone());
    assert!(card.to_string().ends_with("\n0 of 2"), "{card}");
    let all = of_mutant(Mutant::OneDomain);
    let among: Results = all.into_iter().filter(|(test, _)| chosen.contains(test)).collect();
    assert_eq!(alone, among);
}

#[test]
fn views_hide_names_and_texts() {
    let mark = "marked-secret";
    let key = EntityKey::new(EntityKind::Email, "acme", &format!("{mark}@acme.example")).unwrap();
    let plan = PlanView {
        id: PlanId("1".to_owned()),
        who: key.clone(),
        incident: None,
        before: vec![mark.to_owned()],
        after: vec![mark.to_owned()],
        permissions: (1, 1),
        path_gone: None,
    };
    let answers = BTreeMap::from([("who".to_owned(), mark.to_owned())]);
    let incident = IncidentView {
        id: "1".to_owned(),
        opened: Timestamp::UNKNOWN,
        severity: Severity::LOW,
        confidence: 0.5,
        open: true,
        steps: Vec::new(),
        who: vec![vec![key.clone()]],
        objects: vec![key],
        events: Vec::new(),
        answers: answers.clone(),
    };
    let line =
        homeostat_maturity::LineView { at: Timestamp::UNKNOWN, text: mark.to_owned(), events: Vec::new() };
    let report = homeostat_maturity::ReportView {
        incident: None,
        sections: BTreeMap::from([(homeostat_maturity::Section::Entry, vec![line.clone()])]),
        answers,
    };
    let shown = format!("{plan:?} {incident:?} {line:?} {report:?}");
    assert!(!shown.contains(mark), "{shown}");
}
