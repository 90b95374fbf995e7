//! How many questions of authorization a second, on one core? Policies read once; and each policy read anew from JSON.
//!
//! The bars are 1.5 million and 150 thousand. Documents, principals and resources are made up, with what real ones
//! have: lists of actions with wildcards, ARNs with wildcards, conditions, a denial in every third, boundaries in every
//! fourth, bucket policies that name some. Beside it `iam-rs`, which knows neither of the last two: it is asked about
//! the policies of identities alone, its requests made beforehand.

use homeostat_access::{Context, Limits, Policy, PolicyError, Principal, Request, ResourceSide, Subject};
use homeostat_benches::{Draw, Peer, contest, turns};
use iam_rs::{Arn, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal as Named, PrincipalId};
use std::fmt::Write as _;

const SUBJECTS: u64 = 200;
const QUESTIONS: u64 = 20_000;
const SERVICES: [(&str, [&str; 4]); 5] = [
    ("s3", ["GetObject", "PutObject", "ListBucket", "DeleteObject"]),
    ("ec2", ["RunInstances", "DescribeInstances", "StopInstances", "CreateTags"]),
    ("iam", ["PassRole", "GetRole", "PutRolePolicy", "CreateUser"]),
    ("dynamodb", ["GetItem", "PutItem", "Query", "Scan"]),
    ("lambda", ["InvokeFunction", "CreateFunction", "UpdateFunctionCode", "GetFunction"]),
];

fn main() -> Result<(), PolicyError> {
    let mut draw = Draw::new(5);
    let documents: Vec<Vec<String>> =
        (0..SUBJECTS).map(|_| (0..=draw.below(2)).map(|_| document(&mut draw)).collect()).collect();
    let subjects = read(&documents)?;
    let bucket = Policy::parse("bucket", &shared())?;
    let contexts = [
        Context::strict()
            .with("aws:SourceIp", ["10.0.3.7"])
            .with("aws:SecureTransport", ["true"])
            .with("aws:RequestedRegion", ["eu-west-1"])
            .with("aws:PrincipalTag/team", ["t3"]),
        Context::symbolic().with("aws:RequestedRegion", ["eu-west-1"]),
    ];
    let asked: Vec<Question> = (0..QUESTIONS).map(|_| question(&mut draw)).collect();
    let limits = Limits::default();
    let ask = |subject: &Subject, one: &Question| {
        let context = if one.open { &contexts[1] } else { &contexts[0] };
        let request = Request::new(one.action, &one.resource, context).in_account(Some("111122223333"));
        let of_bucket = one.resource.starts_with("arn:aws:s3");
        let side = if of_bucket { ResourceSide::MayGrant(&bucket) } else { ResourceSide::Silent };
        usize::from(subject.decide_within(&request, side, &limits).decision.is_possible())
    };
    let (engines, requests) = (engines(&documents), requests(&asked));
    let mut parsed = [
        Peer::new("homeostat, policies read once", || {
            asked.iter().filter_map(|one| Some(ask(subjects.get(one.who)?, one))).sum()
        }),
        Peer::new("iam-rs, policies read once", || {
            let each = requests.iter().filter_map(|(who, request)| engines.get(*who)?.evaluate(request).ok());
            each.filter(|answer| answer.decision == Decision::Allow).count()
        }),
    ];
    let bytes: usize = documents.iter().flatten().map(String::len).sum();
    let best = contest("evaluations, parsed", (asked.len(), bytes), turns(9), &mut parsed);
    rate(asked.len(), &best, 1.5e6);

    let some: Vec<&Question> = asked.iter().take(4_000).collect();
    let mut anew = [Peer::new("homeostat, each from JSON", || {
        let answers = some.iter().map(|one| {
            let own = documents.get(one.who).map(Vec::as_slice).unwrap_or_default();
            read_one(one.who, own).map(|subject| ask(&subject, one))
        });
        answers.map(Result::unwrap_or_default).sum()
    })];
    let read = some.iter().filter_map(|one| documents.get(one.who)).flatten().map(String::len).sum();
    let best = contest("evaluations, each with its policies read", (some.len(), read), turns(9), &mut anew);
    rate(some.len(), &best, 1.5e5);
    Ok(())
}

fn rate(count: usize, best: &[f64], bar: f64) {
    for seconds in best {
        let rate = count as f64 / seconds;
        println!("  {rate:.0} evaluations a second of computing, {:.2} x the bar", rate / bar);
    }
}

/// The peer with the same policies.
fn engines(documents: &[Vec<String>]) -> Vec<PolicyEvaluator> {
    let read = |own: &Vec<String>| own.iter().filter_map(|one| IAMPolicy::from_json(one).ok()).collect();
    documents.iter().map(|own| PolicyEvaluator::with_policies(read(own))).collect()
}

/// The same questions for the peer.
fn requests(asked: &[Question]) -> Vec<(usize, IAMRequest)> {
    let context = iam_rs::Context::new()
        .with_string("aws:SourceIp", "10.0.3.7")
        .with_boolean("aws:SecureTransport", true)
        .with_string("aws:RequestedRegion", "eu-west-1");
    let who = Named::Aws(PrincipalId::String("arn:aws:iam::111122223333:role/app".to_owned()));
    let each = asked.iter().filter_map(|one| {
        let resource = Arn::parse(&one.resource).ok()?;
        Some((one.who, IAMRequest::new_with_context(who.clone(), one.action, resource, context.clone())))
    });
    each.collect()
}

/// One question, by the place of who asks.
struct Question {
    who: usize,
    action: &'static str,
    resource: String,
    open: bool,
}

fn question(draw: &mut Draw) -> Question {
    const ACTIONS: [&str; 6] = [
        "s3:GetObject",
        "s3:PutObject",
        "ec2:StopInstances",
        "iam:PassRole",
        "dynamodb:Query",
        "lambda:InvokeFunction",
    ];
    let action = pick(draw, &ACTIONS);
    let number = draw.skewed(9);
    let resource = match action.split_once(':').map_or("", |it| it.0) {
        "s3" => format!("arn:aws:s3:::data-{number}/reports/2026/{}.csv", draw.below(99)),
        "ec2" => format!("arn:aws:ec2:eu-west-1:111122223333:instance/i-{number:017x}"),
        "iam" => format!("arn:aws:iam::111122223333:role/service/app-{number}"),
        "dynamodb" => format!("arn:aws:dynamodb:eu-west-1:111122223333:table/orders-{number}"),
        _ => format!("arn:aws:lambda:eu-west-1:111122223333:function:web-{number}"),
    };
    let who = usize::try_from(draw.below(SUBJECTS)).unwrap_or(0);
    Question { who, action, resource, open: draw.below(10) == 0 }
}

fn read(documents: &[Vec<String>]) -> Result<Vec<Subject>, PolicyError> {
    documents.iter().enumerate().map(|(who, own)| read_one(who, own)).collect()
}

fn read_one(who: usize, documents: &[String]) -> Result<Subject, PolicyError> {
    let mut subject = Subject::new(Principal::aws("arn:aws:iam::111122223333:role/app"));
    for document in documents {
        subject = subject.with(Policy::parse("own", document)?);
    }
    if who.is_multiple_of(4) {
        let most = r#"{"Statement": {"Effect": "Allow", "NotAction": "iam:Create*", "Resource": "*"}}"#;
        subject = subject.within(Policy::parse("most", most)?);
    }
    Ok(subject)
}

/// One of `values`; the first when there is none to draw.
fn pick<T: Copy + Default>(draw: &mut Draw, values: &[T]) -> T {
    let at = usize::try_from(draw.below(values.len() as u64)).unwrap_or(0);
    values.get(at).copied().unwrap_or_default()
}

/// A policy of one to four statements.
fn document(draw: &mut Draw) -> String {
    let mut text = r#"{"Version": "2012-10-17", "Statement": ["#.to_owned();
    for statement in 0..=draw.below(3) {
        let (service, verbs) = pick(draw, &SERVICES);
        let number = draw.skewed(9);
        let effect = if draw.below(6) == 0 { "Deny" } else { "Allow" };
        let actions = match draw.below(3) {
            0 => format!(r#""{service}:*""#),
            1 => format!(r#"["{service}:Get*", "{service}:Describe*", "{service}:{}"]"#, verbs[1]),
            _ => format!(r#"["{service}:{}", "{service}:{}"]"#, verbs[0], verbs[2]),
        };
        let resource = match service {
            "s3" => format!("arn:aws:s3:::data-{number}/*"),
            "iam" => "arn:aws:iam::111122223333:role/service/*".to_owned(),
            _ if draw.below(2) == 0 => "*".to_owned(),
            _ => format!("arn:aws:{service}:*:111122223333:*-{number}"),
        };
        let condition = match draw.below(5) {
            0 => r#", "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]}}"#,
            1 => {
                r#", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Bool": {"aws:SecureTransport": "true"}}"#
            }
            _ => "",
        };
        let comma = if statement == 0 { "" } else { ", " };
        let _ = write!(
            text,
            r#"{comma}{{"Sid": "S{statement}", "Effect": "{effect}", "Action": {actions}, "Resource": "{resource}"{condition}}}"#
        );
    }
    text + "]}"
}

/// The policy of the buckets.
fn shared() -> String {
    r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:user/maya", "444455556666"]},
         "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data-0/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::data-*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}"#
        .to_owned()
}
