//! May this be done, by the rules? The most restrictive answer over all touched resources and all fitting rules.
//!
//! Each rule lies under its most selective key, so a decision looks at the few that can fit: O(log n) in the rules
//! plus those found. What a rule needs and is not
//! known counts against the action, never for it.

mod index;

use crate::decision::{Because, Decision};
use crate::pattern::{Cidr, Glob};
use crate::policy::{BadPolicy, Cause, Floor, Policy, Rule, Ruling, When};
use crate::{Budget, Calendar, Effect, Offsets, Plan, Request, Surge, Target, TargetKind};
use homeostat_core::Timestamp;
use index::Index;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked of the rails.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What was proposed.
    pub request: &'a Request,
    /// What would be done.
    pub plan: &'a Plan,
    /// How deep it cuts, by action and actuator.
    pub effect: Effect,
    /// When it is asked, by the wall clock.
    pub now: Timestamp,
    /// The offsets of the zones that calendars name.
    pub offsets: &'a Offsets,
}

/// A compiled policy: the only form of the rules that decides.
#[derive(Clone, Debug)]
pub struct Rails {
    version: String,
    confidence_floor: f64,
    max_ttl_ms: u64,
    patience_ms: u64,
    rules: Vec<Compiled>,
    index: Index,
    protected: Vec<(String, Option<TargetKind>, Glob)>,
    calendars: Vec<Calendar>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) floors: Vec<(Floor, Compiled)>,
    pub(crate) surge: Surge,
    /// Within which time, in milliseconds, the rules of these ids want a drill that went well.
    drills: BTreeMap<String, u64>,
}

impl Rails {
    pub(crate) fn compile(policy: Policy) -> Result<Self, BadPolicy> {
        check_ids(&policy)?;
        check_numbers(&policy)?;
        let calendars = policy.calendars;
        let mut rules = Vec::with_capacity(policy.rules.len());
        for (number, rule) in policy.rules.iter().enumerate() {
            let place = || format!("rules[{number}] `{}`", rule.id);
            rules.push(Compiled::new(rule, &calendars).map_err(|cause| BadPolicy::new(place(), cause))?);
        }
        let mut floors = Vec::with_capacity(policy.floors.len());
        for (number, floor) in policy.floors.into_iter().enumerate() {
            let place = || format!("floors[{number}] `{}`", floor.id);
            let compiled = selector(&floor).map_err(|cause| BadPolicy::new(place(), cause))?;
            floors.push((floor, compiled));
        }
        let protected =
            policy.protected.into_iter().map(|entry| (entry.id, entry.target_kind, Glob::new(&entry.glob)));
        Ok(Self {
            version: policy.version,
            confidence_floor: policy.confidence_floor,
            max_ttl_ms: policy.max_ttl_ms,
            patience_ms: policy.patience_ms,
            index: Index::of(&rules),
            rules,
            protected: protected.collect(),
            calendars,
            budgets: policy.budgets,
            floors,
            surge: policy.surge,
            drills: policy
                .rules
                .into_iter()
                .filter_map(|rule| Some((rule.id, rule.requires_drill_within_ms?)))
                .collect(),
        })
    }

    /// Within which time, in milliseconds, rule `id` wants a drill that went well.
    pub(crate) fn drill_within(&self, id: &str) -> Option<u64> {
        self.drills.get(id).copied()
    }

    /// The version of the policy.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many rules there are.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// How long a request waits for approval, budget or brake, in milliseconds.
    pub fn patience_ms(&self) -> u64 {
        self.patience_ms
    }

    /// What the rules alone say: budgets, floors, mode and brake are the gate's.
    pub fn decide(&self, asked: &Asked<'_>) -> Decision {
        let mut decision = Decision {
            ruling: Ruling::Autonomous,
            max_ttl_ms: self.max_ttl_ms,
            because: BTreeSet::new(),
            policy: self.version.clone(),
        };
        if asked.effect == Effect::Irreversible {
            decision.add(Because::Irreversible);
        }
        // Written so that NaN lies below every floor.
        let sure = asked.request.confidence >= self.confidence_floor;
        if !sure {
            decision.add(Because::LowConfidence);
        }
        for target in &asked.plan.touches {
            if !self.judge(asked, target, &mut decision) {
                decision.add(Because::NoRule);
            }
        }
        let named = &asked.request.target;
        let resolved = asked.plan.touches.iter().any(|target| target.is(named));
        if !resolved && !self.judge(asked, named, &mut decision) && asked.plan.touches.is_empty() {
            decision.add(Because::NoRule);
        }
        decision
    }

    /// Adds what is said about one resource; whether any rule fits it.
    fn judge(&self, asked: &Asked<'_>, target: &Target, decision: &mut Decision) -> bool {
        if asked.effect > Effect::Capture {
            for (id, kind, glob) in &self.protected {
                if kind.is_none_or(|kind| kind == target.kind) && glob.fits(&target.id) {
                    decision.add(Because::Protected { id: id.clone() });
                }
            }
        }
        let mut any = false;
        self.index.candidates(asked.request.action, target, |number| {
            let Some(rule) = self.rules.get(number) else { return };
            let because = match rule.fits(asked, target, &self.calendars) {
                Fit::No => return,
                Fit::Yes => Because::Rule { id: rule.id.clone(), then: rule.then },
                Fit::Missing(what) => {
                    Because::Missing { rule: rule.id.clone(), what: what.to_owned(), then: rule.then }
                }
            };
            any = true;
            decision.max_ttl_ms = decision.max_ttl_ms.min(rule.max_ttl_ms.unwrap_or(u64::MAX));
            decision.add(because);
        });
        any
    }
}

/// Whether a rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit<'a> {
    Yes,
    No,
    /// It would, if this were known.
    Missing(&'a str),
}

/// A rule in the form that decides.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    id: String,
    then: Ruling,
    max_ttl_ms: Option<u64>,
    /// A set of action bits; all ones is any.
    actions: u32,
    kind: Option<TargetKind>,
    target_id: Option<Box<str>>,
    glob: Option<Glob>,
    cidr: Option<Cidr>,
    attrs: Vec<(Box<str>, Glob)>,
    min_confidence: Option<f64>,
    effect: Option<Effect>,
    calendar: Option<usize>,
}

impl Compiled {
    fn new(rule: &Rule, calendars: &[Calendar]) -> Result<Self, Cause> {
        let When { actions, cidr, calendar, min_confidence, .. } = &rule.when;
        if min_confidence.is_some_and(|number| !(0.0..=1.0).contains(&number)) {
            return Err(Cause::Share);
        }
        if rule.then == (Ruling::Approve { distinct: 0 }) {
            return Err(Cause::NoApprovers);
        }
        if rule.max_ttl_ms == Some(0) || rule.requires_drill_within_ms == Some(0) {
            return Err(Cause::NoTime);
        }
        let calendar = match calendar {
            Some(id) => Some(calendars.iter().position(|one| one.id == *id).ok_or(Cause::NoCalendar)?),
            None => None,
        };
        let cidr = match cidr {
            Some(text) => Some(Cidr::parse(text).ok_or(Cause::Cidr)?),
            None => None,
        };
        let bits = actions.iter().fold(0, |bits, action| bits | action.bit());
        Ok(Self {
            id: rule.id.clone(),
            then: rule.then,
            max_ttl_ms: rule.max_ttl_ms,
            actions: if bits == 0 { u32::MAX } else { bits },
            kind: rule.when.target_kind,
            target_id: rule.when.target_id.as_deref().map(Into::into),
            glob: rule.when.glob.as_deref().map(Glob::new),
            cidr,
            attrs: rule
                .when
                .attr
                .iter()
                .map(|(name, value)| (name.as_str().into(), Glob::new(value)))
                .collect(),
            min_confidence: *min_confidence,
            effect: rule.when.effect,
            calendar,
        })
    }

    fn fits(&self, asked: &Asked<'_>, target: &Target, calendars: &[Calendar]) -> Fit<'_> {
        let request = asked.request;
        let wanted = self.actions & request.action.bit() != 0
            && self.effect.is_none_or(|effect| effect == asked.effect)
            && self.min_confidence.is_none_or(|least| request.confidence >= least);
        if !wanted {
            return Fit::No;
        }
        let open = match self.calendar.and_then(|number| calendars.get(number)) {
            Some(calendar) => calendar.is_open(asked.now, asked.offsets),
            None => Some(true),
        };
        match (open, self.selects(target)) {
            (Some(false), _) | (_, Fit::No) => Fit::No,
            (_, Fit::Missing(what)) => Fit::Missing(what),
            (None, Fit::Yes) => Fit::Missing("calendar"),
            (Some(true), Fit::Yes) => Fit::Yes,
        }
    }

    /// Whether the conditions on the target hold.
    pub(crate) fn selects(&self, target: &Target) -> Fit<'_> {
        let plain = self.kind.is_none_or(|kind| kind == target.kind)
            && self.target_id.as_deref().is_none_or(|id| id == target.id)
            && self.glob.as_ref().is_none_or(|glob| glob.fits(&target.id));
        if !plain {
            return Fit::No;
        }
        let mut fit = self.cidr.map_or(Fit::Yes, |cidr| in_network(cidr, target));
        for (name, pattern) in &self.attrs {
            match target.attrs.get(&**name) {
                Some(value) if pattern.fits(value) => {}
                Some(_) => return Fit::No,
                None => fit = if fit == Fit::No { Fit::No } else { Fit::Missing(name) },
            }
        }
        fit
    }
}

fn in_network(cidr: Cidr, target: &Target) -> Fit<'static> {
    if !target.kind.has_address() {
        return Fit::No;
    }
    let told = target.attrs.get("ip").unwrap_or(&target.id);
    match told.parse() {
        Ok(address) if cidr.holds(address) => Fit::Yes,
        Ok(_) => Fit::No,
        Err(_) => Fit::Missing("ip"),
    }
}

fn selector(floor: &Floor) -> Result<Compiled, Cause> {
    let when = &floor.selector;
    let about_requests = !when.actions.is_empty()
        || when.effect.is_some()
        || when.min_confidence.is_some()
        || when.calendar.is_some();
    if about_requests {
        return Err(Cause::FloorCondition);
    }
    let mut rule = Rule::new(&floor.id, Ruling::Deny);
    rule.when = when.clone();
    Compiled::new(&rule, &[])
}

fn check_ids(policy: &Policy) -> Result<(), BadPolicy> {
    let lists: [(&str, Vec<&str>); 5] = [
        ("rules", policy.rules.iter().map(|one| one.id.as_str()).collect()),
        ("budgets", policy.budgets.iter().map(|one| one.id.as_str()).collect()),
        ("floors", policy.floors.iter().map(|one| one.id.as_str()).collect()),
        ("protected", policy.protected.iter().map(|one| one.id.as_str()).collect()),
        ("calendars", policy.calendars.iter().map(|one| one.id.as_str()).collect()),
    ];
    for (list, ids) in lists {
        let mut seen = BTreeSet::new();
        for (number, id) in ids.into_iter().enumerate() {
            let cause = if id.is_empty() { Some(Cause::EmptyId) } else { None };
            let cause = cause.or((!seen.insert(id)).then_some(Cause::Doubled));
            if let Some(cause) = cause {
                return Err(BadPolicy::new(format!("{list}[{number}] `{id}`"), cause));
            }
        }
    }
    Ok(())
}

fn check_numbers(policy: &Policy) -> Result<(), BadPolicy> {
    let is_share = |number: f64| (0.0..=1.0).contains(&number);
    let bad = |place: String, cause| Err(BadPolicy::new(place, cause));
    if policy.budgets.is_empty() {
        return bad("budgets".into(), Cause::NoBudget);
    }
    if !is_share(policy.confidence_floor) {
        return bad("confidence_floor".into(), Cause::Share);
    }
    if policy.max_ttl_ms == 0 || policy.patience_ms == 0 {
        return bad("max_ttl_ms or patience_ms".into(), Cause::NoTime);
    }
    if policy.surge.window_ms == 0 {
        return bad("surge".into(), Cause::NoTime);
    }
    for (number, budget) in policy.budgets.iter().enumerate() {
        let place = format!("budgets[{number}] `{}`", budget.id);
        let limits = budget.max_active.is_some() || budget.max_per_window.is_some();
        if !limits && budget.population_share.is_none() {
            return bad(place, Cause::EmptyBudget);
        }
        if budget.window_ms == 0 {
            return bad(place, Cause::NoTime);
        }
        if budget.population_share.is_some_and(|share| !is_share(share)) {
            return bad(place, Cause::Share);
        }
    }
    match policy.calendars.iter().position(|calendar| !calendar.is_sound()) {
        Some(number) => bad(format!("calendars[{number}]"), Cause::Calendar),
        None => Ok(()),
    }
}
