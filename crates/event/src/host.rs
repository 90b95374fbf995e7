//! What lives on a machine besides processes and files: modules, drivers, jobs, scripts, services, the registry.

use crate::device::{File, Fingerprint, Process};
use crate::identity::User;
use crate::network::Certificate;
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;
use std::sync::Arc;

ocsf_object! {
    /// Code that a process has loaded, or a function of it.
    pub struct Module {
        text base_address set_base_address,
        object file set_file: File,
        text function_name set_function_name,
        text load_type set_load_type,
        number load_type_id set_load_type_id,
        text start_address set_start_address,
        text kind set_kind = "type",
    }
}

impl Module {
    /// A module that is a file; `load_type_id` is 0 when it is not told how it came in, 1 when by the loader.
    pub fn of_file(file: File, load_type_id: i32) -> Self {
        Self { file: Some(Arc::new(file)), load_type_id: Some(load_type_id), ..Self::blank() }
    }

    /// A module of which only the function called is told.
    pub fn of_function(function_name: impl Into<Str>) -> Self {
        Self { function_name: Some(function_name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A driver of the kernel.
    pub struct KernelDriver {
        object file set_file: File,
    }
}

impl KernelDriver {
    /// A driver by its file.
    pub fn new(file: File) -> Self {
        Self { file: Some(Arc::new(file)), ..Self::blank() }
    }
}

ocsf_object! {
    /// Something that the kernel keeps, or a call of it.
    pub struct Kernel {
        flag is_system set_is_system,
        text name set_name,
        text path set_path,
        text system_call set_system_call,
        text kind set_kind = "type",
        number type_id set_type_id,
    }
}

impl Kernel {
    /// A kernel object by name and type: 1 shared mutex, 2 system call, 0 when not told.
    pub fn new(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// Something that runs by a timetable.
    pub struct Job {
        text cmd_line set_cmd_line,
        time created_time set_created_time,
        text desc set_desc,
        object file set_file: File,
        time last_run_time set_last_run_time,
        text name set_name,
        time next_run_time set_next_run_time,
        text run_state set_run_state,
        number run_state_id set_run_state_id,
        object user set_user: User,
    }
}

impl Job {
    /// A job by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A long text, perhaps cut.
    pub struct LongString {
        flag is_truncated set_is_truncated,
        number untruncated_size set_untruncated_size,
        text value set_value,
    }
}

impl LongString {
    /// A text as it is.
    pub fn new(value: impl Into<Str>) -> Self {
        Self { value: Some(value.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A script or a command.
    #[expect(clippy::struct_field_names, reason = "the names are OCSF's own")]
    pub struct Script {
        object file set_file: File,
        list hashes set_hashes: Fingerprint,
        text name set_name,
        text parent_uid set_parent_uid,
        object script_content set_script_content: LongString,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid set_uid,
    }
}

impl Script {
    /// A script by its content and type: 1 Windows command prompt, 2 PowerShell, 6 Unix shell, 0 when not told.
    pub fn new(content: impl Into<Str>, type_id: i32) -> Self {
        let content = Arc::new(LongString::new(content));
        Self { script_content: Some(content), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A key of the Windows registry.
    pub struct RegKey {
        flag is_system set_is_system,
        time modified_time set_modified_time,
        text path set_path,
        text security_descriptor set_security_descriptor,
    }
}

impl RegKey {
    /// A key by its path.
    pub fn new(path: impl Into<Str>) -> Self {
        Self { path: Some(path.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A value of the Windows registry.
    pub struct RegValue {
        json data set_data,
        flag is_default set_is_default,
        flag is_system set_is_system,
        time modified_time set_modified_time,
        text name set_name,
        text path set_path,
        long reg_integer_data set_reg_integer_data,
        text reg_string_data set_reg_string_data,
        texts reg_string_list_data set_reg_string_list_data,
        text kind set_kind = "type",
        number type_id set_type_id,
    }
}

impl RegValue {
    /// A value by the path of its key and its name.
    pub fn new(path: impl Into<Str>, name: impl Into<Str>) -> Self {
        Self { path: Some(path.into()), name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A Windows service.
    pub struct WinService {
        text cmd_line set_cmd_line,
        texts labels set_labels,
        text load_order_group set_load_order_group,
        text name set_name,
        number service_category_id set_service_category_id,
        text service_error_control set_service_error_control,
        number service_error_control_id set_service_error_control_id,
        object service_file set_service_file: File,
        text service_start_name set_service_start_name,
        text service_start_type set_service_start_type,
        number service_start_type_id set_service_start_type_id,
        text service_type set_service_type,
        number service_type_id set_service_type_id,
        text uid set_uid,
        text version set_version,
    }
}

impl WinService {
    /// A service by name and type: 1 kernel driver, 2 file system driver, 3 own process, 4 shared process, 0 when
    /// not told.
    pub fn new(name: impl Into<Str>, service_type_id: i32) -> Self {
        Self { name: Some(name.into()), service_type_id: Some(service_type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// Something that Windows guards: an object of its kernel or of one of its services.
    pub struct WinResource {
        json data set_data,
        text details set_details,
        texts labels set_labels,
        text name set_name,
        text svc_name set_svc_name,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid set_uid,
        text uid_alt set_uid_alt,
    }
}

impl WinResource {
    /// A resource by name and type (0 when not told).
    pub fn named(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }

    /// A resource by its id, such as a handle, and type (0 when not told).
    pub fn of_uid(uid: impl Into<Str>, type_id: i32) -> Self {
        Self { uid: Some(uid.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A process in the line of another's ancestors.
    pub struct ProcessEntity {
        text cmd_line set_cmd_line,
        time created_time set_created_time,
        text name set_name,
        text path set_path,
        long pid set_pid,
        text uid set_uid,
    }
}

impl ProcessEntity {
    /// A process by its number.
    pub fn of_pid(pid: i64) -> Self {
        Self { pid: Some(pid), ..Self::blank() }
    }

    /// A process by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A process of which only the program is told.
    pub fn of_path(path: impl Into<Str>) -> Self {
        Self { path: Some(path.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A signature under code or a document.
    pub struct DigitalSignature {
        text algorithm set_algorithm,
        number algorithm_id set_algorithm_id,
        object certificate set_certificate: Certificate,
        time created_time set_created_time,
        text developer_uid set_developer_uid,
        object digest set_digest: Fingerprint,
        text state set_state,
        number state_id set_state_id,
    }
}

impl DigitalSignature {
    /// A signature by the number of its algorithm: 4 Authenticode, 0 when not told.
    pub fn new(algorithm_id: i32) -> Self {
        Self { algorithm_id: Some(algorithm_id), ..Self::blank() }
    }
}

impl Process {
    /// The same process as a line of another's ancestors; `None` when nothing is told that names it.
    pub fn entity(&self) -> Option<ProcessEntity> {
        let mut entity = ProcessEntity::blank();
        entity.set_cmd_line(self.cmd_line()).set_created_time(self.created_time()).set_name(self.name());
        entity.set_path(self.path()).set_pid(self.pid()).set_uid(self.uid());
        (entity != ProcessEntity::blank()).then_some(entity)
    }
}

ocsf_open!(
    Module,
    KernelDriver,
    Kernel,
    Job,
    LongString,
    Script,
    RegKey,
    RegValue,
    WinService,
    WinResource,
    ProcessEntity,
    DigitalSignature
);
