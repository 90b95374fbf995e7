//! What the example programs share: finding input files, showing progress, targets of the maturity tests.

mod events;
mod input;
mod page;
mod plain;
mod progress;
mod target;

pub use events::read_events;
pub use input::{Input, Unreadable, inputs};
pub use page::html_table;
pub use plain::PlainTarget;
pub use progress::Progress;
pub use target::HomeostatTarget;
