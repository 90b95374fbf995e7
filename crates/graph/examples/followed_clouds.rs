//! Azure and Entra followed by their logs: reads documents and logs, and tells what each change brings.
//!
//! `cargo run --release -p homeostat-graph --all-features --example followed_clouds -- DOCUMENT… LOG…`; without arguments a
//! made-up tenant of 20,000 users and 5,000 machines, and on standard error how long its changes take.

use homeostat_core::{TenantId, Timestamp};
use homeostat_graph::{CloudChange, CloudDump, CloudOp, CloudTie, Evidence, LiveClouds, WaysTouched};
use homeostat_ingest::{Context, Ingest, Registry};
use serde_json::{Value, json};
use std::error::Error;
use std::time::Instant;

const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() { made_up() } else { follow(&files) }
}

/// Reads what is a document of a cloud as such, and the rest as logs.
fn follow(files: &[String]) -> Result<(), Box<dyn Error>> {
    let (mut dump, mut logs) = (CloudDump::default(), Vec::new());
    for file in files {
        let bytes = std::fs::read(file)?;
        let document = serde_json::from_slice(&bytes).ok();
        if document.and_then(|whole: Value| dump.read(file, &whole)).is_none() {
            logs.push((file, bytes));
        }
    }
    let mut clouds = LiveClouds::new(dump);
    let context = Context::new().with_tenant(TenantId::new("example")?);
    for (file, bytes) in logs {
        for event in
            Ingest::new(Registry::default()).with_context(context.clone()).read(file, bytes.as_slice())
        {
            for change in CloudChange::from_event(&event?)? {
                tell(&change.evidence.to_string(), &clouds.apply(&change)?);
            }
        }
    }
    let graph = clouds.graph();
    println!("{} nodes, {} edges", graph.len(), graph.edges());
    Ok(())
}

fn tell(because: &str, touched: &WaysTouched) {
    for (sign, edges) in [('+', &touched.added), ('-', &touched.removed)] {
        for edge in edges {
            println!("{sign} {} {} {} ({because})", edge.from, edge.kind, edge.to);
        }
    }
}

fn made_up() -> Result<(), Box<dyn Error>> {
    let users: Vec<Value> = (0..20_000)
        .map(|user| json!({"id": format!("u{user}"), "userPrincipalName": format!("u{user}@acme.example")}))
        .collect();
    let machines = (0..5_000).map(|machine| {
        let group = machine / 10;
        json!({"id": format!("/subscriptions/s{}/resourceGroups/g{group}/providers/Microsoft.Compute/virtualMachines/m{machine}", group / 50)})
    });
    let assigned = (0..500).map(|group| {
        let scope = format!("/subscriptions/s{}/resourceGroups/g{group}", group / 50);
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/a"),
            "properties": {"principalId": format!("u{group}"), "scope": scope, "roleDefinitionId": CONTRIBUTOR}})
    });
    let mut dump = CloudDump::default();
    dump.read("users.json", &json!(users)).ok_or("no users")?;
    dump.read("resources.json", &json!(machines.chain(assigned).collect::<Vec<_>>())).ok_or("no machines")?;
    let start = Instant::now();
    let mut clouds = LiveClouds::new(dump);
    println!("worked out {} edges", clouds.graph().edges());
    eprintln!("in {:.0?}", start.elapsed());
    let link = |from: &str, tie, to: &str| CloudOp::Link { from: from.to_owned(), tie, to: to.to_owned() };
    let changes = [
        ("a member", link("u7", CloudTie::MemberOf, "all")),
        (
            "a role over one group of machines",
            link("u8", CloudTie::Role(CONTRIBUTOR.to_owned()), "/subscriptions/s1/resourceGroups/g70"),
        ),
        (
            "a role over one subscription",
            link("u9", CloudTie::Role(CONTRIBUTOR.to_owned()), "/subscriptions/s2"),
        ),
        (
            "a role over all users",
            link("u6", CloudTie::DirectoryRole { role: HELPDESK.to_owned(), eligible: false }, "/"),
        ),
    ];
    for (at, (what, op)) in (1..).zip(changes) {
        let change = CloudChange {
            tenant: TenantId::new("example")?,
            at: Timestamp::from_micros(at),
            position: None,
            evidence: Evidence::document("made up"),
            op,
        };
        let start = Instant::now();
        let touched = clouds.apply(&change)?;
        let took = start.elapsed();
        println!("{what}: {} looked at, {} edges more", touched.worked, touched.added.len());
        eprintln!("in {took:.1?}");
    }
    Ok(())
}
