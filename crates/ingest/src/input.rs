//! What an input is, told by its first bytes: packed or not, text or a form that is made text first.
//!
//! Packed input is unpacked whatever is in it, and UTF-16 behind a byte order mark becomes UTF-8. With the features of the same names a binary event log of Windows
//! (`evtx`) and stored mails (`eml`), one or a file of many, become lines of JSON. No more is read ahead than tells the one from the other.

#[cfg(feature = "eml")]
use crate::eml_line;
#[cfg(feature = "evtx")]
use crate::evtx_lines::{self, EvtxLines};
use crate::limit::Limits;
#[cfg(feature = "eml")]
use crate::mbox::Mailbox;
use crate::wide::{self, Wide};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Chain, Cursor, Read};

/// An input with the bytes before it that were looked at.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// What every member of gzip begins with.
const PACKED: &[u8] = &[0x1F, 0x8B];

/// An input whose form is found out when it is first read.
pub(crate) enum Input<R: Read> {
    Unknown(R),
    Text(Whole<Bytes<R>>),
    #[cfg(feature = "evtx")]
    Log(Box<EvtxLines<Whole<Bytes<R>>>>),
    #[cfg(feature = "eml")]
    Mail(Cursor<Vec<u8>>),
    #[cfg(feature = "eml")]
    Mails(Box<Mailbox<Whole<Bytes<R>>>>),
    Done,
}

/// The bytes of an input, unpacked, and not wider than they need be.
pub(crate) enum Bytes<R: Read> {
    Plain(Whole<R>),
    Packed(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
    Wide(Box<Wide<Self>>),
}

impl<R: Read> Read for Bytes<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(room),
            Self::Packed(packed) => packed.read(room),
            Self::Wide(wide) => wide.read(room),
        }
    }
}

impl<R: Read> Input<R> {
    /// Fills some of `room`; nothing only at the end.
    pub(crate) fn read_some(&mut self, room: &mut [u8], limits: &Limits) -> io::Result<usize> {
        if let Self::Unknown(_) = self {
            *self = std::mem::replace(self, Self::Done).told(limits)?;
        }
        loop {
            let read = match self {
                Self::Text(text) => text.read(room),
                #[cfg(feature = "evtx")]
                Self::Log(log) => log.read(room),
                #[cfg(feature = "eml")]
                Self::Mail(line) => line.read(room),
                #[cfg(feature = "eml")]
                Self::Mails(mails) => mails.read(room),
                Self::Unknown(_) | Self::Done => Ok(0),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn told(self, limits: &Limits) -> io::Result<Self> {
        let Self::Unknown(mut input) = self else { return Ok(self) };
        let head = begins_as(Vec::new(), &mut input, PACKED)?;
        let packed = head == PACKED;
        let whole = Cursor::new(head).chain(input);
        let mut bytes = if packed {
            Bytes::Packed(Box::new(MultiGzDecoder::new(BufReader::new(whole))))
        } else {
            Bytes::Plain(whole)
        };
        let head = begins_as(Vec::new(), &mut bytes, wide::LOW_FIRST)?;
        let head = begins_as(head, &mut bytes, wide::HIGH_FIRST)?;
        match Wide::behind(&head, bytes) {
            Ok(text) => Self::of(Vec::new(), Bytes::Wide(Box::new(text)), limits),
            Err(bytes) => Self::of(head, bytes, limits),
        }
    }

    /// What the unpacked bytes are, of which `head` was read. Of them a mail alone is held whole, up to the limit of a record.
    #[cfg_attr(not(feature = "eml"), expect(unused_variables, reason = "only a mail is held"))]
    #[cfg_attr(
        not(any(feature = "eml", feature = "evtx")),
        expect(unused_mut, clippy::unnecessary_wraps, reason = "nothing is looked at")
    )]
    fn of(head: Vec<u8>, mut bytes: Bytes<R>, limits: &Limits) -> io::Result<Self> {
        #[cfg(feature = "evtx")]
        let head = begins_as(head, &mut bytes, evtx_lines::MAGIC)?;
        #[cfg(feature = "evtx")]
        if head == evtx_lines::MAGIC {
            return Ok(Self::Log(Box::new(EvtxLines::new(Cursor::new(head).chain(bytes))?)));
        }
        #[cfg(feature = "eml")]
        let head = match eml_line::read(head, &mut bytes, limits.record_bytes)? {
            eml_line::Told::Mail(line) => return Ok(Self::Mail(Cursor::new(line))),
            eml_line::Told::Mailbox(head) => {
                let mails = Mailbox::new(Cursor::new(head).chain(bytes), limits.record_bytes);
                return Ok(Self::Mails(Box::new(mails)));
            }
            eml_line::Told::Other(head) => head,
        };
        Ok(Self::Text(Cursor::new(head).chain(bytes)))
    }
}

/// The first bytes of `input`, of which `head` was read, as far as they are those of `magic`, and the first that is not.
fn begins_as(mut head: Vec<u8>, input: &mut impl Read, magic: &[u8]) -> io::Result<Vec<u8>> {
    while head.len() < magic.len() && magic.starts_with(&head) {
        let before = head.len();
        input.by_ref().take(1).read_to_end(&mut head)?;
        if head.len() == before {
            break;
        }
    }
    Ok(head)
}
