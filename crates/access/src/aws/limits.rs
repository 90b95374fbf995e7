//! What limits a request besides principal and resource: the organization, the way the request takes, and what is kept
//! from the public.
//!
//! AWS Organizations User Guide, "SCP evaluation" and "RCP evaluation"; AWS `PrivateLink` Guide, "Control access
//! to VPC endpoints using endpoint policies". A service control policy must allow at every level from the root
//! down to the account of the principal; a resource control policy of the resource's account only takes away,
//! since AWS attaches one that allows everything to each level.

use crate::aws::bucket::PublicAccessBlock;
use crate::aws::policy::Policy;
use std::sync::Arc;

/// The policies of an organization and of the endpoint that a request comes through; none by default.
///
/// ```
/// use homeostat_access::{Context, Decision, Limits, Policy, Principal, Request, ResourceSide, Subject};
///
/// let everything = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
/// let only_storage = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
/// let limits = Limits::default()
///     .with_service_control("root", vec![Policy::parse("full", everything)?])
///     .with_service_control("data", vec![Policy::parse("storage", only_storage)?]);
/// let jane = Subject::new(Principal::aws("arn:aws:iam::111122223333:user/jane"))
///     .with(Policy::parse("all", everything)?);
///
/// let context = Context::strict();
/// let start = Request::new("ec2:RunInstances", "*", &context);
/// let answer = jane.decide_within(&start, ResourceSide::Silent, &limits);
/// assert_eq!(answer.decision, Decision::ImplicitlyDenied);
/// assert_eq!(answer.because[0].to_string(), "service control policy at `data` says nothing");
/// # Ok::<(), homeostat_access::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub(crate) service_control: Vec<Level>,
    pub(crate) resource_control: Vec<Level>,
    pub(crate) endpoint: Vec<Policy>,
    pub(crate) public_access: PublicAccessBlock,
}

/// One level of an organization with what is attached to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) name: Arc<str>,
    pub(crate) policies: Vec<Policy>,
}

impl Limits {
    /// The limits with one more level, `name`, between root and the principal's account, to which these service
    /// control policies are attached. A level to which none is attached lets nothing pass.
    #[must_use]
    pub fn with_service_control(mut self, name: &str, policies: Vec<Policy>) -> Self {
        self.service_control.push(Level { name: name.into(), policies });
        self
    }

    /// The limits with one more level, `name`, between root and the resource's account, to which these resource
    /// control policies are attached.
    #[must_use]
    pub fn with_resource_control(mut self, name: &str, policies: Vec<Policy>) -> Self {
        self.resource_control.push(Level { name: name.into(), policies });
        self
    }

    /// The limits for a request that comes through an endpoint with this policy. Of several any may allow.
    #[must_use]
    pub fn with_endpoint(mut self, policy: Policy) -> Self {
        self.endpoint.push(policy);
        self
    }

    /// The limits for a bucket that is kept from the public so, by its own settings or by those of its account.
    #[must_use]
    pub fn with_public_access_block(mut self, block: PublicAccessBlock) -> Self {
        self.public_access = self.public_access.and(block);
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
