//! Signature Version 4 of AWS: who asks, proven by a hash over the request.
//!
//! Source: "Create a signed AWS API request" in the IAM User Guide. The test is that page's worked example.

use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use homeostat_actuator_http::Call;
use homeostat_core::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Who asks. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Credentials {
    key: String,
    secret: String,
    session: Option<String>,
}

impl Credentials {
    /// An access key id and its secret.
    pub fn new(key: &str, secret: &str) -> Self {
        Self { key: key.to_owned(), secret: secret.to_owned(), session: None }
    }

    /// The same of a session, with its token.
    #[must_use]
    pub fn session(mut self, token: &str) -> Self {
        self.session = Some(token.to_owned());
        self
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// For what a signature is good: one service, in one region, on one day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    pub(crate) now: Timestamp,
}

/// Signs `call`, whose URL holds no fragment; all its headers are signed. `None` when its URL has no host.
pub(crate) fn sign(call: Call, credentials: &Credentials, scope: Scope<'_>) -> Option<Call> {
    let moment = compact(scope.now);
    let day = moment.get(..8)?;
    let mut call = call.header("X-Amz-Date", &moment);
    if let Some(token) = &credentials.session {
        call = call.header("X-Amz-Security-Token", token);
    }
    let (names, request) = canonical(&call)?;
    let place = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{place}\n{}", hex(&Sha256::digest(request)));
    let key = [day, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", credentials.secret).into_bytes(), |key, part| keyed(&key, part.as_bytes()));
    let signature = hex(&keyed(&key, to_sign.as_bytes()));
    let key = &credentials.key;
    let proof =
        format!("AWS4-HMAC-SHA256 Credential={key}/{place}, SignedHeaders={names}, Signature={signature}");
    Some(call.header("Authorization", &proof))
}

/// The names of the signed headers, and the request in the one form that both sides hash.
fn canonical(call: &Call) -> Option<(String, String)> {
    let (_, rest) = call.url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers: Vec<(String, &str)> =
        call.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    headers.push(("host".to_owned(), host));
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let lines = lines.concat();
    let mut query: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
    query.sort_unstable();
    let path = if path.is_empty() { "/" } else { path };
    let body = hex(&Sha256::digest(&call.body));
    Some((names.clone(), format!("{}\n{path}\n{}\n{lines}\n{names}\n{body}", call.method, query.join("&"))))
}

fn keyed(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of HMAC may have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// `20150830T123600Z`.
fn compact(moment: Timestamp) -> String {
    let text = moment.to_string();
    let whole = text.split(['.', 'Z']).next().unwrap_or_default();
    whole.chars().filter(|sign| !matches!(sign, '-' | ':')).chain(['Z']).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_the_user_guide() {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let call = Call::new("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
            .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let signed = sign(call, &credentials, Scope { region: "us-east-1", service: "iam", now }).unwrap();
        let (_, proof) = signed.headers.last().unwrap();
        assert!(proof.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request"));
        assert!(
            proof.ends_with("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
            "{proof}"
        );
    }
}
