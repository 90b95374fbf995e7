//! Which class and activity an event id is, by the provider that numbers it.
//!
//! Sources: learn.microsoft.com, "Appendix L: Events to Monitor" and the pages of the advanced audit policy;
//! Sysmon's own manifest as its page describes it; the manifests of Task Scheduler, Service Control Manager,
//! PowerShell, WMI-Activity, Windows Defender, Terminal Services and Windows Firewall.

/// What an event is about, with its activity where the id alone tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 3002.
    SignIn(u32),
    /// 3003, rights of a session.
    Rights,
    /// 3003, groups of a session.
    Groups,
    /// 3001.
    Account(u32),
    /// 3006.
    Group(u32),
    /// 3005.
    Access(u32),
    /// 3004; what is changed, unless the event names it.
    Entity(u32, &'static str),
    /// 1007.
    Process(u32),
    /// 1001.
    File(u32),
    /// 1001, a named pipe.
    Pipe(u32),
    /// 1001, 1007, 201001 or 201003, by the type of the object.
    Object(Touch),
    /// 4006.
    Share,
    /// 201001.
    Key(u32),
    /// 201002.
    Value(u32),
    /// 201001 or 201002, by what the event says was done.
    Registry,
    /// 1005.
    Module,
    /// 1002.
    Driver,
    /// 1009.
    Script,
    /// 1006.
    Job(u32),
    /// 1006, a subscription of WMI.
    Subscription,
    /// 201004.
    Service(u32),
    /// 1008.
    Log(u32),
    /// 4001.
    Connection(u32),
    /// 4003.
    Name,
    /// 6002.
    App(u32),
    /// 6003.
    Call,
    /// 2004.
    Finding,
    /// 6008.
    Fault,
    /// 0.
    Base,
}

/// What is done to an object that Windows guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// A handle is asked for.
    Open,
    /// It is used by the mask of rights.
    Use,
    /// The object is deleted.
    Delete,
    /// Who may use it is changed.
    Secure,
    /// A handle is closed or copied: no name is told.
    Handle,
}

/// One id or a span of them, and their kind.
type Row = (u32, u32, Kind);

/// Microsoft-Windows-Security-Auditing, by number.
const SECURITY: [Row; 108] = [
    (4608, 4608, Kind::App(3)),
    (4609, 4609, Kind::App(4)),
    (4610, 4610, Kind::Module),
    (4611, 4611, Kind::Entity(6, "trusted logon process")),
    (4614, 4614, Kind::Module),
    (4616, 4616, Kind::Entity(3, "system time")),
    (4622, 4622, Kind::Module),
    (4624, 4626, Kind::SignIn(1)),
    (4627, 4627, Kind::Groups),
    (4634, 4634, Kind::SignIn(2)),
    (4647, 4647, Kind::SignIn(2)),
    (4648, 4649, Kind::SignIn(1)),
    (4656, 4656, Kind::Object(Touch::Open)),
    (4657, 4657, Kind::Value(3)),
    (4658, 4658, Kind::Object(Touch::Handle)),
    (4660, 4660, Kind::Object(Touch::Delete)),
    (4661, 4661, Kind::Object(Touch::Open)),
    (4662, 4662, Kind::Entity(2, "directory object")),
    (4663, 4663, Kind::Object(Touch::Use)),
    (4664, 4664, Kind::File(1)),
    (4670, 4670, Kind::Object(Touch::Secure)),
    (4672, 4672, Kind::Rights),
    (4673, 4674, Kind::Object(Touch::Use)),
    (4675, 4675, Kind::SignIn(99)),
    (4688, 4688, Kind::Process(1)),
    (4689, 4689, Kind::Process(2)),
    (4690, 4690, Kind::Object(Touch::Handle)),
    (4691, 4695, Kind::Object(Touch::Use)),
    (4696, 4696, Kind::Process(5)),
    (4697, 4697, Kind::Service(1)),
    (4698, 4698, Kind::Job(1)),
    (4699, 4699, Kind::Job(3)),
    (4700, 4700, Kind::Job(4)),
    (4701, 4701, Kind::Job(5)),
    (4702, 4702, Kind::Job(2)),
    (4703, 4703, Kind::Rights),
    (4704, 4704, Kind::Access(1)),
    (4705, 4705, Kind::Access(2)),
    (4706, 4706, Kind::Entity(1, "domain trust")),
    (4707, 4707, Kind::Entity(4, "domain trust")),
    (4713, 4713, Kind::Entity(3, "Kerberos policy")),
    (4714, 4714, Kind::Entity(3, "data recovery policy")),
    (4715, 4715, Kind::Entity(3, "audit policy")),
    (4716, 4716, Kind::Entity(3, "domain trust")),
    (4717, 4717, Kind::Access(1)),
    (4718, 4718, Kind::Access(2)),
    (4719, 4719, Kind::Entity(3, "audit policy")),
    (4720, 4720, Kind::Account(1)),
    (4722, 4722, Kind::Account(2)),
    (4723, 4723, Kind::Account(3)),
    (4724, 4724, Kind::Account(4)),
    (4725, 4725, Kind::Account(5)),
    (4726, 4726, Kind::Account(6)),
    (4727, 4727, Kind::Group(6)),
    (4728, 4728, Kind::Group(3)),
    (4729, 4729, Kind::Group(4)),
    (4730, 4730, Kind::Group(5)),
    (4731, 4731, Kind::Group(6)),
    (4732, 4732, Kind::Group(3)),
    (4733, 4733, Kind::Group(4)),
    (4734, 4734, Kind::Group(5)),
    (4735, 4735, Kind::Group(99)),
    (4737, 4737, Kind::Group(99)),
    (4738, 4738, Kind::Account(99)),
    (4739, 4739, Kind::Entity(3, "domain policy")),
    (4740, 4740, Kind::Account(9)),
    (4741, 4741, Kind::Account(1)),
    (4742, 4742, Kind::Account(99)),
    (4743, 4743, Kind::Account(6)),
    (4764, 4764, Kind::Group(99)),
    (4765, 4766, Kind::Account(99)),
    (4767, 4767, Kind::Account(12)),
    (4768, 4768, Kind::SignIn(3)),
    (4769, 4769, Kind::SignIn(4)),
    (4770, 4770, Kind::SignIn(5)),
    (4771, 4771, Kind::SignIn(6)),
    (4772, 4772, Kind::SignIn(3)),
    (4773, 4773, Kind::SignIn(4)),
    (4774, 4777, Kind::SignIn(1)),
    (4778, 4778, Kind::SignIn(1)),
    (4779, 4779, Kind::SignIn(2)),
    (4780, 4781, Kind::Account(99)),
    (4782, 4782, Kind::Entity(2, "password hash")),
    (4793, 4793, Kind::Entity(2, "password policy")),
    (4794, 4794, Kind::Account(4)),
    (4797, 4797, Kind::Entity(2, "user account")),
    (4798, 4798, Kind::Entity(2, "user account")),
    (4799, 4799, Kind::Entity(2, "group")),
    (4800, 4800, Kind::SignIn(2)),
    (4801, 4801, Kind::SignIn(1)),
    (4817, 4817, Kind::Entity(3, "audit policy")),
    (4825, 4825, Kind::SignIn(1)),
    (4902, 4902, Kind::Entity(1, "per-user audit policy")),
    (4904, 4904, Kind::Entity(6, "security event source")),
    (4905, 4905, Kind::Entity(7, "security event source")),
    (4906, 4906, Kind::Entity(3, "audit policy")),
    (4907, 4907, Kind::Object(Touch::Secure)),
    (4908, 4908, Kind::Entity(3, "special groups")),
    (4911, 4911, Kind::Object(Touch::Secure)),
    (4912, 4912, Kind::Entity(3, "per-user audit policy")),
    (4944, 4945, Kind::Entity(2, "firewall rule")),
    (4946, 4946, Kind::Entity(1, "firewall rule")),
    (4947, 4947, Kind::Entity(3, "firewall rule")),
    (4948, 4948, Kind::Entity(4, "firewall rule")),
    (4949, 4950, Kind::Entity(3, "firewall settings")),
    (4954, 4956, Kind::Entity(3, "firewall settings")),
    (4964, 4964, Kind::Groups),
    (4985, 4985, Kind::Object(Touch::Use)),
];

/// The same provider, from 5024 on.
const SECURITY_5000: [Row; 34] = [
    (5024, 5024, Kind::App(3)),
    (5025, 5025, Kind::App(4)),
    (5033, 5033, Kind::App(3)),
    (5034, 5034, Kind::App(4)),
    (5038, 5038, Kind::Module),
    (5058, 5059, Kind::Object(Touch::Use)),
    (5061, 5061, Kind::Object(Touch::Use)),
    (5136, 5136, Kind::Entity(3, "directory object")),
    (5137, 5137, Kind::Entity(1, "directory object")),
    (5138, 5138, Kind::Entity(1, "directory object")),
    (5139, 5139, Kind::Entity(5, "directory object")),
    (5140, 5140, Kind::Share),
    (5141, 5141, Kind::Entity(4, "directory object")),
    (5142, 5142, Kind::Entity(1, "network share")),
    (5143, 5143, Kind::Entity(3, "network share")),
    (5144, 5144, Kind::Entity(4, "network share")),
    (5145, 5145, Kind::Share),
    (5148, 5149, Kind::Connection(6)),
    (5150, 5153, Kind::Connection(5)),
    (5154, 5155, Kind::Connection(7)),
    (5156, 5159, Kind::Connection(1)),
    (5376, 5376, Kind::Entity(2, "credentials")),
    (5377, 5377, Kind::Entity(3, "credentials")),
    (5379, 5379, Kind::Entity(2, "credentials")),
    (5380, 5382, Kind::Entity(2, "credentials")),
    (5440, 5444, Kind::Entity(2, "filtering platform")),
    (5446, 5450, Kind::Entity(3, "filtering platform")),
    (5632, 5633, Kind::SignIn(1)),
    (6144, 6145, Kind::Entity(3, "security policy")),
    (6272, 6274, Kind::SignIn(1)),
    (6276, 6278, Kind::SignIn(1)),
    (6279, 6279, Kind::Account(9)),
    (6280, 6280, Kind::Account(12)),
    (6281, 6281, Kind::Module),
];

/// Distribution groups and universal groups: created, changed, member added, member removed, deleted, by fives.
const GROUPS: [Kind; 5] = [Kind::Group(6), Kind::Group(99), Kind::Group(3), Kind::Group(4), Kind::Group(5)];

/// Microsoft-Windows-Sysmon.
const SYSMON: [Row; 26] = [
    (1, 1, Kind::Process(1)),
    (2, 2, Kind::File(6)),
    (3, 3, Kind::Connection(1)),
    (4, 4, Kind::App(0)),
    (5, 5, Kind::Process(2)),
    (6, 6, Kind::Driver),
    (7, 7, Kind::Module),
    (8, 8, Kind::Process(4)),
    (9, 9, Kind::File(2)),
    (10, 10, Kind::Process(3)),
    (11, 11, Kind::File(1)),
    (12, 12, Kind::Registry),
    (13, 13, Kind::Value(2)),
    (14, 14, Kind::Key(5)),
    (15, 15, Kind::File(1)),
    (16, 16, Kind::App(8)),
    (17, 17, Kind::Pipe(1)),
    (18, 18, Kind::Pipe(14)),
    (19, 21, Kind::Subscription),
    (22, 22, Kind::Name),
    (23, 23, Kind::File(4)),
    (25, 25, Kind::Process(99)),
    (26, 26, Kind::File(4)),
    (27, 27, Kind::File(1)),
    (28, 28, Kind::File(4)),
    (29, 29, Kind::File(1)),
];

/// The event log service, in the logs Security and System.
const EVENT_LOG: [Row; 9] = [
    (104, 104, Kind::Log(1)),
    (1100, 1100, Kind::Log(7)),
    (1101, 1101, Kind::Log(99)),
    (1102, 1102, Kind::Log(1)),
    (1104, 1104, Kind::Log(7)),
    (1105, 1105, Kind::Log(4)),
    (1108, 1108, Kind::Log(99)),
    (6005, 6005, Kind::Log(6)),
    (6006, 6006, Kind::Log(7)),
];

const POWERSHELL: [Row; 11] = [
    (400, 400, Kind::Script),
    (403, 403, Kind::App(4)),
    (500, 501, Kind::Script),
    (600, 600, Kind::App(3)),
    (800, 800, Kind::Script),
    (4100, 4104, Kind::Script),
    (4105, 4106, Kind::Script),
    (8193, 8197, Kind::App(3)),
    (24577, 24595, Kind::Script),
    (40961, 40962, Kind::App(3)),
    (53504, 53504, Kind::App(3)),
];

const TASK_SCHEDULER: [Row; 14] = [
    (100, 100, Kind::Job(6)),
    (102, 103, Kind::Job(99)),
    (106, 106, Kind::Job(1)),
    (107, 110, Kind::Job(6)),
    (111, 111, Kind::Job(99)),
    (117, 119, Kind::Job(6)),
    (129, 129, Kind::Job(6)),
    (140, 140, Kind::Job(2)),
    (141, 141, Kind::Job(3)),
    (142, 142, Kind::Job(5)),
    (200, 200, Kind::Job(6)),
    (201, 201, Kind::Job(99)),
    (202, 203, Kind::Job(6)),
    (322, 325, Kind::Job(6)),
];

const SERVICES: [Row; 6] = [
    (7000, 7009, Kind::Service(3)),
    (7022, 7024, Kind::Service(3)),
    (7031, 7034, Kind::Service(4)),
    (7036, 7036, Kind::Service(0)),
    (7040, 7040, Kind::Service(2)),
    (7045, 7045, Kind::Service(1)),
];

const WMI: [Row; 3] =
    [(5857, 5857, Kind::Module), (5858, 5858, Kind::Call), (5859, 5861, Kind::Subscription)];

const DEFENDER: [Row; 12] = [
    (1000, 1002, Kind::App(3)),
    (1006, 1008, Kind::Finding),
    (1015, 1015, Kind::Finding),
    (1116, 1119, Kind::Finding),
    (1121, 1122, Kind::Finding),
    (1123, 1128, Kind::Finding),
    (2000, 2002, Kind::App(8)),
    (5000, 5000, Kind::Entity(8, "real-time protection")),
    (5001, 5001, Kind::Entity(9, "real-time protection")),
    (5007, 5007, Kind::Entity(3, "antimalware settings")),
    (5010, 5010, Kind::Entity(9, "antispyware")),
    (5012, 5012, Kind::Entity(9, "antivirus")),
];

const SESSIONS: [Row; 6] = [
    (21, 22, Kind::SignIn(1)),
    (23, 24, Kind::SignIn(2)),
    (25, 25, Kind::SignIn(1)),
    (39, 40, Kind::SignIn(2)),
    (41, 42, Kind::SignIn(1)),
    (1149, 1149, Kind::SignIn(1)),
];

const FIREWALL: [Row; 9] = [
    (2002, 2003, Kind::Entity(3, "firewall settings")),
    (2004, 2004, Kind::Entity(1, "firewall rule")),
    (2005, 2005, Kind::Entity(3, "firewall rule")),
    (2006, 2006, Kind::Entity(4, "firewall rule")),
    (2008, 2010, Kind::Entity(3, "firewall settings")),
    (2052, 2052, Kind::Entity(4, "firewall rule")),
    (2071, 2071, Kind::Entity(1, "firewall rule")),
    (2073, 2073, Kind::Entity(3, "firewall rule")),
    (2097, 2097, Kind::Entity(1, "firewall rule")),
];

const DNS_CLIENT: [Row; 3] = [(3006, 3010, Kind::Name), (3016, 3020, Kind::Name), (1014, 1014, Kind::Name)];

const INSTALLER: [Row; 8] = [
    (1033, 1033, Kind::App(1)),
    (1034, 1034, Kind::App(2)),
    (1036, 1036, Kind::App(8)),
    (1040, 1040, Kind::App(1)),
    (1042, 1042, Kind::App(1)),
    (11707, 11708, Kind::App(1)),
    (11724, 11725, Kind::App(2)),
    (11728, 11729, Kind::App(8)),
];

const UPDATE: [Row; 3] = [(19, 20, Kind::App(8)), (43, 44, Kind::App(8)), (16, 16, Kind::App(8))];

const POWER: [Row; 5] = [
    (12, 12, Kind::App(3)),
    (13, 13, Kind::App(4)),
    (41, 41, Kind::App(5)),
    (1074, 1074, Kind::App(4)),
    (6008, 6009, Kind::App(3)),
];

const BITS: [Row; 3] = [(3, 3, Kind::Job(1)), (4, 5, Kind::Job(3)), (59, 61, Kind::Job(6))];

const APP_LOCKER: [Row; 2] = [(8002, 8004, Kind::Process(1)), (8005, 8007, Kind::Script)];

/// A word of a provider's name or log, and its ids. What stands first has them.
const PROVIDERS: [(&str, &[Row]); 20] = [
    ("sysmon", &SYSMON),
    ("windows-eventlog", &EVENT_LOG),
    ("powershell", &POWERSHELL),
    ("taskscheduler", &TASK_SCHEDULER),
    ("service control manager", &SERVICES),
    ("wmi-activity", &WMI),
    ("windows defender", &DEFENDER),
    ("terminalservices", &SESSIONS),
    ("windows firewall", &FIREWALL),
    ("dns-client", &DNS_CLIENT),
    ("msiinstaller", &INSTALLER),
    ("windowsupdateclient", &UPDATE),
    ("kernel-general", &POWER),
    ("kernel-power", &POWER),
    ("user32", &POWER),
    ("bits-client", &BITS),
    ("applocker", &APP_LOCKER),
    ("eventlog", &EVENT_LOG),
    ("application error", &[(1000, 1000, Kind::Fault)]),
    ("windows error reporting", &[(1001, 1001, Kind::Fault)]),
];

/// The kind of event `id` of `provider` in the log `channel`; both in any case.
pub(super) fn kind_of(provider: &str, channel: &str, id: u32) -> Kind {
    let (provider, channel) = (provider.to_lowercase(), channel.to_lowercase());
    let audit = provider.contains("security-auditing");
    if audit || (channel == "security" && !provider.contains("eventlog")) {
        return in_security(id);
    }
    let found = |name: &str| PROVIDERS.iter().find(|(word, _)| name.contains(word));
    let rows = found(&provider).or_else(|| found(&channel)).map(|(_, rows)| *rows);
    rows.and_then(|rows| look_up(rows, id)).unwrap_or(Kind::Base)
}

fn in_security(id: u32) -> Kind {
    if let 4744..=4763 = id {
        let place = (id - 4744) % 5;
        return GROUPS.get(place as usize).copied().unwrap_or(Kind::Base);
    }
    let found = look_up(&SECURITY, id).or_else(|| look_up(&SECURITY_5000, id));
    found.or_else(|| look_up(&EVENT_LOG, id)).unwrap_or(Kind::Base)
}

fn look_up(rows: &[Row], id: u32) -> Option<Kind> {
    rows.iter().find(|(first, last, _)| (*first..=*last).contains(&id)).map(|(_, _, kind)| *kind)
}

/// Whether an event tells of what did not succeed, where no audit keyword tells it.
pub(super) fn is_failure(kind: Kind, id: u32) -> bool {
    match kind {
        Kind::SignIn(_) => matches!(id, 4625 | 4649 | 4771..=4773 | 4775 | 4777 | 4825 | 6273 | 6274),
        Kind::Connection(_) => matches!(id, 5148 | 5150..=5153 | 5155 | 5157 | 5159),
        Kind::Service(_) => matches!(id, 7000..=7034),
        Kind::Job(_) => matches!(id, 103 | 111 | 202 | 203 | 322..=325),
        Kind::File(_) => matches!(id, 27 | 28),
        Kind::Account(_) => id == 4766,
        Kind::Call | Kind::Fault => true,
        Kind::Module => matches!(id, 5038 | 6281),
        Kind::Finding => matches!(id, 1008 | 1118 | 1119),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIT: &str = "Microsoft-Windows-Security-Auditing";

    #[test]
    fn ids_find_their_class() {
        for (provider, channel, id, kind) in [
            (AUDIT, "Security", 4624, Kind::SignIn(1)),
            (AUDIT, "security", 4625, Kind::SignIn(1)),
            (AUDIT, "Security", 4634, Kind::SignIn(2)),
            (AUDIT, "Security", 4672, Kind::Rights),
            (AUDIT, "Security", 4768, Kind::SignIn(3)),
            (AUDIT, "Security", 4769, Kind::SignIn(4)),
            (AUDIT, "Security", 4771, Kind::SignIn(6)),
            (AUDIT, "Security", 4688, Kind::Process(1)),
            (AUDIT, "Security", 4697, Kind::Service(1)),
            (AUDIT, "Security", 4702, Kind::Job(2)),
            (AUDIT, "Security", 4740, Kind::Account(9)),
            (AUDIT, "Security", 4744, Kind::Group(6)),
            (AUDIT, "Security", 4746, Kind::Group(3)),
            (AUDIT, "Security", 4756, Kind::Group(3)),
            (AUDIT, "Security", 4757, Kind::Group(4)),
            (AUDIT, "Security", 4758, Kind::Group(5)),
            (AUDIT, "Security", 4763, Kind::Group(5)),
            (AUDIT, "Security", 5145, Kind::Share),
            (AUDIT, "Security", 5157, Kind::Connection(1)),
            ("Microsoft-Windows-Eventlog", "Security", 1102, Kind::Log(1)),
            ("Microsoft-Windows-Eventlog", "System", 104, Kind::Log(1)),
            ("Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", 10, Kind::Process(3)),
            ("", "Microsoft-Windows-Sysmon/Operational", 22, Kind::Name),
            ("Linux-Sysmon", "Linux-Sysmon/Operational", 1, Kind::Process(1)),
            ("PowerShell", "Windows PowerShell", 800, Kind::Script),
            ("Service Control Manager", "System", 7045, Kind::Service(1)),
            ("Microsoft-Windows-TaskScheduler", "", 141, Kind::Job(3)),
            ("Microsoft-Windows-Windows Defender", "", 1116, Kind::Finding),
            ("ESENT", "Application", 412, Kind::Base),
            (AUDIT, "Security", 1, Kind::Base),
        ] {
            assert_eq!(kind_of(provider, channel, id), kind, "{provider} {id}");
        }
    }

    #[test]
    fn what_failed_is_known_without_keywords() {
        assert!(is_failure(Kind::SignIn(1), 4625) && !is_failure(Kind::SignIn(1), 4624));
        assert!(is_failure(Kind::Connection(1), 5157) && !is_failure(Kind::Connection(1), 5156));
    }
}
