//! T8, CVE-Window: what an unknown weakness is used for shows on the server days before anybody publishes it; what is
//! published raises the watch at once, and the mass that follows is few incidents.

use crate::exam::{Exam, Scene, seconds};
use crate::film::Shot;
use crate::view::IncidentView;
use crate::web_service::{PRODUCT, PROOF, software};
use crate::{IntelItem, Story};
use homeostat_core::{Bits, EventRef, Timestamp};
use homeostat_event::Severity;
use std::time::Duration;

const STORY: Story = Story::Exploit;
const SERVICE: Story = Story::WebService;
/// The steps that show on the server, and the last of them before everybody comes.
const CHILD: usize = 1;
const EGRESS: usize = 2;
const MASS: usize = 3;
const DEPLOYMENT: usize = 1;
const DAY: Duration = Duration::from_hours(24);

/// What was seen when.
#[derive(Default)]
pub(crate) struct CveWindow {
    seen: Option<Timestamp>,
    told: Option<Timestamp>,
    rose: Option<f64>,
    half: Option<f64>,
    gone: Option<f64>,
    judged: bool,
}

impl Scene for CveWindow {
    fn stories(&self) -> &'static [Story] {
        &[STORY, SERVICE]
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn watch(&mut self, exam: &mut Exam<'_>, shot: &Shot) {
        let begun = day_zero(exam);
        if !self.judged && shot.at >= begun {
            self.judged = true;
            false_alarms(exam, begun);
        }
        let step = shot.mark.filter(|mark| mark.story == STORY).map(|mark| mark.step);
        if self.seen.is_none() && step.is_some_and(|step| step >= CHILD) && !about_server(exam).is_empty() {
            self.seen = Some(shot.at);
        }
        self.intelligence(exam, (begun, shot.at));
    }

    fn finish(&mut self, exam: &mut Exam<'_>) {
        let proof = plus(day_zero(exam), PROOF.unsigned_abs());
        let lag = self.seen.and_then(|seen| seconds(proof, seen)).map(|lag| lag / 3_600.0);
        exam.figures.seconds = lag.map(|hours| hours * 3_600.0);
        exam.at_most("hours from the proof of concept", lag.unwrap_or(f64::INFINITY), -48.0);
        exam.at_least("watch after one event", self.rose.unwrap_or(0.0), 1.0);
        exam.at_most("share of the watch left after 7 days", self.half.unwrap_or(f64::NAN), 0.9);
        exam.at_most("share of the watch left after 14 days", self.gone.unwrap_or(f64::NAN), 0.01);
        let mass = exam.film.step(STORY, MASS).to_vec();
        let groups = exam.incidents_with(&mass, Severity::UNKNOWN).len();
        exam.at_least("incidents of the mass", groups as f64, 1.0);
        exam.at_most("incidents of the mass", groups as f64, 3.0);
        let deployment = exam.film.step(SERVICE, DEPLOYMENT).to_vec();
        let alarms = exam.incidents_with(&deployment, Severity::UNKNOWN).len();
        exam.at_most("incidents about the deployment", alarms as f64, 0.0);
    }
}

impl CveWindow {
    /// On the day of the proof the item is told; the watch is asked before, one event later, and as it fades.
    fn intelligence(&mut self, exam: &mut Exam<'_>, (begun, now): (Timestamp, Timestamp)) {
        let proof = plus(begun, PROOF.unsigned_abs());
        if now < proof {
            return;
        }
        let Some(told) = self.told else {
            exam.inform(&IntelItem {
                id: "CVE-2026-4242".to_owned(),
                product: PRODUCT.to_owned(),
                bits: Bits::MEDIUM,
                published: now,
            });
            self.rose = Some(level(exam));
            self.told = Some(now);
            return;
        };
        let peak = self.rose.unwrap_or(0.0).max(f64::MIN_POSITIVE);
        if self.half.is_none() && now >= plus(told, 7) {
            self.half = Some(level(exam) / peak);
        }
        if self.gone.is_none() && now >= plus(told, 14) {
            self.gone = Some(level(exam) / peak);
        }
    }
}

/// How closely the exposed asset is watched, in bits.
fn level(exam: &mut Exam<'_>) -> f64 {
    let levels: Vec<f64> = software().iter().map(|(asset, _)| exam.watched(asset)).collect();
    levels.into_iter().fold(0.0, f64::max)
}

fn day_zero(exam: &Exam<'_>) -> Timestamp {
    exam.film.at(exam.film.step(STORY, 0).first())
}

fn plus(moment: Timestamp, days: u64) -> Timestamp {
    moment.plus(DAY.saturating_mul(u32::try_from(days).unwrap_or(0))).unwrap_or(moment)
}

/// The incidents that hold what the server itself did.
fn about_server(exam: &mut Exam<'_>) -> Vec<IncidentView> {
    let own = |step: usize| exam.film.step(STORY, step).to_vec();
    let deeds: Vec<EventRef> = [own(CHILD), own(EGRESS)].concat();
    exam.incidents_with(&deeds, Severity::UNKNOWN)
}

fn false_alarms(exam: &mut Exam<'_>, begun: Timestamp) {
    let month = |one: &IncidentView| seconds(one.opened, begun).is_some_and(|age| age <= 30.0 * 86_400.0);
    let alarms = exam.incidents().iter().filter(|one| month(one)).count();
    exam.at_most("false alarms in thirty days", alarms as f64, 1.0);
}
