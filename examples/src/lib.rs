//! What the example programs share: finding input files, reading a tenant, studying it, telling what was found.

mod block_on;
mod events;
mod input;
mod material;
mod progress;
mod study;
pub mod telling;
mod threat;

pub use block_on::block_on;
pub use events::read_events;
pub use input::{Input, Unreadable, inputs};
pub use material::Material;
pub use progress::Progress;
pub use study::{Answer, Memory, Study};
pub use threat::{NoIncident, threat_of};
