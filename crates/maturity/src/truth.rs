//! What really happened: the stories' steps, told beside the logs and never in them.

use crate::log::Mark;
use core::fmt;
use homeostat_core::{EntityKey, EventRef, Stage, Technique};

/// Something that is done at Acme on top of everyday life.
///
/// A tenant written without a story is, byte for byte, the tenant with it less the story's records: its
/// negative twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Story {
    /// The attack over identity, cloud and network: a stolen session, an application's grant, a role, rights,
    /// a key, the objects of a bucket nobody uses, their upload to an unknown host.
    MultiHop,
    /// Benign: an employee abroad signs in with the known device, switches role and downloads own files.
    Trip,
    /// An account made today signs in from a place unknown to the tenant and grants an application the mailbox.
    ShadowIdentity,
    /// Benign: twenty people join over the history, five of them today, among them `new-8`.
    Joiners,
    /// A service account is given every right; the day after its key reads a bucket from an unknown place.
    WildcardPolicy,
    /// Benign: the same change to another service account, with an approval, and nothing follows.
    ApprovedPolicy,
    /// Six products find something about two hundred people, as the dice fall.
    Walks,
    /// Benign: somebody signs in to a new internal tool and opens it.
    NewTool,
    /// What was taken from the service account comes back: the same way, attached, by a group, by a role's trust;
    /// each is taken back again.
    Comeback,
    /// Benign: tags, the same documents in another order, a right less, a resource of its own, an approved change
    /// and the same once more.
    Maintenance,
    /// A sign-in with the password through a service that hides who comes; later the person shows a safe factor.
    HiddenSignIn,
    /// Benign: the same address looks at the public site and signs in to nothing.
    Scanner,
    /// Twelve addresses try two passwords on thirty-eight accounts, slowly, and one fits; the office works on.
    PasswordSpray,
    /// Benign: on a Monday all passwords have run out, and everybody mistypes.
    PasswordExpiry,
    /// Benign: a service account with an old password fails five hundred times from its one host.
    BrokenService,
    /// Names, hosts, folders and services are looked at within a quarter of an hour; then files are taken.
    Reconnaissance,
    /// Benign: somebody is new, and all that is new to them the team knows.
    FirstWeek,
    /// Benign: the account whose declared work it is looks everywhere.
    SecurityScan,
    /// Benign: for twelve minutes the name server answers nobody.
    NameOutage,
    /// Benign: sixty days of a web shop with a declared deployment; a stream of its own.
    WebService,
    /// In that stream: an unknown weakness of the shop is used by one, and four days later by two hundred.
    Exploit,
    /// A service account's job of a month changes overnight; the day after it does the same again, and the old beside
    /// it. Somebody answers for it.
    NewReports,
    /// The same of another account, for which nobody answers.
    NewStock,
    /// Benign: a job grows by two fifths, with the close of a month in it, which was there four weeks before.
    Growth,
    /// On somebody's laptop a program that no other machine has reads the file of a browser's passwords and starts three
    /// others.
    CredentialTheft,
    /// Benign: two people each do four things that are a little unusual for them.
    Grey,
    /// Benign: a new program is handed out to twenty machines at once.
    Rollout,
}

impl Story {
    /// Every story, in order.
    pub const ALL: [Self; 27] = [
        Self::MultiHop,
        Self::Trip,
        Self::ShadowIdentity,
        Self::Joiners,
        Self::WildcardPolicy,
        Self::ApprovedPolicy,
        Self::Walks,
        Self::NewTool,
        Self::Comeback,
        Self::Maintenance,
        Self::HiddenSignIn,
        Self::Scanner,
        Self::PasswordSpray,
        Self::PasswordExpiry,
        Self::BrokenService,
        Self::Reconnaissance,
        Self::FirstWeek,
        Self::SecurityScan,
        Self::NameOutage,
        Self::WebService,
        Self::Exploit,
        Self::NewReports,
        Self::NewStock,
        Self::Growth,
        Self::CredentialTheft,
        Self::Grey,
        Self::Rollout,
    ];

    /// The story's name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MultiHop => "multi-hop",
            Self::Trip => "trip",
            Self::ShadowIdentity => "shadow-identity",
            Self::Joiners => "joiners",
            Self::WildcardPolicy => "wildcard-policy",
            Self::ApprovedPolicy => "approved-policy",
            Self::Walks => "walks",
            Self::NewTool => "new-tool",
            Self::Comeback => "comeback",
            Self::Maintenance => "maintenance",
            Self::HiddenSignIn => "hidden-sign-in",
            Self::Scanner => "scanner",
            Self::PasswordSpray => "password-spray",
            Self::PasswordExpiry => "password-expiry",
            Self::BrokenService => "broken-service",
            Self::Reconnaissance => "reconnaissance",
            Self::FirstWeek => "first-week",
            Self::SecurityScan => "security-scan",
            Self::NameOutage => "name-outage",
            Self::WebService => "web-service",
            Self::Exploit => "exploit",
            Self::NewReports => "new-reports",
            Self::NewStock => "new-stock",
            Self::Growth => "growth",
            Self::CredentialTheft => "credential-theft",
            Self::Grey => "grey",
            Self::Rollout => "rollout",
        }
    }

    /// Whether nothing of it is hostile or to be asked about, so that a target must keep calm.
    pub const fn is_benign(self) -> bool {
        matches!(
            self,
            Self::Trip
                | Self::Joiners
                | Self::ApprovedPolicy
                | Self::NewTool
                | Self::Maintenance
                | Self::Scanner
                | Self::PasswordExpiry
                | Self::BrokenService
                | Self::FirstWeek
                | Self::SecurityScan
                | Self::NameOutage
                | Self::WebService
                | Self::Growth
                | Self::Grey
                | Self::Rollout
        )
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One story as it really went. `Debug` shows counts, never names.
#[derive(Clone, PartialEq)]
pub struct Truth {
    /// Which story.
    pub story: Story,
    /// Its steps, in order.
    pub steps: Vec<TruthStep>,
    /// The identifiers under which its main character appears: all of them are one person or account.
    pub who: Vec<EntityKey>,
    /// The data stores and hosts that are touched.
    pub objects: Vec<EntityKey>,
}

impl Truth {
    /// The ids of all its records, in order of the steps.
    pub fn events(&self) -> Vec<EventRef> {
        self.steps.iter().flat_map(|step| step.events.iter().cloned()).collect()
    }

    /// The step that the record `event` belongs to, from 0.
    pub fn step_of(&self, event: &EventRef) -> Option<usize> {
        self.steps.iter().position(|step| step.events.contains(event))
    }

    pub(crate) fn place(&mut self, marked: &[(Mark, EventRef)]) {
        for (mark, event) in marked.iter().filter(|(mark, _)| mark.story == self.story) {
            if let Some(step) = self.steps.get_mut(mark.step) {
                step.events.push(event.clone());
            }
        }
    }
}

impl fmt::Debug for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Truth({} with {} steps, {} events)", self.story, self.steps.len(), self.events().len())
    }
}

/// One step of a story.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthStep {
    /// How far it brings the attack; [`None`] for a step of a benign story.
    pub stage: Option<Stage>,
    /// The ATT&CK technique.
    pub technique: Option<Technique>,
    /// What is done, in words.
    pub what: &'static str,
    /// The ids of its records, in order of time.
    pub events: Vec<EventRef>,
}
