//! The state of an estate's posture: documents in, findings out, kept true change by change.
//!
//! Each answer of a rule notes what it rests on. A change redoes the answers that rest on what it changed and those
//! about objects that are new, nothing else; O(those × the documents they read). The result is the same as asking
//! everything anew.

use crate::approval::{Approval, KnownGood};
use crate::authority;
use crate::change::{Change, ChangeError, Op, members};
use crate::estate::{Estate, Extent, Moved, Rests, Told};
use crate::evaluate::Basis;
use crate::finding::{Finding, FindingId, Source};
use crate::fix::{Fix, work_out};
use crate::history::{History, Matter};
use crate::least::Proposal;
use crate::rule_set::RuleSet;
use crate::usage::Usage;
use core::fmt;
use homeostat_core::{EntityKey, Positions, TenantId, Timestamp};
use serde_json::Value;
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
    pub(crate) answers: BTreeMap<Pair, Answer>,
    pub(crate) resting: BTreeMap<Rests, BTreeSet<Pair>>,
    pub(crate) due: BTreeSet<(Timestamp, Pair)>,
    /// Which rules make each claim about each object now.
    pub(crate) claims: BTreeMap<EntityKey, BTreeMap<Arc<str>, BTreeSet<usize>>>,
}

/// A rule or combination, by its number, and an object. Combinations come after all rules.
pub(crate) type Pair = (usize, EntityKey);

#[derive(Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    pub(crate) basis: Basis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
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

    /// The finding of this id, while it is open. O(findings).
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

    /// One member of the document of `object`, as JSON; `None` when it was not read.
    pub fn member(&self, object: &EntityKey, name: &str) -> Option<String> {
        self.estate.object(object)?.member(name).map(crate::patch::text)
    }

    /// Whether `object` is there.
    pub fn has(&self, object: &EntityKey) -> bool {
        self.estate.object(object).is_some()
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

    /// The rights that a user or role of AWS used since `since`, as one policy in place of all it has; `None` when
    /// its document is not known.
    pub fn least_privilege(&self, who: &EntityKey, usage: &Usage, since: Timestamp) -> Option<Proposal> {
        let about = self.estate.object(who)?;
        let arn = about.member("Arn")?.as_str()?;
        let policies = authority::documents(about, &self.reading(about));
        let used = usage.of(who, since).map(|(action, resource, _)| (action, resource));
        Some(Proposal::new(arn, &policies, used))
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
            () if moved.is_empty() && change.op.is_told() => &mut self.stats.repeated,
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
            Op::Replace { object, kind, document } => {
                self.put(object, kind, (document, Extent::Whole), at)?
            }
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
        let members = members(document)?;
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
                let claims = open.map(|finding| (finding.claim().into(), finding.object.clone())).collect();
                self.known_good.retain(|known| known.name != *name);
                self.known_good.push(KnownGood { name: name.clone(), at, claims });
            }
            Op::Tell { claim, object, story } => self.history.tell(claim, object, story),
            _ => {}
        }
    }
}

impl fmt::Debug for Posture {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Posture({} objects, {} findings, {:?})", self.objects(), self.findings.len(), self.stats)
    }
}
