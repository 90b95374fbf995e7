//! The Linux audit log: what programs report and which calls of the kernel were made.
//!
//! Sources: the Linux audit documentation, "Audit event fields" and "Audit record types"; the page of `laurel`, whose
//! JSON has one object an event and one member a type of record, as have the records that lines of text become;
//! the page of Auditbeat's `auditd` module, whose documents are read by `beat`.
//!
//! The user that signed in (`auid`) acts, whatever he became; the one the process runs as stands with the process.
//! `?`, `(null)` and 4294967295 say that there is none. A record without `success` or `res` tells of what was done.

mod beat;
mod fields;
mod kind;
mod party;
mod socket;

use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use fields::Audit;
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Actor, ClassUid, Ends, Event, Extension, File, Group, Head, Kernel, KernelDriver, ManagedEntity,
    NetworkConnectionInfo, NetworkEndpoint, Process, Product, Script, Service, Severity, SignInTo, Str, User,
};
use kind::{Kind, account_activity, call_name, group_activity, of_call, of_type};
use party::file_of;
use socket::Address;
use std::borrow::Cow;

/// The Linux audit log, as lines, as JSON with one object an event, and as Auditbeat's documents.
///
/// Classes 1001 to 1003, 1007 to 1009, 3001, 3002, 3004 to 3006, 4001 and 6002.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auditd;

impl Source for Auditd {
    fn name(&self) -> &'static str {
        "auditd"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        beat::is_in(record) || Audit::is_in(record)
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        if beat::is_in(record) {
            events.push(beat::event(record));
            return;
        }
        let audit = Audit::of(record);
        let call = audit.call();
        let kind = match of_type(audit.kind()) {
            Kind::Call => call.as_deref().map_or(Kind::Base, of_call),
            kind => kind,
        };
        let mut event = audit.event(kind, call.as_deref()).unwrap_or_else(|| {
            record.give_back();
            audit.rest(call.as_deref())
        });
        audit.tell_common(&mut event, call.as_deref());
        events.push(event);
    }
}

/// Names the profile and the extension that the numbers of users and groups of a process belong to.
fn name_users_profile(event: &mut Event) {
    let told = |process: &Process| {
        process.auid().or(process.euid()).or(process.egid()).is_some() || process.group().is_some()
    };
    let acting = event.actor_told().and_then(Actor::process).is_some_and(told);
    if !acting && !event.process().is_some_and(told) {
        return;
    }
    let metadata = event.metadata_mut();
    let mut profiles = metadata.profiles().to_vec();
    profiles.push("linux/linux_users".into());
    metadata.set_profiles(profiles).set_extensions(vec![Extension::new("linux", "1")]);
}

/// The product, which names the machine's own users and things.
fn product() -> Product {
    Product::new("Linux", "Linux Audit")
}

impl Audit<'_, '_> {
    /// The name of the call of the kernel.
    fn call(&self) -> Option<String> {
        let named = self.field("SYSCALL").filter(Field::is_text).and_then(|name| name.look());
        let told = named.or_else(|| self.look("syscall"))?;
        let architecture = self.look("arch").unwrap_or_default();
        Some(call_name(&told, &architecture).map_or_else(|| told.into_owned(), str::to_owned))
    }

    fn time(&self) -> Timestamp {
        let id = self.record.look("ID").unwrap_or_default();
        let seconds = id.split_once(':').map_or("", |(seconds, _)| seconds);
        moment::read(seconds).unwrap_or(Timestamp::UNKNOWN)
    }

    fn head(&self, activity: u32) -> Head {
        match activity {
            99 => {
                let word = self.look("op").unwrap_or_else(|| Cow::Owned(self.kind().to_owned()));
                Head::other(word, self.time(), product())
            }
            activity => Head::new(activity, self.time(), product()),
        }
    }

    fn event(&self, kind: Kind, call: Option<&str>) -> Option<Event> {
        let head = |activity| self.head(activity);
        match kind {
            Kind::SignIn(activity) => Some(self.sign_in(head(activity))),
            Kind::Account(99) => {
                let activity = account_activity(&self.look("op").unwrap_or_default());
                self.account_event(head(activity))
            }
            Kind::Account(activity) => self.account_event(head(activity)),
            Kind::Group(99) => {
                let activity = group_activity(&self.look("op").unwrap_or_default());
                self.group_event(head(activity))
            }
            Kind::Group(activity) => self.group_event(head(activity)),
            Kind::Access(activity) => self.access_event(head(activity)),
            Kind::Entity(activity, what) => Some(self.entity_event(head(activity), what)),
            Kind::Process(activity) => self.process_event(activity, call),
            Kind::File(activity) => self.file_event(head(activity)),
            Kind::Connection(activity) => self.connection(head(activity)),
            Kind::Base if self.kind() == "SOCKADDR" => self.connection(head(0)),
            Kind::Driver(activity) => self.driver_event(head(activity)),
            Kind::App(activity) => Some(self.app_event(head(self.app_activity(activity)))),
            Kind::Log(activity) => Some(self.log_event(head(activity))),
            Kind::Typed => self.typed(head(1)),
            Kind::Kernel(activity) => Some(self.kernel_event(head(activity), call)),
            Kind::Call | Kind::Base => None,
        }
    }

    /// What lacks the records that its class needs: a call of the kernel, to which alone such records belong, else a
    /// base event.
    fn rest(&self, call: Option<&str>) -> Event {
        let told = match self.kind() {
            "EXECVE" | "BPRM_FCAPS" => Some("execve"),
            _ => call,
        };
        if told.is_some() || matches!(self.kind(), "CWD" | "PATH" | "PROCTITLE" | "SOCKADDR") {
            return self.kernel_event(self.head(4), told);
        }
        let mut event = Event::base_event(self.head(0));
        event.set_actor(self.actor()).set_device(self.device());
        event
    }

    fn sign_in(&self, head: Head) -> Event {
        let user = self.account().or_else(|| self.user("new-auid", "AUID")).or_else(|| self.login_user());
        let user = user.or_else(|| self.user("uid", "UID")).unwrap_or_else(|| User::named("unknown"));
        let device = self.device();
        let server = NetworkEndpoint::of_hostname(device.hostname().or(device.name()).unwrap_or("unknown"));
        let actor = self.actor();
        let program =
            actor.process().and_then(Process::file).and_then(|file| file.name()).map(Service::named);
        let to = program.map_or_else(|| SignInTo::Endpoint(server.clone()), SignInTo::Service);
        let mut event = Event::authentication(head, user, to);
        let client = self.client();
        event.set_is_remote(client.is_some()).set_dst_endpoint(server).set_src_endpoint(client);
        event.set_session(actor.session().cloned()).set_actor(actor).set_device(device);
        event
    }

    fn account_event(&self, head: Head) -> Option<Event> {
        let user = self.account().or_else(|| self.login_user()).or_else(|| self.user("uid", "UID"))?;
        let mut event = Event::account_change(head, user);
        self.by(&mut event);
        Some(event)
    }

    fn group_event(&self, head: Head) -> Option<Event> {
        let name = self.any(&["grp", "group", "new_group"]).and_then(|name| name.take());
        let uid = self.any(&["id", "gid"]).and_then(|uid| uid.take());
        let mut group = match (&uid, &name) {
            (Some(uid), _) => Group::of_uid(&**uid),
            (None, name) => Group::named(name.clone().or_else(|| self.take("acct"))?),
        };
        group.set_name(name);
        let mut event = Event::group_management(head, group);
        let member = self.take("acct").map(User::named);
        event.set_user(member);
        self.by(&mut event);
        Some(event)
    }

    fn access_event(&self, head: Head) -> Option<Event> {
        let rights = ["new-role", "selected-context", "new-seuser", "role"];
        let right = self.any(&rights)?.take()?;
        let user = self.account().or_else(|| self.login_user()).or_else(|| self.user("uid", "UID"))?;
        let mut event = Event::user_access(head, user, right);
        self.by(&mut event);
        Some(event)
    }

    fn entity_event(&self, head: Head, what: &'static str) -> Event {
        let name =
            self.any(&["table", "dev", "feature", "watch", "path", "bool"]).and_then(|name| name.take());
        let mut entity = ManagedEntity::named(name.unwrap_or(Cow::Borrowed(what)));
        entity.set_type_id(99).set_kind(what);
        let mut event = Event::entity_management(head, entity);
        self.by(&mut event);
        if let Some(source) = self.field("src").and_then(|ip| ip.take_if(crate::address::is_address)) {
            event.set_src_endpoint(NetworkEndpoint::of_ip(source));
        }
        event
    }

    fn by(&self, event: &mut Event) {
        event.set_actor(self.actor()).set_device(self.device()).set_src_endpoint(self.client());
    }

    fn process_event(&self, activity: u32, call: Option<&str>) -> Option<Event> {
        let own = self.process()?;
        let mut actor = self.actor();
        let launch = activity == 1;
        let process = if launch { self.launched(own) } else { own };
        if launch && let Some(parent) = process.parent_process().cloned() {
            actor.set_process(parent);
        }
        let by = homeostat_event::OnHost::new(actor, self.device());
        let mut event = Event::process_activity(self.head(activity), by, process);
        event.set_launch_type_id(match call {
            Some("execve" | "execveat") => Some(3),
            Some("clone" | "clone3" | "fork" | "vfork") => Some(2),
            _ => launch.then_some(1),
        });
        event.set_exit_code(self.number("exit"));
        Some(event)
    }

    /// The process as it is once started.
    fn launched(&self, mut process: Process) -> Process {
        let line = self.take("cmd").map(Cow::into_owned).or_else(|| self.arguments());
        process.set_cmd_line(line);
        if self.time().is_moment() {
            process.set_created_time(self.time());
        }
        let mut paths = self.paths().into_iter();
        let is_own = |path: &Field<'_>, own: &File| {
            path.member("name").and_then(|name| name.look()).as_deref() == own.path()
        };
        if let (Some(own), Some(path)) = (process.file().cloned(), paths.next())
            && is_own(&path, &own)
            && let Some(mut file) = self.file(path)
        {
            file.set_type_id(8).set_name(own.name()).set_path(own.path());
            process.set_file(file);
        }
        // The program's interpreter and loader.
        let loaded = paths.filter_map(|path| path.member("name")?.take()).map(Str::from);
        process.set_loaded_modules(loaded.collect::<Vec<_>>());
        let parent = process.parent_process().and_then(Process::entity);
        process.set_ancestry(parent.into_iter().collect::<Vec<_>>());
        process
    }

    fn file_event(&self, head: Head) -> Option<Event> {
        let mut paths = self.paths().into_iter();
        let file = self.file(paths.next()?)?;
        let mut event = Event::file_activity(head, self.on_host(), file);
        event.set_file_result(paths.next_back().and_then(|path| self.file(path)));
        Some(event)
    }

    fn connection(&self, head: Head) -> Option<Event> {
        let device = self.device();
        let own = || NetworkEndpoint::of_hostname(device.hostname().or(device.name()).unwrap_or("unknown"));
        let call = self.call();
        let lone = self.kind() == "SOCKADDR";
        let inbound = matches!(call.as_deref(), Some("accept" | "accept4")) || (call.is_none() && !lone);
        let listening = matches!(call.as_deref(), Some("bind" | "listen"));
        let far = match self.far_end() {
            Some(Address::Ip(ip, port)) => {
                let mut end = NetworkEndpoint::of_ip(ip);
                end.set_port((port != 0).then_some(port));
                Some(end)
            }
            Some(Address::Local(path)) => Some(NetworkEndpoint::named(path)),
            None => self.client(),
        };
        let mut here = own();
        here.set_ip(self.field("laddr").and_then(|ip| ip.take_if(crate::address::is_address)));
        here.set_port(self.number("lport").and_then(|port| i32::try_from(port).ok()));
        let ends = match far? {
            far if listening => {
                let mut end = far;
                end.set_hostname(device.hostname());
                Ends::Destination(end)
            }
            far if inbound => Ends::Both(far, here),
            far => Ends::Both(here, far),
        };
        let mut event = Event::network_activity(head, ends);
        event.set_connection_info(NetworkConnectionInfo::new(match (lone, inbound) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }));
        event.set_is_src_dst_assignment_known(!lone).set_actor(self.actor()).set_device(device);
        Some(event)
    }

    fn driver_event(&self, head: Head) -> Option<Event> {
        let named = self.all("KERN_MODULE").first().and_then(|part| part.member("name")?.take());
        let file = named.map(|name| file_of(&name, 0)).or_else(|| self.file(*self.paths().first()?))?;
        Some(Event::kernel_extension_activity(head, self.on_host(), KernelDriver::new(file)))
    }

    fn app_activity(&self, activity: u32) -> u32 {
        match (activity, self.look("op").as_deref()) {
            (0, Some("create")) => 1,
            (0, Some("destroy" | "delete" | "remove")) => 2,
            (0, Some("start")) => 3,
            (0, Some("stop" | "kill")) => 4,
            (0, Some("restart")) => 5,
            (0, _) => 99,
            (activity, _) => activity,
        }
    }

    fn app_event(&self, head: Head) -> Event {
        let name = self.any(&["unit", "sw", "vm", "comm"]).and_then(|name| name.take());
        let mut app = Product::new("Linux", name.unwrap_or(Cow::Borrowed("Linux")));
        app.set_uid(self.take("uuid"));
        let mut event = Event::application_lifecycle(head, app);
        event.set_actor(self.actor()).set_device(self.device());
        event
    }

    fn log_event(&self, head: Head) -> Event {
        let mut event = Event::event_log_activity(head, "audit");
        event.set_log_provider("auditd").set_actor(self.actor()).set_device(self.device());
        event
    }

    fn typed(&self, head: Head) -> Option<Event> {
        let script = Script::new(self.take("data")?, 6);
        Some(Event::script_activity(head, self.on_host(), script))
    }

    fn kernel_event(&self, head: Head, call: Option<&str>) -> Event {
        let object = self.any(&["tclass", "name", "prog-id"]).and_then(|name| name.take());
        let name = object.or(call.map(Cow::Borrowed)).unwrap_or_else(|| Cow::Owned(self.kind().to_owned()));
        let mut kernel = Kernel::new(name, if call.is_some() { 2 } else { 0 });
        kernel.set_system_call(call);
        let mut event = Event::of_class(ClassUid::KERNEL_ACTIVITY, head);
        event.set_kernel(kernel).set_actor(self.actor()).set_device(self.device());
        event
    }

    fn tell_common(&self, event: &mut Event, call: Option<&str>) {
        let id = self.record.field("ID");
        let text = id.and_then(|id| id.look()).unwrap_or_default();
        let (seconds, serial) = text.split_once(':').unwrap_or((&text, ""));
        event.set_severity(Severity::INFORMATIONAL).set_original_time(seconds);
        let action = call.filter(|_| self.kind() == "SYSCALL");
        if action.is_some() {
            self.field("SYSCALL").filter(Field::is_text).and_then(|name| name.take());
        }
        let metadata = event.metadata_mut();
        metadata.set_event_code(action.unwrap_or(self.kind())).set_kind(self.kind()).set_log_name("audit");
        metadata.set_sequence(serial.parse::<i64>().ok());
        metadata.set_original_event_uid(id.and_then(|id| id.take()));
        metadata.set_labels(self.labels());
        event.set_message(self.take("op"));
        self.tell_outcome(event);
    }

    fn tell_outcome(&self, event: &mut Event) {
        name_users_profile(event);
        let word = self.any(&["res", "result"]).and_then(|word| word.take());
        event.set_status_code(word.clone());
        let word = word.or_else(|| self.look("success"));
        let denied = matches!(self.kind(), "AVC" | "USER_AVC" | "APPARMOR_DENIED" | "SECCOMP");
        let said = self.look("text").unwrap_or_default();
        let failed = match word.as_deref() {
            Some("no" | "failed" | "0" | "fail" | "failure" | "false") => true,
            Some(_) => false,
            None => denied || self.kind() == "ANOM_ABEND" || self.kind() == "USER_ERR",
        };
        event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
        if denied && !said.contains("granted") {
            event.set_action_id(2).set_disposition_id(2);
        }
        if event.exit_code().is_none() && event.status_code().is_none() {
            event.set_status_code(self.take("exit"));
        }
        // Of a call the kernel says whether it succeeded, beside what it gave back.
        let mut details = vec!["reason", "sig"];
        if event.status_code().is_none() {
            event.set_status_code(self.take("success"));
        } else {
            details.push("success");
        }
        event.set_status_detail(self.any(&details).and_then(|detail| detail.take()));
    }
}
