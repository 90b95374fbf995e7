//! One series of numbers: each row's value against what the rows before it taught.

use super::{ScoreError, Scored, Table, moment};
use crate::input;
use csv::StringRecord;
use homeostat_baseline::{Reading, SeriesModel};
use homeostat_core::{Bits, Position, State as _};
use std::io::Write;
use std::path::Path;

/// Scores the series in `path`, columns `timestamp` and `value`, in the order of its rows.
///
/// A row without a value is a gap: it scores nothing and teaches nothing.
///
/// # Errors
///
/// [`ScoreError`] when the table can not be read, or a cell holds no time or no number.
pub fn series(path: &Path, out: impl Write) -> Result<(), ScoreError> {
    let inputs = input::inputs(&[path.to_owned()])?;
    let Some(input) = inputs.first() else { return Ok(()) };
    let mut table = Table::open(input)?;
    let (time, value) = (table.column("timestamp")?, table.column("value")?);
    let mut scored = Scored::new(out, table.header())?;
    let mut model = SeriesModel::default();
    let mut row = StringRecord::new();
    for offset in 0.. {
        if !table.next(&mut row)? {
            break;
        }
        let bits = match reading(&table, &row, (time, value))? {
            None => Bits::ZERO,
            Some(reading) => {
                let score = model.observe(Position::at(offset), &reading);
                let score = score.map_err(|error| table.refused(&row, &error))?;
                score.applied().map_or(Bits::ZERO, |score| score.bits())
            }
        };
        scored.row(&row, bits)?;
    }
    scored.finish()
}

/// The reading of a row; `None` where the row has no value.
fn reading(
    table: &Table,
    row: &StringRecord,
    (time, value): (usize, usize),
) -> Result<Option<Reading>, ScoreError> {
    let cell = row.get(value).unwrap_or_default();
    if cell.is_empty() {
        return Ok(None);
    }
    let number = cell.parse().map_err(|_| table.bad_cell(row, value, "number"))?;
    let moment = moment(row.get(time).unwrap_or_default());
    let moment = moment.ok_or_else(|| table.bad_cell(row, time, "time"))?;
    Ok(Some(Reading::new(moment, number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::Timestamp;
    use std::fmt::Write as _;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn scored(table: &str) -> Result<String, ScoreError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("homeostat-series-{}-{number}.csv", std::process::id()));
        std::fs::write(&file, table)?;
        let mut out = Vec::new();
        let result = series(&file, &mut out);
        std::fs::remove_file(&file)?;
        result.map(|()| String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn each_row_comes_back_with_its_score() {
        let mut table = String::from("TimeStamp,Value,Label\n");
        for minute in 0..700 {
            let value = if minute == 650 { 999 } else { 10 + minute * 7 % 5 };
            let (hour, minute) = (minute / 60, minute % 60);
            writeln!(table, "2014-02-14 {hour:02}:{minute:02}:00,{value},0").unwrap();
        }
        table += "2014-02-14 12:00:00,,1\n";
        let out = scored(&table).unwrap();
        let rows: Vec<&str> = out.lines().collect();
        assert_eq!((rows.len(), rows[0]), (702, "TimeStamp,Value,Label,bits,p_value,anomaly_score"));
        let bits = |row: &str| row.split(',').nth(3).unwrap().parse::<f64>().unwrap();
        let most = rows[1..].iter().map(|row| bits(row)).fold(0.0, f64::max);
        assert!(most > 8.0 && bits(rows[651]) >= most, "{most}");
        assert!(rows[701].starts_with("2014-02-14 12:00:00,,1,0.0"), "a gap scores nothing: {}", rows[701]);
    }

    #[test]
    fn times_are_read_in_all_their_forms() {
        let same =
            ["2014-02-14 14:30:00", "2014-02-14T14:30:00Z", "1392388200", "1392388200000", "1392388200.0"];
        for text in same {
            assert_eq!(moment(text), Some(Timestamp::from_micros(1_392_388_200_000_000)), "{text}");
        }
        assert_eq!((moment(""), moment("soon"), moment("1e300"), moment("NaN")), (None, None, None, None));
    }

    #[test]
    fn what_is_no_series_is_refused_with_its_line() {
        for (table, message) in [
            ("time,value\n1,2\n", "has no column `timestamp`"),
            ("timestamp,value\n1,2\n2,two\n", "line 3: `value` is no number"),
            ("timestamp,value\nnever mind,2\n", "line 2: `timestamp` is no time"),
            ("timestamp,value\n1,inf\n", "line 2: the value is not a finite number"),
        ] {
            let error = scored(table).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
