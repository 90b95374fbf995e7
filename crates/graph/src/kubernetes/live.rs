//! A cluster that is followed: the ways through it, kept true by changes.

use super::change::{KubernetesChange, KubernetesKind, KubernetesObject, KubernetesOp};
use super::endpoint::{Service, Slice};
use super::pod::{Place, Pod};
use super::policy::Policy;
use super::right::set_id;
use super::unit::Unit;
use super::{Dump, KubernetesDump, Node, PROBABILITY};
use crate::change::ChangeError;
use crate::named::{NamedGraph, NamedGraphBuilder};
use crate::open_graph::Foreign;
use crate::sharp_hound::text;
use crate::weave::{Origin, WaysTouched, Woven};
use core::fmt;
use homeostat_core::{Positions, TenantId, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A cluster with the ways through it, which changes keep true.
///
/// Only what a change bears on is found anew. A pod asks the bindings that hold in its namespace for their rights over its pods,
/// and what runs on its node; a binding asks what lies where it holds; a node or an address of one asks the network of all.
/// Names and times of objects stay when they go.
///
/// ```
/// use homeostat_core::{TenantId, Timestamp};
/// use homeostat_graph::{Evidence, KubernetesChange, KubernetesDump, KubernetesOp, LiveKubernetes};
/// use serde_json::json;
///
/// let mut dump = KubernetesDump::default();
/// dump.read("roles.json", &json!([{"metadata": {"name": "shell", "namespace": "shop"},
///     "rules": [{"verbs": ["create"], "apiGroups": [""], "resources": ["pods/exec"]}]},
///     {"kind": "Pod", "metadata": {"name": "cart", "namespace": "shop"}, "spec": {"nodeName": "one"}}])).ok_or("none")?;
/// let mut cluster = LiveKubernetes::new(dump);
/// let binding = json!({"kind": "RoleBinding", "metadata": {"name": "on-call", "namespace": "shop"},
///     "roleRef": {"kind": "Role", "name": "shell"}, "subjects": [{"kind": "User", "name": "maya"}]});
/// let touched = cluster.apply(&KubernetesChange {
///     tenant: TenantId::new("acme")?, cluster: None, at: Timestamp::from_micros(1), version: None, position: None,
///     evidence: Evidence::document("audit"), op: KubernetesOp::Put { record: binding.to_string() } })?;
/// let kinds: Vec<&str> = touched.added.iter().map(|way| way.kind).collect();
/// assert_eq!(kinds, ["PERMISSION_DISCOVER", "POD_EXEC"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LiveKubernetes {
    dump: Dump,
    woven: Woven<Unit>,
    foreign: Foreign,
    /// What changed in a way that nobody told.
    stale: BTreeSet<KubernetesObject>,
    tenant: Option<TenantId>,
    positions: Positions,
    /// When what last changed.
    latest: BTreeMap<KubernetesObject, Moment>,
    /// The numbers of documents by their names.
    places: BTreeMap<String, usize>,
}

/// When something changed; of what a dump told only the version is known.
#[derive(Clone, Copy)]
struct Moment {
    version: Option<u64>,
    at: Timestamp,
}

impl Moment {
    fn is_before(self, other: Self) -> bool {
        match (self.version, other.version) {
            (Some(own), Some(other)) => own < other,
            _ => self.at < other.at,
        }
    }
}

impl LiveKubernetes {
    /// What `dump` read, and the ways through it. O(objects + edges + bindings × namespaces).
    pub fn new(dump: KubernetesDump) -> Self {
        let KubernetesDump { mut dump, mut foreign } = dump;
        dump.settle();
        foreign.unresolved = dump.dangling();
        let mut woven = Woven::over(&PROBABILITY);
        woven.work(dump.everything(), |unit, weave| dump.ways(unit, weave));
        let places = dump.documents.iter().cloned().zip(0..).collect();
        Self {
            dump,
            woven,
            foreign,
            places,
            stale: BTreeSet::new(),
            tenant: None,
            positions: Positions::default(),
            latest: BTreeMap::new(),
        }
    }

    pub(super) fn into_parts(self) -> (NamedGraphBuilder, Foreign) {
        (self.woven.builder(&self.dump.documents, |_| false), self.foreign)
    }

    /// The graph as it is now. O(E log E).
    pub fn graph(&self) -> NamedGraph {
        let stale = self.stale_names();
        let is_stale = |name: &str| {
            let above = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
            !stale.is_empty() && above.chain([name]).any(|name| stale.contains(name))
        };
        self.woven.builder(&self.dump.documents, is_stale).build()
    }

    /// Applies a change. One of a position that was applied, or that is older than what is known, touches nothing.
    ///
    /// # Errors
    ///
    /// [`ChangeError::OtherTenant`] when it is of another tenant than the first was.
    pub fn apply(&mut self, change: &KubernetesChange) -> Result<WaysTouched, ChangeError> {
        let own = self.tenant.get_or_insert_with(|| change.tenant.clone());
        if *own != change.tenant {
            return Err(ChangeError::OtherTenant);
        }
        if change.position.is_some_and(|position| !self.positions.advance(position)) {
            return Ok(WaysTouched::default());
        }
        let moment = Moment { version: change.version, at: change.at };
        let origin = Origin::of(&change.evidence, &mut self.dump.documents, &mut self.places);
        let (mut units, mut objects) = (BTreeSet::new(), BTreeSet::new());
        for (object, deed) in self.deeds(&change.op) {
            if self.is_late(&object, moment) {
                continue;
            }
            let is_marked = match deed {
                Deed::Doubt => self.stale.insert(object.clone()),
                Deed::Put(_) | Deed::Remove => self.stale.remove(&object),
                Deed::Place(_) => false,
            };
            objects.extend(is_marked.then(|| object.to_string()));
            units.append(&mut self.dump.change(&object, &deed, (origin, change.version)));
        }
        let dump = &self.dump;
        let mut touched = self.woven.work(units, |unit, weave| dump.ways(unit, weave));
        touched.objects.append(&mut objects);
        Ok(touched)
    }

    /// What a change does to which objects.
    fn deeds(&self, op: &KubernetesOp) -> Vec<(KubernetesObject, Deed)> {
        match op {
            KubernetesOp::Put { record } => read(record).into_iter().collect(),
            // What was not seen to be made is on some node, whatever it is.
            KubernetesOp::Place { pod, .. } if !self.dump.known.contains_key(pod) => {
                vec![(pod.clone(), Deed::Doubt)]
            }
            KubernetesOp::Place { pod, node } => vec![(pod.clone(), Deed::Place(node.clone()))],
            KubernetesOp::Remove { object } if object.kind == KubernetesKind::Namespace => {
                let within = self.known(|one| one.within() == Some(&object.name));
                within.chain([object.clone()]).map(|one| (one, Deed::Remove)).collect()
            }
            KubernetesOp::Remove { object } => vec![(object.clone(), Deed::Remove)],
            KubernetesOp::RemoveAll { kind, namespace } => {
                self.all(*kind, namespace.as_deref()).map(|one| (one, Deed::Remove)).collect()
            }
            KubernetesOp::Stale { object } => vec![(object.clone(), Deed::Doubt)],
            KubernetesOp::StaleAll { kind, namespace } => {
                self.all(*kind, namespace.as_deref()).map(|one| (one, Deed::Doubt)).collect()
            }
        }
    }

    fn known(&self, fits: impl Fn(&KubernetesObject) -> bool) -> impl Iterator<Item = KubernetesObject> {
        self.dump.known.keys().filter(move |one| fits(one)).cloned()
    }

    /// The objects of a kind, in a namespace or everywhere.
    fn all(&self, kind: KubernetesKind, namespace: Option<&str>) -> impl Iterator<Item = KubernetesObject> {
        self.known(move |one| one.kind == kind && namespace.is_none_or(|own| own == one.namespace))
    }

    /// Whether something later is known of the object; notes the moment else.
    fn is_late(&mut self, object: &KubernetesObject, moment: Moment) -> bool {
        let read = || {
            let version = self.dump.known.get(object)?.version;
            Some(Moment { version, at: Timestamp::UNKNOWN })
        };
        if self.latest.get(object).copied().or_else(read).is_some_and(|known| moment.is_before(known)) {
            return true;
        }
        self.latest.insert(object.clone(), moment);
        false
    }

    /// The nodes that stand for what changed in a way that nobody told, and beginnings of the names of those in it.
    fn stale_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for object in &self.stale {
            let KubernetesObject { kind, namespace, name } = object;
            let sets = |bindings: &[KubernetesObject]| -> Vec<String> {
                bindings.iter().filter_map(|binding| Some(set_id(&self.dump.set(binding)?))).collect()
            };
            match kind {
                KubernetesKind::Pod => {
                    let each = ["Pod", "Container", "Volume", "Endpoint"];
                    names.extend(each.map(|kind| format!("{kind} {namespace}/{name}")));
                }
                KubernetesKind::Service => names.extend([format!("Endpoint {namespace}/{name}")]),
                KubernetesKind::EndpointSlice | KubernetesKind::Ingress | KubernetesKind::NetworkPolicy => {
                    names.extend([format!("Endpoint {namespace}")]);
                }
                KubernetesKind::Role | KubernetesKind::ClusterRole => {
                    names.extend(sets(&self.dump.resting_on(object)));
                }
                KubernetesKind::RoleBinding | KubernetesKind::ClusterRoleBinding => {
                    names.extend(sets(std::slice::from_ref(object)));
                }
                KubernetesKind::Node | KubernetesKind::ServiceAccount | KubernetesKind::Namespace => {
                    names.extend([object.to_string()]);
                }
            }
        }
        names
    }
}

/// What is done to one object.
enum Deed {
    Put(Value),
    Place(String),
    Remove,
    Doubt,
}

/// The object that a record describes; `None` when it is of no kind that counts.
fn read(record: &str) -> Option<(KubernetesObject, Deed)> {
    let value: Value = serde_json::from_str(record).ok()?;
    let data = value.get("metadata")?;
    let name = text(data, "name").filter(|name| !name.is_empty())?;
    let kind = KubernetesKind::named(text(&value, "kind")?)?;
    let object = KubernetesObject::new(kind, text(data, "namespace").unwrap_or_default(), name);
    Some((object, Deed::Put(value)))
}

impl Dump {
    /// Does it, and tells what is to be found anew by that.
    fn change(
        &mut self,
        object: &KubernetesObject,
        deed: &Deed,
        (origin, version): (Origin, Option<u64>),
    ) -> BTreeSet<Unit> {
        if matches!(deed, Deed::Doubt) {
            return BTreeSet::new();
        }
        let (content, old) = (self.content(object), self.things(object));
        let mut units: BTreeSet<Unit> = self.about(object).into_iter().collect();
        self.leave_node(object);
        match deed {
            Deed::Put(value) => {
                // What can not be read gives nothing, as in a dump.
                let _unread = self.object(object.kind.name(), value, origin);
                if let Some(known) = self.known.get_mut(object) {
                    known.version = version;
                }
            }
            Deed::Place(node) => self.place(object, node, origin),
            Deed::Remove => self.forget(object),
            Deed::Doubt => {}
        }
        self.join_node(object);
        if content.is_some() && content == self.content(object) {
            return BTreeSet::new();
        }
        units.extend(self.about(object));
        let new = self.things(object);
        for thing in self.things.exchange(old, new) {
            units.extend(self.rests_on(&thing));
        }
        self.stand_before(object, &mut units);
        units
    }

    /// What ways rest on of an object: `None` of roles and bindings that are known, which are always asked anew.
    fn content(&self, object: &KubernetesObject) -> Option<Content> {
        let place = (object.namespace.clone(), object.name.clone());
        let told = match object.kind {
            KubernetesKind::Pod => self.pods.get(&place).cloned().map(Content::Pod),
            KubernetesKind::Node => self.nodes.get(&object.name).cloned().map(Content::Node),
            KubernetesKind::ServiceAccount => self.accounts.get(&place).copied().map(Content::Account),
            KubernetesKind::Service => self.services.get(&place).cloned().map(Content::Service),
            KubernetesKind::EndpointSlice => self.slices.get(&place).cloned().map(Content::Slice),
            KubernetesKind::Ingress => self.ingresses.get(&place).cloned().map(Content::Ingress),
            KubernetesKind::NetworkPolicy => self.policies.get(&place).cloned().map(Content::Policy),
            KubernetesKind::Namespace => self.namespaces.get(&object.name).cloned().map(Content::Labels),
            KubernetesKind::Role
            | KubernetesKind::RoleBinding
            | KubernetesKind::ClusterRole
            | KubernetesKind::ClusterRoleBinding => {
                return (!self.known.contains_key(object)).then_some(Content::Nothing);
            }
        };
        Some(told.unwrap_or(Content::Nothing))
    }

    fn leave_node(&mut self, object: &KubernetesObject) {
        let Some((node, place)) = self.run(object) else { return };
        if let Some(places) = self.running.get_mut(&node) {
            places.remove(&place);
            if places.is_empty() {
                self.running.remove(&node);
            }
        }
    }

    fn join_node(&mut self, object: &KubernetesObject) {
        if let Some((node, place)) = self.run(object) {
            self.running.entry(node).or_default().insert(place);
        }
    }

    /// On which node a pod runs.
    fn run(&self, object: &KubernetesObject) -> Option<(String, Place)> {
        let place = (object.namespace.clone(), object.name.clone());
        let pod = self.pods.get(&place).filter(|_| object.kind == KubernetesKind::Pod)?;
        Some((pod.node_name().to_owned(), place))
    }

    /// Adds what is behind an ingress, where others stand before it now.
    fn stand_before(&mut self, object: &KubernetesObject, units: &mut BTreeSet<Unit>) {
        let network = |unit: &Unit| if let Unit::Network(own) = unit { Some(own.clone()) } else { None };
        let namespaces: Vec<String> = units.iter().filter_map(network).collect();
        let mut is_other = object.kind == KubernetesKind::Namespace && self.fronts.contains_key(&object.name);
        for namespace in namespaces {
            is_other |= self.find_fronts(&namespace);
        }
        if is_other {
            units.extend(self.with_ingress().into_iter().map(Unit::Network));
        }
    }

    /// A pod runs on a node from now on.
    fn place(&mut self, object: &KubernetesObject, node: &str, origin: Origin) {
        let place = (object.namespace.clone(), object.name.clone());
        if let (Some(pod), Some(known)) = (self.pods.get_mut(&place), self.known.get_mut(object)) {
            pod.node = Some(node.to_owned());
            known.origin = origin;
        }
    }
}

/// What ways rest on of an object.
#[derive(PartialEq)]
enum Content {
    Nothing,
    Pod(Pod),
    Node(Node),
    Account(bool),
    Service(Service),
    Slice(Slice),
    Ingress(BTreeSet<String>),
    Policy(Policy),
    Labels(BTreeMap<String, String>),
}

impl fmt::Debug for LiveKubernetes {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dump { pods, nodes, cluster, .. } = &self.dump;
        let stale = self.stale.len();
        write!(f, "LiveKubernetes({} pods, {} nodes, {cluster:?}, {stale} stale)", pods.len(), nodes.len())
    }
}
