#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

mod resolved;

pub use resolved::{EntityClass, EntityId, LinkKind, Participant, Resolved};
