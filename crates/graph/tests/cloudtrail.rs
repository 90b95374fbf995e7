//! What CloudTrail shows becomes changes; a tenant known from its log alone has a graph.
#![cfg(test)]
#![cfg(feature = "event")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

mod support;

use homeostat_core::{EventRef, JsonText, Outcome, Timestamp};
use homeostat_event::{Account, Actor, Api, Cloud, Event, Head, NetworkEndpoint, Product, Service, User};
use homeostat_graph::{Change, EventFault, Graph, Inventory, LinkKind, Op, PolicySlot};
use serde_json::{Value, json};
use support::{ACCOUNT, key, statement, tenant};

fn event(action: &str, parameters: &Value) -> Event {
    let head = Head::new(3, Timestamp::from_micros(1_000_000), Product::new("AWS", "CloudTrail"));
    let mut api = Api::new(action);
    api.set_service(Service::named("iam.amazonaws.com"));
    let mut event = Event::api_activity(
        head,
        Actor::of_user(User::named("ops")),
        api,
        NetworkEndpoint::of_ip("192.0.2.7"),
    );
    let mut cloud = Cloud::new("AWS");
    cloud.set_account(Account::of_uid(ACCOUNT));
    cloud.set_region("eu-west-1");
    event.set_cloud(cloud).set_outcome(Outcome::Success, None).set_tenant(&tenant());
    event.set_reference(&EventRef::new("cloudtrail.json", 7).unwrap());
    event.keep("requestParameters", &JsonText::new(parameters.to_string()));
    event
}

/// An event of another service, with what it answered.
fn event_of(service: &str, action: &str, [asked, answered]: [&Value; 2]) -> Event {
    let mut event = event(action, asked);
    let mut api = Api::new(action);
    api.set_service(Service::named(service));
    event.set_api(api);
    event.keep("responseElements", &JsonText::new(answered.to_string()));
    event
}

fn changes(action: &str, parameters: Value) -> Vec<Op> {
    let changes = Change::from_event(&event(action, &parameters)).unwrap();
    assert!(changes.iter().all(|change| change.evidence.to_string() == "cloudtrail#7"), "{changes:?}");
    changes.into_iter().map(|change| change.op).collect()
}

#[track_caller]
fn check(action: &str, parameters: Value, expected: Vec<Op>) {
    let found = changes(action, parameters);
    assert!(found == expected, "{action}: {found:?}");
}

fn all() -> String {
    statement("Allow", "*", "*").to_string()
}

#[test]
fn calls_change_what_they_say() {
    let jane = || key("user/jane");
    let inline =
        |object, document| Op::PutPolicy { object, slot: PolicySlot::Inline("p".to_owned()), document };
    check(
        "PutUserPolicy",
        json!({"userName": "jane", "policyName": "p", "policyDocument": all()}),
        vec![inline(jane(), all())],
    );
    check(
        "DeleteRolePolicy",
        json!({"roleName": "app", "policyName": "p"}),
        vec![Op::RemovePolicy { object: key("role/app"), slot: PolicySlot::Inline("p".to_owned()) }],
    );
    check(
        "AttachUserPolicy",
        json!({"userName": "jane", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        vec![Op::Link {
            from: jane(),
            kind: LinkKind::Attached,
            to: key("arn:aws:iam::aws:policy/AdministratorAccess"),
        }],
    );
    check(
        "RemoveUserFromGroup",
        json!({"userName": "jane", "groupName": "g"}),
        vec![Op::Unlink { from: jane(), kind: LinkKind::MemberOf, to: key("group/g") }],
    );
    check(
        "UpdateAssumeRolePolicy",
        json!({"roleName": "app", "policyDocument": all()}),
        vec![Op::PutPolicy { object: key("role/app"), slot: PolicySlot::Trust, document: all() }],
    );
    check(
        "PutRolePermissionsBoundary",
        json!({"roleName": "app", "permissionsBoundary": "arn:aws:iam::1:policy/b"}),
        vec![Op::Put {
            object: key("role/app"),
            kind: None,
            attributes: [("permissions_boundary".to_owned(), "arn:aws:iam::1:policy/b".to_owned())].into(),
        }],
    );
    check("DeleteUser", json!({"userName": "jane"}), vec![Op::Remove { object: jane() }]);
    check("ListUsers", json!({}), vec![]);
}

#[test]
fn what_is_not_told_is_stale() {
    check("PutUserPolicy", json!({"userName": "jane"}), vec![Op::Stale { object: key("user/jane") }]);
    check(
        "PutUserPolicy",
        json!({"userName": "jane", "policyName": "p", "policyDocument": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
        vec![Op::Stale { object: key("user/jane") }],
    );
    check(
        "UpdateUser",
        json!({"userName": "jane", "newUserName": "joan"}),
        vec![Op::Stale { object: key("user/jane") }],
    );
    let nobody = changes("PutUserPolicy", json!(null));
    assert!(matches!(&nobody[..], [Op::Stale { object }] if object.value() == ACCOUNT), "{nobody:?}");
}

#[test]
fn refused_calls_change_nothing_and_faults_are_named() {
    let parameters = json!({"userName": "jane", "policyName": "p", "policyDocument": all()});
    let mut refused = event("PutUserPolicy", &parameters);
    refused.set_outcome(Outcome::Failure, Some("AccessDenied"));
    assert_eq!(Change::from_event(&refused), Ok(vec![]));
    let mut elsewhere = event("PutUserPolicy", &parameters);
    elsewhere.set_cloud(Cloud::new("AWS"));
    let fault = Change::from_event(&elsewhere).unwrap_err();
    assert_eq!(
        (fault, fault.to_string().as_str()),
        (EventFault::NoAccount, "the event names no cloud account")
    );
}

#[test]
fn a_tenant_known_from_its_log_alone_has_a_graph() {
    let mut inventory = Inventory::default();
    let mut graph = Graph::build(&inventory);
    let mut see = |action: &str, parameters: Value| {
        for change in Change::from_event(&event(action, &parameters)).unwrap() {
            let touched = inventory.apply(&change).unwrap();
            graph.update(&inventory, &touched);
        }
        let jane = graph.path_to_administrator(&key("user/jane"));
        jane.map(|path| path.steps.iter().map(|step| step.evidence[0].to_string()).collect::<Vec<_>>())
    };
    assert_eq!(see("CreateUser", json!({"userName": "jane"})), None);
    let admin = json!({"userName": "jane", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    assert!(see("AttachUserPolicy", admin.clone()).is_some());
    assert_eq!(see("DetachUserPolicy", admin), None);
    let own = json!({"userName": "jane", "policyName": "p", "policyDocument": all()});
    assert_eq!(see("PutUserPolicy", own), Some(vec!["cloudtrail#7".to_owned()]));
    assert_eq!(see("DeleteUser", json!({"userName": "jane"})), None);
}

#[test]
fn a_path_is_found_by_the_name() {
    let dump = json!({"UserDetailList": [{"Arn": support::arn("user/staff/jane")}]}).to_string();
    let mut inventory =
        Inventory::from_account_authorization(&dump, &homeostat_graph::Reading::default()).unwrap();
    for change in Change::from_event(&event("DeleteUser", &json!({"userName": "Jane"}))).unwrap() {
        inventory.apply(&change).unwrap();
    }
    assert!(inventory.object(&key("user/staff/jane")).is_none());
}

/// Whether the Internet gets to a machine after these calls of EC2.
#[test]
fn a_machine_is_open_from_the_call_that_opens_it_to_the_one_that_shuts_it() {
    let rule = json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
        "groups": {}, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}});
    let route = json!({"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"});
    let gateway = json!({"internetGatewayId": "igw-1", "vpcId": "vpc-1"});
    let none = json!(null);
    let run = json!({"instancesSet": {"items": [{"instanceId": "i-1", "subnetId": "subnet-1", "ipAddress": "203.0.113.7",
        "groupSet": {"items": [{"groupId": "sg-1"}]}}]}});
    let ends = json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}});
    let calls = [
        ("RunInstances", &json!({}), &run, false),
        ("AssociateRouteTable", &json!({"routeTableId": "rtb-1", "subnetId": "subnet-1"}), &none, false),
        ("CreateRoute", &route, &none, false),
        ("AuthorizeSecurityGroupIngress", &rule, &none, true),
        ("DetachInternetGateway", &gateway, &none, false),
        ("AttachInternetGateway", &gateway, &none, true),
        ("RevokeSecurityGroupIngress", &rule, &none, false),
        ("AuthorizeSecurityGroupIngress", &rule, &none, true),
        ("DeleteRoute", &route, &none, false),
        ("CreateRoute", &route, &none, true),
        ("TerminateInstances", &ends, &none, false),
    ];
    let mut inventory = Inventory::default();
    let mut graph = Graph::default();
    for (number, (action, asked, answered, open)) in (0_i64..).zip(calls) {
        for mut change in
            Change::from_event(&event_of("ec2.amazonaws.com", action, [asked, answered])).unwrap()
        {
            change.at = Timestamp::from_micros(number);
            let touched = inventory.apply(&change).unwrap();
            graph.update(&inventory, &touched);
        }
        let ways = graph.edges().iter().filter(|edge| edge.from.value() == "Internet").count();
        assert_eq!(ways > 0, open, "after {action}");
        assert_eq!(graph.edges(), Graph::build(&inventory).edges(), "after {action}");
    }
    let elsewhere = event_of("other.amazonaws.com", "CreateRoute", [&route, &none]);
    assert!(Change::from_event(&elsewhere).unwrap().is_empty());
    let url = json!({"functionName": "orders", "authType": "NONE"});
    let opened = event_of("lambda.amazonaws.com", "CreateFunctionUrlConfig20211031", [&url, &none]);
    assert_eq!(Change::from_event(&opened).unwrap().len(), 1);
}

/// A group's rules for outgoing packets, from the call that makes it.
#[test]
fn what_a_group_lets_out_is_followed_call_by_call() {
    let none = json!(null);
    let made = |id: &str| json!({"requestId": "59dbff89-35bd-4eac-99ed-be587EXAMPLE", "_return": true, "groupId": id});
    let run = |id: &str, subnet: &str, group: &str| json!({"instancesSet": {"items": [{"instanceId": id, "subnetId": subnet, "groupSet": {"items": [{"groupId": group}]}}]}});
    let rule = |group: &str, to: Value| {
        let mut one =
            json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {}, "ipRanges": {}});
        let fields = one.as_object_mut().unwrap();
        fields.extend(to.as_object().unwrap().clone());
        json!({"groupId": group, "ipPermissions": {"items": [one]}})
    };
    let inward = rule("sg-db", json!({"groups": {"items": [{"groupId": "sg-web"}]}}));
    let outward = rule("sg-web", json!({"groups": {"items": [{"groupId": "sg-db"}]}}));
    let all = rule(
        "sg-web",
        json!({"ipProtocol": "-1", "fromPort": -1, "toPort": -1, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}),
    );
    let calls = [
        ("CreateSecurityGroup", &json!({"groupName": "web", "vpcId": "vpc-1"}), &made("sg-web"), false),
        ("CreateSecurityGroup", &json!({"groupName": "db", "vpcId": "vpc-1"}), &made("sg-db"), false),
        ("RunInstances", &json!({}), &run("i-web", "subnet-1", "sg-web"), false),
        ("RunInstances", &json!({}), &run("i-db", "subnet-2", "sg-db"), false),
        ("AuthorizeSecurityGroupIngress", &inward, &none, true),
        ("RevokeSecurityGroupEgress", &all, &none, false),
        ("AuthorizeSecurityGroupEgress", &outward, &none, true),
        ("RevokeSecurityGroupEgress", &outward, &none, false),
        ("AuthorizeSecurityGroupEgress", &all, &none, true),
    ];
    let (mut inventory, mut graph) = (Inventory::default(), Graph::default());
    for (number, (action, asked, answered, open)) in (0_i64..).zip(calls) {
        for mut change in
            Change::from_event(&event_of("ec2.amazonaws.com", action, [asked, answered])).unwrap()
        {
            change.at = Timestamp::from_micros(number);
            let touched = inventory.apply(&change).unwrap();
            graph.update(&inventory, &touched);
        }
        let edges = graph.edges();
        let leads = |from: &str| {
            edges.iter().any(|edge| edge.from.value() == from && edge.to.value().ends_with("i-db"))
        };
        let mut places =
            edges.iter().filter(|edge| edge.from.value().ends_with("i-web") && &*edge.rule == "lies in it");
        assert_eq!(places.any(|edge| leads(edge.to.value())), open, "after {action} {number}");
        assert_eq!(edges, Graph::build(&inventory).edges(), "after {action}");
    }
}

/// Routes and connections of two networks whose machines a document told.
#[cfg(feature = "documents")]
#[test]
fn two_networks_are_joined_from_the_acceptance_until_a_route_or_the_connection_goes() {
    let machine = |id: &str, subnet: &str, group: &str| {
        json!({"InstanceId": id, "Placement": {"AvailabilityZone": "eu-west-1a"}, "SubnetId": subnet,
            "SecurityGroups": [{"GroupId": group}]})
    };
    let rule =
        json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]});
    let documents = [
        json!({"Reservations": [{"OwnerId": ACCOUNT, "Instances": [machine("i-web", "subnet-1", "sg-web"),
            machine("i-db", "subnet-2", "sg-db")]}]}),
        json!({"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.1.1.0/24"},
            {"SubnetId": "subnet-2", "VpcId": "vpc-2", "CidrBlock": "10.2.2.0/24"}]}),
        json!({"SecurityGroups": [{"GroupId": "sg-db", "VpcId": "vpc-2", "IpPermissions": [rule]}]}),
    ];
    let (mut inventory, mut graph) = (Inventory::default(), Graph::default());
    for document in &documents {
        inventory.read_document(document, &homeostat_graph::Reading::default()).unwrap();
    }
    graph.rebuild(&inventory);
    let follow = |table: &str, subnet: &str| json!({"routeTableId": table, "subnetId": subnet});
    let route = |table: &str, range: &str| json!({"routeTableId": table, "destinationCidrBlock": range, "vpcPeeringConnectionId": "pcx-1"});
    let end = |network: &str, range: &str| json!({"vpcId": network, "region": "eu-west-1", "ownerId": ACCOUNT, "cidrBlock": range});
    let accepted = json!({"requestId": "59dbff89-35bd-4eac-99ed-be587EXAMPLE", "vpcPeeringConnection": {
        "vpcPeeringConnectionId": "pcx-1", "requesterVpcInfo": end("vpc-1", "10.1.0.0/16"),
        "accepterVpcInfo": end("vpc-2", "10.2.0.0/16"), "status": {"code": "provisioning", "message": "Provisioning"}}});
    let (none, connection) = (json!(null), json!({"vpcPeeringConnectionId": "pcx-1"}));
    let elsewhere =
        json!({"routeTableId": "rtb-1", "destinationCidrBlock": "10.2.0.0/16", "natGatewayId": "nat-1"});
    let calls = [
        ("AssociateRouteTable", &follow("rtb-1", "subnet-1"), &none, false),
        ("AssociateRouteTable", &follow("rtb-2", "subnet-2"), &none, false),
        ("CreateRoute", &route("rtb-1", "10.2.0.0/16"), &none, false),
        ("CreateRoute", &route("rtb-2", "10.1.0.0/16"), &none, false),
        ("AcceptVpcPeeringConnection", &connection, &accepted, true),
        ("ReplaceRoute", &elsewhere, &none, false),
        ("ReplaceRoute", &route("rtb-1", "10.2.0.0/16"), &none, true),
        ("DeleteRoute", &route("rtb-2", "10.1.0.0/16"), &none, false),
        ("CreateRoute", &route("rtb-2", "10.1.0.0/16"), &none, true),
        ("DeleteVpcPeeringConnection", &connection, &json!({"_return": true}), false),
    ];
    for (number, (action, asked, answered, open)) in (0_i64..).zip(calls) {
        for mut change in
            Change::from_event(&event_of("ec2.amazonaws.com", action, [asked, answered])).unwrap()
        {
            change.at = Timestamp::from_micros(number);
            let touched = inventory.apply(&change).unwrap();
            graph.update(&inventory, &touched);
        }
        let edges = graph.edges();
        let over = "routes lead over `pcx-1` both ways";
        let steps = edges.iter().filter(|edge| edge.because.iter().any(|why| why == over)).count();
        assert_eq!(steps > 0, open, "after {action} {number}");
        assert_eq!(edges, Graph::build(&inventory).edges(), "after {action}");
    }
}
