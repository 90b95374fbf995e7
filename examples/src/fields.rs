//! The fields of a JSON object, taken one by one, so that one that nobody took is told and not ignored.

use serde_json::{Map, Value};

/// What is wrong with an input, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}`: {reason}")]
pub struct Misread {
    place: String,
    reason: String,
}

impl Misread {
    /// That the value at `place` is wrong for `reason`.
    pub fn new(place: &str, reason: impl Into<String>) -> Self {
        Self { place: place.to_owned(), reason: reason.into() }
    }
}

/// The fields that are left of one object.
#[derive(Clone, Debug)]
pub struct Fields {
    place: String,
    left: Map<String, Value>,
}

impl Fields {
    /// The fields of `value`, which lies at `place`.
    ///
    /// # Errors
    ///
    /// [`Misread`] when it is no object.
    pub fn of(place: &str, value: Value) -> Result<Self, Misread> {
        match value {
            Value::Object(left) => Ok(Self { place: place.to_owned(), left }),
            _ => Err(Misread::new(place, "no object")),
        }
    }

    /// Where the field `name` lies.
    pub fn place(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// Takes the field `name`; `null` is as good as none.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// Takes the text in `name`.
    ///
    /// # Errors
    ///
    /// [`Misread`] when it is missing or no text.
    pub fn text(&mut self, name: &str) -> Result<String, Misread> {
        match self.take(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Misread::new(&self.place(name), "no text")),
            None => Err(Misread::new(&self.place(name), "missing")),
        }
    }

    /// Takes the list in `name`; empty when there is none.
    ///
    /// # Errors
    ///
    /// [`Misread`] when it is no list.
    pub fn list(&mut self, name: &str) -> Result<Vec<Value>, Misread> {
        match self.take(name) {
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(Misread::new(&self.place(name), "no list")),
            None => Ok(Vec::new()),
        }
    }

    /// Takes the truth value in `name`; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`Misread`] when it is no truth value.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Misread> {
        match self.take(name) {
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Misread::new(&self.place(name), "neither true nor false")),
            None => Ok(None),
        }
    }

    /// Takes the object in `name`; one without fields when there is none.
    ///
    /// # Errors
    ///
    /// [`Misread`] when it is no object.
    pub fn object(&mut self, name: &str) -> Result<Self, Misread> {
        let place = self.place(name);
        Self::of(&place, self.take(name).unwrap_or_else(|| Value::Object(Map::new())))
    }

    /// Whether the field `name` is left.
    pub fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// All that is left, by name.
    pub fn rest(self) -> impl Iterator<Item = (String, Value)> {
        self.left.into_iter()
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`Misread`] for the first field that nobody took.
    pub fn finish(self) -> Result<(), Misread> {
        match self.left.keys().find(|name| !self.left.get(*name).is_none_or(Value::is_null)) {
            Some(name) => Err(Misread::new(&self.place(name), "a field that is not known")),
            None => Ok(()),
        }
    }
}
