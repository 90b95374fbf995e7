//! Policies in documents, compiled when somebody first asks and kept while the member stands.

use crate::authority::{POLICIES, TRUST, VERSIONS, each, json, present};
use crate::grant::policy;
use homeostat_access::Policy;
use serde_json::Value;
use std::sync::OnceLock;

/// The policies in a member of a document, in its order; `None` for one that can not be read.
#[derive(Clone, Default)]
pub(crate) struct Compiled(OnceLock<Box<[Option<Policy>]>>);

impl Compiled {
    /// The policies in `value`, which stands under `name`. O(value) at the first time.
    pub(crate) fn get(&self, name: &str, value: &Value) -> &[Option<Policy>] {
        self.0.get_or_init(|| read(name, value).into())
    }
}

impl PartialEq for Compiled {
    /// What follows from equal values is equal, whoever has been asked for it.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn read(name: &str, value: &Value) -> Vec<Option<Policy>> {
    match name {
        TRUST => present(Some(value)).map(|value| policy("trust", value)).into_iter().collect(),
        VERSIONS => {
            let text = in_force(value).and_then(|version| json(version.get("Document")?));
            text.map(|text| Policy::parse("managed", &text).ok()).into_iter().collect()
        }
        _ if POLICIES.contains(&name) => {
            let documents = each(Some(value)).filter_map(|entry| present(entry.get("PolicyDocument")));
            documents.map(|document| policy(name, document)).collect()
        }
        _ => Vec::new(),
    }
}

/// The version of a managed policy that is in force: the one that says so, or the first.
pub(crate) fn in_force(versions: &Value) -> Option<&Value> {
    let default = |version: &&Value| version.get("IsDefaultVersion") == Some(&Value::Bool(true));
    let mut all = each(Some(versions)).filter(|version| !version.is_null());
    all.clone().find(default).or_else(|| all.next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_read_is_kept_and_makes_no_difference() {
        let allow = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        let list =
            json!([{"PolicyDocument": allow}, {"PolicyDocument": "no policy"}, {"PolicyName": "p"}, null]);
        let compiled = Compiled::default();
        let known = |policies: &[Option<Policy>]| policies.iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(known(compiled.get("UserPolicyList", &list)), [true, false]);
        assert_eq!(known(compiled.get("UserPolicyList", &json!([]))), [true, false], "read once");
        assert!(compiled == Compiled::default());
        assert_eq!(known(Compiled::default().get(TRUST, &allow)), [true]);
        assert_eq!(known(Compiled::default().get(TRUST, &Value::Null)), [false; 0]);
        let version =
            |default: bool, document: &Value| json!({"IsDefaultVersion": default, "Document": document});
        let versions = json!([version(false, &json!("no policy")), version(true, &allow)]);
        assert_eq!(known(Compiled::default().get(VERSIONS, &versions)), [true]);
        let versions = json!([version(false, &json!("{")), version(false, &allow)]);
        assert_eq!(
            known(Compiled::default().get(VERSIONS, &versions)),
            [false],
            "the first, where none says so"
        );
    }
}
