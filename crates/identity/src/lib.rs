#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod class;
mod component;
mod directory;
mod entity;
#[cfg(feature = "event")]
mod extract;
mod group;
mod law;
mod limits;
mod link;
mod lookup;
mod resolved;
mod rule;
mod snapshot;

pub use class::EntityClass;
pub use directory::{Change, Directory, ForeignInput, Learnt, Outcome};
pub use entity::Entity;
#[cfg(feature = "event")]
pub use extract::{facts_of, links_of};
pub use law::Law;
pub use limits::{ConfigError, Limits, Stats};
pub use link::{Fact, Link, LinkId, LinkKind, Observation, Strength, Validity};
pub use lookup::Behind;
pub use resolved::{EntityId, Participant, Resolved};
pub use rule::LoginRule;
