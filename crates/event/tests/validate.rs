#![cfg(test)]
//! Each rule of the validator, at its place and with its level. That the rules hold in every class is tested in
//! the crate itself, from the schema table.

use homeostat_event::{Event, Level, Rule, Violation, validate};
use serde_json::{Value, json};

/// A valid sign-in with `more` merged into it.
fn login(more: &Value) -> Value {
    let mut event = json!({
        "class_uid": 3002, "activity_id": 1, "type_uid": 300_201, "category_uid": 3, "severity_id": 1,
        "time": 1_773_649_800_000_i64, "metadata": {"version": "1.8.0", "product": {"name": "Acme"}},
        "user": {"name": "jane", "uid": "u1"}, "service": {"name": "wiki"},
        "src_endpoint": {"ip": "192.0.2.7", "hostname": "ws01"}, "auth_factors": [{"factor_type_id": 1}],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event
}

/// What the event with `more` breaks: all of it is `expected`.
#[track_caller]
fn check(more: &Value, expected: &[(Rule, &str)]) {
    let mut text = login(more);
    text.sort_all_objects();
    let event = Event::from_json(&text.to_string()).unwrap();
    let found = validate(&event);
    let found: Vec<_> = found.iter().map(|one| (one.rule(), one.path())).collect();
    assert_eq!(found, expected, "{more}");
}

#[test]
fn a_whole_event_breaks_nothing() {
    check(&json!({}), &[]);
    check(&json!({"user": {"name": "jane", "type_id": null}}), &[]);
}

#[test]
fn numbers_of_class_activity_and_type_agree() {
    check(&json!({"type_uid": 300_202}), &[(Rule::TypeUid, "type_uid")]);
    check(
        &json!({"category_uid": 4}),
        &[(Rule::EnumUnknown, "category_uid"), (Rule::CategoryUid, "category_uid")],
    );
    check(&json!({"class_uid": 42}), &[(Rule::ClassUnknown, "class_uid")]);
    check(&json!({"class_uid": null}), &[(Rule::ClassUnknown, "class_uid")]);
    check(&json!({"activity_id": 42, "type_uid": 300_242}), &[(Rule::EnumUnknown, "activity_id")]);
}

#[test]
fn what_is_required_follows_its_objects() {
    check(&json!({"user": null}), &[(Rule::RequiredMissing, "user")]);
    check(&json!({"connection_info": {}}), &[(Rule::AttributeUnknown, "connection_info")]);
    check(
        &json!({"auth_factors": [{"factor_type_id": 1}, {}]}),
        &[(Rule::RequiredMissing, "auth_factors[1].factor_type_id")],
    );
    check(
        &json!({"device": {"hostname": "a"}, "metadata": {"version": "1.8.0", "product": {"name": "x"}, "profiles": ["host"]}}),
        &[(Rule::RequiredMissing, "device.type_id")],
    );
    check(
        &json!({"metadata": {"version": "1.8.0", "product": {"name": "x"}, "extensions": [{"name": "e"}]}}),
        &[(Rule::RequiredMissing, "metadata.extensions[0].version")],
    );
    check(
        &json!({"metadata": {"version": "1.8.0", "product": {"name": "x"}, "profiles": ["cloud"]}}),
        &[(Rule::RequiredMissing, "cloud")],
    );
    check(&json!({"cloud": {"provider": "AWS"}}), &[(Rule::ProfileNotApplied, "cloud")]);
}

#[test]
fn constraints_bind_objects_and_classes() {
    check(&json!({"service": null}), &[(Rule::AtLeastOne, "")]);
    check(&json!({"user": {"type_id": 1}}), &[(Rule::AtLeastOne, "user")]);
    check(
        &json!({"src_endpoint": {"ip": "192.0.2.7", "location": {"lat": 46.9, "long": 7.4}}}),
        &[(Rule::AtLeastOne, "src_endpoint.location")],
    );
    check(
        &json!({"class_uid": 3003, "type_uid": 300_301, "service": null, "auth_factors": null,
            "privileges": ["a"], "group": {"name": "ops"}}),
        &[(Rule::AttributeUnknown, "auth_factors"), (Rule::AttributeUnknown, "service"), (Rule::JustOne, "")],
    );
}

#[test]
fn dotted_paths_of_constraints_are_followed() {
    let patch = |os: Value| {
        json!({"class_uid": 5004, "activity_id": 1, "type_uid": 500_401, "category_uid": 5, "severity_id": 1, "time": 0,
            "metadata": {"version": "1.8.0", "product": {"name": "x"}, "profiles": ["host"]},
            "device": {"hostname": "a", "type_id": 0, "os": os}})
    };
    let broken = |event: Value| {
        let rules: Vec<_> =
            validate(&Event::from_json(&event.to_string()).unwrap()).iter().map(Violation::rule).collect();
        rules
    };
    assert_eq!(broken(patch(json!({"name": "x", "type_id": 0}))), [Rule::AtLeastOne]);
    assert_eq!(broken(patch(json!({"name": "x", "type_id": 0, "version": "7"}))), []);
}

#[test]
fn types_are_those_of_the_schema() {
    for (value, rule) in [
        (json!(1.0), Some(Rule::WrongType)),
        (json!("1"), Some(Rule::WrongType)),
        (json!(u64::MAX), Some(Rule::WrongType)),
        (json!([1]), Some(Rule::WrongType)),
        (json!(i64::MAX), None),
    ] {
        let expected: Vec<_> = rule.map(|rule| (rule, "count")).into_iter().collect();
        check(&json!({ "count": value }), &expected);
    }
    check(&json!({"auth_factors": {"factor_type_id": 1}}), &[(Rule::WrongType, "auth_factors")]);
    check(&json!({"auth_factors": [5]}), &[(Rule::WrongType, "auth_factors[0]")]);
    check(&json!({"is_mfa": 1}), &[(Rule::WrongType, "is_mfa")]);
    check(&json!({"unmapped": []}), &[(Rule::WrongType, "unmapped")]);
    check(&json!({"unmapped": {"any": ["thing", {"x": 1.0}]}}), &[]);
    check(&json!({"zeek": 1}), &[(Rule::AttributeUnknown, "zeek")]);
    check(&json!({"user": {"name": "j", "shoe_size": 43}}), &[(Rule::AttributeUnknown, "user.shoe_size")]);
    check(&json!({"severity_id": 42}), &[(Rule::EnumUnknown, "severity_id")]);
}

#[test]
fn numbers_keep_their_range_and_texts_their_length_and_form() {
    check(
        &json!({"src_endpoint": {"ip": "192.0.2.7", "port": 65_536}}),
        &[(Rule::Range, "src_endpoint.port")],
    );
    check(&json!({"src_endpoint": {"ip": "192.0.2.7", "port": -1}}), &[(Rule::Range, "src_endpoint.port")]);
    check(&json!({"src_endpoint": {"ip": "192.0.2.7", "port": 65_535}}), &[]);
    for (ip, fits) in [
        ("192.0.2.7", true),
        ("2001:db8::1%eth0", true),
        (" 192.0.2.7 ", true),
        ("ws01", false),
        ("192.0.2.256", false),
    ] {
        let expected = [(Rule::Form, "src_endpoint.ip")];
        check(&json!({"src_endpoint": {"ip": ip}}), if fits { &[] } else { &expected });
    }
    let long = format!("2001:db8::1%{}", "e".repeat(40));
    check(&json!({"src_endpoint": {"ip": long}}), &[(Rule::TooLong, "src_endpoint.ip")]);
    for (mac, fits) in [
        ("00:00:5E:00:53:01", true),
        ("00-00-5e-00-53-01", true),
        ("00005E005301", false),
        ("00:00:5E:00:53:0G", false),
    ] {
        let expected = [(Rule::Form, "src_endpoint.mac")];
        check(&json!({"src_endpoint": {"mac": mac, "ip": "192.0.2.7"}}), if fits { &[] } else { &expected });
    }
    for (mail, fits) in [
        ("jane@acme.example", true),
        ("o'neil+x@a-b.example", true),
        ("jane", false),
        ("jane@acme", false),
        ("@a.b", false),
    ] {
        let expected = [(Rule::Form, "user.email_addr")];
        check(&json!({"user": {"name": "j", "email_addr": mail}}), if fits { &[] } else { &expected });
    }
    for (time, fits) in [
        ("2026-03-16T08:30:00.25Z", true),
        ("2026-03-16T08:30:00+01:00", true),
        ("2026-03-16", false),
        ("soon", false),
    ] {
        let mut expected = vec![(Rule::ProfileNotApplied, "time_dt")];
        if !fits {
            expected.push((Rule::Form, "time_dt"));
        }
        check(&json!({ "time_dt": time }), &expected);
    }
}

#[test]
fn base_64_is_known_in_both_alphabets() {
    let value = |data: &str| {
        json!({"class_uid": 201_002, "activity_id": 2, "type_uid": 20_100_202, "category_uid": 1, "severity_id": 1, "time": 0,
            "metadata": {"version": "1.8.0", "product": {"name": "x"}, "profiles": ["host"]},
            "device": {"hostname": "a", "type_id": 0}, "actor": {"user": {"name": "j"}},
            "reg_value": {"name": "x", "path": "HKLM", "type_id": 1, "reg_binary_data": data}})
    };
    for (data, fits) in [
        ("", true),
        ("QUI=", true),
        ("_-8=", true),
        ("+/8=", true),
        ("QUI", false),
        ("+_8=", false),
        ("a===", false),
    ] {
        let found = validate(&Event::from_json(&value(data).to_string()).unwrap());
        assert_eq!(
            found.iter().map(Violation::rule).collect::<Vec<_>>(),
            if fits { vec![] } else { vec![Rule::Form] },
            "{data}"
        );
    }
}

#[test]
fn the_text_beside_an_id_is_its_caption() {
    check(
        &json!({"severity": "Informational", "activity_name": "Logon", "category_name": "Identity & Access Management"}),
        &[],
    );
    check(&json!({"severity": "High"}), &[(Rule::Sibling, "severity_id")]);
    check(&json!({"status_id": 99}), &[(Rule::Sibling, "status_id")]);
    check(&json!({"status_id": 99, "status": "CHALLENGE"}), &[]);
    check(&json!({"class_name": "Authentication", "type_name": "Authentication: Logon"}), &[]);
    check(&json!({"class_name": "Login"}), &[(Rule::Sibling, "class_name")]);
    check(&json!({"type_name": "Authentication: Logoff"}), &[(Rule::Sibling, "type_name")]);
}

#[test]
fn what_is_deprecated_is_told() {
    check(
        &json!({"user": {"name": "j", "credential_uid": "k"}}),
        &[(Rule::Deprecated, "user.credential_uid")],
    );
    check(&json!({"http_request": {"url": {"path": "/", "url_string": "/"}}}), &[]);
    let old = json!({"class_uid": 4011, "activity_id": 1, "type_uid": 401_101, "category_uid": 4, "severity_id": 1, "time": 0,
        "metadata": {"version": "1.8.0", "product": {"name": "x"}}, "email_uid": "e", "file": {"name": "a", "type_id": 1}});
    let found = validate(&Event::from_json(&old.to_string()).unwrap());
    let found: Vec<_> = found.iter().map(|one| (one.rule(), one.path(), one.level())).collect();
    assert_eq!(
        found,
        [(Rule::Deprecated, "", Level::Warning), (Rule::Deprecated, "email_uid", Level::Warning)]
    );
}

#[test]
fn observables_lead_somewhere() {
    for (name, leads) in [
        ("user.name", true),
        ("src_endpoint", true),
        ("auth_factors[0].factor_type_id", true),
        ("auth_factors[].factor_type_id", true),
        ("auth_factors.factor_type_id", true),
        ("user.shoe", false),
        ("user.name.x", false),
        ("jane", false),
    ] {
        let expected = [(Rule::ObservableName, "observables[0].name")];
        check(&json!({"observables": [{"name": name, "type_id": 4}]}), if leads { &[] } else { &expected });
    }
}

#[test]
fn levels_tell_what_a_strict_reader_rejects() {
    use Rule::{
        AtLeastOne, AttributeUnknown, CategoryUid, ClassUnknown, Deprecated, EnumUnknown, Form, JustOne,
    };
    use Rule::{
        ObservableName, ProfileNotApplied, Range, RequiredMissing, Sibling, TooLong, TypeUid, WrongType,
    };
    for rule in [Form, Sibling, Deprecated, ProfileNotApplied] {
        assert_eq!(rule.level(), Level::Warning, "{rule:?}");
    }
    for rule in [
        ClassUnknown,
        AttributeUnknown,
        RequiredMissing,
        WrongType,
        EnumUnknown,
        TypeUid,
        CategoryUid,
        AtLeastOne,
        JustOne,
        Range,
        TooLong,
        ObservableName,
    ] {
        assert_eq!(rule.level(), Level::Error, "{rule:?}");
    }
}
