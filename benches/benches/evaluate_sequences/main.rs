//! How well does the model of sequences tell masqueraders and attacks, how fast, and what does each part add?
//!
//! Runs on the sets `sea40`, `adfa_ld` and `pu_unix` below the folder that `HOMEOSTAT_CORPUS` names, and says so when it names
//! none. `cargo bench -p homeostat-benches --bench evaluate_sequences`

mod roc;
mod sets;

use homeostat_baseline::{Passage, SequenceConfig, SequenceModel};
use homeostat_benches::cpu_seconds;
use homeostat_core::{EntityKey, EntityKind, Position, State as _};
use roc::Scores;
use sets::{Blocks, Sea, Traces};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Blocks that are a user's own in `sea40`.
const CLEAN: usize = 50;
/// The order that system calls need.
const CALLS: usize = 8;

fn main() -> Outcome<()> {
    let Some(corpus) = std::env::var_os("HOMEOSTAT_CORPUS").map(PathBuf::from) else {
        println!("HOMEOSTAT_CORPUS is not set: there is nothing to evaluate on");
        return Ok(());
    };
    let root = corpus.join("baseline");
    masqueraders(&Sea::read(&root.join("sea40"))?)?;
    attacks(&Traces::read(&root.join("adfa_ld/traces.csv.gz"))?)?;
    injected(&sets::sessions(&root.join("pu_unix")))
}

/// A model and the position of its next passage.
#[derive(Clone)]
struct Course {
    model: SequenceModel,
    next: u64,
}

impl Course {
    fn new(order: usize, places: usize) -> Outcome<Self> {
        let mut config = SequenceConfig::default();
        config.order = order;
        config.places = places;
        Ok(Self { model: SequenceModel::new(config)?, next: 0 })
    }

    fn bits(&mut self, passage: &Passage) -> Outcome<f64> {
        let seen = self.model.observe(Position::at(self.next), passage)?;
        self.next += 1;
        Ok(seen.applied().ok_or("replayed")?.bits().get())
    }
}

fn key(name: &str) -> Outcome<EntityKey> {
    Ok(EntityKey::new(EntityKind::Upn, "acme", &format!("{name}@acme.example"))?)
}

/// How a run over `sea40` differs from the default.
#[derive(Clone, Copy)]
enum Way {
    Default,
    LearnAll,
    LearnNothing,
    NoPeers,
}

fn masqueraders(sea: &Sea) -> Outcome<()> {
    println!("sea40: pooled over users             AUC   TPR@1% TPR@5%");
    let whole = sea_run(sea, 3, Way::Default)?;
    println!("  default                          {}", pooled(&whole, None));
    for (left_out, (name, scores)) in whole.iter().enumerate() {
        println!("    {name} alone                    {scores}");
        println!("    all without {name}              {}", pooled(&whole, Some(left_out)));
    }
    for order in 0..3 {
        println!(
            "  order {order}                          {}",
            pooled(&sea_run(sea, order, Way::Default)?, None)
        );
    }
    for (name, way) in [
        ("learns everything", Way::LearnAll),
        ("learns nothing after the clean part", Way::LearnNothing),
        ("without peers", Way::NoPeers),
    ] {
        println!("  {name:<33}{}", pooled(&sea_run(sea, 3, way)?, None));
    }
    Ok(())
}

fn pooled(users: &[(String, Scores)], without: Option<usize>) -> Scores {
    let mut all = Scores::default();
    for (_, scores) in users.iter().enumerate().filter(|(at, _)| Some(*at) != without).map(|(_, user)| user) {
        all.extend(scores);
    }
    all
}

fn sea_run(sea: &Sea, order: usize, way: Way) -> Outcome<Vec<(String, Scores)>> {
    let started = Instant::now();
    let mut taught = Course::new(order, 1 << 15)?;
    let mut symbols = 0;
    if !matches!(way, Way::NoPeers) {
        symbols += teach_peers(&mut taught, sea)?;
    }
    let mut found = Vec::new();
    for (name, blocks) in &sea.users {
        symbols += blocks.iter().map(Vec::len).sum::<usize>();
        found.push((name.clone(), one_user(taught.clone(), sea, (name, blocks), way)?));
    }
    if matches!(way, Way::Default) && order == 3 {
        let stats = taught.model.stats();
        println!(
            "  {:.0} symbols per CPU second, {} bytes an entity with its share of the group",
            symbols as f64 / cpu_seconds(started).max(1e-9),
            stats.bytes / stats.entities.max(1)
        );
    }
    Ok(found)
}

/// Peers learn in rounds, a block of each, as they would beside one another.
fn teach_peers(course: &mut Course, sea: &Sea) -> Outcome<usize> {
    let mut symbols = 0;
    for round in 0..CLEAN {
        for (name, blocks) in &sea.peers {
            let Some(block) = blocks.get(round) else { continue };
            course.bits(&Passage::new(key(name)?, block.clone()).of_group("peers").trusted())?;
            symbols += block.len();
        }
    }
    Ok(symbols)
}

fn one_user(mut course: Course, sea: &Sea, (name, blocks): (&str, &Blocks), way: Way) -> Outcome<Scores> {
    let mut scores = Scores::default();
    for (at, block) in blocks.iter().enumerate() {
        let mut passage = Passage::new(key(name)?, block.clone());
        if !matches!(way, Way::NoPeers) {
            passage = passage.of_group("peers");
        }
        if at < CLEAN || matches!(way, Way::LearnAll) {
            passage = passage.trusted();
        }
        let bits = if at >= CLEAN && matches!(way, Way::LearnNothing) {
            course.model.score(&passage)?.bits().get()
        } else {
            course.bits(&passage)?
        };
        if let Some(masquerader) = at.checked_sub(CLEAN).map(|block| sea.is_masquerader(name, block)) {
            scores.add(bits, masquerader);
        }
    }
    Ok(scores)
}

fn attacks(traces: &Traces) -> Outcome<()> {
    println!("adfa_ld: attack against validation   AUC   TPR@1% TPR@5% TPR@15%");
    for order in [CALLS, 1, 2, 4, 6] {
        let mut course = Course::new(order, 1 << 22)?;
        let started = Instant::now();
        let host = key("host")?;
        for trace in &traces.training {
            course.bits(&Passage::new(host.clone(), trace.clone()).trusted())?;
        }
        let (mut scores, mut symbols) = (Scores::default(), 0);
        for (is_attack, trace) in &traces.judged {
            let passage = Passage::new(host.clone(), trace.clone());
            scores.add(course.model.score(&passage)?.bits().get(), *is_attack);
            symbols += trace.len();
        }
        let speed = symbols as f64 / cpu_seconds(started).max(1e-9);
        println!("  order {order}                          {scores} {:.3}", scores.rate_at(0.15));
        if order == CALLS {
            println!("  {speed:.0} symbols per CPU second, {} bytes the entity", course.model.stats().bytes);
        }
    }
    Ok(())
}

/// Each user's first half teaches; then the others' sessions stand against the rest of the user's own.
fn injected(users: &[(String, Blocks)]) -> Outcome<()> {
    println!("pu_unix: sessions of others          AUC   TPR@1% TPR@5%");
    for peers in [true, false] {
        let mut scores = Scores::default();
        let mut taught = Course::new(3, 1 << 15)?;
        let of = |name: &str, session: &[String]| -> Outcome<Passage> {
            let passage = Passage::new(key(name)?, session.to_vec()).trusted();
            Ok(if peers { passage.of_group("peers") } else { passage })
        };
        for round in 0..users.iter().map(|(_, own)| own.len() / 2).max().unwrap_or(0) {
            for (name, own) in users {
                if let Some(session) = own.get(round).filter(|_| round < own.len() / 2) {
                    taught.bits(&of(name, session)?)?;
                }
            }
        }
        for (name, _) in users {
            for (other, sessions) in users {
                for session in sessions.iter().skip(sessions.len() / 2) {
                    let bits = taught.model.score(&of(name, session)?)?.bits().get();
                    scores.add(bits, other != name);
                }
            }
        }
        println!(
            "  {}                {scores}",
            if peers { "among peers      " } else { "without peers    " }
        );
    }
    Ok(())
}
