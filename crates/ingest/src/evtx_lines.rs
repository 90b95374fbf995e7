//! Binary event logs of Windows as lines of JSON, so that they are read as any other input.
//!
//! The crate `evtx` reads the format, chunk by chunk: 64 KiB are held at a time, with their records as text, and the
//! input need not be a file. A record that cannot be read stands as a line that is no JSON, and is reported in its
//! place. Source of the layout: [MS-EVEN6] section 2.2, and the notes of libevtx on headers and chunks.

use core::fmt;
use evtx::{EvtxChunkData, EvtxRecord, ParserSettings};
use std::io::{self, Read};
use std::sync::Arc;

/// What stands for a record that cannot be read: it is no JSON.
const BROKEN: &[u8] = b"{\n";

/// What every log begins with.
pub(crate) const MAGIC: &[u8; 8] = b"ElfFile\0";

/// What every chunk begins with that was ever written to.
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";

/// The length of the block that the header of a log stands in, and of a chunk.
const HEADER: usize = 4 << 10;
const CHUNK: u64 = 64 << 10;

/// Where the header says how many chunks were written to.
const COUNT: usize = 42;

/// A binary event log of Windows, read as one line of JSON a record.
///
/// [`Ingest::read`](crate::Ingest::read) tells such a log by its first bytes and reads it so by itself; this is for
/// those who want the lines.
///
/// ```no_run
/// use homeostat_ingest::EvtxLines;
/// use std::fs::File;
/// use std::io::{BufRead, BufReader};
///
/// let log = EvtxLines::new(File::open("Security.evtx")?)?;
/// for line in BufReader::new(log).lines() {
///     println!("{}", line?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EvtxLines<R: Read> {
    input: R,
    settings: Arc<ParserSettings>,
    // How many of the next chunks hold records as the header says, which a log that was not closed says too low.
    used: u16,
    // How many chunks in a row were none: room that no record was written to, unless one with records follows.
    blank: usize,
    lines: Vec<u8>,
    at: usize,
}

impl<R: Read> EvtxLines<R> {
    /// The log in `input`, from its start.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] when the header is none of an event log, and whatever `input` gives.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut header = [0; HEADER];
        let read = input.read_exact(&mut header);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::ErrorKind::InvalidData.into(),
            _ => error,
        })?;
        if !header.starts_with(MAGIC) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let settings = Arc::new(ParserSettings::new().indent(false));
        let used =
            header.get(COUNT..).and_then(|rest| rest.first_chunk()).map_or(0, |two| u16::from_le_bytes(*two));
        Ok(Self { input, settings, used, blank: 0, lines: Vec::new(), at: 0 })
    }

    /// Reads the next chunk into lines; gives whether there was one.
    fn fill(&mut self) -> io::Result<bool> {
        self.lines.clear();
        self.at = 0;
        let mut data = Vec::new();
        let length = self.input.by_ref().take(CHUNK).read_to_end(&mut data)? as u64;
        if data.starts_with(CHUNK_MAGIC) {
            self.lines.extend_from_slice(&BROKEN.repeat(self.blank));
            self.blank = 0;
            self.write_records(data, length);
        } else if self.used > 0 && length > 0 {
            self.lines.extend_from_slice(BROKEN);
        } else {
            self.blank += 1;
        }
        self.used = self.used.saturating_sub(1);
        Ok(length > 0)
    }

    /// Writes the records of a chunk; one that the input ends in gives what is there of it.
    fn write_records(&mut self, mut data: Vec<u8>, length: u64) {
        data.resize(usize::try_from(CHUNK).unwrap_or(data.len()), 0);
        let mut whole = length == CHUNK;
        let read = EvtxChunkData::new(data, false).ok().and_then(|mut chunk| {
            let mut records = chunk.parse(Arc::clone(&self.settings)).ok()?;
            for record in records.iter() {
                let Ok(json) = record.and_then(EvtxRecord::into_json_bytes) else {
                    self.lines.extend_from_slice(BROKEN);
                    whole = true;
                    continue;
                };
                self.lines.extend_from_slice(&json.data);
                self.lines.push(b'\n');
            }
            Some(())
        });
        if read.is_none() || !whole {
            self.lines.extend_from_slice(BROKEN);
        }
    }
}

impl<R: Read> Read for EvtxLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.lines.len() {
            if !self.fill()? {
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

impl<R: Read> fmt::Debug for EvtxLines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvtxLines").field("held", &self.lines.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &[u8]) -> String {
        let mut text = String::new();
        EvtxLines::new(log).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// A log of which the header says that so many chunks hold records.
    fn log(used: u8, chunks: &[&[u8]]) -> Vec<u8> {
        let mut log = MAGIC.to_vec();
        log.resize(HEADER, 0);
        log[COUNT] = used;
        for chunk in chunks {
            log.extend_from_slice(chunk);
        }
        log
    }

    /// A chunk's length of one byte.
    fn full(byte: u8) -> Vec<u8> {
        vec![byte; 64 << 10]
    }

    #[test]
    fn what_is_no_log_is_refused() {
        for bytes in [&b""[..], b"ElfFile\0", &[0; 8_192]] {
            let refused = EvtxLines::new(bytes).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn room_that_is_not_used_gives_nothing() {
        assert_eq!(lines(&log(0, &[])), "");
        assert_eq!(lines(&log(0, &[&full(0), &full(7), &[7; 100]])), "");
    }

    #[test]
    fn a_broken_chunk_is_one_broken_line() {
        assert_eq!(lines(&log(1, &[&full(7), &full(0), &[7; 9]])), "{\n");
        assert_eq!(lines(&log(0, &[b"ElfChnk\0"])), "{\n");
        assert_eq!(lines(&log(0, &[&full(7), b"ElfChnk\0"])), "{\n{\n");
    }
}
