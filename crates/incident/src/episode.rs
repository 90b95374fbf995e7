//! Episodes: what the same entities did in the same way within one bin of ten minutes, folded into one.
//!
//! An episode keeps its first act whole and of the others time and event id, up to a limit. A second sensor's
//! word about the same thing within two seconds is a witness, not a repetition. O(log n) time a signal.

use crate::act::{self, Act};
use crate::fact::FactId;
use crate::sorted::VecSet;
use homeostat_core::{EventRef, SnapshotError, SnapshotReader, SnapshotWriter, xxh64};
use std::sync::Arc;

/// The most event ids kept of one episode; more are counted as cut. An incident's reader needs a few, its
/// scorer and its evidence export as many as memory allows.
pub(crate) const EVENTS: usize = 1_024;
/// How far apart two sensors' words about one thing lie at most, in microseconds.
const SAME_MOMENT: u64 = 2_000_000;
/// The most sensors named of one episode.
const WITNESSES: usize = 8;

/// What the same entities did in the same way within one bin.
#[derive(Clone, PartialEq)]
pub(crate) struct Episode {
    pub(crate) act: Act,
    pub(crate) fact: FactId,
    pub(crate) last: i64,
    pub(crate) count: u64,
    /// Bits, learnt or given, times criticality; 0 for what is rote.
    pub(crate) weight: f64,
    /// The most that a detector itself gave.
    pub(crate) rated: f64,
    pub(crate) events: VecSet<(i64, EventRef)>,
    pub(crate) cut: u64,
    // The sensor whose word counted last.
    spoke: Arc<str>,
    pub(crate) witnesses: VecSet<Arc<str>>,
    pub(crate) story: Option<u64>,
}

impl Episode {
    /// An episode that begins with `act`.
    pub(crate) fn new(act: Act, fact: FactId) -> Self {
        let mut episode = Self {
            last: act.time,
            fact,
            count: 0,
            weight: 0.0,
            rated: 0.0,
            events: VecSet::default(),
            cut: 0,
            spoke: Arc::default(),
            witnesses: VecSet::default(),
            story: None,
            act,
        };
        let evidence = std::mem::take(&mut episode.act.evidence);
        episode.hear(episode.last, &evidence);
        episode.act.evidence = evidence;
        episode
    }

    /// Which episode of its bin `act` belongs to: the same fact by the same entities in the same parts.
    pub(crate) fn group(act: &Act, fact: FactId) -> u64 {
        let mut parts: Vec<_> = act.who.iter().map(|p| (p.id.0, p.role as u8)).collect();
        parts.sort_unstable();
        parts.dedup();
        let mut bytes = Vec::with_capacity(5 + 5 * parts.len());
        bytes.extend_from_slice(&fact.0.to_le_bytes());
        bytes.push(act.outcome as u8);
        for (id, role) in parts {
            bytes.extend_from_slice(&id.to_le_bytes());
            bytes.push(role);
        }
        xxh64(&bytes)
    }

    /// Whether `act` is a further sensor's word about what this episode already tells.
    pub(crate) fn is_echo(&self, act: &Act) -> bool {
        self.is_echo_of(act.time, act.evidence.first().map_or("", EventRef::place))
    }

    fn is_echo_of(&self, time: i64, place: &str) -> bool {
        let near = time.abs_diff(self.last) <= SAME_MOMENT;
        self.count > 0 && near && !place.is_empty() && *place != *self.spoke
    }

    /// Takes one more act in; an echo adds a witness and no count.
    pub(crate) fn fold(&mut self, act: &Act) {
        self.hear(act.time, &act.evidence);
        for technique in &act.techniques {
            if !self.act.techniques.contains(technique) && self.act.techniques.len() < WITNESSES {
                self.act.techniques.push(technique.clone());
            }
        }
        if act.bits > self.act.bits {
            self.act.reasons.clone_from(&act.reasons);
            self.act.bits = act.bits;
        }
    }

    /// Takes in who says it, when and by which events.
    fn hear(&mut self, time: i64, evidence: &[EventRef]) {
        let place = evidence.first().map_or("", EventRef::place);
        let echo = self.is_echo_of(time, place);
        if !echo && *place != *self.spoke {
            self.spoke = self.witness(place).unwrap_or_else(|| place.into());
        }
        let known = self.witness(place).is_some();
        if !place.is_empty() && !known && self.witnesses.len() < WITNESSES {
            let place = if *self.spoke == *place { self.spoke.clone() } else { place.into() };
            self.witnesses.insert(place);
        }
        self.count = self.count.saturating_add(u64::from(!echo));
        self.last = self.last.max(time);
        for event in evidence {
            if self.events.len() < EVENTS {
                self.events.insert((time, event.clone()));
            } else {
                self.cut = self.cut.saturating_add(1);
            }
        }
    }

    fn witness(&self, place: &str) -> Option<Arc<str>> {
        self.witnesses.iter().find(|other| ***other == *place).cloned()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.events.bytes()
            + self.events.len() * 40
            + self.act.bytes()
            + self.witnesses.bytes()
            + 32
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        self.act.write(out);
        out.u32(self.fact.0);
        out.u64(self.last.cast_unsigned());
        out.u64(self.count);
        out.f64(self.weight);
        out.f64(self.rated);
        out.len(self.events.len());
        for (time, event) in &self.events {
            out.u64(time.cast_unsigned());
            out.text(event.as_str());
        }
        out.u64(self.cut);
        out.text(&self.spoke);
        out.len(self.witnesses.len());
        self.witnesses.iter().for_each(|place| out.text(place));
        out.u8(u8::from(self.story.is_some()));
        out.u64(self.story.unwrap_or(0));
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let (act, fact) = (Act::read(fields)?, FactId(fields.u32()?));
        let mut episode = Self { last: fields.u64()?.cast_signed(), ..Self::new(act, fact) };
        episode.count = fields.u64()?;
        episode.weight = act::read_weight(fields)?;
        episode.rated = act::read_weight(fields)?;
        let events = act::read_all(fields, 16, |f| Ok((f.u64()?.cast_signed(), act::read_event(f)?)))?;
        episode.events = events.into_iter().collect();
        episode.cut = fields.u64()?;
        episode.spoke = fields.text()?.into();
        let witnesses = act::read_all(fields, 8, SnapshotReader::text)?;
        episode.witnesses = witnesses.into_iter().map(Arc::from).collect();
        let in_story = fields.u8()? != 0;
        let story = fields.u64()?;
        episode.story = in_story.then_some(story);
        Ok(episode)
    }
}
