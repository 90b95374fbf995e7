//! A file of many mails, one after the other, as lines of JSON: each as a mail alone is told.
//!
//! A mail begins with a line `From SENDER DATE` at the start or behind an empty line; inside a mail such a line stands
//! behind a `>`, which is taken away (RFC 4155, appendix A, and the reversible form `mboxrd` of it). One mail is held, up
//! to the limit of a record, of what is longer the front. O(bytes).

use crate::eml_line;
use crate::text::write_member;
use std::io::{self, BufRead, BufReader, Read};

/// What begins the line between two mails.
pub(crate) const MARK: &[u8] = b"From ";

/// How much of a line is looked at as a line: what is longer is no header and no mark.
const LINE: u64 = 64 << 10;

/// The mails of an input, each one line.
pub(crate) struct Mailbox<R> {
    input: BufReader<R>,
    // How much of a mail is held.
    most: usize,
    // The line that the mail at hand began with, without its mark.
    from: String,
    line: Vec<u8>,
    // Whether the line at hand begins one, and whether the one before was empty.
    begins: bool,
    after_empty: bool,
    told: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Mailbox<R> {
    pub(crate) fn new(input: R, most: usize) -> Self {
        Self {
            input: BufReader::new(input),
            most,
            from: String::new(),
            line: Vec::new(),
            begins: true,
            after_empty: true,
            told: Vec::new(),
            at: 0,
            ended: false,
        }
    }

    /// Reads to the end of the mail at hand and tells it.
    fn next_mail(&mut self) -> io::Result<()> {
        let (mut mail, mut beyond) = (Vec::new(), 0_u64);
        while self.next_line()? {
            if self.is_mark() {
                let from = self.line.get(MARK.len()..).unwrap_or_default().trim_ascii_end();
                let next = String::from_utf8_lossy(from).into_owned();
                let before = core::mem::replace(&mut self.from, next);
                if !mail.is_empty() || !before.is_empty() {
                    self.tell(&before, &mail, beyond);
                    return Ok(());
                }
                continue;
            }
            let line = if self.is_quoted() { self.line.get(1..).unwrap_or_default() } else { &self.line };
            let room = self.most.saturating_sub(mail.len()).min(line.len());
            let (held, rest) = line.split_at_checked(room).unwrap_or((line, &[]));
            mail.extend_from_slice(held);
            beyond = beyond.saturating_add(rest.len() as u64);
        }
        self.ended = true;
        let before = core::mem::take(&mut self.from);
        self.tell(&before, &mail, beyond);
        Ok(())
    }

    /// Reads the next line, or a piece of one that is too long; false at the end.
    fn next_line(&mut self) -> io::Result<bool> {
        self.after_empty = self.begins && self.line.trim_ascii().is_empty();
        self.begins = self.line.is_empty() || self.line.ends_with(b"\n");
        self.line.clear();
        let read = self.input.by_ref().take(LINE).read_until(b'\n', &mut self.line)?;
        Ok(read > 0)
    }

    fn is_mark(&self) -> bool {
        self.begins && self.after_empty && self.line.starts_with(MARK)
    }

    /// Whether the line is one of the mail's own that looks like a mark behind signs of quoting.
    fn is_quoted(&self) -> bool {
        let signs = self.line.iter().take_while(|byte| **byte == b'>').count();
        self.begins && signs > 0 && self.line.get(signs..).is_some_and(|rest| rest.starts_with(MARK))
    }

    /// Makes the mail a line; one that has no header is told as the text it is.
    fn tell(&mut self, from: &str, mail: &[u8], beyond: u64) {
        let told = eml_line::line(mail, (from, beyond)).unwrap_or_else(|| {
            let mut json = String::from("{");
            write_member("from_line", from, &mut json);
            write_member("message", &String::from_utf8_lossy(mail), &mut json);
            json.push_str("}\n");
            json.into_bytes()
        });
        (self.told, self.at) = (told, 0);
    }
}

impl<R: Read> Read for Mailbox<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.told.len() {
            if self.ended {
                return Ok(0);
            }
            self.next_mail()?;
        }
        let length = self.told.get(self.at..).unwrap_or_default().read(room)?;
        self.at = self.at.saturating_add(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn mails(text: &str, most: usize) -> Vec<Value> {
        let mut lines = String::new();
        Mailbox::new(text.as_bytes(), most).read_to_string(&mut lines).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn mails_are_parted_by_their_marks() {
        let text = "From a@x.example Mon Mar 16 08:30:00 2026\nFrom: a@x.example\nTo: b@x.example\nSubject: one\n\n\
            hello\n>From here on\nFrom there\n\nFrom b@x.example Mon Mar 16 08:31:00 2026\nFrom: b@x.example\n\
            Subject: two\n\nbye\n";
        let found = mails(text, 1 << 20);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0]["subject"], "one");
        assert_eq!(found[0]["body"], json!(["hello\nFrom here on\nFrom there\n\n"]));
        assert_eq!(found[1]["subject"], "two");
        assert_eq!(found[1]["eml"]["from_line"], "b@x.example Mon Mar 16 08:31:00 2026");
    }

    #[test]
    fn what_has_no_header_is_told_too() {
        let found = mails("From a\n\nFrom b\nSubject: x\n\ny", 1 << 20);
        assert_eq!(found[0]["eml"], json!({ "from_line": "a", "size": 1, "unread": 0 }));
        assert_eq!(found[1]["subject"], "x");
    }

    #[test]
    fn a_mail_beyond_the_limit_is_read_in_front() {
        let text = format!("From a b\nSubject: x\n\n{}\n\nFrom c d\nSubject: y\n\nz\n", "w".repeat(200_000));
        let found = mails(&text, 1_000);
        assert_eq!((&found[0]["subject"], &found[1]["subject"]), (&json!("x"), &json!("y")));
        assert_eq!(found[0]["eml"]["unread"], 200_000 + 14 - 1_000);
    }
}
