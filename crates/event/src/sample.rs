//! Events made from the schema table, to hold reader, writer and validator against every class of it.

use crate::event::Event;
use crate::flatten::Flattening;
use crate::table::{self, Body, Class, Form, Slot, Type};
use crate::validate::{Level, Rule, Violation, validate};
use homeostat_core::{EventRef, Role, TenantId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A value of the type of `slot`, as small as the schema allows.
fn value_of(slot: &Slot) -> Value {
    let one = match slot.kind() {
        Type::Object(body) => Value::Object(object_of(body)),
        Type::Open => json!({}),
        Type::Flag => json!(true),
        Type::Float => json!(0.5),
        Type::Any => json!([1, {"a": null}]),
        Type::Integer | Type::Port => enumerated(slot)
            .and_then(|value| value.parse().ok())
            .map_or(json!(7), |number: i64| json!(number)),
        Type::Text => enumerated(slot).map_or(json!("x"), |value| json!(value)),
        Type::Formed(form) => json!(match form {
            Form::DateTime => "2026-03-16T08:30:00Z",
            Form::Ip => "192.0.2.7",
            Form::Mail => "jane@acme.example",
            Form::Mac => "00:00:5E:00:53:01",
            Form::Uuid => "6b1f1a6e-5a5f-4f6c-9c1e-000000000001",
            Form::Subnet => "192.0.2.0/24",
            Form::Bytes => "QUI=",
        }),
    };
    if slot.array { json!([one]) } else { one }
}

/// A value of the enum that needs no word beside it and is not deprecated.
fn enumerated(slot: &Slot) -> Option<&'static str> {
    let usable = slot.values().iter().find(|(value, _, deprecated)| !deprecated && *value != "99");
    usable.map(|(value, ..)| *value)
}

/// An object that tells what its body requires without any profile, and no more.
fn object_of(body: &Body) -> Map<String, Value> {
    let mut members = Map::new();
    for slot in body.slots().filter(|slot| slot.required() && slot.profiles().is_empty()) {
        members.insert(slot.name.to_owned(), value_of(slot));
    }
    let told =
        |members: &Map<String, Value>, names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    for names in [body.any_of, body.one_of] {
        // Some constraints name what the body does not have, or only with a profile.
        let usable = |name: &&&str| {
            let slot = body.slot(name.split('.').next().unwrap());
            slot.is_some_and(|slot| slot.profiles().is_empty() && !slot.deprecated)
        };
        if let (false, Some(first)) = (told(&members, names), names.iter().find(usable)) {
            tell(&mut members, body, first);
        }
    }
    members
}

/// Tells what stands at the dotted `path` of a constraint.
fn tell(members: &mut Map<String, Value>, body: &Body, path: &str) {
    let name = path.split('.').next().unwrap();
    let Some(slot) = body.slot(name) else { return };
    let value = members.entry(name).or_insert_with(|| value_of(slot));
    if let (Some((_, rest)), Type::Object(inner), Some(members)) =
        (path.split_once('.'), slot.kind(), value.as_object_mut())
    {
        tell(members, inner, rest);
    }
}

/// The smallest event of a class that a strict reader takes.
fn smallest(class: &Class) -> Map<String, Value> {
    let mut event = object_of(&class.body);
    let activity = event["activity_id"].as_i64().unwrap();
    event.insert("class_uid".to_owned(), class.uid.into());
    event.insert("category_uid".to_owned(), class.category.into());
    event.insert("type_uid".to_owned(), (i64::from(class.uid) * 100 + activity).into());
    event
}

fn broken(event: &Map<String, Value>) -> Vec<Violation> {
    validate(&Event::from_json(&Value::from(event.clone()).to_string()).unwrap())
}

#[track_caller]
fn check(event: &Map<String, Value>, rule: Rule, path: &str) {
    let found = broken(event);
    assert!(
        found.iter().any(|one| one.rule() == rule && one.path() == path),
        "{rule:?} at {path}: {found:?}"
    );
}

/// Every class with each of its attributes.
fn slots() -> impl Iterator<Item = (&'static Class, &'static Slot)> {
    table::classes().flat_map(|class| class.body.slots().map(move |slot| (class, slot)))
}

/// The numbers by which a class is known; rules of their own bind them.
const NUMBERS: [&str; 3] = ["class_uid", "category_uid", "type_uid"];

#[test]
fn the_smallest_event_of_every_class_is_valid() {
    for class in table::classes() {
        let found = broken(&smallest(class));
        let old = class.body.deprecated;
        assert!(found.iter().all(|one| old && one.rule() == Rule::Deprecated), "{} {found:?}", class.name);
        assert_eq!(found.iter().any(|one| one.path().is_empty()), old, "{}", class.name);
    }
}

#[test]
fn every_attribute_of_every_class_is_known_and_takes_a_value_of_its_type() {
    for (class, slot) in
        slots().filter(|(_, slot)| !NUMBERS.contains(&slot.name) && slot.name != "activity_id")
    {
        let bound = class.body.one_of.contains(&slot.name)
            || class
                .body
                .any_of
                .iter()
                .any(|path| path.split_once('.').is_some_and(|(name, _)| name == slot.name));
        if slot.name == "observables" || bound {
            continue;
        }
        let mut event = smallest(class);
        event.insert(slot.name.to_owned(), value_of(slot));
        let errors: Vec<_> = broken(&event).into_iter().filter(|one| one.level() == Level::Error).collect();
        assert_eq!(errors, [], "{} {}", class.name, slot.name);
    }
}

#[test]
fn a_required_attribute_is_missed_in_every_class() {
    for (class, slot) in slots().filter(|(_, slot)| slot.required() && slot.profiles().is_empty()) {
        let mut event = smallest(class);
        event.remove(slot.name);
        let rule = if slot.name == "class_uid" && class.uid > 0 {
            Rule::AttributeUnknown
        } else {
            Rule::RequiredMissing
        };
        if slot.name != "class_uid" {
            check(&event, rule, slot.name);
        }
        event.insert(slot.name.to_owned(), Value::Null);
        if slot.name != "class_uid" {
            check(&event, Rule::RequiredMissing, slot.name);
        }
    }
}

#[test]
fn a_value_of_another_type_is_found_in_every_class() {
    for (class, slot) in slots().filter(|(_, slot)| slot.name != "class_uid") {
        let wrong = match slot.kind() {
            Type::Any => continue,
            Type::Flag => json!("true"),
            Type::Integer | Type::Port => json!(1.0),
            Type::Float => json!("1"),
            Type::Text | Type::Formed(_) => json!(5),
            Type::Open | Type::Object(_) => json!("x"),
        };
        let mut event = smallest(class);
        if slot.array {
            event.insert(slot.name.to_owned(), wrong.clone());
            check(&event, Rule::WrongType, slot.name);
            event.insert(slot.name.to_owned(), json!([wrong]));
            check(&event, Rule::WrongType, &format!("{}[0]", slot.name));
        } else {
            event.insert(slot.name.to_owned(), wrong);
            check(&event, Rule::WrongType, slot.name);
            event.insert(slot.name.to_owned(), json!([]));
            check(&event, Rule::WrongType, slot.name);
        }
    }
}

#[test]
fn an_unknown_value_of_an_enum_is_found_in_every_class() {
    for (class, slot) in slots().filter(|(_, slot)| !slot.values().is_empty() && slot.name != "class_uid") {
        let unknown = if matches!(slot.kind(), Type::Text) { json!("4242") } else { json!(4242) };
        let mut event = smallest(class);
        let (value, path) = if slot.array {
            (json!([unknown]), format!("{}[0]", slot.name))
        } else {
            (unknown, slot.name.to_owned())
        };
        event.insert(slot.name.to_owned(), value);
        check(&event, Rule::EnumUnknown, &path);
        if let Some((old, ..)) = slot.values().iter().find(|(.., deprecated)| *deprecated) {
            event.insert(slot.name.to_owned(), json!(old.parse::<i64>().unwrap()));
            check(&event, Rule::Deprecated, slot.name);
        }
    }
}

#[test]
fn a_profile_counts_only_where_it_is_named() {
    for (class, slot) in slots() {
        let Some(profile) = slot.profiles().first() else { continue };
        let mut event = smallest(class);
        event.insert(slot.name.to_owned(), value_of(slot));
        check(&event, Rule::ProfileNotApplied, slot.name);
        event["metadata"]["profiles"] = json!([profile]);
        let found = broken(&event);
        let told = |one: &Violation| one.path() == slot.name && one.rule() == Rule::ProfileNotApplied;
        assert!(!found.iter().any(told), "{} {}: {found:?}", class.name, slot.name);
        if slot.required() {
            event.remove(slot.name);
            check(&event, Rule::RequiredMissing, slot.name);
        }
    }
}

#[test]
fn constraints_bind_in_every_class_that_has_them() {
    let (mut any, mut one) = (0, 0);
    for class in table::classes() {
        let mut event = smallest(class);
        let names = |paths: &[&'static str]| -> Vec<&'static str> {
            paths.iter().map(|path| path.split('.').next().unwrap()).collect()
        };
        if !class.body.any_of.is_empty() {
            any += 1;
            event.retain(|name, _| !names(class.body.any_of).contains(&name.as_str()));
            check(&event, Rule::AtLeastOne, "");
        }
        if !class.body.one_of.is_empty() {
            one += 1;
            event.retain(|name, _| !names(class.body.one_of).contains(&name.as_str()));
            check(&event, Rule::JustOne, "");
            for path in class.body.one_of {
                tell(&mut event, &class.body, path);
            }
            check(&event, Rule::JustOne, "");
        }
    }
    assert!(any > 10 && one >= 1, "{any} {one}");
}

/// Choices that are used again from the start when they run out.
struct Choices<'a> {
    numbers: &'a [u32],
    next: usize,
}

impl Choices<'_> {
    fn of(&mut self, count: usize) -> usize {
        self.next += 1;
        let at = self.next % self.numbers.len();
        // Mixed with its place, so that a second round differs from the first.
        (self.numbers[at] as usize ^ (self.next * 0x9E37)) % count
    }
}

/// An object with some of what its body has, some of it of another type, and some that is unknown.
fn random_object(body: &Body, choices: &mut Choices<'_>, depth: usize) -> Value {
    let slots: Vec<_> = body.slots().collect();
    let mut members = Map::new();
    for _ in 0..choices.of(7) {
        let slot = slots[choices.of(slots.len())];
        let mut value = match slot.kind() {
            Type::Object(inner) if depth > 0 => random_object(inner, choices, depth - 1),
            _ => random_leaf(slot, choices),
        };
        if slot.array && choices.of(9) > 0 && !value.is_array() {
            value = Value::from(vec![value; choices.of(3)]);
        }
        members.insert(slot.name.to_owned(), value);
    }
    if choices.of(4) == 0 {
        members.insert(
            ["zzz", "a.b", "é\"\n", "name_x"][choices.of(4)].to_owned(),
            json!({"deep": [null, {"x": 1.5}]}),
        );
    }
    Value::Object(members)
}

fn random_leaf(slot: &Slot, choices: &mut Choices<'_>) -> Value {
    match choices.of(12) {
        0 => Value::Null,
        1 => json!(-1.25),
        2 => json!({"odd": []}),
        3 => json!("\u{1F600}\\ \"\t"),
        4 => json!(i64::MIN),
        5 => json!(u64::MAX),
        _ => value_of(slot),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_class_comes_out_as_it_went_in(numbers in prop::collection::vec(any::<u32>(), 16..200)) {
        for class in table::classes() {
            let mut choices = Choices { numbers: &numbers, next: class.uid as usize };
            let mut expected = random_object(&class.body, &mut choices, 3);
            for (name, value) in smallest(class) {
                if choices.of(3) > 0 || name == "class_uid" {
                    expected[name] = value;
                }
            }
            let event = Event::from_json(&expected.to_string()).unwrap();
            let out = event.to_json();
            prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
            prop_assert!(Event::from_json(&out).unwrap() == event);
            ask(&event);
        }
    }
}

/// Whatever is asked answers, and the answers agree with each other.
fn ask(event: &Event) {
    let entities = event.entities();
    for (place, entity) in entities.iter().enumerate() {
        assert!(!entities[..place].contains(entity), "named twice in one part");
    }
    if let Some(actor) = event.actor().filter(|actor| !actor.stands_in()) {
        let named = |key| entities.iter().any(|(known, role)| known == key && *role == Role::Actor);
        assert!(actor.keys().iter().all(named), "{actor:?} {entities:?}");
    }
    let mut marked = event.clone();
    marked.set_tenant(&TenantId::new("acme").unwrap()).set_reference(&EventRef::new("x", 7).unwrap());
    for event in [event, &marked] {
        // What is worked out at every question is the oracle of what is lent.
        assert_eq!(event.lend(|| answers(event)), answers(event));
    }
    let _ = (event.outcome(), event.domain(), validate(event), event.to_ecs(), event.to_asim());
    let flat = Flattening::new().to_depth(3).at_most(20).of(event);
    assert!(flat.len() <= 20 && (flat.cut() > 0) == flat.get(Flattening::MARK).is_some());
}

/// All that is lent, and what is made with it.
fn answers(event: &Event) -> impl PartialEq + core::fmt::Debug {
    let keys = (event.entities(), event.named(), event.related());
    let parties = (event.actor(), event.targets(), event.observer(), event.intermediaries());
    let places = (event.origin(), event.destination());
    (keys, parties, places, event.occurrence(), event.tenant(), event.reference())
}
