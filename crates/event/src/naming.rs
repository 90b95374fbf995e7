//! How one identifier becomes a canonical key: its kind by its shape, its scope by who names it.
//!
//! Shapes (ARN, SID, mail address, resource path, GUID) decide first, the product second. The table is the
//! closed one of `EntityKind`; what nothing fits is a native id of its source. O(length) an identifier.

use crate::arn::{Arn, is_access_key, is_account, is_instance, is_role_id};
use crate::device::Device;
use crate::event::Event;
use crate::identity::{Group, Session, User};
use crate::keys;
use crate::lend::lent;
use crate::metadata::Metadata;
use crate::network::NetworkEndpoint;
use crate::provider::{Provider, source_name};
use homeostat_core::{EntityKey, EntityKind};
use std::sync::Arc;

/// Who names the identifiers of an event that do not tell it themselves.
pub(crate) struct Naming<'a> {
    tenant: &'a str,
    names: Arc<Names>,
    cloud_account: &'a str,
    /// The account or directory of who acts.
    directory: Option<&'a str>,
}

/// The namers that have to be spelt anew.
pub(crate) struct Names {
    provider: Provider,
    source: String,
    /// The host's name, else its id, in lower case.
    host: String,
}

impl Names {
    fn of(event: &Event) -> Self {
        let product = event.metadata().and_then(Metadata::product);
        let host = event.device().and_then(host_name);
        Self {
            provider: Provider::of(event, product),
            source: source_name(product),
            host: host.unwrap_or_else(|| EntityKey::UNSCOPED.to_owned()),
        }
    }
}

impl<'a> Naming<'a> {
    pub(crate) fn of(event: &'a Event) -> Self {
        let lent = lent(event).map(|lent| Arc::clone(&lent.names));
        let account = event.cloud().and_then(|cloud| cloud.account());
        Self {
            tenant: event.metadata().and_then(Metadata::tenant_uid).unwrap_or(EntityKey::UNSCOPED),
            names: lent.unwrap_or_else(|| Arc::new(Names::of(event))),
            cloud_account: account.and_then(|account| account.uid()).unwrap_or(EntityKey::UNSCOPED),
            directory: keys::acting_user(event).and_then(User::account).and_then(|account| account.uid()),
        }
    }

    pub(crate) fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// Whether the host is told on which it happened.
    pub(crate) fn on_host(&self) -> bool {
        self.names.host != EntityKey::UNSCOPED
    }

    /// Whether the names are those of a cluster of Kubernetes.
    pub(crate) fn in_cluster(&self) -> bool {
        self.names.provider == Provider::Kubernetes
    }

    /// The cluster: the account of who acts in it, else the cloud account.
    fn cluster(&self) -> &str {
        self.directory.unwrap_or(self.cloud_account)
    }

    /// The provider, else the product, in one lower-case word.
    fn who(&self) -> &str {
        if self.names.provider == Provider::Other { &self.names.source } else { self.names.provider.word() }
    }

    /// `provider/organization`; without an organization the unknown one.
    fn organization(&self, account: Option<&str>) -> String {
        format!("{}/{}", self.who(), account.or(self.directory).unwrap_or(EntityKey::UNSCOPED))
    }

    /// The keys of a user, the best first: immutable id, login, mail address, domain account, name in its account.
    pub(crate) fn user(&self, user: &User) -> Vec<EntityKey> {
        let account = user.account().and_then(|account| account.uid());
        let mut keys = Vec::new();
        if let (Provider::Kubernetes, Some(name)) = (self.names.provider, user.name()) {
            keys.extend(self.kubernetes(name, account));
            return keys;
        }
        keys.extend(user.uid().and_then(|uid| self.principal(uid, account, user.type_id())));
        if let Some(name) = user.name() {
            self.login(name, user.domain(), &mut keys);
        }
        keys.extend(user.email_addr().and_then(|mail| key(EntityKind::Email, self.tenant, mail)));
        keys.extend(user.uid().and_then(Arn::parse).and_then(|arn| self.iam_name(&arn, user.name()?)));
        if keys.is_empty() {
            keys.extend(user.name().and_then(|name| key(EntityKind::NativeId, self.who(), name)));
        }
        keys
    }

    /// The plain name of an IAM user: one of its kind in the account, whatever the path.
    fn iam_name(&self, arn: &Arn<'_>, name: &str) -> Option<EntityKey> {
        let named = arn.is_user() && arn.last() == name && arn.resource != name;
        named.then(|| key(EntityKind::NativeId, &self.organization(Some(arn.account)), name))?
    }

    /// The key of the immutable id of someone who can act.
    fn principal(&self, uid: &str, account: Option<&str>, type_id: Option<i32>) -> Option<EntityKey> {
        if let Some(arn) = Arn::parse(uid) {
            return arn.key();
        }
        if let (Provider::Aws, Some((id, name))) = (self.names.provider, uid.split_once(':')) {
            return self.session_of_aws(id, name);
        }
        if uid.starts_with("S-1-") {
            return sid(uid, &self.names.host);
        }
        if uid.starts_with("system:") || self.names.provider == Provider::Kubernetes {
            return self.kubernetes(uid, account);
        }
        let directory = account.unwrap_or(EntityKey::UNSCOPED);
        match self.names.provider {
            Provider::Entra if type_id == Some(4) => key(EntityKind::ServicePrincipalId, directory, uid),
            Provider::Okta | Provider::Entra if !uid.contains('@') => {
                key(EntityKind::DirectoryObjectId, directory, uid)
            }
            _ if uid.contains('@') && !uid.contains(':') => self.mail(uid),
            Provider::Other if account.is_some() => {
                key(EntityKind::SaasUserId, &self.organization(account), uid)
            }
            _ => key(EntityKind::NativeId, self.who(), uid),
        }
    }

    /// The caller may have chosen the name in `AROA…:name` and `account:name`: the role and the whole are what is
    /// sure. In any other `provider:name` the provider set it, a mail address where people sign in by theirs.
    fn session_of_aws(&self, id: &str, name: &str) -> Option<EntityKey> {
        if is_role_id(id) {
            return key(EntityKind::NativeId, self.who(), id);
        }
        if is_account(id) {
            return key(EntityKind::NativeId, self.who(), &format!("{id}:{name}"));
        }
        let name = name.rsplit(':').next().unwrap_or(name);
        if name.contains('@') { self.mail(name) } else { key(EntityKind::NativeId, self.who(), name) }
    }

    fn login(&self, name: &str, domain: Option<&str>, keys: &mut Vec<EntityKey>) {
        if name.starts_with("system:") {
            keys.extend(self.kubernetes(name, None));
        } else if name.ends_with(".gserviceaccount.com") {
            keys.extend(self.mail(name));
        } else if name.contains('@') {
            keys.extend(key(EntityKind::Upn, self.tenant, name));
            keys.extend(key(EntityKind::Email, self.tenant, name));
        } else if let Some((domain, name)) = name.split_once('\\') {
            keys.extend(self.account_of(domain, name));
        } else if let Some(domain) = domain {
            keys.extend(self.account_of(domain, name));
        } else if self.names.provider == Provider::Other && self.on_host() {
            keys.extend(key(EntityKind::LocalUser, &self.names.host, name));
        }
    }

    /// The key of `domain\name`: of the host where the domain is the host's own or one that every host has.
    fn account_of(&self, domain: &str, name: &str) -> Option<EntityKey> {
        const EVERYWHERE: [&str; 8] = [
            ".",
            "builtin",
            "font driver host",
            "localhost",
            "nt authority",
            "nt service",
            "window manager",
            "workgroup",
        ];
        let domain = domain.to_lowercase();
        let short = self.names.host.split('.').next().unwrap_or_default();
        let local = domain == short || domain == self.names.host || EVERYWHERE.contains(&domain.as_str());
        if local && self.on_host() {
            return key(EntityKind::LocalUser, &self.names.host, name);
        }
        key(EntityKind::Sam, &domain, name)
    }

    /// A Google service account under its project, any other address as mail of the tenant.
    fn mail(&self, address: &str) -> Option<EntityKey> {
        let project = address.strip_suffix(".iam.gserviceaccount.com").and_then(|rest| rest.rsplit_once('@'));
        match project {
            Some((_, project)) => key(EntityKind::GcpServiceAccount, project, address),
            None if address.ends_with(".gserviceaccount.com") => {
                key(EntityKind::GcpServiceAccount, EntityKey::UNSCOPED, address)
            }
            None => key(EntityKind::Email, self.tenant, address),
        }
    }

    /// What Kubernetes calls `name`, in the scope of the cluster; anonymous is nobody.
    fn kubernetes(&self, name: &str, cluster: Option<&str>) -> Option<EntityKey> {
        let cluster = cluster.unwrap_or(self.cluster());
        let mut parts = name.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("system"), Some("serviceaccount"), Some(name)) => {
                key(EntityKind::K8sServiceAccount, cluster, name)
            }
            (Some("system"), Some("node"), Some(name)) => key(EntityKind::K8sNode, cluster, name),
            (Some("system"), Some("anonymous" | "unauthenticated"), _) => None,
            _ => key(EntityKind::K8sUser, cluster, name),
        }
    }

    /// The keys of a session of `user`: the session itself, and the credential it was opened with.
    pub(crate) fn session(&self, session: &Session, user: Option<&User>) -> Vec<EntityKey> {
        let account = user.and_then(User::account).and_then(|account| account.uid());
        let role = user.and_then(User::uid).and_then(Arn::parse).filter(Arn::is_role);
        let uid = session.uid().and_then(|uid| match role {
            Some(role) => key(EntityKind::RoleSession, role.account, &format!("{}/{uid}", role.text)),
            // Okta's sessions are those of browsers, also where it knows the machine.
            None if self.on_host() && self.names.provider != Provider::Okta => {
                key(EntityKind::LogonSession, &self.names.host, uid)
            }
            None => key(EntityKind::WebSession, &self.organization(account), uid),
        });
        let credential = session.credential_uid().and_then(|uid| self.credential(uid, account));
        uid.into_iter().chain(credential).collect()
    }

    /// The key of a credential's id.
    pub(crate) fn credential(&self, uid: &str, account: Option<&str>) -> Option<EntityKey> {
        if self.names.provider == Provider::Aws {
            key(EntityKind::AccessKey, self.tenant, uid)
        } else {
            key(EntityKind::ApiToken, &self.organization(account), uid)
        }
    }

    /// The key of an application that acts, by id or name.
    pub(crate) fn application(&self, uid: Option<&str>, name: Option<&str>) -> Option<EntityKey> {
        match (self.names.provider, uid) {
            (Provider::Aws, _) => key(EntityKind::NativeId, "aws", uid.or(name)?),
            (Provider::Other, Some(uid)) => key(EntityKind::NativeId, self.who(), uid),
            (_, Some(uid)) => key(EntityKind::AppId, self.who(), uid),
            (_, None) => key(EntityKind::NativeId, self.who(), name?),
        }
    }

    /// The keys of a group.
    pub(crate) fn group(&self, group: &Group) -> Option<EntityKey> {
        let Some(uid) = group.uid() else { return key(EntityKind::NativeId, self.who(), group.name()?) };
        match Arn::parse(uid) {
            Some(arn) => arn.key(),
            None if uid.starts_with("S-1-") => sid(uid, &self.names.host),
            None => key(EntityKind::GroupId, group.domain().unwrap_or(EntityKey::UNSCOPED), uid),
        }
    }

    /// The key of a thing that was acted on.
    pub(crate) fn thing(&self, uid: Option<&str>, name: Option<&str>) -> Option<EntityKey> {
        let Some(uid) = uid else { return key(EntityKind::NativeId, self.who(), name?) };
        if let Some(arn) = Arn::parse(uid) {
            return arn.key();
        }
        let lower = uid.to_lowercase();
        if let Some(path) = lower.strip_prefix("/subscriptions/") {
            return match path.split_once('/') {
                Some((subscription, _)) => key(EntityKind::AzureResource, subscription, uid),
                None => key(EntityKind::CloudAccount, self.who(), path),
            };
        }
        if let Some((_, path)) =
            uid.split_once("projects/").filter(|_| self.names.provider == Provider::Google)
        {
            return match path.split_once('/') {
                Some((project, _)) => key(EntityKind::GcpResource, project, uid),
                None => key(EntityKind::CloudAccount, self.who(), path),
            };
        }
        match self.names.provider {
            Provider::Aws if is_instance(uid) => key(EntityKind::InstanceId, self.cloud_account, uid),
            Provider::Aws if is_account(uid) => key(EntityKind::CloudAccount, "aws", uid),
            Provider::Aws if is_access_key(uid) => key(EntityKind::AccessKey, self.tenant, uid),
            Provider::Okta => key(EntityKind::SaasObject, &self.organization(None), uid),
            Provider::Google | Provider::Other if self.directory.is_some() => {
                key(EntityKind::SaasObject, &self.organization(None), uid)
            }
            _ => key(EntityKind::NativeId, self.who(), uid),
        }
    }

    /// The key of a thing of which the kind is told: what a directory or cluster names by kind, else as
    /// [`Self::thing`].
    pub(crate) fn thing_of_kind(
        &self,
        kind: &str,
        namespace: Option<&str>,
        [uid, name]: [Option<&str>; 2],
    ) -> Option<EntityKey> {
        if self.in_cluster() {
            return self.in_namespace(kind, namespace, name.or(uid)?);
        }
        let plain = uid.is_none_or(|uid| uid.contains(['/', ':']));
        let kind = match kind.to_ascii_lowercase().as_str() {
            _ if plain => return self.thing(uid, name),
            "mailbox" => EntityKind::MailboxId,
            "user" if self.names.provider == Provider::Entra => EntityKind::DirectoryObjectId,
            "group" if self.names.provider == Provider::Entra => EntityKind::GroupId,
            "application" if self.names.provider == Provider::Entra => EntityKind::AppObjectId,
            "serviceprincipal" | "service principal" => EntityKind::ServicePrincipalId,
            "account" | "aws account" | "subscription" | "project" => {
                return key(EntityKind::CloudAccount, self.who(), uid?);
            }
            _ => return self.thing(uid, name),
        };
        key(kind, self.directory.unwrap_or(EntityKey::UNSCOPED), uid?)
    }

    fn in_namespace(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<EntityKey> {
        let kind = kind.to_ascii_lowercase();
        match (kind.as_str(), namespace) {
            ("node" | "nodes", _) => key(EntityKind::K8sNode, self.cluster(), name),
            ("serviceaccount" | "serviceaccounts", Some(namespace)) => {
                key(EntityKind::K8sServiceAccount, self.cluster(), &format!("{namespace}:{name}"))
            }
            (_, Some(namespace)) => {
                key(EntityKind::K8sWorkload, self.cluster(), &format!("{namespace}/{kind}/{name}"))
            }
            (_, None) => key(EntityKind::K8sWorkload, self.cluster(), &format!("{kind}/{name}")),
        }
    }

    /// The key of a file by its path, in the scope of the host.
    pub(crate) fn file(&self, path: &str) -> Option<EntityKey> {
        if self.on_host() { key(EntityKind::File, &self.names.host, path) } else { None }
    }

    /// The key of what only a host names, such as a job or a key of its registry.
    pub(crate) fn local(&self, name: &str) -> Option<EntityKey> {
        key(EntityKind::NativeId, self.who(), &format!("{}/{name}", self.names.host))
    }

    /// The key of a container: of the cluster, else of the host.
    pub(crate) fn container(&self, uid: &str) -> Option<EntityKey> {
        key(EntityKind::ContainerId, if self.in_cluster() { self.cluster() } else { &self.names.host }, uid)
    }

    /// The key of an image of containers or machines.
    pub(crate) fn image(&self, name: &str) -> Option<EntityKey> {
        key(EntityKind::Image, self.tenant, name)
    }

    /// The key of an agent that a vendor has on machines.
    pub(crate) fn agent(&self, uid: &str) -> Option<EntityKey> {
        key(EntityKind::AgentId, &self.organization(None), uid)
    }

    /// The key of a mail by its id.
    pub(crate) fn message(&self, uid: &str) -> Option<EntityKey> {
        key(EntityKind::MessageId, self.tenant, uid)
    }

    /// The address of an endpoint, else its best name.
    pub(crate) fn endpoint(&self, endpoint: &NetworkEndpoint) -> Vec<EntityKey> {
        let network = endpoint.vpc_uid().or_else(|| endpoint.zone()).unwrap_or(self.tenant);
        let mut keys = Vec::new();
        keys.extend(endpoint.ip().and_then(|ip| EntityKey::ip(network, ip).ok()));
        self.host_names(endpoint.hostname(), &mut keys);
        keys.extend(
            endpoint.domain().and_then(|domain| key(EntityKind::Domain, EntityKey::INTERNET, domain)),
        );
        keys.extend(endpoint.mac().and_then(|mac| self.hardware(mac)));
        let instance = endpoint.instance_uid();
        keys.extend(instance.and_then(|uid| key(EntityKind::InstanceId, self.cloud_account, uid)));
        keys
    }

    /// The keys of a device: id, names, address.
    pub(crate) fn device(&self, device: &Device) -> Vec<EntityKey> {
        let organization = device.org().and_then(|org| org.uid().or(org.name()));
        let mut keys = Vec::new();
        keys.extend(
            device.uid().and_then(|uid| key(EntityKind::DeviceId, &self.organization(organization), uid)),
        );
        self.host_names(device.hostname(), &mut keys);
        keys.extend(
            device.instance_uid().and_then(|uid| key(EntityKind::InstanceId, self.cloud_account, uid)),
        );
        keys.extend(device.mac().and_then(|mac| self.hardware(mac)));
        keys.extend(device.ip().and_then(|ip| EntityKey::ip(self.tenant, ip).ok()));
        keys
    }

    /// The key of a hardware address, its pairs parted by colons however the source parts them.
    fn hardware(&self, mac: &str) -> Option<EntityKey> {
        key(EntityKind::Mac, self.tenant, &mac.replace('-', ":"))
    }

    /// A full name gives its short one too; an address in its place gives none.
    fn host_names(&self, hostname: Option<&str>, keys: &mut Vec<EntityKey>) {
        let Some(name) = hostname else { return };
        if name.parse::<std::net::IpAddr>().is_ok() {
            keys.extend(EntityKey::ip(self.tenant, name));
            return;
        }
        match name.trim_end_matches('.').split_once('.') {
            Some((short, _)) => {
                keys.extend(key(EntityKind::Fqdn, self.tenant, name));
                keys.extend(key(EntityKind::Hostname, self.tenant, short));
            }
            None => keys.extend(key(EntityKind::Hostname, self.tenant, name)),
        }
    }

    /// The key of an address of which no more is told.
    pub(crate) fn address(&self, address: &str) -> Option<EntityKey> {
        EntityKey::ip(self.tenant, address).ok()
    }

    /// The key of a host name of which no more is told.
    pub(crate) fn host(&self, name: &str) -> Option<EntityKey> {
        let mut keys = Vec::new();
        self.host_names(Some(name), &mut keys);
        keys.into_iter().next()
    }

    /// The key of a mail address.
    pub(crate) fn mail_address(&self, address: &str) -> Option<EntityKey> {
        key(EntityKind::Email, self.tenant, address)
    }

    /// The key of a process by its id, in the scope of the host.
    pub(crate) fn process(&self, uid: &str) -> Option<EntityKey> {
        key(EntityKind::Process, &self.names.host, uid)
    }
}

/// The name by which what is on a device is scoped: as its own key spells it.
fn host_name(device: &Device) -> Option<String> {
    let name = device.hostname().or(device.uid())?;
    Some(name.trim_end_matches('.').to_lowercase())
}

/// The key, or none when the text names nothing.
pub(crate) fn key(kind: EntityKind, scope: &str, raw: &str) -> Option<EntityKey> {
    EntityKey::new(kind, scope, raw).ok()
}

/// A name on the internet, without a path.
pub(crate) fn domain_name(name: &str) -> Option<EntityKey> {
    key(EntityKind::Domain, EntityKey::INTERNET, name)
}

/// A security identifier: of a domain in the scope of it, a well-known one in that of the host, else no key.
fn sid(text: &str, host: &str) -> Option<EntityKey> {
    if text.starts_with("S-1-5-21-") {
        return key(EntityKind::Sid, text.rsplit_once('-')?.0, text);
    }
    if host == EntityKey::UNSCOPED { None } else { key(EntityKind::Sid, host, text) }
}
