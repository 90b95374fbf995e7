//! Does a text fit a pattern of `*` and `?`, do two patterns share a text, does one hold all of the other?
//!
//! Matching is the greedy two-pointer walk that only ever returns to the last `*`: O(pattern × text) at
//! worst, linear for patterns with one `*`, no recursion. The questions about two patterns walk a table of
//! O(first × second) bits.

/// `*` of a pattern: any text, also none. No text has this byte, as it is no part of UTF-8.
pub(crate) const MANY: u8 = 0xFF;
/// `?` of a pattern: any one character. No text has this byte either.
pub(crate) const ONE: u8 = 0xFE;

/// A pattern as AWS writes them: `*` stands for any text, `?` for one character.
///
/// ```
/// use homeostat_access::Glob;
///
/// let readers = Glob::new("s3:Get*");
/// assert!(readers.matches("s3:GetObject") && !readers.matches("s3:PutObject"));
/// assert!(Glob::new("s3:*Object").overlaps(&readers) && !Glob::new("s3:Put*").overlaps(&readers));
/// assert!(Glob::new("s3:*").covers(&readers) && !readers.covers(&Glob::new("s3:*")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Box<[u8]>);

impl Glob {
    /// The pattern that `text` writes.
    pub fn new(text: &str) -> Self {
        Self(pattern(text).collect())
    }

    /// The pattern that `text` alone fits, its wildcards taken as text.
    pub fn literally(text: &str) -> Self {
        Self(text.as_bytes().into())
    }

    /// The pattern that `text` writes in lower case.
    pub(crate) fn of_lower(text: &str) -> Self {
        if text.is_ascii() {
            Self(pattern(text).map(|byte| byte.to_ascii_lowercase()).collect())
        } else {
            Self::new(&text.to_lowercase())
        }
    }

    pub(crate) fn of(pattern: Vec<u8>) -> Self {
        Self(pattern.into())
    }

    /// Whether `text` fits. O(pattern × text) at worst.
    pub fn matches(&self, text: &str) -> bool {
        matches(&self.0, text)
    }

    /// Whether some text fits both patterns. O(first × second).
    pub fn overlaps(&self, other: &Self) -> bool {
        overlaps(&self.0, &other.0)
    }

    /// Whether every text that fits `other` fits this pattern. O(first × second); never wrongly `true`, and
    /// `false` only for covers that no single walk shows, such as `*a*` over `?a` written as two patterns.
    pub fn covers(&self, other: &Self) -> bool {
        covers(&self.0, &other.0)
    }

    /// Whether any text fits.
    pub fn is_everything(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|own| *own == MANY)
    }

    /// The text as it is written, wildcards included; `None` when it is no UTF-8.
    pub(crate) fn spelling(&self) -> Option<String> {
        spelling(&self.0)
    }

    /// The pattern byte by byte, with [`MANY`] and [`ONE`] for its wildcards.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the text has the five colons of an ARN at least.
    pub(crate) fn has_six_parts(&self) -> bool {
        self.0.split(|own| *own == b':').count() > 5
    }

    /// Whether the pattern begins with `arn:`.
    pub(crate) fn starts_like_arn(&self) -> bool {
        self.0.starts_with(b"arn:")
    }

    /// The text, when the pattern has no wildcard and so fits just one.
    pub fn literal(&self) -> Option<String> {
        if self.0.iter().any(|own| *own >= ONE) { None } else { String::from_utf8(self.0.to_vec()).ok() }
    }
}

/// Whether `text` fits the pattern `own`.
pub(crate) fn matches(own: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    let same = own.iter().zip(text).take_while(|(one, two)| one == two).count();
    let (own, text) = (own.get(same..).unwrap_or_default(), text.get(same..).unwrap_or_default());
    match own {
        [] => text.is_empty(),
        [MANY] => true,
        [first, ..] if *first < ONE => false,
        _ => walk(own, text, |own, theirs| own == ONE || own == theirs),
    }
}

/// Whether some text fits both patterns.
pub(crate) fn overlaps(one: &[u8], two: &[u8]) -> bool {
    let mut row = first_row(two);
    for &own in one {
        row = next_row(&row, own, two);
    }
    row.last().copied().unwrap_or(false)
}

/// Whether every text that fits `two` fits `one`, as far as one walk shows.
pub(crate) fn covers(one: &[u8], two: &[u8]) -> bool {
    walk(one, two, |own, theirs| if own == ONE { theirs != MANY } else { own == theirs })
}

/// The pattern as it is written; `None` when it is no UTF-8.
pub(crate) fn spelling(pattern: &[u8]) -> Option<String> {
    let bytes = pattern.iter().map(|own| match *own {
        ONE => b'?',
        MANY => b'*',
        byte => byte,
    });
    String::from_utf8(bytes.collect()).ok()
}

/// The pattern that `text` writes, byte by byte.
pub(crate) fn pattern(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().map(|byte| match byte {
        b'*' => MANY,
        b'?' => ONE,
        other => other,
    })
}

/// Whether `byte` goes on with a character and begins none.
fn continues(byte: u8) -> bool {
    (0x80..0xC0).contains(&byte)
}

fn walk(pattern: &[u8], text: &[u8], fits: impl Fn(u8, u8) -> bool) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&unit) = text.get(from) {
        match pattern.get(at) {
            Some(&MANY) => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(&own) if fits(own, unit) => {
                from += 1;
                if own == ONE {
                    from += text.iter().skip(from).take_while(|unit| continues(**unit)).count();
                }
                at += 1;
            }
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                (at, from) = (after, taken + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|own| *own == MANY)
}

/// Which prefixes of `other` share a text with the empty pattern.
fn first_row(other: &[u8]) -> Vec<bool> {
    let mut row = vec![true];
    row.extend(other.iter().scan(true, |open, own| {
        *open &= *own == MANY;
        Some(*open)
    }));
    row
}

/// Which prefixes of `other` share a text with the pattern one longer, by `own`, than that of `row`.
fn next_row(row: &[bool], own: u8, other: &[u8]) -> Vec<bool> {
    let mut last = own == MANY && row.first().copied().unwrap_or(false);
    let mut next = vec![last];
    for (pair, &theirs) in row.windows(2).zip(other) {
        let &[diagonal, above] = pair else { continue };
        last = match (own, theirs) {
            (MANY, MANY) => above || last || diagonal,
            (MANY, _) | (_, MANY) => above || last,
            _ => diagonal && (own == theirs || own == ONE || theirs == ONE),
        };
        next.push(last);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition itself, for short texts.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) if slow(rest, text) => true,
            (Some((b'*', _)), Some((_, text))) => slow(pattern, text),
            (Some((b'?', rest)), Some((_, text))) => slow(rest, text),
            (Some((one, rest)), Some((two, text))) => one == two && slow(rest, text),
            _ => false,
        }
    }

    /// Every text of `a` and `b` up to `length`.
    fn texts(length: u32) -> Vec<String> {
        (0..=length)
            .flat_map(|len| {
                (0..1_u32 << len)
                    .map(move |bits| (0..len).map(|at| if bits >> at & 1 == 1 { 'a' } else { 'b' }).collect())
            })
            .collect()
    }

    #[test]
    fn a_question_mark_takes_a_whole_character() {
        assert!(Glob::new("z?e").matches("zoe") && Glob::new("zo?").matches("zoë"));
        assert!(!Glob::new("zo??").matches("zoë"));
    }

    #[test]
    fn hostile_patterns_end_in_time() {
        let pattern = Glob::new(&"a*".repeat(2_000));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(1_000))));
    }

    proptest! {
        #[test]
        fn matching_is_its_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(Glob::new(&pattern).matches(&text), slow(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn overlap_and_cover_follow_from_the_texts(one in "[ab*?]{0,5}", two in "[ab*?]{0,5}") {
            let (first, second) = (Glob::new(&one), Glob::new(&two));
            let both = texts(10).iter().any(|text| first.matches(text) && second.matches(text));
            prop_assert_eq!(first.overlaps(&second), both);
            if first.covers(&second) {
                prop_assert!(texts(8).iter().all(|text| !second.matches(text) || first.matches(text)));
            }
        }
    }
}
