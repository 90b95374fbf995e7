//! Which look-up of a name led to a connection: a name server's answer and the call to what it named are one act.
//!
//! Sensors write the two as two records that share nothing but the client and the address (the passive DNS of
//! Weimer, FIRST 2005, read the other way round). Whatever is said of a call rests on its look-up as well, once: the
//! one before the next call stands for itself. O(log n) an event; at most 65,536 answers are kept, for a day.

use crate::written::{all, event, parsed, put_all, put_shown};
use homeostat_core::{
    EntityKey, EventRef, Forget, Occurrence, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp,
};
use homeostat_event::{ClassUid, Event};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// The most answers kept; beyond it those of a day ago go, and then new ones are not kept.
const KEPT: usize = 65_536;
/// How long a look-up explains a call, in microseconds: a day, the longest that most clients keep an answer.
const LASTS: i64 = 86_400_000_000;

/// Who asked, and an address that the answer gave.
type Pair = (IpAddr, IpAddr);

/// The last look-up of each client for each address.
#[derive(Clone, Default)]
pub(crate) struct Lookups {
    last: BTreeMap<Pair, (Timestamp, EventRef)>,
}

impl Lookups {
    /// Learns what `event` says when it is a look-up.
    pub(crate) fn learn(&mut self, event: &Event) {
        if event.class_uid() == ClassUid::DNS_ACTIVITY {
            self.answers(event);
        }
    }

    /// The look-up that led to the call `event`, unless it was given before.
    pub(crate) fn behind(&mut self, event: &Event) -> Option<EventRef> {
        if event.class_uid() != ClassUid::NETWORK_ACTIVITY {
            return None;
        }
        let called = event.destination()?.key()?.value().parse().ok()?;
        let (then, id) = self.last.remove(&(client(event)?, called))?;
        event.when().since(then).is_some_and(|age| age < LASTS).then_some(id)
    }

    fn answers(&mut self, event: &Event) -> Option<()> {
        let (client, view) = (client(event)?, event.dns()?);
        let Occurrence { event: id, time: now, .. } = event.occurrence()?;
        for address in view.answers().filter_map(|answer| answer.parse().ok()) {
            let pair = (client, address);
            if self.last.len() >= KEPT && !self.last.contains_key(&pair) {
                self.last.retain(|_, (then, _)| now.since(*then).is_some_and(|age| age < LASTS));
            }
            if self.last.len() < KEPT || self.last.contains_key(&pair) {
                self.last.insert(pair, (now, id.clone()));
            }
        }
        Some(())
    }
}

fn client(event: &Event) -> Option<IpAddr> {
    event.origin()?.key()?.value().parse().ok()
}

impl Lookups {
    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        put_all(out, self.last.iter(), |out, ((client, called), (time, event))| {
            put_shown(out, client);
            put_shown(out, called);
            out.time(*time);
            out.text(event.as_str());
        });
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let last = all(fields, 32, |fields| {
            let pair = (parsed(fields, "address")?, parsed(fields, "address")?);
            Ok((pair, (fields.time()?, event(fields)?)))
        })?;
        Ok(Self { last })
    }
}

impl Forget for Lookups {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let Ok(address) = entity.value().parse::<IpAddr>() else { return false };
        let before = self.last.len();
        self.last.retain(|(client, called), _| *client != address && *called != address);
        before != self.last.len()
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lookups({} answers)", self.last.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(number: u64, hours: u64, rest: &str) -> Event {
        let time = 1_773_563_400_000 + hours * 3_600_000;
        let text = format!(
            r#"{{"time": {time}, "activity_id": 1, "metadata": {{"tenant_uid": "acme", "product": {{"name": "P"}}}},
                "unmapped": {{"homeostat_ref": "z#{number}"}}, "src_endpoint": {{"ip": "10.0.0.5"}}, {rest}}}"#
        );
        Event::from_json(&text).unwrap()
    }

    fn look_up(number: u64, hours: u64) -> Event {
        let asked = r#""class_uid": 4003, "query": {"hostname": "a.example"},
                       "answers": [{"rdata": "b.example"}, {"rdata": "198.51.100.7"}]"#;
        made(number, hours, asked)
    }

    fn call(number: u64, hours: u64) -> Event {
        made(number, hours, r#""class_uid": 4001, "dst_endpoint": {"ip": "198.51.100.7", "port": 443}"#)
    }

    #[test]
    fn a_call_rests_on_the_look_up_before_it_once() {
        let mut lookups = Lookups::default();
        lookups.learn(&look_up(1, 0));
        lookups.learn(&look_up(2, 1));
        let behind = lookups.behind(&call(3, 2));
        assert_eq!(behind.as_ref().map(EventRef::as_str), Some("z#2"));
        assert_eq!(lookups.behind(&call(4, 2)), None, "it is given once");
        lookups.learn(&look_up(5, 3));
        assert_eq!(lookups.behind(&call(6, 28)), None, "answers of yesterday explain nothing");
        assert!(!format!("{lookups:?}").contains("198"));
    }
}
