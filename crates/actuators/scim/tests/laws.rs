#![cfg(test)]
//! The nine laws, with a crash before and after each call: against a double, and against a real server where
//! `HOMEOSTAT_SCIM` holds the URL of an empty one.

use homeostat_actuator_http::{Answer, Call, Client, HttpSend, SendError, Stepping};
use homeostat_actuator_scim::Scim;
use homeostat_core::TenantId;
use homeostat_response::conformance::{Lab, actuator_laws, block_on};
use homeostat_response::{
    Act, ActError, Action, ActionId, Actuator, BoxFuture, Erase, Plan, Request, Target, TargetKind,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A SCIM service of a few lines: users by id, each with a counter as its version.
#[derive(Default)]
struct Double(Mutex<BTreeMap<String, (u32, Value)>>);

impl Double {
    fn told(&self, call: &Call) -> Answer {
        let mut all = self.0.lock().unwrap();
        let path = call.url.split_once("/v2").unwrap().1;
        if call.method == "POST" {
            let mut user: Value = serde_json::from_slice(&call.body).unwrap();
            let id = format!("id-{}", all.len() + 100);
            user["id"] = json!(id);
            all.insert(id, (1, user.clone()));
            return Answer::new(201, user.to_string().into_bytes());
        }
        let Some(id) = path.strip_prefix("/Users/") else {
            let asked = path.split_once("eq%20%22").map(|(_, name)| name.trim_end_matches("%22").to_owned());
            let found: Vec<&Value> = all
                .values()
                .map(|(_, user)| user)
                .filter(|user| asked.as_ref().is_none_or(|name| user["userName"] == json!(name)))
                .collect();
            return Answer::new(200, json!({"Resources": found}).to_string().into_bytes());
        };
        if call.method == "DELETE" {
            return Answer::new(if all.remove(id).is_some() { 204 } else { 404 }, Vec::new());
        }
        let Some((version, account)) = all.get_mut(id) else { return Answer::new(404, Vec::new()) };
        if call.method == "PATCH" {
            let wanted = call.headers.iter().find(|(name, _)| name == "If-Match");
            if wanted.is_some_and(|(_, tag)| *tag != format!("W/\"{version}\"")) {
                return Answer::new(412, Vec::new());
            }
            let change: Value = serde_json::from_slice(&call.body).unwrap();
            let operation = &change["Operations"][0];
            account[operation["path"].as_str().unwrap()] = operation["value"].clone();
            *version += 1;
        }
        Answer::new(200, account.to_string().into_bytes()).header("ETag", &format!("W/\"{version}\""))
    }
}

impl HttpSend for Double {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>> {
        Box::pin(async { Ok(self.told(call)) })
    }
}

struct Service {
    http: Arc<dyn HttpSend>,
    wire: Stepping,
    base: String,
}

impl Service {
    fn new(http: Arc<dyn HttpSend>, base: &str) -> Self {
        Self { wire: Stepping::new(Arc::clone(&http)), http, base: base.to_owned() }
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut call = Call::new(method, &format!("{}{path}", self.base));
        if let Some(body) = body {
            call = call.body("application/scim+json", body.to_string());
        }
        block_on(self.http.send(&call)).unwrap()
    }

    fn users(&self) -> Vec<Value> {
        let list: Value = serde_json::from_slice(&self.call("GET", "/Users", None).body).unwrap();
        list["Resources"].as_array().cloned().unwrap_or_default()
    }

    fn user(&self, name: &str) -> Value {
        self.users().into_iter().find(|user| user["userName"] == json!(name)).unwrap()
    }

    fn patch(&self, name: &str, path: &str, value: &Value) {
        let operation = json!({"op": "replace", "path": path, "value": value});
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let body = json!({"schemas": schemas, "Operations": [operation]});
        let id = self.user(name)["id"].as_str().unwrap().to_owned();
        assert!(self.call("PATCH", &format!("/Users/{id}"), Some(&body)).status < 300);
    }

    fn scim(&self) -> Scim {
        Scim::new(Arc::new(self.wire.clone()), &self.base)
    }
}

fn request(name: &str) -> Request {
    let target = Target::new(TargetKind::Person, name);
    let id = ActionId::derive(&["test", name]);
    Request::new(id, TenantId::new("acme").unwrap(), Action::DisableCredential, target).sure(1.0)
}

impl Lab for Service {
    fn reset(&mut self) {
        self.wire.free();
        for user in self.users() {
            self.call("DELETE", &format!("/Users/{}", user["id"].as_str().unwrap()), None);
        }
        for (name, kind) in [("jane", "Contractor"), ("joe.o'neil", "Employee")] {
            let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name,
                "userType": kind, "active": true, "title": "Analyst"});
            assert_eq!(self.call("POST", "/Users", Some(&user)).status, 201);
        }
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        Arc::new(Erase(self.scim()))
    }

    fn requests(&self) -> Vec<Request> {
        vec![request("jane")]
    }

    fn state(&self) -> String {
        let mut users = self.users();
        for user in &mut users {
            user.as_object_mut().unwrap().remove("meta");
        }
        users.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
    }

    fn names(&self) -> Vec<String> {
        Vec::new() // it creates nothing
    }

    fn meddle(&mut self, plan: &Plan) {
        self.patch(&plan.target.id, "userType", &json!("Leaver"));
    }

    fn stands(&self, plan: &Plan) -> bool {
        let user = self.user(&plan.target.id);
        user["userType"] == json!("Leaver") && user["active"] == json!(false)
    }

    fn jam(&mut self) {
        self.wire.jam();
    }
}

fn double() -> Service {
    let mut service = Service::new(Arc::new(Double::default()), "http://double.example/v2");
    service.reset();
    service
}

#[test]
fn the_laws_hold_on_a_double() {
    let proof = actuator_laws(&mut double()).unwrap();
    assert_eq!((proof.requests, proof.crashes > 3), (1, true));
}

#[test]
fn the_laws_hold_on_a_real_server() {
    let Ok(base) = std::env::var("HOMEOSTAT_SCIM") else {
        println!("HOMEOSTAT_SCIM is not set: no SCIM server to try it on");
        return;
    };
    let mut service = Service::new(Arc::new(Client::default()), &base);
    service.reset();
    let proof = actuator_laws(&mut service).unwrap();
    println!("{proof:?}");
}

#[test]
fn a_change_of_no_consequence_is_no_conflict_and_is_kept() {
    let service = double();
    let plan = block_on(service.scim().plan(&request("jane"))).unwrap();
    service.patch("jane", "title", &json!("Lead"));
    service.patch("jane", "active", &json!(false));
    block_on(service.scim().revert(&plan)).unwrap();
    let user = service.user("jane");
    assert_eq!((&user["title"], &user["active"]), (&json!("Lead"), &json!(true)));
}

#[test]
fn what_is_not_there_or_disabled_already_is_told_when_planned() {
    let service = double();
    let plan = |name: &str| block_on(service.scim().plan(&request(name)));
    assert_eq!(plan("nobody").err(), Some(ActError::permanent("find the user")));
    assert!(plan("joe.o'neil").is_err(), "the double decodes no escapes: the name is asked for escaped");
    service.patch("jane", "active", &json!(false));
    assert!(matches!(plan("jane"), Err(ActError::Conflict { .. })));
    let hostile = request(&"x".repeat(1_000));
    assert!(service.scim().validate(&hostile).is_err() && service.scim().validate(&request("")).is_err());
}

#[test]
fn a_plan_tells_neither_the_persons_name_nor_the_token() {
    let service = double();
    let plan = block_on(service.scim().plan(&request("jane"))).unwrap();
    assert!(!format!("{plan:?} {:?}", service.scim().token("secret")).contains("jane"));
}
