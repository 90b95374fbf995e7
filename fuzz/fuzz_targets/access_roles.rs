//! Roles, bindings and policies of Kubernetes, Azure, Entra and Google Cloud from outside: none may panic or take long,
//! what could not be read grants nothing, and nobody can do what `decide` denies it.
#![no_main]

use homeostat_access::azure::{Caller, Operation, Roles};
use homeostat_access::entra::{Act, Directory};
use homeostat_access::gcp::{self, Policies};
use homeostat_access::kubernetes::{Attempt, Cluster, Holder, Rule, User};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    kubernetes(&text);
    azure(&text);
    entra(&text);
    google(&text);
});

fn kubernetes(text: &str) {
    let mut cluster = Cluster::default();
    if let Ok(rule) = Rule::parse(text) {
        assert!(rule.covers(&rule) || format!("{rule:?}").contains('*') || format!("{rule:?}").contains('/'));
    }
    let Ok(added) = cluster.add(text) else { return };
    for attempt in [Attempt::on("get", "", "pods").in_namespace("a").named("a"), Attempt::path("get", "/a")] {
        for holder in cluster.who_can(&attempt) {
            let user = match holder {
                Holder::User(name) => User::new(&name),
                Holder::Group(name) => User::new("a").in_group(&name),
            };
            assert!(cluster.decide(&user, &attempt).decision.is_possible());
        }
        let anyone = cluster.decide(&User::new("a"), &attempt);
        assert!(added.read > 0 || !anyone.decision.is_possible());
    }
    let _ = cluster.may_bind(&User::new("a"), (None, "a"), Some("a"));
}

fn azure(text: &str) {
    let mut roles = Roles::default();
    let Ok(added) = roles.add(text) else { return };
    roles.place("/subscriptions/a", "/providers/Microsoft.Management/managementGroups/a");
    for operation in [Operation::control("a/b/read", "/subscriptions/a"), Operation::data("a/b/read", text)] {
        for id in roles.who_can(&operation) {
            assert!(roles.decide(&Caller::new(id), &operation).decision.is_possible());
        }
        let anyone = roles.decide(&Caller::new("a"), &operation);
        assert!(added.read > 0 || !anyone.decision.is_possible());
    }
}

fn entra(text: &str) {
    let mut directory = Directory::default();
    let Ok(added) = directory.add(text) else { return };
    let answer =
        directory.decide(&Caller::new("a"), &Act::on("microsoft.directory/users/password/update", "a"));
    assert!(added.read > 0 || !answer.decision.is_possible());
}

fn google(text: &str) {
    let mut policies = Policies::default();
    let read = policies.allow("a", text).is_ok();
    let added = policies.add(text).map_or(0, |added| added.read);
    let answer = policies.decide(&gcp::Caller::user("a@a"), "a.b.get", "a");
    assert!(read || added > 0 || !answer.decision.is_possible());
    let _ = policies.members_with("a.b.get", text);
}
