//! A second evaluator, written plainly from AWS's pages over the documents as they are, that the compiled one must
//! agree with on any policies, in any gate; and the laws that answers about unknown keys must keep.
//!
//! AWS IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access", "Policy evaluation
//! for requests within a single account", "Cross-account policy evaluation logic", "IAM JSON policy elements: Condition
//! operators", "Set operators for multivalued context keys"; AWS Organizations User Guide, "SCP evaluation".
#![cfg(test)]
#![cfg(feature = "aws")]

use homeostat_access::{Context, Decision, Limits, Policy, Principal, Request, ResourceSide, Subject};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ACCOUNT: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/maya";
const ROLE: &str = "arn:aws:iam::111122223333:role/batch";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/batch/nightly";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const FOREIGN: &str = "arn:aws:iam::444455556666:user/omar";
const RESOURCES: [&str; 2] = ["arn:aws:s3:::ledger/a", "arn:aws:s3:::other/b"];
const KEYS: [&str; 2] = ["aws:PrincipalTag/team", "aws:SourceVpc"];

type Keys = BTreeMap<&'static str, Vec<&'static str>>;

/// Everything that one question has.
#[derive(Clone, Debug)]
struct Case {
    who: &'static str,
    action: &'static str,
    resource: &'static str,
    home: &'static str,
    must: bool,
    keys: Keys,
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Value>,
    side: Option<Value>,
    levels: Vec<Vec<Value>>,
    control: Vec<Value>,
    endpoint: Option<Value>,
}

mod plain {
    use super::{Case, Keys, ROLE, ROOT, SESSION};
    use serde_json::Value;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Verdict {
        Allowed,
        Silent,
        Denied,
    }

    pub(super) fn verdict(case: &Case) -> Verdict {
        let attached = case.identity.iter().chain(&case.boundary).chain(&case.session);
        let organization = case.levels.iter().flatten();
        let denies = |policy: &Value| says(policy, "Deny", case, &|_| true);
        let denies_me = |policy: &Value| says(policy, "Deny", case, &|one| is_denied(one, case));
        if attached.chain(organization).any(denies)
            || case.side.iter().any(denies_me)
            || case
                .control
                .iter()
                .chain(&case.endpoint)
                .any(|it| says(it, "Deny", case, &|one| !has_who(one) || is_denied(one, case)))
        {
            return Verdict::Denied;
        }
        let allows = |policy: &Value| says(policy, "Allow", case, &|_| true);
        let levels = case.levels.iter().all(|level| level.iter().any(allows));
        let endpoint = case
            .endpoint
            .as_ref()
            .is_none_or(|it| says(it, "Allow", case, &|one| !has_who(one) || closeness(one, case) > 0));
        if levels && endpoint && granted(case) { Verdict::Allowed } else { Verdict::Silent }
    }

    fn granted(case: &Case) -> bool {
        let allows = |policy: &Value| says(policy, "Allow", case, &|_| true);
        let boundary = case.boundary.as_ref().is_none_or(allows);
        let session = case.session.as_ref().is_none_or(allows);
        let own = case.identity.iter().any(allows) && boundary && session;
        let named = |wanted: u8| {
            case.side
                .as_ref()
                .is_some_and(|it| says(it, "Allow", case, &|one| closeness(one, case) == wanted))
        };
        let is_away = !case.who.contains(case.home);
        if is_away {
            return own && (1..=4).any(named);
        }
        // 4: itself, 3: its role, 2: everybody, 1: its account.
        let directly = named(4) || (named(3) && boundary && session) || (named(2) && session);
        directly || (own && (!case.must || named(1)))
    }

    fn says(policy: &Value, effect: &str, case: &Case, whom: &dyn Fn(&Value) -> bool) -> bool {
        let all = policy["Statement"].as_array().unwrap().iter();
        all.filter(|one| one["Effect"] == effect).any(|one| {
            let action = only_or_but(one, "Action", "NotAction", &|text| {
                fits(&text.to_lowercase(), &case.action.to_lowercase())
            });
            let resource = only_or_but(one, "Resource", "NotResource", &|text| fits_arn(text, case.resource));
            action && resource && whom(one) && holds(&one["Condition"], &case.keys)
        })
    }

    fn only_or_but(one: &Value, only: &str, but: &str, fits: &dyn Fn(&str) -> bool) -> bool {
        match one.get(only) {
            Some(list) => texts(list).iter().any(|text| fits(text)),
            None => !texts(&one[but]).iter().any(|text| fits(text)),
        }
    }

    fn has_who(one: &Value) -> bool {
        one.get("Principal").is_some() || one.get("NotPrincipal").is_some()
    }

    fn is_denied(one: &Value, case: &Case) -> bool {
        if one.get("NotPrincipal").is_some() && case.boundary.is_some() {
            return true;
        }
        closeness(one, case) > 0
    }

    fn closeness(one: &Value, case: &Case) -> u8 {
        match (one.get("Principal"), one.get("NotPrincipal")) {
            (Some(who), _) => names(who, case.who),
            (None, Some(but)) => {
                if names(but, case.who) == 0 {
                    2
                } else {
                    0
                }
            }
            (None, None) => 0,
        }
    }

    fn names(principal: &Value, who: &str) -> u8 {
        let list = if principal == "*" { vec!["*"] } else { texts(&principal["AWS"]) };
        let each = list.into_iter().map(|text| match text {
            "*" => 2,
            ROOT if who.contains("111122223333") => 1,
            ROLE if who == ROLE || who == SESSION => 3,
            _ if text == who => 4,
            _ => 0,
        });
        each.max().unwrap_or(0)
    }

    fn holds(conditions: &Value, keys: &Keys) -> bool {
        let blocks = conditions.as_object().into_iter().flatten();
        blocks
            .flat_map(|(operator, tests)| {
                tests.as_object().unwrap().iter().map(move |(key, values)| (operator, key, texts(values)))
            })
            .all(|(operator, key, values)| test(operator, keys.get(key.as_str()).map(Vec::as_slice), &values))
    }

    fn test(operator: &str, own: Option<&[&str]>, values: &[&str]) -> bool {
        if operator == "Null" {
            return values.contains(&if own.is_none() { "true" } else { "false" });
        }
        let (set, rest) = operator.split_once(':').unwrap_or(("", operator));
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let negated = name.contains("Not");
        let Some(own) = own else {
            return if_exists || set == "ForAllValues" || (negated && set.is_empty());
        };
        let hits = |value: &&str| {
            values.iter().any(|text| if name.contains("Like") { fits(text, value) } else { text == value })
        };
        match (set, negated) {
            ("ForAllValues", false) => own.iter().all(hits),
            ("ForAllValues" | "", true) => !own.iter().any(hits),
            ("ForAnyValue", true) => own.iter().any(|value| !hits(value)),
            _ => own.iter().any(hits),
        }
    }

    fn fits_arn(pattern: &str, text: &str) -> bool {
        let (own, theirs): (Vec<&str>, Vec<&str>) =
            (pattern.splitn(6, ':').collect(), text.splitn(6, ':').collect());
        pattern == "*" || (own.len() == 6 && own.iter().zip(&theirs).all(|(one, two)| fits(one, two)))
    }

    fn fits(pattern: &str, text: &str) -> bool {
        match (pattern.chars().next(), text.chars().next()) {
            (None, None) => true,
            (Some('*'), _) => fits(&pattern[1..], text) || (!text.is_empty() && fits(pattern, &text[1..])),
            (Some(one), Some(two)) if one == '?' || one == two => fits(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    fn texts(value: &Value) -> Vec<&str> {
        match value {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        }
    }
}

/// One choice of several values.
fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(values)
}

fn conditions() -> impl Strategy<Value = Value> {
    let operator = one_of(&[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIfExists",
        "StringNotEqualsIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
        "ForAllValues:StringNotEquals",
        "ForAnyValue:StringNotEquals",
        "ForAnyValue:StringLikeIfExists",
        "Null",
    ]);
    let values = prop::collection::vec(one_of(&["red", "blue", "b*"]), 1..3);
    let test = (operator, prop::sample::select(&KEYS), values, any::<bool>());
    prop::collection::vec(test, 0..3).prop_map(|tests| {
        let mut all = json!({});
        for (operator, key, values, flag) in tests {
            let values = if operator == "Null" { json!(flag.to_string()) } else { json!(values) };
            all[operator][key] = values;
        }
        all
    })
}

fn statement(named: bool) -> impl Strategy<Value = Value> {
    let effect = one_of(&["Allow", "Allow", "Allow", "Deny"]);
    let action = (any::<u8>(), one_of(&["s3:GetObject", "S3:Get*", "*", "s3:PutObject", "s3:?etObject"]));
    let resource =
        (any::<u8>(), one_of(&["*", "arn:aws:s3:::ledger/*", "arn:aws:s3:::*", "arn:aws:s3:::other/b"]));
    let who = (any::<u8>(), prop::collection::vec(one_of(&["*", USER, ROLE, SESSION, ROOT, FOREIGN]), 1..3));
    let condition = prop::option::weighted(0.5, conditions());
    (effect, action, resource, who, condition).prop_map(move |(effect, action, resource, who, condition)| {
        let rarely = |draw: u8, one: &'static str, other: &'static str| if draw < 40 { other } else { one };
        let mut all = json!({"Effect": effect});
        all[rarely(action.0, "Action", "NotAction")] = json!([action.1]);
        all[rarely(resource.0, "Resource", "NotResource")] = json!(resource.1);
        if named {
            all[rarely(who.0, "Principal", "NotPrincipal")] = json!({"AWS": who.1});
        }
        if let Some(condition) = condition {
            all["Condition"] = condition;
        }
        all
    })
}

fn document(named: bool) -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(named), 1..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

fn keys() -> impl Strategy<Value = Keys> {
    let values = prop::option::of(prop::collection::vec(one_of(&["red", "blue", "black"]), 1..3));
    (values.clone(), values).prop_map(|(one, two)| {
        KEYS.into_iter().zip([one, two]).filter_map(|(key, values)| Some((key, values?))).collect()
    })
}

prop_compose! {
    fn case()(
        who in one_of(&[USER, ROLE, SESSION]),
        action in one_of(&["s3:GetObject", "s3:PutObject"]),
        resource in prop::sample::select(&RESOURCES),
        home in one_of(&[ACCOUNT, ACCOUNT, "777788889999"]),
        must in any::<bool>(),
        keys in keys(),
        identity in prop::collection::vec(document(false), 0..3),
        boundary in prop::option::weighted(0.3, document(false)),
        session in prop::option::weighted(0.3, document(false)),
        side in prop::option::weighted(0.7, document(true)),
        levels in prop::collection::vec(prop::collection::vec(document(false), 1..3), 0..2),
        control in prop::collection::vec(document(true), 0..2),
        endpoint in prop::option::weighted(0.2, document(true)),
    ) -> Case {
        Case { who, action, resource, home, must, keys, identity, boundary, session, side, levels, control, endpoint }
    }
}

fn read(document: &Value) -> Policy {
    Policy::parse("p", &document.to_string()).unwrap()
}

/// What the compiled evaluator says under `context`.
fn compiled(case: &Case, context: &Context) -> Decision {
    let mut subject = Subject::new(Principal::aws(case.who));
    for policy in &case.identity {
        subject = subject.with(read(policy));
    }
    if let Some(policy) = &case.boundary {
        subject = subject.within(read(policy));
    }
    if let Some(policy) = &case.session {
        subject = subject.limited_to(read(policy));
    }
    let mut limits = Limits::default();
    for level in &case.levels {
        limits = limits.with_service_control("level", level.iter().map(read).collect());
    }
    if !case.control.is_empty() {
        limits = limits.with_resource_control("level", case.control.iter().map(read).collect());
    }
    if let Some(policy) = &case.endpoint {
        limits = limits.with_endpoint(read(policy));
    }
    let side = case.side.as_ref().map(read);
    let side = match (&side, case.must) {
        (Some(policy), true) => ResourceSide::MustGrant(policy),
        (Some(policy), false) => ResourceSide::MayGrant(policy),
        (None, true) => ResourceSide::Withheld,
        (None, false) => ResourceSide::Silent,
    };
    let request = Request::new(case.action, case.resource, context).in_account(Some(case.home));
    subject.decide_within(&request, side, &limits).decision
}

fn strict(keys: &Keys) -> Context {
    let context = Context::strict().with("sts:RoleSessionName", ["nightly"]);
    keys.iter().fold(context, |context, (key, values)| context.with(key, values.iter().copied()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn the_compiled_evaluator_is_the_plain_one(case in case()) {
        let expected = match plain::verdict(&case) {
            plain::Verdict::Allowed => Decision::Allowed,
            plain::Verdict::Silent => Decision::ImplicitlyDenied,
            plain::Verdict::Denied => Decision::ExplicitlyDenied,
        };
        prop_assert_eq!(compiled(&case, &strict(&case.keys)), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// What is allowed whatever the unknown keys are is allowed for each value of them; what is denied for none.
    #[test]
    fn answers_about_unknown_keys_hold_for_all_values(case in case()) {
        let symbolic = Context::symbolic().with("sts:RoleSessionName", ["nightly"]);
        let told = compiled(&case, &symbolic);
        let values: [Option<&[&'static str]>; 6] =
            [None, Some(&["red"]), Some(&["blue"]), Some(&["black"]), Some(&["red", "black"]), Some(&["green"])];
        for one in values {
            for two in values {
                let pairs = KEYS.into_iter().zip([one, two]);
                let keys: Keys = pairs.filter_map(|(key, values)| Some((key, values?.to_vec()))).collect();
                let exact = compiled(&case, &strict(&keys));
                match told {
                    Decision::Allowed => prop_assert_eq!(&exact, &Decision::Allowed),
                    Decision::AllowedIf(_) => {}
                    Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => {
                        prop_assert!(!exact.is_allowed(), "{:?} but {:?} under {:?}", told, exact, keys);
                    }
                }
            }
        }
    }
}
