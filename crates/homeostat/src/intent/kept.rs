//! What is known of those who look round, as bytes, and how one of them is cleared from it.

use super::{Habit, Intent, Looker, Sight};
use crate::written::{all, bits, event, maybe, put_all, put_bits, put_maybe};
use homeostat_baseline::{Breadth, DnsProfile};
use homeostat_core::{
    EntityKey, EntityKind, Forget, Keep, SnapshotError, SnapshotReader, SnapshotWriter, Timestamp,
};
use std::collections::BTreeMap;

const MAGIC: [u8; 4] = *b"INTE";
const VERSION: u16 = 1;
const INVALID: SnapshotError = SnapshotError::Invalid { field: "looker" };

type Read<T> = Result<T, SnapshotError>;

impl Keep for Intent {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.u64(self.seed);
        put_all(&mut out, self.expected.iter(), SnapshotWriter::key);
        self.doers.write(&mut out);
        put_all(&mut out, self.lookers.iter(), |out, (who, looker)| {
            out.key(who);
            put_looker(out, looker);
        });
        put_all(&mut out, self.peers.iter(), |out, (kind, habit)| {
            out.text(kind.as_str());
            put_habit(out, habit);
        });
        put_touched(&mut out, &self.touched);
        put_touched(&mut out, &self.touched_before);
        for showing in &self.showing {
            put_all(&mut out, showing.iter(), |out, (who, at)| {
                out.u64(*who);
                out.time(*at);
            });
        }
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let (seed, expected) = (fields.u64()?, all(&mut fields, 17, SnapshotReader::key)?);
        let doers = super::Doers::read(&mut fields)?;
        let lookers = all(&mut fields, 200, |fields| Ok((fields.key()?, looker(fields)?)))?;
        let peers = all(&mut fields, 100, |fields| {
            let kind = EntityKind::parse(&fields.text()?).ok_or(INVALID)?;
            Ok((kind, habit(fields)?))
        })?;
        let (touched, touched_before) = (touched(&mut fields)?, touched(&mut fields)?);
        let mut showing: [Vec<(u64, Timestamp)>; 4] = Default::default();
        for one in &mut showing {
            *one = all(&mut fields, 16, |fields| Ok((fields.u64()?, fields.time()?)))?;
        }
        fields.finish()?;
        *self = Self { seed, expected, doers, lookers, peers, touched, touched_before, showing };
        Ok(())
    }
}

fn put_habit(out: &mut SnapshotWriter, habit: &Habit) {
    for way in &habit.ways {
        out.bytes(&way.to_bytes());
    }
    put_maybe(out, habit.names.as_ref(), |out, names| out.bytes(&names.to_bytes()));
}

fn habit(fields: &mut SnapshotReader<'_>) -> Read<Habit> {
    let mut habit = Habit::default();
    for way in &mut habit.ways {
        *way = Breadth::from_bytes(fields.bytes()?)?;
    }
    habit.names = maybe(fields, |fields| DnsProfile::from_bytes(fields.bytes()?).map(Box::new))?;
    Ok(habit)
}

fn put_looker(out: &mut SnapshotWriter, looker: &Looker) {
    put_habit(out, &looker.habit);
    for sight in &looker.sights {
        put_bits(out, sight.bits);
        out.f64(sight.things);
        out.time(sight.last);
        put_all(out, sight.events.iter(), |out, event| out.text(event.as_str()));
    }
    let (bits, ways, at) = looker.told;
    put_bits(out, bits);
    out.u8(u8::try_from(ways).unwrap_or(u8::MAX));
    out.time(at);
}

fn looker(fields: &mut SnapshotReader<'_>) -> Read<Looker> {
    let mut looker = Looker { habit: habit(fields)?, ..Looker::default() };
    for sight in &mut looker.sights {
        let (bits, things, last) = (bits(fields)?, fields.f64()?, fields.time()?);
        if !things.is_finite() {
            return Err(INVALID);
        }
        *sight = Sight { bits, things, last, events: all(fields, 8, event)? };
    }
    looker.told = (bits(fields)?, usize::from(fields.u8()?), fields.time()?);
    Ok(looker)
}

fn put_touched(out: &mut SnapshotWriter, touched: &BTreeMap<u64, Vec<u64>>) {
    put_all(out, touched.iter(), |out, (thing, who)| {
        out.u64(*thing);
        put_all(out, who.iter(), |out, one| out.u64(*one));
    });
}

fn touched(fields: &mut SnapshotReader<'_>) -> Read<BTreeMap<u64, Vec<u64>>> {
    all(fields, 16, |fields| Ok((fields.u64()?, all(fields, 8, SnapshotReader::u64)?)))
}

impl Forget for Intent {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let hash = entity.hash64();
        let mut known = false;
        for touched in [&mut self.touched, &mut self.touched_before] {
            for who in touched.values_mut() {
                known |= who.contains(&hash);
                who.retain(|other| *other != hash);
            }
            touched.retain(|_, who| !who.is_empty());
        }
        for showing in &mut self.showing {
            showing.retain(|(other, _)| *other != hash);
        }
        self.lookers.remove(entity).is_some()
            | self.expected.remove(entity)
            | self.doers.forget(entity)
            | known
    }
}
