//! The permissions that rules ask for, and what is worked out of a principal once somebody asks.

use crate::authority::{
    ADD_TO_GROUP, ASSUME, NEW_VERSION, PASS_ROLE, READ_OBJECT, READ_PARAMETER, READ_SECRET, SET_VERSION,
    UPDATE_TRUST,
};
use crate::rule::{ADMIN, CREDENTIAL, GROUP_POLICY, PASS, ROLE_POLICY, USER_POLICY, WORK};
use core::fmt;
use homeostat_access::Subject;
use std::sync::{LazyLock, OnceLock};

/// Every permission that a rule asks for, in order, with its name in lower case.
static ASKED: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let single = [
        ASSUME,
        PASS_ROLE,
        NEW_VERSION,
        SET_VERSION,
        ADD_TO_GROUP,
        UPDATE_TRUST,
        READ_OBJECT,
        READ_SECRET,
        READ_PARAMETER,
    ];
    let policies = USER_POLICY.iter().chain(&ROLE_POLICY).chain(&GROUP_POLICY).chain(&CREDENTIAL);
    let pass = PASS.iter().flat_map(|rule| rule.needs).map(|(action, _)| *action);
    let work = WORK.iter().flat_map(|rule| rule.needs).copied();
    let all = single.into_iter().chain(policies.map(|(_, action)| *action)).chain(pass).chain(work);
    let mut all: Vec<&'static str> = all.chain(ADMIN).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|action| (action, action.to_lowercase())).collect()
});

/// Which of these permissions a principal has on anything, whatever the conditions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Able(Vec<&'static str>);

impl Able {
    pub(crate) fn of(subject: &Subject) -> Self {
        let own = ASKED.iter().filter(|(_, lower)| subject.mentions(lower));
        Self(own.map(|(action, _)| *action).collect())
    }

    /// The same permission as policies compare it.
    pub(crate) fn lower(action: &str) -> Option<&'static str> {
        let at = ASKED.binary_search_by_key(&action, |(asked, _)| *asked).ok()?;
        ASKED.get(at).map(|(_, lower)| lower.as_str())
    }

    pub(crate) fn contains(&self, action: &str) -> bool {
        self.0.binary_search(&action).is_ok()
    }
}

/// Something that follows from the rest of what holds it, worked out when somebody first asks.
#[derive(Clone)]
pub(crate) struct Later<T>(OnceLock<T>);

impl<T> Later<T> {
    pub(crate) fn get(&self, work: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(work)
    }
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> PartialEq for Later<T> {
    /// What follows from equals is equal, whoever has been asked for it.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> fmt::Debug for Later<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Later({})", if self.0.get().is_some() { "known" } else { "not asked" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_access::{Policy, Principal};

    #[test]
    fn what_is_granted_anywhere_is_known_by_name() {
        let policy =
            r#"{"Statement": {"Effect": "Allow", "Action": ["STS:assume*", "iam:Put*"], "Resource": "*"}}"#;
        let jane = Subject::new(Principal::aws("arn:aws:iam::111122223333:user/jane"));
        let able = Able::of(&jane.with(Policy::parse("p", policy).unwrap()));
        assert!(able.contains(ASSUME) && able.contains("iam:PutUserPolicy") && !able.contains(PASS_ROLE));
        assert!(ASKED.iter().all(|(action, _)| able.contains(action) == able.0.contains(action)));
    }

    #[test]
    fn work_is_done_once_and_makes_no_difference() {
        let (one, two) = (Later::default(), Later::default());
        assert_eq!((*one.get(|| 1), *one.get(|| 2)), (1, 1));
        assert_eq!(one, two);
    }
}
