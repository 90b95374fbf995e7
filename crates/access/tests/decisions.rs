//! Stories of single decisions, and compiled policies against a naive reading of the documents.
#![cfg(test)]
#![cfg(feature = "aws")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_access::{Answer, Context, Decision, Policy, Principal, Request, ResourceSide, Subject};
use proptest::prelude::*;
use serde_json::{Value, json};

const JANE: &str = "arn:aws:iam::111122223333:user/jane";
const APP: &str = "arn:aws:iam::111122223333:role/app";
const STRANGER: &str = "arn:aws:iam::999988887777:user/eve";

fn policy(name: &str, statements: Value) -> Policy {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Policy::parse(name, &document.to_string()).unwrap()
}

fn allow(action: &str, resource: &str) -> Policy {
    policy("allow", json!({"Effect": "Allow", "Action": action, "Resource": resource}))
}

fn deny(action: &str, resource: &str) -> Policy {
    policy("deny", json!({"Effect": "Deny", "Action": action, "Resource": resource}))
}

fn trust(principal: Value) -> Policy {
    policy("trust", json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}))
}

fn subject(arn: &str) -> Subject {
    Subject::new(Principal::aws(arn))
}

fn ask(subject: &Subject, action: &str, resource: &str) -> Answer {
    subject.decide(&Request::new(action, resource, &Context::strict()))
}

#[track_caller]
fn check(answer: &Answer, decision: Decision, because: &str) {
    assert_eq!(answer.decision, decision, "{answer:?}");
    assert_eq!(answer.because[0].to_string(), because);
}

#[test]
fn silence_is_no_permission_and_denial_wins() {
    let jane = subject(JANE);
    check(
        &ask(&jane, "s3:GetObject", "arn:aws:s3:::d/x"),
        Decision::ImplicitlyDenied,
        "identity policy says nothing",
    );
    let jane = jane.with(allow("S3:get*", "arn:aws:s3:::d/*"));
    let answer = ask(&jane, "s3:GetObject", "arn:aws:s3:::d/x");
    check(&answer, Decision::Allowed, "identity policy `allow`, statement 0, allows");
    let jane = jane.with(deny("*", "arn:aws:s3:::d/x"));
    let answer = ask(&jane, "s3:GetObject", "arn:aws:s3:::d/x");
    check(&answer, Decision::ExplicitlyDenied, "identity policy `deny`, statement 0, denies");
}

#[test]
fn a_boundary_limits_and_an_unread_one_is_open() {
    let app = subject(APP).with(allow("*", "*"));
    let bounded =
        app.clone().within(policy("limit", json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})));
    assert_eq!(ask(&bounded, "s3:GetObject", "arn:aws:s3:::d/x").decision, Decision::Allowed);
    let answer = ask(&bounded, "iam:CreateUser", "*");
    check(&answer, Decision::ImplicitlyDenied, "permissions boundary `limit` says nothing");
    let unread = app.clone().within_unread("arn:aws:iam::111122223333:policy/limit");
    assert!(matches!(ask(&unread, "s3:GetObject", "*").decision, Decision::AllowedIf(_)));
    assert!(matches!(ask(&app.with_unread("torn"), "s3:GetObject", "*").decision, Decision::AllowedIf(_)));
}

#[test]
fn who_may_become_a_role() {
    let may = allow("sts:AssumeRole", "*");
    let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
    let jane_herself = json!({"AWS": JANE});
    for (principal, with, who, expected) in [
        (root.clone(), true, JANE, true),
        (root.clone(), false, JANE, false),
        (root, true, STRANGER, false),
        (jane_herself.clone(), false, JANE, true),
        (jane_herself, true, APP, false),
        (json!({"AWS": "999988887777"}), true, STRANGER, true),
        (json!({"AWS": STRANGER}), false, STRANGER, false),
        (json!("*"), false, JANE, true),
        (json!({"Service": "lambda.amazonaws.com"}), true, JANE, false),
        (json!({"AWS": "arn:aws:iam::111122223333:group/all"}), true, JANE, false),
    ] {
        let trust = trust(principal.clone());
        let subject = if with { subject(who).with(may.clone()) } else { subject(who) };
        let context = Context::strict();
        let request = Request::new("sts:AssumeRole", "arn:aws:iam::111122223333:role/admin", &context);
        let answer = subject.decide_with(&request, ResourceSide::MustGrant(&trust));
        assert_eq!(answer.decision.is_allowed(), expected, "{principal} {with} {who}");
    }
}

#[test]
fn a_bucket_policy_may_grant_and_may_forbid() {
    let bucket = policy(
        "bucket",
        json!([
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": {"AWS": [JANE, APP]}},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": [JANE, APP]}}]),
    );
    let context = Context::strict();
    let read = Request::new("s3:GetObject", "arn:aws:s3:::d/x", &context).in_account(Some("111122223333"));
    let decide = |subject: &Subject| subject.decide_with(&read, ResourceSide::MayGrant(&bucket)).decision;
    assert_eq!(decide(&subject(JANE)), Decision::Allowed);
    let other = subject("arn:aws:iam::111122223333:user/bob").with(allow("*", "*"));
    assert_eq!(decide(&other), Decision::ExplicitlyDenied);
    let nothing = policy("limit", json!({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}));
    let named = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": {"AWS": [JANE, APP]}});
    let bucket = policy("bucket", named);
    let decide = |subject: &Subject| subject.decide_with(&read, ResourceSide::MayGrant(&bucket)).decision;
    assert_eq!(
        decide(&subject(JANE).within(nothing.clone())),
        Decision::Allowed,
        "a user by name is not limited"
    );
    assert_eq!(decide(&subject(APP).within(nothing)), Decision::ImplicitlyDenied, "a role by name is");
}

#[test]
fn another_account_must_grant_too() {
    let jane = subject(JANE).with(allow("*", "*"));
    let context = Context::strict();
    let read = Request::new("sqs:SendMessage", "arn:aws:sqs:eu-west-1:999988887777:queue", &context);
    check(&jane.decide(&read), Decision::ImplicitlyDenied, "resource policy says nothing");
    let all =
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": "111122223333"}});
    let queue = policy("queue", all);
    assert_eq!(jane.decide_with(&read, ResourceSide::MayGrant(&queue)).decision, Decision::Allowed);
    let poor = subject(JANE);
    assert_eq!(poor.decide_with(&read, ResourceSide::MayGrant(&queue)).decision, Decision::ImplicitlyDenied);
}

#[test]
fn a_denial_for_all_but_some_denies_whoever_has_a_boundary() {
    let bucket = policy(
        "bucket",
        json!([
        {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": JANE}}]),
    );
    let context = Context::strict();
    let read = Request::new("s3:GetObject", "arn:aws:s3:::d/x", &context);
    let jane = subject(JANE).with(allow("*", "*"));
    assert_eq!(jane.decide_with(&read, ResourceSide::MayGrant(&bucket)).decision, Decision::Allowed);
    let bounded = jane.within(allow("*", "*"));
    assert_eq!(
        bounded.decide_with(&read, ResourceSide::MayGrant(&bucket)).decision,
        Decision::ExplicitlyDenied
    );
}

#[test]
fn some_resource_is_what_no_denial_covers() {
    let context = Context::strict();
    let any = "arn:aws:lambda:*:111122223333:function:*";
    let create = Request::on_some("lambda:CreateFunction", any, &context);
    let web = subject(APP).with(allow("lambda:*", "arn:aws:lambda:*:*:function:web-*"));
    assert_eq!(web.decide(&create).decision, Decision::Allowed);
    let spared = web.clone().with(deny("lambda:*", "arn:aws:lambda:*:*:function:db-*"));
    assert_eq!(spared.decide(&create).decision, Decision::Allowed);
    let covered = web.with(deny("lambda:*", "arn:aws:lambda:*:*:function:w*"));
    assert_eq!(covered.decide(&create).decision, Decision::ExplicitlyDenied);
}

#[test]
fn all_resources_are_more_than_many() {
    let context = Context::strict();
    let all = Request::on_all("iam:PutUserPolicy", &context);
    assert_eq!(subject(JANE).with(allow("iam:*", "*")).decide(&all).decision, Decision::Allowed);
    let many = allow("iam:*", "arn:aws:iam::111122223333:user/*");
    assert_eq!(subject(JANE).with(many).decide(&all).decision, Decision::ImplicitlyDenied);
    let but_one = policy("but", json!({"Effect": "Allow", "Action": "iam:*", "NotResource": JANE}));
    assert_eq!(subject(JANE).with(but_one).decide(&all).decision, Decision::ImplicitlyDenied);
    let sparing = subject(JANE).with(allow("*", "*")).with(deny("iam:*", JANE));
    assert_eq!(sparing.decide(&all).decision, Decision::Allowed, "still every right but over one user");
    assert_eq!(
        subject(JANE).with(allow("*", "*")).with(deny("iam:*", "*")).decide(&all).decision,
        Decision::ExplicitlyDenied
    );
}

#[test]
fn an_unknown_key_leaves_the_answer_open() {
    let guarded = policy(
        "guard",
        json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]),
    );
    let jane = subject(JANE).with(guarded);
    let open = Context::symbolic();
    let answer = jane.decide(&Request::new("s3:GetObject", "arn:aws:s3:::d/x", &open));
    let Decision::AllowedIf(residual) = answer.decision else { panic!() };
    assert_eq!(residual.to_string(), "`aws:multifactorauthpresent` does not meet `guard` statement 1");
    assert_eq!(ask(&jane, "s3:GetObject", "arn:aws:s3:::d/x").decision, Decision::ExplicitlyDenied);
    let own = policy(
        "own",
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}),
    );
    let jane = subject(JANE).with(own);
    let known = Context::strict().with("aws:username", ["jane"]);
    let mine =
        |context| jane.decide(&Request::new("s3:GetObject", "arn:aws:s3:::home/jane/x", context)).decision;
    assert_eq!(mine(&known), Decision::Allowed);
    assert!(matches!(mine(&open), Decision::AllowedIf(_)));
    assert_eq!(mine(&Context::strict()), Decision::ImplicitlyDenied);
}

#[test]
fn nothing_shows_a_value() {
    let marked = policy(
        "p",
        json!([{"Effect": "Allow", "Action": "MARKED:*", "Resource": "arn:aws:s3:::MARKED",
        "Principal": {"AWS": "MARKED"}, "Condition": {"StringLike": {"k": "MARKED"}}}]),
    );
    let context = Context::strict().with("k", ["MARKED"]);
    let request = Request::new("a:b", "MARKED", &context);
    let subject = Subject::new(Principal::aws("MARKED")).with(marked.clone()).within(marked.clone());
    let shown = format!("{marked:?} {context:?} {request:?} {subject:?} {:?}", subject.decide(&request));
    assert!(!shown.contains("MARKED"), "{shown}");
}

/// What the documents say, read word by word: one resource, no condition.
fn naive(documents: &[Value], action: &str, resource: &str) -> Decision {
    let mut found = Decision::ImplicitlyDenied;
    for statement in documents {
        let fits = |field: &str, text: &str| {
            statement[field].as_array().unwrap().iter().any(|pattern| {
                let pattern: Vec<char> = pattern.as_str().unwrap().to_lowercase().chars().collect();
                slow(&pattern, &text.to_lowercase().chars().collect::<Vec<_>>())
            })
        };
        if fits("Action", action) && fits("Resource", resource) {
            if statement["Effect"] == "Deny" {
                return Decision::ExplicitlyDenied;
            }
            found = Decision::Allowed;
        }
    }
    found
}

fn slow(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) if slow(rest, text) => true,
        (Some(('*', _)), Some((_, text))) => slow(pattern, text),
        (Some((one, rest)), Some((two, text))) => one == two && slow(rest, text),
        _ => false,
    }
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = prop::collection::vec("(\\*|s3:(\\*|get\\*|put|getx)|ec2:\\*)", 1..3);
    let resources = prop::collection::vec("(\\*|arn:aws:s3:::(a|b|\\*)(/\\*)?)", 1..3);
    (prop::bool::weighted(0.7), actions, resources).prop_map(|(allow, actions, resources)| {
        json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": actions, "Resource": resources})
    })
}

proptest! {
    #[test]
    fn compiled_policies_decide_as_their_documents_read(
        statements in prop::collection::vec(statement(), 0..6),
        action in "(s3:(get|getx|put)|ec2:run)",
        resource in "arn:aws:s3:::(a|b|c)(/k)?",
    ) {
        let expected = naive(&statements, &action, &resource);
        let one = subject(JANE).with(policy("all", Value::Array(statements.clone())));
        prop_assert_eq!(&ask(&one, &action, &resource).decision, &expected);
        let split = statements.into_iter().fold(subject(JANE), |subject, each| subject.with(policy("each", each)));
        prop_assert_eq!(ask(&split, &action, &resource).decision, expected);
    }

    #[test]
    fn a_further_denial_never_allows_more(
        statements in prop::collection::vec(statement(), 0..6),
        more in statement(),
        action in "(s3:(get|getx|put)|ec2:run)",
    ) {
        let before = subject(JANE).with(policy("all", Value::Array(statements)));
        let mut denial = more;
        denial["Effect"] = json!("Deny");
        let after = before.clone().with(policy("more", denial));
        let context = Context::strict();
        for request in [
            Request::new(&action, "arn:aws:s3:::a", &context),
            Request::on_some(&action, "arn:aws:s3:::a*", &context),
            Request::on_all(&action, &context),
        ] {
            let allowed = |subject: &Subject| subject.decide(&request).decision.is_allowed();
            prop_assert!(allowed(&before) || !allowed(&after));
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = Policy::parse("any", &text);
    }
}
