//! A stored mail as one line of JSON: who, when, over which machines, what is attached; the words under `body`.
//!
//! The crate `mail-parser` reads the format; the whole mail is held while it is read, up to the limit of a record, of
//! what is longer the front. An input is a mail when it begins with fields of a header, to the empty line below them,
//! and two of those are what every mail has. Sources: RFC 5322 section 2.2 and 3.6, RFC 2045, RFC 8601. O(bytes).

use crate::mbox;
use mail_parser::{Address, HeaderName, HeaderValue, Message, MessageParser, MimeHeaders as _};
use serde_json::{Map, Value, json};
use std::io::{self, Read};

/// What an input turns out to be.
pub(crate) enum Told {
    /// A mail, as one line.
    Mail(Vec<u8>),
    /// A file of mails, of which these are the first bytes.
    Mailbox(Vec<u8>),
    /// Something else, of which these are the first bytes.
    Other(Vec<u8>),
}

/// How much is looked at to tell a mail: more than the longest header that mail servers take.
const HEAD: usize = 256 << 10;

/// How much is read at a time while it is not clear.
const STEP: usize = 4 << 10;

/// Fields of which a header has two at least, in lower case.
const MARKS: [&str; 6] = ["date", "from", "message-id", "received", "subject", "to"];

/// Fields that a header may begin with, in lower case, beside those and `X-…` and `ARC-…`.
const FIRST: [&str; 12] = [
    "authentication-results",
    "bcc",
    "cc",
    "content-type",
    "delivered-to",
    "dkim-signature",
    "in-reply-to",
    "mime-version",
    "received-spf",
    "reply-to",
    "return-path",
    "sender",
];

/// Reads a mail from its start; `head` is what was read of `input` before. No more than `most` bytes are held.
pub(crate) fn read(mut head: Vec<u8>, input: &mut impl Read, most: usize) -> io::Result<Told> {
    loop {
        match look(&head) {
            Look::Mail if head.starts_with(mbox::MARK) => return Ok(Told::Mailbox(head)),
            Look::Mail => break,
            Look::Other => return Ok(Told::Other(head)),
            Look::Unclear => {
                let before = head.len();
                let mut room = [0; STEP];
                let length = input.read(&mut room)?;
                head.extend_from_slice(room.get(..length).unwrap_or_default());
                if head.len() == before {
                    head.extend_from_slice(b"\n\n");
                    let is_mail = matches!(look(&head), Look::Mail);
                    head.truncate(before);
                    match is_mail {
                        true if head.starts_with(mbox::MARK) => return Ok(Told::Mailbox(head)),
                        true => break,
                        false => return Ok(Told::Other(head)),
                    }
                }
            }
        }
    }
    let room = u64::try_from(most.saturating_sub(head.len())).unwrap_or(u64::MAX);
    input.by_ref().take(room).read_to_end(&mut head)?;
    let beyond = io::copy(input, &mut io::sink())?;
    Ok(line(&head, ("", beyond)).map_or(Told::Other(head), Told::Mail))
}

enum Look {
    Mail,
    Other,
    Unclear,
}

/// What the first bytes of an input look like.
fn look(head: &[u8]) -> Look {
    if head.len() < mbox::MARK.len() && mbox::MARK.starts_with(head) {
        return Look::Unclear;
    }
    // Above the first of many mails stands a line that is no field.
    let end = head.iter().position(|byte| *byte == b'\n');
    let head = match end {
        Some(end) if head.starts_with(mbox::MARK) => head.get(end.saturating_add(1)..).unwrap_or_default(),
        _ => head,
    };
    if head.starts_with(mbox::MARK) {
        return if head.len() < HEAD { Look::Unclear } else { Look::Other };
    }
    let mut marks = 0;
    let mut first = true;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let whole = line.ends_with(b"\n");
        let text = line.trim_ascii_end();
        if whole && text.is_empty() {
            return if marks >= 2 { Look::Mail } else { Look::Other };
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if first {
                return Look::Other;
            }
            continue;
        }
        let name = text.iter().position(|byte| *byte == b':').and_then(|at| text.get(..at));
        let name = match name {
            None if !whole && text.iter().copied().all(is_of_name) && text.len() <= 76 => break,
            None => return Look::Other,
            Some(name) if name.is_empty() || !name.iter().copied().all(is_of_name) => return Look::Other,
            Some(name) => String::from_utf8_lossy(name).to_ascii_lowercase(),
        };
        let is_mark = MARKS.contains(&&*name);
        let known = is_mark || FIRST.contains(&&*name) || name.starts_with("x-") || name.starts_with("arc-");
        if first && !known {
            return Look::Other;
        }
        marks += u32::from(is_mark);
        first = false;
    }
    if head.len() < HEAD { Look::Unclear } else { Look::Other }
}

fn is_of_name(byte: u8) -> bool {
    matches!(byte, 33..=57 | 59..=126)
}

/// The mail as a line; `beyond` bytes more of it were not held. `from` is what stood above it in a file of many.
pub(crate) fn line(bytes: &[u8], (from, beyond): (&str, u64)) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(bytes)?;
    let mut told = Map::new();
    let size = u64::try_from(bytes.len()).ok()?.saturating_add(beyond);
    let mut eml = json!({ "size": size, "unread": beyond });
    if let Value::Object(members) = &mut eml
        && !from.is_empty()
    {
        members.insert("from_line".into(), from.into());
    }
    told.insert("eml".into(), eml);
    write_header(&message, &mut told);
    let attached: Vec<Value> = message.attachments().map(attachment).collect();
    insert(&mut told, "attachments", attached);
    let words: Vec<String> = bodies(&message);
    insert(&mut told, "urls", words.iter().flat_map(|text| links(text)).fold(Vec::new(), once));
    insert(&mut told, "body", words.into_iter().map(Value::from).collect());
    let mut line = serde_json::to_vec(&told).ok()?;
    line.push(b'\n');
    Some(line)
}

fn insert(told: &mut Map<String, Value>, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        told.insert(name.into(), Value::Array(list));
    }
}

fn once(mut seen: Vec<Value>, link: &str) -> Vec<Value> {
    if !seen.iter().any(|known| known == link) {
        seen.push(link.into());
    }
    seen
}

/// Fields with a member of their own; all others stand under `headers`, and so does one that comes again.
fn write_header(message: &Message<'_>, told: &mut Map<String, Value>) {
    let (mut hops, mut verdicts, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for header in message.headers() {
        let raw = message.raw_message().get(header.offset_start() as usize..header.offset_end() as usize);
        let raw = unfolded(&String::from_utf8_lossy(raw.unwrap_or_default()));
        let name = header.name().to_ascii_lowercase().replace('-', "_");
        let own = match (&header.name, header.value()) {
            (HeaderName::Received, value) => {
                hops.push(hop(value, &raw));
                continue;
            }
            (_, _) if name == "authentication_results" => {
                verdicts.push(Value::from(raw));
                continue;
            }
            (_, HeaderValue::Address(address)) => Some(addresses(address)),
            (HeaderName::Date, HeaderValue::DateTime(time)) if time.is_valid() => {
                Some(time.to_rfc3339().into())
            }
            (HeaderName::Subject | HeaderName::MessageId | HeaderName::ReturnPath, value) => {
                value.as_text().map(Value::from)
            }
            (_, _) if name == "x_originating_ip" => Some(raw.trim_matches(['[', ']']).into()),
            _ => None,
        };
        match own.filter(|own| *own != json!([]) && !told.contains_key(&name)) {
            Some(own) => {
                told.insert(name, own);
            }
            None => others.push(json!({ "name": header.name(), "value": raw })),
        }
    }
    insert(told, "received", hops);
    insert(told, "authentication_results", verdicts);
    insert(told, "headers", others);
}

/// A field on several lines as one.
fn unfolded(raw: &str) -> String {
    raw.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn addresses(address: &Address<'_>) -> Value {
    let one = |addr: &mail_parser::Addr<'_>| {
        let mut one = Map::new();
        let parts = [("address", &addr.address), ("name", &addr.name)];
        for (name, text) in parts {
            if let Some(text) = text {
                one.insert(name.into(), text.as_ref().into());
            }
        }
        Value::Object(one)
    };
    address.iter().map(one).filter(|one| *one != json!({})).collect()
}

/// A machine that the mail went through, as the next one tells of it.
fn hop(value: &HeaderValue<'_>, raw: &str) -> Value {
    let mut told = Map::new();
    told.insert("text".into(), raw.into());
    if let Some(hop) = value.as_received() {
        let texts = [
            ("from", hop.from().map(ToString::to_string)),
            ("from_ip", hop.from_ip().map(|ip| ip.to_string())),
            ("by", hop.by().map(ToString::to_string)),
            ("with", hop.with().map(|with| with.to_string())),
            ("date", hop.date().filter(mail_parser::DateTime::is_valid).map(|date| date.to_rfc3339())),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                told.insert(name.into(), text.into());
            }
        }
    }
    Value::Object(told)
}

fn attachment(part: &mail_parser::MessagePart<'_>) -> Value {
    let kind = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
        None => kind.ctype().to_owned(),
    });
    json!({ "name": part.attachment_name(), "mime_type": kind, "size": part.len() })
}

fn bodies(message: &Message<'_>) -> Vec<String> {
    let parts = message.text_bodies().chain(message.html_bodies());
    let texts = parts.filter_map(|part| part.text_contents()).map(str::to_owned);
    texts.fold(Vec::new(), |mut seen, text| {
        if !text.trim().is_empty() && !seen.contains(&text) {
            seen.push(text);
        }
        seen
    })
}

/// The links in a text, of the web alone.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let ends = |sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '<' | '>' | ')' | ']' | '\\');
    let starts = text.match_indices("http").map(|(at, _)| text.get(at..).unwrap_or_default());
    let links = starts.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"));
    links.map(move |rest| rest.split(ends).next().unwrap_or_default()).filter(|link| link.len() > 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<Value> {
        match read(Vec::new(), &mut text.as_bytes(), 1 << 20).unwrap() {
            Told::Mail(line) => Some(serde_json::from_slice(&line).unwrap()),
            Told::Other(head) | Told::Mailbox(head) => {
                assert!(text.as_bytes().starts_with(&head));
                None
            }
        }
    }

    const MAIL: &str = "Return-Path: <bounce@sender.example>\r\nReceived: from mx.sender.example (mx.sender.example [192.0.2.7])\r\n\
        \tby in.acme.example with ESMTPS id 4A for <jane@acme.example>; Mon, 16 Mar 2026 08:30:00 +0100\r\n\
        From: Sam <sam@sender.example>\r\nTo: jane@acme.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
        Date: Mon, 16 Mar 2026 08:29:00 +0100\r\n\r\nLook at https://login.sender.example/a?b=c now.\r\n";

    #[test]
    fn a_mail_is_told_by_its_header() {
        let mail = told(MAIL).unwrap();
        assert_eq!(mail["subject"], "Grüße");
        assert_eq!(mail["from"], json!([{ "address": "sam@sender.example", "name": "Sam" }]));
        assert_eq!(mail["received"][0]["from_ip"], "192.0.2.7");
        assert_eq!(mail["date"], "2026-03-16T08:29:00+01:00");
        assert_eq!(mail["urls"], json!(["https://login.sender.example/a?b=c"]));
        assert_eq!(mail["eml"]["size"], MAIL.len());
        assert!(mail["body"][0].as_str().unwrap().starts_with("Look at"));
        let bare = MAIL.split("\r\n\r\n").next().unwrap();
        assert!(told(bare).is_some());
    }

    #[test]
    fn other_text_is_none() {
        for text in [
            "",
            "{\"from\":\"a\"}\n",
            "Mar 16 08:30:00 gate sshd[1]: hello\n",
            "INFO: hello\n\n",
            "From: a\n\nhello",
            "Date: a\nnot a field\n",
            " From: a\nTo: b\n\n",
        ] {
            assert!(told(text).is_none(), "{text}");
        }
        assert!(told(&format!("X-Long: {}\n", "a ".repeat(HEAD))).is_none());
    }

    #[test]
    fn what_is_too_long_is_read_in_front() {
        let long = format!("{MAIL}{}", "x".repeat(10_000));
        let Told::Mail(line) = read(Vec::new(), &mut long.as_bytes(), 5_000).unwrap() else {
            panic!("no mail")
        };
        let mail: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(
            (&mail["eml"]["size"], &mail["eml"]["unread"]),
            (&json!(long.len()), &json!(long.len() - 5_000))
        );
        assert_eq!(mail["subject"], "Grüße");
    }
}
