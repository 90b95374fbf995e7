//! One audit event, whatever wrote it: its records by type, their fields by name.

use crate::record::{Field, Record};
use homeostat_event::Str;
use std::borrow::Cow;

/// Types whose event is about a call of the kernel, and that only add to it.
const SUPPORT: [&str; 14] = [
    "SYSCALL",
    "EXECVE",
    "CWD",
    "PATH",
    "PROCTITLE",
    "SOCKADDR",
    "EOE",
    "FD_PAIR",
    "IPC",
    "MMAP",
    "OBJ_PID",
    "BPRM_FCAPS",
    "CAPSET",
    "TIME_ADJNTPVAL",
];

/// Members of a record that are no types.
const HEAD: [&str; 9] = [
    "ID",
    "NODE",
    "PARENT_INFO",
    "CONTAINER_INFO",
    "ENRICHED",
    "INCOMPLETE",
    "SERIAL",
    "TIMESTAMP",
    "LABELS",
];

/// An audit event in a record.
pub(super) struct Audit<'r, 'a> {
    pub(super) record: &'r Record<'a>,
    main: Field<'a>,
    kind: Cow<'a, str>,
    parts: Vec<Field<'a>>,
}

impl<'r, 'a> Audit<'r, 'a> {
    /// Whether the record has the id of an audit event and a type of the audit log.
    pub(super) fn is_in(record: &Record<'_>) -> bool {
        let id = record.root().member("ID").and_then(|id| id.look());
        let identified = id.is_some_and(|id| id.split_once(':').is_some_and(|(time, _)| time.contains('.')));
        identified && record.root().children().any(|child| is_type(&child))
    }

    /// The event; of a record that is none, its first member stands for it.
    pub(super) fn of(record: &'r Record<'a>) -> Self {
        let root = record.root();
        let parts: Vec<Field<'a>> = root.children().filter(is_type).collect();
        let own = parts.iter().find(|part| !SUPPORT.contains(&&*part.name()));
        let main = own.or_else(|| parts.iter().find(|part| part.name() == "SYSCALL")).or(parts.first());
        let kind = main.map_or(Cow::Borrowed(""), Field::name);
        let main = main.copied().unwrap_or(root);
        Self { record, main: first(main), kind, parts }
    }

    /// The type that the event is about.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// The records of type `kind`.
    pub(super) fn all(&self, kind: &str) -> Vec<Field<'a>> {
        let part = self.parts.iter().find(|part| part.name() == kind);
        part.map(|part| if part.is_array() { part.children().collect() } else { vec![*part] })
            .unwrap_or_default()
    }

    /// The field `name`: of the record that the event is about, else of the call, else of any other.
    pub(super) fn field(&self, name: &str) -> Option<Field<'a>> {
        let call = self.parts.iter().find(|part| part.name() == "SYSCALL").map(|part| first(*part));
        let others = self.parts.iter().filter(|part| part.name() != "PATH").map(|part| first(*part));
        core::iter::once(self.main).chain(call).chain(others).find_map(|part| member(part, name))
    }

    /// The first of the fields `names` that is told.
    pub(super) fn any(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().find_map(|name| self.field(name))
    }

    pub(super) fn take(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.take()
    }

    pub(super) fn look(&self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.look()
    }

    /// Takes a field that is a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let field = self.field(name)?;
        let number = field.look()?.parse().ok()?;
        field.take();
        Some(number)
    }

    /// The arguments of the program that is started.
    pub(super) fn arguments(&self) -> Option<String> {
        self.words("EXECVE", "ARGV").or_else(|| self.words("EXECVE", "ARGV_STR"))
    }

    /// The title of the process: the arguments it was started with, unless it changed them.
    pub(super) fn title(&self) -> Option<String> {
        self.words("PROCTITLE", "ARGV").or_else(|| self.words("PROCTITLE", "proctitle"))
    }

    /// The words of a list in the record of type `kind`, or its text.
    fn words(&self, kind: &str, name: &str) -> Option<String> {
        let part = first(*self.parts.iter().find(|part| part.name() == kind)?);
        let list = part.member(name)?;
        if !list.is_array() {
            return list.copy().map(Cow::into_owned);
        }
        let words: Vec<_> = list.children().filter_map(|word| word.copy()).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Whether lines of the event are missing: it tells of more paths or arguments than came, or lacks its call.
    pub(super) fn is_incomplete(&self) -> bool {
        let count = |name: &str| self.look(name).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        let told = self
            .all("EXECVE")
            .first()
            .and_then(|part| part.member("ARGV"))
            .map(|list| list.children().count());
        let arguments = told.is_some_and(|told| told < count("argc"));
        let lone = SUPPORT.contains(&&*self.kind) && self.kind != "SYSCALL";
        lone || arguments || self.all("PATH").len() < count("items")
    }

    /// The keys of the rules that asked for the event.
    pub(super) fn labels(&self) -> Vec<Str> {
        let key = self.field("key");
        let list = key.map(|key| if key.is_array() { key.children().collect() } else { vec![key] });
        let mut labels: Vec<Str> =
            list.unwrap_or_default().into_iter().filter_map(|key| key.take()).map(Str::from).collect();
        if self.is_incomplete() {
            labels.push("incomplete".into());
        }
        labels
    }
}

fn is_type(child: &Field<'_>) -> bool {
    let name = child.name();
    let upper = name.len() > 2
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'0'..=b'9'));
    upper && !HEAD.contains(&&*name) && (child.is_object() || child.is_array())
}

fn first(part: Field<'_>) -> Field<'_> {
    if part.is_array() { part.children().next().unwrap_or(part) } else { part }
}

/// A field that is told, also where what a program sent stands in an object of its own.
pub(super) fn member<'a>(part: Field<'a>, name: &str) -> Option<Field<'a>> {
    let own = part.member(name).and_then(told);
    own.or_else(|| told(part.member("msg")?.member(name)?))
}

/// A value that says something.
pub(super) fn told(field: Field<'_>) -> Option<Field<'_>> {
    let nothing =
        |text: &str| matches!(text, "?" | "(null)" | "(none)" | "(unknown)" | "unset" | "4294967295");
    let empty = field.is_null() || field.look().is_some_and(|text| nothing(&text));
    (!empty).then_some(field)
}
