//! The role view under the names of the Elastic Common Schema, release 8 (ECS reference, "Field sets").

use crate::class::ClassUid;
use crate::event::Event;
use crate::export::Fields;
use crate::finding::FindingInfo;
use crate::metadata::{Metadata, Product};
use homeostat_core::{EntityKind, Outcome};

impl Event {
    /// The event's roles as ECS fields: `event`, `user`, `source`, `destination`, `host`, `observer`, `related` and
    /// what the class is about. Fields of which nothing is told are absent.
    ///
    /// The actor is `user`, whom it was done to `user.target`.
    ///
    /// ```
    /// use homeostat_event::Event;
    ///
    /// let event = Event::from_json(
    ///     r#"{"class_uid":3002,"activity_id":1,"time":1773649800000,"status_id":2,"user":{"name":"jane"},
    ///         "src_endpoint":{"ip":"203.0.113.7","port":443},"metadata":{"product":{"name":"Login"}}}"#,
    /// )?;
    /// let ecs = event.to_ecs();
    /// assert_eq!(ecs.get("@timestamp"), ["2026-03-16T08:30:00.000000Z"]);
    /// assert_eq!(ecs.get("event.category"), ["authentication"]);
    /// assert_eq!(ecs.get("event.type"), ["start"]);
    /// assert_eq!((ecs.get("user.name"), ecs.get("event.outcome")), (&["jane".into()][..], &["failure".into()][..]));
    /// assert_eq!((ecs.get("source.ip"), ecs.get("related.ip")), (ecs.get("related.ip"), ecs.get("source.ip")));
    /// # Ok::<(), homeostat_event::EventError>(())
    /// ```
    pub fn to_ecs(&self) -> Fields {
        let mut fields = Fields::new();
        head(self, &mut fields);
        people(self, &mut fields);
        places(self, &mut fields);
        for (name, path) in COPIES {
            fields.copy(name, self, path);
        }
        related(self, &mut fields);
        fields
    }
}

/// Fields that are an attribute as it stands.
const COPIES: [(&str, &str); 38] = [
    ("event.code", "metadata.event_code"),
    ("event.id", "metadata.uid"),
    ("event.dataset", "metadata.log_name"),
    ("message", "message"),
    ("cloud.provider", "cloud.provider"),
    ("cloud.account.id", "cloud.account.uid"),
    ("cloud.region", "cloud.region"),
    ("host.id", "device.uid"),
    ("host.name", "device.hostname"),
    ("host.ip", "device.ip"),
    ("host.mac", "device.mac"),
    ("container.id", "device.container.uid"),
    ("user_agent.original", "http_request.user_agent"),
    ("http.request.method", "http_request.http_method"),
    ("http.response.status_code", "http_response.code"),
    ("url.full", "http_request.url.url_string"),
    ("url.domain", "http_request.url.hostname"),
    ("url.path", "http_request.url.path"),
    ("dns.question.name", "query.hostname"),
    ("dns.question.type", "query.type"),
    ("dns.answers.data", "answers.rdata"),
    ("dns.response_code", "rcode"),
    ("network.transport", "connection_info.protocol_name"),
    ("network.protocol", "app_protocol_name"),
    ("network.community_id", "connection_info.community_uid"),
    ("source.mac", "src_endpoint.mac"),
    ("source.bytes", "traffic.bytes_out"),
    ("source.packets", "traffic.packets_out"),
    ("destination.mac", "dst_endpoint.mac"),
    ("destination.bytes", "traffic.bytes_in"),
    ("destination.packets", "traffic.packets_in"),
    ("file.name", "file.name"),
    ("file.path", "file.path"),
    ("email.subject", "email.subject"),
    ("email.message_id", "email.message_uid"),
    ("email.to.address", "email.to"),
    ("registry.path", "reg_key.path"),
    ("registry.value", "reg_value.name"),
];

fn head(event: &Event, fields: &mut Fields) {
    fields.add("@timestamp", Some(event.when()).filter(|time| time.is_moment()).map(|time| time.to_string()));
    let finding = event.class_uid().get() / 1_000 % 100 == 2;
    fields.add("event.kind", Some(if finding { "alert" } else { "event" }));
    for category in categories(event.class_uid()) {
        fields.add("event.category", Some(*category));
    }
    for kind in types(event) {
        fields.add("event.type", Some(kind));
    }
    fields.add("event.action", Some(event.action()));
    let outcome = match event.outcome() {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
        _ => "unknown",
    };
    fields.add("event.outcome", Some(outcome));
    fields.add("event.provider", event.service());
    fields.add("event.module", event.metadata().and_then(Metadata::product).and_then(Product::name));
    let info = event.finding_info();
    fields.add("rule.name", info.and_then(|info| info.analytic()?.name().or(info.title())));
    let attacks = info.map(FindingInfo::attacks).unwrap_or_default().iter().chain(event.attacks());
    for attack in attacks {
        fields.add("threat.technique.id", attack.technique().and_then(|technique| technique.uid()));
    }
}

fn people(event: &Event, fields: &mut Fields) {
    if let Some(actor) = event.actor().filter(|actor| !actor.stands_in()) {
        fields.party(["user.id", "user.name", "user.email"], &actor);
        fields.add("user.domain", event.actor_told().and_then(|actor| actor.user()?.domain()));
        if event.class_uid() == ClassUid::EMAIL_ACTIVITY {
            fields.add("email.from.address", actor.email());
        }
    }
    for user in crate::keys::target_users(event) {
        fields.add("user.target.id", user.uid());
        fields.add("user.target.name", user.name());
        fields.add("user.target.email", user.email_addr());
    }
    fields.add("group.id", event.group().and_then(|group| group.uid()));
    fields.add("group.name", event.group().and_then(|group| group.name()));
    let process = if event.at("process").is_some() { "process" } else { "actor.process" };
    for (name, part) in [
        ("process.entity_id", "uid"),
        ("process.pid", "pid"),
        ("process.name", "name"),
        ("process.executable", "path"),
        ("process.command_line", "cmd_line"),
    ] {
        fields.copy(name, event, &format!("{process}.{part}"));
    }
}

fn places(event: &Event, fields: &mut Fields) {
    const SOURCE: [&str; 6] = [
        "source.ip",
        "source.port",
        "source.domain",
        "source.geo.country_iso_code",
        "source.geo.city_name",
        "source.as.number",
    ];
    const DESTINATION: [&str; 6] = [
        "destination.ip",
        "destination.port",
        "destination.domain",
        "destination.geo.country_iso_code",
        "destination.geo.city_name",
        "destination.as.number",
    ];
    // A device that something was done on is the host, not a source.
    if let Some(origin) = event.origin().filter(|origin| !origin.is_device()) {
        fields.place(SOURCE, &origin);
    }
    if let Some(destination) = event.destination() {
        fields.place(DESTINATION, &destination);
    }
    let observer = event.observer();
    fields.add("observer.name", observer.as_ref().and_then(|seen| seen.name().or(seen.uid())));
}

fn related(event: &Event, fields: &mut Fields) {
    for (key, _) in event.entities() {
        let field = match key.kind() {
            EntityKind::Ip => "related.ip",
            EntityKind::Hostname | EntityKind::Fqdn | EntityKind::Domain => "related.hosts",
            EntityKind::FileHash => "related.hash",
            EntityKind::Upn | EntityKind::Email | EntityKind::Sam | EntityKind::LocalUser => "related.user",
            _ => continue,
        };
        let value = if key.kind() == EntityKind::FileHash { key.value().split_once(':') } else { None };
        fields.add(field, Some(value.map_or(key.value(), |(_, hash)| hash)));
    }
}

fn categories(class: ClassUid) -> &'static [&'static str] {
    match class.get() {
        1001 | 6006 => &["file"],
        1002 => &["driver"],
        1003 | 1004 | 1007 | 1009 => &["process"],
        1005 => &["library"],
        1006 | 1008 | 1010 | 5019 | 201_004 => &["configuration", "host"],
        201_001..=201_003 => &["registry"],
        2002 | 2007 => &["vulnerability"],
        2003 => &["configuration"],
        2000..=2999 => &["intrusion_detection"],
        3002 => &["authentication"],
        3003 => &["session"],
        3000..=3999 | 5003 => &["iam"],
        4002 | 6001 | 6004 => &["web", "network"],
        4009 | 4011 | 4012 => &["email"],
        4000..=4999 => &["network"],
        5000..=5999 => &["host"],
        6002 => &["package"],
        6003 => &["api"],
        6005 => &["database"],
        _ => &[],
    }
}

/// By the activity's caption, which says the same in every class.
fn types(event: &Event) -> Vec<&'static str> {
    let class = event.class_uid();
    let caption = class.activity_name(event.activity_id()).unwrap_or_default();
    let mut types = Vec::new();
    match class.get() {
        3001 | 3005 => types.push("user"),
        3006 => types.push("group"),
        4001..=4999 => types.push("connection"),
        _ => {}
    }
    let told = match caption.split([' ', ':']).next().unwrap_or_default() {
        "Create" | "Upload" | "Import" | "Add" => "creation",
        "Delete" | "Remove" | "Clear" => "deletion",
        "Read" | "Get" | "List" | "Query" | "Open" | "Download" | "Search" | "Preview" | "Access" => "access",
        "Logon" | "Launch" | "Start" | "Load" | "Started" => "start",
        "Logoff" | "Terminate" | "Stop" | "Close" | "Unload" | "Completed" => "end",
        "Install" => "installation",
        "Update" | "Set" | "Modify" | "Rename" | "Enable" | "Disable" | "Password" | "Attach" | "Detach"
        | "Assign" | "Revoke" | "Lock" | "Unlock" | "MFA" | "Move" | "Write" => "change",
        _ => "info",
    };
    types.push(told);
    match event.action_id() {
        Some(1) => types.push("allowed"),
        Some(2) => types.push("denied"),
        _ => {}
    }
    types
}
