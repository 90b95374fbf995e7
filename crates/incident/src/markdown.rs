//! A report as Markdown, for people: answers first, then the steps, then what is missing.

use crate::Report;
use crate::answer::Answer;
use crate::step::short;
use homeostat_core::EventRef;
use std::fmt::Write as _;

/// The page. Values of events are shown as text: marks that Markdown reads are taken the sting of.
pub(crate) fn page(report: &Report) -> String {
    let mut out = String::new();
    let Report { id, severity, score, opened, updated, .. } = report;
    let _ = writeln!(out, "# Incident {id}: {severity}, {score:.1} bits\n");
    let (opened, updated) = (short(*opened), short(*updated));
    let _ = writeln!(out, "Opened {opened}, last act {updated}; {}.\n", report.headline.join(" → "));
    for (question, answer) in report.questions() {
        let _ = writeln!(out, "**{question}** {}{}\n", plain(&answer.text), evidence(answer));
    }
    let _ = writeln!(out, "## Steps\n");
    for (number, step) in report.steps.iter().enumerate() {
        let stage = step.stage.map_or("not told", homeostat_core::Stage::as_str);
        let _ = writeln!(out, "{}. *{stage}*: {}", number + 1, plain(&step.sentence));
    }
    let _ = writeln!(out, "\n## Entities\n");
    for (names, roles) in report.entities.iter().zip(&report.roles) {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let _ = writeln!(out, "- {} ({})", plain(&names.join(" = ")), roles.join(", "));
    }
    let _ = writeln!(out, "\n## What may lie behind it\n");
    for hypothesis in &report.hypotheses {
        let (yes, no) = (hypothesis.evidence_for.len(), hypothesis.evidence_against.len());
        let name = hypothesis.name.replace('_', " ");
        let _ = writeln!(out, "- {name}: {} points, {yes} events for, {no} against", hypothesis.points);
    }
    if !report.gaps.is_empty() {
        let _ = writeln!(out, "\n## Gaps\n");
        report.gaps.iter().for_each(|gap| {
            let _ = writeln!(out, "- {}", plain(gap));
        });
    }
    out
}

impl Report {
    /// The six questions with their answers, in order.
    pub(crate) fn questions(&self) -> [(&'static str, &Answer); 6] {
        let answers = &self.answers;
        [
            ("What?", &answers.what),
            ("Who?", &answers.who),
            ("Why?", &answers.why),
            ("How?", &answers.how),
            ("Where else?", &answers.where_else),
            ("How much worse?", &answers.how_much_worse),
        ]
    }
}

fn evidence(answer: &Answer) -> String {
    let ids: Vec<&str> = answer.evidence.iter().map(EventRef::as_str).collect();
    if ids.is_empty() { String::new() } else { format!(" [{}]", plain(&ids.join(", "))) }
}

/// Text that neither HTML nor Markdown takes for a mark, on one line.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '*' | '_' | '`' | '[' | ']' | '\\' | '|' => out.extend(['\\', letter]),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
