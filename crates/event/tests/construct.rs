#![cfg(test)]
//! What the constructors make is valid OCSF 1.8.0, and setters keep it so.

use homeostat_event::{
    Account, Actor, Analytic, Api, AuthFactor, AutonomousSystem, Certificate, ClassUid, Cloud, Container,
    Device, DeviceId, DnsAnswer, DnsQuery, Ends, Event, Evidence, File, FindingInfo, Fingerprint, Group,
    Head, HttpRequest, HttpResponse, Idp, JsonText, Level, Location, Malware, ManagedEntity,
    NetworkConnectionInfo, NetworkEndpoint, Observable, Os, Outcome, Policy, Process, Product,
    ProgrammaticCredential, RelatedEvent, ResourceDetails, Response, Rule, Service, Session, SignInTo,
    Technique, Timestamp, Tls, Url, User, validate,
};

fn events(activity: u32) -> Vec<Event> {
    let head =
        || Head::new(activity, Timestamp::from_micros(1_773_650_000_123_456), Product::new("Acme", "Login"));
    let jane = || User::of_uid("u1");
    let here = || NetworkEndpoint::of_ip("192.0.2.7");
    let there = || NetworkEndpoint::of_hostname("srv1.acme.example");
    vec![
        Event::base_event(head()),
        Event::authentication(head(), jane(), SignInTo::Service(Service::named("wiki"))),
        Event::authentication(head(), User::of_account(Account::named("ops")), SignInTo::Endpoint(there())),
        Event::account_change(head(), User::named("jane")),
        Event::entity_management(head(), ManagedEntity::named("policy 7")),
        Event::user_access(head(), jane(), "admin"),
        Event::group_management(head(), Group::of_uid("g1")),
        Event::network_activity(head(), Ends::Both(here(), there())),
        Event::network_activity(head(), Ends::Source(NetworkEndpoint::of_interface("eni-1"))),
        Event::dns_activity(head(), Ends::Destination(there())),
        Event::api_activity(
            head(),
            Actor::of_app("scheduler"),
            Api::new("Run"),
            NetworkEndpoint::of_service("x"),
        ),
        Event::detection_finding(head(), FindingInfo::new("f1")),
    ]
}

/// Sets everything that every class takes, with each object at its smallest.
fn furnish(event: &mut Event) {
    let mut cloud = Cloud::new("AWS");
    cloud.set_region("eu-west-1").set_account(Account::of_uid("1"));
    let mut device = Device::new(0, DeviceId::Name("laptop".into()));
    device.set_os(Os::new("Linux", 200)).set_location(Location::in_city("Bern"));
    event
        .set_cloud(cloud)
        .set_device(device)
        .set_message("hello")
        .set_status_code("E1")
        .set_status_detail("no");
    event.set_outcome(Outcome::Other, Some("CHALLENGE")).set_action_id(2).set_disposition_id(2);
    event.set_observables(vec![Observable::new("message", 99), Observable::new("cloud.account.uid", 35)]);
    event.set_count(3).set_duration(17_i64).set_start_time(Timestamp::from_millis(5)).set_raw_data("raw");
    event.set_attacks(vec![homeostat_event::Attack::by(&Technique::parse("T1098.001").unwrap())]);
    event.set_attribute("time_dt", &JsonText::new("\"2026-03-16T08:33:20.123Z\""));
    event.keep("left", &JsonText::new("{\"over\":null}"));
}

#[test]
fn every_constructor_gives_a_valid_event_of_every_activity() {
    for activity in 0..=13 {
        for mut event in events(activity) {
            if event.class_uid().activity_name(activity).is_none() {
                assert!(validate(&event).iter().any(|broken| broken.rule() == Rule::EnumUnknown));
                continue;
            }
            assert_eq!(validate(&event), [], "{event:?}");
            furnish(&mut event);
            let broken = validate(&event);
            let told_99 = |path: &str| path == "observables[0].type_id";
            assert!(broken.iter().all(|broken| told_99(broken.path())), "{event:?} {broken:?}");
            assert!(Event::from_json(&event.to_json()).unwrap() == event);
        }
    }
}

#[test]
fn every_object_is_valid_where_it_stands() {
    let mut event = events(1).swap_remove(11);
    let mut evidence = Evidence::of_actor(Actor::of_process(Process::of_pid(7)));
    let mut tls = Tls::new("1.2");
    tls.set_certificate(Certificate::new("CN=acme", "01"));
    let mut file = File::new("a.exe", 8);
    file.set_hashes(vec![Fingerprint::new(3, "00ff")]);
    let mut endpoint = NetworkEndpoint::of_domain("acme.example");
    endpoint.set_autonomous_system(AutonomousSystem::of_number(64_500)).set_owner(User::named("jane"));
    evidence.set_tls(tls).set_file(file).set_src_endpoint(endpoint).set_query(DnsQuery::new("acme.example"));
    evidence.set_connection_info(NetworkConnectionInfo::new(2)).set_url(Url::new("https://acme.example/"));
    evidence.set_http_request(HttpRequest::new()).set_http_response(HttpResponse::new(200));
    evidence
        .set_resources(vec![ResourceDetails::named("r")])
        .set_device(Device::new(2, DeviceId::Ip("192.0.2.7".into())));
    let mut api = Api::new("Get");
    api.set_response(Response::new());
    evidence.set_api(api);
    let mut user = User::told(None, Some("jane")).unwrap();
    user.set_programmatic_credentials(vec![ProgrammaticCredential::of_uid("k")])
        .set_groups(vec![Group::named("g")]);
    let mut actor = Actor::of_session(Session::new());
    actor.set_idp(Idp::named("okta")).set_user(user);
    let mut info = FindingInfo::new("f2");
    info.set_analytic(Analytic::new("rule", 1)).set_related_events(vec![RelatedEvent::new("a#1")]);
    event.set_finding_info(info).set_evidences(vec![evidence]).set_actor(actor);
    event.set_policy(Policy::named("p"));
    assert_eq!(validate(&event), []);

    let mut event = events(1).swap_remove(9);
    event.set_answers(vec![DnsAnswer::new("192.0.2.1")]).set_malware(vec![Malware::new("m", vec![1])]);
    event.set_attribute("container", &JsonText::new("{\"uid\":\"c\"}"));
    assert_eq!(Container::of_uid("c").uid(), Some("c"));
    assert!(
        validate(&event)
            .iter()
            .all(|broken| broken.rule() == Rule::AttributeUnknown && broken.path() == "container")
    );

    let mut event = events(1).swap_remove(1);
    event.set_auth_factors(vec![AuthFactor::new(1)]).set_logon_type_id(3).set_auth_protocol_id(5);
    assert_eq!(validate(&event), []);
}

#[test]
fn setting_a_profiles_attribute_names_the_profile_once() {
    let mut event = events(1).swap_remove(7);
    event
        .set_cloud(Cloud::new("AWS"))
        .set_cloud(Cloud::new("GCP"))
        .set_actor(Actor::of_app("x"))
        .set_action_id(1);
    let profiles: Vec<_> =
        event.metadata().unwrap().profiles().iter().map(homeostat_event::Str::as_str).collect();
    assert_eq!(profiles, ["cloud", "host", "security_control"]);
    assert_eq!(event.class_uid(), ClassUid::NETWORK_ACTIVITY);
}

#[test]
fn other_activities_and_times_that_are_none() {
    let head = Head::other("Frobnicate", Timestamp::UNKNOWN, Product::new("Acme", "Login"));
    let mut event = Event::base_event(head);
    assert_eq!((event.activity_id(), event.type_uid(), event.action()), (99, Some(99), "Frobnicate"));
    assert_eq!(validate(&event), []);
    let read = Event::from_json(&event.to_json()).unwrap();
    assert_eq!(read.when(), Timestamp::UNKNOWN);
    event.set_original_time("16/Mar/2026");
    let read = Event::from_json(&event.to_json()).unwrap();
    assert_eq!(
        (read.when(), read.metadata().unwrap().original_time()),
        (Timestamp::UNKNOWN, Some("16/Mar/2026"))
    );
}

#[track_caller]
fn check(text: &str, expected: &[(Rule, &str)]) {
    let broken = validate(&Event::from_json(text).unwrap());
    let found: Vec<_> = broken.iter().map(|broken| (broken.rule(), broken.path())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn each_rule_is_told_with_its_path() {
    let base = r#""activity_id":1,"category_uid":0,"class_uid":0,"severity_id":1,"time":1,"type_uid":1,"metadata":{"version":"1.8.0","product":{"name":"x"}}"#;
    let other = base
        .replace(r#""activity_id":1"#, r#""activity_id":99"#)
        .replace(r#""type_uid":1"#, r#""type_uid":99"#);
    let with = |more: &str| format!("{{{other},\"activity_name\":\"x\"{more}}}");
    check(&with(""), &[]);
    check("{\"class_uid\":31}", &[(Rule::ClassUnknown, "class_uid")]);
    check("{\"class_uid\":\"0\"}", &[(Rule::ClassUnknown, "class_uid")]);
    check(&with(",\"zeek\":1"), &[(Rule::AttributeUnknown, "zeek")]);
    check(&with(",\"count\":1.0"), &[(Rule::WrongType, "count")]);
    check(&with(",\"count\":9223372036854775808"), &[(Rule::WrongType, "count")]);
    check(&with(",\"observables\":{}"), &[(Rule::WrongType, "observables")]);
    check(&with(",\"status_id\":7"), &[(Rule::EnumUnknown, "status_id")]);
    check(&with(",\"status_id\":99"), &[(Rule::Sibling, "status_id")]);
    check(&with(",\"status_id\":1,\"status\":\"Failure\""), &[(Rule::Sibling, "status_id")]);
    check(&with(",\"class_name\":\"Authentication\""), &[(Rule::Sibling, "class_name")]);
    check(
        &with(",\"observables\":[{\"name\":\"a.b\",\"type_id\":1}]"),
        &[(Rule::ObservableName, "observables[0].name")],
    );
    check(&with(",\"observables\":[{\"name\":\"metadata.product.name\",\"type_id\":1}]"), &[]);
    check(
        &with(",\"observables\":[{\"name\":\"observables[0].name\",\"type_id\":1},{}]"),
        &[(Rule::RequiredMissing, "observables[1].type_id")],
    );
    check(
        &with(",\"device\":{\"type_id\":0,\"ip\":\"x\"}"),
        &[(Rule::ProfileNotApplied, "device"), (Rule::Form, "device.ip")],
    );
    check(
        &with(&format!(",\"raw_data_hash\":{{\"algorithm_id\":3,\"value\":{}}}", "null")),
        &[(Rule::RequiredMissing, "raw_data_hash.value")],
    );
    let wrong = base
        .replace(r#""type_uid":1"#, r#""type_uid":2"#)
        .replace(r#""category_uid":0"#, r#""category_uid":3"#);
    check(
        &format!("{{{wrong}}}"),
        &[
            (Rule::EnumUnknown, "activity_id"),
            (Rule::EnumUnknown, "category_uid"),
            (Rule::TypeUid, "type_uid"),
            (Rule::CategoryUid, "category_uid"),
        ],
    );
    assert_eq!((Rule::Form.level(), Rule::JustOne.level()), (Level::Warning, Level::Error));
}
