//! The small languages inside the fields of a Windows event: numbers, names, lists, lines of a message.

use std::borrow::Cow;

/// Whether a value says that there is none.
pub(super) fn is_placeholder(text: &str) -> bool {
    matches!(text.trim(), "" | "-" | "(null)" | "NULL" | "%%1793" | "?" | "N/A" | "n/a")
}

/// Whether an id is all zeros.
pub(super) fn is_zero(text: &str) -> bool {
    text == "S-1-0-0" || text.bytes().all(|byte| matches!(byte, b'0' | b'-' | b'{' | b'}' | b'x'))
}

/// A whole number, decimal or with `0x`.
pub(super) fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `DOMAIN\name` apart.
pub(super) fn domain_and_name(text: &str) -> (Option<&str>, &str) {
    match text.split_once('\\') {
        Some((domain, name)) if !domain.is_empty() && !name.is_empty() => (Some(domain), name),
        _ => (None, text),
    }
}

/// The last part of a path; of a path that ends in a separator the part before it.
pub(super) fn last_of(path: &str) -> &str {
    let trimmed = path.trim_end_matches(['\\', '/']);
    let last = trimmed.rsplit(['\\', '/']).next().unwrap_or(trimmed);
    if last.is_empty() { path } else { last }
}

/// An address without what Windows puts around it; `None` for this machine and for what is no address.
pub(super) fn address(text: &str) -> Option<Cow<'_, str>> {
    let bare = text.strip_prefix("::ffff:").filter(|rest| rest.contains('.')).unwrap_or(text);
    let bare = bare.split('%').next().unwrap_or(bare);
    let parsed = bare.parse::<std::net::IpAddr>().ok()?;
    (!parsed.is_unspecified()).then_some(Cow::Borrowed(bare))
}

/// The values of a list whose elements stand apart by white space: rights, access codes, groups.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n', '\t', ' ', ',']).filter(|part| !is_placeholder(part)).map(bare_of)
}

fn bare_of(part: &str) -> &str {
    part.strip_prefix("%{").and_then(|rest| rest.strip_suffix('}')).unwrap_or(part)
}

/// The rest of the line of `text` that starts, after blanks, with `name` and one of `marks`.
pub(super) fn line<'t>(text: &'t str, name: &str, mark: char) -> Option<&'t str> {
    text.split(['\r', '\n', ';']).find_map(|line| {
        let rest = line.trim_start().strip_prefix(name)?.trim_start();
        let value = rest.strip_prefix(mark)?.trim();
        (!is_placeholder(value)).then_some(value)
    })
}

/// Which kinds of access a mask of rights names first, in the order of what weighs most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Delete,
    SetSecurity,
    Write,
    SetAttributes,
    Read,
    GetSecurity,
    GetAttributes,
    Other,
}

/// Of the mask of rights on a file or key.
pub(super) fn access(mask: i64) -> Access {
    let has = |bits: i64| mask & bits != 0;
    match () {
        // All rights at once say nothing of what is done.
        () if mask & 0xF_0000 == 0xF_0000 => Access::Other,
        () if has(0x1_0000) => Access::Delete,
        () if has(0xC_0000) => Access::SetSecurity,
        () if has(0x4000_0006) => Access::Write,
        () if has(0x110) => Access::SetAttributes,
        () if has(0x9000_0021) => Access::Read,
        () if has(0x100_0000) || mask == 0x2_0000 => Access::GetSecurity,
        () if has(0x88) => Access::GetAttributes,
        () => Access::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        assert_eq!(
            [number("0x2c0"), number("704"), number(" 7"), number("0xzz")],
            [Some(704), Some(704), Some(7), None]
        );
        assert_eq!(domain_and_name(r"ACME\jane"), (Some("ACME"), "jane"));
        assert_eq!(domain_and_name("jane"), (None, "jane"));
        assert_eq!([last_of(r"C:\a\b.exe"), last_of(r"C:\a\")], ["b.exe", "a"]);
        assert_eq!(address("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!((address("-"), address("0.0.0.0")), (None, None));
        assert_eq!(list("SeDebug\r\n\t\t\tSeBackup").collect::<Vec<_>>(), ["SeDebug", "SeBackup"]);
        assert_eq!(list("\r\n\t\t%{S-1-1-0}\r\n").collect::<Vec<_>>(), ["S-1-1-0"]);
        assert_eq!(line("Subject:\r\n\tAccount Name:\t\tjane\r\n", "Account Name", ':'), Some("jane"));
        assert_eq!(line("\tHostName=ConsoleHost\r\n", "HostName", '='), Some("ConsoleHost"));
    }

    #[test]
    fn masks_name_what_weighs_most() {
        for (mask, expected) in [
            (0x1, Access::Read),
            (0x2, Access::Write),
            (0x6, Access::Write),
            (0x1_0000, Access::Delete),
            (0xf_003f, Access::Other),
            (0x4_0000, Access::SetSecurity),
            (0x2_0000, Access::GetSecurity),
            (0x80, Access::GetAttributes),
            (0, Access::Other),
        ] {
            assert_eq!(access(mask), expected, "{mask:x}");
        }
    }
}
