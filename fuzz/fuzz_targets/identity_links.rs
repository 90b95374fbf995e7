//! Arbitrary streams of links, classes, retractions and questions: no panic, and the laws of identity hold.
#![no_main]

use homeostat_core::{EntityKey, EntityKind, EventRef, Forget, Position, State, TenantId, Timestamp};
use homeostat_identity::{
    Directory, EntityClass, Fact, Limits, Link, LinkKind, LoginRule, Observation, Strength, Validity,
};
use libfuzzer_sys::fuzz_target;

const STEP: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Directory::from_bytes(bytes) {
        assert_eq!(read.to_bytes(), bytes);
    }
    let Ok(tenant) = TenantId::new("acme") else { return };
    let mut limits = Limits::default();
    (limits.keys, limits.links, limits.identifiers, limits.periods, limits.slices) = (64, 8, 8, 3, 4);
    let rules = vec![LoginRule::mail_is_login("a.example"), LoginRule::windows_domain("acme", "a.example")];
    let Ok(mut directory) = Directory::build(tenant.clone(), rules, limits) else { return };
    for (offset, step) in bytes.chunks_exact(STEP).enumerate() {
        let Some(fact) = fact(step) else { continue };
        let observation = Observation::new(&tenant, time(step[6]), vec![fact]);
        directory.observe(Position::at(offset as u64), &observation).expect("a fact of the own tenant");
        if step[7] == 0 {
            directory.forget(&key(step[1], step[2]).expect("a key"));
        }
    }
    hold_laws(&directory);
});

fn hold_laws(directory: &Directory) {
    for at in [Timestamp::UNKNOWN, time(3), Timestamp::NEVER] {
        for entity in directory.clusters_at(at) {
            assert_eq!(directory.entity_at(entity.id, at).as_ref(), Some(&entity));
            let classes: Vec<_> = entity.identifiers.iter().map(EntityClass::of).collect();
            let has = |class| classes.contains(&class);
            let person = has(EntityClass::Person) || has(EntityClass::ServiceAccount);
            for other in
                [EntityClass::Device, EntityClass::Role, EntityClass::Session, EntityClass::Credential]
            {
                assert!(!person || !has(other));
            }
            assert!(!has(EntityClass::Address) || classes.len() == 1);
            if let [first, .., last] = entity.identifiers.as_slice() {
                assert!(!directory.because_at(first, last, at).is_empty());
                directory.behind(first, at);
            }
        }
    }
    let _ = (directory.aliases(), directory.stats());
    let bytes = directory.to_bytes();
    let restored = Directory::from_bytes(&bytes).expect("own bytes");
    assert_eq!(restored.to_bytes(), bytes);
    assert_eq!(restored.clusters(), directory.clusters());
}

fn fact(step: &[u8]) -> Option<Fact> {
    let (a, b) = (key(step[1], step[2])?, key(step[3], step[4])?);
    let event = EventRef::new("log", u64::from(step[5])).ok()?;
    let kind = LinkKind::ALL[usize::from(step[5]) % LinkKind::ALL.len()];
    let strength = Strength::ALL[usize::from(step[5] >> 3) % Strength::ALL.len()];
    let valid = Validity::between(time(step[6]), time(step[7])).unwrap_or(Validity::ALWAYS);
    let link = Link::new(kind, a.clone(), b, &event).resting_on(strength).valid(valid);
    Some(match step[0] % 8 {
        0 => Fact::Retract(link.id()),
        1 => Fact::Restore(link.id()),
        2 => Fact::Class(a, EntityClass::ALL[usize::from(step[5]) % EntityClass::ALL.len()]),
        3 => Fact::Link(link.told_by("other")),
        _ => Fact::Link(link),
    })
}

fn key(kind: u8, value: u8) -> Option<EntityKey> {
    let kind = EntityKind::ALL[usize::from(kind) % EntityKind::ALL.len()];
    let value = value % 4;
    let text = match kind {
        EntityKind::Ip => format!("10.0.0.{}", value + 1),
        EntityKind::Upn | EntityKind::Email => format!("u{value}@a.example"),
        _ => format!("v{value}"),
    };
    EntityKey::new(kind, "acme", &text).ok()
}

fn time(seconds: u8) -> Timestamp {
    Timestamp::from_micros(i64::from(seconds % 16) * 1_000_000)
}
