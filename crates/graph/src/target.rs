//! What a principal's edges may be about, found without asking of each pair.
//!
//! Objects lie in the order of their ARNs. A principal is asked about half of them at a time, by the pattern that their
//! common beginning makes; where it may do nothing on any of that, none of it is looked at again. A principal with narrow
//! rights so costs O(rights × log objects) questions, one with broad rights twice the objects. Roles that name whom they let in are
//! found by that name.

use crate::authority::{ASSUME, Authority, CREDENTIALS, PASS_ROLE, RoleSide, UPDATE_TRUST};
use crate::inventory::{Inventory, Listing};
use crate::object::{Object, ObjectKind};
use crate::rule::{PASS, WORK};
use crate::workload::ACCOUNT;
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
            workloads: inventory.workloads(),
        };
        for (number, object) in (0_u32..).zip(inventory.objects()) {
            match object.kind() {
                ObjectKind::User => own.users.push(number),
                ObjectKind::Role => own.role(number, sides.get(object.key())),
                ObjectKind::Policy | ObjectKind::Other => {}
                _ => own.others.push(number),
            }
        }
        own
    }

    fn role(&mut self, role: u32, side: Option<&RoleSide>) {
        self.roles.push(role);
        let Some(side) = side else { return };
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

    pub(crate) fn roles(&self) -> impl Iterator<Item = &'a Object> {
        self.roles.iter().filter_map(|role| self.objects.get(*role as usize).copied())
    }

    /// What the edges of `authority` may be about, besides itself. In the account that it owns nothing is: all that lies
    /// there is in its reach already.
    pub(crate) fn of(&self, authority: &Authority, owned: Option<&str>) -> Vec<&'a Object> {
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
        all.filter(|target| {
            target.key() != &authority.key && !owned.is_some_and(|account| inside(target, account))
        })
        .collect()
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
