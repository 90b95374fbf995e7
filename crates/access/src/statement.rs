//! Does a statement speak about a request: yes, no, or only if some key has a fitting value?

use crate::arn::ArnPattern;
use crate::condition::Truth;
use crate::context::Context;
use crate::policy::{Effect, ResourceText, Scope, Statement, Who};
use crate::principal::{Closeness, Principal};
use crate::request::{Ask, Request};

/// Whether a statement applies; when open, on which keys it rests.
pub(crate) enum Applies {
    Yes,
    No,
    Open(Vec<String>),
}

impl Statement {
    /// Whether the statement is about this action.
    pub(crate) fn is_about(&self, action: &str) -> bool {
        match &self.actions {
            Scope::Only(globs) => globs.iter().any(|glob| glob.matches(action)),
            Scope::AllBut(globs) => !globs.iter().any(|glob| glob.matches(action)),
        }
    }

    /// How closely the statement names `who`; `None` when it does not.
    pub(crate) fn names(&self, who: &Principal) -> Option<Closeness> {
        match &self.who {
            Who::Holder => None,
            Who::Only(names) => names.iter().filter_map(|name| name.names(who)).max(),
            Who::AllBut(names) => {
                let spared = names.iter().any(|name| name.names(who).is_some());
                (!spared).then_some(Closeness::Everyone)
            }
        }
    }

    /// Whether the statement names everybody but some.
    pub(crate) fn names_all_but_some(&self) -> bool {
        matches!(self.who, Who::AllBut(_))
    }

    /// Whether the statement speaks about the request, leaving aside who asks.
    pub(crate) fn applies(&self, request: &Request<'_>) -> Applies {
        if !self.is_about(request.action()) {
            return Applies::No;
        }
        let mut open = Vec::new();
        match self.reaches(request, &mut open) {
            Truth::No => return Applies::No,
            Truth::Yes => open.clear(),
            Truth::Open => {}
        }
        for test in &self.conditions {
            match test.holds(request.context) {
                Truth::No => return Applies::No,
                Truth::Yes => {}
                Truth::Open => open.push(test.key.clone()),
            }
        }
        if open.is_empty() { Applies::Yes } else { Applies::Open(open) }
    }

    fn reaches(&self, request: &Request<'_>, open: &mut Vec<String>) -> Truth {
        let mut any = |list: &[ResourceText], hits: fn(&ArnPattern, &Ask) -> bool| {
            let each = list.iter().map(|text| match text.resolve(request.context) {
                Ok(Some(pattern)) if hits(&pattern, &request.ask) => Truth::Yes,
                Ok(_) => Truth::No,
                Err(key) => {
                    open.push(key);
                    Truth::Open
                }
            });
            each.fold(Truth::No, Truth::or)
        };
        match (&self.resources, self.effect) {
            (Scope::Only(list), Effect::Allow) => any(list, touches),
            (Scope::Only(list), Effect::Deny) => any(list, holds_all),
            (Scope::AllBut(list), Effect::Allow) => any(list, spares_none).not(),
            (Scope::AllBut(list), Effect::Deny) => any(list, meets).not(),
        }
    }

    /// What the statement allows of `wide`, for each of its resource patterns.
    pub(crate) fn narrow(&self, wide: &ArnPattern, context: &Context) -> Vec<ArnPattern> {
        let Scope::Only(list) = &self.resources else { return vec![wide.clone()] };
        let resolved = list.iter().filter_map(|text| text.resolve(context).ok().flatten());
        resolved.filter_map(|pattern| wide.meet(&pattern)).collect()
    }
}

/// Allowing: the exact resource, some of the asked ones, all when all are asked.
fn touches(pattern: &ArnPattern, ask: &Ask) -> bool {
    match ask {
        Ask::Exact(resource) => pattern.matches(resource),
        Ask::Some(wide) => pattern.overlaps(wide),
        Ask::All => pattern.covers(&ArnPattern::new("*")),
    }
}

/// Denying: the exact resource, or all that are asked.
fn holds_all(pattern: &ArnPattern, ask: &Ask) -> bool {
    match ask {
        Ask::Exact(resource) => pattern.matches(resource),
        Ask::Some(wide) => pattern.covers(wide),
        Ask::All => pattern.covers(&ArnPattern::new("*")),
    }
}

/// Allowing all but these: when these leave none of the asked, or may be among all asked.
fn spares_none(pattern: &ArnPattern, ask: &Ask) -> bool {
    match ask {
        Ask::Exact(resource) => pattern.matches(resource),
        Ask::Some(wide) => pattern.covers(wide),
        Ask::All => true,
    }
}

/// Denying all but these: when these are among the asked.
fn meets(pattern: &ArnPattern, ask: &Ask) -> bool {
    match ask {
        Ask::Exact(resource) => pattern.matches(resource),
        Ask::Some(wide) => pattern.overlaps(wide),
        Ask::All => true,
    }
}
