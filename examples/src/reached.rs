//! The targets that `contain` acts upon: each is told by environment variables where it is and who asks.

use crate::block_on;
use clap::ValueEnum;
use homeostat_actuator_aws::{Aws, Credentials};
use homeostat_actuator_http::{Call, Client, HttpSend};
use homeostat_actuator_kubernetes::Kubernetes;
use homeostat_actuator_ldap::{Directory as _, Flavor, Ldap, Server};
use homeostat_actuator_nftables::{Nft, Nftables};
use homeostat_actuator_oauth::OAuth;
use homeostat_actuator_scim::Scim;
use homeostat_response::{Actuator, Erase, Target};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::sync::Arc;

/// A system that can be acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reached {
    /// Nothing real: a map in memory.
    Memory,
    /// The kernel's packet filter; `NFT_NAMESPACE` names a network namespace other than this process's.
    Nft,
    /// An AWS account: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, and where there is one
    /// `AWS_SESSION_TOKEN` and `AWS_ENDPOINT_URL`.
    Aws,
    /// A SCIM service: `SCIM_URL` (what stands before `/Users`), and where it asks for one `SCIM_TOKEN`.
    Scim,
    /// A directory: `LDAP_URL`, `LDAP_BASE`, `LDAP_BIND_DN`, `LDAP_PASSWORD`; `LDAP_FLAVOR=ad` for Active Directory.
    Ldap,
    /// An OAuth server: `OAUTH_REVOCATION_URL`, `OAUTH_INTROSPECTION_URL`, `OAUTH_CLIENT_ID`, `OAUTH_CLIENT_SECRET`,
    /// and `OAUTH_TOKENS`, a JSON file with the token of each session or key by its name.
    Oauth,
    /// A cluster: `KUBERNETES_URL` and `KUBERNETES_TOKEN`.
    Kubernetes,
}

impl Reached {
    /// What it is called in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Memory => "a target in memory",
            Self::Nft => "the kernel's packet filter",
            Self::Aws => "an AWS account",
            Self::Scim => "a SCIM service",
            Self::Ldap => "a directory",
            Self::Oauth => "an OAuth server",
            Self::Kubernetes => "a cluster",
        }
    }

    /// The actuator on it, which answered; `None` for the one in memory, which its owner makes.
    ///
    /// # Errors
    ///
    /// The variable that is missing, what could not be read or installed, or that the target does not answer.
    pub fn connect(self) -> Result<Option<Arc<dyn Actuator>>, String> {
        Ok(match self {
            Self::Memory => None,
            Self::Nft => Some(Arc::new(Erase(nftables()?))),
            Self::Aws => Some(Arc::new(Erase(aws()?))),
            Self::Scim => Some(Arc::new(Erase(scim()?))),
            Self::Ldap => Some(Arc::new(Erase(ldap()?))),
            Self::Oauth => Some(Arc::new(Erase(oauth()?))),
            Self::Kubernetes => Some(Arc::new(Erase(kubernetes()?))),
        })
    }
}

fn nftables() -> Result<Nftables, String> {
    let space = maybe("NFT_NAMESPACE");
    let kernel = if space.is_empty() { Nft::new() } else { Nft::in_namespace(&space) };
    let firewall = Nftables::new(Arc::new(kernel));
    block_on(firewall.install()).map_err(|error| format!("nftables: {error}"))?;
    Ok(firewall)
}

fn aws() -> Result<Aws, String> {
    let mut credentials = Credentials::new(&told("AWS_ACCESS_KEY_ID")?, &told("AWS_SECRET_ACCESS_KEY")?);
    let session = maybe("AWS_SESSION_TOKEN");
    if !session.is_empty() {
        credentials = credentials.session(&session);
    }
    let account = Aws::new(http(), credentials, &told("AWS_REGION")?);
    let endpoint = maybe("AWS_ENDPOINT_URL");
    if endpoint.is_empty() {
        return Ok(account);
    }
    answers(&endpoint)?;
    Ok(account.endpoint(&endpoint))
}

fn scim() -> Result<Scim, String> {
    let base = told("SCIM_URL")?;
    answers(&base)?;
    Ok(Scim::new(http(), &base).token(&maybe("SCIM_TOKEN")))
}

fn kubernetes() -> Result<Kubernetes, String> {
    let base = told("KUBERNETES_URL")?;
    answers(&base)?;
    Ok(Kubernetes::new(http(), &base).token(&maybe("KUBERNETES_TOKEN")))
}

fn ldap() -> Result<Ldap, String> {
    let (url, base) = (told("LDAP_URL")?, told("LDAP_BASE")?);
    let server = Server::new(&url, &base).bind(&told("LDAP_BIND_DN")?, &told("LDAP_PASSWORD")?);
    block_on(server.values(&base, "objectClass")).map_err(|error| format!("{url}: {error}"))?;
    let is_ad = maybe("LDAP_FLAVOR").eq_ignore_ascii_case("ad");
    let flavor = if is_ad { Flavor::ActiveDirectory } else { Flavor::PasswordPolicy };
    Ok(Ldap::new(Arc::new(server), flavor))
}

fn oauth() -> Result<OAuth, String> {
    let file = told("OAUTH_TOKENS")?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let tokens: BTreeMap<String, String> = serde_json::from_str(&text)
        .map_err(|error| format!("{file}: names and tokens are expected: {error}"))?;
    let vault = move |target: &Target| tokens.get(&target.id).cloned();
    let (revocation, introspection) = (told("OAUTH_REVOCATION_URL")?, told("OAUTH_INTROSPECTION_URL")?);
    answers(&introspection)?;
    let server = OAuth::new(http(), Arc::new(vault), &revocation, &introspection);
    Ok(server.client(&told("OAUTH_CLIENT_ID")?, &told("OAUTH_CLIENT_SECRET")?))
}

/// Whether anything is there, asked before anything is planned; what it says does not matter yet.
fn answers(url: &str) -> Result<(), String> {
    let answer = block_on(http().send(&Call::new("GET", url)));
    answer.map(drop).map_err(|error| format!("{url} does not answer: {error}"))
}

fn http() -> Arc<dyn HttpSend> {
    Arc::new(Client::default())
}

fn told(name: &str) -> Result<String, String> {
    env::var(name)
        .map_err(|_| format!("the environment variable {name} does not say how this target is reached"))
}

fn maybe(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
