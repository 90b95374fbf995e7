//! Where an Okta client was: its address, its place on earth, its network, its machine.

use super::{take, told};
use crate::address::is_address;
use crate::record::{Field, Record};
use homeostat_event::{AutonomousSystem, Device, DeviceId, Location, NetworkEndpoint, Organization, Os};
use std::borrow::Cow;

/// The client's endpoint; `None` when neither the client nor the chain of proxies tells an address.
pub(super) fn origin(record: &Record<'_>) -> Option<NetworkEndpoint> {
    let root = record.root();
    let client = root.member("client").filter(Field::is_object);
    let chain = root.get("request.ipChain").filter(Field::is_array);
    let address = client.and_then(|client| take_address(client, "ipAddress"));
    let hops: Vec<_> =
        chain.iter().flat_map(Field::children).filter_map(|hop| take_address(hop, "ip")).collect();
    let mut origin = NetworkEndpoint::of_ip(address.clone().or_else(|| hops.first().cloned())?);
    let between = hops.iter().skip(usize::from(hops.first() == address.as_ref() || address.is_none()));
    origin.set_intermediate_ips(between.map(|hop| (&**hop).into()).collect::<Vec<_>>());
    let place = client.and_then(|client| client.member("geographicalContext"));
    origin.set_location(place.and_then(location));
    origin.set_os(client.and_then(|client| system(told(client.get("userAgent.os")?)?)));
    let mut number = None;
    origin.set_zone(client.and_then(|client| take(client, "zone")));
    origin.set_kind(client.and_then(|client| kind(client, &mut number)));
    origin.set_type_id(number);
    chain.iter().flat_map(Field::children).for_each(|hop| tell_again(hop, address.as_deref()));
    if let Some(security) = root.member("securityContext").filter(Field::is_object) {
        network(security, &mut origin);
    }
    Some(origin)
}

/// What form of machine the client is, in OCSF's word and number, else in Okta's own.
fn kind<'a>(client: Field<'a>, number: &mut Option<i32>) -> Option<Cow<'a, str>> {
    let form = client.member("device").and_then(told)?;
    let (known, word) = match &*form.look()? {
        "Mobile" => (5, "Mobile"),
        "Tablet" => (4, "Tablet"),
        _ => (99, ""),
    };
    *number = Some(known);
    let own = form.take();
    if word.is_empty() { own } else { Some(word.into()) }
}

/// The chain tells the client once more, with its place: the same values stand in the origin.
fn tell_again(hop: Field<'_>, address: Option<&str>) {
    let same = hop.member("ip").and_then(|ip| ip.look()).is_some_and(|ip| Some(&*ip) == address);
    let Some(place) = hop.member("geographicalContext").filter(|_| same) else { return };
    let degrees = place.member("geolocation");
    for leaf in place.children().chain(degrees.iter().flat_map(Field::children)) {
        leaf.copy();
    }
}

fn take_address<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    let field = object.member(name)?;
    if is_address(&field.look()?) { field.take() } else { None }
}

fn location(place: Field<'_>) -> Option<Location> {
    let (city, country, region) = (take(place, "city"), take(place, "country"), take(place, "state"));
    let mut location = match (&city, &country, &region) {
        (_, Some(country), _) => Location::in_country(&**country),
        (Some(city), _, _) => Location::in_city(&**city),
        (_, _, Some(region)) => Location::in_region(&**region),
        (None, None, None) => return None,
    };
    location.set_city(city).set_region(region).set_postal_code(take(place, "postalCode"));
    let degrees = |name| place.member("geolocation")?.member(name)?.take_fraction();
    location.set_lat(degrees("lat")).set_long(degrees("lon"));
    Some(location)
}

/// Operating systems by the beginning of their names, with OCSF's numbers.
const SYSTEMS: [(&str, i32); 8] = [
    ("Windows", 100),
    ("Android", 201),
    ("Linux", 200),
    ("Ubuntu", 200),
    ("Mac", 300),
    ("iOS", 301),
    ("iPad", 302),
    ("iPhone", 301),
];

fn system(name: Field<'_>) -> Option<Os> {
    let text = name.take()?;
    let number = SYSTEMS.iter().find(|(known, _)| text.starts_with(known)).map_or(0, |(_, number)| *number);
    Some(Os::new(&*text, number))
}

fn network(security: Field<'_>, origin: &mut NetworkEndpoint) {
    let number = security.member("asNumber").and_then(told);
    let number = number.and_then(|number| Some((number, number.look()?.parse::<i64>().ok()?)));
    let name = take(security, "asOrg");
    let mut system = match (number, &name) {
        (Some((field, number)), _) => {
            field.take();
            AutonomousSystem::of_number(number)
        }
        (None, Some(name)) => AutonomousSystem::named(&**name),
        (None, None) => AutonomousSystem::of_number(0),
    };
    if number.is_some() || name.is_some() {
        system.set_name(name);
        origin.set_autonomous_system(system);
    }
    origin.set_isp(take(security, "isp")).set_domain(take(security, "domain"));
}

/// The machine, where `org` knows it: one that is enrolled has an id there. Its name is a host's name only where it
/// looks like one, for people call their telephones what they like.
pub(super) fn device(record: &Record<'_>, org: Option<&str>) -> Option<Device> {
    let machine = record.root().member("device").filter(Field::is_object)?;
    let (uid, name) = (take(machine, "id"), take(machine, "name"));
    let id = match (uid, &name) {
        (Some(uid), _) => DeviceId::Uid(uid.into()),
        (None, Some(name)) => DeviceId::Name(name.clone().into()),
        (None, None) => return None,
    };
    let form = record.root().get("client.device").and_then(told);
    let number = match form.and_then(|form| form.look()).as_deref() {
        Some("Mobile") => 5,
        Some("Tablet") => 4,
        _ => 0,
    };
    let mut device = Device::new(number, id);
    device.set_hostname(name.clone().filter(|name| is_host_name(name))).set_name(name);
    device.set_org(org.map(Organization::of_uid)).set_os(platform(machine));
    device.set_is_managed(machine.member("managed").and_then(|managed| managed.take_as::<bool>()));
    Some(device)
}

/// One label or more of letters, digits and hyphens, a hyphen or digit among them: `Jane's Mac` and `iPhone` name
/// no one machine, and the comma of `MacBookPro18,2` makes it a model.
fn is_host_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    name.bytes().all(letters) && name.bytes().any(|byte| byte == b'-' || byte.is_ascii_digit())
}

fn platform(machine: Field<'_>) -> Option<Os> {
    let name = take(machine, "os_platform")?;
    let number = match name.to_ascii_uppercase().as_str() {
        "WINDOWS" => 100,
        "LINUX" => 200,
        "ANDROID" => 201,
        "MACOS" | "OSX" => 300,
        "IOS" => 301,
        _ => 0,
    };
    let mut system = Os::new(name, number);
    system.set_version(take(machine, "os_version"));
    Some(system)
}
