//! Roles that Azure brings along, by their ids: as far as they let their holder take over or read something.
//!
//! Microsoft Learn, "Azure built-in roles". Documents of a tenant tell them too; these stand in where they do not.

use serde_json::{Value, json};

/// The actions of a role, what it leaves out, and what it may do with data.
type Role = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const GIVING: [&str; 3] = [
    "Microsoft.Authorization/*/Delete",
    "Microsoft.Authorization/*/Write",
    "Microsoft.Authorization/elevateAccess/Action",
];

const ROLES: [Role; 24] = [
    // Owner, Contributor, User Access Administrator, Role Based Access Control Administrator, Reader.
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", &["*"], &[], &[]),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", &["*"], &GIVING, &[]),
    ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", &["*/read", "Microsoft.Authorization/*"], &[], &[]),
    (
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        &[
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
        ],
        &[],
        &[],
    ),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", &["*/read"], &[], &[]),
    // Virtual Machine Contributor, Administrator Login, User Login.
    (
        "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        &["Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachineScaleSets/*"],
        &[],
        &[],
    ),
    (
        "1c0163c0-47e6-4577-8991-ea5c82e286e4",
        &[],
        &[],
        &[
            "Microsoft.Compute/virtualMachines/login/action",
            "Microsoft.Compute/virtualMachines/loginAsAdmin/action",
        ],
    ),
    ("fb879df8-f326-4884-b1cf-06f3ad86be52", &[], &[], &["Microsoft.Compute/virtualMachines/login/action"]),
    // Website, Logic App, Automation, Data Factory Contributor.
    ("de139f84-1756-47ae-9be6-808fbbe84772", &["Microsoft.Web/sites/*"], &[], &[]),
    ("87a39d53-fc1b-424a-814c-f7e04687dc9e", &["Microsoft.Logic/*"], &[], &[]),
    ("f353d9bd-d4a6-484e-a77a-8050b599b867", &["Microsoft.Automation/automationAccounts/*"], &[], &[]),
    ("673868aa-7521-48a0-acc6-0f60742d39f5", &["Microsoft.DataFactory/factories/*"], &[], &[]),
    // Azure Kubernetes Service Cluster Admin Role.
    (
        "0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8",
        &["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"],
        &[],
        &[],
    ),
    // Key Vault Administrator, Contributor, Secrets Officer, Secrets User.
    ("00482a5a-887f-4fb3-b363-3b7fe8e74483", &[], &[], &["Microsoft.KeyVault/vaults/*"]),
    ("f25e0fa2-a7c8-4377-a976-54943a77a395", &["Microsoft.KeyVault/*"], &[], &[]),
    ("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", &[], &[], &["Microsoft.KeyVault/vaults/secrets/*"]),
    (
        "4633458b-17de-408a-b874-0445c86b69e6",
        &[],
        &[],
        &[
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
    ),
    // Storage Account Contributor, Blob Data Owner, Contributor, Reader.
    ("17d1049b-9a84-46fb-8f53-869881c3d3ab", &["Microsoft.Storage/storageAccounts/*"], &[], &[]),
    (
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        &[],
        &[],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
    ),
    (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        &[],
        &[],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
    ),
    (
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        &[],
        &[],
        &["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
    ),
    // Managed Identity Contributor, Operator; SQL Security Manager.
    (
        "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        &["Microsoft.ManagedIdentity/userAssignedIdentities/*"],
        &["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"],
        &[],
    ),
    (
        "f1a07417-d97a-45cb-824c-7a7467783830",
        &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        ],
        &[],
        &[],
    ),
    ("056cd41c-7e88-42e1-933e-88ba6a50c9c3", &["Microsoft.Sql/servers/administrators/*"], &[], &[]),
];

/// What the role of this id may do; `None` for one that is not Azure's own, or of which nothing follows.
pub(super) fn built_in(id: &str) -> Option<Value> {
    let (_, actions, not, data) = ROLES.iter().find(|(own, ..)| *own == id)?;
    Some(json!({"actions": actions, "notActions": not, "dataActions": data, "notDataActions": []}))
}
