//! Dumps that hold many objects, taken apart into documents: AWS account authorization details, lists of Kubernetes
//! objects, files of SharpHound.
//!
//! Each gives the changes that put the objects, in the order of the dump; what can not be placed is named and left out,
//! one bad object never fails the rest. O(bytes).

use crate::authority::{GROUP, POLICY, ROLE, USER};
use crate::change::Op;
use crate::edge::named;
use homeostat_core::{EntityKey, EntityKind};
use serde_json::{Map, Value, json};

/// What a dump gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dump {
    /// The changes that put its objects.
    pub ops: Vec<Op>,
    /// The places of objects that could not be read, such as `UserDetailList/3`.
    pub left: Vec<String>,
}

/// Why a text is no dump of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// The text is no JSON.
    #[error("the text is no JSON")]
    NotJson,
    /// The text is JSON of another shape.
    #[error("the text has none of the lists that such a dump has")]
    OtherShape,
}

impl Dump {
    /// What `GetAccountAuthorizationDetails` returns: users, groups, roles, policies.
    ///
    /// ```
    /// use homeostat_posture::Dump;
    ///
    /// let details = r#"{"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/jane"}, {}]}"#;
    /// let dump = Dump::account_authorization(details)?;
    /// assert_eq!((dump.ops.len(), dump.left), (1, vec!["UserDetailList/1".to_owned()]));
    /// # Ok::<(), homeostat_posture::DumpError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DumpError`] when the text is no such dump.
    pub fn account_authorization(json: &str) -> Result<Self, DumpError> {
        let value: Value = serde_json::from_str(json).map_err(|_| DumpError::NotJson)?;
        let lists = [
            ("UserDetailList", USER),
            ("GroupDetailList", GROUP),
            ("RoleDetailList", ROLE),
            ("Policies", POLICY),
        ];
        let mut dump = Self::default();
        let mut known = false;
        for (list, kind) in lists {
            let Some(entries) = value.get(list).and_then(Value::as_array) else { continue };
            known = true;
            for (number, entry) in entries.iter().enumerate() {
                let key = entry.get("Arn").and_then(Value::as_str).and_then(|arn| named(arn, ""));
                dump.put(key, kind, entry, || format!("{list}/{number}"));
            }
        }
        if known { Ok(dump) } else { Err(DumpError::OtherShape) }
    }

    /// One Kubernetes object, or a `List` of them, of the cluster `cluster`. Deployments, jobs and the like count as
    /// the pods that they make.
    ///
    /// # Errors
    ///
    /// [`DumpError`] when the text is no such object.
    pub fn kubernetes(cluster: &str, json: &str) -> Result<Self, DumpError> {
        let value: Value = serde_json::from_str(json).map_err(|_| DumpError::NotJson)?;
        let (items, list) = match value.get("items") {
            Some(Value::Array(items)) => (items.as_slice(), value.get("kind").and_then(Value::as_str)),
            _ => (core::slice::from_ref(&value), None),
        };
        // A list of one kind leaves its elements without theirs.
        let shared = list.and_then(|list| list.strip_suffix("List")).filter(|kind| !kind.is_empty());
        if list.is_none() && value.get("kind").is_none() {
            return Err(DumpError::OtherShape);
        }
        let mut dump = Self::default();
        for (number, item) in items.iter().enumerate() {
            let word = item.get("kind").and_then(Value::as_str).or(shared).unwrap_or_default();
            let Some(kind) = kubernetes_kind(word) else { continue };
            let named =
                |name: &str| item.get("metadata").and_then(|own| own.get(name)).and_then(Value::as_str);
            let key = named("name").and_then(|name| {
                let place = format!("{}/{}/{name}", named("namespace").unwrap_or("-"), word.to_lowercase());
                EntityKey::new(EntityKind::K8sWorkload, cluster, &place).ok()
            });
            dump.put(key, kind, &pod_of(item), || format!("items/{number}"));
        }
        Ok(dump)
    }

    /// One file of a SharpHound collection: its kind stands in its own `meta`.
    ///
    /// # Errors
    ///
    /// [`DumpError`] when the text is no such file.
    pub fn sharp_hound(json: &str) -> Result<Self, DumpError> {
        let value: Value =
            serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(|_| DumpError::NotJson)?;
        let word = value.get("meta").and_then(|meta| meta.get("type")).and_then(Value::as_str);
        let entries = value.get("data").and_then(Value::as_array);
        let (Some(word), Some(entries)) = (word, entries) else { return Err(DumpError::OtherShape) };
        let mut dump = Self::default();
        let kind = match word {
            "users" => "ad.user",
            "computers" => "ad.computer",
            "groups" => "ad.group",
            "domains" => "ad.domain",
            "certtemplates" => "ad.certificate-template",
            _ => return Ok(dump),
        };
        for (number, entry) in entries.iter().enumerate() {
            let id = entry.get("ObjectIdentifier").and_then(Value::as_str);
            let key =
                id.and_then(|id| match id.rfind("S-1-5-21-").and_then(|at| id.get(at..)?.rsplit_once('-')) {
                    Some((domain, _)) => EntityKey::new(EntityKind::Sid, domain, id).ok(),
                    None => EntityKey::new(EntityKind::NativeId, "ad", id).ok(),
                });
            dump.put(key, kind, entry, || format!("data/{number}"));
        }
        Ok(dump)
    }

    fn put(&mut self, key: Option<EntityKey>, kind: &str, entry: &Value, place: impl Fn() -> String) {
        match key {
            Some(object) if entry.is_object() => {
                let (kind, document) = (kind.to_owned(), entry.to_string());
                self.ops.push(Op::Put { object, kind, document });
            }
            _ => self.left.push(place()),
        }
    }
}

fn kubernetes_kind(word: &str) -> Option<&'static str> {
    Some(match word {
        "Pod" | "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" | "Job" | "CronJob" => {
            "kubernetes.pod"
        }
        "ClusterRole" => "kubernetes.cluster-role",
        "ClusterRoleBinding" => "kubernetes.cluster-role-binding",
        "ServiceAccount" => "kubernetes.service-account",
        "Namespace" => "kubernetes.namespace",
        "NetworkPolicy" => "kubernetes.network-policy",
        "Service" => "kubernetes.service",
        "PersistentVolume" => "kubernetes.persistent-volume",
        "KubeletConfiguration" => "kubernetes.kubelet",
        _ => return None,
    })
}

/// The pod that a workload makes, under the workload's own metadata; other objects as they are.
fn pod_of(item: &Value) -> Value {
    let templates = ["/spec/jobTemplate/spec/template/spec", "/spec/template/spec"];
    let Some(spec) = templates.iter().find_map(|pointer| item.pointer(pointer)) else { return item.clone() };
    let mut pod = Map::new();
    for name in ["apiVersion", "kind", "metadata"] {
        pod.extend(item.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    pod.insert("spec".to_owned(), json!(spec));
    Value::Object(pod)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(dump: &Dump) -> Vec<&str> {
        dump.ops
            .iter()
            .filter_map(|op| if let Op::Put { kind, .. } = op { Some(kind.as_str()) } else { None })
            .collect()
    }

    #[test]
    fn workloads_are_told_as_the_pods_that_they_make() {
        let list = r#"{"kind": "List", "items": [
            {"kind": "CronJob", "metadata": {"name": "nightly", "namespace": "ops"},
             "spec": {"jobTemplate": {"spec": {"template": {"spec": {"hostPID": true}}}}}},
            {"kind": "ConfigMap", "metadata": {"name": "c"}},
            {"kind": "Pod", "metadata": {}}]}"#;
        let dump = Dump::kubernetes("prod", list).unwrap();
        assert_eq!(
            (kinds(&dump), dump.left.as_slice()),
            (vec!["kubernetes.pod"], &["items/2".to_owned()][..])
        );
        let Op::Put { object, document, .. } = &dump.ops[0] else { panic!("no put") };
        assert_eq!((object.value(), object.scope()), ("ops/cronjob/nightly", "prod"));
        assert!(document.contains(r#""spec":{"hostPID":true}"#), "{document}");
        let typed =
            Dump::kubernetes("prod", r#"{"kind": "NamespaceList", "items": [{"metadata": {"name": "a"}}]}"#);
        assert_eq!(kinds(&typed.unwrap()), ["kubernetes.namespace"]);
        assert_eq!(Dump::kubernetes("prod", "{}"), Err(DumpError::OtherShape));
        assert_eq!(Dump::kubernetes("prod", "{"), Err(DumpError::NotJson));
    }

    #[test]
    fn a_file_of_the_directory_is_taken_apart() {
        let file = "\u{feff}{\"meta\": {\"type\": \"users\"}, \"data\": [{\"ObjectIdentifier\": \"S-1-5-21-1-2-3-1104\"}, 5]}";
        let dump = Dump::sharp_hound(file).unwrap();
        assert_eq!((kinds(&dump), dump.left.len()), (vec!["ad.user"], 1));
        assert_eq!(dump.ops[0].object().unwrap().scope(), "S-1-5-21-1-2-3");
        let other = Dump::sharp_hound(r#"{"meta": {"type": "gpos"}, "data": [{}]}"#).unwrap();
        assert_eq!(other, Dump::default());
    }
}
