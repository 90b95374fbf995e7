//! How much was taken of each budget, exactly: what is in force now, and what was begun within the window.
//!
//! Rebuilt from the journal at the start, so that no crash loop resets a rate. Taking and checking cost
//! O(b·t·log n) for b budgets and t touched resources; state is one entry per active action and budget key.

use crate::decision::Because;
use crate::policy::{Budget, Scope};
use crate::request::Proposer;
use crate::{ActionId, Plan, Request};
use homeostat_core::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

/// Shares of a population are counted in millionths, so that sums are exact in any order.
const MILLION: f64 = 1e6;

/// What one action takes of one budget under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    budget: usize,
    key: String,
    units: u32,
    millionths: u64,
}

#[derive(Clone, Debug, Default)]
struct Held {
    units: u64,
    millionths: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    budgets: Vec<Budget>,
    active: HashMap<ActionId, Vec<Charge>>,
    held: BTreeMap<(usize, String), Held>,
    // Per budget, what was begun and when, oldest first; and its sum per key.
    begun: Vec<VecDeque<(Timestamp, String, u32)>>,
    in_window: BTreeMap<(usize, String), u64>,
}

impl Ledger {
    pub(crate) fn new(budgets: Vec<Budget>) -> Self {
        let begun = vec![VecDeque::new(); budgets.len()];
        Self { budgets, begun, ..Self::default() }
    }

    /// What doing `plan` takes, and the budgets of which that is not known.
    pub(crate) fn charges(&self, request: &Request, plan: &Plan) -> (Vec<Charge>, BTreeSet<Because>) {
        let mut unknown = BTreeSet::new();
        let mut charges = Vec::new();
        let share = plan.impact.population_share.filter(|share| (0.0..=1.0).contains(share));
        for (number, budget) in self.budgets.iter().enumerate() {
            let mut keys: BTreeMap<String, u32> = BTreeMap::new();
            let complete = count_keys(&budget.scope, request, plan, &mut keys);
            if !complete || (budget.population_share.is_some() && share.is_none()) {
                unknown.insert(Because::BudgetUnknown { id: budget.id.clone() });
            }
            let millionths = millionths(share.unwrap_or(0.0));
            let charge = |(key, units)| Charge { budget: number, key, units, millionths };
            charges.extend(keys.into_iter().map(charge));
        }
        (charges, unknown)
    }

    /// The budgets that `charges` would exceed.
    pub(crate) fn exceeded(&mut self, charges: &[Charge], now: Timestamp) -> BTreeSet<Because> {
        self.forget_old(now);
        let over = charges.iter().filter(|charge| self.is_over(charge));
        let ids = over.filter_map(|charge| self.budgets.get(charge.budget));
        ids.map(|budget| Because::Budget { id: budget.id.clone() }).collect()
    }

    fn is_over(&self, charge: &Charge) -> bool {
        let Some(budget) = self.budgets.get(charge.budget) else { return true };
        let key = (charge.budget, charge.key.clone());
        let held = self.held.get(&key).cloned().unwrap_or_default();
        let begun = self.in_window.get(&key).copied().unwrap_or(0);
        let units = u64::from(charge.units);
        let beyond = |sum: u64, limit: Option<u32>| limit.is_some_and(|limit| sum > u64::from(limit));
        beyond(held.units.saturating_add(units), budget.max_active)
            || beyond(begun.saturating_add(units), budget.max_per_window)
            || budget
                .population_share
                .is_some_and(|limit| held.millionths.saturating_add(charge.millionths) > millionths(limit))
    }

    /// Takes `charges` for `id` at `now`.
    pub(crate) fn take(&mut self, id: &ActionId, charges: Vec<Charge>, now: Timestamp) {
        self.forget_old(now);
        for charge in &charges {
            let key = (charge.budget, charge.key.clone());
            let held = self.held.entry(key.clone()).or_default();
            held.units = held.units.saturating_add(u64::from(charge.units));
            held.millionths = held.millionths.saturating_add(charge.millionths);
            let begun = self.in_window.entry(key).or_default();
            *begun = begun.saturating_add(u64::from(charge.units));
            if let Some(queue) = self.begun.get_mut(charge.budget) {
                queue.push_back((now, charge.key.clone(), charge.units));
            }
        }
        self.active.insert(id.clone(), charges);
    }

    /// Gives back what `id` holds; what it began stays in the window.
    pub(crate) fn release(&mut self, id: &ActionId) {
        for charge in self.active.remove(id).unwrap_or_default() {
            let key = (charge.budget, charge.key);
            if let Some(held) = self.held.get_mut(&key) {
                held.units = held.units.saturating_sub(u64::from(charge.units));
                held.millionths = held.millionths.saturating_sub(charge.millionths);
                if held.units == 0 {
                    self.held.remove(&key);
                }
            }
        }
    }

    /// How many actions hold budget.
    pub(crate) fn active(&self) -> usize {
        self.active.len()
    }

    fn forget_old(&mut self, now: Timestamp) {
        for (number, (queue, budget)) in self.begun.iter_mut().zip(&self.budgets).enumerate() {
            let Some(start) = now.minus(Duration::from_millis(budget.window_ms)) else { continue };
            while let Some((_, key, units)) = queue.pop_front_if(|(at, _, _)| *at <= start) {
                let key = (number, key);
                let left = self.in_window.get(&key).map_or(0, |sum| sum.saturating_sub(u64::from(units)));
                if left == 0 {
                    self.in_window.remove(&key);
                } else {
                    self.in_window.insert(key, left);
                }
            }
        }
    }
}

/// Counts touched resources per key of `scope`; whether every key was known.
fn count_keys(scope: &Scope, request: &Request, plan: &Plan, keys: &mut BTreeMap<String, u32>) -> bool {
    let named = std::slice::from_ref(&request.target);
    let touched = if plan.touches.is_empty() { named } else { &plan.touches[..] };
    let all = u32::try_from(touched.len()).unwrap_or(u32::MAX);
    match scope {
        Scope::Global => drop(keys.insert(String::new(), all)),
        Scope::PerAction => drop(keys.insert(request.action.as_str().to_owned(), all)),
        Scope::PerDetector => {
            let name = match &request.proposer {
                Proposer::Detector(name) => format!("detector {name}"),
                Proposer::Person(person) => format!("person {}", person.name()),
            };
            keys.insert(name, all);
        }
        Scope::PerTarget => {
            for target in touched {
                *keys.entry(format!("{:?} {}", target.kind, target.id)).or_default() += 1;
            }
        }
        Scope::PerAttr(attr) => {
            for target in touched {
                let value = target.attrs.get(attr).cloned().unwrap_or_default();
                *keys.entry(value).or_default() += 1;
            }
            return touched.iter().all(|target| target.attrs.contains_key(attr));
        }
    }
    true
}

/// A share in millionths, rounded up: what is hardly anything is not nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the share lies in 0..=1")]
fn millionths(share: f64) -> u64 {
    (share * MILLION).ceil() as u64
}
