//! Zeek's `conn` log: one connection, how it ended and how much was sent.
//!
//! Source: docs.zeek.org, `base/protocols/conn`; the states are those of its table.

use super::flow::{connection_info, ends, head};
use crate::record::{Field, Record};
use homeostat_core::Outcome;
use homeostat_event::{Event, NetworkTraffic};

pub(super) fn connection(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let ends = ends(record)?;
    let activity = activity_of(root.look_at("conn_state").as_deref());
    let mut event = Event::network_activity(head(record, activity), ends);
    let outcome = match activity {
        4 | 5 => Outcome::Failure,
        2 | 3 | 6 => Outcome::Success,
        _ => Outcome::Unknown,
    };
    event.set_outcome(outcome, None).set_status_code(root.take_at("conn_state"));
    let mut info = connection_info(root);
    info.set_flag_history(root.take_at("history"));
    event.set_connection_info(info);
    event.set_app_protocol_name(root.take_at("service"));
    event.set_traffic(traffic(root));
    event.set_is_src_dst_assignment_known(true).set_duration(root.millis_at("duration"));
    event.set_app_name(root.member("app").and_then(|apps| apps.first()?.take()));
    let uid = root.look_at("uid");
    event.metadata_mut().set_uid(uid);
    Some(event)
}

/// How a connection ended, by Zeek's `conn_state`.
fn activity_of(state: Option<&str>) -> u32 {
    match state {
        Some("SF" | "S1" | "S2" | "S3" | "SH" | "SHR") => 2,
        Some("RSTO" | "RSTR" | "RSTOS0" | "RSTRH") => 3,
        Some("S0") => 4,
        Some("REJ") => 5,
        Some("OTH") => 6,
        _ => 0,
    }
}

fn traffic(root: Field<'_>) -> Option<NetworkTraffic> {
    let count = |name| root.whole_at::<u64>(name).and_then(|number| i64::try_from(number).ok());
    let mut traffic = NetworkTraffic::new();
    let (bytes_out, bytes_in) = (count("orig_bytes"), count("resp_bytes"));
    let (packets_out, packets_in) = (count("orig_pkts"), count("resp_pkts"));
    let sum =
        |out: Option<i64>, back: Option<i64>| out.zip(back).and_then(|(out, back)| out.checked_add(back));
    traffic.set_bytes(sum(bytes_out, bytes_in)).set_bytes_in(bytes_in);
    traffic.set_bytes_missed(count("missed_bytes")).set_bytes_out(bytes_out);
    traffic.set_packets(sum(packets_out, packets_in)).set_packets_in(packets_in).set_packets_out(packets_out);
    (traffic != NetworkTraffic::new()).then_some(traffic)
}
