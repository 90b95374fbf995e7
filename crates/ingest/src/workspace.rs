//! Google Workspace audit: sign-ins, administration, Drive, tokens, groups, mail, devices, rules.
//!
//! Source: developers.google.com, Admin SDK Reports API, `activities.list` and its pages of event names. One
//! activity holds several acts in `events[]`: each becomes an event, and they share the activity's qualifier. Some
//! collectors split activities themselves and make `parameters` an object: both shapes are read. Except where an
//! event's name tells a failure, the reports say what was done: it has succeeded.

mod kind;
mod mail;
mod parameter;

use crate::act::{Act, Person, Thing, Word, actor_of, app_of, told};
use crate::address;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{
    Actor, AuthFactor, AutonomousSystem, Event, Feature, File, Location, NetworkEndpoint, Product,
};
use kind::deed_of;
use parameter::Parameters;
use std::borrow::Cow;

/// Google Workspace activity reports. Classes 2004, 3001 to 3006, 4009, 6001, 6003 and 6006.
///
/// The directory that names users is the record's own customer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Workspace;

impl Source for Workspace {
    fn name(&self) -> &'static str {
        "workspace"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let kind = root.member("kind").and_then(|kind| kind.look());
        if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("admin#reports#activity")) {
            return true;
        }
        let application = root.member("id").and_then(|id| id.member("applicationName"));
        application.is_some_and(|name| name.is_text())
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let list = root.member("events").filter(Field::is_array);
        let acts: Vec<Field<'_>> =
            list.map(|list| list.children().filter(Field::is_object).collect()).unwrap_or_default();
        let alone = acts.len() < 2;
        let acts = if acts.is_empty() { vec![root] } else { acts };
        for act in acts {
            let parts = Parts::of(record, context, act);
            let mut event = parts.event();
            parts.tell_common(&mut event, alone);
            events.push(event);
        }
    }
}

/// A record, one of its acts, and what is found of them more than once.
struct Parts<'r, 'a> {
    record: &'r Record<'a>,
    act: Field<'a>,
    application: String,
    name: String,
    given: Parameters<'a>,
    customer: Option<Cow<'a, str>>,
}

impl<'r, 'a> Parts<'r, 'a> {
    fn of(record: &'r Record<'a>, context: &'r Context, act: Field<'a>) -> Self {
        let look = |field: Option<Field<'a>>| {
            field.and_then(|field| field.look()).unwrap_or_default().trim().to_lowercase()
        };
        let own = record.look("id.customerId");
        Self {
            record,
            act,
            application: look(record.field("id.applicationName")),
            name: look(act.member("name")),
            given: Parameters::of(act.member("parameters")),
            customer: own.or_else(|| context.directory.clone().map(Cow::Owned)),
        }
    }

    fn field(&self, path: &str) -> Option<Field<'a>> {
        self.record.field(path).and_then(told)
    }

    fn event(&self) -> Event {
        let deed = deed_of(&self.application, &self.name);
        let mut act = self.base();
        if deed.class == 4009 {
            return mail::event(self, &act);
        }
        act.origin = self.origin();
        act.person = self.person();
        act.group = self.given.first(&["GROUP_EMAIL", "group_email", "group_id"]).map(Thing::named);
        act.privileges = self.rights();
        act.uid = self.field("id.uniqueQualifier").map(Word::At).filter(|_| deed.class == 2004);
        act.title = self.given.first(&["rule_name"]).or_else(|| self.act.member("name").map(Word::At));
        act.things = vec![match deed.class {
            3002 => self.service(),
            6006 => self.file(),
            _ => self.thing(),
        }];
        if matches!(deed.class, 3001 | 3006) || (deed.class == 3002 && !act.things.iter().any(Thing::is_told))
        {
            act.things.clear();
        }
        let mut event = act.event(deed);
        match deed.class {
            3002 => self.tell_sign_in(&mut event),
            6006 => self.tell_file(&mut event),
            _ => {}
        }
        event
    }

    fn base(&self) -> Act<'a> {
        let mut product = Product::new("Google", "Google Workspace");
        product.set_feature(self.record.take("id.applicationName").map(Feature::named));
        let name = self.act.member("name").and_then(|name| name.take());
        let operation = name.unwrap_or_else(|| self.application.clone().into());
        let mut act = Act::new(product, self.record.moment("id.time"), operation);
        act.actor = self.actor();
        act
    }

    fn actor(&self) -> Option<Actor> {
        let place = |name: &str| self.field(&format!("actor.{name}"));
        let person = Person {
            uid: place("profileId").map(Word::At),
            name: place("email").map(Word::At),
            kind: place("callerType").and_then(|kind| kind.copy()).and_then(|kind| match &*kind {
                "USER" => Some((1, "User")),
                "KEY" => Some((4, "Service")),
                _ => None,
            }),
            account: self.customer(),
            ..Person::default()
        };
        let take = |name: &str| place(name).and_then(|field| field.take());
        let uid = take("applicationInfo.oauthClientId")
            .or_else(|| self.given.take(&["originating_app_id", "client_id"]));
        let name = take("applicationInfo.applicationName").or_else(|| take("key"));
        actor_of(person.user(), None, app_of(uid, name.or_else(|| self.given.take(&["app_name"]))))
    }

    /// The directory: the record's own customer, else the one the caller names.
    fn customer(&self) -> Option<Word<'a>> {
        let own = self.field("id.customerId").map(Word::At);
        own.or_else(|| self.customer.clone().map(Word::Made))
    }

    fn origin(&self) -> Option<NetworkEndpoint> {
        let field = self.field("ipAddress")?;
        let text = field.look()?;
        let (address, _) = address::without_port(&text)?;
        if *address == *text {
            field.take()
        } else {
            field.copy()
        };
        let mut origin = NetworkEndpoint::of_ip(address);
        let country = self.field("networkInfo.regionCode").and_then(|code| code.take());
        origin.set_location(country.map(|country| {
            let mut location = Location::in_country(country);
            location.set_region(self.field("networkInfo.subdivisionCode").and_then(|code| code.take()));
            location
        }));
        let system = self.field("networkInfo.ipAsn").filter(Field::is_array);
        let number = system.and_then(|list| list.children().next()).and_then(crate::number::long);
        origin.set_autonomous_system(number.map(AutonomousSystem::of_number));
        Some(origin)
    }

    /// Whom it is done to, when that is not who acts.
    fn person(&self) -> Option<Person<'a>> {
        let names = [
            "USER_EMAIL",
            "user_email",
            "affected_email_address",
            "grantee_email",
            "target_user",
            "member_email",
            "email",
        ];
        let mut person = Person::named(self.given.first(&names)?);
        person.account = self.customer.clone().map(Word::Made);
        person.is_told().then_some(person)
    }

    fn rights(&self) -> Vec<Word<'a>> {
        let names = ["ROLE_NAME", "PRIVILEGE_NAME", "scope", "access_level", "member_role", "NEW_VALUE"];
        names.into_iter().map(|name| self.given.all(name)).find(|words| !words.is_empty()).unwrap_or_default()
    }

    fn service(&self) -> Thing<'a> {
        let name = self.given.first(&["application_name", "app_name"]);
        Thing { name, uid: self.given.first(&["sp_id"]), ..Thing::default() }
    }

    /// What is managed or used, by the parameter that names it best; the rest of them tells of it.
    fn thing(&self) -> Thing<'a> {
        const NAMES: [(&str, &str); 24] = [
            ("SETTING_NAME", "Setting"),
            ("USER_DEFINED_SETTING_NAME", "Setting"),
            ("ROLE_NAME", "Role"),
            ("APPLICATION_NAME", "Application"),
            ("app_name", "Application"),
            ("APP_ID", "Application"),
            ("MOBILE_APP_PACKAGE_ID", "Application"),
            ("DOMAIN_ALIAS", "Domain"),
            ("DEVICE_ID", "Device"),
            ("DEVICE_MODEL", "Device"),
            ("DEVICE_TYPE", "Device"),
            ("event_title", "Event"),
            ("calendar_id", "Calendar"),
            ("doc_title", "File"),
            ("room_name", "Room"),
            ("matter_name", "Matter"),
            ("meeting_code", "Meeting"),
            ("rule_name", "Rule"),
            ("email_forwarding_destination_address", "Email"),
            ("OBFUSCATED_CUSTOMER_TAKEOUT_REQUEST_ID", "Export"),
            ("resource_name", "Resource"),
            ("RESOURCE_NAME", "Resource"),
            ("DOMAIN_NAME", "Domain"),
            ("ORG_UNIT_NAME", "Organization"),
        ];
        let found = NAMES.iter().find_map(|(name, kind)| Some((self.given.first(&[name])?, *kind)));
        let uid = self.given.first(&[
            "ROLE_ID",
            "room_id",
            "event_id",
            "doc_id",
            "matter_id",
            "RESOURCE_ID",
            "device_id",
        ]);
        let (name, kind) = match found {
            Some((name, kind)) => (Some(name), Some(Word::from(kind))),
            None if uid.is_some() => (None, None),
            None => (self.act.member("type").map(Word::At), None),
        };
        let name = name.or_else(|| uid.is_none().then(|| Word::from("Google Workspace")));
        Thing { uid, name, kind, data: self.given.whole().into_iter().collect(), ..Thing::default() }
    }

    fn file(&self) -> Thing<'a> {
        let kind = self.given.first(&["doc_type"]);
        let number = match kind.as_ref().and_then(Word::look).as_deref() {
            Some("folder") => 2,
            Some(_) => 99,
            None => 0,
        };
        Thing {
            uid: self.given.first(&["doc_id"]),
            name: Some(
                self.given
                    .first(&["doc_title"])
                    .or_else(|| self.given.first(&["doc_id"]))
                    .unwrap_or("unknown".into()),
            ),
            kind,
            owner: self.given.first(&["owner"]).map(Person::named).map(Box::new),
            folder: self.given.first(&["source_folder_title"]),
            number,
            ..Thing::default()
        }
    }

    fn tell_file(&self, event: &mut Event) {
        let to = match &*self.name {
            "rename" => self.given.all("new_value").first().and_then(Word::take),
            "move" => self.given.take(&["doc_title"]),
            _ => None,
        };
        event.set_file_result(to.map(|name| {
            let mut file = File::new(name, event.file().and_then(File::type_id).unwrap_or(0));
            file.set_kind(event.file().and_then(File::kind));
            file.set_parent_folder(self.given.take(&["destination_folder_title"]));
            file
        }));
        if matches!(event.activity_id(), 12 | 13) {
            let rights: Vec<_> = self.given.all("new_value").iter().filter_map(Word::take).collect();
            if !rights.is_empty() {
                event.set_attribute("access_list", &list_of(&rights));
            }
        }
        let drive = self.given.take(&["shared_drive_id", "team_drive_id"]);
        if let (Some(drive), Some(file)) = (drive, event.file()) {
            let mut file = file.clone();
            file.set_volume(drive);
            event.set_file(file);
        }
    }

    fn tell_sign_in(&self, event: &mut Event) {
        let protocol = self.given.one(&["login_type"]);
        match protocol.and_then(|protocol| protocol.look()).as_deref() {
            Some("saml") => {
                protocol.map(|protocol| protocol.copy());
                event.set_auth_protocol_id(5).set_auth_protocol("SAML");
            }
            Some(_) => {
                event
                    .set_auth_protocol_id(99)
                    .set_auth_protocol(protocol.and_then(|protocol| protocol.take()));
            }
            None => {}
        }
        let factors = self.given.all("login_challenge_method");
        event.set_auth_factors(factors.iter().filter_map(factor).collect::<Vec<_>>());
        event.set_is_mfa(self.given.one(&["is_second_factor"]).and_then(crate::number::flag));
    }

    fn tell_common(&self, event: &mut Event, alone: bool) {
        if let Some(time) = self.record.take("id.time") {
            event.set_original_time(&time);
        }
        let qualifier = self.field("id.uniqueQualifier").and_then(|id| id.take());
        let metadata = event.metadata_mut();
        metadata.set_uid(qualifier.clone().filter(|_| alone)).set_correlation_uid(qualifier);
        metadata.set_log_name("Reports");
        if let Some(kind) = self.act.member("type").and_then(|kind| kind.take()) {
            metadata.set_kind(kind);
        }
        if event.class_uid().get() == 2004 {
            event.set_status_id(1);
        } else if event.status_id().is_none() {
            self.tell_outcome(event);
        }
    }

    fn tell_outcome(&self, event: &mut Event) {
        let failed =
            ["failure", "deny", "denied", "blocked", "failed"].iter().any(|word| self.name.contains(word));
        event.set_outcome(if failed { Outcome::Failure } else { Outcome::Success }, None);
        event.set_status_detail(self.given.take(&[
            "login_failure_type",
            "login_challenge_status",
            "failure_type",
        ]));
        event.set_status_code(self.given.take(&["saml_status_code"]));
    }
}

/// A factor of a sign-in by Google's word for it.
fn factor(word: &Word<'_>) -> Option<AuthFactor> {
    let number = match &*word.look()? {
        "password" | "google_password" => 11,
        "google_prompt" => 5,
        "security_key" | "security_key_otp" => 9,
        "google_authenticator" | "offline_otp" | "totp" => 7,
        "idv_preregistered_phone" | "idv_any_phone" => 1,
        "idv_preregistered_email" => 8,
        "passkey" => 10,
        _ => 99,
    };
    let mut factor = AuthFactor::new(number);
    if number == 99 {
        factor.set_factor_type(word.take());
    }
    Some(factor)
}

fn list_of(words: &[Cow<'_, str>]) -> JsonText {
    let words: Vec<String> =
        words.iter().map(|word| crate::number::quoted(word).as_str().to_owned()).collect();
    JsonText::new(format!("[{}]", words.join(",")))
}
