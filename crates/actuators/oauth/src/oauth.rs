//! The five verbs over token revocation (RFC 7009) and introspection (RFC 7662).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use core::fmt;
use homeostat_actuator_http::{Call, HttpSend, ask, look, percent};
use homeostat_response::{
    Act, ActError, Action, Descriptor, Impact, Observed, Permit, Plan, Request, Target, TargetKind,
};
use serde_json::Value;
use std::sync::Arc;

/// Where tokens are kept: a target names a token, it is never the token itself, because targets stand in journals.
pub trait Tokens: Send + Sync {
    /// The token that `target` names; `None` when it is not known.
    fn token(&self, target: &Target) -> Option<String>;
}

impl<F: Fn(&Target) -> Option<String> + Send + Sync> Tokens for F {
    fn token(&self, target: &Target) -> Option<String> {
        self(target)
    }
}

/// Revokes access and refresh tokens at the server that issued them.
#[derive(Clone)]
pub struct OAuth {
    descriptor: Descriptor,
    http: Arc<dyn HttpSend>,
    tokens: Arc<dyn Tokens>,
    revocation: String,
    introspection: String,
    client: String,
}

impl OAuth {
    /// A server with those two endpoints.
    pub fn new(
        http: Arc<dyn HttpSend>,
        tokens: Arc<dyn Tokens>,
        revocation: &str,
        introspection: &str,
    ) -> Self {
        let mut descriptor = Descriptor::new("oauth", Action::RevokeSession, TargetKind::Session);
        descriptor.target_kinds.insert(TargetKind::Credential);
        descriptor.residual = vec!["services that check tokens by themselves, until they run out".to_owned()];
        descriptor.permissions = vec!["a client that may revoke and introspect".to_owned()];
        let (revocation, introspection) = (revocation.to_owned(), introspection.to_owned());
        Self { descriptor, http, tokens, revocation, introspection, client: String::new() }
    }

    /// The same speaking as client `id` with `secret` (RFC 6749, section 2.3.1).
    #[must_use]
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        self.client =
            format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", percent(id), percent(secret))));
        self
    }

    fn call(&self, endpoint: &str, token: &str) -> Call {
        let call = Call::new("POST", endpoint).header("Accept", "application/json");
        let call = if self.client.is_empty() { call } else { call.header("Authorization", &self.client) };
        call.body("application/x-www-form-urlencoded", format!("token={}", percent(token)))
    }

    fn token(&self, target: &Target) -> Result<String, ActError> {
        self.tokens.token(target).ok_or(ActError::permanent("find the token"))
    }

    async fn is_active(&self, target: &Target) -> Result<bool, ActError> {
        let at = "introspect the token";
        let call = self.call(&self.introspection, &self.token(target)?);
        let answer = look(&*self.http, &call, at).await?.found().ok_or(ActError::permanent(at))?;
        let told: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let active = told.as_ref().and_then(|told| told.get("active")).and_then(Value::as_bool);
        active.ok_or(ActError::permanent(at))
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuth")
    }
}

impl Act for OAuth {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let served = self.descriptor.serves(request.action, request.target.kind);
        if served && !request.target.id.is_empty() {
            Ok(())
        } else {
            Err(ActError::permanent("read the token's name"))
        }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        if !self.is_active(&request.target).await? {
            return Err(ActError::conflict("revoke a token that is not active"));
        }
        Ok(Plan::new(request).saying("revoke one token").hitting(Impact::new(1, 1)))
    }

    async fn apply(&self, _: &Permit, plan: &Plan) -> Result<(), ActError> {
        let at = "revoke the token";
        // An answer of 200 for a token that is no longer valid is as good: RFC 7009, section 2.2.
        let call = self.call(&self.revocation, &self.token(&plan.target)?);
        ask(&*self.http, &call, at).await?.found().map(drop).ok_or(ActError::permanent(at))
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        self.is_active(&plan.target).await.map(|active| Observed::from(!active))
    }

    /// Nothing: a revoked token stays revoked, and its owner gets another one by signing in.
    async fn revert(&self, _: &Plan) -> Result<(), ActError> {
        Ok(())
    }
}
