//! What analysts say and ask: each verb does what it says, is in the bytes, and is gone with its entity.

#![cfg(test)]

use homeostat_baseline::{Baseline, Observation, Threshold};
use homeostat_core::{Bits, CalmRisk, EntityKey, EntityKind, Forget as _, Position, State as _, Timestamp};

const HOUR: i64 = 3_600_000_000;
/// Hours of history: enough that a new value is rarer than one in a thousand.
const START: i64 = 960;

fn key(name: &str) -> EntityKey {
    EntityKey::new(EntityKind::Upn, "acme", &format!("{name}@acme.example")).unwrap()
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour * HOUR)
}

fn from(name: &str, hour: i64, country: &str) -> Observation {
    Observation::new(key(name), at(hour)).with("country", country.to_owned()).with("app", "mail")
}

struct Log {
    baseline: Baseline,
    next: u64,
}

impl Log {
    /// Forty days of two who live alike and one who does not.
    fn new() -> Self {
        let mut log = Self { baseline: Baseline::default(), next: 0 };
        for hour in 0..START {
            log.tell(&from("jane", hour, "DE"));
            log.tell(&from("joe", hour, "DE"));
            log.tell(&from("ann", hour, "FR").with("tool", "compiler"));
        }
        log
    }

    fn tell(&mut self, observation: &Observation) -> f64 {
        self.next += 1;
        let seen = self.baseline.observe(Position::at(self.next), observation).unwrap();
        seen.applied().unwrap().bits().get()
    }

    fn bits(&self, observation: &Observation) -> f64 {
        self.baseline.score(observation).unwrap().bits().get()
    }

    fn survives(&self) {
        let bytes = self.baseline.to_bytes();
        assert_eq!(Baseline::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }
}

#[test]
fn what_is_accepted_is_usual_and_what_is_rejected_is_not_learnt() {
    let mut log = Log::new();
    let abroad = from("jane", START, "BR").uncounted();
    let before = log.bits(&abroad);
    assert!(log.baseline.accept(&abroad).unwrap());
    let accepted = log.bits(&abroad);
    assert!(accepted < before - 2.0, "{before} {accepted}");
    assert!(log.baseline.reject(&abroad).unwrap());
    let rejected = log.bits(&abroad);
    assert!(rejected > accepted + 2.0, "{accepted} {rejected}");
    for hour in START + 1..START + 220 {
        log.tell(&from("jane", hour, "BR").uncounted());
    }
    let kept_up = log.bits(&from("jane", START + 220, "BR").uncounted());
    assert!(kept_up > rejected - 1.0, "refused values are never learnt: {rejected} {kept_up}");
    log.survives();
    assert!(!log.baseline.accept(&from("nobody", START + 220, "BR")).unwrap());
    assert!(!log.baseline.reject(&from("nobody", START + 220, "BR")).unwrap());
    assert!(log.baseline.accept(&Observation::new(key("jane"), Timestamp::UNKNOWN)).is_err());
}

#[test]
fn what_is_suspicious_is_on_probation_until_a_week_was_quiet() {
    let mut log = Log::new();
    // One minute full of it: most of what it would teach is held back.
    log.tell(&Observation::new(key("jane"), at(START)).with("country", "BR").times(400));
    log.tell(&from("jane", START + 2, "DE"));
    let fresh = log.bits(&from("jane", START + 2, "BR").uncounted());
    assert!(log.baseline.stats().cold > 0);
    log.survives();
    for hour in START + 3..START + 24 * 10 {
        log.tell(&from("jane", hour, "DE"));
    }
    let believed = log.bits(&from("jane", START + 24 * 10, "BR").uncounted());
    assert_eq!(log.baseline.stats().cold, 0);
    assert!(believed < fresh - 0.5, "{fresh} {believed}");
}

#[test]
fn drift_is_measured_from_what_was_pinned() {
    let mut log = Log::new();
    assert_eq!(log.baseline.drift(&key("jane")), None);
    assert!(log.baseline.pin(&key("jane")) && !log.baseline.pin(&key("nobody")));
    let still = log.baseline.drift(&key("jane")).unwrap();
    assert!(still.rate.abs() < 1e-9 && still.novelty < 1e-9, "{still:?}");
    for hour in START..START + 920 {
        for _ in 0..6 {
            log.tell(&from("jane", hour, "BR"));
        }
    }
    let gone = log.baseline.drift(&key("jane")).unwrap();
    assert!(gone.rate > 0.5 && gone.novelty > 0.5, "{gone:?}");
    log.survives();
}

#[test]
fn a_change_on_trial_stays_as_surprising_as_on_its_first_day() {
    let doing = |hour: i64, what: &str| from("jane", hour, "DE").with("action", what.to_owned()).uncounted();
    let day = |log: &mut Log, start: i64| -> Vec<f64> {
        let score = |log: &Log, one: &Observation| {
            let trial = log.baseline.score_on_trial(one).unwrap();
            trial.map_or_else(|| log.bits(one), |trial| trial.bits().get())
        };
        let tell = |hour: i64| {
            let one = doing(hour, "export");
            let bits = score(log, &one);
            for _ in 0..20 {
                log.tell(&one);
            }
            bits
        };
        (start..start + 24).map(tell).collect()
    };
    let highest = |bits: &[f64]| bits.iter().copied().fold(0.0, f64::max);
    let mut log = Log::new();
    for hour in START..START + 300 {
        log.tell(&doing(hour, "read"));
    }
    let change = START + 300;
    assert!(log.baseline.try_out(&key("jane"), at(change)));
    assert!(!log.baseline.try_out(&key("nobody"), at(change)));
    let (first, second) = (day(&mut log, change), day(&mut log, change + 24));
    assert!(highest(&second) > 0.8 * highest(&first), "{first:?} {second:?}");
    let next = doing(change + 48, "export");
    assert!(log.bits(&next) < highest(&second) - 2.0, "the profile alone has got used to it");
    log.survives();
    assert!(log.baseline.accept_change(&key("jane"), at(change + 48)));
    assert!(log.baseline.score_on_trial(&next).unwrap().is_none());
    assert!(log.bits(&next) < 5.0 && log.bits(&doing(change + 48, "read")) < 5.0);
    assert!(!log.baseline.accept_change(&key("jane"), at(change + 48)), "nothing is left in doubt");
    log.survives();
}

#[test]
fn a_trial_is_over_after_a_quiet_week() {
    let mut log = Log::new();
    assert!(log.baseline.try_out(&key("joe"), at(START)));
    for hour in START..START + 24 * 9 {
        log.tell(&from("joe", hour, "DE"));
    }
    assert!(log.baseline.score_on_trial(&from("joe", START + 24 * 9, "BR")).unwrap().is_none());
    assert_eq!(log.baseline.stats().cold, 0);
}

#[test]
fn expectations_come_with_their_reason() {
    let log = Log::new();
    let threshold = Threshold::new(Bits::new(6.0), &key("jane"), &CalmRisk, at(START));
    let usual = log.baseline.is_expected(&from("jane", START, "DE"), &threshold).unwrap();
    let odd = log.baseline.is_expected(&from("jane", START, "BR"), &threshold).unwrap();
    assert!(usual.expected && !odd.expected);
    assert_eq!((usual.because[0].aspect.as_str(), odd.because[0].aspect.as_str()), ("usual", "country"));
    assert!(!format!("{usual:?}").contains("DE"));
}

#[test]
fn peers_are_those_who_live_alike() {
    let log = Log::new();
    let peers = log.baseline.usual_peers(&key("jane"), 2);
    assert_eq!(peers[0].0, key("joe"));
    assert!(peers.iter().all(|(_, likeness)| (0.0..=1.0).contains(likeness)));
    assert!(log.baseline.usual_peers(&key("nobody"), 2).is_empty());
}

#[test]
fn who_is_forgotten_leaves_no_byte() {
    let mut log = Log::new();
    log.tell(&from("mallory", START, "XX").of_group("mallory's own"));
    log.tell(&from("jane", START + 2, "DE"));
    let odd = from("mallory", START + 2, "XX");
    log.baseline.accept(&odd).unwrap();
    log.baseline.pin(&key("mallory"));
    log.baseline.try_out(&key("mallory"), at(START + 2));
    log.baseline.reject(&from("mallory", START + 2, "YY")).unwrap();
    let holds = |baseline: &Baseline| {
        let bytes = baseline.to_bytes();
        bytes.windows(7).any(|part| part == b"mallory")
    };
    assert!(holds(&log.baseline) && log.baseline.stats().cold > 0);
    let groups = log.baseline.stats().groups;
    assert!(log.baseline.forget(&key("mallory")));
    assert!(!holds(&log.baseline));
    let after = log.baseline.stats();
    assert_eq!((after.cold, after.groups, after.entities), (0, groups - 1, 3));
    // To the others, what only the forgotten one did is as new as what nobody did.
    let (theirs, nobodys) =
        (log.bits(&from("jane", START + 3, "XX")), log.bits(&from("jane", START + 3, "ZZ")));
    assert!((theirs - nobodys).abs() < 1e-9, "{theirs} {nobodys}");
}
