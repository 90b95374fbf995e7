//! What the network reaches of a cluster: ports of containers, and services before them.
//!
//! Exposure to the Internet is computed: a balancer that is not internal, a port of a node that has an address outside,
//! an ingress; as far as network policies let it in. A port that they let nobody in to leads nowhere.

use super::change::{KubernetesKind, KubernetesObject};
use super::host::container_id;
use super::pod::{Container, Place, Pod, Port, labels};
use super::policy::From;
use super::{Dump, Origin, Weave};
use crate::sharp_hound::{list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The one node that stands for all that lies outside.
const INTERNET: &str = "Internet";

/// A service: which pods, which of their ports, and whether it is open to the Internet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    selector: BTreeMap<String, String>,
    /// Names or numbers of ports of containers.
    targets: BTreeSet<String>,
    balanced: bool,
    on_nodes: bool,
    /// Whether pods see the address of the sender.
    keeps_address: bool,
}

impl Service {
    /// Reads a service; `None` when it has no `spec`.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let spec = object.get("spec").filter(|spec| spec.is_object())?;
        let kind = text(spec, "type").unwrap_or("ClusterIP");
        let target = |port: &Value| match port.get("targetPort").or_else(|| port.get("port"))? {
            Value::String(name) => Some(name.clone()),
            number => number.as_u64().map(|number| number.to_string()),
        };
        let outside = list(spec, "externalIPs").next().is_some();
        Some(Self {
            selector: labels(spec.get("selector")),
            targets: list(spec, "ports").filter_map(target).collect(),
            balanced: outside || (kind == "LoadBalancer" && !is_internal(object) && is_wide(spec)),
            on_nodes: matches!(kind, "NodePort" | "LoadBalancer"),
            keeps_address: text(spec, "externalTrafficPolicy") == Some("Local"),
        })
    }

    fn selects(&self, pod: &Pod) -> bool {
        // Without a selector somebody else says which pods are behind it.
        !self.selector.is_empty()
            && self.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    }

    /// How what comes from the Internet comes to a pod.
    fn from(&self) -> From {
        if self.keeps_address { From::Internet } else { From::Nodes }
    }

    fn leads_to(&self, port: &Port) -> bool {
        self.targets.contains(&port.name) || self.targets.contains(&port.number.to_string())
    }
}

/// A slice of endpoints: the pods behind a service, as the cluster found them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    service: String,
    pods: BTreeSet<String>,
    ports: BTreeSet<u64>,
}

impl Slice {
    /// Reads a slice; `None` when it is of no service.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let labels = labels(object.get("metadata").and_then(|data| data.get("labels")));
        let pods = list(object, "endpoints").filter_map(|one| one.get("targetRef"));
        let pods = pods.filter(|of| text(of, "kind") == Some("Pod")).filter_map(|of| text(of, "name"));
        Some(Self {
            service: labels.get("kubernetes.io/service-name")?.clone(),
            pods: pods.map(str::to_owned).collect(),
            ports: list(object, "ports").filter_map(|port| port.get("port")?.as_u64()).collect(),
        })
    }
}

/// The services that an ingress leads to.
pub(super) fn behind_ingress(object: &Value) -> BTreeSet<String> {
    let Some(spec) = object.get("spec") else { return BTreeSet::new() };
    let rules = list(spec, "rules").filter_map(|rule| rule.get("http")).flat_map(|http| list(http, "paths"));
    let paths = rules.filter_map(|path| path.get("backend"));
    let all = paths.chain(spec.get("defaultBackend"));
    all.filter_map(|backend| text(backend.get("service")?, "name")).map(str::to_owned).collect()
}

/// The Internet gets there.
fn exposed(weave: &mut Weave<'_>, endpoint: &str) {
    weave.principal(INTERNET);
    weave.edge(INTERNET, endpoint, "EXPOSED_TO");
}

impl Dump {
    /// All edges from the network to what lies in a namespace.
    pub(super) fn by_network(&self, namespace: &str, weave: &mut Weave<'_>) {
        for (place, pod) in self.pods_of(namespace) {
            weave.at(self.origin(&KubernetesObject::new(KubernetesKind::Pod, &place.0, &place.1)));
            self.by_pod(place, pod, weave);
        }
        let slices = self.slices_of(namespace);
        let services = of(&self.services, namespace).map(|(place, _)| place);
        let places: BTreeSet<&Place> = services.chain(slices.keys()).collect();
        for place in places {
            self.by_service(place, &slices, weave);
        }
    }

    /// The endpoints of a pod, and whether the Internet gets there by its node.
    fn by_pod(&self, place: &Place, pod: &Pod, weave: &mut Weave<'_>) {
        let (name, outside) = (spelled(place), self.is_outside(pod));
        let let_in = |port: &Port, from| self.lets_in((place, pod), port, from);
        for (container, port) in ports(pod).filter(|(_, port)| let_in(port, From::Anybody)) {
            let endpoint = format!("Endpoint {name}/{}/{}", container.name, port.name);
            weave.edge(&endpoint, &container_id(&name, container), "ENDPOINT_EXPLOIT");
            if port.on_node && outside && let_in(port, From::Internet) {
                exposed(weave, &endpoint);
            }
        }
    }

    /// What is behind a service, and whether the Internet gets there. To a service that is open leads what it lets in from the
    /// Internet; others get to a pod by its own endpoint.
    fn by_service(&self, place: &Place, slices: &Slices<'_>, weave: &mut Weave<'_>) {
        let service = self.services.get(place);
        let straight = service.filter(|service| self.is_open(service)).map(Service::from);
        let by_ingress = service.is_some() && self.is_behind_ingress(place);
        let mut ways: Vec<From> = straight.into_iter().chain(by_ingress.then_some(From::Fronts)).collect();
        let open = !ways.is_empty();
        if !open {
            ways.push(From::Anybody);
        }
        let (mut behind, mut let_in) = (false, false);
        let endpoint = format!("Endpoint {}", spelled(place));
        for (origin, (pod_place, pod), container, port) in self.behind(place, slices) {
            behind = true;
            if ways.iter().any(|from| self.lets_in((pod_place, pod), port, *from)) {
                let_in = true;
                weave.at(origin);
                weave.edge(&endpoint, &container_id(&spelled(pod_place), container), "ENDPOINT_EXPLOIT");
            }
        }
        if open && (let_in || !behind) {
            weave.at(self.origin(&KubernetesObject::new(KubernetesKind::Service, &place.0, &place.1)));
            exposed(weave, &endpoint);
        }
    }

    /// The slices of each service of a namespace.
    fn slices_of(&self, namespace: &str) -> Slices<'_> {
        let mut slices = Slices::new();
        for ((own, name), slice) in of(&self.slices, namespace) {
            let origin = self.origin(&KubernetesObject::new(KubernetesKind::EndpointSlice, own, name));
            slices.entry((own.clone(), slice.service.clone())).or_default().push((origin, slice));
        }
        slices
    }

    fn is_behind_ingress(&self, (namespace, name): &Place) -> bool {
        of(&self.ingresses, namespace).any(|(_, services)| services.contains(name))
    }

    /// The namespaces with something that the network reaches.
    pub(super) fn on_network(&self) -> BTreeSet<String> {
        let pods = self.pods.keys().chain(self.services.keys()).chain(self.slices.keys());
        pods.map(|(namespace, _)| namespace.clone()).collect()
    }

    /// The namespaces with services behind an ingress.
    pub(super) fn with_ingress(&self) -> BTreeSet<String> {
        self.ingresses.keys().map(|(namespace, _)| namespace.clone()).collect()
    }

    /// Whether the Internet gets to a service without an ingress.
    fn is_open(&self, service: &Service) -> bool {
        service.balanced || (service.on_nodes && self.nodes.values().any(|node| node.outside))
    }

    /// Ports of containers that a service leads to, by its own selector and by what slices say. Services see pods of their own
    /// namespace alone.
    fn behind<'a>(&'a self, place: &'a Place, slices: &Slices<'a>) -> Vec<Behind<'a>> {
        let mut all = Vec::new();
        if let Some(service) = self.services.get(place) {
            let origin = self.origin(&KubernetesObject::new(KubernetesKind::Service, &place.0, &place.1));
            for (pod_place, pod) in self.pods_of(&place.0).filter(|(_, pod)| service.selects(pod)) {
                let led = ports(pod).filter(|(_, port)| service.leads_to(port));
                all.extend(led.map(|(container, port)| (origin, (pod_place, pod), container, port)));
            }
        }
        for (origin, slice) in slices.get(place).into_iter().flatten() {
            let names = slice.pods.iter().map(|name| (place.0.clone(), name.clone()));
            for (pod_place, pod) in names.filter_map(|name| self.pods.get_key_value(&name)) {
                let led = ports(pod).filter(|(_, port)| slice.ports.contains(&port.number));
                all.extend(led.map(|(container, port)| (*origin, (pod_place, pod), container, port)));
            }
        }
        all
    }

    /// Finds the pods of a namespace that the Internet gets to without an ingress: one of them may stand before others. Whether
    /// they are others now, or have other labels.
    pub(super) fn find_fronts(&mut self, namespace: &str) -> bool {
        let fronts = self.fronts_of(namespace);
        if fronts.is_empty() {
            return self.fronts.remove(namespace).is_some();
        }
        let is_other = self.fronts.get(namespace) != Some(&fronts);
        self.fronts.insert(namespace.to_owned(), fronts);
        is_other
    }

    fn fronts_of(&self, namespace: &str) -> Fronts {
        let mut all = Fronts::new();
        let mut front = |place: &Place, pod: &Pod| all.insert(place.1.clone(), pod.labels.clone());
        for (place, pod) in self.pods_of(namespace).filter(|(_, pod)| self.is_outside(pod)) {
            let open = |port: &Port| port.on_node && self.lets_in((place, pod), port, From::Internet);
            if ports(pod).any(|(_, port)| open(port)) {
                front(place, pod);
            }
        }
        let slices = self.slices_of(namespace);
        for (place, service) in of(&self.services, namespace).filter(|(_, service)| self.is_open(service)) {
            for (_, pod, _, port) in self.behind(place, &slices) {
                if self.lets_in(pod, port, service.from()) {
                    front(pod.0, pod.1);
                }
            }
        }
        all
    }

    fn is_outside(&self, pod: &Pod) -> bool {
        let node = pod.node.as_ref().and_then(|name| self.nodes.get(name));
        node.is_some_and(|node| node.outside)
    }

    pub(super) fn pods_of(&self, namespace: &str) -> impl Iterator<Item = (&Place, &Pod)> {
        of(&self.pods, namespace)
    }
}

/// What lies in a namespace.
fn of<'a, T>(all: &'a BTreeMap<Place, T>, namespace: &str) -> impl Iterator<Item = (&'a Place, &'a T)> {
    let from = (namespace.to_owned(), String::new());
    all.range(from..).take_while(move |((own, _), _)| own == namespace)
}

/// Pods of a namespace that may pass on what comes from the Internet, by name, with their labels.
pub(super) type Fronts = BTreeMap<String, BTreeMap<String, String>>;

/// The slices of each service.
type Slices<'a> = BTreeMap<Place, Vec<(Origin, &'a Slice)>>;

/// A port of a container of a pod, and what says that it is behind a service.
type Behind<'a> = (Origin, (&'a Place, &'a Pod), &'a Container, &'a Port);

fn ports(pod: &Pod) -> impl Iterator<Item = (&Container, &Port)> {
    pod.containers.iter().flat_map(|container| container.ports.iter().map(move |port| (container, port)))
}

fn spelled((namespace, name): &Place) -> String {
    format!("{namespace}/{name}")
}

/// Whether an annotation makes the balancer one of the inner network: each cloud has its own, and all say `internal`.
fn is_internal(object: &Value) -> bool {
    let notes = labels(object.get("metadata").and_then(|data| data.get("annotations")));
    notes.iter().any(|(key, value)| {
        let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
        let by_key = key.ends_with("internal") && value != "false";
        by_key || (key.contains("load-balancer") && value == "internal")
    })
}

/// Whether everybody may ask the balancer: no ranges, or one that holds all addresses.
fn is_wide(spec: &Value) -> bool {
    let mut ranges = list(spec, "loadBalancerSourceRanges").filter_map(Value::as_str).peekable();
    ranges.peek().is_none() || ranges.any(|range| range.ends_with("/0"))
}
