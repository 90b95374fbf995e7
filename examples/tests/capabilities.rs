#![cfg(test)]
//! What `docs/` says is shown is shown: each row of the capabilities, and each defence of the threat model.

use std::fs;
use std::path::Path;

/// So many claims does the product make.
const ROWS: u32 = 118;
/// So many of them are open, and no more may be.
const OPEN: usize = 7;

/// The cells of each line of the table that begins with a number.
fn rows(page: &str) -> Vec<(u32, Vec<&str>)> {
    let lines = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = lines.map(|line| line.split(" | ").collect::<Vec<_>>());
    cells.filter_map(|cells| Some((cells.first()?.parse().ok()?, cells))).collect()
}

/// Whether `reference`, a file and the name of a test in it, leads somewhere.
fn leads(root: &Path, reference: &str) -> bool {
    let Some((file, name)) = reference.split_once("::") else { return false };
    let source = fs::read_to_string(root.join(file)).unwrap_or_default();
    source.contains(&format!("fn {name}("))
}

fn page(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join("docs").join(name)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn every_defence_of_the_threat_model_has_its_test() {
    let page = page(root(), "threat-model.md");
    let references = page.split('`').skip(1).step_by(2).filter(|code| code.contains("::"));
    let dangling: Vec<&str> = references.clone().filter(|reference| !leads(root(), reference)).collect();
    assert!(references.count() > 20 && dangling.is_empty(), "{dangling:?}");
}

#[test]
fn every_row_is_shown_or_says_why_not() {
    let page = page(root(), "capabilities.md");
    let rows = rows(&page);
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>(), "each row once, in order");
    let mut open = Vec::new();
    for (number, cells) in &rows {
        let [_, claim, shown] = cells.as_slice() else { panic!("row {number} has no three cells") };
        assert!(!claim.is_empty(), "row {number}");
        if let Some(reason) = shown.strip_prefix("not yet: ") {
            assert!(reason.len() > 10, "row {number} says why");
            open.push(*number);
            continue;
        }
        let references: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!references.is_empty(), "row {number} names a test");
        for reference in references {
            assert!(leads(root(), reference), "row {number}: {reference}");
        }
    }
    println!("{} of {ROWS} rows are shown; open: {open:?}", rows.len() - open.len());
    assert!(open.len() <= OPEN, "{} rows are open: {open:?}", open.len());
}
