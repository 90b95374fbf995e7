//! Patterns of ARNs, matched part by part: partition, service, region, account, resource.
//!
//! AWS IAM User Guide, "IAM JSON policy elements: Resource" and "Condition operators: ARN": each of the six
//! parts is checked on its own, a wildcard does not reach over the colon between two of the first five.

use crate::glob::{self, Glob, MANY, ONE};

/// A pattern for resources: `*`, or an ARN whose parts may hold wildcards.
///
/// ```
/// use homeostat_access::ArnPattern;
///
/// let roles = ArnPattern::new("arn:aws:iam::*:role/app-*");
/// assert!(roles.matches("arn:aws:iam::111122223333:role/app-web"));
/// assert!(!roles.matches("arn:aws:iam::111122223333:user/app-web"));
/// assert!(ArnPattern::new("*").covers(&roles));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArnPattern(Shape);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// `*`.
    Everything,
    /// An ARN.
    Parts(Parts),
    /// No ARN at all: matched as one text.
    Text(Glob),
}

/// A pattern of six parts with colons between; those that the text leaves out are `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    bytes: Box<[u8]>,
    // INVARIANT: where the first five colons of `bytes` lie.
    cuts: Cuts,
}

impl ArnPattern {
    /// The pattern that `text` writes.
    pub fn new(text: &str) -> Self {
        Self::of(Glob::new(text))
    }

    /// The pattern of a resolved text, whose wildcards may differ from its spelling.
    pub(crate) fn of(glob: Glob) -> Self {
        if glob.is_everything() {
            return Self(Shape::Everything);
        }
        let parts = if glob.starts_like_arn() { Parts::of(glob.bytes()) } else { None };
        Self(parts.map_or_else(|| Shape::Text(glob), Shape::Parts))
    }

    /// The pattern of a text that has all six parts, or is `*`; `None` for any other.
    pub(crate) fn full(glob: Glob) -> Option<Self> {
        (glob.is_everything() || (glob.starts_like_arn() && glob.has_six_parts())).then(|| Self::of(glob))
    }

    /// Whether `text` is an ARN with all six parts.
    pub(crate) fn is_full(text: &str) -> bool {
        text.starts_with("arn:") && text.splitn(6, ':').count() == 6
    }

    /// Whether every resource fits.
    pub(crate) fn is_everything(&self) -> bool {
        self.0 == Shape::Everything
    }

    /// Whether all resources that fit are of one account.
    pub(crate) fn has_fixed_account(&self) -> bool {
        match &self.0 {
            Shape::Parts(parts) => {
                let account = parts.part(4);
                !account.is_empty() && account.iter().all(|byte| *byte < ONE)
            }
            Shape::Everything | Shape::Text(_) => false,
        }
    }

    /// The pattern as text.
    pub(crate) fn spelling(&self) -> Option<String> {
        match &self.0 {
            Shape::Everything => Some("*".to_owned()),
            Shape::Text(glob) => glob.spelling(),
            Shape::Parts(parts) => glob::spelling(&parts.bytes),
        }
    }

    /// The one resource that fits, when the pattern has no wildcard.
    pub(crate) fn literal(&self) -> Option<String> {
        match &self.0 {
            Shape::Everything => None,
            Shape::Text(glob) => glob.literal(),
            Shape::Parts(parts) if parts.bytes.iter().any(|byte| *byte >= ONE) => None,
            Shape::Parts(parts) => String::from_utf8(parts.bytes.to_vec()).ok(),
        }
    }

    /// Whether `resource` fits.
    pub fn matches(&self, resource: &str) -> bool {
        self.matches_cut(resource, Cuts::of(resource))
    }

    /// Whether `resource`, whose colons lie at `cuts`, fits.
    pub(crate) fn matches_cut(&self, resource: &str, cuts: Option<Cuts>) -> bool {
        match &self.0 {
            Shape::Everything => true,
            Shape::Text(glob) => glob.matches(resource),
            // The last part tells most resources apart.
            Shape::Parts(parts) => cuts.is_some_and(|cuts| {
                (0..6).rev().all(|at| glob::matches(parts.part(at), cuts.part_of(resource, at)))
            }),
        }
    }

    /// Whether some resource fits both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Shape::Everything, _) | (_, Shape::Everything) => true,
            (Shape::Parts(one), Shape::Parts(two)) => one.all(two, glob::overlaps),
            (Shape::Text(one), Shape::Text(two)) => one.overlaps(two),
            _ => false,
        }
    }

    /// A pattern for what fits both, as narrow as one of the two is in each part; `None` when nothing does.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
        if !self.overlaps(other) {
            return None;
        }
        let narrower = |one: &Glob, two: &Glob| if one.covers(two) { two.clone() } else { one.clone() };
        Some(match (&self.0, &other.0) {
            (Shape::Everything, _) => other.clone(),
            (Shape::Parts(one), Shape::Parts(two)) => Self(Shape::Parts(one.meet(two)?)),
            (Shape::Text(one), Shape::Text(two)) => Self(Shape::Text(narrower(one, two))),
            _ => self.clone(),
        })
    }

    /// Whether every resource that fits `other` fits this pattern.
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Shape::Everything, _) => true,
            (Shape::Parts(one), Shape::Parts(two)) => one.all(two, glob::covers),
            (Shape::Text(one), Shape::Text(two)) => one.covers(two),
            _ => false,
        }
    }
}

impl Parts {
    /// The parts of a pattern that begins like an ARN; `None` when it is longer than a `u32` tells.
    fn of(pattern: &[u8]) -> Option<Self> {
        let missing = 5_usize.saturating_sub(pattern.split(|byte| *byte == b':').count() - 1);
        let more = std::iter::repeat_n([b':', MANY], missing).flatten();
        let bytes: Box<[u8]> = pattern.iter().copied().chain(more).collect();
        let cuts = Cuts::of_bytes(&bytes)?;
        Some(Self { bytes, cuts })
    }

    fn part(&self, number: usize) -> &[u8] {
        self.bytes.get(self.cuts.range(number, self.bytes.len())).unwrap_or_default()
    }

    fn all(&self, other: &Self, holds: fn(&[u8], &[u8]) -> bool) -> bool {
        (0..6).all(|at| holds(self.part(at), other.part(at)))
    }

    /// In each part the narrower of both.
    fn meet(&self, other: &Self) -> Option<Self> {
        let narrower = |at| {
            let (one, two) = (self.part(at), other.part(at));
            if glob::covers(one, two) { two } else { one }
        };
        let parts: Vec<&[u8]> = (0..6).map(narrower).collect();
        Self::of(&parts.join(&b':'))
    }
}

/// Where the first five colons of an ARN lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cuts([u32; 5]);

impl Cuts {
    /// The cuts of `text`; `None` when it has fewer.
    pub(crate) fn of(text: &str) -> Option<Self> {
        Self::of_bytes(text.as_bytes())
    }

    fn of_bytes(text: &[u8]) -> Option<Self> {
        let mut colons = text.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at);
        let mut cuts = [0; 5];
        for cut in &mut cuts {
            *cut = u32::try_from(colons.next()?).ok()?;
        }
        Some(Self(cuts))
    }

    /// Where part `number`, from 0, of a text of `length` bytes lies whose cuts these are.
    fn range(self, number: usize, length: usize) -> std::ops::Range<usize> {
        let cut = |at: usize| self.0.get(at).map(|cut| *cut as usize);
        let start = number.checked_sub(1).and_then(cut).map_or(0, |cut| cut + 1);
        start..cut(number).unwrap_or(length)
    }

    fn part_of(self, text: &str, number: usize) -> &str {
        text.get(self.range(number, text.len())).unwrap_or_default()
    }
}

/// The account in an ARN, when it names one.
///
/// ```
/// assert_eq!(homeostat_access::account_of("arn:aws:iam::111122223333:role/a"), Some("111122223333"));
/// assert_eq!(homeostat_access::account_of("arn:aws:s3:::bucket"), None);
/// ```
pub fn account_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(3).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, resource: &str, fits: bool) {
        assert_eq!(ArnPattern::new(pattern).matches(resource), fits, "{pattern} {resource}");
    }

    #[test]
    fn parts_are_matched_one_by_one() {
        check("*", "arn:aws:s3:::data", true);
        check("*", "*", true);
        check("arn:aws:s3:::data/*", "arn:aws:s3:::data/a:b/c", true);
        check("arn:aws:lambda:*:function:x", "arn:aws:lambda:us-east-1:1:function:x", false);
        check("arn:aws:sns:*", "arn:aws:sns:eu-west-1:111122223333:topic", true);
        check("arn:aws:s3:::data", "*", false);
        check("arn:*:iam::*:role/a?c", "arn:aws-cn:iam::1:role/abc", true);
    }

    #[test]
    fn patterns_meet_part_by_part() {
        let any_function = ArnPattern::new("arn:aws:lambda:*:111122223333:function:*");
        for (text, overlaps, covers) in [
            ("arn:aws:lambda:*:*:function:web-*", true, false),
            ("arn:aws:lambda:*:*:*", true, true),
            ("arn:aws:lambda:*:999999999999:function:*", false, false),
            ("*", true, true),
            ("arn:aws:s3:::x", false, false),
        ] {
            let pattern = ArnPattern::new(text);
            assert_eq!(pattern.overlaps(&any_function), overlaps, "{text}");
            assert_eq!(pattern.covers(&any_function), covers, "{text}");
        }
    }
}
