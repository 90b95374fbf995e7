//! What a fix does to a document, and how it is undone: JSON Patch (RFC 6902) over JSON pointers (RFC 6901).
//!
//! Only `add`, `replace` and `remove` are made; a `test` guards each replaced and removed value, so that a patch
//! never undoes what somebody else changed meanwhile. O(document) a step.

use core::fmt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One step of a patch.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Step {
    Test { path: String, value: Value },
    Add { path: String, value: Value },
    Replace { path: String, value: Value },
    Remove { path: String },
}

/// A patch of one document. Its JSON text is that of RFC 6902.
///
/// ```
/// use homeostat_posture::Patch;
///
/// let patch: Patch = r#"[{"op": "replace", "path": "/Enabled", "value": true}]"#.parse()?;
/// let fixed = patch.apply(r#"{"Enabled": false}"#)?;
/// assert_eq!(fixed, r#"{"Enabled":true}"#);
/// let undone = patch.inverse(r#"{"Enabled": false}"#)?.apply(&fixed)?;
/// assert_eq!(undone, r#"{"Enabled":false}"#);
/// # Ok::<(), homeostat_posture::PatchError>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patch {
    pub(crate) steps: Vec<Step>,
}

/// Why a patch can not be read or applied. Shows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The text is no patch.
    #[error("the text is no patch")]
    NotAPatch,
    /// The text is no JSON document.
    #[error("the text is no document")]
    NotADocument,
    /// Step `step`, from 0, does not fit the document.
    #[error("step {step} does not fit the document")]
    Misfit {
        /// Which step.
        step: usize,
    },
}

impl core::str::FromStr for Patch {
    type Err = PatchError;

    fn from_str(text: &str) -> Result<Self, PatchError> {
        serde_json::from_str(text).map_err(|_| PatchError::NotAPatch)
    }
}

impl Patch {
    /// How many steps it has.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The document after the patch, members in the order of their names.
    ///
    /// # Errors
    ///
    /// [`PatchError`] when the text is no JSON or a step does not fit; nothing is patched then.
    pub fn apply(&self, document: &str) -> Result<String, PatchError> {
        let mut value = serde_json::from_str(document).map_err(|_| PatchError::NotADocument)?;
        self.change(&mut value)?;
        Ok(text(&value))
    }

    /// The patch that brings the patched document back to `document`.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    pub fn inverse(&self, document: &str) -> Result<Self, PatchError> {
        let value = serde_json::from_str(document).map_err(|_| PatchError::NotADocument)?;
        self.undo(&value)
    }

    /// Applies every step to `value`, or tells which one does not fit.
    pub(crate) fn change(&self, value: &mut Value) -> Result<(), PatchError> {
        for (step, own) in self.steps.iter().enumerate() {
            own.change(value).ok_or(PatchError::Misfit { step })?;
        }
        Ok(())
    }

    /// The inverse of the patch on `before`.
    pub(crate) fn undo(&self, before: &Value) -> Result<Self, PatchError> {
        let (mut value, mut undo) = (before.clone(), Vec::new());
        for (step, own) in self.steps.iter().enumerate() {
            let misfit = PatchError::Misfit { step };
            let back = own.back(&value).ok_or(misfit)?;
            own.change(&mut value).ok_or(misfit)?;
            undo.extend(back);
        }
        undo.reverse();
        Ok(Self { steps: undo })
    }
}

impl Step {
    fn change(&self, value: &mut Value) -> Option<()> {
        match self {
            Self::Test { path, value: wanted } => (value.pointer(path)? == wanted).then_some(()),
            Self::Replace { path, value: fresh } => {
                *value.pointer_mut(path)? = fresh.clone();
                Some(())
            }
            Self::Add { path, value: fresh } => match parent(value, path)? {
                (Value::Object(members), name) => {
                    members.insert(name, fresh.clone());
                    Some(())
                }
                (Value::Array(elements), name) => {
                    let at = if name == "-" { elements.len() } else { place(&name)? };
                    (at <= elements.len()).then(|| elements.insert(at, fresh.clone()))
                }
                _ => None,
            },
            Self::Remove { path } => match parent(value, path)? {
                (Value::Object(members), name) => members.remove(&name).map(drop),
                (Value::Array(elements), name) => {
                    let at = place(&name)?;
                    (at < elements.len()).then(|| drop(elements.remove(at)))
                }
                _ => None,
            },
        }
    }

    /// The steps that undo this one on `before`; none for a test.
    fn back(&self, before: &Value) -> Option<Vec<Self>> {
        Some(match self {
            Self::Test { .. } => Vec::new(),
            Self::Replace { path, .. } => {
                vec![Self::Replace { path: path.clone(), value: before.pointer(path)?.clone() }]
            }
            Self::Remove { path } => {
                vec![Self::Add { path: path.clone(), value: before.pointer(path)?.clone() }]
            }
            Self::Add { path, .. } => vec![unadded(path, before)?],
        })
    }
}

/// What undoes an addition: a member that was there gets its value back, an element goes.
fn unadded(path: &str, before: &Value) -> Option<Step> {
    let (holder, name) = path.rsplit_once('/')?;
    let path = path.to_owned();
    Some(match before.pointer(holder)? {
        Value::Object(members) => match members.get(&unescaped(name)) {
            Some(known) => Step::Replace { path, value: known.clone() },
            None => Step::Remove { path },
        },
        Value::Array(elements) if name == "-" => {
            Step::Remove { path: format!("{holder}/{}", elements.len()) }
        }
        _ => Step::Remove { path },
    })
}

/// What holds the place `path`, and the place's name in it.
fn parent<'v>(value: &'v mut Value, path: &str) -> Option<(&'v mut Value, String)> {
    let (holder, name) = path.rsplit_once('/')?;
    Some((value.pointer_mut(holder)?, unescaped(name)))
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// An index as RFC 6901 writes it: no sign, no leading zero.
fn place(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+']);
    if plain { token.parse().ok() } else { None }
}

/// The value as JSON, members in the order of their names whatever map holds them.
pub(crate) fn text(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut pairs: Vec<_> = members.iter().collect();
            pairs.sort_by_key(|(name, _)| name.as_str());
            Value::Object(pairs.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        other => other.clone(),
    }
}

impl fmt::Display for Patch {
    /// The JSON text of RFC 6902. Shows values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.steps).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Patch {
    /// Shows how many steps there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patch({} steps)", self.steps.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_and_changes_nothing() {
        for (patch, step) in [
            (r#"[{"op": "remove", "path": "/b"}]"#, 0),
            (r#"[{"op": "add", "path": "/n", "value": 1}, {"op": "test", "path": "/a", "value": 9}]"#, 1),
            (r#"[{"op": "add", "path": "/l/9", "value": 1}]"#, 0),
            (r#"[{"op": "add", "path": "/l/01", "value": 1}]"#, 0),
            (r#"[{"op": "replace", "path": "/a/b", "value": 1}]"#, 0),
        ] {
            let patch: Patch = patch.parse().unwrap();
            assert_eq!(patch.apply(r#"{"a": 1, "l": [1]}"#), Err(PatchError::Misfit { step }), "{patch}");
        }
        assert_eq!("[{}]".parse::<Patch>(), Err(PatchError::NotAPatch));
        assert_eq!(Patch::default().apply("{"), Err(PatchError::NotADocument));
    }

    #[test]
    fn names_of_members_are_escaped() {
        let patch: Patch = r#"[{"op": "add", "path": "/a~1b~0c", "value": null}]"#.parse().unwrap();
        assert_eq!(patch.apply("{}").unwrap(), r#"{"a/b~c":null}"#);
    }
}
