//! What a principal's edges may be about, found without asking of each pair.
//!
//! What policies name one by one is looked up: objects that a principal has rights on, principals that a role lets in.
//! For rights on patterns, objects lie in the order of their ARNs. A principal is asked about half of them at a time, by
//! the pattern that their common beginning makes; where it may do nothing on any of that, none of it is looked at again.
//! A principal with narrow rights so costs O(rights × log objects) questions, one with broad rights twice the objects.

use crate::authority::{ASSUME, Authority, CREDENTIALS, PASS_ROLE, RoleSide, UPDATE_TRUST};
use crate::inventory::{Inventory, Listing};
use crate::object::{Object, ObjectKind, PolicySlot, arn_key};
use crate::rule::{PASS, WORK};
use crate::shelf::{Part, Shelf};
use crate::workload::{ACCOUNT, PROFILE, ROLE};
use core::borrow::Borrow;
use homeostat_core::EntityKey;
use std::collections::{BTreeMap, BTreeSet};

type Keys = BTreeSet<EntityKey>;

/// The objects of an inventory, by what may lead to them; kept true one object at a time, in O(log objects) each.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Targets {
    users: Shelf,
    roles: Shelf,
    /// What else edges may be about, by its kind and whether it has a policy of its own.
    others: BTreeMap<(ObjectKind, bool), Keys>,
    /// Roles that name accounts, and those that let in whoever has no permission.
    broad: Shelf,
    open: Keys,
    /// Roles by the ARNs that they name, and by the services that they trust.
    named: BTreeMap<String, Keys>,
    trusting: BTreeMap<&'static str, Shelf>,
    /// Roles by the instance profiles that have them, and those that name somebody outside of the account.
    profiles: BTreeMap<String, Keys>,
    federated: Keys,
    /// Principals by what they have rights on: only these have edges about all of a kind.
    able: BTreeMap<(ObjectKind, bool), Keys>,
    /// Principals that may get roles by another way than being trusted, and those that may become roles at all.
    takers: Keys,
    assuming: Keys,
    /// Of the latter those whose policies name the roles, by the roles that they name.
    assuming_by_name: BTreeMap<String, Keys>,
    /// Where each object of these lies, and how many lie in each account.
    places: BTreeMap<EntityKey, Lies>,
    inside: BTreeMap<String, usize>,
}

/// On which shelf an object lies, and in which accounts.
#[derive(Clone, PartialEq)]
struct Lies {
    kind: ObjectKind,
    own_policy: bool,
    account: Option<String>,
}

/// So few are looked at one by one: asking about their common pattern would take as long.
const FEW: usize = 3;

/// Kinds of which what a principal may do says whether it has edges about them; buckets with a policy of their own besides.
const BY_KIND: [(ObjectKind, bool); 6] = [
    (ObjectKind::User, false),
    (ObjectKind::Group, false),
    (ObjectKind::Workload, false),
    (ObjectKind::Bucket, false),
    (ObjectKind::Bucket, true),
    (ObjectKind::Secret, false),
];

/// Whether edges of principals may be about an object of this kind.
fn is_target(kind: ObjectKind) -> bool {
    !matches!(
        kind,
        ObjectKind::Policy
            | ObjectKind::Other
            | ObjectKind::Database
            | ObjectKind::Network
            | ObjectKind::Subject
    )
}

impl Targets {
    /// Learns an object that is not known; `side` is that of a role.
    pub(crate) fn add(&mut self, object: &Object, side: Option<&RoleSide>) {
        let (key, kind) = (object.key(), object.kind());
        if !is_target(kind) {
            return;
        }
        let own_policy = object.document(&PolicySlot::Resource).is_some();
        match kind {
            ObjectKind::User => {
                self.users.add(key);
            }
            ObjectKind::Role => {
                self.roles.add(key);
            }
            _ => {
                self.others.entry((kind, own_policy)).or_default().insert(key.clone());
            }
        }
        if let Some(side) = side {
            self.add_role(key, side);
        }
        let account = object.attribute(ACCOUNT).filter(|account| *account != key.scope());
        let lies = Lies { kind, own_policy, account: account.map(str::to_owned) };
        for account in lies.accounts(key) {
            *self.inside.entry(account.to_owned()).or_default() += 1;
        }
        self.places.insert(key.clone(), lies);
    }

    pub(crate) fn add_principal(&mut self, authority: &Authority) {
        for (kind, own_policy) in
            BY_KIND.into_iter().filter(|(kind, own)| authority.concerns_kind(*kind, *own))
        {
            self.able.entry((kind, own_policy)).or_default().insert(authority.key.clone());
        }
        if authority.could_take_roles() {
            self.takers.insert(authority.key.clone());
        }
        if !authority.is_able(&[ASSUME]) {
            return;
        }
        match authority.named(ASSUME) {
            Some(arns) => {
                for arn in arns {
                    self.assuming_by_name.entry(arn).or_default().insert(authority.key.clone());
                }
            }
            None => drop(self.assuming.insert(authority.key.clone())),
        }
    }

    /// Forgets a principal as it was learnt.
    pub(crate) fn take_principal(&mut self, authority: &Authority) {
        let key = &authority.key;
        for kind in BY_KIND {
            take(&mut self.able, &kind, key);
        }
        self.takers.remove(key);
        self.assuming.remove(key);
        for arn in authority.named(ASSUME).into_iter().flatten() {
            take(&mut self.assuming_by_name, &arn, key);
        }
    }

    /// The principals that may have an edge about an object other than a role, besides itself.
    pub(crate) fn able(&self, object: &Object) -> impl Iterator<Item = &EntityKey> {
        let kind = object.kind();
        let own_policy = kind == ObjectKind::Bucket && object.document(&PolicySlot::Resource).is_some();
        self.able.get(&(kind, own_policy)).into_iter().flatten()
    }

    /// The same of a role; `None` when it may let in any of them.
    pub(crate) fn able_to_become(&self, role: &EntityKey, side: &RoleSide) -> Option<Vec<EntityKey>> {
        if side.open {
            return None;
        }
        let mut able: Vec<EntityKey> = self.takers.iter().cloned().collect();
        if let Some(arns) = side.named() {
            able.extend(arns.into_iter().filter_map(arn_key));
        } else {
            let by_name = self.assuming_by_name.get(role.value());
            able.extend(self.assuming.iter().chain(by_name.into_iter().flatten()).cloned());
        }
        Some(able)
    }

    fn add_role(&mut self, role: &EntityKey, side: &RoleSide) {
        for profile in &side.profiles {
            self.profiles.entry(profile.clone()).or_default().insert(role.clone());
        }
        if side.federated {
            self.federated.insert(role.clone());
        }
        for service in &side.services {
            self.trusting.entry(service).or_default().add(role);
        }
        if let Some(arns) = side.named() {
            for arn in arns {
                self.named.entry(arn.to_owned()).or_default().insert(role.clone());
            }
        } else {
            self.broad.add(role);
            if side.open {
                self.open.insert(role.clone());
            }
        }
    }

    /// Forgets an object; `side` is what it was learnt with.
    pub(crate) fn take(&mut self, key: &EntityKey, side: Option<&RoleSide>) {
        let Some(lies) = self.places.remove(key) else { return };
        match lies.kind {
            ObjectKind::User => {
                self.users.take(key);
            }
            ObjectKind::Role => {
                self.roles.take(key);
            }
            kind => take(&mut self.others, &(kind, lies.own_policy), key),
        }
        if let Some(side) = side {
            self.take_role(key, side);
        }
        for account in lies.accounts(key) {
            if let Some(count) = self.inside.get_mut(account) {
                *count -= 1;
                if *count == 0 {
                    self.inside.remove(account);
                }
            }
        }
    }

    fn take_role(&mut self, role: &EntityKey, side: &RoleSide) {
        for profile in &side.profiles {
            take(&mut self.profiles, profile, role);
        }
        self.federated.remove(role);
        for service in &side.services {
            if let Some(roles) = self.trusting.get_mut(service) {
                roles.take(role);
                if roles.is_empty() {
                    self.trusting.remove(service);
                }
            }
        }
        for arn in side.named().into_iter().flatten() {
            take(&mut self.named, arn, role);
        }
        self.broad.take(role);
        self.open.remove(role);
    }

    /// The roles that a workload may run as: the one it names, those of its profile, or any.
    pub(crate) fn run_as<'a>(&self, inventory: &'a Inventory, workload: &Object) -> Vec<&'a Object> {
        let at = |keys: &mut dyn Iterator<Item = &EntityKey>| {
            keys.filter_map(|key| inventory.object(key)).collect::<Vec<_>>()
        };
        match (workload.attribute(ROLE), workload.attribute(PROFILE)) {
            (Some(arn), _) => arn_key(arn).and_then(|key| inventory.object(&key)).into_iter().collect(),
            (None, Some(name)) => at(&mut self.profiles.get(name).into_iter().flatten()),
            (None, None) => at(&mut self.roles.iter()),
        }
    }

    /// The roles that may let in somebody outside of their account.
    pub(crate) fn federated<'a>(&self, inventory: &'a Inventory) -> impl Iterator<Item = &'a Object> {
        self.federated.iter().filter_map(|key| inventory.object(key))
    }

    /// What the edges of `authority` may be about, besides itself. In the account that it owns nothing is: all that lies
    /// there is in its reach already.
    pub(crate) fn of<'a>(
        &self,
        inventory: &'a Inventory,
        authority: &Authority,
        owned: Option<&str>,
    ) -> Vec<&'a Object> {
        // Whoever owns the only account is asked about nothing.
        if owned.is_some_and(|account| self.inside.get(account) == Some(&self.places.len())) {
            return Vec::new();
        }
        let mut found: BTreeSet<&EntityKey> = BTreeSet::new();
        for action in CREDENTIALS {
            narrow(authority, action, &self.users, &mut found);
        }
        narrow(authority, UPDATE_TRUST, &self.roles, &mut found);
        narrow(authority, ASSUME, &self.broad, &mut found);
        found.extend(self.named.get(authority.key.value()).into_iter().flatten());
        found.extend(&self.open);
        self.through_services(inventory, authority, &mut found);
        let concerned = self.others.iter().filter(|((kind, own), _)| authority.concerns_kind(*kind, *own));
        found.extend(concerned.flat_map(|(_, keys)| keys));
        let outside = |target: &&Object| !owned.is_some_and(|account| inside(target, account));
        let others = found.into_iter().filter(|key| **key != authority.key);
        others.filter_map(|key| inventory.object(key)).filter(outside).collect()
    }

    /// Roles that it may pass, or that something runs as which it may take over.
    fn through_services<'a>(
        &'a self,
        inventory: &Inventory,
        authority: &Authority,
        found: &mut BTreeSet<&'a EntityKey>,
    ) {
        let passed = authority.passes().iter().filter_map(|(at, _)| PASS.get(*at)).map(|rule| rule.service);
        for service in passed.collect::<BTreeSet<_>>() {
            if let Some(roles) = self.trusting.get(service) {
                narrow(authority, PASS_ROLE, roles, found);
            }
        }
        if inventory.workloads() == Listing::Unread {
            let run = authority.works().iter().filter_map(|(at, _)| WORK.get(*at)).map(|rule| rule.trusted);
            for service in run.collect::<BTreeSet<_>>() {
                found.extend(self.trusting.get(service).into_iter().flat_map(Shelf::iter));
            }
        }
    }
}

impl Lies {
    fn accounts<'a>(&'a self, key: &'a EntityKey) -> impl Iterator<Item = &'a str> {
        self.account.as_deref().into_iter().chain([key.scope()])
    }
}

/// Takes a key out of one of several sets.
fn take<K: Ord + Borrow<Q>, Q: Ord + ?Sized>(all: &mut BTreeMap<K, Keys>, at: &Q, key: &EntityKey) {
    if let Some(keys) = all.get_mut(at) {
        keys.remove(key);
        if keys.is_empty() {
            all.remove(at);
        }
    }
}

/// Those of `all` on which `authority` may do `action`, and perhaps some more.
fn narrow<'a>(
    authority: &Authority,
    action: &'static str,
    all: &'a Shelf,
    found: &mut BTreeSet<&'a EntityKey>,
) {
    if !authority.is_able(&[action]) {
        return;
    }
    if let Some(arns) = authority.named(action) {
        found.extend(arns.iter().filter_map(|arn| all.get(&arn_key(arn)?)));
        return;
    }
    let mut open = vec![all.all()];
    while let Some(part) = open.pop() {
        match part.piece().filter(|keys| keys.len() <= FEW) {
            Some(keys) => found.extend(keys),
            None if authority.may_on_any(action, &common(part)) => open.extend(part.halves()),
            None => {}
        }
    }
}

/// A pattern that all of these fit, which lie in the order of their ARNs.
fn common(part: Part<'_>) -> String {
    let (first, last) = part.ends().map_or(("", ""), |(first, last)| (first.value(), last.value()));
    let same = first.char_indices().zip(last.chars()).take_while(|((_, one), two)| one == two);
    let end = same.last().map_or(0, |((at, one), _)| at + one.len_utf8());
    // A resource pattern needs the parts of an ARN; a short beginning says nothing.
    let beginning = first.get(..end).filter(|text| text.matches(':').count() >= 5);
    beginning.map_or_else(|| "*".to_owned(), |text| format!("{text}*"))
}

/// Whether an object lies in `account`.
pub(crate) fn inside(target: &Object, account: &str) -> bool {
    target.key().scope() == account || target.attribute(ACCOUNT) == Some(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Touched;
    use crate::derive::Derivation;
    use crate::edge::EdgeKinds;
    use crate::graph::Graph;
    use crate::snapshot_aws::Reading;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ACCOUNT_ID: &str = "111122223333";

    fn statement() -> impl Strategy<Value = Value> {
        let action = prop::sample::select(vec![
            "sts:AssumeRole",
            "iam:PassRole",
            "lambda:*",
            "iam:CreateAccessKey",
            "iam:Update*",
            "iam:PutRolePolicy",
            "s3:GetObject",
            "ssm:SendCommand",
        ]);
        let resource = prop::sample::select(vec!["*", "role/r1", "role/r*", "role/*2", "user/u3", "user/u*"]);
        (action, resource, any::<bool>()).prop_map(|(action, resource, allows)| {
            let resource = if resource == "*" {
                resource.to_owned()
            } else {
                format!("arn:aws:iam::{ACCOUNT_ID}:{resource}")
            };
            json!({"Effect": if allows { "Allow" } else { "Deny" }, "Action": action, "Resource": resource})
        })
    }

    fn trusted() -> impl Strategy<Value = Value> {
        prop::sample::select(vec![
            json!({"AWS": format!("arn:aws:iam::{ACCOUNT_ID}:root")}),
            json!({"AWS": format!("arn:aws:iam::{ACCOUNT_ID}:user/u2")}),
            json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}),
            json!({"AWS": "*"}),
        ])
    }

    fn account() -> impl Strategy<Value = String> {
        let statements = || prop::collection::vec(statement(), 0..4);
        let users = prop::collection::vec(statements(), 5..9);
        let roles = prop::collection::vec((statements(), trusted()), 5..9);
        (users, roles).prop_map(|(users, roles)| {
            let policy = |statements: Vec<Value>| json!([{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]);
            let users: Vec<Value> = users.into_iter().enumerate().map(|(at, statements)| {
                json!({"Arn": format!("arn:aws:iam::{ACCOUNT_ID}:user/u{at}"), "UserPolicyList": policy(statements)})
            }).collect();
            let roles: Vec<Value> = roles.into_iter().enumerate().map(|(at, (statements, trusted))| {
                json!({
                    "Arn": format!("arn:aws:iam::{ACCOUNT_ID}:role/r{at}"), "RolePolicyList": policy(statements),
                    "InstanceProfileList": [{"Arn": format!("arn:aws:iam::{ACCOUNT_ID}:instance-profile/r{at}")}],
                    "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}},
                })
            }).collect();
            json!({"UserDetailList": users, "RoleDetailList": roles}).to_string()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_an_edge_is_about_is_among_the_candidates(account in account()) {
            let inventory = Inventory::from_account_authorization(&account, &Reading::default()).unwrap();
            let principals = || inventory.objects().filter(|object| object.kind().is_principal());
            let authorities: BTreeMap<EntityKey, Authority> =
                principals().map(|object| (object.key().clone(), Authority::of(&inventory, object))).collect();
            let roles: BTreeMap<EntityKey, RoleSide> = principals()
                .filter(|object| object.kind() == ObjectKind::Role)
                .map(|object| (object.key().clone(), RoleSide::of(object)))
                .collect();
            let kinds = EdgeKinds::default();
            let (sides, stands) = (BTreeMap::new(), BTreeMap::new());
            let derivation = Derivation {
                inventory: &inventory, kinds: &kinds, authorities: &authorities, roles: &roles, sides: &sides,
                stands: &stands,
            };
            let mut targets = Targets::default();
            for object in inventory.objects() {
                targets.add(object, roles.get(object.key()));
            }
            for authority in authorities.values() {
                let candidates: BTreeSet<&EntityKey> =
                    targets.of(&inventory, authority, None).into_iter().map(Object::key).collect();
                for target in inventory.objects().filter(|target| target.key() != &authority.key) {
                    let edges = derivation.pair(&authority.key, target);
                    prop_assert!(
                        edges.is_empty() || candidates.contains(target.key()),
                        "{:?} about {:?}", authority.key, target.key()
                    );
                    prop_assert!(edges.is_empty() || authority.concerns(target, roles.get(target.key())));
                }
            }
        }

        /// What is kept beside the graph is what would be learnt anew, whatever came before.
        #[test]
        fn targets_follow_object_by_object(accounts in prop::collection::vec(account(), 2..5)) {
            let mut graph = Graph::default();
            let mut before = Inventory::default();
            for account in &accounts {
                let now = Inventory::from_account_authorization(account, &Reading::default()).unwrap();
                let all = before.objects().chain(now.objects()).map(|object| object.key().clone());
                let changed = all.filter(|key| before.object(key) != now.object(key));
                graph.update(&now, &Touched { objects: changed.collect() });
                let anew = Graph::build(&now);
                prop_assert!(graph.targets() == anew.targets());
                prop_assert_eq!(graph.edges(), anew.edges());
                before = now;
            }
            let all = before.objects().map(|object| object.key().clone()).collect();
            graph.update(&Inventory::default(), &Touched { objects: all });
            prop_assert!(*graph.targets() == Targets::default());
        }
    }
}
