//! Evidence becomes events again, each with its custody reference.
//!
//! Logs and rows are read from the store as a stream and go through `homeostat-ingest`; what is raw stays as it is.
//! Each event bears `unmapped.homeostat_custody`: the capture, the step and the digest of the evidence it is from, so
//! that whoever reads a step of an incident finds the evidence and its chain. O(bytes).

use crate::{Custody, Deed, EvidenceStore, Format, Manifest, Piece, StoreError};
use homeostat_core::{JsonText, Timestamp};
use homeostat_event::Event;
use homeostat_ingest::{Ingest, RecordError};
use homeostat_response::{ActionId, Storage};

/// The name under which an event's custody stands in `unmapped`.
const CUSTODY: &str = "homeostat_custody";

/// What came of the evidence of a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpacked {
    /// How many pieces were read.
    pub pieces: u64,
    /// How many were left as they are, being raw.
    pub raw: u64,
    /// How many events came of them.
    pub events: u64,
    /// How many records could not be read.
    pub errors: u64,
}

/// Why evidence could not be made events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The custody log failed.
    #[error(transparent)]
    Custody(#[from] crate::CustodyError),
}

/// Makes events of what `capture` brought, and hands each, or the report of a bad record, to `each`; then notes it in
/// custody. The place of an event is `evidence/DIGEST`, so that doing it again gives the same events.
///
/// # Errors
///
/// [`UnpackError`]; a bad record is none, it goes to `each`.
pub fn unpack<S: Storage>(
    (custody, capture, now): (&mut Custody<S>, &ActionId, Timestamp),
    store: &dyn EvidenceStore,
    ingest: &mut Ingest,
    each: &mut dyn FnMut(Result<Event, RecordError>),
) -> Result<Unpacked, UnpackError> {
    let mut all = Unpacked::default();
    for piece in &Manifest::of(custody, capture).pieces {
        if piece.format == Format::Raw {
            all.raw = all.raw.saturating_add(1);
            continue;
        }
        all.pieces = all.pieces.saturating_add(1);
        let reference = reference(capture, piece);
        for next in ingest.read(&place(piece), store.open(&piece.digest)?) {
            let next = next.map(|mut event| {
                event.keep(CUSTODY, &reference);
                event
            });
            let counter = if next.is_ok() { &mut all.events } else { &mut all.errors };
            *counter = counter.saturating_add(1);
            each(next);
        }
    }
    let deed = Deed::Processed { events: all.events, errors: all.errors };
    custody.note(now, capture, env!("CARGO_PKG_NAME"), deed)?;
    Ok(all)
}

/// The name of evidence as an input. It ends as the item's name does where that is a plain word, as readers go by it.
fn place(piece: &Piece) -> String {
    let plain =
        |end: &&str| (1..=8).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match piece.item.rsplit_once('.').map(|(_, end)| end).filter(plain) {
        Some(end) => format!("evidence/{}.{end}", piece.digest),
        None => format!("evidence/{}", piece.digest),
    }
}

fn reference(capture: &ActionId, piece: &Piece) -> JsonText {
    let Piece { step, digest, .. } = piece;
    // Members in the order of names: whether a map of JSON keeps the order of insertion is decided by whoever builds.
    let reference =
        serde_json::json!({ "capture": capture.as_str(), "sha256": digest.to_string(), "step": step });
    JsonText::new(reference.to_string())
}
