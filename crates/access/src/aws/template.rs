//! Texts of a policy with variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`.
//!
//! AWS IAM User Guide, "IAM policy elements: variables and tags": only policies of version 2012-10-17 have
//! variables. What a variable stands for is text, never a pattern: a `*` in it matches a `*` alone.

use crate::aws::context::{Context, Known};
use crate::glob::{Glob, pattern};

/// A text with or without variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// It rests on no variable.
    Fixed(Glob),
    Variable(Vec<Part>),
}

/// A stretch of a text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Fixed(Vec<u8>),
    Variable { key: String, default: Option<String> },
}

/// What a template comes to under a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolved<'a> {
    /// This pattern.
    Pattern(Glob),
    /// A variable has no value: nothing matches.
    Nothing,
    /// It rests on this key, of which nothing is known.
    Open(&'a str),
}

impl Template {
    /// A text without variables.
    pub(crate) fn plain(text: &str) -> Self {
        Self::Fixed(Glob::new(text))
    }

    /// Reads the variables in `text`; `None` when one is not closed or names nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.contains("${") {
            return Some(Self::plain(text));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (inner, tail) = after.split_once('}')?;
            parts.push(Part::Fixed(pattern(before).collect()));
            parts.push(variable(inner)?);
            rest = tail;
        }
        parts.push(Part::Fixed(pattern(rest).collect()));
        Some(Self::of(parts))
    }

    /// Parts of which perhaps none is a variable.
    fn of(parts: Vec<Part>) -> Self {
        let fixed: Option<Vec<&[u8]>> = parts
            .iter()
            .map(|part| match part {
                Part::Fixed(bytes) => Some(bytes.as_slice()),
                Part::Variable { .. } => None,
            })
            .collect();
        match fixed {
            Some(all) => Self::Fixed(Glob::of(all.concat())),
            None => Self::Variable(parts),
        }
    }

    pub(crate) fn resolve<'a>(&'a self, context: &Context) -> Resolved<'a> {
        let parts = match self {
            Self::Fixed(glob) => return Resolved::Pattern(glob.clone()),
            Self::Variable(parts) => parts,
        };
        let mut all = Vec::new();
        for part in parts {
            match part {
                Part::Fixed(bytes) => all.extend_from_slice(bytes),
                Part::Variable { key, default } => match context.known(key) {
                    Known::Values([value]) => all.extend(value.bytes()),
                    Known::Unknown | Known::Present => return Resolved::Open(key),
                    _ => match default {
                        Some(text) => all.extend(text.bytes()),
                        None => return Resolved::Nothing,
                    },
                },
            }
        }
        Resolved::Pattern(Glob::of(all))
    }
}

fn variable(inner: &str) -> Option<Part> {
    if let [literal @ (b'*' | b'?' | b'$')] = inner.as_bytes() {
        return Some(Part::Fixed(vec![*literal]));
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned()))
        }
        None => (inner, None),
    };
    let key = key.trim().to_lowercase();
    (!key.is_empty()).then_some(Part::Variable { key, default })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, sample: &str, fits: bool) {
        let context = Context::strict().with("aws:username", ["jane*"]);
        let fitted = match Template::parse(text).unwrap().resolve(&context) {
            Resolved::Pattern(glob) => glob.matches(sample),
            _ => false,
        };
        assert_eq!(fitted, fits, "{text} {sample}");
    }

    #[test]
    fn variables_stand_for_text() {
        check("home/${aws:username}/*", "home/jane*/x", true);
        check("home/${AWS:UserName}/*", "home/janet/x", false);
        check("home/${aws:PrincipalTag/team, 'none'}", "home/none", true);
        check("home/${aws:PrincipalTag/team}", "home/", false);
        check("a${*}b${?}${$}", "a*b?$", true);
        check("a${*}b", "axb", false);
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for text in ["${aws:username", "${}", "${a,b}"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}
