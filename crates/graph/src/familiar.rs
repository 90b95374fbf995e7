//! Is a new thing like those that are there already?
//!
//! A thing is expected when all that things of its kind have in common with each other, it has in common with one
//! of them. What differs from thing to thing (ids, names, times of birth) says nothing and is left out by itself.

use crate::Inventory;
use crate::object::{LinkKind, Object, ObjectKind};
use core::fmt;
use homeostat_core::EntityKey;
use std::collections::BTreeMap;

/// From how many others of a kind on something can repeat among them.
const FEWEST: usize = 2;

/// How like the others of its kind a thing is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Familiarity {
    /// How many others of its kind there are.
    pub others: usize,
    /// What it has that none of them has, such as `role = …` or `MemberOf …`, in order.
    pub unseen: Vec<String>,
}

impl Familiarity {
    /// Whether it is like the others. Where there are fewer than two, nothing is expected.
    pub fn is_expected(&self) -> bool {
        self.others >= FEWEST && self.unseen.is_empty()
    }
}

impl fmt::Debug for Familiarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Familiarity({} others, {} unseen)", self.others, self.unseen.len())
    }
}

impl Inventory {
    /// Whether the thing `new` is like those of its kind that are there; `None` when the inventory does not know it.
    /// O(objects + facts of those of its kind).
    ///
    /// ```
    /// use homeostat_graph::{Inventory, Reading, arn_key};
    ///
    /// let user = |name: &str, group: &str| format!(
    ///     r#"{{"Arn": "arn:aws:iam::111122223333:user/{name}", "GroupList": ["{group}"]}}"#);
    /// let users = [user("ann", "staff"), user("ben", "staff"), user("cyd", "staff"), user("tmp-7", "owners")];
    /// let account = format!(r#"{{"UserDetailList": [{}]}}"#, users.join(","));
    /// let inventory = Inventory::from_account_authorization(&account, &Reading::default())?;
    ///
    /// let of = |name: &str| arn_key(&format!("arn:aws:iam::111122223333:user/{name}")).unwrap();
    /// assert!(inventory.is_expected_new(&of("cyd")).unwrap().is_expected());
    /// assert!(!inventory.is_expected_new(&of("tmp-7")).unwrap().is_expected());
    /// # Ok::<(), homeostat_graph::SnapshotFault>(())
    /// ```
    pub fn is_expected_new(&self, new: &EntityKey) -> Option<Familiarity> {
        let new = self.object(new)?;
        let alike = |other: &&Object| other.key() != new.key() && family(other) == family(new);
        let (mut others, mut borne) = (0, BTreeMap::<String, BTreeMap<String, usize>>::new());
        for other in self.objects().filter(alike) {
            others += 1;
            for (name, value) in marks(other) {
                *borne.entry(name).or_default().entry(value).or_insert(0) += 1;
            }
        }
        let repeats = |values: &BTreeMap<String, usize>| values.values().any(|count| *count >= FEWEST);
        let unseen = marks(new).filter(|(name, value)| {
            borne.get(name).is_some_and(|values| repeats(values) && !values.contains_key(value))
        });
        Some(Familiarity { others, unseen: unseen.map(|(name, value)| format!("{name} {value}")).collect() })
    }
}

/// Things of one kind and one service.
fn family(object: &Object) -> (ObjectKind, Option<&str>) {
    (object.kind(), object.key().value().split(':').nth(2))
}

/// What is told of a thing, each as what and which.
fn marks(object: &Object) -> impl Iterator<Item = (String, String)> {
    let attributes = object.attributes().map(|(name, text)| (format!("{name} ="), text.to_owned()));
    let links = LinkKind::ALL
        .into_iter()
        .flat_map(|kind| object.links(kind).map(move |to| (format!("{kind:?}"), to.value().to_owned())));
    let policies = object.policies().map(|slot| ("policy".to_owned(), slot.to_string()));
    attributes.chain(links).chain(policies)
}
