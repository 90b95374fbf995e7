//! What may be done about whom, as data: technique and stage to candidate actions.
//!
//! Selecting is O(r) in rows; the own table has a score of them.

use crate::{Action, BadDescriptor, TargetKind};
use homeostat_core::{Stage, Technique, Threat};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One rung of a ladder: from which urgency on this action fits this kind of target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Row {
    /// The kind of target.
    pub target: TargetKind,
    /// What to do.
    pub action: Action,
    /// From which urgency on, in `0.0..=1.0`.
    pub from: f64,
    /// Only for threats that show one of these stages; empty is any.
    #[serde(default)]
    pub stages: BTreeSet<Stage>,
    /// Only for threats that show one of these techniques, given without sub-technique; empty is any.
    #[serde(default)]
    pub techniques: BTreeSet<Technique>,
    /// The lease asked for, in milliseconds; the action's own when left out.
    #[serde(default)]
    pub ttl_ms: Option<u64>,
    /// Taken only where no actuator serves a row of this kind of target that is not a last resort.
    #[serde(default)]
    pub last_resort: bool,
}

impl Row {
    /// Whether the row speaks about `threat`.
    pub(crate) fn fits(&self, threat: &Threat) -> bool {
        let shows = |row: &Technique| threat.techniques.iter().any(|seen| seen.parent() == row.parent());
        // Who only looked round did no harm to hold off yet: general rows stop nobody for that.
        let only_looked = !threat.stages.is_empty() && threat.stages.iter().all(|s| *s == Stage::Discovery);
        if only_looked && !self.is_specific() && !self.narrows() {
            return false;
        }
        (self.stages.is_empty() || threat.stages.iter().any(|stage| self.stages.contains(stage)))
            && (self.techniques.is_empty() || self.techniques.iter().any(shows))
    }

    /// Whether the action lets all go on that is usual.
    fn narrows(&self) -> bool {
        matches!(self.action, Action::Tighten | Action::EnforcePatternOfLife | Action::Notify)
    }

    /// Whether the row names stages or techniques: then it goes before a general one of the same urgency.
    pub(crate) fn is_specific(&self) -> bool {
        !self.stages.is_empty() || !self.techniques.is_empty()
    }
}

/// A table of rows.
///
/// ```
/// use homeostat_response::Playbook;
/// let own = Playbook::from_toml(
///     r#"
///     [[rows]]
///     target = "host"
///     action = "isolate"
///     from = 0.5
///     stages = ["c2", "impact"]
///     "#,
/// )?;
/// assert_eq!(own.rows.len(), 1);
/// # Ok::<(), homeostat_response::BadDescriptor>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Playbook {
    /// The rows, in any order.
    pub rows: Vec<Row>,
}

impl Playbook {
    /// Reads a table from TOML.
    ///
    /// # Errors
    ///
    /// [`BadDescriptor`] with the place in the text.
    pub fn from_toml(text: &str) -> Result<Self, BadDescriptor> {
        toml::from_str(text).map_err(|cause| BadDescriptor::at(&cause))
    }
}

impl Default for Playbook {
    /// The own table: the narrowest reversible containment of each kind of target first.
    fn default() -> Self {
        // The text is a part of this crate and a test reads it; an empty table plans nothing.
        Self::from_toml(include_str!("playbook.toml")).unwrap_or(Self { rows: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, Reversibility};
    use homeostat_core::{Bits, TenantId, Timestamp};

    fn threat(stage: Stage) -> Threat {
        let tenant = TenantId::new("acme").unwrap();
        let mut threat = Threat::new("t", tenant, Timestamp::from_micros(0), Bits::HIGH);
        threat.stages.push(stage);
        threat
    }

    #[test]
    fn who_only_looks_round_is_narrowed_and_whoever_guesses_passwords_is_stopped() {
        let rows = Playbook::default().rows;
        let actions = |threat: &Threat| {
            let fitting = rows.iter().filter(|row| row.fits(threat));
            fitting.map(|row| row.action).collect::<BTreeSet<_>>()
        };
        let mut looks = threat(Stage::Discovery);
        assert_eq!(actions(&looks), [Action::Tighten, Action::EnforcePatternOfLife].into());
        looks.techniques.extend(Technique::parse("T1110.003"));
        assert!(actions(&looks).contains(&Action::Block));
        looks.stages.push(Stage::Entry);
        assert!(actions(&looks).contains(&Action::Challenge));
    }

    #[test]
    fn each_stage_of_harm_has_a_reversible_containment_of_each_plane() {
        let playbook = Playbook::from_toml(include_str!("playbook.toml")).unwrap();
        for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Discovery) {
            let threat = threat(stage);
            for kind in [TargetKind::Address, TargetKind::Person, TargetKind::Session, TargetKind::Host] {
                let reversible = |row: &&Row| {
                    let facts = row.action.facts();
                    row.target == kind
                        && row.fits(&threat)
                        && facts.effect == Effect::Containment
                        && facts.reversibility != Reversibility::NothingToUndo
                };
                assert!(playbook.rows.iter().any(|row| reversible(&row)), "{stage} {kind:?}");
            }
        }
    }

    #[test]
    fn every_row_is_sound() {
        for row in Playbook::default().rows {
            assert!((0.0..=1.0).contains(&row.from), "{row:?}");
            assert_eq!(row.action.facts().effect, Effect::Containment, "{row:?}");
        }
    }
}
