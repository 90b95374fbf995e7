//! Clouds that are followed are the clouds as they would be read anew, and only what a change bears on is looked at.
#![cfg(test)]
#![cfg(feature = "clouds")]

mod support;

use homeostat_core::Timestamp;
use homeostat_graph::{
    ChangeError, CloudChange, CloudDump, CloudOp, CloudTie, Evidence, LiveClouds, VaultContent,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{after, chances as edges, standing, tenant};

const SUBSCRIPTION: &str = "/subscriptions/s1";
const WEB: &str = "/subscriptions/s1/resourceGroups/web";
const VM: &str = "/subscriptions/s1/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm1";
const NETWORK: &str = "/subscriptions/s1/resourceGroups/net/providers/Microsoft.Network";
const VAULT: &str = "/subscriptions/s1/resourceGroups/web/providers/Microsoft.KeyVault/vaults/v1";
const ROOM: &str = "/providers/Microsoft.Management/managementGroups/all";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const OPERATOR: &str = "f1a07417-d97a-45cb-824c-7a7467783830";
const GLOBAL_ADMIN: &str = "62e90394-69f5-4237-9190-012177145e10";
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const GROUPS_ADMIN: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const APP_ADMIN: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
const ADD_SECRETS: &str = "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9";
const READS_SECRETS: &str = "roles/secretmanager.secretAccessor";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Something that may be so or not: what an event says when it becomes so, and what a dump holds while it is.
#[derive(Clone)]
enum Fact {
    /// A record of its own.
    Record(Value),
    /// A tie, which stands in the record of the object in this list.
    Listed(&'static str, &'static str, &'static str),
    /// A role or a permission.
    Held(&'static str, CloudTie, &'static str),
    /// An access policy of the vault.
    Policy(&'static str),
    /// An account that is switched off.
    Off(&'static str),
    /// A binding of an allow policy: whose, which role, where.
    Bound(&'static str, &'static str, &'static str),
}

fn assigned(who: &str, role: &str, scope: &str) -> Fact {
    Fact::Record(
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{who}-{role}"),
        "properties": {"principalId": who, "principalType": "User", "scope": scope, "roleDefinitionId": role}}),
    )
}

fn directory_role(who: &'static str, role: &str, eligible: bool) -> Fact {
    Fact::Held(who, CloudTie::DirectoryRole { role: role.to_owned(), eligible }, "/")
}

fn facts() -> Vec<Fact> {
    let resource = |kind: &str, name: &str, identity: Value| {
        Fact::Record(json!({"id": format!("{WEB}/providers/{kind}/{name}"), "identity": identity}))
    };
    let network = |name: &str, properties: Value| {
        Fact::Record(json!({"id": format!("{NETWORK}/{name}"), "properties": properties}))
    };
    let identity =
        "/subscriptions/s1/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i1";
    let record = Fact::Record;
    vec![
        record(json!({"id": VM, "identity": {"principalId": "robot"}})),
        record(json!({"id": VAULT, "properties": {}})),
        record(json!({"id": identity, "properties": {"principalId": "p1"}})),
        record(json!({"id": SUBSCRIPTION, "subscriptionId": "s1"})),
        resource("Microsoft.Web/sites", "shop", json!({"userAssignedIdentities": {identity: {}}})),
        resource("Microsoft.Storage/storageAccounts", "store", Value::Null),
        network("publicIPAddresses/ip", json!({})),
        network(
            "networkSecurityGroups/ssh",
            json!({"securityRules": [{"properties": {"priority": 1, "access": "Allow",
            "direction": "Inbound", "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
            "destinationPortRange": "22"}}]}),
        ),
        network(
            "virtualNetworks/v",
            json!({"subnets": [{"id": format!("{NETWORK}/virtualNetworks/v/subnets/a"),
            "networkSecurityGroup": {"id": format!("{NETWORK}/networkSecurityGroups/ssh")}}]}),
        ),
        network(
            "networkInterfaces/nic",
            json!({"virtualMachine": {"id": VM}, "ipConfigurations": [{"id": "/c", "properties": {
            "publicIPAddress": {"id": format!("{NETWORK}/publicIPAddresses/ip")},
            "subnet": {"id": format!("{NETWORK}/virtualNetworks/v/subnets/a")}}}]}),
        ),
        network(
            "loadBalancers/lb",
            json!({"frontendIPConfigurations": [{"id": "/f", "publicIPAddress":
            {"id": format!("{NETWORK}/publicIPAddresses/ip")}}], "inboundNatRules": [{"id": "/n", "properties":
            {"frontendIPConfiguration": {"id": "/f"}, "backendIPConfiguration": {"id": "/c"}, "backendPort": 22}}]}),
        ),
        assigned("maya", OWNER, WEB),
        assigned("maya", OWNER, SUBSCRIPTION),
        assigned("carl", CONTRIBUTOR, SUBSCRIPTION),
        assigned("omar", OPERATOR, SUBSCRIPTION),
        assigned("omar", CONTRIBUTOR, VM),
        assigned("gus", OWNER, ROOM),
        assigned("rita", "run", WEB),
        assigned("rita", OWNER, "/"),
        record(json!({"id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/run"),
            "name": "run", "properties": {"permissions": [{"actions":
                ["Microsoft.Compute/virtualMachines/runCommand/action", "Microsoft.Web/sites/write"]}]}})),
        record(
            json!({"id": format!("{WEB}/providers/Microsoft.Authorization/denyAssignments/d"), "properties": {
            "scope": WEB, "principals": [{"id": "carl"}], "permissions": [{"actions": ["Microsoft.Compute/*"]}]}}),
        ),
        record(json!({"id": "maya", "@odata.type": "#microsoft.graph.user"})),
        record(json!({"id": "carl", "@odata.type": "#microsoft.graph.user"})),
        record(json!({"id": "g1", "@odata.type": "#microsoft.graph.group"})),
        record(json!({"id": "g2", "@odata.type": "#microsoft.graph.group", "isAssignableToRole": true})),
        record(json!({"id": "app1", "@odata.type": "#microsoft.graph.application", "appId": "shop"})),
        record(json!({"id": "sp1", "@odata.type": "#microsoft.graph.servicePrincipal", "appId": "shop"})),
        record(json!({"id": "msgraph", "@odata.type": "#microsoft.graph.servicePrincipal", "appId": GRAPH})),
        Fact::Listed("g1", "members", "maya"),
        Fact::Listed("g1", "members", "g2"),
        Fact::Listed("g2", "members", "carl"),
        Fact::Listed("g1", "owners", "carl"),
        Fact::Listed("app1", "owners", "maya"),
        Fact::Listed("sp1", "owners", "carl"),
        directory_role("maya", GLOBAL_ADMIN, false),
        directory_role("maya", GLOBAL_ADMIN, true),
        directory_role("carl", HELPDESK, false),
        directory_role("g2", GROUPS_ADMIN, false),
        directory_role("g1", APP_ADMIN, true),
        directory_role("carl", "own", false),
        Fact::Held("sp1", CloudTie::Permission(ADD_SECRETS.to_owned()), "msgraph"),
        Fact::Policy("maya"),
        Fact::Off("maya"),
        Fact::Bound(
            "user:tom@acme.example",
            READS_SECRETS,
            "//cloudresourcemanager.googleapis.com/projects/shop",
        ),
        Fact::Bound(
            "user:tom@acme.example",
            "roles/owner",
            "//cloudresourcemanager.googleapis.com/projects/shop",
        ),
        Fact::Bound("allUsers", READS_SECRETS, "//secretmanager.googleapis.com/projects/shop/secrets/key"),
    ]
}

/// What is there in every case: a role of the tenant's own making, and in what the subscription lies.
fn always() -> Value {
    json!([{"projectId": "shop", "projectNumber": "42", "parent": "organizations/1"},
        {"name": "projects/shop/secrets/key", "replication": {}},
        {"id": ROOM, "properties": {"children": [{"id": SUBSCRIPTION}]}},
        {"id": "own", "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/password/update"]}]}])
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

impl Fact {
    fn op(&self, on: bool) -> CloudOp {
        let tie = |from: &str, tie: CloudTie, to: &str| {
            let (from, to) = (from.to_uppercase(), to.to_uppercase());
            if on { CloudOp::Link { from, tie, to } } else { CloudOp::Unlink { from, tie, to } }
        };
        match self {
            Self::Record(record) if on => CloudOp::Put { record: record.to_string() },
            Self::Record(record) => CloudOp::Remove { id: id(record).to_uppercase() },
            Self::Listed(to, list, who) => {
                tie(who, if *list == "members" { CloudTie::MemberOf } else { CloudTie::Owns }, to)
            }
            Self::Held(who, held, at) => tie(who, held.clone(), at),
            Self::Policy(who) => tie(who, CloudTie::Gets(VaultContent::Secrets), VAULT),
            Self::Off(id) => CloudOp::Switch { id: (*id).to_owned(), on: !on },
            Self::Bound(who, role, at) => {
                let (from, tie, to) =
                    ((*who).to_owned(), CloudTie::Binding((*role).to_owned()), (*at).to_owned());
                if on { CloudOp::Link { from, tie, to } } else { CloudOp::Unlink { from, tie, to } }
            }
        }
    }

    /// What must be there, and with what it goes.
    fn needs(&self) -> Vec<&str> {
        match self {
            Self::Listed(to, ..) => vec![to],
            Self::Policy(_) => vec![VAULT],
            Self::Off(id) => vec![id],
            Self::Record(_) | Self::Held(..) | Self::Bound(..) => Vec::new(),
        }
    }

    /// Whether it goes with what has this id.
    fn goes_with(&self, gone: &str) -> bool {
        match self {
            // Definitions of roles are the tenant's, wherever their ids lie.
            Self::Record(record) => {
                let is_role = id(record).contains("/roleDefinitions/");
                gone.starts_with('/') && !is_role && id(record).starts_with(&format!("{gone}/"))
            }
            Self::Listed(to, _, who) => [*to, *who].contains(&gone),
            Self::Held(who, _, at) => [*who, *at].contains(&gone),
            Self::Policy(_) => gone == VAULT || VAULT.starts_with(&format!("{gone}/")),
            Self::Off(id) => *id == gone,
            Self::Bound(..) => false,
        }
    }
}

/// The records of a dump in which just these facts are so.
fn dump(facts: &[Fact], so: &[bool]) -> CloudDump {
    let now = || facts.iter().zip(so).filter(|(_, so)| **so).map(|(fact, _)| fact);
    let mut records: Vec<Value> = Vec::new();
    for fact in now() {
        match fact {
            Fact::Record(record) => {
                let mut record = record.clone();
                for other in now() {
                    match other {
                        Fact::Listed(to, list, who) if *to == id(&record) => {
                            if record.get(*list).is_none() {
                                record[*list] = json!([]);
                            }
                            record[*list].as_array_mut().unwrap().push(json!({"id": who}));
                        }
                        Fact::Policy(who) if id(&record) == VAULT => {
                            record["properties"]["accessPolicies"] =
                                json!([{"objectId": who, "permissions": {"secrets": ["get"]}}]);
                        }
                        Fact::Off(user) if *user == id(&record) => record["accountEnabled"] = json!(false),
                        _ => {}
                    }
                }
                records.push(record);
            }
            Fact::Held(who, CloudTie::DirectoryRole { role, eligible }, at) => {
                let kind = if *eligible {
                    "unifiedRoleEligibilityScheduleInstance"
                } else {
                    "unifiedRoleAssignment"
                };
                records.push(json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": format!("{who}{role}{eligible}"),
                    "principalId": who, "roleDefinitionId": role, "directoryScopeId": at}));
            }
            Fact::Held(who, CloudTie::Permission(role), of) => {
                records.push(json!({"id": format!("{who}{role}"), "principalId": who, "appRoleId": role, "resourceId": of}));
            }
            _ => {}
        }
    }
    let mut policies: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for fact in now() {
        if let Fact::Bound(who, role, at) = fact {
            policies.entry(at).or_default().push(json!({"role": role, "members": [who]}));
        }
    }
    let policy =
        |(at, bindings): (&str, Vec<Value>)| json!({"resource": at, "policy": {"bindings": bindings}});
    records.extend(policies.into_iter().map(policy));
    let mut dump = CloudDump::default();
    dump.read("always.json", &always()).unwrap();
    if !records.is_empty() {
        dump.read("now.json", &json!(records)).unwrap();
    }
    dump
}

fn change(at: i64, op: CloudOp) -> CloudChange {
    CloudChange {
        tenant: tenant(),
        at: Timestamp::from_micros(at),
        position: None,
        evidence: Evidence::document("log"),
        op,
    }
}

proptest! {
    #[test]
    fn followed_is_the_same_as_read_anew(
        start in prop::collection::vec(any::<bool>(), facts().len()),
        order in prop::collection::vec((0..facts().len(), any::<bool>()), 1..24),
    ) {
        let facts = facts();
        let find = |name: &str| facts.iter().position(|fact| matches!(fact, Fact::Record(record) if id(record) == name)).unwrap();
        let holds = |so: &[bool], fact: &Fact| fact.needs().iter().all(|name| so[find(name)]);
        let mut so = start;
        for at in 0..so.len() {
            so[at] &= holds(&so, &facts[at]);
        }
        let mut live = LiveClouds::new(dump(&facts, &so));
        for (at, (pick, on)) in (1..).zip(order) {
            if !holds(&so, &facts[pick]) {
                continue;
            }
            let before = edges(&live.graph());
            let touched = live.apply(&change(at, facts[pick].op(on))).unwrap();
            so[pick] = on;
            if let (Fact::Record(record), false) = (&facts[pick], on) {
                let gone = id(record);
                (0..so.len()).filter(|other| facts[*other].goes_with(gone)).for_each(|other| so[other] = false);
            }
            if let (Fact::Record(record), true) = (&facts[pick], on) {
                // A record that comes anew says all but its lists.
                let own = id(record);
                let told = |fact: &Fact| match fact { Fact::Off(id) => *id == own, Fact::Policy(_) => own == VAULT, _ => false };
                (0..so.len()).filter(|other| told(&facts[*other])).for_each(|other| so[other] = false);
            }
            let (now, anew) = (live.graph(), dump(&facts, &so).finish().0.build());
            prop_assert_eq!(edges(&now), edges(&anew));
            prop_assert_eq!(standing(&now), standing(&anew));
            prop_assert_eq!(after(before, &touched), edges(&now));
            let again = live.apply(&change(at, facts[pick].op(on))).unwrap();
            prop_assert!(again.is_empty(), "{:?}", again);
        }
    }

    #[test]
    fn what_is_added_and_taken_again_was_never_there(
        start in prop::collection::vec(any::<bool>(), facts().len()),
        pick in 0..facts().len(),
    ) {
        let facts = facts();
        let mut so = start;
        so[pick] = false;
        let own = if let Fact::Record(record) = &facts[pick] { id(record) } else { "" };
        for at in 0..so.len() {
            let needed = |name: &&str| facts.iter().zip(&so).any(|(fact, so)| *so && matches!(fact, Fact::Record(record) if id(record) == *name));
            so[at] &= facts[at].needs().iter().all(needed) && !(facts[at].goes_with(own) || own.is_empty() && at == pick);
        }
        prop_assume!(facts[pick].needs().iter().all(|name| facts.iter().zip(&so).any(|(fact, so)| *so && matches!(fact, Fact::Record(record) if id(record) == *name))));
        let mut live = LiveClouds::new(dump(&facts, &so));
        let before = (edges(&live.graph()), standing(&live.graph()));
        live.apply(&change(1, facts[pick].op(true))).unwrap();
        live.apply(&change(2, facts[pick].op(false))).unwrap();
        prop_assert_eq!(before, (edges(&live.graph()), standing(&live.graph())));
    }
}

#[test]
fn a_change_late_or_of_another_tenant_changes_nothing() {
    let fact = directory_role("maya", GLOBAL_ADMIN, false);
    let mut live = LiveClouds::new(CloudDump::default());
    live.apply(&change(5, fact.op(true))).unwrap();
    assert!(live.apply(&change(4, fact.op(false))).unwrap().is_empty());
    let mut other = change(6, fact.op(false));
    other.tenant = homeostat_core::TenantId::new("other").unwrap();
    assert_eq!(live.apply(&other), Err(ChangeError::OtherTenant));
    assert_eq!(live.apply(&change(6, fact.op(false))).unwrap().removed.len(), 1);
}

#[test]
fn only_what_a_change_bears_on_is_looked_at() {
    let machine = |group: u32, name: u32| json!({"id": format!("/subscriptions/s1/resourceGroups/r{group}/providers/Microsoft.Compute/virtualMachines/m{name}")});
    let machines: Vec<Value> =
        (0..50).flat_map(|group| (0..20).map(move |name| machine(group, name))).collect();
    let users: Vec<Value> =
        (0..1000).map(|one| json!({"id": format!("u{one}"), "userPrincipalName": "x"})).collect();
    let mut read = CloudDump::default();
    read.read("machines.json", &json!(machines)).unwrap();
    read.read("users.json", &json!(users)).unwrap();
    let mut live = LiveClouds::new(read);
    let mut worked = |at, fact: &Fact| {
        let touched = live.apply(&change(at, fact.op(true))).unwrap();
        (touched.worked, touched.added.len())
    };
    // The group and its machines; to each of these two edges for running code on it.
    let in_group = assigned("maya", CONTRIBUTOR, "/subscriptions/s1/resourceGroups/r7");
    assert_eq!(worked(1, &in_group), (21, 20 * 2));
    assert_eq!(worked(2, &directory_role("u1", GLOBAL_ADMIN, false)), (2, 1));
    assert_eq!(worked(3, &directory_role("u2", HELPDESK, false)), (1001, 998));
    assert_eq!(worked(4, &Fact::Record(json!({"id": "new", "userPrincipalName": "x"}))), (1, 2));
}

#[test]
fn what_is_not_told_is_marked_on_all_that_lies_in_it() {
    let facts = facts();
    let so: Vec<bool> = facts.iter().map(|fact| matches!(fact, Fact::Record(_))).collect();
    let mut live = LiveClouds::new(dump(&facts, &so));
    let before = edges(&live.graph());
    let touched = live.apply(&change(1, CloudOp::Stale { id: SUBSCRIPTION.to_owned() })).unwrap();
    assert_eq!((touched.objects.len(), touched.added.len(), touched.worked), (1, 0, 0));
    assert_eq!(edges(&live.graph()), before, "an edge that may be gone still is one");
    let unknown = format!("{WEB}/providers/Microsoft.Compute/virtualMachines/new");
    let touched = live.apply(&change(2, CloudOp::Stale { id: unknown })).unwrap();
    assert!(
        touched.added.iter().any(|edge| edge.kind == "AZContains"),
        "it is there, whatever it is: {touched:?}"
    );
}
