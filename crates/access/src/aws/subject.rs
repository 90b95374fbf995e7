//! May this principal do it? Who asks, with all that is attached, and what the resource says.
//!
//! AWS IAM User Guide, "Policy evaluation logic": an explicit denial anywhere wins; in one account the
//! identity side (policies, boundary and session) or the resource side suffices, except where the resource must
//! grant (role trust, keys); between accounts both must. O(statements of the policies) per request.

use crate::aws::limits::Limits;
use crate::aws::policy::{Effect, Policy, ResourceText, Scope};
use crate::aws::principal::Principal;
use crate::aws::provider::{Overruling, overruling};
use crate::aws::request::{Ask, Request};
use crate::aws::weigh::Weighing;
use crate::decision::{Answer, Because, Decision, Gate, Says};
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
    pub(crate) principal: Principal,
    pub(crate) identity: Vec<Policy>,
    pub(crate) boundaries: Vec<Boundary>,
    pub(crate) session: Vec<Policy>,
    pub(crate) unread: Vec<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
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
    /// It has no policy where nothing passes without one.
    Withheld,
}

impl Subject {
    /// A principal to which nothing is attached.
    pub fn new(principal: Principal) -> Self {
        Self {
            principal,
            identity: Vec::new(),
            boundaries: Vec::new(),
            session: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// The subject with `policy` attached, directly or through a group.
    #[must_use]
    pub fn with(mut self, policy: Policy) -> Self {
        self.identity.push(policy);
        self
    }

    /// The subject within the permissions boundary `policy`; within several, all must allow.
    #[must_use]
    pub fn within(mut self, policy: Policy) -> Self {
        self.boundaries.push(Boundary::Policy(policy));
        self
    }

    /// The subject within a boundary whose document is not known: nothing is then allowed without condition.
    #[must_use]
    pub fn within_unread(mut self, name: &str) -> Self {
        self.boundaries.push(Boundary::Unread(name.into()));
        self
    }

    /// The subject in a session that was limited to `policy` when it began; of several, all must allow.
    #[must_use]
    pub fn limited_to(mut self, policy: Policy) -> Self {
        self.session.push(policy);
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
        !self.boundaries.is_empty()
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

    /// The resources that its policies name one by one for `action`, in lower case, whatever the conditions; `None` when
    /// some statement that allows it is about more than can be named: beyond these nothing is allowed.
    ///
    /// ```
    /// use homeostat_access::{Policy, Principal, Subject};
    ///
    /// let policy = Policy::parse("app", r#"{"Statement": [
    ///     {"Effect": "Allow", "Action": "sts:*", "Resource": "arn:aws:iam::111122223333:role/app"},
    ///     {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#)?;
    /// let jane = Subject::new(Principal::aws("arn:aws:iam::111122223333:user/jane")).with(policy);
    /// assert_eq!(jane.named_resources("sts:assumerole").unwrap(), ["arn:aws:iam::111122223333:role/app"]);
    /// assert_eq!(jane.named_resources("s3:getobject"), None);
    /// # Ok::<(), homeostat_access::PolicyError>(())
    /// ```
    pub fn named_resources(&self, action: &str) -> Option<Vec<String>> {
        if self.principal.is_root() {
            return None;
        }
        let statements = self.identity.iter().flat_map(|policy| policy.statements().map(|(_, one)| one));
        let allowing = statements.filter(|one| one.effect == Effect::Allow && one.is_about(action));
        let mut named = Vec::new();
        for statement in allowing {
            let Scope::Only(texts) = &statement.resources else { return None };
            for text in texts {
                let ResourceText::Fixed(pattern) = text else { return None };
                named.push(pattern.literal()?);
            }
        }
        Some(named)
    }

    /// May it be done, when the resource has no policy of its own?
    pub fn decide(&self, request: &Request<'_>) -> Answer {
        self.decide_with(request, ResourceSide::Silent)
    }

    /// May it be done, where the resource says `side`?
    pub fn decide_with(&self, request: &Request<'_>, side: ResourceSide<'_>) -> Answer {
        self.decide_within(request, side, &Limits::default())
    }

    /// May it be done, where the resource says `side`, and within the limits of organization and endpoint?
    pub fn decide_within(&self, request: &Request<'_>, side: ResourceSide<'_>, limits: &Limits) -> Answer {
        let overruling = overruling(request);
        if overruling == Overruling::Grants {
            return provided(Decision::Allowed, Says::Allow);
        }
        let weighing = Weighing { subject: self, side, limits };
        let mut answer = weighing.answer(request);
        // What one statement allows another may deny: ask again for each part that some statement allows.
        if matches!(request.ask, Ask::Some(_)) && answer.decision.is_possible() && !weighing.is_plain() {
            let parts = weighing.parts(request).into_iter().map(|(_, answer)| answer);
            answer = parts.max_by_key(|answer| answer.decision.rank()).unwrap_or(answer);
        }
        if overruling == Overruling::Withholds && answer.decision.is_possible() {
            return provided(Decision::ImplicitlyDenied, Says::Nothing);
        }
        answer
    }

    /// The answers for the parts of a request for some resource of a pattern: one for each pattern that some
    /// statement allows of it, in the order of the statements; empty for other requests and when none does.
    pub fn decide_parts(
        &self,
        request: &Request<'_>,
        side: ResourceSide<'_>,
        limits: &Limits,
    ) -> Vec<(String, Answer)> {
        Weighing { subject: self, side, limits }.parts(request)
    }

    /// Whether nothing limits what its policies grant.
    pub(crate) fn is_free(&self) -> bool {
        self.boundaries.is_empty() && self.session.is_empty()
    }
}

/// What AWS says itself.
fn provided(decision: Decision, says: Says) -> Answer {
    let because = Because { gate: Gate::Provider, policy: "".into(), statement: None, says };
    Answer { decision, because: vec![because] }
}

impl<'a> ResourceSide<'a> {
    /// What `policy`, or that there is none, means for `action` on `resource`: AWS IAM User Guide, "Cross-account
    /// policy evaluation logic" and AWS KMS Developer Guide, "Key policies". Only who is trusted becomes a role,
    /// and a key answers to its own policy.
    ///
    /// ```
    /// use homeostat_access::ResourceSide;
    ///
    /// let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    /// assert!(matches!(ResourceSide::of("kms:Decrypt", key, None), ResourceSide::Withheld));
    /// assert!(matches!(ResourceSide::of("kms:ListKeys", "*", None), ResourceSide::Silent));
    /// ```
    pub fn of(action: &str, resource: &str, policy: Option<&'a Policy>) -> Self {
        let action = action.trim().to_ascii_lowercase();
        let kind = resource.splitn(6, ':').nth(5).unwrap_or_default();
        let must = match action.split_once(':') {
            Some(("sts", verb)) => kind.starts_with("role/") && OF_TRUST.contains(&verb),
            Some(("kms", _)) => kind.starts_with("key/"),
            _ => false,
        };
        match (policy, must) {
            (Some(policy), true) => Self::MustGrant(policy),
            (Some(policy), false) => Self::MayGrant(policy),
            (None, true) => Self::Withheld,
            (None, false) => Self::Silent,
        }
    }

    pub(crate) fn policy(self) -> Option<&'a Policy> {
        match self {
            Self::Silent | Self::Withheld => None,
            Self::MayGrant(policy) | Self::MustGrant(policy) => Some(policy),
        }
    }

    pub(crate) fn gate(self) -> Gate {
        match self {
            Self::MustGrant(_) | Self::Withheld => Gate::Trust,
            Self::Silent | Self::MayGrant(_) => Gate::Resource,
        }
    }
}

/// The actions of STS on a role that its trust policy must allow, without their service.
const OF_TRUST: [&str; 6] = [
    "assumerole",
    "assumerolewithsaml",
    "assumerolewithwebidentity",
    "setcontext",
    "setsourceidentity",
    "tagsession",
];
