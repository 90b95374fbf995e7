//! Small pieces of sentences that programs write: a name between quotes, a word after another.

/// What stands between `before` and `after` in `text`.
pub(super) fn between<'m>(text: &'m str, before: &str, after: &str) -> Option<&'m str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}

/// The word after `before`; `None` when there is none.
pub(super) fn word_after<'m>(text: &'m str, before: &str) -> Option<&'m str> {
    let (_, rest) = text.split_once(before)?;
    let word = rest.split([' ', ',', ';']).next().unwrap_or_default().trim_end_matches('.');
    Some(word).filter(|word| !word.is_empty())
}

/// The value of `name=` among pairs parted by blanks or commas.
pub(super) fn pair<'m>(text: &'m str, name: &str) -> Option<&'m str> {
    let pairs = text.split([' ', ',', ';']).filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).find(|value| !value.is_empty())
}

/// A name freed of the quotes around it.
pub(super) fn bare(name: &str) -> &str {
    name.trim_matches(['\'', '`', '"', '’', '‘'])
}

/// `joe(uid=1000)`: the name and the number; either may be missing.
pub(super) fn named_and_numbered(text: &str) -> (Option<&str>, Option<&str>) {
    let (name, rest) = text.split_once('(').unwrap_or((text, ""));
    let number = rest.strip_prefix("uid=").map(|rest| rest.split(')').next().unwrap_or(rest));
    let told = |text: &&str| !text.is_empty();
    (Some(name.trim()).filter(told), number.filter(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found() {
        assert_eq!(between("user 'jo' is", "'", "'"), Some("jo"));
        assert_eq!(word_after("for user jo. by", "user "), Some("jo"));
        assert_eq!(word_after("for user ", "user "), None);
        assert_eq!(pair("logname= uid=0 rhost=192.0.2.7  user=root", "rhost"), Some("192.0.2.7"));
        assert_eq!(pair("ruser= rhost=", "ruser"), None);
        assert_eq!(named_and_numbered("joe(uid=1000)"), (Some("joe"), Some("1000")));
        assert_eq!(named_and_numbered("(uid=0)"), (None, Some("0")));
        assert_eq!(named_and_numbered("joe"), (Some("joe"), None));
    }
}
