//! One tenant studied from the first event to the last, and the answer to what was found, on a target in memory.

use crate::{Material, Progress, block_on};
use homeostat::{ActionTold, Answered, Estate, Pipeline, Responder};
use homeostat_core::{TenantId, Timestamp};
use homeostat_graph::Graph;
use homeostat_incident::{Incident, Report};
use homeostat_response::{Declined, Erase, MemoryActuator, MemoryWorld, Mode, View};
use std::error::Error;
use std::sync::Arc;

/// What is known after the last event.
#[derive(Debug)]
pub struct Study {
    tenant: TenantId,
    pipeline: Pipeline,
    before: Graph,
}

impl Study {
    /// Learns, detects and investigates, one event after another.
    pub fn of(material: &Material, progress: &Progress) -> Self {
        let estate = Estate::new(material.inventory.clone());
        let before = estate.graph().clone();
        let mut pipeline = Pipeline::new(material.tenant.clone()).with_estate(estate);
        for event in &material.events {
            pipeline.observe(event);
            progress.advance(1);
        }
        pipeline.finish();
        Self { tenant: material.tenant.clone(), pipeline, before }
    }

    /// All that was learnt and found.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Who could reach what before the first event.
    pub fn before(&self) -> &Graph {
        &self.before
    }

    /// The incidents, best first.
    pub fn incidents(&self) -> Vec<Incident> {
        self.pipeline.investigator().incidents()
    }

    /// The report of one incident, with what the graph knows of reach and worth.
    pub fn report(&self, incident: &Incident) -> Report {
        let graph = self.pipeline.estate().graph();
        incident.report(graph, graph)
    }

    /// What is done about `incident` at its last act, and how it ends.
    ///
    /// # Errors
    ///
    /// When the responder can not be made or its journal fails.
    pub fn answer(&self, incident: &Incident, mode: Mode) -> Result<Answer, Box<dyn Error>> {
        let mut memory = Memory::new(self.tenant.clone(), mode)?;
        let graph = self.pipeline.estate().graph();
        let now = incident.updated();
        let view = View { reach: graph, criticality: graph, risk: self.pipeline.risk(), now };
        let Answered { declined, .. } = block_on(memory.responder.respond(incident, &view))?;
        memory.finish(declined)
    }
}

/// A responder upon a target in memory.
#[derive(Debug)]
pub struct Memory {
    /// Who responds.
    pub responder: Responder,
    world: MemoryWorld,
}

impl Memory {
    /// A responder with the default rails.
    ///
    /// # Errors
    ///
    /// As [`Responder::new`].
    pub fn new(tenant: TenantId, mode: Mode) -> Result<Self, Box<dyn Error>> {
        let (world, actuator) = Self::target();
        Ok(Self { responder: Responder::new(tenant, mode, vec![actuator])?, world })
    }

    /// The same around a responder made with `target`'s actuator.
    pub fn around(responder: Responder, world: MemoryWorld) -> Self {
        Self { responder, world }
    }

    /// A target in memory and its actuator.
    pub fn target() -> (MemoryWorld, Arc<Erase<MemoryActuator>>) {
        let world = MemoryWorld::default();
        let actuator = Arc::new(Erase(MemoryActuator::new(world.clone())));
        (world, actuator)
    }

    /// Lets the time go on until nothing is pending.
    ///
    /// # Errors
    ///
    /// When the journal fails.
    pub fn finish(self, declined: Option<Declined>) -> Result<Answer, Box<dyn Error>> {
        finish(self.responder, declined, |_| self.world.in_force().len())
    }
}

/// Lets the time of `responder` go on until nothing is pending; `shown` counts what its target then has in force.
///
/// # Errors
///
/// When the journal fails.
pub fn finish(
    mut responder: Responder,
    declined: Option<Declined>,
    shown: impl Fn(&Responder) -> usize,
) -> Result<Answer, Box<dyn Error>> {
    let at_once: Vec<ActionTold> = responder.told().cloned().collect();
    let in_force = shown(&responder);
    let mut over = None;
    while let Some(deadline) = responder.next_deadline() {
        block_on(responder.tick(deadline))?;
        over = Some(deadline);
    }
    let at_last = responder.told().cloned().collect();
    Ok(Answer { declined, at_once, in_force, at_last, left: shown(&responder), over })
}

/// What was done about an incident.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// Why nothing was done, when nothing was.
    pub declined: Option<Declined>,
    /// What became of each action at once.
    pub at_once: Vec<ActionTold>,
    /// How many of them the target itself then shows.
    pub in_force: usize,
    /// What had become of each when nothing was pending any more.
    pub at_last: Vec<ActionTold>,
    /// How many of them the target then still shows.
    pub left: usize,
    /// When nothing was pending any more; `None` when nothing ever was.
    pub over: Option<Timestamp>,
}
