//! What single events assert, and the same story told by events.

#![cfg(test)]

use homeostat_core::{EntityKey, EntityKind, EventRef, Position, TenantId, Timestamp};
use homeostat_event::Event;
use homeostat_identity::{
    Directory, EntityClass, Link, LinkKind, Strength, credentials_made, facts_of, links_of,
};

const ACCOUNT: &str = "123456789012";

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn event(record: u64, body: &str) -> Event {
    let mut event = Event::from_json(body).unwrap();
    event.set_tenant(&acme());
    event.set_reference(&EventRef::new("log.jsonl", record).unwrap());
    event
}

/// A sign-in to Okta.
fn sign_in() -> Event {
    event(
        1,
        r#"{"class_uid":3002,"category_uid":3,"activity_id":1,"status_id":1,"time":1773648000000,
        "metadata":{"version":"1.8.0","product":{"name":"Okta","vendor_name":"Okta"}},
        "actor":{"user":{"uid":"00u1jane","name":"jane@acme.example","email_addr":"jane@acme.example",
          "account":{"uid":"acme.okta.example"}},"session":{"uid":"102abc"}},
        "user":{"uid":"00u1jane","name":"jane@acme.example","account":{"uid":"acme.okta.example"}},
        "src_endpoint":{"ip":"203.0.113.9"}}"#,
    )
}

/// A call of AWS: the caller as OCSF tells it, and the source's own parameters.
fn call(record: u64, operation: &str, actor: &str, unmapped: &str) -> Event {
    event(
        record,
        &format!(
            r#"{{"class_uid":6003,"category_uid":6,"activity_id":99,"status_id":1,"time":1773651600000,
            "metadata":{{"version":"1.8.0","event_code":"{operation}","product":{{"name":"CloudTrail","vendor_name":"AWS"}}}},
            "cloud":{{"provider":"AWS","account":{{"uid":"{ACCOUNT}"}}}},
            "api":{{"operation":"{operation}"}},"actor":{actor},"unmapped":{unmapped}}}"#
        ),
    )
}

fn iam_user(name: &str, key: &str) -> String {
    format!(
        r#"{{"user":{{"uid":"arn:aws:iam::{ACCOUNT}:user/{name}","account":{{"uid":"{ACCOUNT}"}}}},
        "session":{{"credential_uid":"{key}"}}}}"#
    )
}

fn role_session(role: &str, name: &str, key: &str) -> String {
    format!(
        r#"{{"user":{{"uid":"arn:aws:iam::{ACCOUNT}:role/{role}","account":{{"uid":"{ACCOUNT}"}}}},
        "session":{{"uid":"{name}","credential_uid":"{key}"}}}}"#
    )
}

fn assume(role: &str, session: &str, key: &str) -> String {
    format!(
        r#"{{"requestParameters":{{"roleArn":"arn:aws:iam::{ACCOUNT}:role/{role}","roleSessionName":"{session}"}},
        "responseElements":{{"credentials":{{"accessKeyId":"{key}"}}}}}}"#
    )
}

fn told(links: &[Link]) -> Vec<String> {
    let short = |key: &EntityKey| {
        let value = key.value().rsplit_once('/').map_or(key.value(), |(_, last)| last);
        format!("{} {value}", key.kind())
    };
    let line = |link: &Link| {
        let arrow = match link.kind {
            LinkKind::SameAs => "=",
            LinkKind::ActsFor => "->",
            LinkKind::LoggedOn => "on",
            LinkKind::Leases => "of",
            LinkKind::Owns => "owns",
            LinkKind::Runs => "runs",
        };
        let rule = if link.strength == Strength::Rule { " by rule" } else { "" };
        format!("{} {arrow} {}{rule}", short(&link.a), short(&link.b))
    };
    links.iter().map(line).collect()
}

#[track_caller]
fn check(event: &Event, expected: &[&str]) {
    assert_eq!(told(&links_of(event)), expected);
}

#[test]
fn one_actor_has_one_entity_and_a_session_of_its_own() {
    check(
        &sign_in(),
        &[
            "directory_object_id 00u1jane = upn jane@acme.example",
            "directory_object_id 00u1jane = email jane@acme.example",
            "web_session 102abc -> directory_object_id 00u1jane",
        ],
    );
}

#[test]
fn a_key_acts_for_its_user_and_a_taken_role_for_its_caller() {
    let user = iam_user("jane", "AKIAJANE");
    check(&call(2, "ListBuckets", &user, "{}"), &["access_key AKIAJANE -> iam_user_arn jane"]);
    check(
        &call(3, "AssumeRole", &user, &assume("etl", "nightly", "ASIANIGHT")),
        &[
            "access_key AKIAJANE -> iam_user_arn jane",
            "role_session nightly -> iam_role_arn etl",
            "access_key ASIANIGHT -> role_session nightly",
            "role_session nightly -> iam_user_arn jane",
        ],
    );
    let chained = role_session("etl", "nightly", "ASIANIGHT");
    check(
        &call(4, "AssumeRole", &chained, &assume("admin", "up", "ASIAUP")),
        &[
            "role_session nightly -> iam_role_arn etl",
            "access_key ASIANIGHT -> role_session nightly",
            "role_session up -> iam_role_arn admin",
            "access_key ASIAUP -> role_session up",
            "role_session up -> role_session nightly",
        ],
    );
}

#[test]
fn a_session_name_tells_a_person_only_where_a_provider_set_it() {
    let federated = r#"{"user":{"name":"jane@acme.example"}}"#;
    let taken = assume("sso", "jane@acme.example", "ASIASSO");
    let by_rule = "role_session jane@acme.example -> upn jane@acme.example by rule";
    let saml = told(&links_of(&call(5, "AssumeRoleWithSAML", federated, &taken)));
    assert!(saml.contains(&by_rule.to_owned()), "{saml:?}");
    let chosen = told(&links_of(&call(6, "AssumeRole", &iam_user("mallory", "AKIAM"), &taken)));
    assert!(!chosen.contains(&by_rule.to_owned()), "the caller chose that name: {chosen:?}");
    let center = role_session("AWSReservedSSO_Admin_0a1b", "jane@acme.example", "ASIAC");
    let kept = told(&links_of(&call(7, "ListBuckets", &center, "{}")));
    assert!(kept.contains(&by_rule.to_owned()), "{kept:?}");
}

#[test]
fn what_failed_or_names_no_record_asserts_nothing() {
    let mut denied = call(8, "AssumeRole", &iam_user("jane", "AKIAJANE"), &assume("etl", "x", "ASIAX"));
    denied.set_outcome(homeostat_core::Outcome::Failure, None);
    check(&denied, &["access_key AKIAJANE -> iam_user_arn jane"]);
    let unnamed = Event::from_json(&sign_in().to_json().replace("homeostat_ref", "other")).unwrap();
    check(&unnamed, &[]);
}

#[test]
fn a_key_made_for_another_acts_for_the_other() {
    let body = call(
        9,
        "CreateAccessKey",
        &iam_user("mallory", "AKIAM"),
        r#"{"requestParameters":{"userName":"svc"},
        "responseElements":{"accessKey":{"accessKeyId":"AKIANEW","userName":"svc"}}}"#,
    );
    check(&body, &["access_key AKIAM -> iam_user_arn mallory"]);
    let with_target = body.to_json().replace(
        r#""api":"#,
        &format!(r#""resources":[{{"uid":"arn:aws:iam::{ACCOUNT}:user/svc"}}],"api":"#),
    );
    let with_target = Event::from_json(&with_target).unwrap();
    check(
        &with_target,
        &["access_key AKIAM -> iam_user_arn mallory", "access_key AKIANEW -> iam_user_arn svc"],
    );
}

#[test]
fn a_call_tells_the_credentials_it_answered_with() {
    let made =
        |event: &Event| credentials_made(event).iter().map(|key| key.value().to_owned()).collect::<Vec<_>>();
    let mut taken = call(20, "AssumeRole", &iam_user("jane", "AKIAJANE"), &assume("etl", "x", "ASIAX"));
    assert_eq!(made(&taken), ["ASIAX"]);
    taken.set_outcome(homeostat_core::Outcome::Failure, None);
    assert!(made(&taken).is_empty(), "who is refused gets nothing");
    let answer = r#"{"responseElements":{"accessKey":{"accessKeyId":"AKIANEW","userName":"svc"}}}"#;
    assert_eq!(made(&call(21, "CreateAccessKey", &iam_user("mallory", "AKIAM"), answer)), ["AKIANEW"]);
    let other = call(22, "UpdateAccessKey", &iam_user("mallory", "AKIAM"), answer);
    assert!(made(&other).is_empty(), "no other call makes one");
}

#[test]
fn a_machine_has_names_and_borrows_its_addresses() {
    let logon = event(
        10,
        r#"{"class_uid":3002,"category_uid":3,"activity_id":1,"status_id":1,"time":1773648000000,
        "metadata":{"version":"1.8.0","product":{"name":"Security","vendor_name":"Windows"}},
        "user":{"uid":"S-1-5-21-1-2-3-1104","name":"jane","domain":"CORP"},
        "device":{"hostname":"WS-7.corp.example","ip":"10.0.0.7","mac":"00-00-5E-00-53-07"}}"#,
    );
    check(
        &logon,
        &[
            "sid S-1-5-21-1-2-3-1104 = sam jane",
            "fqdn ws-7.corp.example = hostname ws-7",
            "fqdn ws-7.corp.example owns mac 00:00:5e:00:53:07",
            "ip 10.0.0.7 of fqdn ws-7.corp.example",
            "sid S-1-5-21-1-2-3-1104 on fqdn ws-7.corp.example",
        ],
    );
    let mut directory = Directory::new(acme());
    directory.observe_event(Position::at(0), &logon).unwrap();
    let address = EntityKey::ip("acme", "10.0.0.7").unwrap();
    let fqdn = EntityKey::new(EntityKind::Fqdn, "acme", "ws-7.corp.example").unwrap();
    let holder = directory.holder(&address, logon.when());
    assert!(holder.is_some() && holder == directory.resolve(&fqdn, Timestamp::NEVER));
    assert_eq!(directory.holder(&address, Timestamp::NEVER), None);
}

/// An exchange with a server that leases addresses, in which the machine is `client`.
fn lease(record: u64, activity: u32, client: &str) -> Event {
    event(
        record,
        &format!(
            r#"{{"class_uid":4004,"category_uid":4,"activity_id":{activity},"time":1773648000000,"lease_dur":28800,
            "metadata":{{"version":"1.8.0","product":{{"name":"Zeek","vendor_name":"Zeek"}}}},
            "src_endpoint":{client},"dst_endpoint":{{"ip":"10.0.0.2"}}}}"#
        ),
    )
}

#[test]
fn a_leased_address_is_the_machines_for_the_time_of_the_lease() {
    let client = r#"{"ip":"10.0.0.7","mac":"00:00:5e:00:53:07","hostname":"ws-7.corp.example"}"#;
    let given = lease(20, 5, client);
    check(
        &given,
        &[
            "fqdn ws-7.corp.example = hostname ws-7",
            "fqdn ws-7.corp.example owns mac 00:00:5e:00:53:07",
            "ip 10.0.0.7 of fqdn ws-7.corp.example",
        ],
    );
    let nameless = r#"{"ip":"10.0.0.7","mac":"00:00:5e:00:53:07"}"#;
    check(&lease(21, 5, nameless), &["ip 10.0.0.7 of mac 00:00:5e:00:53:07"]);
    check(&lease(22, 2, client), &[]);
    check(&lease(23, 6, client), &[]);
    check(&lease(24, 7, client), &[]);

    let mut directory = Directory::new(acme());
    directory.observe_event(Position::at(0), &given).unwrap();
    let address = EntityKey::ip("acme", "10.0.0.7").unwrap();
    let host = EntityKey::new(EntityKind::Hostname, "acme", "ws-7").unwrap();
    let after = |seconds: u64| given.when().plus(std::time::Duration::from_secs(seconds)).unwrap();
    let holder = directory.holder(&address, after(28_799));
    assert!(holder.is_some() && holder == directory.resolve(&host, Timestamp::NEVER));
    assert_eq!(directory.holder(&address, after(28_800)), None);
}

#[test]
fn who_signs_in_from_a_known_machine_was_there_and_is_not_it() {
    let body = sign_in().to_json().replace(
        r#""src_endpoint":"#,
        r#""device":{"uid":"guo1","hostname":"WS-7","type_id":0,"org":{"uid":"acme.okta.example"}},"src_endpoint":"#,
    );
    let mut links = told(&links_of(&event(25, &body)));
    links.drain(..2);
    assert_eq!(
        links,
        [
            "web_session 102abc -> directory_object_id 00u1jane",
            "device_id guo1 = hostname ws-7",
            "directory_object_id 00u1jane on device_id guo1",
        ]
    );
}

#[test]
fn an_iam_user_and_its_name_are_one() {
    let actor = iam_user("staff/jane", "AKIAJANE").replace(r#""account""#, r#""name":"jane","account""#);
    check(
        &call(26, "ListBuckets", &actor, "{}"),
        &["iam_user_arn jane = native_id jane", "access_key AKIAJANE -> iam_user_arn jane"],
    );
}

#[test]
fn services_are_told_from_persons() {
    let service = call(
        11,
        "ListBuckets",
        r#"{"user":{"uid":"backup@acme.iam.gserviceaccount.com","type_id":4}}"#,
        "{}",
    );
    let machine = facts_of(&service);
    assert!(
        machine
            .iter()
            .any(|fact| matches!(fact, homeostat_identity::Fact::Class(_, EntityClass::ServiceAccount)))
    );
}

#[test]
fn events_alone_lead_from_a_key_in_the_cloud_to_the_person_who_signed_in() {
    let mut directory = Directory::new(acme());
    let federated = r#"{"user":{"name":"jane@acme.example"}}"#;
    let events = [
        sign_in(),
        call(12, "AssumeRoleWithSAML", federated, &assume("sso", "jane@acme.example", "ASIASSO")),
        call(
            13,
            "AssumeRole",
            &role_session("sso", "jane@acme.example", "ASIASSO"),
            &assume("admin", "up", "ASIAUP"),
        ),
    ];
    for (offset, event) in events.iter().enumerate() {
        directory.observe_event(Position::at(offset as u64), event).unwrap();
    }
    let key = EntityKey::new(EntityKind::AccessKey, "acme", "ASIAUP").unwrap();
    let number = EntityKey::new(EntityKind::DirectoryObjectId, "acme.okta.example", "00u1jane").unwrap();
    let behind = directory.behind(&key, Timestamp::NEVER);
    assert_eq!(behind.len(), 1);
    assert_eq!(Some(behind[0].id), directory.resolve(&number, Timestamp::NEVER));
    let kinds: std::collections::BTreeSet<EntityKind> = directory
        .aliases()
        .into_iter()
        .find(|entity| entity.id == behind[0].id)
        .unwrap()
        .identifiers
        .iter()
        .map(EntityKey::kind)
        .collect();
    let six = [
        EntityKind::Upn,
        EntityKind::Email,
        EntityKind::AccessKey,
        EntityKind::DirectoryObjectId,
        EntityKind::RoleSession,
        EntityKind::WebSession,
    ];
    assert_eq!(kinds, six.into());
}
