//! What the example programs share: finding input files and showing progress.

mod block_on;
mod events;
mod input;
mod progress;

pub use block_on::block_on;
pub use events::read_events;
pub use input::{Input, Unreadable, inputs};
pub use progress::Progress;
