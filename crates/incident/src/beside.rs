//! What is told beside an incident without being part of it: detections about its entities just before its first act
//! that are not told of them all along, and what is so rare that it hardly happens by chance at the very time,
//! wherever it happens.
//!
//! Found when an incident is read, among episodes that no incident holds; nothing is learnt from it, and it opens,
//! joins and weighs nothing. With λ episodes of two bits or more a bin in the tenant, the number that falls into `n`
//! bins by chance is λn, and of those that weigh `w` bits λn · 2^(2 − w); its surprise must reach one bit. Incidents
//! that hang on sessions, keys or processes, as most of their acts or those that began them do, need no such guess. O(episodes of the hours around the incident).

use crate::Investigator;
use crate::act::Act;
use crate::episode::Episode;
use crate::story::{Joined, Story, Why, parties};
use crate::walk::{EDGE_HALF_LIFE, MARGINAL};
use crate::weight::{BIN, log2};
use homeostat_core::Bits;
use homeostat_identity::EntityId;
use std::collections::{BTreeMap, BTreeSet};

/// How far from an act of the incident a coincidence lies at most, in microseconds: an hour. What is further away is
/// another morning's work.
const VERY_TIME: u64 = 6 * BIN.unsigned_abs();
/// Bits from which a coincidence is told: likelier than not it is none.
const COINCIDENCE: f64 = 1.0;
/// The most episodes of an entity among which the lead-up is looked for.
const LEAD_UP: usize = 64;
/// The most episodes told beside an incident; the rarest first.
const TOLD: usize = 64;

/// The loose episodes told beside incident `id`, each with why.
pub(crate) fn beside(id: u64, story: &Story, book: &Investigator) -> Vec<(u64, Joined)> {
    let mut found = BTreeMap::new();
    for (entity, member) in &story.members {
        if member.hop <= 1 {
            let led = lead_up(story, *entity, book).into_iter();
            found.extend(led.filter(|(at, _)| led_to(*at, book) == Some(id)));
        }
    }
    let mut rare = coincidences(id, story, book);
    rare.sort_by(|(ia, a), (ib, b)| b.bits.total_cmp(&a.bits).then(ia.cmp(ib)));
    found.extend(rare.into_iter().take(TOLD));
    found.into_iter().collect()
}

fn lead_up(story: &Story, entity: EntityId, book: &Investigator) -> Vec<(u64, Joined)> {
    let Some(profile) = book.ledger.profiles.get(&entity) else { return Vec::new() };
    let (from, to) = (story.first.saturating_sub(BIN), story.first);
    let joined = Joined { why: Why::LeadUp, via: entity, bits: 0.0, hop: 0 };
    let near: Vec<&u64> =
        profile.episodes.iter().rev().skip_while(|id| is_later(**id, to, book)).take(LEAD_UP).collect();
    let told = |id: &u64| book.ledger.episodes.get(id);
    let usual = usual(near.iter().filter_map(|id| told(id)).filter(|episode| episode.last < from), from);
    let before = |id: &u64| {
        told(id).is_some_and(|episode| {
            let detection = episode.act.bits > Bits::ZERO && episode.story.is_none();
            detection && episode.last >= from && !usual.contains(episode.act.kind.as_str())
        })
    };
    near.iter().filter(|id| before(id)).map(|id| (**id, joined)).collect()
}

/// The incident to which a loose episode led up, the one that began next, so that it is told beside one alone.
fn led_to(at: u64, book: &Investigator) -> Option<u64> {
    let episode = book.ledger.episodes.get(&at)?;
    let near = episode.act.takers().into_iter().flat_map(|taker| {
        let stories = book.by_member.get(&taker).into_iter().flatten();
        stories.filter_map(move |id| Some((book.stories.get(id)?, *id, taker)))
    });
    let led = near.filter(|(story, _, taker)| {
        story.members.get(taker).is_some_and(|member| member.hop <= 1)
            && lead_up(story, *taker, book).iter().any(|(led, _)| *led == at)
    });
    led.map(|(story, id, _)| (story.first, id)).min().map(|(_, id)| id)
}

/// The kinds of which a bin holds one as often as not, by the episodes before `from`: what is told of somebody all
/// along leads up to nothing.
fn usual<'a>(earlier: impl Iterator<Item = &'a Episode>, from: i64) -> BTreeSet<&'a str> {
    let mut kinds = BTreeMap::<&str, i64>::new();
    let mut span = BIN;
    for episode in earlier {
        *kinds.entry(episode.act.kind.as_str()).or_default() += 1;
        span = span.max(from.saturating_sub(episode.act.time));
    }
    let often = |count: i64| count.saturating_mul(2).saturating_mul(BIN) >= span;
    kinds.into_iter().filter(|(_, count)| often(*count)).map(|(kind, _)| kind).collect()
}

fn is_later(id: u64, time: i64, book: &Investigator) -> bool {
    book.ledger.episodes.get(&id).is_none_or(|episode| episode.act.time >= time)
}

fn coincidences(id: u64, story: &Story, book: &Investigator) -> Vec<(u64, Joined)> {
    if story.anchored || hangs_on_sessions(story, book) {
        return Vec::new();
    }
    let (from, to) = (story.first.saturating_sub(EDGE_HALF_LIFE), story.last.saturating_add(EDGE_HALF_LIFE));
    let times = times(story, book);
    let of = |at: u64| {
        let episode = book.ledger.episodes.get(&at).filter(|episode| episode.story.is_none())?;
        let bits = coincidence(&times, episode, book)?;
        let via = episode.act.primary()?.id;
        (led_to(at, book).is_none() && !told_better(id, bits, episode, book))
            .then_some((at, Joined { why: Why::Concurrent, via, bits, hop: 0 }))
    };
    book.ledger.between(from, to).filter_map(of).collect()
}

/// Whether half of what the incident tells was done in sessions, with keys or by processes of its own, however it began:
/// these lead on to the rest.
fn hangs_on_sessions(story: &Story, book: &Investigator) -> bool {
    let acts =
        story.episodes.keys().filter_map(|id| book.ledger.episodes.get(id)).map(|episode| &episode.act);
    let own = |act: &&Act| parties(act).iter().any(|(party, exact)| *exact && story.parties.contains(party));
    acts.filter(own).count() * 2 >= story.episodes.len()
}

/// The moments of the incident's own episodes, in order.
fn times(story: &Story, book: &Investigator) -> Vec<i64> {
    let own = story.episodes.keys().filter_map(|id| book.ledger.episodes.get(id));
    let mut times: Vec<i64> = own.map(|episode| episode.act.time).collect();
    times.sort_unstable();
    times
}

/// How little chance explains that `episode` falls so near to one of `times`, in bits.
fn coincidence(times: &[i64], episode: &Episode, book: &Investigator) -> Option<f64> {
    if episode.weight < MARGINAL {
        return None;
    }
    let at = times.partition_point(|time| *time < episode.act.time);
    let around = times.get(at.saturating_sub(1)).into_iter().chain(times.get(at));
    let apart = around.map(|time| time.abs_diff(episode.act.time)).min()?;
    let window = 1.0 + 2.0 * (apart as f64 / BIN as f64);
    let bits = episode.weight - MARGINAL - signed_log2(book.ledger.heavy_rate() * window);
    (bits >= COINCIDENCE && apart <= VERY_TIME).then_some(bits)
}

/// Whether another incident is nearer in time, so that each episode is told beside one alone.
fn told_better(id: u64, bits: f64, episode: &Episode, book: &Investigator) -> bool {
    let near = |story: &Story| {
        !story.anchored
            && episode.act.time >= story.first.saturating_sub(EDGE_HALF_LIFE)
            && episode.act.time <= story.last.saturating_add(EDGE_HALF_LIFE)
    };
    book.stories.iter().filter(|(other, story)| **other != id && near(story)).any(|(other, story)| {
        let theirs = coincidence(&times(story, book), episode, book).unwrap_or(0.0);
        theirs > bits || theirs >= bits && *other < id
    })
}

/// log2 of any positive number.
fn signed_log2(x: f64) -> f64 {
    if x >= 1.0 { log2(x) } else { -log2(1.0 / x.max(f64::MIN_POSITIVE)) }
}
