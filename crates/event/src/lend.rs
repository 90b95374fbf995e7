//! What the role view says of one event, worked out once and lent to all who ask while it is read.
//!
//! A dozen readers ask the same event for the same keys. Within [`Event::lend`] the answer is made once; outside
//! nothing is kept, so that an event stays small and can never tell of what it was before a change.

use crate::event::Event;
use crate::keys;
use crate::naming::{Names, Naming};
use crate::view;
use homeostat_core::{EntityKey, Occurrence, Role};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The answers that readers ask for again and again.
pub(crate) struct Lent {
    pub(crate) names: Arc<Names>,
    pub(crate) entities: Arc<[(EntityKey, Role)]>,
    /// The keys of who did it.
    pub(crate) actor: Vec<EntityKey>,
    pub(crate) origin: Option<EntityKey>,
    pub(crate) destination: Option<EntityKey>,
    pub(crate) occurrence: Option<Occurrence>,
}

impl Lent {
    fn of(event: &Event) -> Self {
        let naming = Naming::of(event);
        Self {
            names: naming.names(),
            entities: keys::entities(event, &naming).into(),
            actor: view::actor_keys(event, &naming),
            origin: view::origin_key(event, &naming),
            destination: event.dst_endpoint().and_then(|end| naming.endpoint(end).into_iter().next()),
            occurrence: event.occurrence(),
        }
    }
}

/// The place in an event where answers stand while they are lent.
#[derive(Default)]
pub(crate) struct Lending(Mutex<Option<Arc<Lent>>>);

impl Lending {
    fn place(&self) -> MutexGuard<'_, Option<Arc<Lent>>> {
        // What stands there is whole at any time, whoever panicked beside it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self) -> Option<Arc<Lent>> {
        self.place().clone()
    }
}

impl Clone for Lending {
    /// A copy may change: nothing is lent of it.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Lending {
    /// What is lent follows from the event and makes no difference.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Takes back what was lent, also when a reader panics.
struct Return<'e>(&'e Lending);

impl Drop for Return<'_> {
    fn drop(&mut self) {
        *self.0.place() = None;
    }
}

impl Event {
    /// Runs `read`, during which the role view of this event is worked out once instead of at every question.
    ///
    /// Answers are the same inside and outside. Worth it from three questions on, such as where several detectors
    /// read one event.
    ///
    /// ```
    /// use homeostat_event::Event;
    ///
    /// let event = Event::from_json(r#"{"class_uid": 3002, "user": {"name": "jane@acme.example"}}"#)?;
    /// let plain = event.entities();
    /// event.lend(|| assert_eq!((event.entities(), event.entities()), (plain.clone(), plain)));
    /// # Ok::<(), homeostat_event::EventError>(())
    /// ```
    pub fn lend<R>(&self, read: impl FnOnce() -> R) -> R {
        if self.lending.get().is_some() {
            return read();
        }
        let lent = Arc::new(Lent::of(self));
        let _return = Return(&self.lending);
        *self.lending.place() = Some(lent);
        read()
    }
}
