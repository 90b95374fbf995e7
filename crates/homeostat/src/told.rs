//! What became of each action, gathered from what the executor tells: planned, decided, applied, observed, reverted.

use core::fmt;
use homeostat_core::Timestamp;
use homeostat_response::{
    Action, ActionId, Decision, Ending, Entry, Event, Executor, Gate, News, Notice, Observed, Phase,
    PlanHash, Record, Request, Storage, Target,
};
use std::collections::BTreeMap;

/// How many actions are told at most; then the oldest that are over go. 10,000: a year of a busy estate.
const MOST_TOLD: usize = 10_000;

/// What became of one action.
///
/// `Display` gives it in lines for people, and names whom it touches; `Debug` never does.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ActionTold {
    /// Its id.
    pub id: ActionId,
    /// The incident it answers.
    pub incident: Option<String>,
    /// What is done; `None` only for a record that no request stands before.
    pub action: Option<Action>,
    /// To what, as it was asked for.
    pub target: Option<Target>,
    /// Every resource that the plan touches.
    pub touches: Vec<Target>,
    /// Why, in the planner's words.
    pub reason: String,
    /// When it was asked for.
    pub asked: Timestamp,
    /// What was planned, in the actuator's words; `None` when it could not be planned.
    pub planned: Option<String>,
    /// The plan that people say yes to.
    pub plan: Option<PlanHash>,
    /// What was decided, by which rules.
    pub decided: Option<Decision>,
    /// When it was applied; `None` when it was not.
    pub applied: Option<Timestamp>,
    /// When its lease ends; [`Timestamp::NEVER`] without a lease, [`Timestamp::UNKNOWN`] when it was not applied.
    pub lease_end: Timestamp,
    /// What was seen when last looked at before its end.
    pub observed: Option<Observed>,
    /// Why its end was begun; `None` when it was not.
    pub ending: Option<Ending>,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
    /// What went wrong or held it, in order.
    pub trouble: Vec<String>,
    asked_ttl_ms: Option<u64>,
}

impl ActionTold {
    fn new(id: ActionId, asked: Timestamp) -> Self {
        Self {
            id,
            incident: None,
            action: None,
            target: None,
            touches: Vec::new(),
            reason: String::new(),
            asked,
            planned: None,
            plan: None,
            decided: None,
            applied: None,
            lease_end: Timestamp::UNKNOWN,
            observed: None,
            ending: None,
            ended: None,
            phase: Phase::New,
            trouble: Vec::new(),
            asked_ttl_ms: None,
        }
    }

    /// Whether it is in force now, as far as is known.
    pub fn is_in_force(&self) -> bool {
        self.phase == Phase::Active
    }

    /// Its lines for people: a word and what is to be said about it, in the order in which things happen.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let or =
            |text: &Option<String>, otherwise: &str| text.clone().unwrap_or_else(|| otherwise.to_owned());
        let at = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let decided = self.decided.as_ref().map(ToString::to_string);
        let mut lines = vec![
            ("planned", or(&self.planned, "not planned")),
            ("because", self.reason.clone()),
            ("decided", or(&decided, "not decided")),
            ("applied", or(&at(self.applied), "not applied")),
            ("observed", self.observed.map_or("not looked at", seen).to_owned()),
        ];
        if self.applied.is_some() {
            lines.push(("lease ends", self.lease_end.to_string()));
        }
        let over = at(self.ended).unwrap_or_else(|| "not yet over".to_owned());
        let reverted = self.ending.map(|ending| format!("{over}: {}", News::Reverting(ending)));
        lines.push(("reverted", or(&reverted, self.not_reverted())));
        lines.extend(self.trouble.iter().map(|trouble| ("trouble", trouble.clone())));
        lines
    }

    fn not_reverted(&self) -> &'static str {
        if self.phase.may_be_in_force() {
            "not yet, it holds until its lease ends"
        } else {
            "nothing to revert"
        }
    }

    fn take_request(&mut self, request: &Request) {
        self.incident.clone_from(&request.incident);
        self.action = Some(request.action);
        self.target = Some(request.target.clone());
        self.reason.clone_from(&request.reason);
        self.asked_ttl_ms = request.ttl_ms;
    }

    fn take_news(&mut self, at: Timestamp, news: News) {
        match news {
            News::Planned { summary, .. } => self.planned = Some(summary),
            News::Decided(decision) => self.decided = Some(decision),
            News::Sent(Ok(_)) if self.applied.is_none() => {
                self.applied = Some(at);
                self.lease_end = self.lease_from(at);
            }
            News::Seen(Ok(observed)) if self.ending.is_none() => self.observed = Some(observed),
            News::Sent(Ok(_)) | News::Seen(Ok(_)) => {}
            News::InForce => self.observed = Some(Observed::InForce),
            News::Reverting(ending) => self.ending = Some(ending),
            News::Ended(_) => self.ended = Some(at),
            other => self.trouble.push(other.to_string()),
        }
    }

    /// Takes over what the journal of an earlier run tells.
    fn take_event(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Planned { plan, .. } => {
                self.planned = Some(plan.summary.clone());
                self.touches.clone_from(&plan.touches);
            }
            Event::ApplyIntent { expires_at } => (self.applied, self.lease_end) = (Some(at), *expires_at),
            Event::Extended { expires_at, .. } => self.lease_end = *expires_at,
            Event::Applied => self.observed = Some(Observed::InForce),
            Event::RevertIntent { why, .. } => self.ending = Some(*why),
            Event::Reverted | Event::Refused { .. } | Event::ApplyFailed => self.ended = Some(at),
            _ => {}
        }
    }

    /// The end of a lease that begins at `at`: what was asked for, and never beyond what the rules let pass.
    fn lease_from(&self, at: Timestamp) -> Timestamp {
        let Some(asked) = self.asked_ttl_ms.filter(|ttl| *ttl > 0) else { return Timestamp::NEVER };
        let most = self.decided.as_ref().map_or(asked, |decision| decision.max_ttl_ms);
        at.plus(core::time::Duration::from_millis(asked.min(most))).unwrap_or(Timestamp::LAST)
    }

    fn take_state<S: Storage>(&mut self, gate: &Gate<S>) {
        self.phase = gate.phase(&self.id);
        // A plan's hash is worked out once; whoever plans anew says so.
        if self.plan.is_none()
            && let Some(plan) = gate.plan(&self.id)
        {
            self.plan = Some(plan.hash());
            self.action = Some(plan.action);
            self.touches.clone_from(&plan.touches);
            self.target.get_or_insert_with(|| plan.target.clone());
        }
        if self.decided.is_none() {
            self.decided = gate.decision(&self.id).cloned();
        }
    }
}

fn seen(observed: Observed) -> &'static str {
    match observed {
        Observed::InForce => "in force",
        Observed::NotInForce => "not in force",
        Observed::Partial => "partly in force",
        Observed::Conflict => "changed by somebody else",
    }
}

impl fmt::Display for ActionTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = self.action.map_or("an action", Action::as_str);
        let target = self.target.as_ref().map_or("what is no longer known", |target| target.id.as_str());
        write!(f, "{action} {target}")?;
        self.lines().iter().try_for_each(|(word, text)| write!(f, "\n  {word:<10} {text}"))
    }
}

impl fmt::Debug for ActionTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionTold")
            .field("id", &self.id)
            .field("action", &self.action)
            .field("target", &self.target)
            .field("applied", &self.applied)
            .field("lease_end", &self.lease_end)
            .field("observed", &self.observed)
            .field("phase", &self.phase.as_str())
            .field("trouble", &self.trouble.len())
            .finish_non_exhaustive()
    }
}

/// All that is told, in the order in which it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Tale {
    told: BTreeMap<u64, ActionTold>,
    numbers: BTreeMap<ActionId, u64>,
    next: u64,
    dropped: u64,
}

impl Tale {
    pub(crate) fn all(&self) -> impl Iterator<Item = &ActionTold> {
        self.told.values()
    }

    pub(crate) fn of(&self, id: &ActionId) -> Option<&ActionTold> {
        self.told.get(self.numbers.get(id)?)
    }

    /// How many that are over were dropped for newer ones.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn ask(&mut self, request: &Request, now: Timestamp) {
        let told = self.entry(&request.id, now);
        // Asked again, it is the first request that stands.
        if told.incident.is_none() {
            told.take_request(request);
        }
        self.limit();
    }

    pub(crate) fn fail(&mut self, id: &ActionId, now: Timestamp, why: String) {
        let told = self.entry(id, now);
        if told.trouble.last() != Some(&why) {
            told.trouble.push(why);
        }
    }

    /// Takes over what a journal tells of earlier days.
    pub(crate) fn replay(&mut self, records: &[Record]) {
        for Record { at, entry } in records {
            let Entry::Action { id, event } = entry else { continue };
            if let Event::Proposed { request } = event {
                self.ask(request, *at);
            }
            self.entry(id, *at).take_event(*at, event);
        }
    }

    /// Takes over what the executor tells, and where its actions stand.
    pub(crate) fn gather<S: Storage>(&mut self, executor: &mut Executor<S>) {
        for Notice { at, id, news } in executor.take_notices() {
            let told = self.entry(&id, at);
            if matches!(news, News::Planned { .. }) {
                told.plan = None;
            }
            told.take_state(executor.gate());
            told.take_news(at, news);
        }
        for told in self.told.values_mut().filter(|told| !told.phase.is_terminal()) {
            told.take_state(executor.gate());
        }
    }

    /// Drops every action that names `name`.
    pub(crate) fn forget(&mut self, name: &str) {
        let same = |target: &Target| target.id.eq_ignore_ascii_case(name);
        self.told.retain(|_, told| !told.touches.iter().chain(&told.target).any(same));
        let told = &self.told;
        self.numbers.retain(|_, number| told.contains_key(number));
    }

    fn entry(&mut self, id: &ActionId, now: Timestamp) -> &mut ActionTold {
        let number = *self.numbers.entry(id.clone()).or_insert(self.next);
        if number == self.next {
            self.next = self.next.saturating_add(1);
        }
        self.told.entry(number).or_insert_with(|| ActionTold::new(id.clone(), now))
    }

    fn limit(&mut self) {
        while self.told.len() > MOST_TOLD {
            let over = self.told.iter().find(|(_, told)| told.phase.is_terminal());
            let Some((number, id)) = over.map(|(number, told)| (*number, told.id.clone())) else { return };
            self.told.remove(&number);
            self.numbers.remove(&id);
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}
