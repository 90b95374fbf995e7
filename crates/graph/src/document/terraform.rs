//! What Terraform says that is, or will be: `terraform show -json` of a state or of a plan.
//!
//! Format 1.x ("JSON Output Format" of Terraform's documentation): `values` of a state; `planned_values`, `prior_state` and
//! `configuration` of a plan. What a plan does not know yet has a stand-in: ids are addresses, ARNs are made of names; a
//! reference whose value is not known leads to the resource that the configuration names. Resources are those of the AWS
//! provider that make network, rights and data.

mod rights;
mod route;
mod world;

use super::Facts;
use crate::change::Touched;
use crate::inventory::Inventory;
use crate::snapshot_aws::Reading;
use serde_json::Value;
use std::collections::BTreeMap;

/// Which of the two worlds of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanStage {
    /// As the state has it, before anything is done. Of a state: all.
    Prior,
    /// As it will be when the plan is done. Of a state: all.
    Planned,
}

/// Modules in modules beyond this are not read: nobody nests so deep.
const DEPTH: usize = 64;

/// A resource with what the configuration says that its fields refer to.
struct Resource<'a> {
    /// With module and index.
    address: &'a str,
    kind: &'a str,
    values: &'a Value,
    references: Option<&'a Value>,
    module: String,
}

/// All resources of one world.
struct World<'a> {
    resources: Vec<Resource<'a>>,
    /// By address without indices.
    by_place: BTreeMap<String, Vec<usize>>,
    account: String,
    region: String,
}

impl Inventory {
    /// Reads what `terraform show -json` prints of a state or a plan; `None` when the document is neither. Read one stage of a
    /// plan into one inventory and the other into another: [`Graph::drift`](crate::Graph::drift) tells what differs.
    ///
    /// ```
    /// use homeostat_graph::{Inventory, PlanStage, Reading};
    /// use serde_json::json;
    ///
    /// let plan = json!({"format_version": "1.2", "planned_values": {"root_module": {"resources": [
    ///     {"address": "aws_iam_user.jane", "mode": "managed", "type": "aws_iam_user", "values": {"name": "jane"}}]}}});
    /// let (mut before, mut after) = (Inventory::default(), Inventory::default());
    /// before.read_terraform(&plan, PlanStage::Prior, &Reading::default()).ok_or("no plan")?;
    /// after.read_terraform(&plan, PlanStage::Planned, &Reading::default()).ok_or("no plan")?;
    /// assert_eq!((before.objects().count(), after.objects().count()), (0, 1));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn read_terraform(&mut self, whole: &Value, stage: PlanStage, reading: &Reading) -> Option<Touched> {
        whole.get("format_version")?;
        let planned = whole.get("planned_values");
        let (first, second) = match stage {
            PlanStage::Planned => (planned.or_else(|| whole.get("values")), None),
            PlanStage::Prior if planned.is_some() => {
                (whole.get("prior_state").and_then(|state| state.get("values")), None)
            }
            PlanStage::Prior => (whole.get("values"), None::<&Value>),
        };
        if planned.is_none() && whole.get("values").is_none() {
            return None;
        }
        let mut facts = Facts::new(&reading.document);
        let mut world = World::new(whole);
        for values in first.into_iter().chain(second) {
            if let Some(root) = values.get("root_module") {
                let configuration = whole.get("configuration").and_then(|all| all.get("root_module"));
                world.module(root, configuration, "", 0);
            }
        }
        world.index();
        world.tell(&mut facts);
        Some(self.take(facts, reading))
    }
}

impl<'a> World<'a> {
    fn new(whole: &Value) -> Self {
        let text = whole.to_string();
        let (region, account) = place_of(&text);
        Self { resources: Vec::new(), by_place: BTreeMap::new(), account, region }
    }

    /// Gathers a module and those in it.
    fn module(&mut self, module: &'a Value, configuration: Option<&'a Value>, place: &str, depth: usize) {
        let list = |of: &'a Value, field: &str| of.get(field).and_then(Value::as_array).into_iter().flatten();
        for resource in list(module, "resources") {
            let text = |field: &str| resource.get(field).and_then(Value::as_str);
            let (Some(address), Some(kind), Some(values)) =
                (text("address"), text("type"), resource.get("values"))
            else {
                continue;
            };
            let whole = bare(address);
            let own = whole.strip_prefix(place).unwrap_or(&whole);
            let told = configuration.and_then(|all| {
                list(all, "resources").find(|one| one.get("address") == Some(&Value::from(own)))
            });
            let references = told.and_then(|one| one.get("expressions"));
            self.resources.push(Resource { address, kind, values, references, module: place.to_owned() });
        }
        for child in list(module, "child_modules").filter(|_| depth < DEPTH) {
            let address = bare(child.get("address").and_then(Value::as_str).unwrap_or_default());
            let name = address.rsplit('.').next().unwrap_or_default();
            let calls = configuration.and_then(|all| all.get("module_calls"));
            let inner = calls.and_then(|calls| calls.get(name)?.get("module"));
            self.module(child, inner, &format!("{address}."), depth + 1);
        }
    }

    fn index(&mut self) {
        for (number, resource) in self.resources.iter().enumerate() {
            self.by_place.entry(bare(resource.address)).or_default().push(number);
        }
    }

    /// The texts of a field: its value, or what `told` says of each resource that it refers to.
    fn texts(
        &self,
        resource: &Resource<'_>,
        field: &str,
        told: fn(&Self, &Resource<'_>) -> Option<String>,
    ) -> Vec<String> {
        let value = resource.values.get(field).filter(|value| !value.is_null());
        let known: Vec<String> = match value {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
            _ => Vec::new(),
        };
        if !known.is_empty() {
            return known;
        }
        let referred = resource.references.and_then(|all| all.get(field));
        self.referred(resource, referred, told)
    }

    /// What the resources are called that an expression refers to.
    fn referred(
        &self,
        resource: &Resource<'_>,
        expression: Option<&Value>,
        told: fn(&Self, &Resource<'_>) -> Option<String>,
    ) -> Vec<String> {
        let references = expression.and_then(|one| one.get("references")).and_then(Value::as_array);
        let mut found: Vec<String> = Vec::new();
        for reference in references.into_iter().flatten().filter_map(Value::as_str) {
            let place = format!("{}{}", resource.module, bare(reference));
            for number in self.by_place.get(&place).into_iter().flatten() {
                found.extend(self.resources.get(*number).and_then(|one| told(self, one)));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn text(
        &self,
        resource: &Resource<'_>,
        field: &str,
        told: fn(&Self, &Resource<'_>) -> Option<String>,
    ) -> Option<String> {
        self.texts(resource, field, told).into_iter().next()
    }

    /// The id that a resource has, or its address until it has one.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "one of the tellers of a reference")]
    fn id(&self, resource: &Resource<'_>) -> Option<String> {
        let known = resource.values.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        // Rules are written with spaces between their parts.
        Some(known.unwrap_or(resource.address).replace(' ', "_"))
    }

    /// The name that a resource is given.
    #[expect(clippy::unused_self, reason = "one of the tellers of a reference")]
    fn name(&self, resource: &Resource<'_>) -> Option<String> {
        let text = |field: &str| resource.values.get(field).and_then(Value::as_str).map(str::to_owned);
        text("name").or_else(|| text("bucket")).or_else(|| text("function_name")).or_else(|| text("id"))
    }

    /// The ARN that a resource has or will have.
    fn arn(&self, resource: &Resource<'_>) -> Option<String> {
        if let Some(known) =
            resource.values.get("arn").and_then(Value::as_str).filter(|arn| arn.starts_with("arn:"))
        {
            return Some(known.to_owned());
        }
        let path = resource.values.get("path").and_then(Value::as_str).unwrap_or("/");
        let name = self.name(resource).unwrap_or_else(|| resource.address.to_owned());
        let (account, region) = (&self.account, &self.region);
        Some(match resource.kind {
            "aws_iam_user" => format!("arn:aws:iam::{account}:user{path}{name}"),
            "aws_iam_role" => format!("arn:aws:iam::{account}:role{path}{name}"),
            "aws_iam_group" => format!("arn:aws:iam::{account}:group{path}{name}"),
            "aws_iam_policy" => format!("arn:aws:iam::{account}:policy{path}{name}"),
            "aws_iam_instance_profile" => format!("arn:aws:iam::{account}:instance-profile{path}{name}"),
            "aws_s3_bucket" => format!("arn:aws:s3:::{name}"),
            "aws_lambda_function" => format!("arn:aws:lambda:{region}:{account}:function:{name}"),
            "aws_instance" => format!("arn:aws:ec2:{region}:{account}:instance/{}", self.id(resource)?),
            "aws_db_instance" => format!("arn:aws:rds:{region}:{account}:db:{}", self.id(resource)?),
            "aws_secretsmanager_secret" => format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}"),
            "aws_lb" | "aws_alb" => {
                format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{name}")
            }
            "aws_lb_target_group" | "aws_alb_target_group" => {
                format!("arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}")
            }
            _ => return None,
        })
    }

    fn tell(&self, facts: &mut Facts) {
        // What is only looked up says what others refer to.
        let managed = |one: &&Resource<'_>| !one.address.trim_start_matches(&one.module).starts_with("data.");
        for resource in self.resources.iter().filter(managed) {
            if self.rights(facts, resource).is_none() && self.things(facts, resource).is_none() {
                facts.problem(resource.address, "a resource without what names it");
            }
        }
        self.security_groups(facts);
        self.route_tables(facts);
        self.listeners(facts);
    }
}

/// An address without indices: `module.a["x"].aws_instance.web[0]` is `module.a.aws_instance.web`.
fn bare(address: &str) -> String {
    let (mut text, mut depth) = (String::new(), 0_u32);
    for sign in address.chars() {
        match sign {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(sign),
            _ => {}
        }
    }
    text
}

/// Region and account of the first ARN that names both, and the account of the first that names one: a plan's resources
/// mostly lie in one.
fn place_of(text: &str) -> (String, String) {
    let mut arns = text.split('"').filter(|text| text.starts_with("arn:aws")).map(|arn| arn.splitn(6, ':'));
    let (mut region, mut account) = (None, None);
    for mut parts in arns.by_ref() {
        let (own_region, own_account) = (parts.nth(3).unwrap_or_default(), parts.next().unwrap_or_default());
        let number = own_account.len() == 12 && own_account.bytes().all(|byte| byte.is_ascii_digit());
        if number {
            account.get_or_insert_with(|| own_account.to_owned());
            if !own_region.is_empty() {
                region.get_or_insert_with(|| own_region.to_owned());
            }
        }
    }
    (region.unwrap_or_else(|| "region".to_owned()), account.unwrap_or_else(|| "000000000000".to_owned()))
}
