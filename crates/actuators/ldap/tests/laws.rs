#![cfg(test)]
//! The nine laws, with a crash before and after each operation: against a double of each flavor, and against a
//! real `slapd` and a real Samba domain controller where `HOMEOSTAT_LDAP` holds their URLs, with a blank between.

use homeostat_actuator_ldap::{Change, Directory, Flavor, Ldap, LdapError, Server};
use homeostat_core::TenantId;
use homeostat_response::conformance::{Lab, actuator_laws, block_on};
use homeostat_response::{
    Act, ActError, Action, ActionId, Actuator, BoxFuture, Erase, Plan, Request, Target, TargetKind,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

const JANE: &str = "uid=jane,ou=people,dc=acme,dc=example";

/// One entry whose attributes are sets of values.
#[derive(Default)]
struct Double(Mutex<BTreeMap<String, BTreeSet<String>>>);

impl Double {
    fn with(values: &[(&str, &str)]) -> Self {
        let sets =
            values.iter().map(|(name, value)| ((*name).to_owned(), BTreeSet::from([(*value).to_owned()])));
        Self(Mutex::new(sets.collect()))
    }
}

impl Directory for Double {
    fn find<'a>(
        &'a self,
        attribute: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, LdapError>> {
        let there = self.0.lock().unwrap().get(attribute).is_some_and(|set| set.contains(value));
        Box::pin(async move { Ok(there.then(|| JANE.to_owned()).into_iter().collect()) })
    }

    fn values<'a>(
        &'a self,
        dn: &'a str,
        attribute: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, LdapError>> {
        let values = self.0.lock().unwrap().get(attribute).cloned().unwrap_or_default();
        Box::pin(async move {
            if dn == JANE { Ok(values.into_iter().collect()) } else { Err(LdapError::NoEntry) }
        })
    }

    fn change<'a>(&'a self, _: &'a str, changes: &'a [Change]) -> BoxFuture<'a, Result<(), LdapError>> {
        Box::pin(async move {
            let mut there = self.0.lock().unwrap();
            let mut new = there.clone();
            for change in changes {
                let done = match change {
                    Change::Delete(name, value) => new.entry(name.clone()).or_default().remove(value),
                    Change::Add(name, value) => new.entry(name.clone()).or_default().insert(value.clone()),
                };
                if !done {
                    return Err(LdapError::Changed);
                }
            }
            *there = new;
            Ok(())
        })
    }
}

/// Gives the kit a place to crash before and after each operation, and refuses changes when jammed.
#[derive(Clone)]
struct Wire {
    inner: Arc<dyn Directory>,
    jammed: Arc<AtomicBool>,
}

async fn step() {
    let mut asked = false;
    std::future::poll_fn(move |context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Directory for Wire {
    fn find<'a>(
        &'a self,
        attribute: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, LdapError>> {
        self.inner.find(attribute, value)
    }

    fn values<'a>(
        &'a self,
        dn: &'a str,
        attribute: &'a str,
    ) -> BoxFuture<'a, Result<Vec<String>, LdapError>> {
        Box::pin(async move {
            step().await;
            self.inner.values(dn, attribute).await
        })
    }

    fn change<'a>(&'a self, dn: &'a str, changes: &'a [Change]) -> BoxFuture<'a, Result<(), LdapError>> {
        Box::pin(async move {
            step().await;
            if self.jammed.load(Ordering::Relaxed) {
                return Err(LdapError::Unavailable);
            }
            let done = self.inner.change(dn, changes).await;
            step().await;
            done
        })
    }
}

struct Estate {
    wire: Wire,
    /// The entry of the account.
    dn: &'static str,
    flavor: Flavor,
    /// What the attribute that tells holds at first, and what somebody else sets it to.
    prior: Option<&'static str>,
    theirs: &'static str,
}

impl Estate {
    fn new(inner: Arc<dyn Directory>, flavor: Flavor) -> Self {
        let (prior, theirs) = match flavor {
            Flavor::ActiveDirectory => (Some("66048"), "66176"),
            _ => (None, "20250101000000Z"),
        };
        Self { wire: Wire { inner, jammed: Arc::default() }, dn: JANE, flavor, prior, theirs }
    }

    fn ldap(&self) -> Ldap {
        Ldap::new(Arc::new(self.wire.clone()), self.flavor)
    }

    fn attribute(&self) -> &'static str {
        if self.flavor == Flavor::ActiveDirectory { "userAccountControl" } else { "pwdAccountLockedTime" }
    }

    fn values(&self) -> Vec<String> {
        block_on(self.wire.inner.values(self.dn, self.attribute())).unwrap()
    }

    fn set(&self, to: Option<&str>) {
        let name = self.attribute().to_owned();
        let delete = self.values().into_iter().map(|value| Change::Delete(name.clone(), value));
        let changes: Vec<Change> =
            delete.chain(to.map(|to| Change::Add(name.clone(), to.to_owned()))).collect();
        if !changes.is_empty() && self.values() != to.into_iter().collect::<Vec<_>>() {
            block_on(self.wire.inner.change(self.dn, &changes)).unwrap();
        }
    }
}

fn request(name: &str) -> Request {
    let target = Target::new(TargetKind::Person, name);
    let id = ActionId::derive(&["test", name]);
    Request::new(id, TenantId::new("acme").unwrap(), Action::DisableCredential, target).sure(1.0)
}

impl Lab for Estate {
    fn reset(&mut self) {
        self.wire.jammed.store(false, Ordering::Relaxed);
        self.set(self.prior);
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        Arc::new(Erase(self.ldap()))
    }

    fn requests(&self) -> Vec<Request> {
        vec![request("jane"), request(self.dn)]
    }

    fn state(&self) -> String {
        self.values().join(" ")
    }

    fn names(&self) -> Vec<String> {
        Vec::new() // it creates nothing
    }

    fn meddle(&mut self, _: &Plan) {
        self.set(Some(self.theirs));
    }

    fn stands(&self, _: &Plan) -> bool {
        self.values() == [self.theirs]
    }

    fn jam(&mut self) {
        self.wire.jammed.store(true, Ordering::Relaxed);
    }
}

fn password_policy() -> Estate {
    Estate::new(Arc::new(Double::with(&[("uid", "jane")])), Flavor::PasswordPolicy)
}

fn active_directory() -> Estate {
    let double = Double::with(&[("sAMAccountName", "jane"), ("userAccountControl", "66048")]);
    Estate::new(Arc::new(double), Flavor::ActiveDirectory)
}

#[test]
fn the_laws_hold_on_a_double_of_each_flavor() {
    for mut estate in [password_policy(), active_directory()] {
        let proof = actuator_laws(&mut estate).unwrap();
        assert_eq!((proof.requests, proof.crashes > 5), (2, true));
    }
}

#[test]
fn the_laws_hold_on_real_servers() {
    let Ok(urls) = std::env::var("HOMEOSTAT_LDAP") else {
        println!("HOMEOSTAT_LDAP is not set: no directory to try it on");
        return;
    };
    for url in urls.split_whitespace() {
        // The port of all domains is that of the protocol; OpenLDAP is started on another here.
        if url.ends_with(":389") { domain_controller(url) } else { openldap(url) }
    }
}

fn openldap(url: &str) {
    let server = |dn, word| Server::new(url, "dc=acme,dc=example").bind(dn, word);
    let admin = Arc::new(server("cn=admin,dc=acme,dc=example", "secret"));
    let mut estate = Estate::new(admin, Flavor::PasswordPolicy);
    println!("{:?}", actuator_laws(&mut estate).unwrap());
    who_is_disabled_can_not_sign_in(&mut estate, &server(JANE, "jane's"), "000001010000Z");
}

fn domain_controller(url: &str) {
    let server = |name, word| Server::new(url, "DC=acme,DC=example").bind(name, word);
    let admin = Arc::new(server("Administrator@acme.example", "Adm1n-secret!"));
    let mut estate = Estate::new(admin, Flavor::ActiveDirectory);
    estate.dn = "CN=jane,CN=Users,DC=acme,DC=example";
    println!("{:?}", actuator_laws(&mut estate).unwrap());
    who_is_disabled_can_not_sign_in(&mut estate, &server("jane@acme.example", "J4ne-secret!"), "66050");
}

/// What it is for.
fn who_is_disabled_can_not_sign_in(estate: &mut Estate, own: &Server, disabled: &str) {
    let signs_in = || block_on(own.find("objectClass", "organizationalUnit")).is_ok();
    estate.reset();
    assert!(signs_in());
    estate.set(Some(disabled));
    assert!(!signs_in());
    estate.reset();
    assert!(signs_in());
}

#[test]
fn what_is_disabled_or_not_there_is_told_when_planned() {
    let estate = active_directory();
    let plan = |name: &str| block_on(estate.ldap().plan(&request(name))).err();
    assert_eq!(plan("nobody"), Some(ActError::permanent("find the account")));
    assert_eq!(plan("cn=nobody,dc=acme"), Some(ActError::permanent("find the entry")));
    estate.set(Some("514"));
    assert_eq!(plan("jane"), Some(ActError::conflict("disable an account that is disabled already")));
    estate.set(Some("no number"));
    assert!(plan("jane").is_some());
    assert!(estate.ldap().validate(&request("a\0b")).is_err());
}

#[test]
fn a_server_that_is_not_there_is_told_as_such() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::new(&format!("ldap://{gone}"), "dc=acme").bind("cn=admin", "secret");
    assert!(!format!("{server:?}").contains("secret"));
    assert_eq!(block_on(server.find("uid", "jane")), Err(LdapError::Unavailable));
}
