//! CrowdStrike Falcon: alerts and detections, from the interface and from the event stream.
//!
//! Source: developer.crowdstrike.com, API collections Alerts and Detects, and the event stream's dictionary. The
//! interface writes `composite_id`, the older one `detection_id` with `behaviors[]`, the stream `metadata.eventType`
//! and `event`. Severity is 0 to 100: below 20 informational, 40 low, 60 medium, 80 high, else critical.

use super::{DeviceNames, Places, account, attack, device, head, process, state, tell_action};
use crate::act::UNKNOWN;
use crate::number;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_event::{Analytic, Event, Evidence, FindingInfo, Process, Product, Severity};

/// CrowdStrike Falcon alerts. Class 2004.
#[derive(Clone, Copy, Debug, Default)]
pub struct Falcon;

const STREAMED: [&str; 4] = [
    "DetectionSummaryEvent",
    "EppDetectionSummaryEvent",
    "IdpDetectionSummaryEvent",
    "MobileDetectionSummaryEvent",
];

impl Source for Falcon {
    fn name(&self) -> &'static str {
        "crowdstrike"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let told = |name| root.member(name).is_some();
        if told("composite_id") && (told("severity") || told("pattern_id") || told("display_name")) {
            return true;
        }
        if told("detection_id") && told("behaviors") {
            return true;
        }
        let kind = root
            .member("metadata")
            .and_then(|metadata| metadata.member("eventType"))
            .and_then(|kind| kind.look());
        kind.is_some_and(|kind| STREAMED.contains(&&*kind)) && told("event")
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let behavior =
            root.member("behaviors").filter(Field::is_array).and_then(|list| list.children().next());
        let known = Places::of([root.member("event"), behavior, Some(root), root.member("metadata")]);
        events.push(event(&known));
    }
}

const MACHINE: DeviceNames<'static> = DeviceNames {
    uid: &["device.device_id", "agent_id", "SensorId", "AgentId"],
    hostname: &["device.hostname", "ComputerName", "Hostname"],
    ip: &["device.local_ip", "LocalIP", "LocalIPv6"],
    mac: &["device.mac_address", "MACAddress"],
    domain: &["device.machine_domain", "MachineDomain", "LogonDomain"],
    platform: &["device.platform_name", "PlatformName"],
    version: &["device.os_version"],
};

fn event(known: &Places<'_>) -> Event {
    let word = known.field(&["status"]).and_then(|word| word.copy());
    let (activity, status) = word.as_deref().map_or((1, 1), state);
    let time = known.moment(&[
        "timestamp",
        "created_timestamp",
        "context_timestamp",
        "eventCreationTime",
        "ProcessStartTime",
    ]);
    let head = head(activity, time, Product::new("CrowdStrike", "Falcon"));
    let mut event = Event::detection_finding(head, finding(known));
    event.set_device(device(known, &MACHINE)).set_is_alert(true).set_status_id(status);
    event.set_status(word.filter(|_| status == 99)).set_evidences(evidences(known));
    event.set_confidence_score(known.field(&["confidence", "max_confidence"]).and_then(number::int));
    let metadata = event.metadata_mut();
    metadata.set_correlation_uid(known.take(&["aggregate_id", "AggregateId"]));
    metadata.set_event_code(known.take(&["eventType", "type"])).set_log_name("Alerts");
    tell_severity(&mut event, known);
    tell_disposition(&mut event, known);
    event
}

fn finding(known: &Places<'_>) -> FindingInfo {
    let uid = known.take(&["composite_id", "CompositeId", "detection_id", "DetectId", "id"]);
    let mut finding = FindingInfo::new(uid.unwrap_or(UNKNOWN.into()));
    finding.set_title(known.take(&["display_name", "name", "DetectName", "Name", "scenario"]));
    finding.set_desc(known.take(&["description", "DetectDescription", "Description"]));
    finding.set_src_url(known.take(&["falcon_host_link", "FalconHostLink"]));
    finding.set_created_time(known.moment(&["created_timestamp", "eventCreationTime"]));
    finding.set_modified_time(known.moment(&["updated_timestamp"]));
    finding.set_first_seen_time(known.moment(&["context_timestamp", "first_behavior", "ProcessStartTime"]));
    finding.set_last_seen_time(known.moment(&["last_behavior", "ProcessEndTime"]));
    let pattern = known.take(&["pattern_id", "PatternId"]);
    finding.set_analytic(pattern.map(|uid| {
        let mut analytic = Analytic::new(&*uid, 1);
        analytic.set_uid(uid);
        analytic
    }));
    let objective = known.take(&["objective", "Objective"]);
    finding.set_types(objective.map(|objective| vec![objective.into()]).unwrap_or_default());
    let tactic = [known.take(&["tactic_id"]), known.take(&["tactic", "Tactic"])];
    let technique = [known.take(&["technique_id"]), known.take(&["technique", "Technique"])];
    finding.set_attacks(attack(tactic, technique).into_iter().collect::<Vec<_>>());
    finding
}

fn tell_severity(event: &mut Event, known: &Places<'_>) {
    let field = known.field(&["severity", "Severity", "max_severity"]);
    let number = field.and_then(|field| field.copy()?.parse::<i64>().ok());
    let name = known.field(&["severity_name", "SeverityName", "max_severity_displayname"]);
    let named = name.and_then(|name| name.look()).map(|name| match &*name.to_ascii_lowercase() {
        "informational" => Severity::INFORMATIONAL,
        "low" => Severity::LOW,
        "medium" => Severity::MEDIUM,
        "high" => Severity::HIGH,
        "critical" => Severity::CRITICAL,
        _ => Severity::UNKNOWN,
    });
    let bounds = number.map(|number| match number {
        ..20 => Severity::INFORMATIONAL,
        20..40 => Severity::LOW,
        40..60 => Severity::MEDIUM,
        60..80 => Severity::HIGH,
        80.. => Severity::CRITICAL,
    });
    event.set_severity(named.or(bounds).unwrap_or(Severity::UNKNOWN));
    if named.is_some_and(|named| named != Severity::UNKNOWN) {
        event.set_severity_name(name.and_then(|name| name.take()));
    }
}

/// What was done: a file or machine put aside, an operation blocked, or nothing but the detection.
fn tell_disposition(event: &mut Event, known: &Places<'_>) {
    let flags =
        known.object("pattern_disposition_details").or_else(|| known.object("PatternDispositionFlags"));
    let mut set: Vec<String> = Vec::new();
    for flag in flags.iter().flat_map(Field::children) {
        if flag.look().as_deref() == Some("true") {
            flag.copy();
            set.push(flag.name().to_ascii_lowercase().replace('_', ""));
        }
    }
    let has = |words: &[&str]| {
        set.iter().any(|flag| words.iter().any(|word| flag.contains(word)) && !flag.contains("disabled"))
    };
    let word = known.take(&["pattern_disposition_description", "PatternDispositionDescription"]);
    if has(&["quarantinemachine"]) {
        tell_action(event, 2, 4);
    } else if has(&["quarantine"]) {
        tell_action(event, 2, 3);
    } else if has(&["kill", "blocked", "prevent", "suspend"]) {
        tell_action(event, 2, 2);
    } else if flags.is_some() || word.is_some() {
        let stopped = word.as_deref().is_some_and(|word| word.starts_with("Prevention"));
        if stopped { tell_action(event, 2, 2) } else { tell_action(event, 3, 15) }
    }
    event.set_status_detail(word);
}

fn evidences(known: &Places<'_>) -> Vec<Evidence> {
    let mut found = Vec::new();
    let user =
        known.user(&["user_principal", "user_name", "UserName"], &["user_id", "UserId"], &["logon_domain"]);
    let user = user.map(|mut user| {
        user.set_account(account(known.take(&["cid", "customerIDString"])));
        user
    });
    match running(known) {
        Some(mut process) => {
            process.set_user(user.clone());
            found.push(Evidence::of_process(process));
        }
        None => found.extend(user.clone().map(Evidence::of_user)),
    }
    if let Some(first) = found.first_mut() {
        first.set_user(user);
    }
    found
}

/// The process that set it off, its parent and the parent's parent.
fn running(known: &Places<'_>) -> Option<Process> {
    let mut own =
        process(known.take(&["process_id", "ProcessId", "triggering_process_graph_id"]).as_deref(), None)?;
    let hashes: [&[&str]; 3] = [&["md5", "MD5String"], &["sha1", "SHA1String"], &["sha256", "SHA256String"]];
    own.set_file(known.file(&["filename", "FileName"], &["filepath", "FilePath"], hashes));
    own.set_cmd_line(known.take(&["cmdline", "CommandLine"]));
    own.set_created_time(known.moment(&["process_start_time"]));
    let grand =
        ancestor(known, "grandparent_details", ["", "GrandparentImageFileName", "GrandparentCommandLine"]);
    let parent =
        ancestor(known, "parent_details", ["ParentProcessId", "ParentImageFileName", "ParentCommandLine"]);
    own.set_parent_process(parent.map(|mut parent| {
        parent.set_parent_process(grand);
        parent
    }));
    Some(own)
}

fn ancestor(known: &Places<'_>, object: &str, streamed: [&str; 3]) -> Option<Process> {
    let [uid, image, line] = streamed;
    let inside = Places::of([known.object(object)]);
    let id = inside
        .take(&["process_id", "local_process_id", "process_graph_id"])
        .or_else(|| if uid.is_empty() { None } else { known.take(&[uid, "parent_process_id"]) });
    let mut parent = process(id.as_deref(), None)?;
    let hashes: [&[&str]; 3] = [&["md5"], &["sha1"], &["sha256"]];
    let file = inside
        .file(&["filename"], &["filepath"], hashes)
        .or_else(|| known.file(&[], &[image], hashes_of_none()));
    parent.set_file(file).set_cmd_line(inside.take(&["cmdline"]).or_else(|| known.take(&[line])));
    parent.set_user(inside.user(&["user_name"], &["user_id"], &[]));
    Some(parent)
}

fn hashes_of_none() -> [&'static [&'static str]; 3] {
    [&[], &[], &[]]
}
