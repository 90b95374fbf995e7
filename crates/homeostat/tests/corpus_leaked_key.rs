//! A leaked key in a month's real log, and in copies of it that share no name, address, number or hour with it.
//!
//! Runs when `HOMEOSTAT_CORPUS` names the unpacked corpus; prints the figures. The truth is read by the checks alone.
#![cfg(test)]

use homeostat::Pipeline;
use homeostat_core::{EntityKey, EntityKind, EventRef, Outcome, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_incident::Incident;
use homeostat_ingest::{Context, Ingest, Registry};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

const LOG: &str = "events/cloudtrail_sans504/cloudtrail.jsonl.gz";
const TRUTH: &str = "incident/cloudtrail-sans504/ground_truth.json";

fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("HOMEOSTAT_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        println!("HOMEOSTAT_CORPUS is not set: skipped");
    }
    corpus
}

fn log_in(corpus: &Path) -> Vec<String> {
    let mut text = String::new();
    let packed = std::fs::File::open(corpus.join(LOG)).unwrap();
    flate2::read::MultiGzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A log in other words: line n of it was line `was[n]` of the real one.
struct Copy {
    lines: Vec<String>,
    was: Vec<usize>,
    words: Words,
}

/// What a copy says instead of what the real log says.
#[derive(Default)]
struct Words {
    by_real: BTreeMap<String, String>,
    seconds: i64,
}

/// Numbers that follow from a seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }

    fn number(&mut self, below: usize) -> i64 {
        i64::try_from(self.roll(below)).unwrap()
    }

    fn text(&mut self, length: usize, letters: &[u8]) -> String {
        (0..length).map(|_| char::from(letters[self.roll(letters.len())])).collect()
    }
}

/// Whether a word of this letter goes on.
fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

/// The ids of keys and principals that AWS makes.
fn is_made_id(word: &str) -> bool {
    let made = ["AKIA", "ASIA", "AIDA", "AROA"].iter().any(|start| word.starts_with(start));
    made && word.len() >= 16
        && word.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
}

fn is_moment(word: &str) -> bool {
    word.len() == 20 && word.ends_with('Z') && word.parse::<Timestamp>().is_ok()
}

impl Words {
    /// Words for everything in `lines` that tells whose log it is: users, ids, accounts, addresses.
    fn of(lines: &[String], seed: u64) -> Self {
        let mut dice = Dice(seed);
        // Weeks, and hours besides that move days and nights.
        let (weeks, hours) = (dice.number(200) - 100, 1 + dice.number(166));
        let mut words = Self { seconds: weeks * 604_800 + hours * 3_600 + 1_234, ..Self::default() };
        for line in lines {
            let record: Value = serde_json::from_str(line).unwrap();
            let who = &record["userIdentity"];
            let told = [&who["accountId"], &record["recipientAccountId"], &record["sourceIPAddress"]];
            let user = Some(&who["userName"]).filter(|_| who["type"] == "IAMUser");
            for word in told.into_iter().chain(user).filter_map(Value::as_str) {
                words.learn(word, &mut dice);
            }
            line.split(|letter| !is_of_word(letter)).filter(|word| is_made_id(word)).for_each(|word| {
                words.learn(word, &mut dice);
            });
        }
        words
    }

    fn learn(&mut self, word: &str, dice: &mut Dice) {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
        const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        if self.by_real.contains_key(word) {
            return;
        }
        let other = if is_made_id(word) {
            format!("{}{}", &word[..4], dice.text(word.len() - 4, CAPITALS))
        } else if word.len() == 12 && word.bytes().all(|digit| digit.is_ascii_digit()) {
            format!("7{}", dice.text(11, b"0123456789"))
        } else if word.parse::<std::net::IpAddr>().is_ok() {
            format!("{}.{}.{}.{}", 11 + dice.roll(80), dice.roll(256), dice.roll(256), 1 + dice.roll(254))
        } else if word.ends_with(".amazonaws.com") || word == "AWS Internal" {
            return;
        } else {
            dice.text(6 + word.len() % 5, LETTERS)
        };
        self.by_real.insert(word.to_owned(), other);
    }

    /// `part` said the other way, as a whole or where hyphens join it of others, as in the names of buckets.
    fn part(&self, part: &str) -> String {
        let piece = |piece: &str| self.by_real.get(piece).map_or(piece, String::as_str).to_owned();
        match self.by_real.get(part) {
            Some(other) => other.clone(),
            None => part.split('-').map(piece).collect::<Vec<_>>().join("-"),
        }
    }

    /// `text` with every whole word said the other way and every moment moved.
    fn said(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let of_word = |letter: char| is_of_word(letter) || letter == ':';
            let length = rest.find(|letter| of_word(letter) != of_word(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(length);
            if is_moment(run) {
                let moved = run.parse::<Timestamp>().unwrap().micros().unwrap() + self.seconds * 1_000_000;
                let moved = Timestamp::from_micros(moved).to_string();
                out.push_str(&moved[..19]);
                out.push('Z');
            } else {
                let parts = run.split(':').map(|part| self.part(part));
                out.push_str(&parts.collect::<Vec<_>>().join(":"));
            }
            rest = after;
        }
        out
    }
}

impl Copy {
    fn real(lines: Vec<String>) -> Self {
        Self { was: (0..lines.len()).collect(), lines, words: Words::default() }
    }

    /// Another's log of the same story: what came in one second comes in another order.
    fn rewritten(lines: &[String], seed: u64) -> Self {
        let words = Words::of(lines, seed);
        let mut dice = Dice(seed ^ 0xd1ce);
        let second = |line: usize| {
            let start = lines[line].find(r#""eventTime":""#).unwrap() + 13;
            &lines[line][start..start + 20]
        };
        let mut was: Vec<usize> = (0..lines.len()).collect();
        for group in was.chunk_by_mut(|a, b| second(*a) == second(*b)) {
            for at in (1..group.len()).rev() {
                group.swap(at, dice.roll(at + 1));
            }
        }
        Self { lines: was.iter().map(|line| words.said(&lines[*line])).collect(), was, words }
    }

    fn events(&self, tenant: &TenantId) -> Vec<Event> {
        let context = Context::new().with_tenant(tenant.clone()).with_network(tenant.as_str());
        let mut ingest = Ingest::new(Registry::default()).with_context(context);
        let text = self.lines.join("\n");
        let mut events: Vec<Event> =
            ingest.read("cloudtrail.jsonl", text.as_bytes()).map(|event| event.unwrap()).collect();
        events.sort_by_key(Event::when);
        events
    }

    /// The record of the real log that `event` of this copy is.
    fn real_record(&self, event: &EventRef) -> usize {
        let number = event.as_str().rsplit('#').next().unwrap().parse::<usize>().unwrap();
        self.was[number]
    }

    fn word<'a>(&'a self, real: &'a str) -> &'a str {
        self.words.by_real.get(real).map_or(real, String::as_str)
    }
}

fn records(list: &Value) -> Vec<usize> {
    let number = |id: &Value| id.as_str()?.rsplit('#').next()?.parse().ok();
    list.as_array().unwrap().iter().filter_map(number).collect()
}

/// What is known of the story, for the checks.
struct Truth {
    steps: Vec<Vec<usize>>,
    benign: BTreeSet<usize>,
    address: String,
}

impl Truth {
    fn read(corpus: &Path) -> Self {
        let truth: Value =
            serde_json::from_str(&std::fs::read_to_string(corpus.join(TRUTH)).unwrap()).unwrap();
        let address = truth["entities"].as_array().unwrap().iter().find(|entity| entity["kind"] == "ip");
        Self {
            steps: truth["incidents"][0]["steps"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| records(&step["events"]))
                .collect(),
            benign: records(&truth["negative_control"]["event_ids"]).into_iter().collect(),
            address: address.unwrap()["aliases"][0].as_str().unwrap().to_owned(),
        }
    }
}

/// What happened in the log, found by operation among the records of the true story.
struct Acts {
    denied: Vec<usize>,
    escalation: usize,
    escalated: Timestamp,
    new_key: usize,
}

impl Acts {
    fn of(copy: &Copy, events: &[Event], truth: &Truth) -> Self {
        let of_story: BTreeSet<usize> = truth.steps.iter().flatten().copied().collect();
        let story: Vec<(usize, &Event)> = events
            .iter()
            .map(|event| (copy.real_record(&event.reference().unwrap()), event))
            .filter(|(record, _)| of_story.contains(record))
            .collect();
        let (escalation, event) = story.iter().find(|(_, event)| event.action() == "PutUserPolicy").unwrap();
        let denied = story.iter().filter(|(_, event)| event.outcome() == Outcome::Failure);
        Self {
            denied: denied.map(|(record, _)| *record).collect(),
            escalation: *escalation,
            escalated: event.when(),
            new_key: story.iter().find(|(_, event)| event.action() == "CreateAccessKey").unwrap().0,
        }
    }
}

/// The step of `incident` that holds `record`, and its stage.
fn step_of(copy: &Copy, incident: &Incident, record: usize) -> Option<(usize, String)> {
    let steps = incident.steps().iter().enumerate();
    let mut holding =
        steps.filter(|(_, step)| step.events.iter().any(|event| copy.real_record(event) == record));
    holding
        .next()
        .map(|(number, step)| (number, step.stage.map(|stage| stage.to_string()).unwrap_or_default()))
}

/// Investigates `copy` and holds what comes out against the truth.
#[track_caller]
fn check(copy: &Copy, corpus: &Path) {
    let tenant = TenantId::new("local").unwrap();
    let events = copy.events(&tenant);
    let mut pipeline = Pipeline::new(tenant);
    for event in &events {
        pipeline.observe(event);
    }
    pipeline.finish();
    let incidents = pipeline.investigator().incidents();
    let truth = Truth::read(corpus);
    let told = |incident: &Incident| -> BTreeSet<usize> {
        incident.events().iter().map(|event| copy.real_record(event)).collect()
    };
    let benign: usize = incidents.iter().map(|one| told(one).intersection(&truth.benign).count()).sum();
    assert_eq!((truth.benign.len(), benign), (10_011, 0), "refusals of the log delivery are no incident");
    assert!((1..=3).contains(&incidents.len()), "{} incidents", incidents.len());

    let top = &incidents[0];
    let story: BTreeSet<usize> = truth.steps.iter().flatten().copied().collect();
    let (hit, noise) = (told(top).intersection(&story).count(), told(top).difference(&story).count());
    let acts = Acts::of(copy, &events, &truth);
    println!(
        "{hit} of {} events, {noise} others, {} incidents, opened {} s before the escalation",
        story.len(),
        incidents.len(),
        acts.escalated.since(top.opened()).map_or(-1, |lead| lead / 1_000_000),
    );
    assert!(hit >= 33, "{hit} of {}", story.len());
    for (number, step) in truth.steps.iter().enumerate() {
        assert!(step.iter().any(|record| told(top).contains(record)), "step {} is missing", number + 1);
    }
    assert!(top.opened() <= acts.escalated);

    let (escalation, stage) = step_of(copy, top, acts.escalation).expect("the escalation is a step");
    assert_eq!(stage, "privilege");
    let (new_key, stage) = step_of(copy, top, acts.new_key).expect("the new key is a step");
    assert_eq!(stage, "persistence");
    let (denied, stage) =
        acts.denied.iter().find_map(|record| step_of(copy, top, *record)).expect("enumeration");
    assert_eq!(stage, "discovery");
    assert!(denied < escalation && escalation < new_key, "{denied} {escalation} {new_key}");
    check_address(copy, top, &truth);
}

/// One address outside: the thief's, and no other.
fn check_address(copy: &Copy, incident: &Incident, truth: &Truth) {
    let keys = incident.entities().iter().flat_map(|involved| &involved.keys);
    let addresses: BTreeSet<&str> =
        keys.filter(|key| key.kind() == EntityKind::Ip).map(EntityKey::value).collect();
    assert_eq!(addresses, BTreeSet::from([copy.word(&truth.address)]));
}

fn check_copy(seed: u64) {
    let Some(corpus) = corpus() else { return };
    let lines = log_in(&corpus);
    let copy = Copy::rewritten(&lines, seed);
    assert!(copy.lines.iter().zip(&lines).all(|(copy, real)| copy != real), "every line is in other words");
    check(&copy, &corpus);
}

#[test]
fn corpus_leaked_key_is_the_top_incident() {
    let Some(corpus) = corpus() else { return };
    check(&Copy::real(log_in(&corpus)), &corpus);
}

#[test]
fn corpus_copy_of_the_first_seed() {
    check_copy(1);
}

#[test]
fn corpus_copy_of_the_second_seed() {
    check_copy(2);
}

#[test]
fn corpus_copy_of_the_third_seed() {
    check_copy(3);
}

#[test]
fn corpus_copy_of_the_fourth_seed() {
    check_copy(504);
}

#[test]
fn corpus_copy_of_the_fifth_seed() {
    check_copy(20_261_121);
}
