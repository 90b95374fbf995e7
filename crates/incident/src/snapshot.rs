//! The bytes of an investigator: set-up, positions, what waits, what was learnt, incidents.

use crate::act::{self, Act};
use crate::ledger::Ledger;
use crate::settings::{AlertBudget, InvestigatorBuilder, Limits};
use crate::story::Story;
use crate::{Investigator, Prior, Stats};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter, TenantId, Value};
use std::time::Duration;

const MAGIC: [u8; 4] = *b"HSIN";
const VERSION: u16 = 2;
/// The oldest version still read.
const OLDEST: u16 = 1;

impl Investigator {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        self.setup.write(&mut out);
        out.positions(&self.positions);
        out.text(self.tenant.as_ref().map_or("", TenantId::as_str));
        for time in [self.high, self.ahead, self.ticked, self.watermark, self.clock, self.bin] {
            out.u64(time.unwrap_or(i64::MIN).cast_unsigned());
        }
        out.len(self.waiting.len());
        self.waiting.acts().for_each(|act| act.write(&mut out));
        self.ledger.write(&mut out);
        out.len(self.stories.len());
        for (id, story) in &self.stories {
            out.u64(*id);
            story.write(&mut out);
        }
        for count in self.stats.counts() {
            out.u64(count);
        }
        out.finish()
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, OLDEST..=VERSION)?;
        let mut read = Self::with(InvestigatorBuilder::read(&mut fields)?);
        read.positions = fields.positions()?;
        let tenant = fields.text()?;
        if !tenant.is_empty() {
            read.tenant =
                Some(TenantId::new(&tenant).map_err(|_| SnapshotError::Invalid { field: "tenant" })?);
        }
        let mut time = || Ok(Some(fields.u64()?.cast_signed()).filter(|time| *time != i64::MIN));
        (read.high, read.ahead, read.ticked) = (time()?, time()?, time()?);
        (read.watermark, read.clock, read.bin) = (time()?, time()?, time()?);
        for act in act::read_all(&mut fields, 60, Act::read)? {
            read.waiting.insert(act);
        }
        read.ledger = Ledger::read(&mut fields)?;
        for _ in 0..fields.len(100)? {
            read.stories.insert(fields.u64()?, Story::read(&mut fields)?);
        }
        read.stats = Stats::read(&mut fields)?;
        fields.finish()?;
        read.reindex()
    }

    fn reindex(mut self) -> Result<Self, SnapshotError> {
        let known = |story: &Story| story.episodes.keys().all(|at| self.ledger.episodes.contains_key(at));
        let in_story = |id: Option<u64>| id.is_none_or(|id| self.stories.contains_key(&id));
        if !self.stories.values().all(known) || !self.ledger.episodes.values().all(|e| in_story(e.story)) {
            return Err(SnapshotError::Invalid { field: "incident" });
        }
        for (id, story) in &self.stories {
            for member in story.members.keys() {
                self.by_member.entry(*member).or_default().insert(*id);
            }
        }
        Ok(self)
    }
}

impl InvestigatorBuilder {
    fn write(&self, out: &mut SnapshotWriter) {
        out.f64(self.threshold);
        out.f64(self.early_threshold);
        out.f64(self.budget.incidents());
        self.prior.cells().for_each(|cell| out.f64(cell));
        out.len(self.values.len());
        for (key, value) in &self.values {
            out.key(key);
            out.u8(value.get());
        }
        out.u64(u64::try_from(self.lateness.as_micros()).unwrap_or(u64::MAX));
        let Limits { episodes, hops, days, entities, loose_episodes, incidents } = self.limits;
        for count in [episodes, usize::from(hops), days as usize, entities, loose_episodes, incidents] {
            out.len(count);
        }
    }

    fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "set-up" };
        let (threshold, early_threshold) = (fields.f64()?, fields.f64()?);
        let budget = AlertBudget::per_1000_entities_per_week(fields.f64()?);
        let prior = Prior::of_cells(|| fields.f64().ok()).ok_or(INVALID)?;
        let values = act::read_all(fields, 18, |fields| Ok((fields.key()?, Value::new(fields.u8()?))))?;
        let lateness = Duration::from_micros(fields.u64()?);
        let mut count = || fields.u64().and_then(|count| usize::try_from(count).map_err(|_| INVALID));
        let limits = Limits {
            episodes: count()?,
            hops: u8::try_from(count()?).map_err(|_| INVALID)?,
            days: u32::try_from(count()?).map_err(|_| INVALID)?,
            entities: count()?,
            loose_episodes: count()?,
            incidents: count()?,
        };
        let values = values.into_iter().collect();
        let setup = Self { threshold, early_threshold, budget, prior, values, lateness, limits };
        setup.check().map_err(|_| INVALID)?;
        Ok(setup)
    }
}

impl Stats {
    fn counts(&self) -> [u64; 6] {
        [self.signals, self.late, self.duplicates, self.ahead, self.opened, self.evicted_incidents]
    }

    fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        Ok(Self {
            signals: fields.u64()?,
            late: fields.u64()?,
            duplicates: fields.u64()?,
            ahead: fields.u64()?,
            opened: fields.u64()?,
            evicted_incidents: fields.u64()?,
            ..Self::default()
        })
    }
}
