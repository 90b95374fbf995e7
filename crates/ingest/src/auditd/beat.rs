//! Auditbeat's document of an audit event: `auditd`, `process`, `user`, `file` as its module fills them.

use super::kind::{Kind, account_activity, group_activity, of_call, of_type};
use super::party::file_of;
use super::product;
use crate::moment;
use crate::record::{Field, Record};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Actor, ClassUid, Device, DeviceId, Ends, Event, File, Group, Head, Kernel, KernelDriver, ManagedEntity,
    NetworkConnectionInfo, NetworkEndpoint, OnHost, Os, Process, Product, Script, Service, Session, Severity,
    SignInTo, Str, User,
};
use std::borrow::Cow;

/// Whether the record is such a document.
pub(super) fn is_in(record: &Record<'_>) -> bool {
    let root = record.root();
    root.member("auditd").is_some_and(|auditd| auditd.member("message_type").is_some())
        || (root.member("auditd.message_type").is_some())
}

/// The event of a document.
pub(super) fn event(record: &Record<'_>) -> Event {
    let beat = Beat { record };
    let message = beat.look("auditd.message_type").unwrap_or_default().to_ascii_uppercase();
    let call = beat.look("auditd.data.syscall");
    let kind = match of_type(&message) {
        Kind::Call => call.as_deref().map_or(Kind::Base, of_call),
        kind => kind,
    };
    let mut event = beat.event(kind, &message);
    beat.tell_common(&mut event);
    event
}

struct Beat<'r, 'a> {
    record: &'r Record<'a>,
}

fn is_told(field: &Field<'_>) -> bool {
    let nothing = |text: &str| matches!(text, "?" | "unset" | "(none)" | "(null)" | "(unknown)");
    !field.is_null() && !field.look().is_some_and(|text| nothing(&text))
}

impl<'a> Beat<'_, 'a> {
    fn field(&self, path: &str) -> Option<Field<'a>> {
        self.record.field(path).filter(is_told)
    }

    fn take(&self, path: &str) -> Option<Cow<'a, str>> {
        self.field(path)?.take()
    }

    fn look(&self, path: &str) -> Option<Cow<'a, str>> {
        self.field(path)?.look()
    }

    fn number(&self, path: &str) -> Option<i64> {
        let field = self.field(path)?;
        let number = field.look()?.parse().ok()?;
        field.take();
        Some(number)
    }

    /// A user of whom `path` tells id and name.
    fn user(&self, path: &str) -> Option<User> {
        let (uid, name) = (self.take(&format!("{path}.id")), self.take(&format!("{path}.name")));
        User::told(uid.as_deref(), name.as_deref())
    }

    fn time(&self) -> Timestamp {
        let told = self.field("@timestamp").and_then(|time| moment::read(&time.copy()?));
        told.or_else(|| moment::read(&self.raw_time()?)).unwrap_or(Timestamp::UNKNOWN)
    }

    /// The time in the first of the lines that the document was made of.
    fn raw_time(&self) -> Option<String> {
        let original = self.record.field("event.original")?;
        let line = if original.is_array() { original.children().next()?.look()? } else { original.look()? };
        let (_, rest) = line.split_once("audit(")?;
        rest.split_once(':').map(|(seconds, _)| seconds.to_owned())
    }

    fn head(&self, activity: u32) -> Head {
        match activity {
            99 => Head::other(self.look("event.action").unwrap_or_default(), self.time(), product()),
            activity => Head::new(activity, self.time(), product()),
        }
    }

    fn device(&self) -> Device {
        let name = self
            .take("host.hostname")
            .or_else(|| self.take("host.name"))
            .or_else(|| self.take("agent.hostname"));
        let id = name.map_or(DeviceId::Name("unknown".into()), |name| DeviceId::Hostname(name.into()));
        let mut device = Device::new(0, id);
        let mut os = Os::new(self.take("host.os.name").unwrap_or(Cow::Borrowed("Linux")), 200);
        os.set_version(self.take("host.os.version"));
        device.set_os(os).set_uid(self.take("host.id"));
        device
    }

    fn process(&self) -> Option<Process> {
        let mut process = Process::of_pid(self.number("process.pid")?);
        process
            .set_name(self.take("process.name"))
            .set_working_directory(self.take("process.working_directory"));
        process.set_file(self.take("process.executable").map(|path| file_of(&path, 8)));
        process.set_cmd_line(self.take("process.title"));
        process.set_parent_process(
            self.number("process.parent.pid").or_else(|| self.number("process.ppid")).map(Process::of_pid),
        );
        process.set_user(self.user("user"));
        process.set_auid(self.number("user.audit.id")).set_euid(self.number("user.effective.id"));
        process.set_egid(self.number("user.effective.group.id"));
        process.set_group(self.take("user.group.id").map(|uid| {
            let mut group = Group::of_uid(uid);
            group.set_name(self.take("user.group.name"));
            group
        }));
        process.set_session(self.session());
        Some(process)
    }

    fn session(&self) -> Option<Session> {
        let uid = self.take("auditd.session");
        let terminal = self.take("auditd.data.terminal").or_else(|| self.take("auditd.data.tty"));
        (uid.is_some() || terminal.is_some()).then(|| {
            let mut session = Session::new();
            session.set_uid(uid).set_terminal(terminal);
            session
        })
    }

    fn actor(&self) -> Actor {
        let process = self.process();
        let user = self.user("user.audit").or_else(|| self.user("user"));
        let mut actor = match (user, &process) {
            (Some(user), _) => Actor::of_user(user),
            (None, Some(process)) => Actor::of_process(process.clone()),
            (None, None) => Actor::of_app("auditd"),
        };
        let session = process.as_ref().and_then(Process::session).cloned().or_else(|| self.session());
        actor.set_process(process).set_session(session);
        actor
    }

    fn on_host(&self) -> OnHost {
        OnHost::new(self.actor(), self.device())
    }

    fn client(&self) -> Option<NetworkEndpoint> {
        let ip = self
            .take("source.ip")
            .or_else(|| self.field("auditd.data.addr")?.take_if(crate::address::is_address));
        let name = self.take("auditd.data.hostname");
        let mut end = match (ip, &name) {
            (Some(ip), _) => NetworkEndpoint::of_ip(ip),
            (None, Some(name)) => NetworkEndpoint::of_hostname(&**name),
            (None, None) => return None,
        };
        end.set_hostname(name.or_else(|| self.take("source.domain")));
        end.set_port(self.number("source.port").and_then(|port| i32::try_from(port).ok()));
        Some(end)
    }

    /// Whom it is done to: the target, the account, the user the process becomes.
    fn account(&self) -> Option<User> {
        let named = || User::told(None, self.take("auditd.data.acct").as_deref());
        self.user("user.target")
            .or_else(|| self.user("user.effective"))
            .or_else(named)
            .or_else(|| self.user("user"))
    }

    fn file(&self) -> Option<File> {
        let told = self.field("file.path")?;
        let path = told.take_if(|path| path.starts_with('/')).or_else(|| told.copy())?;
        let folder = self.look("process.working_directory").unwrap_or_default();
        let mut file = file_of(&path, 0);
        if !path.starts_with('/') {
            file.set_path(format!("{}/{path}", folder.trim_end_matches('/')));
        }
        file.set_uid(self.take("file.inode")).set_volume(self.take("file.device"));
        let (uid, owner) = (self.take("file.uid"), self.take("file.owner"));
        file.set_owner(User::told(uid.as_deref(), owner.as_deref()));
        Some(file)
    }

    fn event(&self, kind: Kind, message: &str) -> Event {
        let head = |activity| self.head(activity);
        let made = match kind {
            Kind::SignIn(activity) => Some(self.sign_in(head(activity))),
            Kind::Account(activity) => self.account_event(activity),
            Kind::Group(activity) => self.group_event(head(activity)),
            Kind::Access(activity) => self.access_event(head(activity)),
            Kind::Entity(activity, what) => {
                let mut entity = ManagedEntity::named(what);
                entity.set_type_id(99).set_kind(what);
                Some(self.by(Event::entity_management(head(activity), entity)))
            }
            Kind::Process(activity) => self.process_event(head(activity), activity),
            Kind::File(activity) => {
                self.file().map(|file| Event::file_activity(head(activity), self.on_host(), file))
            }
            Kind::Connection(activity) => Some(self.connection(head(activity))),
            Kind::Driver(activity) => {
                let name =
                    self.take("auditd.data.name").map(|name| file_of(&name, 0)).or_else(|| self.file());
                name.map(|file| {
                    Event::kernel_extension_activity(head(activity), self.on_host(), KernelDriver::new(file))
                })
            }
            Kind::App(activity) => Some(self.app_event(head(if activity == 0 { 99 } else { activity }))),
            Kind::Log(activity) => Some(self.by(Event::event_log_activity(head(activity), "audit"))),
            Kind::Typed => {
                let data = self.take("auditd.data.data");
                data.map(|data| Event::script_activity(head(1), self.on_host(), Script::new(data, 6)))
            }
            Kind::Kernel(_) | Kind::Call | Kind::Base => None,
        };
        made.unwrap_or_else(|| {
            self.record.give_back();
            self.kernel_event(message)
        })
    }

    fn kernel_event(&self, message: &str) -> Event {
        let call = self.take("auditd.data.syscall");
        if call.is_none() && matches!(of_type(message), Kind::Base) {
            return self.by(Event::base_event(self.head(0)));
        }
        let name = call.clone().unwrap_or_else(|| Cow::Owned(message.to_owned()));
        let mut kernel = Kernel::new(name, if call.is_some() { 2 } else { 0 });
        kernel.set_system_call(call);
        let mut event = Event::of_class(ClassUid::KERNEL_ACTIVITY, self.head(4));
        event.set_kernel(kernel);
        self.by(event)
    }

    fn by(&self, mut event: Event) -> Event {
        event.set_actor(self.actor()).set_device(self.device());
        if matches!(event.class_uid().get() / 1_000, 3) {
            event.set_src_endpoint(self.client());
        }
        event
    }

    fn sign_in(&self, head: Head) -> Event {
        let login = || self.user("user.new_auid").or_else(|| self.user("user.audit"));
        let user = self.user("user.effective").or_else(login).or_else(|| self.account());
        let device = self.device();
        let server = NetworkEndpoint::of_hostname(device.hostname().or(device.name()).unwrap_or("unknown"));
        let actor = self.actor();
        let program = actor.process().and_then(Process::file).and_then(File::name).map(Service::named);
        let to = program.map_or_else(|| SignInTo::Endpoint(server.clone()), SignInTo::Service);
        let mut event = Event::authentication(head, user.unwrap_or_else(|| User::named("unknown")), to);
        let client = self.client();
        event.set_is_remote(client.is_some()).set_src_endpoint(client).set_dst_endpoint(server);
        event.set_session(actor.session().cloned()).set_actor(actor).set_device(device);
        event
    }

    fn account_event(&self, activity: u32) -> Option<Event> {
        let operation = self.look("auditd.data.op").unwrap_or_default();
        let group = group_activity(&operation);
        if activity == 99 && matches!(group, 3 | 4) && operation.contains("group") {
            return self.group_event(self.head(group));
        }
        let activity = if activity == 99 { account_activity(&operation) } else { activity };
        Some(self.by(Event::account_change(self.head(activity), self.account()?)))
    }

    fn group_event(&self, head: Head) -> Option<Event> {
        let (uid, name) = (self.take("group.id"), self.take("group.name"));
        let mut group = match (uid.or_else(|| self.take("auditd.data.id")), &name) {
            (Some(uid), _) => Group::of_uid(uid),
            (None, Some(name)) => Group::named(&**name),
            (None, None) => Group::named(self.take("auditd.data.acct")?),
        };
        group.set_name(name);
        Some(self.by(Event::group_management(head, group)))
    }

    fn access_event(&self, head: Head) -> Option<Event> {
        let right =
            self.take("auditd.data.selected-context").or_else(|| self.take("auditd.data.new-role"))?;
        Some(self.by(Event::user_access(head, self.account()?, right)))
    }

    fn process_event(&self, head: Head, activity: u32) -> Option<Event> {
        let mut process = self.process()?;
        let mut actor = self.actor();
        if activity == 1 {
            let line = self.take("auditd.data.cmd").map(Cow::into_owned).or_else(|| self.arguments());
            process.set_cmd_line(line);
            if self.time().is_moment() {
                process.set_created_time(self.time());
            }
            actor.set_process(process.parent_process().cloned());
        }
        let mut event = Event::process_activity(head, OnHost::new(actor, self.device()), process);
        event.set_exit_code(self.number("auditd.data.exit"));
        event.set_launch_type_id((activity == 1).then_some(3));
        Some(event)
    }

    fn arguments(&self) -> Option<String> {
        let list = self.record.field("process.args").filter(Field::is_array)?;
        let words: Vec<_> = list.children().filter_map(|word| word.copy()).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    fn connection(&self, head: Head) -> Event {
        let inbound =
            self.look("network.direction").is_some_and(|way| matches!(&*way, "incoming" | "ingress"));
        let there = self.take("destination.ip").map(NetworkEndpoint::of_ip);
        let device = self.device();
        let own = || NetworkEndpoint::of_hostname(device.hostname().or(device.name()).unwrap_or("unknown"));
        let ends = match (self.client(), there) {
            (Some(from), Some(to)) => Ends::Both(from, to),
            (Some(from), None) => Ends::Both(from, own()),
            (None, Some(mut to)) => {
                to.set_port(self.number("destination.port").and_then(|port| i32::try_from(port).ok()));
                Ends::Both(own(), to)
            }
            (None, None) => Ends::Source(own()),
        };
        let mut event = Event::network_activity(head, ends);
        event.set_connection_info(NetworkConnectionInfo::new(if inbound { 1 } else { 2 }));
        event.set_is_src_dst_assignment_known(true);
        event.set_actor(self.actor()).set_device(device);
        event
    }

    fn app_event(&self, head: Head) -> Event {
        let name = self
            .take("auditd.data.unit")
            .or_else(|| self.take("auditd.data.sw"))
            .or_else(|| self.take("service.name"));
        let app = Product::new("Linux", name.unwrap_or(Cow::Borrowed("Linux")));
        self.by(Event::application_lifecycle(head, app))
    }

    /// The lines that the document was made of; and of its summary what stands elsewhere in the event too.
    fn tell_original(&self, event: &mut Event) {
        if let Some(original) = self.record.field("event.original") {
            let list: Vec<_> =
                if original.is_array() { original.children().collect() } else { vec![original] };
            let lines: Vec<_> = match list.as_slice() {
                [line] => line.take().into_iter().collect(),
                lines => lines.iter().filter_map(Field::copy).collect(),
            };
            event.set_raw_data((!lines.is_empty()).then(|| lines.join("\n")));
        }
        let named = self.record.field("related.user").filter(Field::is_array);
        let users = named.iter().flat_map(Field::children).chain(self.field("auditd.data.acct"));
        users.for_each(|user| {
            user.copy();
        });
        for path in ["actor.primary", "actor.secondary", "how", "object.primary", "object.secondary"] {
            if let Some(field) = self.field(&format!("auditd.summary.{path}")) {
                field.copy();
            }
        }
    }

    fn tell_common(&self, event: &mut Event) {
        if let Some(time) = self.take("@timestamp") {
            event.set_original_time(&time);
        }
        event.set_severity(Severity::INFORMATIONAL);
        let action = self.take("event.action");
        let tags = self.record.field("tags").filter(Field::is_array);
        let labels = tags.iter().flat_map(Field::children).filter_map(|tag| tag.take()).map(Str::from);
        let labels = labels.collect::<Vec<_>>();
        let metadata = event.metadata_mut();
        metadata.set_event_code(action).set_kind(self.take("auditd.message_type")).set_log_name("audit");
        metadata.set_sequence(self.number("auditd.sequence")).set_labels(labels);
        metadata.set_log_provider(self.take("service.type"));
        event.set_message(self.take("auditd.data.op"));
        self.tell_original(event);
        super::name_users_profile(event);
        event.set_status_code(self.take("auditd.result"));
        let word = self.field("event.outcome").and_then(|word| word.copy());
        let failed = word.as_deref().or(event.status_code()).is_some_and(|word| word.starts_with("fail"));
        event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
    }
}
