//! What a response is planned against: a plain summary that neither incident nor graph types enter.

use crate::{Bits, EntityKey, EventRef, Role, Stage, Technique, TenantId, Timestamp};

/// A threat in plain words: who is involved, how far it has come, by what, and how sure that is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Threat {
    /// The id of the incident or finding it comes from.
    pub id: String,
    /// Whose data this is.
    pub tenant: TenantId,
    /// When it was last seen to act.
    pub time: Timestamp,
    /// Evidence in all.
    pub bits: Bits,
    /// How sure it is that this is hostile, in `0.0..=1.0`.
    pub confidence: f64,
    /// Whoever takes part, each with the part played.
    pub entities: Vec<(EntityKey, Role)>,
    /// The stages seen, in order of first sight.
    pub stages: Vec<Stage>,
    /// The techniques seen, in order of first sight.
    pub techniques: Vec<Technique>,
    /// The events behind it.
    pub evidence: Vec<EventRef>,
}

impl Threat {
    /// A threat of `bits` at `time`, with nobody in it yet; the confidence is that of the bits.
    pub fn new(id: &str, tenant: TenantId, time: Timestamp, bits: Bits) -> Self {
        Self {
            id: id.to_owned(),
            tenant,
            time,
            bits,
            confidence: bits.risk(),
            entities: Vec::new(),
            stages: Vec::new(),
            techniques: Vec::new(),
            evidence: Vec::new(),
        }
    }
}
