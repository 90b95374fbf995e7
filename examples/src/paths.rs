//! Who reaches what in an estate, whatever form its description has: account authorization details of AWS, a SharpHound
//! collection, an OpenGraph payload, an edge list, objects of a Kubernetes cluster.

use homeostat_graph::{
    Foreign, Graph, Inventory, KubernetesDump, NamedGraph, NamedGraphBuilder, Path, PathsReport, Problem,
    Reading, ReportOptions, SharpHound,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Cursor, Read};
use std::path::Path as FilePath;
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
struct Clock {
    last: Instant,
    told: Map<String, Value>,
}

impl Clock {
    fn start() -> Self {
        Self { last: Instant::now(), told: Map::new() }
    }

    fn lap(&mut self, name: &str) {
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
        let (builder, foreign) = sharp_hound(bytes)?.finish();
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
    if is_object && cluster.read(name, &whole).is_some() {
        let (builder, foreign) = cluster.finish();
        return named(builder, foreign, asked, clock);
    }
    drop(whole);
    let inventory = Inventory::from_account_authorization(text, &Reading::default().named(name))?;
    clock.lap("read");
    let graph = Graph::build(&inventory);
    clock.lap("build");
    let report = derived(&graph, asked)?;
    clock.lap("paths");
    Ok((told(&report, None, clock)?, inventory.problems().to_vec()))
}

/// The paths in all documents of a directory together, names and bytes in order: objects of a Kubernetes cluster as
/// collectors write them, or the unpacked files of a SharpHound collection.
///
/// # Errors
///
/// When no document is one of either, or an id that is asked for is not in them.
pub fn paths_of_all<'a>(
    files: impl Iterator<Item = (&'a str, Vec<u8>)>,
    asked: &Asked,
) -> Result<(Value, Vec<Problem>), Box<dyn Error>> {
    let clock = Clock::start();
    let (mut cluster, mut collection) = (KubernetesDump::default(), SharpHound::default());
    let (mut objects, mut records, mut others) = (0, 0, Vec::new());
    for (name, bytes) in files {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let cause = match serde_json::from_slice(bytes) {
            Ok(whole) if collection.read(name, &whole).is_some() => {
                records += 1;
                continue;
            }
            Ok(whole) if cluster.read(name, &whole).is_some() => {
                objects += 1;
                continue;
            }
            Ok(_) => "neither objects of a cluster nor a file of a collection".to_owned(),
            Err(error) => error.to_string(),
        };
        others.push(Problem { place: name.to_owned(), cause });
    }
    let (builder, mut foreign) = match (objects, records) {
        (0, 0) => return Err("no file holds objects of a cluster or records of a collection".into()),
        (_, 0) => cluster.finish(),
        (0, _) => collection.finish(),
        _ => return Err("a cluster and a directory lie together: give one of them".into()),
    };
    foreign.problems.extend(others);
    named(builder, foreign, asked, clock)
}

/// The files of a collection, in the order of their names.
fn sharp_hound(bytes: &[u8]) -> Result<SharpHound, Box<dyn Error>> {
    /// The most that all files together may unpack to: collections of large estates hold some hundred megabytes a file,
    /// and what is read takes a few times as much memory.
    const MOST: u64 = 4 << 30;
    let mut left = MOST;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut names = Vec::new();
    for name in archive.file_names() {
        names.push(name?.into_owned());
    }
    names.sort();
    let mut collection = SharpHound::default();
    let is_json =
        |name: &&String| FilePath::new(name).extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    for name in names.iter().filter(is_json) {
        let mut text = String::new();
        let bytes = archive.by_name(name)?.take(left).read_to_string(&mut text)?;
        left = left.saturating_sub(u64::try_from(bytes)?);
        if left == 0 {
            return Err(format!("up to `{name}` the files unpack to more than {MOST} bytes").into());
        }
        let whole: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| format!("`{name}`: {error}"))?;
        if collection.read(name, &whole).is_none() {
            eprintln!("paths: `{name}` is no file of a collection");
        }
    }
    Ok(collection)
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
    let find = |id: &String| graph.find(id).ok_or_else(|| format!("there is no node `{id}`"));
    let jewels: Vec<u32> = graph.jewels().collect();
    let targets = match &asked.to {
        Some(to) => vec![find(to)?],
        None => jewels.clone(),
    };
    let principals = match &asked.from {
        Some(from) => vec![find(from)?],
        None => principals(&graph, &targets),
    };
    let administrators = administrators(&graph, &jewels);
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
