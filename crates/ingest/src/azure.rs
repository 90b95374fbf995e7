//! What all logs of Azure Monitor have in common: the envelope around `properties`, and how its parts are read.
//!
//! Source: learn.microsoft.com, "Azure resource logs common schema". Logs arrive whole, as flat rows of Graph or of
//! a workspace, and with names in any case; `None`, `null` and empty texts tell nothing.

use crate::moment;
use crate::record::{Field, Record};
use homeostat_core::{JsonText, Timestamp};
use homeostat_event::{AutonomousSystem, Event, Location, NetworkEndpoint};
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

/// As [`take`], below a member that is an object.
pub(crate) fn take_in<'a>(object: Field<'a>, outer: &str, name: &str) -> Option<Cow<'a, str>> {
    take(object.member(outer)?, name)
}

impl<'a> Parts<'a> {
    pub(crate) fn of(record: &Record<'a>) -> Self {
        let root = record.root();
        Self { root, inner: root.member("properties").filter(Field::is_object).unwrap_or(root) }
    }

    /// The category, as it stands.
    pub(crate) fn category(&self) -> Option<Cow<'a, str>> {
        self.root.member("category")?.look()
    }

    /// Takes what is told inside.
    pub(crate) fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        take(self.inner, name)
    }

    /// Takes what is told around.
    pub(crate) fn around(&self, name: &str) -> Option<Cow<'a, str>> {
        take(self.root, name)
    }

    /// Takes what is told inside, else around; where both tell the same, both are taken.
    pub(crate) fn either(&self, inside: &str, around: &str) -> Option<Cow<'a, str>> {
        let outer = self.root.member(around).and_then(told);
        let Some(inner) = self.inner.member(inside).and_then(told) else { return outer?.take() };
        let value = inner.take();
        if let Some(outer) = outer.filter(|outer| outer.look() == value) {
            outer.take();
        }
        value
    }

    /// The first moment told by one of `names`, inside or around.
    pub(crate) fn moment(&self, names: &[&str]) -> Timestamp {
        let told = names.iter().flat_map(|name| [self.inner.member(name), self.root.member(name)]);
        let read = |field: Field<'_>| moment::read(&field.look()?);
        told.flatten().find_map(read).unwrap_or(Timestamp::UNKNOWN)
    }

    /// Tells the first of `names` as the time in the source's words, and `time` around it as when it was logged.
    pub(crate) fn tell_times(&self, names: &[&str], event: &mut Event) {
        let text = names.iter().find_map(|name| self.take(name).or_else(|| self.around(name)));
        if let Some(text) = text {
            event.set_original_time(&text);
        }
        let logged = self.root.member("time").and_then(|time| moment::read(&time.copy()?));
        event.metadata_mut().set_logged_time(logged);
    }

    /// Tells what the envelope says of the log itself.
    pub(crate) fn tell_log(&self, event: &mut Event) {
        let level = self.around("level").or_else(|| self.around("Level"));
        let metadata = event.metadata_mut();
        metadata.set_event_code(self.around("operationName"));
        metadata.set_log_version(self.around("operationVersion"));
        metadata.set_log_name(self.around("category")).set_log_level(level);
        metadata.set_correlation_uid(self.either("correlationId", "correlationId"));
    }

    /// Tells how long it took, in milliseconds.
    pub(crate) fn tell_duration(&self, name: &str, event: &mut Event) {
        let told = |object: Field<'a>, name: &str| {
            let field = object.member(name)?;
            Some((field, field.look()?.parse::<i64>().ok()?))
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
pub(crate) fn address<'a>(field: Field<'a>) -> Option<Cow<'a, str>> {
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

/// The place that `place`, an object of Entra, and the country around it tell.
pub(crate) fn location(place: Option<Field<'_>>, country: Option<Field<'_>>) -> Option<Location> {
    let part = |name: &str| take(place?, name);
    let (city, region) = (part("city"), part("state"));
    let own = part("countryOrRegion");
    let around = country.and_then(told).filter(|around| own.is_none() || around.look() == own);
    let country = around.and_then(|around| around.take()).or(own);
    let mut location = match (&city, &country, &region) {
        (_, Some(country), _) => Location::in_country(&**country),
        (Some(city), _, _) => Location::in_city(&**city),
        (_, _, Some(region)) => Location::in_region(&**region),
        (None, None, None) => return None,
    };
    location.set_city(city).set_region(region);
    let degrees = |name| {
        let number = place?.get("geoCoordinates")?.member(name).filter(|number| !number.is_text())?;
        number.take().map(|text| JsonText::new(&*text))
    };
    location.set_lat(degrees("latitude")).set_long(degrees("longitude"));
    Some(location)
}

/// Tells the autonomous system of `origin`.
pub(crate) fn tell_network(number: Option<Field<'_>>, origin: &mut NetworkEndpoint) {
    let Some(field) = number.and_then(told) else { return };
    if let Some(number) = field.look().and_then(|text| text.parse::<i64>().ok()) {
        field.take();
        origin.set_autonomous_system(AutonomousSystem::of_number(number));
    }
}

/// Pairs of key and value as tags of the event: `list` holds objects with `key` and `value`.
pub(crate) fn tags(list: Option<Field<'_>>) -> Option<JsonText> {
    let mut text = String::new();
    for pair in list.iter().flat_map(Field::children) {
        let (Some(key), Some(value)) = (pair.member("key"), pair.member("value")) else { continue };
        if !key.is_text() || !value.is_text() || key.look().is_none() || value.look().is_none() {
            continue;
        }
        key.take();
        text.push_str(if text.is_empty() { "[" } else { "," });
        text.push_str(&format!(r#"{{"name":{},"value":{}}}"#, key.json(), value.json()));
        value.take();
    }
    (!text.is_empty()).then(|| JsonText::new(text + "]"))
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
