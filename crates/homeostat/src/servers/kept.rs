//! What is known of servers, as bytes, and how one of them is cleared from it.

use super::{CALL, CHILD, Done, Habit, Servers};
use crate::written::{all, bits, one_of, put_all, put_bits, put_one_of};
use homeostat_core::{EntityKey, Forget, Keep, SnapshotError, SnapshotReader, SnapshotWriter, xxh64};

const MAGIC: [u8; 4] = *b"SERV";
const VERSION: u16 = 1;

/// The kinds of firsts, in the order of their numbers in a snapshot.
const KINDS: [&str; 2] = [CHILD.0, CALL.0];

type Read<T> = Result<T, SnapshotError>;

impl Keep for Servers {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.habits.iter(), |out, ((host, by), habit)| {
            out.text(host);
            out.text(by);
            put_habit(out, habit);
        });
        put_all(&mut out, self.hosts.iter(), |out, (thing, hosts)| {
            out.u64(*thing);
            put_all(out, hosts.iter(), |out, host| out.u64(*host));
        });
        put_all(&mut out, self.serving.iter(), SnapshotWriter::key);
        put_all(&mut out, self.machines.iter(), |out, (address, (host, about))| {
            out.text(address);
            out.text(host);
            out.key(about);
        });
        put_all(&mut out, self.firsts.iter(), |out, (host, (kind, bits, at))| {
            out.text(host);
            put_one_of(out, &KINDS, kind);
            put_bits(out, *bits);
            out.u64(at.cast_unsigned());
        });
        put_all(&mut out, self.changes.iter(), |out, (name, at)| {
            out.text(name);
            out.u64(at.cast_unsigned());
        });
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let habits = all(&mut fields, 36, |fields| Ok(((fields.text()?, fields.text()?), habit(fields)?)))?;
        let hosts = all(&mut fields, 16, |fields| Ok((fields.u64()?, all(fields, 8, SnapshotReader::u64)?)))?;
        let serving = all(&mut fields, 17, SnapshotReader::key)?;
        let machines = all(&mut fields, 33, |fields| Ok((fields.text()?, (fields.text()?, fields.key()?))))?;
        let firsts = all(&mut fields, 25, |fields| {
            let (host, kind) = (fields.text()?, one_of(fields, &KINDS)?);
            Ok((host, (kind, bits(fields)?, moment(fields)?)))
        })?;
        let changes = all(&mut fields, 16, |fields| Ok((fields.text()?, moment(fields)?)))?;
        fields.finish()?;
        *self = Self { habits, hosts, serving, machines, firsts, changes };
        Ok(())
    }
}

fn put_habit(out: &mut SnapshotWriter, habit: &Habit) {
    out.u64(habit.first.cast_unsigned());
    out.u32(habit.firsts);
    put_all(out, habit.done.iter(), |out, (thing, done)| {
        out.u64(*thing);
        out.u64(done.last.cast_unsigned());
        out.u32(done.days);
        put_bits(out, done.odd);
    });
}

fn habit(fields: &mut SnapshotReader<'_>) -> Read<Habit> {
    let (first, firsts) = (moment(fields)?, fields.u32()?);
    let done = all(fields, 28, |fields| {
        let (thing, last, days) = (fields.u64()?, moment(fields)?, fields.u32()?);
        Ok((thing, Done { last, days, odd: bits(fields)? }))
    })?;
    Ok(Habit { first, firsts, done })
}

/// Microseconds since 1970.
fn moment(fields: &mut SnapshotReader<'_>) -> Read<i64> {
    Ok(fields.u64()?.cast_signed())
}

impl Forget for Servers {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let name = entity.value().to_ascii_lowercase();
        let hash = xxh64(name.as_bytes());
        let mut known = self.serving.remove(entity);
        let before = (self.habits.len(), self.machines.len());
        self.habits.retain(|(host, _), _| *host != name);
        self.machines
            .retain(|address, (host, about)| address != entity.value() && *host != name && about != entity);
        for hosts in self.hosts.values_mut() {
            known |= hosts.remove(&hash);
        }
        self.hosts.retain(|_, hosts| !hosts.is_empty());
        known |= self.firsts.remove(&name).is_some() | self.changes.remove(&name).is_some();
        known || before != (self.habits.len(), self.machines.len())
    }
}
