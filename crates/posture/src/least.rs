//! The rights that are used and no others: what a principal was granted, less what it did not use in a window.
//!
//! Each granting statement is narrowed to the actions and resources that it let pass; conditions and denials stay. So
//! the proposal never grants what was not granted, and every use stays as allowed as it was, which is verified use by
//! use through `homeostat-access`. O(uses × statements).

use crate::grant::policy;
use crate::patch::{Patch, Step, text};
use homeostat_access::{Context, Decision, Glob, Policy, Principal, Request, Subject};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// From how many resources on, under the same actions, their folder stands for them, where it was granted.
///
/// New objects come every day: a list of sixteen files says which folder is worked in.
pub(crate) const FOLDER_FROM: usize = 16;

/// A policy that grants the rights that are used.
#[derive(Clone, PartialEq)]
pub struct Proposal {
    /// Whose rights.
    pub principal: String,
    /// The policy, as JSON; `None` when nothing was used that it could grant.
    pub policy: Option<String>,
    /// Rights that were granted and not used.
    pub unused: Vec<Unused>,
    /// How many pairs of action and resource were used and are kept.
    pub kept: usize,
    /// Uses that the policies did not grant: a resource's own policy did, or they were refused.
    pub beyond: Vec<(String, String)>,
    /// Uses that the proposal would not let pass as before. None, unless policies could not be read.
    pub lost: Vec<(String, String)>,
    before: Vec<Policy>,
    after: Vec<Policy>,
}

/// A granted action that was not used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unused {
    /// The policy that grants it.
    pub policy: String,
    /// Its statement, from 0.
    pub statement: usize,
    /// The action or pattern; `NotAction` for a statement that grants all but some.
    pub action: String,
}

/// A statement of a policy, alone.
struct Granting<'p> {
    name: &'p str,
    number: usize,
    json: Value,
    /// A subject with this statement and nothing else.
    alone: Subject,
    /// The uses that it lets pass.
    uses: BTreeSet<(String, String)>,
}

impl Proposal {
    /// What `principal` (an ARN) needs of `policies` (names and JSON documents) to do `used` (actions and resources).
    pub fn new<'u>(
        principal: &str,
        policies: &[(String, String)],
        used: impl IntoIterator<Item = (&'u str, &'u str)>,
    ) -> Self {
        let used: BTreeSet<(String, String)> =
            used.into_iter().map(|(action, resource)| (action.to_owned(), resource.to_owned())).collect();
        let documents: Vec<(&str, Value)> = policies
            .iter()
            .filter_map(|(name, json)| Some((name.as_str(), serde_json::from_str(json).ok()?)))
            .collect();
        let before: Vec<Policy> =
            documents.iter().filter_map(|(name, document)| policy(name, document)).collect();
        let mut granting = Vec::new();
        let mut denying = Vec::new();
        for (name, document) in &documents {
            for (number, json) in statements(document).enumerate() {
                match json.get("Effect").and_then(Value::as_str) {
                    Some("Allow") => granting.extend(Granting::new(principal, name, (number, json))),
                    _ => denying.push(json.clone()),
                }
            }
        }
        let beyond = spread(&mut granting, &used);
        let narrowed: Vec<Value> = granting.iter().flat_map(Granting::narrowed).collect();
        let unused = granting.iter().flat_map(Granting::unused).collect();
        let grants = !narrowed.is_empty();
        let statements = [narrowed, denying].concat();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let after: Vec<Policy> = policy("proposal", &document).filter(|_| grants).into_iter().collect();
        let mut proposal = Self {
            principal: principal.to_owned(),
            policy: grants.then(|| text(&document)),
            unused,
            kept: used.len().saturating_sub(beyond.len()),
            beyond,
            lost: Vec::new(),
            before,
            after,
        };
        proposal.lost =
            used.into_iter().filter(|(action, resource)| proposal.loses(action, resource)).collect();
        proposal
    }

    /// Whether the proposal would let a use pass less than the policies do.
    fn loses(&self, action: &str, resource: &str) -> bool {
        let context = Context::symbolic();
        let decide = |policies: &[Policy]| {
            let subject = holder(&self.principal, policies);
            subject.decide(&Request::new(action, resource, &context)).decision
        };
        match decide(&self.before) {
            Decision::Allowed => !decide(&self.after).is_allowed(),
            Decision::AllowedIf(_) => !decide(&self.after).is_possible(),
            Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => false,
        }
    }

    /// How many actions of `catalogue` are granted on something before and after.
    pub fn reduction<'c>(&self, catalogue: impl IntoIterator<Item = &'c str>) -> (usize, usize) {
        let (before, after) = (holder(&self.principal, &self.before), holder(&self.principal, &self.after));
        let context = Context::symbolic();
        let may = |subject: &Subject, action: &str| {
            usize::from(subject.decide(&Request::on_some(action, "*", &context)).decision.is_possible())
        };
        catalogue
            .into_iter()
            .fold((0, 0), |(old, new), action| (old + may(&before, action), new + may(&after, action)))
    }

    /// The patch that replaces all rights of a principal's document, of the shape of
    /// `GetAccountAuthorizationDetails`, by the proposal; `None` when the document is no such one.
    pub fn patch(&self, document: &str) -> Option<Patch> {
        let value: Value = serde_json::from_str(document).ok()?;
        let own = if value.get("RolePolicyList").is_some() { "RolePolicyList" } else { "UserPolicyList" };
        let inline: Vec<Value> = self
            .policy
            .iter()
            .filter_map(|json| {
                let document: Value = serde_json::from_str(json).ok()?;
                Some(json!({"PolicyName": "used-rights", "PolicyDocument": document}))
            })
            .collect();
        let mut steps = Vec::new();
        for (name, fresh) in
            [(own, inline), ("AttachedManagedPolicies", Vec::new()), ("GroupList", Vec::new())]
        {
            let Some(known) = value.get(name) else { continue };
            let path = format!("/{name}");
            if *known != Value::Array(fresh.clone()) {
                steps.push(Step::Test { path: path.clone(), value: known.clone() });
                steps.push(Step::Replace { path, value: Value::Array(fresh) });
            }
        }
        value.get(own).map(|_| Patch { steps })
    }
}

fn holder(principal: &str, policies: &[Policy]) -> Subject {
    let subject = Subject::new(Principal::aws(principal));
    policies.iter().fold(subject, |subject, policy| subject.with(policy.clone()))
}

/// The statements of a policy: one or many.
fn statements(document: &Value) -> impl Iterator<Item = &Value> {
    let (list, one) = match document.get("Statement") {
        Some(Value::Array(list)) => (list.as_slice(), None),
        other => (&[] as &[Value], other),
    };
    list.iter().chain(one)
}

/// Gives each use to the first statement that lets it pass without a condition, else to all that may; what none does
/// is left over.
fn spread(granting: &mut [Granting<'_>], used: &BTreeSet<(String, String)>) -> Vec<(String, String)> {
    let context = Context::symbolic();
    let mut beyond = Vec::new();
    for (action, resource) in used {
        let request = Request::new(action, resource, &context);
        let decisions: Vec<Decision> =
            granting.iter().map(|statement| statement.alone.decide(&request).decision).collect();
        let first = decisions.iter().position(Decision::is_allowed);
        let mut given = false;
        for (number, (statement, decision)) in granting.iter_mut().zip(&decisions).enumerate() {
            if first.map_or(decision.is_possible(), |first| first == number) {
                statement.uses.insert((action.clone(), resource.clone()));
                given = true;
            }
        }
        if !given {
            beyond.push((action.clone(), resource.clone()));
        }
    }
    beyond
}

impl<'p> Granting<'p> {
    fn new(principal: &str, name: &'p str, (number, json): (usize, &Value)) -> Option<Self> {
        let alone = policy(name, &json!({"Version": "2012-10-17", "Statement": [json]}))?;
        let alone = holder(principal, &[alone]);
        Some(Self { name, number, json: json.clone(), alone, uses: BTreeSet::new() })
    }

    /// The statement with the actions and resources that were used, one for each set of actions.
    fn narrowed(&self) -> Vec<Value> {
        let mut by_resource: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (action, resource) in &self.uses {
            by_resource.entry(resource).or_default().insert(action);
        }
        let mut by_actions: BTreeMap<BTreeSet<&str>, Vec<&str>> = BTreeMap::new();
        for (resource, actions) in by_resource {
            by_actions.entry(actions).or_default().push(resource);
        }
        let narrow = |(actions, resources): (BTreeSet<&str>, Vec<&str>)| {
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), json!("Allow"));
            statement.insert("Action".to_owned(), json!(actions));
            statement.insert("Resource".to_owned(), json!(self.folders(&resources)));
            if let Some(condition) = self.json.get("Condition") {
                statement.insert("Condition".to_owned(), condition.clone());
            }
            Value::Object(statement)
        };
        by_actions.into_iter().map(narrow).collect()
    }

    /// Folders for many resources, where the statement granted all that lies in them.
    fn folders(&self, resources: &[&str]) -> BTreeSet<String> {
        let all = || resources.iter().map(|resource| (*resource).to_owned()).collect();
        if resources.len() < FOLDER_FROM {
            return all();
        }
        let granted: Vec<Glob> = words(self.json.get("Resource")).map(Glob::new).collect();
        let folder = |resource: &&str| {
            let (parent, _) = resource.rsplit_once('/')?;
            let folder = format!("{parent}/*");
            let pattern = Glob::new(&folder);
            granted.iter().any(|granted| granted.covers(&pattern)).then_some(folder)
        };
        resources.iter().map(|resource| folder(resource).unwrap_or_else(|| (*resource).to_owned())).collect()
    }

    /// The actions that nothing used.
    fn unused(&self) -> Vec<Unused> {
        let make = |action: &str| Unused {
            policy: self.name.to_owned(),
            statement: self.number,
            action: action.to_owned(),
        };
        if self.json.get("NotAction").is_some() {
            return if self.uses.is_empty() { vec![make("NotAction")] } else { Vec::new() };
        }
        let was_used = |pattern: &str| {
            let glob = Glob::new(&pattern.trim().to_lowercase());
            self.uses.iter().any(|(action, _)| glob.matches(&action.to_lowercase()))
        };
        words(self.json.get("Action")).filter(|action| !was_used(action)).map(make).collect()
    }
}

/// One text or several.
fn words(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (list, one) = match value {
        Some(Value::Array(list)) => (list.as_slice(), None),
        other => (&[] as &[Value], other),
    };
    list.iter().chain(one).filter_map(Value::as_str)
}

impl core::fmt::Debug for Proposal {
    /// Shows counts alone.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Proposal({} kept, {} unused, {} lost)", self.kept, self.unused.len(), self.lost.len())
    }
}
