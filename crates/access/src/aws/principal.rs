//! Who asks, and whom a policy names.
//!
//! AWS IAM User Guide, "AWS JSON policy elements: Principal" and what it says of `NotPrincipal`. Groups are never principals.

use crate::aws::arn::account_of;
use core::fmt;

/// Who makes a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    kind: Kind,
    /// ARN, service name or provider; empty for nobody.
    name: String,
    role: Option<String>,
    unique: Option<String>,
    canonical: Option<String>,
    account: Option<Box<str>>,
    is_root: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A user, the root user, a role or a session, by ARN.
    Aws,
    Service,
    Federated,
    Anonymous,
}

impl Principal {
    /// A user, role, root or session, by its ARN. A role stands for its sessions here, and a session of a role
    /// (`arn:aws:sts::…:assumed-role/role/session`) knows its role.
    ///
    /// ```
    /// let jane = homeostat_access::Principal::aws("arn:aws:iam::111122223333:user/jane");
    /// assert_eq!(jane.account(), Some("111122223333"));
    /// ```
    pub fn aws(arn: &str) -> Self {
        let role = match resource_of(arn).split_once('/') {
            Some(("role", _)) => Some(arn.to_owned()),
            Some(("assumed-role", _)) => role_of(arn),
            _ => None,
        };
        Self { role, ..Self::named(Kind::Aws, arn) }
    }

    /// A session of the role `role`, by the session's ARN.
    pub fn session(arn: &str, role: &str) -> Self {
        Self { role: Some(role.to_owned()), ..Self::named(Kind::Aws, arn) }
    }

    /// A service of the provider, such as `lambda.amazonaws.com`.
    pub fn service(name: &str) -> Self {
        Self::named(Kind::Service, name)
    }

    /// Somebody whom an identity provider vouches for.
    pub fn federated(provider: &str) -> Self {
        Self::named(Kind::Federated, provider)
    }

    /// Somebody without credentials.
    pub fn anonymous() -> Self {
        Self::named(Kind::Anonymous, "")
    }

    fn named(kind: Kind, name: &str) -> Self {
        let account = account_of(name).filter(|_| kind == Kind::Aws).map(Into::into);
        let is_root = kind == Kind::Aws && resource_of(name) == "root";
        Self { kind, name: name.to_owned(), role: None, unique: None, canonical: None, account, is_root }
    }

    /// The principal with its unique id, such as `AIDA…`, which policies may name in place of the ARN.
    #[must_use]
    pub fn with_unique_id(mut self, id: &str) -> Self {
        self.unique = Some(id.to_owned());
        self
    }

    /// The principal with the canonical id of its account, which lists of buckets name in place of the account.
    #[must_use]
    pub fn with_canonical_id(mut self, id: &str) -> Self {
        self.canonical = Some(id.to_owned());
        self
    }

    /// The ARN, service or provider; empty for somebody without credentials.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a service of the provider.
    pub fn is_service(&self) -> bool {
        self.kind == Kind::Service
    }

    /// Whether it is the root user of an account.
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// Whether it is a role that a service of the provider made for itself, or a session of one as far as its
    /// ARN tells: organization policies do not limit it.
    pub fn is_service_linked(&self) -> bool {
        self.role.as_deref().is_some_and(|role| resource_of(role).starts_with("role/aws-service-role/"))
    }

    /// The condition keys of every request that it makes, in lower case; `None` for those that are absent.
    pub(crate) fn keys(&self) -> Vec<(&'static str, Option<String>)> {
        let is_aws = self.kind == Kind::Aws;
        let kind = match resource_of(&self.name).split_once('/').map_or("", |(kind, _)| kind) {
            "user" => "User",
            "federated-user" => "FederatedUser",
            "role" | "assumed-role" => "AssumedRole",
            _ => "Account",
        };
        let kind = match self.kind {
            Kind::Aws => Some(kind.to_owned()),
            Kind::Anonymous => Some("Anonymous".to_owned()),
            // The documentation does not tell it of these.
            Kind::Service | Kind::Federated => None,
        };
        let user = resource_of(&self.name).strip_prefix("user/").filter(|_| is_aws);
        let arn = self.role.as_ref().unwrap_or(&self.name);
        let kind = kind.map(|kind| ("aws:principaltype", Some(kind)));
        let others = [
            ("aws:principalarn", is_aws.then(|| arn.clone())),
            ("aws:principalaccount", self.account().map(str::to_owned)),
            ("aws:principalisawsservice", Some(self.is_service().to_string())),
            ("aws:principalservicename", self.is_service().then(|| self.name.clone())),
            ("aws:username", user.and_then(|path| path.rsplit('/').next()).map(str::to_owned)),
        ];
        kind.into_iter().chain(others).collect()
    }

    /// The account the principal belongs to; `None` for services, providers and nobody.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }
}

impl fmt::Debug for Principal {
    /// Shows the kind alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Principal({:?})", self.kind)
    }
}

/// One name in a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Everyone,
    /// Whoever AWS knows, of any account.
    SignedIn,
    Account(String),
    Arn(String),
    Unique(String),
    Service(String),
    Federated(String),
    /// An account by its canonical id.
    Canonical(String),
}

/// How closely a policy names who asks. Later is closer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Closeness {
    /// By the whole account: the account's own policies decide.
    Account,
    /// Everybody is named.
    Everyone,
    /// The role of the session is named.
    Role,
    /// The user, session, service or provider itself is named.
    Itself,
}

impl Named {
    /// Reads one `value` under `class` (`AWS`, `Service`, …); `None` for what names nobody.
    pub(crate) fn parse(class: &str, value: &str) -> Option<Self> {
        Some(match class {
            "AWS" if value == "*" => Self::Everyone,
            "AWS" => Self::aws(value),
            "Service" => Self::Service(value.to_lowercase()),
            "Federated" => Self::Federated(value.to_owned()),
            "CanonicalUser" => Self::Canonical(value.to_owned()),
            _ => return None,
        })
    }

    fn aws(value: &str) -> Self {
        let digits = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
        match value.strip_suffix(":root").and_then(account_of_root) {
            Some(account) => Self::Account(account.to_owned()),
            None if digits => Self::Account(value.to_owned()),
            None if value.starts_with("arn:") => Self::Arn(value.to_owned()),
            None => Self::Unique(value.to_owned()),
        }
    }

    pub(crate) fn names(&self, who: &Principal) -> Option<Closeness> {
        let own = |class, name: &str| {
            (who.kind == class && who.name.eq_ignore_ascii_case(name)).then_some(Closeness::Itself)
        };
        match self {
            Self::Everyone => Some(Closeness::Everyone),
            Self::Account(account) if who.account() == Some(account.as_str()) => {
                Some(if who.is_root() { Closeness::Itself } else { Closeness::Account })
            }
            Self::SignedIn => (who.kind == Kind::Aws).then_some(Closeness::Everyone),
            Self::Canonical(id) => (who.canonical.as_deref() == Some(id)).then_some(Closeness::Account),
            Self::Account(_) => None,
            Self::Arn(arn) => names_arn(arn, who),
            Self::Unique(id) => (who.unique.as_deref() == Some(id)).then(|| who.own_closeness()),
            Self::Service(name) => own(Kind::Service, name),
            Self::Federated(name) => own(Kind::Federated, name),
        }
    }

    /// Whether it names a session of the role of `who`, though not `who` itself.
    pub(crate) fn names_another_session(&self, who: &Principal) -> bool {
        let Self::Arn(arn) = self else { return false };
        let Some(role) = who.role.as_deref().filter(|_| *arn != who.name) else { return false };
        role_of(arn).is_some_and(|named| is_same_role(&named, role))
    }
}

impl Principal {
    fn own_closeness(&self) -> Closeness {
        if self.role.as_deref() == Some(&self.name) { Closeness::Role } else { Closeness::Itself }
    }
}

/// Names stand for whom they spell: AWS has no patterns for parts of a principal.
fn names_arn(arn: &str, who: &Principal) -> Option<Closeness> {
    if who.kind != Kind::Aws {
        None
    } else if arn == who.name {
        Some(who.own_closeness())
    } else {
        who.role.as_deref().filter(|role| is_same_role(arn, role)).map(|_| Closeness::Role)
    }
}

/// Whether two ARNs name one role. The ARN of a session leaves out the path of its role; names of roles are
/// unique in an account, whatever their path.
fn is_same_role(one: &str, two: &str) -> bool {
    let name = |arn| resource_of(arn).strip_prefix("role/").and_then(|role| role.rsplit('/').next());
    one == two || (name(one).is_some() && name(one) == name(two) && account_of(one) == account_of(two))
}

/// The role of a session, by the session's ARN.
fn role_of(session: &str) -> Option<String> {
    let name = resource_of(session).strip_prefix("assumed-role/")?.split('/').next()?;
    let partition = session.split(':').nth(1)?;
    Some(format!("arn:{partition}:iam::{}:role/{name}", account_of(session)?))
}

fn resource_of(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default()
}

fn account_of_root(arn: &str) -> Option<&str> {
    let (head, account) = arn.rsplit_once(':')?;
    (head.starts_with("arn:") && head.ends_with(":iam:")).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_close_as_they_say() {
        let role = Principal::aws("arn:aws:iam::111122223333:role/app").with_unique_id("AROA1");
        let session = Principal::session(
            "arn:aws:sts::111122223333:assumed-role/app/s",
            "arn:aws:iam::111122223333:role/app",
        );
        let user = Principal::aws("arn:aws:iam::111122223333:user/jane");
        for (class, value, who, expected) in [
            ("AWS", "*", &user, Some(Closeness::Everyone)),
            ("AWS", "111122223333", &user, Some(Closeness::Account)),
            ("AWS", "arn:aws:iam::111122223333:root", &role, Some(Closeness::Account)),
            ("AWS", "arn:aws:iam::999999999999:root", &role, None),
            ("AWS", "arn:aws:iam::111122223333:role/app", &role, Some(Closeness::Role)),
            ("AWS", "arn:aws:iam::111122223333:role/app", &session, Some(Closeness::Role)),
            ("AWS", "arn:aws:sts::111122223333:assumed-role/app/s", &session, Some(Closeness::Itself)),
            ("AWS", "AROA1", &role, Some(Closeness::Role)),
            ("AWS", "arn:aws:iam::111122223333:role/*", &role, None),
            ("AWS", "arn:aws:iam::111122223333:role/team/app", &session, Some(Closeness::Role)),
            ("AWS", "arn:aws:iam::111122223333:user/jane", &user, Some(Closeness::Itself)),
            ("AWS", "arn:aws:iam::111122223333:group/jane", &user, None),
            (
                "Service",
                "lambda.amazonaws.com",
                &Principal::service("lambda.amazonaws.com"),
                Some(Closeness::Itself),
            ),
            ("Service", "lambda.amazonaws.com", &user, None),
            ("Federated", "cognito", &Principal::federated("cognito"), Some(Closeness::Itself)),
            ("AWS", "*", &Principal::anonymous(), Some(Closeness::Everyone)),
        ] {
            assert_eq!(Named::parse(class, value).unwrap().names(who), expected, "{class} {value}");
        }
        assert_eq!(Named::parse("Group", "x"), None);
    }
}
