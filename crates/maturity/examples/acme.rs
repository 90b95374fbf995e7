//! The simulated tenant as a directory of native logs, with what really happened beside it.
//!
//! `cargo run -p homeostat-maturity --example acme [SEED [DIR]]`: without a directory it only prints.

use homeostat_maturity::{Story, Tenant, TenantOptions};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().map_or(Ok(7), |seed| seed.parse())?;
    let acme = Tenant::new(&TenantOptions::new(seed).story(Story::MultiHop).story(Story::Trip));
    println!("Acme, seed {seed}: {} records", acme.len());
    for (source, count) in acme.counts() {
        println!("  {count:>6} {source:?}");
    }
    for story in [Story::MultiHop, Story::Trip] {
        let Some(truth) = acme.truth(story) else { continue };
        println!("{story}, seen under {} identifiers:", truth.who.len());
        for step in &truth.steps {
            let stage = step.stage.map_or("-", |stage| stage.as_str());
            let first = step.events.first().map_or("-", |event| event.as_str());
            println!("  {stage:<11} {:>3} from {first:<26} {}", step.events.len(), step.what);
        }
    }
    if let Some(directory) = arguments.next() {
        for (name, bytes) in acme.files() {
            let path = Path::new(&directory).join(name);
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, bytes)?;
        }
    }
    Ok(())
}
