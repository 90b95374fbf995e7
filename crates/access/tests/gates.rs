//! What each gate says, each as its chapter of the AWS documentation has it; names are made up here.
#![cfg(test)]
#![cfg(feature = "aws")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_access::{
    Answer, Condition, Context, Decision, Glob, Limits, Policy, PolicyFault, Principal, Request,
    ResourceSide, Subject,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const MAYA: &str = "arn:aws:iam::111122223333:user/maya";
const BATCH: &str = "arn:aws:iam::111122223333:role/batch";
const NIGHTLY: &str = "arn:aws:sts::111122223333:assumed-role/batch/nightly";
const LEDGER: &str = "arn:aws:s3:::ledger/2026.csv";

fn policy(name: &str, statements: Value) -> Policy {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Policy::parse(name, &document.to_string()).unwrap()
}

fn allow(action: &str) -> Policy {
    policy("allow", json!({"Effect": "Allow", "Action": action, "Resource": "*"}))
}

fn deny(action: &str) -> Policy {
    policy("deny", json!({"Effect": "Deny", "Action": action, "Resource": "*", "Principal": "*"}))
}

fn grant_to(principal: Value) -> Policy {
    policy(
        "shelf",
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::ledger/*", "Principal": principal}),
    )
}

fn subject(arn: &str) -> Subject {
    Subject::new(Principal::aws(arn))
}

fn within(subject: &Subject, side: ResourceSide<'_>, limits: &Limits) -> Answer {
    let context = Context::strict();
    let read = Request::new("s3:GetObject", LEDGER, &context).in_account(Some("111122223333"));
    subject.decide_within(&read, side, limits)
}

#[track_caller]
fn check(answer: &Answer, decision: Decision, because: &str) {
    assert_eq!(answer.decision, decision, "{answer:?}");
    assert_eq!(answer.because.last().unwrap().to_string(), because);
}

/// AWS Organizations User Guide, "SCP evaluation": every level must allow; "Service control policies": they do not
/// limit service-linked roles.
#[test]
fn every_level_of_the_organization_must_allow() {
    let maya = subject(MAYA).with(allow("s3:*"));
    let limits = |second: Vec<Policy>| {
        Limits::default().with_service_control("root", vec![allow("*")]).with_service_control("data", second)
    };
    let silent = ResourceSide::Silent;
    check(
        &within(&maya, silent, &limits(vec![allow("s3:Get*")])),
        Decision::Allowed,
        "service control policy `allow`, statement 0, allows",
    );
    check(
        &within(&maya, silent, &limits(vec![allow("ec2:*")])),
        Decision::ImplicitlyDenied,
        "service control policy at `data` says nothing",
    );
    check(
        &within(&maya, silent, &limits(vec![])),
        Decision::ImplicitlyDenied,
        "service control policy at `data` says nothing",
    );
    check(
        &within(&maya, silent, &limits(vec![allow("*"), deny("s3:*")])),
        Decision::ExplicitlyDenied,
        "service control policy `deny`, statement 0, denies",
    );
    let linked =
        subject("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/x").with(allow("s3:*"));
    assert_eq!(within(&linked, silent, &limits(vec![])).decision, Decision::Allowed);
}

/// AWS Organizations User Guide, "Resource control policies": they reach whoever asks, from outside and without
/// credentials too, and grant nothing.
#[test]
fn resource_control_only_takes_away() {
    let shelf = grant_to(json!("*"));
    let side = ResourceSide::MayGrant(&shelf);
    let anyone = Subject::new(Principal::anonymous());
    let open = Limits::default().with_resource_control("root", vec![]);
    assert_eq!(within(&anyone, side, &open).decision, Decision::Allowed);
    let shut = open.with_resource_control("data", vec![deny("s3:*")]);
    assert_eq!(within(&anyone, side, &shut).decision, Decision::ExplicitlyDenied);
    assert_eq!(
        within(&subject(MAYA), ResourceSide::Silent, &Limits::default()).decision,
        Decision::ImplicitlyDenied
    );
}

/// AWS `PrivateLink` Guide, "Control access to VPC endpoints using endpoint policies".
#[test]
fn an_endpoint_is_a_further_gate() {
    let maya = subject(MAYA).with(allow("s3:*"));
    let through = |principal: Value| {
        let own = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": principal});
        Limits::default().with_endpoint(policy("door", own))
    };
    let decide = |limits: &Limits| within(&maya, ResourceSide::Silent, limits).decision;
    assert_eq!(decide(&through(json!("*"))), Decision::Allowed);
    assert_eq!(decide(&through(json!({"AWS": BATCH}))), Decision::ImplicitlyDenied);
    assert_eq!(decide(&Limits::default().with_endpoint(allow("s3:Get*"))), Decision::Allowed);
    assert_eq!(decide(&Limits::default().with_endpoint(allow("ec2:*"))), Decision::ImplicitlyDenied);
    assert_eq!(decide(&through(json!("*")).with_endpoint(deny("s3:*"))), Decision::ExplicitlyDenied);
}

/// AWS IAM User Guide, "Policies and permissions in IAM", section "Session policies".
#[test]
fn a_session_is_limited_but_for_what_names_it() {
    let limited = subject(NIGHTLY).with(allow("s3:*")).limited_to(allow("ec2:*"));
    let none = Limits::default();
    check(
        &within(&limited, ResourceSide::Silent, &none),
        Decision::ImplicitlyDenied,
        "session policy `allow` says nothing",
    );
    for (principal, expected) in [
        (json!({"AWS": BATCH}), Decision::ImplicitlyDenied),
        (json!("*"), Decision::ImplicitlyDenied),
        (json!({"AWS": NIGHTLY}), Decision::Allowed),
        (json!({"AWS": "arn:aws:sts::111122223333:assumed-role/batch/daily"}), Decision::ImplicitlyDenied),
    ] {
        let shelf = grant_to(principal.clone());
        let answer = within(&limited, ResourceSide::MayGrant(&shelf), &none);
        assert_eq!(answer.decision, expected, "{principal}");
    }
}

/// AWS IAM User Guide, "AWS JSON policy elements: Principal", section "Role session principals".
#[test]
fn a_session_of_any_name_is_open_when_the_name_is_not_known() {
    let shelf = grant_to(json!({"AWS": NIGHTLY}));
    let context = Context::symbolic();
    let read = Request::new("s3:GetObject", LEDGER, &context).in_account(Some("111122223333"));
    for (who, condition) in [
        (NIGHTLY, None),
        (BATCH, Some("`sts:rolesessionname` meets `shelf` statement 0")),
        (
            "arn:aws:sts::111122223333:assumed-role/batch/daily",
            Some("`sts:rolesessionname` meets `shelf` statement 0"),
        ),
    ] {
        let decision = subject(who).decide_with(&read, ResourceSide::MayGrant(&shelf)).decision;
        let told =
            if let Decision::AllowedIf(residual) = &decision { Some(residual.to_string()) } else { None };
        assert_eq!(told.as_deref(), condition, "{who}");
        assert!(decision.is_possible(), "{who}");
    }
    let strict = Context::strict();
    let read = Request::new("s3:GetObject", LEDGER, &strict).in_account(Some("111122223333"));
    let answer = subject(BATCH).decide_with(&read, ResourceSide::MayGrant(&shelf));
    assert_eq!(answer.decision, Decision::ImplicitlyDenied);
}

/// AWS IAM User Guide, "How AWS enforcement code logic evaluates requests": the root user has full access, which
/// the organization limits.
#[test]
fn root_may_do_all_that_the_organization_lets_it() {
    let root = subject("arn:aws:iam::111122223333:root");
    let none = Limits::default();
    check(&within(&root, ResourceSide::Silent, &none), Decision::Allowed, "the provider itself allows");
    let limits = Limits::default().with_service_control("root", vec![allow("ec2:*")]);
    assert_eq!(within(&root, ResourceSide::Silent, &limits).decision, Decision::ImplicitlyDenied);
}

/// AWS IAM User Guide, "IAM JSON policy elements: Resource": short ARNs are completed in identity policies.
#[test]
fn short_arns_are_completed_for_identities_alone() {
    let short =
        json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:eu-west-1", "Principal": "*"});
    let short = policy("short", short);
    let context = Context::strict();
    let send = Request::new("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs", &context);
    assert_eq!(subject(MAYA).with(short.clone()).decide(&send).decision, Decision::Allowed);
    let answer = subject(MAYA).decide_with(&send, ResourceSide::MayGrant(&short));
    assert_eq!(answer.decision, Decision::ImplicitlyDenied);
}

/// AWS IAM User Guide, "IAM policy elements: Variables and tags": a variable may have no value.
#[test]
fn a_variable_without_a_value_grants_nothing() {
    let context = Context::strict();
    let read = Request::new("s3:GetObject", LEDGER, &context);
    for (effect, element, decision) in [
        ("Allow", "Resource", Decision::ImplicitlyDenied),
        ("Allow", "NotResource", Decision::ImplicitlyDenied),
        ("Deny", "NotResource", Decision::ExplicitlyDenied),
    ] {
        let own = json!({"Effect": effect, "Action": "s3:*", element: "arn:aws:s3:::home/${aws:username}/*"});
        let answer = subject(MAYA).with(policy("home", own)).decide(&read);
        assert_eq!(answer.decision, decision, "{effect} {element}");
    }
    let team = |effect: &str| {
        let different = json!({"StringNotEquals": {"s3:prefix": "${aws:PrincipalTag/team}"}});
        policy("team", json!({"Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": different}))
    };
    let context = Context::strict().with("s3:prefix", ["x"]);
    let read = Request::new("s3:GetObject", LEDGER, &context);
    assert_eq!(subject(MAYA).with(team("Allow")).decide(&read).decision, Decision::ImplicitlyDenied);
    let denied = subject(MAYA).with(allow("*")).with(team("Deny"));
    assert_eq!(denied.decide(&read).decision, Decision::ExplicitlyDenied);
}

/// AWS IAM User Guide, "IAM JSON policy elements: Condition operators".
#[test]
fn what_is_of_another_kind_fits_neither_way() {
    for (operator, policy, own) in [
        ("NumericNotEquals", "7", "seven"),
        ("NumericNotEquals", "seven", "7"),
        ("DateNotEquals", "2026-01-01", "soon"),
        ("NotIpAddress", "192.0.2.0/24", "here"),
        ("NotIpAddress", "192.0.2", "192.0.2.1"),
        ("ArnNotLike", "arn:aws:sqs", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
        ("ArnNotLike", "arn:aws:sqs:*:*:jobs", "jobs"),
        ("Bool", "yes", "true"),
    ] {
        let condition = Condition::new(operator, "k", &[policy]).unwrap();
        let context = Context::strict().with("k", [own]);
        assert_eq!(condition.holds(&context), Some(false), "{operator} {policy} {own}");
    }
    assert_eq!(Condition::new("NumericIs", "k", &["7"]), Err(PolicyFault::UnknownOperator));
}

/// AWS IAM User Guide, "IAM JSON policy elements: Action": a service, a colon, the name of an action; nothing is cut off.
#[test]
fn a_blank_belongs_to_the_action_it_stands_in() {
    let none = Limits::default();
    for action in ["s3:GetObject ", " s3:GetObject", "s3: GetObject", "s3:"] {
        let maya = subject(MAYA).with(allow(action));
        let answer = within(&maya, ResourceSide::Silent, &none);
        assert_eq!(answer.decision, Decision::ImplicitlyDenied, "{action}");
    }
}

#[test]
fn a_key_may_be_known_to_be_there_and_no_more() {
    let guard = |operator: &str, value: &str| {
        let condition = json!({operator: {"aws:SourceAccount": value}});
        let own = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition});
        subject(MAYA).with(policy("guard", own))
    };
    let context = Context::symbolic().with_some("aws:SourceAccount");
    let read = Request::new("s3:GetObject", LEDGER, &context);
    assert!(matches!(guard("StringEquals", "111122223333").decide(&read).decision, Decision::AllowedIf(_)));
    assert_eq!(guard("Null", "true").decide(&read).decision, Decision::ImplicitlyDenied);
    assert_eq!(guard("Null", "false").decide(&read).decision, Decision::Allowed);
    let none_else = Context::symbolic().complete_like(&Glob::new("aws:source*"));
    let read = Request::new("s3:GetObject", LEDGER, &none_else);
    assert_eq!(guard("StringEquals", "1").decide(&read).decision, Decision::ImplicitlyDenied);
}

#[test]
fn parts_of_a_wide_request_are_told_one_by_one() {
    let both = json!({"Effect": "Allow", "Action": "s3:GetObject",
        "Resource": ["arn:aws:s3:::ledger/open/*", "arn:aws:s3:::ledger/shut/*", "arn:aws:s3:::ledger/open/*"]});
    let open = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::ledger/open/*"});
    let maya = subject(MAYA).with(policy("both", both)).within(policy("limit", open));
    let context = Context::strict();
    let read = Request::on_some("s3:GetObject", "arn:aws:s3:::ledger/*", &context);
    let parts = maya.decide_parts(&read, ResourceSide::Silent, &Limits::default());
    let told: Vec<_> = parts.iter().map(|(text, answer)| (text.as_str(), answer.decision.clone())).collect();
    assert_eq!(
        told,
        [
            ("arn:aws:s3:::ledger/open/*", Decision::Allowed),
            ("arn:aws:s3:::ledger/shut/*", Decision::ImplicitlyDenied)
        ]
    );
    assert_eq!(maya.decide(&read).decision, Decision::Allowed);
}

/// One statement of any effect, with or without a condition.
fn statement() -> impl Strategy<Value = Value> {
    let action = "(\\*|s3:\\*|s3:getobject|ec2:\\*)";
    let resource = "(\\*|arn:aws:s3:::ledger/\\*|arn:aws:s3:::other/\\*)";
    (any::<bool>(), action, resource, 0..4).prop_map(|(allows, action, resource, guard)| {
        let mut one = json!({"Effect": if allows { "Allow" } else { "Deny" }, "Action": action,
            "Resource": resource, "Principal": "*"});
        match guard {
            0 => one["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}),
            1 => one["Condition"] = json!({"StringNotEquals": {"aws:PrincipalTag/team": "blue"}}),
            _ => {}
        }
        one
    })
}

fn statements() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 0..4).prop_map(Value::Array)
}

proptest! {
    #[test]
    fn no_further_allowance_lifts_a_denial(
        own in statements(), side in statements(), control in statements(), more in statement(),
    ) {
        let mut more = more;
        more["Effect"] = json!("Allow");
        let (side, control) = (policy("side", side), policy("control", control));
        let before = subject(MAYA).with(policy("own", own));
        let after = before.clone().with(policy("more", more));
        let limits = Limits::default().with_service_control("root", vec![control]);
        let (side, context) = (ResourceSide::MayGrant(&side), Context::strict());
        let read = Request::new("s3:GetObject", LEDGER, &context).in_account(Some("111122223333"));
        let decide = |subject: &Subject| subject.decide_within(&read, side, &limits).decision;
        if decide(&before) == Decision::ExplicitlyDenied {
            prop_assert_eq!(decide(&after), Decision::ExplicitlyDenied);
        }
        if decide(&before) == Decision::Allowed {
            prop_assert_eq!(decide(&after), Decision::Allowed);
        }
    }

    #[test]
    fn a_denial_at_any_gate_wins(own in statements(), side in statements(), gate in 0..5) {
        let side = policy("side", side);
        let (mut who, mut limits) = (subject(MAYA).with(policy("own", own)), Limits::default());
        match gate {
            0 => who = who.with(deny("s3:*")),
            1 => who = who.within(deny("*")),
            2 => who = who.limited_to(deny("s3:Get*")),
            3 => limits = limits.with_resource_control("root", vec![deny("*")]),
            _ => limits = limits.with_service_control("root", vec![allow("*"), deny("*")]),
        }
        let answer = within(&who, ResourceSide::MayGrant(&side), &limits);
        prop_assert_eq!(answer.decision, Decision::ExplicitlyDenied);
    }

    #[test]
    fn what_is_sure_holds_whatever_the_unknown_keys_are(
        own in statements(), side in statements(), vpc in "(|vpc-1|vpc-2)", team in "(|blue|red)",
    ) {
        let (who, side) = (subject(MAYA).with(policy("own", own)), policy("side", side));
        let decide = |context: &Context| {
            let read = Request::new("s3:GetObject", LEDGER, context).in_account(Some("111122223333"));
            who.decide_with(&read, ResourceSide::MayGrant(&side)).decision
        };
        let told = [("aws:SourceVpc", vpc), ("aws:PrincipalTag/team", team)];
        let exact = told.into_iter().filter(|(_, value)| !value.is_empty());
        let exact = exact.fold(Context::strict(), |context, (key, value)| context.with(key, [value]));
        match decide(&Context::symbolic()) {
            Decision::AllowedIf(residual) => prop_assert!(!residual.conditions().is_empty()),
            sure @ (Decision::Allowed | Decision::ExplicitlyDenied) => prop_assert_eq!(decide(&exact), sure),
            Decision::ImplicitlyDenied => prop_assert!(!decide(&exact).is_possible()),
        }
    }
}
