//! A budget as versioned bytes: promise, positions, pools, and entities in the order of their keys.

use super::actor::Actor;
use super::peaks::Peaks;
use super::{Budget, MOST_A_DAY, Promise, Realised};
use crate::varint::Fields;
use homeostat_core::{EntityKey, EntityKind, SnapshotError, SnapshotReader, SnapshotWriter};
use std::collections::BTreeMap;

const MAGIC: [u8; 4] = *b"HBUD";
const VERSION: u16 = 1;

impl Budget {
    pub(super) fn snapshot(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        match self.promise {
            Promise::PerEntityDay(rate) => {
                out.u8(0);
                out.f64(rate);
            }
            Promise::PerDay(count) => {
                out.u8(1);
                out.f64(f64::from(count));
            }
        }
        out.positions(&self.seen);
        out.u64(self.hour.cast_unsigned());
        out.f64(self.credit);
        out.f64(self.fits.threshold);
        out.f64(self.fits.gain);
        out.u64(self.hours.cast_unsigned());
        write_realised(&mut out, &self.realised);
        out.len(self.recent.len());
        self.recent.iter().for_each(|told| out.u64(told.cast_unsigned()));
        write_peaks(&mut out, &self.all);
        write_peaks(&mut out, &self.scores);
        out.len(self.kinds.len());
        for (kind, peaks) in &self.kinds {
            out.u8(kind.number());
            write_peaks(&mut out, peaks);
        }
        let sorted: BTreeMap<&EntityKey, &Actor> = self.actors.iter().collect();
        out.len(sorted.len());
        for (key, actor) in sorted {
            out.key(key);
            let mut body = Vec::new();
            actor.write(&mut body);
            out.bytes(&body);
        }
        out.finish()
    }

    pub(super) fn restored(bytes: &[u8]) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "budget" };
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let (way, number) = (fields.u8()?, fields.f64()?);
        let mut read = Self::new(promise(way, number).ok_or(INVALID)?).map_err(|_| INVALID)?;
        read.seen = fields.positions()?;
        read.hour = fields.u64()?.cast_signed();
        read.credit = fields.f64()?;
        let (threshold, gain) = (fields.f64()?, fields.f64()?);
        read.hours = fields.u64()?.cast_signed();
        read.realised = read_realised(&mut fields)?;
        for _ in 0..fields.len(8)? {
            read.recent.push_back(fields.u64()?.cast_signed());
        }
        read.all = read_peaks(&mut fields)?;
        read.scores = read_peaks(&mut fields)?;
        for _ in 0..fields.len(5)? {
            let kind = EntityKind::ALL.get(usize::from(fields.u8()?)).copied().ok_or(INVALID)?;
            if read.kinds.last_key_value().is_some_and(|(last, _)| *last >= kind) {
                return Err(INVALID);
            }
            read.kinds.insert(kind, read_peaks(&mut fields)?);
        }
        read.read_actors(&mut fields)?;
        fields.finish()?;
        let most = match read.promise {
            Promise::PerEntityDay(_) => 0,
            Promise::PerDay(count) => usize::try_from(count).unwrap_or(usize::MAX),
        };
        if read.recent.len() > most {
            return Err(INVALID);
        }
        read.refit();
        // Who came since the hour began counts from the next one on.
        (read.fits.threshold, read.fits.gain) = (threshold, gain);
        Ok(read)
    }

    fn read_actors(&mut self, fields: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        let mut last: Option<EntityKey> = None;
        for _ in 0..fields.len(25)? {
            let key = fields.key()?;
            let actor = Actor::read(fields.bytes()?)?;
            if last.as_ref().is_some_and(|last| *last >= key) {
                return Err(SnapshotError::Invalid { field: "entities of a budget" });
            }
            if actor.active {
                self.active.push(key.clone());
            }
            self.actors.insert(key.clone(), actor);
            last = Some(key);
        }
        Ok(())
    }
}

fn promise(way: u8, number: f64) -> Option<Promise> {
    match way {
        0 => Some(Promise::PerEntityDay(number)),
        1 if (0.0..=MOST_A_DAY).contains(&number) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=10000")]
            let count = number as u32;
            Some(Promise::PerDay(count))
        }
        _ => None,
    }
}

fn write_realised(out: &mut SnapshotWriter, realised: &Realised) {
    out.f64(realised.entity_days);
    out.f64(realised.promised);
    for count in [realised.findings, realised.rested, realised.withheld] {
        out.u64(count);
    }
}

fn read_realised(fields: &mut SnapshotReader<'_>) -> Result<Realised, SnapshotError> {
    let (entity_days, promised) = (fields.f64()?, fields.f64()?);
    let (findings, rested, withheld) = (fields.u64()?, fields.u64()?, fields.u64()?);
    Ok(Realised { entity_days, promised, findings, rested, withheld })
}

fn write_peaks(out: &mut SnapshotWriter, peaks: &Peaks) {
    let mut body = Vec::new();
    peaks.write(&mut body);
    out.bytes(&body);
}

fn read_peaks(fields: &mut SnapshotReader<'_>) -> Result<Peaks, SnapshotError> {
    let mut body = Fields(fields.bytes()?);
    let read = Peaks::read(&mut body)?;
    body.finish()?;
    Ok(read)
}
