//! How events are made: each constructor asks for what the schema requires of its class.

mod host;

use crate::class::{ClassUid, Severity};
use crate::cloud::{Api, Service};
use crate::event::Event;
use crate::finding::FindingInfo;
use crate::identity::{Actor, Group, ManagedEntity, User};
use crate::metadata::{Metadata, Product};
use crate::network::NetworkEndpoint;
use crate::text::Str;
use homeostat_core::Timestamp;
use std::sync::Arc;

pub use host::OnHost;

/// What every event tells: what was done, when, by the account of which product.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    activity: u32,
    activity_name: Option<Str>,
    time: Timestamp,
    metadata: Arc<Metadata>,
}

impl Head {
    /// `activity` as OCSF numbers it in the class of the event; 0 when not told.
    pub fn new(activity: u32, time: Timestamp, product: Product) -> Self {
        Self::told_by(Arc::new(Metadata::new(product)), activity, time)
    }

    /// An activity that its class does not number (99), in the source's own word.
    pub fn other(activity_name: impl Into<Str>, time: Timestamp, product: Product) -> Self {
        Self::new(99, time, product).in_words(activity_name)
    }

    /// As [`Self::new`], told by what many events of one source share.
    pub fn told_by(metadata: Arc<Metadata>, activity: u32, time: Timestamp) -> Self {
        Self { activity, activity_name: None, time, metadata }
    }

    /// The activity in the source's own word, which one that its class does not number needs.
    #[must_use]
    pub fn in_words(self, activity_name: impl Into<Str>) -> Self {
        Self { activity_name: Some(activity_name.into()), ..self }
    }
}

/// What was signed in to: the schema asks for at least one.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "taken apart at once, never kept")]
pub enum SignInTo {
    /// A service.
    Service(Service),
    /// A machine.
    Endpoint(NetworkEndpoint),
}

/// Which end of a connection is known: the schema asks for at least one.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "taken apart at once, never kept")]
pub enum Ends {
    /// Where it came from.
    Source(NetworkEndpoint),
    /// Where it went to.
    Destination(NetworkEndpoint),
    /// Both, source first.
    Both(NetworkEndpoint, NetworkEndpoint),
}

impl Event {
    /// An event of any class. Of a class that has no constructor of its own the caller sets what the schema
    /// requires, and [`crate::validate`] tells what is missing.
    pub fn of_class(class: ClassUid, head: Head) -> Self {
        let mut event = Self::untold();
        let class_number = i32::try_from(class.get()).unwrap_or(0);
        let activity = i32::try_from(head.activity).unwrap_or(99);
        event.hot.set_activity(activity).set_class(class_number).set_category(category_of(class_number));
        event.hot.set_type_uid(class_number.checked_mul(100).and_then(|base| base.checked_add(activity)));
        event.hot.set_severity_number(Severity::INFORMATIONAL.get());
        event.hot.set_metadata(head.metadata).set_time(head.time);
        event.set_activity_name(head.activity_name);
        if let Some((name, uid)) = extension_of(class_number) {
            event.metadata_mut().name_extension(name, uid);
        }
        if head.time.millis().map(Timestamp::from_millis) != Some(head.time) {
            event.set_original_time(&head.time.to_string());
        }
        event
    }

    /// Class 0: whatever no class fits.
    pub fn base_event(head: Head) -> Self {
        Self::of_class(ClassUid::BASE_EVENT, head)
    }

    /// Class 3002: `user` signs in to something, signs out, or asks for a ticket.
    pub fn authentication(head: Head, user: User, to: SignInTo) -> Self {
        let mut event = Self::of_class(ClassUid::AUTHENTICATION, head);
        event.set_user(user);
        match to {
            SignInTo::Service(service) => event.set_service(service),
            SignInTo::Endpoint(endpoint) => event.set_dst_endpoint(endpoint),
        };
        event
    }

    /// Class 3002 in plain texts: `user`, by name, signs in to the service called `service`, as a product (its
    /// vendor and its own name) tells it. What else is known is set afterwards.
    ///
    /// ```
    /// use homeostat_event::{Event, Outcome, Timestamp};
    ///
    /// let at = "2026-03-16T08:30:00Z".parse::<Timestamp>()?;
    /// let mut event = Event::sign_in(["Acme", "Doors"], at, "jane", "lab");
    /// event.set_outcome(Outcome::Failure, None);
    /// assert!(homeostat_event::validate(&event).is_empty());
    /// assert_eq!((event.actor().unwrap().name(), event.service()), (Some("jane"), Some("lab")));
    /// # Ok::<(), homeostat_event::BadTime>(())
    /// ```
    pub fn sign_in(product: [&str; 2], time: Timestamp, user: &str, service: &str) -> Self {
        let [vendor, name] = product;
        let head = Head::new(1, time, Product::new(vendor, name));
        Self::authentication(head, User::named(user), SignInTo::Service(Service::named(service)))
    }

    /// Class 3001: something about the account of `user` is changed.
    pub fn account_change(head: Head, user: User) -> Self {
        let mut event = Self::of_class(ClassUid::ACCOUNT_CHANGE, head);
        event.set_user(user);
        event
    }

    /// Class 3004: something that a directory or service manages is changed.
    pub fn entity_management(head: Head, entity: ManagedEntity) -> Self {
        let mut event = Self::of_class(ClassUid::ENTITY_MANAGEMENT, head);
        event.set_entity(entity);
        event
    }

    /// Class 3005: `user` is given rights, or they are taken away; `privileges` names at least one.
    pub fn user_access(head: Head, user: User, privilege: impl Into<Str>) -> Self {
        let mut event = Self::of_class(ClassUid::USER_ACCESS, head);
        event.set_user(user).set_privileges(vec![privilege.into()]);
        event
    }

    /// Class 3006: something about a group is changed.
    pub fn group_management(head: Head, group: Group) -> Self {
        let mut event = Self::of_class(ClassUid::GROUP_MANAGEMENT, head);
        event.set_group(group);
        event
    }

    /// Class 6003: `actor` calls `api` from `src_endpoint`.
    ///
    /// Each may be one that many events share.
    pub fn api_activity(
        head: Head,
        actor: impl Into<Arc<Actor>>,
        api: impl Into<Arc<Api>>,
        src_endpoint: impl Into<Arc<NetworkEndpoint>>,
    ) -> Self {
        let mut event = Self::of_class(ClassUid::API_ACTIVITY, head);
        event.set_actor(actor.into()).set_api(api.into()).set_src_endpoint(src_endpoint.into());
        event
    }

    /// Class 4001: a connection.
    pub fn network_activity(head: Head, ends: Ends) -> Self {
        let mut event = Self::of_class(ClassUid::NETWORK_ACTIVITY, head);
        event.set_ends(ends);
        event
    }

    /// Class 4003: a question to a name server, or its answer.
    pub fn dns_activity(head: Head, ends: Ends) -> Self {
        let mut event = Self::of_class(ClassUid::DNS_ACTIVITY, head);
        event.set_ends(ends);
        event
    }

    /// Class 4004: a machine, the source, asks a server, the destination, for an address, or is given one.
    pub fn dhcp_activity(head: Head, ends: Ends) -> Self {
        let mut event = Self::of_class(ClassUid::DHCP_ACTIVITY, head);
        event.set_ends(ends);
        event
    }

    /// Class 4006: a share of files is used.
    pub fn smb_activity(head: Head, ends: Ends) -> Self {
        let mut event = Self::of_class(ClassUid::SMB_ACTIVITY, head);
        event.set_ends(ends);
        event
    }

    /// Class 2004: a product's detection.
    pub fn detection_finding(head: Head, finding_info: FindingInfo) -> Self {
        let mut event = Self::of_class(ClassUid::DETECTION_FINDING, head);
        event.set_finding_info(finding_info);
        event
    }

    fn set_ends(&mut self, ends: Ends) -> &mut Self {
        match ends {
            Ends::Source(source) => self.set_src_endpoint(source),
            Ends::Destination(destination) => self.set_dst_endpoint(destination),
            Ends::Both(source, destination) => self.set_src_endpoint(source).set_dst_endpoint(destination),
        }
    }
}

/// `class_uid` = `extension`·100000 + `category`·1000 + number.
fn category_of(class: i32) -> i32 {
    class % 100_000 / 1_000
}

/// The extension of the schema that a class belongs to, by name and number.
fn extension_of(class: i32) -> Option<(&'static str, &'static str)> {
    match class / 100_000 {
        1 => Some(("linux", "1")),
        2 => Some(("win", "2")),
        3 => Some(("macos", "3")),
        _ => None,
    }
}
