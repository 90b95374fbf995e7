//! Whether a change of a document gives anybody anything: by what it grants, not by how it is written.
//!
//! Statements are taken apart into single grants, so that their order, their grouping and the spelling of one or many
//! do not show. A change that grants what was granted before, or less, and denies no less, is maintenance. O(n log n)
//! for n grants.

use serde_json::Value;
use std::collections::BTreeSet;

/// What documents give and what they hold back.
#[derive(Debug, Default)]
struct Grants {
    given: BTreeSet<String>,
    denied: BTreeSet<String>,
}

/// Whether the members that `after`, a document as posture has them, tells give no more than they did before; `before`
/// tells what a member was. What is no document gives something: nobody knows what.
pub(crate) fn adds_nothing(before: &dyn Fn(&str) -> Option<String>, after: &str) -> bool {
    let Ok(Value::Object(after)) = serde_json::from_str(after) else { return false };
    let (mut old, mut new) = (Grants::default(), Grants::default());
    for (name, member) in &after {
        new.read(name, member);
        if let Some(member) = before(name).and_then(|text| serde_json::from_str(&text).ok()) {
            old.read(name, &member);
        }
    }
    new.given.is_subset(&old.given) && old.denied.is_subset(&new.denied)
}

impl Grants {
    fn read(&mut self, name: &str, value: &Value) {
        match value {
            Value::Array(all) => all.iter().for_each(|one| self.read(name, one)),
            Value::Object(members) if members.contains_key("Effect") => self.statement(value),
            Value::Object(members) => members.iter().for_each(|(name, member)| self.read(name, member)),
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(inner @ Value::Object(_)) => self.read(name, &inner),
                // What is attached, and the groups one is in.
                _ if ["PolicyArn", "GroupList"].contains(&name) => {
                    self.given.insert(format!("{name} {text}"));
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn statement(&mut self, statement: &Value) {
        let part = |name: &str| statement.get(name).map(ToString::to_string).unwrap_or_default();
        let rest = ["NotAction", "NotResource", "NotPrincipal", "Condition"].map(part).join(" ");
        let side = match statement.get("Effect").and_then(Value::as_str) {
            Some("Deny") => &mut self.denied,
            _ => &mut self.given,
        };
        for action in each(statement.get("Action")) {
            for resource in each(statement.get("Resource")) {
                for principal in principals(statement.get("Principal")) {
                    side.insert(format!("{} {resource} {principal} {rest}", action.to_lowercase()));
                }
            }
        }
    }
}

/// Each of one or many; one empty text for none.
fn each(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(all)) => all.iter().map(text).collect(),
        Some(one) => vec![text(one)],
        None => vec![String::new()],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn principals(value: Option<&Value>) -> Vec<String> {
    let Some(Value::Object(kinds)) = value else { return each(value) };
    kinds
        .iter()
        .flat_map(|(kind, who)| each(Some(who)).into_iter().map(move |one| format!("{kind}:{one}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// The same of a document.
    fn adds_nothing(before: Option<&str>, after: &str) -> bool {
        let before: Value = before.map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
        super::adds_nothing(&|name| before.get(name).map(ToString::to_string), after)
    }

    const BEFORE: &str = r#"{"Arn": "a", "GroupList": ["staff"], "UserPolicyList": [{"PolicyName": "p", "PolicyDocument":
        {"Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "*"}]}}]}"#;

    fn with(statements: &str) -> String {
        format!(
            r#"{{"UserPolicyList": [{{"PolicyName": "q", "PolicyDocument": {{"Statement": [{statements}]}}}}]}}"#
        )
    }

    #[test]
    fn order_and_spelling_are_no_change_and_less_is_less() {
        for (after, nothing) in [
            (with(r#"{"Resource": ["*"], "Action": ["s3:PutObject", "S3:GET*"], "Effect": "Allow"}"#), true),
            (
                with(
                    r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
                    {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}"#,
                ),
                true,
            ),
            (with(r#"{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}"#), true),
            (with(r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#), true),
            (with(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#), false),
            (with(r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"#), false),
            (r#"{"GroupList": []}"#.to_owned(), true),
            (r#"{"GroupList": ["staff", "administrators"]}"#.to_owned(), false),
            (
                r#"{"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/X"}]}"#.to_owned(),
                false,
            ),
            ("no document".to_owned(), false),
        ] {
            assert_eq!(adds_nothing(Some(BEFORE), &after), nothing, "{after}");
        }
    }

    #[test]
    fn a_resource_that_lets_fewer_in_gives_nothing() {
        let policy = |statement: &str| {
            let text = serde_json::json!({"Statement": [serde_json::from_str::<serde_json::Value>(statement).unwrap()]});
            serde_json::json!({"GetBucketPolicy": {"Policy": text.to_string()}}).to_string()
        };
        let encrypted = policy(r#"{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "b"}"#);
        let open =
            policy(r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "b"}"#);
        assert!(adds_nothing(None, &encrypted) && !adds_nothing(None, &open));
        assert!(
            !adds_nothing(Some(&encrypted), r#"{"GetBucketPolicy": {}}"#),
            "a denial that goes lets somebody in"
        );
    }
}
