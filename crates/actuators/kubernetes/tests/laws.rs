#![cfg(test)]
//! The nine laws, with a crash before and after each call: against a double, and against an API server where
//! `HOMEOSTAT_KUBERNETES` holds its URL.

use homeostat_actuator_http::{Answer, Call, Client, HttpSend, SendError, Stepping};
use homeostat_actuator_kubernetes::Kubernetes;
use homeostat_core::TenantId;
use homeostat_response::conformance::{Lab, actuator_laws, block_on};
use homeostat_response::{
    Act, ActError, Action, ActionId, Actuator, BoxFuture, Erase, Plan, Request, Target, TargetKind,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";

/// Objects by path, with the verbs the actuator and the lab use.
#[derive(Default)]
struct Double(Mutex<BTreeMap<String, Value>>);

impl Double {
    fn told(&self, call: &Call) -> Answer {
        let mut objects = self.0.lock().unwrap();
        let path = call.url.split_once(".example").unwrap().1.to_owned();
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let json = |status, value: &Value| Answer::new(status, value.to_string().into_bytes());
        match call.method.as_str() {
            "POST" | "PUT" => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                let place = if call.method == "PUT" { path } else { format!("{path}/{name}") };
                if call.method == "POST" && objects.contains_key(&place) {
                    return Answer::new(409, Vec::new());
                }
                objects.insert(place, body.clone());
                json(201, &body)
            }
            "DELETE" => Answer::new(if objects.remove(&path).is_some() { 200 } else { 404 }, Vec::new()),
            _ if path == POLICIES || path == DEPLOYMENTS => {
                let under = format!("{path}/");
                let items = objects.iter().filter(|(place, _)| place.starts_with(&under));
                json(200, &json!({"items": items.map(|(_, object)| object).collect::<Vec<_>>()}))
            }
            _ => objects.get(&path).map_or(Answer::new(404, Vec::new()), |object| json(200, object)),
        }
    }
}

impl HttpSend for Double {
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, SendError>> {
        Box::pin(async { Ok(self.told(call)) })
    }
}

struct Cluster {
    http: Arc<dyn HttpSend>,
    wire: Stepping,
    base: String,
}

impl Cluster {
    fn new(http: Arc<dyn HttpSend>, base: &str) -> Self {
        Self { wire: Stepping::new(Arc::clone(&http)), http, base: base.to_owned() }
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut call = Call::new(method, &format!("{}{path}", self.base));
        if let Some(body) = body {
            call = call.body("application/json", body.to_string());
        }
        block_on(self.http.send(&call)).unwrap()
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let list: Value = serde_json::from_slice(&self.call("GET", path, None).body).unwrap();
        list["items"].as_array().cloned().unwrap_or_default()
    }

    fn kubernetes(&self) -> Kubernetes {
        Kubernetes::new(Arc::new(self.wire.clone()), &self.base)
    }

    fn policy(&self, name: &str, spec: &Value) {
        let body = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": "shop"}, "spec": spec});
        assert!(self.call("POST", POLICIES, Some(&body)).status < 300);
    }
}

fn request(action: Action, id: &str) -> Request {
    let target = Target::new(TargetKind::Workload, id);
    let name = ActionId::derive(&["test", action.as_str(), id]);
    Request::new(name, TenantId::new("acme").unwrap(), action, target).sure(1.0)
}

fn names(objects: &[Value]) -> Vec<String> {
    objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

impl Lab for Cluster {
    fn reset(&mut self) {
        self.wire.free();
        for path in [POLICIES, DEPLOYMENTS] {
            for name in names(&self.list(path)) {
                self.call("DELETE", &format!("{path}/{name}"), None);
            }
        }
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web", "tier": "front"}}}}});
        assert!(self.call("POST", DEPLOYMENTS, Some(&deployment)).status < 300);
        self.policy("others", &json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{}]}));
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        Arc::new(Erase(self.kubernetes()))
    }

    fn requests(&self) -> Vec<Request> {
        vec![
            request(Action::Isolate, "shop/web"),
            request(Action::EnforcePatternOfLife, "shop/deployment/web").with_arg("allow", &["192.0.2.1"]),
        ]
    }

    fn state(&self) -> String {
        let mut all = self.list(POLICIES);
        for policy in &mut all {
            let metadata = policy["metadata"].as_object_mut().unwrap();
            metadata.retain(|name, _| matches!(name.as_str(), "name" | "labels" | "annotations"));
        }
        let mut texts: Vec<String> = all.iter().map(Value::to_string).collect();
        texts.sort();
        texts.join("\n")
    }

    fn names(&self) -> Vec<String> {
        names(&self.list(POLICIES))
    }

    fn meddle(&mut self, plan: &Plan) {
        let name = format!("homeostat-{}", plan.id);
        let path = format!("{POLICIES}/{name}");
        self.call("DELETE", &path, None);
        self.policy(&name, &json!({"podSelector": {}, "ingress": [{}]}));
    }

    fn stands(&self, plan: &Plan) -> bool {
        let name = json!(format!("homeostat-{}", plan.id));
        let theirs =
            |policy: &Value| policy["metadata"]["name"] == name && policy["spec"]["podSelector"] == json!({});
        self.list(POLICIES).iter().any(theirs)
    }

    fn jam(&mut self) {
        self.wire.jam();
    }
}

fn double() -> Cluster {
    let mut cluster = Cluster::new(Arc::new(Double::default()), "http://double.example");
    cluster.reset();
    cluster
}

#[test]
fn the_laws_hold_on_a_double() {
    let proof = actuator_laws(&mut double()).unwrap();
    assert_eq!((proof.requests, proof.crashes > 3), (2, true));
}

#[test]
fn the_laws_hold_on_a_real_server() {
    let Ok(base) = std::env::var("HOMEOSTAT_KUBERNETES") else {
        println!("HOMEOSTAT_KUBERNETES is not set: no API server to try it on");
        return;
    };
    let mut cluster = Cluster::new(Arc::new(Client::default()), &base);
    cluster.reset();
    println!("{:?}", actuator_laws(&mut cluster).unwrap());
}

#[test]
fn an_isolation_that_would_not_isolate_is_refused() {
    let cluster = double();
    let plan = || block_on(cluster.kubernetes().plan(&request(Action::Isolate, "shop/web")));
    cluster.policy("deny", &json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
    assert!(plan().is_ok(), "what forbids stands in nobody's way");
    cluster.policy("front", &json!({"podSelector": {"matchLabels": {"tier": "front"}}, "egress": [{}]}));
    let refused = ActError::conflict("isolate pods that another network policy allows something");
    assert_eq!(plan().err(), Some(refused));
}

#[test]
fn names_are_checked_before_anything_is_asked() {
    let cluster = double();
    for bad in ["", "web", "shop/../secrets", "shop/secret/web", "Shop/web", "a/b/c/d"] {
        assert!(cluster.kubernetes().validate(&request(Action::Isolate, bad)).is_err(), "{bad}");
    }
    let peers = request(Action::Isolate, "shop/web").with_arg("permit", &["0.0.0.0/0"]);
    assert!(cluster.kubernetes().validate(&peers).is_err(), "one address each, no networks");
    let gone = block_on(cluster.kubernetes().plan(&request(Action::Isolate, "shop/gone")));
    assert_eq!(gone.err(), Some(ActError::permanent("find the workload")));
}
