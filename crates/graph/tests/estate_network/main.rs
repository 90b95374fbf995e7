//! What is reached from inside: the sender's rules for outgoing packets, lists of addresses, and ways between networks.
//! Documents are as the programs of AWS print them.
#![cfg(test)]
#![cfg(feature = "documents")]

mod between;
mod document;
mod egress;
mod law;
mod prefix_list;
#[cfg(feature = "terraform")]
mod terraform;

use homeostat_core::Timestamp;
use homeostat_graph::{Graph, Inventory, Reading};
use serde_json::Value;
use std::collections::BTreeSet;

const ACCOUNT: &str = "111122223333";

fn reading(name: &str, at: i64) -> Reading {
    let mut reading = Reading::default().named(name);
    reading.at = Timestamp::from_micros(at);
    reading
}

/// An estate that is read document after document, its graph kept beside.
#[derive(Default)]
struct Estate {
    inventory: Inventory,
    graph: Graph,
    read: i64,
}

impl Estate {
    fn of(documents: &[Value]) -> Self {
        let mut estate = Self::default();
        for document in documents {
            estate.read(document);
        }
        estate
    }

    #[track_caller]
    fn read(&mut self, document: &Value) {
        self.read += 1;
        let touched = self.inventory.read_document(document, &reading("told", self.read)).unwrap();
        self.graph.update(&self.inventory, &touched);
        assert_eq!(self.graph.edges(), Graph::build(&self.inventory).edges());
    }

    /// What is reached from a machine over the network, by rule and machine.
    fn reached(&self, from: &str) -> BTreeSet<(String, String)> {
        let edges = self.graph.edges();
        let is = |value: &str| value.ends_with(&format!("instance/{from}"));
        let places: BTreeSet<&str> = edges
            .iter()
            .filter(|edge| is(edge.from.value()) && &*edge.rule == "lies in it")
            .map(|edge| edge.to.value())
            .collect();
        let from_places = edges.iter().filter(|edge| places.contains(edge.from.value()));
        let all = from_places.filter(|edge| !is(edge.to.value()));
        all.map(|edge| (edge.rule.to_string(), edge.to.value().rsplit('/').next().unwrap().to_owned()))
            .collect()
    }

    fn gets(&self, from: &str, to: &str) -> bool {
        self.reached(from).iter().any(|(_, reached)| reached == to)
    }
}
