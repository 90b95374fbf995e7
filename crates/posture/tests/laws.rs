//! The laws: what a change touches is all that is redone, state is its bytes, fixes go there and back.
#![cfg(test)]

mod support;

use homeostat_core::conformance::state_laws;
use homeostat_core::{EntityKey, Forget, State};
use homeostat_posture::{Approval, Change, Finding, Op, Patch, Posture, RuleError, RuleFault, RuleSet};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::{apply, change, hour, key, put};

/// Every document of the rules' examples, as changes of few objects: so that they meet.
fn documents() -> Vec<(String, String)> {
    let rules = RuleSet::built_in();
    let mut all: Vec<(String, String)> = Vec::new();
    for rule in rules.rules() {
        for document in [rule.passing(), rule.failing()] {
            all.push((rule.kind().to_owned(), document.to_owned()));
        }
        all.extend(rule.beside().map(|(kind, document)| (kind.to_owned(), document.to_owned())));
    }
    all
}

fn operation() -> impl Strategy<Value = Op> {
    let documents = documents();
    let name = |kind: &str, number: usize| key(&format!("arn:aws:x:::{kind}/{number}"));
    (0..documents.len(), 0_usize..3, 0_u8..20).prop_map(move |(at, number, what)| {
        let (kind, document) = &documents[at];
        let object = name(kind, number);
        match what {
            0 => Op::Remove { object },
            1 => Op::Unread { object, member: "properties".into() },
            2 => Op::Tick,
            3 => Op::Settle { name: "today".into() },
            4 => Op::Approve(Approval {
                about: "public-read".into(),
                object,
                who: "w".into(),
                reason: "r".into(),
                until: hour(1_000),
            }),
            5..=9 => Op::Replace { object, kind: kind.clone(), document: document.clone() },
            _ => put(&object, kind, document),
        }
    })
}

/// Changes of rights in one account: so few objects that they meet.
fn right() -> impl Strategy<Value = Op> {
    let arn = |name: &str| format!("arn:aws:iam::111122223333:{name}");
    let statement = prop::sample::select(vec![
        json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}),
        json!({"Effect": "Deny", "Action": "iam:Put*", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn("role/r")}),
        json!({"Effect": "Perhaps"}),
    ]);
    let policies = prop::collection::vec(statement.clone(), 0..3).prop_map(|all| {
        all.into_iter()
            .map(|one| json!({"PolicyName": "p", "PolicyDocument": {"Statement": one}}))
            .collect::<Value>()
    });
    let attached = prop::sample::select(vec![
        json!([]),
        json!([{"PolicyArn": arn("policy/own")}]),
        json!([{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]),
    ]);
    let versions = (statement.clone(), statement, any::<bool>()).prop_map(|(one, two, first)| {
        json!([{"Document": {"Statement": one}, "IsDefaultVersion": first},
            {"Document": {"Statement": two}, "IsDefaultVersion": !first}])
    });
    let trusted = prop::sample::select(vec![arn("user/u"), arn("root"), "*".to_owned(), arn("role/s")]);
    let trust = trusted.prop_map(|who| {
        json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": who}}})
    });
    let groups = prop::sample::select(vec![json!([]), json!(["g"])]);
    let member = prop_oneof![
        3 => policies.clone().prop_map(|list| ("aws.iam.user", "user/u", json!({"UserPolicyList": list}))),
        2 => attached.clone().prop_map(|list| ("aws.iam.user", "user/u", json!({"AttachedManagedPolicies": list}))),
        2 => groups.prop_map(|list| ("aws.iam.user", "user/u", json!({"GroupList": list}))),
        2 => policies.clone().prop_map(|list| ("aws.iam.group", "group/g", json!({"GroupPolicyList": list}))),
        2 => policies.clone().prop_map(|list| ("aws.iam.role", "role/r", json!({"RolePolicyList": list}))),
        1 => policies.prop_map(|list| ("aws.iam.role", "role/s", json!({"RolePolicyList": list}))),
        2 => attached.prop_map(|list| ("aws.iam.role", "role/r", json!({"AttachedManagedPolicies": list}))),
        3 => (trust, any::<bool>()).prop_map(|(trust, one)| {
            let role = if one { "role/r" } else { "role/s" };
            ("aws.iam.role", role, json!({"AssumeRolePolicyDocument": trust}))
        }),
        2 => versions.prop_map(|list| ("aws.iam.policy", "policy/own", json!({"PolicyVersionList": list}))),
    ];
    (member, 0_u8..12).prop_map(move |((kind, name, mut document), what)| {
        let object = key(&arn(name));
        match what {
            0 => Op::Remove { object },
            1 => Op::Unread { object, member: document.as_object().unwrap().keys().next().unwrap().clone() },
            _ => {
                document["Arn"] = json!(arn(name));
                document["GroupName"] = json!("g");
                put(&object, kind, &document.to_string())
            }
        }
    })
}

fn told(posture: &Posture) -> BTreeMap<(String, EntityKey), String> {
    let text = |finding: &Finding| {
        let places: Vec<_> =
            finding.observations().iter().map(|one| (&one.place, &one.observed, &one.wanted)).collect();
        format!("{places:?} {:?} {}", finding.edges(), finding.is_stale())
    };
    posture.findings().map(|one| ((one.rule().to_owned(), one.object().clone()), text(one))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn change_by_change_is_the_same_as_all_at_once(ops in prop::collection::vec(operation(), 1..40)) {
        let mut stepped = Posture::default();
        let mut at_once = Posture::default();
        for (number, op) in ops.into_iter().enumerate() {
            let _ = stepped.apply(&change(number as u64, op));
            let bytes = State::<Vec<Change>>::to_bytes(&stepped);
            if number % 7 == 0 {
                at_once = <Posture as State<Vec<Change>>>::from_bytes(&bytes).unwrap();
                prop_assert_eq!(told(&at_once), told(&stepped));
                prop_assert_eq!(&State::<Vec<Change>>::to_bytes(&at_once), &bytes);
                let unknown = |posture: &Posture| posture.unknown().map(|(rule, key)| (rule.to_owned(), key.clone())).collect::<Vec<_>>();
                prop_assert_eq!(unknown(&at_once), unknown(&stepped));
            }
        }
        prop_assert!(at_once.objects() <= 600);
    }

    #[test]
    fn rights_are_the_same_however_often_they_were_asked(ops in prop::collection::vec(right(), 1..25)) {
        let mut stepped = Posture::default();
        for (number, op) in ops.into_iter().enumerate() {
            let _ = stepped.apply(&change(number as u64, op));
            let bytes = State::<Vec<Change>>::to_bytes(&stepped);
            let anew = <Posture as State<Vec<Change>>>::from_bytes(&bytes).unwrap();
            prop_assert_eq!(told(&anew), told(&stepped));
            prop_assert!(anew == stepped, "answers and what they rest on");
        }
    }

    #[test]
    fn a_fix_and_its_inverse_bring_the_document_back_to_the_byte(ops in prop::collection::vec(operation(), 1..30)) {
        let mut posture = Posture::default();
        posture.apply(&change(0, Op::Tick)).unwrap();
        for (number, op) in (1..).zip(ops) {
            let _ = posture.apply(&change(number, op));
        }
        let findings: Vec<Finding> = posture.findings().cloned().collect();
        for finding in findings {
            let Some(fix) = posture.fix(&finding) else { continue };
            prop_assert_eq!(&fix.inverse.apply(&fix.after()).unwrap(), &fix.before);
            prop_assert_eq!(&posture.document(finding.object()).unwrap(), &fix.before);
            let mut fixed = posture.clone();
            let object = finding.object().clone();
            let carried = Op::Patch { object: object.clone(), patch: fix.patch.clone() };
            fixed.apply(&change(100, carried)).unwrap();
            prop_assert_eq!(fixed.document(&object).unwrap(), fix.after());
            let back = Op::Patch { object: object.clone(), patch: fix.inverse.clone() };
            fixed.apply(&change(101, back)).unwrap();
            prop_assert_eq!(fixed.document(&object).unwrap(), fix.before);
        }
    }

    #[test]
    fn forgetting_leaves_no_byte(ops in prop::collection::vec(operation(), 1..30)) {
        let mut posture = Posture::default();
        for (number, op) in ops.into_iter().enumerate() {
            let _ = posture.apply(&change(number as u64, op));
        }
        let who = key("arn:aws:x:::aws.iam.user/0");
        posture.forget(&who);
        let bytes = State::<Vec<Change>>::to_bytes(&posture);
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(!text.contains(who.value()));
        prop_assert!(!posture.forget(&who));
        let again = <Posture as State<Vec<Change>>>::from_bytes(&bytes).unwrap();
        prop_assert_eq!(State::<Vec<Change>>::to_bytes(&again), bytes);
    }
}

#[test]
fn posture_is_a_state() {
    let bucket = key("arn:aws:s3:::reports");
    let mut inputs: Vec<Vec<Change>> = Vec::new();
    for (number, (kind, document)) in documents().into_iter().step_by(29).enumerate() {
        let at = number as u64;
        let object = key(&format!("arn:aws:x:::{kind}"));
        inputs.push(vec![change(at, put(&object, &kind, &document)), change(at, Op::Tick)]);
    }
    inputs.push(vec![change(90, put(&bucket, "aws.s3.bucket", "[]"))]);
    inputs.push(vec![change(91, Op::Settle { name: "x".into() })]);
    assert_eq!(state_laws(&Posture::default(), &inputs), Ok(()));
}

#[test]
fn a_refused_record_teaches_nothing() {
    let bucket = key("arn:aws:s3:::reports");
    let misfit: Patch = r#"[{"op": "remove", "path": "/x"}]"#.parse().unwrap();
    let good = put(&bucket, "aws.s3.bucket", r#"{"GetBucketLogging": {}}"#);
    for bad in [
        put(&bucket, "aws.s3.bucket", "[]"),
        put(&bucket, "aws.s3.bucket", "{"),
        Op::Patch { object: bucket.clone(), patch: misfit },
    ] {
        let mut posture = Posture::default();
        let record = vec![change(1, good.clone()), change(2, bad)];
        assert!(posture.observe(homeostat_core::Position::at(0), &record).is_err());
        assert_eq!(posture.objects(), 0);
    }
}

#[test]
fn a_change_redoes_what_rests_on_it_and_nothing_else() {
    let mut posture = Posture::default();
    let document = r#"{"Name": "b", "GetBucketAcl": {"Grants": []}, "GetPublicAccessBlock": null, "GetBucketVersioning": {"Status": "Enabled"}, "GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": false}}}"#;
    for number in 0..500 {
        let bucket = key(&format!("arn:aws:s3:::b{number}"));
        posture.apply(&change(1, put(&bucket, "aws.s3.bucket", document))).unwrap();
    }
    let one = key("arn:aws:s3:::b7");
    for (part, touched) in [
        (r#"{"GetBucketVersioning": {"Status": "Suspended"}}"#, 1),
        (r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": true}}}"#, 1),
        // Rules on access lists (two), policies (two) and the block itself rest on it.
        (r#"{"GetPublicAccessBlock": {"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}}}"#, 1),
        (r#"{"GetBucketAcl": {"Grants": [{"Grantee": {"URI": "x"}}]}}"#, 2),
        (r#"{"Owner": "nobody asks for it"}"#, 0),
    ] {
        let before = posture.stats().evaluated;
        let update = posture.apply(&change(2, put(&one, "aws.s3.bucket", part))).unwrap();
        assert_eq!(
            (update.evaluated as u64, update.touched),
            (posture.stats().evaluated - before, update.evaluated)
        );
        assert!(update.evaluated >= touched && update.evaluated <= 5, "{part}: {}", update.evaluated);
    }
}

#[test]
fn tenants_never_touch_and_late_changes_are_counted() {
    let bucket = key("arn:aws:s3:::reports");
    let mut posture = Posture::default();
    let public = r#"{"GetBucketPolicyStatus": {"PolicyStatus": {"IsPublic": true}}}"#;
    posture.apply(&change(5, put(&bucket, "aws.s3.bucket", r#"{"GetBucketPolicyStatus": null}"#))).unwrap();
    posture.apply(&change(4, put(&bucket, "aws.s3.bucket", public))).unwrap();
    assert_eq!((posture.stats().late, posture.findings().count()), (1, 0));
    let mut foreign = change(6, put(&bucket, "aws.s3.bucket", public));
    foreign.tenant = homeostat_core::TenantId::new("other").unwrap();
    assert!(posture.apply(&foreign).is_err());
    posture.apply(&change(7, Op::Remove { object: bucket.clone() })).unwrap();
    posture.apply(&change(6, put(&bucket, "aws.s3.bucket", public))).unwrap();
    assert_eq!((posture.stats().late, posture.objects()), (2, 0));
}

const OWN: &str = r#"
[header]
domain = "saas"
documents = "parts"

[[rule]]
id = "own"
title = "t"
kind = "own.thing"
severity = "low"
advice = "a"
"#;

#[test]
fn rules_that_do_not_hold_are_named() {
    for (more, fault) in [
        ("found = { at = \"a\", is = 1 }\npass = '{\"a\": 1}'\nfail = '{\"a\": 1}'", RuleFault::PassFails),
        ("found = { at = \"a\", is = 1 }\npass = '{\"a\": 2}'\nfail = '{\"a\": 2}'", RuleFault::FailPasses),
        ("found = { at = \"a\", is = 1 }\npass = '{}'\nfail = '{\"a\": 1}'", RuleFault::PassFails),
        (
            "found = { at = \"a\", is = 1 }\npass = '{\"a\": 2}'\nfail = '{\"a\": 1}'\ncall = \"c\"\nfix = [{ set = \"b\", to = 1 }]",
            RuleFault::Unfixed,
        ),
    ] {
        let rules = Arc::new(RuleSet::new().with(&format!("{OWN}{more}")).unwrap());
        assert_eq!(rules.check(), Err(RuleError::Rule { rule: "own".into(), fault }), "{more}");
    }
    for (more, fault) in [
        ("pass = '{}'\nfail = '{}'", RuleFault::Test),
        ("found = { all = [] }\nwanted = { all = [] }\npass = '{}'\nfail = '{}'", RuleFault::Test),
        ("found = { all = [] }\npass = '[]'\nfail = '{}'", RuleFault::Example),
        ("found = { all = [] }\npass = '{}'\nfail = '{}'\nfix = [{ set = \"a\", to = 1 }]", RuleFault::Fix),
        ("found = { all = [] }\npass = '{}'\nfail = '{}'\ndomain = \"moon\"", RuleFault::Domain),
    ] {
        let read = RuleSet::new().with(&format!("{OWN}{more}"));
        assert_eq!(read, Err(RuleError::Rule { rule: "own".into(), fault }), "{more}");
    }
    let good =
        format!("{OWN}found = {{ at = \"a\", is = 1 }}\npass = '{{\"a\": 2}}'\nfail = '{{\"a\": 1}}'\n");
    let rules = RuleSet::new().with(&good).unwrap();
    assert_eq!(Arc::new(rules.clone()).check(), Ok(()));
    assert_eq!(rules.with(&good), Err(RuleError::Rule { rule: "own".into(), fault: RuleFault::Taken }));
    assert!(matches!(RuleSet::new().with("rule = 5"), Err(RuleError::Shape { .. })));
}

#[test]
fn own_rules_travel_with_the_state() {
    let good =
        format!("{OWN}found = {{ at = \"a\", is = 1 }}\npass = '{{\"a\": 2}}'\nfail = '{{\"a\": 1}}'\n");
    let mut posture = Posture::with_rules(Arc::new(RuleSet::new().with(&good).unwrap()));
    apply(&mut posture, 1, vec![put(&key("thing"), "own.thing", r#"{"a": 1}"#)]);
    let bytes = State::<Vec<Change>>::to_bytes(&posture);
    let again = <Posture as State<Vec<Change>>>::from_bytes(&bytes).unwrap();
    assert_eq!((told(&again), State::<Vec<Change>>::to_bytes(&again)), (told(&posture), bytes));
}

#[test]
fn debug_shows_no_value() {
    let mut posture = Posture::default();
    let marked =
        r#"{"GetFunctionConfiguration": {"Environment": {"Variables": {"KEY": "AKIAMARKEDMARKEDMARK"}}}}"#;
    let put = change(1, put(&key("arn:aws:lambda:::marked"), "aws.lambda.function", marked));
    posture.apply(&put).unwrap();
    let finding = posture.findings().next().unwrap();
    let tenant = posture.tenant().unwrap();
    let shown =
        format!("{posture:?} {finding:?} {put:?} {:?} {:?}", finding.observations(), finding.signal(tenant));
    assert!(!shown.to_lowercase().contains("marked"), "{shown}");
}
