//! Binary event logs of Windows as lines of JSON, so that they are read as any other input.
//!
//! The crate `evtx` reads the format; a chunk of 64 KiB is held at a time, with its records as text. A record that
//! cannot be read stands as a line that is no JSON, and is reported in its place.

use core::fmt;
use evtx::{EvtxParser, EvtxRecord, IntoIterChunks, ParserSettings};
use std::io::{self, Read, Seek};
use std::sync::Arc;

/// What stands for a record that cannot be read: it is no JSON.
const BROKEN: &[u8] = b"{";

/// A binary event log of Windows, read as one line of JSON a record.
///
/// ```no_run
/// use homeostat_ingest::{EvtxLines, Ingest, Registry};
/// use std::fs::File;
///
/// let log = EvtxLines::new(File::open("Security.evtx")?)?;
/// for event in Ingest::new(Registry::default()).read("Security.evtx", log) {
///     println!("{}", event?.to_json());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EvtxLines<R: Read + Seek> {
    chunks: IntoIterChunks<R>,
    settings: Arc<ParserSettings>,
    lines: Vec<u8>,
    at: usize,
}

impl<R: Read + Seek> EvtxLines<R> {
    /// The log in `input`, from its start.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] when the header is none of an event log.
    pub fn new(input: R) -> io::Result<Self> {
        let parser = EvtxParser::from_read_seek(input).map_err(|_| io::ErrorKind::InvalidData)?;
        let settings = Arc::new(ParserSettings::new().indent(false));
        Ok(Self { chunks: parser.into_chunks(), settings, lines: Vec::new(), at: 0 })
    }

    /// Reads the next chunk into lines; gives whether there was one.
    fn fill(&mut self) -> bool {
        self.lines.clear();
        self.at = 0;
        let Some(chunk) = self.chunks.next() else { return false };
        let read = chunk.ok().and_then(|mut chunk| {
            let mut records = chunk.parse(Arc::clone(&self.settings)).ok()?;
            for record in records.iter() {
                let json = record.and_then(EvtxRecord::into_json_bytes);
                self.lines.extend_from_slice(json.as_ref().map_or(BROKEN, |json| json.data.as_slice()));
                self.lines.push(b'\n');
            }
            Some(())
        });
        if read.is_none() {
            self.lines.extend_from_slice(BROKEN);
            self.lines.push(b'\n');
        }
        true
    }
}

impl<R: Read + Seek> Read for EvtxLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.lines.len() {
            if !self.fill() {
                return Ok(0);
            }
        }
        let rest = self.lines.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}

impl<R: Read + Seek> fmt::Debug for EvtxLines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvtxLines").field("held", &self.lines.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn what_is_no_log_is_refused() {
        for bytes in [&b""[..], b"ElfFile\0", &[0; 8_192]] {
            let refused = EvtxLines::new(Cursor::new(bytes)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        }
    }
}
