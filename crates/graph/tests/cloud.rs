//! Ways through Azure, Entra, Google Cloud and Google Workspace: what each right leads to, and what leads nowhere.
#![cfg(test)]
#![cfg(feature = "clouds")]

mod support;

use homeostat_graph::{CloudDump, Foreign, NamedGraph};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::edges;

fn graph(documents: &[Value]) -> (NamedGraph, Foreign) {
    let mut dump = CloudDump::default();
    for document in documents {
        assert!(dump.read("d.json", document).is_some(), "no record in {document}");
    }
    let (builder, foreign) = dump.finish();
    (builder.build(), foreign)
}

/// The edges of some kinds as `from kind to`, resources by the last part of their names.
fn told(documents: &[Value], kinds: &[&str]) -> Vec<String> {
    let last = |name: &str| name.rsplit('/').next().unwrap().to_owned();
    let all = edges(&graph(documents).0);
    let of = all.into_iter().filter(|(_, _, kind)| kinds.contains(&kind.as_str()));
    let mut told: Vec<String> =
        of.map(|(from, to, kind)| format!("{} {kind} {}", last(&from), last(&to))).collect();
    told.sort_unstable();
    told
}

fn reaches(documents: &[Value], from: &str, to: &str) -> bool {
    let (graph, _) = graph(documents);
    let node = |name: &str| graph.find(name).unwrap_or_else(|| panic!("no node `{name}`"));
    graph.net().reach(node(from)).contains(node(to))
}

const WEB: &str = "/subscriptions/s1/resourceGroups/web";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const GLOBAL_ADMIN: &str = "62e90394-69f5-4237-9190-012177145e10";
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

fn at(kind: &str, name: &str) -> String {
    format!("{WEB}/providers/{kind}/{name}")
}

fn assigned(who: &str, role: &str, scope: &str) -> Value {
    json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{who}-{role}"),
        "properties": {"principalId": who, "principalType": "User", "scope": scope,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}")}})
}

fn made(role: &str, actions: &[&str], data: &[&str]) -> Value {
    json!({"id": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"), "name": role, "roleName": role,
        "permissions": [{"actions": actions, "notActions": [], "dataActions": data, "notDataActions": []}]})
}

fn vm() -> Value {
    json!({"id": at("Microsoft.Compute/virtualMachines", "vm1"),
        "identity": {"type": "SystemAssigned", "principalId": "Robot"}})
}

#[test]
fn a_machine_is_taken_by_rights_over_it_and_gives_its_identity() {
    let run = made("run", &["Microsoft.Compute/virtualMachines/runCommand/action"], &[]);
    let log_in = made("in", &[], &["Microsoft.Compute/virtualMachines/loginAsAdmin/action"]);
    let read = made("read", &["*/read"], &["Microsoft.Compute/virtualMachines/login/action"]);
    let docs = [
        json!([run, log_in, read]),
        json!({"value": [assigned("maya", "run", WEB), assigned("omar", "in", "/subscriptions/s1"),
            assigned("lea", "read", WEB), assigned("far", "run", "/subscriptions/s2")]}),
        json!([vm()]),
    ];
    let kinds = ["AZExecuteCommand", "AZVMAdminLogin", "AZVMContributor", "AZManagedIdentity"];
    assert_eq!(
        told(&docs, &kinds),
        ["maya AZExecuteCommand vm1", "omar AZVMAdminLogin vm1", "vm1 AZManagedIdentity robot"]
    );
    assert!(reaches(&docs, "omar", "robot") && !reaches(&docs, "lea", "robot"));
}

#[test]
fn owners_of_a_scope_own_what_lies_in_it_and_contributors_give_no_rights() {
    let docs = [
        json!([assigned("olga", OWNER, "/subscriptions/s1"), assigned("carl", CONTRIBUTOR, WEB)]),
        json!([vm(), {"id": at("Microsoft.Storage/storageAccounts", "store")}]),
        json!({"id": "/subscriptions/s1", "subscriptionId": "s1", "displayName": "shop"}),
    ];
    let kinds = ["AZOwner", "AZUserAccessAdministrator", "AZVMContributor", "ReadData"];
    assert_eq!(
        told(&docs, &kinds),
        [
            "carl AZVMContributor vm1",
            "carl ReadData store",
            "olga AZOwner s1",
            "olga AZVMContributor vm1",
            "olga ReadData store"
        ]
    );
    assert!(reaches(&docs, "olga", &at("Microsoft.Storage/storageAccounts", "store")));
    let (graph, _) = graph(&docs);
    let jewels: Vec<&str> = graph.jewels().map(|node| graph.name(node)).collect();
    assert_eq!(jewels, ["/subscriptions/s1", &at("Microsoft.Storage/storageAccounts", "store")]);
}

#[test]
fn a_denial_stops_and_a_management_group_carries() {
    let group = "/providers/Microsoft.Management/managementGroups/all";
    let denial = json!({"id": format!("{WEB}/providers/Microsoft.Authorization/denyAssignments/d"), "properties": {
        "scope": WEB, "principals": [{"id": "dora"}],
        "permissions": [{"actions": ["Microsoft.Compute/*"], "notActions": []}]}});
    let docs = [
        json!({"id": group, "properties": {"children": [{"id": "/subscriptions/s1"}]}}),
        json!([assigned("dora", CONTRIBUTOR, WEB), assigned("gus", CONTRIBUTOR, group), denial, vm()]),
    ];
    assert_eq!(told(&docs, &["AZVMContributor"]), ["gus AZVMContributor vm1"]);
}

#[test]
fn a_vault_asks_its_policies_or_the_roles_never_both() {
    let vault = |name: &str, by_roles: bool| {
        json!({"id": at("Microsoft.KeyVault/vaults", name), "properties": {
            "enableRbacAuthorization": by_roles,
            "accessPolicies": [{"objectId": "Pia", "permissions": {"secrets": ["Get"], "keys": ["list"]}}]}})
    };
    let docs = [
        json!([vault("old", false), vault("new", true)]),
        json!([
            assigned("rosa", "4633458b-17de-408a-b874-0445c86b69e6", WEB),
            assigned("carl", CONTRIBUTOR, WEB)
        ]),
    ];
    let kinds = ["AZGetSecrets", "AZGetKeys", "AZKeyVaultKVContributor"];
    assert_eq!(
        told(&docs, &kinds),
        ["carl AZKeyVaultKVContributor old", "pia AZGetSecrets old", "rosa AZGetSecrets new"]
    );
}

#[test]
fn an_identity_is_had_by_starting_something_as_it_or_by_a_token_of_ones_own() {
    let identity = at("Microsoft.ManagedIdentity/userAssignedIdentities", "id1");
    let assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
    let federate = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write";
    let docs = [
        json!([{"id": identity, "properties": {"principalId": "p1"}},
            {"id": at("Microsoft.Web/sites", "shop"), "identity": {"type": "UserAssigned",
                "userAssignedIdentities": {identity.to_uppercase(): {"clientId": "c"}}}}]),
        json!([
            made("only", &[assign], &[]),
            made("both", &[assign, "Microsoft.Web/sites/write"], &[]),
            made("fed", &[federate], &[])
        ]),
        json!([assigned("ana", "only", WEB), assigned("bea", "both", WEB), assigned("fay", "fed", WEB)]),
    ];
    assert_eq!(
        told(&docs, &["AssignIdentity", "AZAddSecret", "AZManagedIdentity"]),
        ["bea AssignIdentity p1", "fay AZAddSecret p1", "shop AZManagedIdentity p1"]
    );
}

#[test]
fn records_of_a_python_package_under_names_of_their_own_are_the_same() {
    let docs = [json!({"ROLE_ASSIGNMENTS": [{
            "id": "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/a", "name": "a",
            "principal_id": "maya", "principal_type": "User", "scope": WEB,
            "role_definition_id": format!("/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/{OWNER}")}],
        "VMS": [vm()], "TENANT": "t"})];
    assert_eq!(told(&docs, &["AZOwner"]), ["maya AZOwner web"]);
}

fn user(id: &str) -> Value {
    json!({"id": id, "userPrincipalName": format!("{id}@acme.example")})
}

fn holds(who: &str, role: &str, scope: &str) -> Value {
    json!({"id": format!("{who}-{role}"), "principalId": who, "roleDefinitionId": role, "directoryScopeId": scope})
}

#[test]
fn roles_of_a_directory_lead_to_it_or_to_those_it_lets_them() {
    let docs = [
        json!({"value": [user("root"), user("help"), user("sam")]}),
        json!({"value": [
            {"id": "g1", "displayName": "all", "securityEnabled": true, "members": [{"id": "sam"}]},
            {"id": "g2", "securityEnabled": true, "isAssignableToRole": true}]}),
        json!({"value": [holds("root", GLOBAL_ADMIN, "/"), holds("help", HELPDESK, "/"),
            holds("sam", "fdd7a751-b60b-444a-984c-02652fe8fa1c", "/")]}),
    ];
    let kinds = ["AZGlobalAdmin", "AZResetPassword", "AZAddMembers", "AZMemberOf"];
    assert_eq!(
        told(&docs, &kinds),
        ["root AZGlobalAdmin AZTenant", "sam AZAddMembers g1", "sam AZMemberOf g1"],
        "who holds a role has his password reset by few, and a group that may hold roles is left to those"
    );
    let calm = [json!([user("help"), user("sam"), holds("help", HELPDESK, "/")])];
    assert_eq!(told(&calm, &["AZResetPassword"]), ["help AZResetPassword sam"]);
    let unit = [json!([user("help"), user("sam"), holds("help", HELPDESK, "/administrativeUnits/u")])];
    assert!(told(&unit, &["AZResetPassword"]).is_empty());
}

#[test]
fn an_owner_of_an_application_gets_to_the_subscription_that_it_owns() {
    let docs = [
        json!({"value": [{"id": "a1", "appId": "app", "signInAudience": "x", "owners": [{"id": "sam"}]}]}),
        json!({"value": [{"id": "sp1", "appId": "app", "servicePrincipalType": "Application"}, user("sam")]}),
        json!({"value": [assigned("sp1", OWNER, "/subscriptions/s1"), vm()]}),
    ];
    assert_eq!(told(&docs, &["AZOwns", "AZRunsAs"]), ["a1 AZRunsAs sp1", "sam AZOwns a1"]);
    assert!(reaches(&docs, "sam", "robot"));
    assert!(reaches(&docs, "AZTenant", "robot"), "the directory's administrator may make all of it his own");
}

#[test]
fn permissions_of_graph_count_and_those_of_others_do_not() {
    let graph = json!({"id": "msgraph", "appId": "00000003-0000-0000-c000-000000000000", "servicePrincipalType": "Application",
        "appRoles": [{"id": "r1", "value": "x"}]});
    let granted = |who: &str, of: &str| {
        json!({"id": format!("{who}{of}"), "principalId": who, "resourceId": of,
            "appRoleId": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"})
    };
    let other = json!({"id": "crm", "appId": "crm", "servicePrincipalType": "Application"});
    let docs = [json!([graph, other, granted("bot", "msgraph"), granted("tool", "crm")])];
    assert_eq!(told(&docs, &["AZMGGrantRole"]), ["bot AZMGGrantRole AZTenant"]);
}

#[test]
fn a_role_of_ones_own_making_counts_by_its_actions() {
    let docs = [json!([
        {"id": "own", "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/credentials/update"]}]},
        {"id": "a1", "appId": "app", "signInAudience": "x"},
        holds("lea", "own", "/")])];
    assert_eq!(told(&docs, &["AZAddSecret"]), ["lea AZAddSecret a1"]);
}

#[test]
fn what_azure_hound_writes_is_read_into_the_same() {
    let wrap = |kind: &str, data: Value| json!({"kind": kind, "data": data});
    let held = |who: &str, role: &str, scope: &str| {
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{who}"), "name": who,
            "properties": {"principalId": who, "scope": scope,
                "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}")}})
    };
    let file = json!({"meta": {"type": "azure", "version": 5, "count": 13}, "data": [
        wrap("AZTenant", json!({"tenantId": "t", "displayName": "acme"})),
        wrap("AZUser", json!({"id": "SAM", "displayName": "Sam", "tenantId": "t"})),
        wrap("AZUser", json!({"id": "root", "displayName": "Root"})),
        wrap("AZGroup", json!({"id": "g1", "displayName": "all", "securityEnabled": true})),
        wrap("AZGroupMember", json!({"groupId": "g1", "members": [{"groupId": "g1", "member": {"id": "sam"}}]})),
        wrap("AZApp", json!({"id": "a1", "appId": "app", "displayName": "shop"})),
        wrap("AZAppOwner", json!({"appId": "app", "owners": [{"appId": "app", "owner": {"id": "sam"}}]})),
        wrap("AZServicePrincipal", json!({"id": "sp1", "appId": "app"})),
        wrap("AZRoleAssignment", json!({"roleDefinitionId": GLOBAL_ADMIN, "roleAssignments": [
            {"id": "x", "principalId": "root", "roleDefinitionId": GLOBAL_ADMIN, "directoryScopeId": "/"}]})),
        wrap("AZVM", vm()),
        wrap("AZManagementGroupDescendant", json!({"id": "/subscriptions/s1", "properties": {"parent":
            {"id": "/providers/Microsoft.Management/managementGroups/all"}}})),
        wrap("AZVMContributor", json!({"virtualMachineId": vm()["id"], "contributors": [
            {"virtualMachineId": vm()["id"], "contributor": held("sp1", CONTRIBUTOR, WEB)}]})),
        wrap("AZSubscriptionRoleAssignment", json!({"objectId": "/subscriptions/s1", "assignees": [
            {"objectId": "/subscriptions/s1", "roleDefinitionId": OWNER, "assignee": held("g1", OWNER, "/subscriptions/s1")}]}))]});
    let docs = [file];
    let kinds = ["AZMemberOf", "AZOwns", "AZRunsAs", "AZGlobalAdmin", "AZOwner", "AZVMContributor"];
    assert_eq!(
        told(&docs, &kinds),
        [
            "a1 AZRunsAs sp1",
            "g1 AZOwner s1",
            "g1 AZVMContributor vm1",
            "root AZGlobalAdmin AZTenant",
            "sam AZMemberOf g1",
            "sam AZOwns a1",
            "sp1 AZVMContributor vm1"
        ]
    );
    assert!(
        reaches(&docs, "sam", "robot")
            && reaches(&docs, "/providers/Microsoft.Management/managementGroups/all", "robot")
    );
    assert!(homeostat_graph::SharpHound::default().read("az.json", &docs[0]).is_none());
}

const ROBOT: &str = "robot@shop.iam.gserviceaccount.com";

fn account(email: &str) -> Value {
    json!({"name": format!("projects/shop/serviceAccounts/{email}"), "projectId": "shop", "email": email, "uniqueId": "77"})
}

fn policy(at: &str, bindings: &[(&str, &str)]) -> Value {
    let bindings: Vec<Value> =
        bindings.iter().map(|(role, member)| json!({"role": role, "members": [member]})).collect();
    json!({"resource": at, "policy": {"bindings": bindings}})
}

#[test]
fn service_accounts_are_had_by_tokens_keys_and_what_runs_as_them() {
    let docs = [
        json!({"accounts": [account(ROBOT)]}),
        json!([policy(
            "//cloudresourcemanager.googleapis.com/projects/shop",
            &[
                ("roles/iam.serviceAccountTokenCreator", "user:tom@acme.example"),
                ("roles/iam.serviceAccountKeyAdmin", "user:kim@acme.example"),
                ("roles/iam.serviceAccountUser", "user:usa@acme.example"),
                ("roles/editor", "user:edi@acme.example"),
                ("roles/viewer", "user:vic@acme.example")
            ]
        )]),
    ];
    let kinds = ["GetAccessToken", "CreateServiceAccountKey", "ActAs", "SetIamPolicy"];
    let node = format!("serviceAccount:{ROBOT}");
    assert_eq!(
        told(&docs, &kinds),
        [
            format!("user:edi@acme.example ActAs {node}"),
            format!("user:kim@acme.example CreateServiceAccountKey {node}"),
            format!("user:tom@acme.example GetAccessToken {node}"),
        ],
        "acting as an account takes something to start, an editor gives no rights"
    );
}

#[test]
fn policies_are_inherited_denied_and_bound_to_groups_of_the_workspace() {
    let deny = json!({"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fshop/denypolicies/d",
        "rules": [{"denyRule": {"deniedPrincipals": ["principal://goog/subject/dan@acme.example"],
            "deniedPermissions": ["secretmanager.googleapis.com/versions.access"]}}]});
    let docs = [
        json!({"projects": [{"projectId": "shop", "projectNumber": "42", "lifecycleState": "ACTIVE", "parent": "folders/7"}]}),
        json!({"folders": [{"name": "folders/7", "parent": "organizations/1"}]}),
        json!({"secrets": [{"name": "projects/shop/secrets/key", "replication": {}}]}),
        json!([
            policy("folders/7", &[("roles/secretmanager.secretAccessor", "group:ops@acme.example")]),
            policy("projects/42", &[("roles/secretmanager.secretAccessor", "user:dan@acme.example")]),
            deny
        ]),
        json!({"groups": [{"kind": "admin#directory#group", "id": "g", "email": "ops@acme.example"}]}),
        json!({"ops@acme.example": [{"id": "1", "email": "ida@acme.example", "type": "USER", "role": "MEMBER"}]}),
        json!({"users": [{"primaryEmail": "boss@acme.example", "id": "9", "isAdmin": true},
            {"primaryEmail": "ida@acme.example", "id": "1"}]}),
    ];
    assert_eq!(told(&docs, &["ReadSecret"]), ["group:ops@acme.example ReadSecret key"]);
    let secret = "secretmanager.googleapis.com/projects/shop/secrets/key";
    assert!(reaches(&docs, "user:ida@acme.example", secret));
    assert!(reaches(&docs, "user:boss@acme.example", secret), "who governs the accounts becomes any of them");
}

#[test]
fn workloads_run_as_their_accounts_and_changing_them_takes_acting_as_these() {
    let docs = [
        json!({"accounts": [account(ROBOT)]}),
        json!({"items": {"zones/z": {"instances": [{"name": "vm", "machineType": "m",
            "selfLink": "https://www.googleapis.com/compute/v1/projects/shop/zones/z/instances/vm",
            "serviceAccounts": [{"email": ROBOT, "scopes": []}]}]}}}),
        json!({"functions": [{"name": "projects/shop/locations/l/functions/fn", "serviceAccountEmail": ROBOT}]}),
        json!([policy(
            "projects/shop",
            &[
                ("roles/compute.osAdminLogin", "user:ada@acme.example"),
                ("roles/cloudfunctions.developer", "user:dev@acme.example"),
                ("roles/cloudfunctions.developer", "user:pro@acme.example"),
                ("roles/iam.serviceAccountUser", "user:pro@acme.example")
            ]
        )]),
    ];
    assert_eq!(
        told(&docs, &["OsAdminLogin", "UpdateWorkload", "RunsAs"]),
        [
            format!("fn RunsAs serviceAccount:{ROBOT}"),
            "user:ada@acme.example OsAdminLogin vm".to_owned(),
            "user:pro@acme.example UpdateWorkload fn".to_owned(),
            format!("vm RunsAs serviceAccount:{ROBOT}"),
        ]
    );
}

#[test]
fn assets_of_the_inventory_tell_all_and_everybody_is_the_internet() {
    let asset = json!({"name": "//storage.googleapis.com/pics", "assetType": "storage.googleapis.com/Bucket",
        "ancestors": ["projects/42", "organizations/1"],
        "resource": {"data": {"kind": "storage#bucket", "name": "pics", "projectNumber": "42"}},
        "iamPolicy": {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}});
    assert_eq!(
        told(&[json!({"assets": [asset]})], &["ReadData"]),
        ["Internet ReadData storage.googleapis.com/pics"
            .rsplit_once('/')
            .map(|(_, last)| format!("Internet ReadData {last}"))
            .unwrap()]
    );
}

#[test]
fn roles_that_nobody_describes_give_nothing_and_are_counted() {
    let docs = [json!([
        account(ROBOT),
        policy("projects/shop", &[("projects/shop/roles/own", "user:a@b.example")]),
        vm(),
        assigned("maya", "unheard-of", WEB)
    ])];
    let (graph, foreign) = graph(&docs);
    assert_eq!(foreign.unresolved, 2);
    let maya = graph.find("maya").unwrap();
    assert_eq!(graph.net().numbers(maya).count(), 0);
}

/// Records of all kinds, some of which say something together.
fn some_records() -> Vec<Value> {
    vec![
        vm(),
        assigned("maya", OWNER, WEB),
        assigned("carl", CONTRIBUTOR, WEB),
        made("own", &["*"], &[]),
        assigned("own", "own", "/subscriptions/s1"),
        user("sam"),
        holds("sam", GLOBAL_ADMIN, "/"),
        account(ROBOT),
        policy("projects/shop", &[("roles/owner", "user:tom@acme.example")]),
        json!({"projectId": "shop", "projectNumber": "42", "parent": {"type": "folder", "id": "7"}}),
        json!({"name": "folders/7", "parent": "organizations/1"}),
        json!({"primaryEmail": "tom@acme.example", "id": "1", "isAdmin": true}),
        json!({"id": at("Microsoft.Network/publicIPAddresses", "ip")}),
        json!({"id": at("Microsoft.Network/networkInterfaces", "nic"), "virtualMachine": {"id": at("Microsoft.Compute/virtualMachines", "vm1")},
            "networkSecurityGroup": {"id": at("Microsoft.Network/networkSecurityGroups", "g")}, "ipConfigurations": [
            {"publicIPAddress": {"id": at("Microsoft.Network/publicIPAddresses", "ip")}}]}),
        json!({"id": at("Microsoft.Network/networkSecurityGroups", "g"), "securityRules": [{"priority": 1, "access": "Allow",
            "direction": "Inbound", "protocol": "*", "sourceAddressPrefix": "*", "destinationPortRange": "3389"}]}),
        json!({"kind": "admin#directory#group", "id": "g", "email": "ops@acme.example",
            "members": [{"email": "tom@acme.example", "role": "OWNER"}]}),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z/.@:*]{0,12}".prop_map(Value::from)
    ];
    let name = prop_oneof![
        Just("id"),
        Just("name"),
        Just("value"),
        Just("items"),
        Just("members"),
        Just("parent"),
        Just("properties"),
        Just("policy"),
        Just("bindings"),
        Just("resource"),
        Just("identity"),
        Just("principalId"),
        Just("email"),
        Just("roleDefinitionId"),
        Just("permissions"),
        Just("assetType"),
        Just("ancestors"),
        Just("projectNumber")
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|all| all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        ]
    })
}

proptest! {
    #[test]
    fn the_order_of_records_means_nothing(records in Just(some_records()).prop_shuffle()) {
        let (in_order, shuffled) = (graph(&[json!(some_records())]).0, graph(&[json!(records)]).0);
        prop_assert_eq!(edges(&in_order), edges(&shuffled));
    }

    #[test]
    fn whatever_comes_is_read_or_left(mut documents in prop::collection::vec(any_json(), 1..4)) {
        let mut dump = CloudDump::default();
        documents.extend(some_records());
        for document in &documents {
            let _known = dump.read("d.json", document);
        }
        let graph = dump.finish().0.build();
        prop_assert!(graph.edges() > 0);
    }
}
