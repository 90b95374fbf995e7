//! Who of some principals may take which step: what they share, and what only one of them may.
//!
//! Rights are edges, so a right counts when it is in force, by whatever policy it came.

use crate::{EdgeKind, Graph};
use core::fmt;
use homeostat_core::EntityKey;
use std::collections::{BTreeMap, BTreeSet};

/// From how many members on one of them can differ from the rest: of two, each differs from the other.
const GROUP: usize = 3;

/// Members by rights: a right is a kind of edge and where it leads.
#[derive(Clone, PartialEq)]
pub struct AccessMatrix {
    members: BTreeSet<EntityKey>,
    rights: BTreeMap<(EdgeKind, EntityKey), BTreeSet<EntityKey>>,
}

/// A right that one member has and nobody else of them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outlier {
    /// Who has it.
    pub member: EntityKey,
    /// What it is.
    pub kind: EdgeKind,
    /// Where it leads.
    pub to: EntityKey,
}

impl fmt::Debug for Outlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outlier({:?} to {:?})", self.member, self.to)
    }
}

impl Graph {
    /// The rights of `members` side by side, such as of the users of one group or those of one job. Members that the
    /// graph does not know have none. O(edges).
    ///
    /// ```
    /// use homeostat_graph::{Graph, Inventory, Reading, arn_key};
    ///
    /// let user = |name: &str, whose: &str| format!(r#"{{"Arn": "arn:aws:iam::111122223333:user/{name}",
    ///     "UserPolicyList": [{{"PolicyName": "keys", "PolicyDocument": {{"Statement": [
    ///         {{"Effect": "Allow", "Action": "iam:CreateAccessKey",
    ///           "Resource": "arn:aws:iam::111122223333:user/{whose}"}}]}}}}]}}"#);
    /// let users = [user("ann", "bot"), user("ben", "bot"), user("eve", "boss"), user("bot", ""), user("boss", "")];
    /// let account = format!(r#"{{"UserDetailList": [{}]}}"#, users.join(","));
    /// let graph = Graph::build(&Inventory::from_account_authorization(&account, &Reading::default())?);
    ///
    /// let of = |name: &str| arn_key(&format!("arn:aws:iam::111122223333:user/{name}")).unwrap();
    /// let matrix = graph.access_matrix(&["ann", "ben", "eve"].map(of));
    /// assert_eq!((matrix.overlap(&of("ann"), &of("ben")), matrix.overlap(&of("ann"), &of("eve"))), (1.0, 0.0));
    /// let outliers = matrix.outliers();
    /// assert_eq!((outliers.len(), &outliers[0].member, &outliers[0].to), (1, &of("eve"), &of("boss")));
    /// # Ok::<(), homeostat_graph::SnapshotFault>(())
    /// ```
    pub fn access_matrix(&self, members: &[EntityKey]) -> AccessMatrix {
        let members: BTreeSet<EntityKey> = members.iter().cloned().collect();
        let mut rights: BTreeMap<_, BTreeSet<EntityKey>> = BTreeMap::new();
        let edges = self.all_held().map(|held| &held.edge);
        for edge in edges.filter(|edge| members.contains(&edge.from)) {
            rights.entry((edge.kind, edge.to.clone())).or_default().insert(edge.from.clone());
        }
        AccessMatrix { members, rights }
    }
}

impl AccessMatrix {
    /// Who is compared, in the order of keys.
    pub fn members(&self) -> impl Iterator<Item = &EntityKey> {
        self.members.iter()
    }

    /// Each right with those who have it.
    pub fn rights(&self) -> impl Iterator<Item = (EdgeKind, &EntityKey, &BTreeSet<EntityKey>)> {
        self.rights.iter().map(|((kind, to), holders)| (*kind, to, holders))
    }

    /// The share of the rights of both that both have (Jaccard index), in `0.0..=1.0`; 1 when neither has any.
    pub fn overlap(&self, one: &EntityKey, other: &EntityKey) -> f64 {
        let held = |holders: &&BTreeSet<EntityKey>| holders.contains(one) || holders.contains(other);
        let either: Vec<_> = self.rights.values().filter(held).collect();
        let both = either.iter().filter(|holders| holders.contains(one) && holders.contains(other)).count();
        if either.is_empty() { 1.0 } else { both as f64 / either.len() as f64 }
    }

    /// The rights that one member alone has, in the order of rights; none among fewer than three members.
    pub fn outliers(&self) -> Vec<Outlier> {
        if self.members.len() < GROUP {
            return Vec::new();
        }
        let alone = |((kind, to), holders): (&(EdgeKind, EntityKey), &BTreeSet<EntityKey>)| {
            let member = holders.first().filter(|_| holders.len() == 1)?.clone();
            Some(Outlier { member, kind: *kind, to: to.clone() })
        };
        self.rights.iter().filter_map(alone).collect()
    }
}

impl fmt::Debug for AccessMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessMatrix({} members, {} rights)", self.members.len(), self.rights.len())
    }
}
