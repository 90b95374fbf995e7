//! Firewall rules logs: connections that a rule let through or refused.

use super::flow::{connection, ends};
use super::{LogEntry, is_log};
use crate::record::{Field, Record};
use crate::source::{Context, Source};
use crate::text::{write_member, write_name, write_text};
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Event, Head, Product};

/// Google Cloud firewall rules logging. Class 4001: activity 1 for what was let through, 5 for what was refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcpFirewall;

impl Source for GcpFirewall {
    fn name(&self) -> &'static str {
        "gcp_firewall"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        is_log(record, "jsonPayload", "%2Ffirewall") || is_log(record, "jsonPayload", "/firewall")
    }

    fn map(&self, record: &Record<'_>, context: &Context, events: &mut Vec<Event>) {
        let entry = LogEntry::of(record);
        let seen = entry.payload("jsonPayload");
        let rule = seen.member("rule_details").filter(Field::is_object);
        let comes_in =
            rule.and_then(|rule| rule.member("direction")?.look()).is_some_and(|way| way == "INGRESS");
        let verdict = seen.member("disposition").and_then(|word| word.take());
        let refused = verdict.as_deref() == Some("DENIED");
        let head = Head::new(
            if refused { 5 } else { 1 },
            entry.time(),
            Product::new("Google", "Firewall Rules Logging"),
        );
        // The machine that the rule protects is the destination of what comes in and the source of what goes out.
        let sides = if comes_in { ["remote", ""] } else { ["", "remote"] };
        let mut event = Event::network_activity(head, ends(seen, sides));
        entry.tell(&mut event, context);
        event.set_connection_info(connection(seen, if comes_in { 1 } else { 2 }));
        event.set_is_src_dst_assignment_known(true);
        let number = if refused { 2 } else { 1 };
        event.set_action_id(number).set_disposition_id(number);
        event.set_outcome(if refused { Outcome::Failure } else { Outcome::Success }, None);
        event.set_status_code(verdict);
        if let Some(rule) = rule.and_then(rule_of) {
            event.set_attribute("firewall_rule", &rule);
        }
        events.push(event);
    }
}

/// The rule by its name, with what it is for: ranges of addresses and tags of machines.
fn rule_of(rule: Field<'_>) -> Option<JsonText> {
    let name = rule.member("reference")?.take()?;
    let mut text = String::from("{");
    write_member("name", &name, &mut text);
    for (attribute, member) in [("type", "action"), ("category", "direction")] {
        if let Some(value) = rule.member(member).and_then(|value| value.take()) {
            write_member(attribute, &value, &mut text);
        }
    }
    write_name("match_details", &mut text);
    text.push('[');
    for list in ["source_range", "destination_range", "source_tag", "target_tag"] {
        for value in rule.member(list).iter().flat_map(Field::children).filter_map(|value| value.take()) {
            if !text.ends_with('[') {
                text.push(',');
            }
            write_text(&value, &mut text);
        }
    }
    text.push_str("]}");
    Some(JsonText::new(text))
}
