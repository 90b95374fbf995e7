//! A vendor of door locks takes homeostat: its log beside those of identity, cloud and network, its detector beside
//! the models, its badges beside the kernel's packet filter. A hidden attack becomes one story and is contained; the
//! process is killed in the middle of that, and nothing outlives its lease; a person is forgotten.

mod badges;
mod doors;
mod rattler;
mod stage;

use badges::Badges;
use homeostat::{Estate, Pipeline, Responder, ResponderOptions};
use homeostat_actuator_nftables::{Nft, Nftables};
use homeostat_core::{EntityKind, Forget as _, TenantId, Timestamp};
use homeostat_graph::{Inventory, Reading};
use homeostat_incident::{Investigator, Severity};
use homeostat_maturity::{Story, TENANT, Tenant, TenantOptions};
use homeostat_response::conformance::block_on;
use homeostat_response::{Action, Actuator, Descriptor, Erase, Mode, PseudonymKey, TargetKind, View};
use rattler::Rattler;
use stage::{now, peak, read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, sync::Arc, thread};

/// All that is built for this program, as Cargo chose it.
const LOCK: &str = include_str!("../Cargo.lock");

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    if let Some(folder) = env::args().nth(1) {
        return detect_and_contain(Path::new(&folder));
    }
    let folder = env::temp_dir().join("acme-doors");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("badges"))?;
    let mut child = Command::new(env::current_exe()?).arg(&folder).spawn()?;
    while locked(&folder)?.is_empty() && child.try_wait()?.is_none() {
        thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    println!("KILLED in the middle of an action; locked: {:?}", locked(&folder)?);
    let mut responder = responder(&folder, || ())?;
    while let Some(deadline) = responder.next_deadline() {
        block_on(responder.tick(deadline))?;
    }
    for told in responder.told() {
        println!("  {} {}, lease ended {}", told.id, told.phase.as_str(), told.lease_end);
    }
    println!("EVERY LEASE HAS ENDED; locked: {:?}", locked(&folder)?);

    let mut pipeline = Pipeline::from_bytes(&fs::read(folder.join("state"))?)?;
    let incidents = pipeline.investigator().incidents();
    let mut keys = incidents[0].entities().iter().flat_map(|one| &one.keys);
    let person = keys.find(|key| key.kind() == EntityKind::Upn).ok_or("nobody in the story")?;
    let names = pipeline.directory().whole(person);
    for name in &names {
        pipeline.forget(name);
        responder.forget(name)?;
    }
    let kept = [pipeline.to_bytes(), fs::read(folder.join("journal.names"))?].concat();
    let kept = String::from_utf8_lossy(&kept);
    let left: usize = names.iter().map(|name| kept.matches(name.value()).count()).sum();
    println!("FORGOTTEN on request under {} names; mentions left: {left}", names.len());
    println!("{}", fs::read_to_string(folder.join("figures"))?);
    Ok(())
}

/// Studies the logs, tells the story and contains it; killed while it locks the first badge.
fn detect_and_contain(folder: &Path) -> Result<()> {
    let world = Tenant::new(&TenantOptions::new(7).story(Story::MultiHop));
    let truth = world.truth(Story::MultiHop).ok_or("no attack")?;
    let events = read(&world, truth)?;
    let reading = Reading::new(TenantId::new(TENANT)?, Timestamp::UNKNOWN);
    let mut pipeline = Pipeline::new(TenantId::new(TENANT)?)
        .with_estate(Estate::new(Inventory::from_account_authorization(world.account(), &reading)?))
        .with_investigator(Investigator::builder().lateness(Duration::ZERO).build()?)
        .with_detector(Rattler::default());
    let (begun, mut hop) = (Instant::now(), None);
    for event in &events {
        let told = pipeline
            .observe(event)
            .into_iter()
            .filter_map(|told| pipeline.investigator().incident(told.id()));
        if hop.is_none() && told.into_iter().any(|one| one.severity() >= Severity::Medium) {
            hop = event.reference().and_then(|id| truth.step_of(&id));
        }
    }
    let rate = events.len() as f64 / begun.elapsed().as_secs_f64();
    let incidents = pipeline.investigator().incidents();
    let incident = incidents.first().ok_or("no story")?;
    println!(
        "{} events, {} stories; told at hop {}",
        events.len(),
        incidents.len(),
        hop.map_or(0, |hop| hop + 1)
    );
    let report = incident.report(pipeline.estate().graph(), pipeline.estate().graph());
    let answers = [&report.answers.what, &report.answers.who, &report.answers.why, &report.answers.how];
    for answer in answers.into_iter().chain([&report.answers.where_else, &report.answers.how_much_worse]) {
        println!("  {} events, {} paths: {:.100}", answer.evidence.len(), answer.paths.len(), answer.text);
    }
    fs::write(folder.join("state"), pipeline.to_bytes())?;
    let blind = pipeline.open_questions().into_iter().map(|open| open.domain.as_str()).collect::<Vec<_>>();
    let (crates, built) =
        (LOCK.matches("[[package]]").count() - 1, env::var("ACME_BUILD_SECONDS").unwrap_or("?".to_owned()));
    let figures = format!(
        "{crates} crates, built in {built} s, {} MiB, {rate:.0} events/s, not observed: {}",
        peak(),
        blind.join(", ")
    );
    fs::write(folder.join("figures"), figures)?;
    let graph = pipeline.estate().graph();
    let view = View { reach: graph, criticality: graph, risk: pipeline.risk(), now: now() };
    let stop = || loop {
        thread::park();
    };
    block_on(responder(folder, stop)?.respond(incident, &view))?;
    Ok(())
}

/// What is done about stories: badges are locked and, with `ACME_FIREWALL` set, addresses blocked in the kernel's packet
/// filter.
fn responder(folder: &Path, after: fn()) -> Result<Responder> {
    let descriptor = Descriptor::new("acme-badges", Action::DisableCredential, TargetKind::Person);
    let badges = Badges { descriptor, folder: folder.join("badges"), after };
    let mut actuators: Vec<Arc<dyn Actuator>> = vec![Arc::new(Erase(badges))];
    let firewall = Nftables::new(Arc::new(Nft::new()));
    if env::var_os("ACME_FIREWALL").is_some() && block_on(firewall.install()).is_ok() {
        actuators.push(Arc::new(Erase(firewall)));
    }
    let options = ResponderOptions::new(TenantId::new(TENANT)?, actuators).mode(Mode::Act);
    let options = options.journal(folder.join("journal"), PseudonymKey::new([7; 32]));
    Ok(block_on(Responder::open(options, now()))?)
}

/// The badges that the controller holds locked.
fn locked(folder: &Path) -> Result<Vec<PathBuf>> {
    let badges = fs::read_dir(folder.join("badges"))?;
    Ok(badges
        .map(|badge| badge.map(|badge| badge.file_name().into()))
        .collect::<std::result::Result<_, _>>()?)
}
