//! Forms that texts of some types must keep: address, mail, hardware address, time, id, base 64.

use crate::table::Form;

impl Form {
    /// The longest text, in characters.
    pub(crate) fn limit(self) -> Option<usize> {
        match self {
            Self::Ip => Some(40),
            Self::Mac => Some(32),
            Self::Subnet => Some(42),
            _ => None,
        }
    }

    /// Whether `text` has the form.
    pub(crate) fn fits(self, text: &str) -> bool {
        match self {
            Self::DateTime => text.contains(['T', 't']) && text.parse::<homeostat_core::Timestamp>().is_ok(),
            Self::Ip => {
                let address = text.trim().split('%').next().unwrap_or_default();
                address.parse::<std::net::IpAddr>().is_ok()
            }
            Self::Mail => is_mail(text),
            Self::Mac => is_mac(text),
            Self::Uuid => text.as_bytes().windows(36).any(is_uuid),
            Self::Subnet => true,
            Self::Bytes => is_base64(text),
        }
    }
}

fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let Some((host, top)) = domain.split_once('.') else { return false };
    let in_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-./=?^_`{|}~".contains(&byte);
    let in_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !local.is_empty()
        && local.bytes().all(in_local)
        && !host.is_empty()
        && host.bytes().all(in_domain)
        && !top.is_empty()
        && top.bytes().all(|byte| in_domain(byte) || byte == b'.')
}

fn is_mac(text: &str) -> bool {
    let pairs: Vec<_> = text.split([':', '-']).collect();
    pairs.len() == 6
        && pairs.iter().all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Base 64 in either alphabet, filled up to fours.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let of = |marks: [u8; 2]| bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte));
    text.len().is_multiple_of(4) && text.len() - bare.len() <= 2 && (of(*b"+/") || of(*b"-_"))
}

fn is_uuid(window: &[u8]) -> bool {
    window.iter().enumerate().all(|(place, byte)| {
        if matches!(place, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
    })
}
