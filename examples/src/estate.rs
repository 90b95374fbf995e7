//! All documents of an estate together: accounts, clusters, directories, collectors' graphs, answers of providers' APIs,
//! findings. They are joined by what they share.

use crate::paths::{Asked, Clock, named_report};
use homeostat_graph::{
    CloudDump, DriftStep, Foreign, Graph, Inventory, KubernetesDump, NamedGraph, NamedGraphBuilder,
    PlanStage, Problem, Reading, SharpHound,
};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Cursor, Read};
use std::path::Path as FilePath;

/// What was read so far.
#[derive(Default)]
struct Estate {
    inventory: Inventory,
    cluster: KubernetesDump,
    clouds: CloudDump,
    collection: SharpHound,
    others: NamedGraphBuilder,
    foreign: Foreign,
    /// States and plans of Terraform, with their names.
    plans: Vec<(String, Value)>,
    /// How many documents were of each kind: of accounts and their parts, of a cluster, of a directory, of a graph, of
    /// other clouds.
    known: [usize; 5],
}

/// The paths in all documents of a directory together, names and bytes in order.
///
/// # Errors
///
/// When no document has a form that is known, or an id that is asked for is not in them.
pub fn paths_of_all<'a>(
    files: impl Iterator<Item = (&'a str, Vec<u8>)>,
    asked: &Asked,
) -> Result<(Value, Vec<Problem>), Box<dyn Error>> {
    let mut clock = Clock::start();
    let Joined { graph, foreign, owners, drift } = joined(files)?;
    clock.lap("read");
    let (mut told, problems) = named_report(&graph, (foreign, &owners), asked, clock)?;
    if let (Some(drift), Value::Object(told)) = (drift, &mut told) {
        told.insert("drift".to_owned(), serde_json::to_value(drift)?);
    }
    Ok((told, problems))
}

/// The one graph of all documents.
struct Joined {
    graph: NamedGraph,
    foreign: Foreign,
    /// Who administers an account now.
    owners: BTreeSet<String>,
    /// What the plans change; `None` without a plan.
    drift: Option<Vec<DriftStep>>,
}

fn joined<'a>(files: impl Iterator<Item = (&'a str, Vec<u8>)>) -> Result<Joined, Box<dyn Error>> {
    let mut estate = Estate::default();
    // What adds to the objects of accounts is read after them.
    let mut later = Vec::new();
    for (name, bytes) in files {
        if let Some(whole) = estate.first(name, &bytes) {
            later.push((name, whole));
        }
    }
    for (name, whole) in later {
        estate.document(name, &whole);
    }
    if estate.known.iter().all(|count| *count == 0) {
        return Err(
            "no file holds a document of an estate: no account, cluster, directory, graph or finding".into(),
        );
    }
    Ok(estate.finish())
}

impl Estate {
    /// Reads archives, edge lists and accounts; hands back what is read after them.
    fn first(&mut self, name: &str, bytes: &[u8]) -> Option<Value> {
        if bytes.starts_with(b"PK\x03\x04") {
            match unpack(&mut self.collection, bytes) {
                Ok(problems) => self.foreign.problems.extend(problems),
                Err(error) => self.problem(name, &error.to_string()),
            }
            self.count(2);
            return None;
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if !bytes.trim_ascii_start().starts_with(b"{") && !bytes.trim_ascii_start().starts_with(b"[") {
            self.edge_list(name, bytes);
            return None;
        }
        match serde_json::from_slice(bytes) {
            Ok(whole) => {
                let reading = Reading::default().named(name);
                if self.inventory.read_account_authorization(&whole, &reading).is_ok() {
                    self.count(0);
                    return None;
                }
                Some(whole)
            }
            Err(error) => {
                self.problem(name, &error.to_string());
                None
            }
        }
    }

    fn edge_list(&mut self, name: &str, bytes: &[u8]) {
        self.others.document(name);
        match self.others.edge_list(bytes) {
            Ok(problems) => {
                self.foreign.problems.extend(problems);
                self.count(3);
            }
            Err(error) => self.problem(name, &error.to_string()),
        }
    }

    /// Reads a document, or the documents that it is made of, each under a name.
    fn document(&mut self, name: &str, whole: &Value) {
        if self.part(name, whole) {
            return;
        }
        let parts = whole.as_object().into_iter().flatten().filter_map(|(_, part)| inner(part));
        let known = parts.filter(|part| self.part(name, part)).count();
        if known == 0 {
            self.problem(name, "a document of no kind that is known");
        }
    }

    /// Reads a document for all that it says, whether it is known: the objects of a cluster and of a directory are read
    /// twice, for the ways inside and for what ties them to others.
    fn part(&mut self, name: &str, whole: &Value) -> bool {
        let before: usize = self.known.iter().sum();
        let reading = Reading::default().named(name);
        let is_plan = || Inventory::default().read_terraform(whole, PlanStage::Prior, &reading).is_some();
        if whole.get("format_version").is_some() && is_plan() {
            self.plans.push((name.to_owned(), whole.clone()));
            self.count(0);
            return true;
        }
        if self.inventory.read_document(whole, &reading).is_some() {
            self.count(0);
        }
        if self.collection.read(name, whole).is_some() {
            self.count(2);
        } else if whole.get("graph").is_some() {
            self.others.document(name);
            if let Some(mut read) = self.others.open_graph(whole) {
                self.foreign.problems.append(&mut read.problems);
                self.foreign.unresolved += read.unresolved;
                self.foreign.not_alone += read.not_alone;
                self.count(3);
            }
        } else if self.clouds.read(name, whole).is_some() {
            self.count(4);
        } else if self.cluster.read(name, whole).is_some() {
            self.count(1);
        }
        before < self.known.iter().sum::<usize>()
    }

    /// The graph as it is, where plans change something, and as it will be.
    fn graphs(&mut self) -> (Option<Graph>, Graph) {
        let stage = |inventory: &mut Inventory, plans: &[(String, Value)], stage| {
            for (name, whole) in plans {
                inventory.read_terraform(whole, stage, &Reading::default().named(name));
            }
        };
        let is_change = self.plans.iter().any(|(_, whole)| whole.get("planned_values").is_some());
        let before = is_change.then(|| {
            let mut before = self.inventory.clone();
            stage(&mut before, &self.plans, PlanStage::Prior);
            Graph::build(&before)
        });
        stage(&mut self.inventory, &self.plans, PlanStage::Planned);
        (before, Graph::build(&self.inventory))
    }

    fn finish(mut self) -> Joined {
        let graphs = (self.known.first().is_some_and(|count| *count > 0)).then(|| self.graphs());

        let [_, objects, records, _, clouds] = self.known;
        let parts = [
            (objects > 0).then(|| self.cluster.finish()),
            (records > 0).then(|| self.collection.finish()),
            (clouds > 0).then(|| self.clouds.finish()),
        ];
        let mut builder = self.others;
        for (part, mut read) in parts.into_iter().flatten() {
            builder.join(&part.build());
            self.foreign.problems.append(&mut read.problems);
            self.foreign.unresolved += read.unresolved;
            self.foreign.not_alone += read.not_alone;
        }
        let (mut owners, mut drift) = (BTreeSet::new(), None);
        if let Some((before, graph)) = graphs {
            builder.graph(&graph);
            owners.extend(graph.administrators().map(|key| key.value().to_owned()));
            drift = before.map(|before| before.drift(&graph));
            self.foreign.problems.extend(self.inventory.problems().iter().cloned());
        }
        Joined { graph: builder.build(), foreign: self.foreign, owners, drift }
    }

    fn count(&mut self, kind: usize) {
        if let Some(count) = self.known.get_mut(kind) {
            *count += 1;
        }
    }

    fn problem(&mut self, name: &str, cause: &str) {
        self.foreign.problems.push(Problem { place: name.to_owned(), cause: cause.to_owned() });
    }
}

/// A document inside another: as it is, or as text.
fn inner(part: &Value) -> Option<Cow<'_, Value>> {
    match part {
        Value::Object(_) | Value::Array(_) => Some(Cow::Borrowed(part)),
        Value::String(text) => serde_json::from_str(text).ok().map(Cow::Owned),
        _ => None,
    }
}

/// The files of an archived collection, in the order of their names; those that are none.
pub(crate) fn unpack(collection: &mut SharpHound, bytes: &[u8]) -> Result<Vec<Problem>, Box<dyn Error>> {
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
    let mut problems = Vec::new();
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
            problems.push(Problem { place: name.clone(), cause: "no file of a collection".to_owned() });
        }
    }
    Ok(problems)
}
