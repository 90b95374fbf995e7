//! Jobs, services, logs, applications: what runs by itself or is kept by Windows.

use super::log::{Item, Log};
use super::party::{actor_of, executable};
use super::words::line;
use homeostat_event::{ClassUid, Event, Head, Job, Product, User, WinService};
use std::borrow::Cow;

impl Log<'_, '_> {
    /// Class 1006.
    pub(super) fn job_event(&self, head: Head) -> Option<Event> {
        let mut job = Job::named(self.any(&["TaskName", "Name", "name", "jobTitle", "Path"])?.take()?);
        let content = self.any(&["TaskContent", "TaskContentNew"]).and_then(|content| content.look());
        let path = self.any(&["Path", "ActionName", "RemoteName", "url"]).and_then(|path| path.take());
        let line = content.as_deref().and_then(command_of);
        job.set_cmd_line(line.or_else(|| path.as_deref().map(str::to_owned)));
        job.set_file(path.map(|path| executable(&path)));
        let user = self.full_user(&["UserContext", "UserName", "jobOwner", "User"]);
        job.set_user(user.clone());
        let mut event = Event::scheduled_job_activity(head, self.device(), job);
        let actor = self.actor().or_else(|| actor_of(user, None, None));
        event.set_actor(actor.unwrap_or_else(|| self.some_actor()));
        event.set_status_code(self.any(&["ResultCode"]).and_then(|code| code.take()));
        Some(event)
    }

    /// Class 1006: a filter, consumer or binding of WMI, which runs whenever its question is answered.
    pub(super) fn subscription(&self, head: Head) -> Option<Event> {
        const NAMES: [&str; 5] = ["Name", "Filter", "Consumer", "ESS", "NamespaceName"];
        let message = self.item(Item::Message).and_then(|text| text.look());
        let of_message = || {
            let text = message.as_deref()?;
            line(text, "Namespace", '=').map(|name| Cow::Owned(name.to_owned()))
        };
        let name = self.any(&NAMES).and_then(|name| name.take()).or_else(of_message)?;
        let mut job = Job::named(name);
        job.set_cmd_line(
            self.any(&["Destination", "Query", "Consumer", "CONSUMER"]).and_then(|text| text.take()),
        );
        job.set_desc(self.any(&["Type", "EventNamespace", "Namespace"]).and_then(|text| text.take()));
        let mut event = Event::scheduled_job_activity(head, self.device(), job);
        event.set_actor(actor_of(self.full_user(&["User"]), None, None).unwrap_or_else(|| self.some_actor()));
        Some(event)
    }

    /// What was done to a subscription, by the event's own word.
    pub(super) fn subscription_activity(&self) -> u32 {
        match self.take("Operation").as_deref() {
            Some("Modified") => 2,
            Some("Deleted") => 3,
            _ => 1,
        }
    }

    /// Class 201004.
    pub(super) fn service_event(&self, head: Head) -> Option<Event> {
        let named = self.data("ServiceName").or_else(|| self.unnamed(4)).or_else(|| self.unnamed(1));
        let told = self.copy("ServiceType");
        let number = told.as_deref().map_or(0, service_type);
        let mut service = WinService::new(named?.take()?, number);
        service.set_service_type(told.filter(|_| number == 99));
        let path = self.any(&["ServiceFileName", "ImagePath"]).and_then(|path| path.take());
        if let Some(path) = path {
            service.set_service_file(executable(&program_of(&path))).set_cmd_line(path);
        }
        let start = self.any(&["ServiceStartType", "StartType"]).or_else(|| self.unnamed(3));
        if let Some(start) = start.and_then(|start| start.copy()) {
            let number = start_type(&start);
            service.set_service_start_type_id(number).set_service_start_type((number == 99).then_some(start));
        }
        let account = self.any(&["ServiceAccount", "AccountName"]).and_then(|name| name.take());
        service.set_service_start_name(account);
        // 7040 tells the shown name first and the name proper last.
        if self.unnamed(4).is_some() {
            let shown = self.unnamed(1).and_then(|name| name.take());
            service.set_labels(shown.map(|name| vec![name.into()]).unwrap_or_default());
        }
        Some(Event::windows_service_activity(head, self.on_host(), service))
    }

    /// What became of a service, by the word of 7036.
    pub(super) fn service_activity(&self) -> u32 {
        match self.unnamed(2).and_then(|word| word.look()).as_deref() {
            Some("running") => 3,
            Some("stopped") => 4,
            Some("paused") => 5,
            _ => 99,
        }
    }

    /// Class 1008.
    pub(super) fn log_event(&self, head: Head) -> Event {
        let mut event = Event::event_log_activity(head, self.log_name().into_owned());
        let user = self.user(super::party::SUBJECT).or_else(|| self.subject_of_message());
        let actor = actor_of(user, None, self.session("SubjectLogonId"));
        event.set_actor(actor.unwrap_or_else(|| self.some_actor())).set_device(self.device());
        event.set_log_provider(self.item(Item::Provider).and_then(|name| name.look()));
        if let Some(path) = self.take("BackupPath") {
            event.set_file(super::party::file_of(&path, 1));
        }
        event
    }

    /// Who cleared a log, where a collector kept the message alone.
    fn subject_of_message(&self) -> Option<User> {
        let text = self.item(Item::Message)?.look()?;
        let value = |name| line(&text, name, ':').map(str::to_owned);
        let mut user = User::told(value("Security ID").as_deref(), value("Account Name").as_deref())?;
        user.set_domain(value("Domain Name").or_else(|| value("Account Domain")));
        Some(user)
    }

    /// Class 6002.
    pub(super) fn app_event(&self, head: Head) -> Event {
        const NAMES: [&str; 6] =
            ["ProductName", "Product Name", "ProviderName", "updateTitle", "param3", "Configuration"];
        let own = self.item(Item::Provider).and_then(|name| name.look());
        let name = self.any(&NAMES).and_then(|name| name.take());
        let message = self.item(Item::Message).and_then(|text| text.look());
        let said = || line(message.as_deref()?, "ProviderName", '=').map(|name| Cow::Owned(name.to_owned()));
        let name = name.or_else(said).or(own).unwrap_or(Cow::Borrowed("Windows"));
        let mut app = Product::new("Microsoft", name);
        app.set_version(
            self.any(&["ProductVersion", "Product Version", "Version"]).and_then(|text| text.take()),
        );
        let mut event = Event::application_lifecycle(head, app);
        event.set_actor(self.some_actor()).set_device(self.device());
        event
    }

    /// Whether Sysmon's service started or stopped.
    pub(super) fn app_activity(&self) -> u32 {
        match self.take("State").as_deref() {
            Some("Started") => 3,
            Some("Stopped") => 4,
            _ => 99,
        }
    }

    /// Class 6008.
    pub(super) fn fault_event(&self, head: Head) -> Event {
        let mut event = Event::of_class(ClassUid::APPLICATION_ERROR, head);
        event.set_device(self.device()).set_actor(self.some_actor());
        event
    }

    /// Class 0, with who and where.
    pub(super) fn base_event(&self, head: Head) -> Event {
        let mut event = Event::base_event(head);
        let by = self.some_actor();
        event.set_device(self.device()).set_actor(by);
        event
    }

    /// The exit or error code that goes with the outcome.
    pub(super) fn code(&self) -> Option<Cow<'_, str>> {
        let failed = |name: &str| {
            let field = self.data(name)?;
            let code = field.look().and_then(|text| super::words::number(&text));
            (code != Some(0) || name == "Status").then(|| field.take())?
        };
        ["SubStatus", "Status", "FailureCode", "ReturnCode", "ErrorCode", "Error Code", "ResultCode"]
            .into_iter()
            .find_map(failed)
    }
}

/// The command of a task's definition, with its arguments.
fn command_of(xml: &str) -> Option<String> {
    let inside = |name: &str| {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let rest = xml.split_once(&open).map(|(_, rest)| rest)?;
        rest.split_once(&close).map(|(text, _)| text.trim())
    };
    let escaped = |name: &str| {
        let (open, close) = (format!("&lt;{name}&gt;"), format!("&lt;/{name}&gt;"));
        let rest = xml.split_once(&open).map(|(_, rest)| rest)?;
        rest.split_once(&close).map(|(text, _)| text.trim())
    };
    let part = |name: &str| inside(name).or_else(|| escaped(name));
    let command = part("Command")?;
    Some(part("Arguments").map_or_else(|| command.to_owned(), |arguments| format!("{command} {arguments}")))
}

/// The program at the start of a command line.
fn program_of(line: &str) -> String {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix('"') {
        return rest.split('"').next().unwrap_or(rest).to_owned();
    }
    let lower = line.to_ascii_lowercase();
    let end =
        [".exe", ".sys", ".dll"].iter().filter_map(|end| lower.find(end).map(|at| at + end.len())).min();
    let first = || line.split(' ').next().unwrap_or(line);
    end.and_then(|end| line.get(..end)).unwrap_or_else(first).to_owned()
}

/// As words of the System log and as the bits of the audit log.
fn service_type(text: &str) -> i32 {
    match text {
        "kernel mode driver" | "0x1" => 1,
        "file system driver" | "0x2" => 2,
        "user mode service" | "0x10" | "0x110" => 3,
        "0x20" | "0x120" => 4,
        _ => 99,
    }
}

fn start_type(text: &str) -> i32 {
    match text {
        "boot start" | "0" => 1,
        "system start" | "1" => 2,
        "auto start" | "2" => 3,
        "demand start" | "3" => 4,
        "disabled" | "4" => 5,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found() {
        let xml = "<Exec><Command>cmd.exe</Command><Arguments>/c dir</Arguments></Exec>";
        assert_eq!(command_of(xml).as_deref(), Some("cmd.exe /c dir"));
        assert_eq!(command_of("&lt;Command&gt;a.exe&lt;/Command&gt;").as_deref(), Some("a.exe"));
        assert_eq!(command_of("<Exec/>"), None);
        assert_eq!(program_of(r#""C:\a b\c.exe" -k x"#), r"C:\a b\c.exe");
        assert_eq!(program_of(r"C:\a b\c.exe -k x"), r"C:\a b\c.exe");
        assert_eq!(program_of("%COMSPEC% /c x"), "%COMSPEC%");
    }

    #[test]
    fn services_are_typed() {
        assert_eq!([service_type("0x10"), service_type("kernel mode driver")], [3, 1]);
        assert_eq!([start_type("demand start"), start_type("2")], [4, 3]);
    }
}
