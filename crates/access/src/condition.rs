//! Does a condition hold: yes, no, or only if some key has a fitting value?
//!
//! AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context
//! keys or values": keys are joined by AND, values by OR (NOR for negated operators); a missing key fits no
//! positive and every negated operator. O(values of the policy × values of the request) per key.

use crate::arn::ArnPattern;
use crate::compare::{Address, Network, moment, number};
use crate::context::{Context, Known};
use crate::glob::Glob;
use crate::template::{Resolved, Template};
use core::cmp::Ordering;

/// One operator on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) operator: Operator,
    /// The key in lower case.
    pub(crate) key: String,
    pub(crate) values: Vec<Template>,
}

/// An operator in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) compare: Compare,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
    pub(crate) values: Quantifier,
}

/// How many of the request's values must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Plain,
    ForAll,
    ForAny,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Text,
    TextAnyCase,
    Like,
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Null,
}

/// The order that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Whether a test holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Open,
}

impl Operator {
    /// Reads an operator as policies write it; `None` for what is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (values, rest) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::ForAll, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::ForAny, rest),
            Some(_) => return None,
            None => (Quantifier::Plain, text),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let (compare, negated) = comparison(name)?;
        let sound = compare != Compare::Null || !if_exists;
        sound.then_some(Self { compare, negated, if_exists, values })
    }
}

fn comparison(name: &str) -> Option<(Compare, bool)> {
    Some(match name {
        "StringEquals" => (Compare::Text, false),
        "StringNotEquals" => (Compare::Text, true),
        "StringEqualsIgnoreCase" => (Compare::TextAnyCase, false),
        "StringNotEqualsIgnoreCase" => (Compare::TextAnyCase, true),
        "StringLike" => (Compare::Like, false),
        "StringNotLike" => (Compare::Like, true),
        "ArnEquals" | "ArnLike" => (Compare::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Compare::Arn, true),
        "Bool" => (Compare::Bool, false),
        "BinaryEquals" => (Compare::Binary, false),
        "IpAddress" => (Compare::Ip, false),
        "NotIpAddress" => (Compare::Ip, true),
        "Null" => (Compare::Null, false),
        "NumericNotEquals" => (Compare::Number(Order::Equal), true),
        "DateNotEquals" => (Compare::Date(Order::Equal), true),
        _ => match (name.strip_prefix("Numeric"), name.strip_prefix("Date")) {
            (Some(order), _) => (Compare::Number(Order::parse(order)?), false),
            (_, Some(order)) => (Compare::Date(Order::parse(order)?), false),
            _ => return None,
        },
    })
}

impl Order {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "Equals" => Self::Equal,
            "LessThan" => Self::Less,
            "LessThanEquals" => Self::LessOrEqual,
            "GreaterThan" => Self::Greater,
            "GreaterThanEquals" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Compare {
    /// Whether a fixed policy value is one that this comparison can read.
    pub(crate) fn accepts(self, value: &str) -> bool {
        match self {
            Self::Number(_) => number(value).is_some(),
            Self::Date(_) => moment(value).is_some(),
            Self::Ip => Network::parse(value).is_some(),
            Self::Bool | Self::Null => is_true(value).is_some(),
            Self::Text | Self::TextAnyCase | Self::Like | Self::Arn | Self::Binary => true,
        }
    }
}

impl Test {
    pub(crate) fn holds(&self, context: &Context) -> Truth {
        let known = context.known(&self.key);
        if self.operator.compare == Compare::Null {
            return self.is_null(known, context);
        }
        match known {
            Known::Unknown => Truth::Open,
            Known::Absent => truth(self.holds_without()),
            Known::Values([]) if self.operator.values == Quantifier::Plain => truth(self.holds_without()),
            Known::Values(own) => self.compare_all(own, context),
        }
    }

    fn holds_without(&self) -> bool {
        let operator = self.operator;
        match operator.values {
            Quantifier::ForAll => true,
            Quantifier::ForAny => operator.if_exists,
            Quantifier::Plain => operator.negated || operator.if_exists,
        }
    }

    fn is_null(&self, known: Known<'_>, context: &Context) -> Truth {
        let absent = match known {
            Known::Unknown => return Truth::Open,
            Known::Absent => true,
            Known::Values(values) => values.is_empty(),
        };
        let wanted = absent.to_string();
        let fits = |value: &Template| match value.resolve(context) {
            Resolved::Pattern(glob) => glob.literal().is_some_and(|text| text.eq_ignore_ascii_case(&wanted)),
            _ => false,
        };
        truth(self.values.iter().any(fits))
    }

    fn compare_all(&self, own: &[String], context: &Context) -> Truth {
        let each = own.iter().map(|value| self.compare_one(value, context));
        let all = self.operator.values == Quantifier::ForAll
            || (self.operator.values == Quantifier::Plain && self.operator.negated);
        if all { each.fold(Truth::Yes, Truth::and) } else { each.fold(Truth::No, Truth::or) }
    }

    /// Whether one value of the request fits: any of the policy's values, none for a negated operator.
    fn compare_one(&self, own: &str, context: &Context) -> Truth {
        let any = self.values.iter().map(|value| match value.resolve(context) {
            Resolved::Pattern(glob) => truth(fits(self.operator.compare, &glob, own)),
            Resolved::Nothing => Truth::No,
            Resolved::Open(_) => Truth::Open,
        });
        let any = any.fold(Truth::No, Truth::or);
        if self.operator.negated { any.not() } else { any }
    }
}

fn fits(compare: Compare, policy: &Glob, own: &str) -> bool {
    match compare {
        Compare::Like => policy.matches(own),
        Compare::Arn => ArnPattern::of(policy).matches(own),
        _ => policy.spelling().is_some_and(|text| fits_text(compare, &text, own)),
    }
}

fn fits_text(compare: Compare, policy: &str, own: &str) -> bool {
    match compare {
        Compare::TextAnyCase => policy.to_lowercase() == own.to_lowercase(),
        Compare::Number(order) => ordered(order, number(own), number(policy)),
        Compare::Date(order) => ordered(order, moment(own), moment(policy)),
        Compare::Bool | Compare::Null => is_true(own).is_some() && is_true(own) == is_true(policy),
        Compare::Ip => {
            Network::parse(policy).zip(Address::parse(own)).is_some_and(|(network, ip)| network.holds(ip))
        }
        Compare::Text | Compare::Binary | Compare::Like | Compare::Arn => policy == own,
    }
}

fn ordered<T: PartialOrd>(order: Order, own: Option<T>, policy: Option<T>) -> bool {
    own.zip(policy).and_then(|(own, policy)| own.partial_cmp(&policy)).is_some_and(|found| order.holds(found))
}

fn is_true(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::Yes } else { Truth::No }
}

impl Truth {
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Open, _) | (_, Self::Open) => Self::Open,
            _ => Self::Yes,
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Open => Self::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(operator: &str, policy: &[&str], own: Option<&[&str]>, expected: Truth) {
        let test = Test {
            operator: Operator::parse(operator).unwrap(),
            key: "k".to_owned(),
            values: policy.iter().map(|text| Template::parse(text).unwrap()).collect(),
        };
        let context = match own {
            Some(values) => Context::strict().with("K", values.iter().copied()),
            None => Context::strict().without("k"),
        };
        assert_eq!(test.holds(&context), expected, "{operator} {policy:?} {own:?}");
    }

    #[test]
    fn operators_hold_as_documented() {
        use Truth::{No, Yes};
        check("StringEquals", &["a", "b"], Some(&["b"]), Yes);
        check("StringEquals", &["a*"], Some(&["ab"]), No);
        check("StringNotEquals", &["a", "b"], Some(&["b"]), No);
        check("StringNotEquals", &["a"], None, Yes);
        check("StringEquals", &["a"], None, No);
        check("StringEqualsIfExists", &["a"], None, Yes);
        check("StringEqualsIgnoreCase", &["ÄB"], Some(&["äb"]), Yes);
        check("StringLike", &["a*c?"], Some(&["abcd"]), Yes);
        check("StringNotLike", &["a*"], Some(&["abcd"]), No);
        check("ArnLike", &["arn:aws:iam::*:role/a*"], Some(&["arn:aws:iam::1:role/ab"]), Yes);
        check("ArnNotEquals", &["arn:aws:iam::*:role/a*"], Some(&["arn:aws:iam::1:role/ab"]), No);
        check("NumericLessThan", &["10"], Some(&["9.5"]), Yes);
        check("NumericGreaterThanEquals", &["10"], Some(&["ten"]), No);
        check("NumericNotEquals", &["10"], Some(&["10.0"]), No);
        check("DateGreaterThan", &["2026-01-01"], Some(&["2026-01-01T00:00:01Z"]), Yes);
        check("DateLessThan", &["2026-01-01T00:00:00Z"], Some(&["0"]), Yes);
        check("Bool", &["true"], Some(&["TRUE"]), Yes);
        check("Bool", &["false"], None, No);
        check("IpAddress", &["192.0.2.0/24"], Some(&["192.0.2.9"]), Yes);
        check("NotIpAddress", &["192.0.2.0/24", "2001:db8::/32"], Some(&["2001:db8::1"]), No);
        check("Null", &["true"], None, Yes);
        check("Null", &["false"], None, No);
        check("Null", &["false"], Some(&["x"]), Yes);
    }

    #[test]
    fn quantifiers_hold_as_documented() {
        use Truth::{No, Yes};
        check("ForAllValues:StringEquals", &["a", "b"], Some(&["a", "b"]), Yes);
        check("ForAllValues:StringEquals", &["a"], Some(&["a", "b"]), No);
        check("ForAllValues:StringEquals", &["a"], None, Yes);
        check("ForAnyValue:StringEquals", &["a"], Some(&["b", "a"]), Yes);
        check("ForAnyValue:StringEquals", &["a"], None, No);
        check("ForAllValues:StringNotEquals", &["a"], Some(&["b", "a"]), No);
        check("ForAnyValue:StringNotEquals", &["a"], Some(&["b", "a"]), Yes);
    }

    #[test]
    fn what_is_unknown_stays_open() {
        let test = Test {
            operator: Operator::parse("Bool").unwrap(),
            key: "aws:multifactorauthpresent".to_owned(),
            values: vec![Template::plain("true")],
        };
        assert_eq!(test.holds(&Context::symbolic()), Truth::Open);
        assert_eq!(test.holds(&Context::strict()), Truth::No);
    }

    #[test]
    fn unknown_operators_are_refused() {
        for text in ["", "StringEqual", "ForSomeValues:StringEquals", "NullIfExists", "NumericLike"] {
            assert_eq!(Operator::parse(text), None, "{text}");
        }
    }
}
