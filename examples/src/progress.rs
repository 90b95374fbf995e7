//! A progress bar on standard error, so that standard output stays machine-readable.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt;

/// A bar over a known number of steps. Draws nothing when standard error is no terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar of `steps` steps, told in `unit`s.
    pub fn new(steps: u64, unit: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(10));
        let template = format!("{{msg:>12}} [{{bar:40}}] {{pos}}/{{len}} {unit} {{eta}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// A bar that nobody sees.
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Says what is being done.
    pub fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    /// Goes on by `steps`.
    pub fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.0.finish_and_clear();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({})", self.0.position())
    }
}
