//! The steps of a story: events of one stage and technique in a row, each told in one sentence.
//!
//! A step ends after ten quiet minutes; one of several acts also when the incident rests for a minute, which is
//! somebody reading what came back; one without a stage also when another step begins; and every one when
//! something comes between that changes what is possible (entry, privilege, persistence, movement, egress,
//! impact): so what was refused before and allowed after stands apart. O(n log n) for n events.

use crate::story::{Story, Why};
use crate::weight::BIN;
use crate::{Investigator, stage_of};
use homeostat_core::{Bits, Domain, EventRef, Outcome, Reason, Role, Stage, Technique, Timestamp};
use homeostat_identity::EntityId;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// The most steps of an incident; what comes after goes into the last of its kind.
const STEPS: usize = 64;
/// How long nothing at all happens before whoever looks round looks again, in microseconds: hands and scripts are
/// quicker, and reading a list takes longer.
const REST: i64 = 60_000_000;
/// The most actions and events that a sentence names.
const NAMED: usize = 5;

/// One episode of an incident, with the names to tell it by.
#[derive(Clone, PartialEq)]
pub(crate) struct Deed {
    pub(crate) events: Vec<(i64, EventRef)>,
    pub(crate) cut: u64,
    pub(crate) count: u64,
    pub(crate) witnesses: usize,
    pub(crate) domain: Domain,
    pub(crate) stage: Option<Stage>,
    pub(crate) techniques: Vec<Technique>,
    pub(crate) kind: String,
    pub(crate) action: String,
    pub(crate) outcome: Outcome,
    pub(crate) names: BTreeMap<Role, String>,
    pub(crate) takers: Vec<EntityId>,
    pub(crate) reason: Option<Reason>,
    pub(crate) why: Why,
    pub(crate) via: EntityId,
    pub(crate) bits: f64,
}

/// One step of the story.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// When it began.
    pub time: Timestamp,
    /// When its last event took place.
    pub last: Timestamp,
    /// In which part of the estate it began.
    pub domain: Option<Domain>,
    /// The names of what it was done to or on, in order.
    pub assets: Vec<String>,
    /// How far the attack has come with it; `None` when no detector named a known technique.
    pub stage: Option<Stage>,
    /// By which technique.
    pub technique: Option<Technique>,
    /// Its events, in order of time.
    pub events: Vec<EventRef>,
    /// What happened, in one sentence.
    pub sentence: String,
    /// Bits of the heaviest thing in it.
    pub bits: f64,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({} {:?} {:?}, {} events)", self.time, self.stage, self.technique, self.events.len())
    }
}

/// The deeds of `story`, incident `id`, and what is told beside them, in order of time.
pub(crate) fn deeds(id: u64, story: &Story, book: &Investigator) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let beside = crate::beside::beside(id, story, book);
    let own = story.episodes.iter().map(|(at, joined)| (*at, *joined));
    for (at, joined) in own.chain(beside) {
        let Some(episode) = book.ledger.episodes.get(&at) else { continue };
        let act = &episode.act;
        let mut names = BTreeMap::new();
        for participant in &act.who {
            names.entry(participant.role).or_insert_with(|| participant.key.value().to_owned());
        }
        let before = |time: i64| joined.why != Why::LeadUp || time <= story.first;
        deeds.push(Deed {
            events: episode.events.iter().filter(|(time, _)| before(*time)).cloned().collect(),
            cut: episode.cut,
            count: episode.count,
            witnesses: episode.witnesses.len(),
            domain: act.domain,
            stage: crate::story::stage(episode),
            techniques: act.techniques.clone(),
            kind: act.kind.clone(),
            action: act.action.clone(),
            outcome: act.outcome,
            names,
            takers: act.takers(),
            reason: act.reasons.first().filter(|reason| reason.bits >= Bits::new(1.0)).cloned(),
            why: joined.why,
            via: joined.via,
            bits: episode.weight,
        });
    }
    deeds.retain(|deed| !deed.events.is_empty() || deed.why != Why::LeadUp);
    deeds.sort_by(|a, b| a.events.first().cmp(&b.events.first()).then_with(|| a.kind.cmp(&b.kind)));
    deeds
}

impl Deed {
    /// The technique that tells the stage.
    fn technique(&self) -> Option<&Technique> {
        let telling = self.techniques.iter().find(|technique| stage_of(technique) == self.stage);
        telling.or(self.techniques.first())
    }

    fn key(&self) -> Key {
        let technique = self.technique().cloned();
        let kind = if technique.is_some() { String::new() } else { self.kind.clone() };
        (self.stage, technique, kind, self.outcome == Outcome::Failure)
    }
}

type Key = (Option<Stage>, Option<Technique>, String, bool);

/// A step being put together.
struct Open<'a> {
    key: Key,
    last: i64,
    // After which rest of the incident it last went on.
    bout: usize,
    events: Vec<(i64, EventRef)>,
    deeds: Vec<&'a Deed>,
}

/// The steps that `deeds` make, in order of their first event.
pub(crate) fn steps(deeds: &[Deed]) -> Vec<Step> {
    let mut events: Vec<(i64, &EventRef, usize)> = Vec::new();
    for (at, deed) in deeds.iter().enumerate() {
        events.extend(deed.events.iter().map(|(time, event)| (*time, event, at)));
    }
    events.sort();
    let keys: Vec<Key> = deeds.iter().map(Deed::key).collect();
    let mut done: Vec<Open<'_>> = Vec::new();
    let mut current: BTreeMap<Key, usize> = BTreeMap::new();
    let (mut bout, mut before) = (0, i64::MAX);
    for (time, event, at) in events {
        let Some((deed, key)) = deeds.get(at).zip(keys.get(at)) else { continue };
        bout += usize::from(time.saturating_sub(before) > REST);
        before = time;
        let going = current.get(key).copied().filter(|step| {
            let goes_on = done.get(*step).is_some_and(|open| open.goes_on(time, bout));
            let interrupted = deed.stage.is_none() && step + 1 < done.len();
            goes_on && !interrupted || done.len() >= STEPS
        });
        if let Some(open) = going.and_then(|step| done.get_mut(step)) {
            open.take((time, event), deed, bout);
            continue;
        }
        if deed.stage.is_some_and(turns) {
            current.clear();
        }
        current.insert(key.clone(), done.len());
        let mut open = Open { key: key.clone(), last: time, bout, events: Vec::new(), deeds: Vec::new() };
        open.take((time, event), deed, bout);
        done.push(open);
    }
    done.into_iter().map(Open::close).collect()
}

/// Whether this stage changes what is possible afterwards.
fn turns(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Entry
            | Stage::Privilege
            | Stage::Persistence
            | Stage::Movement
            | Stage::Egress
            | Stage::Impact
    )
}

impl<'a> Open<'a> {
    /// Whether what comes at `time` can be part of it. The same act again and again keeps its rhythm over a rest.
    fn goes_on(&self, time: i64, bout: usize) -> bool {
        let one_act =
            || self.deeds.iter().all(|deed| Some(&deed.action) == self.deeds.first().map(|d| &d.action));
        time.saturating_sub(self.last) <= BIN && (bout == self.bout || one_act())
    }

    fn take(&mut self, (time, event): (i64, &EventRef), deed: &'a Deed, bout: usize) {
        (self.last, self.bout) = (time, bout);
        self.events.push((time, event.clone()));
        if !self.deeds.iter().any(|other| std::ptr::eq(*other, deed)) {
            self.deeds.push(deed);
        }
    }

    fn close(self) -> Step {
        let time = Timestamp::from_micros(self.events.first().map_or(0, |(time, _)| *time));
        let last = Timestamp::from_micros(self.events.last().map_or(0, |(time, _)| *time));
        let domain = self.deeds.first().map(|deed| deed.domain);
        let acted_on = [Role::Target, Role::Device];
        let named = |deed: &&Deed| {
            acted_on.into_iter().filter_map(|role| deed.names.get(&role).cloned()).collect::<Vec<_>>()
        };
        let assets: std::collections::BTreeSet<String> = self.deeds.iter().flat_map(named).collect();
        let events = crate::incident::in_order(self.events.into_iter().map(|(_, event)| event));
        let sentence = sentence(time, &self.deeds, &events);
        let (stage, technique, ..) = self.key;
        let bits = self.deeds.iter().map(|deed| deed.bits).fold(0.0, f64::max);
        let assets = assets.into_iter().collect();
        Step { time, last, domain, assets, stage, technique, events, sentence, bits }
    }
}

/// *time — who (via identifier) did what (technique) to what, from where; unusual because …; evidence.*
fn sentence(time: Timestamp, deeds: &[&Deed], events: &[EventRef]) -> String {
    let Some(first) = deeds.first() else { return String::new() };
    let name = |role: Role| deeds.iter().find_map(|deed| deed.names.get(&role));
    let who = [Role::Actor, Role::Via, Role::Device, Role::Target, Role::Origin].into_iter().find_map(name);
    let mut text = format!("{} — {}", short(time), who.map_or("somebody", String::as_str));
    if let Some(via) = name(Role::Via).filter(|via| Some(*via) != who) {
        let _ = write!(text, " (via {via})");
    }
    let verb = if first.outcome == Outcome::Failure { "was refused" } else { "did" };
    let _ = write!(text, " {verb} {}", actions(deeds));
    if let Some(technique) = first.technique() {
        let _ = write!(text, " ({technique})");
    }
    if let Some(target) = name(Role::Target).filter(|target| Some(*target) != who) {
        let _ = write!(text, " to {target}");
    }
    if let Some(origin) = name(Role::Origin).filter(|origin| Some(*origin) != who) {
        let _ = write!(text, ", from {origin}");
    }
    let heaviest = deeds.iter().filter(|deed| deed.reason.is_some()).max_by(|a, b| a.bits.total_cmp(&b.bits));
    if let Some(Reason { aspect, observed, expected, .. }) = heaviest.and_then(|deed| deed.reason.as_ref()) {
        let _ = write!(text, "; unusual because {aspect} is {observed}, usual is {expected}");
    } else if first.bits >= 2.0 {
        let _ = write!(text, "; unusual because it is rare here ({:.1} bits)", first.bits);
    }
    let witnesses = deeds.iter().map(|deed| deed.witnesses).max().unwrap_or(0);
    if witnesses > 1 {
        let _ = write!(text, "; {witnesses} sensors saw it");
    }
    let shown: Vec<&str> = events.iter().take(NAMED).map(EventRef::as_str).collect();
    let _ = write!(text, "; evidence {}", shown.join(", "));
    if events.len() > shown.len() {
        let _ = write!(text, " and {} more", events.len() - shown.len());
    }
    text
}

/// What was done, and how often at least: several kinds may be told of the same events, each of them once.
fn actions(deeds: &[&Deed]) -> String {
    let word = |deed: &&Deed| if deed.action.is_empty() { deed.kind.clone() } else { deed.action.clone() };
    let all = crate::incident::in_order(deeds.iter().map(word));
    let mut text = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if all.len() > NAMED {
        let _ = write!(text, " and {} other things", all.len() - NAMED);
    }
    let mut of_kind = BTreeMap::<&str, u64>::new();
    for deed in deeds {
        *of_kind.entry(&deed.kind).or_default() += deed.count;
    }
    let times = of_kind.into_values().max().unwrap_or(0);
    if times > all.len() as u64 {
        let _ = write!(text, ", {times} times");
    }
    text
}

/// The moment as text, without fractions that say nothing.
pub(crate) fn short(time: Timestamp) -> String {
    time.to_string().replace(".000000Z", "Z")
}
