//! The parts of a domain name that matter: the registered name, its label and suffix, and what stands left of it.
//!
//! Which suffixes sell names is known exactly only from a list that changes weekly (publicsuffix.org); who has one
//! hands the suffix in. Without it a name is registered below its last label, or below the last two when those are
//! a country's code and one of the words under which countries sell names. O(length), no memory.

/// Words under which country registries sell names: `co.uk`, `com.au`, `or.jp`, `gov.in`.
const SOLD_BELOW: [&str; 14] =
    ["ac", "co", "com", "edu", "go", "gob", "gov", "id", "ltd", "mil", "ne", "net", "or", "org"];
/// Octets of a name at most (RFC 1035, section 2.3.4).
const LONGEST: usize = 253;

/// A domain name and where its registered part begins. Borrowed text, in any case, without the final dot.
///
/// ```
/// use homeostat_baseline::DomainName;
///
/// let name = DomainName::new("a1b2.tunnel.example.co.uk").unwrap();
/// assert_eq!((name.registered(), name.label(), name.suffix()), ("example.co.uk", "example", "co.uk"));
/// assert_eq!(name.below(), "a1b2.tunnel");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DomainName<'a> {
    name: &'a str,
    // INVARIANT: places in `name` at which a label begins; `registered` is below `suffix`.
    registered: usize,
    suffix: usize,
}

impl core::fmt::Debug for DomainName<'_> {
    /// Shows lengths, never the name.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DomainName({} octets)", self.name.len())
    }
}

impl<'a> DomainName<'a> {
    /// The parts of `name`; `None` for what has fewer than two labels, an empty one, or more than 253 octets.
    pub fn new(name: &'a str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let mut from_right = name.rsplit('.');
        let (last, second) = (from_right.next()?, from_right.next()?);
        let is_sold_below =
            last.len() == 2 && SOLD_BELOW.iter().any(|word| word.eq_ignore_ascii_case(second));
        let suffix =
            last.len() + if is_sold_below && from_right.next().is_some() { second.len() + 1 } else { 0 };
        Self::split(name, name.len().checked_sub(suffix)?)
    }

    /// The parts of `name` when it is known that names are sold below `suffix`.
    pub fn with_suffix(name: &'a str, suffix: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let at = name.len().checked_sub(suffix.len())?;
        let is_suffix = name.get(at..).is_some_and(|end| !end.is_empty() && end.eq_ignore_ascii_case(suffix));
        if is_suffix { Self::split(name, at) } else { None }
    }

    fn split(name: &'a str, suffix: usize) -> Option<Self> {
        let left = name.get(..suffix)?.strip_suffix('.')?;
        let registered = left.rfind('.').map_or(0, |dot| dot + 1);
        let sound = name.len() <= LONGEST && name.split('.').all(|label| !label.is_empty());
        sound.then_some(Self { name, registered, suffix })
    }

    /// The whole name.
    pub fn name(self) -> &'a str {
        self.name
    }

    /// What somebody registered: label and suffix.
    pub fn registered(self) -> &'a str {
        self.name.get(self.registered..).unwrap_or_default()
    }

    /// The label that somebody chose.
    pub fn label(self) -> &'a str {
        self.name.get(self.registered..self.suffix.saturating_sub(1)).unwrap_or_default()
    }

    /// What names are sold below.
    pub fn suffix(self) -> &'a str {
        self.name.get(self.suffix..).unwrap_or_default()
    }

    /// The labels left of the registered name; empty when there are none.
    pub fn below(self) -> &'a str {
        self.name.get(..self.registered.saturating_sub(1)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_registered_name_is_found() {
        for (name, registered) in [
            ("example.com", "example.com"),
            ("www.Example.COM.", "Example.COM"),
            ("a.b.example.co.jp", "example.co.jp"),
            ("co.uk", "co.uk"),
            ("t.co", "t.co"),
            ("www.t.co", "t.co"),
            ("x.internal.corp", "internal.corp"),
        ] {
            assert_eq!(DomainName::new(name).map(DomainName::registered), Some(registered));
        }
        for name in ["", ".", "localhost", "a..b", ".com", "com.", &"a.".repeat(200)] {
            assert_eq!(DomainName::new(name), None, "{name}");
        }
    }

    #[test]
    fn a_suffix_that_is_known_counts() {
        let name = DomainName::with_suffix("a.me.github.io", "github.io").unwrap();
        assert_eq!((name.registered(), name.label(), name.below()), ("me.github.io", "me", "a"));
        assert_eq!(DomainName::with_suffix("github.io", "github.io"), None);
        assert_eq!(DomainName::with_suffix("notgithub.io", "github.io"), None);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_name(text in "[a-zA-Zäü.-]{0,40}|\\PC{0,30}") {
            if let Some(name) = DomainName::new(&text) {
                let whole = [name.below(), name.label(), name.suffix()].join(".");
                prop_assert_eq!(whole.trim_start_matches('.'), name.name());
                prop_assert_eq!([name.label(), name.suffix()].join("."), name.registered());
            }
        }
    }
}
