//! Events of mail.

use super::Head;
use crate::class::ClassUid;
use crate::email::Email;
use crate::event::Event;

impl Event {
    /// Class 4009: a mail goes in a direction: 0 unknown, 1 inbound, 2 outbound, 3 internal.
    ///
    /// ```
    /// use homeostat_event::{Correspondents, Email, Event, Head, Product};
    ///
    /// let head = Head::new(4, "2026-03-16T08:30:00Z".parse()?, Product::new("Acme", "Mail"));
    /// let parties = Correspondents::Both("bob@example.net".into(), vec!["jane@acme.example".into()]);
    /// let trace = Event::email_activity(head, 1, Email::new(parties));
    /// assert!(homeostat_event::validate(&trace).is_empty());
    /// # Ok::<(), homeostat_event::BadTime>(())
    /// ```
    pub fn email_activity(head: Head, direction_id: i32, email: Email) -> Self {
        let mut event = Self::of_class(ClassUid::EMAIL_ACTIVITY, head);
        event.set_direction_id(direction_id);
        event.set_email(email);
        event
    }
}
