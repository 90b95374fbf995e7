//! What a product found: the finding, its evidence, the techniques it names.

use crate::cloud::{Api, ResourceDetails};
use crate::device::{Device, File, Process};
use crate::identity::{Actor, User};
use crate::metadata::Product;
use crate::network::{DnsQuery, HttpRequest, HttpResponse, NetworkConnectionInfo, NetworkEndpoint, Tls, Url};
use crate::object::{Object as _, ocsf_object, ocsf_open};
use crate::text::Str;
use std::sync::Arc;

ocsf_object! {
    /// What was found.
    pub struct FindingInfo {
        object analytic set_analytic: Analytic,
        list attacks set_attacks: Attack,
        time created_time set_created_time,
        texts data_sources set_data_sources,
        text desc set_desc,
        time first_seen_time set_first_seen_time,
        time last_seen_time set_last_seen_time,
        time modified_time set_modified_time,
        object product set_product: Product,
        list related_events set_related_events: RelatedEvent,
        number related_events_count set_related_events_count,
        text src_url set_src_url,
        text title set_title,
        texts types set_types,
        text uid set_uid,
    }
}

impl FindingInfo {
    /// A finding by its id.
    pub fn new(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// The rule or model that found it.
    pub struct Analytic {
        text algorithm set_algorithm,
        text category set_category,
        text desc set_desc,
        text name set_name,
        text kind set_kind = "type",
        number type_id set_type_id,
        text uid set_uid,
        text version set_version,
    }
}

impl Analytic {
    /// An analytic by name and type: 1 rule, 2 behavioral, 3 statistical, 4 learning.
    pub fn new(name: impl Into<Str>, type_id: i32) -> Self {
        Self { name: Some(name.into()), type_id: Some(type_id), ..Self::blank() }
    }
}

ocsf_object! {
    /// A technique of an attack, as MITRE ATT&CK counts them.
    pub struct Attack {
        object sub_technique set_sub_technique: AttackEntry,
        object tactic set_tactic: AttackEntry,
        object technique set_technique: AttackEntry,
        text version set_version,
    }
}

impl Attack {
    /// An attack by a technique or, with a dot in its id, a sub-technique, whose parent is then named too.
    pub fn by(technique: &homeostat_core::Technique) -> Self {
        let mut attack = Self::blank();
        attack.set_technique(AttackEntry::of_uid(technique.parent()));
        if technique.parent() != technique.as_str() {
            attack.set_sub_technique(AttackEntry::of_uid(technique.as_str()));
        }
        attack
    }

    /// The finest technique named, when its id is one of ATT&CK.
    pub fn finest(&self) -> Option<homeostat_core::Technique> {
        let finest = self.sub_technique().or(self.technique())?;
        homeostat_core::Technique::parse(finest.uid()?)
    }
}

ocsf_object! {
    /// An entry of the ATT&CK matrix: a tactic, technique or sub-technique.
    pub struct AttackEntry {
        text name set_name,
        text src_url set_src_url,
        text uid set_uid,
    }
}

impl AttackEntry {
    /// An entry by its id.
    pub fn of_uid(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }

    /// An entry by its name.
    pub fn named(name: impl Into<Str>) -> Self {
        Self { name: Some(name.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// An event that a finding rests on.
    pub struct RelatedEvent {
        time created_time set_created_time,
        text desc set_desc,
        number severity_id set_severity_id,
        text title set_title,
        text kind set_kind = "type",
        long type_uid set_type_uid,
        text uid set_uid,
    }
}

impl RelatedEvent {
    /// An event by its id.
    pub fn new(uid: impl Into<Str>) -> Self {
        Self { uid: Some(uid.into()), ..Self::blank() }
    }
}

ocsf_object! {
    /// What a finding rests on, as seen at one place.
    pub struct Evidence {
        object actor set_actor: Actor,
        object api set_api: Api,
        object connection_info set_connection_info: NetworkConnectionInfo,
        json data set_data,
        object device set_device: Device,
        object dst_endpoint set_dst_endpoint: NetworkEndpoint,
        object file set_file: File,
        object http_request set_http_request: HttpRequest,
        object http_response set_http_response: HttpResponse,
        text name set_name,
        object process set_process: Process,
        object query set_query: DnsQuery,
        list resources set_resources: ResourceDetails,
        object src_endpoint set_src_endpoint: NetworkEndpoint,
        object tls set_tls: Tls,
        text uid set_uid,
        object url set_url: Url,
        object user set_user: User,
    }
}

impl Evidence {
    /// Evidence that is whatever the product tells, as JSON.
    pub fn of_data(data: &homeostat_core::JsonText) -> Self {
        let mut evidence = Self::blank();
        evidence.set_attribute("data", data);
        evidence
    }

    /// Evidence that names an actor.
    pub fn of_actor(actor: Actor) -> Self {
        Self { actor: Some(Arc::new(actor)), ..Self::blank() }
    }

    /// Evidence that names a device.
    pub fn of_device(device: Device) -> Self {
        Self { device: Some(Arc::new(device)), ..Self::blank() }
    }

    /// Evidence that names an endpoint as the source.
    pub fn of_source(src_endpoint: NetworkEndpoint) -> Self {
        Self { src_endpoint: Some(Arc::new(src_endpoint)), ..Self::blank() }
    }

    /// Evidence that names an endpoint as the destination.
    pub fn of_destination(dst_endpoint: NetworkEndpoint) -> Self {
        Self { dst_endpoint: Some(Arc::new(dst_endpoint)), ..Self::blank() }
    }
}

ocsf_object! {
    /// Malware that was found.
    pub struct Malware {
        numbers classification_ids set_classification_ids,
        texts classifications set_classifications,
        text name set_name,
        text provider set_provider,
        text uid set_uid,
    }
}

impl Malware {
    /// Malware by name and the numbers of its classes.
    pub fn new(name: impl Into<Str>, classification_ids: Vec<i32>) -> Self {
        Self { name: Some(name.into()), classification_ids: Some(classification_ids.into()), ..Self::blank() }
    }
}

ocsf_open!(FindingInfo, Analytic, Attack, AttackEntry, RelatedEvent, Evidence, Malware);
