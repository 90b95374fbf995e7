//! From a container to its node and to its neighbours: privileges, mounts, sockets, shared processes, tokens.
//!
//! Conditions as `KubeHound`'s attack reference states them (kubehound.io, "Attacks"), and its names.

use super::change::{KubernetesKind, KubernetesObject};
use super::pod::{Container, Mount, Place, Pod, Source};
use super::{CLUSTER, Dump, Weave};
use homeostat_access::kubernetes::{Attempt, User};
use std::collections::BTreeSet;

/// Sockets of container runtimes: whoever reaches one starts containers and enters those that run, also when it is
/// mounted read-only.
const SOCKETS: [&str; 5] = [
    "/run/docker.sock",
    "/run/dockershim.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
];

/// Where a node keeps keys and passwords.
const SECRETS: [&str; 8] = [
    "/root/.ssh",
    "/home",
    "/etc/shadow",
    "/etc/ssh",
    "/etc/kubernetes",
    "/var/lib/kubelet/pki",
    "/var/lib/kubelet/config.json",
    "/var/lib/etcd",
];

/// Where a node takes what it runs, and whom it lets in, from.
const RUN: [&str; 16] = [
    "/root",
    "/home",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/systemd",
    "/etc/ld.so.preload",
    "/etc/kubernetes",
    "/var/spool/cron",
    "/var/lib/kubelet",
    "/opt/cni/bin",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
];

/// Where the tokens of all pods of a node lie.
const TOKENS: &str = "/var/lib/kubelet/pods";

/// The one node for all pods that are not placed: any node may come to run them.
pub(super) const NOT_PLACED: &str = "(not placed)";

/// What is on one node: containers, and volumes with tokens.
#[derive(Default)]
struct Crowd {
    containers: Vec<String>,
    tokens: Vec<String>,
}

impl Crowd {
    fn add(&mut self, place: &str, pod: &Pod) {
        for container in &pod.containers {
            let tokens = container.mounts.iter().filter(|mount| mount.source == Source::Token);
            self.tokens.extend(tokens.map(|mount| volume_id(place, container, mount)));
            self.containers.push(container_id(place, container));
        }
    }
}

impl Dump {
    /// All edges of a node, and of what runs on it.
    pub(super) fn on_node(&self, name: &str, weave: &mut Weave<'_>) {
        if !self.things.has_node(name) {
            return;
        }
        let node = format!("Node {name}");
        weave.at(self.origin(&KubernetesObject::new(KubernetesKind::Node, "", name)));
        weave.edge(&node, "Group system:nodes", "IDENTITY_ASSUME");
        if self.nodes.get(name).is_some_and(|node| node.governs) {
            weave.edge(&node, CLUSTER, "CONTROL_PLANE");
        }
        let places = self.running.get(name).into_iter().flatten();
        let pods: Vec<(&Place, Pod)> =
            places.filter_map(|place| Some((place, self.with_token(place)?))).collect();
        let mut crowd = Crowd::default();
        for ((namespace, name), pod) in &pods {
            crowd.add(&format!("{namespace}/{name}"), pod);
        }
        for (place, pod) in &pods {
            self.on_pod(place, pod, (&node, &crowd), weave);
        }
    }

    fn on_pod(
        &self,
        (namespace, name): &Place,
        pod: &Pod,
        (node, crowd): (&str, &Crowd),
        weave: &mut Weave<'_>,
    ) {
        weave.at(self.origin(&KubernetesObject::new(KubernetesKind::Pod, namespace, name)));
        let place = format!("{namespace}/{name}");
        let (own, account) = (format!("Pod {place}"), format!("ServiceAccount {namespace}/{}", pod.account));
        weave.edge(node, &own, "POD_ATTACH");
        for container in &pod.containers {
            let id = container_id(&place, container);
            weave.principal(&id);
            weave.edge(&own, &id, "CONTAINER_ATTACH");
            escapes(weave, pod, container, [&id, node]);
            if shows_logs(container) && self.reads_logs(namespace, pod) {
                weave.edge(&id, node, "CE_VAR_LOG_SYMLINK");
            }
            mounts(weave, &place, container, [&id, node, &account], crowd);
        }
        if pod.shares_processes {
            together(weave, &place, pod);
        }
    }

    /// The pod with the token of its account, where it gets one.
    fn with_token(&self, place: &Place) -> Option<Pod> {
        let mut pod = self.pods.get(place)?.clone();
        let account = (place.0.clone(), pod.account.clone());
        let kept = self.accounts.get(&account).copied().unwrap_or(false);
        if pod.automount.unwrap_or(!kept) {
            pod.add_token();
        }
        Some(pod)
    }

    /// Nodes on which rights to read logs lead somewhere, of pods of a namespace or of all.
    pub(super) fn with_logs(&self, namespace: Option<&str>) -> BTreeSet<String> {
        let all = self.pods.iter().filter(|((own, _), _)| namespace.is_none_or(|namespace| own == namespace));
        let logs = all.filter(|(_, pod)| pod.containers.iter().any(shows_logs));
        logs.map(|(_, pod)| pod.node_name().to_owned()).collect()
    }

    /// Whether the pod's account may read logs: what makes the node follow a link out of its log directory.
    fn reads_logs(&self, namespace: &str, pod: &Pod) -> bool {
        let user = User::service_account(namespace, &pod.account);
        let of_pods = Attempt::on("get", "", "pods/log").in_namespace(namespace).on_some_name();
        let of_nodes = ["nodes/log", "nodes/proxy"].map(|what| Attempt::on("get", "", what).on_some_name());
        let mut all = std::iter::once(of_pods).chain(of_nodes);
        all.any(|attempt| self.cluster.decide(&user, &attempt).decision.is_possible())
    }
}

/// Privileges that lead out of the container, from `ends` to the other.
fn escapes(weave: &mut Weave<'_>, pod: &Pod, container: &Container, ends: [&str; 2]) {
    let traces = container.can("SYS_PTRACE") && container.can("SYS_ADMIN");
    let found = [
        ("CE_PRIV_MOUNT", container.privileged),
        ("CE_NSENTER", container.privileged && pod.host_processes),
        ("CE_MODULE_LOAD", container.can("SYS_MODULE")),
        ("CE_SYS_PTRACE", pod.host_processes && traces),
        ("CE_UMH_CORE_PATTERN", container.root && writes(container, "/proc/sys/kernel")),
    ];
    let [from, to] = ends;
    for (kind, _) in found.iter().filter(|(_, holds)| *holds) {
        weave.edge(from, to, kind);
    }
}

/// What the volumes of a container lead to. `ends` are the container, its node and its account.
fn mounts(weave: &mut Weave<'_>, place: &str, container: &Container, ends: [&str; 3], crowd: &Crowd) {
    let [id, node, account] = ends;
    for mount in &container.mounts {
        let volume = volume_id(place, container, mount);
        weave.edge(id, &volume, "VOLUME_DISCOVER");
        weave.edge(node, &volume, "VOLUME_ACCESS");
        if mount.source == Source::Token {
            weave.edge(id, account, "IDENTITY_ASSUME");
            weave.edge(&volume, account, "TOKEN_STEAL");
            continue;
        }
        if SECRETS.iter().any(|path| mount.shows_any(path)) {
            weave.edge(&volume, node, "EXPLOIT_HOST_READ");
        }
        if !mount.read_only && RUN.iter().any(|path| mount.shows_any(path)) {
            weave.edge(&volume, node, "EXPLOIT_HOST_WRITE");
        }
        if mount.shows(TOKENS) {
            crowd.tokens.iter().for_each(|token| weave.edge(&volume, token, "EXPLOIT_HOST_TRAVERSE"));
        }
        if SOCKETS.iter().any(|path| mount.shows(path)) {
            crowd.containers.iter().for_each(|other| weave.edge(id, other, "EXPLOIT_CONTAINERD_SOCK"));
        }
    }
}

/// Containers that see each other's processes.
fn together(weave: &mut Weave<'_>, place: &str, pod: &Pod) {
    let ids: Vec<String> = pod.containers.iter().map(|one| container_id(place, one)).collect();
    for from in &ids {
        for to in &ids {
            weave.edge(from, to, "SHARE_PS_NAMESPACE");
        }
    }
}

/// Whether a mount shows `path` of the node and lets it be changed.
fn writes(container: &Container, path: &str) -> bool {
    container.mounts.iter().any(|mount| !mount.read_only && mount.shows(path))
}

/// Whether whoever is in the container may put a link among the logs of the node.
fn shows_logs(container: &Container) -> bool {
    container.root && writes(container, "/var/log")
}

pub(super) fn container_id(place: &str, container: &Container) -> String {
    format!("Container {place}/{}", container.name)
}

fn volume_id(place: &str, container: &Container, mount: &Mount) -> String {
    format!("Volume {place}/{}/{}", container.name, mount.volume)
}
