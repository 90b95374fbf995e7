//! The Query API of IAM, EC2, Auto Scaling and Elastic Load Balancing: forms in, XML out, and what their error codes mean.

use crate::sign::{Credentials, Scope, sign};
use homeostat_actuator_http::{Answer, Call, HttpSend, SendError, percent};
use homeostat_core::Timestamp;
use homeostat_response::ActError;
use roxmltree::{Document, Node};
use std::fmt::Write as _;
use std::sync::Arc;

/// One of the services that are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Iam,
    Ec2,
    Scaling,
    Balancing,
}

/// The parameters of a call besides its name.
pub(crate) type Form<'a> = &'a [(&'a str, &'a str)];

/// How the account is reached.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) http: Arc<dyn HttpSend>,
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    /// Where all services are asked, instead of their own addresses.
    pub(crate) endpoint: Option<String>,
    pub(crate) clock: fn() -> Timestamp,
}

impl Api {
    /// Asks `service` to do `action`. `None` when what it is about is not there.
    pub(crate) async fn ask(
        &self,
        service: Service,
        action: &'static str,
        form: Form<'_>,
    ) -> Result<Option<Reply>, ActError> {
        let call = self.call(service, action, form).ok_or(ActError::permanent(action))?;
        match self.http.send(&call).await {
            Ok(answer) => told(&answer, action),
            Err(SendError::Unsent) => Err(ActError::transient(action)),
            Err(SendError::Unanswered) => Err(ActError::unknown(action)),
        }
    }

    /// The same for an action that only looks: not knowing its outcome does no harm.
    pub(crate) async fn look(
        &self,
        service: Service,
        action: &'static str,
        form: Form<'_>,
    ) -> Result<Option<Reply>, ActError> {
        self.ask(service, action, form).await.map_err(|error| match error {
            ActError::Unknown { at } => ActError::transient(at),
            other => other,
        })
    }

    fn call(&self, service: Service, action: &str, form: Form<'_>) -> Option<Call> {
        // IAM is one for all regions and is signed for the first of them.
        let (name, version, region) = match service {
            Service::Iam => ("iam", "2010-05-08", "us-east-1"),
            Service::Ec2 => ("ec2", "2016-11-15", self.region.as_str()),
            Service::Scaling => ("autoscaling", "2011-01-01", self.region.as_str()),
            Service::Balancing => ("elasticloadbalancing", "2015-12-01", self.region.as_str()),
        };
        let address = match (&self.endpoint, service) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Service::Iam) => "https://iam.amazonaws.com".to_owned(),
            (None, _) => format!("https://{name}.{region}.amazonaws.com"),
        };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in form {
            // Writing to a text does not fail.
            let _ = write!(body, "&{}={}", percent(name), percent(value));
        }
        let call = Call::new("POST", &format!("{address}/"))
            .body("application/x-www-form-urlencoded; charset=utf-8", body);
        sign(call, &self.credentials, Scope { region, service: name, now: (self.clock)() })
    }
}

/// A whole answer of XML.
pub(crate) struct Reply(String);

impl Reply {
    /// What `read` finds in it; `None` also when it is no XML.
    pub(crate) fn read<T>(&self, read: impl FnOnce(Node<'_, '_>) -> Option<T>) -> Option<T> {
        read(Document::parse(&self.0).ok()?.root_element())
    }

    /// The text of the first element of that name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.read(|root| {
            root.descendants().find(|node| node.has_tag_name_local(name))?.text().map(str::to_owned)
        })
    }
}

/// Names without their namespace, which differs from version to version.
pub(crate) trait Local<'a, 'input> {
    /// Whether the element has that name in whatever namespace.
    fn has_tag_name_local(&self, name: &str) -> bool;
    /// The text of the first child of that name.
    fn child_text(&self, name: &str) -> Option<&'a str>;
    /// The elements `item` or `member` of the first child of that name.
    fn members(&self, name: &str) -> Vec<Node<'a, 'input>>;
}

impl<'a, 'input> Local<'a, 'input> for Node<'a, 'input> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }

    fn child_text(&self, name: &str) -> Option<&'a str> {
        self.children().find(|node| node.has_tag_name_local(name))?.text()
    }

    fn members(&self, name: &str) -> Vec<Node<'a, 'input>> {
        let list = self.descendants().find(|node| node.has_tag_name_local(name));
        let is_member =
            |node: &Node<'_, '_>| node.has_tag_name_local("item") || node.has_tag_name_local("member");
        list.map(|list| list.children().filter(is_member).collect()).unwrap_or_default()
    }
}

/// What an answer means. Codes are those of "Common Errors" of both services and of the actions' own pages.
fn told(answer: &Answer, at: &'static str) -> Result<Option<Reply>, ActError> {
    let reply = Reply(answer.text());
    if (200..300).contains(&answer.status) {
        return Ok(Some(reply));
    }
    let code = reply.text("Code").unwrap_or_default();
    match code.as_str() {
        "NoSuchEntity" => Ok(None),
        code if code.ends_with(".NotFound") || code == "TargetGroupNotFound" => Ok(None),
        "EntityAlreadyExists"
        | "InvalidGroup.Duplicate"
        | "ConcurrentModification"
        | "DeleteConflict"
        | "DependencyViolation"
        | "InvalidGroup.InUse"
        | "ResourceInUse"
        | "ScalingActivityInProgress" => Err(ActError::conflict(at)),
        "Throttling" | "RequestLimitExceeded" | "ServiceUnavailable" | "RequestExpired" => {
            Err(ActError::transient(at))
        }
        _ if answer.status >= 500 => Err(ActError::unknown(at)),
        _ => Err(ActError::permanent(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_an_error_means() {
        let told = |status, code: &str| {
            let text = format!("<E xmlns=\"urn:x\"><Error><Code>{code}</Code></Error></E>");
            told(&Answer::new(status, text.into_bytes()), "Call").map(|reply| reply.is_some())
        };
        assert_eq!(told(404, "NoSuchEntity"), Ok(false));
        assert_eq!(told(400, "InvalidGroup.NotFound"), Ok(false));
        assert_eq!(told(409, "EntityAlreadyExists"), Err(ActError::conflict("Call")));
        assert_eq!(told(400, "Throttling"), Err(ActError::transient("Call")));
        assert_eq!(told(403, "AccessDenied"), Err(ActError::permanent("Call")));
        assert_eq!(told(500, "InternalError"), Err(ActError::unknown("Call")));
        assert_eq!(told(200, ""), Ok(true));
    }
}
