//! Windows events as XML, one or many, on one line or many: each becomes the record that its tree is as JSON.
//!
//! Source: learn.microsoft.com, "Event schema". An element with text alone is that text; one with attributes or
//! elements is an object, its attributes under `#attributes`, its text under `#text`. Of `Data` elements each with a
//! `Name` the name is the member's; those without stand as a list under `Data`. What stands between events (`Events`,
//! a declaration) is passed over. O(length).

use super::{Claims, Form, Rows, Taken, write_member, write_name, write_text};
use crate::error::Reason;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// How deep elements may be nested: events of Windows reach eight.
const DEPTH: usize = 64;

/// The longest event: Windows ends an event at 64 KiB, which in XML is seldom more than ten times as long.
const LONGEST: usize = 4 << 20;

/// The most attributes of an element: events of Windows reach six. That no name comes twice is asked of each with each.
const ATTRIBUTES: usize = 256;

/// Events that have begun and not ended.
#[derive(Default)]
pub(crate) struct XmlText {
    held: String,
    // So many bytes of it are known to hold no end.
    searched: usize,
    number: u64,
}

impl Form for XmlText {
    fn take(&mut self, line: &str, number: u64, rows: &mut Rows) -> Taken {
        if self.held.is_empty() {
            let line = line.trim_start_matches('\u{FEFF}').trim_start();
            let Some(start) = start_of(line) else {
                return if is_around(line) { Taken::Part } else { Taken::No };
            };
            self.number = number;
            self.held.push_str(line.get(start..).unwrap_or_default());
        } else {
            self.held.push('\n');
            self.held.push_str(line);
        }
        let begun = self.number == number;
        match self.give(rows) {
            Ok(false) if self.held.len() > LONGEST => self.lose(Reason::TooLong(LONGEST)),
            Ok(false) if begun && !rows.is_empty() => Taken::Record,
            Ok(_) if begun => Taken::Record,
            Ok(_) => Taken::Part,
            Err(reason) => self.lose(reason),
        }
    }

    /// An event that the input ends in is given out as the text it is.
    fn end(&mut self, rows: &mut Rows) {
        if !self.held.trim().is_empty() {
            let mut json = rows.blank();
            json.push('{');
            write_member("message", &self.held, &mut json);
            json.push('}');
            rows.push(self.number, json);
        }
        self.held.clear();
        self.searched = 0;
    }

    fn claims(&self) -> Claims {
        if self.held.is_empty() { Claims::Nothing } else { Claims::Everything }
    }
}

impl XmlText {
    fn lose(&mut self, reason: Reason) -> Taken {
        self.held.clear();
        self.searched = 0;
        Taken::Bad(reason)
    }

    /// Gives out every whole event that is held; gives whether any was. O(what is new).
    fn give(&mut self, rows: &mut Rows) -> Result<bool, Reason> {
        let (mut any, mut start) = (false, 0);
        while let Some(end) = self.end_from(start.max(self.searched)) {
            let mut json = rows.blank();
            write_event(self.held.get(start..end).unwrap_or_default(), &mut json)?;
            rows.push(self.number, json);
            any = true;
            let next = self.held.get(end..).and_then(start_of);
            start = next.map_or(self.held.len(), |at| end + at);
        }
        self.held.drain(..start);
        let edge = self.held.len().saturating_sub(END.len());
        self.searched = self.held.floor_char_boundary(edge);
        Ok(any)
    }

    fn end_from(&self, start: usize) -> Option<usize> {
        Some(start + self.held.get(start..)?.find(END)? + END.len())
    }
}

/// What an event ends with.
const END: &str = "</Event>";

/// Where an event begins.
fn start_of(line: &str) -> Option<usize> {
    line.match_indices("<Event").map(|(at, _)| at).find(|at| {
        let after = line.get(at + 6..).and_then(|rest| rest.bytes().next());
        matches!(after, Some(b' ' | b'>' | b'\t') | None)
    })
}

/// What stands around events: a declaration, the list they are in.
fn is_around(line: &str) -> bool {
    line.starts_with("<?xml") || line.starts_with("<Events") || line.starts_with("</Events")
}

/// An element being read.
#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    // Names and values as JSON, in order.
    members: Vec<(String, String)>,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Result<Self, Reason> {
        let name = start.local_name().as_ref().to_owned();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            if attributes.len() == ATTRIBUTES {
                return Err(Reason::NotXml);
            }
            let attribute = attribute.map_err(|_| Reason::NotXml)?;
            let value = quick_xml::escape::unescape(attribute.value.as_ref()).map_err(|_| Reason::NotXml)?;
            attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(Self { name, attributes, ..Self::default() })
    }

    /// The name of the member that the element becomes, and its value.
    fn member(mut self) -> (String, String) {
        let named = self.name == "Data" || self.name == "ComplexData";
        let own = self.attributes.iter().position(|(name, _)| name == "Name").filter(|_| named);
        let name = match own {
            Some(at) => self.attributes.remove(at).1,
            None => core::mem::take(&mut self.name),
        };
        (name, self.json())
    }

    fn json(self) -> String {
        let text = self.text.trim();
        let inside: usize = self.members.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let beside: usize = self.attributes.iter().map(|(name, value)| name.len() + value.len() + 8).sum();
        let mut json = String::with_capacity(text.len() + inside + beside + 24);
        if self.attributes.is_empty() && self.members.is_empty() {
            if text.is_empty() {
                json.push_str("null");
            } else {
                write_text(text, &mut json);
            }
            return json;
        }
        json.push('{');
        if !self.attributes.is_empty() {
            write_name("#attributes", &mut json);
            json.push('{');
            let mut seen: Vec<&str> = Vec::new();
            for (name, value) in &self.attributes {
                if !seen.contains(&name.as_str()) {
                    write_member(name, value, &mut json);
                    seen.push(name);
                }
            }
            json.push('}');
        }
        if !text.is_empty() {
            write_member("#text", text, &mut json);
        }
        write_members(&self.members, &mut json);
        json.push('}');
        json
    }
}

/// Members, those of one name as a list in the place of the first. O(n log n).
fn write_members(members: &[(String, String)], json: &mut String) {
    let mut order: Vec<(&str, usize, &str)> =
        members.iter().zip(0..).map(|((name, value), at)| (name.as_str(), at, value.as_str())).collect();
    order.sort_unstable();
    let mut alike: Vec<_> = order.chunk_by(|one, other| one.0 == other.0).collect();
    alike.sort_unstable_by_key(|of_name| of_name.first().map(|(_, at, _)| *at));
    for of_name in alike {
        let [(name, _, value), others @ ..] = of_name else { continue };
        write_name(name, json);
        if others.is_empty() {
            json.push_str(value);
            continue;
        }
        json.push('[');
        json.push_str(value);
        for (_, _, other) in others {
            json.push(',');
            json.push_str(other);
        }
        json.push(']');
    }
}

/// Writes the tree of one event as JSON.
fn write_event(xml: &str, json: &mut String) -> Result<(), Reason> {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| Reason::NotXml)? {
            Event::Start(start) if open.len() < DEPTH => open.push(Element::of(&start)?),
            Event::Start(_) => return Err(Reason::TooDeep(DEPTH)),
            Event::Empty(start) => {
                let (name, value) = Element::of(&start)?.member();
                open.last_mut().ok_or(Reason::NotXml)?.members.push((name, value));
            }
            Event::Text(text) => {
                open.last_mut().into_iter().for_each(|element| element.text.push_str(text.as_ref()));
            }
            Event::CData(text) => {
                open.last_mut().into_iter().for_each(|element| element.text.push_str(text.as_ref()));
            }
            Event::GeneralRef(reference) => {
                let name: &str = reference.as_ref();
                let whole = format!("&{name};");
                let sign = quick_xml::escape::unescape(&whole).map_err(|_| Reason::NotXml)?;
                open.last_mut().into_iter().for_each(|element| element.text.push_str(&sign));
            }
            Event::End(_) => {
                let element = open.pop().ok_or(Reason::NotXml)?;
                let Some(outer) = open.last_mut() else {
                    json.push('{');
                    write_name("Event", json);
                    json.push_str(&element.json());
                    json.push('}');
                    return Ok(());
                };
                outer.members.push(element.member());
            }
            Event::Eof => return Err(Reason::Truncated),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Row;

    fn rows_of(lines: &[&str]) -> Vec<String> {
        let (mut form, mut rows) = (XmlText::default(), Rows::default());
        for (number, line) in lines.iter().enumerate() {
            assert!(
                matches!(form.take(line, number as u64, &mut rows), Taken::Part | Taken::Record),
                "{line}"
            );
        }
        let mut told = Vec::new();
        while let Some(row) = rows.next(Row::default()) {
            told.push(row.json);
        }
        told
    }

    #[test]
    fn an_event_becomes_its_tree() {
        let told = rows_of(&[
            r#"<?xml version="1.0"?>"#,
            "<Events>",
            r#"<Event xmlns="urn:e"><System><Provider Name="P" Guid="{1}"/><EventID Qualifiers="0">7</EventID>"#,
            r#"<TimeCreated SystemTime="2026-03-16T08:30:00Z"/><Correlation/></System><EventData>"#,
            r#"<Data Name="CommandLine">a &lt;b&gt; "c"</Data><Data Name="Empty"></Data></EventData></Event>"#,
            "</Events>",
        ]);
        assert_eq!(
            told,
            [
                r##"{"Event":{"#attributes":{"xmlns":"urn:e"},"System":{"Provider":{"#attributes":{"Name":"P","Guid":"{1}"}},"EventID":{"#attributes":{"Qualifiers":"0"},"#text":"7"},"TimeCreated":{"#attributes":{"SystemTime":"2026-03-16T08:30:00Z"}},"Correlation":null},"EventData":{"CommandLine":"a <b> \"c\"","Empty":null}}}"##
            ]
        );
    }

    #[test]
    fn many_events_on_a_line_and_data_without_names() {
        let told = rows_of(&[
            "<Event><EventData><Data>x</Data><Data>y</Data></EventData></Event><Event><A/></Event>",
        ]);
        assert_eq!(told, [r#"{"Event":{"EventData":{"Data":["x","y"]}}}"#, r#"{"Event":{"A":null}}"#]);
    }

    #[test]
    fn broken_events_are_told() {
        let mut deep = "<Event>".to_owned();
        deep.extend(std::iter::repeat_n("<a>", 80));
        deep.push_str("</Event>");
        for text in ["<Event><a></b></Event>", "<Event>&nope;</Event>", &deep] {
            let taken = XmlText::default().take(text, 0, &mut Rows::default());
            assert!(matches!(taken, Taken::Bad(_)), "{text}");
        }
        assert_eq!(XmlText::default().take("<html>", 0, &mut Rows::default()), Taken::No);
    }

    #[test]
    fn long_events_and_lines_of_many_take_time_that_grows_with_them() {
        let mut form = XmlText::default();
        let mut rows = Rows::default();
        form.take("<Event><a>", 0, &mut rows);
        (1..200_000).for_each(|number| assert_eq!(form.take("é", number, &mut rows), Taken::Part));
        assert_eq!(form.take("</a></Event>", 200_000, &mut rows), Taken::Part);
        assert_eq!(form.take(&"<Event><b/></Event>".repeat(20_000), 200_001, &mut rows), Taken::Record);
        let members: Vec<String> = (0..20_000).map(|number| format!("<a{number}/>")).collect();
        form.take(&format!("<Event>{}</Event>", members.concat()), 200_002, &mut rows);
        let told = core::iter::from_fn(|| rows.next(Row::default())).count();
        assert_eq!((told, form.held.as_str()), (20_002, ""));
    }
}
