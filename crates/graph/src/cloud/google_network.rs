//! What of Google Cloud the Internet gets to: instances with an address outside, by themselves or behind a forwarding rule,
//! as far as the firewall rules of their network let it in.
//!
//! Google Cloud documentation, "VPC firewall rules" (the lowest priority that fits decides, a denial before a permission of
//! the same; without one nothing comes in) and "Forwarding rules" (target pools and target instances get packets under the
//! sender's address).

use super::everybody::{INTERNET, comes_in, has_port, port_range};
use super::record::{Record, text};
use crate::cidr::Cidr;
use crate::network::LOGINS;
use crate::weave::{Origin, Weave};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What was read of the network, by the paths of its parts.
#[derive(Clone, Default)]
pub(super) struct Network {
    instances: BTreeMap<String, Instance>,
    firewalls: BTreeMap<String, Firewall>,
    forwards: BTreeMap<String, Forward>,
    /// The instances of target pools and target instances.
    targets: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Default)]
struct Instance {
    networks: BTreeSet<String>,
    is_outside: bool,
    /// Its tags, and the service accounts as which it runs.
    named: BTreeSet<String>,
}

/// A firewall rule for what comes in over TCP.
#[derive(Clone)]
struct Firewall {
    network: String,
    priority: i64,
    allows: bool,
    /// All there is, or ranges.
    from: Option<Vec<Cidr>>,
    /// All instances, or those of these tags and service accounts.
    to: BTreeSet<String>,
    ports: Vec<(u16, u16)>,
}

/// A forwarding rule with an address outside.
#[derive(Clone)]
struct Forward {
    target: String,
    ports: Vec<(u16, u16)>,
    origin: Origin,
}

impl Network {
    /// Takes what a record of the compute API tells of the network; tells whether that is all that it is.
    pub(super) fn take(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        let Some(path) = record.text("selfLink").and_then(path_of) else { return false };
        match path.rsplit('/').nth(1) {
            Some("instances") => {
                self.instances.insert(path, Instance::read(record));
                return false;
            }
            Some("firewalls") => match Firewall::read(record) {
                Some(firewall) => drop(self.firewalls.insert(path, firewall)),
                None => drop(self.firewalls.remove(&path)),
            },
            Some("forwardingRules") => match Forward::read(record, origin) {
                Some(forward) => drop(self.forwards.insert(path, forward)),
                None => drop(self.forwards.remove(&path)),
            },
            Some("targetPools") => {
                let instances = record.list("instances").filter_map(Value::as_str).filter_map(path_of);
                self.targets.insert(path, instances.collect());
            }
            Some("targetInstances") => {
                let instance = record.text("instance").and_then(path_of);
                self.targets.insert(path, instance.into_iter().collect());
            }
            _ => return false,
        }
        true
    }

    /// Finds by which ports the Internet gets to instances, by themselves and by forwarding rules.
    pub(super) fn ways(&self, weave: &mut Weave<'_>, origin_of: impl Fn(&str) -> Option<Origin>) {
        for (path, instance) in self.instances.iter().filter(|(_, one)| one.is_outside) {
            let node = node_of(path);
            weave.at(origin_of(&node).unwrap_or_default());
            for (_, chance, _) in LOGINS.iter().filter(|(port, ..)| self.lets_in(instance, *port)) {
                weave.principal(INTERNET);
                weave.edge_at(INTERNET, &node, "RemoteLogin", *chance);
            }
        }
        for (path, forward) in &self.forwards {
            weave.at(forward.origin);
            weave.principal(INTERNET);
            weave.edge(INTERNET, &node_of(path), "ExposedTo");
            let behind = self.targets.get(&forward.target).into_iter().flatten();
            for (path_of_one, one) in behind.filter_map(|path| self.instances.get_key_value(path)) {
                let open = |port| has_port(&forward.ports, port) && self.lets_in(one, port);
                for (_, chance, _) in LOGINS.iter().filter(|(port, ..)| open(*port)) {
                    weave.edge_at(&node_of(path), &node_of(path_of_one), "RemoteLogin", *chance);
                }
            }
        }
    }

    /// Whether packets from everybody come in on a port, in one of the instance's networks.
    fn lets_in(&self, instance: &Instance, port: u16) -> bool {
        instance.networks.iter().any(|network| {
            let is_about = |rule: &&Firewall| {
                let to = rule.to.is_empty() || !rule.to.is_disjoint(&instance.named);
                rule.network == *network && to && has_port(&rule.ports, port)
            };
            let mut rules: Vec<&Firewall> = self.firewalls.values().filter(is_about).collect();
            rules.sort_by_key(|rule| (rule.priority, rule.allows));
            comes_in(rules.iter().map(|rule| (rule.allows, rule.from.as_deref())))
        })
    }
}

impl Instance {
    fn read(record: &Record<'_>) -> Self {
        let interfaces = || record.list("networkInterfaces");
        let outside = |interface: &Value| {
            let all = interface.get("accessConfigs").and_then(Value::as_array);
            all.into_iter().flatten().any(|one| text(one, "natIP").is_some())
        };
        let tags = record.get("tags").and_then(|tags| tags.get("items")).and_then(Value::as_array);
        let tags = tags.into_iter().flatten().filter_map(Value::as_str);
        let accounts = record.list("serviceAccounts").filter_map(|one| text(one, "email"));
        Self {
            networks: interfaces().filter_map(|one| path_of(text(one, "network")?)).collect(),
            is_outside: interfaces().any(outside),
            named: tags.chain(accounts).map(str::to_owned).collect(),
        }
    }
}

impl Firewall {
    /// `None` for a rule that is off, for what goes out, and for what is not TCP.
    fn read(record: &Record<'_>) -> Option<Self> {
        let outward = record.text("direction").is_some_and(|told| told.eq_ignore_ascii_case("egress"));
        let allows = record.has("allowed");
        let ports = ports_of(record.list(if allows { "allowed" } else { "denied" }));
        (!outward && !record.is_true("disabled") && !ports.is_empty()).then_some(())?;
        let texts = |name: &'static str| record.list(name).filter_map(Value::as_str);
        let ranges: Vec<Cidr> =
            texts("sourceRanges").filter_map(Cidr::parse).filter(|range| !range.is_six()).collect();
        let by_name = ["sourceTags", "sourceServiceAccounts", "sourceRanges"];
        Some(Self {
            network: record.text("network").and_then(path_of)?,
            priority: record.get("priority").and_then(Value::as_i64).unwrap_or(1000),
            allows,
            from: by_name.iter().any(|name| record.list(name).next().is_some()).then_some(ranges),
            to: texts("targetTags").chain(texts("targetServiceAccounts")).map(str::to_owned).collect(),
            ports,
        })
    }
}

impl Forward {
    /// `None` for one without an address outside.
    fn read(record: &Record<'_>, origin: Origin) -> Option<Self> {
        let scheme = record.text("loadBalancingScheme").unwrap_or("EXTERNAL");
        scheme.starts_with("EXTERNAL").then_some(())?;
        let told = record.list("ports").filter_map(Value::as_str).chain(record.text("portRange"));
        let mut ports: Vec<(u16, u16)> = told.filter_map(port_range).collect();
        if ports.is_empty() {
            ports.push((0, u16::MAX));
        }
        let target = record.text("target").or(record.text("backendService")).and_then(path_of)?;
        Some(Self { target, ports, origin })
    }
}

/// The ports of TCP in a rule's list; all where none is told.
fn ports_of<'a>(all: impl Iterator<Item = &'a Value>) -> Vec<(u16, u16)> {
    let is_tcp = |one: &&Value| {
        text(one, "IPProtocol")
            .is_some_and(|name| ["tcp", "all", "6"].contains(&name.to_lowercase().as_str()))
    };
    let each = all.filter(is_tcp).flat_map(|one| {
        let ports = one.get("ports").and_then(Value::as_array).filter(|ports| !ports.is_empty());
        let told = ports.into_iter().flatten().filter_map(Value::as_str).filter_map(port_range);
        let whole = ports.is_none().then_some((0, u16::MAX));
        told.chain(whole).collect::<Vec<_>>()
    });
    each.collect()
}

/// The path in a link to a part of the compute API, whichever version.
fn path_of(link: &str) -> Option<String> {
    let (_, path) = link.split_once("/compute/v1/").or(link.split_once("/compute/beta/"))?;
    Some(path.to_owned())
}

fn node_of(path: &str) -> String {
    format!("compute.googleapis.com/{path}")
}
