//! Web requests that the web application firewall judged.
//!
//! Source: docs.aws.amazon.com, "Log fields for web ACL traffic".

use crate::address::is_address;
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use core::fmt::Write as _;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{
    Account, ClassUid, Cloud, Event, Head, HttpRequest, HttpResponse, Location, NetworkEndpoint, Policy,
    Product, Url,
};
use std::borrow::Cow;

/// AWS WAF logs. Class 4002, by the method of the request.
///
/// A request that was let through is a success, one that was blocked or challenged a failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waf;

impl Source for Waf {
    fn name(&self) -> &'static str {
        "aws_waf"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let root = record.root();
        root.member("httpRequest").is_some_and(|request| request.is_object())
            && ["webaclId", "terminatingRuleId"].iter().any(|name| root.member(name).is_some())
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let root = record.root();
        let Some(asked) = root.member("httpRequest") else { return };
        let method = asked.member("httpMethod").and_then(|method| method.look()).unwrap_or_default();
        let head = Head::new(number_of(&method), record.moment("timestamp"), Product::new("AWS", "WAF"));
        let mut event = Event::of_class(ClassUid::HTTP_ACTIVITY, head);
        event.set_src_endpoint(client(asked)).set_dst_endpoint(target(root, asked));
        event.set_http_request(request(asked));
        let sent = root.member("responseCodeSent").and_then(|code| code.take_as::<i32>());
        event.set_http_response(sent.map(HttpResponse::new));
        tell_decision(root, &mut event);
        if let Some(time) = record.take("timestamp") {
            event.set_original_time(&time);
        }
        let acl = root.member("webaclId").and_then(|acl| acl.look());
        let part =
            |at: usize| acl.as_deref()?.split(':').nth(at).filter(|part| !part.is_empty()).map(str::to_owned);
        event.set_cloud(cloud(part(4).map(Cow::Owned), part(3).map(Cow::Owned), context));
        event.set_policy(policy(root));
        let labels = root.member("labels");
        let labels = labels.iter().flat_map(Field::children).filter_map(|label| take(label, "name"));
        let labels: Vec<_> = labels.map(Into::into).collect();
        event.metadata_mut().set_log_version(take(root, "formatVersion")).set_labels(labels);
        events.push(event);
    }
}

/// The list of rules, with those that matched and did not end it.
fn policy(root: Field<'_>) -> Option<Policy> {
    let mut policy = Policy::of_uid(take(root, "webaclId")?);
    let mut text = String::new();
    for name in ["ruleGroupList", "nonTerminatingMatchingRules", "rateBasedRuleList"] {
        let list = root.member(name).filter(|list| list.children().next().is_some());
        if let Some(list) = list.and_then(|list| list.take_whole()) {
            text.push_str(if text.is_empty() { "{" } else { "," });
            // Writing to a String cannot fail.
            let _ = write!(text, r#""{name}":{}"#, list.as_str());
        }
    }
    if !text.is_empty() {
        policy.set_attribute("data", &JsonText::new(text + "}"));
    }
    Some(policy)
}

fn number_of(method: &str) -> u32 {
    match method {
        "CONNECT" => 1,
        "DELETE" => 2,
        "GET" => 3,
        "HEAD" => 4,
        "OPTIONS" => 5,
        "POST" => 6,
        "PUT" => 7,
        "TRACE" => 8,
        "PATCH" => 9,
        _ => 0,
    }
}

fn client(asked: Field<'_>) -> NetworkEndpoint {
    let address = asked.member("clientIp").filter(|field| field.look().is_some_and(|text| is_address(&text)));
    let mut client = match address.and_then(|address| address.take()) {
        Some(ip) => NetworkEndpoint::of_ip(ip),
        None => NetworkEndpoint::of_service("unknown"),
    };
    client.set_location(take(asked, "country").map(Location::in_country));
    client
}

/// The resource that the firewall stands before.
fn target(root: Field<'_>, asked: Field<'_>) -> NetworkEndpoint {
    let (name, uid) = (take(root, "httpSourceName"), take(root, "httpSourceId"));
    let mut target = NetworkEndpoint::of_service(name.unwrap_or(Cow::Borrowed("WAF")));
    target.set_uid(uid).set_hostname(
        header(asked, "host")
            .and_then(|host| host.look())
            .map(|host| host.split(':').next().unwrap_or_default().to_owned()),
    );
    target
}

fn header<'a>(asked: Field<'a>, name: &str) -> Option<Field<'a>> {
    let headers = asked.member("headers").filter(Field::is_array)?;
    let found = headers.children().find(|header| {
        header.member("name").and_then(|own| own.look()).is_some_and(|own| own.eq_ignore_ascii_case(name))
    });
    found?.member("value")
}

fn request(asked: Field<'_>) -> HttpRequest {
    let mut request = HttpRequest::new();
    request
        .set_http_method(crate::web::method_of(asked.member("httpMethod")))
        .set_version(take(asked, "httpVersion"));
    request.set_uid(take(asked, "requestId")).set_args(take(asked, "args"));
    request.set_user_agent(header(asked, "user-agent").and_then(|agent| agent.look()));
    request.set_referrer(header(asked, "referer").and_then(|referrer| referrer.look()));
    let host = header(asked, "host").and_then(|host| host.look());
    request.set_url(take(asked, "uri").map(|path| {
        let mut url = Url::at_path(path);
        url.set_hostname(host.map(|host| host.split(':').next().unwrap_or_default().to_owned()));
        url
    }));
    if let Some(headers) = headers(asked) {
        request.set_attribute("http_headers", &headers);
    }
    request
}

/// The headers as they stand; those of them that are secrets are gone before.
fn headers(asked: Field<'_>) -> Option<JsonText> {
    let list = asked.member("headers").filter(Field::is_array)?;
    let mut text = String::new();
    for header in list.children() {
        let (Some(name), Some(value)) = (header.member("name"), header.member("value")) else { continue };
        if name.look().is_none() || value.look().is_none() || !name.is_text() || !value.is_text() {
            continue;
        }
        text.push_str(if text.is_empty() { "[" } else { "," });
        let _ = write!(text, r#"{{"name":{},"value":{}}}"#, name.json(), value.json());
        name.take();
        value.take();
    }
    (!text.is_empty()).then(|| JsonText::new(text + "]"))
}

fn tell_decision(root: Field<'_>, event: &mut Event) {
    let action = root.member("action").and_then(told);
    let word = action.and_then(|action| action.take());
    let (action, disposition) = match word.as_deref() {
        Some("ALLOW") => ((1, "Allowed"), (1, "Allowed")),
        Some("COUNT") => ((1, "Allowed"), (20, "Count")),
        Some("CAPTCHA") => ((2, "Denied"), (22, "Captcha")),
        Some("CHALLENGE") => ((2, "Denied"), (23, "Challenge")),
        _ => ((2, "Denied"), (2, "Blocked")),
    };
    event.set_action_id(action.0).set_action_taken(action.1);
    event.set_disposition_id(disposition.0).set_disposition(disposition.1);
    event.set_outcome(if action.0 == 1 { Outcome::Success } else { Outcome::Failure }, None);
    event.metadata_mut().set_event_code(word);
    let Some(rule) = root.member("terminatingRuleId").and_then(told).filter(Field::is_text) else { return };
    let mut text = format!(r#"{{"uid":{}"#, rule.json());
    rule.take();
    if let Some(kind) = root.member("terminatingRuleType").and_then(told).filter(Field::is_text) {
        let _ = write!(text, r#","type":{}"#, kind.json());
        kind.take();
    }
    let details = root.member("terminatingRuleMatchDetails").filter(Field::is_array);
    let matched = details.iter().flat_map(Field::children).filter_map(|detail| detail.member("matchedData"));
    let matched: Vec<_> =
        matched.flat_map(|list| list.children().collect::<Vec<_>>()).filter(Field::is_text).collect();
    if !matched.is_empty() {
        let texts: Vec<_> = matched.iter().map(Field::json).collect();
        let _ = write!(text, r#","match_details":[{}]"#, texts.join(","));
        for field in &matched {
            field.take();
        }
    }
    let condition =
        details.iter().flat_map(Field::children).find_map(|detail| told(detail.member("conditionType")?));
    if let Some(condition) = condition.filter(Field::is_text) {
        let _ = write!(text, r#","condition":{}"#, condition.json());
        condition.take();
    }
    text.push('}');
    event.set_attribute("firewall_rule", &JsonText::new(text));
}

/// Takes what `object` tells under `name`; `-` tells nothing.
fn take<'a>(object: Field<'a>, name: &str) -> Option<Cow<'a, str>> {
    told(object.member(name)?)?.take()
}

fn told(field: Field<'_>) -> Option<Field<'_>> {
    let text = field.look()?;
    (*text != *"-" && *text != *"null").then_some(field)
}

/// The account and region of a record, else the account of the context.
fn cloud(account: Option<Cow<'_, str>>, region: Option<Cow<'_, str>>, context: &Context) -> Cloud {
    let mut cloud = Cloud::new("AWS");
    let account = account.or_else(|| context.account.as_deref().map(Cow::Borrowed));
    cloud.set_account(account.map(|uid| {
        let mut account = Account::of_uid(uid);
        account.set_type_id(10).set_kind("AWS Account");
        account
    }));
    cloud.set_region(region);
    cloud
}
