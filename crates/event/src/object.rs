//! One OCSF object: typed attributes, and everything else of it kept as JSON text.
//!
//! `ocsf_object!` makes a struct of a list of attributes. Reading and writing are plain functions over JSON
//! text, without generics over formats, so that forty objects compile in seconds; serde goes through them.

use crate::attribute::{Attribute, text_of, write_text, written};
use crate::cursor::{BadJson, Cursor};
use homeostat_core::JsonText;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A struct made by `ocsf_object!`, or of such.
pub(crate) trait Object {
    /// One without any attribute.
    fn blank() -> Self
    where
        Self: Sized;

    /// Takes the next value for the typed attribute `key`. `false` when there is none of that name or the
    /// value is of another type: the attribute is then not told, and the cursor may stand anywhere.
    fn take(&mut self, key: &str, cursor: &mut Cursor<'_>) -> Result<bool, BadJson>;

    /// Appends every attribute as `"name":value`.
    fn write_members(&self, members: &mut Members<'_>);

    fn extra(&self) -> &Extra;

    fn extra_mut(&mut self) -> &mut Extra;
}

/// Reads the next value as an object of type `T`; `None` when it is no object.
pub(crate) fn read_object<T: Object>(cursor: &mut Cursor<'_>) -> Result<Option<T>, BadJson> {
    if cursor.peek() != Some(b'{') {
        return Ok(None);
    }
    let mut object = T::blank();
    fill(&mut object, cursor)?;
    Ok(Some(object))
}

/// Reads the members of the next value into `object`. Not generic: compiled once, not once an object.
fn fill(object: &mut dyn Object, cursor: &mut Cursor<'_>) -> Result<(), BadJson> {
    cursor.object(|cursor, key| {
        let start = cursor.start();
        if object.take(&key, cursor)? {
            object.extra_mut().push_void(&key);
        } else {
            cursor.back_to(start);
            let text = cursor.skip()?;
            object.extra_mut().push(&key, text);
        }
        Ok(())
    })?;
    object.extra_mut().settle();
    Ok(())
}

/// Appends `object` as JSON.
pub(crate) fn write_object(object: &dyn Object, out: &mut Vec<u8>) {
    let mut members = Members::open(out);
    object.write_members(&mut members);
    object.extra().write_members(&mut members);
    members.close();
}

/// The same behind the text in `out`, whose room is used where it has no text yet.
pub(crate) fn append_object(object: &dyn Object, out: &mut String) {
    if out.is_empty() {
        let mut bytes = core::mem::take(out).into_bytes();
        write_object(object, &mut bytes);
        *out = text_of(bytes);
    } else {
        out.push_str(&written(|out| write_object(object, out)));
    }
}

/// Sets attribute `name` of `object` to `value`, typed where the type fits.
pub(crate) fn assign(object: &mut dyn Object, name: &str, value: &JsonText) {
    let text = sound(value);
    let mut cursor = Cursor::new(&text);
    if object.take(name, &mut cursor).unwrap_or(false) {
        object.extra_mut().forget(name);
    } else {
        object.extra_mut().keep(name, &text);
    }
}

/// The JSON text of attribute `name`, typed or not.
pub(crate) fn look_up(object: &dyn Object, name: &str) -> Option<JsonText> {
    member(&written(|out| write_object(object, out)), name).map(JsonText::new)
}

/// The text of member `name` of the object `text`, the last of that name.
pub(crate) fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut found = None;
    let walked = Cursor::new(text).object(|cursor, key| {
        let value = cursor.skip()?;
        if key == name {
            found = Some(value);
        }
        Ok(())
    });
    walked.ok().and(found)
}

/// The names of the attributes told, for `Debug`.
pub(crate) fn names(object: &dyn Object) -> Vec<String> {
    let text = written(|out| write_object(object, out));
    let mut names = Vec::new();
    let walked = Cursor::new(&text).object(|cursor, key| {
        names.push(key.into_owned());
        cursor.skip().map(drop)
    });
    walked.map(|()| names).unwrap_or_default()
}

/// `value` when it is JSON, else the same text as a JSON string: nothing is lost and the event stays JSON.
pub(crate) fn sound(value: &JsonText) -> Cow<'_, str> {
    let mut cursor = Cursor::new(value.as_str());
    match cursor.skip().and_then(|text| cursor.end().map(|()| text)) {
        Ok(json) => Cow::Borrowed(json),
        Err(_) => Cow::Owned(written(|out| write_text(value.as_str().as_bytes(), out))),
    }
}

/// Attributes that no typed field holds, in order of arrival, as JSON text.
#[derive(Clone, Default, PartialEq)]
#[expect(clippy::box_collection, reason = "8 bytes in every object, for it is seldom told")]
pub(crate) struct Extra(Option<Box<Vec<Member>>>);

/// Name, and value as JSON text.
type Member = (Box<str>, Box<str>);

impl Extra {
    /// Keeps `value`, which is JSON, under `name`; a value of that name before is replaced.
    pub(crate) fn keep(&mut self, name: &str, value: &str) {
        let value = one_line(value);
        let members = self.0.get_or_insert_default();
        match members.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, old)) => *old = value,
            None => members.push((name.into(), value)),
        }
    }

    /// Appends a member as it is read; [`Self::settle`] must follow the last one.
    fn push(&mut self, name: &str, value: &str) {
        self.0.get_or_insert_default().push((name.into(), one_line(value)));
    }

    /// Notes that `name` is typed from here on, whatever stood here before. No text at all is no JSON.
    fn push_void(&mut self, name: &str) {
        if let Some(members) = &mut self.0 {
            members.push((name.into(), Box::default()));
        }
    }

    /// Leaves of equal names the last, and of those what is no void. O(n log n), for names are the sender's.
    fn settle(&mut self) {
        if let Some(members) = &mut self.0 {
            last_of_each(members);
            members.retain(|(_, value)| !value.is_empty());
        }
        if self.0.as_ref().is_some_and(|members| members.is_empty()) {
            self.0 = None;
        }
    }

    /// Inlined, for most objects keep nothing here.
    #[inline]
    pub(crate) fn forget(&mut self, name: &str) {
        if self.0.is_some() {
            self.forget_kept(name);
        }
    }

    fn forget_kept(&mut self, name: &str) {
        if let Some(members) = &mut self.0 {
            members.retain(|(known, _)| **known != *name);
        }
        if self.0.as_ref().is_some_and(|members| members.is_empty()) {
            self.0 = None;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|members| members.iter()).map(|(name, value)| (&**name, &**value))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(crate) fn write_members(&self, members: &mut Members<'_>) {
        for (name, value) in self.iter() {
            members.name_any(name);
            members.raw(value);
        }
    }
}

/// Leaves of members of equal names the last.
pub(crate) fn last_of_each<N: AsRef<str>, V>(members: &mut Vec<(N, V)>) {
    let mut seen = BTreeSet::new();
    let last: Vec<bool> = members.iter().rev().map(|(name, _)| seen.insert(name.as_ref())).collect();
    if last.contains(&false) {
        let mut last = last.into_iter().rev();
        members.retain(|_| last.next().unwrap_or(true));
    }
}

/// Line ends in JSON are white space, for inside strings they are escaped: one event stays on one line.
pub(crate) fn one_line(json: &str) -> Box<str> {
    let bytes = json.as_bytes();
    if bytes.contains(&b'\n') || bytes.contains(&b'\r') {
        json.replace(['\n', '\r'], " ").into()
    } else {
        json.into()
    }
}

/// An object being written.
///
/// Each member is written behind a comma, so that its name is one text of fixed length; the first comma becomes the
/// bracket that opens.
pub(crate) struct Members<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Members<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    pub(crate) fn close(self) {
        match self.out.get_mut(self.start) {
            Some(first) => *first = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }

    /// Appends an attribute if it is told; `name` is as it stands after another one: `,"name":`.
    #[inline]
    pub(crate) fn add<T: Attribute>(&mut self, name: &'static str, value: Option<&T>) {
        if let Some(value) = value {
            self.out.extend_from_slice(name.as_bytes());
            value.write(self.out);
        }
    }

    /// Appends the name of a member whose value the caller writes next.
    pub(crate) fn name_any(&mut self, name: &str) {
        self.out.push(b',');
        write_text(name.as_bytes(), self.out);
        self.out.push(b':');
    }

    /// Writes what `inside` appends as the text that is the member named last.
    pub(crate) fn text_of(&mut self, inside: impl FnOnce(&mut Vec<u8>)) {
        self.out.push(b'"');
        inside(self.out);
        self.out.push(b'"');
    }

    /// Writes `value`, which is JSON, as the member named last.
    pub(crate) fn raw(&mut self, value: &str) {
        self.out.extend_from_slice(value.as_bytes());
    }

    /// Appends the members of `object`, the text of an object, as they stand.
    pub(crate) fn inside(&mut self, object: &str) {
        let object = object.trim();
        let inside =
            object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
        if !inside.is_empty() {
            self.out.push(b',');
            self.raw(inside);
        }
    }
}

/// Makes a struct of OCSF attributes: `kind name setter [: Type] [= "wire name"]`, in schema order.
///
/// Kinds: `text`, `number` (32 bits), `id` (the same in 4 bytes), `long` (64 bits), `flag`, `time`, `object Type` and `list Type` (shared, so that
/// many events may hold one), `part Type` (an object kept in place), `texts`, `numbers`, `json` (any JSON, as text). The struct has a getter and a setter for each.
macro_rules! ocsf_object {
    ($(#[$doc:meta])* $vis:vis struct $name:ident {
        $($kind:ident $field:ident $set:ident $(: $of:ident)? $(= $wire:literal)?),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq)]
        $vis struct $name {
            $($field: Option<$crate::object::ocsf_kept!($kind $($of)?)>,)+
            extra: $crate::object::Extra,
        }

        impl $name {
            $(
                #[doc = concat!("The attribute `", $crate::object::ocsf_name!($field $($wire)?), "`.")]
                $vis fn $field(&self) -> $crate::object::ocsf_seen!($kind $($of)?) {
                    $crate::object::ocsf_get!($kind self.$field)
                }

                #[doc = concat!("Sets `", $crate::object::ocsf_name!($field $($wire)?), "` when the value is told.")]
                $vis fn $set(&mut self, value: impl $crate::text::Told<$crate::object::ocsf_type!($kind $($of)?)>) -> &mut Self {
                    if let Some(value) = value.told() {
                        self.$field = Some(value.into());
                        self.extra.forget($crate::object::ocsf_name!($field $($wire)?));
                    }
                    self
                }
            )+
        }

        impl $crate::object::Object for $name {
            fn blank() -> Self {
                Self { $($field: None,)+ extra: $crate::object::Extra::default() }
            }

            fn take(
                &mut self,
                key: &str,
                cursor: &mut $crate::cursor::Cursor<'_>,
            ) -> Result<bool, $crate::cursor::BadJson> {
                match key {
                    $($crate::object::ocsf_name!($field $($wire)?) => {
                        self.$field = $crate::attribute::Attribute::read(cursor)?;
                        Ok(self.$field.is_some())
                    })+
                    _ => Ok(false),
                }
            }

            fn write_members(&self, members: &mut $crate::object::Members<'_>) {
                $(members.add(
                    concat!(",\"", $crate::object::ocsf_name!($field $($wire)?), "\":"),
                    self.$field.as_ref(),
                );)+
            }

            fn extra(&self) -> &$crate::object::Extra {
                &self.extra
            }

            fn extra_mut(&mut self) -> &mut $crate::object::Extra {
                &mut self.extra
            }
        }

        impl $crate::seen::Look for $name {
            fn look(&self, name: &str) -> Option<$crate::seen::Seen<'_>> {
                let typed = match name {
                    $($crate::object::ocsf_name!($field $($wire)?) => {
                        self.$field.as_ref().map($crate::attribute::Attribute::see)
                    })+
                    _ => None,
                };
                typed.or_else(|| self.extra.find(name).map($crate::seen::Seen::Json))
            }
        }

        impl $crate::attribute::Attribute for $name {
            fn read(cursor: &mut $crate::cursor::Cursor<'_>) -> Result<Option<Self>, $crate::cursor::BadJson> {
                $crate::object::read_object(cursor)
            }

            fn write(&self, out: &mut Vec<u8>) {
                $crate::object::write_object(self, out);
            }

            fn see(&self) -> $crate::seen::Seen<'_> {
                $crate::seen::Seen::Object(self)
            }
        }

        impl core::fmt::Debug for $name {
            /// Shows which attributes are told, never a value.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), " {{{}}}"), $crate::object::names(self).join(", "))
            }
        }
    };
}

/// Lets objects made by `ocsf_object!` be set as attributes, and gives access to attributes they do not list.
macro_rules! ocsf_open {
    ($($name:ident),+ $(,)?) => {
        $(
            impl $name {
                /// Any attribute by its OCSF name, typed or not, as JSON text.
                pub fn attribute(&self, name: &str) -> Option<homeostat_core::JsonText> {
                    $crate::object::look_up(self, name)
                }

                /// Sets any attribute by its OCSF name. Text that is no JSON is kept as a JSON string.
                pub fn set_attribute(&mut self, name: &str, value: &homeostat_core::JsonText) -> &mut Self {
                    $crate::object::assign(self, name, value);
                    self
                }
            }

            impl $crate::text::Told<std::sync::Arc<$name>> for $name {
                fn told(self) -> Option<std::sync::Arc<$name>> {
                    Some(std::sync::Arc::new(self))
                }
            }

            impl $crate::text::Told<std::sync::Arc<$name>> for Option<$name> {
                fn told(self) -> Option<std::sync::Arc<$name>> {
                    self.map(std::sync::Arc::new)
                }
            }
        )+
    };
}

/// The type in which an attribute of a kind is kept.
macro_rules! ocsf_kept {
    (id) => { $crate::attribute::Id };
    ($kind:ident $($of:ident)?) => { $crate::object::ocsf_type!($kind $($of)?) };
}

/// The type in which an attribute of a kind is set.
macro_rules! ocsf_type {
    (id) => { i32 };
    (text) => { $crate::text::Str };
    (number) => { i32 };
    (long) => { i64 };
    (flag) => { bool };
    (time) => { homeostat_core::Timestamp };
    (json) => { homeostat_core::JsonText };
    (texts) => { std::sync::Arc<[$crate::text::Str]> };
    (numbers) => { std::sync::Arc<[i32]> };
    (object $of:ident) => { std::sync::Arc<$of> };
    (part $of:ident) => { $of };
    (list $of:ident) => { std::sync::Arc<[$of]> };
}

/// The type in which an attribute of a kind is seen.
macro_rules! ocsf_seen {
    (text) => { Option<&str> };
    (number) => { Option<i32> };
    (id) => { Option<i32> };
    (long) => { Option<i64> };
    (flag) => { Option<bool> };
    (time) => { Option<homeostat_core::Timestamp> };
    (json) => { Option<&homeostat_core::JsonText> };
    (texts) => { &[$crate::text::Str] };
    (numbers) => { &[i32] };
    (object $of:ident) => { Option<&$of> };
    (part $of:ident) => { Option<&$of> };
    (list $of:ident) => { &[$of] };
}

macro_rules! ocsf_get {
    (text $place:expr) => {
        $place.as_ref().map($crate::text::Str::as_str)
    };
    (json $place:expr) => {
        $place.as_ref()
    };
    (id $place:expr) => {
        $place.map($crate::attribute::Id::get)
    };
    (object $place:expr) => {
        $place.as_deref()
    };
    (part $place:expr) => {
        $place.as_ref()
    };
    (texts $place:expr) => {
        $place.as_deref().unwrap_or_default()
    };
    (numbers $place:expr) => {
        $place.as_deref().unwrap_or_default()
    };
    (list $place:expr) => {
        $place.as_deref().unwrap_or_default()
    };
    ($kind:ident $place:expr) => {
        $place
    };
}

/// The name of an attribute on the wire.
macro_rules! ocsf_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}

pub(crate) use {ocsf_get, ocsf_kept, ocsf_name, ocsf_object, ocsf_open, ocsf_seen, ocsf_type};
