//! Records of the Okta System Log, in the shape of Okta's `LogEvent` object.

use crate::cast::{Device, Person, Place};
use crate::log::{Log, LogSource, millis_text};
use crate::object::Object;
use crate::rng::{MIXED, Rng};

/// A browser in which somebody is, or tries to be, signed in.
#[derive(Clone, Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) person: &'a Person,
    pub(crate) place: Place,
    /// `None`: no device that Okta knows.
    pub(crate) device: Option<&'a Device>,
    pub(crate) agent: &'a str,
    pub(crate) session: String,
}

/// What happened in it.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) kind: &'static str,
    pub(crate) message: &'static str,
    pub(crate) result: &'static str,
    pub(crate) reason: Option<&'static str>,
    pub(crate) credential: Option<&'static str>,
    pub(crate) targets: Vec<String>,
    pub(crate) detail: Vec<(&'static str, String)>,
}

impl Act {
    pub(crate) fn new(kind: &'static str, message: &'static str) -> Self {
        Self {
            kind,
            message,
            result: "SUCCESS",
            reason: None,
            credential: None,
            targets: Vec::new(),
            detail: Vec::new(),
        }
    }

    pub(crate) fn ended(mut self, result: &'static str, reason: Option<&'static str>) -> Self {
        (self.result, self.reason) = (result, reason);
        self
    }

    pub(crate) fn by(mut self, credential: &'static str) -> Self {
        self.credential = Some(credential);
        self
    }

    pub(crate) fn on(mut self, target: String) -> Self {
        self.targets.push(target);
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.detail.push((name, value.into()));
        self
    }
}

/// A `target` that is a person.
pub(crate) fn user(id: &str, email: &str, name: &str) -> String {
    target(id, "User", email, name)
}

/// A `target` that is an application.
pub(crate) fn app(label: &str) -> String {
    let id = format!("0oa{}", Rng::of(0, label).token(17, MIXED));
    target(&id, "AppInstance", label, label)
}

/// A `target` of any type.
pub(crate) fn target(id: &str, kind: &str, alternate: &str, name: &str) -> String {
    Object::default()
        .text("id", id)
        .text("type", kind)
        .text("alternateId", alternate)
        .text("displayName", name)
        .plain("detailEntry", "null")
        .end()
}

impl<'a> Visit<'a> {
    /// A visit with the person's own device.
    pub(crate) fn known(rng: &mut Rng, person: &'a Person, place: Place) -> Self {
        let session = format!("102{}", rng.token(22, MIXED));
        Self { person, place, device: Some(&person.device), agent: person.device.agent, session }
    }

    /// Writes what happened at `at`.
    pub(crate) fn write(&self, log: &mut Log, rng: &mut Rng, at: i64, act: &Act) {
        let actor = Object::default()
            .text("id", &self.person.okta)
            .text("type", "User")
            .text("alternateId", &self.person.email)
            .text("displayName", &self.person.name)
            .plain("detailEntry", "null");
        let authentication = Object::default()
            .plain("authenticationProvider", "null")
            .plain("credentialProvider", "null")
            .maybe("credentialType", act.credential)
            .plain("issuer", "null")
            .plain("authenticationStep", 0)
            .text("externalSessionId", &self.session)
            .plain("interface", "null");
        let outcome = Object::default().text("result", act.result).maybe("reason", act.reason);
        let request = rng.token(24, MIXED);
        let line = Object::default()
            .object("actor", &actor)
            .object("client", &self.client())
            .plain("device", self.device_json())
            .object("authenticationContext", &authentication)
            .text("displayMessage", act.message)
            .text("eventType", act.kind)
            .object("outcome", &outcome)
            .text("published", &millis_text(at))
            .object("securityContext", &self.security())
            .text("severity", if act.result == "FAILURE" { "WARN" } else { "INFO" })
            .object("debugContext", &debug(rng, &request, act))
            .plain("legacyEventType", "null")
            .object(
                "transaction",
                &Object::default().text("type", "WEB").text("id", &request).plain("detail", "{}"),
            )
            .text("uuid", &rng.uuid())
            .text("version", "0")
            .object("request", &Object::default().list("ipChain", &[self.hop()]))
            .plain("target", targets(&act.targets))
            .end();
        log.write(LogSource::Okta, at, line);
    }

    fn client(&self) -> Object {
        let (os, browser) = match self.agent {
            agent if agent.contains("Mac OS X") => ("Mac OS X", "SAFARI"),
            agent if agent.contains("Edg/") => ("Windows 10", "EDGE"),
            agent if agent.contains("Linux") => ("Linux", "FIREFOX"),
            _ => ("Windows 10", "CHROME"),
        };
        let agent =
            Object::default().text("rawUserAgent", self.agent).text("os", os).text("browser", browser);
        Object::default()
            .object("userAgent", &agent)
            .text("zone", "null")
            .text("device", "Computer")
            .plain("id", "null")
            .text("ipAddress", &self.place.address)
            .object("geographicalContext", &self.geography())
    }

    fn geography(&self) -> Object {
        Object::default()
            .text("city", self.place.city)
            .plain("state", "null")
            .text("country", self.place.country)
            .plain("postalCode", "null")
            .plain("geolocation", "null")
    }

    fn security(&self) -> Object {
        Object::default()
            .plain("asNumber", self.place.asn)
            .text("asOrg", self.place.provider)
            .text("isp", self.place.provider)
            .plain("domain", "null")
            .plain("isProxy", false)
    }

    fn hop(&self) -> String {
        Object::default()
            .text("ip", &self.place.address)
            .object("geographicalContext", &self.geography())
            .text("version", "V4")
            .plain("source", "null")
            .end()
    }

    fn device_json(&self) -> String {
        let Some(device) = self.device else { return "null".to_owned() };
        Object::default()
            .text("id", &device.id)
            .text("name", &device.name)
            .text("os_platform", device.platform)
            .plain("managed", true)
            .plain("registered", true)
            .text("device_integrator", "null")
            .end()
    }
}

fn debug(rng: &mut Rng, request: &str, act: &Act) -> Object {
    let mut data = Object::default()
        .text("requestId", request)
        .text("dtHash", &rng.hex(64))
        .text("threatSuspected", "false");
    for (name, value) in &act.detail {
        data = data.text(name, value);
    }
    Object::default().object("debugData", &data)
}

fn targets(targets: &[String]) -> String {
    if targets.is_empty() { "null".to_owned() } else { format!("[{}]", targets.join(",")) }
}
