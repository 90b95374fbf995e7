//! Rows of our own collectors as events: processes as launches at their start, connections and listeners as network
//! activity, the rest as base events that keep everything. One row of JSON a line, marked by `homeostat_triage`.

use homeostat_core::Timestamp;
use homeostat_event::{
    Actor, Device, DeviceId, Ends, Event, Head, NetworkConnectionInfo, NetworkEndpoint, OnHost, Process,
    Product, User,
};
use homeostat_ingest::{Context, Record, Source};

/// The source of rows that [`LinuxTriage`](crate) and others of our own collectors write.
///
/// ```
/// use homeostat_forensics::TriageSource;
/// use homeostat_ingest::{Ingest, Registry};
/// let row = r#"{"homeostat_triage":"process","host":"web-1","pid":7,"name":"sh","cmd_line":"sh -c id","user":"www-data","started":"2026-03-16T08:30:00Z"}"#;
/// let mut ingest = Ingest::new(Registry::default().first(TriageSource));
/// let event = ingest.read("processes.jsonl", row.as_bytes()).next().unwrap()?;
/// assert_eq!((event.class_uid().get(), event.activity_id()), (1007, 1));
/// assert!(homeostat_event::validate(&event).is_empty());
/// # Ok::<(), homeostat_ingest::RecordError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TriageSource;

impl Source for TriageSource {
    fn name(&self) -> &'static str {
        "homeostat_triage"
    }

    fn recognises(&self, record: &Record<'_>) -> bool {
        record.has("homeostat_triage")
    }

    fn map(&self, record: &Record<'_>, _: &Context, events: &mut Vec<Event>) {
        let event = match record.look("homeostat_triage").as_deref() {
            Some("process") => process(record),
            Some("connection") => connection(record),
            _ => None,
        };
        events.extend(event.map(|mut event| {
            for moment in ["started", "seen"] {
                if moment_of(record, &[moment]).is_moment() {
                    event.set_original_time(&record.take(moment).unwrap_or_default());
                    break;
                }
            }
            event
        }));
    }
}

fn product() -> Product {
    Product::new("homeostat", "triage")
}

fn moment_of(record: &Record<'_>, names: &[&str]) -> Timestamp {
    let told = names.iter().find_map(|name| record.look(name)?.parse().ok());
    told.unwrap_or(Timestamp::UNKNOWN)
}

fn number(record: &Record<'_>, name: &str) -> Option<i64> {
    record.take(name)?.parse().ok()
}

/// A process was launched when it started, by its parent.
fn process(record: &Record<'_>) -> Option<Event> {
    let host = record.take("host")?;
    let mut process = Process::told(number(record, "pid"), None)?;
    process.set_name(record.take("name")).set_cmd_line(record.take("cmd_line")).set_path(record.take("path"));
    process.set_working_directory(record.take("cwd"));
    if let Some(name) = record.take("user") {
        let mut user = User::named(name);
        user.set_uid(record.take("uid"));
        process.set_user(user);
    }
    let mut parent = Process::told(number(record, "ppid"), None);
    if let Some(parent) = &mut parent {
        // Who runs a program is who started it, but for programs that change their user.
        parent.set_user(process.user().cloned());
    }
    process.set_parent_process(parent.clone());
    let head = Head::new(1, moment_of(record, &["started", "seen"]), product());
    let by = Actor::of_process(parent.unwrap_or_else(|| process.clone()));
    let by = OnHost::new(by, Device::new(0, DeviceId::Hostname(host.into_owned().into())));
    Some(Event::process_activity(head, by, process))
}

/// A connection or listener, as it was when it was seen.
fn connection(record: &Record<'_>) -> Option<Event> {
    let listens = record.look("state").as_deref() == Some("listen");
    let mut near = NetworkEndpoint::of_ip(record.take("local_ip")?);
    near.set_port(number(record, "local_port").and_then(|port| i32::try_from(port).ok()));
    near.set_hostname(record.take("host"));
    let far = (!listens).then(|| record.take("remote_ip")).flatten().map(|ip| {
        let mut far = NetworkEndpoint::of_ip(ip);
        far.set_port(number(record, "remote_port").and_then(|port| i32::try_from(port).ok()));
        far
    });
    let inbound = record.look("direction").as_deref() == Some("inbound");
    let ends = match far {
        Some(far) if inbound => Ends::Both(far, near),
        Some(far) => Ends::Both(near, far),
        None => Ends::Destination(near),
    };
    // 7: listen; 6: traffic, as the row tells that there is a connection and not when it was opened.
    let head = Head::new(if listens { 7 } else { 6 }, moment_of(record, &["seen"]), product());
    let mut event = Event::network_activity(head, ends);
    let mut info = NetworkConnectionInfo::new(if listens {
        0
    } else if inbound {
        1
    } else {
        2
    });
    info.set_protocol_name(record.take("protocol"));
    event.set_connection_info(info);
    Some(event)
}
