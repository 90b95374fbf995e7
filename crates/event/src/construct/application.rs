//! Events of applications: what people do with pages, files and data that a service keeps.

use super::Head;
use crate::class::ClassUid;
use crate::device::File;
use crate::event::Event;
use crate::hosted::{AiModel, Database, Databucket, MessageContext, Table, WebResource};
use crate::identity::Actor;
use crate::network::NetworkEndpoint;

/// What data was used: the schema asks for at least one.
#[derive(Clone, Debug, PartialEq)]
pub enum Store {
    /// A database.
    Database(Database),
    /// A bucket.
    Databucket(Databucket),
    /// A table.
    Table(Table),
}

impl Event {
    /// Class 6001: something is done to a resource of a web application.
    pub fn web_resources_activity(head: Head, resource: WebResource) -> Self {
        let mut event = Self::of_class(ClassUid::WEB_RESOURCES_ACTIVITY, head);
        event.set_web_resources(vec![resource]);
        event
    }

    /// Class 6005: `actor` uses `store` from `src_endpoint`.
    pub fn datastore_activity(head: Head, actor: Actor, src_endpoint: NetworkEndpoint, store: Store) -> Self {
        let mut event = Self::of_class(ClassUid::DATASTORE_ACTIVITY, head);
        event.set_actor(actor).set_src_endpoint(src_endpoint);
        match store {
            Store::Database(database) => event.set_database(database),
            Store::Databucket(databucket) => event.set_databucket(databucket),
            Store::Table(table) => event.set_table(table),
        };
        event
    }

    /// Class 6006: `actor` does something, from `src_endpoint`, to a file that a service hosts.
    ///
    /// ```
    /// use homeostat_event::{Actor, Event, File, Head, NetworkEndpoint, Product, User};
    ///
    /// let head = Head::new(2, "2026-03-16T08:30:00Z".parse()?, Product::new("Acme", "Drive"));
    /// let (jane, home) = (Actor::of_user(User::named("jane")), NetworkEndpoint::of_ip("192.0.2.7"));
    /// let download = Event::file_hosting(head, jane, home, File::new("plan.odt", 1));
    /// assert!(homeostat_event::validate(&download).is_empty());
    /// # Ok::<(), homeostat_event::BadTime>(())
    /// ```
    pub fn file_hosting(head: Head, actor: Actor, src_endpoint: NetworkEndpoint, file: File) -> Self {
        let mut event = Self::of_class(ClassUid::FILE_HOSTING, head);
        event.set_actor(actor).set_src_endpoint(src_endpoint).set_file(file);
        event
    }

    /// Tells, of a call, a process or a use of data, which model was asked, and about the messages: profile
    /// `ai_operation`.
    pub fn set_ai_operation(&mut self, model: AiModel, context: MessageContext) -> &mut Self {
        self.set_ai_model(model).set_message_context(context)
    }
}
