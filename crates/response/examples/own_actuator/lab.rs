//! What the conformance kit needs to know of the system: reset it, read it, meddle with it, jam it.

use crate::sinkhole::{Sinkhole, Zone};
use homeostat_core::TenantId;
use homeostat_response::conformance::Lab;
use homeostat_response::{Action, ActionId, Actuator, Erase, Plan, Request, Target, TargetKind};
use std::sync::Arc;

const NAME: &str = "login.acme.example";

#[derive(Default)]
pub(crate) struct ZoneLab(Zone);

impl ZoneLab {
    fn answer(&self) -> String {
        self.0.lock().map(|zone| zone.get(NAME).cloned().unwrap_or_default()).unwrap_or_default()
    }

    fn set(&self, answer: &str) {
        drop(self.0.lock().map(|mut zone| zone.insert(NAME.to_owned(), answer.to_owned())));
    }
}

impl Lab for ZoneLab {
    fn reset(&mut self) {
        self.0 = Zone::default();
        self.set("192.0.2.7");
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        Arc::new(Erase(Sinkhole::new(self.0.clone())))
    }

    fn requests(&self) -> Vec<Request> {
        let ids = (ActionId::new("inc-7-block"), TenantId::new("acme"));
        let (Ok(id), Ok(tenant)) = ids else { return Vec::new() };
        vec![Request::new(id, tenant, Action::Block, Target::new(TargetKind::Name, NAME))]
    }

    fn state(&self) -> String {
        self.answer()
    }

    fn names(&self) -> Vec<String> {
        vec![self.answer()]
    }

    fn meddle(&mut self, _: &Plan) {
        self.set("198.51.100.9");
    }

    fn stands(&self, _: &Plan) -> bool {
        self.answer() == "198.51.100.9"
    }

    fn jam(&mut self) {
        // A thread that dies while it holds the lock leaves the table where nobody can write.
        let zone = self.0.clone();
        let dying = std::thread::spawn(move || {
            let _held = zone.lock();
            std::panic::resume_unwind(Box::new("jammed"))
        });
        drop(dying.join());
    }
}
