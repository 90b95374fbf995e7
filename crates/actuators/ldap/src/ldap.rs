//! The five verbs on one attribute of one entry.

use crate::directory::{Change, Directory, LdapError};
use core::fmt;
use homeostat_response::{
    Act, ActError, Action, Descriptor, Impact, Observed, Permit, Plan, Request, TargetKind, Undo,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The layout of [`Lock`].
const UNDO: u16 = 1;
/// The flag `ACCOUNTDISABLE` of `userAccountControl` (MS-ADTS, section 2.2.16).
const DISABLED: u32 = 2;
/// "Locked until somebody unlocks it" (draft-behera-ldap-password-policy, section 5.3.3).
const LOCKED_FOR_GOOD: &str = "000001010000Z";
/// The longest name that is asked for, in bytes.
const LONGEST_NAME: usize = 512;

/// How a directory says that an account is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flavor {
    /// `OpenLDAP` with its password policy overlay: `pwdAccountLockedTime` is there.
    PasswordPolicy,
    /// Active Directory and Samba: a flag in `userAccountControl`.
    ActiveDirectory,
}

impl Flavor {
    /// The attribute that tells, and those by which a user is called.
    const fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::PasswordPolicy => ("pwdAccountLockedTime", &["uid", "mail"]),
            Self::ActiveDirectory => {
                ("userAccountControl", &["sAMAccountName", "userPrincipalName", "objectSid"])
            }
        }
    }

    /// The value of a disabled account, whose value is `before`; `None` when that one is disabled already, or none
    /// that could be read.
    fn disabled(self, before: Option<&str>) -> Option<String> {
        match (self, before) {
            (Self::PasswordPolicy, None) => Some(LOCKED_FOR_GOOD.to_owned()),
            (Self::PasswordPolicy, Some(_)) => None,
            (Self::ActiveDirectory, before) => {
                let flags: u32 = before?.parse().ok().filter(|flags| flags & DISABLED == 0)?;
                Some((flags | DISABLED).to_string())
            }
        }
    }
}

/// Disables an account in a directory and gives it back, each time by deleting exactly the value that is expected
/// and adding the other in one operation: a change in between makes the directory refuse.
#[derive(Clone)]
pub struct Ldap {
    descriptor: Descriptor,
    directory: Arc<dyn Directory>,
    flavor: Flavor,
}

/// What a plan keeps: whose attribute, what it was, and what it becomes.
#[derive(Serialize, Deserialize)]
struct Lock {
    dn: String,
    before: Option<String>,
    after: String,
}

impl Lock {
    /// The changes from one value to another.
    fn changes(attribute: &str, from: Option<&String>, to: Option<&String>) -> Vec<Change> {
        let delete = from.map(|value| Change::Delete(attribute.to_owned(), value.clone()));
        let add = to.map(|value| Change::Add(attribute.to_owned(), value.clone()));
        delete.into_iter().chain(add).collect()
    }
}

impl Ldap {
    /// The accounts of `directory`, which tells as `flavor` says.
    pub fn new(directory: Arc<dyn Directory>, flavor: Flavor) -> Self {
        let mut descriptor = Descriptor::new("ldap", Action::DisableCredential, TargetKind::Person);
        descriptor.target_kinds.insert(TargetKind::ServiceAccount);
        descriptor.d3fend = Some("D3-AL".to_owned());
        descriptor.residual = vec!["tickets and sessions that were given out before".to_owned()];
        descriptor.permissions = vec![format!("read users, change their {}", flavor.words().0)];
        Self { descriptor, directory, flavor }
    }

    /// The entry of that name: a distinguished name, or else what a user is called by.
    async fn find(&self, name: &str) -> Result<String, ActError> {
        let at = "find the account";
        let (attribute, called) = self.flavor.words();
        if name.contains('=') {
            let there = self.directory.values(name, attribute).await;
            return there.map(|_| name.to_owned()).map_err(|error| looked(error, at));
        }
        for attribute in called {
            match self.directory.find(attribute, name).await.map_err(|error| looked(error, at))?.as_slice() {
                [] => {}
                [dn] => return Ok(dn.clone()),
                _ => return Err(ActError::permanent("tell two accounts of one name apart")),
            }
        }
        Err(ActError::permanent(at))
    }

    /// The one value of the attribute that tells.
    async fn value(&self, dn: &str, at: &'static str) -> Result<Option<String>, ActError> {
        let values = self.directory.values(dn, self.flavor.words().0).await;
        match values.map_err(|error| looked(error, at))?.as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value.clone())),
            _ => Err(ActError::conflict(at)),
        }
    }

    async fn standing(&self, lock: &Lock) -> Result<Observed, ActError> {
        match self.value(&lock.dn, "look at the account").await {
            Ok(value) if value == lock.before => Ok(Observed::NotInForce),
            Ok(value) if value.as_ref() == Some(&lock.after) => Ok(Observed::InForce),
            Ok(_) | Err(ActError::Conflict { .. } | ActError::Permanent { at: GONE }) => {
                Ok(Observed::Conflict)
            }
            Err(error) => Err(error),
        }
    }

    async fn write(
        &self,
        lock: &Lock,
        from: Option<&String>,
        to: Option<&String>,
        at: &'static str,
    ) -> Result<(), ActError> {
        let changes = Lock::changes(self.flavor.words().0, from, to);
        self.directory.change(&lock.dn, &changes).await.map_err(|error| match error {
            LdapError::Unavailable => ActError::transient(at),
            LdapError::Unanswered => ActError::unknown(at),
            LdapError::Changed | LdapError::NoEntry => ActError::conflict(at),
            LdapError::Refused(_) => ActError::permanent(at),
        })
    }
}

/// The step that fails when an entry is not there any more.
const GONE: &str = "find the entry";

impl fmt::Debug for Ldap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ldap({:?})", self.flavor)
    }
}

impl Act for Ldap {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let id = &request.target.id;
        let named = (1..=LONGEST_NAME).contains(&id.len()) && !id.contains(char::is_control);
        let served = self.descriptor.serves(request.action, request.target.kind);
        if named && served { Ok(()) } else { Err(ActError::permanent("read the account's name")) }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        let dn = self.find(&request.target.id).await?;
        let before = self.value(&dn, "look at the account").await?;
        let already = ActError::conflict("disable an account that is disabled already");
        let after = self.flavor.disabled(before.as_deref()).ok_or(already)?;
        let undo = Undo::new(UNDO, &Lock { dn, before, after });
        let undo = undo.map_err(|_| ActError::permanent("keep the prior state"))?;
        let plan = Plan::new(request).with_undo(undo);
        Ok(plan.saying("disable one account").hitting(Impact::new(1, 1)))
    }

    async fn apply(&self, permit: &Permit, plan: &Plan) -> Result<(), ActError> {
        let (at, lock) = ("disable the account", lock(plan)?);
        match self.standing(&lock).await? {
            Observed::NotInForce => self.write(&lock, lock.before.as_ref(), Some(&lock.after), at).await,
            // At the first try nobody but somebody else can have done it.
            Observed::InForce if permit.attempt() > 1 => Ok(()),
            _ => Err(ActError::conflict(at)),
        }
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        self.standing(&lock(plan)?).await
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let (at, lock) = ("give the account back", lock(plan)?);
        match self.standing(&lock).await? {
            Observed::NotInForce => Ok(()),
            Observed::InForce => self.write(&lock, Some(&lock.after), lock.before.as_ref(), at).await,
            _ => Err(ActError::conflict(at)),
        }
    }
}

fn lock(plan: &Plan) -> Result<Lock, ActError> {
    plan.undo.read(UNDO).map_err(|_| ActError::permanent("read the prior state"))
}

/// What an error means when nothing was to be changed.
fn looked(error: LdapError, at: &'static str) -> ActError {
    match error {
        LdapError::Unavailable | LdapError::Unanswered => ActError::transient(at),
        LdapError::NoEntry => ActError::permanent(GONE),
        LdapError::Changed | LdapError::Refused(_) => ActError::permanent(at),
    }
}
