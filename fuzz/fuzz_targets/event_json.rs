//! Reading an event never panics, accepts what `serde_json` accepts, and loses nothing.

#![no_main]

use homeostat_event::{Event, signal_of, validate};
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
    let _ = (event.entities(), event.actor(), event.targets(), validate(&event), signal_of(&event));
});
