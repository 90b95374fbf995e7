//! Rules as data: what is asked of which kind of object, and what a failure means.
//!
//! A rule file is TOML. Its rules say in our own words what is wrong and name controls by number only. Each brings a
//! document that passes and one that fails; [`RuleSet::check`] runs them, for a product's own rules too.

use crate::authority;
use crate::estate::Lookup;
use crate::expression::Expression;
use crate::path::Path;
use core::fmt;
use homeostat_core::{Bits, Domain, Technique};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How bad a finding is by itself, before it is known what lies behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing bad: a fact that combinations build on, such as that data are sensitive. Never a finding.
    Mark,
    /// Hygiene.
    Low,
    /// It helps an attacker who has something else.
    Medium,
    /// It lets somebody in, or up, who should not be.
    High,
    /// It gives all away.
    Critical,
}

impl Severity {
    /// What a signal of it weighs: as a foreign detection of that severity.
    pub fn bits(self) -> Bits {
        match self {
            Self::Mark => Bits::ZERO,
            Self::Low => Bits::LOW,
            Self::Medium => Bits::MEDIUM,
            Self::High => Bits::HIGH,
            Self::Critical => Bits::CRITICAL,
        }
    }

    /// The word, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    id: Arc<str>,
    title: String,
    kind: Arc<str>,
    severity: Severity,
    #[serde(default)]
    claim: Option<Arc<str>>,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    cis: Vec<String>,
    #[serde(default)]
    nist: Vec<String>,
    #[serde(default)]
    techniques: Vec<Technique>,
    #[serde(default)]
    pub(crate) when: Option<Expression>,
    #[serde(default)]
    wanted: Option<Expression>,
    #[serde(default)]
    found: Option<Expression>,
    advice: String,
    #[serde(default)]
    call: String,
    #[serde(default)]
    pub(crate) fix: Vec<FixStep>,
    #[serde(default)]
    pub(crate) edges: Vec<Step>,
    pass: String,
    fail: String,
    #[serde(default)]
    beside: Vec<Beside>,
    #[serde(skip)]
    area: Option<Domain>,
}

/// A document that a rule's examples refer to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beside {
    pub(crate) kind: String,
    pub(crate) document: String,
}

/// One step of a fix, as a rule writes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixStep {
    pub(crate) set: Option<Path>,
    pub(crate) unset: Option<Path>,
    pub(crate) drop: Option<Path>,
    pub(crate) to: Option<Value>,
    #[serde(rename = "where")]
    pub(crate) passes: Option<Expression>,
}

/// An edge that a failure adds to the graph, as a rule writes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) kind: Arc<str>,
    #[serde(default = "likely")]
    pub(crate) probability: f64,
}

/// What a step that a misconfiguration opens succeeds at, when its rule says nothing else: it just works.
fn likely() -> f64 {
    0.9
}

impl Rule {
    /// Its stable name, such as `aws-s3-public-acl`.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn shared_id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// What is wrong, in one sentence.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The kind of object it is about, such as `aws.s3.bucket`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// How bad it is by itself.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What a failure means whatever the mechanism: rules with one claim about one object are one thing that can
    /// come back by another way. The rule's id when it says none.
    pub fn claim(&self) -> &str {
        self.claim.as_ref().unwrap_or(&self.id)
    }

    pub(crate) fn shared_claim(&self) -> Arc<str> {
        self.claim.as_ref().unwrap_or(&self.id).clone()
    }

    /// Which part of the craft it belongs to, such as `firewall`, `mount`, `mfa`.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// In which part of the estate its objects lie.
    pub fn domain(&self) -> Domain {
        self.area.unwrap_or(Domain::Cloud)
    }

    /// Benchmark and section numbers of the Center for Internet Security, such as `AWS 3.0.0 2.1.4`.
    pub fn cis(&self) -> &[String] {
        &self.cis
    }

    /// Control ids of NIST SP 800-53 revision 5.
    pub fn nist(&self) -> &[String] {
        &self.nist
    }

    /// The ATT&CK techniques that it opens the way for.
    pub fn techniques(&self) -> &[Technique] {
        &self.techniques
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        &self.advice
    }

    /// The provider's call that carries the fix out; empty when there is no fix as data.
    pub fn call(&self) -> &str {
        &self.call
    }

    /// Whether a fix can be worked out from the document.
    pub fn is_fixable(&self) -> bool {
        !self.fix.is_empty()
    }

    /// The document of the example that passes, as JSON.
    pub fn passing(&self) -> &str {
        &self.pass
    }

    /// The document of the example that fails, as JSON.
    pub fn failing(&self) -> &str {
        &self.fail
    }

    /// The documents that both examples refer to: kind and JSON.
    pub fn beside(&self) -> impl Iterator<Item = (&str, &str)> {
        self.beside.iter().map(|beside| (beside.kind.as_str(), beside.document.as_str()))
    }

    /// What must hold.
    pub(crate) fn must(&self) -> Must<'_> {
        match (&self.wanted, &self.found) {
            (Some(wanted), _) => Must::Hold(wanted),
            (None, Some(found)) => Must::NotHold(found),
            (None, None) => Must::Nothing,
        }
    }

    fn settle(&mut self, header: &Header) -> Option<RuleFault> {
        let word = self.domain.as_deref().unwrap_or(&header.domain);
        self.area = Domain::parse(word);
        for number in &mut self.cis {
            *number = format!("{} {number}", header.cis);
        }
        let steps_are_whole = self.fix.iter().all(FixStep::is_whole);
        let has_example = [&self.pass, &self.fail].iter().all(|text| is_object(text));
        if self.area.is_none() {
            Some(RuleFault::Domain)
        } else if self.wanted.is_some() == self.found.is_some() {
            Some(RuleFault::Test)
        } else if !steps_are_whole || self.fix.is_empty() != self.call.is_empty() {
            Some(RuleFault::Fix)
        } else if !has_example || !self.beside.iter().all(|beside| is_object(&beside.document)) {
            Some(RuleFault::Example)
        } else {
            None
        }
    }
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Must<'r> {
    Hold(&'r Expression),
    NotHold(&'r Expression),
    Nothing,
}

impl FixStep {
    fn is_whole(&self) -> bool {
        let heads = [&self.set, &self.unset, &self.drop].into_iter().flatten();
        let heads: Vec<&Path> = heads.collect();
        heads.len() == 1 && self.set.is_some() == self.to.is_some() && heads.iter().all(|path| path.first().is_some())
    }
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

/// Several claims about one object that together are worse than each.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    id: Arc<str>,
    title: String,
    severity: Severity,
    claims: Vec<Arc<str>>,
    #[serde(default)]
    techniques: Vec<Technique>,
    advice: String,
}

impl Combination {
    /// Its stable name.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn shared_id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// What is wrong, in one sentence.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The claims that must come together.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.claims.iter().map(|claim| &**claim)
    }

    /// The ATT&CK techniques that it opens the way for.
    pub fn techniques(&self) -> &[Technique] {
        &self.techniques
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

/// What stands above the rules of a file.
#[derive(Clone, Debug, Deserialize)]
struct Header {
    domain: String,
    #[serde(default)]
    cis: String,
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
            let fault = fault.or_else(|| self.has(&rule.id).then_some(RuleFault::Taken));
            if let Some(fault) = fault {
                return Err(RuleError::Rule { rule: rule.id.to_string(), fault });
            }
            if file.header.documents == Documents::Whole {
                self.whole.insert(rule.kind.clone());
            }
            self.by_kind.entry(rule.kind.clone()).or_default().push(self.rules.len());
            self.rules.push(Arc::new(rule));
        }
        for combination in file.combination {
            let fault = if self.has(&combination.id) {
                Some(RuleFault::Taken)
            } else {
                let known = |claim: &Arc<str>| self.rules.iter().any(|rule| rule.claim() == &**claim);
                let whole = combination.claims.len() > 1 && combination.claims.iter().all(known);
                (!whole).then_some(RuleFault::Claims)
            };
            if let Some(fault) = fault {
                return Err(RuleError::Rule { rule: combination.id.to_string(), fault });
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
        let tests = self.rules.iter().flat_map(|rule| [&rule.when, &rule.wanted, &rule.found]).flatten();
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

    /// The rule files that were added to those of the crate.
    pub(crate) fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }
}
