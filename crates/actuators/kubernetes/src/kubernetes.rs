//! The five verbs over the Kubernetes API.

use crate::{policy, selector};
use core::fmt;
use homeostat_actuator_http::{Answer, Call, HttpSend, ask, look, percent};
use homeostat_response::{
    Act, ActError, Action, Descriptor, Impact, Observed, Permit, Plan, Request, TargetKind, Undo,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::Arc;

/// The layout of [`Isolation`].
const UNDO: u16 = 1;

/// Isolates a workload by a network policy of its own.
#[derive(Clone)]
pub struct Kubernetes {
    descriptor: Descriptor,
    http: Arc<dyn HttpSend>,
    base: String,
    token: String,
}

/// What a plan keeps: where the policy goes and what it says.
#[derive(Serialize, Deserialize)]
struct Isolation {
    namespace: String,
    policy: Value,
}

/// A workload named by its target: `NAMESPACE/NAME` (a deployment) or `NAMESPACE/KIND/NAME`.
struct Workload<'a> {
    namespace: &'a str,
    /// The path of its kind under the API's root.
    group: &'static str,
    kind: &'static str,
    name: &'a str,
}

impl Kubernetes {
    /// The API server at `base`, such as `https://10.0.0.1:6443`.
    pub fn new(http: Arc<dyn HttpSend>, base: &str) -> Self {
        let mut descriptor = Descriptor::new("kubernetes", Action::Isolate, TargetKind::Workload);
        descriptor.actions.insert(Action::EnforcePatternOfLife);
        descriptor.settle_ms = 5_000; // until the network plugin of every node has seen it
        descriptor.residual = vec![
            "clusters whose network plugin does not know policies".to_owned(),
            "established flows".to_owned(),
        ];
        descriptor.permissions = vec![
            "get deployments, statefulsets, daemonsets, pods".to_owned(),
            "get, list, create, delete networkpolicies".to_owned(),
        ];
        Self { descriptor, http, base: base.trim_end_matches('/').to_owned(), token: String::new() }
    }

    /// The same with that bearer token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.base)).bearer(&self.token)
    }

    /// The object at `path`; `None` when it is not there.
    async fn get(&self, path: &str, at: &'static str) -> Result<Option<Value>, ActError> {
        let call = self.call("GET", path);
        look(&*self.http, &call, at).await?.found().map(|answer| json(&answer, at)).transpose()
    }

    /// The policies of `namespace` that let pods with `labels` pass something.
    async fn allowing(&self, namespace: &str, labels: &Map<String, Value>) -> Result<usize, ActError> {
        let at = "list the network policies";
        let list = self.get(&policies(namespace), at).await?.unwrap_or_default();
        let items = list.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let selector = |policy: &Value| policy.pointer("/spec/podSelector").cloned().unwrap_or_default();
        let chosen = items.iter().filter(|policy| selector::chooses(&selector(policy), labels));
        Ok(chosen.filter(|policy| policy::allows_something(policy)).count())
    }

    /// Whether the policy of `plan` stands as it was made, and the object that stands in its place.
    async fn standing(&self, plan: &Plan) -> Result<(Observed, Value), ActError> {
        let isolation = isolation(plan)?;
        let path = format!("{}/{}", policies(&isolation.namespace), policy::name(plan.id.as_str()));
        Ok(match self.get(&path, "read the network policy").await? {
            None => (Observed::NotInForce, Value::Null),
            Some(there) if policy::is_ours(&there, &isolation.policy) => (Observed::InForce, there),
            Some(there) => (Observed::Conflict, there),
        })
    }
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kubernetes")
    }
}

impl Act for Kubernetes {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let served = self.descriptor.serves(request.action, request.target.kind);
        let meant = Workload::of(&request.target.id).is_some() && peers(request).is_some();
        if served && meant { Ok(()) } else { Err(ActError::permanent("read the workload's name")) }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        let bad = ActError::permanent("read the workload's name");
        let (workload, peers) = (Workload::of(&request.target.id).ok_or(bad)?, peers(request).ok_or(bad)?);
        let at = "find the workload";
        let object = self.get(&workload.path(), at).await?.ok_or(ActError::permanent(at))?;
        let (chosen, labels) =
            workload.pods(&object).ok_or(ActError::permanent("read whose pods they are"))?;
        if self.allowing(workload.namespace, &labels).await? > 0 {
            return Err(ActError::conflict("isolate pods that another network policy allows something"));
        }
        let policy = policy::isolation(request.id.as_str(), &chosen, &peers);
        let kept = Isolation { namespace: workload.namespace.to_owned(), policy };
        let undo = Undo::new(UNDO, &kept).map_err(|_| ActError::permanent("keep the prior state"))?;
        let summary = format!("isolate one workload but for {} peers", peers.len());
        Ok(Plan::new(request).with_undo(undo).saying(&summary).hitting(Impact::new(1, 0)))
    }

    async fn apply(&self, _: &Permit, plan: &Plan) -> Result<(), ActError> {
        let (at, isolation) = ("make the network policy", isolation(plan)?);
        match self.standing(plan).await?.0 {
            Observed::InForce => return Ok(()),
            Observed::NotInForce => {}
            _ => return Err(ActError::conflict(at)),
        }
        let call = self.call("POST", &policies(&isolation.namespace));
        let answer =
            ask(&*self.http, &call.body("application/json", isolation.policy.to_string()), at).await?;
        answer.found().map(drop).ok_or(ActError::permanent(at))
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        self.standing(plan).await.map(|(observed, _)| observed)
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let at = "delete the network policy";
        let (observed, there) = self.standing(plan).await?;
        match observed {
            Observed::NotInForce => return Ok(()),
            Observed::InForce => {}
            _ => return Err(ActError::conflict(at)),
        }
        let path = format!("{}/{}", policies(&isolation(plan)?.namespace), policy::name(plan.id.as_str()));
        // Only the very object that was just read: one that was changed or made anew since is not ours.
        let given =
            |name: &str| there.pointer("/metadata")?.get(name).filter(|value| value.is_string()).cloned();
        let mut exact = Map::new();
        exact.extend(given("uid").map(|uid| ("uid".to_owned(), uid)));
        exact.extend(given("resourceVersion").map(|version| ("resourceVersion".to_owned(), version)));
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": exact});
        let call = self.call("DELETE", &path).body("application/json", options.to_string());
        match ask(&*self.http, &call, at).await {
            Ok(_) => Ok(()),
            Err(ActError::Conflict { at }) => Err(ActError::transient(at)),
            Err(error) => Err(error),
        }
    }
}

impl<'a> Workload<'a> {
    fn of(id: &'a str) -> Option<Self> {
        let parts: Vec<&str> = id.split('/').collect();
        let (namespace, kind, name) = match *parts.as_slice() {
            [namespace, name] => (namespace, "deployment", name),
            [namespace, kind, name] => (namespace, kind, name),
            _ => return None,
        };
        let (group, kind) = match kind.to_ascii_lowercase().trim_end_matches('s') {
            "deployment" => ("/apis/apps/v1", "deployments"),
            "statefulset" => ("/apis/apps/v1", "statefulsets"),
            "daemonset" => ("/apis/apps/v1", "daemonsets"),
            "replicaset" => ("/apis/apps/v1", "replicasets"),
            "pod" => ("/api/v1", "pods"),
            _ => return None,
        };
        (is_name(namespace) && is_name(name)).then_some(Self { namespace, group, kind, name })
    }

    fn path(&self) -> String {
        let (namespace, name) = (percent(self.namespace), percent(self.name));
        format!("{}/namespaces/{namespace}/{}/{name}", self.group, self.kind)
    }

    /// The selector of its pods and the labels they have.
    fn pods(&self, object: &Value) -> Option<(Value, Map<String, Value>)> {
        if self.kind == "pods" {
            let labels = object.pointer("/metadata/labels")?.as_object()?.clone();
            return (!labels.is_empty()).then(|| (json!({"matchLabels": labels}), labels));
        }
        let labels = object.pointer("/spec/template/metadata/labels")?.as_object()?.clone();
        let selector = object.pointer("/spec/selector")?;
        (selector.as_object().is_some_and(|terms| !terms.is_empty())).then(|| (selector.clone(), labels))
    }
}

/// Whether `text` is a DNS subdomain (RFC 1123), as names of Kubernetes objects are.
fn is_name(text: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    (1..=253).contains(&text.len()) && text.bytes().all(sound)
}

fn policies(namespace: &str) -> String {
    format!("/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies", percent(namespace))
}

/// The addresses that the pods may go on speaking with; `None` when one of them is none.
fn peers(request: &Request) -> Option<Vec<IpAddr>> {
    let name = if request.action == Action::Isolate { "permit" } else { "allow" };
    let given = request.args.get(name).map(Vec::as_slice).unwrap_or_default();
    given.iter().map(|text| text.parse().ok()).collect()
}

fn isolation(plan: &Plan) -> Result<Isolation, ActError> {
    plan.undo.read(UNDO).map_err(|_| ActError::permanent("read the prior state"))
}

fn json(answer: &Answer, at: &'static str) -> Result<Value, ActError> {
    serde_json::from_slice(&answer.body).map_err(|_| ActError::permanent(at))
}
