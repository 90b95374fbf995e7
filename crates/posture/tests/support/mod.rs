//! What the tests of this crate share: changes of one tenant, told in few words.

use homeostat_core::{EntityKey, EntityKind, EventRef, TenantId, Timestamp};
use homeostat_posture::{Change, Op, Posture, Update};

const ACCOUNT: &str = "111122223333";

pub(crate) fn key(name: &str) -> EntityKey {
    let kind = if name.contains(":user/") {
        EntityKind::IamUserArn
    } else if name.contains(":role/") {
        EntityKind::IamRoleArn
    } else {
        EntityKind::ResourceArn
    };
    EntityKey::new(kind, ACCOUNT, name).unwrap()
}

/// Hour `hour` of 2026-11-20.
pub(crate) fn hour(hour: u64) -> Timestamp {
    let start: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    start.plus(core::time::Duration::from_secs(hour * 3_600)).unwrap()
}

pub(crate) fn change(at: u64, op: Op) -> Change {
    let tenant = TenantId::new("acme").unwrap();
    Change { tenant, at: hour(at), evidence: EventRef::new("cloudtrail", at).unwrap(), op }
}

pub(crate) fn put(object: &EntityKey, kind: &str, document: &str) -> Op {
    Op::Put { object: object.clone(), kind: kind.to_owned(), document: document.to_owned() }
}

/// Applies changes one an hour, from `from` on; gives what the last one did.
pub(crate) fn apply(posture: &mut Posture, from: u64, ops: Vec<Op>) -> Update {
    let mut last = Update::default();
    for (number, op) in (from..).zip(ops) {
        last = posture.apply(&change(number, op)).unwrap();
    }
    last
}
