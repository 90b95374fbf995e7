//! What the example programs share: finding input files and showing progress.

mod input;
mod progress;

pub use input::{Input, Unreadable, inputs};
pub use progress::Progress;
