//! Random walks of findings: what six products say about two hundred people, as OCSF Detection Findings.

use crate::log::LogSource;
use crate::object::Object;
use crate::story::Teller;
use homeostat_core::{EntityKey, EntityKind, Stage};

/// How many people are walked about. The last three stand for something: see [`Walker`].
pub(crate) const WALKERS: usize = 200;
/// Findings about each: 10,000 in all.
const EACH: usize = 50;
/// Product and vendor, one of each of six domains.
const PRODUCTS: [(&str, &str); 6] = [
    ("Identity Engine", "Okta"),
    ("Exchange Online Protection", "Microsoft"),
    ("Zeek", "Zeek"),
    ("Endpoint Sensor", "Acme"),
    ("GuardDuty", "AWS"),
    ("GitHub", "GitHub"),
];
const CLOUD: usize = 4;
const TITLES: [&str; 12] = [
    "Unusual download",
    "New forwarding",
    "Rare destination",
    "Token from a new place",
    "Many refusals",
    "Unknown program",
    "Key made at night",
    "Share with an outsider",
    "Impossible travel",
    "Mass deletion",
    "New administrator",
    "Beaconing",
];

/// Somebody who is walked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walker {
    /// Normal for five products, as bad as can be for that of the cloud.
    Odd,
    /// As the dice fall.
    Random,
    /// Nothing is said that weighs.
    Calm,
    /// As bad as can be, at a desk shared with the next.
    Suspect,
    /// Nothing is said that weighs, at the same desk.
    Neighbour,
}

impl Walker {
    /// Who the `number`th is.
    pub(crate) const fn of(number: usize) -> Self {
        match number {
            0 => Self::Odd,
            197 => Self::Calm,
            198 => Self::Suspect,
            199 => Self::Neighbour,
            _ => Self::Random,
        }
    }

    fn shares_desk(self) -> bool {
        matches!(self, Self::Suspect | Self::Neighbour)
    }
}

/// The login of the `number`th.
pub(crate) fn walker(number: usize) -> Vec<EntityKey> {
    EntityKey::new(EntityKind::Upn, crate::TENANT, &login(number)).into_iter().collect()
}

fn login(number: usize) -> String {
    format!("walk-{number:03}@acme.example")
}

impl Teller<'_> {
    /// Each person is a step, so that a finding tells whom it is about.
    pub(crate) fn walks(&mut self) -> Option<()> {
        let start = self.at(0);
        let pace = 86_400_000_000 / i64::try_from(WALKERS * EACH).ok()?;
        let mut turns: Vec<usize> = (0..WALKERS).flat_map(|number| [number; EACH]).collect();
        for at in (1..turns.len()).rev() {
            turns.swap(at, self.rng.index(at + 1));
        }
        let mut moods = [2_i64; WALKERS];
        let moments: Vec<(usize, i64)> =
            turns.into_iter().zip((0..).map(|turn| start + turn * pace)).collect();
        for number in 0..WALKERS {
            self.step(Stage::Discovery, "T1580", "six products find something about one person");
            let own: Vec<i64> = moments.iter().filter(|(who, _)| *who == number).map(|(_, at)| *at).collect();
            for at in own {
                self.finding(number, at, &mut moods);
            }
        }
        for key in walker(0) {
            self.alias(key.kind(), key.scope(), key.value());
        }
        Some(())
    }

    fn finding(&mut self, number: usize, at: i64, moods: &mut [i64; WALKERS]) {
        let product = self.rng.index(PRODUCTS.len());
        let walker = Walker::of(number);
        let severity = match walker {
            Walker::Odd if product == CLOUD => 5,
            Walker::Suspect => 5,
            Walker::Random => self.mood(number, moods),
            _ => 1,
        };
        let line = self.finding_text((number, product, severity), at);
        self.log.write(LogSource::Ocsf, at, line);
    }

    /// One step of a random walk between informational, 1, and critical, 5.
    fn mood(&mut self, number: usize, moods: &mut [i64; WALKERS]) -> i64 {
        let step = self.rng.between(-1, 2);
        let Some(mood) = moods.get_mut(number) else { return 1 };
        *mood = (*mood + step).clamp(1, 5);
        *mood
    }

    fn finding_text(&mut self, (number, product, severity): (usize, usize, i64), at: i64) -> String {
        let (name, vendor) = PRODUCTS.get(product).copied().unwrap_or_default();
        let title = self.rng.pick(&TITLES);
        let product = Object::default().text("name", name).text("vendor_name", vendor);
        let metadata = Object::default().text("version", "1.8.0").object("product", &product);
        let uid = self.rng.uuid();
        let info = Object::default().text("uid", &uid).text("title", title);
        Object::default()
            .plain("activity_id", 1)
            .plain("category_uid", 2)
            .plain("class_uid", 2_004)
            .plain("type_uid", 200_401)
            .plain("time", at / 1_000)
            .plain("severity_id", severity)
            .plain("status_id", 1)
            .object("metadata", &metadata)
            .object("finding_info", &info)
            .list("evidences", &[evidence(number).end()])
            .end()
    }
}

/// Whom it is about, and at which desk.
fn evidence(number: usize) -> Object {
    let login = login(number);
    let user = Object::default().text("name", &login).text("email_addr", &login);
    let desk = if Walker::of(number).shares_desk() { 250 } else { number };
    let address = format!("10.20.7.{desk}");
    let device = Object::default()
        .plain("type_id", 2)
        .text("hostname", &format!("ACME-DK-{desk:03}"))
        .text("ip", &address);
    Object::default()
        .object("actor", &Object::default().object("user", &user))
        .object("device", &device)
        .object("src_endpoint", &Object::default().text("ip", &address))
}
