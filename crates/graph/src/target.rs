//! What a principal's edges may be about, found without asking of each pair: objects by kind, roles by whom they name.
//!
//! O(objects) to make; a principal that may do nothing about a kind is not asked about any of it.

use crate::authority::{Authority, RoleSide};
use crate::inventory::Inventory;
use crate::object::{Object, ObjectKind};
use crate::workload::ACCOUNT;
use homeostat_core::EntityKey;
use std::collections::BTreeMap;

/// The objects of an inventory, by what may lead to them.
pub(crate) struct Targets<'a> {
    /// All but roles and what no edge is about, by kind.
    others: BTreeMap<ObjectKind, Vec<&'a Object>>,
    roles: Vec<&'a Object>,
    /// Roles that name accounts or patterns, and those that let in whoever has no permission.
    broad: Vec<&'a Object>,
    open: Vec<&'a Object>,
    /// Roles by the ARNs that they name.
    named: BTreeMap<String, Vec<&'a Object>>,
}

impl<'a> Targets<'a> {
    pub(crate) fn new(inventory: &'a Inventory, sides: &BTreeMap<EntityKey, RoleSide>) -> Self {
        let mut own = Self {
            others: BTreeMap::new(),
            roles: Vec::new(),
            broad: Vec::new(),
            open: Vec::new(),
            named: BTreeMap::new(),
        };
        for object in inventory.objects() {
            match object.kind() {
                ObjectKind::Role => own.role(object, sides.get(object.key())),
                ObjectKind::Policy | ObjectKind::Other => {}
                kind => own.others.entry(kind).or_default().push(object),
            }
        }
        own
    }

    fn role(&mut self, role: &'a Object, side: Option<&RoleSide>) {
        self.roles.push(role);
        let Some(side) = side else { return };
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
        self.roles.iter().copied()
    }

    /// What the edges of `authority` may be about, besides itself. In the account that it owns nothing is: all that lies
    /// there is in its reach already.
    pub(crate) fn of(&self, authority: &Authority, owned: Option<&str>) -> Vec<&'a Object> {
        let others = self.others.values().flatten().copied();
        let others = others.filter(|target| authority.concerns(target, None));
        let named = self.named.get(authority.key.value()).into_iter().flatten().copied();
        let mut all: Vec<&Object> = others.chain(named).collect();
        if authority.takes_roles() {
            all.extend(&self.roles);
        } else if authority.may_assume() {
            all.extend(&self.broad);
        } else {
            all.extend(&self.open);
        }
        all.retain(|target| {
            target.key() != &authority.key && !owned.is_some_and(|account| inside(target, account))
        });
        all.sort_by_key(|target| target.key());
        all.dedup_by_key(|target| target.key());
        all
    }
}

/// Whether an object lies in `account`.
pub(crate) fn inside(target: &Object, account: &str) -> bool {
    target.key().scope() == account || target.attribute(ACCOUNT) == Some(account)
}
