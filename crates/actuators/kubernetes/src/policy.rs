//! The network policy that isolates a workload (`networking.k8s.io/v1 NetworkPolicy`).

use serde_json::{Value, json};
use std::net::IpAddr;

/// The name of the policy of action `id`.
pub(crate) fn name(id: &str) -> String {
    format!("homeostat-{id}")
}

/// A policy that lets the pods chosen by `selector` speak with `peers` and nobody else, in both directions.
pub(crate) fn isolation(id: &str, selector: &Value, peers: &[IpAddr]) -> Value {
    let blocks: Vec<Value> =
        peers.iter().map(|peer| json!({"ipBlock": {"cidr": host_block(*peer)}})).collect();
    let (ingress, egress) = if blocks.is_empty() {
        (json!([]), json!([]))
    } else {
        (json!([{"from": blocks}]), json!([{"to": blocks}]))
    };
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name(id),
            "labels": {"app.kubernetes.io/managed-by": "homeostat"},
            "annotations": {"homeostat/action": id},
        },
        "spec": {
            "podSelector": selector,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    })
}

/// Whether `there` is the policy `ours` as it was made: its specification and whose it is. A server leaves empty
/// lists out.
pub(crate) fn is_ours(there: &Value, ours: &Value) -> bool {
    let same = |path: &str| there.pointer(path) == ours.pointer(path);
    // The slash of the annotation's name stands as `~1` in a pointer (RFC 6901).
    same("/metadata/annotations/homeostat~1action")
        && same("/spec/podSelector")
        && same("/spec/policyTypes")
        && ["/spec/ingress", "/spec/egress"].iter().all(|way| rules(there, way) == rules(ours, way))
}

/// Whether a policy lets anything pass that another one forbids: policies add up, so one that allows undoes an
/// isolation beside it.
pub(crate) fn allows_something(policy: &Value) -> bool {
    ["/spec/ingress", "/spec/egress"].iter().any(|way| !rules(policy, way).is_empty())
}

fn rules<'a>(policy: &'a Value, way: &str) -> &'a [Value] {
    policy.pointer(way).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn host_block(address: IpAddr) -> String {
    format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })
}
