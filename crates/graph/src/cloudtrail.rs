//! Which changes of configuration an event of AWS CloudTrail shows.
//!
//! A table says of each call of IAM (and of bucket policies) whose object it changes and how; parameter names are
//! those of the "AWS IAM API Reference", spelt as CloudTrail spells them. A call that failed or was
//! refused changes nothing. A call whose decisive parameter is missing makes its object stale.

use crate::Evidence;
use crate::change::{Change, Op};
use crate::cloudtrail_network::{Place, service_of};
use crate::inventory::BOUNDARY;
use crate::object::{LinkKind, ObjectKind, PolicySlot, account_key, arn_key};
use crate::snapshot_aws::{DEFAULT_VERSION, UNIQUE_ID, percent_decoded};
use crate::workload::ACCOUNT;
use core::cell::OnceCell;
use homeostat_core::{EntityKey, EntityKind, Outcome, TenantId};
use homeostat_event::Event;
use serde_json::Value;
use std::collections::BTreeMap;

/// Why an event that changes configuration can not become a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventFault {
    /// The event does not say whose it is.
    #[error("the event names no tenant")]
    NoTenant,
    /// The event does not say in which account it happened.
    #[error("the event names no cloud account")]
    NoAccount,
}

/// Whom a call is about, by the parameter that names it.
#[derive(Clone, Copy, PartialEq)]
enum Holder {
    User,
    Role,
    Group,
}

/// What a call does.
#[derive(Clone, Copy, PartialEq)]
enum Call {
    PutInline(Holder),
    DropInline(Holder),
    Attach(Holder),
    Detach(Holder),
    Bound(Holder),
    Unbound(Holder),
    Create(Holder),
    Delete(Holder),
    Tag(Holder),
    Rename(Holder),
    Trust,
    Join,
    Leave,
    CreatePolicy,
    DeletePolicy,
    NewVersion,
    SetVersion,
    DropVersion,
    NewKey,
    DropKey,
    AddProfile,
    DropProfile,
    PutBucketPolicy,
    DropBucketPolicy,
}

use Call::{
    AddProfile, Attach, Bound, Create, CreatePolicy, Delete, DeletePolicy, Detach, DropBucketPolicy,
    DropInline, DropKey, DropProfile, DropVersion, Join, Leave, NewKey, NewVersion, PutBucketPolicy,
    PutInline, Rename, SetVersion, Tag, Trust, Unbound,
};
use Holder::{Group, Role, User};

const TABLE: [(&str, Call); 42] = [
    ("AddRoleToInstanceProfile", AddProfile),
    ("AddUserToGroup", Join),
    ("AttachGroupPolicy", Attach(Group)),
    ("AttachRolePolicy", Attach(Role)),
    ("AttachUserPolicy", Attach(User)),
    ("CreateAccessKey", NewKey),
    ("CreateGroup", Create(Group)),
    ("CreatePolicy", CreatePolicy),
    ("CreatePolicyVersion", NewVersion),
    ("CreateRole", Create(Role)),
    ("CreateUser", Create(User)),
    ("DeleteAccessKey", DropKey),
    ("DeleteBucketPolicy", DropBucketPolicy),
    ("DeleteGroup", Delete(Group)),
    ("DeleteGroupPolicy", DropInline(Group)),
    ("DeletePolicy", DeletePolicy),
    ("DeletePolicyVersion", DropVersion),
    ("DeleteRole", Delete(Role)),
    ("DeleteRolePermissionsBoundary", Unbound(Role)),
    ("DeleteRolePolicy", DropInline(Role)),
    ("DeleteUser", Delete(User)),
    ("DeleteUserPermissionsBoundary", Unbound(User)),
    ("DeleteUserPolicy", DropInline(User)),
    ("DetachGroupPolicy", Detach(Group)),
    ("DetachRolePolicy", Detach(Role)),
    ("DetachUserPolicy", Detach(User)),
    ("PutBucketPolicy", PutBucketPolicy),
    ("PutGroupPolicy", PutInline(Group)),
    ("PutRolePermissionsBoundary", Bound(Role)),
    ("PutRolePolicy", PutInline(Role)),
    ("PutUserPermissionsBoundary", Bound(User)),
    ("PutUserPolicy", PutInline(User)),
    ("RemoveRoleFromInstanceProfile", DropProfile),
    ("RemoveUserFromGroup", Leave),
    ("SetDefaultPolicyVersion", SetVersion),
    ("TagRole", Tag(Role)),
    ("TagUser", Tag(User)),
    ("UntagRole", Tag(Role)),
    ("UntagUser", Tag(User)),
    ("UpdateAssumeRolePolicy", Trust),
    ("UpdateGroup", Rename(Group)),
    ("UpdateUser", Rename(User)),
];

impl Change {
    /// The changes that `event` shows, in order; none for reads, for calls that failed and for what the table
    /// does not have.
    ///
    /// # Errors
    ///
    /// [`EventFault`] when the event shows a change but not whose or where.
    pub fn from_event(event: &Event) -> Result<Vec<Self>, EventFault> {
        let action = event.action();
        // Lambda's calls carry the date of their version.
        let action = action.trim_end_matches(|sign: char| sign.is_ascii_digit());
        let call = TABLE.iter().find(|(name, _)| *name == action).map(|(_, call)| *call);
        let service = match call {
            Some(PutBucketPolicy | DropBucketPolicy) => Some("s3"),
            Some(_) => Some("iam"),
            None => service_of(action),
        };
        let Some(service) = service.filter(|_| event.outcome() == Outcome::Success) else {
            return Ok(Vec::new());
        };
        let own = format!("{service}.amazonaws.com");
        if event.service().is_some_and(|name| name != own && name != service) {
            return Ok(Vec::new());
        }
        let tenant = event.tenant().ok_or(EventFault::NoTenant)?;
        let cloud = event.cloud();
        let account = cloud.and_then(|cloud| cloud.account()?.uid());
        let said = Said::new(event, account.ok_or(EventFault::NoAccount)?, &tenant);
        let region = cloud.and_then(|cloud| cloud.region());
        let ops = match call {
            Some(call) => said.ops(call),
            None => said.of_network(action, region.unwrap_or_default()),
        };
        let ops = ops.unwrap_or_else(|| said.stale());
        let evidence = match event.reference() {
            Some(reference) => Evidence::Event(reference),
            None => Evidence::document("event without an id"),
        };
        let at = event.when();
        let change = |op| Self { tenant: tenant.clone(), at, position: None, evidence: evidence.clone(), op };
        Ok(ops.into_iter().map(change).collect())
    }
}

/// What an event says.
struct Said<'a> {
    event: &'a Event,
    account: &'a str,
    tenant: &'a TenantId,
    // Read once: a call is looked at for several parameters.
    asked: OnceCell<Option<Value>>,
    answered: OnceCell<Option<Value>>,
}

const ASKED: &str = "requestParameters";
const ANSWERED: &str = "responseElements";

impl<'a> Said<'a> {
    fn new(event: &'a Event, account: &'a str, tenant: &'a TenantId) -> Self {
        Self { event, account, tenant, asked: OnceCell::new(), answered: OnceCell::new() }
    }

    /// What stands at a dotted path that begins at the parameters or at the answer.
    fn value(&self, path: &str) -> Option<&Value> {
        let (whole, inner) = path.split_once('.').unwrap_or((path, ""));
        let read = match whole {
            ASKED => &self.asked,
            ANSWERED => &self.answered,
            _ => return None,
        };
        let read = || read.get_or_init(|| serde_json::from_str(self.event.unmapped(whole)?.as_str()).ok());
        let mut names = inner.split('.').filter(|name| !name.is_empty());
        names.try_fold(read().as_ref()?, |value, name| value.get(name))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.text(&format!("{ASKED}.{name}"))
    }

    fn text(&self, path: &str) -> Option<String> {
        self.value(path)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A policy document, when it is one and was not withheld.
    fn document(&self, name: &str) -> Option<String> {
        let text = self.parameter(name)?;
        let text = if text.starts_with('%') { percent_decoded(&text) } else { text };
        text.trim_start().starts_with('{').then_some(text)
    }

    /// The object that a call is about. IAM names are unique in an account; a path, which the call does not
    /// tell, is found by the inventory.
    fn holder(&self, holder: Holder) -> Option<EntityKey> {
        let (parameter, kind) = match holder {
            User => ("userName", "user"),
            Role => ("roleName", "role"),
            Group => ("groupName", "group"),
        };
        let told = self.text(&format!("responseElements.{kind}.arn"));
        let arn = told
            .or_else(|| Some(format!("arn:aws:iam::{}:{kind}/{}", self.account, self.parameter(parameter)?)));
        arn_key(&arn?)
    }

    fn of_network(&self, action: &str, region: &str) -> Option<Vec<Op>> {
        let (asked, answered) = (self.value(ASKED)?, self.value(ANSWERED).unwrap_or(&Value::Null));
        Place { account: self.account, region }.ops(action, asked, answered)
    }

    /// All objects that the event names as targets, or else the account, changed in a way that is not told.
    fn stale(&self) -> Vec<Op> {
        let named: Vec<EntityKey> =
            [User, Role, Group].into_iter().filter_map(|holder| self.holder(holder)).collect();
        let policy = self.parameter("policyArn").and_then(|arn| arn_key(&arn));
        let mut objects: Vec<EntityKey> = named.into_iter().chain(policy).collect();
        if objects.is_empty() {
            let keys = self.event.targets().into_iter().flat_map(|party| party.keys().to_vec());
            objects = keys.filter(|key| key.value().starts_with("arn:")).collect();
        }
        if objects.is_empty() {
            objects.extend(account_key(self.account));
        }
        objects.into_iter().map(|object| Op::Stale { object }).collect()
    }

    /// What the call does; `None` when a parameter is missing that says so.
    fn ops(&self, call: Call) -> Option<Vec<Op>> {
        Some(match call {
            PutInline(holder) => vec![Op::PutPolicy {
                object: self.holder(holder)?,
                slot: PolicySlot::Inline(self.parameter("policyName")?),
                document: self.document("policyDocument")?,
            }],
            DropInline(holder) => vec![Op::RemovePolicy {
                object: self.holder(holder)?,
                slot: PolicySlot::Inline(self.parameter("policyName")?),
            }],
            Attach(holder) | Detach(holder) => {
                let (from, to) = (self.holder(holder)?, arn_key(&self.parameter("policyArn")?)?);
                vec![tie(matches!(call, Attach(_)), from, LinkKind::Attached, to)]
            }
            Bound(holder) => {
                vec![put(self.holder(holder)?, [(BOUNDARY, self.parameter("permissionsBoundary")?)])]
            }
            Unbound(holder) => {
                vec![Op::Unset { object: self.holder(holder)?, attribute: BOUNDARY.to_owned() }]
            }
            Create(holder) => self.create(holder)?,
            Delete(holder) => vec![Op::Remove { object: self.holder(holder)? }],
            Tag(holder) | Rename(holder) => vec![Op::Stale { object: self.holder(holder)? }],
            Trust => vec![Op::PutPolicy {
                object: self.holder(Role)?,
                slot: PolicySlot::Trust,
                document: self.document("policyDocument")?,
            }],
            Join | Leave => {
                vec![tie(call == Join, self.holder(User)?, LinkKind::MemberOf, self.holder(Group)?)]
            }
            CreatePolicy | DeletePolicy | NewVersion | SetVersion | DropVersion => self.managed(call)?,
            NewKey | DropKey => vec![self.access_key(call)?],
            AddProfile | DropProfile => {
                let name = self.parameter("instanceProfileName")?;
                let profile = arn_key(&format!("arn:aws:iam::{}:instance-profile/{name}", self.account))?;
                vec![tie(call == AddProfile, self.holder(Role)?, LinkKind::Profile, profile)]
            }
            PutBucketPolicy | DropBucketPolicy => self.bucket(call)?,
        })
    }

    fn create(&self, holder: Holder) -> Option<Vec<Op>> {
        let object = self.holder(holder)?;
        let mut attributes = BTreeMap::new();
        if let Some(boundary) = self.parameter("permissionsBoundary") {
            attributes.insert(BOUNDARY.to_owned(), boundary);
        }
        for path in ["responseElements.user.userId", "responseElements.role.roleId"] {
            if let Some(id) = self.text(path) {
                attributes.insert(UNIQUE_ID.to_owned(), id);
            }
        }
        let tags = self.value("requestParameters.tags");
        for tag in tags.and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| tag.get(name).and_then(Value::as_str);
            if let Some((name, value)) = text("key").zip(text("value")) {
                attributes.insert(format!("tag/{name}"), value.to_owned());
            }
        }
        let mut ops = vec![Op::Put { object: object.clone(), kind: None, attributes }];
        if holder == Role {
            ops.push(match self.document("assumeRolePolicyDocument") {
                Some(document) => Op::PutPolicy { object, slot: PolicySlot::Trust, document },
                None => Op::Stale { object },
            });
        }
        Some(ops)
    }

    fn managed(&self, call: Call) -> Option<Vec<Op>> {
        let arn = self.parameter("policyArn").or_else(|| self.text("responseElements.policy.arn"));
        let arn = arn.or_else(|| {
            let path = self.parameter("path").unwrap_or_else(|| "/".to_owned());
            Some(format!("arn:aws:iam::{}:policy{path}{}", self.account, self.parameter("policyName")?))
        });
        let object = arn_key(&arn?)?;
        let first = || Some("v1".to_owned());
        let in_force = |id: String| put(object.clone(), [(DEFAULT_VERSION, id)]);
        Some(match call {
            CreatePolicy => {
                let (id, document) = (first()?, self.document("policyDocument")?);
                let slot = PolicySlot::Version(id.clone());
                vec![in_force(id), Op::PutPolicy { object: object.clone(), slot, document }]
            }
            NewVersion => {
                let told = self.text("responseElements.policyVersion.versionId");
                let id = told.unwrap_or_else(|| "latest".to_owned());
                let slot = PolicySlot::Version(id.clone());
                let document = self.document("policyDocument")?;
                let mut ops = vec![Op::PutPolicy { object: object.clone(), slot, document }];
                if self.value("requestParameters.setAsDefault") == Some(&Value::Bool(true)) {
                    ops.push(in_force(id));
                }
                ops
            }
            SetVersion => vec![in_force(self.parameter("versionId")?)],
            DropVersion => {
                vec![Op::RemovePolicy {
                    object: object.clone(),
                    slot: PolicySlot::Version(self.parameter("versionId")?),
                }]
            }
            _ => vec![Op::Remove { object: object.clone() }],
        })
    }

    fn access_key(&self, call: Call) -> Option<Op> {
        let told =
            self.parameter("accessKeyId").or_else(|| self.text("responseElements.accessKey.accessKeyId"));
        let key = EntityKey::new(EntityKind::AccessKey, self.tenant.as_str(), &told?).ok()?;
        // Without a name the call is about the caller itself.
        let named = self.holder(User).or_else(|| self.event.actor()?.keys().first().cloned());
        Some(tie(call == NewKey, named?, LinkKind::HasKey, key))
    }

    fn bucket(&self, call: Call) -> Option<Vec<Op>> {
        let object = arn_key(&format!("arn:aws:s3:::{}", self.parameter("bucketName")?))?;
        if call == DropBucketPolicy {
            return Some(vec![Op::RemovePolicy { object, slot: PolicySlot::Resource }]);
        }
        let document = self.value("requestParameters.bucketPolicy")?;
        let owner = Op::Put {
            object: object.clone(),
            kind: Some(ObjectKind::Bucket),
            attributes: [(ACCOUNT.to_owned(), self.account.to_owned())].into(),
        };
        let json = document.as_str().map_or_else(|| document.to_string(), str::to_owned);
        Some(vec![owner, Op::PutPolicy { object, slot: PolicySlot::Resource, document: json }])
    }
}

fn put<const N: usize>(object: EntityKey, attributes: [(&str, String); N]) -> Op {
    let attributes = attributes.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    Op::Put { object, kind: None, attributes }
}

fn tie(made: bool, from: EntityKey, kind: LinkKind, to: EntityKey) -> Op {
    if made { Op::Link { from, kind, to } } else { Op::Unlink { from, kind, to } }
}
