//! A policy document, read once and kept in the form that is evaluated.
//!
//! The grammar is that of the AWS IAM User Guide, "Grammar of the IAM JSON policy language". What the grammar
//! does not have is an error that names policy, statement and field, never a value: a policy that is not
//! understood must not answer. Reading takes O(bytes).

use crate::aws::arn::ArnPattern;
use crate::aws::condition::Test;
use crate::aws::context::Context;
use crate::aws::principal::Named;
use crate::aws::read;
use crate::aws::template::{Resolved, Template};
use crate::decision::Gate;
use crate::glob::Glob;
use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

/// A policy, compiled: read once, evaluated many times. Cloning is cheap.
///
/// ```
/// use homeostat_access::Policy;
///
/// let policy = Policy::parse("readers", r#"{
///     "Version": "2012-10-17",
///     "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
/// }"#)?;
/// assert_eq!((policy.name(), policy.len()), ("readers", 1));
///
/// let error = Policy::parse("broken", r#"{"Statement": [{"Effect": "Permit"}]}"#).unwrap_err();
/// assert_eq!(error.to_string(), "policy `broken`, statement 0, `Effect`: neither `Allow` nor `Deny`");
/// # Ok::<(), homeostat_access::PolicyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Policy {
    name: Arc<str>,
    statements: Arc<[Statement]>,
}

impl Policy {
    /// The longest document that is read, in bytes. AWS's own limit is 20,480 characters; unescaped documents
    /// from dumps are somewhat longer.
    pub const LIMIT: usize = 262_144;

    /// Reads the document `json`; `name` says in answers and errors which policy it was.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when the text is no policy of the grammar.
    pub fn parse(name: &str, json: &str) -> Result<Self, PolicyError> {
        let statements = read::statements(json).map_err(|fault| fault.within(name))?;
        Ok(Self { name: name.into(), statements: statements.into() })
    }

    pub(crate) fn of_statements(name: &str, statements: Vec<Statement>) -> Self {
        Self { name: name.into(), statements: statements.into() }
    }

    /// One policy that says what all of `policies` say, its statements numbered through.
    pub fn joined(name: &str, policies: &[Self]) -> Self {
        let statements = policies.iter().flat_map(|policy| policy.statements.iter().cloned());
        Self { name: name.into(), statements: statements.collect() }
    }

    /// What the policy is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// How many statements it has.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether it has no statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Whether any statement denies.
    pub fn denies_anything(&self) -> bool {
        self.statements.iter().any(|statement| statement.effect == Effect::Deny)
    }

    /// The ARNs of those whom its allowing statements name one by one; `None` when it names accounts,
    /// everybody or all but some, so that it can not be told from the policy alone.
    pub fn named_arns(&self) -> Option<Vec<&str>> {
        let allowing = self.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        let mut arns = Vec::new();
        for statement in allowing {
            let Who::Only(names) = &statement.who else { return None };
            for name in names {
                match name {
                    Named::Arn(arn) => arns.push(arn.as_str()),
                    Named::Service(_) | Named::Federated(_) | Named::Canonical(_) => {}
                    Named::Everyone | Named::SignedIn | Named::Account(_) | Named::Unique(_) => return None,
                }
            }
        }
        Some(arns)
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = (usize, &Statement)> {
        self.statements.iter().enumerate()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({} statements)", self.len())
    }
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// What a statement says of actions or resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope<T> {
    Only(Vec<T>),
    AllBut(Vec<T>),
}

/// Whom a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// No `Principal`: whoever the policy is attached to.
    Holder,
    Only(Vec<Named>),
    AllBut(Vec<Named>),
}

/// A resource pattern, compiled when it rests on no variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResourceText {
    Fixed(ArnPattern),
    /// An ARN that leaves parts out, with its own words.
    Short(ArnPattern, Box<str>),
    Variable(Template),
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    pub(crate) who: Who,
    /// In lower case.
    pub(crate) actions: Scope<Glob>,
    /// A trust policy has no resource: it is about its own role.
    pub(crate) resources: Scope<ResourceText>,
    pub(crate) conditions: Vec<Test>,
}

/// What a resource pattern comes to under a context.
pub(crate) enum Reach<'a> {
    /// The pattern, with the words for it where they are not its own spelling.
    Pattern(Cow<'a, ArnPattern>, Option<Cow<'a, str>>),
    /// It stands for no resource: a variable has no value, or the ARN is short where none is completed.
    Nothing,
    /// It rests on this key, of which nothing is known.
    Open(&'a str),
}

impl ResourceText {
    pub(crate) fn of(template: Template) -> Self {
        match template {
            Template::Fixed(glob) if is_short(&glob) => {
                let text = glob.spelling().unwrap_or_default().into();
                Self::Short(ArnPattern::of(glob), text)
            }
            Template::Fixed(glob) => Self::Fixed(ArnPattern::of(glob)),
            variable @ Template::Variable(_) => Self::Variable(variable),
        }
    }

    /// The pattern under `context`. AWS completes a short ARN in the policies of identities alone: IAM User Guide,
    /// "IAM JSON policy elements: Resource".
    pub(crate) fn resolve<'a>(&'a self, context: &Context, gate: Gate) -> Reach<'a> {
        let completes = !matches!(gate, Gate::Resource | Gate::Trust);
        match self {
            Self::Fixed(pattern) => Reach::Pattern(Cow::Borrowed(pattern), None),
            Self::Short(pattern, text) if completes => {
                Reach::Pattern(Cow::Borrowed(pattern), Some(Cow::Borrowed(text)))
            }
            Self::Short(..) => Reach::Nothing,
            Self::Variable(template) => match template.resolve(context) {
                Resolved::Pattern(glob) if completes || !is_short(&glob) => {
                    let text = if is_short(&glob) { glob.spelling().map(Cow::Owned) } else { None };
                    Reach::Pattern(Cow::Owned(ArnPattern::of(glob)), text)
                }
                Resolved::Pattern(_) | Resolved::Nothing => Reach::Nothing,
                Resolved::Open(key) => Reach::Open(key),
            },
        }
    }
}

/// Whether a pattern is an ARN with fewer than six parts, such as `arn:aws:sqs`.
fn is_short(glob: &Glob) -> bool {
    glob.starts_like_arn() && !glob.has_six_parts()
}

/// Why a text is no policy: where, and what is wrong there. Never shows the document's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy `{policy}`{}: {cause}", place(*.statement, .field))]
pub struct PolicyError {
    pub(crate) policy: String,
    pub(crate) statement: Option<usize>,
    pub(crate) field: &'static str,
    pub(crate) cause: PolicyFault,
}

impl PolicyError {
    /// What is wrong.
    pub fn cause(&self) -> PolicyFault {
        self.cause
    }

    /// In which statement, from 0; `None` when it is the document as a whole.
    pub fn statement(&self) -> Option<usize> {
        self.statement
    }

    /// In which element.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

fn place(statement: Option<usize>, field: &str) -> String {
    match statement {
        Some(index) => format!(", statement {index}, `{field}`"),
        None => format!(", `{field}`"),
    }
}

/// What is wrong with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// The text is no JSON.
    #[error("no JSON")]
    NotJson,
    /// The document is longer than [`Policy::LIMIT`].
    #[error("longer than {} bytes", Policy::LIMIT)]
    TooLong,
    /// The value has another shape than the grammar gives it.
    #[error("not of the shape that the grammar has")]
    WrongShape,
    /// The grammar has no such element.
    #[error("an element that the grammar does not have")]
    UnknownElement,
    /// A version that AWS does not have.
    #[error("not a version of the policy language")]
    UnknownVersion,
    /// An effect that is none.
    #[error("neither `Allow` nor `Deny`")]
    UnknownEffect,
    /// A needed element is missing.
    #[error("missing")]
    Missing,
    /// Two elements that exclude each other.
    #[error("given together with its opposite")]
    Contradiction,
    /// A condition operator that AWS does not have.
    #[error("an operator that the policy language does not have")]
    UnknownOperator,
    /// A condition value that its operator can not read.
    #[error("a value that its operator can not read")]
    BadValue,
    /// A variable that is not closed.
    #[error("a variable that is not written as one")]
    BadVariable,
    /// A principal class that AWS does not have.
    #[error("a class of principals that the policy language does not have")]
    UnknownPrincipal,
}
