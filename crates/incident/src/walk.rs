//! Which episodes belong to an incident: a bounded best-first walk over (entity, time), backward and forward.
//!
//! An edge scores rarity bits · exp(−|Δt|/τ) · link factor + prior bits, and joins from 2 bits on. Exact edges —
//! the very session, key or process from the same address, one that the incident itself made, or whatever comes
//! from an address that is new with the incident and its own — are followed first and need no bits; where an
//! incident hangs on such an edge, the same person's other sessions and other people on the same things join
//! only by what a detector itself rated. After `NoDoze` (NDSS 2019) and DEPIMPACT (USENIX Security 2022).
//! O(e log e) for e episodes of the entities met.

use crate::act::Act;
use crate::episode::Episode;
use crate::ledger::{Ledger, is_refused_service};
use crate::profile::SLOW;
use crate::settings::InvestigatorBuilder;
use crate::story::{Joined, Story, Why, parties, stage};
use crate::weight::{BIN, DAY, bin_of, fade};
use homeostat_core::{Role, Stage};
use homeostat_identity::{EntityClass, EntityId, LinkKind};
use std::collections::{BTreeMap, BTreeSet};

/// Half-life of an edge over time. exp(−Δt/τ) with τ = 130 min.
pub(crate) const EDGE_HALF_LIFE: i64 = 5_400_000_000;
/// An episode joins from so many bits on.
pub(crate) const MARGINAL: f64 = 2.0;
/// What is left of an edge to another session of the same person, where the incident hangs on a session: what is told
/// there joins only where it would be told of anybody, from ten bits on.
const OTHER_PARTY: f64 = MARGINAL / 10.0;
/// How far clocks may differ where cause must come before effect, in microseconds.
const SKEW: i64 = 60_000_000;

/// Whether `episode` joins `story`, and by which edge.
pub(crate) fn judge(
    story: &Story,
    episode: &Episode,
    ledger: &Ledger,
    setup: &InvestigatorBuilder,
) -> Option<Joined> {
    if ledger.is_rote(&episode.act, episode.fact) {
        return None;
    }
    let exact = exact_edge(story, &episode.act, ledger).map(|(via, hop)| Joined {
        why: Why::Exact,
        via,
        bits: episode.weight.max(MARGINAL),
        hop,
    });
    let stranger = episode.act.primary().is_some_and(|p| !belongs(story, p.id, ledger));
    let soft = || soft_edge(story, episode, ledger, setup);
    let standing = || standing_edge(story, episode, ledger);
    // Whoever made an account before it acted need know nothing of the incident: were an administrator taken in for
    // that, so would be the morning's other accounts.
    match exact {
        None if stranger => standing().or_else(soft),
        None => soft().or_else(standing),
        exact => exact,
    }
}

/// The party of `act` that is the incident's own, if it is not older than a day before the incident.
fn exact_edge(story: &Story, act: &Act, ledger: &Ledger) -> Option<(EntityId, u8)> {
    let oldest = story.first.saturating_sub(DAY);
    let via = parties(act).into_iter().find_map(|(party, exact)| {
        let (who, origin) = party;
        let profile = ledger.profiles.get(&who)?;
        let first = origin.and_then(|from| profile.origins.get(&from).copied()).unwrap_or(profile.first);
        // In the first day of history every actor's address is new: only sessions, keys and processes are exact.
        let known_long = !exact && ledger.is_early(first);
        let own = story.parties.contains(&party) && first >= oldest && !known_long;
        (own || story.made.contains(&who)).then_some(who)
    });
    let via = via.or_else(|| act.origin().filter(|from| is_own_address(story, *from, ledger)))?;
    Some((via, story.members.get(&via).map_or(0, |member| member.hop)))
}

/// Whether the incident acts from `address` and nobody did before it: then one hand is behind all that comes from
/// there.
fn is_own_address(story: &Story, address: EntityId, ledger: &Ledger) -> bool {
    let Some(profile) = ledger.profiles.get(&address) else { return false };
    let new = profile.first >= story.first.saturating_sub(DAY) && !ledger.is_early(profile.first);
    new && !ledger.is_hub(address) && story.parties.iter().any(|(_, origin)| *origin == Some(address))
}

fn soft_edge(
    story: &Story,
    episode: &Episode,
    ledger: &Ledger,
    setup: &InvestigatorBuilder,
) -> Option<Joined> {
    let act = &episode.act;
    let primary = act.primary()?.id;
    let parties = parties(act);
    let other_party = story.anchored
        && parties.iter().any(|(_, exact)| *exact)
        && !parties.iter().any(|(party, _)| story.parties.contains(party));
    let stranger = !belongs(story, primary, ledger);
    if stranger && is_refused_service(act) {
        return None;
    }
    let strength = if other_party || stranger { episode.rated } else { episode.weight };
    if strength < MARGINAL {
        return None;
    }
    let share = if other_party { OTHER_PARTY } else { 1.0 };
    let prior = prior_bits(story, episode, ledger, setup);
    let edges = act.who.iter().flat_map(|p| edges_of(story, p.id, act, ledger));
    let scored = edges.map(|mut edge| {
        edge.bits = edge.bits * strength * share + prior;
        edge
    });
    let best = scored.max_by(|a, b| a.bits.total_cmp(&b.bits).then(b.via.cmp(&a.via)))?;
    (best.bits >= MARGINAL).then_some(best)
}

/// What was done before the incident to one who acts in it, and still stands: rights given, a key or factor made.
/// Such a change does not fade with the pace of an attack but with the days.
pub(crate) fn standing_edge(story: &Story, episode: &Episode, ledger: &Ledger) -> Option<Joined> {
    let lasts = matches!(stage(episode), Some(Stage::Privilege | Stage::Persistence));
    let act = &episode.act;
    let before = story.first.saturating_sub(act.time);
    if !lasts || before < 0 {
        return None;
    }
    let bits = episode.rated * fade(before, SLOW);
    let acts_in_it = |id: &EntityId| {
        !ledger.is_hub(*id) && story.members.get(id).is_some_and(|member| member.since.is_none())
    };
    let given = act.who.iter().filter(|p| p.role == Role::Target && bits >= MARGINAL);
    let via = given.map(|p| p.id).find(acts_in_it)?;
    let hop = story.members.get(&via).map_or(0, |member| member.hop);
    Some(Joined { why: Why::Standing, via, bits, hop })
}

/// Whether `who` is in the story itself or linked to somebody who is.
fn belongs(story: &Story, who: EntityId, ledger: &Ledger) -> bool {
    let linked = |other: &EntityId| story.members.contains_key(other) && !ledger.is_hub(*other);
    story.members.contains_key(&who)
        || ledger.profiles.get(&who).is_some_and(|p| p.links.keys().any(|(other, _)| linked(other)))
}

/// The edges from members to `id`, each with its factor in place of bits.
fn edges_of(story: &Story, id: EntityId, act: &Act, ledger: &Ledger) -> Vec<Joined> {
    let mut edges = Vec::new();
    let Some(profile) = ledger.profiles.get(&id) else { return edges };
    let acts = act.primary().is_some_and(|p| p.id == id);
    if ledger.is_hub(id) && !acts {
        return edges;
    }
    if let Some(near) = nearness(story, id, act.time, acts) {
        let hop = story.members.get(&id).map_or(0, |member| member.hop);
        let known = class_factor(story, id, act, ledger);
        edges.push(Joined { why: Why::SameEntity, via: id, bits: near * known, hop });
    }
    for (other, kind) in profile.links.keys().filter(|(other, kind)| still(act, (id, *other), *kind)) {
        let Some(near) = nearness(story, *other, act.time, acts) else { continue };
        if ledger.is_hub(*other) {
            continue;
        }
        let hop = story.members.get(other).map_or(0, |member| member.hop.saturating_add(1));
        edges.push(Joined { why: Why::Linked(*kind), via: *other, bits: near * link_factor(*kind), hop });
    }
    edges
}

/// Whether a link that was known once held at the time of `act`: addresses go from hand to hand.
fn still(act: &Act, (one, other): (EntityId, EntityId), kind: LinkKind) -> bool {
    let ends = |(a, b, of): &(EntityId, EntityId, LinkKind)| {
        *of == kind && ((*a, *b) == (one, other) || (*a, *b) == (other, one))
    };
    kind != LinkKind::Leases || act.links.iter().any(ends)
}

/// How near in time the member `id` shows, `0.0..=1.0`; `None` for strangers and before cause.
fn nearness(story: &Story, id: EntityId, time: i64, acts: bool) -> Option<f64> {
    let member = story.members.get(&id)?;
    if !acts && member.since.is_some_and(|since| time < since.saturating_sub(SKEW)) {
        return None;
    }
    let bin = bin_of(time);
    let before = member.bins.range(..=bin).next_back();
    let after = member.bins.range(bin..).next();
    let apart = before.into_iter().chain(after).map(|other| other.abs_diff(bin)).min()?;
    let gap = i64::try_from(apart).unwrap_or(i64::MAX).saturating_mul(BIN);
    Some(fade(gap, EDGE_HALF_LIFE))
}

fn class_factor(story: &Story, id: EntityId, act: &Act, ledger: &Ledger) -> f64 {
    let Some(profile) = ledger.profiles.get(&id) else { return 0.0 };
    match profile.class {
        EntityClass::DataStore | EntityClass::Account | EntityClass::AiService => 0.5,
        // An address joins only where it is new with the incident or nobody else uses it: no lease, no link.
        EntityClass::Address if act.primary().is_some_and(|p| p.id != id) => {
            let new = profile.first >= story.first.saturating_sub(DAY) && !ledger.is_early(profile.first);
            let own = profile.partners.iter().all(|partner| story.members.contains_key(partner));
            if new || own { 0.7 } else { 0.0 }
        }
        EntityClass::Device | EntityClass::Workload
            if act.in_role(Role::Device).is_some() && act.primary().is_some_and(|p| p.id != id) =>
        {
            0.7
        }
        _ => 1.0,
    }
}

const fn link_factor(kind: LinkKind) -> f64 {
    match kind {
        LinkKind::SameAs => 1.0,
        LinkKind::ActsFor => 0.9,
        LinkKind::LoggedOn | LinkKind::Leases => 0.7,
        LinkKind::Owns | LinkKind::Runs => 0.5,
    }
}

/// What the prior says of the episode's stage after the latest one before it.
fn prior_bits(story: &Story, episode: &Episode, ledger: &Ledger, setup: &InvestigatorBuilder) -> f64 {
    let Some(next) = stage(episode) else { return 0.0 };
    let earlier = |id: &u64| -> Option<(i64, Stage)> {
        let other = ledger.episodes.get(id).filter(|other| other.act.time <= episode.act.time)?;
        stage(other).map(|stage| (other.act.time, stage))
    };
    let before = story.episodes.keys().filter_map(earlier).max();
    before.map_or(0.0, |(_, stage)| setup.prior.bits(stage, next))
}

/// Grows `story` from `frontier`, the entities newly in it; gives the episodes that came in, best first.
pub(crate) fn grow(
    story_id: u64,
    story: &mut Story,
    frontier: Vec<EntityId>,
    (ledger, setup): (&mut Ledger, &InvestigatorBuilder),
) -> Vec<u64> {
    let mut added = Vec::new();
    let mut open: BTreeMap<u64, Joined> = BTreeMap::new();
    let mut seen: BTreeSet<EntityId> = BTreeSet::new();
    let mut frontier = frontier;
    loop {
        for entity in frontier.drain(..).filter(|entity| seen.insert(*entity)) {
            for id in around(entity, ledger) {
                let Some(episode) = ledger.episodes.get(&id).filter(|e| e.story.is_none()) else { continue };
                if let Some(joined) = judge(story, episode, ledger, setup) {
                    open.entry(id).and_modify(|old| *old = better(*old, joined)).or_insert(joined);
                }
            }
        }
        let best = open.iter().max_by(|(ia, a), (ib, b)| rank(a).total_cmp(&rank(b)).then(ib.cmp(ia)));
        let Some((id, joined)) = best.map(|(id, joined)| (*id, *joined)) else { break };
        open.remove(&id);
        if story.episodes.len() >= setup.limits.episodes {
            story.cut.episodes = story.cut.episodes.saturating_add(1 + open.len() as u64);
            break;
        }
        frontier = take_in(story_id, story, (id, joined), (ledger, setup));
        added.push(id);
    }
    added
}

/// Puts one episode into `story`; gives the new members from which the walk goes on.
pub(crate) fn take_in(
    story_id: u64,
    story: &mut Story,
    (id, joined): (u64, Joined),
    (ledger, setup): (&mut Ledger, &InvestigatorBuilder),
) -> Vec<EntityId> {
    let Some(episode) = ledger.episodes.get_mut(&id) else { return Vec::new() };
    episode.story = Some(story_id);
    let episode = episode.clone();
    let step = u8::from(!matches!(joined.why, Why::Exact | Why::Seed | Why::Standing));
    let hop = joined.hop.saturating_add(step);
    let mut fresh = story.add(id, &episode, Joined { hop, ..joined }, ledger);
    if hop >= setup.limits.hops {
        story.cut.hops = story.cut.hops.saturating_add(fresh.len() as u64);
        fresh.clear();
    }
    fresh
}

/// Exact edges come before any other.
fn rank(joined: &Joined) -> f64 {
    if joined.why == Why::Exact { 10_000.0 + joined.bits } else { joined.bits }
}

fn better(old: Joined, new: Joined) -> Joined {
    if rank(&new) > rank(&old) { new } else { old }
}

/// The loose episodes of `entity` and of those linked to it.
fn around(entity: EntityId, ledger: &Ledger) -> BTreeSet<u64> {
    let Some(profile) = ledger.profiles.get(&entity) else { return BTreeSet::new() };
    let linked = profile.links.keys().map(|(other, _)| *other).filter(|other| !ledger.is_hub(*other));
    let near = linked.filter_map(|other| ledger.profiles.get(&other)).chain([profile]);
    near.flat_map(|profile| profile.episodes.iter().copied()).collect()
}
