//! Events of a machine: the schema asks each for the machine, and most for who acts on it.

use super::Head;
use crate::class::ClassUid;
use crate::device::{Device, File, Process};
use crate::event::Event;
use crate::host::{Job, KernelDriver, Module, RegKey, RegValue, Script, WinResource, WinService};
use crate::identity::{Actor, Group, User};
use crate::metadata::Product;
use crate::text::Str;

/// Who does something, and the machine it is done on.
#[derive(Clone, Debug, PartialEq)]
pub struct OnHost {
    actor: Actor,
    device: Device,
}

impl OnHost {
    /// `actor` does something on `device`.
    pub fn new(actor: Actor, device: Device) -> Self {
        Self { actor, device }
    }
}

impl Event {
    /// Class 1001: something is done to a file.
    pub fn file_activity(head: Head, by: OnHost, file: File) -> Self {
        let mut event = Self::on_host(ClassUid::FILE_ACTIVITY, head, by);
        event.set_file(file);
        event
    }

    /// Class 1002: a driver is loaded into the kernel, or unloaded.
    pub fn kernel_extension_activity(head: Head, by: OnHost, driver: KernelDriver) -> Self {
        let mut event = Self::on_host(ClassUid::KERNEL_EXTENSION_ACTIVITY, head, by);
        event.set_driver(driver);
        event
    }

    /// Class 1005: a process loads a module, unloads it, or calls into it.
    pub fn module_activity(head: Head, by: OnHost, module: Module) -> Self {
        let mut event = Self::on_host(ClassUid::MODULE_ACTIVITY, head, by);
        event.set_module(module);
        event
    }

    /// Class 1006: something is done to a job that runs by a timetable.
    pub fn scheduled_job_activity(head: Head, device: Device, job: Job) -> Self {
        let mut event = Self::of_class(ClassUid::SCHEDULED_JOB_ACTIVITY, head);
        event.set_device(device).set_job(job);
        event
    }

    /// Class 1007: something is done to a process: it is started, ended, opened.
    ///
    /// ```
    /// use homeostat_event::{Actor, Device, DeviceId, Event, Head, OnHost, Process, Product, User};
    ///
    /// let head = Head::new(1, "2026-03-16T08:30:00Z".parse()?, Product::new("Microsoft", "Windows"));
    /// let pc = Device::new(0, DeviceId::Hostname("pc7.acme.example".into()));
    /// let by = OnHost::new(Actor::of_user(User::named("jane")), pc);
    /// let mut start = Event::process_activity(head, by, Process::of_pid(4_711));
    ///
    /// assert!(homeostat_event::validate(&start).is_empty());
    /// assert_eq!(start.actor().and_then(|actor| actor.name()), Some("jane"));
    /// # Ok::<(), homeostat_event::BadTime>(())
    /// ```
    pub fn process_activity(head: Head, by: OnHost, process: Process) -> Self {
        let mut event = Self::on_host(ClassUid::PROCESS_ACTIVITY, head, by);
        event.set_process(process);
        event
    }

    /// Class 1008: something is done to the log called `log_name`.
    pub fn event_log_activity(head: Head, log_name: impl Into<Str>) -> Self {
        let mut event = Self::of_class(ClassUid::EVENT_LOG_ACTIVITY, head);
        event.set_log_name(log_name.into());
        event
    }

    /// Class 1009: a script runs.
    pub fn script_activity(head: Head, by: OnHost, script: Script) -> Self {
        let mut event = Self::on_host(ClassUid::SCRIPT_ACTIVITY, head, by);
        event.set_script(script);
        event
    }

    /// Class 3003: the session of `user` is given rights; `privileges` names at least one.
    pub fn authorize_session(head: Head, user: User, privileges: Vec<Str>) -> Self {
        let mut event = Self::of_class(ClassUid::AUTHORIZE_SESSION, head);
        event.set_user(user).set_privileges(privileges);
        event
    }

    /// Class 3003: the session of `user` is made a member of `group`.
    pub fn authorize_groups(head: Head, user: User, group: Group) -> Self {
        let mut event = Self::of_class(ClassUid::AUTHORIZE_SESSION, head);
        event.set_user(user).set_group(group);
        event
    }

    /// Class 6002: a program or service is installed, started, stopped, changed.
    pub fn application_lifecycle(head: Head, app: Product) -> Self {
        let mut event = Self::of_class(ClassUid::APPLICATION_LIFECYCLE, head);
        event.set_app(app);
        event
    }

    /// Class 201001: something is done to a key of the Windows registry.
    pub fn registry_key_activity(head: Head, by: OnHost, reg_key: RegKey) -> Self {
        let mut event = Self::on_host(ClassUid::REGISTRY_KEY_ACTIVITY, head, by);
        event.set_reg_key(reg_key);
        event
    }

    /// Class 201002: something is done to a value of the Windows registry.
    pub fn registry_value_activity(head: Head, by: OnHost, reg_value: RegValue) -> Self {
        let mut event = Self::on_host(ClassUid::REGISTRY_VALUE_ACTIVITY, head, by);
        event.set_reg_value(reg_value);
        event
    }

    /// Class 201003: something that Windows guards is accessed.
    pub fn windows_resource_activity(head: Head, by: OnHost, resource: WinResource) -> Self {
        let mut event = Self::on_host(ClassUid::WINDOWS_RESOURCE_ACTIVITY, head, by);
        event.set_win_resource(resource);
        event
    }

    /// Class 201004: something is done to a Windows service.
    pub fn windows_service_activity(head: Head, by: OnHost, service: WinService) -> Self {
        let mut event = Self::on_host(ClassUid::WINDOWS_SERVICE_ACTIVITY, head, by);
        event.set_win_service(service);
        event
    }

    fn on_host(class: ClassUid, head: Head, by: OnHost) -> Self {
        let mut event = Self::of_class(class, head);
        event.set_actor(by.actor).set_device(by.device);
        event
    }
}
