//! Which changes of Azure, Entra and Google Cloud an event shows.

use super::change::{CloudChange, CloudOp};
use super::{azure_event, entra_event, google_event};
use crate::Evidence;
use crate::cloudtrail::EventFault;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Event, Metadata, Product};
use serde_json::Value;

impl CloudChange {
    /// The changes that `event` shows, in order; none for reads, for what failed or has only begun, for logs of others and
    /// for what bears on nobody's rights. What the event says only in part makes its object stale.
    ///
    /// ```
    /// use homeostat_core::{Outcome, Timestamp, TenantId};
    /// use homeostat_event::{Actor, Api, Event, Head, NetworkEndpoint, Product, ResourceDetails, User};
    /// use homeostat_graph::{CloudChange, CloudOp};
    ///
    /// let head = Head::new(4, Timestamp::from_micros(1), Product::new("Microsoft", "Azure Activity"));
    /// let (maya, from) = (Actor::of_user(User::of_uid("maya")), NetworkEndpoint::of_ip("192.0.2.7"));
    /// let mut event = Event::api_activity(head, maya, Api::new("Microsoft.Compute/virtualMachines/delete"), from);
    /// let vm = "/subscriptions/s1/resourceGroups/web/providers/Microsoft.Compute/virtualMachines/vm1";
    /// event.set_resources(vec![ResourceDetails::of_uid(vm)]).set_tenant(&TenantId::new("acme")?);
    /// assert!(CloudChange::from_event(&event)?.is_empty(), "how it ended is not told");
    /// event.set_outcome(Outcome::Success, None);
    /// assert!(CloudChange::from_event(&event)?[0].op == CloudOp::Remove { id: vm.to_owned() });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EventFault::NoTenant`] when the event shows a change but not whose.
    pub fn from_event(event: &Event) -> Result<Vec<Self>, EventFault> {
        if event.outcome() != Outcome::Success {
            return Ok(Vec::new());
        }
        let product = event.metadata().and_then(Metadata::product).and_then(Product::name);
        let ops = match product {
            Some("Azure Activity") => azure_event::ops(event),
            Some("Entra ID") => entra_event::ops(event),
            Some("Cloud Audit Logs") => google_event::ops(event).into_iter().collect(),
            _ => Vec::new(),
        };
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        let tenant = event.tenant().ok_or(EventFault::NoTenant)?;
        let evidence = match event.reference() {
            Some(reference) => Evidence::Event(reference),
            None => Evidence::document("event without an id"),
        };
        let at = event.when();
        let change =
            |op: CloudOp| Self { tenant: tenant.clone(), at, position: None, evidence: evidence.clone(), op };
        Ok(ops.into_iter().map(change).collect())
    }
}

/// JSON as it is, or as a text that holds it.
pub(super) fn read(text: &JsonText) -> Option<Value> {
    unfolded(serde_json::from_str(text.as_str()).ok()?)
}

/// What a text holds that is JSON, else the value as it is.
pub(super) fn unfolded(value: Value) -> Option<Value> {
    match &value {
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => Some(value),
    }
}
