//! The edges from one object about another: a pure function of the two, so that a change redoes just its pairs.
//!
//! A composite (a role passed to a new function, a policy written and the role then assumed) comes out as one edge
//! and only when all of its parts hold; a part that goes away takes the edge with it. O(rules) per pair.

use crate::authority::{
    ADD_TO_GROUP, ASSUME, Authority, CREDENTIALS, DECRYPT, NEW_VERSION, PASS_ROLE, Proof, READ_OBJECT,
    READ_PARAMETER, READ_SECRET, RoleSide, SET_VERSION, UPDATE_TRUST, other_versions,
};
use crate::edge::{Edge, EdgeKind, EdgeKinds, Standing};
use crate::inventory::{BOUNDARY, Inventory, Listing};
use crate::network::{NetSide, Stand};
use crate::object::{LinkKind, Object, ObjectKind, PolicySlot, account_key};
use crate::rule::{CREDENTIAL, GROUP_POLICY, PASS, ROLE_POLICY, USER_POLICY, WORK, WorkRule};
use crate::workload::{ACCOUNT, PATTERN, PROFILE, ROLE, SERVICE};
use homeostat_access::{Context, Request, ResourceSide, account_of};
use homeostat_core::EntityKey;
use std::collections::BTreeMap;

/// A condition that nobody decided halves the chance: it holds for some of those who try.
const CONDITION: f64 = 0.5;
/// Something that no snapshot listed exists in about a third of the accounts that could have it.
const UNLISTED: f64 = 0.3;

/// All that the derivation of a pair looks at.
pub(crate) struct Derivation<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) kinds: &'a EdgeKinds,
    pub(crate) authorities: &'a BTreeMap<EntityKey, Authority>,
    pub(crate) roles: &'a BTreeMap<EntityKey, RoleSide>,
    pub(crate) sides: &'a BTreeMap<EntityKey, NetSide>,
    pub(crate) stands: &'a BTreeMap<EntityKey, Stand>,
}

/// A step before it is an edge.
pub(crate) struct Step {
    pub(crate) kind: EdgeKind,
    pub(crate) rule: String,
    pub(crate) factor: f64,
    pub(crate) standing: Standing,
    pub(crate) proof: Proof,
}

impl Step {
    pub(crate) fn new(kind: EdgeKind, rule: &str, proof: Proof) -> Self {
        Self { kind, rule: rule.to_owned(), factor: 1.0, standing: Standing::Possible, proof }
    }

    fn hypothetical(self) -> Self {
        Self { factor: self.factor * UNLISTED, standing: Standing::Hypothetical, ..self }
    }
}

impl Derivation<'_> {
    /// The edges that start at `source` and are about `target`.
    pub(crate) fn pair(&self, source: &EntityKey, target: &Object) -> Vec<Edge> {
        let mut edges = if let Some(authority) = self.authorities.get(source) {
            self.of_principal(authority, target)
        } else {
            match self.inventory.object(source) {
                Some(workload) if workload.kind() == ObjectKind::Workload => {
                    self.of_workload(workload, target)
                }
                _ => self.of_account(source, target),
            }
        };
        if source == target.key() {
            edges.extend(self.ties(target));
        } else {
            edges.extend(self.over_network(source, target));
            edges.extend(self.vouched(source, target));
        }
        edges
    }

    fn of_principal(&self, from: &Authority, target: &Object) -> Vec<Edge> {
        match target.kind() {
            ObjectKind::User => self.about_user(from, target),
            ObjectKind::Role => self.about_role(from, target),
            ObjectKind::Group => self.about_group(from, target),
            ObjectKind::Workload => self.about_workload(from, target),
            ObjectKind::Bucket => self.about_bucket(from, target),
            ObjectKind::Secret => self.about_secret(from, target),
            ObjectKind::Policy
            | ObjectKind::Other
            | ObjectKind::Database
            | ObjectKind::Network
            | ObjectKind::Subject => Vec::new(),
        }
    }

    fn about_user(&self, from: &Authority, user: &Object) -> Vec<Edge> {
        if from.key == *user.key() {
            return self.about_itself(from, user);
        }
        if !from.is_able(&CREDENTIALS) {
            return Vec::new();
        }
        let arn = user.key().value();
        let credentials = CREDENTIAL
            .iter()
            .filter_map(|(kind, action)| Some(Step::new(*kind, action, from.may(action, arn)?)));
        let steps: Vec<Step> = credentials.collect();
        self.become_and_control(from, user, steps)
    }

    fn about_role(&self, from: &Authority, role: &Object) -> Vec<Edge> {
        if from.key == *role.key() {
            return self.about_itself(from, role);
        }
        let Some(side) = self.roles.get(role.key()) else { return Vec::new() };
        let mut steps: Vec<Step> = assume(from, role, side).into_iter().collect();
        steps.extend(rewrite_trust(from, role));
        steps.extend(pass(from, role, side));
        if self.inventory.workloads() == Listing::Unread {
            steps.extend(unlisted(from, side));
        }
        self.become_and_control(from, role, steps)
    }

    /// Edges to `target`, and one to its account for each way to write what it may do while one can become it.
    fn become_and_control(&self, from: &Authority, target: &Object, steps: Vec<Step>) -> Vec<Edge> {
        let to = target.key();
        let mut edges: Vec<Edge> = Vec::new();
        if let Some(first) = steps.iter().min_by(|a, b| a.standing.cmp(&b.standing)) {
            for step in self.control(from, target) {
                let standing = Standing::Derived.worse(first.standing);
                let joined = Step {
                    rule: format!("{} + {}", step.rule, first.rule),
                    factor: step.factor * self.probability(first),
                    standing,
                    proof: step.proof.and(first.proof.clone()),
                    kind: step.kind,
                };
                edges.extend(
                    account_key(to.scope()).map(|account| self.edge(&from.key, &account, joined, from.stale)),
                );
            }
        }
        edges.extend(
            steps
                .into_iter()
                .map(|step| self.edge(&from.key, to, step, from.stale || target.stale().is_some())),
        );
        edges
    }

    fn about_itself(&self, from: &Authority, own: &Object) -> Vec<Edge> {
        let Some(account) = account_key(own.key().scope()) else { return Vec::new() };
        let mut steps = Vec::new();
        if let Some(proof) = from.administers() {
            steps.push(Step::new(EdgeKind::ADMINISTRATOR, "full authority", proof));
        }
        steps.extend(self.control(from, own));
        if self.inventory.workloads() == Listing::Unread {
            steps.extend(every_role(from));
        }
        steps.into_iter().map(|step| self.edge(&from.key, &account, step, from.stale)).collect()
    }

    /// The ways in which `from` can write what `target` may do, when that gives `target` the whole account.
    fn control(&self, from: &Authority, target: &Object) -> Vec<Step> {
        let Some(other) = self.authorities.get(target.key()) else { return Vec::new() };
        let mut steps = Vec::new();
        let inline: &[(EdgeKind, &'static str)] =
            if target.kind() == ObjectKind::User { &USER_POLICY } else { &ROLE_POLICY };
        Self::write(from, target, inline, &mut steps);
        self.versions(from, target, &mut steps);
        for group in other.groups.iter().filter_map(|key| self.inventory.object(key)) {
            Self::write(from, group, &GROUP_POLICY, &mut steps);
            self.versions(from, group, &mut steps);
        }
        let older = |step: &Step| step.kind == EdgeKind::SET_POLICY_VERSION;
        if !steps.iter().all(older) && !other.is_raisable() {
            steps.retain(older);
        }
        steps
    }

    fn write(from: &Authority, target: &Object, rules: &[(EdgeKind, &'static str)], steps: &mut Vec<Step>) {
        let able: Vec<_> = rules.iter().filter(|(_, action)| from.is_able(&[action])).collect();
        if able.is_empty() {
            return;
        }
        let context =
            from.context.clone().with("iam:PolicyARN", ["arn:aws:iam::aws:policy/AdministratorAccess"]);
        let context = match target.attribute(BOUNDARY) {
            Some(boundary) => context.with("iam:PermissionsBoundary", [boundary]),
            None => context.without("iam:PermissionsBoundary"),
        };
        let context = resource_tags(&context, target);
        for (kind, action) in able {
            if let Some(proof) = from.may_under(action, target.key().value(), &context) {
                steps.push(Step::new(*kind, action, proof));
            }
        }
    }

    /// Writing a new version of a policy that is attached, or putting an older one in force.
    fn versions(&self, from: &Authority, holder: &Object, steps: &mut Vec<Step>) {
        if !from.is_able(&[NEW_VERSION, SET_VERSION]) {
            return;
        }
        for key in holder.links(LinkKind::Attached).filter(|key| key.scope() != "aws") {
            if let Some(proof) = from.may(NEW_VERSION, key.value()) {
                steps.push(Step::new(EdgeKind::CREATE_POLICY_VERSION, NEW_VERSION, proof));
            }
            if let Some(proof) = from.may(SET_VERSION, key.value()) {
                steps.extend(self.older_version(holder, key, proof));
            }
        }
    }

    fn older_version(&self, holder: &Object, policy: &EntityKey, proof: Proof) -> Option<Step> {
        let step = Step::new(EdgeKind::SET_POLICY_VERSION, SET_VERSION, proof);
        let mut others = self.inventory.object(policy).into_iter().flat_map(other_versions).peekable();
        if others.peek().is_none() {
            // None is listed: there may be one all the same.
            return Some(step.hypothetical());
        }
        let other = self.authorities.get(holder.key())?;
        others.any(|version| other.given(version.clone()).administers().is_some()).then_some(step)
    }

    fn about_group(&self, from: &Authority, group: &Object) -> Vec<Edge> {
        let outside = from.kind == ObjectKind::User && !from.groups.contains(group.key());
        if !outside || !from.is_able(&[ADD_TO_GROUP]) {
            return Vec::new();
        }
        let Some(proof) = from.may(ADD_TO_GROUP, group.key().value()) else { return Vec::new() };
        let mut steps = Vec::new();
        let joined = from.joined(self.inventory, group);
        if let Some(more) = joined.administers() {
            steps.push(Step::new(EdgeKind::ADD_TO_GROUP, ADD_TO_GROUP, proof.clone().and(more)));
        }
        let mut writing = Vec::new();
        Self::write(from, group, &GROUP_POLICY, &mut writing);
        if from.is_raisable() {
            let both = writing.into_iter().map(|step| Step {
                rule: format!("{ADD_TO_GROUP} + {}", step.rule),
                standing: Standing::Derived,
                proof: step.proof.and(proof.clone()),
                ..step
            });
            steps.extend(both);
        }
        let Some(account) = account_key(group.key().scope()) else { return Vec::new() };
        steps.into_iter().map(|step| self.edge(&from.key, &account, step, from.stale)).collect()
    }

    fn about_workload(&self, from: &Authority, workload: &Object) -> Vec<Edge> {
        let service = workload.attribute(SERVICE).unwrap_or_default();
        let rules = WORK.iter().filter(|rule| rule.service == service);
        let steps = rules.filter_map(|rule| {
            let proof = takes_over(from, rule, workload)?;
            let step = Step::new(EdgeKind::CHANGE_WORKLOAD, &rule.needs.join(" + "), proof);
            Some(Step { factor: rule.probability / 0.8, ..step })
        });
        steps.map(|step| self.edge(&from.key, workload.key(), step, from.stale)).collect()
    }

    fn about_bucket(&self, from: &Authority, bucket: &Object) -> Vec<Edge> {
        let policy = bucket.document(&PolicySlot::Resource);
        if policy.is_none() && !from.is_able(&[READ_OBJECT]) {
            return Vec::new();
        }
        let account = bucket.attribute(ACCOUNT).unwrap_or(from.key.scope());
        let objects = format!("{}/*", bucket.key().value());
        let request = Request::on_some(READ_OBJECT, &objects, &from.context).in_account(Some(account));
        let side = match &policy {
            None => ResourceSide::Silent,
            Some((document, _)) => match &document.read {
                Ok(policy) => ResourceSide::MayGrant(policy),
                Err(_) => return Vec::new(),
            },
        };
        let Some(mut proof) = from.may_where(&request, side) else { return Vec::new() };
        proof.evidence.extend(policy.map(|(_, evidence)| evidence.clone()));
        let step = Step::new(EdgeKind::READ_DATA, READ_OBJECT, proof);
        vec![self.edge(&from.key, bucket.key(), step, from.stale)]
    }

    fn about_secret(&self, from: &Authority, secret: &Object) -> Vec<Edge> {
        let arn = secret.key().value();
        let action = if arn.contains(":ssm:") { READ_PARAMETER } else { READ_SECRET };
        let proof = from.may(action, arn).and_then(|proof| self.unlocked(from, secret, proof));
        let step = proof.map(|proof| Step::new(EdgeKind::READ_SECRET, action, proof));
        step.into_iter().map(|step| self.edge(&from.key, secret.key(), step, from.stale)).collect()
    }

    /// What is encrypted is read by whom the key lets decrypt; of a key whose policy nobody told nothing is asked.
    fn unlocked(&self, from: &Authority, secret: &Object, mut proof: Proof) -> Option<Proof> {
        for key in secret.links(LinkKind::LockedBy).filter_map(|key| self.inventory.object(key)) {
            let Some((document, evidence)) = key.document(&PolicySlot::Resource) else { continue };
            let policy = document.read.as_ref().ok()?;
            let request = Request::new(DECRYPT, key.key().value(), &from.context);
            let mut unlocks = from.may_where(&request, ResourceSide::MustGrant(policy))?;
            unlocks.evidence.insert(evidence.clone());
            proof = proof.and(unlocks);
        }
        Some(proof)
    }

    /// What runs in a workload has the credentials of its role.
    fn of_workload(&self, workload: &Object, target: &Object) -> Vec<Edge> {
        let Some(side) = self.roles.get(target.key()) else { return Vec::new() };
        let (role, profile) = (workload.attribute(ROLE), workload.attribute(PROFILE));
        let proof = Proof {
            because: vec![format!("`{}` runs as `{}`", workload.key().value(), target.key().value())],
            evidence: [workload.evidence().clone()].into(),
            ..Proof::default()
        };
        let step = Step::new(EdgeKind::RUNS_AS, "runs as", proof);
        let found = match (role, profile) {
            (Some(arn), _) => (arn == target.key().value()).then_some(step),
            (None, Some(name)) => side.profiles.iter().any(|own| own == name).then_some(step),
            (None, None) => Self::could_run_as(workload, target, side).then(|| step.hypothetical()),
        };
        found.into_iter().map(|step| self.edge(workload.key(), target.key(), step, false)).collect()
    }

    /// The role of the workload is not told: it may be any that trusts its service.
    fn could_run_as(workload: &Object, target: &Object, side: &RoleSide) -> bool {
        let service = workload.attribute(SERVICE).unwrap_or_default();
        let rule = WORK.iter().find(|rule| rule.service == service);
        let instance = service == "launch-template";
        let open = instance || service != "ec2";
        let account = workload.attribute(ACCOUNT) == Some(target.key().scope());
        let fits = rule.is_some_and(|rule| side.services.contains(rule.trusted));
        open && account && fits && (!instance || !side.profiles.is_empty())
    }

    /// Who has the account has all that is in it.
    fn of_account(&self, account: &EntityKey, target: &Object) -> Vec<Edge> {
        let own = target.attribute(ACCOUNT).or_else(|| account_of(target.key().value()));
        let inside = own == Some(account.value())
            && !matches!(
                target.kind(),
                ObjectKind::Policy | ObjectKind::Group | ObjectKind::Network | ObjectKind::Subject
            );
        if !inside || account_key(account.value()).as_ref() != Some(account) {
            return Vec::new();
        }
        let proof = Proof {
            because: vec![format!("`{}` lies in account {}", target.key().value(), account.value())],
            evidence: [target.evidence().clone()].into(),
            ..Proof::default()
        };
        vec![self.edge(
            account,
            target.key(),
            Step::new(EdgeKind::ADMINISTERS, "in the account", proof),
            false,
        )]
    }

    pub(crate) fn probability(&self, step: &Step) -> f64 {
        let default = self.kinds.info(step.kind).map_or(1.0, |info| info.probability);
        let condition = if step.proof.conditions.is_empty() { 1.0 } else { CONDITION };
        crate::edge::probability(default * step.factor * condition)
    }

    pub(crate) fn edge(&self, from: &EntityKey, to: &EntityKey, step: Step, stale: bool) -> Edge {
        Edge {
            from: from.clone(),
            to: to.clone(),
            kind: step.kind,
            probability: self.probability(&step),
            rule: step.rule.as_str().into(),
            standing: step.standing,
            condition: step.proof.condition(),
            because: step.proof.because,
            evidence: step.proof.evidence.into_iter().collect(),
            stale,
        }
    }
}

fn assume(from: &Authority, role: &Object, side: &RoleSide) -> Option<Step> {
    let trust = side.trust.as_ref()?;
    if !side.may_name(from) {
        return None;
    }
    let context = resource_tags(&from.context, role);
    let request = Request::new(ASSUME, role.key().value(), &context);
    let mut proof = from.may_where(&request, ResourceSide::MustGrant(trust))?;
    proof.evidence.extend(side.evidence.clone());
    Some(Step::new(EdgeKind::ASSUME_ROLE, ASSUME, proof))
}

/// Whoever writes the trust policy names itself in it, which suffices within the account.
fn rewrite_trust(from: &Authority, role: &Object) -> Option<Step> {
    let proof = from.may(UPDATE_TRUST, role.key().value())?;
    (from.key.scope() == role.key().scope()).then(|| Step::new(EdgeKind::UPDATE_TRUST, UPDATE_TRUST, proof))
}

fn pass(from: &Authority, target: &Object, side: &RoleSide) -> Vec<Step> {
    if from.key.scope() != target.key().scope() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, proof) in from.passes() {
        let Some(rule) = PASS.get(*at) else { continue };
        let fitting = side.services.contains(rule.service) && (!rule.profile || !side.profiles.is_empty());
        if !fitting {
            continue;
        }
        let context = from.context.clone().with("iam:PassedToService", [rule.service]);
        if let Some(passed) = from.may_under(PASS_ROLE, target.key().value(), &context) {
            let actions: Vec<&str> = rule.needs.iter().map(|(action, _)| *action).collect();
            let text = format!("{PASS_ROLE} + {}", actions.join(" + "));
            found.push(Step::new(EdgeKind::PASS_ROLE, &text, passed.and(proof.clone())));
        }
    }
    found
}

/// Workloads that no snapshot listed may run as any role that trusts their service.
fn unlisted(from: &Authority, side: &RoleSide) -> Vec<Step> {
    let mut steps = Vec::new();
    for (at, proof) in from.works() {
        let Some(rule) = WORK.get(*at) else { continue };
        let instance = rule.trusted == "ec2.amazonaws.com";
        if side.services.contains(rule.trusted) && (!instance || !side.profiles.is_empty()) {
            let text = rule.needs.join(" + ");
            let step = Step::new(EdgeKind::CHANGE_WORKLOAD, &text, proof.clone()).hypothetical();
            steps.push(Step { factor: step.factor * rule.probability / 0.8, ..step });
        }
    }
    steps
}

/// Who writes the policies of every role raises what already runs as one of them and is in its reach: whether
/// there is something, only a list of workloads can tell.
fn every_role(from: &Authority) -> Vec<Step> {
    let whole =
        ROLE_POLICY.iter().filter_map(|(kind, action)| Some((kind, action, from.may_on_all(action)?)));
    whole.map(|(kind, action, proof)| Step::new(*kind, action, proof).hypothetical()).collect()
}

fn takes_over(from: &Authority, rule: &WorkRule, workload: &Object) -> Option<Proof> {
    let arn = workload.key().value();
    let mut all = Proof::default();
    for action in rule.needs {
        let config = action.ends_with("LifecycleConfig");
        let pattern = if config { Some(rule.resource.replace("{}", from.key.scope())) } else { None };
        let pattern = pattern.as_deref().or_else(|| workload.attribute(PATTERN));
        all = all.and(match pattern {
            Some(pattern) => from.may_on_some(action, pattern)?,
            None => from.may(action, arn)?,
        });
    }
    Some(all)
}

/// The context of a request on `target`, whose tags are known.
fn resource_tags(context: &Context, target: &Object) -> Context {
    let mut context = context.clone().complete_for("aws:ResourceTag/").complete_for("iam:ResourceTag/");
    for (name, value) in target.attributes() {
        if let Some(tag) = name.strip_prefix("tag/") {
            context.set(&format!("aws:ResourceTag/{tag}"), [value]);
            context.set(&format!("iam:ResourceTag/{tag}"), [value]);
        }
    }
    context
}
