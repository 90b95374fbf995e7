//! What the security services tell: alerts, mail that was judged, links that were clicked.

use super::Parts;
use crate::act::{Deed, Person, Thing, Word, deed, told};
use crate::record::Field;
use homeostat_core::Timestamp;
use homeostat_event::{
    ClassUid, Correspondents, Email, EmailAuth, Event, File, Fingerprint, Head, HttpRequest, Malware,
    NetworkEndpoint, Product, Severity, Str, Url,
};

pub(super) fn event(parts: &Parts<'_, '_>) -> Event {
    match &*parts.operation {
        "timaildata" => mail(parts),
        "tiurlclickdata" => click(parts),
        "alerttriggered" | "alertentitygenerated" => alert(parts, 1),
        "alertupdated" => alert(parts, 2),
        _ => other(parts),
    }
}

fn other(parts: &Parts<'_, '_>) -> Event {
    let name = parts.record.look("Operation").unwrap_or_default();
    let cmdlet = name.contains('-');
    let mut act = parts.act();
    let named = ["ObjectId", "Case", "PolicyName", "AlertId"].into_iter().find_map(|name| parts.word(name));
    let data = parts.record.root().member("Parameters").filter(Field::is_array);
    act.things = named
        .map(|name| Thing { name: Some(name), data: data.into_iter().collect(), ..Thing::default() })
        .into_iter()
        .collect();
    act.event(if cmdlet { Deed::entity(&name) } else { Deed::call(&name) })
}

fn severity_of(word: &str) -> Severity {
    match &*word.to_ascii_lowercase() {
        "informational" => Severity::INFORMATIONAL,
        "low" => Severity::LOW,
        "medium" => Severity::MEDIUM,
        "high" => Severity::HIGH,
        _ => Severity::UNKNOWN,
    }
}

fn alert(parts: &Parts<'_, '_>, activity: u32) -> Event {
    let mut act = parts.act();
    act.uid = parts.word("AlertId");
    act.title = parts.word("Name");
    let entity = parts.field("AlertEntityId");
    let person = entity.filter(|id| id.look().is_some_and(|id| id.contains('@')));
    act.person = person.map(|id| Person::named(Word::At(id)));
    let thing = entity.filter(|_| person.is_none());
    act.things = thing
        .map(|id| Thing { uid: Some(Word::At(id)), kind: parts.word("EntityType"), ..Thing::default() })
        .into_iter()
        .collect();
    let mut event = act.event(deed(2004, activity));
    if let Some(word) = parts.take("Severity") {
        event.set_severity(severity_of(&word)).set_severity_name(word);
    }
    let status = parts.field("Status").and_then(|status| status.look());
    let number = match status.as_deref() {
        Some("Investigating" | "InProgress") => 2,
        Some("Resolved" | "Dismissed") => 4,
        _ => 1,
    };
    event.set_status_id(number).set_comment(parts.take("Comments")).set_is_alert(true);
    event
}

/// The head of an event that is no act of a person.
fn head(parts: &Parts<'_, '_>, activity: u32, time: Timestamp) -> Head {
    let mut product = Product::new("Microsoft", "Defender for Office 365");
    product.set_feature(parts.record.take("Workload").map(homeostat_event::Feature::named));
    Head::new(activity, time, product)
}

fn address(field: Option<Field<'_>>) -> Option<Str> {
    told(field?)?.take().map(Str::from)
}

fn mail(parts: &Parts<'_, '_>) -> Event {
    let root = parts.record.root();
    let to = root.member("Recipients").filter(Field::is_array);
    let to: Vec<Str> = to
        .into_iter()
        .flat_map(|to| to.children().collect::<Vec<_>>())
        .filter_map(|to| address(Some(to)))
        .collect();
    let header = address(root.member("P2Sender"));
    let envelope = address(root.member("P1Sender")).or_else(|| address(root.member("Sender")));
    let from = header.clone().or_else(|| envelope.clone());
    let parties =
        Correspondents::told(from, to.clone()).unwrap_or(Correspondents::From(crate::act::UNKNOWN.into()));
    let mut mail = Email::new(parties);
    mail.set_message_uid(parts.take("InternetMessageId")).set_uid(parts.take("NetworkMessageId"));
    mail.set_subject(parts.take("Subject")).set_sender(envelope.clone()).set_files(files(parts));
    let direction = match parts.record.copy("Directionality").as_deref() {
        Some("Inbound") => 1,
        Some("Outbound") => 2,
        Some("Intra-org" | "IntraOrg") => 3,
        _ => 0,
    };
    let mut event =
        Event::email_activity(head(parts, 3, parts.record.moment("MessageTime")), direction, mail);
    let sender = parts.take("SenderIp").map(NetworkEndpoint::of_ip);
    event.set_sent_from(envelope).set_sent_to(to).set_src_endpoint(sender);
    event.set_email_auth(authentication(parts)).set_malware(malware(parts));
    event.metadata_mut().set_event_code(parts.take("Operation"));
    event.set_status_detail(parts.take("Verdict"));
    disposition(parts, &mut event);
    event
}

fn disposition(parts: &Parts<'_, '_>, event: &mut Event) {
    let Some(word) = parts.record.copy("DeliveryAction") else { return };
    let (action, number) = match &*word {
        "Delivered" => (1, 1),
        "Blocked" => (2, 2),
        "Replaced" => (4, 11),
        "DeliveredAsSpam" | "Junked" => (1, 18),
        _ => return,
    };
    event.set_action_id(action).set_disposition_id(number);
}

fn files(parts: &Parts<'_, '_>) -> Vec<File> {
    let list = parts.record.root().member("AttachmentData").filter(Field::is_array);
    let list = list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
    list.filter_map(|attached| {
        let take = |name| attached.member(name).and_then(told)?.take();
        let mut file = File::new(take("FileName")?, 1);
        let hash = take("SHA256").map(|hash| Fingerprint::new(3, hash));
        file.set_ext(take("FileType")).set_hashes(hash.into_iter().collect::<Vec<_>>());
        Some(file)
    })
    .collect()
}

fn malware(parts: &Parts<'_, '_>) -> Vec<Malware> {
    let list = parts.record.root().member("AttachmentData").filter(Field::is_array);
    let list = list.into_iter().flat_map(|list| list.children().collect::<Vec<_>>());
    list.filter_map(|attached| told(attached.member("MalwareFamily")?)?.take())
        .map(|name| Malware::new(name, vec![0]))
        .collect()
}

fn authentication(parts: &Parts<'_, '_>) -> Option<EmailAuth> {
    let list = parts.record.root().member("AuthDetails");
    let value = |name| super::value_of(list, name).and_then(|value| value.take());
    let (spf, dkim, dmarc) = (value("SPF"), value("DKIM"), value("DMARC"));
    (spf.is_some() || dkim.is_some() || dmarc.is_some()).then(|| {
        let mut auth = EmailAuth::new();
        auth.set_spf(spf).set_dkim(dkim).set_dmarc(dmarc);
        auth
    })
}

fn click(parts: &Parts<'_, '_>) -> Event {
    let mut act = parts.act();
    let time = parts.record.moment("TimeOfClick");
    let mut request = HttpRequest::new();
    request.set_url(parts.take("Url").map(Url::new)).set_user_agent(parts.take("UserAgent"));
    let mut event = Event::of_class(ClassUid::HTTP_ACTIVITY, head(parts, 3, time));
    event.set_http_request(request).set_src_endpoint(act.origin.take());
    event.set_actor(act.actor.take()).set_app_name(parts.take("AppName"));
    event.metadata_mut().set_event_code(act.operation.clone());
    let (action, number) = match parts.record.copy("UrlClickAction").as_deref() {
        Some("Blockpage" | "2" | "PendingDetonationPage" | "3") => (2, 2),
        Some("BlockPageOverride" | "4" | "PendingDetonationPageOverride" | "5") => (1, 8),
        Some("None" | "1" | "0") => (1, 1),
        _ => (0, 0),
    };
    event.set_action_id(action).set_disposition_id(number);
    event
}
