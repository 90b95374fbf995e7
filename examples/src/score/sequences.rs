//! Placeholder of the mode `sequences`, written by its owner.

use super::ScoreError;
use std::io::Write;
use std::path::{Path, PathBuf};

pub fn sequences(path: &Path, peers: Option<&Path>, block: usize, out: impl Write) -> Result<(), ScoreError> {
    let _ = out;
    Err(std::io::Error::other("not written yet").into())
}
