//! Reading an event never panics, accepts what `serde_json` accepts, and loses nothing; whatever is asked of it then
//! answers, and the answers agree with each other.

#![no_main]

use homeostat_event::{Event, Flattening, Role, signal_of, validate};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let expected = serde_json::from_str::<Map<String, Value>>(text);
    let Ok(event) = Event::from_json(text) else {
        assert!(expected.is_err(), "refused what is an object");
        return;
    };
    let out = event.to_json();
    assert!(!out.contains('\n'));
    assert!(Event::from_json(&out).is_ok_and(|again| again == event && again.to_json() == out));
    // A number beyond every float is kept as text, which `Value` cannot hold.
    if let Ok(expected) = expected {
        assert_eq!(serde_json::from_str::<Map<String, Value>>(&out).ok(), Some(expected));
    }
    ask(&event);
});

fn ask(event: &Event) {
    let entities = event.entities();
    for (place, entity) in entities.iter().enumerate() {
        assert!(!entities[..place].contains(entity), "named twice in one part");
    }
    // Who acts is named among the entities, unless it only stands in.
    if let Some(actor) = event.actor().filter(|actor| !actor.stands_in()) {
        let named = |key| entities.iter().any(|(known, role)| known == key && *role == Role::Actor);
        assert!(actor.keys().iter().all(named));
    }
    let _ = (event.targets(), event.origin(), event.destination(), event.intermediaries(), event.observer());
    let _ = (event.related(), event.outcome(), event.when(), event.domain(), event.action(), event.service());
    let _ = (event.traffic(), event.dns(), event.is_mfa(), signal_of(event), validate(event));
    for most in [1, 3, 1_000] {
        let flat = Flattening::new().to_depth(most).at_most(most).of(event);
        assert!(flat.len() <= most);
        assert!(flat.cut() == 0 || flat.get(Flattening::MARK) == Some(flat.cut().to_string().as_str()));
    }
    let _ = (event.to_ecs(), event.to_asim());
}
