//! Grants of keys: who may use a key for what, besides what its policy says.
//!
//! AWS KMS Developer Guide, "Grants in AWS KMS" and "Using grant constraints": a grant only allows, the principal it
//! names, some operations, perhaps under an encryption context. It is read as a policy and joined with the key's.

use crate::aws::policy::{Policy, PolicyError, PolicyFault};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyGrant {
    grantee_principal: String,
    retiring_principal: Option<String>,
    operations: Vec<String>,
    constraints: Option<Constraints>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Constraints {
    encryption_context_subset: Option<BTreeMap<String, String>>,
    encryption_context_equals: Option<BTreeMap<String, String>>,
}

/// The operations that have no encryption context: constraints do not hold them.
const WITHOUT_CONTEXT: [&str; 4] = ["CreateGrant", "DescribeKey", "GetPublicKey", "RetireGrant"];

impl Policy {
    /// What a grant of a key, as `ListGrants` returns it, allows, as a policy: join it with the key's
    /// ([`Policy::joined`]) and hand both over as what must grant.
    ///
    /// ```
    /// use homeostat_access::{Context, Policy, Principal, Request, ResourceSide, Subject};
    ///
    /// let grant = Policy::of_key_grant("g-1", r#"{
    ///     "GranteePrincipal": "arn:aws:iam::111122223333:role/reports", "Operations": ["Decrypt"],
    ///     "Constraints": {"EncryptionContextSubset": {"team": "data"}}}"#)?;
    /// let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    /// let reports = Subject::new(Principal::aws("arn:aws:iam::111122223333:role/reports"));
    ///
    /// for (team, allowed) in [("data", true), ("web", false)] {
    ///     let context = Context::strict().with("kms:EncryptionContext:team", [team]);
    ///     let decrypt = Request::new("kms:Decrypt", key, &context);
    ///     let answer = reports.decide_with(&decrypt, ResourceSide::MustGrant(&grant));
    ///     assert_eq!(answer.decision.is_allowed(), allowed);
    /// }
    /// # Ok::<(), homeostat_access::PolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when it is no grant, or has a constraint that KMS does not have.
    pub fn of_key_grant(name: &str, json: &str) -> Result<Self, PolicyError> {
        let wrong = |cause| PolicyError { policy: name.to_owned(), statement: None, field: "Grant", cause };
        if json.len() > Self::LIMIT {
            return Err(wrong(PolicyFault::TooLong));
        }
        let grant: KeyGrant = serde_json::from_str(json).map_err(|_| wrong(PolicyFault::WrongShape))?;
        let who = |name: &str| match name.split_once('.') {
            Some(_) if !name.starts_with("arn:") => json!({"Service": name}),
            _ => json!({"AWS": name}),
        };
        let (free, bound): (Vec<&String>, Vec<&String>) =
            grant.operations.iter().partition(|operation| WITHOUT_CONTEXT.contains(&operation.as_str()));
        let within = blocks(context(grant.constraints.as_ref()));
        let mut statements = vec![
            statement(&who(&grant.grantee_principal), &free, &json!({})),
            statement(&who(&grant.grantee_principal), &bound, &within),
        ];
        if let Some(retiring) = &grant.retiring_principal {
            statements.push(statement(&who(retiring), &[&"RetireGrant".to_owned()], &json!({})));
        }
        let document = json!({"Version": "2008-10-17", "Statement": statements});
        Self::parse(name, &document.to_string())
    }
}

fn statement(who: &Value, operations: &[&String], condition: &Value) -> Value {
    let actions: Vec<String> = operations.iter().map(|operation| format!("kms:{operation}")).collect();
    json!({"Effect": "Allow", "Principal": who, "Action": actions, "Resource": "*", "Condition": condition})
}

/// A condition: operator, key and values.
type Asked = (&'static str, String, Value);

/// The conditions for the encryption context that the constraints ask for.
fn context(constraints: Option<&Constraints>) -> Vec<Asked> {
    let Some(Constraints { encryption_context_subset, encryption_context_equals }) = constraints else {
        return Vec::new();
    };
    let pairs = encryption_context_subset.iter().chain(encryption_context_equals).flatten();
    let mut all: Vec<Asked> = pairs
        .map(|(key, value)| ("StringEquals", format!("kms:EncryptionContext:{key}"), json!(value)))
        .collect();
    if let Some(whole) = encryption_context_equals {
        let keys: Vec<&String> = whole.keys().collect();
        all.push(("ForAllValues:StringEquals", "kms:EncryptionContextKeys".to_owned(), json!(keys)));
    }
    all
}

fn blocks(all: Vec<Asked>) -> Value {
    let mut blocks: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (operator, key, value) in all {
        blocks.entry(operator).or_default().insert(key, value);
    }
    json!(blocks)
}
