//! The laws of the model of sequences, and stories it must tell right on generated users.

#![cfg(test)]

use homeostat_baseline::{BadPassage, Passage, SequenceConfig, SequenceModel, SequenceVerdict};
use homeostat_core::conformance::state_laws;
use homeostat_core::{EntityKey, EntityKind, Forget as _, Position, State as _};
use proptest::prelude::*;

/// Random numbers that are the same everywhere (Knuth's MMIX generator, the upper half of its state).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A user with habits: usual followers of each of some words, all users sharing one vocabulary of 60.
struct User {
    name: String,
    followers: Vec<[u64; 4]>,
    draw: Draw,
}

impl User {
    fn new(name: &str, seed: u64) -> Self {
        let mut draw = Draw(seed);
        let bases = [draw.below(60), draw.below(60), draw.below(60)];
        // Ten words that all have, and the user's own corners of the vocabulary.
        let mut word = || match draw.below(3) {
            0 => draw.below(10),
            _ => (bases[usize::try_from(draw.below(3)).unwrap()] + draw.below(8)) % 60,
        };
        let followers = (0..60).map(|_| [word(), word(), word(), word()]).collect();
        Self { name: name.to_owned(), followers, draw: Draw(seed ^ 0xA5A5) }
    }

    fn key(&self) -> EntityKey {
        key(&self.name)
    }

    /// A hundred words; one of ten at random.
    fn words(&mut self) -> Vec<String> {
        let mut at = 0;
        let mut words = Vec::new();
        for _ in 0..100 {
            let [a, b, c, d] = self.followers[usize::try_from(at).unwrap()];
            at = match self.draw.below(10) {
                0 => self.draw.below(60),
                1..=4 => a,
                5..=6 => b,
                7..=8 => c,
                _ => d,
            };
            words.push(format!("w{at}"));
        }
        words
    }

    fn passage(&mut self) -> Passage {
        let words = self.words();
        Passage::new(self.key(), words).of_group("staff")
    }
}

fn key(name: &str) -> EntityKey {
    EntityKey::new(EntityKind::Upn, "acme", &format!("{name}@acme.example")).unwrap()
}

struct Course {
    model: SequenceModel,
    next: u64,
}

impl Course {
    fn new(model: SequenceModel) -> Self {
        Self { model, next: 0 }
    }

    fn observe(&mut self, passage: &Passage) -> SequenceVerdict {
        self.next += 1;
        self.model.observe(Position::at(self.next), passage).unwrap().applied().unwrap()
    }
}

/// A dozen users who have worked for forty passages each.
fn office() -> (Course, Vec<User>) {
    let mut users: Vec<User> = (0..12).map(|n| User::new(&format!("user{n}"), 1_000 + n)).collect();
    let mut course = Course::new(SequenceModel::default());
    for _ in 0..40 {
        for user in &mut users {
            course.observe(&user.passage());
        }
    }
    (course, users)
}

#[test]
fn a_masquerader_stands_out_and_is_named_by_symbols() {
    let (course, mut users) = office();
    let mut stranger = User::new("stranger", 77);
    let (mut caught, mut alarms) = (0, 0);
    for user in &mut users {
        for _ in 0..5 {
            let own = course.model.score(&user.passage()).unwrap();
            let other = Passage::new(user.key(), stranger.words()).of_group("staff");
            let verdict = course.model.score(&other).unwrap();
            assert!(!verdict.reasons().is_empty());
            assert!(verdict.reasons().is_sorted_by(|one, other| one.bits >= other.bits));
            assert!(
                verdict.reasons().iter().all(|reason| reason.peers.is_some_and(|(with, all)| with <= all))
            );
            caught += u32::from(verdict.bits().get() > 6.0);
            alarms += u32::from(own.bits().get() > 6.0);
        }
    }
    assert!(caught >= 57 && alarms <= 2, "{caught} of 60 caught, {alarms} false alarms");
}

#[test]
fn without_the_symbols_that_are_told_the_evidence_is_less() {
    let (course, mut users) = office();
    let mut stranger = User::new("stranger", 78);
    for user in &mut users {
        let words = stranger.words();
        let all = course.model.score(&Passage::new(user.key(), words.clone()).of_group("staff")).unwrap();
        let told = |word: &String| all.reasons().iter().any(|reason| reason.symbol == *word);
        // What the user gives stands in their place.
        let rest =
            words.iter().zip(user.words()).map(|(word, own)| if told(word) { own } else { word.clone() });
        let less = course.model.score(&Passage::new(user.key(), rest).of_group("staff")).unwrap();
        assert!(less.evidence() < all.evidence() && less.bits() < all.bits(), "{all:?} {less:?}");
    }
}

#[test]
fn who_drifts_step_by_step_stays_quiet_and_is_known_anew() {
    let (mut course, mut users) = office();
    let mut new_self = User::new("user0", 4_711);
    let mut loud = 0;
    for day in 0..60 {
        // Each day a little more of the new habits.
        let (old, new) = (users[0].words(), new_self.words());
        let share = (day * 100 / 60).min(100);
        let mixed = new.into_iter().take(share).chain(old.into_iter().skip(share));
        let verdict = course.observe(&Passage::new(key("user0"), mixed).of_group("staff"));
        loud += u32::from(verdict.bits().get() > 8.0);
    }
    assert!(loud <= 2, "{loud} of 60 days are loud");
    let settled =
        course.model.score(&Passage::new(key("user0"), new_self.words()).of_group("staff")).unwrap();
    assert!(settled.bits().get() < 4.0, "{settled:?}");
}

#[test]
fn a_masquerader_does_not_become_the_usual() {
    let (mut course, users) = office();
    let mut stranger = User::new("stranger", 79);
    let mut bits = Vec::new();
    for _ in 0..20 {
        bits.push(
            course.observe(&Passage::new(users[3].key(), stranger.words()).of_group("staff")).bits().get(),
        );
    }
    assert!(bits.iter().all(|bits| *bits > 4.0), "{bits:?}");
}

#[test]
fn a_wide_vocabulary_is_no_surprise_for_who_always_has_one() {
    let (mut course, _) = office();
    let mut draw = Draw(5);
    let mut fresh = 0;
    let mut wide = |draw: &mut Draw| {
        let words: Vec<String> = (0..100)
            .map(|_| {
                fresh += 1;
                if draw.below(3) == 0 { format!("file{fresh}") } else { format!("w{}", draw.below(12)) }
            })
            .collect();
        Passage::new(key("wide"), words).of_group("staff")
    };
    for _ in 0..40 {
        course.observe(&wide(&mut draw));
    }
    let later: Vec<f64> = (0..20).map(|_| course.observe(&wide(&mut draw)).bits().get()).collect();
    let mean = later.iter().sum::<f64>() / 20.0;
    assert!(mean < 9.0, "{later:?}");
}

#[test]
fn without_peers_what_is_like_no_passage_before_stands_out() {
    let mut course = Course::new(SequenceModel::default());
    let (mut own, mut other) = (User::new("host", 11), User::new("other", 12));
    for _ in 0..60 {
        course.observe(&Passage::new(key("host"), own.words()).trusted());
    }
    let usual: f64 = (0..20)
        .map(|_| course.model.score(&Passage::new(key("host"), own.words())).unwrap().bits().get())
        .sum();
    let odd: f64 = (0..20)
        .map(|_| course.model.score(&Passage::new(key("host"), other.words())).unwrap().bits().get())
        .sum();
    assert!(usual / 20.0 < 3.0 && odd / 20.0 > 8.0, "{} {}", usual / 20.0, odd / 20.0);
}

#[test]
fn an_entity_keeps_within_its_places_and_all_within_the_memory() {
    let mut config = SequenceConfig::default();
    config.places = SequenceConfig::LEAST_PLACES;
    config.memory = SequenceConfig::LEAST_MEMORY;
    let mut course = Course::new(SequenceModel::new(config).unwrap());
    for number in 0_u64..400 {
        let mut user = User::new(&format!("user{}", number % 150), number);
        course.observe(&user.passage());
        assert!(course.model.stats().bytes <= SequenceConfig::LEAST_MEMORY);
    }
    let stats = course.model.stats();
    assert!(stats.evicted > 0 && stats.entities > 10, "{stats:?}");
    let bytes = course.model.to_bytes();
    let restored = SequenceModel::from_bytes(&bytes).unwrap();
    assert_eq!(restored.stats(), stats);
}

#[test]
fn who_is_forgotten_leaves_no_trace() {
    let (mut course, mut users) = office();
    let before = course.model.clone();
    for _ in 0..5 {
        let mut guest = User::new("guest", 5);
        course.model.score(&guest.passage()).unwrap();
        course.observe(&guest.passage());
    }
    assert!(course.model.forget(&key("guest")));
    assert!(!course.model.forget(&key("guest")));
    for user in &mut users {
        let passage = user.passage();
        assert_eq!(course.model.score(&passage), before.score(&passage));
    }
}

#[test]
fn wrong_passages_and_settings_are_told() {
    let mut course = Course::new(SequenceModel::default());
    let empty = Passage::new(key("ann"), Vec::<String>::new());
    assert_eq!(course.model.score(&empty).unwrap_err().to_string(), "a passage needs a symbol");
    assert_eq!(course.model.observe(Position::at(1), &empty).unwrap_err(), BadPassage::Empty);
    course.next = 1;
    let long = Passage::new(key("ann"), vec!["x"; Passage::LIMIT + 1]);
    assert_eq!(course.model.score(&long).unwrap_err().to_string(), "a passage has at most 1048576 symbols");
    for (change, message) in [
        ((|config| config.order = 17) as fn(&mut SequenceConfig), "`order` must be at most 16"),
        (|config| config.places = 1, "`places` must be at least 1024"),
        (|config| config.remembered = 0, "`remembered` must be at least 1"),
        (|config| config.memory = 1, "`memory` must be at least 1048576 bytes"),
    ] {
        let mut config = SequenceConfig::default();
        change(&mut config);
        assert_eq!(SequenceModel::new(config).unwrap_err().to_string(), message);
    }
}

#[test]
fn no_symbol_shows_in_debug() {
    let (course, _) = office();
    let passage = Passage::new(key("user1"), ["MARKED-SECRET", "w1"]).of_group("staff");
    let verdict = course.model.score(&passage).unwrap();
    assert!(verdict.reasons().iter().any(|reason| reason.symbol == "MARKED-SECRET"));
    let mut config = SequenceConfig::default();
    config.table_seed = 0x005E_C2E7;
    let shown = format!("{passage:?} {verdict:?} {:?} {:?} {config:?}", verdict.reasons(), course.model);
    assert!(!shown.contains("MARKED") && !shown.contains(&config.table_seed.to_string()), "{shown}");
}

fn inputs() -> impl Strategy<Value = Vec<Passage>> {
    let passage = (0_u8..4, prop::collection::vec(0_u8..6, 0..12), 0_u8..6);
    prop::collection::vec(passage, 1..24).prop_map(|parts| parts.into_iter().map(one_input).collect())
}

fn one_input((who, symbols, way): (u8, Vec<u8>, u8)) -> Passage {
    let passage = Passage::new(key(&format!("u{who}")), symbols.iter().map(u8::to_string));
    // User 0 has no peers; user 3 changes groups.
    let passage = match who {
        0 => passage,
        3 if way < 2 => passage.of_group("two"),
        _ => passage.of_group("one"),
    };
    if way == 5 { passage.trusted() } else { passage }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_state_hold(inputs in inputs()) {
        let mut config = SequenceConfig::default();
        config.remembered = 3;
        prop_assert_eq!(state_laws(&SequenceModel::new(config).unwrap(), &inputs), Ok(()));
    }

    #[test]
    fn any_bits_are_sound_and_scoring_learns_nothing(inputs in inputs()) {
        let mut course = Course::new(SequenceModel::default());
        for passage in inputs.iter().filter(|passage| !passage.is_empty()) {
            let before = course.model.to_bytes();
            let told = course.model.score(passage).unwrap();
            prop_assert_eq!(&before, &course.model.to_bytes());
            prop_assert!((0.0..=1_000.0).contains(&told.bits().get()) && told.evidence().is_finite());
            course.observe(passage);
        }
    }

    #[test]
    fn the_order_in_which_members_came_does_not_show_in_their_group(count in 1_usize..5, seed: u64) {
        let names: Vec<String> = (0..count).map(|n| format!("m{n}")).collect();
        let learn = |names: &mut dyn Iterator<Item = &String>| {
            let mut course = Course::new(SequenceModel::default());
            for name in names {
                let mut user = User::new(name, seed ^ name.len() as u64);
                course.observe(&user.passage().trusted());
            }
            course.model
        };
        let (one, other) = (learn(&mut names.iter()), learn(&mut names.iter().rev()));
        let mut probe = User::new("probe", seed);
        let passage = probe.passage();
        prop_assert_eq!(one.score(&passage).unwrap(), other.score(&passage).unwrap());
    }
}
