//! Reads server access logs of S3: words, a time in brackets and texts in quotes, in the order of Amazon's guide.
//!
//! A line becomes `{"bucketowner":…,"bucket_name":…}`, the names as the guide's table for Athena has them; `-` says that
//! there was nothing and is left out. What Amazon adds behind the known fields stands as `more`. O(line).
//! Source: Amazon S3 User Guide, "Amazon S3 server access log format", "Using Athena to query server access logs".

use super::table::{Columns, FlatRow};
use super::{Form, Rows, Taken};

/// The fields in the order of the guide, and what comes behind them.
const FIELDS: [&str; 27] = [
    "bucketowner",
    "bucket_name",
    "requestdatetime",
    "remoteip",
    "requester",
    "requestid",
    "operation",
    "key",
    "request_uri",
    "httpstatus",
    "errorcode",
    "bytessent",
    "objectsize",
    "totaltime",
    "turnaroundtime",
    "referrer",
    "useragent",
    "versionid",
    "hostid",
    "sigv",
    "ciphersuite",
    "authtype",
    "endpoint",
    "tlsversion",
    "accesspointarn",
    "aclrequired",
    "more",
];

/// What operations begin with: by which way they came.
const WAYS: [&str; 5] = ["REST.", "SOAP.", "S3.", "BATCH.", "WEBSITE."];

/// The fewest fields of a line: the first logs ended with the version of the object.
const FEWEST: usize = 18;

/// Takes each line by itself.
#[derive(Default)]
pub(crate) struct AccessText {
    // The fields, once the first line was met: a form is made for every text that may hold a line.
    columns: Option<Columns>,
}

impl Form for AccessText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        let Some(cells) = cells(line) else { return Taken::No };
        if self.columns.is_none() {
            self.columns = Columns::called(FIELDS.into_iter());
        }
        let mut row = FlatRow::begin(rows.blank_row(), number);
        for column in self.columns.iter().flat_map(Columns::iter) {
            match cells.get(column.place).copied().unwrap_or("-") {
                "-" | "" => {}
                cell => row.text(column, cell),
            }
        }
        rows.push_row(row.end());
        Taken::Record
    }
}

/// The fields of a line, when it is one of such a log.
fn cells(line: &str) -> Option<Vec<&str>> {
    // Most lines of other logs end here: no other has its time in brackets as the third word.
    let mut words = line.splitn(4, ' ');
    let timed = words.nth(2).is_some_and(|word| word.starts_with('['));
    let address = words.next().filter(|rest| timed && rest.contains("] "));
    address?;
    let (mut cells, mut rest) = (Vec::with_capacity(FIELDS.len()), line);
    while !rest.is_empty() && cells.len() < FIELDS.len() - 1 {
        let (cell, after) = cell(rest);
        cells.push(cell);
        rest = after;
    }
    cells.push(rest);
    let operation = cells.get(6).is_some_and(|operation| WAYS.iter().any(|way| operation.starts_with(way)));
    (operation && cells.len() > FEWEST).then_some(cells)
}

/// The field at hand without what stands around it, and what follows it.
fn cell(rest: &str) -> (&str, &str) {
    let (inside, end) = match rest.as_bytes().first() {
        Some(b'"') => return quoted(rest.get(1..).unwrap_or_default()),
        Some(b'[') => (rest.get(1..).unwrap_or_default(), "] "),
        _ => (rest, " "),
    };
    inside.split_once(end).unwrap_or_else(|| (inside.strip_suffix(end.trim_end()).unwrap_or(inside), ""))
}

/// As [`cell`], behind an opening quote. Quotes inside are written as they came: they come in pairs, else the first that
/// can be the end is it.
fn quoted(inside: &str) -> (&str, &str) {
    let (mut first, mut paired, mut is_open) = (None, None, false);
    for (at, _) in inside.match_indices('"') {
        if inside.as_bytes().get(at + 1) == Some(&b' ') {
            first = first.or(Some(at));
            paired = Some(at).filter(|_| !is_open);
        }
        if paired.is_some() {
            break;
        }
        is_open = !is_open;
    }
    let end = paired.or(first);
    match end {
        Some(end) => (inside.get(..end).unwrap_or_default(), inside.get(end + 2..).unwrap_or_default()),
        None => (inside.strip_suffix('"').unwrap_or(inside), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    const LINE: &str = "79a59df900b9 logs [16/Mar/2026:08:30:00 +0000] 192.0.2.7 - 3E57427F3EXAMPLE REST.GET.OBJECT a%20b \
        \"GET /logs/a%20b?x=\"y\" HTTP/1.1\" 403 AccessDenied 243 - 7 - \"-\" \"agent (x \"y\" z)\" - s9lzHYrFp76= SigV4 \
        ECDHE-RSA-AES128-GCM-SHA256 AuthHeader logs.s3.amazonaws.com TLSv1.2 - Yes";

    fn read(line: &str) -> Option<String> {
        let mut rows = Rows::default();
        let taken = AccessText::default().take(line, 0, &mut rows);
        (taken == Taken::Record).then(|| rows.next(Row::default()).unwrap().json)
    }

    #[test]
    fn fields_are_read_in_the_order_of_the_guide() {
        let json = read(LINE).unwrap();
        for expected in [
            r#""aclrequired":"Yes""#,
            r#""requestdatetime":"16/Mar/2026:08:30:00 +0000""#,
            r#""request_uri":"GET /logs/a%20b?x=\"y\" HTTP/1.1""#,
            r#""useragent":"agent (x \"y\" z)""#,
            r#""tlsversion":"TLSv1.2""#,
        ] {
            assert!(json.contains(expected), "{expected} {json}");
        }
        assert!(!json.contains("requester") && !json.contains("more"), "{json}");
        assert!(read(&format!("{LINE} new \"x y\"")).unwrap().contains(r#""more":"new \"x y\"""#));
    }

    #[test]
    fn other_lines_are_not_taken() {
        for line in [
            "",
            "192.0.2.7 - - [16/Mar/2026:08:30:00 +0000] \"GET / HTTP/1.1\" 200 5",
            "a b [c] d e f g",
            &LINE.replace("REST.", "REQ."),
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn quotes_by_the_many_take_time_that_grows_with_them() {
        let line = LINE.replace("agent", &format!("\"x{}", "\" \"z".repeat(200_000)));
        assert!(read(&line).unwrap().contains(r#""useragent":"\"x\" \"z"#));
    }
}
