//! A mapping told as data: a vendor reads a new SaaS log without a line of Rust.
//!
//! A document names how a record is recognised, which class and activity an action is, and where who, whom, what,
//! from where, how it ended and when stand. It is checked once, when it is read; after that it maps any record
//! without a failure. Paths are looked up in the order told: the first that tells a value is used. Slack's audit
//! log, OpenAI's, Anthropic's and that of S3's servers are such documents of this crate.

mod document;
mod error;

use crate::act::{Act, Deed, Person, Thing, Word, actor_of, app_of, deed, outcome_of, told};
use crate::address;
use crate::number;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use document::{Checked, Paths, People, Things};
pub use error::DeclaredError;
use homeostat_core::{Outcome, Timestamp};
use homeostat_event::{
    Actor, AutonomousSystem, Event, Feature, HttpRequest, Location, NetworkEndpoint, Product, Session,
    Severity, Url,
};
use std::borrow::Cow;

/// A source built from a document of JSON.
///
/// | member | what it tells |
/// |---|---|
/// | `name` | the name under which coverage counts the source: small letters, digits, `_` |
/// | `vendor`, `product`, `feature` | whose product wrote the log; `feature` may be left out |
/// | `recognise` | `has`: paths that a record of this log tells; `equals`: paths and their values. All must hold |
/// | `operation` | paths of the action: the word that rules look at and that stands in `metadata.event_code` |
/// | `rules` | in order, each with one of `is`, `starts`, `ends`, `contains` (a word or a list of them), and `class` and `activity` as OCSF numbers them; without `activity` the verb in the action tells it |
/// | `otherwise` | what an action is that no rule names: `call` (6003, the default), `entity` (3004) or `web` (6001) |
/// | `when`, `uid`, `correlation`, `message`, `code`, `detail` | paths of the time, the ids and the texts |
/// | `actor`, `user` | who acts, and whom it is done to: `uid`, `uid_alt`, `name`, `email`, `display`, `account` |
/// | `service_when` | a path and the values at which the actor is no person but a service |
/// | `app`, `session`, `credential` | through what: `app` has `uid` and `name` |
/// | `from` | from where: `ip`, `country`, `city`, `region`, `isp`, `asn`, `user_agent`, `url`, `method` |
/// | `group`, `things` | a group, and a list of what it is done to, the best first: `uid`, `name`, `type` or a fixed `kind`, `url`, `owner`, `data` |
/// | `privileges` | paths of rights that are given or taken |
/// | `outcome` | `path`, further words in `success` and `failure`, `failed_when`: parts of actions that tell a failure; `otherwise`: `success` where the log holds only what was done |
/// | `severity` | `path`, and `words` with OCSF's number of each |
///
/// A path names members from the outside in, joined by dots; where several may tell, it is a list of paths. Classes
/// are 2004, 3001, 3002, 3004, 3005, 3006, 6001, 6003, 6005 and 6006. The document is plain JSON, so a vendor who
/// prefers TOML or YAML turns it into JSON with a crate of theirs.
///
/// ```
/// use homeostat_ingest::{Declared, Ingest, Registry};
///
/// let desk = Declared::from_json(r#"{
///     "name": "acme_desk", "vendor": "Acme", "product": "Desk",
///     "recognise": {"has": ["deed", "by.id"], "equals": {"log": "desk-audit"}},
///     "operation": "deed", "when": "at", "uid": "nr",
///     "rules": [
///         {"is": "signed_in", "class": 3002, "activity": 1},
///         {"starts": "ticket_", "class": 6001}
///     ],
///     "actor": {"uid": "by.id", "name": ["by.mail", "by.login"], "account": "desk"},
///     "from": {"ip": "client.addr", "user_agent": "client.program"},
///     "things": [{"uid": "ticket.id", "name": "ticket.title", "kind": "Ticket"}],
///     "outcome": {"path": "ended", "success": ["fine"], "otherwise": "success"}
/// }"#)?;
///
/// let log = r#"{"log":"desk-audit","nr":"7","at":"2026-03-16T08:30:00Z","deed":"ticket_closed","desk":"d1","ended":"fine",
///     "by":{"id":"u1","mail":"jane@acme.example"},"client":{"addr":"192.0.2.7"},"ticket":{"id":"t9","title":"No ink"}}"#;
/// let mut ingest = Ingest::new(Registry::default().first(desk));
/// let event = ingest.read("desk.json", log.as_bytes()).next().unwrap()?;
///
/// assert_eq!((event.class_uid().get(), event.activity_id()), (6001, 3));
/// assert_eq!(event.actor().unwrap().name(), Some("jane@acme.example"));
/// assert!(homeostat_event::validate(&event).is_empty());
///
/// let wrong = Declared::from_json(r#"{"name":"x","vendor":"X","product":"X","recognise":{"has":["a"]},"operation":"a",
///     "rules":[{"is":"b","class":4001,"activity":1}]}"#).unwrap_err();
/// assert_eq!(wrong.to_string(), "`rules[0].class`: class `4001` cannot be told by a declared mapping");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Declared {
    document: Checked,
}

impl Declared {
    /// Reads and checks a document.
    ///
    /// # Errors
    ///
    /// [`DeclaredError`] names the place, by line and column or by path, and the cause.
    pub fn from_json(text: &str) -> Result<Self, DeclaredError> {
        Ok(Self { document: Checked::read(text)? })
    }

    /// The documents of this crate: Slack's audit log, `OpenAI`'s, `Anthropic`'s, and the access log of S3.
    pub fn own() -> impl Iterator<Item = Self> {
        const OWN: [&str; 4] = [
            include_str!("declared/slack.json"),
            include_str!("declared/openai.json"),
            include_str!("declared/anthropic.json"),
            include_str!("declared/s3_access.json"),
        ];
        OWN.into_iter().filter_map(|text| Self::from_json(text).ok())
    }
}

impl Source for Declared {
    fn name(&self) -> &str {
        &self.document.name
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let has = |path: &String| record.has(path);
        let equals = |(path, value): (&String, &String)| record.look(path).as_deref() == Some(value);
        let document = &self.document;
        document.has.iter().all(has) && document.equals.iter().all(equals)
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let work = Work { document: &self.document, record, context };
        events.push(work.event());
    }
}

struct Work<'w, 'a> {
    document: &'w Checked,
    record: &'w Record<'a>,
    context: &'w Context,
}

impl<'a> Work<'_, 'a> {
    fn field(&self, paths: &Paths) -> Option<Field<'a>> {
        paths.0.iter().find_map(|path| told(self.record.field(path)?))
    }

    fn word(&self, paths: &Paths) -> Option<Word<'a>> {
        self.field(paths).map(Word::At)
    }

    fn take(&self, paths: &Paths) -> Option<Cow<'a, str>> {
        self.field(paths)?.take()
    }

    fn event(&self) -> Event {
        let document = self.document;
        let operation = self.take(&document.operation).unwrap_or_default();
        let when = self.field(&document.when);
        let time = when.and_then(|when| crate::moment::read(&when.copy()?)).unwrap_or(Timestamp::UNKNOWN);
        let mut product = Product::new(&*document.vendor, &*document.product);
        product.set_feature(document.feature.as_deref().map(Feature::named));
        let mut act = Act::new(product, time, &*operation);
        act.actor = self.actor();
        act.origin = self.origin();
        act.request = self.request();
        act.person = Some(self.person(&document.user)).filter(Person::is_told);
        act.group = document.group.iter().find_map(|group| self.thing(group));
        act.things = document.things.iter().filter_map(|thing| self.thing(thing)).collect();
        act.privileges = document
            .privileges
            .0
            .iter()
            .filter_map(|path| told(self.record.field(path)?))
            .map(Word::At)
            .collect();
        let deed = self.deed(&operation);
        act.uid = self.word(&document.uid).filter(|_| deed.class == 2004);
        act.title = self.word(&document.message).filter(|_| deed.class == 2004);
        let mut event = act.event(deed);
        self.tell_common(&mut event, when);
        self.tell_outcome(&mut event, &operation);
        event
    }

    fn deed(&self, operation: &str) -> Deed {
        let rule = self.document.rules.iter().find(|rule| rule.holds(operation));
        match rule {
            Some(rule) => {
                deed(rule.class, rule.activity.unwrap_or_else(|| document::activity(rule.class, operation)))
            }
            None => match self.document.otherwise {
                6003 => Deed::call(operation),
                class => {
                    let activity = document::activity(class, operation);
                    if activity == 99 { Deed::call(operation) } else { deed(class, activity) }
                }
            },
        }
    }

    fn person(&self, told: &People) -> Person<'a> {
        let directory = || self.context.directory.clone().map(|name| Word::Made(Cow::Owned(name)));
        let account = self.word(&told.account).or_else(directory);
        Person {
            uid: self.word(&told.uid),
            uid_alt: self.word(&told.uid_alt),
            name: self.word(&told.name),
            email: self.word(&told.email),
            display: self.word(&told.display),
            account,
            ..Person::default()
        }
    }

    fn actor(&self) -> Option<Actor> {
        let document = self.document;
        let mut person = self.person(&document.actor);
        let service = document.service_when.iter().any(|(path, values)| {
            self.record.copy(path).is_some_and(|value| values.iter().any(|known| *known == value))
        });
        person.kind = Some(if service { (4, "Service") } else { (1, "User") });
        let user = Some(person).filter(Person::is_told).and_then(|person| person.user());
        let (session, credential) = (self.take(&document.session), self.take(&document.credential));
        let session = (session.is_some() || credential.is_some()).then(|| {
            let mut told = Session::new();
            told.set_uid(session).set_credential_uid(credential);
            told
        });
        actor_of(user, session, app_of(self.take(&document.app.uid), self.take(&document.app.name)))
    }

    fn origin(&self) -> Option<NetworkEndpoint> {
        let from = &self.document.from;
        let field = self.field(&from.ip)?;
        let text = field.look()?;
        let (address, port) = address::without_port(&text)?;
        if *address == *text {
            field.take()
        } else {
            field.copy()
        };
        let mut origin = NetworkEndpoint::of_ip(address);
        origin.set_port(port.map(i32::from)).set_isp(self.take(&from.isp));
        let number = self.field(&from.asn).and_then(number::long);
        origin.set_autonomous_system(number.map(AutonomousSystem::of_number));
        let (country, city, region) =
            (self.take(&from.country), self.take(&from.city), self.take(&from.region));
        let place = match (&country, &city, &region) {
            (Some(country), ..) => Some(Location::in_country(&**country)),
            (None, Some(city), _) => Some(Location::in_city(&**city)),
            (None, None, Some(region)) => Some(Location::in_region(&**region)),
            (None, None, None) => None,
        };
        origin.set_location(place.map(|mut place| {
            place.set_city(city).set_region(region);
            place
        }));
        Some(origin)
    }

    fn request(&self) -> Option<HttpRequest> {
        let from = &self.document.from;
        let (agent, url) = (self.take(&from.user_agent), self.take(&from.url).map(Url::new));
        let method = self.take(&from.method);
        (agent.is_some() || url.is_some() || method.is_some()).then(|| {
            let mut request = HttpRequest::new();
            request.set_user_agent(agent).set_url(url).set_http_method(method);
            request
        })
    }

    /// A thing that the record tells: most documents name more kinds of things than one record has.
    fn thing(&self, named: &Things) -> Option<Thing<'a>> {
        let thing = Thing { uid: self.word(&named.uid), name: self.word(&named.name), ..Thing::default() };
        if !thing.is_told() {
            return None;
        }
        let fixed = named.kind.clone().map(|kind| Word::Made(Cow::Owned(kind)));
        let owner = Some(self.person(&named.owner)).filter(Person::is_told).map(Box::new);
        Some(Thing {
            kind: self.word(&named.kind_at).or(fixed),
            url: self.word(&named.url),
            owner,
            data: named.data.0.iter().filter_map(|path| self.record.field(path)).collect(),
            ..thing
        })
    }

    fn tell_common(&self, event: &mut Event, when: Option<Field<'a>>) {
        let document = self.document;
        if let Some(time) = when.and_then(|when| when.take()) {
            event.set_original_time(&time);
        }
        let metadata = event.metadata_mut();
        metadata.set_uid(self.take(&document.uid)).set_correlation_uid(self.take(&document.correlation));
        event.set_message(self.take(&document.message)).set_status_detail(self.take(&document.detail));
        event.set_status_code(self.take(&document.code));
        let severity = self.field(&document.severity.path).and_then(|word| word.copy());
        let number = severity.and_then(|word| document.severity.words.get(&*word).copied());
        event.set_severity(number.map_or(event.severity(), Severity::from));
    }

    fn tell_outcome(&self, event: &mut Event, operation: &str) {
        if event.class_uid().get() == 2004 {
            event.set_status_id(1);
            return;
        }
        let told = &self.document.outcome;
        let field = self.field(&told.path);
        let word = field.and_then(|field| field.look());
        let is = |words: &[String], word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        let outcome = match word.as_deref() {
            Some(word) if is(&told.success, word) => Outcome::Success,
            Some(word) if is(&told.failure, word) => Outcome::Failure,
            Some(word) => outcome_of(word),
            None if told.failed_when.iter().any(|part| operation.contains(part)) => Outcome::Failure,
            None if told.done => Outcome::Success,
            None => return,
        };
        event.set_outcome(outcome, word.as_deref());
        if event.status_code().is_none() {
            event.set_status_code(field.and_then(|field| field.take()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_of_this_crate_are_sound() {
        let names: Vec<_> = Declared::own().map(|source| source.document.name).collect();
        assert_eq!(names, ["slack", "openai", "anthropic", "s3_access"]);
    }

    #[test]
    fn wrong_documents_are_refused_with_place_and_cause() {
        let around = |inside: &str| {
            format!(
                r#"{{"name":"x","vendor":"X","product":"X","recognise":{{"has":["a"]}},"operation":"a"{inside}}}"#
            )
        };
        assert!(Declared::from_json(&around("")).is_ok());
        for (text, expected) in [
            ("{", "line 1, column 1: EOF while parsing an object"),
            (&around(r#","whem":"a""#), "line 1, column 87: unknown field `whem`"),
            (
                &around(r#","rules":[{"class":3002,"activity":1}]"#),
                "`rules[0]`: one of `is`, `starts`, `ends`, `contains` must be told",
            ),
            (
                &around(r#","rules":[{"is":"b","starts":"c","class":3002}]"#),
                "`rules[0]`: one of `is`, `starts`, `ends`, `contains` must be told",
            ),
            (
                &around(r#","rules":[{"is":"b","class":3002,"activity":77}]"#),
                "`rules[0].activity`: class `3002` has no activity `77`",
            ),
            (
                &around(r#","rules":[{"is":"b","class":3002}]"#),
                "`rules[0].activity`: must be told for class `3002`",
            ),
            (&around(r#","otherwise":"guess""#), "`otherwise`: `guess` is none of `call`, `entity`, `web`"),
            (
                &around(r#","severity":{"path":"a","words":{"high":9}}"#),
                "`severity.words`: `9` is no severity",
            ),
            (
                &around(r#","outcome":{"otherwise":"maybe"}"#),
                "`outcome.otherwise`: `maybe` is none of `success`, `unknown`",
            ),
            (&around(r#","when":"a..b""#), "`when`: `a..b` is no path"),
            (
                r#"{"name":"Desk 1","vendor":"X","product":"X","recognise":{"has":["a"]},"operation":"a"}"#,
                "`name`: `Desk 1` is not of small letters, digits and `_`",
            ),
            (
                r#"{"name":"x","vendor":"X","product":"X","recognise":{},"operation":"a"}"#,
                "`recognise`: one path at least must be told",
            ),
        ] {
            let error = Declared::from_json(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
