//! What a capture brought, read from its custody: the same evidence gives the same manifest, whenever it was taken.

use crate::{Custody, Deed, Digest, Ending, Format, Record, Uncovered};
use core::fmt;
use homeostat_response::{ActionId, Storage};
use serde::Serialize;
use std::collections::BTreeMap;

/// One piece of evidence.
///
/// `Debug` shows step, digest and length, never the name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Piece {
    /// The step that brought it.
    pub step: String,
    /// Its digest, by which the store names it.
    pub digest: Digest,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// What form it has.
    pub format: Format,
    /// Whether a limit cut it.
    pub cut: bool,
    /// Its name on the asset.
    #[serde(skip)]
    pub item: String,
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({}, {}, {} bytes)", self.step, self.digest, self.bytes)
    }
}

/// What a capture brought, and what it could not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The pieces, by step and digest.
    pub pieces: Vec<Piece>,
    /// How each step ended.
    pub endings: BTreeMap<String, Ending>,
    /// The steps that nobody could carry out.
    pub left_out: BTreeMap<String, Uncovered>,
    /// How many items were seen and could not be read.
    pub missed: u64,
}

impl Manifest {
    /// The manifest of one capture so far.
    pub fn of<S: Storage>(custody: &Custody<S>, capture: &ActionId) -> Self {
        Self::of_records(custody.of(capture))
    }

    /// The manifest of the records of one capture.
    pub(crate) fn of_records<'a>(records: impl Iterator<Item = &'a Record>) -> Self {
        let mut all =
            Self { pieces: Vec::new(), endings: BTreeMap::new(), left_out: BTreeMap::new(), missed: 0 };
        for record in records {
            match record.deed.clone() {
                Deed::Acquired { step, item, digest, bytes, format, cut, .. } => {
                    all.pieces.push(Piece { step, digest, bytes, format, cut, item });
                }
                Deed::StepEnded { step, ending, .. } => {
                    all.endings.insert(step, ending);
                }
                Deed::LeftOut { step, reason } => {
                    all.left_out.insert(step, reason);
                }
                Deed::Missed { .. } => all.missed = all.missed.saturating_add(1),
                _ => {}
            }
        }
        all.pieces.sort();
        all
    }

    /// The digest of everything but names and times, so that forgetting a person does not change it. The chain of
    /// custody holds the names.
    pub fn digest(&self) -> Digest {
        // A manifest always has a JSON form: its maps have text keys.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// How many bytes all pieces have.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().fold(0, |sum, piece| sum.saturating_add(piece.bytes))
    }
}
