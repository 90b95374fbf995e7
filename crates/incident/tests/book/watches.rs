//! What the outside says is attacked is watched for a time, and makes no story by itself.

use crate::world::{JANE, START, key, signal};
use homeostat_core::conformance::{intel_laws, state_laws};
use homeostat_core::{
    Bits, EntityKey, EntityKind, Forget as _, IntelFeed as _, Position, Role, State as _, Timestamp,
};
use homeostat_incident::{Intel, WATCH, WatchBook, heighten};

fn host(name: &str) -> EntityKey {
    EntityKey::new(EntityKind::Hostname, "acme", name).unwrap()
}

fn exposed(name: &str, product: &str) -> Intel {
    Intel::Exposed { asset: host(name), product: product.to_owned() }
}

fn advisory(id: &str, product: &str, (bits, day): (f64, i64)) -> Intel {
    Intel::Advisory {
        id: id.to_owned(),
        product: product.to_owned(),
        bits: Bits::new(bits),
        published: at_day(day as f64),
    }
}

fn at_day(day: f64) -> Timestamp {
    let start = Timestamp::from_micros(START * 1_000_000);
    let span = std::time::Duration::from_secs_f64(day.abs() * 86_400.0);
    if day < 0.0 { start.minus(span).unwrap() } else { start.plus(span).unwrap() }
}

fn told(inputs: &[Intel]) -> (WatchBook, Vec<EntityKey>) {
    let mut book = WatchBook::default();
    let mut last = Vec::new();
    for (offset, input) in (0..).zip(inputs) {
        last = book.observe(Position::at(offset), input).unwrap().applied().unwrap();
    }
    (book, last)
}

fn log() -> Vec<Intel> {
    vec![
        exposed("shop", "Web/4.2"),
        exposed("till", "web/4.2"),
        exposed("mail", "post/1"),
        advisory("CVE-1", "web/4.2", (8.0, 0)),
        advisory("CVE-2", "WEB/4.2", (6.0, 7)),
        Intel::Closed { asset: host("till"), product: "web/4.2".to_owned() },
    ]
}

#[test]
fn the_level_rises_at_once_for_the_exposed_alone_and_is_gone_after_a_fortnight() {
    let (book, raised) = told(log().get(..4).unwrap());
    assert_eq!(raised, [host("shop"), host("till")]);
    let level = |name: &str, day: f64| book.watch(&host(name), at_day(day)).map(|watch| watch.bits.get());
    assert_eq!(level("shop", -0.1), None);
    assert_eq!(level("shop", 0.0), Some(8.0));
    assert_eq!(level("shop", 7.0), Some(4.0));
    assert!(level("shop", 13.9).unwrap() < 0.1);
    assert_eq!(level("shop", 14.0), None);
    assert_eq!(level("mail", 0.0), None);
}

#[test]
fn of_two_advisories_the_heavier_by_now_counts_and_a_closed_asset_is_left_alone() {
    let (book, _) = told(&log());
    let watch = book.watch(&host("shop"), at_day(7.0)).unwrap();
    assert_eq!((watch.bits.get(), watch.because.as_str()), (6.0, "CVE-2"));
    assert_eq!(watch.until.since(at_day(7.0)), Some(WATCH));
    assert!(book.watch(&host("till"), at_day(7.0)).is_none());
    assert_eq!(book.kept(), (2, 2, 0));
}

#[test]
fn an_asset_that_is_exposed_after_the_advisory_is_watched_too() {
    let (_, raised) = told(&[advisory("CVE-1", "web/4.2", (8.0, 0)), exposed("late", "web/4.2")]);
    assert_eq!(raised, [host("late")]);
}

#[test]
fn the_laws_of_state_and_feed_hold() {
    state_laws(&WatchBook::default(), &log()).unwrap();
    let (book, _) = told(&log());
    intel_laws(&book, &[host("shop"), host("till"), host("mail")], at_day(1.0)).unwrap();
    let mut forgetful = book.clone();
    assert!(forgetful.forget(&host("shop")) && !forgetful.forget(&host("shop")));
    assert!(forgetful.watch(&host("shop"), at_day(1.0)).is_none());
    assert!(!format!("{book:?} {:?}", log()).contains("shop"));
}

#[test]
fn a_watch_adds_at_most_what_detectors_said_and_never_makes_the_known_bad() {
    let mut book = WatchBook::default();
    let jane = Intel::Exposed { asset: key(JANE), product: "web/4.2".to_owned() };
    book.observe(Position::at(0), &jane).unwrap();
    book.observe(Position::at(1), &advisory("CVE-1", "web/4.2", (12.0, 0))).unwrap();
    let heightened = |bits: f64| {
        let mut said = signal(1, 60, "rate", &[(JANE, Role::Actor)], bits).signal;
        let more = heighten(&mut said, &book);
        (more, (said.bits.get() * 10.0).round() / 10.0, said.reasons.len())
    };
    assert_eq!(heightened(0.0), (false, 0.0, 0));
    assert_eq!(heightened(3.0), (true, 6.0, 1));
    assert_eq!(heightened(14.0), (true, 16.0, 1));
    assert_eq!(heightened(24.0), (false, 24.0, 0));
}
