//! The rules of the Numenta Anomaly Benchmark (Lavin and Ahmad, ICMLA 2015), for one threshold over all series.
//!
//! The first 15 % of a series, at most 750 rows, are not judged. In each window the best-placed alert counts, worth
//! σ(x) = 2/(1 + e^5x) − 1 from x = −1 at its first row to 0 at its end, over σ(−1); a window without an alert costs
//! the weight of a miss. An alert elsewhere costs its weight times σ of its distance after the last window, in
//! widths of that window, and −1 from three widths on or where there was none.

use crate::table::Series;

/// The weights of one profile: of a miss and of a false alert.
#[derive(Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    miss: f64,
    false_alert: f64,
}

impl Profile {
    pub(crate) const STANDARD: Self = Self { name: "standard", miss: 1.0, false_alert: 0.11 };
    pub(crate) const ALL: [Self; 3] = [
        Self::STANDARD,
        Self { name: "low-FP", miss: 1.0, false_alert: 0.22 },
        Self { name: "low-FN", miss: 2.0, false_alert: 0.11 },
    ];
}

/// A series with the score of each row.
pub(crate) struct Scored<'a> {
    pub(crate) series: &'a Series,
    scores: Vec<f64>,
}

impl<'a> Scored<'a> {
    pub(crate) fn new(series: &'a Series, scores: Vec<f64>) -> Self {
        Self { series, scores }
    }
}

/// What a threshold gives.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    /// 0 for no alert, 100 for one at the first row of each window and no other.
    pub(crate) score: f64,
    pub(crate) threshold: f64,
    pub(crate) gained: f64,
    pub(crate) possible: f64,
    pub(crate) found: usize,
    pub(crate) windows: usize,
    pub(crate) false_alerts: usize,
}

/// One judged row: its score, and what an alert there is worth, in which window or in none.
struct Row {
    score: f64,
    worth: f64,
    window: Option<usize>,
}

/// The best threshold for all of `scored`.
pub(crate) fn best(scored: &[&Scored<'_>], profile: Profile) -> Told {
    sweep(scored, profile, f64::NEG_INFINITY, |best, next| next.gained > best.gained)
}

/// What `threshold` gives.
pub(crate) fn at(scored: &[&Scored<'_>], profile: Profile, threshold: f64) -> Told {
    sweep(scored, profile, threshold, |_, _| true)
}

/// Lowers the threshold over all scores down to `least`, and keeps what `is_better`.
fn sweep(
    scored: &[&Scored<'_>],
    profile: Profile,
    least: f64,
    is_better: impl Fn(&Told, &Told) -> bool,
) -> Told {
    let (rows, windows) = judged(scored);
    let mut found: Vec<Option<f64>> = vec![None; windows];
    let possible = windows as f64 * (1.0 + profile.miss);
    let mut now = Told {
        score: 0.0,
        threshold: f64::INFINITY,
        gained: 0.0,
        possible,
        found: 0,
        windows,
        false_alerts: 0,
    };
    let mut kept = now;
    for tied in rows.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        now.threshold = tied.first().map_or(least, |row| row.score);
        if now.threshold < least {
            break;
        }
        for row in tied {
            match row.window.and_then(|window| found.get_mut(window)) {
                None => {
                    now.gained += profile.false_alert * row.worth;
                    now.false_alerts += 1;
                }
                Some(best) => {
                    // The first alert of a window takes back the cost of missing it.
                    let before = best.map_or(-profile.miss, |worth| worth);
                    now.found += usize::from(best.is_none());
                    let worth = best.map_or(row.worth, |worth| worth.max(row.worth));
                    now.gained += worth - before;
                    *best = Some(worth);
                }
            }
        }
        now.score = 100.0 * now.gained / possible;
        if is_better(&kept, &now) {
            kept = now;
        }
    }
    kept
}

/// All judged rows, highest score first, and the number of windows.
fn judged(scored: &[&Scored<'_>]) -> (Vec<Row>, usize) {
    let (mut rows, mut windows) = (Vec::new(), 0);
    for one in scored {
        let probation = (one.scores.len() * 15 / 100).min(750);
        for (at, score) in one.scores.iter().enumerate().skip(probation) {
            let (window, worth) = place(&one.series.windows, at);
            rows.push(Row { score: *score, worth, window: window.map(|window| windows + window) });
        }
        windows += one.series.windows.len();
    }
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    (rows, windows)
}

/// The window that row `at` lies in, and what an alert there is worth.
fn place(windows: &[(usize, usize)], at: usize) -> (Option<usize>, f64) {
    let inside = windows.iter().position(|(first, last)| (*first..=*last).contains(&at));
    if let Some((first, last)) = inside.and_then(|window| windows.get(window)) {
        let width = (last - first + 1) as f64;
        return (inside, sigma(-((last - at + 1) as f64) / width) / sigma(-1.0));
    }
    let before = windows.iter().rev().find(|(_, last)| *last < at);
    let worth = before.map_or(-1.0, |(first, last)| {
        let distance = (at - last) as f64 / (last - first).max(1) as f64;
        if distance > 3.0 { -1.0 } else { sigma(distance) }
    });
    (None, worth)
}

fn sigma(x: f64) -> f64 {
    2.0 / (1.0 + (5.0 * x).exp()) - 1.0
}

/// The scorer on what is known: no alert gives 0, the first row of each window 100.
pub(crate) fn check(all: &[Series]) -> Result<(), String> {
    let scores = |alert: &dyn Fn(&Series, usize) -> bool| -> Vec<Scored<'_>> {
        let of = |series: &Series| {
            (0..series.rows.len()).map(|at| f64::from(u8::from(alert(series, at)))).collect()
        };
        all.iter().map(|series| Scored::new(series, of(series))).collect()
    };
    let (none, first) =
        (scores(&|_, _| false), scores(&|series, at| series.windows.iter().any(|(first, _)| *first == at)));
    let null = at(&none.iter().collect::<Vec<_>>(), Profile::STANDARD, 0.5).score;
    let perfect = best(&first.iter().collect::<Vec<_>>(), Profile::STANDARD).score;
    if null.abs() < 1e-9 && (perfect - 100.0).abs() < 1e-9 {
        Ok(())
    } else {
        Err(format!("the scorer is wrong: no alert gives {null}, perfect ones {perfect}"))
    }
}
