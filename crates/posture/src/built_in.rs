//! The rules that come with the crate, one file a provider and service.

use crate::rule_set::RuleSet;
use std::sync::{Arc, LazyLock};

/// The files, by name.
const FILES: [(&str, &str); 21] = [
    ("aws_account", include_str!("../rules/aws_account.toml")),
    ("aws_compute", include_str!("../rules/aws_compute.toml")),
    ("aws_data", include_str!("../rules/aws_data.toml")),
    ("aws_iam", include_str!("../rules/aws_iam.toml")),
    ("aws_network", include_str!("../rules/aws_network.toml")),
    ("aws_s3", include_str!("../rules/aws_s3.toml")),
    ("azure_data", include_str!("../rules/azure_data.toml")),
    ("azure_identity", include_str!("../rules/azure_identity.toml")),
    ("azure_network", include_str!("../rules/azure_network.toml")),
    ("gcp_compute", include_str!("../rules/gcp_compute.toml")),
    ("gcp_data", include_str!("../rules/gcp_data.toml")),
    ("gcp_identity", include_str!("../rules/gcp_identity.toml")),
    ("kubernetes_access", include_str!("../rules/kubernetes_access.toml")),
    ("kubernetes_node", include_str!("../rules/kubernetes_node.toml")),
    ("kubernetes_pod", include_str!("../rules/kubernetes_pod.toml")),
    ("m365_directory", include_str!("../rules/m365_directory.toml")),
    ("m365_mail", include_str!("../rules/m365_mail.toml")),
    ("m365_sharing", include_str!("../rules/m365_sharing.toml")),
    ("ad_accounts", include_str!("../rules/ad_accounts.toml")),
    ("ad_domain", include_str!("../rules/ad_domain.toml")),
    ("combinations", include_str!("../rules/combinations.toml")),
];

static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(read()));

/// A file that can not be read leaves its rules out; a test holds that all can.
fn read() -> RuleSet {
    let mut rules = RuleSet::default();
    for (_, text) in FILES {
        drop(rules.read(text));
    }
    rules.built_in = true;
    rules.with_lookups()
}

impl RuleSet {
    /// The rules of the crate: AWS, Azure, Google Cloud, Kubernetes, Microsoft 365 with Entra, Active Directory.
    ///
    /// ```
    /// let rules = homeostat_posture::RuleSet::built_in();
    /// assert!(rules.len() >= 120);
    /// assert_eq!(rules.rule("aws-s3-acl-public").unwrap().nist(), ["AC-3", "AC-6"]);
    /// ```
    pub fn built_in() -> Arc<Self> {
        RULES.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        let mut rules = RuleSet::default();
        for (name, text) in FILES {
            let read = rules.read(text);
            assert!(read.is_ok(), "{name}: {}", read.unwrap_err());
        }
        assert_eq!(rules.len(), RULES.len());
    }

    #[test]
    fn a_kind_is_told_whole_or_in_parts_and_not_both() {
        for (name, text) in FILES {
            let mut alone = RuleSet::default();
            // Combinations build on the claims of the other files.
            if alone.read(text).is_err() {
                assert_eq!(name, "combinations");
                continue;
            }
            for rule in alone.rules() {
                assert_eq!(alone.is_whole(rule.kind()), RULES.is_whole(rule.kind()), "{name}: {}", rule.id());
            }
        }
    }
}
