//! Looking into an event by names, whether what stands there is typed or kept as text.
//!
//! The role view asks for attributes of every class. Which of them have a field of their own is a matter of size
//! and speed, so it asks by name and borrows the answer. A look-up is O(attributes of the object).

use crate::cursor::{BadJson, Cursor};
use crate::object;
use homeostat_core::Timestamp;
use std::borrow::Cow;

/// A value of an event, borrowed.
#[derive(Clone, Copy)]
pub(crate) enum Seen<'a> {
    Text(&'a str),
    Number(i64),
    /// A flag, of which the view asks nothing.
    Flag,
    Time(Timestamp),
    /// JSON that no field holds.
    Json(&'a str),
    Object(&'a dyn Look),
    List(&'a dyn Items),
}

/// An object that is looked into by name.
pub(crate) trait Look {
    /// The value of attribute `name`; `None` when it is not told.
    fn look(&self, name: &str) -> Option<Seen<'_>>;
}

/// A list that is looked into by place.
pub(crate) trait Items {
    /// The element at `place`.
    fn item(&self, place: usize) -> Option<Seen<'_>>;
}

impl<'a> Seen<'a> {
    /// The value at a dotted path below this one; of a list, of its first element that tells it.
    pub(crate) fn at(self, path: &str) -> Option<Self> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let found = match self {
            Seen::Object(object) => object.look(name)?,
            Seen::Json(text) if text.starts_with('{') => Seen::Json(object::member(text, name)?),
            Seen::List(_) | Seen::Json(_) => {
                return self.items().into_iter().find_map(|item| item.of_object(path));
            }
            _ => return None,
        };
        rest.map_or(Some(found), |rest| found.at(rest))
    }

    /// As [`Self::at`], but lists in lists are not looked into.
    fn of_object(self, path: &str) -> Option<Self> {
        let object =
            matches!(self, Seen::Object(_)) || matches!(self, Seen::Json(text) if text.starts_with('{'));
        if object { self.at(path) } else { None }
    }

    /// The text, unless it is empty or needed escapes where it is kept as JSON.
    pub(crate) fn text(self) -> Option<&'a str> {
        let text = match self {
            Seen::Text(text) => text,
            Seen::Json(text) => match Cursor::new(text).string().ok()? {
                Cow::Borrowed(text) => text,
                Cow::Owned(_) => return None,
            },
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// The text, unescaped.
    pub(crate) fn whole_text(self) -> Option<Cow<'a, str>> {
        match self {
            Seen::Json(text) if text.starts_with('"') => Cursor::new(text).string().ok(),
            _ => self.text().map(Cow::Borrowed),
        }
    }

    /// The text at `path`.
    pub(crate) fn text_at(self, path: &str) -> Option<&'a str> {
        self.at(path)?.text()
    }

    /// The text at `path`, unescaped.
    pub(crate) fn whole_at(self, path: &str) -> Option<Cow<'a, str>> {
        self.at(path)?.whole_text()
    }

    /// The whole number.
    pub(crate) fn number(self) -> Option<i64> {
        match self {
            Seen::Number(number) => Some(number),
            Seen::Time(time) => time.millis(),
            Seen::Json(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The elements of a list; another value is the only element.
    pub(crate) fn items(self) -> Vec<Self> {
        match self {
            Seen::List(list) => (0..).map_while(|place| list.item(place)).collect(),
            Seen::Json(text) if text.starts_with('[') => elements(text).unwrap_or_default(),
            one => vec![one],
        }
    }
}

fn elements(text: &str) -> Result<Vec<Seen<'_>>, BadJson> {
    let mut items = Vec::new();
    Cursor::new(text).array(|cursor| {
        items.push(Seen::Json(cursor.skip()?));
        Ok(())
    })?;
    Ok(items)
}

#[cfg(test)]
mod tests {
    use crate::event::Event;

    /// `actor` and `metadata` are typed, `zeek` is not.
    const EVENT: &str = r#"{"actor":{"user":{"name":"jane","odd":{"a":["x"]}},"process":{"pid":7}},
        "metadata":{"profiles":["host"]},"zeek":{"list":[1,{"uid":"a\u0062"},{"uid":"c"}],"empty":""}}"#;

    #[test]
    fn typed_and_kept_values_are_found_alike() {
        let event = Event::from_json(EVENT).unwrap();
        let text = |path: &str| event.at(path).and_then(super::Seen::text);
        assert_eq!(text("actor.user.name"), Some("jane"));
        assert_eq!(text("actor.user.odd.b"), None);
        assert_eq!(text("zeek.list.uid"), None, "the first that tells it needs an escape");
        assert_eq!(event.at("zeek.list.uid").unwrap().whole_text().as_deref(), Some("ab"));
        assert_eq!(text("zeek.empty"), None);
        assert_eq!(event.at("actor.process.pid").unwrap().number(), Some(7));
        assert_eq!(event.at("zeek.list").unwrap().items().len(), 3);
        assert_eq!(event.at("metadata.profiles").unwrap().items()[0].text(), Some("host"));
        assert!(event.at("actor.user.odd.a").unwrap().items()[0].text() == Some("x"));
        assert!(event.at("user").is_none() && event.at("actor.user.name.x").is_none());
    }
}
