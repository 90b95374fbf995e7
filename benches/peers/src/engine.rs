//! The Vector Remap Language running a small map of CloudTrail to OCSF, as its users write it.

use std::collections::BTreeMap;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Program, TargetValue, TimeZone};
use vrl::value::{KeyString, Secrets, Value};

/// The map: class, activity, actor, endpoint, time, status, interface, resources; the rest is kept.
const MAP: &str = r#"
r = object!(parse_json!(string!(.message)))
name = string!(r.eventName)
activity = if match_any(name, [r'^Get', r'^List', r'^Describe', r'^Head']) { 2 } else if match_any(name, [r'^Create', r'^Put', r'^Run', r'^Start']) { 1 } else if match_any(name, [r'^Update', r'^Modify', r'^Attach', r'^Set']) { 3 } else if match_any(name, [r'^Delete', r'^Remove', r'^Terminate', r'^Detach']) { 4 } else { 99 }
status = if exists(r.errorCode) { 2 } else { 1 }
at = parse_timestamp!(r.eventTime, format: "%+")
resources = if is_array(r.resources) { map_values(array!(r.resources)) -> |resource| { {"uid": resource.ARN, "type": resource.type, "owner": {"account": {"uid": resource.accountId}}} } } else { null }
event = {
  "activity_id": activity, "category_uid": 6, "class_uid": 6003, "type_uid": 600300 + activity,
  "severity_id": 1, "time": to_unix_timestamp(at, unit: "milliseconds"), "status_id": status,
  "status_code": r.errorCode, "status_detail": r.errorMessage,
  "metadata": {
    "uid": r.eventID, "version": "1.8.0", "original_time": r.eventTime, "profiles": ["cloud"],
    "product": {"name": "CloudTrail", "vendor_name": "AWS"}, "log_version": r.eventVersion
  },
  "actor": {
    "user": {
      "uid": r.userIdentity.arn, "name": r.userIdentity.userName, "uid_alt": r.userIdentity.principalId,
      "type": r.userIdentity.type, "account": {"uid": r.userIdentity.accountId}
    },
    "session": {"credential_uid": r.userIdentity.accessKeyId}, "app_name": r.userIdentity.invokedBy
  },
  "api": {"operation": name, "service": {"name": r.eventSource}, "request": {"uid": r.requestID}},
  "cloud": {"provider": "AWS", "region": r.awsRegion, "account": {"uid": r.recipientAccountId}},
  "src_endpoint": {"ip": r.sourceIPAddress}, "http_request": {"user_agent": r.userAgent},
  "resources": resources,
  "unmapped": {
    "requestParameters": r.requestParameters, "responseElements": r.responseElements,
    "additionalEventData": r.additionalEventData, "readOnly": r.readOnly, "eventType": r.eventType,
    "managementEvent": r.managementEvent, "sharedEventID": r.sharedEventID, "eventCategory": r.eventCategory
  }
}
. = event
"#;

/// The compiled map.
pub struct Engine {
    program: Program,
}

impl Engine {
    /// Compiles the map, which holds no error.
    pub fn new() -> Self {
        match vrl::compiler::compile(MAP, &vrl::stdlib::all()) {
            Ok(compiled) => Self { program: compiled.program },
            Err(errors) => panic!("{errors:?}"),
        }
    }

    /// The bytes of OCSF that the record becomes; 0 when it becomes none.
    pub fn map(&self, record: &[u8]) -> usize {
        let message = Value::from(String::from_utf8_lossy(record).into_owned());
        let mut target = TargetValue {
            value: Value::Object(BTreeMap::from([(KeyString::from("message"), message)])),
            metadata: Value::Object(BTreeMap::new()),
            secrets: Secrets::default(),
        };
        let mut state = RuntimeState::default();
        let mapped = self.program.resolve(&mut Context::new(&mut target, &mut state, &TimeZone::default()));
        mapped.ok().and_then(|_| serde_json::to_vec(&target.value).ok()).map_or(0, |event| event.len())
    }
}
