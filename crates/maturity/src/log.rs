//! What the sources of the tenant wrote: records in order of time, which can be taken out as files.
//!
//! Records of a story carry a mark beside them, never in them. Sorting is stable, so a log without its marked
//! records is, byte for byte, the log that the same tenant writes without the story.

use crate::{Story, rng::Rng};
use homeostat_core::{EventRef, Timestamp};
use std::io::{self, Read};
use std::iter;

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// Which native log a record stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogSource {
    /// AWS CloudTrail, one file of `Records` a day.
    CloudTrail,
    /// Okta System Log, one event a line.
    Okta,
    /// Zeek `dhcp`, JSON lines.
    ZeekDhcp,
    /// Zeek `dns`, JSON lines.
    ZeekDns,
    /// Zeek `conn`, tab-separated with header.
    ZeekConn,
    /// Zeek `http`, JSON lines; only where a story tells it.
    ZeekHttp,
    /// Exchange's message trace, JSON lines.
    MessageTrace,
    /// Microsoft 365 unified audit, JSON lines.
    M365,
    /// Windows' own log of the people's machines, JSON lines.
    Windows,
    /// What other products find, as OCSF, JSON lines; only where a story tells it.
    Ocsf,
}

impl LogSource {
    /// Every source, in order.
    pub const ALL: [Self; 10] = [
        Self::CloudTrail,
        Self::Okta,
        Self::ZeekDhcp,
        Self::ZeekDns,
        Self::ZeekConn,
        Self::ZeekHttp,
        Self::MessageTrace,
        Self::M365,
        Self::Windows,
        Self::Ocsf,
    ];

    /// The name of the file in which a record of this source from `date` (`2026-03-17`) stands.
    fn file(self, date: &str) -> String {
        match self {
            Self::CloudTrail => format!("cloudtrail/{date}.json"),
            Self::Okta => "okta.jsonl".to_owned(),
            Self::ZeekDhcp => "zeek/dhcp.json".to_owned(),
            Self::ZeekDns => "zeek/dns.json".to_owned(),
            Self::ZeekConn => "zeek/conn.log".to_owned(),
            Self::ZeekHttp => "zeek/http.json".to_owned(),
            Self::MessageTrace => "m365/message-trace.jsonl".to_owned(),
            Self::M365 => "m365/audit.jsonl".to_owned(),
            Self::Windows => "windows/events.jsonl".to_owned(),
            Self::Ocsf => "findings.jsonl".to_owned(),
        }
    }
}

/// One native record.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) at: i64,
    pub(crate) source: LogSource,
    pub(crate) line: Box<str>,
    pub(crate) mark: Option<Mark>,
}

/// To which step of which story a record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) story: Story,
    pub(crate) step: usize,
}

/// Where the parts of the tenant write to.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) records: Vec<Record>,
    pub(crate) mark: Option<Mark>,
}

impl Log {
    pub(crate) fn write(&mut self, source: LogSource, at: i64, line: String) {
        // Without the room that a text leaves for more, which is a third of it.
        self.records.push(Record { at, source, line: line.into_boxed_str(), mark: self.mark });
    }

    /// Brings the records into the order in which the sources write them.
    pub(crate) fn sort(&mut self) {
        self.records.sort_by_key(|record| (record.source, record.at));
    }

    /// The records as files, each with the ids its records have.
    pub(crate) fn files(&self) -> Vec<(String, Vec<&Record>)> {
        let mut files: Vec<(String, Vec<&Record>)> = Vec::new();
        let mut last = None;
        for record in &self.records {
            let day = Some((record.source, record.at.div_euclid(DAY)));
            if day != last {
                last = day;
                let name = record.source.file(date_of(record.at).as_str());
                if files.last().is_none_or(|(last, _)| *last != name) {
                    files.push((name, Vec::new()));
                }
            }
            if let Some((_, records)) = files.last_mut() {
                records.push(record);
            }
        }
        files
    }

    /// The ids of the marked records, in order of time.
    pub(crate) fn marked(&self) -> Vec<(Mark, EventRef)> {
        let mut marked: Vec<(i64, Mark, EventRef)> = Vec::new();
        for (name, records) in self.files() {
            let own = (0..).zip(records).filter_map(|(number, record)| Some((number, record, record.mark?)));
            marked.extend(own.filter_map(|(number, record, mark)| {
                Some((record.at, mark, EventRef::new(&name, number).ok()?))
            }));
        }
        marked.sort();
        marked.into_iter().map(|(_, mark, id)| (mark, id)).collect()
    }
}

/// The bytes of one file, one piece after the other: all at once, the largest would be as large as its records.
pub(crate) struct Pages<'a> {
    pieces: Box<dyn Iterator<Item = &'a str> + 'a>,
    rest: &'a [u8],
}

impl<'a> Pages<'a> {
    pub(crate) fn of(records: Vec<&'a Record>) -> Self {
        let (head, between, tail) = match records.first().map(|record| record.source) {
            Some(LogSource::CloudTrail) => ("{\"Records\":[", ",\n", "]}\n"),
            Some(LogSource::ZeekConn) => (CONN_HEADER, "\n", "\n"),
            _ => ("", "\n", "\n"),
        };
        let before = iter::once("").chain(iter::repeat(between));
        let lines = before.zip(records).flat_map(|(before, record)| [before, &*record.line]);
        Self { pieces: Box::new(iter::once(head).chain(lines).chain([tail])), rest: &[] }
    }

    /// All of them.
    pub(crate) fn whole(self) -> Vec<u8> {
        self.pieces.fold(Vec::new(), |mut bytes, piece| {
            bytes.extend_from_slice(piece.as_bytes());
            bytes
        })
    }
}

impl Read for Pages<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.pieces.next() {
                Some(piece) => self.rest = piece.as_bytes(),
                None => return Ok(0),
            }
        }
        self.rest.read(into)
    }
}

const CONN_HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\
\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\
\ttunnel_parents\n\
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\
\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\
\tset[string]\n";

/// `2026-03-17T08:30:00Z`, as CloudTrail writes time.
pub(crate) fn seconds_text(at: i64) -> String {
    cut(at, 19) + "Z"
}

/// `2026-03-17T08:30:00.123Z`, as Okta writes time.
pub(crate) fn millis_text(at: i64) -> String {
    cut(at, 23) + "Z"
}

/// `2026-03-17T08:30:00.123`, as Microsoft 365 writes time: UTC without saying so.
pub(crate) fn bare_text(at: i64) -> String {
    cut(at, 23)
}

/// `1773736200.123456`, as Zeek writes time.
pub(crate) fn epoch_text(at: i64) -> String {
    format!("{}.{:06}", at.div_euclid(1_000_000), at.rem_euclid(1_000_000))
}

fn date_of(at: i64) -> String {
    cut(at, 10)
}

fn cut(at: i64, length: usize) -> String {
    let mut text = Timestamp::from_micros(at).to_string();
    text.truncate(length);
    text
}

/// A span of `low..high` milliseconds, in microseconds.
pub(crate) fn pause(rng: &mut Rng, low: i64, high: i64) -> i64 {
    rng.between(low * 1_000, high * 1_000)
}
