//! What `GuardDuty` saw being done: a call, a connection, a question for a name, a probe, a sign-in.

use super::take;
use crate::record::Field;
use homeostat_event::{
    Account, Actor, Api, AutonomousSystem, DnsQuery, Evidence, Group, HttpRequest, Location,
    NetworkConnectionInfo, NetworkEndpoint, Response, Service, Session, Str, User,
};

/// The members of `service.action`, of which a finding has one.
const ACTIONS: [&str; 6] = [
    "awsApiCallAction",
    "networkConnectionAction",
    "dnsRequestAction",
    "portProbeAction",
    "kubernetesApiCallAction",
    "rdsLoginAttemptAction",
];

fn action(root: Field<'_>) -> Option<Field<'_>> {
    let action = root.get("service.action")?;
    ACTIONS.iter().find_map(|name| action.member(name).filter(Field::is_object))
}

/// OCSF's number for what was seen and left alone, as a detector does.
pub(super) const OBSERVED: i32 = 3;

/// Whether what was seen was stopped; `None` where the finding does not say.
pub(super) fn blocked(root: Field<'_>) -> Option<bool> {
    match action(root)?.member("blocked")?.look()?.as_ref() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Who, from where, by which call or connection.
pub(super) fn evidence(root: Field<'_>) -> Option<Evidence> {
    let action = action(root);
    let remote = action.and_then(remote);
    let mut evidence = match (actor(root), remote) {
        (Some(actor), remote) => {
            let mut evidence = Evidence::of_actor(actor);
            evidence.set_src_endpoint(remote);
            evidence
        }
        (None, Some(remote)) if is_outbound(action) => Evidence::of_destination(remote),
        (None, Some(remote)) => Evidence::of_source(remote),
        (None, None) => Evidence::of_source(local(root).or_else(|| by_domain(action?))?),
    };
    evidence.set_name(take(root, "service.action.actionType"));
    if evidence.src_endpoint().is_none() {
        evidence.set_src_endpoint(local(root));
    }
    if let Some(action) = action {
        evidence.set_api(api(action)).set_query(query(action)).set_connection_info(connection(action));
        evidence.set_http_request(request(action));
    }
    Some(evidence)
}

fn is_outbound(action: Option<Field<'_>>) -> bool {
    let direction = action.and_then(|action| action.get("connectionDirection")?.look());
    direction.as_deref() == Some("OUTBOUND")
}

fn actor(root: Field<'_>) -> Option<Actor> {
    let key = root.get("resource.accessKeyDetails").filter(Field::is_object);
    if let Some(key) = key {
        let mut user = User::told(take(key, "principalId").as_deref(), take(key, "userName").as_deref())?;
        user.set_account(root.member("accountId").and_then(|account| account.look()).map(Account::of_uid));
        let kind = take(key, "userType");
        user.set_type_id(kind.is_some().then_some(99)).set_kind(kind);
        let mut actor = Actor::of_user(user);
        actor.set_session(take(key, "accessKeyId").map(|key| {
            let mut session = Session::new();
            session.set_credential_uid(key);
            session
        }));
        return Some(actor);
    }
    let person = root.get("resource.kubernetesDetails.kubernetesUserDetails").filter(Field::is_object);
    let database = root.get("resource.rdsDbUserDetails").filter(Field::is_object);
    let user = match (person, database) {
        (Some(person), _) => {
            let mut user = User::told(take(person, "uid").as_deref(), take(person, "username").as_deref())?;
            let groups =
                person.member("groups").into_iter().flat_map(|groups| groups.children().collect::<Vec<_>>());
            user.set_groups(groups.filter_map(|group| group.take()).map(Group::named).collect::<Vec<_>>());
            user
        }
        (None, database) => User::named(take(database?, "user")?),
    };
    Some(Actor::of_user(user))
}

/// A service of AWS that called, by its name.
fn by_domain(action: Field<'_>) -> Option<NetworkEndpoint> {
    Some(NetworkEndpoint::of_domain(take(action, "domainDetails.domain")?))
}

/// The far address, with place and network as the finding tells them.
fn remote(action: Field<'_>) -> Option<NetworkEndpoint> {
    let probe = action.member("portProbeDetails").and_then(|list| list.children().next());
    let holder = probe.unwrap_or(action);
    let details = holder.member("remoteIpDetails").filter(Field::is_object)?;
    let address = take(details, "ipAddressV4").or_else(|| take(details, "ipAddressV6"))?;
    let mut end = NetworkEndpoint::of_ip(address);
    end.set_port(holder.get("remotePortDetails.port").and_then(|port| port.take_as::<u16>()));
    end.set_location(location(details));
    let organization = details.member("organization").filter(Field::is_object);
    if let Some(organization) = organization {
        let number = organization.member("asn").and_then(|number| number.take_as::<i64>());
        end.set_autonomous_system(number.map(|number| {
            let mut system = AutonomousSystem::of_number(number);
            system.set_name(take(organization, "asnOrg"));
            system
        }));
        end.set_isp(take(organization, "isp"));
    }
    Some(end)
}

/// The finding spells the country out; its two letters stand beside where they are told.
fn location(details: Field<'_>) -> Option<Location> {
    let city = take(details, "city.cityName");
    let country = take(details, "country.countryCode").or_else(|| take(details, "country.countryName"));
    let mut location = match (&country, &city) {
        (Some(country), _) => Location::in_country(&**country),
        (None, Some(city)) => Location::in_city(&**city),
        (None, None) => return None,
    };
    location.set_city(city);
    let degrees = |path| details.get(path)?.take_fraction();
    location.set_lat(degrees("geoLocation.lat")).set_long(degrees("geoLocation.lon"));
    Some(location)
}

/// The machine's own end: its first interface, with the port that was used.
fn local(root: Field<'_>) -> Option<NetworkEndpoint> {
    let interfaces = root.get("resource.instanceDetails.networkInterfaces")?;
    let interface = interfaces.children().next()?;
    let mut end = NetworkEndpoint::of_ip(interface.member("privateIpAddress")?.copy()?);
    end.set_interface_uid(take(interface, "networkInterfaceId"));
    end.set_subnet_uid(take(interface, "subnetId")).set_vpc_uid(take(interface, "vpcId"));
    end.set_instance_uid(root.get("resource.instanceDetails.instanceId").and_then(|id| id.look()));
    let port = action(root).and_then(|action| action.get("localPortDetails.port"));
    end.set_port(port.and_then(|port| port.take_as::<u16>()));
    Some(end)
}

fn request(action: Field<'_>) -> Option<HttpRequest> {
    let mut request = HttpRequest::new();
    request.set_user_agent(take(action, "userAgent"));
    let passed = action.member("sourceIPs").into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
    let passed: Vec<Str> = passed.filter_map(|address| address.take()).map(Into::into).collect();
    request.set_x_forwarded_for(passed);
    (request != HttpRequest::new()).then_some(request)
}

fn api(action: Field<'_>) -> Option<Api> {
    let operation = take(action, "api").or_else(|| take(action, "verb"))?;
    let mut api = Api::new(operation);
    let service = take(action, "serviceName").or_else(|| take(action, "requestUri"));
    api.set_service(service.map(Service::named));
    let mut response = Response::new();
    response.set_error(take(action, "errorCode"));
    response.set_code(action.member("statusCode").and_then(|code| code.take_as::<i32>()));
    api.set_response((response != Response::new()).then_some(response));
    Some(api)
}

fn query(action: Field<'_>) -> Option<DnsQuery> {
    Some(DnsQuery::new(take(action, "domain")?))
}

fn connection(action: Field<'_>) -> Option<NetworkConnectionInfo> {
    let protocol = action.member("protocol").and_then(|name| name.copy())?.to_lowercase();
    let direction = action.member("connectionDirection").and_then(|text| text.look());
    let mut info = NetworkConnectionInfo::new(match direction.as_deref() {
        Some("INBOUND") => 1,
        Some("OUTBOUND") => 2,
        _ => 0,
    });
    info.set_protocol_name(protocol);
    Some(info)
}
