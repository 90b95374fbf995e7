//! What came of a program that nobody installed: the processes it started, what it wrote, where it called, whose
//! memory it read.
//!
//! A family begins where a program runs out of a place for downloads and temporary files. Its children belong to
//! it, so does whatever runs a file that it wrote, and a process into which it injects. Only these exact ties count,
//! never the user: what the same person does beside it stays out. Every signal names the first process of the family
//! as that through which it was done. After `BackTracker` (King and Chen, SOSP 2003), forward in one pass.
//! State: at most 512 families, 4,096 files and 4,096 addresses; O(log n) an event, O(files) for a command line.

use crate::act::party_of;
use crate::program::{self, Program};
use homeostat_core::{
    Bits, Detector, EntityKey, EntityKind, Occurrence, Reason, RiskView, Role, Signal, Technique, Timestamp,
};
use homeostat_event::{ClassUid, Event, File, Process};
use std::collections::{BTreeMap, BTreeSet};

mod kept;

/// The most families kept; the oldest go first.
const FAMILIES: usize = 512;
/// The most files and addresses remembered; more say nothing new.
const REMEMBERED: usize = 4_096;
/// The most events remembered of one file or address.
const EACH: usize = 16;
/// Right to read the memory of a process (`PROCESS_VM_READ`).
const READ_MEMORY: i64 = 0x10;
/// How far apart two sensors tell the same start, in microseconds.
const SAME_START: u64 = 2_000_000;
/// OCSF activities of processes: launch, open, inject; of files: create.
const LAUNCH: u32 = 1;
const OPEN: u32 = 3;
const INJECT: u32 = 4;
/// Ports that any program may call: the web and names.
const USUAL_PORTS: [u16; 6] = [53, 80, 123, 443, 853, 5353];

/// What is told: kind, technique, bits.
type Finding = (&'static str, &'static str, Bits);

const RAN_WHAT_CAME: Finding = ("unknown program ran", "T1204.002", Bits::MEDIUM);
const CAME: Finding = ("unknown program came", "T1105", Bits::LOW);
const CALLS_ODD: Finding = ("unknown program calls an odd port", "T1571", Bits::MEDIUM);
const CALLS: Finding = ("unknown program calls", "T1071.001", Bits::LOW);
const WROTE: Finding = ("unknown program wrote a program", "T1105", Bits::LOW);
const PIPE: Finding = ("unknown program opened a pipe", "T1559", Bits::LOW);
const SERVICE: Finding = ("unknown program made a service", "T1543.003", Bits::HIGH);
const JOB: Finding = ("unknown program planned a job", "T1053", Bits::MEDIUM);
const AUTOSTART: Finding = ("unknown program starts itself", "T1547.001", Bits::MEDIUM);
const RAN_OWN: Finding = ("unknown program ran what it wrote", "T1204.002", Bits::LOW);
const SYSTEM: Finding = ("unknown program gained the rights of the system", "T1134", Bits::MEDIUM);
const INJECTED: Finding = ("unknown program went into another", "T1055", Bits::HIGH);
const READ_SECRETS: Finding = ("unknown program read the memory of sign-ins", "T1003.001", Bits::HIGH);

/// One event that may turn out to belong to a family: who did it, in what.
#[derive(Clone)]
struct Earlier {
    occurrence: Occurrence,
    party: EntityKey,
    action: String,
}

/// A family of processes.
#[derive(Clone)]
struct Family {
    host: String,
    root: EntityKey,
    // Whether it began with the rights of the system.
    system: bool,
    files: BTreeSet<String>,
    addresses: BTreeSet<EntityKey>,
}

/// A process as events name it: its host, its own id or its number.
type Id = (String, String);

/// One process of a family.
#[derive(Clone, Copy)]
struct Kin {
    family: usize,
    // Whether it was an ordinary program before; then only what the family is known for counts.
    taken_over: bool,
    // When it started, or was taken over.
    since: Timestamp,
}

/// Follows programs that came from outside.
#[derive(Clone, Default)]
pub struct Lineage {
    families: BTreeMap<usize, Family>,
    next: usize,
    kin: BTreeMap<Id, Kin>,
    came: BTreeMap<Id, Vec<Earlier>>,
    called: BTreeMap<(String, EntityKey), Vec<Earlier>>,
}

impl Lineage {
    fn kin_of(&self, host: &str, process: Option<&Process>) -> Option<Kin> {
        ids(process?).find_map(|id| self.kin.get(&(host.to_owned(), id)).copied())
    }

    fn adopt(&mut self, host: &str, process: &Process, kin: Kin) {
        if self.kin.len() < REMEMBERED {
            self.kin.extend(ids(process).map(|id| ((host.to_owned(), id), kin)));
        }
    }

    fn begin(&mut self, host: &str, root: EntityKey, process: &Process) -> usize {
        if self.families.len() >= FAMILIES {
            self.families.pop_first();
            let families = &self.families;
            self.kin.retain(|_, kin| families.contains_key(&kin.family));
        }
        let (system, host) = (runs_as_system(process), host.to_owned());
        let family = Family { host, root, system, files: BTreeSet::new(), addresses: BTreeSet::new() };
        self.families.insert(self.next, family);
        self.next += 1;
        self.next - 1
    }

    /// The family that wrote a file which `command` names.
    fn writer(&self, host: &str, command: &str) -> Option<usize> {
        let command = command.to_ascii_lowercase();
        let wrote = |family: &Family| {
            family.host == host && family.files.iter().any(|file| command.contains(file.as_str()))
        };
        self.families.iter().find(|(_, family)| wrote(family)).map(|(id, _)| *id)
    }

    fn launched(&mut self, host: &str, event: &Event) -> Vec<Signal> {
        let Some(process) = event.process() else { return Vec::new() };
        let since = event.when();
        let twin = self.twin(host, process, since);
        let actor = event.actor_told().and_then(|actor| actor.process());
        let parent = self.kin_of(host, actor).or_else(|| self.kin_of(host, process.parent_process()));
        let command = process.cmd_line().unwrap_or_default();
        if let Some(parent) = parent {
            let kin = Kin { family: parent.family, taken_over: false, since };
            self.adopt(host, process, kin);
            return self.started(kin, process, event);
        }
        if let Some(family) = self.writer(host, command) {
            self.adopt(host, process, Kin { family, taken_over: false, since });
            let risen = self.risen(family, process, event);
            return self.tell(family, RAN_OWN, event).into_iter().chain(risen).collect();
        }
        if let Some(kin) = twin {
            self.adopt(host, process, kin);
            return self.tell(kin.family, RAN_WHAT_CAME, event).into_iter().collect();
        }
        self.arrived(host, process, event)
    }

    /// The same start as another sensor told it; a number that was another's before is free again.
    fn twin(&mut self, host: &str, process: &Process, since: Timestamp) -> Option<Kin> {
        let number = (host.to_owned(), number_id(process.pid()?));
        let kin = *self.kin.get(&number)?;
        if since.since(kin.since).is_some_and(|apart| apart.unsigned_abs() <= SAME_START) {
            return Some(kin);
        }
        self.kin.remove(&number);
        None
    }

    /// A program of the family started another.
    fn started(&self, kin: Kin, process: &Process, event: &Event) -> Vec<Signal> {
        let program = path_of(process).map(|path| program::of(&path));
        let found = match program {
            Some(Program::Furniture) => return Vec::new(),
            Some(Program::Known(technique)) => ("unknown program looks round", technique, Bits::LOW),
            _ => ("unknown program started another", "T1106", Bits::ZERO),
        };
        let risen = self.risen(kin.family, process, event);
        self.tell(kin.family, found, event).into_iter().chain(risen).collect()
    }

    /// Whether `process` has more rights than its family began with.
    fn risen(&self, family: usize, process: &Process, event: &Event) -> Option<Signal> {
        let began_lower = self.families.get(&family).is_some_and(|family| !family.system);
        (began_lower && runs_as_system(process)).then(|| self.tell(family, SYSTEM, event)).flatten()
    }

    /// A program ran that came from outside, or lies where such programs lie.
    fn arrived(&mut self, host: &str, process: &Process, event: &Event) -> Vec<Signal> {
        let Some(path) = path_of(process) else { return Vec::new() };
        let Some(file) = self.came_as(host, &path, process) else { return Vec::new() };
        let root = target_process(event).or_else(|| own_key(host, process, event));
        let Some(root) = root else { return Vec::new() };
        let family = self.begin(host, root, process);
        self.adopt(host, process, Kin { family, taken_over: false, since: event.when() });
        let earlier = self.came.get(&(host.to_owned(), file)).cloned().unwrap_or_default();
        let mut signals: Vec<Signal> =
            earlier.iter().filter_map(|one| self.tell_of(family, CAME, one)).collect();
        signals.extend(self.tell(family, RAN_WHAT_CAME, event));
        signals
    }

    /// The file from outside that `process` is or interprets.
    fn came_as(&self, host: &str, path: &str, process: &Process) -> Option<String> {
        if program::lies_loose(path) {
            return Some(path.to_owned());
        }
        if !program::is_interpreter(path) {
            return None;
        }
        let command = process.cmd_line()?.to_ascii_lowercase();
        let named = |(at, file): &&(String, String)| at == host && command.contains(file.as_str());
        self.came.keys().find(|came| named(came)).map(|(_, file)| file.clone())
    }

    fn wrote(&mut self, host: &str, event: &Event) -> Vec<Signal> {
        let told = event.file().and_then(|file| file.path());
        let Some(path) = told.map(str::to_ascii_lowercase) else { return Vec::new() };
        let path = stream_of(&path).to_owned();
        let actor = event.actor_told().and_then(|actor| actor.process());
        if let Some(kin) = self.kin_of(host, actor).filter(|kin| !kin.taken_over) {
            let pipe = event.file().and_then(File::type_id) == Some(PIPE_TYPE);
            let telling = if pipe { !path.contains("anonymous") } else { program::is_runnable(&path) };
            if !telling {
                return Vec::new();
            }
            if let Some(family) =
                self.families.get_mut(&kin.family).filter(|f| !pipe && f.files.len() < REMEMBERED)
            {
                family.files.insert(path);
            }
            return self.tell(kin.family, if pipe { PIPE } else { WROTE }, event).into_iter().collect();
        }
        if program::lies_loose(&path) {
            remember(&mut self.came, (host.to_owned(), path), event);
        }
        Vec::new()
    }

    fn calls(&mut self, host: &str, event: &Event) -> Vec<Signal> {
        let Some(far) = event.destination() else { return Vec::new() };
        let Some(address) = far.key().filter(|key| key.kind() == EntityKind::Ip) else { return Vec::new() };
        let actor = event.actor_told().and_then(|actor| actor.process());
        let Some(kin) = self.kin_of(host, actor) else {
            remember(&mut self.called, (host.to_owned(), address), event);
            return Vec::new();
        };
        let Some(family) = self.families.get_mut(&kin.family) else { return Vec::new() };
        let known = family.addresses.contains(&address);
        if kin.taken_over && !known {
            return Vec::new();
        }
        let mut signals = Vec::new();
        if family.addresses.len() < REMEMBERED && family.addresses.insert(address.clone()) {
            let earlier = self.called.get(&(host.to_owned(), address)).cloned().unwrap_or_default();
            signals.extend(earlier.iter().filter_map(|one| self.tell_of(kin.family, CAME, one)));
        }
        let odd = far.port().is_some_and(|port| !USUAL_PORTS.contains(&port));
        signals.extend(self.tell(kin.family, if odd { CALLS_ODD } else { CALLS }, event));
        signals
    }

    fn reaches_into(&mut self, host: &str, event: &Event) -> Vec<Signal> {
        let actor = event.actor_told().and_then(|actor| actor.process());
        let Some((kin, victim)) = self.kin_of(host, actor).zip(event.process()) else { return Vec::new() };
        if event.activity_id() == INJECT {
            if self.kin_of(host, Some(victim)).is_none() {
                self.adopt(host, victim, Kin { family: kin.family, taken_over: true, since: event.when() });
            }
            return self.tell(kin.family, INJECTED, event).into_iter().collect();
        }
        let reads = event.actual_permissions().is_some_and(|rights| rights & READ_MEMORY != 0);
        let secrets = path_of(victim).is_some_and(|path| program::holds_secrets(&path));
        (reads && secrets).then(|| self.tell(kin.family, READ_SECRETS, event)).flatten().into_iter().collect()
    }

    /// Something that stays was made: a service, a job, a start of its own.
    fn stays(&self, host: &str, event: &Event, finding: Finding) -> Vec<Signal> {
        let actor = event.actor_told().and_then(|actor| actor.process());
        let own = self.kin_of(host, actor).filter(|kin| !kin.taken_over).map(|kin| kin.family);
        let service = event.win_service().and_then(|service| service.cmd_line());
        let job = || event.job().and_then(|job| job.cmd_line());
        let family = own.or_else(|| self.writer(host, service.or_else(job)?));
        family.and_then(|family| self.tell(family, finding, event)).into_iter().collect()
    }

    fn tell(&self, family: usize, finding: Finding, event: &Event) -> Option<Signal> {
        self.tell_of(family, finding, &Earlier::of(event)?)
    }

    fn tell_of(&self, family: usize, (kind, technique, bits): Finding, at: &Earlier) -> Option<Signal> {
        let root = &self.families.get(&family)?.root;
        let mut signal = Signal::new(kind, &at.occurrence, &at.party, bits);
        signal.action.clone_from(&at.action);
        signal.techniques.extend(Technique::parse(technique));
        signal.reasons.push(Reason::new("program", "from outside", "installed", bits));
        signal.involve(root.clone(), Role::Via);
        Some(signal)
    }
}

/// OCSF's number of a named pipe among the types of files.
const PIPE_TYPE: i32 = 6;

impl Earlier {
    fn of(event: &Event) -> Option<Self> {
        let occurrence = event.occurrence()?;
        let party = party_of(event).or_else(|| event.named().first().map(|(key, _)| key.clone()))?;
        Some(Self { occurrence, party, action: event.action().to_owned() })
    }
}

fn remember<K: Ord>(map: &mut BTreeMap<K, Vec<Earlier>>, key: K, event: &Event) {
    let room = map.len() < REMEMBERED;
    let Some(earlier) = Earlier::of(event) else { return };
    let told = match map.get_mut(&key) {
        Some(told) => told,
        None if room => map.entry(key).or_default(),
        None => return,
    };
    if told.len() < EACH {
        told.push(earlier);
    }
}

/// The names of a process on its host: its own id, and its number.
pub(crate) fn ids(process: &Process) -> impl Iterator<Item = String> + use<> {
    let uid = process.uid().map(str::to_ascii_lowercase);
    uid.into_iter().chain(process.pid().map(number_id))
}

fn number_id(pid: i64) -> String {
    format!("#{pid}")
}

pub(crate) fn path_of(process: &Process) -> Option<String> {
    let file = process.file();
    let told = file.and_then(|file| file.path()).or_else(|| process.path()).or_else(|| process.name());
    told.map(str::to_ascii_lowercase)
}

/// A path without the stream after its second colon.
fn stream_of(path: &str) -> &str {
    let cut = path.char_indices().skip(2).find(|(_, letter)| *letter == ':').map_or(path.len(), |(at, _)| at);
    path.get(..cut).unwrap_or(path)
}

fn runs_as_system(process: &Process) -> bool {
    let name = process.user().and_then(|user| user.name());
    name.is_some_and(|name| name.eq_ignore_ascii_case("system") || name == "root")
}

fn target_process(event: &Event) -> Option<EntityKey> {
    let named = event.named();
    let process =
        |(key, role): &&(EntityKey, Role)| key.kind() == EntityKind::Process && *role == Role::Target;
    named.iter().find(process).map(|(key, _)| key.clone())
}

/// A key for a process that its source tells by number alone: number and moment of its start.
fn own_key(host: &str, process: &Process, event: &Event) -> Option<EntityKey> {
    EntityKey::new(EntityKind::Process, host, &format!("{}@{}", process.pid()?, event.when())).ok()
}

impl Detector<Event> for Lineage {
    fn name(&self) -> &'static str {
        "lineage"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        let Some(host) = event.device().and_then(|device| device.hostname()).map(str::to_ascii_lowercase)
        else {
            return Vec::new();
        };
        match (event.class_uid(), event.activity_id()) {
            (ClassUid::PROCESS_ACTIVITY, LAUNCH) => self.launched(&host, event),
            (ClassUid::PROCESS_ACTIVITY, OPEN | INJECT) => self.reaches_into(&host, event),
            (ClassUid::FILE_ACTIVITY, LAUNCH) => self.wrote(&host, event),
            (ClassUid::NETWORK_ACTIVITY, _) => self.calls(&host, event),
            (ClassUid::WINDOWS_SERVICE_ACTIVITY, _) => self.stays(&host, event, SERVICE),
            (ClassUid::SCHEDULED_JOB_ACTIVITY, _) => self.stays(&host, event, JOB),
            (ClassUid::REGISTRY_VALUE_ACTIVITY, _) if sets_autostart(event) => {
                self.stays(&host, event, AUTOSTART)
            }
            _ => Vec::new(),
        }
    }
}

fn sets_autostart(event: &Event) -> bool {
    let path = event.reg_value().and_then(|value| value.path()).map(str::to_ascii_lowercase);
    path.is_some_and(|path| path.contains("\\currentversion\\run"))
}

impl std::fmt::Debug for Lineage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lineage({} families, {} processes)", self.families.len(), self.kin.len())
    }
}
