//! From an incident to what is done about it: planner, gate and executor of one tenant in one place.
//!
//! An incident becomes a threat, the planner asks for the narrowest steps that help, the gate decides by the
//! rails, and what passes is applied, looked at and reverted when its lease ends. It owns no clock and no
//! runtime: time is an argument, and the futures are driven by whoever awaits them.

use crate::ActionTold;
use crate::told::Tale;
use core::fmt;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use homeostat_core::{EntityKey, TenantId, Threat, Timestamp};
use homeostat_incident::Incident;
use homeostat_response::{
    ActionId, Actuator, Brake, Course, Declined, Executor, ExecutorConfig, FileStorage, Gate, GateConfig,
    GateError, GateStats, Journal, JournalError, MemoryStorage, Mode, Person, Phase, PlanHash, Planner,
    Policy, PseudonymKey, Rails, Storage, SubmitError, View,
};
use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The rails of whoever gives no others.
const RAILS: &str = include_str!("rails.toml");
/// When a responder without history is opened: any moment does, as nothing waits for one.
const BEGINNING: Timestamp = Timestamp::from_micros(0);

/// What a responder is made of.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponderOptions {
    /// Whose estate it is.
    pub tenant: TenantId,
    /// [`Mode::Observe`] by default: whoever wants actions says so.
    pub mode: Mode,
    /// What can be done, and where; of several that serve a request the first is asked.
    pub actuators: Vec<Arc<dyn Actuator>>,
    /// The rails; `None` for those in `rails.toml` of this crate, each figure of which has its reason there.
    pub rails: Option<Rails>,
    journal: Place,
}

/// Where the journal and the names of its people lie, and the key of their pseudonyms.
#[derive(Clone)]
enum Place {
    Memory(MemoryStorage, MemoryStorage),
    File(PathBuf, PseudonymKey),
}

impl ResponderOptions {
    /// A responder that only looks on, with the default rails and a journal in memory.
    pub fn new(tenant: TenantId, actuators: Vec<Arc<dyn Actuator>>) -> Self {
        let journal = Place::Memory(MemoryStorage::default(), MemoryStorage::default());
        Self { tenant, mode: Mode::Observe, actuators, rails: None, journal }
    }

    /// The same in that mode.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// The same with those rails.
    #[must_use]
    pub fn rails(self, rails: Rails) -> Self {
        Self { rails: Some(rails), ..self }
    }

    /// The same with a journal that outlives the process: the file at `path`, and beside it `path` with
    /// `.names`, the way back from pseudonyms to people. Keep `key` elsewhere.
    #[must_use]
    pub fn journal(self, path: impl AsRef<Path>, key: PseudonymKey) -> Self {
        Self { journal: Place::File(path.as_ref().to_path_buf(), key), ..self }
    }

    /// The same with a journal that lies in `chain`, and the way back from its pseudonyms in `names`: whoever keeps
    /// copies of both can open a second responder that goes on where the first was.
    #[must_use]
    pub fn journal_in_memory(self, chain: MemoryStorage, names: MemoryStorage) -> Self {
        Self { journal: Place::Memory(chain, names), ..self }
    }
}

impl fmt::Debug for ResponderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponderOptions")
            .field("tenant", &self.tenant)
            .field("mode", &self.mode)
            .field("actuators", &self.actuators.len())
            .field("own_rails", &self.rails.is_some())
            .field("durable", &matches!(self.journal, Place::File(..)))
            .finish()
    }
}

/// Why there is no responder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponderError {
    /// The file of the journal can not be opened.
    #[error("the journal can not be opened")]
    Storage(#[from] io::Error),
    /// The journal can not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The gate can not go on where the journal ends, or there is no time to go on at.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The rails of this crate can not be used.
    #[error("the default rails can not be used")]
    Rails(#[from] homeostat_response::BadPolicy),
}

/// What an incident led to.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Answered {
    /// The actions that answer it now, those among them that were asked for earlier, the narrowest first.
    pub actions: Vec<ActionId>,
    /// Why nothing is done, when nothing is.
    pub declined: Option<Declined>,
}

/// Responds to the incidents of one tenant.
///
/// An action that was once asked for an incident is not asked for again: after its lease a person decides.
///
/// ```
/// use homeostat::Responder;
/// use homeostat_core::{
///     Bits, CalmRisk, EntityKey, EntityKind, MemoryReach, MemoryValues, Role, Stage, TenantId, Threat, Timestamp,
/// };
/// use homeostat_response::{Erase, MemoryActuator, MemoryWorld, Mode, View, conformance::block_on};
/// use std::sync::Arc;
///
/// let (tenant, world) = (TenantId::new("acme")?, MemoryWorld::default());
/// let memory = Arc::new(Erase(MemoryActuator::new(world.clone())));
/// let mut responder = Responder::new(tenant.clone(), Mode::Act, vec![memory])?;
///
/// let now: Timestamp = "2026-11-21T09:00:00Z".parse()?;
/// let mut threat = Threat::new("inc-7", tenant, now, Bits::new(40.0));
/// threat.entities.push((EntityKey::new(EntityKind::WebSession, "okta/acme", "s-81")?, Role::Via));
/// threat.stages.push(Stage::Movement);
/// let view =
///     View { reach: &MemoryReach::default(), criticality: &MemoryValues::default(), risk: &CalmRisk, now };
/// let answered = block_on(responder.respond_to(&threat, &view))?;
///
/// let told = responder.told_of(&answered.actions[0]).unwrap();
/// assert!(told.is_in_force());
/// assert_eq!(told.decided.as_ref().unwrap().to_string(),
///     "autonomous: rule `contain-narrowly` says autonomous");
/// while let Some(deadline) = responder.next_deadline() {
///     block_on(responder.tick(deadline))?; // your timer does this
/// }
/// assert!(world.in_force().is_empty(), "every lease ends by itself");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Responder {
    tenant: TenantId,
    planner: Planner,
    executor: Executor<Store>,
    tale: Tale,
}

impl Responder {
    /// A responder with the default rails and a journal in memory.
    ///
    /// # Errors
    ///
    /// [`ResponderError`] when the default rails can not be used; a test of this crate shows that they can.
    pub fn new(
        tenant: TenantId,
        mode: Mode,
        actuators: Vec<Arc<dyn Actuator>>,
    ) -> Result<Self, ResponderError> {
        let options = ResponderOptions::new(tenant, actuators).mode(mode);
        // An empty journal leaves nothing to look at, so opening it asks no actuator and never waits.
        let opening = pin!(Self::open(options, BEGINNING));
        match opening.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(opened) => opened,
            Poll::Pending => Err(GateError::NoTime.into()),
        }
    }

    /// A responder that goes on at `now` where its journal ends: what was begun is looked at, what should be
    /// over is reverted, what was never begun is refused.
    ///
    /// # Errors
    ///
    /// [`ResponderError`]; an altered journal is among its causes.
    pub async fn open(options: ResponderOptions, now: Timestamp) -> Result<Self, ResponderError> {
        let rails = match options.rails {
            Some(rails) => rails,
            None => default_rails()?,
        };
        let planner = Planner::new(options.actuators.iter().map(|actuator| actuator.descriptor()));
        let (chain, names, key) = Store::pair(options.journal)?;
        let (journal, records) = Journal::open(chain, names, key)?;
        let mut tale = Tale::default();
        tale.replay(&records);
        let config = GateConfig::new(options.tenant.clone(), rails).mode(options.mode);
        let gate = Gate::open(config, journal, records)?;
        let mut executor = Executor::open(gate, ExecutorConfig::new(options.actuators), now).await?;
        tale.gather(&mut executor);
        Ok(Self { tenant: options.tenant, planner, executor, tale })
    }

    /// Plans against `incident` and carries every step as far as it goes now.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails or `view.now` is no moment. What an actuator refuses is no error: it
    /// stands in [`ActionTold::trouble`].
    pub fn respond<'a>(
        &'a mut self,
        incident: &Incident,
        view: &View<'_>,
    ) -> impl Future<Output = Result<Answered, GateError>> + Send + use<'a> {
        let course = self.plan(&incident.threat(self.tenant.clone()), view);
        self.carry(course, view.now)
    }

    /// As [`Self::respond`], for products with incidents of their own.
    ///
    /// # Errors
    ///
    /// As [`Self::respond`]; also when the threat is another tenant's.
    pub fn respond_to<'a>(
        &'a mut self,
        threat: &Threat,
        view: &View<'_>,
    ) -> impl Future<Output = Result<Answered, GateError>> + Send + use<'a> {
        let course = self.plan(threat, view);
        self.carry(course, view.now)
    }

    /// What would be asked for about `threat`; changes nothing.
    pub fn plan(&self, threat: &Threat, view: &View<'_>) -> Course {
        self.planner.plan(std::slice::from_ref(threat), view)
    }

    /// Does all that is due at `now`: ends leases, looks again, tries again, begins what was held.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails; what needs no journal, above all reverting, is done all the same.
    pub async fn tick(&mut self, now: Timestamp) -> Result<(), GateError> {
        let ticked = self.executor.tick(now).await;
        self.tale.gather(&mut self.executor);
        ticked
    }

    /// When [`Self::tick`] should be called next; `None` while nothing is pending.
    pub fn next_deadline(&mut self) -> Option<Timestamp> {
        self.executor.next_deadline()
    }

    /// A person says yes to exactly the plan that [`ActionTold::plan`] names; when that is enough, it is applied.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the action does not wait for approval or the plan is another.
    pub async fn approve(
        &mut self,
        (id, plan): (&ActionId, PlanHash),
        by: &Person,
        now: Timestamp,
    ) -> Result<Phase, GateError> {
        let approved = self.executor.approve(id, by, plan, now).await;
        self.tale.gather(&mut self.executor);
        approved
    }

    /// A person ends an action before its time.
    ///
    /// # Errors
    ///
    /// [`GateError`] when nothing of it may be in force, or the journal fails.
    pub async fn revert(&mut self, id: &ActionId, by: &Person, now: Timestamp) -> Result<Phase, GateError> {
        let reverted = self.executor.revert(id, by, now).await;
        self.tale.gather(&mut self.executor);
        reverted
    }

    /// What an incident was answered with is no longer needed: a person ends all of it that may still be in force.
    /// Gives how many actions that were.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails.
    pub async fn lift(&mut self, incident: &str, by: &Person, now: Timestamp) -> Result<usize, GateError> {
        let answers = self.tale.all().filter(|told| told.incident.as_deref() == Some(incident));
        let standing: Vec<ActionId> =
            answers.filter(|told| told.phase.may_be_in_force()).map(|told| told.id.clone()).collect();
        for id in &standing {
            self.revert(id, by, now).await?;
        }
        Ok(standing.len())
    }

    /// A person sets the brake; [`Brake::RevertAll`] reverts everything at once.
    ///
    /// # Errors
    ///
    /// [`GateError`] when the journal fails; the brake holds all the same.
    pub async fn brake(&mut self, brake: Brake, by: &Person, now: Timestamp) -> Result<(), GateError> {
        let braked = self.executor.brake(brake, by, now).await;
        self.tale.gather(&mut self.executor);
        braked
    }

    /// Tells how many there are of the group of floor `floor`, such as `administrator-roles`.
    pub fn set_population(&mut self, floor: &str, population: u64) {
        self.executor.set_population(floor, population);
    }

    /// Clears a person from what is told and from the journal's names; whether the journal knew any.
    ///
    /// # Errors
    ///
    /// [`GateError::InForce`] while an action that is not over names the person: nothing is cleared then.
    pub fn forget(&mut self, person: &EntityKey) -> Result<bool, GateError> {
        let known = self.executor.forget(person)?;
        self.tale.forget(person.value());
        Ok(known)
    }

    /// What became of each action, in the order in which they were asked for.
    pub fn told(&self) -> impl Iterator<Item = &ActionTold> {
        self.tale.all()
    }

    /// What became of one action.
    pub fn told_of(&self, id: &ActionId) -> Option<&ActionTold> {
        self.tale.of(id)
    }

    /// How many actions that are over are no longer told, as newer ones took their room.
    pub fn untold(&self) -> u64 {
        self.tale.dropped()
    }

    /// What the gate counts.
    pub fn stats(&self) -> GateStats {
        self.executor.gate().stats()
    }

    async fn carry(&mut self, course: Course, now: Timestamp) -> Result<Answered, GateError> {
        let declined = course.nothing.into_iter().next().map(|(_, declined)| declined);
        let mut answered = Answered { actions: Vec::new(), declined };
        for request in &course.requests {
            answered.actions.push(request.id.clone());
            self.tale.ask(request, now);
            let submitted = self.executor.submit(request, now).await;
            self.tale.gather(&mut self.executor);
            match submitted {
                Ok(_) => {}
                Err(SubmitError::Gate(error)) => return Err(error),
                Err(refused) => self.tale.fail(&request.id, now, with_cause(&refused)),
            }
        }
        Ok(answered)
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("tenant", &self.tenant)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// A refusal and, where an actuator refused, what it was about then.
fn with_cause(refused: &SubmitError) -> String {
    refused.source().map_or_else(|| refused.to_string(), |cause| format!("{refused}: {cause}"))
}

fn default_rails() -> Result<Rails, homeostat_response::BadPolicy> {
    Policy::from_toml(RAILS)?.compile()
}

/// Where the journal lies.
#[derive(Debug)]
enum Store {
    Memory(MemoryStorage),
    File(FileStorage),
}

impl Store {
    /// The places of the chain and of the names, with the key of the pseudonyms.
    fn pair(journal: Place) -> io::Result<(Self, Self, PseudonymKey)> {
        let (path, key) = match journal {
            // What lies in memory ends with the process: its key keeps nothing from anybody.
            Place::Memory(chain, names) => {
                return Ok((Self::Memory(chain), Self::Memory(names), PseudonymKey::new([0; 32])));
            }
            Place::File(path, key) => (path, key),
        };
        let mut names = path.as_os_str().to_owned();
        names.push(".names");
        Ok((Self::File(FileStorage::open(path)?), Self::File(FileStorage::open(names)?), key))
    }

    fn storage(&mut self) -> &mut dyn Storage {
        match self {
            Self::Memory(memory) => memory,
            Self::File(file) => file,
        }
    }
}

impl Storage for Store {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.storage().read()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.storage().append(bytes)
    }

    fn append_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<bool> {
        self.storage().append_at(at, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.storage().sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.storage().truncate(length)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.storage().replace(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_response::{Effect, Ruling};

    #[test]
    fn what_is_allowed_by_itself_ends_within_four_hours() {
        let policy = Policy::from_toml(RAILS).unwrap();
        assert!(policy.max_ttl_ms <= 4 * 3_600_000);
        for rule in policy.rules.iter().filter(|rule| rule.then == Ruling::Autonomous) {
            let harmless = rule.when.effect == Some(Effect::Capture);
            assert!(harmless || rule.max_ttl_ms.is_some_and(|ttl| ttl <= 14_400_000), "{}", rule.id);
            assert!(harmless || rule.when.effect == Some(Effect::Containment), "{}", rule.id);
        }
        let for_good = policy.rules.iter().find(|rule| rule.when.effect == Some(Effect::Irreversible));
        assert_eq!(for_good.unwrap().then, Ruling::ASK_TWO);
        assert!(!policy.budgets.is_empty() && !policy.floors.is_empty() && !policy.protected.is_empty());
        assert!(policy.compile().is_ok());
    }
}
