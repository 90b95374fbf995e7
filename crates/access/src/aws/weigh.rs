//! All gates together, for one principal and one request.
//!
//! AWS IAM User Guide, "How AWS enforcement code logic evaluates requests", "Policy evaluation for requests within a
//! single account", "Cross-account policy evaluation logic". O(statements of the policies).

use crate::aws::condition::Truth;
use crate::aws::grant::{About, Grant, best, grants, opened, said, unread};
use crate::aws::limits::Limits;
use crate::aws::policy::{Effect, Policy, Statement};
use crate::aws::principal::Closeness;
use crate::aws::request::{Ask, Request};
use crate::aws::statement::{Applies, Part, SESSION_NAME};
use crate::aws::subject::{Boundary, ResourceSide, Subject};
use crate::decision::{Answer, Because, Decision, Gate, Open, Says, Wanted};

/// One question with everything that has a say in it.
#[derive(Clone, Copy)]
pub(crate) struct Weighing<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) side: ResourceSide<'a>,
    pub(crate) limits: &'a Limits,
}

enum Denials {
    Certain(Because),
    Open(Vec<Open>),
}

impl Weighing<'_> {
    /// The answer for `request` as a whole.
    pub(crate) fn answer(&self, request: &Request<'_>) -> Answer {
        let denied = match self.denials(request) {
            Denials::Certain(because) => {
                return Answer { decision: Decision::ExplicitlyDenied, because: vec![because] };
            }
            Denials::Open(open) => open,
        };
        let public = self.public_access(request);
        self.grant(request)
            .and(public)
            .and(self.service_control(request))
            .and(self.endpoint(request))
            .answer(denied)
    }

    /// The answers for the parts of a wide request that some statement allows, each part once.
    pub(crate) fn parts(&self, request: &Request<'_>) -> Vec<(String, Answer)> {
        let Ask::Some(wide) = &request.ask else { return Vec::new() };
        let own = self.subject.identity.iter().map(|policy| (policy, Gate::Identity));
        let side = self.side.policy().map(|policy| (policy, self.side.gate()));
        let statements =
            own.chain(side).flat_map(|(policy, gate)| policy.statements().map(move |it| (it.1, gate)));
        let allowing =
            statements.filter(|(one, _)| one.effect == Effect::Allow && one.is_about(request.action()));
        let mut told: Vec<(String, Answer)> = Vec::new();
        for Part { pattern, text } in allowing.flat_map(|(one, gate)| one.narrow(request, wide, gate)) {
            if !told.iter().any(|(known, _)| *known == text) {
                let answer = self.answer(&request.narrowed(pattern, text.clone()));
                told.push((text, answer));
            }
        }
        told
    }

    /// Whether nothing but allowing statements has a say, so that no part can come out worse than the whole.
    pub(crate) fn is_plain(&self) -> bool {
        let side = self.side.policy().is_some_and(Policy::denies_anything);
        self.subject.is_free() && !self.subject.denies_anything() && !side && self.limits.is_empty()
    }

    fn grant(&self, request: &Request<'_>) -> Grant {
        let principal = &self.subject.principal;
        if principal.account().is_none() {
            // Services, federated and anonymous callers have no policies of their own.
            return match self.side {
                ResourceSide::MayGrant(policy) | ResourceSide::MustGrant(policy) => {
                    best(grants(policy, self.side.gate(), request, About::Named(principal)), self.side.gate())
                }
                ResourceSide::Silent | ResourceSide::Withheld => Grant::silent(self.side.gate(), ""),
            };
        }
        match self.side {
            ResourceSide::Silent if self.is_away(request) => {
                self.own(request).and(Grant::silent(Gate::Resource, ""))
            }
            ResourceSide::Silent => self.own(request),
            ResourceSide::Withheld => self.own(request).and(Grant::silent(Gate::Trust, "")),
            ResourceSide::MayGrant(policy) | ResourceSide::MustGrant(policy) => {
                self.with_resource(request, policy)
            }
        }
    }

    /// What the principal's own policies grant, within boundary and session.
    fn own(&self, request: &Request<'_>) -> Grant {
        self.identity(request).and(self.boundary(request)).and(self.session(request))
    }

    fn identity(&self, request: &Request<'_>) -> Grant {
        if self.subject.principal.is_root() {
            return Grant::given(Gate::Provider);
        }
        let policies = self.subject.identity.iter();
        best(
            policies.flat_map(|policy| grants(policy, Gate::Identity, request, About::Anyone)),
            Gate::Identity,
        )
    }

    fn with_resource(&self, request: &Request<'_>, policy: &Policy) -> Grant {
        let gate = self.side.gate();
        let named: Vec<Grant> =
            grants(policy, gate, request, About::Named(&self.subject.principal)).collect();
        let is_away = self.is_away(request);
        if named.is_empty() {
            let own = self.own(request);
            return if is_away || gate == Gate::Trust { Grant::silent(gate, "").and(own) } else { own };
        }
        let by = |wanted: Closeness| {
            best(named.iter().filter(|grant| grant.closeness == Some(wanted)).cloned(), gate)
        };
        // What is granted to a role by its ARN is limited by boundary and session; a user or a session is granted it
        // directly. Everybody is no session's own name: the session's policy limits it.
        let everyone = by(Closeness::Everyone).and(self.session(request));
        let role = by(Closeness::Role).and(self.boundary(request)).and(self.session(request));
        let granted = role.or(everyone).or(by(Closeness::Itself));
        let account = by(Closeness::Account);
        if is_away {
            return account.or(granted).and(self.own(request));
        }
        let own = self.own(request);
        granted.or(if gate == Gate::Trust { account.and(own) } else { own })
    }

    /// Whether the resource is known to belong to another account.
    fn is_away(&self, request: &Request<'_>) -> bool {
        request.account().zip(self.subject.principal.account()).is_some_and(|(theirs, own)| theirs != own)
    }

    fn boundary(&self, request: &Request<'_>) -> Grant {
        let mut all = Grant::free();
        for boundary in &self.subject.boundaries {
            all = all.and(match boundary {
                Boundary::Policy(policy) => allowance(policy, Gate::Boundary, request),
                Boundary::Unread(name) => Grant::unread(Gate::Boundary, name),
            });
        }
        all
    }

    fn session(&self, request: &Request<'_>) -> Grant {
        let policies = self.subject.session.iter();
        policies.fold(Grant::free(), |all, policy| all.and(allowance(policy, Gate::Session, request)))
    }

    fn service_control(&self, request: &Request<'_>) -> Grant {
        let mut all = Grant::free();
        if !self.is_governed() {
            return all;
        }
        for level in &self.limits.service_control {
            let allowing = level
                .policies
                .iter()
                .flat_map(|policy| grants(policy, Gate::ServiceControl, request, About::Anyone));
            let mut allowing = allowing.peekable();
            all = all.and(match allowing.peek() {
                Some(_) => best(allowing, Gate::ServiceControl),
                None => Grant::silent(Gate::ServiceControl, &level.name),
            });
        }
        all
    }

    fn endpoint(&self, request: &Request<'_>) -> Grant {
        if self.limits.endpoint.is_empty() {
            return Grant::free();
        }
        // A statement that names nobody is about whoever comes through.
        let about = About::NamedOrUnsaid(&self.subject.principal);
        let policies = self.limits.endpoint.iter();
        let each = policies.flat_map(|policy| grants(policy, Gate::Endpoint, request, about));
        best(each, Gate::Endpoint)
    }

    /// Whether S3 lets pass who asks: a bucket with a public policy may be open to services of AWS and its own account
    /// alone.
    fn public_access(&self, request: &Request<'_>) -> Grant {
        let is_kept = self.limits.public_access.restricts() && request.action().starts_with("s3:");
        let Some(policy) = self.side.policy().filter(|policy| is_kept && policy.is_public()) else {
            return Grant::free();
        };
        let principal = &self.subject.principal;
        let is_outside = principal.account().is_none() && !principal.is_service();
        if is_outside || self.is_away(request) {
            Grant::silent(Gate::PublicAccess, policy.name())
        } else {
            Grant::free()
        }
    }

    /// Whether policies of the organization limit the principal's account: they limit no service and nobody whom AWS
    /// does not know.
    fn is_governed(&self) -> bool {
        self.subject.principal.account().is_some() && !self.subject.principal.is_service_linked()
    }

    fn denials(&self, request: &Request<'_>) -> Denials {
        let mut open: Vec<Open> =
            self.subject.unread.iter().map(|name| unread(name, Wanted::Fails)).collect();
        for (policy, gate) in self.sources() {
            let statements = policy.statements().filter(|(_, one)| one.effect == Effect::Deny);
            for (index, statement) in statements {
                let mut keys = match statement.applies(request, gate) {
                    Applies::No => continue,
                    Applies::Yes => Vec::new(),
                    Applies::Open(keys) => keys,
                };
                match self.is_about(statement, gate, request) {
                    Some(false) => continue,
                    Some(true) => {}
                    None => keys.push(SESSION_NAME.to_owned()),
                }
                if keys.is_empty() {
                    return Denials::Certain(said(policy, gate, index, Says::Deny));
                }
                open.extend(opened(policy, index, keys, Wanted::Fails));
            }
        }
        Denials::Open(open)
    }

    /// Every policy whose denials count, with its gate.
    fn sources(&self) -> impl Iterator<Item = (&Policy, Gate)> {
        let subject = self.subject;
        let identity = subject.identity.iter().map(|policy| (policy, Gate::Identity));
        let identity = identity.filter(|_| !subject.principal.is_root());
        let boundaries = subject.boundaries.iter().filter_map(|boundary| match boundary {
            Boundary::Policy(policy) => Some((policy, Gate::Boundary)),
            Boundary::Unread(_) => None,
        });
        let session = subject.session.iter().map(|policy| (policy, Gate::Session));
        let governed = self.is_governed();
        let levels = self.limits.service_control.iter().filter(move |_| governed);
        let service = levels.flat_map(|level| level.policies.iter().map(|it| (it, Gate::ServiceControl)));
        let linked = subject.principal.is_service_linked();
        let levels = self.limits.resource_control.iter().filter(move |_| !linked);
        let resource = levels.flat_map(|level| level.policies.iter().map(|it| (it, Gate::ResourceControl)));
        let endpoint = self.limits.endpoint.iter().map(|policy| (policy, Gate::Endpoint));
        let side = self.side.policy().map(|policy| (policy, self.side.gate()));
        identity.chain(boundaries).chain(session).chain(service).chain(resource).chain(endpoint).chain(side)
    }

    /// Whether a denial at `gate` is about who asks; `None` when that rests on the session's name.
    fn is_about(&self, statement: &Statement, gate: Gate, request: &Request<'_>) -> Option<bool> {
        let by_name = match gate {
            Gate::Resource | Gate::Trust => true,
            Gate::ResourceControl | Gate::Endpoint => statement.names_somebody(),
            _ => false,
        };
        if !by_name {
            return Some(true);
        }
        // A denial for all but some denies whoever has a boundary, even those it spares: AWS IAM User Guide, "AWS
        // JSON policy elements: NotPrincipal".
        if !self.subject.boundaries.is_empty() && statement.names_all_but_some() {
            return Some(true);
        }
        match statement.names(&self.subject.principal, request.context) {
            None => Some(false),
            Some(naming) => (!naming.open).then_some(true),
        }
    }
}

/// What a limiting policy lets pass; silent by its name.
fn allowance(policy: &Policy, gate: Gate, request: &Request<'_>) -> Grant {
    let grant = best(grants(policy, gate, request, About::Anyone), gate);
    if grant.truth == Truth::No { Grant::silent(gate, policy.name()) } else { grant }
}
