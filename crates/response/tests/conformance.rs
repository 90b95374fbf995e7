#![cfg(test)]
//! The reference keeps the nine laws, and the kit finds each of nine actuators that break one.

use homeostat_core::TenantId;
use homeostat_response::conformance::{Lab, actuator_law, actuator_laws};
use homeostat_response::{
    ActError, Action, ActionId, Actuator, Applied, BoxFuture, Descriptor, Erase, MemoryActuator, MemoryWorld,
    Observed, Permit, Plan, Request, Target, TargetKind, Undo,
};
use std::sync::Arc;

/// The reference, breaking law `breaks`; 0 for none.
struct Memory {
    inner: Erase<MemoryActuator>,
    world: MemoryWorld,
    breaks: u8,
}

struct MemoryLab {
    world: MemoryWorld,
    breaks: u8,
}

fn host(name: &str) -> Target {
    Target::new(TargetKind::Host, name)
}

fn marker() -> Target {
    Target::new(TargetKind::Resource, "marker")
}

impl Memory {
    fn mark(&self, value: &str) {
        self.world.change(Action::Notify, &marker(), value);
    }
}

impl Actuator for Memory {
    fn descriptor(&self) -> &Descriptor {
        self.inner.descriptor()
    }

    fn validate(&self, request: &Request) -> Result<(), ActError> {
        assert!(self.breaks != 8 || !request.target.id.is_empty(), "as an indexing author would");
        self.inner.validate(request)
    }

    fn plan<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Plan, ActError>> {
        Box::pin(async move {
            let plan = self.inner.plan(request).await?;
            if self.breaks == 1 {
                self.mark("planned");
            }
            let guessed = vec!["open"; plan.touches.len()];
            Ok(if self.breaks == 6 { plan.with_undo(Undo::new(1, &guessed).unwrap()) } else { plan })
        })
    }

    fn apply<'a>(&'a self, permit: &'a Permit, plan: &'a Plan) -> BoxFuture<'a, Result<Applied, ActError>> {
        Box::pin(async move {
            match self.breaks {
                2 => {
                    let count = self.world.setting(Action::Notify, &marker()).len();
                    self.mark(&"x".repeat(count + 1));
                }
                5 => self.mark("by quarantine"),
                6 => {
                    let own = format!("by {}", plan.id);
                    plan.touches.iter().for_each(|one| self.world.change(plan.action, one, &own));
                    return Ok(Applied::default());
                }
                7 => plan.touches.iter().for_each(|one| self.world.change(plan.action, one, "restricted")),
                _ => {}
            }
            self.inner.apply(permit, plan).await
        })
    }

    fn observe<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<Observed, ActError>> {
        Box::pin(async move {
            if self.breaks == 4 { Ok(Observed::InForce) } else { self.inner.observe(plan).await }
        })
    }

    fn revert<'a>(&'a self, plan: &'a Plan) -> BoxFuture<'a, Result<(), ActError>> {
        Box::pin(async move {
            let in_force = self.inner.observe(plan).await? != Observed::NotInForce;
            match self.breaks {
                3 if !in_force => Err(ActError::permanent("nothing to delete")),
                9 => {
                    let _ = self.inner.revert(plan).await;
                    Ok(())
                }
                7 => {
                    plan.touches.iter().for_each(|one| self.world.change(plan.action, one, "restricted"));
                    Ok(())
                }
                _ => self.inner.revert(plan).await,
            }
        })
    }
}

impl Lab for MemoryLab {
    fn reset(&mut self) {
        self.world = MemoryWorld::default();
        self.world.group(&host("web"), vec![host("web-1"), host("web-2"), host("web-3")]);
        for name in ["web-1", "web-2", "web-3", "db-1"] {
            self.world.change(Action::Isolate, &host(name), "restricted");
        }
    }

    fn actuator(&self) -> Arc<dyn Actuator> {
        let inner = Erase(MemoryActuator::new(self.world.clone()));
        Arc::new(Memory { inner, world: self.world.clone(), breaks: self.breaks })
    }

    fn requests(&self) -> Vec<Request> {
        let ask = |id: &str, target| {
            Request::new(ActionId::new(id).unwrap(), TenantId::new("acme").unwrap(), Action::Isolate, target)
        };
        vec![ask("one", host("db-1")), ask("group", host("web"))]
    }

    fn state(&self) -> String {
        self.world.state()
    }

    fn names(&self) -> Vec<String> {
        self.world.in_force().into_iter().collect()
    }

    fn meddle(&mut self, plan: &Plan) {
        self.world.change(plan.action, plan.touches.last().unwrap(), "set by an admin");
    }

    fn stands(&self, plan: &Plan) -> bool {
        self.world.setting(plan.action, plan.touches.last().unwrap()) == "set by an admin"
    }

    fn jam(&mut self) {
        self.world.jam_reverts();
    }
}

#[test]
fn the_reference_keeps_all_laws() {
    let mut lab = MemoryLab { world: MemoryWorld::default(), breaks: 0 };
    let proof = actuator_laws(&mut lab).unwrap();
    println!("{} requests, {} crashes within an apply", proof.requests, proof.crashes);
    assert_eq!((proof.requests, proof.crashes), (2, 8));
}

#[test]
fn whoever_breaks_a_law_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    for law in 1..=9 {
        let mut lab = MemoryLab { world: MemoryWorld::default(), breaks: law };
        let group = lab.requests().remove(1);
        let broken = actuator_law(law, &mut lab, &group).unwrap_err();
        assert_eq!(broken.law(), law, "{broken}");
        assert!(broken.to_string().starts_with(&format!("law {law}: ")));
        assert!(actuator_laws(&mut lab).is_err());
    }
}
