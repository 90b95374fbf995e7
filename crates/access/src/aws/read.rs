//! From JSON text to statements.

use crate::aws::condition::{Comparand, Test};
use crate::aws::operator::Operator;
use crate::aws::policy::{Effect, Policy, PolicyError, PolicyFault, ResourceText, Scope, Statement, Who};
use crate::aws::principal::Named;
use crate::aws::template::Template;
use crate::glob::Glob;
use serde_json::{Map, Value};

/// A fault, before the name of the policy is known.
pub(crate) struct Fault {
    statement: Option<usize>,
    field: &'static str,
    cause: PolicyFault,
}

impl Fault {
    pub(crate) fn within(self, policy: &str) -> PolicyError {
        PolicyError {
            policy: policy.to_owned(),
            statement: self.statement,
            field: self.field,
            cause: self.cause,
        }
    }
}

/// A field and what is wrong with it.
type InField = (&'static str, PolicyFault);

fn fault((field, cause): InField) -> Fault {
    Fault { statement: None, field, cause }
}

/// Whether the version has variables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variables {
    Read,
    Text,
}

pub(crate) fn statements(json: &str) -> Result<Vec<Statement>, Fault> {
    if json.len() > Policy::LIMIT {
        return Err(fault(("document", PolicyFault::TooLong)));
    }
    let document: Value =
        serde_json::from_str(json).map_err(|_| fault(("document", PolicyFault::NotJson)))?;
    let Value::Object(fields) = document else { return Err(fault(("document", PolicyFault::WrongShape))) };
    let variables = version(&fields).map_err(fault)?;
    if fields.keys().any(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
        return Err(fault(("document", PolicyFault::UnknownElement)));
    }
    let list = match fields.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        Some(_) => return Err(fault(("Statement", PolicyFault::WrongShape))),
        None => return Err(fault(("Statement", PolicyFault::Missing))),
    };
    let each = list.iter().enumerate();
    each.map(|(index, value)| {
        statement(value, variables).map_err(|(field, cause)| Fault { statement: Some(index), field, cause })
    })
    .collect()
}

fn version(fields: &Map<String, Value>) -> Result<Variables, InField> {
    match fields.get("Version").map(Value::as_str) {
        Some(Some("2012-10-17")) => Ok(Variables::Read),
        None | Some(Some("2008-10-17")) => Ok(Variables::Text),
        _ => Err(("Version", PolicyFault::UnknownVersion)),
    }
}

fn statement(value: &Value, variables: Variables) -> Result<Statement, InField> {
    const ELEMENTS: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let fields = value.as_object().ok_or(("Statement", PolicyFault::WrongShape))?;
    if fields.keys().any(|key| !ELEMENTS.contains(&key.as_str())) {
        return Err(("Statement", PolicyFault::UnknownElement));
    }
    if fields.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return Err(("Sid", PolicyFault::WrongShape));
    }
    Ok(Statement {
        effect: effect(fields)?,
        who: who(fields)?,
        actions: actions(fields)?,
        resources: resources(fields, variables)?,
        conditions: conditions(fields, variables)?,
    })
}

fn effect(fields: &Map<String, Value>) -> Result<Effect, InField> {
    match fields.get("Effect").map(Value::as_str) {
        Some(Some("Allow")) => Ok(Effect::Allow),
        Some(Some("Deny")) => Ok(Effect::Deny),
        Some(_) => Err(("Effect", PolicyFault::UnknownEffect)),
        None => Err(("Effect", PolicyFault::Missing)),
    }
}

/// A text or a list of texts.
fn texts<'a>(value: &'a Value, field: &'static str) -> Result<Vec<&'a str>, InField> {
    let wrong = (field, PolicyFault::WrongShape);
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(list) => list.iter().map(|item| item.as_str().ok_or(wrong)).collect(),
        _ => Err(wrong),
    }
}

/// The element `only`, or its opposite `but`; `None` when there is neither.
fn either<'a>(
    fields: &'a Map<String, Value>,
    only: &'static str,
    but: &'static str,
) -> Result<Option<Scope<&'a str>>, InField> {
    match (fields.get(only), fields.get(but)) {
        (Some(_), Some(_)) => Err((but, PolicyFault::Contradiction)),
        (Some(value), None) => Ok(Some(Scope::Only(texts(value, only)?))),
        (None, Some(value)) => Ok(Some(Scope::AllBut(texts(value, but)?))),
        (None, None) => Ok(None),
    }
}

impl<T> Scope<T> {
    fn try_map<U>(self, each: impl Fn(T) -> Result<U, InField>) -> Result<Scope<U>, InField> {
        Ok(match self {
            Self::Only(list) => Scope::Only(list.into_iter().map(each).collect::<Result<_, _>>()?),
            Self::AllBut(list) => Scope::AllBut(list.into_iter().map(each).collect::<Result<_, _>>()?),
        })
    }
}

fn actions(fields: &Map<String, Value>) -> Result<Scope<Glob>, InField> {
    let found = either(fields, "Action", "NotAction")?.ok_or(("Action", PolicyFault::Missing))?;
    found.try_map(|text| Ok(Glob::of_lower(text)))
}

fn resources(fields: &Map<String, Value>, variables: Variables) -> Result<Scope<ResourceText>, InField> {
    let Some(found) = either(fields, "Resource", "NotResource")? else {
        // Only a trust policy may leave it out: it is then about the role that it belongs to.
        return if fields.contains_key("Principal") || fields.contains_key("NotPrincipal") {
            Ok(Scope::Only(vec![ResourceText::of(Template::plain("*"))]))
        } else {
            Err(("Resource", PolicyFault::Missing))
        };
    };
    found.try_map(|text| Ok(ResourceText::of(template(text, variables, "Resource")?)))
}

fn template(text: &str, variables: Variables, field: &'static str) -> Result<Template, InField> {
    match variables {
        Variables::Text => Ok(Template::plain(text)),
        Variables::Read => Template::parse(text).ok_or((field, PolicyFault::BadVariable)),
    }
}

fn who(fields: &Map<String, Value>) -> Result<Who, InField> {
    match (fields.get("Principal"), fields.get("NotPrincipal")) {
        (Some(_), Some(_)) => Err(("NotPrincipal", PolicyFault::Contradiction)),
        (Some(value), None) => names(value, "Principal").map(Who::Only),
        (None, Some(value)) => names(value, "NotPrincipal").map(Who::AllBut),
        (None, None) => Ok(Who::Holder),
    }
}

fn names(value: &Value, field: &'static str) -> Result<Vec<Named>, InField> {
    let classes = match value {
        // AWS reads a text in place of classes as a name of class `AWS`; `*` is everybody.
        Value::String(text) => return Ok(Named::parse("AWS", text).into_iter().collect()),
        Value::Object(classes) => classes,
        _ => return Err((field, PolicyFault::WrongShape)),
    };
    let mut all = Vec::new();
    for (class, value) in classes {
        for text in texts(value, field)? {
            all.push(Named::parse(class, text).ok_or((field, PolicyFault::UnknownPrincipal))?);
        }
    }
    Ok(all)
}

fn conditions(fields: &Map<String, Value>, variables: Variables) -> Result<Vec<Test>, InField> {
    const FIELD: &str = "Condition";
    let blocks = match fields.get(FIELD) {
        None => return Ok(Vec::new()),
        Some(value) => value.as_object().ok_or((FIELD, PolicyFault::WrongShape))?,
    };
    let mut tests = Vec::new();
    for (name, keys) in blocks {
        let operator = Operator::parse(name).ok_or((FIELD, PolicyFault::UnknownOperator))?;
        for (key, value) in keys.as_object().ok_or((FIELD, PolicyFault::WrongShape))? {
            let values = scalars(value)?;
            let read = values.iter().map(|text| condition_value(operator, text, variables));
            tests.push(Test { operator, key: key.to_lowercase(), values: read.collect::<Result<_, _>>()? });
        }
    }
    Ok(tests)
}

fn condition_value(operator: Operator, text: &str, variables: Variables) -> Result<Comparand, InField> {
    let template = template(text, variables, "Condition")?;
    let readable = matches!(template, Template::Variable(_)) || operator.compare.accepts(text);
    if readable {
        Ok(Comparand::of(operator.compare, template))
    } else {
        Err(("Condition", PolicyFault::BadValue))
    }
}

/// Condition values may be texts, numbers and booleans.
fn scalars(value: &Value) -> Result<Vec<String>, InField> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(("Condition", PolicyFault::WrongShape)),
    };
    if let Value::Array(list) = value { list.iter().map(one).collect() } else { Ok(vec![one(value)?]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let error = Policy::parse("p", json).unwrap_err();
        assert_eq!(error.to_string(), format!("policy `p`, {expected}"));
    }

    fn statement_with(fields: &str) -> String {
        format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {fields}}}]}}"#)
    }

    #[test]
    fn errors_name_place_and_cause() {
        check("{", "`document`: no JSON");
        check("[]", "`document`: not of the shape that the grammar has");
        check("{}", "`Statement`: missing");
        check(r#"{"Statement": 5}"#, "`Statement`: not of the shape that the grammar has");
        check(r#"{"Version": "2020", "Statement": []}"#, "`Version`: not a version of the policy language");
        check(
            r#"{"Statement": [], "Staement": []}"#,
            "`document`: an element that the grammar does not have",
        );
        check(r#"{"Statement": [{}]}"#, "statement 0, `Effect`: missing");
        check(&statement_with(r#""Resource": "*""#), "statement 0, `Action`: missing");
        check(&statement_with(r#""Action": "a:b""#), "statement 0, `Resource`: missing");
        check(
            &statement_with(r#""Action": [5], "Resource": "*""#),
            "statement 0, `Action`: not of the shape that the grammar has",
        );
        check(
            &statement_with(r#""Action": "a:b", "NotAction": "a:c", "Resource": "*""#),
            "statement 0, `NotAction`: given together with its opposite",
        );
        check(
            &statement_with(r#""Action": "a:b", "Resource": "*", "Principal": {"Group": "x"}"#),
            "statement 0, `Principal`: a class of principals that the policy language does not have",
        );
        check(
            &statement_with(r#""Action": "a:b", "Resource": "*", "Condition": {"StringIs": {"k": "v"}}"#),
            "statement 0, `Condition`: an operator that the policy language does not have",
        );
        check(
            &statement_with(r#""Action": "a:b", "Resource": "*", "Condition": {"IpAddress": {"k": "home"}}"#),
            "statement 0, `Condition`: a value that its operator can not read",
        );
        check(
            &statement_with(r#""Action": "a:b", "Resource": "x${aws:username""#),
            "statement 0, `Resource`: a variable that is not written as one",
        );
        check(&"x".repeat(Policy::LIMIT + 1), "`document`: longer than 262144 bytes");
    }

    #[test]
    fn errors_hide_the_document() {
        let secret = statement_with(
            r#""Action": "a:b", "Resource": "MARKED", "Condition": {"MARKED": {"k": "MARKED"}}"#,
        );
        let error = Policy::parse("p", &secret).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("MARKED"));
    }
}
