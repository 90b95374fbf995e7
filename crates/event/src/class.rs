//! Which class an event is of, and how severe it is: numbers that keep what this release does not know.

use crate::table;
use core::fmt;

/// The OCSF release this crate emits. Releases 1.1 to 1.9 are read.
pub const OCSF_VERSION: &str = "1.8.0";

/// The class of an event; an unknown number is kept.
///
/// ```
/// use homeostat_event::ClassUid;
/// assert_eq!(ClassUid::AUTHENTICATION.name(), Some("authentication"));
/// assert_eq!(ClassUid::AUTHENTICATION.activity_name(1), Some("Logon"));
/// assert_eq!(ClassUid::from(777_777).name(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassUid(u32);

impl ClassUid {
    /// Whatever no class fits.
    pub const BASE_EVENT: Self = Self(0);
    /// Something is done to a file.
    pub const FILE_ACTIVITY: Self = Self(1001);
    /// A driver or extension of the kernel is loaded or unloaded.
    pub const KERNEL_EXTENSION_ACTIVITY: Self = Self(1002);
    /// A process loads, unloads or calls a module.
    pub const MODULE_ACTIVITY: Self = Self(1005);
    /// Something is done to a job that runs by a timetable.
    pub const SCHEDULED_JOB_ACTIVITY: Self = Self(1006);
    /// A process is started, ended, opened or injected into.
    pub const PROCESS_ACTIVITY: Self = Self(1007);
    /// Something is done to a log: cleared, stopped, exported. The schema's own name has a letter less.
    pub const EVENT_LOG_ACTIVITY: Self = Self(1008);
    /// A script runs.
    pub const SCRIPT_ACTIVITY: Self = Self(1009);
    /// A weakness that was found.
    pub const VULNERABILITY_FINDING: Self = Self(2002);
    /// A check of a rule, and how it came out.
    pub const COMPLIANCE_FINDING: Self = Self(2003);
    /// A detection of a product.
    pub const DETECTION_FINDING: Self = Self(2004);
    /// An incident that a product has put together.
    pub const INCIDENT_FINDING: Self = Self(2005);
    /// Sensitive data found where it should not be.
    pub const DATA_SECURITY_FINDING: Self = Self(2006);
    /// What an analysis of rights has found.
    pub const IAM_ANALYSIS_FINDING: Self = Self(2008);
    /// A change of an account.
    pub const ACCOUNT_CHANGE: Self = Self(3001);
    /// A sign-in, sign-out or ticket.
    pub const AUTHENTICATION: Self = Self(3002);
    /// A session is given rights or groups.
    pub const AUTHORIZE_SESSION: Self = Self(3003);
    /// A change of something a directory or service manages.
    pub const ENTITY_MANAGEMENT: Self = Self(3004);
    /// A right given to or taken from a user.
    pub const USER_ACCESS: Self = Self(3005);
    /// A change of a group.
    pub const GROUP_MANAGEMENT: Self = Self(3006);
    /// A connection.
    pub const NETWORK_ACTIVITY: Self = Self(4001);
    /// A request to a web server, or its answer.
    pub const HTTP_ACTIVITY: Self = Self(4002);
    /// A question to a name server, or its answer.
    pub const DNS_ACTIVITY: Self = Self(4003);
    /// An address asked for or leased.
    pub const DHCP_ACTIVITY: Self = Self(4004);
    /// A connection to a remote desktop.
    pub const RDP_ACTIVITY: Self = Self(4005);
    /// A connection to a share of files.
    pub const SMB_ACTIVITY: Self = Self(4006);
    /// A connection to a remote shell.
    pub const SSH_ACTIVITY: Self = Self(4007);
    /// A transfer of files.
    pub const FTP_ACTIVITY: Self = Self(4008);
    /// A mail is sent, received, scanned or traced.
    pub const EMAIL_ACTIVITY: Self = Self(4009);
    /// A time server is asked, or answers.
    pub const NTP_ACTIVITY: Self = Self(4013);
    /// A tunnel is opened, closed or renewed.
    pub const TUNNEL_ACTIVITY: Self = Self(4014);
    /// What is told of a device in an inventory.
    pub const INVENTORY_INFO: Self = Self(5001);
    /// What is told of a user in an inventory.
    pub const USER_INVENTORY: Self = Self(5003);
    /// Which patches a device has.
    pub const PATCH_STATE: Self = Self(5004);
    /// The security settings of a device have changed.
    pub const DEVICE_CONFIG_STATE_CHANGE: Self = Self(5019);
    /// What is told of software in an inventory.
    pub const SOFTWARE_INFO: Self = Self(5020);
    /// What is told of cloud resources in an inventory.
    pub const CLOUD_RESOURCES_INVENTORY_INFO: Self = Self(5023);
    /// Something is done to resources of a web application.
    pub const WEB_RESOURCES_ACTIVITY: Self = Self(6001);
    /// An application is installed, started, stopped or changed.
    pub const APPLICATION_LIFECYCLE: Self = Self(6002);
    /// A call of an interface.
    pub const API_ACTIVITY: Self = Self(6003);
    /// Something is done to a database, a bucket or a table.
    pub const DATASTORE_ACTIVITY: Self = Self(6005);
    /// Something is done to a file that a service hosts.
    pub const FILE_HOSTING: Self = Self(6006);
    /// A scan starts, ends or fails.
    pub const SCAN_ACTIVITY: Self = Self(6007);
    /// An application reports an error.
    pub const APPLICATION_ERROR: Self = Self(6008);
    /// Something is done to a key of the Windows registry.
    pub const REGISTRY_KEY_ACTIVITY: Self = Self(201_001);
    /// Something is done to a value of the Windows registry.
    pub const REGISTRY_VALUE_ACTIVITY: Self = Self(201_002);
    /// Something that Windows guards is accessed.
    pub const WINDOWS_RESOURCE_ACTIVITY: Self = Self(201_003);
    /// Something is done to a Windows service.
    pub const WINDOWS_SERVICE_ACTIVITY: Self = Self(201_004);

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The schema's name of the class; `None` for one that release 1.8.0 does not know.
    pub fn name(self) -> Option<&'static str> {
        table::class(self.0).map(|class| class.name)
    }

    /// The category that the schema files the class under.
    pub fn category(self) -> Option<u32> {
        table::class(self.0).map(|class| class.category)
    }

    /// The schema's name of an activity of this class.
    pub fn activity_name(self, activity: u32) -> Option<&'static str> {
        table::activity(self.0, activity)
    }
}

impl From<u32> for ClassUid {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for ClassUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How severe an event is by its source; an unknown number is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Severity(i32);

impl Severity {
    /// Not told.
    pub const UNKNOWN: Self = Self(0);
    /// Nothing to act on.
    pub const INFORMATIONAL: Self = Self(1);
    /// To be looked at when there is time.
    pub const LOW: Self = Self(2);
    /// To be looked at.
    pub const MEDIUM: Self = Self(3);
    /// To be acted on.
    pub const HIGH: Self = Self(4);
    /// To be acted on at once.
    pub const CRITICAL: Self = Self(5);
    /// Damage is done.
    pub const FATAL: Self = Self(6);

    /// The number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl From<i32> for Severity {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_a_class_that_may_be_emitted() {
        for (class, name) in [
            (ClassUid::BASE_EVENT, "base_event"),
            (ClassUid::FILE_ACTIVITY, "file_activity"),
            (ClassUid::KERNEL_EXTENSION_ACTIVITY, "kernel_extension_activity"),
            (ClassUid::MODULE_ACTIVITY, "module_activity"),
            (ClassUid::SCHEDULED_JOB_ACTIVITY, "scheduled_job_activity"),
            (ClassUid::PROCESS_ACTIVITY, "process_activity"),
            (ClassUid::EVENT_LOG_ACTIVITY, "event_log_actvity"),
            (ClassUid::SCRIPT_ACTIVITY, "script_activity"),
            (ClassUid::VULNERABILITY_FINDING, "vulnerability_finding"),
            (ClassUid::COMPLIANCE_FINDING, "compliance_finding"),
            (ClassUid::DETECTION_FINDING, "detection_finding"),
            (ClassUid::INCIDENT_FINDING, "incident_finding"),
            (ClassUid::DATA_SECURITY_FINDING, "data_security_finding"),
            (ClassUid::IAM_ANALYSIS_FINDING, "iam_analysis_finding"),
            (ClassUid::ACCOUNT_CHANGE, "account_change"),
            (ClassUid::AUTHENTICATION, "authentication"),
            (ClassUid::AUTHORIZE_SESSION, "authorize_session"),
            (ClassUid::ENTITY_MANAGEMENT, "entity_management"),
            (ClassUid::USER_ACCESS, "user_access"),
            (ClassUid::GROUP_MANAGEMENT, "group_management"),
            (ClassUid::NETWORK_ACTIVITY, "network_activity"),
            (ClassUid::HTTP_ACTIVITY, "http_activity"),
            (ClassUid::DNS_ACTIVITY, "dns_activity"),
            (ClassUid::DHCP_ACTIVITY, "dhcp_activity"),
            (ClassUid::RDP_ACTIVITY, "rdp_activity"),
            (ClassUid::SMB_ACTIVITY, "smb_activity"),
            (ClassUid::SSH_ACTIVITY, "ssh_activity"),
            (ClassUid::FTP_ACTIVITY, "ftp_activity"),
            (ClassUid::EMAIL_ACTIVITY, "email_activity"),
            (ClassUid::NTP_ACTIVITY, "ntp_activity"),
            (ClassUid::TUNNEL_ACTIVITY, "tunnel_activity"),
            (ClassUid::INVENTORY_INFO, "inventory_info"),
            (ClassUid::USER_INVENTORY, "user_inventory"),
            (ClassUid::PATCH_STATE, "patch_state"),
            (ClassUid::DEVICE_CONFIG_STATE_CHANGE, "device_config_state_change"),
            (ClassUid::SOFTWARE_INFO, "software_info"),
            (ClassUid::CLOUD_RESOURCES_INVENTORY_INFO, "cloud_resources_inventory_info"),
            (ClassUid::WEB_RESOURCES_ACTIVITY, "web_resources_activity"),
            (ClassUid::APPLICATION_LIFECYCLE, "application_lifecycle"),
            (ClassUid::API_ACTIVITY, "api_activity"),
            (ClassUid::DATASTORE_ACTIVITY, "datastore_activity"),
            (ClassUid::FILE_HOSTING, "file_hosting"),
            (ClassUid::SCAN_ACTIVITY, "scan_activity"),
            (ClassUid::APPLICATION_ERROR, "application_error"),
            (ClassUid::REGISTRY_KEY_ACTIVITY, "win/registry_key_activity"),
            (ClassUid::REGISTRY_VALUE_ACTIVITY, "win/registry_value_activity"),
            (ClassUid::WINDOWS_RESOURCE_ACTIVITY, "win/windows_resource_activity"),
            (ClassUid::WINDOWS_SERVICE_ACTIVITY, "win/windows_service_activity"),
        ] {
            assert_eq!(class.name(), Some(name));
            assert!(!table::class(class.get()).unwrap().body.deprecated, "{name}");
        }
    }
}
