//! The role view under the names of Microsoft's Advanced Security Information Model (ASIM, "Normalization and the
//! common fields", and the pages of its schemas).

use crate::class::{ClassUid, Severity};
use crate::event::Event;
use crate::export::Fields;
use crate::keys;
use crate::metadata::{Metadata, Product};
use homeostat_core::Outcome;

impl Event {
    /// The event's roles as ASIM fields: `Actor…`, `TargetUser…`, `Src…`, `Dst…`, `Dvc…` and what the class is about.
    /// Fields of which nothing is told are absent.
    ///
    /// Who signs in is the target user there; the actor is whoever asked for it.
    ///
    /// ```
    /// use homeostat_event::Event;
    ///
    /// let event = Event::from_json(
    ///     r#"{"class_uid":3002,"activity_id":1,"time":1773649800000,"status_id":1,"user":{"name":"jane"},
    ///         "src_endpoint":{"ip":"203.0.113.7"},"metadata":{"product":{"name":"Login","vendor_name":"Acme"}}}"#,
    /// )?;
    /// let asim = event.to_asim();
    /// assert_eq!(asim.get("EventSchema"), ["Authentication"]);
    /// assert_eq!((asim.get("TargetUsername"), asim.get("ActorUsername")), (&["jane".into()][..], &[][..]));
    /// assert_eq!((asim.get("SrcIpAddr"), asim.get("EventResult")), (&["203.0.113.7".into()][..], &["Success".into()][..]));
    /// # Ok::<(), homeostat_event::EventError>(())
    /// ```
    pub fn to_asim(&self) -> Fields {
        let mut fields = Fields::new();
        head(self, &mut fields);
        people(self, &mut fields);
        places(self, &mut fields);
        for (name, path) in COPIES {
            fields.copy(name, self, path);
        }
        fields
    }
}

/// Fields that are an attribute as it stands.
const COPIES: [(&str, &str); 31] = [
    ("EventMessage", "message"),
    ("EventOriginalUid", "metadata.uid"),
    ("EventOriginalType", "metadata.event_code"),
    ("EventOriginalResultDetails", "status_code"),
    ("ActorSessionId", "actor.session.uid"),
    ("HttpUserAgent", "http_request.user_agent"),
    ("HttpRequestMethod", "http_request.http_method"),
    ("HttpStatusCode", "http_response.code"),
    ("Url", "http_request.url.url_string"),
    ("DnsQuery", "query.hostname"),
    ("DnsQueryTypeName", "query.type"),
    ("DnsResponseCode", "rcode_id"),
    ("NetworkProtocol", "connection_info.protocol_name"),
    ("NetworkApplicationProtocol", "app_protocol_name"),
    ("NetworkSessionId", "connection_info.uid"),
    ("NetworkDuration", "duration"),
    ("SrcMacAddr", "src_endpoint.mac"),
    ("SrcBytes", "traffic.bytes_out"),
    ("SrcPackets", "traffic.packets_out"),
    ("DstMacAddr", "dst_endpoint.mac"),
    ("DstBytes", "traffic.bytes_in"),
    ("DstPackets", "traffic.packets_in"),
    ("DvcId", "device.uid"),
    ("DvcHostname", "device.hostname"),
    ("DvcIpAddr", "device.ip"),
    ("DvcMacAddr", "device.mac"),
    ("TargetProcessName", "process.name"),
    ("TargetProcessId", "process.pid"),
    ("TargetProcessCommandLine", "process.cmd_line"),
    ("TargetFilePath", "file.path"),
    ("RegistryKey", "reg_key.path"),
];

fn head(event: &Event, fields: &mut Fields) {
    let time = Some(event.when()).filter(|time| time.is_moment()).map(|time| time.to_string());
    fields.add("TimeGenerated", time);
    let product = event.metadata().and_then(Metadata::product);
    fields.add("EventVendor", product.and_then(Product::vendor_name));
    fields.add("EventProduct", product.and_then(Product::name));
    fields.add("EventSchema", schema(event.class_uid()));
    fields.add("EventType", event.class_uid().activity_name(event.activity_id()));
    fields.add("Operation", Some(event.action()));
    let result = match event.outcome() {
        Outcome::Success => "Success",
        Outcome::Failure => "Failure",
        Outcome::Other => "Partial",
        Outcome::Unknown => "NA",
    };
    fields.add("EventResult", Some(result));
    let severity = match event.severity() {
        Severity::LOW => "Low",
        Severity::MEDIUM => "Medium",
        Severity::HIGH | Severity::CRITICAL | Severity::FATAL => "High",
        _ => "Informational",
    };
    fields.add("EventSeverity", Some(severity));
}

fn people(event: &Event, fields: &mut Fields) {
    const TARGET: [&str; 3] = ["TargetUserId", "TargetUsername", "TargetUsername"];
    let signs_in = event.class_uid() == ClassUid::AUTHENTICATION;
    let asked = event.actor_told().is_some_and(|actor| actor.user().is_some());
    if let Some(actor) = event.actor().filter(|actor| !actor.stands_in()) {
        let alone = signs_in && !asked;
        fields.party(if alone { TARGET } else { ["ActorUserId", "ActorUsername", "ActorUsername"] }, &actor);
    }
    let signed_in = event.user().filter(|_| signs_in && asked);
    for user in keys::target_users(event).into_iter().chain(signed_in) {
        fields.add("TargetUserId", user.uid());
        fields.add("TargetUsername", user.name().or(user.email_addr()));
    }
    fields.add("ActingAppId", event.actor_told().and_then(|actor| actor.app_uid()));
    fields.add("ActingAppName", event.actor_told().and_then(|actor| actor.app_name()));
    fields.add("TargetAppName", event.service());
    for target in event.targets().iter().filter(|target| !target.stands_in()) {
        let thing = !keys::target_users(event)
            .iter()
            .any(|user| user.uid() == target.uid() && user.name() == target.name());
        fields.add("Object", target.name().or(target.uid()).filter(|_| thing));
    }
    fields.copy("ActingProcessName", event, "actor.process.name");
    fields.copy("ActingProcessId", event, "actor.process.pid");
}

fn places(event: &Event, fields: &mut Fields) {
    const SOURCE: [&str; 6] =
        ["SrcIpAddr", "SrcPortNumber", "SrcHostname", "SrcGeoCountry", "SrcGeoCity", "SrcAsn"];
    const DESTINATION: [&str; 6] =
        ["DstIpAddr", "DstPortNumber", "DstHostname", "DstGeoCountry", "DstGeoCity", "DstAsn"];
    if let Some(origin) = event.origin().filter(|origin| !origin.is_device()) {
        fields.place(SOURCE, &origin);
    }
    if let Some(destination) = event.destination() {
        fields.place(DESTINATION, &destination);
    }
    let observer = event.observer();
    fields.add("Dvc", observer.as_ref().and_then(|seen| seen.name().or(seen.uid())));
}

fn schema(class: ClassUid) -> Option<&'static str> {
    Some(match class.get() {
        1001 | 6006 => "FileEvent",
        1007 => "ProcessEvent",
        201_001 | 201_002 => "RegistryEvent",
        2000..=2999 => "AlertEvent",
        3002 => "Authentication",
        3001 | 3005 | 3006 => "UserManagement",
        4002 | 6001 => "WebSession",
        4003 => "Dns",
        4004 => "DhcpEvent",
        4001 | 4005..=4008 | 4010 | 4013 | 4014 => "NetworkSession",
        1006 | 1008 | 3003 | 3004 | 6002..=6008 | 201_004 => "AuditEvent",
        _ => return None,
    })
}
