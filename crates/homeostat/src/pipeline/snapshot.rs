//! The whole as bytes, and one person cleared from the whole.
//!
//! Each room writes its own state with its own version and checksum; here they are put one behind the other. Detectors
//! go by their names: one that came later begins anew, and one that is missing is an error, as its memory would be lost
//! without a word. O(state).

use super::{Pipeline, Stats};
use crate::estate::Estate;
use crate::lookup::Lookups;
use crate::sight::Sight;
use crate::surprise::Surprise;
use crate::trace;
use crate::upkeep::incident;
use crate::written::{all, put_all, put_shown, tenant};
use homeostat_core::{
    EntityKey, Forget, Keep as _, SnapshotError, SnapshotReader, SnapshotWriter, State as _,
};
use homeostat_identity::Directory;
use homeostat_incident::{Investigator, RiskBook, WatchBook};
use std::collections::BTreeSet;

const MAGIC: [u8; 4] = *b"HOME";
const VERSION: u16 = 1;

impl Pipeline {
    /// All that is known, as versioned bytes with a checksum. Equal pipelines give equal bytes.
    ///
    /// Of a detector that [`Pipeline::with_detector`] added nothing is kept. What is in the bytes is as secret as the
    /// events were.
    ///
    /// ```
    /// use homeostat::Pipeline;
    /// use homeostat_core::TenantId;
    ///
    /// let pipeline = Pipeline::new(TenantId::new("acme")?);
    /// let bytes = pipeline.to_bytes();
    /// assert_eq!(Pipeline::from_bytes(&bytes)?.to_bytes(), bytes);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        out.text(self.tenant.as_str());
        out.bytes(&self.directory.to_bytes());
        out.bytes(&self.investigator.to_bytes());
        out.bytes(&self.risk.to_bytes());
        self.estate.write(&mut out);
        self.surprise.write(&mut out);
        out.bytes(&self.reflex.keep());
        self.sight.write(&mut out);
        self.lookups.write(&mut out);
        out.bytes(&self.intent.keep());
        out.bytes(&self.watches.to_bytes());
        put_all(&mut out, self.mended.iter(), put_shown);
        out.u64(self.next_event);
        out.u64(self.next_signal);
        out.u64(self.next_intel);
        out.time(self.heard);
        out.time(self.told);
        for count in [self.stats.events, self.stats.signals, self.stats.foreign, self.stats.untold] {
            out.u64(count);
        }
        let kept: Vec<(&str, Vec<u8>)> =
            self.detectors.iter().filter_map(|room| Some((room.detector().name(), room.keep()?))).collect();
        put_all(&mut out, kept.into_iter(), |out, (name, bytes)| {
            out.text(name);
            out.bytes(&bytes);
        });
        let bytes = out.finish();
        trace::written(&self.tenant, bytes.len());
        bytes
    }

    /// The pipeline that gave `bytes`, with the detectors of this crate.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::restored`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        Self::new(tenant(&mut fields)?).restored(bytes)
    }

    /// The pipeline that gave `bytes`, with the detectors of this one: a vendor's own are code, and come with it.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when the bytes are no whole snapshot of a known version, are another tenant's, or hold the
    /// memory of a detector that is not here.
    pub fn restored(self, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let tenant = self.tenant.clone();
        let restored = self.read(bytes);
        match &restored {
            Ok(_) => trace::restored(&tenant, bytes.len()),
            Err(cause) => trace::refused(&tenant, cause),
        }
        restored
    }

    fn read(mut self, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        if tenant(&mut fields)? != self.tenant {
            return Err(SnapshotError::Invalid { field: "tenant" });
        }
        self.directory = Directory::from_bytes(fields.bytes()?)?;
        self.investigator = Investigator::from_bytes(fields.bytes()?)?;
        self.risk = RiskBook::from_bytes(fields.bytes()?)?;
        self.estate = Estate::read(&mut fields)?;
        self.surprise = Surprise::read(&mut fields)?;
        self.reflex.recall(fields.bytes()?)?;
        self.sight = Sight::read(&mut fields)?;
        self.lookups = Lookups::read(&mut fields)?;
        self.intent.recall(fields.bytes()?)?;
        self.watches = WatchBook::from_bytes(fields.bytes()?)?;
        self.mended = all(&mut fields, 8, incident)?;
        (self.next_event, self.next_signal, self.next_intel) = (fields.u64()?, fields.u64()?, fields.u64()?);
        (self.heard, self.told) = (fields.time()?, fields.time()?);
        self.stats = read_stats(&mut fields)?;
        for _ in 0..fields.len(16)? {
            let (name, memory) = (fields.text()?, fields.bytes()?);
            let room = self.detectors.iter_mut().find(|room| room.detector().name() == name);
            room.ok_or(SnapshotError::Invalid { field: "detector" })?.recall(memory)?;
        }
        fields.finish()?;
        Ok(self)
    }
}

fn read_stats(fields: &mut SnapshotReader<'_>) -> Result<Stats, SnapshotError> {
    Ok(Stats {
        events: fields.u64()?,
        signals: fields.u64()?,
        foreign: fields.u64()?,
        untold: fields.u64()?,
        // The reflex counts these.
        missed: 0,
    })
}

impl Pipeline {
    /// Clears one name from every room but the directory.
    fn clear(&mut self, name: &EntityKey) -> bool {
        let known = self.estate.forget(name)
            | self.surprise.forget(name)
            | self.risk.forget(name)
            | self.reflex.forget(name)
            | self.intent.forget(name)
            | self.lookups.forget(name)
            | self.watches.forget(name)
            | self.investigator.forget(name);
        self.detectors.iter_mut().fold(known, |known, room| room.forget(name) | known)
    }
}

impl Forget for Pipeline {
    /// Clears a person from every room: under every identifier that ever was one with `entity`, with the sessions and
    /// credentials that acted for it. A detector that [`Pipeline::with_detector`] added is not asked.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let mut names: BTreeSet<EntityKey> = self.directory.whole(entity).into_iter().collect();
        names.insert(entity.clone());
        // A source that does not tell whose name it is names people without the tenant; rooms keep it as it came.
        let unscoped = |key: &EntityKey| EntityKey::new(key.kind(), EntityKey::UNSCOPED, key.value()).ok();
        let bare: Vec<EntityKey> = names.iter().filter_map(unscoped).collect();
        names.extend(bare);
        let mut known = false;
        for name in &names {
            known |= self.clear(name);
        }
        known |= self.directory.forget(entity);
        // What was open about the person holds no incident open any more.
        let mut updates = Vec::new();
        self.halves(&mut updates);
        known
    }
}
