//! What Azure and Entra allow, page by page of Microsoft Learn; names are made up here.
#![cfg(test)]
#![cfg(feature = "azure")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_access::azure::{Caller, Operation, Roles};
use homeostat_access::entra::{Act, Directory};
use homeostat_access::{Decision, MisfitCause};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/s1";
const WEB: &str = "/subscriptions/s1/resourceGroups/web";
const VM: &str = "/subscriptions/S1/resourceGroups/Web/providers/Microsoft.Compute/virtualMachines/vm1";
const READ: &str = "Microsoft.Compute/virtualMachines/read";
const WRITE: &str = "microsoft.compute/virtualmachines/write";
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

fn role(name: &str, permissions: Value) -> Value {
    json!({"type": "Microsoft.Authorization/roleDefinitions", "name": name,
        "id": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{name}"),
        "properties": {"roleName": name, "type": "CustomRole", "permissions": permissions}})
}

fn assign(name: &str, who: &str, role: &str, scope: &str) -> Value {
    json!({"type": "Microsoft.Authorization/roleAssignments", "name": name,
        "properties": {"principalId": who, "principalType": "User", "scope": scope, "condition": null,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/RoleDefinitions/{role}")}})
}

fn deny(name: &str, properties: Value) -> Value {
    let mut all = json!({"scope": SUB, "principals": [{"id": EVERYBODY, "type": "SystemDefined"}],
        "permissions": [{"actions": ["*/write"], "notActions": []}]});
    for (field, value) in properties.as_object().unwrap() {
        all.as_object_mut().unwrap().insert(field.clone(), value.clone());
    }
    json!({"type": "Microsoft.Authorization/denyAssignments", "name": name, "properties": all})
}

fn roles(objects: Value) -> Roles {
    let mut roles = Roles::default();
    let added = roles.add(&json!({"value": objects}).to_string()).unwrap();
    assert!(added.bad.is_empty() && added.skipped == 0, "{added:?}");
    roles
}

fn decide(roles: &Roles, who: &str, action: &str, scope: &str) -> Decision {
    roles.decide(&Caller::new(who), &Operation::control(action, scope)).decision
}

fn owner() -> Value {
    role("owner", json!([{"actions": ["*"], "notActions": []}]))
}

/// The residual's keys.
fn rests_on(decision: &Decision) -> Vec<String> {
    let Decision::AllowedIf(residual) = decision else { return vec![decision.to_string()] };
    residual.conditions().iter().map(|open| open.key.to_string()).collect()
}

/// "Understand scope for Azure RBAC": a role holds at its scope and below, in any case of letters.
#[test]
fn a_role_holds_at_its_scope_and_below() {
    for (scope, action, allowed) in [
        (WEB, READ, true),
        ("/subscriptions/S1/RESOURCEGROUPS/WEB/", READ, true),
        (SUB, READ, true),
        ("/", READ, true),
        (VM, READ, true),
        (WEB, WRITE, true),
        ("/subscriptions/s1/resourceGroups/we", READ, false),
        ("/subscriptions/s2", READ, false),
        (
            "/subscriptions/s1/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm10",
            READ,
            false,
        ),
    ] {
        let roles = roles(json!([owner(), assign("a", "maya", "owner", scope)]));
        assert_eq!(decide(&roles, "maya", action, VM).is_allowed(), allowed, "{scope} {action}");
        assert_eq!(decide(&roles, "omar", action, VM), Decision::ImplicitlyDenied);
    }
}

/// "Management groups": what a subscription lies in is told, or stays open.
#[test]
fn management_groups_hold_what_lies_in_them() {
    let group = "/providers/Microsoft.Management/managementGroups/prod";
    let mut roles = roles(json!([owner(), assign("a", "maya", "owner", group)]));
    assert_eq!(rests_on(&decide(&roles, "maya", READ, VM)), ["scope"]);
    roles.place(SUB, "/providers/Microsoft.Management/managementGroups/web");
    assert_eq!(decide(&roles, "maya", READ, VM), Decision::ImplicitlyDenied);
    roles.place("/providers/Microsoft.Management/managementGroups/web", group);
    assert!(decide(&roles, "maya", READ, VM).is_allowed());
    // Groups that hold each other end.
    roles.place(group, "/providers/Microsoft.Management/managementGroups/web");
    assert!(decide(&roles, "maya", READ, VM).is_allowed());
    let other = "/providers/Microsoft.Management/managementGroups/test";
    assert_eq!(rests_on(&decide(&roles, "maya", READ, other)), ["scope"], "where the group lies is not told");
}

/// "Understand Azure role definitions", `NotActions`: it takes away from its own role and is no denial.
#[test]
fn what_a_role_leaves_out_another_may_give() {
    let contributor =
        role("contributor", json!([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}]));
    let access = role("access", json!([{"actions": ["Microsoft.Authorization/*"]}]));
    let write = "Microsoft.Authorization/roleAssignments/write";
    let mut objects = vec![contributor, access, assign("a", "maya", "contributor", SUB)];
    assert_eq!(decide(&roles(json!(objects)), "maya", write, WEB), Decision::ImplicitlyDenied);
    objects.push(assign("b", "maya", "access", WEB));
    assert!(decide(&roles(json!(objects)), "maya", write, WEB).is_allowed());
    assert!(
        decide(&roles(json!(objects)), "maya", "Microsoft.Authorization/roleAssignments/read", SUB)
            .is_allowed()
    );
}

/// The same page, "Control and data actions": `*` of the one gives nothing of the other.
#[test]
fn data_is_apart() {
    let blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
    let reader = role(
        "reader",
        json!([{"actions": [], "dataActions": ["Microsoft.Storage/*/read"], "notDataActions": ["*/secret/read"]}]),
    );
    let roles = roles(json!([
        owner(),
        reader,
        assign("a", "maya", "owner", SUB),
        assign("b", "omar", "reader", SUB)
    ]));
    let data = |who: &str| roles.decide(&Caller::new(who), &Operation::data(blob, WEB)).decision.is_allowed();
    assert!(!data("maya") && data("omar"));
    assert!(
        decide(&roles, "maya", blob, WEB).is_allowed() && !decide(&roles, "omar", blob, WEB).is_allowed()
    );
}

/// "How Azure RBAC determines if a user has access": groups count, and roles of one add up.
#[test]
fn groups_bring_their_roles() {
    let roles = roles(json!([owner(), assign("a", "Admins", "owner", SUB)]));
    let maya = Caller::new("maya").in_group("ADMINS");
    let answer = roles.decide(&maya, &Operation::control(WRITE, VM));
    assert!(answer.decision.is_allowed());
    assert_eq!(answer.because[0].to_string(), "role assignment `a`, statement 0, allows");
    let who: Vec<&str> = roles.who_can(&Operation::control(WRITE, VM)).into_iter().collect();
    assert_eq!(who, ["admins"]);
}

/// "List Azure deny assignments".
#[test]
fn a_denial_wins_over_every_role() {
    for (properties, action, denied) in [
        (json!({}), WRITE, true),
        (json!({}), READ, false),
        (json!({"permissions": [{"actions": ["*"], "notActions": ["*/write"]}]}), WRITE, false),
        (json!({"excludePrincipals": [{"id": "MAYA"}]}), WRITE, false),
        (json!({"excludePrincipals": [{"id": "admins"}]}), WRITE, false),
        (json!({"principals": [{"id": "omar"}]}), WRITE, false),
        (json!({"principals": [{"id": "admins"}]}), WRITE, true),
        (json!({"scope": "/subscriptions/s2"}), WRITE, false),
        (json!({"doNotApplyToChildScopes": true}), WRITE, false),
        (json!({"doNotApplyToChildScopes": true, "scope": VM}), WRITE, true),
        (json!({"permissions": [{"dataActions": ["*"]}]}), WRITE, false),
    ] {
        let roles = roles(json!([owner(), assign("a", "maya", "owner", "/"), deny("d", properties.clone())]));
        let maya = Caller::new("maya").in_group("admins");
        let answer = roles.decide(&maya, &Operation::control(action, VM));
        let expected = if denied { Decision::ExplicitlyDenied } else { Decision::Allowed };
        assert_eq!(answer.decision, expected, "{properties}");
        if denied {
            assert_eq!(answer.because[0].to_string(), "deny assignment `d`, statement 0, denies");
            assert!(
                roles.who_can(&Operation::control(action, VM)).is_empty()
                    || !properties["principals"].is_null()
            );
        }
    }
    let mut watched = Roles::default();
    let audit = json!([deny("d", json!({"denyAssignmentEffect": "audit"}))]);
    assert_eq!(watched.add(&audit.to_string()).unwrap().skipped, 1, "one that only watches");
    let group = json!({"scope": "/providers/Microsoft.Management/managementGroups/prod"});
    let roles = roles(json!([owner(), assign("a", "maya", "owner", "/"), deny("d", group)]));
    assert_eq!(rests_on(&decide(&roles, "maya", WRITE, VM)), ["scope"]);
}

/// "What is Azure attribute-based access control" and "What is Microsoft Entra Privileged Identity Management".
#[test]
fn conditions_and_activation_stay_open() {
    let mut conditional = assign("a", "maya", "owner", SUB);
    conditional["properties"]["condition"] = json!("@Resource[x:name] StringEquals 'blobs'");
    let mut eligible = assign("b", "omar", "owner", SUB);
    eligible["type"] = json!("Microsoft.Authorization/roleEligibilityScheduleInstances");
    let narrow = role(
        "narrow",
        json!([{"actions": ["*"], "condition": "@Request[x] ForAnyOfAnyValues:GuidEquals {1}"}]),
    );
    let roles = roles(json!([
        owner(),
        conditional,
        eligible,
        narrow,
        assign("c", "ines", "narrow", SUB),
        assign("d", "paul", "absent", SUB),
        assign("e", "both", "owner", WEB),
        assign("f", "both", "absent", SUB)
    ]));
    for (who, keys) in [
        ("maya", ["condition"]),
        ("omar", ["activation"]),
        ("ines", ["condition"]),
        ("paul", ["roleDefinition"]),
        ("both", ["Allowed"]),
    ] {
        assert_eq!(rests_on(&decide(&roles, who, WRITE, VM)), keys, "{who}");
    }
    let kept = deny("d", json!({"condition": "@Resource[x] StringEquals 'y'"}));
    let mut roles = roles;
    roles.add(&kept.to_string()).unwrap();
    assert_eq!(rests_on(&decide(&roles, "both", WRITE, VM)), ["condition"]);
}

#[test]
fn flat_and_bad_objects_are_told() {
    let mut roles = Roles::default();
    let added = roles
        .add(&json!([
            {"type": "Microsoft.Authorization/roleAssignments", "id": "/x/a", "principalId": "maya", "scope": SUB, "roleDefinitionId": "r"},
            {"type": "Microsoft.Authorization/roleAssignments", "name": "b", "properties": {"scope": SUB}},
            {"type": "Microsoft.Authorization/roleDefinitions", "name": "r", "properties": {"permissions": [{"actions": ["*"], "onlyFrom": "x"}]}},
            {"type": "Microsoft.Authorization/denyAssignments", "properties": {}},
            {"type": "Microsoft.Compute/virtualMachines", "name": "vm"}, 5])
        .to_string())
        .unwrap();
    let told: Vec<(usize, MisfitCause)> = added.bad.iter().map(|bad| (bad.index, bad.cause)).collect();
    let wrong = MisfitCause::WrongShape;
    assert_eq!((added.read, added.skipped), (1, 1));
    assert_eq!(told, [(1, wrong), (2, wrong), (3, MisfitCause::Unnamed), (5, wrong)]);
    assert_eq!((roles.len(), roles.is_empty()), (1, false));
    // The same id for another takes the place of the one before.
    let moved = assign("/x/a", "omar", "r", SUB);
    assert_eq!(roles.add(&moved.to_string()).unwrap().read, 1);
    assert_eq!(
        (roles.len(), roles.who_can(&Operation::control(READ, VM)).into_iter().collect()),
        (1, vec!["omar"])
    );
    assert!(roles.remove_assignment("/X/A") && !roles.remove_assignment("/x/a") && roles.is_empty());
    for text in ["", "{", &"[".repeat(100_000), r#"{"value": 5}"#] {
        assert_eq!(roles.add(text).unwrap_err().cause, MisfitCause::NoObjects);
    }
    assert_eq!(roles.add(&" ".repeat(Roles::LIMIT + 1)).unwrap_err().cause, MisfitCause::TooLong);
}

#[test]
fn nothing_shows_names() {
    let roles = roles(json!([owner(), assign("MARKED", "MARKED", "MARKED", "/MARKED")]));
    let mut directory = Directory::default();
    directory.own("MARKED", "MARKED");
    let shown = format!(
        "{roles:?} {directory:?} {:?} {:?} {:?}",
        Caller::new("MARKED"),
        Operation::control("MARKED", "MARKED"),
        Act::on("MARKED", "MARKED")
    );
    assert!(!shown.contains("MARKED"), "{shown}");
}

fn directory(objects: Value) -> Directory {
    let mut directory = Directory::default();
    let added = directory.add(&json!({"value": objects}).to_string()).unwrap();
    assert!(added.bad.is_empty() && added.skipped == 0, "{added:?}");
    directory
}

fn entra_role(id: &str, actions: &[&str], condition: Value) -> Value {
    json!({"id": id, "displayName": id, "isEnabled": true,
        "rolePermissions": [{"allowedResourceActions": actions, "condition": condition}]})
}

fn entra_assign(id: &str, who: &str, role: &str, scope: &str) -> Value {
    json!({"id": id, "principalId": who, "roleDefinitionId": role, "directoryScopeId": scope})
}

const RESET: &str = "microsoft.directory/users/password/update";

/// "Understand Microsoft Entra role concepts" and "Administrative units": where a role holds.
#[test]
fn a_directory_role_holds_in_tenant_unit_or_object() {
    let mut directory = directory(json!([
        entra_role("helpdesk", &[RESET, "microsoft.directory/users/create"], json!(null)),
        entra_role("off", &[RESET], json!(null)).as_object().map(|it| {
            let mut it = it.clone();
            it.insert("isEnabled".into(), json!(false));
            Value::Object(it)
        }),
        entra_assign("t", "maya", "helpdesk", "/"),
        entra_assign("u", "omar", "helpdesk", "/administrativeUnits/Sales"),
        entra_assign("o", "ines", "helpdesk", "/target"),
        entra_assign("x", "paul", "off", "/"),
        entra_assign("y", "rosa", "absent", "/"),
    ]));
    directory.place("target", "sales");
    for (who, act, expected) in [
        ("maya", Act::on(RESET, "other"), "Allowed"),
        ("maya", Act::in_tenant("microsoft.directory/users/create"), "Allowed"),
        ("omar", Act::on(RESET, "TARGET"), "Allowed"),
        ("omar", Act::on(RESET, "other"), "ImplicitlyDenied"),
        ("omar", Act::in_tenant("microsoft.directory/users/create"), "ImplicitlyDenied"),
        ("ines", Act::on(RESET, "target"), "Allowed"),
        ("ines", Act::on(RESET, "other"), "ImplicitlyDenied"),
        ("maya", Act::on("microsoft.directory/users/delete", "other"), "ImplicitlyDenied"),
        ("paul", Act::on(RESET, "other"), "ImplicitlyDenied"),
        ("rosa", Act::on(RESET, "other"), "AllowedIf"),
    ] {
        let answer = directory.decide(&Caller::new(who), &act);
        assert_eq!(answer.decision.to_string(), expected, "{who} {act:?}");
    }
}

/// "Microsoft Entra custom roles", conditions `$SubjectIsOwner` and `$ResourceIsSelf`; eligibility.
#[test]
fn roles_may_rest_on_ownership_and_activation() {
    let update = "microsoft.directory/applications/credentials/update";
    let mut directory = directory(json!([
        entra_role("owned", &[update], json!("$SubjectIsOwner")),
        entra_role("self", &[RESET], json!("$ResourceIsSelf")),
        entra_assign("a", "maya", "owned", "/"), entra_assign("b", "maya", "self", "/"),
        {"@odata.type": "#microsoft.graph.unifiedRoleEligibilityScheduleInstance", "id": "c", "principalId": "omar",
         "roleDefinitionId": "owned", "directoryScopeId": "/"},
    ]));
    directory.own("app", "maya");
    directory.own("app", "omar");
    directory.own("group", "rosa");
    let decide = |who: &str, act: Act| directory.decide(&Caller::new(who), &act).decision.to_string();
    assert_eq!(decide("maya", Act::on(update, "app")), "Allowed");
    assert_eq!(decide("maya", Act::on(update, "foreign")), "ImplicitlyDenied");
    assert_eq!(decide("maya", Act::on(RESET, "maya")), "Allowed");
    assert_eq!(decide("maya", Act::on(RESET, "omar")), "ImplicitlyDenied");
    // Owners may change what they own without a role.
    assert_eq!(decide("omar", Act::on(update, "app")), "Allowed");
    assert_eq!(decide("rosa", Act::on("microsoft.directory/groups/members/update", "group")), "Allowed");
    assert_eq!(decide("rosa", Act::on(RESET, "group")), "ImplicitlyDenied");
}

/// "Microsoft Graph permissions reference": permissions are told by the application whose they are.
#[test]
fn permissions_of_applications_give_actions() {
    let directory = directory(json!([
        {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "graph", "appRoles": [
            {"id": "P1", "value": "RoleManagement.ReadWrite.Directory"}, {"id": "p2", "value": "User.Read.All"}]},
        {"id": "g1", "principalId": "robot", "resourceId": "graph", "appRoleId": "p1"},
        {"id": "g2", "principalId": "reader", "resourceId": "graph", "appRoleId": "p2"},
        {"id": "g3", "principalId": "other", "resourceId": "elsewhere", "appRoleId": "p1"},
    ]));
    let assign = Act::in_tenant("microsoft.directory/roleAssignments/create");
    let robot = directory.decide(&Caller::new("robot"), &assign);
    assert_eq!(robot.because[0].to_string(), "role assignment `g1` allows");
    for who in ["reader", "other"] {
        assert_eq!(directory.decide(&Caller::new(who), &assign).decision, Decision::ImplicitlyDenied);
    }
    assert_eq!(directory.permissions_of(&Caller::new("reader")).collect::<Vec<_>>(), ["User.Read.All"]);
    let mut directory = directory;
    let told = directory
        .add(r#"[{"id": "x"}, {"rolePermissions": [], "id": ""}, {"appRoleId": 5, "id": "y"}]"#)
        .unwrap();
    assert_eq!((told.read, told.skipped, told.bad.len()), (0, 1, 2));
}
