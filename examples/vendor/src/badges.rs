//! An own actuator: locks a person's badge, and gives it back.

use homeostat_response::{Act, ActError, Descriptor, Permit, Plan, Request};
use std::{collections::BTreeMap, sync::Mutex};

/// The badges that are locked, each by the id of one action.
pub struct Badges {
    pub descriptor: Descriptor,
    pub locked: Mutex<BTreeMap<String, String>>,
}

impl Act for Badges {
    type Done = ();
    type Seen = bool;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }
    fn validate(&self, request: &Request) -> Result<(), ActError> {
        if request.target.id.is_empty() { Err(ActError::permanent("read the badge")) } else { Ok(()) }
    }
    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        Ok(Plan::new(request).saying("lock one badge"))
    }
    async fn apply(&self, _: &Permit, plan: &Plan) -> Result<(), ActError> {
        let mut locked = self.locked.lock().map_err(|_| ActError::transient("ask the doors"))?;
        let owner = locked.entry(plan.target.id.clone()).or_insert_with(|| plan.id.to_string());
        if owner == plan.id.as_str() { Ok(()) } else { Err(ActError::conflict("lock the badge")) }
    }
    async fn observe(&self, plan: &Plan) -> Result<bool, ActError> {
        let locked = self.locked.lock().map_err(|_| ActError::transient("ask the doors"))?;
        Ok(locked.get(&plan.target.id).is_some_and(|owner| owner == plan.id.as_str()))
    }
    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let mut locked = self.locked.lock().map_err(|_| ActError::transient("ask the doors"))?;
        locked.retain(|_, owner| owner != plan.id.as_str());
        Ok(())
    }
}
