//! A cloud security vendor's own detectors speak of one key; the story is told from their signals, typed by hand.
//!
//! `cargo run -p homeostat-incident --example leaked_key`

use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, MemoryReach, MemoryValues, Occurrence, Outcome, Position,
    Reason, Role, Signal, State, Technique, TenantId,
};
use homeostat_identity::{EntityClass, EntityId, LinkKind, Participant, Resolved};
use homeostat_incident::{Investigator, Update};

const ACTS: [(&str, &str, &str, Outcome, f64, &str); 6] = [
    ("13:02:53", "call", "GetCallerIdentity", Outcome::Success, 0.0, ""),
    ("13:03:10", "new-address", "ListUsers", Outcome::Failure, 9.0, "T1087.004"),
    ("13:06:49", "self-escalation", "PutUserPolicy", Outcome::Success, 12.0, "T1098"),
    ("13:07:06", "call", "ListBuckets", Outcome::Success, 0.0, "T1619"),
    ("13:10:42", "new-key", "CreateAccessKey", Outcome::Success, 10.0, "T1098.001"),
    ("13:11:40", "first-seen", "GetObject", Outcome::Success, 8.0, "T1530"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let user =
        EntityKey::new(EntityKind::IamUserArn, "123456789012", "arn:aws:iam::123456789012:user/build")?;
    let key = EntityKey::new(EntityKind::AccessKey, "acme", "AKIAIOSFODNN7EXAMPLE")?;
    let from = EntityKey::ip("acme", "203.0.113.9")?;
    let mut investigator = Investigator::default();
    for (number, (time, kind, action, outcome, bits, technique)) in ACTS.into_iter().enumerate() {
        let occurrence = Occurrence {
            tenant: TenantId::new("acme")?,
            event: EventRef::new("cloudtrail.json", number as u64)?,
            time: format!("2026-03-16T{time}Z").parse()?,
            domain: Domain::Cloud,
        };
        let mut signal = Signal::new(kind, &occurrence, &user, Bits::new(bits));
        (signal.action, signal.outcome) = (action.to_owned(), outcome);
        signal.techniques.extend(Technique::parse(technique));
        signal.reasons.push(Reason::new("address", "203.0.113.9", "two office networks", Bits::new(bits)));
        signal.involve(key.clone(), Role::Via);
        signal.involve(from.clone(), Role::Origin);
        let part = |id, class, key: &EntityKey, role| Participant {
            id: EntityId(id),
            class,
            key: key.clone(),
            role,
        };
        let participants = vec![
            part(0, EntityClass::ServiceAccount, &user, Role::Actor),
            part(1, EntityClass::Credential, &key, Role::Via),
            part(2, EntityClass::Address, &from, Role::Origin),
        ];
        let links = vec![(EntityId(1), EntityId(0), LinkKind::ActsFor)];
        investigator.observe(Position::at(number as u64), &Resolved { signal, participants, links })?;
    }
    for update in investigator.finish() {
        match update {
            Update::Opened(id) => println!("opened {id}"),
            Update::Raised(id) => println!("raised {id}"),
            Update::Merged { id, into } => println!("{id} is part of {into}"),
            _ => {}
        }
    }
    for incident in investigator.incidents() {
        let report = incident.report(&MemoryReach::default(), &MemoryValues::default());
        println!("{}", report.to_markdown());
    }
    Ok(())
}
