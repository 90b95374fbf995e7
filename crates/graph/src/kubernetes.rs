//! Reads objects of a Kubernetes cluster as its API returns them, one document after another, and finds the ways through it.
//!
//! Nodes and edges have the names that `KubeHound` gives them (kubehound.io, "Attacks"); a node's id is its kind, a space, and
//! namespace and name. Rights are asked of `homeostat-access`, so that aggregated roles, names and namespaces count.
//! Beyond those there are `MemberOf` (groups that no object lists), `CLUSTER_ADMIN`, `CONTROL_PLANE`, `ROLE_ESCALATE`,
//! `TOKEN_REQUEST`, `POD_DEBUG` and `EXPOSED_TO`. O(objects + edges).

mod endpoint;
mod host;
mod pod;
mod policy;
mod right;

use crate::cidr::Cidr;
use crate::named::NamedGraphBuilder;
use crate::open_graph::Foreign;
use crate::sharp_hound::{list, text};
use crate::weave::{Origin, Weave, Woven};
use core::fmt;
use endpoint::{Service, Slice};
use homeostat_access::kubernetes::Cluster;
use pod::{Place, Pod};
use policy::Policy;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Services behind an ingress.
    ingress: BTreeSet<Place>,
    policies: BTreeMap<Place, Policy>,
    /// Namespaces with their labels.
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Where bindings of a namespace or of the cluster were read.
    bindings: BTreeMap<(Option<String>, String), Origin>,
    documents: Vec<String>,
}

#[derive(Clone)]
struct Node {
    origin: Origin,
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
        for (index, object) in objects.iter().enumerate() {
            if let Err(cause) = self.dump.object(text(object, "kind").unwrap_or(kind), object, index) {
                self.foreign.problem(&format!("{name}, object {index}"), cause);
            }
        }
        Some(())
    }

    /// The builder with all nodes and edges, and what was read besides. An account, a node or a role that something
    /// names and no object describes counts as unresolved.
    pub fn finish(mut self) -> (NamedGraphBuilder, Foreign) {
        self.dump.tokens();
        let mut woven = Woven::over(&PROBABILITY);
        woven.work([()], |(), weave| self.dump.ways(weave));
        self.foreign.unresolved = self.dump.dangling();
        (woven.builder(&self.dump.documents, |_| false), self.foreign)
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
    /// All ways through the cluster.
    fn ways(&self, weave: &mut Weave<'_>) {
        weave.jewel(CLUSTER);
        self.on_nodes(weave);
        self.by_rights(weave);
        self.by_network(weave);
        for node in self.all_nodes() {
            let id = format!("Node {node}");
            let described = self.nodes.get(node);
            weave.at(described.map_or_else(Origin::default, |node| node.origin));
            weave.edge(&id, "Group system:nodes", "IDENTITY_ASSUME");
            if described.is_some_and(|node| node.governs) {
                weave.edge(&id, CLUSTER, "CONTROL_PLANE");
            }
        }
    }

    fn object(&mut self, kind: &str, object: &Value, index: usize) -> Result<(), &'static str> {
        let data =
            object.get("metadata").filter(|data| data.is_object()).ok_or("no object with `metadata`")?;
        let name = text(data, "name").filter(|name| !name.is_empty()).ok_or("no `name`")?.to_owned();
        let namespace = text(data, "namespace").filter(|name| !name.is_empty()).unwrap_or(DEFAULT).to_owned();
        let origin = Origin {
            document: self.documents.len().saturating_sub(1),
            record: u32::try_from(index).unwrap_or(u32::MAX),
        };
        let place = (namespace, name);
        match kind {
            "Pod" => {
                // One that has ended leads nowhere.
                if let Some(pod) = Pod::read(object, origin) {
                    self.pods.insert(place, pod);
                }
            }
            "Node" => {
                self.nodes.insert(place.1, Node::read(object, origin));
            }
            "ServiceAccount" => {
                let kept = object.get("automountServiceAccountToken") == Some(&Value::Bool(false));
                self.accounts.insert(place, kept);
            }
            "Service" => {
                let service = Service::read(object, origin).ok_or("a service without `spec`")?;
                self.services.insert(place, service);
            }
            "EndpointSlice" => {
                if let Some(slice) = Slice::read(object, origin) {
                    self.slices.insert(place, slice);
                }
            }
            "Ingress" => {
                let services = endpoint::behind_ingress(object).into_iter();
                self.ingress.extend(services.map(|name| (place.0.clone(), name)));
            }
            "NetworkPolicy" => {
                if let Some(policy) = Policy::read(object)? {
                    self.policies.insert(place, policy);
                } else {
                    self.policies.remove(&place);
                }
            }
            "Namespace" => {
                self.namespaces.insert(place.1, pod::labels(data.get("labels")));
            }
            "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => {
                if kind.ends_with("Binding") {
                    let of = (!kind.starts_with("Cluster")).then(|| place.0.clone());
                    self.bindings.insert((of, place.1.clone()), origin);
                }
                return self.access(kind, &place.0, object);
            }
            // Other kinds say nothing that a path could lead over.
            _ => {}
        }
        Ok(())
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

    /// Gives pods the tokens of their accounts.
    fn tokens(&mut self) {
        for ((namespace, _), pod) in &mut self.pods {
            let account = (namespace.clone(), pod.account.clone());
            let kept = self.accounts.get(&account).copied().unwrap_or(false);
            if pod.automount.unwrap_or(!kept) {
                pod.add_token();
            }
        }
    }

    /// Nodes that are described, and those where a pod says that it runs.
    fn all_nodes(&self) -> BTreeSet<&str> {
        let placed = self.pods.values().map(|pod| pod.node.as_deref().unwrap_or(host::NOT_PLACED));
        self.nodes.keys().map(String::as_str).chain(placed).collect()
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
        let nodes = self.all_nodes().into_iter().filter(|name| !self.nodes.contains_key(*name)).count();
        used.iter().filter(|one| !known(one)).count() + nodes + self.cluster.dangling().count()
    }
}

impl Node {
    fn read(object: &Value, origin: Origin) -> Self {
        let labels = pod::labels(object.get("metadata").and_then(|data| data.get("labels")));
        let governs = ["control-plane", "master"].iter();
        let addresses = || object.get("status").into_iter().flat_map(|status| list(status, "addresses"));
        let inside = addresses().filter(|one| text(one, "type") == Some("InternalIP"));
        Self {
            origin,
            governs: governs
                .into_iter()
                .any(|role| labels.contains_key(&format!("node-role.kubernetes.io/{role}"))),
            addresses: inside.filter_map(|one| Cidr::parse(text(one, "address")?)).collect(),
            outside: addresses().any(|one| text(one, "type") == Some("ExternalIP")),
        }
    }
}

/// The kind that a document's name tells: collectors write one resource a file.
fn kind_of_document(name: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 12] = [
        ("pods", "Pod"),
        ("nodes", "Node"),
        ("serviceaccounts", "ServiceAccount"),
        ("services", "Service"),
        ("endpointslices", "EndpointSlice"),
        ("ingresses", "Ingress"),
        ("networkpolicies", "NetworkPolicy"),
        ("namespaces", "Namespace"),
        ("roles", "Role"),
        ("rolebindings", "RoleBinding"),
        ("clusterroles", "ClusterRole"),
        ("clusterrolebindings", "ClusterRoleBinding"),
    ];
    let file = name.rsplit('/').next()?.split('.').next()?;
    let file = file.to_ascii_lowercase();
    KINDS.iter().find(|(plural, _)| *plural == file).map(|(_, kind)| *kind)
}
