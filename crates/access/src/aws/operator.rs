//! The operators of a `Condition` element, in their parts.
//!
//! AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
//! context keys". Names are compared as AWS writes them.

use core::cmp::Ordering;

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

    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_operators_are_refused() {
        for text in ["", "StringEqual", "ForSomeValues:StringEquals", "NullIfExists", "NumericLike"] {
            assert_eq!(Operator::parse(text), None, "{text}");
        }
    }
}
