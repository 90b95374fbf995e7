//! Versioned bytes of a state: magic, version, body, checksum. One layout for every crate.
//!
//! Little-endian, fixed widths, lengths before contents, no padding; the last eight bytes are XXH64 of all
//! before. A reader checks the whole before it hands out the first field, and each field against what is left,
//! so that hostile bytes cost an error and never a large allocation.

use crate::{EntityKey, EntityKind, Position, Positions, Timestamp, xxh64};
use core::fmt;
use std::ops::RangeInclusive;

/// Why bytes are no snapshot. Shows no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes end before the snapshot does.
    Truncated,
    /// They begin like no snapshot of this type.
    WrongMagic,
    /// They were written by a version that this one does not read.
    UnknownVersion {
        /// The version they name.
        found: u16,
    },
    /// The checksum does not match.
    Damaged,
    /// Bytes follow the last field.
    TrailingBytes,
    /// A field breaks an invariant of the type.
    Invalid {
        /// Which field.
        field: &'static str,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the snapshot is cut off"),
            Self::WrongMagic => f.write_str("this is no snapshot of this type"),
            Self::UnknownVersion { found } => write!(f, "snapshot version {found} is not known"),
            Self::Damaged => f.write_str("the snapshot's checksum does not match"),
            Self::TrailingBytes => f.write_str("bytes follow the end of the snapshot"),
            Self::Invalid { field } => write!(f, "field `{field}` of the snapshot is not valid"),
        }
    }
}

impl std::error::Error for SnapshotError {}

/// Writes a snapshot field by field.
///
/// ```
/// use homeostat_core::{SnapshotReader, SnapshotWriter};
///
/// let mut out = SnapshotWriter::new(*b"DEMO", 1);
/// out.u64(42);
/// out.text("forty-two");
/// let bytes = out.finish();
///
/// let mut fields = SnapshotReader::open(&bytes, *b"DEMO", 1..=1)?;
/// assert_eq!((fields.u64()?, fields.text()?.as_str()), (42, "forty-two"));
/// fields.finish()?;
/// # Ok::<(), homeostat_core::SnapshotError>(())
/// ```
#[derive(Clone)]
pub struct SnapshotWriter(Vec<u8>);

impl SnapshotWriter {
    /// Begins a snapshot of the type that `magic` names, in its layout `version`.
    pub fn new(magic: [u8; 4], version: u16) -> Self {
        let mut bytes = magic.to_vec();
        bytes.extend_from_slice(&version.to_le_bytes());
        Self(bytes)
    }

    /// Writes one byte.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Writes a number of 32 bits.
    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes a number of 64 bits.
    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes a count or length.
    pub fn len(&mut self, value: usize) {
        self.u64(value as u64);
    }

    /// Writes a float as its IEEE bits, −0.0 as 0.0. NaN is excluded by the invariants of the types.
    pub fn f64(&mut self, value: f64) {
        self.u64((value + 0.0).to_bits());
    }

    /// Writes raw bytes with their length.
    pub fn bytes(&mut self, value: &[u8]) {
        self.len(value.len());
        self.0.extend_from_slice(value);
    }

    /// Writes a text with its length.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// Writes a moment or named value.
    pub fn time(&mut self, value: Timestamp) {
        self.0.extend_from_slice(&value.raw().to_le_bytes());
    }

    /// Writes an entity key.
    pub fn key(&mut self, value: &EntityKey) {
        self.u8(value.kind().number());
        self.text(value.scope());
        self.text(value.value());
    }

    /// Writes the positions of a state.
    pub fn positions(&mut self, value: &Positions) {
        self.len(value.iter().count());
        for position in value.iter() {
            self.u32(position.partition);
            self.u64(position.offset);
        }
    }

    /// The bytes, with their checksum.
    pub fn finish(mut self) -> Vec<u8> {
        let sum = xxh64(&self.0);
        self.0.extend_from_slice(&sum.to_le_bytes());
        self.0
    }
}

impl fmt::Debug for SnapshotWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SnapshotWriter({} bytes)", self.0.len())
    }
}

/// Reads a snapshot field by field, in the order it was written.
#[derive(Clone)]
pub struct SnapshotReader<'a> {
    rest: &'a [u8],
    version: u16,
}

impl<'a> SnapshotReader<'a> {
    /// Checks magic, version and checksum of `bytes`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] when any of the three is not as it must be.
    pub fn open(
        bytes: &'a [u8],
        magic: [u8; 4],
        versions: RangeInclusive<u16>,
    ) -> Result<Self, SnapshotError> {
        let (found, rest) = bytes.split_first_chunk::<4>().ok_or(SnapshotError::Truncated)?;
        if *found != magic {
            return Err(SnapshotError::WrongMagic);
        }
        let (version, _) = rest.split_first_chunk::<2>().ok_or(SnapshotError::Truncated)?;
        let version = u16::from_le_bytes(*version);
        if !versions.contains(&version) {
            return Err(SnapshotError::UnknownVersion { found: version });
        }
        let (body, sum) = bytes.split_last_chunk::<8>().ok_or(SnapshotError::Truncated)?;
        let fields = body.get(6..).ok_or(SnapshotError::Truncated)?;
        if xxh64(body) != u64::from_le_bytes(*sum) {
            return Err(SnapshotError::Damaged);
        }
        Ok(Self { rest: fields, version })
    }

    /// The layout version that wrote the bytes.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Reads one byte.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Truncated`] when none is left. So for every reading method.
    pub fn u8(&mut self) -> Result<u8, SnapshotError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Reads a number of 32 bits.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`].
    pub fn u32(&mut self) -> Result<u32, SnapshotError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads a number of 64 bits.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`].
    pub fn u64(&mut self) -> Result<u64, SnapshotError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads the count of items that follow, each at least `item` bytes wide.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Truncated`] when so many items can not be left.
    pub fn len(&mut self, item: usize) -> Result<usize, SnapshotError> {
        let count = usize::try_from(self.u64()?).map_err(|_| SnapshotError::Truncated)?;
        let fits = count.checked_mul(item.max(1)).is_some_and(|bytes| bytes <= self.rest.len());
        if fits { Ok(count) } else { Err(SnapshotError::Truncated) }
    }

    /// Reads a float.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`]; [`SnapshotError::Invalid`] for NaN and −0.0, which no writer makes.
    pub fn f64(&mut self) -> Result<f64, SnapshotError> {
        let value = f64::from_bits(self.u64()?);
        let written = !value.is_nan() && value.to_bits() == (value + 0.0).to_bits();
        if written { Ok(value) } else { Err(SnapshotError::Invalid { field: "float" }) }
    }

    /// Reads raw bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`].
    pub fn bytes(&mut self) -> Result<&'a [u8], SnapshotError> {
        let length = self.len(1)?;
        let (value, rest) = self.rest.split_at_checked(length).ok_or(SnapshotError::Truncated)?;
        self.rest = rest;
        Ok(value)
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`]; [`SnapshotError::Invalid`] for what is not UTF-8.
    pub fn text(&mut self) -> Result<String, SnapshotError> {
        let text = str::from_utf8(self.bytes()?).map_err(|_| SnapshotError::Invalid { field: "text" })?;
        Ok(text.to_owned())
    }

    /// Reads a moment or named value.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`]; [`SnapshotError::Invalid`] for what no timestamp holds.
    pub fn time(&mut self) -> Result<Timestamp, SnapshotError> {
        let raw = self.array().map(i64::from_le_bytes)?;
        Timestamp::from_raw(raw).ok_or(SnapshotError::Invalid { field: "time" })
    }

    /// Reads an entity key.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`]; [`SnapshotError::Invalid`] for what is no key in canonical spelling.
    pub fn key(&mut self) -> Result<EntityKey, SnapshotError> {
        const INVALID: SnapshotError = SnapshotError::Invalid { field: "key" };
        let kind = EntityKind::ALL.get(usize::from(self.u8()?)).ok_or(INVALID)?;
        let (scope, value) = (self.text()?, self.text()?);
        let key = EntityKey::new(*kind, &scope, &value).map_err(|_| INVALID)?;
        if key.scope() == scope && key.value() == value { Ok(key) } else { Err(INVALID) }
    }

    /// Reads the positions of a state.
    ///
    /// # Errors
    ///
    /// As [`Self::u8`]; [`SnapshotError::Invalid`] when partitions are not in rising order.
    pub fn positions(&mut self) -> Result<Positions, SnapshotError> {
        let mut positions = Positions::default();
        let mut last = None;
        for _ in 0..self.len(12)? {
            let position = Position { partition: self.u32()?, offset: self.u64()? };
            if last.is_some_and(|last| last >= position.partition) {
                return Err(SnapshotError::Invalid { field: "positions" });
            }
            last = Some(position.partition);
            positions.advance(position);
        }
        Ok(positions)
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::TrailingBytes`] when something is left.
    pub fn finish(self) -> Result<(), SnapshotError> {
        if self.rest.is_empty() { Ok(()) } else { Err(SnapshotError::TrailingBytes) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (value, rest) = self.rest.split_first_chunk::<N>().ok_or(SnapshotError::Truncated)?;
        self.rest = rest;
        Ok(*value)
    }
}

impl fmt::Debug for SnapshotReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SnapshotReader(version {}, {} bytes left)", self.version, self.rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(number: u64, float: f64, text: &str, time: Timestamp) -> Vec<u8> {
        let mut out = SnapshotWriter::new(*b"TEST", 2);
        out.u64(number);
        out.f64(float);
        out.text(text);
        out.time(time);
        out.finish()
    }

    #[test]
    fn damage_is_named() {
        let bytes = written(1, 0.5, "text", Timestamp::NEVER);
        for length in 0..bytes.len() {
            assert!(SnapshotReader::open(&bytes[..length], *b"TEST", 1..=2).is_err(), "cut at {length}");
        }
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert!(SnapshotReader::open(&altered, *b"TEST", 1..=2).is_err(), "altered at {at}");
        }
        let future = SnapshotReader::open(&bytes, *b"TEST", 1..=1).unwrap_err();
        assert_eq!(future.to_string(), "snapshot version 2 is not known");
        let other = SnapshotReader::open(&bytes, *b"ELSE", 1..=2).unwrap_err();
        assert_eq!(other.to_string(), "this is no snapshot of this type");
    }

    #[test]
    fn a_hostile_length_costs_an_error_and_no_memory() {
        let mut out = SnapshotWriter::new(*b"TEST", 1);
        out.u64(u64::MAX);
        let bytes = out.finish();
        let mut reader = SnapshotReader::open(&bytes, *b"TEST", 1..=1).unwrap();
        assert_eq!(reader.clone().len(8), Err(SnapshotError::Truncated));
        assert_eq!(reader.text(), Err(SnapshotError::Truncated));
    }

    proptest! {
        #[test]
        fn fields_round_trip(number: u64, float in -1e300_f64..1e300, text in ".{0,30}", micros: i64) {
            let time = Timestamp::from_micros(micros);
            let bytes = written(number, float, &text, time);
            let mut fields = SnapshotReader::open(&bytes, *b"TEST", 1..=2).unwrap();
            prop_assert_eq!(fields.u64().unwrap(), number);
            prop_assert_eq!(fields.f64().unwrap().to_bits(), (float + 0.0).to_bits());
            prop_assert_eq!(fields.text().unwrap(), text);
            prop_assert_eq!(fields.time().unwrap(), time);
            prop_assert_eq!(fields.finish(), Ok(()));
        }
    }
}
