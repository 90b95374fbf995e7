//! A report as one HTML page that stands alone: no script, no font or style from elsewhere, readable in print.
//!
//! Log text is hostile input: every value goes through [`escaped`], and none stands in an attribute.

use crate::step::short;
use crate::{Report, picture};
use homeostat_core::EventRef;
use std::fmt::Write as _;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
h1 small{font-weight:normal}dt{font-weight:bold;margin-top:.6em}li{margin:.4em 0}\
.stage{display:inline-block;min-width:6.5em;font-weight:bold}.ids{color:#555;font-size:.85em}\
table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.2em .6em;text-align:left}\
svg{width:100%;height:auto;font:13px system-ui,sans-serif}svg text{fill:currentColor}svg .mark{fill:#fff;\
text-anchor:middle;font-weight:bold}svg .lane{font-weight:bold}svg line{stroke:#999}svg circle{fill:#a3321f}\
svg rect{fill:none;stroke:currentColor}svg .arrow{fill:none;stroke:#a3321f;marker-end:url(#tip)}marker path{fill:#a3321f}\
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e8e8e8}.ids{color:#aaa}td,th{border-color:#555}}\
@media print{body{max-width:none;margin:0;background:#fff;color:#000}svg,li,tr{break-inside:avoid}}";

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let mut out = String::new();
    let title = format!("Incident {}", escaped(&report.id));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title} <small>{}, {:.1} bits</small></h1>\n\
         <p>Opened {}, last act {}; {}.</p>\n",
        report.severity,
        report.score,
        short(report.opened),
        short(report.updated),
        report.headline.join(" → ")
    );
    answers(&mut out, report);
    picture::timeline(&mut out, report);
    picture::graph(&mut out, report);
    steps(&mut out, report);
    entities(&mut out, report);
    list(&mut out, "Gaps", report.gaps.iter().map(String::as_str));
    out.push_str("</body></html>\n");
    out
}

fn answers(out: &mut String, report: &Report) {
    out.push_str("<h2>Six answers</h2>\n<dl>\n");
    for (question, answer) in report.questions() {
        let _ = write!(out, "<dt>{question}</dt><dd>{}", escaped(&answer.text));
        let ids: Vec<&str> = answer.evidence.iter().map(EventRef::as_str).collect();
        let _ = writeln!(out, " <span class=\"ids\">{}</span></dd>", escaped(&ids.join(", ")));
    }
    out.push_str("</dl>\n");
}

fn steps(out: &mut String, report: &Report) {
    out.push_str("<h2>Steps</h2>\n<ol>\n");
    for step in &report.steps {
        let stage = step.stage.map_or("not told", homeostat_core::Stage::as_str);
        let _ = writeln!(out, "<li><span class=\"stage\">{stage}</span>{}</li>", escaped(&step.sentence));
    }
    out.push_str("</ol>\n");
}

fn entities(out: &mut String, report: &Report) {
    out.push_str("<h2>Entities</h2>\n<table><tr><th>names</th><th>parts</th></tr>\n");
    for (names, roles) in report.entities.iter().zip(&report.roles) {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let _ =
            writeln!(out, "<tr><td>{}</td><td>{}</td></tr>", escaped(&names.join(" = ")), roles.join(", "));
    }
    out.push_str("</table>\n<h2>What may lie behind it</h2>\n<ul>\n");
    for hypothesis in &report.hypotheses {
        let _ = writeln!(out, "<li>{}: {} points</li>", hypothesis.name.replace('_', " "), hypothesis.points);
    }
    out.push_str("</ul>\n");
}

fn list<'a>(out: &mut String, title: &str, items: impl Iterator<Item = &'a str>) {
    let _ = writeln!(out, "<h2>{title}</h2>\n<ul>");
    for item in items {
        let _ = writeln!(out, "<li>{}</li>", escaped(item));
    }
    out.push_str("</ul>\n");
}

/// Text that HTML takes for nothing but text.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
