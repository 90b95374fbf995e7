//! Suricata's `dhcp`: a machine asks for an address, or is given one.
//!
//! Source: docs.suricata.io, EVE JSON format. As in every source of leases the client is the source of the event,
//! with the address it was assigned, and the server its destination, whichever of the two sent the message.

use super::parts::{DESTINATION, SOURCE, address, connection_info, end, head};
use crate::address::is_hardware;
use crate::json::{self, tell};
use crate::record::{Field, Record};
use crate::wire::both;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Event, NetworkEndpoint};

/// Messages in the order of OCSF's activities.
const MESSAGES: [&str; 8] = ["discover", "offer", "request", "decline", "ack", "nak", "release", "inform"];

pub(super) fn lease(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let dhcp = root.member("dhcp").filter(Field::is_object)?;
    let replies = dhcp.look_at("type").as_deref() == Some("reply");
    let (own, server) = if replies { (&DESTINATION, &SOURCE) } else { (&SOURCE, &DESTINATION) };
    let client = client(dhcp).or_else(|| end(root, own));
    let ends = both(client, end(root, server))?;
    let kind = dhcp.look_at("dhcp_type");
    let position = kind.as_deref().and_then(|kind| MESSAGES.iter().position(|known| *known == kind));
    let activity = position.and_then(|position| u32::try_from(position + 1).ok()).unwrap_or(0);
    let mut event = Event::dhcp_activity(head(record, activity), ends);
    event.set_connection_info(connection_info(root));
    event.set_outcome(
        match activity {
            5 => Outcome::Success,
            4 | 6 => Outcome::Failure,
            _ => Outcome::Unknown,
        },
        None,
    );
    event.metadata_mut().set_event_code(dhcp.take_at("dhcp_type"));
    let seconds = dhcp.whole_at::<u32>("lease_time").filter(|seconds| i32::try_from(*seconds).is_ok());
    tell(&mut event, "lease_dur", seconds.map(|seconds| JsonText::new(seconds.to_string())));
    tell(&mut event, "transaction_uid", dhcp.take_at("id").map(|id| json::text(&id)));
    Some(event)
}

fn client(dhcp: Field<'_>) -> Option<NetworkEndpoint> {
    let given = |name| {
        let field: Field<'_> = dhcp.member(name)?;
        field.look().filter(|text| text != "0.0.0.0")?;
        address(field)
    };
    let mut client = NetworkEndpoint::of_ip(given("assigned_ip").or_else(|| given("client_ip"))?);
    client.set_hostname(dhcp.take_at("hostname"));
    let hardware = dhcp.member("client_mac").filter(|mac| mac.look().is_some_and(|text| is_hardware(&text)));
    client.set_mac(hardware.and_then(|mac| mac.take()));
    Some(client)
}
