//! One record of an API, whichever program wrote it down: fields by their names in the API's reference.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// A record whose fields are looked up in it and in its `properties`.
pub(super) struct Record<'a>(Cow<'a, Value>);

impl<'a> Record<'a> {
    /// The record `value`; names like `principal_id`, as Python packages write them, become `principalId`.
    pub(super) fn of(value: &'a Value) -> Self {
        let snake = |fields: &Map<String, Value>| fields.keys().any(|name| is_snake(name));
        let own = value.as_object().is_some_and(snake);
        let inner = value.get("properties").and_then(Value::as_object).is_some_and(snake);
        Self(if own || inner { Cow::Owned(camel(value)) } else { Cow::Borrowed(value) })
    }

    /// The field `name`, here or in the properties.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let own = self.0.get(name).filter(|value| !value.is_null());
        own.or_else(|| self.0.get("properties")?.get(name).filter(|value| !value.is_null()))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The text of a field that says something.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool) == Some(true)
    }

    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.get(name).and_then(Value::as_array).into_iter().flatten()
    }

    /// The text at `path` within fields.
    pub(super) fn at(&self, path: &[&str]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let found = rest.iter().try_fold(self.get(first)?, |value, name| value.get(name))?;
        found.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn value(&self) -> &Value {
        &self.0
    }

    /// The record without what makes its shape: the fields of `properties` stand beside the others.
    pub(super) fn flat(&self) -> Map<String, Value> {
        let mut flat = self.0.as_object().cloned().unwrap_or_default();
        if let Some(Value::Object(inner)) = flat.remove("properties") {
            flat.extend(inner);
        }
        flat
    }
}

/// The text of a field of a value.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn is_snake(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.trim_matches('_').contains('_')
}

/// The same with all names of fields in camel case, but for names that somebody gave: tags and labels.
fn camel(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(camel).collect(),
        Value::Object(fields) => {
            let of_somebody = |name: &str| ["tags", "labels"].contains(&name);
            let each = fields.iter().map(|(name, value)| {
                let value = if of_somebody(name) { value.clone() } else { camel(value) };
                (if is_snake(name) { camel_name(name) } else { name.clone() }, value)
            });
            Value::Object(each.collect())
        }
        other => other.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let mut joined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        joined.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_found_however_a_program_spells_them() {
        let api = json!({"id": "a", "properties": {"principalId": "p"}});
        let package = json!({"id": "a", "principal_id": "p", "tags": {"cost_center": "7"}});
        for value in [&api, &package] {
            let record = Record::of(value);
            assert_eq!((record.text("principalId"), record.flat().get("id")), (Some("p"), Some(&json!("a"))));
        }
        assert_eq!(Record::of(&package).at(&["tags", "cost_center"]), Some("7"));
        assert!(!is_snake("Microsoft_x") && !is_snake("id") && !is_snake("_id"));
    }
}
