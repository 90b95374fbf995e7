//! The baseline as versioned bytes: settings, positions, time, cohorts, and entities in the order of their keys.

use crate::baseline::{Baseline, Stats};
use crate::calendar::LocalTime;
use crate::cohort::{Cohort, Profile};
use crate::cold::Cold;
use crate::config::Config;
use crate::entity::Entity;
use crate::varint::Fields;
use homeostat_core::{EntityKey, SnapshotError, SnapshotReader, SnapshotWriter};
use std::collections::BTreeMap;
use std::time::Duration;

const MAGIC: [u8; 4] = *b"HBAS";
const VERSION: u16 = 4;
/// The first version knew no days and no cold stores, the second no trials, the third took first days for whole ones.
const OLDEST: u16 = 1;

impl Baseline {
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        write_config(&mut out, &self.config);
        out.positions(&self.seen);
        for number in [self.high, self.open_from, self.start, self.today] {
            out.u64(number.cast_unsigned());
        }
        out.len(self.ahead.len());
        for time in &self.ahead {
            out.u64(time.cast_unsigned());
        }
        let Stats { late, future, evicted, cut, .. } = self.stats;
        for count in [late, future, evicted, cut] {
            out.u64(count);
        }
        self.write_cohorts(&mut out);
        let sorted: BTreeMap<&EntityKey, &Entity> = self.entities.iter().collect();
        out.len(sorted.len());
        for (key, entity) in sorted {
            out.key(key);
            let mut body = Vec::new();
            entity.write(&mut body);
            out.bytes(&body);
        }
        out.len(self.cold.len());
        for (key, cold) in &self.cold {
            out.key(key);
            let mut body = Vec::new();
            cold.write(&mut body);
            out.bytes(&body);
        }
        out.finish()
    }

    fn write_cohorts(&self, out: &mut SnapshotWriter) {
        out.len(self.cohorts.len());
        for (id, cohort) in &self.cohorts {
            out.u64(*id);
            out.u32(cohort.members);
            let mut body = Vec::new();
            cohort.profile.write(&mut body);
            out.bytes(&body);
        }
    }

    pub(crate) fn restored(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, OLDEST..=VERSION)?;
        let mut read = Self::of(read_config(&mut fields)?);
        read.seen = fields.positions()?;
        read.high = fields.u64()?.cast_signed();
        read.open_from = fields.u64()?.cast_signed();
        read.start = fields.u64()?.cast_signed();
        if fields.version() > 1 {
            read.today = fields.u64()?.cast_signed();
        }
        for _ in 0..fields.len(8)? {
            read.ahead.push(fields.u64()?.cast_signed());
        }
        let stats = &mut read.stats;
        for count in [&mut stats.late, &mut stats.future, &mut stats.evicted, &mut stats.cut] {
            *count = fields.u64()?;
        }
        read.read_cohorts(&mut fields)?;
        read.read_entities(&mut fields)?;
        if fields.version() > 1 {
            read.read_cold(&mut fields)?;
        }
        fields.finish()?;
        Ok(read)
    }

    fn read_cohorts(&mut self, fields: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        for _ in 0..fields.len(20)? {
            let (id, members) = (fields.u64()?, fields.u32()?);
            let mut body = Fields(fields.bytes()?);
            let cohort = Cohort { members, profile: Profile::read(&mut body)? };
            body.finish()?;
            let rising = self.cohorts.last_key_value().is_none_or(|(last, _)| *last < id);
            if !rising {
                return Err(SnapshotError::Invalid { field: "groups" });
            }
            self.cohorts.insert(id, cohort);
        }
        Ok(())
    }

    fn read_cold(&mut self, fields: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        for _ in 0..fields.len(25)? {
            let key = fields.key()?;
            if self.cold.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(SnapshotError::Invalid { field: "cold stores" });
            }
            self.cold.insert(key, Cold::read(fields.bytes()?)?);
        }
        Ok(())
    }

    fn read_entities(&mut self, fields: &mut SnapshotReader<'_>) -> Result<(), SnapshotError> {
        let mut last = None;
        for _ in 0..fields.len(25)? {
            let key = fields.key()?;
            let entity = Entity::read(fields.bytes()?, fields.version())?;
            if last.as_ref().is_some_and(|last| *last >= key) {
                return Err(SnapshotError::Invalid { field: "entities" });
            }
            for tick in entity.open_ticks() {
                self.due.entry(tick).or_default().push(key.clone());
            }
            self.bytes = self.bytes.saturating_add(entity.weight());
            self.entities.insert(key.clone(), entity);
            last = Some(key);
        }
        Ok(())
    }
}

fn write_config(out: &mut SnapshotWriter, config: &Config) {
    out.u64(config.table_seed);
    out.len(config.local_time.entries().len());
    for (from, minutes) in config.local_time.entries() {
        out.time(*from);
        out.u32(minutes.cast_unsigned());
    }
    out.u64(config.memory);
    out.u64(config.first_day.as_secs());
    out.u32(config.first_day.subsec_nanos());
    out.f64(config.silence_bits);
}

fn read_config(fields: &mut SnapshotReader<'_>) -> Result<Config, SnapshotError> {
    const INVALID: SnapshotError = SnapshotError::Invalid { field: "settings" };
    let table_seed = fields.u64()?;
    let mut offsets = Vec::new();
    for _ in 0..fields.len(12)? {
        offsets.push((fields.time()?, fields.u32()?.cast_signed()));
    }
    let local_time = LocalTime::new(&offsets).map_err(|_| INVALID)?;
    let memory = fields.u64()?;
    let (seconds, nanos) = (fields.u64()?, fields.u32()?);
    if nanos >= 1_000_000_000 {
        return Err(INVALID);
    }
    let first_day = Duration::new(seconds, nanos);
    let config = Config { table_seed, local_time, memory, first_day, silence_bits: fields.f64()? };
    config.check().map_err(|_| INVALID)
}
