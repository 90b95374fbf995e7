//! From where and on what machine somebody signs in.

use crate::azure_log::{AzureLog, location, take};
use crate::record::Field;
use core::num::NonZeroU32;
use homeostat_event::{AutonomousSystem, Device, DeviceId, NetworkEndpoint, Organization, Os};
use std::borrow::Cow;

/// Where it came from. A managed identity signs in from inside Azure, and no address is told.
pub(super) fn origin(log: &AzureLog<'_>, has_device: bool) -> NetworkEndpoint {
    let mut origin = match log.take_address(&["ipAddress", "callerIpAddress"]) {
        Some(address) => NetworkEndpoint::of_ip(address),
        None => NetworkEndpoint::of_service("Microsoft Azure"),
    };
    let place = log.inner().member("location").or_else(|| log.inner().member("locationDetails"));
    let place = place.filter(Field::is_object);
    let country = log.outer().member("location");
    origin.set_location(location(place, country));
    let system = log.field("autonomousSystemNumber").and_then(|number| number.take_as::<NonZeroU32>());
    origin.set_autonomous_system(system.map(|number| AutonomousSystem::of_number(number.get().into())));
    origin.set_zone(zone(log));
    if !has_device {
        let machine = log.inner().member("deviceDetail").filter(Field::is_object);
        origin.set_os(machine.and_then(system_of));
    }
    origin
}

/// The first named network that the address belongs to.
fn zone<'a>(log: &AzureLog<'a>) -> Option<Cow<'a, str>> {
    let networks = log.inner().member("networkLocationDetails").filter(Field::is_array)?;
    networks
        .children()
        .find_map(|network| network.member("networkNames")?.children().find_map(|name| name.take()))
}

/// The machine, where the directory knows it.
pub(super) fn device(log: &AzureLog<'_>, directory: Option<&str>) -> Option<Device> {
    let machine = log.inner().member("deviceDetail").filter(Field::is_object)?;
    let (uid, name) = (take(machine, "deviceId"), take(machine, "displayName"));
    let id = match (uid, &name) {
        (Some(uid), _) => DeviceId::Uid(uid.into()),
        (None, Some(name)) => DeviceId::Name(name.clone().into()),
        (None, None) => return None,
    };
    let mut device = Device::new(0, id);
    device.set_name(name).set_org(directory.map(Organization::of_uid)).set_os(system_of(machine));
    let flag = |name| machine.member(name).and_then(|told| told.take_as::<bool>());
    device.set_is_compliant(flag("isCompliant")).set_is_managed(flag("isManaged"));
    Some(device)
}

fn system_of(machine: Field<'_>) -> Option<Os> {
    const SYSTEMS: [(&str, i32); 6] =
        [("windows", 100), ("linux", 200), ("android", 201), ("mac", 300), ("ios", 301), ("ipados", 302)];
    let name = take(machine, "operatingSystem")?;
    let lower = name.to_ascii_lowercase();
    let number = SYSTEMS.iter().find(|(known, _)| lower.starts_with(known)).map_or(0, |(_, number)| *number);
    Some(Os::new(name, number))
}
