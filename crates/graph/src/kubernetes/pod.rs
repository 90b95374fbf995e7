//! A pod as the API returns it: its containers, what they may do on their node, and what is mounted into them.

use super::host;
use crate::sharp_hound::{list, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where an object lies: its namespace and its name.
pub(super) type Place = (String, String);

/// What paths need to know of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pod {
    /// `None` when it is not placed.
    pub(super) node: Option<String>,
    pub(super) account: String,
    /// What the pod says of its account's token; `None` leaves it to the account.
    pub(super) automount: Option<bool>,
    pub(super) host_processes: bool,
    pub(super) shares_processes: bool,
    /// Whether it has the address of its node.
    pub(super) on_host_network: bool,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) containers: Vec<Container>,
}

/// A container that runs as long as its pod does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) privileged: bool,
    capabilities: BTreeSet<String>,
    /// Whether it may be root: it is unless user or image is told to be another.
    pub(super) root: bool,
    pub(super) mounts: Vec<Mount>,
    pub(super) ports: Vec<Port>,
}

/// A volume of the node or with a token, in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) volume: String,
    pub(super) source: Source,
    pub(super) read_only: bool,
}

/// What a volume holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// This path of the node.
    Host(String),
    /// The token of the pod's account.
    Token,
}

/// A port that a container listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) number: u64,
    pub(super) protocol: String,
    /// Whether it is one of the node too.
    pub(super) on_node: bool,
}

impl Pod {
    /// Reads a pod; `None` when it has no `spec` or has ended.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let spec = object.get("spec").filter(|spec| spec.is_object())?;
        let phase = object.get("status").and_then(|status| text(status, "phase"));
        if matches!(phase, Some("Succeeded" | "Failed")) {
            return None;
        }
        let is = |field: &str| spec.get(field) == Some(&Value::Bool(true));
        let sources = sources(spec);
        // An init container that is always restarted runs beside the others.
        let beside = list(spec, "initContainers").filter(|one| text(one, "restartPolicy") == Some("Always"));
        let all = list(spec, "containers").chain(list(spec, "ephemeralContainers")).chain(beside);
        let filled = |field: &str| text(spec, field).filter(|text| !text.is_empty());
        let account = filled("serviceAccountName").or_else(|| filled("serviceAccount"));
        Some(Self {
            node: filled("nodeName").map(str::to_owned),
            account: account.unwrap_or("default").to_owned(),
            automount: spec.get("automountServiceAccountToken").and_then(Value::as_bool),
            host_processes: is("hostPID"),
            shares_processes: is("shareProcessNamespace"),
            on_host_network: is("hostNetwork"),
            labels: labels(object.get("metadata").and_then(|data| data.get("labels"))),
            containers: all.filter_map(|one| Container::read(one, spec, &sources)).collect(),
        })
    }

    /// The name of its node: one for all that are not placed.
    pub(super) fn node_name(&self) -> &str {
        self.node.as_deref().unwrap_or(host::NOT_PLACED)
    }

    /// Gives each container the token of the account, where the API server would: it adds the volume to a pod only as
    /// the pod is created, so that a manifest does not show it.
    pub(super) fn add_token(&mut self) {
        for container in &mut self.containers {
            if !container.mounts.iter().any(|mount| mount.source == Source::Token) {
                let volume = "kube-api-access".to_owned();
                container.mounts.push(Mount { volume, source: Source::Token, read_only: true });
            }
        }
    }
}

impl Container {
    fn read(object: &Value, spec: &Value, sources: &BTreeMap<&str, Source>) -> Option<Self> {
        let own = object.get("securityContext");
        let of = |field: &str| {
            let own = own.and_then(|context| context.get(field));
            own.or_else(|| spec.get("securityContext").and_then(|context| context.get(field)))
        };
        let capabilities = own.and_then(|context| context.get("capabilities"));
        let added = capabilities.into_iter().flat_map(|all| list(all, "add")).filter_map(Value::as_str);
        let user = of("runAsUser").and_then(Value::as_i64);
        let not_root = of("runAsNonRoot") == Some(&Value::Bool(true));
        Some(Self {
            name: text(object, "name")?.to_owned(),
            privileged: own.and_then(|context| context.get("privileged")) == Some(&Value::Bool(true)),
            capabilities: added.map(|name| name.trim_start_matches("CAP_").to_owned()).collect(),
            root: user.map_or(!not_root, |user| user == 0),
            mounts: list(object, "volumeMounts").filter_map(|mount| Mount::read(mount, sources)).collect(),
            ports: list(object, "ports").filter_map(Port::read).collect(),
        })
    }

    /// Whether it has a capability, by its name without `CAP_`.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.privileged || self.capabilities.contains("ALL") || self.capabilities.contains(capability)
    }
}

impl Mount {
    fn read(mount: &Value, sources: &BTreeMap<&str, Source>) -> Option<Self> {
        let volume = text(mount, "name")?;
        let source = match (sources.get(volume)?, text(mount, "subPath")) {
            (Source::Host(path), Some(below)) => Source::Host(format!("{path}/{below}")),
            (source, _) => source.clone(),
        };
        let read_only = mount.get("readOnly") == Some(&Value::Bool(true));
        Some(Self { volume: volume.to_owned(), source, read_only })
    }

    /// Whether it shows `path` of the node, or a part of what lies there.
    pub(super) fn shows_any(&self, path: &str) -> bool {
        self.host_path().is_some_and(|own| is_within(path, own) || is_within(own, path))
    }

    /// Whether it shows all of `path` of the node.
    pub(super) fn shows(&self, path: &str) -> bool {
        self.host_path().is_some_and(|own| is_within(path, own))
    }

    fn host_path(&self) -> Option<&str> {
        match &self.source {
            Source::Host(path) => Some(path),
            Source::Token => None,
        }
    }
}

impl Port {
    fn read(port: &Value) -> Option<Self> {
        let number = port.get("containerPort")?.as_u64()?;
        let name = text(port, "name").map_or_else(|| number.to_string(), str::to_owned);
        Some(Self {
            name,
            number,
            protocol: text(port, "protocol").unwrap_or("TCP").to_owned(),
            on_node: port.get("hostPort").and_then(Value::as_u64).is_some_and(|n| n > 0),
        })
    }
}

/// The labels in `value`.
pub(super) fn labels(value: Option<&Value>) -> BTreeMap<String, String> {
    let all = value.and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The volumes that lead somewhere, by name.
fn sources(spec: &Value) -> BTreeMap<&str, Source> {
    let source = |volume: &Value| {
        if let Some(path) = volume.get("hostPath").and_then(|host| text(host, "path")) {
            return Some(Source::Host(path.to_owned()));
        }
        let parts = volume.get("projected").into_iter().flat_map(|projected| list(projected, "sources"));
        parts.into_iter().any(|part| part.get("serviceAccountToken").is_some()).then_some(Source::Token)
    };
    list(spec, "volumes").filter_map(|volume| Some((text(volume, "name")?, source(volume)?))).collect()
}

/// Whether `path` is `above` or lies below it, segment by segment. `/var/run` is `/run` on the nodes of today.
fn is_within(path: &str, above: &str) -> bool {
    let segments = |path: &str| {
        let all = path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned);
        let mut all: Vec<String> = all.collect();
        if matches!(all.as_slice(), [var, run, ..] if var == "var" && run == "run") {
            all.remove(0);
        }
        all
    };
    segments(path).starts_with(&segments(above))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lie_within_others_by_segments() {
        for (path, above, within) in [
            ("/var/log", "/", true),
            ("/var/log", "/var/log/", true),
            ("/var/logs", "/var/log", false),
            ("/var/run/docker.sock", "/run", true),
            ("/", "/var", false),
        ] {
            assert_eq!(is_within(path, above), within, "{path} {above}");
        }
    }

    #[test]
    fn a_container_is_root_unless_it_is_told_otherwise() {
        let root = |pod: Value, own: Value| {
            let object = json!({"spec": {"securityContext": pod,
                "containers": [{"name": "a", "securityContext": own}]}});
            Pod::read(&object).unwrap().containers[0].root
        };
        assert!(root(json!({}), json!({})));
        assert!(!root(json!({"runAsNonRoot": true}), json!({})));
        assert!(!root(json!({"runAsUser": 1000}), json!({})));
        assert!(root(json!({"runAsUser": 1000}), json!({"runAsUser": 0})));
    }

    #[test]
    fn what_has_ended_is_no_way() {
        assert!(Pod::read(&json!({"spec": {}, "status": {"phase": "Failed"}})).is_none());
        assert!(Pod::read(&json!({"spec": 1})).is_none());
    }
}
