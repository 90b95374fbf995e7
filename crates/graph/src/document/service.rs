//! Answers of services that run or hold something: databases, functions, secrets, keys, builds, clusters, agents, APIs.
//!
//! Field names are those of each service's API reference; the extensions in `OpenAPI` documents those of the "Amazon API
//! Gateway Developer Guide".

use super::ec2::{part, tags, tie};
use super::{Facts, is_true, list, number, text, texts};
use crate::change::Op;
use crate::network::{API, OPEN, PORTS, PUBLIC, URL};
use crate::object::{LinkKind, ObjectKind, PolicySlot, arn_key};
use crate::workload::{ROLE, SERVICE};
use homeostat_core::{EntityKey, EntityKind};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn read(whole: &Value, facts: &mut Facts) -> bool {
    let lists = [
        facts.each(whole, "DBInstances", database),
        facts.each(whole, "Functions", function),
        facts.each(whole, "FunctionUrlConfigs", function_url),
        facts.each(whole, "SecretList", secret),
        facts.each(whole, "projects", build_project),
        one(whole, "agent", facts, agent),
        one(whole, "agentActionGroup", facts, action_group),
        bucket(whole, facts),
        key_policy(whole, facts),
        open_api(whole, facts),
    ];
    lists.contains(&true)
}

/// Reads the one record of an answer that has no list.
fn one(whole: &Value, field: &str, facts: &mut Facts, read: fn(&mut Facts, &Value) -> Option<()>) -> bool {
    let record = whole.get(field).filter(|record| record.is_object());
    record.is_some_and(|record| read(facts, record).is_some())
}

fn database(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "DBInstanceArn")?)?;
    let port = record.get("Endpoint").and_then(|end| number(end, "Port"));
    let tags = tags(record, "TagList");
    let own = [
        (PORTS, port.map(|port| port.to_string())),
        (PUBLIC, is_true(record, "PubliclyAccessible").then(|| "4".to_owned())),
    ];
    let tagged = tags.iter().map(|(name, value)| (name.as_str(), Some(value.clone())));
    facts.put(&key, Some(ObjectKind::Database), own.into_iter().chain(tagged));
    let groups = list(record, "VpcSecurityGroups").filter_map(|group| text(group, "VpcSecurityGroupId"));
    tie(facts, &key, LinkKind::GuardedBy, groups);
    let subnets = record.get("DBSubnetGroup").into_iter().flat_map(|group| list(group, "Subnets"));
    tie(facts, &key, LinkKind::Within, subnets.filter_map(|one| text(one, "SubnetIdentifier")));
    if let Some(secret) = record.get("MasterUserSecret").and_then(|one| arn_key(text(one, "SecretArn")?)) {
        facts.put(&secret, Some(ObjectKind::Secret), []);
        facts.link(&secret, LinkKind::Opens, &key);
    }
    Some(())
}

fn function(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "FunctionArn")?)?;
    let own = [(SERVICE, Some("lambda".to_owned())), (ROLE, text(record, "Role").map(str::to_owned))];
    facts.put(&key, Some(ObjectKind::Workload), own);
    let network = record.get("VpcConfig");
    let ids = |field| network.into_iter().flat_map(move |config| texts(config, field)).collect::<Vec<_>>();
    tie(facts, &key, LinkKind::Within, ids("SubnetIds"));
    tie(facts, &key, LinkKind::GuardedBy, ids("SecurityGroupIds"));
    Some(())
}

fn function_url(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(&bare(text(record, "FunctionArn")?))?;
    let own = [(URL, text(record, "AuthType").map(str::to_owned))];
    facts.put(&key, Some(ObjectKind::Workload), own);
    Some(())
}

/// A function's ARN without version or alias.
fn bare(arn: &str) -> String {
    arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":")
}

fn secret(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "ARN")?)?;
    let tags = tags(record, "Tags");
    facts.put(
        &key,
        Some(ObjectKind::Secret),
        tags.iter().map(|(name, value)| (name.as_str(), Some(value.clone()))),
    );
    facts.all_from(&key, LinkKind::LockedBy);
    // Named by an alias the key is not known.
    if let Some(lock) = text(record, "KmsKeyId").and_then(arn_key) {
        facts.link(&key, LinkKind::LockedBy, &lock);
    }
    Some(())
}

/// The policy of a key, which does not say whose it is: whoever saved it adds the key's ARN as `KeyId`.
fn key_policy(whole: &Value, facts: &mut Facts) -> bool {
    let (Some(object), Some(document)) = (text(whole, "KeyId").and_then(arn_key), text(whole, "Policy"))
    else {
        return false;
    };
    facts.put(&object, None, []);
    facts.op(Op::PutPolicy { object, slot: PolicySlot::Resource, document: document.to_owned() });
    true
}

/// A bucket's policy and block of public access do not say whose they are: whoever saved them adds `Bucket`.
fn bucket(whole: &Value, facts: &mut Facts) -> bool {
    let listed = facts.each(whole, "Buckets", |facts, record| {
        let key = arn_key(&format!("arn:aws:s3:::{}", text(record, "Name")?))?;
        facts.put(&key, Some(ObjectKind::Bucket), []);
        Some(())
    });
    let Some(key) = text(whole, "Bucket").and_then(|name| arn_key(&format!("arn:aws:s3:::{name}"))) else {
        return listed;
    };
    let block = whole.get("PublicAccessBlockConfiguration");
    let restricted = block.map(|block| is_true(block, "RestrictPublicBuckets").to_string());
    facts.put(&key, Some(ObjectKind::Bucket), restricted.map(|flag| ("restrict_public_buckets", Some(flag))));
    if let Some(document) = text(whole, "Policy") {
        let document = document.to_owned();
        facts.op(Op::PutPolicy { object: key, slot: PolicySlot::Resource, document });
    }
    true
}

/// A project of `CodeBuild` runs what the repository says, as its role.
fn build_project(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "arn")?)?;
    let role = text(record, "serviceRole").map(str::to_owned);
    facts.put(&key, Some(ObjectKind::Workload), [(SERVICE, Some("codebuild".to_owned())), (ROLE, role)]);
    let location = record.get("source").and_then(|source| text(source, "location"));
    facts.all_to(&key, LinkKind::Builds);
    if let Some(repository) = location.and_then(super::code::repository_of_url) {
        facts.put(&repository, Some(ObjectKind::Subject), []);
        facts.link(&repository, LinkKind::Builds, &key);
    }
    Some(())
}

/// An agent of Bedrock acts as its role; its functions are its tools.
fn agent(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "agentArn")?)?;
    facts.put(&key, Some(ObjectKind::Subject), []);
    facts.all_from(&key, LinkKind::ActsAs);
    if let Some(role) = text(record, "agentResourceRoleArn").and_then(arn_key) {
        facts.link(&key, LinkKind::ActsAs, &role);
    }
    list(record, "actionGroups").for_each(|group| tool(facts, &key, group));
    Some(())
}

/// The answer names the agent by its id alone: whoever saved it adds `agentArn`.
fn action_group(facts: &mut Facts, record: &Value) -> Option<()> {
    let key = arn_key(text(record, "agentArn")?)?;
    facts.put(&key, Some(ObjectKind::Subject), []);
    tool(facts, &key, record);
    Some(())
}

fn tool(facts: &mut Facts, agent: &EntityKey, group: &Value) {
    let enabled = text(group, "actionGroupState") != Some("DISABLED");
    let executor = group.get("actionGroupExecutor").filter(|_| enabled);
    if let Some(function) = executor.and_then(|one| arn_key(&bare(text(one, "lambda")?))) {
        facts.link(agent, LinkKind::ActsAs, &function);
    }
}

/// An `OpenAPI` document: operations that ask nobody who he is, and the functions behind them.
fn open_api(whole: &Value, facts: &mut Facts) -> bool {
    let known = text(whole, "openapi").or_else(|| text(whole, "swagger")).is_some();
    let Some(paths) = whole.get("paths").and_then(Value::as_object).filter(|_| known) else { return false };
    let info = |field| whole.get("info").and_then(|info| text(info, field));
    let server = list(whole, "servers").find_map(|server| text(server, "url"));
    let name = server.or_else(|| text(whole, "host")).or_else(|| info("title")).unwrap_or("api");
    let Ok(key) = EntityKey::new(EntityKind::NativeId, "api", name) else { return true };
    let (mut open, mut behind) = (Vec::new(), BTreeSet::new());
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let Some(operation) = Operation::read(method, operation, whole) else { continue };
            behind.extend(operation.function.clone());
            if operation.open {
                let target = operation.function.as_ref().map_or("-", |function| function.value());
                open.push(format!("{} {path} {target}", operation.method));
            }
        }
    }
    part(
        facts,
        &key,
        API,
        [
            (OPEN, Some(open.join("\n")).filter(|open| !open.is_empty())),
            (PUBLIC, (!is_private(whole)).then(|| "46".to_owned())),
        ],
    );
    facts.all_to(&key, LinkKind::Behind);
    for function in behind {
        facts.link(&function, LinkKind::Behind, &key);
    }
    true
}

struct Operation {
    method: String,
    open: bool,
    function: Option<EntityKey>,
}

impl Operation {
    /// `None` for what is no method.
    fn read(method: &str, operation: &Value, whole: &Value) -> Option<Self> {
        const METHODS: [&str; 8] =
            ["get", "put", "post", "delete", "patch", "head", "trace", "x-amazon-apigateway-any-method"];
        let method = METHODS.iter().find(|own| **own == method.to_ascii_lowercase())?;
        // What an operation says stands before what the document says; an empty requirement asks for nothing.
        let security = operation.get("security").or_else(|| whole.get("security"));
        let asks = security.and_then(Value::as_array).is_some_and(|all| {
            !all.is_empty() && all.iter().all(|one| one.as_object().is_some_and(|one| !one.is_empty()))
        });
        let by_iam = operation.get("x-amazon-apigateway-auth").and_then(|auth| text(auth, "type"));
        let uri = operation.get("x-amazon-apigateway-integration").and_then(|one| text(one, "uri"));
        let method = method.trim_start_matches("x-amazon-apigateway-").trim_end_matches("-method");
        Some(Self {
            method: method.to_ascii_uppercase(),
            open: !asks && by_iam.is_none_or(|kind| kind.eq_ignore_ascii_case("none")),
            function: uri.and_then(function_of_uri),
        })
    }
}

/// `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`.
fn function_of_uri(uri: &str) -> Option<EntityKey> {
    let (_, rest) = uri.split_once("/functions/")?;
    arn_key(&bare(rest.split('/').next()?))
}

/// Whether it is open to an own network alone.
fn is_private(whole: &Value) -> bool {
    let servers = list(whole, "servers").chain([whole]);
    let all = servers.filter_map(|one| one.get("x-amazon-apigateway-endpoint-configuration"));
    let mut kinds = all.flat_map(|one| texts(one, "types").chain(text(one, "types")));
    kinds.any(|kind| kind == "PRIVATE")
}
