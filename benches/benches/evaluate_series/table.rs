//! The series of the corpus, as they lie there.

use flate2::read::MultiGzDecoder;
use homeostat_core::Timestamp;
use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// One series: values at their times, and what people marked.
#[derive(Default)]
pub(crate) struct Series {
    /// The folder that it lies in.
    pub(crate) group: String,
    /// `None` where a row has no value.
    pub(crate) rows: Vec<(Timestamp, Option<f64>)>,
    /// First and last rows of marked windows.
    pub(crate) windows: Vec<(usize, usize)>,
    /// Marked rows; empty where windows are marked.
    pub(crate) labels: Vec<bool>,
}

/// NAB's series with their windows.
pub(crate) fn nab(root: &Path) -> Result<Vec<Series>, Box<dyn Error>> {
    let labels: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&fs::read(root.join("labels/combined_windows.json"))?)?;
    let mut all = Vec::new();
    for (name, windows) in labels {
        let plain = root.join("data").join(&name);
        let path = if plain.exists() { plain } else { plain.with_added_extension("gz") };
        let mut series = self::plain(&path, ',', "value", None)?;
        name.split('/').next().unwrap_or_default().clone_into(&mut series.group);
        for window in windows.as_array().into_iter().flatten() {
            let moment = |at: usize| window.get(at)?.as_str()?.parse::<Timestamp>().ok();
            let (first, last) = moment(0).zip(moment(1)).ok_or("a window without its two times")?;
            let first = series.rows.iter().position(|(time, _)| *time >= first);
            let last = series.rows.iter().rposition(|(time, _)| *time <= last);
            series.windows.push(first.zip(last).ok_or("a window outside of its series")?);
        }
        all.push(series);
    }
    Ok(all)
}

/// The metrics of services, each with a mark on every row.
pub(crate) fn services(root: &Path) -> Result<Vec<Series>, Box<dyn Error>> {
    let mut all = Vec::new();
    for folder in sorted(root)?.into_iter().filter(|path| path.is_dir()) {
        for path in sorted(&folder)? {
            let name = path.to_string_lossy();
            if name.ends_with(".csv") || name.ends_with(".csv.gz") {
                all.push(plain(&path, ',', "value", Some("label"))?);
            }
        }
    }
    Ok(all)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// One table: a column of times, if it has one, that of the values, and that of the marks.
pub(crate) fn plain(
    path: &Path,
    comma: char,
    value: &str,
    label: Option<&str>,
) -> Result<Series, Box<dyn Error>> {
    let text = text(path)?;
    let mut lines = text.lines().map(|line| line.split(comma).map(|cell| cell.trim_matches('"').trim()));
    let header: Vec<&str> = lines.next().ok_or("an empty table")?.collect();
    let column = |name: &str| header.iter().position(|own| own.eq_ignore_ascii_case(name));
    let value = column(value).ok_or("no column of values")?;
    let (time, label) = (column("timestamp").or(column("datetime")), label.and_then(column));
    let mut series = Series::default();
    for (number, line) in (0_i64..).zip(lines) {
        let cells: Vec<&str> = line.collect();
        let moment = match time.and_then(|at| cells.get(at)) {
            Some(cell) => cell.parse()?,
            None => Timestamp::from_micros(number * 60_000_000),
        };
        series.rows.push((moment, cells.get(value).and_then(|cell| cell.parse().ok())));
        if let Some(mark) = label.and_then(|at| cells.get(at)) {
            series.labels.push(mark.parse::<f64>().is_ok_and(|mark| mark > 0.0));
        }
    }
    Ok(series)
}

fn text(path: &Path) -> Result<String, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
    } else {
        text = String::from_utf8(bytes)?;
    }
    Ok(text)
}
