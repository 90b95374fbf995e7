//! What changes in a cluster: objects that are so now, are gone, or changed in a way that nobody told.

use crate::Evidence;
use core::fmt;
use homeostat_core::{Position, TenantId, Timestamp};

/// A kind of objects that ways through a cluster rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KubernetesKind {
    /// What runs.
    Pod,
    /// A machine that pods run on.
    Node,
    /// As whom pods act.
    ServiceAccount,
    /// What stands before pods.
    Service,
    /// The pods behind a service, as the cluster found them.
    EndpointSlice,
    /// What leads from outside to services.
    Ingress,
    /// What is let in to pods.
    NetworkPolicy,
    /// In what objects lie.
    Namespace,
    /// Rights in a namespace.
    Role,
    /// Rights that are bound in the cluster or in a namespace.
    ClusterRole,
    /// Who has a role in a namespace.
    RoleBinding,
    /// Who has a role in the cluster.
    ClusterRoleBinding,
}

/// Each kind with its name, that of its resource in the API, and the API's group.
const KINDS: [(KubernetesKind, &str, &str, &str); 12] = [
    (KubernetesKind::Pod, "Pod", "pods", ""),
    (KubernetesKind::Node, "Node", "nodes", ""),
    (KubernetesKind::ServiceAccount, "ServiceAccount", "serviceaccounts", ""),
    (KubernetesKind::Service, "Service", "services", ""),
    (KubernetesKind::EndpointSlice, "EndpointSlice", "endpointslices", "discovery.k8s.io"),
    (KubernetesKind::Ingress, "Ingress", "ingresses", "networking.k8s.io"),
    (KubernetesKind::NetworkPolicy, "NetworkPolicy", "networkpolicies", "networking.k8s.io"),
    (KubernetesKind::Namespace, "Namespace", "namespaces", ""),
    (KubernetesKind::Role, "Role", "roles", "rbac.authorization.k8s.io"),
    (KubernetesKind::ClusterRole, "ClusterRole", "clusterroles", "rbac.authorization.k8s.io"),
    (KubernetesKind::RoleBinding, "RoleBinding", "rolebindings", "rbac.authorization.k8s.io"),
    (
        KubernetesKind::ClusterRoleBinding,
        "ClusterRoleBinding",
        "clusterrolebindings",
        "rbac.authorization.k8s.io",
    ),
];

impl KubernetesKind {
    /// Its name, as objects tell it in `kind`.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, ..)| name)
    }

    /// Whether its objects lie in no namespace.
    pub fn is_of_cluster(self) -> bool {
        matches!(self, Self::Node | Self::Namespace | Self::ClusterRole | Self::ClusterRoleBinding)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, own, ..)| *own == name).map(|(kind, ..)| *kind)
    }

    /// The kind of a resource of the API, of this group when one is told.
    pub(super) fn of_resource(resource: &str, group: Option<&str>) -> Option<Self> {
        let fits = |own: &str| group.is_none_or(|group| group == own);
        let known = KINDS.iter().find(|(_, _, plural, own)| *plural == resource && fits(own));
        known.map(|(kind, ..)| *kind)
    }
}

/// An object of a cluster, by its kind and where it lies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesObject {
    /// Its kind.
    pub kind: KubernetesKind,
    /// Its namespace; empty where its kind lies in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl KubernetesObject {
    /// The object `name` in `namespace`, which means nothing where the kind lies in none, and `default` where it is empty.
    pub fn new(kind: KubernetesKind, namespace: &str, name: &str) -> Self {
        let namespace = match namespace {
            _ if kind.is_of_cluster() => "",
            "" => super::DEFAULT,
            namespace => namespace,
        };
        Self { kind, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Its namespace, if it lies in one.
    pub(super) fn within(&self) -> Option<&str> {
        (!self.kind.is_of_cluster()).then_some(&self.namespace)
    }
}

impl fmt::Display for KubernetesObject {
    /// `Pod shop/cart`, `Node one`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.name();
        match self.within() {
            Some(namespace) => write!(f, "{kind} {namespace}/{}", self.name),
            None => write!(f, "{kind} {}", self.name),
        }
    }
}

impl fmt::Debug for KubernetesObject {
    /// Shows its kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KubernetesObject({:?})", self.kind)
    }
}

/// Something that changed in a cluster.
#[derive(Clone, PartialEq)]
pub struct KubernetesChange {
    /// Whose estate.
    pub tenant: TenantId,
    /// In which cluster, where what says so tells it: one [`LiveKubernetes`](crate::LiveKubernetes) follows one.
    pub cluster: Option<String>,
    /// When it was asked for.
    pub at: Timestamp,
    /// The version that the object has by it, where it is told. Of two changes of an object that both tell one the higher
    /// counts, of others the later: what comes after it is late, and changes nothing.
    pub version: Option<u64>,
    /// Where in the log the change stands, when it comes from one; a position is applied once.
    pub position: Option<Position>,
    /// What says so.
    pub evidence: Evidence,
    /// What changed.
    pub op: KubernetesOp,
}

/// What changed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KubernetesOp {
    /// The object is so now.
    Put {
        /// As the API returns it, with its kind: JSON text.
        record: String,
    },
    /// A pod runs on a node from now on.
    Place {
        /// Which pod.
        pod: KubernetesObject,
        /// The name of the node.
        node: String,
    },
    /// The object is gone; a namespace with all that lies in it.
    Remove {
        /// Which object.
        object: KubernetesObject,
    },
    /// All objects of a kind are gone.
    RemoveAll {
        /// The kind.
        kind: KubernetesKind,
        /// In which namespace; everywhere when `None`.
        namespace: Option<String>,
    },
    /// Something changed on the object, the change does not say to what.
    Stale {
        /// Which object.
        object: KubernetesObject,
    },
    /// Some objects of a kind are gone, the change does not say which.
    StaleAll {
        /// The kind.
        kind: KubernetesKind,
        /// In which namespace; everywhere when `None`.
        namespace: Option<String>,
    },
}

impl fmt::Debug for KubernetesOp {
    /// Shows what is done, no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Put { .. } => "put",
            Self::Place { .. } => "place",
            Self::Remove { .. } => "remove",
            Self::RemoveAll { .. } => "remove all",
            Self::Stale { .. } => "stale",
            Self::StaleAll { .. } => "stale all",
        })
    }
}

impl fmt::Debug for KubernetesChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KubernetesChange({:?} at {} by {})", self.op, self.at, self.evidence)
    }
}
