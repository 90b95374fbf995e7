//! What of Azure the Internet gets to: machines with an address outside, by themselves or behind a balancer, as far as
//! network security groups let it in.
//!
//! Microsoft Learn, "How network security groups filter network traffic" (the subnet's group and the interface's must both
//! let a packet in; the rule of the lowest priority that fits decides) and "Public IP addresses" (one of the standard kind
//! lets nothing in without a group). A balancer passes packets on under the sender's address.

use super::azure::normal;
use super::everybody::{INTERNET, comes_in, has_port, port_range};
use super::record::{Record, text};
use crate::cidr::Cidr;
use crate::network::LOGINS;
use crate::weave::Weave;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const NETWORK: &str = "microsoft.network/";

/// What was read of the network, by scopes.
#[derive(Clone, Default)]
pub(super) struct Network {
    interfaces: BTreeMap<String, Interface>,
    groups: BTreeMap<String, Vec<Rule>>,
    /// Addresses outside; whether they are of the basic kind.
    addresses: BTreeMap<String, bool>,
    balancers: BTreeMap<String, Vec<Forward>>,
    /// Which group guards a subnet or an interface.
    guards: BTreeMap<String, String>,
    /// The machine of an interface, as the machine's record tells it.
    machines: BTreeMap<String, String>,
}

#[derive(Clone, Default)]
struct Interface {
    machine: Option<String>,
    addresses: BTreeSet<String>,
    subnets: BTreeSet<String>,
    inside: Vec<Cidr>,
    /// Configurations and pools, application groups: what others name it by.
    names: BTreeSet<String>,
}

/// A rule of a security group for what comes in.
#[derive(Clone)]
struct Rule {
    priority: i64,
    allows: bool,
    /// Whole of the Internet, or ranges.
    from: Option<Vec<Cidr>>,
    /// Everything, or ranges and application groups.
    to: Option<(Vec<Cidr>, BTreeSet<String>)>,
    ports: Vec<(u16, u16)>,
}

/// What a balancer passes on from an address outside.
#[derive(Clone)]
struct Forward {
    address: String,
    /// The pool or the one configuration.
    to: String,
    port: u16,
}

impl Network {
    /// Takes what a record of Azure tells of the network.
    pub(super) fn take(&mut self, (scope, kind): (&str, &str), record: &Record<'_>) {
        let profile = record.get("networkProfile").map(|profile| list(profile, "networkInterfaces"));
        for interface in profile.into_iter().flatten().filter_map(id_of) {
            self.machines.insert(interface, scope.to_owned());
        }
        match kind.strip_prefix(NETWORK) {
            Some("networkinterfaces") => self.take_interface(scope, record),
            Some("networksecuritygroups") => {
                for guarded in ["subnets", "networkInterfaces"].iter().flat_map(|list| record.list(list)) {
                    self.guards.extend(id_of(guarded).map(|id| (id, scope.to_owned())));
                }
                self.groups
                    .insert(scope.to_owned(), record.list("securityRules").filter_map(Rule::read).collect());
            }
            Some("publicipaddresses") => {
                let basic =
                    record.at(&["sku", "name"]).is_some_and(|name| name.eq_ignore_ascii_case("basic"));
                self.addresses.insert(scope.to_owned(), basic);
            }
            Some("virtualnetworks") => {
                for subnet in record.list("subnets") {
                    self.take_guard(id_of(subnet), &Record::of(subnet));
                }
            }
            Some("virtualnetworks/subnets") => self.take_guard(Some(scope.to_owned()), record),
            Some("loadbalancers") => drop(self.balancers.insert(scope.to_owned(), forwards(record))),
            _ => {}
        }
    }

    /// Forgets what lies at a scope or in it.
    pub(super) fn remove(&mut self, is_gone: impl Fn(&String) -> bool) {
        self.interfaces.retain(|scope, _| !is_gone(scope));
        self.groups.retain(|scope, _| !is_gone(scope));
        self.addresses.retain(|scope, _| !is_gone(scope));
        self.balancers.retain(|scope, _| !is_gone(scope));
        self.guards.retain(|guarded, _| !is_gone(guarded));
        self.machines.retain(|interface, machine| !is_gone(interface) && !is_gone(machine));
    }

    fn take_guard(&mut self, guarded: Option<String>, record: &Record<'_>) {
        let Some(guarded) = guarded else { return };
        match record.get("networkSecurityGroup").and_then(id_of) {
            Some(group) => drop(self.guards.insert(guarded, group)),
            None => drop(self.guards.remove(&guarded)),
        }
    }

    fn take_interface(&mut self, scope: &str, record: &Record<'_>) {
        self.take_guard(Some(scope.to_owned()), record);
        let machine = record.get("virtualMachine").and_then(id_of);
        let mut own = Interface { machine, ..Interface::default() };
        for value in record.list("ipConfigurations") {
            let part = Record::of(value);
            let one = |name: &str| part.get(name).and_then(id_of);
            own.addresses.extend(one("publicIPAddress").or_else(|| one("publicIpAddress")));
            own.subnets.extend(one("subnet"));
            let inside = part.text("privateIPAddress").or_else(|| part.text("privateIpAddress"));
            own.inside.extend(inside.and_then(Cidr::parse));
            own.names.extend(id_of(value));
            let lists = [
                "loadBalancerBackendAddressPools",
                "loadBalancerInboundNatRules",
                "applicationSecurityGroups",
            ];
            own.names.extend(lists.iter().flat_map(|name| part.list(name)).filter_map(id_of));
        }
        self.interfaces.insert(scope.to_owned(), own);
    }

    /// The machines and balancers on which it bears what becomes of a part of the network, or of a machine in it.
    pub(super) fn bears_on(&self, id: &str) -> BTreeSet<String> {
        let is_it = |thing: &String| {
            thing == id || self.guards.get(thing).is_some_and(|group| group == id) || is_part(thing, id)
        };
        let rests = |(scope, own): &(&String, &Interface)| {
            let on =
                own.subnets.iter().chain(&own.addresses).chain([*scope]).chain(self.machine((scope, own)));
            on.into_iter().any(is_it)
        };
        let resting: Vec<_> = self.interfaces.iter().filter(rests).collect();
        let machines = resting.iter().filter_map(|interface| self.machine(*interface));
        let uses = |forward: &Forward| {
            forward.address == id || resting.iter().any(|(_, own)| own.names.contains(&forward.to))
        };
        let balancers = self.balancers.iter().filter(|(_, all)| all.iter().any(uses)).map(|(scope, _)| scope);
        machines.chain(balancers).cloned().collect()
    }

    /// Finds by which of a machine's ports the Internet gets in.
    pub(super) fn to_machine(&self, weave: &mut Weave<'_>, (scope, name): (&str, &str)) {
        let own = self.interfaces.iter().filter(|one| self.machine(*one).is_some_and(|of| of == scope));
        for (interface, own) in own {
            let outside: Vec<bool> =
                own.addresses.iter().filter_map(|address| self.addresses.get(address)).copied().collect();
            let open = |port| outside.iter().any(|basic| self.lets_in((interface, own), port, *basic));
            for (_, chance, _) in LOGINS.iter().filter(|(port, ..)| open(*port)) {
                weave.principal(INTERNET);
                weave.edge_at(INTERNET, name, "RemoteLogin", *chance);
            }
        }
    }

    /// Finds whether the Internet gets to a balancer, and by which ports from there to the machines behind it.
    pub(super) fn to_balancer<'a>(
        &'a self,
        weave: &mut Weave<'_>,
        (scope, name): (&str, &str),
        name_of: impl Fn(&'a str) -> &'a str,
    ) {
        for forward in self.balancers.get(scope).into_iter().flatten() {
            let Some(basic) = self.addresses.get(&forward.address) else { continue };
            weave.principal(INTERNET);
            weave.edge(INTERNET, name, "ExposedTo");
            for (port, chance, _) in LOGINS.iter().filter(|(port, ..)| *port == forward.port) {
                let behind = self.interfaces.iter().filter(|(_, own)| own.names.contains(&forward.to));
                let open = behind.filter(|(interface, own)| self.lets_in((interface, own), *port, *basic));
                for machine in open.filter_map(|interface| self.machine(interface)) {
                    weave.edge_at(name, name_of(machine), "RemoteLogin", *chance);
                }
            }
        }
    }

    /// The machine of an interface, as one of the two tells.
    fn machine<'a>(&'a self, (scope, own): (&'a String, &'a Interface)) -> Option<&'a String> {
        own.machine.as_ref().or_else(|| self.machines.get(scope))
    }

    /// Whether packets from everybody come in on a port.
    fn lets_in(&self, (interface, own): (&String, &Interface), port: u16, basic: bool) -> bool {
        let guarding = own.subnets.iter().chain([interface]).filter_map(|thing| self.guards.get(thing));
        let guarding: Vec<&String> = guarding.collect();
        // A group that nobody described lets in nothing that is known.
        let lets = |group: &&String| {
            self.groups.get(*group).is_some_and(|rules| lets_everybody_in(rules, own, port))
        };
        if guarding.is_empty() { basic } else { guarding.iter().all(lets) }
    }
}

/// Whether a subnet is one of a network.
fn is_part(subnet: &str, network: &str) -> bool {
    subnet.strip_prefix(network).is_some_and(|rest| rest.starts_with("/subnets/"))
}

/// By the first rule that fits; those that come with every group let nobody in from outside.
fn lets_everybody_in(rules: &[Rule], own: &Interface, port: u16) -> bool {
    let mut fitting: Vec<&Rule> = rules.iter().filter(|rule| rule.is_about(own, port)).collect();
    fitting.sort_by_key(|rule| rule.priority);
    comes_in(fitting.iter().map(|rule| (rule.allows, rule.from.as_deref())))
}

impl Rule {
    /// A rule for what comes in over TCP; `None` for others.
    fn read(value: &Value) -> Option<Self> {
        let record = Record::of(value);
        let inward = record.text("direction")?.eq_ignore_ascii_case("inbound");
        let protocol = record.text("protocol").unwrap_or("*").to_lowercase();
        (inward && ["*", "tcp", "any"].contains(&protocol.as_str())).then_some(())?;
        let all = |one: &str, many: &str| -> Vec<String> {
            let many = record.list(many).filter_map(Value::as_str);
            record.text(one).into_iter().chain(many).map(str::to_lowercase).collect()
        };
        let from = all("sourceAddressPrefix", "sourceAddressPrefixes");
        let to = all("destinationAddressPrefix", "destinationAddressPrefixes");
        let groups = record.list("destinationApplicationSecurityGroups").filter_map(id_of).collect();
        let ports = all("destinationPortRange", "destinationPortRanges");
        let is_all = |text: &String| ["*", "any", "internet", "0.0.0.0/0"].contains(&text.as_str());
        let inside = |text: &String| ["*", "any", "virtualnetwork", "0.0.0.0/0"].contains(&text.as_str());
        let ranges = |all: &[String]| all.iter().filter_map(|text| Cidr::parse(text)).collect();
        Some(Self {
            priority: record.get("priority").and_then(Value::as_i64).unwrap_or(i64::MAX),
            allows: record.text("access")?.eq_ignore_ascii_case("allow"),
            from: (!from.iter().any(is_all)).then(|| ranges(&from)),
            to: (!to.iter().any(inside)).then(|| (ranges(&to), groups)),
            ports: ports
                .iter()
                .filter_map(|text| if text == "*" { Some((0, u16::MAX)) } else { port_range(text) })
                .collect(),
        })
    }

    fn is_about(&self, own: &Interface, port: u16) -> bool {
        let to = self.to.as_ref().is_none_or(|(ranges, groups)| {
            let inside = own.inside.iter().any(|address| ranges.iter().any(|range| range.holds(address)));
            inside || groups.iter().any(|group| own.names.contains(group))
        });
        to && has_port(&self.ports, port)
    }
}

/// What a balancer passes on from where: by its rules to pools, by rules for one machine.
fn forwards(record: &Record<'_>) -> Vec<Forward> {
    let fronts = record.list("frontendIPConfigurations").chain(record.list("frontendIpConfigurations"));
    let address = |front: &Value| {
        let part = Record::of(front);
        let address = part.get("publicIPAddress").or_else(|| part.get("publicIpAddress")).and_then(id_of);
        Some((id_of(front)?, address?))
    };
    let fronts: BTreeMap<String, String> = fronts.filter_map(address).collect();
    let forward = |value: &Value| {
        let rule = Record::of(value);
        let one = |names: [&str; 2]| names.iter().find_map(|name| rule.get(name)).and_then(id_of);
        let front = one(["frontendIPConfiguration", "frontendIpConfiguration"])?;
        let pool = rule.get("backendAddressPool").and_then(id_of);
        // A rule for one machine tells its configuration, or is told by it.
        let to = pool
            .or_else(|| one(["backendIPConfiguration", "backendIpConfiguration"]))
            .or_else(|| id_of(value))?;
        let port = u16::try_from(rule.get("backendPort")?.as_i64()?).ok()?;
        Some(Forward { address: fronts.get(&front)?.clone(), to, port })
    };
    record.list("loadBalancingRules").chain(record.list("inboundNatRules")).filter_map(forward).collect()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn id_of(value: &Value) -> Option<String> {
    text(value, "id").map(normal)
}
