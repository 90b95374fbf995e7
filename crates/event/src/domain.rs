//! Which part of the estate an event belongs to: by its cloud, its class and its product.

use crate::event::Event;
use crate::metadata::Metadata;
use homeostat_core::Domain;

/// The first that is told: the profile of AI, the domain a finding keeps, the cloud, the class, the product.
pub(crate) fn domain_of(event: &Event) -> Domain {
    let profiles = event.metadata().map(Metadata::profiles).unwrap_or_default();
    if profiles.iter().any(|profile| profile.as_str() == "ai_operation") {
        return Domain::Ai;
    }

    let number = event.class_uid().get() % 100_000;
    let cloud = event.cloud().is_some();
    match number / 1_000 {
        3 | 6 if cloud => Domain::Cloud,
        3 => Domain::Identity,
        4 if (4_009..=4_012).contains(&number) => Domain::Email,
        4 => Domain::Network,
        5 if number == 5_003 => Domain::Identity,
        5 if cloud || number == 5_023 => Domain::Cloud,
        7 if number == 7_004 => Domain::Network,
        1 | 5 | 7 => Domain::Endpoint,
        2 => domain_of_finding(event, cloud),
        _ => of_product(event).unwrap_or(if cloud { Domain::Cloud } else { Domain::Saas }),
    }
}

fn domain_of_finding(event: &Event, cloud: bool) -> Domain {
    let kept = event.unmapped(KEPT);
    let kept = kept.as_ref().map(|text| text.as_str().trim_matches('"')).and_then(Domain::parse);
    let seen = event.evidences().iter().find_map(|evidence| {
        let endpoint =
            evidence.process().is_some() || evidence.file().is_some() || evidence.device().is_some();
        let network = evidence.connection_info().is_some()
            || evidence.query().is_some()
            || evidence.src_endpoint().is_some()
            || evidence.dst_endpoint().is_some();
        if endpoint { Some(Domain::Endpoint) } else { network.then_some(Domain::Network) }
    });
    kept.or(cloud.then_some(Domain::Cloud)).or_else(|| of_product(event)).or(seen).unwrap_or(Domain::Saas)
}

/// Under this name in `unmapped` a finding made of a signal keeps the signal's domain.
pub(crate) const KEPT: &str = "homeostat_domain";

/// The domain that the product's name gives away.
fn of_product(event: &Event) -> Option<Domain> {
    const WORDS: [(Domain, &[&str]); 7] = [
        (Domain::Ai, &["openai", "bedrock", "anthropic", "copilot"]),
        (Domain::Network, &["zeek", "suricata", "vpc flow", "firewall", "route 53", "netflow"]),
        (Domain::Identity, &["okta", "entra", "azure ad", "duo", "active directory"]),
        (Domain::Email, &["exchange", "mimecast", "proofpoint", "defender for office"]),
        (Domain::Endpoint, &["windows", "sysmon", "auditd", "linux", "falco", "osquery", "endpoint"]),
        (Domain::Cloud, &["cloudtrail", "aws", "guardduty", "gcp", "google cloud", "azure", "kubernetes"]),
        (Domain::Saas, &["github", "slack", "workspace", "365", "salesforce", "atlassian"]),
    ];
    let product = event.metadata().and_then(Metadata::product)?;
    let name = [product.name(), product.vendor_name()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = name.to_lowercase();
    WORDS.iter().find(|(_, words)| words.iter().any(|word| name.contains(word))).map(|(domain, _)| *domain)
}
