//! Rule files, read and kept together.
//!
//! A file begins with a header: the domain, the benchmark whose numbers it names, and whether its documents are made
//! of parts that may be unread or are whole. Reading takes O(text).

use crate::authority;
use crate::estate::Lookup;
use crate::expression::Expression;
use crate::rule::{Combination, Rule};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What stands above the rules of a file.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) domain: String,
    #[serde(default)]
    pub(crate) cis: String,
    documents: Documents,
}

/// How the objects of a file are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Documents {
    /// A member for each call of the provider: a member that is missing was not read.
    Parts,
    /// One object that says all: what is missing is not set.
    Whole,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    header: Header,
    #[serde(default)]
    rule: Vec<Rule>,
    #[serde(default)]
    combination: Vec<Combination>,
}

/// Rules, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
    combinations: Vec<Arc<Combination>>,
    by_kind: BTreeMap<Arc<str>, Vec<usize>>,
    lookups: Vec<Lookup>,
    whole: BTreeSet<Arc<str>>,
    texts: Vec<Arc<str>>,
    pub(crate) built_in: bool,
}

/// Why a text is no rule file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The text is no TOML of a rule file's shape.
    #[error("no rule file: {cause}")]
    Shape {
        /// What is wrong, and where.
        cause: String,
    },
    /// A rule is not whole.
    #[error("rule `{rule}`: {fault}")]
    Rule {
        /// Its id.
        rule: String,
        /// What is wrong.
        fault: RuleFault,
    },
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleFault {
    /// Another rule has the id.
    #[error("the id is taken")]
    Taken,
    /// Neither or both of `wanted` and `found` are given.
    #[error("it needs either `wanted` or `found`")]
    Test,
    /// A fix is not whole, or lacks the call that carries it out.
    #[error("a step of the fix is not whole, or fix and call do not come together")]
    Fix,
    /// The domain is none.
    #[error("the domain is none")]
    Domain,
    /// An example is no JSON object.
    #[error("an example is no JSON object")]
    Example,
    /// A combination names a claim that no rule makes, or fewer than two.
    #[error("it needs two claims or more, each of a rule")]
    Claims,
    /// The passing example does not pass.
    #[error("its passing example does not pass")]
    PassFails,
    /// The failing example does not fail.
    #[error("its failing example does not fail")]
    FailPasses,
    /// The fix does not clear the failing example, or its inverse does not bring it back.
    #[error("its fix does not clear its failing example and back")]
    Unfixed,
}

impl RuleSet {
    /// No rules.
    pub fn new() -> Self {
        Self::default().with_lookups()
    }

    /// These rules and those of a rule file.
    ///
    /// # Errors
    ///
    /// [`RuleError`] when the text is no rule file; the set is as it was then.
    pub fn with(mut self, text: &str) -> Result<Self, RuleError> {
        self.read(text)?;
        self.texts.push(text.into());
        Ok(self.with_lookups())
    }

    pub(crate) fn read(&mut self, text: &str) -> Result<(), RuleError> {
        let file: File =
            toml::from_str(text).map_err(|error| RuleError::Shape { cause: error.message().to_owned() })?;
        for mut rule in file.rule {
            let fault = rule.settle(&file.header);
            let fault = fault.or_else(|| self.has(rule.id()).then_some(RuleFault::Taken));
            if let Some(fault) = fault {
                return Err(RuleError::Rule { rule: rule.id().to_owned(), fault });
            }
            if file.header.documents == Documents::Whole {
                self.whole.insert(rule.shared_kind());
            }
            self.by_kind.entry(rule.shared_kind()).or_default().push(self.rules.len());
            self.rules.push(Arc::new(rule));
        }
        for combination in file.combination {
            let fault = if self.has(combination.id()) {
                Some(RuleFault::Taken)
            } else {
                let known = |claim: &str| self.rules.iter().any(|rule| rule.claim() == claim);
                let whole = combination.claims().count() > 1 && combination.claims().all(known);
                (!whole).then_some(RuleFault::Claims)
            };
            if let Some(fault) = fault {
                return Err(RuleError::Rule { rule: combination.id().to_owned(), fault });
            }
            self.combinations.push(Arc::new(combination));
        }
        Ok(())
    }

    fn has(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id() == id) || self.combinations.iter().any(|one| one.id() == id)
    }

    pub(crate) fn with_lookups(mut self) -> Self {
        let own = authority::LOOKUPS.iter().filter_map(|(kind, by)| Lookup::new(kind, by));
        let tests = self.rules.iter().flat_map(|rule| rule.tests());
        let referred = tests.flat_map(Expression::references);
        let referred = referred.map(|(kind, by)| Lookup { kind: kind.clone(), by: by.clone() });
        let all: BTreeSet<Lookup> = own.chain(referred).collect();
        self.lookups = all.into_iter().collect();
        self
    }

    /// The rules.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|rule| &**rule)
    }

    /// The combinations.
    pub fn combinations(&self) -> impl Iterator<Item = &Combination> {
        self.combinations.iter().map(|one| &**one)
    }

    /// How many rules there are, combinations left out.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rule of this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules().find(|rule| rule.id() == id)
    }

    pub(crate) fn at(&self, number: usize) -> Option<&Arc<Rule>> {
        self.rules.get(number)
    }

    pub(crate) fn combination(&self, number: usize) -> Option<&Arc<Combination>> {
        self.combinations.get(number)
    }

    pub(crate) fn about(&self, kind: &str) -> &[usize] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_whole(&self, kind: &str) -> bool {
        self.whole.contains(kind)
    }

    pub(crate) fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    /// Whether the crate's own rules are among them.
    pub(crate) fn has_built_in(&self) -> bool {
        self.built_in
    }

    /// The rule files that were added to those of the crate.
    pub(crate) fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }
}
