//! Files, pipes, shares, the registry, and every other object that Windows guards.

use super::kind::Touch;
use super::log::{Item, Log};
use super::party::{file_of, hashes, to_number};
use super::words::{Access, access, is_zero, line};
use crate::moment;
use homeostat_core::{JsonText, Timestamp};
use homeostat_event::{ClassUid, Ends, Event, File, Head, NetworkEndpoint, RegKey, RegValue, WinResource};
use std::borrow::Cow;

/// Types of objects as Windows spells them, with OCSF's numbers.
const TYPES: [(&str, i32); 20] = [
    ("Directory", 1),
    ("Event", 2),
    ("Timer", 3),
    ("Device", 4),
    ("Mutant", 5),
    ("File", 7),
    ("Token", 8),
    ("Thread", 9),
    ("Section", 10),
    ("WindowStation", 11),
    ("SymbolicLink", 18),
    ("Process", 20),
    ("Desktop", 22),
    ("Key", 25),
    ("Semaphore", 28),
    ("Job", 29),
    ("ALPC Port", 32),
    ("SAM_ALIAS", 33),
    ("SAM_USER", 35),
    ("SAM_DOMAIN", 36),
];

impl Log<'_, '_> {
    /// Class 1001.
    pub(super) fn file_event(&self, head: Head) -> Option<Event> {
        const PATHS: [&str; 6] =
            ["TargetFilename", "TargetFileName", "ObjectName", "Device", "LinkName", "FileName"];
        let path = self.any(&PATHS)?.take()?;
        let device = self.data("Device").is_some();
        let mut file = file_of(&path, if device { 4 } else { 1 });
        file.set_hashes(
            self.any(&["Hashes", "Hash"])
                .and_then(|text| text.copy())
                .map(|text| hashes(&text))
                .unwrap_or_default(),
        );
        file.set_created_time(self.time_of("CreationUtcTime"));
        let mut event = Event::file_activity(head, self.on_host(), file);
        if let Some(before) = self.time_of("PreviousCreationUtcTime") {
            let mut result = file_of(&path, 1);
            result.set_created_time(self.time_of("CreationUtcTime"));
            event.set_file_result(result);
            if let Some(mut file) = event.file().cloned() {
                file.set_created_time(before);
                event.set_file(file);
            }
        }
        event.set_access_mask(self.data("AccessMask").and_then(to_number));
        Some(event)
    }

    fn time_of(&self, name: &str) -> Option<Timestamp> {
        moment::read(&self.copy(name)?)
    }

    /// Class 1001, of a named pipe.
    pub(super) fn pipe_event(&self, head: Head) -> Option<Event> {
        let path = self.take("PipeName")?;
        Some(Event::file_activity(head, self.on_host(), file_of(&path, 6)))
    }

    /// The class and activity of what is done to an object, by its type and by the mask of rights.
    pub(super) fn object_act(&self, touch: Touch) -> (ClassUid, u32) {
        let mask = self.look("AccessMask").and_then(|mask| super::words::number(&mask)).unwrap_or(0);
        match (self.look("ObjectType").as_deref(), touch) {
            _ if touch == Touch::Handle => (ClassUid::WINDOWS_RESOURCE_ACTIVITY, 1),
            (Some("File" | "Directory"), _) => (ClassUid::FILE_ACTIVITY, file_activity(touch, access(mask))),
            (Some("Key"), _) => (ClassUid::REGISTRY_KEY_ACTIVITY, key_activity(touch, access(mask))),
            (None, Touch::Delete) => (ClassUid::FILE_ACTIVITY, 4),
            _ => (ClassUid::WINDOWS_RESOURCE_ACTIVITY, 1),
        }
    }

    /// The event of what is done to an object.
    pub(super) fn object_event(&self, class: ClassUid, head: Head) -> Option<Event> {
        let mut event = match class {
            ClassUid::FILE_ACTIVITY => self.guarded_file(head)?,
            ClassUid::REGISTRY_KEY_ACTIVITY => {
                let mut key = RegKey::new(self.take("ObjectName")?);
                key.set_security_descriptor(self.take("NewSd"));
                Event::registry_key_activity(head, self.on_host(), key)
            }
            _ => return self.resource_event(head),
        };
        let mask = self.data("AccessMask").and_then(to_number);
        event.set_access_mask(mask);
        Some(event)
    }

    fn guarded_file(&self, head: Head) -> Option<Event> {
        let (name, handle) = (self.take("ObjectName"), self.take("HandleId"));
        let mut file = match &name {
            Some(path) => file_of(path, 1),
            None => File::new(handle.clone()?, 0),
        };
        file.set_uid(handle).set_security_descriptor(self.take("NewSd"));
        Some(Event::file_activity(head, self.on_host(), file))
    }

    /// Class 201003.
    fn resource_event(&self, head: Head) -> Option<Event> {
        const NAMES: [&str; 5] = ["ObjectName", "KeyName", "Service", "ProtectedDataFlags", "ObjectServer"];
        const HANDLES: [&str; 3] = ["HandleId", "SourceHandleId", "TransactionId"];
        let kind = self.data("ObjectType");
        let number = kind
            .and_then(|kind| kind.look())
            .as_deref()
            .map(|kind| TYPES.iter().find(|(name, _)| *name == kind).map_or(99, |(_, number)| *number));
        let name = self.any(&NAMES).and_then(|name| name.take());
        let handle = self.any(&HANDLES).filter(|id| id.look().is_some_and(|text| !is_zero(&text)));
        let handle = handle.and_then(|handle| handle.take());
        let number = number.unwrap_or(0);
        let mut resource = match (&handle, &name) {
            (Some(handle), _) => WinResource::of_uid(&**handle, number),
            (None, Some(name)) => WinResource::named(&**name, number),
            (None, None) => return None,
        };
        resource
            .set_name(name)
            .set_kind(kind.and_then(|kind| kind.take()))
            .set_svc_name(self.take("ObjectServer"));
        resource.set_uid_alt(self.take("TargetHandleId"));
        resource.set_labels(self.rights_used());
        resource.set_details(self.take("NewSd"));
        Some(Event::windows_resource_activity(head, self.on_host(), resource))
    }

    /// Class 4006.
    pub(super) fn share_event(&self, head: Head) -> Option<Event> {
        let share = self.take("ShareName")?;
        let device = self.device();
        let server = NetworkEndpoint::of_hostname(device.hostname().or(device.name()).unwrap_or("unknown"));
        let ends = match self.client() {
            Some(client) => Ends::Both(client, server),
            None => Ends::Destination(server),
        };
        let mut event = Event::smb_activity(head, ends);
        let told = self.data("RelativeTargetName").filter(|name| name.look().as_deref() != Some("\\"));
        let told = told.and_then(|name| name.take());
        let folder = self.take("ShareLocalPath");
        let path = told.clone().or_else(|| folder.clone()).unwrap_or_else(|| Cow::Owned(share.to_string()));
        let mut file = file_of(&path, if told.is_some() { 1 } else { 2 });
        file.set_parent_folder(folder);
        event.set_share_type_id(if share.ends_with("IPC$") { 2 } else { 1 }).set_share(share);
        event.set_file(file).set_actor(self.some_actor()).set_device(device);
        Some(event)
    }

    /// Class 201001 or 201002 by the event's own word, and its activity.
    pub(super) fn registry_act(&self) -> (ClassUid, u32) {
        let word = self.registry_word();
        match word.as_deref().unwrap_or_default() {
            "CreateKey" => (ClassUid::REGISTRY_KEY_ACTIVITY, 1),
            "DeleteKey" => (ClassUid::REGISTRY_KEY_ACTIVITY, 4),
            "RenameKey" => (ClassUid::REGISTRY_KEY_ACTIVITY, 5),
            "DeleteValue" => (ClassUid::REGISTRY_VALUE_ACTIVITY, 4),
            "CreateValue" | "SetValue" => (ClassUid::REGISTRY_VALUE_ACTIVITY, 2),
            _ => (ClassUid::REGISTRY_KEY_ACTIVITY, 0),
        }
    }

    /// What Sysmon says was done. A collector may have overwritten it with a type of its own, and then only the
    /// message tells it.
    pub(super) fn registry_word(&self) -> Option<String> {
        let told = self.look("EventType").filter(|word| word.ends_with("Key") || word.ends_with("Value"));
        let message = || self.item(Item::Message)?.look();
        let of_message = || line(&message()?, "EventType", ':').map(str::to_owned);
        told.map(Cow::into_owned).or_else(of_message)
    }

    /// Class 201001.
    pub(super) fn key_event(&self, head: Head) -> Option<Event> {
        let path = self.any(&["TargetObject", "ObjectName"])?.take()?;
        let mut event = match self.take("NewName") {
            Some(name) => {
                let mut event = Event::registry_key_activity(head, self.on_host(), RegKey::new(name));
                event.set_prev_reg_key(RegKey::new(path));
                event
            }
            None => Event::registry_key_activity(head, self.on_host(), RegKey::new(path)),
        };
        event.set_access_mask(self.data("AccessMask").and_then(to_number));
        Some(event)
    }

    /// Class 201002.
    pub(super) fn value_event(&self, head: Head) -> Option<Event> {
        let path = self.any(&["TargetObject", "ObjectName"])?;
        let (key, name) = if let Some(name) = self.take("ObjectValueName") {
            (path.take()?, name.into_owned())
        } else {
            let whole = path.copy()?;
            let (key, name) = whole.rsplit_once('\\').unwrap_or((&whole, ""));
            (Cow::Owned(key.to_owned()), name.to_owned())
        };
        let value = |name: &str, details: Option<Cow<'_, str>>| {
            let mut value = RegValue::new(&*key, name);
            if let Some(details) = details {
                let (type_id, number) = kind_of_data(&details);
                value.set_type_id(type_id).set_reg_integer_data(number);
                value.set_data(JsonText::new(quoted(&details)));
            }
            value
        };
        let new = value(&name, self.any(&["Details", "NewValue"]).and_then(|field| field.take()));
        let old = self.take("OldValue");
        let mut event = Event::registry_value_activity(head, self.on_host(), new);
        if let Some(old) = old {
            event.set_prev_reg_value(value(&name, Some(old)));
        }
        Some(event)
    }

    /// What the audit log says was done to a value: `%%1904` made, `%%1905` changed, `%%1906` deleted.
    pub(super) fn value_activity(&self, otherwise: u32) -> u32 {
        match self.look("OperationType").as_deref() {
            Some("%%1904") => 2,
            Some("%%1905") => 3,
            Some("%%1906") => 4,
            _ => otherwise,
        }
    }
}

fn quoted(text: &str) -> String {
    let mut json = String::new();
    crate::text::write_text(text, &mut json);
    json
}

/// Sysmon writes `DWORD (0x00000001)`, `QWORD (0x00000000-0x00000001)`, `Binary Data`, or the text itself.
fn kind_of_data(details: &str) -> (i32, Option<i64>) {
    let inside = |kind: &str| details.strip_prefix(kind)?.trim().strip_prefix('(')?.strip_suffix(')');
    if let Some(number) = inside("DWORD") {
        return (2, super::words::number(number));
    }
    if let Some(halves) = inside("QWORD") {
        let (high, low) = halves.split_once('-').unwrap_or(("0", halves));
        let whole = super::words::number(high).zip(super::words::number(low));
        return (8, whole.and_then(|(high, low)| high.checked_mul(1 << 32)?.checked_add(low)));
    }
    if details == "Binary Data" { (1, None) } else { (10, None) }
}

fn file_activity(touch: Touch, access: Access) -> u32 {
    match (touch, access) {
        (Touch::Open, _) => 14,
        (Touch::Delete, _) | (_, Access::Delete) => 4,
        (Touch::Secure, _) | (_, Access::SetSecurity) => 7,
        (_, Access::Write) => 3,
        (_, Access::SetAttributes) => 6,
        (_, Access::Read) => 2,
        (_, Access::GetSecurity) => 9,
        (_, Access::GetAttributes) => 8,
        (_, Access::Other) => 14,
    }
}

fn key_activity(touch: Touch, access: Access) -> u32 {
    match (touch, access) {
        (Touch::Delete, _) | (_, Access::Delete) => 4,
        (Touch::Secure, _) | (_, Access::SetSecurity) => 6,
        (_, Access::Write) => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_values_is_read() {
        assert_eq!(kind_of_data("DWORD (0x00000001)"), (2, Some(1)));
        assert_eq!(kind_of_data("QWORD (0x00000001-0x00000002)"), (8, Some((1 << 32) + 2)));
        assert_eq!(kind_of_data("Binary Data"), (1, None));
        assert_eq!(kind_of_data(r"C:\run.exe"), (10, None));
    }

    #[test]
    fn rights_become_activities() {
        assert_eq!(file_activity(Touch::Use, Access::Write), 3);
        assert_eq!(file_activity(Touch::Open, Access::Write), 14);
        assert_eq!(key_activity(Touch::Use, Access::Read), 2);
        assert_eq!(key_activity(Touch::Secure, Access::Other), 6);
    }
}
