//! Posture as a state: versioned bytes that are its whole truth.
//!
//! Documents, findings, history, approvals and known-good states are written; answers and what they rest on are worked
//! out again on reading. Rules of a product's own are written with their text. When the crate's own rules have changed
//! between writing and reading, findings follow them, with `rules#0` as their evidence.

use crate::approval::{Approval, KnownGood};
use crate::change::{Change, ChangeError, Op};
use crate::estate::{Member, Object};
use crate::finding::{Finding, FindingId, Observation, Regression, Source};
use crate::history::Matter;
use crate::posture::{Pair, Posture, PostureStats, Update};
use crate::rule_set::RuleSet;
use homeostat_core::{
    EntityKey, EventRef, Forget, Hop, Observed, Position, Positions, SnapshotError, SnapshotReader,
    SnapshotWriter, State, TenantId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const MAGIC: [u8; 4] = *b"HPOS";
const VERSION: u16 = 1;

/// The changes that one record of the log shows, applied under one position.
impl State<Vec<Change>> for Posture {
    type Output = Update;
    type Error = ChangeError;

    fn observe(&mut self, position: Position, input: &Vec<Change>) -> Result<Observed<Update>, ChangeError> {
        if !self.positions.advance(position) {
            return Ok(Observed::Replayed);
        }
        let stats = self.stats;
        let applied = self.apply_all(input);
        if applied.is_err() {
            self.stats = stats;
        }
        applied.map(Observed::Applied)
    }

    fn position(&self) -> &Positions {
        &self.positions
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.text(self.tenant.as_ref().map_or("", TenantId::as_str));
        out.positions(&self.positions);
        out.time(self.clock);
        out.u8(u8::from(self.rules.has_built_in()));
        out.len(self.rules.texts().len());
        self.rules.texts().iter().for_each(|text| out.text(text));
        for count in counts(&self.stats) {
            out.u64(count);
        }
        out.len(self.estate.objects.len());
        self.estate.objects.values().for_each(|object| write_object(&mut out, object));
        out.len(self.findings.len());
        self.findings.values().for_each(|finding| write_finding(&mut out, finding));
        out.len(self.history.matters.len());
        for ((claim, object), matter) in &self.history.matters {
            out.text(claim);
            out.key(object);
            write_matter(&mut out, matter);
        }
        out.len(self.approvals.len());
        self.approvals.values().for_each(|approval| write_approval(&mut out, approval));
        out.len(self.known_good.len());
        self.known_good.iter().for_each(|known| write_known_good(&mut out, known));
        out.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let tenant = match fields.text()?.as_str() {
            "" => None,
            name => Some(TenantId::new(name).map_err(|_| SnapshotError::Invalid { field: "tenant" })?),
        };
        let (positions, clock) = (fields.positions()?, fields.time()?);
        let mut posture = Self::with_rules(read_rules(&mut fields)?);
        (posture.tenant, posture.positions, posture.clock) = (tenant, positions, clock);
        posture.stats = read_counts(&mut fields)?;
        for _ in 0..fields.len(17)? {
            let object = read_object(&mut fields)?;
            posture.estate.restore(object);
        }
        let mut gone = Vec::new();
        for _ in 0..fields.len(17)? {
            match read_finding(&mut fields, &posture.rules)? {
                Ok((pair, finding)) => drop(posture.findings.insert(pair, finding)),
                Err(lost) => gone.push(lost),
            }
        }
        for _ in 0..fields.len(17)? {
            let key = (Arc::from(fields.text()?), fields.key()?);
            let matter = read_matter(&mut fields)?;
            posture.history.matters.insert(key, matter);
        }
        for _ in 0..fields.len(17)? {
            let approval = read_approval(&mut fields)?;
            posture.approvals.insert((approval.about.clone(), approval.object.clone()), approval);
        }
        for _ in 0..fields.len(17)? {
            posture.known_good.push(read_known_good(&mut fields)?);
        }
        fields.finish()?;
        posture.follow_rules(&gone);
        Ok(posture)
    }
}

impl Forget for Posture {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.clear(entity)
    }
}

impl Posture {
    /// All or nothing: a record of which one change is not sound teaches nothing.
    fn apply_all(&mut self, changes: &[Change]) -> Result<Update, ChangeError> {
        if let [change] = changes {
            return self.apply(change);
        }
        let first = changes.first().map(|change| &change.tenant);
        let own = self.tenant.as_ref().or(first);
        if changes.iter().any(|change| Some(&change.tenant) != own) {
            return Err(ChangeError::OtherTenant);
        }
        changes.iter().try_for_each(|change| change.op.check())?;
        // Only whether a patch fits can not be told beforehand.
        let patches = changes.iter().any(|change| matches!(change.op, Op::Patch { .. }));
        let before = patches.then(|| self.clone());
        let mut update = Update::default();
        for change in changes {
            match self.apply(change) {
                Ok(more) => update.join(more),
                Err(error) => {
                    if let Some(before) = before {
                        *self = before;
                    }
                    return Err(error);
                }
            }
        }
        Ok(update)
    }

    /// Works the answers out and lets findings follow rules that have changed since the bytes were written.
    fn follow_rules(&mut self, gone: &[(String, EntityKey)]) {
        self.answer_all();
        let Some((tenant, evidence)) = self.tenant.clone().zip(EventRef::new("rules", 0).ok()) else {
            return;
        };
        let change = Change { tenant, at: self.clock, evidence, op: Op::Tick };
        for (rule, object) in gone {
            let claim = self.history.matters.iter_mut();
            let own = claim.filter(|((_, own), matter)| own == object && *matter.rule == **rule);
            own.for_each(|(_, matter)| {
                matter.fixed.get_or_insert_with(|| (change.at, change.evidence.clone()));
            });
        }
        for pair in self.pairs() {
            self.settle(&pair, (&change, None), &mut Update::default());
        }
        let objects: Vec<EntityKey> = self.pairs().into_iter().map(|(_, object)| object).collect();
        for object in objects {
            self.combine(&object, &change, &mut Update::default());
        }
    }
}

type Reader<'a> = SnapshotReader<'a>;

const fn invalid(field: &'static str) -> SnapshotError {
    SnapshotError::Invalid { field }
}

fn counts(stats: &PostureStats) -> [u64; 5] {
    [stats.applied, stats.repeated, stats.late, stats.refused, stats.evaluated]
}

fn read_counts(fields: &mut Reader<'_>) -> Result<PostureStats, SnapshotError> {
    Ok(PostureStats {
        applied: fields.u64()?,
        repeated: fields.u64()?,
        late: fields.u64()?,
        refused: fields.u64()?,
        evaluated: fields.u64()?,
    })
}

fn read_rules(fields: &mut Reader<'_>) -> Result<Arc<RuleSet>, SnapshotError> {
    let built_in = fields.u8()? == 1;
    let count = fields.len(8)?;
    if built_in && count == 0 {
        return Ok(RuleSet::built_in());
    }
    let mut rules = if built_in { RuleSet::clone(&RuleSet::built_in()) } else { RuleSet::new() };
    for _ in 0..count {
        rules = rules.with(&fields.text()?).map_err(|_| invalid("rules"))?;
    }
    Ok(Arc::new(rules))
}

fn write_object(out: &mut SnapshotWriter, object: &Object) {
    out.key(&object.key);
    out.text(&object.kind);
    out.time(object.as_of);
    out.u8(u8::from(object.present));
    out.len(object.members.len());
    for (name, member) in &object.members {
        out.text(name);
        out.time(member.at);
        out.u8(u8::from(member.value.is_some()));
        if let Some(value) = &member.value {
            out.text(&crate::patch::text(value));
        }
    }
}

fn read_object(fields: &mut Reader<'_>) -> Result<Object, SnapshotError> {
    let (key, kind) = (fields.key()?, Arc::from(fields.text()?));
    let (as_of, present) = (fields.time()?, flag(fields)?);
    let mut members = BTreeMap::new();
    for _ in 0..fields.len(17)? {
        let (name, at) = (Arc::from(fields.text()?), fields.time()?);
        let value = if flag(fields)? {
            Some(serde_json::from_str(&fields.text()?).map_err(|_| invalid("document"))?)
        } else {
            None
        };
        members.insert(name, Member::new(at, value));
    }
    Ok(Object { key, kind, members, as_of, present })
}

fn flag(fields: &mut Reader<'_>) -> Result<bool, SnapshotError> {
    match fields.u8()? {
        flag @ 0..=1 => Ok(flag == 1),
        _ => Err(invalid("flag")),
    }
}

fn write_optional(out: &mut SnapshotWriter, text: Option<&str>) {
    out.u8(u8::from(text.is_some()));
    out.text(text.unwrap_or_default());
}

fn read_optional(fields: &mut Reader<'_>) -> Result<Option<String>, SnapshotError> {
    let told = flag(fields)?;
    let text = fields.text()?;
    if !told && !text.is_empty() { Err(invalid("text")) } else { Ok(told.then_some(text)) }
}

fn event(fields: &mut Reader<'_>) -> Result<EventRef, SnapshotError> {
    EventRef::parse(&fields.text()?).map_err(|_| invalid("evidence"))
}

fn write_finding(out: &mut SnapshotWriter, finding: &Finding) {
    out.text(finding.rule());
    out.key(&finding.object);
    out.time(finding.since);
    out.text(finding.evidence.as_str());
    out.len(finding.cut);
    out.u8(u8::from(finding.stale));
    out.len(finding.observations.len());
    for one in &finding.observations {
        out.key(&one.object);
        out.text(&one.place);
        write_optional(out, one.observed.as_deref());
        out.text(&one.wanted);
    }
    out.len(finding.edges.len());
    for hop in &finding.edges {
        out.key(&hop.from);
        out.key(&hop.to);
        out.text(&hop.kind);
        out.text(&hop.because);
    }
    out.u8(u8::from(finding.regression.is_some()));
    if let Some(one) = &finding.regression {
        out.u64(one.earlier.get());
        out.text(&one.rule);
        out.time(one.first);
        out.time(one.fixed);
        out.text(one.fixed_by.as_str());
        out.u32(one.times);
        write_optional(out, one.story.as_deref());
    }
}

/// A finding with its place, or rule and object of one whose rule is no more.
type Kept = Result<(Pair, Finding), (String, EntityKey)>;

fn read_finding(fields: &mut Reader<'_>, rules: &RuleSet) -> Result<Kept, SnapshotError> {
    let (rule, object) = (fields.text()?, fields.key()?);
    let (since, evidence) = (fields.time()?, event(fields)?);
    let cut = usize::try_from(fields.u64()?).map_err(|_| invalid("cut"))?;
    let stale = flag(fields)?;
    let mut observations = Vec::new();
    for _ in 0..fields.len(17)? {
        let (object, place) = (fields.key()?, fields.text()?);
        let (observed, wanted) = (read_optional(fields)?, fields.text()?);
        observations.push(Observation { object, place, observed, wanted });
    }
    let mut edges = Vec::new();
    for _ in 0..fields.len(17)? {
        let (from, to) = (fields.key()?, fields.key()?);
        edges.push(Hop { from, to, kind: fields.text()?, because: fields.text()? });
    }
    let regression = if flag(fields)? { Some(read_regression(fields)?) } else { None };
    Ok(match source(&rule, rules) {
        None => Err((rule, object)),
        Some((number, source)) => {
            let pair = (number, object.clone());
            Ok((
                pair,
                Finding { source, object, since, evidence, observations, cut, edges, stale, regression },
            ))
        }
    })
}

fn source(id: &str, rules: &RuleSet) -> Option<(usize, Source)> {
    if let Some(number) = rules.rules().position(|rule| rule.id() == id) {
        return Some((number, Source::Rule(rules.at(number)?.clone())));
    }
    let number = rules.combinations().position(|one| one.id() == id)?;
    Some((rules.len() + number, Source::Combination(rules.combination(number)?.clone())))
}

fn read_regression(fields: &mut Reader<'_>) -> Result<Regression, SnapshotError> {
    let (earlier, rule) = (FindingId(fields.u64()?), fields.text()?);
    let (first, fixed, fixed_by) = (fields.time()?, fields.time()?, event(fields)?);
    let (times, story) = (fields.u32()?, read_optional(fields)?);
    Ok(Regression { earlier, rule, first, fixed, fixed_by, times, story })
}

fn write_matter(out: &mut SnapshotWriter, matter: &Matter) {
    out.text(&matter.rule);
    out.time(matter.first);
    out.u8(u8::from(matter.fixed.is_some()));
    if let Some((at, by)) = &matter.fixed {
        out.time(*at);
        out.text(by.as_str());
    }
    out.u32(matter.times);
    write_optional(out, matter.story.as_deref());
}

fn read_matter(fields: &mut Reader<'_>) -> Result<Matter, SnapshotError> {
    let (rule, first) = (Arc::from(fields.text()?), fields.time()?);
    let fixed = if flag(fields)? { Some((fields.time()?, event(fields)?)) } else { None };
    Ok(Matter { rule, first, fixed, times: fields.u32()?, story: read_optional(fields)? })
}

fn write_approval(out: &mut SnapshotWriter, approval: &Approval) {
    out.text(&approval.about);
    out.key(&approval.object);
    out.text(&approval.who);
    out.text(&approval.reason);
    out.time(approval.until);
}

fn read_approval(fields: &mut Reader<'_>) -> Result<Approval, SnapshotError> {
    let (about, object) = (fields.text()?, fields.key()?);
    Ok(Approval { about, object, who: fields.text()?, reason: fields.text()?, until: fields.time()? })
}

fn write_known_good(out: &mut SnapshotWriter, known: &KnownGood) {
    out.text(&known.name);
    out.time(known.at);
    out.len(known.claims.len());
    for (claim, object) in &known.claims {
        out.text(claim);
        out.key(object);
    }
}

fn read_known_good(fields: &mut Reader<'_>) -> Result<KnownGood, SnapshotError> {
    let (name, at) = (fields.text()?, fields.time()?);
    let mut claims = std::collections::BTreeSet::new();
    for _ in 0..fields.len(17)? {
        claims.insert((Arc::from(fields.text()?), fields.key()?));
    }
    Ok(KnownGood { name, at, claims })
}
