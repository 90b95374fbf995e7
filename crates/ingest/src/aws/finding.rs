//! What findings of AWS have in common: techniques in their types, places, severities.

use super::{number, take};
use crate::record::Field;
use homeostat_core::JsonText;
use homeostat_event::{AutonomousSystem, Event, Location, NetworkEndpoint, Severity};

/// Tells a severity by AWS's numbers from 0 to 10.
pub(super) fn tell_severity(score: f64, event: &mut Event) {
    let (severity, word) = match score {
        score if score >= 9.0 => (Severity::CRITICAL, "Critical"),
        score if score >= 7.0 => (Severity::HIGH, "High"),
        score if score >= 4.0 => (Severity::MEDIUM, "Medium"),
        score if score >= 1.0 => (Severity::LOW, "Low"),
        _ => (Severity::INFORMATIONAL, "Informational"),
    };
    event.set_severity(severity).set_severity_name(word);
}

/// The other side, of `remoteIpDetails`.
pub(super) fn remote(told: Field<'_>) -> Option<NetworkEndpoint> {
    let ip = take(told, "ipAddressV4").or_else(|| take(told, "ipAddressV6"))?;
    let mut end = NetworkEndpoint::of_ip(ip);
    if let Some(owner) = told.member("organization").filter(Field::is_object) {
        let name = take(owner, "asnOrg");
        let system = owner.member("asn").and_then(number).map(AutonomousSystem::of_number);
        let system = system.or_else(|| name.as_deref().map(AutonomousSystem::named));
        end.set_isp(take(owner, "isp"));
        end.set_autonomous_system(system.map(|mut system| {
            system.set_name(name);
            system
        }));
        if let Some(own) = owner.member("org").filter(Field::is_text).filter(|own| own.look().is_some()) {
            end.set_attribute("isp_org", &JsonText::new(own.json()));
            own.take();
        }
    }
    end.set_location(place(told));
    Some(end)
}

fn place(told: Field<'_>) -> Option<Location> {
    let city = told.get("city").and_then(|city| take(city, "cityName"));
    let country = told
        .get("country")
        .and_then(|country| take(country, "countryCode").or_else(|| take(country, "countryName")));
    let mut location = match (&country, &city) {
        (Some(country), _) => Location::in_country(&**country),
        (None, Some(city)) => Location::in_city(&**city),
        (None, None) => return None,
    };
    location.set_city(city);
    let degrees = |name| {
        let number = told.get("geoLocation")?.member(name).filter(|number| !number.is_text())?;
        number.take().map(|text| JsonText::new(&*text))
    };
    location.set_lat(degrees("lat")).set_long(degrees("lon"));
    Some(location)
}
