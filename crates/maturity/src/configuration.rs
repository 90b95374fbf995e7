//! The configuration of Acme's AWS account before the stories, as `GetAccountAuthorizationDetails` answers.
//!
//! A developer may assume the build role, and the build role may write role policies, its own among them: that is
//! the path to administrator which the attack takes. Other roles are as tight or as loose as such roles are.

use crate::cast::{ACCOUNT, Cast, principal};
use crate::intrusion::BUILD_ROLE;
use crate::object::Object;

const CREATED: &str = "2024-05-06T08:00:00+00:00";

/// Who may take on a role.
enum Trust {
    Saml,
    Service(&'static str),
    Roles(&'static [&'static str]),
}

/// The JSON text of the account.
pub(crate) fn account(seed: u64, cast: &Cast) -> String {
    let mut users: Vec<String> =
        SERVICES.iter().map(|(name, grants)| user(seed, name, Some(policy(name, grants)), &[])).collect();
    let own = cast.people.iter().filter_map(|person| person.key_user.as_deref());
    users.extend(own.map(|name| user(seed, name, None, &["developers"])));
    let roles: Vec<String> = ROLES.iter().map(|role| role_json(seed, role)).collect();
    let actions: &[&str] =
        &["logs:FilterLogEvents", "lambda:*", "ecs:Describe*", "ec2:Describe*", "s3:ListAllMyBuckets"];
    let group = Object::default()
        .text("Path", "/")
        .text("GroupName", "developers")
        .text("GroupId", &principal(seed, "AGPA", "developers"))
        .text("Arn", &format!("arn:aws:iam::{ACCOUNT}:group/developers"))
        .text("CreateDate", CREATED)
        .list("GroupPolicyList", &[policy("developers", &[(actions, &["*"])])])
        .list("AttachedManagedPolicies", &[]);
    let administrators = Object::default()
        .text("Path", "/")
        .text("GroupName", ADMINISTRATORS)
        .text("GroupId", &principal(seed, "AGPA", ADMINISTRATORS))
        .text("Arn", &format!("arn:aws:iam::{ACCOUNT}:group/{ADMINISTRATORS}"))
        .text("CreateDate", CREATED)
        .list("GroupPolicyList", &[])
        .list("AttachedManagedPolicies", &[attached()]);
    Object::default()
        .list("UserDetailList", &users)
        .list("GroupDetailList", &[group.end(), administrators.end()])
        .list("RoleDetailList", &roles)
        .list("Policies", &[managed(seed)])
        .end()
}

fn user(seed: u64, name: &str, own: Option<String>, groups: &[&str]) -> String {
    let record = Object::default()
        .text("Path", "/")
        .text("UserName", name)
        .text("UserId", &principal(seed, "AIDA", name))
        .text("Arn", &format!("arn:aws:iam::{ACCOUNT}:user/{name}"))
        .text("CreateDate", CREATED);
    let record = match own {
        Some(policy) => record.list("UserPolicyList", &[policy]),
        None => record,
    };
    record.texts("GroupList", groups).list("AttachedManagedPolicies", &[]).list("Tags", &[]).end()
}

struct Role {
    name: &'static str,
    trust: Trust,
    grants: &'static [Grant],
}

/// Actions, and the resources on which they are allowed.
type Grant = (&'static [&'static str], &'static [&'static str]);

fn role_json(seed: u64, role: &Role) -> String {
    let administrator = role.name == "AcmeAdministrator";
    let attached = if administrator { vec![attached()] } else { Vec::new() };
    let own = if administrator { Vec::new() } else { vec![policy(role.name, role.grants)] };
    Object::default()
        .text("Path", "/")
        .text("RoleName", role.name)
        .text("RoleId", &principal(seed, "AROA", role.name))
        .text("Arn", &format!("arn:aws:iam::{ACCOUNT}:role/{}", role.name))
        .text("CreateDate", CREATED)
        .object("AssumeRolePolicyDocument", &trust(&role.trust))
        .list("InstanceProfileList", &[])
        .list("RolePolicyList", &own)
        .list("AttachedManagedPolicies", &attached)
        .list("Tags", &[])
        .end()
}

fn trust(trust: &Trust) -> Object {
    let (principal, action) = match trust {
        Trust::Saml => {
            let provider = format!("arn:aws:iam::{ACCOUNT}:saml-provider/Okta");
            (Object::default().text("Federated", &provider), "sts:AssumeRoleWithSAML")
        }
        Trust::Service(name) => (Object::default().text("Service", name), "sts:AssumeRole"),
        Trust::Roles(names) => {
            let arns: Vec<String> =
                names.iter().map(|name| format!("arn:aws:iam::{ACCOUNT}:role/{name}")).collect();
            let arns: Vec<&str> = arns.iter().map(String::as_str).collect();
            (Object::default().texts("AWS", &arns), "sts:AssumeRole")
        }
    };
    let statement = Object::default()
        .text("Effect", "Allow")
        .object("Principal", &principal)
        .text("Action", action)
        .end();
    document(&[statement])
}

fn policy(name: &str, grants: &[(&[&str], &[&str])]) -> String {
    let statements: Vec<String> = grants.iter().map(|grant| statement(*grant)).collect();
    let name = format!("{name}-inline");
    Object::default().text("PolicyName", &name).object("PolicyDocument", &document(&statements)).end()
}

fn statement((actions, resources): (&[&str], &[&str])) -> String {
    let resources: Vec<String> =
        resources.iter().map(|resource| resource.replace("ACCOUNT", ACCOUNT)).collect();
    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    Object::default().text("Effect", "Allow").texts("Action", actions).texts("Resource", &resources).end()
}

fn document(statements: &[String]) -> Object {
    Object::default().text("Version", "2012-10-17").list("Statement", statements)
}

/// The group whose members may do everything; it has none.
pub(crate) const ADMINISTRATORS: &str = "administrators";
pub(crate) const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn attached() -> String {
    Object::default().text("PolicyName", "AdministratorAccess").text("PolicyArn", ADMINISTRATOR).end()
}

fn managed(seed: u64) -> String {
    let statement = Object::default().text("Effect", "Allow").text("Action", "*").text("Resource", "*").end();
    let version = Object::default()
        .text("VersionId", "v1")
        .plain("IsDefaultVersion", true)
        .text("CreateDate", CREATED)
        .object("Document", &document(&[statement]));
    Object::default()
        .text("PolicyName", "AdministratorAccess")
        .text("PolicyId", &principal(seed, "ANPA", "AdministratorAccess"))
        .text("Arn", ADMINISTRATOR)
        .text("Path", "/")
        .text("DefaultVersionId", "v1")
        .plain("AttachmentCount", 1)
        .plain("PermissionsBoundaryUsageCount", 0)
        .plain("IsAttachable", true)
        .text("CreateDate", CREATED)
        .text("UpdateDate", CREATED)
        .list("PolicyVersionList", &[version.end()])
        .end()
}

const SERVICES: [(&str, &[Grant]); 4] = [
    ("svc-monitor", &[(&["cloudwatch:Get*", "cloudwatch:Describe*", "ec2:Describe*"], &["*"])]),
    (
        "svc-backup",
        &[(&["ec2:CreateSnapshot", "ec2:Describe*", "s3:Get*", "s3:List*", "s3:PutObject"], &["*"])],
    ),
    ("svc-ci", &[(&["ecs:*", "iam:CreatePolicyVersion", "s3:PutObject"], &["*"])]),
    (
        "svc-etl",
        &[
            (&["s3:ListBucket"], &["arn:aws:s3:::acme-raw-events"]),
            (&["s3:GetObject"], &["arn:aws:s3:::acme-raw-events/*"]),
            (&["s3:PutObject"], &["arn:aws:s3:::acme-curated/*"]),
        ],
    ),
];

const ROLES: [Role; 8] = [
    Role {
        name: "AcmeDeveloper",
        trust: Trust::Saml,
        grants: &[
            (
                &[
                    "logs:FilterLogEvents",
                    "lambda:GetFunction",
                    "lambda:ListFunctions",
                    "lambda:UpdateFunctionCode",
                ],
                &["*"],
            ),
            (&["ec2:DescribeInstances", "ecs:DescribeServices", "s3:ListAllMyBuckets"], &["*"]),
            (&["iam:ListRoles", "iam:ListRolePolicies"], &["*"]),
            (&["s3:GetObject", "s3:PutObject"], &["arn:aws:s3:::acme-build-artifacts/*"]),
            (&["sts:AssumeRole"], &["arn:aws:iam::ACCOUNT:role/build-runner"]),
        ],
    },
    Role {
        name: "AcmeDataAnalyst",
        trust: Trust::Saml,
        grants: &[
            (&["athena:*", "glue:Get*"], &["*"]),
            (
                &["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
                &[
                    "arn:aws:s3:::acme-analytics*",
                    "arn:aws:s3:::acme-curated*",
                    "arn:aws:s3:::acme-notebooks*",
                ],
            ),
        ],
    },
    Role {
        name: "AcmeOperator",
        trust: Trust::Saml,
        grants: &[
            (&["iam:List*", "iam:Get*", "iam:PutUserPolicy", "iam:TagUser"], &["*"]),
            (&["cloudtrail:LookupEvents", "cloudwatch:*", "ec2:Describe*"], &["*"]),
            (&["ssm:StartSession", "secretsmanager:DescribeSecret"], &["*"]),
        ],
    },
    Role { name: "AcmeReadOnly", trust: Trust::Saml, grants: &[(&["s3:ListBucket", "athena:Get*"], &["*"])] },
    Role { name: "AcmeAdministrator", trust: Trust::Saml, grants: &[] },
    Role {
        name: BUILD_ROLE,
        trust: Trust::Roles(&["AcmeDeveloper"]),
        grants: &[
            (&["iam:PutRolePolicy", "iam:GetRole"], &["arn:aws:iam::ACCOUNT:role/build-*"]),
            (&["ecr:*"], &["arn:aws:ecr:*:ACCOUNT:*"]),
            (&["s3:GetObject"], &["arn:aws:s3:::acme-build-artifacts/*"]),
        ],
    },
    Role {
        name: "web-frontend",
        trust: Trust::Service("ec2.amazonaws.com"),
        grants: &[(&["s3:GetObject"], &["arn:aws:s3:::acme-web-assets/*"])],
    },
    Role {
        name: "report-batch",
        trust: Trust::Service("ecs-tasks.amazonaws.com"),
        grants: &[
            (&["s3:GetObject"], &["arn:aws:s3:::acme-curated/*"]),
            (&["s3:PutObject"], &["arn:aws:s3:::acme-reports/*", "arn:aws:s3:::acme-finance-close/*"]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_json_with_the_path_in_it() {
        let text = account(7, &Cast::of(7, 14));
        let account: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(account["UserDetailList"].as_array().unwrap().len(), 7);
        let build =
            account["RoleDetailList"].as_array().unwrap().iter().find(|role| role["RoleName"] == BUILD_ROLE);
        let build = build.unwrap();
        let trusted = &build["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"][0];
        assert_eq!(trusted, "arn:aws:iam::111122223333:role/AcmeDeveloper");
        assert!(text.contains("iam:PutRolePolicy") && !text.contains("ACCOUNT"));
    }
}
