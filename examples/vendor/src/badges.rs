//! An own actuator: locks a person's badge at the door controller, and gives it back.
use homeostat_response::{Act, ActError, Descriptor, Permit, Plan, Request};
use std::{fs, os::unix::fs::symlink, path::PathBuf};

/// The controller, a folder: each locked badge is a link to the id of the action that locked it, made at once or not.
pub struct Badges {
    pub descriptor: Descriptor,
    pub folder: PathBuf,
    pub after: fn(),
}

impl Act for Badges {
    type Done = ();
    type Seen = bool;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }
    fn validate(&self, request: &Request) -> Result<(), ActError> {
        if request.target.id.contains('/') { Err(ActError::permanent("read the badge")) } else { Ok(()) }
    }
    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        Ok(Plan::new(request).saying("lock one badge"))
    }
    async fn apply(&self, _: &Permit, plan: &Plan) -> Result<(), ActError> {
        let made = symlink(plan.id.as_str(), self.folder.join(&plan.target.id)).is_ok();
        (self.after)();
        let held = made || self.observe(plan).await?;
        held.then_some(()).ok_or(ActError::conflict("lock the badge"))
    }
    async fn observe(&self, plan: &Plan) -> Result<bool, ActError> {
        let owner = fs::read_link(self.folder.join(&plan.target.id));
        Ok(owner.is_ok_and(|owner| owner.as_os_str() == plan.id.as_str()))
    }
    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let free = !self.observe(plan).await? || fs::remove_file(self.folder.join(&plan.target.id)).is_ok();
        free.then_some(()).ok_or(ActError::transient("give the badge back"))
    }
}
