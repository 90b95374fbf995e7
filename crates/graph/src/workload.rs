//! Configuration items that run as a role or hold something of value.
//!
//! The table says of each type where its role, its name and its ARN stand. An item whose ARN is not told
//! gets a stand-in and is matched by the pattern its ARN must have.

use crate::object::{ObjectKind, arn_key};
use homeostat_core::EntityKey;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a configuration item says.
pub(crate) struct Resource {
    pub(crate) key: EntityKey,
    pub(crate) kind: Option<ObjectKind>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) policy: Option<Value>,
}

/// The attribute with the service that runs the workload.
pub(crate) const SERVICE: &str = "service";
/// The attribute with the ARN of the role that the workload runs as.
pub(crate) const ROLE: &str = "role";
/// The attribute with the name of the instance profile.
pub(crate) const PROFILE: &str = "instance_profile";
/// The attribute with the pattern of an ARN that is not told.
pub(crate) const PATTERN: &str = "arn_pattern";
/// The attribute with the account of a resource whose ARN names none.
pub(crate) const ACCOUNT: &str = "account";

/// How a type of item that runs as a role is written.
struct Type {
    name: &'static str,
    service: &'static str,
    /// The field with the role's ARN.
    role: &'static str,
    /// The ARN's last two parts, for an item whose ARN is not told: service and resource.
    arn: (&'static str, &'static str),
}

const fn item(
    name: &'static str,
    service: &'static str,
    role: &'static str,
    arn: (&'static str, &'static str),
) -> Type {
    Type { name, service, role, arn }
}

const TYPES: [Type; 11] = [
    item("aws_lambda_function", "lambda", "role", ("lambda", "function:")),
    item("aws_instance", "ec2", "", ("ec2", "instance/")),
    item("aws_launch_template", "launch-template", "", ("ec2", "launch-template/")),
    item("aws_apprunner_service", "apprunner", "instance_role_arn", ("apprunner", "service/")),
    item("aws_cloudformation_stack", "cloudformation", "iam_role_arn", ("cloudformation", "stack/")),
    item("aws_codebuild_project", "codebuild", "service_role", ("codebuild", "project/")),
    item("aws_ecs_task_definition", "ecs", "task_role_arn", ("ecs", "task")),
    item("aws_glue_dev_endpoint", "glue-endpoint", "role_arn", ("glue", "devEndpoint/")),
    item("aws_glue_job", "glue-job", "role_arn", ("glue", "job/")),
    item("aws_sagemaker_notebook_instance", "sagemaker", "role_arn", ("sagemaker", "notebook-instance/")),
    item(
        "aws_bedrockagentcore_code_interpreter",
        "bedrock-agentcore",
        "execution_role_arn",
        ("bedrock-agentcore", "code-interpreter"),
    ),
];

/// What the item in `fields` says; nothing for types that neither act nor hold anything.
pub(crate) fn facts(fields: &Map<String, Value>, number: usize) -> Option<Resource> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.contains("${"));
    let kind = text("type")?;
    let account = text("account").unwrap_or("*");
    let mut attributes = BTreeMap::from([(ACCOUNT.to_owned(), account.to_owned())]);
    if let Some(own) = TYPES.iter().find(|own| own.name == kind) {
        let (service, resource) = own.arn;
        attributes.insert(SERVICE.to_owned(), own.service.to_owned());
        for (attribute, field) in [(ROLE, own.role), (PROFILE, "iam_instance_profile")] {
            if let Some(value) = text(field) {
                attributes.insert(attribute.to_owned(), value.to_owned());
            }
        }
        let stand_in = format!("arn:aws:{service}::{account}:{resource}unnamed-{number}");
        if text("arn").is_none() {
            attributes.insert(PATTERN.to_owned(), format!("arn:aws:{service}:*:{account}:{resource}*"));
        }
        let key = arn_key(text("arn").unwrap_or(&stand_in))?;
        return Some(Resource { key, kind: Some(ObjectKind::Workload), attributes, policy: None });
    }
    let (arn, kind) = match kind {
        "aws_s3_bucket" | "aws_s3_bucket_policy" | "aws_s3_bucket_public_access_block" => {
            (format!("arn:aws:s3:::{}", text("bucket")?), Some(ObjectKind::Bucket))
        }
        "aws_secretsmanager_secret" | "aws_ssm_parameter" => {
            (text("arn")?.to_owned(), Some(ObjectKind::Secret))
        }
        _ => (text("arn")?.to_owned(), None),
    };
    for field in ["block_public_policy", "restrict_public_buckets"] {
        if let Some(flag) = fields.get(field).and_then(Value::as_bool) {
            attributes.insert(field.to_owned(), flag.to_string());
        }
    }
    Some(Resource { key: arn_key(&arn)?, kind, attributes, policy: fields.get("policy").cloned() })
}
