//! Does a security stack pass the twelve maturity tests? The table with figures, and the honest `n of 12` last.
//!
//! `cargo run --release --example maturity -- [--seeds N|A..=B] [--target NAME] [--mutants] [--only T1,T9] [--format FORMAT]`
//!
//! Exit code 1 when a test is not passed, 2 when the command line is wrong.

use clap::{Parser, ValueEnum};
use homeostat_examples::{HomeostatTarget, PlainTarget, Progress, html_table};
use homeostat_ingest::RecordError;
use homeostat_maturity::{
    MaturityTarget, MaturityTest, Mutant, Scorecard, SeedResult, Setting, SuiteOptions, TestBed, Verdict,
};
use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Runs the twelve maturity tests on a simulated company.
#[derive(Parser)]
struct Arguments {
    /// Which companies: a count (`5` is 1..=5) or a range.
    #[arg(long, default_value = "5", value_parser = seeds)]
    seeds: RangeInclusive<u64>,
    /// Which stack is tested.
    #[arg(long, value_enum, default_value_t = Named::Homeostat)]
    target: Named,
    /// Show instead that the pipeline with one fault at a time fails the test of that fault.
    #[arg(long, conflicts_with = "target")]
    mutants: bool,
    /// Run these tests alone, such as `T5,T9`.
    #[arg(long, value_delimiter = ',', value_parser = test_named, conflicts_with = "mutants")]
    only: Vec<MaturityTest>,
    /// How the outcome is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// A stack under test.
#[derive(Clone, Copy)]
enum Target {
    Named(Named),
    Faulty(Mutant),
}

#[derive(Clone, Copy, ValueEnum)]
enum Named {
    /// The whole pipeline of this workspace.
    Homeostat,
    /// Thresholds and rules, as many have them.
    Plain,
    /// Never alarms.
    Silent,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Html,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let run = if arguments.mutants { mutants(&arguments) } else { test(&arguments) };
    match run {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("maturity: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tests one stack; tells whether it passes all.
fn test(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let cards = run(arguments, &[Target::Named(arguments.target)])?;
    let Some(card) = cards.first() else { return Ok(false) };
    println!("{}", written(card, arguments.format));
    Ok(card.is_complete())
}

/// Tests the pipeline with one fault after the other; tells whether each fails its own test.
fn mutants(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let targets = Mutant::ALL.map(Target::Faulty);
    let cards = run(arguments, &targets)?;
    let caught: Vec<bool> =
        Mutant::ALL.iter().zip(&cards).map(|(mutant, card)| is_caught(*mutant, card)).collect();
    for (mutant, (card, caught)) in Mutant::ALL.iter().zip(cards.iter().zip(&caught)) {
        println!("{}", written(card, arguments.format));
        let outcome = if *caught { "fails" } else { "PASSES" };
        eprintln!("{}: {outcome} its own test, {}", mutant.as_str(), mutant.own_test());
    }
    Ok(caught.iter().all(|caught| *caught))
}

/// Whether `mutant` fails its own test on every seed.
fn is_caught(mutant: Mutant, card: &Scorecard) -> bool {
    let own = card.of(mutant.own_test()).map(|test| test.seeds.as_slice()).unwrap_or_default();
    !own.is_empty() && own.iter().all(|seed| matches!(seed.verdict, Verdict::Failed(_)))
}

/// What the tests of one seed found.
type Results = Vec<(MaturityTest, SeedResult)>;

/// Runs every target over every seed; each tenant is written once, and every core works on one of them.
fn run(arguments: &Arguments, targets: &[Target]) -> Result<Vec<Scorecard>, Box<dyn Error>> {
    let (seeds, options) = (&arguments.seeds, options(arguments));
    let steps = (seeds.end() - seeds.start()).saturating_add(1).saturating_mul(targets.len() as u64);
    let progress = Progress::new(steps, "runs");
    let (waiting, done) = (Mutex::new(seeds.clone()), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(seed) = waiting.lock().ok().and_then(|mut seeds| seeds.next()) {
            progress.say(&format!("seed {seed}"));
            let results = run_seed((seed, &options), targets, &progress);
            if let Ok(mut done) = done.lock() {
                done.insert(seed, results);
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    progress.finish();
    let mut cards = vec![Scorecard::of_tests(options.tests.clone()); targets.len()];
    // In the order of seeds, whichever was done first.
    for results in done.into_inner().map_err(|_| "a run was broken off")?.into_values() {
        cards.iter_mut().zip(results?).for_each(|(card, results)| card.add(results));
    }
    Ok(cards)
}

/// Runs every target over the tenant of one seed.
fn run_seed(
    (seed, options): (u64, &SuiteOptions),
    targets: &[Target],
    progress: &Progress,
) -> Result<Vec<Results>, RecordError> {
    let bed = TestBed::new(seed, options);
    let tested = |target: &Target| {
        let results = bed.run(&mut |setting| make(*target, setting));
        progress.advance(1);
        results
    };
    targets.iter().map(tested).collect()
}

fn options(arguments: &Arguments) -> SuiteOptions {
    let options = SuiteOptions::default().clock(clock);
    if arguments.only.is_empty() { options } else { options.tests(arguments.only.iter().copied()) }
}

fn make(target: Target, setting: &Setting) -> Box<dyn MaturityTarget> {
    match target {
        Target::Named(Named::Homeostat) => pipeline(setting),
        Target::Named(Named::Plain) => Box::new(PlainTarget::default()),
        Target::Named(Named::Silent) => Mutant::silent(),
        Target::Faulty(mutant) => mutant.over(pipeline(setting)),
    }
}

fn pipeline(setting: &Setting) -> Box<dyn MaturityTarget> {
    match HomeostatTarget::new(setting) {
        Ok(target) => Box::new(target),
        Err(error) => {
            // The setting is made by the suite, so that this is a fault of ours; a silent stack passes nothing.
            eprintln!("maturity: {error}");
            Mutant::silent()
        }
    }
}

fn written(card: &Scorecard, format: Format) -> String {
    match format {
        Format::Table => card.to_string(),
        Format::Json => card.json(),
        Format::Html => html_table(card),
    }
}

/// Reads `N` as 1..=N, `A..=B` as it stands.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| "expected N or A..=B".to_owned());
    let (first, last) = match text.split_once("..=") {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (1, number(text)?),
    };
    if first <= last { Ok(first..=last) } else { Err("there is no seed in it".to_owned()) }
}

fn test_named(text: &str) -> Result<MaturityTest, String> {
    let named = |test: &MaturityTest| format!("T{}", test.number()).eq_ignore_ascii_case(text);
    MaturityTest::ALL.into_iter().find(named).ok_or_else(|| "expected T1 to T12".to_owned())
}

/// The computing time that this thread has had: what else runs on the machine is no work of the stack.
#[cfg(unix)]
fn clock() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}

/// The time since the program first asked, where a thread's own is not told.
#[cfg(not(unix))]
fn clock() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
