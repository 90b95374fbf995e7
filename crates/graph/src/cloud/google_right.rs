//! What permissions of Google Cloud let their holder take over or read.
//!
//! Google Cloud, "IAM permissions reference"; what each comes to: "Best practices for using service accounts", section
//! "Protect against privilege-escalation threats".

/// What a resource is, as far as rights over it differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Organization,
    Folder,
    Project,
    ServiceAccount,
    Instance,
    Function,
    Service,
    Job,
    Secret,
    Bucket,
    Dataset,
}

/// A permission on a kind of resource, and the edge that it makes.
pub(super) struct Right {
    pub(super) on: Kind,
    pub(super) permission: &'static str,
    pub(super) edge: &'static str,
    /// Whether it also takes the permission to act as what the resource runs as.
    pub(super) acting: bool,
}

const fn right(on: Kind, permission: &'static str, edge: &'static str) -> Right {
    Right { on, permission, edge, acting: false }
}

const fn acting(on: Kind, permission: &'static str) -> Right {
    Right { on, permission, edge: "UpdateWorkload", acting: true }
}

pub(super) const RIGHTS: [Right; 20] = [
    right(Kind::Organization, "resourcemanager.organizations.setIamPolicy", "SetIamPolicy"),
    right(Kind::Folder, "resourcemanager.folders.setIamPolicy", "SetIamPolicy"),
    right(Kind::Project, "resourcemanager.projects.setIamPolicy", "SetIamPolicy"),
    right(Kind::ServiceAccount, "iam.serviceAccounts.getAccessToken", "GetAccessToken"),
    right(Kind::ServiceAccount, "iam.serviceAccounts.signJwt", "SignJwt"),
    right(Kind::ServiceAccount, "iam.serviceAccounts.signBlob", "SignBlob"),
    right(Kind::ServiceAccount, "iam.serviceAccounts.implicitDelegation", "ImplicitDelegation"),
    right(Kind::ServiceAccount, "iam.serviceAccountKeys.create", "CreateServiceAccountKey"),
    right(Kind::ServiceAccount, "iam.serviceAccounts.setIamPolicy", "SetIamPolicy"),
    right(Kind::Instance, "compute.instances.setMetadata", "SetInstanceMetadata"),
    right(Kind::Instance, "compute.instances.osAdminLogin", "OsAdminLogin"),
    acting(Kind::Function, "cloudfunctions.functions.update"),
    acting(Kind::Service, "run.services.update"),
    acting(Kind::Job, "run.jobs.update"),
    right(Kind::Secret, "secretmanager.versions.access", "ReadSecret"),
    right(Kind::Secret, "secretmanager.secrets.setIamPolicy", "SetIamPolicy"),
    right(Kind::Bucket, "storage.objects.get", "ReadData"),
    right(Kind::Bucket, "storage.buckets.setIamPolicy", "SetIamPolicy"),
    right(Kind::Dataset, "bigquery.tables.getData", "ReadData"),
    right(Kind::Dataset, "bigquery.datasets.setIamPolicy", "SetIamPolicy"),
];

/// Permissions of which one starts something that runs as a service account.
pub(super) const STARTS: [&str; 4] =
    ["compute.instances.create", "cloudfunctions.functions.create", "run.services.create", "run.jobs.create"];
