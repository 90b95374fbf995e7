#![no_main]
//! Any signals in any order give sound incidents and a snapshot that reads back; any bytes are refused or read.

use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Outcome, Position, Role, Signal, State,
    Technique, TenantId, Timestamp,
};
use homeostat_identity::{EntityClass, EntityId, LinkKind, Participant, Resolved};
use homeostat_incident::{Investigator, RiskBook};
use libfuzzer_sys::fuzz_target;

fn signal(number: u64, bytes: &[u8; 8]) -> Option<Resolved> {
    let [time, minute, kind, who, with, bits, word, link] = *bytes;
    let occurrence = Occurrence {
        tenant: TenantId::new("fuzz").ok()?,
        event: EventRef::new(["a", "b"][usize::from(word & 1)], number).ok()?,
        time: Timestamp::from_micros(i64::from(time) * 7_200_000_000 + i64::from(minute) * 20_000_000),
        domain: Domain::ALL[usize::from(kind) % Domain::ALL.len()],
    };
    let kinds = [EntityKind::Upn, EntityKind::AccessKey, EntityKind::Ip, EntityKind::Hostname];
    let classes = [EntityClass::Person, EntityClass::Credential, EntityClass::Address, EntityClass::Device];
    let part = |number: u8, role: Role| {
        let at = usize::from(number % 4);
        let key = EntityKey::new(kinds[at], "fuzz", &format!("10.0.0.{number}")).ok()?;
        Some(Participant { id: EntityId(u32::from(number)), class: classes[at], key, role })
    };
    let participants = vec![part(who % 32, Role::Actor)?, part(with % 32, Role::ALL[usize::from(word) % 7])?];
    let key = &participants.first()?.key;
    let mut signal =
        Signal::new(&format!("kind-{}", kind % 16), &occurrence, key, Bits::new(f64::from(bits)));
    signal.outcome = Outcome::ALL[usize::from(word >> 4) % 4];
    signal.action = if word & 8 == 0 { String::new() } else { format!("action-{}", link % 8) };
    signal.techniques.extend(Technique::parse(["", "T1078", "T1098", "T1530"][usize::from(link >> 6)]));
    let kinds = [LinkKind::ActsFor, LinkKind::LoggedOn, LinkKind::Leases, LinkKind::Owns];
    let links =
        vec![(EntityId(u32::from(who % 32)), EntityId(u32::from(with % 32)), kinds[usize::from(link) % 4])];
    Some(Resolved { signal, participants, links })
}

fuzz_target!(|data: &[u8]| {
    assert!(Investigator::from_bytes(data).is_err() || data.len() > 100);
    let _ = RiskBook::from_bytes(data);
    let (mut investigator, mut book) = (Investigator::default(), RiskBook::default());
    for (number, bytes) in data.as_chunks::<8>().0.iter().enumerate() {
        let Some(input) = signal(number as u64, bytes) else { continue };
        let position = Position::at(number as u64);
        let _ = (investigator.observe(position, &input), book.observe(position, &input));
    }
    investigator.finish();
    for incident in investigator.incidents() {
        assert!(incident.score().is_finite() && !incident.events().is_empty());
        assert!(incident.to_json().starts_with('{'));
    }
    let bytes = investigator.to_bytes();
    assert_eq!(Investigator::from_bytes(&bytes).map(|state| state.to_bytes()), Ok(bytes));
    let bytes = book.to_bytes();
    assert_eq!(RiskBook::from_bytes(&bytes).map(|state| state.to_bytes()), Ok(bytes));
});
