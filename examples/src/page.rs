//! A scorecard as one HTML page that stands alone: no script, nothing loaded, every text escaped.

use homeostat_maturity::{Scorecard, TestResult, Verdict};
use std::fmt::Write as _;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Maturity tests</title>\n\
    <style>body{font:16px sans-serif;margin:2em}td,th{border:1px solid #999;padding:.4em;text-align:left;\
    vertical-align:top}table{border-collapse:collapse}.passed{background:#dfd}.failed{background:#fdd}</style>\
    </head><body>\n<h1>Maturity tests</h1>\n<table>\n\
    <tr><th>Test</th><th>Outcome</th><th>Seeds passed</th><th>Because</th><th>Figures by seed</th></tr>\n";

/// The page of `card`; its last line of text is the honest `n of 12`.
///
/// ```
/// let page = homeostat_examples::html_table(&homeostat_maturity::Scorecard::default());
/// assert!(page.contains("0 of 12") && !page.contains("<script"));
/// ```
pub fn html_table(card: &Scorecard) -> String {
    let rows: String = card.tests.iter().map(row).collect();
    format!("{HEAD}{rows}</table>\n<p>{} of {}</p>\n</body></html>", card.passed(), card.tests.len())
}

fn row(result: &TestResult) -> String {
    let verdict = result.verdict();
    let held = result.seeds.iter().filter(|seed| seed.verdict == Verdict::Passed).count();
    let reasons: Vec<String> = verdict.reasons().iter().map(|reason| escaped(reason)).collect();
    let figures: Vec<String> =
        result.seeds.iter().map(|seed| escaped(&format!("{}: {}", seed.seed, seed.figures))).collect();
    let mut row = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        row,
        "<tr class=\"{}\"><td>{}</td><td>{}</td><td>{held} of {}</td><td>{}</td><td>{}</td></tr>",
        verdict.as_str(),
        escaped(&result.test.to_string()),
        verdict.as_str(),
        result.seeds.len(),
        reasons.join("<br>"),
        figures.join("<br>")
    );
    row
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_maturity::{Figures, MaturityTest, SeedResult};

    #[test]
    fn no_text_becomes_markup() {
        let verdict = Verdict::Failed(vec!["<script>\"&".to_owned()]);
        let mut card = Scorecard::default();
        card.add([(
            MaturityTest::ShadowIdentity,
            SeedResult { seed: 1, verdict, figures: Figures::default() },
        )]);
        let page = html_table(&card);
        assert!(page.contains("&lt;script&gt;&quot;&amp;") && !page.contains("<script"));
    }
}
