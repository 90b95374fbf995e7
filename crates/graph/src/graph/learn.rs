//! What the graph keeps of each object, learnt anew when the object is touched.

use super::Graph;
use crate::authority::{Authority, RoleSide};
use crate::change::Touched;
use crate::inventory::Inventory;
use crate::network::{NetSide, Sender, Stand};
use crate::object::{Object, ObjectKind, account_key};
use crate::tie::is_tied;
use crate::workload::ACCOUNT;
use homeostat_access::account_of;
use homeostat_core::EntityKey;
use std::collections::BTreeSet;

impl Graph {
    /// Learns all that was touched; tells the crowds of machines that this changed.
    pub(super) fn learn(&mut self, inventory: &Inventory, touched: &Touched) -> BTreeSet<EntityKey> {
        let mut crowds = BTreeSet::new();
        for key in &touched.objects {
            self.forget_object(key);
            let object = inventory.object(key);
            let sender = object.and_then(|object| Sender::of(inventory, object));
            self.crowds.put(key, sender.map(|(crowd, _)| crowd), &mut crowds);
            if let Some(object) = object {
                self.learn_object(inventory, object);
            }
        }
        for crowd in &crowds {
            let one = self.crowds.one_of(crowd).and_then(|key| inventory.object(key));
            match one.and_then(|object| Sender::of(inventory, object)) {
                Some((_, sender)) => self.stands.insert(crowd.clone(), Stand::of_sender(sender)),
                None => self.stands.remove(crowd),
            };
        }
        crowds
    }

    fn forget_object(&mut self, key: &EntityKey) {
        self.authorities.remove(key);
        self.roles.remove(key);
        self.workloads.remove(key);
        if let Some(side) = self.sides.remove(key) {
            self.starts.take(key, &side);
        }
        self.stands.remove(key);
        self.values.remove(key);
        self.accounts.retain(|_, inside| {
            inside.remove(key);
            !inside.is_empty()
        });
    }

    fn learn_object(&mut self, inventory: &Inventory, object: &Object) {
        let key = object.key();
        self.values.insert(key.clone(), self.rules.of(object));
        if object.kind().is_principal() {
            self.authorities.insert(key.clone(), Authority::of(inventory, object));
        }
        match object.kind() {
            ObjectKind::Role => {
                self.roles.insert(key.clone(), RoleSide::of(object));
            }
            ObjectKind::Workload => {
                self.workloads.insert(key.clone());
            }
            _ => {}
        }
        if let Some(side) = NetSide::of(inventory, object) {
            self.starts.add(key, &side);
            self.sides.insert(key.clone(), side);
        }
        if object.kind() == ObjectKind::Subject || Stand::is_place(object) || is_tied(object) {
            self.stands.insert(key.clone(), Stand::of(inventory, object));
        }
        let named = account_of(key.value()).or_else(|| object.attribute(ACCOUNT));
        if let Some(account) = named.filter(|account| !["aws", "*"].contains(account)).and_then(account_key) {
            self.accounts.entry(account).or_default().insert(key.clone());
        }
    }
}
