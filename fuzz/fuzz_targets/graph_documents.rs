//! Documents of an estate, as they are or with parts of one in the place of another: none may panic, reading one twice is
//! reading it once, and a graph that follows is one that is built anew.
#![no_main]

use homeostat_graph::{CloudDump, Graph, Inventory, Object, Reading};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::sync::LazyLock;

/// A document of each kind, small, and odd values besides.
const DOCUMENTS: &str = include_str!("graph_documents.json");

static POOL: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(DOCUMENTS).expect("the documents are JSON"));

/// What is read before gives a document something to be about.
static BEFORE: LazyLock<(Inventory, Graph)> = LazyLock::new(|| {
    let mut inventory = Inventory::default();
    for whole in POOL.iter() {
        inventory.read_document(whole, &Reading::default());
    }
    let graph = Graph::build(&inventory);
    (inventory, graph)
});

/// The most that is changed of a document.
const CHANGES: usize = 24;

/// What bytes say: JSON, or which document and what to change in it.
fn document(bytes: &[u8]) -> Option<Value> {
    if let Ok(whole) = serde_json::from_slice(bytes) {
        return Some(whole);
    }
    let (first, rest) = bytes.split_first()?;
    let mut whole = POOL.get(usize::from(*first) % POOL.len())?.clone();
    for change in rest.chunks_exact(4).take(CHANGES) {
        let [of, from, depth, to] = [0, 1, 2, 3].map(|at| usize::from(change[at]));
        let mut part = POOL[of % POOL.len()].clone();
        part = at(&mut part, from, depth % 8).take();
        *at(&mut whole, to, depth / 8 % 8) = part;
    }
    Some(whole)
}

/// Something that lies so deep in a value, or as deep as it goes.
fn at(whole: &mut Value, turn: usize, depth: usize) -> &mut Value {
    let width = match whole {
        Value::Array(all) => all.len(),
        Value::Object(all) => all.len(),
        _ => 0,
    };
    if depth == 0 || width == 0 {
        return whole;
    }
    let inner = match whole {
        Value::Array(all) => all.get_mut(turn % width),
        Value::Object(all) => all.values_mut().nth(turn % width),
        _ => None,
    };
    at(inner.expect("it is not empty"), turn / 3 + depth, depth - 1)
}

/// The ways through clouds of which a document tells something odd.
fn clouds(whole: &Value) {
    let mut dump = CloudDump::default();
    for document in POOL.iter().chain([whole]) {
        let _known = dump.read("d", document);
    }
    assert!(dump.finish().0.build().edges() > 0, "what is odd takes nothing from what is not");
}

fuzz_target!(|bytes: &[u8]| {
    let Some(whole) = document(bytes) else { return };
    clouds(&whole);
    let (mut inventory, mut graph) = BEFORE.clone();
    let Some(touched) = inventory.read_document(&whole, &Reading::default()) else { return };
    graph.update(&inventory, &touched);
    let once: Vec<Object> = inventory.objects().cloned().collect();
    inventory.read_document(&whole, &Reading::default());
    assert!(inventory.objects().eq(&once), "read twice it says something else");
    assert_eq!(graph.edges(), Graph::build(&inventory).edges(), "what follows is not what is built anew");
    assert!(graph.edges().iter().all(|edge| (0.0..=1.0).contains(&edge.probability)));
});
