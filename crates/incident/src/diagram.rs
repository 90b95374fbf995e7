//! The causal graph of a report as Mermaid and as DOT: a box a step, an arrow for what led from one to another.
//!
//! Text of events is hostile input: in both forms every value stands in quotes and keeps only letters, digits and
//! harmless marks.

use crate::Report;
use homeostat_core::{EventRef, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The longest label, in letters.
const LONG: usize = 80;

/// As a Mermaid flow chart.
pub(crate) fn mermaid(report: &Report) -> String {
    let mut out = "flowchart TD\n".to_owned();
    for (at, label) in labels(report).iter().enumerate() {
        let _ = writeln!(out, "  s{at}[\"{label}\"]");
    }
    for (from, to, why) in arrows(report) {
        let _ = writeln!(out, "  s{from} -->|{why}| s{to}");
    }
    out
}

/// As a graph for Graphviz.
pub(crate) fn dot(report: &Report) -> String {
    let mut out = format!("digraph \"{}\" {{\n  node [shape=box];\n", harmless(&report.id));
    for (at, label) in labels(report).iter().enumerate() {
        let _ = writeln!(out, "  s{at} [label=\"{label}\"];");
    }
    for (from, to, why) in arrows(report) {
        let _ = writeln!(out, "  s{from} -> s{to} [label=\"{why}\"];");
    }
    out + "}\n"
}

fn labels(report: &Report) -> Vec<String> {
    let label = |(at, step): (usize, &crate::ReportStep)| {
        let stage = step.stage.map_or("not told", Stage::as_str);
        let technique = step.technique.as_ref().map_or(String::new(), |technique| format!(" {technique}"));
        let what = step.sentence.split(" — ").nth(1).unwrap_or_default();
        let what = what.split("; ").next().unwrap_or_default();
        format!("{}. {stage}{technique}: {}", at + 1, harmless(what))
    };
    report.steps.iter().enumerate().map(label).collect()
}

/// From which step to which, and why; each pair once, in order.
pub(crate) fn arrows(report: &Report) -> BTreeSet<(usize, usize, &'static str)> {
    let mut step_of: BTreeMap<&EventRef, usize> = BTreeMap::new();
    for (at, step) in report.steps.iter().enumerate() {
        for event in &step.events {
            step_of.entry(event).or_insert(at);
        }
    }
    let ends = |edge: &crate::ReportEdge| {
        let (from, to) = (*step_of.get(edge.from.as_ref()?)?, *step_of.get(&edge.to)?);
        (from != to).then_some((from, to, edge.why))
    };
    let mut pairs = BTreeSet::new();
    report.edges.iter().filter_map(ends).filter(|(from, to, _)| pairs.insert((*from, *to))).collect()
}

/// What neither Mermaid nor DOT takes for a mark, at most [`LONG`] letters.
fn harmless(text: &str) -> String {
    let mark = |letter: char| letter.is_alphanumeric() || " .,:/@-_()".contains(letter);
    let mut letters = text.chars().map(|letter| if mark(letter) { letter } else { ' ' });
    let mut out: String = letters.by_ref().take(LONG).collect();
    if letters.next().is_some() {
        out.push('…');
    }
    out
}
