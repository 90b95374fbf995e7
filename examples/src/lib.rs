//! What the example programs share: reading files and showing progress.
