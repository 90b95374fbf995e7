//! A target that several runs share for as long as they show it the same.
//!
//! Whoever feeds it next first feeds it for all; before one run shows or tells it something of its own, that run goes
//! on with a fork. INVARIANT: no borrow of the target outlives the call that took it.

use crate::{MaturityTarget, Mutant, Unsupported};
use homeostat_event::Event;
use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;
use std::time::Duration;

/// A handle to a target; clones share it.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<Seat>>);

struct Seat {
    target: Box<dyn MaturityTarget>,
    fed: u64,
    last: Fed,
}

/// What became of an event, and how long the target worked on it.
pub(crate) type Fed = (Result<(), Unsupported>, Option<Duration>);

impl Shared {
    /// A target that was fed nothing.
    pub(crate) fn new(target: Box<dyn MaturityTarget>) -> Self {
        Self::seated(target, 0, (Ok(()), None))
    }

    fn seated(target: Box<dyn MaturityTarget>, fed: u64, last: Fed) -> Self {
        Self(Rc::new(RefCell::new(Seat { target, fed, last })))
    }

    /// Feeds the event that is number `number` to the target, unless another run did.
    pub(crate) fn feed(&self, number: u64, event: &Event, clock: Option<fn() -> Duration>) -> Fed {
        let mut seat = self.0.borrow_mut();
        if seat.fed < number {
            let begun = clock.map(|clock| clock());
            let taken = seat.target.feed(event.clone());
            let worked = clock.zip(begun).map(|(clock, begun)| clock().saturating_sub(begun));
            (seat.fed, seat.last) = (number, (taken, worked));
        }
        seat.last
    }

    /// The target, to ask.
    pub(crate) fn target(&self) -> Ref<'_, dyn MaturityTarget + 'static> {
        Ref::map(self.0.borrow(), |seat| &*seat.target)
    }

    /// The target, to tell it something that no other run tells it; `None` when it is shared.
    pub(crate) fn own(&self) -> Option<RefMut<'_, dyn MaturityTarget + 'static>> {
        let alone = Rc::strong_count(&self.0) == 1;
        alone.then(|| RefMut::map(self.0.borrow_mut(), |seat| &mut *seat.target))
    }

    /// A target of one's own that knows the same; `None` when the target gives none.
    pub(crate) fn fork(&self) -> Option<Self> {
        let seat = self.0.borrow();
        Some(Self::seated(seat.target.fork()?, seat.fed, seat.last))
    }

    /// A target that knows nothing, for whom `fork` failed.
    pub(crate) fn lost(&self) -> Self {
        let seat = self.0.borrow();
        Self::seated(Mutant::silent(), seat.fed, seat.last)
    }

    /// Whether both are handles to one target.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}
