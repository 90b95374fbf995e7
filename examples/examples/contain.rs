//! An incident in, what is done about it out: planned, decided by which rule, applied, observed, reverted.
//!
//! `cargo run --release --example contain -- [--incident FILE] [--rails FILE]
//! [--target memory|nft|aws|scim|ldap|oauth|kubernetes] [--mode observe|ask|act]`: without an incident a built-in one; the incident is JSON as `investigate --out` writes it.

use clap::{Parser, ValueEnum};
use homeostat::{Responder, ResponderOptions};
use homeostat_core::{CalmRisk, MemoryReach, MemoryValues, TenantId, Timestamp};
use homeostat_examples::{Memory, Reached, block_on, finish, telling, threat_of};
use homeostat_response::{Mode, Policy, View};
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// The incident of whoever brings none.
const BUILT_IN: &str = include_str!("../data/incident.json");

/// Plans, decides, applies, observes and reverts what is done about an incident.
#[derive(Parser)]
struct Arguments {
    /// The incident, JSON as `investigate --out` writes it; a built-in one when left out.
    #[arg(long)]
    incident: Option<PathBuf>,
    /// The guard rails, TOML or JSON; the default ones when left out.
    #[arg(long)]
    rails: Option<PathBuf>,
    /// What is acted upon.
    #[arg(long, value_enum, default_value = "memory")]
    target: Reached,
    /// How far to go: look on, ask a person about everything, or act within the rails.
    #[arg(long, value_enum, default_value = "act")]
    mode: How,
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    Observe,
    Ask,
    Act,
}

impl From<How> for Mode {
    fn from(how: How) -> Self {
        match how {
            How::Observe => Self::Observe,
            How::Ask => Self::Ask,
            How::Act => Self::Act,
        }
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("contain: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::new("local")?;
    let json = match &arguments.incident {
        Some(file) => fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?,
        None => BUILT_IN.to_owned(),
    };
    let (threat, untold) = threat_of(&json, tenant.clone())?;
    if untold > 0 {
        eprintln!("contain: {untold} name(s) do not tell what they name and are left out");
    }
    println!("INCIDENT {}: {:.1} bits, confidence {:.2}", threat.id, threat.bits.get(), threat.confidence);
    let (world, in_memory) = Memory::target();
    let real = arguments.target.connect()?;
    // A real target lives now; the one in memory at the incident's time.
    let now = if real.is_some() { wall_time() } else { threat.time };
    let mut options =
        ResponderOptions::new(tenant, vec![real.clone().unwrap_or(in_memory)]).mode(arguments.mode.into());
    if let Some(file) = &arguments.rails {
        options = options.rails(policy(file)?.compile()?);
    }
    let mut responder = block_on(Responder::open(options, now))?;
    let (reach, criticality) = (MemoryReach::default(), MemoryValues::default());
    let view = View { reach: &reach, criticality: &criticality, risk: &CalmRisk, now };
    let answered = block_on(responder.respond_to(&threat, &view))?;
    let answer = if real.is_some() {
        finish(responder, answered.declined, |responder| {
            responder.told().filter(|told| told.is_in_force()).count()
        })?
    } else {
        Memory::around(responder, world).finish(answered.declined)?
    };
    print!("{}", telling::response(&answer, arguments.target.words()));
    println!("\nAT THE END");
    answer.at_last.iter().for_each(|told| println!("{}", telling::indented(told)));
    match answer.at_last.iter().filter(|told| told.planned.is_none()).count() {
        0 => Ok(()),
        unplanned => Err(format!("{unplanned} action(s) could not be planned").into()),
    }
}

fn wall_time() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_micros());
    i64::try_from(micros).map_or(Timestamp::UNKNOWN, Timestamp::from_micros)
}

fn policy(file: &PathBuf) -> Result<Policy, Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let is_json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    Ok(if is_json { Policy::from_json(&text)? } else { Policy::from_toml(&text)? })
}
