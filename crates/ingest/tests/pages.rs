//! Each source has a page, `docs/sources/NAME.md`, whose table of fields is what its fixtures show.
//!
//! The prose above the table is written by hand. After a wanted change of a mapping run with `HOMEOSTAT_BLESS=1`.
#![cfg(test)]

use homeostat_core::TenantId;
use homeostat_ingest::{Context, Coverage, FieldMap, Ingest, Registry};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What stands above the table, and where the table starts.
const HEADING: &str = "## Fields\n";

fn coverage_of_fixtures() -> Coverage {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let context = Context::new().with_tenant(TenantId::new("acme").unwrap()).with_directory("acme.example");
    let mut ingest = Ingest::new(Registry::default()).with_context(context).with_coverage();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "ocsf"));
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let events = ingest.read(&name, File::open(&path).unwrap());
        assert!(events.flatten().count() > 0, "{name}");
    }
    ingest.coverage().clone()
}

fn table(fields: &FieldMap) -> String {
    let mut table = format!("{HEADING}\n| field of the source | where it goes |\n|---|---|\n");
    for field in fields.fields() {
        let places: Vec<String> = fields.places(field).iter().map(|place| format!("`{place}`")).collect();
        if !places.is_empty() {
            writeln!(table, "| `{field}` | {} |", places.join(", ")).unwrap();
        }
    }
    table
}

#[test]
fn every_source_has_a_page_whose_table_is_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sources");
    let coverage = coverage_of_fixtures();
    let registry = Registry::default();
    for name in registry.names() {
        let counts = coverage.sources.get(name).unwrap_or_else(|| panic!("{name} has no fixture"));
        let path = folder.join(format!("{name}.md"));
        let page = fs::read_to_string(&path).unwrap_or_else(|_| panic!("docs/sources/{name}.md is missing"));
        let (prose, told) = page.split_at(page.find(HEADING).unwrap_or(page.len()));
        assert!(prose.lines().count() > 5, "docs/sources/{name}.md says nothing but its table");
        let expected = table(&counts.fields);
        if std::env::var_os("HOMEOSTAT_BLESS").is_some() {
            fs::write(&path, format!("{prose}{expected}")).unwrap();
        } else {
            assert_eq!(told, expected, "{name}");
        }
    }
}

#[test]
fn every_page_is_of_a_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sources");
    let registry = Registry::default();
    let known: BTreeSet<&str> = registry.names().collect();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let source = name.strip_suffix(".md").unwrap();
        assert!(known.contains(source) || source == "README", "{name}");
    }
}
