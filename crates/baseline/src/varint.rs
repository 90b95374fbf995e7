//! Numbers in as few bytes as they need: the body of an entity inside a snapshot.
//!
//! LEB128, as in the DWARF and WebAssembly specifications; a reader never allocates and refuses overlong forms.

use homeostat_core::SnapshotError;

/// What is written when the bytes end too early.
const CUT: SnapshotError = SnapshotError::Truncated;

/// Appends `value` in 7-bit groups, lowest first.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends a signed number; small ones of either sign are short.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, (value << 1 ^ value >> 63).cast_unsigned());
}

/// Appends a float as its IEEE bits.
pub(crate) fn put_float(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&(value + 0.0).to_bits().to_le_bytes());
}

/// Reads what the functions above wrote.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl Fields<'_> {
    /// Reads an unsigned number.
    pub(crate) fn number(&mut self) -> Result<u64, SnapshotError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(CUT)?;
            self.0 = rest;
            let group = u64::from(byte & 0x7F);
            let overlong = shift > 0 && *byte == 0 || shift == 63 && *byte > 1;
            if overlong {
                break;
            }
            value |= group << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(SnapshotError::Invalid { field: "number" })
    }

    /// Reads an unsigned number of at most 32 bits.
    pub(crate) fn small(&mut self) -> Result<u32, SnapshotError> {
        u32::try_from(self.number()?).map_err(|_| SnapshotError::Invalid { field: "number" })
    }

    /// Reads a count of items, each at least one byte wide, of which at most `limit` are sound.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize, SnapshotError> {
        match usize::try_from(self.number()?) {
            Ok(count) if count <= limit && count <= self.0.len() => Ok(count),
            _ => Err(SnapshotError::Invalid { field: "count" }),
        }
    }

    /// Reads a place in a table of `size` places.
    pub(crate) fn place(&mut self, size: usize) -> Result<usize, SnapshotError> {
        let place = usize::try_from(self.number()?).ok().filter(|place| *place < size);
        place.ok_or(SnapshotError::Invalid { field: "place" })
    }

    /// Reads a signed number.
    pub(crate) fn signed(&mut self) -> Result<i64, SnapshotError> {
        let raw = self.number()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// Reads a finite float.
    pub(crate) fn float(&mut self) -> Result<f64, SnapshotError> {
        let (bytes, rest) = self.0.split_first_chunk::<8>().ok_or(CUT)?;
        self.0 = rest;
        let value = f64::from_bits(u64::from_le_bytes(*bytes));
        let written = value.is_finite() && value.to_bits() == (value + 0.0).to_bits();
        if written { Ok(value) } else { Err(SnapshotError::Invalid { field: "float" }) }
    }

    /// Ends the reading.
    pub(crate) fn finish(&self) -> Result<(), SnapshotError> {
        if self.0.is_empty() { Ok(()) } else { Err(SnapshotError::TrailingBytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_round_trip(number: u64, signed: i64, float in -1e300_f64..1e300) {
            let mut out = Vec::new();
            put(&mut out, number);
            put_signed(&mut out, signed);
            put_float(&mut out, float);
            let mut fields = Fields(&out);
            prop_assert_eq!(fields.number().unwrap(), number);
            prop_assert_eq!(fields.signed().unwrap(), signed);
            prop_assert_eq!(fields.float().unwrap().to_bits(), (float + 0.0).to_bits());
            prop_assert_eq!(fields.finish(), Ok(()));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut fields = Fields(&bytes);
            while fields.number().is_ok() && !fields.0.is_empty() {}
        }
    }
}
