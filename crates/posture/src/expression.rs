//! What a rule asks of a document: a small language, read from the rule's own table.
//!
//! A test on a place (`at = "…"` with one operator), or a test made of others. Every test comes to yes, no or unknown
//! (Kleene's three-valued logic, 1938): what was not read is unknown, never no.

use crate::operator::Operator;
use crate::path::Path;
use core::fmt;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// What a test came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    No,
    Unknown,
    Yes,
}

impl Truth {
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// A test.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// Every value there passes; of none, all do.
    Each(Path, Box<Expression>),
    /// Some value there passes.
    Some(Path, Box<Expression>),
    /// So many values there pass.
    Count(Path, Option<Box<Expression>>, Span),
    /// Some object that is referred to passes.
    Refers(Box<Reference>),
    /// A principal of AWS may do all of these on everything, itself or by what it may become.
    Authority(Arc<[String]>),
    /// Some value there fits.
    Leaf(Path, Operator),
}

/// A reference to other objects: those of a kind where the value at `by` is one of the values at `to`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reference {
    pub(crate) kind: Arc<str>,
    pub(crate) by: Path,
    pub(crate) to: Path,
    pub(crate) passes: Expression,
}

/// From how many to how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) least: Option<f64>,
    pub(crate) most: Option<f64>,
}

impl Span {
    pub(crate) fn holds(self, number: f64) -> bool {
        self.least.is_none_or(|least| number >= least) && self.most.is_none_or(|most| number <= most)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (Some(least), Some(most)) => write!(f, "{least} to {most}"),
            (Some(least), None) => write!(f, "at least {least}"),
            (None, Some(most)) => write!(f, "at most {most}"),
            (None, None) => f.write_str("any number"),
        }
    }
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    all: Option<Vec<Expression>>,
    any: Option<Vec<Expression>>,
    no: Option<Box<Expression>>,
    each: Option<Path>,
    some: Option<Path>,
    none: Option<Path>,
    count: Option<Path>,
    refers: Option<Arc<str>>,
    by: Option<Path>,
    to: Option<Path>,
    authority: Option<Arc<[String]>>,
    at: Option<Path>,
    #[serde(rename = "where")]
    passes: Option<Box<Expression>>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    is: Option<Value>,
    one_of: Option<Vec<Value>>,
    exists: Option<bool>,
    contains: Option<Value>,
    like: Option<Vec<String>>,
    older_than_days: Option<u32>,
    world: Option<bool>,
    within: Option<Vec<String>>,
    port: Option<Vec<u16>>,
    same: Option<Path>,
    other_account: Option<bool>,
    public_may: Option<Vec<String>>,
    may: Option<Vec<String>>,
}

/// Why a table is no test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadExpression {
    #[error("a test has no head, or several")]
    Heads,
    #[error("a place has no operator, or several")]
    Operators,
    #[error("an element is missing that the head needs, or is given that it does not have")]
    Parts,
    #[error("an address block is not written as one")]
    Block,
}

impl TryFrom<Written> for Expression {
    type Error = BadExpression;

    fn try_from(mut written: Written) -> Result<Self, BadExpression> {
        if written.heads() != 1 {
            return Err(BadExpression::Heads);
        }
        if written.at.is_none() {
            return written.composed();
        }
        let mut operators = written.operators()?;
        match (written.at.take(), operators.pop(), operators.is_empty(), written.passes) {
            (Some(at), Some(operator), true, None) => Ok(Self::Leaf(at, operator)),
            _ => Err(BadExpression::Operators),
        }
    }
}

impl Written {
    fn heads(&self) -> usize {
        let heads = [
            self.all.is_some(),
            self.any.is_some(),
            self.no.is_some(),
            self.each.is_some(),
            self.some.is_some(),
            self.none.is_some(),
            self.count.is_some(),
            self.refers.is_some(),
            self.authority.is_some(),
            self.at.is_some(),
        ];
        heads.into_iter().filter(|given| *given).count()
    }

    fn composed(mut self) -> Result<Expression, BadExpression> {
        let span = Span { least: self.at_least.take(), most: self.at_most.take() };
        let counted = self.count.is_some();
        if counted == (span.least.is_none() && span.most.is_none()) || !self.operators()?.is_empty() {
            return Err(BadExpression::Parts);
        }
        let reference = (self.refers.take(), self.by.take(), self.to.take());
        let passes = self.passes.take();
        let needed = || passes.clone().ok_or(BadExpression::Parts);
        let found = match (self.each, self.some, self.none, self.count) {
            (Some(path), ..) => Expression::Each(path, needed()?),
            (_, Some(path), ..) => Expression::Some(path, needed()?),
            (_, _, Some(path), _) => Expression::Not(Box::new(Expression::Some(path, needed()?))),
            (.., Some(path)) => Expression::Count(path, passes, span),
            _ => match reference {
                (Some(kind), Some(by), Some(to)) => {
                    Expression::Refers(Box::new(Reference { kind, by, to, passes: *needed()? }))
                }
                (None, None, None) if passes.is_none() => match (self.all, self.any, self.no, self.authority)
                {
                    (Some(all), ..) => Expression::All(all),
                    (_, Some(any), ..) => Expression::Any(any),
                    (_, _, Some(no), _) => Expression::Not(no),
                    (.., Some(actions)) => Expression::Authority(actions),
                    _ => return Err(BadExpression::Heads),
                },
                _ => return Err(BadExpression::Parts),
            },
        };
        Ok(found)
    }

    fn operators(&mut self) -> Result<Vec<Operator>, BadExpression> {
        let span = Span { least: self.at_least.take(), most: self.at_most.take() };
        let within = self.within.take().map(|texts| Operator::within(&texts).ok_or(BadExpression::Block));
        let found = [
            self.is.take().map(|value| Operator::OneOf(vec![value])),
            self.one_of.take().map(Operator::OneOf),
            self.exists.take().map(Operator::Exists),
            self.contains.take().map(Operator::Contains),
            self.like.take().map(|patterns| Operator::like(&patterns)),
            self.older_than_days.take().map(Operator::OlderThan),
            self.world.take().map(Operator::World),
            within.transpose()?,
            self.port.take().map(Operator::Port),
            self.same.take().map(Operator::Same),
            self.other_account.take().map(Operator::OtherAccount),
            self.public_may.take().map(Operator::PublicMay),
            self.may.take().map(Operator::May),
            (span.least.is_some() || span.most.is_some()).then_some(Operator::Number(span)),
        ];
        Ok(found.into_iter().flatten().collect())
    }
}

impl Expression {
    /// Every reference in it, those inside others included.
    pub(crate) fn references(&self) -> Vec<(&Arc<str>, &Path)> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::references).collect(),
            Self::Not(inner) | Self::Each(_, inner) | Self::Some(_, inner) => inner.references(),
            Self::Count(_, inner, _) => inner.iter().flat_map(|inner| inner.references()).collect(),
            Self::Refers(reference) => {
                let mut found = reference.passes.references();
                found.push((&reference.kind, &reference.by));
                found
            }
            Self::Authority(_) | Self::Leaf(..) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        test: Expression,
    }

    fn parse(text: &str) -> Result<Expression, String> {
        toml::from_str::<Holder>(&format!("test = {text}"))
            .map(|holder| holder.test)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn tests_are_read() {
        for text in [
            r#"{ at = "a.b", is = true }"#,
            r#"{ all = [{ at = "a", at_least = 14 }, { no = { at = "b", exists = true } }] }"#,
            r#"{ none = "a[*]", where = { at = ".", world = true } }"#,
            r#"{ count = "a[*]", at_most = 4 }"#,
            r#"{ refers = "k", by = "Id", to = "a[*]", where = { at = "x", is = 1 } }"#,
            r#"{ authority = ["iam:PutUserPolicy"] }"#,
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn what_is_no_test_is_refused_with_its_reason() {
        for (text, cause) in [
            ("{}", "no head, or several"),
            (r#"{ at = "a" }"#, "no operator, or several"),
            (r#"{ at = "a", is = 1, exists = true }"#, "no operator, or several"),
            (r#"{ at = "a", all = [] }"#, "no head, or several"),
            (r#"{ each = "a" }"#, "an element is missing"),
            (r#"{ count = "a" }"#, "an element is missing"),
            (r#"{ all = [], by = "x" }"#, "an element is missing"),
            (r#"{ refers = "k", by = "x", where = { at = "a", is = 1 } }"#, "an element is missing"),
            (r#"{ at = "a", within = ["home"] }"#, "an address block"),
            (r#"{ at = "a..b", is = 1 }"#, "a path is not written as one"),
            (r#"{ at = "a", equals = 1 }"#, "unknown field"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(cause), "{text}: {error}");
        }
    }
}
