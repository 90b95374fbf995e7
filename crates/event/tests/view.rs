#![cfg(test)]
//! The stories a reader asks the view: who did what to whom, from where, under which keys.

use homeostat_event::{
    Account, Actor, Api, Cloud, DnsQuery, Domain, Ends, EntityKey, Event, EventRef, FindingInfo, Head,
    JsonText, NetworkEndpoint, NetworkTraffic, Outcome, PrincipalKind, Product, ResourceDetails, Service,
    Session, Severity, SignInTo, TenantId, Timestamp, User, signal_of, validate,
};

fn head(activity: u32, vendor: &str, product: &str) -> Head {
    Head::new(activity, "2026-03-16T08:30:00.123456Z".parse().unwrap(), Product::new(vendor, product))
}

fn cloud_call(actor: Actor) -> Event {
    let mut api = Api::new("PutUserPolicy");
    api.set_service(Service::named("iam.amazonaws.com"));
    let mut event =
        Event::api_activity(head(3, "AWS", "CloudTrail"), actor, api, NetworkEndpoint::of_ip("203.0.113.7"));
    let mut cloud = Cloud::new("AWS");
    cloud.set_account(Account::of_uid("123456789012")).set_region("eu-west-1");
    event.set_cloud(cloud).set_tenant(&TenantId::new("acme").unwrap());
    event.set_reference(&EventRef::new("cloudtrail.json", 4).unwrap());
    event
}

fn keys(event: &Event) -> Vec<String> {
    event.entities().iter().map(|(key, role)| format!("{role} {key}")).collect()
}

#[track_caller]
fn check(event: &Event, expected: &[&str]) {
    assert_eq!(validate(event), []);
    assert_eq!(keys(event), expected);
    let read = Event::from_json(&event.to_json()).unwrap();
    assert_eq!(keys(&read), expected);
    assert!(read == *event);
    assert_eq!(read.when(), "2026-03-16T08:30:00.123456Z".parse().unwrap());
}

#[test]
fn an_aws_user_acts_through_a_key() {
    let mut session = Session::new();
    session.set_credential_uid("AKIAIOSFODNN7EXAMPLE");
    let mut actor = Actor::of_user(User::of_uid("arn:aws:iam::123456789012:user/jane"));
    actor.set_session(session);
    let mut event = cloud_call(actor);
    event.set_resources(vec![
        ResourceDetails::of_uid("arn:aws:iam::123456789012:role/etl"),
        ResourceDetails::of_uid("arn:aws:s3:::acme-data"),
    ]);
    event.set_outcome(Outcome::Failure, None).set_status_code("AccessDenied");
    check(
        &event,
        &[
            "actor iam_user_arn:123456789012:arn:aws:iam::123456789012:user/jane",
            "via access_key:acme:AKIAIOSFODNN7EXAMPLE",
            "target iam_role_arn:123456789012:arn:aws:iam::123456789012:role/etl",
            "target resource_arn:aws:arn:aws:s3:::acme-data",
            "origin ip:internet:203.0.113.7",
        ],
    );
    assert_eq!((event.action(), event.service()), ("PutUserPolicy", Some("iam.amazonaws.com")));
    assert_eq!((event.outcome(), event.outcome_code()), (Outcome::Failure, Some("AccessDenied")));
    assert_eq!((event.domain(), event.actor().unwrap().kind()), (Domain::Cloud, PrincipalKind::Person));
    assert_eq!(event.targets().len(), 2);
    assert_eq!(event.occurrence().unwrap().event.as_str(), "cloudtrail#4");
}

#[test]
fn an_aws_role_is_taken_on_in_a_session() {
    let role = "arn:aws:iam::123456789012:role/ops/etl";
    let mut session = Session::new();
    session.set_uid("i-0abc").set_credential_uid("ASIAIOSFODNN7EXAMPLE").set_is_mfa(true).set_issuer(role);
    let mut actor = Actor::of_user(User::of_uid(role));
    actor.set_session(session);
    let event = cloud_call(actor);
    check(
        &event,
        &[
            "actor iam_role_arn:123456789012:arn:aws:iam::123456789012:role/ops/etl",
            "via role_session:123456789012:arn:aws:iam::123456789012:role/ops/etl/i-0abc",
            "via access_key:acme:ASIAIOSFODNN7EXAMPLE",
            "origin ip:internet:203.0.113.7",
        ],
    );
    assert_eq!(event.is_mfa(), Some(true));
    assert_eq!(event.actor().unwrap().session(), Some("i-0abc"));
    assert_eq!(event.actor().unwrap().kind(), PrincipalKind::Role);
}

#[test]
fn services_and_the_root_user_have_keys_too() {
    check(
        &cloud_call(Actor::of_app("ec2.amazonaws.com")),
        &["actor native_id:aws:ec2.amazonaws.com", "origin ip:internet:203.0.113.7"],
    );
    check(
        &cloud_call(Actor::of_user(User::of_uid("arn:aws:iam::123456789012:root"))),
        &["actor iam_user_arn:123456789012:arn:aws:iam::123456789012:root", "origin ip:internet:203.0.113.7"],
    );
}

#[test]
fn an_iam_user_has_its_name_beside_its_arn() {
    let mut user = User::of_uid("arn:aws:iam::123456789012:user/staff/jane");
    user.set_name("jane");
    check(
        &cloud_call(Actor::of_user(user)),
        &[
            "actor iam_user_arn:123456789012:arn:aws:iam::123456789012:user/staff/jane",
            "actor native_id:aws/123456789012:jane",
            "origin ip:internet:203.0.113.7",
        ],
    );
    let mut root = User::of_uid("arn:aws:iam::123456789012:root");
    root.set_name("root");
    check(
        &cloud_call(Actor::of_user(root)),
        &["actor iam_user_arn:123456789012:arn:aws:iam::123456789012:root", "origin ip:internet:203.0.113.7"],
    );
}

#[test]
fn the_principal_id_of_a_session_is_no_mail_address() {
    for (principal, expected) in [
        ("AROAEXAMPLE1234567890:jane@acme.example", "actor native_id:aws:AROAEXAMPLE1234567890"),
        ("AROAEXAMPLE1234567890:nightly", "actor native_id:aws:AROAEXAMPLE1234567890"),
        ("4oK0mAG1FLKhTfQ=:jane@acme.example", "actor email:acme:jane@acme.example"),
        ("accounts.example:pool:jane@acme.example", "actor email:acme:jane@acme.example"),
        ("123456789012:jane@acme.example", "actor native_id:aws:123456789012:jane@acme.example"),
        ("4oK0mAG1FLKhTfQ=:jane", "actor native_id:aws:jane"),
        ("AIDAEXAMPLE1234567890", "actor native_id:aws:AIDAEXAMPLE1234567890"),
    ] {
        let event = cloud_call(Actor::of_user(User::of_uid(principal)));
        check(&event, &[expected, "origin ip:internet:203.0.113.7"]);
    }
}

#[test]
fn an_okta_user_signs_in_through_a_web_session() {
    let mut user = User::of_uid("00u1abcd");
    user.set_name("Jane@acme.example")
        .set_email_addr("jane@acme.example")
        .set_account(Account::of_uid("acme-org"));
    let mut event =
        Event::authentication(head(1, "Okta", "System Log"), user, SignInTo::Service(Service::named("wiki")));
    let mut session = Session::new();
    session.set_uid("102abc");
    event.set_session(session).set_src_endpoint(NetworkEndpoint::of_ip("10.0.0.1"));
    event.set_tenant(&TenantId::new("acme").unwrap());
    check(
        &event,
        &[
            "actor directory_object_id:acme-org:00u1abcd",
            "actor upn:acme:jane@acme.example",
            "actor email:acme:jane@acme.example",
            "via web_session:okta/acme-org:102abc",
            "target native_id:okta:wiki",
            "origin ip:acme:10.0.0.1",
        ],
    );
    assert_eq!((event.domain(), event.action()), (Domain::Identity, "Logon"));
}

#[test]
fn an_account_change_names_actor_and_target() {
    let mut event = Event::account_change(head(6, "Okta", "System Log"), User::of_uid("00u2"));
    event.set_actor(Actor::of_user(User::of_uid("00u1")));
    check(&event, &["actor directory_object_id:-:00u1", "target directory_object_id:-:00u2"]);
    assert_eq!(event.targets()[0].uid(), Some("00u2"));
}

#[test]
fn connections_and_names_asked_for() {
    let ends = Ends::Both(NetworkEndpoint::of_ip("10.1.2.3"), NetworkEndpoint::of_ip("8.8.8.8"));
    let mut event = Event::network_activity(head(6, "Zeek", "conn"), ends.clone());
    let mut traffic = NetworkTraffic::new();
    traffic.set_bytes_out(17_i64).set_bytes_in(-1_i64);
    event.set_traffic(traffic).set_tenant(&TenantId::new("acme").unwrap());
    check(&event, &["origin ip:acme:10.1.2.3", "target ip:internet:8.8.8.8"]);
    let seen = event.traffic().unwrap();
    assert_eq!((seen.bytes_out, seen.bytes_in, event.domain()), (Some(17), None, Domain::Network));
    let far = EntityKey::ip("acme", "8.8.8.8").unwrap();
    assert_eq!(event.destination().unwrap().key().as_ref(), Some(&far));
    assert_eq!(event.targets().iter().map(homeostat_event::Party::keys).collect::<Vec<_>>(), [[far]]);

    let mut event = Event::dns_activity(head(1, "Zeek", "dns"), ends);
    event.set_query(DnsQuery::new("Evil.Example.")).set_rcode_id(3);
    check(
        &event,
        &["target domain:internet:evil.example", "origin ip:-:10.1.2.3", "related ip:internet:8.8.8.8"],
    );
    assert_eq!(event.targets().len(), 1, "a server that is asked is no target");
    let dns = event.dns().unwrap();
    assert_eq!((dns.hostname(), dns.rcode(), dns.answers().count()), (Some("Evil.Example."), Some(3), 0));
}

#[test]
fn kubernetes_names_belong_to_their_cluster() {
    let call = |name: &str| {
        let mut user = User::of_uid("6b1f1a6e-5a5f-4f6c-9c1e-000000000001");
        user.set_name(name).set_account(Account::of_uid("prod"));
        let source = NetworkEndpoint::of_ip("10.0.0.1");
        Event::api_activity(
            head(1, "Kubernetes", "audit"),
            Actor::of_user(user),
            Api::new("create pods/exec"),
            source,
        )
    };
    check(
        &call("system:serviceaccount:kube-system:cron"),
        &["actor k8s_service_account:prod:kube-system:cron", "origin ip:-:10.0.0.1"],
    );
    check(&call("system:node:worker-1"), &["actor k8s_node:prod:worker-1", "origin ip:-:10.0.0.1"]);
    check(&call("admin"), &["actor k8s_user:prod:admin", "origin ip:-:10.0.0.1"]);
    check(&call("system:anonymous"), &["origin ip:-:10.0.0.1"]);
}

#[test]
fn an_unknown_class_still_answers() {
    let text = r#"{"class_uid":424242,"activity_id":7,"time":1700000000000,"user":{"name":"ACME\\jane"},
        "src_endpoint":{"hostname":"mkt01.acme.example"},"metadata":{"event_code":"odd"}}"#;
    let event = Event::from_json(text).unwrap();
    assert_eq!(
        keys(&event),
        ["actor sam:acme:jane", "origin fqdn:-:mkt01.acme.example", "origin hostname:-:mkt01"]
    );
    assert_eq!((event.action(), event.outcome()), ("odd", Outcome::Unknown));
    assert_eq!(Event::from_json("{}").unwrap().when(), Timestamp::UNKNOWN);
}

#[test]
fn a_foreign_finding_becomes_a_signal_of_its_severity() {
    let mut info = FindingInfo::new("gd-1");
    info.set_title("UnauthorizedAccess");
    let mut event = Event::detection_finding(head(1, "AWS", "GuardDuty"), info);
    event.set_severity(Severity::HIGH).set_tenant(&TenantId::new("acme").unwrap());
    assert_eq!(signal_of(&event), None);
    event.set_reference(&EventRef::new("guardduty.json", 0).unwrap());
    event.set_actor(Actor::of_user(User::of_uid("arn:aws:iam::123456789012:user/jane")));
    let signal = signal_of(&event).unwrap();
    assert_eq!(
        (signal.kind.as_str(), signal.bits.get(), signal.domain),
        ("UnauthorizedAccess", 12.0, Domain::Cloud)
    );
    assert_eq!(signal.actor.as_ref().map(EntityKey::value), Some("arn:aws:iam::123456789012:user/jane"));

    let finding = Event::from_signal(&signal);
    assert_eq!(validate(&finding), []);
    assert_eq!(signal_of(&Event::from_json(&finding.to_json()).unwrap()), Some(signal));
}

#[test]
fn a_kept_signal_of_another_tenant_is_not_believed() {
    let mut event = Event::detection_finding(head(1, "X", "Y"), FindingInfo::new("1"));
    event.set_tenant(&TenantId::new("acme").unwrap()).set_reference(&EventRef::new("x", 0).unwrap());
    event.set_actor(Actor::of_user(User::named("jane")));
    let honest = signal_of(&event).unwrap();
    let mut other = honest.clone();
    other.tenant = TenantId::new("globex").unwrap();
    let mut info = FindingInfo::new(other.id.to_string());
    info.set_title("Y");
    event.set_finding_info(info);
    event.keep("homeostat_signal", &JsonText::new(serde_json::to_string(&other).unwrap()));
    assert_eq!(signal_of(&event).unwrap().tenant.as_str(), "acme");
}

#[test]
fn an_event_stays_small() {
    assert!(size_of::<Event>() <= 320, "{}", size_of::<Event>());
}

#[test]
fn debug_and_errors_show_no_value() {
    let mark = "MARKED-SECRET";
    let mut user = User::of_uid(mark);
    user.set_name(mark).set_email_addr(mark).set_attribute("custom", &JsonText::new(format!("\"{mark}\"")));
    let mut event = Event::authentication(head(1, mark, mark), user, SignInTo::Service(Service::named(mark)));
    event.set_message(mark).set_src_endpoint(NetworkEndpoint::of_ip(mark)).set_query(DnsQuery::new(mark));
    event.set_original_time(mark);
    event.keep("kept", &JsonText::new(mark));
    event.set_attribute("severity_id", &JsonText::new(format!("\"{mark}\"")));
    let shown = format!(
        "{event:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        event.user(),
        event.metadata(),
        event.actor(),
        event.targets(),
        event.origin(),
        event.dns(),
        validate(&event),
        event.entities(),
        event.unmapped("kept"),
    );
    assert!(!shown.contains(mark), "{shown}");
    assert!(shown.contains("WrongType"), "{shown}");
    assert!(validate(&event).iter().any(|broken| broken.value().is_some_and(|value| value.contains(mark))));
    let error = Event::from_json(&format!("{{\"{mark}\":{mark}}}")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(mark));
}
