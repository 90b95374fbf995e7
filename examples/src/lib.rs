//! What the example programs share: finding input files, reading a tenant, studying it, telling what was found,
//! and the targets of the maturity tests.

mod block_on;
mod events;
mod input;
mod material;
mod page;
mod plain;
mod progress;
mod reaction;
pub mod score;
mod study;
mod target;
pub mod telling;
mod threat;

pub use block_on::block_on;
pub use events::read_events;
pub use input::{Input, Unreadable, inputs};
pub use material::Material;
pub use page::html_table;
pub use plain::PlainTarget;
pub use progress::Progress;
pub use study::{Answer, Memory, Study};
pub use target::HomeostatTarget;
pub use threat::{NoIncident, threat_of};
