//! Plain lists of alerts, as other detectors hand them over: a table or JSON lines, whoever wrote them.
//!
//! What a column is, its name tells: when, what the alert says, on which host or address, about which user. Columns
//! whose name says that they hold answers (`label`) are never read. One alert is one signal; how much it weighs is
//! learnt from how rare it is, because every product has severities of its own.

use crate::{Input, Unreadable};
use csv::StringRecord;
use homeostat::techniques_of_words;
use homeostat_core::{
    Bits, Domain, EntityKey, EntityKind, EventRef, Occurrence, Reason, Role, Signal, TenantId, Timestamp,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;

/// Names that tell when; the first that is there counts.
const WHEN: &[&str] = &["time", "timestamp", "@timestamp", "date", "datetime", "event_time", "created", "ts"];
/// Names that tell what the alert says.
const WHAT: &[&str] = &[
    "name",
    "alert",
    "rule.description",
    "alert.signature",
    "rule.name",
    "rule",
    "signature",
    "title",
    "message",
    "description",
];
/// Names that tell which sort of alert it is, where a list sorts them: of one sort further ones count less.
const SORT: &[&str] = &["short", "class", "category", "alert.category", "type", "detector"];
/// Names that tell on which host.
const HOST: &[&str] =
    &["host", "hostname", "host.name", "agent.name", "computer", "device", "machine", "asset", "sensor"];
/// Names that tell at which address.
const ADDRESS: &[&str] =
    &["ip", "host.ip", "agent.ip", "src_ip", "source.ip", "src", "address", "dest_ip", "destination.ip"];
/// Names that tell about whom.
const USER: &[&str] = &["user", "username", "user.name", "account", "srcuser", "dstuser", "data.dstuser"];
/// Names that tell more about what was found: groups, tactics, ids.
const MORE: &[&str] =
    &["rule.mitre.id", "technique", "techniques", "mitre", "attack", "rule.groups", "category"];
/// The word in the name of a column that holds answers.
const ANSWER: &str = "label";
/// Bits that an alert weighs before its rarity is known: hardly any, yet it is one.
const FAINT: f64 = 0.01;

/// The signals of every list among `files`, in order of time, then of file and record.
///
/// Records without a time, a text and somebody they are about are told on standard error by their number.
///
/// # Errors
///
/// [`Unreadable`] for the first file that can not be read.
pub fn read_alerts(files: &[Input], tenant: &TenantId) -> Result<Vec<Signal>, Unreadable> {
    let mut signals = Vec::new();
    for file in files {
        let mut bytes = Vec::new();
        file.unpacked()?.read_to_end(&mut bytes).map_err(|source| file.unreadable(source))?;
        let bad = read_list(&bytes, file.name(), tenant, &mut signals);
        if bad > 0 {
            eprintln!("{}: {bad} records tell no time, no alert or nobody", file.name());
        }
    }
    // Stable: what has the same time stays in the order of files and records.
    signals.sort_by_key(|signal: &Signal| signal.time);
    Ok(signals)
}

/// Reads one list into `signals`; gives how many of its records could not be read.
fn read_list(bytes: &[u8], file: &str, tenant: &TenantId, signals: &mut Vec<Signal>) -> u64 {
    let mut bad = 0;
    let mut record = |number: u64, alert: &Alert<'_>| match alert.signal(file, number, tenant) {
        Some(signal) => signals.push(signal),
        None => bad += 1,
    };
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        for (number, line) in (0..).zip(bytes.split(|byte| *byte == b'\n')) {
            let fields = serde_json::from_slice(line).map(|value: Value| flat(&value)).unwrap_or_default();
            if !line.iter().all(u8::is_ascii_whitespace) {
                record(number, &Alert::of(|name| fields.get(name).map(String::as_str)));
            }
        }
        return bad;
    }
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let names: Vec<String> = table.byte_headers().map(lower).unwrap_or_default();
    let places: BTreeMap<&str, usize> = names
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, name)| !name.contains(ANSWER))
        .map(|(place, name)| (name.as_str(), place))
        .collect();
    if !Alert::of(|name| places.get(name).map(|_| "0")).is_whole() {
        return 0;
    }
    let mut row = StringRecord::new();
    for number in 0.. {
        match table.read_record(&mut row) {
            Ok(true) => record(number, &Alert::of(|name| row.get(*places.get(name)?))),
            Ok(false) => break,
            Err(_) => record(number, &Alert::default()),
        }
    }
    bad
}

fn lower(header: &csv::ByteRecord) -> Vec<String> {
    header.iter().map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase()).collect()
}

/// The leaves of a JSON object by path (`rule.description`), lists as their words, answers left out.
fn flat(value: &Value) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(fields) => {
                let named = fields.iter().filter(|(name, _)| !name.to_ascii_lowercase().contains(ANSWER));
                let path =
                    |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                open.extend(named.map(|(name, value)| (path(&name.to_ascii_lowercase()), value)));
            }
            Value::String(text) => drop(leaves.insert(path, text.clone())),
            Value::Array(items) => {
                let words =
                    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                leaves.insert(path, words.collect::<Vec<_>>().join(" "));
            }
            Value::Null => (),
            other => drop(leaves.insert(path, other.to_string())),
        }
    }
    leaves
}

/// One alert, as its list tells it.
#[derive(Default)]
struct Alert<'a> {
    when: Option<&'a str>,
    what: Option<&'a str>,
    sort: Option<&'a str>,
    host: Option<&'a str>,
    address: Option<&'a str>,
    user: Option<&'a str>,
    more: Vec<&'a str>,
}

impl<'a> Alert<'a> {
    fn of(field: impl Fn(&str) -> Option<&'a str>) -> Self {
        let value =
            |name: &&str| field(name).map(str::trim).filter(|value| !value.is_empty() && *value != "-");
        let first = |names: &[&str]| names.iter().find_map(value);
        Self {
            when: first(WHEN),
            what: first(WHAT),
            sort: first(SORT),
            host: first(HOST),
            address: first(ADDRESS),
            user: first(USER),
            more: MORE.iter().filter_map(value).collect(),
        }
    }

    /// Whether it has what an alert needs.
    fn is_whole(&self) -> bool {
        let about = self.host.or(self.address).or(self.user);
        self.when.is_some() && self.what.is_some() && about.is_some()
    }

    /// The signal that it is as record `number` of `file`.
    fn signal(&self, file: &str, number: u64, tenant: &TenantId) -> Option<Signal> {
        let what = self.what?;
        let mut about = self.about(tenant).into_iter();
        let (key, role) = about.next()?;
        let occurrence = Occurrence {
            tenant: tenant.clone(),
            event: EventRef::new(file, number).ok()?,
            time: moment(self.when?)?,
            domain: domain_of(what),
        };
        let mut signal = Signal::new(self.sort.unwrap_or(what), &occurrence, &key, Bits::new(FAINT));
        if self.sort.is_some() {
            // Alerts of one sort are one fact; what this one says is told as its reason.
            signal.reasons.push(Reason::new("the alert", what, "none", Bits::new(1.0)));
        }
        signal.actor = None;
        signal.entities = vec![(key, role)];
        about.for_each(|(key, role)| signal.involve(key, role));
        let text = std::iter::once(what).chain(self.more.iter().copied()).collect::<Vec<_>>().join(" ");
        signal.techniques = techniques_of_words(&text);
        Some(signal)
    }

    /// Whom it is about, the most telling first. A host's address says nothing that its name does not.
    fn about(&self, tenant: &TenantId) -> Vec<(EntityKey, Role)> {
        let scope = tenant.as_str();
        let host = self.host.and_then(|name| {
            let kind = if name.contains('.') { EntityKind::Fqdn } else { EntityKind::Hostname };
            EntityKey::new(kind, scope, name).ok()
        });
        let address = || self.address.and_then(|address| EntityKey::ip(scope, address).ok());
        let user = self.user.and_then(|name| EntityKey::new(EntityKind::Upn, scope, name).ok());
        let place = host.or_else(address).map(|key| (key, Role::Device));
        place.into_iter().chain(user.map(|key| (key, Role::Target))).collect()
    }
}

/// The part of the estate that an alert's words speak of.
fn domain_of(text: &str) -> Domain {
    let lower = text.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if any(&["mail", "smtp", "phish"]) {
        Domain::Email
    } else if any(&["dns", "tls", "http", "ids ", "suricata", "snort", "zeek", "scan", "firewall"]) {
        Domain::Network
    } else {
        Domain::Endpoint
    }
}

/// A moment as text or as a number of seconds, milli-, micro- or nanoseconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    let Ok(number) = text.parse::<f64>() else { return text.parse().ok() };
    // Seconds stay below 10^11 for three thousand years; a thousand times that are milliseconds, and so on.
    let micros = match number.abs() {
        size if size < 1e11 => number * 1e6,
        size if size < 1e14 => number * 1e3,
        size if size < 1e17 => number,
        _ => number / 1e3,
    };
    #[expect(clippy::cast_possible_truncation, reason = "the timestamp clamps what is out of range")]
    let micros = micros.is_finite().then_some(micros as i64)?;
    Some(Timestamp::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Signal>, u64) {
        let mut signals = Vec::new();
        let bad = read_list(text.as_bytes(), "list", &TenantId::new("local").unwrap(), &mut signals);
        (signals, bad)
    }

    #[test]
    fn a_table_and_json_lines_tell_the_same() {
        let (table, bad) = read("Time,Name,Host,label\n1000000,Multiple failed logins,web,attack\n,x,y,z\n");
        assert_eq!((table.len(), bad), (1, 1));
        let line = r#"{"timestamp":"1970-01-12T13:46:40Z","rule":{"description":"Multiple failed logins"},"agent":{"name":"web"},"Label":"attack"}"#;
        let (lines, _) = read(line);
        assert_eq!(lines, table);
        assert_eq!(table[0].techniques[0].as_str(), "T1110");
        assert!(!serde_json::to_string(&lines).unwrap().contains("attack\""));
    }

    #[test]
    fn what_is_no_list_of_alerts_is_left_alone() {
        assert_eq!(read("src,dst\na,b\n"), (Vec::new(), 0));
    }

    #[test]
    fn moments_come_in_any_unit() {
        for text in
            ["1600000000", "1600000000.0", "1600000000000", "1600000000000000", "2020-09-13T12:26:40Z"]
        {
            assert_eq!(moment(text), Some(Timestamp::from_micros(1_600_000_000_000_000)), "{text}");
        }
        assert_eq!(moment("soon"), None);
    }
}
