//! A Kubernetes cluster followed by its audit log: reads objects and logs, and tells what each change brings.
//!
//! `cargo run --release -p homeostat-graph --all-features --example followed_cluster -- OBJECTS… LOG…`; without arguments a
//! made-up cluster of 25,000 pods in 500 namespaces, and on standard error how long its changes take.

use homeostat_core::{TenantId, Timestamp};
use homeostat_graph::{
    Evidence, KubernetesChange, KubernetesDump, KubernetesOp, LiveKubernetes, Way, WaysTouched,
};
use homeostat_ingest::{Context, Ingest, Registry};
use serde_json::{Value, json};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() { made_up() } else { follow(&files) }
}

/// Reads what holds objects of a cluster as such, and the rest as its log.
fn follow(files: &[String]) -> Result<(), Box<dyn Error>> {
    let (mut dump, mut logs) = (KubernetesDump::default(), Vec::new());
    for file in files {
        let bytes = std::fs::read(file)?;
        let objects = serde_json::from_slice(&bytes).ok().filter(|whole: &Value| !is_log(whole));
        if objects.and_then(|whole| dump.read(file, &whole)).is_none() {
            logs.push((file, bytes));
        }
    }
    let mut cluster = LiveKubernetes::new(dump);
    let context = Context::new().with_tenant(TenantId::new("example")?);
    for (file, bytes) in logs {
        let mut ingest = Ingest::new(Registry::default()).with_context(context.clone());
        for event in ingest.read(file, bytes.as_slice()) {
            for change in KubernetesChange::from_event(&event?)? {
                tell(&change.evidence.to_string(), &cluster.apply(&change)?);
            }
        }
    }
    let graph = cluster.graph();
    println!("{} nodes, {} edges", graph.len(), graph.edges());
    Ok(())
}

fn is_log(whole: &Value) -> bool {
    whole.get("kind").and_then(Value::as_str).is_some_and(|kind| ["Event", "EventList"].contains(&kind))
}

fn tell(because: &str, touched: &WaysTouched) {
    let edge = |sign: char, way: &Way| println!("{sign} {} {} {} ({because})", way.from, way.kind, way.to);
    touched.added.iter().for_each(|way| edge('+', way));
    touched.removed.iter().for_each(|way| edge('-', way));
}

fn pod(namespace: usize, name: usize) -> Value {
    json!({"kind": "Pod", "metadata": {"name": format!("p{name}"), "namespace": format!("n{namespace}")},
        "spec": {"nodeName": format!("node{}", (namespace * 50 + name) % 500),
            "containers": [{"name": "main", "ports": [{"containerPort": 80}]}]}})
}

fn role(kind: &str, namespace: usize, name: &str, verb: &str) -> Value {
    json!({"kind": kind, "metadata": {"name": name, "namespace": format!("n{namespace}")},
        "rules": [{"verbs": [verb], "apiGroups": [""], "resources": ["pods", "pods/exec"]}]})
}

fn binding(kind: &str, namespace: usize, name: &str, role: &str) -> Value {
    json!({"kind": format!("{kind}Binding"), "metadata": {"name": name, "namespace": format!("n{namespace}")},
        "roleRef": {"kind": kind, "name": role}, "subjects": [{"kind": "User", "name": format!("u{name}")}]})
}

fn made_up() -> Result<(), Box<dyn Error>> {
    let mut objects: Vec<Value> =
        (0..500).flat_map(|namespace| (0..50).map(move |name| pod(namespace, name))).collect();
    for namespace in 0..500 {
        objects.push(role("Role", namespace, "shell", "create"));
        objects.extend((0..4).map(|name| binding("Role", namespace, &format!("b{name}"), "shell")));
    }
    objects.push(role("ClusterRole", 0, "shell", "create"));
    objects.push(role("ClusterRole", 0, "view", "get"));
    objects.extend((0..40).map(|name| binding("ClusterRole", 0, &format!("c{name}"), "view")));
    let mut dump = KubernetesDump::default();
    let objects = json!(objects);
    let start = Instant::now();
    dump.read("objects.json", &objects).ok_or("no objects")?;
    let read = start.elapsed();
    let mut cluster = LiveKubernetes::new(dump);
    eprintln!("read in {read:.0?}, with the ways through it {:.0?}", start.elapsed());
    println!("{} edges", cluster.graph().edges());
    let changes = [
        ("a pod", pod(7, 50)),
        ("a role bound in one namespace", binding("Role", 7, "new", "shell")),
        ("a role of one namespace", role("Role", 9, "shell", "patch")),
        ("a role bound in the cluster", binding("ClusterRole", 0, "new", "shell")),
    ];
    for (at, (what, record)) in (1..).zip(changes) {
        let change = KubernetesChange {
            tenant: TenantId::new("example")?,
            cluster: None,
            at: Timestamp::from_micros(at),
            version: None,
            position: None,
            evidence: Evidence::document("made up"),
            op: KubernetesOp::Put { record: record.to_string() },
        };
        let start = Instant::now();
        let touched = cluster.apply(&change)?;
        let took = start.elapsed();
        println!("{what}: {} looked at, {} edges more", touched.worked, touched.added.len());
        eprintln!("in {took:.1?}");
    }
    Ok(())
}
