//! The whole actuator: a name server that answers a blocked name with nothing.

use homeostat_response::{
    Act, ActError, Action, Descriptor, Observed, Permit, Plan, Request, TargetKind, Undo,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// The vendor's own system: what each name is answered with.
pub(crate) type Zone = Arc<Mutex<Answers>>;
type Answers = BTreeMap<String, String>;
/// The table, with what the plan's name is answered with now, was before, and is by this plan.
type Look<'a> = (MutexGuard<'a, Answers>, [String; 3]);

pub(crate) struct Sinkhole {
    descriptor: Descriptor,
    zone: Zone,
}

impl Sinkhole {
    pub(crate) fn new(zone: Zone) -> Self {
        let mut descriptor = Descriptor::new("sinkhole", Action::Block, TargetKind::Name);
        descriptor.residual.push("answers that resolvers hold already".to_owned());
        Self { descriptor, zone }
    }

    fn look(&self, plan: &Plan) -> Result<Look<'_>, ActError> {
        let prior = plan.undo.read(1).map_err(|_| ActError::permanent("read the prior answer"))?;
        let zone = self.zone.lock().map_err(|_| ActError::transient("lock the zone"))?;
        let now = zone.get(&plan.target.id).cloned().unwrap_or_default();
        Ok((zone, [now, prior, format!("nothing, by {}", plan.id)]))
    }
}

impl Act for Sinkhole {
    type Done = ();
    type Seen = Observed;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        let is_name = !request.target.id.is_empty() && !request.target.id.contains(char::is_whitespace);
        if is_name { Ok(()) } else { Err(ActError::permanent("read the name")) }
    }

    async fn plan(&self, request: &Request) -> Result<Plan, ActError> {
        let zone = self.zone.lock().map_err(|_| ActError::transient("lock the zone"))?;
        let prior = zone.get(&request.target.id).cloned().unwrap_or_default();
        let undo = Undo::new(1, &prior).map_err(|_| ActError::permanent("keep the prior answer"))?;
        Ok(Plan::new(request).with_undo(undo).saying("answer one name with nothing"))
    }

    async fn apply(&self, _: &Permit, plan: &Plan) -> Result<(), ActError> {
        let (mut zone, [now, prior, ours]) = self.look(plan)?;
        if now != prior && now != ours {
            return Err(ActError::conflict("compare with the prior answer"));
        }
        zone.insert(plan.target.id.clone(), ours);
        Ok(())
    }

    async fn observe(&self, plan: &Plan) -> Result<Observed, ActError> {
        let (_zone, [now, prior, ours]) = self.look(plan)?;
        let foreign = now != prior && now != ours;
        Ok(if foreign { Observed::Conflict } else { Observed::from(now == ours) })
    }

    async fn revert(&self, plan: &Plan) -> Result<(), ActError> {
        let (mut zone, [now, prior, ours]) = self.look(plan)?;
        if now != prior && now != ours {
            return Err(ActError::conflict("put the prior answer back"));
        }
        zone.insert(plan.target.id.clone(), prior);
        Ok(())
    }
}
