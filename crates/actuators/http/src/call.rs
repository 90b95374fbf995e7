//! A request and an answer as plain values, and the one method a client has.

use core::fmt;
use homeostat_response::BoxFuture;
use std::fmt::Write as _;

/// Sends one HTTP request: implement it for the client your product has already.
///
/// An implementation MUST NOT retry by itself and MUST NOT follow redirects of anything but `GET`: a call that is
/// sent twice may take effect twice. It SHOULD give up after some seconds with [`SendError::Unanswered`].
pub trait HttpSend: Send + Sync {
    /// Sends `call` and waits for the whole answer. Any status is an answer, not an error.
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>>;
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Nothing was sent: the name is not known, or the connection was refused.
    Unsent,
    /// It was sent, as a whole or in part, and no whole answer came. It may have been done.
    Unanswered,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsent => "the call could not be sent",
            Self::Unanswered => "the call was sent and not answered",
        })
    }
}

impl std::error::Error for SendError {}

/// One HTTP request. `Debug` shows method and length, never address, headers or body.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The method in upper case.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Name and value of each header, besides those of the transport.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Call {
    /// A call without headers and body.
    pub fn new(method: &str, url: &str) -> Self {
        Self { method: method.to_owned(), url: url.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// The same with one header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with an `Authorization: Bearer` header, unless `token` is empty.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        if token.is_empty() { self } else { self.header("Authorization", &format!("Bearer {token}")) }
    }

    /// The same with that body of that media type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", media_type)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} with {} bytes)", self.method, self.body.len())
    }
}

/// What came back. `Debug` shows status and length, never headers or body.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, `100..=599`.
    pub status: u16,
    /// Name, in lower case, and value of each header.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer without headers.
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// The same with one header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The first header of that name, given in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether what was asked for is there: `None` for 404 and 410.
    pub fn found(self) -> Option<Self> {
        if matches!(self.status, 404 | 410) { None } else { Some(self) }
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} with {} bytes)", self.status, self.body.len())
    }
}

/// Percent-encodes all but the unreserved bytes of RFC 3986, section 2.3: fit for a segment of a path and for a query.
///
/// ```
/// assert_eq!(homeostat_actuator_http::percent("a b/ü~"), "a%20b%2F%C3%BC~");
/// ```
pub fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let call =
            Call::new("POST", "https://a.example/secret").bearer("secret").body("text/plain", "secret");
        let answer = Answer::new(200, b"secret".to_vec()).header("Set-Cookie", "secret");
        assert!(!format!("{call:?} {answer:?}").contains("secret"));
        assert_eq!(answer.get("set-cookie"), Some("secret"));
        assert_eq!(Call::new("GET", "x").bearer("").headers.len(), 0);
    }
}
