//! What one value must be: the operators of the rule language.
//!
//! Texts are compared in any ASCII case: providers disagree with themselves on the case of their own words.

use crate::expression::{Span, Truth};
use crate::path::Path;
use crate::range::{Block, covers_port, is_world};
use core::fmt;
use homeostat_access::{Glob, account_of};
use homeostat_core::Timestamp;
use serde_json::Value;

/// What is asked of one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operator {
    OneOf(Vec<Value>),
    Exists(bool),
    /// A list has it, or a text holds it.
    Contains(Value),
    Like(Vec<Wildcard>),
    Number(Span),
    /// It is a moment that lies so many days back.
    OlderThan(u32),
    /// It stands for everywhere on the internet.
    World(bool),
    Within(Vec<Block>),
    Port(Vec<u16>),
    /// The value at the other path is the same.
    Same(Path),
    /// It names another account than that of the resource.
    OtherAccount(bool),
    /// A policy of AWS by which anybody may do one of these.
    PublicMay(Vec<String>),
    /// A policy of AWS that grants its holder all of these on everything.
    May(Vec<String>),
}

/// A pattern with `*` and `?`, kept with its spelling.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wildcard {
    spelling: String,
    glob: Glob,
}

/// What an operator may know besides the value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    pub(crate) clock: Timestamp,
    /// The account, project or directory that the resource lies in.
    pub(crate) scope: &'a str,
}

/// One day.
const DAY: i64 = 86_400_000_000;

impl Operator {
    pub(crate) fn within(texts: &[String]) -> Option<Self> {
        texts.iter().map(|text| Block::parse(text)).collect::<Option<Vec<_>>>().map(Self::Within)
    }

    pub(crate) fn like(patterns: &[String]) -> Self {
        let wildcard =
            |text: &String| Wildcard { spelling: text.clone(), glob: Glob::new(&text.to_lowercase()) };
        Self::Like(patterns.iter().map(wildcard).collect())
    }

    /// What `value` comes to; paths that have no value never get here.
    pub(crate) fn holds(&self, value: &Value, around: Around<'_>) -> Truth {
        let text = value.as_str();
        let holds = match self {
            Self::OneOf(wanted) => wanted.iter().any(|one| is_same(one, value)),
            Self::Exists(wanted) => *wanted,
            Self::Contains(part) => contains(value, part),
            Self::Like(patterns) => {
                let text = text.unwrap_or_default().to_lowercase();
                patterns.iter().any(|wildcard| wildcard.glob.matches(&text))
            }
            Self::Number(span) => number(value).is_some_and(|number| span.holds(number)),
            Self::OlderThan(_) => return self.is_old(value, around.clock),
            Self::World(wanted) => text.is_some_and(|text| is_world(text) == *wanted),
            Self::Within(blocks) => {
                text.and_then(Block::parse).is_some_and(|own| blocks.iter().any(|block| own.is_within(block)))
            }
            Self::Port(ports) => ports.iter().any(|port| covers_port(value, *port)),
            Self::OtherAccount(wanted) => text.is_some_and(|text| is_other(text, around.scope) == *wanted),
            Self::PublicMay(actions) => return crate::grant::public_may(value, actions),
            Self::May(actions) => return crate::grant::holder_may(value, actions),
            Self::Same(_) => false,
        };
        Truth::from(holds)
    }

    fn is_old(&self, value: &Value, clock: Timestamp) -> Truth {
        match self.due(value) {
            None => Truth::No,
            Some(_) if !clock.is_moment() => Truth::Unknown,
            Some(due) => Truth::from(clock >= due),
        }
    }

    /// From when on a moment counts as old; `None` for other operators and for what is no moment.
    pub(crate) fn due(&self, value: &Value) -> Option<Timestamp> {
        let Self::OlderThan(days) = self else { return None };
        let micros = moment(value)?.micros()?.checked_add(i64::from(*days).checked_mul(DAY)?)?;
        Some(Timestamp::from_micros(micros))
    }
}

/// A moment as providers write it: RFC 3339, or seconds or milliseconds since 1970.
fn moment(value: &Value) -> Option<Timestamp> {
    /// Seconds reach this number in the year 5138, milliseconds passed it in 1973.
    const MILLISECONDS_FROM: f64 = 1e11;
    /// What directories write for "never".
    const NEVER: f64 = 0.0;
    match value {
        Value::String(text) => text.parse().ok().filter(|time: &Timestamp| time.is_moment()),
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| *number > NEVER && *number < 1e15)?;
            let micros = if number < MILLISECONDS_FROM { number * 1e6 } else { number * 1e3 };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "below 1e18, and part of a microsecond is none"
            )]
            Some(Timestamp::from_micros(micros as i64))
        }
        _ => None,
    }
}

/// Whether two values are one: texts in any case, numbers by their worth.
pub(crate) fn is_same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::String(one), Value::String(two)) => one.eq_ignore_ascii_case(two),
        (Value::Number(_), Value::Number(_)) => {
            one.as_f64().map(f64::to_bits) == two.as_f64().map(f64::to_bits)
        }
        (Value::Bool(flag), Value::String(text)) | (Value::String(text), Value::Bool(flag)) => {
            text.eq_ignore_ascii_case(if *flag { "true" } else { "false" })
        }
        _ => one == two,
    }
}

fn contains(value: &Value, part: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|own| is_same(own, part)),
        Value::String(text) => {
            part.as_str().is_some_and(|part| text.to_lowercase().contains(&part.to_lowercase()))
        }
        Value::Object(members) => part.as_str().is_some_and(|part| members.contains_key(part)),
        _ => false,
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}

/// Whether an ARN or account id names another account than `own`.
fn is_other(text: &str, own: &str) -> bool {
    let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let named = if digits { Some(text) } else { account_of(text) };
    named.is_some_and(|account| account != own && account != "aws")
}

impl fmt::Display for Operator {
    /// What is asked, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &[String]| values.join(", ");
        match self {
            Self::OneOf(values) => {
                let texts: Vec<String> = values.iter().map(Value::to_string).collect();
                f.write_str(&texts.join(" or "))
            }
            Self::Exists(true) => f.write_str("set"),
            Self::Exists(false) => f.write_str("absent"),
            Self::Contains(part) => write!(f, "has {part}"),
            Self::Like(patterns) => {
                let texts: Vec<&str> = patterns.iter().map(|one| one.spelling.as_str()).collect();
                write!(f, "like {}", texts.join(" or "))
            }
            Self::Number(span) => span.fmt(f),
            Self::OlderThan(days) => write!(f, "older than {days} days"),
            Self::World(true) => f.write_str("everywhere"),
            Self::World(false) => f.write_str("a part of the network"),
            Self::Within(blocks) => write!(f, "within one of {} blocks", blocks.len()),
            Self::Port(ports) => {
                let texts: Vec<String> = ports.iter().map(u16::to_string).collect();
                write!(f, "covering port {}", texts.join(" or "))
            }
            Self::Same(path) => write!(f, "the same as `{path}`"),
            Self::OtherAccount(true) => f.write_str("another account"),
            Self::OtherAccount(false) => f.write_str("the own account"),
            Self::PublicMay(actions) => write!(f, "a policy by which anybody may {}", list(actions)),
            Self::May(actions) => write!(f, "a policy that grants {} on everything", list(actions)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: &str = "2026-11-26T00:00:00Z";

    #[track_caller]
    fn check(operator: &Operator, value: &Value, expected: Truth) {
        let around = Around { clock: NOW.parse().unwrap(), scope: "111122223333" };
        assert_eq!(operator.holds(value, around), expected, "{operator} {value}");
    }

    #[test]
    fn values_are_compared_as_they_mean() {
        check(&Operator::OneOf(vec![json!(true)]), &json!("True"), Truth::Yes);
        check(&Operator::OneOf(vec![json!(1)]), &json!(1.0), Truth::Yes);
        check(&Operator::OneOf(vec![json!("Allow")]), &json!("ALLOW"), Truth::Yes);
        check(&Operator::OneOf(vec![json!("Allow")]), &json!(["Allow"]), Truth::No);
        check(&Operator::Contains(json!("NET_RAW")), &json!(["SYS_TIME", "net_raw"]), Truth::Yes);
        check(&Operator::Number(Span { least: Some(14.0), most: None }), &json!("13"), Truth::No);
        check(&Operator::like(&["*SECRET*".into()]), &json!("DB_SECRET_KEY"), Truth::Yes);
        check(&Operator::OtherAccount(true), &json!("arn:aws:iam::999999999999:root"), Truth::Yes);
        check(&Operator::OtherAccount(true), &json!("111122223333"), Truth::No);
    }

    #[test]
    fn age_is_told_in_any_spelling_and_never_without_a_clock() {
        let old = Operator::OlderThan(90);
        check(&old, &json!("2026-01-01T00:00:00Z"), Truth::Yes);
        check(&old, &json!("2026-11-01T00:00:00+00:00"), Truth::No);
        check(&old, &json!(1_735_689_600), Truth::Yes);
        check(&old, &json!(1_735_689_600_000_u64), Truth::Yes);
        check(&old, &json!(0), Truth::No);
        check(&old, &json!("never"), Truth::No);
        let blind = Around { clock: Timestamp::UNKNOWN, scope: "" };
        assert_eq!(old.holds(&json!("2026-01-01T00:00:00Z"), blind), Truth::Unknown);
    }
}
