//! How much of hostile or broken input is read, by name.

/// What a reader accepts before it reports a record instead of holding it.
///
/// ```
/// let mut limits = homeostat_ingest::Limits::default();
/// limits.record_bytes = 1 << 20;
/// assert_eq!(limits.depth, 128);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest record in bytes. Default 16 MiB: CloudTrail ends a record at 256 KiB and Kubernetes audit
    /// records with request bodies reach a few MiB; what is longer is no record of a log.
    pub record_bytes: usize,
    /// How deep arrays and objects may be nested. Default 128, which is what `serde_json` reads.
    pub depth: usize,
    /// How many envelopes around a record are opened. Default 3: a queue's message in a topic's message in a
    /// bus's `detail` is the deepest that collectors deliver.
    pub envelopes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record_bytes: 16 << 20, depth: 128, envelopes: 3 }
    }
}
