//! The parts of a record of the activity log: the envelope around `properties`, and how both are read.
//!
//! Source: learn.microsoft.com, "Azure resource logs common schema". Logs arrive whole, as flat rows of Graph or of
//! a workspace, and with names in any case; `None`, `null` and empty texts tell nothing.

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

/// A value that tells something.
pub(crate) fn told(field: Field<'_>) -> Option<Field<'_>> {
    let text = field.look()?;
    let nothing = ["none", "null", "-", "unknown", "undefined"];
    (!nothing.iter().any(|word| text.eq_ignore_ascii_case(word))).then_some(field)
}

/// Takes what `object` tells under `name`.
pub(crate) fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    told(object.member(name)?)?.take()
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

/// An address without its port; `None` for what is no address.
pub(crate) fn address(field: Field<'_>) -> Option<Cow<'_, str>> {
    let text = told(field)?.look()?;
    if crate::address::is_address(&text) {
        return field.take();
    }
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => text.rsplit_once(':')?.0,
    };
    let host = host.strip_prefix("::ffff:").unwrap_or(host);
    crate::address::is_address(host).then(|| {
        field.copy();
        Cow::Owned(host.to_owned())
    })
}

/// The endpoint at the first address told by `fields`; where others tell the same, they are taken too.
pub(crate) fn origin<const N: usize>(fields: [Option<Field<'_>>; N]) -> Option<NetworkEndpoint> {
    let first = fields.into_iter().flatten().find_map(|field| Some((field, address(field)?)));
    let (found, ip) = first?;
    for other in fields.into_iter().flatten().filter(|other| other.look() == found.look()) {
        address(other);
    }
    Some(NetworkEndpoint::of_ip(ip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;

    #[test]
    fn addresses_lose_their_ports_and_words_are_none() {
        let text = r#"{"a":"192.0.2.7","b":"192.0.2.7:443","c":"[2001:db8::1]:443","d":"None","e":"office","f":"192.0.2.0/24"}"#;
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        let found: Vec<_> = record.root().children().map(address).collect();
        let told = |text: &'static str| Some(Cow::Borrowed(text));
        assert_eq!(found, [told("192.0.2.7"), told("192.0.2.7"), told("2001:db8::1"), None, None, None]);
    }
}
