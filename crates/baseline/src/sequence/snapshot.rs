//! The model of sequences as versioned bytes: settings, positions, and entities in the order of their keys.
//!
//! Groups are sums of their members and profiles follow from their passages: neither is written.

use super::SequenceModel;
use super::config::SequenceConfig;
use super::history::is_bucket;
use super::member::Member;
use super::passage::Passage as Given;
use super::remembered::{Passage, Remembered};
use super::transitions::{Transitions, WHOLE};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

const MAGIC: [u8; 4] = *b"HSEQ";
const VERSION: u16 = 1;

const INVALID: SnapshotError = SnapshotError::Invalid { field: "sequence" };

impl SequenceModel {
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        let config = &self.config;
        out.u64(config.table_seed);
        out.len(config.order);
        out.len(config.places);
        out.len(config.remembered);
        out.u64(config.memory);
        out.positions(&self.seen);
        out.u64(self.evicted);
        out.len(self.entities.len());
        for (key, member) in &self.entities {
            out.key(key);
            write_member(&mut out, member);
        }
        out.finish()
    }

    pub(crate) fn restored(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let config = read_config(&mut fields)?;
        let mut model = Self::of(config);
        model.seen = fields.positions()?;
        model.evicted = fields.u64()?;
        for _ in 0..fields.len(25)? {
            let key = fields.key()?;
            let rising = model.entities.last_key_value().is_none_or(|(last, _)| *last < key);
            let member = read_member(&mut fields, &model)?;
            if !rising {
                return Err(INVALID);
            }
            model.put(key, member);
        }
        fields.finish()?;
        Ok(model)
    }
}

fn read_config(fields: &mut SnapshotReader<'_>) -> Result<SequenceConfig, SnapshotError> {
    let table_seed = fields.u64()?;
    let mut size = || usize::try_from(fields.u64()?).map_err(|_| INVALID);
    let (order, places, remembered) = (size()?, size()?, size()?);
    let memory = fields.u64()?;
    SequenceConfig { table_seed, order, places, remembered, memory }.check().map_err(|_| INVALID)
}

fn write_member(out: &mut SnapshotWriter, member: &Member) {
    out.u8(u8::from(member.group.is_some()));
    out.text(member.group.as_deref().unwrap_or_default());
    member.own.write(out);
    out.u64(member.passages);
    out.len(member.scores().len());
    member.scores().for_each(|bucket| out.u32(u32::from(bucket)));
    out.u64(member.remembered.fresh);
    out.len(member.remembered.passages.len());
    for passage in &member.remembered.passages {
        out.len(passage.tags.len());
        passage.tags.iter().for_each(|tag| out.u32(*tag));
        out.u32(passage.units);
        passage.evidence.iter().for_each(|value| out.f64(*value));
    }
}

fn read_member(fields: &mut SnapshotReader<'_>, model: &SequenceModel) -> Result<Member, SnapshotError> {
    let (grouped, group) = (fields.u8()?, fields.text()?);
    if grouped > 1 || grouped == 0 && !group.is_empty() {
        return Err(INVALID);
    }
    let group = (grouped == 1).then(|| group.into());
    let mut member = Member::new(Transitions::read(model.blank(), fields)?, group);
    member.passages = fields.u64()?;
    let mut scores = Vec::new();
    for _ in 0..fields.len(4)? {
        let bucket = u16::try_from(fields.u32()?).ok().filter(|bucket| is_bucket(*bucket));
        scores.push(bucket.ok_or(INVALID)?);
    }
    member.remembered = read_remembered(fields, model.config.remembered)?;
    let sound =
        member.restore_scores(scores) && (member.group.is_none() || member.remembered.passages.is_empty());
    if sound { Ok(member) } else { Err(INVALID) }
}

fn read_remembered(fields: &mut SnapshotReader<'_>, limit: usize) -> Result<Remembered, SnapshotError> {
    let mut remembered = Remembered { fresh: fields.u64()?, ..Remembered::default() };
    for _ in 0..fields.len(36)? {
        let mut tags = Vec::new();
        for _ in 0..fields.len(4)? {
            tags.push(fields.u32()?);
        }
        let units = fields.u32()?;
        let evidence = [fields.f64()?, fields.f64()?, fields.f64()?];
        let finite = evidence.iter().all(|value| value.is_finite());
        if tags.is_empty() || tags.len() > Given::LIMIT || !(1..=WHOLE).contains(&units) || !finite {
            return Err(INVALID);
        }
        remembered.passages.push_back(Passage::new(tags, units, evidence));
    }
    if remembered.passages.len() <= limit { Ok(remembered) } else { Err(INVALID) }
}
