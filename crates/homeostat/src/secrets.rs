//! Who reads what a browser keeps of secrets, that no program of its name ever read; and what it starts then.
//!
//! How unlikely that is, is told by how much of what was seen was seen on one machine alone: (n1 + 1) / (n + 2), the
//! estimate of Good and Turing (Biometrika 40, 1953, eq. 9), for the reader and for the program. What three machines
//! do is usual. A usual program that reads what it never read is told, but weighs little; one that nobody else has
//! weighs both. Whoever did it acts through the machine from then on, so that the machine is charged as well.
//! O(log n) an event; at most 65,536 programs, 1,024 readers and 512 thieves are kept.

use crate::act::party_of;
use crate::lineage::{ids, path_of};
use crate::program::{self, Program};
use crate::servers::program as name_of;
use crate::written::{all, put_all};
use homeostat_core::{
    Bits, Detector, EntityKey, EntityKind, Forget, Keep, Reason, RiskView, Role, Signal, SnapshotError,
    SnapshotReader, SnapshotWriter, Technique, xxh64,
};
use homeostat_event::{ClassUid, Event, Process};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// From how many machines on something is usual.
const EVERYBODY: usize = 3;
/// The most programs, readers, and processes of thieves kept; beyond it new ones are not.
const PROGRAMS: usize = 65_536;
const READERS: usize = 1_024;
const THIEVES: usize = 512;
/// The least that is told, and the most that one first and two together weigh.
const TOLD: Bits = Bits::LOW;
const MOST: Bits = Bits::HIGH;
const MOST_TOGETHER: Bits = Bits::CRITICAL;
/// OCSF's activities: a process starts; a file is read or opened.
const LAUNCH: u32 = 1;
const READS: [u32; 2] = [2, 14];

const READ: &str = "kept passwords read by who never reads them";
const STARTED: &str = "reader of kept passwords started what is rare";

/// On which machines each of many things was seen: the first few.
#[derive(Clone, Default)]
struct Spread {
    hosts: BTreeMap<String, BTreeSet<u64>>,
    seen: u64,
    // How many were seen on one machine alone.
    once: u64,
}

impl Spread {
    /// Learns that `host` shows `thing`; gives how unlikely that was when no other machine shows it.
    fn learn(&mut self, thing: String, host: u64, most: usize) -> Option<Bits> {
        let rarity = self.rarity();
        self.seen = self.seen.saturating_add(1);
        if self.hosts.len() >= most && !self.hosts.contains_key(&thing) {
            return None;
        }
        let hosts = self.hosts.entry(thing).or_default();
        let (before, others) = (hosts.len(), hosts.iter().any(|other| *other != host));
        if before < EVERYBODY {
            hosts.insert(host);
        }
        match (before, hosts.len()) {
            (0, 1) => self.once = self.once.saturating_add(1),
            (1, 2) => self.once = self.once.saturating_sub(1),
            _ => {}
        }
        (!others).then_some(rarity)
    }

    /// Whether no machine but `host` showed `thing`.
    fn is_own(&self, thing: &str, host: u64) -> bool {
        self.hosts.get(thing).is_none_or(|hosts| hosts.iter().all(|other| *other == host))
    }

    /// How unlikely something is that one machine alone shows.
    fn rarity(&self) -> Bits {
        Bits::of_probability((self.once as f64 + 1.0) / (self.seen as f64 + 2.0)).min(MOST)
    }

    /// Clears what `host` showed; whether it showed anything.
    fn forget(&mut self, host: u64) -> bool {
        let mut known = false;
        for hosts in self.hosts.values_mut().filter(|hosts| hosts.contains(&host)) {
            hosts.remove(&host);
            known = true;
            match hosts.len() {
                0 => self.once = self.once.saturating_sub(1),
                1 => self.once = self.once.saturating_add(1),
                _ => {}
            }
        }
        known
    }

    fn write(&self, out: &mut SnapshotWriter) {
        put_all(out, self.hosts.iter(), |out, (thing, hosts)| {
            out.text(thing);
            put_all(out, hosts.iter(), |out, host| out.u64(*host));
        });
        out.u64(self.seen);
        out.u64(self.once);
    }

    fn read(fields: &mut SnapshotReader<'_>) -> Result<Self, SnapshotError> {
        let hosts = all(fields, 16, |fields| Ok((fields.text()?, all(fields, 8, SnapshotReader::u64)?)))?;
        Ok(Self { hosts, seen: fields.u64()?, once: fields.u64()? })
    }
}

/// A process that read secrets, or that one of them started: its machine, and its own id or number.
type Id = (String, String);

/// Tells of programs that read what browsers keep.
#[derive(Clone, Default)]
pub struct Secrets {
    programs: Spread,
    readers: Spread,
    thieves: BTreeSet<Id>,
}

impl Secrets {
    fn started(&mut self, host: &str, event: &Event) -> Option<Signal> {
        let process = event.process()?;
        let name = name_of(process)?;
        let machine = xxh64(host.as_bytes());
        let rare = self.programs.learn(name, machine, PROGRAMS);
        let actor = event.actor_told().and_then(|actor| actor.process());
        let parents = [actor, process.parent_process()];
        // A number is another's once its process ended: a start of its own frees it.
        let from_thief = parents.into_iter().flatten().any(|parent| self.is_thief(host, parent));
        self.thieves.retain(|(at, id)| at != host || !ids(process).any(|own| own == *id));
        if !from_thief {
            return None;
        }
        self.note(host, process);
        let path = path_of(process).unwrap_or_default();
        let technique = match program::of(&path) {
            Program::Furniture => return None,
            Program::Known(technique) => technique,
            Program::Other => "T1106",
        };
        said(event, (STARTED, technique), rare.filter(|bits| *bits >= TOLD)?)
    }

    fn read(&mut self, host: &str, event: &Event) -> Option<Signal> {
        let path = event.file()?.path()?.to_ascii_lowercase();
        if !program::keeps_secrets(&path) {
            return None;
        }
        let reader = event.actor_told().and_then(|actor| actor.process())?;
        let (name, machine) = (name_of(reader)?, xxh64(host.as_bytes()));
        let new = self.readers.learn(name.clone(), machine, READERS)?;
        let own = if self.programs.is_own(&name, machine) { self.programs.rarity() } else { Bits::ZERO };
        let bits = Bits::new(new.get() + own.get()).min(MOST_TOGETHER);
        if bits < TOLD {
            return None;
        }
        self.note(host, reader);
        said(event, (READ, "T1555.003"), bits)
    }

    fn is_thief(&self, host: &str, process: &Process) -> bool {
        ids(process).any(|id| self.thieves.contains(&(host.to_owned(), id)))
    }

    fn note(&mut self, host: &str, process: &Process) {
        if self.thieves.len() < THIEVES {
            self.thieves.extend(ids(process).map(|id| (host.to_owned(), id)));
        }
    }
}

/// A signal about whoever `event` names, that names the machine as that through which it was done.
fn said(event: &Event, (kind, technique): (&str, &str), bits: Bits) -> Option<Signal> {
    let occurrence = event.occurrence()?;
    let party = party_of(event).or_else(|| event.named().first().map(|(key, _)| key.clone()))?;
    let mut signal = Signal::new(kind, &occurrence, &party, bits);
    signal.techniques.extend(Technique::parse(technique));
    signal.reasons.push(Reason::new("program", "on this machine alone", "on three", bits));
    let named = event.named();
    let machine = named.iter().find(|(_, role)| *role == Role::Device).map(|(key, _)| key.clone());
    if let Some(machine) = machine {
        signal.involve(machine, Role::Via);
    }
    Some(signal)
}

impl Detector<Event> for Secrets {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn detect(&mut self, event: &Event, _risk: &dyn RiskView) -> Vec<Signal> {
        let host = event.device().and_then(|device| device.hostname()).map(str::to_ascii_lowercase);
        let Some(host) = host else { return Vec::new() };
        let told = match (event.class_uid(), event.activity_id()) {
            (ClassUid::PROCESS_ACTIVITY, LAUNCH) => self.started(&host, event),
            (ClassUid::FILE_ACTIVITY, activity) if READS.contains(&activity) => self.read(&host, event),
            _ => None,
        };
        told.into_iter().collect()
    }
}

const MAGIC: [u8; 4] = *b"SECR";
const VERSION: u16 = 1;

impl Keep for Secrets {
    fn keep(&self) -> Vec<u8> {
        let mut out = SnapshotWriter::new(MAGIC, VERSION);
        self.programs.write(&mut out);
        self.readers.write(&mut out);
        put_all(&mut out, self.thieves.iter(), |out, (host, id)| {
            out.text(host);
            out.text(id);
        });
        out.finish()
    }

    fn recall(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut fields = SnapshotReader::open(bytes, MAGIC, VERSION..=VERSION)?;
        let (programs, readers) = (Spread::read(&mut fields)?, Spread::read(&mut fields)?);
        let thieves = all(&mut fields, 16, |fields| Ok((fields.text()?, fields.text()?)))?;
        fields.finish()?;
        *self = Self { programs, readers, thieves };
        Ok(())
    }
}

impl Forget for Secrets {
    /// Clears a machine's processes and its part in what is usual; the names of programs are nobody's.
    fn forget(&mut self, entity: &EntityKey) -> bool {
        if !matches!(entity.kind(), EntityKind::Hostname | EntityKind::Fqdn) {
            return false;
        }
        let host = entity.value().to_ascii_lowercase();
        let machine = xxh64(host.as_bytes());
        let before = self.thieves.len();
        self.thieves.retain(|(at, _)| *at != host);
        let mut known = before != self.thieves.len();
        for spread in [&mut self.programs, &mut self.readers] {
            known |= spread.forget(machine);
        }
        known
    }
}

impl fmt::Debug for Secrets {
    /// Shows counts alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (programs, readers) = (self.programs.hosts.len(), self.readers.hosts.len());
        write!(f, "Secrets({programs} programs, {readers} readers, {} processes)", self.thieves.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::CalmRisk;

    const STORE: &str = r"C:\\Users\\jane\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\Login Data";

    fn made(number: u64, host: &str, rest: &str) -> Event {
        let time = 1_773_563_400_000 + number * 60_000;
        let text = format!(
            r#"{{"time": {time}, "metadata": {{"tenant_uid": "acme", "product": {{"name": "P"}}}},
                "unmapped": {{"homeostat_ref": "w#{number}"}}, "device": {{"hostname": "{host}", "type_id": 3}},
                {rest}}}"#
        );
        Event::from_json(&text).unwrap()
    }

    fn start(number: u64, host: &str, (parent, child): ((u32, &str), (u32, &str))) -> Event {
        let process = |(pid, name): (u32, &str)| {
            format!(r#"{{"pid": {pid}, "name": "{name}", "file": {{"name": "{name}", "type_id": 1}}}}"#)
        };
        let (parent, child) = (process(parent), process(child));
        let user = r#""user": {"name": "jane", "domain": "ACME"}"#;
        let told = format!(
            r#""class_uid": 1007, "activity_id": 1, "actor": {{"process": {parent}, {user}}}, "process": {child}"#
        );
        made(number, host, &told)
    }

    fn read(number: u64, host: &str, (pid, name): (u32, &str)) -> Event {
        let told = format!(
            r#""class_uid": 1001, "activity_id": 2, "file": {{"name": "Login Data", "type_id": 1, "path": "{STORE}"}},
               "actor": {{"process": {{"pid": {pid}, "name": "{name}", "file": {{"name": "{name}", "type_id": 1}}}},
                          "user": {{"name": "jane", "domain": "ACME"}}}}"#
        );
        made(number, host, &told)
    }

    /// Ten machines on which Chrome reads its own file.
    fn grown() -> Secrets {
        let mut secrets = Secrets::default();
        for number in 0..400 {
            let host = format!("pc-{}", number % 10);
            assert!(
                tell(&mut secrets, &start(number, &host, ((4, "explorer.exe"), (9, "chrome.exe"))))
                    .is_empty()
            );
            let told = tell(&mut secrets, &read(number, &host, (9, "chrome.exe")));
            assert!(told.is_empty(), "what is usual soon is never told: {number}");
        }
        secrets
    }

    fn tell(secrets: &mut Secrets, event: &Event) -> Vec<(String, f64)> {
        let signals = secrets.detect(event, &CalmRisk);
        signals.into_iter().map(|signal| (signal.kind, signal.bits.get())).collect()
    }

    #[test]
    fn who_reads_passwords_and_what_it_starts_is_told_and_charges_the_machine() {
        let mut secrets = grown();
        assert!(tell(&mut secrets, &start(500, "pc-3", ((4, "explorer.exe"), (66, "odd.exe")))).is_empty());
        let signals = secrets.detect(&read(501, "pc-3", (66, "odd.exe")), &CalmRisk);
        let [signal] = signals.as_slice() else { panic!("{signals:?}") };
        assert!(signal.kind == READ && signal.bits >= Bits::HIGH, "{}", signal.bits);
        let via = |(key, role): &&(EntityKey, Role)| *role == Role::Via && key.value() == "pc-3";
        assert!(signal.entities.iter().any(|one| via(&one)));
        let told = tell(&mut secrets, &start(502, "pc-3", ((66, "odd.exe"), (67, "nltest.exe"))));
        assert_eq!(told.first().map(|(kind, _)| kind.as_str()), Some(STARTED));
        let own = tell(&mut secrets, &start(503, "pc-3", ((4, "explorer.exe"), (68, "cmdkey.exe"))));
        assert!(own.is_empty(), "what others start is not told");
    }

    #[test]
    fn a_usual_program_that_reads_what_it_never_read_weighs_little_and_usual_files_nothing() {
        let mut secrets = grown();
        for number in 0..5 {
            let host = format!("pc-{number}");
            tell(&mut secrets, &start(500 + number, &host, ((4, "explorer.exe"), (70, "backup.exe"))));
        }
        let told = tell(&mut secrets, &read(510, "pc-1", (70, "backup.exe")));
        assert!(told.iter().all(|(_, bits)| *bits < 10.0) && told.len() == 1, "{told:?}");
        assert!(!program::keeps_secrets("c:\\users\\jane\\documents\\login data.docx"));
    }

    #[test]
    fn what_is_kept_comes_back_and_a_machine_is_forgotten() {
        let mut secrets = grown();
        tell(&mut secrets, &read(500, "pc-3", (66, "odd.exe")));
        let mut again = Secrets::default();
        again.recall(&secrets.keep()).unwrap();
        assert_eq!(again.keep(), secrets.keep());
        let next = start(501, "pc-3", ((66, "odd.exe"), (67, "nltest.exe")));
        assert_eq!(tell(&mut again, &next), tell(&mut secrets, &next));
        assert!(again.recall(b"SECR").is_err(), "cut");
        let machine = EntityKey::new(EntityKind::Hostname, "acme", "pc-3").unwrap();
        assert!(secrets.forget(&machine) && !secrets.forget(&machine));
        assert!(!format!("{secrets:?}").contains("odd"));
    }
}
