//! A small made-up estate for the other tests: people, keys, addresses and what detectors say of them.

use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Outcome, Role, Signal, Technique, TenantId,
    Timestamp,
};
use homeostat_identity::{EntityClass, EntityId, LinkKind, Participant, Resolved};

/// 2026-03-16T00:00:00Z, in seconds.
pub(crate) const START: i64 = 1_773_619_200;

/// One entity of the estate.
#[derive(Clone, Copy)]
pub(crate) struct Who(pub(crate) u32, pub(crate) EntityClass, pub(crate) EntityKind, pub(crate) &'static str);

pub(crate) const JANE: Who = Who(1, EntityClass::Person, EntityKind::Upn, "jane@acme.example");
pub(crate) const JANES_KEY: Who =
    Who(2, EntityClass::Credential, EntityKind::AccessKey, "AKIAIOSFODNN7EXAMPLE");
pub(crate) const JANES_SESSION: Who = Who(3, EntityClass::Session, EntityKind::WebSession, "session-of-jane");
pub(crate) const OUTSIDE: Who = Who(4, EntityClass::Address, EntityKind::Ip, "203.0.113.9");
pub(crate) const OFFICE: Who = Who(5, EntityClass::Address, EntityKind::Ip, "198.51.100.1");
pub(crate) const BUCKET: Who = Who(6, EntityClass::DataStore, EntityKind::ResourceArn, "arn:aws:s3:::plans");
pub(crate) const DELIVERY: Who =
    Who(7, EntityClass::ServiceAccount, EntityKind::NativeId, "delivery.logs.amazonaws.com");
pub(crate) const HUB: Who = Who(8, EntityClass::Device, EntityKind::Hostname, "dc01");
pub(crate) const PEOPLE: [Who; 6] = [
    Who(20, EntityClass::Person, EntityKind::Upn, "ann@acme.example"),
    Who(21, EntityClass::Person, EntityKind::Upn, "bob@acme.example"),
    Who(22, EntityClass::Person, EntityKind::Upn, "cyd@acme.example"),
    Who(23, EntityClass::Person, EntityKind::Upn, "dan@acme.example"),
    Who(24, EntityClass::Person, EntityKind::Upn, "eve@acme.example"),
    Who(25, EntityClass::Person, EntityKind::Upn, "fay@acme.example"),
];

pub(crate) fn key(who: Who) -> EntityKey {
    if who.2 == EntityKind::Ip {
        EntityKey::ip("acme", who.3).unwrap()
    } else {
        EntityKey::new(who.2, "acme", who.3).unwrap()
    }
}

/// A signal of `kind` about `parts` so many seconds after [`START`], from record `number` of the log.
pub(crate) fn signal(number: u64, seconds: i64, kind: &str, parts: &[(Who, Role)], bits: f64) -> Resolved {
    let occurrence = Occurrence {
        tenant: TenantId::new("acme").unwrap(),
        event: EventRef::new("log.jsonl", number).unwrap(),
        time: Timestamp::from_micros((START + seconds) * 1_000_000),
        domain: Domain::Cloud,
    };
    let mut signal = Signal::new(kind, &occurrence, &key(parts[0].0), Bits::new(bits));
    for (who, role) in parts {
        signal.involve(key(*who), *role);
    }
    let participants = parts.iter().map(|(who, role)| Participant {
        id: EntityId(who.0),
        class: who.1,
        key: key(*who),
        role: *role,
    });
    Resolved { participants: participants.collect(), signal, links: Vec::new() }
}

pub(crate) fn with_action(mut resolved: Resolved, action: &str, outcome: Outcome) -> Resolved {
    resolved.signal.action = action.to_owned();
    resolved.signal.outcome = outcome;
    resolved
}

pub(crate) fn with_technique(mut resolved: Resolved, technique: &str) -> Resolved {
    resolved.signal.techniques.push(Technique::parse(technique).unwrap());
    resolved
}

pub(crate) fn linked(mut resolved: Resolved, a: Who, b: Who, kind: LinkKind) -> Resolved {
    resolved.links.push((EntityId(a.0), EntityId(b.0), kind));
    resolved
}

/// Two days of ordinary work: every person does the same three things every hour.
pub(crate) fn ordinary_days(first: u64) -> Vec<Resolved> {
    let mut log = Vec::new();
    for hour in 0..48 {
        for (n, person) in (0_i64..).zip(PEOPLE.iter().chain([&JANE])) {
            for (m, kind) in (0_i64..).zip(["sign-in", "read", "write"]) {
                let seconds = hour * 3_600 + n * 60 + m * 7;
                let parts = [(*person, Role::Actor), (OFFICE, Role::Origin)];
                log.push(signal(first + log.len() as u64, seconds, kind, &parts, 0.0));
            }
        }
    }
    log
}

/// The calls of a leaked key from outside, two days in: some innocuous, some not.
pub(crate) fn leaked_key(first: u64) -> Vec<Resolved> {
    let parts = [(JANE, Role::Actor), (JANES_KEY, Role::Via), (OUTSIDE, Role::Origin)];
    let acts: [(i64, &str, &str, Outcome, f64, &str); 8] = [
        (0, "call", "GetCallerIdentity", Outcome::Success, 0.0, ""),
        (30, "call", "ListBuckets", Outcome::Failure, 0.0, ""),
        (60, "call", "ListRoles", Outcome::Failure, 0.0, ""),
        (90, "new-address", "ListUsers", Outcome::Success, 9.0, "T1087.004"),
        (240, "self-escalation", "PutUserPolicy", Outcome::Success, 12.0, "T1098"),
        (300, "call", "ListBuckets", Outcome::Success, 0.0, ""),
        (480, "new-key", "CreateAccessKey", Outcome::Success, 10.0, "T1098.001"),
        (700, "call", "GetBucketVersioning", Outcome::Success, 0.0, ""),
    ];
    let day_two = 48 * 3_600;
    let made = acts.iter().enumerate().map(|(n, (seconds, kind, action, outcome, bits, technique))| {
        let act = signal(first + n as u64, day_two + seconds, kind, &parts, *bits);
        let act = linked(with_action(act, action, *outcome), JANES_KEY, JANE, LinkKind::ActsFor);
        if technique.is_empty() { act } else { with_technique(act, technique) }
    });
    made.collect()
}
