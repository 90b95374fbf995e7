//! Numbers and names of protocols and of answers of name servers, where logs tell one and OCSF wants the other.
//!
//! Sources: IANA, "Protocol Numbers" and "DNS RCODEs".

/// The name of a protocol of IP by its number.
pub(crate) fn name_of(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "icmp",
        2 => "igmp",
        4 => "ipv4",
        6 => "tcp",
        17 => "udp",
        41 => "ipv6",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "ipv6-icmp",
        89 => "ospf",
        132 => "sctp",
        _ => return None,
    })
}

/// OCSF's number and word for the code of an answer, such as `NXDOMAIN`.
pub(crate) fn rcode_of(code: &str) -> Option<(i32, &'static str)> {
    Some(match code.to_ascii_uppercase().as_str() {
        "NOERROR" => (0, "NoError"),
        "FORMERR" => (1, "FormError"),
        "SERVFAIL" => (2, "ServError"),
        "NXDOMAIN" => (3, "NXDomain"),
        "NOTIMP" | "NOTIMPL" => (4, "NotImp"),
        "REFUSED" => (5, "Refused"),
        "YXDOMAIN" => (6, "YXDomain"),
        "YXRRSET" => (7, "YXRRSet"),
        "NXRRSET" => (8, "NXRRSet"),
        "NOTAUTH" => (9, "NotAuth"),
        "NOTZONE" => (10, "NotZone"),
        _ => return None,
    })
}
