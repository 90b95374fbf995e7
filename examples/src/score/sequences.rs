//! Blocks of symbols with their surprise: whose commands are these, and does a program call like this?
//!
//! Two shapes, told apart by the first line, gzip or not:
//! - *one symbol a line*: cut into blocks, a row each: `block` and `start` (its first symbol) from the start of
//!   the file, both from 0, and `part`. The first 5,000 symbols are known to be the user's own: their blocks are of part `training`
//!   and teach in full; each later one is of part `judged`, scored by what came before and then taught with
//!   caution. `--peers` names a table `peer,command` of others, who are learnt first, in rounds of a block each.
//! - *a table with columns `part` and `calls`*, calls being symbols with spaces between: rows whose part is `training`, wherever
//!   they stand, teach in full and in order; then all other rows are scored and teach nothing, so their order
//!   means nothing. Without a training row each row is scored and then learnt. The rows come out as they went in.

use super::{ScoreError, Scored, Table};
use crate::input::{Input, inputs};
use csv::StringRecord;
use homeostat_baseline::{BadPassage, Passage, SequenceConfig, SequenceModel};
use homeostat_core::{Bits, EntityKey, EntityKind, Position, State as _};
use std::io::{BufRead as _, BufReader, Cursor, Read, Write};
use std::path::Path;

/// Symbols at the start of a file that are known to be the user's own.
const OWN: usize = 5_000;
/// Symbols in the longest context of a trace: of system calls there are few kinds, so long contexts come again.
const TRACE_ORDER: usize = 8;
/// Places for one program's traces, some million calls.
const TRACE_PLACES: usize = 1 << 22;

/// Scores the blocks or traces of the file at `path`.
///
/// # Errors
///
/// [`ScoreError`] when a file can not be read or is no such table, or writing fails.
pub fn sequences(path: &Path, peers: Option<&Path>, block: usize, out: impl Write) -> Result<(), ScoreError> {
    let input = one(path)?;
    let mut reader = input.unpacked()?;
    let mut first = Vec::new();
    reader.read_until(b'\n', &mut first)?;
    let is_table = is_trace_header(&String::from_utf8_lossy(&first));
    let whole = Cursor::new(first).chain(reader);
    if is_table { traces(input.name(), whole, out) } else { blocks((whole, block.max(1)), peers, out) }
}

fn one(path: &Path) -> Result<Input, ScoreError> {
    let found = inputs(&[path.to_path_buf()])?;
    let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no file to score");
    Ok(found.into_iter().next().ok_or_else(missing)?)
}

fn is_trace_header(line: &str) -> bool {
    let has =
        |name: &str| line.split(',').any(|cell| cell.trim().trim_matches('"').eq_ignore_ascii_case(name));
    has("part") && has("calls")
}

/// A model and where it stands.
struct Course {
    model: SequenceModel,
    next: u64,
}

impl Course {
    fn new(config: SequenceConfig) -> Result<Self, ScoreError> {
        let model = SequenceModel::new(config).map_err(std::io::Error::other)?;
        Ok(Self { model, next: 0 })
    }

    /// Scores a passage, then learns it. One without symbols is no surprise and teaches nothing.
    fn learn(&mut self, passage: &Passage) -> Result<Bits, ScoreError> {
        let seen = self.model.observe(Position::at(self.next), passage);
        self.next += 1;
        match seen {
            Ok(seen) => Ok(seen.applied().map_or(Bits::ZERO, |verdict| verdict.bits())),
            Err(BadPassage::Empty) => Ok(Bits::ZERO),
            Err(error) => Err(std::io::Error::other(error).into()),
        }
    }

    fn score(&self, passage: &Passage) -> Result<Bits, ScoreError> {
        match self.model.score(passage) {
            Ok(verdict) => Ok(verdict.bits()),
            Err(BadPassage::Empty) => Ok(Bits::ZERO),
            Err(error) => Err(std::io::Error::other(error).into()),
        }
    }
}

fn key(kind: EntityKind, name: &str) -> Result<EntityKey, ScoreError> {
    Ok(EntityKey::new(kind, "score", name).map_err(std::io::Error::other)?)
}

/// Blocks of symbols, one symbol a line.
fn blocks(
    (lines, size): (impl Read, usize),
    peers: Option<&Path>,
    out: impl Write,
) -> Result<(), ScoreError> {
    let mut course = Course::new(SequenceConfig::default())?;
    if let Some(peers) = peers {
        teach_peers(&mut course, &mut Table::open(&one(peers)?)?, size)?;
    }
    let user = key(EntityKind::LocalUser, "user")?;
    let mut scored = Scored::new(out, ["block", "start", "part"])?;
    let mut symbols = Symbols { lines: BufReader::new(lines), line: Vec::new() };
    for number in 0_usize.. {
        let start = number.saturating_mul(size);
        let taken = symbols.take(size)?;
        if taken.is_empty() {
            break;
        }
        let mut passage = Passage::new(user.clone(), taken);
        if peers.is_some() {
            passage = passage.of_group("peers");
        }
        let part = if start < OWN { "training" } else { "judged" };
        if start < OWN {
            passage = passage.trusted();
        }
        let bits = course.learn(&passage)?;
        scored.row([number.to_string().as_str(), start.to_string().as_str(), part], bits)?;
    }
    scored.finish()
}

/// Symbols of a file, empty lines left out.
struct Symbols<R> {
    lines: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read> Symbols<R> {
    /// The next `size` symbols, fewer at the end.
    fn take(&mut self, size: usize) -> Result<Vec<String>, ScoreError> {
        let mut taken = Vec::new();
        while taken.len() < size {
            self.line.clear();
            if self.lines.read_until(b'\n', &mut self.line)? == 0 {
                break;
            }
            let symbol = String::from_utf8_lossy(&self.line);
            if !symbol.trim().is_empty() {
                taken.push(symbol.trim().to_owned());
            }
        }
        Ok(taken)
    }
}

/// Peers learn in rounds, a block of each, as they would beside one another: so each is held against what the
/// others have done by then.
fn teach_peers(course: &mut Course, table: &mut Table, size: usize) -> Result<(), ScoreError> {
    let (peer, command) = (table.column("peer")?, table.column("command")?);
    let mut names = Vec::<String>::new();
    let mut all = Vec::<Vec<String>>::new();
    let mut row = StringRecord::new();
    while table.next(&mut row)? {
        let name = row.get(peer).unwrap_or_default();
        let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            all.push(Vec::new());
            names.len() - 1
        });
        if let (Some(commands), Some(command)) = (all.get_mut(at), row.get(command)) {
            commands.push(command.to_owned());
        }
    }
    let rounds = all.iter().map(|commands| commands.len().div_ceil(size)).max().unwrap_or(0);
    for round in 0..rounds {
        for (number, commands) in all.iter().enumerate() {
            if let Some(block) = commands.chunks(size).nth(round) {
                let peer = key(EntityKind::LocalUser, &format!("peer{number}"))?;
                course.learn(&Passage::new(peer, block.to_vec()).of_group("peers").trusted())?;
            }
        }
    }
    Ok(())
}

/// Traces, one a row.
fn traces(file: &str, rows: impl Read + 'static, out: impl Write) -> Result<(), ScoreError> {
    let reader: Box<dyn Read> = Box::new(rows);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
    let header = reader.headers()?.clone();
    let mut table = Table { file: file.to_owned(), header, reader };
    let (part, calls) = (table.column("part")?, table.column("calls")?);
    let mut scored = Scored::new(out, table.header())?;
    let mut config = SequenceConfig::default();
    config.order = TRACE_ORDER;
    config.places = TRACE_PLACES;
    let mut course = Course::new(config)?;
    let program = key(EntityKind::LocalUser, "program")?;
    let passage = |row: &StringRecord| {
        Passage::new(program.clone(), row.get(calls).unwrap_or_default().split_whitespace())
    };
    let is_training =
        |row: &StringRecord| row.get(part).is_some_and(|part| part.eq_ignore_ascii_case("training"));
    let (mut rows, mut row) = (Vec::new(), StringRecord::new());
    while table.next(&mut row)? {
        let taught = if is_training(&row) { Some(course.learn(&passage(&row).trusted())?) } else { None };
        rows.push((row.clone(), taught));
    }
    let is_trained = rows.iter().any(|(_, taught)| taught.is_some());
    for (row, taught) in &rows {
        let bits = match taught {
            Some(bits) => *bits,
            None if is_trained => course.score(&passage(row))?,
            None => course.learn(&passage(row))?,
        };
        scored.row(row, bits)?;
    }
    scored.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_rows(text: &'static str, size: usize) -> Vec<String> {
        let mut out = Vec::new();
        blocks((text.as_bytes(), size), None, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    fn trace_rows(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        traces("traces.csv", Cursor::new(text.as_bytes().to_vec()), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_block_has_a_row_and_empty_lines_are_no_symbols() {
        let rows = block_rows("cd\nls\n\nvi\r\nmake\nls", 2);
        assert_eq!(rows[0], "block,start,part,bits,p_value,anomaly_score");
        let starts: Vec<&str> = rows[1..].iter().map(|row| &row[..row.find(",t").unwrap()]).collect();
        assert_eq!(starts, ["0,0", "1,2", "2,4"]);
    }

    #[test]
    fn blocks_after_the_own_part_are_judged() {
        let text: &'static str = Box::leak(vec!["ls"; OWN + 100].join("\n").into_boxed_str());
        let rows = block_rows(text, 100);
        assert_eq!(rows.len(), 52);
        assert!(rows[50].starts_with("49,4900,training,") && rows[51].starts_with("50,5000,judged,"));
    }

    #[test]
    fn training_rows_teach_wherever_they_stand_and_labels_are_not_read() {
        let rows: Vec<String> =
            (0..40).map(|n| format!("training,t{n},1 2 3 4 1 2 3 {},normal", n % 5)).collect();
        let judged = ["test,odd,9 8 7 9 8 7 9 8,attack", "test,usual,1 2 3 4 1 2 3 1,normal"];
        let table = |parts: &[&str]| format!("Part,trace,Calls,label\n{}\n", parts.join("\n"));
        let first = trace_rows(&table(&[&judged.join("\n"), &rows.join("\n")]));
        let last = trace_rows(&table(&[&rows.join("\n"), judged[1], judged[0]]));
        assert_eq!((first.len(), &first[1], &first[2]), (43, &last[42], &last[41]));
        let bits = |row: &str| row.split(',').nth(4).unwrap().parse::<f64>().unwrap();
        assert!(bits(&first[1]) > bits(&first[2]) + 2.0, "{} {}", first[1], first[2]);
        let swapped = trace_rows(&table(&[&judged.join("\n").replace("attack", "x"), &rows.join("\n")]));
        assert_eq!(bits(&first[1]).to_bits(), bits(&swapped[1]).to_bits());
    }

    #[test]
    fn the_first_line_tells_the_shape() {
        assert!(is_trace_header("part,run,trace,calls,label\r\n") && is_trace_header("\"Calls\", PART"));
        assert!(!is_trace_header("ls\n") && !is_trace_header("calls\n"));
    }
}
