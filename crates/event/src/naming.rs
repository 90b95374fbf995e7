//! How one identifier becomes a canonical key: its kind by its shape, its scope by who names it.
//!
//! Shapes (ARN, SID, mail address, resource path, GUID) decide first, the product second. The table is the
//! closed one of `EntityKind`; what nothing fits is a native id of its source. O(length) an identifier.

use crate::device::{Device, File, Process};
use crate::event::Event;
use crate::identity::{Group, Session, User};
use crate::metadata::{Metadata, Product};
use crate::network::NetworkEndpoint;
use homeostat_core::{EntityKey, EntityKind};

/// Who names the identifiers of an event that do not tell it themselves.
pub(crate) struct Naming<'a> {
    tenant: &'a str,
    provider: Provider,
    source: String,
    host: String,
    cloud_account: &'a str,
}

/// Whose identifiers the product's are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Provider {
    Aws,
    Entra,
    Okta,
    Google,
    /// An operating system, which names what lives on its machine.
    Host,
    Kubernetes,
    Other,
}

impl Provider {
    /// The word that stands as a scope.
    fn word(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Google => "google",
            Self::Kubernetes => "kubernetes",
            Self::Host | Self::Other => "",
        }
    }
}

impl<'a> Naming<'a> {
    pub(crate) fn of(event: &'a Event) -> Self {
        let product = event.metadata().and_then(Metadata::product);
        let device = event.device();
        let account = event.cloud().and_then(|cloud| cloud.account());
        Self {
            tenant: event.metadata().and_then(Metadata::tenant_uid).unwrap_or(EntityKey::UNSCOPED),
            provider: provider(event, product),
            source: source_name(product),
            host: host_of(device),
            cloud_account: account.and_then(|account| account.uid()).unwrap_or(EntityKey::UNSCOPED),
        }
    }

    /// The provider, else the product, in one lower-case word.
    fn who(&self) -> &str {
        if self.provider.word().is_empty() { &self.source } else { self.provider.word() }
    }

    /// `provider/organization`; without an organization the unknown one.
    fn organization(&self, account: Option<&str>) -> String {
        format!("{}/{}", self.who(), account.unwrap_or(EntityKey::UNSCOPED))
    }

    /// The keys of a user, the best first: immutable id, login, mail address, domain account, name in its account.
    pub(crate) fn user(&self, user: &User) -> Vec<EntityKey> {
        let account = user.account().and_then(|account| account.uid());
        let mut keys = Vec::new();
        if let (Provider::Kubernetes, Some(name)) = (self.provider, user.name()) {
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
        if let (Provider::Aws, Some((id, name))) = (self.provider, uid.split_once(':')) {
            return self.session_of_aws(id, name);
        }
        if uid.starts_with("S-1-") {
            return sid(uid, &self.host);
        }
        if uid.starts_with("system:") || self.provider == Provider::Kubernetes {
            return self.kubernetes(uid, account);
        }
        if self.provider == Provider::Host && uid.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.local_user(uid);
        }
        let directory = account.unwrap_or(EntityKey::UNSCOPED);
        match self.provider {
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
            keys.extend(key(EntityKind::Sam, &domain.to_lowercase(), name));
        } else if let Some(domain) = domain.filter(|domain| !self.is_of_host(domain)) {
            keys.extend(key(EntityKind::Sam, &domain.to_lowercase(), name));
        } else if self.provider == Provider::Host {
            // A name says more than the number beside it, which is a key only where nothing better is told.
            keys.retain(|key| key.kind() != EntityKind::LocalUser);
            keys.extend(self.local_user(name));
        }
    }

    /// Whether a domain is but the machine's own: its name, or one of those that Windows gives its own services.
    fn is_of_host(&self, domain: &str) -> bool {
        const OWN: [&str; 7] = [
            "NT AUTHORITY",
            "NT SERVICE",
            "BUILTIN",
            "Window Manager",
            "Font Driver Host",
            "WORKGROUP",
            "IIS APPPOOL",
        ];
        let host = self.host.split('.').next().unwrap_or_default();
        self.provider == Provider::Host
            && (domain.eq_ignore_ascii_case(host) || OWN.iter().any(|own| domain.eq_ignore_ascii_case(own)))
    }

    /// The key of an account of the machine, which no other machine knows.
    fn local_user(&self, name: &str) -> Option<EntityKey> {
        (self.host != EntityKey::UNSCOPED).then(|| key(EntityKind::LocalUser, &self.host, name))?
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
        let cluster = cluster.unwrap_or(self.cloud_account);
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
            None if self.host != EntityKey::UNSCOPED && self.provider != Provider::Okta => {
                key(EntityKind::LogonSession, &self.host, uid)
            }
            None => key(EntityKind::WebSession, &self.organization(account), uid),
        });
        let credential = session.credential_uid().and_then(|uid| self.credential(uid, account));
        uid.into_iter().chain(credential).collect()
    }

    /// The key of a credential's id.
    pub(crate) fn credential(&self, uid: &str, account: Option<&str>) -> Option<EntityKey> {
        if self.provider == Provider::Aws {
            key(EntityKind::AccessKey, self.tenant, uid)
        } else {
            key(EntityKind::ApiToken, &self.organization(account), uid)
        }
    }

    /// The key of an application that acts, by id or name.
    pub(crate) fn application(&self, uid: Option<&str>, name: Option<&str>) -> Option<EntityKey> {
        match (self.provider, uid) {
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
            None if uid.starts_with("S-1-") => sid(uid, &self.host),
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
            return key(EntityKind::AzureResource, path.split('/').next()?, uid);
        }
        if let Some((_, path)) = uid.split_once("projects/").filter(|_| self.provider == Provider::Google) {
            return key(EntityKind::GcpResource, path.split('/').next()?, uid);
        }
        match self.provider {
            Provider::Aws if is_instance(uid) => key(EntityKind::InstanceId, self.cloud_account, uid),
            Provider::Aws if is_account(uid) => key(EntityKind::CloudAccount, "aws", uid),
            Provider::Aws if is_access_key(uid) => key(EntityKind::AccessKey, self.tenant, uid),
            Provider::Okta => key(EntityKind::SaasObject, &self.organization(None), uid),
            _ => key(EntityKind::NativeId, self.who(), uid),
        }
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

    /// The key of a process in the scope of the host: its id, else its number and when it began, for numbers
    /// come again.
    pub(crate) fn process(&self, process: &Process) -> Option<EntityKey> {
        let begun = || Some(format!("{}@{}", process.pid()?, process.created_time()?.millis()?));
        match process.uid() {
            Some(uid) => key(EntityKind::Process, &self.host, uid),
            None => key(EntityKind::Process, &self.host, &begun()?),
        }
    }

    /// The key of a process, else of the program that runs in it.
    pub(crate) fn program(&self, process: &Process) -> Option<EntityKey> {
        let path =
            || process.file().and_then(File::path).or_else(|| process.path()).or_else(|| process.name());
        self.process(process).or_else(|| key(EntityKind::File, &self.host, path()?))
    }

    /// The key of a file in the scope of the host.
    pub(crate) fn file(&self, file: &File) -> Option<EntityKey> {
        key(EntityKind::File, &self.host, file.path().or_else(|| file.name())?)
    }
}

/// The key, or none when the text names nothing.
pub(crate) fn key(kind: EntityKind, scope: &str, raw: &str) -> Option<EntityKey> {
    EntityKey::new(kind, scope, raw).ok()
}

/// A name on the internet, without a path.
pub(crate) fn domain_name(name: &str) -> Option<EntityKey> {
    key(EntityKind::Domain, EntityKey::INTERNET, name)
}

/// An Amazon resource name, `arn:partition:service:region:account:resource`.
pub(crate) struct Arn<'a> {
    text: &'a str,
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let (partition, service, _region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { text, partition, service, account: parts.next()?, resource: parts.next()? })
    }

    pub(crate) fn is_role(&self) -> bool {
        self.service == "iam" && self.resource.starts_with("role/")
    }

    pub(crate) fn is_user(&self) -> bool {
        self.service == "iam" && (self.resource.starts_with("user/") || self.resource == "root")
    }

    /// What stands after the last slash.
    fn last(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or(self.resource)
    }

    /// The kind by the shape, the scope by the account, without one by the partition.
    pub(crate) fn key(&self) -> Option<EntityKey> {
        let scope = if self.account.is_empty() { self.partition } else { self.account };
        if let (true, Some(path)) = (self.service == "sts", self.resource.strip_prefix("assumed-role/")) {
            let role = format!("arn:{}:iam::{}:role/{path}", self.partition, self.account);
            return key(EntityKind::RoleSession, scope, &role);
        }
        let kind = match self.resource {
            _ if self.is_user() => EntityKind::IamUserArn,
            _ if self.is_role() => EntityKind::IamRoleArn,
            group if self.service == "iam" && group.starts_with("group/") => EntityKind::IamGroupArn,
            _ => EntityKind::ResourceArn,
        };
        key(kind, scope, self.text)
    }
}

/// A security identifier: of a domain in the scope of it, a well-known one in that of the host, else no key.
fn sid(text: &str, host: &str) -> Option<EntityKey> {
    if text.starts_with("S-1-5-21-") {
        return key(EntityKind::Sid, text.rsplit_once('-')?.0, text);
    }
    if host == EntityKey::UNSCOPED { None } else { key(EntityKind::Sid, host, text) }
}

fn is_instance(uid: &str) -> bool {
    uid.strip_prefix("i-")
        .is_some_and(|rest| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_access_key(uid: &str) -> bool {
    uid.len() == 20 && (uid.starts_with("AKIA") || uid.starts_with("ASIA"))
}

fn is_account(uid: &str) -> bool {
    uid.len() == 12 && uid.bytes().all(|byte| byte.is_ascii_digit())
}

/// The unique id of a role: `AROA` and 17 letters or digits.
fn is_role_id(text: &str) -> bool {
    text.len() >= 16 && text.starts_with("AROA") && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn provider(event: &Event, product: Option<&Product>) -> Provider {
    const WORDS: [(Provider, &[&str]); 6] = [
        (Provider::Host, &["windows", "sysmon", "linux audit", "auditd"]),
        (Provider::Okta, &["okta"]),
        (Provider::Kubernetes, &["kubernetes", "eks", "gke"]),
        (Provider::Aws, &["aws", "amazon"]),
        (Provider::Entra, &["entra", "azure", "microsoft", "365"]),
        (Provider::Google, &["google", "gcp"]),
    ];
    let told = [
        event.cloud().and_then(|cloud| cloud.provider()),
        product.and_then(Product::name),
        product.and_then(Product::vendor_name),
    ];
    let told = told.into_iter().flatten().collect::<Vec<_>>().join(" ").to_lowercase();
    let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| told.contains(word)));
    found.map_or(Provider::Other, |(provider, _)| *provider)
}

/// The name of the machine in lower case, for it stands as a scope.
fn host_of(device: Option<&Device>) -> String {
    let name = device.and_then(|device| device.hostname().or(device.name()).or(device.uid()));
    name.map_or_else(|| EntityKey::UNSCOPED.to_owned(), |name| name.trim_end_matches('.').to_lowercase())
}

fn source_name(product: Option<&Product>) -> String {
    let name = product.and_then(|product| product.name().or(product.uid()).or(product.vendor_name()));
    name.map_or_else(|| EntityKey::UNSCOPED.to_owned(), |name| name.to_lowercase().replace(' ', "_"))
}
