//! The role view under the names of other schemas: flat, one list of values a name.

use crate::event::Event;
use crate::origin::Origin;
use crate::party::Party;
use crate::seen::Seen;
use core::fmt;

/// Fields of another schema, each with its values, in the order in which that schema's pages list them.
///
/// Made by [`Event::to_ecs`] and [`Event::to_asim`]. `Debug` shows names, never a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Fields(Vec<(&'static str, Vec<String>)>);

impl Fields {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds `value` to the field `name`, once, when it is told.
    pub(crate) fn add<V: Into<String>>(&mut self, name: &'static str, value: Option<V>) {
        let Some(value) = value.map(Into::into).filter(|value| !value.is_empty()) else { return };
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => self.0.push((name, vec![value])),
        }
    }

    /// Adds the text or number that stands at `path` of the event.
    pub(crate) fn copy(&mut self, name: &'static str, event: &Event, path: &str) {
        for seen in event.at(path).into_iter().flat_map(Seen::items) {
            let text = seen.whole_text().map(std::borrow::Cow::into_owned);
            self.add(name, text.or_else(|| seen.number().map(|number| number.to_string())));
        }
    }

    /// The names and ids of a party that the event tells.
    pub(crate) fn party(&mut self, [uid, name, email]: [&'static str; 3], party: &Party<'_>) {
        self.add(uid, party.uid());
        self.add(name, party.name());
        self.add(email, party.email());
    }

    /// Address, port, host, country, city and network of a place.
    pub(crate) fn place(
        &mut self,
        [ip, port, host, country, city, network]: [&'static str; 6],
        place: &Origin<'_>,
    ) {
        self.add(ip, place.ip());
        self.add(port, place.port().map(|port| port.to_string()));
        self.add(host, place.hostname());
        self.add(country, place.country());
        self.add(city, place.city());
        self.add(network, place.asn().map(|number| number.to_string()));
    }

    /// The values of a field; none when it is not told.
    pub fn get(&self, name: &str) -> &[String] {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, values)| values.as_slice())
            .unwrap_or_default()
    }

    /// Every field with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.0.iter().map(|(name, values)| (*name, values.as_slice()))
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields")?;
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
