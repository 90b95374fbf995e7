//! Label selectors (Kubernetes API, `meta/v1 LabelSelector`): does one choose an object with these labels?

use serde_json::{Map, Value};

/// Whether `selector` chooses an object with `labels`. An empty selector chooses everything. One that can not be
/// read chooses everything too: then nobody relies on it not to.
pub(crate) fn chooses(selector: &Value, labels: &Map<String, Value>) -> bool {
    let exact = selector.get("matchLabels").and_then(Value::as_object);
    let exact = exact.is_none_or(|wanted| wanted.iter().all(|(name, value)| labels.get(name) == Some(value)));
    let terms = selector.get("matchExpressions").and_then(Value::as_array);
    exact && terms.is_none_or(|terms| terms.iter().all(|term| holds(term, labels)))
}

fn holds(term: &Value, labels: &Map<String, Value>) -> bool {
    let Some(label) = term.get("key").and_then(Value::as_str).map(|key| labels.get(key)) else { return true };
    let values = term.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match term.get("operator").and_then(Value::as_str) {
        Some("In") => label.is_some_and(|value| values.contains(value)),
        Some("NotIn") => label.is_none_or(|value| !values.contains(value)),
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selector_chooses_by_labels_and_terms() {
        let labels = json!({"app": "web", "tier": "front"});
        let labels = labels.as_object().unwrap();
        let term = |operator: &str, key: &str, values: &[&str]| {
            chooses(
                &json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]}),
                labels,
            )
        };
        assert!(chooses(&json!({}), labels) && chooses(&json!({"matchLabels": {"app": "web"}}), labels));
        assert!(!chooses(&json!({"matchLabels": {"app": "web", "tier": "back"}}), labels));
        assert!(term("In", "tier", &["front", "back"]) && !term("In", "zone", &["a"]));
        assert!(term("NotIn", "zone", &["a"]) && !term("NotIn", "tier", &["front"]));
        assert!(term("Exists", "app", &[]) && !term("DoesNotExist", "app", &[]));
    }
}
