//! Connections, names asked for, calls of WMI, and what Defender finds.

use super::log::{Item, Log};
use super::party::{actor_of, file_of, to_number};
use super::words::{address, line};
use crate::record::Field;
use homeostat_event::{
    Api, Device, DnsAnswer, DnsQuery, Ends, Event, Evidence, FindingInfo, Head, Malware,
    NetworkConnectionInfo, NetworkEndpoint, ResourceDetails, Service, Str,
};
use std::borrow::Cow;

impl Log<'_, '_> {
    /// Class 4001.
    pub(super) fn connection(&self, head: Head) -> Event {
        let direction = self.direction();
        let device = self.device();
        let source = self.end(["SourceIp", "SourceAddress"], ["SourcePort", "SourcePort"], "SourceHostname");
        let ports = ["DestinationPort", "DestPort"];
        let there =
            self.end(["DestinationIp", "DestAddress"], ports, "DestinationHostname").map(|mut end| {
                end.set_svc_name(self.take("DestinationPortName"));
                end
            });
        let ends = match (source, there) {
            (Some(source), Some(there)) => Ends::Both(source, there),
            // A port that is bound to is one that others may come to.
            (Some(mut own), None) => {
                if own.hostname().is_none() {
                    own.set_hostname(device.hostname());
                }
                Ends::Destination(own)
            }
            (None, Some(there)) => Ends::Destination(there),
            (None, None) => Ends::Destination(self.own_end(&device)),
        };
        let mut info = NetworkConnectionInfo::new(direction);
        self.protocol(&mut info);
        let mut event = Event::network_activity(head, ends);
        event.set_connection_info(info).set_is_src_dst_assignment_known(direction != 0);
        event.set_actor(self.some_actor()).set_device(device);
        event
    }

    /// An end of which no address is told is this machine's, at the port that it listens on.
    fn own_end(&self, device: &Device) -> NetworkEndpoint {
        let mut end = NetworkEndpoint::of_hostname(device.hostname().or(device.name()).unwrap_or("unknown"));
        end.set_port(self.data("SourcePort").and_then(port));
        end
    }

    fn end(&self, ips: [&str; 2], ports: [&str; 2], name: &str) -> Option<NetworkEndpoint> {
        let field = self.any(&ips)?;
        let text = field.look()?;
        let ip = address(&text)?;
        let whole = ip == text;
        let mut end = NetworkEndpoint::of_ip(ip);
        if whole {
            field.take()
        } else {
            field.copy()
        };
        end.set_port(self.any(&ports).and_then(port));
        end.set_hostname(self.take(name));
        if end.ip().is_some_and(|ip| ip == "::1" || ip.starts_with("127.")) {
            end.set_hostname(self.item(Item::Computer).and_then(|name| name.look()));
        }
        Some(end)
    }

    /// Sysmon says who began; the filtering platform says `%%14592` inbound, `%%14593` outbound.
    fn direction(&self) -> i32 {
        match (self.copy("Initiated").as_deref(), self.copy("Direction").as_deref()) {
            (Some("true"), _) | (_, Some("%%14593" | "Outbound")) => 2,
            (Some("false"), _) | (_, Some("%%14592" | "Inbound")) => 1,
            _ => 0,
        }
    }

    fn protocol(&self, info: &mut NetworkConnectionInfo) {
        let Some(field) = self.data("Protocol") else { return };
        match field.look().and_then(|text| text.parse::<i32>().ok()) {
            Some(number) => {
                field.take();
                info.set_protocol_num(number);
                info.set_protocol_name(match number {
                    1 => Some("icmp"),
                    6 => Some("tcp"),
                    17 => Some("udp"),
                    58 => Some("ipv6-icmp"),
                    _ => None,
                });
            }
            None => {
                info.set_protocol_name(field.take());
            }
        }
    }

    /// Class 4003.
    pub(super) fn name_question(&self, head: Head) -> Option<Event> {
        let device = self.device();
        let mut event = Event::dns_activity(head, Ends::Source(self.own_end(&device)));
        event.set_query(DnsQuery::new(self.any(&["QueryName", "param1"])?.take()?));
        let results = self.copy("QueryResults");
        let answers: Vec<DnsAnswer> = results.as_deref().map(answers).unwrap_or_default();
        event.set_answers(answers);
        if let Some(status) = self.data("QueryStatus").and_then(|status| status.take()) {
            event.set_rcode_id(rcode(&status));
            event.set_rcode((rcode(&status) == 99).then(|| status.to_string())).set_status_code(status);
        }
        event.set_actor(self.some_actor()).set_device(device);
        Some(event)
    }

    /// Class 6003: a call of WMI that failed.
    pub(super) fn call(&self, head: Head) -> Option<Event> {
        let message = self.item(Item::Message).and_then(|text| text.look());
        let told = |name: &str| {
            let own = self.copy(name).map(Cow::into_owned);
            own.or_else(|| line(message.as_deref()?, name, '=').map(str::to_owned))
        };
        let whole = told("Operation")?;
        let (method, object) = whole.split_once(" - ").unwrap_or((&whole, ""));
        let mut api = Api::new(method.trim_start_matches("Start ").to_owned());
        api.set_service(Service::named("WMI"));
        let (domain, name) = told("User").map_or((None, None), |user| {
            let (domain, name) = super::words::domain_and_name(&user);
            (domain.map(str::to_owned), Some(name.to_owned()))
        });
        let user = name.map(|name| {
            let mut user = homeostat_event::User::named(name);
            user.set_domain(domain);
            user
        });
        let process =
            homeostat_event::Process::told(told("ClientProcessId").and_then(|pid| pid.parse().ok()), None);
        let actor = actor_of(user, process, None).unwrap_or_else(|| self.some_actor());
        let device = self.device();
        let client =
            told("ClientMachine").map_or_else(|| self.own_end(&device), NetworkEndpoint::of_hostname);
        let mut event = Event::api_activity(head, actor, api, client);
        let server = self.own_end(&device);
        event.set_device(device).set_dst_endpoint(server).set_status_code(told("ResultCode"));
        if !object.is_empty() {
            event.set_resources(vec![ResourceDetails::named(object)]);
        }
        Some(event)
    }

    /// What a call of WMI was to do, by its method.
    pub(super) fn call_activity(&self) -> u32 {
        let message = self.item(Item::Message).and_then(|text| text.look());
        let own = self.look("Operation");
        let text = own.or(message).unwrap_or_default();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match () {
            () if has(&["::Delete"]) => 4,
            () if has(&["::Put"]) => 3,
            () if has(&["::ExecMethod"]) => 1,
            () => 2,
        }
    }

    /// Class 2004: what Defender found and what became of it.
    pub(super) fn finding(&self, head: Head) -> Option<Event> {
        let uid = self.any(&["Detection ID", "Path", "ID"]).or_else(|| self.item(Item::RecordId))?;
        let mut info = FindingInfo::new(uid.take()?);
        let name = self.any(&["Threat Name", "Path"]).and_then(|name| name.take());
        info.set_title(name.clone()).set_types(self.list_of("Category Name"));
        info.set_src_url(self.take("FWLink"));
        info.set_data_sources(self.list_of("Source Name"));
        let device = self.device();
        let mut evidence = Evidence::of_device(device.clone());
        let user = self.full_user(&["Detection User", "User"]);
        evidence.set_actor(actor_of(user, None, None)).set_process(self.process(super::party::ACTING));
        let path = self.any(&["Path", "Involved File"]).and_then(|path| path.take());
        evidence.set_file(path.map(|path| file_of(&path, 1)));
        let mut event = Event::detection_finding(head, info);
        event.set_evidences(vec![evidence]).set_device(device).set_is_alert(true);
        event.set_malware(
            name.map(|name| {
                let mut malware = Malware::new(name, vec![0]);
                malware.set_uid(self.take("Threat ID"));
                vec![malware]
            })
            .unwrap_or_default(),
        );
        event.set_severity(match self.look("Severity ID").as_deref() {
            Some("1") => homeostat_event::Severity::LOW,
            Some("2") => homeostat_event::Severity::MEDIUM,
            Some("4") => homeostat_event::Severity::HIGH,
            Some("5") => homeostat_event::Severity::CRITICAL,
            _ => homeostat_event::Severity::UNKNOWN,
        });
        Some(event)
    }

    fn list_of(&self, name: &str) -> Vec<Str> {
        self.take(name).map(|text| vec![Str::from(text)]).unwrap_or_default()
    }
}

fn port(field: Field<'_>) -> Option<u16> {
    field.look()?.parse::<u16>().ok()?;
    to_number(field).and_then(|number| u16::try_from(number).ok())
}

/// `type:  5 name;::ffff:192.0.2.7;` as answers.
fn answers(results: &str) -> Vec<DnsAnswer> {
    let parts = results.split(';').map(str::trim).filter(|part| !part.is_empty() && *part != "-");
    parts
        .filter_map(|part| {
            if let Some(rest) = part.strip_prefix("type:") {
                let mut words = rest.split_whitespace();
                let (number, data) = (words.next()?, words.next()?);
                let mut answer = DnsAnswer::new(data);
                answer.set_kind(number);
                return Some(answer);
            }
            Some(DnsAnswer::new(address(part).unwrap_or(Cow::Borrowed(part))))
        })
        .collect()
}

/// Windows counts the codes of the protocol from 9000.
fn rcode(status: &str) -> i32 {
    match status.parse::<i32>() {
        Ok(0) => 0,
        Ok(code @ 9_001..=9_010) => code - 9_000,
        _ => 99,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let told = answers("type:  5 www.acme.example;::ffff:192.0.2.7;2001:db8::1;");
        let data: Vec<_> = told.iter().filter_map(DnsAnswer::rdata).collect();
        assert_eq!(data, ["www.acme.example", "192.0.2.7", "2001:db8::1"]);
        assert_eq!(told[0].kind(), Some("5"));
        assert_eq!([rcode("0"), rcode("9003"), rcode("1460")], [0, 3, 99]);
    }
}
