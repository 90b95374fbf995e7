//! Documents as the APIs of clouds return them: one object, an array, or a list with its objects in a field.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The longest document that is read, in bytes. Larger lists come from the APIs in pages.
pub(crate) const LIMIT: usize = 67_108_864;

/// What came of reading a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Objects that have a say and were read.
    pub read: usize,
    /// Objects of other kinds, left aside.
    pub skipped: usize,
    /// Objects that have a say and could not be read. They grant nothing.
    pub bad: Vec<Misfit>,
}

/// An object that could not be read, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("object {index}: {cause}")]
pub struct Misfit {
    /// Its place in the document, from 0.
    pub index: usize,
    /// What is wrong.
    pub cause: MisfitCause,
}

/// What is wrong with an object, or with a whole document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MisfitCause {
    /// The document is longer than 67,108,864 bytes.
    #[error("longer than {} bytes", LIMIT)]
    TooLong,
    /// The document is neither an object nor a list of them.
    #[error("neither an object nor a list of objects")]
    NoObjects,
    /// It has not the shape of its kind.
    #[error("not of the shape that its kind has")]
    WrongShape,
    /// It has no name, or is of a namespace and has none.
    #[error("without a name or a namespace that its kind needs")]
    Unnamed,
}

#[cfg(any(feature = "azure", feature = "gcp"))]
/// What `read` makes of each object in `json`, `None` being left aside; those of a list lie in its field `list`.
pub(crate) fn gather<T>(
    json: &str,
    list: &str,
    read: impl Fn(&str) -> Result<Option<T>, MisfitCause>,
) -> Result<(Vec<T>, Added), Misfit> {
    let (mut objects, mut added) = (Vec::new(), Added::default());
    for (index, raw) in items(json, list)?.into_iter().enumerate() {
        match read(raw.get()) {
            Ok(Some(object)) => objects.push(object),
            Ok(None) => added.skipped += 1,
            Err(cause) => added.bad.push(Misfit { index, cause }),
        }
    }
    added.read = objects.len();
    Ok((objects, added))
}

/// The objects in `json`; those of a list lie in its field `list`.
pub(crate) fn items<'a>(json: &'a str, list: &str) -> Result<Vec<&'a RawValue>, Misfit> {
    if json.len() > LIMIT {
        return Err(whole(MisfitCause::TooLong));
    }
    let none = |_| whole(MisfitCause::NoObjects);
    if json.trim_start().starts_with('[') {
        return serde_json::from_str(json).map_err(none);
    }
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(json).map_err(none)?;
    match fields.get(list) {
        Some(all) => serde_json::from_str(all.get()).map_err(none),
        None => Ok(vec![serde_json::from_str(json).map_err(none)?]),
    }
}

/// The object that `json` writes. A list is none, though its parts might fill the fields in their order.
pub(crate) fn shaped<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, MisfitCause> {
    let read = if json.trim_start().starts_with('{') { serde_json::from_str(json).ok() } else { None };
    read.ok_or(MisfitCause::WrongShape)
}

fn whole(cause: MisfitCause) -> Misfit {
    Misfit { index: 0, cause }
}
