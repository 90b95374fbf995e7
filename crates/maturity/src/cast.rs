//! Who and what Acme is: people, devices, places, applications, servers.
//!
//! All names are invented; addresses come from ranges that are never routed (RFC 5737, RFC 2544), autonomous
//! systems from RFC 5398. The seed decides ids, who travels and who sits where.

use crate::rng::{CAPITALS, MIXED, Rng};

/// Acme's AWS account.
pub(crate) const ACCOUNT: &str = "111122223333";
/// The tag by which an administrator announces an approved change.
pub(crate) const APPROVAL_TAG: &str = "approved-change";
/// The tenant's list of services that hide who comes from them.
pub(crate) const ANONYMISERS: [&str; 2] = ["198.18.64.0/24", "198.18.77.16/28"];
/// The office and the VPN, behind each of which many people sit.
pub(crate) const SHARED: [&str; 2] = ["198.51.100.10/32", "198.51.100.20/32"];
/// The region Acme works in.
pub(crate) const REGION: &str = "eu-central-1";
/// The bucket that nobody uses, which the attack reads.
pub(crate) const DORMANT_BUCKET: &str = "acme-customer-exports";
/// All buckets, for the account's configuration.
pub(crate) const BUCKETS: [&str; 12] = [
    "acme-raw-events",
    "acme-curated",
    "acme-reports",
    "acme-web-assets",
    "acme-analytics",
    "acme-build-artifacts",
    "acme-backups",
    "acme-finance-close",
    "acme-logs",
    "acme-models",
    "acme-notebooks",
    DORMANT_BUCKET,
];
pub(crate) const SERVERS: [&str; 12] = [
    "dc-01",
    "dc-02",
    "db-01",
    "db-02",
    "app-01",
    "app-02",
    "app-03",
    "build-01",
    "build-02",
    "files-01",
    "mon-01",
    "backup-01",
];
/// The applications: label, host name.
pub(crate) const APPS: [(&str, &str); 8] = [
    ("Northmail", "mail.northmail.example"),
    ("Boxwood Files", "files.boxwood.example"),
    ("Chatterbox", "app.chatterbox.example"),
    ("Ticketeer", "acme.ticketeer.example"),
    ("Forgehub", "git.forgehub.example"),
    ("Leadbook CRM", "eu.leadbook.example"),
    ("Payday", "hr.payday.example"),
    ("AWS Account Federation", "signin.aws.amazon.com"),
];
pub(crate) const AWS_APP: usize = 7;

const NAMES: [(&str, &str); 40] = [
    ("Ada", "Lindqvist"),
    ("Bela", "Moravec"),
    ("Cara", "Oduya"),
    ("Dario", "Fenn"),
    ("Edda", "Halloran"),
    ("Farid", "Nasser"),
    ("Greta", "Sandoval"),
    ("Hanno", "Brandt"),
    ("Ines", "Carvalho"),
    ("Jonas", "Keller"),
    ("Kaya", "Demirel"),
    ("Lutz", "Ammann"),
    ("Mira", "Petrova"),
    ("Nils", "Aaltonen"),
    ("Olga", "Wieczorek"),
    ("Pavel", "Dvorak"),
    ("Quinn", "Ashby"),
    ("Rosa", "Iglesias"),
    ("Sven", "Torvik"),
    ("Tara", "Mbeki"),
    ("Udo", "Reinholt"),
    ("Vera", "Santoro"),
    ("Wim", "Devries"),
    ("Xenia", "Papas"),
    ("Yusuf", "Okafor"),
    ("Zoe", "Marchetti"),
    ("Anton", "Gruber"),
    ("Britta", "Solheim"),
    ("Cyril", "Dubois"),
    ("Dunja", "Kovac"),
    ("Emil", "Rasmussen"),
    ("Fiona", "Gallagher"),
    ("Goran", "Ilic"),
    ("Helga", "Thorsen"),
    ("Ivo", "Marinov"),
    ("Jana", "Novotna"),
    ("Kurt", "Wenger"),
    ("Lena", "Forsberg"),
    ("Marek", "Zielinski"),
    ("Nora", "Byrne"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Team {
    Engineering,
    Data,
    Operations,
    Business,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    Office,
    Traveller,
    Night,
}

/// Where somebody is when signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) address: String,
    pub(crate) city: &'static str,
    pub(crate) country: &'static str,
    pub(crate) asn: u32,
    pub(crate) provider: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) mac: String,
    pub(crate) platform: &'static str,
    pub(crate) agent: &'static str,
    /// A workstation's address never changes; laptops get a lease a day.
    pub(crate) fixed: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) okta: String,
    pub(crate) team: Team,
    pub(crate) habit: Habit,
    pub(crate) device: Device,
    pub(crate) home: Place,
    /// The IAM user of somebody who still works with a long-lived key instead of signing in to a role.
    pub(crate) key_user: Option<String>,
    /// The person joins on this day; everybody else has been there for ever.
    pub(crate) joined: i64,
    /// First and last day of a trip.
    pub(crate) trip: Option<(i64, i64)>,
}

pub(crate) struct Cast {
    pub(crate) people: Vec<Person>,
}

impl Cast {
    pub(crate) fn of(seed: u64, days: i64) -> Self {
        let mut rng = Rng::of(seed, "cast");
        let mut people: Vec<Person> =
            NAMES.iter().zip(0_i64..).map(|(name, number)| person(&mut rng, number, *name)).collect();
        for traveller in people.iter_mut().filter(|person| person.habit == Habit::Traveller) {
            let leaves = rng.between(2, (days - 6).max(3));
            traveller.trip = Some((leaves, leaves + rng.between(2, 4)));
        }
        if let Some(starter) = people.last_mut() {
            starter.joined = days / 2 - 2;
        }
        Self { people }
    }

    /// The first person of whom `wanted` holds.
    pub(crate) fn who(&self, wanted: impl Fn(&Person) -> bool) -> Option<&Person> {
        self.people.iter().find(|person| wanted(person))
    }

    /// One of the people of whom `wanted` holds, drawn by `rng`.
    pub(crate) fn any(&self, rng: &mut Rng, wanted: impl Fn(&Person) -> bool) -> Option<&Person> {
        let those: Vec<&Person> = self.people.iter().filter(|person| wanted(person)).collect();
        those.get(rng.index(those.len())).copied()
    }

    /// Who administers Okta and AWS.
    pub(crate) fn administrator(&self) -> Option<&Person> {
        self.who(|person| person.team == Team::Operations && person.habit == Habit::Office)
    }
}

impl Person {
    pub(crate) fn uses_cloud(&self) -> bool {
        self.team != Team::Business
    }

    /// The address of this person's device in the office on `day`.
    ///
    /// Leases wander: today's address was a colleague's some days ago.
    pub(crate) fn office_address(&self, day: i64) -> String {
        match &self.device.fixed {
            Some(fixed) => fixed.clone(),
            None => format!("10.20.1.{}", 20 + (self.number * 4 + day).rem_euclid(200)),
        }
    }

    /// The name of the AWS role this person signs in to.
    pub(crate) fn role(&self) -> &'static str {
        match self.team {
            Team::Engineering => "AcmeDeveloper",
            Team::Data => "AcmeDataAnalyst",
            Team::Operations => "AcmeOperator",
            Team::Business => "AcmeReadOnly",
        }
    }
}

/// A person of the given number; equal numbers never meet in one tenant.
pub(crate) fn person(rng: &mut Rng, number: i64, (first, last): (&str, &str)) -> Person {
    let habit = match number {
        5 | 20 | 27 => Habit::Traveller,
        18 | 19 => Habit::Night,
        _ => Habit::Office,
    };
    let team = match number {
        0..14 => Team::Engineering,
        14..18 | 22..26 => Team::Data,
        18..22 => Team::Operations,
        _ => Team::Business,
    };
    Person {
        number,
        name: format!("{first} {last}"),
        email: format!("{}.{}@acme.example", first.to_lowercase(), last.to_lowercase()),
        okta: format!("00u{}", rng.token(17, MIXED)),
        team,
        habit,
        device: device(rng, number),
        home: home(rng, number),
        key_user: matches!(number, 2 | 7 | 11).then(|| format!("{}-cli", first.to_lowercase())),
        joined: i64::MIN,
        trip: None,
    }
}

fn device(rng: &mut Rng, number: i64) -> Device {
    let laptop = number < 30;
    let (platform, agent) = rng.pick(&[("WINDOWS", WINDOWS), ("WINDOWS", EDGE), ("MACOS", MACOS)]);
    Device {
        name: if laptop { format!("ACME-LT-{number:02}") } else { format!("ACME-WS-{number:02}") },
        id: format!("guo{}", rng.token(17, MIXED)),
        mac: format!("02:00:5e:{:02x}:{}:{:02x}", rng.below(256), rng.hex(2), number),
        platform,
        agent,
        fixed: (!laptop).then(|| format!("10.20.3.{number}")),
    }
}

fn home(rng: &mut Rng, number: i64) -> Place {
    let (asn, provider) =
        rng.pick(&[(64_497, "Spree Broadband"), (64_498, "Havel Cable"), (64_499, "Kabelwerk Home")]);
    let city = rng.pick(&["Berlin", "Berlin", "Potsdam", "Leipzig"]);
    Place { address: format!("203.0.113.{}", 10 + number), city, country: "Germany", asn, provider }
}

pub(crate) fn office() -> Place {
    let address = "198.51.100.10".to_owned();
    Place { address, city: "Berlin", country: "Germany", asn: 64_496, provider: "Acme Office" }
}

/// The one address behind which all who work through the VPN stand.
pub(crate) fn vpn() -> Place {
    Place { address: "198.51.100.20".to_owned(), ..office() }
}

/// The hotel or customer of a traveller's trip.
pub(crate) fn abroad(person: &Person) -> Place {
    let (city, country, asn, provider) = match person.number {
        5 => ("Vienna", "Austria", 64_501, "Donau Hotels"),
        20 => ("Lisbon", "Portugal", 64_502, "Tejo Mobile"),
        _ => ("Singapore", "Singapore", 64_503, "Merlion Wireless"),
    };
    Place { address: format!("192.0.2.{}", 100 + person.number), city, country, asn, provider }
}

/// An AWS principal id such as `AROAEXAMPLE...`: the same for the same name and seed.
pub(crate) fn principal(seed: u64, kind: &str, name: &str) -> String {
    format!("{kind}{}", Rng::of(seed, &format!("principal {kind} {name}")).token(17, CAPITALS))
}

/// The long-lived access key of an IAM user.
pub(crate) fn user_key(seed: u64, name: &str) -> String {
    format!("AKIA{}", Rng::of(seed, &format!("key {name}")).token(16, CAPITALS))
}

const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/145.0.0.0 Safari/537.36";
const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                    Chrome/145.0.0.0 Safari/537.36 Edg/145.0.0.0";
const MACOS: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                     Version/19.2 Safari/605.1.15";
