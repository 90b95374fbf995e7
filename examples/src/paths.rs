//! Who reaches what in an estate, whatever form its description has: account authorization details of AWS, a SharpHound
//! collection, an OpenGraph payload, an edge list, objects of a Kubernetes cluster.

use crate::estate::{paths_of_all, unpack};
use homeostat_graph::{
    CloudDump, Foreign, Graph, Inventory, KubernetesDump, NamedGraph, NamedGraphBuilder, Path, PathsReport,
    Problem, Reading, ReportOptions, SharpHound,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::error::Error;
use std::time::Instant;

/// What is asked: from whom, to what; everybody and everything worth it when not told.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The id of the one who starts.
    pub from: Option<String>,
    /// The id of the target in place of administrator and jewels.
    pub to: Option<String>,
}

/// Milliseconds of each part of the work, in order.
pub(crate) struct Clock {
    last: Instant,
    told: Map<String, Value>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { last: Instant::now(), told: Map::new() }
    }

    pub(crate) fn lap(&mut self, name: &str) {
        let now = Instant::now();
        self.told.insert(name.to_owned(), json!(now.duration_since(self.last).as_secs_f64() * 1e3));
        self.last = now;
    }
}

/// The paths in `bytes`, a document called `name`: the report, with timings in milliseconds, and the records that could
/// not be read.
///
/// # Errors
///
/// When the document has none of the forms, or an id that is asked for is not in it.
pub fn paths(name: &str, bytes: &[u8], asked: &Asked) -> Result<(Value, Vec<Problem>), Box<dyn Error>> {
    let mut clock = Clock::start();
    if bytes.starts_with(b"PK\x03\x04") {
        let mut collection = SharpHound::default();
        let problems = unpack(&mut collection, bytes)?;
        let (builder, mut foreign) = collection.finish();
        foreign.problems.extend(problems);
        return named(builder, foreign, asked, clock);
    }
    let text = std::str::from_utf8(bytes)?.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with(['{', '[']) {
        let mut builder = NamedGraphBuilder::default();
        builder.document(name);
        let problems = builder.edge_list(text.as_bytes())?;
        let mut foreign = Foreign::default();
        foreign.problems = problems;
        return named(builder, foreign, asked, clock);
    }
    let whole: Value = serde_json::from_str(text)?;
    let mut builder = NamedGraphBuilder::default();
    builder.document(name);
    if let Some(foreign) = builder.open_graph(&whole) {
        return named(builder, foreign, asked, clock);
    }
    let mut collection = SharpHound::default();
    if collection.read(name, &whole).is_some() {
        let (builder, foreign) = collection.finish();
        return named(builder, foreign, asked, clock);
    }
    let mut cluster = KubernetesDump::default();
    let is_object = whole.is_array() || whole.get("items").is_some() || whole.get("apiVersion").is_some();
    let is_cloud = || CloudDump::default().read(name, &whole).is_some();
    if is_object && !is_cloud() && cluster.read(name, &whole).is_some() {
        let (builder, foreign) = cluster.finish();
        return named(builder, foreign, asked, clock);
    }
    let mut inventory = Inventory::default();
    let reading = Reading::default().named(name);
    if inventory.read_account_authorization(&whole, &reading).is_err() {
        // Answers of other APIs, findings, a plan.
        return paths_of_all(core::iter::once((name, bytes.to_vec())), asked);
    }
    drop(whole);
    clock.lap("read");
    let graph = Graph::build(&inventory);
    clock.lap("build");
    let report = derived(&graph, asked)?;
    clock.lap("paths");
    Ok((told(&report, None, clock)?, inventory.problems().to_vec()))
}

fn derived(graph: &Graph, asked: &Asked) -> Result<PathsReport, Box<dyn Error>> {
    let mut report = graph.report(ReportOptions::default());
    if let Some(from) = &asked.from {
        report.principals.retain(|principal| principal.id == *from);
        if report.principals.is_empty() {
            return Err(format!("there is no principal `{from}`").into());
        }
    }
    let Some(to) = &asked.to else { return Ok(report) };
    let edges = graph.edges();
    let target = edges.iter().map(|edge| &edge.to).chain(graph.principals()).find(|key| key.value() == to);
    let target = target.ok_or_else(|| format!("nothing leads to `{to}`"))?.clone();
    drop(edges);
    let ways = graph.exposure(&target);
    let way = |id: &str| ways.iter().find(|(key, _)| key.value() == id).map(|(_, path)| path);
    for principal in &mut report.principals {
        let path: Option<&Path> = way(&principal.id);
        principal.path = path.iter().flat_map(|path| &path.steps).map(|edge| graph.step(edge)).collect();
        principal.probability = path.map_or(0.0, |path| path.probability);
        principal.reaches.retain(|jewel| jewel == to);
        if path.is_some() && principal.reaches.is_empty() {
            principal.reaches.push(to.clone());
        }
    }
    report.exposure.retain(|target| target.target == *to);
    Ok(report)
}

fn named(
    builder: NamedGraphBuilder,
    foreign: Foreign,
    asked: &Asked,
    mut clock: Clock,
) -> Result<(Value, Vec<Problem>), Box<dyn Error>> {
    clock.lap("read");
    let graph = builder.build();
    clock.lap("build");
    named_report(&graph, (foreign, &BTreeSet::new()), asked, clock)
}

/// The report of a graph with names; `owners` are administrators that are known to be.
pub(crate) fn named_report(
    graph: &NamedGraph,
    (foreign, owners): (Foreign, &BTreeSet<String>),
    asked: &Asked,
    mut clock: Clock,
) -> Result<(Value, Vec<Problem>), Box<dyn Error>> {
    let find = |id: &String| graph.find(id).ok_or_else(|| format!("there is no node `{id}`"));
    let jewels: Vec<u32> = graph.jewels().collect();
    let targets = match &asked.to {
        Some(to) => vec![find(to)?],
        None => jewels.clone(),
    };
    let principals = match &asked.from {
        Some(from) => vec![find(from)?],
        None => principals(graph, &targets),
    };
    let tops: Vec<u32> = jewels.iter().copied().filter(|node| !graph.is_store(*node)).collect();
    let mut administrators = administrators(graph, &tops);
    administrators.extend(owners.iter().filter_map(|name| graph.find(name)));
    let mut report = graph.report(&principals, &targets, &administrators, ReportOptions::default());
    if let (Some(from), None) = (&asked.from, &asked.to) {
        // Nothing is marked as worth getting to: all that is in reach is told.
        if jewels.is_empty() {
            let reached = graph.net().reach(find(from)?);
            let names = reached.iter().map(|node| graph.name(node));
            let mut names: Vec<String> = names.filter(|name| name != from).map(str::to_owned).collect();
            names.sort();
            report.principals.iter_mut().for_each(|principal| principal.reaches.clone_from(&names));
        }
    }
    clock.lap("paths");
    let counts = json!({
        "unresolved_nodes": foreign.unresolved,
        "edges_not_alone": foreign.not_alone,
        "edges_unusable": graph.unusable(),
        "records_not_read": foreign.problems.len(),
    });
    Ok((told(&report, Some(counts), clock)?, foreign.problems))
}

/// Who owns a jewel without a step to take: its members, and in a cluster those whose permission set is all.
fn administrators(graph: &NamedGraph, jewels: &[u32]) -> BTreeSet<u32> {
    ["CLUSTER_ADMIN", "PERMISSION_DISCOVER", "MemberOf"].iter().fold(
        jewels.iter().copied().collect(),
        |owners: BTreeSet<u32>, kind| {
            let owners: Vec<u32> = owners.into_iter().collect();
            graph.belonging_to(&owners, kind)
        },
    )
}

/// Who may be taken over; where nobody is marked, everybody who gets to a target.
fn principals(graph: &NamedGraph, targets: &[u32]) -> Vec<u32> {
    let marked: Vec<u32> = graph.principals().collect();
    if !marked.is_empty() || targets.is_empty() {
        return marked;
    }
    graph.net().exposed(targets).iter().filter(|node| !targets.contains(node)).collect()
}

fn told(report: &PathsReport, more: Option<Value>, clock: Clock) -> Result<Value, serde_json::Error> {
    let mut told = serde_json::to_value(report)?;
    if let (Some(Value::Object(counts)), Some(Value::Object(more))) = (told.get_mut("counts"), more) {
        counts.extend(more);
    }
    if let Value::Object(told) = &mut told {
        told.insert("timings".to_owned(), Value::Object(clock.told));
    }
    Ok(told)
}
