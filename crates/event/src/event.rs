//! A security event of any class, typed where this crate knows it and whole everywhere.
//!
//! OCSF gives an attribute name one type in every class, so one struct serves all classes: what is often told
//! stands in it, the rest in one box, unknown attributes as text. Reading and writing take O(n).

use crate::attribute::text_of;
use crate::class::{ClassUid, Severity};
use crate::cloud::{Api, Cloud, ResourceDetails, Service};
use crate::cursor::{BadJson, Cursor};
use crate::device::{Device, File, Process};
use crate::email::{Email, EmailAuth};
use crate::event_text::EventError;
use crate::finding::{Attack, Evidence, FindingInfo, Malware};
use crate::host::{Job, Kernel, KernelDriver, Module, RegKey, RegValue, Script, WinResource, WinService};
use crate::hosted::{AiModel, Database, Databucket, MessageContext, Table, WebResource};
use crate::identity::{Actor, AuthFactor, Authorization, Group, ManagedEntity, Policy, Session, User};
use crate::lend::lent;
use crate::metadata::{Enrichment, Metadata, Observable, Product};
use crate::moment;
use crate::network::{
    Certificate, DnsAnswer, DnsQuery, HttpRequest, HttpResponse, NetworkConnectionInfo, NetworkEndpoint,
    NetworkTraffic, Tls, Url,
};
use crate::object::{self, Members, Object as _, ocsf_name, ocsf_object, ocsf_seen, ocsf_type};
use crate::profile::{may_be_profiled, profile_of};
use crate::seen::{Look, Seen};
use crate::text::{Just, Str, Told};
use crate::unmapped::Unmapped;
use homeostat_core::{EventRef, JsonText, Timestamp};
use std::sync::Arc;

/// A security event of any class and domain, as OCSF 1.8.0. Any JSON object is one: nothing of it is lost.
///
/// Every attribute can be set on every class, as every attribute can come in; one that OCSF does not give the
/// class is told by [`validate`](crate::validate). `Debug` shows class, activity and reference, never a value.
///
/// ```
/// use homeostat_event::{ClassUid, Event, Head, NetworkEndpoint, Product, Service, SignInTo, User};
///
/// let head = Head::new(1, "2026-03-16T08:30:00Z".parse()?, Product::new("Acme", "Login"));
/// let mut login = Event::authentication(head, User::named("jane"), SignInTo::Service(Service::named("wiki")));
/// login.set_src_endpoint(NetworkEndpoint::of_ip("192.0.2.7"));
///
/// let read = Event::from_json(&login.to_json())?;
/// assert_eq!(read.class_uid(), ClassUid::AUTHENTICATION);
/// assert_eq!(read, login);
/// assert!(homeostat_event::validate(&read).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Event {
    pub(crate) hot: Hot,
    rest: Option<Box<Rest>>,
}

/// Declares the attributes of one part of [`Event`] and their getters and setters on the event.
macro_rules! event_part {
    ($(#[$doc:meta])* $name:ident at $place:ident {
        $($own_kind:ident $own:ident $own_set:ident $(: $own_of:ident)? $(= $own_wire:literal)?),* $(,)?
    } told {
        $($kind:ident $field:ident $set:ident $(: $of:ident)? $(= $wire:literal)?),+ $(,)?
    }) => {
        ocsf_object! {
            $(#[$doc])* pub(crate) struct $name {
                $($own_kind $own $own_set $(: $own_of)? $(= $own_wire)?,)*
                $($kind $field $set $(: $of)? $(= $wire)?),+
            }
        }

        impl Event {
            $(
                #[doc = concat!("The attribute `", ocsf_name!($field $($wire)?), "`.")]
                pub fn $field(&self) -> ocsf_seen!($kind $($of)?) {
                    event_part!(@get $place self $field)
                }

                #[doc = concat!("Sets `", ocsf_name!($field $($wire)?), "` when the value is told, and names the profile it belongs to.")]
                pub fn $set(&mut self, value: impl Told<ocsf_type!($kind $($of)?)>) -> &mut Self {
                    if let Some(value) = value.told() {
                        if const { may_be_profiled(ocsf_name!($field $($wire)?)) } {
                            self.settle(ocsf_name!($field $($wire)?));
                        }
                        self.hot.extra_mut().forget(ocsf_name!($field $($wire)?));
                        self.$place().$set(Just(value));
                    }
                    self
                }
            )+
        }
    };
    (@get hot_mut $event:ident $field:ident) => { $event.hot.$field() };
    (@get rest_mut $event:ident $field:ident) => {
        match &$event.rest {
            Some(rest) => rest.$field(),
            None => Default::default(),
        }
    };
}

event_part! {
    /// What is often told.
    Hot at hot_mut {
        id activity set_activity = "activity_id",
        id category set_category = "category_uid",
        id class set_class = "class_uid",
        object metadata set_metadata: Metadata,
        id severity_number set_severity_number = "severity_id",
        id status_id set_status_id,
        time time set_time,
        id type_uid set_type_uid,
        part leftover set_leftover: Unmapped = "unmapped",
    } told {
        object actor_told set_actor: Actor = "actor",
        object api set_api: Api,
        object cloud set_cloud: Cloud,
        object connection_info set_connection_info: NetworkConnectionInfo,
        object device set_device: Device,
        object dst_endpoint set_dst_endpoint: NetworkEndpoint,
        object finding_info set_finding_info: FindingInfo,
        object http_request set_http_request: HttpRequest,
        text message set_message,
        object query set_query: DnsQuery,
        list resources set_resources: ResourceDetails,
        object service_told set_service: Service = "service",
        object session set_session: Session,
        object src_endpoint set_src_endpoint: NetworkEndpoint,
        text status_code set_status_code,
        text status_detail set_status_detail,
        object traffic_told set_traffic: NetworkTraffic = "traffic",
        object user set_user: User,
    }
}

event_part! {
    /// What is seldom told.
    Rest at rest_mut {} told {
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
}

impl Event {
    pub(crate) fn untold() -> Self {
        Self { hot: Hot::blank(), rest: None }
    }

    /// Reads an event of any class and any release: one JSON object.
    ///
    /// What is known is typed; an unknown attribute, or a known one of another type, is kept as it stands.
    /// Of equal names in one object the last counts.
    ///
    /// # Errors
    ///
    /// [`EventError`] when `text` is no JSON object, or nests deeper than 127.
    pub fn from_json(text: &str) -> Result<Self, EventError> {
        let mut cursor = Cursor::new(text);
        let read = object::read_object::<Self>(&mut cursor)?;
        let mut event = read.ok_or(EventError(BadJson { offset: 0, cause: "no object" }))?;
        cursor.end()?;
        event.refine_time();
        Ok(event)
    }

    /// The event as one line of OCSF JSON.
    pub fn to_json(&self) -> String {
        let left = self.hot.leftover().map_or(0, Unmapped::length);
        let mut out = Vec::with_capacity(left.saturating_add(1_536));
        object::write_object(self, &mut out);
        text_of(out)
    }

    /// Appends the event as one line of OCSF JSON to `out`, which many events may share.
    pub fn write_json(&self, out: &mut String) {
        object::append_object(self, out);
    }

    /// The class; an event that tells none is a base event.
    pub fn class_uid(&self) -> ClassUid {
        self.hot.class().and_then(|number| u32::try_from(number).ok()).unwrap_or(0).into()
    }

    /// What was done, as numbered in its class; 0 when not told, 99 when no number fits.
    pub fn activity_id(&self) -> u32 {
        self.hot.activity().and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
    }

    /// The category: class / 1000 where the source keeps to the schema.
    pub fn category_uid(&self) -> Option<i32> {
        self.hot.category()
    }

    /// Class and activity as one number: class · 100 + activity where the source keeps to the schema.
    pub fn type_uid(&self) -> Option<i32> {
        self.hot.type_uid()
    }

    /// How severe the source takes it to be.
    pub fn severity(&self) -> Severity {
        self.hot.severity_number().unwrap_or(0).into()
    }

    /// Sets the severity.
    pub fn set_severity(&mut self, severity: Severity) -> &mut Self {
        self.hot.set_severity_number(severity.get());
        self
    }

    /// How it ended, as OCSF numbers it: 1 success, 2 failure, 99 other.
    pub fn status_id(&self) -> Option<i32> {
        self.hot.status_id()
    }

    /// Sets how it ended; with 99 tell the source's own word through [`Self::set_status`].
    pub fn set_status_id(&mut self, status_id: impl Told<i32>) -> &mut Self {
        self.hot.set_status_id(status_id);
        self
    }

    /// What is told about the event itself.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.hot.metadata()
    }

    /// What is told about the event itself, to be told more.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        self.hot.metadata_mut()
    }

    /// The id of the record this event was made of.
    pub fn reference(&self) -> Option<EventRef> {
        if let Some(told) = lent(self).and_then(|lent| Some(lent.occurrence.as_ref()?.event.clone())) {
            return Some(told);
        }
        self.hot.leftover()?.reference()
    }

    /// Sets the id of the record this event was made of; it stands in `unmapped.homeostat_ref`.
    pub fn set_reference(&mut self, at: &EventRef) {
        self.hot.leftover_mut().set_reference(at);
    }

    /// A leftover of the source by its dotted path, such as `requestParameters.userName`.
    ///
    /// Names that hold dots themselves are found too.
    pub fn unmapped(&self, path: &str) -> Option<JsonText> {
        self.hot.leftover()?.find(path)
    }

    /// Keeps a leftover of the source in `unmapped` under the name `path`, replacing one kept there before.
    ///
    /// Text that is no JSON is kept as a JSON string.
    pub fn keep(&mut self, path: &str, value: &JsonText) -> &mut Self {
        let text = object::sound(value);
        self.hot.leftover_mut().keep(path, &text);
        self
    }

    /// Any attribute by its OCSF name, typed or not, as JSON text.
    pub fn attribute(&self, name: &str) -> Option<JsonText> {
        object::look_up(self, name)
    }

    /// Sets any attribute by its OCSF name, and names the profile it belongs to.
    ///
    /// Text that is no JSON is kept as a JSON string.
    pub fn set_attribute(&mut self, name: &str, value: &JsonText) -> &mut Self {
        object::assign(self, name, value);
        self.settle(name);
        self
    }

    /// Sets the time text as the source wrote it.
    ///
    /// When the event's time is finer than a millisecond and this text does not tell it, the time is kept in
    /// `unmapped.homeostat_time` too, so that it is read back whole.
    pub fn set_original_time(&mut self, text: &str) -> &mut Self {
        self.metadata_mut().set_original_time(text);
        if let Some(time) = self.hot.time() {
            let wire = Timestamp::from_millis(time.millis().unwrap_or(0));
            if moment::refine(wire, text) != time {
                self.keep("homeostat_time", &JsonText::new(format!("\"{time}\"")));
            }
        }
        self
    }

    /// Takes `whole`, the text of one JSON object, as all that the mapper left over, without a copy.
    ///
    /// It replaces a whole text set before and goes beside what was kept by name. Text that is no object is kept
    /// as the member `text`.
    #[expect(clippy::needless_pass_by_value, reason = "what is set is handed over, as everywhere")]
    pub fn set_unmapped(&mut self, whole: JsonText) -> &mut Self {
        self.hot.leftover_mut().set_whole(&whole);
        self
    }

    /// As [`Self::set_unmapped`], of text that is known to be one JSON object on one line without a member
    /// `homeostat_ref`: it is taken unread.
    pub fn set_leftovers(&mut self, object: impl Into<Str>) -> &mut Self {
        self.hot.leftover_mut().set_sound(object.into());
        self
    }

    /// Sets the id of the record this event was made of: number `record` of what [`EventRef::new`] calls `place`.
    ///
    /// As [`Self::set_reference`], without an allocation: the id is written out when it is asked for.
    pub fn set_record(&mut self, place: &Arc<String>, record: u64) {
        self.hot.leftover_mut().set_record(place, record);
    }

    fn refine_time(&mut self) {
        let Some(time) = self.hot.time() else { return };
        let own = self.unmapped("homeostat_time");
        let own = own.as_ref().map(|text| text.as_str().trim_matches('"'));
        let original = self.metadata().and_then(Metadata::original_time);
        let refined = own.or(original).map_or(time, |text| moment::refine(time, text));
        self.hot.set_time(refined);
    }

    /// Names the profile of the attribute `name`.
    fn settle(&mut self, name: &str) {
        if let Some(profile) = profile_of(self.class_uid(), name) {
            self.metadata_mut().name_profile(profile);
        }
    }

    /// What stands at a dotted path, typed or not.
    pub(crate) fn at(&self, path: &str) -> Option<Seen<'_>> {
        Seen::Object(self).at(path)
    }

    fn hot_mut(&mut self) -> &mut Hot {
        &mut self.hot
    }

    fn rest_mut(&mut self) -> &mut Rest {
        self.rest.get_or_insert_with(|| Box::new(Rest::blank()))
    }
}

impl Hot {
    fn metadata_mut(&mut self) -> &mut Metadata {
        Arc::make_mut(self.metadata.get_or_insert_with(|| Arc::new(Metadata::untold())))
    }

    fn leftover_mut(&mut self) -> &mut Unmapped {
        if self.leftover.is_none() {
            // Through the setter, so that an `unmapped` that came in as no object goes.
            self.set_leftover(Just(Unmapped::default()));
        }
        self.leftover.get_or_insert_default()
    }
}

impl Look for Event {
    fn look(&self, name: &str) -> Option<Seen<'_>> {
        self.hot.look(name).or_else(|| self.rest.as_ref()?.look(name))
    }
}

impl object::Object for Event {
    fn blank() -> Self {
        Self::untold()
    }

    fn take(&mut self, key: &str, cursor: &mut Cursor<'_>) -> Result<bool, BadJson> {
        let start = cursor.start();
        if self.hot.take(key, cursor)? {
            return Ok(true);
        }
        cursor.back_to(start);
        let mut rest = self.rest.take().unwrap_or_else(|| Box::new(Rest::blank()));
        let taken = rest.take(key, cursor)?;
        // Of an attribute named twice the first may have been typed: equal events must not differ in a blank box.
        self.rest = Some(rest).filter(|rest| taken || **rest != Rest::blank());
        Ok(taken)
    }

    fn write_members(&self, members: &mut Members<'_>) {
        self.hot.write_members(members);
        if let Some(rest) = &self.rest {
            rest.write_members(members);
        }
    }

    fn extra(&self) -> &object::Extra {
        self.hot.extra()
    }

    fn extra_mut(&mut self) -> &mut object::Extra {
        self.hot.extra_mut()
    }
}
