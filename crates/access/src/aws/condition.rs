//! Does a condition hold: yes, no, or only if some key has a fitting value?
//!
//! AWS IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context
//! keys or values": keys are joined by AND, values by OR (NOR for negated operators); a missing key fits no
//! positive and every negated operator. O(values of the policy × values of the request) per key.
//!
//! A value that is not of its operator's kind, or a variable without a value, fits nothing. The chapter on
//! variables says both that such a statement may be invalid and that negated operators fit it; so a negated
//! operator on it grants nothing in an allowing statement and forbids in a denying one.

use crate::aws::arn::ArnPattern;
use crate::aws::compare::{Address, Network, moment, number};
use crate::aws::context::{Context, Known};
use crate::aws::operator::{Compare, Operator, Order, Quantifier};
use crate::aws::policy::{Effect, PolicyFault};
use crate::aws::template::{Resolved, Template};
use crate::glob::Glob;

/// One operator on one key with its values, as a `Condition` element has them.
///
/// ```
/// use homeostat_access::{Condition, Context};
///
/// let office = Condition::new("IpAddress", "aws:SourceIp", &["192.0.2.0/24", "2001:db8::/32"])?;
/// assert_eq!(office.holds(&Context::strict().with("aws:SourceIp", ["192.0.2.7"])), Some(true));
/// assert_eq!(office.holds(&Context::strict()), Some(false));
/// assert_eq!(office.holds(&Context::symbolic()), None);
/// # Ok::<(), homeostat_access::PolicyFault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(Test);

impl Condition {
    /// The condition that `key` compares by `operator` to any of `values`, which may hold variables. A value that
    /// the operator can not read fits nothing.
    ///
    /// # Errors
    ///
    /// [`PolicyFault`] for an operator that AWS does not have, and for a variable that is not closed.
    pub fn new(operator: &str, key: &str, values: &[&str]) -> Result<Self, PolicyFault> {
        let operator = Operator::parse(operator).ok_or(PolicyFault::UnknownOperator)?;
        let read = values.iter().map(|text| {
            let template = Template::parse(text).ok_or(PolicyFault::BadVariable)?;
            Ok(Comparand::of(operator.compare, template))
        });
        Ok(Self(Test { operator, key: key.to_lowercase(), values: read.collect::<Result<_, _>>()? }))
    }

    /// Whether it holds, as in a statement that allows; `None` when it rests on a key of which nothing is known.
    pub fn holds(&self, context: &Context) -> Option<bool> {
        match self.0.holds(context, Effect::Allow) {
            Truth::Yes => Some(true),
            Truth::No => Some(false),
            Truth::Open => None,
        }
    }
}

/// One operator on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) operator: Operator,
    /// The key in lower case.
    pub(crate) key: String,
    pub(crate) values: Vec<Comparand>,
}

/// A value of the policy, made ready for its operator when it rests on no variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparand {
    Text(String),
    Pattern(Glob),
    /// `None`: no ARN with all its parts.
    Arn(Option<ArnPattern>),
    /// `None`: no network.
    Network(Option<Network>),
    Variable(Template),
}

impl Comparand {
    pub(crate) fn of(compare: Compare, template: Template) -> Self {
        match template {
            Template::Fixed(glob) => Self::ready(compare, glob),
            variable @ Template::Variable(_) => Self::Variable(variable),
        }
    }

    fn ready(compare: Compare, glob: Glob) -> Self {
        match compare {
            Compare::Like => Self::Pattern(glob),
            Compare::Arn => Self::Arn(ArnPattern::full(glob)),
            Compare::Ip => Self::Network(glob.spelling().as_deref().and_then(Network::parse)),
            _ => Self::Text(glob.spelling().unwrap_or_default()),
        }
    }
}

/// Whether a test holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Open,
}

impl Compare {
    /// Whether the operator can read this policy value.
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
    /// Whether the test holds in a statement that does `effect`.
    pub(crate) fn holds(&self, context: &Context, effect: Effect) -> Truth {
        let known = context.known(&self.key);
        if self.operator.compare == Compare::Null {
            return self.is_null(known, context);
        }
        match known {
            Known::Unknown | Known::Present => Truth::Open,
            Known::Absent => truth(self.holds_without()),
            Known::Values([]) if self.operator.values == Quantifier::Plain => truth(self.holds_without()),
            Known::Values(own) => self.compare_all(own, context, effect),
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
            Known::Absent | Known::Values([]) => "true",
            Known::Present | Known::Values(_) => "false",
        };
        let fits = |value: &Comparand| match value {
            Comparand::Text(text) => text.eq_ignore_ascii_case(absent),
            Comparand::Variable(template) => match template.resolve(context) {
                Resolved::Pattern(glob) => {
                    glob.literal().is_some_and(|text| text.eq_ignore_ascii_case(absent))
                }
                _ => false,
            },
            Comparand::Pattern(_) | Comparand::Arn(_) | Comparand::Network(_) => false,
        };
        truth(self.values.iter().any(fits))
    }

    fn compare_all(&self, own: &[String], context: &Context, effect: Effect) -> Truth {
        let each = own.iter().map(|value| self.compare_one(value, context, effect));
        let all = self.operator.values == Quantifier::ForAll
            || (self.operator.values == Quantifier::Plain && self.operator.negated);
        if all { each.fold(Truth::Yes, Truth::and) } else { each.fold(Truth::No, Truth::or) }
    }

    /// Whether one value of the request fits: any of the policy's values, none for a negated operator.
    fn compare_one(&self, own: &str, context: &Context, effect: Effect) -> Truth {
        let mut any = Truth::No;
        let mut unreadable = false;
        for value in &self.values {
            let compare = self.operator.compare;
            let fit = match value {
                Comparand::Variable(template) => match template.resolve(context) {
                    Resolved::Pattern(glob) => fits(compare, &Comparand::ready(compare, glob), own),
                    Resolved::Nothing => None,
                    Resolved::Open(_) => {
                        any = any.or(Truth::Open);
                        continue;
                    }
                },
                ready => fits(compare, ready, own),
            };
            unreadable |= fit.is_none();
            any = any.or(truth(fit == Some(true)));
        }
        match (self.operator.negated, effect) {
            (false, _) => any,
            // What can not be read grants nothing. It does not keep a denial from denying.
            (true, Effect::Allow) if unreadable => Truth::No,
            (true, _) => any.not(),
        }
    }
}

/// Whether `own` fits the value of the policy; `None` when one of the two is not of the kind that is compared.
fn fits(compare: Compare, policy: &Comparand, own: &str) -> Option<bool> {
    match policy {
        Comparand::Pattern(glob) => Some(glob.matches(own)),
        Comparand::Arn(pattern) => {
            let pattern = pattern.as_ref()?;
            ArnPattern::is_full(own).then(|| pattern.matches(own))
        }
        Comparand::Network(network) => Some((*network)?.holds(Address::parse(own)?)),
        Comparand::Text(text) => fits_text(compare, text, own),
        Comparand::Variable(_) => None,
    }
}

fn fits_text(compare: Compare, policy: &str, own: &str) -> Option<bool> {
    match compare {
        Compare::TextAnyCase => Some(policy.to_lowercase() == own.to_lowercase()),
        Compare::Number(order) => ordered(order, number(own), number(policy)),
        Compare::Date(order) => ordered(order, moment(own), moment(policy)),
        Compare::Bool | Compare::Null => Some(is_true(own)? == is_true(policy)?),
        Compare::Text | Compare::Binary | Compare::Like | Compare::Arn | Compare::Ip => Some(policy == own),
    }
}

fn ordered<T: PartialOrd>(order: Order, own: Option<T>, policy: Option<T>) -> Option<bool> {
    own?.partial_cmp(&policy?).map(|found| order.holds(found))
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
        let test =
            Test { operator: Operator::parse(operator).unwrap(), key: "k".to_owned(), values: Vec::new() };
        let compare = test.operator.compare;
        let values = policy.iter().map(|text| Comparand::of(compare, Template::parse(text).unwrap()));
        let test = Test { values: values.collect(), ..test };
        let context = match own {
            Some(values) => Context::strict().with("K", values.iter().copied()),
            None => Context::strict().without("k"),
        };
        assert_eq!(test.holds(&context, Effect::Allow), expected, "{operator} {policy:?} {own:?}");
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
            values: vec![Comparand::Text("true".to_owned())],
        };
        assert_eq!(test.holds(&Context::symbolic(), Effect::Allow), Truth::Open);
        assert_eq!(test.holds(&Context::strict(), Effect::Allow), Truth::No);
    }
}
