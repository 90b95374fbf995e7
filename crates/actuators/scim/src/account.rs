//! What of a user resource decides about an account, and when two readings of it are the same account.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// What an account may do and whose it is (RFC 7643, sections 3.1 and 4.1). A change of one of these while the
/// account is disabled means that somebody else takes care of it; a new telephone number does not.
const STANDING: [&str; 6] = ["userName", "externalId", "userType", "groups", "roles", "entitlements"];

/// One reading of a user resource.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) active: bool,
    /// The entity tag to make a change conditional on, where the server has them.
    pub(crate) version: Option<String>,
    pub(crate) standing: Standing,
    pub(crate) id: String,
}

/// The SHA-256 of all that decides about an account but whether it is active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing(String);

impl Account {
    /// Reads a user resource; `tag` is the `ETag` header. `None` when it is no user with an id. A user without
    /// `active` is active: the attribute is optional, and those who leave it out have no other state.
    pub(crate) fn read(user: &Value, tag: Option<&str>) -> Option<Self> {
        let id = user.get("id")?.as_str()?.to_owned();
        let told = user.get("meta").and_then(|meta| meta.get("version")).and_then(Value::as_str);
        Some(Self {
            active: user.get("active").and_then(Value::as_bool).unwrap_or(true),
            version: tag.or(told).map(str::to_owned),
            standing: Standing::of(user),
            id,
        })
    }
}

impl Standing {
    fn of(user: &Value) -> Self {
        let mut hash = Sha256::new();
        for name in STANDING {
            let value = user.get(name).map(canonical).unwrap_or_default();
            hash.update((value.len() as u64).to_le_bytes());
            hash.update(value);
        }
        Self(hash.finalize().iter().fold(String::new(), |mut text, byte| {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }
}

/// One text for a value, whatever the order of its members and elements: SCIM keeps neither.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut parts: Vec<String> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            parts.sort_unstable();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(elements) => {
            let mut parts: Vec<String> = elements.iter().map(canonical).collect();
            parts.sort_unstable();
            format!("[{}]", parts.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_account_stands_the_same_in_any_order_and_with_another_telephone() {
        let one =
            json!({"id": "7", "userName": "jane", "roles": [{"value": "a", "type": "b"}, {"value": "c"}]});
        let two = json!({"id": "7", "phoneNumbers": [{"value": "1"}], "userName": "jane",
            "roles": [{"value": "c"}, {"type": "b", "value": "a"}]});
        let read = |user: &Value| Account::read(user, None).unwrap();
        assert_eq!(read(&one).standing, read(&two).standing);
        let promoted = json!({"id": "7", "userName": "jane", "roles": [{"value": "root"}]});
        assert_ne!(read(&one).standing, read(&promoted).standing);
        assert!(read(&one).active && Account::read(&json!({"userName": "jane"}), None).is_none());
    }
}
