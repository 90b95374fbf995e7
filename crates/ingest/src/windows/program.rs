//! What runs: processes, modules, drivers, scripts.

use super::log::{Item, Log};
use super::party::{ACTING, Names, SUBJECT, TARGET, actor_of, executable, hashes, to_number};
use super::words::{is_zero, line};
use crate::record::Field;
use homeostat_core::Timestamp;
use homeostat_event::{
    DigitalSignature, Event, File, Head, KernelDriver, Module, OnHost, Process, Product, Script, Session,
    User,
};
use std::borrow::Cow;

const NEW: Names = Names {
    guid: &["ProcessGuid"],
    pid: &["NewProcessId", "ProcessId"],
    image: &["NewProcessName", "Image", "FullFilePath", "FilePath"],
    command: &["CommandLine"],
    user: &["User"],
};

const PARENT_OF_SYSMON: Names = Names {
    guid: &["ParentProcessGuid"],
    pid: &["ParentProcessId"],
    image: &["ParentImage"],
    command: &["ParentCommandLine"],
    user: &["ParentUser"],
};

const CREATOR: Names =
    Names { guid: &[], pid: &["ProcessId"], image: &["ParentProcessName"], command: &[], user: &[] };

const OTHER: Names = Names {
    guid: &["TargetProcessGUID", "TargetProcessGuid"],
    pid: &["TargetProcessId"],
    image: &["TargetImage", "TargetProcessName", "ObjectName"],
    command: &[],
    user: &["TargetUser"],
};

impl Log<'_, '_> {
    /// Class 1007.
    pub(super) fn process_event(&self, head: Head, activity: u32, time: Timestamp) -> Option<Event> {
        match activity {
            1 => self.launch(head, time),
            3 | 4 | 5 => self.on_other_process(head, activity),
            _ => self.on_itself(head),
        }
    }

    fn launch(&self, head: Head, time: Timestamp) -> Option<Event> {
        let audit = self.data("NewProcessId").is_some();
        let parent = self.process(if audit { CREATOR } else { PARENT_OF_SYSMON });
        let mut process = self.process(NEW)?;
        if time.is_moment() {
            process.set_created_time(time);
        }
        self.about_program(&mut process);
        let whose = if audit { self.user(TARGET) } else { None };
        let subject = self.user(SUBJECT);
        process.set_user(whose.or_else(|| if audit { subject.clone() } else { None }));
        let of_parent = parent.as_ref().and_then(Process::user).cloned();
        let user = subject.or(of_parent).or_else(|| process.user().cloned());
        process.set_parent_process(parent.clone());
        process.set_ancestry(parent.iter().filter_map(Process::entity).collect::<Vec<_>>());
        let session = self.session("SubjectLogonId").or_else(|| process.session().cloned());
        let actor = actor_of(user, parent, session).unwrap_or_else(|| self.some_actor());
        let mut event = Event::process_activity(head, OnHost::new(actor, self.device()), process);
        event.set_launch_type_id(1);
        Some(event)
    }

    /// What is told of a new process beside its names.
    fn about_program(&self, process: &mut Process) {
        process.set_working_directory(self.take("CurrentDirectory"));
        if let Some(level) = self.data("IntegrityLevel").or_else(|| self.data("MandatoryLabel")) {
            let text = level.look().unwrap_or_default();
            let number = integrity(&text);
            process.set_integrity_id(number);
            // The schema wants its own word beside a number, and Sysmon's words are the same.
            let same = number == 99 || !text.starts_with("S-1-");
            let shown = if same { level.take() } else { None };
            if !same {
                level.copy();
            }
            process.set_integrity(shown);
        }
        let mut session = self.session("LogonId").or_else(|| self.session("TargetLogonId"));
        if let Some(session) = &mut session {
            session.set_uid_alt(
                self.data("LogonGuid").filter(|guid| !all_zero(*guid)).and_then(|guid| guid.take()),
            );
            session.set_terminal(self.take("TerminalSessionId"));
        }
        process.set_session(session);
        if let Some(image) = self.any(NEW.image).and_then(|image| image.look()) {
            process.set_file(self.code_file(&image));
        }
    }

    /// A file of code, with what Windows reads from its resources and Sysmon computes.
    fn code_file(&self, path: &str) -> File {
        let mut file = executable(path);
        file.set_hashes(self.copy("Hashes").map(|text| hashes(&text)).unwrap_or_default());
        file.set_company_name(self.take("Company")).set_desc(self.take("Description"));
        file.set_internal_name(self.take("OriginalFileName")).set_version(self.take("FileVersion"));
        let company = file.company_name().unwrap_or("-").to_owned();
        file.set_product(self.take("Product").map(|name| Product::new(company, name)));
        file.set_signatures(self.signature().map(|signature| vec![signature]).unwrap_or_default());
        file
    }

    fn signature(&self) -> Option<DigitalSignature> {
        let state = self.take("SignatureStatus");
        let signer = self.take("Signature");
        if state.is_none() && signer.is_none() {
            return None;
        }
        let mut signature = DigitalSignature::new(4);
        signature.set_developer_uid(signer);
        signature.set_state_id(state.as_deref().map(|state| match state {
            "Valid" => 1,
            "Expired" => 2,
            "Revoked" => 3,
            _ => 99,
        }));
        signature.set_state(state);
        Some(signature)
    }

    pub(super) fn on_other_process(&self, head: Head, activity: u32) -> Option<Event> {
        let mut process = self.process(OTHER).or_else(|| self.process(NEW))?;
        if activity == 5 {
            process.set_user(self.user(TARGET)).set_session(self.session("TargetLogonId"));
        }
        let mut event = Event::process_activity(head, self.on_host(), process);
        event.set_actual_permissions(self.data("GrantedAccess").and_then(to_number));
        event.set_requested_permissions(self.data("AccessMask").and_then(to_number));
        if activity == 4 {
            event.set_injection_type_id(1).set_module(self.injected());
        }
        self.thread(&mut event);
        Some(event)
    }

    /// The thread that acts, beside its process.
    fn thread(&self, event: &mut Event) {
        let Some(thread) = self.data("SourceThreadId").and_then(to_number) else { return };
        let Some(mut actor) = event.actor_told().cloned() else { return };
        let Some(mut process) = actor.process().cloned() else { return };
        process.set_ptid(thread);
        actor.set_process(process);
        event.set_actor(actor);
    }

    fn injected(&self) -> Option<Module> {
        let function = self.take("StartFunction");
        let mut module = match (&function, self.take("StartModule")) {
            (_, Some(path)) => Module::of_file(executable(&path), 0),
            (Some(function), None) => Module::of_function(&**function),
            (None, None) => return None,
        };
        module.set_function_name(function).set_start_address(self.take("StartAddress"));
        Some(module)
    }

    fn on_itself(&self, head: Head) -> Option<Event> {
        let process = self.process(ACTING)?;
        let mut event = Event::process_activity(head, self.on_host(), process);
        event.set_exit_code(self.data("Status").and_then(to_number));
        Some(event)
    }

    /// Class 1005.
    pub(super) fn module_event(&self, head: Head) -> Event {
        const PATHS: [&str; 6] = [
            "ImageLoaded",
            "ProviderPath",
            "AuthenticationPackageName",
            "SecurityPackageName",
            "NotificationPackageName",
            "param1",
        ];
        let path = self.any(&PATHS).and_then(|path| path.take());
        let told = || self.item(Item::Message)?.look().and_then(|text| text_after(&text, "ProviderPath"));
        let path = path.map(Cow::into_owned).or_else(told).unwrap_or_else(|| "unknown".to_owned());
        let module = Module::of_file(self.code_file(&path), 1);
        let mut by = self.some_actor();
        if by.process().is_none()
            && let Some(host) = self.process(HOSTING)
        {
            by.set_process(host);
        }
        Event::module_activity(head, OnHost::new(by, self.device()), module)
    }

    /// Class 1002.
    pub(super) fn driver_event(&self, head: Head) -> Event {
        let path =
            self.any(&["ImageLoaded"]).and_then(|path| path.take()).unwrap_or(Cow::Borrowed("unknown"));
        Event::kernel_extension_activity(head, self.on_host(), KernelDriver::new(self.code_file(&path)))
    }

    /// Class 1009.
    pub(super) fn script_event(&self, head: Head) -> Event {
        let message = self.item(Item::Message);
        let context = self.context();
        let text = self.any(&["ScriptBlockText", "Payload"]).and_then(|text| text.take());
        let text = text.or_else(|| message.and_then(|message| message.look())).or_else(|| self.said());
        let mut script = Script::new(text.unwrap_or_default(), 2);
        script.set_uid(self.take("ScriptBlockId"));
        let value = |names: [&str; 2]| names.iter().find_map(|name| of_context(&context, name));
        let path = self.take("Path").map(Cow::into_owned).or_else(|| value(["Script Name", "ScriptName"]));
        script.set_file(path.map(|path| executable(&path)));
        script.set_name(value(["Command Name", "CommandName"]));
        let user = value(["User", "UserId"]).map(|user| named_user(&user));
        // PowerShell writes its events itself: the process that wrote is the one that runs the script.
        let pid = self.item(Item::Pid).and_then(to_number).filter(|pid| *pid != 0);
        let host = Process::told(pid, None).map(|mut process| {
            process.set_cmd_line(value(["Host Application", "HostApplication"]));
            process
        });
        let user = self.context_user().or(user);
        let session = value(["Shell ID", "HostId"]).map(|id| {
            let mut session = Session::new();
            session.set_uid_alt(id);
            session
        });
        let actor = actor_of(user, host, session).unwrap_or_else(|| self.provider_as_actor());
        Event::script_activity(head, OnHost::new(actor, self.device()), script)
    }

    /// The lines in which PowerShell tells of its host: of the message, of `ContextInfo`, of data without names.
    fn context(&self) -> String {
        let told = self.data("ContextInfo").and_then(|field| field.look());
        let message = || self.item(Item::Message).and_then(|field| field.look());
        match told.or_else(message) {
            Some(text) => text.into_owned(),
            None => self.texts().filter_map(|text| text.look()).collect::<Vec<_>>().join("\n"),
        }
    }

    fn said<'s>(&self) -> Option<Cow<'s, str>> {
        let texts: Vec<_> = self.texts().filter_map(|text| text.take()).collect();
        (!texts.is_empty()).then(|| Cow::Owned(texts.join("\n")))
    }
}

const HOSTING: Names =
    Names { guid: &[], pid: &["ProcessID"], image: &["HostProcess"], command: &[], user: &[] };

fn of_context(context: &str, name: &str) -> Option<String> {
    line(context, name, '=').map(str::to_owned)
}

/// The value after `name = ` in a message of one sentence.
fn text_after(message: &str, name: &str) -> Option<String> {
    line(message, name, '=').map(str::to_owned)
}

fn named_user(text: &str) -> User {
    let (domain, name) = super::words::domain_and_name(text);
    let mut user = User::named(name);
    user.set_domain(domain);
    user
}

fn all_zero(field: Field<'_>) -> bool {
    field.look().is_some_and(|text| is_zero(&text))
}

fn integrity(level: &str) -> i32 {
    match level {
        "Untrusted" => 1,
        "Low" => 2,
        "Medium" => 3,
        "High" => 4,
        "System" => 5,
        "Protected" => 6,
        label if label.starts_with("S-1-16-") => integrity_of_label(label),
        _ => 99,
    }
}

/// Of the mandatory label's last number.
fn integrity_of_label(label: &str) -> i32 {
    match label.rsplit('-').next().and_then(|level| level.parse::<u32>().ok()) {
        Some(0) => 1,
        Some(4_096) => 2,
        Some(8_192 | 8_448) => 3,
        Some(12_288) => 4,
        Some(16_384) => 5,
        Some(20_480 | 28_672) => 6,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_is_read_from_word_and_label() {
        assert_eq!([integrity("High"), integrity("AppContainer"), integrity("S-1-16-8192")], [4, 99, 3]);
        assert_eq!([integrity_of_label("S-1-16-12288"), integrity_of_label("S-1-16-1")], [4, 99]);
    }
}
