//! CloudTrail records, in the shape of event version 1.11.

use crate::cast::{ACCOUNT, REGION, principal, user_key};
use crate::log::{Log, LogSource, seconds_text};
use crate::object::Object;
use crate::rng::{CAPITALS, Rng};

/// Who calls, with which credential, from where.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    identity: String,
    pub(crate) address: String,
    pub(crate) agent: String,
    /// The access key id of the calls.
    pub(crate) key: String,
    /// The ARN of the role or user.
    pub(crate) arn: String,
}

/// The role and the name of a role session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assumed<'a> {
    pub(crate) role: &'a str,
    pub(crate) session: &'a str,
    pub(crate) mfa: &'a str,
}

impl Caller {
    /// An IAM user with its long-lived key.
    pub(crate) fn user(seed: u64, name: &str, address: &str) -> Self {
        Self::user_with(seed, name, address, &user_key(seed, name))
    }

    /// An IAM user with the given key.
    pub(crate) fn user_with(seed: u64, name: &str, address: &str, key: &str) -> Self {
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        let identity = Object::default()
            .text("type", "IAMUser")
            .text("principalId", &principal(seed, "AIDA", name))
            .text("arn", &arn)
            .text("accountId", ACCOUNT)
            .text("accessKeyId", key)
            .text("userName", name)
            .end();
        Self::of(identity, address, SDK, key, arn)
    }

    /// A session of a role, begun at `at`.
    pub(crate) fn session(seed: u64, rng: &mut Rng, at: i64, assumed: Assumed<'_>) -> Self {
        let Assumed { role, session, mfa } = assumed;
        let (id, key) = (principal(seed, "AROA", role), format!("ASIA{}", rng.token(16, CAPITALS)));
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
        let issuer = Object::default()
            .text("type", "Role")
            .text("principalId", &id)
            .text("arn", &arn)
            .text("accountId", ACCOUNT)
            .text("userName", role);
        let attributes =
            Object::default().text("creationDate", &seconds_text(at)).text("mfaAuthenticated", mfa);
        let context = Object::default()
            .object("sessionIssuer", &issuer)
            .plain("webIdFederationData", "{}")
            .object("attributes", &attributes);
        let identity = Object::default()
            .text("type", "AssumedRole")
            .text("principalId", &format!("{id}:{session}"))
            .text("arn", &format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"))
            .text("accountId", ACCOUNT)
            .text("accessKeyId", &key)
            .object("sessionContext", &context)
            .end();
        Self::of(identity, "", SDK, &key, arn)
    }

    /// A person at the SAML endpoint, before there is a session.
    pub(crate) fn saml(email: &str, address: &str, agent: &str) -> Self {
        let provider = format!("arn:aws:iam::{ACCOUNT}:saml-provider/Okta");
        let identity = Object::default()
            .text("type", "SAMLUser")
            .text("principalId", &format!("{provider}:{email}"))
            .text("userName", email)
            .text("identityProvider", &provider)
            .end();
        Self::of(identity, address, agent, "", provider)
    }

    /// A service of AWS, such as `ec2.amazonaws.com`.
    pub(crate) fn service(name: &str) -> Self {
        let identity = Object::default().text("type", "AWSService").text("invokedBy", name).end();
        Self::of(identity, name, name, "", name.to_owned())
    }

    pub(crate) fn at(mut self, address: &str, agent: &str) -> Self {
        (self.address, self.agent) = (address.to_owned(), agent.to_owned());
        self
    }

    fn of(identity: String, address: &str, agent: &str, key: &str, arn: String) -> Self {
        Self { identity, address: address.to_owned(), agent: agent.to_owned(), key: key.to_owned(), arn }
    }

    /// Writes that this caller made `call` at `at`.
    pub(crate) fn write(&self, log: &mut Log, rng: &mut Rng, at: i64, call: &Call) {
        let mut record = Object::default()
            .text("eventVersion", "1.11")
            .plain("userIdentity", &self.identity)
            .text("eventTime", &seconds_text(at))
            .text("eventSource", &format!("{}.amazonaws.com", call.service))
            .text("eventName", call.name)
            .text("awsRegion", if call.service == "iam" { "us-east-1" } else { REGION })
            .text("sourceIPAddress", &self.address)
            .text("userAgent", &self.agent);
        if let Some((code, message)) = &call.error {
            record = record.text("errorCode", code).text("errorMessage", message);
        }
        let record = record
            .plain("requestParameters", call.asked.as_deref().unwrap_or("null"))
            .plain("responseElements", call.answered.as_deref().unwrap_or("null"))
            .text("requestID", &rng.uuid())
            .text("eventID", &rng.uuid())
            .plain("readOnly", call.reads_only());
        let record =
            if call.resources.is_empty() { record } else { record.list("resources", &call.resources) };
        let line = record
            .text("eventType", "AwsApiCall")
            .plain("managementEvent", !call.is_data())
            .text("recipientAccountId", ACCOUNT)
            .text("eventCategory", if call.is_data() { "Data" } else { "Management" })
            .end();
        log.write(LogSource::CloudTrail, at, line);
    }
}

/// A call of the AWS API.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    service: &'static str,
    name: &'static str,
    asked: Option<String>,
    answered: Option<String>,
    error: Option<(&'static str, String)>,
    resources: Vec<String>,
}

impl Call {
    pub(crate) fn new(service: &'static str, name: &'static str) -> Self {
        Self { service, name, asked: None, answered: None, error: None, resources: Vec::new() }
    }

    pub(crate) fn asking(mut self, parameters: &Object) -> Self {
        self.asked = Some(parameters.end());
        self
    }

    pub(crate) fn answering(mut self, elements: &Object) -> Self {
        self.answered = Some(elements.end());
        self
    }

    pub(crate) fn on(mut self, kind: &str, arn: &str) -> Self {
        let resource = Object::default().text("accountId", ACCOUNT).text("type", kind).text("ARN", arn);
        self.resources.push(resource.end());
        self
    }

    /// The call was refused by policy.
    pub(crate) fn denied(mut self, who: &str) -> Self {
        let message = format!(
            "User: {who} is not authorized to perform: {}:{} because no identity-based policy allows the action",
            self.service, self.name
        );
        let code = if self.service == "ec2" { "Client.UnauthorizedOperation" } else { "AccessDenied" };
        self.error = Some((code, message));
        self.answered = None;
        self
    }

    /// A read or write of one object of a bucket.
    pub(crate) fn object(name: &'static str, bucket: &str, key: &str) -> Self {
        Self::new("s3", name)
            .asking(&Object::default().text("bucketName", bucket).text("key", key))
            .on("AWS::S3::Object", &format!("arn:aws:s3:::{bucket}/{key}"))
            .on("AWS::S3::Bucket", &format!("arn:aws:s3:::{bucket}"))
    }

    /// A call that names one parameter.
    pub(crate) fn about(service: &'static str, name: &'static str, parameter: (&str, &str)) -> Self {
        Self::new(service, name).asking(&Object::default().text(parameter.0, parameter.1))
    }

    fn is_data(&self) -> bool {
        matches!((self.service, self.name), ("s3", "GetObject" | "PutObject" | "DeleteObject"))
    }

    fn reads_only(&self) -> bool {
        ["Get", "List", "Describe", "Head", "Lookup", "Search", "Filter"]
            .iter()
            .any(|verb| self.name.starts_with(verb))
            || self.name.starts_with("Assume")
    }
}

/// The call by which a role session comes about: `AssumeRoleWithSAML` or `AssumeRole`.
pub(crate) fn assume(name: &'static str, session: &Caller, assumed: Assumed<'_>) -> Call {
    let Assumed { role, session: session_name, .. } = assumed;
    let assumed_user = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session_name}");
    let credentials = Object::default().text("accessKeyId", &session.key).text("sessionToken", "HIDDEN");
    let asked = Object::default().text("roleArn", &session.arn).text("roleSessionName", session_name);
    let asked = match name {
        "AssumeRoleWithSAML" => {
            asked.text("principalArn", &format!("arn:aws:iam::{ACCOUNT}:saml-provider/Okta"))
        }
        _ => asked.plain("durationSeconds", 3_600),
    };
    let answered = Object::default()
        .object("credentials", &credentials)
        .object("assumedRoleUser", &Object::default().text("arn", &assumed_user));
    Call::new("sts", name).asking(&asked).answering(&answered).on("AWS::IAM::Role", &session.arn)
}

pub(crate) const SDK: &str = "Boto3/1.42.11 md/Botocore#1.42.11 ua/2.1 os/linux lang/python#3.13";
pub(crate) const CLI: &str = "aws-cli/2.33.2 md/awscrt#0.29.2 ua/2.1 os/macos lang/python#3.13";
/// The command line of somebody who does not work at Acme.
pub(crate) const OTHER_CLI: &str = "aws-cli/2.31.7 md/awscrt#0.28.1 ua/2.1 os/linux lang/python#3.12";
