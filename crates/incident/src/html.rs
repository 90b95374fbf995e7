//! A report as one HTML page that stands alone: no script, no font or style from elsewhere, readable in print.
//!
//! Log text is hostile input: every value goes through [`escaped`], and none stands in an attribute.

use crate::step::short;
use crate::{Report, picture};
use homeostat_core::EventRef;
use std::fmt::Write as _;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;\
background:#fff;color:#1b1d21;overflow-wrap:anywhere}\
h1 small{font-weight:normal}dt{font-weight:bold;margin-top:.6em}li{margin:.4em 0}a{color:#0b5394}\
a:focus-visible,.wide:focus-visible{outline:3px solid #b45f06;outline-offset:2px}\
.skip{position:absolute;left:-99em}.skip:focus{position:static}nav ul{padding:0;list-style:none;display:flex;\
flex-wrap:wrap;gap:.2em 1.2em}.wide{overflow-x:auto}\
.stage{display:inline-block;min-width:6.5em;font-weight:bold}.ids{color:#555;font-size:.85em}\
table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.2em .6em;text-align:left}\
svg{width:100%;height:auto;font:13px system-ui,sans-serif}svg text{fill:currentColor}svg .mark{fill:#fff;\
text-anchor:middle;font-weight:bold}svg .lane{font-weight:bold}svg line{stroke:#767676}svg circle,svg .bar{fill:#a3321f}\
svg rect{fill:none;stroke:currentColor}svg .bar{stroke:none}svg .arrow{fill:none;stroke:#a3321f;marker-end:url(#tip)}\
marker path{fill:#a3321f}\
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e8e8e8}.ids{color:#b0b0b0}td,th{border-color:#666}\
a{color:#8ab8ff}svg .bar,svg circle,marker path{fill:#d9573f}svg .arrow{stroke:#d9573f}svg .mark{fill:#000}}\
@media print{body{max-width:none;margin:0;background:#fff;color:#000}.ids{color:#444}nav,.skip{display:none}\
svg,li,tr{break-inside:avoid}h2{break-after:avoid}.wide{overflow:visible}}";

/// The sections in their order: name of the place, heading.
const SECTIONS: [(&str, &str); 9] = [
    ("answers", "Six answers"),
    ("time", "Time line"),
    ("graph", "What led to what"),
    ("unusual", "How unusual it is"),
    ("steps", "Steps"),
    ("entities", "Entities"),
    ("paths", "What can be reached next"),
    ("behind", "What may lie behind it"),
    ("gaps", "Gaps and actions"),
];

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    for (place, heading) in SECTIONS {
        let _ = writeln!(out, "<section aria-labelledby=\"{place}\"><h2 id=\"{place}\">{heading}</h2>");
        match place {
            "answers" => answers(&mut out, report),
            "time" => picture::timeline(&mut out, report),
            "graph" => picture::graph(&mut out, report),
            "unusual" => picture::surprise(&mut out, report),
            "steps" => steps(&mut out, report),
            "entities" => entities(&mut out, report),
            "paths" => paths(&mut out, report),
            "behind" => behind(&mut out, report),
            _ => gaps(&mut out, report),
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main></body></html>\n");
    out
}

fn head(out: &mut String, report: &Report) {
    let title = format!("Incident {}", escaped(&report.id));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><style>{STYLE}</style></head><body>\n\
         <header><a class=\"skip\" href=\"#answers\">To the answers</a>\n<h1>{title} <small>{}, {:.1} bits</small></h1>\n\
         <p>Opened {}, last act {}; {}.</p>\n<nav aria-label=\"Sections\"><ul>",
        report.severity,
        report.score,
        short(report.opened),
        short(report.updated),
        report.headline.join(" → ")
    );
    for (place, heading) in SECTIONS {
        let _ = write!(out, "<li><a href=\"#{place}\">{heading}</a></li>");
    }
    out.push_str("</ul></nav></header>\n<main>\n");
}

fn answers(out: &mut String, report: &Report) {
    out.push_str("<dl>\n");
    for (question, answer) in report.questions() {
        let _ = write!(out, "<dt>{question}</dt><dd>{}", escaped(&answer.text));
        let ids: Vec<&str> = answer.evidence.iter().map(EventRef::as_str).collect();
        let _ = writeln!(out, " <span class=\"ids\">{}</span></dd>", escaped(&ids.join(", ")));
    }
    out.push_str("</dl>\n");
}

fn steps(out: &mut String, report: &Report) {
    out.push_str("<ol>\n");
    for step in &report.steps {
        let stage = step.stage.map_or("not told", homeostat_core::Stage::as_str);
        let _ = writeln!(out, "<li><span class=\"stage\">{stage}</span> {}</li>", escaped(&step.sentence));
    }
    out.push_str("</ol>\n");
}

fn entities(out: &mut String, report: &Report) {
    out.push_str(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Table of entities\"><table>\
         <thead><tr><th scope=\"col\">names</th><th scope=\"col\">parts</th></tr></thead>\n<tbody>",
    );
    for (names, roles) in report.entities.iter().zip(&report.roles) {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escaped(&names.join(" = ")),
            roles.join(", ")
        );
    }
    out.push_str("</tbody></table></div>\n");
}

/// The ways that stand open from those who act, hop by hop.
fn paths(out: &mut String, report: &Report) {
    let paths = &report.answers.how_much_worse.paths;
    let told = paths.iter().map(|path| {
        let from = path.first().map_or("", |hop| hop.from.value());
        let hops = path.iter().map(|hop| format!(" → {} ({})", hop.to.value(), hop.kind));
        format!("{from}{}", hops.collect::<String>())
    });
    list(out, ("ol", "No way is known."), told);
}

fn behind(out: &mut String, report: &Report) {
    let told = report.hypotheses.iter();
    let told = told.map(|h| format!("{}: {} points", h.name.replace('_', " "), h.points));
    list(out, ("ul", "Not known."), told);
}

fn gaps(out: &mut String, report: &Report) {
    list(out, ("ul", "No gap is known."), report.gaps.iter().cloned());
    out.push_str("<h3>Actions</h3>\n");
    list(out, ("ul", "None was told to this report."), report.actions.iter().cloned());
}

fn list(out: &mut String, (kind, none): (&str, &str), items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.map(|item| format!("<li>{}</li>\n", escaped(&item))).collect();
    let _ = if items.is_empty() {
        writeln!(out, "<p>{none}</p>")
    } else {
        writeln!(out, "<{kind}>\n{}</{kind}>", items.concat())
    };
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
