//! Which evidence is captured from an asset, in which order, at what cost, and why: plans as data.
//!
//! The order is that of volatility (RFC 3227 section 2.1): what is gone first is captured first. Within one rank the
//! quick steps go first, so that a slow one does not age the others. The five plans are in `plans/`.

use crate::{AssetKind, Digest, Need};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How soon evidence is gone: the ranks of RFC 3227 section 2.1, the most volatile first.
///
/// Registers and caches, its first rank, can not be captured by software on the machine itself and have no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volatility {
    /// Routes, neighbours, processes, kernel statistics, memory: gone with the next packet or process.
    Memory,
    /// Temporary file systems: gone with the next start.
    Temporary,
    /// Disks: overwritten by and by.
    Disk,
    /// Logs that are kept elsewhere: gone when their retention ends.
    RemoteLogs,
    /// How things are configured and connected: changes when somebody changes it.
    Configuration,
}

/// When a step is taken with regard to containment (`response.md`: volatile, contain, snapshot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before: containment destroys it, as it ends connections and sessions.
    Before,
    /// After: containment keeps it, and a slow step must not keep containment waiting.
    After,
}

/// How much is captured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// What answers the first questions within minutes.
    #[default]
    Triage,
    /// Everything of the plan.
    Full,
}

/// What evidence is captured to answer; the same for every kind of asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What runs or ran.
    Ran,
    /// With whom it talks or talked.
    Talked,
    /// Who is or was on it.
    Entered,
    /// What comes back by itself.
    Persists,
    /// What was changed.
    Changed,
    /// What was read or taken.
    Taken,
}

impl Question {
    /// Every question, in order.
    pub const ALL: [Self; 6] =
        [Self::Ran, Self::Talked, Self::Entered, Self::Persists, Self::Changed, Self::Taken];
}

/// What form a step's items have, which tells how they become events again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Logs that `homeostat-ingest` reads by itself: syslog, auditd, JSON lines, EVTX, mails.
    Log,
    /// Rows of our own collectors, one JSON object a line.
    Rows,
    /// Anything else: kept and never read.
    Raw,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Step {
    /// Its name in the plan.
    pub id: String,
    /// How soon it is gone.
    pub volatility: Volatility,
    /// Whether it is taken before or after containment.
    pub moment: Moment,
    /// From which profile on it is taken.
    pub profile: Profile,
    /// What it needs of a channel.
    pub needs: Need,
    /// What form its items have.
    pub format: Format,
    /// What it answers.
    pub answers: BTreeSet<Question>,
    /// How long it takes by order of magnitude, in seconds.
    pub seconds: u32,
    /// How much it brings by order of magnitude, in bytes.
    pub bytes: u64,
    /// What it touches on the asset, in words for people.
    pub touches: String,
    /// What it requires, such as root.
    pub requires: String,
    /// Why it is taken.
    pub why: String,
}

/// The steps for one kind of asset, in the order in which they are taken.
///
/// ```
/// use homeostat_forensics::{AssetKind, CapturePlan, Profile};
/// let plan = CapturePlan::of(AssetKind::Linux, Profile::Triage);
/// let order: Vec<&str> = plan.steps().iter().map(|step| step.id.as_str()).collect();
/// assert_eq!((order.first(), order.last()), (Some(&"connections"), Some(&"recent_files")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CapturePlan {
    asset: AssetKind,
    // INVARIANT: ids differ, and the steps stand in the order of `rank`.
    steps: Vec<Step>,
    gaps: BTreeMap<Question, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    asset: AssetKind,
    steps: Vec<Step>,
    #[serde(default)]
    gaps: BTreeMap<Question, String>,
}

/// A text that is no plan or capability table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPlan(Wrong);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    Text { at: usize },
    Twice { step: String },
}

impl fmt::Display for BadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Wrong::Text { at } => write!(f, "not as described from byte {at} on"),
            Wrong::Twice { step } => write!(f, "the step `{step}` is there twice"),
        }
    }
}

impl std::error::Error for BadPlan {}

impl BadPlan {
    pub(crate) fn at(cause: &toml::de::Error) -> Self {
        Self(Wrong::Text { at: cause.span().map_or(0, |span| span.start) })
    }
}

impl CapturePlan {
    /// Reads a plan from TOML and puts its steps in order.
    ///
    /// # Errors
    ///
    /// [`BadPlan`] with the place in the text, or with the step that is there twice.
    pub fn from_toml(text: &str) -> Result<Self, BadPlan> {
        let Draft { asset, mut steps, gaps } = toml::from_str(text).map_err(|cause| BadPlan::at(&cause))?;
        steps.sort_by(|one, other| rank(one).cmp(&rank(other)));
        let mut seen = BTreeSet::new();
        match steps.iter().find(|step| !seen.insert(step.id.as_str())) {
            Some(step) => Err(BadPlan(Wrong::Twice { step: step.id.clone() })),
            None => Ok(Self { asset, steps, gaps }),
        }
    }

    /// The plan of this crate for that kind of asset. The same arguments give the same plan, whoever asks.
    pub fn of(asset: AssetKind, profile: Profile) -> Self {
        let text = match asset {
            AssetKind::CloudWorkload => include_str!("../plans/cloud_workload.toml"),
            AssetKind::Windows => include_str!("../plans/windows.toml"),
            AssetKind::Linux => include_str!("../plans/linux.toml"),
            AssetKind::Container => include_str!("../plans/container.toml"),
            AssetKind::Mailbox => include_str!("../plans/mailbox.toml"),
        };
        // A test reads them all; one that could not be read would have no step, and its coverage would say so.
        let empty = Self { asset, steps: Vec::new(), gaps: BTreeMap::new() };
        Self::from_toml(text).unwrap_or(empty).within(profile)
    }

    /// The same with the steps of `profile` only.
    #[must_use]
    pub fn within(mut self, profile: Profile) -> Self {
        self.steps.retain(|step| step.profile <= profile);
        self
    }

    /// The same with the steps of that moment only: what a saga takes before and after it contains.
    #[must_use]
    pub fn at(mut self, moment: Moment) -> Self {
        self.steps.retain(|step| step.moment == moment);
        self
    }

    /// The kind of asset it is for.
    pub fn asset(&self) -> AssetKind {
        self.asset
    }

    /// Its steps, in the order in which they are taken.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step of that name.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps that answer `question`.
    pub fn answering(&self, question: Question) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.answers.contains(&question))
    }

    /// The questions that no step answers, each with the reason where the plan tells one.
    pub fn gaps(&self) -> impl Iterator<Item = (Question, Option<&str>)> {
        let open = |question: &Question| self.answering(*question).next().is_none();
        Question::ALL
            .into_iter()
            .filter(open)
            .map(|question| (question, self.gaps.get(&question).map(String::as_str)))
    }

    /// What all steps take together, by order of magnitude: time and bytes.
    pub fn cost(&self) -> (Duration, u64) {
        let seconds = self.steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step.seconds.into()));
        let bytes = self.steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step.bytes));
        (Duration::from_secs(seconds), bytes)
    }

    /// The digest of the plan: a capture goes on only under the plan that it began under.
    pub fn digest(&self) -> Digest {
        // A plan always has a JSON form: its maps have text keys.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

fn rank(step: &Step) -> (Volatility, u32, &str) {
    (step.volatility, step.seconds, &step.id)
}

impl fmt::Display for CapturePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            let Step { id, seconds, touches, requires, why, .. } = step;
            writeln!(
                f,
                "{}. {id}, about {seconds} s: {why} Touches {touches}; needs {requires}.",
                number + 1
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_plan_is_read_and_goes_by_volatility() {
        for asset in AssetKind::ALL {
            let plan = CapturePlan::of(asset, Profile::Full);
            assert_eq!(plan.asset(), asset);
            assert!(plan.steps().len() >= 5, "{asset} has steps");
            assert!(plan.steps().is_sorted_by_key(|step| (step.volatility, step.seconds)), "{asset}");
            for step in plan.steps() {
                let told = [&step.touches, &step.requires, &step.why];
                assert!(told.iter().all(|text| !text.is_empty()) && step.seconds > 0 && step.bytes > 0);
                assert!(!step.answers.is_empty(), "{asset}/{}", step.id);
            }
        }
    }

    #[test]
    fn every_question_is_answered_or_a_gap_with_its_reason() {
        for asset in AssetKind::ALL {
            let plan = CapturePlan::of(asset, Profile::Full);
            for (question, reason) in plan.gaps() {
                assert!(reason.is_some(), "{asset}: {question:?} is open without a reason");
            }
        }
    }

    #[test]
    fn triage_is_small_and_a_part_of_the_whole() {
        for asset in AssetKind::ALL {
            let (triage, full) =
                (CapturePlan::of(asset, Profile::Triage), CapturePlan::of(asset, Profile::Full));
            assert!(triage.steps().iter().all(|step| full.step(&step.id) == Some(step)));
            assert!(triage.cost().0 <= Duration::from_mins(10), "{asset}: triage takes minutes");
            assert!(triage.cost() < full.cost(), "{asset}");
        }
    }

    #[test]
    fn what_containment_destroys_is_captured_before_it() {
        for asset in AssetKind::ALL {
            let full = CapturePlan::of(asset, Profile::Full);
            let before = full.clone().at(Moment::Before);
            assert_eq!(
                before.steps().len() + full.clone().at(Moment::After).steps().len(),
                full.steps().len()
            );
            assert!(before.steps().iter().all(|step| step.volatility <= Volatility::Temporary));
            assert!(before.cost().0 <= Duration::from_mins(2), "{asset}: containment does not wait for long");
        }
    }

    #[test]
    fn a_wrong_plan_is_refused() {
        let twice = include_str!("../plans/mailbox.toml").replace("id = \"access\"", "id = \"rules\"");
        assert_eq!(
            CapturePlan::from_toml(&twice).unwrap_err().to_string(),
            "the step `rules` is there twice"
        );
        assert_eq!(
            CapturePlan::from_toml("asset = \"toaster\"").unwrap_err().to_string(),
            "not as described from byte 8 on"
        );
    }

    #[test]
    fn a_plan_reads_as_instructions_for_people() {
        let text = CapturePlan::of(AssetKind::Mailbox, Profile::Triage).to_string();
        assert!(text.starts_with("1. ") && text.lines().all(|line| line.contains("Touches")), "{text}");
    }
}
