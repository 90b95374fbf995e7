//! Custody and evidence as CASE 1.5 (on UCO 1.5) JSON-LD, which other tools of forensics read.
//!
//! Each step is an `InvestigativeAction` with its performer, tool and results; each piece of evidence a `File` with its
//! SHA-256 in a `ContentDataFacet`; each capture a `ProvenanceRecord`. Names are those of the CASE ontology
//! (<https://ontology.caseontology.org>); `.ci/forensics` has them checked by an independent validator. O(records).

use crate::{Custody, Deed, Digest, Record, Tool};
use homeostat_core::JsonText;
use homeostat_response::{ActionId, Storage};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The custody of one capture as a CASE bundle. People stand in it by their names where custody still knows them.
///
/// `namespace` is an IRI of the exporter's own that ends with `/` or `#`; the ids of all nodes begin with it. The same
/// custody gives the same bytes.
///
/// ```
/// # use homeostat_core::Timestamp;
/// use homeostat_forensics::{Custody, case_bundle};
/// # use homeostat_response::{ActionId, MemoryStorage, PseudonymKey};
/// # let custody = Custody::open(MemoryStorage::default(), MemoryStorage::default(), PseudonymKey::new([1; 32]))?;
/// # let id = ActionId::new("inc-7-capture")?;
/// let bundle = case_bundle(&custody, &id, "https://acme.example/case/");
/// assert!(bundle.as_str().contains("case-investigation:Investigation"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn case_bundle<S: Storage>(custody: &Custody<S>, capture: &ActionId, namespace: &str) -> JsonText {
    let mut graph = Graph { nodes: BTreeMap::new(), capture: capture.to_string() };
    let mut step = Running::default();
    for record in custody.of(capture) {
        graph.tell(record, &mut step);
    }
    graph.close(custody.of(capture).next());
    let nodes: Vec<Value> = graph.nodes.into_values().collect();
    let whole = json!({ "@context": context(namespace), "@graph": nodes });
    JsonText::new(whole.to_string())
}

fn context(namespace: &str) -> Value {
    let uco = |part: &str| format!("https://ontology.unifiedcyberontology.org/uco/{part}/");
    json!({
        "kb": namespace,
        "case-investigation": "https://ontology.caseontology.org/case/investigation/",
        "uco-action": uco("action"),
        "uco-core": uco("core"),
        "uco-identity": uco("identity"),
        "uco-observable": uco("observable"),
        "uco-tool": uco("tool"),
        "uco-types": uco("types"),
        "xsd": "http://www.w3.org/2001/XMLSchema#"
    })
}

/// The action that results belong to, while records go by.
#[derive(Default)]
struct Running {
    action: Option<Value>,
    results: Vec<Value>,
}

struct Graph {
    nodes: BTreeMap<String, Value>,
    capture: String,
}

impl Graph {
    /// A node's id: a UUID made of the SHA-256 of what it stands for. It says version 5, name-based, as UCO's shape for
    /// ids knows none after it.
    fn id(&self, kind: &str, parts: &[&str]) -> String {
        let mut digest = Digest::of(self.capture.as_bytes()).chained(kind.as_bytes());
        for part in parts {
            digest = digest.chained(part.as_bytes());
        }
        let hex = digest.to_string();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        let uuid = [
            part(0, 8),
            part(8, 12),
            format!("5{}", part(13, 16)),
            format!("a{}", part(17, 20)),
            part(20, 32),
        ];
        format!("kb:{kind}-{}", uuid.join("-"))
    }

    fn add(&mut self, id: &str, mut node: Value) -> Value {
        if let Some(node) = node.as_object_mut() {
            node.insert("@id".to_owned(), json!(id));
        }
        self.nodes.entry(id.to_owned()).or_insert(node);
        json!({ "@id": id })
    }

    fn tell(&mut self, record: &Record, running: &mut Running) {
        match &record.deed {
            Deed::StepBegun { step, channel, attempt } => {
                self.end_action(running, None);
                let what = format!("step {step} through {channel}, attempt {attempt}");
                running.action = Some(self.action(record, &what));
            }
            Deed::Acquired { .. } => running.results.extend(self.evidence(record)),
            Deed::StepEnded { .. } | Deed::Tried { .. } => self.end_action(running, Some(record)),
            Deed::HandedOver { to, purpose } => {
                let action = self.action(record, &format!("handed over to {to}: {purpose}"));
                self.end_action(&mut Running { action: Some(action), results: Vec::new() }, Some(record));
            }
            Deed::Destroyed { digest, why } => {
                let action = self.action(record, &format!("destroyed {digest}: {why}"));
                self.end_action(&mut Running { action: Some(action), results: Vec::new() }, Some(record));
            }
            _ => {}
        }
    }

    fn action(&mut self, record: &Record, what: &str) -> Value {
        let who = self.performer(&record.who);
        let tool = self.tool(&record.tool);
        json!({
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": what,
            "uco-action:startTime": time(record),
            "uco-action:performer": who,
            "uco-action:instrument": tool
        })
    }

    /// Closes the action that is open, if one is, with what came in under it.
    fn end_action(&mut self, running: &mut Running, end: Option<&Record>) {
        let Some(mut action) = running.action.take() else { return };
        let results = std::mem::take(&mut running.results);
        if let Some(action) = action.as_object_mut() {
            if let Some(end) = end {
                action.insert("uco-action:endTime".to_owned(), time(end));
            }
            if !results.is_empty() {
                action.insert("uco-action:result".to_owned(), Value::Array(results));
            }
        }
        let text = action.to_string();
        let id = self.id("action", &[&text]);
        self.add(&id, action);
    }

    fn performer(&mut self, who: &str) -> Value {
        let id = self.id("identity", &[who]);
        self.add(&id, json!({ "@type": "uco-identity:Identity", "uco-core:name": who }))
    }

    fn tool(&mut self, tool: &Tool) -> Value {
        let id = self.id("tool", &[&tool.name, &tool.version]);
        self.add(
            &id,
            json!({ "@type": "uco-tool:Tool", "uco-core:name": tool.name, "uco-tool:version": tool.version }),
        )
    }

    /// A piece of evidence: a file with its name, length and hash.
    fn evidence(&mut self, record: &Record) -> Option<Value> {
        let Deed::Acquired { step, item, digest, bytes, .. } = &record.deed else { return None };
        let parts = [step.as_str(), item.as_str(), &digest.to_string()];
        let (hash, content) = (self.id("hash", &parts), self.id("content-data-facet", &parts));
        let (file, facet) = (self.id("file", &parts), self.id("file-facet", &parts));
        let hash = self.add(
            &hash,
            json!({
                "@type": "uco-types:Hash",
                "uco-types:hashMethod": "SHA256",
                "uco-types:hashValue": { "@type": "xsd:hexBinary", "@value": digest.to_string() }
            }),
        );
        let content = self.add(
            &content,
            json!({ "@type": "uco-observable:ContentDataFacet", "uco-observable:sizeInBytes": *bytes, "uco-observable:hash": hash }),
        );
        let named = item.rsplit(['/', '\\']).next().unwrap_or(item);
        let facet = self.add(
            &facet,
            json!({ "@type": "uco-observable:FileFacet", "uco-observable:filePath": item, "uco-observable:fileName": named }),
        );
        Some(
            self.add(&file, json!({ "@type": "uco-observable:File", "uco-core:hasFacet": [content, facet] })),
        )
    }

    /// The capture as a whole: its provenance record and the investigation that it is part of.
    fn close(&mut self, first: Option<&Record>) {
        let of = |kind: &str| {
            let named: Vec<Value> = self
                .nodes
                .iter()
                .filter(|(_, node)| node["@type"] == kind)
                .map(|(id, _)| json!({ "@id": id }))
                .collect();
            named
        };
        let (files, actions) = (of("uco-observable:File"), of("case-investigation:InvestigativeAction"));
        let exhibit = self.capture.clone();
        let mut objects = actions;
        if !files.is_empty() {
            let id = self.id("provenance-record", &[]);
            let node = json!({
                "@type": "case-investigation:ProvenanceRecord",
                "case-investigation:exhibitNumber": exhibit,
                "uco-core:object": files
            });
            objects.push(self.add(&id, node));
        }
        let why = first.and_then(|record| match &record.deed {
            Deed::Begun { why, .. } if !why.is_empty() => Some(why.clone()),
            _ => None,
        });
        let mut node = json!({ "@type": "case-investigation:Investigation", "uco-core:name": exhibit });
        if let (Some(node), false) = (node.as_object_mut(), objects.is_empty()) {
            node.insert("uco-core:object".to_owned(), Value::Array(objects));
        }
        if let (Some(node), Some(why)) = (node.as_object_mut(), why) {
            node.insert("uco-core:description".to_owned(), json!(why));
        }
        let id = self.id("investigation", &[]);
        self.add(&id, node);
    }
}

fn time(record: &Record) -> Value {
    json!({ "@type": "xsd:dateTime", "@value": record.at.to_string() })
}
