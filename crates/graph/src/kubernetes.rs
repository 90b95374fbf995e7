//! Reads objects of a Kubernetes cluster as its API returns them, one document after another, and finds the ways through it;
//! what changes in it keeps them true.
//!
//! Nodes and edges have the names that `KubeHound` gives them (kubehound.io, "Attacks"); a node's id is its kind, a space, and
//! namespace and name. Rights are asked of `homeostat-access`, so that aggregated roles, names and namespaces count.
//! Beyond those there are `MemberOf` (groups that no object lists), `CLUSTER_ADMIN`, `CONTROL_PLANE`, `ROLE_ESCALATE`,
//! `TOKEN_REQUEST`, `POD_DEBUG` and `EXPOSED_TO`. O(objects + edges).

mod change;
mod endpoint;
#[cfg(feature = "event")]
mod event;
mod host;
mod live;
mod pod;
mod policy;
mod right;
mod thing;
mod unit;

pub use change::{KubernetesChange, KubernetesKind, KubernetesObject, KubernetesOp};
pub use live::LiveKubernetes;

use crate::cidr::Cidr;
use crate::named::NamedGraphBuilder;
use crate::open_graph::Foreign;
use crate::sharp_hound::{list, text};
use crate::weave::{Origin, Weave};
use core::fmt;
use endpoint::{Fronts, Service, Slice};
use homeostat_access::kubernetes::Cluster;
use pod::{Place, Pod};
use policy::Policy;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use thing::Things;

/// The cluster itself: whoever gets here owns all of it.
const CLUSTER: &str = "Cluster";

/// The namespace of an object that names none, as `kubectl apply` has it.
const DEFAULT: &str = "default";

/// How likely a step succeeds, where it is not certain. What a right allows succeeds; an escape depends on the node's
/// kernel and its confinement; a secret may hold no token; what listens need not have a hole.
const PROBABILITY: [(&str, f64); 11] = [
    ("CE_MODULE_LOAD", 0.9),
    ("CE_SYS_PTRACE", 0.6),
    ("CE_UMH_CORE_PATTERN", 0.9),
    ("CE_VAR_LOG_SYMLINK", 0.6),
    ("EXPLOIT_HOST_READ", 0.6),
    ("EXPLOIT_HOST_WRITE", 0.9),
    ("EXPLOIT_CONTAINERD_SOCK", 0.9),
    ("POD_CREATE", 0.8),
    ("TOKEN_LIST", 0.5),
    ("TOKEN_BRUTEFORCE", 0.1),
    ("ENDPOINT_EXPLOIT", 0.2),
];

/// A cluster that is being read.
///
/// ```
/// use homeostat_graph::KubernetesDump;
/// use serde_json::json;
///
/// let mut dump = KubernetesDump::default();
/// dump.read("pods.json", &json!({"kind": "PodList", "items": [
///     {"metadata": {"name": "cart", "namespace": "shop"}, "spec": {"nodeName": "one",
///      "containers": [{"name": "main", "securityContext": {"privileged": true}}]}}]})).ok_or("no objects")?;
/// let (builder, _) = dump.finish();
/// let graph = builder.build();
/// let (container, node) = (graph.find("Container shop/cart/main"), graph.find("Node one"));
/// assert!(graph.net().reach(container.ok_or("none")?).contains(node.ok_or("none")?));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Default)]
pub struct KubernetesDump {
    dump: Dump,
    foreign: Foreign,
}

/// What was read of the objects.
#[derive(Clone, Default)]
struct Dump {
    cluster: Cluster,
    pods: BTreeMap<Place, Pod>,
    nodes: BTreeMap<String, Node>,
    /// Service accounts, and whether they keep their token to themselves.
    accounts: BTreeMap<Place, bool>,
    services: BTreeMap<Place, Service>,
    slices: BTreeMap<Place, Slice>,
    /// The services behind each ingress.
    ingresses: BTreeMap<Place, BTreeSet<String>>,
    policies: BTreeMap<Place, Policy>,
    /// Namespaces with their labels.
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Where each object was read, and in which version.
    known: BTreeMap<KubernetesObject, Known>,
    // INVARIANT: follows from the objects, once they are settled: what there is, what runs on which node, and what stands
    // before what in each namespace.
    things: Things,
    running: BTreeMap<String, BTreeSet<Place>>,
    fronts: BTreeMap<String, Fronts>,
    documents: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Known {
    origin: Origin,
    version: Option<u64>,
}

#[derive(Clone, PartialEq, Eq)]
struct Node {
    /// Whether what governs the cluster runs on it.
    governs: bool,
    /// Whether it has an address outside.
    outside: bool,
    /// Its addresses inside.
    addresses: Vec<Cidr>,
}

impl KubernetesDump {
    /// Reads one document, called `name`: one object, an array of them, or a list as the API returns it. Where no kind is
    /// told, the document's name tells it: `pods.json`, `roles.rbac.authorization.k8s.io.json`. `None` when there is
    /// no object in it. An object that comes twice counts as it came last.
    pub fn read(&mut self, name: &str, whole: &Value) -> Option<()> {
        let (objects, of_list) = match whole {
            Value::Array(objects) => (objects.as_slice(), None),
            Value::Object(fields) => match fields.get("items") {
                Some(Value::Array(items)) => (items.as_slice(), text(whole, "kind")),
                Some(Value::Null) => (&[][..], text(whole, "kind")),
                _ => (std::slice::from_ref(whole), None),
            },
            _ => return None,
        };
        let of_list = of_list.and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
        let kind = of_list.or_else(|| kind_of_document(name)).unwrap_or_default();
        let is_object = |object: &Value| object.get("metadata").is_some_and(Value::is_object);
        if !objects.iter().any(is_object) && (kind.is_empty() || !objects.is_empty()) {
            return None;
        }
        self.dump.documents.push(name.to_owned());
        let document = self.dump.documents.len().saturating_sub(1);
        for (index, object) in objects.iter().enumerate() {
            let origin = Origin { document, record: u32::try_from(index).unwrap_or(u32::MAX) };
            if let Err(cause) = self.dump.object(text(object, "kind").unwrap_or(kind), object, origin) {
                self.foreign.problem(&format!("{name}, object {index}"), cause);
            }
        }
        Some(())
    }

    /// The builder with all nodes and edges, and what was read besides. An account, a node or a role that something
    /// names and no object describes counts as unresolved.
    pub fn finish(self) -> (NamedGraphBuilder, Foreign) {
        LiveKubernetes::new(self).into_parts()
    }
}

impl fmt::Debug for KubernetesDump {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dump { pods, nodes, cluster, .. } = &self.dump;
        write!(f, "KubernetesDump({} pods, {} nodes, {cluster:?})", pods.len(), nodes.len())
    }
}

impl Dump {
    fn object(&mut self, kind: &str, object: &Value, origin: Origin) -> Result<(), &'static str> {
        let data =
            object.get("metadata").filter(|data| data.is_object()).ok_or("no object with `metadata`")?;
        let name = text(data, "name").filter(|name| !name.is_empty()).ok_or("no `name`")?;
        // Other kinds say nothing that a path could lead over.
        let Some(kind) = KubernetesKind::named(kind) else { return Ok(()) };
        let id = KubernetesObject::new(kind, text(data, "namespace").unwrap_or_default(), name);
        self.forget(&id);
        let known = Known { origin, version: version(object) };
        self.known.insert(id.clone(), known);
        self.take(id, object)
    }

    /// Takes an object in that is not known.
    fn take(&mut self, id: KubernetesObject, object: &Value) -> Result<(), &'static str> {
        let KubernetesObject { kind, namespace, name } = id;
        let place = (namespace, name);
        match kind {
            KubernetesKind::Pod => {
                // One that has ended leads nowhere.
                self.pods.extend(Pod::read(object).map(|pod| (place, pod)));
            }
            KubernetesKind::Node => {
                self.nodes.insert(place.1, Node::read(object));
            }
            KubernetesKind::ServiceAccount => {
                let kept = object.get("automountServiceAccountToken") == Some(&Value::Bool(false));
                self.accounts.insert(place, kept);
            }
            KubernetesKind::Service => {
                let service = Service::read(object).ok_or("a service without `spec`")?;
                self.services.insert(place, service);
            }
            KubernetesKind::EndpointSlice => {
                self.slices.extend(Slice::read(object).map(|slice| (place, slice)));
            }
            KubernetesKind::Ingress => {
                self.ingresses.insert(place, endpoint::behind_ingress(object));
            }
            KubernetesKind::NetworkPolicy => {
                self.policies.extend(Policy::read(object)?.map(|policy| (place, policy)));
            }
            KubernetesKind::Namespace => {
                let labels = object.get("metadata").and_then(|data| data.get("labels"));
                self.namespaces.insert(place.1, pod::labels(labels));
            }
            KubernetesKind::Role
            | KubernetesKind::RoleBinding
            | KubernetesKind::ClusterRole
            | KubernetesKind::ClusterRoleBinding => return self.access(kind.name(), &place.0, object),
        }
        Ok(())
    }

    /// Takes what is known of an object away.
    fn forget(&mut self, id: &KubernetesObject) {
        if self.known.remove(id).is_none() {
            return;
        }
        let place = (id.namespace.clone(), id.name.clone());
        match id.kind {
            KubernetesKind::Pod => drop(self.pods.remove(&place)),
            KubernetesKind::Node => drop(self.nodes.remove(&id.name)),
            KubernetesKind::ServiceAccount => drop(self.accounts.remove(&place)),
            KubernetesKind::Service => drop(self.services.remove(&place)),
            KubernetesKind::EndpointSlice => drop(self.slices.remove(&place)),
            KubernetesKind::Ingress => drop(self.ingresses.remove(&place)),
            KubernetesKind::NetworkPolicy => drop(self.policies.remove(&place)),
            KubernetesKind::Namespace => drop(self.namespaces.remove(&id.name)),
            KubernetesKind::Role | KubernetesKind::ClusterRole => {
                self.cluster.remove_role(id.within(), &id.name);
            }
            KubernetesKind::RoleBinding | KubernetesKind::ClusterRoleBinding => {
                self.cluster.remove_binding(id.within(), &id.name);
            }
        }
    }

    /// Where what is known of an object was read.
    fn origin(&self, id: &KubernetesObject) -> Origin {
        self.known.get(id).map(|known| known.origin).unwrap_or_default()
    }

    /// Hands a role or binding on, with the kind and the namespace that its document or its absence tell.
    fn access(&mut self, kind: &str, namespace: &str, object: &Value) -> Result<(), &'static str> {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.insert("kind".to_owned(), Value::from(kind));
            if let Some(data) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
                data.insert("namespace".to_owned(), Value::from(namespace));
            }
        }
        let added = self.cluster.add(&object.to_string()).map_err(|_| "no role or binding")?;
        if added.bad.is_empty() {
            Ok(())
        } else {
            Err("a role or binding that can not be read; it gives nothing")
        }
    }

    fn dangling(&self) -> usize {
        let used: BTreeSet<(&str, &str)> = self
            .pods
            .iter()
            .map(|((namespace, _), pod)| (namespace.as_str(), pod.account.as_str()))
            .collect();
        let known = |(namespace, name): &(&str, &str)| {
            self.accounts.contains_key(&((*namespace).to_owned(), (*name).to_owned()))
        };
        let nodes = self.things.nodes().filter(|name| !self.nodes.contains_key(*name)).count();
        used.iter().filter(|one| !known(one)).count() + nodes + self.cluster.dangling().count()
    }
}

impl Node {
    fn read(object: &Value) -> Self {
        let labels = pod::labels(object.get("metadata").and_then(|data| data.get("labels")));
        let governs = ["control-plane", "master"].iter();
        let addresses = || object.get("status").into_iter().flat_map(|status| list(status, "addresses"));
        let inside = addresses().filter(|one| text(one, "type") == Some("InternalIP"));
        Self {
            governs: governs
                .into_iter()
                .any(|role| labels.contains_key(&format!("node-role.kubernetes.io/{role}"))),
            addresses: inside.filter_map(|one| Cidr::parse(text(one, "address")?)).collect(),
            outside: addresses().any(|one| text(one, "type") == Some("ExternalIP")),
        }
    }
}

/// The version of an object: written as text, and of late a number that grows ("Kubernetes API Concepts", resource versions).
fn version(object: &Value) -> Option<u64> {
    text(object.get("metadata")?, "resourceVersion")?.parse().ok()
}

/// The kind that a document's name tells: collectors write one resource a file.
fn kind_of_document(name: &str) -> Option<&'static str> {
    let file = name.rsplit('/').next()?.split('.').next()?;
    KubernetesKind::of_resource(&file.to_ascii_lowercase(), None).map(KubernetesKind::name)
}
