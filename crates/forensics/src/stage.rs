//! Where the investigation of captured evidence stands, as its custody shows it: acquired, processed, investigated.

use crate::{Custody, Deed};
use homeostat_response::{ActionId, Storage};

/// The stages of one capture, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl Stage {
    /// The stage after `deed`. What is told before its time, such as a look at what is not all in, moves nothing.
    fn after(self, deed: &Deed) -> Self {
        match (self, deed) {
            (Self::Planned, Deed::Begun { .. }) => Self::Acquiring,
            (Self::Acquiring, Deed::Finished { .. }) => Self::Acquired,
            (Self::Acquired, Deed::Processed { .. }) => Self::Processed,
            (Self::Acquired | Self::Processed, Deed::HandedOver { .. }) => Self::Investigating,
            _ => self,
        }
    }
}

impl<S: Storage> Custody<S> {
    /// Where the investigation of `capture` stands. O(records).
    pub fn stage(&self, capture: &ActionId) -> Stage {
        self.of(capture).fold(Stage::Planned, |stage, record| stage.after(&record.deed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Containment, Digest};
    use proptest::prelude::*;

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let (containment, digest) = (Containment::Unknown, Digest::of(b""));
        let told = String::new;
        let one = prop::sample::select(vec![
            Deed::Begun { target: told(), plan: digest, why: told(), containment },
            Deed::Finished { manifest: digest, containment },
            Deed::Processed { events: 1, errors: 0 },
            Deed::HandedOver { to: told(), purpose: told() },
            Deed::Released,
        ]);
        prop::collection::vec(one, 0..24)
    }

    proptest! {
        #[test]
        fn a_stage_never_goes_back_and_nobody_works_with_what_is_not_all_in(deeds in deeds()) {
            let mut stage = Stage::Planned;
            let (mut begun, mut whole) = (false, false);
            for deed in deeds {
                let next = stage.after(&deed);
                prop_assert!(next >= stage, "{stage:?} to {next:?}");
                whole |= begun && matches!(deed, Deed::Finished { .. });
                begun |= matches!(deed, Deed::Begun { .. });
                prop_assert_eq!((begun, whole), (next >= Stage::Acquiring, next >= Stage::Acquired));
                stage = next;
            }
        }
    }
}
