//! A client for those who have none: blocking, on the thread that polls it.

use crate::{Answer, Call, HttpSend, SendError};
use core::fmt;
use homeostat_response::BoxFuture;
use std::io::ErrorKind;
use std::time::Duration;
use ureq::http::Request;
use ureq::{Agent, Error, Timeout};

/// Longest answer that is read, in bytes: no management API answers with more about one object.
const LONGEST: u64 = 8 << 20;

/// A blocking client by `ureq`: each call holds the thread that polls it until it is answered.
///
/// It never retries and never follows a redirect. Inside an async runtime, poll it where blocking is allowed.
#[derive(Clone)]
pub struct Client(Agent);

impl Client {
    /// A client that gives a call up after `patience`, of which connecting may take a half.
    pub fn new(patience: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(patience))
            .timeout_connect(Some(patience / 2))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build();
        Self(config.into())
    }

    fn run(&self, call: &Call) -> Result<Answer, SendError> {
        let mut request = Request::builder().method(call.method.as_str()).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request.body(call.body.as_slice()).map_err(|_| SendError::Unsent)?;
        let answer = self.0.run(request).map_err(|error| unsent_or_unanswered(&error))?;
        let (head, body) = answer.into_parts();
        let read = body.into_with_config().limit(LONGEST).read_to_vec();
        let mut told = Answer::new(head.status.as_u16(), read.map_err(|_| SendError::Unanswered)?);
        for (name, value) in &head.headers {
            told = told.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        Ok(told)
    }
}

impl Default for Client {
    /// A client that gives a call up after ten seconds.
    fn default() -> Self {
        Self::new(Duration::from_secs(10))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl HttpSend for Client {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>> {
        Box::pin(async move { self.run(call) })
    }
}

/// Only what surely failed before the first byte went out is unsent.
fn unsent_or_unanswered(error: &Error) -> SendError {
    let unsent = match error {
        Error::Io(cause) => cause.kind() == ErrorKind::ConnectionRefused,
        Error::Timeout(when) => matches!(when, Timeout::Resolve | Timeout::Connect),
        Error::Http(_) | Error::BadUri(_) | Error::HostNotFound | Error::ConnectionFailed => true,
        _ => false,
    };
    if unsent { SendError::Unsent } else { SendError::Unanswered }
}
