//! What the sensors on Acme's Windows machines see: which programs start, and who reads the file in which a browser
//! keeps passwords.
//!
//! Records have the shape of Windows' own log as `evtx_dump` writes it: Sysmon 1, and 4663 of the security log. Each person and day has a random stream of its own, so that no other source's records move.

use crate::cast::Person;
use crate::log::{Log, LogSource, millis_text};
use crate::object::Object;
use crate::rng::Rng;

/// Acme's Windows domain, and the mail domain in which its people have their logins.
pub(crate) const DOMAIN: (&str, &str) = ("ACME", "acme.example");

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 1_440 * MINUTE;
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const SYSMON: (&str, &str) = ("Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational");
const SECURITY: (&str, &str) = ("Microsoft-Windows-Security-Auditing", "Security");

/// What people start, the most used first.
const PROGRAMS: [&str; 16] = [
    "C:\\Program Files\\Northmail\\northmail.exe",
    "C:\\Program Files\\Chatterbox\\chatterbox.exe",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE",
    "C:\\Windows\\System32\\notepad.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\POWERPNT.EXE",
    "C:\\Windows\\System32\\SnippingTool.exe",
    "C:\\Program Files\\Boxwood\\boxwood-sync.exe",
    "C:\\Windows\\System32\\mstsc.exe",
    "C:\\Program Files\\7-Zip\\7zFM.exe",
    "C:\\Windows\\System32\\calc.exe",
    "C:\\Program Files\\Code Pad\\codepad.exe",
    "C:\\Windows\\System32\\cmd.exe",
    "C:\\Windows\\System32\\control.exe",
];
/// What the machine starts by itself: parent and child.
const CHORES: [(&str, &str); 5] = [
    ("C:\\Windows\\System32\\svchost.exe", "C:\\Windows\\System32\\taskhostw.exe"),
    ("C:\\Windows\\System32\\svchost.exe", "C:\\Windows\\System32\\backgroundTaskHost.exe"),
    ("C:\\Windows\\System32\\services.exe", "C:\\Windows\\System32\\msiexec.exe"),
    (AGENT, "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"),
    ("C:\\Windows\\System32\\svchost.exe", "C:\\Program Files\\Northmail\\northmail-update.exe"),
];
/// The agent by which software is handed out.
const AGENT: &str = "C:\\Program Files (x86)\\Deskhand\\deskhand-agent.exe";
const EXPLORER: &str = "C:\\Windows\\explorer.exe";
const SCANNER: &str = "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\MsMpEng.exe";

/// A running program.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) image: String,
    guid: String,
    number: i64,
}

impl Program {
    /// A program that was just started, or of which nothing but its use is told.
    pub(crate) fn new(rng: &mut Rng, image: &str) -> Self {
        let guid = [8, 4, 4, 4, 12].map(|digits| rng.hex(digits).to_uppercase()).join("-");
        Self { image: image.to_owned(), guid, number: rng.between(1_000, 60_000) }
    }
}

/// Somebody's Windows machine.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    pub(crate) person: &'a Person,
}

impl<'a> Machine<'a> {
    /// The machine of `person`; none where it runs another system, which has no sensor.
    pub(crate) fn of(person: &'a Person) -> Option<Self> {
        (person.device.platform == "WINDOWS").then_some(Self { person })
    }

    /// The name under which Windows knows the person, without its domain.
    pub(crate) fn login(self) -> &'a str {
        self.person.email.split('@').next().unwrap_or_default()
    }

    /// The desktop's own program in a session that began at `begin`.
    pub(crate) fn explorer(self, begin: i64) -> Program {
        Program::new(&mut Rng::of(0, &format!("explorer {} at {begin}", self.person.okta)), EXPLORER)
    }

    /// The file in which Chrome keeps the person's passwords.
    pub(crate) fn passwords(self) -> String {
        let login = self.login();
        format!("C:\\Users\\{login}\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\Login Data")
    }

    fn sid(self) -> String {
        format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1_100 + self.person.number)
    }

    fn write(self, log: &mut Log, at: i64, (of, id): ((&str, &str), u32), data: &Object) {
        let (provider, channel) = of;
        let attributes = |name: &str, value: &str| {
            Object::default().object("#attributes", &Object::default().text(name, value))
        };
        let system = Object::default()
            .object("Provider", &attributes("Name", provider))
            .plain("EventID", id)
            .plain("Level", 4)
            .object("TimeCreated", &attributes("SystemTime", &millis_text(at)))
            .plain("EventRecordID", at.rem_euclid(1_000_000_000))
            .text("Channel", channel)
            .text("Computer", &self.person.device.name);
        let event = Object::default()
            .object("#attributes", &Object::default().text("xmlns", SCHEMA))
            .object("System", &system)
            .object("EventData", data);
        log.write(LogSource::Windows, at, Object::default().object("Event", &event).end());
    }

    /// Writes that `parent` started `child` with what stands after its name in `arguments`.
    pub(crate) fn start(
        self,
        log: &mut Log,
        at: i64,
        (parent, child): (&Program, &Program),
        arguments: &str,
    ) {
        let user = format!("{}\\{}", DOMAIN.0, self.login());
        let command = format!("\"{}\" {arguments}", child.image);
        let data = Object::default()
            .text("RuleName", "-")
            .text("UtcTime", &millis_text(at).replace('T', " ").replace('Z', ""))
            .text("ProcessGuid", &child.guid)
            .plain("ProcessId", child.number)
            .text("Image", &child.image)
            .text("CommandLine", command.trim_end())
            .text("User", &user)
            .text("IntegrityLevel", "Medium")
            .text("ParentProcessGuid", &parent.guid)
            .plain("ParentProcessId", parent.number)
            .text("ParentImage", &parent.image)
            .text("ParentCommandLine", &parent.image)
            .text("ParentUser", &user);
        self.write(log, at, (SYSMON, 1), &data);
    }

    /// Writes that `program` read the file at `path`, which is guarded.
    pub(crate) fn read(self, log: &mut Log, rng: &mut Rng, at: i64, (program, path): (&Program, &str)) {
        let data = Object::default()
            .text("SubjectUserSid", &self.sid())
            .text("SubjectUserName", self.login())
            .text("SubjectDomainName", DOMAIN.0)
            .text("SubjectLogonId", "0x4367b")
            .text("ObjectServer", "Security")
            .text("ObjectType", "File")
            .text("ObjectName", path)
            .text("HandleId", &format!("0x{}", rng.hex(3)))
            .text("AccessList", "%%4416\n\t\t\t\t")
            .text("AccessMask", "0x1")
            .text("ProcessId", &format!("0x{:x}", program.number))
            .text("ProcessName", &program.image);
        self.write(log, at, (SECURITY, 4_663), &data);
    }

    /// Writes that the agent hands out the program at `image`, which starts another of its own.
    pub(crate) fn install(self, log: &mut Log, rng: &mut Rng, at: i64, (setup, service): (&str, &str)) {
        let agent = Program::new(rng, AGENT);
        let (setup, service) = (Program::new(rng, setup), Program::new(rng, service));
        self.start(log, at, (&agent, &setup), "/quiet");
        self.start(log, at + 20 * SECOND, (&setup, &service), "--register");
    }
}

const SCHEMA: &str = "http://schemas.microsoft.com/win/2004/08/events/event";

/// Writes what runs on the machine of `person` in `minutes` from `begin` on.
///
/// Ordinary life is hard: one day in twenty-five somebody starts a program nobody else has, browsers import each
/// other's passwords, the virus scanner reads everything, and each week the agent hands out something new.
pub(crate) fn programs(log: &mut Log, rng: &mut Rng, person: &Person, (begin, minutes): (i64, i64)) {
    let Some(machine) = Machine::of(person) else { return };
    let moment = |rng: &mut Rng| begin + rng.between(MINUTE, minutes.max(2) * MINUTE);
    let explorer = machine.explorer(begin);
    for _ in 0..rng.between(5, 12) {
        let at = moment(rng);
        let own = rng.chance(4, 1_000).then(|| rng.token(8, LETTERS));
        let used = PROGRAMS.get(usize::try_from(rng.skewed(PROGRAMS.len() as u64)).unwrap_or(0));
        let image = match own {
            Some(name) => format!("C:\\Program Files\\{name}\\{name}.exe"),
            None => used.copied().unwrap_or(EXPLORER).to_owned(),
        };
        let child = Program::new(rng, &image);
        machine.start(log, at, (&explorer, &child), "");
    }
    for _ in 0..rng.between(2, 5) {
        let at = moment(rng);
        let (parent, child) = rng.pick(&CHORES);
        let (parent, child) = (Program::new(rng, parent), Program::new(rng, child));
        machine.start(log, at, (&parent, &child), "-scheduled");
    }
    passwords_used(log, rng, machine, (begin, minutes));
    if rng.chance(1, 3) {
        let at = moment(rng);
        let week = (begin + 3 * DAY).div_euclid(7 * DAY);
        let name = Rng::of(0, &format!("handed out in week {week}")).token(6, LETTERS);
        let setup = format!("C:\\ProgramData\\Deskhand\\{name}-setup.exe");
        machine.install(log, rng, at, (&setup, "C:\\Windows\\System32\\msiexec.exe"));
    }
}

/// Chrome reads its passwords when it starts; now and then the virus scanner does, or Edge, to take them over.
fn passwords_used(log: &mut Log, rng: &mut Rng, machine: Machine<'_>, (begin, minutes): (i64, i64)) {
    let path = machine.passwords();
    let reader = match rng.below(20) {
        0 => PROGRAMS.get(6).copied().unwrap_or(EXPLORER),
        1..4 => SCANNER,
        _ => PROGRAMS.get(2).copied().unwrap_or(EXPLORER),
    };
    let at = begin + rng.between(MINUTE, minutes.max(2) * MINUTE);
    let reader = Program::new(rng, reader);
    machine.read(log, rng, at, (&reader, &path));
}
