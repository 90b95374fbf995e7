//! Each rule with its fixture: what makes the edge, and what takes it away.
#![cfg(test)]

mod support;

use homeostat_core::{Criticality, Value as Worth};
use homeostat_graph::{
    Graph, Inventory, Listing, Path, Reading, ReportOptions, SnapshotFault, Standing, ValueRules,
};
use serde_json::{Value, json};
use support::{ACCOUNT, arn, inventory, key, principal, statement, trust, with};

fn allow(action: &str) -> Value {
    statement("Allow", action, "*")
}

fn admin_role(name: &str, trusted: Value) -> Value {
    let role = with(principal(name, &[allow("*")]), "AssumeRolePolicyDocument", trust(trusted));
    with(role, "InstanceProfileList", json!([{"Arn": arn("instance-profile/p")}]))
}

fn path_of(user: &str, inventory: &Inventory) -> Option<Path> {
    Graph::build(inventory).path_to_administrator(&key(user))
}

#[track_caller]
fn check(actions: &[&str], roles: &[Value], expected: Option<&str>) {
    let policies: Vec<Value> = actions.iter().map(|action| allow(action)).collect();
    let path = path_of("user/a", &inventory(&[principal("user/a", &policies)], roles));
    let rule = path.as_ref().map(|path| path.steps[0].rule.to_string());
    assert_eq!(rule.as_deref(), expected, "{actions:?} {path:?}");
}

#[test]
fn users_raise_themselves() {
    check(&[], &[], None);
    check(&["iam:PutUserPolicy"], &[], Some("iam:PutUserPolicy"));
    check(&["iam:AttachUserPolicy"], &[], Some("iam:AttachUserPolicy"));
    check(&["iam:PutGroupPolicy"], &[], None);
    check(&["iam:*"], &[], Some("full authority"));
    check(&["s3:*", "ec2:*", "iam:List*"], &[], None);
}

#[test]
fn a_passed_role_needs_every_part() {
    let service = |name: &str| [admin_role("role/r", json!({"Service": name}))];
    let lambda = service("lambda.amazonaws.com");
    let all = ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"];
    check(&all, &lambda, Some("iam:PassRole + lambda:CreateFunction + lambda:InvokeFunction"));
    check(&all[..2], &lambda, None);
    check(&all[1..], &lambda, None);
    check(&all, &service("glue.amazonaws.com"), None);
    check(
        &["iam:PassRole", "ec2:RunInstances"],
        &service("ec2.amazonaws.com"),
        Some("iam:PassRole + ec2:RunInstances"),
    );
    let without = [with(service("ec2.amazonaws.com")[0].clone(), "InstanceProfileList", json!([]))];
    check(&["iam:PassRole", "ec2:RunInstances"], &without, None);
}

#[test]
fn whom_a_role_is_passed_to_may_be_narrowed() {
    let narrowed = |service: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
             "Condition": {"StringEquals": {"iam:PassedToService": service}}}]})
    };
    let role = admin_role("role/r", json!({"Service": "lambda.amazonaws.com"}));
    for (service, found) in [("lambda.amazonaws.com", true), ("ec2.amazonaws.com", false)] {
        let inventory = inventory(&[principal("user/a", &[narrowed(service)])], std::slice::from_ref(&role));
        assert_eq!(path_of("user/a", &inventory).is_some(), found, "{service}");
    }
}

#[test]
fn writing_a_role_s_policy_needs_a_way_into_the_role() {
    let weak = |trusted: Value| [with(principal("role/r", &[]), "AssumeRolePolicyDocument", trust(trusted))];
    let (other, root) = (json!({"AWS": arn("user/other")}), json!({"AWS": arn("root")}));
    let mut narrow = vec![statement("Allow", "iam:PutRolePolicy", &arn("role/r"))];
    let found = |policies: &[Value], roles: &[Value]| {
        path_of("user/a", &inventory(&[principal("user/a", policies)], roles))
            .map(|path| path.steps[0].standing)
    };
    assert_eq!(found(&narrow, &weak(root.clone())), None);
    narrow.push(allow("sts:AssumeRole"));
    assert_eq!(found(&narrow, &weak(other)), None);
    assert_eq!(found(&narrow, &weak(root)), Some(Standing::Derived));
}

#[test]
fn boundaries_and_denials_hold() {
    let boundary = json!({"PermissionsBoundaryArn": arn("policy/limit")});
    let version = |document: Value| {
        json!([{"Arn": arn("policy/limit"), "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "Document": document}]}])
    };
    let user =
        with(principal("user/a", &[allow("iam:PutUserPolicy")]), "PermissionsBoundary", boundary.clone());
    let role = with(admin_role("role/r", json!({"AWS": arn("root")})), "PermissionsBoundary", boundary);
    let graph = |document: Value| {
        let dump = json!({"UserDetailList": [user], "RoleDetailList": [role], "Policies": version(document)});
        Graph::build(&Inventory::from_account_authorization(&dump.to_string(), &Reading::default()).unwrap())
    };
    let open = graph(allow("*"));
    assert!(open.path_to_administrator(&key("user/a")).is_some() && open.is_administrator(&key("role/r")));
    let limited = graph(statement("Allow", "iam:PutUserPolicy", "*"));
    assert!(
        limited.path_to_administrator(&key("user/a")).is_none(),
        "its own new policy stays within the boundary"
    );
    assert!(!limited.is_administrator(&key("role/r")) && limited.administrators().count() == 0);
    let denied = inventory(&[principal("user/a", &[allow("*"), statement("Deny", "iam:*", "*")])], &[]);
    assert!(path_of("user/a", &denied).is_none());
}

#[test]
fn groups_give_what_they_have() {
    let group =
        |policies: Value| json!({"Arn": arn("group/g"), "GroupName": "g", "GroupPolicyList": policies});
    let admin = json!([{"PolicyName": "p", "PolicyDocument": allow("*")}]);
    let read = |user: Value, group: Value| {
        let dump = json!({"UserDetailList": [user], "GroupDetailList": [group]});
        Inventory::from_account_authorization(&dump.to_string(), &Reading::default()).unwrap()
    };
    let inside = with(principal("user/a", &[]), "GroupList", json!(["g"]));
    let outside = principal("user/a", &[allow("iam:AddUserToGroup")]);
    assert_eq!(
        &*path_of("user/a", &read(inside.clone(), group(admin.clone()))).unwrap().steps[0].rule,
        "full authority"
    );
    assert_eq!(
        &*path_of("user/a", &read(outside.clone(), group(admin))).unwrap().steps[0].rule,
        "iam:AddUserToGroup"
    );
    assert!(path_of("user/a", &read(outside, group(json!([])))).is_none());
    assert!(path_of("user/a", &read(inside, group(json!([])))).is_none());
}

#[test]
fn what_is_not_listed_is_hypothetical_and_what_is_listed_counts() {
    let user = principal("user/a", &[allow("lambda:UpdateFunctionCode")]);
    let role = admin_role("role/r", json!({"Service": "lambda.amazonaws.com"}));
    let account = json!({"UserDetailList": [user], "RoleDetailList": [role]});
    let read = |resources: Value| {
        let whole = json!({"accounts": {ACCOUNT: account}, "resources": resources});
        Inventory::from_account_authorization(&whole.to_string(), &Reading::default()).unwrap()
    };
    let function = |role: &str| {
        json!([{"type": "aws_lambda_function", "account": ACCOUNT, "role": arn(role),
            "arn": format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")}])
    };
    let unlisted = read(json!([]));
    assert_eq!(unlisted.workloads(), Listing::Unread);
    assert_eq!(path_of("user/a", &unlisted).unwrap().steps[0].standing, Standing::Hypothetical);
    let listed = path_of("user/a", &read(function("role/r"))).unwrap();
    assert!(listed.steps.iter().all(|step| step.standing == Standing::Possible) && listed.steps.len() == 3);
    assert!(path_of("user/a", &read(function("role/other"))).is_none());
}

#[test]
fn an_open_condition_is_kept_and_halves_the_chance() {
    let guarded = json!({"Statement": {"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}});
    let path = path_of("user/a", &inventory(&[principal("user/a", &[guarded])], &[])).unwrap();
    let condition = path.steps[0].condition.as_deref().unwrap();
    assert!(condition.contains("aws:multifactorauthpresent"), "{condition}");
    assert!(path.probability < 0.5);
}

#[test]
fn buckets_are_worth_what_they_are_and_who_reads_them_is_told() {
    let bucket = |policy: Value| {
        let mut resources = vec![json!({"type": "aws_s3_bucket", "account": ACCOUNT, "bucket": "pay",
            "arn": "arn:aws:s3:::pay", "tags": {"data": "secret"}})];
        if !policy.is_null() {
            resources.push(json!({"type": "aws_s3_bucket_policy", "account": ACCOUNT, "bucket": "pay", "policy": policy}));
        }
        let users = [principal("user/a", &[allow("s3:GetObject")]), principal("user/b", &[])];
        let whole = json!({"accounts": {ACCOUNT: {"UserDetailList": users}}, "resources": resources});
        Inventory::from_account_authorization(&whole.to_string(), &Reading::default()).unwrap()
    };
    let readers = |inventory: &Inventory| {
        let graph = Graph::build(inventory);
        let exposed = graph.exposure(&key("arn:aws:s3:::pay"));
        exposed.into_keys().map(|key| key.value().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(readers(&bucket(Value::Null)), [arn("user/a")]);
    let given = json!({"Statement": [
        {"Effect": "Allow", "Principal": {"AWS": arn("user/b")}, "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": arn("user/b")}, "Action": "s3:*", "Resource": "*"}]});
    assert_eq!(readers(&bucket(given)), [arn("user/b")]);
    let mut graph = Graph::with_values(ValueRules::default().with_tag("data", "secret", Worth::new(99)));
    graph.rebuild(&bucket(Value::Null));
    assert_eq!(graph.value(&key("arn:aws:s3:::pay")), Worth::new(99));
    assert_eq!(graph.jewels_in_reach(&key("user/a")), [key("arn:aws:s3:::pay")]);
}

#[test]
fn one_bad_record_does_not_fail_the_others() {
    let dump = json!({"UserDetailList": [{"UserName": "no arn"}, principal("user/a", &[allow("*")]),
        principal("user/b", &[json!({"Statement": [{"Effect": "Perhaps"}]}), allow("*")])]});
    let inventory = Inventory::from_account_authorization(&dump.to_string(), &Reading::default()).unwrap();
    let problems: Vec<(&str, &str)> =
        inventory.problems().iter().map(|problem| (problem.place.as_str(), problem.cause.as_str())).collect();
    let name = arn("user/b#inline/p0");
    let broken = format!("policy `{name}`, statement 0, `Effect`: neither `Allow` nor `Deny`");
    assert_eq!(
        problems,
        [("UserDetailList[0]", "no record with an `Arn`"), ("UserDetailList[2]", broken.as_str())]
    );
    let graph = Graph::build(&inventory);
    assert!(graph.is_administrator(&key("user/a")));
    assert!(!graph.is_administrator(&key("user/b")), "a policy that was not read may deny");
    assert!(graph.path_to_administrator(&key("user/b")).unwrap().steps[0].condition.is_some());
    for (text, fault) in [("[", SnapshotFault::NotJson), ("{}", SnapshotFault::NoAccount)] {
        assert_eq!(Inventory::from_account_authorization(text, &Reading::default()), Err(fault));
    }
}

#[test]
fn the_report_says_who_what_and_where_to_cut() {
    let role = admin_role("role/r", json!({"AWS": [arn("user/a"), arn("user/b")]}));
    let users = [principal("user/a", &[]), principal("user/b", &[]), principal("user/c", &[])];
    let report = Graph::build(&inventory(&users, &[role])).report(ReportOptions::default());
    let told: Vec<(&str, bool, bool, usize)> = report
        .principals
        .iter()
        .map(|one| (one.id.rsplit(':').next().unwrap(), one.admin, one.can_reach_admin, one.path.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("user/a", false, true, 2),
            ("user/b", false, true, 2),
            ("user/c", false, false, 0),
            ("role/r", true, true, 1)
        ]
    );
    let best = &report.choke_points[0];
    assert_eq!((best.from.as_str(), best.to.as_str(), best.cuts), (arn("role/r").as_str(), ACCOUNT, 3));
    assert_eq!((report.exposure[0].principals, report.exposure[0].severity), (3, "moderate"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["principals"][0]["path"][0]["kind"], "AssumeRole");
}

#[test]
fn nothing_shows_a_value() {
    let marked =
        json!({"Statement": {"Effect": "Allow", "Action": "MARKED:x", "Resource": "arn:aws:s3:::MARKED"}});
    let user =
        with(principal("user/a", &[marked, allow("*")]), "Tags", json!([{"Key": "k", "Value": "MARKED"}]));
    let inventory = inventory(&[user], &[]);
    let graph = Graph::build(&inventory);
    let object = inventory.object(&key("user/a")).unwrap();
    let path = graph.path_to_administrator(&key("user/a"));
    let change = support::change(
        1,
        homeostat_graph::Op::Put {
            object: key("user/a"),
            kind: None,
            attributes: [("k".to_owned(), "MARKED".to_owned())].into(),
        },
    );
    let shown = format!("{inventory:?} {object:?} {graph:?} {path:?} {:?} {change:?}", graph.edges());
    assert!(!shown.contains("MARKED"), "{shown}");
}
