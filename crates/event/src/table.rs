//! What the OCSF schema says of every class and object: attributes, types, requirements, enums.
//!
//! The data is generated (`table_data.rs`) and constant; look-ups are binary searches.

#[expect(clippy::unreadable_literal, reason = "generated")]
#[rustfmt::skip]
#[path = "table_data.rs"]
mod data;

use core::cmp::Ordering;

/// One attribute of a class or object.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: &'static str,
    /// Below 100 a scalar type, else 100 plus the number of an object.
    kind: u16,
    pub(crate) array: bool,
    /// 2 required, 1 recommended, 0 optional.
    need: u8,
    profile: u8,
    values: u8,
    pub(crate) sibling: &'static str,
    pub(crate) deprecated: bool,
}

/// The attributes of a class or object, sorted by name, and its constraints.
#[derive(Debug)]
pub(crate) struct Body {
    slots: &'static [u16],
    pub(crate) any_of: &'static [&'static str],
    pub(crate) one_of: &'static [&'static str],
    pub(crate) deprecated: bool,
}

/// A class of events.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) uid: u32,
    pub(crate) name: &'static str,
    pub(crate) caption: &'static str,
    pub(crate) category: u32,
    pub(crate) body: Body,
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type {
    Text,
    /// Text in a form of its own.
    Formed(Form),
    Integer,
    /// 0..=65535.
    Port,
    Float,
    Flag,
    /// Any JSON.
    Any,
    /// An object with any attributes.
    Open,
    Object(&'static Body),
}

/// A form that text must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    DateTime,
    Ip,
    Mail,
    Mac,
    Uuid,
    Subnet,
    /// Base 64.
    Bytes,
}

impl Slot {
    pub(crate) fn required(&self) -> bool {
        self.need == 2
    }

    /// Whether the number is a moment, in milliseconds since 1970.
    #[cfg(feature = "arrow")]
    pub(crate) fn is_time(&self) -> bool {
        self.kind == 6
    }

    /// The profiles of which one must be applied; none for an attribute of the class itself.
    pub(crate) fn profiles(&self) -> &'static [&'static str] {
        data::PROFILES.get(usize::from(self.profile)).copied().unwrap_or_default()
    }

    /// Value, caption, and whether it is deprecated; empty when any value may stand.
    pub(crate) fn values(&self) -> &'static [(&'static str, &'static str, bool)] {
        data::ENUMS.get(usize::from(self.values)).copied().unwrap_or_default()
    }

    /// The caption of an enum value.
    pub(crate) fn caption(&self, value: &str) -> Option<&'static str> {
        self.values().iter().find(|(known, ..)| *known == value).map(|(_, caption, _)| *caption)
    }

    pub(crate) fn kind(&self) -> Type {
        if let Some(number) = self.kind.checked_sub(100) {
            return match data::OBJECTS.get(usize::from(number)) {
                Some((_, body)) if !body.slots.is_empty() => Type::Object(body),
                _ => Type::Open,
            };
        }
        match self.kind {
            1 | 2 | 6 => Type::Integer,
            3 => Type::Float,
            4 => Type::Flag,
            5 => Type::Any,
            7 => Type::Formed(Form::DateTime),
            8 => Type::Formed(Form::Ip),
            9 => Type::Formed(Form::Mail),
            10 => Type::Formed(Form::Mac),
            11 => Type::Port,
            12 => Type::Formed(Form::Uuid),
            13 => Type::Formed(Form::Subnet),
            14 => Type::Formed(Form::Bytes),
            _ => Type::Text,
        }
    }
}

impl Body {
    pub(crate) fn slots(&self) -> impl Iterator<Item = &'static Slot> {
        self.slots.iter().filter_map(|number| data::SLOTS.get(usize::from(*number)))
    }

    pub(crate) fn slot(&self, name: &str) -> Option<&'static Slot> {
        let order = |number: &u16| {
            data::SLOTS.get(usize::from(*number)).map_or(Ordering::Less, |slot| slot.name.cmp(name))
        };
        let found = self.slots.binary_search_by(order).ok()?;
        data::SLOTS.get(usize::from(*self.slots.get(found)?))
    }
}

/// The class of number `uid`.
pub(crate) fn class(uid: u32) -> Option<&'static Class> {
    let found = data::CLASSES.binary_search_by(|class| class.uid.cmp(&uid)).ok()?;
    data::CLASSES.get(found)
}

/// Every class, by number.
#[cfg(test)]
pub(crate) fn classes() -> impl Iterator<Item = &'static Class> {
    data::CLASSES.iter()
}

/// The caption of activity `activity` in class `uid`.
pub(crate) fn activity(uid: u32, activity: u32) -> Option<&'static str> {
    let slot = class(uid)?.body.slot("activity_id")?;
    let named = |(value, ..): &&(&str, &str, bool)| value.parse() == Ok(activity);
    slot.values().iter().find(named).map(|(_, caption, _)| *caption)
}

/// The profile that attribute `name` of class `uid` belongs to, if it is none of the class itself.
pub(crate) fn profile_of(uid: u32, name: &str) -> Option<&'static str> {
    class(uid)?.body.slot(name)?.profiles().first().copied()
}

/// How many classes there are.
pub(crate) const CLASSES: usize = data::CLASSES.len();

/// The numbers of all classes, close together for the search.
static UIDS: [u32; CLASSES] = uids();

#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
const fn uids() -> [u32; CLASSES] {
    let mut uids = [0; CLASSES];
    let mut at = 0;
    while at < CLASSES {
        uids[at] = data::CLASSES[at].uid;
        at += 1;
    }
    uids
}

/// Of each class the number of the list of profiles that attribute `name` belongs to; 0, which is no list, where it is one
/// of the class itself or the class has none of that name.
#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
pub(crate) const fn profiles_by_class(name: &str) -> [u8; CLASSES] {
    let mut profiles = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let slots = data::CLASSES[class].body.slots;
        let (mut from, mut to) = (0, slots.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            let slot = &data::SLOTS[slots[middle] as usize];
            match order(slot.name.as_bytes(), name.as_bytes()) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => {
                    profiles[class] = slot.profile;
                    to = from;
                }
            }
        }
        class += 1;
    }
    profiles
}

#[expect(clippy::indexing_slicing, reason = "runs when compiling, where a bad index is a compile error")]
const fn order(one: &[u8], other: &[u8]) -> Ordering {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return if one[at] < other[at] { Ordering::Less } else { Ordering::Greater };
        }
        at += 1;
    }
    if one.len() == other.len() {
        Ordering::Equal
    } else if one.len() < other.len() {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// The first profile of those that [`profiles_by_class`] tells of class `uid`.
pub(crate) fn profile_number(by_class: &[u8; CLASSES], uid: u32) -> Option<&'static str> {
    let class = UIDS.binary_search(&uid).ok()?;
    data::PROFILES.get(usize::from(*by_class.get(class)?))?.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!((data::CLASSES.len(), data::OBJECTS.len()), (83, 178));
        let holders =
            data::CLASSES.iter().map(|class| &class.body).chain(data::OBJECTS.iter().map(|(_, body)| body));
        let mut count = 0;
        for body in holders {
            for slot in body.slots() {
                count += 1;
                assert!(core::ptr::eq(body.slot(slot.name).unwrap(), slot), "{}", slot.name);
            }
        }
        assert_eq!(count, 7_203);
    }
}
