//! The parts of an act, as places in the record: they are used up when an attribute takes them.

use crate::record::Field;
use homeostat_core::JsonText;
use homeostat_event::{
    Account, File, Fingerprint, Group, ManagedEntity, ResourceDetails, Service, User, WebResource,
};
use std::borrow::Cow;

/// A text: a place in the record, or a text made of one.
#[derive(Clone)]
pub(crate) enum Word<'a> {
    /// Used up when it is taken.
    At(Field<'a>),
    /// Made by the mapper.
    Made(Cow<'a, str>),
}

impl<'a> Word<'a> {
    pub(crate) fn take(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::At(field) => told(*field)?.take(),
            Self::Made(text) => Some(text.clone()),
        }
    }

    pub(crate) fn look(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::At(field) => told(*field)?.look(),
            Self::Made(text) => Some(text.clone()),
        }
    }
}

impl<'a> From<Field<'a>> for Word<'a> {
    fn from(field: Field<'a>) -> Self {
        Self::At(field)
    }
}

impl<'a> From<Cow<'a, str>> for Word<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Made(text)
    }
}

impl<'a> From<&'a str> for Word<'a> {
    fn from(text: &'a str) -> Self {
        Self::Made(Cow::Borrowed(text))
    }
}

/// The field when it tells a value: many sources write words for none.
pub(crate) fn told(field: Field<'_>) -> Option<Field<'_>> {
    const LONGEST: usize = "undefined".len();
    let text = field.look()?;
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if text.len() > LONGEST && plain(text.as_bytes().first()) && plain(text.as_bytes().last()) {
        return Some(field);
    }
    (!is_nothing(text.trim())).then_some(field)
}

/// Whether a word, in whatever case, says that there is nothing.
fn is_nothing(text: &str) -> bool {
    // By its length alone a word is most others not.
    let words: &[&str] = match text.len() {
        1 => &["-"],
        3 => &["n/a"],
        4 => &["null", "none"],
        6 => &["<null>"],
        7 => &["unknown"],
        9 => &["undefined"],
        _ => &[],
    };
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A person or service by its places in the record.
#[derive(Clone, Default)]
pub(crate) struct Person<'a> {
    pub(crate) uid: Option<Word<'a>>,
    pub(crate) uid_alt: Option<Word<'a>>,
    /// The login; a mail address in its place is told as both.
    pub(crate) name: Option<Word<'a>>,
    pub(crate) email: Option<Word<'a>>,
    pub(crate) display: Option<Word<'a>>,
    pub(crate) full: Option<Word<'a>>,
    /// OCSF's number and word of the type.
    pub(crate) kind: Option<(i32, &'static str)>,
    /// The account or directory, by id.
    pub(crate) account: Option<Word<'a>>,
}

fn taken<'a>(word: Option<&Word<'a>>) -> Option<Cow<'a, str>> {
    word.and_then(Word::take)
}

impl<'a> Person<'a> {
    /// A person of whom only the login is told.
    pub(crate) fn named(name: impl Into<Word<'a>>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    pub(crate) fn is_told(&self) -> bool {
        let words = [&self.uid, &self.name, &self.email];
        words.into_iter().flatten().any(|word| word.look().is_some())
    }

    pub(crate) fn user(&self) -> Option<User> {
        let uid = taken(self.uid.as_ref());
        let email = taken(self.email.as_ref());
        let name = taken(self.name.as_ref()).or_else(|| email.clone());
        let mut user = User::told(uid.as_deref(), name.as_deref()).or_else(|| {
            let display = self.display.as_ref().or(self.full.as_ref());
            Some(User::named(taken(display)?))
        })?;
        let mail = email.or_else(|| name.filter(|name| name.contains('@') && !name.contains(' ')));
        user.set_email_addr(mail).set_display_name(taken(self.display.as_ref()));
        user.set_full_name(taken(self.full.as_ref())).set_uid_alt(taken(self.uid_alt.as_ref()));
        user.set_account(taken(self.account.as_ref()).map(Account::of_uid));
        if let Some((number, word)) = self.kind {
            user.set_type_id(number).set_kind(word);
        }
        Some(user)
    }

    /// The person as something that a call is about.
    pub(crate) fn resource(&self) -> Option<ResourceDetails> {
        let uid = taken(self.uid.as_ref());
        let name = taken(self.name.as_ref().or(self.email.as_ref()));
        let mut thing = match (uid, &name) {
            (Some(uid), _) => ResourceDetails::of_uid(uid),
            (None, Some(name)) => ResourceDetails::named(&**name),
            (None, None) => return None,
        };
        thing.set_name(name).set_kind("User");
        Some(thing)
    }

    pub(crate) fn web_resource(&self) -> Option<WebResource> {
        let uid = taken(self.uid.as_ref());
        let name = taken(self.name.as_ref().or(self.email.as_ref()));
        let mut thing = match (uid, &name) {
            (Some(uid), _) => WebResource::of_uid(uid),
            (None, Some(name)) => WebResource::named(&**name),
            (None, None) => return None,
        };
        thing.set_name(name).set_kind("User");
        Some(thing)
    }
}

/// A thing by its places in the record.
#[derive(Clone, Default)]
pub(crate) struct Thing<'a> {
    pub(crate) uid: Option<Word<'a>>,
    pub(crate) uid_alt: Option<Word<'a>>,
    pub(crate) name: Option<Word<'a>>,
    pub(crate) kind: Option<Word<'a>>,
    pub(crate) url: Option<Word<'a>>,
    pub(crate) desc: Option<Word<'a>>,
    pub(crate) namespace: Option<Word<'a>>,
    pub(crate) owner: Option<Box<Person<'a>>>,
    /// Whatever else is told of it, kept as JSON: one value as it stands, several under their names.
    pub(crate) data: Vec<Field<'a>>,
    pub(crate) path: Option<Word<'a>>,
    pub(crate) folder: Option<Word<'a>>,
    pub(crate) ext: Option<Word<'a>>,
    pub(crate) mime: Option<Word<'a>>,
    pub(crate) size: Option<Field<'a>>,
    pub(crate) sha256: Option<Word<'a>>,
    pub(crate) version: Option<Word<'a>>,
    /// OCSF's number of the type of a file or of an entity.
    pub(crate) number: i32,
}

macro_rules! by_uid_or_name {
    ($thing:expr, $made:ident) => {{
        let uid = taken($thing.uid.as_ref());
        let name = taken($thing.name.as_ref());
        let mut made = match (uid, &name) {
            (Some(uid), _) => $made::of_uid(uid),
            (None, Some(name)) => $made::named(&**name),
            (None, None) => return None,
        };
        made.set_name(name);
        made
    }};
}

impl<'a> Thing<'a> {
    pub(crate) fn named(name: impl Into<Word<'a>>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    pub(crate) fn of_uid(uid: impl Into<Word<'a>>) -> Self {
        Self { uid: Some(uid.into()), ..Self::default() }
    }

    #[must_use]
    pub(crate) fn of_kind(self, kind: impl Into<Word<'a>>) -> Self {
        Self { kind: Some(kind.into()), ..self }
    }

    pub(crate) fn is_told(&self) -> bool {
        [&self.uid, &self.name].into_iter().flatten().any(|word| word.look().is_some())
    }

    pub(crate) fn name_or_uid(&self) -> Option<Cow<'a, str>> {
        taken(self.name.as_ref()).or_else(|| taken(self.uid.as_ref()))
    }

    fn data(&self) -> Option<JsonText> {
        if let [one] = &*self.data
            && (one.is_array() || one.is_object())
        {
            return one.take_whole();
        }
        let told = self.data.iter().filter_map(|field| Some((field.name(), field.take_whole()?)));
        let members: Vec<String> = told
            .map(|(name, json)| format!("{}:{}", crate::number::quoted(&name).as_str(), json.as_str()))
            .collect();
        (!members.is_empty()).then(|| JsonText::new(format!("{{{}}}", members.join(","))))
    }

    pub(crate) fn resource(&self) -> Option<ResourceDetails> {
        let mut made = by_uid_or_name!(self, ResourceDetails);
        made.set_kind(taken(self.kind.as_ref())).set_uid_alt(taken(self.uid_alt.as_ref()));
        made.set_namespace(taken(self.namespace.as_ref())).set_version(taken(self.version.as_ref()));
        made.set_owner(self.owner.as_deref().and_then(Person::user)).set_data(self.data());
        Some(made)
    }

    pub(crate) fn web_resource(&self) -> Option<WebResource> {
        let mut made = by_uid_or_name!(self, WebResource);
        made.set_kind(taken(self.kind.as_ref())).set_uid_alt(taken(self.uid_alt.as_ref()));
        made.set_url_string(taken(self.url.as_ref())).set_desc(taken(self.desc.as_ref()));
        made.set_data(self.data());
        Some(made)
    }

    pub(crate) fn entity(&self) -> Option<ManagedEntity> {
        let mut made = by_uid_or_name!(self, ManagedEntity);
        if let Some(kind) = taken(self.kind.as_ref()) {
            let number = match &*kind.to_ascii_lowercase() {
                "device" => 1,
                "user" => 2,
                "group" => 3,
                "organization" => 4,
                "policy" => 5,
                "email" => 6,
                "network zone" => 7,
                _ => 99,
            };
            made.set_type_id(number).set_kind(kind);
        }
        made.set_version(taken(self.version.as_ref())).set_data(self.data());
        Some(made)
    }

    pub(crate) fn group(&self) -> Option<Group> {
        let mut made = by_uid_or_name!(self, Group);
        made.set_kind(taken(self.kind.as_ref())).set_desc(taken(self.desc.as_ref()));
        made.set_uid_alt(taken(self.uid_alt.as_ref())).set_domain(taken(self.namespace.as_ref()));
        Some(made)
    }

    pub(crate) fn service(&self) -> Option<Service> {
        let mut made = by_uid_or_name!(self, Service);
        made.set_version(taken(self.version.as_ref()));
        Some(made)
    }

    pub(crate) fn file(&self) -> Option<File> {
        let uid = taken(self.uid.as_ref());
        let name = taken(self.name.as_ref()).or_else(|| uid.clone())?;
        let mut made = File::new(name, self.number);
        made.set_uid(uid).set_path(taken(self.path.as_ref())).set_parent_folder(taken(self.folder.as_ref()));
        made.set_ext(taken(self.ext.as_ref())).set_mime_type(taken(self.mime.as_ref()));
        made.set_uri(taken(self.url.as_ref())).set_desc(taken(self.desc.as_ref()));
        made.set_version(taken(self.version.as_ref()));
        made.set_owner(self.owner.as_deref().and_then(Person::user));
        made.set_size(self.size.and_then(crate::number::long));
        let hash = taken(self.sha256.as_ref()).map(|hash| Fingerprint::new(3, hash));
        made.set_hashes(hash.into_iter().collect::<Vec<_>>());
        if let Some(kind) = self.kind.as_ref().filter(|_| self.number == 99) {
            made.set_kind(kind.take());
        }
        Some(made)
    }
}
