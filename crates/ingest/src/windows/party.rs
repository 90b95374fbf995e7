//! Who and what takes part in a Windows event: users, sessions, processes, files, the machine.

use super::log::{Item, Log};
use super::words::{self, domain_and_name, is_zero, last_of, number};
use crate::record::Field;
use homeostat_event::{Actor, Device, DeviceId, File, Fingerprint, OnHost, Os, Process, Session, User};
use std::borrow::Cow;

/// The names of the three fields that tell a user: SID, name, domain.
pub(super) type Who = [&'static str; 3];

/// Who did it, in the audit log.
pub(super) const SUBJECT: Who = ["SubjectUserSid", "SubjectUserName", "SubjectDomainName"];
/// Whom it was done to, in the audit log.
pub(super) const TARGET: Who = ["TargetUserSid", "TargetUserName", "TargetDomainName"];
/// The same in events of accounts and groups.
pub(super) const TARGET_ACCOUNT: Who = ["TargetSid", "TargetUserName", "TargetDomainName"];

/// The names of the fields that tell a process; the first of each that is told counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Names {
    pub(super) guid: &'static [&'static str],
    pub(super) pid: &'static [&'static str],
    pub(super) image: &'static [&'static str],
    pub(super) command: &'static [&'static str],
    pub(super) user: &'static [&'static str],
}

/// The process that acts: in Sysmon's fields and in those of the audit log.
pub(super) const ACTING: Names = Names {
    guid: &["SourceProcessGUID", "SourceProcessGuid", "ProcessGuid"],
    pid: &["SourceProcessId", "CallerProcessId", "ClientProcessId", "ProcessId", "ProcessID"],
    image: &["SourceImage", "Image", "CallerProcessName", "ProcessName", "Application", "Process Name"],
    command: &["CommandLine"],
    user: &["SourceUser", "User"],
};

impl Log<'_, '_> {
    /// The user told by `names`; `None` when neither id nor name is.
    pub(super) fn user(&self, names: Who) -> Option<User> {
        let [sid, name, domain] = names;
        let sid = self.data(sid).or_else(|| self.data("TargetSid").filter(|_| names == TARGET));
        let sid = sid.filter(|sid| sid.look().is_some_and(|text| !is_zero(&text)));
        user_of(sid, self.data(name), self.data(domain))
    }

    /// The user of a field that holds `DOMAIN\name`.
    pub(super) fn full_user(&self, names: &[&str]) -> Option<User> {
        user_of(None, self.any(names), None)
    }

    /// The account in whose name the event was written: the one acting in all logs but those of services.
    pub(super) fn context_user(&self) -> Option<User> {
        let sid = self.item(Item::UserSid);
        user_of(sid, self.item(Item::UserName), self.item(Item::UserDomain))
    }

    /// The logon session of field `name`.
    pub(super) fn session(&self, name: &str) -> Option<Session> {
        let uid = self.data(name).filter(|uid| uid.look().is_some_and(|text| !is_zero(&text)))?;
        let mut session = Session::new();
        session.set_uid(uid.take());
        Some(session)
    }

    /// The process told by `names`; `None` when neither its id nor its number is.
    pub(super) fn process(&self, names: Names) -> Option<Process> {
        let guid = self.any(names.guid).filter(|guid| guid.look().is_some_and(|text| !is_zero(&text)));
        let guid = guid.and_then(|guid| guid.take());
        let pid = self.number_of(names.pid);
        let mut process = Process::told(pid, guid.as_deref())?;
        let image = self.any(names.image).and_then(|image| image.take());
        if let Some(image) = &image {
            process.set_name(last_of(image)).set_file(executable(image));
        }
        process.set_cmd_line(self.any(names.command).and_then(|line| line.take()));
        process.set_user(self.full_user(names.user));
        Some(process)
    }

    /// Whether `names` tell of the process 0, which is none.
    pub(super) fn is_none(&self, names: Names) -> bool {
        self.first_number(names.pid) == Some(0)
    }

    fn first_number(&self, names: &[&str]) -> Option<i64> {
        names.iter().find_map(|name| number(&self.look(name)?))
    }

    /// The number of the first field of `names` that tells one; others that tell the same are read with it.
    fn number_of(&self, names: &[&str]) -> Option<i64> {
        let first = self.first_number(names)?;
        for field in names.iter().filter_map(|name| self.data(name)) {
            if field.look().and_then(|text| number(&text)) == Some(first) {
                to_number(field);
            }
        }
        Some(first)
    }

    /// Who acts, of whatever the event tells: user, session and process.
    pub(super) fn actor(&self) -> Option<Actor> {
        let process = self.process(ACTING);
        let user = self.user(SUBJECT).or_else(|| process.as_ref().and_then(Process::user).cloned());
        actor_of(user, process, self.session("SubjectLogonId"))
    }

    /// Who acts, else the provider that tells of it, for the schema asks for someone.
    pub(super) fn some_actor(&self) -> Actor {
        let context = || self.context_user().map(Actor::of_user);
        self.actor().or_else(context).unwrap_or_else(|| self.provider_as_actor())
    }

    pub(super) fn provider_as_actor(&self) -> Actor {
        let provider = self.item(Item::Provider).and_then(|name| name.look());
        Actor::of_app(provider.unwrap_or(Cow::Borrowed("Windows")))
    }

    /// Who acts, and the machine.
    pub(super) fn on_host(&self) -> OnHost {
        OnHost::new(self.some_actor(), self.device())
    }

    /// The machine that the event happened on.
    pub(super) fn device(&self) -> Device {
        let name = self.item(Item::Computer).and_then(|name| name.take());
        let id = name.map_or(DeviceId::Name("unknown".into()), |name| DeviceId::Hostname(name.into()));
        let mut device = Device::new(0, id);
        device.set_os(self.system());
        if let Some(host) = self.around("host") {
            about_host(host, &mut device);
        }
        device
    }

    fn system(&self) -> Os {
        let told = |path: &str| self.around(path).and_then(|field| field.take());
        let mut system = Os::new(told("host.os.name").unwrap_or(Cow::Borrowed("Windows")), 100);
        system.set_version(told("host.os.version")).set_build(told("host.os.build"));
        system
    }
}

/// What Winlogbeat tells of the machine it runs on.
fn about_host(host: Field<'_>, device: &mut Device) {
    let first = |name: &str, sound: fn(&str) -> bool| {
        let told = host.member(name)?;
        let told = if told.is_array() { told.children().next()? } else { told };
        told.take_if(sound)
    };
    device.set_name(host.member("name").and_then(|name| name.take()));
    device.set_uid(host.member("id").and_then(|id| id.take()));
    device.set_ip(first("ip", |ip| words::address(ip).is_some()));
    device.set_mac(first("mac", crate::address::is_hardware));
    device.set_domain(host.member("domain").and_then(|domain| domain.take()));
}

/// An actor of whatever is told of it.
pub(super) fn actor_of(
    user: Option<User>,
    process: Option<Process>,
    session: Option<Session>,
) -> Option<Actor> {
    let mut actor = match (user, process) {
        (Some(user), process) => {
            let mut actor = Actor::of_user(user);
            actor.set_process(process);
            actor
        }
        (None, Some(process)) => Actor::of_process(process),
        (None, None) => return session.map(Actor::of_session),
    };
    actor.set_session(session);
    Some(actor)
}

/// The name of a machine, which may be written with two backslashes before it.
pub(super) fn machine_name(field: Field<'_>) -> Option<Cow<'_, str>> {
    let named = field.take_if(|name| !name.starts_with('\\'));
    named.or_else(|| match field.look()?.trim_start_matches('\\') {
        "" => None,
        _ => field.copy().map(|name| Cow::Owned(name.trim_start_matches('\\').to_owned())),
    })
}

/// A user by SID, name and domain; a name that holds its domain is taken apart.
pub(super) fn user_of(
    sid: Option<Field<'_>>,
    name: Option<Field<'_>>,
    domain: Option<Field<'_>>,
) -> Option<User> {
    let uid = sid.and_then(|sid| sid.take());
    let text = name.and_then(|name| name.look());
    let realm = domain.and_then(|domain| domain.look());
    let (own_domain, bare) = text.as_deref().map_or((None, None), |text| {
        let (domain, bare) = within_realm(text, realm.as_deref());
        (domain, Some(bare))
    });
    let mut user = User::told(uid.as_deref(), bare)?;
    if let Some(own) = own_domain {
        name.map(|name| name.copy());
        let told = domain.filter(|domain| domain.look().as_deref() == Some(own));
        user.set_domain(own);
        told.map(|domain| domain.take());
    } else {
        name.map(|name| name.take());
        user.set_domain(domain.and_then(|domain| domain.take()));
    }
    if let Some(18..=20) = uid.as_deref().and_then(|uid| uid.strip_prefix("S-1-5-")?.parse().ok()) {
        user.set_type_id(3).set_kind("System");
    }
    if bare.is_some_and(|name| name.ends_with('$')) {
        user.set_type_id(99).set_kind("Computer");
    }
    Some(user)
}

/// A name that holds its domain taken apart: `DOMAIN\name`, or `name@domain` where the domain is told beside it.
fn within_realm<'t>(text: &'t str, realm: Option<&str>) -> (Option<&'t str>, &'t str) {
    match (text.split_once('@'), realm) {
        (Some((name, domain)), Some(realm)) if domain.eq_ignore_ascii_case(realm) => (Some(domain), name),
        _ => domain_and_name(text),
    }
}

/// The number of a field, decimal or hexadecimal; the text stays beside it unless it is the number itself.
pub(super) fn to_number(field: Field<'_>) -> Option<i64> {
    let value = number(&field.look()?)?;
    if field.look().is_some_and(|text| text == value.to_string()) {
        field.take()
    } else {
        field.copy()
    };
    Some(value)
}

/// A program by its path.
pub(super) fn executable(path: &str) -> File {
    let mut file = File::new(last_of(path), 8);
    file.set_path(path);
    file
}

/// A file by its path, of a type by OCSF's number.
pub(super) fn file_of(path: &str, type_id: i32) -> File {
    let mut file = File::new(last_of(path), type_id);
    file.set_path(path);
    file
}

/// `SHA1=…,MD5=…,SHA256=…,IMPHASH=…` as fingerprints.
pub(super) fn hashes(text: &str) -> Vec<Fingerprint> {
    let pairs = text.split([',', '|']).filter_map(|pair| pair.split_once('='));
    let sound = pairs.filter(|(_, value)| !value.is_empty() && !is_zero(value));
    sound
        .map(|(name, value)| {
            let algorithm = match name.trim().to_ascii_uppercase().as_str() {
                "MD5" => 1,
                "SHA1" => 2,
                "SHA256" => 3,
                "SHA512" => 4,
                _ => 99,
            };
            let mut print = Fingerprint::new(algorithm, value.trim());
            print.set_algorithm((algorithm == 99).then(|| name.trim()));
            print
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_apart() {
        let prints = hashes("SHA1=AB,MD5=CD,SHA256=EF,IMPHASH=00000000000000000000000000000000");
        let told: Vec<_> = prints.iter().map(|print| (print.algorithm_id(), print.value())).collect();
        assert_eq!(told, [(Some(2), Some("AB")), (Some(1), Some("CD")), (Some(3), Some("EF"))]);
    }
}
