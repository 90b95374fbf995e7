//! Records of numbers and words: every column but those of answers, whatever they are called.
//!
//! What a column is, its cells tell, without looking ahead: a cell that reads as a finite number is one, an empty
//! cell (also `NA`, `NaN`, `null` and `?`) is absent, and anything else is a word, `-` and `none` among them. From
//! the first word on all cells of its column are words, also those that read as numbers, so that codes among names
//! stay codes. `--categorical` names columns of words that look like numbers.

use super::{ScoreError, Scored, Table};
use crate::input::inputs;
use csv::StringRecord;
use homeostat_baseline::{Cell, Record, RecordConfig, RecordModel};
use homeostat_core::{Position, State as _};
use std::io::Write;
use std::path::Path;

/// What stands for a cell that is not there.
const ABSENT: [&str; 5] = ["", "na", "nan", "null", "?"];

/// Scores the records of a table; a tick is `tick` records long, at least 8 and at most `u32::MAX`.
///
/// # Errors
///
/// [`ScoreError`] when the file can not be read, lacks a categorical column, or has more columns than a model takes.
pub fn records(path: &Path, categorical: &[String], tick: u64, out: impl Write) -> Result<(), ScoreError> {
    let Some(input) = inputs(&[path.to_owned()])?.into_iter().next() else { return Ok(()) };
    score(&mut Table::open(&input)?, categorical, tick, out)
}

fn score(table: &mut Table, categorical: &[String], tick: u64, out: impl Write) -> Result<(), ScoreError> {
    let mut columns = Vec::new();
    for place in table.data_columns() {
        columns.push(Column { place, is_words: false });
    }
    for name in categorical {
        let place = table.column(name)?;
        columns.iter_mut().filter(|column| column.place == place).for_each(|column| column.is_words = true);
    }
    let mut config = RecordConfig::default();
    config.tick = u32::try_from(tick.max(8)).unwrap_or(u32::MAX);
    let mut model = RecordModel::new(config).unwrap_or_default();
    let mut scored = Scored::new(out, table.header())?;
    let (mut row, mut offset) = (StringRecord::new(), 0);
    while table.next(&mut row)? {
        let cells: Vec<Cell<'_>> = columns.iter_mut().map(|column| column.read(&row)).collect();
        let seen = model.observe(Position::at(offset), &Record::new(&cells));
        let seen = seen.map_err(|error| table.refused(&row, &error))?;
        scored.row(&row, seen.applied().map(|score| score.bits()).unwrap_or_default())?;
        offset += 1;
    }
    scored.finish()
}

/// A column of data, and whether its cells are words by now.
struct Column {
    place: usize,
    is_words: bool,
}

impl Column {
    fn read<'r>(&mut self, row: &'r StringRecord) -> Cell<'r> {
        let text = row.get(self.place).unwrap_or_default();
        if ABSENT.iter().any(|absent| absent.eq_ignore_ascii_case(text)) {
            return Cell::Absent;
        }
        match text.parse::<f64>() {
            Ok(x) if x.is_finite() && !self.is_words => Cell::Number(x),
            _ => {
                self.is_words = true;
                Cell::Word(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(text: &str, categorical: &[&str]) -> Vec<Vec<String>> {
        let path =
            std::env::temp_dir().join(format!("homeostat-records-{}-{}.csv", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        let mut out = Vec::new();
        let categorical: Vec<String> = categorical.iter().map(|name| (*name).to_owned()).collect();
        let result = records(&path, &categorical, 1_000, &mut out);
        std::fs::remove_file(&path).unwrap();
        result.unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn bits(row: &[String]) -> f64 {
        row[row.len() - 3].parse().unwrap()
    }

    #[test]
    fn an_odd_row_stands_out_and_labels_change_nothing() {
        let table = |label: &str| {
            let mut text = format!("service,Bytes,{label}\n");
            for n in 0..3_000 {
                let odd = if n == 2_500 { "http,9000000,1" } else { &format!("http,{},0", 200 + n % 89) };
                text.push_str(odd);
                text.push('\n');
            }
            text
        };
        let rows = scored(&table("Label"), &[]);
        assert_eq!(rows[0], ["service", "Bytes", "Label", "bits", "p_value", "anomaly_score"]);
        let most = (1..rows.len()).max_by(|a, b| bits(&rows[*a]).total_cmp(&bits(&rows[*b]))).unwrap();
        assert_eq!((most, rows.len()), (2_501, 3_001));
        let swapped = table("anomaly").replace(",1\n", ",0\n");
        assert!(rows[1..].iter().zip(&scored(&swapped, &[])[1..]).all(|(a, b)| a[3] == b[3]));
    }

    #[test]
    fn a_column_of_codes_is_one_of_words_when_it_says_so_or_when_a_word_comes() {
        let row = StringRecord::from(vec!["7", "", "nan", "-", "1e400"]);
        let read = |place, is_words| Column { place, is_words }.read(&row);
        assert!(read(0, false) == Cell::Number(7.0) && read(0, true) == Cell::Word("7"));
        assert!(read(1, true) == Cell::Absent && read(2, false) == Cell::Absent);
        assert!(read(3, false) == Cell::Word("-") && read(4, false) == Cell::Word("1e400"));
        let mut column = Column { place: 3, is_words: false };
        column.read(&row);
        column.place = 0;
        assert!(column.read(&row) == Cell::Word("7"));
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let path = std::env::temp_dir().join(format!("homeostat-records-{}.csv", std::process::id()));
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let error = records(&path, &["c".to_owned()], 1_000, Vec::new()).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert!(error.to_string().ends_with("has no column `c`"), "{error}");
    }
}
