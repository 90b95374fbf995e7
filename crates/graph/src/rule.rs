//! The rules of escalation in AWS, as data: which permissions together make which step.
//!
//! What each path needs is known from the public catalogue of escalation paths (65 of them, by id) and AWS's
//! Service Authorization Reference; the table here states permissions and trust, nothing else. `{}` in a
//! resource stands for the account.

use crate::edge::EdgeKind;

/// Passing a role to something new (or to something that takes a role when it starts).
pub(crate) struct PassRule {
    /// The service as `iam:PassedToService` and trust policies name it.
    pub(crate) service: &'static str,
    /// What must be allowed besides `iam:PassRole`: action and resource.
    pub(crate) needs: &'static [(&'static str, &'static str)],
    /// Whether the role needs an instance profile.
    pub(crate) profile: bool,
}

const fn pass(service: &'static str, needs: &'static [(&'static str, &'static str)]) -> PassRule {
    PassRule { service, needs, profile: false }
}

const APPRUNNER: &str = "arn:aws:apprunner:*:{}:service/*";
const INTERPRETER: &str = "arn:aws:bedrock-agentcore:*:{}:*";
const STACK: &str = "arn:aws:cloudformation:*:{}:stack/*";
const STACK_SET: &str = "arn:aws:cloudformation:*:{}:stackset/*";
const PROJECT: &str = "arn:aws:codebuild:*:{}:project/*";
const INSTANCE: &str = "arn:aws:ec2:*:{}:instance/*";
const TEMPLATE: &str = "arn:aws:ec2:*:{}:launch-template/*";
const ECS: &str = "arn:aws:ecs:*:{}:*";
const GLUE: &str = "arn:aws:glue:*:{}:*";
const FUNCTION: &str = "arn:aws:lambda:*:{}:function:*";
const SAGEMAKER: &str = "arn:aws:sagemaker:*:{}:*";
const PIPELINE: &str = "arn:aws:datapipeline:*:{}:pipeline/*";

/// Action resources that AWS does not narrow are asked as `*`.
pub(crate) const PASS: &[PassRule] = &[
    pass("tasks.apprunner.amazonaws.com", &[("apprunner:CreateService", APPRUNNER)]),
    pass(
        "bedrock-agentcore.amazonaws.com",
        &[
            ("bedrock-agentcore:CreateCodeInterpreter", INTERPRETER),
            ("bedrock-agentcore:StartCodeInterpreterSession", INTERPRETER),
            ("bedrock-agentcore:InvokeCodeInterpreter", INTERPRETER),
        ],
    ),
    pass("cloudformation.amazonaws.com", &[("cloudformation:CreateStack", STACK)]),
    pass("cloudformation.amazonaws.com", &[("cloudformation:UpdateStack", STACK)]),
    pass(
        "cloudformation.amazonaws.com",
        &[("cloudformation:CreateStackSet", STACK_SET), ("cloudformation:CreateStackInstances", STACK_SET)],
    ),
    pass("cloudformation.amazonaws.com", &[("cloudformation:UpdateStackSet", STACK_SET)]),
    pass(
        "codebuild.amazonaws.com",
        &[("codebuild:CreateProject", PROJECT), ("codebuild:StartBuild", PROJECT)],
    ),
    pass(
        "codebuild.amazonaws.com",
        &[("codebuild:CreateProject", PROJECT), ("codebuild:StartBuildBatch", PROJECT)],
    ),
    pass(
        "codebuild.amazonaws.com",
        &[("codebuild:UpdateProject", PROJECT), ("codebuild:StartBuild", PROJECT)],
    ),
    pass("datapipeline.amazonaws.com", PIPELINE_NEEDS),
    pass("elasticmapreduce.amazonaws.com", PIPELINE_NEEDS),
    PassRule { profile: true, ..pass("ec2.amazonaws.com", &[("ec2:RunInstances", INSTANCE)]) },
    PassRule {
        profile: true,
        ..pass("ec2.amazonaws.com", &[("ec2:RequestSpotInstances", "arn:aws:ec2:*:{}:*")])
    },
    PassRule { profile: true, ..pass("ec2.amazonaws.com", PIPELINE_NEEDS) },
    pass("ecs-tasks.amazonaws.com", &[("ecs:RegisterTaskDefinition", ECS), ("ecs:CreateService", ECS)]),
    pass("ecs-tasks.amazonaws.com", &[("ecs:RunTask", ECS)]),
    pass("ecs-tasks.amazonaws.com", &[("ecs:StartTask", ECS)]),
    pass("glue.amazonaws.com", &[("glue:CreateDevEndpoint", GLUE)]),
    pass("glue.amazonaws.com", &[("glue:CreateJob", GLUE), ("glue:StartJobRun", GLUE)]),
    pass("glue.amazonaws.com", &[("glue:CreateJob", GLUE), ("glue:CreateTrigger", GLUE)]),
    pass("glue.amazonaws.com", &[("glue:UpdateJob", GLUE), ("glue:StartJobRun", GLUE)]),
    pass("glue.amazonaws.com", &[("glue:UpdateJob", GLUE), ("glue:CreateTrigger", GLUE)]),
    pass("glue.amazonaws.com", &[("glue:CreateSession", GLUE), ("glue:RunStatement", GLUE)]),
    pass("lambda.amazonaws.com", &[("lambda:CreateFunction", FUNCTION), ("lambda:InvokeFunction", FUNCTION)]),
    pass("lambda.amazonaws.com", &[("lambda:CreateFunction", FUNCTION), ("lambda:AddPermission", FUNCTION)]),
    pass(
        "lambda.amazonaws.com",
        &[("lambda:CreateFunction", FUNCTION), ("lambda:CreateEventSourceMapping", "arn:aws:lambda:*:{}:*")],
    ),
    pass(
        "lambda.amazonaws.com",
        &[("lambda:CreateFunction", FUNCTION), ("lambda:CreateFunctionUrlConfig", FUNCTION)],
    ),
    pass(
        "lambda.amazonaws.com",
        &[("lambda:UpdateFunctionConfiguration", FUNCTION), ("lambda:UpdateFunctionCode", FUNCTION)],
    ),
    pass("sagemaker.amazonaws.com", &[("sagemaker:CreateNotebookInstance", SAGEMAKER)]),
    pass("sagemaker.amazonaws.com", &[("sagemaker:CreateTrainingJob", SAGEMAKER)]),
    pass("sagemaker.amazonaws.com", &[("sagemaker:CreateProcessingJob", SAGEMAKER)]),
];

const PIPELINE_NEEDS: &[(&str, &str)] = &[
    ("datapipeline:CreatePipeline", PIPELINE),
    ("datapipeline:PutPipelineDefinition", PIPELINE),
    ("datapipeline:ActivatePipeline", PIPELINE),
];

/// Taking over something that exists and runs as a role.
pub(crate) struct WorkRule {
    /// What kind of workload, as `workload.rs` names it.
    pub(crate) service: &'static str,
    /// The service that its role trusts.
    pub(crate) trusted: &'static str,
    /// What must be allowed on it.
    pub(crate) needs: &'static [&'static str],
    /// What its ARN looks like, where none is listed.
    pub(crate) resource: &'static str,
    /// How likely it succeeds.
    pub(crate) probability: f64,
}

const fn work(
    (service, trusted): (&'static str, &'static str),
    needs: &'static [&'static str],
    resource: &'static str,
    probability: f64,
) -> WorkRule {
    WorkRule { service, trusted, needs, resource, probability }
}

const EC2: (&str, &str) = ("ec2", "ec2.amazonaws.com");
const LAMBDA: (&str, &str) = ("lambda", "lambda.amazonaws.com");
const BUILD: (&str, &str) = ("codebuild", "codebuild.amazonaws.com");
const CLOUDFORMATION: (&str, &str) = ("cloudformation", "cloudformation.amazonaws.com");
const NOTEBOOK: (&str, &str) = ("sagemaker", "sagemaker.amazonaws.com");

pub(crate) const WORK: &[WorkRule] = &[
    work(("apprunner", "tasks.apprunner.amazonaws.com"), &["apprunner:UpdateService"], APPRUNNER, 0.8),
    work(
        ("bedrock-agentcore", "bedrock-agentcore.amazonaws.com"),
        &["bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"],
        INTERPRETER,
        0.9,
    ),
    work(CLOUDFORMATION, &["cloudformation:UpdateStack"], STACK, 0.8),
    work(CLOUDFORMATION, &["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"], STACK, 0.8),
    work(BUILD, &["codebuild:StartBuild"], PROJECT, 0.8),
    work(BUILD, &["codebuild:StartBuildBatch"], PROJECT, 0.7),
    work(EC2, &["ec2-instance-connect:SendSSHPublicKey"], INSTANCE, 0.5),
    work(EC2, &["ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"], INSTANCE, 0.7),
    work(EC2, &["ssm:StartSession"], INSTANCE, 0.8),
    work(EC2, &["ssm:SendCommand"], INSTANCE, 0.8),
    work(
        ("launch-template", "ec2.amazonaws.com"),
        &["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"],
        TEMPLATE,
        0.5,
    ),
    work(("ecs", "ecs-tasks.amazonaws.com"), &["ecs:ExecuteCommand"], ECS, 0.7),
    work(("glue-endpoint", "glue.amazonaws.com"), &["glue:UpdateDevEndpoint"], GLUE, 0.8),
    work(LAMBDA, &["lambda:UpdateFunctionCode", "lambda:InvokeFunction"], FUNCTION, 0.9),
    work(LAMBDA, &["lambda:UpdateFunctionCode", "lambda:AddPermission"], FUNCTION, 0.9),
    work(LAMBDA, &["lambda:UpdateFunctionCode"], FUNCTION, 0.7),
    work(NOTEBOOK, &["sagemaker:CreatePresignedNotebookInstanceUrl"], SAGEMAKER, 0.9),
    work(
        NOTEBOOK,
        &[
            "sagemaker:CreateNotebookInstanceLifecycleConfig",
            "sagemaker:StopNotebookInstance",
            "sagemaker:UpdateNotebookInstance",
            "sagemaker:StartNotebookInstance",
        ],
        SAGEMAKER,
        0.7,
    ),
];

/// Getting a credential of another user.
pub(crate) const CREDENTIAL: [(EdgeKind, &str); 3] = [
    (EdgeKind::CREATE_ACCESS_KEY, "iam:CreateAccessKey"),
    (EdgeKind::CREATE_LOGIN_PROFILE, "iam:CreateLoginProfile"),
    (EdgeKind::UPDATE_LOGIN_PROFILE, "iam:UpdateLoginProfile"),
];

/// Writing what a user, role or group may do.
pub(crate) const USER_POLICY: [(EdgeKind, &str); 2] = [
    (EdgeKind::PUT_USER_POLICY, "iam:PutUserPolicy"),
    (EdgeKind::ATTACH_USER_POLICY, "iam:AttachUserPolicy"),
];
pub(crate) const ROLE_POLICY: [(EdgeKind, &str); 2] = [
    (EdgeKind::PUT_ROLE_POLICY, "iam:PutRolePolicy"),
    (EdgeKind::ATTACH_ROLE_POLICY, "iam:AttachRolePolicy"),
];
pub(crate) const GROUP_POLICY: [(EdgeKind, &str); 2] = [
    (EdgeKind::PUT_GROUP_POLICY, "iam:PutGroupPolicy"),
    (EdgeKind::ATTACH_GROUP_POLICY, "iam:AttachGroupPolicy"),
];

/// Who may do all of these on everything has full authority over the account: it can give itself the rest.
pub(crate) const ADMIN: [&str; 8] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
];
