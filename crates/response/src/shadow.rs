//! What would have been done, whether people agree, and which rails it would have met: the ledger by which an action
//! is promoted from looking on, over asking, to acting.
//!
//! It is made from the journal's records alone, so it says the same of last month tomorrow as today. O(n log n) in
//! records; state is one row per action and kind of target.

use crate::journal::{Entry, Record};
use crate::lifecycle::{Event, Refusal};
use crate::policy::Ruling;
use crate::{Action, ActionId, Because, Decision, Opinion, TargetKind};
use homeostat_core::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// What was shown or asked about one action on one kind of target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShadowRow {
    /// How many were proposed and only shown, or asked about because the gate asks about everything.
    pub proposed: u64,
    /// How many of them would have been done without asking.
    pub would_act: u64,
    /// How many people agreed with.
    pub agreed: u64,
    /// How many people disagreed with.
    pub disagreed: u64,
    /// What would have kept an action from being done without asking, and how often: rules, budgets, floors.
    pub rails: BTreeMap<String, u64>,
    // How many resources each would have touched, in order of size.
    touches: Vec<u32>,
}

impl ShadowRow {
    /// How many resources the widest but one in twenty would have touched; 0 when nothing was proposed.
    pub fn blast_radius_p95(&self) -> u32 {
        let last = self.touches.len().saturating_sub(1);
        self.touches.get(last * 95 / 100).copied().unwrap_or(0)
    }

    /// The share of the judged that people agreed with; `None` when nobody judged.
    pub fn agreement(&self) -> Option<f64> {
        let judged = self.agreed.saturating_add(self.disagreed);
        (judged > 0).then(|| self.agreed as f64 / judged as f64)
    }

    /// How many would have met a rail.
    pub fn held(&self) -> u64 {
        self.proposed.saturating_sub(self.would_act)
    }

    /// Whether it may be let go one step further, by `bar`.
    pub fn is_ready(&self, bar: &Promotion) -> bool {
        let judged = self.agreed.saturating_add(self.disagreed);
        judged >= bar.judged && self.agreement().is_some_and(|share| share >= bar.agreement)
    }

    fn add(&mut self, decision: &Decision, touches: usize) {
        self.proposed = self.proposed.saturating_add(1);
        let by_mode = |because: &&Because| matches!(because, Because::ObserveMode | Because::AskMode);
        let rails = decision.because.iter().filter(|one| !by_mode(one) && one.demands() > Ruling::Autonomous);
        let mut held = false;
        for because in rails {
            *self.rails.entry(because.to_string()).or_default() += 1;
            held = true;
        }
        self.would_act = self.would_act.saturating_add(u64::from(!held));
        self.touches.push(u32::try_from(touches).unwrap_or(u32::MAX));
    }

    fn judge(&mut self, opinion: Opinion) {
        match opinion {
            Opinion::Agrees => self.agreed = self.agreed.saturating_add(1),
            Opinion::Disagrees => self.disagreed = self.disagreed.saturating_add(1),
        }
    }
}

/// When an action is let go one step further.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Promotion {
    /// So many must have been judged. Twenty by default: if all were agreed with, at most one in seven is wrong with
    /// 95 % confidence (3/n: Hanley and Lippman-Hand, JAMA 249, 1983).
    pub judged: u64,
    /// At least this share of them agreed with, in `0.0..=1.0`. 0.95 by default: one slip in twenty.
    pub agreement: f64,
}

impl Default for Promotion {
    fn default() -> Self {
        Self { judged: 20, agreement: 0.95 }
    }
}

/// The ledger of a span of time.
///
/// ```
/// use homeostat_core::Timestamp;
/// use homeostat_response::ShadowLedger;
/// let ledger = ShadowLedger::of(&[], Timestamp::FIRST, Timestamp::LAST);
/// assert_eq!(ledger.to_string(), "nothing was only shown or asked about");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShadowLedger {
    rows: BTreeMap<(Action, TargetKind), ShadowRow>,
}

impl ShadowLedger {
    /// What `records` tell of the actions that were proposed from `from` to before `to`.
    pub fn of(records: &[Record], from: Timestamp, to: Timestamp) -> Self {
        let mut ledger = Self::default();
        let mut rows: BTreeMap<&ActionId, Option<(Action, TargetKind)>> = BTreeMap::new();
        for record in records.iter().filter(|record| record.at >= from) {
            let (id, opinion) = match &record.entry {
                Entry::Action { id, event: Event::Planned { plan, decision, .. } } if record.at < to => {
                    let asks = decision.because.contains(&Because::AskMode);
                    if asks || decision.because.contains(&Because::ObserveMode) {
                        let row = (plan.action, plan.target.kind);
                        ledger.rows.entry(row).or_default().add(decision, plan.touches.len());
                        rows.insert(id, Some(row));
                    }
                    continue;
                }
                Entry::Action { id, event: Event::Approved { .. } } => (id, Opinion::Agrees),
                Entry::Action { id, event: Event::Refused { why: Refusal::Withdrawn } } => {
                    (id, Opinion::Disagrees)
                }
                Entry::Judged { id, opinion, .. } => (id, *opinion),
                _ => continue,
            };
            // The first word about an action counts.
            if let Some(row) = rows.get_mut(id).and_then(Option::take) {
                ledger.rows.entry(row).or_default().judge(opinion);
            }
        }
        ledger.rows.values_mut().for_each(|row| row.touches.sort_unstable());
        ledger
    }

    /// The rows, by action and kind of target.
    pub fn rows(&self) -> impl Iterator<Item = (Action, TargetKind, &ShadowRow)> {
        self.rows.iter().map(|((action, kind), row)| (*action, *kind, row))
    }

    /// What may be let go one step further, by `bar`.
    pub fn ready(&self, bar: &Promotion) -> Vec<(Action, TargetKind)> {
        self.rows.iter().filter(|(_, row)| row.is_ready(bar)).map(|(what, _)| *what).collect()
    }
}

impl fmt::Display for ShadowLedger {
    /// A line for each row, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return f.write_str("nothing was only shown or asked about");
        }
        let mut before = "";
        for ((action, kind), row) in &self.rows {
            let judged = row.agreed.saturating_add(row.disagreed);
            write!(
                f,
                "{before}{action} on {}: {} proposed, {} would have been done, people agreed with {} of {judged}, \
                 blast radius p95 {}, {} would have met a rail",
                kind.as_str(),
                row.proposed,
                row.would_act,
                row.agreed,
                row.blast_radius_p95(),
                row.held()
            )?;
            for (rail, times) in &row.rails {
                write!(f, "\n  {times} × {rail}")?;
            }
            before = "\n";
        }
        Ok(())
    }
}
