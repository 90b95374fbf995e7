//! Azure Firewall: what its rules let through or stopped, and what its proxy of names was asked.
//!
//! Source: learn.microsoft.com, "Azure Firewall monitoring data reference": the structured logs (`AZFW…`) and the
//! older ones, whose `msg` is a sentence for people. The sentence stays whole as the message of the event.

use crate::address::is_address;
use crate::azure_log::AzureLog;
use crate::record::Record;
use crate::source::{Context, Source};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{
    Account, Cloud, DnsQuery, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, Product,
};
use std::borrow::Cow;

/// Azure Firewall logs of rules and of names. Classes 4001 and 4003.
///
/// What was allowed, only watched, or sent on to another address is a success, what was denied or dropped a failure.
#[derive(Clone, Copy, Debug, Default)]
pub struct AzureFirewall;

impl Source for AzureFirewall {
    fn name(&self) -> &'static str {
        "azure_firewall"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        let category = record.root().member("category").and_then(|category| category.look());
        category.is_some_and(|name| name.starts_with("AzureFirewall") || name.starts_with("AZFW"))
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let log = AzureLog::of(record);
        let text = log.inner().member("msg").and_then(|text| text.take()).unwrap_or_default();
        let told = Told { log, text: &text };
        let named = text.strip_prefix("DNS Request: ").and_then(Question::of);
        let mut event = match named.or_else(|| told.question()) {
            Some(question) => told.name(&question),
            None => told.flow(),
        };
        log.tell(&mut event, &[]);
        event.set_message(Some(&*text).filter(|text| !text.is_empty()));
        told.tell_cloud(context, &mut event);
        events.push(event);
    }
}

/// A record, and its sentence where it has one.
struct Told<'t, 'a> {
    log: AzureLog<'a>,
    text: &'t str,
}

/// What the proxy of names was asked: `ADDRESS:PORT - ID TYPE CLASS NAME PROTOCOL SIZE DO BUFFER CODE …`.
struct Question<'t> {
    client: &'t str,
    kind: &'t str,
    class: &'t str,
    name: &'t str,
    protocol: &'t str,
    code: &'t str,
}

impl<'t> Question<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let at = |place: usize| words.get(place).copied();
        let (client, kind, class) = (at(0)?, at(3)?, at(4)?);
        Some(Self { client, kind, class, name: at(5)?, protocol: at(6)?, code: at(10)? })
    }
}

/// An address and its port, where the port is told.
fn end_of(text: &str) -> Option<NetworkEndpoint> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !is_address(text) => (host, port.parse::<u16>().ok()),
        _ => (text, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut end = match is_address(host) {
        _ if host.is_empty() => return None,
        true => NetworkEndpoint::of_ip(host),
        false => NetworkEndpoint::of_hostname(host),
    };
    end.set_port(port);
    Some(end)
}

/// Source and destination of a sentence: `… request from A to B. …`.
fn ends_of(text: &str) -> [Option<NetworkEndpoint>; 2] {
    let Some((_, rest)) = text.split_once(" from ") else { return [None, None] };
    let part = rest.split(". ").next().unwrap_or_default();
    let part = part.split(" was ").next().unwrap_or_default().trim_end_matches(['.', ' ']);
    let (source, target) =
        part.split_once(" to ").map_or((part, None), |(source, target)| (source, Some(target)));
    [end_of(source), target.and_then(end_of)]
}

impl<'a> Told<'_, 'a> {
    /// What stands in a sentence behind `Name: `, up to the next part.
    fn part(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("{name}: "))?;
        let part = rest.split(". ").next()?.trim_end_matches(['.', ' ']);
        Some(part).filter(|part| !part.is_empty())
    }

    fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.log.take(name)
    }

    fn question(&self) -> Option<Question<'a>> {
        let look = |name: &str| match self.log.look(name) {
            Some(Cow::Borrowed(text)) => Some(text),
            _ => None,
        };
        let name = look("QueryName")?;
        let [kind, class, protocol, code] = ["QueryType", "QueryClass", "Protocol", "ResponseCode"].map(look);
        let client = look("SourceIp").unwrap_or_default();
        let [kind, class, protocol] = [kind, class, protocol].map(Option::unwrap_or_default);
        Some(Question { client, kind, class, name, protocol, code: code.unwrap_or_default() })
    }

    fn head(&self, activity: u32) -> Head {
        Head::new(activity, self.log.time(&[]), Product::new("Microsoft", "Azure Firewall"))
    }

    fn name(&self, question: &Question<'_>) -> Event {
        let told = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let client = end_of(question.client).unwrap_or_else(|| NetworkEndpoint::of_service("Azure Firewall"));
        let ends = Ends::Both(client, NetworkEndpoint::of_service("Azure Firewall DNS proxy"));
        let mut event = Event::dns_activity(self.head(2), ends);
        let mut query = DnsQuery::new(question.name.strip_suffix('.').unwrap_or(question.name));
        query.set_kind(told(question.kind)).set_class(told(question.class));
        event.set_query(query);
        let mut info = NetworkConnectionInfo::new(2);
        info.set_direction("Outbound").set_protocol_name(told(question.protocol));
        event.set_connection_info(info).set_status_code(told(question.code));
        if let Some((number, word)) = crate::protocol::rcode_of(question.code) {
            event.set_rcode_id(number).set_rcode(word);
            event.set_outcome(if number == 0 { Outcome::Success } else { Outcome::Failure }, None);
        }
        event
    }

    fn flow(&self) -> Event {
        let [mut source, mut target] = ends_of(self.text);
        let address = |name: &str| self.log.field(name)?.take_if(is_address).map(NetworkEndpoint::of_ip);
        source = source.or_else(|| address("SourceIp"));
        target = target.or_else(|| self.take("Fqdn").map(NetworkEndpoint::of_hostname));
        target = target.or_else(|| address("DestinationIp"));
        let port = |name: &str| self.log.field(name).and_then(|port| port.take_as::<u16>());
        if let Some(end) = source.as_mut() {
            end.set_port(port("SourcePort"));
        }
        if let Some(end) = target.as_mut() {
            end.set_port(port("DestinationPort"));
        }
        let action = self.part("Action").map(Cow::Borrowed).or_else(|| self.log.look("Action"));
        let action = action.unwrap_or_default().to_ascii_lowercase();
        let stopped = matches!(action.as_str(), "deny" | "drop" | "denied" | "reject");
        let ends = match (source, target) {
            (Some(source), Some(target)) => Ends::Both(source, target),
            (Some(source), None) => Ends::Source(source),
            (None, Some(target)) => Ends::Destination(target),
            (None, None) => Ends::Source(NetworkEndpoint::of_service("Azure Firewall")),
        };
        let mut event = Event::network_activity(self.head(if stopped { 5 } else { 6 }), ends);
        let mut info = NetworkConnectionInfo::new(0);
        let word = self.text.split_ascii_whitespace().next().filter(|_| self.text.contains(" request from "));
        let word = word.map(|word| Cow::Owned(word.to_ascii_lowercase()));
        info.set_direction("Unknown").set_protocol_name(word.or_else(|| self.take("Protocol")));
        event.set_connection_info(info);
        self.tell_decision(&action, stopped, &mut event);
        event
    }

    fn tell_decision(&self, action: &str, stopped: bool, event: &mut Event) {
        let (number, word, disposition) = match action {
            _ if stopped => (2, "Denied", (2, "Blocked")),
            "alert" => (1, "Allowed", (19, "Alert")),
            _ => (1, "Allowed", (1, "Allowed")),
        };
        event.set_action_id(number).set_action_taken(word);
        event.set_disposition_id(disposition.0).set_disposition(disposition.1);
        event.set_outcome(if stopped { Outcome::Failure } else { Outcome::Success }, None);
        let rule = self.part("Rule").map(Cow::Borrowed).or_else(|| self.take("Rule"));
        let Some(rule) = rule.or_else(|| self.part("IDS").map(Cow::Borrowed)) else { return };
        let mut text = String::from(r#"{"name":"#);
        crate::text::write_text(&rule, &mut text);
        let group = self.part("Rule Collection").map(Cow::Borrowed).or_else(|| self.take("RuleCollection"));
        if let Some(group) = group {
            text.push_str(r#","category":"#);
            crate::text::write_text(&group, &mut text);
        }
        text.push('}');
        event.set_attribute("firewall_rule", &JsonText::new(text));
    }

    fn tell_cloud(&self, context: &Context, event: &mut Event) {
        let path = self.log.outer().member("resourceId").and_then(|path| path.look());
        let path = path.unwrap_or_default().to_ascii_lowercase();
        let own = path.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next());
        let mut cloud = Cloud::new("Azure");
        cloud.set_account(own.or(context.account.as_deref()).map(|uid| {
            let mut account = Account::of_uid(uid);
            account.set_type_id(13).set_kind("Azure Subscription");
            account
        }));
        event.set_cloud(cloud);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_read_from_sentences() {
        for (text, source, target) in [
            (
                "TCP request from 192.0.2.7:50 to 198.51.100.9:443. Action: Deny. ",
                "192.0.2.7",
                Some("198.51.100.9"),
            ),
            (
                "HTTPS request from 192.0.2.7:50 to www.example.com:443. Action: Allow.",
                "192.0.2.7",
                Some("www.example.com"),
            ),
            (
                "ICMP request from 192.0.2.7: to 198.51.100.9:. Action: alert.",
                "192.0.2.7",
                Some("198.51.100.9"),
            ),
            (
                "TCP request from 192.0.2.7:50 to 198.51.100.9:3389 was DNAT'ed to 10.0.0.2:3389",
                "192.0.2.7",
                Some("198.51.100.9"),
            ),
            ("HTTPS request from 192.0.2.7:50. Action: Deny. Reason: none.", "192.0.2.7", None),
        ] {
            let [from, to] = ends_of(text);
            let shown = |end: &NetworkEndpoint| end.ip().or(end.hostname()).map(str::to_owned);
            assert_eq!(from.as_ref().and_then(shown).as_deref(), Some(source), "{text}");
            assert_eq!(to.as_ref().and_then(shown).as_deref(), target, "{text}");
        }
    }
}
