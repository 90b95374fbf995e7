//! GitHub: the audit log of organizations and enterprises, and webhooks.
//!
//! Source: docs.github.com, audit log events of organizations and enterprises, streaming the audit log, webhook
//! events and payloads. Export, stream and API write the same members; times are milliseconds in `@timestamp` or
//! `created_at`. Ids of 0 and empty texts are no values. But for what its name says has failed, the audit log holds
//! what was done: it has succeeded.

mod kind;
mod webhook;

use crate::act::{Act, Person, Thing, Word, actor_of, app_of, told};
use crate::address;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Actor, Event, Feature, HttpRequest, Location, NetworkEndpoint, Product, ProgrammaticCredential, Session,
    Url,
};
use kind::deed_of;
use std::borrow::Cow;

/// GitHub audit log and webhooks. Classes 2004, 3001 to 3006, 6001 and 6003.
///
/// The account that names users is the record's organization, else its enterprise.
#[derive(Clone, Copy, Debug, Default)]
pub struct GitHub;

impl Source for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        is_audit(record) || webhook::is_webhook(record)
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        if !is_audit(record) {
            events.push(webhook::event(record));
            return;
        }
        let parts = Parts::of(record, context);
        let mut event = parts.event();
        parts.tell_common(&mut event);
        events.push(event);
    }
}

/// Members that only GitHub's audit log has beside an action.
const OWN: [&str; 9] = [
    "org",
    "repo",
    "business",
    "_document_id",
    "programmatic_access_type",
    "actor_location",
    "actor_is_bot",
    "external_identity_nameid",
    "business_id",
];

fn is_audit(record: &Record<'_>) -> bool {
    let root = record.root();
    let Some(action) = root.member("action").filter(Field::is_text) else { return false };
    let actor = root.member("actor");
    if actor.is_some_and(|actor| actor.is_object())
        || root.member("repository").is_some_and(|repo| repo.is_object())
    {
        return false;
    }
    let dotted = action.look().is_some_and(|action| action.contains('.') && !action.contains(' '));
    let own = OWN
        .iter()
        .any(|name| root.member(name).is_some_and(|field| !field.is_object() || *name == "actor_location"));
    own && (dotted || actor.is_some()) || (dotted && actor.is_some())
}

/// A record and what is found of it more than once.
struct Parts<'r, 'a> {
    record: &'r Record<'a>,
    action: Cow<'a, str>,
    account: Option<Cow<'a, str>>,
}

/// Beginnings of members that tell of the thing itself.
const DETAILS: [&str; 19] = [
    "ruleset_",
    "config",
    "data",
    "hook_",
    "visibility",
    "previous_visibility",
    "permission",
    "old_permission",
    "branch",
    "workflow_",
    "head_",
    "events",
    "public_repo",
    "repository_public",
    "conclusion",
    "environment_",
    "old_",
    "new_",
    "oauth_application_",
];

impl<'r, 'a> Parts<'r, 'a> {
    fn of(record: &'r Record<'a>, context: &'r Context) -> Self {
        let text = |name| record.root().member(name).filter(Field::is_text).and_then(|field| field.look());
        let own = text("org").or_else(|| text("business"));
        let account = own.or_else(|| context.directory.clone().map(Cow::Owned));
        Self { record, action: record.look("action").unwrap_or_default(), account }
    }

    /// A member that tells a value; an id of 0 is none.
    fn field(&self, name: &str) -> Option<Field<'a>> {
        let field = self.record.root().member(name).and_then(told)?;
        (field.look().as_deref() != Some("0")).then_some(field)
    }

    fn word(&self, name: &str) -> Option<Word<'a>> {
        self.field(name).map(Word::At)
    }

    fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.take()
    }

    fn time(&self) -> Option<Field<'a>> {
        ["@timestamp", "created_at", "at_sign_timestamp", "timestamp"]
            .into_iter()
            .find_map(|name| self.field(name))
    }

    fn event(&self) -> Event {
        let deed = deed_of(&self.action);
        let time =
            self.time().and_then(|time| crate::moment::read(&time.copy()?)).unwrap_or(Timestamp::UNKNOWN);
        let mut product = Product::new("GitHub", "GitHub");
        product.set_feature(Feature::named("Audit Log"));
        let mut act = Act::new(product, time, self.record.take("action").unwrap_or_default());
        act.actor = self.actor();
        act.origin = self.origin();
        act.request = self.request();
        act.uid =
            self.word("request_id").or_else(|| self.word("_document_id").filter(|_| deed.class == 2004));
        act.person = self.person();
        let team = self.word("team").or_else(|| self.record.field("data.team").and_then(told).map(Word::At));
        let group =
            team.map(|name| Thing { uid: self.word("team_id"), name: Some(name), ..Thing::default() });
        act.group = group.clone().or_else(|| self.organization());
        act.privileges = self.rights();
        act.things = self.things(group.filter(|_| deed.class != 3006));
        if let Some(first) = act.things.first_mut() {
            first.data = self.details();
        }
        act.event(deed)
    }

    fn actor(&self) -> Option<Actor> {
        let identity = self.word("external_identity_nameid").or_else(|| self.word("actor_email"));
        let is_mail = identity.as_ref().and_then(Word::look).is_some_and(|name| name.contains('@'));
        let bot = self.record.look("actor_is_bot").is_some_and(|bot| bot.eq_ignore_ascii_case("true"));
        let mut person = Person {
            uid: self.word("actor_id"),
            name: self.word("actor"),
            kind: Some(if bot { (4, "Service") } else { (1, "User") }),
            account: self.account.clone().map(Word::Made),
            ..Person::default()
        };
        person.uid_alt = self.word("external_identity_username");
        if is_mail {
            person.email = identity;
        } else {
            person.display = identity;
        }
        let user = Some(person).filter(Person::is_told).and_then(|person| person.user()).map(|mut user| {
            user.set_programmatic_credentials(self.credential().into_iter().collect::<Vec<_>>());
            user
        });
        let session = self.take("actor_session").map(|uid| {
            let mut session = Session::new();
            session.set_uid(uid);
            session
        });
        actor_of(
            user,
            session,
            app_of(None, self.take("integration").or_else(|| self.take("oauth_application_name"))),
        )
    }

    fn credential(&self) -> Option<ProgrammaticCredential> {
        let uid = self.take("token_id").or_else(|| self.take("hashed_token"))?;
        let mut credential = ProgrammaticCredential::of_uid(uid);
        credential.set_kind(self.take("programmatic_access_type"));
        Some(credential)
    }

    fn origin(&self) -> Option<NetworkEndpoint> {
        let place = |name: &str| {
            let field = self.record.root().member("actor_location").filter(Field::is_object)?.member(name)?;
            told(field)?.take()
        };
        let country = place("country_code").map(Location::in_country);
        let ip = self.field("actor_ip").filter(|ip| ip.look().is_some_and(|ip| address::is_address(&ip)));
        let mut origin = match (ip.and_then(|ip| ip.take()), &country) {
            (Some(ip), _) => NetworkEndpoint::of_ip(ip),
            (None, Some(_)) => NetworkEndpoint::of_service("GitHub"),
            (None, None) => return None,
        };
        origin.set_location(country.map(|mut location| {
            let region = place("region_name").or_else(|| place("region"));
            location.set_city(place("city")).set_region(region).set_postal_code(place("postal_code"));
            location
        }));
        Some(origin)
    }

    fn request(&self) -> Option<HttpRequest> {
        let (agent, method, url) = (self.take("user_agent"), self.take("method"), self.take("url"));
        (agent.is_some() || method.is_some() || url.is_some()).then(|| {
            let mut request = HttpRequest::new();
            request.set_user_agent(agent).set_http_method(method).set_url(url.map(Url::new));
            request.set_referrer(self.take("referrer"));
            request
        })
    }

    fn person(&self) -> Option<Person<'a>> {
        let name = self.word("user").or_else(|| self.word("invitee")).or_else(|| self.word("email"));
        let person = Person {
            uid: self.word("user_id"),
            name,
            account: self.account.clone().map(Word::Made),
            ..Person::default()
        };
        person.is_told().then_some(person)
    }

    fn rights(&self) -> Vec<Word<'a>> {
        let names = ["permission", "new_permission", "role", "new_role", "permissions"];
        names.into_iter().find_map(|name| self.word(name)).into_iter().collect()
    }

    fn organization(&self) -> Option<Thing<'a>> {
        let name = self.word("org").or_else(|| self.word("business"));
        let uid =
            self.word("org_id").or_else(|| self.word("business_id").filter(|_| self.field("org").is_none()));
        let thing = Thing { uid, name, ..Thing::default() };
        thing.is_told().then(|| thing.of_kind("Organization"))
    }

    /// The team, what the action itself names, the repository, the organization: the first that is told is the best.
    fn things(&self, team: Option<Thing<'a>>) -> Vec<Thing<'a>> {
        const OWN: [(&str, &str, &str); 10] = [
            ("hook_id", "name", "Webhook"),
            ("ruleset_id", "ruleset_name", "Policy"),
            ("workflow_run_id", "name", "Workflow Run"),
            ("alert_number", "", "Alert"),
            ("integration_id", "integration", "Application"),
            ("oauth_application_id", "oauth_application_name", "Application"),
            ("key_id", "title", "Key"),
            ("environment_id", "environment_name", "Environment"),
            ("", "ip_allow_list_entry_value", "Network Zone"),
            ("", "branch", "Branch"),
        ];
        let own = OWN.into_iter().find_map(|(uid, name, kind)| {
            let thing = Thing { uid: self.word(uid), name: self.word(name), ..Thing::default() };
            (thing.uid.is_some() || (uid.is_empty() && thing.is_told())).then(|| thing.of_kind(kind))
        });
        let repository = self.word("repo").or_else(|| self.word("repository"));
        let uid = self.word("repo_id").or_else(|| self.word("repository_id"));
        let repository = Thing { uid, name: repository, ..Thing::default() }.of_kind("Repository");
        let repository = Some(repository).filter(Thing::is_told);
        let named = self.word("name").map(Thing::named);
        team.into_iter().chain(own).chain(repository).chain(self.organization().or(named)).collect()
    }

    fn details(&self) -> Vec<Field<'a>> {
        let is_detail = |field: &Field<'a>| {
            let name = field.name();
            let first = name.as_bytes().first();
            let alike = DETAILS.iter().filter(|start| start.as_bytes().first() == first);
            { alike }.any(|start| if start.ends_with('_') { name.starts_with(start) } else { name == *start })
        };
        self.record.root().children().filter(is_detail).collect()
    }

    fn tell_common(&self, event: &mut Event) {
        if let Some(time) = self.time().and_then(|time| time.take()) {
            event.set_original_time(&time);
        }
        let (uid, kind) = (self.take("_document_id"), self.take("operation_type"));
        let metadata = event.metadata_mut();
        metadata.set_uid(uid).set_log_name("Audit Log");
        if let Some(kind) = kind {
            metadata.set_kind(kind);
        }
        if event.class_uid().get() == 2004 {
            event.set_status_id(if event.activity_id() == 3 { 4 } else { 1 });
        } else {
            let failed =
                ["failed", "failure", "denied", "rejected"].iter().any(|word| self.action.contains(word));
            event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
        }
        event.set_status_detail(self.take("explanation").or_else(|| self.take("reason")));
    }
}
