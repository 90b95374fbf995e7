//! Who asks, and whom policies name.

use core::fmt;

/// Everybody, with or without an account.
const PUBLIC: &str = "principalset://goog/public:all";
/// Whoever Google has authenticated.
const KNOWN: &str = "allauthenticatedusers";

/// Whose request it is: a principal with the sets that it belongs to.
///
/// ```
/// use homeostat_access::gcp::Caller;
///
/// let maya = Caller::user("maya@acme.example").in_group("ops@acme.example");
/// assert!(maya.is_named("user:Maya@acme.example") && maya.is_named("domain:acme.example"));
/// assert!(maya.is_named("principalSet://goog/group/ops@acme.example") && maya.is_named("allUsers"));
/// assert!(!maya.is_named("serviceAccount:maya@acme.example"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    names: Vec<String>,
}

impl Caller {
    /// A Google account, by its address.
    pub fn user(email: &str) -> Self {
        let domain = email.split_once('@').map(|(_, domain)| format!("domain:{domain}"));
        let known = Self::anonymous().in_set(KNOWN).in_set(&format!("user:{email}"));
        domain.iter().fold(known, |caller, domain| caller.in_set(domain))
    }

    /// A service account, by its address.
    pub fn service_account(email: &str) -> Self {
        Self::anonymous().in_set(KNOWN).in_set(&format!("serviceAccount:{email}"))
    }

    /// Somebody of a workforce or workload pool, by its identifier `principal://…`. The sets that its attributes put it
    /// in are told by [`Caller::in_set`].
    pub fn principal(identifier: &str) -> Self {
        Self::anonymous().in_set(identifier)
    }

    /// Somebody who has not said who it is.
    pub fn anonymous() -> Self {
        Self { names: vec![PUBLIC.to_owned()] }
    }

    /// The caller as a member of a group, by the group's address; also through other groups.
    #[must_use]
    pub fn in_group(self, email: &str) -> Self {
        self.in_set(&format!("group:{email}"))
    }

    /// The caller in a set of principals besides, by its identifier; for boundaries the set that a binding names, such
    /// as `//cloudresourcemanager.googleapis.com/organizations/1`.
    #[must_use]
    pub fn in_set(mut self, identifier: &str) -> Self {
        self.names.push(normal(identifier));
        self
    }

    /// Whether `member`, as policies write it, names the caller.
    pub fn is_named(&self, member: &str) -> bool {
        self.has(&normal(member))
    }

    pub(super) fn has(&self, normal: &str) -> bool {
        self.names.iter().any(|own| own == normal)
    }
}

impl fmt::Debug for Caller {
    /// Shows how many names there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({} names)", self.names.len())
    }
}

/// A name of a principal in the one form that is compared: addresses in any case, identifiers of pools in their own.
pub(super) fn normal(member: &str) -> String {
    let lower = member.trim().to_lowercase();
    let as_set = |kind: &str, of: &str| lower.strip_prefix(kind).map(|name| format!("{of}{name}"));
    if lower == "allusers" {
        return PUBLIC.to_owned();
    }
    let short = as_set("user:", "principal://goog/subject/")
        .or_else(|| as_set("group:", "principalset://goog/group/"))
        .or_else(|| as_set("serviceaccount:", "principal://iam.googleapis.com/projects/-/serviceaccounts/"));
    match short {
        Some(long) => long,
        None if lower.contains("/workloadidentitypools/") || lower.contains("/workforcepools/") => {
            member.trim().to_owned()
        }
        None => lower,
    }
}
