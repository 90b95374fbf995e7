//! What the logs of Azure and Entra tell, from the record as it is written to the edges that come and go.
#![cfg(test)]
#![cfg(all(feature = "clouds", feature = "event"))]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

mod support;

use homeostat_event::Event;
use homeostat_graph::{CloudChange, CloudDump, CloudOp, EventFault, LiveClouds, WaysTouched};
use homeostat_ingest::{Context, Ingest, Registry};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{nested, tenant};

const WEB: &str = "/subscriptions/s1/resourceGroups/web";
const VM: &str = "/subscriptions/s1/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm1";
const VAULT: &str = "/subscriptions/s1/resourceGroups/web/providers/Microsoft.KeyVault/vaults/v1";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const GLOBAL_ADMIN: &str = "62e90394-69f5-4237-9190-012177145e10";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

fn event(record: &Value) -> Event {
    let mut ingest = Ingest::new(Registry::default()).with_context(Context::new().with_tenant(tenant()));
    let text = record.to_string();
    let mut events = ingest.read("log.json", text.as_bytes());
    events.next().unwrap().unwrap()
}

/// A call as the Activity log tells it; `properties` hold what was asked and answered, as texts.
fn call(operation: &str, id: &str, properties: Value) -> Value {
    json!({"time": "2026-03-16T10:00:00Z", "resourceId": id.to_uppercase(), "operationName": operation.to_uppercase(),
        "category": "Administrative", "resultType": "Success", "resultSignature": "Succeeded.OK",
        "callerIpAddress": "192.0.2.9", "tenantId": "t", "properties": properties,
        "identity": {"claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": "ada"}}})
}

/// An activity as the directory's log tells it.
fn act(activity: &str, targets: Value) -> Value {
    json!({"time": "2026-03-16T10:00:00Z", "operationName": activity, "category": "AuditLogs", "tenantId": "t",
        "properties": {"id": "e", "result": "success", "activityDisplayName": activity,
            "activityDateTime": "2026-03-16T10:00:00Z", "loggedByService": "Core Directory", "operationType": "Assign",
            "initiatedBy": {"user": {"id": "ada", "userPrincipalName": "ada@acme.example"}},
            "targetResources": targets, "additionalDetails": []}})
}

fn target(id: &str, kind: &str, changed: &[(&str, &str, &str)]) -> Value {
    let each = |(name, old, new): &(&str, &str, &str)| {
        let text = |value: &str| if value.is_empty() { Value::Null } else { json!(format!("\"{value}\"")) };
        json!({"displayName": name, "oldValue": text(old), "newValue": text(new)})
    };
    json!({"id": id, "type": kind, "displayName": null, "administrativeUnits": [],
        "modifiedProperties": changed.iter().map(each).collect::<Vec<_>>()})
}

fn clouds() -> LiveClouds {
    let mut dump = CloudDump::default();
    let user = |id: &str| json!({"id": id, "userPrincipalName": format!("{id}@acme.example")});
    let policies = json!({"accessPolicies": [{"objectId": "pia", "permissions": {"secrets": ["get"], "keys": ["get"]}}]});
    let known = json!([{"id": VM, "identity": {"principalId": "robot"}}, {"id": VAULT, "properties": policies},
        {"id": "/subscriptions/s1", "subscriptionId": "s1"},
        user("maya"), user("omar"), user("ada"),
        {"id": "g1", "securityEnabled": true}, {"id": "g2", "securityEnabled": true},
        {"id": "app1", "appId": "shop", "signInAudience": "x"},
        {"id": "sp1", "appId": "shop", "servicePrincipalType": "Application"},
        {"id": "msgraph", "appId": GRAPH, "servicePrincipalType": "Application"}]);
    dump.read("known.json", &known).unwrap();
    LiveClouds::new(dump)
}

fn apply(clouds: &mut LiveClouds, record: &Value) -> WaysTouched {
    let mut all = WaysTouched::default();
    for change in CloudChange::from_event(&event(record)).unwrap() {
        assert_eq!(change.evidence.to_string(), "log#0");
        let touched = clouds.apply(&change).unwrap();
        all.objects.extend(touched.objects);
        all.added.extend(touched.added);
        all.removed.extend(touched.removed);
    }
    all
}

/// The edges that came (`+`) and went (`-`) by one record; the same record once more brings nothing.
fn told(clouds: &mut LiveClouds, record: Value) -> Vec<String> {
    let touched = apply(clouds, &record);
    let again = apply(clouds, &record);
    assert!(again.added.is_empty() && again.removed.is_empty(), "once more: {again:?}");
    let last = |name: &str| name.rsplit('/').next().unwrap().to_lowercase();
    let edge = |sign: &str, edge: &homeostat_graph::Way| {
        let chance = if edge.probability < 0.75 { "?" } else { "" };
        format!("{sign}{} {}{chance} {}", last(&edge.from), edge.kind, last(&edge.to))
    };
    let mut told: Vec<String> = touched.added.iter().map(|one| edge("+", one)).collect();
    told.extend(touched.removed.iter().map(|one| edge("-", one)));
    told.sort_unstable();
    told
}

fn stale(record: Value) -> Vec<String> {
    let changes = CloudChange::from_event(&event(&record)).unwrap();
    let stale = |change: CloudChange| match change.op {
        CloudOp::Stale { id } => id.to_lowercase(),
        other => panic!("{other:?} is no mark"),
    };
    changes.into_iter().map(stale).collect()
}

#[test]
fn an_assignment_comes_as_it_was_asked_for_or_answered_and_goes_by_its_id() {
    let mut clouds = clouds();
    let id = format!("{WEB}/providers/Microsoft.Authorization/roleAssignments/a1");
    let write = "Microsoft.Authorization/roleAssignments/write";
    let asked = json!({"Id": "a1", "Properties": {"PrincipalId": "omar", "PrincipalType": "User", "Scope": WEB,
        "RoleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}")}});
    let came =
        ["+omar AZKeyVaultKVContributor v1", "+omar AZVMContributor vm1", "+omar AZExecuteCommand vm1"];
    let sorted = |mut edges: Vec<String>| {
        edges.retain(|edge| !edge.contains("AZContains"));
        edges.sort_unstable();
        edges
    };
    let found = told(&mut clouds, call(write, &id, json!({"requestbody": asked.to_string()})));
    assert_eq!(sorted(found), sorted(came.map(str::to_owned).to_vec()));
    let gone = told(&mut clouds, call("Microsoft.Authorization/roleAssignments/delete", &id, json!({})));
    assert_eq!(sorted(gone), sorted(came.map(|edge| edge.replace('+', "-")).to_vec()));
    let answer = json!({"id": id, "properties": {"principalId": "omar", "scope": WEB, "roleDefinitionId": CONTRIBUTOR}});
    let found = told(&mut clouds, call(write, &id, json!({"responseBody": answer.to_string()})));
    assert_eq!(found.iter().filter(|edge| edge.starts_with("+omar")).count(), 3);
    assert_eq!(stale(call(write, &id, json!({"statusCode": "Created"}))), [id.to_lowercase()]);
}

#[test]
fn roles_denials_and_elevated_access_count_from_the_log() {
    let mut clouds = clouds();
    let rights = |kind: &str, name: &str| format!("{WEB}/providers/Microsoft.Authorization/{kind}/{name}");
    let asked = |body: Value| json!({"requestbody": body.to_string()});
    let role = json!({"Id": "run", "Properties": {"RoleName": "run", "AssignableScopes": [WEB], "Permissions": [
        {"Actions": ["Microsoft.Compute/virtualMachines/runCommand/action"], "NotActions": []}]}});
    let define = "Microsoft.Authorization/roleDefinitions/write";
    assert!(told(&mut clouds, call(define, &rights("roleDefinitions", "run"), asked(role))).is_empty());
    let assigned = json!({"Properties": {"PrincipalId": "maya", "RoleDefinitionId": "x/run"}});
    let write = call(
        "Microsoft.Authorization/roleAssignments/write",
        &rights("roleAssignments", "a"),
        asked(assigned),
    );
    assert!(told(&mut clouds, write).contains(&"+maya AZExecuteCommand vm1".to_owned()));
    let denial = json!({"Properties": {"Principals": [{"Id": "maya"}], "Permissions": [{"Actions": ["*"]}]}});
    let denied = rights("denyAssignments", "d");
    let deny = call("Microsoft.Authorization/denyAssignments/write", &denied, asked(denial));
    assert_eq!(told(&mut clouds, deny), ["-maya AZExecuteCommand vm1"]);
    let allow = call("Microsoft.Authorization/denyAssignments/delete", &denied, json!({}));
    assert_eq!(told(&mut clouds, allow), ["+maya AZExecuteCommand vm1"]);
    let elevated = told(
        &mut clouds,
        call("Microsoft.Authorization/elevateAccess/action", "/providers/Microsoft.Authorization", json!({})),
    );
    assert_eq!(elevated, ["+ada AZUserAccessAdministrator s1"]);
}

#[test]
fn a_resource_comes_as_it_was_answered_and_goes_with_all_in_it() {
    let mut clouds = clouds();
    let site = format!("{WEB}/providers/Microsoft.Web/sites/shop");
    let answer =
        json!({"id": site, "identity": {"principalId": "Robot2"}, "properties": {"state": "Running"}});
    let write = "Microsoft.Web/sites/write";
    let body = json!({"responseBody": answer.to_string()});
    assert_eq!(
        told(&mut clouds, call(write, &site, body)),
        ["+shop AZManagedIdentity robot2", "+web AZContains shop"]
    );
    assert_eq!(stale(call(write, &site, json!({}))), [site.to_lowercase()]);
    let delete = call("Microsoft.Compute/virtualMachines/delete", VM, json!({}));
    assert_eq!(told(&mut clouds, delete), ["-vm1 AZManagedIdentity robot", "-web AZContains vm1"]);
    let group = call("Microsoft.Resources/subscriptions/resourceGroups/delete", WEB, json!({}));
    let gone = told(&mut clouds, group);
    assert!(gone.iter().all(|edge| edge.starts_with('-')) && gone.len() == 6, "{gone:?}");
}

#[test]
fn access_policies_of_a_vault_are_added_put_in_the_place_of_others_and_taken() {
    let mut clouds = clouds();
    let policies = |how: &str, who: &str, permissions: Value| {
        let body = json!({"properties": {"accessPolicies": [{"objectId": who, "permissions": permissions}]}});
        let id = format!("{VAULT}/accessPolicies/{how}");
        call("Microsoft.KeyVault/vaults/accessPolicies/write", &id, json!({"requestbody": body.to_string()}))
    };
    let get = json!({"secrets": ["Get", "List"]});
    assert_eq!(told(&mut clouds, policies("add", "maya", get.clone())), ["+maya AZGetSecrets v1"]);
    assert_eq!(told(&mut clouds, policies("replace", "pia", get.clone())), ["-pia AZGetKeys v1"]);
    assert_eq!(told(&mut clouds, policies("remove", "maya", get)), ["-maya AZGetSecrets v1"]);
    let write = "Microsoft.KeyVault/vaults/write";
    let whole = json!({"properties": {"accessPolicies": [], "enableRbacAuthorization": false}});
    let mut put = call(write, VAULT, json!({"requestbody": whole.to_string()}));
    assert_eq!(stale(put.clone()), [VAULT.to_lowercase()], "it may be a part of it");
    put["httpRequest"] = json!({"method": "PUT"});
    assert_eq!(told(&mut clouds, put), ["-pia AZGetSecrets v1"]);
}

#[test]
fn members_and_owners_come_and_go() {
    let mut clouds = clouds();
    let member = |who: &str, kind: &str, old: &str, new: &str| {
        json!([target(who, kind, &[("Group.ObjectID", old, new)])])
    };
    assert_eq!(
        told(&mut clouds, act("Add member to group", member("maya", "User", "", "g1"))),
        ["+maya AZMemberOf g1"]
    );
    let nested = json!([target("g2", "Group", &[("Group.ObjectID", "", "g1")]), target("g1", "Group", &[])]);
    assert_eq!(told(&mut clouds, act("Add member to group", nested)), ["+g2 AZMemberOf g1"]);
    let robot = act("Add member to group", member("sp1", "ServicePrincipal", "", "g1"));
    assert_eq!(told(&mut clouds, robot), ["+sp1 AZMemberOf g1"]);
    let left = act("Remove member from group", member("maya", "User", "g1", ""));
    assert_eq!(told(&mut clouds, left), ["-maya AZMemberOf g1"]);
    let owner = |property: &str, of: &str, kind: &str| {
        json!([target("maya", "User", &[(property, "", of)]), target(of, kind, &[])])
    };
    let app = owner("Application.ObjectID", "app1", "Application");
    assert_eq!(told(&mut clouds, act("Add owner to application", app.clone())), ["+maya AZOwns app1"]);
    assert_eq!(told(&mut clouds, act("Remove owner from application", app)), ["-maya AZOwns app1"]);
    let principal = owner("ServicePrincipal.ObjectID", "sp1", "ServicePrincipal");
    assert_eq!(told(&mut clouds, act("Add owner to service principal", principal)), ["+maya AZOwns sp1"]);
    let group = json!([target("maya", "User", &[("Group.ObjectID", "", "g1")])]);
    assert_eq!(told(&mut clouds, act("Add owner to group", group)), ["+maya AZOwns g1"]);
}

#[test]
fn roles_of_the_directory_are_held_and_eligible() {
    let mut clouds = clouds();
    let role = |who: Value| json!([who, target("r1", "Role", &[])]);
    let own = ("Role.TemplateId", "", GLOBAL_ADMIN);
    let given = act("Add member to role", role(target("maya", "User", &[own])));
    assert_eq!(told(&mut clouds, given), ["+maya AZGlobalAdmin aztenant"]);
    let taken = act(
        "Remove member from role",
        role(target("maya", "User", &[("Role.TemplateId", GLOBAL_ADMIN, "")])),
    );
    assert_eq!(told(&mut clouds, taken), ["-maya AZGlobalAdmin aztenant"]);
    // The management of privileged identities.
    let of_role = json!([
        target("r1", "Role", &[("TemplateId", "", GLOBAL_ADMIN)]),
        target("q", "Request", &[]),
        target("omar", "User", &[]),
        target("t", "Directory", &[])
    ]);
    let eligible = act("Add eligible member to role in PIM completed (permanent)", of_role.clone());
    assert_eq!(told(&mut clouds, eligible), ["+omar AZGlobalAdmin? aztenant"]);
    assert!(
        told(&mut clouds, act("Add member to role in PIM requested (timebound)", of_role.clone())).is_empty()
    );
    let active = act("Add member to role completed (PIM activation)", of_role.clone());
    let half = ["+omar AZGlobalAdmin aztenant", "-omar AZGlobalAdmin? aztenant"];
    assert_eq!(told(&mut clouds, active), half);
    let over = act("Remove member from role (PIM activation expired)", of_role.clone());
    assert_eq!(told(&mut clouds, over), ["+omar AZGlobalAdmin? aztenant", "-omar AZGlobalAdmin aztenant"]);
    let gone = act("Remove eligible member from role in PIM completed (permanent)", of_role);
    assert_eq!(told(&mut clouds, gone), ["-omar AZGlobalAdmin? aztenant"]);
    let group = act("Add member to role", role(target("g2", "Group", &[own])));
    assert_eq!(told(&mut clouds, group), ["+g2 AZGlobalAdmin aztenant"], "nor is it whoever gave it");
}

#[test]
fn permissions_of_applications_are_granted_and_taken() {
    let mut clouds = clouds();
    let granted = json!([
        target(
            "msgraph",
            "ServicePrincipal",
            &[
                ("AppRole.Id", "", "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"),
                ("AppRole.Value", "", "RoleManagement.ReadWrite.Directory"),
                ("ServicePrincipal.ObjectID", "", "sp1")
            ]
        ),
        target("sp1", "ServicePrincipal", &[])
    ]);
    let given = act("Add app role assignment to service principal", granted.clone());
    assert_eq!(told(&mut clouds, given), ["+sp1 AZMGGrantRole aztenant"]);
    let taken = act("Remove app role assignment from service principal", granted);
    assert_eq!(told(&mut clouds, taken), ["-sp1 AZMGGrantRole aztenant"]);
    let consent =
        json!([target("sp1", "ServicePrincipal", &[("ConsentContext.IsAdminConsent", "", "True")])]);
    assert!(told(&mut clouds, act("Consent to application", consent)).is_empty());
}

#[test]
fn whoever_adds_a_secret_has_it_until_it_is_gone() {
    let mut clouds = clouds();
    let secrets = |old: &[&str], new: &[&str]| {
        let list = |ids: &[&str]| {
            let each = ids
                .iter()
                .map(|id| format!("[KeyIdentifier={id},KeyType=Password,KeyUsage=Verify,DisplayName=x]"));
            json!(json!(each.collect::<Vec<_>>()).to_string())
        };
        json!([{"id": "sp1", "type": "ServicePrincipal", "displayName": "shop", "modifiedProperties": [
            {"displayName": "KeyDescription", "oldValue": list(old), "newValue": list(new)}]}])
    };
    let add = "Add service principal credentials";
    assert_eq!(told(&mut clouds, act(add, secrets(&[], &["k1"]))), ["+ada AddedSecret sp1"]);
    assert!(told(&mut clouds, act(add, secrets(&["k1"], &["k1", "k2"]))).is_empty(), "he has one already");
    let change = "Update application – Certificates and secrets management ";
    assert!(told(&mut clouds, act(change, secrets(&["k1", "k2"], &["k2"]))).is_empty());
    assert_eq!(told(&mut clouds, act(change, secrets(&["k2"], &[]))), ["-ada AddedSecret sp1"]);
    let untold =
        json!([{"id": "sp1", "type": "ServicePrincipal", "displayName": "shop", "modifiedProperties": []}]);
    assert_eq!(stale(act(add, untold)), ["sp1"]);
}

#[test]
fn objects_of_the_directory_come_and_go() {
    let mut clouds = clouds();
    let user = act("Add user", json!([target("new", "User", &[("AccountEnabled", "", "true")])]));
    assert_eq!(told(&mut clouds, user), ["+aztenant AZContains new"]);
    let named = |clouds: &LiveClouds| {
        let graph = clouds.graph();
        graph.principals().map(|node| graph.name(node).to_owned()).collect::<Vec<_>>()
    };
    assert!(named(&clouds).contains(&"new".to_owned()));
    told(&mut clouds, act("Disable account", json!([target("new", "User", &[])])));
    assert!(!named(&clouds).contains(&"new".to_owned()), "nobody can be it");
    told(&mut clouds, act("Enable account", json!([target("new", "User", &[])])));
    assert!(named(&clouds).contains(&"new".to_owned()));
    assert!(
        told(&mut clouds, act("Reset password (by admin)", json!([target("new", "User", &[])]))).is_empty()
    );
    let gone = act("Delete user", json!([target("new", "User", &[])]));
    assert_eq!(told(&mut clouds, gone), ["-aztenant AZContains new"]);
    let group = act("Add group", json!([target("g9", "Group", &[])]));
    assert_eq!(told(&mut clouds, group), ["+aztenant AZContains g9"]);
    assert_eq!(
        told(&mut clouds, act("Delete group", json!([target("g9", "Group", &[])]))),
        ["-aztenant AZContains g9"]
    );
    let twin = act(
        "Add service principal",
        json!([target("sp2", "ServicePrincipal", &[("AppPrincipalId", "", "shop")])]),
    );
    assert_eq!(told(&mut clouds, twin), ["+app1 AZRunsAs sp2", "+aztenant AZContains sp2"]);
}

#[test]
fn bindings_of_an_allow_policy_come_and_go() {
    let mut dump = CloudDump::default();
    let project = json!({"projectId": "shop", "projectNumber": "42", "parent": "organizations/1"});
    let policy = json!({"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": ["user:ida@acme.example"]}]});
    let known = json!([project, {"name": "projects/shop/secrets/key", "replication": {}}, {"resource": "projects/shop", "policy": policy}]);
    dump.read("known.json", &known).unwrap();
    let mut clouds = LiveClouds::new(dump);
    let set = |service: &str, name: &str, deltas: Value| {
        json!({"insertId": "i", "logName": "projects/shop/logs/cloudaudit.googleapis.com%2Factivity", "timestamp": "2026-03-16T11:00:00Z",
            "resource": {"type": "project", "labels": {"project_id": "shop"}},
            "protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": service,
                "methodName": "SetIamPolicy", "resourceName": name, "status": {},
                "authenticationInfo": {"principalEmail": "ada@acme.example"},
                "serviceData": {"policyDelta": {"bindingDeltas": deltas}}}})
    };
    let delta = |action: &str, member: &str| json!([{"action": action, "role": "roles/secretmanager.secretAccessor", "member": member}]);
    let (all, secret) = ("cloudresourcemanager.googleapis.com", "secretmanager.googleapis.com");
    let came = told(&mut clouds, set(all, "projects/shop", delta("ADD", "user:tom@acme.example")));
    assert_eq!(came, ["+user:tom@acme.example ReadSecret key"]);
    let gone = told(&mut clouds, set(all, "projects/shop", delta("REMOVE", "user:tom@acme.example")));
    assert_eq!(gone, ["-user:tom@acme.example ReadSecret key"]);
    let own = told(&mut clouds, set(secret, "projects/shop/secrets/key", delta("ADD", "allUsers")));
    assert_eq!(own, ["+internet ReadSecret key"]);
    let mut under = delta("ADD", "user:tom@acme.example");
    under[0]["condition"] = json!({"expression": "request.time < timestamp('2027-01-01T00:00:00Z')"});
    assert_eq!(stale(set(all, "projects/shop", under)), ["projects/shop"]);
}

#[test]
fn what_failed_or_only_began_or_is_not_said_whose_it_is_changes_nothing() {
    let mut failed = act("Delete user", json!([target("maya", "User", &[])]));
    failed["properties"]["result"] = json!("failure");
    let mut begun = call("Microsoft.Compute/virtualMachines/delete", VM, json!({}));
    begun["resultType"] = json!("Start");
    begun["resultSignature"] = json!("Started.");
    let read = call("Microsoft.Compute/virtualMachines/read", VM, json!({}));
    for record in [failed, begun, read] {
        assert_eq!(CloudChange::from_event(&event(&record)), Ok(vec![]), "{record}");
    }
    let record = call("Microsoft.Compute/virtualMachines/delete", VM, json!({})).to_string();
    let mut ingest = Ingest::new(Registry::default());
    let event = ingest.read("log.json", record.as_bytes()).next().unwrap().unwrap();
    assert_eq!(CloudChange::from_event(&event), Err(EventFault::NoTenant));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[a-z/\\[\\]\",=]{0,10}".prop_map(Value::from)
    ];
    nested(
        leaf,
        &[
            "id",
            "type",
            "displayName",
            "modifiedProperties",
            "oldValue",
            "newValue",
            "Id",
            "Properties",
            "properties",
            "PrincipalId",
            "principalId",
            "RoleDefinitionId",
            "scope",
            "Permissions",
            "accessPolicies",
            "objectId",
            "permissions",
            "identity",
        ],
    )
}

proptest! {
    #[test]
    fn whatever_a_log_tells_is_a_change_or_none(bodies in prop::collection::vec((any_json(), 0..8_usize), 1..8)) {
        let mut clouds = clouds();
        for (body, which) in bodies {
            let asked = json!({"requestbody": body.to_string(), "responseBody": body});
            let record = match which {
                0 => call("Microsoft.Authorization/roleAssignments/write", "/providers/Microsoft.Authorization/roleAssignments/a", asked),
                1 => call("Microsoft.Authorization/roleDefinitions/write", "/", asked),
                2 => call("Microsoft.KeyVault/vaults/accessPolicies/write", &format!("{VAULT}/accessPolicies/add"), asked),
                3 => call("Microsoft.Network/networkInterfaces/write", VM, asked),
                4 => act("Add member to role", json!([body])),
                5 => act("Add owner to application", json!([body, {"type": "Application", "id": "app1"}])),
                6 => act("Add app role assignment to service principal", body),
                _ => act("Add service principal credentials", json!([{"id": "sp1", "type": "ServicePrincipal", "modifiedProperties":
                    [{"displayName": "KeyDescription", "oldValue": body.to_string(), "newValue": body}]}])),
            };
            let before = clouds.graph().edges();
            let touched = apply(&mut clouds, &record);
            prop_assert_eq!(before + touched.added.len(), clouds.graph().edges() + touched.removed.len());
        }
    }
}
