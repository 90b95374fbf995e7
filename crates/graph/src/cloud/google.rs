//! Google Cloud: organizations, folders, projects, what lies in them, and who may what by their policies.
//!
//! Nodes are members as policies write them (`user:`, `group:`, `serviceAccount:`, `domain:`), everybody as `Internet`, and
//! resources by their full names without the slashes before them. Read are assets of the inventory, results of
//! `search-all-iam-policies`, and answers of the APIs; a policy that `getIamPolicy` returns needs its `resource` beside it.

use super::google_network::Network;
use super::google_right::{Kind, RIGHTS, Right, STARTS};
use super::google_role::{ACT_AS, predefined};
use super::record::{Record, text};
use super::workspace::Workspace;
use crate::weave::{Origin, Weave};
use homeostat_access::gcp::{Caller, Policies};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Everybody, whoever that is.
const EVERYBODY: &str = "Internet";

/// What was read of Google Cloud.
#[derive(Clone, Default)]
pub(super) struct Google {
    policies: Policies,
    described: BTreeSet<String>,
    /// Allow policies as they were read: their bindings.
    allowed: BTreeMap<String, Vec<Value>>,
    /// Who is bound to which role where.
    bindings: BTreeMap<String, BTreeSet<(String, String)>>,
    places: BTreeMap<String, String>,
    resources: BTreeMap<String, Resource>,
    origins: BTreeMap<String, Origin>,
    /// Members of policies as who asks, with the groups that they are in.
    callers: BTreeMap<String, Caller>,
    /// Service accounts by their nodes.
    accounts: BTreeMap<String, String>,
    network: Network,
}

#[derive(Clone)]
struct Resource {
    kind: Kind,
    /// Its node.
    node: String,
    /// The address of the service account that it runs as.
    runs_as: Option<String>,
    origin: Origin,
}

impl Google {
    /// Takes a record of Google Cloud; tells whether it was one.
    pub(super) fn take(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        if record.has("includedPermissions") {
            self.described.extend(record.text("name").map(str::to_owned));
            return self.add(record.value());
        }
        // Parts of the compute API tell where they are by a link of their own.
        let is_policy = |name: &str| name.to_lowercase().contains("polic") && !record.has("selfLink");
        if record.text("name").is_some_and(is_policy) && !record.has("assetType") {
            return self.add(record.value());
        }
        if let Some(kind) = record.text("assetType") {
            return self.take_asset(kind, record, origin);
        }
        let at =
            ["attachedResource", "resource", "fullResourceName"].iter().find_map(|name| record.text(name));
        let policy = record.get("policy").unwrap_or(record.value());
        if let (Some(at), true) = (at, policy.get("bindings").is_some_and(Value::is_array)) {
            self.place_result(at, record);
            return self.allow(at, policy, origin);
        }
        self.take_resource(record, origin)
    }

    /// Hands a record on to those who know what it allows.
    fn add(&mut self, value: &Value) -> bool {
        self.policies.add(&value.to_string()).is_ok_and(|added| added.read > 0)
    }

    fn take_asset(&mut self, kind: &str, record: &Record<'_>, origin: Origin) -> bool {
        let Some(name) = record.text("name").map(full_name) else { return false };
        let mut below = name.clone();
        for above in record.list("ancestors").filter_map(Value::as_str).map(full_name) {
            if above != below {
                self.place(&below, &above);
            }
            below = above;
        }
        if let Some(policy) = record.get("iamPolicy") {
            self.allow(&name, policy, origin);
        }
        if let Some(data) = record.get("resource").and_then(|resource| resource.get("data")) {
            let data = Record::of(data);
            if kind.ends_with("/Role") {
                return self.take(&data, origin);
            }
            self.take_resource(&data, origin);
        }
        true
    }

    /// Where a result of a search says that the resource lies: its project, in folders, in an organization.
    fn place_result(&mut self, at: &str, record: &Record<'_>) {
        let folders = record.list("folders").filter_map(Value::as_str);
        let chain = record.text("project").into_iter().chain(folders).chain(record.text("organization"));
        let mut below = at.to_owned();
        for above in chain {
            self.place(&below, above);
            above.clone_into(&mut below);
        }
    }

    fn allow(&mut self, at: &str, policy: &Value, origin: Origin) -> bool {
        let at = full_name(at);
        let bindings = json!({"bindings": policy.get("bindings")});
        if self.policies.allow(&at, &bindings.to_string()).is_err() {
            return false;
        }
        let all = policy.get("bindings").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut bound = BTreeSet::new();
        for binding in &all {
            let Some(role) = text(binding, "role") else { continue };
            let members = binding.get("members").and_then(Value::as_array).into_iter().flatten();
            bound.extend(members.filter_map(Value::as_str).map(|who| (role.to_owned(), node_of(who))));
        }
        self.bindings.insert(at.clone(), bound);
        self.allowed.insert(at.clone(), all);
        self.origins.insert(at, origin);
        true
    }

    /// Binds a member to a role at a resource, or no longer, without a condition; tells whether that is new.
    pub(super) fn bind(&mut self, at: &str, (role, member): (&str, &str), on: bool, origin: Origin) -> bool {
        let mut all = self.allowed.get(&full_name(at)).cloned().unwrap_or_default();
        let is_it = |one: &Value| one.as_str().is_some_and(|one| node_of(one) == node_of(member));
        let plain =
            |binding: &&mut Value| text(binding, "role") == Some(role) && binding.get("condition").is_none();
        let members =
            all.iter_mut().find(plain).and_then(|binding| binding.get_mut("members")?.as_array_mut());
        match (members, on) {
            (Some(members), true) if !members.iter().any(is_it) => members.push(json!(member)),
            (Some(members), false) if members.iter().any(is_it) => members.retain(|one| !is_it(one)),
            (None, true) => all.push(json!({"role": role, "members": [member]})),
            _ => return false,
        }
        self.allow(at, &json!({"bindings": all}), origin)
    }

    /// Whether something is known of a resource, in lower case.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.resources.keys().chain(self.allowed.keys()).any(|known| known.eq_ignore_ascii_case(name))
    }

    fn take_resource(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        if self.network.take(record, origin) {
            return true;
        }
        let Some((kind, name)) = named(record) else { return false };
        if kind == Kind::ServiceAccount {
            // Its policies lie at its number too.
            let number =
                record.text("uniqueId").and_then(|id| Some(format!("{}/{id}", name.rsplit_once('/')?.0)));
            let project = project_of(&name);
            for (below, above) in
                [(Some(name.clone()), number.clone()), (number.or(Some(name.clone())), project)]
            {
                if let Some((below, above)) = below.zip(above) {
                    self.place(&below, &above);
                }
            }
        } else if let Some(parent) = parent_of(kind, &name, record) {
            self.place(&name, &parent);
        }
        if kind == Kind::Project
            && let Some(number) = record.text("projectNumber").map(|number| format!("projects/{number}"))
        {
            // Where it lies is told of its number too; policies may name either.
            if let Some(parent) = self.places.get(&name).filter(|parent| **parent != number).cloned() {
                self.place(&number, &parent);
            }
            self.place(&name, &number);
        }
        let node = match (kind, record.text("email")) {
            (Kind::ServiceAccount, Some(email)) => format!("serviceAccount:{}", email.to_lowercase()),
            _ => name.clone(),
        };
        let runs_as = runs_as(record);
        if kind == Kind::ServiceAccount {
            self.accounts.insert(node.clone(), name.clone());
        }
        self.resources.insert(name, Resource { kind, node, runs_as, origin });
        true
    }

    fn place(&mut self, child: &str, parent: &str) {
        let (child, parent) = (full_name(child), full_name(parent));
        if child != parent {
            self.policies.place(&child, &parent);
            self.places.insert(child, parent);
        }
    }

    /// Fills in what nobody described; tells how many roles that were.
    pub(super) fn prepare(&mut self, workspace: &Workspace) -> usize {
        let unknown = self.fill_roles();
        self.close_places();
        self.callers =
            self.bindings.values().flatten().map(|(_, it)| (it.clone(), caller(it, workspace))).collect();
        unknown
    }

    /// Finds all edges.
    pub(super) fn ways(&self, weave: &mut Weave<'_>, workspace: &Workspace) {
        self.members(weave, workspace);
        self.contain(weave);
        self.network.ways(weave, |node| self.resources.get(node).map(|one| one.origin));
        for (name, resource) in &self.resources {
            weave.at(resource.origin);
            for right in RIGHTS.iter().filter(|right| right.on == resource.kind) {
                self.over(weave, (name, resource), right);
            }
            if let Some(account) = &resource.runs_as {
                weave.edge(&resource.node, &format!("serviceAccount:{account}"), "RunsAs");
            }
            match resource.kind {
                Kind::ServiceAccount => self.started(weave, (name, resource)),
                Kind::Organization | Kind::Folder | Kind::Project => weave.jewel(&resource.node),
                Kind::Secret | Kind::Bucket | Kind::Dataset => weave.store(&resource.node),
                Kind::Instance | Kind::Function | Kind::Service | Kind::Job => {}
            }
        }
    }

    /// Gives the roles that nobody described what Google's own of that name may do, others nothing.
    fn fill_roles(&mut self) -> usize {
        let used: BTreeSet<&String> = self.bindings.values().flatten().map(|(role, _)| role).collect();
        let mut unknown = 0;
        for role in used.into_iter().filter(|role| !self.described.contains(*role)) {
            let may = predefined(role);
            unknown += usize::from(may.is_none());
            let told = json!({"name": role, "includedPermissions": may.unwrap_or_default()});
            drop(self.policies.add(&told.to_string()));
        }
        unknown
    }

    /// States that what nobody told to lie in something lies in nothing: a policy elsewhere is none of its.
    fn close_places(&mut self) {
        let named = self.resources.keys().chain(self.bindings.keys()).chain(self.places.values());
        let tops: BTreeSet<String> = named.filter(|name| !self.places.contains_key(*name)).cloned().collect();
        for top in &tops {
            self.policies.place(top, "");
        }
    }

    /// Who may be taken over, and who belongs to a domain.
    fn members(&self, weave: &mut Weave<'_>, workspace: &Workspace) {
        let all: BTreeSet<&String> = self.bindings.values().flatten().map(|(_, member)| member).collect();
        let domains: BTreeSet<&str> =
            all.iter().filter_map(|member| member.strip_prefix("domain:")).collect();
        let accounts = self.resources.values().filter(|one| one.kind == Kind::ServiceAccount);
        let users = workspace.users().map(|email| format!("user:{email}"));
        let nodes =
            all.iter().map(|member| node_of(member)).chain(accounts.map(|one| one.node.clone())).chain(users);
        for node in nodes.collect::<BTreeSet<String>>() {
            if node == EVERYBODY || node.starts_with("user:") || node.starts_with("serviceAccount:") {
                weave.principal(&node);
            }
            let domain = node.strip_prefix("user:").and_then(|email| email.split_once('@')).map(|(_, at)| at);
            if let Some(domain) = domain.filter(|domain| domains.contains(domain)) {
                weave.edge(&node, &format!("domain:{domain}"), "MemberOf");
            }
        }
    }

    fn contain(&self, weave: &mut Weave<'_>) {
        for (child, parent) in &self.places {
            let (outer, inner) = (self.node(parent), self.node(child));
            let origin = self.resources.get(child).map(|one| one.origin);
            weave.at(origin.or(self.origins.get(child).copied()).unwrap_or_default());
            // A project and its number are one.
            let one = child.starts_with("projects/") && parent.starts_with("projects/");
            weave.edge(outer, inner, if one { "SameAs" } else { "Contains" });
            if one {
                weave.edge(inner, outer, "SameAs");
            }
        }
    }

    /// Who has a right over a resource, by a policy at it or above it.
    fn over(&self, weave: &mut Weave<'_>, (name, resource): (&str, &Resource), right: &Right) {
        let acts = |member: &str| {
            let account = resource.runs_as.as_ref();
            account.is_none_or(|account| self.can_act(member, account))
        };
        for (member, firm) in self.who(right.permission, name) {
            if right.acting && !acts(&member) {
                continue;
            }
            weave.edge_if(&node_of(&member), &resource.node, right.edge, firm);
        }
    }

    /// Who may have something new run as a service account.
    fn started(&self, weave: &mut Weave<'_>, (name, account): (&str, &Resource)) {
        let Some(project) = project_of(name) else { return };
        let mut starters = BTreeSet::new();
        for start in STARTS {
            starters.extend(self.who(start, &project).into_keys());
        }
        let acting = self.who(ACT_AS, name);
        for (member, firm) in acting.into_iter().filter(|(member, _)| starters.contains(member)) {
            weave.edge_if(&node_of(&member), &account.node, "ActAs", firm);
        }
    }

    fn can_act(&self, member: &str, account: &str) -> bool {
        let known = self.accounts.get(&format!("serviceAccount:{account}"));
        known.is_none_or(|name| self.who(ACT_AS, name).contains_key(member))
    }

    /// The members who have a permission on a resource, and whether that rests on nothing else.
    fn who(&self, permission: &str, name: &str) -> BTreeMap<String, bool> {
        let mut found = BTreeMap::new();
        let members = self.policies.members_with(permission, name);
        for member in members.into_iter().flat_map(|member| self.meant(&node_of(member))) {
            let Some(caller) = self.callers.get(&member) else { continue };
            let decision = self.policies.decide(caller, permission, name).decision;
            if decision.is_possible() {
                found.insert(member, decision.is_allowed());
            }
        }
        found
    }

    /// Whom a member stands for: those who have a basic role on a project, or itself; nobody where it is deleted.
    fn meant(&self, member: &str) -> Vec<String> {
        const KINDS: [(&str, &str); 3] = [
            ("projectowner:", "roles/owner"),
            ("projecteditor:", "roles/editor"),
            ("projectviewer:", "roles/viewer"),
        ];
        let lower = member.to_lowercase();
        match KINDS.iter().find_map(|(kind, role)| Some((lower.strip_prefix(kind)?, *role))) {
            Some((project, role)) => {
                let bound = self.bindings.get(&format!("projects/{project}")).into_iter().flatten();
                bound.filter(|(own, _)| own == role).map(|(_, who)| who.clone()).collect()
            }
            None if lower.starts_with("deleted:") => Vec::new(),
            None => vec![member.to_owned()],
        }
    }

    fn node<'a>(&'a self, name: &'a str) -> &'a str {
        self.resources.get(name).map_or(name, |resource| &resource.node)
    }
}

/// The node of a member as a caller, with the groups that it is known to be in.
fn caller(node: &str, workspace: &Workspace) -> Caller {
    let (kind, address) = node.split_once(':').unwrap_or((node, ""));
    let caller = match kind {
        "user" => Caller::user(address),
        "serviceAccount" => Caller::service_account(address),
        EVERYBODY => Caller::anonymous().in_set("allAuthenticatedUsers"),
        _ => Caller::anonymous().in_set(node),
    };
    workspace.groups_of(address).into_iter().fold(caller, Caller::in_group)
}

/// The node of a member, as policies of either version write it: addresses are the same in any case.
fn node_of(member: &str) -> String {
    const KINDS: [(&str, &str); 7] = [
        ("user:", "user:"),
        ("group:", "group:"),
        ("serviceaccount:", "serviceAccount:"),
        ("domain:", "domain:"),
        ("principal://goog/subject/", "user:"),
        ("principalset://goog/group/", "group:"),
        ("principal://iam.googleapis.com/projects/-/serviceaccounts/", "serviceAccount:"),
    ];
    let lower = member.to_lowercase();
    if ["allusers", "allauthenticatedusers", "principalset://goog/public:all"].contains(&lower.as_str()) {
        return EVERYBODY.to_owned();
    }
    let known = KINDS.iter().find_map(|(kind, own)| Some(format!("{own}{}", lower.strip_prefix(kind)?)));
    known.unwrap_or_else(|| member.to_owned())
}

/// A resource's full name in one spelling: without slashes before it, buckets without what lies between.
pub(super) fn full_name(name: &str) -> String {
    let name = name.trim_start_matches('/');
    let name = name.strip_prefix("cloudresourcemanager.googleapis.com/").unwrap_or(name);
    match name.strip_prefix("storage.googleapis.com/") {
        Some(bucket) => format!("storage.googleapis.com/{}", bucket.rsplit('/').next().unwrap_or(bucket)),
        None => name.to_owned(),
    }
}

/// What the record is, and its full name.
fn named(record: &Record<'_>) -> Option<(Kind, String)> {
    if let Some(link) = record.text("selfLink").filter(|_| record.has("machineType")) {
        let (_, path) = link.split_once("/compute/v1/").or(link.split_once("/compute/beta/"))?;
        return Some((Kind::Instance, format!("compute.googleapis.com/{path}")));
    }
    if let Some(project) =
        record.text("projectId").filter(|_| record.has("projectNumber") || record.has("lifecycleState"))
    {
        return Some((Kind::Project, format!("projects/{project}")));
    }
    if record.text("kind") == Some("storage#bucket") || record.has("storageClass") {
        return Some((Kind::Bucket, format!("storage.googleapis.com/{}", record.text("name")?)));
    }
    if let Some(set) = record.at(&["datasetReference", "datasetId"]) {
        let project = record.at(&["datasetReference", "projectId"])?;
        return Some((Kind::Dataset, format!("bigquery.googleapis.com/projects/{project}/datasets/{set}")));
    }
    by_name(record.text("name")?, record)
}

/// What a relative name says that the record is.
fn by_name(name: &str, record: &Record<'_>) -> Option<(Kind, String)> {
    let parts: Vec<&str> = name.split('/').collect();
    let (kind, service) = match parts.as_slice() {
        ["organizations", _] => return Some((Kind::Organization, name.to_owned())),
        ["folders", _] => return Some((Kind::Folder, name.to_owned())),
        ["projects", _, "serviceAccounts", _] if record.has("email") => (Kind::ServiceAccount, "iam"),
        ["projects", _, "secrets", _] => (Kind::Secret, "secretmanager"),
        ["projects", _, "locations", _, "functions", _] => (Kind::Function, "cloudfunctions"),
        ["projects", _, "locations", _, "services", _] if record.has("template") => (Kind::Service, "run"),
        ["projects", _, "locations", _, "jobs", _] if record.has("template") => (Kind::Job, "run"),
        _ => return None,
    };
    Some((kind, format!("{service}.googleapis.com/{name}")))
}

/// The address of the service account that a record says it runs as.
fn runs_as(record: &Record<'_>) -> Option<String> {
    let of_instance = record.list("serviceAccounts").find_map(|one| text(one, "email"));
    let told = of_instance
        .or(record.text("serviceAccountEmail"))
        .or(record.at(&["serviceConfig", "serviceAccountEmail"]))
        .or(record.at(&["template", "serviceAccount"]))
        .or(record.at(&["template", "template", "serviceAccount"]))
        .or(record.at(&["spec", "template", "spec", "serviceAccountName"]));
    told.filter(|email| email.contains('@')).map(str::to_lowercase)
}

/// Where a resource lies.
fn parent_of(kind: Kind, name: &str, record: &Record<'_>) -> Option<String> {
    match kind {
        Kind::Organization => None,
        Kind::Folder | Kind::Project => match record.get("parent")? {
            Value::String(parent) => Some(parent.clone()),
            // The first version of the API has type and id apart.
            old => Some(format!("{}s/{}", text(old, "type")?, text(old, "id")?)),
        },
        Kind::Bucket => {
            let number = record.get("projectNumber")?;
            Some(format!("projects/{}", number.as_str().map_or(number.to_string(), str::to_owned)))
        }
        _ => project_of(name),
    }
}

/// The project in a resource's full name.
fn project_of(name: &str) -> Option<String> {
    let (_, rest) = name.split_once("/projects/")?;
    Some(format!("projects/{}", rest.split('/').next()?))
}
