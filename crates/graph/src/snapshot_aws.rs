//! Reads what `GetAccountAuthorizationDetails` gives: users, groups, roles and policies of an account.
//!
//! Read are the plain answer of one account and a file of several, `{"accounts": {ID: …}, "resources": […]}`,
//! whose resources are configuration items with `type`, `arn` and attributes. Names of scenarios, expected results
//! and the like beside them are not looked at. A record that can not be read is noted with its place and
//! the others are read. O(bytes).

use crate::Evidence;
use crate::inventory::{BOUNDARY, Inventory, Listing, Problem};
use crate::object::{Document, Held, LinkKind, Object, PolicySlot, Slot, arn_key};
use crate::workload;
use homeostat_core::{EntityKey, TenantId, Timestamp};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Whose snapshot it is, from when, and what it is called in evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The tenant; `None` leaves the inventory to the first change that names one.
    pub tenant: Option<TenantId>,
    /// When the snapshot was taken. Unknown by default: then every change is newer.
    pub at: Timestamp,
    /// The name of the document in evidence.
    pub document: String,
}

impl Default for Reading {
    fn default() -> Self {
        Self { tenant: None, at: Timestamp::UNKNOWN, document: "account authorization details".to_owned() }
    }
}

impl Reading {
    /// A snapshot of `tenant` taken at `at`.
    pub fn new(tenant: TenantId, at: Timestamp) -> Self {
        Self { tenant: Some(tenant), at, ..Self::default() }
    }

    /// The reading, where evidence names `document`.
    #[must_use]
    pub fn named(mut self, document: &str) -> Self {
        document.clone_into(&mut self.document);
        self
    }
}

/// Why a text is no snapshot at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotFault {
    /// The text is no JSON.
    #[error("the snapshot is no JSON")]
    NotJson,
    /// It has neither the lists of an account nor accounts.
    #[error("the snapshot holds no account: none of `UserDetailList`, `RoleDetailList`, `accounts` is there")]
    NoAccount,
}

type Fields = Map<String, Value>;

impl Inventory {
    /// Reads the JSON that `GetAccountAuthorizationDetails` gives, or a file of several accounts and resources.
    ///
    /// Policy documents may be objects, JSON text or URL-encoded JSON text. What can not be read stands in
    /// [`Inventory::problems`].
    ///
    /// # Errors
    ///
    /// [`SnapshotFault`] when the text as a whole is no such snapshot.
    pub fn from_account_authorization(json: &str, reading: &Reading) -> Result<Self, SnapshotFault> {
        let whole: Value =
            serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(|_| SnapshotFault::NotJson)?;
        let mut own = Self { tenant: reading.tenant.clone(), ..Self::default() };
        own.read_account_authorization(&whole, reading)?;
        Ok(own)
    }

    /// Reads one more such document beside what is known. Of an object that was known what this one says is known now:
    /// read accounts first, documents that add to their objects then.
    ///
    /// # Errors
    ///
    /// [`SnapshotFault`] when the document is no such snapshot. Nothing is learnt then.
    pub fn read_account_authorization(
        &mut self,
        whole: &Value,
        reading: &Reading,
    ) -> Result<(), SnapshotFault> {
        let mut reader = Reader {
            inventory: core::mem::take(self),
            at: reading.at,
            evidence: Evidence::document(&reading.document),
            groups: BTreeMap::new(),
        };
        let listed = ["UserDetailList", "RoleDetailList", "GroupDetailList", "Policies"];
        if let Some(accounts) = whole.get("accounts").and_then(Value::as_object) {
            for (id, account) in accounts {
                reader.account(account, &format!("accounts.{id}"));
            }
        } else if listed.iter().any(|list| whole.get(list).is_some()) {
            reader.account(whole, "");
        } else {
            *self = reader.inventory;
            return Err(SnapshotFault::NoAccount);
        }
        reader.resources(whole);
        *self = reader.inventory;
        Ok(())
    }
}

pub(crate) struct Reader {
    pub(crate) inventory: Inventory,
    at: Timestamp,
    evidence: Evidence,
    /// The groups of the account by name: users name them so.
    groups: BTreeMap<String, EntityKey>,
}

impl Reader {
    fn account(&mut self, account: &Value, place: &str) {
        let groups = account.get("GroupDetailList").and_then(Value::as_array).into_iter().flatten();
        let named = groups.filter_map(|group| {
            let text = |field: &str| group.get(field).and_then(Value::as_str);
            Some((text("GroupName")?.to_owned(), arn_key(text("Arn")?)?))
        });
        self.groups = named.collect();
        for (list, read) in [
            ("UserDetailList", Self::user as fn(&mut Self, &Fields, &str) -> Option<()>),
            ("RoleDetailList", Self::role),
            ("GroupDetailList", Self::group),
            ("Policies", Self::policy),
        ] {
            let records = account.get(list).and_then(Value::as_array).into_iter().flatten();
            for (number, record) in records.enumerate() {
                let place = format!("{place}.{list}[{number}]");
                let done = record.as_object().and_then(|fields| read(self, fields, &place));
                if done.is_none() {
                    self.problem(&place, "no record with an `Arn`");
                }
            }
        }
    }

    fn problem(&mut self, place: &str, cause: &str) {
        let place = place.trim_start_matches('.').to_owned();
        self.inventory.problems.push(Problem { place, cause: cause.to_owned() });
    }

    fn object(&self, fields: &Fields) -> Option<Object> {
        let key = arn_key(fields.get("Arn")?.as_str()?)?;
        Some(Object::new(key, self.at, self.evidence.clone()))
    }

    fn keep(&mut self, object: Object) {
        let key = object.key.clone();
        self.inventory.objects.insert(key.clone(), object);
        self.inventory.relink(&key);
    }

    fn user(&mut self, fields: &Fields, place: &str) -> Option<()> {
        let mut user = self.object(fields)?;
        self.principal(&mut user, fields, "UserPolicyList", place);
        for name in list(fields, "GroupList").filter_map(Value::as_str) {
            let arn = format!("arn:aws:iam::{}:group/{name}", user.key.scope());
            if let Some(group) = self.groups.get(name).cloned().or_else(|| arn_key(&arn)) {
                user.state(&self.evidence, Slot::Link(LinkKind::MemberOf, group), Held::Linked);
            }
        }
        self.keep(user);
        Some(())
    }

    fn role(&mut self, fields: &Fields, place: &str) -> Option<()> {
        let mut role = self.object(fields)?;
        self.principal(&mut role, fields, "RolePolicyList", place);
        if let Some(trust) = fields.get("AssumeRolePolicyDocument") {
            self.hold(&mut role, PolicySlot::Trust, trust, place);
        }
        for profile in list(fields, "InstanceProfileList") {
            if let Some(key) = profile.get("Arn").and_then(Value::as_str).and_then(arn_key) {
                role.state(&self.evidence, Slot::Link(LinkKind::Profile, key), Held::Linked);
            }
        }
        self.keep(role);
        Some(())
    }

    fn group(&mut self, fields: &Fields, place: &str) -> Option<()> {
        let mut group = self.object(fields)?;
        self.principal(&mut group, fields, "GroupPolicyList", place);
        self.keep(group);
        Some(())
    }

    fn policy(&mut self, fields: &Fields, place: &str) -> Option<()> {
        let mut policy = self.object(fields)?;
        for version in list(fields, "PolicyVersionList") {
            let Some(id) = version.get("VersionId").and_then(Value::as_str) else { continue };
            if let Some(document) = version.get("Document") {
                self.hold(&mut policy, PolicySlot::Version(id.to_owned()), document, place);
            }
            if version.get("IsDefaultVersion").and_then(Value::as_bool) == Some(true) {
                self.set(&mut policy, DEFAULT_VERSION, id);
            }
        }
        if let Some(id) = fields.get("DefaultVersionId").and_then(Value::as_str) {
            self.set(&mut policy, DEFAULT_VERSION, id);
        }
        self.keep(policy);
        Some(())
    }

    /// What users, roles and groups have alike.
    fn principal(&mut self, object: &mut Object, fields: &Fields, inline: &str, place: &str) {
        for policy in list(fields, inline) {
            let (name, document) =
                (policy.get("PolicyName").and_then(Value::as_str), policy.get("PolicyDocument"));
            if let Some((name, document)) = name.zip(document) {
                self.hold(object, PolicySlot::Inline(name.to_owned()), document, place);
            }
        }
        for policy in list(fields, "AttachedManagedPolicies") {
            if let Some(key) = policy.get("PolicyArn").and_then(Value::as_str).and_then(arn_key) {
                object.state(&self.evidence, Slot::Link(LinkKind::Attached, key), Held::Linked);
            }
        }
        let boundary =
            fields.get("PermissionsBoundary").and_then(|boundary| boundary.get("PermissionsBoundaryArn"));
        if let Some(arn) = boundary.and_then(Value::as_str) {
            self.set(object, BOUNDARY, arn);
        }
        for (id, attribute) in [("UserId", UNIQUE_ID), ("RoleId", UNIQUE_ID)] {
            if let Some(id) = fields.get(id).and_then(Value::as_str) {
                self.set(object, attribute, id);
            }
        }
        self.tags(object, fields.get("Tags"));
    }

    pub(crate) fn tags(&self, object: &mut Object, tags: Option<&Value>) {
        for tag in tags.and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| tag.get(name).and_then(Value::as_str);
            if let Some((name, value)) = text("Key").zip(text("Value")) {
                self.set(object, &format!("tag/{name}"), value);
            }
        }
        for (name, value) in tags.and_then(Value::as_object).into_iter().flatten() {
            if let Some(value) = value.as_str() {
                self.set(object, &format!("tag/{name}"), value);
            }
        }
    }

    fn set(&self, object: &mut Object, attribute: &str, text: &str) {
        object.state(&self.evidence, Slot::Attribute(attribute.to_owned()), Held::Text(text.to_owned()));
    }

    fn hold(&mut self, object: &mut Object, slot: PolicySlot, document: &Value, place: &str) {
        let json = match document {
            Value::String(text) if text.trim_start().starts_with('%') => percent_decoded(text),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let document = Document::new(&object.policy_name(&slot), &json);
        if let Err(error) = &document.read {
            self.problem(place, &error.to_string());
            self.inventory.stats.unreadable = self.inventory.stats.unreadable.saturating_add(1);
        }
        object.state(&self.evidence, Slot::Policy(slot), Held::Document(document));
    }

    fn resources(&mut self, whole: &Value) {
        let records = whole.get("resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if !records.is_empty() {
            self.inventory.workloads = Listing::Read;
        }
        for (number, record) in records.iter().enumerate() {
            let place = format!("resources[{number}]");
            let Some(fields) = record.as_object() else {
                self.problem(&place, "no record");
                continue;
            };
            if let Some(fact) = workload::facts(fields, number) {
                self.resource(fact, fields, &place);
            }
        }
    }

    fn resource(&mut self, fact: workload::Resource, fields: &Fields, place: &str) {
        let known = self.inventory.objects.remove(&fact.key);
        let mut object = known.unwrap_or_else(|| Object::new(fact.key, self.at, self.evidence.clone()));
        if let Some(kind) = fact.kind {
            object.kind = kind;
        }
        for (name, text) in fact.attributes {
            self.set(&mut object, &name, &text);
        }
        if let Some(policy) = fact.policy {
            self.hold(&mut object, PolicySlot::Resource, &policy, place);
        }
        self.tags(&mut object, fields.get("tags"));
        self.keep(object);
    }
}

/// The attribute of a managed policy that names the version in force.
pub(crate) const DEFAULT_VERSION: &str = "default_version";
/// The attribute with the unique id of a user or role.
pub(crate) const UNIQUE_ID: &str = "unique_id";

fn list<'a>(fields: &'a Fields, name: &str) -> impl Iterator<Item = &'a Value> {
    fields.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// AWS gives documents in RFC 3986 percent encoding.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits = (ahead.next(), ahead.next());
        let value = match digits {
            (Some(high), Some(low)) if byte == b'%' => {
                hex(high).zip(hex(low)).map(|(high, low)| high * 16 + low)
            }
            _ => None,
        };
        match value {
            Some(value) => {
                bytes.push(value);
                rest = ahead;
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
