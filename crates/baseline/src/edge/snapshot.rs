//! The edge model as versioned bytes: only cells that hold something are written.

use super::{Cost, EdgeModel};
use crate::Pool;
use crate::varint::Fields;
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

const MAGIC: [u8; 4] = *b"HEDG";
const VERSION: u16 = 1;

impl EdgeModel {
    pub(super) fn snapshot(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.u64(self.seed.0);
        out.positions(&self.positions);
        out.u32(self.tick);
        out.u64(self.second.cast_unsigned());
        out.f64(self.cost.sum);
        out.u64(self.cost.count);
        let mut rarities = Vec::new();
        self.rarities.write(&mut rarities);
        out.bytes(&rarities);
        for sketch in [&self.pairs, &self.sources, &self.destinations, &self.reached, &self.reaching] {
            sketch.write(&mut out);
        }
        out.finish()
    }

    pub(super) fn restored(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let mut read = Self::new(fields.u64()?);
        read.positions = fields.positions()?;
        read.tick = fields.u32()?;
        read.second = fields.u64()?.cast_signed();
        read.cost = Cost { sum: fields.f64()?, count: fields.u64()? };
        if !(0.0..1e300).contains(&read.cost.sum) {
            return Err(SnapshotError::Invalid { field: "cost" });
        }
        let mut rarities = Fields(fields.bytes()?);
        read.rarities = Pool::read(&mut rarities)?;
        rarities.finish()?;
        let Self { tick, pairs, sources, destinations, reached, reaching, .. } = &mut read;
        for sketch in [pairs, sources, destinations, reached, reaching] {
            sketch.read(&mut fields, *tick)?;
        }
        fields.finish()?;
        read.horizon = super::sketch::horizon(read.tick);
        Ok(read)
    }
}
