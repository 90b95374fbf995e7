//! The document of a declared mapping: its shape, and the checks that make it one.

use super::error::DeclaredError;
use crate::act::is_class_of_acts;
use crate::verb::{call_activity, entity_activity};
use core::fmt;
use homeostat_event::ClassUid;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::collections::BTreeMap;

/// Paths, or words, of which the first that fits is used: one text or a list of texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Paths, E> {
                Ok(Paths(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Paths, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = list.next_element()? {
                    paths.push(path);
                }
                Ok(Paths(paths))
            }
        }
        deserializer.deserialize_any(One)
    }
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Recognise {
    has: Paths,
    equals: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct People {
    pub(super) uid: Paths,
    pub(super) uid_alt: Paths,
    pub(super) name: Paths,
    pub(super) email: Paths,
    pub(super) display: Paths,
    pub(super) account: Paths,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct App {
    pub(super) uid: Paths,
    pub(super) name: Paths,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct From {
    pub(super) ip: Paths,
    pub(super) country: Paths,
    pub(super) city: Paths,
    pub(super) region: Paths,
    pub(super) isp: Paths,
    pub(super) asn: Paths,
    pub(super) user_agent: Paths,
    pub(super) url: Paths,
    pub(super) method: Paths,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Things {
    pub(super) uid: Paths,
    pub(super) name: Paths,
    #[serde(rename = "type")]
    pub(super) kind_at: Paths,
    pub(super) kind: Option<String>,
    pub(super) url: Paths,
    pub(super) owner: People,
    pub(super) data: Paths,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ended {
    pub(super) path: Paths,
    pub(super) success: Vec<String>,
    pub(super) failure: Vec<String>,
    pub(super) failed_when: Vec<String>,
    otherwise: Option<String>,
    /// Whether the log holds only what was done.
    #[serde(skip)]
    pub(super) done: bool,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Severities {
    pub(super) path: Paths,
    pub(super) words: BTreeMap<String, i32>,
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    #[serde(default)]
    is: Paths,
    #[serde(default)]
    starts: Paths,
    #[serde(default)]
    ends: Paths,
    #[serde(default)]
    contains: Paths,
    pub(super) class: u32,
    pub(super) activity: Option<u32>,
}

impl Rule {
    pub(super) fn holds(&self, operation: &str) -> bool {
        self.is.0.iter().any(|word| operation == word)
            || self.starts.0.iter().any(|word| operation.starts_with(word.as_str()))
            || self.ends.0.iter().any(|word| operation.ends_with(word.as_str()))
            || self.contains.0.iter().any(|word| operation.contains(word.as_str()))
    }

    fn check(&self, place: &str) -> Result<(), DeclaredError> {
        let told = [&self.is, &self.starts, &self.ends, &self.contains]
            .iter()
            .filter(|words| !words.0.is_empty())
            .count();
        if told != 1 {
            return Err(DeclaredError::value(
                place,
                "one of `is`, `starts`, `ends`, `contains` must be told",
            ));
        }
        let class = self.class;
        if !is_class_of_acts(class) {
            let cause = format!("class `{class}` cannot be told by a declared mapping");
            return Err(DeclaredError::value(format!("{place}.class"), cause));
        }
        let cause = match self.activity {
            Some(activity) if ClassUid::from(class).activity_name(activity).is_none() => {
                format!("class `{class}` has no activity `{activity}`")
            }
            None if !has_verbs(class) => format!("must be told for class `{class}`"),
            _ => return Ok(()),
        };
        Err(DeclaredError::value(format!("{place}.activity"), cause))
    }
}

/// Whether the verb in an action tells the activity of a class.
fn has_verbs(class: u32) -> bool {
    matches!(class, 3004 | 6001 | 6003)
}

/// The activity of a class by the verb in an action; 99 when no verb tells.
pub(super) fn activity(class: u32, operation: &str) -> u32 {
    let told = if class == 3004 { entity_activity(operation) } else { call_activity(operation) };
    told.unwrap_or(99)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    vendor: String,
    product: String,
    feature: Option<String>,
    recognise: Recognise,
    operation: Paths,
    #[serde(default)]
    rules: Vec<Rule>,
    otherwise: Option<String>,
    #[serde(default)]
    when: Paths,
    #[serde(default)]
    uid: Paths,
    #[serde(default)]
    correlation: Paths,
    #[serde(default)]
    message: Paths,
    #[serde(default)]
    code: Paths,
    #[serde(default)]
    detail: Paths,
    #[serde(default)]
    actor: People,
    #[serde(default)]
    user: People,
    #[serde(default)]
    service_when: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    app: App,
    #[serde(default)]
    session: Paths,
    #[serde(default)]
    credential: Paths,
    #[serde(default)]
    from: From,
    group: Option<Things>,
    #[serde(default)]
    things: Vec<Things>,
    #[serde(default)]
    privileges: Paths,
    #[serde(default)]
    outcome: Ended,
    #[serde(default)]
    severity: Severities,
}

/// A document that was found sound.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) vendor: String,
    pub(super) product: String,
    pub(super) feature: Option<String>,
    pub(super) has: Vec<String>,
    pub(super) equals: BTreeMap<String, String>,
    pub(super) operation: Paths,
    // INVARIANT: each rule's class is one of acts, and its activity one of the class.
    pub(super) rules: Vec<Rule>,
    /// The class of what no rule names.
    pub(super) otherwise: u32,
    pub(super) when: Paths,
    pub(super) uid: Paths,
    pub(super) correlation: Paths,
    pub(super) message: Paths,
    pub(super) code: Paths,
    pub(super) detail: Paths,
    pub(super) actor: People,
    pub(super) user: People,
    pub(super) service_when: BTreeMap<String, Vec<String>>,
    pub(super) app: App,
    pub(super) session: Paths,
    pub(super) credential: Paths,
    pub(super) from: From,
    pub(super) group: Option<Things>,
    pub(super) things: Vec<Things>,
    pub(super) privileges: Paths,
    pub(super) outcome: Ended,
    pub(super) severity: Severities,
}

impl Checked {
    pub(super) fn read(text: &str) -> Result<Self, DeclaredError> {
        let document: Document = serde_json::from_str(text).map_err(|error| DeclaredError::shape(&error))?;
        document.check()?;
        let otherwise = document.class_otherwise()?;
        let done = document.done_otherwise()?;
        Ok(Self {
            name: document.name,
            vendor: document.vendor,
            product: document.product,
            feature: document.feature,
            has: document.recognise.has.0,
            equals: document.recognise.equals,
            operation: document.operation,
            rules: document.rules,
            otherwise,
            when: document.when,
            uid: document.uid,
            correlation: document.correlation,
            message: document.message,
            code: document.code,
            detail: document.detail,
            actor: document.actor,
            user: document.user,
            service_when: document.service_when,
            app: document.app,
            session: document.session,
            credential: document.credential,
            from: document.from,
            group: document.group,
            things: document.things,
            privileges: document.privileges,
            outcome: Ended { done, ..document.outcome },
            severity: document.severity,
        })
    }
}

impl Document {
    fn check(&self) -> Result<(), DeclaredError> {
        let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if self.name.is_empty() || !self.name.bytes().all(small) {
            let cause = format!("`{}` is not of small letters, digits and `_`", self.name);
            return Err(DeclaredError::value("name", cause));
        }
        if self.recognise.has.0.is_empty() && self.recognise.equals.is_empty() {
            return Err(DeclaredError::value("recognise", "one path at least must be told"));
        }
        for (number, rule) in self.rules.iter().enumerate() {
            rule.check(&format!("rules[{number}]"))?;
        }
        if let Some(number) = self.severity.words.values().find(|number| !(0..=6).contains(*number)) {
            return Err(DeclaredError::value("severity.words", format!("`{number}` is no severity")));
        }
        self.check_paths()
    }

    fn check_paths(&self) -> Result<(), DeclaredError> {
        let places = [
            ("operation", &self.operation),
            ("when", &self.when),
            ("uid", &self.uid),
            ("correlation", &self.correlation),
            ("message", &self.message),
            ("code", &self.code),
            ("detail", &self.detail),
            ("session", &self.session),
            ("credential", &self.credential),
            ("privileges", &self.privileges),
            ("recognise.has", &self.recognise.has),
            ("actor.uid", &self.actor.uid),
            ("actor.name", &self.actor.name),
            ("user.uid", &self.user.uid),
            ("user.name", &self.user.name),
            ("from.ip", &self.from.ip),
            ("outcome.path", &self.outcome.path),
        ];
        let is_path = |path: &String| path.split('.').all(|step| !step.is_empty());
        for (place, paths) in places {
            if let Some(path) = paths.0.iter().find(|path| !is_path(path)) {
                return Err(DeclaredError::value(place, format!("`{path}` is no path")));
            }
        }
        Ok(())
    }

    fn class_otherwise(&self) -> Result<u32, DeclaredError> {
        match self.otherwise.as_deref() {
            None | Some("call") => Ok(6003),
            Some("entity") => Ok(3004),
            Some("web") => Ok(6001),
            Some(word) => {
                let cause = format!("`{word}` is none of `call`, `entity`, `web`");
                Err(DeclaredError::value("otherwise", cause))
            }
        }
    }

    fn done_otherwise(&self) -> Result<bool, DeclaredError> {
        match self.outcome.otherwise.as_deref() {
            Some("success") => Ok(true),
            None | Some("unknown") => Ok(false),
            Some(word) => {
                let cause = format!("`{word}` is none of `success`, `unknown`");
                Err(DeclaredError::value("outcome.otherwise", cause))
            }
        }
    }
}
