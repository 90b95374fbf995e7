//! The five verbs over a SCIM 2.0 service (RFC 7644).

use crate::account::{Account, Standing};
use core::fmt;
use homeostat_actuator_http::{Answer, Call, HttpSend, ask, look, percent};
use homeostat_response::{
    Act, ActError, Action, Descriptor, Impact, Observed, Permit, Plan, Request, TargetKind, Undo,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The media type that RFC 7644, section 8.1, gives SCIM.
const MEDIA_TYPE: &str = "application/scim+json";
/// The layout of [`Prior`].
const UNDO: u16 = 1;
/// The longest id or user name that is asked for, in bytes.
const LONGEST_NAME: usize = 512;

/// Sets `active` of a user to `false` over SCIM 2.0, and back to `true`.
///
/// Each change is conditional on the entity tag that was just read, where the service has them (RFC 7644,
/// section 3.14): a change in between is never overwritten.
#[derive(Clone)]
pub struct Scim {
    descriptor: Descriptor,
    http: Arc<dyn HttpSend>,
    base: String,
    token: String,
}

/// What a plan keeps: which user it is, and what the account was.
#[derive(Serialize, Deserialize)]
struct Prior {
    id: String,
    standing: Standing,
}

impl Scim {
    /// The service at `base`, the URL before `/Users`.
    pub fn new(http: Arc<dyn HttpSend>, base: &str) -> Self {
        let mut descriptor = Descriptor::new("scim", Action::DisableCredential, TargetKind::Person);
        descriptor.target_kinds.insert(TargetKind::ServiceAccount);
        descriptor.d3fend = Some("D3-AL".to_owned());
        descriptor.residual = vec!["sessions and tokens that were given out before".to_owned()];
        descriptor.permissions = vec!["read users".to_owned(), "replace `active` of users".to_owned()];
        Self { descriptor, http, base: base.trim_end_matches('/').to_owned(), token: String::new() }
    }

    /// The same with that bearer token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, &format!("{}{path}", self.base)).bearer(&self.token).header("Accept", MEDIA_TYPE)
    }

    /// The user with that id, or else with that user name. `None` when there is none, or more than one.
    async fn find(&self, name: &str) -> Result<Option<Account>, ActError> {
        if let Some(account) = self.read(name).await? {
            return Ok(Some(account));
        }
        let quoted = name.replace('\\', r"\\").replace('"', "\\\"");
        let filter = percent(&format!("userName eq \"{quoted}\""));
        let call = self.call("GET", &format!("/Users?filter={filter}"));
        let list = json(&look(&*self.http, &call, "find the user").await?, "find the user")?;
        let found = list.get("Resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(if let [user] = found { Account::read(user, None) } else { None })
    }

    /// The user with that id.
    async fn read(&self, id: &str) -> Result<Option<Account>, ActError> {
        let call = self.call("GET", &format!("/Users/{}", percent(id)));
        let Some(answer) = look(&*self.http, &call, "read the user").await?.found() else { return Ok(None) };
        let user = json(&answer, "read the user")?;
        Account::read(&user, answer.get("etag")).map(Some).ok_or(ActError::permanent("read the user"))
    }

    /// The account that `plan` is about, as it is now; a conflict when it is gone or another one.
    async fn current(&self, plan: &Plan, at: &'static str) -> Result<Account, ActError> {
        let prior = prior(plan)?;
        let account = self.read(&prior.id).await?;
        account.filter(|now| now.standing == prior.standing).ok_or(ActError::conflict(at))
    }

    async fn set_active(&self, account: &Account, active: bool, at: &'static str) -> Result<(), ActError> {
        let operation = json!({"op": "replace", "path": "active", "value": active});
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
        let mut call = self.call("PATCH", &format!("/Users/{}", percent(&account.id)));
        if let Some(version) = &account.version {
            call = call.header("If-Match", version);
        }
        let answer = ask(&*self.http, &call.body(MEDIA_TYPE, body.to_string()), at).await?;
        answer.found().map(drop).ok_or(ActError::conflict(at))
    }
}

impl fmt::Debug for Scim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scim")
    }
}

impl Act for Scim {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let id = &request.target.id;
        let named = (1..=LONGEST_NAME).contains(&id.len()) && !id.contains(char::is_control);
        let served = self.descriptor.serves(request.action, request.target.kind);
        if named && served { Ok(()) } else { Err(ActError::permanent("read the user's name")) }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        let found = self.find(&request.target.id).await?;
        let account = found.ok_or(ActError::permanent("find the user"))?;
        if !account.active {
            return Err(ActError::conflict("disable an account that is disabled already"));
        }
        let prior = Prior { id: account.id, standing: account.standing };
        let undo = Undo::new(UNDO, &prior).map_err(|_| ActError::permanent("keep the prior state"))?;
        let plan = Plan::new(request).with_undo(undo);
        Ok(plan.saying("disable one account").hitting(Impact::new(1, 1)))
    }

    async fn apply(&self, permit: &Permit, plan: &Plan) -> Result<(), ActError> {
        let at = "disable the account";
        let account = self.current(plan, at).await?;
        match (account.active, permit.attempt()) {
            (true, _) => self.set_active(&account, false, at).await,
            // At the first try nobody but somebody else can have done it.
            (false, 0 | 1) => Err(ActError::conflict(at)),
            (false, _) => Ok(()),
        }
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        match self.current(plan, "look at the account").await {
            Ok(account) if account.active => Ok(Observed::NotInForce),
            Ok(_) => Ok(Observed::InForce),
            Err(ActError::Conflict { .. }) => Ok(Observed::Conflict),
            Err(error) => Err(error),
        }
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let at = "give the account back";
        let account = self.current(plan, at).await?;
        if account.active {
            return Ok(());
        }
        match self.set_active(&account, true, at).await {
            // Changed since it was read a moment ago: whether that matters, the next try will see.
            Err(ActError::Conflict { at }) => Err(ActError::transient(at)),
            other => other,
        }
    }
}

fn prior(plan: &Plan) -> Result<Prior, ActError> {
    plan.undo.read(UNDO).map_err(|_| ActError::permanent("read the prior state"))
}

fn json(answer: &Answer, at: &'static str) -> Result<Value, ActError> {
    serde_json::from_slice(&answer.body).map_err(|_| ActError::permanent(at))
}
