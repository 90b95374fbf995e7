//! The state of an estate's posture: documents in, findings out, kept true change by change.
//!
//! Each answer of a rule notes what it rests on. A change redoes the answers that rest on what it changed and those
//! about objects that are new, nothing else; O(those × the documents they read). The result is the same as asking
//! everything anew.

use crate::approval::{Approval, KnownGood};
use crate::change::{Change, ChangeError, Op};
use crate::estate::{Estate, Extent, Moved, Object, Rests, Told};
use crate::evaluate::{Basis, Here, Reading, Witness};
use crate::expression::Truth;
use crate::finding::{Finding, FindingId, Source};
use crate::fix::{Fix, work_out};
use crate::history::{History, Matter};
use crate::rule::{Must, Rule, RuleSet, Severity};
use core::cell::RefCell;
use core::fmt;
use homeostat_core::{EntityKey, EventRef, Positions, TenantId, Timestamp};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is misconfigured in one tenant's estate, and what became of it.
///
/// ```
/// use homeostat_core::{EntityKey, EntityKind, EventRef, TenantId, Timestamp};
/// use homeostat_posture::{Change, Op, Posture};
///
/// let bucket = EntityKey::new(EntityKind::ResourceArn, "111122223333", "arn:aws:s3:::reports")?;
/// let mut posture = Posture::default();
/// let update = posture.apply(&Change {
///     tenant: TenantId::new("acme")?,
///     at: Timestamp::from_micros(5),
///     evidence: EventRef::new("cloudtrail", 7)?,
///     op: Op::Put {
///         object: bucket.clone(),
///         kind: "aws.s3.bucket".to_owned(),
///         document: r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": true}}}"#.to_owned(),
///     },
/// })?;
/// assert_eq!(update.opened.len(), 1);
/// let finding = posture.finding(update.opened[0]).unwrap();
/// assert_eq!((finding.claim(), finding.object()), ("public-read", &bucket));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Posture {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) positions: Positions,
    pub(crate) clock: Timestamp,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) estate: Estate,
    pub(crate) findings: BTreeMap<Pair, Finding>,
    pub(crate) history: History,
    pub(crate) approvals: BTreeMap<(String, EntityKey), Approval>,
    pub(crate) known_good: Vec<KnownGood>,
    pub(crate) stats: PostureStats,
    // All below follows from the above.
    answers: BTreeMap<Pair, Answer>,
    resting: BTreeMap<Rests, BTreeSet<Pair>>,
    due: BTreeSet<(Timestamp, Pair)>,
    /// Which rules make each claim about each object now.
    claims: BTreeMap<EntityKey, BTreeMap<Arc<str>, BTreeSet<usize>>>,
}

/// A rule or combination, by its number, and an object. Combinations come after all rules.
pub(crate) type Pair = (usize, EntityKey);

#[derive(Clone, PartialEq)]
struct Answer {
    verdict: Verdict,
    basis: Basis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passes,
    Fails,
    /// Something that it rests on was not read.
    Unknown,
    /// The rule is not about this object as it is.
    Elsewhere,
}

/// What became of the changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostureStats {
    /// Changes that changed something.
    pub applied: u64,
    /// Changes that said what is known already.
    pub repeated: u64,
    /// Changes of which some part was older than what is known.
    pub late: u64,
    /// Changes that could not be applied.
    pub refused: u64,
    /// Answers worked out, one a rule and object.
    pub evaluated: u64,
}

/// What one change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Update {
    /// Findings that were not there before.
    pub opened: Vec<FindingId>,
    /// Those of them that had been fixed and are back, whatever mechanism brought them.
    pub regressed: Vec<FindingId>,
    /// Findings that are no more.
    pub closed: Vec<FindingId>,
    /// How many answers were worked out, one a rule and object.
    pub evaluated: usize,
    /// How many answers rest on what the change changed; those and no others are worked out.
    pub touched: usize,
}

impl Update {
    pub(crate) fn join(&mut self, other: Self) {
        self.opened.extend(other.opened);
        self.regressed.extend(other.regressed);
        self.closed.extend(other.closed);
        self.evaluated += other.evaluated;
        self.touched += other.touched;
    }
}

impl Default for Posture {
    fn default() -> Self {
        Self::with_rules(RuleSet::built_in())
    }
}

impl Posture {
    /// The longest document that is read, in bytes: 16 MiB, some hundred times the largest object that a provider
    /// allows.
    pub const DOCUMENT_LIMIT: usize = 16 << 20;

    /// An empty estate that is asked `rules`.
    pub fn with_rules(rules: Arc<RuleSet>) -> Self {
        Self {
            tenant: None,
            positions: Positions::default(),
            clock: Timestamp::UNKNOWN,
            estate: Estate::new(rules.lookups().to_vec()),
            rules,
            findings: BTreeMap::new(),
            history: History::default(),
            approvals: BTreeMap::new(),
            known_good: Vec::new(),
            stats: PostureStats::default(),
            answers: BTreeMap::new(),
            resting: BTreeMap::new(),
            due: BTreeSet::new(),
            claims: BTreeMap::new(),
        }
    }

    /// Whose estate it is; `None` before the first change.
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// The rules that are asked.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The last moment that a tick told; ages and approvals are counted from it.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// What is open, in the order of rules and objects; approved ones included.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.values()
    }

    /// The finding of this id, while it is open.
    pub fn finding(&self, id: FindingId) -> Option<&Finding> {
        self.findings().find(|finding| finding.id() == id)
    }

    /// What is open on `object`.
    pub fn findings_on(&self, object: &EntityKey) -> impl Iterator<Item = &Finding> {
        let numbers = self.claims.get(object).into_iter().flat_map(|claims| claims.values().flatten());
        let numbers: BTreeSet<usize> = numbers.copied().collect();
        let object = object.clone();
        numbers.into_iter().filter_map(move |number| self.findings.get(&(number, object.clone())))
    }

    /// The document of `object` as it is known, as JSON.
    pub fn document(&self, object: &EntityKey) -> Option<String> {
        self.estate.object(object).map(|object| crate::patch::text(&object.document()))
    }

    /// How many objects there are.
    pub fn objects(&self) -> usize {
        self.estate.objects.values().filter(|object| object.present).count()
    }

    /// The answers that could not be given: rule and object, where something was not read.
    pub fn unknown(&self) -> impl Iterator<Item = (&str, &EntityKey)> {
        let unknown = self.answers.iter().filter(|(_, answer)| answer.verdict == Verdict::Unknown);
        unknown.filter_map(|((rule, object), _)| Some((self.rules.at(*rule)?.id(), object)))
    }

    /// Whether the rule fails for the object; `None` when that is unknown or the rule is not about it.
    pub fn answer_of(&self, rule: &str, object: &EntityKey) -> Option<bool> {
        let number = self.rules.rules().position(|own| own.id() == rule)?;
        match self.answers.get(&(number, object.clone()))?.verdict {
            Verdict::Passes => Some(false),
            Verdict::Fails => Some(true),
            Verdict::Unknown | Verdict::Elsewhere => None,
        }
    }

    /// What became of the changes so far.
    pub fn stats(&self) -> PostureStats {
        self.stats
    }

    /// The approval in force for `finding`.
    pub fn approval(&self, finding: &Finding) -> Option<&Approval> {
        [finding.rule(), finding.claim()].into_iter().find_map(|about| {
            let approval = self.approvals.get(&(about.to_owned(), finding.object.clone()))?;
            approval.is_in_force(self.clock).then_some(approval)
        })
    }

    /// The last state that was settled as known and good enough.
    pub fn known_good(&self) -> Option<&KnownGood> {
        self.known_good.last()
    }

    /// What is open, was not when the known-good state was settled, and nobody approves of.
    pub fn drift(&self) -> impl Iterator<Item = &Finding> {
        self.findings().filter(|finding| {
            let known = self.known_good().is_some_and(|known| known.has(finding.claim(), &finding.object));
            !known && self.approval(finding).is_none()
        })
    }

    /// The fix of a finding for the object as it is now; `None` when its rule has none as data.
    pub fn fix(&self, finding: &Finding) -> Option<Fix> {
        let Source::Rule(rule) = &finding.source else { return None };
        let about = self.estate.object(&finding.object)?;
        work_out(rule, &self.reading(about))
    }

    /// What became of `claim` on `object`: when it was found, fixed and came back.
    pub fn matter(&self, claim: &str, object: &EntityKey) -> Option<&Matter> {
        self.history.matter(claim, object)
    }

    /// Applies one change.
    ///
    /// # Errors
    ///
    /// [`ChangeError`] when the change is no sound one. Nothing is learnt then but its count.
    pub fn apply(&mut self, change: &Change) -> Result<Update, ChangeError> {
        let moved = match self.moved(change) {
            Ok(moved) => moved,
            Err(error) => {
                self.stats.refused = self.stats.refused.saturating_add(1);
                return Err(error);
            }
        };
        self.tenant.get_or_insert_with(|| change.tenant.clone());
        let count = match () {
            () if moved.late => &mut self.stats.late,
            () if moved.is_empty() && change.op.object().is_some() => &mut self.stats.repeated,
            () => &mut self.stats.applied,
        };
        *count = count.saturating_add(1);
        Ok(self.redo(&moved, change))
    }

    /// Brings the documents up to the change.
    fn moved(&mut self, change: &Change) -> Result<Moved, ChangeError> {
        if self.tenant.as_ref().is_some_and(|own| *own != change.tenant) {
            return Err(ChangeError::OtherTenant);
        }
        let at = change.at;
        Ok(match &change.op {
            Op::Put { object, kind, document } => self.put(object, kind, (document, Extent::Members), at)?,
            Op::Replace { object, kind, document } => self.put(object, kind, (document, Extent::Whole), at)?,
            Op::Patch { object, patch } => {
                let known = self.estate.object(object).ok_or(ChangeError::Misfit)?;
                let (kind, mut value) = (known.kind.clone(), known.document());
                patch.change(&mut value).map_err(|_| ChangeError::Misfit)?;
                let Value::Object(members) = value else { return Err(ChangeError::Misfit) };
                let extent = Extent::Whole;
                self.estate.put(object, &kind, &Told { members: &members, extent, at })
            }
            Op::Unread { object, member } => self.estate.unread(object, member, at),
            Op::Remove { object } => self.estate.remove(object, at),
            other => {
                let blind = !self.clock.is_moment();
                self.decide(other, at);
                Moved { woken: blind && self.clock.is_moment(), ..Moved::default() }
            }
        })
    }

    fn put(
        &mut self,
        object: &EntityKey,
        kind: &str,
        (document, extent): (&str, Extent),
        at: Timestamp,
    ) -> Result<Moved, ChangeError> {
        if document.len() > Self::DOCUMENT_LIMIT {
            return Err(ChangeError::TooLong);
        }
        let members: Map<String, Value> =
            serde_json::from_str(document).map_err(|_| ChangeError::NotAnObject)?;
        Ok(self.estate.put(object, kind, &Told { members: &members, extent, at }))
    }

    /// Takes over what somebody decided.
    fn decide(&mut self, op: &Op, at: Timestamp) {
        match op {
            Op::Tick if at.is_moment() => self.clock = self.clock.max(at),
            Op::Approve(approval) => {
                let key = (approval.about.clone(), approval.object.clone());
                self.approvals.insert(key, approval.clone());
            }
            Op::Withdraw { about, object } => {
                self.approvals.remove(&(about.clone(), object.clone()));
            }
            Op::Settle { name } => {
                let open = self.findings.values();
                let claims =
                    open.map(|finding| (finding.claim().into(), finding.object.clone())).collect();
                self.known_good.retain(|known| known.name != *name);
                self.known_good.push(KnownGood { name: name.clone(), at, claims });
            }
            Op::Tell { claim, object, story } => self.history.tell(claim, object, story),
            _ => {}
        }
    }

    /// Works out the answers that the change touches.
    fn redo(&mut self, moved: &Moved, change: &Change) -> Update {
        let mut dirty: BTreeSet<Pair> =
            moved.rests.iter().filter_map(|rests| self.resting.get(rests)).flatten().cloned().collect();
        for key in &moved.appeared {
            let kind = self.estate.object(key).map(|object| object.kind.clone());
            let own = self.rules.about(kind.as_deref().unwrap_or_default()).iter();
            dirty.extend(own.map(|rule| (*rule, key.clone())));
        }
        for key in moved.appeared.iter().chain(&moved.vanished) {
            dirty.extend(self.answered(key));
        }
        if change.op == Op::Tick {
            let due = self.due.iter().take_while(|(due, _)| moved.woken || *due <= self.clock);
            dirty.extend(due.map(|(_, pair)| pair.clone()));
        }
        let mut update = Update { touched: dirty.len(), ..Update::default() };
        let mut objects = BTreeSet::new();
        for pair in dirty {
            self.answer(&pair, &mut update);
            objects.insert(pair.1.clone());
            self.settle(&pair, change, &mut update);
        }
        for object in objects {
            self.combine(&object, change, &mut update);
        }
        self.stats.evaluated = self.stats.evaluated.saturating_add(update.evaluated as u64);
        update
    }

    fn answered(&self, key: &EntityKey) -> Vec<Pair> {
        let kinds = (0..self.rules.len()).map(|rule| (rule, key.clone()));
        kinds.filter(|pair| self.answers.contains_key(pair)).collect()
    }

    fn reading<'e>(&'e self, about: &'e Object) -> Reading<'e> {
        let basis = RefCell::new(Basis::default());
        Reading { estate: &self.estate, rules: &self.rules, clock: self.clock, about, basis }
    }

    /// Works one answer out and notes what it rests on.
    fn answer(&mut self, pair: &Pair, update: &mut Update) {
        if let Some(old) = self.answers.remove(pair) {
            for rests in &old.basis.rests {
                if let Some(pairs) = self.resting.get_mut(rests) {
                    pairs.remove(pair);
                    if pairs.is_empty() {
                        self.resting.remove(rests);
                    }
                }
            }
            if let Some(due) = old.basis.due {
                self.due.remove(&(due, pair.clone()));
            }
        }
        let Some(rule) = self.rules.at(pair.0) else { return };
        let Some(object) = self.estate.object(&pair.1).filter(|object| *object.kind == *rule.kind()) else {
            return;
        };
        let reading = self.reading(object);
        let verdict = verdict(rule, &reading);
        let basis = reading.basis.into_inner();
        update.evaluated += 1;
        for rests in &basis.rests {
            self.resting.entry(rests.clone()).or_default().insert(pair.clone());
        }
        if let Some(due) = basis.due {
            self.due.insert((due, pair.clone()));
        }
        self.answers.insert(pair.clone(), Answer { verdict, basis });
    }

    /// Opens, keeps or closes the finding of a rule after its answer.
    pub(crate) fn settle(&mut self, pair: &Pair, change: &Change, update: &mut Update) {
        let verdict = self.answers.get(pair).map_or(Verdict::Elsewhere, |answer| answer.verdict);
        let Some(rule) = self.rules.at(pair.0).cloned() else { return };
        match verdict {
            Verdict::Fails if rule.severity() == Severity::Mark => self.claim(pair, &rule.shared_claim()),
            Verdict::Fails => {
                let Some(object) = self.estate.object(&pair.1) else { return };
                let reading = self.reading(object);
                let (witnesses, edges) = (witnesses(&rule, &reading), crate::edge::edges(&rule, &reading));
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
            let holds = claims.is_some_and(|claims| combination.claims().all(|claim| claims.contains_key(claim)));
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
            self.answer(&pair, &mut Update::default());
            self.settle(&pair, &change, &mut Update::default());
            self.combine(&pair.1, &change, &mut Update::default());
        }
        known
    }
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

impl fmt::Debug for Posture {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Posture({} objects, {} findings, {:?})", self.objects(), self.findings.len(), self.stats)
    }
}
