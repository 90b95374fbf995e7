//! The configuration documents of an estate, with what is looked up in them.
//!
//! A member of a document keeps the time it is from; what is older than what is known is late and changes nothing.
//! An object costs its documents and an entry for each value by which rules refer to it.

use crate::compiled::Compiled;
use crate::path::{Path, Placed, Start, Step, walk};
use core::fmt;
use homeostat_core::{EntityKey, Timestamp};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One object with its document.
#[derive(Clone, PartialEq)]
pub(crate) struct Object {
    pub(crate) key: EntityKey,
    pub(crate) kind: Arc<str>,
    pub(crate) members: BTreeMap<Arc<str>, Member>,
    /// Nothing older is believed.
    pub(crate) as_of: Timestamp,
    pub(crate) present: bool,
}

/// One member of a document.
#[derive(Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) at: Timestamp,
    /// `None` when it is known to have changed in a way nobody told.
    pub(crate) value: Option<Value>,
    /// The policies in it. Follows from `value`.
    pub(crate) compiled: Compiled,
}

impl Member {
    pub(crate) fn new(at: Timestamp, value: Option<Value>) -> Self {
        Self { at, value, compiled: Compiled::default() }
    }
}

/// By which values objects of a kind are referred to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lookup {
    pub(crate) kind: Arc<str>,
    pub(crate) by: Path,
}

/// What a result may rest on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rests {
    /// A member of an object's document.
    Member(EntityKey, Arc<str>),
    /// Which objects have this value, in lower case, under the lookup of this number.
    Lookup(usize, String),
}

/// All documents of one tenant.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Estate {
    pub(crate) objects: BTreeMap<EntityKey, Object>,
    lookups: Vec<Lookup>,
    found: BTreeMap<(usize, String), BTreeSet<EntityKey>>,
}

/// What a change did to the documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// What is no longer as it was.
    pub(crate) rests: BTreeSet<Rests>,
    /// Objects that were not there before, or were of another kind.
    pub(crate) appeared: BTreeSet<EntityKey>,
    pub(crate) vanished: BTreeSet<EntityKey>,
    /// What kind the object was until then, when it is of another one now.
    pub(crate) former: Option<Arc<str>>,
    /// Whether what the change says is older than what is known.
    pub(crate) late: bool,
    /// Whether it made the time known.
    pub(crate) woken: bool,
}

impl Moved {
    pub(crate) fn is_empty(&self) -> bool {
        self.rests.is_empty() && self.appeared.is_empty() && self.vanished.is_empty()
    }
}

impl Object {
    fn new(key: &EntityKey, kind: &str) -> Self {
        let (key, kind) = (key.clone(), kind.into());
        Self { key, kind, members: BTreeMap::new(), as_of: Timestamp::UNKNOWN, present: true }
    }

    /// The member of this name, when it was read; a null one was read and is not set.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)?.value.as_ref()
    }

    /// The document as one value.
    pub(crate) fn document(&self) -> Value {
        let known =
            self.members.iter().filter_map(|(name, member)| Some((name.to_string(), member.value.clone()?)));
        Value::Object(known.collect::<Map<_, _>>())
    }

    /// What `path`, which begins at the document, leads to.
    pub(crate) fn values(&self, path: &Path) -> Vec<Placed<'_>> {
        let Some((name, rest)) = path.first() else { return Vec::new() };
        let Some(value) = self.member(name) else { return Vec::new() };
        walk(Placed { value, pointer: format!("/{}", crate::path::escaped(name)) }, rest)
    }

    /// Takes over `fresh` members as of `at`; tells which changed and whether any was too old.
    fn take(&mut self, fresh: &Map<String, Value>, at: Timestamp) -> (Vec<Arc<str>>, bool) {
        let (mut changed, mut late) = (Vec::new(), false);
        for (name, value) in fresh {
            match self.members.get_mut(name.as_str()) {
                Some(known) if known.at > at => late = true,
                Some(known) if known.value.as_ref() == Some(value) => {
                    // Its members may stand in another order, which policies do not rest on.
                    (known.at, known.value) = (at, Some(value.clone()));
                }
                _ => {
                    let name: Arc<str> = name.as_str().into();
                    changed.push(name.clone());
                    self.members.insert(name, Member::new(at, Some(value.clone())));
                }
            }
        }
        (changed, late)
    }
}

impl Estate {
    pub(crate) fn new(lookups: Vec<Lookup>) -> Self {
        Self { lookups, ..Self::default() }
    }

    /// The object at `key`, when it exists.
    pub(crate) fn object(&self, key: &EntityKey) -> Option<&Object> {
        self.objects.get(key).filter(|object| object.present)
    }

    /// The number of the lookup of `kind` by `by`.
    pub(crate) fn lookup(&self, kind: &str, by: &Path) -> Option<usize> {
        self.lookups.iter().position(|own| &*own.kind == kind && own.by == *by)
    }

    /// The objects that have `value` under a lookup.
    pub(crate) fn found(&self, lookup: usize, value: &str) -> impl Iterator<Item = &Object> {
        let keys = self.found.get(&(lookup, value.to_lowercase())).into_iter().flatten();
        keys.filter_map(|key| self.object(key))
    }

    /// Takes over members of the document of `key`; a whole document drops the members it does not have.
    pub(crate) fn put(&mut self, key: &EntityKey, kind: &str, told: &Told<'_>) -> Moved {
        let before = self.values_of(key);
        let known = self.objects.contains_key(key);
        let object = self.objects.entry(key.clone()).or_insert_with(|| Object::new(key, kind));
        if known && told.at < object.as_of {
            return Moved { late: true, ..Moved::default() };
        }
        let former = Some(object.kind.clone()).filter(|former| **former != *kind);
        let appeared = !known || !object.present || former.is_some();
        object.kind = kind.into();
        object.present = true;
        let (mut changed, late) = object.take(told.members, told.at);
        if told.extent == Extent::Whole {
            let gone = object
                .members
                .iter()
                .filter(|(name, member)| !told.members.contains_key(&***name) && member.at <= told.at);
            let gone: Vec<Arc<str>> = gone.map(|(name, _)| name.clone()).collect();
            for name in gone {
                object.members.remove(&name);
                changed.push(name);
            }
        }
        let mut moved = self.moved(key, &before, changed);
        moved.late = late;
        moved.former = former;
        if appeared {
            moved.appeared.insert(key.clone());
        }
        moved
    }

    /// Takes the value of a member away: it is unread.
    pub(crate) fn unread(&mut self, key: &EntityKey, name: &str, at: Timestamp) -> Moved {
        let before = self.values_of(key);
        let Some(object) = self.objects.get_mut(key).filter(|object| object.present) else {
            return Moved::default();
        };
        let name: Arc<str> = name.into();
        match object.members.get(&name) {
            Some(member) if member.at > at => return Moved { late: true, ..Moved::default() },
            Some(Member { value: None, .. }) => return Moved::default(),
            _ => {}
        }
        object.members.insert(name.clone(), Member::new(at, None));
        self.moved(key, &before, vec![name])
    }

    /// Takes the object away; a mark stays, so that what is older does not bring it back.
    pub(crate) fn remove(&mut self, key: &EntityKey, at: Timestamp) -> Moved {
        let before = self.values_of(key);
        let Some(object) = self.objects.get_mut(key) else { return Moved::default() };
        if at < object.as_of || object.members.values().any(|member| member.at > at) {
            return Moved { late: true, ..Moved::default() };
        }
        if !object.present {
            return Moved::default();
        }
        let changed = core::mem::take(&mut object.members).into_keys().collect();
        object.present = false;
        object.as_of = at;
        let mut moved = self.moved(key, &before, changed);
        moved.vanished.insert(key.clone());
        moved
    }

    fn moved(
        &mut self,
        key: &EntityKey,
        before: &BTreeSet<(usize, String)>,
        changed: Vec<Arc<str>>,
    ) -> Moved {
        let after = self.values_of(key);
        for gone in before.difference(&after) {
            if let Some(keys) = self.found.get_mut(gone) {
                keys.remove(key);
                if keys.is_empty() {
                    self.found.remove(gone);
                }
            }
        }
        for fresh in after.difference(before) {
            self.found.entry(fresh.clone()).or_default().insert(key.clone());
        }
        let looked = before.symmetric_difference(&after).map(|(at, value)| Rests::Lookup(*at, value.clone()));
        let members = changed.into_iter().map(|name| Rests::Member(key.clone(), name));
        Moved { rests: looked.chain(members).collect(), ..Moved::default() }
    }

    /// The values by which the object is looked up.
    fn values_of(&self, key: &EntityKey) -> BTreeSet<(usize, String)> {
        let Some(object) = self.object(key) else { return BTreeSet::new() };
        let own = self.lookups.iter().enumerate().filter(|(_, lookup)| lookup.kind == object.kind);
        own.flat_map(|(at, lookup)| {
            let values = object.values(&lookup.by);
            values.into_iter().filter_map(move |placed| Some((at, word(placed.value)?.to_lowercase())))
        })
        .collect()
    }

    /// Puts back an object of a snapshot.
    pub(crate) fn restore(&mut self, object: Object) {
        let key = object.key.clone();
        self.objects.insert(key.clone(), object);
        self.moved(&key, &BTreeSet::new(), Vec::new());
    }

    /// Takes out every byte of `key`.
    pub(crate) fn forget(&mut self, key: &EntityKey) -> Option<Moved> {
        let before = self.values_of(key);
        let object = self.objects.remove(key)?;
        let mut moved = self.moved(key, &before, object.members.into_keys().collect());
        moved.vanished.insert(key.clone());
        Some(moved)
    }
}

/// Members of a document, and when they were so.
#[derive(Clone, Copy)]
pub(crate) struct Told<'t> {
    pub(crate) members: &'t Map<String, Value>,
    pub(crate) extent: Extent,
    pub(crate) at: Timestamp,
}

/// How much of a document is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Members,
    Whole,
}

/// A text, number or flag as a word to look up by.
pub(crate) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

impl Lookup {
    pub(crate) fn new(kind: &str, by: &str) -> Option<Self> {
        let by = Path::parse(by).ok().filter(|path| path.start == Start::Here)?;
        matches!(by.steps.first(), Some(Step::Member(_))).then(|| Self { kind: kind.into(), by })
    }
}

impl fmt::Debug for Object {
    /// Shows key, kind and count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({:?} {}, {} members)", self.key, self.kind, self.members.len())
    }
}

impl fmt::Debug for Estate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Estate({} objects)", self.objects.len())
    }
}
