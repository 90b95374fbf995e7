//! What the example programs share: finding input files, reading a tenant, studying it, telling what was found,
//! and the targets of the maturity tests.

mod alerts;
mod authorize;
mod block_on;
mod case;
mod clocks;
mod estate;
mod events;
mod fields;
mod input;
mod material;
mod page;
mod paths;
mod plain;
mod progress;
mod reached;
mod reaction;
pub mod score;
mod study;
mod target;
pub mod telling;
mod threat;

pub use alerts::read_alerts;
pub use block_on::block_on;
pub use case::{Case, Comparison, Question, cases};
pub use clocks::bring_clocks_together;
pub use estate::paths_of_all;
pub use events::read_events;
pub use fields::{Fields, Misread};
pub use input::{Input, Unreadable, inputs};
pub use material::Material;
pub use page::html_table;
pub use paths::{Asked, paths};
pub use plain::PlainTarget;
pub use progress::Progress;
pub use reached::Reached;
pub use study::{Answer, Memory, Study, finish};
pub use target::HomeostatTarget;
pub use threat::{NoIncident, threat_of};
