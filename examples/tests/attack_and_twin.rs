//! The simulated attack is one story on every seed, and its negative twin, the same tenant without it, is quiet.
//!
//! `cargo test --release -p homeostat-examples --test attack_and_twin -- --nocapture` prints a line a seed, with
//! figures. Debug builds try one seed on the shortest history: five take minutes there.
#![cfg(test)]

use homeostat_core::{Domain, EventRef};
use homeostat_examples::{Material, Progress, Study};
use homeostat_incident::{Incident, Severity};
use homeostat_maturity::{Story, Tenant, TenantOptions};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::thread;

/// A bar must hold on each of five seeds.
const SEEDS: RangeInclusive<u64> = if cfg!(debug_assertions) { 1..=1 } else { 1..=5 };
/// The share of an incident's events that may be none of the attack's.
const NOISE: f64 = 0.02;

/// What one seed shows.
struct Shown {
    seed: u64,
    twin: usize,
    incidents: Vec<Incident>,
    hostile: BTreeSet<EventRef>,
}

/// The incidents of one tenant.
fn told(options: &TenantOptions) -> Vec<Incident> {
    let material = Material::simulated(options).map_err(|error| error.to_string()).unwrap();
    Study::of(&material, &Progress::hidden()).incidents()
}

fn shown(seed: u64) -> Shown {
    let [attacked, twin] = Material::twins(seed).map(|options| {
        if cfg!(debug_assertions) { options.days(TenantOptions::LEAST_DAYS) } else { options }
    });
    let quiet = thread::spawn(move || told(&twin).len());
    let incidents = told(&attacked);
    let hostile = Tenant::new(&attacked).truth(Story::MultiHop).unwrap().events().into_iter().collect();
    Shown { seed, twin: quiet.join().unwrap(), incidents, hostile }
}

impl Shown {
    fn hits(&self) -> usize {
        let events = self.incidents.first().map(Incident::events).unwrap_or_default();
        events.iter().filter(|event| self.hostile.contains(*event)).count()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: twin {} incidents; attack {}", self.seed, self.twin, self.incidents.len())?;
        let Some(top) = self.incidents.first() else { return Ok(()) };
        let stages: Vec<&str> = top.stages().iter().map(|stage| stage.as_str()).collect();
        let domains: Vec<&str> = top.domains().iter().map(|domain| domain.as_str()).collect();
        let (hits, events) = (self.hits(), top.events().len());
        write!(f, ", {:?}, {}; {}", top.severity(), top.headline().join(" → "), stages.join(", "))?;
        write!(f, "; over {}", domains.join(", "))?;
        write!(f, "; {hits} of {} hostile events, {} others", self.hostile.len(), events - hits)
    }
}

#[test]
fn the_attack_is_one_story_and_its_twin_is_quiet() {
    let all: Vec<Shown> = SEEDS.map(shown).collect();
    for seed in &all {
        println!("{seed}");
    }
    for seed in &all {
        check(seed);
    }
}

fn check(seed: &Shown) {
    assert_eq!(seed.twin, 0, "the twin is not quiet: {seed}");
    assert_eq!(seed.incidents.len(), 1, "the attack is not one incident: {seed}");
    let top = &seed.incidents[0];
    assert_eq!(top.headline(), ["entry", "privilege", "movement", "egress"], "{seed}");
    assert!(top.steps().is_sorted_by_key(|step| step.time), "{seed}");
    assert!(top.severity() >= Severity::High, "{seed}");
    for domain in [Domain::Identity, Domain::Cloud, Domain::Network] {
        assert!(top.domains().contains(&domain), "{domain} is missing: {seed}");
    }
    let noise = top.events().len() - seed.hits();
    assert!(noise as f64 <= NOISE * top.events().len() as f64, "{seed}");
}
