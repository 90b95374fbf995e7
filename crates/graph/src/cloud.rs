//! Reads resources, identities and rights of Azure, Entra, Google Cloud and Google Workspace, one document after another,
//! and finds the ways through them.
//!
//! Rights are asked of `homeostat-access`, so that custom roles, denials and inheritance count; edges of Azure and Entra
//! have `BloodHound`'s names. Records are told by their fields, as the APIs, their command line tools and their
//! Python packages (`snake_case`) spell them. O(resources × rights × assignments).

mod azure;
#[cfg(feature = "event")]
mod azure_event;
mod azure_hound;
mod azure_network;
mod azure_role;
mod azure_way;
mod change;
mod entra;
#[cfg(feature = "event")]
mod entra_event;
mod entra_right;
mod entra_way;
#[cfg(feature = "event")]
mod event;
mod everybody;
mod google;
#[cfg(feature = "event")]
mod google_event;
mod google_network;
mod google_right;
mod google_role;
mod live;
mod record;
mod workspace;

pub use change::{CloudChange, CloudOp, CloudTie, VaultContent};
pub use live::LiveClouds;

use crate::named::NamedGraphBuilder;
use crate::open_graph::Foreign;
use crate::weave::Origin;
use azure::Azure;
use core::fmt;
use entra::Entra;
use google::Google;
use record::Record;
use serde_json::Value;
use workspace::Workspace;

/// Lists in which APIs and their tools give records.
const LISTS: [&str; 21] = [
    "value",
    "items",
    "assets",
    "results",
    "roles",
    "accounts",
    "users",
    "groups",
    "members",
    "memberships",
    "projects",
    "folders",
    "organizations",
    "instances",
    "functions",
    "services",
    "jobs",
    "secrets",
    "policies",
    "policyResults",
    "policy_results",
];

/// How deep documents lie in a document that is made of several.
const DEPTH: usize = 4;

/// How likely a step succeeds, where it is not certain. What a right allows succeeds; code that is changed must still run,
/// and a machine must have something to log in to.
const CHANCES: [(&str, f64); 13] = [
    ("AZAutomationContributor", 0.9),
    ("AZLogicAppContributor", 0.9),
    ("AZWebsiteContributor", 0.9),
    ("AZManagedIdentity", 0.9),
    ("AZResetPassword", 0.8),
    ("AZPrivilegedAuthAdmin", 0.8),
    ("ResetPassword", 0.8),
    ("AssignIdentity", 0.8),
    ("ActAs", 0.8),
    ("RunsAs", 0.9),
    ("UpdateWorkload", 0.9),
    ("SetInstanceMetadata", 0.9),
    ("OsAdminLogin", 0.9),
];

/// Clouds that are being read.
///
/// ```
/// use homeostat_graph::CloudDump;
/// use serde_json::json;
///
/// let mut dump = CloudDump::default();
/// let vm = "/subscriptions/s1/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm1";
/// dump.read("vms.json", &json!([{"id": vm, "identity": {"type": "SystemAssigned", "principalId": "robot"}}]))
///     .ok_or("no records")?;
/// dump.read("roles.json", &json!({"value": [{
///     "id": "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/a1",
///     "properties": {"scope": "/subscriptions/s1/resourceGroups/web", "principalId": "maya",
///         "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/9980e02c-c2be-4d73-94e8-173b1dc7cf3c"}}]}))
///     .ok_or("no records")?;
/// let (builder, _) = dump.finish();
/// let graph = builder.build();
/// let (maya, robot) = (graph.find("maya").ok_or("none")?, graph.find("robot").ok_or("none")?);
/// assert!(graph.net().reach(maya).contains(robot), "by the machine to its identity");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Default)]
pub struct CloudDump {
    azure: Azure,
    entra: Entra,
    google: Google,
    workspace: Workspace,
    documents: Vec<String>,
    foreign: Foreign,
}

impl CloudDump {
    /// Reads one document, called `name`: a record, an array of them, an answer of an API with its list, or several of
    /// these under names of their own. `None` when there is no record of these clouds in it.
    pub fn read(&mut self, name: &str, whole: &Value) -> Option<()> {
        self.documents.push(name.to_owned());
        let mut place = Place { under: "", depth: 0, record: 0, known: 0 };
        self.part(whole, &mut place);
        if place.known == 0 {
            self.documents.pop();
        }
        (place.known > 0).then_some(())
    }

    /// The builder with all nodes and edges, and what was read besides. A role that an assignment names and no document
    /// describes gives nothing and counts as unresolved.
    pub fn finish(self) -> (NamedGraphBuilder, Foreign) {
        LiveClouds::new(self).into_parts()
    }

    fn part(&mut self, part: &Value, place: &mut Place<'_>) {
        match part {
            Value::Array(all) => {
                let depth = std::mem::replace(&mut place.depth, DEPTH);
                for one in all {
                    self.part(one, place);
                    place.record = place.record.saturating_add(1);
                }
                place.depth = depth;
            }
            Value::Object(fields) => {
                let known = self.record(part, place);
                let mut lists =
                    LISTS.iter().filter_map(|list| fields.get(*list)).filter(|list| is_many(list));
                let first = lists.next();
                for list in first.into_iter().chain(lists) {
                    self.part(list, place);
                }
                if !known && first.is_none() && place.depth < DEPTH {
                    self.parts(fields, place);
                }
            }
            _ => {}
        }
    }

    /// Reads a document of documents, some as text: each under a name, which tells whose members a list holds.
    fn parts(&mut self, fields: &serde_json::Map<String, Value>, place: &mut Place<'_>) {
        for (name, value) in fields {
            let mut inner = Place { under: name, depth: place.depth + 1, ..*place };
            match value.as_str().map(serde_json::from_str) {
                Some(Ok(text)) => self.part(&text, &mut inner),
                _ => self.part(value, &mut inner),
            }
            (place.known, place.record) = (inner.known, inner.record);
        }
    }

    fn record(&mut self, value: &Value, place: &mut Place<'_>) -> bool {
        let record = Record::of(value);
        let origin = Origin { document: self.documents.len().saturating_sub(1), record: place.record };
        if let Some(wrapped) = azure_hound::wrapped(value) {
            place.known += usize::from(self.take_wrapped(wrapped, origin));
            return true;
        }
        let taken = self.azure.take(&record, origin)
            || self.google.take(&record, origin)
            || self.workspace.take(&record, place.under, origin)
            || self.entra.take(&record, origin);
        place.known += usize::from(taken);
        taken
    }
}

/// Where in a document records are.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The name under which they stand.
    under: &'a str,
    depth: usize,
    record: u32,
    /// How many were known so far.
    known: usize,
}

/// Whether an id is one of Azure: they are paths.
fn is_azure(id: &str) -> bool {
    id.starts_with('/')
}

fn is_many(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

impl fmt::Debug for CloudDump {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloudDump({} documents)", self.documents.len())
    }
}
