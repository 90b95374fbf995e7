#![cfg(test)]
//! The nine laws, with a crash before and after each call: against a double, and, where `HOMEOSTAT_NFT` is set and
//! this is root, in a network namespace of the real kernel.

use homeostat_actuator_nftables::{Kernel, Nft, NftError, Nftables};
use homeostat_core::{TenantId, Timestamp};
use homeostat_response::conformance::{Lab, actuator_laws, block_on};
use homeostat_response::{
    Act, ActError, Action, ActionId, Actuator, BoxFuture, Erase, Plan, Request, Target, TargetKind,
};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Sets in memory that take the statements the actuator writes: key `SET ADDRESS`, value its comment.
#[derive(Default)]
struct Double(Mutex<BTreeMap<String, String>>);

impl Double {
    fn run(sets: &mut BTreeMap<String, String>, line: &str) -> Result<(), NftError> {
        let words: Vec<&str> = line.split(' ').collect();
        let (verb, set) = (words[0], words[4]);
        let inner = line.split_once("{ ").unwrap().1.trim_end_matches(" }");
        let (address, rest) = inner.split_once(" timeout ").unwrap_or((inner, ""));
        let key = format!("{set} {address}");
        let mark = rest.split('"').nth(1).unwrap_or_default();
        match verb {
            "create" if sets.contains_key(&key) => Err(NftError::Exists),
            "delete" if sets.remove(&key).is_none() => Err(NftError::Absent),
            "create" | "add" => sets.insert(key, mark.to_owned()).map_or(Ok(()), |_| Ok(())),
            _ => Ok(()),
        }
    }
}

impl Kernel for Double {
    fn list(&self) -> BoxFuture<'_, Result<String, NftError>> {
        let sets = self.0.lock().unwrap();
        let listed = sets.iter().map(|(key, mark)| {
            let (set, address) = key.split_once(' ').unwrap();
            let parts: Vec<String> = address.split(" . ").map(|part| format!("\"{part}\"")).collect();
            let value =
                if parts.len() > 1 { format!(r#"{{"concat": [{}]}}"#, parts.join(",")) } else { parts.concat() };
            format!(r#"{{"set": {{"name": "{set}", "elem": [{{"elem": {{"val": {value}, "expires": 3600, "comment": "{mark}"}}}}]}}}}"#)
        });
        let listing = format!(r#"{{"nftables": [{}]}}"#, listed.collect::<Vec<_>>().join(","));
        Box::pin(async { Ok(listing) })
    }

    fn commit<'a>(&'a self, script: &'a str) -> BoxFuture<'a, Result<(), NftError>> {
        Box::pin(async move {
            let mut sets = self.0.lock().unwrap();
            let mut changed = sets.clone();
            script.lines().try_for_each(|line| Self::run(&mut changed, line))?;
            *sets = changed;
            Ok(())
        })
    }
}

/// Gives the kit a place to crash before and after each call, and refuses changes when jammed.
#[derive(Clone)]
struct Wire {
    inner: Arc<dyn Kernel>,
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

impl Kernel for Wire {
    fn list(&self) -> BoxFuture<'_, Result<String, NftError>> {
        Box::pin(async {
            step().await;
            self.inner.list().await
        })
    }

    fn commit<'a>(&'a self, script: &'a str) -> BoxFuture<'a, Result<(), NftError>> {
        Box::pin(async move {
            step().await;
            if self.jammed.load(Ordering::Relaxed) {
                return Err(NftError::Refused);
            }
            let done = self.inner.commit(script).await;
            step().await;
            done
        })
    }
}

struct Filter {
    wire: Wire,
}

impl Filter {
    fn new(inner: Arc<dyn Kernel>) -> Self {
        Self { wire: Wire { inner, jammed: Arc::default() } }
    }

    fn nftables(&self) -> Nftables {
        // The kit's permits end in 2025.
        Nftables::new(Arc::new(self.wire.clone())).clock(|| Timestamp::from_micros(1_750_000_000_000_000))
    }

    fn commit(&self, script: &str) {
        block_on(self.wire.inner.commit(script)).unwrap();
    }

    /// Set, address and mark of every element.
    fn elements(&self) -> Vec<(String, String, String)> {
        let listing: serde_json::Value =
            serde_json::from_str(&block_on(self.wire.inner.list()).unwrap()).unwrap();
        let sets = listing["nftables"].as_array().unwrap().iter().map(|object| &object["set"]);
        let mut all = Vec::new();
        for set in sets {
            for element in set["elem"].as_array().into_iter().flatten() {
                let inner = if element["elem"].is_object() { &element["elem"] } else { element };
                let value = if inner["val"].is_null() { inner } else { &inner["val"] };
                let mark = inner["comment"].as_str().unwrap_or_default();
                let parts = value["concat"].as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                let parts: Vec<&str> = parts.iter().map(|part| part.as_str().unwrap()).collect();
                all.push((set["name"].as_str().unwrap().to_owned(), parts.join(" . "), mark.to_owned()));
            }
        }
        all.sort();
        all
    }
}

fn request(action: Action, kind: TargetKind, id: &str) -> Request {
    let target = Target::new(kind, id).with("ip", "192.0.2.17");
    let name = ActionId::derive(&["test", action.as_str(), id]);
    Request::new(name, TenantId::new("acme").unwrap(), action, target).sure(1.0)
}

impl Lab for Filter {
    fn reset(&mut self) {
        self.wire.jammed.store(false, Ordering::Relaxed);
        for (set, value, _) in self.elements() {
            self.commit(&format!("delete element inet homeostat {set} {{ {value} }}\n"));
        }
        self.commit(
            "create element inet homeostat blocked4 { 198.51.100.99 timeout 3600s comment \"by hand\" }\n",
        );
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        Arc::new(Erase(self.nftables()))
    }

    fn requests(&self) -> Vec<Request> {
        vec![
            request(Action::Block, TargetKind::Address, "198.51.100.7"),
            request(Action::Block, TargetKind::Address, "2001:db8::7"),
            request(Action::Isolate, TargetKind::Host, "mkt-01")
                .with_arg("permit", &["192.0.2.1", "192.0.2.2"]),
            request(Action::EnforcePatternOfLife, TargetKind::Workload, "web")
                .with_arg("allow", &["192.0.2.9"]),
        ]
    }

    fn state(&self) -> String {
        format!("{:?}", self.elements())
    }

    fn names(&self) -> Vec<String> {
        self.elements().into_iter().map(|(_, _, mark)| mark).collect()
    }

    fn meddle(&mut self, plan: &Plan) {
        let (set, address) = aimed(plan);
        let element = format!("element inet homeostat {set} {{ {address}");
        let there = self.elements().iter().any(|(_, value, _)| *value == address);
        let away = if there { format!("delete {element} }}\n") } else { String::new() };
        self.commit(&format!("{away}create {element} timeout 3600s comment \"by another\" }}\n"));
    }

    fn stands(&self, plan: &Plan) -> bool {
        let (_, address) = aimed(plan);
        let theirs = |(_, value, mark): &(String, String, String)| *value == address && mark == "by another";
        self.elements().iter().any(theirs)
    }

    fn jam(&mut self) {
        self.wire.jammed.store(true, Ordering::Relaxed);
    }
}

/// The set and the address that a plan is about.
fn aimed(plan: &Plan) -> (&'static str, &str) {
    match plan.target.id.as_str() {
        id if id.contains("::") => ("blocked6", id),
        id if plan.action == Action::Block => ("blocked4", id),
        _ => ("isolated4", "192.0.2.17"),
    }
}

#[test]
fn the_laws_hold_on_a_double() {
    let mut filter = Filter::new(Arc::new(Double::default()));
    let proof = actuator_laws(&mut filter).unwrap();
    assert_eq!((proof.requests, proof.crashes > 8), (4, true));
}

#[test]
fn the_laws_hold_in_the_kernel() {
    if std::env::var_os("HOMEOSTAT_NFT").is_none() {
        println!("HOMEOSTAT_NFT is not set: not tried in the kernel");
        return;
    }
    let name = format!("hs-laws-{}", std::process::id());
    let ip = |args: &[&str]| assert!(Command::new("ip").args(args).status().unwrap().success());
    ip(&["netns", "add", &name]);
    let mut filter = Filter::new(Arc::new(Nft::in_namespace(&name)));
    block_on(filter.nftables().install()).unwrap();
    block_on(filter.nftables().install()).unwrap();
    let proof = actuator_laws(&mut filter);
    ip(&["netns", "del", &name]);
    println!("{:?}", proof.unwrap());
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_asked() {
    let filter = Filter::new(Arc::new(Double::default()));
    let checked = |request: &Request| filter.nftables().validate(request);
    let refused = Err(ActError::permanent("read the addresses"));
    assert!(checked(&request(Action::Block, TargetKind::Address, "192.0.2.0/24")).is_ok(), "its `ip` is one");
    let mut nameless = request(Action::Block, TargetKind::Address, "; flush ruleset");
    nameless.target.attrs.clear();
    assert_eq!(checked(&nameless), refused);
    let peers = request(Action::Isolate, TargetKind::Host, "a").with_arg("permit", &["192.0.2.1 }; flush"]);
    assert_eq!(checked(&peers), refused);
    assert_eq!(checked(&request(Action::Notify, TargetKind::Host, "a")), refused);
}

#[test]
fn an_address_that_somebody_blocked_is_told_when_planned() {
    let mut filter = Filter::new(Arc::new(Double::default()));
    filter.reset();
    let taken = request(Action::Block, TargetKind::Address, "198.51.100.99");
    let planned = block_on(filter.nftables().plan(&taken));
    assert!(matches!(planned, Err(ActError::Conflict { .. })));
}
