//! How an event ended, wherever its class tells it.

use crate::class::ClassUid;
use crate::event::Event;
use crate::network::HttpResponse;
use homeostat_core::Outcome;

pub(crate) fn outcome_of(event: &Event) -> Outcome {
    let finding = event.class_uid().get() / 1_000 % 100 == 2;
    let told = if finding { None } else { event.status_id() };
    match told {
        Some(1) => Outcome::Success,
        Some(2) => Outcome::Failure,
        Some(0) | None => done_about_it(event).or_else(|| answered(event)).unwrap_or(Outcome::Unknown),
        Some(_) => Outcome::Other,
    }
}

/// What a control let through succeeded; what it stopped did not.
fn done_about_it(event: &Event) -> Option<Outcome> {
    match (event.disposition_id(), event.action_id()) {
        (Some(2..=6 | 11 | 23..=26), _) | (_, Some(2)) => Some(Outcome::Failure),
        (Some(1 | 8), _) | (_, Some(1)) => Some(Outcome::Success),
        _ => None,
    }
}

/// The code of a web server or a name server. `http_status` is what releases before 1.1 call it.
fn answered(event: &Event) -> Option<Outcome> {
    let of = |succeeded: bool| if succeeded { Outcome::Success } else { Outcome::Failure };
    if event.class_uid() == ClassUid::DNS_ACTIVITY {
        return event.rcode_id().filter(|code| *code != 99).map(|code| of(code == 0));
    }
    let code = event.http_response().and_then(HttpResponse::code).map(i64::from);
    let code = code.or_else(|| event.at("http_status")?.number())?;
    (100..600).contains(&code).then(|| of(code < 400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(event: &str, expected: Outcome) {
        assert_eq!(Event::from_json(event).unwrap().outcome(), expected, "{event}");
    }

    #[test]
    fn the_source_tells_first() {
        check(r#"{"class_uid":3002,"status_id":1,"action_id":2}"#, Outcome::Success);
        check(r#"{"class_uid":3002,"status_id":2}"#, Outcome::Failure);
        check(r#"{"class_uid":3002,"status_id":99}"#, Outcome::Other);
        check(r#"{"class_uid":3002}"#, Outcome::Unknown);
    }

    #[test]
    fn the_status_of_a_finding_is_no_outcome() {
        check(r#"{"class_uid":2004,"status_id":1}"#, Outcome::Unknown);
        check(r#"{"class_uid":2004,"status_id":2,"disposition_id":1}"#, Outcome::Success);
        check(r#"{"class_uid":2004,"status_id":1,"action_id":2}"#, Outcome::Failure);
        check(r#"{"class_uid":2004,"disposition_id":15}"#, Outcome::Unknown);
    }

    #[test]
    fn codes_tell_what_nothing_else_does() {
        check(r#"{"class_uid":4001,"action_id":1}"#, Outcome::Success);
        check(r#"{"class_uid":4002,"http_response":{"code":302}}"#, Outcome::Success);
        check(r#"{"class_uid":4002,"http_status":404}"#, Outcome::Failure);
        check(r#"{"class_uid":4002,"http_response":{"code":0}}"#, Outcome::Unknown);
        check(r#"{"class_uid":4003,"rcode_id":3}"#, Outcome::Failure);
        check(r#"{"class_uid":4003,"rcode_id":0}"#, Outcome::Success);
    }
}
