//! A policy of its own on a user or role: deny all until a moment, or deny sessions from before one.

use crate::api::{Api, Service};
use homeostat_core::Timestamp;
use homeostat_response::{ActError, Observed};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which principal it is put on, and what it forbids.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct InlinePolicy {
    principal: Principal,
    forbids: Forbids,
    name: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Principal {
    User(String),
    Role(String),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Forbids {
    /// Everything, until the lease ends: AWS stops applying it by itself.
    Everything,
    /// What sessions do that began before the policy did. New ones are free.
    OldSessions,
}

impl Principal {
    /// A user's or role's name out of its ARN.
    pub(crate) fn of(arn: &str) -> Option<Self> {
        let (head, resource) = arn.split_once(":iam::").filter(|(head, _)| head.starts_with("arn:"))?;
        let (_, resource) = resource.split_once(':').filter(|_| !head.is_empty())?;
        let (kind, path) = resource.split_once('/')?;
        let name = path.rsplit('/').next().filter(|name| !name.is_empty())?.to_owned();
        match kind {
            "user" => Some(Self::User(name)),
            "role" => Some(Self::Role(name)),
            _ => None,
        }
    }

    /// The names of the three actions on it, and its parameter.
    fn words(&self) -> ([&'static str; 3], (&'static str, &str)) {
        match self {
            Self::User(name) => (["GetUserPolicy", "PutUserPolicy", "DeleteUserPolicy"], ("UserName", name)),
            Self::Role(name) => (["GetRolePolicy", "PutRolePolicy", "DeleteRolePolicy"], ("RoleName", name)),
        }
    }

    async fn exists(&self, api: &Api) -> Result<bool, ActError> {
        let action = if matches!(self, Self::User(_)) { "GetUser" } else { "GetRole" };
        Ok(api.look(Service::Iam, action, &[self.words().1]).await?.is_some())
    }
}

impl InlinePolicy {
    /// The policy of action `id`; an error when the principal is not there, a conflict when the name is taken.
    pub(crate) async fn find(api: &Api, arn: &str, forbids: Forbids, id: &str) -> Result<Self, ActError> {
        let principal = Principal::of(arn).ok_or(ActError::permanent("read the ARN"))?;
        if !principal.exists(api).await? {
            return Err(ActError::permanent("find the principal"));
        }
        let policy = Self { principal, forbids, name: format!("homeostat-{id}") };
        match policy.observe(api).await? {
            Observed::NotInForce | Observed::InForce => Ok(policy),
            _ => Err(ActError::conflict("name a policy")),
        }
    }

    pub(crate) async fn observe(&self, api: &Api) -> Result<Observed, ActError> {
        let ([get, ..], owner) = self.principal.words();
        let reply = api.look(Service::Iam, get, &[owner, ("PolicyName", &self.name)]).await?;
        Ok(match reply.map(|reply| reply.text("PolicyDocument").unwrap_or_default()) {
            None => Observed::NotInForce,
            Some(document) if self.is_ours(&document) => Observed::InForce,
            Some(_) => Observed::Conflict,
        })
    }

    /// Puts it on, at `now` until `end`. Putting it on again moves the end.
    pub(crate) async fn apply(&self, api: &Api, now: Timestamp, end: Timestamp) -> Result<(), ActError> {
        match (self.observe(api).await?, self.forbids) {
            (Observed::NotInForce, _) | (Observed::InForce, Forbids::Everything) => {}
            (Observed::InForce, Forbids::OldSessions) => return Ok(()),
            _ => return Err(ActError::conflict("put the policy on")),
        }
        let ([_, put, _], owner) = self.principal.words();
        let date = if matches!(self.forbids, Forbids::Everything) { end } else { now };
        let document = self.document(&whole_seconds(date)).to_string();
        let form = [owner, ("PolicyName", self.name.as_str()), ("PolicyDocument", &document)];
        api.ask(Service::Iam, put, &form).await?.map(drop).ok_or(ActError::conflict(put))
    }

    pub(crate) async fn revert(&self, api: &Api) -> Result<(), ActError> {
        match self.observe(api).await? {
            Observed::NotInForce => return Ok(()),
            Observed::InForce => {}
            _ => return Err(ActError::conflict("take the policy off")),
        }
        let ([.., delete], owner) = self.principal.words();
        api.ask(Service::Iam, delete, &[owner, ("PolicyName", &self.name)]).await.map(drop)
    }

    fn document(&self, date: &str) -> Value {
        let key = match self.forbids {
            Forbids::Everything => "aws:CurrentTime",
            Forbids::OldSessions => "aws:TokenIssueTime",
        };
        let statement = json!({"Sid": "Homeostat", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"DateLessThan": {key: date}}});
        json!({"Version": "2012-10-17", "Statement": [statement]})
    }

    /// Whether a document, as IAM gives it back (percent-encoded), is this one at whatever date.
    fn is_ours(&self, document: &str) -> bool {
        let Ok(there) = serde_json::from_str::<Value>(&decoded(document)) else { return false };
        let dates = there.pointer("/Statement/0/Condition/DateLessThan").and_then(Value::as_object);
        let date = dates.and_then(|dates| dates.values().next()).and_then(Value::as_str);
        date.is_some_and(|date| there == self.document(date))
    }
}

fn whole_seconds(moment: Timestamp) -> String {
    let text = moment.to_string();
    format!("{}Z", text.split(['.', 'Z']).next().unwrap_or_default())
}

/// The text without its percent-encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_read_from_its_arn_alone() {
        let name = |arn| match Principal::of(arn) {
            Some(Principal::User(name) | Principal::Role(name)) => name,
            None => String::new(),
        };
        assert_eq!(name("arn:aws:iam::123456789012:user/eng/jane"), "jane");
        assert_eq!(name("arn:aws-cn:iam::123456789012:role/build"), "build");
        for bad in ["jane", "arn:aws:s3:::bucket", "arn:aws:iam::1:group/x", "arn:aws:iam::1:user/"] {
            assert!(Principal::of(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_document_is_ours_at_any_date_and_with_no_word_changed() {
        let name = "homeostat-a".to_owned();
        let policy = InlinePolicy {
            principal: Principal::User("jane".to_owned()),
            forbids: Forbids::Everything,
            name,
        };
        let text = policy.document("2026-01-01T00:00:00Z").to_string();
        assert!(policy.is_ours(&text) && policy.is_ours(&homeostat_actuator_http::percent(&text)));
        assert!(!policy.is_ours(&text.replace("\"Action\":\"*\"", "\"Action\":\"s3:*\"")));
        assert!(!policy.is_ours("{}") && !policy.is_ours("%zz"));
    }
}
