//! Finite numbers in and out of a snapshot, as the parts of a series model write them.

use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

const INVALID: SnapshotError = SnapshotError::Invalid { field: "series" };

/// Writes numbers, all finite.
pub(crate) fn put(out: &mut SnapshotWriter, numbers: &[f64]) {
    for number in numbers {
        out.f64(*number);
    }
}

/// Writes single-precision numbers, all finite.
pub(crate) fn put_short(out: &mut SnapshotWriter, numbers: &[f32]) {
    for number in numbers {
        out.u32((number + 0.0).to_bits());
    }
}

/// Refuses numbers below zero.
pub(crate) fn not_negative(numbers: &[f64]) -> Result<(), SnapshotError> {
    if numbers.iter().all(|number| *number >= 0.0) { Ok(()) } else { Err(INVALID) }
}

/// Reading of finite numbers.
pub(crate) trait Numbers {
    /// Reads `N` numbers.
    fn numbers<const N: usize>(&mut self) -> Result<[f64; N], SnapshotError>;

    /// Reads `N` single-precision numbers of 0 or more.
    fn counts<const N: usize>(&mut self) -> Result<[f32; N], SnapshotError>;

    /// Reads a single-precision number.
    fn short(&mut self) -> Result<f32, SnapshotError>;
}

impl Numbers for SnapshotReader<'_> {
    fn numbers<const N: usize>(&mut self) -> Result<[f64; N], SnapshotError> {
        let mut numbers = [0.0; N];
        for number in &mut numbers {
            *number = self.f64()?;
        }
        if numbers.iter().all(|number| number.is_finite()) { Ok(numbers) } else { Err(INVALID) }
    }

    fn counts<const N: usize>(&mut self) -> Result<[f32; N], SnapshotError> {
        let mut numbers = [0.0; N];
        for number in &mut numbers {
            *number = self.short()?;
        }
        if numbers.iter().all(|number| *number >= 0.0) { Ok(numbers) } else { Err(INVALID) }
    }

    fn short(&mut self) -> Result<f32, SnapshotError> {
        let number = f32::from_bits(self.u32()?);
        let written = number.is_finite() && number.to_bits() == (number + 0.0).to_bits();
        if written { Ok(number) } else { Err(INVALID) }
    }
}
