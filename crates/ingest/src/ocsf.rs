//! OCSF itself, of any release: an event that is one already is handed on as it is.
//!
//! Source: schema.ocsf.io. Nothing is mapped, so the release told stays, what was deprecated since stays, and an
//! event that broke the schema before breaks it still: [`homeostat_event::validate`] tells. Only the id of the
//! record is added, and what is withheld is missing.

use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::tape::Mark;
use homeostat_event::Event;

/// Events of OCSF, every class: the same JSON out as in, but for the reference in `unmapped`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ocsf;

impl Source for Ocsf {
    fn name(&self) -> &'static str {
        "ocsf"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let number = |field: &Field<'_>| {
            !field.is_text() && field.look().is_some_and(|text| text.parse::<u32>().is_ok())
        };
        root.member("class_uid").as_ref().is_some_and(number)
            && root
                .member("metadata")
                .and_then(|metadata| metadata.member("version"))
                .is_some_and(|version| version.is_text())
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let mut text = String::new();
        record.root().write_leftovers(&mut text);
        let Ok(event) = Event::from_json(&text) else { return };
        for member in record.root().children().filter(|member| member.marked() != Mark::Withheld) {
            member.mark(Mark::Whole);
        }
        events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use crate::{Ingest, KeepAll, Registry};
    use serde_json::{Value, json};

    fn passed(event: &Value) -> (Value, crate::SourceCoverage) {
        let mut ingest = Ingest::new(Registry::default()).with_redact(KeepAll).with_coverage();
        let out = ingest.read("e.json", event.to_string().as_bytes()).next().unwrap().unwrap();
        let mut value: Value = serde_json::from_str(&out.to_json()).unwrap();
        let unmapped = value["unmapped"].as_object_mut().unwrap();
        assert_eq!(unmapped.remove("homeostat_ref"), Some(json!("e#0")));
        if unmapped.is_empty() && event.get("unmapped").is_none() {
            value.as_object_mut().unwrap().remove("unmapped");
        }
        (value, ingest.coverage().sources["ocsf"].clone())
    }

    #[test]
    fn every_release_and_class_comes_out_as_it_went_in() {
        for (version, class) in
            [("1.1.0", 4001), ("1.3.0", 3002), ("1.5.0", 4010), ("1.9.0", 777_777), ("1.0.0-rc.2", 0)]
        {
            let event = json!({
                "class_uid": class, "activity_id": 1, "time": 1_773_649_800_123_i64, "severity_id": 99,
                "metadata": {"version": version, "product": {"name": "x"}, "original_time": "whenever", "new": null},
                "actor": {"user": {"name": "jane", "credential_uid": "k"}}, "list": [1, null, {"a": []}], "empty": "",
                "unmapped": {"kept": [true, 1.5], "n": null}
            });
            let (out, counts) = passed(&event);
            assert_eq!(out, event);
            assert_eq!((counts.leaves_dropped, counts.leaves_unmapped), (0, 3));
            assert_eq!((counts.leaves_mapped, counts.events), (13, 1));
        }
    }

    #[test]
    fn an_envelope_stands_beside_what_was_left_over() {
        let event = json!({"class_uid": 4001, "metadata": {"version": "1.4.0"}, "unmapped": {"a": 1}});
        let around = json!({"host": "gate", "message": event.to_string()});
        let mut ingest = Ingest::new(Registry::default());
        let out = ingest.read("e.json", around.to_string().as_bytes()).next().unwrap().unwrap();
        assert_eq!(out.unmapped("a").unwrap().as_str(), "1");
        assert_eq!(out.unmapped("homeostat_envelope.host").unwrap().as_str(), r#""gate""#);
    }

    #[test]
    fn secrets_are_withheld_here_too() {
        let event =
            json!({"class_uid": 4001, "metadata": {"version": "1.4.0"}, "x": {"password": "MARKED", "y": 1}});
        let mut ingest = Ingest::new(Registry::default()).with_coverage();
        let out = ingest.read("e.json", event.to_string().as_bytes()).next().unwrap().unwrap();
        assert!(!out.to_json().contains("MARKED"));
        assert_eq!(out.unmapped("homeostat_withheld").unwrap().as_str(), r#"["x.password"]"#);
        let counts = &ingest.coverage().sources["ocsf"];
        assert_eq!((counts.withheld, counts.leaves_dropped, counts.leaves_mapped), (1, 0, 3));
    }
}
