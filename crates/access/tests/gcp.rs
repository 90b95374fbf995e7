//! What Google Cloud allows, page by page of its documentation; names are made up here.
#![cfg(test)]
#![cfg(feature = "gcp")]
#![expect(clippy::needless_pass_by_value, reason = "literals read better without a borrow at each use")]

use homeostat_access::gcp::{Caller, Policies};
use homeostat_access::{Decision, MisfitCause};
use serde_json::{Value, json};

const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/ledger";
const GET: &str = "storage.objects.get";
const MAYA: &str = "maya@acme.example";

/// An organization with a folder, a project and a bucket, and two roles.
fn estate(objects: Value) -> Policies {
    let mut policies = Policies::default();
    let roles = json!([
        {"name": "roles/storage.objectViewer", "includedPermissions": [GET, "storage.objects.list"]},
        {"name": "roles/owner", "includedPermissions": [GET, "resourcemanager.projects.delete", "storage.buckets.delete"]},
        {"name": "projects/shop/roles/gone", "includedPermissions": [GET], "deleted": true}]);
    assert_eq!(policies.add(&roles.to_string()).unwrap().read, 3);
    let added = policies.add(&objects.to_string()).unwrap();
    assert!(added.bad.is_empty() && added.skipped == 0, "{added:?}");
    for (child, parent) in
        [(BUCKET, "projects/shop"), ("projects/shop", "folders/9"), ("folders/9", "organizations/1")]
    {
        policies.place(child, parent);
    }
    policies
}

fn binding(role: &str, member: &str) -> Value {
    json!({"role": role, "members": [member]})
}

fn allow(policies: &mut Policies, resource: &str, bindings: Value) {
    policies.allow(resource, &json!({"version": 3, "etag": "x", "bindings": bindings}).to_string()).unwrap();
}

fn deny(rule: Value) -> Value {
    json!({"name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F9/denypolicies/d", "rules": [{"denyRule": rule}]})
}

fn decide(policies: &Policies, who: &Caller, permission: &str) -> Decision {
    policies.decide(who, permission, BUCKET).decision
}

fn maya() -> Caller {
    Caller::user(MAYA)
}

fn rests_on(decision: &Decision) -> Vec<String> {
    let Decision::AllowedIf(residual) = decision else { return vec![decision.to_string()] };
    residual.conditions().iter().map(|open| open.key.to_string()).collect()
}

/// "Allow policies", "Policy inheritance": what is given above is given below.
#[test]
fn roles_are_inherited_from_above() {
    for (at, expected) in [
        ("organizations/1", true),
        ("//cloudresourcemanager.googleapis.com/folders/9", true),
        ("projects/shop", true),
        (BUCKET, true),
        ("projects/other", false),
        ("//storage.googleapis.com/projects/_/buckets/ledger2", false),
    ] {
        let mut policies = estate(json!([]));
        allow(&mut policies, at, json!([binding("roles/storage.objectViewer", "user:maya@acme.example")]));
        assert_eq!(decide(&policies, &maya(), GET).is_allowed(), expected, "{at}");
        assert_eq!(decide(&policies, &maya(), "storage.objects.delete"), Decision::ImplicitlyDenied);
        assert_eq!(decide(&policies, &Caller::user("omar@acme.example"), GET), Decision::ImplicitlyDenied);
    }
}

/// "Principal identifiers".
#[test]
fn members_name_principals_and_sets() {
    let pool = "iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/ci";
    let workload = Caller::principal(&format!("principal://{pool}/subject/Main"))
        .in_set(&format!("principalSet://{pool}/attribute.repo/org/app"));
    let robot = Caller::service_account("robot@shop.iam.gserviceaccount.com");
    for (member, who, named) in [
        ("user:Maya@acme.example".to_owned(), &maya(), true),
        ("domain:acme.example".to_owned(), &maya(), true),
        ("domain:acme.example".to_owned(), &robot, false),
        ("group:ops@acme.example".to_owned(), &maya(), false),
        ("group:ops@acme.example".to_owned(), &maya().in_group("OPS@acme.example"), true),
        ("allUsers".to_owned(), &Caller::anonymous(), true),
        ("allAuthenticatedUsers".to_owned(), &Caller::anonymous(), false),
        ("allAuthenticatedUsers".to_owned(), &robot, true),
        ("serviceAccount:robot@shop.iam.gserviceaccount.com".to_owned(), &robot, true),
        ("user:robot@shop.iam.gserviceaccount.com".to_owned(), &robot, false),
        ("deleted:user:maya@acme.example?uid=1".to_owned(), &maya(), false),
        (format!("principal://{pool}/subject/Main"), &workload, true),
        (format!("principal://{pool}/subject/main"), &workload, false),
        (format!("principalSet://{pool}/attribute.repo/org/app"), &workload, true),
        (format!("principalSet://{pool}/attribute.repo/org/other"), &workload, false),
    ] {
        let mut policies = estate(json!([]));
        allow(&mut policies, BUCKET, json!([binding("roles/storage.objectViewer", &member)]));
        assert_eq!(decide(&policies, who, GET).is_allowed(), named, "{member}");
    }
}

/// "Allow policies": convenience values of buckets stand for the holders of a basic role.
#[test]
fn owners_of_a_project_are_named_through_it() {
    let mut policies = estate(json!([]));
    allow(&mut policies, BUCKET, json!([binding("roles/storage.objectViewer", "projectOwner:shop")]));
    assert_eq!(decide(&policies, &maya(), "storage.objects.list"), Decision::ImplicitlyDenied);
    allow(&mut policies, "projects/shop", json!([binding("roles/owner", "user:maya@acme.example")]));
    assert!(decide(&policies, &maya(), "storage.objects.list").is_allowed());
}

/// "Deny policies": they come before allow policies, with their exceptions.
#[test]
fn a_deny_rule_wins() {
    let everybody = json!(["principalSet://goog/public:all"]);
    for (rule, permission, denied) in [
        (
            json!({"deniedPrincipals": everybody, "deniedPermissions": ["storage.googleapis.com/objects.get"]}),
            GET,
            true,
        ),
        (
            json!({"deniedPrincipals": everybody, "deniedPermissions": ["storage.googleapis.com/*.*"]}),
            GET,
            true,
        ),
        (
            json!({"deniedPrincipals": everybody, "deniedPermissions": ["storage.googleapis.com/buckets.*"]}),
            GET,
            false,
        ),
        (
            json!({"deniedPrincipals": everybody, "deniedPermissions": ["storage.googleapis.com/*.*"],
            "exceptionPermissions": ["storage.googleapis.com/objects.get"]}),
            GET,
            false,
        ),
        (
            json!({"deniedPrincipals": everybody, "deniedPermissions": ["storage.googleapis.com/*.*"],
            "exceptionPrincipals": ["principal://goog/subject/maya@acme.example"]}),
            GET,
            false,
        ),
        (
            json!({"deniedPrincipals": everybody, "deniedPermissions": ["storage.googleapis.com/*.*"],
            "exceptionPrincipals": ["principalSet://goog/group/ops@acme.example"]}),
            GET,
            false,
        ),
        (
            json!({"deniedPrincipals": ["principal://goog/subject/omar@acme.example"], "deniedPermissions": ["*"]}),
            GET,
            false,
        ),
        (
            json!({"deniedPrincipals": everybody, "deniedPermissions": ["cloudresourcemanager.googleapis.com/projects.delete"]}),
            "resourcemanager.projects.delete",
            true,
        ),
    ] {
        let mut policies = estate(json!([deny(rule.clone())]));
        allow(&mut policies, "projects/shop", json!([binding("roles/owner", "user:maya@acme.example")]));
        let answer = policies.decide(&maya().in_group("ops@acme.example"), permission, BUCKET);
        let expected = if denied { Decision::ExplicitlyDenied } else { Decision::Allowed };
        assert_eq!(answer.decision, expected, "{rule}");
        if denied {
            let name = "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F9/denypolicies/d";
            assert_eq!(answer.because[0].to_string(), format!("deny policy `{name}`, statement 0, denies"));
        }
    }
}

/// "Overview of IAM Conditions" and "Deny policies", denial conditions: they stay open.
#[test]
fn conditions_stay_open() {
    let condition =
        json!({"title": "hours", "expression": "request.time < timestamp('2027-01-01T00:00:00Z')"});
    let mut policies = estate(json!([]));
    let bound = json!([{"role": "roles/storage.objectViewer", "members": ["user:maya@acme.example"], "condition": condition}]);
    allow(&mut policies, BUCKET, bound.clone());
    assert_eq!(rests_on(&decide(&policies, &maya(), GET)), ["condition"]);
    allow(&mut policies, "projects/shop", json!([binding("roles/owner", "user:maya@acme.example")]));
    assert_eq!(decide(&policies, &maya(), GET), Decision::Allowed, "the other role needs none");
    let rule = json!({"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": ["storage.googleapis.com/*.*"],
        "denialCondition": {"expression": "resource.matchTag('1/env', 'prod')"}});
    policies.add(&deny(rule).to_string()).unwrap();
    let told = decide(&policies, &maya(), GET);
    let Decision::AllowedIf(residual) = told else { panic!("{told:?}") };
    assert!(residual.to_string().starts_with("`condition` does not meet `policies/"), "{residual}");
}

/// "Principal access boundary policies".
#[test]
fn a_boundary_lets_reach_what_it_lists() {
    let set = "//cloudresourcemanager.googleapis.com/organizations/1";
    let boundary = |name: &str, at: &str| json!({"name": name, "details": {"enforcementVersion": "2", "rules": [{"description": "", "effect": "ALLOW", "resources": [at]}]}});
    let bind = |name: &str, policy: &str, condition: Value| {
        json!({"name": name, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": policy,
            "target": {"principalSet": set}, "condition": condition})
    };
    let own = "//cloudresourcemanager.googleapis.com/folders/9";
    let other = "//cloudresourcemanager.googleapis.com/organizations/2";
    let conditional = json!({"expression": "principal.type == 'iam.googleapis.com/ServiceAccount'"});
    for (objects, expected) in [
        (json!([]), vec!["Allowed"]),
        (json!([boundary("a", own), bind("b", "a", json!(null))]), vec!["Allowed"]),
        (json!([boundary("a", other), bind("b", "a", json!(null))]), vec!["ImplicitlyDenied"]),
        (
            json!([
                boundary("a", other),
                boundary("c", own),
                bind("b", "a", json!(null)),
                bind("d", "c", json!(null))
            ]),
            vec!["Allowed"],
        ),
        (json!([boundary("a", other), bind("b", "a", conditional.clone())]), vec!["condition"]),
        (
            json!([
                boundary("a", other),
                boundary("c", own),
                bind("b", "a", json!(null)),
                bind("d", "c", conditional)
            ]),
            vec!["condition"],
        ),
        (json!([bind("b", "unread", json!(null))]), vec!["ancestry"]),
    ] {
        let mut policies = estate(objects.clone());
        allow(&mut policies, "projects/shop", json!([binding("roles/owner", "user:maya@acme.example")]));
        assert_eq!(rests_on(&decide(&policies, &maya().in_set(set), GET)), expected, "{objects}");
        assert_eq!(decide(&policies, &maya(), GET), Decision::Allowed, "who is not of the set is not bound");
    }
}

/// What is not told is not taken for absent: roles that are not read, places that are not known.
#[test]
fn what_is_not_told_stays_open() {
    let mut policies = estate(json!([]));
    allow(&mut policies, BUCKET, json!([binding("roles/unread", "user:maya@acme.example")]));
    assert_eq!(rests_on(&decide(&policies, &maya(), GET)), ["role"]);
    allow(&mut policies, BUCKET, json!([binding("projects/shop/roles/gone", "user:maya@acme.example")]));
    assert_eq!(decide(&policies, &maya(), GET), Decision::ImplicitlyDenied);
    let far = "//storage.googleapis.com/projects/_/buckets/far";
    allow(&mut policies, "projects/shop", json!([binding("roles/owner", "user:maya@acme.example")]));
    assert_eq!(rests_on(&policies.decide(&maya(), GET, far).decision), ["ancestry"]);
    policies.place(far, "projects/lone");
    policies.place("projects/lone", "");
    assert_eq!(policies.decide(&maya(), GET, far).decision, Decision::ImplicitlyDenied);
    assert!(policies.members_with(GET, BUCKET).contains("principal://goog/subject/maya@acme.example"));
}

/// The inventory's assets bring policies and places at once; what lies round in a ring ends.
#[test]
fn assets_tell_where_they_lie() {
    let mut policies = Policies::default();
    let added = policies
        .add(&json!({"items": [
            {"name": "roles/owner", "includedPermissions": [GET]},
            {"name": "//cloudresourcemanager.googleapis.com/projects/7", "assetType": "cloudresourcemanager.googleapis.com/Project",
             "ancestors": ["projects/7", "folders/2", "organizations/1"],
             "iamPolicy": {"bindings": [binding("roles/owner", "user:maya@acme.example")]}},
            {"name": BUCKET, "ancestors": ["projects/7", "folders/2", "organizations/1"]},
            {"name": "x", "rules": [{"denyRule": {}}]}, {"includedPermissions": []}, {"name": "y", "other": 1},
            {"name": "p", "details": {"rules": [{"resources": ["a"], "effect": "DENY"}]}}]})
        .to_string())
        .unwrap();
    assert_eq!((added.read, added.skipped), (3, 1));
    let told: Vec<(usize, MisfitCause)> = added.bad.iter().map(|bad| (bad.index, bad.cause)).collect();
    assert_eq!(told, [(3, MisfitCause::Unnamed), (4, MisfitCause::Unnamed), (6, MisfitCause::WrongShape)]);
    assert!(decide(&policies, &maya(), GET).is_allowed());
    policies.place("organizations/1", "projects/7");
    assert!(decide(&policies, &maya(), GET).is_allowed());
    assert_eq!(policies.allow("x", "[]").unwrap_err().cause, MisfitCause::WrongShape);
    let narrow = r#"{"bindings": [{"role": "r", "members": ["allUsers"], "only": 1}]}"#;
    assert_eq!(policies.allow("x", narrow).unwrap_err().cause, MisfitCause::WrongShape);
    assert_eq!(
        policies.allow("x", &" ".repeat(Policies::LIMIT + 1)).unwrap_err().cause,
        MisfitCause::TooLong
    );
    assert_eq!(policies.add(&"[".repeat(100_000)).unwrap_err().cause, MisfitCause::NoObjects);
}

#[test]
fn nothing_shows_names() {
    let mut policies = estate(json!([]));
    allow(&mut policies, "MARKED", json!([binding("MARKED", "user:MARKED")]));
    policies.place("MARKED", "MARKED");
    assert!(!format!("{policies:?} {:?}", Caller::user("MARKED")).contains("MARKED"));
}
