//! What ties a Kubernetes cluster to the account that it runs in: service accounts with roles, nodes that are machines,
//! roles that are users of the cluster.
//!
//! Annotations and records: "Amazon EKS User Guide", IAM roles for service accounts, Pod Identity, access entries and the
//! `aws-auth` map. Nodes of this side are called as [`KubernetesDump`](crate::KubernetesDump) calls them.

use super::ec2::machine;
use super::{Facts, text, texts};
use crate::federation::{ANNOTATED, GROUP, ISSUERS, POD_ROLE, SUBJECT};
use crate::object::{LinkKind, ObjectKind, arn_key};
use homeostat_core::{EntityKey, EntityKind};
use serde_json::Value;

pub(super) fn read(whole: &Value, facts: &mut Facts) -> bool {
    let of_list = text(whole, "kind").and_then(|kind| kind.strip_suffix("List")).unwrap_or_default();
    let objects = match whole {
        Value::Array(objects) => objects.as_slice(),
        _ => match whole.get("items").and_then(Value::as_array) {
            Some(items) => items.as_slice(),
            None => core::slice::from_ref(whole),
        },
    };
    let mut known = false;
    for (number, object) in objects.iter().enumerate().filter(|(_, object)| object.get("metadata").is_some())
    {
        let kind = text(object, "kind").filter(|_| whole.get("items").is_none()).unwrap_or(of_list);
        let kind = if kind.is_empty() { text(object, "kind").unwrap_or_default() } else { kind };
        let Some(read) = reader(kind) else { continue };
        known = true;
        if read(facts, object).is_none() {
            facts.problem(&format!("object {number}"), "no object with a name");
        }
    }
    let record = |field: &str| whole.get(field).filter(|record| record.is_object());
    let lists = [
        record("cluster").and_then(|record| cluster(facts, record)).is_some(),
        record("association").and_then(|record| association(facts, record)).is_some(),
        record("accessEntry").and_then(|record| access_entry(facts, record)).is_some(),
        facts.each(whole, "associations", association),
    ];
    known || lists.contains(&true)
}

type Reader = fn(&mut Facts, &Value) -> Option<()>;

fn reader(kind: &str) -> Option<Reader> {
    match kind {
        "ServiceAccount" => Some(service_account),
        "Node" => Some(node),
        "ConfigMap" => Some(config_map),
        _ => None,
    }
}

/// The key of something in the cluster by the name that its graph gives it.
fn named(name: &str) -> Option<EntityKey> {
    EntityKey::new(EntityKind::NativeId, "kubernetes", name).ok()
}

/// The one cluster whose objects are read: its tokens are vouched for by this issuer.
fn the_cluster() -> Option<EntityKey> {
    named("cluster")
}

fn account(
    facts: &mut Facts,
    namespace: &str,
    name: &str,
    attributes: [(&str, Option<String>); 1],
) -> Option<()> {
    let key = named(&format!("ServiceAccount {namespace}/{name}"))?;
    let subject = format!("system:serviceaccount:{namespace}:{name}");
    // Pods run as it; nobody is it by himself.
    let all = attributes.into_iter().chain([(SUBJECT, Some(subject)), (GROUP, Some("true".to_owned()))]);
    facts.put(&key, Some(ObjectKind::Subject), all);
    facts.link(&key, LinkKind::Within, &the_cluster()?);
    Some(())
}

fn service_account(facts: &mut Facts, object: &Value) -> Option<()> {
    let data = object.get("metadata")?;
    let role = data.get("annotations").and_then(|notes| text(notes, "eks.amazonaws.com/role-arn"));
    let namespace = text(data, "namespace").unwrap_or("default");
    account(facts, namespace, text(data, "name")?, [(ANNOTATED, role.map(str::to_owned))])
}

fn association(facts: &mut Facts, record: &Value) -> Option<()> {
    let (namespace, name) = (text(record, "namespace")?, text(record, "serviceAccount")?);
    account(facts, namespace, name, [(POD_ROLE, text(record, "roleArn").map(str::to_owned))])
}

/// A node is the machine whose id its provider's name ends with: `aws:///eu-west-1a/i-0a1b`.
fn node(facts: &mut Facts, object: &Value) -> Option<()> {
    let name = text(object.get("metadata")?, "name")?;
    let provider = object.get("spec").and_then(|spec| text(spec, "providerID"));
    let id = provider.filter(|id| id.starts_with("aws:")).and_then(|id| id.rsplit('/').next());
    if let Some(id) = id.filter(|id| id.starts_with("i-")) {
        let key = named(&format!("Node {name}"))?;
        let machine = machine(facts, id)?;
        facts.link(&key, LinkKind::SameAs, &machine);
        facts.link(&key, LinkKind::Behind, &machine);
        facts.link(&machine, LinkKind::SameAs, &key);
    }
    Some(())
}

fn cluster(facts: &mut Facts, record: &Value) -> Option<()> {
    let name = text(record, "arn").or_else(|| text(record, "name"))?;
    let issuer = text(record.get("identity")?.get("oidc")?, "issuer")?.trim_start_matches("https://");
    let attribute = format!("{ISSUERS}{name}");
    facts.put(&the_cluster()?, Some(ObjectKind::Network), [(&*attribute, Some(issuer.to_owned()))]);
    Some(())
}

fn access_entry(facts: &mut Facts, record: &Value) -> Option<()> {
    let principal = arn_key(text(record, "principalArn")?)?;
    becomes(facts, &principal, text(record, "username"), texts(record, "kubernetesGroups"))
}

/// A principal of the account is a user of the cluster, and in its groups.
fn becomes<'a>(
    facts: &mut Facts,
    principal: &EntityKey,
    user: Option<&str>,
    groups: impl Iterator<Item = &'a str>,
) -> Option<()> {
    let groups = groups.map(|group| format!("Group {group}"));
    for name in user.map(|user| format!("User {user}")).into_iter().chain(groups) {
        facts.link(principal, LinkKind::ActsAs, &named(&name)?);
    }
    Some(())
}

fn config_map(facts: &mut Facts, object: &Value) -> Option<()> {
    let data = object.get("metadata")?;
    if (text(data, "namespace"), text(data, "name")) != (Some("kube-system"), Some("aws-auth")) {
        return Some(());
    }
    for field in ["mapRoles", "mapUsers"] {
        let map = object.get("data").and_then(|data| text(data, field)).unwrap_or_default();
        for entry in entries(map) {
            if let Some(principal) = entry.arn.and_then(arn_key) {
                becomes(facts, &principal, entry.user, entry.groups.into_iter())?;
            }
        }
    }
    Some(())
}

/// An entry of the map.
#[derive(Default)]
struct Entry<'a> {
    arn: Option<&'a str>,
    user: Option<&'a str>,
    groups: Vec<&'a str>,
}

/// The entries of the map. It is YAML of one shape: a list of records with two texts and a list of texts; what has another
/// shape gives nothing.
fn entries(map: &str) -> Vec<Entry<'_>> {
    let mut all: Vec<Entry<'_>> = Vec::new();
    for line in map.lines() {
        let (starts, rest) = match line.trim_start().strip_prefix("- ") {
            Some(rest) => (true, rest.trim()),
            None => (false, line.trim()),
        };
        let value = |name: &str| rest.strip_prefix(name).map(|text| text.trim().trim_matches(['"', '\'']));
        let known =
            ["rolearn:", "userarn:", "username:", "groups:"].iter().any(|name| rest.starts_with(name));
        if starts && known {
            all.push(Entry::default());
        }
        let Some(entry) = all.last_mut() else { continue };
        entry.arn = value("rolearn:").or_else(|| value("userarn:")).or(entry.arn);
        entry.user = value("username:").or(entry.user);
        if starts && !known && !rest.contains(": ") {
            entry.groups.push(rest.trim_matches(['"', '\'']));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_of_roles_is_read() {
        let map = "- rolearn: arn:aws:iam::1:role/a\n  username: system:node:{{EC2PrivateDNSName}}\n  groups:\n  - system:nodes\n    \n- groups:\n    - system:masters\n  rolearn: \"arn:aws:iam::1:role/b\"\n  username: admin\n";
        let read = entries(map);
        let told: Vec<_> = read.iter().map(|one| (one.arn, one.user, one.groups.clone())).collect();
        assert_eq!(
            told,
            [
                (
                    Some("arn:aws:iam::1:role/a"),
                    Some("system:node:{{EC2PrivateDNSName}}"),
                    vec!["system:nodes"]
                ),
                (Some("arn:aws:iam::1:role/b"), Some("admin"), vec!["system:masters"]),
            ]
        );
        assert!(entries("nonsense: [").is_empty());
    }
}
