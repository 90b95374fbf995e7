//! The five verbs, and what an actuator says of itself.
//!
//! [`Actuator`] is what the executor calls: dyn-safe, with boxed futures. [`Act`] is what authors write: native
//! `async fn`. [`Erase`] makes the one of the other. A boxed call costs one allocation.

use crate::gate::Permit;
use crate::{Action, Applied, Effect, Observed, Plan, Request, TargetKind};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

/// A future that stands behind a pointer and may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Does things to a target system, and undoes them.
///
/// Laws, which `conformance::actuator_laws` tests, also with a crash at every step:
/// 1. `plan` and `observe` MUST change nothing.
/// 2. Applying twice MUST be applying once.
/// 3. Reverting before, after half of, and twice after `apply` MUST be `Ok` and leave the prior state.
/// 4. `observe` MUST say [`Observed::InForce`] after `apply` and [`Observed::NotInForce`] after `revert`.
/// 5. Every name and tag that `apply` leaves MUST derive from the action's id.
/// 6. `plan` MUST read the prior state from the very resource that `apply` writes.
/// 7. A change by somebody else MUST give [`ActError::Conflict`] and MUST NOT be overwritten.
/// 8. `validate` MUST NOT panic on any request.
/// 9. A `revert` that could not be done MUST be an error; the executor retries and then calls for a person.
pub trait Actuator: Send + Sync {
    /// What it can do and for what.
    fn descriptor(&self) -> &Descriptor;

    /// Checks the shape of a request, without asking anybody.
    ///
    /// # Errors
    ///
    /// [`ActError::Permanent`] when the request can not be meant.
    fn validate(&self, request: &Request) -> Result<(), ActError>;

    /// Resolves what the request touches and captures its prior state. Changes nothing.
    fn plan<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Plan, ActError>>;

    /// Puts the plan into force; idempotent per action.
    fn apply<'a>(&'a self, permit: &'a Permit, plan: &'a Plan) -> BoxFuture<'a, Result<Applied, ActError>>;

    /// Looks whether the plan is in force. Changes nothing.
    fn observe<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<Observed, ActError>>;

    /// Puts the prior state back, from the plan alone; idempotent, and never over a change by somebody else.
    fn revert<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<(), ActError>>;
}

const _: Option<&dyn Actuator> = None;

/// What an author writes: the five verbs of [`Actuator`] as native `async fn`, under the same laws.
///
/// `Done` is what `apply` tells (`()` or [`Applied`]), `Seen` what `observe` tells (`bool` or [`Observed`]).
///
/// ```
/// use homeostat_response::{Act, ActError, Descriptor, Permit, Plan, Request};
/// use std::collections::BTreeMap;
/// use std::sync::Mutex;
///
/// struct Firewall {
///     descriptor: Descriptor,
///     blocked: Mutex<BTreeMap<String, String>>, // address, and by which action
/// }
///
/// impl Act for Firewall {
///     type Done = ();
///     type Seen = bool;
///
///     fn descriptor(&self) -> &Descriptor {
///         &self.descriptor
///     }
///     fn validate(&self, request: &Request) -> Result<(), ActError> {
///         let address: Result<std::net::IpAddr, _> = request.target.id.parse();
///         address.map(drop).map_err(|_| ActError::permanent("read the address"))
///     }
///     async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
///         Ok(Plan::new(request).saying("block one address"))
///     }
///     async fn apply(&self, _: &Permit, plan: &Plan) -> Result<(), ActError> {
///         let mut blocked = self.blocked.lock().map_err(|_| ActError::permanent("lock the table"))?;
///         let owner = blocked.entry(plan.target.id.clone()).or_insert_with(|| plan.id.to_string());
///         if *owner == plan.id.as_str() { Ok(()) } else { Err(ActError::conflict("add to the table")) }
///     }
///     async fn observe(&self, plan: &Plan) -> Result<bool, ActError> {
///         let blocked = self.blocked.lock().map_err(|_| ActError::permanent("lock the table"))?;
///         Ok(blocked.get(&plan.target.id).is_some_and(|owner| owner == plan.id.as_str()))
///     }
///     async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
///         let mut blocked = self.blocked.lock().map_err(|_| ActError::permanent("lock the table"))?;
///         blocked.retain(|address, owner| *address != plan.target.id || owner != plan.id.as_str());
///         Ok(())
///     }
/// }
/// ```
pub trait Act: Send + Sync {
    /// What `apply` tells: `()` or [`Applied`].
    type Done: Into<Applied>;
    /// What `observe` tells: `bool` or [`Observed`].
    type Seen: Into<Observed>;

    /// As [`Actuator::descriptor`].
    fn descriptor(&self) -> &Descriptor;

    /// As [`Actuator::validate`].
    ///
    /// # Errors
    ///
    /// [`ActError::Permanent`] when the request can not be meant.
    fn validate(&self, request: &Request) -> Result<(), ActError>;

    /// As [`Actuator::plan`].
    fn plan(&self, request: &Request) -> impl Future<Output = Result<Plan, ActError>> + Send;

    /// As [`Actuator::apply`].
    fn apply(
        &self,
        permit: &Permit,
        plan: &Plan,
    ) -> impl Future<Output = Result<Self::Done, ActError>> + Send;

    /// As [`Actuator::observe`].
    fn observe(&self, plan: &Plan) -> impl Future<Output = Result<Self::Seen, ActError>> + Send;

    /// As [`Actuator::revert`].
    fn revert(&self, plan: &Plan) -> impl Future<Output = Result<(), ActError>> + Send;
}

/// Makes an [`Actuator`] of an [`Act`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Erase<T>(pub T);

impl<T: Act> Actuator for Erase<T> {
    fn descriptor(&self) -> &Descriptor {
        self.0.descriptor()
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        self.0.validate(request)
    }

    fn plan<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Plan, ActError>> {
        Box::pin(self.0.plan(request))
    }

    fn apply<'a>(&'a self, permit: &'a Permit, plan: &'a Plan) -> BoxFuture<'a, Result<Applied, ActError>> {
        Box::pin(async move { self.0.apply(permit, plan).await.map(Into::into) })
    }

    fn observe<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<Observed, ActError>> {
        Box::pin(async move { self.0.observe(plan).await.map(Into::into) })
    }

    fn revert<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<(), ActError>> {
        Box::pin(self.0.revert(plan))
    }
}

/// Who ends a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// The executor must call `revert` in time.
    #[default]
    ExecutorSide,
    /// The target system lifts it by itself, although the executor never returns.
    TargetSide,
}

/// What an actuator says of itself, as data: it may be kept in a TOML file beside the code.
///
/// ```
/// use homeostat_response::{Action, Descriptor, Expiry};
///
/// let own = Descriptor::from_toml(
///     r#"
///     name = "acme-firewall"
///     actions = ["block"]
///     target_kinds = ["address"]
///     expiry = "target_side"
///     residual = ["established flows"]
///     "#,
/// )?;
/// assert!(own.actions.contains(&Action::Block));
/// assert_eq!(own.expiry, Expiry::TargetSide);
/// # Ok::<(), homeostat_response::BadDescriptor>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Descriptor {
    /// Its name; stands in the journal, so that recovery finds the same actuator again.
    pub name: String,
    /// What it can be asked.
    pub actions: BTreeSet<Action>,
    /// What it can be aimed at.
    pub target_kinds: BTreeSet<TargetKind>,
    /// How deep it cuts, where that is deeper than the action's own class.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// Who ends its leases.
    #[serde(default)]
    pub expiry: Expiry,
    /// How long a call may still take effect after it was sent, in milliseconds: an outcome that is not known
    /// is not called "not in force" before.
    #[serde(default)]
    pub settle_ms: u64,
    /// What it does not stop, in words: `established flows`, `access tokens for up to 1 h`.
    #[serde(default)]
    pub residual: Vec<String>,
    /// The D3FEND id of what it does, where that is more exact than the action's own.
    #[serde(default)]
    pub d3fend: Option<String>,
    /// The `OpenC2` actuator profile it serves, such as `slpf`.
    #[serde(default)]
    pub openc2: Option<String>,
    /// The rights it needs in the target system.
    #[serde(default)]
    pub permissions: Vec<String>,
}

impl Descriptor {
    /// An actuator of that name for one action on one kind of target, whose leases the executor ends.
    pub fn new(name: &str, action: Action, kind: TargetKind) -> Self {
        Self {
            name: name.to_owned(),
            actions: BTreeSet::from([action]),
            target_kinds: BTreeSet::from([kind]),
            effect: None,
            expiry: Expiry::default(),
            settle_ms: 0,
            residual: Vec::new(),
            d3fend: None,
            openc2: None,
            permissions: Vec::new(),
        }
    }

    /// Reads a descriptor from TOML with these fields.
    ///
    /// # Errors
    ///
    /// [`BadDescriptor`] with the place in the text.
    pub fn from_toml(text: &str) -> Result<Self, BadDescriptor> {
        toml::from_str(text).map_err(|cause| BadDescriptor::at(&cause))
    }

    /// Whether it can be asked for `action` on a target of `kind`.
    pub fn serves(&self, action: Action, kind: TargetKind) -> bool {
        self.actions.contains(&action) && self.target_kinds.contains(&kind)
    }

    /// How deep `action` cuts here: the deeper of the action's class and the actuator's own.
    pub fn effect_of(&self, action: Action) -> Effect {
        action.facts().effect.max(self.effect.unwrap_or(Effect::Capture))
    }
}

/// A text that is no descriptor or playbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDescriptor {
    at: usize,
}

impl fmt::Display for BadDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not as described from byte {} on", self.at)
    }
}

impl std::error::Error for BadDescriptor {}

impl BadDescriptor {
    pub(crate) fn at(cause: &toml::de::Error) -> Self {
        Self { at: cause.span().map_or(0, |span| span.start) }
    }
}

/// Why a verb could not be done. Exhaustive: the executor decides on each.
///
/// `at` says which step of the actuator failed, in its author's own fixed words; never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActError {
    /// Nothing was done; it may go well later.
    Transient {
        /// The step that failed.
        at: &'static str,
        /// How long the target system asks to wait.
        retry_after: Option<Duration>,
    },
    /// Nothing was done, and it will not go well later either.
    Permanent {
        /// The step that failed.
        at: &'static str,
    },
    /// Nothing was done, because somebody else changed what the plan touches.
    Conflict {
        /// The step that failed.
        at: &'static str,
    },
    /// It may have been done or not, such as after a timeout. Never a failure: the executor looks first.
    Unknown {
        /// The step that failed.
        at: &'static str,
    },
}

impl ActError {
    /// Nothing was done at the step `at`; it may go well later.
    pub const fn transient(at: &'static str) -> Self {
        Self::Transient { at, retry_after: None }
    }

    /// Nothing was done at the step `at`, and never will.
    pub const fn permanent(at: &'static str) -> Self {
        Self::Permanent { at }
    }

    /// Somebody else's change stands in the way at the step `at`.
    pub const fn conflict(at: &'static str) -> Self {
        Self::Conflict { at }
    }

    /// Whether the step `at` was done is not known.
    pub const fn unknown(at: &'static str) -> Self {
        Self::Unknown { at }
    }
}

impl fmt::Display for ActError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transient { at, .. } => write!(f, "not done for now at `{at}`"),
            Self::Permanent { at } => write!(f, "can not be done at `{at}`"),
            Self::Conflict { at } => write!(f, "a change by somebody else stands in the way at `{at}`"),
            Self::Unknown { at } => write!(f, "not known whether done at `{at}`"),
        }
    }
}

impl std::error::Error for ActError {}
