//! Ways through Azure: what a role at a scope, an access policy or an identity lets one get to.
//!
//! Microsoft Learn, "Azure resource provider operations" (actions). A control over a scope is a control over what lies in
//! it. What is found at one scope rests on it, on what is assigned above it, and on who may start something anywhere.

use super::azure::{Azure, Resource};
use crate::weave::Weave;
use homeostat_access::azure::{Caller, Operation, Plane};
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

/// Rights of which one lets start something that runs as an identity.
const STARTS: [&str; 4] = [
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Web/sites/write",
    "Microsoft.ContainerInstance/containerGroups/write",
    "Microsoft.Automation/automationAccounts/write",
];

const VM: &str = "microsoft.compute/virtualmachines";
const BALANCER: &str = "microsoft.network/loadbalancers";
const VM_SET: &str = "microsoft.compute/virtualmachinescalesets";
const SITE: &str = "microsoft.web/sites";
const CLUSTER: &str = "microsoft.containerservice/managedclusters";
const STORAGE: &str = "microsoft.storage/storageaccounts";
const COSMOS: &str = "microsoft.documentdb/databaseaccounts";
const SQL: &str = "microsoft.sql/servers";
pub(super) const VAULT: &str = "microsoft.keyvault/vaults";
pub(super) const IDENTITY: &str = "microsoft.managedidentity/userassignedidentities";
pub(super) const SUBSCRIPTION: &str = "subscription";
pub(super) const RESOURCE_GROUP: &str = "resource group";
const ASSIGN_ROLES: &str = "Microsoft.Authorization/roleAssignments/write";

/// How deep scopes lie: an id holds a dozen parts at most, and management groups lie six deep.
const DEEPEST: usize = 32;

impl Azure {
    /// Finds what follows at one scope; `directory` is what governs all that hangs on it.
    pub(super) fn ways(&self, weave: &mut Weave<'_>, scope: &str, directory: Option<&str>) {
        let ids = self.scopes.get(scope).into_iter().flatten();
        let assigned: Vec<_> = ids.filter_map(|id| self.assigned.get(id)).collect();
        let people = assigned.iter().filter(|one| one.is_person);
        people.for_each(|one| weave.principal(&one.principal));
        let resource = self.resources.get(scope);
        let first = assigned.iter().map(|one| one.origin).min();
        weave.at(resource.map(|one| one.origin).or(first).unwrap_or_default());
        self.contain(weave, scope, directory);
        if let Some(origin) = first.filter(|_| scope != "/") {
            weave.at(origin);
            self.over_scope(weave, scope);
        }
        if let Some(resource) = resource {
            weave.at(resource.origin);
            self.over(weave, scope, resource);
            if resource.kind == IDENTITY {
                self.over_identity(weave, (scope, resource));
            }
            self.runs_as(weave, resource);
            match resource.kind.as_str() {
                VM => self.network.to_machine(weave, (scope, &resource.id)),
                BALANCER => {
                    self.network.to_balancer(weave, (scope, &resource.id), |machine| self.id(machine));
                }
                _ => {}
            }
            worth(weave, resource);
        }
    }

    /// In what a scope lies, up to the first that tells itself in what it lies.
    fn contain(&self, weave: &mut Weave<'_>, scope: &str, directory: Option<&str>) {
        if scope == "/" {
            return;
        }
        let mut at = scope.to_owned();
        for _ in 0..DEEPEST {
            let Some(parent) = self.parent(&at) else {
                if let Some(directory) = directory {
                    weave.edge(directory, self.id(&at), "AZContains");
                }
                // What is assigned at the root bears on what lies in nothing.
                if !self.scopes.contains_key(&at) {
                    self.over_scope(weave, &at);
                }
                return;
            };
            if self.is_known(scope) {
                weave.edge(self.id(&parent), self.id(&at), "AZContains");
            }
            if self.is_known(&parent) {
                return;
            }
            at = parent;
        }
    }

    /// Who may give rights on a scope, and could not by one above it.
    fn over_scope(&self, weave: &mut Weave<'_>, scope: &str) {
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

    /// Who may take over or read one resource.
    fn over(&self, weave: &mut Weave<'_>, scope: &str, resource: &Resource) {
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

    /// Finds anew who may start something at some scopes; whether that makes a difference to anybody.
    pub(super) fn find_starters<'a>(&mut self, scopes: impl Iterator<Item = &'a String>) -> bool {
        let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
        for scope in scopes {
            before.append(&mut self.starters.remove(scope).unwrap_or_default());
            if self.scopes.contains_key(scope) {
                let all = STARTS.into_iter().flat_map(|start| self.can(start, scope).into_keys());
                let all: BTreeSet<String> = all.collect();
                after.extend(all.iter().cloned());
                self.starters.insert(scope.clone(), all);
            }
        }
        let elsewhere = |who: &&String| !after.contains(*who) && !self.is_starter(who);
        before.iter().any(|who| elsewhere(&who)) || after.difference(&before).next().is_some()
    }

    fn is_starter(&self, who: &str) -> bool {
        self.starters.values().any(|all| all.contains(who))
    }

    /// Identities that somebody may be given by being assigned to something.
    pub(super) fn identities(&self) -> impl Iterator<Item = &String> {
        self.resources.iter().filter(|(_, one)| one.kind == IDENTITY).map(|(scope, _)| scope)
    }

    /// Who may make an identity trust a token of his, or start something that runs as it.
    fn over_identity(&self, weave: &mut Weave<'_>, (scope, resource): (&str, &Resource)) {
        let federate = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write";
        let assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
        for principal in &resource.own {
            for (who, firm) in self.can(federate, scope) {
                weave.edge_if(&who, principal, "AZAddSecret", firm);
            }
            for (who, firm) in self.can(assign, scope).into_iter().filter(|(who, _)| self.is_starter(who)) {
                weave.edge_if(&who, principal, "AssignIdentity", firm);
            }
        }
    }

    /// The identities that a resource runs as.
    fn runs_as(&self, weave: &mut Weave<'_>, resource: &Resource) {
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

    fn can(&self, action: &str, scope: &str) -> BTreeMap<String, bool> {
        self.who(&Operation::control(action, scope))
    }

    /// Who may do this by an assignment to itself, and whether that rests on nothing else.
    fn who(&self, operation: &Operation) -> BTreeMap<String, bool> {
        let firm = |id: &str| self.roles.decide(&Caller::new(id), operation).decision.is_allowed();
        self.roles.who_can(operation).into_iter().map(|id| (id.to_owned(), firm(id))).collect()
    }
}

/// Whether getting to a resource is worth something by itself.
fn worth(weave: &mut Weave<'_>, resource: &Resource) {
    if [STORAGE, COSMOS, SQL, VAULT].contains(&resource.kind.as_str()) {
        weave.store(&resource.id);
    } else if resource.kind == SUBSCRIPTION {
        weave.jewel(&resource.id);
    }
}
