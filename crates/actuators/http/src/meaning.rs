//! What the outcome of a call means for an action.
//!
//! Statuses are those of RFC 9110, section 15, and RFC 6585, section 4 (429).

use crate::{Answer, Call, HttpSend, SendError};
use homeostat_response::ActError;
use std::time::Duration;

/// Sends a call that changes something; an answer is one of 2xx, 404 or 410.
///
/// # Errors
///
/// As the table of this crate says, naming the step `at`. [`ActError::Unknown`] when it may have been done.
pub async fn ask(http: &dyn HttpSend, call: &Call, at: &'static str) -> Result<Answer, ActError> {
    match http.send(call).await {
        Ok(answer) => meant(answer, at),
        Err(SendError::Unsent) => Err(ActError::transient(at)),
        Err(SendError::Unanswered) => Err(ActError::unknown(at)),
    }
}

/// Sends a call that only looks; an answer is one of 2xx, 404 or 410.
///
/// # Errors
///
/// As for [`ask`], but never [`ActError::Unknown`]: looking again does no harm.
pub async fn look(http: &dyn HttpSend, call: &Call, at: &'static str) -> Result<Answer, ActError> {
    ask(http, call, at).await.map_err(|error| match error {
        ActError::Unknown { at } => ActError::transient(at),
        other => other,
    })
}

fn meant(answer: Answer, at: &'static str) -> Result<Answer, ActError> {
    match answer.status {
        200..=299 | 404 | 410 => Ok(answer),
        409 | 412 => Err(ActError::conflict(at)),
        408 | 425 | 429 | 503 => Err(ActError::Transient { at, retry_after: retry_after(&answer) }),
        500..=599 => Err(ActError::unknown(at)),
        _ => Err(ActError::permanent(at)),
    }
}

/// The wait in whole seconds that `Retry-After` asks for. Its other form, a date, would need a clock.
fn retry_after(answer: &Answer) -> Option<Duration> {
    answer.get("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_response::BoxFuture;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    struct Canned(Result<Answer, SendError>);

    impl HttpSend for Canned {
        fn send<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>> {
            Box::pin(async { self.0.clone() })
        }
    }

    fn outcome(result: Result<Answer, SendError>) -> Result<u16, ActError> {
        let (http, call) = (Canned(result), Call::new("POST", "http://a.example"));
        let mut future = pin!(ask(&http, &call, "step"));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer.map(|answer| answer.status),
            Poll::Pending => Ok(0),
        }
    }

    #[test]
    fn each_outcome_has_one_meaning() {
        let status = |status| outcome(Ok(Answer::new(status, Vec::new())));
        assert_eq!((status(204), status(404)), (Ok(204), Ok(404)));
        for (given, meant) in [
            (409, ActError::conflict("step")),
            (412, ActError::conflict("step")),
            (401, ActError::permanent("step")),
            (302, ActError::permanent("step")),
            (503, ActError::transient("step")),
            (500, ActError::unknown("step")),
        ] {
            assert_eq!(status(given), Err(meant), "{given}");
        }
        assert_eq!(outcome(Err(SendError::Unsent)), Err(ActError::transient("step")));
        assert_eq!(outcome(Err(SendError::Unanswered)), Err(ActError::unknown("step")));
        let wait = outcome(Ok(Answer::new(429, Vec::new()).header("Retry-After", "7")));
        let retry_after = Some(Duration::from_secs(7));
        assert_eq!(wait, Err(ActError::Transient { at: "step", retry_after }));
    }
}
