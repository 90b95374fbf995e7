//! Lines of the Linux audit log: all lines of one event become one record.
//!
//! Source: the Linux audit documentation, "Audit event fields" and the pages of `auditd.conf` and `ausearch`. An
//! event is the lines of one node and serial. They may stand between those of other events and out of order, so an
//! event is held until its end is told (`EOE`), until it is of a kind that has one line, or until [`HELD`] others
//! have begun since. The record has a member for each type of line; lines of one type are a list. Values in
//! hexadecimal digits are decoded, what `auditd` adds after 0x1D stands beside the rest.

mod fields;

use super::{Form, Rows, Taken, write_member, write_name};
use fields::Fields;
pub(crate) use fields::from_hex;
use std::borrow::Cow;
use std::collections::VecDeque;

/// How many events are held for lines that may yet come. The kernel mixes the lines of as many events as it has
/// processors; more than this on one machine are seldom.
const HELD: usize = 64;

/// How many lines one record may have; the arguments of a command fill many. Further lines of the event are a record of
/// their own.
const LINES: usize = 4_096;

/// Events that wait for more of their lines, the oldest first.
#[derive(Default)]
pub(crate) struct AuditText {
    held: VecDeque<Held>,
}

struct Held {
    node: String,
    id: String,
    number: u64,
    // Type and fields of each line as they came, one behind the other, and where each ends.
    text: String,
    lines: Vec<(usize, usize)>,
}

impl Form for AuditText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        let Some(parsed) = Line::parse(line) else { return Taken::No };
        let at = self.held.iter().position(|held| held.id == parsed.id && held.node == parsed.node);
        let new = at.is_none();
        if parsed.kind == "EOE" {
            self.give(at, rows);
            return Taken::Record;
        }
        if new && is_alone(parsed.kind) {
            let mut json = rows.blank();
            write(parsed.id, parsed.node, core::iter::once((parsed.kind, parsed.rest)), &mut json);
            rows.push(number, json);
            return Taken::Record;
        }
        let at = at.unwrap_or_else(|| self.begin(&parsed, number));
        let at = if self.is_full(at) {
            self.give(Some(at), rows);
            self.begin(&parsed, number)
        } else {
            at
        };
        if let Some(held) = self.held.get_mut(at) {
            held.add(&parsed);
        }
        if self.held.len() > HELD {
            self.give(Some(0), rows);
        }
        Taken::Record
    }

    fn end(&mut self, rows: &mut Rows) {
        while !self.held.is_empty() {
            self.give(Some(0), rows);
        }
    }
}

impl AuditText {
    fn begin(&mut self, line: &Line<'_>, number: u64) -> usize {
        let (node, id) = (line.node.to_owned(), line.id.to_owned());
        self.held.push_back(Held { node, id, number, text: String::new(), lines: Vec::new() });
        self.held.len().saturating_sub(1)
    }

    fn is_full(&self, at: usize) -> bool {
        self.held.get(at).is_some_and(|held| held.lines.len() >= LINES)
    }

    fn give(&mut self, at: Option<usize>, rows: &mut Rows) {
        let Some(held) = at.and_then(|at| self.held.remove(at)) else { return };
        let mut json = rows.blank();
        write(&held.id, &held.node, held.lines(), &mut json);
        rows.push(held.number, json);
    }
}

impl Held {
    fn add(&mut self, line: &Line<'_>) {
        self.text.push_str(line.kind);
        let kind = self.text.len();
        self.text.push_str(line.rest);
        self.lines.push((kind, self.text.len()));
    }

    /// Type and fields of each line.
    fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        let part = |start: usize, end: usize| self.text.get(start..end).unwrap_or_default();
        self.lines.iter().scan(0, move |start, (kind, end)| {
            let line = (part(*start, *kind), part(*kind, *end));
            *start = *end;
            Some(line)
        })
    }
}

/// Types that programs send by themselves: such an event has one line.
fn is_alone(kind: &str) -> bool {
    const BEGINNINGS: [&str; 12] = [
        "USER_",
        "CRED_",
        "ADD_",
        "DEL_",
        "GRP_",
        "SERVICE_",
        "SYSTEM_",
        "DAEMON_",
        "CRYPTO_",
        "VIRT_",
        "ACCT_",
        "SOFTWARE_",
    ];
    kind != "USER_AVC" && BEGINNINGS.iter().any(|start| kind.starts_with(start))
}

/// A line taken apart.
struct Line<'a> {
    node: &'a str,
    kind: &'a str,
    id: &'a str,
    rest: &'a str,
}

impl<'a> Line<'a> {
    /// `node=N type=T msg=audit(TIME:SERIAL): FIELDS`, with or without what a shipper puts in front.
    fn parse(line: &'a str) -> Option<Self> {
        let start = line.find("type=")?;
        let before = line.get(..start)?;
        let node = before.find("node=").and_then(|at| before.get(at + 5..)).map_or("", str::trim);
        let plain = before.is_empty() || before.ends_with(' ');
        let (kind, rest) = line.get(start + 5..)?.split_once(' ')?;
        let rest = rest.strip_prefix("msg=audit(")?;
        let (id, rest) = rest.split_once(')')?;
        let sound = id.split_once(':').is_some_and(|(time, serial)| is_number(time) && is_number(serial));
        let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
        (plain && sound && !kind.is_empty()).then_some(Self { node, kind, id, rest })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Writes the lines of one event, those of a type together: a list when there are several, and always for paths.
fn write<'l>(id: &str, node: &str, lines: impl Iterator<Item = (&'l str, &'l str)>, json: &mut String) {
    json.push('{');
    write_member("ID", id, json);
    if !node.is_empty() {
        write_member("NODE", node, json);
    }
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for (kind, line) in lines {
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, lines)) => lines.push(line),
            None => kinds.push((kind, vec![line])),
        }
    }
    let mut fields = Fields::default();
    for (kind, lines) in kinds {
        write_name(kind, json);
        write_lines(kind, &lines, &mut fields, json);
    }
    json.push('}');
}

fn write_lines<'l>(kind: &str, lines: &[&'l str], fields: &mut Fields<'l>, json: &mut String) {
    match (kind, lines) {
        ("EXECVE", _) => write_arguments(lines, fields, json),
        ("PROCTITLE", [line]) => {
            fields.read(line);
            write_title(fields, json);
        }
        (kind, [line]) if kind != "PATH" => {
            fields.read(line);
            write_line(fields, json);
        }
        (_, lines) => {
            json.push('[');
            for (number, line) in lines.iter().enumerate() {
                json.push_str(if number > 0 { "," } else { "" });
                fields.read(line);
                write_line(fields, json);
            }
            json.push(']');
        }
    }
}

fn write_line(fields: &Fields<'_>, json: &mut String) {
    json.push('{');
    for (name, value) in fields.told() {
        write_member(name, value, json);
    }
    json.push('}');
}

/// `a0=… a1[0]=… a1[1]=…`: the arguments in order, their pieces joined.
fn write_arguments<'l>(lines: &[&'l str], fields: &mut Fields<'l>, json: &mut String) {
    let mut arguments: Vec<(u32, u32, Cow<'_, str>)> = Vec::new();
    let mut others = Fields::default();
    for line in lines {
        fields.read(line);
        for (name, value) in fields.drain() {
            match place_of(&name) {
                Some((argument, piece)) => {
                    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
                    let text = if is_hex { from_hex(&value) } else { None };
                    arguments.push((argument, piece, text.map_or(value, Cow::Owned)));
                }
                None => others.add(name, value),
            }
        }
    }
    json.push('{');
    for (name, value) in others.told() {
        write_member(name, value, json);
    }
    arguments.sort_by_key(|(argument, piece, _)| (*argument, *piece));
    write_name("ARGV", json);
    json.push('[');
    let mut last = None;
    let mut text = String::new();
    for (argument, _, piece) in arguments {
        if last.is_some_and(|last| last != argument) {
            write_element(&text, json);
            text.clear();
        }
        last = Some(argument);
        text.push_str(&piece);
    }
    if last.is_some() {
        write_element(&text, json);
    }
    json.push_str("]}");
}

fn write_element(text: &str, json: &mut String) {
    json.push_str(if json.ends_with('[') { "" } else { "," });
    super::write_text(text, json);
}

/// Argument and piece of `a7` or `a7[2]`.
fn place_of(name: &str) -> Option<(u32, u32)> {
    let rest = name.strip_prefix('a')?;
    match rest.split_once('[') {
        Some((argument, piece)) => Some((argument.parse().ok()?, piece.strip_suffix(']')?.parse().ok()?)),
        None => Some((rest.parse().ok()?, 0)),
    }
}

/// The title of a process: its arguments, parted by zero bytes.
fn write_title(fields: &Fields<'_>, json: &mut String) {
    json.push('{');
    for (name, value) in fields.told() {
        if name == "proctitle" {
            write_name("ARGV", json);
            json.push('[');
            for part in value.split('\0').filter(|part| !part.is_empty()) {
                write_element(part, json);
            }
            json.push(']');
        } else {
            write_member(name, value, json);
        }
    }
    json.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    fn rows_of(lines: &[&str]) -> Vec<String> {
        let (mut form, mut rows) = (AuditText::default(), Rows::default());
        for (number, line) in lines.iter().enumerate() {
            assert_ne!(form.take(line, number as u64, &mut rows), Taken::No, "{line}");
        }
        form.end(&mut rows);
        let mut told = Vec::new();
        while let Some(row) = rows.next(Row::default()) {
            told.push(row.json);
        }
        told
    }

    #[test]
    fn lines_of_one_event_are_one_record_in_any_order() {
        let told = rows_of(&[
            r#"type=SYSCALL msg=audit(1604994496.155:7): syscall=59 success=yes comm="arp" exe=2F62696E2F617270"#,
            "type=SYSCALL msg=audit(1604994496.156:8): syscall=2",
            r#"type=EXECVE msg=audit(1604994496.155:7): argc=3 a0="arp" a1[1]=7920 a2="b" a1[0]=782F"#,
            r#"type=PATH msg=audit(1604994496.155:7): item=0 name="/bin/arp""#,
            "type=PROCTITLE msg=audit(1604994496.155:7): proctitle=617270002D61",
            "type=EOE msg=audit(1604994496.155:7): ",
        ]);
        assert_eq!(
            told[0],
            r#"{"ID":"1604994496.155:7","SYSCALL":{"syscall":"59","success":"yes","comm":"arp","exe":"/bin/arp"},"EXECVE":{"argc":"3","ARGV":["arp","x/y ","b"]},"PATH":[{"item":"0","name":"/bin/arp"}],"PROCTITLE":{"ARGV":["arp","-a"]}}"#
        );
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn messages_of_programs_and_what_auditd_adds_are_read() {
        let told = rows_of(&[
            "node=n1 type=USER_AUTH msg=audit(1.5:9): user pid=2 uid=0 msg='op=PAM:auth acct=\"joe\" res=failed'\u{1D}UID=\"root\"",
            "type=LOGIN msg=audit(1.5:10): pid=3 uid=0 old auid=7 new auid=8",
        ]);
        assert_eq!(
            told[0],
            r#"{"ID":"1.5:9","NODE":"n1","USER_AUTH":{"pid":"2","uid":"0","op":"PAM:auth","acct":"joe","res":"failed","UID":"root","text":"user"}}"#
        );
        assert!(told[1].contains(r#""old-auid":"7","new-auid":"8""#), "{}", told[1]);
    }

    #[test]
    fn other_lines_are_not_taken() {
        let mut form = AuditText::default();
        for line in
            ["type=UNKNOWN[1329] msg=g", "subtype=X msg=audit(1:2): a=b", "hello", "type=A msg=audit(x): b=c"]
        {
            assert_eq!(form.take(line, 0, &mut Rows::default()), Taken::No, "{line}");
        }
    }

    #[test]
    fn no_more_events_are_held_than_named() {
        let (mut form, mut rows) = (AuditText::default(), Rows::default());
        for serial in 0..200 {
            form.take(&format!("type=SYSCALL msg=audit(1.5:{serial}): syscall=2"), serial, &mut rows);
        }
        assert_eq!(form.held.len(), HELD);
    }

    #[test]
    fn fields_of_one_name_are_numbered_in_time_that_grows_with_them() {
        let line = format!("type=SYSCALL msg=audit(1.5:1): a_3=x {}", "a=1 ".repeat(100_000));
        let told = rows_of(&[&line]);
        assert!(told[0].contains(r#""a_3":"x","a":"1","a_2":"1","a_4":"1""#), "{}", &told[0][..99]);
        assert!(told[0].ends_with(r#""a_100001":"1"}}"#));
    }

    #[test]
    fn quotes_inside_quotes_end_somewhere() {
        let line =
            format!("type=USER_CMD msg=audit(1.5:1): {}{}", "a='".repeat(100_000), "'".repeat(100_000));
        assert!(rows_of(&[&line])[0].starts_with(r#"{"ID":"1.5:1","USER_CMD":{"a":"a='a='"#));
    }

    #[test]
    fn words_beside_a_field_called_text_have_a_name_of_their_own() {
        let told = rows_of(&["type=USER_AUTH msg=audit(1.5:9): user text=b"]);
        assert_eq!(told[0], r#"{"ID":"1.5:9","USER_AUTH":{"text":"b","text_2":"user"}}"#);
    }
}
