#![cfg(test)]
//! A token from active to dead: against a double, and against a server where `HOMEOSTAT_OAUTH` holds its URL.
//!
//! The laws on prior state do not apply to what only a new sign-in brings back; those that do are run.

use homeostat_actuator_http::{Answer, Call, Client, HttpSend, SendError, Stepping};
use homeostat_actuator_oauth::OAuth;
use homeostat_core::TenantId;
use homeostat_response::conformance::{Lab, actuator_law, block_on};
use homeostat_response::{
    Act, ActError, Action, ActionId, Actuator, BoxFuture, Erase, Observed, Plan, Request, Target, TargetKind,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// A server that gives out numbered tokens to a client that says who it is.
#[derive(Default)]
struct Double(Mutex<(u32, BTreeSet<String>)>);

impl HttpSend for Double {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>> {
        Box::pin(async {
            let (given, active) = &mut *self.0.lock().unwrap();
            let known = call.headers.iter().any(|(_, value)| value == "Basic c29jOnNlY3JldA==");
            let body = String::from_utf8(call.body.clone()).unwrap();
            let token = body.trim_start_matches("token=").to_owned();
            let text = match call.url.rsplit('/').next() {
                _ if !known => return Ok(Answer::new(401, Vec::new())),
                Some("introspection") => format!(r#"{{"active": {}}}"#, active.contains(&token)),
                Some("revocation") => {
                    active.remove(&token);
                    String::new()
                }
                _ => {
                    *given += 1;
                    active.insert(format!("t{given}"));
                    format!(r#"{{"access_token": "t{given}"}}"#)
                }
            };
            Ok(Answer::new(200, text.into_bytes()))
        })
    }
}

struct Server {
    wire: Stepping,
    base: String,
    token: Arc<Mutex<String>>,
}

impl Server {
    fn new(http: Arc<dyn HttpSend>, base: &str) -> Self {
        let mut server = Self { wire: Stepping::new(http), base: base.to_owned(), token: Arc::default() };
        server.reset();
        server
    }

    fn post(&self, path: &str, body: &str) -> Value {
        let call = Call::new("POST", &format!("{}{path}", self.base))
            .header("Authorization", "Basic c29jOnNlY3JldA==")
            .body("application/x-www-form-urlencoded", body);
        let answer = block_on(self.wire.send(&call)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    fn oauth(&self) -> OAuth {
        let token = Arc::clone(&self.token);
        let vault = move |target: &Target| (target.id == "session-7").then(|| token.lock().unwrap().clone());
        let (revocation, introspection) =
            (format!("{}/token/revocation", self.base), format!("{}/token/introspection", self.base));
        OAuth::new(Arc::new(self.wire.clone()), Arc::new(vault), &revocation, &introspection)
            .client("soc", "secret")
    }
}

fn request(id: &str) -> Request {
    let target = Target::new(TargetKind::Session, id);
    Request::new(ActionId::derive(&[id]), TenantId::new("acme").unwrap(), Action::RevokeSession, target)
        .sure(1.0)
}

impl Lab for Server {
    fn reset(&mut self) {
        let told = self.post("/token", "grant_type=client_credentials");
        *self.token.lock().unwrap() = told["access_token"].as_str().unwrap().to_owned();
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        Arc::new(Erase(self.oauth()))
    }

    fn requests(&self) -> Vec<Request> {
        vec![request("session-7")]
    }

    fn state(&self) -> String {
        let token = self.token.lock().unwrap().clone();
        self.post("/token/introspection", &format!("token={token}"))["active"].to_string()
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn meddle(&mut self, _: &Plan) {}

    fn stands(&self, _: &Plan) -> bool {
        true
    }

    fn jam(&mut self) {
        self.wire.jam();
    }
}

fn a_token_dies(server: &mut Server) {
    for law in [1, 2, 5, 8] {
        actuator_law(law, server, &request("session-7")).unwrap();
    }
    server.reset();
    let oauth = server.oauth();
    let plan = block_on(oauth.plan(&request("session-7"))).unwrap();
    assert_eq!(block_on(oauth.observe(&plan)), Ok(Observed::NotInForce));
    let token = server.token.lock().unwrap().clone();
    assert!(!serde_json::to_string(&plan).unwrap().contains(&token), "the token is not in the plan");
    server.post("/token/revocation", &format!("token={token}"));
    assert_eq!(block_on(oauth.observe(&plan)), Ok(Observed::InForce));
    assert_eq!(block_on(oauth.revert(&plan)), Ok(()));
    assert_eq!(block_on(oauth.observe(&plan)), Ok(Observed::InForce), "only signing in brings one back");
    let again = block_on(oauth.plan(&request("session-7")));
    assert_eq!(again.err(), Some(ActError::conflict("revoke a token that is not active")));
    assert_eq!(block_on(oauth.plan(&request("other"))).err(), Some(ActError::permanent("find the token")));
}

#[test]
fn a_token_dies_at_a_double() {
    a_token_dies(&mut Server::new(Arc::new(Double::default()), "http://double.example"));
}

#[test]
fn a_token_dies_at_a_real_server() {
    let Ok(base) = std::env::var("HOMEOSTAT_OAUTH") else {
        println!("HOMEOSTAT_OAUTH is not set: no OAuth server to try it on");
        return;
    };
    a_token_dies(&mut Server::new(Arc::new(Client::default()), &base));
    println!("a token was revoked and seen to be dead");
}
