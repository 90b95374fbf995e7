//! The model of a series as versioned bytes.

use super::fields::{self, Numbers};
use super::{Alarm, Day, FlatLine, SeriesModel, Trail, View, Views, Week};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

const MAGIC: [u8; 4] = *b"HSER";
const VERSION: u16 = 1;

impl SeriesModel {
    pub(super) fn snapshot(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.positions(&self.seen);
        out.u64(self.count);
        fields::put(&mut out, &[self.origin, self.level, self.short_noise, self.long_noise, self.unrest]);
        fields::put(&mut out, &[self.flat.run, self.flat.chances, self.flat.went_on]);
        for trail in [&self.last, &self.fast, &self.short, &self.long] {
            trail.write(&mut out);
        }
        self.day.write(&mut out);
        self.week.write(&mut out);
        for view in self.views.all() {
            view.write(&mut out);
        }
        self.alarm.write(&mut out);
        out.finish()
    }

    pub(super) fn restored(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let mut read = Self { seen: fields.positions()?, count: fields.u64()?, ..Self::default() };
        [read.origin, read.level, read.short_noise, read.long_noise, read.unrest] = fields.numbers()?;
        let [run, chances, went_on] = fields.numbers()?;
        fields::not_negative(&[
            read.short_noise,
            read.long_noise,
            read.unrest,
            run,
            chances - went_on,
            went_on,
        ])?;
        read.flat = FlatLine { run, chances, went_on };
        for trail in [&mut read.last, &mut read.fast, &mut read.short, &mut read.long] {
            *trail = Trail::read(&mut fields)?;
        }
        read.day = Day::read(&mut fields)?;
        read.week = Week::read(&mut fields)?;
        for view in read.views.all_mut() {
            *view = View::read(&mut fields)?;
        }
        read.alarm = Alarm::read(&mut fields)?;
        fields.finish()?;
        Ok(read)
    }
}

impl Views {
    fn all(&self) -> [&View; 9] {
        [
            &self.step,
            &self.residual,
            &self.value,
            &self.season,
            &self.short_mean,
            &self.long_mean,
            &self.short_noise,
            &self.long_noise,
            &self.unrest,
        ]
    }

    fn all_mut(&mut self) -> [&mut View; 9] {
        [
            &mut self.step,
            &mut self.residual,
            &mut self.value,
            &mut self.season,
            &mut self.short_mean,
            &mut self.long_mean,
            &mut self.short_noise,
            &mut self.long_noise,
            &mut self.unrest,
        ]
    }
}
