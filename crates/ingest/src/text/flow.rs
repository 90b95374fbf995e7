//! Reads the text of VPC flow logs: a header that names the columns, or rows in one of AWS's documented orders.
//!
//! Cells are parted by spaces, commas or tabs. A row becomes `{"account_id":…,"srcaddr":…}`, the names as the
//! Parquet form of the logs has them; `-` stays, for it says that nothing was there. O(row).
//! Source: Amazon VPC User Guide, "Flow log records".

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

/// The header in force, if there was one.
#[derive(Default)]
pub(crate) struct FlowText {
    columns: Vec<String>,
}

impl Form for FlowText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if let Some(columns) = header(line) {
            self.columns = columns;
            return Taken::Part;
        }
        let found = cells(line).count();
        if self.columns.is_empty() {
            return match layout(line, found) {
                Some(columns) => give(columns.iter().copied(), line, number, rows),
                None => Taken::No,
            };
        }
        if found != self.columns.len() {
            return Taken::Bad(Reason::Columns { named: self.columns.len(), found });
        }
        give(self.columns.iter().map(String::as_str), line, number, rows)
    }
}

fn give<'n>(names: impl Iterator<Item = &'n str>, line: &str, number: u64, rows: &mut Rows) -> Taken {
    let mut json = rows.blank();
    json.push('{');
    for (name, cell) in names.zip(cells(line)) {
        write_member(name, cell, &mut json);
    }
    json.push('}');
    rows.push(number, json);
    Taken::Record
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    let comma = line.contains(',');
    let parts = line.split(move |sign: char| if comma { sign == ',' } else { sign.is_ascii_whitespace() });
    parts.map(|cell| cell.trim().trim_matches('"')).filter(move |cell| comma || !cell.is_empty())
}

/// The columns that a header names: fields of flow logs and nothing else.
fn header(line: &str) -> Option<Vec<String>> {
    // Most lines are rows, and rows start with a number or an address.
    line.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '"').then_some(())?;
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
fn layout(line: &str, found: usize) -> Option<&'static [&'static str]> {
    line.starts_with(|sign: char| sign.is_ascii_digit()).then_some(())?;
    let guide = GUIDE.get(..found).filter(|_| found >= 14);
    let example = EXAMPLE.get(..).filter(|_| found == EXAMPLE.len());
    [guide, example].into_iter().flatten().find(|names| fits(names, line))
}

fn fits(names: &[&str], line: &str) -> bool {
    names.iter().zip(cells(line)).all(|(name, cell)| match *name {
        "version" => (cell.len() <= 2) && cell.parse::<u8>().is_ok(),
        "interface_id" => cell == "-" || cell.starts_with("eni-"),
        "action" => matches!(cell, "-" | "ACCEPT" | "REJECT"),
        "log_status" => matches!(cell, "-" | "OK" | "NODATA" | "SKIPDATA"),
        "start" | "end" => cell == "-" || cell.bytes().all(|byte| byte.is_ascii_digit()),
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
            r#""interface_id":"eni-0a1b","srcaddr":"192.0.2.7","dstaddr":"10.0.0.5","srcport":"44300""#,
        );
        check(
            &[
                "version interface-id srcaddr dstaddr action log-status",
                "5 eni-0a1b 192.0.2.7 10.0.0.5 ACCEPT OK",
            ],
            r#""interface_id":"eni-0a1b","srcaddr":"192.0.2.7","dstaddr":"10.0.0.5","action":"ACCEPT""#,
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
