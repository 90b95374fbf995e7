//! An instance alone: a security group without rules on each of its network interfaces.

use crate::api::{Api, Local, Reply, Service};
use homeostat_response::{ActError, Observed};
use serde::{Deserialize, Serialize};

/// The interfaces of an instance and the groups they had.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Quarantine {
    name: String,
    interfaces: Vec<Interface>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Interface {
    id: String,
    vpc: String,
    groups: Vec<String>,
}

impl Quarantine {
    /// Reads the interfaces of `instance` and their groups: the very resources that `apply` writes.
    pub(crate) async fn find(api: &Api, instance: &str, id: &str) -> Result<Self, ActError> {
        let at = "DescribeNetworkInterfaces";
        let form = [("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", instance)];
        let interfaces = interfaces(api.look(Service::Ec2, at, &form).await?);
        if interfaces.is_empty() {
            return Err(ActError::permanent("find the instance's network interfaces"));
        }
        Ok(Self { name: format!("homeostat-{id}"), interfaces })
    }

    pub(crate) fn interfaces(&self) -> usize {
        self.interfaces.len()
    }

    pub(crate) async fn observe(&self, api: &Api) -> Result<Observed, ActError> {
        let now = self.now(api).await?;
        let (mut ours, mut foreign) = (0, 0);
        for prior in &self.interfaces {
            let group = self.group(api, &prior.vpc).await?;
            match state(prior, &now, group.as_deref()) {
                State::Ours => ours += 1,
                State::Foreign => foreign += 1,
                State::Prior => {}
            }
        }
        Ok(match (ours, foreign) {
            (_, 1..) => Observed::Conflict,
            (0, 0) => Observed::NotInForce,
            (ours, 0) if ours == self.interfaces.len() => Observed::InForce,
            _ => Observed::Partial,
        })
    }

    pub(crate) async fn apply(&self, api: &Api) -> Result<(), ActError> {
        if self.observe(api).await? == Observed::Conflict {
            return Err(ActError::conflict("put the quarantine group on"));
        }
        let now = self.now(api).await?;
        for prior in &self.interfaces {
            let group = match self.group(api, &prior.vpc).await? {
                Some(group) => group,
                None => self.create(api, &prior.vpc).await?,
            };
            close(api, &group).await?;
            if state(prior, &now, Some(&group)) == State::Prior {
                set_groups(api, &prior.id, std::slice::from_ref(&group)).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn revert(&self, api: &Api) -> Result<(), ActError> {
        let now = self.now(api).await?;
        let mut foreign = false;
        for prior in &self.interfaces {
            let group = self.group(api, &prior.vpc).await?;
            match state(prior, &now, group.as_deref()) {
                State::Ours => set_groups(api, &prior.id, &prior.groups).await?,
                State::Foreign => foreign = true,
                State::Prior => {}
            }
        }
        if foreign {
            return Err(ActError::conflict("give the security groups back"));
        }
        for prior in &self.interfaces {
            if let Some(group) = self.group(api, &prior.vpc).await? {
                api.ask(Service::Ec2, "DeleteSecurityGroup", &[("GroupId", &group)]).await?;
            }
        }
        Ok(())
    }

    async fn now(&self, api: &Api) -> Result<Vec<Interface>, ActError> {
        let numbered = numbered("NetworkInterfaceId", self.interfaces.iter().map(|one| one.id.as_str()));
        let form: Vec<(&str, &str)> = numbered.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        Ok(interfaces(api.look(Service::Ec2, "DescribeNetworkInterfaces", &form).await?))
    }

    /// The quarantine group of this action in `vpc`, when it is there: its name derives from the action's id.
    async fn group(&self, api: &Api, vpc: &str) -> Result<Option<String>, ActError> {
        let form = [
            ("Filter.1.Name", "group-name"),
            ("Filter.1.Value.1", self.name.as_str()),
            ("Filter.2.Name", "vpc-id"),
            ("Filter.2.Value.1", vpc),
        ];
        let reply = api.look(Service::Ec2, "DescribeSecurityGroups", &form).await?;
        Ok(reply.and_then(|reply| {
            reply.read(|root| {
                root.members("securityGroupInfo").first()?.child_text("groupId").map(str::to_owned)
            })
        }))
    }

    async fn create(&self, api: &Api, vpc: &str) -> Result<String, ActError> {
        let at = "CreateSecurityGroup";
        let form = [
            ("GroupName", self.name.as_str()),
            ("GroupDescription", "quarantine by homeostat"),
            ("VpcId", vpc),
        ];
        let reply = api.ask(Service::Ec2, at, &form).await?;
        reply.and_then(|reply| reply.text("groupId")).ok_or(ActError::unknown(at))
    }
}

/// Takes away the rule that lets everything out, which every new group has.
async fn close(api: &Api, group: &str) -> Result<(), ActError> {
    let form = [
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
    ];
    api.ask(Service::Ec2, "RevokeSecurityGroupEgress", &form).await.map(drop)
}

async fn set_groups(api: &Api, interface: &str, groups: &[String]) -> Result<(), ActError> {
    let at = "ModifyNetworkInterfaceAttribute";
    let numbered = numbered("SecurityGroupId", groups.iter().map(String::as_str));
    let mut form = vec![("NetworkInterfaceId", interface)];
    form.extend(numbered.iter().map(|(name, value)| (name.as_str(), *value)));
    api.ask(Service::Ec2, at, &form).await?.map(drop).ok_or(ActError::conflict(at))
}

/// `NAME.1`, `NAME.2` and so on, as lists stand in a form.
fn numbered<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Vec<(String, &'a str)> {
    values.enumerate().map(|(at, value)| (format!("{name}.{}", at + 1), value)).collect()
}

/// The interfaces that a description tells, in the order of their ids.
fn interfaces(reply: Option<Reply>) -> Vec<Interface> {
    let read = |reply: Reply| {
        reply.read(|root| {
            let told = root.members("networkInterfaceSet");
            Some(
                told.iter()
                    .filter_map(|one| {
                        let mut groups: Vec<String> = one
                            .members("groupSet")
                            .iter()
                            .filter_map(|group| group.child_text("groupId").map(str::to_owned))
                            .collect();
                        groups.sort();
                        let (id, vpc) = (one.child_text("networkInterfaceId")?, one.child_text("vpcId")?);
                        Some(Interface { id: id.to_owned(), vpc: vpc.to_owned(), groups })
                    })
                    .collect(),
            )
        })
    };
    let mut all: Vec<Interface> = reply.and_then(read).unwrap_or_default();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Prior,
    Ours,
    Foreign,
}

fn state(prior: &Interface, now: &[Interface], group: Option<&str>) -> State {
    match now.iter().find(|one| one.id == prior.id).map(|one| one.groups.as_slice()) {
        Some(groups) if groups == prior.groups => State::Prior,
        Some([only]) if group == Some(only) => State::Ours,
        _ => State::Foreign,
    }
}
