//! Zeek's `ssl` log: one handshake of TLS or DTLS.
//!
//! Source: docs.zeek.org, `base/protocols/ssl`, and the packages ja3 and ja4. A record without a version is of a
//! handshake that was not seen from its start; it tells the connection alone.

use super::flow::{head, seen};
use crate::json::{JsonObject, list, tell};
use crate::record::{Field, Record};
use crate::tls;
use homeostat_core::{JsonText, Outcome};
use homeostat_event::{Event, Fingerprint, Tls};

pub(super) fn handshake(record: &Record<'_>) -> Option<Event> {
    let root = record.root();
    let mut event = seen(record, |ends| Event::network_activity(head(record, 6), ends))?;
    if root.truth_at("established") == Some(false) {
        event.set_outcome(Outcome::Failure, None);
    }
    event.set_tls(handshake_of(root)).set_is_src_dst_assignment_known(true);
    event.set_app_protocol_name(root.take_at("next_protocol"));
    event.set_status_code(root.take_at("last_alert")).set_status_detail(root.take_at("validation_status"));
    tell(&mut event, "ja4_fingerprint_list", prints(root));
    tell_history(root, &mut event);
    Some(event)
}

fn handshake_of(root: Field<'_>) -> Option<Tls> {
    let version = root.member("version")?;
    let text = version.look()?;
    let mut told = match tls::version(&text) {
        Some(number) => {
            version.copy();
            Tls::new(number)
        }
        None => Tls::new(version.take()?),
    };
    let print = |name| root.take_at(name).map(|digest| Fingerprint::new(1, digest));
    told.set_cipher(root.take_at("cipher")).set_sni(root.take_at("server_name"));
    told.set_ja3_hash(print("ja3")).set_ja3s_hash(print("ja3s"));
    Some(told)
}

/// JA4 of the client and of the server.
fn prints(root: Field<'_>) -> Option<JsonText> {
    let print = |name, kind| {
        let value = root.take_at(name)?;
        JsonObject::default().number("type_id", Some(kind)).text("value", Some(value)).end()
    };
    list([print("ja4", 1), print("ja4s", 2)].into_iter().flatten())
}

/// Which messages of the handshake went which way, in letters as `conn` has them for packets.
fn tell_history(root: Field<'_>, event: &mut Event) {
    if let Some(mut info) = event.connection_info().cloned() {
        info.set_flag_history(root.take_at("ssl_history"));
        event.set_connection_info(info);
    }
}
