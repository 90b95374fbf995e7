//! Rules as data: what is asked of which kind of object, and what a failure means.
//!
//! A rule file is TOML. Its rules say in our own words what is wrong and name controls by number only. Each brings a
//! document that passes and one that fails; [`crate::RuleSet::check`] runs them, for a product's own rules too.

use crate::expression::Expression;
use crate::path::Path;
use crate::rule_set::{Header, RuleFault};
use core::fmt;
use homeostat_core::{Bits, Domain, Technique};
use serde::Deserialize;
use serde_json::Value;
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

    /// What is wrong, in one sentence.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The kind of object it is about, such as `aws.s3.bucket`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn shared_kind(&self) -> Arc<str> {
        self.kind.clone()
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

    /// All that it asks.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &Expression> {
        [&self.when, &self.wanted, &self.found].into_iter().flatten()
    }

    /// What must hold.
    pub(crate) fn must(&self) -> Must<'_> {
        match (&self.wanted, &self.found) {
            (Some(wanted), _) => Must::Hold(wanted),
            (None, Some(found)) => Must::NotHold(found),
            (None, None) => Must::Nothing,
        }
    }

    pub(crate) fn settle(&mut self, header: &Header) -> Option<RuleFault> {
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
        heads.len() == 1
            && self.set.is_some() == self.to.is_some()
            && heads.iter().all(|path| path.first().is_some())
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
