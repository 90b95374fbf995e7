//! Does a text fit a pattern whose only wildcard is `*`? In any case of letters, as the clouds that have them compare.

/// Whether `text` fits `pattern`, both in lower case. O(pattern × text).
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        // The first place leaves most for what comes after.
        match left.find(part).and_then(|at| left.get(at + part.len()..)) {
            Some(after) => left = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "a/b", true),
            ("a/*", "a/b/c", true),
            ("a/*", "a", false),
            ("*/read", "a/b/read", true),
            ("*/read", "a/read/write", false),
            ("a/*/c/*", "a/b/c/d", true),
            ("a*b*b", "ab", false),
            ("a*ab", "ab", false),
            ("a?c", "abc", false),
            ("abc", "abc", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
