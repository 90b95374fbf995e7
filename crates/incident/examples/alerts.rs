//! Alerts of other products in, incidents out: a CSV with the columns `time,name,ip,host,short`.
//!
//! `cargo run -p homeostat-incident --example alerts -- FILE.csv`; without a file it tells of five alerts of its own.

use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Position, Role, Signal, State, TenantId,
    Timestamp,
};
use homeostat_identity::{EntityClass, EntityId, Participant, Resolved};
use homeostat_incident::{Incident, Investigator};
use std::collections::BTreeMap;

const OWN: &str = "time,name,ip,host,short
1000000,scan,192.0.2.1,web,S-Scan
1000020,many errors,192.0.2.1,web,W-Err
1000040,new file in web root,192.0.2.1,web,A-File
1000060,new user,192.0.2.1,web,W-Usr
1000080,sudo by new user,192.0.2.1,web,W-Sudo
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1);
    let text = path.as_deref().map_or_else(|| Ok(OWN.to_owned()), std::fs::read_to_string)?;
    let place = path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or("own.csv");
    let tenant = TenantId::new("example")?;
    let mut hosts: BTreeMap<EntityKey, EntityId> = BTreeMap::new();
    let mut investigator = Investigator::default();
    // A batch may hold one product's alerts after another's: it is put in order of time as a log would be.
    let mut lines: Vec<(usize, &str)> = text.lines().skip(1).enumerate().collect();
    lines.sort_by_key(|(_, line)| line.split(',').next().and_then(|time| time.parse::<i64>().ok()));
    for (position, (number, line)) in lines.into_iter().enumerate() {
        let mut columns = line.split(',');
        let (Some(time), Some(_name), Some(_ip), Some(host), Some(short)) =
            (columns.next(), columns.next(), columns.next(), columns.next(), columns.next())
        else {
            eprintln!("line {} has no five columns", number + 2);
            continue;
        };
        let occurrence = Occurrence {
            tenant: tenant.clone(),
            event: EventRef::new(place, number as u64)?,
            time: Timestamp::from_millis(time.parse::<i64>()? * 1_000),
            domain: Domain::Endpoint,
        };
        let key = EntityKey::new(EntityKind::Hostname, "example", host)?;
        let next = EntityId(u32::try_from(hosts.len())?);
        let id = *hosts.entry(key.clone()).or_insert(next);
        // The other product tells no severity here: own five alerts are taken as medium, a file's by rarity alone.
        let bits = if path.is_some() { Bits::new(0.01) } else { Bits::MEDIUM };
        let signal = Signal::new(short, &occurrence, &key, bits);
        let host = Participant { id, class: EntityClass::Device, key, role: Role::Actor };
        let resolved = Resolved { signal, participants: vec![host], links: Vec::new() };
        investigator.observe(Position::at(position as u64), &resolved)?;
    }
    investigator.finish();
    let incidents: Vec<String> = investigator.incidents().iter().map(Incident::to_json).collect();
    println!("{{\"incidents\":[{}]}}", incidents.join(",\n"));
    eprintln!("{:?}", investigator.stats());
    Ok(())
}
