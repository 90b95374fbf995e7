//! How far an attack has come, and by which technique: MITRE ATT&CK ids and the ten stages homeostat tells.

use core::fmt;
use std::sync::Arc;

/// A stage of an attack. The order is that of telling, not a law: a third of real steps go backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Getting in (ATT&CK Initial Access, Credential Access by phishing, Execution at the entry).
    Entry,
    /// Looking round (Discovery, Reconnaissance).
    Discovery,
    /// Gaining rights (Privilege Escalation, Credential Access).
    Privilege,
    /// Staying (Persistence).
    Persistence,
    /// Hiding (Defense Evasion).
    Evasion,
    /// Going on to other systems and identities (Lateral Movement).
    Movement,
    /// Gathering (Collection).
    Collection,
    /// Remote control (Command and Control).
    C2,
    /// Taking out (Exfiltration).
    Egress,
    /// Damage (Impact).
    Impact,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 10] = [
        Self::Entry,
        Self::Discovery,
        Self::Privilege,
        Self::Persistence,
        Self::Evasion,
        Self::Movement,
        Self::Collection,
        Self::C2,
        Self::Egress,
        Self::Impact,
    ];

    /// The wire word, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Discovery => "discovery",
            Self::Privilege => "privilege",
            Self::Persistence => "persistence",
            Self::Evasion => "evasion",
            Self::Movement => "movement",
            Self::Collection => "collection",
            Self::C2 => "c2",
            Self::Egress => "egress",
            Self::Impact => "impact",
        }
    }

    /// Reads the wire word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An ATT&CK technique id such as `T1098` or `T1098.001`. Cloning is cheap.
///
/// ```
/// use homeostat_core::Technique;
/// assert_eq!(Technique::parse("T1098.001").unwrap().parent(), "T1098");
/// assert_eq!(Technique::parse("brute force"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Technique(Arc<str>);

impl Technique {
    /// Reads `T` and four digits, optionally a dot and three more.
    pub fn parse(text: &str) -> Option<Self> {
        let (parent, sub) = text.split_once('.').unwrap_or((text, "000"));
        let digits = parent.strip_prefix('T')?;
        let all_digits = digits.bytes().chain(sub.bytes()).all(|byte| byte.is_ascii_digit());
        (digits.len() == 4 && sub.len() == 3 && all_digits).then(|| Self(text.into()))
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id without its sub-technique.
    pub fn parent(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
