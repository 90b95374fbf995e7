//! What a principal may do, with all that is attached to it resolved; and what a role lets others do.
//!
//! Policies are compiled when they enter the inventory; here they are only gathered: O(policies) per principal.
//! Which of the rules' permissions a principal has at all is worked out once, so that most pairs of
//! principal and target cost a few look-ups.

use crate::Evidence;
use crate::able::{Able, Later};
use crate::edge::Standing;
use crate::federation::names_outsiders;
use crate::inventory::{BOUNDARY, Inventory};
use crate::managed;
use crate::object::{LinkKind, Object, ObjectKind, PolicySlot, arn_key};
use crate::rule::{ADMIN, CREDENTIAL, PASS, WORK};
use crate::snapshot_aws::{DEFAULT_VERSION, UNIQUE_ID};
use homeostat_access::{Answer, Context, Decision, Policy, Principal, Request, ResourceSide, Subject};
use homeostat_core::EntityKey;
use std::collections::{BTreeMap, BTreeSet};

/// What proves a step, and what it still rests on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Proof {
    pub(crate) because: Vec<String>,
    pub(crate) evidence: BTreeSet<Evidence>,
    pub(crate) conditions: BTreeSet<String>,
}

impl Proof {
    pub(crate) fn and(mut self, other: Self) -> Self {
        for because in other.because {
            if !self.because.contains(&because) {
                self.because.push(because);
            }
        }
        self.evidence.extend(other.evidence);
        self.conditions.extend(other.conditions);
        self
    }

    pub(crate) fn condition(&self) -> Option<String> {
        let all: Vec<&str> = self.conditions.iter().map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join(" and "))
    }
}

/// A principal with its rights.
#[derive(Clone, PartialEq)]
pub(crate) struct Authority {
    pub(crate) key: EntityKey,
    pub(crate) kind: ObjectKind,
    pub(crate) subject: Subject,
    pub(crate) context: Context,
    pub(crate) groups: Vec<EntityKey>,
    pub(crate) stale: bool,
    /// Attached policies whose document nobody told.
    pub(crate) unresolved: Vec<EntityKey>,
    sources: BTreeMap<String, Evidence>,
    able: Able,
    raisable: Later<bool>,
    passes: Later<Vec<(usize, Proof)>>,
    works: Later<Vec<(usize, Proof)>>,
}

/// The permissions that get a credential of a user.
pub(crate) const CREDENTIALS: [&str; 3] = [CREDENTIAL[0].1, CREDENTIAL[1].1, CREDENTIAL[2].1];
pub(crate) const ASSUME: &str = "sts:AssumeRole";
pub(crate) const PASS_ROLE: &str = "iam:PassRole";
pub(crate) const NEW_VERSION: &str = "iam:CreatePolicyVersion";
pub(crate) const SET_VERSION: &str = "iam:SetDefaultPolicyVersion";
pub(crate) const ADD_TO_GROUP: &str = "iam:AddUserToGroup";
pub(crate) const UPDATE_TRUST: &str = "iam:UpdateAssumeRolePolicy";
pub(crate) const READ_OBJECT: &str = "s3:GetObject";
pub(crate) const READ_SECRET: &str = "secretsmanager:GetSecretValue";
pub(crate) const READ_PARAMETER: &str = "ssm:GetParameter";
pub(crate) const DECRYPT: &str = "kms:Decrypt";

impl Authority {
    pub(crate) fn of(inventory: &Inventory, object: &Object) -> Self {
        let arn = object.key().value();
        let mut principal = Principal::aws(arn);
        if let Some(id) = object.attribute(UNIQUE_ID) {
            principal = principal.with_unique_id(id);
        }
        let mut own = Self {
            key: object.key().clone(),
            kind: object.kind(),
            subject: Subject::new(principal),
            context: context(object),
            groups: object.links(LinkKind::MemberOf).cloned().collect(),
            stale: object.stale().is_some(),
            unresolved: Vec::new(),
            sources: BTreeMap::new(),
            able: Able::default(),
            raisable: Later::default(),
            passes: Later::default(),
            works: Later::default(),
        };
        own.gather(inventory, object);
        for group in own.groups.clone() {
            if let Some(group) = inventory.object(&group) {
                own.gather(inventory, group);
            }
        }
        own.bound(inventory, object);
        own.able = Able::of(&own.subject);
        own
    }

    /// The same principal as a member of `group`.
    pub(crate) fn joined(&self, inventory: &Inventory, group: &Object) -> Self {
        let mut joined = self.clone();
        joined.gather(inventory, group);
        joined
    }

    /// Adds what is attached to `object`: to the principal itself or to one of its groups.
    fn gather(&mut self, inventory: &Inventory, object: &Object) {
        self.stale |= object.stale().is_some();
        for (slot, document, evidence) in object.documents() {
            if matches!(slot, PolicySlot::Inline(_)) {
                self.attach(&object.policy_name(slot), document.read.as_ref().ok(), evidence);
            }
        }
        for policy in object.links(LinkKind::Attached) {
            self.stale |= inventory.object(policy).is_some_and(|policy| policy.stale().is_some());
            match in_force(inventory, policy) {
                Some((name, policy, evidence)) => self.attach(&name, policy.as_ref(), &evidence),
                None => self.unresolved.push(policy.clone()),
            }
        }
    }

    fn attach(&mut self, name: &str, policy: Option<&Policy>, evidence: &Evidence) {
        self.sources.insert(name.to_owned(), evidence.clone());
        self.become_so(|subject| match policy {
            Some(policy) => subject.with(policy.clone()),
            None => subject.with_unread(name),
        });
    }

    fn bound(&mut self, inventory: &Inventory, object: &Object) {
        let Some(arn) = object.attribute(BOUNDARY) else { return };
        let found = arn_key(arn).and_then(|key| in_force(inventory, &key));
        match found {
            Some((name, Some(policy), evidence)) => {
                self.sources.insert(name, evidence);
                self.become_so(|subject| subject.within(policy));
            }
            _ => self.become_so(|subject| subject.within_unread(arn)),
        }
    }

    fn become_so(&mut self, change: impl FnOnce(Subject) -> Subject) {
        let subject = core::mem::replace(&mut self.subject, Subject::new(Principal::anonymous()));
        self.subject = change(subject);
    }

    /// Pass rules whose other permissions it has, with the proof.
    pub(crate) fn passes(&self) -> &[(usize, Proof)] {
        self.passes.get(|| {
            let rules = PASS.iter().enumerate().filter(|_| self.able.contains(PASS_ROLE));
            let each = rules.map(|(at, rule)| (at, self.may_all(rule.needs.iter().copied())));
            each.filter_map(|(at, proof)| Some((at, proof?))).collect()
        })
    }

    /// Workload rules whose permissions it has on some workload, with the proof.
    pub(crate) fn works(&self) -> &[(usize, Proof)] {
        self.works.get(|| {
            let each = WORK.iter().enumerate().map(|(at, rule)| {
                (at, self.may_all(rule.needs.iter().map(|action| (*action, rule.resource))))
            });
            each.filter_map(|(at, proof)| Some((at, proof?))).collect()
        })
    }

    /// Whether all of these may be done on some resource each.
    fn may_all(&self, needs: impl Iterator<Item = (&'static str, &'static str)> + Clone) -> Option<Proof> {
        let mut all = Proof::default();
        if needs.clone().any(|(action, _)| !self.able.contains(action)) {
            return None;
        }
        for (action, resource) in needs {
            all = all.and(self.may_on_some(action, &resource.replace("{}", self.key.scope()))?);
        }
        Some(all)
    }

    /// Whether it has any of these permissions on anything.
    pub(crate) fn is_able(&self, actions: &[&'static str]) -> bool {
        actions.iter().any(|action| self.able.contains(action))
    }

    /// Whether there may be an edge about `target`: what its kind and the permissions at hand tell.
    pub(crate) fn concerns(&self, target: &Object, side: Option<&RoleSide>) -> bool {
        match target.kind() {
            ObjectKind::User => target.key() == &self.key || self.concerns_kind(ObjectKind::User, false),
            ObjectKind::Role => {
                target.key() == &self.key
                    || self.takes_roles()
                    || side.is_some_and(|side| self.may_become(side))
            }
            kind => {
                let own_policy = target.document(&PolicySlot::Resource).is_some();
                self.concerns_kind(kind, own_policy)
            }
        }
    }

    /// The same of all that is no role and is of one kind, with a policy of its own or without.
    pub(crate) fn concerns_kind(&self, kind: ObjectKind, own_policy: bool) -> bool {
        match kind {
            ObjectKind::User => self.is_able(&CREDENTIALS),
            ObjectKind::Group => self.kind == ObjectKind::User && self.is_able(&[ADD_TO_GROUP]),
            ObjectKind::Workload => self.could_work(),
            ObjectKind::Bucket => own_policy || self.is_able(&[READ_OBJECT]),
            ObjectKind::Secret => self.is_able(&[READ_SECRET, READ_PARAMETER]),
            _ => false,
        }
    }

    /// Whether it has all permissions of some workload rule, each on anything.
    fn could_work(&self) -> bool {
        WORK.iter().any(|rule| rule.needs.iter().all(|need| self.able.contains(need)))
    }

    /// Whether it could get roles by another way than being trusted: a quick test before [`Self::takes_roles`].
    pub(crate) fn could_take_roles(&self) -> bool {
        self.is_able(&[UPDATE_TRUST, PASS_ROLE]) || self.could_work()
    }

    /// Whether it may get roles by another way than being trusted.
    pub(crate) fn takes_roles(&self) -> bool {
        self.is_able(&[UPDATE_TRUST]) || !self.passes().is_empty() || !self.works().is_empty()
    }

    /// Whether the role may let it in: named, or by its own permission where an account is.
    fn may_become(&self, side: &RoleSide) -> bool {
        side.may_name(self) && (side.lets_in_by_itself(self) || self.is_able(&[ASSUME]))
    }

    pub(crate) fn may(&self, action: &'static str, resource: &str) -> Option<Proof> {
        self.may_under(action, resource, &self.context)
    }

    pub(crate) fn may_under(&self, action: &'static str, resource: &str, context: &Context) -> Option<Proof> {
        if !self.able.contains(action) {
            return None;
        }
        self.proof(&self.subject.decide(&Request::new(action, resource, context)))
    }

    pub(crate) fn may_on_some(&self, action: &'static str, pattern: &str) -> Option<Proof> {
        if !self.able.contains(action) {
            return None;
        }
        self.proof(&self.subject.decide(&Request::on_some(action, pattern, &self.context)))
    }

    /// The only resources on which it may do `action`, when its policies name them one by one.
    pub(crate) fn named(&self, action: &'static str) -> Option<Vec<String>> {
        self.subject.named_resources(Able::lower(action)?)
    }

    /// Whether it may do `action` on something that fits `pattern`, as far as is known.
    pub(crate) fn may_on_any(&self, action: &'static str, pattern: &str) -> bool {
        self.subject.decide(&Request::on_some(action, pattern, &self.context)).decision.is_possible()
    }

    pub(crate) fn may_on_all(&self, action: &'static str) -> Option<Proof> {
        if !self.able.contains(action) {
            return None;
        }
        self.proof(&self.subject.decide(&Request::on_all(action, &self.context)))
    }

    pub(crate) fn may_where(&self, request: &Request<'_>, side: ResourceSide<'_>) -> Option<Proof> {
        self.proof(&self.subject.decide_with(request, side))
    }

    fn proof(&self, answer: &Answer) -> Option<Proof> {
        let conditions = match &answer.decision {
            Decision::Allowed => BTreeSet::new(),
            Decision::AllowedIf(residual) => residual.conditions().iter().map(ToString::to_string).collect(),
            Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => return None,
        };
        let evidence =
            answer.because.iter().filter_map(|because| self.sources.get(&*because.policy).cloned());
        Some(Proof {
            evidence: evidence.collect(),
            because: answer.because.iter().map(ToString::to_string).collect(),
            conditions,
        })
    }

    /// Full authority over its account: the proof that it may do everything that gives it.
    pub(crate) fn administers(&self) -> Option<Proof> {
        let mut all = Proof::default();
        for action in ADMIN {
            all = all.and(self.proof(&self.subject.decide(&Request::on_all(action, &self.context)))?);
        }
        Some(all)
    }

    /// Whether a policy that allows everything would give it full authority: no boundary, no denial in the way.
    pub(crate) fn is_raisable(&self) -> bool {
        // Where nothing limits it, the policy suffices.
        if !self.subject.is_bounded() && !self.subject.denies_anything() {
            return true;
        }
        *self.raisable.get(|| {
            let Ok(everything) = Policy::parse("everything", EVERYTHING) else { return false };
            let given = self.subject.clone().with(everything);
            let allowed =
                |action| given.decide(&Request::on_all(action, &self.context)).decision.is_allowed();
            ADMIN.into_iter().all(allowed)
        })
    }

    /// The same principal, where `policy` is in force besides.
    pub(crate) fn given(&self, policy: Policy) -> Self {
        let mut given = self.clone();
        given.subject = given.subject.with(policy);
        given
    }
}

pub(crate) const EVERYTHING: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// What every request of the principal carries.
fn context(object: &Object) -> Context {
    let arn = object.key().value();
    let mut context = Context::symbolic()
        .with("aws:PrincipalArn", [arn])
        .with("aws:PrincipalAccount", [object.key().scope()])
        .with("aws:SecureTransport", ["true"])
        .complete_for("aws:PrincipalTag/");
    for (name, value) in object.attributes() {
        if let Some(tag) = name.strip_prefix("tag/") {
            context.set(&format!("aws:PrincipalTag/{tag}"), [value]);
        }
    }
    let kind = if object.kind() == ObjectKind::User { "User" } else { "AssumedRole" };
    context.set("aws:PrincipalType", [kind]);
    if object.kind() == ObjectKind::User {
        context.set("aws:username", [arn.rsplit('/').next().unwrap_or(arn)]);
        return context;
    }
    context.without("aws:username")
}

/// A policy document that is in force: its name, the policy when it could be read, its evidence.
type InForce = (String, Option<Policy>, Evidence);

/// The version of a managed policy that is in force; `None` when its document is not known.
fn in_force(inventory: &Inventory, key: &EntityKey) -> Option<InForce> {
    if let Some(policy) = inventory.object(key)
        && let Some((slot, document, evidence)) = default_version(policy)
    {
        return Some((policy.policy_name(slot), document.read.as_ref().ok().cloned(), evidence.clone()));
    }
    let json = managed::document(key.value())?;
    let policy = Policy::parse(key.value(), &json).ok()?;
    Some((key.value().to_owned(), Some(policy), Evidence::document("AWS managed policy reference")))
}

type Version<'a> = (&'a PolicySlot, &'a crate::object::Document, &'a Evidence);

fn default_version(policy: &Object) -> Option<Version<'_>> {
    let mut versions = policy.documents().filter(|(slot, ..)| matches!(slot, PolicySlot::Version(_)));
    match policy.attribute(DEFAULT_VERSION) {
        Some(id) => versions.find(|(slot, ..)| **slot == PolicySlot::Version(id.to_owned())),
        None => versions.next(),
    }
}

/// The versions of a policy that are not in force.
pub(crate) fn other_versions(policy: &Object) -> impl Iterator<Item = &Policy> {
    let own = default_version(policy).map(|(slot, ..)| slot);
    let others = policy.documents().filter(move |(slot, ..)| Some(*slot) != own);
    others.filter_map(|(_, document, _)| document.read.as_ref().ok())
}

/// Whom a role lets become it.
#[derive(Clone, PartialEq)]
pub(crate) struct RoleSide {
    pub(crate) trust: Option<Policy>,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) services: BTreeSet<&'static str>,
    pub(crate) profiles: Vec<String>,
    /// Whether it may let in somebody of its account who has no permission.
    pub(crate) open: bool,
    /// Whether its trust names somebody who is no principal of the account.
    pub(crate) federated: bool,
}

impl RoleSide {
    pub(crate) fn of(role: &Object) -> Self {
        let (trust, evidence) = match role.document(&PolicySlot::Trust) {
            Some((document, evidence)) => (document.read.as_ref().ok().cloned(), Some(evidence.clone())),
            None => (None, None),
        };
        let services = trust.iter().flat_map(|trust| trusted_services(trust, role.key().value())).collect();
        let profiles = role.links(LinkKind::Profile).filter_map(|key| key.value().rsplit('/').next());
        let open = trust.as_ref().is_some_and(|trust| lets_everybody_in(trust, role.key()));
        let federated = role.document(&PolicySlot::Trust).is_some_and(|(document, _)| {
            document.read.is_ok() && names_outsiders(&document.json, role.key().scope())
        });
        let profiles = profiles.map(str::to_owned).collect();
        Self { trust, evidence, services, profiles, open, federated }
    }

    /// Whether `arn` may be named by the trust policy: a quick test before it is evaluated.
    pub(crate) fn may_name(&self, authority: &Authority) -> bool {
        self.trust.as_ref().is_some_and(|trust| match trust.named_arns() {
            Some(arns) => arns.contains(&authority.key.value()),
            None => true,
        })
    }
}

impl RoleSide {
    /// The ARNs that the role lets in one by one; `None` when it names accounts or everybody.
    pub(crate) fn named(&self) -> Option<Vec<&str>> {
        self.trust.as_ref().map_or(Some(Vec::new()), Policy::named_arns)
    }

    /// Whether the role may let it in without a permission of its own: it is named, or everybody is.
    fn lets_in_by_itself(&self, authority: &Authority) -> bool {
        self.open || self.named().is_some_and(|arns| arns.contains(&authority.key.value()))
    }
}

/// Whether the policy lets somebody in who has no permission of its own: asked for one who has none.
fn lets_everybody_in(trust: &Policy, role: &EntityKey) -> bool {
    let context = Context::symbolic();
    let request = Request::new(ASSUME, role.value(), &context);
    let nobody = format!("arn:aws:iam::{}:user/-", role.scope());
    let asked = Subject::new(Principal::aws(&nobody)).decide_with(&request, ResourceSide::MustGrant(trust));
    asked.decision.is_possible()
}

fn trusted_services(trust: &Policy, role: &str) -> Vec<&'static str> {
    let named = PASS.iter().map(|rule| rule.service).chain(WORK.iter().map(|rule| rule.trusted));
    let distinct: BTreeSet<&'static str> = named.collect();
    let context = Context::symbolic();
    let request = Request::new(ASSUME, role, &context);
    let trusts = |service: &&'static str| {
        let service = Subject::new(Principal::service(service));
        service.decide_with(&request, ResourceSide::MustGrant(trust)).decision.is_possible()
    };
    distinct.into_iter().filter(trusts).collect()
}

impl Standing {
    /// What several steps together are.
    pub(crate) fn worse(self, other: Self) -> Self {
        self.max(other)
    }
}
