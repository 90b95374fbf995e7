//! Lines of VPC flow logs: fields between blanks or commas, below a line of their names or in the order of old.
//!
//! Source: docs.aws.amazon.com, "Flow log records". A line without names is read in the default order, which the
//! fields of later versions only make longer. `-` becomes null. O(line).

use super::{Form, Rows, Taken, write_member, write_name};

/// The names that a file begins with, when it does.
#[derive(Default)]
pub(crate) struct FlowText {
    names: Vec<String>,
    comma: bool,
}

/// The fields in the default order, and behind them those of versions 3 to 5 in the order of the documentation.
const ORDER: [&str; 29] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
];

/// The order of the documentation's example of a format of one's own, the one most often copied.
const EXAMPLE: [&str; 21] = [
    "version",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "interface-id",
    "account-id",
    "type",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "protocol",
    "bytes",
    "packets",
    "start",
    "end",
    "action",
    "tcp-flags",
    "log-status",
];

/// How many fields the default order has.
const DEFAULT: usize = 14;

impl Form for FlowText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if line.starts_with(['{', '[', '#']) {
            return Taken::No;
        }
        if let Some(comma) = header(line) {
            self.comma = comma;
            self.names = fields(line, comma).into_iter().map(str::to_owned).collect();
            return Taken::Part;
        }
        let row = fields(line, self.comma);
        if !self.names.is_empty() && row.len() == self.names.len() {
            write(self.names.iter().map(String::as_str), &row, number, rows);
            return Taken::Record;
        }
        let row = fields(line, false);
        if is_default(&row) {
            write(ORDER.into_iter(), &row, number, rows);
            return Taken::Record;
        }
        if is_example(&row) {
            write(EXAMPLE.into_iter(), &row, number, rows);
            return Taken::Record;
        }
        Taken::No
    }
}

fn fields(line: &str, comma: bool) -> Vec<&str> {
    let line = line.trim();
    if comma { line.split(',').map(str::trim).collect() } else { line.split_ascii_whitespace().collect() }
}

/// Whether a line names fields, and if so whether commas part them.
fn header(line: &str) -> Option<bool> {
    [false, true].into_iter().find(|comma| {
        let names = fields(line, *comma);
        let has = |name: &str| names.iter().any(|own| own.replace('_', "-").eq_ignore_ascii_case(name));
        has("srcaddr") && has("dstaddr") || (has("interface-id") && has("log-status"))
    })
}

/// Whether a line without names is one of the default order: a version, an interface, a decision, a status.
fn is_default(row: &[&str]) -> bool {
    let at = |place: usize| row.get(place).copied().unwrap_or_default();
    let version = matches!(at(0).parse::<u8>(), Ok(2..=9));
    let (action, status) = (at(DEFAULT - 2), at(DEFAULT - 1));
    version
        && at(2).starts_with("eni-")
        && matches!(action, "ACCEPT" | "REJECT" | "-")
        && matches!(status, "OK" | "NODATA" | "SKIPDATA" | "-")
}

fn is_example(row: &[&str]) -> bool {
    let starts = |place: usize, begin: &str| row.get(place).is_some_and(|field| field.starts_with(begin));
    row.len() == EXAMPLE.len()
        && starts(1, "vpc-")
        && starts(4, "eni-")
        && (starts(6, "IPv") || starts(6, "-"))
}

fn write<'n>(names: impl Iterator<Item = &'n str>, row: &[&str], number: u64, rows: &mut Rows) {
    let mut json = rows.blank();
    json.push('{');
    let mut names = names;
    for (place, text) in row.iter().enumerate() {
        match names.next() {
            Some(name) if *text == "-" => {
                write_name(name, &mut json);
                json.push_str("null");
            }
            Some(name) => write_member(name, text, &mut json),
            None => write_member(&format!("field-{}", place + 1), text, &mut json),
        }
    }
    json.push('}');
    rows.push(number, json);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    #[track_caller]
    fn check(lines: &[&str], expected: &[&str]) {
        let (mut form, mut rows) = (FlowText::default(), Rows::default());
        let mut found = Vec::new();
        for line in lines {
            form.take(line, 0, &mut rows);
            while let Some(row) = rows.next(Row::default()) {
                found.push(row.json);
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_below_names_bear_them() {
        let expected = [r#"{"srcaddr":"192.0.2.7","dstaddr":"198.51.100.9","bytes":null}"#];
        check(&["srcaddr dstaddr bytes", "192.0.2.7 198.51.100.9 -"], &expected);
        check(&["srcaddr,dstaddr,bytes", "192.0.2.7,198.51.100.9,-"], &expected);
    }

    #[test]
    fn lines_without_names_are_told_by_their_fields() {
        let line =
            "2 123456789012 eni-0a 192.0.2.7 198.51.100.9 4711 22 6 1 60 1773649800 1773649860 ACCEPT OK";
        let (mut form, mut rows) = (FlowText::default(), Rows::default());
        assert_eq!(form.take(line, 0, &mut rows), Taken::Record);
        assert_eq!(form.take("2 times a day the job runs", 1, &mut rows), Taken::No);
    }
}
