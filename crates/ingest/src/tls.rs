//! The version of TLS as OCSF writes it.

/// `TLSv1.2`, `TLSv12` and `TLS 1.2` → `1.2`; `None` for what names no version of TLS.
pub(crate) fn version(text: &str) -> Option<String> {
    let number = text.strip_prefix("TLS")?.trim_start_matches(['v', 'V', ' ']);
    let mut digits = number.bytes().filter(u8::is_ascii_digit).map(char::from);
    let sound = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let (major, minor, rest) = (digits.next()?, digits.next(), digits.next());
    (sound && rest.is_none()).then(|| format!("{major}.{}", minor.unwrap_or('0')))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn spellings_meet() {
        for (text, expected) in [
            ("TLSv1.2", Some("1.2")),
            ("TLSv12", Some("1.2")),
            ("TLSv13", Some("1.3")),
            ("TLSv1", Some("1.0")),
            ("SSLv3", None),
            ("DTLSv12", None),
            ("TLSv1.2-draft", None),
        ] {
            assert_eq!(version(text).as_deref(), expected, "{text}");
        }
    }
}
