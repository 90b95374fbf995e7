//! Roles that Google Cloud brings along: as far as they let their holder take over or read something.
//!
//! Google Cloud, "IAM basic and predefined roles reference". `roles.list` tells them too; these stand in where nobody did.

use super::google_right::{RIGHTS, STARTS};

/// A role, and what it may of what is asked here: `*` ends a beginning.
const ROLES: [(&str, &[&str]); 34] = [
    ("roles/owner", &["*"]),
    (
        "roles/editor",
        &[
            "compute.*",
            "cloudfunctions.*",
            "run.*",
            "storage.*",
            "bigquery.datasets.*",
            "iam.serviceAccounts.actAs",
        ],
    ),
    ("roles/viewer", &[]),
    ("roles/browser", &[]),
    ("roles/iam.securityAdmin", &["*.setIamPolicy"]),
    ("roles/iam.securityReviewer", &[]),
    ("roles/iam.serviceAccountAdmin", &["iam.serviceAccounts.setIamPolicy"]),
    ("roles/iam.serviceAccountKeyAdmin", &["iam.serviceAccountKeys.*"]),
    (
        "roles/iam.serviceAccountTokenCreator",
        &[
            "iam.serviceAccounts.getAccessToken",
            "iam.serviceAccounts.signBlob",
            "iam.serviceAccounts.signJwt",
            "iam.serviceAccounts.implicitDelegation",
        ],
    ),
    ("roles/iam.serviceAccountUser", &["iam.serviceAccounts.actAs"]),
    ("roles/iam.workloadIdentityUser", &["iam.serviceAccounts.getAccessToken"]),
    ("roles/resourcemanager.projectIamAdmin", &["resourcemanager.projects.setIamPolicy"]),
    ("roles/resourcemanager.folderAdmin", &["resourcemanager.folders.setIamPolicy"]),
    ("roles/resourcemanager.folderIamAdmin", &["resourcemanager.folders.setIamPolicy"]),
    ("roles/resourcemanager.organizationAdmin", &["resourcemanager.*"]),
    ("roles/compute.admin", &["compute.*"]),
    ("roles/compute.instanceAdmin", &["compute.*"]),
    ("roles/compute.instanceAdmin.v1", &["compute.*"]),
    ("roles/compute.osAdminLogin", &["compute.instances.osAdminLogin"]),
    ("roles/compute.viewer", &[]),
    ("roles/cloudfunctions.admin", &["cloudfunctions.*"]),
    ("roles/cloudfunctions.developer", &["cloudfunctions.*"]),
    ("roles/run.admin", &["run.*"]),
    ("roles/run.developer", &["run.services.*", "run.jobs.*"]),
    ("roles/run.invoker", &[]),
    ("roles/storage.admin", &["storage.*"]),
    ("roles/storage.objectAdmin", &["storage.objects.*"]),
    ("roles/storage.objectUser", &["storage.objects.*"]),
    ("roles/storage.objectViewer", &["storage.objects.get"]),
    ("roles/secretmanager.admin", &["secretmanager.*"]),
    ("roles/secretmanager.secretAccessor", &["secretmanager.versions.access"]),
    ("roles/bigquery.admin", &["bigquery.*"]),
    ("roles/bigquery.dataOwner", &["bigquery.*"]),
    ("roles/bigquery.dataViewer", &["bigquery.tables.getData"]),
];

/// What the role `name` may, of what is asked here; `None` for one that is not known.
pub(super) fn predefined(name: &str) -> Option<Vec<&'static str>> {
    let (_, may) = ROLES.iter().find(|(own, _)| *own == name)?;
    let asked = RIGHTS.iter().map(|right| right.permission).chain(STARTS).chain([ACT_AS]);
    Some(asked.filter(|permission| may.iter().any(|one| fits(one, permission))).collect())
}

/// The permission to have something run as a service account.
pub(super) const ACT_AS: &str = "iam.serviceAccounts.actAs";

fn fits(pattern: &str, permission: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => permission.starts_with(start) && permission.ends_with(end),
        None => pattern == permission,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_give_what_they_give_and_no_more() {
        let may = |role, permission| predefined(role).is_some_and(|all| all.contains(&permission));
        assert!(may("roles/owner", "resourcemanager.projects.setIamPolicy"));
        assert!(!may("roles/editor", "resourcemanager.projects.setIamPolicy"), "an editor gives no rights");
        assert!(!may("roles/editor", "secretmanager.versions.access"), "nor reads secrets");
        assert!(may("roles/iam.securityAdmin", "storage.buckets.setIamPolicy"));
        assert_eq!(predefined("roles/of.somebody"), None);
    }
}
