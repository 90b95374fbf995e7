//! The parts of a record of the activity log: the envelope around `properties`, and how both are read.
//!
//! Source: learn.microsoft.com, "Azure resource logs common schema". Logs arrive whole, as flat rows of Graph or of
//! a workspace, and with names in any case; `None`, `null` and empty texts tell nothing.

pub(crate) use crate::azure_log::{take, take_address, told};
use crate::record::{Field, Record};
use homeostat_event::{Event, NetworkEndpoint};
use std::borrow::Cow;

/// A record of Azure Monitor: what stands around, and what is inside.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// The whole record.
    pub(crate) root: Field<'a>,
    /// Its `properties`; of a flat record the record itself.
    pub(crate) inner: Field<'a>,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(record: &Record<'a>) -> Self {
        let root = record.root();
        Self { root, inner: root.member("properties").filter(Field::is_object).unwrap_or(root) }
    }

    /// Takes what is told inside.
    pub(crate) fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        take(self.inner, name)
    }

    /// Takes what is told around.
    pub(crate) fn around(&self, name: &str) -> Option<Cow<'a, str>> {
        take(self.root, name)
    }

    /// Tells how long it took, in milliseconds.
    pub(crate) fn tell_duration(&self, name: &str, event: &mut Event) {
        let told = |object: Field<'a>, name: &str| {
            let field = object.member(name)?;
            Some((field, i64::from(field.look()?.parse::<u32>().ok()?)))
        };
        let own = told(self.inner, name);
        let Some((field, millis)) = own.or_else(|| told(self.root, "durationMs")) else { return };
        field.take();
        event.set_duration(millis);
        if let Some((around, _)) = told(self.root, "durationMs").filter(|(_, other)| *other == millis) {
            around.take();
        }
    }
}

/// The endpoint at the first address told by `fields`; where others tell the same, they are taken too.
pub(crate) fn origin<const N: usize>(fields: [Option<Field<'_>>; N]) -> Option<NetworkEndpoint> {
    let first = fields.into_iter().flatten().find_map(|field| Some((field, take_address(field)?)));
    let (found, ip) = first?;
    for other in fields.into_iter().flatten().filter(|other| other.look() == found.look()) {
        take_address(other);
    }
    Some(NetworkEndpoint::of_ip(ip))
}
