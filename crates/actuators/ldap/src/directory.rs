//! The three things that are asked of a directory, and a server that is asked over the network.

use core::fmt;
use homeostat_response::BoxFuture;
use ldap3::{LdapConn, LdapConnSettings, LdapResult, Mod, Scope, SearchEntry, ldap_escape};
use std::collections::HashSet;
use std::time::Duration;

/// How long one operation may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One value taken away or added; a list of them is done as a whole or not at all (RFC 4511, section 4.6).
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// Takes that value of that attribute away; refused when it is not there.
    Delete(String, String),
    /// Adds that value to that attribute; refused when it is there.
    Add(String, String),
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, attribute) = match self {
            Self::Delete(attribute, _) => ("Delete", attribute),
            Self::Add(attribute, _) => ("Add", attribute),
        };
        write!(f, "{verb}({attribute})")
    }
}

/// Why a directory did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LdapError {
    /// No connection, or no time for us: nothing was done.
    Unavailable,
    /// The connection broke before the answer: it may have been done.
    Unanswered,
    /// The entry is not there (32).
    NoEntry,
    /// A value to delete is not there (16), or one to add is (20): somebody else changed it.
    Changed,
    /// We may not, or not like this; the result code of RFC 4511, section 4.1.9.
    Refused(u32),
}

impl fmt::Display for LdapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("the directory is not available"),
            Self::Unanswered => f.write_str("the directory did not answer"),
            Self::NoEntry => f.write_str("the entry is not there"),
            Self::Changed => f.write_str("the value was changed in between"),
            Self::Refused(code) => write!(f, "the directory refused with result code {code}"),
        }
    }
}

impl std::error::Error for LdapError {}

/// A directory: implement it to reach yours over your own connections.
pub trait Directory: Send + Sync {
    /// The distinguished names of the entries whose `attribute` is `value`, at most two of them.
    fn find<'a>(
        &'a self,
        attribute: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, LdapError>>;

    /// The values of `attribute` of the entry `dn`; empty when it has none.
    fn values<'a>(&'a self, dn: &'a str, attribute: &'a str)
    -> BoxFuture<'a, Result<Vec<String>, LdapError>>;

    /// Does all `changes` to the entry `dn`, or none of them.
    fn change<'a>(&'a self, dn: &'a str, changes: &'a [Change]) -> BoxFuture<'a, Result<(), LdapError>>;
}

/// A server that is connected to anew for each call; it holds the thread that polls it.
#[derive(Clone)]
pub struct Server {
    url: String,
    base: String,
    bind: (String, String),
    start_tls: bool,
}

impl Server {
    /// The server at `url` (`ldap://` or, with the feature `tls`, `ldaps://`), whose entries lie under `base`.
    pub fn new(url: &str, base: &str) -> Self {
        let bind = (String::new(), String::new());
        Self { url: url.to_owned(), base: base.to_owned(), bind, start_tls: false }
    }

    /// The same speaking as `dn` with `password`.
    #[must_use]
    pub fn bind(mut self, dn: &str, password: &str) -> Self {
        self.bind = (dn.to_owned(), password.to_owned());
        self
    }

    /// The same asking for TLS before anything else is said (`StartTLS`, RFC 4511, section 4.14).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn start_tls(mut self) -> Self {
        self.start_tls = true;
        self
    }

    /// Does `work` on a connection. On a thread of its own: the connection brings its own runtime, which must not
    /// start inside another one.
    fn with<T: Send>(
        &self,
        work: impl FnOnce(&mut LdapConn) -> Result<T, LdapError> + Send,
    ) -> Result<T, LdapError> {
        let run = || {
            let settings = LdapConnSettings::new().set_conn_timeout(PATIENCE);
            #[cfg(feature = "tls")]
            let settings = settings.set_starttls(self.start_tls);
            let connected = LdapConn::with_settings(settings, &self.url);
            let mut connection = connected.map_err(|_| LdapError::Unavailable)?;
            let bound = connection.with_timeout(PATIENCE).simple_bind(&self.bind.0, &self.bind.1);
            done(&bound.map_err(|_| LdapError::Unavailable)?)?;
            let told = work(&mut connection);
            // Whether a good-bye arrives changes nothing.
            drop(connection.unbind());
            told
        };
        std::thread::scope(|scope| scope.spawn(run).join()).unwrap_or(Err(LdapError::Unanswered))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server(StartTLS {})", self.start_tls)
    }
}

impl Directory for Server {
    fn find<'a>(
        &'a self,
        attribute: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, LdapError>> {
        let filter = format!("({attribute}={})", ldap_escape(value));
        Box::pin(async move {
            self.with(|connection| {
                let found = connection.with_timeout(PATIENCE).search(
                    &self.base,
                    Scope::Subtree,
                    &filter,
                    vec!["1.1"],
                );
                let found = found.map_err(|_| LdapError::Unavailable)?;
                done(&found.1)?;
                Ok(found.0.into_iter().take(2).map(|entry| SearchEntry::construct(entry).dn).collect())
            })
        })
    }

    fn values<'a>(
        &'a self,
        dn: &'a str,
        attribute: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, LdapError>> {
        Box::pin(async move {
            self.with(|connection| {
                let all = "(objectClass=*)";
                let found = connection.with_timeout(PATIENCE).search(dn, Scope::Base, all, vec![attribute]);
                let found = found.map_err(|_| LdapError::Unavailable)?;
                done(&found.1)?;
                let entry = found.0.into_iter().next().ok_or(LdapError::NoEntry)?;
                let mut attributes = SearchEntry::construct(entry).attrs;
                attributes.retain(|name, _| name.eq_ignore_ascii_case(attribute));
                Ok(attributes.into_values().next().unwrap_or_default())
            })
        })
    }

    fn change<'a>(&'a self, dn: &'a str, changes: &'a [Change]) -> BoxFuture<'a, Result<(), LdapError>> {
        let only = |value: &'a String| HashSet::from([value.as_str()]);
        let mods: Vec<Mod<&str>> = changes
            .iter()
            .map(|change| match change {
                Change::Delete(attribute, value) => Mod::Delete(attribute.as_str(), only(value)),
                Change::Add(attribute, value) => Mod::Add(attribute.as_str(), only(value)),
            })
            .collect();
        Box::pin(async move {
            self.with(|connection| {
                let told = connection.with_timeout(PATIENCE).modify(dn, mods);
                done(&told.map_err(|_| LdapError::Unanswered)?)
            })
        })
    }
}

/// What a result code means: RFC 4511, appendix A.
fn done(result: &LdapResult) -> Result<(), LdapError> {
    match result.rc {
        0 => Ok(()),
        16 | 20 => Err(LdapError::Changed),
        32 => Err(LdapError::NoEntry),
        51 | 52 => Err(LdapError::Unavailable), // busy, unavailable
        code => Err(LdapError::Refused(code)),
    }
}
