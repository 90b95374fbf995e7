//! Tells an object that is only the wrapping of a list of records from an object that is a record.
//!
//! Files of CloudTrail say `{"Records":[…]}`, Graph `{"value":[…]}`, Kubernetes and Google
//! `{"kind":"…List","items":[…]}`, `CloudWatch` `{"messageType":"DATA_MESSAGE",…,"logEvents":[…]}`, the
//! command line of AWS `{"Events":[…]}`. Such a list is read element by element. O(length of what stands before it).

use crate::tape::Tape;

/// Names of members that hold a list of records.
const LISTS: [&str; 11] = [
    "Records",
    "records",
    "Events",
    "events",
    "value",
    "items",
    "logEvents",
    "entries",
    "data",
    "resources",
    "receivedMessages",
];

/// Names of members that stand before the list in its wrapping.
const BEFORE: [&str; 7] = ["kind", "messageType", "@odata.context", "nextLink", "owner", "object", "meta"];

/// How many members may stand before the list; wrappings in use have up to six.
const MEMBERS_BEFORE: usize = 8;

/// What the object at hand is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ListStart {
    /// A record, as far as can be seen.
    No,
    /// More bytes would tell.
    Unclear,
    /// The wrapping of a list: the members before it, as an object (empty when there are none), and the bytes
    /// up to the list's first element.
    Yes { before: String, length: usize },
}

/// Looks at the object that `window` starts with.
pub(crate) fn list_start(window: &[u8], tape: &mut Tape, depth: usize) -> ListStart {
    match walk(window, tape, depth) {
        Some(Ok(length_and_before)) => {
            let (length, before) = length_and_before;
            ListStart::Yes { before, length }
        }
        Some(Err(())) => ListStart::Unclear,
        None => ListStart::No,
    }
}

/// `None` when this is no list, `Some(Err)` when the window ends too early to tell.
fn walk(window: &[u8], tape: &mut Tape, depth: usize) -> Option<Result<(usize, String), ()>> {
    let mut at = 1;
    for number in 0..=MEMBERS_BEFORE {
        let Some((name, value)) = name_at(window, at) else {
            return (window.len() < 64 && number == 0).then_some(Err(()));
        };
        let Some(first) = window.get(value) else { return Some(Err(())) };
        if *first == b'[' && LISTS.contains(&name) {
            return list_of_objects(window, at, value);
        }
        let rest = window.get(value..)?;
        let promised = || name == "meta" && *first == b'{' || promises_a_list(rest);
        if number == 0 && !(BEFORE.contains(&name) && promised()) {
            return None;
        }
        let Ok(length) = tape.parse(rest, depth) else { return Some(Err(())) };
        let comma = skip_space(window, value + length);
        match window.get(comma) {
            Some(b',') => at = comma + 1,
            Some(_) => return None,
            None => return Some(Err(())),
        }
    }
    None
}

fn list_of_objects(window: &[u8], name: usize, value: usize) -> Option<Result<(usize, String), ()>> {
    match window.get(skip_space(window, value + 1)) {
        None => Some(Err(())),
        Some(b'{' | b']') => {
            let before = core::str::from_utf8(window.get(..name)?).ok()?;
            let before = before.trim_end().strip_suffix(',').map(|members| format!("{members}}}"));
            Some(Ok((value + 1, before.unwrap_or_default())))
        }
        Some(_) => None,
    }
}

/// A record may have a `kind` or an `owner` too; a wrapping says in it that it is one.
fn promises_a_list(value: &[u8]) -> bool {
    let text = value.strip_prefix(b"\"").unwrap_or_default();
    let end = text.iter().position(|byte| *byte == b'"').unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    let signs: [&[u8]; 5] = [b"List", b"activities", b"DATA_MESSAGE", b"CONTROL_MESSAGE", b"$metadata"];
    if word == b"list" {
        return true;
    }
    let is_account = word.len() == 12 && word.iter().all(u8::is_ascii_digit);
    is_account || signs.iter().any(|sign| word.windows(sign.len()).any(|part| part == *sign))
}

/// The name of the member at `at` and where its value starts.
fn name_at(window: &[u8], at: usize) -> Option<(&str, usize)> {
    let quote = skip_space(window, at);
    let text = window.get(quote..)?.strip_prefix(b"\"")?;
    let end = text.iter().take(64).position(|byte| matches!(byte, b'"' | b'\\'))?;
    let name = core::str::from_utf8(text.get(..end)?).ok()?;
    let colon = skip_space(window, quote + end + 2);
    (window.get(colon) == Some(&b':')).then(|| (name, skip_space(window, colon + 1)))
}

fn skip_space(window: &[u8], at: usize) -> usize {
    let rest = window.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappings_are_told_from_records() {
        let check = |text: &str| list_start(text.as_bytes(), &mut Tape::default(), 16);
        let yes = |length, before: &str| ListStart::Yes { before: before.to_owned(), length };
        assert_eq!(check(r#"{"Records":[{"a":1}]}"#), yes(12, ""));
        assert_eq!(check("{\n \"Records\" : [ ] }"), yes(16, ""));
        assert_eq!(
            check(r#"{"kind":"EventList","metadata":{},"items":[{}]}"#),
            yes(43, r#"{"kind":"EventList","metadata":{}}"#)
        );
        assert_eq!(check(r#"{"object":"list","data":[{}]}"#), yes(25, r#"{"object":"list"}"#));
        assert_eq!(check(r#"{"meta":{"a":1},"resources":[{}]}"#), yes(29, r#"{"meta":{"a":1}}"#));
        assert_eq!(check(r#"{"object":"organization.audit_log","data":[{}]}"#), ListStart::No);
        assert_eq!(check(r#"{"kind":"Event","items":[{}]}"#), ListStart::No);
        assert_eq!(check(r#"{"value":[1,2]}"#), ListStart::No);
        assert_eq!(check(r#"{"eventVersion":"1.08","Records":[{}]}"#), ListStart::No);
        assert_eq!(check(r#"{"Rec"#), ListStart::Unclear);
        assert_eq!(check(r#"{"Records":["#), ListStart::Unclear);
    }
}
