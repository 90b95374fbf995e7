//! May this principal do it? All gates together.
//!
//! AWS IAM User Guide, "Policy evaluation logic": an explicit denial anywhere wins; in one account the
//! identity side (policies and boundary) or the resource side suffices, except where the resource must grant
//! (role trust, keys); between accounts both must. O(statements of the policies) per request.

use crate::condition::Truth;
use crate::decision::{Answer, Because, Decision, Gate, Open, Residual, Says, Wanted};
use crate::policy::{Effect, Policy, Statement};
use crate::principal::{Closeness, Principal};
use crate::request::{Ask, Request};
use crate::statement::Applies;
use std::sync::Arc;

/// A principal with all that is attached to it.
///
/// ```
/// use homeostat_access::{Context, Decision, Policy, Principal, Request, Subject};
///
/// let policy = Policy::parse("app", r#"{"Version": "2012-10-17", "Statement": [
///     {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
///     {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]}"#)?;
/// let app = Subject::new(Principal::aws("arn:aws:iam::111122223333:role/app")).with(policy);
///
/// let context = Context::strict();
/// let answer = app.decide(&Request::new("s3:DeleteBucket", "arn:aws:s3:::data", &context));
/// assert_eq!(answer.decision, Decision::ExplicitlyDenied);
/// assert_eq!(answer.because[0].to_string(), "identity policy `app`, statement 1, denies");
/// # Ok::<(), homeostat_access::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    principal: Principal,
    identity: Vec<Policy>,
    boundary: Boundary,
    unread: Vec<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Boundary {
    None,
    Policy(Policy),
    /// There is one, but its document is not known.
    Unread(Arc<str>),
}

/// What the resource itself says.
#[derive(Clone, Copy, Debug)]
pub enum ResourceSide<'a> {
    /// It has no policy.
    Silent,
    /// It has this policy, which may grant as well as the identity side, as a bucket's does.
    MayGrant(&'a Policy),
    /// It has this policy, without which nothing passes: the trust policy of a role, the policy of a key.
    MustGrant(&'a Policy),
}

impl Subject {
    /// A principal to which nothing is attached.
    pub fn new(principal: Principal) -> Self {
        Self { principal, identity: Vec::new(), boundary: Boundary::None, unread: Vec::new() }
    }

    /// The subject with `policy` attached, directly or through a group.
    #[must_use]
    pub fn with(mut self, policy: Policy) -> Self {
        self.identity.push(policy);
        self
    }

    /// The subject within the permissions boundary `policy`.
    #[must_use]
    pub fn within(mut self, policy: Policy) -> Self {
        self.boundary = Boundary::Policy(policy);
        self
    }

    /// The subject within a boundary whose document is not known: nothing is then allowed without condition.
    #[must_use]
    pub fn within_unread(mut self, name: &str) -> Self {
        self.boundary = Boundary::Unread(name.into());
        self
    }

    /// The subject with an attached policy whose document could not be read. It grants nothing; since it may
    /// deny, nothing is allowed without condition.
    #[must_use]
    pub fn with_unread(mut self, name: &str) -> Self {
        self.unread.push(name.into());
        self
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether there is a boundary.
    pub fn is_bounded(&self) -> bool {
        self.boundary != Boundary::None
    }

    /// Whether any attached policy has a denial.
    pub fn denies_anything(&self) -> bool {
        !self.unread.is_empty() || self.identity.iter().any(Policy::denies_anything)
    }

    /// Whether some statement of an attached policy that allows is about `action`, whatever the resource and
    /// the conditions: a quick test before [`Self::decide`]. `action` in lower case.
    pub fn mentions(&self, action: &str) -> bool {
        let statements = self.identity.iter().flat_map(|policy| policy.statements().map(|(_, one)| one));
        statements.filter(|one| one.effect == Effect::Allow).any(|one| one.is_about(action))
    }

    /// May it be done, when the resource has no policy of its own?
    pub fn decide(&self, request: &Request<'_>) -> Answer {
        self.decide_with(request, ResourceSide::Silent)
    }

    /// May it be done, where the resource says `side`?
    pub fn decide_with(&self, request: &Request<'_>, side: ResourceSide<'_>) -> Answer {
        let answer = self.weigh(request, side);
        let Ask::Some(wide) = &request.ask else { return answer };
        let plain = !self.is_bounded() && !self.denies_anything() && !side.denies_anything();
        if plain || !answer.decision.is_possible() {
            return answer;
        }
        // What one statement allows another may deny: ask again for each part that some statement allows.
        let allowing = self.identity.iter().chain(side.policy());
        let statements = allowing.flat_map(|policy| policy.statements().map(|(_, one)| one));
        let about = statements.filter(|one| one.effect == Effect::Allow && one.is_about(request.action()));
        let parts = about.flat_map(|one| one.narrow(wide, request.context));
        let answers = parts.map(|part| self.weigh(&request.narrowed(part), side));
        answers.max_by_key(|answer| answer.decision.rank()).unwrap_or(answer)
    }

    fn weigh(&self, request: &Request<'_>, side: ResourceSide<'_>) -> Answer {
        let denied = match self.denials(request, side) {
            Denials::Certain(because) => {
                return Answer { decision: Decision::ExplicitlyDenied, because: vec![because] };
            }
            Denials::Open(open) => open,
        };
        let boundary = self.boundary_grant(request);
        let identity =
            best(self.identity.iter().flat_map(|policy| grants(policy, Gate::Identity, request, None)));
        let own = identity.and(boundary.clone());
        let grant = match side {
            ResourceSide::Silent if self.is_away(request) => own.and(Grant::silent(Gate::Resource, "")),
            ResourceSide::Silent => own,
            ResourceSide::MayGrant(policy) => {
                self.with_resource(request, own, boundary, (policy, Gate::Resource))
            }
            ResourceSide::MustGrant(policy) => {
                self.with_resource(request, own, boundary, (policy, Gate::Trust))
            }
        };
        grant.answer(denied)
    }

    fn with_resource(
        &self,
        request: &Request<'_>,
        own: Grant,
        boundary: Grant,
        (policy, gate): (&Policy, Gate),
    ) -> Grant {
        let by = |wanted: &[Closeness]| {
            let named = grants(policy, gate, request, Some(&self.principal));
            best(named.filter(|grant| grant.closeness.is_some_and(|found| wanted.contains(&found))))
        };
        // Only what is granted to a role by its ARN is limited by the boundary; a user, a session or everybody is
        // granted it directly.
        let itself = by(&[Closeness::Itself, Closeness::Everyone]);
        let bounded = by(&[Closeness::Role]).and(boundary);
        let account = by(&[Closeness::Account]);
        if !self.is_away(request) {
            let granted = itself.or(bounded);
            let delegated = if gate == Gate::Trust { account.and(own) } else { own };
            return granted.or(delegated);
        }
        itself.or(bounded).or(account).and(own)
    }

    /// Whether the resource is known to belong to another account.
    fn is_away(&self, request: &Request<'_>) -> bool {
        request.account().zip(self.principal.account()).is_some_and(|(theirs, own)| theirs != own)
    }

    fn boundary_grant(&self, request: &Request<'_>) -> Grant {
        match &self.boundary {
            Boundary::None => Grant::free(),
            Boundary::Policy(policy) => {
                let grant = best(grants(policy, Gate::Boundary, request, None));
                if grant.truth == Truth::No { Grant::silent(Gate::Boundary, policy.name()) } else { grant }
            }
            Boundary::Unread(name) => Grant {
                truth: Truth::Open,
                because: vec![Because {
                    gate: Gate::Boundary,
                    policy: name.clone(),
                    statement: None,
                    says: Says::Nothing,
                }],
                open: vec![unread(name, Wanted::Holds)],
                closeness: None,
            },
        }
    }

    fn denials(&self, request: &Request<'_>, side: ResourceSide<'_>) -> Denials {
        let boundary = if let Boundary::Policy(policy) = &self.boundary { Some(policy) } else { None };
        let own = self.identity.iter().map(|policy| (policy, Gate::Identity, None));
        let limit = boundary.into_iter().map(|policy| (policy, Gate::Boundary, None));
        let resource = side.policy().map(|policy| (policy, side.gate(), Some(&self.principal)));
        let mut open: Vec<Open> = self.unread.iter().map(|name| unread(name, Wanted::Fails)).collect();
        for (policy, gate, who) in own.chain(limit).chain(resource) {
            // A denial for all but some denies whoever has a boundary, even those it spares: AWS IAM User Guide,
            // "AWS JSON policy elements: NotPrincipal".
            let bounded = self.is_bounded() && who.is_some();
            let statements = policy.statements().filter(|(_, one)| one.effect == Effect::Deny);
            let about = statements.filter(|(_, one)| {
                who.is_none_or(|who| one.names(who).is_some()) || (bounded && one.names_all_but_some())
            });
            for (index, statement) in about {
                match statement.applies(request) {
                    Applies::No => {}
                    Applies::Yes => return Denials::Certain(said(policy, gate, index, Says::Deny)),
                    Applies::Open(keys) => open.extend(opened(policy, index, keys, Wanted::Fails)),
                }
            }
        }
        Denials::Open(open)
    }
}

impl<'a> ResourceSide<'a> {
    fn policy(self) -> Option<&'a Policy> {
        match self {
            Self::Silent => None,
            Self::MayGrant(policy) | Self::MustGrant(policy) => Some(policy),
        }
    }

    fn gate(self) -> Gate {
        if let Self::MustGrant(_) = self { Gate::Trust } else { Gate::Resource }
    }

    fn denies_anything(self) -> bool {
        self.policy().is_some_and(Policy::denies_anything)
    }
}

enum Denials {
    Certain(Because),
    Open(Vec<Open>),
}

/// What one side grants.
#[derive(Clone)]
struct Grant {
    truth: Truth,
    because: Vec<Because>,
    open: Vec<Open>,
    closeness: Option<Closeness>,
}

impl Grant {
    fn free() -> Self {
        Self { truth: Truth::Yes, because: Vec::new(), open: Vec::new(), closeness: None }
    }

    fn silent(gate: Gate, policy: &str) -> Self {
        let because = Because { gate, policy: policy.into(), statement: None, says: Says::Nothing };
        Self { truth: Truth::No, because: vec![because], open: Vec::new(), closeness: None }
    }

    fn and(self, other: Self) -> Self {
        match (self.truth, other.truth) {
            (Truth::No, _) => self,
            (_, Truth::No) => other,
            (one, two) => Self {
                truth: one.and(two),
                because: [self.because, other.because].concat(),
                open: [self.open, other.open].concat(),
                closeness: None,
            },
        }
    }

    fn or(self, other: Self) -> Self {
        let better = |truth| match truth {
            Truth::No => 0,
            Truth::Open => 1,
            Truth::Yes => 2,
        };
        if better(other.truth) >= better(self.truth) { other } else { self }
    }

    fn answer(self, mut denied: Vec<Open>) -> Answer {
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

fn best(grants: impl Iterator<Item = Grant>) -> Grant {
    let mut best = Grant::silent(Gate::Identity, "");
    for grant in grants {
        if grant.truth == Truth::Yes {
            return grant;
        }
        best = best.or(grant);
    }
    best
}

/// The statements of `policy` with this effect that are about `who`; all of them when it is attached to who asks.
fn speaking<'a>(
    policy: &'a Policy,
    effect: Effect,
    who: Option<&'a Principal>,
) -> impl Iterator<Item = (usize, &'a Statement)> {
    let fitting = policy.statements().filter(move |(_, statement)| statement.effect == effect);
    fitting.filter(move |(_, statement)| who.is_none_or(|who| statement.names(who).is_some()))
}

fn grants<'a>(
    policy: &'a Policy,
    gate: Gate,
    request: &'a Request<'_>,
    who: Option<&'a Principal>,
) -> impl Iterator<Item = Grant> + 'a {
    speaking(policy, Effect::Allow, who).filter_map(move |(index, statement)| {
        let (truth, open) = match statement.applies(request) {
            Applies::No => return None,
            Applies::Yes => (Truth::Yes, Vec::new()),
            Applies::Open(keys) => (Truth::Open, opened(policy, index, keys, Wanted::Holds)),
        };
        let closeness = who.and_then(|who| statement.names(who));
        Some(Grant { truth, because: vec![said(policy, gate, index, Says::Allow)], open, closeness })
    })
}

fn said(policy: &Policy, gate: Gate, statement: usize, says: Says) -> Because {
    Because { gate, policy: policy.name().into(), statement: Some(statement), says }
}

fn opened(policy: &Policy, statement: usize, keys: Vec<String>, wanted: Wanted) -> Vec<Open> {
    let open = |key: String| Open { policy: policy.name().into(), statement, key: key.into(), wanted };
    keys.into_iter().map(open).collect()
}

fn unread(name: &Arc<str>, wanted: Wanted) -> Open {
    Open { policy: name.clone(), statement: 0, key: "document".into(), wanted }
}
