//! One normal form of a Windows event, read from any of the shapes in which collectors deliver it.
//!
//! | shape | head | data |
//! |---|---|---|
//! | flat (`NXLog`, Log Analytics) | members of the record | the same members |
//! | the event's own tree as JSON | `Event.System`, attributes under `#attributes` or `@name` | `EventData`, `UserData` |
//! | Winlogbeat and its kin | `winlog` | `winlog.event_data`, `winlog.user_data` |

use super::words::is_placeholder;
use crate::record::{Field, Record};
use std::borrow::Cow;

/// How the record spells an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Flat,
    Tree,
    Beats,
}

/// What every event tells in its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    ActivityId,
    Category,
    Channel,
    Computer,
    EventId,
    Guid,
    Keywords,
    Level,
    Message,
    Pid,
    Provider,
    RecordId,
    Time,
    UserDomain,
    UserName,
    UserSid,
    Version,
}

/// Where each item stands: flat, in the tree (element and attribute), in Winlogbeat. The first that is told counts.
const PLACES: [(Item, &[&str], &[&str], &[&str]); 17] = [
    (Item::ActivityId, &["ActivityID", "ActivityId"], &["Correlation/ActivityID"], &["activity_id"]),
    (Item::Category, &["Category", "Task"], &["Task"], &["task"]),
    (Item::Channel, &["Channel", "LogName"], &["Channel"], &["channel", "log_name"]),
    (
        Item::Computer,
        &["Hostname", "Computer", "ComputerName", "MachineName"],
        &["Computer"],
        &["computer_name"],
    ),
    (Item::EventId, &["EventID", "EventId", "Id"], &["EventID"], &["event_id"]),
    (Item::Guid, &["ProviderGuid"], &["Provider/Guid"], &["provider_guid"]),
    (Item::Keywords, &["Keywords"], &["Keywords"], &["keywords"]),
    (Item::Level, &["Severity", "Level", "LevelDisplayName"], &["Level"], &["level"]),
    (Item::Message, &["Message"], &["RenderingInfo/Message"], &["message"]),
    (Item::Pid, &["ExecutionProcessID"], &["Execution/ProcessID"], &["process.pid"]),
    (
        Item::Provider,
        &["SourceName", "ProviderName", "EventSourceName", "Provider"],
        &["Provider/Name"],
        &["provider_name", "source_name"],
    ),
    (
        Item::RecordId,
        &["RecordNumber", "EventRecordID", "RecordId"],
        &["EventRecordID"],
        &["record_id", "record_number"],
    ),
    (Item::Time, &["TimeCreated", "EventTime"], &["TimeCreated/SystemTime"], &["time_created"]),
    (Item::UserDomain, &["Domain"], &[], &["user.domain"]),
    (Item::UserName, &["AccountName"], &[], &["user.name"]),
    (Item::UserSid, &["UserID"], &["Security/UserID"], &["user.identifier"]),
    (Item::Version, &["Version"], &["Version"], &["version"]),
];

/// A Windows event in a record.
pub(super) struct Log<'r, 'a> {
    pub(super) record: &'r Record<'a>,
    shape: Shape,
    head: Field<'a>,
    data: Vec<Field<'a>>,
}

impl<'r, 'a> Log<'r, 'a> {
    /// Whether the record is a Windows event in any shape.
    pub(super) fn is_in(record: &Record<'_>) -> bool {
        shape_of(record.root()).is_some()
    }

    /// The event in `record`; of a record that is none, whatever its members tell.
    pub(super) fn of(record: &'r Record<'a>) -> Self {
        let root = record.root();
        let (shape, head, rest) = shape_of(root).unwrap_or((Shape::Flat, root, root));
        let mut data = Vec::new();
        match shape {
            Shape::Flat => data.push(root),
            Shape::Tree => {
                data.extend(rest.member("EventData"));
                data.extend(rest.member("UserData").into_iter().flat_map(|user| inner(user)));
                data.extend(rest.member("ProcessingErrorData"));
            }
            Shape::Beats => {
                data.extend(head.member("event_data"));
                data.extend(head.member("user_data"));
            }
        }
        data.retain(Field::is_object);
        Self { record, shape, head, data }
    }

    /// An item of the head that is told.
    pub(super) fn item(&self, item: Item) -> Option<Field<'a>> {
        let (_, flat, tree, beats) = PLACES.iter().find(|(known, ..)| *known == item)?;
        let found = match self.shape {
            Shape::Flat => flat.iter().find_map(|name| told(self.head.member(name)?)),
            Shape::Tree => tree.iter().find_map(|path| told(in_tree(self.head, path)?)),
            Shape::Beats => beats.iter().find_map(|path| told(self.head.get(path)?)),
        };
        found.or_else(|| match (self.shape, item) {
            (Shape::Beats, Item::Message) => told(self.record.root().member("message")?),
            (Shape::Beats, Item::EventId) => told(self.record.field("event.code")?),
            (Shape::Beats, Item::Computer) => told(self.record.field("host.name")?),
            (Shape::Tree, Item::Message) => told(self.record.field("Event.RenderingInfo.Message")?),
            _ => None,
        })
    }

    /// The value of the data field `name`.
    pub(super) fn data(&self, name: &str) -> Option<Field<'a>> {
        self.data.iter().find_map(|data| told(named(*data, name)?))
    }

    /// The value of the first of the data fields `names` that is told.
    pub(super) fn any(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().find_map(|name| self.data(name))
    }

    /// Takes the data field `name`, which goes into a typed attribute as it is.
    pub(super) fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.data(name)?.take()
    }

    /// Reads the data field `name` for an attribute that shows it in another form.
    pub(super) fn copy(&self, name: &str) -> Option<Cow<'a, str>> {
        self.data(name)?.copy()
    }

    /// Reads the data field `name` without using it up.
    pub(super) fn look(&self, name: &str) -> Option<Cow<'a, str>> {
        self.data(name)?.look()
    }

    /// The value at position `number`, from 1, of data that has no names.
    pub(super) fn unnamed(&self, number: usize) -> Option<Field<'a>> {
        let by_name = self.data(&format!("param{number}"));
        by_name.or_else(|| self.texts().nth(number.checked_sub(1)?))
    }

    /// Every value of data that has no names.
    pub(super) fn texts(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let lists: Vec<Field<'a>> = self.data.iter().filter_map(|data| data.member("Data")).collect();
        lists.into_iter().flat_map(|list| {
            let within = text_of(list);
            if within.is_array() { within.children().map(text_of).collect() } else { vec![within] }
        })
    }

    /// The members of Winlogbeat's document beside `winlog`.
    pub(super) fn around(&self, path: &str) -> Option<Field<'a>> {
        let beats = self.shape == Shape::Beats;
        beats.then(|| self.record.field(path)).flatten().and_then(told)
    }

    /// A member of the record itself, where the collector writes beside the event's own.
    pub(super) fn collected(&self, name: &str) -> Option<Field<'a>> {
        told(self.record.root().member(name)?)
    }

    pub(super) fn is_flat(&self) -> bool {
        self.shape == Shape::Flat
    }
}

/// The shape, where the head stands, and where the data does.
fn shape_of(root: Field<'_>) -> Option<(Shape, Field<'_>, Field<'_>)> {
    if let Some(winlog) = root.member("winlog").filter(Field::is_object) {
        return Some((Shape::Beats, winlog, winlog));
    }
    let tree = root.member("Event").filter(Field::is_object).unwrap_or(root);
    if let Some(system) = tree.member("System").filter(|system| system.member("EventID").is_some()) {
        return Some((Shape::Tree, system, tree));
    }
    let has = |names: &[&str]| names.iter().any(|name| root.member(name).is_some());
    let numbered = ["EventID", "EventId", "Id"].iter().filter_map(|name| root.member(name)).any(is_number);
    if numbered && has(&["Channel", "LogName", "SourceName", "ProviderName", "EventSourceName"]) {
        return Some((Shape::Flat, root, root));
    }
    let old = has(&["event_id"]) && has(&["computer_name"]) && has(&["log_name", "channel"]);
    old.then_some((Shape::Beats, root, root))
}

fn is_number(field: Field<'_>) -> bool {
    field.look().is_some_and(|text| text.len() < 8 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The elements inside an element of user data, which has a name of its own around them.
fn inner<'a>(user: Field<'a>) -> Vec<Field<'a>> {
    user.children().filter(|child| child.is_object() && child.name() != "#attributes").collect()
}

/// `Provider/Name`: attribute `Name` of element `Provider`; `Channel`: the text of an element.
fn in_tree<'a>(system: Field<'a>, path: &str) -> Option<Field<'a>> {
    let Some((element, name)) = path.split_once('/') else { return system.member(path).map(text_of) };
    let apart = system.member(&format!("{element}_attributes")).and_then(|list| list.member(name));
    apart.or_else(|| {
        let element = system.member(element)?;
        let listed = element.member("#attributes").and_then(|attributes| attributes.member(name));
        listed.or_else(|| element.member(&format!("@{name}"))).or_else(|| element.member(name))
    })
}

/// The data called `name`: a member, or an element of `Data` with that `Name`.
fn named<'a>(data: Field<'a>, name: &str) -> Option<Field<'a>> {
    if let Some(member) = data.member(name) {
        return Some(text_of(member));
    }
    let list = data.member("Data").filter(Field::is_array)?;
    let element = list.children().find(|element| {
        let told = in_element(*element, "Name").and_then(|told| told.look());
        told.as_deref() == Some(name)
    })?;
    Some(text_of(element))
}

fn in_element<'a>(element: Field<'a>, attribute: &str) -> Option<Field<'a>> {
    let listed = element.member("#attributes").and_then(|attributes| attributes.member(attribute));
    listed.or_else(|| element.member(&format!("@{attribute}"))).or_else(|| element.member(attribute))
}

/// The text of an element that may have attributes beside it.
fn text_of(element: Field<'_>) -> Field<'_> {
    ["#text", "$", "text", "Value"].iter().find_map(|name| element.member(name)).unwrap_or(element)
}

fn told(field: Field<'_>) -> Option<Field<'_>> {
    let nothing = field.is_null() || field.look().is_some_and(|text| is_placeholder(&text));
    (!nothing).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        assert!(Log::is_in(&record), "{text}");
        let log = Log::of(&record);
        let head = [Item::EventId, Item::Channel, Item::Provider, Item::Computer, Item::Time];
        let told: Vec<_> = head.iter().map(|item| log.item(*item).unwrap().look().unwrap()).collect();
        assert_eq!(told, ["4688", "Security", "P", "pc7", "2026-03-16T08:30:00Z"]);
        for (name, value) in expected {
            assert_eq!(log.look(name).as_deref(), Some(*value), "{text}");
        }
    }

    #[test]
    fn one_event_is_read_from_every_shape() {
        check(
            r#"{"EventID":4688,"Channel":"Security","SourceName":"P","Hostname":"pc7",
                "TimeCreated":"2026-03-16T08:30:00Z","ProcessId":"0x4"}"#,
            &[("ProcessId", "0x4")],
        );
        check(
            r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"P"}},"EventID":{"#text":4688},
                "TimeCreated":{"#attributes":{"SystemTime":"2026-03-16T08:30:00Z"}},"Channel":"Security",
                "Computer":"pc7"},"EventData":{"ProcessId":"0x4","Empty":"-"}}}"##,
            &[("ProcessId", "0x4")],
        );
        check(
            r##"{"Event":{"System":{"Provider":{"@Name":"P"},"EventID":"4688","Channel":"Security",
                "TimeCreated":{"@SystemTime":"2026-03-16T08:30:00Z"},"Computer":"pc7"},
                "EventData":{"Data":[{"@Name":"ProcessId","#text":"0x4"}]}}}"##,
            &[("ProcessId", "0x4")],
        );
        check(
            r#"{"winlog":{"event_id":"4688","channel":"Security","provider_name":"P","computer_name":"pc7",
                "time_created":"2026-03-16T08:30:00Z","event_data":{"ProcessId":"0x4"}}}"#,
            &[("ProcessId", "0x4")],
        );
        check(
            r#"{"event_id":4688,"log_name":"Security","source_name":"P","computer_name":"pc7",
                "time_created":"2026-03-16T08:30:00Z","event_data":{"ProcessId":"0x4"}}"#,
            &[("ProcessId", "0x4")],
        );
    }

    #[test]
    fn data_without_names_is_found_by_position() {
        let text =
            r##"{"Event":{"System":{"EventID":7036},"EventData":{"Data":{"#text":["Spooler","running"]}}}}"##;
        let mut tape = Tape::default();
        tape.parse(text.as_bytes(), 16).unwrap();
        let record = Record::new(text, &tape);
        let log = Log::of(&record);
        assert_eq!(log.unnamed(2).unwrap().look().as_deref(), Some("running"));
        assert!(log.unnamed(3).is_none());
    }
}
