//! Placeholder of the mode `series`, written by its owner.

use super::ScoreError;
use std::io::Write;
use std::path::{Path, PathBuf};

pub fn series(path: &Path, out: impl Write) -> Result<(), ScoreError> {
    let _ = out;
    Err(std::io::Error::other("not written yet").into())
}
