//! What is fixed and comes back is known at the very change, whatever form it takes; what was approved is not.
#![cfg(test)]

mod support;

use homeostat_core::Bits;
use homeostat_posture::{Approval, Finding, Op, Posture};
use support::{apply, change, hour, key, put};

const ETL: &str = "arn:aws:iam::111122223333:user/svc-etl";
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const EVERYTHING: &str = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// An account with a service user, a group of administrators and a role of theirs.
fn account() -> Posture {
    let mut posture = Posture::default();
    let group = key("arn:aws:iam::111122223333:group/ops");
    let role = key("arn:aws:iam::111122223333:role/ops");
    let trust = r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": ["arn:aws:iam::111122223333:user/anna"]}}]}"#;
    let role_document = format!(
        r#"{{"Arn": "{}", "AssumeRolePolicyDocument": {trust}, "RolePolicyList": [],
            "AttachedManagedPolicies": [{{"PolicyArn": "{ADMIN}"}}]}}"#,
        role.value()
    );
    let group_document = format!(
        r#"{{"GroupName": "ops", "GroupPolicyList": [{{"PolicyName": "all", "PolicyDocument": {EVERYTHING}}}],
            "AttachedManagedPolicies": []}}"#
    );
    apply(
        &mut posture,
        0,
        vec![
            Op::Tick,
            put(&key(ETL), "aws.iam.user", &user(r#""GroupList": []"#)),
            put(&group, "aws.iam.group", &group_document),
            put(&role, "aws.iam.role", &role_document),
        ],
    );
    posture
}

fn user(more: &str) -> String {
    format!(
        r#"{{"Arn": "{ETL}", "UserPolicyList": [{{"PolicyName": "read", "PolicyDocument":
        {{"Statement": {{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}}}}}],
        "AttachedManagedPolicies": [], "GroupList": [], {more}}}"#
    )
}

/// The account after the user got full authority by an attached policy, which an incident showed and a fix took away.
fn after_the_fix() -> Posture {
    let mut posture = account();
    let attached = format!(r#"{{"AttachedManagedPolicies": [{{"PolicyArn": "{ADMIN}"}}]}}"#);
    let update = posture.apply(&change(10, put(&key(ETL), "aws.iam.user", &attached))).unwrap();
    let found = posture.findings_on(&key(ETL)).find(|finding| finding.claim() == "administrator").unwrap();
    assert!(update.opened.contains(&found.id()) && update.regressed.is_empty());
    let told = Op::Tell { claim: "administrator".into(), object: key(ETL), story: "incident 7".into() };
    let fixed = put(&key(ETL), "aws.iam.user", r#"{"AttachedManagedPolicies": []}"#);
    let update = apply(&mut posture, 11, vec![told, fixed]);
    assert_eq!(update.closed.len(), 1);
    let settled = Op::Settle { name: "after incident 7".into() };
    apply(&mut posture, 20, vec![settled]);
    assert_eq!(posture.drift().count(), 0);
    posture
}

#[track_caller]
fn comes_back(by: &str, change_of: Op) {
    let mut posture = after_the_fix();
    let update = posture.apply(&change(30, change_of)).unwrap();
    let back = posture.findings_on(&key(ETL)).find(|finding| finding.claim() == "administrator");
    let back = back.unwrap_or_else(|| panic!("{by}: not found"));
    assert!(update.regressed.contains(&back.id()), "{by}: not at the very change");
    let regression = back.regression().unwrap();
    assert_eq!(
        (regression.rule.as_str(), regression.story.as_deref()),
        ("aws-iam-user-administrator", Some("incident 7"))
    );
    assert_eq!((regression.fixed, regression.times), (hour(12), 1), "{by}");
    assert!(posture.drift().any(|finding| finding.id() == back.id()), "{by}: drift");
}

#[test]
fn the_same_policy_comes_back() {
    let attached = format!(r#"{{"AttachedManagedPolicies": [{{"PolicyArn": "{ADMIN}"}}]}}"#);
    comes_back("attached", put(&key(ETL), "aws.iam.user", &attached));
}

#[test]
fn an_inline_policy_brings_it_back() {
    let inline =
        format!(r#"{{"UserPolicyList": [{{"PolicyName": "tmp", "PolicyDocument": {EVERYTHING}}}]}}"#);
    comes_back("inline", put(&key(ETL), "aws.iam.user", &inline));
}

#[test]
fn a_group_brings_it_back() {
    comes_back("group", put(&key(ETL), "aws.iam.user", r#"{"GroupList": ["ops"]}"#));
}

#[test]
fn a_trust_of_a_role_brings_it_back() {
    let trust = format!(
        r#"{{"AssumeRolePolicyDocument": {{"Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {{"AWS": ["arn:aws:iam::111122223333:user/anna", "{ETL}"]}}}}]}}}}"#
    );
    comes_back("trust", put(&key("arn:aws:iam::111122223333:role/ops"), "aws.iam.role", &trust));
}

#[test]
fn a_new_version_of_an_attached_policy_brings_it_back() {
    let arn = "arn:aws:iam::111122223333:policy/etl";
    let version = |document: &str| {
        let json = format!(
            r#"{{"Arn": "{arn}", "PolicyVersionList": [{{"IsDefaultVersion": true, "Document": {document}}}]}}"#
        );
        put(&key(arn), "aws.iam.policy", &json)
    };
    let mut posture = after_the_fix();
    let harmless = r#"{"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}"#;
    let attached = format!(r#"{{"AttachedManagedPolicies": [{{"PolicyArn": "{arn}"}}]}}"#);
    let quiet = apply(&mut posture, 25, vec![version(harmless), put(&key(ETL), "aws.iam.user", &attached)]);
    assert!(quiet.opened.is_empty());
    let update = posture.apply(&change(30, version(EVERYTHING))).unwrap();
    assert_eq!(update.regressed.len(), 1);
}

#[test]
fn a_bucket_made_public_by_another_way_is_the_same_thing_back() {
    let bucket = key("arn:aws:s3:::reports");
    let mut posture = Posture::default();
    let policy = r#"{"GetPublicAccessBlock": null, "GetBucketPolicy": {"Policy": "{\"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"}]}"}}"#;
    let grants = r#"{"GetBucketAcl": {"Grants": [{"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}]}}"#;
    let update = apply(
        &mut posture,
        1,
        vec![
            put(&bucket, "aws.s3.bucket", policy),
            put(&bucket, "aws.s3.bucket", r#"{"GetBucketPolicy": null}"#),
            put(&bucket, "aws.s3.bucket", grants),
        ],
    );
    assert_eq!(update.regressed.len(), 1);
    let back = posture.finding(update.regressed[0]).unwrap();
    let regression = back.regression().unwrap();
    assert_eq!((back.rule(), regression.rule.as_str()), ("aws-s3-acl-public", "aws-s3-policy-public"));
    assert_eq!(posture.matter("public-read", &bucket).unwrap().times(), 1);
}

#[test]
fn order_spelling_tags_and_tightening_are_no_drift() {
    let mut posture = after_the_fix();
    let evaluated = posture.stats().evaluated;
    let reordered = format!(
        r#"{{"GroupList": [], "AttachedManagedPolicies": [], "Arn": "{ETL}", "UserPolicyList": [{{"PolicyDocument":
        {{"Statement": {{"Resource": "*", "Action": "s3:Get*", "Effect": "Allow"}}}}, "PolicyName": "read"}}]}}"#
    );
    let tags = r#"{"Tags": [{"Key": "team", "Value": "data"}]}"#;
    let update = apply(&mut posture, 30, vec![put(&key(ETL), "aws.iam.user", &reordered)]);
    assert_eq!((update.evaluated, posture.stats().repeated), (0, 1));
    apply(&mut posture, 31, vec![put(&key(ETL), "aws.iam.user", tags)]);
    assert_eq!(posture.stats().evaluated, evaluated, "nothing was asked anew");
    let tighter = put(&key(ETL), "aws.iam.user", r#"{"UserPolicyList": []}"#);
    let other =
        put(&key("arn:aws:s3:::x"), "aws.s3.bucket", r#"{"GetBucketVersioning": {"Status": "Enabled"}}"#);
    apply(&mut posture, 32, vec![tighter, other]);
    assert_eq!(posture.drift().count(), 0);
}

#[test]
fn what_somebody_approves_of_is_no_drift_until_it_expires() {
    let mut posture = after_the_fix();
    let approval = Approval {
        about: "administrator".into(),
        object: key(ETL),
        who: "anna".into(),
        reason: "migration".into(),
        until: hour(40),
    };
    let group = put(&key(ETL), "aws.iam.user", r#"{"GroupList": ["ops"]}"#);
    let update = apply(&mut posture, 30, vec![Op::Approve(approval), Op::Tick, group]);
    assert_eq!((update.opened.len(), posture.drift().count()), (1, 0));
    let finding = posture.finding(update.opened[0]).unwrap();
    let signal = finding.signal(posture.tenant().unwrap());
    assert_eq!((signal.kind.as_str(), signal.bits), ("posture/aws-iam-user-administrator", Bits::HIGH));
    assert_eq!((signal.actor, signal.target, signal.action.as_str()), (None, Some(key(ETL)), "regressed"));
    assert_eq!((signal.evidence.len(), signal.time), (2, hour(32)));
    assert_eq!(posture.approval(finding).unwrap().who, "anna");
    posture.apply(&change(40, Op::Tick)).unwrap();
    assert_eq!(posture.drift().count(), 1);
    apply(&mut posture, 41, vec![Op::Settle { name: "moved on".into() }]);
    assert_eq!(posture.drift().count(), 0);
    assert!(posture.known_good().unwrap().has("administrator", &key(ETL)));
}

#[test]
fn an_unread_member_is_unknown_and_fixes_nothing() {
    let bucket = key("arn:aws:s3:::reports");
    let mut posture = Posture::default();
    let public =
        put(&bucket, "aws.s3.bucket", r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": true}}}"#);
    let unread = Op::Unread { object: bucket.clone(), member: "GetBucketPolicyStatus".into() };
    let update = apply(&mut posture, 1, vec![public, unread]);
    assert_eq!((update.evaluated, update.closed.len()), (1, 0));
    let finding = posture.findings().next().unwrap();
    assert!(finding.is_stale());
    assert!(posture.unknown().any(|(rule, _)| rule == "aws-s3-status-public"));
    let closed = put(&bucket, "aws.s3.bucket", r#"{"GetBucketPolicyStatus": null}"#);
    assert_eq!(apply(&mut posture, 3, vec![closed]).closed.len(), 1);
}

#[test]
fn age_comes_with_the_clock_alone() {
    let user = key("arn:aws:iam::111122223333:user/jane");
    let keys = r#"{"ListAccessKeys": {"AccessKeyMetadata": [{"Status": "Active", "CreateDate": "2026-08-23T00:00:00Z"}]}}"#;
    let mut posture = Posture::default();
    apply(&mut posture, 0, vec![put(&user, "aws.iam.user", keys)]);
    assert_eq!(posture.answer_of("aws-iam-key-old", &user), None, "no clock, no age");
    apply(&mut posture, 1, vec![Op::Tick]);
    assert_eq!(posture.answer_of("aws-iam-key-old", &user), Some(false));
    let quiet = apply(&mut posture, 10, vec![Op::Tick]);
    assert_eq!(quiet.evaluated, 0, "nothing has come of age");
    let update = posture.apply(&change(24, Op::Tick)).unwrap();
    assert_eq!((update.evaluated, update.opened.len()), (1, 1));
}

#[test]
fn mistakes_on_one_object_combine() {
    let bucket = key("arn:aws:s3:::reports");
    let mut posture = Posture::default();
    let marked = put(
        &bucket,
        "aws.s3.bucket",
        r#"{"GetBucketTagging": {"TagSet": [{"Key": "data-class", "Value": "secret"}]}}"#,
    );
    let public =
        put(&bucket, "aws.s3.bucket", r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": true}}}"#);
    let update = apply(&mut posture, 1, vec![marked, public]);
    let rules: Vec<&str> = posture.findings().map(Finding::rule).collect();
    assert_eq!(rules, ["aws-s3-status-public", "public-sensitive-data"]);
    assert_eq!(update.opened.len(), 2);
    let closed =
        put(&bucket, "aws.s3.bucket", r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": false}}}"#);
    assert_eq!(apply(&mut posture, 3, vec![closed]).closed.len(), 2);
}
