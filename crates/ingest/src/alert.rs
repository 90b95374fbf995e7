//! Alerts of endpoint and XDR products as findings: what was found, on which machine, and what was done about it.
//!
//! One alert is sent again at each change of its state, under the same id: activity 1 when it is new, 3 when it is
//! closed, 2 in between.

mod defender;
mod falcon;
mod sentinelone;

use crate::act::told;
use crate::address;
use crate::record::Field;
pub use defender::DefenderAlert;
pub use falcon::Falcon;
use homeostat_core::Timestamp;
use homeostat_event::{
    Account, Attack, AttackEntry, Device, DeviceId, Event, File, Fingerprint, Head, Os, Process, Product,
    Str, User,
};
pub use sentinelone::SentinelOne;
use std::borrow::Cow;

/// Objects in which an alert's members stand, looked through in order.
#[derive(Clone)]
struct Places<'a>(Vec<Field<'a>>);

impl<'a> Places<'a> {
    fn of(objects: impl IntoIterator<Item = Option<Field<'a>>>) -> Self {
        Self(objects.into_iter().flatten().filter(Field::is_object).collect())
    }

    /// The first of `names` that tells a value; a name may be a path.
    fn field(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().find_map(|name| self.0.iter().find_map(|object| told(object.get(name)?)))
    }

    fn take(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        self.field(names)?.take()
    }

    fn look(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        self.field(names)?.look()
    }

    fn object(&self, name: &str) -> Option<Field<'a>> {
        self.0.iter().find_map(|object| object.get(name).filter(Field::is_object))
    }

    fn list(&self, name: &str) -> Vec<Field<'a>> {
        let list = self.0.iter().find_map(|object| object.get(name).filter(Field::is_array));
        list.map(|list| list.children().collect()).unwrap_or_default()
    }

    /// The moment under the first of `names`; its text stays beside.
    fn moment(&self, names: &[&str]) -> Option<Timestamp> {
        crate::moment::read(&self.field(names)?.copy()?)
    }

    fn hashes(&self, names: [&[&str]; 3]) -> Vec<Fingerprint> {
        let found = [1, 2, 3].into_iter().zip(names);
        found.filter_map(|(number, names)| Some(Fingerprint::new(number, self.take(names)?))).collect()
    }

    fn file(&self, names: &[&str], path: &[&str], hashes: [&[&str]; 3]) -> Option<File> {
        let place = self.take(path);
        let own = self.take(names);
        let last = place.as_deref().and_then(|path| path.rsplit(['\\', '/']).next()).map(str::to_owned);
        let name = own.map(Str::from).or_else(|| last.map(Str::from))?;
        let mut file = File::new(name, 1);
        file.set_path(place).set_hashes(self.hashes(hashes));
        Some(file)
    }

    /// A login, its domain and id.
    fn user(&self, name: &[&str], uid: &[&str], domain: &[&str]) -> Option<User> {
        let (uid, name) = (self.take(uid), self.take(name));
        let mut user = User::told(uid.as_deref(), name.as_deref())?;
        user.set_domain(self.take(domain)).set_email_addr(name.filter(|name| name.contains('@')));
        Some(user)
    }
}

/// What a state of an alert is: the activity, and OCSF's number of the state.
fn state(word: &str) -> (u32, i32) {
    match &*word.to_ascii_lowercase() {
        "new" | "unresolved" | "active" => (1, 1),
        "closed" | "resolved" | "true_positive" | "false_positive" => (3, 4),
        "ignored" => (3, 3),
        "in_progress" | "inprogress" | "reopened" => (2, 2),
        _ => (2, 99),
    }
}

fn device(known: &Places<'_>, names: &DeviceNames<'_>) -> Option<Device> {
    let (uid, hostname, ip) =
        (known.take(names.uid), known.take(names.hostname), address_in(known, names.ip));
    let id = match (uid, &hostname, &ip) {
        (Some(uid), ..) => DeviceId::Uid(uid.into()),
        (None, Some(name), _) => DeviceId::Hostname(name.clone().into()),
        (None, None, Some(ip)) => DeviceId::Ip(ip.clone().into()),
        (None, None, None) => return None,
    };
    let mut device = Device::new(0, id);
    device.set_hostname(hostname).set_ip(ip).set_domain(known.take(names.domain));
    device.set_mac(known.take(names.mac)).set_os(system(known, names));
    Some(device)
}

/// The names under which a product tells of a machine.
struct DeviceNames<'n> {
    uid: &'n [&'n str],
    hostname: &'n [&'n str],
    ip: &'n [&'n str],
    mac: &'n [&'n str],
    domain: &'n [&'n str],
    platform: &'n [&'n str],
    version: &'n [&'n str],
}

fn system(known: &Places<'_>, names: &DeviceNames<'_>) -> Option<Os> {
    let name = known.take(names.platform)?;
    let lower = name.to_lowercase();
    let numbers = [("windows", 100), ("android", 201), ("linux", 200), ("mac", 300), ("ios", 301)];
    let number = numbers.iter().find(|(start, _)| lower.starts_with(start)).map_or(0, |(_, number)| *number);
    let mut os = Os::new(name, number);
    os.set_version(known.take(names.version));
    Some(os)
}

fn address_in<'a>(known: &Places<'a>, names: &[&str]) -> Option<Cow<'a, str>> {
    let field = known.field(names)?;
    if address::is_address(&field.look()?) { field.take() } else { None }
}

/// A technique, and the tactic it serves.
fn attack(tactic: [Option<Cow<'_, str>>; 2], technique: [Option<Cow<'_, str>>; 2]) -> Option<Attack> {
    let entry = |[uid, name]: [Option<Cow<'_, str>>; 2]| {
        let mut entry = match (uid, &name) {
            (Some(uid), _) => AttackEntry::of_uid(uid),
            (None, Some(name)) => AttackEntry::named(&**name),
            (None, None) => return None,
        };
        entry.set_name(name);
        Some(entry)
    };
    let (tactic, technique) = (entry(tactic), entry(technique));
    let sub =
        technique.as_ref().filter(|technique| technique.uid().is_some_and(|uid| uid.contains('.'))).cloned();
    let mut attack = match (&technique, &tactic) {
        (Some(technique), _) => Attack::of_technique(technique.clone()),
        (None, Some(tactic)) => Attack::of_tactic(tactic.clone()),
        (None, None) => return None,
    };
    if let Some(sub) = sub {
        let parent = sub.uid().and_then(|uid| uid.split('.').next()).map(AttackEntry::of_uid);
        attack.set_sub_technique(sub.clone()).set_technique(parent);
    }
    attack.set_tactic(tactic);
    Some(attack)
}

fn head(activity: u32, time: Option<Timestamp>, product: Product) -> Head {
    Head::new(activity, time.unwrap_or(Timestamp::UNKNOWN), product)
}

/// The vendor's customer by its own id: an account, never the tenant.
fn account(uid: Option<Cow<'_, str>>) -> Option<Account> {
    uid.map(Account::of_uid)
}

/// A process that a product names by an id of its own, with what it was started with.
fn process(uid: Option<&str>, pid: Option<i64>) -> Option<Process> {
    Process::told(pid, uid)
}

fn tell_action(event: &mut Event, action: i32, disposition: i32) {
    event.set_action_id(action).set_disposition_id(disposition);
}
