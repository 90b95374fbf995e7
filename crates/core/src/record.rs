//! How the types of this crate stand in JSON and other serde formats, without the derive crate.
//!
//! `serde_derive` and its parser would be two thirds of this crate's cold build; one small macro for the
//! four records and two functions for texts and numbers serve instead. Unknown fields are ignored on input,
//! so that an older reader takes a newer record.

use core::fmt;
use core::marker::PhantomData;
use serde_core::de::{Deserializer, Error, Visitor};

/// Reads a text and hands it to `parse`.
pub(crate) fn text<'de, D: Deserializer<'de>, T>(
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

        fn visit_str<X: Error>(self, text: &str) -> Result<String, X> {
            Ok(text.to_owned())
        }

        fn visit_string<X: Error>(self, text: String) -> Result<String, X> {
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
        impl serde_core::Serialize for $name {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde_core::ser::SerializeStruct as _;
                let mut record = serializer.serialize_struct(stringify!($name), [$(stringify!($field)),+].len())?;
                $(record.serialize_field(stringify!($field), &self.$field)?;)+
                record.end()
            }
        }

        impl<'de> serde_core::Deserialize<'de> for $name {
            fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;

                impl<'de> serde_core::de::Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str(concat!("a record of ", $(stringify!($field), " ",)+))
                    }

                    fn visit_map<A: serde_core::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $(let mut $field: Option<$type> = None;)+
                        while let Some(key) = map.next_key::<String>()? {
                            match key.as_str() {
                                $(stringify!($field) => $field = Some(map.next_value()?),)+
                                _ => { map.next_value::<serde_core::de::IgnoredAny>()?; }
                            }
                        }
                        let raw = $name { $($field: record!(@take $field $(, $default)?),)+ };
                        $check(raw).map_err(serde_core::de::Error::custom)
                    }
                }

                deserializer.deserialize_struct(stringify!($name), &[$(stringify!($field)),+], Fields)
            }
        }
    };
    (@take $field:ident) => {
        $field.ok_or_else(|| serde_core::de::Error::missing_field(stringify!($field)))?
    };
    (@take $field:ident, $default:expr) => {
        $field.unwrap_or_else(|| $default)
    };
}

/// Gives an enum with `as_str` and `parse` its `Display`, `Serialize` and `Deserialize` as that text.
macro_rules! wire_word {
    ($name:ident, $expected:literal) => {
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde_core::Serialize for $name {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde_core::Deserialize<'de> for $name {
            fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::record::text(deserializer, $expected, |text| {
                    Self::parse(text).ok_or_else(|| serde_core::de::Error::custom(concat!("not ", $expected)))
                })
            }
        }
    };
}

pub(crate) use {record, wire_word};
