//! The estate as bytes, and how somebody is cleared from it. The graph follows from the inventory and is not written.

use super::Estate;
use crate::upkeep::Upkeep;
use crate::written::{maybe, put_maybe};
use homeostat_core::{EntityKey, Forget, SnapshotError, SnapshotReader, SnapshotWriter, State as _};
use homeostat_graph::{Inventory, Touched};
use std::collections::BTreeSet;

impl Estate {
    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        out.bytes(&self.inventory.to_bytes());
        put_maybe(out, self.upkeep.as_ref(), |out, upkeep| upkeep.write(out));
        out.u64(self.unclear);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let estate = Self::new(Inventory::from_bytes(fields.bytes()?)?);
        let upkeep = maybe(fields, Upkeep::read)?;
        Ok(Self { upkeep, unclear: fields.u64()?, ..estate })
    }
}

impl Forget for Estate {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let known = self.inventory.forget(entity);
        if known {
            let touched = Touched { objects: BTreeSet::from([entity.clone()]) };
            self.graph.update(&self.inventory, &touched);
        }
        self.upkeep.as_mut().is_some_and(|upkeep| upkeep.forget(entity)) | known
    }
}
