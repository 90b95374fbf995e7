//! Lines of the Linux audit log: all lines of one event become one record.
//!
//! Source: the Linux audit documentation, "Audit event fields" and the pages of `auditd.conf` and `ausearch`. An
//! event is the lines of one node and serial. They may stand between those of other events and out of order, so an
//! event is held until its end is told (`EOE`), until it is of a kind that has one line, or until [`HELD`] others
//! have begun since. The record has a member for each type of line; lines of one type are a list. Values in
//! hexadecimal digits are decoded, what `auditd` adds after 0x1D stands beside the rest.

use super::{Form, Rows, Taken, write_member, write_name};
use std::collections::VecDeque;

/// How many events are held for lines that may yet come. The kernel mixes the lines of as many events as it has
/// processors; more than this on one machine are seldom.
const HELD: usize = 64;

/// How many lines one event may have; the arguments of a command fill many.
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
    lines: Vec<(String, Vec<(String, String)>)>,
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
        let at = at.unwrap_or_else(|| self.begin(&parsed, number));
        if let Some(held) = self.held.get_mut(at)
            && held.lines.len() < LINES
        {
            held.lines.push((parsed.kind.to_owned(), parsed.fields()));
        }
        if is_alone(parsed.kind) && new {
            self.give(Some(at), rows);
        } else if self.held.len() > HELD {
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
        self.held.push_back(Held { node, id, number, lines: Vec::new() });
        self.held.len().saturating_sub(1)
    }

    fn give(&mut self, at: Option<usize>, rows: &mut Rows) {
        let Some(held) = at.and_then(|at| self.held.remove(at)) else { return };
        let mut json = rows.blank();
        held.write(&mut json);
        rows.push(held.number, json);
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

    /// Names and values, in order; what has no name stands under `text`.
    fn fields(&self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        let (own, added) = self.rest.split_once('\u{1D}').unwrap_or((self.rest, ""));
        let mut words = String::new();
        read_fields(own, &mut fields, &mut words);
        read_fields(added, &mut fields, &mut words);
        if !words.is_empty() {
            fields.push(("text".to_owned(), words));
        }
        fields
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn read_fields(text: &str, fields: &mut Vec<(String, String)>, words: &mut String) {
    let mut rest = text.trim_start_matches([' ', ',']);
    let mut before = "";
    while !rest.is_empty() {
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix('=') else {
            before = name.trim_end_matches(',');
            if !matches!(before, "old" | "new") {
                words.push_str(if words.is_empty() { "" } else { " " });
                words.push_str(before);
            }
            rest = after.trim_start();
            continue;
        };
        let (value, left) = value_of(after);
        let (text, bare) = match value {
            Value::Nested(inner) => {
                read_fields(inner, fields, words);
                before = "";
                rest = left.trim_start_matches([' ', ',']);
                continue;
            }
            Value::Text(text) => (text, false),
            Value::Bare(text) => (text, true),
        };
        let aged = matches!(before, "old" | "new");
        let name = if aged { format!("{before}-{name}") } else { name.to_owned() };
        let text = if bare { decoded(&name, text) } else { text.to_owned() };
        add(&name, &text, fields);
        before = "";
        rest = left.trim_start_matches([' ', ',']);
    }
}

enum Value<'a> {
    /// In double quotes.
    Text(&'a str),
    Bare(&'a str),
    /// In single quotes, or in braces: fields of their own.
    Nested(&'a str),
}

fn value_of(text: &str) -> (Value<'_>, &str) {
    if let Some(rest) = text.strip_prefix('"') {
        let (value, left) = rest.split_once('"').unwrap_or((rest, ""));
        return (Value::Text(value), left);
    }
    if let Some(rest) = text.strip_prefix('\'') {
        let (inner, left) = rest.rsplit_once('\'').unwrap_or((rest, ""));
        return (Value::Nested(inner), left);
    }
    if let Some((inner, left)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return (Value::Nested(inner), left);
    }
    let end = text.find(' ').unwrap_or(text.len());
    let (value, left) = text.split_at(end);
    (Value::Bare(value), left)
}

/// Adds a field; one of a name that was there goes under the name and a number.
fn add(name: &str, value: &str, fields: &mut Vec<(String, String)>) {
    let taken = |name: &str| fields.iter().any(|(known, _)| known == name);
    let mut free = name.to_owned();
    let mut number = 2;
    while taken(&free) {
        free = format!("{name}_{number}");
        number += 1;
    }
    fields.push((free, value.to_owned()));
}

/// Fields that hold what a user chose, and so may be in hexadecimal digits.
fn decoded(name: &str, value: &str) -> String {
    const CHOSEN: [&str; 19] = [
        "acct",
        "cmd",
        "comm",
        "cwd",
        "data",
        "dir",
        "exe",
        "file",
        "grp",
        "key",
        "name",
        "new",
        "ocomm",
        "old",
        "path",
        "proctitle",
        "sw",
        "unit",
        "watch",
    ];
    let argument = || name.strip_prefix('a').is_some_and(|rest| rest.ends_with(']'));
    let text = if CHOSEN.contains(&name) || argument() { from_hex(value) } else { None };
    text.unwrap_or_else(|| value.to_owned())
}

/// The text of pairs of hexadecimal digits; `None` when it is none.
pub(crate) fn from_hex(digits: &str) -> Option<String> {
    let sound = digits.len() >= 4
        && digits.len().is_multiple_of(2)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !sound {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(pair).collect();
    Some(String::from_utf8_lossy(&bytes?).into_owned())
}

impl Held {
    fn write(&self, json: &mut String) {
        json.push('{');
        write_member("ID", &self.id, json);
        if !self.node.is_empty() {
            write_member("NODE", &self.node, json);
        }
        let mut done: Vec<&str> = Vec::new();
        for (kind, _) in &self.lines {
            if !done.contains(&kind.as_str()) {
                done.push(kind);
                self.write_kind(kind, json);
            }
        }
        json.push('}');
    }

    /// All lines of a type: a list when there are several, and always for paths.
    fn write_kind(&self, kind: &str, json: &mut String) {
        let lines: Vec<_> =
            self.lines.iter().filter(|(known, _)| known == kind).map(|(_, line)| line).collect();
        write_name(kind, json);
        match (kind, lines.as_slice()) {
            ("EXECVE", _) => write_arguments(lines.iter().flat_map(|line| line.iter()), json),
            ("PROCTITLE", [line]) => write_title(line, json),
            (kind, [line]) if kind != "PATH" => write_line(line, json),
            (_, lines) => {
                json.push('[');
                for (number, line) in lines.iter().enumerate() {
                    json.push_str(if number > 0 { "," } else { "" });
                    write_line(line, json);
                }
                json.push(']');
            }
        }
    }
}

fn write_line(line: &[(String, String)], json: &mut String) {
    json.push('{');
    for (name, value) in line {
        write_member(name, value, json);
    }
    json.push('}');
}

/// `a0=… a1[0]=… a1[1]=…`: the arguments in order, their pieces joined.
fn write_arguments<'l>(fields: impl Iterator<Item = &'l (String, String)>, json: &mut String) {
    let mut arguments: Vec<(u32, u32, String)> = Vec::new();
    json.push('{');
    let mut others: Vec<(String, String)> = Vec::new();
    for (name, value) in fields {
        match place_of(name) {
            Some((argument, piece)) => {
                let text =
                    if value.bytes().all(|byte| byte.is_ascii_hexdigit()) { from_hex(value) } else { None };
                arguments.push((argument, piece, text.unwrap_or_else(|| value.clone())));
            }
            None => add(name, value, &mut others),
        }
    }
    for (name, value) in others {
        write_member(&name, &value, json);
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
fn write_title(line: &[(String, String)], json: &mut String) {
    json.push('{');
    for (name, value) in line {
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
}
