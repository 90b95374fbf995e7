//! From the surprise of one reading to the bits that are told: its rank in the series' own history, then rest.
//!
//! A series that surprises every day surprises nobody, so a score is ranked among the series' own scores, with a
//! fitted tail beyond them. After an alert the same evidence is not told again: what is told next must be clearly
//! higher, and an alert of a size that came before is worth less. O(bins) a reading; 520 bytes.

use super::tail::Tail;
use super::tuning::Tuning;
use crate::series::fields::{self, Numbers};
use homeostat_core::{SnapshotError, SnapshotReader, SnapshotWriter};

/// Sizes of alerts told apart, in bits.
const SIZES: usize = 64;
/// Alerts are forgotten in steps of so many readings.
const STEP: u64 = 64;

/// What is known of the scores of a series, and of its last alert.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alarm {
    history: Tail,
    // INVARIANT: finite and not negative, as are the counts.
    peak: f64,
    alerts: [f32; SIZES],
}

impl Default for Alarm {
    fn default() -> Self {
        Self { history: Tail::default(), peak: 0.0, alerts: [0.0; SIZES] }
    }
}

impl Alarm {
    /// What is told of a reading, the `count`-th, whose views joined give `surprise` bits; at most `most` bits.
    pub(crate) fn hear(&mut self, surprise: f64, count: u64, most: f64, tuning: &Tuning) -> f64 {
        let known = count as f64 > tuning.warm;
        let ranked = known && surprise >= 1.0;
        let own = if ranked { (-libm::log2(self.history.p(surprise, tuning))).clamp(0.0, most) } else { 0.0 };
        let bits = (1.0 - tuning.own) * surprise + tuning.own * own;
        let is_news = bits > self.peak + tuning.margin;
        if known && (is_news || surprise < tuning.calm) {
            self.history.learn(surprise, 1.0, tuning.memory);
        }
        let told = if is_news { self.alert(bits, tuning) } else { tuning.quiet * bits };
        self.forget(count, tuning);
        told
    }

    /// The worth of an alert of `bits`, which is remembered.
    fn alert(&mut self, bits: f64, tuning: &Tuning) -> f64 {
        self.peak = bits;
        let earlier: f32 = self.alerts.iter().skip(size_of_alert(bits - tuning.habit_slack)).sum();
        if let Some(alerts) = self.alerts.get_mut(size_of_alert(bits)) {
            *alerts += 1.0;
        }
        (bits - tuning.habit * libm::log2(1.0 + f64::from(earlier))).max(tuning.quiet * bits)
    }

    fn forget(&mut self, count: u64, tuning: &Tuning) {
        if count.is_multiple_of(STEP) {
            #[expect(clippy::cast_possible_truncation, reason = "a factor between 0 and 1")]
            let kept = libm::exp2(-(STEP as f64) / tuning.habit_memory) as f32;
            self.alerts.iter_mut().for_each(|alerts| *alerts *= kept);
        }
        self.peak *= libm::exp2(-1.0 / tuning.rest.min(tuning.rest_share * count as f64));
    }

    pub(crate) fn write(&self, out: &mut SnapshotWriter) {
        self.history.write(out);
        fields::put(out, &[self.peak]);
        fields::put_short(out, &self.alerts);
    }

    pub(crate) fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let history = Tail::read(fields)?;
        let [peak] = fields.numbers()?;
        fields::not_negative(&[peak])?;
        Ok(Self { history, peak, alerts: fields.counts()? })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=63")]
fn size_of_alert(bits: f64) -> usize {
    bits.clamp(0.0, 63.0) as usize
}
