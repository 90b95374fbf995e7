//! Which answers a change touches, and what becomes of findings when answers change.

use crate::change::{Change, Op};
use crate::estate::{Moved, Object, Rests};
use crate::evaluate::{Basis, Here, Reading, Witness};
use crate::expression::Truth;
use crate::finding::{Finding, Source};
use crate::posture::{Answer, Pair, Posture, Update, Verdict};
use crate::rule::{Must, Rule, Severity};
use homeostat_core::{EntityKey, EventRef, Hop};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Posture {
    /// Works out the answers that the change touches.
    pub(crate) fn redo(&mut self, moved: &Moved, change: &Change) -> Update {
        let mut dirty: BTreeSet<Pair> =
            moved.rests.iter().filter_map(|rests| self.resting.get(rests)).flatten().cloned().collect();
        for key in moved.appeared.iter().chain(&moved.vanished) {
            let kind = self.estate.objects.get(key).map(|object| &object.kind);
            let own = kind.into_iter().chain(&moved.former).flat_map(|kind| self.rules.about(kind));
            dirty.extend(own.map(|rule| (*rule, key.clone())));
        }
        if change.op == Op::Tick {
            let due = self.due.iter().take_while(|(due, _)| moved.woken || *due <= self.clock);
            dirty.extend(due.map(|(_, pair)| pair.clone()));
        }
        let mut update = Update { touched: dirty.len(), ..Update::default() };
        let mut objects = BTreeSet::new();
        for pair in dirty {
            let failure = self.answer(&pair, &mut update);
            objects.insert(pair.1.clone());
            self.settle(&pair, (change, failure), &mut update);
        }
        for object in objects {
            self.combine(&object, change, &mut update);
        }
        self.stats.evaluated = self.stats.evaluated.saturating_add(update.evaluated as u64);
        update
    }

    pub(crate) fn reading<'e>(&'e self, about: &'e Object) -> Reading<'e> {
        Reading::new(&self.estate, &self.rules, self.clock, about)
    }

    /// Works one answer out and notes what it rests on; tells what is wrong where it fails.
    fn answer(&mut self, pair: &Pair, update: &mut Update) -> Option<Failure> {
        let fresh = self.weigh(pair);
        let (answer, failure) = fresh.map_or((None, None), |(answer, failure)| (Some(answer), failure));
        update.evaluated += usize::from(answer.is_some());
        let old = self.answers.remove(pair);
        let (before, after) = (old.as_ref().map(|old| &old.basis), answer.as_ref().map(|own| &own.basis));
        // Mostly an answer rests on what it rested on before.
        for rests in apart(before, after) {
            if let Some(pairs) = self.resting.get_mut(rests) {
                pairs.remove(pair);
                if pairs.is_empty() {
                    self.resting.remove(rests);
                }
            }
        }
        for rests in apart(after, before) {
            self.resting.entry(rests.clone()).or_default().insert(pair.clone());
        }
        if let Some(due) = before.and_then(|basis| basis.due) {
            self.due.remove(&(due, pair.clone()));
        }
        if let Some(due) = after.and_then(|basis| basis.due) {
            self.due.insert((due, pair.clone()));
        }
        if let Some(answer) = answer {
            self.answers.insert(pair.clone(), answer);
        }
        failure
    }

    /// What a rule says of an object now; `None` when it is not about it.
    fn weigh(&self, pair: &Pair) -> Option<(Answer, Option<Failure>)> {
        let rule = self.rules.at(pair.0)?;
        let object = self.estate.object(&pair.1).filter(|object| *object.kind == *rule.kind())?;
        let reading = self.reading(object);
        let verdict = verdict(rule, &reading);
        // What is wrong where it fails is looked at for the finding; the answer rests on what it was found by.
        let basis = reading.basis.take();
        let told = verdict == Verdict::Fails && rule.severity() != Severity::Mark;
        Some((Answer { verdict, basis }, told.then(|| Failure::of(rule, &reading))))
    }

    /// Opens, keeps or closes the finding of a rule after its answer; `failure` is what is wrong, where that is known.
    pub(crate) fn settle(
        &mut self,
        pair: &Pair,
        (change, failure): (&Change, Option<Failure>),
        update: &mut Update,
    ) {
        let verdict = self.answers.get(pair).map_or(Verdict::Elsewhere, |answer| answer.verdict);
        let Some(rule) = self.rules.at(pair.0).cloned() else { return };
        match verdict {
            Verdict::Fails if rule.severity() == Severity::Mark => self.claim(pair, &rule.shared_claim()),
            Verdict::Fails => {
                let Some(object) = self.estate.object(&pair.1) else { return };
                let Failure { witnesses, edges } =
                    failure.unwrap_or_else(|| Failure::of(&rule, &self.reading(object)));
                let known = self.findings.contains_key(pair);
                if !known {
                    self.open(pair, Source::Rule(rule), change, update);
                }
                if let Some(finding) = self.findings.get_mut(pair) {
                    finding.stale = false;
                    finding.edges = edges;
                    finding.keep(witnesses);
                }
            }
            Verdict::Unknown => {
                if let Some(finding) = self.findings.get_mut(pair) {
                    finding.stale = true;
                }
            }
            Verdict::Passes | Verdict::Elsewhere => self.close(pair, &rule.shared_claim(), change, update),
        }
    }

    fn claim(&mut self, pair: &Pair, claim: &Arc<str>) {
        let claims = self.claims.entry(pair.1.clone()).or_default();
        claims.entry(claim.clone()).or_default().insert(pair.0);
    }

    fn open(&mut self, pair: &Pair, source: Source, change: &Change, update: &mut Update) {
        let mut finding = Finding {
            source,
            object: pair.1.clone(),
            since: change.at,
            evidence: change.evidence.clone(),
            observations: Vec::new(),
            cut: 0,
            edges: Vec::new(),
            stale: false,
            regression: None,
        };
        let claim: Arc<str> = finding.claim().into();
        let made = self.claims.get(&pair.1).is_some_and(|claims| claims.contains_key(&claim));
        if !made {
            finding.regression = self.history.open(&finding);
        }
        if finding.regression.is_some() {
            update.regressed.push(finding.id());
        }
        update.opened.push(finding.id());
        self.claim(pair, &claim);
        self.findings.insert(pair.clone(), finding);
    }

    fn close(&mut self, pair: &Pair, claim: &Arc<str>, change: &Change, update: &mut Update) {
        let finding = self.findings.remove(pair);
        let Some(claims) = self.claims.get_mut(&pair.1) else { return };
        let over = claims.get_mut(claim).is_some_and(|numbers| numbers.remove(&pair.0) && numbers.is_empty());
        if over {
            claims.remove(claim);
        }
        if claims.is_empty() {
            self.claims.remove(&pair.1);
        }
        if let Some(finding) = finding {
            update.closed.push(finding.id());
            if over {
                self.history.close(&finding, change);
            }
        }
    }

    /// Opens and closes the combinations of the claims about `object`.
    pub(crate) fn combine(&mut self, object: &EntityKey, change: &Change, update: &mut Update) {
        let rules = self.rules.clone();
        for (number, combination) in rules.combinations().enumerate() {
            let pair = (rules.len() + number, object.clone());
            let claims = self.claims.get(object);
            let holds =
                claims.is_some_and(|claims| combination.claims().all(|claim| claims.contains_key(claim)));
            match (holds, self.findings.contains_key(&pair)) {
                (true, _) => {
                    let parts = self.parts(object, combination.claims());
                    if !self.findings.contains_key(&pair)
                        && let Some(combination) = rules.combination(number)
                    {
                        self.open(&pair, Source::Combination(combination.clone()), change, update);
                    }
                    if let Some(finding) = self.findings.get_mut(&pair) {
                        finding.keep(parts);
                    }
                }
                (false, true) => self.close(&pair, &combination.shared_id(), change, update),
                (false, false) => {}
            }
        }
    }

    /// The rules whose claims make a combination, as its witnesses.
    fn parts<'c>(&self, object: &EntityKey, claims: impl Iterator<Item = &'c str>) -> Vec<Witness> {
        let own = self.claims.get(object);
        let numbers = claims.filter_map(|claim| own?.get(claim)).flatten();
        let rules = numbers.filter_map(|number| self.rules.at(*number));
        rules
            .map(|rule| Witness {
                object: object.clone(),
                place: rule.id().to_owned(),
                observed: Some(Value::String(rule.title().to_owned()).to_string()),
                wanted: "not together".to_owned(),
            })
            .collect()
    }

    /// Works out every answer of a state that was put back, without telling anybody.
    pub(crate) fn answer_all(&mut self) {
        let objects = self.estate.objects.values().filter(|object| object.present);
        let pairs: Vec<Pair> = objects
            .flat_map(|object| self.rules.about(&object.kind).iter().map(|rule| (*rule, object.key.clone())))
            .collect();
        for pair in &pairs {
            self.answer(pair, &mut Update::default());
            let verdict = self.answers.get(pair).map(|answer| answer.verdict);
            let rule = self.rules.at(pair.0).cloned();
            let Some((rule, Verdict::Fails)) = rule.zip(verdict) else { continue };
            if rule.severity() == Severity::Mark || self.findings.contains_key(pair) {
                self.claim(pair, &rule.shared_claim());
            }
        }
        let findings: Vec<(Pair, Arc<str>)> =
            self.findings.iter().map(|(pair, finding)| (pair.clone(), finding.claim().into())).collect();
        for (pair, claim) in findings {
            self.claim(&pair, &claim);
        }
    }

    /// Every pair that has a finding or an answer.
    pub(crate) fn pairs(&self) -> BTreeSet<Pair> {
        self.answers.keys().chain(self.findings.keys()).cloned().collect()
    }

    /// Takes out all that is known of `entity`, with the findings on it and their history.
    pub(crate) fn clear(&mut self, entity: &EntityKey) -> bool {
        let pairs: Vec<Pair> = self.pairs().into_iter().filter(|pair| pair.1 == *entity).collect();
        let moved = self.estate.forget(entity);
        let mut known = moved.is_some() || !pairs.is_empty();
        for pair in pairs {
            self.findings.remove(&pair);
            self.answer(&pair, &mut Update::default());
        }
        self.claims.remove(entity);
        known |= self.history.forget(entity);
        let before = self.approvals.len();
        self.approvals.retain(|(_, object), _| object != entity);
        known |= self.approvals.len() != before;
        for good in &mut self.known_good {
            let before = good.claims.len();
            good.claims.retain(|(_, object)| object != entity);
            known |= good.claims.len() != before;
        }
        let resting = moved.unwrap_or_default().rests;
        let others: BTreeSet<Pair> =
            resting.iter().filter_map(|rests| self.resting.get(rests)).flatten().cloned().collect();
        let Some(tenant) = self.tenant.clone() else { return known };
        let Ok(evidence) = EventRef::new("forgotten", 0) else { return known };
        let change = Change { tenant, at: self.clock, evidence, op: Op::Tick };
        for pair in others {
            let failure = self.answer(&pair, &mut Update::default());
            self.settle(&pair, (&change, failure), &mut Update::default());
            self.combine(&pair.1, &change, &mut Update::default());
        }
        known
    }
}

/// What is wrong where a rule fails, and the steps that this opens.
pub(crate) struct Failure {
    witnesses: Vec<Witness>,
    edges: Vec<Hop>,
}

impl Failure {
    fn of(rule: &Rule, reading: &Reading<'_>) -> Self {
        Self { witnesses: witnesses(rule, reading), edges: crate::edge::edges(rule, reading) }
    }
}

/// What one answer rests on and the other does not.
fn apart<'b>(one: Option<&'b Basis>, other: Option<&'b Basis>) -> impl Iterator<Item = &'b Rests> {
    let shared = move |rests: &&Rests| other.is_some_and(|other| other.rests.contains(*rests));
    one.into_iter().flat_map(|basis| &basis.rests).filter(move |rests| !shared(rests))
}

fn verdict(rule: &Rule, reading: &Reading<'_>) -> Verdict {
    let here = Here::Document(reading.about);
    match rule.when.as_ref().map_or(Truth::Yes, |when| reading.test(when, &here)) {
        Truth::No => return Verdict::Elsewhere,
        Truth::Unknown => return Verdict::Unknown,
        Truth::Yes => {}
    }
    let holds = match rule.must() {
        Must::Hold(test) => reading.test(test, &here),
        Must::NotHold(test) => reading.test(test, &here).negated(),
        Must::Nothing => Truth::Yes,
    };
    match holds {
        Truth::No => Verdict::Fails,
        Truth::Unknown => Verdict::Unknown,
        Truth::Yes => Verdict::Passes,
    }
}

fn witnesses(rule: &Rule, reading: &Reading<'_>) -> Vec<Witness> {
    let here = Here::Document(reading.about);
    match rule.must() {
        Must::Hold(test) => reading.witnesses(test, Truth::No, &here),
        Must::NotHold(test) => reading.witnesses(test, Truth::Yes, &here),
        Must::Nothing => Vec::new(),
    }
}
