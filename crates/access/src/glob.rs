//! Does a text fit a pattern of `*` and `?`, do two patterns share a text, does one hold all of the other?
//!
//! Matching is the greedy two-pointer walk that only ever returns to the last `*`: O(pattern × text) at
//! worst, linear for patterns with one `*`, no recursion. The questions about two patterns walk a table of
//! O(first × second) bits.

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// This very byte.
    Byte(u8),
    /// `?`: any one byte that starts a character, with what belongs to it.
    One,
    /// `*`: any text, also none.
    Many,
}

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
pub struct Glob(Box<[Token]>);

impl Glob {
    /// The pattern that `text` writes.
    pub fn new(text: &str) -> Self {
        Self(tokens(text).collect())
    }

    /// The pattern that `text` alone fits, its wildcards taken as text.
    pub fn literally(text: &str) -> Self {
        Self(text.bytes().map(Token::Byte).collect())
    }

    pub(crate) fn of(tokens: Vec<Token>) -> Self {
        Self(tokens.into())
    }

    /// Whether `text` fits. O(pattern × text) at worst.
    pub fn matches(&self, text: &str) -> bool {
        walk(&self.0, text.as_bytes(), |token, byte| match token {
            Token::Byte(own) => own == *byte,
            Token::One => true,
            Token::Many => false,
        })
    }

    /// Whether some text fits both patterns. O(first × second).
    pub fn overlaps(&self, other: &Self) -> bool {
        let mut row = first_row(&other.0);
        for token in &self.0 {
            row = next_row(&row, *token, &other.0);
        }
        row.last().copied().unwrap_or(false)
    }

    /// Whether every text that fits `other` fits this pattern. O(first × second); never wrongly `true`, and
    /// `false` only for covers that no single walk shows, such as `*a*` over `?a` written as two patterns.
    pub fn covers(&self, other: &Self) -> bool {
        walk(&self.0, &other.0, |token, theirs| match token {
            Token::Many => false,
            Token::One => *theirs != Token::Many,
            Token::Byte(_) => token == *theirs,
        })
    }

    /// Whether any text fits.
    pub fn is_everything(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|token| *token == Token::Many)
    }

    /// The text as it is written, wildcards included; `None` when it is no UTF-8.
    pub(crate) fn spelling(&self) -> Option<String> {
        let bytes = self.0.iter().map(|token| match token {
            Token::Byte(byte) => *byte,
            Token::One => b'?',
            Token::Many => b'*',
        });
        String::from_utf8(bytes.collect()).ok()
    }

    /// The six parts of an ARN pattern; parts that are left out are `*`, colons beyond the fifth are text.
    pub(crate) fn split_arn(&self) -> Option<[Self; 6]> {
        let mut parts = self.0.splitn(6, |token| *token == Token::Byte(b':'));
        let own: [Option<&[Token]>; 6] = std::array::from_fn(|_| parts.next());
        own[1].is_some().then(|| own.map(|part| Self(part.unwrap_or(&[Token::Many]).into())))
    }

    /// Whether the text has the five colons of an ARN at least.
    pub(crate) fn has_six_parts(&self) -> bool {
        self.0.iter().filter(|token| **token == Token::Byte(b':')).count() >= 5
    }

    /// Whether the pattern begins with `arn:`.
    pub(crate) fn starts_like_arn(&self) -> bool {
        self.0.iter().zip(b"arn:").all(|(token, byte)| *token == Token::Byte(*byte)) && self.0.len() >= 4
    }

    /// The text, when the pattern has no wildcard and so fits just one.
    pub fn literal(&self) -> Option<String> {
        let bytes: Option<Vec<u8>> = self.0.iter().map(|token| token.byte()).collect();
        String::from_utf8(bytes?).ok()
    }
}

impl Token {
    fn byte(self) -> Option<u8> {
        if let Self::Byte(byte) = self { Some(byte) } else { None }
    }
}

/// The tokens that `text` writes.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token> + '_ {
    text.bytes().map(|byte| match byte {
        b'*' => Token::Many,
        b'?' => Token::One,
        other => Token::Byte(other),
    })
}

/// What can be continued by `?`: the later bytes of a character.
trait Unit {
    fn continues(&self) -> bool;
}

impl Unit for u8 {
    fn continues(&self) -> bool {
        (0x80..0xC0).contains(self)
    }
}

impl Unit for Token {
    fn continues(&self) -> bool {
        matches!(self, Self::Byte(byte) if byte.continues())
    }
}

fn walk<U: Unit>(pattern: &[Token], text: &[U], fits: impl Fn(Token, &U) -> bool) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(unit) = text.get(from) {
        match pattern.get(at) {
            Some(Token::Many) => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(&token) if fits(token, unit) => {
                from += 1;
                if token == Token::One {
                    from += text.iter().skip(from).take_while(|unit| unit.continues()).count();
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
    pattern.iter().skip(at).all(|token| *token == Token::Many)
}

/// Which prefixes of `other` share a text with the empty pattern.
fn first_row(other: &[Token]) -> Vec<bool> {
    let mut row = vec![true];
    row.extend(other.iter().scan(true, |open, token| {
        *open &= *token == Token::Many;
        Some(*open)
    }));
    row
}

/// Which prefixes of `other` share a text with the pattern one `token` longer than that of `row`.
fn next_row(row: &[bool], token: Token, other: &[Token]) -> Vec<bool> {
    let many = token == Token::Many;
    let mut last = many && row.first().copied().unwrap_or(false);
    let mut next = vec![last];
    for (pair, theirs) in row.windows(2).zip(other) {
        let &[diagonal, above] = pair else { continue };
        last = match (token, theirs) {
            (Token::Many, Token::Many) => above || last || diagonal,
            (Token::Many, _) | (_, Token::Many) => above || last,
            (Token::Byte(one), Token::Byte(two)) => diagonal && one == *two,
            _ => diagonal,
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
