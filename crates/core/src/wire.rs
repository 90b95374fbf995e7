//! How the types of this crate stand in JSON and other serde formats, without the derive crate.
//!
//! `serde_derive` and its parser would be two thirds of this crate's cold build; one small macro for the
//! records, one for what stands as its own text, and a function that reads texts serve instead. Unknown fields
//! are ignored on input, so that an older reader takes a newer record.

use crate::{
    BadKey, Bits, Domain, EntityKey, EntityKind, EventRef, Hop, Outcome, Reason, Role, Signal, SignalId,
    Stage, Technique, TenantId, Threat, Timestamp,
};
use core::fmt;
use core::marker::PhantomData;
use serde_core::de::Visitor;
use serde_core::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// Reads a text and hands it to `parse`.
fn text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Result<T, D::Error>,
) -> Result<T, D::Error> {
    struct Text<E>(&'static str, PhantomData<E>);

    impl<E> Visitor<'_> for Text<E> {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<X: de::Error>(self, text: &str) -> Result<String, X> {
            Ok(text.to_owned())
        }

        fn visit_string<X: de::Error>(self, text: String) -> Result<String, X> {
            Ok(text)
        }
    }

    let owned = deserializer.deserialize_string(Text::<D::Error>(expected, PhantomData))?;
    parse(&owned)
}

/// Gives a struct `Serialize` and `Deserialize` as a map of its named fields.
///
/// A field marked `?` may be missing on input and is then its type's default; after reading, `$check` turns
/// the raw struct into a checked one.
macro_rules! record {
    ($name:ident { $($field:ident : $type:ty $(= $default:expr)?),+ $(,)? } check $check:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ser::SerializeStruct as _;
                let mut record = serializer.serialize_struct(stringify!($name), [$(stringify!($field)),+].len())?;
                $(record.serialize_field(stringify!($field), &self.$field)?;)+
                record.end()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;

                impl<'de> de::Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a record of ", $(stringify!($field), " ",)+))
                    }

                    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $(let mut $field: Option<$type> = None;)+
                        while let Some(key) = map.next_key::<String>()? {
                            match key.as_str() {
                                $(stringify!($field) => $field = Some(map.next_value()?),)+
                                _ => { map.next_value::<de::IgnoredAny>()?; }
                            }
                        }
                        let raw = $name { $($field: record!(@take $field $(, $default)?),)+ };
                        $check(raw).map_err(de::Error::custom)
                    }
                }

                deserializer.deserialize_struct(stringify!($name), &[$(stringify!($field)),+], Fields)
            }
        }
    };
    (@take $field:ident) => {
        $field.ok_or_else(|| de::Error::missing_field(stringify!($field)))?
    };
    (@take $field:ident, $default:expr) => {
        $field.unwrap_or_else(|| $default)
    };
}

/// Gives a type its `Serialize` as the text that `Display` shows, and its `Deserialize` through `$parse`.
macro_rules! own_text {
    ($($name:ty, $expected:literal, $parse:expr;)+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text(deserializer, $expected, |text| $parse(text).map_err(de::Error::custom))
            }
        }
    )+};
}

own_text! {
    Domain, "a domain", |text| Domain::parse(text).ok_or("not a domain");
    EntityKind, "a kind of entity", |text| EntityKind::parse(text).ok_or("not a kind of entity");
    EventRef, "an event id", EventRef::parse;
    Outcome, "an outcome", |text| Outcome::parse(text).ok_or("not an outcome");
    Role, "a role", |text| Role::parse(text).ok_or("not a role");
    SignalId, "16 hexadecimal digits", signal_id;
    Stage, "a stage", |text| Stage::parse(text).ok_or("not a stage");
    Technique, "an ATT&CK technique id", |text| Technique::parse(text).ok_or("not an ATT&CK technique id");
    TenantId, "a tenant's name", TenantId::new;
    Timestamp, "an RFC 3339 date and time", |text: &str| text.parse::<Timestamp>();
}

/// Reads what [`SignalId`] shows.
fn signal_id(text: &str) -> Result<SignalId, &'static str> {
    u64::from_str_radix(text, 16).map(SignalId::from).map_err(|_| "not 16 hexadecimal digits")
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::new)
    }
}

/// A key as it stands in JSON.
struct Parts {
    kind: EntityKind,
    scope: String,
    value: String,
}

record!(Parts { kind: EntityKind, scope: String, value: String } check Ok::<Parts, BadKey>);

impl Serialize for EntityKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (scope, value) = (self.scope().to_owned(), self.value().to_owned());
        Parts { kind: self.kind(), scope, value }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EntityKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Parts { kind, scope, value } = Parts::deserialize(deserializer)?;
        Self::new(kind, &scope, &value).map_err(de::Error::custom)
    }
}

record!(Hop { from: EntityKey, to: EntityKey, kind: String, because: String } check Ok::<_, &str>);

record!(Reason { aspect: String, observed: String, expected: String, bits: Bits, support: u64 = 0 } check Ok::<_, &str>);

record!(Signal {
    id: SignalId,
    tenant: TenantId,
    time: Timestamp,
    domain: Domain,
    kind: String,
    bits: Bits,
    action: String = String::new(),
    outcome: Outcome = Outcome::Unknown,
    techniques: Vec<Technique> = Vec::new(),
    actor: Option<EntityKey> = None,
    target: Option<EntityKey> = None,
    via: Option<EntityKey> = None,
    entities: Vec<(EntityKey, Role)> = Vec::new(),
    evidence: Vec<EventRef> = Vec::new(),
    reasons: Vec<Reason> = Vec::new(),
    tightened: bool = false,
} check Ok::<_, &str>);

record!(Threat {
    id: String,
    tenant: TenantId,
    time: Timestamp,
    bits: Bits,
    confidence: f64,
    entities: Vec<(EntityKey, Role)> = Vec::new(),
    stages: Vec<Stage> = Vec::new(),
    techniques: Vec<Technique> = Vec::new(),
    evidence: Vec<EventRef> = Vec::new(),
} check confident);

fn confident(raw: Threat) -> Result<Threat, &'static str> {
    if (0.0..=1.0).contains(&raw.confidence) { Ok(raw) } else { Err("a confidence lies between 0 and 1") }
}
