//! What would be done, to which resources exactly, and how to come back: the one value that `apply` and `revert`
//! both work from.

use crate::request::Args;
use crate::{Action, ActionId, Request, Target};
use core::fmt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Prior state, in the actuator's own words and its own version. Opaque to everybody else.
///
/// It may hold secrets: `Debug` shows version and length.
///
/// ```
/// use homeostat_response::Undo;
/// let undo = Undo::new(1, &["sg-0a1b"])?;
/// assert_eq!(undo.read::<Vec<String>>(1)?, ["sg-0a1b"]);
/// assert!(undo.read::<Vec<String>>(2).is_err());
/// # Ok::<(), homeostat_response::BadUndo>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    version: u16,
    state: String,
}

/// An undo value that this version of the actuator can not read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadUndo {
    wanted: u16,
}

impl fmt::Display for BadUndo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the undo value is not one of version {}", self.wanted)
    }
}

impl std::error::Error for BadUndo {}

impl Undo {
    /// Keeps `state` as layout `version`.
    ///
    /// # Errors
    ///
    /// [`BadUndo`] when `state` has no JSON form.
    pub fn new<T: Serialize + ?Sized>(version: u16, state: &T) -> Result<Self, BadUndo> {
        let state = serde_json::to_string(state).map_err(|_| BadUndo { wanted: version })?;
        Ok(Self { version, state })
    }

    /// Reads what was kept as layout `version`.
    ///
    /// # Errors
    ///
    /// [`BadUndo`] when it was kept as another version or is no `T`.
    pub fn read<T: DeserializeOwned>(&self, version: u16) -> Result<T, BadUndo> {
        let bad = BadUndo { wanted: version };
        if self.version != version {
            return Err(bad);
        }
        serde_json::from_str(&self.state).map_err(|_| bad)
    }

    /// The same with `map` done to its text.
    pub(crate) fn map_text(&self, map: &impl Fn(&str) -> String) -> Self {
        Self { version: self.version, state: map(&self.state) }
    }

    /// The version of the layout; 0 for none kept.
    pub fn version(&self) -> u16 {
        self.version
    }
}

impl fmt::Debug for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Undo(version {}, {} bytes)", self.version, self.state.len())
    }
}

/// How much would be hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Impact {
    /// Resources that change.
    pub resources: u32,
    /// People and accounts that notice.
    pub principals: u32,
    /// The share of the population that this hits, in `0.0..=1.0`; `None` when the actuator can not tell, and
    /// then no budget of a population share lets it pass by itself.
    pub population_share: Option<f64>,
}

impl Impact {
    /// That many resources and principals, of an unknown population.
    pub fn new(resources: u32, principals: u32) -> Self {
        Self { resources, principals, population_share: None }
    }

    /// The same, being that share of the population.
    #[must_use]
    pub fn of_population(mut self, share: f64) -> Self {
        self.population_share = Some(share);
        self
    }
}

/// The SHA-256 of a plan. Approvals bind to it: an approval of a plan that changed is void.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanHash([u8; 32]);

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlanHash({self})")
    }
}

/// A text that is no plan hash: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPlanHash(());

impl fmt::Display for BadPlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plan hash has 64 hexadecimal digits")
    }
}

impl std::error::Error for BadPlanHash {}

impl TryFrom<String> for PlanHash {
    type Error = BadPlanHash;

    fn try_from(text: String) -> Result<Self, BadPlanHash> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut bytes = [0; 32];
        if !rest.is_empty() || pairs.len() != bytes.len() {
            return Err(BadPlanHash(()));
        }
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            let digit = |hex: u8| char::from(hex).to_digit(16).ok_or(BadPlanHash(()));
            *byte = u8::try_from(digit(high)? * 16 + digit(low)?).map_err(|_| BadPlanHash(()))?;
        }
        Ok(Self(bytes))
    }
}

impl From<PlanHash> for String {
    fn from(hash: PlanHash) -> Self {
        hash.to_string()
    }
}

/// What would be done and how to come back.
///
/// `Debug` shows ids, class and place; never arguments, undo or summary.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(from = "Read")]
#[non_exhaustive]
pub struct Plan {
    /// The id of the action; every name and tag that `apply` leaves derives from it.
    pub id: ActionId,
    /// What was asked.
    pub action: Action,
    /// What it was aimed at.
    pub target: Target,
    /// The arguments of the request.
    pub args: Args,
    /// Every resource that `apply` changes, resolved: members, not groups. The rails judge these.
    pub touches: Vec<Target>,
    /// The prior state of these very resources.
    pub undo: Undo,
    /// What would be done, in words for people.
    pub summary: String,
    /// How much would be hit.
    pub impact: Impact,
}

impl Plan {
    /// A plan that touches just the target of `request` and keeps no prior state.
    pub fn new(request: &Request) -> Self {
        Self {
            id: request.id.clone(),
            action: request.action,
            target: request.target.clone(),
            args: request.args.clone(),
            touches: vec![request.target.clone()],
            undo: Undo::default(),
            summary: format!("{} one target", request.action),
            impact: Impact::new(1, 0),
        }
    }

    /// The same, touching exactly `touches`.
    #[must_use]
    pub fn touching(mut self, touches: Vec<Target>) -> Self {
        self.impact.resources = u32::try_from(touches.len()).unwrap_or(u32::MAX);
        self.touches = touches;
        self
    }

    /// The same with that prior state.
    #[must_use]
    pub fn with_undo(mut self, undo: Undo) -> Self {
        self.undo = undo;
        self
    }

    /// The same with that summary.
    #[must_use]
    pub fn saying(mut self, summary: &str) -> Self {
        summary.clone_into(&mut self.summary);
        self
    }

    /// The same with that impact.
    #[must_use]
    pub fn hitting(mut self, impact: Impact) -> Self {
        self.impact = impact;
        self
    }

    /// The SHA-256 of the plan's JSON form. O(n) in its size.
    pub fn hash(&self) -> PlanHash {
        // A plan always has a JSON form: its maps have text keys. A NaN share would become `null`.
        let json = serde_json::to_vec(self).unwrap_or_default();
        PlanHash(Sha256::digest(json).into())
    }
}

/// A plan as it is written: most touch just their target, and the journal need not hold it twice.
#[derive(Serialize)]
struct Written<'a> {
    id: &'a ActionId,
    action: Action,
    target: &'a Target,
    #[serde(skip_serializing_if = "Args::is_empty")]
    args: &'a Args,
    #[serde(skip_serializing_if = "Option::is_none")]
    touches: Option<&'a [Target]>,
    undo: &'a Undo,
    summary: &'a str,
    impact: Impact,
}

#[derive(Deserialize)]
struct Read {
    id: ActionId,
    action: Action,
    target: Target,
    #[serde(default)]
    args: Args,
    touches: Option<Vec<Target>>,
    undo: Undo,
    summary: String,
    impact: Impact,
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, action, target, args, touches, undo, summary, impact } = self;
        let just_target = matches!(touches.as_slice(), [only] if only == target);
        let touches = (!just_target).then_some(touches.as_slice());
        let (action, impact) = (*action, *impact);
        Written { id, action, target, args, touches, undo, summary, impact }.serialize(serializer)
    }
}

impl From<Read> for Plan {
    fn from(read: Read) -> Self {
        let Read { id, action, target, args, touches, undo, summary, impact } = read;
        let touches = touches.unwrap_or_else(|| vec![target.clone()]);
        Self { id, action, target, args, touches, undo, summary, impact }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("id", &self.id)
            .field("action", &self.action)
            .field("target", &self.target)
            .field("touches", &self.touches)
            .field("undo", &self.undo)
            .field("impact", &self.impact)
            .finish_non_exhaustive()
    }
}

/// Whether the effect of a plan is really there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// All of it.
    InForce,
    /// Nothing of it.
    NotInForce,
    /// Some of it.
    Partial,
    /// Somebody else changed what the plan touches; neither ours nor the prior state.
    Conflict,
}

impl From<bool> for Observed {
    fn from(in_force: bool) -> Self {
        if in_force { Self::InForce } else { Self::NotInForce }
    }
}

/// What `apply` tells besides that it went well. Nothing of it is needed to revert.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Applied {
    /// Ids that the target system gave, such as a request id.
    pub evidence: Vec<String>,
    /// A remark for people.
    pub note: String,
}

impl Applied {
    /// A receipt with those ids of the target system.
    pub fn with_evidence(evidence: Vec<String>) -> Self {
        Self { evidence, note: String::new() }
    }
}

impl From<()> for Applied {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Applied({} ids, {} bytes of note)", self.evidence.len(), self.note.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TargetKind;
    use homeostat_core::TenantId;

    #[test]
    fn the_hash_binds_every_part() {
        let target = Target::new(TargetKind::Host, "web-1");
        let id = ActionId::new("a").unwrap();
        let request = Request::new(id, TenantId::new("acme").unwrap(), Action::Isolate, target.clone());
        let plan = Plan::new(&request);
        let others = [
            plan.clone().touching(vec![target.with("team", "web")]),
            plan.clone().with_undo(Undo::new(1, "sg-1").unwrap()),
            plan.clone().saying("other"),
            plan.clone().hitting(Impact::new(1, 0).of_population(0.5)),
        ];
        assert!(others.iter().all(|other| other.hash() != plan.hash()));
        for one in others.iter().chain([&plan, &plan.clone().touching(Vec::new())]) {
            let json = serde_json::to_string(one).unwrap();
            assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), *one, "{json}");
        }
        let text = plan.hash().to_string();
        assert_eq!(PlanHash::try_from(text), Ok(plan.hash()));
        assert!(PlanHash::try_from("ab".to_owned()).is_err() && PlanHash::try_from("ü".repeat(32)).is_err());
    }
}
