//! SentinelOne: threats, as the management console's interface tells them.
//!
//! Source: SentinelOne's management API, Threats. `agentDetectionInfo` is the host when the threat was found,
//! `agentRealtimeInfo` the host now: the first is the device. The product rates no severity; its confidence does:
//! malicious is high, suspicious medium.

use super::{DeviceNames, Places, account, attack, device, head, process, state, tell_action};
use crate::act::UNKNOWN;
use crate::number;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_event::{Device, Event, Evidence, FindingInfo, Malware, Organization, Product, Severity, Str};

/// SentinelOne threats. Class 2004.
#[derive(Clone, Copy, Debug, Default)]
pub struct SentinelOne;

impl Source for SentinelOne {
    fn name(&self) -> &'static str {
        "sentinelone"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let is_object = |name| record.root().member(name).is_some_and(|field| field.is_object());
        is_object("threatInfo") && (is_object("agentRealtimeInfo") || is_object("agentDetectionInfo"))
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let threat = Places::of([root.member("threatInfo"), Some(root)]);
        let host = Places::of([root.member("agentDetectionInfo"), root.member("agentRealtimeInfo")]);
        events.push(event(&threat, &host));
    }
}

const MACHINE: DeviceNames<'static> = DeviceNames {
    uid: &["agentUuid", "agentId"],
    hostname: &["agentComputerName"],
    ip: &["agentIpV4"],
    mac: &["agentMachineMac"],
    domain: &["agentDomain"],
    platform: &["agentOsType", "agentOsName"],
    version: &["agentOsRevision"],
};

fn event(threat: &Places<'_>, host: &Places<'_>) -> Event {
    let word = threat.field(&["incidentStatus"]).and_then(|word| word.copy());
    let (activity, status) = word.as_deref().map_or((1, 1), state);
    let time = threat.moment(&["identifiedAt", "createdAt"]);
    let head = head(activity, time, Product::new("SentinelOne", "Singularity"));
    let mut event = Event::detection_finding(head, finding(threat));
    event.set_device(machine(host)).set_is_alert(true).set_status_id(status);
    event.set_status(word.filter(|_| status == 99));
    let confidence = threat.take(&["confidenceLevel"]);
    event.set_severity(match confidence.as_deref() {
        Some("malicious") => Severity::HIGH,
        Some("suspicious") => Severity::MEDIUM,
        _ => Severity::UNKNOWN,
    });
    event.set_confidence(confidence.clone()).set_confidence_id(confidence.map(|_| 99));
    event.set_evidences(evidence(threat, host).into_iter().collect::<Vec<_>>()).set_malware(malware(threat));
    event.set_comment(threat.take(&["analystVerdictDescription", "analystVerdict"]));
    tell_mitigation(&mut event, threat);
    event
}

/// The host when the threat was found, in the account and site that manage it.
fn machine(host: &Places<'_>) -> Option<Device> {
    let mut device = device(host, &MACHINE)?;
    let account = host.take(&["accountId"]);
    device.set_uid_alt(host.take(&["agentId"])).set_org(account.map(|account| {
        let mut org = Organization::of_uid(account);
        org.set_ou_uid(host.take(&["siteId"])).set_ou_name(host.take(&["siteName"]));
        org.set_name(host.take(&["accountName"]));
        org
    }));
    Some(device)
}

fn finding(threat: &Places<'_>) -> FindingInfo {
    let uid = threat.take(&["threatId", "id"]);
    let mut finding = FindingInfo::new(uid.unwrap_or(UNKNOWN.into()));
    finding.set_title(threat.take(&["threatName"]));
    finding.set_types(threat.take(&["detectionType"]).map(|kind| vec![Str::from(kind)]).unwrap_or_default());
    finding.set_created_time(threat.moment(&["createdAt"])).set_modified_time(threat.moment(&["updatedAt"]));
    finding.set_first_seen_time(threat.moment(&["identifiedAt"]));
    let engines = threat.list("detectionEngines").into_iter();
    let engines =
        engines.filter_map(|engine| engine.member("title").or(engine.member("key"))?.take().map(Str::from));
    finding.set_data_sources(engines.collect::<Vec<_>>());
    let attacks = threat.list("indicators").into_iter().flat_map(|indicator| techniques(indicator));
    finding.set_attacks(attacks.collect::<Vec<_>>());
    finding
}

fn techniques(indicator: Field<'_>) -> Vec<homeostat_event::Attack> {
    let tactics = indicator.member("tactics").filter(Field::is_array);
    let mut found = Vec::new();
    for tactic in tactics.iter().flat_map(Field::children) {
        let techniques = tactic.member("techniques").filter(Field::is_array);
        for technique in techniques.iter().flat_map(Field::children) {
            let name = |field: Field<'_>| {
                field.member("name").and_then(|name| name.take().map(std::borrow::Cow::into_owned))
            };
            let uid = name(technique).map(Into::into);
            found.extend(attack([None, name(tactic).map(Into::into)], [uid, None]));
        }
    }
    found
}

fn malware(threat: &Places<'_>) -> Vec<Malware> {
    let Some(name) = threat.take(&["threatName"]) else { return Vec::new() };
    let class = threat.take(&["classification"]);
    let number = match class.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("ransomware") => 10,
        Some("trojan") => 18,
        Some("backdoor") => 2,
        Some("downloader") => 6,
        Some("worm") => 22,
        Some("virus") => 19,
        Some("rootkit") => 15,
        Some("infostealer" | "spyware") => 17,
        Some("adware" | "pua") => 1,
        Some(_) => 99,
        None => 0,
    };
    let mut malware = Malware::new(name, vec![number]);
    malware.set_classifications(class.map(Str::from).into_iter().collect::<Vec<_>>());
    malware.set_provider(threat.take(&["classificationSource"]));
    vec![malware]
}

fn evidence(threat: &Places<'_>, host: &Places<'_>) -> Option<Evidence> {
    let hashes: [&[&str]; 3] = [&["md5"], &["sha1"], &["sha256"]];
    let file = threat.file(&["fileDisplayName", "threatName"], &["filePath"], hashes).map(|mut file| {
        file.set_size(threat.field(&["fileSize"]).and_then(number::long))
            .set_ext(threat.take(&["fileExtension"]));
        file
    });
    let login = || host.user(&["agentLastLoggedInUpn", "agentLastLoggedInUserName"], &[], &[]);
    let user = threat.user(&["processUser"], &[], &[]).or_else(login).map(|mut user| {
        user.set_account(account(host.take(&["accountId"])));
        user
    });
    let uid = threat.take(&["storyline"]);
    let process = process(uid.as_deref(), None).map(|mut process| {
        process.set_name(threat.take(&["originatorProcess"]));
        process.set_cmd_line(threat.take(&["maliciousProcessArguments"])).set_user(user.clone());
        process
    });
    let mut evidence = match (process, &file, &user) {
        (Some(process), ..) => Evidence::of_process(process),
        (None, Some(file), _) => Evidence::of_file(file.clone()),
        (None, None, Some(user)) => Evidence::of_user(user.clone()),
        (None, None, None) => return None,
    };
    evidence.set_file(file).set_user(user);
    Some(evidence)
}

fn tell_mitigation(event: &mut Event, threat: &Places<'_>) {
    let word = threat.take(&["mitigationStatusDescription", "mitigationStatus"]);
    let done = threat.list("mitigationStatus").into_iter().filter_map(|step| {
        let word = |name: &str| step.member(name).and_then(|word| word.copy());
        (word("status").as_deref() == Some("success")).then(|| word("action")).flatten()
    });
    let done: Vec<String> = done.map(std::borrow::Cow::into_owned).collect();
    let has = |action: &str| done.iter().any(|known| known.contains(action));
    if has("quarantine") {
        tell_action(event, 2, 3);
    } else if has("remediate") || has("rollback") {
        tell_action(event, 4, 11);
    } else if has("kill")
        || word.as_deref().is_some_and(|word| {
            word.eq_ignore_ascii_case("mitigated") || word.eq_ignore_ascii_case("blocked")
        })
    {
        tell_action(event, 2, 2);
    } else if word.is_some() {
        tell_action(event, 3, 15);
    }
    event.set_status_detail(word);
}
