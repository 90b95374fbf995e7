//! Where an event came from: the id that evidence, reports and scorers share.

use core::fmt;
use std::sync::Arc;

/// The id of an event: its source's place without `.gz` and the last extension, `#`, the 0-based record number.
///
/// All events made of one record share it. Cloning is cheap.
///
/// ```
/// use homeostat_core::EventRef;
///
/// let event = EventRef::new("zeek/conn.log.gz", 17)?;
/// assert_eq!(event.as_str(), "zeek/conn#17");
/// assert_eq!((event.place(), event.record()), ("zeek/conn", 17));
/// # Ok::<(), homeostat_core::BadEventRef>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventRef(Arc<str>);

impl EventRef {
    /// The id of record number `record` of the file at `path`, a path relative to what the user named.
    ///
    /// # Errors
    ///
    /// [`BadEventRef`] when `path` is empty.
    pub fn new(path: &str, record: u64) -> Result<Self, BadEventRef> {
        let path = path.strip_suffix(".gz").unwrap_or(path);
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        let stem = match path.rfind('.') {
            Some(dot) if dot > name => path.get(..dot).unwrap_or(path),
            _ => path,
        };
        if stem.is_empty() { Err(BadEventRef(())) } else { Ok(Self(format!("{stem}#{record}").into())) }
    }

    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// [`BadEventRef`] when `text` is not a place, `#` and a number.
    pub fn parse(text: &str) -> Result<Self, BadEventRef> {
        match text.rsplit_once('#') {
            Some((place, record)) if !place.is_empty() && record.parse::<u64>().is_ok() => {
                Ok(Self(text.into()))
            }
            _ => Err(BadEventRef(())),
        }
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before `#`: which source.
    pub fn place(&self) -> &str {
        self.0.rsplit_once('#').map_or("", |(place, _)| place)
    }

    /// The part after `#`: which record of it, from 0.
    pub fn record(&self) -> u64 {
        self.0.rsplit_once('#').and_then(|(_, record)| record.parse().ok()).unwrap_or(0)
    }
}

impl fmt::Display for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no event id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEventRef(());

impl fmt::Display for BadEventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event id is a place, `#` and a record number")
    }
}

impl std::error::Error for BadEventRef {}

#[cfg(test)]
mod tests {
    use super::EventRef;

    #[test]
    fn only_gz_and_one_extension_go() {
        for (path, expected) in [
            ("cloudtrail.jsonl.gz", "cloudtrail#3"),
            ("host-a/conn.log", "host-a/conn#3"),
            ("v1.2/conn", "v1.2/conn#3"),
            ("a.b.json", "a.b#3"),
            (".hidden", ".hidden#3"),
        ] {
            let event = EventRef::new(path, 3).unwrap();
            assert_eq!(event.as_str(), expected);
            assert_eq!(EventRef::parse(expected).unwrap(), event);
        }
        assert!(EventRef::new("", 0).is_err());
        assert!(
            EventRef::parse("conn").is_err()
                && EventRef::parse("#1").is_err()
                && EventRef::parse("a#b").is_err()
        );
    }
}
