//! Changes of the graph's inventory as changes of configuration documents, so that one reading of the log feeds both.
//!
//! The graph's `Change` tells what an event did to an identity: a policy put or taken away, a policy attached, a user
//! put into a group. Here it becomes the member of the document that it changes. O(member).

use crate::authority::{GROUP, POLICY, ROLE, USER};
use crate::change::{Change, Op};
use crate::posture::Posture;
use homeostat_core::{EntityKey, EntityKind, EventRef};
use homeostat_graph::{Evidence, LinkKind, PolicySlot};
use serde_json::{Map, Value, json};

impl Posture {
    /// The change of documents that `change` of the graph's inventory comes to; `None` for what no document shows.
    ///
    /// An object that the inventory puts and that is not known yet is taken as just made: its lists are empty. A stale
    /// object gives `None`: which member it was is not told.
    pub fn follow(&self, change: &homeostat_graph::Change) -> Option<Change> {
        let op = self.op(&change.op)?;
        let evidence = match &change.evidence {
            Evidence::Event(event) => event.clone(),
            Evidence::Document(name) => EventRef::new(name, 0).ok()?,
        };
        Some(Change { tenant: change.tenant.clone(), at: change.at, evidence, op })
    }

    fn op(&self, op: &homeostat_graph::Op) -> Option<Op> {
        use homeostat_graph::Op as Told;
        match op {
            Told::Put { object, .. } => self.born(object),
            Told::Remove { object } => Some(Op::Remove { object: object.clone() }),
            Told::Link { from, kind, to } => self.linked(from, *kind, to, Entry::There),
            Told::Unlink { from, kind, to } => self.linked(from, *kind, to, Entry::Gone),
            Told::PutPolicy { object, slot, document } => {
                self.policy(object, slot, Some(serde_json::from_str(document).ok()?))
            }
            Told::RemovePolicy { object, slot } => self.policy(object, slot, None),
            _ => None,
        }
    }

    /// An identity that is told for the first time has nothing yet.
    fn born(&self, object: &EntityKey) -> Option<Op> {
        let mut members = Map::new();
        if self.estate.object(object).is_none() {
            members.extend(fresh(kind(object)?).iter().map(|list| ((*list).to_owned(), json!([]))));
        }
        members_of(object, members)
    }

    fn linked(&self, from: &EntityKey, kind: LinkKind, to: &EntityKey, entry: Entry) -> Option<Op> {
        match kind {
            LinkKind::Attached => {
                let own = |one: &Value| one.get("PolicyArn").and_then(Value::as_str) == Some(to.value());
                self.list(from, "AttachedManagedPolicies", own, entry.of(json!({"PolicyArn": to.value()})))
            }
            LinkKind::MemberOf => {
                let group = name(to);
                self.list(from, "GroupList", |one| one.as_str() == Some(group), entry.of(json!(group)))
            }
            _ => None,
        }
    }

    fn policy(&self, object: &EntityKey, slot: &PolicySlot, document: Option<Value>) -> Option<Op> {
        let list = match kind(object)? {
            USER => "UserPolicyList",
            ROLE => "RolePolicyList",
            GROUP => "GroupPolicyList",
            _ => "PolicyVersionList",
        };
        match slot {
            PolicySlot::Inline(name) => {
                let fresh = document.map(|document| json!({"PolicyName": name, "PolicyDocument": document}));
                self.list(object, list, |one| one.get("PolicyName") == Some(&json!(name)), fresh)
            }
            PolicySlot::Version(id) => {
                let fresh = document
                    .map(|document| json!({"VersionId": id, "IsDefaultVersion": true, "Document": document}));
                self.list(object, list, |one| one.get("VersionId") == Some(&json!(id)), fresh)
            }
            PolicySlot::Trust => member(object, "AssumeRolePolicyDocument", document?),
            PolicySlot::Resource if object.value().starts_with("arn:aws:s3:") => {
                let policy = document.map(|document| json!({"Policy": document.to_string()}));
                member(object, "GetBucketPolicy", policy.unwrap_or(Value::Null))
            }
            PolicySlot::Resource => None,
        }
    }

    /// The list with `fresh` in place of the entry that `own` is about, or without it.
    fn list(
        &self,
        object: &EntityKey,
        name: &str,
        own: impl Fn(&Value) -> bool,
        fresh: Option<Value>,
    ) -> Option<Op> {
        let known = self.estate.object(object).and_then(|known| known.member(name)).and_then(Value::as_array);
        let mut entries: Vec<Value> = known.into_iter().flatten().filter(|one| !own(one)).cloned().collect();
        if name == "PolicyVersionList" && fresh.is_some() {
            // The newest version that is told is the one in force until another is set.
            for version in entries.iter_mut().filter_map(Value::as_object_mut) {
                version.insert("IsDefaultVersion".to_owned(), json!(false));
            }
        }
        entries.extend(fresh);
        member(object, name, Value::Array(entries))
    }
}

/// The change that puts these members.
fn members_of(object: &EntityKey, mut members: Map<String, Value>) -> Option<Op> {
    let kind = kind(object)?;
    if [USER, ROLE, GROUP, POLICY].contains(&kind) {
        members.insert("Arn".to_owned(), json!(object.value()));
    }
    if kind == GROUP {
        members.insert("GroupName".to_owned(), json!(name(object)));
    }
    let document = Value::Object(members).to_string();
    Some(Op::Put { object: object.clone(), kind: kind.to_owned(), document })
}

fn member(object: &EntityKey, name: &str, value: Value) -> Option<Op> {
    members_of(object, Map::from_iter([(name.to_owned(), value)]))
}

/// What becomes of an entry of a list.
#[derive(Clone, Copy)]
enum Entry {
    There,
    Gone,
}

impl Entry {
    fn of(self, value: Value) -> Option<Value> {
        match self {
            Self::There => Some(value),
            Self::Gone => None,
        }
    }
}

/// What kind of document an object of the graph has.
fn kind(object: &EntityKey) -> Option<&'static str> {
    Some(match object.kind() {
        EntityKind::IamUserArn => USER,
        EntityKind::IamRoleArn => ROLE,
        EntityKind::IamGroupArn => GROUP,
        EntityKind::ResourceArn if object.value().contains(":policy/") => POLICY,
        EntityKind::ResourceArn if object.value().starts_with("arn:aws:s3:") => "aws.s3.bucket",
        _ => return None,
    })
}

/// The lists that an object of the kind has when it is made.
fn fresh(kind: &str) -> &'static [&'static str] {
    match kind {
        USER => &["UserPolicyList", "AttachedManagedPolicies", "GroupList"],
        ROLE => &["RolePolicyList", "AttachedManagedPolicies"],
        GROUP => &["GroupPolicyList", "AttachedManagedPolicies"],
        _ => &[],
    }
}

/// The last part of an ARN's path.
fn name(key: &EntityKey) -> &str {
    key.value().rsplit('/').next().unwrap_or_default()
}
