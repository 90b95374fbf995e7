//! Whether a rule holds for an object, on what that rests, and what is wrong where.
//!
//! An evaluation notes every member of every document that it read, every value that it looked up and the moment from
//! which on time alone could change the answer: these, and nothing else, are what it must be redone for.

use crate::authority;
use crate::estate::{Estate, Object, Rests, word};
use crate::expression::{Expression, Reference, Truth};
use crate::operator::{Around, Operator, is_same};
use crate::path::{Path, Placed, Start, walk};
use crate::rule_set::RuleSet;
use core::cell::RefCell;
use homeostat_core::{EntityKey, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;

/// What an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Basis {
    pub(crate) rests: BTreeSet<Rests>,
    /// From when on the answer may be another though nothing changes.
    pub(crate) due: Option<Timestamp>,
}

/// The documents as an evaluation reads them.
#[derive(Debug)]
pub(crate) struct Reading<'e> {
    pub(crate) estate: &'e Estate,
    pub(crate) rules: &'e RuleSet,
    pub(crate) clock: Timestamp,
    /// What the rule is about.
    pub(crate) about: &'e Object,
    pub(crate) basis: RefCell<Basis>,
    /// What principals hold, of those that were asked: who, which actions, and the answer.
    held: RefCell<Vec<Held>>,
}

type Held = (EntityKey, Vec<String>, (Truth, Vec<EntityKey>));

/// Where a test stands.
#[derive(Clone)]
pub(crate) enum Here<'e> {
    Document(&'e Object),
    Element(&'e Object, Placed<'e>),
}

/// A place that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Witness {
    pub(crate) object: EntityKey,
    /// A JSON pointer; the rule's own path when nothing is there.
    pub(crate) place: String,
    /// JSON; `None` when nothing is there.
    pub(crate) observed: Option<String>,
    pub(crate) wanted: String,
}

impl<'e> Here<'e> {
    pub(crate) fn object(&self) -> &'e Object {
        match self {
            Self::Document(object) | Self::Element(object, _) => object,
        }
    }
}

impl<'e> Reading<'e> {
    pub(crate) fn new(estate: &'e Estate, rules: &'e RuleSet, clock: Timestamp, about: &'e Object) -> Self {
        let (basis, held) = (RefCell::default(), RefCell::default());
        Self { estate, rules, clock, about, basis, held }
    }

    /// Whether `object` may do all of `actions`, and as whom; asked once.
    fn holds(&self, object: &Object, actions: &[String]) -> (Truth, Vec<EntityKey>) {
        let same = |(who, what, _): &&Held| *who == object.key && what == actions;
        if let Some((.., answer)) = self.held.borrow().iter().find(same) {
            return answer.clone();
        }
        let answer = authority::holds(object, actions, self);
        self.held.borrow_mut().push((object.key.clone(), actions.to_vec(), answer.clone()));
        answer
    }

    /// Notes that the member at the beginning of `path` was read.
    pub(crate) fn note(&self, object: &Object, path: &Path) {
        if let Some((name, _)) = path.first() {
            self.basis.borrow_mut().rests.insert(Rests::Member(object.key.clone(), name.clone()));
        }
    }

    /// Notes that the member of this name was read.
    pub(crate) fn note_member(&self, object: &Object, name: &str) {
        let known = object.members.get_key_value(name).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| name.into());
        self.basis.borrow_mut().rests.insert(Rests::Member(object.key.clone(), name));
    }

    /// The objects of `kind` that have `value` at `by`.
    pub(crate) fn looked_up(&self, kind: &str, by: &Path, value: &str) -> Vec<&'e Object> {
        let Some(lookup) = self.estate.lookup(kind, by) else { return Vec::new() };
        self.basis.borrow_mut().rests.insert(Rests::Lookup(lookup, value.to_lowercase()));
        self.estate.found(lookup, value).collect()
    }

    /// The values at `path`; `Err` when it begins at a member that was not read.
    fn values(&self, path: &Path, here: &Here<'e>) -> Result<Vec<Placed<'e>>, Truth> {
        let object = match (path.start, here) {
            (Start::Here, Here::Element(_, placed)) => return Ok(walk(placed.clone(), &path.steps)),
            (Start::Here, Here::Document(object)) => object,
            (Start::Document, _) => self.about,
        };
        self.note(object, path);
        let Some((name, _)) = path.first() else { return Err(Truth::Unknown) };
        let unread = match object.members.get(name) {
            Some(member) => member.value.is_none(),
            None => !self.rules.is_whole(&object.kind),
        };
        if unread { Err(Truth::Unknown) } else { Ok(object.values(path)) }
    }

    /// What `test` comes to at `here`.
    pub(crate) fn test(&self, test: &Expression, here: &Here<'e>) -> Truth {
        match test {
            Expression::All(parts) => {
                parts.iter().map(|part| self.test(part, here)).min().unwrap_or(Truth::Yes)
            }
            Expression::Any(parts) => {
                parts.iter().map(|part| self.test(part, here)).max().unwrap_or(Truth::No)
            }
            Expression::Not(inner) => self.test(inner, here).negated(),
            Expression::Each(path, inner) => self.fold(path, here, |placed| self.test(inner, placed)).0,
            Expression::Some(path, inner) => self.fold(path, here, |placed| self.test(inner, placed)).1,
            Expression::Count(path, inner, span) => match self.count(path, inner.as_deref(), here) {
                Err(unknown) => unknown,
                Ok(count) => Truth::from(span.holds(count as f64)),
            },
            Expression::Refers(reference) => self.refers(reference, here),
            Expression::Authority(actions) => self.holds(here.object(), actions).0,
            Expression::Leaf(path, operator) => self.leaf(path, operator, here),
        }
    }

    /// How many values at `path` pass.
    fn count(&self, path: &Path, test: Option<&Expression>, here: &Here<'e>) -> Result<usize, Truth> {
        let values = self.values(path, here)?.into_iter();
        let elements = values.map(|placed| Here::Element(here.object(), placed));
        Ok(elements.filter(|element| test.is_none_or(|test| self.test(test, element) == Truth::Yes)).count())
    }

    /// What all values at `path` come to, and what the best of them does.
    fn fold(&self, path: &Path, here: &Here<'e>, test: impl Fn(&Here<'e>) -> Truth) -> (Truth, Truth) {
        let values = match self.values(path, here) {
            Ok(values) => values,
            Err(unknown) => return (unknown, unknown),
        };
        let found: Vec<Truth> =
            values.into_iter().map(|placed| test(&Here::Element(here.object(), placed))).collect();
        let (least, most) = (found.iter().min().copied(), found.iter().max().copied());
        (least.unwrap_or(Truth::Yes), most.unwrap_or(Truth::No))
    }

    /// Whether some object referred to passes; unknown when none of those named was read.
    fn refers(&self, reference: &Reference, here: &Here<'e>) -> Truth {
        let values = match self.values(&reference.to, here) {
            Ok(values) => values,
            Err(unknown) => return unknown,
        };
        let mut best = Truth::No;
        for value in values.iter().filter_map(|placed| word(placed.value)) {
            let objects = self.looked_up(&reference.kind, &reference.by, &value);
            let found = objects.iter().map(|object| self.test(&reference.passes, &Here::Document(object)));
            best = best.max(found.max().unwrap_or(Truth::Unknown));
        }
        best
    }

    fn leaf(&self, path: &Path, operator: &Operator, here: &Here<'e>) -> Truth {
        let values = match self.values(path, here) {
            Ok(values) => values,
            Err(unknown) => return unknown,
        };
        if let Operator::Exists(wanted) = operator {
            return Truth::from(*wanted != values.is_empty());
        }
        if let Operator::Same(other) = operator {
            return match self.values(other, here) {
                Err(unknown) => unknown,
                Ok(others) => Truth::from(
                    values.iter().any(|one| others.iter().any(|other| is_same(one.value, other.value))),
                ),
            };
        }
        let around = Around { clock: self.clock, scope: self.about.key.scope() };
        for due in values.iter().filter_map(|placed| operator.due(placed.value)) {
            self.come_due(due);
        }
        values.iter().map(|placed| operator.holds(placed.value, around)).max().unwrap_or(Truth::No)
    }

    fn come_due(&self, due: Timestamp) {
        if self.clock.is_moment() && due <= self.clock {
            return;
        }
        let mut basis = self.basis.borrow_mut();
        basis.due = Some(basis.due.map_or(due, |known| known.min(due)));
    }

    /// The places that make `test` come to `truth`, which is yes or no.
    pub(crate) fn witnesses(&self, test: &Expression, truth: Truth, here: &Here<'e>) -> Vec<Witness> {
        let guilty = |parts: &[Expression]| {
            let own = parts.iter().filter(|part| self.test(part, here) == truth);
            own.flat_map(|part| self.witnesses(part, truth, here)).collect()
        };
        match test {
            Expression::All(parts) | Expression::Any(parts) => guilty(parts),
            Expression::Not(inner) => self.witnesses(inner, truth.negated(), here),
            Expression::Each(path, inner) | Expression::Some(path, inner) => {
                let elements = self.values(path, here).unwrap_or_default();
                let elements = elements.into_iter().map(|placed| Here::Element(here.object(), placed));
                let own: Vec<Here<'e>> =
                    elements.filter(|element| self.test(inner, element) == truth).collect();
                if own.is_empty() {
                    return vec![self.witness(path, None, "one that passes".to_owned(), here)];
                }
                own.iter().flat_map(|element| self.witnesses(inner, truth, element)).collect()
            }
            Expression::Count(path, inner, span) => {
                let count = self.count(path, inner.as_deref(), here).unwrap_or_default();
                vec![self.witness(path, Some(count.to_string()), wanted(span, truth), here)]
            }
            Expression::Refers(reference) => self.referred(reference, truth, here),
            Expression::Authority(actions) => self.authority(actions, truth, here),
            Expression::Leaf(path, operator) => {
                let values = self.values(path, here).unwrap_or_default();
                let around = Around { clock: self.clock, scope: self.about.key.scope() };
                let guilty = |placed: &&Placed<'e>| match operator {
                    Operator::Exists(_) | Operator::Same(_) => true,
                    _ => operator.holds(placed.value, around) == truth,
                };
                let own: Vec<Witness> = values
                    .iter()
                    .filter(guilty)
                    .map(|placed| placed.witness(here.object(), wanted(operator, truth)))
                    .collect();
                if own.is_empty() {
                    vec![self.witness(path, None, wanted(operator, truth), here)]
                } else {
                    own
                }
            }
        }
    }

    fn referred(&self, reference: &Reference, truth: Truth, here: &Here<'e>) -> Vec<Witness> {
        let values = self.values(&reference.to, here).unwrap_or_default();
        let mut own = Vec::new();
        for value in values.iter().filter_map(|placed| word(placed.value)) {
            for object in self.looked_up(&reference.kind, &reference.by, &value) {
                let there = Here::Document(object);
                if self.test(&reference.passes, &there) == truth {
                    own.extend(self.witnesses(&reference.passes, truth, &there));
                }
            }
        }
        if own.is_empty() {
            own.push(self.witness(&reference.to, None, format!("a {} that passes", reference.kind), here));
        }
        own
    }

    fn authority(&self, actions: &[String], truth: Truth, here: &Here<'e>) -> Vec<Witness> {
        let object = here.object();
        let (_, way) = self.holds(object, actions);
        let names: Vec<&str> = way.iter().map(EntityKey::value).collect();
        let observed =
            if names.is_empty() { "by itself".to_owned() } else { format!("as {}", names.join(", then ")) };
        let not = if truth == Truth::Yes { "no" } else { "the" };
        vec![Witness {
            object: object.key.clone(),
            place: "effective rights".to_owned(),
            observed: Some(Value::String(observed).to_string()),
            wanted: format!("{not} right to {} on everything", actions.join(", ")),
        }]
    }

    fn witness(&self, path: &Path, observed: Option<String>, wanted: String, here: &Here<'e>) -> Witness {
        let (object, place) = match (path.start, here) {
            (Start::Document, _) => (self.about, path.to_string()),
            (Start::Here, Here::Document(object)) => (*object, path.to_string()),
            (Start::Here, Here::Element(object, placed)) => (*object, format!("{}.{path}", placed.pointer)),
        };
        Witness { object: object.key.clone(), place, observed, wanted }
    }
}

impl Placed<'_> {
    fn witness(&self, object: &Object, wanted: String) -> Witness {
        let observed = Some(crate::patch::text(self.value));
        Witness { object: object.key.clone(), place: self.pointer.clone(), observed, wanted }
    }
}

/// What was wanted of a test that came to `truth`.
fn wanted(test: &impl core::fmt::Display, truth: Truth) -> String {
    if truth == Truth::Yes { format!("not {test}") } else { test.to_string() }
}
