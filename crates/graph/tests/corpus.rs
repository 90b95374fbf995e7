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
    // The dump gives one user no policy at all, and no trust policy names it.
    assert!(missed.len() <= 1, "{missed:?}");
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

/// Principals that the truth does not have on its path and that yet are said to reach administrator.
#[test]
fn nobody_else_is_named() {
    let Some(root) = corpus() else { return };
    let (mut others, mut named) = (0, Vec::new());
    for entry in std::fs::read_dir(root.join("pathfinding_labs_gaad/scenarios")).unwrap() {
        let (inventory, truth) = read(&entry.unwrap().path());
        let graph = Graph::build(&inventory);
        let account = graph.accounts().next().unwrap().value().to_owned();
        let on_path = truth.to_string().replace("{account_id}", &account);
        let reaching = graph.can_reach_administrator();
        for key in graph.principals().filter(|key| !on_path.contains(key.value())) {
            others += 1;
            if reaching.contains_key(key) {
                named.push(key.value().to_owned());
            }
        }
    }
    println!(
        "labs: {} of {others} principals outside the labelled paths reach administrator: {named:#?}",
        named.len()
    );
    assert!(named.len() <= 4, "{named:?}");
}

#[test]
fn a_big_example_account_is_quick() {
    let Some(root) = corpus() else { return };
    let file = root.join("cloudsplaining/test/files/example-authz-details.json");
    let Ok(text) = std::fs::read_to_string(&file) else { return };
    let start = std::time::Instant::now();
    let inventory = Inventory::from_account_authorization(&text, &Reading::default()).unwrap();
    let read = start.elapsed();
    let graph = Graph::build(&inventory);
    let built = start.elapsed();
    let reaching = graph.can_reach_administrator().len();
    println!(
        "{:?}; {reaching} reach administrator, {} are; problems {:?}",
        graph.stats(),
        graph.administrators().count(),
        inventory.problems()
    );
    println!("read {read:?}, built {:?}, all {:?}", built.saturating_sub(read), start.elapsed());
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
