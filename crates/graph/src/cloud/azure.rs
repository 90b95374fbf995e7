//! Azure: management groups, subscriptions, resources with their identities, and who is assigned what on them.
//!
//! Microsoft Learn, "Azure resource provider operations" (actions), "What are managed identities for Azure resources". A
//! scope is a node under its id; a control over a scope is a control over what lies in it.

use super::azure_role;
use super::record::{Record, text};
use crate::weave::{Origin, Weave};
use homeostat_access::azure::{Caller, Operation, Plane, Roles};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What lets its holder take over, or read, a resource of a kind: the kind, the action, and the edge.
const RIGHTS: [(&str, Plane, &str, &str); 17] = [
    (VM, Plane::Control, "Microsoft.Compute/virtualMachines/runCommand/action", "AZExecuteCommand"),
    (VM, Plane::Control, "Microsoft.Compute/virtualMachines/extensions/write", "AZVMContributor"),
    (VM, Plane::Data, "Microsoft.Compute/virtualMachines/loginAsAdmin/action", "AZVMAdminLogin"),
    (VM_SET, Plane::Control, "Microsoft.Compute/virtualMachineScaleSets/extensions/write", "AZVMContributor"),
    (SITE, Plane::Control, "Microsoft.Web/sites/publishxml/action", "AZWebsiteContributor"),
    (
        "microsoft.automation/automationaccounts",
        Plane::Control,
        "Microsoft.Automation/automationAccounts/runbooks/write",
        "AZAutomationContributor",
    ),
    ("microsoft.logic/workflows", Plane::Control, "Microsoft.Logic/workflows/write", "AZLogicAppContributor"),
    (
        "microsoft.containerinstance/containergroups",
        Plane::Control,
        "Microsoft.ContainerInstance/containerGroups/containers/exec/action",
        "AZExecuteCommand",
    ),
    (
        CLUSTER,
        Plane::Control,
        "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
        "AZContributor",
    ),
    (
        "microsoft.datafactory/factories",
        Plane::Control,
        "Microsoft.DataFactory/factories/pipelines/write",
        "AZContributor",
    ),
    (STORAGE, Plane::Control, "Microsoft.Storage/storageAccounts/listKeys/action", "ReadData"),
    (
        STORAGE,
        Plane::Data,
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        "ReadData",
    ),
    (COSMOS, Plane::Control, "Microsoft.DocumentDB/databaseAccounts/listKeys/action", "ReadData"),
    (SQL, Plane::Control, "Microsoft.Sql/servers/administrators/write", "AZContributor"),
    (VAULT, Plane::Data, "Microsoft.KeyVault/vaults/secrets/getSecret/action", "AZGetSecrets"),
    (VAULT, Plane::Data, "Microsoft.KeyVault/vaults/keys/read", "AZGetKeys"),
    (VAULT, Plane::Data, "Microsoft.KeyVault/vaults/certificates/read", "AZGetCertificates"),
];

/// What vaults without role assignments for their data let those do who are in their access policies.
const POLICIES: [(&str, &str); 3] =
    [("secrets", "AZGetSecrets"), ("keys", "AZGetKeys"), ("certificates", "AZGetCertificates")];

/// Rights of which one lets start something that runs as an identity.
const STARTS: [&str; 4] = [
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Web/sites/write",
    "Microsoft.ContainerInstance/containerGroups/write",
    "Microsoft.Automation/automationAccounts/write",
];

const VM: &str = "microsoft.compute/virtualmachines";
const VM_SET: &str = "microsoft.compute/virtualmachinescalesets";
const SITE: &str = "microsoft.web/sites";
const CLUSTER: &str = "microsoft.containerservice/managedclusters";
const STORAGE: &str = "microsoft.storage/storageaccounts";
const COSMOS: &str = "microsoft.documentdb/databaseaccounts";
const SQL: &str = "microsoft.sql/servers";
const VAULT: &str = "microsoft.keyvault/vaults";
const IDENTITY: &str = "microsoft.managedidentity/userassignedidentities";
const SUBSCRIPTION: &str = "subscription";
const RESOURCE_GROUP: &str = "resource group";
const GROUPS: &str = "/providers/microsoft.management/managementgroups/";
const ASSIGN_ROLES: &str = "Microsoft.Authorization/roleAssignments/write";

/// What was read of Azure.
#[derive(Clone, Default)]
pub(super) struct Azure {
    roles: Roles,
    defined: BTreeSet<String>,
    used: BTreeSet<String>,
    people: BTreeSet<String>,
    // Where something is assigned; with where that was read.
    scopes: BTreeMap<String, Origin>,
    resources: BTreeMap<String, Resource>,
    // A management group or subscription to the group above it.
    above: BTreeMap<String, String>,
}

/// A resource or a scope, as it is written in its own record.
#[derive(Clone, Default)]
struct Resource {
    id: String,
    kind: String,
    /// Identities of its own.
    own: BTreeSet<String>,
    /// Identities that are assigned to it, by their scopes; with what the record tells of whose they are.
    assigned: BTreeMap<String, Option<String>>,
    /// Of a vault that asks its access policies: who may get what.
    policies: Option<Vec<(String, &'static str)>>,
    /// Where a cluster puts its nodes.
    nodes: Option<String>,
    origin: Origin,
}

impl Azure {
    /// Takes a record of Azure; tells whether it was one.
    pub(super) fn take(&mut self, record: &Record<'_>, origin: Origin) -> bool {
        let Some(id) = record.text("id").filter(|id| id.starts_with('/')) else { return false };
        let scope = normal(id);
        let kind = kind_of(&scope);
        match kind.strip_prefix("microsoft.authorization/") {
            Some(kind) => return self.take_right(kind, record, (&scope, origin)),
            None if scope.starts_with(GROUPS) => self.take_group(&scope, record),
            None if !scope.starts_with("/subscriptions/") => return false,
            None => {}
        }
        let resource = Resource {
            id: id.to_owned(),
            own: principal_of(record, &kind),
            assigned: assigned_to(record),
            policies: (kind == VAULT && !record.is_true("enableRbacAuthorization")).then(|| policies(record)),
            nodes: record
                .text("nodeResourceGroup")
                .map(|name| format!("{}/resourcegroups/{name}", subscription(&scope)).to_lowercase()),
            kind,
            origin,
        };
        self.resources.insert(scope, resource);
        true
    }

    fn take_right(&mut self, kind: &str, record: &Record<'_>, (id, origin): (&str, Origin)) -> bool {
        let mut body = record.flat();
        body.remove("type");
        let whole = json!({"type": format!("Microsoft.Authorization/{kind}"), "id": id,
            "name": record.text("name").unwrap_or_default(), "properties": Value::Object(body)});
        if self.roles.add(&whole.to_string()).is_ok_and(|added| added.read == 0) {
            return false;
        }
        if kind == "roledefinitions" {
            self.defined.insert(last(id).to_owned());
        }
        if let Some((role, principal)) = record.text("roleDefinitionId").zip(record.text("principalId")) {
            self.used.insert(last(&role.to_lowercase()).to_owned());
            self.scopes.entry(normal(record.text("scope").unwrap_or("/"))).or_insert(origin);
            if record.text("principalType") != Some("Group") {
                self.people.insert(principal.to_lowercase());
            }
        }
        true
    }

    fn take_group(&mut self, scope: &str, record: &Record<'_>) {
        let parent = record.at(&["details", "parent", "id"]).or(record.at(&["parent", "id"]));
        if let Some(parent) = parent.map(normal) {
            self.place(scope, &parent);
        }
        for child in record.list("children").filter_map(|child| text(child, "id")) {
            self.place(&normal(child), scope);
        }
    }

    fn place(&mut self, child: &str, parent: &str) {
        self.roles.place(child, parent);
        self.above.insert(child.to_owned(), parent.to_owned());
    }

    /// Finds all edges; tells how many roles nobody described.
    pub(super) fn finish(&mut self, weave: &mut Weave) -> usize {
        let unknown = self.fill_roles();
        self.people.iter().for_each(|id| weave.builder.principal(id));
        self.contain(weave);
        self.over_scopes(weave);
        let starters = self.starters();
        for (scope, resource) in &self.resources {
            weave.at(resource.origin);
            self.over(weave, scope, resource);
            if resource.kind == IDENTITY {
                self.over_identity(weave, (scope, resource), &starters);
            }
            self.runs_as(weave, resource);
            worth(weave, resource);
        }
        unknown
    }

    /// Gives the roles that no document describes what Azure's own of that id may do, others nothing.
    fn fill_roles(&mut self) -> usize {
        let mut unknown = 0;
        for id in self.used.difference(&self.defined) {
            let permissions = azure_role::built_in(id);
            unknown += usize::from(permissions.is_none());
            let role = json!({"type": "Microsoft.Authorization/roleDefinitions", "id": id, "name": id,
                "properties": {"permissions": permissions.into_iter().collect::<Vec<_>>()}});
            drop(self.roles.add(&role.to_string()));
        }
        unknown
    }

    fn contain(&self, weave: &mut Weave) {
        let scopes: BTreeMap<&str, Origin> = (self.scopes.iter().map(|(scope, at)| (scope.as_str(), *at)))
            .chain(self.resources.iter().map(|(scope, one)| (scope.as_str(), one.origin)))
            .collect();
        for (scope, origin) in scopes {
            weave.at(origin);
            let mut at = scope.to_owned();
            // An id holds a dozen parts at most; management groups lie six deep.
            for _ in 0..32 {
                let Some(parent) = self.parent(&at) else { break };
                weave.edge(self.id(&parent), self.id(&at), "AZContains");
                at = parent;
            }
        }
    }

    /// Who may give rights on a scope, and could not by one above it.
    fn over_scopes(&self, weave: &mut Weave) {
        for (scope, origin) in self.scopes.iter().filter(|(scope, _)| *scope != "/") {
            weave.at(*origin);
            let above = self.parent(scope).map(|parent| self.can(ASSIGN_ROLES, &parent)).unwrap_or_default();
            let writes = self.can("Microsoft.Resources/deployments/write", scope);
            for (who, firm) in self.can(ASSIGN_ROLES, scope) {
                if above.get(&who) == Some(&true) {
                    continue;
                }
                let kind = if writes.contains_key(&who) { "AZOwner" } else { "AZUserAccessAdministrator" };
                weave.edge_if(&who, self.id(scope), kind, firm);
            }
        }
    }

    /// Who may take over or read one resource.
    fn over(&self, weave: &mut Weave, scope: &str, resource: &Resource) {
        for (_, plane, action, kind) in RIGHTS.iter().filter(|(of, ..)| *of == resource.kind) {
            // The data of a vault that asks its access policies is theirs to give.
            if resource.policies.is_some() && *plane == Plane::Data {
                continue;
            }
            let operation = match plane {
                Plane::Control => Operation::control(action, scope),
                Plane::Data => Operation::data(action, scope),
            };
            for (who, firm) in self.who(&operation) {
                weave.edge_if(&who, &resource.id, kind, firm);
            }
        }
        for (who, kind) in resource.policies.iter().flatten() {
            weave.edge(who, &resource.id, kind);
        }
        if resource.policies.is_some() {
            // Who may change such a vault may write himself into its policies.
            for (who, firm) in self.can("Microsoft.KeyVault/vaults/write", scope) {
                weave.edge_if(&who, &resource.id, "AZKeyVaultKVContributor", firm);
            }
        }
    }

    /// Who may start something that runs as an identity, wherever that is.
    fn starters(&self) -> BTreeSet<String> {
        let at = |start| self.scopes.keys().flat_map(move |scope| self.can(start, scope).into_keys());
        STARTS.into_iter().flat_map(at).collect()
    }

    /// Who may make an identity trust a token of his, or start something that runs as it.
    fn over_identity(
        &self,
        weave: &mut Weave,
        (scope, resource): (&str, &Resource),
        starters: &BTreeSet<String>,
    ) {
        let federate = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write";
        let assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
        for principal in &resource.own {
            for (who, firm) in self.can(federate, scope) {
                weave.edge_if(&who, principal, "AZAddSecret", firm);
            }
            for (who, firm) in self.can(assign, scope).into_iter().filter(|(who, _)| starters.contains(who)) {
                weave.edge_if(&who, principal, "AssignIdentity", firm);
            }
        }
    }

    /// The identities that a resource runs as.
    fn runs_as(&self, weave: &mut Weave, resource: &Resource) {
        if resource.kind != IDENTITY {
            for principal in &resource.own {
                weave.edge(&resource.id, principal, "AZManagedIdentity");
            }
        }
        for (identity, told) in &resource.assigned {
            let known = self.resources.get(identity).into_iter().flat_map(|known| &known.own);
            for principal in known.chain(told) {
                weave.edge(&resource.id, principal, "AZManagedIdentity");
            }
        }
        if let Some(nodes) = &resource.nodes {
            weave.edge(&resource.id, self.id(nodes), "AZNodeResourceGroup");
        }
    }

    /// The topmost scopes that are known: what a directory's administrator may make his own.
    pub(super) fn roots(&self) -> BTreeSet<&str> {
        let scopes = self.scopes.keys().chain(self.resources.keys()).chain(self.above.keys());
        let tops = scopes.filter(|scope| *scope != "/").map(|scope| {
            let mut at = scope.clone();
            for _ in 0..32 {
                let Some(parent) = self.parent(&at) else { break };
                at = parent;
            }
            at
        });
        let tops: BTreeSet<String> = tops.collect();
        // By the names of nodes that live as long as this does.
        let known = self.resources.iter().filter(|(scope, _)| tops.contains(*scope));
        let known = known.map(|(_, resource)| resource.id.as_str());
        let others = self.scopes.keys().chain(self.above.values()).chain(self.above.keys());
        let others = others.filter(|scope| tops.contains(*scope) && !self.resources.contains_key(*scope));
        known.chain(others.map(String::as_str)).collect()
    }

    fn can(&self, action: &str, scope: &str) -> BTreeMap<String, bool> {
        self.who(&Operation::control(action, scope))
    }

    /// Who may do this by an assignment to itself, and whether that rests on nothing else.
    fn who(&self, operation: &Operation) -> BTreeMap<String, bool> {
        let firm = |id: &str| self.roles.decide(&Caller::new(id), operation).decision.is_allowed();
        self.roles.who_can(operation).into_iter().map(|id| (id.to_owned(), firm(id))).collect()
    }

    /// The name of the node of a scope: as its own record writes it.
    fn id<'a>(&'a self, scope: &'a str) -> &'a str {
        self.resources.get(scope).map_or(scope, |resource| &resource.id)
    }

    fn parent(&self, scope: &str) -> Option<String> {
        if scope.starts_with(GROUPS) {
            return self.above.get(scope).cloned();
        }
        let parts: Vec<&str> = scope.trim_start_matches('/').split('/').collect();
        let up = |count: usize| Some(format!("/{}", parts.get(..count)?.join("/")));
        match parts.len() {
            0..=1 => None,
            2..=3 => self.above.get(subscription(scope)).cloned(),
            4 => up(2),
            // A resource in a group, a resource of the subscription, a part of another resource.
            8 if parts.get(4) == Some(&"providers") => up(4),
            6 if parts.get(2) == Some(&"providers") => up(2),
            count => up(count - 2),
        }
    }
}

/// Whether getting to a resource is worth something by itself.
fn worth(weave: &mut Weave, resource: &Resource) {
    if [STORAGE, COSMOS, SQL, VAULT].contains(&resource.kind.as_str()) {
        weave.builder.store(&resource.id);
    } else if resource.kind == SUBSCRIPTION {
        weave.builder.jewel(&resource.id);
    }
}

fn normal(id: &str) -> String {
    id.trim_end_matches('/').to_lowercase()
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// The subscription of a scope.
fn subscription(scope: &str) -> &str {
    let end = scope.match_indices('/').nth(2).map_or(scope.len(), |(at, _)| at);
    scope.get(..end).unwrap_or(scope)
}

/// What kind of thing an id in lower case names: namespace and types of what it ends with.
fn kind_of(scope: &str) -> String {
    let Some((_, named)) = scope.rsplit_once("/providers/") else {
        return if scope.contains("/resourcegroups/") { RESOURCE_GROUP } else { SUBSCRIPTION }.to_owned();
    };
    let mut parts = named.split('/');
    let space = parts.next().unwrap_or_default();
    let types = parts.step_by(2);
    types.fold(space.to_owned(), |kind, part| format!("{kind}/{part}"))
}

/// The identity of the record's own: of a user-assigned identity it stands beside the other fields.
fn principal_of(record: &Record<'_>, kind: &str) -> BTreeSet<String> {
    let own = record.at(&["identity", "principalId"]);
    let of_itself = if kind == IDENTITY { record.text("principalId") } else { None };
    own.into_iter().chain(of_itself).map(str::to_lowercase).collect()
}

fn assigned_to(record: &Record<'_>) -> BTreeMap<String, Option<String>> {
    let identity = record.get("identity").and_then(|identity| identity.get("userAssignedIdentities"));
    let all = identity.and_then(Value::as_object).into_iter().flatten();
    all.map(|(id, told)| (normal(id), text(told, "principalId").map(str::to_lowercase))).collect()
}

/// Who may get what by the access policies of a vault.
fn policies(record: &Record<'_>) -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    for policy in record.list("accessPolicies") {
        let Some(who) = text(policy, "objectId").map(str::to_lowercase) else { continue };
        for (field, kind) in POLICIES {
            let granted = policy.get("permissions").and_then(|all| all.get(field)).and_then(Value::as_array);
            let gets = |one: &Value| {
                one.as_str().is_some_and(|it| ["get", "all"].contains(&it.to_lowercase().as_str()))
            };
            if granted.is_some_and(|granted| granted.iter().any(gets)) {
                all.push((who.clone(), kind));
            }
        }
    }
    all
}
