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
mod learnt;
mod limits;
mod link;
mod lookup;
mod node;
mod resolved;
mod room;
mod rule;
mod snapshot;
mod tenant;

pub use class::EntityClass;
pub use directory::Directory;
pub use entity::Entity;
#[cfg(feature = "event")]
pub use extract::{credentials_made, facts_of, links_of};
pub use law::Law;
pub use learnt::{Change, ForeignInput, Learnt, Outcome};
pub use limits::{ConfigError, Limits, Stats};
pub use link::{Fact, Link, LinkId, LinkKind, Observation, Strength, Validity};
pub use lookup::Behind;
pub use resolved::{EntityId, Participant, Resolved};
pub use rule::LoginRule;
