//! What the role view says of one event, worked out once and lent to all who ask while it is read.
//!
//! A dozen readers ask the same event for the same keys. Within [`Event::lend`] the answer is made once; outside
//! nothing is kept, so that an event stays small and can never tell of what it was before a change.

use crate::event::Event;
use crate::keys;
use crate::naming::{Names, Naming};
use crate::view;
use homeostat_core::{EntityKey, Occurrence, Role};
use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

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

thread_local! {
    /// What this thread lends, the innermost last: one event nearly always.
    static LENT: RefCell<Vec<(*const Event, Rc<Lent>)>> = const { RefCell::new(Vec::new()) };
}

/// What is lent of `event` to this thread.
///
/// An event that is lent is borrowed and stays where it is, so that its place tells it from every other one.
pub(crate) fn lent(event: &Event) -> Option<Rc<Lent>> {
    let own = |all: &RefCell<Vec<(*const Event, Rc<Lent>)>>| {
        all.borrow().iter().rev().find(|(at, _)| ptr::eq(*at, event)).map(|(_, lent)| Rc::clone(lent))
    };
    LENT.try_with(own).ok().flatten()
}

/// Takes back what was lent last, also when a reader panics.
struct Return;

impl Return {
    /// Lends `answers`; a thread that is ending lends nothing.
    fn of(event: &Event, answers: Lent) -> Option<Self> {
        let answers = Rc::new(answers);
        LENT.try_with(|all| all.borrow_mut().push((event, answers))).ok().map(|()| Self)
    }
}

impl Drop for Return {
    fn drop(&mut self) {
        drop(LENT.try_with(|all| all.borrow_mut().pop()));
    }
}

impl Event {
    /// Runs `read`, during which the role view of this event is worked out once instead of at every question.
    ///
    /// Answers are the same inside and outside, and on other threads. Worth it from three questions on, such as where several detectors
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
        if lent(self).is_some() {
            return read();
        }
        let _return = Return::of(self, Lent::of(self));
        read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in(name: &str) -> Event {
        Event::from_json(&format!(r#"{{"class_uid": 3002, "user": {{"name": "{name}@acme.example"}}}}"#))
            .unwrap()
    }

    #[test]
    fn each_event_is_lent_for_itself_and_taken_back() {
        let (jane, joe) = (sign_in("jane"), sign_in("joe"));
        let (janes, joes) = (jane.entities(), joe.entities());
        jane.lend(|| {
            joe.lend(|| assert_eq!((jane.entities(), joe.entities()), (janes.clone(), joes.clone())));
            assert!(lent(&jane).is_some() && lent(&joe).is_none());
            let mut other = jane.clone();
            other.set_user(joe.user().unwrap().clone());
            assert_eq!(other.entities(), joes, "a copy that changed tells what it is now");
        });
        assert!(lent(&jane).is_none());
    }

    #[test]
    fn a_reader_that_panics_leaves_nothing_lent() {
        let mut jane = sign_in("jane");
        let read = std::panic::catch_unwind(|| jane.lend(|| panic!("a reader's fault")));
        assert!(read.is_err() && lent(&jane).is_none());
        jane.set_user(sign_in("joe").user().unwrap().clone());
        assert_eq!(jane.entities(), sign_in("joe").entities());
    }
}
