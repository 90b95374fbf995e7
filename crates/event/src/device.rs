//! Where on a machine: devices, processes, files.

use crate::cloud::Container;
use crate::host::{DigitalSignature, ProcessEntity};
use crate::identity::{Group, Organization, Session, User};
use crate::metadata::Product;
use crate::network::Location;
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;

ocsf_object! {
    /// A machine on which something happened.
    pub struct Device {
        text name set_name,
        text uid set_uid,
        text desc set_desc,
        text domain set_domain,
        list groups set_groups: Group,
        text hostname set_hostname,
        text instance_uid set_instance_uid,
        text interface_name set_interface_name,
        text interface_uid set_interface_uid,
        text ip set_ip,
        flag is_compliant set_is_compliant,
        flag is_managed set_is_managed,
        flag is_trusted set_is_trusted,
        object location set_location: Location,
        text mac set_mac,
        object org set_org: Organization,
        object os set_os: Os,
        object owner set_owner: User,
        text region set_region,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid_alt set_uid_alt,
    }
}

/// By what a device is known: the schema asks for at least one.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceId {
    /// Its id.
    Uid(Str),
    /// Its host name.
    Hostname(Str),
    /// Its name.
    Name(Str),
    /// Its address.
    Ip(Str),
}

impl Device {
    /// A device of type `type_id` (0 when not told), known by `id`.
    pub fn new(type_id: i32, id: DeviceId) -> Self {
        let mut device = Self { type_id: Some(type_id), ..Self::blank() };
        match id {
            DeviceId::Uid(uid) => device.set_uid(uid),
            DeviceId::Hostname(hostname) => device.set_hostname(hostname),
            DeviceId::Name(name) => device.set_name(name),
            DeviceId::Ip(ip) => device.set_ip(ip),
        };
        device
    }
}

ocsf_object! {
    /// An operating system.
    pub struct Os {
        text build set_build,
        text name set_name,
        text kind set_kind = "type",
        number type_id set_type_id,
        text version set_version,
    }
}

impl Os {
    /// A system by name and type (0 when not told).
    pub fn new(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A running program.
    #[expect(clippy::struct_field_names, reason = "the names are OCSF's own")]
    pub struct Process {
        list ancestry set_ancestry: ProcessEntity,
        long auid set_auid,
        text cmd_line set_cmd_line,
        object container set_container: Container,
        time created_time set_created_time,
        long egid set_egid,
        long euid set_euid,
        object file set_file: File,
        object group set_group: Group,
        text integrity set_integrity,
        number integrity_id set_integrity_id,
        text name set_name,
        object parent_process set_parent_process: Process,
        text path set_path,
        long pid set_pid,
        long ptid set_ptid,
        object session set_session: Session,
        time terminated_time set_terminated_time,
        text uid set_uid,
        object user set_user: User,
        text working_directory set_working_directory,
    }
}

impl Process {
    /// A process by its number.
    pub fn of_pid(pid: i64) -> Self {
        Self { pid: Some(pid), ..Self::blank() }
    }

    /// A process by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A process by number and id, when at least one is told.
    pub fn told(pid: Option<i64>, uid: Option<&str>) -> Option<Self> {
        let process = Self { pid, uid: uid.map(Str::from), ..Self::blank() };
        (pid.is_some() || uid.is_some()).then_some(process)
    }
}

ocsf_object! {
    /// A file.
    pub struct File {
        time accessed_time set_accessed_time,
        long attributes set_attributes,
        text company_name set_company_name,
        time created_time set_created_time,
        object creator set_creator: User,
        text desc set_desc,
        text ext set_ext,
        list hashes set_hashes: Fingerprint,
        text internal_name set_internal_name,
        flag is_deleted set_is_deleted,
        flag is_system set_is_system,
        text mime_type set_mime_type,
        time modified_time set_modified_time,
        text name set_name,
        object owner set_owner: User,
        text parent_folder set_parent_folder,
        text path set_path,
        object product set_product: Product,
        text security_descriptor set_security_descriptor,
        list signatures set_signatures: DigitalSignature,
        long size set_size,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid set_uid,
        text uri set_uri,
        text version set_version,
        text volume set_volume,
    }
}

impl File {
    /// A file by name and type (0 when not told).
    pub fn new(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A hash of something.
    pub struct Fingerprint {
        text algorithm set_algorithm,
        number algorithm_id set_algorithm_id,
        text value set_value,
    }
}

impl Fingerprint {
    /// The hash `value` by the algorithm of number `algorithm_id`.
    pub fn new(algorithm_id: i32, value: impl Into<Str>) -> Self {
        Self { algorithm_id: Some(algorithm_id), value: Some(value.into()), ..Self::blank() }
    }
}

ocsf_open!(Device, Os, Process, File, Fingerprint);
