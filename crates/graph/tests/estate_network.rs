//! What is reached from inside: the sender's rules for outgoing packets, lists of addresses, and ways between networks.
//! Documents are as the programs of AWS print them.
#![cfg(test)]
#![cfg(feature = "documents")]

use homeostat_core::Timestamp;
use homeostat_graph::{Edge, Graph, Inventory, Reading};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ACCOUNT: &str = "111122223333";

/// A machine as `describe-instances` tells it.
fn instance((id, network, subnet): (&str, &str, &str), address: &str, groups: &[&str]) -> Value {
    let groups: Vec<Value> =
        groups.iter().map(|id| json!({"GroupId": id, "GroupName": format!("name-of-{id}")})).collect();
    json!({
        "InstanceId": id, "ImageId": "ami-0abcdef1234567890", "InstanceType": "t3.micro", "EbsOptimized": false,
        "LaunchTime": "2026-03-02T08:15:30+00:00", "Monitoring": {"State": "disabled"},
        "Placement": {"AvailabilityZone": "eu-west-1a", "GroupName": "", "Tenancy": "default"},
        "PrivateIpAddress": address, "PublicDnsName": "", "State": {"Code": 16, "Name": "running"},
        "SubnetId": subnet, "VpcId": network, "SecurityGroups": groups, "SourceDestCheck": true,
        "NetworkInterfaces": [{"NetworkInterfaceId": format!("eni-of-{id}"), "SubnetId": subnet, "VpcId": network,
            "Groups": groups, "PrivateIpAddress": address, "Ipv6Addresses": [], "Status": "in-use"}]})
}

fn instances(all: &[Value]) -> Value {
    json!({"Reservations": [{"ReservationId": "r-1", "OwnerId": ACCOUNT, "Groups": [], "Instances": all}]})
}

/// A permission for one port, or for everything at port 0.
fn permission(port: u16, to: &str) -> Value {
    let (mut ranges, mut groups, mut lists) = (Vec::new(), Vec::new(), Vec::new());
    match to {
        list if list.starts_with("pl-") => lists.push(json!({"PrefixListId": list, "Description": "told"})),
        group if group.starts_with("sg-") => groups.push(json!({"GroupId": group, "UserId": ACCOUNT})),
        range => ranges.push(json!({"CidrIp": range})),
    }
    let mut one = json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges,
        "Ipv6Ranges": [], "PrefixListIds": lists, "UserIdGroupPairs": groups});
    if port == 0 {
        let fields = one.as_object_mut().unwrap();
        fields.insert("IpProtocol".to_owned(), json!("-1"));
        fields.retain(|name, _| name != "FromPort" && name != "ToPort");
    }
    one
}

/// A group as `describe-security-groups` tells it; without `outward` its rules for outgoing packets were left out.
fn group((id, network): (&str, &str), inward: &[Value], outward: Option<&[Value]>) -> Value {
    let mut one = json!({"GroupId": id, "GroupName": format!("name-of-{id}"), "Description": "told",
        "OwnerId": ACCOUNT, "VpcId": network, "IpPermissions": inward});
    if let Some(outward) = outward {
        one["IpPermissionsEgress"] = json!(outward);
    }
    one
}

fn subnet(id: &str, network: &str, range: &str) -> Value {
    json!({"SubnetId": id, "VpcId": network, "CidrBlock": range, "AvailabilityZone": "eu-west-1a", "State": "available",
        "Ipv6CidrBlockAssociationSet": [], "MapPublicIpOnLaunch": false, "OwnerId": ACCOUNT})
}

/// A list as `describe-managed-prefix-lists` tells it.
fn prefix_list(id: &str, state: &str) -> Value {
    json!({"PrefixListId": id, "AddressFamily": "IPv4", "State": state, "PrefixListName": format!("name-of-{id}"),
        "PrefixListArn": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:prefix-list/{id}"), "MaxEntries": 10, "Version": 1,
        "Tags": [], "OwnerId": ACCOUNT})
}

/// Its entries as `get-managed-prefix-list-entries` tells them, with the list's id added.
fn entries(id: &str, ranges: &[&str]) -> Value {
    let entries: Vec<Value> =
        ranges.iter().map(|range| json!({"Cidr": range, "Description": "told"})).collect();
    json!({"PrefixListId": id, "Entries": entries})
}

fn reading(name: &str, at: i64) -> Reading {
    let mut reading = Reading::default().named(name);
    reading.at = Timestamp::from_micros(at);
    reading
}

/// An estate that is read document after document, its graph kept beside.
#[derive(Default)]
struct Estate {
    inventory: Inventory,
    graph: Graph,
    read: i64,
}

impl Estate {
    fn of(documents: &[Value]) -> Self {
        let mut estate = Self::default();
        for document in documents {
            estate.read(document);
        }
        estate
    }

    #[track_caller]
    fn read(&mut self, document: &Value) {
        self.read += 1;
        let touched = self.inventory.read_document(document, &reading("told", self.read)).unwrap();
        self.graph.update(&self.inventory, &touched);
        assert_eq!(self.graph.edges(), Graph::build(&self.inventory).edges());
    }

    /// What is reached from a machine over the network, by rule and machine.
    fn reached(&self, from: &str) -> BTreeSet<(String, String)> {
        let edges = self.graph.edges();
        let is = |value: &str| value.ends_with(&format!("instance/{from}"));
        let places: BTreeSet<&str> = edges
            .iter()
            .filter(|edge| is(edge.from.value()) && &*edge.rule == "lies in it")
            .map(|edge| edge.to.value())
            .collect();
        let from_places = edges.iter().filter(|edge| places.contains(edge.from.value()));
        let all = from_places.filter(|edge| !is(edge.to.value()));
        all.map(|edge| (edge.rule.to_string(), edge.to.value().rsplit('/').next().unwrap().to_owned()))
            .collect()
    }

    fn gets(&self, from: &str, to: &str) -> bool {
        self.reached(from).iter().any(|(_, reached)| reached == to)
    }
}

/// Two machines in one network: `i-db` lets SSH in from the group of `i-web`, and from the range of its subnet.
fn two_machines(web_groups: &[&str]) -> Vec<Value> {
    vec![
        instances(&[
            instance(("i-web", "vpc-1", "subnet-1"), "10.0.1.5", web_groups),
            instance(("i-db", "vpc-1", "subnet-2"), "10.0.2.5", &["sg-db"]),
        ]),
        json!({"Subnets": [subnet("subnet-1", "vpc-1", "10.0.1.0/24"), subnet("subnet-2", "vpc-1", "10.0.2.0/24")]}),
    ]
}

#[test]
fn a_machine_gets_where_its_groups_let_out() {
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    for source in ["sg-web", "10.0.1.0/24"] {
        let mut reaches = |outward: Option<&[Value]>| {
            estate.read(&json!({"SecurityGroups": [
                group(("sg-web", "vpc-1"), &[], outward),
                group(("sg-db", "vpc-1"), &[permission(22, source)], Some(&[]))]}));
            estate.gets("i-web", "i-db")
        };
        assert!(reaches(None), "not told, {source}");
        assert!(reaches(Some(&[permission(0, "0.0.0.0/0")])), "all, {source}");
        assert!(!reaches(Some(&[])), "nothing, {source}");
        assert!(!reaches(None), "what was told once is known, {source}");
        assert!(!reaches(Some(&[permission(443, "0.0.0.0/0")])), "another port, {source}");
        assert!(reaches(Some(&[permission(22, "sg-db")])), "that group, {source}");
        assert!(!reaches(Some(&[permission(22, "sg-other")])), "another group, {source}");
        assert!(reaches(Some(&[permission(0, "10.0.0.0/16")])), "that range, {source}");
        assert!(!reaches(Some(&[permission(22, "10.0.3.0/24")])), "another range, {source}");
        assert!(
            reaches(Some(&[permission(443, "0.0.0.0/0"), permission(22, "10.0.2.5/32")])),
            "two, {source}"
        );
        // Told again without the list: for the next source all starts anew.
        estate = Estate::of(&two_machines(&["sg-web"]));
    }
}

#[test]
fn any_group_of_the_sender_lets_out_and_says_so() {
    let groups = json!({"SecurityGroups": [
        group(("sg-web", "vpc-1"), &[], Some(&[])),
        group(("sg-out", "vpc-1"), &[], Some(&[permission(22, "sg-db")])),
        group(("sg-db", "vpc-1"), &[permission(22, "sg-web"), permission(22, "10.0.0.0/8")], Some(&[]))]});
    let mut estate = Estate::of(&two_machines(&["sg-web", "sg-out"]));
    estate.read(&groups);
    assert_eq!(estate.reached("i-web"), [("SSH on port 22".to_owned(), "i-db".to_owned())].into());
    let edges = estate.graph.edges();
    let ours = |edge: &&&Edge| edge.from.scope() == "aws/senders";
    let login = edges.iter().find(ours).unwrap();
    let told = "a security group of the sender lets `tcp 22-22 sg-db` out";
    assert!(login.because.iter().any(|why| why == told), "{:?}", login.because);
    assert_eq!((&*login.rule, login.from.value()), ("SSH on port 22", "sg-out+sg-web in subnet-1"));
    assert!(!edges.iter().any(|edge| edge.from.value() == "sg-web"), "nothing of the group itself gets out");
    // One that is in the first group alone stands in the same subnet, and gets nowhere.
    estate.read(&instances(&[instance(("i-shut", "vpc-1", "subnet-1"), "10.0.1.6", &["sg-web"])]));
    assert!(!estate.gets("i-shut", "i-db") && estate.gets("i-web", "i-db"));
    // One whose group nobody told is not held back.
    estate.read(&instances(&[instance(
        ("i-odd", "vpc-1", "subnet-1"),
        "10.0.1.7",
        &["sg-web", "sg-untold"],
    )]));
    assert!(estate.gets("i-odd", "i-db"));
}

#[test]
fn machines_that_are_alike_start_together() {
    let mut estate = Estate::default();
    let all: Vec<Value> = (0..20)
        .map(|at| instance((&format!("i-{at}"), "vpc-1", "subnet-1"), &format!("10.0.1.{at}"), &["sg-web"]))
        .chain([instance(("i-db", "vpc-1", "subnet-2"), "10.0.2.5", &["sg-db"])])
        .collect();
    estate.read(&instances(&all));
    estate.read(&two_machines(&["sg-web"])[1]);
    estate
        .read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], Some(&[permission(22, "sg-db")])),
        group(("sg-db", "vpc-1"), &[permission(22, "10.0.0.0/8")], None)]}));
    let edges = estate.graph.edges();
    let logins = |edges: &[&Edge]| edges.iter().filter(|edge| &*edge.rule == "SSH on port 22").count();
    assert_eq!(logins(&edges), 3, "from the crowd, and from the two subnets, in which others may stand");
    assert!((0..20).all(|at| estate.gets(&format!("i-{at}"), "i-db")));
}

#[test]
fn a_balancer_passes_on_what_its_groups_let_out() {
    let balancer =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188";
    let targets = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/front/73e2d6bc24d8a067";
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    estate.read(&json!({"LoadBalancers": [{"LoadBalancerArn": balancer, "Scheme": "internet-facing", "Type": "application",
        "State": {"Code": "active"}, "SecurityGroups": ["sg-front"], "VpcId": "vpc-1",
        "AvailabilityZones": [{"ZoneName": "eu-west-1a", "SubnetId": "subnet-1"}]}]}));
    estate.read(&json!({"TargetGroups": [{"TargetGroupArn": targets, "Port": 8080, "Protocol": "HTTP", "VpcId": "vpc-1",
        "LoadBalancerArns": [balancer]}]}));
    estate.read(&json!({"TargetGroupArn": targets, "TargetHealthDescriptions": [{"Target": {"Id": "i-web", "Port": 8080},
        "HealthCheckPort": "8080", "TargetHealth": {"State": "healthy"}}]}));
    estate
        .read(&json!({"vulnerabilities": [{"asset": "i-web", "cve": "CVE-2099-1", "epss": 0.5, "port": 8080,
        "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}));
    let mut passes = |outward: Option<&[Value]>| {
        estate.read(
            &json!({"SecurityGroups": [group(("sg-front", "vpc-1"), &[permission(443, "0.0.0.0/0")], outward),
            group(("sg-web", "vpc-1"), &[permission(8080, "sg-front")], Some(&[]))]}),
        );
        let edges = estate.graph.edges();
        edges.iter().any(|edge| edge.from.value() == balancer && edge.to.value().ends_with("i-web"))
    };
    assert!(passes(None));
    assert!(passes(Some(&[permission(8080, "sg-web")])));
    assert!(!passes(Some(&[permission(9090, "sg-web")])));
    assert!(!passes(Some(&[])));
}

#[test]
fn a_list_lets_in_what_its_entries_say_and_nothing_before_they_are_told() {
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    estate.read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], None),
        group(("sg-db", "vpc-1"), &[permission(22, "pl-1")], None)]}));
    let state = |estate: &Estate| (estate.gets("i-web", "i-db"), estate.graph.stats().untold_lists);
    assert_eq!(state(&estate), (false, 1), "nobody told the list");
    estate.read(&json!({"PrefixLists": [prefix_list("pl-1", "create-complete")]}));
    assert_eq!(state(&estate), (false, 1), "nor its entries");
    estate.read(&entries("pl-1", &["10.0.1.0/28", "192.0.2.0/24"]));
    assert_eq!(state(&estate), (true, 0));
    let login =
        "a security group of `arn:aws:ec2:eu-west-1:111122223333:instance/i-db` lets `tcp 22-22 pl-1` in";
    assert!(estate.graph.edges().iter().any(|edge| edge.because.iter().any(|why| why == login)));
    estate.read(&entries("pl-1", &["192.0.2.0/24"]));
    assert_eq!(state(&estate), (false, 0), "an entry was taken");
    estate.read(&entries("pl-1", &["10.0.1.5/32", "not a range"]));
    assert_eq!(state(&estate), (true, 0));
    estate.read(&json!([prefix_list("pl-1", "delete-complete")]));
    assert_eq!(state(&estate), (false, 1), "the list is gone, the rule is not");
    estate.read(
        &json!({"SecurityGroups": [group(("sg-db", "vpc-1"), &[permission(22, "10.0.1.0/24")], None)]}),
    );
    assert_eq!(state(&estate), (true, 0), "the rule is another");
}

#[test]
fn a_list_lets_out_what_its_entries_say() {
    let mut estate = Estate::of(&two_machines(&["sg-web"]));
    estate.read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[], Some(&[permission(22, "pl-1")])),
        group(("sg-db", "vpc-1"), &[permission(22, "sg-web")], Some(&[]))]}));
    assert_eq!((estate.gets("i-web", "i-db"), estate.graph.stats().untold_lists), (false, 1));
    estate.read(&entries("pl-1", &["10.0.2.0/24"]));
    assert_eq!((estate.gets("i-web", "i-db"), estate.graph.stats().untold_lists), (true, 0));
    estate.read(&entries("pl-1", &["10.0.3.0/24"]));
    assert!(!estate.gets("i-web", "i-db"));
    estate.read(&entries("pl-1", &[]));
    assert!(!estate.gets("i-web", "i-db"));
    estate.read(
        &json!({"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.eu-west-1.s3",
        "Cidrs": ["10.0.2.0/25"]}]}),
    );
    assert!(estate.gets("i-web", "i-db"), "a service's list comes with its ranges");
}

#[test]
fn the_internet_comes_in_by_a_list_of_everything() {
    let mut open = instance(("i-web", "vpc-1", "subnet-1"), "10.0.1.5", &["sg-web"]);
    open["PublicIpAddress"] = json!("203.0.113.9");
    let mut estate = Estate::of(&[instances(&[open]), two_machines(&[])[1].clone()]);
    estate.read(&json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "OwnerId": ACCOUNT,
        "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-1", "RouteTableId": "rtb-1"}],
        "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"}]}]}));
    estate
        .read(&json!({"SecurityGroups": [group(("sg-web", "vpc-1"), &[permission(22, "pl-1")], Some(&[]))]}));
    let mut open = |ranges: &[&str]| {
        estate.read(&entries("pl-1", ranges));
        estate.graph.edges().iter().any(|edge| edge.from.value() == "Internet")
    };
    assert!(!open(&["203.0.113.0/24"]));
    assert!(open(&["203.0.113.0/24", "0.0.0.0/1", "128.0.0.0/1"]));
}

/// The documents of two networks; each choice is one of up to four states of a fact.
fn documents(choices: &[usize]) -> Vec<(&'static str, Value)> {
    let pick = |at: usize, all: &[Value]| all[choices[at] % all.len()].clone();
    let outward = [
        json!([permission(0, "0.0.0.0/0")]),
        json!([]),
        json!([permission(22, "sg-db")]),
        json!([permission(22, "pl-1"), permission(443, "0.0.0.0/0")]),
    ];
    let mut web = group(("sg-web", "vpc-1"), &[permission(22, "sg-db")], Some(&[]));
    web["IpPermissionsEgress"] = pick(0, &outward);
    let mut out = group(("sg-out", "vpc-1"), &[], Some(&[]));
    out["IpPermissionsEgress"] = pick(1, &outward);
    let source = pick(2, &[json!("sg-web"), json!("10.0.1.0/24"), json!("sg-out"), json!("pl-1")]);
    let db = group(("sg-db", "vpc-1"), &[permission(22, source.as_str().unwrap())], Some(&[]));
    let groups = [&["sg-web"][..], &["sg-web", "sg-out"], &["sg-out"], &["sg-web", "sg-untold"]][choices[3]];
    vec![
        (
            "instances",
            instances(&[
                instance(("i-web", "vpc-1", "subnet-1"), "10.0.1.5", groups),
                instance(("i-also", "vpc-1", "subnet-1"), "10.0.1.6", &["sg-web"]),
                instance(("i-db", "vpc-1", "subnet-2"), "10.0.2.5", &["sg-db"]),
            ]),
        ),
        ("subnets", two_machines(&[])[1].clone()),
        ("groups", json!({"SecurityGroups": [web, out, db]})),
        ("lists", json!({"PrefixLists": [prefix_list("pl-1", "create-complete")]})),
        (
            "entries",
            entries("pl-1", [&["10.0.1.0/24"][..], &["10.0.2.0/24"], &["10.0.0.0/16"], &[]][choices[4]]),
        ),
    ]
}

fn choices() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..4, 5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_means_nothing_and_reading_again_is_reading_anew(
        first in choices(), second in choices(), order in any::<prop::sample::Index>(),
    ) {
        let (mut inventory, mut graph) = (Inventory::default(), Graph::default());
        let turn = order.index(documents(&first).len());
        for (at, choices) in [(1, &first), (2, &second)] {
            let mut all = documents(choices);
            all.rotate_left(turn);
            for (name, whole) in all {
                let touched = inventory.read_document(&whole, &reading(name, at)).unwrap();
                graph.update(&inventory, &touched);
                let anew = Graph::build(&inventory);
                prop_assert_eq!(graph.edges(), anew.edges(), "after {}", name);
            }
        }
        let mut only = Inventory::default();
        for (name, whole) in documents(&second) {
            only.read_document(&whole, &reading(name, 2)).unwrap();
        }
        prop_assert_eq!(bare(&graph), bare(&Graph::build(&only)));
    }
}

/// Edges without where they come from: what was told twice rests on what told it first.
fn bare(graph: &Graph) -> Vec<Edge> {
    let edges = graph.edges().into_iter().cloned();
    edges.map(|edge| Edge { evidence: Vec::new(), ..edge }).collect()
}

#[cfg(feature = "terraform")]
#[test]
fn what_terraform_says_that_a_group_lets_out_holds() {
    let resource = |kind: &str, name: &str, values: Value| {
        json!({"address": format!("{kind}.{name}"), "mode": "managed",
        "type": kind, "name": name, "values": values})
    };
    let machine = |id: &str, subnet: &str, group: &str| {
        resource(
            "aws_instance",
            id,
            json!({"id": id, "arn": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{id}"),
            "subnet_id": subnet, "vpc_security_group_ids": [group]}),
        )
    };
    let side = |port: u16, groups: &[&str]| {
        json!({"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": [],
        "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": groups, "self": false})
    };
    let reached = |outward: Option<Value>, rules: &[Value]| {
        let mut web = json!({"id": "sg-web", "vpc_id": "vpc-1", "ingress": []});
        if let Some(outward) = outward {
            web["egress"] = outward;
        }
        let mut all = vec![
            resource("aws_security_group", "web", web),
            resource(
                "aws_security_group",
                "db",
                json!({"id": "sg-db", "vpc_id": "vpc-1", "ingress": [side(22, &["sg-web"])],
                "egress": []}),
            ),
            machine("i-web", "subnet-1", "sg-web"),
            machine("i-db", "subnet-2", "sg-db"),
        ];
        all.extend(rules.iter().cloned());
        let state = json!({"format_version": "1.0", "values": {"root_module": {"resources": all}}});
        let mut estate = Estate::default();
        let planned = homeostat_graph::PlanStage::Planned;
        let touched = estate.inventory.read_terraform(&state, planned, &reading("state", 1)).unwrap();
        estate.graph.update(&estate.inventory, &touched);
        estate.gets("i-web", "i-db")
    };
    assert!(reached(None, &[]), "not known before it is made");
    assert!(!reached(Some(json!([])), &[]));
    assert!(reached(Some(json!([side(22, &["sg-db"])])), &[]));
    assert!(!reached(Some(json!([side(443, &["sg-db"])])), &[]));
    let rule = |port: u16| {
        let values = json!({"security_group_id": "sg-web", "ip_protocol": "tcp", "from_port": port, "to_port": port,
            "referenced_security_group_id": "sg-db"});
        resource("aws_vpc_security_group_egress_rule", "out", values)
    };
    assert!(reached(None, &[rule(22)]) && !reached(None, &[rule(443)]));
}
