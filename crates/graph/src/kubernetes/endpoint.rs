//! What the network reaches of a cluster: ports of containers, and services before them.
//!
//! Exposure to the Internet is computed: a balancer that is not internal, a port of a node that has an address outside,
//! an ingress. What network policies forbid is not taken off.

use super::host::container_id;
use super::pod::{Container, Place, Pod, labels};
use super::{Dump, Origin, Weave};
use crate::sharp_hound::{list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The one node that stands for all that lies outside.
const INTERNET: &str = "Internet";

/// A service: which pods, which of their ports, and whether it is open to the Internet.
#[derive(Clone, Debug)]
pub(super) struct Service {
    origin: Origin,
    selector: BTreeMap<String, String>,
    /// Names or numbers of ports of containers.
    targets: BTreeSet<String>,
    balanced: bool,
    on_nodes: bool,
}

impl Service {
    /// Reads a service; `None` when it has no `spec`.
    pub(super) fn read(object: &Value, origin: Origin) -> Option<Self> {
        let spec = object.get("spec").filter(|spec| spec.is_object())?;
        let kind = text(spec, "type").unwrap_or("ClusterIP");
        let target = |port: &Value| match port.get("targetPort").or_else(|| port.get("port"))? {
            Value::String(name) => Some(name.clone()),
            number => number.as_u64().map(|number| number.to_string()),
        };
        let outside = list(spec, "externalIPs").next().is_some();
        Some(Self {
            origin,
            selector: labels(spec.get("selector")),
            targets: list(spec, "ports").filter_map(target).collect(),
            balanced: outside || (kind == "LoadBalancer" && !is_internal(object) && is_wide(spec)),
            on_nodes: matches!(kind, "NodePort" | "LoadBalancer"),
        })
    }

    fn selects(&self, pod: &Pod) -> bool {
        // Without a selector somebody else says which pods are behind it.
        !self.selector.is_empty()
            && self.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    }

    fn leads_to(&self, container: &Container) -> bool {
        let mut ports = container.ports.iter();
        ports.any(|port| self.targets.contains(&port.name) || self.targets.contains(&port.number.to_string()))
    }
}

/// A slice of endpoints: the pods behind a service, as the cluster found them.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    origin: Origin,
    service: String,
    pods: BTreeSet<String>,
    ports: BTreeSet<u64>,
}

impl Slice {
    /// Reads a slice; `None` when it is of no service.
    pub(super) fn read(object: &Value, origin: Origin) -> Option<Self> {
        let labels = labels(object.get("metadata").and_then(|data| data.get("labels")));
        let pods = list(object, "endpoints").filter_map(|one| one.get("targetRef"));
        let pods = pods.filter(|of| text(of, "kind") == Some("Pod")).filter_map(|of| text(of, "name"));
        Some(Self {
            origin,
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

impl Dump {
    /// All edges from the network.
    pub(super) fn by_network(&self, weave: &mut Weave) {
        for (place, pod) in &self.pods {
            weave.at(pod.origin);
            let (name, outside) = (spelled(place), self.is_outside(pod));
            for container in &pod.containers {
                for port in &container.ports {
                    let endpoint = format!("Endpoint {name}/{}/{}", container.name, port.name);
                    weave.edge(&endpoint, &container_id(&name, container), "ENDPOINT_EXPLOIT");
                    if port.on_node && outside {
                        weave.edge(INTERNET, &endpoint, "EXPOSED_TO");
                    }
                }
            }
        }
        // Services see pods of their own namespace alone.
        for (place, service) in &self.services {
            weave.at(service.origin);
            let endpoint = format!("Endpoint {}", spelled(place));
            for (pod_place, pod) in self.pods_of(&place.0).filter(|(_, pod)| service.selects(pod)) {
                for container in pod.containers.iter().filter(|one| service.leads_to(one)) {
                    weave.edge(&endpoint, &container_id(&spelled(pod_place), container), "ENDPOINT_EXPLOIT");
                }
            }
            let by_node = service.on_nodes && self.nodes.values().any(|node| node.outside);
            if service.balanced || by_node || self.ingress.contains(place) {
                weave.edge(INTERNET, &endpoint, "EXPOSED_TO");
            }
        }
        self.by_slices(weave);
        if weave.builder.has(INTERNET) {
            weave.builder.principal(INTERNET);
        }
    }

    fn by_slices(&self, weave: &mut Weave) {
        for ((namespace, _), slice) in &self.slices {
            weave.at(slice.origin);
            for name in &slice.pods {
                let place = (namespace.clone(), name.clone());
                let Some(pod) = self.pods.get(&place) else { continue };
                let has = |one: &&Container| one.ports.iter().any(|port| slice.ports.contains(&port.number));
                for container in pod.containers.iter().filter(has) {
                    let endpoint = format!("Endpoint {namespace}/{}", slice.service);
                    weave.edge(&endpoint, &container_id(&spelled(&place), container), "ENDPOINT_EXPLOIT");
                }
            }
        }
    }

    fn is_outside(&self, pod: &Pod) -> bool {
        let node = pod.node.as_ref().and_then(|name| self.nodes.get(name));
        node.is_some_and(|node| node.outside)
    }

    fn pods_of(&self, namespace: &str) -> impl Iterator<Item = (&Place, &Pod)> {
        let from = (namespace.to_owned(), String::new());
        self.pods.range(from..).take_while(move |((own, _), _)| own == namespace)
    }
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
