//! Rights that were not used go, every use stays as allowed as it was.
#![cfg(test)]

mod support;

use homeostat_access::{Context, Policy, Principal, Request, Subject};
use homeostat_core::Timestamp;
use homeostat_posture::{Op, Posture, Proposal, Usage, Use};
use proptest::prelude::*;
use support::{apply, change, hour, key, put};

const ETL: &str = "arn:aws:iam::111122223333:user/svc-etl";

fn subject(policies: &[(String, String)]) -> Subject {
    let start = Subject::new(Principal::aws(ETL));
    policies.iter().fold(start, |subject, (name, json)| subject.with(Policy::parse(name, json).unwrap()))
}

fn statement() -> impl Strategy<Value = String> {
    let effect = prop::sample::select(vec!["Allow", "Allow", "Allow", "Deny"]);
    let what = prop::sample::select(vec![
        r#""Action": "*""#,
        r#""Action": "s3:*""#,
        r#""Action": ["s3:Get*", "sqs:SendMessage"]"#,
        r#""Action": "s3:PutObject""#,
        r#""NotAction": "iam:*""#,
    ]);
    let on = prop::sample::select(vec![
        r#""Resource": "*""#,
        r#""Resource": "arn:aws:s3:::in/*""#,
        r#""Resource": ["arn:aws:s3:::in/a/*", "arn:aws:sqs:*:*:q"]"#,
        r#""NotResource": "arn:aws:s3:::out/*""#,
    ]);
    let when = prop::sample::select(vec![
        "",
        "",
        r#", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#,
        r#", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "data"}}"#,
    ]);
    (effect, what, on, when)
        .prop_map(|(effect, what, on, when)| format!(r#"{{"Effect": "{effect}", {what}, {on}{when}}}"#))
}

fn used() -> impl Strategy<Value = (&'static str, String)> {
    let action = prop::sample::select(vec![
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListAllMyBuckets",
        "sqs:SendMessage",
        "iam:GetUser",
    ]);
    (action, 0..40_u8).prop_map(|(action, number)| {
        let folder = ["in", "in/a", "out"][usize::from(number) % 3];
        let resource = match action {
            "sqs:SendMessage" => "arn:aws:sqs:eu-west-1:111122223333:q".to_owned(),
            "s3:ListAllMyBuckets" => "*".to_owned(),
            _ => format!("arn:aws:s3:::{folder}/{number}.csv"),
        };
        (action, resource)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn uses_stay_and_nothing_is_gained(
        statements in prop::collection::vec(statement(), 1..5),
        uses in prop::collection::vec(used(), 0..60),
        others in prop::collection::vec(used(), 0..20),
    ) {
        let json = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
        let policies = vec![("p".to_owned(), json)];
        let proposal = Proposal::new(ETL, &policies, uses.iter().map(|(action, on)| (*action, on.as_str())));
        prop_assert!(proposal.lost.is_empty(), "{:?}", proposal.lost);
        let before = subject(&policies);
        let after = proposal.policy.clone().map(|json| vec![("after".to_owned(), json)]).unwrap_or_default();
        let after = subject(&after);
        let contexts = [
            Context::symbolic(),
            Context::strict(),
            Context::strict().with("aws:MultiFactorAuthPresent", ["true"]).with("aws:PrincipalTag/team", ["data"]),
        ];
        for context in &contexts {
            for (action, on) in uses.iter().chain(&others) {
                let request = Request::new(action, on, context);
                let [old, new] = [&before, &after].map(|subject| subject.decide(&request).decision);
                if uses.contains(&(*action, on.clone())) {
                    prop_assert_eq!(old.is_allowed(), new.is_allowed(), "{} on {}", action, on);
                } else {
                    prop_assert!(old.is_possible() || !new.is_possible(), "{} on {} is gained", action, on);
                }
            }
        }
        for unused in &proposal.unused {
            let pattern = homeostat_access::Glob::new(&unused.action.to_lowercase());
            let conditional = statements[unused.statement].contains("Condition");
            let by_another = statements.len() > 1;
            let used = uses.iter().any(|(action, _)| pattern.matches(&action.to_lowercase()));
            prop_assert!(!used || conditional || by_another || !proposal.beyond.is_empty());
        }
    }
}

#[test]
fn a_wildcard_shrinks_to_what_28_days_used() {
    let everything = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let mut posture = Posture::default();
    let user = format!(
        r#"{{"Arn": "{ETL}", "GroupList": [], "AttachedManagedPolicies": [{{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}}],
        "UserPolicyList": [{{"PolicyName": "all", "PolicyDocument": {everything}}}]}}"#
    );
    apply(&mut posture, 0, vec![Op::Tick, put(&key(ETL), "aws.iam.user", &user)]);
    let mut usage = Usage::default();
    for day in 0..28_u64 {
        for (action, resource) in [
            ("s3:GetObject", format!("arn:aws:s3:::in/day-{day}.csv")),
            ("s3:PutObject", "arn:aws:s3:::out/report.csv".to_owned()),
        ] {
            usage.record(&Use { who: key(ETL), action: action.into(), resource, at: hour(day * 24) });
        }
    }
    // Once a month is used too.
    let monthly = ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1");
    usage.record(&Use { who: key(ETL), action: monthly.0.into(), resource: monthly.1.into(), at: hour(50) });
    let proposal = posture.least_privilege(&key(ETL), &usage, Timestamp::FIRST).unwrap();
    assert_eq!((proposal.kept, proposal.lost.len(), proposal.beyond.len()), (30, 0, 0));
    let catalogue = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "kms:Decrypt",
        "iam:CreateUser",
        "ec2:RunInstances",
    ];
    assert_eq!(proposal.reduction(catalogue), (6, 3));
    let policy = proposal.policy.clone().unwrap();
    assert!(policy.contains("arn:aws:s3:::in/*") && !policy.contains("day-7"), "{policy}");

    let document = posture.document(&key(ETL)).unwrap();
    let patch = proposal.patch(&document).unwrap();
    let inverse = patch.inverse(&document).unwrap();
    let update = posture.apply(&change(40, Op::Patch { object: key(ETL), patch })).unwrap();
    assert!(!update.closed.is_empty(), "the user is no administrator any more");
    assert!(posture.findings_on(&key(ETL)).all(|finding| finding.claim() != "administrator"));
    let update = posture.apply(&change(41, Op::Patch { object: key(ETL), patch: inverse })).unwrap();
    assert!(!update.regressed.is_empty());
    assert_eq!(posture.document(&key(ETL)).unwrap(), document);
}
