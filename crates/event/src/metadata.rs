//! What is told about the event itself: product, ids, the source's own time text.

use crate::device::Device;
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;
use std::sync::Arc;

ocsf_object! {
    /// What is told about the event itself.
    pub struct Metadata {
        text correlation_uid set_correlation_uid,
        text event_code set_event_code,
        list extensions set_extensions: Extension,
        texts labels set_labels,
        text log_format set_log_format,
        text log_level set_log_level,
        text log_name set_log_name,
        text log_provider set_log_provider,
        text log_source set_log_source,
        text log_version set_log_version,
        time logged_time set_logged_time,
        list loggers set_loggers: Logger,
        text original_event_uid set_original_event_uid,
        text original_time set_original_time,
        time processed_time set_processed_time,
        object product set_product: Product,
        texts profiles set_profiles,
        long sequence set_sequence,
        text source set_source,
        list tags set_tags: KeyValue,
        text tenant_uid set_tenant_uid,
        time transmit_time set_transmit_time,
        text kind set_kind = "type",
        text uid set_uid,
        text version set_version,
    }
}

impl Metadata {
    /// Metadata of an event of `product`, of the release this crate emits.
    pub fn new(product: Product) -> Self {
        Self { product: Some(Arc::new(product)), version: Some(crate::OCSF_VERSION.into()), ..Self::blank() }
    }

    /// Names an extension of the schema whose classes or objects the event uses; naming it again changes nothing.
    pub(crate) fn name_extension(&mut self, name: &str, uid: &str) {
        let extensions = self.extensions();
        if !extensions.iter().any(|known| known.name() == Some(name)) {
            self.extensions = Some(extensions.iter().cloned().chain([Extension::new(name, uid)]).collect());
        }
    }

    pub(crate) fn untold() -> Self {
        Self::blank()
    }

    /// Names a profile whose attributes the event holds; naming it again changes nothing.
    pub(crate) fn name_profile(&mut self, profile: &str) {
        if !self.names_profile(profile) {
            self.profiles = Some(match self.profiles() {
                [] => Arc::new([profile.into()]),
                known => known.iter().cloned().chain([profile.into()]).collect(),
            });
        }
    }

    pub(crate) fn names_profile(&self, profile: &str) -> bool {
        self.profiles().iter().any(|known| known.as_bytes() == profile.as_bytes())
    }
}

ocsf_object! {
    /// An extension of the schema.
    pub struct Extension {
        text name set_name,
        text uid set_uid,
        text version set_version,
    }
}

impl Extension {
    /// An extension by name and number, of the release this crate emits.
    pub fn new(name: impl Into<Str>, uid: impl Into<Str>) -> Self {
        Self {
            name: Some(name.into()),
            uid: Some(uid.into()),
            version: Some(crate::OCSF_VERSION.into()),
            ..Self::blank()
        }
    }
}

ocsf_object! {
    /// Something that carried the event from its source on.
    pub struct Logger {
        object device set_device: Device,
        text event_uid set_event_uid,
        text log_format set_log_format,
        text log_level set_log_level,
        text log_name set_log_name,
        text log_provider set_log_provider,
        text log_version set_log_version,
        time logged_time set_logged_time,
        text name set_name,
        object product set_product: Product,
        time transmit_time set_transmit_time,
        text uid set_uid,
        text version set_version,
    }
}

impl Logger {
    /// A logger by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }

    /// A logger by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A name and what stands under it.
    pub struct KeyValue {
        text name set_name,
        text value set_value,
        texts values set_values,
    }
}

impl KeyValue {
    /// One value under a name.
    pub fn new(name: impl Into<Str>, value: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), value: Some(value.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// The product that told of the event first, not the one that mapped it.
    pub struct Product {
        text name set_name,
        text uid set_uid,
        object feature set_feature: Feature,
        text lang set_lang,
        text path set_path,
        text url_string set_url_string,
        text vendor_name set_vendor_name,
        text version set_version,
    }
}

impl Product {
    /// A product by vendor and name.
    ///
    /// ```
    /// use homeostat_event::Product;
    /// let okta = Product::new("Okta", "System Log");
    /// assert_eq!((okta.vendor_name(), okta.name()), (Some("Okta"), Some("System Log")));
    /// ```
    pub fn new(vendor_name: impl Into<Str>, name: impl Into<Str>) -> Self {
        Self { vendor_name: Some(vendor_name.into()), name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A part of a product.
    pub struct Feature {
        text name set_name,
        text uid set_uid,
        text version set_version,
    }
}

impl Feature {
    /// A part by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// A value of the event by which events are found, named by its path.
    pub struct Observable {
        text name set_name,
        text kind set_kind = "type",
        number type_id set_type_id,
        text value set_value,
    }
}

impl Observable {
    /// The observable at path `name`, of observable type `type_id`.
    pub fn new(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// Something added to the event from elsewhere.
    pub struct Enrichment {
        json data set_data,
        text desc set_desc,
        text name set_name,
        text provider set_provider,
        text kind set_kind = "type",
        text value set_value,
    }
}

impl Enrichment {
    /// What `data` says about `value`, the value of the attribute `name`.
    pub fn new(name: impl Into<Str>, value: impl Into<Str>, data: &homeostat_core::JsonText) -> Self {
        let mut enrichment = Self::blank();
        enrichment.set_name(name.into()).set_value(value.into()).set_attribute("data", data);
        enrichment
    }
}

ocsf_open!(Metadata, Extension, Logger, KeyValue, Product, Feature, Observable, Enrichment);
