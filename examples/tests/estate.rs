//! Documents of several providers give one graph, and a way that only all of them together make.
#![cfg(test)]

use homeostat_examples::{Asked, paths_of_all};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

fn told(documents: &[(&'static str, Value)]) -> Value {
    let files = documents.iter().map(|(name, whole)| (*name, whole.to_string().into_bytes()));
    let (told, problems) = paths_of_all(files, &Asked::default()).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    told
}

/// The kinds of the steps of one who starts, and whom he reaches.
fn path_of(told: &Value, id: &str) -> (Vec<String>, Vec<String>) {
    let principals = told["principals"].as_array().unwrap();
    let Some(one) = principals.iter().find(|one| one["id"] == id) else { return Default::default() };
    let texts = |value: &Value, field: Option<&str>| {
        let text = |one: &Value| field.map_or(one, |field| &one[field]).as_str().unwrap().to_owned();
        value.as_array().unwrap().iter().map(text).collect::<Vec<_>>()
    };
    (texts(&one["path"], Some("kind")), texts(&one["reaches"], None))
}

fn role(name: &str, principal: &Value, action: &str, allowed: &Value) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Principal": principal}]},
        "InstanceProfileList": [{"Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}")}],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": allowed, "Resource": "*"}]}}],
    })
}

fn account() -> Value {
    let ec2 = json!({"Service": "ec2.amazonaws.com"});
    json!({"RoleDetailList": [
        role("web", &ec2, "sts:AssumeRole", &json!(["s3:GetObject"])),
        role("batch", &ec2, "sts:AssumeRole", &json!("*")),
    ]})
}

fn instance(id: &str, role: &str, more: &Value) -> Value {
    let mut record = json!({
        "InstanceId": id, "State": {"Name": "running"}, "Placement": {"AvailabilityZone": "eu-west-1b"},
        "IamInstanceProfile": {"Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{role}")},
        "SubnetId": "subnet-a", "VpcId": "vpc-1"});
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

/// A web server outside, a batch machine inside.
fn network() -> Vec<(&'static str, Value)> {
    let web = json!({"PublicIpAddress": "203.0.113.7", "SecurityGroups": [{"GroupId": "sg-web"}]});
    let batch = json!({"SubnetId": "subnet-b", "SecurityGroups": [{"GroupId": "sg-batch"}]});
    vec![
        ("account.json", account()),
        (
            "instances.json",
            json!({"Reservations": [{"OwnerId": ACCOUNT, "Instances": [
            instance("i-web", "web", &web), instance("i-batch", "batch", &batch)]}]}),
        ),
        (
            "groups.json",
            json!({"SecurityGroups": [
            {"GroupId": "sg-web", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
            {"GroupId": "sg-batch", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 9000, "ToPort": 9000,
                "UserIdGroupPairs": [{"GroupId": "sg-web"}]}]}]}),
        ),
        (
            "subnets.json",
            json!({"Subnets": [
            {"SubnetId": "subnet-a", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"},
            {"SubnetId": "subnet-b", "VpcId": "vpc-1", "CidrBlock": "10.0.2.0/24"}]}),
        ),
        (
            "routes.json",
            json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1",
            "Associations": [{"Main": true}],
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]}]}),
        ),
        ("buckets.json", json!({"Buckets": [{"Name": "orders"}]})),
        (
            "findings.json",
            json!({"vulnerabilities": [
            {"asset": "i-web", "cve": "CVE-2099-1", "epss": 0.5, "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
            {"asset": "i-batch", "cve": "CVE-2099-2", "epss": 0.4, "port": 9000,
             "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}),
        ),
    ]
}

#[test]
fn the_internet_gets_to_the_account_by_network_holes_and_roles_together() {
    let whole = told(&network());
    let (kinds, reaches) = path_of(&whole, "Internet");
    assert_eq!(kinds, ["Exploit", "InNetwork", "Exploit", "RunsAs", "AdministratorOf"]);
    assert!(reaches.contains(&ACCOUNT.to_owned()) && reaches.contains(&"arn:aws:s3:::orders".to_owned()));
    // Each layer alone: without it there is no way.
    for missing in ["account.json", "groups.json", "routes.json", "findings.json", "instances.json"] {
        let rest: Vec<_> = network().into_iter().filter(|(name, _)| *name != missing).collect();
        let (kinds, _) = path_of(&told(&rest), "Internet");
        assert!(kinds.is_empty(), "without {missing}: {kinds:?}");
    }
}

/// A role that a provider's tokens may become, under a condition.
fn trusting(name: &str, provider: &str, claim: &Value, allowed: &Value) -> Value {
    let mut role = role(
        name,
        &json!({"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}")}),
        "sts:AssumeRoleWithWebIdentity",
        allowed,
    );
    role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = json!({"StringLike": claim,
        "StringEquals": {format!("{provider}:aud"): "sts.amazonaws.com"}});
    role
}

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF";

/// A cluster with an open service whose pod's account is given a role, and another that nobody trusts.
fn cluster() -> Vec<(&'static str, Value)> {
    let claim = json!({format!("{ISSUER}:sub"): "system:serviceaccount:shop:cart"});
    let pod = |name: &str| {
        json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"nodeName": "one", "serviceAccountName": name, "containers": [
            {"name": "main", "ports": [{"name": "http", "containerPort": 80}]}]}})
    };
    let service = |name: &str| {
        json!({"kind": "Service", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"targetPort": 80}]}})
    };
    let account = |name: &str| {
        json!({"kind": "ServiceAccount", "metadata": {"name": name, "namespace": "shop",
        "annotations": {"eks.amazonaws.com/role-arn": format!("arn:aws:iam::{ACCOUNT}:role/orders")}}})
    };
    vec![
        ("account.json", json!({"RoleDetailList": [trusting("orders", ISSUER, &claim, &json!("*"))]})),
        (
            "cluster.json",
            json!({"items": [pod("cart"), pod("ads"), service("cart"), service("ads"),
            account("cart"), account("ads"),
            {"kind": "Node", "metadata": {"name": "one"}, "spec": {"providerID": "aws:///eu-west-1b/i-node"}}]}),
        ),
    ]
}

#[test]
fn the_account_of_a_pod_gets_the_role_that_its_token_opens_and_no_other_does() {
    let whole = told(&cluster());
    let (kinds, reaches) = path_of(&whole, "Internet");
    assert_eq!(
        kinds,
        ["EXPOSED_TO", "ENDPOINT_EXPLOIT", "IDENTITY_ASSUME", "AssumeRoleWithWebIdentity", "AdministratorOf"]
    );
    assert_eq!(reaches, [ACCOUNT]);
    let ads = "Container shop/ads/main";
    let (kinds, _) = path_of(&whole, ads);
    assert!(kinds.is_empty(), "the trust names another account: {kinds:?}");
    assert!(whole["principals"].as_array().unwrap().iter().any(|one| one["id"] == ads));
    // Both sides must agree: an annotation alone opens nothing.
    let [_, (name, objects)] = cluster().try_into().unwrap();
    let (kinds, reaches) = path_of(&told(&[(name, objects)]), "Internet");
    assert!(!reaches.contains(&ACCOUNT.to_owned()), "{kinds:?}");
}

#[test]
fn a_node_is_the_machine_that_it_runs_on() {
    let mut documents = cluster();
    documents.remove(0);
    documents.push(("account2.json", account()));
    documents.push((
        "instances.json",
        json!({"Reservations": [{"OwnerId": ACCOUNT, "Instances": [
        instance("i-node", "batch", &json!({}))]}]}),
    ));
    let (kinds, _) = path_of(&told(&documents), "Node one");
    assert_eq!(kinds, Vec::<String>::new(), "a node is nobody who starts");
    let whole = told(&documents);
    assert!(whole["counts"]["edges"].as_u64().unwrap() > 0);
    let asked = Asked { from: Some("Node one".to_owned()), to: Some(ACCOUNT.to_owned()) };
    let files = documents.iter().map(|(name, whole)| (*name, whole.to_string().into_bytes()));
    let (told, _) = paths_of_all(files, &asked).unwrap();
    assert_eq!(path_of(&told, "Node one").0, ["SameAs", "SameAs", "RunsAs", "AdministratorOf"]);
}

/// Maya of a directory on premises, synchronized, in a group that is assigned a role.
fn federation() -> Vec<(&'static str, Value)> {
    let provider = format!("arn:aws:iam::{ACCOUNT}:saml-provider/directory");
    let mut saml = role("operators", &json!({"Federated": provider}), "sts:AssumeRoleWithSAML", &json!("*"));
    saml["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] =
        json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/operators");
    let graph = "https://graph.microsoft.com/v1.0/$metadata#";
    vec![
        ("account.json", json!({"RoleDetailList": [saml]})),
        (
            "users_sharphound.json",
            json!({"meta": {"type": "users", "version": 6}, "data": [
            {"ObjectIdentifier": "S-1-5-21-7-8-9-1104", "Properties": {"name": "MAYA@CORP.EXAMPLE"}, "Aces": [
                {"PrincipalSID": "S-1-5-21-7-8-9-1105", "RightName": "ForceChangePassword", "IsInherited": false}]},
            {"ObjectIdentifier": "S-1-5-21-7-8-9-1105", "Properties": {"name": "DESK@CORP.EXAMPLE"}, "Aces": []}]}),
        ),
        (
            "entra_users.json",
            json!({"@odata.context": format!("{graph}users"), "value": [
            {"id": "aaaa-1", "userPrincipalName": "maya@corp.example", "onPremisesSyncEnabled": true,
             "onPremisesSecurityIdentifier": "S-1-5-21-7-8-9-1104"}]}),
        ),
        (
            "entra_groups.json",
            json!({"@odata.context": format!("{graph}groups(members())"), "value": [
            {"id": "bbbb-2", "displayName": "cloud operators", "members": [{"id": "aaaa-1"}]}]}),
        ),
        (
            "entra_apps.json",
            json!({"@odata.context": format!("{graph}servicePrincipals"), "value": [
            {"id": "cccc-3", "appRoles": [{"id": "dddd-4", "isEnabled": true, "value": format!("{arn},{provider}")}],
             "appRoleAssignedTo": [{"principalId": "bbbb-2", "resourceId": "cccc-3", "appRoleId": "dddd-4"}]}]}),
        ),
    ]
}

#[test]
fn a_user_on_premises_gets_to_a_cloud_role_by_synchronization_group_and_assertion() {
    let whole = told(&federation());
    let expected = ["SyncedTo", "MemberOf", "AssumeRoleWithSAML", "AdministratorOf"];
    assert_eq!(path_of(&whole, "S-1-5-21-7-8-9-1104").0, expected);
    let (kinds, reaches) = path_of(&whole, "S-1-5-21-7-8-9-1105");
    assert_eq!(
        kinds,
        ["ForceChangePassword", "SyncedTo", "MemberOf", "AssumeRoleWithSAML", "AdministratorOf"]
    );
    assert_eq!(reaches, [ACCOUNT]);
    // Each document is a link of the chain.
    for (missing, _) in federation().iter().filter(|(name, _)| *name != "users_sharphound.json") {
        let rest: Vec<_> = federation().into_iter().filter(|(name, _)| name != missing).collect();
        let (kinds, _) = path_of(&told(&rest), "S-1-5-21-7-8-9-1104");
        assert!(kinds.is_empty(), "without {missing}: {kinds:?}");
    }
}

#[test]
fn a_permission_set_of_identity_center_lets_in_whom_it_is_assigned() {
    let reserved = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Operators_0123456789abcdef";
    let other = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Readers_0123456789abcdef";
    let provider = json!({"Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_x")});
    let set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
    let documents = vec![
        (
            "account.json",
            json!({"RoleDetailList": [
            role(reserved, &provider, "sts:AssumeRoleWithSAML", &json!("*")),
            role(other, &provider, "sts:AssumeRoleWithSAML", &json!("s3:GetObject"))]}),
        ),
        (
            "assignments.json",
            json!({"AccountAssignments": [
            {"AccountId": ACCOUNT, "PermissionSetArn": set, "PrincipalType": "GROUP", "PrincipalId": "g-1"}]}),
        ),
        ("set.json", json!({"PermissionSet": {"Name": "Operators", "PermissionSetArn": set}})),
        (
            "users.json",
            json!({"Users": [{"UserName": "maya", "UserId": "u-1", "IdentityStoreId": "d-1",
            "ExternalIds": [{"Issuer": "x", "Id": "S-1-5-21-7-8-9-1104"}]}]}),
        ),
        ("members.json", json!({"GroupMemberships": [{"GroupId": "g-1", "MemberId": {"UserId": "u-1"}}]})),
    ];
    let whole = told(&documents);
    let expected = ["SyncedTo", "MemberOf", "AssumeRoleWithSAML", "AdministratorOf"];
    assert_eq!(path_of(&whole, "S-1-5-21-7-8-9-1104").0, expected);
}

/// A repository whose runs become a role, and what leads into it.
fn supply() -> Vec<(&'static str, Value)> {
    let claim = json!({"token.actions.githubusercontent.com:sub": "repo:Acme/shop:ref:refs/heads/main"});
    let trust = trusting("deploy", "token.actions.githubusercontent.com", &claim, &json!("*"));
    let vendor = json!({"AWS": "arn:aws:iam::999988887777:root"});
    let mut watch = role("watch", &vendor, "sts:AssumeRole", &json!("*"));
    watch["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] =
        json!({"StringEquals": {"sts:ExternalId": "acme-42"}});
    vec![
        (
            "account.json",
            json!({"RoleDetailList": [trust, watch,
            role("build", &json!({"Service": "codebuild.amazonaws.com"}), "sts:AssumeRole", &json!("*"))]}),
        ),
        (
            "repositories.json",
            json!([
            {"full_name": "Acme/shop", "collaborators": [
                {"login": "maya", "permissions": {"push": true}}, {"login": "reader", "permissions": {"pull": true}}],
             "keys": [{"id": 7, "title": "deploy", "read_only": false}, {"id": 8, "title": "look", "read_only": true}]},
            {"full_name": "Acme/site", "collaborators": [{"login": "sam", "permissions": {"push": true}}]}]),
        ),
        (
            "builds.json",
            json!({"projects": [{"arn": format!("arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/site"),
            "serviceRole": format!("arn:aws:iam::{ACCOUNT}:role/build"),
            "source": {"type": "GITHUB", "location": "https://github.com/acme/site.git"}}]}),
        ),
        (
            "supply.json",
            json!({
                "vendors": [{"id": "watchers", "accounts": ["999988887777"], "external_id": "acme-42"},
                            {"id": "strangers", "accounts": ["999988887777"], "external_id": "other"}],
                "packages": [{"id": "pkg:npm/left", "ships_in": ["github:acme/shop"]}],
                "pipelines": [{"id": "release", "runs": ["github:acme/shop"],
                               "acts_as": [format!("arn:aws:iam::{ACCOUNT}:role/build")]}],
            }),
        ),
    ]
}

#[test]
fn vendor_package_pipeline_and_deploy_key_lead_to_cloud_roles() {
    let whole = told(&supply());
    let expected: [(&str, &[&str]); 8] = [
        ("maya", &["WritesCode", "AssumeRoleWithWebIdentity", "AdministratorOf"]),
        ("reader", &[]),
        ("7", &["WritesCode", "AssumeRoleWithWebIdentity", "AdministratorOf"]),
        ("pkg:npm/left", &["ShipsIn", "AssumeRoleWithWebIdentity", "AdministratorOf"]),
        ("sam", &["WritesCode", "Builds", "RunsAs", "AdministratorOf"]),
        ("release", &["ActsAs", "AdministratorOf"]),
        ("watchers", &["ActsAs", "AdministratorOf"]),
        ("strangers", &[]),
    ];
    for (id, kinds) in expected {
        assert_eq!(path_of(&whole, id).0, kinds, "{id}");
    }
    assert!(path_of(&whole, "8").0.is_empty(), "a key that only reads");
}

#[test]
fn an_agent_has_the_rights_of_its_tools_and_whoever_writes_to_it_has_them_too() {
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let own = json!({"Service": "bedrock.amazonaws.com"});
    let documents = [
        (
            "account.json",
            json!({"RoleDetailList": [role("tool", &own, "sts:AssumeRole", &json!("*")),
            role("chat", &own, "sts:AssumeRole", &json!("s3:GetObject"))]}),
        ),
        ("buckets.json", json!({"Buckets": [{"Name": "orders"}]})),
        (
            "agents.json",
            json!({"agents": [
            {"id": "helper", "tools": [{"name": "admin", "acts_as": arn("tool")}], "prompted_by": ["Internet"]},
            {"id": "reader", "tools": [{"name": "read", "acts_as": arn("chat")}]}]}),
        ),
    ];
    let whole = told(&documents);
    assert_eq!(path_of(&whole, "helper").0, ["ActsAs", "ActsAs", "AdministratorOf"]);
    assert_eq!(path_of(&whole, "Internet").0, ["Prompts", "ActsAs", "ActsAs", "AdministratorOf"]);
    assert_eq!(
        path_of(&whole, "reader"),
        (
            ["ActsAs", "ActsAs", "ReadData"].map(str::to_owned).to_vec(),
            vec!["arn:aws:s3:::orders".to_owned()]
        )
    );
    // Bedrock tells its agents itself.
    let agent = (
        "bedrock.json",
        json!({"agent": {"agentArn": format!("arn:aws:bedrock:eu-west-1:{ACCOUNT}:agent/A1"),
        "agentResourceRoleArn": arn("tool")}}),
    );
    let [account, ..] = documents;
    let whole = told(&[account, agent]);
    assert_eq!(
        path_of(&whole, &format!("arn:aws:bedrock:eu-west-1:{ACCOUNT}:agent/A1")).0,
        ["ActsAs", "AdministratorOf"]
    );
}

#[test]
fn an_api_that_asks_nobody_is_a_way_to_its_function() {
    let function = format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders");
    let uri = format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function}/invocations");
    let operation =
        |security: Value| json!({"security": security, "x-amazon-apigateway-integration": {"uri": uri}});
    let api = |security: Value, kind: &str| {
        json!({"openapi": "3.0.1", "info": {"title": "shop"},
        "servers": [{"url": "https://abc.execute-api.eu-west-1.amazonaws.com",
                     "x-amazon-apigateway-endpoint-configuration": {"types": [kind]}}],
        "paths": {"/orders": {"get": operation(security)}}})
    };
    let documents = |api: Value| {
        vec![
            (
                "account.json",
                json!({"RoleDetailList": [
            role("orders", &json!({"Service": "lambda.amazonaws.com"}), "sts:AssumeRole", &json!("s3:GetObject"))]}),
            ),
            ("buckets.json", json!({"Buckets": [{"Name": "orders"}]})),
            (
                "functions.json",
                json!({"Functions": [{"FunctionArn": function,
            "Role": format!("arn:aws:iam::{ACCOUNT}:role/orders")}]}),
            ),
            ("api.json", api),
        ]
    };
    let open = told(&documents(api(json!([]), "REGIONAL")));
    assert_eq!(
        path_of(&open, "Internet"),
        (
            ["ExposedTo", "OpenApi", "RunsAs", "ReadData"].map(str::to_owned).to_vec(),
            vec!["arn:aws:s3:::orders".to_owned()]
        )
    );
    for closed in [api(json!([{"sigv4": []}]), "REGIONAL"), api(json!([]), "PRIVATE")] {
        assert!(path_of(&told(&documents(closed)), "Internet").0.is_empty());
    }
}

/// A plan that puts a machine with a broad role behind an open port.
fn plan() -> Value {
    let group = |from: &str| {
        json!({"address": "aws_security_group.shell", "mode": "managed", "type": "aws_security_group",
        "name": "shell", "values": {"id": "sg-1", "ingress": [
            {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": [from], "ipv6_cidr_blocks": []}]}})
    };
    let managed = |kind: &str, name: &str, values: Value| {
        json!({"address": format!("{kind}.{name}"), "mode": "managed",
        "type": kind, "name": name, "values": values})
    };
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"}}]})
    .to_string();
    let standing = vec![
        managed("aws_vpc", "main", json!({"id": "vpc-1"})),
        managed(
            "aws_subnet",
            "out",
            json!({"id": "subnet-1", "vpc_id": "vpc-1", "cidr_block": "10.0.0.0/24"}),
        ),
        managed("aws_internet_gateway", "out", json!({"id": "igw-1"})),
        managed(
            "aws_route_table",
            "out",
            json!({"id": "rtb-1", "vpc_id": "vpc-1", "route": [
            {"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}]}),
        ),
        managed(
            "aws_route_table_association",
            "out",
            json!({"subnet_id": "subnet-1", "route_table_id": "rtb-1"}),
        ),
        managed(
            "aws_iam_role",
            "ops",
            json!({"name": "ops", "arn": format!("arn:aws:iam::{ACCOUNT}:role/ops"),
            "assume_role_policy": trust}),
        ),
        managed("aws_iam_instance_profile", "ops", json!({"name": "ops", "role": "ops"})),
        managed(
            "aws_instance",
            "shell",
            json!({"id": "i-1", "subnet_id": "subnet-1", "iam_instance_profile": "ops",
            "vpc_security_group_ids": ["sg-1"], "associate_public_ip_address": true}),
        ),
    ];
    let with = |more: Vec<Value>| [standing.clone(), more].concat();
    let attachment = managed("aws_iam_role_policy_attachment", "ops", json!({"role": "ops"}));
    let policy = managed(
        "aws_iam_policy",
        "all",
        json!({"name": "all", "policy": json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}).to_string()}),
    );
    json!({
        "format_version": "1.2",
        "prior_state": {"values": {"root_module": {"resources": with(vec![group("10.0.0.0/8")])}}},
        "planned_values": {"root_module": {"resources": with(vec![group("0.0.0.0/0"), attachment, policy])}},
        "configuration": {"root_module": {"resources": [{"address": "aws_iam_role_policy_attachment.ops",
            "type": "aws_iam_role_policy_attachment", "expressions": {
                "policy_arn": {"references": ["aws_iam_policy.all.arn", "aws_iam_policy.all"]}}}]}},
    })
}

#[test]
fn a_plan_is_told_by_the_ways_that_it_opens() {
    let whole = told(&[("plan.json", plan())]);
    assert_eq!(path_of(&whole, "Internet").0, ["RemoteLogin", "RunsAs", "AdministratorOf"]);
    let drift: Vec<(&str, &str)> = whole["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["change"].as_str().unwrap(), one["step"]["kind"].as_str().unwrap()))
        .collect();
    assert!(
        drift.contains(&("added", "RemoteLogin")) && drift.contains(&("added", "AdministratorOf")),
        "{drift:?}"
    );
    assert_eq!(drift[0], ("added", "AdministratorOf"), "what matters most comes first");
    // The state alone is an estate of which nothing is said to change.
    let state = json!({"format_version": "1.0", "values": plan()["prior_state"]["values"]});
    let whole = told(&[("state.json", state)]);
    assert!(path_of(&whole, "Internet").0.is_empty() && whole.get("drift").is_none());
}

#[test]
fn one_bad_record_or_file_never_fails_the_others() {
    let mut documents = network();
    documents[2].1["SecurityGroups"].as_array_mut().unwrap().push(json!({"IpPermissions": "none"}));
    documents.push(("odd.json", json!({"weather": "fine"})));
    let mut files: Vec<(&str, Vec<u8>)> =
        documents.iter().map(|(name, whole)| (*name, whole.to_string().into_bytes())).collect();
    files.push(("cut.json", b"{\"Reservations\": [".to_vec()));
    let (told, problems) = paths_of_all(files.into_iter(), &Asked::default()).unwrap();
    assert_eq!(path_of(&told, "Internet").0.len(), 5);
    let places: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["cut.json", "odd.json", "groups.json: SecurityGroups[2]"]);
}

#[test]
fn an_assignment_by_any_provider_counts_where_the_trust_agrees() {
    let provider = |name: &str| format!("arn:aws:iam::{ACCOUNT}:saml-provider/{name}");
    let saml = role("ops", &json!({"Federated": provider("adfs")}), "sts:AssumeRoleWithSAML", &json!("*"));
    let assigned = |who: &str, by: &str| json!({"who": who, "role": format!("arn:aws:iam::{ACCOUNT}:role/ops"), "provider": provider(by)});
    let whole = told(&[
        ("account.json", json!({"RoleDetailList": [saml]})),
        (
            "roles.json",
            json!({"assignments": [assigned("S-1-5-21-7-8-9-1104", "adfs"), assigned("S-1-5-21-7-8-9-1105", "other")]}),
        ),
    ]);
    assert_eq!(path_of(&whole, "S-1-5-21-7-8-9-1104").0, ["AssumeRoleWithSAML", "AdministratorOf"]);
    assert!(path_of(&whole, "S-1-5-21-7-8-9-1105").0.is_empty());
}

#[test]
fn a_role_that_is_a_user_of_the_cluster_gets_to_it() {
    let own = json!({"Service": "ec2.amazonaws.com"});
    let binding = json!({"kind": "ClusterRoleBinding", "metadata": {"name": "admins"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "all"},
        "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "platform"}]});
    let all = json!({"kind": "ClusterRole", "metadata": {"name": "all"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    let map = format!(
        "- rolearn: arn:aws:iam::{ACCOUNT}:role/deploy\n  username: deploy\n  groups:\n  - platform\n"
    );
    let auth = json!({"kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {"mapRoles": map}});
    let entry = json!({"accessEntry": {"principalArn": format!("arn:aws:iam::{ACCOUNT}:role/build"),
        "username": "build", "kubernetesGroups": ["platform"]}});
    let reads = json!("s3:GetObject");
    let roles = ["deploy", "build", "idle"].map(|name| role(name, &own, "sts:AssumeRole", &reads));
    let whole = told(&[
        ("account.json", json!({"RoleDetailList": roles})),
        ("cluster.json", json!({"items": [binding, all, auth]})),
        ("entry.json", entry),
    ]);
    for (name, steps) in [("deploy", 3), ("build", 3), ("idle", 0)] {
        let (kinds, _) = path_of(&whole, &format!("arn:aws:iam::{ACCOUNT}:role/{name}"));
        assert_eq!(kinds.len(), steps, "{name}: {kinds:?}");
    }
}

/// Several documents in one file, one of them as text; machines of Google Cloud have `metadata` as objects of a cluster have.
#[test]
fn clouds_are_read_beside_the_rest() {
    let owner = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    let entra = json!([{"id": "sam", "userPrincipalName": "sam@acme.example"},
        {"id": "app-1", "appId": "a", "owners": [{"id": "sam"}]},
        {"id": "sp-1", "appId": "a", "servicePrincipalType": "Application"}]);
    let azure = json!([{"id": "/subscriptions/s1", "subscriptionId": "s1"},
        {"id": "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/x", "properties": {
            "scope": "/subscriptions/s1", "principalId": "sp-1", "roleDefinitionId": owner}}]);
    let link = "https://www.googleapis.com/compute/v1/projects/shop/zones/z/instances/vm";
    let machines = json!({"items": [{"name": "vm", "machineType": "m", "selfLink": link, "metadata": {"kind": "compute#metadata"},
        "serviceAccounts": [{"email": "r@shop.iam.gserviceaccount.com"}]}]});
    let policy = json!({"resource": "projects/shop", "policy": {"bindings": [
        {"role": "roles/compute.osAdminLogin", "members": ["user:ada@acme.example"]}]}});
    let documents = [
        ("azure.json", json!({"ENTRA": entra.to_string(), "ASSIGNMENTS": azure, "NOTE": "none"})),
        ("machines.json", machines),
        ("policy.json", policy),
    ];
    let told = told(&documents);
    let (path, reaches) = path_of(&told, "sam");
    assert_eq!(path, ["AZOwns", "AZRunsAs", "AZOwner"]);
    assert_eq!(reaches, ["/subscriptions/s1"]);
    let asked =
        Asked { to: Some("serviceAccount:r@shop.iam.gserviceaccount.com".to_owned()), ..Asked::default() };
    let files = documents.iter().map(|(name, whole)| (*name, whole.to_string().into_bytes()));
    let (told, _) = paths_of_all(files, &asked).unwrap();
    assert_eq!(path_of(&told, "user:ada@acme.example").0, ["OsAdminLogin", "RunsAs"]);
}
