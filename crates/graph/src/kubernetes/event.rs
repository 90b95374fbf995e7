//! Which changes of a cluster an event of its audit log shows.
//!
//! Kubernetes documentation, "Auditing", "Kubernetes API Concepts" and "Using Finalizers". At the level `RequestResponse` the log
//! holds the object as it is then, at `Request` what was asked for, which tells all of an object unless it is a patch; at
//! `Metadata` neither.

use super::change::{KubernetesChange, KubernetesKind, KubernetesObject, KubernetesOp};
use super::version;
use crate::Evidence;
use crate::cloudtrail::EventFault;
use crate::sharp_hound::{list, text};
use homeostat_core::Outcome;
use homeostat_event::{Account, Actor, Api, Event, Group, HttpRequest, Product, Url, User};
use serde_json::{Value, json};

impl KubernetesChange {
    /// The changes that `event` shows: none for reads, for what failed or was only tried (`dryRun`), for logs of others and for
    /// kinds of objects that no way rests on, such as secrets. What the event says only in part makes its object stale; an
    /// object that is made under a name that the log does not tell shows nothing.
    ///
    /// ```
    /// use homeostat_core::{Outcome, Timestamp, TenantId};
    /// use homeostat_event::{Actor, Api, Event, Head, NetworkEndpoint, Product, ResourceDetails, User};
    /// use homeostat_graph::{KubernetesChange, KubernetesKind, KubernetesObject, KubernetesOp};
    ///
    /// let head = Head::new(4, Timestamp::from_micros(1), Product::new("Kubernetes", "Kubernetes Audit"));
    /// let (maya, from) = (Actor::of_user(User::named("maya")), NetworkEndpoint::of_ip("192.0.2.7"));
    /// let mut event = Event::api_activity(head, maya, Api::new("delete pods"), from);
    /// let mut pod = ResourceDetails::named("cart");
    /// pod.set_kind("pods").set_namespace("shop");
    /// event.set_resources(vec![pod]).set_tenant(&TenantId::new("acme")?);
    /// event.metadata_mut().set_event_code("delete");
    /// assert!(KubernetesChange::from_event(&event)?.is_empty(), "how it ended is not told");
    /// event.set_outcome(Outcome::Success, None);
    /// let object = KubernetesObject::new(KubernetesKind::Pod, "shop", "cart");
    /// assert!(KubernetesChange::from_event(&event)?[0].op == KubernetesOp::Remove { object });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EventFault::NoTenant`] when the event shows a change but not whose.
    pub fn from_event(event: &Event) -> Result<Vec<Self>, EventFault> {
        let told = Call::of(event).map(|call| call.ops()).unwrap_or_default();
        if told.is_empty() {
            return Ok(Vec::new());
        }
        let tenant = event.tenant().ok_or(EventFault::NoTenant)?;
        let evidence = match event.reference() {
            Some(reference) => Evidence::Event(reference),
            None => Evidence::document("event without an id"),
        };
        let account = event.actor_told().and_then(Actor::user).and_then(User::account);
        let (at, cluster) = (event.when(), account.and_then(Account::uid).map(str::to_owned));
        let change = |(op, version)| Self {
            tenant: tenant.clone(),
            cluster: cluster.clone(),
            at,
            version,
            position: None,
            evidence: evidence.clone(),
            op,
        };
        Ok(told.into_iter().map(change).collect())
    }
}

/// A change, and the version that the object has by it.
type Told = (KubernetesOp, Option<u64>);

/// A request that was carried out.
struct Call<'a> {
    event: &'a Event,
    verb: &'a str,
    kind: KubernetesKind,
    sub: String,
    namespace: &'a str,
    name: Option<&'a str>,
    /// What was asked for.
    question: Option<Value>,
    /// What was answered.
    answer: Option<Value>,
}

impl<'a> Call<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        let metadata = event.metadata()?;
        let is_audit = metadata.product().and_then(Product::name) == Some("Kubernetes Audit");
        let is_done = metadata.kind().is_none_or(|stage| stage == "ResponseComplete");
        if !is_audit || !is_done || event.outcome() != Outcome::Success {
            return None;
        }
        let thing = event.resources().first()?;
        let resource = thing.kind()?;
        let word =
            |path: &str| event.unmapped(path).and_then(|told| serde_json::from_str(told.as_str()).ok());
        let group: Option<String> = word("objectRef.apiGroup");
        let group = event.api().and_then(Api::group).and_then(Group::name).or(group.as_deref());
        Some(Self {
            event,
            verb: metadata.event_code()?,
            kind: KubernetesKind::of_resource(resource, Some(group.unwrap_or_default()))?,
            sub: word("objectRef.subresource").unwrap_or_default(),
            namespace: thing.namespace().unwrap_or_default(),
            // Where a request names no object, the resource stands in for its name.
            name: thing.name().filter(|name| *name != resource),
            question: body(event, "requestObject"),
            answer: body(event, "responseObject"),
        })
    }

    fn ops(&self) -> Vec<Told> {
        match (self.verb, self.sub.as_str()) {
            _ if self.is_tried() => Vec::new(),
            ("create" | "update" | "patch", "") | ("update" | "patch", "ephemeralcontainers") => {
                self.written()
            }
            // Much changes of what is seen of an object, and of that little counts: without the object nothing.
            ("update" | "patch", "status" | "finalize") => {
                self.shown().map(|object| self.so(object)).into_iter().collect()
            }
            ("create", "binding") if self.kind == KubernetesKind::Pod => self.placed(),
            ("delete", "") => self.deleted(),
            ("deletecollection", "") => self.cleared(),
            _ => Vec::new(),
        }
    }

    /// Whether nothing was to be changed.
    fn is_tried(&self) -> bool {
        let by_body = self.question.as_ref().is_some_and(|body| list(body, "dryRun").next().is_some());
        by_body || self.query().is_some_and(|query| query.contains("dryRun="))
    }

    fn query(&self) -> Option<&str> {
        self.event.http_request().and_then(HttpRequest::url).and_then(Url::query_string)
    }

    /// The object that was answered, where one was.
    fn shown(&self) -> Option<&Value> {
        self.answer.as_ref().filter(|answer| self.is_own(answer))
    }

    fn is_own(&self, body: &Value) -> bool {
        let kind = text(body, "kind").is_none_or(|kind| kind == self.kind.name());
        kind && body.get("metadata").is_some_and(Value::is_object)
    }

    /// The object of the call, or the one that a body names.
    fn object(&self, body: Option<&Value>) -> Option<KubernetesObject> {
        let data = body.and_then(|body| body.get("metadata"));
        let own = |field: &str| data.and_then(|data| text(data, field)).filter(|text| !text.is_empty());
        let namespace = own("namespace").unwrap_or(self.namespace);
        Some(KubernetesObject::new(self.kind, namespace, own("name").or(self.name)?))
    }

    /// An object as it is now, or that it is gone.
    fn so(&self, object: &Value) -> Told {
        let op = match self.object(Some(object)) {
            Some(id) if ending(object) == Some(false) => KubernetesOp::Remove { object: id },
            _ => self.put(object),
        };
        (op, version(object))
    }

    fn put(&self, object: &Value) -> KubernetesOp {
        let mut record = object.clone();
        let id = self.object(Some(object));
        if let (Some(fields), Some(id)) = (record.as_object_mut(), id) {
            fields.insert("kind".to_owned(), json!(self.kind.name()));
            if let Some(data) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
                data.insert("name".to_owned(), json!(id.name));
                data.insert("namespace".to_owned(), json!(id.namespace));
            }
        }
        KubernetesOp::Put { record: record.to_string() }
    }

    fn stale(&self) -> Vec<Told> {
        let object = self.object(None);
        object.map(|object| (KubernetesOp::Stale { object }, None)).into_iter().collect()
    }

    fn written(&self) -> Vec<Told> {
        if let Some(object) = self.shown() {
            return vec![self.so(object)];
        }
        let asked = self.question.as_ref().filter(|body| self.verb != "patch" && self.is_own(body));
        match asked.filter(|body| self.object(Some(body)).is_some()) {
            // The version in what is asked for is the one before.
            Some(object) => vec![(self.so(object).0, None)],
            None => self.stale(),
        }
    }

    /// The scheduler places a pod.
    fn placed(&self) -> Vec<Told> {
        let target = self.question.as_ref().and_then(|body| body.get("target"));
        match (self.object(None), target.and_then(|target| text(target, "name"))) {
            (Some(pod), Some(node)) => vec![(KubernetesOp::Place { pod, node: node.to_owned() }, None)],
            _ => self.stale(),
        }
    }

    /// What is deleted is there as long as its finalizers or its time to end hold it; a namespace counts as gone at once.
    fn deleted(&self) -> Vec<Told> {
        let shown = self.shown();
        let is_held = self.answer.as_ref().is_some_and(|answer| ending(answer) == Some(true));
        match self.object(shown) {
            // Of the object only its metadata was answered.
            Some(_) if is_held && shown.is_none() && self.kind != KubernetesKind::Namespace => self.stale(),
            Some(object) => vec![self.gone(object, shown)],
            None => Vec::new(),
        }
    }

    fn gone(&self, object: KubernetesObject, shown: Option<&Value>) -> Told {
        match shown.filter(|shown| self.kind != KubernetesKind::Namespace && ending(shown) == Some(true)) {
            Some(shown) => (self.put(shown), version(shown)),
            None => (KubernetesOp::Remove { object }, shown.and_then(version)),
        }
    }

    /// Many are deleted: those that the answer lists, else all of a namespace unless only some were meant.
    fn cleared(&self) -> Vec<Told> {
        let items = self.answer.as_ref().and_then(|answer| answer.get("items")).and_then(Value::as_array);
        if let Some(items) = items {
            let gone = |item: &Value| Some(self.gone(self.object(Some(item))?, Some(item)));
            return items.iter().filter_map(gone).collect();
        }
        let namespace = (!self.kind.is_of_cluster()).then(|| self.namespace.to_owned());
        let is_all = |query: &str| !query.contains("Selector=");
        let is_told = self.event.http_request().and_then(HttpRequest::url).is_some();
        let op = if is_told && self.query().is_none_or(is_all) {
            KubernetesOp::RemoveAll { kind: self.kind, namespace }
        } else {
            KubernetesOp::StaleAll { kind: self.kind, namespace }
        };
        vec![(op, None)]
    }
}

/// A body of the request, as the record holds it.
fn body(event: &Event, name: &str) -> Option<Value> {
    let body: Value = serde_json::from_str(event.unmapped(name)?.as_str()).ok()?;
    body.is_object().then_some(body)
}

/// `None` when the object is not being deleted, else whether something holds it still: finalizers, or seconds it is given.
fn ending(object: &Value) -> Option<bool> {
    let data = object.get("metadata")?;
    text(data, "deletionTimestamp")?;
    let seconds = data.get("deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or_default();
    Some(list(data, "finalizers").next().is_some() || seconds > 0)
}
