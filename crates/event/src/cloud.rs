//! In which cloud, by which call, on which resource.

use crate::device::Fingerprint;
use crate::identity::{Account, Group, Organization, User};
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::{Str, Told};

ocsf_object! {
    /// The cloud in which something happened.
    #[expect(clippy::struct_field_names, reason = "the names are OCSF's own")]
    pub struct Cloud {
        object account set_account: Account,
        text cloud_partition set_cloud_partition,
        object org set_org: Organization,
        text provider set_provider,
        text region set_region,
        text zone set_zone,
    }
}

impl Cloud {
    /// The cloud of a provider such as `AWS`, `Azure` or `GCP`.
    pub fn new(provider: impl Into<Str>) -> Self {
        Self { provider: Some(provider.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A call of an interface.
    pub struct Api {
        object group set_group: Group,
        text operation set_operation,
        part request set_request: Request,
        object response set_response: Response,
        object service set_service: Service,
        text version set_version,
    }
}

impl Api {
    /// A call of an operation such as `PutObject`.
    pub fn new(operation: impl Into<Str>) -> Self {
        Self { operation: Some(operation.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// What was sent with a call.
    pub struct Request {
        json data set_data,
        texts flags set_flags,
        text uid set_uid,
    }
}

impl Request {
    /// A request by its id.
    pub fn new(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// What came back from a call.
    pub struct Response {
        number code set_code,
        json data set_data,
        text error set_error,
        text error_message set_error_message,
        texts flags set_flags,
        text message set_message,
    }
}

impl Response {
    /// A response of which nothing is told yet; the schema asks for nothing.
    pub fn new() -> Self {
        Self::blank()
    }
}

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

ocsf_object! {
    /// A service that was called or signed in to.
    pub struct Service {
        texts labels set_labels,
        text name set_name,
        text uid set_uid,
        text version set_version,
    }
}

impl Service {
    /// A service by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A service by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A thing that was acted on.
    pub struct ResourceDetails {
        text name set_name,
        text uid set_uid,
        text cloud_partition set_cloud_partition,
        text criticality set_criticality,
        json data set_data,
        object group set_group: Group,
        text hostname set_hostname,
        text ip set_ip,
        texts labels set_labels,
        text namespace set_namespace,
        object owner set_owner: User,
        text region set_region,
        text role set_role,
        number role_id set_role_id,
        text kind set_kind = "type",
        text uid_alt set_uid_alt,
        text version set_version,
        text zone set_zone,
    }
}

impl ResourceDetails {
    /// A resource by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A resource by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A container.
    pub struct Container {
        object hash set_hash: Fingerprint,
        text name set_name,
        text orchestrator set_orchestrator,
        text pod_uuid set_pod_uuid,
        text runtime set_runtime,
        text uid set_uid,
    }
}

impl Container {
    /// A container by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// A container by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

impl Told<Self> for Request {
    fn told(self) -> Option<Self> {
        Some(self)
    }
}

impl Told<Request> for Option<Request> {
    fn told(self) -> Option<Request> {
        self
    }
}

ocsf_open!(Cloud, Api, Request, Response, Service, ResourceDetails, Container);
