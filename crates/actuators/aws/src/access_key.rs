//! One access key off, and on again.

use crate::api::{Api, Local, Service};
use homeostat_response::{ActError, Observed};
use serde::{Deserialize, Serialize};

/// A key and whose it is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    user: String,
    id: String,
}

impl AccessKey {
    /// Finds whose key it is; a conflict when it is off already.
    pub(crate) async fn find(api: &Api, id: &str) -> Result<Self, ActError> {
        let at = "GetAccessKeyLastUsed";
        let reply = api.look(Service::Iam, at, &[("AccessKeyId", id)]).await?;
        let user = reply.and_then(|reply| reply.text("UserName")).ok_or(ActError::permanent(at))?;
        let key = Self { user, id: id.to_owned() };
        match key.observe(api).await? {
            Observed::NotInForce => Ok(key),
            Observed::InForce => Err(ActError::conflict("turn off a key that is off")),
            _ => Err(ActError::permanent("find the key")),
        }
    }

    pub(crate) async fn observe(&self, api: &Api) -> Result<Observed, ActError> {
        let reply = api.look(Service::Iam, "ListAccessKeys", &[("UserName", &self.user)]).await?;
        let status = reply.and_then(|reply| {
            reply.read(|root| {
                let keys = root.members("AccessKeyMetadata");
                let own = keys.iter().find(|key| key.child_text("AccessKeyId") == Some(&self.id))?;
                own.child_text("Status").map(str::to_owned)
            })
        });
        Ok(match status.as_deref() {
            Some("Active") => Observed::NotInForce,
            Some(_) => Observed::InForce,
            None => Observed::Conflict, // somebody took the key away
        })
    }

    /// Turns the key off; `first` when it is the first try, at which nobody else may have.
    pub(crate) async fn apply(&self, api: &Api, attempt: u32) -> Result<(), ActError> {
        match self.observe(api).await? {
            Observed::NotInForce => self.set(api, "Inactive").await,
            Observed::InForce if attempt > 1 => Ok(()),
            _ => Err(ActError::conflict("turn the key off")),
        }
    }

    pub(crate) async fn revert(&self, api: &Api) -> Result<(), ActError> {
        match self.observe(api).await? {
            Observed::NotInForce => Ok(()),
            Observed::InForce => self.set(api, "Active").await,
            _ => Err(ActError::conflict("turn the key on")),
        }
    }

    async fn set(&self, api: &Api, status: &str) -> Result<(), ActError> {
        let form = [("UserName", self.user.as_str()), ("AccessKeyId", &self.id), ("Status", status)];
        let done = api.ask(Service::Iam, "UpdateAccessKey", &form).await?;
        done.map(drop).ok_or(ActError::conflict("UpdateAccessKey"))
    }
}
