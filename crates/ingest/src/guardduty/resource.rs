//! On what `GuardDuty` saw it: instances, buckets, clusters, functions, databases, containers.

use super::take;
use crate::record::Field;
use homeostat_event::{Device, DeviceId, ResourceDetails};

/// Members of `resource` that are one thing or a list of them, with the members that hold its id and its name.
const THINGS: [(&str, &[&str], &[&str]); 8] = [
    ("s3BucketDetails", &["arn"], &["name"]),
    ("eksClusterDetails", &["arn"], &["name"]),
    ("ecsClusterDetails", &["arn"], &["name"]),
    ("lambdaDetails", &["functionArn"], &["functionName"]),
    ("rdsDbInstanceDetails", &["dbInstanceArn"], &["dbInstanceIdentifier"]),
    ("containerDetails", &["id"], &["name", "image"]),
    ("ebsVolumeDetails", &["scannedVolumeDetails.volumeArn"], &["skippedVolumeDetails.volumeArn"]),
    ("instanceDetails", &["instanceId"], &[]),
];

/// Every thing the finding is about. A finding on nothing but a key is about the key.
pub(super) fn resources(root: Field<'_>) -> Vec<ResourceDetails> {
    let Some(resource) = root.member("resource").filter(Field::is_object) else { return affected(root) };
    let mut found: Vec<ResourceDetails> = Vec::new();
    for (member, ids, names) in THINGS {
        let Some(things) = resource.member(member) else { continue };
        let listed = if things.is_array() { things.children().collect() } else { vec![things] };
        found.extend(listed.into_iter().filter_map(|thing| told(thing, ids, names)));
    }
    if found.is_empty() {
        let key = resource.get("accessKeyDetails.accessKeyId").and_then(|key| key.look());
        found.extend(key.map(ResourceDetails::of_uid));
    }
    if let Some(first) = found.first_mut() {
        first.set_kind(take(resource, "resourceType")).set_role(take(root, "service.resourceRole"));
    }
    found.extend(affected(root));
    found
}

/// What a call changed: `service.action.awsApiCallAction.affectedResources`, ids by their types.
fn affected(root: Field<'_>) -> Vec<ResourceDetails> {
    let things = root.get("service.action.awsApiCallAction.affectedResources").filter(Field::is_object);
    let told =
        things.into_iter().flat_map(|things| things.children().collect::<Vec<_>>()).filter_map(|thing| {
            let mut resource = ResourceDetails::of_uid(thing.take()?);
            resource.set_kind(thing.name());
            Some(resource)
        });
    told.collect()
}

fn told(thing: Field<'_>, ids: &[&str], names: &[&str]) -> Option<ResourceDetails> {
    let first = |paths: &[&str]| paths.iter().find_map(|path| thing.get(path)?.take());
    let (uid, name) = (first(ids), first(names));
    let mut resource = match (uid, &name) {
        (Some(uid), _) => ResourceDetails::of_uid(uid),
        (None, Some(name)) => ResourceDetails::named(&**name),
        (None, None) => return None,
    };
    resource
        .set_name(name)
        .set_zone(take(thing, "availabilityZone"))
        .set_version(take(thing, "engineVersion"));
    let tags = thing.member("tags").into_iter().flat_map(|tags| tags.children().collect::<Vec<_>>());
    let labels = tags.filter_map(|tag| {
        let (key, value) = (tag.member("key")?.copy()?, tag.member("value").and_then(|value| value.copy()));
        Some(format!("{key}={}", value.unwrap_or_default()).into())
    });
    resource.set_labels(labels.collect::<Vec<_>>());
    Some(resource)
}

/// The instance as the machine it is; OCSF's 6 is a virtual machine.
pub(super) fn device(root: Field<'_>) -> Option<Device> {
    let instance = root.get("resource.instanceDetails").filter(Field::is_object)?;
    let uid = instance.member("instanceId")?.look()?;
    let mut device = Device::new(6, DeviceId::Uid(uid.as_ref().into()));
    device.set_instance_uid(uid);
    if let Some(interface) = instance.member("networkInterfaces").and_then(|list| list.children().next()) {
        device.set_ip(take(interface, "privateIpAddress")).set_hostname(take(interface, "privateDnsName"));
        device.set_interface_uid(interface.member("networkInterfaceId").and_then(|id| id.look()));
    }
    Some(device)
}
