//! How surprising is each row? A table in, the same rows with bits, p-value and score out, in one pass and in order.
//!
//! `cargo run --release --example score -- series|edges|records|sequences|beacons ...`

use clap::{Parser, Subcommand};
use homeostat_examples::score::{self, ScoreError};
use std::error::Error;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;

/// Scores the rows of a table against what the rows before them taught.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// A series of numbers: columns `timestamp,value`.
    Series {
        /// The CSV file, `-` for standard input.
        file: PathBuf,
    },
    /// Time-stamped edges: columns `time,src,dst`.
    Edges {
        /// The CSV file, `-` for standard input.
        file: PathBuf,
    },
    /// Records of numbers and words: every column but labels.
    Records {
        /// The CSV file, `-` for standard input.
        file: PathBuf,
        /// Columns that hold words, though they may look like numbers.
        #[arg(long, value_delimiter = ',')]
        categorical: Vec<String>,
        /// How many records make one tick of time.
        #[arg(long, default_value_t = 1_000)]
        tick: u64,
    },
    /// Symbols, one a line, in blocks (the first 5,000 symbols teach), or traces: columns `part,calls`.
    Sequences {
        /// The file, `-` for standard input.
        file: PathBuf,
        /// What others do: columns `peer,command`.
        #[arg(long)]
        peers: Option<PathBuf>,
        /// Symbols in a block.
        #[arg(long, default_value_t = 100)]
        block: usize,
    },
    /// Beacons among the connections of Zeek logs: a row for each pair.
    Beacons {
        /// The logs.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("score: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mode: &Mode) -> Result<(), ScoreError> {
    let out = BufWriter::new(io::stdout().lock());
    match mode {
        Mode::Series { file } => score::series(file, out),
        Mode::Edges { file } => score::edges(file, out),
        Mode::Records { file, categorical, tick } => score::records(file, categorical, *tick, out),
        Mode::Sequences { file, peers, block } => score::sequences(file, peers.as_deref(), *block, out),
        Mode::Beacons { files } => score::beacons(files, out),
    }
}

fn is_broken_pipe(error: &ScoreError) -> bool {
    let cause = |error: &(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    std::iter::successors(Some(error as &(dyn Error + 'static)), |error| (*error).source()).any(cause)
        || matches!(error, ScoreError::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
}
