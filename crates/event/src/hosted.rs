//! What applications keep and are asked with: web resources, databases, buckets, tables, models.

use crate::cloud::Service;
use crate::identity::{Group, User};
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;
use std::sync::Arc;

ocsf_object! {
    /// Something that a web application keeps: a page, a channel, a repository.
    pub struct WebResource {
        time created_time set_created_time,
        json data set_data,
        text desc set_desc,
        texts labels set_labels,
        time modified_time set_modified_time,
        text name set_name,
        text kind set_kind = "type",
        text uid set_uid,
        text uid_alt set_uid_alt,
        text url_string set_url_string,
    }
}

impl WebResource {
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
    /// A database.
    pub struct Database {
        time created_time set_created_time,
        text desc set_desc,
        text embedding_model set_embedding_model,
        list groups set_groups: Group,
        time modified_time set_modified_time,
        text name set_name,
        long size set_size,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid set_uid,
    }
}

impl Database {
    /// A database by its name and type (0 when not told, 1 relational, 6 `NoSQL`, 7 vector).
    pub fn new(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A bucket of a cloud's storage.
    pub struct Databucket {
        time created_time set_created_time,
        json data set_data,
        text desc set_desc,
        flag is_encrypted set_is_encrypted,
        flag is_public set_is_public,
        texts labels set_labels,
        time modified_time set_modified_time,
        text name set_name,
        text namespace set_namespace,
        object owner set_owner: User,
        text region set_region,
        long size set_size,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid set_uid,
        text uid_alt set_uid_alt,
    }
}

impl Databucket {
    /// A bucket by its name and type (0 when not told, 1 S3, 2 Azure Blob, 3 GCP).
    pub fn new(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A table of a database.
    pub struct Table {
        time created_time set_created_time,
        text desc set_desc,
        time modified_time set_modified_time,
        text name set_name,
        long size set_size,
        text uid set_uid,
    }
}

impl Table {
    /// A table by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A model of artificial intelligence.
    pub struct AiModel {
        text ai_provider set_ai_provider,
        text name set_name,
        text uid set_uid,
        text version set_version,
    }
}

impl AiModel {
    /// A model by its name and who provides it.
    pub fn new(name: impl Into<Str>, ai_provider: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ai_provider: Some(ai_provider.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A program that people or other programs use.
    pub struct Application {
        text desc set_desc,
        text hostname set_hostname,
        texts labels set_labels,
        text name set_name,
        object owner set_owner: User,
        text kind set_kind = "type",
        text uid set_uid,
        text version set_version,
    }
}

impl Application {
    /// An application by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// An application by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// What is told about messages to a model and from it; never what they say.
    pub struct MessageContext {
        text ai_role set_ai_role,
        number ai_role_id set_ai_role_id,
        object application set_application: Application,
        number completion_tokens set_completion_tokens,
        text name set_name,
        number prompt_tokens set_prompt_tokens,
        object service set_service: Service,
        number total_tokens set_total_tokens,
        text uid set_uid,
    }
}

impl MessageContext {
    /// Messages to a service.
    pub fn of_service(service: Service) -> Self {
        Self { service: Some(Arc::new(service)), ..Self::blank() }
    }

    /// Messages of an application.
    pub fn of_application(application: Application) -> Self {
        Self { application: Some(Arc::new(application)), ..Self::blank() }
    }
}

ocsf_open!(WebResource, Database, Databucket, Table, AiModel, Application, MessageContext);
