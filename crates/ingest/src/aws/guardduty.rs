//! Findings of GuardDuty, as it writes them.
//!
//! Source: docs.aws.amazon.com, "GuardDuty finding format" and the API's `Finding`. As Security Hub passes them on
//! they are its findings.

use super::finding::{remote, tell_severity};
use super::{cloud, small, take, told};
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::Timestamp;
use homeostat_event::{
    Account, Actor, Analytic, Api, DnsQuery, Event, Evidence, FindingInfo, Group, Head, NetworkEndpoint,
    Product, Request, ResourceDetails, Service, Session, User,
};
use std::borrow::Cow;

/// Amazon GuardDuty. Class 2004: new, seen again, or archived.
#[derive(Clone, Copy, Debug, Default)]
pub struct GuardDuty;

impl Source for GuardDuty {
    fn name(&self) -> &'static str {
        "aws_guardduty"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let object = |name| root.member(name).is_some_and(|field| field.is_object());
        let named = root.get("service.serviceName").and_then(|name| name.look());
        let told = named.is_some_and(|name| name == "guardduty") || root.get("service.detectorId").is_some();
        let bare =
            || object("resource") && root.member("severity").is_some() && root.member("type").is_some();
        object("service") && (told || bare())
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let Some(service) = root.member("service") else { return };
        let archived =
            service.member("archived").and_then(|told| told.look()).is_some_and(|told| told == "true");
        let count = service.member("count").and_then(small);
        let activity = match (archived, count) {
            (true, _) => 3,
            (false, Some(2..)) => 2,
            _ => 1,
        };
        let time = ["updatedAt", "createdAt"].iter().find_map(|name| moment::read(&record.look(name)?));
        let mut product = Product::new("AWS", "GuardDuty");
        product.set_uid(take(service, "detectorId"));
        let head = Head::new(activity, time.unwrap_or(Timestamp::UNKNOWN), product);
        let mut event = Event::detection_finding(head, finding(root, service));
        event.set_evidences(vec![evidence(root, service)]).set_resources(resources(root, service));
        event.set_count(count).set_is_alert(true);
        event.set_status_id(if archived { 5 } else { 1 }).set_status(if archived {
            "Archived"
        } else {
            "New"
        });
        if let Some(score) = root.member("severity").and_then(|score| score.copy()?.parse::<f64>().ok()) {
            tell_severity(score, &mut event);
        }
        if let Some(time) = record.take("updatedAt").or_else(|| record.take("createdAt")) {
            event.set_original_time(&time);
        }
        let mut place = cloud(take(root, "accountId"), take(root, "region"), context);
        place.set_cloud_partition(take(root, "partition"));
        event.set_cloud(place);
        let kind = service.get("action.actionType").and_then(|kind| kind.take());
        event.metadata_mut().set_log_version(take(root, "schemaVersion")).set_event_code(kind);
        event.metadata_mut().set_log_provider(take(service, "serviceName"));
        events.push(event);
    }
}

fn finding(root: Field<'_>, service: Field<'_>) -> FindingInfo {
    let mut finding = FindingInfo::new(take(root, "id").or_else(|| take(root, "arn")).unwrap_or_default());
    let arn = root.member("arn").and_then(told).and_then(|arn| arn.take());
    if let Some(arn) = arn {
        let mut json = String::new();
        crate::text::write_text(&arn, &mut json);
        finding.set_attribute("uid_alt", &homeostat_core::JsonText::new(json));
    }
    finding.set_title(take(root, "title")).set_desc(take(root, "description"));
    let time =
        |object: Field<'_>, name: &str| object.member(name).and_then(|time| moment::read(&time.copy()?));
    finding.set_created_time(time(root, "createdAt")).set_modified_time(time(root, "updatedAt"));
    finding.set_first_seen_time(time(service, "eventFirstSeen"));
    finding.set_last_seen_time(time(service, "eventLastSeen"));
    if let Some(kind) = take(root, "type") {
        let mut analytic = Analytic::new(&*kind, 2);
        analytic.set_kind("Behavioral");
        finding.set_analytic(analytic).set_types(vec![kind.into()]);
    }
    finding
}

/// The action that was seen: `service.action.xxxAction`.
fn action(service: Field<'_>) -> Option<Field<'_>> {
    let action = service.member("action").filter(Field::is_object)?;
    action.children().find(Field::is_object)
}

fn evidence(root: Field<'_>, service: Field<'_>) -> Evidence {
    let action = action(service);
    let far = action.and_then(|action| remote(action.member("remoteIpDetails")?));
    let actor = actor(root);
    let mut evidence = match (actor, &far) {
        (Some(actor), _) => Evidence::of_actor(actor),
        (None, Some(far)) => Evidence::of_source(far.clone()),
        (None, None) => {
            Evidence::of_source(own_end(root).unwrap_or_else(|| NetworkEndpoint::of_service("AWS")))
        }
    };
    let outbound = action.and_then(|action| action.member("connectionDirection")?.look());
    if outbound.as_deref() == Some("OUTBOUND") {
        evidence.set_src_endpoint(own_end(root)).set_dst_endpoint(far);
    } else if far.is_some() {
        evidence.set_src_endpoint(far).set_dst_endpoint(own_end(root));
    } else {
        evidence.set_src_endpoint(own_end(root));
    }
    let Some(action) = action else { return evidence };
    let domain = take(action, "domain");
    evidence.set_query(domain.map(DnsQuery::new)).set_api(api(action));
    if let Some(rest) = action.take_whole() {
        evidence.set_attribute("data", &rest);
    }
    evidence
}

fn api(action: Field<'_>) -> Option<Api> {
    let name = take(action, "api").or_else(|| take(action, "verb"))?;
    let mut api = Api::new(name);
    api.set_service(take(action, "serviceName").map(Service::named));
    api.set_request(take(action, "requestUri").map(Request::new));
    Some(api)
}

/// Who acted, where the finding is about a key, a user of a cluster or of a database.
fn actor(root: Field<'_>) -> Option<Actor> {
    let resource = root.member("resource")?;
    if let Some(key) = resource.member("accessKeyDetails").filter(Field::is_object) {
        let (uid, name) = (take(key, "principalId"), take(key, "userName"));
        let mut user = User::told(uid.as_deref(), name.as_deref())?;
        user.set_account(root.member("accountId").and_then(|account| account.look()).map(Account::of_uid));
        if let Some(kind) = take(key, "userType") {
            user.set_type_id(99).set_kind(kind);
        }
        let mut actor = Actor::of_user(user);
        if let Some(id) = take(key, "accessKeyId") {
            let mut session = Session::new();
            session.set_credential_uid(id);
            actor.set_session(session);
        }
        return Some(actor);
    }
    if let Some(told) = resource.get("kubernetesDetails.kubernetesUserDetails").filter(Field::is_object) {
        let mut user = User::named(take(told, "username")?);
        user.set_uid(take(told, "uid"));
        let groups: Vec<_> = told
            .member("groups")
            .iter()
            .flat_map(Field::children)
            .filter_map(|group| group.take())
            .map(Group::named)
            .collect();
        if !groups.is_empty() {
            user.set_groups(groups);
        }
        return Some(Actor::of_user(user));
    }
    let told = resource.member("rdsDbUserDetails").filter(Field::is_object)?;
    let mut actor = Actor::of_user(User::named(take(told, "user")?));
    actor.set_app_name(take(told, "application"));
    Some(actor)
}

/// The end in the account: the instance and its first interface.
fn own_end(root: Field<'_>) -> Option<NetworkEndpoint> {
    let machine = root.get("resource.instanceDetails").filter(Field::is_object)?;
    let face = machine.member("networkInterfaces").and_then(|faces| faces.children().next());
    let part = |name: &str| face.and_then(|face| take(face, name));
    let uid = take(machine, "instanceId");
    let mut end = match (part("privateIpAddress"), &uid) {
        (Some(ip), _) => NetworkEndpoint::of_ip(ip),
        (None, Some(uid)) => NetworkEndpoint::named(&**uid),
        (None, None) => return None,
    };
    end.set_instance_uid(uid).set_interface_uid(part("networkInterfaceId"));
    end.set_vpc_uid(part("vpcId")).set_subnet_uid(part("subnetId")).set_hostname(part("privateDnsName"));
    end.set_zone(take(machine, "availabilityZone"));
    Some(end)
}

/// Members that name a resource, the best first.
const IDS: [&str; 10] = [
    "instanceId",
    "arn",
    "dbInstanceArn",
    "dbInstanceIdentifier",
    "accessKeyId",
    "functionArn",
    "functionName",
    "clusterArn",
    "id",
    "name",
];

/// Everything that the finding tells of resources: each `xxxDetails`, whole.
fn resources(root: Field<'_>, service: Field<'_>) -> Vec<ResourceDetails> {
    let Some(told) = root.member("resource").filter(Field::is_object) else { return affected(service) };
    let kind = take(told, "resourceType");
    let role = service.member("resourceRole").and_then(|role| role.copy());
    let thing = |details: Field<'_>| {
        let one = if details.is_array() { details.children().next()? } else { details };
        let id = IDS.iter().find_map(|name| one.member(name).and_then(super::told)?.take());
        let mut thing = match (id, &kind) {
            (Some(id), _) => ResourceDetails::of_uid(id),
            (None, Some(kind)) => ResourceDetails::named(&**kind),
            (None, None) => return None,
        };
        thing
            .set_name(take(one, "name"))
            .set_kind(kind.as_deref())
            .set_role(role.as_deref().map(|role| if role == "ACTOR" { "Actor" } else { "Target" }));
        thing.set_role_id(role.as_deref().map(|role| if role == "ACTOR" { 2 } else { 1 }));
        if let Some(rest) = details.take_whole() {
            thing.set_attribute("data", &rest);
        }
        Some(thing)
    };
    let details = told.children().filter(|child| child.is_object() || child.is_array());
    let found: Vec<_> = details.filter_map(thing).collect();
    if found.is_empty() {
        return kind.map(|kind| vec![ResourceDetails::named(Cow::into_owned(kind))]).unwrap_or_default();
    }
    found
}

/// The resources that a call touched, where the finding tells no more of them.
fn affected(service: Field<'_>) -> Vec<ResourceDetails> {
    let list = action(service).and_then(|action| action.member("affectedResources")).filter(Field::is_object);
    let thing = |told: Field<'_>| {
        let mut thing = ResourceDetails::of_uid(told.look()?);
        thing.set_kind(told.name());
        Some(thing)
    };
    list.iter().flat_map(Field::children).filter_map(thing).collect()
}
