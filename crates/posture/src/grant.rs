//! What a single policy of AWS grants, asked of `homeostat-access`: never read off its text.

use crate::expression::Truth;
use homeostat_access::{Context, Decision, Policy, Principal, Request, ResourceSide, Subject};
use serde_json::Value;
use std::borrow::Cow;

/// Two addresses far apart: what lets both in lets everybody in, what names a network lets in one at most.
const STRANGERS: [&str; 2] = ["1.0.0.1", "203.0.112.7"];

/// The policy in a value: an object, its JSON as text, or that text percent-encoded, as IAM returns it.
pub(crate) fn policy(name: &str, value: &Value) -> Option<Policy> {
    let text = match value {
        Value::Object(_) => Cow::Owned(value.to_string()),
        Value::String(text) => plain(text)?,
        _ => return None,
    };
    Policy::parse(name, &text).ok()
}

/// The JSON of a text that is JSON, perhaps percent-encoded.
pub(crate) fn plain(text: &str) -> Option<Cow<'_, str>> {
    if text.trim_start().starts_with('{') { Some(Cow::Borrowed(text)) } else { decoded(text).map(Cow::Owned) }
}

/// Percent-decoding (RFC 3986 section 2.1); `None` when it does not give UTF-8.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, left)) = rest.split_first() {
        rest = left;
        if let (b'%', Some((pair, left))) = (*first, left.split_at_checked(2)) {
            let pair = str::from_utf8(pair).ok()?;
            bytes.push(u8::from_str_radix(pair, 16).ok()?);
            rest = left;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether the resource policy lets somebody without credentials of the account do one of `actions`, wherever he
/// comes from. A policy that can not be read is unknown.
pub(crate) fn public_may(value: &Value, actions: &[String]) -> Truth {
    let Some(policy) = policy("resource", value) else { return Truth::Unknown };
    let nobody = Subject::new(Principal::anonymous());
    let contexts = STRANGERS.map(|address| {
        Context::symbolic().with("aws:SourceIp", [address]).with("aws:SecureTransport", ["true"])
    });
    let may = |action: &String, context: &Context| {
        let request = Request::on_some(action, "*", context).in_account(Some("resource"));
        nobody.decide_with(&request, ResourceSide::MayGrant(&policy)).decision == Decision::Allowed
    };
    Truth::from(actions.iter().any(|action| contexts.iter().all(|context| may(action, context))))
}

/// Whether the identity policy grants its holder all of `actions` on every resource, without a condition.
pub(crate) fn holder_may(value: &Value, actions: &[String]) -> Truth {
    let Some(policy) = policy("identity", value) else { return Truth::Unknown };
    let holder = Subject::new(Principal::aws("arn:aws:iam::000000000000:user/holder")).with(policy);
    Truth::from(may_all(&holder, actions))
}

/// Whether `subject` may do all of `actions` on every resource, whatever is not known.
pub(crate) fn may_all(subject: &Subject, actions: &[String]) -> bool {
    let context = Context::symbolic();
    actions.iter().all(|action| subject.decide(&Request::on_all(action, &context)).decision.is_allowed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check_public(statement: &Value, expected: Truth) {
        let policy = json!({"Version": "2012-10-17", "Statement": statement});
        assert_eq!(public_may(&policy, &["s3:GetObject".to_owned()]), expected, "{policy}");
        assert_eq!(public_may(&json!(policy.to_string()), &["s3:GetObject".to_owned()]), expected);
    }

    #[test]
    fn everybody_is_let_in_in_many_ways() {
        let allow = |more: Value| {
            let mut statement =
                json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::d/*"});
            for (name, value) in more.as_object().unwrap() {
                statement[name] = value.clone();
            }
            statement
        };
        check_public(&allow(json!({"Principal": "*"})), Truth::Yes);
        check_public(&allow(json!({"Principal": {"AWS": "*"}})), Truth::Yes);
        let anywhere = json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}});
        check_public(&allow(json!({"Principal": "*", "Condition": anywhere})), Truth::Yes);
        let office = json!({"IpAddress": {"aws:SourceIp": "203.0.112.0/24"}});
        check_public(&allow(json!({"Principal": "*", "Condition": office})), Truth::No);
        let own = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
        check_public(&allow(json!({"Principal": "*", "Condition": own})), Truth::No);
        check_public(&allow(json!({"Principal": {"AWS": "111122223333"}})), Truth::No);
        assert_eq!(public_may(&json!("no policy"), &["s3:GetObject".to_owned()]), Truth::Unknown);
    }

    #[test]
    fn everything_is_granted_in_many_ways() {
        let control = ["iam:PutUserPolicy".to_owned(), "s3:GetObject".to_owned()];
        let grants = |statement: Value| holder_may(&json!({"Statement": statement}), &control);
        assert_eq!(grants(json!({"Effect": "Allow", "Action": "*", "Resource": "*"})), Truth::Yes);
        assert_eq!(grants(json!({"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"})), Truth::Yes);
        let halves = json!([{"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]);
        assert_eq!(grants(halves), Truth::Yes);
        assert_eq!(grants(json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})), Truth::No);
        let encoded = json!(
            "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D"
        );
        assert_eq!(holder_may(&encoded, &control), Truth::Yes);
    }
}
