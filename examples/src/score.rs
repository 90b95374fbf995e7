//! Rows of a table in, the same rows with their scores out: what the modes of the `score` example share.

mod beacons;
mod edges;
mod records;
mod sequences;
mod series;

pub use beacons::beacons;
pub use edges::edges;
pub use records::records;
pub use sequences::sequences;
pub use series::series;

use crate::input::Input;
use csv::StringRecord;
use homeostat_core::{Bits, Timestamp};
use std::fmt;
use std::io::{self, Read, Write};

/// Columns that hold answers: they go through to the output and are never looked at.
const ANSWERS: [&str; 3] = ["label", "anomaly", "changepoint"];

/// Why a table can not be scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The table has no such column, in any spelling of its case.
    #[error("`{file}` has no column `{column}`")]
    NoColumn {
        /// The name of the file.
        file: String,
        /// The name that was asked for.
        column: String,
    },
    /// A cell holds something else than its column should.
    #[error("`{file}`, line {line}: `{column}` is no {expected}")]
    BadCell {
        /// The name of the file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The name of the column.
        column: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The model refuses what a row holds.
    #[error("`{file}`, line {line}: {reason}")]
    Refused {
        /// The name of the file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Why, in the model's words.
        reason: String,
    },
    /// The file is no CSV table.
    #[error(transparent)]
    Table(#[from] csv::Error),
    /// It can not be opened.
    #[error(transparent)]
    Unreadable(#[from] crate::input::Unreadable),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A CSV table with a header line, read row by row; gzip as it is.
pub struct Table {
    file: String,
    header: StringRecord,
    reader: csv::Reader<Box<dyn Read>>,
}

impl Table {
    /// Opens the table and reads its header.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] when it can not be opened or has no header.
    pub fn open(input: &Input) -> Result<Self, ScoreError> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(Box::new(input.unpacked()?) as Box<dyn Read>);
        let header = reader.headers()?.clone();
        Ok(Self { file: input.name().to_owned(), header, reader })
    }

    /// The names of the columns, as the file spells them.
    pub fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Where the column called `name` stands; the case does not matter.
    ///
    /// # Errors
    ///
    /// [`ScoreError::NoColumn`] when there is none.
    pub fn column(&self, name: &str) -> Result<usize, ScoreError> {
        let found = self.header.iter().position(|own| own.eq_ignore_ascii_case(name));
        found.ok_or_else(|| ScoreError::NoColumn { file: self.file.clone(), column: name.to_owned() })
    }

    /// Where the columns stand that hold no answers, in order.
    pub fn data_columns(&self) -> Vec<usize> {
        let is_answer = |name: &str| ANSWERS.iter().any(|answer| answer.eq_ignore_ascii_case(name));
        self.header.iter().enumerate().filter(|(_, name)| !is_answer(name)).map(|(at, _)| at).collect()
    }

    /// Reads the next row into `row`; `false` at the end.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] when the file can not be read further.
    pub fn next(&mut self, row: &mut StringRecord) -> Result<bool, ScoreError> {
        Ok(self.reader.read_record(row)?)
    }

    /// The error of a cell that holds something else than it should.
    pub fn bad_cell(&self, row: &StringRecord, column: usize, expected: &'static str) -> ScoreError {
        let line = row.position().map_or(0, csv::Position::line);
        let column = self.header.get(column).unwrap_or_default().to_owned();
        ScoreError::BadCell { file: self.file.clone(), line, column, expected }
    }

    /// The error of a row that the model refuses.
    pub fn refused(&self, row: &StringRecord, reason: &dyn std::fmt::Display) -> ScoreError {
        let line = row.position().map_or(0, csv::Position::line);
        ScoreError::Refused { file: self.file.clone(), line, reason: reason.to_string() }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("file", &self.file).finish_non_exhaustive()
    }
}

/// From so many on a number is of milliseconds: as seconds it would lie beyond the year 5138.
const MILLIS: f64 = 1e11;

/// The moment that `text` names: RFC 3339 with `T` or a space, or seconds or milliseconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    let Ok(number) = text.parse::<f64>() else { return text.parse().ok() };
    let micros = if number.abs() < MILLIS { number * 1e6 } else { number * 1e3 };
    // What is below a microsecond is cut; 9e18 is the last whole second that fits.
    #[expect(clippy::cast_possible_truncation, reason = "checked against the range")]
    (micros.abs() < 9e18).then(|| Timestamp::from_micros(micros as i64))
}

/// Writes rows with their scores.
pub struct Scored<W: Write>(csv::Writer<W>);

impl<W: Write> fmt::Debug for Scored<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scored").finish_non_exhaustive()
    }
}

impl<W: Write> Scored<W> {
    /// Writes the header: `columns` and the three of the score.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] when writing fails.
    pub fn new<'a>(out: W, columns: impl IntoIterator<Item = &'a str>) -> Result<Self, ScoreError> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(columns.into_iter().chain(["bits", "p_value", "anomaly_score"]))?;
        Ok(Self(writer))
    }

    /// Writes one row with its score, to 17 significant digits.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] when writing fails.
    pub fn row<'a>(
        &mut self,
        cells: impl IntoIterator<Item = &'a str>,
        bits: Bits,
    ) -> Result<(), ScoreError> {
        let bits = bits.get();
        for cell in cells {
            self.0.write_field(cell)?;
        }
        for number in [bits, (-bits).exp2(), 1.0 - (-bits / 16.0).exp2()] {
            self.0.write_field(format!("{number:.16e}"))?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    ///
    /// [`ScoreError`] when writing fails.
    pub fn finish(mut self) -> Result<(), ScoreError> {
        Ok(self.0.flush()?)
    }
}
