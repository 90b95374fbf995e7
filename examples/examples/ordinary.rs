//! Weeks in which nothing happens: how many incidents are told where none is. Whole simulated tenants, each by a seed
//! of its own, until so many people, accounts, agents and machines were watched.
//!
//! `cargo run --release --example ordinary -- [--entities N] [--days N] [--seed N] [--tell]`

use clap::Parser;
use homeostat::Pipeline;
use homeostat_examples::Material;
use homeostat_identity::EntityClass;
use homeostat_maturity::TenantOptions;
use std::error::Error;
use std::process::ExitCode;

/// Counts the incidents of ordinary weeks.
#[derive(Parser)]
struct Arguments {
    /// Watch tenants until they have so many entities together.
    #[arg(long, default_value_t = 1_000)]
    entities: usize,
    /// Watch each so many days.
    #[arg(long, default_value_t = 28)]
    days: u16,
    /// The seed of the first tenant; the others follow.
    #[arg(long, default_value_t = 101)]
    seed: u64,
    /// Tell each incident's steps too.
    #[arg(long)]
    tell: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ordinary: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (mut entities, mut incidents, mut events, mut tenants) = (0, 0, 0, 0_u64);
    while entities < arguments.entities {
        let seed = arguments.seed + tenants;
        let material = Material::simulated(&TenantOptions::new(seed).days(arguments.days))?;
        let mut pipeline = Pipeline::new(material.tenant);
        for event in &material.events {
            drop(pipeline.observe(event));
        }
        pipeline.finish();
        let (own, told) = (watched(&pipeline), pipeline.investigator().incidents());
        for incident in &told {
            println!(
                "seed {seed}: {}, {:.1} bits, {} events",
                incident.id(),
                incident.score(),
                incident.events().len()
            );
            for step in incident.steps().iter().filter(|_| arguments.tell) {
                println!("  {:.1} bits: {}", step.bits, step.sentence);
            }
        }
        if own == 0 {
            return Err("a tenant without anybody".into());
        }
        (entities, incidents) = (entities + own, incidents + told.len());
        (events, tenants) = (events + material.events.len(), tenants + 1);
    }
    let weeks = f64::from(arguments.days) / 7.0;
    let rate = incidents as f64 / weeks / entities as f64 * 1_000.0;
    println!(
        "{incidents} incidents of {tenants} tenants with {entities} people, accounts, agents and machines in {} days, {events} \
         events: {rate:.2} a week for each 1,000",
        arguments.days
    );
    Ok(())
}

/// The people, accounts, agents and machines that the directory knows. Sessions, keys and addresses are not counted.
fn watched(pipeline: &Pipeline) -> usize {
    let counted = |class| {
        matches!(
            class,
            EntityClass::Person
                | EntityClass::ServiceAccount
                | EntityClass::AiAgent
                | EntityClass::Device
                | EntityClass::Workload
        )
    };
    pipeline.directory().clusters().iter().filter(|entity| counted(entity.class)).count()
}
