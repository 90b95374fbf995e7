//! A gate, an executor and a target in memory that outlive a restart.

use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    Act as _, Action, ActionId, Erase, Executor, ExecutorConfig, Gate, GateConfig, Journal, MemoryActuator,
    MemoryStorage, MemoryWorld, Mode, Phase, Policy, PseudonymKey, Record, Request, Storage, Target,
    TargetKind,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) struct Room {
    pub(crate) world: MemoryWorld,
    pub(crate) chain: MemoryStorage,
    pub(crate) names: MemoryStorage,
    pub(crate) policy: Policy,
    pub(crate) mode: Mode,
    /// How long an effect may take to show.
    pub(crate) settle_ms: u64,
}

impl Room {
    /// Acts by what the policy `text` says.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            world: MemoryWorld::default(),
            chain: MemoryStorage::default(),
            names: MemoryStorage::default(),
            policy: Policy::from_toml(&format!("version = '1'\n{text}")).unwrap(),
            mode: Mode::Act,
            settle_ms: 0,
        }
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        Journal::open(self.chain.clone(), self.names.clone(), PseudonymKey::new([4; 32])).unwrap().1
    }

    pub(crate) fn gate(&self) -> Gate<MemoryStorage> {
        let key = PseudonymKey::new([4; 32]);
        let (journal, records) = Journal::open(self.chain.clone(), self.names.clone(), key).unwrap();
        let rails = self.policy.clone().compile().unwrap();
        let config = GateConfig::new(TenantId::new("acme").unwrap(), rails).mode(self.mode);
        Gate::open(config, journal, records).unwrap()
    }

    /// A gate on a journal of its own that finds room for so many writes more.
    pub(crate) fn failing_gate(&self, left: &Arc<AtomicUsize>) -> Gate<Failing> {
        let chain = Failing(MemoryStorage::default(), left.clone());
        let names = Failing(MemoryStorage::default(), Arc::new(AtomicUsize::new(usize::MAX)));
        let (journal, records) = Journal::open(chain, names, PseudonymKey::new([4; 32])).unwrap();
        let rails = self.policy.clone().compile().unwrap();
        let config = GateConfig::new(TenantId::new("acme").unwrap(), rails).mode(self.mode);
        Gate::open(config, journal, records).unwrap()
    }

    pub(crate) fn open_failing(&self, writes: usize, now: u64) -> Executor<Failing> {
        let gate = self.failing_gate(&Arc::new(AtomicUsize::new(writes)));
        let memory = Arc::new(Erase(MemoryActuator::new(self.world.clone())));
        block_on(Executor::open(gate, ExecutorConfig::new(vec![memory]), at(now))).unwrap()
    }

    pub(crate) fn open(&self, now: u64) -> Executor<MemoryStorage> {
        self.open_with(now, |_| {})
    }

    /// An executor of which `set` changes the configuration.
    pub(crate) fn open_with(
        &self,
        now: u64,
        set: impl FnOnce(&mut ExecutorConfig),
    ) -> Executor<MemoryStorage> {
        let memory = MemoryActuator::new(self.world.clone());
        let mut descriptor = memory.descriptor().clone();
        descriptor.settle_ms = self.settle_ms;
        let mut config = ExecutorConfig::new(vec![Arc::new(Erase(memory.described(descriptor)))]);
        set(&mut config);
        block_on(Executor::open(self.gate(), config, at(now))).unwrap()
    }
}

/// A storage with room for so many writes more.
pub(crate) struct Failing(MemoryStorage, Arc<AtomicUsize>);

impl Storage for Failing {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.0.read()
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.1.load(Ordering::Relaxed).checked_sub(1).ok_or(io::Error::other("full"))?;
        self.1.store(left, Ordering::Relaxed);
        self.0.append(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.replace(bytes)
    }
}

/// Everything is allowed, and `budget` bounds it.
pub(crate) fn allowing(budget: &str) -> String {
    format!("[[rules]]\nid = 'anything'\nthen = 'autonomous'\n[[budgets]]\nid = 'all'\n{budget}\n")
}

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).plus(Duration::from_secs(seconds)).unwrap()
}

pub(crate) fn id(name: &str) -> ActionId {
    ActionId::new(name).unwrap()
}

/// A sure request with a lease of a minute.
pub(crate) fn ask(name: &str, action: Action, kind: TargetKind, target: &str) -> Request {
    Request::new(id(name), TenantId::new("acme").unwrap(), action, Target::new(kind, target))
        .sure(0.9)
        .lease(Duration::from_mins(1))
}

pub(crate) fn isolate(name: &str, host: &str) -> Request {
    ask(name, Action::Isolate, TargetKind::Host, host)
}

#[track_caller]
pub(crate) fn submit(executor: &mut Executor<MemoryStorage>, request: &Request, now: u64) -> Phase {
    block_on(executor.submit(request, at(now))).unwrap()
}

pub(crate) fn told(executor: &mut Executor<MemoryStorage>) -> Vec<String> {
    executor.take_notices().into_iter().map(|notice| notice.news.to_string()).collect()
}

#[track_caller]
pub(crate) fn tick(executor: &mut Executor<MemoryStorage>, now: u64) {
    block_on(executor.tick(at(now))).unwrap();
}

/// Ticks at each deadline until there is none, and gives these.
pub(crate) fn deadlines(executor: &mut Executor<MemoryStorage>) -> Vec<Timestamp> {
    let mut seen = Vec::new();
    while let Some(deadline) = executor.next_deadline().filter(|_| seen.len() < 99) {
        seen.push(deadline);
        block_on(executor.tick(deadline)).unwrap();
    }
    seen
}
