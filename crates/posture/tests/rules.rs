//! Every rule does what it says: its examples pass and fail, its fix clears and comes back.
#![cfg(test)]

use homeostat_posture::{RuleSet, Severity};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_rule_holds_on_its_examples() {
    let checked = RuleSet::built_in().check();
    assert!(checked.is_ok(), "{}", checked.unwrap_err());
}

#[test]
fn rules_reach_over_every_provider_and_kind_of_mistake() {
    let rules = RuleSet::built_in();
    let mut providers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut topics = BTreeSet::new();
    for rule in rules.rules() {
        *providers.entry(rule.kind().split('.').next().unwrap()).or_default() += 1;
        topics.insert(rule.topic());
        assert_eq!(rule.severity() == Severity::Mark, rule.nist().is_empty(), "{}: a control", rule.id());
        assert_eq!(rule.severity() == Severity::Mark, rule.topic().is_empty(), "{}: a topic", rule.id());
    }
    assert!(rules.rules().filter(|rule| rule.severity() > Severity::Mark).count() >= 120, "{}", rules.len());
    for provider in ["aws", "azure", "gcp", "kubernetes", "m365", "ad"] {
        assert!(providers.get(provider).is_some_and(|count| *count >= 8), "{provider}: {providers:?}");
    }
    for topic in
        ["firewall", "isolated-file-system", "mount", "sso", "mfa", "rbac", "unused-entitlement", "api"]
    {
        assert!(topics.contains(topic), "{topic}");
    }
}
