//! What an event looks at without taking or changing it: a name, a host, a folder, what a service holds.
//!
//! O(length of the names).

use crate::semantics::meaning;
use core::fmt;
use homeostat_baseline::{DnsAnswer, DnsQuery, DomainName};
use homeostat_core::{Role, Timestamp, xxh64};
use homeostat_event::{ClassUid, Event, File};
use std::borrow::Cow;

/// A way of looking round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// Asking for names that do not exist, or that carry something.
    Names,
    /// Visiting hosts.
    Hosts,
    /// Opening folders, buckets and other holders of data.
    Folders,
    /// Asking services what they hold.
    Services,
}

impl Way {
    pub(crate) const ALL: [Self; 4] = [Self::Names, Self::Hosts, Self::Folders, Self::Services];

    /// The name of the things looked at.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Names => "new names without an answer",
            Self::Hosts => "new hosts",
            Self::Folders => "new folders",
            Self::Services => "new questions to services",
        }
    }

    /// The technique, of the tactic Discovery: remote systems, cloud services, files and folders, cloud infrastructure.
    pub(crate) const fn technique(self) -> &'static str {
        match self {
            Self::Names => "T1018",
            Self::Hosts => "T1526",
            Self::Folders => "T1083",
            Self::Services => "T1580",
        }
    }
}

/// The number of OCSF's class File Hosting Activity's type of files that are folders.
const FOLDER: i32 = 2;
/// OCSF's activity Read of API activities, and Open of hosted files.
const READ: u32 = 2;
const OPEN: u32 = 14;
/// The server's answer that there is no such name (RFC 1035, 4.1.1).
const NO_SUCH_NAME: i32 = 3;

/// One look.
pub(crate) struct Look<'a> {
    pub(crate) way: Way,
    /// Whether it counts: what comes with reading only makes a place known.
    pub(crate) counts: bool,
    what: Cow<'a, str>,
    // The name asked for, of a look-up.
    asked: Option<(&'a str, DnsAnswer)>,
}

impl fmt::Debug for Look<'_> {
    /// Shows the way alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Look({:?})", self.way)
    }
}

impl<'a> Look<'a> {
    /// What `event` looks at; `None` when it does something else.
    pub(crate) fn of(event: &'a Event) -> Option<Self> {
        match event.class_uid() {
            ClassUid::DNS_ACTIVITY => Self::of_name(event),
            ClassUid::HTTP_ACTIVITY => Self::of_host(event),
            ClassUid::FILE_HOSTING => Self::of_file(event),
            ClassUid::API_ACTIVITY => Self::of_call(event),
            _ => None,
        }
    }

    fn new(way: Way, what: impl Into<Cow<'a, str>>) -> Self {
        Self { way, counts: true, what: what.into(), asked: None }
    }

    fn of_name(event: &'a Event) -> Option<Self> {
        let dns = event.dns()?;
        let (name, missing) = (dns.hostname()?, dns.rcode() == Some(NO_SUCH_NAME));
        let answer = if missing { DnsAnswer::Missing } else { DnsAnswer::Found };
        let look =
            if missing { Self::new(Way::Names, name) } else { Self::new(Way::Hosts, registered(name)?) };
        Some(Self { asked: Some((name, answer)), ..look })
    }

    fn of_host(event: &'a Event) -> Option<Self> {
        let url = event.http_request().and_then(|request| request.url()).and_then(|url| url.hostname());
        let host = url.or_else(|| event.dst_endpoint().and_then(|end| end.hostname()))?;
        Some(Self::new(Way::Hosts, registered(host)?))
    }

    fn of_file(event: &'a Event) -> Option<Self> {
        let file = event.file()?;
        let look = Self::new(Way::Folders, folder(file)?);
        Some(Self { counts: file.type_id() == Some(FOLDER) && event.activity_id() == OPEN, ..look })
    }

    fn of_call(event: &'a Event) -> Option<Self> {
        let known = meaning(event.service(), event.action());
        let technique = known.as_ref().map(|meaning| meaning.technique.as_str());
        let looks = match technique {
            Some(technique) => DISCOVERY.iter().any(|id| technique.starts_with(id)),
            None => event.activity_id() == READ,
        };
        let holder = event.entities().into_iter().find(|(_, role)| *role == Role::Target);
        match (looks, holder) {
            (false, _) => None,
            (true, Some((key, _))) if technique == Some("T1619") => {
                Some(Self::new(Way::Folders, key.value().to_owned()))
            }
            _ => Some(Self::new(Way::Services, format!("{} {}", event.service()?, event.action()))),
        }
    }

    /// The hash of what is looked at.
    pub(crate) fn thing(&self, seed: u64) -> u64 {
        let mut bytes = seed.to_le_bytes().to_vec();
        bytes.push(self.way as u8);
        bytes.extend(self.what.bytes().map(|byte| byte.to_ascii_lowercase()));
        xxh64(&bytes)
    }

    /// The look-up, when it is one.
    pub(crate) fn query(&self, now: Timestamp) -> Option<DnsQuery<'a>> {
        let (name, answer) = self.asked?;
        Some(DnsQuery::new(now, DomainName::new(name)?, answer))
    }
}

/// Techniques of the tactic Discovery that calls of an API serve.
const DISCOVERY: [&str; 7] = ["T1087", "T1069", "T1580", "T1619", "T1526", "T1082", "T1018"];

/// The name under which a host is registered; the host itself where there is none, as with an address.
fn registered(host: &str) -> Option<&str> {
    if host.is_empty() {
        return None;
    }
    Some(DomainName::new(host).map_or(host, DomainName::registered))
}

/// The folder that `file` is, or lies in.
fn folder(file: &File) -> Option<String> {
    let place = file.uri().or(file.path());
    if file.type_id() == Some(FOLDER) {
        return place.or(file.name()).map(str::to_owned);
    }
    let above = place.and_then(|place| Some(place.rsplit_once(['/', '\\'])?.0.to_owned()));
    above.or_else(|| file.parent_folder().map(str::to_owned))
}
