#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod action;
mod actuator;
mod budget;
mod calendar;
mod case;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod decision;
mod executor;
mod export;
mod gate;
mod journal;
mod lifecycle;
mod memory;
mod notice;
mod pattern;
mod plan;
mod planner;
mod playbook;
mod policy;
mod rails;
mod request;
mod saga;
mod shadow;

pub use action::{Action, ActionFacts, Breadth, Effect, Reversibility};
pub use actuator::{Act, ActError, Actuator, BadDescriptor, BoxFuture, Descriptor, Erase, Expiry};
pub use calendar::{Calendar, Offsets};
pub use case::Hold;
pub use decision::{Because, Decision};
pub use executor::{Executor, ExecutorConfig, ExecutorStats, SubmitError};
pub use export::{RemediationLog, metrics};
pub use gate::{
    Admission, Brake, Drill, Gate, GateConfig, GateError, GateStats, Mode, Opinion, Permit, Proposal,
};
pub use journal::{
    Durability, Entry, FileStorage, Journal, JournalError, MemoryStorage, PseudonymKey, Pseudonyms, Record,
    Storage,
};
pub use lifecycle::{Ending, Event, Illegal, Phase, Refusal, step};
pub use memory::{Fault, MemoryActuator, MemoryWorld, Verb};
pub use notice::{News, Notice};
pub use plan::{Applied, BadPlanHash, BadUndo, Impact, Observed, Plan, PlanHash, Undo};
pub use planner::{Course, Declined, GRAVE, Planner, View};
pub use playbook::{Playbook, Row};
pub use policy::{BadPolicy, Budget, Floor, Policy, Protected, Rule, Ruling, Scope, Surge, When};
pub use rails::{Asked, Rails};
pub use request::{ActionId, Args, BadActionId, Person, Proposer, Request, Target, TargetKind};
pub use saga::{BadStep, OnFailure, Outcome, Saga, SagaState, Step, StepState};
pub use shadow::{Promotion, ShadowLedger, ShadowRow};
