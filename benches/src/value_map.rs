//! What most programs do: read a CloudTrail record as a `serde_json::Value`, pick out what OCSF asks for by hand,
//! write it. The peer of the real mapping, which does more (classes, roles, resources of parameters, secrets).

use serde_json::{Map, Value, json};

/// The record `bytes` as an API activity of OCSF; `None` when it is no record.
pub fn value_map(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut record: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let operation = record.remove("eventName")?.as_str()?.to_owned();
    let at = record.remove("eventTime")?;
    let activity = activity_of(&operation);
    let failed = record.contains_key("errorCode");
    let mut identity = match record.remove("userIdentity") {
        Some(Value::Object(identity)) => identity,
        _ => Map::new(),
    };
    let account = record.remove("recipientAccountId");
    let event = json!({
        "activity_id": activity, "category_uid": 6, "class_uid": 6003, "type_uid": 600_300 + activity,
        "severity_id": 1, "time": millis(at.as_str()?), "status_id": if failed { 2 } else { 1 },
        "status_code": record.remove("errorCode"), "status_detail": record.remove("errorMessage"),
        "metadata": {
            "uid": record.remove("eventID"), "version": "1.8.0", "original_time": at, "profiles": ["cloud"],
            "product": { "name": "CloudTrail", "vendor_name": "AWS" }, "log_version": record.remove("eventVersion"),
        },
        "actor": {
            "user": {
                "uid": identity.remove("arn"), "name": identity.remove("userName"),
                "uid_alt": identity.remove("principalId"), "type": identity.remove("type"),
                "account": { "uid": identity.remove("accountId") },
            },
            "session": { "credential_uid": identity.remove("accessKeyId") },
            "app_name": identity.remove("invokedBy"),
        },
        "api": {
            "operation": operation, "service": { "name": record.remove("eventSource") },
            "request": { "uid": record.remove("requestID") },
        },
        "cloud": { "provider": "AWS", "region": record.remove("awsRegion"), "account": { "uid": account } },
        "src_endpoint": { "ip": record.remove("sourceIPAddress") },
        "http_request": { "user_agent": record.remove("userAgent") },
        "resources": resources(record.remove("resources")),
        "unmapped": record,
    });
    serde_json::to_vec(&event).ok()
}

fn activity_of(operation: &str) -> u32 {
    let starts = |words: &[&str]| words.iter().any(|word| operation.starts_with(word));
    if starts(&["Get", "List", "Describe", "Head"]) {
        2
    } else if starts(&["Create", "Put", "Run", "Start"]) {
        1
    } else if starts(&["Update", "Modify", "Attach", "Set"]) {
        3
    } else if starts(&["Delete", "Remove", "Terminate", "Detach"]) {
        4
    } else {
        99
    }
}

fn millis(text: &str) -> Option<i64> {
    text.parse::<homeostat_core::Timestamp>().ok()?.millis()
}

fn resources(list: Option<Value>) -> Option<Value> {
    let Some(Value::Array(list)) = list else { return None };
    let named = list.into_iter().map(|mut resource| {
        let mut part = |name: &str| resource.get_mut(name).map(Value::take);
        json!({ "uid": part("ARN"), "type": part("type"), "owner": { "account": { "uid": part("accountId") } } })
    });
    Some(named.collect())
}

#[cfg(test)]
mod tests {
    use super::value_map;

    #[test]
    fn a_record_becomes_an_api_activity() {
        let record =
            br#"{"eventName":"GetObject","eventTime":"2026-03-16T08:30:00Z","eventID":"e-1","x":[1]}"#;
        let event: serde_json::Value = serde_json::from_slice(&value_map(record).unwrap()).unwrap();
        assert_eq!((&event["type_uid"], &event["time"]), (&600_302.into(), &1_773_649_800_000_i64.into()));
        assert_eq!((&event["metadata"]["uid"], &event["unmapped"]["x"][0]), (&"e-1".into(), &1.into()));
    }
}
