//! Machines, functions, stores, and the network around them.

use super::rights::document;
use super::{Facts, Resource, World};
use crate::change::Op;
use crate::document::ec2::{GATEWAY, entries, part};
use crate::network::{
    BALANCER, EGRESS, EGRESS_TOLD, ENTRY, INGRESS, MACHINE, PORTS, PREFIX_LIST, PUBLIC, RANGES,
    SECURITY_GROUP, SUBNET, TARGETS, TIED, URL, network_key, span,
};
use crate::object::{LinkKind, ObjectKind, PolicySlot, arn_key};
use crate::workload::{PROFILE, ROLE, SERVICE};
use homeostat_core::EntityKey;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn texts<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    value.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

pub(super) fn is_true(value: &Value, field: &str) -> bool {
    value.get(field) == Some(&Value::Bool(true))
}

/// The rules of a security group as attributes, and whether those for outgoing packets are told.
#[derive(Default)]
struct GroupRules {
    lines: Vec<String>,
    lists: BTreeSet<String>,
    egress_told: bool,
}

impl GroupRules {
    fn add(&mut self, beginning: &str, lines: &[String]) {
        self.lines.extend(lines.iter().map(|line| format!("{beginning}{line}")));
    }
}

impl World<'_> {
    /// What a resource says of things and their network; resources of other kinds say nothing.
    pub(super) fn things(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let network = || self.id(resource).and_then(|id| network_key(&id));
        match resource.kind {
            "aws_instance" => self.instance(facts, resource),
            "aws_lambda_function" => {
                let key = arn_key(&self.arn(resource)?)?;
                let role = self.text(resource, "role", Self::arn);
                facts.put(
                    &key,
                    Some(ObjectKind::Workload),
                    [(SERVICE, Some("lambda".to_owned())), (ROLE, role)],
                );
                Some(())
            }
            "aws_lambda_function_url" => {
                self.function_url(facts, resource);
                Some(())
            }
            "aws_db_instance" => self.database(facts, resource),
            "aws_secretsmanager_secret" => {
                facts.put(&arn_key(&self.arn(resource)?)?, Some(ObjectKind::Secret), []);
                Some(())
            }
            "aws_s3_bucket" | "aws_s3_bucket_policy" | "aws_s3_bucket_public_access_block" => {
                self.bucket(facts, resource)
            }
            "aws_subnet" => {
                let key = network()?;
                let ranges = [text(resource.values, "cidr_block"), text(resource.values, "ipv6_cidr_block")];
                let ranges = ranges.into_iter().flatten().collect::<Vec<_>>().join(",");
                part(facts, &key, SUBNET, [(RANGES, Some(ranges))]);
                self.tie(facts, (&key, LinkKind::Within), resource, "vpc_id");
                Some(())
            }
            "aws_internet_gateway" => {
                part(facts, &network()?, GATEWAY, [(TIED, Some("true".to_owned()))]);
                Some(())
            }
            "aws_lb" | "aws_alb" => self.balancer(facts, resource),
            "aws_ec2_managed_prefix_list" => {
                let key = network()?;
                part(facts, &key, PREFIX_LIST, []);
                let told = resource.values.get("entry").and_then(Value::as_array).into_iter().flatten();
                entries(facts, &key, told.filter_map(|entry| text(entry, "cidr")));
                Some(())
            }
            "aws_ec2_managed_prefix_list_entry" => {
                let range = text(resource.values, "cidr")?;
                for key in
                    self.texts(resource, "prefix_list_id", Self::id).iter().filter_map(|id| network_key(id))
                {
                    facts.put(&key, None, [(format!("{ENTRY}{range}").as_str(), Some(String::new()))]);
                }
                Some(())
            }
            "aws_vpc_peering_connection" => self.peering(facts, resource),
            "aws_ec2_transit_gateway_vpc_attachment" => self.attachment(facts, resource),
            "aws_lb_target_group_attachment" | "aws_alb_target_group_attachment" => {
                self.target(facts, resource)
            }
            _ => Some(()),
        }
    }

    /// Ties an object to what a field names by id.
    fn tie(
        &self,
        facts: &mut Facts,
        (from, kind): (&EntityKey, LinkKind),
        resource: &Resource<'_>,
        field: &str,
    ) {
        for to in self.texts(resource, field, Self::id).iter().filter_map(|id| network_key(id)) {
            facts.link(from, kind, &to);
        }
    }

    fn instance(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let key = arn_key(&self.arn(resource)?)?;
        let own = is_true(resource.values, "associate_public_ip_address");
        let address = text(resource.values, "public_ip").is_some();
        // A subnet may give every machine in it an address outside.
        let given = self.texts(resource, "subnet_id", |_, subnet| {
            is_true(subnet.values, "map_public_ip_on_launch").then(|| "yes".to_owned())
        });
        let told = resource.values.get("associate_public_ip_address").is_some_and(|own| !own.is_null());
        let public = own || address || (!told && given.iter().any(|given| given == "yes"));
        let profile = self.text(resource, "iam_instance_profile", Self::name);
        facts.put(
            &key,
            Some(ObjectKind::Workload),
            [(SERVICE, Some("ec2".to_owned())), (PROFILE, profile), (PUBLIC, public.then(|| "4".to_owned()))],
        );
        self.tie(facts, (&key, LinkKind::Within), resource, "subnet_id");
        self.tie(facts, (&key, LinkKind::GuardedBy), resource, "vpc_security_group_ids");
        if let Some(id) = network_key(&self.id(resource)?) {
            part(facts, &id, MACHINE, []);
            facts.link(&key, LinkKind::Behind, &id);
            facts.link(&id, LinkKind::SameAs, &key);
        }
        Some(())
    }

    fn function_url(&self, facts: &mut Facts, resource: &Resource<'_>) {
        let arn = text(resource.values, "function_arn").map(str::to_owned);
        let named = |name: &str| {
            let own = |one: &&Resource<'_>| {
                one.kind == "aws_lambda_function" && self.name(one).as_deref() == Some(name)
            };
            self.resources.iter().find(own).and_then(|one| self.arn(one))
        };
        let by_name = || self.text(resource, "function_name", Self::name).and_then(|name| named(&name));
        // A function of another configuration is none of the estate's.
        let Some(key) = arn.or_else(by_name).and_then(|arn| arn_key(&arn)) else { return };
        let kind = text(resource.values, "authorization_type").map(str::to_owned);
        facts.put(&key, Some(ObjectKind::Workload), [(URL, kind)]);
    }

    fn database(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let key = arn_key(&self.arn(resource)?)?;
        let port = resource.values.get("port").and_then(Value::as_u64).map(|port| port.to_string());
        let public = is_true(resource.values, "publicly_accessible").then(|| "4".to_owned());
        facts.put(&key, Some(ObjectKind::Database), [(PORTS, port), (PUBLIC, public)]);
        self.tie(facts, (&key, LinkKind::GuardedBy), resource, "vpc_security_group_ids");
        for group in self.texts(resource, "db_subnet_group_name", Self::name) {
            let is_group = |one: &&Resource<'_>| {
                one.kind == "aws_db_subnet_group" && self.name(one).as_ref() == Some(&group)
            };
            for one in self.resources.iter().filter(is_group) {
                self.tie(facts, (&key, LinkKind::Within), one, "subnet_ids");
            }
        }
        Some(())
    }

    fn bucket(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let name = self.text(resource, "bucket", Self::name).unwrap_or_else(|| resource.address.to_owned());
        let key = arn_key(&format!("arn:aws:s3:::{name}"))?;
        let flag = resource.values.get("restrict_public_buckets").and_then(Value::as_bool);
        facts.put(
            &key,
            Some(ObjectKind::Bucket),
            flag.map(|flag| ("restrict_public_buckets", Some(flag.to_string()))),
        );
        if let Some(document) = document(resource, "policy") {
            facts.op(Op::PutPolicy { object: key, slot: PolicySlot::Resource, document });
        }
        Some(())
    }

    fn balancer(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let key = arn_key(&self.arn(resource)?)?;
        let public = (!is_true(resource.values, "internal")).then(|| "4".to_owned());
        part(facts, &key, BALANCER, [(PUBLIC, public)]);
        self.tie(facts, (&key, LinkKind::GuardedBy), resource, "security_groups");
        self.tie(facts, (&key, LinkKind::Within), resource, "subnets");
        Some(())
    }

    fn target(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        for group in self.texts(resource, "target_group_arn", Self::arn).iter().filter_map(|arn| arn_key(arn))
        {
            for id in self.texts(resource, "target_id", Self::id) {
                let target = arn_key(&id).or_else(|| network_key(&id))?;
                facts.link(&target, LinkKind::Behind, &group);
            }
        }
        Some(())
    }

    /// Listeners tell the ports of a balancer and the groups behind it.
    pub(super) fn listeners(&self, facts: &mut Facts) {
        let mut all: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for listener in
            self.resources.iter().filter(|one| matches!(one.kind, "aws_lb_listener" | "aws_alb_listener"))
        {
            for balancer in self.texts(listener, "load_balancer_arn", Self::arn) {
                let actions =
                    listener.values.get("default_action").and_then(Value::as_array).into_iter().flatten();
                let known = actions.filter_map(|action| text(action, "target_group_arn")).map(str::to_owned);
                let told =
                    listener.references.and_then(|all| all.get("default_action")).and_then(Value::as_array);
                let told = told.into_iter().flatten().filter_map(|action| action.get("target_group_arn"));
                let referred = told.flat_map(|one| self.referred(listener, Some(one), Self::arn));
                for group in known.chain(referred).filter_map(|arn| arn_key(&arn)) {
                    if let Some(balancer) = arn_key(&balancer) {
                        facts.link(&group, LinkKind::Behind, &balancer);
                    }
                }
                let port = listener.values.get("port").and_then(Value::as_u64);
                all.entry(balancer).or_default().extend(port);
            }
        }
        for (balancer, listens) in all {
            let listens = listens.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            if let Some(key) = arn_key(&balancer) {
                part(facts, &key, BALANCER, [(PORTS, Some(listens))]);
            }
        }
        for group in self.resources.iter().filter(|one| one.kind.ends_with("lb_target_group")) {
            let port = group.values.get("port").and_then(Value::as_u64).map(|port| port.to_string());
            if let Some(key) = self.arn(group).and_then(|arn| arn_key(&arn)) {
                part(facts, &key, TARGETS, [(PORTS, port)]);
            }
        }
    }

    /// The rules of each security group: its own, and those that are resources of their own.
    pub(super) fn security_groups(&self, facts: &mut Facts) {
        let mut rules: BTreeMap<String, GroupRules> = BTreeMap::new();
        for resource in &self.resources {
            match (resource.kind, text(resource.values, "type")) {
                ("aws_security_group", _) => self.inline_rules(resource, &mut rules),
                ("aws_security_group_rule", Some("ingress")) => {
                    self.rule(resource, ("source_security_group_id", "protocol", INGRESS), &mut rules);
                }
                ("aws_security_group_rule", Some("egress")) => {
                    self.rule(resource, ("source_security_group_id", "protocol", EGRESS), &mut rules);
                }
                ("aws_vpc_security_group_ingress_rule", _) => {
                    self.rule(resource, ("referenced_security_group_id", "ip_protocol", INGRESS), &mut rules);
                }
                ("aws_vpc_security_group_egress_rule", _) => {
                    self.rule(resource, ("referenced_security_group_id", "ip_protocol", EGRESS), &mut rules);
                }
                _ => {}
            }
        }
        for (group, rules) in rules {
            if let Some(key) = network_key(&group) {
                let lines = rules.lines.iter().map(|rule| (rule.as_str(), Some(String::new())));
                let told = rules.egress_told.then(|| (EGRESS_TOLD, Some("told".to_owned())));
                part(facts, &key, SECURITY_GROUP, lines.chain(told));
                for list in rules.lists.iter().filter_map(|id| network_key(id)) {
                    facts.link(&key, LinkKind::Names, &list);
                }
            }
        }
    }

    fn inline_rules(&self, resource: &Resource<'_>, rules: &mut BTreeMap<String, GroupRules>) {
        let Some(id) = self.id(resource) else { return };
        let own = rules.entry(id.clone()).or_default();
        own.egress_told |= resource.values.get("egress").is_some_and(Value::is_array);
        for (field, beginning) in [("ingress", INGRESS), ("egress", EGRESS)] {
            // Blocks are told one by one, an attribute as a whole.
            let told = resource.references.and_then(|all| all.get(field));
            let blocks = told.and_then(Value::as_array).into_iter().flatten();
            let inner = blocks.filter_map(|block| block.get("security_groups"));
            let referred: Vec<String> = told
                .into_iter()
                .chain(inner)
                .flat_map(|one| self.referred(resource, Some(one), Self::id))
                .collect();
            for rule in resource.values.get(field).and_then(Value::as_array).into_iter().flatten() {
                let groups = texts(rule, "security_groups").map(str::to_owned);
                let groups = groups.chain(referred.iter().cloned());
                let itself = is_true(rule, "self").then(|| id.clone());
                let named: Vec<String> = texts(rule, "prefix_list_ids").map(str::to_owned).collect();
                own.lists.extend(named.iter().cloned());
                let groups = groups.chain(named);
                own.add(beginning, &lines(rule, "protocol", groups.chain(itself)));
            }
        }
    }

    fn rule(
        &self,
        resource: &Resource<'_>,
        (source, protocol, beginning): (&str, &str, &str),
        rules: &mut BTreeMap<String, GroupRules>,
    ) {
        for group in self.texts(resource, "security_group_id", Self::id) {
            let itself = is_true(resource.values, "self").then(|| group.clone());
            let named = ["prefix_list_ids", "prefix_list_id"].into_iter();
            let named: Vec<String> = named.flat_map(|field| self.texts(resource, field, Self::id)).collect();
            let groups = self.texts(resource, source, Self::id).into_iter().chain(itself);
            let groups = groups.chain(named.iter().cloned());
            let own = rules.entry(group).or_default();
            own.lists.extend(named.iter().cloned());
            own.egress_told |= beginning == EGRESS;
            own.add(beginning, &lines(resource.values, protocol, groups));
        }
    }
}

/// A rule for each of those that are let in or out.
fn lines(rule: &Value, protocol: &str, groups: impl Iterator<Item = String>) -> Vec<String> {
    let number = |field: &str| rule.get(field).and_then(Value::as_i64);
    let protocol = text(rule, protocol).unwrap_or("-1");
    let all = protocol == "-1";
    let ports = if all { span(None, None) } else { span(number("from_port"), number("to_port")) };
    let ranges = texts(rule, "cidr_blocks").chain(texts(rule, "ipv6_cidr_blocks"));
    let ranges = ranges.chain(text(rule, "cidr_ipv4")).chain(text(rule, "cidr_ipv6")).map(str::to_owned);
    ranges.chain(groups).map(|from| format!("{protocol} {ports} {from}")).collect()
}
