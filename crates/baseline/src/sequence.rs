//! Who types, calls or clicks like this? A model of symbol sequences per entity and peer group.
//!
//! A passage is scored by what follows what. With peers, the entity's own habits are held against theirs
//! (`contrast`); without, the passage is compared with the passages most like it (`remembered`). The score is
//! calibrated to bits by its rank among those of the group, or of the entity (`history`), so that one threshold
//! serves all. Score first, then learn: what looks like somebody else teaches little. O(order) a symbol.

mod config;
mod contrast;
mod history;
mod member;
mod passage;
mod peers;
mod remembered;
mod snapshot;
mod transitions;
mod verdict;

pub use config::{SequenceConfig, SequenceConfigError};
pub use passage::{BadPassage, Passage};
pub use transitions::Transitions;
pub use verdict::{SequenceVerdict, SymbolReason};

use contrast::Contrast;
use history::History;
use homeostat_core::{EntityKey, Forget, Observed, Position, Positions, SnapshotError, State};
use member::Member;
use peers::Peers;
use remembered::Reading;
use std::collections::BTreeMap;
use std::sync::Arc;
use transitions::WHOLE;

/// From so many bits on an entity without peers halves the trust in a passage with each bit.
const SUSPICION: f64 = 3.0;

/// The chance by its own history from which on an entity is trusted in full, whatever its peers do.
const EXCUSED: f64 = 0.25;
/// Passages of a new entity that teach in full: until then nothing is known that it could break with.
const LEARNING: u64 = 32;

/// The model of all entities and groups of one tenant.
///
/// ```
/// use homeostat_baseline::{Passage, SequenceModel};
/// use homeostat_core::{EntityKey, EntityKind, Position, State as _};
///
/// let mut model = SequenceModel::default();
/// let mut position = (0..).map(Position::at);
/// for day in 0..20 {
///     for (name, symbols) in [("ann", ["cd", "vi", "make"]), ("bob", ["ls", "mail", "exit"])] {
///         let key = EntityKey::new(EntityKind::Upn, "acme", &format!("{name}@acme.example"))?;
///         let passage = Passage::new(key, symbols).of_group("staff");
///         model.observe(position.next().ok_or("no position")?, &passage)?;
///     }
/// }
/// let ann = EntityKey::new(EntityKind::Upn, "acme", "ann@acme.example")?;
/// let own = model.score(&Passage::new(ann.clone(), ["vi", "make"]).of_group("staff"))?;
/// let odd = model.score(&Passage::new(ann, ["ls", "mail"]).of_group("staff"))?;
/// assert!(odd.bits() > own.bits());
/// println!("{}", odd.reasons()[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// When two keys become one entity, replay the passages of both under the new key: tables merge, the order of
/// scores does not.
#[derive(Clone)]
pub struct SequenceModel {
    config: SequenceConfig,
    seen: Positions,
    entities: BTreeMap<EntityKey, Member>,
    // INVARIANT: the sum of the members, see `peers`.
    groups: BTreeMap<Arc<str>, Peers>,
    bytes: u64,
    evicted: u64,
}

/// Figures of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SequenceStats {
    /// Entities that are known.
    pub entities: u64,
    /// Bytes that all of them take, with their share of the groups' tables.
    pub bytes: u64,
    /// Entities that were evicted to stay within the memory.
    pub evicted: u64,
}

/// A verdict and how much the passage may teach.
struct Judged {
    verdict: SequenceVerdict,
    trust: f64,
    reading: Option<Reading>,
}

impl SequenceModel {
    /// A model that knows nothing.
    ///
    /// # Errors
    ///
    /// [`SequenceConfigError`] for a setting out of its range.
    pub fn new(config: SequenceConfig) -> Result<Self, SequenceConfigError> {
        config.check().map(Self::of)
    }

    fn of(config: SequenceConfig) -> Self {
        let (entities, groups) = (BTreeMap::new(), BTreeMap::new());
        Self { config, seen: Positions::default(), entities, groups, bytes: 0, evicted: 0 }
    }

    /// How surprising a passage is; learns nothing. An entity that is known is held against its own group,
    /// whichever the passage names.
    ///
    /// # Errors
    ///
    /// [`BadPassage`] when it has no symbols or too many.
    pub fn score(&self, passage: &Passage) -> Result<SequenceVerdict, BadPassage> {
        passage.check()?;
        let blank = self.blank();
        Ok(self.judge(passage, &blank.tags(&passage.symbols)).verdict)
    }

    /// Figures of the model.
    pub fn stats(&self) -> SequenceStats {
        SequenceStats { entities: self.entities.len() as u64, bytes: self.bytes, evicted: self.evicted }
    }

    fn blank(&self) -> Transitions {
        Transitions::new(self.config.table_seed, self.config.order)
    }

    fn judge(&self, passage: &Passage, tags: &[u32]) -> Judged {
        let new = || Member::new(self.blank(), passage.group.clone());
        let (member, unknown);
        if let Some(known) = self.entities.get(&passage.entity) {
            member = known;
        } else {
            unknown = new();
            member = &unknown;
        }
        let no_peers = || Peers::new(self.blank());
        match &member.group {
            None => alone(member, passage, tags),
            Some(group) => match self.groups.get(group) {
                Some(peers) => among(member, peers, passage, tags),
                None => among(member, &no_peers(), passage, tags),
            },
        }
    }

    /// Brings the entity into the group that the passage names.
    fn place(&mut self, passage: &Passage) {
        let stays = self.entities.get(&passage.entity).is_some_and(|member| member.group == passage.group);
        if stays {
            return;
        }
        let mut member = self.take(&passage.entity).unwrap_or_else(|| Member::new(self.blank(), None));
        member.change_to(passage.group.clone());
        self.put(passage.entity.clone(), member);
    }

    /// Takes an entity out, and out of its group.
    fn take(&mut self, entity: &EntityKey) -> Option<Member> {
        let member = self.entities.remove(entity)?;
        self.bytes = self.bytes.saturating_sub(member.weight());
        if let Some(group) = &member.group
            && let Some(peers) = self.groups.get_mut(group)
        {
            peers.leave(&member);
            if peers.is_empty() {
                self.groups.remove(group);
            }
        }
        Some(member)
    }

    fn put(&mut self, entity: EntityKey, member: Member) {
        self.bytes = self.bytes.saturating_add(member.weight());
        if let Some(group) = &member.group {
            let blank = self.blank();
            self.groups.entry(group.clone()).or_insert_with(|| Peers::new(blank)).join(&member);
        }
        self.entities.insert(entity, member);
    }

    fn learn(&mut self, passage: &Passage, tags: Vec<u32>, judged: Judged) {
        let Some(member) = self.entities.get_mut(&passage.entity) else { return };
        let new = member.passages < LEARNING;
        let units = if passage.trusted || new { WHOLE } else { units(judged.trust) };
        let before = member.weight();
        let mut peers = member.group.as_ref().and_then(|group| self.groups.get_mut(group));
        if let Some(peers) = &mut peers {
            peers.learn(member, &tags, units);
        }
        member.own.learn_tags(&tags, units);
        // What is likely somebody else's tells nothing of how the entity's own passages score.
        if units >= WHOLE / 2 {
            let (new, gone) = member.keep(judged.verdict.score);
            if let Some(peers) = peers {
                peers.history.replace(gone, new);
            }
            if let Some(reading) = judged.reading {
                let passage = remembered::Passage::new(tags, units, reading.evidence);
                member.remembered.keep(passage, &member.own, self.config.remembered);
            }
        }
        self.bytes = self.bytes.saturating_sub(before).saturating_add(member.weight());
        if member.own.places() > self.config.places {
            self.age(&passage.entity);
        }
    }

    /// Halves what an entity has learnt until a quarter of its places is free.
    fn age(&mut self, entity: &EntityKey) {
        let Some(mut member) = self.take(entity) else { return };
        while member.own.places() > self.config.places / 4 * 3 {
            member.own.age();
        }
        self.put(entity.clone(), member);
    }

    /// Evicts those of whom least is known, until a sixteenth of the memory is free.
    fn evict(&mut self, but: &EntityKey) {
        if self.bytes <= self.config.memory {
            return;
        }
        let others = self.entities.iter().filter(|(key, _)| *key != but);
        let mut least: Vec<(u32, EntityKey)> =
            others.map(|(key, member)| (member.own.total(), key.clone())).collect();
        least.sort();
        for (_, key) in least {
            if self.bytes <= self.config.memory / 16 * 15 {
                return;
            }
            self.take(&key);
            self.evicted = self.evicted.saturating_add(1);
        }
    }
}

impl State<Passage> for SequenceModel {
    type Output = SequenceVerdict;
    type Error = BadPassage;

    fn observe(
        &mut self,
        position: Position,
        passage: &Passage,
    ) -> Result<Observed<SequenceVerdict>, BadPassage> {
        if !self.seen.advance(position) {
            return Ok(Observed::Replayed);
        }
        passage.check()?;
        self.place(passage);
        let tags = self.blank().tags(&passage.symbols);
        let judged = self.judge(passage, &tags);
        let verdict = judged.verdict.clone();
        self.learn(passage, tags, judged);
        self.evict(&passage.entity);
        Ok(Observed::Applied(verdict))
    }

    fn position(&self) -> &Positions {
        &self.seen
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.snapshot()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Self::restored(bytes)
    }
}

impl Default for SequenceModel {
    fn default() -> Self {
        Self::of(SequenceConfig::default())
    }
}

impl Forget for SequenceModel {
    fn forget(&mut self, entity: &EntityKey) -> bool {
        self.take(entity).is_some()
    }
}

impl core::fmt::Debug for SequenceModel {
    /// Shows counts only.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("SequenceModel").field(&self.stats()).finish()
    }
}

fn units(trust: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "trust lies in 0..=1")]
    let units = libm::round(trust.clamp(0.0, 1.0) * f64::from(WHOLE)) as u32;
    units
}

fn among(member: &Member, peers: &Peers, passage: &Passage, tags: &[u32]) -> Judged {
    let contrast = Contrast::of(tags, &member.own, peers);
    let score = contrast.score();
    let mut reasons = reasons(passage, &contrast.bits, |tag| member.seen(tag), tags);
    for (reason, tag) in &mut reasons {
        let all = peers.number_of_others(&member.own);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counted as u32")]
        let all = all as u32;
        reason.peers = Some((peers.others_with(*tag, &member.own), all));
    }
    let reasons = reasons.into_iter().map(|(reason, _)| reason).collect();
    let excuse = history::excuse(member.scores(), score);
    let bits = peers.history.bits(score, excuse);
    let verdict = SequenceVerdict { bits, score, passages: member.passages, reasons };
    Judged { verdict, trust: contrast.trust().max(excuse / EXCUSED), reading: None }
}

fn alone(member: &Member, passage: &Passage, tags: &[u32]) -> Judged {
    let reading = Reading::of(tags, &member.own, &member.own.empty());
    let score = member.remembered.compare(tags, reading.evidence);
    let reasons = reasons(passage, &reading.bits, |tag| member.seen(tag), tags);
    let reasons = reasons.into_iter().map(|(reason, _)| reason).collect();
    let mut history = History::default();
    member.scores().for_each(|bucket| history.add(bucket));
    let bits = history.bits(score, 0.0);
    let verdict = SequenceVerdict { bits, score, passages: member.passages, reasons };
    Judged { verdict, trust: libm::exp2(SUSPICION - bits.get()).min(1.0), reading: Some(reading) }
}

/// The symbols with the most bits against the entity, and their tags.
fn reasons(
    passage: &Passage,
    bits: &[f64],
    seen: impl Fn(u32) -> f64,
    tags: &[u32],
) -> Vec<(SymbolReason, u32)> {
    let mut sums = BTreeMap::<(&str, u32), (usize, f64)>::new();
    for ((symbol, tag), bits) in passage.symbols.iter().zip(tags).zip(bits) {
        let sum = sums.entry((symbol, *tag)).or_default();
        *sum = (sum.0 + 1, sum.1 + bits);
    }
    let mut against: Vec<_> = sums.into_iter().filter(|(_, (_, bits))| *bits > 0.0).collect();
    against.sort_by(|one, other| other.1.1.total_cmp(&one.1.1));
    against.truncate(verdict::REASONS);
    let told = against.into_iter().map(|((symbol, tag), (times, bits))| {
        let symbol = symbol.to_owned();
        (SymbolReason { symbol, times, bits, seen: seen(tag), peers: None }, tag)
    });
    told.collect()
}
