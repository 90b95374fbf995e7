//! How well does one configuration of the model of a series find what people marked, on NAB's series and on metrics
//! of services, how fast, and in how many bytes?
//!
//! Reads the corpus that `HOMEOSTAT_CORPUS` names, and says so when it names none:
//! `HOMEOSTAT_CORPUS=... cargo bench -p homeostat-benches --bench evaluate_series`.

#[path = "evaluate_series/nab.rs"]
mod nab;
#[path = "evaluate_series/rank.rs"]
mod rank;
#[path = "evaluate_series/table.rs"]
mod table;

use homeostat_baseline::{Reading, SeriesModel};
use homeostat_benches::cpu_seconds;
use homeostat_core::{Bits, Position, State as _};
use nab::{Profile, Scored};
use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use table::Series;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS") else {
        println!("HOMEOSTAT_CORPUS names no corpus: nothing to evaluate the model of a series on");
        return Ok(());
    };
    let corpus = Path::new(&corpus).join("baseline");
    nab_figures(&table::nab(&corpus.join("nab"))?)?;
    service_figures(&table::services(&corpus.join("ms_cloud_monitoring"))?);
    drift_figures(&corpus)
}

/// The bits of every row, in order; a row that is refused counts as none.
fn score(series: &Series) -> Vec<f64> {
    let mut model = SeriesModel::default();
    let bits = |(offset, (time, value)): (u64, &(_, Option<f64>))| {
        let reading = Reading::new(*time, (*value)?);
        let score = model.observe(Position::at(offset), &reading).ok()?.applied()?;
        Some(score.bits().get())
    };
    (0..).zip(&series.rows).map(bits).map(Option::unwrap_or_default).collect()
}

fn nab_figures(all: &[Series]) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let before = cpu_seconds(started);
    let scored: Vec<Scored<'_>> = all.iter().map(|series| Scored::new(series, score(series))).collect();
    let seconds = cpu_seconds(started) - before;
    let rows: usize = all.iter().map(|series| series.rows.len()).sum();
    nab::check(all)?;
    println!("NAB, {} series, {rows} rows: {:.0} rows per CPU second, ", all.len(), rows as f64 / seconds);
    println!("  {} bytes a series, whatever its length", SeriesModel::BYTES);
    let whole: Vec<&Scored<'_>> = scored.iter().collect();
    for profile in Profile::ALL {
        let best = nab::best(&whole, profile);
        println!("  {:<9} {:>6.2}  at {:.2} bits", profile.name, best.score, best.threshold);
    }
    let threshold = nab::best(&whole, Profile::STANDARD).threshold;
    println!("  standard by category, at the one threshold of all; found of windows; false alerts");
    let categories: BTreeSet<&str> = all.iter().map(|series| series.group.as_str()).collect();
    for category in categories {
        let part = in_group(&scored, |series| series.group == category);
        let told = nab::at(&part, Profile::STANDARD, threshold);
        println!(
            "    {category:<22} {:>6.2}  {} of {}  {}",
            told.score, told.found, told.windows, told.false_alerts
        );
    }
    held_out(&scored, all);
    Ok(())
}

/// Thresholds taken where they are not judged: from the other half of the files, and from the other categories.
fn held_out(scored: &[Scored<'_>], all: &[Series]) {
    let numbered = |half: usize| {
        let numbered = scored.iter().enumerate().filter(move |(at, _)| at % 2 == half);
        numbered.map(|(_, scored)| scored).collect::<Vec<_>>()
    };
    for half in [0, 1] {
        let threshold = nab::best(&numbered(1 - half), Profile::STANDARD).threshold;
        let (told, own) = (
            nab::at(&numbered(half), Profile::STANDARD, threshold),
            nab::best(&numbered(half), Profile::STANDARD),
        );
        println!(
            "  half {half}: {:.2} at the other half's threshold {threshold:.2}, {:.2} at its own",
            told.score, own.score
        );
    }
    let categories: BTreeSet<&str> = all.iter().map(|series| series.group.as_str()).collect();
    let (mut gained, mut possible) = (0.0, 0.0);
    for category in categories {
        let rest = in_group(scored, |series| series.group != category);
        let threshold = nab::best(&rest, Profile::STANDARD).threshold;
        let part = in_group(scored, |series| series.group == category);
        let told = nab::at(&part, Profile::STANDARD, threshold);
        gained += told.gained;
        possible += told.possible;
    }
    println!("  threshold of each category from the others: {:.2}", 100.0 * gained / possible);
}

fn in_group<'s, 'a>(scored: &'s [Scored<'a>], wanted: impl Fn(&Series) -> bool) -> Vec<&'s Scored<'a>> {
    scored.iter().filter(|scored| wanted(scored.series)).collect()
}

fn service_figures(all: &[Series]) {
    let threshold = Bits::ONE_IN_A_THOUSAND.get();
    let (mut figures, mut calm_rows, mut calm_alerts) = (Vec::new(), 0, 0);
    for series in all {
        let bits = score(series);
        if let Some(figure) = rank::figures(&bits, &series.labels) {
            figures.push(figure);
        } else if !series.labels.contains(&true) {
            calm_rows += bits.len();
            calm_alerts += bits.iter().filter(|bits| **bits >= threshold).count();
        }
    }
    let (auc, precision) = rank::mean(&figures);
    println!(
        "service metrics, mean of {} series with both classes: AUC {auc:.3}, AP {precision:.3}",
        figures.len()
    );
    println!("  {calm_alerts} alerts of 10 bits in {calm_rows} rows of series without a mark");
}

fn drift_figures(corpus: &Path) -> Result<(), Box<dyn Error>> {
    for (name, series) in [
        ("memstream syn", table::plain(&corpus.join("memstream_syn/syn.csv"), ',', "value", Some("label"))?),
        ("skab valve1/0", table::plain(&corpus.join("skab/valve1/0.csv"), ';', "Pressure", Some("anomaly"))?),
    ] {
        let figure = rank::figures(&score(&series), &series.labels);
        let (auc, precision) = figure.unwrap_or((f64::NAN, f64::NAN));
        println!("{name}: AUC {auc:.3}, AP {precision:.3} (one sensor, a check of drift only)");
    }
    Ok(())
}
