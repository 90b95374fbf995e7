//! What the Internet gets to in Azure and Google Cloud, worked out of what lets packets in.
#![cfg(test)]
#![cfg(feature = "clouds")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

mod support;

use homeostat_graph::CloudDump;
use serde_json::{Value, json};
use support::edges;

/// What the Internet gets to, and what from there, as `from kind to`.
fn open(records: Value) -> Vec<String> {
    let mut dump = CloudDump::default();
    dump.read("d.json", &records).unwrap();
    let graph = dump.finish().0.build();
    let last = |name: &str| name.rsplit('/').next().unwrap().to_owned();
    let kinds = ["ExposedTo", "RemoteLogin"];
    let all = edges(&graph).into_iter().filter(|(.., kind)| kinds.contains(&kind.as_str()));
    let mut told: Vec<String> =
        all.map(|(from, to, kind)| format!("{} {kind} {}", last(&from), last(&to))).collect();
    told.sort_unstable();
    told
}

fn at(kind: &str, name: &str) -> String {
    format!("/subscriptions/s1/resourceGroups/web/providers/{kind}/{name}")
}

fn network(kind: &str, name: &str) -> String {
    at(&format!("Microsoft.Network/{kind}"), name)
}

fn rule(priority: u32, access: &str, from: &str, port: &str) -> Value {
    json!({"name": format!("r{priority}"), "properties": {"priority": priority, "access": access, "direction": "Inbound",
        "protocol": "Tcp", "sourceAddressPrefix": from, "sourcePortRange": "*", "destinationAddressPrefix": "*",
        "destinationPortRange": port}})
}

fn group(name: &str, rules: &[Value]) -> Value {
    json!({"id": network("networkSecurityGroups", name), "properties": {"securityRules": rules}})
}

/// A machine with an address outside, guarded by the groups of its interface and of its subnet.
fn machine(of_interface: Option<&str>, of_subnet: Option<&str>) -> Vec<Value> {
    let guard = |name: Option<&str>| name.map(|name| json!({"id": network("networkSecurityGroups", name)}));
    let subnet = format!("{}/subnets/a", network("virtualNetworks", "v"));
    vec![
        json!({"id": at("Microsoft.Compute/virtualMachines", "vm"), "identity": {"principalId": "robot"}}),
        json!({"id": network("publicIPAddresses", "ip"), "sku": {"name": "Standard"}}),
        json!({"id": network("virtualNetworks", "v"), "properties": {"subnets": [
            {"id": subnet, "properties": {"networkSecurityGroup": guard(of_subnet)}}]}}),
        json!({"id": network("networkInterfaces", "nic"), "properties": {"networkSecurityGroup": guard(of_interface),
            "virtualMachine": {"id": at("Microsoft.Compute/virtualMachines", "VM")},
            "ipConfigurations": [{"id": format!("{}/ipConfigurations/c", network("networkInterfaces", "nic")), "properties": {
                "privateIPAddress": "10.0.0.4", "subnet": {"id": subnet},
                "publicIPAddress": {"id": network("publicIPAddresses", "ip")},
                "loadBalancerBackendAddressPools": [{"id": "/pools/p"}]}}]}}),
    ]
}

fn with(mut records: Vec<Value>, more: &[Value]) -> Value {
    records.extend_from_slice(more);
    json!(records)
}

const OPEN: [&str; 1] = ["Internet RemoteLogin vm"];

#[test]
fn a_machine_is_open_where_both_groups_let_everybody_in() {
    let ssh = group("ssh", &[rule(100, "Allow", "*", "22")]);
    let far =
        group("far", &[rule(100, "Allow", "198.51.100.0/24", "22"), rule(200, "Allow", "Internet", "443")]);
    assert_eq!(open(with(machine(Some("ssh"), None), std::slice::from_ref(&ssh))), OPEN);
    assert_eq!(open(with(machine(Some("ssh"), Some("ssh")), std::slice::from_ref(&ssh))), OPEN);
    assert!(open(with(machine(Some("ssh"), Some("far")), &[ssh.clone(), far.clone()])).is_empty());
    assert!(
        open(with(machine(Some("far"), None), &[far])).is_empty(),
        "one office, and a port by which nobody runs it"
    );
    assert!(
        open(json!(machine(None, None))).is_empty(),
        "a standard address lets nothing in without a group"
    );
    assert!(open(json!(machine(Some("untold"), None))).is_empty());
    let basic = json!({"id": network("publicIPAddresses", "ip"), "sku": {"name": "Basic"}});
    assert_eq!(open(with(machine(None, None), &[basic])), OPEN);
}

#[test]
fn the_first_rule_that_fits_decides() {
    let open_by = |rules: &[Value]| !open(with(machine(Some("g"), None), &[group("g", rules)])).is_empty();
    let (all, deny) = (rule(300, "Allow", "Internet", "20-22"), |from| rule(200, "Deny", from, "22"));
    assert!(open_by(std::slice::from_ref(&all)));
    assert!(!open_by(&[all.clone(), deny("*")]));
    assert!(open_by(&[all.clone(), deny("203.0.113.0/24")]), "a denial of some leaves the others");
    assert!(open_by(&[rule(100, "Allow", "0.0.0.0/1", "22"), deny("*")]), "half of everything is everything");
    assert!(!open_by(&[rule(300, "Allow", "10.0.0.0/8", "22")]), "nobody else's");
    let elsewhere = |to: &str| {
        let mut rule = rule(100, "Allow", "*", "22");
        rule["properties"]["destinationAddressPrefix"] = json!(to);
        rule
    };
    assert!(open_by(&[elsewhere("10.0.0.0/24")]) && !open_by(&[elsewhere("10.9.0.0/24")]));
    let mut out = rule(100, "Allow", "*", "22");
    out["properties"]["direction"] = json!("Outbound");
    assert!(!open_by(&[out]));
}

#[test]
fn a_balancer_passes_on_what_the_machines_behind_it_let_in() {
    let front = json!({"id": "/fronts/f", "properties": {"publicIPAddress": {"id": network("publicIPAddresses", "front")}}});
    let balancer = |port: u16, rule: &str| {
        json!({"id": network("loadBalancers", "lb"), "properties": {"frontendIPConfigurations": [front], rule: [
            {"id": "/rules/r", "properties": {"protocol": "Tcp", "frontendPort": 2222, "backendPort": port,
                "frontendIPConfiguration": {"id": "/fronts/f"}, "backendAddressPool": {"id": "/pools/P"}}}]}})
    };
    let behind = |balancer: Value, rules: &[Value]| {
        let mut inside = machine(Some("g"), None);
        inside[3]["properties"]["ipConfigurations"][0]["properties"]
            .as_object_mut()
            .unwrap()
            .remove("publicIPAddress");
        let address = json!({"id": network("publicIPAddresses", "front"), "sku": {"name": "Standard"}});
        open(with(inside, &[balancer, address, group("g", rules)]))
    };
    let ssh = rule(100, "Allow", "Internet", "22");
    let both = ["Internet ExposedTo lb", "lb RemoteLogin vm"];
    assert_eq!(behind(balancer(22, "loadBalancingRules"), std::slice::from_ref(&ssh)), both);
    assert_eq!(behind(balancer(22, "inboundNatRules"), std::slice::from_ref(&ssh)), both);
    assert_eq!(behind(balancer(443, "loadBalancingRules"), &[ssh]), both[..1]);
    assert_eq!(behind(balancer(22, "loadBalancingRules"), &[]), both[..1]);
}

const API: &str = "https://www.googleapis.com/compute/v1/projects/shop";

fn instance(outside: bool) -> Value {
    let address =
        if outside { json!([{"type": "ONE_TO_ONE_NAT", "natIP": "203.0.113.4"}]) } else { json!([]) };
    json!({"name": "vm", "machineType": "m", "selfLink": format!("{API}/zones/z/instances/vm"), "tags": {"items": ["web"]},
        "networkInterfaces": [{"network": format!("{API}/global/networks/n"), "networkIP": "10.0.0.2", "accessConfigs": address}]})
}

fn firewall(name: &str, told: Value) -> Value {
    let mut rule = json!({"kind": "compute#firewall", "name": name, "selfLink": format!("{API}/global/firewalls/{name}"),
        "network": format!("{API}/global/networks/n"), "direction": "INGRESS"});
    rule.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
    rule
}

fn tcp(ports: &[&str]) -> Value {
    json!([{"IPProtocol": "tcp", "ports": ports}])
}

#[test]
fn an_instance_is_open_as_far_as_the_firewall_of_its_network_lets_everybody_in() {
    let open_by = |rules: Value| !open(with(vec![instance(true)], rules.as_array().unwrap())).is_empty();
    let ssh = firewall("ssh", json!({"allowed": tcp(&["22"]), "sourceRanges": ["0.0.0.0/0"]}));
    assert!(open_by(json!([ssh])));
    assert!(open(json!([instance(false), ssh])).is_empty(), "no address outside");
    assert!(open(json!([instance(true)])).is_empty(), "nothing comes in without a rule");
    let with_rule = |told: Value| {
        let mut rule = json!({"allowed": tcp(&["20-30"]), "sourceRanges": ["0.0.0.0/0"]});
        rule.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
        open_by(json!([firewall("r", rule)]))
    };
    assert!(with_rule(json!({"targetTags": ["web"]})) && !with_rule(json!({"targetTags": ["db"]})));
    assert!(!with_rule(json!({"disabled": true})) && !with_rule(json!({"direction": "EGRESS"})));
    assert!(
        !with_rule(json!({"sourceRanges": ["198.51.100.0/24"]}))
            && !with_rule(json!({"allowed": tcp(&["443"])}))
    );
    assert!(!with_rule(json!({"sourceRanges": [], "sourceTags": ["bastion"]})));
    assert!(
        with_rule(json!({"allowed": [{"IPProtocol": "all"}]}))
            && !with_rule(json!({"allowed": [{"IPProtocol": "icmp"}]}))
    );
    assert!(!with_rule(json!({"network": format!("{API}/global/networks/other")})));
    let denied = |priority: u32| {
        firewall("deny", json!({"denied": tcp(&["22"]), "priority": priority, "sourceRanges": ["0.0.0.0/0"]}))
    };
    assert!(
        open_by(json!([ssh, denied(1001)])) && !open_by(json!([ssh, denied(1000)])),
        "a denial before a permission"
    );
}

#[test]
fn a_forwarding_rule_passes_on_what_the_instances_behind_it_let_in() {
    let rule = |scheme: &str, ports: &str| {
        json!({"name": "f", "selfLink": format!("{API}/regions/r/forwardingRules/f"), "IPAddress": "203.0.113.9",
            "loadBalancingScheme": scheme, "portRange": ports, "target": format!("{API}/regions/r/targetPools/p")})
    };
    let pool = json!({"name": "p", "selfLink": format!("{API}/regions/r/targetPools/p"),
        "instances": [format!("{API}/zones/z/instances/vm")]});
    let ssh = firewall("ssh", json!({"allowed": tcp(&["22"])}));
    let both = ["Internet ExposedTo f", "f RemoteLogin vm"];
    assert_eq!(open(json!([instance(false), pool, ssh, rule("EXTERNAL", "1-100")])), both);
    assert_eq!(open(json!([instance(false), pool, ssh, rule("EXTERNAL", "80-80")])), both[..1]);
    assert!(open(json!([instance(false), pool, ssh, rule("INTERNAL", "1-100")])).is_empty());
    let asset = json!({"assetType": "compute.googleapis.com/ForwardingRule", "name": "//compute.googleapis.com/projects/shop/f",
        "resource": {"data": rule("EXTERNAL", "22")}});
    assert_eq!(open(json!([instance(false), pool, ssh, asset])), both, "so it is in the inventory of assets");
}
