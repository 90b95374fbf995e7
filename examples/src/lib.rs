//! What the example programs share: finding input files and showing progress.

mod events;
mod input;
mod progress;

pub use events::read_events;
pub use input::{Input, Unreadable, inputs};
pub use progress::Progress;
