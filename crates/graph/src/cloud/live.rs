//! Clouds that are followed: the ways through them, kept true by changes.

use super::change::{CloudChange, CloudOp, id_of};
use super::entra_way::{Rights, TENANT};
use super::{CHANCES, CloudDump, is_azure};
use crate::change::ChangeError;
use crate::named::{NamedGraph, NamedGraphBuilder};
use crate::open_graph::Foreign;
use crate::weave::{Origin, WaysTouched, Woven};
use core::fmt;
use homeostat_core::{Positions, TenantId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What ways are found of at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// A scope of Azure: what it lies in, who has rights over it, whose identity it gives.
    Scope(String),
    /// An object of Entra: who has rights over it or is tied to it.
    Object(String),
    /// The directory as a whole.
    Directory,
    /// Google Cloud and Google Workspace.
    Google,
}

/// Clouds with the ways through them, which changes keep true: of Azure, Entra, and who is bound to which role of Google.
///
/// Only what a change bears on is found anew: O(what lies in its scope × assignments, rights held, ties); of Google Cloud
/// all is. Names of objects stay when they go, for they mostly come back: some 30 bytes each.
///
/// ```
/// use homeostat_core::{TenantId, Timestamp};
/// use homeostat_graph::{CloudChange, CloudDump, CloudOp, CloudTie, Evidence, LiveClouds};
/// use serde_json::json;
///
/// let mut dump = CloudDump::default();
/// dump.read("users.json", &json!({"value": [{"id": "maya", "userPrincipalName": "maya@acme.example"}]})).ok_or("none")?;
/// let mut clouds = LiveClouds::new(dump);
/// let global_administrator = "62e90394-69f5-4237-9190-012177145e10".to_owned();
/// let touched = clouds.apply(&CloudChange {
///     tenant: TenantId::new("acme")?, at: Timestamp::from_micros(1), position: None, evidence: Evidence::document("audit"),
///     op: CloudOp::Link { from: "maya".to_owned(), to: "/".to_owned(),
///         tie: CloudTie::DirectoryRole { role: global_administrator, eligible: false } }})?;
/// assert_eq!((touched.added[0].kind, touched.removed.len()), ("AZGlobalAdmin", 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LiveClouds {
    dump: CloudDump,
    woven: Woven<Unit>,
    rights: Rights,
    foreign: Foreign,
    /// What changed in a way that nobody told.
    stale: BTreeSet<String>,
    tenant: Option<TenantId>,
    positions: Positions,
    /// When what last changed.
    latest: BTreeMap<String, Timestamp>,
    /// The numbers of documents by their names.
    places: BTreeMap<String, usize>,
}

impl LiveClouds {
    /// What `dump` read, and the ways through it. O(resources × rights × assignments).
    pub fn new(mut dump: CloudDump) -> Self {
        let woven = Woven::over(&CHANCES);
        let mut foreign = std::mem::take(&mut dump.foreign);
        foreign.unresolved += dump.azure.unknown_roles();
        foreign.unresolved += dump.google.prepare(&dump.workspace);
        dump.entra.settle();
        let places = dump.documents.iter().cloned().zip(0..).collect();
        let rights = dump.entra.rights();
        let mut clouds = Self {
            woven,
            rights,
            foreign,
            places,
            stale: BTreeSet::new(),
            tenant: None,
            positions: Positions::default(),
            latest: BTreeMap::new(),
            dump,
        };
        let all = clouds.everything();
        clouds.work(all);
        clouds
    }

    pub(super) fn into_parts(self) -> (NamedGraphBuilder, Foreign) {
        (self.woven.builder(&self.dump.documents, |name| self.is_stale(name)), self.foreign)
    }

    /// The graph as it is now. O(E log E).
    pub fn graph(&self) -> NamedGraph {
        self.woven.builder(&self.dump.documents, |name| self.is_stale(name)).build()
    }

    /// Applies a change. One of a position that was applied, or that is older than what is known, touches nothing.
    ///
    /// # Errors
    ///
    /// [`ChangeError::OtherTenant`] when it is of another tenant than the first was.
    pub fn apply(&mut self, change: &CloudChange) -> Result<WaysTouched, ChangeError> {
        let own = self.tenant.get_or_insert_with(|| change.tenant.clone());
        if *own != change.tenant {
            return Err(ChangeError::OtherTenant);
        }
        if change.position.is_some_and(|position| !self.positions.advance(position)) || self.is_late(change) {
            return Ok(WaysTouched::default());
        }
        let origin = Origin::of(&change.evidence, &mut self.dump.documents, &mut self.places);
        let mut units = self.dump.bears_on(&change.op);
        let was_empty = self.dump.entra.is_empty();
        let is_change = self.dump.learn(&change.op, origin);
        let marked = self.mark(&change.op);
        if !is_change {
            return Ok(WaysTouched { objects: marked.into_iter().collect(), ..WaysTouched::default() });
        }
        units.append(&mut self.dump.bears_on(&change.op));
        if units.contains(&Unit::Google) {
            self.dump.google.prepare(&self.dump.workspace);
        }
        if was_empty != self.dump.entra.is_empty() {
            units.append(&mut self.everything());
        }
        let mut touched = self.work(units);
        touched.objects.extend(marked);
        Ok(touched)
    }

    fn is_late(&mut self, change: &CloudChange) -> bool {
        let latest = self.latest.entry(change.op.subject()).or_insert(change.at);
        let is_late = change.at < *latest;
        *latest = change.at.max(*latest);
        is_late
    }

    /// Marks what changed in a way that is not told, or is told now; what became of another standing by that.
    fn mark(&mut self, op: &CloudOp) -> Option<String> {
        match op {
            CloudOp::Stale { id } => {
                let id = holder(id);
                (self.dump.knows(&id) && self.stale.insert(id.clone())).then_some(id)
            }
            CloudOp::Remove { id } => self.stale.take(&id.to_lowercase()),
            CloudOp::Put { record } if !self.stale.is_empty() => self.stale.take(&id_of(record)?),
            _ => None,
        }
    }

    /// Whether something on it changed, or on what it lies in, and nobody told what.
    fn is_stale(&self, name: &str) -> bool {
        if self.stale.is_empty() {
            return false;
        }
        let name = name.to_lowercase();
        let above = name.match_indices('/').map(|(at, _)| name.get(..at).unwrap_or_default());
        let root = is_azure(&name).then_some("/");
        above.chain(root).chain([&*name]).any(|name| self.stale.contains(name))
    }

    fn everything(&self) -> BTreeSet<Unit> {
        let entra = &self.dump.entra;
        let objects = entra.objects.keys().chain(entra.ties.keys()).cloned().map(Unit::Object);
        self.dump
            .azure
            .known()
            .into_iter()
            .map(Unit::Scope)
            .chain(objects)
            .chain([Unit::Directory, Unit::Google])
            .collect()
    }

    /// Finds anew what follows from `units`, and what bears on it in turn.
    fn work(&mut self, mut units: BTreeSet<Unit>) -> WaysTouched {
        self.follow(&mut units);
        let CloudDump { azure, entra, google, workspace, .. } = &self.dump;
        let (rights, directory) = (&self.rights, (!entra.is_empty()).then_some(TENANT));
        self.woven.work(units, |unit, weave| match unit {
            Unit::Scope(scope) => azure.ways(weave, scope, directory),
            Unit::Object(id) => entra.ways(weave, id, rights),
            Unit::Directory => entra.to_directory(weave, rights),
            Unit::Google => {
                workspace.finish(weave);
                google.ways(weave, workspace);
            }
        })
    }

    /// Adds what bears on others by what it changes: rights over all objects of a kind, and who may start something.
    fn follow(&mut self, units: &mut BTreeSet<Unit>) {
        let rights = self.dump.entra.rights();
        units.extend(self.dump.entra.between(&self.rights, &rights).into_iter().map(Unit::Object));
        if rights != self.rights {
            units.insert(Unit::Directory);
            self.rights = rights;
        }
        let scopes: Vec<String> = units
            .iter()
            .filter_map(|unit| if let Unit::Scope(scope) = unit { Some(scope.clone()) } else { None })
            .collect();
        if self.dump.azure.find_starters(scopes.iter()) {
            units.extend(self.dump.azure.identities().cloned().map(Unit::Scope));
        }
    }
}

/// What it is that an id is about: of a right the scope where it is.
fn holder(id: &str) -> String {
    let id = id.trim_end_matches('/').to_lowercase();
    match id.rfind("/providers/microsoft.authorization").map(|end| id.get(..end)) {
        Some(Some("") | None) => "/".to_owned(),
        Some(Some(scope)) => scope.to_owned(),
        None if id.is_empty() => "/".to_owned(),
        None => id,
    }
}

impl fmt::Debug for LiveClouds {
    /// Shows how much there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LiveClouds({:?}, {} stale)", self.dump, self.stale.len())
    }
}
