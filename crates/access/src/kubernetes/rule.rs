//! One rule of a role: which verbs on what.
//!
//! Kubernetes documentation, "Using RBAC Authorization", sections "Referring to resources" and
//! "Role and `ClusterRole`";
//! `PolicyRule` of the API reference.

use super::attempt::{Attempt, Target, Told};
use serde::Deserialize;

/// A rule of a role, as the API has it.
///
/// ```
/// use homeostat_access::kubernetes::Rule;
///
/// let all = Rule::parse(r#"{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}"#)?;
/// let logs = Rule::parse(r#"{"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}"#)?;
/// assert!(all.covers(&logs) && !logs.covers(&all));
/// assert!(Rule::parse(r#"{"verbs": "get"}"#).is_err());
/// # Ok::<(), homeostat_access::kubernetes::RuleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    api_groups: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    resources: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    resource_names: Vec<String>,
    #[serde(default, rename = "nonResourceURLs", deserialize_with = "list")]
    paths: Vec<String>,
}

/// A list that may be left out or null.
fn list<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

/// A text that is no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rule of a role")]
pub struct RuleError;

/// How a rule fits an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    /// Only if the object's name is one that the rule gives.
    IfNamed,
    No,
}

impl Rule {
    /// Reads one rule in the API's JSON.
    ///
    /// # Errors
    ///
    /// [`RuleError`] when it is none, or has a field that rules do not have.
    pub fn parse(json: &str) -> Result<Self, RuleError> {
        serde_json::from_str(json).map_err(|_| RuleError)
    }

    pub(super) fn fits(&self, attempt: &Attempt) -> Fit {
        if !has(&self.verbs, &attempt.verb) {
            return Fit::No;
        }
        match &attempt.target {
            Target::Path(path) if self.paths.iter().any(|own| path_holds(own, path)) => Fit::Yes,
            Target::Resource { group, resource, subresource, name, .. } => {
                let is_about = has(&self.api_groups, group) && self.is_about(resource, subresource);
                if is_about { self.fits_name(name) } else { Fit::No }
            }
            Target::Path(_) => Fit::No,
        }
    }

    fn is_about(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|own| resource_holds(own, resource, subresource))
    }

    fn fits_name(&self, name: &Told) -> Fit {
        match name {
            _ if self.resource_names.is_empty() => Fit::Yes,
            Told::Is(name) if self.resource_names.contains(name) => Fit::Yes,
            Told::Some => Fit::IfNamed,
            Told::Is(_) | Told::Nothing => Fit::No,
        }
    }

    /// Whether this rule alone allows all that `other` allows.
    pub fn covers(&self, other: &Self) -> bool {
        let names = other.resources.is_empty()
            || self.resource_names.is_empty()
            || (!other.resource_names.is_empty()
                && other.resource_names.iter().all(|name| self.resource_names.contains(name)));
        let resources = other.resources.iter().all(|theirs| {
            let (resource, subresource) = theirs.split_once('/').unwrap_or((theirs, ""));
            self.is_about(resource, subresource)
        });
        other.verbs.iter().all(|verb| has(&self.verbs, verb))
            && other.api_groups.iter().all(|group| has(&self.api_groups, group))
            && resources
            && names
            && other.paths.iter().all(|theirs| self.paths.iter().any(|own| path_holds(own, theirs)))
    }

    /// The rule in its smallest parts: one verb on one resource of one name, or on one path.
    pub(super) fn parts(&self) -> impl Iterator<Item = Self> + '_ {
        let names: Vec<Vec<String>> = if self.resource_names.is_empty() {
            vec![Vec::new()]
        } else {
            self.resource_names.iter().map(|name| vec![name.clone()]).collect()
        };
        self.verbs.iter().flat_map(move |verb| {
            let verbs = vec![verb.clone()];
            let of_path = verbs.clone();
            let paths = self.paths.iter().map(move |path| Self {
                verbs: of_path.clone(),
                paths: vec![path.clone()],
                ..Self::default()
            });
            let names = names.clone();
            let pairs = self.api_groups.iter().flat_map(|group| {
                self.resources.iter().map(move |resource| (vec![group.clone()], vec![resource.clone()]))
            });
            let resources = pairs.flat_map(move |(api_groups, resources)| {
                let each = names.clone().into_iter();
                let verbs = verbs.clone();
                each.map(move |resource_names| Self {
                    verbs: verbs.clone(),
                    api_groups: api_groups.clone(),
                    resources: resources.clone(),
                    resource_names,
                    paths: Vec::new(),
                })
            });
            resources.chain(paths)
        })
    }
}

/// Whether `list` has `text`, or `*` which stands for all.
fn has(list: &[String], text: &str) -> bool {
    list.iter().any(|own| own == text || own == "*")
}

/// Whether the rule's resource `own` is `resource`, of which `subresource` is asked. `*` is all, `*/scale` the
/// subresource of all.
fn resource_holds(own: &str, resource: &str, subresource: &str) -> bool {
    if own == "*" {
        return true;
    }
    match own.split_once('/') {
        Some((of, sub)) => sub == subresource && !subresource.is_empty() && (of == "*" || of == resource),
        None => subresource.is_empty() && own == resource,
    }
}

/// Whether the rule's path `own` holds `path`: itself, or all that begins with it when it ends in `*`.
fn path_holds(own: &str, path: &str) -> bool {
    own == path || own.strip_suffix('*').is_some_and(|head| path.starts_with(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Rule {
        Rule::parse(json).unwrap()
    }

    /// "Referring to resources": a resource does not stand for its subresources, `*` does.
    #[test]
    fn resources_and_their_parts_are_apart() {
        for (own, asked, fits) in [
            ("pods", "pods", true),
            ("pods", "pods/log", false),
            ("pods/log", "pods/log", true),
            ("pods/log", "pods", false),
            ("*/scale", "deployments/scale", true),
            ("*/scale", "deployments", false),
            ("*", "deployments/scale", true),
            ("Pods", "pods", false),
            ("pods/*", "pods/log", false),
        ] {
            let own = rule(&format!(r#"{{"verbs": ["get"], "apiGroups": ["*"], "resources": ["{own}"]}}"#));
            assert_eq!(own.fits(&Attempt::on("get", "apps", asked)) == Fit::Yes, fits, "{own:?} {asked}");
        }
    }

    /// `PolicyRule`: a path may have `*` at its end.
    #[test]
    fn paths_end_in_a_wildcard_at_most() {
        for (own, path, fits) in [
            ("/healthz", "/healthz", true),
            ("/healthz", "/healthz/ready", false),
            ("/healthz/*", "/healthz/ready/x", true),
            ("/healthz/*", "/healthz", false),
            ("*", "/anything", true),
            ("/a/*/b", "/a/x/b", false),
        ] {
            assert_eq!(path_holds(own, path), fits, "{own} {path}");
        }
    }

    #[test]
    fn a_rule_covers_what_it_allows() {
        let named = rule(
            r#"{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]}"#,
        );
        let any = rule(r#"{"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}"#);
        assert!(any.covers(&named) && !named.covers(&any) && named.covers(&named));
        let wide = rule(
            r#"{"verbs": ["get", "list"], "apiGroups": ["", "apps"], "resources": ["a", "b/c"], "resourceNames": ["x", "y"], "nonResourceURLs": ["/z"]}"#,
        );
        assert_eq!(wide.parts().count(), 2 * (2 * 2 * 2 + 1));
        assert!(wide.parts().all(|part| wide.covers(&part)));
    }
}
