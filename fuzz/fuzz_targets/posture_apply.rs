//! Documents, patches, rule files and snapshots from outside: none may panic, and change by change is as all at once.
#![no_main]

use homeostat_core::{EntityKey, EntityKind, EventRef, State, TenantId, Timestamp};
use homeostat_posture::{Change, Op, Patch, Posture, RuleSet};
use libfuzzer_sys::fuzz_target;

fn bytes_of(posture: &Posture) -> Vec<u8> {
    State::<Vec<Change>>::to_bytes(posture)
}

fn restored(bytes: &[u8]) -> Option<Posture> {
    <Posture as State<Vec<Change>>>::from_bytes(bytes).ok()
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(posture) = restored(bytes) {
        let written = bytes_of(&posture);
        assert_eq!(bytes_of(&restored(&written).expect("own bytes are read")), written);
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = RuleSet::new().with(&text);
    let kinds: Vec<String> = {
        let rules = RuleSet::built_in();
        let kinds: std::collections::BTreeSet<&str> = rules.rules().map(|rule| rule.kind()).collect();
        kinds.into_iter().map(str::to_owned).collect()
    };
    let mut posture = Posture::default();
    let tenant = TenantId::new("acme").expect("a name");
    // Each line is one change: its first byte says of which kind, its second on which object and what.
    for (number, line) in text.lines().take(64).enumerate() {
        let mut signs = line.chars();
        let mut next = || signs.next().map_or(0, |sign| sign as usize);
        let (kind, what) = (next(), next());
        let kind = kinds[kind % kinds.len()].clone();
        let document = signs.as_str().to_owned();
        let object = EntityKey::new(EntityKind::NativeId, "a", &format!("o{}", what % 3)).expect("a key");
        let op = match what / 3 % 5 {
            0 => Op::Replace { object, kind, document },
            1 => Op::Unread { object, member: document },
            2 => Op::Tick,
            3 => match document.parse::<Patch>() {
                Ok(patch) => Op::Patch { object, patch },
                Err(_) => Op::Remove { object },
            },
            _ => Op::Put { object, kind, document },
        };
        let at = Timestamp::from_micros(number as i64);
        let evidence = EventRef::new("f", number as u64).expect("a place");
        let _ = posture.apply(&Change { tenant: tenant.clone(), at, evidence, op });
    }
    let findings: Vec<_> = posture.findings().cloned().collect();
    for finding in &findings {
        if let Some(fix) = posture.fix(finding) {
            assert_eq!(fix.inverse.apply(&fix.after()).as_ref(), Ok(&fix.before));
        }
    }
    let written = bytes_of(&posture);
    let again = restored(&written).expect("own bytes are read");
    assert!(again.findings().eq(posture.findings()));
    assert_eq!(bytes_of(&again), written);
});
