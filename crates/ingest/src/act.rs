//! What a record of a service tells, put together before it is known which class asks for what of it.
//!
//! SaaS sources tell the same things in different words: who, on whom, on what, from where. A mapper gathers them
//! in an [`Act`] and names a [`Deed`]; the act makes an event that has all that the deed's class asks for. Parts are
//! kept as places in the record and used up only when the class has an attribute for them: the others stay in
//! `unmapped`.

mod part;

use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Actor, Api, Database, Email, Event, Evidence, File, FindingInfo, Group, Head, HttpRequest, ManagedEntity,
    NetworkEndpoint, Product, Request, ResourceDetails, Service, Session, SignInTo, Store, Str, User,
    WebResource,
};
use std::borrow::Cow;

pub(crate) use part::{Person, Thing, Word, told};

/// A class and an activity of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) class: u32,
    pub(crate) activity: u32,
}

/// The deed of a class by its numbers.
pub(crate) const fn deed(class: u32, activity: u32) -> Deed {
    Deed { class, activity }
}

impl Deed {
    /// A call (6003) by the verb in `operation`.
    pub(crate) fn call(operation: &str) -> Self {
        deed(6003, crate::verb::call_activity(operation).unwrap_or(99))
    }

    /// A change of something managed (3004) by the verb in `operation`.
    pub(crate) fn entity(operation: &str) -> Self {
        deed(3004, crate::verb::entity_activity(operation).unwrap_or(99))
    }

    /// Something done to a web resource (6001) by the verb in `operation`.
    pub(crate) fn web(operation: &str) -> Self {
        deed(6001, crate::verb::call_activity(operation).unwrap_or(99))
    }
}

/// Whether an act can be told as an event of `class`.
pub(crate) fn is_class_of_acts(class: u32) -> bool {
    matches!(class, 2004 | 3001 | 3002 | 3004 | 3005 | 3006 | 6001 | 6003 | 6005 | 6006)
}

/// Who did what to whom and to what, from where.
pub(crate) struct Act<'a> {
    /// The product, and the name of its service.
    pub(crate) product: Product,
    pub(crate) time: Timestamp,
    /// The source's own word.
    pub(crate) operation: Str,
    pub(crate) actor: Option<Actor>,
    /// To whom it is done.
    pub(crate) person: Option<Person<'a>>,
    pub(crate) group: Option<Thing<'a>>,
    /// To what it is done, the best first.
    pub(crate) things: Vec<Thing<'a>>,
    pub(crate) privileges: Vec<Word<'a>>,
    pub(crate) origin: Option<NetworkEndpoint>,
    pub(crate) request: Option<HttpRequest>,
    /// The id of the request, or of the finding.
    pub(crate) uid: Option<Word<'a>>,
    pub(crate) title: Option<Word<'a>>,
}

impl Act<'_> {
    pub(crate) fn new(product: Product, time: Timestamp, operation: impl Into<Str>) -> Self {
        Self {
            product,
            time,
            operation: operation.into(),
            actor: None,
            person: None,
            group: None,
            things: Vec::new(),
            privileges: Vec::new(),
            origin: None,
            request: None,
            uid: None,
            title: None,
        }
    }

    /// The event of `deed`. What its class requires and nothing tells stands as `unknown`, which is nobody's key.
    pub(crate) fn event(&self, deed: Deed) -> Event {
        let head = self.head(deed.activity);
        let mut event = match deed.class {
            2004 => return self.finding(head),
            3001 => Event::account_change(head, self.user()),
            3002 => self.sign_in(head),
            3004 => Event::entity_management(head, self.entity()),
            3005 => self.access(head),
            3006 => self.group_change(head),
            6001 => self.web(head),
            6005 => {
                let database = self.things.first().and_then(Thing::name_or_uid);
                let database = Database::new(database.unwrap_or(UNKNOWN.into()), 0);
                Event::datastore_activity(head, self.acting(), self.from(), Store::Database(database))
            }
            6006 => Event::file_hosting(head, self.acting(), self.from(), self.file()),
            _ => self.call(head),
        };
        // The others have both already, for their classes require them.
        if matches!(deed.class, 3001 | 3002 | 3004 | 3005 | 3006 | 6001) {
            event.set_actor(self.actor.clone()).set_src_endpoint(self.origin.clone());
        }
        event.set_http_request(self.request.clone());
        event.metadata_mut().set_event_code(self.operation.clone());
        event
    }

    /// A mail (4009) in a direction: sent, received, judged.
    pub(crate) fn mail(&self, activity: u32, direction: i32, mail: Email) -> Event {
        let mut event = Event::email_activity(self.head(activity), direction, mail);
        event.set_actor(self.actor.clone()).set_src_endpoint(self.origin.clone());
        event.metadata_mut().set_event_code(self.operation.clone());
        event
    }

    fn head(&self, activity: u32) -> Head {
        match activity {
            99 => Head::other(self.operation.clone(), self.time, self.product.clone()),
            activity => Head::new(activity, self.time, self.product.clone()),
        }
    }

    fn service_name(&self) -> &str {
        self.product.name().unwrap_or(UNKNOWN)
    }

    fn acting(&self) -> Actor {
        self.actor.clone().unwrap_or_else(|| Actor::of_app(self.service_name()))
    }

    fn from(&self) -> NetworkEndpoint {
        self.origin.clone().unwrap_or_else(|| NetworkEndpoint::of_service(self.service_name()))
    }

    /// To whom it is done: who acts, when the record names no other.
    fn user(&self) -> User {
        let person = self.person.as_ref().and_then(Person::user);
        let actor = || self.actor.as_ref().and_then(Actor::user).cloned();
        person.or_else(actor).unwrap_or_else(|| User::named(UNKNOWN))
    }

    fn sign_in(&self, head: Head) -> Event {
        let service = self.things.first().and_then(Thing::service);
        let to = service.unwrap_or_else(|| Service::named(self.service_name()));
        let mut event = Event::authentication(head, self.user(), SignInTo::Service(to));
        event.set_session(self.actor.as_ref().and_then(Actor::session).cloned());
        event
    }

    fn entity(&self) -> ManagedEntity {
        let entity = self.things.first().and_then(Thing::entity);
        let user = self.person.as_ref().and_then(Person::user);
        match (entity, user) {
            (Some(mut entity), user) => {
                entity.set_user(user);
                entity
            }
            (None, Some(user)) => {
                let name = user.name().or(user.uid()).unwrap_or(UNKNOWN);
                let mut entity = ManagedEntity::named(name);
                entity.set_type_id(2).set_kind("User").set_user(user.clone());
                entity
            }
            (None, None) => {
                let group = self.group.as_ref().and_then(Thing::entity);
                group.unwrap_or_else(|| ManagedEntity::named(self.service_name()))
            }
        }
    }

    fn rights(&self) -> Vec<Str> {
        self.privileges.iter().filter_map(Word::take).map(Str::from).collect()
    }

    fn access(&self, head: Head) -> Event {
        let rights = self.rights();
        let first = rights.first().cloned().unwrap_or_else(|| self.operation.clone());
        let mut event = Event::user_access(head, self.user(), first);
        event.set_privileges(rights);
        event.set_resources(self.resources());
        event
    }

    fn group_change(&self, head: Head) -> Event {
        let group = self.group.as_ref().and_then(Thing::group);
        let mut event = Event::group_management(head, group.unwrap_or_else(|| Group::named(UNKNOWN)));
        event.set_user(self.person.as_ref().and_then(Person::user));
        event.set_privileges(self.rights());
        event.set_resource(self.things.first().and_then(Thing::resource));
        event
    }

    fn web(&self, head: Head) -> Event {
        let mut things: Vec<WebResource> = self.things.iter().filter_map(Thing::web_resource).collect();
        if let Some(person) = &self.person {
            things.extend(person.web_resource());
        }
        let first = things.first().cloned().unwrap_or_else(|| WebResource::named(self.service_name()));
        let mut event = Event::web_resources_activity(head, first);
        event.set_web_resources(things);
        event
    }

    fn file(&self) -> File {
        self.things.first().and_then(Thing::file).unwrap_or_else(|| File::new(UNKNOWN, 0))
    }

    fn resources(&self) -> Vec<ResourceDetails> {
        self.things.iter().filter_map(Thing::resource).collect()
    }

    fn call(&self, head: Head) -> Event {
        let mut api = Api::new(self.operation.clone());
        api.set_service(Service::named(self.service_name()));
        api.set_request(self.uid.as_ref().and_then(Word::take).map(Request::new));
        let mut event = Event::api_activity(head, self.acting(), api, self.from());
        let person = self.person.as_ref().and_then(Person::resource);
        event.set_resources(self.resources().into_iter().chain(person).collect::<Vec<_>>());
        event
    }

    fn finding(&self, head: Head) -> Event {
        let uid = self.uid.as_ref().and_then(Word::take);
        let mut finding = FindingInfo::new(uid.map_or_else(|| self.operation.clone(), Str::from));
        let title = self.title.as_ref().and_then(Word::take);
        finding.set_title(title.map_or_else(|| self.operation.clone(), Str::from));
        finding.set_types(vec![self.operation.clone()]);
        let mut event = Event::detection_finding(head, finding);
        event.set_evidences(self.evidence().into_iter().collect::<Vec<_>>()).set_resources(self.resources());
        event.metadata_mut().set_event_code(self.operation.clone());
        event
    }

    fn evidence(&self) -> Option<Evidence> {
        let user = self.person.as_ref().and_then(Person::user);
        let mut evidence = match (&self.actor, &self.origin, &user) {
            (Some(actor), ..) => Evidence::of_actor(actor.clone()),
            (None, Some(origin), _) => Evidence::of_source(origin.clone()),
            (None, None, Some(user)) => Evidence::of_user(user.clone()),
            (None, None, None) if self.request.is_none() => return None,
            (None, None, None) => Evidence::of_source(NetworkEndpoint::of_service(UNKNOWN)),
        };
        evidence.set_src_endpoint(self.origin.clone()).set_http_request(self.request.clone()).set_user(user);
        Some(evidence)
    }
}

/// Stands where the schema asks for a name that the record does not tell.
pub(crate) const UNKNOWN: &str = "unknown";

/// An actor out of what is told of one.
pub(crate) fn actor_of(user: Option<User>, session: Option<Session>, app: Option<Actor>) -> Option<Actor> {
    let mut actor = match (user, app) {
        (Some(user), None) => Actor::of_user(user),
        (Some(user), Some(mut app)) => {
            app.set_user(user);
            app
        }
        (None, Some(app)) => app,
        (None, None) => return session.map(Actor::of_session),
    };
    actor.set_session(session);
    Some(actor)
}

/// An application as an actor, by id and name.
pub(crate) fn app_of(uid: Option<Cow<'_, str>>, name: Option<Cow<'_, str>>) -> Option<Actor> {
    let mut app = match (name, &uid) {
        (Some(name), _) => Actor::of_app(name),
        (None, Some(uid)) => Actor::of_app_uid(&**uid),
        (None, None) => return None,
    };
    app.set_app_uid(uid);
    Some(app)
}

/// How it ended, by the words that sources use for it; what is none of them is told as it stands.
pub(crate) fn outcome_of(word: &str) -> Outcome {
    const GOOD: [&str; 12] = [
        "success",
        "succeeded",
        "succeed",
        "true",
        "ok",
        "allow",
        "allowed",
        "completed",
        "0",
        "passed",
        "pass",
        "200",
    ];
    const BAD: [&str; 14] = [
        "failure",
        "failed",
        "fail",
        "false",
        "error",
        "deny",
        "denied",
        "rejected",
        "blocked",
        "timeout",
        "unauthorized",
        "forbidden",
        "invalid",
        "failure_no_friendly_error",
    ];
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(&GOOD) {
        Outcome::Success
    } else if is(&BAD) {
        Outcome::Failure
    } else {
        Outcome::Other
    }
}
