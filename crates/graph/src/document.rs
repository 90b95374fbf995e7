//! Documents of an estate as facts: what the programs of providers and scanners print, one after another, in any order.
//!
//! A document is told by its lists. What it says of an object is laid over what is known as [`Change`]s, so that reading it
//! again later takes back what is no longer true: ties and attributes that a document of its kind always tells. A record that
//! can not be read is a problem with its place, the others are read. O(records log objects).

mod cluster;
mod code;
mod directory;
mod ec2;
mod finding;
mod okta;
mod service;
#[cfg(feature = "terraform")]
mod terraform;

#[cfg(feature = "terraform")]
pub use terraform::PlanStage;

use crate::Evidence;
use crate::change::{Change, Op, Touched};
use crate::inventory::{Inventory, Problem};
use crate::object::{LinkKind, Object, ObjectKind};
use crate::snapshot_aws::Reading;
use homeostat_core::{EntityKey, EntityKind, TenantId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most records of one document that are read: what is beyond is told as a problem.
const MOST: usize = 1_000_000;

/// What one document says.
pub(crate) struct Facts {
    ops: Vec<Op>,
    /// Attributes that are told each time: one that is not there is no more.
    absent: Vec<(EntityKey, String)>,
    /// Beginnings of attributes of which all are told.
    begun: Vec<(EntityKey, &'static str)>,
    /// Ties of which all are told: those from an object, those to an object.
    whole: BTreeSet<(EntityKey, LinkKind, End)>,
    problems: Vec<Problem>,
    name: String,
    records: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    From,
    To,
    /// Of those that hold the tie the ones of a kind: other documents tell of the others.
    ToOf(EntityKind),
}

/// Reads what it knows of a document; tells whether there was anything of its kind.
type Reader = fn(&Value, &mut Facts) -> bool;

const READERS: [Reader; 7] =
    [ec2::read, service::read, finding::read, cluster::read, directory::read, okta::read, code::read];

impl Inventory {
    /// Reads a document that a provider's or scanner's program printed, called `reading.document`; `None` when it is of no
    /// kind that is known, else what it touched.
    ///
    /// Known are the answers of EC2 (instances, security groups, prefix lists, subnets, route tables, network ACLs,
    /// gateways, peering connections, attachments of transit gateways), of Elastic Load Balancing v2, RDS, Lambda, Secrets
    /// Manager, EKS, `CodeBuild`, Bedrock agents and Identity Center; `OpenAPI`
    /// documents; vulnerability findings of OCSF, Security Hub and Inspector; users, groups and assignments of Microsoft Graph and Okta;
    /// service accounts and nodes of Kubernetes; repositories of GitHub; `CycloneDX`; and a plain document with
    /// `vulnerabilities`, `repositories`, `vendors`, `packages`, `pipelines` and `agents`.
    ///
    /// ```
    /// use homeostat_graph::{Graph, Inventory, Reading, arn_key};
    /// use serde_json::json;
    ///
    /// let mut estate = Inventory::default();
    /// let reading = Reading::default().named("instances.json");
    /// estate.read_document(&json!({"Reservations": [{"OwnerId": "111122223333", "Instances": [
    ///     {"InstanceId": "i-1", "Placement": {"AvailabilityZone": "eu-west-1a"}}]}]}), &reading).ok_or("unknown")?;
    /// assert!(estate.object(&arn_key("arn:aws:ec2:eu-west-1:111122223333:instance/i-1").ok_or("no ARN")?).is_some());
    /// assert!(estate.read_document(&json!({"weather": "fine"}), &reading).is_none());
    /// # Ok::<(), &str>(())
    /// ```
    pub fn read_document(&mut self, whole: &Value, reading: &Reading) -> Option<Touched> {
        let mut facts = Facts::new(&reading.document);
        let named = named_list(whole);
        let whole = named.as_ref().unwrap_or(whole);
        let known = READERS.iter().filter(|read| read(whole, &mut facts)).count();
        (known > 0).then(|| self.take(facts, reading))
    }

    /// Lays the facts over what is known.
    pub(crate) fn take(&mut self, mut facts: Facts, reading: &Reading) -> Touched {
        self.problems.append(&mut facts.problems);
        let ops = facts.with_what_is_gone(self);
        // The tenant of the inventory stays the reading's, or that of the first change that names one.
        let Some(tenant) = reading.tenant.clone().or_else(|| TenantId::new("unnamed").ok()) else {
            return Touched::default();
        };
        if let Some(own) = &reading.tenant {
            self.tenant.get_or_insert_with(|| own.clone());
        }
        let evidence = Evidence::document(&reading.document);
        let mut touched = Touched::default();
        for op in ops {
            let change = Change {
                tenant: tenant.clone(),
                at: reading.at,
                position: None,
                evidence: evidence.clone(),
                op,
            };
            touched.objects.extend(self.learn(&change).objects);
        }
        touched
    }
}

impl Facts {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            ops: Vec::new(),
            absent: Vec::new(),
            begun: Vec::new(),
            whole: BTreeSet::new(),
            problems: Vec::new(),
            name: name.to_owned(),
            records: 0,
        }
    }

    /// The object exists; attributes without a value are none of its.
    pub(crate) fn put<'a>(
        &mut self,
        object: &EntityKey,
        kind: Option<ObjectKind>,
        attributes: impl IntoIterator<Item = (&'a str, Option<String>)>,
    ) {
        let mut told = BTreeMap::new();
        for (name, value) in attributes {
            match value {
                Some(value) => {
                    told.insert(name.to_owned(), value);
                }
                None => self.absent.push((object.clone(), name.to_owned())),
            }
        }
        self.ops.push(Op::Put { object: object.clone(), kind, attributes: told });
    }

    pub(crate) fn link(&mut self, from: &EntityKey, kind: LinkKind, to: &EntityKey) {
        self.ops.push(Op::Link { from: from.clone(), kind, to: to.clone() });
    }

    pub(crate) fn remove(&mut self, object: &EntityKey) {
        self.ops.push(Op::Remove { object: object.clone() });
    }

    pub(crate) fn op(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// All ties of this kind that `object` holds are told.
    pub(crate) fn all_from(&mut self, object: &EntityKey, kind: LinkKind) {
        self.whole.insert((object.clone(), kind, End::From));
    }

    /// All that hold such a tie to `object` are told.
    pub(crate) fn all_to(&mut self, object: &EntityKey, kind: LinkKind) {
        self.whole.insert((object.clone(), kind, End::To));
    }

    /// All attributes of `object` that begin so are told.
    pub(crate) fn all_attributes(&mut self, object: &EntityKey, beginning: &'static str) {
        self.begun.push((object.clone(), beginning));
    }

    /// All of a kind that hold such a tie to `object` are told.
    pub(crate) fn all_of(&mut self, kind: EntityKind, link: LinkKind, object: &EntityKey) {
        self.whole.insert((object.clone(), link, End::ToOf(kind)));
    }

    /// Hands each record of the list `field` to `read`; tells whether the list is there.
    pub(crate) fn each(
        &mut self,
        whole: &Value,
        field: &str,
        mut read: impl FnMut(&mut Self, &Value) -> Option<()>,
    ) -> bool {
        let Some(list) = whole.get(field).and_then(Value::as_array) else { return false };
        for (number, record) in list.iter().enumerate() {
            self.records += 1;
            if self.records > MOST {
                self.problem(
                    &format!("{field}[{number}]"),
                    "a million records were read, the rest is left out",
                );
                return true;
            }
            if read(self, record).is_none() {
                self.problem(&format!("{field}[{number}]"), "no record with what names it");
            }
        }
        true
    }

    pub(crate) fn problem(&mut self, place: &str, cause: &str) {
        self.problems.push(Problem { place: format!("{}: {place}", self.name), cause: cause.to_owned() });
    }

    /// The changes, with those that take back what is no longer told.
    fn with_what_is_gone(self, inventory: &Inventory) -> Vec<Op> {
        let told: BTreeSet<(&EntityKey, LinkKind, &EntityKey)> = self
            .ops
            .iter()
            .filter_map(|op| match op {
                Op::Link { from, kind, to } => Some((from, *kind, to)),
                _ => None,
            })
            .collect();
        let mut gone = Vec::new();
        for (object, kind, end) in &self.whole {
            let known: Vec<(&EntityKey, &EntityKey)> = match end {
                End::From => {
                    let links = inventory.object(object).into_iter().flat_map(|own| own.links(*kind));
                    links.map(|to| (object, to)).collect()
                }
                End::To => inventory.held_by(object, *kind).map(|from| (from, object)).collect(),
                End::ToOf(own) => {
                    let all = inventory.held_by(object, *kind).filter(|from| from.kind() == *own);
                    all.map(|from| (from, object)).collect()
                }
            };
            let untold = known.into_iter().filter(|(from, to)| !told.contains(&(from, *kind, to)));
            gone.extend(untold.map(|(from, to)| Op::Unlink {
                from: from.clone(),
                kind: *kind,
                to: to.clone(),
            }));
        }
        let named: BTreeSet<(&EntityKey, &str)> = self.ops.iter().flat_map(put_attributes).collect();
        // Of two records about one object the one that tells an attribute counts, whichever comes first.
        let held = |(object, name): &&(EntityKey, String)| {
            let told = named.contains(&(object, name.as_str()));
            !told && inventory.object(object).is_some_and(|own| own.attribute(name).is_some())
        };
        for (object, beginning) in &self.begun {
            let all = inventory.object(object).into_iter().flat_map(Object::attributes);
            let begun = all.map(|(name, _)| name).filter(|name| name.starts_with(beginning));
            let untold = begun.filter(|name| !named.contains(&(object, *name)));
            gone.extend(untold.map(|name| Op::Unset { object: object.clone(), attribute: name.to_owned() }));
        }
        let unset = self.absent.iter().filter(held).cloned();
        gone.extend(unset.map(|(object, attribute)| Op::Unset { object, attribute }));
        let mut ops = self.ops;
        ops.append(&mut gone);
        ops
    }
}

/// A bare list as programs save it that page through an answer: what its first record has tells which list it is.
fn named_list(whole: &Value) -> Option<Value> {
    const LISTS: [(&str, &[&str]); 17] = [
        ("SecurityGroups", &["GroupId", "IpPermissions"]),
        ("PrefixLists", &["PrefixListId", "PrefixListName"]),
        ("RouteTables", &["RouteTableId", "Routes"]),
        ("VpcPeeringConnections", &["VpcPeeringConnectionId", "Status"]),
        ("TransitGatewayVpcAttachments", &["TransitGatewayAttachmentId", "VpcId"]),
        ("TransitGatewayAttachments", &["TransitGatewayAttachmentId", "ResourceType"]),
        ("NetworkAcls", &["NetworkAclId", "Entries"]),
        ("Subnets", &["SubnetId", "CidrBlock"]),
        ("InternetGateways", &["InternetGatewayId", "Attachments"]),
        ("Reservations", &["OwnerId", "Instances"]),
        ("LoadBalancers", &["LoadBalancerArn", "Scheme"]),
        ("Listeners", &["ListenerArn", "LoadBalancerArn"]),
        ("TargetGroups", &["TargetGroupArn", "LoadBalancerArns"]),
        ("DBInstances", &["DBInstanceArn"]),
        ("Functions", &["FunctionArn", "Role"]),
        ("SecretList", &["ARN", "SecretVersionsToStages"]),
        ("Findings", &["ProductArn", "RecordState"]),
    ];
    let first = whole.as_array()?.first()?;
    let told = LISTS.iter().find(|(_, fields)| fields.iter().all(|field| first.get(field).is_some()));
    let name = told.map(|(name, _)| *name).or_else(|| okta::list_of(first))?;
    Some(Value::from(serde_json::Map::from_iter([(name.to_owned(), whole.clone())])))
}

/// The attributes that a change puts on its object.
fn put_attributes(op: &Op) -> impl Iterator<Item = (&EntityKey, &str)> {
    let put = if let Op::Put { object, attributes, .. } = op { Some((object, attributes)) } else { None };
    put.into_iter().flat_map(|(object, all)| all.keys().map(move |name| (object, name.as_str())))
}

/// The text of a field that says something.
pub(crate) fn text<'a>(record: &'a Value, field: &str) -> Option<&'a str> {
    record.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

pub(crate) fn list<'a>(record: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    record.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// Texts of a list of texts.
pub(crate) fn texts<'a>(record: &'a Value, field: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    list(record, field).filter_map(Value::as_str)
}

/// A number as an API writes it: as such or as a text.
pub(crate) fn number(record: &Value, field: &str) -> Option<i64> {
    let value = record.get(field)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

pub(crate) fn is_true(record: &Value, field: &str) -> bool {
    record.get(field).and_then(Value::as_bool) == Some(true)
}
