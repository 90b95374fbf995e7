//! Which step of a plan which channel carries out, and what stays uncovered, with the reason.
//!
//! Channels stand in the order of preference: the first that can has the step. O(steps × channels).

use crate::{CapturePlan, Channel, Contained, Containment, Question};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Why no channel carries out a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncovered {
    /// No channel reaches this kind of asset at all.
    NoChannel,
    /// No channel supplies it there.
    NotSupplied,
    /// One would, but needs a way out that containment closes.
    NeedsEgress,
}

impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoChannel => "no channel reaches it",
            Self::NotSupplied => "no channel supplies it",
            Self::NeedsEgress => "it needs a way out that containment closes",
        })
    }
}

/// What becomes of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cover {
    /// The channel of that number in the list carries it out.
    By(usize),
    /// Nobody does.
    Open(Uncovered),
}

/// What becomes of each step of a plan.
///
/// ```
/// use homeostat_forensics::{AssetKind, CapturePlan, Channel, Containment, Coverage, Profile, Uncovered};
/// let plan = CapturePlan::of(AssetKind::Linux, Profile::Full);
/// let coverage = Coverage::new(&plan, &[Channel::defender()], Containment::Contained);
/// let open: Vec<_> = coverage.open().collect();
/// assert_eq!(open.first(), Some(&("connections", Uncovered::NotSupplied)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    steps: Vec<(String, Cover)>,
}

impl Coverage {
    /// What becomes of each step of `plan` when there are `channels` and the asset is contained like that.
    pub fn new(plan: &CapturePlan, channels: &[Channel], containment: Containment) -> Self {
        let steps = plan.steps().iter().map(|step| {
            let fits = |channel: &&(usize, &Channel)| channel.1.supplies(plan.asset(), step.needs);
            let numbered: Vec<(usize, &Channel)> = channels.iter().enumerate().collect();
            let open = |(_, channel): &&(usize, &Channel)| {
                containment.leaves_egress() || channel.contained == Contained::Works
            };
            let cover = match numbered.iter().filter(fits).find(open) {
                Some((number, _)) => Cover::By(*number),
                None if numbered.iter().any(|channel| fits(&channel)) => Cover::Open(Uncovered::NeedsEgress),
                None if channels.iter().any(|channel| channel.supplies.contains_key(&plan.asset())) => {
                    Cover::Open(Uncovered::NotSupplied)
                }
                None => Cover::Open(Uncovered::NoChannel),
            };
            (step.id.clone(), cover)
        });
        Self { steps: steps.collect() }
    }

    /// What becomes of each step, in the plan's order.
    pub fn steps(&self) -> &[(String, Cover)] {
        &self.steps
    }

    /// What becomes of the step of that name.
    pub fn of(&self, step: &str) -> Option<&Cover> {
        self.steps.iter().find(|(id, _)| id == step).map(|(_, cover)| cover)
    }

    /// The steps that nobody carries out, with the reason.
    pub fn open(&self) -> impl Iterator<Item = (&str, Uncovered)> {
        self.steps.iter().filter_map(|(id, cover)| match cover {
            Cover::Open(why) => Some((id.as_str(), *why)),
            Cover::By(_) => None,
        })
    }

    /// The questions that nothing which is carried out answers.
    pub fn unanswered(&self, plan: &CapturePlan) -> Vec<Question> {
        let carried = |id: &str| matches!(self.of(id), Some(Cover::By(_)));
        let silent = |question: &Question| !plan.answering(*question).any(|step| carried(&step.id));
        Question::ALL.into_iter().filter(silent).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AssetKind, Profile};

    #[test]
    fn the_first_channel_that_can_has_the_step() {
        let plan = CapturePlan::of(AssetKind::Windows, Profile::Full);
        let channels = [Channel::defender(), Channel::crowdstrike(), Channel::cloud_snapshot()];
        let coverage = Coverage::new(&plan, &channels, Containment::Contained);
        assert_eq!(coverage.of("connections"), Some(&Cover::By(0)));
        assert_eq!(coverage.of("memory"), Some(&Cover::By(1)));
        assert_eq!(coverage.of("disk"), Some(&Cover::By(2)));
        assert_eq!(coverage.of("file_table"), Some(&Cover::Open(Uncovered::NotSupplied)));
        assert!(coverage.unanswered(&plan).is_empty());
    }

    #[test]
    fn what_needs_a_way_out_is_refused_on_a_contained_host() {
        let plan = CapturePlan::of(AssetKind::Linux, Profile::Triage);
        let mut channel = Channel::own_agent();
        channel.contained = Contained::NeedsEgress;
        let channels = [channel];
        assert_eq!(Coverage::new(&plan, &channels, Containment::Free).open().count(), 0);
        for state in [Containment::Contained, Containment::Partial, Containment::Unknown] {
            let coverage = Coverage::new(&plan, &channels, state);
            assert!(coverage.open().all(|(_, why)| why == Uncovered::NeedsEgress));
            assert_eq!(coverage.open().count(), plan.steps().len());
            assert_eq!(coverage.unanswered(&plan), Question::ALL);
        }
    }

    #[test]
    fn a_channel_that_reaches_nothing_of_the_kind_is_told_apart() {
        let plan = CapturePlan::of(AssetKind::Mailbox, Profile::Triage);
        let coverage = Coverage::new(&plan, &[Channel::crowdstrike()], Containment::Free);
        assert!(coverage.open().all(|(_, why)| why == Uncovered::NoChannel));
    }
}
