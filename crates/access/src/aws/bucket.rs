//! What buckets have besides a policy: access control lists, and what is kept from the public.
//!
//! Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage" with its section "The meaning of
//! 'public'", and "Access control list (ACL) overview", section "Mapping of ACL permissions and access policy
//! permissions".

use crate::aws::arn::ArnPattern;
use crate::aws::condition::{Comparand, Test};
use crate::aws::operator::{Compare, Quantifier};
use crate::aws::policy::{Effect, Policy, PolicyError, PolicyFault, ResourceText, Scope, Statement, Who};
use crate::aws::principal::Named;
use crate::aws::template::Template;
use crate::glob::Glob;
use serde::Deserialize;

/// The four settings that keep buckets from the public, all off by default.
///
/// ```
/// use homeostat_access::{Policy, PublicAccessBlock};
///
/// let open = Policy::parse("open", r#"{"Statement": {"Effect": "Allow", "Principal": "*",
///     "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shelf/*"}}"#)?;
/// let block = PublicAccessBlock::parse("shelf", r#"{"BlockPublicPolicy": true}"#)?;
/// assert!(open.is_public() && block.refuses(&open) && !block.restricts());
/// # Ok::<(), homeostat_access::PolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the four settings that the API has")]
pub struct PublicAccessBlock {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// All settings on.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// Reads the settings as the API has them, with or without `PublicAccessBlockConfiguration` around them. `name`
    /// tells in errors whose they are.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when it is something else.
    pub fn parse(name: &str, json: &str) -> Result<Self, PolicyError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        struct Around {
            public_access_block_configuration: PublicAccessBlock,
        }
        let around = serde_json::from_str(json).map(|it: Around| it.public_access_block_configuration);
        around.or_else(|_| serde_json::from_str(json)).map_err(|_| wrong(name, "PublicAccessBlock"))
    }

    /// The settings of a bucket joined with those of its account: the most restrictive of both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }

    /// Whether a public policy opens its bucket to services of AWS and the bucket's own account alone.
    pub fn restricts(self) -> bool {
        self.restrict_public_buckets
    }

    /// Whether S3 refuses to attach `policy`.
    pub fn refuses(self, policy: &Policy) -> bool {
        self.block_public_policy && policy.is_public()
    }

    /// Whether S3 refuses to set a list that grants something to the public.
    pub fn refuses_public_lists(self) -> bool {
        self.block_public_acls
    }
}

/// What an access control list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOf {
    /// A bucket.
    Bucket,
    /// An object.
    Object,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    #[serde(default)]
    grants: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    grantee: Grantee,
    permission: Permission,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Grantee {
    #[serde(rename = "URI")]
    uri: Option<String>,
    #[serde(rename = "ID")]
    id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Permission {
    Read,
    Write,
    ReadAcp,
    WriteAcp,
    FullControl,
}

/// The actions of each permission on a bucket, those on its objects marked by `/`.
const OF_BUCKET: [(Permission, &[&str]); 4] = [
    (Permission::Read, &["s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads"]),
    (Permission::Write, &["/s3:putobject", "/s3:deleteobject", "/s3:deleteobjectversion"]),
    (Permission::ReadAcp, &["s3:getbucketacl"]),
    (Permission::WriteAcp, &["s3:putbucketacl"]),
];
const OF_OBJECT: [(Permission, &[&str]); 3] = [
    (Permission::Read, &["s3:getobject", "s3:getobjectversion"]),
    (Permission::ReadAcp, &["s3:getobjectacl", "s3:getobjectversionacl"]),
    (Permission::WriteAcp, &["s3:putobjectacl", "s3:putobjectversionacl"]),
];

impl Policy {
    /// What an access control list, as `GetBucketAcl` and `GetObjectAcl` return it, grants on `arn`, as a policy: join
    /// it with the bucket's ([`Policy::joined`]). What `block` has S3 ignore is left out. A list counts only where the
    /// bucket's owner is not enforced as the owner of its objects.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when it is no such list.
    pub fn of_access_list(
        name: &str,
        json: &str,
        (of, arn): (ListOf, &str),
        block: PublicAccessBlock,
    ) -> Result<Self, PolicyError> {
        if json.len() > Self::LIMIT {
            return Err(wrong(name, "document"));
        }
        let list: List = serde_json::from_str(json).map_err(|_| wrong(name, "Grants"))?;
        let grants = list.grants.iter().filter_map(|entry| Some((whom(&entry.grantee)?, entry.permission)));
        let kept = grants.filter(|(who, _)| !block.ignore_public_acls || !is_public_name(who));
        let statements = kept.flat_map(|(who, permission)| entry_statements(&who, permission, of, arn));
        Ok(Self::of_statements(name, statements.collect()))
    }

    /// Whether S3 takes this policy of a bucket for public: some statement allows somebody who is not fixed, under no
    /// condition that fixes whom, from where or on whose behalf.
    pub fn is_public(&self) -> bool {
        self.statements().any(|(_, one)| one.effect == Effect::Allow && is_open(one))
    }
}

fn wrong(name: &str, field: &'static str) -> PolicyError {
    PolicyError { policy: name.to_owned(), statement: None, field, cause: PolicyFault::WrongShape }
}

/// Whom an entry is for; `None` for those whom no request comes from, such as the delivery of logs.
fn whom(grantee: &Grantee) -> Option<Named> {
    match (grantee.uri.as_deref().and_then(|uri| uri.rsplit('/').next()), &grantee.id) {
        (Some("AllUsers"), _) => Some(Named::Everyone),
        (Some("AuthenticatedUsers"), _) => Some(Named::SignedIn),
        (None, Some(id)) => Some(Named::Canonical(id.clone())),
        _ => None,
    }
}

fn entry_statements(who: &Named, permission: Permission, of: ListOf, arn: &str) -> Vec<Statement> {
    let table: &[(Permission, &[&str])] = if of == ListOf::Bucket { &OF_BUCKET } else { &OF_OBJECT };
    let granted = |own: Permission| permission == own || permission == Permission::FullControl;
    let actions: Vec<&str> =
        table.iter().filter(|(own, _)| granted(*own)).flat_map(|(_, actions)| *actions).copied().collect();
    let below = format!("{arn}/*");
    let split = [(arn, false), (below.as_str(), true)].map(|(resource, marked)| Statement {
        effect: Effect::Allow,
        who: Who::Only(vec![who.clone()]),
        actions: Scope::Only(
            actions
                .iter()
                .filter(|action| action.starts_with('/') == marked)
                .map(|action| Glob::new(action.trim_start_matches('/')))
                .collect(),
        ),
        resources: Scope::Only(vec![ResourceText::of(Template::plain(resource))]),
        conditions: Vec::new(),
    });
    split.into_iter().filter(|one| !matches!(&one.actions, Scope::Only(list) if list.is_empty())).collect()
}

fn is_public_name(name: &Named) -> bool {
    matches!(name, Named::Everyone | Named::SignedIn)
}

fn is_open(statement: &Statement) -> bool {
    let is_for_all = match &statement.who {
        Who::Holder => false,
        Who::Only(names) => names.iter().any(is_public_name),
        Who::AllBut(_) => true,
    };
    is_for_all && !statement.conditions.iter().any(fixes)
}

/// The keys that fix who asks when each of their values is fixed.
const FIXING: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Whether the condition lets only those pass that it fixes: it can not hold without the key.
fn fixes(test: &Test) -> bool {
    let operator = test.operator;
    let needs_key = !operator.negated && !operator.if_exists && operator.values != Quantifier::ForAll;
    let compares = matches!(
        operator.compare,
        Compare::Text | Compare::TextAnyCase | Compare::Like | Compare::Arn | Compare::Ip
    );
    let of_access_point = test.key == "s3:dataaccesspointarn";
    needs_key
        && compares
        && FIXING.contains(&test.key.as_str())
        && (test.key == "aws:sourceip") == (operator.compare == Compare::Ip)
        && test.values.iter().all(|value| is_fixed(value, of_access_point))
}

fn is_fixed(value: &Comparand, of_access_point: bool) -> bool {
    match value {
        Comparand::Text(text) => !text.contains(['*', '?']),
        Comparand::Pattern(glob) => glob.literal().is_some(),
        // The name of an access point may be open while its account is not.
        Comparand::Arn(Some(arn)) if of_access_point => arn.has_fixed_account(),
        Comparand::Arn(arn) => {
            arn.as_ref().and_then(ArnPattern::spelling).is_some_and(|it| !it.contains(['*', '?']))
        }
        Comparand::Network(network) => network.is_some_and(|network| !network.is_broad()),
        Comparand::Variable(_) => false,
    }
}
