//! From an incident to what is captured, in one call: the same plan whether a detection or a person asks.
//!
//! Every machine, workload and mailbox of the incident that an action can be aimed at becomes a request for
//! `capture evidence`, which passes the gate as any other. Ids derive from the incident and the target: asking twice,
//! by whomever, is asking once, and two incidents have two captures.

use core::fmt;
use homeostat_core::{EntityKey, TenantId};
use homeostat_forensics::{AssetKind, CapturePlan, Order, Profile};
use homeostat_incident::Incident;
use homeostat_response::{Action, ActionId, Request, Target};
use std::collections::BTreeMap;

/// Tells the operating system of a machine, as an inventory knows it; `None` when it is not known.
pub type SystemOf = Box<dyn Fn(&EntityKey) -> Option<String> + Send + Sync>;

/// Asks for the evidence of incidents.
///
/// ```
/// use homeostat::Forensics;
/// use homeostat_forensics::Profile;
/// let forensics = Forensics::new(homeostat_core::TenantId::new("acme")?, Box::new(|_| Some("linux".to_owned()))).profile(Profile::Full);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Forensics {
    tenant: TenantId,
    system_of: SystemOf,
    profile: Profile,
}

impl Forensics {
    /// For that tenant, whose inventory tells systems; the triage profile.
    pub fn new(tenant: TenantId, system_of: SystemOf) -> Self {
        Self { tenant, system_of, profile: Profile::Triage }
    }

    /// The same with that profile.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The requests for all evidence of `incident`, by target; hand each to the responder's gate. A machine whose
    /// system is not known has none: [`Self::unplanned`] names it.
    pub fn requests(&self, incident: &Incident) -> Vec<Request> {
        let targets = self.targets(incident).into_values().filter(|target| AssetKind::of(target).is_some());
        targets.map(|target| self.request(&incident.id().to_string(), target)).collect()
    }

    /// The request for the evidence of one target, as a person asks for it from an incident.
    pub fn request(&self, incident: &str, target: Target) -> Request {
        let id = ActionId::derive(&["capture", incident, target.kind.as_str(), &target.id]);
        let mut request = Request::new(id, self.tenant.clone(), Action::CaptureEvidence, target);
        request.incident = Some(incident.to_owned());
        request
    }

    /// The order that carries a request out; `None` when no plan fits its target.
    pub fn order(&self, request: &Request) -> Option<Order> {
        let plan = CapturePlan::of(AssetKind::of(&request.target)?, self.profile);
        let why =
            request.incident.as_ref().map(|incident| format!("incident {incident}")).unwrap_or_default();
        let order = Order::new(request.id.clone(), request.target.clone(), plan);
        Some(order.asked_by("detector:homeostat", &why))
    }

    /// What of `incident` could be captured if its kind were known: machines without a known system.
    pub fn unplanned(&self, incident: &Incident) -> Vec<Target> {
        let host = |target: &Target| target.kind == homeostat_response::TargetKind::Host;
        let targets = self.targets(incident).into_values();
        targets.filter(|target| host(target) && AssetKind::of(target).is_none()).collect()
    }

    /// The targets of all entities, each once.
    fn targets(&self, incident: &Incident) -> BTreeMap<String, Target> {
        let keys = incident.entities().iter().flat_map(|entity| &entity.keys);
        let named = keys.filter_map(|key| {
            let target = Target::of(key)?;
            let target = match (self.system_of)(key) {
                Some(system) => target.with("os", &system),
                None => target,
            };
            Some((format!("{} {}", target.kind.as_str(), target.id), target))
        });
        named.collect()
    }
}

impl fmt::Debug for Forensics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forensics")
            .field("tenant", &self.tenant)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
