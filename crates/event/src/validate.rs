//! Whether an event keeps to OCSF 1.8.0: every class, offline, from the generated schema table.
//!
//! Reading never rejects; this tells what a strict reader would. Profiles named in `metadata.profiles` count.
//! The event is walked as text: O(n · depth), and once more for each observable that it names.

use crate::cursor::{BadJson, Cursor};
use crate::event::Event;
use crate::object::{last_of_each, member};
use crate::table::{self, Body, Class, Slot, Type};
use core::fmt;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A rule of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The class is none of this release. No other rule is then applied.
    ClassUnknown,
    /// The attribute is none of its class or object.
    AttributeUnknown,
    /// A required attribute is missing or null.
    RequiredMissing,
    /// The value is of another type.
    WrongType,
    /// The value is none of the enum.
    EnumUnknown,
    /// `type_uid` is not class · 100 + activity.
    TypeUid,
    /// `category_uid` is not that of the class.
    CategoryUid,
    /// None of several attributes is told of which one must be.
    AtLeastOne,
    /// Not exactly one of several attributes is told.
    JustOne,
    /// A number lies outside its range.
    Range,
    /// A text is longer than its type allows.
    TooLong,
    /// `observables[].name` is no path of this event.
    ObservableName,
    /// A text does not have the form of its type.
    Form,
    /// The text beside an id is not the id's caption, or 99 stands without the source's word.
    Sibling,
    /// Class, object, attribute or enum value is deprecated.
    Deprecated,
    /// The attribute belongs to a profile that the event does not name.
    ProfileNotApplied,
}

/// How grave it is to break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Readers take it.
    Warning,
    /// A strict reader rejects the event.
    Error,
}

impl Rule {
    /// How grave it is to break this rule.
    pub fn level(self) -> Level {
        match self {
            Self::Form | Self::Sibling | Self::Deprecated | Self::ProfileNotApplied => Level::Warning,
            _ => Level::Error,
        }
    }
}

/// A rule broken at a place. `Debug` and `Display` show rule and path, never the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    path: String,
    rule: Rule,
    value: Option<String>,
}

impl Violation {
    /// The place, such as `resources[0].uid`; empty for the event itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// How grave it is.
    pub fn level(&self) -> Level {
        self.rule.level()
    }

    /// The value that breaks the rule, as JSON; a value of the event, so not for logs.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} at `{}`", self.level(), self.rule, self.path)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Every rule of OCSF 1.8.0 that `event` breaks, errors and warnings, in the order of the event.
///
/// ```
/// use homeostat_event::{Event, Level, Rule, validate};
///
/// let event = Event::from_json(r#"{"class_uid":3002,"user":{"type_id":1}}"#)?;
/// let broken = validate(&event);
/// assert!(broken.iter().any(|v| v.rule() == Rule::AtLeastOne && v.path() == "user"));
/// assert!(broken.iter().all(|v| v.level() == Level::Error));
/// # Ok::<(), homeostat_event::EventError>(())
/// ```
pub fn validate(event: &Event) -> Vec<Violation> {
    let text = event.to_json();
    let mut check = Check { text: &text, profiles: profiles(&text), path: String::new(), found: Vec::new() };
    // What the event writes is JSON, so this walk does not fail.
    let _ = check.event(event);
    check.found
}

fn profiles(event: &str) -> Vec<Cow<'_, str>> {
    let profiles = member(event, "metadata").and_then(|metadata| member(metadata, "profiles"));
    let items = profiles.and_then(|profiles| items(profiles).ok()).unwrap_or_default();
    items.into_iter().filter_map(|item| Cursor::new(item).string().ok()).collect()
}

type Members<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// The members of an object, of equal names the last.
fn members(text: &str) -> Result<Members<'_>, BadJson> {
    let mut members: Members<'_> = Vec::new();
    Cursor::new(text).object(|cursor, key| {
        members.push((key, cursor.skip()?));
        Ok(())
    })?;
    last_of_each(&mut members);
    Ok(members)
}

fn items(text: &str) -> Result<Vec<&str>, BadJson> {
    let mut items = Vec::new();
    Cursor::new(text).array(|cursor| {
        items.push(cursor.skip()?);
        Ok(())
    })?;
    Ok(items)
}

fn told<'a>(members: &Members<'a>, name: &str) -> Option<&'a str> {
    members.iter().find(|(known, _)| known == name).map(|(_, value)| *value).filter(|value| *value != "null")
}

struct Check<'a> {
    text: &'a str,
    profiles: Vec<Cow<'a, str>>,
    path: String,
    found: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn event(&mut self, event: &Event) -> Result<(), BadJson> {
        let members = members(self.text)?;
        let class_told =
            told(&members, "class_uid").is_some_and(|class| class == event.class_uid().to_string());
        let Some(class) = table::class(event.class_uid().get()).filter(|_| class_told) else {
            self.at("class_uid", |check| check.broken(Rule::ClassUnknown, told(&members, "class_uid")));
            return Ok(());
        };
        if class.body.deprecated {
            self.broken(Rule::Deprecated, None);
        }
        self.body(&class.body, &members)?;
        self.numbers(class, &members);
        self.observables(&members)
    }

    /// Class, category, activity and type must agree.
    fn numbers(&mut self, class: &Class, members: &Members<'a>) {
        let number = |name| told(members, name).and_then(|value| value.parse::<i64>().ok());
        if let (Some(activity), Some(kind)) = (number("activity_id"), number("type_uid"))
            && Some(kind) != activity.checked_add(i64::from(class.uid) * 100)
        {
            self.at("type_uid", |check| check.broken(Rule::TypeUid, told(members, "type_uid")));
        }
        if number("category_uid").is_some_and(|category| category != i64::from(class.category)) {
            self.at("category_uid", |check| check.broken(Rule::CategoryUid, told(members, "category_uid")));
        }
        self.names(class, members);
    }

    /// The names of class and type are captions; an activity of the source's own word makes any name of a type.
    fn names(&mut self, class: &Class, members: &Members<'a>) {
        let name = told(members, "class_name");
        if name.and_then(text_of).is_some_and(|name| name != class.caption) {
            self.at("class_name", |check| check.broken(Rule::Sibling, name));
        }
        let activity = told(members, "activity_id").filter(|activity| *activity != "99");
        let activity = activity.and_then(|activity| class.body.slot("activity_id")?.caption(activity));
        let expected = activity.map(|activity| format!("{}: {activity}", class.caption));
        let name = told(members, "type_name");
        if let (Some(told), Some(expected)) = (name.and_then(text_of), expected)
            && told != expected
        {
            self.at("type_name", |check| check.broken(Rule::Sibling, name));
        }
    }

    fn observables(&mut self, event: &Members<'a>) -> Result<(), BadJson> {
        let Some(observables) = told(event, "observables").filter(|text| text.starts_with('[')) else {
            return Ok(());
        };
        for (index, observable) in items(observables)?.into_iter().enumerate() {
            let Some(name) = member(observable, "name") else { continue };
            if text_of(name).is_some_and(|path| !leads(self.text, &path)) {
                let place = format!("observables[{index}].name");
                self.at(&place, |check| check.broken(Rule::ObservableName, Some(name)));
            }
        }
        Ok(())
    }

    fn body(&mut self, body: &'static Body, members: &Members<'a>) -> Result<(), BadJson> {
        for slot in body.slots().filter(|slot| slot.required()) {
            if self.applies(slot) && told(members, slot.name).is_none() {
                self.at(slot.name, |check| check.broken(Rule::RequiredMissing, None));
            }
        }
        for (name, value) in members {
            let before = self.enter(name);
            match body.slot(name) {
                None => self.broken(Rule::AttributeUnknown, Some(value)),
                Some(slot) => self.attribute(slot, value, members)?,
            }
            self.path.truncate(before);
        }
        self.constraints(body, members);
        Ok(())
    }

    fn constraints(&mut self, body: &Body, members: &Members<'a>) {
        let count = |names: &[&str]| names.iter().filter(|path| has(members, path)).count();
        if !body.any_of.is_empty() && count(body.any_of) == 0 {
            self.broken(Rule::AtLeastOne, None);
        }
        if !body.one_of.is_empty() && count(body.one_of) != 1 {
            self.broken(Rule::JustOne, None);
        }
    }

    fn attribute(&mut self, slot: &Slot, value: &'a str, beside: &Members<'a>) -> Result<(), BadJson> {
        if !self.applies(slot) {
            self.broken(Rule::ProfileNotApplied, None);
        }
        if value == "null" {
            return Ok(());
        }
        if slot.deprecated {
            self.broken(Rule::Deprecated, None);
        }
        if !slot.array {
            self.value(slot, value)?;
            self.sibling(slot, value, beside);
            return Ok(());
        }
        if !value.starts_with('[') {
            self.broken(Rule::WrongType, Some(value));
            return Ok(());
        }
        for (index, item) in items(value)?.into_iter().enumerate() {
            let before = self.path.len();
            let _ = write!(self.path, "[{index}]");
            self.value(slot, item)?;
            self.path.truncate(before);
        }
        Ok(())
    }

    fn value(&mut self, slot: &Slot, value: &'a str) -> Result<(), BadJson> {
        let kind = slot.kind();
        if let Type::Object(body) = kind {
            if !value.starts_with('{') {
                self.broken(Rule::WrongType, Some(value));
                return Ok(());
            }
            if body.deprecated {
                self.broken(Rule::Deprecated, None);
            }
            return self.body(body, &members(value)?);
        }
        if !is_of(kind, value) {
            self.broken(Rule::WrongType, Some(value));
            return Ok(());
        }
        self.form(kind, value);
        self.enumerated(slot, value);
        Ok(())
    }

    fn form(&mut self, kind: Type, value: &str) {
        match kind {
            Type::Port if !value.parse::<i64>().is_ok_and(|port| (0..=65_535).contains(&port)) => {
                self.broken(Rule::Range, Some(value));
            }
            Type::Formed(form) => {
                let text = text_of(value).unwrap_or_default();
                if !form.fits(&text) {
                    self.broken(Rule::Form, Some(value));
                }
                if form.limit().is_some_and(|limit| text.chars().count() > limit) {
                    self.broken(Rule::TooLong, Some(value));
                }
            }
            _ => {}
        }
    }

    fn enumerated(&mut self, slot: &Slot, value: &str) {
        if slot.values().is_empty() {
            return;
        }
        let plain = plain(value);
        match slot.values().iter().find(|(known, ..)| *known == plain) {
            None => self.broken(Rule::EnumUnknown, Some(value)),
            Some((.., true)) => self.broken(Rule::Deprecated, None),
            Some(_) => {}
        }
    }

    fn sibling(&mut self, slot: &Slot, value: &str, beside: &Members<'a>) {
        let plain = plain(value);
        let Some(caption) = slot.caption(&plain).filter(|_| !slot.sibling.is_empty()) else { return };
        let text = told(beside, slot.sibling);
        let fits = match text.and_then(text_of) {
            None => plain != "99",
            Some(text) => plain == "99" || text == caption,
        };
        if !fits {
            self.broken(Rule::Sibling, text);
        }
    }

    fn applies(&self, slot: &Slot) -> bool {
        let profiles = slot.profiles();
        let named = |profile: &&'static str| {
            let short = profile.rsplit('/').next();
            self.profiles.iter().any(|known| known == profile || Some(&**known) == short)
        };
        profiles.is_empty() || profiles.iter().any(named)
    }

    fn broken(&mut self, rule: Rule, value: Option<&str>) {
        self.found.push(Violation { path: self.path.clone(), rule, value: value.map(str::to_owned) });
    }

    fn at(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        let before = self.enter(name);
        check(self);
        self.path.truncate(before);
    }

    fn enter(&mut self, name: &str) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        before
    }
}

/// The text of a JSON string; `None` for another value.
fn text_of(value: &str) -> Option<Cow<'_, str>> {
    if value.starts_with('"') { Cursor::new(value).string().ok() } else { None }
}

/// A value as it stands in an enum: a text without its quotes.
fn plain(value: &str) -> Cow<'_, str> {
    text_of(value).unwrap_or(Cow::Borrowed(value))
}

fn is_of(kind: Type, value: &str) -> bool {
    let first = value.as_bytes().first();
    match kind {
        Type::Text | Type::Formed(_) => first == Some(&b'"'),
        Type::Integer | Type::Port => value.parse::<i64>().is_ok(),
        Type::Float => matches!(first, Some(b'-' | b'0'..=b'9')),
        Type::Flag => matches!(first, Some(b't' | b'f')),
        Type::Open | Type::Object(_) => first == Some(&b'{'),
        Type::Any => true,
    }
}

/// Whether a dotted path of a constraint is told.
fn has(members: &Members<'_>, path: &str) -> bool {
    let mut names = path.split('.');
    let first = names.next().and_then(|name| told(members, name));
    names.fold(first, |value, name| member(value?, name)).is_some_and(|value| value != "null")
}

/// Whether `path`, with or without the numbers of array elements, leads to a value of `text`.
fn leads(text: &str, path: &str) -> bool {
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.is_empty() {
        return true;
    }
    match text.as_bytes().first() {
        Some(b'{') => members(text).unwrap_or_default().iter().any(|(name, value)| {
            let rest = path.strip_prefix(&**name);
            rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with(['.', '['])) && leads(value, rest))
        }),
        Some(b'[') => {
            let rest =
                path.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(path, |(_, rest)| rest);
            items(text).unwrap_or_default().iter().any(|item| leads(item, rest))
        }
        _ => false,
    }
}
