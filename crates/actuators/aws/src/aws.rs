//! The five verbs on an AWS account: which effect a request means, and that effect's own verbs.

use crate::access_key::AccessKey;
use crate::api::Api;
use crate::detachment::Detachment;
use crate::inline_policy::{Forbids, InlinePolicy, Principal};
use crate::quarantine::Quarantine;
use crate::sign::Credentials;
use crate::snapshots::Snapshots;
use core::fmt;
use homeostat_actuator_http::HttpSend;
use homeostat_core::Timestamp;
use homeostat_response::{
    Act, ActError, Action, Descriptor, Impact, Observed, Permit, Plan, Request, TargetKind, Undo,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The layout of [`Change`].
const UNDO: u16 = 1;

/// Contains identities and instances of one AWS account.
#[derive(Clone)]
pub struct Aws {
    descriptor: Descriptor,
    api: Api,
}

/// What a plan keeps: the effect with the prior state it goes back to.
#[derive(Serialize, Deserialize)]
enum Change {
    Key(AccessKey),
    Policy(InlinePolicy),
    Groups(Quarantine),
    Service(Detachment),
    Disks(Snapshots),
}

impl Aws {
    /// The account that `credentials` belong to, in `region`.
    pub fn new(http: Arc<dyn HttpSend>, credentials: Credentials, region: &str) -> Self {
        let mut descriptor = Descriptor::new("aws", Action::DisableCredential, TargetKind::Credential);
        descriptor.actions.extend([
            Action::RevokeSession,
            Action::ApplySecurityGroup,
            Action::DetachInstance,
            Action::CaptureEvidence,
        ]);
        descriptor.target_kinds.extend([
            TargetKind::Person,
            TargetKind::ServiceAccount,
            TargetKind::Instance,
        ]);
        descriptor.settle_ms = 15_000; // changes of IAM take some seconds to reach every region
        descriptor.residual = vec!["tracked connections of a quarantined instance".to_owned()];
        descriptor.permissions = PERMISSIONS.iter().map(|&action| action.to_owned()).collect();
        let api = Api { http, credentials, region: region.to_owned(), endpoint: None, clock: system_time };
        Self { descriptor, api }
    }

    /// The same asking all services at `endpoint`: an emulator, or a gateway of yours.
    #[must_use]
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.api.endpoint = Some(endpoint.trim_end_matches('/').to_owned());
        self
    }

    /// The same with another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: fn() -> Timestamp) -> Self {
        self.api.clock = clock;
        self
    }
}

impl Aws {
    /// The effect that a valid request means, with the prior state, and what it is in words.
    async fn find(&self, request: &Request) -> Result<(Change, String), ActError> {
        let (api, id, name) = (&self.api, request.target.id.as_str(), request.id.as_str());
        Ok(match (request.action, request.target.kind) {
            (Action::ApplySecurityGroup, _) => {
                let quarantine = Quarantine::find(api, id, name).await?;
                let count = quarantine.interfaces();
                (Change::Groups(quarantine), format!("no traffic on {count} network interfaces"))
            }
            (Action::DetachInstance, _) => {
                let detachment = Detachment::find(api, id).await?;
                let count = detachment.groups();
                (Change::Service(detachment), format!("one instance out of service in {count} groups"))
            }
            (Action::CaptureEvidence, _) => {
                let snapshots = Snapshots::find(api, id, name).await?;
                let count = snapshots.volumes();
                (Change::Disks(snapshots), format!("snapshots of {count} volumes"))
            }
            (Action::RevokeSession, _) => {
                let policy = InlinePolicy::find(api, id, Forbids::OldSessions, name).await?;
                (Change::Policy(policy), "deny a role's sessions that began before".to_owned())
            }
            (_, TargetKind::Credential) => {
                (Change::Key(AccessKey::find(api, id).await?), "turn one access key off".to_owned())
            }
            _ => {
                let policy = InlinePolicy::find(api, id, Forbids::Everything, name).await?;
                (Change::Policy(policy), "deny one principal everything".to_owned())
            }
        })
    }
}

/// What it asks IAM, EC2, Auto Scaling and Elastic Load Balancing for.
const PERMISSIONS: [&str; 28] = [
    "iam:GetAccessKeyLastUsed",
    "iam:ListAccessKeys",
    "iam:UpdateAccessKey",
    "iam:GetUser",
    "iam:GetUserPolicy",
    "iam:PutUserPolicy",
    "iam:DeleteUserPolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:CreateSecurityGroup",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:DeleteSecurityGroup",
    "ec2:DescribeVolumes",
    "ec2:DescribeSnapshots",
    "ec2:CreateSnapshots",
    "ec2:CreateTags",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:EnterStandby",
    "autoscaling:ExitStandby",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:RegisterTargets",
];

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl Act for Aws {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let id = request.target.id.as_str();
        let word = |most: usize| {
            (1..=most).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let sound = match (request.action, request.target.kind) {
            (Action::DisableCredential, TargetKind::Credential) => word(128),
            (
                Action::ApplySecurityGroup | Action::DetachInstance | Action::CaptureEvidence,
                TargetKind::Instance,
            ) => word(32),
            (Action::DisableCredential, TargetKind::Person | TargetKind::ServiceAccount) => {
                Principal::of(id).is_some()
            }
            (Action::RevokeSession, TargetKind::ServiceAccount) => {
                matches!(Principal::of(id), Some(Principal::Role(_)))
            }
            _ => false,
        };
        if sound { Ok(()) } else { Err(ActError::permanent("read what it is aimed at")) }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        self.validate(request)?;
        let (change, summary) = self.find(request).await?;
        let undo = Undo::new(UNDO, &change).map_err(|_| ActError::permanent("keep the prior state"))?;
        let plan = Plan::new(request).with_undo(undo);
        Ok(plan.saying(&summary).hitting(Impact::new(1, 1)))
    }

    async fn apply(&self, permit: &Permit, plan: &Plan) -> Result<(), ActError> {
        match change(plan)? {
            Change::Key(key) => key.apply(&self.api, permit.attempt()).await,
            Change::Policy(policy) => policy.apply(&self.api, (self.api.clock)(), permit.expires_at()).await,
            Change::Groups(quarantine) => quarantine.apply(&self.api).await,
            Change::Service(detachment) => detachment.apply(&self.api).await,
            Change::Disks(snapshots) => snapshots.apply(&self.api).await,
        }
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        match change(plan)? {
            Change::Key(key) => key.observe(&self.api).await,
            Change::Policy(policy) => policy.observe(&self.api).await,
            Change::Groups(quarantine) => quarantine.observe(&self.api).await,
            Change::Service(detachment) => detachment.observe(&self.api).await,
            Change::Disks(snapshots) => snapshots.observe(&self.api).await,
        }
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        match change(plan)? {
            Change::Key(key) => key.revert(&self.api).await,
            Change::Policy(policy) => policy.revert(&self.api).await,
            Change::Groups(quarantine) => quarantine.revert(&self.api).await,
            Change::Service(detachment) => detachment.revert(&self.api).await,
            Change::Disks(_) => Ok(()), // evidence stays
        }
    }
}

fn change(plan: &Plan) -> Result<Change, ActError> {
    plan.undo.read(UNDO).map_err(|_| ActError::permanent("read the prior state"))
}

fn system_time() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map(|span| span.as_micros());
    micros
        .ok()
        .and_then(|micros| i64::try_from(micros).ok())
        .map_or(Timestamp::UNKNOWN, Timestamp::from_micros)
}
