//! T3, Chain Reaction: one hidden sign-in, and several domains react at once, for that person alone, for a time; a
//! safe factor withdraws it all.

use crate::Story;
use crate::exam::{Exam, Scene, any_of, same, seconds};
use crate::film::Shot;
use crate::view::{ActionKind, ActionRecord, ActionState};
use homeostat_core::{Domain, EntityKey, EntityKind, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

const STORY: Story = Story::HiddenSignIn;
/// The applications in which the person works.
const LIVE: usize = 3;
/// The longest that an action may last.
const LONGEST: Duration = Duration::from_hours(4);

/// How many events came after the sign-in and after the safe factor.
#[derive(Default)]
pub(crate) struct ChainReaction {
    since_sign_in: Option<u64>,
    since_factor: Option<u64>,
}

impl Scene for ChainReaction {
    fn stories(&self) -> &'static [Story] {
        &[STORY, Story::Scanner, Story::Trip]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        if count(&mut self.since_sign_in) == Some(3) {
            reacted(exam);
        }
        if count(&mut self.since_factor) == Some(1) {
            withdrawn(exam);
        }
        if shot.is(exam.film.step(STORY, 1).last()) {
            self.since_sign_in = Some(0);
        }
        if shot.is(exam.film.step(STORY, 2).last()) {
            self.since_factor = Some(0);
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        if self.since_sign_in.is_none() || self.since_factor.is_none() {
            exam.miss("the sign-in was not shown");
        }
        let scanned = because(exam, Story::Scanner);
        let on_identities = scanned.iter().filter(|action| action.domain == Domain::Identity).count();
        exam.at_most("actions on identities after a scan", on_identities as f64, 0.0);
        let away = because(exam, Story::Trip);
        let harsh = away.iter().filter(|action| {
            !matches!(action.kind, ActionKind::Challenge | ActionKind::Watch | ActionKind::Ticket)
        });
        let harsh = harsh.count();
        exam.at_most("actions beyond a challenge on a traveller", harsh as f64, 0.0);
    }
}

/// One more event; tells which after the moment it is.
fn count(events: &mut Option<u64>) -> Option<u64> {
    if let Some(events) = events {
        *events = events.saturating_add(1);
    }
    *events
}

/// The actions that answer an event of `story`.
fn because(exam: &mut Exam<'_>, story: Story) -> Vec<ActionRecord> {
    let events = exam.events(story);
    let mut actions = exam.actions();
    actions.retain(|action| action.because.iter().any(|event| events.contains(event)));
    actions
}

fn reacted(exam: &mut Exam<'_>) {
    let (who, at) = (exam.who(STORY), exam.film.at(exam.film.step(STORY, 1).last()));
    let mut actions = because(exam, STORY);
    actions.retain(|action| action.state == ActionState::InForce);
    let of = |kind: ActionKind| actions.iter().filter(move |action| action.kind == kind);
    let (tokens, tightened) = (of(ActionKind::ReAuthenticate).count(), of(ActionKind::Tighten).count());
    let mail = of(ActionKind::Tighten).any(|action| action.domain == Domain::Email);
    let asked = of(ActionKind::Challenge).any(|action| action.domain == Domain::Identity);
    let domains: BTreeSet<Domain> = actions.iter().map(|action| action.domain).collect();
    let first = actions.first().map(|action| action.kind);
    exam.figures.seconds = actions.iter().filter_map(|action| seconds(at, action.at)).reduce(f64::max);
    exam.at_least("domains that react", domains.len() as f64, 3.0);
    exam.at_least("live tokens to sign in again", tokens as f64, LIVE as f64);
    exam.at_least("tightenings", tightened as f64, 1.0);
    exam.at_most("seconds to the last action", exam.figures.seconds.unwrap_or(f64::NAN), 5.0);
    if !asked || first != Some(ActionKind::Challenge) {
        exam.miss("the challenge does not come first");
    }
    if !mail {
        exam.miss("mail is not tightened");
    }
    if !actions.iter().all(|action| bounded(action, &who, at)) {
        exam.miss("an action is not for this person alone, not for a time, or can not be taken back");
    }
    let chains: BTreeSet<&Option<String>> = actions.iter().map(|action| &action.incident).collect();
    if chains.len() != 1 || chains.contains(&None) {
        exam.miss("the actions are not one chain");
    }
}

/// Whether an action touches `who` and nobody else, ends in time and can be taken back.
fn bounded(action: &ActionRecord, who: &[EntityKey], at: Timestamp) -> bool {
    let person = |key: &&EntityKey| {
        matches!(key.kind(), EntityKind::Upn | EntityKind::Email | EntityKind::DirectoryObjectId)
    };
    let own = action.scope.iter().filter(person).all(|key| who.iter().any(|one| same(one, key)));
    let ends = at.plus(LONGEST).is_some_and(|latest| action.expires <= latest);
    own && any_of(&action.scope, who) && ends && action.reversible
}

fn withdrawn(exam: &mut Exam<'_>) {
    let who = exam.who(STORY);
    let mut left = because(exam, STORY);
    left.retain(|action| action.state == ActionState::InForce && any_of(&action.scope, &who));
    exam.at_most("actions left after the safe factor", left.len() as f64, 0.0);
}
