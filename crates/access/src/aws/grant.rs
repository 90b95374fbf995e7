//! What one gate grants, and how the answers of several gates join.

use crate::aws::condition::Truth;
use crate::aws::policy::{Effect, Policy};
use crate::aws::principal::{Closeness, Principal};
use crate::aws::request::Request;
use crate::aws::statement::{Applies, SESSION_NAME};
use crate::decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
use std::sync::Arc;

/// What one side grants.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) truth: Truth,
    because: Vec<Because>,
    open: Vec<Open>,
    pub(crate) closeness: Option<Closeness>,
}

impl Grant {
    /// No gate at all.
    pub(crate) fn free() -> Self {
        Self { truth: Truth::Yes, because: Vec::new(), open: Vec::new(), closeness: None }
    }

    /// A gate that lets pass, without a policy.
    pub(crate) fn given(gate: Gate) -> Self {
        let because = Because { gate, policy: "".into(), statement: None, says: Says::Allow };
        Self { because: vec![because], ..Self::free() }
    }

    pub(crate) fn silent(gate: Gate, policy: &str) -> Self {
        let because = Because { gate, policy: policy.into(), statement: None, says: Says::Nothing };
        Self { truth: Truth::No, because: vec![because], open: Vec::new(), closeness: None }
    }

    /// A gate whose document is not known.
    pub(crate) fn unread(gate: Gate, name: &Arc<str>) -> Self {
        let because = Because { gate, policy: name.clone(), statement: None, says: Says::Nothing };
        let open = vec![unread(name, Wanted::Holds)];
        Self { truth: Truth::Open, because: vec![because], open, closeness: None }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self.truth, other.truth) {
            (Truth::No, _) => self,
            (_, Truth::No) => other,
            (one, two) => Self {
                truth: one.and(two),
                because: joined(self.because, other.because),
                open: joined(self.open, other.open),
                closeness: None,
            },
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        let better = |truth| match truth {
            Truth::No => 0,
            Truth::Open => 1,
            Truth::Yes => 2,
        };
        if better(other.truth) >= better(self.truth) { other } else { self }
    }

    pub(crate) fn answer(self, mut denied: Vec<Open>) -> Answer {
        let decision = match self.truth {
            Truth::No => Decision::ImplicitlyDenied,
            Truth::Yes if denied.is_empty() => Decision::Allowed,
            _ => {
                let mut all = self.open;
                all.append(&mut denied);
                Decision::AllowedIf(Residual(all))
            }
        };
        Answer { decision, because: self.because }
    }
}

/// Both lists as one, without a copy while one of them is empty.
fn joined<T>(mut one: Vec<T>, mut two: Vec<T>) -> Vec<T> {
    if one.is_empty() {
        return two;
    }
    one.append(&mut two);
    one
}

/// The best of `grants`; `gate` is silent when there is none.
pub(crate) fn best(grants: impl Iterator<Item = Grant>, gate: Gate) -> Grant {
    let mut best: Option<Grant> = None;
    for grant in grants {
        if grant.truth == Truth::Yes {
            return grant;
        }
        best = Some(match best {
            Some(best) => best.or(grant),
            None => grant,
        });
    }
    best.unwrap_or_else(|| Grant::silent(gate, ""))
}

/// Whom a statement must be about to count.
#[derive(Clone, Copy)]
pub(crate) enum About<'a> {
    /// Anyone: the policy is attached to who asks.
    Anyone,
    /// This principal by name.
    Named(&'a Principal),
    /// This principal by name, or nobody by name.
    NamedOrUnsaid(&'a Principal),
}

/// What the allowing statements of `policy` grant at `gate`.
pub(crate) fn grants<'a>(
    policy: &'a Policy,
    gate: Gate,
    request: &'a Request<'_>,
    about: About<'a>,
) -> impl Iterator<Item = Grant> + 'a {
    let allowing = policy.statements().filter(|(_, statement)| statement.effect == Effect::Allow);
    allowing.filter_map(move |(index, statement)| {
        let naming = match about {
            About::Named(who) => Some(statement.names(who, request.context)?),
            About::NamedOrUnsaid(who) if statement.names_somebody() => {
                Some(statement.names(who, request.context)?)
            }
            About::Anyone | About::NamedOrUnsaid(_) => None,
        };
        let mut keys = match statement.applies(request, gate) {
            Applies::No => return None,
            Applies::Yes => Vec::new(),
            Applies::Open(keys) => keys,
        };
        if naming.is_some_and(|naming| naming.open) {
            keys.push(SESSION_NAME.to_owned());
        }
        Some(Grant {
            truth: if keys.is_empty() { Truth::Yes } else { Truth::Open },
            because: vec![said(policy, gate, index, Says::Allow)],
            open: opened(policy, index, keys, Wanted::Holds),
            closeness: naming.map(|naming| naming.closeness),
        })
    })
}

/// That a statement spoke.
pub(crate) fn said(policy: &Policy, gate: Gate, statement: usize, says: Says) -> Because {
    Because { gate, policy: policy.shared_name(), statement: Some(statement), says }
}

/// The keys that a statement rests on.
pub(crate) fn opened(policy: &Policy, statement: usize, keys: Vec<String>, wanted: Wanted) -> Vec<Open> {
    let open = |key: String| Open { policy: policy.shared_name(), statement, key: key.into(), wanted };
    keys.into_iter().map(open).collect()
}

/// That a policy was not read.
pub(crate) fn unread(name: &Arc<str>, wanted: Wanted) -> Open {
    Open { policy: name.clone(), statement: 0, key: "document".into(), wanted }
}
