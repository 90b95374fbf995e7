//! AWS Security Hub findings in the AWS Security Finding Format, of any product that reports to it.
//!
//! Source: AWS Security Hub User Guide, "AWS Security Finding Format (ASFF)". A record is one finding, or an event
//! of `EventBridge` or a `GetFindings` answer with a list of them: each becomes an event of its own.

mod vulnerability;

use crate::guardduty::take;
use crate::json::{self, JsonObject};
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::text::{write_member, write_name, write_text};
use core::fmt::Write as _;
use homeostat_core::{JsonText, Timestamp};
use homeostat_event::{
    Account, Actor, Analytic, ClassUid, Cloud, Event, Evidence, FindingInfo, Head, Malware, NetworkEndpoint,
    Process, Product, RelatedEvent, ResourceDetails, Severity, Str, User,
};
use std::borrow::Cow;

/// AWS Security Hub findings. Classes 2004, 2003 for controls and 2002 for vulnerabilities.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecurityHub;

impl Source for SecurityHub {
    fn name(&self) -> &'static str {
        "security_hub"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        is_finding(root) || list(root).is_some_and(|list| list.children().next().is_some_and(is_finding))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        match list(root).filter(|_| !is_finding(root)) {
            Some(list) => events.extend(
                list.children().filter(|child| is_finding(*child)).map(|child| event(child, context)),
            ),
            None => events.push(event(root, context)),
        }
    }
}

fn list(root: Field<'_>) -> Option<Field<'_>> {
    root.member("findings").or_else(|| root.member("Findings")).filter(Field::is_array)
}

fn is_finding(field: Field<'_>) -> bool {
    let has = |name| field.member(name).is_some();
    has("AwsAccountId") && has("ProductArn") && (has("GeneratorId") || has("SchemaVersion"))
}

fn event(root: Field<'_>, context: &Context) -> Event {
    let class = class_of(root);
    let mut event = Event::of_class(class, head(root));
    event.set_finding_info(finding(root)).set_severity(severity(root)).set_cloud(cloud(root, context));
    let status = look(root, "Workflow.Status");
    event.set_status_id(match (status.as_deref(), look(root, "RecordState").as_deref()) {
        (Some("RESOLVED"), _) => 4,
        (Some("SUPPRESSED"), _) | (_, Some("ARCHIVED")) => 3,
        (Some("NOTIFIED"), _) => 2,
        _ => 1,
    });
    event.set_status_detail(take(root, "Workflow.Status")).set_status_code(take(root, "RecordState"));
    if class != ClassUid::VULNERABILITY_FINDING {
        event.set_evidences(evidence(root).map(|evidence| vec![evidence]).unwrap_or_default());
    }
    event.set_resources(resources(root));
    if class == ClassUid::DETECTION_FINDING {
        event.set_malware(malware(root));
    }
    if class == ClassUid::COMPLIANCE_FINDING {
        event.set_attribute("compliance", &JsonText::new(compliance(root)));
    }
    if class == ClassUid::VULNERABILITY_FINDING {
        event.set_attribute("vulnerabilities", &vulnerability::list_of(root));
    }
    if class != ClassUid::VULNERABILITY_FINDING
        && let Some(advice) = remediation(root)
    {
        event.set_attribute("remediation", &advice);
    }
    if let Some(text) = take(root, "UpdatedAt").or_else(|| take(root, "CreatedAt")) {
        event.set_original_time(&text);
    }
    let metadata = event.metadata_mut();
    metadata
        .set_uid(look(root, "Id"))
        .set_log_name("Security Hub finding")
        .set_log_version(take(root, "SchemaVersion"));
    metadata.set_event_code(take(root, "GeneratorId"));
    event
}

fn look<'a>(root: Field<'a>, path: &str) -> Option<Cow<'a, str>> {
    root.get(path)?.look()
}

/// By the first of the finding's types: its name space says what kind of finding it is.
fn class_of(root: Field<'_>) -> ClassUid {
    let kind = root.member("Types").and_then(|types| types.children().next()?.look()).unwrap_or_default();
    let vulnerable = root.member("Vulnerabilities").is_some_and(|list| list.children().next().is_some());
    if vulnerable || kind.starts_with("Software and Configuration Checks/Vulnerabilities") {
        return if vulnerable { ClassUid::VULNERABILITY_FINDING } else { ClassUid::DETECTION_FINDING };
    }
    let control = root.member("Compliance").is_some_and(|compliance| compliance.is_object());
    if control || kind.starts_with("Software and Configuration Checks") {
        ClassUid::COMPLIANCE_FINDING
    } else {
        ClassUid::DETECTION_FINDING
    }
}

fn head(root: Field<'_>) -> Head {
    let (created, updated) = (look(root, "CreatedAt"), look(root, "UpdatedAt"));
    let closed = look(root, "RecordState").as_deref() == Some("ARCHIVED")
        || look(root, "Workflow.Status").as_deref() == Some("RESOLVED");
    let activity = if closed { 3 } else { 1 + u32::from(updated.is_some() && created != updated) };
    let time = updated.or(created).and_then(|text| moment::read(&text)).unwrap_or(Timestamp::UNKNOWN);
    let vendor = take(root, "CompanyName").unwrap_or(Cow::Borrowed("AWS"));
    let name = take(root, "ProductName").unwrap_or(Cow::Borrowed("Security Hub"));
    let mut product = Product::new(vendor, name);
    product.set_uid(take(root, "ProductArn"));
    Head::new(activity, time, product)
}

fn finding(root: Field<'_>) -> FindingInfo {
    let time = |path| root.get(path).and_then(|time: Field<'_>| moment::read(&time.copy()?));
    let mut finding = FindingInfo::new(take(root, "Id").unwrap_or_default());
    finding.set_title(take(root, "Title")).set_desc(take(root, "Description"));
    let types = root.member("Types").into_iter().flat_map(|types| types.children().collect::<Vec<_>>());
    finding.set_types(types.filter_map(|kind| kind.take()).map(Into::into).collect::<Vec<_>>());
    finding.set_created_time(time("CreatedAt")).set_modified_time(time("UpdatedAt"));
    finding.set_first_seen_time(time("FirstObservedAt")).set_last_seen_time(time("LastObservedAt"));
    finding.set_src_url(take(root, "SourceUrl"));
    let related = root.member("RelatedFindings").filter(Field::is_array);
    let related = related.into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
    let related = related.filter_map(|one| Some(RelatedEvent::new(one.take_at("Id")?)));
    finding.set_related_events(related.collect::<Vec<_>>());
    // A generator is a rule, a check or a detector: the format does not say which.
    finding.set_analytic(look(root, "GeneratorId").map(|generator| Analytic::new(generator, 0)));
    finding
}

fn severity(root: Field<'_>) -> Severity {
    match look(root, "Severity.Label")
        .or_else(|| look(root, "FindingProviderFields.Severity.Label"))
        .as_deref()
    {
        Some("INFORMATIONAL") => Severity::INFORMATIONAL,
        Some("LOW") => Severity::LOW,
        Some("MEDIUM") => Severity::MEDIUM,
        Some("HIGH") => Severity::HIGH,
        Some("CRITICAL") => Severity::CRITICAL,
        _ => match look(root, "Severity.Normalized").and_then(|number| number.parse::<f64>().ok()) {
            Some(number) if number >= 90.0 => Severity::CRITICAL,
            Some(number) if number >= 70.0 => Severity::HIGH,
            Some(number) if number >= 40.0 => Severity::MEDIUM,
            Some(number) if number >= 1.0 => Severity::LOW,
            Some(_) => Severity::INFORMATIONAL,
            None => Severity::UNKNOWN,
        },
    }
}

fn cloud(root: Field<'_>, context: &Context) -> Cloud {
    let mut cloud = Cloud::new("AWS");
    let account = take(root, "AwsAccountId").or_else(|| context.account.as_deref().map(Cow::Borrowed));
    let account = account.map(|account| {
        let mut account = Account::of_uid(&*account);
        account.set_name(take(root, "AwsAccountName"));
        account
    });
    cloud.set_account(account).set_region(take(root, "Region"));
    cloud
}

fn resources(root: Field<'_>) -> Vec<ResourceDetails> {
    let list = root.member("Resources").filter(Field::is_array);
    let told = list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>()).filter_map(|resource| {
        let mut told = ResourceDetails::of_uid(take(resource, "Id")?);
        told.set_kind(take(resource, "Type")).set_region(take(resource, "Region"));
        told.set_cloud_partition(take(resource, "Partition")).set_role(take(resource, "ResourceRole"));
        // What the format has of each type of resource beside.
        if let Some(details) = resource.member("Details").and_then(|details| details.take_whole()) {
            told.set_attribute("data", &details);
        }
        Some(told)
    });
    told.collect()
}

/// Where a finding names the far address: in its action, its network part, or as `GuardDuty`'s own field.
const REMOTE: [&str; 7] = [
    "Action.AwsApiCallAction.RemoteIpDetails.IpAddressV4",
    "Action.NetworkConnectionAction.RemoteIpDetails.IpAddressV4",
    "Action.PortProbeAction.PortProbeDetails.RemoteIpDetails.IpAddressV4",
    "Network.SourceIpV4",
    "Network.SourceIpV6",
    "ProductFields.aws/guardduty/service/action/awsApiCallAction/remoteIpDetails/ipAddressV4",
    "ProductFields.aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4",
];

fn evidence(root: Field<'_>) -> Option<Evidence> {
    let source = REMOTE.iter().find_map(|path| take(root, path)).map(|address| {
        let mut source = NetworkEndpoint::of_ip(address);
        source.set_port(root.get("Network.SourcePort").and_then(|port| port.take_as::<u16>()));
        source
    });
    let destination = take(root, "Network.DestinationIpV4").or_else(|| take(root, "Network.DestinationIpV6"));
    let destination = destination.map(|address| {
        let mut destination = NetworkEndpoint::of_ip(address);
        destination.set_port(root.get("Network.DestinationPort").and_then(|port| port.take_as::<u16>()));
        destination
    });
    let process = process(root);
    let mut evidence = match (actor(root), source, destination.clone()) {
        (Some(actor), source, _) => {
            let mut evidence = Evidence::of_actor(actor);
            evidence.set_src_endpoint(source);
            evidence
        }
        (None, Some(source), _) => Evidence::of_source(source),
        (None, None, Some(destination)) => Evidence::of_destination(destination),
        (None, None, None) => Evidence::of_process(process.clone()?),
    };
    evidence.set_dst_endpoint(destination).set_process(process);
    Some(evidence)
}

/// The process that the finding is about, which has a number.
fn process(root: Field<'_>) -> Option<Process> {
    let told = root.member("Process").filter(Field::is_object)?;
    let time = |name: &str| told.member(name).and_then(|time| moment::read(&time.copy()?));
    let mut process = Process::of_pid(told.whole_at("Pid")?);
    process.set_name(told.take_at("Name")).set_path(told.take_at("Path"));
    process.set_created_time(time("LaunchedAt")).set_terminated_time(time("TerminatedAt"));
    process.set_parent_process(told.whole_at("ParentPid").map(Process::of_pid));
    Some(process)
}

/// Malware by name, its kind in the format's own words, of which OCSF numbers some otherwise.
fn malware(root: Field<'_>) -> Vec<Malware> {
    let list = root.member("Malware").filter(Field::is_array);
    let told = list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>()).filter_map(|one| {
        let mut malware = Malware::new(one.take_at("Name")?, vec![0]);
        malware.set_classifications(one.take_at("Type").map(Str::from).into_iter().collect::<Vec<_>>());
        let file = one.take_at("Path").and_then(|path| {
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            JsonObject::default()
                .text("name", Some(name))
                .text("path", Some(path))
                .number("type_id", Some(1))
                .end()
        });
        if let Some(files) = json::list(file) {
            malware.set_attribute("files", &files);
        }
        Some(malware)
    });
    told.collect()
}

/// The principal whose key the finding is about.
fn actor(root: Field<'_>) -> Option<Actor> {
    let resource = root.member("Resources").and_then(|list| list.children().next())?;
    let key = resource.get("Details.AwsIamAccessKey").filter(Field::is_object)?;
    let mut user = User::told(take(key, "PrincipalId").as_deref(), take(key, "PrincipalName").as_deref())?;
    let kind = take(key, "PrincipalType");
    user.set_type_id(kind.is_some().then_some(99)).set_kind(kind);
    Some(Actor::of_user(user))
}

/// What a control checks and how it came out, as the object `compliance`.
fn compliance(root: Field<'_>) -> String {
    let status = look(root, "Compliance.Status");
    let number = match status.as_deref() {
        Some("PASSED") => 1,
        Some("WARNING") => 2,
        Some("FAILED") => 3,
        _ => 0,
    };
    let mut json = String::from("{");
    let control = take(root, "Compliance.SecurityControlId").or_else(|| look(root, "GeneratorId"));
    if let Some(control) = control {
        write_member("control", &control, &mut json);
    }
    let standards = root
        .get("Compliance.AssociatedStandards")
        .into_iter()
        .flat_map(|list| list.children().collect::<Vec<_>>());
    write_texts("standards", standards.filter_map(|standard| take(standard, "StandardsId")), &mut json);
    let required = root
        .get("Compliance.RelatedRequirements")
        .into_iter()
        .flat_map(|list| list.children().collect::<Vec<_>>());
    write_texts("requirements", required.filter_map(|required| required.take()), &mut json);
    let reasons = root
        .get("Compliance.StatusReasons")
        .into_iter()
        .flat_map(|list| list.children().collect::<Vec<_>>())
        .flat_map(|reason| [reason.take_at("ReasonCode"), reason.take_at("Description")]);
    write_texts("status_details", reasons.flatten(), &mut json);
    write_name("status_id", &mut json);
    // Writing to a String cannot fail.
    let _ = write!(json, "{number}");
    if let Some(status) = take(root, "Compliance.Status") {
        write_member("status_code", &status, &mut json);
    }
    json.push('}');
    json
}

/// What to do about it, with where it is written.
fn remediation(root: Field<'_>) -> Option<JsonText> {
    let text = take(root, "Remediation.Recommendation.Text")?;
    JsonObject::default()
        .text("desc", Some(text))
        .json("references", json::texts(take(root, "Remediation.Recommendation.Url")))
        .end()
}

/// Writes a member whose value is a list of texts; nothing when there are none.
fn write_texts<'t>(name: &str, texts: impl Iterator<Item = Cow<'t, str>>, json: &mut String) {
    for (number, text) in texts.enumerate() {
        if number == 0 {
            write_name(name, json);
            json.push('[');
        } else {
            json.pop();
            json.push(',');
        }
        write_text(&text, json);
        json.push(']');
    }
}
