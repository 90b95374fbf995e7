//! T4, Autonomous Boundary: a slow spray is contained at its source before it succeeds, nobody is locked out, and
//! everyday mistakes stop nothing.

use crate::Story;
use crate::exam::{Exam, Scene, any_of, same, seconds};
use crate::film::Shot;
use crate::view::{ActionKind, ActionRecord, ActionState};
use homeostat_core::{EntityKey, EntityKind, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

const STORY: Story = Story::PasswordSpray;
const CALM: [Story; 2] = [Story::PasswordExpiry, Story::BrokenService];
/// The longest that an action may last.
const LONGEST: Duration = Duration::from_hours(1);
/// The most containments at one time that a cautious organization allows.
const BUDGET: usize = 20;
/// Addresses behind which the office and the VPN sit.
const SHARED: [&str; 2] = ["198.51.100.10", "198.51.100.20"];

/// What was seen so far.
#[derive(Default)]
pub(crate) struct AutonomousBoundary {
    failures: u64,
    /// How many failures it took.
    detected: Option<u64>,
    won: Option<Timestamp>,
    judged: bool,
    most: usize,
}

impl Scene for AutonomousBoundary {
    fn stories(&self) -> &'static [Story] {
        &[STORY, CALM[0], CALM[1]]
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        let step = shot.mark.filter(|mark| mark.story == STORY).map(|mark| mark.step);
        if step == Some(1) {
            self.failures += 1;
            let standing = standing(exam).len();
            self.most = self.most.max(standing);
            if standing > 0 && self.detected.is_none() {
                self.detected = Some(self.failures);
            }
        }
        if step == Some(2) {
            self.won = Some(shot.at);
        }
        let due = self.won.and_then(|won| won.plus(Duration::from_secs(30)));
        if !self.judged && due.is_some_and(|due| due <= shot.at) {
            self.judged = true;
            self.contained(exam);
        }
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        let failures = self.detected.map_or(f64::INFINITY, |failures| failures as f64);
        exam.at_most("failures before it is seen", failures, 20.0);
        exam.at_most("most containments at one time", self.most as f64, BUDGET as f64);
        if !self.judged {
            exam.miss("the success was not shown");
        }
        bounded(exam);
        everybody_works_on(exam);
        for story in CALM {
            let stopped = because(exam, story).len();
            exam.at_most("containments of everyday mistakes", stopped as f64, 0.0);
        }
    }
}

impl AutonomousBoundary {
    /// Half a minute after the success the source or the session that it won is stopped.
    fn contained(&self, exam: &mut Exam<'_>) {
        let (who, sources) = (exam.who(STORY), sources(exam));
        let session =
            |key: &EntityKey| key.kind() == EntityKind::WebSession && who.iter().any(|one| same(one, key));
        let standing = standing(exam);
        let won = standing.iter().any(|action| action.scope.iter().any(session));
        let blocked = standing.iter().any(|action| any_of(&action.scope, sources.get(..1).unwrap_or(&[])));
        if !won && !blocked {
            exam.miss("the success is not contained within half a minute");
        }
        let lag = standing.iter().filter_map(|action| seconds(self.won?, action.at)).reduce(f64::max);
        exam.figures.seconds = lag;
    }
}

/// The addresses of the spray.
fn sources(exam: &Exam<'_>) -> Vec<EntityKey> {
    exam.film.tenant.truth(STORY).map(|truth| truth.objects.clone()).unwrap_or_default()
}

/// What stops something because of `story`.
fn because(exam: &mut Exam<'_>, story: Story) -> Vec<ActionRecord> {
    let events = exam.events(story);
    let mut actions = exam.actions();
    actions.retain(|action| action.kind.contains() && done(action));
    actions.retain(|action| action.because.iter().any(|event| events.contains(event)));
    actions
}

fn done(action: &ActionRecord) -> bool {
    !matches!(action.state, ActionState::Proposed | ActionState::Refused)
}

fn standing(exam: &mut Exam<'_>) -> Vec<ActionRecord> {
    let mut actions = because(exam, STORY);
    actions.retain(|action| action.state == ActionState::InForce);
    actions
}

/// Only the source and the one session are touched, and for a time.
fn bounded(exam: &mut Exam<'_>) {
    let (who, sources) = (exam.who(STORY), sources(exam));
    let actions = because(exam, STORY);
    let beyond = |key: &&EntityKey| {
        !any_of(std::slice::from_ref(key), &who) && !any_of(std::slice::from_ref(key), &sources)
    };
    let keys = actions.iter().flat_map(|action| &action.scope);
    let touched: BTreeSet<&str> = keys.filter(beyond).map(EntityKey::value).collect();
    exam.at_most("things touched beyond source and session", touched.len() as f64, 0.0);
    if actions.iter().any(|action| action.kind == ActionKind::Lock) {
        exam.miss("an account is locked out");
    }
    let ends = |action: &ActionRecord| action.at.plus(LONGEST).is_some_and(|latest| action.expires <= latest);
    if !actions.iter().all(ends) {
        exam.miss("an action outlasts an hour");
    }
}

/// The sign-ins of the office while the spray went on, as the actions that were in force left them.
fn everybody_works_on(exam: &mut Exam<'_>) {
    let (film, actions) = (exam.film, because(exam, STORY));
    let shared = |key: &EntityKey| key.kind() == EntityKind::Ip && SHARED.contains(&key.value());
    let blocks: Vec<&ActionRecord> =
        actions.iter().filter(|action| action.scope.iter().any(shared)).collect();
    if blocks.iter().any(|action| action.kind == ActionKind::Block) {
        exam.miss("the office or the VPN is blocked");
    }
    let signed_in = film.step(STORY, 0);
    let stopped = |at: Timestamp| blocks.iter().any(|action| action.at <= at && at < action.expires);
    let allowed = signed_in.iter().filter(|event| !stopped(film.at(Some(event)))).count();
    exam.at_least("share of sign-ins allowed", allowed as f64 / signed_in.len().max(1) as f64, 0.995);
}
