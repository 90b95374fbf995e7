#![cfg(test)]
//! Every kind of entity key is made from where its identifier stands in an event, in its own scope.

use homeostat_event::{EntityKey, EntityKind, Event};
use std::collections::BTreeSet;

/// `members` of an event of `product`, of the tenant acme.
fn event(product: &str, members: &str) -> Event {
    let text = format!(
        r#"{{"time":1773649800000,"metadata":{{"product":{{"name":"{product}"}},"tenant_uid":"acme"}},{members}}}"#
    );
    Event::from_json(&text).unwrap()
}

/// Product, members of the event, and a key that it must name.
const CASES: [(&str, &str, &str); 66] = [
    (
        "Okta",
        r#""class_uid":3002,"user":{"uid":"00u1","name":"Jane@Acme.example"}"#,
        "upn:acme:jane@acme.example",
    ),
    (
        "Okta",
        r#""class_uid":3002,"user":{"uid":"00u1","name":"Jane@Acme.example"}"#,
        "email:acme:jane@acme.example",
    ),
    (
        "Mail",
        r#""class_uid":4009,"email":{"from":"<SMTP:Jane@Acme.example>","to":["x@y.example"]}"#,
        "email:acme:jane@acme.example",
    ),
    (
        "Mail",
        r#""class_uid":4009,"email":{"to":["\"Bob\" <Bob@Acme.example>"]}"#,
        "email:acme:bob@acme.example",
    ),
    (
        "Mail",
        r#""class_uid":4009,"email":{"message_uid":"<a1@mx.acme.example>"}"#,
        "message_id:acme:<a1@mx.acme.example>",
    ),
    ("Zeek", r#""class_uid":4001,"src_endpoint":{"hostname":"WS01.acme.example."}"#, "hostname:acme:ws01"),
    (
        "Zeek",
        r#""class_uid":4001,"src_endpoint":{"hostname":"WS01.acme.example."}"#,
        "fqdn:acme:ws01.acme.example",
    ),
    ("Zeek", r#""class_uid":4004,"src_endpoint":{"mac":"00-00-5E-00-53-01"}"#, "mac:acme:00:00:5e:00:53:01"),
    (
        "AWS",
        r#""class_uid":6003,"actor":{"user":{"uid":"arn:aws:iam::123456789012:user/j"},"session":{"credential_uid":"AKIAIOSFODNN7EXAMPLE"}}"#,
        "access_key:acme:AKIAIOSFODNN7EXAMPLE",
    ),
    (
        "AWS",
        r#""class_uid":6003,"actor":{"user":{"name":"j","credential_uid":"AKIAIOSFODNN7EXAMPLE"}}"#,
        "access_key:acme:AKIAIOSFODNN7EXAMPLE",
    ),
    (
        "Falco",
        r#""class_uid":1007,"device":{"hostname":"n1","container":{"uid":"c1","image":{"uid":"reg.example/web:1"}}}"#,
        "image:acme:reg.example/web:1",
    ),
    (
        "Falco",
        r#""class_uid":1007,"device":{"hostname":"N1","container":{"uid":"c1"}}"#,
        "container_id:n1:c1",
    ),
    (
        "Kubernetes",
        r#""class_uid":5023,"cloud":{"account":{"uid":"prod"}},"container":{"uid":"c1"}"#,
        "container_id:prod:c1",
    ),
    (
        "Windows Security",
        r#""class_uid":3002,"user":{"name":"Jane","domain":"ACME"},"device":{"hostname":"WS01"}"#,
        "sam:acme:jane",
    ),
    ("Windows Security", r#""class_uid":3002,"user":{"name":"ACME\\WS01$"}"#, "sam:acme:ws01$"),
    (
        "Windows Security",
        r#""class_uid":3002,"user":{"name":"Bob","domain":"WS01"},"device":{"hostname":"WS01.acme.example"}"#,
        "local_user:ws01.acme.example:bob",
    ),
    (
        "Windows Security",
        r#""class_uid":3002,"user":{"name":"SYSTEM","domain":"NT AUTHORITY"},"device":{"hostname":"WS01"}"#,
        "local_user:ws01:system",
    ),
    (
        "Linux auditd",
        r#""class_uid":1007,"actor":{"user":{"name":"root"}},"device":{"hostname":"web1"}"#,
        "local_user:web1:root",
    ),
    (
        "Linux auditd",
        r#""class_uid":1007,"actor":{"process":{"pid":1,"user":{"name":"root"}}},"device":{"hostname":"web1"}"#,
        "local_user:web1:root",
    ),
    (
        "Windows Security",
        r#""class_uid":3002,"user":{"uid":"S-1-5-21-1-2-3-1104"}"#,
        "sid:S-1-5-21-1-2-3:S-1-5-21-1-2-3-1104",
    ),
    (
        "Windows Security",
        r#""class_uid":3002,"user":{"uid":"S-1-5-18"},"device":{"hostname":"WS01"}"#,
        "sid:ws01:S-1-5-18",
    ),
    (
        "Microsoft Entra ID",
        r#""class_uid":3002,"user":{"uid":"6B1F1A6E-5A5F-4F6C-9C1E-000000000001","account":{"uid":"t1"}}"#,
        "directory_object_id:t1:6b1f1a6e-5a5f-4f6c-9c1e-000000000001",
    ),
    (
        "Microsoft Entra ID",
        r#""class_uid":3004,"actor":{"user":{"uid":"u1","account":{"uid":"t1"}}},"entity":{"uid":"A1","type":"Application"}"#,
        "app_object_id:t1:a1",
    ),
    (
        "Microsoft Entra ID",
        r#""class_uid":3004,"actor":{"user":{"uid":"u1","account":{"uid":"t1"}}},"entity":{"uid":"P1","type":"ServicePrincipal"}"#,
        "service_principal_id:t1:p1",
    ),
    (
        "Microsoft Entra ID",
        r#""class_uid":3002,"user":{"uid":"P1","type_id":4,"account":{"uid":"t1"}}"#,
        "service_principal_id:t1:p1",
    ),
    ("Microsoft Entra ID", r#""class_uid":3006,"group":{"uid":"G1","domain":"t1"}"#, "group_id:t1:g1"),
    (
        "Microsoft 365",
        r#""class_uid":6003,"actor":{"user":{"uid":"u1","account":{"uid":"t1"}}},"resources":[{"uid":"M1","type":"Mailbox"}]"#,
        "mailbox_id:t1:m1",
    ),
    (
        "Microsoft Entra ID",
        r#""class_uid":3002,"user":{"name":"a@b.example"},"service":{"uid":"00000003-0000-0000-C000-000000000000","name":"Graph"}"#,
        "app_id:entra:00000003-0000-0000-c000-000000000000",
    ),
    (
        "Bedrock",
        r#""class_uid":6003,"actor":{"user":{"name":"j"}},"ai_model":{"ai_provider":"Anthropic","name":"claude"}"#,
        "ai_model:anthropic:claude",
    ),
    ("AWS", r#""class_uid":6003,"resources":[{"uid":"123456789012"}]"#, "cloud_account:aws:123456789012"),
    ("Azure", r#""class_uid":6003,"resources":[{"uid":"/subscriptions/S1"}]"#, "cloud_account:entra:s1"),
    ("Google Cloud", r#""class_uid":6003,"resources":[{"uid":"projects/lab"}]"#, "cloud_account:google:lab"),
    (
        "AWS",
        r#""class_uid":6003,"actor":{"user":{"uid":"arn:aws:iam::123456789012:user/jane"}}"#,
        "iam_user_arn:123456789012:arn:aws:iam::123456789012:user/jane",
    ),
    (
        "AWS",
        r#""class_uid":6003,"actor":{"user":{"uid":"arn:aws:iam::123456789012:role/etl"}}"#,
        "iam_role_arn:123456789012:arn:aws:iam::123456789012:role/etl",
    ),
    (
        "AWS",
        r#""class_uid":3006,"group":{"uid":"arn:aws:iam::123456789012:group/ops"}"#,
        "iam_group_arn:123456789012:arn:aws:iam::123456789012:group/ops",
    ),
    (
        "AWS",
        r#""class_uid":6003,"actor":{"user":{"uid":"arn:aws:iam::123456789012:role/etl"},"session":{"uid":"night"}}"#,
        "role_session:123456789012:arn:aws:iam::123456789012:role/etl/night",
    ),
    (
        "AWS",
        r#""class_uid":6003,"resources":[{"uid":"arn:aws:s3:::acme-data"}]"#,
        "resource_arn:aws:arn:aws:s3:::acme-data",
    ),
    (
        "AWS",
        r#""class_uid":6003,"resources":[{"uid":"arn:aws:kms:eu-west-1:123456789012:key/1"}]"#,
        "resource_arn:123456789012:arn:aws:kms:eu-west-1:123456789012:key/1",
    ),
    (
        "AWS",
        r#""class_uid":6003,"cloud":{"account":{"uid":"123456789012"}},"resources":[{"uid":"i-0123456789abcdef0"}]"#,
        "instance_id:123456789012:i-0123456789abcdef0",
    ),
    (
        "Google Cloud",
        r#""class_uid":6003,"actor":{"user":{"email_addr":"x@y.example","name":"bot@lab.iam.gserviceaccount.com"}}"#,
        "gcp_service_account:lab:bot@lab.iam.gserviceaccount.com",
    ),
    (
        "Google Cloud",
        r#""class_uid":6003,"resources":[{"uid":"//compute.googleapis.com/projects/lab/zones/a/instances/1"}]"#,
        "gcp_resource:lab://compute.googleapis.com/projects/lab/zones/a/instances/1",
    ),
    (
        "Azure",
        r#""class_uid":6003,"resources":[{"uid":"/subscriptions/S1/resourceGroups/R"}]"#,
        "azure_resource:s1:/subscriptions/s1/resourcegroups/r",
    ),
    (
        "Kubernetes",
        r#""class_uid":6003,"actor":{"user":{"name":"system:serviceaccount:ns:cron","account":{"uid":"prod"}}}"#,
        "k8s_service_account:prod:ns:cron",
    ),
    (
        "Kubernetes",
        r#""class_uid":6003,"actor":{"user":{"name":"admin","account":{"uid":"prod"}}}"#,
        "k8s_user:prod:admin",
    ),
    (
        "Kubernetes",
        r#""class_uid":6003,"actor":{"user":{"name":"admin","account":{"uid":"prod"}}},"resources":[{"name":"web","namespace":"ns","type":"Pods"}]"#,
        "k8s_workload:prod:ns/pods/web",
    ),
    (
        "Kubernetes",
        r#""class_uid":6003,"actor":{"user":{"name":"admin","account":{"uid":"prod"}}},"resources":[{"name":"worker-1","type":"nodes"}]"#,
        "k8s_node:prod:worker-1",
    ),
    (
        "Windows Sysmon",
        r#""class_uid":1007,"device":{"hostname":"WS01"},"process":{"uid":"{A-1}","pid":7}"#,
        "process:ws01:{A-1}",
    ),
    (
        "Linux auditd",
        r#""class_uid":1007,"device":{"hostname":"web1"},"process":{"pid":7,"created_time":1773649800000}"#,
        "process:web1:7@2026-03-16T08:30:00.000000Z",
    ),
    (
        "Windows Sysmon",
        r#""class_uid":1001,"device":{"hostname":"WS01"},"file":{"name":"a.exe","path":"C:\\Temp\\a.exe"}"#,
        r"file:ws01:C:\Temp\a.exe",
    ),
    (
        "Windows Sysmon",
        r#""class_uid":1005,"device":{"hostname":"WS01"},"module":{"file":{"path":"C:\\a.dll"}}"#,
        r"file:ws01:C:\a.dll",
    ),
    (
        "Windows Security",
        r#""class_uid":3002,"user":{"uid":"S-1-5-21-1-2-3-4"},"session":{"uid":"0x3e7"},"device":{"hostname":"WS01"}"#,
        "logon_session:ws01:0x3e7",
    ),
    (
        "GitHub",
        r#""class_uid":6003,"actor":{"user":{"uid":"42","account":{"uid":"acme"}}}"#,
        "saas_user_id:github/acme:42",
    ),
    (
        "GitHub",
        r#""class_uid":6003,"actor":{"user":{"uid":"42","account":{"uid":"acme"}}},"resources":[{"uid":"acme/site"}]"#,
        "saas_object:github/acme:acme/site",
    ),
    (
        "GitHub",
        r#""class_uid":6003,"actor":{"user":{"uid":"42","account":{"uid":"acme"},"programmatic_credentials":[{"uid":"tok1"}]}}"#,
        "api_token:github/acme:tok1",
    ),
    (
        "Okta",
        r#""class_uid":3002,"user":{"uid":"00u1","account":{"uid":"acme-org"}},"session":{"uid":"102x"}"#,
        "web_session:okta/acme-org:102x",
    ),
    (
        "Falcon",
        r#""class_uid":2004,"device":{"uid":"d1","hostname":"WS01","org":{"uid":"o1"},"agent_list":[{"uid":"a1"}]}"#,
        "agent_id:falcon/-:a1",
    ),
    (
        "Falcon",
        r#""class_uid":2004,"device":{"uid":"d1","hostname":"WS01","org":{"uid":"o1"}}"#,
        "device_id:falcon/o1:d1",
    ),
    ("Zeek", r#""class_uid":4001,"src_endpoint":{"ip":"::ffff:203.0.113.7"}"#, "ip:internet:203.0.113.7"),
    ("Zeek", r#""class_uid":4001,"src_endpoint":{"ip":"10.0.0.7","vpc_uid":"vpc-1"}"#, "ip:vpc-1:10.0.0.7"),
    ("Zeek", r#""class_uid":4003,"query":{"hostname":"Evil.Example."}"#, "domain:internet:evil.example"),
    (
        "Zeek",
        r#""class_uid":4002,"http_request":{"url":{"url_string":"http://wiki.acme.example/a"}}"#,
        "domain:internet:wiki.acme.example",
    ),
    (
        "Zeek",
        r#""class_uid":4002,"http_request":{"url":{"url_string":"http://wiki.acme.example/a"}}"#,
        "url:internet:http://wiki.acme.example/a",
    ),
    (
        "Falcon",
        r#""class_uid":2004,"evidences":[{"file":{"name":"a","hashes":[{"algorithm_id":3,"value":"AB12"}]}}]"#,
        "file_hash:internet:sha256:ab12",
    ),
    (
        "Windows Security",
        r#""class_uid":1006,"device":{"hostname":"WS01"},"job":{"name":"\\Updater"}"#,
        r"native_id:windows_security:ws01/\Updater",
    ),
    (
        "Windows Sysmon",
        r#""class_uid":201002,"device":{"hostname":"WS01"},"reg_value":{"path":"HKLM\\Run","name":"x"}"#,
        r"native_id:windows_sysmon:ws01/HKLM\Run\x",
    ),
    ("Okta", r#""class_uid":3002,"user":{"uid":"00u1"},"service":{"name":"wiki"}"#, "native_id:okta:wiki"),
];

#[test]
fn every_kind_is_made_where_its_identifier_stands() {
    let mut made = BTreeSet::new();
    for (product, members, expected) in CASES {
        let event = event(product, members);
        let keys: Vec<_> = event.entities().into_iter().map(|(key, _)| key).collect();
        let found = keys.iter().find(|key| key.to_string() == expected);
        let shown: Vec<_> = keys.iter().map(ToString::to_string).collect();
        made.insert(found.unwrap_or_else(|| panic!("{expected} is none of {shown:?}")).kind());
    }
    let missing: Vec<_> = EntityKind::ALL.into_iter().filter(|kind| !made.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn placeholders_name_nobody() {
    for members in [
        r#""class_uid":3002,"user":{"name":"-","uid":"00000000-0000-0000-0000-000000000000"}"#,
        r#""class_uid":4001,"src_endpoint":{"ip":"127.0.0.1","hostname":"unknown"}"#,
        r#""class_uid":3002,"user":{"uid":"S-1-5-18"}"#,
        r#""class_uid":4009,"email":{"from":"<>","to":["n/a"]}"#,
    ] {
        assert_eq!(event("Windows Security", members).entities(), [], "{members}");
    }
    let anonymous = r#""class_uid":6003,"actor":{"user":{"name":"system:anonymous"}}"#;
    assert_eq!(event("Kubernetes", anonymous).entities(), []);
}

/// One person: at the directory, at the mail system, in two applications and on a cloud.
const PERSON: [(&str, &str); 5] = [
    (
        "Okta",
        r#""class_uid":3002,"user":{"uid":"00u1","name":"Jane.Doe@acme.example","account":{"uid":"acme-org"}}"#,
    ),
    (
        "Microsoft Entra ID",
        r#""class_uid":3002,"user":{"uid":"6b1f1a6e-0000-4f6c-9c1e-000000000001","name":"jane.doe@ACME.example"}"#,
    ),
    (
        "Google Workspace",
        r#""class_uid":6003,"actor":{"user":{"uid":"1077","email_addr":"jane.doe@acme.example"}}"#,
    ),
    (
        "Message trace",
        r#""class_uid":4009,"email":{"from":"Jane <SMTP:jane.doe@acme.example>","to":["x@y.example"]}"#,
    ),
    ("AWS", r#""class_uid":6003,"actor":{"user":{"uid":"4oK0mAG1FLKhTfQ=:Jane.Doe@acme.example"}}"#),
];

#[test]
fn one_person_in_five_sources_gives_a_key_that_joins() {
    let joined = EntityKey::new(EntityKind::Email, "acme", "jane.doe@acme.example").unwrap();
    for (product, members) in PERSON {
        let event = event(product, members);
        let actor = event.actor().unwrap();
        assert!(actor.keys().contains(&joined), "{product}: {actor:?}");
        assert!(!actor.stands_in());
    }
}
