//! What is remembered of families, as bytes, and how somebody is cleared from it.

use super::{Earlier, Family, Kin, Lineage};
use crate::written::{all, flag, occurrence, put_all, put_flag, put_occurrence};
use homeostat_core::{EntityKey, Forget, Keep, SnapshotError, SnapshotReader, SnapshotWriter};

const MAGIC: [u8; 4] = *b"LINE";
const VERSION: u16 = 1;

type Read<T> = Result<T, SnapshotError>;

impl Keep for Lineage {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.families.iter(), |out, (number, family)| {
            out.len(*number);
            put_family(out, family);
        });
        out.len(self.next);
        put_all(&mut out, self.kin.iter(), |out, ((host, id), kin)| {
            out.text(host);
            out.text(id);
            out.len(kin.family);
            put_flag(out, kin.taken_over);
            out.time(kin.since);
        });
        put_all(&mut out, self.came.iter(), |out, ((host, file), earlier)| {
            out.text(host);
            out.text(file);
            put_all(out, earlier.iter(), put_earlier);
        });
        put_all(&mut out, self.called.iter(), |out, ((host, address), earlier)| {
            out.text(host);
            out.key(address);
            put_all(out, earlier.iter(), put_earlier);
        });
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let families = all(&mut fields, 50, |fields| Ok((number(fields)?, family(fields)?)))?;
        let next = number(&mut fields)?;
        let kin = all(&mut fields, 33, |fields| Ok(((fields.text()?, fields.text()?), kin(fields)?)))?;
        let came = all(&mut fields, 24, |fields| {
            Ok(((fields.text()?, fields.text()?), all(fields, EARLIER, earlier)?))
        })?;
        let called = all(&mut fields, 33, |fields| {
            Ok(((fields.text()?, fields.key()?), all(fields, EARLIER, earlier)?))
        })?;
        fields.finish()?;
        *self = Self { families, next, kin, came, called };
        Ok(())
    }
}

/// The fewest bytes that one earlier event takes.
const EARLIER: usize = 50;

fn put_earlier(out: &mut SnapshotWriter, earlier: &Earlier) {
    put_occurrence(out, &earlier.occurrence);
    out.key(&earlier.party);
    out.text(&earlier.action);
}

fn earlier(fields: &mut SnapshotReader<'_>) -> Read<Earlier> {
    Ok(Earlier { occurrence: occurrence(fields)?, party: fields.key()?, action: fields.text()? })
}

fn put_family(out: &mut SnapshotWriter, family: &Family) {
    out.text(&family.host);
    out.key(&family.root);
    put_flag(out, family.system);
    put_all(out, family.files.iter(), |out, file| out.text(file));
    put_all(out, family.addresses.iter(), SnapshotWriter::key);
}

fn family(fields: &mut SnapshotReader<'_>) -> Read<Family> {
    let (host, root, system) = (fields.text()?, fields.key()?, flag(fields)?);
    let files = all(fields, 8, SnapshotReader::text)?;
    Ok(Family { host, root, system, files, addresses: all(fields, 17, SnapshotReader::key)? })
}

fn kin(fields: &mut SnapshotReader<'_>) -> Read<Kin> {
    Ok(Kin { family: number(fields)?, taken_over: flag(fields)?, since: fields.time()? })
}

/// A number of a family: no count of what follows.
fn number(fields: &mut SnapshotReader<'_>) -> Read<usize> {
    usize::try_from(fields.u64()?).map_err(|_| SnapshotError::Invalid { field: "family" })
}

impl Forget for Lineage {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let before = (self.came.len(), self.called.len(), self.families.len());
        for earlier in self.came.values_mut().chain(self.called.values_mut()) {
            earlier.retain(|one| one.party != *entity);
        }
        self.came.retain(|_, earlier| !earlier.is_empty());
        self.called.retain(|(_, address), earlier| address != entity && !earlier.is_empty());
        self.families.retain(|_, family| family.root != *entity);
        let families = &self.families;
        self.kin.retain(|_, kin| families.contains_key(&kin.family));
        before != (self.came.len(), self.called.len(), self.families.len())
    }
}
