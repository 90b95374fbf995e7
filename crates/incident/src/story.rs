//! An incident while it lives: who is in it, which episodes, by which edges, and what its limits cut.

use crate::act::{self, Act};
use crate::episode::Episode;
use crate::ledger::Ledger;
use crate::stage_of;
use crate::weight::{DAY, bin_of};
use homeostat_core::{Bits, Domain, EntityKind, Role, SnapshotError, SnapshotReader, SnapshotWriter, Stage};
use homeostat_identity::{EntityId, LinkKind, Participant};
use std::collections::{BTreeMap, BTreeSet};

/// Bits that each domain beyond the first adds to the score.
const PER_DOMAIN: f64 = 2.0;

/// Why an episode belongs to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Why {
    /// It is among those whose heat opened the incident.
    Seed,
    /// It was done with the very session, key or process, from the same place.
    Exact,
    /// The same entity takes part.
    SameEntity,
    /// A linked entity takes part.
    Linked(LinkKind),
    /// Another incident that shows the same rare fact was merged in.
    Merged,
    /// It gave one who acts in the incident rights or a foothold that stand. Whoever gave them is no part of it.
    Standing,
    /// Nothing ties it to the incident but that something so rare happens at the very time. Where it happens is no
    /// part of it.
    Concurrent,
    /// A detection about one of its entities just before its first act, common as it may be.
    LeadUp,
}

impl Why {
    /// The wire word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Exact => "exact",
            Self::SameEntity | Self::Linked(LinkKind::SameAs) => "same_entity",
            Self::Linked(LinkKind::ActsFor) => "acts_for",
            Self::Linked(LinkKind::LoggedOn) => "logged_on",
            Self::Linked(LinkKind::Leases) => "leases",
            Self::Linked(LinkKind::Owns) => "owns",
            Self::Linked(LinkKind::Runs) => "runs",
            Self::Merged => "merged",
            Self::Standing => "standing",
            Self::Concurrent => "concurrent",
            Self::LeadUp => "lead_up",
        }
    }

    const ALL: [Self; 10] = [
        Self::Seed,
        Self::Exact,
        Self::SameEntity,
        Self::Linked(LinkKind::ActsFor),
        Self::Linked(LinkKind::LoggedOn),
        Self::Linked(LinkKind::Leases),
        Self::Linked(LinkKind::Owns),
        Self::Linked(LinkKind::Runs),
        Self::Merged,
        Self::Standing,
    ];
}

/// How one episode came in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Joined {
    pub(crate) why: Why,
    /// The entity that led to it.
    pub(crate) via: EntityId,
    /// Bits that held it.
    pub(crate) bits: f64,
    pub(crate) hop: u8,
}

/// One entity of an incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Member {
    pub(crate) hop: u8,
    /// From when on it counts as touched; `None` for those who act.
    pub(crate) since: Option<i64>,
    /// Bins in which it shows.
    pub(crate) bins: BTreeSet<i64>,
}

/// What limits have cut from an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// Episodes that found the incident full.
    pub episodes: u64,
    /// Entities too many hops away.
    pub hops: u64,
    /// Event ids beyond those kept of an episode.
    pub events: u64,
}

/// One incident while it lives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Story {
    pub(crate) opened: i64,
    /// When it last was told: at opening, resuming or doubling.
    pub(crate) told: i64,
    pub(crate) told_score: f64,
    pub(crate) closed: bool,
    /// Whether something outside is still open that must be mended before it closes.
    pub(crate) held: bool,
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Whether its first episodes hang on sessions, keys or processes.
    pub(crate) anchored: bool,
    pub(crate) members: BTreeMap<EntityId, Member>,
    pub(crate) parties: BTreeSet<Party>,
    /// Sessions and keys that first came to be by its own acts: theirs wherever they are used.
    pub(crate) made: BTreeSet<EntityId>,
    pub(crate) episodes: BTreeMap<u64, Joined>,
    pub(crate) merged: BTreeSet<u64>,
    pub(crate) resumed: Vec<i64>,
    pub(crate) score: f64,
    pub(crate) cut: Cut,
    pub(crate) verdict: Option<bool>,
}

/// One acting party: who, and from which address.
pub(crate) type Party = (EntityId, Option<EntityId>);

/// The parties of `act`: each session, key or process from its address; and the actor from its address. A process is
/// narrower than the session in which much else goes on.
pub(crate) fn parties(act: &Act) -> Vec<(Party, bool)> {
    let origin = act.origin();
    let named = |p: &&Participant| p.key.kind().is_exact() && p.role != Role::Target;
    let narrow = act.who.iter().filter(named).any(is_process);
    let exact = act.who.iter().filter(named).filter(|p| !narrow || is_process(p));
    let mut parties: Vec<_> = exact.map(|p| ((p.id, origin), true)).collect();
    let actor = act.in_role(Role::Actor).filter(|actor| !actor.key.kind().is_exact());
    if let Some((actor, origin)) = actor.zip(origin).filter(|(actor, origin)| actor.id != *origin) {
        parties.push(((actor.id, Some(origin)), false));
    }
    parties
}

fn is_process(participant: &Participant) -> bool {
    participant.key.kind() == EntityKind::Process
}

/// The sessions and keys that `act` made: nobody met them before.
fn made<'a>(act: &'a Act, ledger: &'a Ledger) -> impl Iterator<Item = EntityId> + 'a {
    let given = act.who.iter().filter(|p| p.role == Role::Target && p.key.kind().is_exact());
    given.map(|p| p.id).filter(|id| ledger.profiles.get(id).is_some_and(|own| own.first >= act.time))
}

/// The stage that an episode's techniques tell: the farthest.
pub(crate) fn stage(episode: &Episode) -> Option<Stage> {
    episode.act.techniques.iter().filter_map(stage_of).max()
}

impl Story {
    /// Takes `episode` in; gives the entities that are new members.
    pub(crate) fn add(
        &mut self,
        id: u64,
        episode: &Episode,
        joined: Joined,
        ledger: &Ledger,
    ) -> Vec<EntityId> {
        self.episodes.insert(id, joined);
        if joined.why != Why::Standing {
            self.first = if self.first == 0 { episode.act.time } else { self.first.min(episode.act.time) };
        }
        self.last = self.last.max(episode.last);
        if joined.why == Why::Standing {
            return Vec::new();
        }
        if matches!(joined.why, Why::Seed | Why::Exact) || self.is_taken_over(episode, ledger) {
            let own = parties(&episode.act).into_iter().map(|(party, _)| party);
            self.parties.extend(own.filter(|(who, _)| !ledger.is_hub(*who)));
            self.made.extend(made(&episode.act, ledger));
        }
        let mut fresh = Vec::new();
        for participant in &episode.act.who {
            let passive = match participant.role {
                Role::Actor | Role::Via | Role::Origin => None,
                Role::Target | Role::Device => Some(episode.act.time),
                Role::Observer | Role::Related => continue,
            };
            if ledger.is_hub(participant.id) {
                continue;
            }
            let new = !self.members.contains_key(&participant.id);
            let member = self.members.entry(participant.id).or_default();
            if new {
                (member.hop, member.since) = (joined.hop, passive);
                fresh.push(participant.id);
            }
            member.hop = member.hop.min(joined.hop);
            member.since = member.since.min(passive);
            member.bins.insert(bin_of(episode.act.time));
        }
        fresh
    }

    /// Whether a detector itself finds fault with what comes from an address that nobody used before the incident: then
    /// the session or key that acts there is in its hands, however the act was tied to it.
    fn is_taken_over(&self, episode: &Episode, ledger: &Ledger) -> bool {
        let first = episode.act.origin().and_then(|from| ledger.profiles.get(&from)).map(|from| from.first);
        let new = first.is_some_and(|first| first >= self.first && !ledger.is_early(first));
        new && episode.rated >= Bits::MEDIUM.get()
    }

    /// The evidence in all: best weight per stage (or family, where no technique is told), each further fact
    /// of one counting half of the one before, and 2 bits per extra domain.
    pub(crate) fn weigh(&self, ledger: &Ledger) -> f64 {
        let mut best: BTreeMap<(Option<Stage>, u32), BTreeMap<u32, f64>> = BTreeMap::new();
        let mut domains: BTreeSet<Domain> = BTreeSet::new();
        for episode in self.episodes.keys().filter_map(|id| ledger.episodes.get(id)) {
            if episode.weight < 1.0 {
                continue;
            }
            let stage = stage(episode);
            let family = if stage.is_some() { 0 } else { ledger.facts.family(episode.fact) };
            let fact = best.entry((stage, family)).or_default().entry(episode.fact.0).or_default();
            *fact = fact.max(episode.weight);
            domains.insert(episode.act.domain);
        }
        let group = |facts: &BTreeMap<u32, f64>| {
            let mut weights: Vec<f64> = facts.values().copied().collect();
            weights.sort_by(|a, b| b.total_cmp(a));
            weights.iter().rev().fold(0.0, |sum, weight| weight + sum / 2.0)
        };
        let extra = domains.len().saturating_sub(1) as f64;
        best.values().map(group).sum::<f64>() + PER_DOMAIN * extra
    }

    /// Whether the incident could be resumed at `now`.
    pub(crate) fn resumable(&self, now: i64, days: u32) -> bool {
        now.saturating_sub(self.last) <= i64::from(days).saturating_mul(DAY)
    }

    /// Takes over what `other` holds.
    pub(crate) fn absorb(&mut self, other_id: u64, other: Self) {
        self.opened = self.opened.min(other.opened);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.closed &= other.closed;
        self.held |= other.held;
        self.anchored |= other.anchored;
        for (id, member) in other.members {
            let mine = self.members.entry(id).or_insert_with(|| member.clone());
            mine.hop = mine.hop.min(member.hop);
            mine.since = mine.since.min(member.since);
            mine.bins.extend(member.bins);
        }
        self.parties.extend(other.parties);
        self.made.extend(other.made);
        for (id, joined) in other.episodes {
            let why = if joined.why == Why::Seed { Why::Merged } else { joined.why };
            self.episodes.insert(id, Joined { why, ..joined });
        }
        self.merged.insert(other_id);
        self.merged.extend(other.merged);
        self.resumed.extend(other.resumed);
        self.resumed.sort_unstable();
        self.cut.episodes += other.cut.episodes;
        self.cut.hops += other.cut.hops;
        self.verdict = self.verdict.or(other.verdict);
    }

    /// Clears `id`.
    pub(crate) fn forget(&mut self, id: EntityId) -> bool {
        self.parties.retain(|(who, origin)| *who != id && *origin != Some(id));
        self.made.remove(&id);
        for joined in self.episodes.values_mut().filter(|joined| joined.via == id) {
            joined.via = EntityId(u32::MAX);
        }
        self.members.remove(&id).is_some()
    }

    pub(crate) fn bytes(&self) -> usize {
        let bins: usize = self.members.values().map(|member| member.bins.len() * 8 + 40).sum();
        size_of::<Self>() + bins + self.episodes.len() * 40 + self.parties.len() * 12 + self.made.len() * 4
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        for time in [self.opened, self.told, self.first, self.last] {
            out.u64(time.cast_unsigned());
        }
        out.f64(self.told_score);
        out.f64(self.score);
        out.u8(u8::from(self.closed) | (u8::from(self.held) << 1));
        out.u8(u8::from(self.anchored));
        out.u8(self.verdict.map_or(0, |hostile| 1 + u8::from(hostile)));
        out.len(self.members.len());
        for (id, member) in &self.members {
            out.u32(id.0);
            out.u8(member.hop);
            out.u64(member.since.unwrap_or(i64::MIN).cast_unsigned());
            out.len(member.bins.len());
            member.bins.iter().for_each(|bin| out.u64(bin.cast_unsigned()));
        }
        out.len(self.parties.len());
        for (who, origin) in &self.parties {
            out.u32(who.0);
            out.u8(u8::from(origin.is_some()));
            out.u32(origin.map_or(0, |id| id.0));
        }
        out.len(self.made.len());
        self.made.iter().for_each(|id| out.u32(id.0));
        out.len(self.episodes.len());
        for (id, joined) in &self.episodes {
            out.u64(*id);
            out.u8(act::number(&Why::ALL, &joined.why));
            out.u32(joined.via.0);
            out.f64(joined.bits);
            out.u8(joined.hop);
        }
        out.len(self.merged.len());
        self.merged.iter().for_each(|id| out.u64(*id));
        out.len(self.resumed.len());
        self.resumed.iter().for_each(|time| out.u64(time.cast_unsigned()));
        for count in [self.cut.episodes, self.cut.hops, self.cut.events] {
            out.u64(count);
        }
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let mut time = || fields.u64().map(u64::cast_signed);
        let mut story = Self { opened: time()?, told: time()?, ..Self::default() };
        (story.first, story.last) = (time()?, time()?);
        story.told_score = act::read_weight(fields)?;
        story.score = act::read_weight(fields)?;
        let standing = fields.u8()?;
        (story.closed, story.held) = (standing & 1 != 0, standing & 2 != 0);
        story.anchored = fields.u8()? != 0;
        story.verdict = match fields.u8()? {
            0 => None,
            1 => Some(false),
            2 => Some(true),
            _ => return Err(SnapshotError::Invalid { field: "verdict" }),
        };
        let members = act::read_all(fields, 21, |fields| {
            let (id, hop) = (EntityId(fields.u32()?), fields.u8()?);
            let since = Some(fields.u64()?.cast_signed()).filter(|since| *since != i64::MIN);
            let bins = act::read_all(fields, 8, |f| Ok(f.u64()?.cast_signed()))?.into_iter().collect();
            Ok((id, Member { hop, since, bins }))
        })?;
        story.members = members.into_iter().collect();
        let parties = act::read_all(fields, 9, |fields| {
            let (who, from, origin) = (EntityId(fields.u32()?), fields.u8()? != 0, fields.u32()?);
            Ok((who, from.then_some(EntityId(origin))))
        })?;
        story.parties = parties.into_iter().collect();
        story.made = act::read_all(fields, 4, |f| Ok(EntityId(f.u32()?)))?.into_iter().collect();
        let episodes = act::read_all(fields, 22, |fields| Ok((fields.u64()?, Joined::read(fields)?)))?;
        story.episodes = episodes.into_iter().collect();
        story.merged = act::read_all(fields, 8, SnapshotReader::u64)?.into_iter().collect();
        story.resumed = act::read_all(fields, 8, |f| Ok(f.u64()?.cast_signed()))?;
        story.cut = Cut { episodes: fields.u64()?, hops: fields.u64()?, events: fields.u64()? };
        Ok(story)
    }
}

impl Joined {
    fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        Ok(Self {
            why: act::one_of(&Why::ALL, fields.u8()?)?,
            via: EntityId(fields.u32()?),
            bits: fields.f64()?,
            hop: fields.u8()?,
        })
    }
}
