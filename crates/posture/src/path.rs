//! Where in a configuration document something stands.
//!
//! `Grants[*].Grantee.URI` goes through members and list elements; `[*]` takes a value that is no list as a list of
//! one, since providers write one-or-many so; `[?name]` takes those elements alone that have the member. `{*}` goes
//! through all members of an object, `["a.b"]` names a member that holds dots, `.` is the place itself and `$.` begins
//! at the document again. Walking takes O(values passed).

use core::fmt;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// A way through a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Path {
    pub(crate) start: Start,
    pub(crate) steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Start {
    /// Where the test stands: the document, or the element that is looked at.
    Here,
    /// The document of the resource that the rule is about.
    Document,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Member(Arc<str>),
    Elements,
    /// Elements that have this member.
    With(Arc<str>),
    Members,
}

/// A value with the JSON pointer (RFC 6901) of its place.
#[derive(Clone)]
pub(crate) struct Placed<'v> {
    pub(crate) value: &'v Value,
    pub(crate) pointer: String,
}

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a path is not written as one")]
pub(crate) struct BadPath;

impl TryFrom<String> for Path {
    type Error = BadPath;

    fn try_from(text: String) -> Result<Self, BadPath> {
        Self::parse(&text)
    }
}

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Self, BadPath> {
        let (start, mut rest) = match text.strip_prefix('$') {
            Some(rest) => (Start::Document, rest.strip_prefix('.').unwrap_or(rest)),
            None => (Start::Here, text),
        };
        if rest == "." {
            rest = "";
        }
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, left) = step(rest)?;
            steps.push(step);
            rest = match left.strip_prefix('.') {
                Some("") => return Err(BadPath),
                Some(left) => left,
                None if left.is_empty() || left.starts_with(['[', '{']) => left,
                None => return Err(BadPath),
            };
        }
        Ok(Self { start, steps })
    }

    /// The first member that is named, when the path begins at a document.
    pub(crate) fn first(&self) -> Option<(&Arc<str>, &[Step])> {
        match self.steps.split_first() {
            Some((Step::Member(name), rest)) => Some((name, rest)),
            _ => None,
        }
    }
}

fn step(text: &str) -> Result<(Step, &str), BadPath> {
    if let Some(rest) = text.strip_prefix("[*]") {
        return Ok((Step::Elements, rest));
    }
    if let Some(rest) = text.strip_prefix("{*}") {
        return Ok((Step::Members, rest));
    }
    if let Some((name, rest)) = text.strip_prefix("[?").and_then(|rest| rest.split_once(']')) {
        return if name.is_empty() { Err(BadPath) } else { Ok((Step::With(name.into()), rest)) };
    }
    if let Some(rest) = text.strip_prefix("[\"") {
        let (name, rest) = rest.split_once("\"]").ok_or(BadPath)?;
        return Ok((Step::Member(name.into()), rest));
    }
    let end = text.find(['.', '[', '{']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).ok_or(BadPath)?;
    if name.is_empty() { Err(BadPath) } else { Ok((Step::Member(name.into()), rest)) }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = if self.start == Start::Document { "$" } else { "" };
        f.write_str(start)?;
        for (number, step) in self.steps.iter().enumerate() {
            match step {
                Step::Elements => f.write_str("[*]")?,
                Step::With(name) => write!(f, "[?{name}]")?,
                Step::Members => f.write_str("{*}")?,
                Step::Member(name) if name.contains(['.', '[', '{']) => write!(f, "[\"{name}\"]")?,
                Step::Member(name) => {
                    let dot = if number > 0 || !start.is_empty() { "." } else { "" };
                    write!(f, "{dot}{name}")?;
                }
            }
        }
        if self.steps.is_empty() && start.is_empty() { f.write_str(".") } else { Ok(()) }
    }
}

/// The values that `steps` lead to from `from`, in document order. What is null is not there.
pub(crate) fn walk<'v>(from: Placed<'v>, steps: &[Step]) -> Vec<Placed<'v>> {
    let mut open = vec![from];
    for step in steps {
        open = open.iter().flat_map(|placed| placed.through(step)).collect();
    }
    open.retain(|placed| !placed.value.is_null());
    open
}

impl<'v> Placed<'v> {
    fn through(&self, step: &Step) -> Vec<Self> {
        match (step, self.value) {
            (Step::Member(name), Value::Object(members)) => {
                members.get(&**name).map(|value| self.at(name, value)).into_iter().collect()
            }
            (Step::Members, Value::Object(members)) => {
                members.iter().map(|(name, value)| self.at(name, value)).collect()
            }
            (Step::Elements, Value::Array(elements)) => {
                elements.iter().enumerate().map(|(at, value)| self.at(&at.to_string(), value)).collect()
            }
            (Step::With(name), _) => {
                let mut elements = self.through(&Step::Elements);
                elements.retain(|placed| placed.value.get(&**name).is_some_and(|member| !member.is_null()));
                elements
            }
            (Step::Elements, Value::Null) | (Step::Member(_) | Step::Members, _) => Vec::new(),
            (Step::Elements, _) => vec![self.clone()],
        }
    }

    fn at(&self, name: &str, value: &'v Value) -> Self {
        Self { value, pointer: format!("{}/{}", self.pointer, escaped(name)) }
    }
}

/// A member's name as a token of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, document: &str, expected: &[&str]) {
        let value = serde_json::from_str(document).unwrap();
        let path = Path::parse(path).unwrap();
        let found = walk(Placed { value: &value, pointer: String::new() }, &path.steps);
        assert_eq!(found.iter().map(|placed| placed.pointer.as_str()).collect::<Vec<_>>(), expected);
        assert_eq!(Path::parse(&path.to_string()), Ok(path));
    }

    #[test]
    fn paths_lead_to_places() {
        check("a.b", r#"{"a": {"b": 1}}"#, &["/a/b"]);
        check("a[*].b", r#"{"a": [{"b": 1}, {}, {"b": null}, {"b": 2}]}"#, &["/a/0/b", "/a/3/b"]);
        check("a[*].b", r#"{"a": {"b": 1}}"#, &["/a/b"]);
        check("a[?b].c", r#"{"a": [{"c": 1}, {"b": null, "c": 2}, {"b": 0, "c": 3}]}"#, &["/a/2/c"]);
        check("a{*}", r#"{"a": {"x/y": 1, "z": 2}}"#, &["/a/x~1y", "/a/z"]);
        check(r#"a["b.c"]"#, r#"{"a": {"b.c": 1}}"#, &["/a/b.c"]);
        check("a.b", r#"{"a": null}"#, &[]);
        check(".", "5", &[""]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["a..b", ".a", "a.", "a[0]", "a[\"b", "a[*]b", "a[?]"] {
            assert_eq!(Path::parse(text), Err(BadPath), "{text}");
        }
    }
}
