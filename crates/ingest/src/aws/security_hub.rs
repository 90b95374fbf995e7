//! Findings in the format of Security Hub, of whatever product.
//!
//! Source: docs.aws.amazon.com, "AWS Security Finding Format (ASFF)". They arrive alone, as a list, and as the
//! `findings` of what EventBridge passes on.

use super::finding::tell_severity;
use super::{cloud, take, told};
use crate::moment;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use homeostat_core::{JsonText, Timestamp};
use homeostat_event::{
    Account, Actor, Analytic, ClassUid, Event, Evidence, FindingInfo, Head, Location, NetworkEndpoint,
    Product, ResourceDetails, User,
};
use std::borrow::Cow;

/// AWS Security Hub. Classes 2002, 2003 and 2004, by the types of the finding.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecurityHub;

impl Source for SecurityHub {
    fn name(&self) -> &'static str {
        "aws_securityhub"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        is_finding(root)
            || root.member("findings").is_some_and(|list| list.children().next().is_some_and(is_finding))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        if is_finding(root) {
            events.push(event(root, context));
            return;
        }
        let list = root.member("findings");
        events.extend(
            list.iter().flat_map(Field::children).filter(Field::is_object).map(|told| event(told, context)),
        );
    }
}

fn is_finding(object: Field<'_>) -> bool {
    object.member("ProductArn").is_some()
        && (object.member("SchemaVersion").is_some() || object.member("AwsAccountId").is_some())
}

/// The class that the types tell: checks are of compliance, holes are vulnerabilities.
fn class_of(root: Field<'_>) -> ClassUid {
    let lists = [root.member("Types"), root.get("FindingProviderFields.Types")];
    let kinds: Vec<_> = lists.iter().flatten().flat_map(|list| list.children().collect::<Vec<_>>()).collect();
    let any = |word: &str| kinds.iter().any(|kind| kind.look().is_some_and(|kind| kind.contains(word)));
    let holes = root.member("Vulnerabilities").is_some_and(|list| list.children().next().is_some());
    if holes || any("/Vulnerabilities") || any("/CVE") {
        ClassUid::VULNERABILITY_FINDING
    } else if root.member("Compliance").is_some_and(|told| told.is_object()) {
        ClassUid::COMPLIANCE_FINDING
    } else {
        ClassUid::DETECTION_FINDING
    }
}

fn event(root: Field<'_>, context: &Context) -> Event {
    let class = class_of(root);
    let state =
        root.get("Workflow.Status").and_then(|state| state.take()).or_else(|| take(root, "WorkflowState"));
    let archived =
        root.member("RecordState").and_then(|state| state.copy()).is_some_and(|state| state == "ARCHIVED");
    let closed = archived || matches!(state.as_deref(), Some("RESOLVED"));
    let [created, updated] =
        ["CreatedAt", "UpdatedAt"].map(|name| root.member(name).and_then(|time| time.look()));
    let activity = match (closed, created == updated || updated.is_none()) {
        (true, _) => 3,
        (false, true) => 1,
        (false, false) => 2,
    };
    let time = updated.or(created).and_then(|time| moment::read(&time)).unwrap_or(Timestamp::UNKNOWN);
    let mut product = Product::new(
        take(root, "CompanyName").unwrap_or(Cow::Borrowed("AWS")),
        take(root, "ProductName").unwrap_or(Cow::Borrowed("Security Hub")),
    );
    product.set_uid(take(root, "ProductArn"));
    let mut event = Event::of_class(class, Head::new(activity, time, product));
    event.set_finding_info(finding(root)).set_resources(resources(root));
    match class {
        ClassUid::VULNERABILITY_FINDING => tell_holes(root, &mut event),
        ClassUid::COMPLIANCE_FINDING => tell_compliance(root, &mut event),
        _ => {
            event.set_evidences(evidence(root).into_iter().collect::<Vec<_>>()).set_is_alert(true);
        }
    }
    tell_state(archived, state, &mut event);
    tell_level(root, &mut event);
    if let Some(time) = take(root, "UpdatedAt").or_else(|| take(root, "CreatedAt")) {
        event.set_original_time(&time);
    }
    event.set_cloud(cloud(take(root, "AwsAccountId"), take(root, "Region"), context));
    event.metadata_mut().set_log_version(take(root, "SchemaVersion")).set_log_name("Security Hub");
    event
}

fn finding(root: Field<'_>) -> FindingInfo {
    let mut finding = FindingInfo::new(take(root, "Id").unwrap_or_default());
    finding
        .set_title(take(root, "Title"))
        .set_desc(take(root, "Description"))
        .set_src_url(take(root, "SourceUrl"));
    let time = |name: &str| root.member(name).and_then(|time| moment::read(&time.copy()?));
    finding.set_created_time(time("CreatedAt")).set_modified_time(time("UpdatedAt"));
    finding.set_first_seen_time(time("FirstObservedAt")).set_last_seen_time(time("LastObservedAt"));
    let lists = [root.member("Types"), root.get("FindingProviderFields.Types")];
    let mut kinds = Vec::new();
    for kind in lists.iter().flatten().flat_map(|list| list.children().collect::<Vec<_>>()) {
        kinds.extend(kind.take().filter(|kind| !kinds.contains(kind)));
    }
    finding.set_types(kinds.into_iter().map(Into::into).collect::<Vec<_>>());
    if let Some(rule) = take(root, "GeneratorId") {
        let mut analytic = Analytic::new(&*rule, 1);
        analytic.set_kind("Rule").set_uid(&*rule);
        finding.set_analytic(analytic);
    }
    finding
}

fn resources(root: Field<'_>) -> Vec<ResourceDetails> {
    let list = root.member("Resources").filter(Field::is_array);
    let thing = |told: Field<'_>| {
        let mut thing = ResourceDetails::of_uid(take(told, "Id")?);
        thing.set_kind(take(told, "Type")).set_region(take(told, "Region"));
        thing.set_cloud_partition(take(told, "Partition"));
        if let Some(rest) = told.take_whole() {
            thing.set_attribute("data", &rest);
        }
        Some(thing)
    };
    list.iter().flat_map(Field::children).filter_map(thing).collect()
}

/// Who was seen and from where: the network of the finding, and what GuardDuty wrote into fields of its own.
fn evidence(root: Field<'_>) -> Option<Evidence> {
    let own = root.member("ProductFields").filter(Field::is_object);
    let action = "aws/guardduty/service/action/";
    let remote = own.and_then(|own| {
        own.children().find(|field| {
            let name = field.name();
            name.starts_with(action) && name.ends_with("remoteIpDetails/ipAddressV4")
        })
    });
    let network = root.member("Network").filter(Field::is_object);
    let source =
        network.and_then(|network| take(network, "SourceIpV4").or_else(|| take(network, "SourceIpV6")));
    let ip = remote.and_then(told).and_then(|ip| ip.take()).or(source);
    let origin = ip.map(|ip| {
        let mut origin = NetworkEndpoint::of_ip(ip);
        let country = own.and_then(|own| {
            own.children().find(|field| field.name().ends_with("remoteIpDetails/country/countryName"))?.take()
        });
        origin.set_location(country.map(Location::in_country));
        origin
    });
    let target = network.and_then(|network| take(network, "DestinationIpV4"));
    let mut evidence = match (actor(root), &origin) {
        (Some(actor), _) => Evidence::of_actor(actor),
        (None, Some(origin)) => Evidence::of_source(origin.clone()),
        (None, None) => return own.and_then(|own| own.take_whole()).map(|data| Evidence::of_data(&data)),
    };
    evidence.set_src_endpoint(origin).set_dst_endpoint(target.map(NetworkEndpoint::of_ip));
    if let Some(data) = own.and_then(|own| own.take_whole()) {
        evidence.set_attribute("data", &data);
    }
    Some(evidence)
}

/// The holder of the key that the finding is about.
fn actor(root: Field<'_>) -> Option<Actor> {
    let list = root.member("Resources")?;
    let key = list.children().find_map(|told| told.get("Details.AwsIamAccessKey"))?;
    let look = |name: &str| key.member(name).and_then(|told| told.look());
    let mut user = User::told(look("PrincipalId").as_deref(), look("PrincipalName").as_deref())?;
    let account = root.member("AwsAccountId").and_then(|account| account.look());
    user.set_account(account.map(Account::of_uid));
    Some(Actor::of_user(user))
}

/// Tells the holes; of a finding that names none the type stands for it.
fn tell_holes(root: Field<'_>, event: &mut Event) {
    let list = root.member("Vulnerabilities").filter(Field::is_array);
    let mut text = String::new();
    for hole in list.iter().flat_map(Field::children) {
        let Some(id) = hole.member("Id").filter(Field::is_text) else { continue };
        text.push_str(if text.is_empty() { "[" } else { "," });
        text.push_str(&format!(r#"{{"cve":{{"uid":{}}}}}"#, id.json()));
        id.take();
    }
    if text.is_empty() {
        let mut title = String::new();
        let told = root.member("Title").and_then(|title| title.look()).unwrap_or(Cow::Borrowed("unknown"));
        crate::text::write_text(&told, &mut title);
        text = format!(r#"[{{"advisory":{{"uid":{title}}}}}"#);
    }
    event.set_attribute("vulnerabilities", &JsonText::new(text + "]"));
}

fn tell_compliance(root: Field<'_>, event: &mut Event) {
    let Some(told) = root.member("Compliance") else { return };
    let status = take(told, "Status");
    let (number, word) = match status.as_deref() {
        Some("PASSED") => (1, "Pass"),
        Some("WARNING") => (2, "Warning"),
        Some("FAILED") => (3, "Fail"),
        _ => (0, "Unknown"),
    };
    let mut text = format!(r#"{{"status_id":{number},"status":"{word}""#);
    if let Some(status) = status {
        text.push_str(r#","status_code":"#);
        crate::text::write_text(&status, &mut text);
    }
    if let Some(control) = told.member("SecurityControlId").filter(Field::is_text) {
        text.push_str(&format!(r#","control":{}"#, control.json()));
        control.take();
    }
    let standards = told.member("AssociatedStandards");
    let standards = standards.iter().flat_map(Field::children).filter_map(|one| one.member("StandardsId"));
    let standards: Vec<_> = standards.filter(Field::is_text).collect();
    let requirements = told.member("RelatedRequirements");
    let requirements: Vec<_> = requirements.iter().flat_map(Field::children).filter(Field::is_text).collect();
    for (name, list) in [("standards", standards), ("requirements", requirements)] {
        let texts: Vec<_> = list.iter().map(Field::json).collect();
        if !texts.is_empty() {
            text.push_str(&format!(r#","{name}":[{}]"#, texts.join(",")));
            list.iter().for_each(|field| drop(field.take()));
        }
    }
    text.push('}');
    event.set_attribute("compliance", &JsonText::new(text));
}

fn tell_state(archived: bool, state: Option<Cow<'_, str>>, event: &mut Event) {
    match state.as_deref() {
        _ if archived => event.set_status_id(5).set_status("Archived"),
        Some("NEW") | None => event.set_status_id(1).set_status("New"),
        Some("NOTIFIED") => event.set_status_id(2).set_status("In Progress"),
        Some("SUPPRESSED") => event.set_status_id(3).set_status("Suppressed"),
        Some("RESOLVED") => event.set_status_id(4).set_status("Resolved"),
        Some(other) => event.set_status_id(99).set_status(other),
    };
    event.set_status_code(state);
}

fn tell_level(root: Field<'_>, event: &mut Event) {
    let label = root.get("Severity.Label").or_else(|| root.get("FindingProviderFields.Severity.Label"));
    let score = match label.and_then(|label| label.copy()).as_deref() {
        Some("CRITICAL") => 9.0,
        Some("HIGH") => 7.0,
        Some("MEDIUM") => 4.0,
        Some("LOW") => 1.0,
        Some(_) => 0.0,
        None => {
            let old = root.get("Severity.Normalized").and_then(|score| score.copy()?.parse::<f64>().ok());
            old.unwrap_or(0.0) / 10.0
        }
    };
    tell_severity(score, event);
}
