//! Every log of these sources in the developers' corpus: no error, no leaf dropped, every event valid.
//!
//! Runs when `HOMEOSTAT_CORPUS` names the unpacked corpus; prints the figures.
#![cfg(test)]

use homeostat_event::{Level, validate};
use homeostat_ingest::{Coverage, Ingest, Registry};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Parts of paths of the logs that the sources of this crate read.
const PARTS: [&str; 11] = [
    "cloudtrail_sans504/",
    "cloudtrail_stratus/",
    "elastic_integrations/aws/cloudtrail/",
    "elastic_integrations/okta/",
    "elastic_integrations/system/auth/",
    "elastic_integrations/zeek/",
    "panther_tests/AWS.CloudTrail",
    "panther_tests/Okta.",
    "ocsf_raw_sample_logs/Zeek/",
    "zeek_zed_sample/",
    "__zeek__",
];

/// The logs by `INDEX.tsv` and those of the incidents.
fn logs(corpus: &Path) -> Vec<PathBuf> {
    let events = corpus.join("events");
    let index = fs::read_to_string(events.join("INDEX.tsv")).unwrap();
    let mut logs: Vec<PathBuf> = index
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (path, _, kind) = (columns.next()?, columns.next()?, columns.next()?);
            (kind == "log" && PARTS.iter().any(|part| path.contains(part))).then(|| events.join(path))
        })
        .collect();
    logs.push(corpus.join("incident/apt29-zeek-day1/zeek.ndjson.gz"));
    let zeek = fs::read_dir(corpus.join("incident/lsass-campaign-01/zeek")).unwrap();
    logs.extend(zeek.map(|entry| entry.unwrap().path()));
    logs.sort();
    logs
}

#[test]
fn the_corpus_is_read_whole_and_valid() {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS") else {
        println!("HOMEOSTAT_CORPUS is not set: skipped");
        return;
    };
    let mut ingest = Ingest::new(Registry::default()).with_coverage();
    let mut violations: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let (mut errors, mut invalid, mut warned) = (Vec::new(), 0_u64, 0_u64);
    for path in logs(Path::new(&corpus)) {
        let place = path.file_name().unwrap().to_string_lossy().into_owned();
        for next in ingest.read(&place, File::open(&path).unwrap()) {
            let event = match next {
                Ok(event) => event,
                Err(error) => {
                    errors.push(error.to_string());
                    continue;
                }
            };
            let found = validate(&event);
            invalid += u64::from(found.iter().any(|violation| violation.level() == Level::Error));
            warned += u64::from(found.iter().any(|violation| violation.level() == Level::Warning));
            for violation in found {
                let at = violation.to_string();
                violations.entry(at).or_insert_with(|| (0, event.reference().unwrap().to_string())).0 += 1;
            }
        }
    }
    let coverage: &Coverage = ingest.coverage();
    println!("{}", coverage.to_json());
    println!("invalid {invalid}, with warnings {warned}");
    for (violation, (count, example)) in violations {
        println!("{count} {violation}, as in {example}");
    }
    for (source, counts) in &coverage.sources {
        assert_eq!(counts.leaves_dropped, 0, "{source}");
    }
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(invalid, 0);
}
