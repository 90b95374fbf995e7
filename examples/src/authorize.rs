//! Answers cases of AWS authorization, each with what decided it.

use crate::case::{Asks, COMPARED, Case, Comparison, Question};
use crate::fields::Misread;
use homeostat_access::{Answer, Condition, Decision, Request, ResourceSide};
use serde_json::{Map, Value, json};

impl Case {
    /// What the case calls itself; `None` when it does not.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Question(question) => question.id.as_deref(),
            Self::Comparison(comparison) => comparison.id.as_deref(),
        }
    }

    /// The answer: `decision`, `because`, `condition` and `results`, or `matched` and `because`.
    ///
    /// # Errors
    ///
    /// [`Misread`] when the operator is none, or a value has a variable that is not written as one.
    pub fn answer(&self) -> Result<Map<String, Value>, Misread> {
        match self {
            Self::Question(question) => Ok(question.answer()),
            Self::Comparison(comparison) => comparison.answer(),
        }
    }
}

impl Question {
    fn answer(&self) -> Map<String, Value> {
        let policy = self.resource_policy.as_ref();
        let side = ResourceSide::of(&self.action, &self.resource, policy);
        let wide = self.asks != Asks::Exactly && self.resource.contains(['*', '?']);
        let request = if wide {
            Request::on_some(&self.action, &self.resource, &self.context)
        } else {
            Request::new(&self.action, &self.resource, &self.context)
        };
        let request = request.in_account(self.account.as_deref());
        let mut line = told(&self.subject.decide_within(&request, side, &self.limits));
        if self.asks == Asks::Parts && wide {
            line.insert("results".to_owned(), parts(self.subject.decide_parts(&request, side, &self.limits)));
        }
        line
    }
}

/// The parts of a wide request. Those that nothing grants tell something only beside others.
fn parts(parts: Vec<(String, Answer)>) -> Value {
    if parts.iter().all(|(_, answer)| answer.decision == Decision::ImplicitlyDenied) {
        return json!([]);
    }
    let each = parts.into_iter().map(|(pattern, answer)| {
        let mut part = told(&answer);
        part.insert("resource".to_owned(), json!(pattern));
        Value::Object(part)
    });
    each.collect()
}

fn told(answer: &Answer) -> Map<String, Value> {
    let because: Vec<String> = answer.because.iter().map(ToString::to_string).collect();
    let mut line = Map::new();
    line.insert("decision".to_owned(), json!(answer.decision.to_string()));
    line.insert("because".to_owned(), json!(because));
    if let Decision::AllowedIf(residual) = &answer.decision {
        line.insert("condition".to_owned(), json!(residual.to_string()));
    }
    line
}

impl Comparison {
    fn answer(&self) -> Result<Map<String, Value>, Misread> {
        let values: Vec<&str> = self.policy.iter().map(String::as_str).collect();
        let matched = self.holds(&values)?;
        let mut because = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let holds = if self.holds(&[value])? { "holds" } else { "does not hold" };
            because.push(format!("`{}` {holds} for policy value {index}", self.operator));
        }
        let mut line = Map::new();
        line.insert("matched".to_owned(), json!(matched));
        line.insert("because".to_owned(), json!(because));
        Ok(line)
    }

    fn holds(&self, values: &[&str]) -> Result<bool, Misread> {
        let condition = Condition::new(&self.operator, COMPARED, values);
        let condition = condition.map_err(|fault| Misread::new(&self.operator, fault.to_string()))?;
        Ok(condition.holds(&self.context) == Some(true))
    }
}
