//! What a line says was done, and the event that it makes.

use crate::address;
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Actor, Device, DeviceId, Ends, Event, Group, Head, NetworkEndpoint, OnHost, Process, Product, Service,
    Session, SignInTo, User,
};
use std::borrow::Cow;

/// Where and when a line was written, and by which program.
pub(super) struct Line<'l> {
    pub(super) app: &'l str,
    pub(super) host: Option<Cow<'l, str>>,
    pub(super) time: Timestamp,
}

/// What a line says.
pub(super) enum Deed<'m> {
    SignIn(SignIn<'m>),
    Account(Account<'m>),
    Group(Membership<'m>),
    Command(Command<'m>),
    Connection(Connection<'m>),
    /// The program starts (3) or stops (4).
    Run(u32),
}

/// Somebody signs in, is refused, becomes another or leaves. Class 3002.
#[derive(Default)]
pub(super) struct SignIn<'m> {
    /// 1 sign-in, 2 sign-out, 7 becoming another.
    pub(super) activity: u32,
    pub(super) user: Option<&'m str>,
    pub(super) uid: Option<&'m str>,
    /// Who asks for it, by name and number, when that is another.
    pub(super) by: (Option<&'m str>, Option<&'m str>),
    /// The number of the user that the program itself runs as.
    pub(super) runs_as: Option<&'m str>,
    /// The address or name of the machine it comes from.
    pub(super) from: Option<&'m str>,
    pub(super) port: Option<&'m str>,
    pub(super) refused: bool,
    pub(super) method: Option<&'m str>,
    pub(super) session: Option<&'m str>,
    pub(super) terminal: Option<&'m str>,
    /// As OCSF numbers the types.
    pub(super) logon_type: Option<i32>,
    pub(super) detail: Option<&'m str>,
    pub(super) count: Option<i32>,
}

/// An account is made, changed or removed. Class 3001.
#[derive(Default)]
pub(super) struct Account<'m> {
    pub(super) activity: u32,
    pub(super) user: &'m str,
    pub(super) uid: Option<&'m str>,
    pub(super) by: Option<&'m str>,
    pub(super) refused: bool,
    pub(super) detail: Option<&'m str>,
}

/// A group is made or removed, or somebody joins or leaves it. Class 3006.
#[derive(Default)]
pub(super) struct Membership<'m> {
    pub(super) activity: u32,
    pub(super) group: &'m str,
    pub(super) gid: Option<&'m str>,
    pub(super) user: Option<&'m str>,
    pub(super) by: Option<&'m str>,
}

/// A command runs as another, or is refused. Class 1007.
#[derive(Default)]
pub(super) struct Command<'m> {
    pub(super) by: &'m str,
    pub(super) user: Option<&'m str>,
    pub(super) line: &'m str,
    pub(super) folder: Option<&'m str>,
    pub(super) terminal: Option<&'m str>,
    pub(super) refused: Option<&'m str>,
}

/// A connection of SSH begins, fails or ends. Class 4007.
#[derive(Default)]
pub(super) struct Connection<'m> {
    pub(super) activity: u32,
    pub(super) from: Option<&'m str>,
    pub(super) port: Option<&'m str>,
    pub(super) user: Option<&'m str>,
    pub(super) detail: Option<&'m str>,
}

impl<'m> Deed<'m> {
    /// The number of the user that the program runs as, where the line tells it.
    pub(super) fn runs_as(&self) -> Option<&'m str> {
        match self {
            Self::SignIn(deed) => deed.runs_as,
            _ => None,
        }
    }
}

/// The program that wrote a line.
pub(super) struct Program<'l> {
    pub(super) name: Option<Cow<'l, str>>,
    pub(super) pid: Option<i64>,
    pub(super) runs_as: Option<&'l str>,
}

impl Line<'_> {
    /// The event of a deed; of none, a base event.
    pub(super) fn event(&self, deed: Option<Deed<'_>>) -> Event {
        let mut event = match deed {
            Some(Deed::SignIn(deed)) => self.sign_in(&deed),
            Some(Deed::Account(deed)) => self.account(&deed),
            Some(Deed::Group(deed)) => self.group(&deed),
            Some(Deed::Command(deed)) => self.command(&deed),
            Some(Deed::Connection(deed)) => self.connection(&deed),
            Some(Deed::Run(activity)) => self.run(activity),
            None => Event::base_event(self.head(0, None)),
        };
        event.set_device(self.device());
        event
    }

    fn run(&self, activity: u32) -> Event {
        let mut event =
            Event::application_lifecycle(self.head(activity, None), Product::new("Linux", self.app));
        event.set_outcome(Outcome::Success, None);
        event
    }

    /// Tells of the program that wrote the line.
    pub(super) fn tell_program(&self, event: &mut Event, program: Program<'_>) {
        let Some(name) = program.name else { return };
        let mut actor = match (event.actor_told().cloned(), program.pid) {
            (Some(actor), _) => actor,
            (None, Some(pid)) => Actor::of_process(Process::of_pid(pid)),
            (None, None) => Actor::of_app(self.app),
        };
        // A process is told by its number; without one the program is an application.
        match program.pid {
            Some(pid) => {
                let mut process = Process::of_pid(pid);
                process.set_name(name).set_user(program.runs_as.map(User::of_uid));
                actor.set_process(process);
            }
            None => {
                actor.set_app_name(name);
            }
        }
        event.set_actor(actor);
    }

    fn head(&self, activity: u32, word: Option<&str>) -> Head {
        let product = Product::new("Linux", "syslog");
        match word.filter(|_| activity == 99) {
            Some(word) => Head::other(word, self.time, product),
            None => Head::new(activity, self.time, product),
        }
    }

    fn device(&self) -> Device {
        let id = self.host.as_deref().map(|host| DeviceId::Hostname(host.into()));
        Device::new(0, id.unwrap_or_else(|| DeviceId::Name("unknown".into())))
    }

    fn server(&self) -> NetworkEndpoint {
        NetworkEndpoint::of_hostname(self.host.as_deref().unwrap_or("unknown"))
    }

    fn sign_in(&self, deed: &SignIn<'_>) -> Event {
        let user = User::told(deed.uid, deed.user).unwrap_or_else(|| User::named("unknown"));
        let to = match self.app {
            "" => SignInTo::Endpoint(self.server()),
            app => SignInTo::Service(Service::named(app)),
        };
        let mut event = Event::authentication(self.head(deed.activity, None), user, to);
        event.set_dst_endpoint(self.server()).set_src_endpoint(end(deed.from, deed.port));
        event.set_is_remote(deed.from.map(|_| true)).set_logon_type_id(deed.logon_type);
        event.set_auth_protocol_id(deed.method.map(|_| 99)).set_auth_protocol(deed.method);
        event.set_count(deed.count).set_status_detail(deed.detail);
        if deed.session.is_some() || deed.terminal.is_some() {
            let mut session = Session::new();
            session.set_uid(deed.session).set_terminal(deed.terminal);
            event.set_session(session);
        }
        if let Some(by) = User::told(deed.by.1, deed.by.0) {
            event.set_actor(Actor::of_user(by));
        }
        event.set_outcome(ended(deed.refused), None);
        event
    }

    fn account(&self, deed: &Account<'_>) -> Event {
        let mut user = User::named(deed.user);
        user.set_uid(deed.uid);
        let mut event = Event::account_change(self.head(deed.activity, deed.detail), user);
        if let Some(by) = deed.by {
            event.set_actor(Actor::of_user(User::named(by)));
        }
        event.set_status_detail(deed.detail.filter(|_| deed.refused)).set_outcome(ended(deed.refused), None);
        event
    }

    fn group(&self, deed: &Membership<'_>) -> Event {
        let mut group = Group::named(deed.group);
        group.set_uid(deed.gid);
        let mut event = Event::group_management(self.head(deed.activity, None), group);
        if let Some(by) = deed.by {
            event.set_actor(Actor::of_user(User::named(by)));
        }
        event.set_user(deed.user.map(User::named)).set_outcome(Outcome::Success, None);
        event
    }

    fn command(&self, deed: &Command<'_>) -> Event {
        let program = deed.line.split_ascii_whitespace().next().unwrap_or(deed.line);
        let name = program.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(program);
        // No number is told; the schema asks for an id, and the program's name is the best there is.
        let mut process = Process::of_uid(name);
        process.set_name(name).set_cmd_line(deed.line);
        process.set_path(program.starts_with('/').then_some(program));
        process.set_working_directory(deed.folder).set_user(deed.user.map(User::named));
        let mut actor = Actor::of_user(User::named(deed.by));
        if let Some(terminal) = deed.terminal {
            let mut session = Session::new();
            session.set_terminal(terminal);
            actor.set_session(session);
        }
        let by = OnHost::new(actor, self.device());
        let mut event = Event::process_activity(self.head(1, None), by, process);
        event.set_status_detail(deed.refused).set_outcome(ended(deed.refused.is_some()), None);
        event
    }

    fn connection(&self, deed: &Connection<'_>) -> Event {
        let ends = match end(deed.from, deed.port) {
            Some(from) => Ends::Both(from, self.server()),
            None => Ends::Destination(self.server()),
        };
        let mut event = Event::ssh_activity(self.head(deed.activity, None), ends);
        if let Some(user) = deed.user {
            event.set_actor(Actor::of_user(User::named(user)));
        }
        event.set_status_detail(deed.detail).set_outcome(ended(deed.activity == 4), None);
        event
    }
}

fn ended(refused: bool) -> Outcome {
    if refused { Outcome::Failure } else { Outcome::Success }
}

/// The machine at the other end, by its address or its name.
fn end(from: Option<&str>, port: Option<&str>) -> Option<NetworkEndpoint> {
    let from = from.filter(|from| !matches!(*from, "" | "UNKNOWN" | "?"))?;
    let mut end = match address::without_port(from) {
        Some((ip, _)) => NetworkEndpoint::of_ip(ip),
        None => NetworkEndpoint::of_hostname(from),
    };
    end.set_port(port.and_then(|port| port.parse::<u16>().ok()).map(i32::from));
    Some(end)
}
