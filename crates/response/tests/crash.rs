#![cfg(test)]
//! A crash between any two steps, then a crash in the recovery, then in the recovery of that.
//!
//! A step is every write to the journal and every call of an actuator: before it, in the middle of it, after it.

use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::block_on;
use homeostat_response::{
    ActError, Action, ActionId, Actuator, Applied, BoxFuture, Budget, Descriptor, Entry, Erase, Executor,
    ExecutorConfig, Gate, GateConfig, Journal, MemoryActuator, MemoryStorage, MemoryWorld, Mode, Observed,
    Permit, Person, Phase, Plan, Policy, PseudonymKey, Record, Request, Rule, Ruling, Storage, Target,
    TargetKind,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Burns through after so many steps; from then on nothing has any effect, as after a crash.
#[derive(Clone)]
struct Fuse(Arc<Mutex<(Option<u64>, bool)>>);

impl Fuse {
    fn after(steps: Option<u64>) -> Self {
        Self(Arc::new(Mutex::new((steps, false))))
    }

    fn holds(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        match &mut state.0 {
            Some(0) => state.1 = true,
            Some(left) => *left -= 1,
            None => {}
        }
        !state.1
    }

    fn burnt(&self) -> bool {
        self.0.lock().unwrap().1
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mutant {
    None,
    /// Syncing does nothing.
    NoSync,
    /// What is appended reaches the storage only with the next append: after the effect.
    EffectBeforeIntent,
    /// Recovery does not know of actions in this phase.
    Ignores(&'static str),
    /// What is in force takes no budget.
    NoBudget,
}

/// The budget of the scripts: so many resources at one time.
const BUDGET: u32 = 3;

struct CrashStorage {
    inner: MemoryStorage,
    fuse: Fuse,
    mutant: Mutant,
    late: Vec<u8>,
}

fn crashed() -> io::Error {
    io::Error::other("crashed")
}

impl CrashStorage {
    fn step(&self) -> io::Result<()> {
        if self.fuse.holds() { Ok(()) } else { Err(crashed()) }
    }
}

impl Storage for CrashStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.inner.read()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        if self.mutant == Mutant::EffectBeforeIntent {
            let late = std::mem::replace(&mut self.late, bytes.to_vec());
            self.inner.append(&late)?;
            self.inner.sync()?;
            return self.step();
        }
        if !self.fuse.holds() {
            self.inner.append(&bytes[..bytes.len() / 2])?;
            return Err(crashed());
        }
        self.inner.append(bytes)?;
        self.step()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.step()?;
        if !matches!(self.mutant, Mutant::NoSync | Mutant::EffectBeforeIntent) {
            self.inner.sync()?;
        }
        self.step()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.step()?;
        self.inner.truncate(length)?;
        self.step()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        self.inner.replace(bytes)?;
        self.step()
    }
}

/// A witness round the actuator: crashes before, within and after each call, and sees whether the intent was
/// durable when the effect came.
struct CrashActuator {
    inner: Erase<MemoryActuator>,
    world: MemoryWorld,
    fuse: Fuse,
    disk: Disk,
    breaches: Arc<Mutex<BTreeSet<String>>>,
}

impl CrashActuator {
    /// Sees whether more is in force than was allowed without a person's approval.
    fn count(&self) {
        let alone = |id: &str| match id {
            "a" | "d" => 1,
            "b" => 2,
            _ => 0,
        };
        let units: u32 = self.world.in_force().iter().map(|id| alone(id)).sum();
        if units > BUDGET {
            self.breaches.lock().unwrap().insert("more in force than the budget".to_owned());
        }
    }

    async fn call<T>(&self, call: BoxFuture<'_, Result<T, ActError>>) -> Result<T, ActError> {
        let dead = Err(ActError::unknown("crashed"));
        if !self.fuse.holds() {
            return dead;
        }
        let mut call = call;
        if !self.fuse.holds() {
            // Two steps into the call, and not to its end.
            for _ in 0..2 {
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                if call.as_mut().poll(&mut context).is_ready() {
                    break;
                }
            }
            return dead;
        }
        let answer = call.await;
        if self.fuse.holds() { answer } else { dead }
    }
}

impl Actuator for CrashActuator {
    fn descriptor(&self) -> &Descriptor {
        self.inner.descriptor()
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        self.inner.validate(request)
    }

    fn plan<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Plan, ActError>> {
        Box::pin(self.call(self.inner.plan(request)))
    }

    fn apply<'a>(&'a self, permit: &'a Permit, plan: &'a Plan) -> BoxFuture<'a, Result<Applied, ActError>> {
        if !self.fuse.burnt() && !self.disk.knows_intent(&plan.id) {
            self.breaches.lock().unwrap().insert(format!("{}: effect without durable intent", plan.id));
        }
        Box::pin(async move {
            let answer = self.call(self.inner.apply(permit, plan)).await;
            self.count();
            answer
        })
    }

    fn observe<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<Observed, ActError>> {
        Box::pin(self.call(self.inner.observe(plan)))
    }

    fn revert<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<(), ActError>> {
        Box::pin(self.call(self.inner.revert(plan)))
    }
}

fn key() -> PseudonymKey {
    PseudonymKey::new([9; 32])
}

/// What lies on the disk.
#[derive(Clone)]
struct Disk {
    chain: MemoryStorage,
    names: MemoryStorage,
}

impl Disk {
    fn records(&self) -> Vec<Record> {
        let chain = MemoryStorage::holding(self.chain.durable());
        let names = MemoryStorage::holding(self.names.durable());
        Journal::open(chain, names, key()).unwrap().1
    }

    /// Not through the reader: a witness looks for itself.
    fn knows_intent(&self, id: &ActionId) -> bool {
        let intent = format!(r#"{{"action":{{"id":"{id}","event":{{"apply_intent""#);
        let durable = self.chain.durable();
        durable.windows(intent.len()).any(|window| window == intent.as_bytes())
    }

    /// What is there after a crash.
    fn after_crash(&self, tail: Tail, mutant: Mutant) -> Self {
        let keep = |storage: &MemoryStorage| match tail {
            Tail::Kept => MemoryStorage::holding(storage.clone().read().unwrap()),
            Tail::Lost => MemoryStorage::holding(storage.durable()),
        };
        let disk = Self { chain: keep(&self.chain), names: keep(&self.names) };
        match mutant {
            Mutant::Ignores(phase) => disk.without(phase),
            _ => disk,
        }
    }

    /// The same without the actions that stand in `phase`.
    fn without(&self, phase: &str) -> Self {
        let records = self.records();
        let mut phases: BTreeMap<ActionId, Phase> = BTreeMap::new();
        for record in &records {
            if let Entry::Action { id, event } = &record.entry {
                let now = phases.remove(id).unwrap_or_default();
                phases.insert(id.clone(), homeostat_response::step(now, event).unwrap());
            }
        }
        let stays = |record: &Record| match &record.entry {
            Entry::Action { id, .. } => phases[id].as_str() != phase,
            _ => true,
        };
        let left: Vec<Record> = records.into_iter().filter(stays).collect();
        let chain = MemoryStorage::default();
        let (mut journal, _) = Journal::open(chain.clone(), self.names.clone(), key()).unwrap();
        journal.append(&left, homeostat_response::Durability::Synced).unwrap();
        Self { chain, names: self.names.clone() }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Tail {
    Kept,
    Lost,
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000).plus(Duration::from_secs(seconds)).unwrap()
}

fn id(name: &str) -> ActionId {
    ActionId::new(name).unwrap()
}

fn requests(script: Script) -> Vec<Request> {
    let acme = TenantId::new("acme").unwrap();
    let ask = |name: &str, action, kind, target: &str, seconds| {
        Request::new(id(name), acme.clone(), action, Target::new(kind, target))
            .sure(0.9)
            .lease(Duration::from_secs(seconds))
    };
    let mut all = vec![ask("a", Action::Block, TargetKind::Address, "203.0.113.9", 60)];
    if script == Script::Long {
        all.push(ask("b", Action::Isolate, TargetKind::Host, "group", 120));
        all.push(ask("c", Action::Challenge, TargetKind::Person, "jane@acme.example", 90));
        all.push(ask("d", Action::Block, TargetKind::Address, "203.0.113.10", 60));
    }
    all
}

#[derive(Clone, Copy, PartialEq)]
enum Script {
    /// One action with an extension, to its end.
    Short,
    /// Four actions: one extended, one on a group and reverted by hand, one that a person approves, and one for
    /// which no budget is left.
    Long,
}

type Room = Executor<CrashStorage>;

struct Scene {
    disk: Disk,
    world: MemoryWorld,
    breaches: Arc<Mutex<BTreeSet<String>>>,
    mutant: Mutant,
}

impl Scene {
    fn new(mutant: Mutant) -> Self {
        let world = MemoryWorld::default();
        let host = |name: &str| Target::new(TargetKind::Host, name);
        world.group(&host("group"), vec![host("one"), host("two")]);
        let disk = Disk { chain: MemoryStorage::default(), names: MemoryStorage::default() };
        Self { disk, world, breaches: Arc::default(), mutant }
    }

    fn after_crash(&self, tail: Tail) -> Self {
        Self {
            disk: self.disk.after_crash(tail, self.mutant),
            world: self.world.fork(),
            breaches: self.breaches.clone(),
            mutant: self.mutant,
        }
    }

    async fn open(&self, fuse: &Fuse, now: Timestamp) -> Option<Room> {
        let storage = |inner: &MemoryStorage, mutant| CrashStorage {
            inner: inner.clone(),
            fuse: fuse.clone(),
            mutant,
            late: Vec::new(),
        };
        let chain = storage(&self.disk.chain, self.mutant);
        let (journal, records) = Journal::open(chain, storage(&self.disk.names, Mutant::None), key()).ok()?;
        let limit = if self.mutant == Mutant::NoBudget { u32::MAX } else { BUDGET };
        let mut policy = Policy::new("1", Budget::new("all", limit));
        policy.rules.push(Rule::new("anything", Ruling::Autonomous));
        let mut ask = Rule::new("people", Ruling::ASK);
        ask.when.target_kind = Some(TargetKind::Person);
        policy.rules.push(ask);
        let config =
            GateConfig::new(TenantId::new("acme").unwrap(), policy.compile().unwrap()).mode(Mode::Act);
        let gate = Gate::open(config, journal, records).unwrap();
        let actuator = CrashActuator {
            inner: Erase(MemoryActuator::new(self.world.clone())),
            world: self.world.clone(),
            fuse: fuse.clone(),
            disk: self.disk.clone(),
            breaches: self.breaches.clone(),
        };
        Executor::open(gate, ExecutorConfig::new(vec![Arc::new(actuator)]), now).await.ok()
    }

    /// The first life; whether it came to its end.
    async fn run(&self, script: Script, fuse: &Fuse) -> bool {
        let joe = Person::new("joe@acme.example");
        let Some(mut room) = self.open(fuse, at(0)).await else { return false };
        for request in requests(script) {
            let _ = room.submit(&request, at(1)).await;
        }
        if let Some(hash) = room.gate().plan(&id("c")).map(Plan::hash) {
            let _ = room.approve(&id("c"), &joe, hash, at(5)).await;
        }
        let _ = room.extend(&id("a"), Duration::from_secs(100), &joe, at(10));
        let _ = room.revert(&id("b"), &joe, at(20)).await;
        for seconds in [70, 130, 200] {
            let _ = room.tick(at(seconds)).await;
        }
        !fuse.burnt()
    }

    /// A later life: recovers, is asked the same again, and ticks on.
    async fn recover(&self, script: Script, fuse: &Fuse, now: u64) -> bool {
        let Some(mut room) = self.open(fuse, at(now)).await else { return false };
        for request in requests(script) {
            let _ = room.submit(&request, at(now)).await;
        }
        let _ = room.tick(at(now + 130)).await;
        !fuse.burnt()
    }

    /// The last life, in which nothing fails; then nothing may be left.
    fn end(&self, script: Script) {
        block_on(async {
            let mut room = self.open(&Fuse::after(None), at(10_000)).await.unwrap();
            for hours in 1..4 {
                room.tick(at(10_000 + hours * 3_600)).await.unwrap();
            }
            let mut breaches = self.breaches.lock().unwrap();
            for request in requests(script) {
                let phase = room.gate().phase(&request.id);
                if !phase.is_terminal() && phase != Phase::New {
                    breaches.insert(format!("{}: not terminal", request.id));
                }
                if self.world.effects(&request.id) > 1 {
                    breaches.insert(format!("{}: took effect twice", request.id));
                }
            }
            for left in self.world.in_force() {
                breaches.insert(format!("{left}: in force after its lease"));
            }
        });
    }
}

/// All scenarios of up to `depth` crashes; how many there were, and which invariants were broken.
fn scenarios(script: Script, depth: u32, tail: Tail, mutant: Mutant) -> (u64, BTreeSet<String>) {
    let mut count = 0;
    let mut breaches = BTreeSet::new();
    for steps in 0.. {
        let scene = Scene::new(mutant);
        let fuse = Fuse::after(Some(steps));
        let whole = block_on(scene.run(script, &fuse));
        let next = scene.after_crash(tail);
        count += 1;
        if whole {
            next.end(script);
        } else {
            count += crash_again(&next, script, depth - 1, tail);
        }
        breaches.extend(scene.breaches.lock().unwrap().iter().cloned());
        if whole {
            break;
        }
    }
    (count, breaches)
}

fn crash_again(scene: &Scene, script: Script, depth: u32, tail: Tail) -> u64 {
    if depth == 0 {
        scene.end(script);
        return 0;
    }
    let mut count = 0;
    for steps in 0.. {
        let life = scene.after_crash(Tail::Kept);
        let fuse = Fuse::after(Some(steps));
        let whole = block_on(life.recover(script, &fuse, 300 * u64::from(4 - depth)));
        let next = life.after_crash(tail);
        count += 1;
        if whole {
            next.end(script);
            break;
        }
        count += crash_again(&next, script, depth - 1, tail);
    }
    count
}

#[track_caller]
fn check(script: Script, depth: u32, tail: Tail) -> u64 {
    let (count, breaches) = scenarios(script, depth, tail, Mutant::None);
    assert_eq!(breaches, BTreeSet::new());
    count
}

#[test]
fn no_crash_breaks_a_promise() {
    let kept = check(Script::Short, 3, Tail::Kept) + check(Script::Long, 2, Tail::Kept);
    let lost = check(Script::Short, 3, Tail::Lost) + check(Script::Long, 2, Tail::Lost);
    println!("{kept} scenarios with the tail kept, {lost} with the unsynced tail lost, 0 breaches");
    assert!(kept > 1_000 && lost > 1_000, "{kept} {lost}");
}

#[test]
fn the_same_harness_catches_each_mutant() {
    for (mutant, tail, expected) in [
        (Mutant::NoSync, Tail::Lost, "effect without durable intent"),
        (Mutant::EffectBeforeIntent, Tail::Lost, "effect without durable intent"),
        (Mutant::Ignores("applying"), Tail::Kept, "in force after its lease"),
        (Mutant::Ignores("active"), Tail::Kept, "in force after its lease"),
        (Mutant::Ignores("reverting"), Tail::Kept, "in force after its lease"),
        (Mutant::NoBudget, Tail::Kept, "more in force than the budget"),
    ] {
        let (_, breaches) = scenarios(Script::Long, 1, tail, mutant);
        assert!(breaches.iter().any(|breach| breach.contains(expected)), "{expected}: {breaches:?}");
    }
}
