//! The disks of an instance as they are now: one crash-consistent snapshot of all its volumes, tagged with the action's id.
//!
//! A snapshot changes nothing for anybody and is evidence: nothing here ever deletes one.

use crate::api::{Api, Form, Local, Reply, Service};
use homeostat_response::{ActError, Observed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The tag that leads from a snapshot back to the action that took it.
const TAG: &str = "homeostat:action";

/// The volumes that an instance had when the plan was made.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Snapshots {
    instance: String,
    action: String,
    volumes: BTreeSet<String>,
}

impl Snapshots {
    /// Reads which volumes are attached to `instance`.
    pub(crate) async fn find(api: &Api, instance: &str, action: &str) -> Result<Self, ActError> {
        let form = [("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", instance)];
        let volumes = volumes(api, "DescribeVolumes", "volumeSet", &form).await?;
        if volumes.is_empty() {
            return Err(ActError::permanent("find the instance's volumes"));
        }
        Ok(Self { instance: instance.to_owned(), action: action.to_owned(), volumes })
    }

    /// How many volumes are captured.
    pub(crate) fn volumes(&self) -> usize {
        self.volumes.len()
    }

    pub(crate) async fn observe(&self, api: &Api) -> Result<Observed, ActError> {
        let tag = format!("tag:{TAG}");
        let form = [("Filter.1.Name", tag.as_str()), ("Filter.1.Value.1", &self.action)];
        let taken = volumes(api, "DescribeSnapshots", "snapshotSet", &form).await?;
        Ok(match self.volumes.intersection(&taken).count() {
            0 => Observed::NotInForce,
            count if count == self.volumes.len() => Observed::InForce,
            _ => Observed::Partial,
        })
    }

    /// Takes them, unless an earlier try did: the call knows no token, but the tag tells.
    pub(crate) async fn apply(&self, api: &Api) -> Result<(), ActError> {
        if self.observe(api).await? != Observed::NotInForce {
            return Ok(());
        }
        let form = [
            ("InstanceSpecification.InstanceId", self.instance.as_str()),
            ("TagSpecification.1.ResourceType", "snapshot"),
            ("TagSpecification.1.Tag.1.Key", TAG),
            ("TagSpecification.1.Tag.1.Value", &self.action),
        ];
        let at = "CreateSnapshots";
        api.ask(Service::Ec2, at, &form).await?.map(drop).ok_or(ActError::conflict(at))
    }
}

/// The volumes named in a list of volumes or of snapshots, over all its pages.
async fn volumes(
    api: &Api,
    action: &'static str,
    list: &str,
    form: Form<'_>,
) -> Result<BTreeSet<String>, ActError> {
    let (mut all, mut token) = (BTreeSet::new(), None::<String>);
    loop {
        let mut form = form.to_vec();
        form.extend(token.iter().map(|token| ("NextToken", token.as_str())));
        let Some(reply) = api.look(Service::Ec2, action, &form).await? else { return Ok(all) };
        all.extend(named(&reply, list));
        token = reply.text("nextToken").filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
}

fn named(reply: &Reply, list: &str) -> Vec<String> {
    let read = reply.read(|root| {
        let told = root.members(list);
        Some(told.iter().filter_map(|one| one.child_text("volumeId").map(str::to_owned)).collect())
    });
    read.unwrap_or_default()
}
