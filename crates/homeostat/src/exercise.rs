//! Which right an event shows to be used: the permission that the call took, and on what.
//!
//! Names of permissions differ from names of operations in places (AWS Service Authorization Reference). Objects
//! of a bucket count as one: their names are new every day, and rights are given by the bucket.

use homeostat_core::{EntityKey, EntityKind, Outcome, Role};
use homeostat_event::Event;
use homeostat_posture::Use;

/// What `event` shows to be used by a principal of AWS; `None` for calls that failed and for everything else.
pub(crate) fn exercise_of(event: &Event) -> Option<Use> {
    let service = event.service()?.strip_suffix(".amazonaws.com")?;
    if event.outcome() == Outcome::Failure {
        return None;
    }
    let entities = event.named();
    let principal = |kind| matches!(kind, EntityKind::IamUserArn | EntityKind::IamRoleArn);
    let (who, _) = entities.iter().find(|(key, role)| *role == Role::Actor && principal(key.kind()))?;
    let action = permission(service, event.action());
    let resource = resource(event, &entities, &action);
    Some(Use { who: who.clone(), action, resource, at: event.when() })
}

/// The permission that an operation of a service takes.
fn permission(service: &str, operation: &str) -> String {
    let (service, operation) = match (service, operation) {
        ("s3", "ListObjects" | "ListObjectsV2" | "HeadBucket") => ("s3", "ListBucket"),
        ("s3", "ListBuckets") => ("s3", "ListAllMyBuckets"),
        ("s3", "HeadObject") => ("s3", "GetObject"),
        ("s3", "CopyObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload") => {
            ("s3", "PutObject")
        }
        ("s3", "DeleteObjects") => ("s3", "DeleteObject"),
        ("monitoring", operation) => ("cloudwatch", operation),
        // Lambda writes the version of its interface behind the name.
        ("lambda", operation) => {
            ("lambda", operation.trim_end_matches(|letter: char| letter.is_ascii_digit()))
        }
        other => other,
    };
    format!("{service}:{operation}")
}

/// The ARN that the call is about; `*` when it names none.
fn resource(event: &Event, entities: &[(EntityKey, Role)], action: &str) -> String {
    let arns = entities.iter().filter(|(key, role)| *role == Role::Target && key.value().starts_with("arn:"));
    // The longest is the nearest: an object's name holds its bucket's.
    let told = arns.map(|(key, _)| key.value()).max_by_key(|arn| arn.len()).map(str::to_owned);
    let told = told.or_else(|| bucket(event)).unwrap_or_else(|| "*".to_owned());
    let of_objects =
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"].iter().any(|own| action.starts_with(own));
    match told.strip_prefix("arn:aws:s3:::") {
        Some(name) if of_objects => format!("arn:aws:s3:::{}/*", name.split('/').next().unwrap_or(name)),
        _ => told,
    }
}

fn bucket(event: &Event) -> Option<String> {
    let told = event.unmapped("requestParameters.bucketName")?;
    let name: String = serde_json::from_str(told.as_str()).ok()?;
    Some(format!("arn:aws:s3:::{name}"))
}

#[cfg(test)]
mod tests {
    use super::permission;

    #[test]
    fn permissions_go_by_their_own_names() {
        for (service, operation, expected) in [
            ("s3", "ListObjects", "s3:ListBucket"),
            ("s3", "GetObject", "s3:GetObject"),
            ("lambda", "ListFunctions20150331", "lambda:ListFunctions"),
            ("monitoring", "GetMetricData", "cloudwatch:GetMetricData"),
            ("iam", "PutUserPolicy", "iam:PutUserPolicy"),
        ] {
            assert_eq!(permission(service, operation), expected);
        }
    }
}
