//! Microsoft 365 unified audit: Entra, Exchange, SharePoint, Teams, compliance, mail threats, Copilot.
//!
//! Source: learn.microsoft.com, Office 365 Management Activity API schema, and the pages of audit log activities.
//! `CreationTime` is UTC without saying so. Entra's operations end with a dot and hold a long dash and trailing
//! blanks. Client addresses come with ports, brackets and `::ffff:`. SharePoint, Teams and Copilot write no result:
//! they log what was done, so what they log has succeeded.

mod copilot;
mod directory;
mod exchange;
mod sharepoint;
mod teams;
mod threat;

use crate::act::{Act, Person, Thing, Word, actor_of, app_of, outcome_of, told};
use crate::address;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{Account, Actor, Event, Feature, HttpRequest, NetworkEndpoint, Product, Session, User};
use std::borrow::Cow;

/// Microsoft 365 unified audit, as the Management Activity API and the portal's export tell it. Classes 2004, 3001
/// to 3006, 4002, 4009, 6001, 6003 and 6006.
///
/// The directory that names users is the record's own `OrganizationId`.
#[derive(Clone, Copy, Debug, Default)]
pub struct M365;

impl Source for M365 {
    fn name(&self) -> &'static str {
        "m365"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let is_text = |name| root.member(name).is_some_and(|field| field.is_text());
        is_text("Operation") && is_text("Workload") && root.member("RecordType").is_some()
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let parts = Parts::of(record, context);
        let workload = record.look("Workload").unwrap_or_default();
        let mut event = match &*workload {
            _ if parts.operation == "copilotinteraction" => copilot::event(&parts),
            "AzureActiveDirectory" | "AzureActiveDirectoryAccountLogon" | "AzureActiveDirectoryStsLogon" => {
                directory::event(&parts)
            }
            "Exchange" => exchange::event(&parts),
            "MicrosoftTeams" => teams::event(&parts),
            "SecurityComplianceCenter" | "ThreatIntelligence" => threat::event(&parts),
            // SharePoint, OneDrive, and whatever else has files and things of the same members.
            _ => sharepoint::event(&parts),
        };
        parts.tell_common(&mut event);
        events.push(event);
    }
}

/// A record and what is found of it more than once.
struct Parts<'r, 'a> {
    record: &'r Record<'a>,
    /// In lower case, its dash short, without a dot or blanks at its end.
    operation: String,
    directory: Option<Cow<'a, str>>,
}

/// `Update application – Certificates and secrets management ` → `update application - certificates and secrets management`.
fn plain(operation: &str) -> String {
    operation.replace('\u{2013}', "-").trim().trim_end_matches('.').trim().to_lowercase()
}

fn is_guid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// In a list of pairs the value under `name`.
fn value_of<'a>(list: Option<Field<'a>>, name: &str) -> Option<Field<'a>> {
    let pairs = list.filter(Field::is_array)?;
    let found = pairs.children().find(|pair| {
        let key = pair.member("Name").or_else(|| pair.member("Key"));
        key.and_then(|key| key.look()).is_some_and(|key| key.eq_ignore_ascii_case(name))
    })?;
    told(found.member("Value")?)
}

impl<'r, 'a> Parts<'r, 'a> {
    fn of(record: &'r Record<'a>, context: &'r Context) -> Self {
        let operation = plain(&record.look("Operation").unwrap_or_default());
        let own = record.look("OrganizationId");
        let directory = own.or_else(|| context.directory.clone().map(Cow::Owned));
        Self { record, operation, directory }
    }

    fn field(&self, name: &str) -> Option<Field<'a>> {
        self.record.root().member(name).and_then(told)
    }

    fn word(&self, name: &str) -> Option<Word<'a>> {
        self.field(name).map(Word::At)
    }

    fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.take()
    }

    /// An act by whoever the record says acts, of which the mapper then tells what it is done to.
    fn act(&self) -> Act<'a> {
        let mut product = Product::new("Microsoft", "Microsoft 365");
        product.set_feature(self.record.take("Workload").map(Feature::named));
        let operation = self.record.take("Operation").unwrap_or_default();
        let mut act = Act::new(product, self.record.moment("CreationTime"), operation);
        act.actor = self.actor();
        act.origin = self.origin();
        act.request = self.request();
        act.title = self.word("Operation");
        act
    }

    fn is_sent(&self) -> bool {
        matches!(&*self.operation, "send" | "sendas" | "sendonbehalf")
    }

    fn actor(&self) -> Option<Actor> {
        let context = self.record.root().member("AppAccessContext").filter(Field::is_object);
        let inside = |name| context.and_then(|context| context.member(name)).and_then(told);
        let named = |name: &str| self.field(name).filter(|field| field.is_text() && !is_nothing(*field));
        let app_uid =
            named("ClientAppId").or(inside("ClientAppId")).or(named("ApplicationId")).or(named("AppId"));
        let app_name =
            named("ApplicationDisplayName").or(inside("ClientAppName")).or(named("ClientProcessName"));
        let (uid, name) = (app_uid.and_then(|uid| uid.take()), app_name.and_then(|name| name.take()));
        let app = app_of(uid, name);
        let session = named("SessionId").or(inside("AADSessionId"));
        let token = inside("UniqueTokenId");
        let session = (session.is_some() || token.is_some()).then(|| {
            let mut told = Session::new();
            told.set_uid(session.and_then(|uid| uid.take())).set_uid_alt(token.and_then(|uid| uid.take()));
            told
        });
        actor_of(self.acting_user(), session, app)
    }

    /// Who acts: its object id stands among `Actor[]` or in `UserKey`, else `UserKey` is an id of the service's own.
    fn acting_user(&self) -> Option<User> {
        let key = self.field("UserKey");
        let claims = self.record.root().member("Actor").filter(Field::is_array);
        let ids = claims.into_iter().flat_map(|claims| claims.children().collect::<Vec<_>>());
        let object =
            ids.filter_map(|claim| claim.member("ID")).find(|id| id.look().is_some_and(|id| is_guid(&id)));
        let key_is_object = key.is_some_and(|key| key.look().is_some_and(|key| is_guid(&key)));
        let uid = object.or(key.filter(|_| key_is_object));
        let name = self.field("UserId").filter(|name| name.look().is_some_and(|name| !is_nobody(&name)));
        let mut person = Person { uid: uid.map(Word::At), name: name.map(Word::At), ..Person::default() };
        if name.is_none() && uid.is_none() {
            person.name = self.word("UserId").or(key.map(Word::At));
        }
        person.uid_alt = key.filter(|_| !key_is_object || object.is_some()).map(Word::At);
        person.kind = self.kind();
        let mut user = person.user()?;
        let directory = self.take("OrganizationId").or_else(|| self.directory.clone());
        user.set_account(directory.map(|directory| {
            let mut account = Account::of_uid(directory);
            account.set_name(self.take("OrganizationName"));
            account
        }));
        Some(user)
    }

    fn kind(&self) -> Option<(i32, &'static str)> {
        let number = self.record.copy("UserType")?;
        Some(match &*number {
            "0" | "Regular" | "10" | "Guest" => (1, "User"),
            "2" | "Admin" => (2, "Admin"),
            "3" | "DcAdmin" | "4" | "System" | "7" | "CustomPolicy" | "8" | "SystemPolicy" => (3, "System"),
            "5" | "Application" | "6" | "ServicePrincipal" => (4, "Service"),
            _ => return None,
        })
    }

    /// From where: the first of the names for it that tells an address.
    fn origin(&self) -> Option<NetworkEndpoint> {
        let names = ["ClientIP", "ClientIPAddress", "ActorIpAddress", "ClientIp", "UserIp"];
        names.into_iter().find_map(|name| {
            let field = self.field(name)?;
            let text = field.look()?;
            let (address, port) = address::without_port(&text)?;
            if *address == *text {
                field.take()
            } else {
                field.copy()
            };
            let mut end = NetworkEndpoint::of_ip(address);
            end.set_port(port.map(i32::from));
            Some(end)
        })
    }

    fn request(&self) -> Option<HttpRequest> {
        // A mail has no place for the program it was sent with.
        if self.is_sent() {
            return None;
        }
        let extended = value_of(self.record.root().member("ExtendedProperties"), "UserAgent");
        let agent = self.field("UserAgent").or(extended).or(self.field("ClientInfoString"))?;
        let mut request = HttpRequest::new();
        request.set_user_agent(agent.take());
        Some(request)
    }

    /// What every record tells, whatever its class.
    fn tell_common(&self, event: &mut Event) {
        if let Some(time) = self.record.take("CreationTime") {
            event.set_original_time(&time);
        }
        let metadata = event.metadata_mut();
        metadata.set_uid(self.take("Id")).set_log_version(self.take("Version"));
        if let Some(kind) = self.field("RecordType").and_then(|kind| kind.take()) {
            metadata.set_kind(kind);
        }
        metadata.set_log_name("Unified Audit Log").set_log_provider(self.take("EventSource"));
        let inner = self.record.field("AppAccessContext.CorrelationId").and_then(told);
        let correlation = self.take("InterSystemsId").or_else(|| self.take("CorrelationId"));
        metadata.set_correlation_uid(correlation.or_else(|| inner.and_then(|id| id.take())));
        if event.status_id().is_none() {
            self.tell_outcome(event);
        }
    }

    fn tell_outcome(&self, event: &mut Event) {
        let Some(word) = self.take("ResultStatus") else {
            event.set_outcome(Outcome::Success, None);
            return;
        };
        event.set_outcome(outcome_of(&word), Some(&word)).set_status_code(word);
    }

    /// What `ObjectId` names, of the given kind.
    fn object(&self, kind: &'static str) -> Option<Thing<'a>> {
        Some(Thing::named(self.word("ObjectId")?).of_kind(kind))
    }
}

/// Names of `UserId` that are nobody.
fn is_nobody(name: &str) -> bool {
    ["not available", "unknown", "sharepoint\\system"].iter().any(|nobody| nobody.eq_ignore_ascii_case(name))
}

/// The all-zero id.
fn is_nothing(field: Field<'_>) -> bool {
    field.look().is_some_and(|id| id.bytes().all(|byte| matches!(byte, b'0' | b'-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_compared_without_their_dress() {
        for (operation, expected) in [
            ("Add member to role.", "add member to role"),
            (
                "Update application \u{2013} Certificates and secrets management ",
                "update application - certificates and secrets management",
            ),
            ("FileDownloaded", "filedownloaded"),
        ] {
            assert_eq!(plain(operation), expected);
        }
    }

    #[test]
    fn object_ids_are_told_from_keys() {
        assert!(is_guid("8f4c1d0e-0000-4000-8000-00000000000a"));
        assert!(!is_guid("10032000AAAAAAAA") && !is_guid("8f4c1d0e-0000-4000-8000-00000000000g"));
    }
}
