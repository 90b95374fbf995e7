//! Cases of AWS authorization as files hold them: a question with every policy that has a say in it, or one condition
//! operator with its values. Three shapes, told apart by their fields; what a case expects is never read.

use crate::fields::{Fields, Misread};
use homeostat_access::{Context, Glob, Limits, Policy, Principal, Subject};
use serde_json::Value;

/// One case.
#[derive(Clone, Debug)]
pub enum Case {
    /// May this be done?
    Question(Box<Question>),
    /// Does this value fit?
    Comparison(Comparison),
}

/// May this be done?
#[derive(Clone, Debug)]
pub struct Question {
    /// What the case calls itself; `None` when it does not.
    pub id: Option<String>,
    pub(crate) subject: Subject,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) account: Option<String>,
    pub(crate) context: Context,
    pub(crate) resource_policy: Option<Policy>,
    pub(crate) limits: Limits,
    pub(crate) asks: Asks,
}

/// What is asked of a resource with wildcards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// It is the resource as it stands.
    Exactly,
    /// Some resource of the pattern will do.
    Some,
    /// Some resource of the pattern will do, and each part that some policy allows is told.
    Parts,
}

/// Does this value fit?
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What the case calls itself; `None` when it does not.
    pub id: Option<String>,
    pub(crate) operator: String,
    pub(crate) policy: Vec<String>,
    pub(crate) context: Context,
}

/// The key that holds the value which is compared. No policy value can name it: variables have no `=`.
pub(crate) const COMPARED: &str = "=";

/// The cases in `document`, each with its place among the others.
///
/// # Errors
///
/// [`Misread`] when the document has none of the shapes; beside it, for each case that can not be read.
pub fn cases(document: Value) -> Result<Vec<Result<Case, Misread>>, Misread> {
    match document {
        Value::Array(list) => Ok(list.into_iter().map(question).collect()),
        Value::Object(operators) => {
            let mut all = Vec::new();
            for (operator, list) in operators {
                let Value::Array(list) = list else { return Err(Misread::new(&operator, "no list")) };
                all.extend(list.into_iter().map(|case| comparison(&operator, case)));
            }
            Ok(all)
        }
        _ => Err(Misread::new("document", "neither a list of cases nor an object of operators")),
    }
}

fn question(value: Value) -> Result<Case, Misread> {
    let mut case = Fields::of("", value)?;
    let id = case.take("id").and_then(|id| id.as_str().map(str::to_owned));
    for told in ["name", "description", "expected"] {
        case.take(told);
    }
    let asked = if case.has("request") { core(case) } else { engine(case) };
    Ok(Case::Question(Box::new(Question { id, ..asked? })))
}

/// A case whose fields lie beside each other.
fn core(mut case: Fields) -> Result<Question, Misread> {
    let mut mode = case.object("simulation")?;
    let discovery = discovery(&mut mode, "mode")?;
    mode.finish()?;
    let mut request = case.object("request")?;
    let flag = request.flag("wildcardOnlyAction")?.unwrap_or_default();
    let asks = if flag { Asks::Exactly } else { Asks::Some };
    let keys = request.object("context")?;
    let context = context(keys, discovery)?;
    let asked = asked(&mut case, request, context, "permissionBoundaries")?;
    case.finish()?;
    Ok(Question { asks, ..asked })
}

/// A case that is a simulation with its options.
fn engine(mut case: Fields) -> Result<Question, Misread> {
    let mut options = case.object("simulationOptions")?;
    let discovery = discovery(&mut options, "simulationMode")?;
    options.finish()?;
    let mut simulation = case.object("simulation")?;
    case.finish()?;
    let mut request = simulation.object("request")?;
    let keys = request.object("contextVariables")?;
    let context = context(keys, discovery)?;
    let asked = asked(&mut simulation, request, context, "permissionBoundaryPolicies")?;
    simulation.finish()?;
    // `*` alone is the resource of actions that have none.
    let asks = if asked.resource == "*" { Asks::Exactly } else { Asks::Parts };
    Ok(Question { asks, ..asked })
}

/// The request and every policy, which both shapes have.
fn asked(
    case: &mut Fields,
    mut request: Fields,
    context: Context,
    boundaries: &str,
) -> Result<Question, Misread> {
    let mut resource = request.object("resource")?;
    let who =
        request.take("principal").ok_or_else(|| Misread::new(&request.place("principal"), "missing"))?;
    let principal = principal(&request.place("principal"), who, &context)?;
    let mut subject = Subject::new(principal);
    for policy in policies(case, "identityPolicies")? {
        subject = subject.with(policy);
    }
    for policy in policies(case, boundaries)? {
        subject = subject.within(policy);
    }
    if let Some(policy) = case.take("sessionPolicy") {
        subject = subject.limited_to(policy_of("sessionPolicy", policy)?);
    }
    let limits = limits(case)?;
    let resource_policy = resource_policy(case)?;
    let question = Question {
        id: None,
        subject,
        action: request.text("action")?,
        resource: resource.text("resource")?,
        account: resource.take("accountId").and_then(|id| id.as_str().map(str::to_owned)),
        context,
        resource_policy,
        limits,
        asks: Asks::Exactly,
    };
    resource.finish()?;
    request.finish()?;
    Ok(question)
}

fn resource_policy(case: &mut Fields) -> Result<Option<Policy>, Misread> {
    let mut all = policies(case, "resourcePolicies")?;
    if let Some(policy) = case.take("resourcePolicy") {
        all.push(policy_of("resourcePolicy", policy)?);
    }
    Ok(match all.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(Policy::joined("resourcePolicies", several)),
    })
}

fn limits(case: &mut Fields) -> Result<Limits, Misread> {
    let mut limits = Limits::default();
    for (name, policies) in levels(case, "serviceControlPolicies")? {
        limits = limits.with_service_control(&name, policies);
    }
    for (name, policies) in levels(case, "resourceControlPolicies")? {
        limits = limits.with_resource_control(&name, policies);
    }
    for policy in policies(case, "endpointPolicies")? {
        limits = limits.with_endpoint(policy);
    }
    Ok(limits)
}

fn levels(case: &mut Fields, name: &str) -> Result<Vec<(String, Vec<Policy>)>, Misread> {
    let place = case.place(name);
    let list = case.list(name)?;
    let each = list.into_iter().enumerate().map(|(at, level)| {
        let mut level = Fields::of(&format!("{place}[{at}]"), level)?;
        let unit = level.text("orgIdentifier")?;
        let policies = policies(&mut level, "policies")?;
        level.finish()?;
        Ok((unit, policies))
    });
    each.collect()
}

fn policies(case: &mut Fields, name: &str) -> Result<Vec<Policy>, Misread> {
    let place = case.place(name);
    let list = case.list(name)?;
    list.into_iter().enumerate().map(|(at, policy)| policy_of(&format!("{place}[{at}]"), policy)).collect()
}

/// A policy document, bare or as `{name, policy}`.
fn policy_of(place: &str, value: Value) -> Result<Policy, Misread> {
    let is_named = value.get("policy").is_some();
    if !is_named {
        return parse(place, &value);
    }
    let mut named = Fields::of(place, value)?;
    let name = named.text("name")?;
    let document = named.take("policy").unwrap_or_default();
    named.finish()?;
    parse(&name, &document)
}

fn parse(name: &str, document: &Value) -> Result<Policy, Misread> {
    Policy::parse(name, &document.to_string()).map_err(|error| Misread::new(name, error.to_string()))
}

/// Who asks: an ARN, a service, an identity provider, or nobody who said who he is.
fn principal(place: &str, value: Value, context: &Context) -> Result<Principal, Misread> {
    let name = match value {
        Value::String(name) => name,
        Value::Object(_) => {
            let mut fields = Fields::of(place, value)?;
            let kind = fields.text("type")?;
            fields.finish()?;
            return match kind.as_str() {
                "Anonymous" => Ok(Principal::anonymous()),
                _ => Err(Misread::new(place, "a type of principal that is not known")),
            };
        }
        _ => return Err(Misread::new(place, "neither a name nor an object")),
    };
    let is_service = name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
    Ok(if !name.starts_with("arn:") {
        if is_service { Principal::service(&name) } else { Principal::federated(&name) }
    } else if name.contains(":saml-provider/") || name.contains(":oidc-provider/") {
        Principal::federated(&name)
    } else {
        // `aws:userid` of a session is the unique id of its role and the session's name.
        match context.single("aws:userid").and_then(|id| id.split(':').next()) {
            Some(id) => Principal::aws(&name).with_unique_id(id),
            None => Principal::aws(&name),
        }
    })
}

/// Of which keys presence and value are known, when nothing is known of the others.
struct Discovery(Vec<Constraint>);

struct Constraint {
    keys: Glob,
    value_known: bool,
}

/// `None` when all is known that there is.
fn discovery(options: &mut Fields, name: &str) -> Result<Option<Discovery>, Misread> {
    let place = options.place("discoveryContextKeyConstraints");
    let list = options.list("discoveryContextKeyConstraints")?;
    let is_discovery = match options.take(name).as_ref().map(Value::as_str) {
        None | Some(Some("Strict")) => false,
        Some(Some("Discovery")) => true,
        Some(_) => return Err(Misread::new(&options.place(name), "neither Strict nor Discovery")),
    };
    let each = list.into_iter().enumerate().map(|(at, value)| constraint(&format!("{place}[{at}]"), value));
    let constraints: Result<Vec<Option<Constraint>>, Misread> = each.collect();
    Ok(is_discovery.then_some(Discovery(constraints?.into_iter().flatten().collect())))
}

/// `None` when it says that nothing is known of the key.
fn constraint(place: &str, value: Value) -> Result<Option<Constraint>, Misread> {
    let mut fields = Fields::of(place, value)?;
    let name = fields.text("keyName")?.to_lowercase();
    let presence = fields.flag("presenceIsKnown")?.unwrap_or_default();
    let value_known = fields.flag("valueIsKnown")?.unwrap_or_default();
    fields.finish()?;
    let keys = match name.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(expression) => {
            glob_of(expression).ok_or_else(|| Misread::new(place, "an expression that is not read"))?
        }
        None => Glob::literally(&name),
    };
    Ok((presence || value_known).then_some(Constraint { keys, value_known }))
}

/// The pattern of a regular expression that has nothing but letters, `.`, `.*`, `\` before a sign, and anchors.
fn glob_of(expression: &str) -> Option<Glob> {
    let from_start = expression.strip_prefix('^');
    let to_end = expression.strip_suffix('$').filter(|rest| !rest.ends_with('\\'));
    let inner = from_start.unwrap_or(expression);
    let inner = if to_end.is_some() { inner.strip_suffix('$').unwrap_or(inner) } else { inner };
    let mut text = String::new();
    let mut signs = inner.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '.' if signs.peek() == Some(&'*') => {
                signs.next();
                text.push('*');
            }
            '.' => text.push('?'),
            '\\' => text.push(signs.next().filter(|sign| !sign.is_alphanumeric())?),
            '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            other => text.push(other),
        }
    }
    let before = if from_start.is_some() { "" } else { "*" };
    let after = if to_end.is_some() { "" } else { "*" };
    Some(Glob::new(&format!("{before}{text}{after}")))
}

fn context(keys: Fields, discovery: Option<Discovery>) -> Result<Context, Misread> {
    let mut told = Vec::new();
    let place = keys.place("");
    for (key, value) in keys.rest() {
        told.push((key.clone(), texts(&format!("{place}{key}"), value)?));
    }
    let Some(Discovery(constraints)) = discovery else {
        return Ok(told
            .into_iter()
            .fold(Context::strict(), |context, (key, values)| context.with(&key, values)));
    };
    let mut context = Context::symbolic();
    for Constraint { keys, value_known } in constraints {
        context = context.complete_like(&keys);
        for (key, values) in told.iter().filter(|(key, _)| keys.matches(&key.to_lowercase())) {
            context = if value_known { context.with(key, values.clone()) } else { context.with_some(key) };
        }
    }
    Ok(context)
}

/// A text or a list of texts.
fn texts(place: &str, value: Value) -> Result<Vec<String>, Misread> {
    let one = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(Misread::new(place, "neither a text nor a list of texts")),
    };
    if let Value::Array(list) = value { list.into_iter().map(one).collect() } else { Ok(vec![one(value)?]) }
}

fn comparison(operator: &str, value: Value) -> Result<Case, Misread> {
    let mut case = Fields::of("", value)?;
    let id = case.take("id").and_then(|id| id.as_str().map(str::to_owned));
    for told in ["name", "description", "expected"] {
        case.take(told);
    }
    let policy = texts("policyValues", Value::Array(case.list("policyValues")?))?;
    let tested = case.take("testValue").ok_or_else(|| Misread::new("testValue", "missing"))?;
    let context = context(case.object("requestContext")?, None)?.with(COMPARED, texts("testValue", tested)?);
    case.finish()?;
    Ok(Case::Comparison(Comparison { id, operator: operator.to_owned(), policy, context }))
}
