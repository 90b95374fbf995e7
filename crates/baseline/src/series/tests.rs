//! Laws and stories of the model of a series, on generated series.

use super::*;
use crate::draw::Draw;
use homeostat_core::conformance::state_laws;
use proptest::prelude::*;

const FIVE_MINUTES: i64 = 300_000_000;

fn reading(at: usize, value: f64) -> Reading {
    Reading::new(Timestamp::from_micros(i64::try_from(at).unwrap() * FIVE_MINUTES), value)
}

fn scores(values: &[f64]) -> Vec<SeriesScore> {
    let mut model = SeriesModel::default();
    let numbered = values.iter().enumerate();
    let score = |(at, value): (usize, &f64)| model.observe(Position::at(at as u64), &reading(at, *value));
    numbered.map(score).map(|score| score.unwrap().applied().unwrap()).collect()
}

fn bits(values: &[f64]) -> Vec<f64> {
    scores(values).iter().map(|score| score.bits().get()).collect()
}

/// Readings `from..to` in which something is told, and the most that is told elsewhere after the first 600.
fn most_in_and_out(values: &[f64], from: usize, to: usize) -> (f64, f64) {
    let (mut inside, mut outside) = (0.0_f64, 0.0_f64);
    for (at, bits) in bits(values).into_iter().enumerate().skip(600) {
        let most = if (from..to).contains(&at) { &mut inside } else { &mut outside };
        *most = most.max(bits);
    }
    (inside, outside)
}

fn noise(seed: u64, count: usize) -> Vec<f64> {
    let mut draw = Draw(seed);
    (0..count).map(|_| 50.0 + 3.0 * draw.normal()).collect()
}

#[test]
fn a_spike_is_told_once() {
    for seed in 0..8 {
        let mut values = noise(seed, 3_000);
        values[2_500..2_503].fill(95.0);
        let (inside, outside) = most_in_and_out(&values, 2_500, 2_503);
        assert!(inside > outside + 3.0, "{inside} {outside}");
        let told = bits(&values)[2_500..2_600].iter().filter(|bits| **bits > outside + 1.0).count();
        assert_eq!(told, 1, "the rest is rest");
    }
}

#[test]
fn a_shift_of_the_level_is_told_at_its_start() {
    for seed in 0..8 {
        let mut values = noise(seed, 3_000);
        values[2_400..].iter_mut().for_each(|value| *value += 25.0);
        let bits = bits(&values);
        let most = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
        let (before, start) = (most(&bits[600..2_400]), most(&bits[2_400..2_412]));
        assert!(start > before + 1.5, "{start} {before}");
    }
}

#[test]
fn a_day_without_its_season_is_told_and_the_season_is_not() {
    for seed in 0..4 {
        let mut draw = Draw(seed);
        let day = |at: usize| if (108..216).contains(&(at % 288)) { 80.0 } else { 20.0 };
        let mut values: Vec<f64> = (0..4_032).map(|at| day(at) + draw.normal()).collect();
        // On the twelfth day nothing happens.
        for value in &mut values[11 * 288 + 108..11 * 288 + 216] {
            *value -= 60.0;
        }
        let (inside, _) = most_in_and_out(&values, 11 * 288 + 108, 11 * 288 + 216);
        let ordinary: f64 = bits(&values)[8 * 288..11 * 288].iter().copied().fold(0.0, f64::max);
        assert!(inside > ordinary + 3.0, "{inside} {ordinary}");
    }
}

#[test]
fn a_flat_line_is_told_where_the_series_never_was_flat() {
    let mut values = noise(3, 4_000);
    values[2_000..3_000].fill(50.0);
    let scores = scores(&values);
    let most = |part: &[SeriesScore]| part.iter().map(|score| score.surprise().get()).fold(0.0, f64::max);
    let (flat, before) = (most(&scores[2_000..3_000]), most(&scores[600..2_000]));
    assert!(flat > before + 2.0, "{flat} {before}");
    assert!(scores[2_000..3_000].iter().any(|score| score.view() == SeriesView::FlatLine));
}

#[test]
fn drift_of_the_level_is_followed_in_silence() {
    let mut values = noise(5, 6_000);
    values.iter_mut().enumerate().for_each(|(at, value)| *value += at as f64 * 0.01);
    let told = bits(&values)[750..].iter().filter(|bits| **bits > 12.0).count();
    assert_eq!(told, 0);
}

#[test]
fn ordinary_noise_is_told_rarely_whatever_its_shape() {
    let shapes: [fn(&mut Draw) -> f64; 4] = [
        Draw::normal,
        |draw| draw.unit(),
        |draw| -libm::log(1.0 - draw.unit()),
        |draw| libm::exp(draw.normal()),
    ];
    for (number, shape) in shapes.iter().enumerate() {
        let mut told = 0;
        for seed in 0..10 {
            let mut draw = Draw(seed);
            let values: Vec<f64> = (0..4_000).map(|_| shape(&mut draw)).collect();
            told += bits(&values)[600..].iter().filter(|bits| **bits > 10.0).count();
        }
        println!("shape {number}: {told} of 34,000 readings above 10 bits");
        assert!(told <= 68, "shape {number}: {told}, twice the promised 2^-10");
    }
}

#[test]
fn wrong_readings_are_refused_with_their_cause_and_teach_nothing() {
    let now = Timestamp::from_micros(0);
    for (wrong, message) in [
        (Reading::new(Timestamp::UNKNOWN, 1.0), "the reading names no moment"),
        (Reading::new(now, f64::NAN), "the value is not a finite number of at most 1e30 in size"),
        (Reading::new(now, f64::NEG_INFINITY), "the value is not a finite number of at most 1e30 in size"),
        (Reading::new(now, 2e30), "the value is not a finite number of at most 1e30 in size"),
    ] {
        let mut model = SeriesModel::default();
        assert_eq!(model.observe(Position::at(0), &wrong).unwrap_err().to_string(), message);
        assert_eq!(model.count(), 0);
    }
}

#[test]
fn a_model_keeps_to_its_bytes() {
    println!("bytes of a series: {}", SeriesModel::BYTES);
    const { assert!(SeriesModel::BYTES <= 8 * 1_024) };
    let mut model = SeriesModel::default();
    let empty = model.to_bytes().len();
    for (at, value) in noise(1, 3_000).into_iter().enumerate() {
        model.observe(Position::at(at as u64), &reading(at, value)).unwrap();
    }
    assert!(model.to_bytes().len() <= empty + 12, "only the position is added");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_state_hold(values in prop::collection::vec(-1e6_f64..1e6, 1..120)) {
        let readings: Vec<Reading> = values.iter().enumerate().map(|(at, value)| reading(at, *value)).collect();
        prop_assert_eq!(state_laws(&SeriesModel::default(), &readings), Ok(()));
    }

    #[test]
    fn what_is_restored_goes_on_alike(seed: u64, cut in 1_usize..900) {
        let values = noise(seed, 900);
        let mut whole = SeriesModel::default();
        let mut parted = SeriesModel::default();
        for (at, value) in values.iter().enumerate() {
            if at == cut {
                parted = SeriesModel::from_bytes(&parted.to_bytes()).unwrap();
            }
            let (position, reading) = (Position::at(at as u64), reading(at, *value));
            prop_assert_eq!(whole.observe(position, &reading), parted.observe(position, &reading));
        }
        prop_assert_eq!(whole.to_bytes(), parted.to_bytes());
    }

    #[test]
    fn the_unit_of_the_values_does_not_matter(seed: u64, octaves in -60_i32..60) {
        let values = noise(seed, 900);
        let scaled: Vec<f64> = values.iter().map(|value| libm::ldexp(*value, octaves)).collect();
        prop_assert_eq!(bits(&values), bits(&scaled));
    }

    #[test]
    fn no_value_and_no_time_panics(
        readings in prop::collection::vec((any::<i64>(), any::<f64>(), 0_u8..4), 0..300),
    ) {
        let mut model = SeriesModel::default();
        for (at, (micros, value, kind)) in readings.into_iter().enumerate() {
            // Half of the readings are plausible, so that the model has something to lose.
            let value = if kind == 0 { value } else { libm::fmod(value, 1e6) };
            let time = Timestamp::from_micros(if kind < 2 { micros } else { micros.rem_euclid(1 << 50) });
            let sound = time.is_moment() && value.abs() <= Reading::LIMIT;
            let score = model.observe(Position::at(at as u64), &Reading::new(time, value));
            prop_assert_eq!(score.is_ok(), sound);
            if let Ok(Observed::Applied(score)) = score {
                prop_assert!(score.expected().is_finite() && score.bits().get().is_finite());
            }
        }
        let bytes = model.to_bytes();
        prop_assert_eq!(SeriesModel::from_bytes(&bytes).map(|read| read.to_bytes()), Ok(bytes));
    }
}
