//! What would put a finding right: a patch of the document, its inverse, and the call that carries it out.

use crate::evaluate::{Here, Reading};
use crate::expression::Truth;
use crate::patch::{Patch, Step, text};
use crate::path::{Path, escaped};
use crate::rule::{FixStep, Rule};
use core::fmt;
use homeostat_core::EntityKey;
use serde_json::{Map, Value};

/// A fix, worked out for one object as it is now.
#[derive(Clone, PartialEq)]
pub struct Fix {
    /// The rule that it satisfies.
    pub rule: String,
    /// The object that it changes.
    pub object: EntityKey,
    /// The provider's call that carries it out.
    pub call: String,
    /// What it does.
    pub patch: Patch,
    /// What undoes it.
    pub inverse: Patch,
    /// The document that it was worked out for, as JSON: a dry run shows `patch` applied to it.
    pub before: String,
}

impl Fix {
    /// The document as it would be.
    pub fn after(&self) -> String {
        self.patch.apply(&self.before).unwrap_or_else(|_| self.before.clone())
    }
}

impl fmt::Debug for Fix {
    /// Shows what it is for, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fix({} of {:?} by {}, {:?})", self.rule, self.object, self.call, self.patch)
    }
}

/// The fix that `rule` asks for; `None` when it has none or nothing would change.
pub(crate) fn work_out(rule: &Rule, reading: &Reading<'_>) -> Option<Fix> {
    let before = reading.about.document();
    let mut draft = Draft { value: before.clone(), steps: Vec::new() };
    for step in &rule.fix {
        draft.take(step, reading)?;
    }
    let patch = Patch { steps: draft.steps };
    let inverse = patch.undo(&before).ok()?;
    let (rule, call) = (rule.id().to_owned(), rule.call().to_owned());
    let object = reading.about.key.clone();
    (!patch.is_empty()).then(|| Fix { rule, object, call, patch, inverse, before: text(&before) })
}

/// A document that is being put right, with the steps so far.
struct Draft {
    value: Value,
    steps: Vec<Step>,
}

impl Draft {
    fn take(&mut self, step: &FixStep, reading: &Reading<'_>) -> Option<()> {
        if let (Some(path), Some(value)) = (&step.set, &step.to) {
            let (head, tail) = split(path);
            for pointer in chosen(&head, step, reading) {
                self.set(pointer, &tail, value)?;
            }
        }
        if let Some(path) = step.unset.as_ref().or(step.drop.as_ref()) {
            // From the end on, so that earlier places stay where they are.
            for pointer in chosen(path, step, reading).into_iter().rev() {
                self.remove(pointer)?;
            }
        }
        Some(())
    }

    /// Sets the member that `names` lead to below `pointer`, making the objects in between.
    fn set(&mut self, mut pointer: String, names: &[String], value: &Value) -> Option<()> {
        let mut rest = names;
        while let Some((name, left)) = rest.split_first() {
            let next = format!("{pointer}/{}", escaped(name));
            let holder = self.value.pointer(&pointer)?;
            if holder.is_null() {
                return self.replace(pointer, nested(rest, value));
            }
            if holder.get(name).is_none() {
                return self.push(Step::Add { path: next, value: nested(left, value) });
            }
            pointer = next;
            rest = left;
        }
        if self.value.pointer(&pointer)? == value { Some(()) } else { self.replace(pointer, value.clone()) }
    }

    fn replace(&mut self, path: String, value: Value) -> Option<()> {
        let known = self.value.pointer(&path)?.clone();
        self.push(Step::Test { path: path.clone(), value: known })?;
        self.push(Step::Replace { path, value })
    }

    fn remove(&mut self, path: String) -> Option<()> {
        let known = self.value.pointer(&path)?.clone();
        self.push(Step::Test { path: path.clone(), value: known })?;
        self.push(Step::Remove { path })
    }

    fn push(&mut self, step: Step) -> Option<()> {
        let patch = Patch { steps: vec![step] };
        patch.change(&mut self.value).ok()?;
        self.steps.extend(patch.steps);
        Some(())
    }
}

/// The part of a path that chooses places, and the names below it.
fn split(path: &Path) -> (Path, Vec<String>) {
    let is_choice = |step: &crate::path::Step| !matches!(step, crate::path::Step::Member(_));
    let at = path.steps.iter().rposition(is_choice).map_or(0, |at| at + 1);
    let (head, tail) = path.steps.split_at_checked(at).unwrap_or((&path.steps, &[]));
    let names = tail.iter().filter_map(|step| match step {
        crate::path::Step::Member(name) => Some(name.to_string()),
        _ => None,
    });
    (Path { start: path.start, steps: head.to_vec() }, names.collect())
}

/// The places at `path` that the step is about, in document order.
fn chosen(path: &Path, step: &FixStep, reading: &Reading<'_>) -> Vec<String> {
    if path.steps.is_empty() {
        return vec![String::new()];
    }
    let about = reading.about;
    let places = about.values(path).into_iter().filter(|placed| {
        let here = Here::Element(about, placed.clone());
        step.passes.as_ref().is_none_or(|test| reading.test(test, &here) == Truth::Yes)
    });
    places.map(|placed| placed.pointer).collect()
}

fn nested(names: &[String], value: &Value) -> Value {
    names
        .iter()
        .rev()
        .fold(value.clone(), |inner, name| Value::Object(Map::from_iter([(name.clone(), inner)])))
}
