//! What a principal's edges may be about, found without asking of each pair.
//!
//! Objects lie in the order of their ARNs. A principal is asked about half of them at a time, by the pattern that their
//! common beginning makes; where it may do nothing on any of that, none of it is looked at again. A principal with narrow
//! rights so costs O(rights × log objects) questions, one with broad rights twice the objects. Roles that name whom they let in are
//! found by that name.

use crate::authority::{ASSUME, Authority, CREDENTIALS, PASS_ROLE, RoleSide, UPDATE_TRUST};
use crate::inventory::{Inventory, Listing};
use crate::object::{Object, ObjectKind, arn_key};
use crate::rule::{PASS, WORK};
use crate::workload::{ACCOUNT, PROFILE, ROLE};
use homeostat_core::EntityKey;
use std::collections::{BTreeMap, BTreeSet};

/// The objects of an inventory, by what may lead to them. Numbers are places in `objects`.
pub(crate) struct Targets<'a> {
    objects: Vec<&'a Object>,
    users: Vec<u32>,
    roles: Vec<u32>,
    /// Neither users nor roles nor what no edge is about.
    others: Vec<u32>,
    /// Roles that name accounts or patterns, and those that let in whoever has no permission.
    broad: Vec<u32>,
    open: Vec<u32>,
    /// Roles by the ARNs that they name, and by the services that they trust.
    named: BTreeMap<String, Vec<u32>>,
    trusting: BTreeMap<&'static str, Vec<u32>>,
    /// Roles by the instance profiles that have them, and those that name somebody outside of the account.
    profiles: BTreeMap<String, Vec<u32>>,
    federated: Vec<u32>,
    workloads: Listing,
}

/// So few are looked at one by one: asking about their common pattern would take as long.
const FEW: usize = 3;

impl<'a> Targets<'a> {
    pub(crate) fn new(inventory: &'a Inventory, sides: &BTreeMap<EntityKey, RoleSide>) -> Self {
        let mut own = Self {
            objects: inventory.objects().collect(),
            users: Vec::new(),
            roles: Vec::new(),
            others: Vec::new(),
            broad: Vec::new(),
            open: Vec::new(),
            named: BTreeMap::new(),
            trusting: BTreeMap::new(),
            profiles: BTreeMap::new(),
            federated: Vec::new(),
            workloads: inventory.workloads(),
        };
        for (number, object) in (0_u32..).zip(inventory.objects()) {
            match object.kind() {
                ObjectKind::User => own.users.push(number),
                ObjectKind::Role => own.role(number, sides.get(object.key())),
                ObjectKind::Policy
                | ObjectKind::Other
                | ObjectKind::Database
                | ObjectKind::Network
                | ObjectKind::Subject => {}
                _ => own.others.push(number),
            }
        }
        own
    }

    fn role(&mut self, role: u32, side: Option<&RoleSide>) {
        self.roles.push(role);
        let Some(side) = side else { return };
        for profile in &side.profiles {
            self.profiles.entry(profile.clone()).or_default().push(role);
        }
        if side.federated {
            self.federated.push(role);
        }
        for service in &side.services {
            self.trusting.entry(service).or_default().push(role);
        }
        match side.named() {
            Some(arns) if !arns.iter().any(|arn| arn.contains('*')) => {
                for arn in arns {
                    self.named.entry(arn.to_owned()).or_default().push(role);
                }
            }
            _ => {
                self.broad.push(role);
                if side.open {
                    self.open.push(role);
                }
            }
        }
    }

    /// The roles that a workload may run as: the one it names, those of its profile, or any.
    pub(crate) fn run_as(&self, inventory: &'a Inventory, workload: &Object) -> Vec<&'a Object> {
        match (workload.attribute(ROLE), workload.attribute(PROFILE)) {
            (Some(arn), _) => arn_key(arn).and_then(|key| inventory.object(&key)).into_iter().collect(),
            (None, Some(name)) => self.at(self.profiles.get(name).into_iter().flatten()).collect(),
            (None, None) => self.at(self.roles.iter()).collect(),
        }
    }

    /// The roles that may let in somebody outside of their account.
    pub(crate) fn federated(&self) -> impl Iterator<Item = &'a Object> {
        self.at(self.federated.iter())
    }

    fn at<'b>(&self, numbers: impl Iterator<Item = &'b u32>) -> impl Iterator<Item = &'a Object> {
        numbers.filter_map(|number| self.objects.get(*number as usize).copied())
    }

    /// What the edges of `authority` may be about, besides itself. In the account that it owns nothing is: all that lies
    /// there is in its reach already.
    pub(crate) fn of(&self, authority: &Authority, owned: Option<&str>) -> Vec<&'a Object> {
        let outside = |target: &Object| !owned.is_some_and(|account| inside(target, account));
        let all = || self.users.iter().chain(&self.roles).chain(&self.others);
        // Whoever owns the only account is asked about nothing.
        if !all().filter_map(|number| self.objects.get(*number as usize)).any(|target| outside(target)) {
            return Vec::new();
        }
        let mut found = BTreeSet::new();
        for action in CREDENTIALS {
            self.narrow(authority, action, &self.users, &mut found);
        }
        self.narrow(authority, UPDATE_TRUST, &self.roles, &mut found);
        self.narrow(authority, ASSUME, &self.broad, &mut found);
        found.extend(self.named.get(authority.key.value()).into_iter().flatten());
        found.extend(&self.open);
        self.through_services(authority, &mut found);
        let concerned = |number: &&u32| {
            self.objects.get(**number as usize).is_some_and(|target| authority.concerns(target, None))
        };
        found.extend(self.others.iter().filter(concerned));
        let all = found.into_iter().filter_map(|number| self.objects.get(number as usize).copied());
        all.filter(|target| target.key() != &authority.key && outside(target)).collect()
    }

    /// Roles that it may pass, or that something runs as which it may take over.
    fn through_services(&self, authority: &Authority, found: &mut BTreeSet<u32>) {
        let passed = authority.passes.iter().filter_map(|(at, _)| PASS.get(*at)).map(|rule| rule.service);
        for service in passed.collect::<BTreeSet<_>>() {
            if let Some(roles) = self.trusting.get(service) {
                self.narrow(authority, PASS_ROLE, roles, found);
            }
        }
        if self.workloads == Listing::Unread {
            let run = authority.works.iter().filter_map(|(at, _)| WORK.get(*at)).map(|rule| rule.trusted);
            for service in run.collect::<BTreeSet<_>>() {
                found.extend(self.trusting.get(service).into_iter().flatten());
            }
        }
    }

    /// Those of `all` on which `authority` may do `action`, and perhaps some more.
    fn narrow(&self, authority: &Authority, action: &'static str, all: &[u32], found: &mut BTreeSet<u32>) {
        if !authority.is_able(&[action]) {
            return;
        }
        let mut open = vec![all];
        while let Some(part) = open.pop() {
            if part.len() <= FEW {
                found.extend(part);
            } else if authority.may_on_any(action, &self.common(part)) {
                let (one, two) = part.split_at(part.len() / 2);
                open.extend([one, two]);
            }
        }
    }

    /// A pattern that all of these fit, which lie in the order of their ARNs.
    fn common(&self, part: &[u32]) -> String {
        let arn = |number: Option<&u32>| {
            let object = number.and_then(|number| self.objects.get(*number as usize));
            object.map_or("", |object| object.key().value())
        };
        let (first, last) = (arn(part.first()), arn(part.last()));
        let same = first.char_indices().zip(last.chars()).take_while(|((_, one), two)| one == two);
        let end = same.last().map_or(0, |((at, one), _)| at + one.len_utf8());
        // A resource pattern needs the parts of an ARN; a short beginning says nothing.
        let beginning = first.get(..end).filter(|text| text.matches(':').count() >= 5);
        beginning.map_or_else(|| "*".to_owned(), |text| format!("{text}*"))
    }
}

/// Whether an object lies in `account`.
pub(crate) fn inside(target: &Object, account: &str) -> bool {
    target.key().scope() == account || target.attribute(ACCOUNT) == Some(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::Derivation;
    use crate::edge::EdgeKinds;
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
            let targets = Targets::new(&inventory, &roles);
            for authority in authorities.values() {
                let candidates: BTreeSet<&EntityKey> =
                    targets.of(authority, None).into_iter().map(Object::key).collect();
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
    }
}
