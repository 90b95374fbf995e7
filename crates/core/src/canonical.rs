//! One spelling for each identifier, so that the same thing gives the same key from every source.

use crate::EntityKind;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

/// The canonical spelling of `raw` as a `kind`, or `None` when `raw` names nothing (`-`, `unknown`, zero ids).
pub(crate) fn canonical(kind: EntityKind, raw: &str) -> Option<Cow<'_, str>> {
    let trimmed = raw.trim();
    if is_placeholder(trimmed) {
        return None;
    }
    // What is left of dressing is looked at again, so that a spelling once made stays as it is.
    spelt(kind, trimmed).filter(|text| !is_placeholder(text))
}

fn spelt(kind: EntityKind, trimmed: &str) -> Option<Cow<'_, str>> {
    match kind {
        EntityKind::Upn | EntityKind::Email => Some(mail(trimmed)),
        EntityKind::Hostname | EntityKind::Fqdn | EntityKind::Domain => {
            Some(lower(trimmed.trim_end_matches(|end: char| end == '.' || end.is_whitespace())))
        }
        EntityKind::Ip => address(trimmed),
        EntityKind::Mac
        | EntityKind::Sam
        | EntityKind::LocalUser
        | EntityKind::DirectoryObjectId
        | EntityKind::AppObjectId
        | EntityKind::ServicePrincipalId
        | EntityKind::GroupId
        | EntityKind::MailboxId
        | EntityKind::AppId
        | EntityKind::AzureResource
        | EntityKind::FileHash => Some(lower(trimmed)),
        _ => Some(Cow::Borrowed(trimmed)),
    }
}

fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 10] =
        ["", "-", "--", "n/a", "null", "none", "unknown", "(empty)", "undefined", "anonymous"];
    const ZEROS: [&str; 2] = ["00000000-0000-0000-0000-000000000000", "s-1-0-0"];
    let short = text.len() <= 36;
    short && WORDS.iter().chain(&ZEROS).any(|word| text.eq_ignore_ascii_case(word))
}

fn lower(text: &str) -> Cow<'_, str> {
    // Nearly all identifiers are ASCII, and bytes are looked through many at a time.
    let capitals = if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_uppercase())
    } else {
        text.chars().any(char::is_uppercase)
    };
    if capitals { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

/// `"Jane" <SMTP:Jane@Acme.example>` → `jane@acme.example`.
fn mail(text: &str) -> Cow<'_, str> {
    let inner = match (text.rfind('<'), text.rfind('>')) {
        (Some(open), Some(close)) if open < close => text.get(open + 1..close).unwrap_or(text),
        _ => text,
    };
    let mut bare = inner.trim();
    while let Some((scheme, rest)) = bare.split_at_checked(5)
        && scheme.eq_ignore_ascii_case("smtp:")
    {
        bare = rest.trim_start();
    }
    lower(bare)
}

/// Strips port, brackets and zone, unwraps `::ffff:`; `None` for what is no address or is this very host.
fn address(text: &str) -> Option<Cow<'_, str>> {
    let inner = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => text,
    };
    let bare = inner.split('%').next().unwrap_or(inner);
    if let Ok(four) = bare.parse::<Ipv4Addr>() {
        // Four decimal numbers without leading zeros are the one spelling that is read: it is canonical as it stands.
        return (!four.is_loopback() && !four.is_unspecified()).then_some(Cow::Borrowed(bare));
    }
    let parsed = bare.parse().or_else(|_| without_port(bare).parse::<IpAddr>()).ok()?.to_canonical();
    (!parsed.is_loopback() && !parsed.is_unspecified()).then(|| Cow::Owned(parsed.to_string()))
}

fn without_port(text: &str) -> &str {
    match text.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: EntityKind, raw: &str, expected: Option<&str>) {
        assert_eq!(canonical(kind, raw).as_deref(), expected, "{kind} {raw}");
    }

    #[test]
    fn each_kind_has_one_spelling() {
        check(EntityKind::Email, "\"Jane\" <SMTP:Jane@Acme.Example>", Some("jane@acme.example"));
        check(EntityKind::Upn, "ZOË@acme.example", Some("zoë@acme.example"));
        check(EntityKind::Fqdn, "MKT01.acme.example.", Some("mkt01.acme.example"));
        check(EntityKind::Fqdn, "mkt01.. .", Some("mkt01"));
        check(EntityKind::Email, "< smtp:SMTP: jane@acme.example >", Some("jane@acme.example"));
        check(EntityKind::Ip, "::ffff:192.0.2.7", Some("192.0.2.7"));
        check(EntityKind::Ip, "192.0.2.7:443", Some("192.0.2.7"));
        check(EntityKind::Ip, "[2001:DB8::1%eth0]:443", Some("2001:db8::1"));
        check(EntityKind::ResourceArn, "arn:aws:s3:::Acme-Data", Some("arn:aws:s3:::Acme-Data"));
    }

    #[test]
    fn placeholders_are_nobody() {
        for raw in ["", "-", "unknown", "NULL", "n/a", "00000000-0000-0000-0000-000000000000", "S-1-0-0"] {
            check(EntityKind::Upn, raw, None);
        }
        check(EntityKind::Email, "Jane <smtp:>", None);
        check(EntityKind::Fqdn, "unknown.", None);
        for raw in ["::1", "127.0.0.1", "0.0.0.0", "private", "gce-internal-ip"] {
            check(EntityKind::Ip, raw, None);
        }
    }
}
