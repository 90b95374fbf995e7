#![cfg(test)]
//! What a subscriber hears of a pipeline: a span an event, what becomes of stories, snapshots and a full intake, and
//! nobody's name.

use homeostat::{Intake, IntakeSettings, Pipeline, WhenFull};
use homeostat_core::TenantId;
use homeostat_event::Event;
use homeostat_ingest::{Context, Ingest, Registry};
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Metadata, Subscriber};

const TENANT: &str = "Jane Doe GmbH";

/// All that was told.
#[derive(Default)]
struct Heard {
    spans: Vec<String>,
    open: usize,
    // How often each message came.
    messages: BTreeMap<String, usize>,
    events: Vec<String>,
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Heard>>);

/// Fields as text.
#[derive(Default)]
struct Text {
    fields: String,
    message: Option<String>,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = Some(format!("{value:?}"));
        }
        write!(self.fields, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Ear {
    fn enabled(&self, told: &Metadata<'_>) -> bool {
        told.target() == "homeostat"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text { fields: span.metadata().name().to_owned(), message: None };
        span.record(&mut text);
        let mut heard = self.0.lock().unwrap();
        heard.spans.push(text.fields);
        Id::from_u64(heard.spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut text = Text::default();
        values.record(&mut text);
        let mut heard = self.0.lock().unwrap();
        let at = usize::try_from(span.into_u64()).unwrap() - 1;
        heard.spans[at] += &text.fields;
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let mut heard = self.0.lock().unwrap();
        *heard.messages.entry(text.message.unwrap()).or_default() += 1;
        heard.events.push(text.fields);
    }

    fn enter(&self, _: &Id) {
        self.0.lock().unwrap().open += 1;
    }

    fn exit(&self, _: &Id) {
        self.0.lock().unwrap().open -= 1;
    }
}

/// A leaked key, used from outside.
fn events(tenant: &TenantId) -> Vec<Event> {
    let rights = r#"{"userName":"jane","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#;
    let calls = [
        ("sts", "GetCallerIdentity", "{}"),
        ("iam", "ListUsers", "{}"),
        ("iam", "AttachUserPolicy", rights),
        ("iam", "CreateAccessKey", r#"{"userName":"jane"}"#),
    ];
    let record = |(minute, (service, name, asked)): (usize, (&str, &str, &str))| {
        format!(
            r#"{{"eventVersion":"1.08","eventTime":"2026-03-16T03:0{minute}:00Z","eventID":"e-{minute}",
            "eventSource":"{service}.amazonaws.com","eventName":"{name}","requestParameters":{asked},
            "sourceIPAddress":"198.51.100.7","recipientAccountId":"111122223333","userIdentity":{{
            "type":"IAMUser","arn":"arn:aws:iam::111122223333:user/jane","accountId":"111122223333",
            "userName":"jane","accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}}}"#
        )
    };
    let log: String = calls.into_iter().enumerate().map(record).collect();
    let mut ingest =
        Ingest::new(Registry::default()).with_context(Context::new().with_tenant(tenant.clone()));
    ingest.read("trail.json", log.as_bytes()).collect::<Result<_, _>>().unwrap()
}

/// What is told of a story, a snapshot, a foreign event and an intake of three places that is offered ten events.
fn heard() -> (Heard, Vec<u8>) {
    let ear = Ear::default();
    let bytes = with_default(ear.clone(), || {
        let tenant = TenantId::new(TENANT).unwrap();
        let events = events(&tenant);
        let mut pipeline = Pipeline::new(tenant);
        pipeline.observe_batch(&events);
        pipeline.finish();
        let bytes = pipeline.to_bytes();
        let mut again = Pipeline::from_bytes(&bytes).unwrap();
        assert!(Pipeline::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        let other = Pipeline::new(TenantId::new("globex").unwrap());
        assert!(other.restored(&bytes).is_err());
        let settings = IntakeSettings::default().capacity(3).reserved_percent(0).when_full(WhenFull::Shed);
        let mut intake = Intake::new(settings).unwrap();
        let foreign = Event::from_json(r#"{"class_uid": 4001, "time": 1770000000000}"#).unwrap();
        for _ in 0..10 {
            let _ = intake.offer(foreign.clone()).unwrap();
        }
        intake.work(&mut again, usize::MAX);
        bytes
    });
    let heard = std::mem::take(&mut *ear.0.lock().unwrap());
    (heard, bytes)
}

#[test]
fn each_event_is_a_span_and_each_story_an_event() {
    let (heard, _) = heard();
    assert_eq!((heard.spans.len(), heard.open), (7, 0), "{:?}", heard.spans);
    for (position, span) in heard.spans.iter().take(4).enumerate() {
        assert!(
            span.starts_with("event tenant=") && span.contains(&format!(" position={position} ")),
            "{span}"
        );
        assert!(span.contains(" foreign=false") && !span.contains(" signals=0"), "{span}");
    }
    let foreign = "class_uid=4001 foreign=true signals=0 updates=0";
    assert_eq!(heard.spans.iter().filter(|span| span.ends_with(foreign)).count(), 3);
    let told = |message: &str| heard.messages.get(message).copied().unwrap_or(0);
    assert_eq!(told("incident opened"), 1, "{:?}", heard.messages);
    assert_eq!((told("snapshot written"), told("snapshot restored")), (1, 1));
    assert_eq!(told("snapshot refused"), 1, "bytes whose tenant can not be read are nobody's");
    // Seven were shed: told at the first, the second and the fourth.
    assert_eq!(told("events are shed"), 3);
}

#[test]
fn nobody_is_named() {
    let (heard, bytes) = heard();
    for name in [TENANT, "jane", "198.51.100.7", "AKIAIOSFODNN7EXAMPLE", "111122223333"] {
        assert!(bytes.windows(name.len()).any(|window| window == name.as_bytes()), "`{name}` is in play");
        for told in heard.spans.iter().chain(&heard.events) {
            assert!(!told.contains(name), "{told}");
        }
    }
}

#[test]
fn who_is_heard_says_and_knows_the_same() {
    let tenant = TenantId::new(TENANT).unwrap();
    let mut unheard = Pipeline::new(tenant.clone());
    unheard.observe_batch(&events(&tenant));
    unheard.finish();
    assert_eq!(unheard.to_bytes(), heard().1);
}
