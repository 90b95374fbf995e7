//! A plain line, with or without what syslog puts in front of it.
//!
//! The line becomes `{"message":…}`; a prefix of syslog stands beside it as `{"syslog":{…}}`, so that what is
//! inside the message is found as in any envelope. Sources: RFC 5424 section 6, RFC 3164 section 4, and what
//! daemons write to files: the same without the priority, with either form of time. O(line).

use super::{Form, Rows, Taken, write_member, write_name, write_text};
use core::fmt::Write as _;

/// Takes every line that is text.
pub(crate) struct Line;

impl Form for Line {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if !is_text(line) {
            return Taken::No;
        }
        if !write_prefixed(line, number, rows) {
            let mut json = rows.blank();
            json.push('{');
            write_member("message", line, &mut json);
            json.push('}');
            rows.push(number, json);
        }
        Taken::Record
    }
}

/// Whether a line can be what a program wrote for people to read. Half a line of JSON is not, nor are bytes of a
/// packed or binary file.
fn is_text(line: &str) -> bool {
    let low = |byte: u8| byte.is_ascii_control() && !matches!(byte, b'\t' | 0x1B | 0x1D);
    let high = |sign: char| sign.is_control() && !sign.is_ascii();
    !line.starts_with(['"', '}', ']', ','])
        && !line.bytes().any(low)
        && (line.is_ascii() || !line.chars().any(high))
}

/// Makes a line with a prefix of syslog a row; gives whether it has one.
pub(crate) fn write_prefixed(line: &str, number: u64, rows: &mut Rows) -> bool {
    let Some((prefix, message)) = prefix_of(line) else { return false };
    let mut json = rows.blank();
    json.push('{');
    write_name("syslog", &mut json);
    prefix.write(&mut json);
    write_member("message", message, &mut json);
    json.push('}');
    rows.push(number, json);
    true
}

/// What syslog tells in front of a message.
#[derive(Debug, Default, PartialEq, Eq)]
struct Prefix<'a> {
    priority: Option<u8>,
    timestamp: &'a str,
    host: &'a str,
    app: &'a str,
    pid: &'a str,
    id: &'a str,
    data: &'a str,
}

impl Prefix<'_> {
    fn write(&self, json: &mut String) {
        json.push('{');
        if let Some(priority) = self.priority {
            write_name("priority", json);
            // Writing to a String cannot fail.
            let _ = write!(json, "{priority}");
        }
        let members = [
            ("timestamp", self.timestamp),
            ("host", self.host),
            ("app", self.app),
            ("pid", self.pid),
            ("msgid", self.id),
            ("structured_data", self.data),
        ];
        for (name, text) in members.into_iter().filter(|(_, text)| !matches!(*text, "" | "-")) {
            write_name(name, json);
            write_text(text, json);
        }
        json.push('}');
    }
}

fn prefix_of(line: &str) -> Option<(Prefix<'_>, &str)> {
    let (priority, rest) = match priority_of(line) {
        Some((priority, rest)) => (Some(priority), rest),
        None => (None, line),
    };
    let (prefix, message) = match rest.strip_prefix("1 ").filter(|_| priority.is_some()) {
        Some(rest) => new_form(rest)?,
        None => old_form(rest)?,
    };
    Some((Prefix { priority, ..prefix }, message))
}

/// `<134>`: facility · 8 + severity, at most 191.
fn priority_of(line: &str) -> Option<(u8, &str)> {
    let (digits, rest) = line.strip_prefix('<')?.split_once('>')?;
    let short = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((digits.parse().ok().filter(|priority| short && *priority <= 191)?, rest))
}

/// RFC 5424: time, host, program, process id, message id, structured data, message.
fn new_form(rest: &str) -> Option<(Prefix<'_>, &str)> {
    let (timestamp, rest) = rest.split_once(' ')?;
    let (host, rest) = rest.split_once(' ')?;
    let (app, rest) = rest.split_once(' ')?;
    let (pid, rest) = rest.split_once(' ')?;
    let (id, rest) = rest.split_once(' ')?;
    let (data, message) = structured_data(rest)?;
    let message = message.trim_start_matches('\u{FEFF}');
    Some((Prefix { timestamp, host, app, pid, id, data, ..Prefix::default() }, message))
}

/// `-`, or elements in brackets one after the other; inside texts in quotes a bracket ends nothing.
fn structured_data(rest: &str) -> Option<(&str, &str)> {
    if let Some(rest) = rest.strip_prefix('-') {
        return Some(("-", rest.strip_prefix(' ').unwrap_or(rest)));
    }
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_u32);
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth = depth.saturating_add(1),
            b']' if !quoted => depth = depth.saturating_sub(1),
            b' ' if !quoted && depth == 0 => return Some((rest.get(..at)?, rest.get(at + 1..)?)),
            _ if at == 0 => return None,
            _ => {}
        }
    }
    (depth == 0).then_some((rest, ""))
}

/// RFC 3164 and its kin: time, host, `program[pid]:`, message.
fn old_form(rest: &str) -> Option<(Prefix<'_>, &str)> {
    let (timestamp, rest) = time_of(rest)?;
    let (host, rest) = rest.trim_start_matches(' ').split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    // A program's name ends with a colon; without one the whole rest is the message.
    let (tag, message) = match rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, ""))) {
        Some((tag, message)) if is_tag(tag) => (tag, message),
        _ => ("", rest),
    };
    let (app, pid) = match tag.strip_suffix(']').and_then(|tag| tag.split_once('[')) {
        Some((app, pid)) => (app, pid),
        None => (tag, ""),
    };
    Some((Prefix { timestamp, host, app, pid, ..Prefix::default() }, message))
}

fn is_tag(tag: &str) -> bool {
    (1..=64).contains(&tag.len()) && !tag.contains([' ', '"', '{', '=', ','])
}

/// `Mar  6 08:30:00`, or a time as RFC 3339 writes it.
fn time_of(rest: &str) -> Option<(&str, &str)> {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let word = rest.get(..3)?;
    if MONTHS.split(' ').any(|month| month == word) {
        let is_clock = |clock: &str| clock.len() == 8 && clock.split(':').count() == 3;
        return rest
            .get(7..15)
            .filter(|clock| is_clock(clock))
            .and_then(|_| Some((rest.get(..15)?, rest.get(15..)?)));
    }
    let (time, rest) = rest.split_once(' ')?;
    let dated = time.contains('T') && time.starts_with(|sign: char| sign.is_ascii_digit());
    (dated && crate::moment::read(time).is_some()).then_some((time, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let mut rows = Rows::default();
        assert_eq!(Line.take(line, 7, &mut rows), Taken::Record);
        let row = rows.next(Row::default()).unwrap();
        assert_eq!((row.number, row.json.as_str()), (7, expected), "{line}");
    }

    #[test]
    fn both_forms_of_syslog_are_read() {
        check(
            "<165>1 2026-03-16T08:30:00.003Z gate.acme.example evntslog 77 ID47 [x@1 a=\"]\\\" \" b=\"2\"][y@1] hello",
            r#"{"syslog":{"priority":165,"timestamp":"2026-03-16T08:30:00.003Z","host":"gate.acme.example","app":"evntslog","pid":"77","msgid":"ID47","structured_data":"[x@1 a=\"]\\\" \" b=\"2\"][y@1]"},"message":"hello"}"#,
        );
        check(
            "<34>1 2026-03-16T08:30:00Z gate app - - - {\"a\":1}",
            r#"{"syslog":{"priority":34,"timestamp":"2026-03-16T08:30:00Z","host":"gate","app":"app"},"message":"{\"a\":1}"}"#,
        );
        check(
            "<38>Mar  6 08:30:00 gate sshd[812]: Accepted publickey for jane",
            r#"{"syslog":{"priority":38,"timestamp":"Mar  6 08:30:00","host":"gate","app":"sshd","pid":"812"},"message":"Accepted publickey for jane"}"#,
        );
        check(
            "2026-03-16T08:30:00+01:00 gate sudo:   jane : TTY=pts/0",
            r#"{"syslog":{"timestamp":"2026-03-16T08:30:00+01:00","host":"gate","app":"sudo"},"message":"  jane : TTY=pts/0"}"#,
        );
    }

    #[test]
    fn other_lines_stay_whole() {
        check("hello, world", r#"{"message":"hello, world"}"#);
        check("<999>Mar  6 08:30:00 gate x: y", r#"{"message":"<999>Mar  6 08:30:00 gate x: y"}"#);
        check("Mar 6", r#"{"message":"Mar 6"}"#);
        check("<1>", r#"{"message":"<1>"}"#);
    }

    #[test]
    fn what_is_no_text_is_no_line() {
        for line in ["}", "\"half\": 1}", "\u{0}\u{1}PK", "],"] {
            assert_eq!(Line.take(line, 0, &mut Rows::default()), Taken::No, "{line:?}");
        }
    }
}
