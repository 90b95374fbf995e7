#![cfg(test)]
//! The indexed rails against the definition; and the laws: order never matters, a Deny never loosens.

use homeostat_core::{TenantId, Timestamp};
use homeostat_response::{
    Action, ActionId, Asked, Because, Budget, Calendar, Decision, Effect, Offsets, Plan, Policy, Protected,
    Request, Rule, Ruling, Target, TargetKind, When,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What decides, taken from the specification word for word, rule after rule.
fn oracle(policy: &Policy, asked: &Asked<'_>) -> (Ruling, u64, BTreeSet<String>) {
    let mut ruling = Ruling::Autonomous;
    let mut ttl = policy.max_ttl_ms;
    let mut named = BTreeSet::new();
    if asked.effect == Effect::Irreversible {
        ruling = ruling.max(Ruling::ASK_TWO);
    }
    if asked.request.confidence < policy.confidence_floor {
        ruling = ruling.max(Ruling::ASK);
    }
    let mut subjects: Vec<(&Target, bool)> = asked.plan.touches.iter().map(|one| (one, true)).collect();
    if !asked.plan.touches.iter().any(|one| one.is(&asked.request.target)) {
        subjects.push((&asked.request.target, subjects.is_empty()));
    }
    for (target, must_fit) in subjects {
        for entry in &policy.protected {
            let hit =
                entry.target_kind.is_none_or(|kind| kind == target.kind) && like(&entry.glob, &target.id);
            if hit && asked.effect > Effect::Capture {
                ruling = Ruling::Deny;
            }
        }
        let mut any = false;
        for rule in &policy.rules {
            let Some(known) = fits(&rule.when, asked, target, &policy.calendars) else { continue };
            any = true;
            named.insert(rule.id.clone());
            ttl = ttl.min(rule.max_ttl_ms.unwrap_or(u64::MAX));
            ruling = ruling.max(if known { rule.then } else { rule.then.max(Ruling::ASK) });
        }
        if !any && must_fit {
            ruling = ruling.max(Ruling::ASK);
        }
    }
    (ruling, ttl, named)
}

/// `None` when some condition fails; else whether everything needed is known.
fn fits(when: &When, asked: &Asked<'_>, target: &Target, calendars: &[Calendar]) -> Option<bool> {
    let mut known = true;
    let mut need = |holds: Option<bool>| match holds {
        Some(true) => true,
        Some(false) => false,
        None => {
            known = false;
            true
        }
    };
    let calendar = |id: &String| {
        let calendar = calendars.iter().find(|one| one.id == *id).unwrap();
        let minute = asked.now.minute_of_week(asked.offsets.at(&calendar.zone, asked.now)?)?;
        Some(calendar.minutes_of_week.iter().any(|[from, to]| (*from..*to).contains(&minute)))
    };
    let network = |prefix: &String| {
        use TargetKind as Kind;
        if !matches!(target.kind, Kind::Host | Kind::Instance | Kind::Workload | Kind::Address) {
            return Some(false);
        }
        let address: IpAddr = target.attrs.get("ip").unwrap_or(&target.id).parse().ok()?;
        // The only prefix these tests use.
        assert_eq!(prefix, "10.0.0.0/8");
        Some(matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10))
    };
    let all = need(Some(when.actions.is_empty() || when.actions.contains(&asked.request.action)))
        && need(Some(when.target_kind.is_none_or(|kind| kind == target.kind)))
        && need(Some(when.target_id.as_ref().is_none_or(|id| *id == target.id)))
        && need(Some(when.glob.as_ref().is_none_or(|glob| like(glob, &target.id))))
        && need(Some(when.min_confidence.is_none_or(|least| asked.request.confidence >= least)))
        && need(Some(when.effect.is_none_or(|effect| effect == asked.effect)))
        && when.cidr.as_ref().is_none_or(|cidr| need(network(cidr)))
        && when.calendar.as_ref().is_none_or(|id| need(calendar(id)))
        && when.attr.iter().all(|(name, value)| need(target.attrs.get(name).map(|own| like(value, own))));
    all.then_some(known)
}

/// Patterns here end in at most one star.
fn like(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

fn some<T: std::fmt::Debug + Clone>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.3, of)
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(vec![Action::Block, Action::Isolate, Action::Challenge, Action::Notify])
}

fn kind() -> impl Strategy<Value = TargetKind> {
    prop::sample::select(vec![TargetKind::Address, TargetKind::Host, TargetKind::Person])
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["10.0.0.1", "web-1", "web-2", "jane", "203.0.113.9"]).prop_map(str::to_owned)
}

fn attrs(values: Vec<&'static str>) -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = prop::sample::select(vec!["team", "tier"]).prop_map(str::to_owned);
    prop::collection::btree_map(name, prop::sample::select(values).prop_map(str::to_owned), 0..3)
}

fn ruling() -> impl Strategy<Value = Ruling> {
    prop::sample::select(vec![
        Ruling::Autonomous,
        Ruling::ASK,
        Ruling::ASK_TWO,
        Ruling::ShadowOnly,
        Ruling::Deny,
    ])
}

fn when() -> impl Strategy<Value = When> {
    let first = (
        prop::collection::btree_set(action(), 0..3),
        some(kind()),
        some(name()),
        some(prop::sample::select(vec!["web-*", "*", "jane"]).prop_map(str::to_owned)),
        some(Just("10.0.0.0/8".to_owned())),
    );
    let second = (
        attrs(vec!["web", "we*", "db", "gold"]),
        some(0.0..1.0),
        some(prop::sample::select(vec![Effect::Capture, Effect::Containment])),
        some(prop::sample::select(vec!["office", "abroad"]).prop_map(str::to_owned)),
    );
    (first, second).prop_map(|((actions, kind, id, glob, cidr), (attr, min, effect, calendar))| {
        let mut when = When::default();
        (when.actions, when.target_kind, when.target_id) = (actions, kind, id);
        (when.glob, when.cidr, when.attr) = (glob, cidr, attr);
        (when.min_confidence, when.effect, when.calendar) = (min, effect, calendar);
        when
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    (when(), ruling(), some(1_u64..10_000)).prop_map(|(when, then, max_ttl_ms)| {
        let mut rule = Rule::new("", then);
        (rule.when, rule.max_ttl_ms) = (when, max_ttl_ms);
        rule
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    (prop::collection::vec(rule(), 0..12), prop::option::weighted(0.1, Just(()))).prop_map(
        |(rules, guard)| {
            let mut policy = Policy::new("1", Budget::new("all", 100));
            policy.rules = rules;
            for (number, rule) in policy.rules.iter_mut().enumerate() {
                rule.id = format!("r{number}");
            }
            let calendars = r#"
            [[calendars]]
            id = "office"
            minutes_of_week = [[0, 5000]]
            [[calendars]]
            id = "abroad"
            zone = "nobody told"
            minutes_of_week = [[0, 10080]]
            [[protected]]
            id = "jane"
            glob = "jane"
        "#;
            let extra = Policy::from_toml(&format!("version = '1'\n{calendars}")).unwrap();
            policy.calendars = extra.calendars;
            if guard.is_some() {
                policy.protected = extra.protected;
            }
            policy
        },
    )
}

fn target() -> impl Strategy<Value = Target> {
    (kind(), name(), attrs(vec!["web", "db", "gold"])).prop_map(|(kind, id, attrs)| {
        let mut target = Target::new(kind, &id);
        target.attrs = attrs;
        target
    })
}

#[derive(Clone, Debug)]
struct Case {
    request: Request,
    plan: Plan,
    effect: Effect,
    now: Timestamp,
}

fn case() -> impl Strategy<Value = Case> {
    let effect = prop::sample::select(vec![Effect::Capture, Effect::Containment, Effect::Irreversible]);
    let touches = prop::collection::vec(target(), 0..4);
    (action(), target(), touches, 0.0..1.0, effect, 0_i64..10_080).prop_map(
        |(action, target, touches, confidence, effect, minute)| {
            let id = ActionId::new("a").unwrap();
            let request = Request::new(id, TenantId::new("acme").unwrap(), action, target).sure(confidence);
            let plan = Plan::new(&request).touching(touches);
            Case { request, plan, effect, now: Timestamp::from_millis(minute * 60_000) }
        },
    )
}

fn decide(policy: &Policy, case: &Case, offsets: &Offsets) -> Decision {
    let Case { request, plan, effect, now } = case;
    policy.clone().compile().unwrap().decide(&Asked { request, plan, effect: *effect, now: *now, offsets })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_index_decides_as_the_definition_does(policy in policy(), case in case()) {
        let offsets = Offsets::default();
        let decision = decide(&policy, &case, &offsets);
        let Case { request, plan, effect, now } = &case;
        let asked = Asked { request, plan, effect: *effect, now: *now, offsets: &offsets };
        let (ruling, ttl, named) = oracle(&policy, &asked);
        prop_assert_eq!((decision.ruling, decision.max_ttl_ms), (ruling, ttl));
        let listed: BTreeSet<String> = decision.because.iter().filter_map(|because| match because {
            Because::Rule { id, .. } | Because::Missing { rule: id, .. } => Some(id.clone()),
            _ => None,
        }).collect();
        prop_assert_eq!(listed, named, "every rule that made it is listed");
        let demanded = decision.because.iter().map(Because::demands).max();
        prop_assert_eq!(decision.ruling, demanded.unwrap_or(Ruling::Autonomous));
    }

    #[test]
    fn the_order_of_rules_never_matters(policy in policy(), case in case(), turn in 0_usize..12) {
        let mut turned = policy.clone();
        if !turned.rules.is_empty() {
            let by = turn % turned.rules.len();
            turned.rules.rotate_left(by);
            turned.rules.reverse();
        }
        prop_assert_eq!(decide(&turned, &case, &Offsets::default()), decide(&policy, &case, &Offsets::default()));
    }

    #[test]
    fn adding_a_deny_never_loosens(policy in policy(), case in case(), when in when()) {
        let before = decide(&policy, &case, &Offsets::default());
        let mut harder = policy;
        harder.rules.push(Rule::new("deny", Ruling::Deny));
        harder.rules.last_mut().unwrap().when = when;
        let after = decide(&harder, &case, &Offsets::default());
        // A Deny that fits where nothing did takes the place of asking; it is never less.
        prop_assert!(after.ruling >= before.ruling && after.max_ttl_ms <= before.max_ttl_ms);
    }

    #[test]
    fn what_can_not_be_undone_needs_two(policy in policy(), mut case in case()) {
        case.effect = Effect::Irreversible;
        prop_assert!(decide(&policy, &case, &Offsets::default()).ruling >= Ruling::ASK_TWO);
    }

    #[test]
    fn a_policy_survives_both_texts(policy in policy()) {
        let json = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(&Policy::from_json(&json).unwrap(), &policy);
        let toml = toml::to_string(&policy).unwrap();
        prop_assert_eq!(&Policy::from_toml(&toml).unwrap(), &policy);
    }
}

#[test]
fn a_bad_policy_is_refused_with_place_and_cause() {
    let budget = "[[budgets]]\nid = 'b'\nmax_active = 1\n";
    for (text, expected) in [
        ("", "policy, budgets: a policy without budgets bounds nothing"),
        (
            "[[budgets]]\nid = 'b'",
            "policy, budgets[0] `b`: a budget gives at least one of max_active, max_per_window and population_share",
        ),
        ("[[budgets]]\nid = ''\nmax_active = 1", "policy, budgets[0] ``: an id is not empty"),
        (&format!("{budget}{budget}"), "policy, budgets[1] `b`: another has the same id"),
        (
            &format!("confidence_floor = 1.5\n{budget}"),
            "policy, confidence_floor: the number lies between 0 and 1",
        ),
        (
            &format!("{budget}[[rules]]\nid = 'r'\nthen = 'deny'\nwhen = {{ cidr = '10.0.0.1/8' }}"),
            "policy, rules[0] `r`: not a network prefix",
        ),
        (
            &format!("{budget}[[rules]]\nid = 'r'\nthen = 'deny'\nwhen = {{ calendar = 'x' }}"),
            "policy, rules[0] `r`: there is no calendar of that id",
        ),
        (
            &format!("{budget}[[rules]]\nid = 'r'\nthen = {{ approve = {{ distinct = 0 }} }}"),
            "policy, rules[0] `r`: approval needs at least one person",
        ),
        (
            &format!("{budget}[[rules]]\nid = 'r'\nthen = 'deny'\nmax_ttl_ms = 0"),
            "policy, rules[0] `r`: the time is longer than nothing",
        ),
        (
            &format!(
                "{budget}[[floors]]\nid = 'f'\nmin_remaining = 2\nselector = {{ effect = 'containment' }}"
            ),
            "policy, floors[0] `f`: a floor selects targets, not requests: no actions, effect, confidence or calendar",
        ),
        (
            &format!("{budget}[[calendars]]\nid = 'c'\nminutes_of_week = [[5, 5]]"),
            "policy, calendars[0]: a calendar has spans within 0..=10080, each with its start before its end",
        ),
    ] {
        let text = format!("version = '1'\n{text}");
        let error = Policy::from_toml(&text).and_then(Policy::compile).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let typo = Policy::from_toml("version = '1'\n\n  budgts = 3").unwrap_err();
    assert_eq!(typo.place(), "line 3, column 3");
    let typo = Policy::from_json("{\"version\": \"1\",\n \"budgts\": 3}").unwrap_err();
    assert!(typo.place().starts_with("line 2"), "{typo}");
}

#[test]
fn protection_and_members_count_not_only_the_name_asked_for() {
    let mut policy = Policy::new("1", Budget::new("all", 100));
    policy.rules.push(Rule::new("anything", Ruling::Autonomous));
    let guard: Protected = toml::from_str("id = 'controllers'\nglob = 'dc-*'").unwrap();
    policy.protected.push(guard);
    let group = Target::new(TargetKind::Host, "all-servers");
    let request =
        Request::new(ActionId::new("a").unwrap(), TenantId::new("acme").unwrap(), Action::Isolate, group)
            .sure(1.0);
    let members = ["web-1", "dc-1"].map(|name| Target::new(TargetKind::Host, name));
    let plan = Plan::new(&request).touching(members.to_vec());
    let case = Case { request, plan, effect: Effect::Containment, now: Timestamp::from_micros(0) };
    assert_eq!(decide(&policy, &case, &Offsets::default()).ruling, Ruling::Deny);
    let capture = Case { effect: Effect::Capture, ..case };
    assert_eq!(decide(&policy, &capture, &Offsets::default()).ruling, Ruling::Autonomous);
}

#[test]
fn compiled_rails_tell_of_themselves() {
    let mut policy = Policy::new("2026-11-28", Budget::new("all", 100));
    policy.patience_ms = 7_000;
    for id in ["one", "two", "three"] {
        policy.rules.push(Rule::new(id, Ruling::Autonomous));
    }
    let rails = policy.compile().unwrap();
    assert_eq!((rails.version(), rails.rules(), rails.patience_ms()), ("2026-11-28", 3, 7_000));
}

#[test]
fn protection_of_a_kind_is_of_that_kind_alone() {
    let mut policy = Policy::new("1", Budget::new("all", 100));
    policy.rules.push(Rule::new("anything", Ruling::Autonomous));
    let guard: Protected = toml::from_str("id = 'people'\ntarget_kind = 'person'\nglob = 'admin*'").unwrap();
    policy.protected.push(guard);
    for (kind, name, ruling) in [
        (TargetKind::Person, "admin-1", Ruling::Deny),
        (TargetKind::Host, "admin-1", Ruling::Autonomous),
        (TargetKind::Person, "jane", Ruling::Autonomous),
    ] {
        let (id, tenant) = (ActionId::new("a").unwrap(), TenantId::new("acme").unwrap());
        let request = Request::new(id, tenant, Action::Challenge, Target::new(kind, name)).sure(1.0);
        let plan = Plan::new(&request);
        let case = Case { request, plan, effect: Effect::Containment, now: Timestamp::from_micros(0) };
        assert_eq!(decide(&policy, &case, &Offsets::default()).ruling, ruling, "{kind:?} {name}");
    }
}

#[test]
fn each_number_and_each_condition_is_looked_at_by_itself() {
    let with = |top: &str, more: &str| {
        let text = format!("version = '1'\n{top}\n[[budgets]]\nid = 'b'\nmax_active = 1\n{more}");
        Policy::from_toml(&text).unwrap().compile().map(drop).map_err(|error| error.to_string())
    };
    let floor = |when: &str| format!("[[floors]]\nid = 'f'\nmin_remaining = 2\nselector = {{ {when} }}");
    assert_eq!(with("confidence_floor = 1.0", "population_share = 1.0"), Ok(()));
    assert_eq!(with("max_ttl_ms = 1\npatience_ms = 1", "window_ms = 1\n[surge]\nwindow_ms = 1"), Ok(()));
    assert_eq!(with("", &floor("target_kind = 'host', glob = 'dc-*', attr = { tier = 'one' }")), Ok(()));
    for top in ["max_ttl_ms = 0", "patience_ms = 0"] {
        let expected = "policy, max_ttl_ms or patience_ms: the time is longer than nothing";
        assert_eq!(with(top, ""), Err(expected.to_owned()), "{top}");
    }
    for (more, expected) in [
        ("window_ms = 0", "policy, budgets[0] `b`: the time is longer than nothing"),
        ("population_share = 1.5", "policy, budgets[0] `b`: the number lies between 0 and 1"),
        ("[surge]\nwindow_ms = 0", "policy, surge: the time is longer than nothing"),
    ] {
        assert_eq!(with("", more), Err(expected.to_owned()));
    }
    let conditions = ["actions = ['block']", "effect = 'capture'", "min_confidence = 0.5", "calendar = 'c'"];
    for when in conditions {
        let error = with("", &floor(when)).unwrap_err();
        assert!(error.starts_with("policy, floors[0] `f`: a floor selects targets"), "{when}: {error}");
    }
    for share in ["max_per_window = 1", "population_share = 0.5"] {
        let text = format!("version = '1'\n[[budgets]]\nid = 'b'\n{share}");
        assert!(Policy::from_toml(&text).unwrap().compile().is_ok(), "{share} alone bounds something");
    }
}
