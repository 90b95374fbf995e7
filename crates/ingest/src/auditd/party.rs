//! Who and what takes part in an audit event: users, the process, the machine, the far end.

use super::fields::{Audit, member};
use super::socket::{Address, address};
use crate::json::JsonObject;
use crate::record::Field;
use homeostat_core::JsonText;
use homeostat_event::{
    Actor, Device, DeviceId, File, Group, NetworkEndpoint, OnHost, Os, Process, Session, User,
};
use std::borrow::Cow;

/// What the kernel keeps of a process for its decisions, beside the numbers that OCSF has attributes for: the context
/// of its security module, the saved numbers and those it reaches files by.
const SECURITY: [&str; 5] = ["subj", "suid", "sgid", "fsuid", "fsgid"];

/// What a file's extended attribute `security.capability` says.
const CAPABILITIES: [&str; 5] = ["cap_fp", "cap_fi", "cap_fe", "cap_fver", "cap_frootid"];

/// Names and values as an object of texts; `None` when there are none.
fn named<'n>(pairs: impl Iterator<Item = (&'n str, Cow<'n, str>)>) -> Option<JsonText> {
    pairs.fold(JsonObject::default(), |object, (name, value)| object.text(name, Some(value))).end()
}

impl<'a> Audit<'_, 'a> {
    /// The machine: the node that wrote the event.
    pub(super) fn device(&self) -> Device {
        let node = self.record.root().member("NODE").or_else(|| self.record.root().member("node"));
        let id = node
            .and_then(|node| node.take())
            .map_or(DeviceId::Name("unknown".into()), |node| DeviceId::Hostname(node.into()));
        let mut device = Device::new(0, id);
        device.set_os(Os::new("Linux", 200));
        device
    }

    /// A user by the field of its number, and the field in which `auditd` adds its name.
    pub(super) fn user(&self, number: &str, name: &str) -> Option<User> {
        let sound = |field: &Field<'_>| field.look().is_some_and(|text| text != "-1");
        let uid = self.field(number).filter(sound).and_then(|uid| uid.take());
        let name = self.field(name).filter(sound).and_then(|name| name.take());
        User::told(uid.as_deref(), name.as_deref())
    }

    /// Who signed in and has been acting since, whatever he became.
    pub(super) fn login_user(&self) -> Option<User> {
        self.user("auid", "AUID")
    }

    /// The account that a program speaks of, by name or number.
    pub(super) fn account(&self) -> Option<User> {
        let name = self.take("acct");
        let uid = self.take("id");
        let named = User::told(uid.as_deref(), name.as_deref());
        named.or_else(|| self.user("id", "ID"))
    }

    fn session(&self) -> Option<Session> {
        let uid = self.any(&["ses", "new-ses"]).and_then(|uid| uid.take());
        let terminal = self.any(&["tty", "terminal"]).and_then(|tty| tty.take());
        (uid.is_some() || terminal.is_some()).then(|| {
            let mut session = Session::new();
            session.set_uid(uid).set_terminal(terminal);
            session
        })
    }

    /// The process that called the kernel or sent the message.
    pub(super) fn process(&self) -> Option<Process> {
        let mut process = Process::of_pid(self.number("pid")?);
        process.set_name(self.take("comm"));
        let exe = self.take("exe");
        process.set_file(exe.map(|path| file_of(&path, 8)));
        process.set_cmd_line(self.title());
        process.set_parent_process(self.parent()).set_working_directory(self.take("cwd"));
        process.set_auid(self.number("auid")).set_euid(self.number("euid")).set_egid(self.number("egid"));
        process.set_user(self.user("uid", "UID")).set_session(self.session());
        let others = SECURITY.iter().filter_map(|name| Some((*name, self.take(name)?)));
        if let Some(others) = named(others) {
            process.set_attribute("xattributes", &others);
        }
        let gid = self.take("gid");
        process.set_group(gid.map(|gid| {
            let mut group = Group::of_uid(gid);
            group.set_name(self.take("GID"));
            group
        }));
        Some(process)
    }

    fn parent(&self) -> Option<Process> {
        let mut parent = Process::of_pid(self.number("ppid")?);
        if let Some(told) = self.record.root().member("PARENT_INFO").filter(Field::is_object) {
            let list = told.member("ARGV").filter(Field::is_array);
            let words: Vec<_> =
                list.iter().flat_map(Field::children).filter_map(|word| word.copy()).collect();
            parent.set_cmd_line((!words.is_empty()).then(|| words.join(" ")));
            parent.set_name(told.member("comm").and_then(|name| name.take()));
            parent.set_file(told.member("exe").and_then(|path| path.take()).map(|path| file_of(&path, 8)));
        }
        Some(parent)
    }

    /// Who acts: the user that signed in, else the one the process runs as, through the process.
    pub(super) fn actor(&self) -> Actor {
        let process = self.process();
        let user = self.login_user().or_else(|| process.as_ref().and_then(Process::user).cloned());
        let mut actor = match (user, &process) {
            (Some(user), _) => Actor::of_user(user),
            (None, Some(process)) => Actor::of_process(process.clone()),
            (None, None) => Actor::of_app("auditd"),
        };
        let session = process.as_ref().and_then(Process::session).cloned().or_else(|| self.session());
        actor.set_process(process).set_session(session);
        actor
    }

    /// Who acts, and the machine.
    pub(super) fn on_host(&self) -> OnHost {
        OnHost::new(self.actor(), self.device())
    }

    /// Where a remote user comes from.
    pub(super) fn client(&self) -> Option<NetworkEndpoint> {
        let address = self
            .any(&["addr", "hostname"])
            .filter(|field| field.look().is_some_and(|text| crate::address::is_address(&text)));
        let name = self
            .field("hostname")
            .filter(|field| field.look().is_some_and(|text| !crate::address::is_address(&text)));
        let ip = address.and_then(|address| address.take());
        if self.look("hostname") == ip {
            self.take("hostname");
        }
        let mut end = match (ip, name.and_then(|name| name.take())) {
            (Some(ip), name) => {
                let mut end = NetworkEndpoint::of_ip(ip);
                end.set_hostname(name);
                end
            }
            (None, Some(name)) => NetworkEndpoint::of_hostname(name),
            (None, None) => return None,
        };
        end.set_port(self.number("rport").and_then(|port| i32::try_from(port).ok()));
        Some(end)
    }

    /// The address in the event's socket record, in digits or as `auditd` reads it.
    pub(super) fn far_end(&self) -> Option<Address> {
        let part = self.all("SOCKADDR").into_iter().next()?;
        if let Some(digits) = part.member("saddr").filter(Field::is_text).and_then(|digits| digits.copy()) {
            return address(&digits);
        }
        let inner = part.member("SADDR").filter(Field::is_object).unwrap_or(part);
        let taken = |names: [&str; 3]| names.iter().find_map(|name| member(inner, name)?.take());
        let ip = taken(["addr", "laddr", "raddr"]);
        let number = taken(["port", "lport", "rport"]).and_then(|port| port.parse().ok());
        match (ip, taken(["path", "path", "sun_path"])) {
            (Some(ip), _) => Some(Address::Ip(ip.into_owned(), number.unwrap_or(0))),
            (None, path) => path.map(|path| Address::Local(path.into_owned())),
        }
    }

    /// The records of the paths that are acted on, without those of the folders they are in.
    pub(super) fn paths(&self) -> Vec<Field<'a>> {
        let mut paths = self.all("PATH");
        if paths.len() > 1 {
            paths.retain(|path| !is_parent(*path));
        }
        paths
    }

    /// The file that a record of a path is about.
    pub(super) fn file(&self, path: Field<'_>) -> Option<File> {
        let name = member(path, "name")?;
        let text = name.look()?;
        let mut file = if text.starts_with('/') {
            file_of(&name.take()?, type_of(path))
        } else {
            let folder = self.look("cwd").unwrap_or(Cow::Borrowed(""));
            let mut file = File::new(&*text, type_of(path));
            file.set_path(format!("{}/{}", folder.trim_end_matches('/'), text.trim_start_matches("./")));
            name.take();
            file
        };
        let taken = |name: &str| member(path, name).and_then(|field| field.take());
        let owner = User::told(taken("ouid").as_deref(), taken("OUID").as_deref());
        file.set_uid(taken("inode")).set_volume(taken("dev")).set_owner(owner);
        file.set_security_descriptor(taken("obj"));
        let rights = CAPABILITIES.iter().filter_map(|name| Some((*name, taken(name)?)));
        if let Some(rights) = named(rights) {
            file.set_attribute("xattributes", &rights);
        }
        let deleted = member(path, "nametype").and_then(|kind| kind.look()).as_deref() == Some("DELETE");
        file.set_is_deleted(deleted.then_some(true));
        Some(file)
    }
}

/// Whether a record of a path is about the folder that the file is in.
fn is_parent(path: Field<'_>) -> bool {
    let kind = path.member("nametype").or_else(|| path.member("objtype"));
    kind.and_then(|kind| kind.look()).as_deref() == Some("PARENT")
}

/// The type of a file by the mode in its record: the kernel's own bits.
fn type_of(path: Field<'_>) -> i32 {
    let mode = member(path, "mode").and_then(|mode| mode.look());
    let bits =
        mode.and_then(|mode| u32::from_str_radix(mode.trim_start_matches("0o").split(',').next()?, 8).ok());
    match bits.map(|bits| bits & 0o170_000) {
        Some(0o100_000) => 1,
        Some(0o040_000) => 2,
        Some(0o020_000) => 3,
        Some(0o060_000) => 4,
        Some(0o140_000) => 5,
        Some(0o010_000) => 6,
        Some(0o120_000) => 7,
        _ => 0,
    }
}

/// A file by its path.
pub(super) fn file_of(path: &str, type_id: i32) -> File {
    let name = path.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(path);
    let mut file = File::new(name, type_id);
    file.set_path(path);
    file
}
