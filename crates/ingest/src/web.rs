//! A web exchange as sources log it: its method, the URL in its parts, and how it ended.

use crate::record::Field;
use homeostat_core::Outcome;
use homeostat_event::Url;
use std::borrow::Cow;

/// Methods in the order of OCSF's numbers.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"];

/// Takes a method that OCSF knows; any other is told as the activity's name alone.
pub(crate) fn method_of(field: Option<Field<'_>>) -> Option<Cow<'_, str>> {
    let field = field?;
    field.look().filter(|method| METHODS.contains(&&**method))?;
    field.take()
}

/// OCSF's number of a method; 99 for one that it does not number.
pub(crate) fn activity_of(method: &str) -> u32 {
    let number = METHODS.iter().position(|known| **known == *method);
    number.and_then(|number| u32::try_from(number + 1).ok()).unwrap_or(99)
}

/// Codes from 400 on are failures.
pub(crate) fn outcome_of(code: Option<i32>) -> Outcome {
    match code {
        Some(100..=399) => Outcome::Success,
        Some(400..) => Outcome::Failure,
        _ => Outcome::Unknown,
    }
}

/// The URL of a request: `host` may have a port, `target` may be a path or a whole URL.
pub(crate) fn url(host: Option<Field<'_>>, target: Option<Field<'_>>) -> Option<Url> {
    let mut url = None;
    if let Some((field, text)) = target.and_then(|target| Some((target, target.look()?))) {
        url = Some(of_target(field, &text));
    }
    if let Some((field, text)) = host.and_then(|host| Some((host, host.look()?))) {
        tell_host(field, &text, &mut url);
    }
    url
}

fn of_target(field: Field<'_>, text: &str) -> Url {
    if let Some((_, rest)) = text.split_once("://") {
        field.take();
        let mut url = Url::new(text);
        let path = rest.find('/').and_then(|start| rest.get(start..)?.split(['?', '#']).next());
        url.set_path(path);
        return url;
    }
    match text.split_once('?') {
        Some((path, query)) if !path.is_empty() && !query.is_empty() => {
            field.copy();
            let mut url = Url::at_path(path);
            url.set_query_string(query);
            url
        }
        _ => {
            field.take();
            Url::at_path(text)
        }
    }
}

/// A URL needs more than a host: alone the host stands for the whole.
fn tell_host(field: Field<'_>, text: &str, url: &mut Option<Url>) {
    let port = text.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse::<u16>().ok()?)));
    let split = port.filter(|(name, _)| !name.contains(':') || name.ends_with(']'));
    if let Some((name, port)) = split {
        field.copy();
        url.get_or_insert_with(|| Url::new(text)).set_hostname(name).set_port(port);
    } else {
        field.take();
        url.get_or_insert_with(|| Url::new(text)).set_hostname(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use crate::tape::Tape;

    #[track_caller]
    fn check(host: &str, target: &str, expected: [Option<&str>; 4], port: Option<i32>) {
        let text = format!(r#"{{"h":"{host}","t":"{target}"}}"#);
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 8).unwrap();
        let record = Record::new(&text, &tape);
        let url = url(record.field("h"), record.field("t")).unwrap();
        let told = [url.hostname(), url.path(), url.query_string(), url.url_string()];
        assert_eq!((told, url.port()), (expected, port), "{text}");
    }

    #[test]
    fn urls_are_told_in_parts() {
        let host = Some("a.example");
        check("a.example", "/x", [host, Some("/x"), None, None], None);
        check("a.example:8080", "/x?q=1", [host, Some("/x"), Some("q=1"), None], Some(8080));
        check(
            "a.example",
            "http://a.example/x?y",
            [host, Some("/x"), None, Some("http://a.example/x?y")],
            None,
        );
        check("[2001:db8::1]:80", "/", [Some("[2001:db8::1]"), Some("/"), None, None], Some(80));
        check("2001:db8::1", "*", [Some("2001:db8::1"), Some("*"), None, None], None);
        check("a.example", "", [host, None, None, host], None);
    }

    #[test]
    fn methods_and_codes_have_their_meaning() {
        assert_eq!((activity_of("GET"), activity_of("POST"), activity_of("PROPFIND")), (3, 6, 99));
        assert_eq!(
            [None, Some(0), Some(204), Some(404)].map(outcome_of),
            [Outcome::Unknown, Outcome::Unknown, Outcome::Success, Outcome::Failure]
        );
    }
}
