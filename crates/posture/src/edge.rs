//! The steps that a finding opens to an attacker, between the same keys that the graph uses.

use crate::estate::word;
use crate::evaluate::Reading;
use crate::finding::{Finding, Source, internet};
use crate::path::Path;
use crate::rule::Rule;
use homeostat_access::account_of;
use homeostat_core::{EntityKey, EntityKind, Hop};

/// The edges that `rule` says a failure of `about` adds. An end that nothing in the document names gives none.
pub(crate) fn edges(rule: &Rule, reading: &Reading<'_>) -> Vec<Hop> {
    let mut edges = Vec::new();
    for step in &rule.edges {
        for from in ends(&step.from, reading) {
            for to in ends(&step.to, reading).into_iter().filter(|to| *to != from) {
                let because = format!("{}: {}", rule.id(), rule.title());
                edges.push(Hop { from: from.clone(), to, kind: step.kind.to_string(), because });
            }
        }
    }
    edges
}

impl Finding {
    /// How likely a step of its edges of this kind succeeds, in `0.0..=1.0`; 0 for kinds that it does not have.
    pub fn probability(&self, kind: &str) -> f64 {
        let Source::Rule(rule) = &self.source else { return 0.0 };
        let step = rule.edges.iter().find(|step| &*step.kind == kind);
        step.map_or(
            0.0,
            |step| if step.probability.is_nan() { 0.0 } else { step.probability.clamp(0.0, 1.0) },
        )
    }
}

/// The nodes that a rule names: `internet`, `self`, `account`, or `@` and the path of their names.
fn ends(text: &str, reading: &Reading<'_>) -> Vec<EntityKey> {
    let about = reading.about;
    match text {
        "internet" => internet().into_iter().collect(),
        "self" => vec![about.key.clone()],
        "account" => {
            let provider = about.kind.split('.').next().unwrap_or_default();
            EntityKey::new(EntityKind::CloudAccount, provider, about.key.scope()).into_iter().collect()
        }
        _ => {
            let path = text.strip_prefix('@').and_then(|path| Path::parse(path).ok());
            let values = path.map(|path| about.values(&path)).unwrap_or_default();
            values.iter().filter_map(|placed| named(&word(placed.value)?, about.key.scope())).collect()
        }
    }
}

/// The key of what a document names: an ARN by its own kind, anything else as the scope's own.
pub(crate) fn named(name: &str, scope: &str) -> Option<EntityKey> {
    if !name.starts_with("arn:") {
        return EntityKey::new(EntityKind::NativeId, scope, name).ok();
    }
    let resource = name.splitn(6, ':').nth(5).unwrap_or_default();
    let kind = match (name.contains(":iam:"), resource.split('/').next()) {
        (true, Some("user" | "root")) => EntityKind::IamUserArn,
        (true, Some("role")) => EntityKind::IamRoleArn,
        (true, Some("group")) => EntityKind::IamGroupArn,
        _ => EntityKind::ResourceArn,
    };
    EntityKey::new(kind, account_of(name).unwrap_or_default(), name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_names_has_the_key_that_the_graph_uses() {
        for (name, kind, scope) in [
            ("arn:aws:iam::999999999999:role/ops", EntityKind::IamRoleArn, "999999999999"),
            ("arn:aws:iam::999999999999:root", EntityKind::IamUserArn, "999999999999"),
            ("arn:aws:iam::999999999999:instance-profile/web", EntityKind::ResourceArn, "999999999999"),
            ("S-1-5-21-1-2-3-513", EntityKind::NativeId, "own"),
        ] {
            let key = named(name, "own").unwrap();
            assert_eq!((key.kind(), key.scope(), key.value()), (kind, scope, name));
        }
        assert_eq!(named("-", "own"), None, "a place-holder names nothing");
    }
}
