//! The two pictures of a report page as inline SVG: the time line with a lane a domain, the causal graph.
//!
//! Numbers alone stand in attributes; every word is text of its own and escaped. Each picture has a title and says in
//! words what it shows, for those who hear it. The steps below hold everything that a picture shows.

use crate::diagram::arrows;
use crate::html::escaped;
use crate::step::short;
use crate::{Report, ReportStep};
use homeostat_core::{Domain, Stage};
use std::fmt::Write as _;

/// Width of a picture, height of a lane and of a box, in the page's units.
const WIDTH: f64 = 900.0;
const LANE: f64 = 56.0;
const ROW: f64 = 44.0;
/// Height of a bar with what lies between it and the next.
const BAR: f64 = 22.0;
/// Where lanes begin, right of their names.
const LEFT: f64 = 110.0;
/// The most steps in a picture; the list below holds them all.
const STEPS: usize = 48;

/// The time line: steps as numbered marks, one lane a domain.
pub(crate) fn timeline(out: &mut String, report: &Report) {
    let lanes = lanes(report);
    let height = LANE * lanes.len() as f64 + 40.0;
    let _ = writeln!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"><title>Steps over time, a lane for each \
         part of the estate</title><desc>{} steps in {} lanes, from {} to {}</desc>",
        report.steps.len(),
        lanes.len(),
        report.steps.first().map_or_else(String::new, |step| short(step.time)),
        short(report.updated)
    );
    for (at, domain) in lanes.iter().enumerate() {
        let y = LANE * at as f64 + 30.0;
        let name = domain.map_or("not told", Domain::as_str);
        let _ = writeln!(
            out,
            "<text class=\"lane\" x=\"4\" y=\"{}\">{name}</text><line x1=\"{LEFT}\" y1=\"{y}\" x2=\"{WIDTH}\" y2=\"{y}\"/>",
            y + 5.0
        );
    }
    let mut right = vec![0.0; lanes.len()];
    for (at, step) in report.steps.iter().enumerate().take(STEPS) {
        let lane = lanes.iter().position(|domain| *domain == step.domain).unwrap_or(0);
        let y = LANE * lane as f64 + 30.0;
        let Some(edge) = right.get_mut(lane) else { continue };
        // Marks of one lane never cover one another.
        let x = place(report, step).max(*edge + 24.0).min(WIDTH - 12.0);
        *edge = x;
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y}\" r=\"11\"/><text class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            at + 1
        );
    }
    out.push_str("</svg>\n");
}

/// The causal graph: a box a step in order, arrows at its side.
pub(crate) fn graph(out: &mut String, report: &Report) {
    let shown = report.steps.len().min(STEPS);
    let arrows: Vec<_> = arrows(report).into_iter().filter(|(from, to, _)| from.max(to) < &shown).collect();
    let height = ROW * shown as f64 + 20.0;
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"><title>Causal graph of the \
         steps</title><desc>{} steps, {} arrows</desc>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
        shown,
        arrows.len()
    );
    for (at, step) in report.steps.iter().enumerate().take(shown) {
        let y = ROW * at as f64 + 8.0;
        let _ = writeln!(
            out,
            "<rect x=\"220\" y=\"{y}\" width=\"660\" height=\"32\" rx=\"4\"/><text x=\"230\" y=\"{}\">{}</text>",
            y + 21.0,
            escaped(&label(at, step))
        );
    }
    for (from, to, why) in arrows {
        let (y1, y2) = (ROW * from as f64 + 24.0, ROW * to as f64 + 24.0);
        // The farther the arrow goes, the farther out it runs, so that arrows can be told apart.
        let bow = 216.0 - (20.0 * from.abs_diff(to) as f64).min(180.0);
        let _ = writeln!(
            out,
            "<path class=\"arrow\" d=\"M220 {y1}C{bow} {y1} {bow} {y2} 220 {y2}\"><title>{} leads to {}: {}</title></path>",
            from + 1,
            to + 1,
            why.replace('_', " ")
        );
    }
    out.push_str("</svg>\n");
}

/// How unusual each step is for those it is about: a bar a step, in bits against the baseline.
pub(crate) fn surprise(out: &mut String, report: &Report) {
    let bits: Vec<f64> = report.steps.iter().take(STEPS).map(|step| step.bits).collect();
    let most = bits.iter().copied().fold(1.0, f64::max);
    let height = BAR * bits.len() as f64 + 10.0;
    let _ = writeln!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"><title>Bits of surprise of each step</title><desc>{} bars, \
         the longest {most:.1} bits: so seldom as once in 2 to the power of it</desc>",
        bits.len()
    );
    for (at, bits) in bits.iter().enumerate() {
        let (y, width) = (BAR * at as f64 + 4.0, bits / most * (WIDTH - LEFT - 90.0));
        let _ = writeln!(
            out,
            "<text class=\"lane\" x=\"4\" y=\"{0}\">step {1}</text><rect class=\"bar\" x=\"{LEFT}\" y=\"{y}\" \
             width=\"{width:.1}\" height=\"14\"/><text x=\"{2:.1}\" y=\"{0}\">{bits:.1} bits</text>",
            y + 12.0,
            at + 1,
            LEFT + width + 8.0
        );
    }
    out.push_str("</svg>\n");
}

fn label(at: usize, step: &ReportStep) -> String {
    let stage = step.stage.map_or("not told", Stage::as_str);
    let technique = step.technique.as_ref().map_or(String::new(), |technique| format!(" {technique}"));
    let what = step.sentence.split(" — ").nth(1).and_then(|rest| rest.split("; ").next()).unwrap_or_default();
    let mut text: String = format!("{}. {stage}{technique}: {what}", at + 1).chars().take(90).collect();
    if text.chars().count() == 90 {
        text.push('…');
    }
    text
}

/// The domains of the steps, in order.
fn lanes(report: &Report) -> Vec<Option<Domain>> {
    let domains: std::collections::BTreeSet<_> = report.steps.iter().map(|step| step.domain).collect();
    domains.into_iter().collect()
}

/// Where in the picture the step's moment lies.
fn place(report: &Report, step: &ReportStep) -> f64 {
    let first = report.steps.first().map_or(step.time, |first| first.time);
    let whole = report.updated.since(first).unwrap_or(0).max(1) as f64;
    let part = step.time.since(first).unwrap_or(0).max(0) as f64 / whole;
    LEFT + 16.0 + part * (WIDTH - LEFT - 40.0)
}
