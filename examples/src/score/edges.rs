//! Time-stamped edges in, the same rows with how surprising each is by all before it.

use super::{ScoreError, Scored, Table, moment};
use crate::input::inputs;
use csv::StringRecord;
use homeostat_baseline::{Edge, EdgeModel};
use std::io::Write;
use std::path::Path;

/// Seeds the model's tables. A program that scores a file at a time and keeps nothing needs no secret.
const SEED: u64 = 1;

/// Scores the edges of the table at `path`: columns `time`, `src`, `dst`.
///
/// Times are seconds since 1970, with or without a fraction, or RFC 3339.
///
/// # Errors
///
/// [`ScoreError`] when the table can not be read, lacks a column or holds no time where one should stand.
pub fn edges(path: &Path, out: impl Write) -> Result<(), ScoreError> {
    let files = inputs(&[path.to_owned()])?;
    let Some(file) = files.first() else { return Ok(()) };
    let mut table = Table::open(file)?;
    let [time, from, to] = [table.column("time")?, table.column("src")?, table.column("dst")?];
    let mut scored = Scored::new(out, table.header())?;
    let (mut model, mut row) = (EdgeModel::new(SEED), StringRecord::new());
    while table.next(&mut row)? {
        let cell = |at| row.get(at).unwrap_or_default();
        let when = moment(cell(time)).ok_or_else(|| table.bad_cell(&row, time, "time"))?;
        let edge = Edge { time: when, source: cell(from), destination: cell(to) };
        let verdict = model.learn(&edge).map_err(|error| table.refused(&row, &error))?;
        scored.row(&row, verdict.bits())?;
    }
    scored.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::Timestamp;

    #[test]
    fn the_stranger_of_a_table_has_the_most_bits() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "Time,SRC,dst,label").unwrap();
        for minute in 0..200 {
            writeln!(file, "{},10.0.0.{},10.0.0.1,-", minute * 60, minute % 4).unwrap();
        }
        writeln!(file, "12000,203.0.113.5,10.0.0.1,odd").unwrap();
        let mut out = Vec::new();
        edges(file.path(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("Time,SRC,dst,label,bits,p_value,anomaly_score\n"));
        let bits = |line: &str| line.split(',').nth(4).unwrap().parse::<f64>().unwrap();
        let all: Vec<f64> = text.lines().skip(50).map(bits).collect();
        let odd = *all.last().unwrap();
        assert!(all.iter().take(all.len() - 1).all(|bits| *bits < odd) && odd > 4.0, "{odd}");
    }

    #[test]
    fn times_are_read_in_each_spelling() {
        let micros = |text| moment(text).and_then(Timestamp::micros);
        assert_eq!(micros("1713484795"), Some(1_713_484_795_000_000));
        assert_eq!(micros("1713484795.94"), Some(1_713_484_795_940_000));
        assert_eq!(micros("2024-04-19T00:00:00Z"), Some(1_713_484_800_000_000));
        assert_eq!((micros("today"), micros("1.x"), micros("")), (None, None, None));
    }
}
