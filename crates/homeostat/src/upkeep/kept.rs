//! Posture with what belongs to incidents as bytes, and how somebody is cleared from it.

use super::{Announced, Open, Upkeep};
use crate::written::{all, event, flag, maybe, put_all, put_flag, put_maybe, put_shown};
use homeostat_core::{EntityKey, Forget, SnapshotError, SnapshotReader, SnapshotWriter, State as _};
use homeostat_incident::IncidentId;
use homeostat_posture::{FindingId, Posture, Usage};

type Read<T> = Result<T, SnapshotError>;

impl Upkeep {
    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        out.bytes(&self.posture.to_bytes());
        out.bytes(&self.usage.to_bytes());
        put_maybe(out, self.tag.as_deref(), SnapshotWriter::text);
        put_all(out, self.announced.iter(), |out, (object, announced)| {
            out.key(object);
            out.time(announced.at);
            out.text(&announced.who);
            out.text(&announced.reason);
        });
        put_all(out, self.open.iter(), |out, (id, open)| {
            out.u64(id.get());
            put_open(out, open);
        });
        put_all(out, self.mended.iter(), put_shown);
        out.u64(self.refused);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Read<Self> {
        Ok(Self {
            posture: Posture::from_bytes(fields.bytes()?)?,
            usage: Usage::from_bytes(fields.bytes()?)?,
            tag: maybe(fields, SnapshotReader::text)?,
            announced: all(fields, 41, |fields| {
                let (object, at) = (fields.key()?, fields.time()?);
                Ok((object, Announced { at, who: fields.text()?, reason: fields.text()? }))
            })?,
            open: all(fields, 43, |fields| Ok((FindingId::from(fields.u64()?), open(fields)?)))?,
            mended: all(fields, 8, incident)?,
            refused: fields.u64()?,
            // The next change says whether it is answered for.
            answered: false,
        })
    }
}

fn put_open(out: &mut SnapshotWriter, open: &Open) {
    out.key(&open.object);
    out.text(&open.claim);
    out.text(open.evidence.as_str());
    put_flag(out, open.approved);
    put_maybe(out, open.incident, |out, id| put_shown(out, &id));
}

fn open(fields: &mut SnapshotReader<'_>) -> Read<Open> {
    Ok(Open {
        object: fields.key()?,
        claim: fields.text()?,
        evidence: event(fields)?,
        approved: flag(fields)?,
        incident: maybe(fields, incident)?,
    })
}

pub(crate) fn incident(fields: &mut SnapshotReader<'_>) -> Read<IncidentId> {
    IncidentId::parse(&fields.text()?).ok_or(SnapshotError::Invalid { field: "incident" })
}

impl Forget for Upkeep {
    /// What was open about the entity counts as mended: an incident that waited for nothing else may close.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let own = self.open.iter().filter(|(_, open)| open.object == *entity);
        let own: Vec<FindingId> = own.map(|(id, _)| *id).collect();
        for id in &own {
            self.close(*id);
        }
        let before = self.announced.len();
        self.announced.retain(|object, told| object != entity && told.who != entity.value());
        let announced = before != self.announced.len();
        self.posture.forget(entity) | self.usage.forget(entity) | announced | !own.is_empty()
    }
}
