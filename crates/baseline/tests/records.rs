//! The laws and stories of the record model, on generated logs.

#![cfg(test)]

use homeostat_baseline::{
    BadRecord, Cell, Record, RecordAspect, RecordConfig, RecordLearning, RecordModel, RecordScore,
};
use homeostat_core::conformance::state_laws;
use homeostat_core::{Position, State as _};
use proptest::prelude::*;

/// Random numbers that are the same everywhere (Knuth's MMIX generator).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// A size with a long tail.
    fn size(&mut self) -> f64 {
        let u = (self.below(1 << 20) as f64 + 0.5) / f64::from(1 << 20);
        (300.0 / u.sqrt()).floor()
    }
}

/// An ordinary record of a web log: service, flag, bytes, duration, a count that is often missing.
fn ordinary(draw: &mut Draw) -> Vec<Cell<'static>> {
    let service = ["http", "http", "http", "smtp", "dns"][usize::try_from(draw.below(5)).unwrap()];
    let bytes = if service == "dns" { 40.0 + draw.below(30) as f64 } else { draw.size() };
    let duration = if draw.below(20) == 0 { draw.below(100) as f64 } else { 0.0 };
    let count = if draw.below(3) == 0 { Cell::Absent } else { Cell::Number(draw.below(8) as f64) };
    vec![Cell::Word(service), Cell::Word("SF"), Cell::Number(bytes), Cell::Number(duration), count]
}

fn flood() -> Vec<Cell<'static>> {
    vec![Cell::Word("dns"), Cell::Word("SF"), Cell::Number(1_032.0), Cell::Number(0.0), Cell::Number(7.0)]
}

struct Log {
    model: RecordModel,
    next: u64,
}

impl Log {
    fn new() -> Self {
        Self { model: RecordModel::default(), next: 0 }
    }

    fn feed(&mut self, cells: &[Cell<'_>]) -> RecordScore {
        let at = Position::at(self.next);
        self.next += 1;
        self.model.observe(at, &Record::new(cells)).unwrap().applied().unwrap()
    }

    fn learnt(records: usize, draw: &mut Draw) -> Self {
        let mut log = Self::new();
        for _ in 0..records {
            log.feed(&ordinary(draw));
        }
        log
    }
}

fn bits(score: RecordScore) -> f64 {
    score.bits().get()
}

#[test]
fn a_single_odd_number_and_a_new_category_stand_out_and_ordinary_records_do_not() {
    let mut draw = Draw(7);
    let mut log = Log::learnt(20_000, &mut draw);
    let loud = (0..5_000).filter(|_| bits(log.feed(&ordinary(&mut draw))) > 10.0).count();
    assert!(loud <= 20, "about one in a thousand has ten bits: {loud} of 5000");
    let mut odd = ordinary(&mut draw);
    odd[3] = Cell::Number(86_400.0);
    assert!(bits(log.model.score(&Record::new(&odd)).unwrap()) > 8.0);
    let mut new = ordinary(&mut draw);
    new[0] = Cell::Word("telnet");
    assert!(bits(log.model.score(&Record::new(&new)).unwrap()) > 8.0);
}

#[test]
fn a_number_that_is_usual_elsewhere_is_odd_beside_these_words() {
    let mut draw = Draw(11);
    let log = Log::learnt(20_000, &mut draw);
    let with = |service| {
        [Cell::Word(service), Cell::Word("SF"), Cell::Number(900.0), Cell::Number(0.0), Cell::Number(3.0)]
    };
    let [web, dns] = ["http", "dns"].map(|service| log.model.score(&Record::new(&with(service))).unwrap());
    assert!(dns.context().get() > web.context().get() + 2.0 && dns.context().get() > 5.0, "{dns:?} {web:?}");
}

#[test]
fn a_flood_stands_out_to_its_end_and_is_not_learnt_as_the_normal() {
    let mut draw = Draw(3);
    let mut log = Log::learnt(20_000, &mut draw);
    // One record alone is odd, but not like this.
    let alone = bits(log.model.score(&Record::new(&flood())).unwrap());
    let mut quiet = 0;
    for n in 0..10_000 {
        let score = if n % 10 == 0 { log.feed(&ordinary(&mut draw)) } else { log.feed(&flood()) };
        let is_late_flood = n % 10 != 0 && n > 200;
        quiet += u32::from(is_late_flood && bits(score) < 6.0);
    }
    assert!(quiet < 90, "{quiet} of 9000 records of the flood were quiet; alone it has {alone} bits");
    for _ in 0..5_000 {
        log.feed(&ordinary(&mut draw));
    }
    let after = log.model.score(&Record::new(&flood())).unwrap();
    assert!(after.rarity().get() > 3.0, "{after:?}");
}

#[test]
fn what_always_repeats_is_ordinary_and_what_is_odd_beside_it_is_found() {
    let mut draw = Draw(5);
    let mut log = Log::new();
    let beat = [Cell::Word("probe"), Cell::Number(64.0), Cell::Number(1.0)];
    let mut loud = 0;
    for n in 0..20_000_u32 {
        let score = if n % 3 == 0 {
            log.feed(&[Cell::Word("query"), Cell::Number(draw.size()), Cell::Number(2.0)])
        } else {
            log.feed(&beat)
        };
        loud += u32::from(n > 2_000 && n % 3 != 0 && bits(score) > 3.0);
    }
    assert!(loud < 20, "{loud}");
    let odd = [Cell::Word("probe"), Cell::Number(70_000.0), Cell::Number(1.0)];
    assert!(bits(log.model.score(&Record::new(&odd)).unwrap()) > 8.0);
}

#[test]
fn floods_and_single_odd_records_are_ranked_on_one_scale_above_the_ordinary() {
    let mut draw = Draw(13);
    let mut log = Log::learnt(10_000, &mut draw);
    let (mut ordinary_bits, mut odd_bits) = (Vec::new(), Vec::new());
    for n in 0..30_000_u32 {
        if (12_000..14_000).contains(&n) {
            odd_bits.push(bits(log.feed(&flood())));
        } else if n % 500 == 7 {
            let mut odd = ordinary(&mut draw);
            odd[2] = Cell::Number(5e6 + f64::from(n));
            odd_bits.push(bits(log.feed(&odd)));
        } else {
            ordinary_bits.push(bits(log.feed(&ordinary(&mut draw))));
        }
    }
    ordinary_bits.sort_by(f64::total_cmp);
    let threshold = ordinary_bits[ordinary_bits.len() * 99 / 100];
    let found = odd_bits.iter().filter(|bits| **bits > threshold).count();
    assert!(found * 100 > odd_bits.len() * 95, "{found} of {} above {threshold}", odd_bits.len());
}

#[test]
fn dropping_the_top_contribution_lowers_the_score() {
    let mut draw = Draw(17);
    let mut log = Log::learnt(5_000, &mut draw);
    let mut explained = 0;
    for n in 0..3_000_u32 {
        let mut cells = if n % 3 == 0 { flood() } else { ordinary(&mut draw) };
        if n % 7 == 0 {
            cells[2] = Cell::Number(draw.size() * 1_000.0);
        }
        let why = log.model.explain(&Record::new(&cells)).unwrap();
        assert_eq!(why.score(), log.model.score(&Record::new(&cells)).unwrap());
        if bits(why.score()) > 4.0 {
            explained += 1;
            assert!(why.without_top() < why.score().bits(), "{why:?}");
            let top = &why.contributions()[0];
            assert!(!top.observed().is_empty() && !top.expected().is_empty());
        }
        log.feed(&cells);
    }
    assert!(explained > 300, "{explained}");
}

#[test]
fn the_cell_that_is_odd_is_named_with_what_would_have_been_normal() {
    let mut draw = Draw(19);
    let log = Log::learnt(20_000, &mut draw);
    let mut cells = ordinary(&mut draw);
    cells[3] = Cell::Number(86_400.0);
    let why = log.model.explain(&Record::new(&cells)).unwrap();
    let top = &why.contributions()[0];
    assert_eq!((top.aspect(), top.observed()), (RecordAspect::Column(3), "86400"));
    assert!(top.expected().ends_with("in 98 of 100"), "{}", top.expected());
    cells[3] = Cell::Number(0.0);
    cells[1] = Cell::Word("REJ");
    let why = log.model.explain(&Record::new(&cells)).unwrap();
    let top = &why.contributions()[0];
    assert_eq!((top.aspect(), top.observed()), (RecordAspect::Column(1), "REJ"));
    assert!(top.expected().starts_with("one of 1 words, a new one"), "{}", top.expected());
}

#[test]
fn without_words_a_combination_that_never_comes_is_odd() {
    let mut draw = Draw(23);
    let mut log = Log::new();
    for _ in 0..20_000 {
        let large = draw.below(2) as f64;
        let (a, b) = (10.0 + large * 5_000.0, 20.0 + large * 9_000.0);
        log.feed(&[Cell::Number(a + draw.below(5) as f64), Cell::Number(b + draw.below(9) as f64)]);
    }
    let usual = log.model.score(&Record::new(&[Cell::Number(12.0), Cell::Number(25.0)])).unwrap();
    let crossed = log.model.explain(&Record::new(&[Cell::Number(12.0), Cell::Number(9_025.0)])).unwrap();
    assert!(bits(crossed.score()) > bits(usual) + 6.0, "{crossed:?} {usual:?}");
    assert_eq!(crossed.contributions()[0].aspect(), RecordAspect::Combination);
}

#[test]
fn memory_has_a_bound_that_no_log_moves() {
    let mut draw = Draw(29);
    let mut log = Log::new();
    let words: Vec<String> = (0..30_000).map(|n| format!("w{n}")).collect();
    let mut most = 0;
    for word in &words {
        let x = f64::from_bits(draw.below(1 << 31) << 32 | draw.below(1 << 31));
        log.feed(&[Cell::Word(word), Cell::Number(x), Cell::Word(word)]);
        most = most.max(log.model.stats().bytes);
    }
    let after_first = {
        let mut other = Log::new();
        other.feed(&[Cell::Word("a"), Cell::Number(1.0), Cell::Word("b")]);
        other.feed(&[Cell::Word("a"), Cell::Number(1.0), Cell::Word("b")]);
        other.model.stats().bytes
    };
    assert!(most <= after_first + 3 * 512 * 4, "{most} {after_first}");
    assert!(log.model.to_bytes().len() < 2 * most);
}

#[test]
fn identifiers_and_counters_hide_no_flood() {
    let mut draw = Draw(11);
    let mut log = Log::new();
    let mut feed = |draw: &mut Draw, number: u32, cells: Vec<Cell<'static>>| {
        let name = format!("r-{:08x}", draw.below(1 << 32));
        let mut all = vec![Cell::Word(&name), Cell::Number(f64::from(number))];
        all.extend(cells);
        bits(log.feed(&all))
    };
    for number in 0..12_000 {
        let cells = ordinary(&mut draw);
        feed(&mut draw, number, cells);
    }
    let quiet = (12_000..14_000).filter(|number| {
        let cells = ordinary(&mut draw);
        feed(&mut draw, *number, cells) > 10.0
    });
    assert!(quiet.count() <= 20);
    let told = (14_000..14_800).map(|number| feed(&mut draw, number, flood())).fold(0.0, f64::max);
    assert!(told > 10.0, "{told}");
}

#[test]
fn no_scale_is_asked_for() {
    // The same log in other units gives nearly the same bits.
    let score = |unit: f64| {
        let (mut draw, mut log) = (Draw(31), Log::new());
        for _ in 0..10_000 {
            log.feed(&[Cell::Number(draw.size() * unit), Cell::Number(draw.below(9) as f64 * unit)]);
        }
        bits(log.model.score(&Record::new(&[Cell::Number(9e7 * unit), Cell::Number(3.0 * unit)])).unwrap())
    };
    for unit in [0.01, 1.0, 1e6] {
        assert!(score(unit) > 8.0, "{unit}: {}", score(unit));
    }
}

fn cell(step: (u8, i16)) -> Cell<'static> {
    const WORDS: [&str; 5] = ["", "GET", "POST", "-", "ünï"];
    match step.0 % 4 {
        0 => Cell::Absent,
        1 => Cell::Word(WORDS[usize::from(step.1.unsigned_abs() % 5)]),
        2 => Cell::Number(f64::from(step.1)),
        _ => Cell::Number(f64::from(step.1).powi(5) / 7.0),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_state_hold(
        records in prop::collection::vec(prop::collection::vec((any::<u8>(), any::<i16>()), 0..5), 1..20),
    ) {
        let cells: Vec<Vec<Cell<'_>>> = records.iter().map(|record| record.iter().copied().map(cell).collect()).collect();
        let inputs: Vec<Record<'_>> = cells.iter().map(|cells| Record::new(cells)).collect();
        let mut config = RecordConfig::default();
        config.tick = 16;
        prop_assert_eq!(state_laws(&RecordModel::new(config).unwrap(), &inputs), Ok(()));
    }

    #[test]
    fn every_record_gives_sound_bits(
        records in prop::collection::vec(prop::collection::vec(any::<f64>(), 0..6), 1..200),
    ) {
        let mut log = Log::new();
        for record in &records {
            let cells: Vec<Cell<'_>> = record.iter().map(|x| Cell::Number(*x)).collect();
            let score = log.feed(&cells);
            for bits in [score.bits(), score.rarity(), score.context(), score.burst()] {
                prop_assert!((0.0..=1_000.0).contains(&bits.get()));
            }
        }
    }
}

#[test]
fn a_restored_model_goes_on_bit_for_bit() {
    let mut draw = Draw(37);
    let mut whole = Log::learnt(4_321, &mut draw);
    let mut restored = RecordModel::from_bytes(&whole.model.to_bytes()).unwrap();
    for n in 0..3_000_u64 {
        let cells = if n % 5 == 0 { flood() } else { ordinary(&mut draw) };
        let position = Position::at(whole.next);
        let again = restored.observe(position, &Record::new(&cells)).unwrap().applied().unwrap();
        let score = whole.feed(&cells);
        assert_eq!(bits(score).to_bits(), bits(again).to_bits());
    }
    assert_eq!(whole.model.to_bytes(), restored.to_bytes());
}

#[test]
fn the_same_log_gives_these_very_bytes_on_every_platform() {
    let mut draw = Draw(41);
    let bytes = Log::learnt(3_000, &mut draw).model.to_bytes();
    // A change of these numbers is a change of scores or of the layout: raise the version, keep the old reader.
    assert_eq!((bytes.len(), homeostat_core::xxh64(&bytes)), (16_176, 15_942_935_476_162_593_666));
}

#[test]
fn unsound_records_and_settings_are_refused_with_their_cause() {
    let wide = vec![Cell::Number(1.0); 1_025];
    let mut model = RecordModel::default();
    assert_eq!(model.observe(Position::at(0), &Record::new(&wide)), Err(BadRecord));
    assert_eq!(model.score(&Record::new(&wide)), Err(BadRecord));
    assert_eq!(BadRecord.to_string(), "the record has more than 1024 columns");
    assert_eq!((model.stats().records, model.stats().refused, model.stats().columns), (0, 1, 0));
    let mut config = RecordConfig::default();
    config.tick = 7;
    assert_eq!(RecordModel::new(config).unwrap_err().to_string(), "`tick` must be at least 8 records");
}

#[test]
fn debug_shows_no_value() {
    let cells = [Cell::Word("marked"), Cell::Number(424_242.0)];
    let mut log = Log::new();
    log.feed(&cells);
    let mut config = RecordConfig::default();
    (config.table_seed, config.learning) = (424_242, RecordLearning::Gated);
    let why = log.model.explain(&Record::new(&cells)).unwrap();
    let shown = format!("{cells:?} {:?} {:?} {why:?} {config:?}", Record::new(&cells), log.model);
    assert!(!shown.contains("marked") && !shown.contains("424242"), "{shown}");
}
