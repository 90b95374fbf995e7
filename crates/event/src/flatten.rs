//! An event as flat columns with dotted names, within limits that stores of logs have.

use crate::cursor::{BadJson, Cursor};
use crate::event::Event;
use core::fmt;
use homeostat_core::JsonText;
use std::collections::BTreeMap;

/// Which columns an event is flattened into: how deep, how many, and, if told, which alone.
///
/// A column is named by the attributes on the way, `actor.user.name`. The elements of a list share one column that
/// holds a JSON array. What lies deeper than the depth is kept whole as JSON in the column it would have begun.
///
/// ```
/// use homeostat_event::{Event, Flattening};
///
/// let event = Event::from_json(
///     r#"{"class_uid":6003,"actor":{"user":{"name":"jane","org":{"name":"acme"}}},
///         "resources":[{"uid":"a"},{"uid":"b","name":"B"}],"unmapped":{"x":{"y":1}}}"#,
/// )?;
/// let flat = Flattening::new().to_depth(3).of(&event);
/// assert_eq!(flat.get("actor.user.name"), Some(r#""jane""#));
/// assert_eq!(flat.get("actor.user.org"), Some(r#"{"name":"acme"}"#));
/// assert_eq!(flat.get("resources.uid"), Some(r#"["a","b"]"#));
///
/// let narrow = Flattening::new().only(["actor.user", "class_uid"]).of(&event);
/// assert_eq!(narrow.len(), 3);
///
/// // What a limit cuts is told, to the caller and in a column of its own.
/// let cut = Flattening::new().at_most(2).of(&event);
/// assert_eq!((cut.len(), cut.cut(), cut.get(Flattening::MARK)), (2, 5, Some("5")));
/// # Ok::<(), homeostat_event::EventError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flattening {
    depth: usize,
    most: usize,
    only: Option<Vec<String>>,
}

impl Flattening {
    /// The depth when none is told: what mapped events use; deeper ones are whole subtrees of a source.
    pub const DEPTH: usize = 6;
    /// The most columns when none is told: half of what a common index takes of all its events, which share few.
    pub const COLUMNS: usize = 1_000;
    /// The column that tells how many others the limit has cut. It is counted among the most.
    pub const MARK: &str = "homeostat_columns_cut";

    /// The default limits, and every column.
    pub fn new() -> Self {
        Self { depth: Self::DEPTH, most: Self::COLUMNS, only: None }
    }

    /// At most `depth` names on the way, at least one.
    #[must_use]
    pub fn to_depth(self, depth: usize) -> Self {
        Self { depth: depth.max(1), ..self }
    }

    /// At most `columns`, at least one.
    #[must_use]
    pub fn at_most(self, columns: usize) -> Self {
        Self { most: columns.max(1), ..self }
    }

    /// These columns alone, each with what lies below it.
    #[must_use]
    pub fn only<P: Into<String>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        Self { only: Some(paths.into_iter().map(Into::into).collect()), ..self }
    }

    /// The columns of `event`. O(length of the event · log columns).
    pub fn of(&self, event: &Event) -> Flat {
        let text = event.to_json();
        let mut walk =
            Walk { limits: self, path: String::new(), columns: BTreeMap::new(), order: Vec::new() };
        // What the event writes is JSON, so this walk does not fail.
        let _ = walk.object(&text, 0, false);
        walk.finish()
    }

    fn allows(&self, path: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|allowed| is_within(path, allowed)))
    }

    /// Whether anything below `path` is allowed.
    fn leads(&self, path: &str) -> bool {
        self.allows(path)
            || self.only.as_ref().is_some_and(|only| only.iter().any(|allowed| is_within(allowed, path)))
    }
}

impl Default for Flattening {
    fn default() -> Self {
        Self::new()
    }
}

fn is_within(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The columns of one event, by name. `Debug` shows names, never a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Flat {
    columns: BTreeMap<String, JsonText>,
    cut: usize,
}

impl Flat {
    /// The value of a column, as JSON text.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.columns.get(column).map(JsonText::as_str)
    }

    /// Every column with its value as JSON text, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// How many columns the limit has cut.
    pub fn cut(&self) -> usize {
        self.cut
    }
}

impl fmt::Debug for Flat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flat({} cut, {:?})", self.cut, self.columns.keys().collect::<Vec<_>>())
    }
}

/// The values of a column so far, and whether it is one of a list.
struct Column {
    values: Vec<String>,
    list: bool,
}

struct Walk<'a> {
    limits: &'a Flattening,
    path: String,
    columns: BTreeMap<String, Column>,
    /// Names in the order in which the event tells them: the first stay when a limit cuts.
    order: Vec<String>,
}

impl Walk<'_> {
    fn object(&mut self, text: &str, depth: usize, list: bool) -> Result<(), BadJson> {
        Cursor::new(text).object(|cursor, name| {
            let value = cursor.skip()?;
            let before = self.path.len();
            if depth > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            if self.limits.leads(&self.path) {
                self.value(value, depth + 1, list)?;
            }
            self.path.truncate(before);
            Ok(())
        })
    }

    fn value(&mut self, value: &str, depth: usize, list: bool) -> Result<(), BadJson> {
        let empty = matches!(value, "{}" | "[]");
        match value.as_bytes().first() {
            Some(b'{') if depth < self.limits.depth && !empty => self.object(value, depth, list),
            Some(b'[') if depth < self.limits.depth && !empty => Cursor::new(value).array(|cursor| {
                let item = cursor.skip()?;
                self.value(item, depth, true)
            }),
            _ => {
                self.tell(value, list);
                Ok(())
            }
        }
    }

    fn tell(&mut self, value: &str, list: bool) {
        if !self.limits.allows(&self.path) {
            return;
        }
        if !self.columns.contains_key(&self.path) {
            self.order.push(self.path.clone());
        }
        let new = || Column { values: Vec::new(), list: false };
        let column = self.columns.entry(self.path.clone()).or_insert_with(new);
        column.list |= list;
        column.values.push(value.to_owned());
    }

    fn finish(mut self) -> Flat {
        let most = self.limits.most;
        let cut = if self.order.len() > most { self.order.len() - (most - 1) } else { 0 };
        for name in self.order.drain(..).rev().take(cut) {
            self.columns.remove(&name);
        }
        // A column of the event's own under the name of the mark gives way to it, and counts as cut.
        let cut = cut + usize::from(cut > 0 && self.columns.remove(Flattening::MARK).is_some());
        let told = self.columns.into_iter().map(|(name, column)| (name, column.json()));
        let mark = (cut > 0).then(|| (Flattening::MARK.to_owned(), JsonText::new(cut.to_string())));
        Flat { columns: told.chain(mark).collect(), cut }
    }
}

impl Column {
    fn json(self) -> JsonText {
        match self.values.as_slice() {
            [one] if !self.list => JsonText::new(one.as_str()),
            _ => JsonText::new(format!("[{}]", self.values.join(","))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(limits: &Flattening, text: &str) -> Vec<String> {
        let flat = limits.of(&Event::from_json(text).unwrap());
        flat.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn lists_share_a_column_and_empty_values_stay() {
        let text =
            r#"{"a":[1,[2,3]],"b":{},"c":[],"d":null,"e":[{"x":1},{"x":[2],"y":"z"}],"f.g":1,"f":{"h":[]}}"#;
        assert_eq!(
            flat(&Flattening::new(), text),
            ["a=[1,2,3]", "b={}", "c=[]", "d=null", "e.x=[1,2]", "e.y=[\"z\"]", "f.g=1", "f.h=[]"]
        );
    }

    #[test]
    fn depth_keeps_what_is_deeper_whole() {
        let text = r#"{"a":{"b":{"c":{"d":1}}},"e":[{"f":{"g":1}}]}"#;
        assert_eq!(
            flat(&Flattening::new().to_depth(1), text),
            [r#"a={"b":{"c":{"d":1}}}"#, r#"e=[{"f":{"g":1}}]"#]
        );
        assert_eq!(flat(&Flattening::new().to_depth(2), text), [r#"a.b={"c":{"d":1}}"#, r#"e.f=[{"g":1}]"#]);
        assert_eq!(flat(&Flattening::new().to_depth(0), text).len(), 2);
    }

    #[test]
    fn only_what_is_allowed_comes_out() {
        let text =
            r#"{"user":{"name":"j","uid":"u"},"username":1,"src_endpoint":{"ip":"192.0.2.7","port":1}}"#;
        let limits = Flattening::new().only(["user", "src_endpoint.ip", "nothing"]);
        assert_eq!(
            flat(&limits, text),
            ["src_endpoint.ip=\"192.0.2.7\"", "user.name=\"j\"", "user.uid=\"u\""]
        );
    }

    #[test]
    fn no_limit_is_passed_without_a_mark() {
        let members: Vec<_> = (0..50).map(|number| format!("\"x{number}\":{number}")).collect();
        let event = Event::from_json(&format!("{{{}}}", members.join(","))).unwrap();
        for most in 1..60 {
            let flat = Flattening::new().at_most(most).of(&event);
            assert!(flat.len() <= most, "{most}");
            let shown = flat.len() - usize::from(flat.get(Flattening::MARK).is_some());
            assert_eq!(shown + flat.cut(), 50, "{most}");
            assert_eq!(flat.cut() > 0, flat.get(Flattening::MARK).is_some());
        }
        let first = Flattening::new().at_most(3).of(&event);
        assert_eq!((first.get("x0"), first.get("x1"), first.get("x2")), (Some("0"), Some("1"), None));
        assert!(!format!("{first:?}").contains("=0"));
    }
}
