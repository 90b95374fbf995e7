//! The form in which Azure's services write their logs: what all of them tell around what each tells.
//!
//! Source: Microsoft Learn, "Azure Monitor resource log schema". Names differ in case between collectors, and some
//! lay out `properties` flat or write what they do not tell as `none`: both are read alike.

use crate::address::is_address;
use crate::moment;
use crate::record::{Field, Record};
use homeostat_core::Timestamp;
use homeostat_event::{Event, Location};
use std::borrow::Cow;

/// A record of Azure Monitor; of a record without `properties` both parts are the whole record.
#[derive(Clone, Copy)]
pub(crate) struct AzureLog<'a> {
    outer: Field<'a>,
    inner: Field<'a>,
}

impl<'a> AzureLog<'a> {
    pub(crate) fn of(record: &Record<'a>) -> Self {
        let outer = record.folded().root();
        Self { outer, inner: outer.member("properties").filter(Field::is_object).unwrap_or(outer) }
    }

    /// What stands around the properties.
    pub(crate) fn outer(&self) -> Field<'a> {
        self.outer
    }

    /// What the service itself tells.
    pub(crate) fn inner(&self) -> Field<'a> {
        self.inner
    }

    /// The category, which names the log.
    pub(crate) fn category(&self) -> Cow<'a, str> {
        self.outer.member("category").and_then(|name| name.look()).unwrap_or_default()
    }

    /// A text of the properties, else of what stands around them.
    pub(crate) fn field(&self, name: &str) -> Option<Field<'a>> {
        let told_in = |part: Field<'a>| told(part.member(name)?);
        told_in(self.inner).or_else(|| told_in(self.outer))
    }

    /// Takes what [`Self::field`] finds, and what says the same around it.
    pub(crate) fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        let text = self.field(name)?.take()?;
        self.take_same(name, &text);
        Some(text)
    }

    pub(crate) fn look(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.look()
    }

    /// Takes the outer `name` when it only repeats `value`, which an attribute holds already.
    pub(crate) fn take_same(&self, name: &str, value: &str) {
        if let Some(field) = self.outer.member(name).filter(|field| field.look().as_deref() == Some(value)) {
            field.take();
        }
    }

    /// Takes the first of `names` that is an address.
    pub(crate) fn take_address(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        let address = names.iter().find_map(|name| take_address(self.field(name)?))?;
        for name in names {
            self.take_same(name, &address);
        }
        Some(address)
    }

    /// When it happened: the first of `names` that is a time, else the time of the log.
    pub(crate) fn time(&self, names: &[&str]) -> Timestamp {
        let read = |name: &str| moment::read(&self.field(name)?.look()?);
        let told = names.iter().find_map(|name| read(name));
        told.or_else(|| read("time")).or_else(|| read("TimeGenerated")).unwrap_or(Timestamp::UNKNOWN)
    }

    /// The directory that the record is of.
    pub(crate) fn directory(&self) -> Option<Cow<'a, str>> {
        let own = |name| told(self.outer.member(name)?);
        own("tenantId").or_else(|| own("AADTenantId")).or_else(|| self.field("tenantId"))?.look()
    }

    /// What every service tells in the same members; `times` names those of its own, the best first.
    pub(crate) fn tell(&self, event: &mut Event, times: &[&str]) {
        if let Some(time) = times.iter().find_map(|name| self.take(name)) {
            event.set_original_time(&time);
            self.take_same("time", &time);
            let logged = self.outer.member("time").and_then(|time| moment::read(&time.copy()?));
            event.metadata_mut().set_logged_time(logged);
        } else if let Some(time) = self.take("time").or_else(|| self.take("TimeGenerated")) {
            event.set_original_time(&time);
        }
        event.set_message(self.take("resultDescription"));
        let metadata = event.metadata_mut();
        metadata.set_event_code(self.take("operationName")).set_log_version(self.take("operationVersion"));
        metadata.set_correlation_uid(self.take("correlationId"));
        metadata.set_log_level(told_level(self.outer));
        let outer = |name| told(self.outer.member(name)?)?.take();
        metadata.set_log_name(outer("category"));
        metadata.set_log_source(outer("resourceId").or_else(|| outer("_ResourceId")));
    }

    /// How long it took, in milliseconds, as one of `names` tells.
    pub(crate) fn duration(&self, names: &[&str]) -> Option<i64> {
        let count = |name: &&str| self.field(name)?.take_as::<u32>();
        names.iter().find_map(count).map(i64::from)
    }
}

fn told_level(outer: Field<'_>) -> Option<Cow<'_, str>> {
    told(outer.member("level")?)?.take()
}

/// A value that is told: `none`, `unknown` and the like are no values.
pub(crate) fn told(field: Field<'_>) -> Option<Field<'_>> {
    const NOTHING: [&str; 6] = ["none", "null", "unknown", "-", "undefined", "N/A"];
    let text = field.look()?;
    (!NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word))).then_some(field)
}

/// Takes member `name` of `object` when it is told.
pub(crate) fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    told(object.member(name)?)?.take()
}

/// Takes a text that is an address, or one with a port, of which the port stays in `unmapped`; `None` for what is none.
pub(crate) fn take_address(field: Field<'_>) -> Option<Cow<'_, str>> {
    let text = field.look()?;
    if is_address(&text) {
        return field.take();
    }
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => text.rsplit_once(':')?.0,
    };
    let host = host.strip_prefix("::ffff:").unwrap_or(host);
    is_address(host).then(|| {
        field.copy();
        Cow::Owned(host.to_owned())
    })
}

/// A place on earth in the words of Microsoft's directory.
///
/// `around` names the country once more, or alone.
pub(crate) fn location(place: Option<Field<'_>>, around: Option<Field<'_>>) -> Option<Location> {
    let part = |name| place.and_then(|place| take(place, name));
    let (city, region) = (part("city"), part("state"));
    let country = part("countryOrRegion");
    let again = |around: &Field<'_>| country.is_none() || around.look() == country;
    let around = around.and_then(told).filter(again).and_then(|around| around.take());
    let country = country.or(around);
    let mut location = match (&country, &city, &region) {
        (Some(country), _, _) => Location::in_country(&**country),
        (None, Some(city), _) => Location::in_city(&**city),
        (None, None, Some(region)) => Location::in_region(&**region),
        (None, None, None) => return None,
    };
    location.set_city(city).set_region(region);
    let degrees = |name| place?.get("geoCoordinates")?.member(name)?.take_fraction();
    location.set_lat(degrees("latitude")).set_long(degrees("longitude"));
    Some(location)
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
        let found: Vec<_> = record.root().children().map(take_address).collect();
        let told = |text: &'static str| Some(Cow::Borrowed(text));
        assert_eq!(found, [told("192.0.2.7"), told("192.0.2.7"), told("2001:db8::1"), None, None, None]);
    }
}
