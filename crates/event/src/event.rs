//! A security event of any class, typed where this crate knows it and whole everywhere.
//!
//! OCSF gives an attribute name one type in every class, so one struct serves all classes: what is often told
//! stands in it, the rest in one list, unknown attributes as text. Reading and writing take O(n).

use crate::attribute::text_of;
use crate::class::{ClassUid, Severity};
use crate::cloud::{Api, Cloud, ResourceDetails, Service};
use crate::cursor::{BadJson, Cursor};
use crate::device::Device;
use crate::event_text::EventError;
use crate::finding::FindingInfo;
use crate::identity::{Actor, Session, User};
use crate::lend::lent;
use crate::metadata::Metadata;
use crate::moment;
use crate::network::{DnsQuery, HttpRequest, NetworkConnectionInfo, NetworkEndpoint, NetworkTraffic};
use crate::object::{self, Members, Object as _, ocsf_name, ocsf_object, ocsf_seen, ocsf_type};
use crate::profile::{place_of, profile_at, profile_of};
use crate::rest::Rest;
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
    pub(crate) rest: Rest,
}

/// Declares the attributes that stand in [`Event`] itself and their getters and setters.
macro_rules! event_part {
    ($(#[$doc:meta])* $name:ident {
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
                    self.hot.$field()
                }

                #[doc = concat!("Sets `", ocsf_name!($field $($wire)?), "` when the value is told, and names the profile it belongs to.")]
                pub fn $set(&mut self, value: impl Told<ocsf_type!($kind $($of)?)>) -> &mut Self {
                    if let Some(value) = value.told() {
                        self.make_way(ocsf_name!($field $($wire)?), const { place_of(ocsf_name!($field $($wire)?)) });
                        self.hot.$set(Just(value));
                    }
                    self
                }
            )+
        }
    };
}

event_part! {
    /// What is often told.
    Hot {
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

impl Event {
    pub(crate) fn untold() -> Self {
        Self { hot: Hot::blank(), rest: Rest::default() }
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
        self.name_profile(profile_of(self.class_uid(), name));
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
            let as_told = wire == time && moment::tells_no_micros(text);
            if !as_told && moment::refine(wire, text) != time {
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

    /// Makes way for the typed attribute `name`, whose place among those of profiles is `place`: names its profile, and
    /// forgets what was kept under the name.
    #[inline]
    pub(crate) fn make_way(&mut self, name: &str, place: Option<u8>) {
        if let Some(place) = place {
            self.name_profile(profile_at(self.class_uid(), place, name));
        }
        self.hot.extra_mut().forget(name);
    }

    fn name_profile(&mut self, profile: Option<&str>) {
        let Some(profile) = profile else { return };
        // The metadata may be shared, and is copied only to be told more.
        if !self.metadata().is_some_and(|metadata| metadata.names_profile(profile)) {
            self.metadata_mut().name_profile(profile);
        }
    }

    /// What stands at a dotted path, typed or not.
    pub(crate) fn at(&self, path: &str) -> Option<Seen<'_>> {
        Seen::Object(self).at(path)
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
        self.hot.look(name).or_else(|| self.rest.look(name))
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
        self.rest.take(key, cursor)
    }

    fn write_members(&self, members: &mut Members<'_>) {
        self.hot.write_members(members);
        self.rest.write_members(members);
    }

    fn extra(&self) -> &object::Extra {
        self.hot.extra()
    }

    fn extra_mut(&mut self) -> &mut object::Extra {
        self.hot.extra_mut()
    }
}
