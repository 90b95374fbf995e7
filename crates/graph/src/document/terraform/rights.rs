//! Users, groups, roles and policies.

use super::{Facts, Resource, World};
use crate::change::Op;
use crate::inventory::BOUNDARY;
use crate::object::{LinkKind, PolicySlot, arn_key};
use homeostat_core::EntityKey;
use serde_json::Value;

/// A policy document in a field, when it is known.
pub(super) fn document(resource: &Resource<'_>, field: &str) -> Option<String> {
    resource.values.get(field).and_then(Value::as_str).filter(|text| text.contains('{')).map(str::to_owned)
}

impl World<'_> {
    /// What a resource says of rights; `None` for one of another kind.
    pub(super) fn rights(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        match resource.kind {
            "aws_iam_user" | "aws_iam_role" | "aws_iam_group" | "aws_iam_policy" => {
                self.holder(facts, resource)
            }
            "aws_iam_role_policy" => {
                self.inline(facts, resource, "role");
                Some(())
            }
            "aws_iam_user_policy" => {
                self.inline(facts, resource, "user");
                Some(())
            }
            "aws_iam_group_policy" => {
                self.inline(facts, resource, "group");
                Some(())
            }
            "aws_iam_role_policy_attachment" => {
                self.attach(facts, resource, "role");
                Some(())
            }
            "aws_iam_user_policy_attachment" => {
                self.attach(facts, resource, "user");
                Some(())
            }
            "aws_iam_group_policy_attachment" => {
                self.attach(facts, resource, "group");
                Some(())
            }
            "aws_iam_policy_attachment" => {
                for field in ["roles", "users", "groups"] {
                    self.attach(facts, resource, field);
                }
                Some(())
            }
            "aws_iam_user_group_membership" => {
                self.join(facts, resource, ("user", "groups"));
                Some(())
            }
            "aws_iam_group_membership" => {
                self.join(facts, resource, ("users", "group"));
                Some(())
            }
            "aws_iam_instance_profile" => {
                let profile = arn_key(&self.arn(resource)?)?;
                for role in self.principals(resource, "role") {
                    facts.link(&role, LinkKind::Profile, &profile);
                }
                Some(())
            }
            _ => None,
        }
    }

    fn holder(&self, facts: &mut Facts, resource: &Resource<'_>) -> Option<()> {
        let key = arn_key(&self.arn(resource)?)?;
        let boundary = self.text(resource, "permissions_boundary", Self::arn);
        let tags = resource.values.get("tags").and_then(Value::as_object);
        let tags: Vec<(String, String)> = tags
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((format!("tag/{name}"), value.as_str()?.to_owned())))
            .collect();
        let tags = tags.iter().map(|(name, value)| (name.as_str(), Some(value.clone())));
        facts.put(&key, None, tags.chain([(BOUNDARY, boundary)]));
        let mut hold = |slot, document: Option<String>| {
            if let Some(document) = document {
                facts.op(Op::PutPolicy { object: key.clone(), slot, document });
            }
        };
        hold(PolicySlot::Trust, document(resource, "assume_role_policy"));
        hold(PolicySlot::Version("v1".to_owned()), document(resource, "policy"));
        for inline in resource.values.get("inline_policy").and_then(Value::as_array).into_iter().flatten() {
            let text =
                |field: &str| inline.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
            if let Some(name) = text("name") {
                hold(PolicySlot::Inline(name.to_owned()), text("policy").map(str::to_owned));
            }
        }
        for policy in
            self.texts(resource, "managed_policy_arns", Self::arn).iter().filter_map(|arn| arn_key(arn))
        {
            facts.link(&key, LinkKind::Attached, &policy);
        }
        Some(())
    }

    /// Users, roles or groups that a field names, by name or by reference.
    fn principals(&self, resource: &Resource<'_>, field: &str) -> Vec<EntityKey> {
        let kind = field.trim_end_matches('s');
        let own = format!("aws_iam_{kind}");
        let by_name = |name: &String| {
            let mut known = self.resources.iter().filter(|one| one.kind == own);
            let found = known.find(|one| self.name(one).as_ref() == Some(name)).and_then(|one| self.arn(one));
            found.unwrap_or_else(|| format!("arn:aws:iam::{}:{kind}/{name}", self.account))
        };
        let named = self.texts(resource, field, Self::name);
        named.iter().filter_map(|name| arn_key(&by_name(name))).collect()
    }

    fn inline(&self, facts: &mut Facts, resource: &Resource<'_>, field: &str) {
        let name = self.name(resource).unwrap_or_else(|| resource.address.to_owned());
        // A policy that is made of what is not known yet grants nothing that could be told.
        for object in self.principals(resource, field) {
            match document(resource, "policy") {
                Some(document) => {
                    facts.op(Op::PutPolicy { object, slot: PolicySlot::Inline(name.clone()), document });
                }
                None => facts.problem(resource.address, "a policy that is not known before it is applied"),
            }
        }
    }

    fn attach(&self, facts: &mut Facts, resource: &Resource<'_>, field: &str) {
        let policies = self.texts(resource, "policy_arn", Self::arn);
        for holder in self.principals(resource, field) {
            for policy in policies.iter().filter_map(|arn| arn_key(arn)) {
                facts.link(&holder, LinkKind::Attached, &policy);
            }
        }
    }

    fn join(&self, facts: &mut Facts, resource: &Resource<'_>, (user, group): (&str, &str)) {
        let groups = self.principals(resource, group);
        for user in self.principals(resource, user) {
            for group in &groups {
                facts.link(&user, LinkKind::MemberOf, group);
            }
        }
    }
}
