//! Guard rails as data: rules, budgets, floors, protected targets and calendars, from TOML or JSON.
//!
//! A policy is plain serde data; [`Policy::compile`] checks it once and gives [`Rails`], the only form that decides.

use crate::rails::Rails;
use crate::{Action, Calendar, Effect, TargetKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a rule says, from the most permissive to the most restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// May be done at once.
    Autonomous,
    /// People must say yes.
    Approve {
        /// How many different people, none of them the proposer.
        distinct: u8,
    },
    /// Is planned and never done.
    ShadowOnly,
    /// Must not be done.
    Deny,
}

impl Ruling {
    /// One person must say yes: the ruling where no rule fits or something needed is not known.
    pub const ASK: Self = Self::Approve { distinct: 1 };
    /// Two persons must say yes: the least for what can not be undone.
    pub const ASK_TWO: Self = Self::Approve { distinct: 2 };
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Autonomous => f.write_str("autonomous"),
            Self::Approve { distinct } => write!(f, "approve by {distinct}"),
            Self::ShadowOnly => f.write_str("shadow only"),
            Self::Deny => f.write_str("deny"),
        }
    }
}

/// When a rule fits: every condition that is given must hold. An empty one fits everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct When {
    /// One of these actions; empty is any.
    pub actions: BTreeSet<Action>,
    /// This kind of target.
    pub target_kind: Option<TargetKind>,
    /// Exactly this target id.
    pub target_id: Option<String>,
    /// A target id that fits this pattern of `*` and `?`.
    pub glob: Option<String>,
    /// A target whose address (its id, or its attribute `ip`) lies in this network.
    pub cidr: Option<String>,
    /// Attributes with these values; patterns of `*` and `?` are allowed.
    pub attr: BTreeMap<String, String>,
    /// At least this confidence, in `0.0..=1.0`.
    pub min_confidence: Option<f64>,
    /// Exactly this class of effect.
    pub effect: Option<Effect>,
    /// While this calendar is open.
    pub calendar: Option<String>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rule {
    /// Its name; decisions, journal and reports name it by this.
    pub id: String,
    /// When it fits.
    #[serde(default)]
    pub when: When,
    /// What it says then.
    pub then: Ruling,
    /// The longest lease it lets pass, in milliseconds.
    #[serde(default)]
    pub max_ttl_ms: Option<u64>,
    /// It lets pass by itself only what the same actuator did and undid within so many milliseconds in a drill;
    /// else a person is asked.
    #[serde(default)]
    pub requires_drill_within_ms: Option<u64>,
}

impl Rule {
    /// The rule `id` that fits everything and says `then`.
    pub fn new(id: &str, then: Ruling) -> Self {
        Self {
            id: id.to_owned(),
            when: When::default(),
            then,
            max_ttl_ms: None,
            requires_drill_within_ms: None,
        }
    }
}

/// What a budget counts together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    #[default]
    Global,
    /// Each action by itself.
    PerAction,
    /// Each target by itself.
    PerTarget,
    /// Each value of this attribute by itself: a team, a subnet.
    PerAttr(String),
    /// Each proposer by itself.
    PerDetector,
}

/// How much may be done without asking. Counted in resources that the plan touches, not in requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Budget {
    /// Its name.
    pub id: String,
    /// What it counts together.
    #[serde(default)]
    pub scope: Scope,
    /// At most so many resources under action at one time.
    #[serde(default)]
    pub max_active: Option<u32>,
    /// At most so many resources acted upon within [`Self::window_ms`].
    #[serde(default)]
    pub max_per_window: Option<u32>,
    /// The length of the window in milliseconds; an hour by default, the span in which a person notices.
    #[serde(default = "an_hour")]
    pub window_ms: u64,
    /// At most this share of the population under action at one time, in `0.0..=1.0`.
    #[serde(default)]
    pub population_share: Option<f64>,
}

impl Budget {
    /// A budget of at most `max_active` resources in all at one time.
    pub fn new(id: &str, max_active: u32) -> Self {
        Self {
            id: id.to_owned(),
            scope: Scope::Global,
            max_active: Some(max_active),
            max_per_window: None,
            window_ms: an_hour(),
            population_share: None,
        }
    }
}

fn an_hour() -> u64 {
    3_600_000
}

/// How many of a group must stay untouched, such as two enabled domain admins. Nobody can approve beyond it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Floor {
    /// Its name.
    pub id: String,
    /// Who belongs to the group; conditions on the request (actions, confidence, calendar) are not allowed here.
    pub selector: When,
    /// How many there are now; [`Gate::set_population`](crate::Gate::set_population) tells later. While it is not
    /// known, nothing that touches the group passes by itself.
    #[serde(default)]
    pub population: Option<u64>,
    /// How many must remain untouched.
    pub min_remaining: u64,
}

/// When the gate sets its own brake: so many proposals in a row meet a budget or a floor that somebody must have
/// driven the detectors, or one of them runs wild. A person releases it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Surge {
    /// After so many proposals beyond a budget or a floor; 0 is never. Ten by default: one or two are bad luck, and
    /// a person who finds ten waiting needs quiet to look.
    #[serde(default = "ten")]
    pub beyond: u32,
    /// Within so many milliseconds; an hour by default, as the window of a budget.
    #[serde(default = "an_hour")]
    pub window_ms: u64,
}

impl Default for Surge {
    fn default() -> Self {
        Self { beyond: ten(), window_ms: an_hour() }
    }
}

fn ten() -> u32 {
    10
}

/// What is never acted upon, but for capturing evidence and telling people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Protected {
    /// Its name.
    pub id: String,
    /// This kind of target; any when left out.
    #[serde(default)]
    pub target_kind: Option<TargetKind>,
    /// Ids that fit this pattern of `*` and `?`.
    pub glob: String,
}

/// Guard rails as written down.
///
/// ```
/// use homeostat_response::Policy;
/// let rails = Policy::from_toml(
///     r#"
///     version = "2026-11-21"
///
///     [[budgets]]
///     id = "at-once"
///     max_active = 5
///
///     [[rules]]
///     id = "block-strangers"
///     when = { actions = ["block"], target_kind = "address", min_confidence = 0.8 }
///     then = "autonomous"
///     max_ttl_ms = 3_600_000
///
///     [[protected]]
///     id = "own-network"
///     target_kind = "address"
///     glob = "10.*"
///     "#,
/// )?
/// .compile()?;
/// assert_eq!(rails.rules(), 1);
///
/// let unbounded = Policy::from_toml("version = '1'").and_then(Policy::compile).unwrap_err();
/// assert_eq!(unbounded.to_string(), "policy, budgets: a policy without budgets bounds nothing");
/// # Ok::<(), homeostat_response::BadPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// Which version of the rules this is; decisions name it.
    pub version: String,
    /// Below this confidence nothing is done by itself, whatever the rules say. 0.5 by default: what is more
    /// likely wrong than right is a person's decision.
    #[serde(default = "one_half")]
    pub confidence_floor: f64,
    /// The longest lease of all, in milliseconds. A day by default: a containment nobody looked at for a day is
    /// not wanted.
    #[serde(default = "a_day")]
    pub max_ttl_ms: u64,
    /// How long a request waits for approval, budget or brake, in milliseconds. Ten minutes by default, as a
    /// manual step of CACAO 2.0: later the situation is another.
    #[serde(default = "ten_minutes")]
    pub patience_ms: u64,
    /// The rules; their order never matters.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// The budgets; at least one.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// The floors.
    #[serde(default)]
    pub floors: Vec<Floor>,
    /// What is never acted upon.
    #[serde(default)]
    pub protected: Vec<Protected>,
    /// The calendars that rules name.
    #[serde(default)]
    pub calendars: Vec<Calendar>,
    /// When the gate sets its own brake.
    #[serde(default)]
    pub surge: Surge,
}

fn one_half() -> f64 {
    0.5
}

fn a_day() -> u64 {
    86_400_000
}

fn ten_minutes() -> u64 {
    600_000
}

impl Policy {
    /// A policy of one budget, that asks a person about everything.
    pub fn new(version: &str, budget: Budget) -> Self {
        Self {
            version: version.to_owned(),
            confidence_floor: one_half(),
            max_ttl_ms: a_day(),
            patience_ms: ten_minutes(),
            rules: Vec::new(),
            budgets: vec![budget],
            floors: Vec::new(),
            protected: Vec::new(),
            calendars: Vec::new(),
            surge: Surge::default(),
        }
    }

    /// Reads a policy from TOML.
    ///
    /// # Errors
    ///
    /// [`BadPolicy`] with line and column.
    pub fn from_toml(text: &str) -> Result<Self, BadPolicy> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            BadPolicy {
                place: format!("line {line}, column {column}"),
                cause: Cause::Text(error.message().into()),
            }
        })
    }

    /// Reads a policy from JSON.
    ///
    /// # Errors
    ///
    /// [`BadPolicy`] with line and column.
    pub fn from_json(text: &str) -> Result<Self, BadPolicy> {
        serde_json::from_str(text).map_err(|error| BadPolicy {
            place: format!("line {}, column {}", error.line(), error.column()),
            cause: Cause::Text(error.to_string().into()),
        })
    }

    /// Checks the policy and indexes its rules. O(n log n) in the rules.
    ///
    /// # Errors
    ///
    /// [`BadPolicy`] with the place and the cause: no budget, an empty or doubled id, a pattern or number that
    /// is none, a calendar that is not there.
    pub fn compile(self) -> Result<Rails, BadPolicy> {
        Rails::compile(self)
    }
}

/// Why a policy can not be used: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPolicy {
    place: String,
    cause: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Text(Box<str>),
    NoBudget,
    EmptyBudget,
    EmptyId,
    Doubled,
    Share,
    Cidr,
    Calendar,
    NoCalendar,
    NoApprovers,
    NoTime,
    FloorCondition,
}

impl fmt::Display for BadPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy, {}: {}", self.place, self.cause)
    }
}

impl std::error::Error for BadPolicy {}

impl BadPolicy {
    pub(crate) fn new(place: String, cause: Cause) -> Self {
        Self { place, cause }
    }

    /// Where in the policy.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(message) => message,
            Self::NoBudget => "a policy without budgets bounds nothing",
            Self::EmptyBudget => {
                "a budget gives at least one of max_active, max_per_window and population_share"
            }
            Self::EmptyId => "an id is not empty",
            Self::Doubled => "another has the same id",
            Self::Share => "the number lies between 0 and 1",
            Self::Cidr => "not a network prefix",
            Self::Calendar => "a calendar has spans within 0..=10080, each with its start before its end",
            Self::NoCalendar => "there is no calendar of that id",
            Self::NoApprovers => "approval needs at least one person",
            Self::NoTime => "the time is longer than nothing",
            Self::FloorCondition => {
                "a floor selects targets, not requests: no actions, effect, confidence or calendar"
            }
        })
    }
}
