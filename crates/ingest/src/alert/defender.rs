//! Microsoft Defender: alerts of Graph's security interface, with their evidence.
//!
//! Source: learn.microsoft.com, Microsoft Graph, `alert` (security, `alerts_v2`) and its kinds of `alertEvidence`.
//! Severity is a word: informational, low, medium, high. Evidence of a kind not known here stays in `unmapped`.

use super::{DeviceNames, Places, attack, device, head, process, state, tell_action};
use crate::act::{UNKNOWN, told};
use crate::number;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_event::{
    Account, Actor, Analytic, Correspondents, Email, Event, Evidence, FindingInfo, Malware, NetworkEndpoint,
    Product, ResourceDetails, Severity, Str, Url, User,
};

/// Microsoft Defender alerts (Graph `alerts_v2`). Class 2004.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefenderAlert;

impl Source for DefenderAlert {
    fn name(&self) -> &'static str {
        "defender_alert"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        let told = |name| root.member(name).is_some();
        told("serviceSource") && (told("detectionSource") || told("evidence")) && told("severity")
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        events.push(event(&Places::of([Some(record.root())])));
    }
}

fn event(alert: &Places<'_>) -> Event {
    let word = alert.field(&["status"]).and_then(|word| word.copy());
    let (activity, status) = word.as_deref().map_or((1, 1), state);
    let time = alert.moment(&["lastUpdateDateTime", "createdDateTime"]);
    let mut product = Product::new("Microsoft", "Microsoft Defender");
    product.set_feature(alert.take(&["productName", "serviceSource"]).map(homeostat_event::Feature::named));
    let mut event = Event::detection_finding(head(activity, time, product), finding(alert));
    let severity = alert.field(&["severity"]);
    event.set_severity(match severity.and_then(|word| word.look()).as_deref() {
        Some("informational") => Severity::INFORMATIONAL,
        Some("low") => Severity::LOW,
        Some("medium") => Severity::MEDIUM,
        Some("high") => Severity::HIGH,
        _ => Severity::UNKNOWN,
    });
    severity.map(|word| word.copy());
    event.set_is_alert(true).set_status_id(status).set_status(word.filter(|_| status == 99));
    event.set_status_detail(alert.take(&["determination", "classification"]));
    let metadata = event.metadata_mut();
    metadata.set_uid(alert.take(&["providerAlertId"])).set_correlation_uid(alert.take(&["incidentId"]));
    metadata.set_log_provider(alert.take(&["detectionSource"])).set_log_name("alerts_v2");
    let names = alert.take(&["threatDisplayName", "threatFamilyName"]);
    event.set_malware(names.map(|name| Malware::new(name, vec![0])).into_iter().collect::<Vec<_>>());
    tell_evidence(&mut event, alert);
    event
}

fn finding(alert: &Places<'_>) -> FindingInfo {
    let uid = alert.take(&["id"]);
    let mut finding = FindingInfo::new(uid.unwrap_or(UNKNOWN.into()));
    finding.set_title(alert.take(&["title"])).set_desc(alert.take(&["description"]));
    finding.set_types(alert.take(&["category"]).map(|kind| vec![Str::from(kind)]).unwrap_or_default());
    finding.set_src_url(alert.take(&["alertWebUrl"])).set_created_time(alert.moment(&["createdDateTime"]));
    finding.set_modified_time(alert.moment(&["lastUpdateDateTime"]));
    finding.set_first_seen_time(alert.moment(&["firstActivityDateTime"]));
    finding.set_last_seen_time(alert.moment(&["lastActivityDateTime"]));
    finding.set_analytic(alert.take(&["detectorId"]).map(|uid| {
        let mut analytic = Analytic::new(&*uid, 0);
        analytic.set_uid(uid);
        analytic
    }));
    let techniques =
        alert.list("mitreTechniques").into_iter().filter_map(|uid| attack([None, None], [uid.take(), None]));
    finding.set_attacks(techniques.collect::<Vec<_>>());
    finding
}

const MACHINE: DeviceNames<'static> = DeviceNames {
    uid: &["mdeDeviceId", "azureAdDeviceId", "deviceId"],
    hostname: &["deviceDnsName", "hostName"],
    ip: &["lastIpAddress"],
    mac: &[],
    domain: &["ntDomain", "dnsDomain"],
    platform: &["osPlatform"],
    version: &["version"],
};

/// Each piece of evidence as one of OCSF's; the first machine is the device, the first decision the disposition.
fn tell_evidence(event: &mut Event, alert: &Places<'_>) {
    let directory = alert.field(&["tenantId"]);
    let mut found = Vec::new();
    for piece in alert.list("evidence") {
        let known = Places::of([Some(piece)]);
        let kind = piece.member("@odata.type").and_then(|kind| kind.look()).unwrap_or_default();
        let kind = kind.rsplit('.').next().unwrap_or_default().to_owned();
        let Some(mut evidence) = evidence(&kind, &known, directory) else { continue };
        if event.device().is_none() {
            event.set_device(evidence.device().cloned());
        }
        tell_verdict(&mut evidence, &known);
        tell_remediation(event, &known);
        found.push(evidence);
    }
    event.set_evidences(found);
}

fn tell_verdict(evidence: &mut Evidence, known: &Places<'_>) {
    let word = known.field(&["verdict"]);
    let number = match word.and_then(|word| word.look()).as_deref() {
        Some("malicious") => 2,
        Some("suspicious") => 4,
        Some("noThreatsFound") => 5,
        _ => return,
    };
    word.map(|word| word.copy());
    evidence.set_verdict_id(number);
}

fn tell_remediation(event: &mut Event, known: &Places<'_>) {
    if event.disposition_id().is_some() {
        return;
    }
    let (action, disposition) = match known.look(&["remediationStatus"]).as_deref() {
        Some("blocked" | "prevented") => (2, 2),
        Some("remediated") => (4, 11),
        Some("partiallyRemediated") => (4, 12),
        Some("notFound" | "none" | "active") => (3, 15),
        _ => return,
    };
    tell_action(event, action, disposition);
}

fn evidence(kind: &str, known: &Places<'_>, directory: Option<Field<'_>>) -> Option<Evidence> {
    match kind {
        "userEvidence" | "mailboxEvidence" => {
            let user = user(&Places::of([known.object("userAccount")]), directory)?;
            Some(Evidence::of_user(user))
        }
        "deviceEvidence" => device(known, &MACHINE).map(Evidence::of_device),
        "processEvidence" => running(known, directory),
        "fileEvidence" => file(&Places::of([known.object("fileDetails")])).map(Evidence::of_file),
        "ipEvidence" => known.take(&["ipAddress"]).map(NetworkEndpoint::of_ip).map(Evidence::of_source),
        "urlEvidence" => known.take(&["url"]).map(Url::new).map(Evidence::of_url),
        "analyzedMessageEvidence" | "mailClusterEvidence" => mail(known),
        "oauthApplicationEvidence" => {
            let mut actor = Actor::of_app(known.take(&["displayName"])?);
            actor.set_app_uid(known.take(&["appId"]));
            Some(Evidence::of_actor(actor))
        }
        "cloudLogonSessionEvidence" | "cloudLogonRequestEvidence" => {
            let inner =
                Places::of([known.object("account").and_then(|account| account.member("userAccount"))]);
            user(&inner, directory).map(Evidence::of_user)
        }
        "azureResourceEvidence" | "amazonResourceEvidence" | "googleCloudResourceEvidence" => {
            let uid = known.take(&["resourceId", "amazonResourceId", "fullResourceName"])?;
            let mut thing = ResourceDetails::of_uid(uid);
            thing
                .set_name(known.take(&["resourceName"]))
                .set_kind(known.take(&["resourceType", "amazonResourceType"]));
            Some(Evidence::of_resource(thing))
        }
        _ => None,
    }
}

fn user(account: &Places<'_>, directory: Option<Field<'_>>) -> Option<User> {
    let upn = account.take(&["userPrincipalName"]);
    let name = upn.or_else(|| account.take(&["accountName"]));
    let uid = account.take(&["azureAdUserId"]).or_else(|| account.take(&["userSid"]));
    let mut user = User::told(uid.as_deref(), name.as_deref())?;
    user.set_domain(account.take(&["domainName"]))
        .set_uid_alt(account.take(&["userSid"]).filter(|sid| Some(&**sid) != uid.as_deref()));
    user.set_email_addr(name.filter(|name| name.contains('@')))
        .set_display_name(account.take(&["displayName"]));
    user.set_account(directory.and_then(|id| id.take()).map(Account::of_uid));
    Some(user)
}

fn file(details: &Places<'_>) -> Option<homeostat_event::File> {
    let hashes: [&[&str]; 3] = [&["md5"], &["sha1"], &["sha256"]];
    let mut file = details.file(&["fileName"], &["filePath"], hashes)?;
    file.set_size(details.field(&["fileSize"]).and_then(number::long));
    file.set_company_name(details.take(&["filePublisher"]));
    Some(file)
}

fn running(known: &Places<'_>, directory: Option<Field<'_>>) -> Option<Evidence> {
    let pid = |name: &str| known.field(&[name]).and_then(number::long);
    let mut own = process(None, pid("processId"))?;
    own.set_cmd_line(known.take(&["processCommandLine"]));
    own.set_created_time(known.moment(&["processCreationDateTime"]));
    own.set_file(file(&Places::of([known.object("imageFile")])));
    own.set_user(user(&Places::of([known.object("userAccount")]), directory));
    own.set_parent_process(process(None, pid("parentProcessId")).map(|mut parent| {
        parent.set_file(file(&Places::of([known.object("parentProcessImageFile")])));
        parent.set_created_time(known.moment(&["parentProcessCreationDateTime"]));
        parent
    }));
    Some(Evidence::of_process(own))
}

fn mail(known: &Places<'_>) -> Option<Evidence> {
    let from = known.take(&["p2Sender.emailAddress", "p1Sender.emailAddress"]).map(Str::from);
    let to = known.take(&["recipientEmailAddress"]).map(Str::from).into_iter().collect();
    let mut mail = Email::new(Correspondents::told(from, to)?);
    mail.set_subject(known.take(&["subject"])).set_message_uid(known.take(&["internetMessageId"]));
    mail.set_uid(known.take(&["networkMessageId"]));
    mail.set_sender(known.take(&["p1Sender.emailAddress"]));
    let urls = known.list("urls").into_iter().filter_map(|url| told(url)?.take()).map(Url::new);
    mail.set_urls(urls.collect::<Vec<_>>());
    let mut evidence = Evidence::of_email(mail);
    evidence.set_src_endpoint(known.take(&["senderIp"]).map(NetworkEndpoint::of_ip));
    Some(evidence)
}
