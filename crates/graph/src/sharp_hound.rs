//! Reads what SharpHound collects of Active Directory, one file of the collection after another.
//!
//! A file is `{"data": [object…], "meta": {"type": …, "version": …}}`. Members, sessions, rights, delegations, containers
//! and policy links become edges; `DCSync` comes out for whoever has both of its rights, by itself or through groups,
//! and only then. Objects that come twice are merged; references to objects outside the collection stay as nodes.

use crate::certificate::Certificates;
use crate::directory_rule::{is_tier_zero, is_traversable, probability};
use crate::named::{NamedEdge, NamedGraphBuilder};
use crate::open_graph::Foreign;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A collection that is being read.
#[derive(Clone, Debug, Default)]
pub struct SharpHound {
    builder: NamedGraphBuilder,
    described: BTreeSet<String>,
    groups_of: BTreeMap<String, BTreeSet<String>>,
    members_of: BTreeMap<String, BTreeSet<String>>,
    /// Per domain, who may get changes, and who may get all of them.
    changes: BTreeMap<String, [BTreeSet<String>; 2]>,
    seen: BTreeSet<(String, String, String)>,
    foreign: Foreign,
    pub(crate) certificates: Certificates,
    /// Per domain, who may get changes of the filtered set, and its computers whose passwords are there.
    passwords: BTreeMap<String, [BTreeSet<String>; 2]>,
    /// Names of domains by their identifiers.
    domains: BTreeMap<String, String>,
}

/// The lists of others in a computer's local groups, by the end of the group's identifier.
const LOCAL_GROUPS: [(&str, &str); 4] =
    [("-544", "AdminTo"), ("-555", "CanRDP"), ("-562", "ExecuteDCOM"), ("-580", "CanPSRemote")];

/// Lists of references, the kind of edge, and whether it leads from the object to those in the list.
const REFERENCES: [(&str, &str, Way); 6] = [
    ("Members", "MemberOf", Way::From),
    ("ChildObjects", "Contains", Way::To),
    ("AllowedToDelegate", "AllowedToDelegate", Way::To),
    ("AllowedToAct", "AllowedToAct", Way::From),
    ("HasSIDHistory", "HasSIDHistory", Way::To),
    ("DumpSMSAPassword", "DumpSMSAPassword", Way::To),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    To,
    From,
}

impl SharpHound {
    /// Reads one file, called `name`; `None` when it is no file of a collection.
    pub fn read(&mut self, name: &str, whole: &Value) -> Option<()> {
        // Of the same make, but for clouds: `CloudDump` reads those.
        let kind = whole.get("meta")?.get("type")?.as_str().filter(|kind| *kind != "azure")?;
        let data = whole.get("data")?.as_array()?;
        self.builder.document(name);
        for (record, object) in data.iter().enumerate() {
            let number = u32::try_from(record).unwrap_or(u32::MAX);
            if self.object(kind, object, number).is_none() {
                self.foreign
                    .problem(&format!("{name}, data[{record}]"), "no object with an `ObjectIdentifier`");
            }
        }
        Some(())
    }

    /// The builder with all nodes and edges, and what was read besides.
    pub fn finish(mut self) -> (NamedGraphBuilder, Foreign) {
        self.everybody();
        self.replication();
        self.builder.document("certificate services");
        for (who, to, kind) in self.escalations() {
            self.connect(&who, &to, kind, 0);
        }
        let known = &self.described;
        let named = self.seen.iter().flat_map(|(from, to, _)| [from, to]);
        let strangers: BTreeSet<&String> = named.filter(|id| !known.contains(*id)).collect();
        self.foreign.unresolved = strangers.len();
        (self.builder, self.foreign)
    }

    fn object(&mut self, kind: &str, object: &Value, record: u32) -> Option<()> {
        let id = object.get("ObjectIdentifier")?.as_str()?.to_owned();
        self.described.insert(id.clone());
        let property = |name: &str| object.get("Properties").and_then(|all| all.get(name)).cloned();
        let is = |name: &str| property(name) == Some(Value::Bool(true));
        if matches!(kind, "users" | "computers") {
            self.builder.principal(&id);
        }
        let primary = text(object, "PrimaryGroupSID");
        let is_controller = is("isdc") || primary.is_some_and(|group| group.ends_with("-516"));
        if kind == "domains" || is_tier_zero(&id) || is("highvalue") || (kind == "computers" && is_controller)
        {
            self.builder.jewel(&id);
        }
        if kind == "domains" {
            let name = property("name").and_then(|name| name.as_str().map(str::to_owned));
            self.domains.insert(id.clone(), name.unwrap_or_default());
        }
        let domain = property("domainsid").and_then(|sid| sid.as_str().map(str::to_owned));
        if let Some(domain) = domain.filter(|domain| *domain != id) {
            if is("haslaps") {
                let [_, computers] = self.passwords.entry(domain.clone()).or_default();
                computers.insert(id.clone());
            }
            if is_controller {
                self.connect(&id, &domain, "DCFor", record);
            } else if is("unconstraineddelegation") {
                self.connect(&id, &domain, "CoerceToTGT", record);
            }
        }
        if let Some(group) = primary {
            self.connect(&id, group, "MemberOf", record);
        }
        self.certificates.object(kind, &id, object);
        self.references(&id, object, record);
        self.rights(&id, object, record);
        self.sessions(&id, object, record);
        self.links(&id, object, record);
        Some(())
    }

    fn references(&mut self, id: &str, object: &Value, record: u32) {
        for (field, kind, way) in REFERENCES {
            for other in list(object, field).filter_map(|other| text(other, "ObjectIdentifier")) {
                let (from, to) = if way == Way::To { (id, other) } else { (other, id) };
                self.connect(from, to, kind, record);
            }
        }
        if let Some(container) = object.get("ContainedBy").and_then(|by| text(by, "ObjectIdentifier")) {
            self.connect(container, id, "Contains", record);
        }
        for target in list(object, "SPNTargets") {
            if let Some((computer, service)) = text(target, "ComputerSID").zip(text(target, "Service")) {
                self.connect(id, computer, service, record);
            }
        }
        for trust in list(object, "Trusts") {
            let inside =
                text(trust, "TrustType").is_some_and(|kind| kind == "ParentChild" || kind == "TreeRoot");
            let Some(other) = text(trust, "TargetDomainSid") else { continue };
            self.connect(other, id, if inside { "SameForestTrust" } else { "CrossForestTrust" }, record);
            // Outbound: this domain trusts the other, and believes it whom its people were before.
            let trusting =
                text(trust, "TrustDirection").is_some_and(|way| way == "Outbound" || way == "Bidirectional");
            if !inside && trusting && trust.get("SidFilteringEnabled") == Some(&Value::Bool(false)) {
                self.connect(other, id, "SpoofSIDHistory", record);
            }
        }
    }

    fn rights(&mut self, id: &str, object: &Value, record: u32) {
        for ace in list(object, "Aces") {
            let Some((who, right)) = text(ace, "PrincipalSID").zip(text(ace, "RightName")) else { continue };
            let kind = if right == "Owner" { "Owns" } else { right };
            let part = ["GetChanges", "GetChangesAll"].iter().position(|name| *name == kind);
            if let Some(holders) =
                part.and_then(|at| self.changes.entry(id.to_owned()).or_default().get_mut(at))
            {
                holders.insert(who.to_owned());
            }
            if kind == "GetChangesInFilteredSet" {
                let [filtered, _] = self.passwords.entry(id.to_owned()).or_default();
                filtered.insert(who.to_owned());
            }
            self.connect(who, id, kind, record);
        }
    }

    fn sessions(&mut self, id: &str, object: &Value, record: u32) {
        for field in ["Sessions", "PrivilegedSessions", "RegistrySessions"] {
            let sessions = object.get(field).into_iter().flat_map(|found| list(found, "Results"));
            for session in sessions {
                if let Some(user) = text(session, "UserSID") {
                    self.connect(text(session, "ComputerSID").unwrap_or(id), user, "HasSession", record);
                }
            }
        }
        for group in list(object, "LocalGroups") {
            let end = text(group, "ObjectIdentifier").unwrap_or_default();
            let Some((_, kind)) = LOCAL_GROUPS.iter().find(|(suffix, _)| end.ends_with(suffix)) else {
                continue;
            };
            for member in list(group, "Results").filter_map(|member| text(member, "ObjectIdentifier")) {
                self.connect(member, id, kind, record);
            }
        }
    }

    /// Links of group policies, and what those do to the computers below.
    fn links(&mut self, id: &str, object: &Value, record: u32) {
        for policy in list(object, "Links").filter_map(|link| text(link, "GUID")) {
            self.connect(policy, id, "GPLink", record);
        }
        let Some(changes) = object.get("GPOChanges") else { return };
        let ids = |field: &str| {
            list(changes, field).filter_map(|one| text(one, "ObjectIdentifier")).collect::<Vec<&str>>()
        };
        for (field, kind) in [
            ("LocalAdmins", "AdminTo"),
            ("RemoteDesktopUsers", "CanRDP"),
            ("DcomUsers", "ExecuteDCOM"),
            ("PSRemoteUsers", "CanPSRemote"),
        ] {
            for who in ids(field) {
                for computer in ids("AffectedComputers") {
                    self.connect(who, computer, kind, record);
                }
            }
        }
    }

    fn connect(&mut self, from: &str, to: &str, kind: &str, record: u32) {
        if from == to || !self.seen.insert((from.to_owned(), to.to_owned(), kind.to_owned())) {
            return;
        }
        if kind == "MemberOf" {
            self.groups_of.entry(from.to_owned()).or_default().insert(to.to_owned());
            self.members_of.entry(to.to_owned()).or_default().insert(from.to_owned());
        }
        self.builder.node(from);
        self.builder.node(to);
        if is_traversable(kind) {
            self.builder.edge(&NamedEdge { from, to, kind, probability: probability(kind), record });
        } else {
            self.foreign.not_alone += 1;
        }
    }

    /// Users and computers of a domain belong to the groups that stand for everybody: no collection lists that.
    fn everybody(&mut self) {
        self.builder.document("groups that stand for everybody");
        for (id, name) in self.domains.clone() {
            let (signed_in, everyone) = (format!("{name}-S-1-5-11"), format!("{name}-S-1-1-0"));
            for (group, of) in [("-513", &signed_in), ("-515", &signed_in), ("-514", &everyone)] {
                self.connect(&format!("{id}{group}"), of, "MemberOf", 0);
            }
            self.connect(&signed_in, &everyone, "MemberOf", 0);
        }
    }

    /// Whoever has both rights can ask a domain for every secret; with the filtered set for the other one, for the
    /// local passwords that it keeps.
    fn replication(&mut self) {
        self.builder.document("both rights to replicate");
        let mut found = Vec::new();
        for (domain, [some, all]) in &self.changes {
            found.extend(self.in_both(some, all).into_iter().map(|who| (who, domain.clone(), "DCSync")));
            let Some([filtered, computers]) = self.passwords.get(domain) else { continue };
            for who in self.in_both(some, filtered) {
                let each =
                    computers.iter().map(|computer| (who.clone(), computer.clone(), "SyncLAPSPassword"));
                found.extend(each);
            }
        }
        for (who, to, kind) in found {
            self.connect(&who, &to, kind, 0);
        }
    }

    /// Who has both rights, at the group that has both where there is one: its members get there by membership.
    fn in_both(&self, one: &BTreeSet<String>, two: &BTreeSet<String>) -> Vec<String> {
        let (one, two) = (self.with_members(one), self.with_members(two));
        let both: BTreeSet<&str> = one.intersection(&two).copied().collect();
        let least = both.iter().filter(|who| !self.groups(who).any(|group| both.contains(group)));
        least.map(|who| (*who).to_owned()).collect()
    }

    /// The groups that `who` is straight a member of.
    pub(crate) fn groups(&self, who: &str) -> impl Iterator<Item = &str> {
        self.groups_of.get(who).into_iter().flatten().map(String::as_str)
    }

    /// `holders` and all that belong to one of them, through any number of groups.
    pub(crate) fn with_members<'a>(&'a self, holders: &'a BTreeSet<String>) -> BTreeSet<&'a str> {
        let mut all: BTreeSet<&str> = holders.iter().map(String::as_str).collect();
        let mut open: Vec<&str> = all.iter().copied().collect();
        while let Some(group) = open.pop() {
            for member in self.members_of.get(group).into_iter().flatten() {
                if all.insert(member) {
                    open.push(member);
                }
            }
        }
        all
    }
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

pub(crate) fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}
