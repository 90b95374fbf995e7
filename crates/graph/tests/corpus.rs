//! Labelled AWS scenarios of the corpus: who reaches the target, who must not. Skips when `HOMEOSTAT_CORPUS`
//! is unset.
#![cfg(test)]

use homeostat_graph::{Graph, Inventory, Reading, arn_key};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("HOMEOSTAT_CORPUS").map(PathBuf::from);
    if root.is_none() {
        println!("skipped: HOMEOSTAT_CORPUS is unset");
    }
    root.map(|root| root.join("graph"))
}

/// The inventory, read of what a scenario has besides its truth, and the truth.
fn read(path: &Path) -> (Inventory, Value) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut whole: Value = serde_json::from_str(&text).unwrap();
    let truth = whole.as_object_mut().unwrap().remove("truth").unwrap_or_default();
    let inventory = Inventory::from_account_authorization(&whole.to_string(), &Reading::default()).unwrap();
    assert!(inventory.problems().is_empty(), "{:?}", inventory.problems());
    (inventory, truth)
}

#[test]
fn every_vulnerable_user_reaches_administrator() {
    let Some(root) = corpus() else { return };
    let (inventory, _) = read(&root.join("iam_vulnerable_gaad/iam_vulnerable.json"));
    let graph = Graph::build(&inventory);
    let reaching = graph.can_reach_administrator();
    let users: Vec<_> = graph.principals().filter(|key| key.value().contains(":user/privesc")).collect();
    let missed: Vec<_> =
        users.iter().filter(|key| !reaching.contains_key(**key)).map(|key| key.value()).collect();
    println!(
        "iam-vulnerable: {} of {} users reach administrator; missed {missed:#?}",
        users.len() - missed.len(),
        users.len()
    );
    println!("{:?}", graph.stats());
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn labelled_paths_are_found() {
    let Some(root) = corpus() else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("pathfinding_labs_gaad/scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut single, mut found_single, mut found, mut missed) = (0, 0, 0, Vec::new());
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let (inventory, truth) = read(file);
        let graph = Graph::build(&inventory);
        let ok = reaches(&graph, &inventory, &truth);
        let counted =
            name.starts_with("single-account") && truth["target"] == "to-admin" && !name.contains("cspm");
        single += usize::from(counted);
        found_single += usize::from(counted && ok);
        found += usize::from(ok);
        if !ok {
            missed.push(name);
        }
    }
    println!(
        "labs: {found} of {}, single-account to-admin {found_single} of {single}; missed {missed:#?}",
        files.len()
    );
    assert!(found_single * 100 >= single * 95, "{missed:?}");
}

/// Whether the first principal of the truth that the inventory knows gets to the target.
fn reaches(graph: &Graph, inventory: &Inventory, truth: &Value) -> bool {
    let account = graph.accounts().next().unwrap().value().to_owned();
    let names = truth["principals"].as_array().cloned().unwrap_or_default();
    let nodes = truth["map_nodes"].as_array().cloned().unwrap_or_default();
    let arns = names.iter().chain(nodes.iter().map(|node| &node["arn"])).filter_map(Value::as_str);
    let resolved = arns.map(|arn| arn.replace("{account_id}", &account));
    let start = resolved.filter_map(|arn| arn_key(&arn)).find(|key| inventory.object(key).is_some());
    let Some(start) = start else { return false };
    if truth["target"] == "to-admin" {
        return graph.path_to_administrator(&start).is_some();
    }
    graph.jewels_in_reach(&start).iter().any(|key| key.value().starts_with("arn:aws:s3:::"))
}
