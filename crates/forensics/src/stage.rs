//! Where an investigation of captured evidence stands: acquired, processed, investigated.
//!
//! A pure table, so that a log of moves replays to the same stage.

use serde::{Deserialize, Serialize};

/// The stages of one capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing was begun.
    #[default]
    Planned,
    /// Evidence is coming in.
    Acquiring,
    /// All that can come in is in.
    Acquired,
    /// Evidence was made events.
    Processed,
    /// Somebody works with it.
    Investigating,
}

/// What moves a capture on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// The capture begins, or goes on after a halt.
    Begin,
    /// Every step has its end.
    Finish,
    /// What was captured was made events, again or for the first time.
    Process,
    /// It was handed over or looked at.
    Look,
}

/// A move that the stage does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a capture that is `{from:?}` does not `{by:?}`")]
pub struct Illegal {
    from: Stage,
    by: Move,
}

/// The stage after a move.
///
/// # Errors
///
/// [`Illegal`] when evidence would be processed that is not all in, or a finished capture would begin anew.
pub fn advance(from: Stage, by: Move) -> Result<Stage, Illegal> {
    match (from, by) {
        (Stage::Planned | Stage::Acquiring, Move::Begin) => Ok(Stage::Acquiring),
        (Stage::Acquiring, Move::Finish) => Ok(Stage::Acquired),
        (Stage::Acquired | Stage::Processed, Move::Process) => Ok(Stage::Processed),
        (Stage::Processed, Move::Look) | (Stage::Investigating, Move::Look | Move::Process) => {
            Ok(Stage::Investigating)
        }
        _ => Err(Illegal { from, by }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let one = prop::sample::select(vec![Move::Begin, Move::Finish, Move::Process, Move::Look]);
        prop::collection::vec(one, 0..24)
    }

    proptest! {
        #[test]
        fn a_stage_never_goes_back_and_skips_none(moves in moves()) {
            let mut stage = Stage::Planned;
            for by in moves {
                if let Ok(next) = advance(stage, by) {
                    prop_assert!(next >= stage && next as u8 - stage as u8 <= 1, "{stage:?} to {next:?}");
                    stage = next;
                }
            }
        }
    }
}
