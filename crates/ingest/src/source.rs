//! What a source is, and which source a record is of: decided by the record, not by its file.

use crate::alert::{DefenderAlert, Falcon, SentinelOne};
use crate::auditd::Auditd;
use crate::azure_activity::AzureActivity;
use crate::azure_firewall::AzureFirewall;
use crate::bedrock::Bedrock;
use crate::cloudtrail::CloudTrail;
use crate::declared::Declared;
use crate::entra::{EntraAudit, EntraRisk, EntraSignIn};
use crate::gcp::{GcpAudit, GcpDns, GcpFlow};
use crate::github::GitHub;
use crate::guardduty::GuardDuty;
use crate::kubernetes::Kubernetes;
use crate::m365::M365;
use crate::mail::{DefenderMail, Eml, MessageTrace, Mimecast, Proofpoint};
use crate::ocsf::Ocsf;
use crate::okta::Okta;
use crate::record::Record;
use crate::route53::Route53Resolver;
use crate::security_hub::SecurityHub;
use crate::suricata::Suricata;
use crate::syslog::Syslog;
use crate::vpc_flow::VpcFlow;
use crate::waf::Waf;
use crate::windows::Windows;
use crate::workspace::Workspace;
use crate::zeek::Zeek;
use core::fmt;
use homeostat_core::{TenantId, Timestamp};
use homeostat_event::Event;

/// One kind of log: how its records are told, and what events they become.
///
/// Laws, which [`Ingest`](crate::Ingest) rests on:
/// - the same record and context MUST give the same events;
/// - a source MUST NOT panic on any record, recognised or not;
/// - [`Source::map`] MUST take only what it puts into an event: what it does not take stands in `unmapped`;
/// - every event it makes MUST pass [`homeostat_event::validate`] without an error;
/// - it MAY make no event, and the record then becomes a base event with everything in `unmapped`.
///
/// `examples/own_source.rs` is a whole source of a vendor's own.
pub trait Source {
    /// The name under which coverage counts the source, in lower case.
    fn name(&self) -> &str;

    /// Whether the record is of this source. Cheap: it looks at a few names.
    fn recognises(&self, record: &Record<'_>) -> bool;

    /// Appends what the record tells to `events`: usually one event, several when it holds several acts.
    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>);
}

/// What records do not tell of themselves and the caller knows. All of it may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// The vendor's customer whose data this is.
    pub tenant: Option<TenantId>,
    /// The directory that names users: an Okta org, an Entra tenant.
    pub directory: Option<String>,
    /// The cloud account.
    pub account: Option<String>,
    /// The cluster that names users and workloads, for logs of Kubernetes.
    pub cluster: Option<String>,
    /// The network that private addresses belong to.
    pub network: Option<String>,
    /// When the last record was written at the latest, such as when its file was last changed: tells the year of
    /// records that name none.
    pub latest: Option<Timestamp>,
}

impl Context {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the tenant.
    #[must_use]
    pub fn with_tenant(self, tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    /// Names the directory.
    #[must_use]
    pub fn with_directory(self, directory: impl Into<String>) -> Self {
        Self { directory: Some(directory.into()), ..self }
    }

    /// Names the cloud account.
    #[must_use]
    pub fn with_account(self, account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// Names the cluster.
    #[must_use]
    pub fn with_cluster(self, cluster: impl Into<String>) -> Self {
        Self { cluster: Some(cluster.into()), ..self }
    }

    /// Names the network.
    #[must_use]
    pub fn with_network(self, network: impl Into<String>) -> Self {
        Self { network: Some(network.into()), ..self }
    }

    /// Tells when the last record was written at the latest.
    #[must_use]
    pub fn with_latest(self, latest: Timestamp) -> Self {
        Self { latest: Some(latest), ..self }
    }
}

/// The sources that are looked for, in order: the first that recognises a record has it.
///
/// The default holds every source of this crate. A vendor's own goes first with [`Registry::first`].
pub struct Registry {
    sources: Vec<Box<dyn Source + Send + Sync>>,
}

impl Default for Registry {
    fn default() -> Self {
        let registry = Self::empty()
            .last(CloudTrail)
            .last(Ocsf)
            .last(VpcFlow)
            .last(Route53Resolver)
            .last(Waf)
            .last(GuardDuty)
            .last(SecurityHub)
            // Before the others of Azure Monitor, whose envelope it may come in.
            .last(DefenderMail)
            .last(EntraSignIn)
            .last(EntraAudit)
            .last(EntraRisk)
            .last(AzureFirewall)
            .last(AzureActivity)
            .last(GcpAudit)
            .last(GcpDns)
            .last(GcpFlow)
            .last(Kubernetes)
            .last(Okta)
            .last(Suricata)
            .last(Windows)
            .last(Auditd)
            .last(Syslog)
            .last(Zeek)
            .last(M365)
            .last(Workspace)
            .last(GitHub)
            .last(MessageTrace)
            .last(Mimecast)
            .last(Proofpoint)
            .last(Eml)
            .last(Bedrock)
            .last(Falcon)
            .last(DefenderAlert)
            .last(SentinelOne);
        Declared::own().fold(registry, Self::last)
    }
}

impl Registry {
    /// No source at all: every record becomes a base event.
    pub fn empty() -> Self {
        Self { sources: Vec::new() }
    }

    /// Looks for `source` before all others.
    #[must_use]
    pub fn first(mut self, source: impl Source + Send + Sync + 'static) -> Self {
        self.sources.insert(0, Box::new(source));
        self
    }

    /// Looks for `source` after all others.
    #[must_use]
    pub fn last(mut self, source: impl Source + Send + Sync + 'static) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// Only the source called `name`; empty when there is none.
    #[must_use]
    pub fn only(mut self, name: &str) -> Self {
        self.sources.retain(|source| source.name() == name);
        self
    }

    /// The names of the sources, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.name())
    }

    pub(crate) fn find(&self, record: &Record<'_>) -> Option<&dyn Source> {
        let found = self.sources.iter().find(|source| source.recognises(record))?;
        Some(&**found)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
