//! Laws of what documents say: reading them one by one is building anew, reading them again takes back what is no longer
//! true, and their order means nothing.
#![cfg(test)]
#![cfg(feature = "documents")]

use homeostat_core::{State, Timestamp};
use homeostat_graph::{Edge, Graph, Inventory, Object, Reading, Vulnerability, arn_key};
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";

/// What varies from one reading to the next.
type Choices = [bool; 16];

fn pick<'a>(choice: bool, one: &'a str, two: &'a str) -> &'a str {
    if choice { one } else { two }
}

/// The documents of a small estate; each choice is one fact of it.
fn documents(choices: Choices) -> Vec<(&'static str, Value)> {
    network(choices).into_iter().chain(others(choices)).collect()
}

fn network(choices: Choices) -> Vec<(&'static str, Value)> {
    let [public, wide, ssh, routed, acl, behind, hole, fixed, _, _, _, _, _, _, up, tied] = choices;
    let from = pick(wide, "0.0.0.0/0", "10.0.0.0/16");
    let instance = |id: &str, subnet: &str, group: &str, public: bool| {
        json!({
        "InstanceId": id, "Placement": {"AvailabilityZone": "eu-west-1a"}, "SubnetId": subnet,
        "State": {"Name": if up { "running" } else { "stopped" }},
        "IamInstanceProfile": {"Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/app")},
        "PublicIpAddress": if public { "203.0.113.9" } else { "" }, "SecurityGroups": [{"GroupId": group}]})
    };
    let balancer = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/front/1";
    let targets = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/front/1";
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    vec![
        (
            "instances",
            json!({"Reservations": [{"OwnerId": ACCOUNT, "Instances": [
            instance("i-1", "subnet-1", "sg-1", public), instance("i-2", "subnet-2", "sg-2", false)]}]}),
        ),
        (
            "groups",
            json!({"SecurityGroups": [
            {"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": if ssh { 22 } else { 443 },
                "ToPort": 443, "IpRanges": [{"CidrIp": from}]}]},
            {"GroupId": "sg-2", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 0, "ToPort": 9000,
                "UserIdGroupPairs": [{"GroupId": pick(tied, "sg-1", "sg-3")}]}]}]}),
        ),
        (
            "subnets",
            json!({"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"},
            {"SubnetId": "subnet-2", "VpcId": "vpc-1", "CidrBlock": "10.0.2.0/24"}]}),
        ),
        (
            "routes",
            json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1",
            "Associations": [{"Main": routed}, {"SubnetId": pick(tied, "subnet-1", "subnet-2")}],
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1",
                "State": pick(routed, "active", "blackhole")}]}]}),
        ),
        (
            "lists",
            json!({"NetworkAcls": [{"NetworkAclId": "acl-1", "VpcId": "vpc-1",
            "Associations": [{"SubnetId": pick(acl, "subnet-1", "subnet-2")}],
            "Entries": [{"RuleNumber": 100, "Protocol": "-1", "RuleAction": pick(wide, "deny", "allow"), "Egress": false,
                "CidrBlock": "0.0.0.0/0"}, {"RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "Egress": true,
                "CidrBlock": "0.0.0.0/0"}]}]}),
        ),
        (
            "balancers",
            json!({"LoadBalancers": [{"LoadBalancerArn": balancer,
            "Scheme": pick(public, "internet-facing", "internal"), "SecurityGroups": ["sg-1"],
            "AvailabilityZones": [{"SubnetId": "subnet-1"}]}]}),
        ),
        ("listeners", json!({"Listeners": [{"LoadBalancerArn": balancer, "Port": 443}]})),
        (
            "targets",
            json!({"TargetGroups": [{"TargetGroupArn": targets, "Port": 443,
            "LoadBalancerArns": if behind { json!([balancer]) } else { json!([]) }}]}),
        ),
        (
            "health",
            json!({"TargetGroupArn": targets, "TargetHealthDescriptions": [
            {"Target": {"Id": pick(behind, "i-1", "i-2")}}]}),
        ),
        (
            "findings",
            json!({"vulnerabilities": [
            {"asset": "i-1", "cve": "CVE-2099-1", "epss": if hole { 0.5 } else { 0.1 }, "cvss": vector, "fixed": fixed},
            {"asset": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-2"), "cve": "CVE-2099-2", "fixed": !hole}]}),
        ),
    ]
}

fn okta_user(active: bool) -> Value {
    json!({"id": "00u1", "status": pick(active, "ACTIVE", "SUSPENDED"), "credentials": {}, "profile": {"login": "u@acme.example"}})
}

fn others(choices: Choices) -> Vec<(&'static str, Value)> {
    let [_, _, _, _, _, _, _, _, bound, member, synced, writer, key, open, _, _] = choices;
    let function = format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f");
    let graph = "https://graph.microsoft.com/v1.0/$metadata#";
    vec![
        (
            "cluster",
            json!({"items": [{"kind": "ServiceAccount", "metadata": {"name": "cart", "namespace": "shop",
            "annotations": if bound {
                json!({"eks.amazonaws.com/role-arn": format!("arn:aws:iam::{ACCOUNT}:role/pod")}) } else { json!({}) }}},
            {"kind": "Node", "metadata": {"name": "one"}, "spec": {"providerID": "aws:///eu-west-1a/i-2"}}]}),
        ),
        (
            "users",
            json!({"@odata.context": format!("{graph}users"), "value": [{"id": "u-1", "onPremisesSyncEnabled": synced,
            "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104"}]}),
        ),
        (
            "circles",
            json!({"@odata.context": format!("{graph}groups(members())"), "value": [
            {"id": "g-1", "members": if member { json!([{"id": "u-1"}]) } else { json!([]) }}]}),
        ),
        (
            "applications",
            json!({"@odata.context": format!("{graph}servicePrincipals"), "value": [{"id": "s-1", "appRoles": [
            {"id": "r-1", "isEnabled": key, "value": format!("arn:aws:iam::{ACCOUNT}:role/saml,arn:aws:iam::{ACCOUNT}:saml-provider/p")}],
            "appRoleAssignedTo": [{"principalId": "g-1", "resourceId": "s-1", "appRoleId": "r-1"}]}]}),
        ),
        (
            "circle of okta",
            json!({"groupId": "00g1", "users": if member { json!([okta_user(synced)]) } else { json!([]) }}),
        ),
        ("users of okta", json!([okta_user(synced)])),
        (
            "applications of okta",
            json!([{"id": "0oa1", "signOnMode": "SAML_2_0", "status": pick(open, "ACTIVE", "INACTIVE"),
            "settings": {"app": {"identityProviderArn": format!("arn:aws:iam::{ACCOUNT}:saml-provider/p")}}}]),
        ),
        (
            "assignments of okta",
            json!([{"id": "00u1", "profile": {"samlRoles": ["saml"]}, "_links": {"app": {"href": "https://okta/api/v1/apps/0oa1"}}}]),
        ),
        (
            "repositories",
            json!({"repositories": [{"full_name": "acme/shop",
            "collaborators": [{"login": "maya", "permissions": {"push": writer}}],
            "keys": [{"id": 7, "read_only": key}]}]}),
        ),
        (
            "functions",
            json!({"Functions": [{"FunctionArn": function, "Role": format!("arn:aws:iam::{ACCOUNT}:role/app")}],
            "FunctionUrlConfigs": [{"FunctionArn": function, "AuthType": pick(open, "NONE", "AWS_IAM")}]}),
        ),
        (
            "agents",
            json!({"agents": [{"id": "helper", "acts_as": [function], "prompted_by": if open { json!(["Internet"]) } else { json!([]) }}]}),
        ),
    ]
}

fn account() -> Inventory {
    let role = |name: &str, principal: Value, action: &str| {
        json!({"Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": action, "Principal": principal}]},
        "InstanceProfileList": [{"Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}")}],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]})
    };
    let federated = |name: &str| json!({"Federated": format!("arn:aws:iam::{ACCOUNT}:{name}")});
    let whole = json!({"RoleDetailList": [
        role("app", json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}), "sts:AssumeRole"),
        role("pod", federated(&format!("oidc-provider/{ISSUER}")), "sts:AssumeRoleWithWebIdentity"),
        role("saml", federated("saml-provider/p"), "sts:AssumeRoleWithSAML"),
        role("deploy", federated("oidc-provider/token.actions.githubusercontent.com"), "sts:AssumeRoleWithWebIdentity")]});
    Inventory::from_account_authorization(&whole.to_string(), &Reading::default()).unwrap()
}

fn reading(name: &str, at: i64) -> Reading {
    let mut reading = Reading::default().named(name);
    reading.at = Timestamp::from_micros(at);
    reading
}

/// Edges without where they come from: what was told twice rests on what told it first.
fn bare(graph: &Graph) -> Vec<Edge> {
    let mut edges: Vec<Edge> = graph.edges().into_iter().cloned().collect();
    for edge in &mut edges {
        edge.evidence.clear();
    }
    edges
}

/// The edges that one has and the other has not, in words.
fn apart(one: &[Edge], two: &[Edge]) -> Vec<String> {
    let told = |edge: &Edge| {
        format!(
            "{} -{}-> {} {:?} {}",
            edge.from.value(),
            edge.rule,
            edge.to.value(),
            edge.because,
            edge.probability
        )
    };
    let left = one.iter().filter(|edge| !two.contains(edge)).map(|edge| format!("only one: {}", told(edge)));
    let right =
        two.iter().filter(|edge| !one.contains(edge)).map(|edge| format!("only other: {}", told(edge)));
    left.chain(right).collect()
}

fn choices() -> impl Strategy<Value = Choices> {
    any::<Choices>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn reading_one_by_one_is_building_anew_and_reading_again_takes_back(
        first in choices(), second in choices(), order in any::<prop::sample::Index>(),
    ) {
        let (mut inventory, mut graph) = (account(), Graph::default());
        graph.rebuild(&inventory);
        let mut all = documents(first);
        let turn = order.index(all.len());
        let (mut seen, none) = (turn, Vec::<String>::new());
        all.rotate_left(turn);
        for (at, documents) in [(1, all), (2, documents(second))] {
            for (name, whole) in documents {
                let touched = inventory.read_document(&whole, &reading(name, at)).unwrap();
                graph.update(&inventory, &touched);
                // Two documents in three bring the graph up and are looked at with the next.
                seen += 1;
                if seen % 3 == 0 {
                    prop_assert_eq!(apart(&bare(&graph), &bare(&Graph::build(&inventory))), none.clone(), "after {}", name);
                }
            }
        }
        let anew = Graph::build(&inventory);
        prop_assert_eq!(graph.edges(), anew.edges());
        let mut only = account();
        for (name, whole) in documents(second) {
            only.read_document(&whole, &reading(name, 2)).unwrap();
        }
        prop_assert_eq!(apart(&bare(&graph), &bare(&Graph::build(&only))), none);
        prop_assert!(inventory.problems().is_empty());
        let kept = Inventory::from_bytes(&inventory.to_bytes()).unwrap();
        let kept = Graph::build(&kept);
        prop_assert_eq!(kept.edges(), graph.edges());
    }
}

#[test]
fn all_that_the_small_estate_can_have_is_had_by_some_choice() {
    // The law above says little of edges that never come.
    let mut kinds = std::collections::BTreeSet::new();
    for one in [[true; 16], [false; 16], {
        let mut some = [true; 16];
        some[4] = false;
        some[7] = false;
        some
    }] {
        let mut inventory = account();
        for (name, whole) in documents(one) {
            inventory.read_document(&whole, &reading(name, 1)).unwrap();
        }
        let graph = Graph::build(&inventory);
        kinds
            .extend(graph.edges().iter().map(|edge| graph.kinds().info(edge.kind).unwrap().name.to_string()));
    }
    for kind in [
        "Exploit",
        "RemoteLogin",
        "ExposedTo",
        "OpenApi",
        "InNetwork",
        "SameAs",
        "SyncedTo",
        "MemberOf",
        "Prompts",
        "WritesCode",
        "ActsAs",
        "AssumeRoleWithWebIdentity",
        "AssumeRoleWithSAML",
        "RunsAs",
    ] {
        assert!(kinds.contains(kind), "{kind} in {kinds:?}");
    }
}

#[test]
fn a_hole_is_an_edge_as_likely_as_its_use_until_it_is_patched() {
    let mut choices = [false; 16];
    // Public, wide, routed, up, tied.
    for at in [0, 1, 3, 14, 15] {
        choices[at] = true;
    }
    choices[7] = true;
    let (mut inventory, mut graph) = (account(), Graph::default());
    for (name, whole) in documents(choices) {
        inventory.read_document(&whole, &reading(name, 1)).unwrap();
    }
    graph.rebuild(&inventory);
    let asset = arn_key(&format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1")).unwrap();
    let exploits = |graph: &Graph| -> Vec<(String, f64)> {
        let all =
            graph.edges().into_iter().filter(|edge| edge.to == asset && edge.from.value() == "Internet");
        all.map(|edge| (edge.rule.to_string(), edge.probability)).collect()
    };
    assert!(exploits(&graph).is_empty(), "patched");
    let mut tell = |whole: Value, at: i64| {
        let touched = inventory.read_document(&whole, &reading("scan", at)).unwrap();
        graph.update(&inventory, &touched);
        exploits(&graph)
    };
    let ocsf = |vector: &str, status: u8| {
        json!({"class_uid": 2002, "status_id": status,
        "resources": [{"uid": asset.value()}],
        "vulnerabilities": [{"cve": {"uid": "CVE-2099-3", "cvss": [{"vector_string": vector, "version": "3.1"}],
            "epss": {"score": "0.25"}}}]})
    };
    let remote = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    assert_eq!(tell(ocsf(remote, 1), 2), [("CVE-2099-3".to_owned(), 0.25)]);
    assert_eq!(tell(ocsf(remote, 4), 3), [], "resolved");
    assert_eq!(tell(ocsf(remote, 1), 2), [], "an older finding does not bring it back");
    assert_eq!(
        tell(ocsf("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 1), 4),
        [],
        "nobody far away uses it"
    );
    assert_eq!(
        tell(ocsf("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 1), 5),
        [("CVE-2099-3".to_owned(), 0.125)],
        "it asks for an account"
    );
    tell(ocsf(remote, 4), 6);
    let hub = |state: &str| {
        json!({"Findings": [{"RecordState": state, "Resources": [{"Id": asset.value()}],
        "Vulnerabilities": [{"Id": "CVE-2099-4", "EpssScore": 0.3, "Cvss": [{"BaseVector": remote}]}]}]})
    };
    assert_eq!(tell(hub("ACTIVE"), 7), [("CVE-2099-4".to_owned(), 0.3)]);
    assert_eq!(tell(hub("ARCHIVED"), 8), []);
    let inspector = |status: &str| {
        json!({"findings": [{"type": "PACKAGE_VULNERABILITY", "status": status,
        "epss": {"score": 0.4}, "resources": [{"id": "i-1", "type": "AWS_EC2_INSTANCE"}],
        "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2099-5", "cvss": [{"scoringVector": remote}]}}]})
    };
    assert_eq!(tell(inspector("ACTIVE"), 9), [("CVE-2099-5".to_owned(), 0.4)]);
    assert_eq!(tell(inspector("CLOSED"), 10), []);
    // And as changes of a product's own.
    let hole = Vulnerability::new("CVE-2099-6").with_epss(0.2);
    assert!(format!("{:?}", hole.found_on(asset.clone())).starts_with("put"));
}

#[test]
fn a_role_that_lets_anybody_in_is_open_to_the_internet_until_it_names_somebody() {
    let federated = json!({"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com")});
    let opens = |principal: &Value, action: &str, condition: Value| {
        let whole = json!({"RoleDetailList": [{"Arn": format!("arn:aws:iam::{ACCOUNT}:role/r"), "AssumeRolePolicyDocument":
            {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": action, "Principal": principal, "Condition": condition}]}}]});
        let inventory =
            Inventory::from_account_authorization(&whole.to_string(), &Reading::default()).unwrap();
        Graph::build(&inventory).edges().iter().any(|edge| edge.from.value() == "Internet")
    };
    let web = "sts:AssumeRoleWithWebIdentity";
    let name = "token.actions.githubusercontent.com";
    let audience = json!({"StringEquals": {format!("{name}:aud"): "sts.amazonaws.com"}});
    assert!(opens(&federated, web, audience.clone()), "any repository");
    let mut named = audience;
    named["StringLike"] = json!({format!("{name}:sub"): "repo:acme/*"});
    assert!(!opens(&federated, web, named));
    assert!(opens(&json!({"AWS": "*"}), "sts:AssumeRole", json!({})), "any account");
    assert!(!opens(
        &json!({"AWS": "*"}),
        "sts:AssumeRole",
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    ));
    assert!(!opens(&json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}), "sts:AssumeRole", json!({})));
}

#[test]
fn a_secret_is_read_by_whom_its_key_lets_decrypt() {
    let reader = |name: &str, actions: Value| {
        json!({"Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "UserPolicyList": [
        {"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}}]})
    };
    let whole = json!({"UserDetailList": [reader("both", json!(["secretsmanager:GetSecretValue", "kms:Decrypt"])),
        reader("half", json!("secretsmanager:GetSecretValue"))]});
    let mut inventory =
        Inventory::from_account_authorization(&whole.to_string(), &Reading::default()).unwrap();
    let mut graph = Graph::build(&inventory);
    let key = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/1");
    let secret = json!({"SecretList": [{"ARN": format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db"), "KmsKeyId": key}]});
    let policy = |principal: &str| {
        let statement = json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:{principal}")}});
        json!({"KeyId": key, "PolicyName": "default", "Policy": json!({"Statement": [statement]}).to_string()})
    };
    let mut readers = |whole: &Value, at: i64| -> Vec<String> {
        let touched = inventory.read_document(whole, &reading("told", at)).unwrap();
        graph.update(&inventory, &touched);
        assert_eq!(graph.edges(), Graph::build(&inventory).edges());
        let all = graph.edges().into_iter().filter(|edge| &*edge.rule == "secretsmanager:GetSecretValue");
        all.map(|edge| edge.from.value().rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(readers(&secret, 1), ["both", "half"], "nobody told the key's policy");
    assert_eq!(readers(&policy("root"), 2), ["both"], "the key leaves it to the account");
    assert_eq!(readers(&policy("user/half"), 3), ["half"], "the key names one");
}

#[test]
fn an_arn_in_the_place_of_a_subnet_is_no_role() {
    let mut inventory = account();
    let function = format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f");
    let role = format!("arn:aws:iam::{ACCOUNT}:role/app");
    inventory
        .read_document(&json!({"Functions": [{"FunctionArn": function, "Role": role}]}), &reading("told", 1))
        .unwrap();
    let mut graph = Graph::build(&inventory);
    let table = json!({"RouteTables": [{"RouteTableId": "rtb-1", "Associations": [{"SubnetId": role}]}]});
    let touched = inventory.read_document(&table, &reading("told", 2)).unwrap();
    graph.update(&inventory, &touched);
    assert_eq!(graph.edges(), Graph::build(&inventory).edges());
    let runs = graph.edges().into_iter().filter(|edge| &*edge.rule == "runs as" && edge.to.value() == role);
    assert_eq!(runs.count(), 1);
}

#[test]
fn of_two_records_about_one_machine_the_one_that_tells_more_counts() {
    let record = |profile: Option<&str>| {
        let arn = profile.map(|name| format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}"));
        json!({"InstanceId": "i-1", "Placement": {"AvailabilityZone": "eu-west-1a"},
            "IamInstanceProfile": arn.map(|arn| json!({"Arn": arn}))})
    };
    for records in [[record(Some("app")), record(None)], [record(None), record(Some("app"))]] {
        let whole = json!({"Reservations": [{"OwnerId": ACCOUNT, "Instances": records}]});
        let mut inventory = Inventory::default();
        let key = arn_key(&format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1")).unwrap();
        for _ in 0..2 {
            inventory.read_document(&whole, &reading("told", 1)).unwrap();
            let profile = inventory.object(&key).unwrap().attribute("instance_profile");
            assert_eq!(profile, Some("app"));
        }
    }
}

#[test]
fn a_bare_list_is_told_by_what_its_records_have() {
    let read = |strip: bool| {
        let mut inventory = account();
        for (name, whole) in documents([true; 16]) {
            let fields = whole.as_object().cloned().unwrap_or_default();
            let only = fields.values().next().filter(|list| list.is_array() && fields.len() == 1 && strip);
            let whole = if ["groups", "routes", "lists", "subnets", "balancers"].contains(&name) {
                only.unwrap_or(&whole).clone()
            } else {
                whole
            };
            inventory.read_document(&whole, &reading(name, 1)).unwrap();
        }
        bare(&Graph::build(&inventory))
    };
    assert_eq!(apart(&read(true), &read(false)), Vec::<String>::new());
    let mut inventory = Inventory::default();
    for none in
        [json!([]), json!([1, 2]), json!("text"), json!([{"GroupId": "sg-1"}]), json!({"Reservations": 7})]
    {
        assert!(inventory.read_document(&none, &reading("x", 1)).is_none(), "{none}");
    }
}

/// Puts `odd` in the place of something `deep` below.
fn spoil(whole: &mut Value, (deep, turn): (usize, usize), odd: &Value) {
    match whole {
        Value::Array(list) if deep > 0 && !list.is_empty() => {
            let at = turn % list.len();
            spoil(&mut list[at], (deep - 1, turn + 1), odd);
        }
        Value::Object(fields) if deep > 0 && !fields.is_empty() => {
            let at = turn % fields.len();
            spoil(fields.iter_mut().nth(at).unwrap().1, (deep - 1, turn + 1), odd);
        }
        other => *other = odd.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever stands where something else should: an error with its place, never more; and reading it twice is reading it
    /// once.
    #[test]
    fn records_of_any_shape_are_read_or_told(at in any::<prop::sample::Index>(), with in 0_usize..6, deep in 0_usize..9) {
        let odd = [json!(null), json!(7), json!([]), json!({}), json!("\u{1f}x y\n0.0.0.0/0"), json!([[{"a": -1}]])][with].clone();
        let mut all = documents([true; 16]);
        let place = at.index(all.len());
        let (name, whole) = &mut all[place];
        spoil(whole, (deep, place), &odd);
        let name = *name;
        let mut inventory = account();
        for (own, whole) in &all {
            let told = inventory.read_document(whole, &reading(own, 1));
            prop_assert!(told.is_some() || *own == name);
            let once: Vec<Object> = inventory.objects().cloned().collect();
            inventory.read_document(whole, &reading(own, 1));
            prop_assert!(inventory.objects().eq(&once), "{}", own);
        }
        let graph = Graph::build(&inventory);
        prop_assert!(graph.edges().iter().all(|edge| (0.0..=1.0).contains(&edge.probability)));
    }
}

/// Who is assigned a role of an account in Okta gets there, by a group too, when the role trusts the provider; who governs
/// Okta is any of its users.
#[test]
fn okta_leads_to_the_roles_that_trust_it() {
    let at = |path: &str| json!({"href": format!("https://acme.okta.example/api/v1/{path}")});
    let user = |id: &str, status: &str| {
        json!({"id": id, "status": status, "credentials": {}, "profile": {"login": format!("{id}@acme.example")},
            "_links": {"self": at(&format!("users/{id}"))}})
    };
    let assigned = |kind: &str, id: &str, role: &str| {
        json!({"id": id, "profile": {"samlRoles": [role]},
            "_links": {"app": at("apps/0oa1"), kind: at(&format!("{kind}s/{id}"))}})
    };
    let provider = format!("arn:aws:iam::{ACCOUNT}:saml-provider/okta");
    let trust = |principal: &str| {
        json!({"Statement": [{"Effect": "Allow", "Principal": {"Federated": principal}, "Action": "sts:AssumeRoleWithSAML",
            "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}]})
    };
    let role = |name: &str, principal: &str| {
        json!({"Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": name, "RoleId": name, "Path": "/",
            "AssumeRolePolicyDocument": trust(principal), "RolePolicyList": [], "AttachedManagedPolicies": [],
            "InstanceProfileList": [], "Tags": []})
    };
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [
        role("ops", &provider), role("dev", &provider), role("far", "arn:aws:iam::111122223333:saml-provider/other")]});
    let mut estate = Inventory::default();
    estate.read_account_authorization(&account, &Reading::default().named("account")).unwrap();
    let documents = [
        json!([user("00ua", "ACTIVE"), user("00ub", "ACTIVE"), user("00uc", "SUSPENDED")]),
        json!({"groupId": "00g1", "users": [user("00ub", "ACTIVE"), user("00uc", "SUSPENDED")]}),
        json!([{"id": "0oa1", "name": "amazon_aws", "label": "AWS", "status": "ACTIVE", "signOnMode": "SAML_2_0",
            "settings": {"app": {"identityProviderArn": provider}}, "_links": {"self": at("apps/0oa1")}}]),
        json!([assigned("user", "00ua", "far"), assigned("user", "00uc", "ops")]),
        json!([assigned("group", "00g1", "ops")]),
        json!([{"id": "r", "type": "SUPER_ADMIN", "assignmentType": "USER", "status": "ACTIVE",
            "_links": {"assignee": at("users/00ua")}}]),
    ];
    for document in &documents {
        assert!(estate.read_document(document, &Reading::default()).is_some(), "{document}");
    }
    let told: Vec<String> = Graph::build(&estate)
        .edges()
        .iter()
        .map(|edge| {
            let last = |key: &homeostat_core::EntityKey| key.value().rsplit('/').next().unwrap().to_owned();
            format!("{} {} {}", last(&edge.from), edge.rule, last(&edge.to))
        })
        .collect();
    let has = |one: &str| told.iter().any(|edge| edge == one);
    assert!(has("00g1 sts:AssumeRoleWithSAML ops") && has("00ub member 00g1"), "{told:?}");
    assert!(has("00ua holds what opens it acme.okta.example"), "{told:?}");
    assert!(has("acme.okta.example holds what opens it 00ub"), "{told:?}");
    assert!(!told.iter().any(|edge| edge.starts_with("00ua sts:") || edge.starts_with("00uc")), "{told:?}");
    assert_eq!(told.iter().filter(|edge| edge.contains("SAML")).count(), 1, "{told:?}");
}
