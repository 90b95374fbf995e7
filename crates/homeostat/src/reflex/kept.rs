//! What is remembered of sign-ins, as bytes, and how somebody is cleared from it.

use super::Reflex;
use crate::spray::Spray;
use crate::written::{all, bits, event, one_of, parsed, put_all, put_bits, put_one_of, put_shown, tenant};
use homeostat_core::{
    EntityKey, Forget, Keep, Role, SnapshotError, SnapshotReader, SnapshotWriter, Stage, Technique, Threat,
};

const MAGIC: [u8; 4] = *b"RFLX";
const VERSION: u16 = 1;

type Read<T> = Result<T, SnapshotError>;

impl Keep for Reflex {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        put_all(&mut out, self.hidden.iter(), put_shown);
        self.spray.write(&mut out);
        put_all(&mut out, self.live.iter(), |out, (who, live)| {
            out.key(who);
            put_all(out, live.iter(), |out, (token, at)| {
                out.key(token);
                out.time(*at);
            });
        });
        put_all(&mut out, self.asked.iter(), |out, (who, (id, at))| {
            out.key(who);
            out.text(id);
            out.time(*at);
        });
        put_all(&mut out, self.alarms.iter(), put_threat);
        put_all(&mut out, self.calmed.iter(), |out, id| out.text(id));
        out.u64(self.missed);
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let hidden = all(&mut fields, 8, |fields| parsed(fields, "block"))?;
        let spray = Spray::read(&mut fields)?;
        let token = |fields: &mut SnapshotReader<'_>| Ok((fields.key()?, fields.time()?));
        let live = all(&mut fields, 25, |fields| Ok((fields.key()?, all(fields, 25, token)?)))?;
        let asked = all(&mut fields, 33, |fields| Ok((fields.key()?, (fields.text()?, fields.time()?))))?;
        let alarms = all(&mut fields, 64, threat)?;
        let calmed = all(&mut fields, 8, SnapshotReader::text)?;
        let missed = fields.u64()?;
        fields.finish()?;
        *self = Self { hidden, spray, live, asked, alarms, calmed, missed };
        Ok(())
    }
}

fn put_threat(out: &mut SnapshotWriter, threat: &Threat) {
    out.text(&threat.id);
    out.text(threat.tenant.as_str());
    out.time(threat.time);
    put_bits(out, threat.bits);
    out.f64(threat.confidence);
    put_all(out, threat.entities.iter(), |out, (key, role)| {
        out.key(key);
        put_one_of(out, &Role::ALL, role);
    });
    put_all(out, threat.stages.iter(), |out, stage| put_one_of(out, &Stage::ALL, stage));
    put_all(out, threat.techniques.iter(), |out, technique| out.text(technique.as_str()));
    put_all(out, threat.evidence.iter(), |out, event| out.text(event.as_str()));
}

fn threat(fields: &mut SnapshotReader<'_>) -> Read<Threat> {
    let (id, tenant, time, bits) = (fields.text()?, tenant(fields)?, fields.time()?, bits(fields)?);
    let mut threat = Threat::new(&id, tenant, time, bits);
    let confidence = Some(fields.f64()?).filter(|sure| (0.0..=1.0).contains(sure));
    threat.confidence = confidence.ok_or(SnapshotError::Invalid { field: "confidence" })?;
    threat.entities = all(fields, 18, |fields| Ok((fields.key()?, one_of(fields, &Role::ALL)?)))?;
    threat.stages = all(fields, 1, |fields| one_of(fields, &Stage::ALL))?;
    threat.techniques = all(fields, 8, technique)?;
    threat.evidence = all(fields, 8, event)?;
    Ok(threat)
}

fn technique(fields: &mut SnapshotReader<'_>) -> Read<Technique> {
    Technique::parse(&fields.text()?).ok_or(SnapshotError::Invalid { field: "technique" })
}

impl Forget for Reflex {
    /// Alarms that name the entity, and calls-off of one, are told no more: what answers them ends with its lease.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        let before = self.alarms.len() + self.calmed.len();
        self.alarms.retain(|alarm| alarm.entities.iter().all(|(key, _)| key != entity));
        // What was asked of somebody is called by the person's hash.
        let own = format!("-{:016x}-", entity.hash64());
        self.calmed.retain(|id| !id.contains(&own));
        let known = self.live.remove(entity).is_some()
            | self.asked.remove(entity).is_some()
            | self.spray.forget(entity);
        known | (before != self.alarms.len() + self.calmed.len())
    }
}
