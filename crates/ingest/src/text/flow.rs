//! Reads the text of VPC flow logs: a header that names the columns, or rows in one of AWS's documented orders.
//!
//! Cells are parted by spaces, commas or tabs. A row becomes `{"account_id":…,"srcaddr":…}`, the names as the
//! Parquet form of the logs has them; `-` stays, for it says that nothing was there. O(row).
//! Source: Amazon VPC User Guide, "Flow log records".

use super::table::{Columns, FlatRow};
use super::{Form, Rows, Taken, write_member};
use crate::error::Reason;

/// The fields in the order in which the guide lists them; a format of version n holds a front part of them.
const GUIDE: [&str; 40] = [
    "version",
    "account_id",
    "interface_id",
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
    "log_status",
    "vpc_id",
    "subnet_id",
    "instance_id",
    "tcp_flags",
    "type",
    "pkt_srcaddr",
    "pkt_dstaddr",
    "region",
    "az_id",
    "sublocation_type",
    "sublocation_id",
    "pkt_src_aws_service",
    "pkt_dst_aws_service",
    "flow_direction",
    "traffic_path",
    "ecs_cluster_arn",
    "ecs_cluster_name",
    "ecs_container_instance_arn",
    "ecs_container_instance_id",
    "ecs_container_id",
    "ecs_second_container_id",
    "ecs_service_name",
    "ecs_task_definition_arn",
    "ecs_task_arn",
    "ecs_task_id",
    "reject_reason",
];

/// The order of the guide's examples of version 3, which many formats copy.
const EXAMPLE: [&str; 21] = [
    "version",
    "vpc_id",
    "subnet_id",
    "instance_id",
    "interface_id",
    "account_id",
    "type",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "pkt_srcaddr",
    "pkt_dstaddr",
    "protocol",
    "bytes",
    "packets",
    "start",
    "end",
    "action",
    "tcp_flags",
    "log_status",
];

/// The fewest columns of a header: fewer words in a row are a sentence.
const FEWEST: usize = 5;

/// The header in force, if there was one, and the columns in use with the names they were made of.
#[derive(Default)]
pub(crate) struct FlowText {
    header: Vec<String>,
    names: Vec<String>,
    columns: Option<Columns>,
}

impl Form for FlowText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if let Some(names) = header(line) {
            self.header.clone_from(&names);
            self.use_names(names);
            return Taken::Part;
        }
        if self.header.is_empty() && !line.starts_with(|sign: char| sign.is_ascii_digit()) {
            return Taken::No;
        }
        let mut row = Vec::with_capacity(GUIDE.len());
        row.extend(cells(line));
        let (found, cells) = (row.len(), row);
        if self.header.is_empty() {
            let Some(names) = layout(&cells) else { return Taken::No };
            if !self.names.iter().eq(names) {
                self.use_names(names.iter().map(ToString::to_string).collect());
            }
        } else if found != self.names.len() {
            return Taken::Bad(Reason::Columns { named: self.names.len(), found });
        }
        self.give(&cells, number, rows)
    }
}

impl FlowText {
    fn use_names(&mut self, names: Vec<String>) {
        self.columns = Columns::called(names.iter().map(String::as_str));
        self.names = names;
    }

    fn give(&self, cells: &[&str], number: u64, rows: &mut Rows) -> Taken {
        if let Some(columns) = &self.columns {
            let mut row = FlatRow::begin(rows.blank_row(), number);
            for column in columns.iter() {
                row.text(column, cells.get(column.place).copied().unwrap_or_default());
            }
            rows.push_row(row.end());
            return Taken::Record;
        }
        let mut json = rows.blank();
        json.push('{');
        self.names.iter().zip(cells).for_each(|(name, cell)| write_member(name, cell, &mut json));
        json.push('}');
        rows.push(number, json);
        Taken::Record
    }
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    let comma = line.as_bytes().contains(&b',');
    let space = |sign: u8| matches!(sign, b' ' | b'\t' | b'\n' | b'\r' | 0x0C);
    let parts = split(line, move |sign| if comma { sign == b',' } else { space(sign) });
    let cells = parts.map(|cell| if is_bare(cell) { cell } else { cell.trim().trim_matches('"') });
    cells.filter(move |cell| comma || !cell.is_empty())
}

/// Whether nothing stands around what a cell tells.
fn is_bare(cell: &str) -> bool {
    let plain = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    plain(cell.as_bytes().first()) && plain(cell.as_bytes().last())
}

/// The parts of a line between signs of ASCII.
fn split(line: &str, parts: impl Fn(u8) -> bool) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    core::iter::from_fn(move || {
        let line = rest?;
        match line.bytes().position(&parts) {
            Some(at) => {
                rest = line.get(at.saturating_add(1)..);
                line.get(..at)
            }
            None => rest.take(),
        }
    })
}

/// The columns that a header names: fields of flow logs and nothing else.
fn header(line: &str) -> Option<Vec<String>> {
    // Most lines are rows, and rows start with a number or an address.
    line.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '"').then_some(())?;
    // And most other lines tell by their first word already that they name no fields.
    let first = cells(line).next()?;
    first.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-')).then_some(())?;
    let names: Vec<String> = cells(line).map(|cell| cell.replace('-', "_")).collect();
    let known = names.iter().filter(|name| GUIDE.contains(&name.as_str())).count();
    let flow = names.iter().any(|name| matches!(name.as_str(), "srcaddr" | "pkt_srcaddr" | "interface_id"));
    (names.len() >= FEWEST && flow && known * 2 > names.len() && names.iter().all(|name| is_field(name)))
        .then_some(names)
}

/// Fields of later versions are named in the same way.
fn is_field(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The documented order that the row's cells fit.
fn layout(cells: &[&str]) -> Option<&'static [&'static str]> {
    let found = cells.len();
    let guide = GUIDE.get(..found).filter(|_| found >= 14);
    let example = EXAMPLE.get(..).filter(|_| found == EXAMPLE.len());
    [guide, example].into_iter().flatten().find(|names| fits(names, cells))
}

fn fits(names: &[&str], cells: &[&str]) -> bool {
    names.iter().zip(cells).all(|(name, cell)| match *name {
        "version" => (cell.len() <= 2) && cell.parse::<u8>().is_ok(),
        "interface_id" => *cell == "-" || cell.starts_with("eni-"),
        "action" => matches!(*cell, "-" | "ACCEPT" | "REJECT"),
        "log_status" => matches!(*cell, "-" | "OK" | "NODATA" | "SKIPDATA"),
        "start" | "end" => *cell == "-" || cell.bytes().all(|byte| byte.is_ascii_digit()),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    #[track_caller]
    fn check(lines: &[&str], expected: &str) {
        let (mut flow, mut rows) = (FlowText::default(), Rows::default());
        let taken: Vec<Taken> = lines.iter().map(|line| flow.take(line, 0, &mut rows)).collect();
        assert_eq!(taken.last(), Some(&Taken::Record), "{taken:?}");
        let json = rows.next(Row::default()).unwrap().json;
        assert!(json.contains(expected), "{json}");
    }

    #[test]
    fn rows_are_read_with_and_without_a_header() {
        let row =
            "2 123456789012 eni-0a1b 192.0.2.7 10.0.0.5 44300 22 6 20 4249 1418530010 1418530070 REJECT OK";
        check(
            &[row],
            r#""dstaddr":"10.0.0.5","dstport":"22","end":"1418530070","interface_id":"eni-0a1b","log_status":"OK""#,
        );
        check(
            &[
                "version interface-id srcaddr dstaddr action log-status",
                "5 eni-0a1b 192.0.2.7 10.0.0.5 ACCEPT OK",
            ],
            r#"{"action":"ACCEPT","dstaddr":"10.0.0.5","interface_id":"eni-0a1b","log_status":"OK","srcaddr":"192.0.2.7""#,
        );
        check(
            &[
                "account_id,action,srcaddr,dstaddr,interface_id",
                "123456789012,ACCEPT,192.0.2.7,10.0.0.5,eni-0a1b",
            ],
            r#"{"account_id":"123456789012","action":"ACCEPT""#,
        );
        check(
            &[
                "3 vpc-1 subnet-1 i-1 eni-1 123456789012 IPv4 192.0.2.7 10.0.0.62 43416 5001 192.0.2.7 10.0.0.62 6 568 8 1566848875 1566848933 ACCEPT 2 OK",
            ],
            r#""instance_id":"i-1","interface_id":"eni-1""#,
        );
    }

    #[test]
    fn other_lines_are_not_flows() {
        let mut flow = FlowText::default();
        for line in [
            "hello version world",
            "2 times 3 is 6 and so on until the end of this long line of text",
            "",
            "1,2,3",
        ] {
            assert_eq!(flow.take(line, 0, &mut Rows::default()), Taken::No, "{line}");
        }
        assert_eq!(flow.take("version srcaddr dstaddr start end", 0, &mut Rows::default()), Taken::Part);
        let short = Taken::Bad(Reason::Columns { named: 5, found: 2 });
        assert_eq!(flow.take("2 192.0.2.7", 0, &mut Rows::default()), short);
    }
}
