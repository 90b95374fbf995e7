//! Azure Activity and resource logs: what was done to the resources of a subscription.
//!
//! Source: Microsoft Learn, "Azure activity log event schema" and "Azure Monitor resource logs". A log from an event
//! hub and one from the interface differ in names and in `{value, localizedValue}`: both are read.

use crate::address::is_address;
use crate::azure_log::{AzureLog, take, take_address, told};
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Outcome;
use homeostat_event::{
    Account, Actor, Api, Cloud, Event, Group, Head, HttpRequest, NetworkEndpoint, Organization, Product,
    Request, ResourceDetails, Service, User,
};
use std::borrow::Cow;

/// Azure Activity log, and the resource logs that tell an operation of the same kind. Class 6003.
///
/// The subscription is the one in the path of the resource, else [`Context::account`].
#[derive(Clone, Copy, Debug, Default)]
pub struct AzureActivity;

/// The claims of a token that name who acts.
const CLAIMS: [&str; 3] = [
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
];

/// The times of the record, the best first.
const TIMES: [&str; 2] = ["eventTimestamp", "event_timestamp"];

impl Source for AzureActivity {
    fn name(&self) -> &'static str {
        "azure_activity"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let names = ["operationName", "operation_name"];
        let operation = names.iter().find_map(|name| root.member(name));
        let operation = operation.and_then(|name| name.member("value").unwrap_or(name).look());
        let is_storage = root
            .member("category")
            .and_then(|name| name.look())
            .is_some_and(|name| matches!(&*name, "StorageRead" | "StorageWrite" | "StorageDelete"));
        // What a cluster logs is inside, and is the cluster's.
        if root.get("properties.log").is_some() {
            return false;
        }
        let on_resource =
            ["resourceId", "resource_id", "ResourceId"].iter().any(|name| root.member(name).is_some())
                || root.member("correlationId").is_some();
        operation.is_some_and(|name| name.contains('/') || is_storage) && on_resource
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let activity = Activity { log: AzureLog::of(record), root: record.folded().root(), context };
        events.push(activity.event());
    }
}

struct Activity<'r, 'a> {
    log: AzureLog<'a>,
    root: Field<'a>,
    context: &'r Context,
}

impl<'a> Activity<'_, 'a> {
    /// The first of `names` that is told, or its `value`.
    fn field(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().find_map(|name| {
            let field = self.root.member(name)?;
            told(field.member("value").unwrap_or(field))
        })
    }

    fn take(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        self.field(names)?.take()
    }

    fn operation(&self) -> Cow<'a, str> {
        self.take(&["operationName", "operation_name"]).unwrap_or_default()
    }

    fn event(&self) -> Event {
        let operation = self.operation();
        let time = self.log.time(&TIMES);
        let product = Product::new("Microsoft", "Azure Monitor");
        let head = match activity_of(&operation, &self.log.category()) {
            99 => Head::other(&*operation, time, product),
            number => Head::new(number, time, product),
        };
        let mut event = Event::api_activity(head, self.actor(), self.api(&operation), self.origin());
        let path = self.take(&["resourceId", "resource_id"]);
        event.set_resources(self.resource(path.as_deref()).into_iter().collect::<Vec<_>>());
        event.set_cloud(self.cloud(path.as_deref()));
        self.tell_outcome(&mut event);
        self.log.tell(&mut event, &TIMES);
        event.set_duration(self.log.duration(&["durationMs"]));
        let agent = take(self.log.inner(), "userAgentHeader")
            .or_else(|| take(self.root.member("httpRequest")?, "userAgent"));
        event.set_http_request(agent.map(|agent| {
            let mut request = HttpRequest::new();
            request.set_user_agent(agent);
            request
        }));
        let id =
            self.take(&["eventDataId", "event_data_id"]).or_else(|| take(self.log.inner(), "eventDataId"));
        let correlation = self.take(&["correlation_id"]);
        let metadata = event.metadata_mut();
        metadata.set_uid(id).set_event_code(operation).set_correlation_uid(correlation);
        event
    }

    fn claims(&self) -> Option<Field<'a>> {
        let own = self.root.member("claims").filter(Field::is_object);
        own.or_else(|| self.root.get("identity.claims").filter(Field::is_object))
    }

    fn claim(&self, name: &str) -> Option<Cow<'a, str>> {
        take(self.claims()?, name)
    }

    /// The person or service principal whose token it was; Azure itself where no token is told.
    fn actor(&self) -> Actor {
        let caller = self.take(&["caller"]);
        let [uid, login, name] = CLAIMS;
        let login = self.claim(login).or_else(|| self.claim(name)).or_else(|| self.claim("name"));
        let login = login.or_else(|| caller.clone().filter(|caller| caller.contains('@')));
        let evidence = self
            .root
            .get("identity.authorization.evidence")
            .or_else(|| self.root.get("authorization.evidence"));
        let uid = self.claim(uid).or_else(|| take(evidence?, "principalId"));
        let uid = uid.or_else(|| caller.clone().filter(|caller| !caller.contains('@')));
        let app = self.claim("appid");
        let user = User::told(uid.as_deref(), login.as_deref()).map(|mut user| {
            user.set_email_addr(login.clone().filter(|login| login.contains('@')));
            user.set_account(self.directory().map(Account::of_uid));
            let is_person = login.as_deref().is_some_and(|login| login.contains('@'));
            if is_person {
                user.set_type_id(1).set_kind("User")
            } else {
                user.set_type_id(4).set_kind("Service")
            };
            user
        });
        let mut actor = match (user, &app) {
            (Some(user), _) => Actor::of_user(user),
            (None, Some(app)) => Actor::of_app(&**app),
            (None, None) => Actor::of_app("Azure"),
        };
        actor.set_app_uid(app);
        actor
    }

    fn directory(&self) -> Option<Cow<'a, str>> {
        let claim = self.claim("http://schemas.microsoft.com/identity/claims/tenantid");
        claim.or_else(|| self.take(&["tenantId", "tenant_id"]))
    }

    fn api(&self, operation: &str) -> Api {
        let mut api = Api::new(operation);
        api.set_service(operation.split_once('/').map(|(provider, _)| Service::named(provider)));
        let id =
            take(self.log.inner(), "serviceRequestId").or_else(|| take(self.log.inner(), "clientRequestId"));
        api.set_request(id.map(Request::new));
        api
    }

    fn origin(&self) -> NetworkEndpoint {
        let told = self.field(&["callerIpAddress"]).and_then(take_address);
        let asked = || self.root.get("httpRequest.clientIpAddress").and_then(take_address);
        let claimed = || {
            self.claims()?
                .member("ipaddr")
                .filter(|text| text.look().is_some_and(|text| is_address(&text)))?
                .take()
        };
        match told.or_else(asked).or_else(claimed) {
            Some(address) => NetworkEndpoint::of_ip(address),
            None => NetworkEndpoint::of_service("Azure"),
        }
    }

    fn resource(&self, path: Option<&str>) -> Option<ResourceDetails> {
        let path = path?;
        let mut thing = ResourceDetails::of_uid(path);
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let after = |name: &str| {
            parts.windows(2).find_map(|pair| match pair {
                [known, value] if known.eq_ignore_ascii_case(name) => Some(*value),
                _ => None,
            })
        };
        thing.set_name(parts.last().copied()).set_group(after("resourceGroups").map(Group::named));
        let kind = after("providers").map(|provider| {
            // Types and names alternate behind the provider.
            let rest = parts.iter().skip_while(|part| **part != provider).skip(1).step_by(2);
            rest.fold(provider.to_owned(), |kind, part| format!("{kind}/{part}"))
        });
        thing.set_kind(kind).set_region(self.take(&["location"]));
        Some(thing)
    }

    fn cloud(&self, path: Option<&str>) -> Cloud {
        let mut cloud = Cloud::new("Azure");
        let named = path.and_then(|path| {
            let (head, rest) = path.trim_start_matches('/').split_once('/')?;
            head.eq_ignore_ascii_case("subscriptions").then(|| rest.split('/').next())?
        });
        let own = self.take(&["subscriptionId", "subscription_id"]);
        let account =
            own.or(named.map(Cow::Borrowed)).or_else(|| self.context.account.as_deref().map(Cow::Borrowed));
        cloud.set_account(account.map(|account| {
            let mut account = Account::of_uid(account);
            account.set_type_id(13).set_kind("Azure Subscription");
            account
        }));
        cloud.set_org(self.directory().map(Organization::of_uid));
        cloud
    }

    /// What was begun or accepted has not failed; what only tells a state neither did nor did not.
    fn tell_outcome(&self, event: &mut Event) {
        let word = self.take(&["resultType", "status"]);
        let word = word.or_else(|| take(self.log.inner(), "metricResponseType"));
        let signature = self.take(&["resultSignature", "subStatus", "sub_status", "statusCode"]);
        let code = signature.as_deref().and_then(|code| code.parse::<u16>().ok());
        let told = word.as_deref().map(str::to_ascii_lowercase);
        match (told.as_deref(), code) {
            (Some("success" | "succeeded" | "accept" | "accepted"), _) => {
                event.set_outcome(Outcome::Success, None)
            }
            (Some("fail" | "failed" | "failure"), _) => event.set_outcome(Outcome::Failure, None),
            (None, Some(code)) if code >= 400 => event.set_outcome(Outcome::Failure, None),
            (None, Some(_)) => event.set_outcome(Outcome::Success, None),
            (Some(_), _) => event.set_outcome(Outcome::Other, word.as_deref()),
            (None, None) => event,
        };
        event.set_status_code(word).set_status_detail(signature);
    }
}

/// The activity of an operation: by its last part, of an action by the part before.
fn activity_of(operation: &str, category: &str) -> u32 {
    let lower = operation.to_ascii_lowercase();
    let mut parts = lower.rsplit('/');
    let (last, before) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match (last, category) {
        (_, "StorageRead") | ("read", _) => 2,
        (_, "StorageDelete") | ("delete" | "purge", _) => 4,
        (_, "StorageWrite") | ("write", _) => 3,
        ("action", _) => by_verb(before),
        _ => by_verb(last),
    }
}

fn by_verb(word: &str) -> u32 {
    const VERBS: [(u32, &[&str]); 3] = [
        (
            2,
            &[
                "list",
                "get",
                "read",
                "check",
                "validate",
                "export",
                "download",
                "search",
                "show",
                "audit",
                "available",
                "begin",
                "retrieve",
            ],
        ),
        (4, &["delete", "purge", "remove", "revoke"]),
        (1, &["create", "generate", "add", "import", "backup", "capture", "deploy", "recommend"]),
    ];
    VERBS
        .iter()
        .find(|(_, verbs)| verbs.iter().any(|verb| word.starts_with(verb)))
        .map_or(3, |(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::activity_of;

    #[test]
    fn operations_find_their_activity() {
        for (operation, category, expected) in [
            ("Microsoft.Insights/actionGroups/delete", "Administrative", 4),
            ("MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE", "Administrative", 3),
            ("Microsoft.Storage/storageAccounts/listKeys/action", "Administrative", 2),
            ("MICROSOFT.COMPUTE/VIRTUALMACHINES/RUNCOMMAND/ACTION", "Administrative", 3),
            ("Microsoft.KeyVault/vaults/purge/action", "Administrative", 4),
            ("Microsoft.Compute/snapshots/beginGetAccess/action", "Administrative", 2),
            ("GetBlob", "StorageRead", 2),
            ("DeleteBlob", "StorageDelete", 4),
            ("Microsoft.Resourcehealth/healthevent/Updated/action", "ResourceHealth", 3),
        ] {
            assert_eq!(activity_of(operation, category), expected, "{operation}");
        }
    }
}
