//! Sign-ins, tickets, and what rights and groups a session gets.

use super::log::{Item, Log};
use super::party::{SUBJECT, TARGET, TARGET_ACCOUNT, Who, actor_of, machine_name, to_number};
use super::words::{address, is_zero, list};
use crate::record::Field;
use homeostat_event::{
    Device, Event, Group, Head, NetworkEndpoint, Process, Service, Session, SignInTo, Str, User,
};

/// Who signs in; the first that is told, for ids differ in how they name him.
const SIGNING: [Who; 6] = [
    TARGET,
    TARGET_ACCOUNT,
    ["", "AccountName", "AccountDomain"],
    ["", "ClientUserName", ""],
    ["", "MappedName", ""],
    ["FullyQualifiedSubjectUserName", "SubjectUserName", "SubjectDomainName"],
];

impl Log<'_, '_> {
    /// Class 3002.
    pub(super) fn sign_in(&self, head: Head) -> Option<Event> {
        let subject = self.user(SUBJECT);
        let told = SIGNING.iter().find_map(|who| self.user(*who));
        let user = told.or_else(|| self.full_user(&["User", "Param1", "param1", "TargetUserName"]));
        let user = user.or_else(|| subject.clone()).or_else(|| self.context_user())?;
        let device = self.device();
        let server = end_of(&device);
        let to = match self.service() {
            Some(service) => SignInTo::Service(service),
            None => SignInTo::Endpoint(server.clone()),
        };
        let by_service = matches!(to, SignInTo::Service(_));
        let mut event = Event::authentication(head, user, to);
        if by_service {
            event.set_dst_endpoint(server);
        }
        event.set_actor(actor_of(subject, self.logon_process(), self.session("SubjectLogonId")));
        event.set_device(device).set_src_endpoint(self.client()).set_session(self.logon_session());
        self.how(&mut event);
        Some(event)
    }

    fn service(&self) -> Option<Service> {
        let mut service = match (self.sid("ServiceSid"), self.take("ServiceName")) {
            (Some(sid), name) => {
                let mut service = Service::of_uid(sid);
                service.set_name(name);
                service
            }
            (None, Some(name)) => Service::named(name),
            (None, None) => Service::named(self.take("TargetServerName")?),
        };
        service.set_labels(self.take("TargetInfo").map(|info| vec![Str::from(info)]).unwrap_or_default());
        Some(service)
    }

    fn sid(&self, name: &str) -> Option<Str> {
        let sid = self.data(name).filter(|sid| sid.look().is_some_and(|text| !is_zero(&text)))?;
        sid.take().map(Str::from)
    }

    /// The process that asked for the sign-in.
    fn logon_process(&self) -> Option<Process> {
        if self.is_none(super::party::ACTING) { None } else { self.process(super::party::ACTING) }
    }

    /// Where the client is: its address and port, its name.
    pub(super) fn client(&self) -> Option<NetworkEndpoint> {
        const ADDRESSES: [&str; 6] =
            ["IpAddress", "ClientAddress", "SourceAddress", "Address", "ClientIP", "Param3"];
        const NAMES: [&str; 5] =
            ["WorkstationName", "Workstation", "ClientName", "ClientMachine", "CallingStationID"];
        let field = self.any(&ADDRESSES);
        let told = field.and_then(|field| field.look());
        let ip = told.as_deref().and_then(address).map(Str::from);
        let name = self.any(&NAMES).and_then(machine_name);
        let mut end = match (&ip, &name) {
            (Some(ip), _) => {
                let whole = told.as_deref() == Some(ip.as_str());
                field.map(|field| if whole { field.take() } else { field.copy() });
                NetworkEndpoint::of_ip(ip.clone())
            }
            (None, Some(name)) => NetworkEndpoint::of_hostname(&**name),
            (None, None) => return None,
        };
        end.set_hostname(name);
        end.set_port(self.any(&["IpPort", "ClientPort", "SourcePort"]).and_then(port));
        Some(end)
    }

    fn logon_session(&self) -> Option<Session> {
        let mut session = self.session("TargetLogonId").or_else(|| self.session("LogonID"));
        let guid = self.data("LogonGuid").filter(|guid| guid.look().is_some_and(|text| !is_zero(&text)));
        let other = self.take("SessionName").or_else(|| self.take("SessionID"));
        if session.is_none() && (guid.is_some() || other.is_some()) {
            session = Some(Session::new());
        }
        if let Some(session) = &mut session {
            session.set_uid_alt(guid.and_then(|guid| guid.take())).set_terminal(other);
        }
        session
    }

    /// By which protocol and in which way.
    fn how(&self, event: &mut Event) {
        if let Some(number) = self.data("LogonType").and_then(to_number) {
            event.set_logon_type_id(logon_type(number));
            event.set_logon_type((logon_type(number) == 99).then(|| number.to_string()));
            event.set_is_remote(matches!(number, 3 | 8 | 10 | 12));
        }
        let package = self.any(&["AuthenticationPackageName", "PackageName", "AuthenticationPackage"]);
        let event_id = self.item(Item::EventId).and_then(|id| id.look());
        match package.and_then(|package| package.take()) {
            Some(name) => {
                event.set_auth_protocol_id(protocol(&name)).set_auth_protocol(name);
            }
            None if matches!(event_id.as_deref(), Some("4768" | "4769" | "4770" | "4771")) => {
                event.set_auth_protocol_id(2);
            }
            None => {}
        }
        if let Some(name) = self.take("LogonProcessName") {
            let mut process = Process::of_uid(name.trim().to_owned());
            process.set_name(name);
            event.set_logon_process(process);
        }
    }

    /// Class 3003 with rights.
    pub(super) fn rights(&self, head: Head) -> Option<Event> {
        let lists = ["EnabledPrivilegeList", "PrivilegeList", "DisabledPrivilegeList"];
        let text = self.any(&lists).and_then(|field| field.copy());
        let rights: Vec<Str> = text.as_deref().map(|text| list(text).map(Str::from).collect())?;
        let subject = self.user(SUBJECT);
        let user = self.user(TARGET).or_else(|| subject.clone())?;
        let mut event = Event::authorize_session(head, user, rights);
        let session = self.session("TargetLogonId").or_else(|| self.session("SubjectLogonId"));
        event.set_actor(actor_of(subject, self.logon_process(), self.session("SubjectLogonId")));
        event.set_session(session).set_device(self.device());
        Some(event)
    }

    /// Class 3003 with groups: the first stands as the group, all stand with the user.
    pub(super) fn groups(&self, head: Head) -> Option<Event> {
        let text = self.any(&["GroupMembership", "SidList"])?.copy()?;
        let groups: Vec<Group> = list(&text).map(Group::of_uid).collect();
        let first = groups.first().cloned()?;
        let mut user: User = self.user(TARGET).or_else(|| self.user(SUBJECT))?;
        user.set_groups(groups);
        let mut event = Event::authorize_groups(head, user, first);
        let actor = actor_of(self.user(SUBJECT), None, self.session("SubjectLogonId"));
        event.set_actor(actor.unwrap_or_else(|| self.provider_as_actor()));
        event.set_session(self.session("TargetLogonId")).set_device(self.device());
        Some(event)
    }
}

/// The machine as the end that is signed in to.
fn end_of(device: &Device) -> NetworkEndpoint {
    let name = device.hostname().or(device.name()).unwrap_or("unknown");
    NetworkEndpoint::of_hostname(name)
}

fn port(field: Field<'_>) -> Option<i32> {
    let number = field.look()?.parse::<u16>().ok().filter(|port| *port != 0)?;
    field.take();
    Some(i32::from(number))
}

/// Windows numbers its logon types as OCSF does.
fn logon_type(number: i64) -> i32 {
    match number {
        0 => 1,
        2..=5 | 7..=13 => i32::try_from(number).unwrap_or(99),
        _ => 99,
    }
}

fn protocol(package: &str) -> i32 {
    match package.to_ascii_uppercase().as_str() {
        name if name.contains("NTLM") || name.contains("MICROSOFT_AUTHENTICATION_PACKAGE") => 1,
        name if name.contains("KERBEROS") => 2,
        name if name.contains("DIGEST") => 3,
        name if name.contains("EAP") => 9,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_schema() {
        assert_eq!([logon_type(0), logon_type(3), logon_type(6), logon_type(13)], [1, 3, 99, 13]);
        assert_eq!([protocol("Kerberos"), protocol("NTLM"), protocol("Negotiate")], [2, 1, 99]);
    }
}
