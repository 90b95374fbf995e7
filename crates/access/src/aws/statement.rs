//! Does a statement speak about a request: yes, no, or only if some key has a fitting value?

use crate::aws::arn::ArnPattern;
use crate::aws::condition::Truth;
use crate::aws::context::{Context, Known};
use crate::aws::policy::{Effect, Reach, ResourceText, Scope, Statement, Who};
use crate::aws::principal::{Closeness, Principal};
use crate::aws::request::{Ask, Request};
use crate::decision::Gate;
use std::borrow::Cow;

/// Whether a statement applies; when open, on which keys it rests.
pub(crate) enum Applies {
    Yes,
    No,
    Open(Vec<String>),
}

/// How a statement names who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Naming {
    pub(crate) closeness: Closeness,
    /// Only if the session, of whose name nothing is known, has the name that the statement gives.
    pub(crate) open: bool,
}

/// The condition key that holds a session's name.
pub(crate) const SESSION_NAME: &str = "sts:rolesessionname";

/// A part of a wide request, with the words for it.
pub(crate) struct Part {
    pub(crate) pattern: ArnPattern,
    pub(crate) text: String,
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
    pub(crate) fn names(&self, who: &Principal, context: &Context) -> Option<Naming> {
        let Who::Only(names) = &self.who else {
            return if self.who == Who::Holder { None } else { self.spares(who, context) };
        };
        let sure = names.iter().filter_map(|name| name.names(who)).max();
        if let Some(closeness) = sure {
            return Some(Naming { closeness, open: false });
        }
        let maybe = is_session_open(context) && names.iter().any(|name| name.names_another_session(who));
        maybe.then_some(Naming { closeness: Closeness::Itself, open: true })
    }

    /// Whether a statement about all but some is about `who`.
    fn spares(&self, who: &Principal, context: &Context) -> Option<Naming> {
        let Who::AllBut(names) = &self.who else { return None };
        if names.iter().any(|name| name.names(who).is_some()) {
            return None;
        }
        let open = is_session_open(context) && names.iter().any(|name| name.names_another_session(who));
        Some(Naming { closeness: Closeness::Everyone, open })
    }

    /// Whether the statement names anybody at all.
    pub(crate) fn names_somebody(&self) -> bool {
        self.who != Who::Holder
    }

    /// Whether the statement names everybody but some.
    pub(crate) fn names_all_but_some(&self) -> bool {
        matches!(self.who, Who::AllBut(_))
    }

    /// Whether the statement speaks about the request at `gate`, leaving aside who asks.
    pub(crate) fn applies(&self, request: &Request<'_>, gate: Gate) -> Applies {
        if !self.is_about(request.action()) {
            return Applies::No;
        }
        let mut open = Vec::new();
        match self.reaches(request, gate, &mut open) {
            Truth::No => return Applies::No,
            Truth::Yes => open.clear(),
            Truth::Open => {}
        }
        for test in &self.conditions {
            match test.holds(request.context, self.effect) {
                Truth::No => return Applies::No,
                Truth::Yes => {}
                Truth::Open => open.push(test.key.clone()),
            }
        }
        if open.is_empty() { Applies::Yes } else { Applies::Open(open) }
    }

    fn reaches(&self, request: &Request<'_>, gate: Gate, open: &mut Vec<String>) -> Truth {
        let mut any = |list: &[ResourceText], nothing: Truth, hits: fn(&ArnPattern, &Request<'_>) -> bool| {
            let each = list.iter().map(|text| match text.resolve(request.context, gate) {
                Reach::Pattern(pattern, _) if hits(&pattern, request) => Truth::Yes,
                Reach::Pattern(..) => Truth::No,
                Reach::Nothing => nothing,
                Reach::Open(key) => {
                    open.push(key.to_owned());
                    Truth::Open
                }
            });
            each.fold(Truth::No, Truth::or)
        };
        match (&self.resources, self.effect) {
            (Scope::Only(list), Effect::Allow) => any(list, Truth::No, touches),
            (Scope::Only(list), Effect::Deny) => any(list, Truth::No, holds_all),
            // What all but nothing that can be told is, is not allowed.
            (Scope::AllBut(list), Effect::Allow) => any(list, Truth::Yes, spares_none).not(),
            (Scope::AllBut(list), Effect::Deny) => any(list, Truth::No, meets).not(),
        }
    }

    /// What the statement allows of `wide` at `gate`, for each of its resource patterns, with the words for it.
    pub(crate) fn narrow(&self, request: &Request<'_>, wide: &ArnPattern, gate: Gate) -> Vec<Part> {
        let whole = || Part { pattern: wide.clone(), text: request.resource().to_owned() };
        let Scope::Only(list) = &self.resources else { return vec![whole()] };
        let parts = list.iter().filter_map(|text| match text.resolve(request.context, gate) {
            // A short ARN is told as the policy writes it.
            Reach::Pattern(pattern, Some(text)) if pattern.covers(wide) => {
                Some(Part { pattern: wide.clone(), text: text.into_owned() })
            }
            Reach::Pattern(pattern, None) if pattern.covers(wide) => Some(whole()),
            Reach::Pattern(pattern, text) if wide.covers(&pattern) => {
                let text = text.map(Cow::into_owned).or_else(|| pattern.spelling())?;
                Some(Part { pattern: pattern.into_owned(), text })
            }
            Reach::Pattern(pattern, _) => {
                let pattern = wide.meet(&pattern)?;
                Some(Part { text: pattern.spelling()?, pattern })
            }
            Reach::Nothing | Reach::Open(_) => None,
        });
        parts.collect()
    }
}

/// Whether the name of the session that asks is not known.
fn is_session_open(context: &Context) -> bool {
    matches!(context.known(SESSION_NAME), Known::Unknown | Known::Present)
}

/// Allowing: the exact resource, some of the asked ones, all when all are asked.
fn touches(pattern: &ArnPattern, request: &Request<'_>) -> bool {
    match &request.ask {
        Ask::Exact => request.fits(pattern),
        Ask::Some(wide) => pattern.overlaps(wide),
        Ask::All => pattern.is_everything(),
    }
}

/// Denying: the exact resource, or all that are asked.
fn holds_all(pattern: &ArnPattern, request: &Request<'_>) -> bool {
    match &request.ask {
        Ask::Exact => request.fits(pattern),
        Ask::Some(wide) => pattern.covers(wide),
        Ask::All => pattern.is_everything(),
    }
}

/// Allowing all but these: when these leave none of the asked, or may be among all asked.
fn spares_none(pattern: &ArnPattern, request: &Request<'_>) -> bool {
    match &request.ask {
        Ask::Exact => request.fits(pattern),
        Ask::Some(wide) => pattern.covers(wide),
        Ask::All => true,
    }
}

/// Denying all but these: when these are among the asked.
fn meets(pattern: &ArnPattern, request: &Request<'_>) -> bool {
    match &request.ask {
        Ask::Exact => request.fits(pattern),
        Ask::Some(wide) => pattern.overlaps(wide),
        Ask::All => true,
    }
}
