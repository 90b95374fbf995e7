//! What holds for every identifier of a tenant, as data: `corp\x` is `x@corp.example`.

use core::fmt;
use homeostat_core::{EntityKey, EntityKind, EventRef};

/// A rule of a tenant: login names of one namer are login names of another, with the same local part.
///
/// ```
/// use homeostat_core::{EntityKey, EntityKind};
/// use homeostat_identity::LoginRule;
///
/// let rule = LoginRule::windows_domain("CORP", "corp.example");
/// let login = EntityKey::new(EntityKind::Sam, "corp", "jane")?;
/// assert_eq!(rule.applied("acme", &login).unwrap().value(), "jane@corp.example");
/// # Ok::<(), homeostat_core::BadKey>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LoginRule {
    pub(crate) from: Namer,
    pub(crate) mail_domain: String,
}

/// Who gives out the names that a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Namer {
    /// A Windows domain: `sam` keys of this scope.
    WindowsDomain(String),
    /// A mail domain: `upn` and `email` keys that end in it.
    MailDomain(String),
    /// A cloud account: the last part of the name of its IAM users.
    IamAccount(String),
    /// All mail addresses that are also login names.
    MailIsLogin,
}

impl LoginRule {
    /// `domain\x` is the login `x@mail_domain`.
    pub fn windows_domain(domain: &str, mail_domain: &str) -> Self {
        Self::new(Namer::WindowsDomain(domain.to_lowercase()), mail_domain)
    }

    /// `x@alias` is the login `x@mail_domain`, such as after a change of the company's name.
    pub fn mail_domain(alias: &str, mail_domain: &str) -> Self {
        Self::new(Namer::MailDomain(alias.to_lowercase()), mail_domain)
    }

    /// The IAM user `x` of the cloud account `account` is the login `x@mail_domain`.
    pub fn iam_account(account: &str, mail_domain: &str) -> Self {
        Self::new(Namer::IamAccount(account.to_owned()), mail_domain)
    }

    /// Each mail address in `mail_domain` is a login of the same spelling.
    pub fn mail_is_login(mail_domain: &str) -> Self {
        Self::new(Namer::MailIsLogin, mail_domain)
    }

    /// The login, named by `tenant`, that `key` is by this rule; `None` when the rule does not speak of it.
    pub fn applied(&self, tenant: &str, key: &EntityKey) -> Option<EntityKey> {
        let login = format!("{}@{}", self.local_part(key)?, self.mail_domain);
        EntityKey::new(EntityKind::Upn, tenant, &login).ok().filter(|login| login != key)
    }

    /// The evidence of links that rule number `number` of a tenant gives.
    pub(crate) fn evidence(number: usize) -> Option<EventRef> {
        EventRef::new("tenant-rules", number as u64).ok()
    }

    pub(crate) fn new(from: Namer, mail_domain: &str) -> Self {
        Self { from, mail_domain: mail_domain.to_lowercase() }
    }

    fn local_part<'a>(&self, key: &'a EntityKey) -> Option<&'a str> {
        let is_mail = matches!(key.kind(), EntityKind::Upn | EntityKind::Email);
        match &self.from {
            Namer::WindowsDomain(domain) => {
                let person = key.kind() == EntityKind::Sam && !key.value().ends_with('$');
                (person && key.scope().eq_ignore_ascii_case(domain)).then(|| key.value())
            }
            Namer::MailDomain(alias) if is_mail => local_part_at(key.value(), alias),
            Namer::MailIsLogin if is_mail => local_part_at(key.value(), &self.mail_domain),
            Namer::IamAccount(account) => {
                let user = key.kind() == EntityKind::IamUserArn && key.scope() == account;
                let name = key.value().rsplit(['/', ':']).next()?;
                (user && !name.contains('@')).then_some(name)
            }
            Namer::MailDomain(_) | Namer::MailIsLogin => None,
        }
    }
}

fn local_part_at<'a>(address: &'a str, domain: &str) -> Option<&'a str> {
    address.rsplit_once('@').filter(|(_, of)| *of == domain).map(|(local, _)| local)
}

impl fmt::Debug for LoginRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.from {
            Namer::WindowsDomain(_) => "LoginRule(windows domain)",
            Namer::MailDomain(_) => "LoginRule(mail domain)",
            Namer::IamAccount(_) => "LoginRule(iam account)",
            Namer::MailIsLogin => "LoginRule(mail is login)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &LoginRule, kind: EntityKind, scope: &str, value: &str, expected: Option<&str>) {
        let key = EntityKey::new(kind, scope, value).unwrap();
        assert_eq!(rule.applied("acme", &key).as_ref().map(EntityKey::value), expected, "{value}");
    }

    #[test]
    fn rules_speak_of_their_own_names_only() {
        let windows = LoginRule::windows_domain("corp", "Corp.Example");
        check(&windows, EntityKind::Sam, "corp", "Jane", Some("jane@corp.example"));
        check(&windows, EntityKind::Sam, "other", "jane", None);
        check(&windows, EntityKind::Sam, "corp", "mkt01$", None);
        let old = LoginRule::mail_domain("old.example", "corp.example");
        check(&old, EntityKind::Email, "acme", "jane@old.example", Some("jane@corp.example"));
        check(&old, EntityKind::Email, "acme", "jane@very.old.example", None);
        let iam = LoginRule::iam_account("123456789012", "corp.example");
        let arn = "arn:aws:iam::123456789012:user/ops/jane";
        check(&iam, EntityKind::IamUserArn, "123456789012", arn, Some("jane@corp.example"));
        check(&iam, EntityKind::IamUserArn, "210987654321", arn, None);
        let same = LoginRule::mail_is_login("corp.example");
        check(&same, EntityKind::Email, "acme", "jane@corp.example", Some("jane@corp.example"));
        check(&same, EntityKind::Upn, "acme", "jane@corp.example", None);
    }
}
