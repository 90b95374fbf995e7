//! Keys, buckets, services, sessions and the corners of conditions, each as its page of AWS has it.
#![cfg(test)]
#![cfg(feature = "aws")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_access::{
    Condition, Context, Decision, Limits, ListOf, Policy, PolicyFault, Principal, PublicAccessBlock, Request,
    ResourceSide, Subject,
};
use serde_json::{Value, json};

const HOME: &str = "111122223333";
const MAYA: &str = "arn:aws:iam::111122223333:user/maya";
const BATCH: &str = "arn:aws:iam::111122223333:role/batch";
const NIGHTLY: &str = "arn:aws:sts::111122223333:assumed-role/batch/nightly";
const OMAR: &str = "arn:aws:iam::444455556666:user/omar";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";
const SHELF: &str = "arn:aws:s3:::shelf";
const BOOK: &str = "arn:aws:s3:::shelf/book";

fn policy(statements: Value) -> Policy {
    Policy::parse("p", &json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap()
}

fn allow(action: &str) -> Policy {
    policy(json!({"Effect": "Allow", "Action": action, "Resource": "*"}))
}

fn grant(principal: Value, action: &str, condition: Value) -> Policy {
    policy(
        json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", "Condition": condition}),
    )
}

fn subject(arn: &str) -> Subject {
    Subject::new(Principal::aws(arn))
}

fn ask(who: &Subject, action: &str, resource: &str, side: Option<&Policy>, context: &Context) -> Decision {
    let request = Request::new(action, resource, context).in_account(Some(HOME));
    who.decide_with(&request, ResourceSide::of(action, resource, side)).decision
}

/// AWS KMS Developer Guide, "Key policies in AWS KMS": without a statement that gives the account its say, policies of
/// identities do not count; a key has no owner who may do all.
#[test]
fn a_key_answers_to_its_own_policy() {
    let strict = Context::strict();
    let delegated = grant(json!({"AWS": "arn:aws:iam::111122223333:root"}), "kms:*", json!({}));
    let named = grant(json!({"AWS": MAYA}), "kms:Decrypt", json!({}));
    let own = subject(MAYA).with(allow("kms:*"));
    for (who, side, allowed) in [
        (own.clone(), Some(&delegated), true),
        (subject(MAYA), Some(&delegated), false),
        (subject(MAYA), Some(&named), true),
        (own.clone(), None, false),
        (subject(BATCH).with(allow("kms:*")), Some(&named), false),
        (subject(OMAR).with(allow("kms:*")), Some(&delegated), false),
    ] {
        assert_eq!(ask(&who, "kms:Decrypt", KEY, side, &strict).is_allowed(), allowed, "{who:?} {side:?}");
    }
    let outside = grant(json!({"AWS": "444455556666"}), "kms:*", json!({}));
    assert_eq!(ask(&subject(OMAR), "kms:Decrypt", KEY, Some(&outside), &strict), Decision::ImplicitlyDenied);
    assert!(
        ask(&subject(OMAR).with(allow("kms:*")), "kms:Decrypt", KEY, Some(&outside), &strict).is_allowed()
    );
    assert!(ask(&own, "kms:ListKeys", "*", None, &strict).is_allowed(), "an action of no key");
    assert!(
        ask(&own, "kms:CreateAlias", "arn:aws:kms:eu-west-1:111122223333:alias/a", None, &strict)
            .is_allowed()
    );
}

/// AWS KMS Developer Guide, "Condition keys for AWS KMS", `kms:ViaService` and `kms:GrantIsForAWSResource`.
#[test]
fn a_key_may_ask_for_the_service_in_between() {
    let via = grant(
        json!({"AWS": "*"}),
        "kms:*",
        json!({"StringEquals": {
        "kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": HOME}}),
    );
    let through = Context::strict()
        .with("kms:ViaService", ["s3.eu-west-1.amazonaws.com"])
        .with("kms:CallerAccount", [HOME]);
    assert!(ask(&subject(MAYA), "kms:Decrypt", KEY, Some(&via), &through).is_allowed());
    assert!(!ask(&subject(MAYA), "kms:Decrypt", KEY, Some(&via), &Context::strict()).is_possible());
    let symbolic = ask(&subject(MAYA), "kms:Decrypt", KEY, Some(&via), &Context::symbolic());
    let Decision::AllowedIf(residual) = symbolic else { panic!("{symbolic:?}") };
    assert_eq!(residual.conditions().len(), 2);
    let for_service = grant(
        json!({"AWS": MAYA}),
        "kms:CreateGrant",
        json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    );
    for (told, allowed) in [(Some("true"), true), (Some("false"), false), (None, false)] {
        let context =
            told.map_or(Context::strict(), |it| Context::strict().with("kms:GrantIsForAWSResource", [it]));
        assert_eq!(
            ask(&subject(MAYA), "kms:CreateGrant", KEY, Some(&for_service), &context).is_allowed(),
            allowed
        );
    }
}

/// AWS KMS Developer Guide, "Grants in AWS KMS", "Using grant constraints".
#[test]
fn a_grant_allows_besides_the_policy_of_the_key() {
    let key = grant(json!({"AWS": MAYA}), "kms:*", json!({}));
    let read = |document: Value| Policy::of_key_grant("g", &document.to_string());
    let plain =
        read(json!({"GrantId": "1", "KeyId": KEY, "GranteePrincipal": BATCH, "RetiringPrincipal": OMAR,
        "Operations": ["Decrypt", "DescribeKey"], "IssuingAccount": HOME}))
        .unwrap();
    let equals = read(json!({"GranteePrincipal": BATCH, "Operations": ["Decrypt", "DescribeKey"],
        "Constraints": {"EncryptionContextEquals": {"team": "data"}}}))
    .unwrap();
    let service =
        read(json!({"GranteePrincipal": "rds.eu-west-1.amazonaws.com", "Operations": ["Encrypt"]})).unwrap();
    let batch = subject(NIGHTLY);
    let strict = Context::strict();
    let with = |grant: &Policy| Policy::joined("key", &[key.clone(), grant.clone()]);
    assert!(!ask(&batch, "kms:Decrypt", KEY, Some(&key), &strict).is_possible());
    assert!(ask(&batch, "kms:Decrypt", KEY, Some(&with(&plain)), &strict).is_allowed());
    assert!(!ask(&batch, "kms:Encrypt", KEY, Some(&with(&plain)), &strict).is_possible());
    let context = |keys: &[&str]| {
        keys.iter()
            .fold(strict.clone(), |it, key| it.with(&format!("kms:EncryptionContext:{key}"), ["data"]))
            .with("kms:EncryptionContextKeys", keys.iter().copied())
    };
    assert!(ask(&batch, "kms:Decrypt", KEY, Some(&equals), &context(&["team"])).is_allowed());
    assert!(!ask(&batch, "kms:Decrypt", KEY, Some(&equals), &context(&["team", "more"])).is_allowed());
    assert!(ask(&batch, "kms:DescribeKey", KEY, Some(&equals), &strict).is_allowed(), "it has no context");
    let rds = Subject::new(Principal::service("rds.eu-west-1.amazonaws.com"));
    assert!(ask(&rds, "kms:Encrypt", KEY, Some(&service), &strict).is_allowed());
    let unknown =
        read(json!({"GranteePrincipal": BATCH, "Operations": ["Decrypt"], "Constraints": {"Hour": 9}}));
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "policy `g`, `Grant`: not of the shape that the grammar has"
    );
}

/// Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", section "The meaning of 'public'".
#[test]
fn public_is_what_nothing_fixes() {
    for (principal, condition, public) in [
        (json!("*"), json!({}), true),
        (json!({"AWS": "*"}), json!({}), true),
        (json!({"AWS": "444455556666"}), json!({}), false),
        (json!({"Service": "logs.amazonaws.com"}), json!({}), false),
        (json!("*"), json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}), false),
        (json!("*"), json!({"StringLike": {"aws:SourceVpc": "vpc-*"}}), true),
        (json!("*"), json!({"StringLike": {"aws:SourceVpc": "vpc-1"}}), false),
        (json!("*"), json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}), true),
        (json!("*"), json!({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}), true),
        (json!("*"), json!({"StringEquals": {"aws:UserAgent": "x"}}), true),
        (json!("*"), json!({"StringEquals": {"aws:SourceArn": "${aws:username}"}}), true),
        (json!("*"), json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"]}}), false),
        (json!("*"), json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}), true),
        (json!("*"), json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), true),
        (
            json!("*"),
            json!({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}}),
            false,
        ),
        (
            json!("*"),
            json!({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:eu-west-1:*:accesspoint/a"}}),
            true,
        ),
        (
            json!("*"),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:SecureTransport": "true"}}),
            false,
        ),
    ] {
        let policy = grant(principal.clone(), "s3:GetObject", condition.clone());
        assert_eq!(policy.is_public(), public, "{principal} {condition}");
    }
    let denied = policy(json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}));
    assert!(!denied.is_public() && !allow("s3:*").is_public());
}

/// The same page, "Block public access settings": services and the owner's account go on, others do not.
#[test]
fn a_restricted_bucket_is_open_to_its_account_and_to_services() {
    let open = grant(json!("*"), "s3:GetObject", json!({}));
    let strict = Context::strict();
    let read = Request::new("s3:GetObject", BOOK, &strict).in_account(Some(HOME));
    let restrict = PublicAccessBlock::parse(
        "shelf",
        r#"{"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": true}}"#,
    );
    let limits = Limits::default().with_public_access_block(restrict.unwrap());
    for (who, without, with) in [
        (Subject::new(Principal::anonymous()), true, false),
        (subject(OMAR).with(allow("s3:*")), true, false),
        (subject(MAYA), true, true),
        (Subject::new(Principal::service("delivery.logs.amazonaws.com")), true, true),
    ] {
        let decide =
            |limits| who.decide_within(&read, ResourceSide::MayGrant(&open), limits).decision.is_allowed();
        assert_eq!((decide(&Limits::default()), decide(&limits)), (without, with), "{who:?}");
    }
    let fixed = grant(json!({"AWS": OMAR}), "s3:GetObject", json!({}));
    let omar = subject(OMAR).with(allow("s3:*"));
    assert!(omar.decide_within(&read, ResourceSide::MayGrant(&fixed), &limits).decision.is_allowed());
    let kept =
        Subject::new(Principal::anonymous()).decide_within(&read, ResourceSide::MayGrant(&open), &limits);
    assert_eq!(kept.because[0].to_string(), "block public access for `p` says nothing");
    assert!(PublicAccessBlock::parse("shelf", r#"{"RestrictAll": true}"#).is_err());
    assert!(!PublicAccessBlock::default().refuses(&open) && PublicAccessBlock::ALL.refuses(&open));
    assert!(PublicAccessBlock::default().and(PublicAccessBlock::ALL).refuses_public_lists());
}

/// Amazon S3 User Guide, "Access control list (ACL) overview".
#[test]
fn lists_grant_what_their_permissions_stand_for() {
    let everybody = "http://acs.amazonaws.com/groups/global/AllUsers";
    let known = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
    let list = json!({"Owner": {"ID": "own"}, "Grants": [
        {"Grantee": {"Type": "Group", "URI": everybody}, "Permission": "READ"},
        {"Grantee": {"Type": "Group", "URI": known}, "Permission": "WRITE"},
        {"Grantee": {"Type": "CanonicalUser", "ID": "theirs"}, "Permission": "FULL_CONTROL"},
        {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "WRITE"}]})
    .to_string();
    let read = |block| Policy::of_access_list("acl", &list, (ListOf::Bucket, SHELF), block).unwrap();
    let (open, kept) = (read(PublicAccessBlock::default()), read(PublicAccessBlock::ALL));
    let strict = Context::strict();
    let anyone = Subject::new(Principal::anonymous());
    let theirs = Subject::new(Principal::aws(OMAR).with_canonical_id("theirs")).with(allow("s3:*"));
    for (who, action, resource, with, without) in [
        (&anyone, "s3:ListBucket", SHELF, true, false),
        (&anyone, "s3:GetObject", BOOK, false, false),
        (&anyone, "s3:PutObject", BOOK, false, false),
        (&subject(OMAR).with(allow("s3:*")), "s3:PutObject", BOOK, true, false),
        (&subject(OMAR).with(allow("s3:*")), "s3:GetBucketAcl", SHELF, false, false),
        (&theirs, "s3:PutBucketAcl", SHELF, true, true),
    ] {
        assert_eq!(
            ask(who, action, resource, Some(&open), &strict).is_allowed(),
            with,
            "{action} {resource}"
        );
        assert_eq!(ask(who, action, resource, Some(&kept), &strict).is_allowed(), without, "{action}, kept");
    }
    assert!(open.is_public() && !kept.is_public());
    let object =
        Policy::of_access_list("acl", &list, (ListOf::Object, BOOK), PublicAccessBlock::default()).unwrap();
    assert!(ask(&anyone, "s3:GetObject", BOOK, Some(&object), &strict).is_allowed());
    assert!(!ask(&anyone, "s3:GetObject", "arn:aws:s3:::shelf/other", Some(&object), &strict).is_allowed());
    let wrong =
        Policy::of_access_list("acl", r#"{"Grants": [{}]}"#, (ListOf::Bucket, SHELF), PublicAccessBlock::ALL);
    assert_eq!(wrong.unwrap_err().cause(), PolicyFault::WrongShape);
}

/// AWS IAM User Guide, "The confused deputy problem": a service is bound to what it works for.
#[test]
fn a_service_is_bound_to_its_source() {
    let topic = grant(
        json!({"Service": "s3.amazonaws.com"}),
        "sns:Publish",
        json!({"StringEquals": {"aws:SourceAccount": HOME}, "ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:shelf"}}),
    );
    let service = Subject::new(Principal::service("s3.amazonaws.com"));
    let resource = "arn:aws:sns:eu-west-1:111122223333:news";
    let from = |account: &str, bucket: &str| {
        Context::strict()
            .with("aws:SourceAccount", [account])
            .with("aws:SourceArn", [format!("arn:aws:s3:::{bucket}")])
    };
    assert!(ask(&service, "sns:Publish", resource, Some(&topic), &from(HOME, "shelf")).is_allowed());
    assert!(
        !ask(&service, "sns:Publish", resource, Some(&topic), &from("444455556666", "shelf")).is_possible()
    );
    assert!(!ask(&service, "sns:Publish", resource, Some(&topic), &Context::strict()).is_possible());
    assert!(!ask(&subject(MAYA), "sns:Publish", resource, Some(&topic), &from(HOME, "shelf")).is_possible());
    let kept = policy(json!({"Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}, "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}));
    let limits = Limits::default().with_resource_control("root", vec![kept]);
    let context = from(HOME, "shelf").with("aws:PrincipalIsAWSService", ["true"]);
    let publish = Request::new("sns:Publish", resource, &context).in_account(Some(HOME));
    assert!(service.decide_within(&publish, ResourceSide::MayGrant(&topic), &limits).decision.is_allowed());
    let context = from(HOME, "shelf").with("aws:PrincipalIsAWSService", ["false"]);
    let publish = Request::new("sns:Publish", resource, &context).in_account(Some(HOME));
    let denied = subject(OMAR).decide_within(&publish, ResourceSide::MayGrant(&topic), &limits);
    assert_eq!(denied.decision, Decision::ExplicitlyDenied);
}

/// AWS IAM User Guide, "Create a role to delegate permissions to an AWS service": to pass a role, and to be trusted by it, are two.
#[test]
fn a_passed_role_must_trust_the_service() {
    let may = policy(json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": BATCH,
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}));
    let maya = subject(MAYA).with(may);
    for (service, passed) in [("lambda.amazonaws.com", true), ("ec2.amazonaws.com", false)] {
        let context = Context::strict().with("iam:PassedToService", [service]);
        assert_eq!(ask(&maya, "iam:PassRole", BATCH, None, &context).is_allowed(), passed);
    }
    let trust = grant(json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole", json!({}));
    let lambda = Subject::new(Principal::service("lambda.amazonaws.com"));
    assert!(!ask(&lambda, "sts:AssumeRole", BATCH, Some(&trust), &Context::strict()).is_possible());
}

/// AWS IAM User Guide, "Pass session tags in AWS STS" and "IAM roles", section "Role chaining": a session becomes
/// another role as its own role is trusted; tags need a right of their own in the trust policy.
#[test]
fn sessions_chain_and_carry_tags_by_trust() {
    let trust = |action: Value| {
        policy(json!({"Effect": "Allow", "Principal": {"AWS": BATCH}, "Action": action,
            "Condition": {"StringLike": {"aws:RequestTag/team": "*"}}}))
    };
    let target = "arn:aws:iam::111122223333:role/next";
    let tagged = Context::strict().with("aws:RequestTag/team", ["data"]).with("aws:TagKeys", ["team"]);
    let session = subject(NIGHTLY);
    for (action, tags) in
        [(json!("sts:AssumeRole"), false), (json!(["sts:AssumeRole", "sts:TagSession"]), true)]
    {
        let trust = trust(action);
        assert!(ask(&session, "sts:AssumeRole", target, Some(&trust), &tagged).is_allowed());
        assert_eq!(ask(&session, "sts:TagSession", target, Some(&trust), &tagged).is_allowed(), tags);
    }
    assert!(
        !ask(&session, "sts:AssumeRole", target, Some(&trust(json!("sts:*"))), &Context::strict())
            .is_possible()
    );
}

/// AWS IAM User Guide, "AWS JSON policy elements: Principal", sections "Federated principals" and "STS federated user".
#[test]
fn federated_callers_are_trusted_by_their_provider() {
    let oidc = "arn:aws:iam::111122223333:oidc-provider/token.actions.example.com";
    let trust = grant(
        json!({"Federated": oidc}),
        "sts:AssumeRoleWithWebIdentity",
        json!({"StringEquals": {"token.actions.example.com:aud": "sts"}, "StringLike": {"token.actions.example.com:sub": "repo:org/app:*"}}),
    );
    let caller = Subject::new(Principal::federated(oidc));
    let from = |sub: &str| {
        Context::strict()
            .with("token.actions.example.com:aud", ["sts"])
            .with("token.actions.example.com:sub", [sub])
    };
    assert!(
        ask(&caller, "sts:AssumeRoleWithWebIdentity", BATCH, Some(&trust), &from("repo:org/app:ref:main"))
            .is_allowed()
    );
    assert!(
        !ask(&caller, "sts:AssumeRoleWithWebIdentity", BATCH, Some(&trust), &from("repo:other/app:x"))
            .is_possible()
    );
    assert!(!ask(&caller, "sts:AssumeRole", BATCH, Some(&trust), &from("repo:org/app:x")).is_possible());
    // A federated user's session: named itself it is not limited, through its user it is.
    let session = "arn:aws:sts::111122223333:federated-user/guest";
    let guest = Subject::new(Principal::session(session, MAYA)).limited_to(allow("ec2:*"));
    let itself = grant(json!({"AWS": session}), "s3:*", json!({}));
    let user = grant(json!({"AWS": MAYA}), "s3:*", json!({}));
    assert!(ask(&guest, "s3:GetObject", BOOK, Some(&itself), &Context::strict()).is_allowed());
    assert!(!ask(&guest, "s3:GetObject", BOOK, Some(&user), &Context::strict()).is_allowed());
}

/// AWS IAM User Guide, "AWS JSON policy elements: `NotPrincipal`", with a role and its session.
#[test]
fn all_but_a_role_spares_its_sessions() {
    let door = policy(json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*",
        "NotPrincipal": {"AWS": [BATCH, NIGHTLY, "arn:aws:iam::111122223333:root"]}}));
    let strict = Context::strict();
    let all = |arn: &str| subject(arn).with(allow("s3:*"));
    assert!(ask(&all(NIGHTLY), "s3:GetObject", BOOK, Some(&door), &strict).is_allowed());
    let other =
        policy(json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "NotPrincipal": {"AWS": BATCH}}));
    assert!(ask(&all(NIGHTLY), "s3:GetObject", BOOK, Some(&other), &strict).is_allowed());
    assert_eq!(ask(&all(MAYA), "s3:GetObject", BOOK, Some(&other), &strict), Decision::ExplicitlyDenied);
    assert_eq!(ask(&all(OMAR), "s3:GetObject", BOOK, Some(&door), &strict), Decision::ExplicitlyDenied);
}

/// AWS IAM User Guide, "IAM JSON policy elements: Condition operators": what each operator makes of odd values.
#[test]
fn operators_read_values_as_their_kind() {
    for (operator, policy, own, holds) in [
        ("Bool", vec!["true"], vec!["true"], true),
        ("Bool", vec!["true"], vec!["1"], false),
        ("Bool", vec!["true", "false"], vec!["false"], true),
        ("DateLessThan", vec!["2026-01-01T00:00:00Z"], vec!["1700000000"], true),
        ("DateGreaterThan", vec!["1700000000"], vec!["2026-01-01T00:00:00Z"], true),
        ("DateEquals", vec!["2026-01-01T00:00:00Z"], vec!["2026-01-01T01:00:00+01:00"], true),
        ("NumericEquals", vec!["10"], vec!["1e1"], true),
        ("NumericLessThan", vec!["10"], vec!["-0.5"], true),
        ("IpAddress", vec!["2001:db8::/32"], vec!["2001:0DB8:0:0::7"], true),
        ("IpAddress", vec!["2001:db8::/32"], vec!["192.0.2.1"], false),
        ("NotIpAddress", vec!["192.0.2.0/24"], vec!["2001:db8::1"], true),
        ("BinaryEquals", vec!["QmluYXJ5"], vec!["QmluYXJ5"], true),
        ("ArnLike", vec!["arn:aws:sns:*:*:news"], vec!["arn:aws:sns:eu:1:news"], true),
        ("ArnLike", vec!["arn:aws:sns:*"], vec!["arn:aws:sns:eu:1:news"], false),
        ("StringLike", vec!["arn:aws:sns:*"], vec!["arn:aws:sns:eu:1:news"], true),
        ("ArnLike", vec!["arn:aws:s3:::*"], vec!["arn:aws:s3:::a/b:c"], true),
        ("StringEquals", vec!["a*"], vec!["ab"], false),
        ("StringEqualsIgnoreCase", vec!["Red"], vec!["rED"], true),
        ("ForAllValues:StringLike", vec!["a*", "b*"], vec!["ax", "bx"], true),
        ("ForAnyValue:StringNotEquals", vec!["a"], vec!["a"], false),
        ("ForAnyValue:StringNotEquals", vec!["a"], vec!["a", "b"], true),
        ("ForAllValues:StringNotLike", vec!["a*"], vec!["b", "ab"], false),
    ] {
        let condition = Condition::new(operator, "k", &policy).unwrap();
        let context = Context::strict().with("K", own.clone());
        assert_eq!(condition.holds(&context), Some(holds), "{operator} {policy:?} {own:?}");
    }
}

/// The same page, "...`IfExists`" and "Null"; "Set operators for multivalued context keys".
#[test]
fn missing_keys_hold_as_their_operator_says() {
    for (operator, values, holds) in [
        ("StringEquals", vec!["a"], false),
        ("StringNotEquals", vec!["a"], true),
        ("StringEqualsIfExists", vec!["a"], true),
        ("NumericLessThanIfExists", vec!["3600"], true),
        ("Bool", vec!["false"], false),
        ("BoolIfExists", vec!["false"], true),
        ("ForAllValues:StringEquals", vec!["a"], true),
        ("ForAllValues:StringNotEquals", vec!["a"], true),
        ("ForAnyValue:StringEquals", vec!["a"], false),
        ("ForAnyValue:StringNotEquals", vec!["a"], false),
        ("ForAnyValue:StringEqualsIfExists", vec!["a"], true),
        ("NotIpAddress", vec!["192.0.2.0/24"], true),
        ("ArnNotLike", vec!["arn:aws:s3:::a"], true),
        ("Null", vec!["true"], true),
        ("Null", vec!["false"], false),
    ] {
        let condition = Condition::new(operator, "k", &values).unwrap();
        assert_eq!(condition.holds(&Context::strict()), Some(holds), "{operator}");
        let expected = None;
        assert_eq!(condition.holds(&Context::symbolic()), expected, "{operator} of which nothing is known");
    }
}

/// AWS IAM User Guide, "IAM policy elements: Variables and tags" and "IAM JSON policy elements: Version".
#[test]
fn variables_belong_to_the_newer_version() {
    let home = |version: Value, resource: &str| {
        let mut document =
            json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}});
        if !version.is_null() {
            document["Version"] = version;
        }
        Policy::parse("p", &document.to_string()).unwrap()
    };
    let context = Context::strict().with("aws:username", ["maya"]).with("aws:PrincipalTag/dept", ["a*"]);
    for (version, pattern, resource, allowed) in [
        (json!("2012-10-17"), "arn:aws:s3:::h/${aws:username}/*", "arn:aws:s3:::h/maya/x", true),
        (json!("2008-10-17"), "arn:aws:s3:::h/${aws:username}/*", "arn:aws:s3:::h/maya/x", false),
        (json!(null), "arn:aws:s3:::h/${aws:username}/*", "arn:aws:s3:::h/maya/x", false),
        (json!("2008-10-17"), "arn:aws:s3:::h/${aws:username}/*", "arn:aws:s3:::h/${aws:username}/x", true),
        (
            json!("2012-10-17"),
            "arn:aws:s3:::${aws:PrincipalTag/team, 'shared'}/*",
            "arn:aws:s3:::shared/x",
            true,
        ),
        (json!("2012-10-17"), "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::shared/x", false),
        (json!("2012-10-17"), "arn:aws:s3:::h/${aws:PrincipalTag/dept}", "arn:aws:s3:::h/abc", false),
        (json!("2012-10-17"), "arn:aws:s3:::h/${*}${?}${$}", "arn:aws:s3:::h/*?$", true),
    ] {
        let who = subject(MAYA).with(home(version.clone(), pattern));
        assert_eq!(
            ask(&who, "s3:GetObject", resource, None, &context).is_allowed(),
            allowed,
            "{version} {pattern}"
        );
    }
}

/// AWS IAM User Guide, "AWS global condition context keys", section "Properties of the principal".
#[test]
fn every_request_tells_whose_it_is() {
    let holds = |who: &Principal, operator: &str, key: &str, value: &str| {
        let context = Context::strict().with_principal(who);
        Condition::new(operator, key, &[value]).unwrap().holds(&context) == Some(true)
    };
    let nightly = Principal::aws(NIGHTLY);
    let path = Principal::aws("arn:aws:iam::111122223333:user/team/maya");
    let service = Principal::service("s3.amazonaws.com");
    assert!(holds(&nightly, "ArnEquals", "aws:PrincipalArn", BATCH));
    assert!(holds(&nightly, "StringEquals", "aws:PrincipalType", "AssumedRole"));
    assert!(holds(&nightly, "Null", "aws:username", "true"));
    assert!(holds(&path, "StringEquals", "aws:username", "maya"));
    assert!(holds(&path, "StringEquals", "aws:PrincipalAccount", HOME));
    assert!(holds(&path, "Bool", "aws:PrincipalIsAWSService", "false"));
    assert!(holds(&service, "Bool", "aws:PrincipalIsAWSService", "true"));
    assert!(holds(&service, "Null", "aws:PrincipalArn", "true"));
    assert!(holds(&Principal::anonymous(), "StringEquals", "aws:PrincipalType", "Anonymous"));
    let told = Context::strict().with("aws:PrincipalArn", [OMAR]).with_principal(&path);
    let own = Condition::new("ArnEquals", "aws:PrincipalArn", &[OMAR]).unwrap();
    assert_eq!(own.holds(&told), Some(true), "what is told stays");
}

/// Traps: what can not be read answers with an error or not at all, whatever its size.
#[test]
fn hostile_documents_are_refused_by_name() {
    let deep = "[".repeat(100_000);
    let nested = format!(r#"{{"Statement": {}{}}}"#, r#"{"Statement": "#.repeat(10_000), "}".repeat(10_000));
    for (text, fault) in [
        (deep.as_str(), PolicyFault::NotJson),
        (nested.as_str(), PolicyFault::NotJson),
        (r#"{"Statement": [[]]}"#, PolicyFault::WrongShape),
        (r#"{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}"#, PolicyFault::UnknownEffect),
        (r#"{"Statement": {"Effect": "Allow", "Action": {}, "Resource": "*"}}"#, PolicyFault::WrongShape),
    ] {
        assert_eq!(Policy::parse("p", text).unwrap_err().cause(), fault);
    }
    let huge = format!(
        r#"{{"Statement": {{"Effect": "Allow", "Action": "{}", "Resource": "*"}}}}"#,
        "a".repeat(100_000_000)
    );
    assert_eq!(
        Policy::parse("p", &huge).unwrap_err().to_string(),
        "policy `p`, `document`: longer than 262144 bytes"
    );
    let long = Policy::of_key_grant("g", &huge).unwrap_err();
    assert_eq!(long.cause(), PolicyFault::TooLong);
}
