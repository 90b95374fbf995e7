//! What a call was done on: the resources that the record names, else those that its parameters name.

use super::arn_of;
use crate::record::{Field, Record};
use homeostat_event::{Account, ResourceDetails, Str, Told as _, User};
use std::borrow::Cow;
use std::sync::Arc;

/// How many resources an event names. Default 64: more are a bulk call whose list stays whole in `unmapped`.
const RESOURCES: usize = 64;

/// How a parameter names a resource.
#[derive(Clone, Copy)]
enum By {
    Uid,
    Name,
}

/// Parameters that name a resource, and its type.
const PARAMETERS: [(&str, By, &str); 34] = [
    ("instanceId", By::Uid, "AWS::EC2::Instance"),
    ("userName", By::Name, "AWS::IAM::User"),
    ("roleArn", By::Uid, "AWS::IAM::Role"),
    ("roleName", By::Name, "AWS::IAM::Role"),
    ("groupName", By::Name, "AWS::IAM::Group"),
    ("instanceProfileName", By::Name, "AWS::IAM::InstanceProfile"),
    ("policyArn", By::Uid, "AWS::IAM::Policy"),
    ("functionName", By::Name, "AWS::Lambda::Function"),
    ("secretId", By::Uid, "AWS::SecretsManager::Secret"),
    ("keyId", By::Uid, "AWS::KMS::Key"),
    ("groupId", By::Uid, "AWS::EC2::SecurityGroup"),
    ("trailName", By::Name, "AWS::CloudTrail::Trail"),
    ("imageId", By::Uid, "AWS::EC2::Image"),
    ("snapshotId", By::Uid, "AWS::EC2::Snapshot"),
    ("volumeId", By::Uid, "AWS::EC2::Volume"),
    ("vpcId", By::Uid, "AWS::EC2::VPC"),
    ("subnetId", By::Uid, "AWS::EC2::Subnet"),
    ("networkInterfaceId", By::Uid, "AWS::EC2::NetworkInterface"),
    ("allocationId", By::Uid, "AWS::EC2::EIP"),
    ("dBInstanceIdentifier", By::Name, "AWS::RDS::DBInstance"),
    ("dBSnapshotIdentifier", By::Name, "AWS::RDS::DBSnapshot"),
    ("dBClusterIdentifier", By::Name, "AWS::RDS::DBCluster"),
    ("tableName", By::Name, "AWS::DynamoDB::Table"),
    ("modelId", By::Uid, "AWS::Bedrock::Model"),
    ("logGroupName", By::Name, "AWS::Logs::LogGroup"),
    ("clusterName", By::Name, "AWS::EKS::Cluster"),
    ("stackName", By::Name, "AWS::CloudFormation::Stack"),
    ("queueUrl", By::Uid, "AWS::SQS::Queue"),
    ("topicArn", By::Uid, "AWS::SNS::Topic"),
    ("repositoryName", By::Name, "AWS::ECR::Repository"),
    ("domainName", By::Name, "domainName"),
    ("resourceArn", By::Uid, "resourceArn"),
    ("arn", By::Uid, "arn"),
    ("name", By::Name, "name"),
];

/// What a response names that the call made.
const ANSWERS: [(&str, By, &str); 10] = [
    ("instanceId", By::Uid, "AWS::EC2::Instance"),
    ("functionArn", By::Uid, "AWS::Lambda::Function"),
    ("trailARN", By::Uid, "AWS::CloudTrail::Trail"),
    ("groupId", By::Uid, "AWS::EC2::SecurityGroup"),
    ("imageId", By::Uid, "AWS::EC2::Image"),
    ("snapshotId", By::Uid, "AWS::EC2::Snapshot"),
    ("volumeId", By::Uid, "AWS::EC2::Volume"),
    ("aRN", By::Uid, "AWS::SecretsManager::Secret"),
    ("dBInstanceArn", By::Uid, "AWS::RDS::DBInstance"),
    ("queryExecutionId", By::Uid, "AWS::Athena::Query"),
];

/// The resources of a call.
pub(super) enum Resources<'a> {
    Known(Arc<[ResourceDetails]>),
    /// One or two that were not seen lately: their names wait for the event's own text.
    Fresh(Field<'a>, [Option<Waiting<'a>>; 2]),
}

/// A resource as a record lists it, all but its name, and its name.
pub(super) type Waiting<'a> = (Cow<'a, str>, Option<Cow<'a, str>>, Option<Arc<User>>);

/// The resources of a call, each once: as the record lists them, else by its parameters.
pub(super) fn resources<'a>(record: &Record<'a>) -> Option<Resources<'a>> {
    let list = record.root().member("resources").filter(Field::is_array);
    let listed = list.and_then(|list| {
        let known = record.memo().recall(&[Some(list)]).map(Resources::Known);
        known.or_else(|| fresh(record, list)).or_else(|| listed_in(record, list).map(Resources::Known))
    });
    listed.or_else(|| derived(record).told().map(Resources::Known))
}

/// The resources of a list of one or two that all have an ARN, as nearly all have.
fn fresh<'a>(record: &Record<'a>, list: Field<'a>) -> Option<Resources<'a>> {
    let mut elements = list.children();
    let pair = [elements.next(), elements.next()];
    let named = |element: &Field<'a>| element.member("ARN").is_some_and(|arn| arn.look().is_some());
    if pair.first()?.is_none() || elements.next().is_some() || !pair.iter().flatten().all(named) {
        return None;
    }
    let waiting = |element| Some((take(element, "ARN")?, take(element, "type"), owner(record, element)));
    Some(Resources::Fresh(list, pair.map(|element| element.and_then(waiting))))
}

impl Resources<'_> {
    /// The resources, where `names` are the names that waited.
    pub(super) fn named(self, record: &Record<'_>, names: [Option<Str>; 2]) -> Arc<[ResourceDetails]> {
        let (list, [first, second]) = match self {
            Self::Known(known) => return known,
            Self::Fresh(list, waiting) => (list, waiting),
        };
        let of = |(name, waiting): (Str, Option<Waiting<'_>>)| {
            let mut resource = ResourceDetails::of_uid(name);
            let (kind, owner) = waiting.map(|(_, kind, owner)| (kind, owner)).unwrap_or_default();
            resource.set_kind(kind).set_owner(owner);
            resource
        };
        let made: Arc<[_]> = match names {
            [Some(one), Some(other)] => Arc::new([of((one, first)), of((other, second))]),
            [one, _] => one.map(|one| of((one, first))).into_iter().collect(),
        };
        record.memo().remember(&[Some(list)], &made);
        made
    }

    /// The names that wait for the event's own text.
    pub(super) fn waiting(&self) -> [Option<Cow<'_, str>>; 2] {
        match self {
            Self::Known(_) => [None, None],
            Self::Fresh(_, waiting) => {
                waiting.each_ref().map(|waiting| waiting.as_ref().map(|(name, ..)| Cow::Borrowed(&**name)))
            }
        }
    }
}

fn listed_in(record: &Record<'_>, list: Field<'_>) -> Option<Arc<[ResourceDetails]>> {
    let listed = list.children().take(RESOURCES).filter_map(|element| listed(record, element));
    listed.collect::<Vec<_>>().told()
}

fn take<'a>(element: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    element.member(name)?.take()
}

/// The account that owns a resource.
fn owner(record: &Record<'_>, element: Field<'_>) -> Option<Arc<User>> {
    let account = element.member("accountId")?;
    record.memo().of(&[Some(account)], || Some(Arc::new(User::of_account(Account::of_uid(account.take()?)))))
}

fn derived(record: &Record<'_>) -> Vec<ResourceDetails> {
    let root = record.root();
    let mut found = Derived { account: account_of_iam(record), ..Derived::default() };
    if let Some(parameters) = root.member("requestParameters").filter(Field::is_object) {
        found.bucket(parameters);
        found.gather(parameters, &PARAMETERS);
    }
    if let Some(response) = root.member("responseElements").filter(Field::is_object) {
        found.gather(response, &ANSWERS);
    }
    found.resources
}

fn listed(record: &Record<'_>, element: Field<'_>) -> Option<ResourceDetails> {
    let mut resource = match (take(element, "ARN"), take(element, "ARNPrefix")) {
        (Some(arn), _) => ResourceDetails::of_uid(arn),
        (None, Some(prefix)) => ResourceDetails::named(prefix),
        (None, None) => return None,
    };
    resource.set_kind(take(element, "type")).set_owner(owner(record, element));
    Some(resource)
}

/// The account in which a call of IAM names users, roles and groups; other services have users of their own.
fn account_of_iam<'a>(record: &Record<'a>) -> Option<Cow<'a, str>> {
    record.look("eventSource").filter(|service| service == "iam.amazonaws.com")?;
    record.look("recipientAccountId").or_else(|| record.look("userIdentity.accountId"))
}

/// Resources that parameters name; the parameters themselves stay in `unmapped`.
#[derive(Default)]
struct Derived<'a> {
    account: Option<Cow<'a, str>>,
    resources: Vec<ResourceDetails>,
}

impl Derived<'_> {
    /// A bucket, or the object in it when the call names one.
    fn bucket(&mut self, parameters: Field<'_>) {
        let Some(bucket) = parameters.member("bucketName").and_then(|name| name.copy()) else { return };
        match parameters.member("key").and_then(|key| key.copy()) {
            Some(key) => self.add(&format!("arn:aws:s3:::{bucket}/{key}"), By::Uid, "AWS::S3::Object"),
            None => self.add(&format!("arn:aws:s3:::{bucket}"), By::Uid, "AWS::S3::Bucket"),
        }
    }

    fn gather(&mut self, object: Field<'_>, names: &[(&str, By, &str)]) {
        for member in object.children() {
            if let Some((_, by, kind)) = names.iter().find(|(known, _, _)| member.is_called(known)) {
                self.member(member, *by, kind);
            }
            if member.raw_name().ends_with("Set") {
                let items = member.member("items").filter(Field::is_array);
                items.iter().flat_map(Field::children).for_each(|item| self.gather(item, names));
            }
        }
    }

    fn member(&mut self, member: Field<'_>, by: By, kind: &str) {
        if let Some(value) = member.copy().filter(|_| member.is_text()) {
            let by = if value.starts_with("arn:") { By::Uid } else { by };
            self.add(&value, by, kind);
        }
    }

    fn add(&mut self, value: &str, by: By, kind: &str) {
        let is_it = |told: &ResourceDetails| told.uid() == Some(value) || told.name() == Some(value);
        if self.resources.len() >= RESOURCES || self.resources.iter().any(is_it) {
            return;
        }
        let mut resource = match (by, self.in_account(value, kind)) {
            (By::Uid, _) => ResourceDetails::of_uid(value),
            (By::Name, None) => ResourceDetails::named(value),
            (By::Name, Some(arn)) => {
                let mut resource = ResourceDetails::of_uid(arn);
                resource.set_name(value);
                resource
            }
        };
        if kind.starts_with("AWS::") {
            resource.set_kind(Cow::Borrowed(kind));
        }
        self.resources.push(resource);
    }

    /// The ARN of what IAM calls `name`, at the root path.
    fn in_account(&self, name: &str, kind: &str) -> Option<String> {
        let holder = match kind {
            "AWS::IAM::User" => "user",
            "AWS::IAM::Role" => "role",
            "AWS::IAM::Group" => "group",
            _ => return None,
        };
        Some(arn_of(self.account.as_deref()?, holder, name))
    }
}
