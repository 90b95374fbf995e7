//! The model as versioned bytes: settings, positions, columns, and the tables' cells that are not empty.

use super::bursts::Bursts;
use super::column::Column;
use super::contexts::Contexts;
use super::ranks::Ranks;
use super::{Record, RecordConfig, RecordLearning, RecordModel};
use crate::varint::{Fields, put};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

const MAGIC: [u8; 4] = *b"HREC";
const VERSION: u16 = 2;

const RULES: [RecordLearning; 4] = [
    RecordLearning::Guarded,
    RecordLearning::FloodLimited,
    RecordLearning::Gated,
    RecordLearning::Everything,
];

impl RecordModel {
    pub(super) fn snapshot(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.u64(self.config.table_seed);
        out.u32(self.config.tick);
        let rule = RULES.iter().position(|rule| *rule == self.config.learning);
        out.u8(rule.and_then(|rule| u8::try_from(rule).ok()).unwrap_or(0));
        out.positions(&self.seen);
        out.u64(self.records);
        out.u64(self.refused);
        let mut body = Vec::new();
        put(&mut body, self.columns.len() as u64);
        for column in &self.columns {
            column.write(&mut body);
        }
        self.contexts.write(&mut body);
        self.bursts.write(&mut body);
        for ranks in &self.ranks {
            ranks.write(&mut body);
        }
        out.bytes(&body);
        out.finish()
    }

    pub(super) fn restored(bytes: &[u8]) -> Result<Self, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "settings" };
        let mut fields = SnapshotReader::open(bytes, MAGIC, 1..=VERSION)?;
        let (table_seed, tick) = (fields.u64()?, fields.u32()?);
        let learning = RULES.get(usize::from(fields.u8()?)).copied().ok_or(INVALID)?;
        let config = RecordConfig { table_seed, tick, learning }.check().map_err(|_| INVALID)?;
        let mut read = Self { seen: fields.positions()?, ..Self::of(config) };
        (read.records, read.refused) = (fields.u64()?, fields.u64()?);
        let version = fields.version();
        read.read_body(&mut Fields(fields.bytes()?), version)?;
        fields.finish()?;
        Ok(read)
    }

    fn read_body(&mut self, body: &mut Fields<'_>, version: u16) -> Result<(), SnapshotError> {
        for _ in 0..body.count(Record::COLUMNS)? {
            self.columns.push(Column::read(body, version)?);
        }
        self.contexts = Contexts::read(body)?;
        self.bursts = Bursts::read(body)?;
        for ranks in &mut self.ranks {
            *ranks = Ranks::read(body)?;
        }
        body.finish()
    }
}
