//! The same of Terraform.

use super::{ACCOUNT, Estate, reading};
use homeostat_graph::PlanStage;
use serde_json::{Value, json};

#[test]
fn what_a_plan_joins_is_reached_before_it_is_made() {
    let reached = |accepts: bool, back: bool| {
        let known = |kind: &str, name: &str, values: Value| {
            json!({"address": format!("{kind}.{name}"), "mode": "managed",
            "type": kind, "name": name, "values": values})
        };
        let machine = |id: &str, subnet: &str, group: &str| {
            known(
                "aws_instance",
                id,
                json!({"id": id, "subnet_id": subnet,
            "arn": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{id}"), "vpc_security_group_ids": [group]}),
            )
        };
        let subnet = |id: &str, network: &str, range: &str| {
            known("aws_subnet", id, json!({"id": id, "vpc_id": network, "cidr_block": range}))
        };
        let rule = json!({"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["10.1.0.0/16"]});
        let route = |name: &str, range: &str| {
            known(
                "aws_route",
                name,
                json!({"destination_cidr_block": range,
            "route_table_id": format!("rtb-of-{name}")}),
            )
        };
        let follow = |name: &str, subnet: &str| {
            known(
                "aws_route_table_association",
                name,
                json!({"subnet_id": subnet, "route_table_id": format!("rtb-of-{name}")}),
            )
        };
        let mut all = vec![
            known("aws_security_group", "web", json!({"id": "sg-web", "egress": [], "ingress": []})),
            known(
                "aws_security_group_rule",
                "out",
                json!({"security_group_id": "sg-web", "type": "egress", "from_port": 22,
                "to_port": 22, "protocol": "tcp", "cidr_blocks": ["10.2.0.0/16"]}),
            ),
            known("aws_security_group", "db", json!({"id": "sg-db", "egress": [], "ingress": [rule]})),
            machine("i-web", "subnet-1", "sg-web"),
            machine("i-db", "subnet-2", "sg-db"),
            subnet("subnet-1", "vpc-1", "10.1.1.0/24"),
            subnet("subnet-2", "vpc-2", "10.2.2.0/24"),
            follow("there", "subnet-1"),
            follow("back", "subnet-2"),
            route("there", "10.2.0.0/16"),
            known(
                "aws_vpc_peering_connection",
                "both",
                json!({"vpc_id": "vpc-1", "peer_vpc_id": "vpc-2",
                "auto_accept": accepts}),
            ),
        ];
        all.extend(back.then(|| route("back", "10.1.0.0/16")));
        let refers = |name: &str| {
            json!({"address": format!("aws_route.{name}"), "expressions": {
            "vpc_peering_connection_id": {"references": ["aws_vpc_peering_connection.both"]}}})
        };
        let plan = json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": all}},
            "configuration": {"root_module": {"resources": [refers("there"), refers("back")]}}});
        let mut estate = Estate::default();
        let planned = PlanStage::Planned;
        let touched = estate.inventory.read_terraform(&plan, planned, &reading("plan", 1)).unwrap();
        estate.graph.update(&estate.inventory, &touched);
        estate.gets("i-web", "i-db")
    };
    assert!(reached(true, true));
    assert!(!reached(false, true) && !reached(true, false));
}

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
        let planned = PlanStage::Planned;
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
