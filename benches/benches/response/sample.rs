//! Percentiles of many short jobs, the best turn of several, and a gate to ask.

use homeostat_benches::turns;
use homeostat_core::{TenantId, Timestamp};
use homeostat_response::{
    Action, ActionId, BadPolicy, Erase, Executor, ExecutorConfig, Gate, GateConfig, GateError, Journal,
    JournalError, MemoryActuator, MemoryWorld, Mode, Policy, PseudonymKey, Rails, Request, Storage, Target,
    TargetKind,
};
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Times `job` for each of `count` numbers and prints percentiles of the best turn: that of the lowest 99th.
pub(crate) fn percentiles(
    title: &str,
    (times, count): (usize, usize),
    mut turn: impl FnMut(&mut dyn FnMut(&mut dyn FnMut())) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut best: Option<(Duration, Duration)> = None;
    for _ in 0..turns(times) {
        let mut spans = Vec::with_capacity(count);
        turn(&mut |job| {
            let started = Instant::now();
            job();
            spans.push(started.elapsed());
        })?;
        spans.sort_unstable();
        let at = |share: usize| spans.get(spans.len() * share / 100).copied().unwrap_or_default();
        let found = (at(99), at(50));
        best = Some(best.map_or(found, |best| best.min(found)));
    }
    let (p99, p50) = best.unwrap_or_default();
    println!("{title:<64} p50 {:>9.2} µs   p99 {:>9.2} µs", micros(p50), micros(p99));
    Ok(())
}

pub(crate) fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

/// A moment at which everything begins.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_micros(1_764_000_000_000_000)
}

/// A rule for each team; one in ten is for every host of that name. With enough budget for all.
pub(crate) fn rails(rules: u32) -> Result<Rails, BadPolicy> {
    let mut text = String::from("version = \"1\"\n[surge]\nbeyond = 0\n");
    text += "[[budgets]]\nid = \"at-once\"\nmax_active = 4000000\n";
    for rule in 0..rules {
        let team =
            if rule % 10 == 0 { String::new() } else { format!(", attr = {{ team = \"team-{rule}\" }}") };
        // Writing to a text does not fail.
        let _ = writeln!(text, "[[rules]]\nid = \"rule-{rule}\"\nthen = \"autonomous\"");
        let _ = writeln!(
            text,
            "when = {{ actions = [\"isolate\"], glob = \"web-{rule}*\"{team}, min_confidence = 0.8 }}"
        );
    }
    Policy::from_toml(&text)?.compile()
}

/// A request to isolate host number `number`, one of ten thousand.
pub(crate) fn request(number: u32) -> Request {
    let rule = number.wrapping_mul(2_654_435_761) % 10_000;
    let target = Target::new(TargetKind::Host, &format!("web-{rule}"))
        .with("team", &format!("team-{rule}"))
        .with("owner", "jane@acme.example")
        .with("zone", "eu-1")
        .with("tier", "gold");
    let id = ActionId::derive(&["bench", &number.to_string()]);
    Request::new(id, tenant(), Action::Isolate, target).sure(0.9).lease(Duration::from_mins(10))
}

/// The tenant of everything here.
#[expect(clippy::expect_used, reason = "a constant")]
pub(crate) fn tenant() -> TenantId {
    TenantId::new("acme").expect("a name")
}

/// A journal in `chain`, with the names in `names`.
pub(crate) fn journal<S: Storage>(
    chain: S,
    names: S,
) -> Result<(Journal<S>, Vec<homeostat_response::Record>), JournalError> {
    Journal::open(chain, names, PseudonymKey::new([7; 32]))
}

/// A gate over a fresh journal.
pub(crate) fn gate<S: Storage>(rails: Rails, (chain, names): (S, S)) -> Result<Gate<S>, Box<dyn Error>> {
    let (journal, records) = journal(chain, names)?;
    Ok(Gate::open(GateConfig::new(tenant(), rails).mode(Mode::Act), journal, records)?)
}

/// An executor on a target in memory.
pub(crate) fn executor<S: Storage>(gate: Gate<S>, now: Timestamp) -> Result<Executor<S>, GateError> {
    let actuator = Arc::new(Erase(MemoryActuator::new(MemoryWorld::default())));
    homeostat_response::conformance::block_on(Executor::open(gate, ExecutorConfig::new(vec![actuator]), now))
}
