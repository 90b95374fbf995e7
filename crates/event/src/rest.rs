//! The attributes of an event that are seldom told, kept one by one, so that an event pays for those that it tells.
//!
//! Some hundred attributes share one short list, in the order in which they are written. A look-up walks it, O(attributes
//! told); setting one behind those before it is O(1).

use crate::attribute::Attribute;
use crate::cloud::ResourceDetails;
use crate::cursor::{BadJson, Cursor};
use crate::device::{File, Process};
use crate::email::{Email, EmailAuth};
use crate::event::Event;
use crate::finding::{Attack, Evidence, Malware};
use crate::host::{Job, Kernel, KernelDriver, Module, RegKey, RegValue, Script, WinResource, WinService};
use crate::hosted::{AiModel, Database, Databucket, MessageContext, Table, WebResource};
use crate::identity::{AuthFactor, Authorization, Group, ManagedEntity, Policy, User};
use crate::metadata::{Enrichment, Observable, Product};
use crate::network::{Certificate, DnsAnswer, HttpResponse, Tls, Url};
use crate::object::{Members, ocsf_kept, ocsf_name, ocsf_seen, ocsf_type};
use crate::profile::place_of;
use crate::seen::{Look, Seen};
use crate::text::{Str, Told};

/// How many attributes room is made for at first: as many as most events tell.
const ROOM: usize = 8;

/// The attributes told.
#[derive(Clone, Default, PartialEq)]
#[expect(clippy::box_collection, reason = "8 bytes in every event, for some tell nothing here")]
pub(crate) struct Rest(
    // INVARIANT: in the order of their places, each place at most once; never an empty list.
    Option<Box<Vec<One>>>,
);

impl Rest {
    fn told(&self) -> &[One] {
        self.0.as_ref().map_or(&[], |told| told.as_slice())
    }

    fn find<'r, T>(&'r self, of: impl Fn(&'r One) -> Option<T>) -> Option<T> {
        self.told().iter().find_map(of)
    }

    fn put(&mut self, one: One) {
        let told = self.0.get_or_insert_with(|| Box::new(Vec::with_capacity(ROOM)));
        let place = one.place();
        if told.last().is_none_or(|last| last.place() < place) {
            return told.push(one);
        }
        match told.binary_search_by_key(&place, One::place) {
            Ok(found) => {
                if let Some(known) = told.get_mut(found) {
                    *known = one;
                }
            }
            Err(at) => told.insert(at, one),
        }
    }

    fn forget(&mut self, place: Place) {
        if let Some(told) = &mut self.0 {
            told.retain(|one| one.place() != place);
        }
        if self.told().is_empty() {
            self.0 = None;
        }
    }

    pub(crate) fn write_members(&self, members: &mut Members<'_>) {
        self.told().iter().for_each(|one| one.write(members));
    }
}

/// Declares the attributes, in the order in which they are written, and their getters and setters on the event.
macro_rules! rest {
    ($($kind:ident $field:ident $set:ident $(: $of:ident)? $(= $wire:literal)?),+ $(,)?) => {
        /// Where an attribute stands among the others.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(non_camel_case_types, reason = "spelled as the attributes are")]
        enum Place {
            $($field),+
        }

        /// An attribute that is told.
        #[derive(Clone, PartialEq)]
        #[expect(non_camel_case_types, reason = "spelled as the attributes are")]
        enum One {
            $($field(ocsf_kept!($kind $($of)?))),+
        }

        impl One {
            fn place(&self) -> Place {
                match self {
                    $(Self::$field(_) => Place::$field),+
                }
            }

            fn write(&self, members: &mut Members<'_>) {
                match self {
                    $(Self::$field(value) => {
                        members.add(concat!(",\"", ocsf_name!($field $($wire)?), "\":"), Some(value));
                    })+
                }
            }

            fn see(&self) -> Seen<'_> {
                match self {
                    $(Self::$field(value) => value.see()),+
                }
            }
        }

        impl Rest {
            /// As [`Object::take`](crate::object::Object::take).
            pub(crate) fn take(&mut self, key: &str, cursor: &mut Cursor<'_>) -> Result<bool, BadJson> {
                match key {
                    $(ocsf_name!($field $($wire)?) => match Attribute::read(cursor)? {
                        Some(value) => {
                            self.put(One::$field(value));
                            Ok(true)
                        }
                        None => {
                            self.forget(Place::$field);
                            Ok(false)
                        }
                    },)+
                    _ => Ok(false),
                }
            }
        }

        impl Look for Rest {
            fn look(&self, name: &str) -> Option<Seen<'_>> {
                let place = match name {
                    $(ocsf_name!($field $($wire)?) => Place::$field,)+
                    _ => return None,
                };
                self.find(|one| (one.place() == place).then(|| one.see()))
            }
        }

        impl Event {
            $(
                #[doc = concat!("The attribute `", ocsf_name!($field $($wire)?), "`.")]
                pub fn $field(&self) -> ocsf_seen!($kind $($of)?) {
                    let told = self.rest.find(|one| if let One::$field(value) = one { Some(value) } else { None });
                    rest_get!($kind told)
                }

                #[doc = concat!("Sets `", ocsf_name!($field $($wire)?), "` when the value is told, and names the profile it belongs to.")]
                pub fn $set(&mut self, value: impl Told<ocsf_type!($kind $($of)?)>) -> &mut Self {
                    if let Some(value) = value.told() {
                        self.make_way(ocsf_name!($field $($wire)?), const { place_of(ocsf_name!($field $($wire)?)) });
                        self.rest.put(One::$field(value));
                    }
                    self
                }
            )+
        }
    };
}

/// An attribute of a kind as it is seen.
macro_rules! rest_get {
    (text $told:ident) => {
        $told.map(Str::as_str)
    };
    (object $told:ident) => {
        $told.map(AsRef::as_ref)
    };
    (texts $told:ident) => {
        $told.map(AsRef::as_ref).unwrap_or_default()
    };
    (list $told:ident) => {
        $told.map(AsRef::as_ref).unwrap_or_default()
    };
    ($kind:ident $told:ident) => {
        $told.copied()
    };
}

rest! {
    texts access_list set_access_list,
    long access_mask set_access_mask,
    text action_taken set_action_taken = "action",
    number action_id set_action_id,
    text activity_name set_activity_name,
    long actual_permissions set_actual_permissions,
    object ai_model set_ai_model: AiModel,
    object app set_app: Product,
    list answers set_answers: DnsAnswer,
    text app_name set_app_name,
    text app_protocol_name set_app_protocol_name,
    list attacks set_attacks: Attack,
    list auth_factors set_auth_factors: AuthFactor,
    text auth_protocol set_auth_protocol,
    number auth_protocol_id set_auth_protocol_id,
    list authorizations set_authorizations: Authorization,
    text category_name set_category_name,
    object certificate set_certificate: Certificate,
    text class_name set_class_name,
    text comment set_comment,
    text confidence set_confidence,
    number confidence_id set_confidence_id,
    number confidence_score set_confidence_score,
    number count set_count,
    object database set_database: Database,
    object databucket set_databucket: Databucket,
    text direction set_direction,
    number direction_id set_direction_id,
    text disposition set_disposition,
    number disposition_id set_disposition_id,
    object driver set_driver: KernelDriver,
    long duration set_duration,
    object email set_email: Email,
    object email_auth set_email_auth: EmailAuth,
    time end_time set_end_time,
    list enrichments set_enrichments: Enrichment,
    object entity set_entity: ManagedEntity,
    object entity_result set_entity_result: ManagedEntity,
    list evidences set_evidences: Evidence,
    long exit_code set_exit_code,
    object file set_file: File,
    object file_result set_file_result: File,
    object group set_group: Group,
    object http_response set_http_response: HttpResponse,
    text injection_type set_injection_type,
    number injection_type_id set_injection_type_id,
    flag is_alert set_is_alert,
    flag is_cleartext set_is_cleartext,
    flag mfa_told set_is_mfa = "is_mfa",
    flag is_new_logon set_is_new_logon,
    flag is_remote set_is_remote,
    flag is_src_dst_assignment_known set_is_src_dst_assignment_known,
    object job set_job: Job,
    object kernel set_kernel: Kernel,
    number launch_type_id set_launch_type_id,
    text log_name set_log_name,
    text log_provider set_log_provider,
    object logon_process set_logon_process: Process,
    text logon_type set_logon_type,
    number logon_type_id set_logon_type_id,
    list malware set_malware: Malware,
    object message_context set_message_context: MessageContext,
    text message_trace_uid set_message_trace_uid,
    object module set_module: Module,
    list observables set_observables: Observable,
    text observation_point set_observation_point,
    number observation_point_id set_observation_point_id,
    list policies set_policies: Policy,
    object policy set_policy: Policy,
    object prev_reg_key set_prev_reg_key: RegKey,
    object prev_reg_value set_prev_reg_value: RegValue,
    texts privileges set_privileges,
    object process set_process: Process,
    time query_time set_query_time,
    text raw_data set_raw_data,
    long raw_data_size set_raw_data_size,
    text rcode set_rcode,
    number rcode_id set_rcode_id,
    object reg_key set_reg_key: RegKey,
    object reg_value set_reg_value: RegValue,
    long requested_permissions set_requested_permissions,
    object resource set_resource: ResourceDetails,
    time response_time set_response_time,
    text risk_level set_risk_level,
    number risk_level_id set_risk_level_id,
    number risk_score set_risk_score,
    object script set_script: Script,
    text severity_name set_severity_name = "severity",
    text sent_from set_sent_from = "from",
    texts sent_to set_sent_to = "to",
    text share set_share,
    text share_type set_share_type,
    number share_type_id set_share_type_id,
    time start_time set_start_time,
    text status set_status,
    object subgroup set_subgroup: Group,
    object table set_table: Table,
    number timezone_offset set_timezone_offset,
    object tls set_tls: Tls,
    text type_name set_type_name,
    object url set_url: Url,
    object user_result set_user_result: User,
    list web_resources set_web_resources: WebResource,
    list web_resources_result set_web_resources_result: WebResource,
    object win_resource set_win_resource: WinResource,
    object win_service set_win_service: WinService,
}

#[cfg(test)]
mod tests {
    use crate::event::Event;

    #[test]
    fn attributes_stand_in_their_order_however_they_came() {
        let texts = ["\"count\":3", "\"action_id\":2", "\"status\":\"x\"", "\"comment\":\"y\""];
        let mut events: Vec<Event> = Vec::new();
        for turn in 0..texts.len() {
            let turned: Vec<&str> = texts.iter().cycle().skip(turn).take(texts.len()).copied().collect();
            events.push(Event::from_json(&format!("{{{}}}", turned.join(","))).unwrap());
        }
        let expected = r#"{"action_id":2,"comment":"y","count":3,"status":"x"}"#;
        assert!(events.iter().all(|event| event == &events[0] && event.to_json() == expected));
    }

    #[test]
    fn an_attribute_that_is_told_again_replaces_itself() {
        let event = Event::from_json(r#"{"count":3,"comment":"y","count":4}"#).unwrap();
        assert_eq!((event.count(), event.comment()), (Some(4), Some("y")));
        let event = Event::from_json(r#"{"count":3,"count":"many"}"#).unwrap();
        assert_eq!(event.to_json(), r#"{"count":"many"}"#);
        let mut other = Event::from_json(r#"{"count":"many"}"#).unwrap();
        assert!(event == other);
        other.set_count(5);
        assert_eq!(other.to_json(), r#"{"count":5}"#);
    }
}
