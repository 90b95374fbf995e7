//! Findings as edges of the graph: put in while they are open, taken out when they are fixed.

use crate::finding::Finding;
use crate::posture::Posture;
use homeostat_core::{EntityKey, Hop};
use homeostat_graph::{EdgeClass, Evidence, Graph, KindInfo, OwnEdge, Standing};
use std::collections::BTreeMap;

/// The edges that findings have put into a graph.
///
/// Edges that several findings open are one edge, which goes with the last of them.
///
/// ```
/// use homeostat_graph::Graph;
/// use homeostat_posture::{FindingEdges, Posture};
///
/// let (mut graph, mut edges) = (Graph::default(), FindingEdges::default());
/// let changed = edges.follow(&Posture::default(), &mut graph);
/// assert_eq!((changed.added, changed.removed), (0, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingEdges {
    known: BTreeMap<(EntityKey, EntityKey, String), OwnEdge>,
}

/// How many edges came and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EdgesFollowed {
    /// Edges that were not in the graph before.
    pub added: usize,
    /// Edges that are no more.
    pub removed: usize,
}

impl FindingEdges {
    /// Brings `graph` up to the findings that are open now. O(findings log edges).
    ///
    /// A graph that is rebuilt keeps them: they are own edges of the graph.
    pub fn follow(&mut self, posture: &Posture, graph: &mut Graph) -> EdgesFollowed {
        let mut wanted = BTreeMap::new();
        for finding in posture.findings() {
            for hop in finding.edges() {
                let key = (hop.from.clone(), hop.to.clone(), hop.kind.clone());
                wanted.entry(key).or_insert_with(|| edge(finding, hop, graph));
            }
        }
        let mut followed = EdgesFollowed::default();
        self.known.retain(|key, known| {
            let stays = wanted.get(key) == Some(known);
            if !stays {
                followed.removed += graph.disconnect(&key.0, &key.1, known.kind);
            }
            stays
        });
        for (key, edge) in wanted {
            self.known.entry(key).or_insert_with(|| {
                graph.connect(&edge);
                followed.added += 1;
                edge
            });
        }
        followed
    }

    /// How many edges of findings the graph has.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether the graph has no edge of a finding.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

fn edge(finding: &Finding, hop: &Hop, graph: &mut Graph) -> OwnEdge {
    let kind = graph.register(KindInfo {
        name: hop.kind.as_str().into(),
        class: class(&hop.kind),
        techniques: finding.techniques().to_vec(),
        probability: finding.probability(&hop.kind),
    });
    OwnEdge {
        from: hop.from.clone(),
        to: hop.to.clone(),
        kind,
        probability: Some(finding.probability(&hop.kind)),
        evidence: Evidence::Event(finding.evidence().clone()),
        standing: Standing::Possible,
    }
}

/// What following an edge of a kind gives; the kinds are those of the crate's rules.
fn class(kind: &str) -> EdgeClass {
    match kind {
        "ReadsPublicly" | "Decrypts" | "ReadsSecrets" | "CopiesTo" | "DCSync" => EdgeClass::Read,
        "WritesPublicly" | "WritesShare" => EdgeClass::Write,
        "AssumeRole" | "RunsAs" | "ActsAsAny" | "SyncedTo" | "SpoofSIDHistory" | "ADCSESC1" => {
            EdgeClass::Assume
        }
        "AdministratorOf" | "AddMember" => EdgeClass::Control,
        "PasswordAlone" | "TakesMetadataCredential" | "Kerberoastable" | "ASREPRoastable" | "CoerceToTGT" => {
            EdgeClass::Credential
        }
        "EscapesToHost" | "EscapesToNode" | "StartsPods" | "ExploitsOldSystem" => EdgeClass::Exec,
        "Impersonates" | "ConsentPhishing" => EdgeClass::Trust,
        _ => EdgeClass::Reach,
    }
}
