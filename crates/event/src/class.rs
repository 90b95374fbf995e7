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
    /// A detection of a product.
    pub const DETECTION_FINDING: Self = Self(2004);
    /// A change of an account.
    pub const ACCOUNT_CHANGE: Self = Self(3001);
    /// A sign-in, sign-out or ticket.
    pub const AUTHENTICATION: Self = Self(3002);
    /// A change of something a directory or service manages.
    pub const ENTITY_MANAGEMENT: Self = Self(3004);
    /// A right given to or taken from a user.
    pub const USER_ACCESS: Self = Self(3005);
    /// A change of a group.
    pub const GROUP_MANAGEMENT: Self = Self(3006);
    /// A connection.
    pub const NETWORK_ACTIVITY: Self = Self(4001);
    /// A question to a name server, or its answer.
    pub const DNS_ACTIVITY: Self = Self(4003);
    /// An address asked for or leased.
    pub const DHCP_ACTIVITY: Self = Self(4004);
    /// A call of an interface.
    pub const API_ACTIVITY: Self = Self(6003);

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
